"""What people read of a credential: names from the catalogue, or from its issuer where the catalogue knows none."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, final

from zegel.checks import Check
from zegel.formats.catalogue.describe import claim_name, described_claims, name_in
from zegel.formats.catalogue.types import AttestationType, Catalogue
from zegel.formats.claims import Claim
from zegel.formats.credential import Format, VerifiedCredential
from zegel.primitives.claim_path import ClaimPath
from zegel.primitives.encoding import base64
from zegel.protocols.openid4vci.configuration import ClaimDescription, CredentialConfiguration, Display
from zegel.protocols.openid4vci.wallet.session import Session
from zegel.services.wallet.contents import Batch
from zegel.services.wallet.holdings import attested

FORMAT_NAMES: Final = {Format.SD_JWT_VC: "SD-JWT VC", Format.MDOC: "mdoc"}
_WHY: Final = {
    Check.ACCESS_DENIED.id: "It was not granted: at the log-in, or by the issuer.",
    Check.AVAILABILITY.id: "It could not be had just now; take up an offer of it again later.",
}
_REFUSED: Final = "The issuer refused it."
_IMAGES: Final = {b"\xff\xd8\xff": "image/jpeg", b"\x89PNG\r\n\x1a\n": "image/png"}
_IMAGE_URL: Final = re.compile(r"data:image/(jpeg|png);base64,[A-Za-z0-9+/]+={0,2}")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture within a page: a data URL, never an address."""

    image: str
    alt: str


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A kind of credential with the names of its claims, in one language."""

    type: str
    format: Format
    known: AttestationType | None
    described: tuple[ClaimDescription, ...]
    display_name: str | None
    locale: str

    @property
    def name(self) -> str:
        """What it is called: by the catalogue, by its issuer, or by its type."""
        return name_in(self.known.names, self.locale) if self.known is not None else self.display_name or self.type

    @property
    def format_name(self) -> str:
        """Its format in words."""
        return FORMAT_NAMES[self.format]

    def claim(self, path: ClaimPath) -> str:
        """A claim's name with those that lead to it, such as ``Address: Country``."""
        if self.known is not None:
            return claim_name(self.known, self.format, path, locale=self.locale)
        general = _general(path)
        described = [_described_name(self.described, general[:end], self.locale) for end in range(1, len(path) + 1)]
        found = [name for name in described if name is not None]
        return ": ".join(dict.fromkeys(found)) if found else _as_path(path)

    def label(self, path: ClaimPath) -> str:
        """A claim's own name, where it is clear what it is within."""
        general = _general(path)
        if self.known is not None:
            names = {claim.path: claim.names for claim in described_claims(self.known, self.format)}
            if general in names:
                return name_in(names[general], self.locale)
        return _described_name(self.described, general, self.locale) or _as_path(path[-1:])


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class WithheldView:
    """A credential that did not come with the others. ``said`` are the issuer's own words, empty without any."""

    configuration: str
    name: str
    format: str
    check: str
    why: str
    said: str


def describe_withheld(session: Session, catalogue: Catalogue, *, locale: str) -> tuple[WithheldView, ...]:
    """What was asked for in a session and did not come, and why."""
    configurations = session.issuer.configurations
    named = [
        (each, named_configuration(configurations[each.configuration], catalogue, locale=locale))
        for each in session.withheld
    ]
    return tuple(
        WithheldView(
            configuration=each.configuration,
            name=names.name,
            format=names.format_name,
            check=each.check,
            why=_WHY.get(each.check, _REFUSED),
            said=each.said,
        )
        for each, names in named
    )


def named_configuration(configuration: CredentialConfiguration, catalogue: Catalogue, *, locale: str) -> Named:
    """The names of what is offered."""
    return Named(
        type=configuration.type,
        format=configuration.format,
        known=catalogue.find(configuration.type),
        described=configuration.claims,
        display_name=display_text(configuration.display, locale),
        locale=locale,
    )


def named_batch(batch: Batch, catalogue: Catalogue, *, locale: str) -> Named:
    """The names of a batch."""
    return Named(
        type=batch.credential.type,
        format=batch.credential.format,
        known=catalogue.find(batch.credential.type),
        described=batch.described,
        display_name=batch.display_name,
        locale=locale,
    )


def named_type(type_: str, format_: Format, catalogue: Catalogue, *, locale: str) -> Named:
    """The names of a type, of which nothing may be held."""
    known = catalogue.find(type_)
    return Named(type=type_, format=format_, known=known, described=(), display_name=None, locale=locale)


def shown_claims(credential: VerifiedCredential, named: Named) -> dict[str, Any]:
    """The claims by their names, as a page shows them, in the catalogue's order."""
    claims = attested(credential)
    roots: list[tuple[ClaimPath, Claim]] = [((name,), value) for name, value in claims.items()]
    if credential.format is Format.MDOC:
        roots = [
            ((namespace, element), value)
            for namespace, elements in claims.items()
            if isinstance(elements, Mapping)
            for element, value in elements.items()
        ]
    return _members(roots, named)


def shown_value(value: Claim, path: ClaimPath, named: Named) -> Any:
    """One claim's value: text, numbers and flags as they are, objects by the names of their members, pictures."""
    if isinstance(value, bytes):
        return _shown_bytes(value, named.label(path))
    if isinstance(value, str):
        picture = _IMAGE_URL.fullmatch(value)
        return value if picture is None else Picture(image=value, alt=named.label(path))
    if isinstance(value, Mapping):
        return _members([((*path, name), inner) for name, inner in value.items()], named)
    if isinstance(value, list | tuple):
        return [shown_value(inner, (*path, position), named) for position, inner in enumerate(value)]
    return value


def display_text(displays: Sequence[Display], locale: str) -> str | None:
    """The name in a language, in the language without its region, or the first."""
    for wanted in (locale, locale.partition("-")[0]):
        for display in displays:
            if display.locale is not None and display.locale.partition("-")[0] == wanted.partition("-")[0]:
                return display.name
    return displays[0].name if displays else None


def _members(entries: Sequence[tuple[ClaimPath, Claim]], named: Named) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    order = _order(named)
    for path, value in sorted(entries, key=lambda entry: order.get(_general(entry[0]), len(order))):
        label = named.label(path)
        # two members of one name are told apart by what they are called on the wire
        shown[label if label not in shown else f"{label} ({path[-1]})"] = shown_value(value, path, named)
    return shown


def _shown_bytes(value: bytes, label: str) -> Any:
    for magic, media_type in _IMAGES.items():
        if value.startswith(magic):
            return Picture(image=f"data:{media_type};base64,{base64(value)}", alt=label)
    return f"{len(value)} bytes" if value else ""


def _order(named: Named) -> dict[ClaimPath, int]:
    if named.known is not None:
        return {claim.path: at for at, claim in enumerate(described_claims(named.known, named.format))}
    return {claim.path: at for at, claim in enumerate(named.described)}


def _described_name(described: Sequence[ClaimDescription], path: ClaimPath, locale: str) -> str | None:
    return next((display_text(claim.display, locale) for claim in described if claim.path == path), None)


def _general(path: ClaimPath) -> ClaimPath:
    return tuple(None if isinstance(element, int) else element for element in path)


def _as_path(path: ClaimPath) -> str:
    return ".".join("*" if element is None else str(element) for element in path)
