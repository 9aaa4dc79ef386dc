"""Vetting: who asks, or issues, held against what it registered (ARF 3.0 topics 6 and 44).

What fails here is not refused, but found: the person is warned of it, and decides (RPRC_17, RPRC_17a, RPRC_21). The one
thing that is fetched is a status list, which tells nobody whose entry is looked up.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Final, final

from zegel.checks import Check
from zegel.errors import Malformed, Rejected, ZegelError
from zegel.formats.credential import VerifiedCredential
from zegel.primitives.json import Json
from zegel.protocols.openid4vci.configuration import CredentialConfiguration
from zegel.protocols.openid4vci.issuer_info import MetadataSigner
from zegel.protocols.openid4vci.wallet.start import Ready
from zegel.protocols.openid4vp.overasking import AskedClaim, check_registered, unregistered_claims
from zegel.protocols.openid4vp.pid import is_pid
from zegel.protocols.openid4vp.received_request import VerifiedRequest
from zegel.services.ports import Clock
from zegel.services.registration_status import fetch_current
from zegel.services.status import StatusReader
from zegel.services.trust import Trust
from zegel.services.wallet.contents import Finding, Vetting
from zegel.trust.access import VerifiedParty
from zegel.trust.registration.parse import parse_registration
from zegel.trust.registration.transport import check_one_sent
from zegel.trust.registration.values import BoundRegistration, CurrentRegistration
from zegel.trust.registration.verify import (
    check_registered_attestation,
    check_registered_provider,
    check_registration_party,
    verify_registration,
)

_CHECKS: Final = {check.id: check for check in Check}
AGAIN_SECONDS: Final = 60  # what could not be had is tried again; nobody waits for longer at a page


@final
class VettingDesk:
    """Looks at registration certificates for the wallet."""

    def __init__(self, *, trust: Trust, statuses: StatusReader, clock: Clock) -> None:
        self._trust = trust
        self._statuses = statuses
        self._clock = clock

    async def vet_request(self, request: VerifiedRequest, *, held: Iterable[VerifiedCredential]) -> Vetting:
        """What there is to say of who asks, and of what it asks for; ``held`` tells which types extend which."""
        party, now = request.party, self._clock.now()
        identifier, service = (party.identifier, party.service) if isinstance(party, VerifiedParty) else (None, None)
        entries = [(info.format, info.data) for info in request.verifier_info]
        try:
            bound = self._bind(entries, field="verifier_info", identifier=identifier, service=service)
        except (Malformed, Rejected) as error:
            return Vetting(at=now, until=now + AGAIN_SECONDS, findings=(_finding(error),))
        registration, findings, until = await self._look_up(bound)
        asked = _Asked(request, extended_types(held))
        return Vetting(
            at=now,
            until=until,
            registration=registration,
            findings=(*findings, *asked.findings(bound)),
            beyond=asked.beyond(bound),
        )

    async def vet_issuer(self, ready: Ready) -> Vetting:
        """What there is to say of who offers, and of whether it is registered for that (ISSU_24a to ISSU_34b)."""
        issuer, now = ready.issuer, self._clock.now()
        identifier, service = (None, None) if issuer.certified is None else _identified(issuer.certified)
        entries = [(statement.format, statement.data) for statement in issuer.statements]
        try:
            bound = self._bind(entries, field="issuer_info", identifier=identifier, service=service)
        except (Malformed, Rejected) as error:
            return Vetting(at=now, until=now + AGAIN_SECONDS, findings=(_finding(error),))
        registration, findings, until = await self._look_up(bound)
        refused = [error for each in ready.configurations for error in _unregistered(bound, each)]
        own = dict.fromkeys(map(_finding, refused))
        return Vetting(at=now, until=until, registration=registration, findings=(*findings, *own))

    async def _look_up(
        self, bound: BoundRegistration
    ) -> tuple[CurrentRegistration | BoundRegistration, tuple[Finding, ...], int]:
        """Its status, where it has one; what cannot be looked up is never taken for good."""
        now = self._clock.now()
        try:
            current = await fetch_current(bound, statuses=self._statuses, clock=self._clock)
        except ZegelError as error:
            return bound, (_finding(error),), now + AGAIN_SECONDS
        ends = bound.certificate.valid_until
        return current, (), ends if current.status_until is None else min(ends, current.status_until)

    def _bind(
        self, entries: list[tuple[str, Json]], *, field: str, identifier: str | None, service: str | None
    ) -> BoundRegistration:
        unverified = parse_registration(check_one_sent(entries, field=field))
        verified = verify_registration(unverified, anchors=self._trust.anchors, now=self._clock.now())
        return check_registration_party(verified, identifier=identifier, service=service)


@final
class _Asked:
    """What is asked, and what is known of the types in it."""

    def __init__(self, request: VerifiedRequest, extended: Mapping[str, frozenset[str]]) -> None:
        self._query = request.query
        self._extended = extended
        self._concerned = request.registered_queries

    def findings(self, bound: BoundRegistration) -> tuple[Finding, ...]:
        registered = bound.certificate.credentials
        try:
            check_registered(self._query, registered, concerned=self._concerned, extended=self._extended)
        except Rejected as error:
            return (_finding(error),)
        return ()

    def beyond(self, bound: BoundRegistration) -> tuple[AskedClaim, ...]:
        registered = bound.certificate.credentials
        return unregistered_claims(self._query, registered, concerned=self._concerned, extended=self._extended)


def check_approved(vetting: Vetting, *, despite: Collection[str]) -> Vetting:
    """Return what was found if the person set each warning aside; ``Rejected(EXPLICIT_APPROVAL)`` otherwise."""
    for finding in vetting.findings:
        if finding.check not in despite:
            detail = f"the warning {finding.check} was not set aside: {finding.detail}"
            raise Rejected(Check.EXPLICIT_APPROVAL, detail, field=f"despite-{finding.check}")
    return vetting


def check_registered_issuer(vetting: Vetting, *, refuses: bool, despite: Collection[str]) -> Vetting:
    """Return what was found of an issuer if it may be asked for something.

    A wallet that ``refuses`` asks nothing of whom there is anything to warn of: ``Rejected`` by that very check
    (RPRC_22a, RPRC_22b, RPRC_23). Any other asks despite each warning that the person set aside.
    """
    if refuses and vetting.findings:
        first = vetting.findings[0]
        raise Rejected(_CHECKS[first.check], first.detail, field=first.field)
    return check_approved(vetting, despite=despite)


def extended_types(held: Iterable[VerifiedCredential]) -> Mapping[str, frozenset[str]]:
    """Which types extend which, as far as what is held tells: whoever may ask for a PID may ask for a country's."""
    return {credential.type: frozenset(credential.types) for credential in held}


def _identified(signer: MetadataSigner) -> tuple[str | None, str | None]:
    return signer.identifier, signer.service


def _unregistered(bound: BoundRegistration, offered: CredentialConfiguration) -> Iterator[Rejected]:
    """RPRC_23 for whom, ISSU_24b and ISSU_34b for what."""
    try:
        check_registered_provider(bound, of_pid=is_pid((offered.type,)))
        check_registered_attestation(bound, format_=offered.format, type_=offered.type)
    except Rejected as error:
        yield error


def _finding(error: ZegelError) -> Finding:
    return Finding(check=error.check.id, detail=error.detail, field=error.field)
