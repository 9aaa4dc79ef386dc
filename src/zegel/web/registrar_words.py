"""The register in words that people read: what a party, an intended use and a standing are called on pages."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from zegel.trust.register.states import Standing
from zegel.trust.register.values import IntendedUse, WalletRelyingParty
from zegel.trust.registration.credentials import RegisteredCredential
from zegel.trust.registration.entitlements import Entitlement
from zegel.trust.registration.values import text_in

_LOCALE: Final = "en"
ENTITLEMENTS: Final[Mapping[str, str]] = {
    Entitlement.SERVICE_PROVIDER: "asks for attestations",
    Entitlement.QEAA_PROVIDER: "issues qualified attestations",
    Entitlement.NON_QUALIFIED_EAA_PROVIDER: "issues attestations that are not qualified",
    Entitlement.PUB_EAA_PROVIDER: "issues attestations as a public body",
    Entitlement.PID_PROVIDER: "issues person identification data",
    Entitlement.SEAL_CERTIFICATE_PROVIDER: "issues certificates for seals",
    Entitlement.SIGNATURE_CERTIFICATE_PROVIDER: "issues certificates for signatures",
    Entitlement.SEAL_DEVICE_PROVIDER: "runs devices that seal",
    Entitlement.SIGNATURE_DEVICE_PROVIDER: "runs devices that sign",
    Entitlement.SIGNATURE_CREATION_PROVIDER: "makes signatures and seals",
}
STANDINGS: Final[Mapping[Standing, tuple[str, str]]] = {
    Standing.APPLIED: ("info", "waits for an officer"),
    Standing.REGISTERED: ("good", "registered"),
    Standing.REJECTED: ("bad", "refused"),
    Standing.SUSPENDED: ("warn", "suspended"),
    Standing.CANCELLED: ("bad", "cancelled"),
}
"""The kind of badge, and its text."""

Pairs = list[tuple[str, object]]


def described(party: WalletRelyingParty) -> Pairs:
    """What the register gives out of a party, but for its intended uses."""
    authority = party.authority
    return [
        ("Official name", party.official_name),
        ("Trade name", party.trade_name),
        ("Identifiers", [each.identifier for each in party.identifiers]),
        ("Country", party.country),
        ("Public body", party.public_body),
        ("What it does", [ENTITLEMENTS.get(each, each) for each in party.entitlements]),
        ("Services", [_service(party, at) for at in range(len(party.services))]),
        ("Information", list(party.information)),
        ("To have data deleted", list(party.support)),
        ("Supervised by", [authority.name or "", *authority.uris, *authority.emails, *authority.phones]),
        ("Asks for others", party.intermediary),
        ("Asks through", [each.trade_name or each.identifier for each in party.intermediaries]),
    ]


def described_contact(party: WalletRelyingParty) -> Pairs:
    """How the registrar reaches it: for officers and the party's own people."""
    contact = party.contact
    return [
        ("Mail", list(contact.emails)),
        ("Telephone", list(contact.phones)),
        ("Address", list(contact.postal_address)),
    ]


def described_use(use: IntendedUse) -> Pairs:
    """An intended use: why, what for, what is asked for, and what the register added."""
    later = (("Identifier", use.identifier), ("Since", use.created), ("Ended", use.revoked))
    return [
        ("Purpose", text_in(use.purposes, _LOCALE)),
        ("Privacy policy", [policy.uri for policy in use.policies]),
        ("Services", list(use.services)),
        ("Asks for", [_credential(each) for each in use.credentials]),
        *((label, value) for label, value in later if value is not None),
    ]


def on_day(seconds: int) -> str:
    """The day of a time."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d")


def _service(party: WalletRelyingParty, at: int) -> str:
    service = party.services[at]
    issues = ", ".join(type_ for each in service.provides for type_ in each.types)
    said = f"{service.trade_name} ({service.identifier}): {text_in(service.descriptions, _LOCALE)}"
    return f"{said}; issues {issues}" if issues else said


def _credential(credential: RegisteredCredential) -> str:
    claims = ", ".join(".".join("*" if each is None else str(each) for each in path) for path in credential.claims)
    return f"{', '.join(credential.types) or 'any type'} ({credential.format}): {claims or 'nothing of it'}"
