"""The registration certificate of who asks or issues: what a wallet would warn of, found before it does.

It is looked at as a wallet looks at it, and each step is a finding of its own: sent, signed, in time, bound, not
revoked, and enough for what is asked or issued.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, final

from zegel.errors import Rejected
from zegel.formats.credential import StatusReference
from zegel.formats.status.registered import check_registration_status
from zegel.primitives.json import Json
from zegel.profiles import HAIP
from zegel.protocols.openid4vci.configuration import CredentialConfiguration
from zegel.protocols.openid4vci.metadata import IssuerMetadata
from zegel.protocols.openid4vp.dcql import DcqlQuery
from zegel.protocols.openid4vp.overasking import asked_claims, check_registered, domestic_types
from zegel.protocols.openid4vp.pid import is_pid
from zegel.protocols.openid4vp.received_request import VerifiedRequest
from zegel.services.doctor.eyes import DAY, Eyes
from zegel.services.doctor.findings import Findings, State
from zegel.services.doctor.topics import Topic
from zegel.services.status import StatusReader
from zegel.trust.access import VerifiedParty
from zegel.trust.anchors import Purpose
from zegel.trust.registration.parse import parse_registration
from zegel.trust.registration.transport import REGISTRATION_FORMAT, check_one_sent
from zegel.trust.registration.values import (
    BoundRegistration,
    RegistrationCertificate,
    UnverifiedRegistration,
    VerifiedRegistration,
)
from zegel.trust.registration.verify import (
    check_registered_attestation,
    check_registered_provider,
    check_registration_party,
    verify_registration,
)

_SUBJECT: Final = "registration certificate"
_ASKED: Final = "what is asked"
_HOUR: Final = 3_600


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A certificate as it is shown: the ``entries`` of ``field``, beside an access certificate that says who it is."""

    entries: Sequence[tuple[str, Json]]
    field: str
    identifier: str | None
    service: str | None
    name: str = _SUBJECT


async def examine_asked(findings: Findings, request: VerifiedRequest, *, eyes: Eyes) -> None:
    """What a request shows of its registration, and whether it asks for more."""
    party = request.party
    if not isinstance(party, VerifiedParty):  # there is nobody whose registration it could be, and that was said
        return
    entries = [(info.format, info.data) for info in request.verifier_info]
    shown = Shown(entries=entries, field="verifier_info", identifier=party.identifier, service=party.service)
    bound = await examine_registration(findings, shown, eyes=eyes)
    if bound is not None:
        _examine_query(findings, request.query, bound, concerned=request.registered_queries)


async def examine_issued(findings: Findings, metadata: IssuerMetadata, *, eyes: Eyes) -> None:
    """What signed metadata shows of its registration, and whether each thing that is issued stands there."""
    signer = metadata.certified
    entries = [(statement.format, statement.data) for statement in metadata.statements]
    shown = Shown(
        entries=entries,
        field="issuer_info",
        identifier=None if signer is None else signer.identifier,
        service=None if signer is None else signer.service,
    )
    bound = await examine_registration(findings, shown, eyes=eyes)
    if bound is not None:
        _examine_configurations(findings, metadata.configurations, bound)


async def examine_registration(findings: Findings, shown: Shown, *, eyes: Eyes) -> BoundRegistration | None:
    """The certificate itself; None where it says nothing of whoever shows it, and then that was said."""
    sent = _sent(findings, shown, eyes=eyes)
    verified = None if sent is None else _signed(findings, shown, sent, eyes=eyes)
    if verified is None:
        detail = "not looked at: nobody who is trusted says what is registered"
        findings.note(Topic.REGISTERED, f"{shown.name}: what it allows", State.UNSEEN, detail)
        return None
    _examine_end(findings, shown, verified.certificate, now=eyes.clock.now())
    bound: BoundRegistration | None = None
    with findings.trying(Topic.REGISTRATION, f"{shown.name}: party"):
        bound = check_registration_party(verified, identifier=shown.identifier, service=shown.service)
        through = ", for whom this access certificate's party asks" if bound.intermediated else ""
        findings.note(Topic.REGISTRATION, f"{shown.name}: party", State.GOOD, _party(verified.certificate) + through)
        await _examine_status(findings, shown, bound, eyes=eyes)
    return bound


