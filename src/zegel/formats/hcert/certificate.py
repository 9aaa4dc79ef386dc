"""A health certificate: parsed, and verified under a signer that is trusted.

    text --parse_health_certificate--> Unverified --verify_health_certificate--> Verified

1. nothing that is critical is unknown, and the algorithm is one of the two
2. the signer is one by the key identifier of the protected header, or where that has none of the other; each is tried
3. the signature verifies
4. it was issued already, is valid already, and has not expired
5. the signer may sign certificates of this kind
"""

import re
from collections.abc import Mapping
from typing import Any, Final, final

from msgspec import Struct

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.formats.hcert.code import SignedCode
from zegel.formats.hcert.domains import Family
from zegel.formats.hcert.envelope import (
    EXP,
    IAT,
    ISS,
    NBF,
    Envelope,
    check_usage,
    read_envelope,
    read_issuer,
    read_time,
    verify_signer,
)
from zegel.formats.hcert.keys import Algorithm, DocumentSigner, DocumentSigners
from zegel.formats.hcert.layers import WHAT, Layer, layered
from zegel.formats.hcert.schema import Kind, Reading, read_payload
from zegel.primitives.times import TOLERATED_EARLY

TITLE: Final = "EU Digital COVID Certificate"
_COUNTRY: Final = re.compile(r"[A-Za-z]{2}")
EU_DCC: Final = 1  # within HCERT: version 1 of the EU's certificate


@final
class UnverifiedHealthCertificate(Struct, frozen=True, kw_only=True):
    """A certificate that parses, and nothing more. ``text`` is as it was read; times are seconds since the epoch.

    ``unverified_begins`` is from when it counts, where it says more of that than when it was issued; None otherwise.
    ``warnings`` are what the field reading let pass.
    """

    text: bytes
    signed: SignedCode
    algorithm: Algorithm | None
    kid: bytes
    kind: Kind
    warnings: tuple[str, ...]
    unverified_issuer: str
    unverified_issued_at: int
    unverified_begins: int | None
    unverified_expires: int
    unverified_payload: Mapping[str, Any]


@final
class VerifiedHealthCertificate(Struct, frozen=True, kw_only=True):
    """What a trusted signer says of a person, valid at the time that was asked about.

    ``issuer`` is as it was read, that of the entry where no other is named. ``payload`` is the certificate itself, by
    the schema's members. Who carries it is not said: whoever has the text can show it.
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
    def country(self) -> str:
        """The issuer's, ISO 3166-1 alpha-2, by which rules and what was revoked are looked up: states have written it
        in small letters, and an office in its place, which is of the entry's country."""
        return (self.issuer if _COUNTRY.fullmatch(self.issuer) else str(self.entry["co"])).upper()

    @property
    def name(self) -> Mapping[str, str]:
        """``nam``: fn and gn as they are written, fnt and gnt transliterated; one of the latter is there."""
        name: Mapping[str, str] = self.payload["nam"]
        return name

    @property
    def version(self) -> str:
        """``ver``: that of the schema."""
        return str(self.payload["ver"])

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
    """Parse the text of a QR code; ``MalformedLayer`` names the layer, and the member, that is not as it must be."""
    envelope = read_envelope(text)
    try:
        return read_health_certificate(envelope, reading)
    except Malformed as error:
        raise layered(error, Layer.SCHEMA) from None


def read_health_certificate(envelope: Envelope, reading: Reading) -> UnverifiedHealthCertificate:
    """The certificate in an envelope; ``Malformed`` names the member that is not as it must be."""
    payload, claims = envelope.hcert.get(EU_DCC), envelope.claims
    if type(payload) is not dict:
        raise Malformed(WHAT, "hcert", "expected an EU Digital COVID Certificate, version 1")
    kind, warnings = read_payload(payload, reading)
    # section 3.3.4: it may be left out
    issuer, odd = read_issuer(claims[ISS] if ISS in claims else payload[kind][0]["co"], reading)
    return UnverifiedHealthCertificate(
        text=envelope.text,
        signed=envelope.signed,
        algorithm=envelope.algorithm,
        kid=envelope.kid,
        kind=kind,
        warnings=(*warnings, *odd),
        unverified_issuer=issuer,
        unverified_issued_at=read_time(claims, IAT, "iat"),
        # section 3.3 does not have it; who signs it all the same means it (RFC 8392 section 3.1.5)
        unverified_begins=read_time(claims, NBF, "nbf") if NBF in claims else None,
        unverified_expires=read_time(claims, EXP, "exp"),
        unverified_payload=payload,
    )


def verify_health_certificate(
    certificate: UnverifiedHealthCertificate, *, signers: DocumentSigners, now: int
) -> VerifiedHealthCertificate:
    """Verify a certificate; ``Rejected`` with CRITICAL_HEADER, ALGORITHM, HEALTH_SIGNER, SIGNATURE, HEALTH_VALIDITY or
    HEALTH_KEY_USAGE.

    That a signer is trusted is for whoever has it on the list: no chain is asked of it, and no validity.
    """
    signer = verify_signer(
        certificate.signed,
        algorithm=certificate.algorithm,
        kid=certificate.kid,
        kind=certificate.kind,
        signers=signers,
        family=Family.DCC,
    )
    # section 3.3.6 leaves it to the verifier, and the official test CO16 has it refused
    if now < certificate.unverified_issued_at:
        raise Rejected(Check.HEALTH_VALIDITY, "it is issued in the future", field="iat")
    begins = certificate.unverified_begins
    if begins is not None and now < begins - TOLERATED_EARLY:  # RFC 7519 section 4.1.5, to which RFC 8392 refers
        raise Rejected(Check.HEALTH_VALIDITY, "it is not valid yet", field="nbf")
    if now > certificate.unverified_expires:  # section 3.3: rejected after it
        raise Rejected(Check.HEALTH_VALIDITY, "it has expired", field="exp")
    return VerifiedHealthCertificate(
        text=certificate.text,
        kind=certificate.kind,
        issuer=certificate.unverified_issuer,
        issued_at=certificate.unverified_issued_at,
        expires=certificate.unverified_expires,
        payload=certificate.unverified_payload,
        kid=certificate.kid,
        signature=certificate.signed.signature,
        signer=check_usage(signer, certificate.kind, certificate.kind.name.lower()),
        warnings=certificate.warnings,
    )
