# ruff: noqa: RUF009 each call declares a field
"""The settings of the roles that the others rest on: who vouches for wallets, and for who asks and issues."""

from dataclasses import dataclass
from pathlib import Path
from typing import final

from zegel.config.rates import AccessAuthorityRates, RegistrarRates, TransparencyLogRates, WalletProviderRates
from zegel.config.role import RoleConfig
from zegel.config.setting import (
    Address,
    Count,
    Database,
    ListSize,
    Origin,
    Port,
    Seconds,
    Url,
    section,
    setting,
)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class WalletProviderConfig(RoleConfig):
    """The wallet provider."""

    origin: Origin = setting(Origin("http://wallet-provider.localhost:7106"), "the wallet provider's origin")
    port: Port = setting(Port(7106), "the port to listen on")
    name: str = setting("zegel wallet", "the name of the wallet, as attestations carry it")
    database: Database = setting(Database("sqlite:///data/wallet-provider.db"), "the database's URL")
    sealing_key: Path = setting(Path("keys/wallet-provider.seal"), "file with the key that seals the database")
    key: Path = setting(Path("keys/wallet-provider.key.pem"), "the key that signs wallet and key attestations")
    chain: Path = setting(Path("keys/wallet-provider.pem"), "its chain, leaf first, without the anchor")
    status_key: Path = setting(Path("keys/wallet-status.key.pem"), "the key that signs its status lists")
    status_chain: Path = setting(Path("keys/wallet-status.pem"), "its chain")
    attestation: Seconds = setting(Seconds(86_000), "how long a wallet attestation lives; under 24 hours")
    maintained: Seconds = setting(
        Seconds(34_560_000), "how long the status of what is attested today is maintained at least; 400 days"
    )
    status_list_size: ListSize = setting(ListSize(1 << 20), "entries of a status list; a power of two from 4096")
    status_list_period: Seconds = setting(Seconds(300), "how often a status list is signed anew")
    status_list_ttl: Seconds = setting(Seconds(43_200), "how long a reader may keep it")
    operator_address: Address = setting(Address("127.0.0.1"), "the operator API's own listener; on loopback alone")
    operator_port: Port = setting(Port(7113), "the port of the operator API")
    operator_token: Path = setting(
        Path("keys/wallet-provider-operator.token"), "file with the bearer token that opens it"
    )
    rates: WalletProviderRates = section(WalletProviderRates, "how often the wallet provider may be asked")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class TrustConfig(RoleConfig):
    """What serves the lists of trusted entities."""

    origin: Origin = setting(Origin("http://trust.localhost:7107"), "the origin of the lists of trusted entities")
    port: Port = setting(Port(7107), "the port to listen on")
    folder: Path = setting(Path("trust"), "folder with the lists, their signers and the anchors")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class TransparencyLogConfig(RoleConfig):
    """The log of access certificates."""

    origin: Origin = setting(Origin("http://log.localhost:7110"), "the log's origin, its base URL")
    port: Port = setting(Port(7110), "the port to listen on")
    name: str = setting("Utopia log office", "who runs it, as its page says")
    id: str = setting("", "its object identifier, dotted, which no other log has ever had")
    database: Database = setting(Database("sqlite:///data/log.db"), "the database's URL")
    key: Path = setting(Path("keys/log.key.pem"), "the key that signs timestamps and tree heads")
    merge_delay: Seconds = setting(Seconds(86_400), "within how long an entry is in a signed tree, at the latest")
    head_period: Seconds = setting(Seconds(60), "how often a tree that has grown is signed")
    at_once: Count = setting(Count(1_000), "up to how many entries each is proven in the answer itself")
    open: bool = setting(True, "whether it takes anything in; a log that was closed serves what it has")
    rates: TransparencyLogRates = section(TransparencyLogRates, "how often the log may be asked")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrarConfig(RoleConfig):
    """The registrar of relying parties and providers, which also issues their registration certificates."""

    origin: Origin = setting(Origin("http://registrar.localhost:7108"), "the registrar's origin")
    port: Port = setting(Port(7108), "the port to listen on")
    name: str = setting("Utopia registrar", "the name that people see")
    database: Database = setting(Database("sqlite:///data/registrar.db"), "the database's URL")
    sealing_key: Path = setting(Path("keys/registrar.seal"), "file with the key that seals the database")
    key: Path = setting(Path("keys/registrar.key.pem"), "the key that signs answers and heads of the log")
    registration_key: Path = setting(Path("keys/registration.key.pem"), "the key that signs registration certificates")
    registration_chain: Path = setting(Path("keys/registration.pem"), "its chain, leaf first, without the anchor")
    provider: Url = setting(
        Url("http://login.localhost:7103"), "issuer URL of the OpenID Provider that signs people in"
    )
    client_id: str = setting("registrar", "the registrar's client_id there; it returns to /sign-in/return")
    client_secret: Path | None = setting(None, "file with its client secret there; without it a public client")
    status_list_size: ListSize = setting(ListSize(1 << 20), "entries of a status list; a power of two from 4096")
    status_list_period: Seconds = setting(Seconds(300), "how often a status list is signed anew")
    status_list_ttl: Seconds = setting(Seconds(43_200), "how long a reader may keep it")
    renewal_period: Seconds = setting(
        Seconds(60),
        "how often fifty registrations more are looked at for certificates that end within a month, and are renewed",
    )
    operator_address: Address = setting(Address("127.0.0.1"), "the operator API's own listener; on loopback alone")
    operator_port: Port = setting(Port(7114), "the port of the operator API")
    operator_token: Path = setting(Path("keys/registrar-operator.token"), "file with the bearer token that opens it")
    rates: RegistrarRates = section(RegistrarRates, "how often the registrar may be asked")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class AccessAuthorityConfig(RoleConfig):
    """The authority for access certificates. The root's key has no setting: it is offline."""

    origin: Origin = setting(Origin("http://access-authority.localhost:7109"), "the access authority's origin")
    port: Port = setting(Port(7109), "the port to listen on")
    name: str = setting("Utopia access office", "the name that people see")
    database: Database = setting(Database("sqlite:///data/access-authority.db"), "the database's URL")
    sealing_key: Path = setting(Path("keys/access-authority.seal"), "file with the key that seals the database")
    key: Path = setting(
        Path("keys/access-authority.key.pem"), "the key that issues, below a root, and signs what is revoked"
    )
    chain: Path = setting(Path("keys/access-authority.pem"), "its chain, its own certificate first, without the root's")
    days: Count = setting(Count(90), "for how many days certificates are valid")
    registrar: Origin = setting(Origin("http://127.0.0.1:7114"), "the origin of the registrar's operator API")
    registrar_token: Path = setting(Path("keys/registrar-operator.token"), "file with the bearer token that opens it")
    log: Origin = setting(Origin("http://log.localhost:7110"), "the log that certificates are submitted to")
    crl_validity: Seconds = setting(
        Seconds(86_400), "until when after it is signed a list of what is revoked is to be replaced, and is believed"
    )
    crl_period: Seconds = setting(Seconds(3_600), "how often it is signed anew")
    register_period: Seconds = setting(
        Seconds(3_600), "how often it is seen to that certificates end with the registration that they stand on"
    )
    operator_address: Address = setting(Address("127.0.0.1"), "the operator API's own listener; on loopback alone")
    operator_port: Port = setting(Port(7115), "the port of the operator API")
    operator_token: Path = setting(
        Path("keys/access-authority-operator.token"), "file with the bearer token that opens it"
    )
    rates: AccessAuthorityRates = section(AccessAuthorityRates, "how often the access authority may be asked")
