"""What the wallet found of who asks, or issues, in words: what was registered, and each warning (ARF 3.0 RPRC_17)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, final

from zegel.checks import Check
from zegel.protocols.openid4vp.overasking import AskedClaim
from zegel.services.wallet.contents import Finding, Vetting
from zegel.trust.registration.values import text_in

_TITLES: Final = {
    Check.OVER_ASKING.id: "It asks for more than it has registered",
    Check.REGISTRATION_CERTIFICATE.id: "It does not show what it has registered",
    Check.REGISTRATION_STATUS.id: "Its registration was withdrawn",
    Check.REGISTRATION_VALIDITY.id: "Its registration is out of date",
    Check.REGISTRATION_PARTY.id: "It shows the registration of somebody else",
    Check.REGISTRATION_SERVICE.id: "It shows the registration of another service",
    Check.REGISTERED_PROVIDER.id: "It is not registered to issue this",
    Check.REGISTERED_ATTESTATION.id: "It is not registered to issue this",
}
_TEXTS: Final = {
    Check.OVER_ASKING.id: "What it registered does not allow it to ask for this:",
    Check.REGISTRATION_CERTIFICATE.id: (
        "Everybody who asks has to send one registration certificate. Without it your wallet cannot tell what may be "
        "asked for, nor why."
    ),
    Check.REGISTRATION_STATUS.id: "Whoever keeps the register has withdrawn it: it may not ask for anything any more.",
    Check.REGISTRATION_VALIDITY.id: "Your wallet could not validate what is registered: its time is over.",
    Check.REGISTRATION_PARTY.id: "Somebody may be using a registration that belongs to another party.",
    Check.REGISTRATION_SERVICE.id: "What was registered is for another service of the same party.",
    Check.REGISTERED_PROVIDER.id: "The register does not have it as a provider of what it offers.",
    Check.REGISTERED_ATTESTATION.id: "The register does not have this kind of credential among those that it issues.",
}
_UNKNOWN_STATUS: Final = frozenset(
    check.id
    for check in (
        Check.AVAILABILITY,
        Check.OVERLOAD,
        Check.STATUS_LIST,
        Check.STATUS_ISSUER,
        Check.STATUS_FRESHNESS,
        Check.STATUS_STALE,
    )
)
_STATUS_TITLE: Final = "Whether its registration still holds is not known"
_STATUS_TEXT: Final = "The list that says so could not be had, or is too old. It may have been withdrawn."
_OTHER_TITLE: Final = "Its registration could not be validated"
_OTHER_TEXT: Final = "Your wallet could not validate the information registered about it."


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Caution:
    """A warning: ``check`` is the id of the check that failed, ``claims`` the names of what it is about."""

    check: str
    title: str
    text: str
    claims: tuple[str, ...]
    detail: str


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrationView:
    """What was registered, as a person reads it (RPA_10)."""

    service: str | None
    description: str | None
    purpose: str | None
    privacy_policy: str | None
    provider: str


def describe_cautions(vetting: Vetting, *, name_of: Callable[[AskedClaim], str]) -> tuple[Caution, ...]:
    """Each warning in words; ``name_of`` has the words for a claim."""
    beyond = tuple(dict.fromkeys(map(name_of, vetting.beyond)))
    return tuple(_caution(finding, beyond) for finding in vetting.findings)


def describe_registration(vetting: Vetting, *, locale: str) -> RegistrationView | None:
    """What was registered, where a registration holds for who asks."""
    registration = vetting.registration
    if registration is None:
        return None
    certificate = registration.certificate
    return RegistrationView(
        service=certificate.service_name,
        description=text_in(certificate.descriptions, locale),
        purpose=text_in(certificate.purposes, locale),
        privacy_policy=certificate.privacy_policy,
        provider=registration.provider,
    )


def _caution(finding: Finding, beyond: tuple[str, ...]) -> Caution:
    unknown = finding.check in _UNKNOWN_STATUS
    return Caution(
        check=finding.check,
        title=_STATUS_TITLE if unknown else _TITLES.get(finding.check, _OTHER_TITLE),
        text=_STATUS_TEXT if unknown else _TEXTS.get(finding.check, _OTHER_TEXT),
        claims=beyond if finding.check == Check.OVER_ASKING.id else (),
        detail=finding.detail,
    )
