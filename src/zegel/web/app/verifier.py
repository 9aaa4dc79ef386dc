"""The verifier, opened."""

from contextlib import ExitStack
from typing import Final
from urllib.parse import urlsplit

from zegel.adapters.catalogue import load_catalogue
from zegel.adapters.sealing_keys import load_sealing_keys
from zegel.adapters.sql.store import SqlStore, open_store
from zegel.config.roles import VerifierConfig
from zegel.profiles import HAIP, PROFILES, Profile
from zegel.services.status import StatusReader
from zegel.services.verifier import VerifierIdentity, VerifierService
from zegel.web import verifier, verifier_operator
from zegel.web.app.keys import RoleKeys, other_signers
from zegel.web.app.limits import verifier_limits
from zegel.web.app.monitor import (
    key_condition,
    metrics_listeners,
    presentation_families,
    status_reader_families,
    store_condition,
    store_families,
    trust_condition,
    trust_families,
)
from zegel.web.app.registration import RegistrationFiles
from zegel.web.app.roles import Listener, OpenRole, Timer, World, operator_listener, public_listener
from zegel.web.app.statuses import open_statuses, statuses_timer
from zegel.web.app.types import open_types
from zegel.web.monitor import Monitor
from zegel.web.verifier import VerifierSite

HAIP_LINK: Final = "haip-vp://"  # HAIP 1.0 section 5.1
PLAIN_LINK: Final = "openid4vp://"  # OpenID4VP 1.0 section 13.1.2


async def open_verifier(world: World) -> OpenRole:
    """Open the verifier of the configuration."""
    config = world.config.verifier
    profile = PROFILES[config.profile]
    keys = RoleKeys("verifier", world)
    registrations = RegistrationFiles("verifier", world, keys=keys)
    identity = VerifierIdentity(
        origin=config.origin,
        host=urlsplit(config.origin).hostname or "",
        signer=keys.signer("access_key"),
        others=other_signers(keys.ring("access_key")),
        profile=profile,
        registration=registrations.text(config.registration),
    )
    statuses = open_statuses(config, world)
    sealing = load_sealing_keys(config.sealing_key)
    store = await open_store(
        config.database, key=sealing.current, earlier=sealing.earlier(), clock=world.clock, random=world.random
    )
    with ExitStack() as opened:
        opened.callback(store.close)
        service = VerifierService(
            identity,
            trust=world.trust,
            statuses=statuses,
            types=open_types(world),
            store=store,
            clock=world.clock,
            random=world.random,
        )
        follow_access(keys, service)
        registrations.follow(config.registration, service.register_as)
        site = _site(config, service)
        monitor = _monitor(
            world, service=service, statuses=statuses, store=store, keys=keys, registrations=registrations
        )
        return OpenRole(
            name="verifier",
            listeners=_listeners(site, monitor, world),
            timers=(
                Timer(name="purge", seconds=world.config.purge, act=store.purge, for_all=True),
                keys.timer(),
                statuses_timer(statuses, config),
                *registrations.timers(),
            ),
            end_waits=service.end_waits,
            close=opened.pop_all().close,
        )


def _listeners(site: VerifierSite, monitor: Monitor, world: World) -> tuple[Listener, ...]:
    config = world.config.verifier
    return (
        public_listener(
            "verifier", site, verifier.ROUTES, config=config, title=config.name, world=world, monitor=monitor
        ),
        operator_listener(
            "verifier",
            site,
            verifier_operator.ROUTES,
            address=config.operator_address,
            port=config.operator_port,
            token=config.operator_token,
            limits=verifier_limits(config.rates),
            world=world,
            monitor=monitor,
        ),
        *metrics_listeners(monitor, config=config, world=world),
    )


def _site(config: VerifierConfig, service: VerifierService) -> VerifierSite:
    return VerifierSite(
        service=service,
        catalogue=load_catalogue(),
        name=config.name,
        host=urlsplit(config.origin).netloc,
        link_target=link_target(PROFILES[config.profile]),
    )


def _monitor(
    world: World,
    *,
    service: VerifierService,
    statuses: StatusReader,
    store: SqlStore,
    keys: RoleKeys,
    registrations: RegistrationFiles,
) -> Monitor:
    return Monitor(
        "verifier",
        conditions={**store_condition(store), **key_condition(keys, world=world), **trust_condition(world)},
        notices=registrations.notices,
        families=lambda: (
            *presentation_families(service.presentations),
            *status_reader_families(statuses, service),
            *store_families(store),
            *trust_families(world),
            *registrations.families(),
        ),
    )


def follow_access(keys: RoleKeys, service: VerifierService) -> None:
    """Have a verifier sign with the access key as it is rotated."""
    keys.follow("access_key", lambda ring: service.sign_with(ring.current.signer, others=other_signers(ring)))


def link_target(profile: Profile) -> str:
    """What links for wallets begin with."""
    return HAIP_LINK if profile is HAIP else PLAIN_LINK
