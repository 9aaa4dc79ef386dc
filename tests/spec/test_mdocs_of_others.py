"""Mdocs and certificates that others made, as far as ISO/IEC 18013-5 lets zegel take them.

Where a source has no certificate of the authority, the signer is taken for trusted, and all but the chain is verified.
"""

import json
from base64 import b64decode
from collections import Counter
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import pytest
from zegel_testing.authorities import DAY, trusting
from zegel_testing.mdoc import TRANSCRIPT
from zegel_testing.mdoc_vectors import ANNEX_D, SKIPPED, SKIPS, VECTORS, load

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.formats.credential import StatusReference, VerifiedCredential
from zegel.formats.mdoc.device_auth import VerifiedDeviceSigned, verify_device_signed
from zegel.formats.mdoc.parse import (
    UnverifiedDocument,
    UnverifiedIssuerSigned,
    parse_device_response,
    parse_issuer_signed,
)
from zegel.formats.mdoc.present import present_mdoc
from zegel.formats.mdoc.transcript import AnyTranscript, parse_transcript
from zegel.formats.mdoc.verify import verify_issuer_signed
from zegel.primitives.cbor import encode_cbor, parse_cbor, parse_embedded
from zegel.primitives.keys import parse_secret_jwk
from zegel.primitives.x509 import Certificate, parse_certificate, parse_pem_certificates
from zegel.trust.anchors import Purpose, TrustAnchor, TrustAnchors, VerifiedChain

AUTH0 = {f"auth0-mdl.json/{vector['name']}": vector for vector in load("auth0-mdl.json")["vectors"]}
MDL = "org.iso.18013.5.1"
PID = "eu.europa.ec.eudi.pid.1"
FULL, PARTIAL, TAMPERED, WITH_ATTRIBUTES = AUTH0


def issuer_verified(issued: UnverifiedIssuerSigned, *, now: int) -> VerifiedCredential:
    """What the issuer signed, under a signer that is taken for trusted."""
    leaf = parse_certificate(issued.issuer_auth.x5chain[0])
    anchor = TrustAnchor(certificate=leaf, purpose=Purpose.ISSUER, entity="the source")
    return verify_issuer_signed(issued, chain=VerifiedChain(leaf=leaf, anchor=anchor), now=now)


def holder_verified(shown: UnverifiedDocument, transcript: AnyTranscript) -> VerifiedDeviceSigned:
    security_object = shown.issuer_signed.unverified_security_object
    return verify_device_signed(
        shown.device_signed,
        key=security_object.holder_key,
        authorizations=security_object.key_authorizations,
        doc_type=security_object.doc_type,
        transcript=transcript,
    )


def refused(call: Callable[[], object]) -> Check:
    with pytest.raises(Rejected) as refusal:
        call()
    return refusal.value.check


def test_the_number_of_skips_is_bounded_and_each_names_something() -> None:
    names = {f"{ANNEX_D}/{name}" for name in load(ANNEX_D)["hex"]} | AUTH0.keys()
    names |= {str(path.relative_to(VECTORS)) for path in VECTORS.glob("*/*")}
    assert SKIPPED.keys() <= names
    assert all(SKIPPED.values())
    assert Counter(name.partition("/")[0] for name in SKIPPED) == SKIPS["at_most"]


def test_the_vectors_are_those_that_the_source_names() -> None:
    named = (VECTORS / "SOURCE.md").read_text()
    files = {path for ending in ("json", "txt", "pem") for path in VECTORS.rglob(f"*.{ending}")}
    assert len(files) == 14
    for path in files:
        assert f"| {path.relative_to(VECTORS)} | {sha256(path.read_bytes()).hexdigest()} |" in named


# --- auth0-lab/mdl ------------------------------------------------------------------------------------------------


def detached(name: str) -> UnverifiedDocument:
    """The document of a vector, the payload of its device signature taken out as the standard asks."""
    members: Any = parse_cbor(bytes.fromhex(AUTH0[name]["deviceResponse"]), what="vector")
    members["documents"][0]["deviceSigned"]["deviceAuth"]["deviceSignature"][2] = None
    (shown,) = parse_device_response(encode_cbor(members)).documents
    return shown