def _sent(findings: Findings, shown: Shown, *, eyes: Eyes) -> UnverifiedRegistration | None:
    # the profiles of OpenID know no registration; it is the regulation's wallets that warn where there is none
    state = State.BROKEN if eyes.profile is HAIP or _there(shown) else State.DOUBTFUL
    sent: UnverifiedRegistration | None = None
    with findings.trying(Topic.REGISTRATION, shown.name, state=state):
        sent = parse_registration(check_one_sent(shown.entries, field=shown.field))
        findings.note(Topic.REGISTRATION, shown.name, State.GOOD, f"one, as {sent.format.upper()}, in {shown.field}")
    return sent


def _there(shown: Shown) -> bool:
    return any(format_ == REGISTRATION_FORMAT for format_, _ in shown.entries)


def _signed(
    findings: Findings, shown: Shown, sent: UnverifiedRegistration, *, eyes: Eyes
) -> VerifiedRegistration | None:
    subject = f"{shown.name}: signature"
    verified: VerifiedRegistration | None = None
    with findings.trying(Topic.REGISTRATION, subject):
        verified = verify_registration(sent, anchors=eyes.trust.anchors, now=eyes.clock.now())
        findings.note(Topic.REGISTRATION, subject, State.GOOD, f"by {verified.provider}")
    return verified


def _examine_end(findings: Findings, shown: Shown, certificate: RegistrationCertificate, *, now: int) -> None:
    left = max(certificate.valid_until - now, 0)
    amount = f"{left // DAY} days" if left >= DAY else f"{left // _HOUR} hours"
    findings.judge(
        Topic.REGISTRATION,
        f"{shown.name}: end",
        f"for {amount}" if now < certificate.renew_from else None,
        f"it ends in {amount}",
        state=State.DOUBTFUL,
    )


async def _examine_status(findings: Findings, shown: Shown, bound: BoundRegistration, *, eyes: Eyes) -> None:
    subject, status = f"{shown.name}: status", bound.certificate.status
    reader = StatusReader(outbound=eyes.outbound, trust=eyes.trust, clock=eyes.clock, keep=1)
    with findings.trying(Topic.REGISTRATION, subject):
        reference = None if status is None else StatusReference(uri=status.uri, index=status.index)
        listed = await reader.fetch_status_list(reference, purpose=Purpose.REGISTRATION_STATUS)
        current = check_registration_status(bound, listed, now=eyes.clock.now())
        if current.status_until is None:
            findings.note(Topic.REGISTRATION, subject, State.GOOD, "it names no list, and lives for a day at most")
            return
        left = current.status_until - eyes.clock.now()
        findings.note(Topic.REGISTRATION, subject, State.GOOD, f"not revoked, by a list fresh for {left // 60} minutes")


def _examine_query(
    findings: Findings, query: DcqlQuery, bound: BoundRegistration, *, concerned: Collection[str]
) -> None:
    certificate = bound.certificate
    with findings.trying(Topic.REGISTERED, _ASKED):
        check_registered(query, certificate.credentials, concerned=concerned, extended=domestic_types(query))
        use = certificate.intended_use or "without a name"
        said = f"{len(asked_claims(query))} claims, all registered for the intended use {use}"
        findings.note(Topic.REGISTERED, _ASKED, State.GOOD, said)


def _examine_configurations(
    findings: Findings, configurations: Mapping[str, CredentialConfiguration], bound: BoundRegistration
) -> None:
    registered = 0
    for id_, offered in configurations.items():
        try:
            check_registered_provider(bound, of_pid=is_pid((offered.type,)))
            check_registered_attestation(bound, format_=offered.format, type_=offered.type)
        except Rejected as error:
            findings.refused(Topic.REGISTERED, f"configuration {id_[:64]}", error)
        else:
            registered += 1
    if registered:
        findings.note(Topic.REGISTERED, "what is issued", State.GOOD, f"{registered} configurations are registered")


def _party(certificate: RegistrationCertificate) -> str:
    service = certificate.service_name or certificate.service
    return certificate.name if service is None else f"{certificate.name}, {service}"
