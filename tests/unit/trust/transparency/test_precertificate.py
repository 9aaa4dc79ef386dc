"""Pre-certificates: what section 3.2 of RFC 9162 has, and nothing else."""

from hashlib import sha256

import pytest
from zegel_testing.authorities import DAY, NOW, authority, fixed_key, fixed_random
from zegel_testing.transparency import LOG_SIGNER

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.primitives.der import SEQUENCE, SET, encode_element, encode_oid, parse_element, parse_elements
from zegel.primitives.keys import Curve
from zegel.trust.anchors import Purpose
from zegel.trust.authority import Authority, SubjectName, draft_certificate
from zegel.trust.transparency.issuance import announce, issue_stamped
from zegel.trust.transparency.precertificate import (
    MAX_PRECERTIFICATE,
    announced_certificate,
    build_precertificate,
    parse_precertificate,
    verify_precertificate,
)

ROOT = authority("access")


def draft(root: Authority = ROOT):
    return draft_certificate(
        root,
        SubjectName(country="UT", organization="Utopia", common_name="verifier"),
        key=fixed_key("verifier").public_key,
        purpose=Purpose.ACCESS,
        now=NOW - DAY,
        days=30,
        random=fixed_random("verifier"),
    )


GOOD = announce(draft())


@pytest.mark.parametrize("curve", list(Curve))
def test_a_certificate_is_announced_by_its_authority(curve: Curve) -> None:
    root = authority("root", curve=curve)
    verified = verify_precertificate(parse_precertificate(announce(draft(root))), issuer=root.certificate)
    assert (verified.tbs, verified.issuer) == (draft(root).tbs, root.certificate)
    assert (verified.announced.names["CN"], verified.announced.issuer) == ("verifier", root.certificate.subject)


def test_the_signature_of_a_precertificate_makes_no_certificate() -> None:
    """Section 3.2: it is over the attributes, in which there is but a hash of what is to be signed."""
    unverified = parse_precertificate(GOOD)
    assert sha256(draft().tbs).digest() in unverified.attributes
    assert draft().tbs not in unverified.attributes


@pytest.mark.parametrize("end", range(0, len(GOOD), 13))
def test_what_is_cut_short_is_malformed(end: int) -> None:
    with pytest.raises(Malformed):
        parse_precertificate(GOOD[:end])


def pieces() -> tuple[list[bytes], list[bytes]]:
    """The members of the SignedData and those of its SignerInfo."""
    content = parse_elements(parse_element(GOOD, SEQUENCE, what="test").content, what="test")[1]
    signed = parse_element(content.content, SEQUENCE, what="test")
    members = [element.der for element in parse_elements(signed.content, what="test")]
    (info,) = parse_elements(parse_element(members[3], SET, what="test").content, what="test")
    return members, [element.der for element in parse_elements(info.content, what="test")]


def wrapped(members: list[bytes]) -> bytes:
    kind = encode_element(0x06, encode_oid("1.2.840.113549.1.7.2"))
    return encode_element(SEQUENCE, kind, encode_element(0xA0, encode_element(SEQUENCE, *members)))


def with_member(at: int, der: bytes) -> bytes:
    members, _ = pieces()
    return wrapped([*members[:at], der, *members[at + 1 :]])


def with_info(at: int, der: bytes) -> bytes:
    members, info = pieces()
    return wrapped([*members[:3], encode_element(SET, encode_element(SEQUENCE, *info[:at], der, *info[at + 1 :]))])


