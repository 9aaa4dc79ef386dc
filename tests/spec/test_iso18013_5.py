"""ISO/IEC 18013-5:2021: the mdoc, with the values of its annex D, and the certificates of its annex B.

Annex D has all but the certificate of the authority. Its public key follows from the signature in the signer's
certificate and is confirmed by the key identifier there, so that a certificate can be made in its place.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha1, sha256
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID
from zegel_testing.authorities import DAY, NOW, anchor, authority, fixed_key, fixed_random, signer, trusting
from zegel_testing.certificates import AUTHORITY, END_ENTITY, certificate, usage
from zegel_testing.mdoc import DOC_TYPE, NAME, issued, presented, response
from zegel_testing.mdoc_vectors import ANNEX_D, SKIPPED, annex_d, load

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.formats.credential import Format, VerifiedPresentation
from zegel.formats.mdoc.device_auth import derive_mac_key, verify_device_signed
from zegel.formats.mdoc.parse import parse_device_response, parse_issuer_signed
from zegel.formats.mdoc.present import present_mdoc
from zegel.formats.mdoc.transcript import AnyTranscript, ProximityTranscript, parse_transcript
from zegel.formats.mdoc.verify import verify_presented_mdoc
from zegel.primitives.cbor import Tag, encode_cbor, encode_embedded, encode_text, parse_cbor, parse_embedded, parse_map
from zegel.primitives.cose import parse_cose_key, parse_sign1, verify_sign1
from zegel.primitives.keys import Curve, PrivateKey, PublicKey, derive_private_key, public_key
from zegel.primitives.x509 import Certificate, parse_certificate
from zegel.trust.anchors import Purpose, TrustAnchor, TrustAnchors
from zegel.trust.authority import SubjectName, issue_certificate

MDL = "org.iso.18013.5.1.mDL"
NAMESPACE = "org.iso.18013.5.1"
SIGNED = 1_601_559_002  # 2020-10-01T13:30:02Z
VALID_UNTIL = 1_633_095_002  # 2021-10-01T13:30:02Z
SHOWN = ["family_name", "issue_date", "expiry_date", "document_number", "portrait", "driving_privileges"]

# SEC 1 section 4.1.6: of the two keys that the signature allows, the one whose hash is the authority key identifier
UTOPIA_IACA = public_key(
    Curve.P256,
    bytes.fromhex(
        "042c3e103dbc07b25c5a770aeedfa5d8bd15417e3e676142461a7875e3b4188a22"
        "21e6423599d1db19aaef66f923d394b61709549bcec2ea6ff60ec75268f2e094"
    ),
    what="key",
)


def annex_key(name: str) -> PrivateKey:
    """A key of the annex."""
    return derive_private_key(annex_d(f"{name}_KEY_D"))


def utopia_iaca(key: PublicKey = UTOPIA_IACA) -> Certificate:
    """A certificate in the place of the authority's; who signed it does not matter in an anchor."""
    name = x509.Name(
        [x509.NameAttribute(NameOID.COMMON_NAME, "utopia iaca"), x509.NameAttribute(NameOID.COUNTRY_NAME, "US")]
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.for_agreement())
        .serial_number(1)
        .not_valid_before(datetime.fromtimestamp(SIGNED - DAY, UTC))
        .not_valid_after(datetime.fromtimestamp(SIGNED + 3_650 * DAY, UTC))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.for_agreement()), critical=False)
    )
    for extension, critical in AUTHORITY:
        builder = builder.add_extension(extension, critical=critical)
    signed = builder.sign(fixed_key("anybody").for_certificates(), hashes.SHA256())
    return parse_certificate(signed.public_bytes(serialization.Encoding.DER))


def anchors(certificate: Certificate) -> TrustAnchors:
    """Trust in an authority for driving licences."""
    return trusting(
        TrustAnchor(certificate=certificate, purpose=Purpose.ISSUER, entity="Utopia", types=frozenset({MDL}))
    )


