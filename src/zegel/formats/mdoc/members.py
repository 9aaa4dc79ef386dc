"""The members of a decoded map, typed: ``Malformed`` where one is missing or is something else."""

from collections.abc import Mapping
from typing import Any

from zegel.errors import Malformed

Members = Mapping[Any, object]


def read_text(members: Members, name: str, *, what: str) -> str:
    """A member that is text."""
    value = members.get(name)
    if type(value) is not str:
        raise Malformed(what, name, "expected text")
    return value


def read_map(members: Members, name: str, *, what: str) -> dict[Any, Any]:
    """A member that is a map."""
    value = members.get(name)
    if type(value) is not dict:
        raise Malformed(what, name, "expected a map")
    return value


def read_array(members: Members, name: str, *, what: str, limit: int) -> list[Any]:
    """A member that is an array of at most ``limit`` entries; empty where there is none."""
    value = members.get(name, [])
    if type(value) is not list or len(value) > limit:
        raise Malformed(what, name, f"expected an array of at most {limit} entries")
    return value
