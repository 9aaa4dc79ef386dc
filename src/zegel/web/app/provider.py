"""The OpenID Provider, opened: with a verifier inside, whose access certificate is the provider's own."""

from collections.abc import Mapping
from functools import partial
from typing import Final
from urllib.parse import urlsplit

from zegel.adapters.catalogue import load_catalogue_with
from zegel.adapters.clients import check_clients
from zegel.adapters.keyfiles import load_secret
from zegel.adapters.sealing_keys import SealingKeys, load_sealing_keys
from zegel.adapters.sql.store import SqlStore, open_store
from zegel.config.roles import ProviderConfig
from zegel.formats.catalogue.types import Catalogue
from zegel.primitives.keys import PublicKey, Signer
from zegel.profiles import PROFILES
from zegel.protocols.oidc.client import RegisteredClient
from zegel.protocols.oidc.provider import Provider
from zegel.protocols.oidc.subject import SubjectSecret
from zegel.services.ports import Store
from zegel.services.signin import SignInService
from zegel.services.status import StatusReader
from zegel.services.verifier import VerifierIdentity, VerifierService
from zegel.trust.rotation import KeyRing
from zegel.web import provider
from zegel.web.app.keys import RoleKeys, other_generations, other_signers
from zegel.web.app.limits import provider_limits
from zegel.web.app.monitor import (
    key_condition,
    metrics_listeners,
    presentation_families,
    sign_in_families,
    status_reader_families,
    store_condition,
    store_families,
    trust_condition,
    trust_families,
)
from zegel.web.app.registration import RegistrationFiles
from zegel.web.app.roles import Listener, OpenRole, Timer, World, cookie_policy, public_listener, secrets_of
from zegel.web.app.statuses import open_statuses, statuses_timer
from zegel.web.app.types import open_types
from zegel.web.app.verifier import follow_access, link_target
from zegel.web.monitor import Monitor
from zegel.web.pace import Pace
from zegel.web.provider import ProviderSite
from zegel.web.verifier import VerifierSite

ASSURANCE: Final = {"pid": "http://eidas.europa.eu/LoA/high"}
"""CIR (EU) 2015/1502 and Regulation (EU) 2024/1183 article 5a(11): a wallet presents PID at the level high."""


async def open_provider(world: World) -> OpenRole:
    """Open the provider of the configuration; ``Rejected`` as ``check_clients``, and as ``load_catalogue``."""
    config = world.config.provider
    catalogue = load_catalogue_with(config.catalogue)
    clients = check_clients(config.clients, catalogue)
    sealing = load_sealing_keys(config.sealing_key)
    store = await open_store(
        config.database, key=sealing.current, earlier=sealing.earlier(), clock=world.clock, random=world.random
    )
    try:
        return _role(world, store, sealing, clients=clients, catalogue=catalogue)
    except BaseException:
        store.close()
        raise


def _role(
    world: World,
    store: SqlStore,
    sealing: SealingKeys,
    *,
    clients: Mapping[str, RegisteredClient],
    catalogue: Catalogue,
) -> OpenRole:
    config = world.config.provider
    keys = RoleKeys("provider", world)
    statuses, registrations = open_statuses(config, world), RegistrationFiles("provider", world, keys=keys)
    verifier = _verifier(config, keys=keys, registrations=registrations, store=store, statuses=statuses, world=world)
    signer, other_keys = _id_token_keys(keys.ring("key"))
    service = SignInService(
        Provider(
            issuer=config.origin,
            signer=signer,
            other_keys=other_keys,
            subject_secret=SubjectSecret(key=load_secret(config.subject_secret)),
            acr=ASSURANCE,
        ),
        clients=clients,
        registrations=_registrations(config, registrations),
        verifier=verifier,
        store=store,
        clock=world.clock,
        random=world.random,
    )
    for client in config.clients:
        registrations.follow(client.registration, partial(service.register_as, client.id))
    keys.follow("key", lambda ring: service.sign_with(*_id_token_keys(ring)))
    site = ProviderSite(
        service=service,
        verifier=VerifierSite(
            service=verifier,
            catalogue=catalogue,
            name=config.name,
            host=urlsplit(config.origin).netloc,
            link_target=link_target(PROFILES[config.profile]),
        ),
        catalogue=catalogue,
        cookies=cookie_policy("provider", config, secrets_of(sealing.under(store.key), world)),
        random=world.random,
        wallet=config.wallet,
        pace=Pace(clock=world.clock),
    )
    monitor = _monitor(world, service, verifier, statuses, store, keys, registrations)
    return OpenRole(
        name="provider",
        listeners=_listeners(site, monitor, world),
        timers=(
            Timer(name="provider: purge", seconds=world.config.purge, act=store.purge, for_all=True),
            keys.timer(),
            statuses_timer(statuses, config),
            *registrations.timers(),
        ),
        close=store.close,
    )


def _monitor(
    world: World,
    service: SignInService,
    verifier: VerifierService,
    statuses: StatusReader,
    store: SqlStore,
    keys: RoleKeys,
    registrations: RegistrationFiles,
) -> Monitor:
    return Monitor(
        "provider",
        conditions={**store_condition(store), **key_condition(keys, world=world), **trust_condition(world)},
        notices=registrations.notices,
        families=lambda: (
            *sign_in_families(service.sign_ins),
            *presentation_families(verifier.presentations),
            *status_reader_families(statuses, verifier),
            *store_families(store),
            *trust_families(world),
            *registrations.families(),
        ),
    )


def _listeners(site: ProviderSite, monitor: Monitor, world: World) -> tuple[Listener, ...]:
    config = world.config.provider
    public = public_listener(
        "provider",
        site,
        provider.ROUTES,
        config=config,
        title=config.name,
        world=world,
        monitor=monitor,
        limits=provider_limits(config.rates),
    )
    return (public, *metrics_listeners(monitor, config=config, world=world))


def _id_token_keys(ring: KeyRing) -> tuple[Signer, tuple[PublicKey, ...]]:
    """What signs ID Tokens, and what is published beside it: the successor, and those whose tokens still count."""
    assert ring.current.private is not None  # it is in use
    return ring.current.private, tuple(other.key for other in other_generations(ring))


def _registrations(config: ProviderConfig, files: RegistrationFiles) -> dict[str, str]:
    """The services' own registration certificates, by client id."""
    texts = {client.id: files.text(client.registration) for client in config.clients}
    return {id_: text for id_, text in texts.items() if text is not None}


def _verifier(
    config: ProviderConfig,
    *,
    keys: RoleKeys,
    registrations: RegistrationFiles,
    store: Store,
    statuses: StatusReader,
    world: World,
) -> VerifierService:
    service = VerifierService(
        VerifierIdentity(
            origin=config.origin,
            host=urlsplit(config.origin).hostname or "",
            signer=keys.signer("access_key"),
            others=other_signers(keys.ring("access_key")),
            profile=PROFILES[config.profile],
            registration=registrations.text(config.registration),
        ),
        trust=world.trust,
        statuses=statuses,
        types=open_types(world),
        store=store,
        clock=world.clock,
        random=world.random,
    )
    follow_access(keys, service)
    registrations.follow(config.registration, service.register_as)
    return service
