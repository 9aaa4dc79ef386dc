"""A certificate announced before it is issued: a pre-certificate, as CMS has it (RFC 9162 section 3.2, RFC 5652).

What its authority signs is not a certificate's signature, so that nobody can make a certificate of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, final

from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.primitives.der import (
    BIT_STRING,
    INTEGER,
    OBJECT_IDENTIFIER,
    OCTET_STRING,
    SEQUENCE,
    SET,
    Element,
    encode_element,
    encode_oid,
    parse_element,
    parse_elements,
)
from zegel.primitives.keys import Curve, Signer, verify_signature
from zegel.primitives.x509 import MAX_CERTIFICATE, Certificate, parse_certificate
from zegel.trust.transparency.extensions import POISON, TRANSPARENCY_INFORMATION, has_extension

MAX_PRECERTIFICATE: Final = MAX_CERTIFICATE + 1_000  # what surrounds the certificate is under 300 bytes

_SIGNED_DATA: Final = encode_element(OBJECT_IDENTIFIER, encode_oid("1.2.840.113549.1.7.2"))
_TBS_CERTIFICATE: Final = encode_element(OBJECT_IDENTIFIER, encode_oid("1.3.101.78"))
_CONTENT_TYPE: Final = encode_element(OBJECT_IDENTIFIER, encode_oid("1.2.840.113549.1.9.3"))
_MESSAGE_DIGEST: Final = encode_element(OBJECT_IDENTIFIER, encode_oid("1.2.840.113549.1.9.4"))
_SHA256: Final = encode_element(
    SEQUENCE, encode_element(OBJECT_IDENTIFIER, encode_oid("2.16.840.1.101.3.4.2.1"))
)  # RFC 5754 section 2: without parameters
_SIGNATURES: Final[Mapping[Curve, bytes]] = {
    curve: encode_element(SEQUENCE, encode_element(OBJECT_IDENTIFIER, encode_oid(oid)))
    for curve, oid in (
        (Curve.P256, "1.2.840.10045.4.3.2"),
        (Curve.P384, "1.2.840.10045.4.3.3"),
        (Curve.P521, "1.2.840.10045.4.3.4"),
    )
}
_SIZES: Final[Mapping[Curve, int]] = {Curve.P256: 32, Curve.P384: 48, Curve.P521: 66}
_VERSION: Final = encode_element(INTEGER, b"\x03")
_CONTENT: Final = 0xA0  # [0] EXPLICIT, and the signed attributes' [0] IMPLICIT SET OF
_KEY_ID: Final = 0x80  # [0] IMPLICIT OCTET STRING
_WHAT: Final = "pre-certificate"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class UnverifiedPrecertificate:
    """A pre-certificate that parses. ``announced`` is the certificate that it would be, its signature left empty."""

    unverified_tbs: bytes
    unverified_announced: Certificate
    unverified_key_id: bytes
    attributes: bytes
    algorithm: bytes
    signature: bytes


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedPrecertificate:
    """What an authority has said that it will issue."""

    tbs: bytes
    announced: Certificate
    issuer: Certificate


def build_precertificate(tbs: bytes, *, key_id: bytes, signer: Signer) -> bytes:
    """Announce a TBSCertificate, which has no transparency information; ``signer`` has its issuer's key."""
    attributes = _attributes(tbs)
    raw = signer.sign(encode_element(SET, attributes))
    half = len(raw) // 2
    signature = encode_dss_signature(int.from_bytes(raw[:half]), int.from_bytes(raw[half:]))
    info = encode_element(
        SEQUENCE,
        _VERSION,
        encode_element(_KEY_ID, key_id),
        _SHA256,
        encode_element(_CONTENT, attributes),
        _SIGNATURES[signer.public_key.curve],
        encode_element(OCTET_STRING, signature),
    )
    content = encode_element(SEQUENCE, _TBS_CERTIFICATE, encode_element(_CONTENT, encode_element(OCTET_STRING, tbs)))
    signed = encode_element(SEQUENCE, _VERSION, encode_element(SET, _SHA256), content, encode_element(SET, info))
    return encode_element(SEQUENCE, _SIGNED_DATA, encode_element(_CONTENT, signed))


