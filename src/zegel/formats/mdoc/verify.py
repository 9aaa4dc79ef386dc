"""Verification of mdocs: the issuer's part, and the holder's (ISO/IEC 18013-5 sections 9.3.1 and 9.1.3)."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from hashlib import sha256, sha384, sha512
from typing import Final

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.formats.claims import Claim
from zegel.formats.credential import Format, Issuer, UnboundPresentation, VerifiedCredential, VerifiedPresentation
from zegel.formats.mdoc.device_auth import verify_device_signed
from zegel.formats.mdoc.items import Namespaces
from zegel.formats.mdoc.parse import UnverifiedDeviceResponse, UnverifiedDocument, UnverifiedIssuerSigned
from zegel.formats.mdoc.security_object import SecurityObject
from zegel.formats.mdoc.transaction_data import check_transaction_data
from zegel.formats.mdoc.transcript import AnyTranscript
from zegel.primitives.cose import check_no_cwt, verify_sign1
from zegel.primitives.keys import ALGORITHM_OF
from zegel.primitives.times import TOLERATED_EARLY, TOLERATED_LATE
from zegel.primitives.x509 import Certificate, parse_certificate
from zegel.trust.anchors import Purpose, TrustAnchors, VerifiedChain, check_entitlement

VERSION: Final = "1.0"
# An attribute of an enumeration's class takes ten times as long to read as a name of the module.
_FORMAT: Final = Format.MDOC
_ISSUER: Final = Purpose.ISSUER
_VALIDITY: Final = Check.CREDENTIAL_VALIDITY
DIGESTS: Final = {"SHA-256": sha256, "SHA-384": sha384, "SHA-512": sha512}  # section 9.1.2.5, table 21


def verify_issued_mdoc(
    issued: UnverifiedIssuerSigned, *, anchors: TrustAnchors, now: int, early: int = TOLERATED_EARLY
) -> VerifiedCredential:
    """Verify an mdoc as its issuer sends it. It may begin to be valid so many seconds from now (``early``)."""
    chain = anchors.verify_chain(issued.issuer_auth.x5chain, purpose=_ISSUER, now=now)
    return verify_issuer_signed(issued, chain=chain, now=now, early=early)


def verify_presented_mdoc(
    response: UnverifiedDeviceResponse,
    *,
    anchors: TrustAnchors,
    transcript: AnyTranscript,
    now: int,
    transaction_data: Sequence[str] = (),
) -> VerifiedPresentation:
    """Verify a response that holds one mdoc, presented by its holder in the session of ``transcript``.

    ``transaction_data`` holds the strings of the request that this mdoc has to sign. ``Rejected`` with the check that
    fails; DEVICE_RESPONSE for another number of documents, a status or an error.
    """
    document = _only_document(response)
    return verify_document(document, anchors=anchors, transcript=transcript, now=now, transaction_data=transaction_data)


def verify_unbound_mdoc(response: UnverifiedDeviceResponse, *, anchors: TrustAnchors, now: int) -> UnboundPresentation:
    """Verify a response of which the holder is not asked; what the device signed in it is not looked at."""
    issued = _of_its_type(_only_document(response))
    return UnboundPresentation(credential=verify_issued_mdoc(issued, anchors=anchors, now=now))


def verify_document(
    document: UnverifiedDocument,
    *,
    anchors: TrustAnchors,
    transcript: AnyTranscript,
    now: int,
    transaction_data: Sequence[str] = (),
) -> VerifiedPresentation:
    """Verify one document of a response, as ``verify_presented_mdoc`` does."""
    issued = _of_its_type(document)
    security_object = issued.unverified_security_object
    chain = anchors.verify_chain(issued.issuer_auth.x5chain, purpose=_ISSUER, now=now)
    _verify_signature(issued, chain)
    device_signed = verify_device_signed(
        document.device_signed,
        key=security_object.holder_key,
        authorizations=security_object.key_authorizations,
        doc_type=security_object.doc_type,
        transcript=transcript,
    )
    check_transaction_data(device_signed, transaction_data)
    return VerifiedPresentation(_verify_claims(issued, chain, now))


def verify_issuer_signed(
    issued: UnverifiedIssuerSigned, *, chain: VerifiedChain, now: int, early: int = TOLERATED_EARLY
) -> VerifiedCredential:
    """Verify the issuer's part under a chain that is verified for it. Each step may assume those above it."""
    # 1. the signer signed the security object, and not as a status list or the like
    _verify_signature(issued, chain)
    return _verify_claims(issued, chain, now, early)


def _verify_signature(issued: UnverifiedIssuerSigned, chain: VerifiedChain) -> None:
    check_no_cwt(issued.issuer_auth.header)
    verify_sign1(issued.issuer_auth, key=chain.leaf.key, payload=issued.payload)


