"""For how long a list is believed, second by second."""

import pytest
from zegel_testing.authorities import NOW
from zegel_testing.identifiers import FREE, identified, identifier_token, verified_identifiers
from zegel_testing.status import BOTH, credential, token, verified

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.formats.credential import Status
from zegel.formats.status.check import VerifiedList, check_status
from zegel.formats.status.terms import check_age
from zegel.profiles import HAIP, PLAIN, PROFILES, Profile

LISTS = {
    "JWT": lambda **change: (credential(0), verified(token(BOTH[0], **change))),
    "CWT": lambda **change: (credential(0), verified(token(BOTH[1], **change))),
    "identifiers": lambda **change: (identified(FREE), verified_identifiers(identifier_token(**change))),
}
every_list = pytest.mark.parametrize("kind", LISTS)


def said_at(kind: str, now: int, *, grace: int, **change: object) -> Status | Check:
    subject, status_list = LISTS[kind](**change)
    assert isinstance(status_list, VerifiedList)
    try:
        return check_status(subject, status_list, now=now, grace=grace).status
    except Rejected as refusal:
        return refusal.check


@every_list
@pytest.mark.refuses(Check.STATUS_STALE)
@pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda profile: profile.name)
def test_a_list_is_good_for_its_ttl_then_stale_for_the_profiles_grace_then_refused(kind: str, profile: Profile) -> None:
    ttl, grace = 600, profile.status_grace
    moments = (0, ttl - 1, ttl, ttl + grace - 1, ttl + grace)
    said = [said_at(kind, NOW + at, grace=grace, expires=NOW + 10 * 86_400) for at in moments]
    assert said == [Status.VALID, Status.VALID, Status.STALE, Status.STALE, Check.STATUS_STALE]


@every_list
@pytest.mark.refuses(Check.STATUS_FRESHNESS)
def test_no_grace_goes_beyond_a_lists_own_end(kind: str) -> None:
    """Draft 20 section 13.7: an expired list must not be relied upon."""
    moments = (599, 600, 3_599, 3_600)
    said = [said_at(kind, NOW + at, grace=PLAIN.status_grace) for at in moments]
    assert said == [Status.VALID, Status.STALE, Status.STALE, Check.STATUS_FRESHNESS]


@every_list
def test_without_a_grace_there_is_no_stale(kind: str) -> None:
    assert [said_at(kind, NOW + at, grace=0) for at in (599, 600)] == [Status.VALID, Check.STATUS_STALE]


def test_the_refusal_says_how_old_the_list_is_and_what_is_tolerated() -> None:
    with pytest.raises(Rejected, match="200 s older than its ttl allows, and 100 s are tolerated") as refusal:
        check_age(stale_at=NOW, expires=NOW + 1_000, now=NOW + 200, grace=100)
    assert (refusal.value.check, refusal.value.field) == (Check.STATUS_STALE, "ttl")


def test_the_strict_profile_has_the_shorter_grace_and_both_have_one() -> None:
    assert 0 < HAIP.status_grace < PLAIN.status_grace <= 86_400
