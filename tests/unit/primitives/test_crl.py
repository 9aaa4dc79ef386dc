"""A list of revoked certificates, read by whoever signs the next one."""

from zegel_testing.authorities import DAY, NOW, authority

from zegel.primitives.crl import parse_crl, sign_crl


def test_it_says_when_each_certificate_was_revoked() -> None:
    root, revoked = authority("root"), {7: NOW - DAY, 1 << 120: NOW}
    crl = sign_crl(root.certificate, key=root.key, revoked=revoked, number=1, now=NOW, next_update=NOW + DAY)
    assert parse_crl(crl).revoked_at() == revoked
