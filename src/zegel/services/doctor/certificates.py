"""The certificates under which something is signed: their profile, the list that they lead to, the logs that had them.

Each is a finding of its own, looked at before the signature, so that a refusal does not hide where the fault is.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.primitives.x509 import DAY, Certificate, check_profile, parse_certificate
from zegel.services.doctor.eyes import Eyes, examine_authorities, examine_days_left
from zegel.services.doctor.findings import Findings, State
from zegel.services.doctor.topics import Topic
from zegel.trust.access import party_identifier, party_name, party_service
from zegel.trust.access_authority.profile import LEGAL_PERSON, NATURAL_PERSON
from zegel.trust.anchors import PROFILES, Listing, Purpose, TrustAnchor, VerifiedChain
from zegel.trust.transparency.timestamps import VerifiedTimestamp, verify_timestamps

_POLICIES: Final = frozenset({NATURAL_PERSON, LEGAL_PERSON})


def examine_signer(
    findings: Findings, x5c: tuple[bytes, ...], *, purpose: Purpose, eyes: Eyes, name: str | None = None
) -> None:
    """Examine certificates (DER, leaf first, without the anchor) that sign for ``purpose``.

    ``name`` is what to call them by; the party of an access certificate where it is left out.
    """
    subject = name or f"certificate for {PROFILES[purpose].name}"
    try:
        certificates = tuple(map(parse_certificate, x5c))
    except Malformed as error:
        findings.refused(Topic.CERTIFICATE_PROFILE, subject, error)
        return
    if not certificates:
        findings.note(Topic.CHAIN, subject, State.BROKEN, "it is signed under no certificate")
        return
    if name is None and purpose is Purpose.ACCESS:
        subject = f"access certificate of {party_name(certificates[0])}"
    verified = _verified(x5c, purpose, eyes)
    _examine_profile(findings, subject, certificates[0], verified, purpose)
    _examine_chain(findings, subject, verified, purpose, eyes=eyes)
    if purpose is Purpose.ACCESS:
        _examine_timestamps(findings, subject, certificates, verified, eyes=eyes)
    _examine_time(findings, subject, certificates, verified, now=eyes.clock.now())


def _verified(x5c: tuple[bytes, ...], purpose: Purpose, eyes: Eyes) -> VerifiedChain | Rejected:
    try:
        return eyes.trust.anchors.verify_chain(x5c, purpose=purpose, now=eyes.clock.now())
    except Rejected as error:
        return error


def _examine_profile(
    findings: Findings, subject: str, leaf: Certificate, verified: VerifiedChain | Rejected, purpose: Purpose
) -> None:
    profile = PROFILES[purpose]
    with findings.trying(Topic.CERTIFICATE_PROFILE, subject):
        if isinstance(verified, Rejected) and verified.check is Check.CERTIFICATE_PROFILE:
            raise verified
        anchor = verified.anchor.certificate.parse() if isinstance(verified, VerifiedChain) else None
        check_profile(leaf, anchor=anchor, profile=profile)
        lacking = tuple(_lacking(leaf, purpose))
        findings.judge(
            Topic.CERTIFICATE_PROFILE,
            subject,
            None if lacking else f"an end entity's, for {profile.name}{_service(leaf, purpose)}",
            f"a wallet takes it, but it lacks {', '.join(lacking)}",
            state=State.DOUBTFUL,
        )


def _lacking(leaf: Certificate, purpose: Purpose) -> Iterator[str]:
    """What an authority has to put in, and wallets do not insist on."""
    if purpose is Purpose.ACCESS:
        if "O" not in leaf.names:
            yield "a trade name (O; ARF 3.0 Reg_31)"
        if party_identifier(leaf) is None:
            yield "the registration number (organizationIdentifier; ARF 3.0 Reg_32)"
        if _POLICIES.isdisjoint(leaf.policies):
            yield "a policy of access certificates (ETSI TS 119 411-8 section 5.3)"
        if not leaf.revocation_points and leaf.not_after - leaf.not_before >= DAY:
            yield "where it would be revoked (ARF 3.0 Reg_12)"
    elif purpose is Purpose.ISSUER and not leaf.revocation_points:
        yield "where it would be revoked (ISO/IEC 18013-5 table B.3)"


def _service(leaf: Certificate, purpose: Purpose) -> str:
    if purpose is not Purpose.ACCESS:
        return ""
    service = party_service(leaf)
    return ", of no Service by name" if service is None else f", of the Service {service}"


def _examine_chain(
    findings: Findings, subject: str, verified: VerifiedChain | Rejected, purpose: Purpose, *, eyes: Eyes
) -> None:
    if isinstance(verified, VerifiedChain):
        for state, said in _stands(verified.anchor, now=eyes.clock.now()):
            findings.note(Topic.CHAIN, subject, state, said)
    elif verified.check in (Check.CERTIFICATE_PROFILE, Check.CERTIFICATE_VALIDITY):
        findings.note(Topic.CHAIN, subject, State.UNSEEN, f"not followed: {verified.detail}")
    elif verified.check is Check.ANCHOR and not eyes.trust.anchors.of(purpose):
        findings.note(Topic.CHAIN, subject, State.UNSEEN, f"nobody is trusted here for that: {verified.detail}")
    else:
        findings.refused(Topic.CHAIN, subject, verified)


def _stands(anchor: TrustAnchor, *, now: int) -> Iterator[tuple[State, str]]:
    if not anchor.listings:
        yield State.DOUBTFUL, f"to {anchor.entity}, which stands on no list: somebody here vouches for it by hand"
    for listing in anchor.listings:
        yield State.GOOD, f"to {anchor.entity}, on {_listed(listing, now)}"


def _listed(listing: Listing, now: int) -> str:
    days = (listing.next_update - now) // DAY
    number = f"{listing.type.rpartition('/')[2]} number {listing.sequence}"
    return f"{number} of {listing.operator}, next update in {days} days"


def _examine_timestamps(
    findings: Findings,
    subject: str,
    certificates: tuple[Certificate, ...],
    verified: VerifiedChain | Rejected,
    *,
    eyes: Eyes,
) -> None:
    leaf, *between = certificates
    if between:
        issuer = between[0]
    elif isinstance(verified, VerifiedChain):
        issuer = verified.anchor.certificate.parse()
    else:
        detail = "not looked at: what a log signs is about the certificate's issuer, too, who is not known"
        findings.note(Topic.TIMESTAMP, subject, State.UNSEEN, detail)
        return
    # the profiles of OpenID ask for none (ARF 3.0 CT_05)
    state = State.BROKEN if eyes.profile.timestamps_required else State.DOUBTFUL
    with findings.trying(Topic.TIMESTAMP, subject, state=state):
        logs, now = eyes.trust.anchors.logs, eyes.clock.now()
        found = verify_timestamps(leaf, issuer=issuer, logs=logs, required=True, now=now)
        for each in found.timestamps:
            findings.note(Topic.TIMESTAMP, subject, State.GOOD, _promised(each))


def _promised(timestamp: VerifiedTimestamp) -> str:
    day = datetime.fromtimestamp(timestamp.timestamp // 1000, UTC).strftime("%Y-%m-%d")
    document = "RFC 9162" if timestamp.version == 2 else "RFC 6962"
    said = f"of the log {timestamp.log.name} of {timestamp.log.entity}, by {document}, on {day}"
    size = timestamp.tree_size
    return f"{said}, without a proof that it is there" if size is None else f"{said}, proven in its tree of {size}"


def _examine_time(
    findings: Findings,
    subject: str,
    certificates: tuple[Certificate, ...],
    verified: VerifiedChain | Rejected,
    *,
    now: int,
) -> None:
    if isinstance(verified, Rejected) and verified.check is Check.CERTIFICATE_VALIDITY:
        findings.refused(Topic.CERTIFICATE, subject, verified)
        return
    examine_days_left(findings, subject, certificates[0].not_after, now=now)
    examine_authorities(findings, certificates[1:], now=now)
