"""What is meant by a revocation, and who has to say how many that are."""

import pytest

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.trust.access_authority.selection import (
    CertificatesIssued,
    CertificatesOf,
    OneCertificate,
    Selection,
    check_confirmed,
)


@pytest.mark.parametrize("selection", [OneCertificate(serial=1), CertificatesOf(party="NTRUT-1")])
def test_one_certificate_and_those_of_one_party_are_revoked_at_once(selection: Selection) -> None:
    assert check_confirmed(selection, count=3, confirm=None) == 3


def test_many_are_revoked_for_whoever_says_how_many_they_are() -> None:
    assert check_confirmed(CertificatesIssued(), count=3, confirm=3) == 3


@pytest.mark.parametrize("confirm", [None, 0, 2, 4])
def test_a_mass_revocation_that_is_not_confirmed_says_how_many_are_meant(confirm: int | None) -> None:
    with pytest.raises(Rejected, match="confirm as 3") as refusal:
        check_confirmed(CertificatesIssued(since=1, until=2), count=3, confirm=confirm)
    assert (refusal.value.check, refusal.value.field) == (Check.ACCESS_REVOCATION, "confirm")


@pytest.mark.parametrize("selection", [OneCertificate(serial=1), CertificatesOf(party="a"), CertificatesIssued()])
def test_where_nothing_is_meant_nothing_is_revoked(selection: Selection) -> None:
    with pytest.raises(Rejected) as refusal:
        check_confirmed(selection, count=0, confirm=0)
    assert refusal.value.check is Check.ACCESS_REVOCATION
