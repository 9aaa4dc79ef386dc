"""A certificate of WHO: parsed, and verified under a signer that is trusted, as the EU's is.

    text --parse_health_record--> Unverified --verify_who_certificate--> Verified

1. nothing that is critical is unknown, and the algorithm is one of the two
2. the signer is one by the key identifier; each is tried
3. the signature verifies
4. it is valid already, and still: by its claims, and by the times that it has itself
5. the signer may sign certificates of this kind
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeAlias, final

from msgspec import Struct

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.formats.hcert.certificate import (
    EU_DCC,
    UnverifiedHealthCertificate,
    VerifiedHealthCertificate,
    read_health_certificate,
)
from zegel.formats.hcert.code import SignedCode
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
from zegel.formats.hcert.schema import Reading
from zegel.formats.hcert.who_schema import WhoProfile, is_earlier, read_who_payload
from zegel.formats.hcert.who_times import read_span

HEALTH_LINK: Final = 5  # within HCERT: the link to a certificate that is somewhere else
_FOR_LIFE: Final = ("life of person vaccinated", "vie entière du sujet vacciné")  # SMART ICVP 0.3.0 REQ-DE-22


@final
class UnverifiedWhoCertificate(Struct, frozen=True, kw_only=True):
    """A certificate that parses, and nothing more. Times are seconds since the epoch, None where it has none.

    ``unverified_begins`` is the latest time from which it counts, ``unverified_expires`` the earliest that ends it.
    """

    text: bytes
    signed: SignedCode
    algorithm: Algorithm | None
    kid: bytes
    profile: WhoProfile
    warnings: tuple[str, ...]
    unverified_issuer: str
    unverified_issued_at: int | None
    unverified_begins: int | None
    unverified_expires: int | None
    unverified_payload: Mapping[str, Any]


@final
class VerifiedWhoCertificate(Struct, frozen=True, kw_only=True):
    """What a trusted signer says of a person, valid at the time that was asked about.

    ``issuer`` is as the signer has it, and may be empty. ``payload`` is the certificate, by the members of its model.
    """

    text: bytes
    profile: WhoProfile
    issuer: str
    issued_at: int | None
    expires: int | None
    payload: Mapping[str, Any]
    kid: bytes
    signature: bytes
    signer: DocumentSigner
    warnings: tuple[str, ...]

    @property
    def country(self) -> str:
        """The issuer in capitals, by which what was revoked is looked up."""
        return self.issuer.upper()


UnverifiedHealthRecord: TypeAlias = UnverifiedHealthCertificate | UnverifiedWhoCertificate
VerifiedHealthRecord: TypeAlias = VerifiedHealthCertificate | VerifiedWhoCertificate


def parse_health_record(text: bytes, reading: Reading = Reading.FIELD) -> UnverifiedHealthRecord:
    """Parse the text of a QR code, whichever certificate it is; ``MalformedLayer`` as ``parse_health_certificate``."""
    envelope = read_envelope(text)
    try:
        return _record(envelope, reading)
    except Malformed as error:
        raise layered(error, Layer.SCHEMA) from None


def _record(envelope: Envelope, reading: Reading) -> UnverifiedHealthRecord:
    if EU_DCC in envelope.hcert:
        return read_health_certificate(envelope, reading)
    for profile in WhoProfile:
        if profile in envelope.hcert:
            return _read(envelope, profile, reading)
    if HEALTH_LINK in envelope.hcert:
        raise Malformed(WHAT, "hcert", "expected a certificate, got a link to one, which is not followed")
    raise Malformed(WHAT, "hcert", "expected an EU Digital COVID Certificate, or one of WHO")


def verify_who_certificate(
    certificate: UnverifiedWhoCertificate, *, signers: DocumentSigners, now: int
) -> VerifiedWhoCertificate:
    """Verify a certificate; ``Rejected`` as ``verify_health_certificate``."""
    signer = verify_signer(
        certificate.signed,
        algorithm=certificate.algorithm,
        kid=certificate.kid,
        kind=certificate.profile.kind,
        signers=signers,
        family=certificate.profile.family,
    )
    if certificate.unverified_begins is not None and now < certificate.unverified_begins:
        raise Rejected(Check.HEALTH_VALIDITY, "it is not valid yet", field="iat")
    if certificate.unverified_expires is not None and now > certificate.unverified_expires:
        raise Rejected(Check.HEALTH_VALIDITY, "it has expired", field="exp")
    kind = certificate.profile.kind
    return VerifiedWhoCertificate(
        text=certificate.text,
        profile=certificate.profile,
        issuer=certificate.unverified_issuer,
        issued_at=certificate.unverified_issued_at,
        expires=certificate.unverified_expires,
        payload=certificate.unverified_payload,
        kid=certificate.kid,
        signature=certificate.signed.signature,
        signer=check_usage(signer, kind, kind.name.lower()),
        warnings=certificate.warnings,
    )


def _read(envelope: Envelope, profile: WhoProfile, reading: Reading) -> UnverifiedWhoCertificate:
    claims = envelope.claims
    payload, warnings = read_who_payload(profile, envelope.hcert[profile], reading)
    issuer, odd = read_issuer(claims.get(ISS, ""), reading)
    issued_at = read_time(claims, IAT, "iat") if IAT in claims else None
    starts = [issued_at, read_time(claims, NBF, "nbf") if NBF in claims else None, *_starts(profile, payload)]
    ends = [_end(claims), *_ends(profile, payload)]
    return UnverifiedWhoCertificate(
        text=envelope.text,
        signed=envelope.signed,
        algorithm=envelope.algorithm,
        kid=envelope.kid,
        profile=profile,
        warnings=(*warnings, *odd),
        unverified_issuer=issuer,
        unverified_issued_at=issued_at,
        unverified_begins=max((start for start in starts if start is not None), default=None),
        unverified_expires=min((end for end in ends if end is not None), default=None),
        unverified_payload=payload,
    )


def _end(claims: Mapping[Any, Any]) -> int | None:
    """The model has exp optional, and ICVP a text for what never ends."""
    if EXP not in claims or claims[EXP] in _FOR_LIFE:
        return None
    return read_time(claims, EXP, "exp")


def _starts(profile: WhoProfile, payload: Mapping[Any, Any]) -> Iterator[int]:
    """When it was given, which is never in the future (ICVP REQ-DE-13), and from when it says that it counts."""
    event, period = _event(profile, payload), _period(profile, payload)
    for holder, name in ((event, "dv"), (event, "dt"), (event, "date"), (event, "vls"), (period, "start")):
        if name in holder:
            yield read_span(holder[name], name)[0]


def _ends(profile: WhoProfile, payload: Mapping[Any, Any]) -> Iterator[int]:
    for holder, name in ((_event(profile, payload), "vle"), (_period(profile, payload), "end")):
        if name in holder:
            yield read_span(holder[name], name)[1]


def _event(profile: WhoProfile, payload: Mapping[Any, Any]) -> Mapping[Any, Any]:
    """The vaccination, or the test: the member that the model has, whatever stands beside it."""
    names = {WhoProfile.DDCC_VS: "vaccination", WhoProfile.DDCC_TR: "test"}
    event: Mapping[Any, Any] = payload[names.get(profile, "v" if is_earlier(payload) else "vx")]
    return event


def _period(profile: WhoProfile, payload: Mapping[Any, Any]) -> Mapping[Any, Any]:
    """When a DDCC counts; a DVC has no such member, so that nobody has looked at what stands there."""
    if profile is WhoProfile.DVC:
        return {}
    period: Mapping[Any, Any] = payload.get("certificate", {}).get("period", {})
    return period
