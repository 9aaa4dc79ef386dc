"""A certificate read leniently, part by part: some states' are no strict DER, and count all the same.

Nothing is verified by it: it brings a key, says what that may do, and how whoever issued it has signed.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, final
from warnings import catch_warnings

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_der_public_key

from zegel.errors import Malformed

MAX_CERTIFICATE: Final = 16_384  # bytes; one with an RSA key of 4096 bits and many names has 3 kB
_WHAT: Final = "certificate"
_COUNTRY: Final = "2.5.4.6"  # RFC 5280 appendix A.1
_KEY_USAGE: Final = "2.5.29.15"  # section 4.2.1.3
_BASIC_CONSTRAINTS: Final = "2.5.29.19"  # section 4.2.1.9
_EXTENDED_KEY_USAGE: Final = "2.5.29.37"  # section 4.2.1.12
PSS: Final = "rsassa_pss"
# What asn1crypto raises of what it cannot read, in whatever part
UNREADABLE: Final = (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, RecursionError)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureAlgorithm:
    """An algorithm as ASN.1 names it. ``scheme`` is "" for one that is not known, ``digest_name`` for one that names no
    hash; ``salt`` is of PSS, in bytes."""

    scheme: str
    digest_name: str
    salt: int


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateSignature:
    """How a certificate is signed, and what of it is."""

    algorithm: SignatureAlgorithm
    value: bytes
    message: bytes


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class BerCertificate:
    """A certificate as it came. What is not its key is read when somebody asks for it."""

    der: bytes
    key: object
    whole: Any = field(repr=False, compare=False)

    @property
    def usages(self) -> frozenset[str]:
        """Its extended key usages, in dotted numbers; ``Malformed`` where they cannot be read."""
        with _reading("extendedKeyUsage", "object identifiers"):
            usages = self._extension(_EXTENDED_KEY_USAGE)
            return frozenset() if usages is None else frozenset(usage.dotted for usage in usages)

    @property
    def key_usages(self) -> frozenset[str] | None:
        """What its key is for, by the names of RFC 5280 in small letters; None where it does not say."""
        with _reading("keyUsage", "bits"):
            usages = self._extension(_KEY_USAGE)
            return None if usages is None else frozenset(usages.native)

    @property
    def authority(self) -> bool:
        """Whether it says of itself that it is a certificate authority's."""
        with _reading("basicConstraints", "whether it is an authority's"):
            constraints = self._extension(_BASIC_CONSTRAINTS)
            return constraints is not None and constraints["ca"].native is True

    @property
    def country(self) -> str | None:
        """The country of its subject, as that has it; None where it names none, or several."""
        countries = _readable(lambda: list(_countries(self._signed["subject"].chosen)))
        return countries[0] if countries is not None and len(countries) == 1 else None

    @property
    def signature(self) -> CertificateSignature:
        """How it is signed; ``Malformed`` where that cannot be read."""
        with _reading("signature", "a signature"):
            return CertificateSignature(
                algorithm=read_algorithm(self.whole["signature_algorithm"]),
                value=self.whole["signature_value"].native,
                message=self._signed.dump(),
            )

    def seconds(self, bound: str) -> int | None:
        """One of the bounds of its validity, ``not_before`` or ``not_after``; None where that cannot be read."""
        moment = _readable(lambda: self._signed["validity"][bound].native)
        return int(moment.timestamp()) if isinstance(moment, datetime) else None

    @property
    def _signed(self) -> Any:
        return self.whole["tbs_certificate"]

    def _extension(self, number: str) -> Any:
        named = [each for each in self._signed["extensions"] if each["extn_id"].dotted == number]
        if len(named) > 1:  # RFC 5280 section 4.2: one of each; the other might say more
            raise ValueError("two of them")
        return named[0]["extn_value"].parsed if named else None


def read_certificate(der: bytes) -> BerCertificate:
    """Read BER; ``Malformed`` for what is no certificate, and for a key that no signature here is verified with."""
    from asn1crypto import x509  # 10 MB of memory that few roles need

    if len(der) > MAX_CERTIFICATE:
        raise Malformed(_WHAT, "", f"expected at most {MAX_CERTIFICATE} bytes, got {len(der)}")
    with _reading("", "a DER certificate with a key of a known type"):
        whole = x509.Certificate.load(der, strict=True)
        signed = whole["tbs_certificate"]
        _ = signed["validity"], signed["subject"].chosen  # asn1crypto reads a part when it is asked for
        return BerCertificate(der=der, key=_key(signed["subject_public_key_info"]), whole=whole)


def read_algorithm(named: Any) -> SignatureAlgorithm:
    """The algorithm of a signature, as asn1crypto has it; one of ``UNREADABLE`` for parameters that are none."""
    scheme, digest_name = _known(lambda: named.signature_algo), _known(lambda: named.hash_algo)
    salt = named["parameters"]["salt_length"].native if scheme == PSS else 0
    return SignatureAlgorithm(scheme=scheme, digest_name=digest_name, salt=salt)


def _known(read: Callable[[], Any]) -> str:
    """asn1crypto raises ``ValueError`` of what an algorithm's name does not say."""
    with suppress(ValueError):
        return str(read())
    return ""


def _key(encoded: Any) -> object:
    """The key; it is encoded anew, since here only DER will do."""
    try:
        with catch_warnings(action="ignore"):
            return load_der_public_key(encoded.dump(force=True))
    except UnsupportedAlgorithm:
        raise ValueError("a key of another kind") from None


def _countries(subject: Any) -> Iterator[str]:
    for names in subject:
        for name in names:
            if name["type"].dotted == _COUNTRY:
                yield str(name["value"].native)


@contextmanager
def _reading(where: str, expected: str) -> Iterator[None]:
    try:
        yield
    except UNREADABLE:
        raise Malformed(_WHAT, where, f"expected {expected}") from None


def _readable(read: Callable[[], Any]) -> Any:
    with suppress(*UNREADABLE):
        return read()
    return None
