"""What the benchmark of large status lists runs works; a revocation costs the same in a short and in a long list."""

import asyncio
from pathlib import Path

import pytest
from zegel_testing.authorities import NOW

from status_lists import ENTRIES, SMALL, measure_list, measure_store, revocation_ratio, shelve, take, take_awaited
from zegel.adapters.memory import ManualClock

pytestmark = pytest.mark.slow
TURNS = 300


def test_a_revocation_among_ten_million_costs_as_much_as_one_among_ten_thousand(tmp_path: Path) -> None:
    async def measure() -> float:
        clock = ManualClock(NOW)
        small, large = await shelve(tmp_path, SMALL, clock=clock), await shelve(tmp_path, ENTRIES, clock=clock)
        _, ratio = await revocation_ratio(small, large, turns=TURNS)
        for shelf in (small, large):
            shelf.store.close()
        return ratio

    ratio = asyncio.run(measure())
    print(f"a revocation among {ENTRIES:,} over one among {SMALL:,}: {ratio:.2f}")
    assert 0.5 < ratio < 2


def test_every_step_is_measured_and_a_flipped_bit_is_refused(tmp_path: Path) -> None:
    lines = measure_list(100_000)
    assert [line["name"].partition(": ")[2] for line in lines] == [
        "build",
        "compress",
        "sign JWT",
        "parse JWT",
        "verify JWT",
        "sign CWT",
        "parse CWT",
        "verify CWT",
        "look up",
    ]
    assert all(line["ms"] > 0 and line["peak_mb"] > 0 for line in lines)
    made = {line["name"].partition(": ")[2]: line["bytes"] for line in lines if "bytes" in line}
    assert made.keys() == {"build", "compress", "sign JWT", "sign CWT"}
    assert made["build"] == 100_000 // 8
    peaks = {line["name"].partition(": ")[2]: line["peak_mb"] * 1_000_000 for line in lines}
    assert all(peaks[step] >= size for step, size in made.items()), "what a step makes it has allocated"
    assert min(peaks["parse JWT"], peaks["parse CWT"]) >= made["build"], "what is parsed is inflated"
    assert peaks["look up"] < made["build"] / 10, "to look up copies nothing of the list"


def test_what_the_store_does_is_measured_and_only_to_publish_takes_the_whole_list(tmp_path: Path) -> None:
    lines = asyncio.run(measure_store(tmp_path, 1_000_000, 8_000))
    assert [line["name"].partition(": ")[2] for line in lines] == ["give out ten", "revoke", "publish"]
    assert all(line["ms"] > 0 and line["peak_mb"] > 0 for line in lines)
    assert lines[1]["ratio_to_8000"] > 0
    given, revoked, published = (line["peak_mb"] * 1_000_000 for line in lines)
    whole = 1_000_000 // 8
    assert max(given, revoked) < whole / 2
    assert published > whole


def test_the_memory_of_a_step_is_what_it_allocates_whether_it_is_awaited_or_not() -> None:
    size = 3_000_000

    async def step() -> bytes:
        return bytes(size)

    for taken in (take(lambda: bytes(size), runs=1), asyncio.run(take_awaited(step, runs=1))):
        assert len(taken.made) == size
        assert size <= taken.peak_mb * 1_000_000 < size + 100_000
        assert taken.line("step")["peak_mb"] == round(taken.peak_mb, 6)
