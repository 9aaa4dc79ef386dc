"""The certificate of a document signer, read leniently: some states' are no strict DER, and count all the same.

Nothing is verified by it: it is on a trust list, and brings a key, and what that may sign.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeAlias, final
from warnings import catch_warnings

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

from zegel.errors import Malformed

WHAT: Final = "document signer"
_CURVES: Final = (ec.SECP256R1, ec.SECP384R1)  # RFC 9053 section 2.1: ES256 binds the hash, and no curve
_MIN_RSA, _MAX_RSA = 2_048, 4_096  # bits; a longer key would make whoever verifies pay for it
_COUNTRY: Final = "2.5.4.6"  # RFC 5280 appendix A.1
_KEY_USAGES: Final = "2.5.29.37"  # section 4.2.1.12
# What asn1crypto raises of what it cannot read, in whatever part
_UNREADABLE: Final = (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, RecursionError)

SignerKey: TypeAlias = ec.EllipticCurvePublicKey | rsa.RSAPublicKey


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class SignerCertificate:
    """What counts of a certificate. ``usages`` are its extended key usages, in dotted numbers.

    Times are seconds since the epoch. They and the country, as the subject has it, are None where they cannot be read.
    """

    key: SignerKey
    usages: frozenset[str]
    country: str | None
    not_before: int | None
    not_after: int | None


def read_signer_certificate(der: bytes) -> SignerCertificate:
    """Read BER; ``Malformed`` for what is no certificate, another kind of key, and usages that cannot be read."""
    from asn1crypto import x509  # 10 MB of memory that few roles need

    try:
        certificate = x509.Certificate.load(der, strict=True)["tbs_certificate"]
        validity, subject = certificate["validity"], certificate["subject"].chosen
        key = _key(certificate["subject_public_key_info"])
    except _UNREADABLE:
        raise Malformed(WHAT, "", "expected a DER certificate with a key of a known type") from None
    return SignerCertificate(
        key=_signing_key(key),
        usages=_usages(certificate),
        country=_readable(lambda: next(_countries(subject), None)),
        not_before=_seconds(validity, "not_before"),
        not_after=_seconds(validity, "not_after"),
    )


def _key(encoded: Any) -> object:
    """The key; it is encoded anew, since here only DER will do."""
    try:
        with catch_warnings(action="ignore"):
            return load_der_public_key(encoded.dump(force=True))
    except UnsupportedAlgorithm:
        raise ValueError("a key of another kind") from None


def _signing_key(key: object) -> SignerKey:
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, _CURVES):
        return key
    if isinstance(key, rsa.RSAPublicKey) and _MIN_RSA <= key.key_size <= _MAX_RSA:
        return key
    raise Malformed(WHAT, "key", f"expected a key on P-256 or P-384, or an RSA key of {_MIN_RSA} to {_MAX_RSA} bits")


def _usages(certificate: Any) -> frozenset[str]:
    try:
        extensions = certificate["extensions"]
        named = [each for each in extensions if each["extn_id"].dotted == _KEY_USAGES]
        if len(named) > 1:  # RFC 5280 section 4.2: one of each; the other might say more
            raise ValueError("two of them")
        return frozenset(usage.dotted for each in named for usage in each["extn_value"].parsed)
    except _UNREADABLE:
        raise Malformed(WHAT, "extendedKeyUsage", "expected object identifiers") from None


def _countries(subject: Any) -> Iterator[str]:
    for names in subject:
        for name in names:
            if name["type"].dotted == _COUNTRY:
                yield str(name["value"].native)


def _seconds(validity: Any, name: str) -> int | None:
    moment = _readable(lambda: validity[name].native)
    return int(moment.timestamp()) if isinstance(moment, datetime) else None


def _readable(read: Callable[[], Any]) -> Any:
    with suppress(*_UNREADABLE):
        return read()
    return None
