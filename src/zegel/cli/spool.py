"""Rows that are told of once it is known that they may be; where they are many, a file of nobody else's holds them."""

import json
from collections.abc import Iterator, Mapping
from tempfile import SpooledTemporaryFile
from types import TracebackType
from typing import Any, Final, Self, final

_IN_MEMORY: Final = 1 << 20  # bytes; some thousands of rows


@final
class Spool:
    """Rows in their order. ``unknown`` counts those that say so of themselves."""

    def __init__(self) -> None:
        self._file = SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 it is closed at the end of the context
        self.count = 0
        self.unknown = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._file.close()

    def add(self, row: Mapping[str, Any]) -> None:
        """One more."""
        self._file.write(json.dumps(row).encode() + b"\n")
        self.count += 1
        self.unknown += bool(row["unknown"])

    def __iter__(self) -> Iterator[dict[str, Any]]:
        self._file.seek(0)
        for line in self._file:
            yield json.loads(line)
