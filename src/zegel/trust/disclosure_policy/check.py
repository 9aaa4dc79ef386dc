"""A disclosure policy, held against who asks (ARF 3.0 EDP_02, EDP_03 and EDP_06).

What counts is whom the attestation is for: the party of the registration certificate, and not an intermediary that
asks for it and has another access certificate (note to EDP_02). That is why the roots are those of the registration
certificate too, although annex III speaks of the access certificate's.
"""

from dataclasses import dataclass
from typing import final

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.primitives.x509 import Certificate
from zegel.trust.disclosure_policy.names import name_parts
from zegel.trust.disclosure_policy.values import AuthorisedParty, DisclosurePolicy, PolicyType, RootOfTrust


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class AskingParty:
    """Who asks, as far as it is verified.

    ``identifier``, ``service`` and ``entitlements`` are those of its current registration certificate, ``authorities``
    the certificates of who signed that one, up to the anchor; None and empty without one. ``subject`` is that of its
    access certificate; None where an intermediary asks for it, or nobody knows who does.
    """

    identifier: str | None = None
    service: str | None = None
    entitlements: tuple[str, ...] = ()
    authorities: tuple[Certificate, ...] = ()
    subject: str | None = None


def check_disclosure_policy(policy: DisclosurePolicy, party: AskingParty) -> DisclosurePolicy:
    """Return the policy if it lets the attestation be shown to the party; ``Rejected(DISCLOSURE_POLICY)`` otherwise."""
    match policy.type:
        case PolicyType.NO_POLICY:
            return policy
        case PolicyType.AUTHORISED_PARTIES:
            allowed = any(_is_authorised(authorised, party) for authorised in policy.parties)
            detail = "who asks is not among those to whom the issuer lets it be shown"
        case PolicyType.ROOTS_OF_TRUST:
            allowed = any(_is_rooted(root, party) for root in policy.roots)
            detail = "who asks is not registered under an authority to whose parties the issuer lets it be shown"
        case _:
            allowed = False
            detail = f"the issuer's policy is of a kind that is not known: {policy.type[:40]}"
    if allowed:
        return policy
    if party.identifier is None and policy.type in tuple(PolicyType):
        detail += "; it shows no registration certificate that holds"
    raise Rejected(Check.DISCLOSURE_POLICY, detail, field="embedded_disclosure_policy")


def _is_authorised(authorised: AuthorisedParty, party: AskingParty) -> bool:
    """EDP_02 compares identifiers, of the party and its Service; ETSI lets a policy name entitlements or a subject."""
    if authorised.identifier is not None and authorised.identifier != party.identifier:
        return False
    if authorised.service is not None and authorised.service != party.service:
        return False
    if authorised.entitlement is not None and authorised.entitlement not in party.entitlements:
        return False
    if authorised.subject is None or authorised.identifier is not None:  # which says the same, of the right certificate
        return True
    return party.subject is not None and name_parts(authorised.subject) == name_parts(party.subject)


def _is_rooted(root: RootOfTrust, party: AskingParty) -> bool:
    """An authority is named as the issuer that it is, or its certificate by whoever issued that; both are read."""
    name = name_parts(root.name)
    return any(
        root.serial_number == str(certificate.serial_number)
        and name in (name_parts(certificate.subject), name_parts(certificate.issuer))
        for certificate in party.authorities
    )
