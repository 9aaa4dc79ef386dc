"""A JSON text with one long array in it, an item at a time: parsed whole, a text costs thirteen times its size."""

import re
from collections.abc import Iterable, Iterator
from typing import Final, final

from zegel.errors import Malformed
from zegel.primitives.json import MAX_BYTES, Json, JsonObject, parse_json, parse_object

# To the next bracket that stands outside of a string, or to a string whose end has not come yet.
_LEAP: Final = re.compile(rb'[^]["{}]*+(?:"[^"\\]*+(?:\\.[^"\\]*+)*+"[^]["{}]*+)*+', re.DOTALL)
_MEMBER: Final = re.compile(rb'"([^"\\]*+)"[ \t\r\n]*+:[ \t\r\n]*+[{\[]\Z')
_SPACE: Final = b" \t\r\n"
_OPENING: Final = b"{["
_OBJECT, _QUOTE = b'{"'


@final
class ItemStream:
    """The objects in the array at ``path``, two names deep, and afterwards the document without them.

    Iterate once, then ask for ``rest``. The text comes in ``chunks``, of which one is held beside the item that is
    read. ``Malformed`` for more than ``max_items``, and for what ``parse_json`` refuses of an item or of the rest.
    """

    def __init__(self, chunks: Iterable[bytes], path: tuple[str, str], *, what: str, max_items: int) -> None:
        self._text = _Text(chunks, what)
        self._path = path
        self._where = ".".join(path)
        self._what = what
        self._max_items = max_items
        self._rest: list[bytes] = []
        self._size = 0
        self._found = False

    def rest(self) -> JsonObject:
        """The document, in which the array is empty."""
        document = parse_object(b"".join(self._rest), what=self._what)
        inner = document.get(self._path[0])
        there = isinstance(inner, dict) and self._path[1] in inner
        if there != self._found:  # it is no array, or a name is written with escapes
            raise Malformed(self._what, self._where, "expected an array, named without escapes")
        return document

    def __iter__(self) -> Iterator[Json]:
        depth = matched = 0
        while (bracket := self._text.leap()) is not None:
            piece = self._keep(self._text.take())
            if bracket in _OPENING:
                depth += 1
                if depth == matched + 2 and self._is_next(matched, piece):
                    matched += 1
                if matched == len(self._path):
                    self._found = True
                    yield from self._items()
                    depth, matched = depth - 1, matched - 1
            else:
                depth -= 1
                matched = min(matched, max(depth - 1, 0))
        self._keep(self._text.take())

    def _is_next(self, matched: int, piece: bytes) -> bool:
        """Whether the bracket at the end opens the next member of the path."""
        member = _MEMBER.search(piece)
        return piece[-1] == _OPENING[matched] and member is not None and member[1] == self._path[matched].encode()

    def _keep(self, piece: bytes) -> bytes:
        self._size += len(piece)
        if self._size > MAX_BYTES:
            raise Malformed(self._what, "", f"expected at most {MAX_BYTES} bytes beside {self._where}")
        self._rest.append(piece)
        return piece

    def _items(self) -> Iterator[Json]:
        position = 0
        while (item := self._object(position)) is not None:
            yield parse_json(item, what=self._what)
            position += 1
        self._keep(b"]")

    def _object(self, position: int) -> bytes | None:
        where = f"{self._where}[{position}]"
        bracket, between = self._text.leap(), self._text.take()
        if between.strip(_SPACE) == b"]":
            return None
        if bracket != _OBJECT or between[:-1].strip(_SPACE) != (b"," if position else b""):
            raise Malformed(self._what, where, "expected objects with a comma between them")
        if position == self._max_items:
            raise Malformed(self._what, self._where, f"expected at most {self._max_items}")
        depth = 1
        while depth:
            bracket = self._text.leap()
            if bracket is None:
                raise Malformed(self._what, where, "expected an object")
            depth += 1 if bracket in _OPENING else -1
        return b"{" + self._text.take()


@final
class _Text:
    """A text in chunks, of which only what was not taken yet is held."""

    def __init__(self, chunks: Iterable[bytes], what: str) -> None:
        self._chunks = iter(chunks)
        self._what = what
        self._held = b""
        self._start = self._at = 0

    def leap(self) -> int | None:
        """Go behind the next bracket and say which it is; None at the end."""
        while True:
            leap = _LEAP.match(self._held, self._at)
            assert leap is not None  # it matches nothing, too
            self._at = leap.end()
            if self._at < len(self._held) and self._held[self._at] != _QUOTE:
                self._at += 1
                return self._held[self._at - 1]
            chunk = next(self._chunks, None)
            if chunk is None:
                self._at = len(self._held)
                return None
            self._held = self._held[self._start :] + chunk
            self._at, self._start = self._at - self._start, 0
            if len(self._held) > MAX_BYTES + len(chunk):
                raise Malformed(self._what, "", f"expected objects of at most {MAX_BYTES} bytes")

    def take(self) -> bytes:
        """What was gone over since the last time; at the end, all that is left."""
        start, self._start = self._start, self._at
        return self._held[start : self._at]
