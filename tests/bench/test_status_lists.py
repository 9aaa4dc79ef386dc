"""What the benchmark of large status lists runs works; a revocation costs the same in a short and in a long list."""

import asyncio
from pathlib import Path

import pytest
from zegel_testing.authorities import NOW

from status_lists import ENTRIES, SMALL, measure_list, measure_store, revocation_ratio, shelve
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
    assert all(line["ms"] > 0 and line["peak_mb"] >= 0 for line in lines)
    lines = asyncio.run(measure_store(tmp_path, 100_000, 8_000))
    assert [line["name"].partition(": ")[2] for line in lines] == ["give out ten", "revoke", "publish"]
    assert lines[1]["ratio_to_8000"] > 0
