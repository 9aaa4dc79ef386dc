"""What may take the place of a trust list that is kept."""

from dataclasses import replace

import pytest
from zegel_testing.authorities import DAY, NOW
from zegel_testing.health import Health

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.formats.hcert.believed import BelievedList
from zegel.formats.hcert.list_change import check_replaces

OFFICES = [Health(name=f"Utopia office {number}").signer for number in range(9)]


def listed(first: int, last: int, *, signed_at: int | None = None) -> BelievedList:
    return BelievedList(signers=tuple(OFFICES[first:last]), signed_at=signed_at)


def replaced(fetched: BelievedList, kept: BelievedList | None, *, accepted: bool = False) -> BelievedList:
    return check_replaces(fetched, kept=kept, may_lose=25, accepted=accepted, now=NOW)


@pytest.mark.parametrize(
    ("fetched", "kept"),
    [
        (listed(0, 8), listed(0, 8)),
        (listed(2, 8), listed(0, 8)),
        (listed(0, 9), listed(0, 4)),
        (listed(1, 2), listed(0, 2)),
        (listed(1, 2), listed(0, 1)),
        (listed(0, 8), BelievedList(signers=())),
        (listed(0, 8), None),
        (listed(0, 8, signed_at=NOW), listed(0, 8, signed_at=NOW)),
        (listed(0, 8, signed_at=NOW), listed(0, 8)),
    ],
    ids=[
        "the same",
        "a quarter",
        "more",
        "one of two",
        "another one",
        "nobody before",
        "none before",
        "of the same time",
        "now it says",
    ],
)
def test_a_list_that_lost_little_and_is_no_older_is_taken(fetched: BelievedList, kept: BelievedList | None) -> None:
    assert replaced(fetched, kept) is fetched


@pytest.mark.refuses(Check.HEALTH_LIST)
@pytest.mark.parametrize(
    ("fetched", "kept", "why"),
    [
        (listed(3, 8), listed(0, 8), "at most 25 % of 8 signers gone at once, got 3"),
        (listed(2, 7), listed(0, 7), "at most 25 % of 7 signers gone at once, got 2"),
        (listed(5, 8), listed(0, 3), "at most 25 % of 3 signers gone at once, got 3"),
        (listed(0, 8), listed(0, 8, signed_at=NOW), "to be told when it was signed"),
    ],
    ids=["too many", "two of few", "all others", "it no longer says"],
)
def test_what_lost_much_waits_for_the_operator(fetched: BelievedList, kept: BelievedList, why: str) -> None:
    with pytest.raises(Rejected, match=why) as refused:
        replaced(fetched, kept)
    assert refused.value.check is Check.HEALTH_LIST
    assert replaced(fetched, kept, accepted=True) is fetched


def test_who_is_called_as_another_was_is_somebody_else() -> None:
    renamed = [replace(new, kid=old.kid) for old, new in zip(OFFICES[:4], OFFICES[4:8], strict=True)]
    with pytest.raises(Rejected, match="at most 25 % of 4 signers gone at once, got 4"):
        replaced(BelievedList(signers=tuple(renamed)), listed(0, 4))


@pytest.mark.refuses(Check.HEALTH_LIST)
@pytest.mark.parametrize("accepted", [True, False])
@pytest.mark.parametrize("kept", [None, listed(0, 8), listed(0, 8, signed_at=NOW + 9 * DAY)])
def test_a_list_of_the_future_is_never_taken(kept: BelievedList | None, accepted: bool) -> None:
    with pytest.raises(Rejected, match="none that was signed after now, 2026-") as refused:
        replaced(listed(0, 9, signed_at=NOW + 11), kept, accepted=accepted)
    assert refused.value.check is Check.HEALTH_LIST
    soon = listed(0, 9, signed_at=NOW + 10)
    assert replaced(soon, kept, accepted=accepted) is soon


def test_a_kept_list_of_the_future_holds_no_other_out_by_its_age() -> None:
    future = listed(0, 8, signed_at=NOW + 11)
    for fetched in (listed(0, 8, signed_at=NOW), listed(0, 8)):
        assert replaced(fetched, future) is fetched
    with pytest.raises(Rejected, match="gone at once, got 8"):
        replaced(listed(8, 9, signed_at=NOW), future)
    with pytest.raises(Rejected, match="signed before the kept one"):
        replaced(listed(0, 8, signed_at=NOW), listed(0, 8, signed_at=NOW + 10))


@pytest.mark.parametrize("accepted", [True, False])
def test_an_older_list_is_never_taken(accepted: bool) -> None:
    with pytest.raises(Rejected, match="none that was signed before the kept one") as refused:
        replaced(listed(0, 9, signed_at=NOW - DAY), listed(0, 8, signed_at=NOW), accepted=accepted)
    assert refused.value.check is Check.HEALTH_LIST