def transcript_of(name: str) -> AnyTranscript:
    return parse_transcript(parse_embedded(bytes.fromhex(AUTH0[name]["encodedSessionTranscript"]), what="transcript"))


def valid_from(issued: UnverifiedIssuerSigned) -> int:
    return issued.unverified_security_object.valid_from


@pytest.mark.parametrize("name", AUTH0)
def test_9_1_3_6_an_attached_payload_is_malformed(name: str) -> None:
    with pytest.raises(Malformed, match="detached payload"):
        parse_device_response(bytes.fromhex(AUTH0[name]["deviceResponse"]))


@pytest.mark.parametrize(("name", "shown"), [(FULL, 12), (PARTIAL, 6), (WITH_ATTRIBUTES, 12)])
def test_9_3_1_the_issuers_part_verifies(name: str, shown: int) -> None:
    issued = detached(name).issuer_signed
    credential = issuer_verified(issued, now=valid_from(issued))
    assert credential.type == f"{MDL}.mDL"
    claims: Any = credential.claims[MDL]
    assert len(claims) == shown
    assert claims["family_name"] == "Smith"


def test_9_3_1_step_3_the_changed_element_is_found() -> None:
    issued = detached(TAMPERED).issuer_signed
    assert TAMPERED not in SKIPPED
    assert refused(lambda: issuer_verified(issued, now=valid_from(issued))) is Check.ELEMENT_DIGEST


@pytest.mark.parametrize("name", [FULL, PARTIAL])
def test_9_1_3_6_the_device_signature_verifies_in_its_session_alone(name: str) -> None:
    shown = detached(name)
    assert holder_verified(shown, transcript_of(name)).namespaces == {}
    assert refused(lambda: holder_verified(shown, TRANSCRIPT)) is Check.HOLDER_SIGNATURE


def test_9_1_2_4_elements_that_the_issuer_did_not_authorize_are_refused() -> None:
    shown = detached(WITH_ATTRIBUTES)
    namespaces = shown.device_signed.unverified_namespaces
    assert namespaces == {"org.iso.wallet.mDL": {"version": 1, "deviceName": "mDL Super Wallet"}}
    assert refused(lambda: holder_verified(shown, transcript_of(WITH_ATTRIBUTES))) is Check.KEY_AUTHORIZATION
    assert refused(lambda: holder_verified(shown, TRANSCRIPT)) is Check.HOLDER_SIGNATURE


def test_table_b_3_its_self_signed_signer_is_no_document_signer() -> None:
    issued = detached(FULL).issuer_signed
    (listed,) = parse_pem_certificates(load("auth0-mdl.json")["issuer_pem"].encode(), what="issuer")
    assert issued.issuer_auth.x5chain == (listed.der,)
    anchors = issuers(listed)
    now = valid_from(issued)
    chain = issued.issuer_auth.x5chain
    assert refused(lambda: anchors.verify_chain(chain, purpose=Purpose.ISSUER, now=now)) is Check.CHAIN


# --- the libraries of the European wallet -------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "namespace", "count"), [("pid", PID, 33), ("mdl", MDL, 37)])
def test_9_3_1_step_5_what_was_signed_too_late_is_refused(name: str, namespace: str, count: int) -> None:
    """All that comes before that step is good: the signature, and the digests of every element."""
    assert f"eudi-ios/{name}_b64.txt" in SKIPPED
    data = b64decode((VECTORS / "eudi-ios" / f"{name}_b64.txt").read_bytes())
    (shown,) = parse_device_response(data).documents
    items = shown.issuer_signed.unverified_namespaces[namespace]
    assert len(items.elements) == count
    leaf = parse_certificate(shown.issuer_signed.issuer_auth.x5chain[0])
    signed = shown.issuer_signed.unverified_security_object.signed
    assert leaf.not_after < signed < leaf.not_after + 19 * DAY
    assert refused(lambda: issuer_verified(shown.issuer_signed, now=signed)) is Check.SIGNING_TIME
    changed = data.replace(b"ANDERSSON", b"ANDERSSEN")
    assert changed != data
    (other,) = parse_device_response(changed).documents
    assert refused(lambda: issuer_verified(other.issuer_signed, now=signed)) is Check.ELEMENT_DIGEST