def parse_precertificate(der: bytes) -> UnverifiedPrecertificate:
    """Parse a pre-certificate; ``Malformed`` for anything that section 3.2 does not have."""
    if len(der) > MAX_PRECERTIFICATE:
        raise Malformed(_WHAT, "", f"expected at most {MAX_PRECERTIFICATE} bytes, got {len(der)}")
    wrapped = _members(parse_element(der, SEQUENCE, what=_WHAT), 2, "ContentInfo")
    _expect(wrapped[0], _SIGNED_DATA, "contentType")
    signed = parse_element(_tagged(wrapped[1], _CONTENT, "content").content, SEQUENCE, what=_WHAT, where="content")
    # four members: there are no certificates and no crls
    version, digests, content, infos = _members(signed, 4, "SignedData")
    _expect(version, _VERSION, "version")
    _expect(digests, encode_element(SET, _SHA256), "digestAlgorithms")
    kind, wrapped_tbs = _members(content, 2, "encapContentInfo")
    _expect(kind, _TBS_CERTIFICATE, "eContentType")
    octets = parse_element(_tagged(wrapped_tbs, _CONTENT, "eContent").content, OCTET_STRING, what=_WHAT)
    info = parse_element(_tagged(infos, SET, "signerInfos").content, SEQUENCE, what=_WHAT, where="signerInfos")
    # six members: there are no unsigned attributes
    version, key_id, digest, attributes, algorithm, signature = _members(info, 6, "SignerInfo")
    _expect(version, _VERSION, "signerInfos.version")
    _expect(digest, _SHA256, "signerInfos.digestAlgorithm")
    _expect(attributes, encode_element(_CONTENT, _attributes(octets.content)), "signerInfos.signedAttrs")
    return UnverifiedPrecertificate(
        unverified_tbs=octets.content,
        unverified_announced=announced_certificate(octets.content),
        unverified_key_id=_tagged(key_id, _KEY_ID, "signerInfos.sid").content,
        attributes=encode_element(SET, attributes.content),
        algorithm=algorithm.der,
        signature=_tagged(signature, OCTET_STRING, "signerInfos.signature").content,
    )


def verify_precertificate(precertificate: UnverifiedPrecertificate, *, issuer: Certificate) -> VerifiedPrecertificate:
    """Verify that ``issuer`` announced this certificate; ``Rejected(LOG_SUBMISSION)`` otherwise.

    That the issuer may do so is the caller's to verify.
    """
    announced = precertificate.unverified_announced
    if precertificate.unverified_key_id != issuer.key_id or announced.issuer != issuer.subject:
        raise Rejected(Check.LOG_SUBMISSION, "expected the name and the key of its issuer", field="submission")
    if precertificate.algorithm != _SIGNATURES[issuer.key.curve]:
        raise Rejected(Check.LOG_SUBMISSION, "expected the algorithm of its issuer's key", field="submission")
    size = _SIZES[issuer.key.curve]
    try:
        r, s = decode_dss_signature(precertificate.signature)
        raw = r.to_bytes(size) + s.to_bytes(size)
    except (ValueError, OverflowError):
        raise Rejected(Check.LOG_SUBMISSION, "expected a DER signature", field="submission") from None
    verify_signature(issuer.key, raw, precertificate.attributes, Check.LOG_SUBMISSION)
    return VerifiedPrecertificate(tbs=precertificate.unverified_tbs, announced=announced, issuer=issuer)


def announced_certificate(tbs: bytes) -> Certificate:
    """What a TBSCertificate says, to be looked at: nobody has signed it. ``Malformed`` for what is none.

    It has neither transparency information nor a poison of RFC 6962: section 3.2 wants it without the one, and with
    the other nothing could be issued of it.
    """
    certificate = unsigned_certificate(tbs)
    if has_extension(tbs, TRANSPARENCY_INFORMATION) or has_extension(tbs, POISON):
        raise Malformed(_WHAT, "eContent", "expected a TBSCertificate without timestamps")
    return certificate


def unsigned_certificate(tbs: bytes) -> Certificate:
    """What a TBSCertificate says, with or without timestamps, to be looked at; ``Malformed`` for what is none."""
    members = parse_elements(parse_element(tbs, SEQUENCE, what=_WHAT, where="eContent").content, what=_WHAT)
    at = 2 if members and members[0].tag == _CONTENT else 1
    if len(members) <= at:
        raise Malformed(_WHAT, "eContent", "expected a TBSCertificate")
    unsigned = encode_element(SEQUENCE, tbs, members[at].der, encode_element(BIT_STRING, b"\x00"))
    return parse_certificate(unsigned, what=_WHAT)


def _attributes(tbs: bytes) -> bytes:
    """The two signed attributes, in the order of DER."""
    return b"".join(
        sorted(
            (
                encode_element(SEQUENCE, _CONTENT_TYPE, encode_element(SET, _TBS_CERTIFICATE)),
                encode_element(
                    SEQUENCE, _MESSAGE_DIGEST, encode_element(SET, encode_element(OCTET_STRING, sha256(tbs).digest()))
                ),
            )
        )
    )


def _members(element: Element, count: int, where: str) -> tuple[Element, ...]:
    members = parse_elements(_tagged(element, SEQUENCE, where).content, what=_WHAT, where=where)
    if len(members) != count:
        raise Malformed(_WHAT, where, f"expected {count} members, got {len(members)}")
    return members


def _tagged(element: Element, tag: int, where: str) -> Element:
    if element.tag != tag:
        raise Malformed(_WHAT, where, f"expected the tag {tag:#04x}, got {element.tag:#04x}")
    return element


def _expect(element: Element, der: bytes, where: str) -> None:
    if element.der != der:
        raise Malformed(_WHAT, where, "expected what RFC 9162 section 3.2 has")
