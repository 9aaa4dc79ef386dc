"""The members of a decoded map, typed, all at once."""

from collections.abc import Mapping
from operator import itemgetter
from typing import Any, Final, final

from zegel.errors import Malformed
from zegel.primitives.cbor import Tag

Members = Mapping[Any, object]

_SPELLED: Final = {str: "text", int: "a number", dict: "a map", Tag: "a tag"}


@final
class Shape:
    """What a map has to hold: two members or more, by name, each of one type. Others are not looked at."""

    def __init__(self, what: str, **members: type) -> None:
        self._what: Final = what
        self._members: Final = members
        self._values: Final = itemgetter(*members)
        self._types: Final = tuple(members.values())

    def read(self, value: object) -> tuple[Any, ...]:
        """The members' values, in the order of the shape; ``Malformed`` where one is missing or of another type."""
        if type(value) is not dict:
            raise Malformed(self._what, "", "expected a map")
        try:
            values: tuple[Any, ...] = self._values(value)
        except KeyError:
            values = ()
        if tuple(map(type, values)) != self._types:
            name = next(name for name, type_ in self._members.items() if type(value.get(name)) is not type_)
            raise Malformed(self._what, name, f"expected {_SPELLED[self._members[name]]}")
        return values
