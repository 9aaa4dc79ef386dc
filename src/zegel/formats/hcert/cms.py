"""A detached signature as the gateway has it: CMS (RFC 5652) with the one certificate that made it.

It comes as BER, of an indefinite length for the most part, as do some of the certificates that it is about.
"""

from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256, sha384, sha512
from typing import Any, Final, final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512, HashAlgorithm

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.formats.hcert.ber_certificate import PSS, UNREADABLE, BerCertificate, SignatureAlgorithm, read_algorithm

MAX_CMS: Final = 32_768  # bytes; one signature, and a certificate with a key of 4096 bits
_WHAT: Final = "CMS signature"
_HASHES: Final = {
    "sha256": (sha256, SHA256()),
    "sha384": (sha384, SHA384()),
    "sha512": (sha512, SHA512()),
}
_MIN_RSA, _MAX_RSA = 2_048, 8_192  # bits; a longer key would make whoever verifies pay for it
_PKCS1: Final = "rsassa_pkcs1v15"
_SET_OF: Final = b"\x31"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class UnverifiedCms:
    """A signature that parses. ``unverified_signed`` is what was signed where that is not the content itself, and then
    has ``unverified_digest``, the content's; ``unverified_embedded`` is the content, where it is in there."""

    unverified_certificate: bytes
    unverified_digest_name: str
    unverified_digest: bytes | None
    unverified_signed: bytes | None
    unverified_embedded: bytes | None
    unverified_algorithm: SignatureAlgorithm
    unverified_signature: bytes


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
            unverified_certificate=certificate.chosen.dump(),
            unverified_digest_name=signer["digest_algorithm"]["algorithm"].native,
            unverified_digest=digest,
            unverified_signed=signed,
            unverified_embedded=inner["content"].native,
            unverified_algorithm=read_algorithm(signer["signature_algorithm"]),
            unverified_signature=signer["signature"].native,
        )
    except UNREADABLE:
        raise Malformed(_WHAT, "", "expected signed data with one signer, and its certificate") from None


def verify_cms(data: bytes, content: bytes, *, signers: Mapping[bytes, BerCertificate]) -> BerCertificate:
    """Return the certificate that signed a content, one of ``signers``, which are by their DER; ``Malformed`` as
    ``parse_cms``, ``Rejected(HEALTH_VOUCHER)`` otherwise."""
    parsed = parse_cms(data)
    signer = signers.get(parsed.unverified_certificate)
    if signer is None:
        raise _refusal("it is signed by a certificate that may not sign it")
    hashed = _HASHES.get(parsed.unverified_digest_name)
    if hashed is None:
        raise _refusal("expected SHA-256, SHA-384 or SHA-512")
    embedded, digest = parsed.unverified_embedded, parsed.unverified_digest
    if embedded not in (None, content) or digest not in (None, hashed[0](content).digest()):
        raise _refusal("its signature is about another certificate")
    message = content if parsed.unverified_signed is None else parsed.unverified_signed
    algorithm, otherwise = parsed.unverified_algorithm, parsed.unverified_digest_name
    _refuse_unless_signed(signer, algorithm, parsed.unverified_signature, message, otherwise=otherwise)
    return signer


def check_issued(certificate: BerCertificate, *, authorities: Collection[BerCertificate]) -> BerCertificate:
    """Return the certificate of those that issued another, by its signature; ``Rejected(HEALTH_VOUCHER)`` otherwise."""
    try:
        signed = certificate.signature
    except Malformed:
        raise _refusal("how its certificate is signed cannot be read") from None
    for authority in authorities:
        with suppress(Rejected):
            _refuse_unless_signed(authority, signed.algorithm, signed.value, signed.message, otherwise="")
            return authority
    raise _refusal("no authority of the list has issued it")


def _refuse_unless_signed(
    signer: BerCertificate, algorithm: SignatureAlgorithm, signature: bytes, message: bytes, *, otherwise: str
) -> None:
    """``otherwise`` is the hash where the algorithm of RSA names none."""
    key = signer.key
    try:
        named = algorithm.digest_name or (otherwise if algorithm.scheme == _PKCS1 else "")
        hash_ = _HASHES[named][1]
        if isinstance(key, ec.EllipticCurvePublicKey) and algorithm.scheme == "ecdsa":
            key.verify(signature, message, ec.ECDSA(hash_))
        elif isinstance(key, rsa.RSAPublicKey) and _MIN_RSA <= key.key_size <= _MAX_RSA:
            key.verify(signature, message, _padding(algorithm, hash_), hash_)
        else:
            raise ValueError("a key of another kind")
    except (InvalidSignature, UnsupportedAlgorithm, *UNREADABLE):
        raise _refusal("its signature does not hold") from None


def _padding(algorithm: SignatureAlgorithm, hash_: HashAlgorithm) -> padding.AsymmetricPadding:
    if algorithm.scheme == _PKCS1:
        return padding.PKCS1v15()
    if algorithm.scheme == PSS:
        return padding.PSS(mgf=padding.MGF1(hash_), salt_length=algorithm.salt)
    raise ValueError("an algorithm of another kind")


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
