"""When a statement that was just signed is recent."""

import pytest
from zegel_testing.authorities import NOW

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.primitives.times import TOLERATED_EARLY, TOLERATED_LATE
from zegel.protocols.oauth.lifetimes import PAST_SECONDS, check_recent


@pytest.mark.parametrize(
    "claims",
    [
        {"iat": NOW - PAST_SECONDS},
        {"iat": NOW + TOLERATED_EARLY},
        {"iat": NOW, "nbf": NOW + TOLERATED_EARLY},
        {"iat": NOW, "exp": NOW - TOLERATED_LATE + 1},
    ],
)
def test_a_statement_is_recent_up_to_the_last_second(claims: dict[str, int]) -> None:
    assert check_recent(claims, now=NOW, check=Check.DPOP_PROOF) == claims["iat"]


@pytest.mark.parametrize(
    ("claims", "field"),
    [
        ({}, "iat"),
        ({"iat": NOW - PAST_SECONDS - 1}, "iat"),
        ({"iat": NOW + TOLERATED_EARLY + 1}, "iat"),
        ({"iat": NOW, "nbf": NOW + TOLERATED_EARLY + 1}, "nbf"),
        ({"iat": NOW, "exp": NOW - TOLERATED_LATE}, "exp"),
    ],
)
def test_and_one_second_more_is_refused_by_the_callers_check(claims: dict[str, int], field: str) -> None:
    with pytest.raises(Rejected) as refusal:
        check_recent(claims, now=NOW, check=Check.DPOP_PROOF)
    assert (refusal.value.check, refusal.value.field) == (Check.DPOP_PROOF, field)