def eudi_pid() -> UnverifiedIssuerSigned:
    return parse_issuer_signed((VECTORS / "eudi-jvm" / "mso_mdoc_pid-issuersigned.txt").read_text())


def test_a_pid_of_the_european_issuer_is_read_with_its_status() -> None:
    issued = eudi_pid()
    credential = issuer_verified(issued, now=valid_from(issued))
    assert credential.type == PID
    assert credential.status == StatusReference(
        uri="https://issuer.eudiw.dev/token_status_list/FC/eu.europa.ec.eudi.pid.1/d48b4e67-fe33-443c-8984-ea09381e9efd",
        index=1469,
    )
    claims: Any = credential.claims[PID]
    assert len(claims) == 23
    assert (claims["family_name"], claims["birth_date"], claims["nationality"]) == ("Neal", "1955-04-12", ["AT"])


@pytest.mark.requirement("OIA_02")
def test_a_pid_of_the_european_issuer_is_presented_with_its_own_key() -> None:
    issued = eudi_pid()
    holder = parse_secret_jwk(
        json.loads((VECTORS / "eudi-jvm" / "mso_mdoc_pid-devicekey.json").read_text()), what="holder"
    )
    assert issued.unverified_security_object.holder_key == holder.public_key
    paths = [(PID, "family_name"), (PID, "portrait")]
    (shown,) = parse_device_response(present_mdoc(issued, paths=paths, holder=holder, transcript=TRANSCRIPT)).documents
    assert holder_verified(shown, TRANSCRIPT).namespaces == {}
    credential = issuer_verified(shown.issuer_signed, now=valid_from(issued))
    assert list(credential.claims[PID]) == ["family_name", "portrait"]  # type: ignore[call-overload]


# --- the certificates of spruceid/isomdl --------------------------------------------------------------------------

DURING = 1_699_956_065  # when the latest of them begins


def pem(name: str) -> Certificate:
    (found,) = parse_pem_certificates((VECTORS / "isomdl-x509" / f"{name}.pem").read_bytes(), what="certificate")
    return found


def issuers(certificate: Certificate) -> TrustAnchors:
    anchor = TrustAnchor(certificate=certificate, purpose=Purpose.ISSUER, entity="the source")
    return trusting(anchor, unsafe_unknown=True)


def test_table_b_3_a_good_signer_of_isomdl_leads_to_its_authority() -> None:
    root, signer = pem("isomdl_iaca_root_cert"), pem("isomdl_iaca_signer")
    assert issuers(root).verify_chain((signer.der,), purpose=Purpose.ISSUER, now=DURING).leaf == signer
    stranger = issuers(pem("owf_multipaz_iaca_p384"))
    assert refused(lambda: stranger.verify_chain((signer.der,), purpose=Purpose.ISSUER, now=DURING)) is Check.ANCHOR


@pytest.mark.parametrize(
    ("names", "check"),
    [
        (["isomdl_incorrect_iaca_signer"], Check.CERTIFICATE_PROFILE),
        (["isomdl_iaca_intermediate"], Check.CERTIFICATE_PROFILE),
        (["isomdl_iaca_leaf_signer", "isomdl_iaca_intermediate"], Check.ANCHOR),
        (["isomdl_iaca_leaf_signer"], Check.ANCHOR),
        (["isomdl_iaca_signer", "isomdl_iaca_root_cert"], Check.CHAIN),
        (["isomdl_iaca_root_cert"], Check.CHAIN),
    ],
)
def test_table_b_3_the_other_signers_of_isomdl_do_not(names: list[str], check: Check) -> None:
    chain = tuple(pem(name).der for name in names)
    anchors = issuers(pem("isomdl_iaca_root_cert"))
    assert refused(lambda: anchors.verify_chain(chain, purpose=Purpose.ISSUER, now=DURING)) is check


def test_table_b_3_a_serial_number_is_positive() -> None:
    assert "isomdl-x509/owf_multipaz_ds_p384.pem" in SKIPPED
    with pytest.raises(Malformed, match="positive number"):
        pem("owf_multipaz_ds_p384")
