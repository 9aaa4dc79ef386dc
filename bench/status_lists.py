"""A status list of ten million entries, one in a hundred of them revoked: what each step takes, and how much memory.

Prints a JSON line a step: {"name", "ms", "peak_mb", "bytes"}. ``ms`` is the best of some runs. Others are traced for
what Python allocates at the most beyond what was there: ``peak_mb`` is the least of them, as another thread of the same
process only adds to it. ``bytes`` is the size of what the step makes. The last lines are of the issuer's database: what
it takes to give ten entries out, to revoke one, and to publish the list; ``ratio_to_10000`` is the time of a revocation
over that in a list of 10,000 entries, measured turn by turn: of the change in the database, for which alone whoever
revokes waits. To publish comes in addition, once a period and once for the first reader after a revocation, and takes
longer the more entries there are, and the more of them are revoked: in the database here some hundred are, so that
"compress" says what it takes with one in a hundred.

    python bench/status_lists.py
"""

import asyncio
import json
import tempfile
import tracemalloc
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from statistics import median
from time import perf_counter
from typing import Any, Final

from fixtures import current_time, make_status_authority
from zegel.adapters.entropy import system_random
from zegel.adapters.memory import ManualClock
from zegel.adapters.sql.statuses import PAGE
from zegel.adapters.sql.store import SqlStore, open_store
from zegel.errors import ZegelError
from zegel.formats.status.entries import (
    MAX_LARGE_LIST,
    CompressedStatusList,
    StatusList,
    compress,
    empty_status_list,
)
from zegel.formats.status.token import (
    VerifiedStatusList,
    parse_status_list,
    sign_status_list_cwt,
    sign_status_list_jwt,
    verify_status_list,
)
from zegel.services.status_ports import StatusEntry
from zegel.services.status_publisher import StatusPublisher

ENTRIES: Final = 10_000_000
SMALL: Final = 10_000
REVOKED_OF: Final = 100
URI: Final = "https://issuer.utopia.example/status/1"
RUNS: Final = 5
TRACED_RUNS: Final = 3
TURNS: Final = 200  # of each list
LOOK_UPS: Final = 100_000


@dataclass(frozen=True)
class Taken:
    """What a step took, and what it made."""

    ms: float
    peak_mb: float
    made: Any

    def line(self, name: str, **more: Any) -> dict[str, Any]:
        size = {"bytes": len(self.made)} if isinstance(self.made, bytes) else {}
        return {"name": name, "ms": round(self.ms, 6), "peak_mb": round(self.peak_mb, 6)} | size | more


def take(step: Callable[[], Any], runs: int = RUNS) -> Taken:
    """Run a step some times, and some more while what it allocates is counted."""
    times: list[float] = []
    peaks: list[float] = []
    for _ in range(runs):
        begun = perf_counter()
        made = step()
        times.append((perf_counter() - begun) * 1_000)
        del made
    for _ in range(TRACED_RUNS):
        made = None
        with counting(peaks):
            made = step()
    return Taken(ms=min(times), peak_mb=min(peaks), made=made)


async def take_awaited(step: Callable[[], Awaitable[Any]], runs: int = RUNS) -> Taken:
    """As ``take``, where a step awaits the store."""
    times: list[float] = []
    peaks: list[float] = []
    for _ in range(runs):
        begun = perf_counter()
        made = await step()
        times.append((perf_counter() - begun) * 1_000)
        del made
    for _ in range(TRACED_RUNS):
        made = None
        with counting(peaks):
            made = await step()
    return Taken(ms=min(times), peak_mb=min(peaks), made=made)


@contextmanager
def counting(peaks: list[float]) -> Iterator[None]:
    """Add the most that is allocated at a time within, in megabytes."""
    tracemalloc.start()
    try:
        yield
        peaks.append(tracemalloc.get_traced_memory()[1] / 1_000_000)
    finally:
        tracemalloc.stop()


