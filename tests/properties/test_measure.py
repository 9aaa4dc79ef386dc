"""The measure for hostile bytes itself: what it lets pass, and what not."""

from time import sleep

import pytest
from zegel_testing.limits import MAX_SECONDS, assert_malformed_cheaply, is_soon

from zegel.errors import Malformed


@pytest.mark.slow
def test_a_call_that_only_waits_is_late() -> None:
    assert not is_soon(lambda: sleep(MAX_SECONDS))


@pytest.mark.slow
def test_a_refusal_that_only_waits_is_late() -> None:
    def refuse() -> None:
        sleep(MAX_SECONDS)
        raise Malformed("input", "", "expected nothing to wait for")

    with pytest.raises(AssertionError):
        assert_malformed_cheaply(refuse)


def test_the_best_of_five_calls_counts() -> None:
    waits = iter((MAX_SECONDS, MAX_SECONDS, MAX_SECONDS, MAX_SECONDS, 0.0))
    assert is_soon(lambda: sleep(next(waits)))


@pytest.mark.slow
def test_a_machine_that_was_busy_is_asked_again() -> None:
    waits = iter((*[MAX_SECONDS] * 10, 0.0))
    assert is_soon(lambda: sleep(next(waits)))
