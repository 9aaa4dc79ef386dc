"""What the register holds of a party (TS5 1.3 section 2, TS6 1.0.1), with the Services of ARF 3.0 Reg_10a to Reg_10e.

TS5 1.3 has no class for a Service. Here ``services`` names them, in the order of ``srvDescription``; an intended
use and an attestation that is provided say by ``serviceIdentifier`` of which Services they are.
"""

from dataclasses import dataclass
from typing import Final, final

from zegel.trust.registration.credentials import RegisteredCredential
from zegel.trust.registration.entitlements import Entitlement
from zegel.trust.registration.values import LocalizedText, SupervisoryAuthority

EUID: Final = "http://data.europa.eu/eudi/id/EUID"  # TS5 1.3 section 2.4.2.1: the default
PRIVACY_STATEMENT: Final = "http://data.europa.eu/eudi/policy/privacy-statement"  # TS5 1.3 section 2.4.3
PROVIDERS: Final = frozenset(
    {
        Entitlement.QEAA_PROVIDER,
        Entitlement.NON_QUALIFIED_EAA_PROVIDER,
        Entitlement.PUB_EAA_PROVIDER,
        Entitlement.PID_PROVIDER,
    }
)
"""Who registers what it issues (TS5 1.3 section 2.1)."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Identifier:
    """An identifier and the URI of its type (TS2 1.0.1)."""

    identifier: str
    type: str


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class NaturalPerson:
    """Who is registered, where that is a person. When and where one was born is not kept."""

    given_name: str
    family_name: str


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The address of a policy, and the URI of its type."""

    uri: str
    type: str


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """How the registrar reaches a party, and nobody else: the register never gives it out."""

    emails: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    postal_address: tuple[str, ...] = ()


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A Service of a party: its identifier, unique for that party, and the name that people see (Reg_33, Reg_34).

    ``provides`` is what it issues to wallets (Reg_10e).
    """

    identifier: str
    trade_name: str
    descriptions: tuple[LocalizedText, ...]
    provides: tuple[RegisteredCredential, ...] = ()


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class IntendedUse:
    """What a party asks for and why. ``services`` are the identifiers of the Services that do (Reg_10d).

    ``identifier`` and ``created`` are the registrar's, and not there in an application; dates are ``YYYY-MM-DD``.
    """

    purposes: tuple[LocalizedText, ...]
    policies: tuple[Policy, ...]
    credentials: tuple[RegisteredCredential, ...]
    services: tuple[str, ...]
    identifier: str | None = None
    created: str | None = None
    revoked: str | None = None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class UsedIntermediary:
    """Who asks on a party's behalf (RPRC_04): its identifier, and that of its Service for this party."""

    identifier: str
    identifier_type: str = EUID
    trade_name: str | None = None
    registry: str | None = None
    service: str | None = None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class WalletRelyingParty:
    """A relying party or a provider, as it is registered or wants to be.

    The first of ``identifiers`` is the one in its certificates, as these write it (Reg_32). ``support`` is where people
    turn to, to have what was asked of them deleted. ``registry`` is the registrar's.
    """

    identifiers: tuple[Identifier, ...]
    trade_name: str
    country: str
    support: tuple[str, ...]
    services: tuple[Service, ...]
    entitlements: tuple[str, ...]
    authority: SupervisoryAuthority
    legal_name: str | None = None
    person: NaturalPerson | None = None
    information: tuple[str, ...] = ()
    policies: tuple[Policy, ...] = ()
    intended_uses: tuple[IntendedUse, ...] = ()
    public_body: bool = False
    intermediary: bool = False
    intermediaries: tuple[UsedIntermediary, ...] = ()
    registry: str | None = None
    contact: Contact = Contact()

    @property
    def identifier(self) -> str:
        """The one that its certificates carry."""
        return self.identifiers[0].identifier

    @property
    def official_name(self) -> str:
        """The legal person's name, or both names of a natural one."""
        if self.person is not None:
            return f"{self.person.given_name} {self.person.family_name}"
        return self.legal_name or self.trade_name

    def service(self, identifier: str) -> Service:
        """The Service of that identifier; ``KeyError`` where there is none."""
        return {each.identifier: each for each in self.services}[identifier]
