"""The gateway's list, and who vouches for whom on it."""

import json
from hashlib import sha256
from typing import Any

import pytest
from asn1crypto import cms, x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import pkcs7
from zegel_testing.gateway_list import BARE, GATEWAY, SHA384_HASH, Party, entry
from zegel_testing.health_lists import OFFICE, did_document, gateway_entry, method, pem

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.formats.hcert.believed import BelievedList
from zegel.formats.hcert.ber_certificate import BerCertificate, read_certificate
from zegel.formats.hcert.cms import check_issued, parse_cms, verify_cms
from zegel.formats.hcert.gateway import check_vouched
from zegel.formats.hcert.lists import parse_trust_list
from zegel.primitives.encoding import base64

UTOPIA, OTHER = GATEWAY.states
ANCHORS = (GATEWAY.anchor.der,)
CONTENT = b"a certificate"


def vouched(*entries: Any, anchors: tuple[bytes, ...] = ANCHORS) -> BelievedList:
    return check_vouched(parse_trust_list(json.dumps(list(entries)).encode()), anchors=anchors)


def kids(parsed: BelievedList) -> list[bytes]:
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


@pytest.mark.parametrize(
    "form",
    [pem(OFFICE), OFFICE.der, json.dumps(did_document(method(OFFICE))).encode()],
    ids=["PEM", "DER", "WHO"],
)
def test_nobody_vouches_for_a_list_of_another_form(form: bytes) -> None:
    with pytest.raises(Rejected, match="expected the gateway's list") as refused:
        check_vouched(parse_trust_list(form), anchors=ANCHORS)
    assert refused.value.check is Check.HEALTH_VOUCHER


# --- which kind of certificate it is, says the certificate ------------------------------------------------------------


def test_an_upload_certificate_that_is_called_an_authority_issues_nobody() -> None:
    issued = Party("Signer of its own", issuer=UTOPIA.upload)
    relabelled = entry("CSCA", UTOPIA.upload, by=GATEWAY.anchor)
    own = entry("DSC", issued, by=UTOPIA.upload)
    read = vouched(relabelled, UPLOAD, own)
    assert read.signers == ()
    assert "an authority, or one for uploads, and not both" in read.left_out[0]
    second = Party("Upload 2", usages=("digital_signature",))
    read = vouched(
        entry("CSCA", second, by=GATEWAY.anchor), UPLOAD, entry("DSC", Party("x", issuer=second), by=UTOPIA.upload)
    )
    assert read.signers == ()
    assert "the certificate of an authority" in read.left_out[0]


def test_an_authority_that_is_called_an_upload_certificate_uploads_nobody() -> None:
    relabelled = entry("UPLOAD", UTOPIA.authority, by=GATEWAY.anchor)
    signed = entry("DSC", UTOPIA.signer, by=UTOPIA.authority)
    other = Party("Authority 2", authority=True)
    for read in (
        vouched(AUTHORITY, relabelled, signed),
        vouched(AUTHORITY, entry("UPLOAD", other, by=GATEWAY.anchor), entry("DSC", UTOPIA.signer, by=other)),
    ):
        assert read.signers == ()
        assert "may not sign it" in read.left_out[-1]


def test_a_certificate_under_both_kinds_is_refused_for_both() -> None:
    both = [entry(kind, UTOPIA.upload, by=GATEWAY.anchor) for kind in ("CSCA", "UPLOAD")]
    read = vouched(AUTHORITY, *both, SIGNER)
    assert (read.signers, len(read.left_out)) == ((), 3)
    assert vouched(AUTHORITY, both[1], SIGNER).signers


