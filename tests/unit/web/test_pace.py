"""When a page that waits is loaded again."""

from zegel_testing.authorities import NOW

from zegel.adapters.memory import ManualClock
from zegel.web.pace import LATE_SECONDS, SOON_SECONDS, Pace


def test_a_few_pages_are_loaded_again_soon() -> None:
    pace = Pace(clock=ManualClock(NOW))
    assert {pace.next() for _ in range(100)} == {SOON_SECONDS, SOON_SECONDS + 1}


def test_of_many_each_has_a_place_and_no_second_has_more_than_its_share() -> None:
    pace = Pace(clock=ManualClock(NOW))
    given = [pace.next() for _ in range(2_000)]
    assert given == sorted(given)
    assert max(given.count(second) for second in set(given)) == 200


def test_nobody_waits_for_longer_than_is_worth_it() -> None:
    pace = Pace(clock=ManualClock(NOW))
    assert max(pace.next() for _ in range(20_000)) == LATE_SECONDS


def test_when_the_crowd_has_gone_pages_are_loaded_again_soon() -> None:
    clock = ManualClock(NOW)
    pace = Pace(clock=clock)
    for _ in range(20_000):
        pace.next()
    clock.advance(LATE_SECONDS)
    assert pace.next() == SOON_SECONDS
