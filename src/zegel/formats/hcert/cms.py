"""A detached signature as the gateway has it: CMS (RFC 5652) with the one certificate that made it.

It comes as BER, of an indefinite length for the most part, as do some of the certificates that it is about.
"""

from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256, sha384, sha512
from typing import Any, Final, final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512, HashAlgorithm
from cryptography.hazmat.primitives.serialization import load_der_public_key

from zegel.checks import Check
from zegel.errors import Malformed, Rejected

MAX_CMS: Final = 32_768  # bytes; one signature, and a certificate with a key of 4096 bits
_WHAT: Final = "CMS signature"
_HASHES: Final = {
    "sha256": (sha256, SHA256()),
    "sha384": (sha384, SHA384()),
    "sha512": (sha512, SHA512()),
}
_RSA: Final = range(2_048, 8_193)  # bits; a longer key would make whoever verifies pay for it
_SET_OF: Final = b"\x31"
# What asn1crypto raises of what it cannot read, in whatever part
_UNREADABLE: Final = (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, RecursionError)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class UnverifiedCms:
    """A signature that parses. ``signed`` is what was signed where that is not the content itself, and then has
    ``digest``, the content's; ``embedded`` is the content, where it is in there."""

    certificate: bytes
    digest_name: str
    digest: bytes | None
    signed: bytes | None
    embedded: bytes | None
    algorithm: Any
    signature: bytes


def parse_cms(data: bytes) -> UnverifiedCms:
    """Parse a signature; ``Malformed`` unless it has one signer, and that one's certificate alone."""
    from asn1crypto import cms  # 10 MB of memory that few roles need

    if len(data) > MAX_CMS:
        raise Malformed(_WHAT, "", f"expected at most {MAX_CMS} bytes, got {len(data)}")
    try:
        outer = cms.ContentInfo.load(data, strict=True)
        content = outer["content"]
        (signer,), (certificate,) = content["signer_infos"], content["certificates"]
        inner = content["encap_content_info"]
        if (outer["content_type"].native, inner["content_type"].native) != ("signed_data", "data"):
            raise ValueError("of another type")
        digest, signed = _attributes(signer["signed_attrs"])
        return UnverifiedCms(
            certificate=certificate.chosen.dump(),
            digest_name=signer["digest_algorithm"]["algorithm"].native,
            digest=digest,
            signed=signed,
            embedded=inner["content"].native,
            algorithm=signer["signature_algorithm"],
            signature=signer["signature"].native,
        )
    except _UNREADABLE:
        raise Malformed(_WHAT, "", "expected signed data with one signer, and its certificate") from None


def verify_cms(data: bytes, content: bytes, *, signers: Collection[bytes]) -> bytes:
    """Return the certificate that signed a content, one of ``signers``, as DER; ``Malformed`` as ``parse_cms``,
    ``Rejected(HEALTH_VOUCHER)`` otherwise."""
    parsed = parse_cms(data)
    if parsed.certificate not in signers:
        raise _refusal("it is signed by a certificate that may not sign it")
    hashed = _HASHES.get(parsed.digest_name)
    if hashed is None:
        raise _refusal("expected SHA-256, SHA-384 or SHA-512")
    if parsed.embedded not in (None, content) or parsed.digest not in (None, hashed[0](content).digest()):
        raise _refusal("its signature is about another certificate")
    message = content if parsed.signed is None else parsed.signed
    check_signature(parsed.certificate, parsed.algorithm, parsed.signature, message, otherwise=parsed.digest_name)
    return parsed.certificate


def check_issued(der: bytes, *, authorities: Collection[bytes]) -> bytes:
    """Return the certificate of those that issued another, by its signature; ``Rejected(HEALTH_VOUCHER)`` otherwise."""
    from asn1crypto import x509

    try:
        certificate = x509.Certificate.load(der, strict=True)
        algorithm, signature = certificate["signature_algorithm"], certificate["signature_value"].native
        message = certificate["tbs_certificate"].dump()
    except _UNREADABLE:
        raise _refusal("its certificate cannot be read") from None
    for authority in authorities:
        with suppress(Rejected):
            check_signature(authority, algorithm, signature, message, otherwise="")
            return authority
    raise _refusal("no authority of the list has issued it")


def country_of(der: bytes) -> str:
    """The country of a certificate's subject, in capitals; "" where none can be read."""
    from asn1crypto import x509

    try:
        return str(x509.Certificate.load(der, strict=True).subject.native["country_name"]).upper()
    except _UNREADABLE:
        return ""


def check_signature(certificate: bytes, algorithm: Any, signature: bytes, message: bytes, *, otherwise: str) -> bytes:
    """Return the message that a key has signed, by the algorithm that ASN.1 names, or ``otherwise`` of which hash;
    ``Rejected`` as above."""
    from asn1crypto import x509

    try:
        key = load_der_public_key(x509.Certificate.load(certificate, strict=True).public_key.dump(force=True))
        kind = algorithm.signature_algo
        named = otherwise if algorithm["algorithm"].native == "rsassa_pkcs1v15" else algorithm.hash_algo
        hash_ = _HASHES[named][1]
        if isinstance(key, ec.EllipticCurvePublicKey) and kind == "ecdsa":
            key.verify(signature, message, ec.ECDSA(hash_))
        elif isinstance(key, rsa.RSAPublicKey) and key.key_size in _RSA:
            key.verify(signature, message, _padding(kind, algorithm, hash_), hash_)
        else:
            raise ValueError("a key of another kind")
    except (InvalidSignature, UnsupportedAlgorithm, *_UNREADABLE):
        raise _refusal("its signature does not hold") from None
    return message


def _padding(kind: str, algorithm: Any, hash_: HashAlgorithm) -> padding.AsymmetricPadding:
    if kind == "rsassa_pkcs1v15":
        return padding.PKCS1v15()
    return padding.PSS(mgf=padding.MGF1(hash_), salt_length=algorithm["parameters"]["salt_length"].native)


def _attributes(attributes: Any) -> tuple[bytes | None, bytes | None]:
    """The digest that is signed, and what is signed then; None where the content itself is (RFC 5652 section 5.4)."""
    if not attributes:
        return None, None
    found: dict[str, Any] = {}
    for attribute in attributes:
        (value,) = attribute["values"]
        if attribute["type"].native in found:
            raise ValueError("two of them")
        found[attribute["type"].native] = value.native
    if found["content_type"] != "data":
        raise ValueError("of another type")
    return found["message_digest"], _SET_OF + attributes.dump()[1:]


def _refusal(detail: str) -> Rejected:
    return Rejected(Check.HEALTH_VOUCHER, detail, field="signature")