DEVICE_KEY, EPHEMERAL_DEVICE_KEY, READER_KEY = map(annex_key, ("STATIC_DEVICE", "EPHEMERAL_DEVICE", "EPHEMERAL_READER"))
IACA = utopia_iaca()
SIGNER = parse_certificate(annex_d("DS_CERT"))
ANCHORS = anchors(IACA)
RESPONSE = annex_d("DEVICE_RESPONSE")
MET = ProximityTranscript(
    encoded=parse_embedded(annex_d("SESSION_TRANSCRIPT_BYTES"), what="transcript"), reader_key=READER_KEY
)
(DOCUMENT,) = parse_device_response(RESPONSE).documents
SECURITY_OBJECT = DOCUMENT.issuer_signed.unverified_security_object


def verified(
    data: bytes = RESPONSE, *, transcript: AnyTranscript = MET, now: int = SIGNED, trust: TrustAnchors = ANCHORS
) -> VerifiedPresentation:
    parsed = parse_device_response(data)
    return verify_presented_mdoc(parsed, anchors=trust, transcript=transcript, now=now)


def refused(call: Callable[[], object]) -> Check:
    with pytest.raises(Rejected) as refusal:
        call()
    return refusal.value.check


def test_every_value_of_the_annex_is_read_here_or_skipped() -> None:
    here = Path(__file__).read_text()
    for name in load(ANNEX_D)["hex"]:
        short = name.removeprefix("ISO_18013_5_ANNEX_D_")
        read = f'"{short}"' in here or (short.endswith(("_X", "_Y", "_D")) and short[:-6] in here)
        assert read is not (f"{ANNEX_D}/{name}" in SKIPPED), name


# --- annex D: the response ----------------------------------------------------------------------------------------


def test_8_3_2_1_2_2_the_annexs_device_response_parses() -> None:
    parsed = parse_device_response(RESPONSE)
    assert (parsed.unverified_status, parsed.unverified_errors, len(parsed.documents)) == (0, (), 1)
    assert DOCUMENT.unverified_doc_type == DOCUMENT.issuer_signed.unverified_doc_type == MDL
    items = DOCUMENT.issuer_signed.unverified_namespaces[NAMESPACE]
    assert (items.digest_ids, items.elements) == ([0, 3, 4, 7, 8, 9], SHOWN)


def test_8_3_2_1_2_2_the_elements_are_claims() -> None:
    (namespace,) = verified().credential.claims.values()
    assert isinstance(namespace, dict)
    assert namespace["family_name"] == "Doe"
    assert namespace["issue_date"] == "2019-10-20"
    assert namespace["portrait"] == annex_d("DEVICE_RESPONSE_PORTRAIT_DATA")
    assert namespace["driving_privileges"] == [
        {"vehicle_category_code": "A", "issue_date": "2018-08-09", "expiry_date": "2024-10-20"},
        {"vehicle_category_code": "B", "issue_date": "2017-02-23", "expiry_date": "2024-10-20"},
    ]


def test_9_1_2_4_the_annexs_mobile_security_object() -> None:
    assert (SECURITY_OBJECT.version, SECURITY_OBJECT.digest_algorithm, SECURITY_OBJECT.doc_type) == (
        "1.0",
        "SHA-256",
        MDL,
    )
    assert SECURITY_OBJECT.holder_key == DEVICE_KEY.public_key
    assert (SECURITY_OBJECT.signed, SECURITY_OBJECT.valid_from, SECURITY_OBJECT.valid_until) == (
        SIGNED,
        SIGNED,
        VALID_UNTIL,
    )
    assert SECURITY_OBJECT.digests.keys() == {NAMESPACE, f"{NAMESPACE}.US"}
    assert SECURITY_OBJECT.status is None


