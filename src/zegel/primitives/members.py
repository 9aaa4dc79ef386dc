"""Members of JSON objects, read by type and within limits; ``Malformed`` names the member.

``what`` is the object and ``where`` the path to it, as the messages name them.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from zegel.errors import Malformed, Rejected
from zegel.primitives.json import Json, JsonObject

MAX_TEXT: Final = 1_000  # the longest text of the specifications' examples has a hundred characters


def member(where: str, name: str) -> str:
    """The path of a member."""
    return f"{where}.{name}" if where else name


@contextmanager
def under(where: str) -> Iterator[None]:
    """What is refused inside, of something that came as the member ``where``, is named by its path from outside."""
    try:
        yield
    except Malformed as error:
        detail = error.detail.removeprefix(f"{error.what}: ")
        raise Malformed(error.what, _below(where, error.where), detail) from None
    except Rejected as error:
        field = _below(where, error.field)
        raise Rejected(error.check, error.detail, field=field, said=error.said, retry_after=error.retry_after) from None


def read_object(value: Json, *, what: str, where: str) -> JsonObject:
    """An object."""
    if type(value) is not dict:
        raise Malformed(what, where, "expected an object")
    return value


def read_text(value: Json, *, what: str, where: str, limit: int = MAX_TEXT) -> str:
    """A text that is not empty."""
    if type(value) is not str or not 0 < len(value) <= limit:
        raise Malformed(what, where, f"expected text of one to {limit} characters")
    return value


def read_flag(object_: JsonObject, name: str, *, default: bool, what: str, where: str) -> bool:
    """A boolean member that may be left out."""
    value = object_.get(name, default)
    if type(value) is not bool:
        raise Malformed(what, member(where, name), "expected true or false")
    return value


def read_array(value: Json, *, what: str, where: str, limit: int) -> list[Json]:
    """An array that is not empty."""
    if type(value) is not list or not 0 < len(value) <= limit:
        raise Malformed(what, where, f"expected an array of one to {limit} entries")
    return value


def read_texts(value: Json, *, what: str, where: str, limit: int, max_text: int = MAX_TEXT) -> tuple[str, ...]:
    """An array of texts, none of them empty."""
    entries = read_array(value, what=what, where=where, limit=limit)
    return tuple(
        read_text(entry, what=what, where=f"{where}[{position}]", limit=max_text)
        for position, entry in enumerate(entries)
    )


def _below(where: str, place: str) -> str:
    return member(where, place) if place else where
