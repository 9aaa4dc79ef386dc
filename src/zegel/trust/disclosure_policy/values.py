"""A disclosure policy as a value (CIR 2024/2979 annex III; ETSI TS 119 472-3 V1.1.1 section 4.2.5.2)."""

from dataclasses import dataclass
from enum import StrEnum
from typing import final


class PolicyType(StrEnum):
    """The common policies of annex III.

    ETSI says what a policy holds and has not published its JSON yet; these names, and those of the members, are the
    ones that the pilots write.
    """

    NO_POLICY = "no_policy"
    AUTHORISED_PARTIES = "authorized_rp_only"
    ROOTS_OF_TRUST = "specific_root_of_trust"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorisedParty:
    """Whom an attestation may be shown to; everything that it says has to hold, but a subject beside an identifier.

    ``identifier`` and ``service`` are those of the registration certificate (EDP_02), ``entitlement`` is a URI in it;
    without ``service`` it is any of the party's. ``subject`` is the access certificate's, an RFC 4514 name
    (ISS-MDATA-EBD-4.2.5.2-07).
    """

    identifier: str | None = None
    service: str | None = None
    entitlement: str | None = None
    subject: str | None = None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class RootOfTrust:
    """An authority, by its RFC 4514 name and the serial number of its certificate (ISS-MDATA-EBD-4.2.5.2-09).

    The number is in decimal digits, without a leading zero: it may have twenty octets, which few stores take as one.
    """

    name: str
    serial_number: str


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class DisclosurePolicy:
    """What the issuer says of who may see an attestation. ``uri`` names it, and is never fetched.

    A ``type`` that is not known allows nobody. ``explanation`` is a page for people (EDP_05), ``authority`` who is
    responsible.
    """

    uri: str
    type: str
    parties: tuple[AuthorisedParty, ...] = ()
    roots: tuple[RootOfTrust, ...] = ()
    explanation: str | None = None
    description: str | None = None
    authority: str | None = None