def test_9_1_2_4_the_issuers_signature_is_the_document_signers() -> None:
    auth, payload = DOCUMENT.issuer_signed.issuer_auth, DOCUMENT.issuer_signed.payload
    assert auth.x5chain == (annex_d("DS_CERT"),)
    assert verify_sign1(auth, key=SIGNER.key, payload=payload) == payload
    assert refused(lambda: verify_sign1(auth, key=READER_KEY.public_key, payload=payload)) is Check.SIGNATURE
    changed = payload.replace(b"2021-10-01", b"2031-10-01")
    assert changed != payload
    assert refused(lambda: verify_sign1(auth, key=SIGNER.key, payload=changed)) is Check.SIGNATURE


def test_9_1_2_5_each_digest_is_over_the_item_with_its_tag() -> None:
    items = DOCUMENT.issuer_signed.unverified_namespaces[NAMESPACE]
    digests = SECURITY_OBJECT.digests[NAMESPACE]
    for digest_id, encoded in zip(items.digest_ids, items.encoded, strict=True):
        assert encoded.startswith(b"\xd8\x18")
        assert encoded in RESPONSE
        assert digests[digest_id] == sha256(encoded).digest()


# --- annex D: the session -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["STATIC_DEVICE_KEY", "EPHEMERAL_DEVICE_KEY", "EPHEMERAL_READER_KEY"])
def test_9_1_5_2_the_halves_of_the_annexs_keys_belong_together(name: str) -> None:
    private = derive_private_key(annex_d(f"{name}_D"))
    assert private.public_key.coordinates == (annex_d(f"{name}_X"), annex_d(f"{name}_Y"))


def test_9_1_1_4_the_ephemeral_keys_are_embedded_cose_keys() -> None:
    embedded_key = parse_embedded(annex_d("E_DEVICE_KEY_BYTES"), what="key")
    assert parse_cose_key(parse_cbor(embedded_key, what="key"), what="key") == EPHEMERAL_DEVICE_KEY.public_key
    establishment = parse_map(annex_d("SESSION_ESTABLISHMENT"), what="session establishment")
    reader_key = establishment["eReaderKey"]
    assert isinstance(reader_key, Tag)
    assert parse_cose_key(parse_cbor(reader_key.value, what="key"), what="key") == READER_KEY.public_key


def test_9_1_5_1_the_transcript_holds_engagement_reader_key_and_handover() -> None:
    transcript: Any = parse_cbor(MET.encoded, what="transcript")
    engagement, reader_key, handover = transcript
    by_nfc = parse_map(engagement.value, what="engagement")
    by_qr = parse_map(annex_d("DEVICE_ENGAGEMENT"), what="engagement")
    assert (by_nfc[0], by_nfc[1]) == (by_qr[0], by_qr[1])
    assert parse_cose_key(parse_cbor(reader_key.value, what="key"), what="key") == READER_KEY.public_key
    assert [type(record) for record in handover] == [bytes, bytes]
    assert parse_transcript(MET.encoded).encoded == MET.encoded
    assert encode_embedded(MET.encoded) == annex_d("SESSION_TRANSCRIPT_BYTES")


def test_9_1_3_5_both_sides_derive_the_same_key_for_the_mac() -> None:
    readers = derive_mac_key(MET, private=READER_KEY, public=DEVICE_KEY.public_key)
    assert derive_mac_key(MET, private=DEVICE_KEY, public=READER_KEY.public_key) == readers
    assert len(readers) == 32
    elsewhere = replace(MET, encoded=MET.encoded[:-1] + b"\x15")
    assert derive_mac_key(elsewhere, private=READER_KEY, public=DEVICE_KEY.public_key) != readers


def test_9_1_3_5_the_annexs_device_mac_verifies_with_the_readers_key() -> None:
    signed = verify_device_signed(
        DOCUMENT.device_signed,
        key=SECURITY_OBJECT.holder_key,
        authorizations=SECURITY_OBJECT.key_authorizations,
        doc_type=MDL,
        transcript=MET,
    )
    assert signed.namespaces == {}


