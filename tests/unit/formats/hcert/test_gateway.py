"""The gateway's list, and who vouches for whom on it."""

import json
from hashlib import sha256
from typing import Any

import pytest
from asn1crypto import cms
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import pkcs7
from zegel_testing.gateway_list import BARE, GATEWAY, SHA384_HASH, Party, entry
from zegel_testing.health_lists import OFFICE, gateway_entry, pem

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.formats.hcert.cms import check_issued, country_of, parse_cms, verify_cms
from zegel.formats.hcert.gateway import check_vouched
from zegel.formats.hcert.lists import TrustList, parse_trust_list
from zegel.primitives.encoding import base64

UTOPIA, OTHER = GATEWAY.states
ANCHORS = (GATEWAY.anchor.der,)
CONTENT = b"a certificate"


def vouched(*entries: Any, anchors: tuple[bytes, ...] = ANCHORS) -> TrustList:
    return check_vouched(parse_trust_list(json.dumps(list(entries)).encode()), anchors=anchors)


def kids(parsed: TrustList) -> list[bytes]:
    return [signer.kid for signer in parsed.signers]


def kid(of: Party) -> bytes:
    return sha256(of.der).digest()[:8]


def test_those_that_the_anchor_vouches_for_count() -> None:
    read = vouched(*GATEWAY.entries())
    assert kids(read) == [kid(UTOPIA.signer), kid(OTHER.signer)]
    assert read.left_out == ()


AUTHORITY, UPLOAD, SIGNER = UTOPIA.entries(GATEWAY.anchor)
STRANGER = Party("Stranger")


@pytest.mark.parametrize(
    ("entries", "why"),
    [
        ([UPLOAD, SIGNER], "no authority of the list has issued it"),
        ([AUTHORITY, SIGNER], "signed by a certificate that may not sign it"),
        ([SIGNER], "signed by a certificate that may not sign it"),
        ([AUTHORITY, entry("UPLOAD", UTOPIA.upload, by=STRANGER), SIGNER], "may not sign it"),
        ([entry("CSCA", UTOPIA.authority, by=STRANGER), UPLOAD, SIGNER], "no authority of the list"),
        ([AUTHORITY, UPLOAD, SIGNER | {"signature": None}], "expected text"),
        ([AUTHORITY, UPLOAD, SIGNER | {"signature": "?"}], "base64"),
        ([AUTHORITY, UPLOAD, SIGNER | {"signature": "AAAA"}], "signed data with one signer"),
        ([AUTHORITY, UPLOAD, SIGNER | {"signature": base64(UTOPIA.upload.sign(CONTENT))}], "about another certificate"),
        ([AUTHORITY | {"rawData": "?"}, UPLOAD, SIGNER], "no authority of the list"),
        ([*OTHER.entries(GATEWAY.anchor)[:2], AUTHORITY, entry("DSC", UTOPIA.signer, by=OTHER.upload)], "no authority"),
        ([AUTHORITY, UPLOAD, entry("DSC", STRANGER, by=UTOPIA.upload)], "no authority of the list"),
        ([entry("UPLOAD", UTOPIA.authority, by=GATEWAY.anchor), UPLOAD, SIGNER], "no authority of the list"),
    ],
    ids=[
        "no authority",
        "no upload certificate",
        "neither",
        "an upload certificate of nobody",
        "an authority of nobody",
        "unsigned",
        "no base64",
        "no CMS",
        "the signature of something else",
        "an authority that cannot be read",
        "another state's upload certificate",
        "issued by nobody",
        "an authority that is none",
    ],
)
def test_a_signer_that_nobody_vouches_for_is_left_out_with_the_reason(entries: list[Any], why: str) -> None:
    read = vouched(*entries)
    assert read.signers == ()
    assert why in read.left_out[-1]
    assert vouched(*entries, *OTHER.entries(GATEWAY.anchor)).signers, "and hides no other"


def test_what_an_entry_says_of_its_state_counts_for_nothing() -> None:
    entries = [AUTHORITY | {"country": "XA"}, UPLOAD | {"country": "XB"}, SIGNER | {"country": "XC"}]
    assert kids(vouched(*entries)) == [kid(UTOPIA.signer)]


def test_another_anchor_vouches_for_nobody() -> None:
    read = vouched(*GATEWAY.entries(), anchors=(STRANGER.der,))
    assert (read.signers, len(read.left_out)) == ((), 6)


def test_an_entry_that_cannot_be_read_is_left_out_once() -> None:
    read = vouched(AUTHORITY, UPLOAD, SIGNER, gateway_entry(rawData="AAAA", thumbprint=None))
    assert kids(read) == [kid(UTOPIA.signer)]
    assert len(read.left_out) == 1


def test_a_list_of_another_form_stays_as_it_is() -> None:
    read = parse_trust_list(pem(OFFICE))
    assert check_vouched(read, anchors=ANCHORS) is read


# --- signatures in CMS ------------------------------------------------------------------------------------------------

RSA = Party("RSA", key=rsa.generate_private_key(65_537, 2_048))
P521 = Party("P-521", key=ec.generate_private_key(ec.SECP521R1()))
SIGNED = STRANGER.sign(CONTENT)


