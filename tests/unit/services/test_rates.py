"""Rates: exactly so many, then a wait that is exactly long enough, in memory that nobody can fill."""

import tracemalloc

import pytest
from zegel_testing.authorities import NOW

from zegel.adapters.memory import ManualClock
from zegel.services.rates import MAX_KEYS, Meter, Rate

ADA, EVE = b"ada", b"eve"


def meter_of(count: int, seconds: int = 60) -> tuple[Meter, ManualClock]:
    clock = ManualClock(NOW)
    return Meter(Rate(count=count, seconds=seconds), clock=clock), clock


def numbered(count: int) -> list[bytes]:
    return [number.to_bytes(8) for number in range(count)]


@pytest.mark.parametrize("count", [1, 5, 7, 60, 600])
def test_so_many_come_at_once_and_the_next_waits(count: int) -> None:
    meter, _ = meter_of(count)
    assert [meter.spend(ADA) for _ in range(count)] == [0] * count
    assert meter.spend(ADA) == -(-60 // count)


@pytest.mark.parametrize("count", [1, 5, 7, 50, 60])
def test_the_wait_is_long_enough_and_no_longer(count: int) -> None:
    meter, clock = meter_of(count)
    for _ in range(count):
        meter.spend(ADA)
    wait = meter.spend(ADA)
    clock.advance(wait - 1)
    assert meter.spend(ADA) == 1
    clock.advance(1)
    assert meter.spend(ADA) == 0


def test_whoever_is_refused_pays_nothing_for_it() -> None:
    meter, clock = meter_of(6)
    for _ in range(100):
        meter.spend(ADA)
    assert meter.spend(ADA) == 10
    clock.advance(60)
    assert [meter.spend(ADA) for _ in range(7)] == [0] * 6 + [10]


def test_after_the_period_everything_is_back_and_no_more_than_that() -> None:
    meter, clock = meter_of(5)
    for rest in (60, 600):
        assert [meter.spend(ADA) == 0 for _ in range(6)] == [True] * 5 + [False]
        clock.advance(rest)


def test_each_key_is_counted_by_itself() -> None:
    meter, _ = meter_of(2)
    assert [meter.spend(ADA), meter.spend(ADA)] == [0, 0]
    assert meter.spend(ADA) > 0
    assert meter.spend(EVE) == 0


@pytest.mark.parametrize("back", [1, 59, 60, 3_600, NOW])
def test_a_clock_that_is_set_back_frees_nobody_and_keeps_nobody_out_for_long(back: int) -> None:
    meter, clock = meter_of(5)
    for _ in range(5):
        meter.spend(ADA)
    clock.advance(-back)
    wait = meter.spend(ADA)
    assert 0 < wait <= 60
    clock.advance(60)
    assert meter.spend(ADA) == 0


def test_a_clock_that_leaps_ahead_is_a_long_rest() -> None:
    meter, clock = meter_of(5)
    for _ in range(6):
        meter.spend(ADA)
    clock.advance(365 * 86_400)
    assert meter.spend(ADA) == 0


# --- more keys than there is room for ---------------------------------------------------------------------------------


def test_whoever_changes_addresses_frees_nobody_who_is_counted() -> None:
    meter, clock = meter_of(1)
    assert meter.spend(ADA) == 0
    for key in numbered(3 * MAX_KEYS):
        meter.spend(key)
    assert meter.spend(ADA) == 60
    clock.advance(59)
    for key in numbered(3 * MAX_KEYS):
        meter.spend(key)
    assert meter.spend(ADA) == 1


def test_beyond_its_room_newcomers_are_counted_together() -> None:
    meter, _ = meter_of(1)
    admitted = sum(meter.spend(key) == 0 for key in numbered(4 * MAX_KEYS))
    assert MAX_KEYS < admitted <= MAX_KEYS + 1_024


def test_a_crowd_that_has_passed_leaves_its_room_to_others() -> None:
    meter, clock = meter_of(60)
    for key in numbered(MAX_KEYS):
        meter.spend(key)
    clock.advance(1)  # each had one of sixty, which is back after a second
    assert [meter.spend(ADA) for _ in range(61)] == [0] * 60 + [1]
    assert len(meter._due) == 1


def test_nobody_stays_known_who_comes_no_more() -> None:
    meter, clock = meter_of(5)
    for key in numbered(100):
        meter.spend(key)
    clock.advance(60)
    meter.spend(ADA)
    assert list(meter._due) == [ADA]


@pytest.mark.slow
def test_its_memory_is_bounded() -> None:
    tracemalloc.start()
    meter, _ = meter_of(30)
    for number in range(5 * MAX_KEYS):
        meter.spend(number.to_bytes(16))
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert used < 2_000_000