def test_9_1_3_5_in_another_session_it_does_not() -> None:
    for other in (
        replace(MET, reader_key=fixed_key("another reader")),
        replace(MET, encoded=MET.encoded[:-1] + b"\x15"),
    ):
        assert refused(lambda other=other: verified(transcript=other)) is Check.HOLDER_SIGNATURE


def test_9_1_3_5_who_has_no_readers_key_cannot_tell() -> None:
    assert refused(lambda: verified(transcript=parse_transcript(MET.encoded))) is Check.DEVICE_MAC


@pytest.mark.requirement("OIA_02")
@pytest.mark.requirement("ISSU_02")
def test_9_1_3_6_a_signature_by_the_annexs_device_key_verifies_in_its_session() -> None:
    paths = [(NAMESPACE, "family_name"), (NAMESPACE, "driving_privileges")]
    signed = present_mdoc(DOCUMENT.issuer_signed, paths=paths, holder=DEVICE_KEY, transcript=MET)
    (claims,) = verified(signed).credential.claims.values()
    assert isinstance(claims, dict)
    assert list(claims) == ["family_name", "driving_privileges"]
    assert verified(signed, transcript=parse_transcript(MET.encoded)).credential.type == MDL
    by_another = present_mdoc(DOCUMENT.issuer_signed, paths=paths, holder=EPHEMERAL_DEVICE_KEY, transcript=MET)
    assert refused(lambda: verified(by_another)) is Check.HOLDER_SIGNATURE


def test_9_1_4_5_the_annexs_reader_signs_its_request_in_the_session() -> None:
    request: Any = parse_map(annex_d("DEVICE_REQUEST"), what="request")
    (asked,) = request["docRequests"]
    items = asked["itemsRequest"].value
    assert items == annex_d("ITEMS_REQUEST")
    auth = parse_sign1(asked["readerAuth"], what="readerAuth")
    assert auth == parse_sign1(parse_cbor(annex_d("READER_AUTH"), what="readerAuth"), what="readerAuth")
    assert (auth.payload, auth.x5chain) == (None, (annex_d("READER_CERT"),))
    structure = b"\x83" + encode_text("ReaderAuthentication") + MET.encoded + encode_embedded(items)
    reader = parse_certificate(annex_d("READER_CERT"))
    assert verify_sign1(auth, key=reader.key, payload=encode_embedded(structure))
    assert refused(lambda: verify_sign1(auth, key=reader.key, payload=structure)) is Check.SIGNATURE


# --- annex D: everything together ---------------------------------------------------------------------------------


def test_b_1_the_authority_in_the_annex_signed_the_signers_certificate() -> None:
    assert sha1(UTOPIA_IACA.point).digest() == SIGNER.authority_key_id
    assert SIGNER.issuer == IACA.subject
    assert ANCHORS.verify_chain((SIGNER.der,), purpose=Purpose.ISSUER, now=SIGNED).leaf == SIGNER


def test_9_3_1_the_annexs_response_verifies_from_the_authority_to_the_mac() -> None:
    credential = verified().credential
    assert (credential.format, credential.type, credential.types) == (Format.MDOC, MDL, (MDL,))
    assert (credential.issuer.entity, credential.issuer.subject) == ("Utopia", "C=US,CN=utopia ds")
    assert list(credential.claims[NAMESPACE]) == SHOWN  # type: ignore[call-overload]
    assert (credential.valid_from, credential.valid_until) == (SIGNED, VALID_UNTIL)
    assert credential.holder_key == DEVICE_KEY.public_key


def test_9_3_1_step_1_another_authority_of_that_name_did_not_sign() -> None:
    namesake = anchors(utopia_iaca(READER_KEY.public_key))
    assert refused(lambda: verified(trust=namesake)) is Check.ANCHOR


