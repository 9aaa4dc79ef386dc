"""The lines of a file, some at a time, as they come: whoever sends one by one has an answer to each."""

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from errno import EBADF
from io import BufferedIOBase, UnsupportedOperation
from os import strerror
from pathlib import Path
from select import select
from typing import Final, cast, final

from zegel.services.health_lines import MAX_LINE

LINES: Final = 256  # what a worker gets at once: 40 ms of work, beside which handing it over is nothing
CHUNK: Final = 1 << 20  # bytes, for lines that are long
_READ: Final = 1 << 16  # bytes, of which a pipe hands over what it has
_PAUSE: Final = 0.005  # seconds, for whoever writes to go on; nobody who waits for an answer sees them
_MARK: Final = b"\xef\xbb\xbf"  # what some programs begin UTF-8 with (RFC 3629 section 6); it is part of no line


class UnreadableError(Exception):
    """The file cannot be read, or not to its end; the system says why."""

    def __init__(self, error: OSError) -> None:
        super().__init__(error.strerror or "it is no file")


@final
@dataclass(frozen=True, slots=True)
class Chunk:
    """Some lines, without their ends. ``paused``: there is no more at the moment."""

    lines: list[bytes]
    paused: bool = False


@contextmanager
def open_lines(file: str) -> Iterator[BufferedIOBase]:
    """The file, or stdin for ``-``; ``UnreadableError`` where there is none."""
    if file == "-":
        if sys.stdin is None:  # whoever began the program has closed it
            raise UnreadableError(OSError(EBADF, strerror(EBADF)))
        yield cast("BufferedIOBase", sys.stdin.buffer)
        return
    with ExitStack() as stack:
        try:
            opened = stack.enter_context(Path(file).open("rb"))
        except OSError as error:
            raise UnreadableError(error) from None
        yield opened


def chunks(file: BufferedIOBase) -> Iterator[Chunk]:
    """The lines of a file; of one that is too long, as much as shows that.

    ``UnreadableError`` where the file breaks off, behind the lines before that. Before a read that waits, what there is
    comes as one that is ``paused``, of no line where there is none.
    """
    lines: list[bytes] = []
    size = 0
    broken: UnreadableError | None = None
    try:
        for line in _lines(file):
            if line is None:
                yield Chunk(lines, paused=True)
            else:
                lines.append(line.removesuffix(b"\r"))
                size += len(line) + 1
                if len(lines) < LINES and size <= CHUNK:
                    continue
                yield Chunk(lines)
            lines, size = [], 0
    except UnreadableError as error:
        broken = error
    if lines:
        yield Chunk(lines)
    if broken is not None:
        raise broken


def has_more(file: BufferedIOBase, seconds: float = 0) -> bool:
    """Whether a read would not wait, within so many seconds: there is more of it, or it has ended."""
    try:
        descriptor = file.fileno()
    except UnsupportedOperation:  # it is in memory
        return True
    return bool(select([descriptor], [], [], seconds)[0])


def _lines(file: BufferedIOBase) -> Iterator[bytes | None]:
    """Lines without their ends; None where whoever wants the next one has to wait."""
    line = bytearray()
    at_beginning = True
    while True:
        if not has_more(file, _PAUSE):
            yield None
        try:
            data = file.read1(_READ)
        except OSError as error:
            raise UnreadableError(error) from None
        *ended, rest = data.split(b"\n")
        for piece in ended:
            line += piece[: MAX_LINE + 2 - len(line)]
            yield bytes(line).removeprefix(_MARK) if at_beginning else bytes(line)
            line, at_beginning = bytearray(), False
        line += rest[: MAX_LINE + 2 - len(line)]
        if not data:
            break
    if last := bytes(line).removeprefix(_MARK) if at_beginning else bytes(line):
        yield last
