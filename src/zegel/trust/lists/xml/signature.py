"""The signature of an XML list: XAdES baseline B, enveloped in the root and over all of it, and nothing else.

TS 119 612 clause 5.7 and annex B; XML Signature 1.1. What a signature may be is narrow here, and nothing is looked up
by an identifier: the parts stand where they stand, so that none can be moved aside and another read in its place.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import new as new_hash
from hmac import compare_digest
from typing import Final, final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from lxml import etree

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.trust.lists.xml.document import Element, bytes_of, child, children, local_name, text_of

_DS: Final = "{http://www.w3.org/2000/09/xmldsig#}"
_XADES: Final = "{http://uri.etsi.org/01903/v1.3.2#}"
_SIGNED_PROPERTIES: Final = "http://uri.etsi.org/01903#SignedProperties"
_ENVELOPED: Final = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
_EXCLUSIVE: Final = "http://www.w3.org/2001/10/xml-exc-c14n#"
_INCLUSIVE: Final = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
_DIGESTS: Final[Mapping[str, str]] = {
    "http://www.w3.org/2001/04/xmlenc#sha256": "sha256",
    "http://www.w3.org/2001/04/xmldsig-more#sha384": "sha384",
    "http://www.w3.org/2001/04/xmlenc#sha512": "sha512",
}
# Older lists name their certificate by SHA-1: it only says which of the key information it is, for what certificate may
# sign is said byte for byte by whoever trusts it.
_CERTIFICATE_DIGESTS: Final[Mapping[str, str]] = {**_DIGESTS, "http://www.w3.org/2000/09/xmldsig#sha1": "sha1"}
_HASHES: Final[Mapping[str, hashes.HashAlgorithm]] = {
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}
_MORE: Final = "http://www.w3.org/2001/04/xmldsig-more#"
_MGF1: Final = "http://www.w3.org/2007/05/xmldsig-more#"
_RSA: Final = {f"{_MORE}rsa-{name}": hash_ for name, hash_ in _HASHES.items()}
_RSA_PSS: Final = {f"{_MGF1}{name}-rsa-MGF1": hash_ for name, hash_ in _HASHES.items()}  # RFC 9231 section 2.3.10
_ECDSA: Final = {f"{_MORE}ecdsa-{name}": hash_ for name, hash_ in _HASHES.items()}
_CURVES: Final = (
    ec.SECP256R1, ec.SECP384R1, ec.SECP521R1, ec.BrainpoolP256R1, ec.BrainpoolP384R1, ec.BrainpoolP512R1,
)  # fmt: skip
_MIN_RSA: Final = 2_048  # bits; half of the Union's lists are signed with so many


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class UnverifiedXmlSignature:
    """A signature that parses; nothing in it is proven.

    ``signer`` is the certificate, as DER, that the signed properties name. ``digests`` are pairs, what was found and
    what is signed: of the list without its signature, and of the signed properties.
    """

    algorithm: str
    signer: bytes
    signed_info: bytes
    value: bytes
    digests: tuple[tuple[bytes, bytes], ...]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedSigner:
    """Who signed a list: one of those that may. Times are seconds since the epoch."""

    certificate: bytes
    subject: str
    not_after: int


def take_signature(root: Element, *, what: str) -> UnverifiedXmlSignature:
    """Take the signature out of a list, which is then the very tree that it is over; ``Malformed`` unless it is."""
    everywhere = list(root.iter(f"{_DS}Signature"))
    if len(everywhere) != 1 or everywhere[0].getparent() is not root:
        raise Malformed(what, "Signature", f"expected one signature, in the root, found {len(everywhere)}")
    signature = everywhere[0]
    signed_info = child(signature, f"{_DS}SignedInfo", what=what)
    canonical = _canonical(signed_info, _method(signed_info, "CanonicalizationMethod", what), what)
    properties = _signed_properties(signature, what)
    whole, about = _references(signed_info, root, properties, what)
    about_digest = _digest(_canonical(properties, _transforms(about, what)[-1], what), about, what)
    signer = _signer(signature, properties, what)
    value = bytes_of(child(signature, f"{_DS}SignatureValue", what=what), what=what)
    _remove(signature)
    transforms = _transforms(whole, what)
    if len(transforms) != 2 or transforms[0] != _ENVELOPED:
        raise Malformed(what, "Reference", "expected the list without its signature, in canonical form")
    return UnverifiedXmlSignature(
        algorithm=_method(signed_info, "SignatureMethod", what),
        signer=signer,
        signed_info=canonical,
        value=value,
        digests=(_digest(_canonical(root, transforms[1], what), whole, what), about_digest),
    )


def verify_xml_signature(signature: UnverifiedXmlSignature, *, signers: tuple[bytes, ...], now: int) -> VerifiedSigner:
    """Verify that one of ``signers``, certificates as DER, signed the list.

    ``Rejected`` with ANCHOR, CERTIFICATE_VALIDITY, ALGORITHM or SIGNATURE.
    """
    if signature.signer not in signers:
        detail = f"expected one of the {len(signers)} certificates that may sign this list"
        raise Rejected(Check.ANCHOR, detail, field="KeyInfo")
    certificate = _certificate(signature.signer)
    if not certificate.not_valid_before_utc.timestamp() <= now <= certificate.not_valid_after_utc.timestamp():
        raise Rejected(Check.CERTIFICATE_VALIDITY, "the signer's certificate is not valid then", field="KeyInfo")
    _verify(certificate, signature)
    if not all(compare_digest(found, signed) for found, signed in signature.digests):
        raise Rejected(Check.SIGNATURE, "the list is not the one that was signed", field="Reference")
    return VerifiedSigner(
        certificate=signature.signer,
        subject=certificate.subject.rfc4514_string(),
        not_after=int(certificate.not_valid_after_utc.timestamp()),
    )


def _certificate(der: bytes) -> x509.Certificate:
    try:
        return x509.load_der_x509_certificate(der)
    except (ValueError, UnsupportedAlgorithm):
        raise Rejected(Check.ALGORITHM, "expected a certificate that can be read", field="KeyInfo") from None


def _verify(certificate: x509.Certificate, signature: UnverifiedXmlSignature) -> None:
    algorithm, value, signed = signature.algorithm, signature.value, signature.signed_info
    try:
        key = certificate.public_key()
        match key:
            case rsa.RSAPublicKey() if algorithm in _RSA and key.key_size >= _MIN_RSA:
                key.verify(value, signed, padding.PKCS1v15(), _RSA[algorithm])
            case rsa.RSAPublicKey() if algorithm in _RSA_PSS and key.key_size >= _MIN_RSA:
                hash_ = _RSA_PSS[algorithm]
                salt = padding.PSS(mgf=padding.MGF1(hash_), salt_length=hash_.digest_size)
                key.verify(value, signed, salt, hash_)
            case ec.EllipticCurvePublicKey() if algorithm in _ECDSA and isinstance(key.curve, _CURVES):
                key.verify(_der(value, (key.curve.key_size + 7) // 8), signed, ec.ECDSA(_ECDSA[algorithm]))
            case _:
                raise Rejected(
                    Check.ALGORITHM, "expected RSA of 2048 bits, or ECDSA, with SHA-2", field="SignatureMethod"
                )
    except (UnsupportedAlgorithm, ValueError):
        raise Rejected(Check.ALGORITHM, "expected a key of a known kind", field="SignatureMethod") from None
    except InvalidSignature:
        raise Rejected(Check.SIGNATURE, "the signature does not verify", field="SignatureValue") from None


def _der(value: bytes, size: int) -> bytes:
    """``r || s`` (XML Signature 1.1 section 6.4.3) as the library takes it."""
    if len(value) != 2 * size:
        raise InvalidSignature
    return encode_dss_signature(int.from_bytes(value[:size]), int.from_bytes(value[size:]))


def _signed_properties(signature: Element, what: str) -> Element:
    qualifying = [
        found
        for object_ in children(signature, f"{_DS}Object")
        for found in children(object_, f"{_XADES}QualifyingProperties")
    ]
    if len(qualifying) != 1:
        raise Malformed(what, "QualifyingProperties", f"expected one, found {len(qualifying)}")
    return child(qualifying[0], f"{_XADES}SignedProperties", what=what)


def _references(signed_info: Element, root: Element, properties: Element, what: str) -> tuple[Element, Element]:
    """The reference to the list, and that to the signed properties; there are no others."""
    references = list(children(signed_info, f"{_DS}Reference"))
    about = [each for each in references if each.get("Type") == _SIGNED_PROPERTIES]
    whole = [each for each in references if each.get("Type") != _SIGNED_PROPERTIES]
    if len(about) != 1 or len(whole) != 1:
        raise Malformed(what, "Reference", "expected one to the list and one to the signed properties")
    names = {"", f"#{root.get('Id')}"} if root.get("Id") else {""}
    if whole[0].get("URI") not in names or about[0].get("URI") != f"#{properties.get('Id')}":
        raise Malformed(what, "Reference", "expected the list that the signature stands in, and its own properties")
    return whole[0], about[0]


def _transforms(reference: Element, what: str) -> list[str]:
    """The algorithms; without one of its own, a tree is made canonical inclusively (section 4.4.3.2)."""
    found = [
        transform
        for transforms in children(reference, f"{_DS}Transforms")
        for transform in children(transforms, f"{_DS}Transform")
    ]
    if any(len(transform) for transform in found):
        raise Malformed(what, "Transform", "expected no parameters")
    return [transform.get("Algorithm", "") for transform in found] or [_INCLUSIVE]


def _canonical(element: Element, algorithm: str, what: str) -> bytes:
    if algorithm not in (_EXCLUSIVE, _INCLUSIVE):
        raise Malformed(what, "Algorithm", "expected canonical XML 1.0 or exclusive canonical XML")
    try:
        canonical: bytes = etree.tostring(
            element, method="c14n", exclusive=algorithm == _EXCLUSIVE, with_comments=False, with_tail=False
        )
    except etree.C14NError:  # a namespace that is relative has none (Canonical XML 1.0 section 1.3)
        raise Malformed(what, local_name(element.tag), "expected a document that has a canonical form") from None
    return canonical


def _digest(
    canonical: bytes, holder: Element, what: str, *, allowed: Mapping[str, str] = _DIGESTS
) -> tuple[bytes, bytes]:
    """What the bytes digest to, and the digest that stands in the element."""
    algorithm = allowed.get(_method(holder, "DigestMethod", what))
    if algorithm is None:
        raise Malformed(what, "DigestMethod", "expected SHA-256, SHA-384 or SHA-512")
    signed = bytes_of(child(holder, f"{_DS}DigestValue", what=what), what=what)
    return new_hash(algorithm, canonical, usedforsecurity=False).digest(), signed


def _method(element: Element, name: str, what: str) -> str:
    method = child(element, f"{_DS}{name}", what=what)
    if len(method):
        raise Malformed(what, name, "expected no parameters")
    return str(method.get("Algorithm", ""))


def _signer(signature: Element, properties: Element, what: str) -> bytes:
    """The certificate of the key information that the signed properties name (EN 319 132-1 clause 5.2.2)."""
    signed = child(properties, f"{_XADES}SignedSignatureProperties", what=what)
    text_of(child(signed, f"{_XADES}SigningTime", what=what), what=what)
    named = [
        each for name in ("SigningCertificateV2", "SigningCertificate") for each in children(signed, _XADES + name)
    ]
    if len(named) != 1:
        raise Malformed(what, "SigningCertificateV2", f"expected one, found {len(named)}")
    digest = child(next(children(named[0], f"{_XADES}Cert"), named[0]), f"{_XADES}CertDigest", what=what)
    for data in children(child(signature, f"{_DS}KeyInfo", what=what), f"{_DS}X509Data"):
        for element in children(data, f"{_DS}X509Certificate"):
            certificate = bytes_of(element, what=what)
            found, expected = _digest(certificate, digest, what, allowed=_CERTIFICATE_DIGESTS)
            if compare_digest(found, expected):
                return certificate
    raise Malformed(what, "KeyInfo", "expected the certificate that the signed properties name")


def _remove(signature: Element) -> None:
    """The enveloped-signature transform: the text behind the signature stays."""
    parent, before = signature.getparent(), signature.getprevious()
    if signature.tail:
        if before is None:
            parent.text = (parent.text or "") + signature.tail
        else:
            before.tail = (before.tail or "") + signature.tail
    parent.remove(signature)