def test_9_3_1_step_3_a_changed_element_is_refused() -> None:
    for ours, theirs in ((b"cDoe", b"cRoe"), (b"i123456789", b"i123456780"), (b"2024-10-20", b"2034-10-20")):
        changed = RESPONSE.replace(ours, theirs, 1)
        assert changed != RESPONSE
        assert refused(lambda changed=changed: verified(changed)) is Check.ELEMENT_DIGEST


def test_9_3_1_step_4_another_type_is_refused() -> None:
    changed = RESPONSE.replace(MDL.encode(), b"org.iso.18013.5.1.mDX", 1)
    assert refused(lambda: verified(changed)) is Check.DOC_TYPE


@pytest.mark.parametrize(
    ("now", "check"),
    [
        (SIGNER.not_before - 1, Check.CERTIFICATE_VALIDITY),
        (SIGNED - 11, Check.CREDENTIAL_VALIDITY),
        (SIGNER.not_after + 1, Check.CERTIFICATE_VALIDITY),
        (NOW, Check.CERTIFICATE_VALIDITY),
    ],
)
def test_9_3_1_step_5_the_annexs_response_is_valid_in_its_year_alone(now: int, check: Check) -> None:
    assert verified(now=SIGNED - 10)
    assert verified(now=SIGNER.not_after)
    assert refused(lambda: verified(now=now)) is check


# --- what we issue and present ------------------------------------------------------------------------------------


def test_9_1_2_4_what_is_issued_has_the_members_of_the_standard_and_no_more() -> None:
    sent = parse_map(issued(), what="issued")
    assert sent.keys() == {"nameSpaces", "issuerAuth"}
    protected, unprotected, payload, _ = sent["issuerAuth"]  # type: ignore[misc, str-unpack]
    assert parse_map(protected, what="header") == {1: -7}
    assert unprotected.keys() == {33}
    security_object = parse_map(parse_embedded(payload, what="object"), what="object")
    assert security_object.keys() == {
        "version", "digestAlgorithm", "valueDigests", "deviceKeyInfo", "docType", "validityInfo", "status",
    }  # fmt: skip
    validity: Any = security_object["validityInfo"]
    assert {name: type(value) for name, value in validity.items()} == {
        "signed": Tag, "validFrom": Tag, "validUntil": Tag,
    }  # fmt: skip
    assert {value.tag for value in validity.values()} == {0}


def test_9_1_2_5_each_item_has_thirty_two_bytes_of_chance_and_a_digest_id_of_its_own() -> None:
    seen: set[bytes] = set()
    for items in parse_issuer_signed(issued()).unverified_namespaces.values():
        assert len(set(items.digest_ids)) == len(items.digest_ids)
        for encoded in items.encoded:
            item = parse_map(parse_embedded(encoded, what="item"), what="item")
            assert item.keys() == {"digestID", "random", "elementIdentifier", "elementValue"}
            assert isinstance(item["random"], bytes)
            assert len(item["random"]) == 32  # at least 16
            seen.add(item["random"])
    assert len(seen) == 9


def test_8_3_2_1_2_2_what_is_presented_is_a_device_response_of_version_1_0() -> None:
    sent: Any = parse_map(presented(), what="response")
    assert sent.keys() == {"version", "documents", "status"}
    assert (sent["version"], sent["status"]) == ("1.0", 0)
    (shown,) = sent["documents"]
    assert shown.keys() == {"docType", "issuerSigned", "deviceSigned"}
    assert shown["deviceSigned"]["nameSpaces"] == Tag(24, b"\xa0")
    (signature,) = shown["deviceSigned"]["deviceAuth"].values()
    assert signature[:3] == [encode_cbor({1: -7}), {}, None]


def test_8_3_2_1_2_2_a_later_minor_version_is_read_and_another_major_is_not() -> None:
    assert parse_device_response(response(version="1.1", later="member"))
    for version in ("2.0", "0.9", "", "10.0"):
        with pytest.raises(Malformed):
            parse_device_response(response(version=version))


