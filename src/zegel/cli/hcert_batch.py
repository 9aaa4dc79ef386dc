"""``zegel hcert verify --batch``: as many certificates as there are lines, in the memory of a few of them."""

import sys
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO, Final, final

from zegel.adapters.health_trust import open_desk
from zegel.cli.health_lists import domains_of, say_lists
from zegel.cli.output import in_text, say
from zegel.formats.hcert.schema import Reading
from zegel.services.health import HealthDesk
from zegel.services.health_lines import MAX_LINE, HealthLines

LINES: Final = 256  # what a worker gets at once: 40 ms of work, beside which handing it over is nothing
CHUNK: Final = 1 << 20  # bytes, for lines that are long
AHEAD: Final = 3  # chunks a worker: one in work, one waiting, one on its way out


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class BatchTerms:
    """What every line is judged by, as a worker can be told it. ``now`` is in seconds."""

    trust: tuple[Path, ...]
    reading: Reading
    now: int
    rules: Path | None
    to: str
    revoked: Path | None
    domains: tuple[str, ...]
    gateway_anchor: Path | None
    languages: tuple[str, ...]

    def lines(self) -> HealthLines:
        """Read trust and rules, once."""
        desk = open_desk(
            self.trust,
            rules=self.rules,
            to=self.to,
            revoked=self.revoked,
            reading=self.reading,
            domains=domains_of(self.domains),
            gateway_anchor=self.gateway_anchor,
        )
        return HealthLines(desk, now=self.now, languages=self.languages)


def judge_batch(file: BinaryIO, terms: BatchTerms, *, workers: int) -> Iterator[bytes]:
    """The answers to the lines of a file, in their order, some at a time."""
    judged = _lines_of(terms)  # what is wrong with trust or rules is said here, before a worker starts
    say_lists(judged.desk)
    say_rules(judged.desk, now=terms.now)
    if workers == 1:
        for chunk in chunks(file):
            yield _joined(judged, chunk)
        return
    with ExitStack() as stack:
        pool = stack.enter_context(ProcessPoolExecutor(workers))
        stack.callback(pool.shutdown, wait=False, cancel_futures=True)
        waiting: deque[Future[bytes]] = deque()
        for chunk in chunks(file):
            waiting.append(pool.submit(_judge_chunk, terms, chunk))
            if len(waiting) >= AHEAD * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def say_rules(desk: HealthDesk, *, now: int) -> None:
    """On stderr: files that cannot be read, and where the destination has no rule at all.

    A certificate that only has to be valid is soon accepted.
    """
    ruling = desk.grounds.ruling
    for unread in () if ruling is None else ruling.book.unread:
        say(f"rules: {in_text(unread.name)} cannot be read, and is passed over: {in_text(unread.why)}")
    if ruling is not None and not ruling.book.binds(ruling.to, now=now):
        say(f"rules: none of {ruling.to} is in force at that time, so that none of them was asked")


def chunks(file: BinaryIO) -> Iterator[list[bytes]]:
    """Some lines at a time, without their ends; of one that is too long, as much as shows that."""
    chunk: list[bytes] = []
    size = 0
    while line := file.readline(MAX_LINE + 2):
        rest = line
        while not rest.endswith(b"\n") and (rest := file.readline(MAX_LINE)):
            pass
        chunk.append(line.removesuffix(b"\n").removesuffix(b"\r"))
        size += len(line)
        if len(chunk) == LINES or size > CHUNK:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


def print_answers(answers: Iterator[bytes]) -> None:
    """Bytes as they are: a hundred thousand lines are not worth decoding."""
    sys.stdout.flush()
    for answer in answers:
        sys.stdout.buffer.write(answer)
        sys.stdout.buffer.flush()


def _judge_chunk(terms: BatchTerms, chunk: list[bytes]) -> bytes:
    return _joined(_lines_of(terms), chunk)


@lru_cache(maxsize=1)
def _lines_of(terms: BatchTerms) -> HealthLines:
    """What a worker reads the first time that it is asked."""
    return terms.lines()


def _joined(judged: HealthLines, chunk: list[bytes]) -> bytes:
    return b"".join(judged.judge(line) + b"\n" for line in chunk)
