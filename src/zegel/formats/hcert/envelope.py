"""What is around every health certificate, whatever it says: the code, the signature, and the claims of a CWT.

Electronic Health Certificate Specification 1.0.8 section 3.3; WHO's 1.1.1 section 3.2.
"""

from collections.abc import Mapping
from typing import Any, Final, final

from msgspec import Struct

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.formats.hcert.code import ALG, CRIT, KID, LABELS, SignedCode, parse_code, parse_signed_code
from zegel.formats.hcert.domains import Family
from zegel.formats.hcert.keys import Algorithm, DocumentSigner, DocumentSigners
from zegel.formats.hcert.layers import WHAT, Layer, MalformedLayer, layered
from zegel.formats.hcert.schema import Reading
from zegel.primitives.cbor import parse_map
from zegel.primitives.times import parse_numeric_date

ISS, EXP, NBF, IAT, HCERT = 1, 4, 5, 6, -260  # RFC 8392 section 4; specification section 3.3
MAX_ISSUER: Final = 80  # characters, as the schema allows other texts; a country code has two
_UNKNOWN: Final = "no signer that is trusted has its key identifier"
_UNDERSTOOD: Final = frozenset({ALG, KID})
_ALGORITHMS: Final[Mapping[object, Algorithm]] = {int(each): each for each in Algorithm}


@final
class Envelope(Struct, frozen=True, kw_only=True):
    """A code that is open. ``hcert`` has the certificate under the number of what it is, and nothing is verified.

    ``algorithm`` is None for one that is not named, or none of the two; ``kid`` is empty where no key is named.
    """

    text: bytes
    signed: SignedCode
    algorithm: Algorithm | None
    kid: bytes
    claims: Mapping[Any, Any]
    hcert: Mapping[Any, Any]


def read_envelope(text: bytes) -> Envelope:
    """Open the text of a QR code; ``MalformedLayer`` names the layer that is not as it must be."""
    signed = parse_signed_code(parse_code(text))
    algorithm, kid = _header(signed)
    try:
        claims: dict[Any, Any] = parse_map(signed.payload, WHAT)
    except Malformed as error:
        raise layered(error, Layer.CBOR) from None
    if not LABELS.issuperset(map(type, claims)):
        raise MalformedLayer(Layer.SCHEMA, "", "expected claims under whole numbers or text")
    hcert = claims.get(HCERT)
    if type(hcert) is not dict or not LABELS.issuperset(map(type, hcert)):
        raise MalformedLayer(Layer.SCHEMA, "hcert", "expected a health certificate, under its number")
    return Envelope(text=text, signed=signed, algorithm=algorithm, kid=kid, claims=claims, hcert=hcert)


def read_time(claims: Mapping[Any, Any], label: int, name: str) -> int:
    """A claim in seconds since the epoch; ``Malformed`` for anything else, and where it is missing."""
    time = parse_numeric_date(claims.get(label), WHAT, name)
    if time is None:
        raise Malformed(WHAT, name, "expected seconds since the epoch")
    return time


def read_issuer(issuer: object, reading: Reading) -> tuple[str, tuple[str, ...]]:
    """The country of the issuer, and what the field reading warns of; ``Malformed`` for what is no text, and, in the
    strict reading, for a long one."""
    if type(issuer) is not str:
        raise Malformed(WHAT, "iss", "expected the country of the issuer")
    if len(issuer) <= MAX_ISSUER:
        return issuer, ()
    expected = f"expected at most {MAX_ISSUER} characters"
    if reading is Reading.STRICT:
        raise Malformed(WHAT, "iss", expected)
    return issuer, (f"iss: {expected}",)


def verify_signer(
    signed: SignedCode, *, algorithm: Algorithm | None, kid: bytes, kind: str, signers: DocumentSigners, family: Family
) -> DocumentSigner:
    """Return whose signature it is, each by its identifier being tried: of several, one that may sign the kind.

    ``Rejected`` (CRITICAL_HEADER, ALGORITHM, HEALTH_SIGNER, SIGNATURE). There are as many verifications as entries that
    share an identifier, and no fewer, for whichever is the last may be the one: at most all of the lists that are
    trusted (``lists.MAX_SIGNERS`` each). Whoever makes a certificate adds to none of them.
    """
    _check_critical(signed)
    if algorithm is None:
        raise Rejected(Check.ALGORITHM, "expected ES256 or PS256", field="header.alg")
    counting = signers.counting(kid, family)
    if not counting:
        others = {str(signer.domain) for signer in signers.named(kid)}
        unknown = _UNKNOWN if kid else "it names no key"
        detail = f"its signer is trusted in another domain: {', '.join(sorted(others))}" if others else unknown
        raise Rejected(Check.HEALTH_SIGNER, detail, field="kid")
    unfit: DocumentSigner | None = None
    for signer in counting:
        if signer.algorithm is algorithm and signer.verifies(signed.signature, signed.message):
            if signer.may_sign(kind):
                return signer
            unfit = unfit or signer
    if unfit is None:
        raise Rejected(Check.SIGNATURE, "it is not signed by the key that it names", field="signature")
    return unfit


def check_usage(signer: DocumentSigner, kind: str, name: str) -> DocumentSigner:
    """Return the signer that may sign certificates of a kind; ``Rejected(HEALTH_KEY_USAGE)`` otherwise."""
    if not signer.may_sign(kind):
        detail = f"the signer's certificate is not for certificates of this kind: {name}"
        raise Rejected(Check.HEALTH_KEY_USAGE, detail, field="extendedKeyUsage")
    return signer


def _header(signed: SignedCode) -> tuple[Algorithm | None, bytes]:
    """The protected header says it; what is not signed says only what that leaves out (section 3.2).

    RFC 9052 section 3.1 has both optional: a header without them is well formed, and nobody's signature.
    """
    algorithm = signed.protected.get(ALG, signed.unprotected.get(ALG, ""))
    kid = signed.protected.get(KID, signed.unprotected.get(KID, b""))
    if type(algorithm) not in LABELS:
        raise MalformedLayer(Layer.COSE, "header.alg", "expected an algorithm by its number or name")
    if type(kid) is not bytes:
        raise MalformedLayer(Layer.COSE, "header.kid", "expected a key identifier in bytes")
    if CRIT in signed.protected:
        labels = signed.protected[CRIT]
        if type(labels) is not list or not labels or not LABELS.issuperset(map(type, labels)):
            raise MalformedLayer(Layer.COSE, "header.crit", "expected labels that are critical")
    return _ALGORITHMS.get(algorithm), kid


def _check_critical(signed: SignedCode) -> None:
    # RFC 9052 section 3.1: critical labels stand in the protected header, as crit does, and are understood
    if CRIT in signed.unprotected:
        raise Rejected(Check.CRITICAL_HEADER, "expected crit in the protected header", field="header.crit")
    if CRIT in signed.protected:
        critical: Any = signed.protected[CRIT]
        if not _UNDERSTOOD.issuperset(critical) or not signed.protected.keys() >= set(critical):
            raise Rejected(Check.CRITICAL_HEADER, "expected no critical label but alg and kid", field="header.crit")