@pytest.mark.parametrize("status", [10, 11, 12])
def test_8_3_2_1_2_3_a_response_with_a_status_shows_nothing(status: int) -> None:
    parsed = parse_device_response(response(documents=None, status=status))
    assert (parsed.unverified_status, list(parsed.documents)) == (status, [])


def test_8_3_2_1_2_3_documents_that_were_not_returned_are_named() -> None:
    parsed = parse_device_response(response(documents=None, documentErrors=[{MDL: 0}, {DOC_TYPE: 1}]))
    assert parsed.unverified_errors == (MDL, DOC_TYPE)


def test_9_1_2_4_the_chain_stands_in_the_unprotected_header() -> None:
    auth = parse_issuer_signed(issued()).issuer_auth
    assert auth.header.labels.keys() == {1}
    assert len(auth.x5chain) == 1


@pytest.mark.requirement("OIA_02")
def test_9_1_3_4_the_holder_signs_transcript_type_and_elements_of_its_own() -> None:
    transcript = parse_transcript(MET.encoded)
    signed = present_mdoc(parse_issuer_signed(issued()), paths=[NAME], holder=DEVICE_KEY, transcript=transcript)
    proof = parse_device_response(signed).documents[0].device_signed.authentication
    structure = encode_cbor(["DeviceAuthentication", "transcript", DOC_TYPE, Tag(24, b"\xa0")])
    structure = structure.replace(encode_text("transcript"), MET.encoded)
    assert verify_sign1(proof, key=DEVICE_KEY.public_key, payload=encode_embedded(structure))  # type: ignore[arg-type]


# --- annex B: certificates ----------------------------------------------------------------------------------------


def library(found: Certificate) -> x509.Certificate:
    return x509.load_der_x509_certificate(found.der)


def table(found: Certificate) -> dict[str, bool]:
    """The extensions, each with whether it is critical."""
    return {extension.oid._name: extension.critical for extension in library(found).extensions}


@pytest.mark.parametrize("curve", list(Curve))
def test_table_b_1_the_certificate_of_an_authority(curve: Curve) -> None:
    root = authority("table b.1", curve=curve).certificate
    made = library(root)
    assert made.version is x509.Version.v3
    assert 63 <= made.serial_number.bit_length() <= 160
    assert made.issuer.public_bytes() == made.subject.public_bytes()
    assert root.names["C"] == "UT"
    assert "CN" in root.names
    assert root.not_after - root.not_before <= 20 * 366 * DAY
    assert root.key.curve is curve
    assert table(root) == {
        "basicConstraints": True, "keyUsage": True, "issuerAltName": False, "subjectKeyIdentifier": False,
    }  # fmt: skip
    constraints = made.extensions.get_extension_for_class(x509.BasicConstraints).value
    assert (constraints.ca, constraints.path_length) == (True, 0)
    assert made.extensions.get_extension_for_class(x509.KeyUsage).value == usage(key_cert_sign=True)
    assert root.key_id == sha1(root.key.point).digest()
    digest = {Curve.P256: "sha256", Curve.P384: "sha384", Curve.P521: "sha512"}[curve]
    assert made.signature_hash_algorithm is not None
    assert made.signature_hash_algorithm.name == digest