@pytest.mark.parametrize(
    ("signer", "signature"),
    [
        (STRANGER, SIGNED),
        (STRANGER, STRANGER.sign(CONTENT, hashed=SHA384_HASH)),
        (STRANGER, STRANGER.sign(CONTENT, options=(pkcs7.PKCS7Options.Binary,))),
        (STRANGER, STRANGER.sign(CONTENT, options=(*BARE[:2], pkcs7.PKCS7Options.NoAttributes))),
        (P521, P521.sign(CONTENT)),
        (RSA, RSA.sign(CONTENT)),
        (RSA, RSA.sign(CONTENT, pss=True)),
    ],
    ids=["ES256", "SHA-384", "with the content", "without attributes", "P-521", "PKCS #1", "PSS"],
)
def test_each_kind_of_signature_is_verified(signer: Party, signature: bytes) -> None:
    assert verify_cms(signature, CONTENT, signers=[RSA.der, signer.der]) == signer.der
    with pytest.raises(Rejected) as refused:
        verify_cms(signature, CONTENT + b"s", signers=[signer.der])
    assert refused.value.check is Check.HEALTH_VOUCHER
    with pytest.raises(Rejected, match="does not hold"):
        verify_cms(rebuilt(signature, having("signature", b"x")), CONTENT, signers=[signer.der])


def rebuilt(signature: bytes, change: Any) -> bytes:
    """The same with its signer changed."""
    outer = cms.ContentInfo.load(signature)
    change(outer["content"]["signer_infos"][0])
    return bytes(outer.dump(force=True))


def having(name: str, value: Any) -> Any:
    """Put another value into the signer's member."""
    return lambda signer: signer.__setitem__(name, value)


def having_attribute(name: str, value: Any) -> Any:
    """Put another value into one of the attributes."""

    def change(signer: Any) -> None:
        for attribute in signer["signed_attrs"]:
            if attribute["type"].native == name:
                attribute["values"] = [value]

    return change


@pytest.mark.refuses(Check.HEALTH_VOUCHER)
@pytest.mark.parametrize(
    "change",
    [
        having_attribute("message_digest", bytes(32)),
        having("digest_algorithm", {"algorithm": "sha1"}),
        having("signature_algorithm", {"algorithm": "sha256_rsa"}),
        having("signature_algorithm", {"algorithm": "sha1_ecdsa"}),
        having("signature_algorithm", {"algorithm": "1.2.3"}),
    ],
    ids=["another digest", "SHA-1", "of another kind", "SHA-1 in the signature", "an unknown algorithm"],
)
def test_what_was_changed_is_refused(change: Any) -> None:
    with pytest.raises(Rejected) as refused:
        verify_cms(rebuilt(SIGNED, change), CONTENT, signers=[STRANGER.der])
    assert refused.value.check is Check.HEALTH_VOUCHER


@pytest.mark.parametrize(
    "change",
    [
        having_attribute("content_type", "signed_data"),
        lambda signer: signer["signed_attrs"].append(signer["signed_attrs"][0]),
        lambda signer: having("signed_attrs", list(signer["signed_attrs"])[:1])(signer),
    ],
    ids=["content of another type", "an attribute twice", "no digest"],
)
def test_attributes_that_are_not_as_they_must_be_are_malformed(change: Any) -> None:
    with pytest.raises(Malformed, match="signed data with one signer"):
        parse_cms(rebuilt(SIGNED, change))


def test_a_signature_without_a_signer_or_of_another_type_is_malformed() -> None:
    outer = cms.ContentInfo.load(SIGNED)
    outer["content"]["certificates"] = []
    for data in (bytes(outer.dump(force=True)), STRANGER.der, b"", bytes([0x30, 0x80]), bytes(32_769)):
        with pytest.raises(Malformed):
            parse_cms(data)
    outer = cms.ContentInfo.load(SIGNED)
    outer["content"]["encap_content_info"]["content_type"] = "signed_data"
    with pytest.raises(Malformed):
        parse_cms(bytes(outer.dump(force=True)))


def test_what_stands_behind_a_signature_or_a_certificate_is_refused() -> None:
    with pytest.raises(Malformed):
        parse_cms(SIGNED + b"\0")
    with pytest.raises(Rejected, match="cannot be read"):
        check_issued(UTOPIA.signer.der + b"\0", authorities=[UTOPIA.authority.der])
    with pytest.raises(Rejected, match="no authority of the list"):
        check_issued(UTOPIA.signer.der, authorities=[UTOPIA.authority.der + b"\0"])
    assert country_of(UTOPIA.signer.der + b"\0") == ""


def test_a_key_of_another_kind_has_issued_nothing() -> None:
    other = Party("Ed25519", key=ed25519.Ed25519PrivateKey.generate(), issuer=STRANGER)
    short = Party("RSA 1024", key=rsa.generate_private_key(65_537, 1_024))
    for authority in (other, short):
        with pytest.raises(Rejected, match="no authority of the list"):
            check_issued(Party("Signer", issuer=short).der, authorities=[authority.der])


def test_a_certificate_that_cannot_be_read_was_issued_by_nobody_and_has_no_country() -> None:
    with pytest.raises(Rejected, match="cannot be read"):
        check_issued(b"\x30\x00", authorities=[STRANGER.der])
    assert country_of(b"\x30\x00") == ""
    assert country_of(Party("Nobody", country=None).der) == ""
    assert country_of(STRANGER.der) == "UT"
    assert check_issued(UTOPIA.signer.der, authorities=[STRANGER.der, UTOPIA.authority.der]) == UTOPIA.authority.der