def _verify_claims(
    issued: UnverifiedIssuerSigned, chain: VerifiedChain, now: int, early: int = TOLERATED_EARLY
) -> VerifiedCredential:
    security_object = issued.unverified_security_object
    # 2. which has digests of every element that is disclosed
    claims = _verify_items(issued.unverified_namespaces, security_object)
    # 3. the signer may issue this type
    check_entitlement(chain, security_object.doc_type)
    # 4. it was signed while it might be, and is valid now
    _check_signing_time(security_object, chain.leaf)
    _check_validity(security_object, now, early)
    return VerifiedCredential(
        _FORMAT,
        security_object.doc_type,
        (security_object.doc_type,),
        _issuer(chain.anchor.entity, chain.anchor.certificate.subject, chain.leaf.subject, issued.issuer_auth.x5chain),
        claims,
        security_object.status,
        security_object.valid_from,
        security_object.valid_until,
        security_object.holder_key,
    )


def _only_document(response: UnverifiedDeviceResponse) -> UnverifiedDocument:
    # HAIP 1.0 section 5.3.1: each mdoc is returned in a response of its own
    if response.unverified_status or response.unverified_errors or len(response.documents) != 1:
        detail = (
            f"expected one document without an error, got {len(response.documents)} "
            f"with status {response.unverified_status} and {len(response.unverified_errors)} errors"
        )
        raise Rejected(Check.DEVICE_RESPONSE, detail, field="documents")
    return response.documents[0]


def _of_its_type(document: UnverifiedDocument) -> UnverifiedIssuerSigned:
    issued = document.issuer_signed
    if document.unverified_doc_type != issued.unverified_doc_type:  # section 9.3.1 step 4
        raise Rejected(Check.DOC_TYPE, "expected the type that the issuer signed", field="docType")
    return issued


def _verify_items(namespaces: Namespaces, security_object: SecurityObject) -> Mapping[str, Mapping[str, Claim]]:
    digest = DIGESTS.get(security_object.digest_algorithm)
    if security_object.version != VERSION or digest is None:
        detail = f"expected version {VERSION} and digests with one of {', '.join(DIGESTS)}"
        raise Rejected(Check.SECURITY_OBJECT, detail, field="issuerAuth")
    claims: dict[str, dict[str, Claim]] = {}
    for namespace, items in namespaces.items():
        digests = security_object.digests.get(namespace, {})
        elements: dict[str, Claim] = {}
        columns = zip(items.elements, items.values, items.digest_ids, items.encoded, strict=True)
        for element, value, digest_id, encoded in columns:
            if digests.get(digest_id) != digest(encoded).digest():  # section 9.3.1 step 3
                detail = f"expected the digest of {element[:80]} to be the one that the issuer signed"
                raise Rejected(Check.ELEMENT_DIGEST, detail, field=f"nameSpaces.{namespace[:80]}")
            elements[element] = value
        if not len(elements) == len(set(items.digest_ids)) == len(items.elements):
            detail = "expected each element and each digest ID once"
            raise Rejected(Check.REPEATED_ELEMENT, detail, field=f"nameSpaces.{namespace[:80]}")
        claims[namespace] = elements
    return claims


def _check_signing_time(security_object: SecurityObject, leaf: Certificate) -> None:
    if not leaf.not_before <= security_object.signed <= leaf.not_after:  # section 9.3.1 step 5
        detail = "the security object was signed outside the validity of its signer's certificate"
        raise Rejected(Check.SIGNING_TIME, detail, field="validityInfo.signed")


def _check_validity(security_object: SecurityObject, now: int, early: int) -> None:
    if security_object.valid_until <= now - TOLERATED_LATE:
        raise Rejected(_VALIDITY, "the credential is expired", field="validityInfo.validUntil")
    if security_object.valid_from > now + early:
        raise Rejected(_VALIDITY, "the credential is not valid yet", field="validityInfo.validFrom")
    if security_object.signed > now + TOLERATED_EARLY:
        raise Rejected(_VALIDITY, "expected the credential to be issued already", field="validityInfo.signed")


@lru_cache(maxsize=256)
def _issuer(entity: str, anchor: str, subject: str, x5chain: tuple[bytes, ...]) -> Issuer:
    """Made once, for an issuer signs many credentials."""
    chain = [parse_certificate(certificate) for certificate in x5chain]
    key_ids = tuple(each.authority_key_id for each in chain if each.authority_key_id is not None)
    algorithm = ALGORITHM_OF[chain[0].key.curve]
    return Issuer(entity=entity, anchor=anchor, subject=subject, key_ids=key_ids, algorithm=algorithm)