def test_table_b_3_the_certificate_of_a_document_signer() -> None:
    root = authority("table b.3")
    name = SubjectName(country="UT", organization="Utopia", common_name="signer")
    signing = issue_certificate(
        root,
        name,
        key=fixed_key("signer").public_key,
        purpose=Purpose.ISSUER,
        now=NOW,
        days=457,
        random=fixed_random(),
        crl_url="https://authority.utopia.example/crl",
    )
    made = library(signing)
    assert made.version is x509.Version.v3
    assert 63 <= made.serial_number.bit_length() <= 160
    assert made.issuer.public_bytes() == library(root.certificate).subject.public_bytes()
    assert signing.names["C"] == root.certificate.names["C"]
    assert "CN" in signing.names
    assert signing.not_after - signing.not_before < 457 * DAY
    assert table(signing) == {
        "authorityKeyIdentifier": False, "subjectKeyIdentifier": False, "keyUsage": True, "issuerAltName": False,
        "cRLDistributionPoints": False, "extendedKeyUsage": True,
    }  # fmt: skip
    assert made.extensions.get_extension_for_class(x509.KeyUsage).value == usage(digital_signature=True)
    assert signing.extended_key_usage == ("1.0.18013.5.1.2",)
    assert signing.authority_key_id == root.certificate.key_id
    assert signing.key_id == sha1(signing.key.point).digest()
    contacts = [
        found.extensions.get_extension_for_class(x509.IssuerAlternativeName).value
        for found in (made, library(root.certificate))
    ]
    assert contacts[0] == contacts[1]
    known = trusting(anchor(root, Purpose.ISSUER), unsafe_unknown=True)
    assert known.verify_chain((signing.der,), purpose=Purpose.ISSUER, now=NOW)


def test_table_b_3_a_certificate_ends_with_its_authority() -> None:
    root = authority("table b.3")
    late = signer(root, "late signer", Purpose.ISSUER, now=root.certificate.not_after - 10 * DAY)
    assert late.certificate.not_after == root.certificate.not_after


SIGNS = x509.ExtendedKeyUsage([x509.ObjectIdentifier("1.0.18013.5.1.2")])
READS = x509.ExtendedKeyUsage([x509.ObjectIdentifier("1.0.18013.5.1.6")])
BOTH = x509.ExtendedKeyUsage([*SIGNS, *READS])
CA = x509.BasicConstraints(ca=True, path_length=None)
TABLE_B_3 = (*END_ENTITY, (SIGNS, True))


@pytest.mark.parametrize(
    "leaf",
    [
        certificate("signer", "root", END_ENTITY),
        certificate("signer", "root", (*END_ENTITY, (READS, True))),
        certificate("signer", "root", (*END_ENTITY, (BOTH, True))),
        certificate("signer", "root", ((SIGNS, True),)),
        certificate("signer", "root", ((usage(key_cert_sign=True), True), (SIGNS, True))),
        certificate("signer", "root", (*TABLE_B_3, (CA, True))),
        certificate("signer", "root", TABLE_B_3, days=458),
        certificate("signer", "root", TABLE_B_3, country="XX"),
        certificate("signer", "root", TABLE_B_3, country="ut"),
        certificate("signer", "root", TABLE_B_3, country=None),
    ],
    ids=[
        "no usage", "a reader", "a reader too", "no key usage", "another key usage", "an authority", "too long",
        "another country", "the country in another spelling", "no country",
    ],
)  # fmt: skip
@pytest.mark.refuses(Check.CERTIFICATE_PROFILE)
def test_table_b_3_another_certificate_signs_no_documents(leaf: Certificate) -> None:
    root = TrustAnchor(certificate=certificate("root", "root", AUTHORITY), purpose=Purpose.ISSUER, entity="Utopia")
    signing = certificate("signer", "root", TABLE_B_3, days=457)
    assert trusting(root).verify_chain((signing.der,), purpose=Purpose.ISSUER, now=NOW)
    assert refused(lambda: trusting(root).verify_chain((leaf.der,), purpose=Purpose.ISSUER, now=NOW)) is (
        Check.CERTIFICATE_PROFILE
    )


def test_table_b_1_nothing_stands_between_authority_and_document_signer() -> None:
    short = ((x509.BasicConstraints(ca=True, path_length=0), True), (usage(key_cert_sign=True), True))
    root = TrustAnchor(certificate=certificate("root", "root", short), purpose=Purpose.ISSUER, entity="Utopia")
    chain = (certificate("signer", "middle", TABLE_B_3).der, certificate("middle", "root", short).der)
    assert refused(lambda: trusting(root).verify_chain(chain, purpose=Purpose.ISSUER, now=NOW)) is Check.ANCHOR