@pytest.mark.parametrize(
    ("authority", "upload", "counts"),
    [
        ({"authority": True}, {}, True),
        ({"authority": True, "usages": ("key_cert_sign", "digital_signature")}, {"authority": False}, True),
        ({"authority": True}, {"usages": ("digital_signature", "key_cert_sign")}, True),
        ({"authority": True, "usages": ("digital_signature",)}, {}, False),
        ({"authority": False, "usages": ("key_cert_sign",)}, {}, False),
        ({"usages": ("key_cert_sign",)}, {}, False),
        ({"authority": True}, {"usages": ("key_agreement",)}, False),
        ({"authority": True}, {"authority": True, "usages": ("digital_signature",)}, False),
    ],
    ids=[
        "the least that states have",
        "more of it",
        "an upload key that says it issues, as some do",
        "an authority that does not issue",
        "an authority that says it is none",
        "an authority that says nothing",
        "an upload key that does not sign",
        "an upload certificate of an authority",
    ],
)
def test_a_certificate_is_of_the_kind_that_it_says(
    authority: dict[str, Any], upload: dict[str, Any], counts: bool
) -> None:
    issuing, uploading = Party("Authority", **authority), Party("Upload", **upload)
    entries = [
        entry("CSCA", issuing, by=GATEWAY.anchor),
        entry("UPLOAD", uploading, by=GATEWAY.anchor),
        entry("DSC", Party("Signer", issuer=issuing), by=uploading),
    ]
    assert bool(vouched(*entries).signers) is counts


def test_what_a_key_is_called_is_of_its_certificate() -> None:
    read = vouched(AUTHORITY, UPLOAD, SIGNER | {"kid": base64(kid(OTHER.signer))})
    assert read.signers == ()
    assert "beginning of the certificate's hash" in read.left_out[0]


@pytest.mark.parametrize("country", [(), ("UT", "XA")], ids=["none", "two"])
def test_states_without_a_country_do_not_vouch_for_one_another(country: tuple[str, ...]) -> None:
    issuing = Party("Authority", country=country, authority=True)
    uploading = Party("Upload", country=country)
    entries = [
        entry("CSCA", issuing, by=GATEWAY.anchor),
        entry("UPLOAD", uploading, by=GATEWAY.anchor),
        entry("DSC", Party("Signer", issuer=issuing), by=uploading),
    ]
    read = vouched(*entries)
    assert read.signers == ()
    assert ["names one country" in why for why in read.left_out] == [True, True, False]


def test_the_case_of_a_country_counts_for_nothing() -> None:
    uploading = Party("Upload", country="ut")
    entries = [AUTHORITY, entry("UPLOAD", uploading, by=GATEWAY.anchor), entry("DSC", UTOPIA.signer, by=uploading)]
    assert kids(vouched(*entries)) == [kid(UTOPIA.signer)]


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
    assert verify_cms(signature, CONTENT, signers=by_der(RSA, signer)).der == signer.der
    with pytest.raises(Rejected) as refused:
        verify_cms(signature, CONTENT + b"s", signers=by_der(signer))
    assert refused.value.check is Check.HEALTH_VOUCHER
    with pytest.raises(Rejected, match="does not hold"):
        verify_cms(rebuilt(signature, having("signature", b"x")), CONTENT, signers=by_der(signer))


def by_der(*parties: Party) -> dict[bytes, BerCertificate]:
    return {party.der: read_certificate(party.der) for party in parties}


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
        verify_cms(rebuilt(SIGNED, change), CONTENT, signers=by_der(STRANGER))
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


def test_what_stands_behind_a_signature_is_malformed() -> None:
    with pytest.raises(Malformed):
        parse_cms(SIGNED + b"\0")


def issued(certificate: bytes, *authorities: Party) -> BerCertificate:
    return check_issued(read_certificate(certificate), authorities=by_der(*authorities).values())


def test_a_key_of_another_kind_has_issued_nothing() -> None:
    other = Party("Ed25519", key=ed25519.Ed25519PrivateKey.generate(), issuer=STRANGER)
    short = Party("RSA 1024", key=rsa.generate_private_key(65_537, 1_024))
    for authority in (other, short, RSA):
        with pytest.raises(Rejected, match="no authority of the list"):
            issued(Party("Signer", issuer=short).der, authority)
    with pytest.raises(Rejected, match="no authority of the list"):
        issued(UTOPIA.signer.der, RSA)
    assert issued(UTOPIA.signer.der, STRANGER, UTOPIA.authority).der == UTOPIA.authority.der


def test_a_certificate_whose_signature_cannot_be_read_was_issued_by_nobody() -> None:
    pss = x509.Certificate.load(Party("Signer", issuer=RSA).der)
    pss["signature_algorithm"] = {"algorithm": "rsassa_pss", "parameters": {"salt_length": 32}}
    unread = pss.dump(force=True).replace(b"\x02\x01\x20", b"\x04\x01\x20")
    with pytest.raises(Rejected, match="cannot be read"):
        issued(unread, RSA)