VERSION_1 = b"\x02\x01\x01"
SHA_1 = encode_element(SEQUENCE, encode_element(0x06, encode_oid("1.3.14.3.2.26")))
OTHER_CONTENT = encode_element(
    SEQUENCE, encode_element(0x06, encode_oid("1.2.840.113549.1.7.1")), encode_element(0xA0, b"\x04\x00")
)
MEMBERS, INFO = pieces()
WRONG = {
    "another content type": GOOD.replace(encode_oid("1.2.840.113549.1.7.2"), encode_oid("1.2.840.113549.1.7.1")),
    "another version": with_member(0, VERSION_1),
    "another digest": with_member(1, encode_element(SET, SHA_1)),
    "other contents": with_member(2, OTHER_CONTENT),
    "certificates": wrapped([*MEMBERS[:3], encode_element(0xA0, b""), MEMBERS[3]]),
    "revocation lists": wrapped([*MEMBERS[:3], encode_element(0xA1, b""), MEMBERS[3]]),
    "two signers": with_member(3, encode_element(SET, encode_element(SEQUENCE, *INFO) * 2)),
    "no signer": with_member(3, encode_element(SET)),
    "no set of signers": with_member(3, encode_element(SEQUENCE, encode_element(SEQUENCE, *INFO))),
    "a signer of another version": with_info(0, VERSION_1),
    "a signer by its name and number": with_info(1, encode_element(SEQUENCE)),
    "a signer's other digest": with_info(2, SHA_1),
    "no attributes": with_info(3, b""),
    "other attributes": with_info(3, encode_element(0xA0, encode_element(SEQUENCE))),
    "unsigned attributes": with_info(5, INFO[5] + encode_element(0xA1, b"")),
    "a signature that is no octet string": with_info(5, b"\x03\x01\x00"),
    "something behind it": GOOD + b"\x00",
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_the_profile_does_not_have_is_malformed(wrong: str) -> None:
    assert wrapped(MEMBERS) == GOOD != WRONG[wrong]
    with pytest.raises(Malformed):
        parse_precertificate(WRONG[wrong])


def test_a_precertificate_is_bounded() -> None:
    with pytest.raises(Malformed, match=f"at most {MAX_PRECERTIFICATE}"):
        parse_precertificate(bytes(MAX_PRECERTIFICATE + 1))


def test_a_certificate_that_carries_timestamps_already_is_not_announced() -> None:
    stamped = issue_stamped(draft(), log=LOG_SIGNER, now=NOW)
    tbs = parse_elements(parse_element(stamped.der, SEQUENCE, what="test").content, what="test")[0].der
    with pytest.raises(Malformed, match="without timestamps"):
        announced_certificate(tbs)


@pytest.mark.parametrize("tbs", [b"", b"\x30\x00", b"\x30\x03\x02\x01\x05", b"\x30\x05\xa0\x03\x02\x01\x02"])
def test_what_is_no_tbs_certificate_is_not_announced(tbs: bytes) -> None:
    with pytest.raises(Malformed):
        announced_certificate(tbs)


def refusal(der: bytes, *, issuer: Authority = ROOT) -> str:
    with pytest.raises(Rejected) as refused:
        verify_precertificate(parse_precertificate(der), issuer=issuer.certificate)
    assert refused.value.check is Check.LOG_SUBMISSION
    return refused.value.detail


def test_another_authority_cannot_announce() -> None:
    assert "name and the key of its issuer" in refusal(GOOD, issuer=authority("another"))
    key_id = ROOT.certificate.key_id
    assert key_id is not None
    forged = build_precertificate(draft().tbs, key_id=key_id, signer=fixed_key("forger"))
    assert "does not verify" in refusal(forged)
    larger = build_precertificate(draft().tbs, key_id=key_id, signer=fixed_key("forger", Curve.P384))
    assert "algorithm of its issuer's key" in refusal(larger)


def test_an_authority_cannot_announce_under_another_name() -> None:
    tbs, key_id = draft(authority("another")).tbs, ROOT.certificate.key_id
    assert key_id is not None
    assert "name and the key" in refusal(build_precertificate(tbs, key_id=key_id, signer=ROOT.key))


@pytest.mark.parametrize("signature", [b"", bytes(70), bytes.fromhex("3026022101" + "00" * 32 + "020101")])
def test_a_signature_that_is_none_is_refused(signature: bytes) -> None:
    assert "DER signature" in refusal(with_info(5, encode_element(0x04, signature)))
