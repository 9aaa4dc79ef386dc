# ruff: noqa: RUF009 each call declares a field
"""Lists of trusted entities by what stands on them, and the description from which an operator signs one."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, final

from zegel.config.setting import Count, Country, Line, Mailbox, Moment, Telephone, Url, required, setting
from zegel.trust.lists.values import ListType

ListPurpose = Literal["pid", "attestation", "wallet-provider", "access", "registration"]
ServiceKind = Literal["issuance", "revocation", "log"]

LIST_TYPES: Final[Mapping[ListPurpose, ListType]] = {
    "pid": ListType.PID_PROVIDERS,
    "attestation": ListType.PUB_EAA_PROVIDERS,
    "wallet-provider": ListType.WALLET_PROVIDERS,
    "access": ListType.ACCESS_PROVIDERS,
    "registration": ListType.REGISTRATION_PROVIDERS,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganizationDescription:
    """Somebody by name and address, as the list shows it (TS 119 602 clauses 6.3.5 and 6.5)."""

    name: Line = required("official name, in English")
    trade_name: Line | None = setting(None, "name or registration number in trade, as VATNL-123; left out, the name")
    street: Line = required("street and number")
    locality: Line = required("town")
    postal_code: Line = required("postal code")
    country: Country = required("country of the address, as ISO 3166-1 has it")
    email: Mailbox = required("address of mail")
    telephone: Telephone = required("telephone number, as +31701234567")
    website: Url = required("page about it")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceDescription:
    """A service of an entity, and what stands for it (TS 119 602 clause 6.6)."""

    kind: ServiceKind = required(
        "what it does: it issues what the list is about, says what of that was revoked, or, on a list of access, is a "
        "log of certificates"
    )
    name: Line = required("name, in English")
    certificates: tuple[Path, ...] = setting(
        (), "PEM files with the certificates of its authorities, to which what it signs leads"
    )
    keys: tuple[Path, ...] = setting((), "PEM files with public keys; of a log, which has no certificate, its key")
    crls: tuple[Url, ...] = setting((), "where its authorities publish what they revoked")
    location: Url | None = setting(None, "where it is had; of a log its base URL")
    identifier: Line | None = setting(None, "URI that names it; of a log urn:oid: and its log ID")
    types: frozenset[Line] = setting(
        frozenset(),
        "on a list of attestations: the types that whoever issues may issue, by vct or doctype",
    )
    since: Moment | None = setting(
        None, "since when it stands as it does: of attestations and logs, whose status is on the list"
    )
    withdrawn: bool = setting(
        False, "whether it counts no more; of attestations and logs, while any other is left out of the list instead"
    )


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class EntityDescription(OrganizationDescription):
    """An entity that is to stand on the list."""

    member_state: Country | None = setting(None, "the Member State that stands for it; left out, that of the address")
    services: tuple[ServiceDescription, ...] = setting((), "what it does, and what stands for that; one at least")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ListDescription:
    """A list of trusted entities before it is signed: who publishes it, where, and who stands on it."""

    purpose: ListPurpose = required(
        "what those on the list are trusted for: PIDs, other attestations, wallets, access or registration certificates"
    )
    name: Line = required("name of the list, in English, without the territory")
    territory: Country = required("whose list it is, as ISO 3166-1 has it, or EU")
    location: Url = required("where the list is fetched")
    information: Url = required("page about the list")
    policy: Url = required("its policy, or a legal notice")
    days: Count = setting(Count(30), "until the next update, at most 181: annexes D to H allow six months")
    operator: OrganizationDescription = required("who publishes and signs the list")
    entities: tuple[EntityDescription, ...] = setting((), "who stands on the list; whoever does not is trusted no more")
