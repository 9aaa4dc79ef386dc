"""Whose signature is on a certificate: the keys of document signers, by the identifier that a certificate names.

The trust lists of health carry keys, not chains: a key is trusted because the list has it. Two signers may share an
identifier, which is eight bytes of a hash; then each is tried.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from hashlib import sha256
from typing import Any, Final, TypeAlias, final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

from zegel.errors import Malformed
from zegel.formats.hcert.ber_certificate import BerCertificate, read_certificate
from zegel.formats.hcert.domains import SPECIFIED, Domains, Family
from zegel.primitives.encoding import parse_base64
from zegel.primitives.json import Json
from zegel.primitives.keys import encode_ecdsa_signature
from zegel.primitives.members import read_text

KEY_ID: Final = 8  # bytes: electronic health certificate specification 1.0.5 section 3.2.2 (kid)
_WHAT: Final = "document signer"
_CURVES: Final = (ec.SECP256R1, ec.SECP384R1)  # RFC 9053 section 2.1: ES256 binds the hash, and no curve
_MIN_RSA, _MAX_RSA = 2_048, 4_096  # bits; a longer key would make whoever verifies pay for it
_RADICES: Final = ("1.3.6.1.4.1.1847.2021.1.", "1.3.6.1.4.1.0.1847.2021.1.")  # the second is what many wrote
_STANDARD: Final = str.maketrans("-_", "+/")  # RFC 4648: of the URL-safe alphabet, in the other one
_PSS: Final = padding.PSS(mgf=padding.MGF1(SHA256()), salt_length=32)  # RFC 8230 section 2
_SHA256: Final = SHA256()
_ES256: Final = ec.ECDSA(_SHA256)

SignerKey: TypeAlias = ec.EllipticCurvePublicKey | rsa.RSAPublicKey


class Algorithm(IntEnum):
    """COSE algorithms (RFC 9053 section 2.1, RFC 8230 section 2)."""

    ES256 = -7
    PS256 = -37


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentSigner:
    """A signer on a trust list. Times are seconds since the epoch, None for a bare key.

    ``usages`` are the extended key usages of its certificate. ``country`` is ISO 3166-1 alpha-2, where it is said.
    ``domain`` is the trust domain that it is listed in, None for a list without any, whose signers count for all.
    """

    kid: bytes
    key: SignerKey
    algorithm: Algorithm
    usages: frozenset[str] = frozenset()
    country: str | None = None
    not_before: int | None = None
    not_after: int | None = None
    domain: str | None = None

    def verifies(self, signature: bytes, message: bytes) -> bool:
        """Whether this key made the signature, in the form of COSE."""
        key: Any = self.key  # of the kind that its algorithm says; asking which takes longer than all else here
        try:
            if self.algorithm is Algorithm.ES256:
                size = key.key_size // 8
                if len(signature) != 2 * size:
                    return False
                key.verify(encode_ecdsa_signature(signature, size), message, _ES256)
            else:
                key.verify(signature, message, _PSS, _SHA256)
        except InvalidSignature:
            return False
        return True

    def may_sign(self, kind: str) -> bool:
        """Whether it may sign a certificate of this kind: of vaccination, test or recovery.

        Specification 1.0.5 section 5.1: a certificate that names none of the three usages is for all of them.
        """
        if not self.usages:
            return True
        named = self.health_usages
        return not named or _USAGES[kind] in named

    @property
    def health_usages(self) -> frozenset[str]:
        """Those of the three usages that its certificate names, by their last numbers; others of health say nothing."""
        return frozenset(
            number for number in _USAGES.values() if any(radix + number in self.usages for radix in _RADICES)
        )


_USAGES: Final[Mapping[str, str]] = {"t": "1", "v": "2", "r": "3"}
HEALTH_USAGES: Final = tuple(_RADICES[0] + number for number in _USAGES.values())
"""Extended key usages of whoever may sign every kind."""


@final
class DocumentSigners:
    """The signers that are trusted, by key identifier. ``domains`` are those that count, for each family."""

    def __init__(self, signers: Iterable[DocumentSigner], *, domains: Domains = SPECIFIED) -> None:
        self._by_kid: dict[bytes, list[DocumentSigner]] = {}
        self._counting: dict[tuple[bytes, Family], list[DocumentSigner]] = {}
        for signer in signers:
            self._by_kid.setdefault(signer.kid, []).append(signer)
            for family, counting in domains.items():
                if signer.domain is None or signer.domain in counting:
                    self._counting.setdefault((signer.kid, family), []).append(signer)

    def named(self, kid: bytes) -> Sequence[DocumentSigner]:
        """Those by this identifier, of which there may be several."""
        return self._by_kid.get(kid, ())

    def counting(self, kid: bytes, family: Family) -> Sequence[DocumentSigner]:
        """Those of them whose domain is one for such certificates."""
        return self._counting.get((kid, family), ())

    def with_key(self, key: SignerKey) -> tuple[DocumentSigner, ...]:
        """Those whose key it is, whatever their lists call them."""
        return tuple(signer for named in self._by_kid.values() for signer in named if signer.key == key)

    def __len__(self) -> int:
        return sum(map(len, self._by_kid.values()))


def key_id(der: bytes) -> bytes:
    """The identifier of a certificate's key (electronic health certificate specification 1.0.5 appendix A.1)."""
    return sha256(der).digest()[:KEY_ID]


def read_key_id(value: Json, *, what: str, where: str) -> bytes:
    """An identifier in base64, of either alphabet, with padding or without: publishers have each of them."""
    text = read_text(value, what=what, where=where).rstrip("=").translate(_STANDARD)
    return parse_base64(text + "=" * (-len(text) % 4), what=what, where=where)


def parse_signer(der: bytes, *, kid: bytes | None = None, domain: str | None = None) -> DocumentSigner:
    """Parse a document signer's certificate; ``Malformed`` as ``read_certificate`` and ``read_signer``."""
    return read_signer(read_certificate(der), kid=kid, domain=domain)


def read_signer(certificate: BerCertificate, *, kid: bytes | None = None, domain: str | None = None) -> DocumentSigner:
    """The signer of a certificate; ``Malformed`` for another kind of key, and usages that cannot be read.

    ``kid`` is what a trust list calls it; without one it is the beginning of the certificate's hash. ``domain`` is
    where the list has it.
    """
    key = _signing_key(certificate.key)
    return DocumentSigner(
        kid=key_id(certificate.der) if kid is None else kid,
        key=key,
        algorithm=Algorithm.ES256 if isinstance(key, ec.EllipticCurvePublicKey) else Algorithm.PS256,
        usages=certificate.usages,
        country=certificate.country,
        not_before=certificate.seconds("not_before"),
        not_after=certificate.seconds("not_after"),
        domain=domain,
    )


def _signing_key(key: object) -> SignerKey:
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, _CURVES):
        return key
    if isinstance(key, rsa.RSAPublicKey) and _MIN_RSA <= key.key_size <= _MAX_RSA:
        return key
    raise Malformed(_WHAT, "key", f"expected a key on P-256 or P-384, or an RSA key of {_MIN_RSA} to {_MAX_RSA} bits")
