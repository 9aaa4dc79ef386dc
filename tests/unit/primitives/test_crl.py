"""A list of revoked certificates, signed, and read by whoever signs the next one."""

import pytest
from zegel_testing.authorities import DAY, NOW, authority

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.primitives.crl import MAX_CRL, MAX_REVOKED, parse_crl, sign_crl


def test_it_says_when_each_certificate_was_revoked() -> None:
    root, revoked = authority("root"), {7: NOW - DAY, 1 << 120: NOW}
    crl = sign_crl(root.certificate, key=root.key, revoked=revoked, number=1, now=NOW, next_update=NOW + DAY)
    assert parse_crl(crl).revoked_at() == revoked


def many(count: int) -> bytes:
    """A list of so many, whose serial numbers are as long as they may be."""
    root, revoked = authority("root"), {(1 << 158) + number: NOW for number in range(count)}
    return sign_crl(root.certificate, key=root.key, revoked=revoked, number=1, now=NOW, next_update=NOW + DAY)


@pytest.mark.slow
def test_what_is_signed_has_readers_however_long_it_is() -> None:
    longest = many(MAX_REVOKED)
    assert len(longest) <= MAX_CRL
    assert len(parse_crl(longest).unverified_serials) == MAX_REVOKED


def test_a_list_that_no_reader_takes_is_not_signed() -> None:
    with pytest.raises(Rejected) as refusal:
        many(MAX_REVOKED + 1)
    assert refusal.value.check is Check.REVOCATION_LIST_FULL
    assert "20001 entries" in refusal.value.detail
