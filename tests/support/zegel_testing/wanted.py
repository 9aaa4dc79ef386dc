"""Which of many values stand in some data: looked up by how they begin, at each place, so that many cost as few do."""

import sys
from collections.abc import Collection, Iterable, Iterator
from typing import Final

_NUMBERS: Final = {4: "I", 8: "Q"}  # how a memoryview calls a number of so many bytes


class Wanted:
    """Values to be looked for. A place is taken for a number of ``width`` bytes, 4 or 8; what is shorter than that is
    looked for by itself."""

    def __init__(self, values: Iterable[bytes], *, width: int = 4) -> None:
        self._width = width
        self._short: list[bytes] = []
        self._beginning: dict[int, list[bytes]] = {}
        for value in dict.fromkeys(values):
            if len(value) < width:
                self._short.append(value)
            else:
                number = int.from_bytes(value[:width], sys.byteorder)
                self._beginning.setdefault(number, []).append(value)
        self._numbers = frozenset(self._beginning)

    def __len__(self) -> int:
        return len(self._short) + sum(map(len, self._beginning.values()))

    def found_in(self, data: bytes) -> set[bytes]:
        """Those that stand in the data."""
        possible: list[bytes] = [*self._short]
        for number in self._met(data):
            possible += self._beginning[number]
        return {value for value in possible if value in data}

    def _met(self, data: bytes) -> Collection[int]:
        met: set[int] = set()
        for numbers in _read_from_each_byte(data, self._width):
            met |= self._numbers.intersection(numbers)
        return met


def _read_from_each_byte(data: bytes, width: int) -> Iterator[Iterable[int]]:
    """The numbers that begin at bytes 0, 4, 8 and on, those that begin at 1, 5, 9 and on, and so forth."""
    for at in range(min(width, len(data))):
        yield memoryview(data)[at : at + (len(data) - at) // width * width].cast(_NUMBERS[width])
