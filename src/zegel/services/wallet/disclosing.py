"""What the issuer of a credential says of who may be shown it, held against who asks (ARF 3.0 topic 43).

The person is told what came of it, and decides (EDP_07): a credential that its issuer would not show is a warning to be
set aside like any other. Only of those that authorise payments the wallet itself stops (TS12 section 3.1).
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import final

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.formats.catalogue.types import Catalogue
from zegel.services.wallet.cautioning import Caution
from zegel.services.wallet.contents import Holding, Vetting
from zegel.trust.access import UnauthenticatedParty, VerifiedParty
from zegel.trust.disclosure_policy.check import AskingParty, check_disclosure_policy
from zegel.trust.registration.values import CurrentRegistration


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyOutcome:
    """What came of a policy. ``refusal`` says why its issuer would not show it, empty where it would.

    ``final``: nobody sets that aside. ``explanation`` is the issuer's page about it (EDP_05).
    """

    refusal: str
    final: bool
    explanation: str | None
    description: str | None


def asking_party(party: VerifiedParty | UnauthenticatedParty, vetting: Vetting) -> AskingParty:
    """Who asks, as far as that holds: a registration that may be revoked, or could not be looked up, says nothing."""
    itself = isinstance(party, VerifiedParty) and not vetting.intermediated
    subject = party.chain.leaf.subject if isinstance(party, VerifiedParty) and itself else None
    registration = vetting.registration
    if not isinstance(registration, CurrentRegistration):
        return AskingParty(subject=subject)
    certificate, chain = registration.certificate, registration.chain
    return AskingParty(
        identifier=certificate.identifier,
        service=certificate.service,
        entitlements=certificate.entitlements,
        authorities=(*chain.between, chain.anchor.certificate.parse()),
        subject=subject,
    )


def outcome_of(holding: Holding, party: AskingParty, *, sca: Collection[str]) -> PolicyOutcome | None:
    """What came of a credential's policy; None for one without. ``sca`` are the types that authorise payments."""
    policy = holding.batch.policy
    if policy is None:
        return None
    refusal = ""
    try:
        check_disclosure_policy(policy, party)
    except Rejected as error:
        refusal = error.detail
    return PolicyOutcome(
        refusal=refusal,
        final=bool(refusal) and not frozenset(sca).isdisjoint(holding.credential.types),
        explanation=policy.explanation,
        description=policy.description,
    )


def policy_caution(named: Iterable[tuple[str, PolicyOutcome]]) -> Caution | None:
    """The warning of what its issuer would not show, by name; None where there is nothing to be set aside."""
    against: Sequence[tuple[str, str]] = [
        (name, outcome.refusal) for name, outcome in named if outcome.refusal and not outcome.final
    ]
    if not against:
        return None
    return Caution(
        check=Check.DISCLOSURE_POLICY.id,
        title="Its issuer would not show it to them",
        text="Who issued it has said to whom it may be shown, and who asks is not among them:",
        claims=tuple(dict.fromkeys(name for name, _ in against)),
        detail=against[0][1],
    )


def check_outcomes(
    holdings: Iterable[Holding], party: AskingParty, *, sca: Collection[str], despite: Collection[str]
) -> tuple[str, ...]:
    """Return the ids of the warnings that the person set aside: none where each credential may be shown to the party.

    ``Rejected`` with DISCLOSURE_POLICY for what nobody sets aside, EXPLICIT_APPROVAL for what was not set aside.
    """
    warned = Check.DISCLOSURE_POLICY.id
    aside: tuple[str, ...] = ()
    for holding in holdings:
        outcome = outcome_of(holding, party, sca=sca)
        if outcome is None or not outcome.refusal:
            continue
        if outcome.final:
            raise Rejected(Check.DISCLOSURE_POLICY, outcome.refusal, field="embedded_disclosure_policy")
        if warned not in despite:
            detail = f"the warning {warned} was not set aside: {outcome.refusal}"
            raise Rejected(Check.EXPLICIT_APPROVAL, detail, field=f"despite-{warned}")
        aside = (warned,)
    return aside


def sca_types(catalogue: Catalogue) -> frozenset[str]:
    """The vcts and doctypes whose holders sign transactions (TS12 section 3)."""
    signing = (type_ for type_ in catalogue.types.values() if type_.transaction_data)
    return frozenset(name for type_ in signing for name in type_.identifiers)
