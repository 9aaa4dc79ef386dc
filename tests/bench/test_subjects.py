"""What the benchmark runs: each subject works, and what is spoiled is refused by the call that is timed."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from fixtures import World, make_world, present_claims, present_elements
from person import DISCLOSED, DISCLOSED_ELEMENTS
from zegel_subject import SUBJECTS, assert_refused, flipped_mdocs, flipped_sd_jwts

BENCH = Path(__file__).parents[2] / "bench"
NOW = 1_790_000_000


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(NOW)


@pytest.mark.parametrize("name", SUBJECTS)
def test_each_subject_runs_and_what_is_spoiled_is_refused(name: str, world: World) -> None:
    subject, bare, times = SUBJECTS[name]
    assert subject(world)()
    bare()()
    assert times == (2 if name.endswith("verify") else 1)


def test_a_bit_is_flipped_in_each_part_of_a_presentation(world: World) -> None:
    presented = present_claims(world)
    flips = dict(flipped_sd_jwts(presented))
    parts = {f"{whose} {part}" for whose in ("issuer's", "holder's") for part in ("header", "payload", "signature")}
    assert flips.keys() == parts | {f"disclosure {at}" for at in range(len(DISCLOSED))}
    assert all(spoiled != presented and len(spoiled) == len(presented) for spoiled in flips.values())


def test_a_bit_is_flipped_in_each_part_of_a_response(world: World) -> None:
    presented = present_elements(world)
    flips = dict(flipped_mdocs(presented))
    parts = {"issuer's certificate", "security object", "issuer's signature", "holder's signature"}
    assert flips.keys() == parts | {f"item {at}" for at in range(len(DISCLOSED_ELEMENTS))}
    for spoiled in flips.values():
        (changed,) = (old ^ new for old, new in zip(presented, spoiled, strict=True) if old != new)
        assert changed == 1


def test_a_verification_that_accepts_what_is_spoiled_ends_the_benchmark(world: World) -> None:
    with pytest.raises(SystemExit, match="a bit flipped in the issuer's header was accepted"):
        assert_refused(lambda data: data, flipped_sd_jwts(present_claims(world)))


@pytest.mark.slow
def test_a_subject_is_timed_from_outside() -> None:
    orders: list[dict[str, Any]] = [{"run": "zegel", "times": 2}, {"run": "bare", "times": 3}, {}]
    told = subprocess.run(
        [sys.executable, BENCH / "zegel_subject.py", "sdjwt issue"],
        input="".join(json.dumps(order) + "\n" for order in orders),
        capture_output=True,
        text=True,
        check=True,
    )
    subjects, own, bare, memory = map(json.loads, told.stdout.splitlines())
    assert subjects == ["zegel", "bare"]
    for taken in (own, bare):
        assert taken["seconds"] > 0
        assert taken["processor_seconds"] > 0
    assert 0 < memory["peak_mb"] < 200
