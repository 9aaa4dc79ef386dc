"""A health certificate: parsed, and verified under a signer that is trusted.

    text --parse_health_certificate--> Unverified --verify_health_certificate--> Verified

1. the signer is one by the key identifier of the protected header, or where that has none of the other; each is tried
2. the signature verifies
3. it was issued already, and has not expired
4. the signer may sign certificates of this kind
"""

from collections.abc import Mapping
from typing import Any, Final, final

from msgspec import Struct

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.formats.hcert.code import ALG, KID, LABELS, WHAT, SignedCode, parse_code, parse_signed_code
from zegel.formats.hcert.keys import Algorithm, DocumentSigner, DocumentSigners
from zegel.formats.hcert.schema import Kind, Reading, read_payload
from zegel.primitives.cbor import parse_map
from zegel.primitives.times import parse_numeric_date

ISS, EXP, IAT, HCERT = 1, 4, 6, -260  # RFC 8392 section 4; specification 1.0.5 section 3.3
EU_DCC: Final = 1  # within HCERT: version 1 of the EU's certificate
MAX_ISSUER: Final = 80  # characters, as the schema allows other texts; a country code has two
_ALGORITHMS: Final[Mapping[int, Algorithm]] = {int(each): each for each in Algorithm}
MAX_KID: Final = 64  # bytes; the specification has 8


@final
class UnverifiedHealthCertificate(Struct, frozen=True, kw_only=True):
    """A certificate that parses, and nothing more. ``text`` is as it was read; times are seconds since the epoch.

    ``warnings`` are what the field reading let pass.
    """

    text: bytes
    signed: SignedCode
    algorithm: Algorithm
    kid: bytes
    kind: Kind
    warnings: tuple[str, ...]
    unverified_issuer: str
    unverified_issued_at: int
    unverified_expires: int
    unverified_payload: Mapping[str, Any]


@final
class VerifiedHealthCertificate(Struct, frozen=True, kw_only=True):
    """What a trusted signer says of a person, valid at the time that was asked about.

    ``issuer`` is a country, ISO 3166-1 alpha-2: that of the entry where no other is named. ``payload`` is the
    certificate itself, by the schema's members. Who carries it is not said: whoever has the text can show it.
    """

    text: bytes
    kind: Kind
    issuer: str
    issued_at: int
    expires: int
    payload: Mapping[str, Any]
    kid: bytes
    signature: bytes
    signer: DocumentSigner
    warnings: tuple[str, ...]

    @property
    def name(self) -> Mapping[str, str]:
        """``nam``: fn and gn as they are written, fnt and gnt transliterated; one of the latter is there."""
        name: Mapping[str, str] = self.payload["nam"]
        return name

    @property
    def birth_date(self) -> str:
        """``dob``: a date, its year and month, its year, or nothing."""
        return str(self.payload["dob"])

    @property
    def entry(self) -> Mapping[str, Any]:
        """The vaccination, the test or the recovery."""
        entry: Mapping[str, Any] = self.payload[self.kind][0]
        return entry


def parse_health_certificate(text: bytes, reading: Reading = Reading.FIELD) -> UnverifiedHealthCertificate:
    """Parse the text of a QR code; ``Malformed`` names the layer or the member that is not as it must be."""
    signed = parse_signed_code(parse_code(text))
    algorithm, kid = _header(signed)
    claims: dict[Any, Any] = parse_map(signed.payload, WHAT)
    if not LABELS.issuperset(map(type, claims)):
        raise Malformed(WHAT, "", "expected claims under whole numbers or text")
    payload = _payload(claims.get(HCERT))
    kind, warnings = read_payload(payload, reading)
    issuer = claims[ISS] if ISS in claims else payload[kind][0]["co"]  # section 3.3.4: it may be left out
    if type(issuer) is not str or len(issuer) > MAX_ISSUER:
        raise Malformed(WHAT, "iss", "expected the country of the issuer")
    return UnverifiedHealthCertificate(
        text=text,
        signed=signed,
        algorithm=algorithm,
        kid=kid,
        kind=kind,
        warnings=warnings,
        unverified_issuer=issuer,
        unverified_issued_at=_time(claims, IAT, "iat"),
        unverified_expires=_time(claims, EXP, "exp"),
        unverified_payload=payload,
    )


def verify_health_certificate(
    certificate: UnverifiedHealthCertificate, *, signers: DocumentSigners, now: int
) -> VerifiedHealthCertificate:
    """Verify a certificate; ``Rejected`` with HEALTH_SIGNER, SIGNATURE, HEALTH_VALIDITY or HEALTH_KEY_USAGE.

    That a signer is trusted is for whoever has it on the list: no chain is asked of it, and no validity.
    """
    signer = _signer(certificate, signers)
    if now < certificate.unverified_issued_at:
        raise Rejected(Check.HEALTH_VALIDITY, "it is issued in the future", field="iat")
    if now > certificate.unverified_expires:  # section 3.3: rejected after it
        raise Rejected(Check.HEALTH_VALIDITY, "it has expired", field="exp")
    if not signer.may_sign(certificate.kind):
        detail = f"the signer's certificate is not for certificates of this kind: {certificate.kind.name.lower()}"
        raise Rejected(Check.HEALTH_KEY_USAGE, detail, field="extendedKeyUsage")
    return VerifiedHealthCertificate(
        text=certificate.text,
        kind=certificate.kind,
        issuer=certificate.unverified_issuer,
        issued_at=certificate.unverified_issued_at,
        expires=certificate.unverified_expires,
        payload=certificate.unverified_payload,
        kid=certificate.kid,
        signature=certificate.signed.signature,
        signer=signer,
        warnings=certificate.warnings,
    )


def _signer(certificate: UnverifiedHealthCertificate, signers: DocumentSigners) -> DocumentSigner:
    named = signers.named(certificate.kid)
    if not named:
        raise Rejected(Check.HEALTH_SIGNER, "no signer that is trusted has its key identifier", field="kid")
    for signer in named:
        if signer.algorithm is certificate.algorithm and signer.verifies(
            certificate.signed.signature, certificate.signed.message
        ):
            return signer
    raise Rejected(Check.SIGNATURE, "it is not signed by the key that it names", field="signature")


def _header(signed: SignedCode) -> tuple[Algorithm, bytes]:
    """The protected header says it; what is not signed says only what that leaves out (section 3.2)."""
    algorithm = signed.protected.get(ALG, signed.unprotected.get(ALG))
    kid = signed.protected.get(KID, signed.unprotected.get(KID))
    if type(algorithm) is not int or algorithm not in _ALGORITHMS:
        raise Malformed(WHAT, "header.alg", "expected ES256 or PS256")
    if type(kid) is not bytes or not 0 < len(kid) <= MAX_KID:
        raise Malformed(WHAT, "header.kid", "expected a key identifier")
    return _ALGORITHMS[algorithm], kid


def _payload(hcert: object) -> dict[Any, Any]:
    payload = hcert.get(EU_DCC) if type(hcert) is dict and LABELS.issuperset(map(type, hcert)) else None
    if type(payload) is not dict:
        raise Malformed(WHAT, "hcert", "expected an EU Digital COVID Certificate, version 1")
    return payload


def _time(claims: Mapping[Any, Any], label: int, name: str) -> int:
    time = parse_numeric_date(claims.get(label), WHAT, name)
    if time is None:
        raise Malformed(WHAT, name, "expected seconds since the epoch")
    return time
