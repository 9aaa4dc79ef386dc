"""``zegel hcert verify --batch``: as many certificates as there are lines, in the memory of a few of them."""

import sys
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import dataclass
from functools import lru_cache
from io import BufferedIOBase
from itertools import islice
from pathlib import Path
from typing import Final, final

from zegel.adapters.health_trust import open_desk
from zegel.cli.batch_lines import UnreadableError, chunks, has_more
from zegel.cli.health_lists import domains_of, opening_grounds, say_lists
from zegel.cli.output import in_text, say
from zegel.formats.hcert.schema import Reading
from zegel.services.health import HealthDesk
from zegel.services.health_lines import HealthLines

AHEAD: Final = 3  # chunks a worker: one in work, one waiting, one on its way out
_GLANCE: Final = 0.01  # seconds; as often it is looked for more lines, while answers are waited for


class UnwrittenError(Exception):
    """The answers cannot be written; the system says why."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What certificates are judged by, as a worker can be told it. ``now`` is in seconds."""

    trust: tuple[Path, ...]
    reading: Reading
    now: int
    rules: Path | None
    to: str
    revoked: Path | None
    domains: tuple[str, ...]
    gateway_anchor: Path | None
    languages: tuple[str, ...]

    def desk(self) -> HealthDesk:
        """Read trust, rules and what was revoked; ``Unavailable`` for what is wrong with them."""
        with opening_grounds():
            return open_desk(
                self.trust,
                rules=self.rules,
                to=self.to,
                revoked=self.revoked,
                reading=self.reading,
                domains=domains_of(self.domains),
                gateway_anchor=self.gateway_anchor,
            )

    def lines(self) -> HealthLines:
        """What judges lines, all of that read once."""
        return HealthLines(self.desk(), now=self.now, languages=self.languages)


def judge_batch(file: BufferedIOBase, terms: Terms, *, workers: int) -> Iterator[bytes]:
    """The answers to the lines of a file, in their order, some at a time; ``UnreadableError`` as ``chunks``.

    Where no more lines come for now, those that came are answered.
    """
    judged = _lines_of(terms)  # what is wrong with trust or rules is said here, before a worker starts
    say_lists(judged.desk)
    say_grounds(judged.desk, now=terms.now)
    if workers == 1:
        yield from (_joined(judged, chunk.lines) for chunk in chunks(file))
        return
    with ExitStack() as stack:
        pool = stack.enter_context(ProcessPoolExecutor(workers))
        stack.callback(pool.shutdown, wait=False, cancel_futures=True)
        waiting: deque[Future[bytes]] = deque()
        broken: UnreadableError | None = None
        try:
            for chunk in chunks(file):
                if chunk.lines:
                    waiting.append(pool.submit(_judge_chunk, terms, chunk.lines))
                while len(waiting) >= AHEAD * workers or (chunk.paused and waiting and not has_more(file)):
                    if len(waiting) >= AHEAD * workers or wait(islice(waiting, 1), timeout=_GLANCE).done:
                        yield waiting.popleft().result()
        except UnreadableError as error:
            broken = error
        while waiting:
            yield waiting.popleft().result()
        if broken is not None:
            raise broken


def say_grounds(desk: HealthDesk, *, now: int) -> None:
    """On stderr: files that cannot be read, those that are passed over, and where the destination has no rule at all.

    A certificate that only has to be valid is soon accepted.
    """
    if passed := desk.grounds.revoked.passed_over:
        say(f"revoked: passed over, as neither batches nor slices: {', '.join(map(in_text, passed))}")
    ruling = desk.grounds.ruling
    if ruling is None:
        return
    for unread in ruling.book.unread:
        say(f"rules: {in_text(unread.name)} cannot be read, and is passed over: {in_text(unread.why)}")
    if ruling.book.passed_over:
        say(f"rules: passed over, as neither rules nor value sets: {', '.join(map(in_text, ruling.book.passed_over))}")
    if not ruling.book.binds(ruling.to, now=now):
        say(f"rules: none of {ruling.to} is in force at that time, so that none of them was asked")


def print_answers(answers: Iterator[bytes]) -> None:
    """Bytes as they are: a hundred thousand lines are not worth decoding.

    ``UnwrittenError`` where they cannot be written. Whoever has closed the pipe wants no more, which is no fault.
    """
    sys.stdout.flush()
    for answer in answers:
        try:
            sys.stdout.buffer.write(answer)
            sys.stdout.buffer.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            raise UnwrittenError(error.strerror or "there is no place") from None


def _judge_chunk(terms: Terms, chunk: list[bytes]) -> bytes:
    return _joined(_lines_of(terms), chunk)


@lru_cache(maxsize=1)
def _lines_of(terms: Terms) -> HealthLines:
    """What a worker reads the first time that it is asked."""
    return terms.lines()


def _joined(judged: HealthLines, chunk: list[bytes]) -> bytes:
    return b"".join(judged.judge(line) + b"\n" for line in chunk)
