"""Clocks that differ: ten seconds ahead and sixty behind are taken, and not a second more, wherever a time is verified.

Conversations with a clock that is off stand in ``tests/attacks/test_clocks.py``.
"""

import pytest
from zegel_limits.skews import SKEWS, Skew

from zegel.errors import Rejected
from zegel.primitives.times import TOLERATED_EARLY, TOLERATED_LATE


def test_ten_seconds_ahead_and_sixty_behind() -> None:
    assert (TOLERATED_EARLY, TOLERATED_LATE) == (10, 60)


def last(skew: Skew) -> int:
    """The time that is just taken, in seconds from now."""
    return 10 if skew.begins else -59  # what ended sixty seconds ago is over


@pytest.mark.parametrize("skew", SKEWS.values(), ids=SKEWS)
def test_what_clocks_may_differ_by_is_tolerated(skew: Skew) -> None:
    skew.make(last(skew))


@pytest.mark.parametrize("skew", SKEWS.values(), ids=SKEWS)
def test_a_second_more_is_refused(skew: Skew) -> None:
    with pytest.raises(Rejected) as refusal:
        skew.make(last(skew) + (1 if skew.begins else -1))
    assert refusal.value.check is skew.check
