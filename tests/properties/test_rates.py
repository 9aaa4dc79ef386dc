"""Rates: whatever the pattern, nobody gets more than is meant, and whoever waits as told is admitted."""

from hypothesis import given
from hypothesis import strategies as st

from zegel.adapters.memory import ManualClock
from zegel.services.rates import Meter, Rate

RATE = st.builds(Rate, count=st.integers(1, 50), seconds=st.integers(1, 120))
PAUSES = st.lists(st.integers(0, 40), max_size=120)


@given(RATE, PAUSES)
def test_in_no_span_is_more_admitted_than_the_burst_and_what_came_back(rate: Rate, pauses: list[int]) -> None:
    clock = ManualClock(0)
    meter, admitted = Meter(rate, clock=clock), []
    for pause in pauses:
        clock.advance(pause)
        if meter.spend(b"ada") == 0:
            admitted.append(clock.now())
    for first, begin in enumerate(admitted):
        for last, end in enumerate(admitted[first:], 1):
            assert (last - rate.count) * rate.seconds <= (end - begin) * rate.count


@given(RATE, PAUSES)
def test_whoever_waits_as_told_is_admitted_and_a_second_earlier_not(rate: Rate, pauses: list[int]) -> None:
    clock = ManualClock(0)
    meter = Meter(rate, clock=clock)
    for pause in pauses:
        clock.advance(pause)
        wait = meter.spend(b"ada")
        if wait:
            clock.advance(wait - 1)
            assert meter.spend(b"ada") == 1
            clock.advance(1)
            assert meter.spend(b"ada") == 0
