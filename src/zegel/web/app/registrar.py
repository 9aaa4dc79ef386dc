"""The registrar, opened."""

from contextlib import ExitStack
from typing import Final
from urllib.parse import urlsplit

from zegel.adapters.catalogue import load_catalogue
from zegel.adapters.keyfiles import load_secret
from zegel.adapters.sealing_keys import load_sealing_keys
from zegel.adapters.sql.store import SqlStore, open_store
from zegel.primitives.encoding import base64url
from zegel.primitives.http import origin_of
from zegel.primitives.json import JsonObject
from zegel.primitives.keys import Signer
from zegel.protocols.oidc.provider import key_id
from zegel.protocols.oidc.upstream import UpstreamClient
from zegel.protocols.webauthn.options import RelyingParty
from zegel.services.register_reader import RegisterReader
from zegel.services.registrar import RegistrarService
from zegel.services.registrar_invitations import RegistrarInvitations
from zegel.services.registrar_passkeys import RegistrarPasskeys
from zegel.services.registrar_people import RegistrarPeople
from zegel.services.registrar_renewal import RegistrarRenewal
from zegel.services.status_publisher import StatusPublisher
from zegel.services.upstream import UpstreamLogIn
from zegel.trust.rotation import KeyRing
from zegel.web import (
    registrar,
    registrar_desk,
    registrar_invitations,
    registrar_officers,
    registrar_operator,
    registrar_pages,
    registrar_passkeys,
)
from zegel.web.app.keys import RoleKeys, other_generations
from zegel.web.app.limits import registrar_limits
from zegel.web.app.monitor import (
    key_condition,
    metrics_listeners,
    renewal_families,
    status_families,
    store_condition,
    store_families,
    trust_condition,
    trust_families,
)
from zegel.web.app.roles import (
    Listener,
    OpenRole,
    RoleSecrets,
    Timer,
    World,
    cookie_policy,
    operator_listener,
    public_listener,
    secrets_of,
)
from zegel.web.monitor import Monitor
from zegel.web.registrar_pages import RETURN, WAYS_ON
from zegel.web.registrar_site import PublishedKeys, RegistrarSite
from zegel.web.status_lists import status_routes

_PID: Final = "pid"  # in whose names the provider's claims are read

ROUTES: Final = (
    *registrar.ROUTES,
    *registrar_pages.ROUTES,
    *registrar_desk.ROUTES,
    *registrar_officers.ROUTES,
    *registrar_passkeys.ROUTES,
    *registrar_invitations.ROUTES,
    *status_routes(RegistrarSite),
)


async def open_registrar(world: World) -> OpenRole:
    """Open the registrar of the configuration."""
    config = world.config.registrar
    sealing = load_sealing_keys(config.sealing_key)
    store = await open_store(
        config.database,
        key=sealing.current,
        earlier=sealing.earlier(),
        clock=world.clock,
        random=world.random,
        status_list_size=config.status_list_size,
    )
    with ExitStack() as opened:
        opened.callback(store.close)
        keys = RoleKeys("registrar", world)
        site = _site(world, store, keys, secrets_of(sealing.under(store.key), world))
        renewal = RegistrarRenewal(site.service, statuses=site.statuses)
        monitor = Monitor(
            "registrar",
            conditions={**store_condition(store), **key_condition(keys, world=world), **trust_condition(world)},
            families=lambda: (
                *status_families(site.statuses),
                *store_families(store),
                *trust_families(world),
                *renewal_families(renewal.renewed),
            ),
        )
        return OpenRole(
            name="registrar",
            listeners=_listeners(site, monitor, world),
            timers=(
                Timer(name="registration status lists", seconds=config.status_list_period, act=site.statuses.publish),
                Timer(name="registrar: renewals", seconds=config.renewal_period, act=renewal.take_turn),
                Timer(name="registrar: purge", seconds=world.config.purge, act=store.purge),
                keys.timer(),
            ),
            close=opened.pop_all().close,
        )


def _site(world: World, store: SqlStore, keys: RoleKeys, secrets: RoleSecrets) -> RegistrarSite:
    config = world.config.registrar
    service = RegistrarService(
        config.origin,
        signer=keys.signer("registration_key"),
        store=store,
        clock=world.clock,
        random=world.random,
    )
    ring = keys.ring("key")
    reader = RegisterReader(
        config.origin, signer=_private(ring), kid=key_id(ring.current.key), store=store, clock=world.clock
    )
    statuses = StatusPublisher(
        store=store,
        signer=keys.signer("registration_key"),
        origin=config.origin,
        period=config.status_list_period,
        ttl=config.status_list_ttl,
        clock=world.clock,
    )
    published = PublishedKeys(_key_set(ring))

    def follow(changed: KeyRing) -> None:
        reader.sign_with(_private(changed), key_id(changed.current.key))
        published.members = _key_set(changed)

    keys.follow("key", follow)
    keys.follow("registration_key", lambda changed: service.sign_with(changed.current.signer))
    keys.follow("registration_key", lambda changed: statuses.sign_with(changed.current.signer))
    # WebAuthn Level 3 section 5.1.3: an RP ID is the origin's own host, or a suffix of it
    party = RelyingParty(id=urlsplit(config.origin).hostname or "", origin=config.origin, name=config.name)
    return RegistrarSite(
        service=service,
        reader=reader,
        people=RegistrarPeople(_log_in(world), store=store, clock=world.clock, random=world.random),
        passkeys=RegistrarPasskeys(party, store=store, clock=world.clock, random=world.random),
        invitations=RegistrarInvitations(party, store=store, clock=world.clock, random=world.random),
        statuses=statuses,
        keys=published,
        cookies=cookie_policy("registrar", config, secrets),
        random=world.random,
        name=config.name,
        host=urlsplit(config.origin).netloc,
        origin=config.origin,
        provider=origin_of(config.provider, what="zegel.toml: registrar.provider"),
        rates=config.rates,
    )


def _log_in(world: World) -> UpstreamLogIn:
    config = world.config.registrar
    secret = None if config.client_secret is None else base64url(load_secret(config.client_secret))
    return UpstreamLogIn(
        config.provider,
        client=UpstreamClient(client_id=config.client_id, redirect_uri=config.origin + RETURN, secret=secret),
        pid=load_catalogue().types[_PID],
        outbound=world.outbound,
        clock=world.clock,
        random=world.random,
    )


def _key_set(ring: KeyRing) -> JsonObject:
    """Every key of the ring: what a retired one signed still counts."""
    keys = [each.key for each in (ring.current, *other_generations(ring))]
    return {
        "keys": [key.jwk() | {"use": "sig", "alg": str(key.algorithm), "kid": key_id(key)} for key in keys],
    }


def _private(ring: KeyRing) -> Signer:
    assert ring.current.private is not None  # it is in use
    return ring.current.private


def _listeners(site: RegistrarSite, monitor: Monitor, world: World) -> tuple[Listener, ...]:
    config = world.config.registrar
    limits = registrar_limits(config.rates)
    return (
        public_listener(
            "registrar",
            site,
            ROUTES,
            config=config,
            title=config.name,
            world=world,
            monitor=monitor,
            ways_on=WAYS_ON,
            limits=limits,
        ),
        operator_listener(
            "registrar",
            site,
            registrar_operator.OPERATOR_ROUTES,
            address=config.operator_address,
            port=config.operator_port,
            token=config.operator_token,
            limits=limits,
            world=world,
            monitor=monitor,
        ),
        *metrics_listeners(monitor, config=config, world=world),
    )