def measure_list(entries: int) -> list[dict[str, Any]]:
    """Build, compress, sign, parse, verify, look up."""
    now, name = current_time(), f"status list of {entries:,}"
    authority = make_status_authority(now)
    anchors = authority.anchors
    random = Random(entries)
    revoked = {random.randrange(entries): 1 for _ in range(entries // REVOKED_OF)}
    built = take(lambda: empty_status_list(entries, bits=1).updated(revoked))
    status_list: StatusList = built.made
    compressed = take(lambda: compress(status_list))
    small: CompressedStatusList = compressed.made
    lines = [
        built.line(f"{name}: build", bytes=len(status_list.data)),
        compressed.line(f"{name}: compress", bytes=len(small.lst)),
    ]
    signed_by = {"signer": authority.signer.signer, "chain": authority.signer.chain}
    terms = {"uri": URI, "now": now, "expires": now + 3_600, "ttl": 600, **signed_by}
    for format_, sign in (("JWT", sign_status_list_jwt), ("CWT", sign_status_list_cwt)):
        signed = take(lambda sign=sign: sign(small, **terms))
        token: bytes = signed.made
        parsed = take(lambda token=token: parse_status_list(token, content_type=None, max_bytes=MAX_LARGE_LIST))
        verified = take(
            lambda parsed=parsed: verify_status_list(parsed.made, uri=URI, anchors=anchors, now=now),
        )
        lines += [
            signed.line(f"{name}: sign {format_}"),
            parsed.line(f"{name}: parse {format_}"),
            verified.line(f"{name}: verify {format_}"),
        ]
        refuse_a_flipped_bit(token, anchors=anchors, now=now)
    found: VerifiedStatusList = verified.made
    places = [random.randrange(entries) for _ in range(LOOK_UPS)]
    if [found.statuses.get(index) for index in places] != [revoked.get(index, 0) for index in places]:
        raise SystemExit("the list does not say what was written into it")
    looked_up = take(lambda: look_up(found, places))
    lines.append(replace(looked_up, ms=looked_up.ms / LOOK_UPS).line(f"{name}: look up"))
    return lines


def look_up(found: VerifiedStatusList, places: Iterable[int]) -> int:
    """Look up one after the other, and keep nothing but how many are revoked."""
    revoked = 0
    for index in places:
        revoked += found.statuses.get(index)
    return revoked


def refuse_a_flipped_bit(token: bytes, *, anchors: Any, now: int) -> None:
    """The end of everything where a list that was changed is believed."""
    changed = bytearray(token)
    changed[-3] ^= 1
    try:
        parsed = parse_status_list(bytes(changed), content_type=None, max_bytes=MAX_LARGE_LIST)
        verify_status_list(parsed, uri=URI, anchors=anchors, now=now)
    except ZegelError:
        return
    raise SystemExit("a list with a flipped bit was believed")


@dataclass(frozen=True)
class Shelf:
    """A database with one list in it, of which every page is in use."""

    store: SqlStore
    entries: tuple[StatusEntry, ...]

    async def revoke(self, at: int) -> float:
        """Revoke one; the seconds that it took, without the disk."""
        begun = perf_counter()
        async with self.store.transaction() as transaction:
            await transaction.statuses.mark((self.entries[at % len(self.entries)],), 1)
        return perf_counter() - begun


async def shelve(folder: Path, entries: int, *, clock: ManualClock) -> Shelf:
    """Give out so many entries that each page of the list has some."""
    size = -(-entries // PAGE) * PAGE
    store = await open_store(
        f"sqlite:///{folder}/{entries}.db", key=b"k" * 32, clock=clock, random=system_random, status_list_size=size
    )
    given: list[StatusEntry] = []
    async with store.transaction() as transaction:
        while len(given) < min(size // 2, 12 * size // PAGE):
            count = min(size // 8, 12 * size // PAGE)
            given += await transaction.statuses.allocate(bits=1, count=count, expires=clock.now() + 86_400)
    return Shelf(store=store, entries=tuple(given))


async def revocation_ratio(small: Shelf, large: Shelf, *, turns: int = TURNS) -> tuple[float, float]:
    """A revocation in the large list, in seconds, and over one in the small list; turn by turn, medians."""
    taken = [(await small.revoke(turn), await large.revoke(turn)) for turn in range(turns)]
    in_small, in_large = (median(times) for times in zip(*taken, strict=True))
    return in_large, in_large / in_small


async def measure_store(folder: Path, entries: int, small: int = SMALL) -> list[dict[str, Any]]:
    """Give out, revoke, publish."""
    clock, name = ManualClock(current_time()), f"issuer's status list of {entries:,}"
    shelves = [await shelve(folder, count, clock=clock) for count in (small, entries)]
    revocation, ratio = await revocation_ratio(*shelves)
    store = shelves[1].store
    revoked = await take_awaited(lambda: shelves[1].revoke(TURNS))

    async def give_out() -> None:
        async with store.transaction() as transaction:
            await transaction.statuses.allocate(bits=1, count=10, expires=clock.now() + 86_400)

    given = await take_awaited(give_out)
    certified = make_status_authority(clock.now()).signer
    publisher = StatusPublisher(
        store=store, signer=certified, origin="https://issuer.utopia.example", period=300, ttl=600, clock=clock
    )

    async def publish() -> None:
        clock.advance(300)
        await publisher.publish()

    published = await take_awaited(publish, runs=2)
    for shelf in shelves:
        shelf.store.close()
    return [
        given.line(f"{name}: give out ten"),
        replace(revoked, ms=revocation * 1_000).line(f"{name}: revoke", **{f"ratio_to_{small}": round(ratio, 2)}),
        published.line(f"{name}: publish"),
    ]


def main(entries: int = ENTRIES) -> None:
    """All of it."""
    for line in measure_list(entries):
        print(json.dumps(line), flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for line in asyncio.run(measure_store(Path(folder), entries)):
            print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
