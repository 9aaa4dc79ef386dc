# ruff: noqa: RUF009 each call declares a field
"""Every setting. To add one, add a line; the parser, the default file and the docs read it from here.

Secrets stand in files of their own; a setting names the file.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, final

from zegel.config.health import HealthConfig
from zegel.config.lists import ListPurpose
from zegel.config.overload import OverloadConfig
from zegel.config.rates import DoorRates, IssuerRates, ProviderRates, VerifierRates, WalletRates
from zegel.config.role import RoleConfig
from zegel.config.setting import (
    Address,
    Count,
    Database,
    ListSize,
    Location,
    Origin,
    Port,
    Seconds,
    Url,
    is_loopback,
    required,
    section,
    setting,
    settings_of,
)
from zegel.config.trust_roles import (
    AccessAuthorityConfig,
    RegistrarConfig,
    TransparencyLogConfig,
    TrustConfig,
    WalletProviderConfig,
)

ProfileName = Literal["haip", "plain"]
UnregisteredIssuers = Literal["refuse", "warn"]
Source = Literal["register", "csv", "oidc", "presentation"]
AskingRoleName = Literal["issuer", "verifier", "provider", "wallet", "door"]
QualifiedServiceName = Literal["attestations", "certificates"]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedListConfig:
    """A list of trusted entities that the roles of this file believe."""

    purpose: ListPurpose = required(
        "what those on the list are trusted for: PIDs, other attestations, wallets, access or registration certificates"
    )
    location: Location = required("URL or path of the list")
    signer: Path = required("PEM certificate that the list's signer leads to")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class QualifiedListConfig:
    """Trusted lists in XML, from which the roles of this file know who issues qualified attestations."""

    location: Location = required(
        "URL or path of the list of the lists, whose pointers are followed, or of a national list"
    )
    signers: Path = required("PEM certificates one of which has signed it; for the Union's, those of the Journal")
    types: tuple[str, ...] = required(
        "the attestation types, by vct or doctype, that those on the lists may issue; the lists name none"
    )
    territories: frozenset[str] = setting(
        frozenset(), "the territories whose national lists count, as ISO 3166-1 codes; left out, all"
    )
    services: frozenset[QualifiedServiceName] = setting(
        frozenset({"attestations"}),
        "what makes somebody an issuer: that they issue attestations (EAA/Q), or that they certify seals (CA/QC)",
    )
    roles: frozenset[AskingRoleName] = setting(
        frozenset(), "the roles that read it; left out, all: what reads XML takes each process five megabytes"
    )


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ListsConfig:
    """How lists of trusted entities are kept fresh."""

    refresh: Seconds = setting(Seconds(3600), "how often the lists are fetched again")
    kept: Path | None = setting(
        None,
        "folder in which fetched lists, and those of revoked certificates, are kept over a restart; left out, nowhere",
    )


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrationsConfig:
    """How the roles look after the registration certificates that they show."""

    registrar: Origin | None = setting(
        None, "the registrar's origin, from which later ones are fetched before they end; left out, they are not"
    )
    period: Seconds = setting(Seconds(3600), "how often it is looked whether they are revoked, or due")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class OutboundConfig:
    """The one way out."""

    timeout: Seconds = setting(Seconds(10), "how long a fetch may take, redirects included")
    web_authority: Path | None = setting(None, "PEM roots that are trusted for TLS beside the system's")
    loopback_origins: frozenset[Origin] = setting(
        frozenset(), "origins of this machine that may be fetched from, beside those of the roles in this file"
    )


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class SourceConfig:
    """Where the issuer finds what it knows of a person."""

    kind: Source = setting("register", "the demo register, a CSV file, an OpenID Provider, or another attestation")
    register: Path = setting(Path("data/register.db"), "the demo register; made from the demo people when missing")
    csv: Path | None = setting(None, "the CSV file: a row a person, a column a claim, access_code an Argon2id hash")
    provider: Url | None = setting(None, "issuer URL of the OpenID Provider that knows the persons")
    client_id: str = setting("", "the issuer's client_id there; it returns to /log-in/return")
    client_secret: Path | None = setting(None, "file with the issuer's client secret there; without it a public client")
    query: Path | None = setting(None, "DCQL query of the attestation that is asked for; left out, a PID")
    registration: Path | None = setting(None, "the registration certificate that the issuer asks for it with")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredWalletConfig:
    """A wallet that returns to these addresses and no others; one that is not registered says its own."""

    id: str = required("its client identifier: sub of its wallet attestations, or the client_id of a public client")
    redirect_uris: tuple[str, ...] = required("where it returns to, compared exactly; an app's scheme needs no period")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class IssuerConfig(RoleConfig):
    """The issuer with its authorization server."""

    origin: Origin = setting(Origin("http://issuer.localhost:7101"), "the issuer's origin, its credential issuer URL")
    port: Port = setting(Port(7101), "the port to listen on")
    workers: Count = setting(Count(1), "processes that serve it, each with a core to itself")
    name: str = setting("Utopia identity office", "the name that wallets show")
    country: str = setting("UT", "ISO 3166-1 code of the issuing country")
    profile: ProfileName = setting("haip", "what is required and refused of wallets")
    database: Database = setting(Database("sqlite:///data/issuer.db"), "the database's URL")
    sealing_key: Path = setting(Path("keys/issuer.seal"), "file with the key that seals the database")
    key: Path = setting(Path("keys/issuer.key.pem"), "the key that signs attestations")
    chain: Path = setting(Path("keys/issuer.pem"), "its chain, leaf first, without the anchor")
    status_key: Path = setting(Path("keys/status.key.pem"), "the key that signs status lists")
    status_chain: Path = setting(Path("keys/status.pem"), "its chain")
    access_key: Path = setting(Path("keys/issuer-access.key.pem"), "the key that signs the metadata and asks wallets")
    access_chain: Path = setting(Path("keys/issuer-access.pem"), "its chain")
    registration: Path | None = setting(
        None,
        "the registration certificate that the metadata carries, as JWT or CWT; without it wallets ask for nothing",
    )
    types: tuple[str, ...] = setting(
        ("pid", "mdl", "proof_of_age", "residence", "diploma", "role", "payment"), "the attestation types offered"
    )
    catalogue: Path | None = setting(None, "folder with attestation types beside the built-in ones")
    batch_size: Count = setting(Count(10), "how many copies a wallet gets at once, at most")
    key_resistance: tuple[str, ...] = setting(
        ("iso_18045_high", "iso_18045_moderate", "iso_18045_enhanced-basic", "iso_18045_basic"),
        "the resistance to attack, one of which attested keys and their use must have",
    )
    signed_metadata: bool = setting(True, "the metadata is also served signed")
    encrypted_responses: bool = setting(False, "credential responses are refused unencrypted")
    encryption_key: Path = setting(Path("keys/issuer-encryption.key.pem"), "the key that requests are encrypted to")
    chained_types: tuple[str, ...] = setting(
        ("pid",), "the types that end with the wallet they were issued to: when that is revoked, so are they"
    )
    wallet_check: Seconds = setting(
        Seconds(60), "how often it is seen to that the statuses of wallets are looked up in time"
    )
    delayed_types: tuple[str, ...] = setting(
        (), "the types that are issued later, and fetched at the deferred endpoint"
    )
    delay: Seconds = setting(Seconds(5), "how long they take")
    offer: Seconds = setting(Seconds(600), "how long an offer can be taken up")
    wallet: Origin | None = setting(None, "the origin of a wallet's pages, to which a button leads on this machine")
    wallets: tuple[RegisteredWalletConfig, ...] = setting((), "a wallet whose redirect URIs are registered")
    identifier_list_types: tuple[str, ...] = setting(
        (), "the types whose mdocs are revoked by identifier lists instead of status lists"
    )
    status_list_size: ListSize = setting(ListSize(1 << 20), "entries of a status list; a power of two from 4096")
    status_list_period: Seconds = setting(Seconds(300), "how often a status list is signed anew")
    status_list_ttl: Seconds = setting(Seconds(43_200), "how long a reader may keep it")
    source: SourceConfig = section(SourceConfig, "where the issuer finds what it knows of a person")
    rates: IssuerRates = section(IssuerRates, "how often the issuer may be asked")
    operator_address: Address = setting(Address("127.0.0.1"), "the operator API's own listener; on loopback alone")
    operator_port: Port = setting(Port(7111), "the port of the operator API")
    operator_token: Path = setting(Path("keys/issuer-operator.token"), "file with the bearer token that opens it")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class VerifierConfig(RoleConfig):
    """The verifier."""

    origin: Origin = setting(Origin("http://verifier.localhost:7102"), "the verifier's origin")
    port: Port = setting(Port(7102), "the port to listen on")
    workers: Count = setting(Count(1), "processes that serve it, each with a core to itself")
    name: str = setting("Utopia verifier", "the name that wallets show")
    profile: ProfileName = setting("haip", "what is required and refused of wallets")
    database: Database = setting(Database("sqlite:///data/verifier.db"), "the database's URL")
    sealing_key: Path = setting(Path("keys/verifier.seal"), "file with the key that seals the database")
    access_key: Path = setting(Path("keys/verifier-access.key.pem"), "the key that signs requests")
    access_chain: Path = setting(Path("keys/verifier-access.pem"), "its chain, leaf first, without the anchor")
    registration: Path | None = setting(
        None,
        "the registration certificate that each request carries, as JWT or CWT; without it wallets warn",
    )
    status_cache: Seconds = setting(Seconds(300), "how long a status list is used before it is fetched again")
    status_aggregations: tuple[Url, ...] = setting(
        (), "addresses at which issuers name their status lists, which are then fetched before the first presentation"
    )
    operator_address: Address = setting(Address("127.0.0.1"), "the operator API's own listener; on loopback alone")
    operator_port: Port = setting(Port(7112), "the port of the operator API")
    operator_token: Path = setting(Path("keys/verifier-operator.token"), "file with the bearer token that opens it")
    rates: VerifierRates = section(VerifierRates, "how often the verifier may be asked")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimSourceConfig:
    """Where a claim comes from."""

    attestation: str = required("an attestation type, as the catalogue names it")
    claims: tuple[str, ...] = required("claim ids of that type; several are joined by spaces")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderClientConfig:
    """A service that signs people in."""

    id: str = required("the client_id")
    name: str = required("the name that people see")
    redirect_uris: tuple[Url, ...] = required("where people return to, compared exactly")
    secret_hash: str = setting(
        "", "base64url of the SHA-256 of the client secret; empty for a public client", hidden=True
    )
    claims: Mapping[str, ClaimSourceConfig] = required("a claim that the service gets, by its name")
    stable_from: ClaimSourceConfig | None = setting(
        None, "the claims that a lasting sub is made from; left out, each sign-in has a new sub"
    )
    sector: str = setting("", "a name that services share which may know each other's subs")
    cross_device: bool = setting(False, "a QR code for another device is offered")
    claims_in_id_token: bool = setting(False, "claims also stand in the ID Token")
    registration: Path | None = setting(
        None, "the service's own registration certificate, which names this provider as its intermediary"
    )


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderConfig(RoleConfig):
    """The OpenID Provider in front of the verifier."""

    origin: Origin = setting(Origin("http://login.localhost:7103"), "the provider's origin, its issuer identifier")
    port: Port = setting(Port(7103), "the port to listen on")
    workers: Count = setting(Count(1), "processes that serve it, each with a core to itself")
    name: str = setting("Utopia sign-in", "the name that people see")
    database: Database = setting(Database("sqlite:///data/provider.db"), "the database's URL")
    sealing_key: Path = setting(Path("keys/provider.seal"), "file with the key that seals the database")
    key: Path = setting(Path("keys/provider.key.pem"), "the key that signs ID Tokens")
    subject_secret: Path = setting(Path("keys/provider-subject.secret"), "file with the secret behind lasting subs")
    profile: ProfileName = setting("haip", "what is required and refused of wallets")
    access_key: Path = setting(Path("keys/provider-access.key.pem"), "the key that signs requests")
    access_chain: Path = setting(Path("keys/provider-access.pem"), "its chain, leaf first, without the anchor")
    registration: Path | None = setting(
        None,
        "the registration certificate of requests for services without one of their own, as JWT or CWT",
    )
    status_cache: Seconds = setting(Seconds(300), "how long a status list is used before it is fetched again")
    status_aggregations: tuple[Url, ...] = setting(
        (), "addresses at which issuers name their status lists, which are then fetched before the first presentation"
    )
    wallet: Origin | None = setting(None, "the origin of a wallet's pages, to which a button leads on this machine")
    catalogue: Path | None = setting(None, "folder with attestation types beside the built-in ones")
    clients: tuple[ProviderClientConfig, ...] = setting((), "a service that signs people in")
    rates: ProviderRates = section(ProviderRates, "how often the provider may be asked")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceConfig(RoleConfig):
    """Tax online, the demo service."""

    origin: Origin = setting(Origin("http://tax.localhost:7104"), "the service's origin")
    port: Port = setting(Port(7104), "the port to listen on")
    provider: Origin = setting(Origin("http://login.localhost:7103"), "the OpenID Provider that signs people in")
    client_id: str = setting("tax-online", "the service's client_id there")
    client_secret: Path = setting(Path("keys/tax-online.secret"), "file with its client secret there")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class WalletConfig(RoleConfig):
    """The wallet, on its owner's machine."""

    origin: Origin = setting(Origin("http://wallet.localhost:7105"), "the origin of the wallet's pages")
    port: Port = setting(Port(7105), "the port to listen on; loopback alone")
    profile: ProfileName = setting("haip", "what the wallet requires and refuses of issuers and verifiers")
    vault: Path = setting(Path("data/wallet.vault"), "the vault")
    provider: Origin = setting(Origin("http://wallet-provider.localhost:7106"), "the wallet provider")
    launch: Seconds = setting(Seconds(60), "how long the one-time launch code opens the pages")
    idle: Seconds = setting(Seconds(900), "after how long without use the wallet locks itself")
    copies: Count = setting(Count(10), "how many copies of a credential are asked for at once, at most")
    unregistered: UnregisteredIssuers = setting(
        "refuse", "issuers that do not show that they are registered for what they offer: refuse, or warn"
    )
    rates: WalletRates = section(WalletRates, "how often the wallet may be asked")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class DoorConfig(RoleConfig):
    """A door, at which people show that they meet the rules for health certificates."""

    origin: Origin = setting(Origin("http://door.localhost:7118"), "the door's origin")
    port: Port = setting(Port(7118), "the port to listen on")
    name: str = setting("Utopia theatre", "the name that wallets show")
    profile: ProfileName = setting("haip", "what is required and refused of wallets")
    access_key: Path = setting(Path("keys/door-access.key.pem"), "the key that signs requests")
    access_chain: Path = setting(Path("keys/door-access.pem"), "its chain, leaf first, without the anchor")
    registration: Path | None = setting(
        None,
        "the registration certificate that each request carries, as JWT or CWT; without it wallets warn",
    )
    rule_sets: tuple[str, ...] = setting(
        (), "the rule sets that count here, as their issuers name them; without one, health.rule_set"
    )
    wallet: Origin | None = setting(None, "the origin of a wallet's pages, to which a button leads on this machine")
    rates: DoorRates = section(DoorRates, "how often the door may be asked")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """A whole zegel.toml."""

    log: Literal["debug", "info", "warning", "error"] = setting("info", "the least severe lines that are logged")
    purge: Seconds = setting(Seconds(60), "how often expired rows are removed from the databases")
    outbound: OutboundConfig = section(OutboundConfig, "the one way out, for every fetch")
    overload: OverloadConfig = section(OverloadConfig, "when a worker turns requests away")
    lists: ListsConfig = section(ListsConfig, "how lists of trusted entities are kept fresh")
    registrations: RegistrationsConfig = section(
        RegistrationsConfig, "how the roles look after the registration certificates that they show"
    )
    trusted_lists: tuple[TrustedListConfig, ...] = setting((), "a list of trusted entities that the roles believe")
    qualified_lists: tuple[QualifiedListConfig, ...] = setting(
        (), "trusted lists in XML, from which the roles know who issues qualified attestations"
    )
    health: HealthConfig = section(HealthConfig, "which health certificates are believed, and by which rules")
    issuer: IssuerConfig = section(IssuerConfig, "the issuer with its authorization server")
    verifier: VerifierConfig = section(VerifierConfig, "the verifier")
    provider: ProviderConfig = section(ProviderConfig, "the OpenID Provider in front of the verifier")
    service: ServiceConfig = section(ServiceConfig, "Tax online, the demo service")
    wallet: WalletConfig = section(WalletConfig, "the wallet, on its owner's machine")
    wallet_provider: WalletProviderConfig = section(WalletProviderConfig, "the wallet provider")
    trust: TrustConfig = section(TrustConfig, "what serves the lists of trusted entities")
    transparency_log: TransparencyLogConfig = section(TransparencyLogConfig, "the log of access certificates")
    registrar: RegistrarConfig = section(RegistrarConfig, "the registrar of relying parties and providers")
    access_authority: AccessAuthorityConfig = section(AccessAuthorityConfig, "the authority for access certificates")
    door: DoorConfig = section(DoorConfig, "a door, at which people show that they meet the rules")
    keys: Seconds = setting(Seconds(60), "how often the roles look whether a key of theirs was rotated")

    def loopback_origins(self) -> frozenset[str]:
        """The origins of this machine that may be fetched from: those of the roles in this file, and those named."""
        table: Any = type(self)
        roles = (getattr(self, setting.name) for setting in settings_of(table))
        own = {role.origin for role in roles if isinstance(role, RoleConfig)}
        return frozenset(filter(is_loopback, own)) | self.outbound.loopback_origins
