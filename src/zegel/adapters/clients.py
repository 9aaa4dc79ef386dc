"""The services that sign people in, from their tables in the configuration to registrations that hold."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from zegel.checks import Check
from zegel.config.roles import ProviderClientConfig
from zegel.errors import Rejected
from zegel.formats.catalogue.types import Catalogue
from zegel.protocols.oidc.attestations import Attestation, build_attestations
from zegel.protocols.oidc.client import ClaimSource, Client, RegisteredClient, check_client
from zegel.protocols.oidc.subject import StableFrom, Transient

_TABLE: Final = "provider.clients"


def check_clients(clients: Sequence[ProviderClientConfig], catalogue: Catalogue) -> Mapping[str, RegisteredClient]:
    """The clients of the configuration, by id; ``Rejected`` as ``check_client``, with the setting's path."""
    registered: dict[str, RegisteredClient] = {}
    for each in _checked(clients, catalogue):
        if isinstance(each, Rejected):
            raise each
        registered[each.client.id] = each
    return registered


def find_client_faults(clients: Sequence[ProviderClientConfig], catalogue: Catalogue) -> Iterator[Rejected]:
    """The first fault of each client with which no provider starts."""
    return (each for each in _checked(clients, catalogue) if isinstance(each, Rejected))


def _checked(clients: Sequence[ProviderClientConfig], catalogue: Catalogue) -> Iterator[RegisteredClient | Rejected]:
    attestations, seen = build_attestations(catalogue), set[str]()
    for position, client in enumerate(clients):
        try:
            yield _check(client, attestations, seen)
        except Rejected as error:
            yield Rejected(error.check, error.detail, field=f"{_TABLE}[{position}].{error.field}")
        seen.add(client.id)


def _check(client: ProviderClientConfig, attestations: Mapping[str, Attestation], seen: set[str]) -> RegisteredClient:
    if client.id in seen:
        raise Rejected(Check.CLIENT_REGISTRATION, "expected each id once", field="id")
    return check_client(_client(client), attestations=attestations)


def _client(config: ProviderClientConfig) -> Client:
    stable = config.stable_from
    return Client(
        id=config.id,
        name=config.name,
        redirect_uris=config.redirect_uris,
        secret_hash=config.secret_hash or None,
        claims={
            name: ClaimSource(attestation=source.attestation, claims=source.claims)
            for name, source in config.claims.items()
        },
        subject=Transient() if stable is None else StableFrom(attestation=stable.attestation, claims=stable.claims),
        sector=config.sector or None,
        cross_device=config.cross_device,
        claims_in_id_token=config.claims_in_id_token,
    )
