"""The wallet provider, opened."""

from contextlib import ExitStack
from typing import Final
from urllib.parse import urlsplit

from zegel.adapters.sealing_keys import load_sealing_keys
from zegel.adapters.sql.store import SqlStore, open_store
from zegel.services.status_publisher import StatusPublisher
from zegel.services.wallet_provider import WalletProviderIdentity, WalletProviderService
from zegel.services.wallet_revocation import WalletRevocationService
from zegel.trust.attestation import WalletDescription
from zegel.version import __version__
from zegel.web import wallet_provider
from zegel.web.app.keys import RoleKeys
from zegel.web.app.limits import wallet_provider_limits
from zegel.web.app.monitor import (
    key_condition,
    metrics_listeners,
    status_families,
    store_condition,
    store_families,
    trust_condition,
    trust_families,
)
from zegel.web.app.roles import Listener, OpenRole, Timer, World, operator_listener, public_listener
from zegel.web.monitor import Monitor
from zegel.web.wallet_provider import CLIENT_ID_PATH, WalletProviderSite

NAME: Final = "Utopia wallet office"
CERTIFICATION: Final = "https://authorities.utopia.example/certification"  # of a sandbox; nobody certified anything


def wallet_client_id(provider: str) -> str:
    """The client identifier of every wallet that the provider at this origin vouches for (HAIP 1.0 section 4.4.1)."""
    return provider + CLIENT_ID_PATH


async def open_wallet_provider(world: World) -> OpenRole:
    """Open the wallet provider of the configuration."""
    config = world.config.wallet_provider
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
        keys = RoleKeys("wallet-provider", world)
        site = _site(world, store, keys)
        monitor = Monitor(
            "wallet-provider",
            conditions={**store_condition(store), **key_condition(keys, world=world), **trust_condition(world)},
            families=lambda: (*status_families(site.statuses), *store_families(store), *trust_families(world)),
        )
        return OpenRole(
            name="wallet-provider",
            listeners=_listeners(site, monitor, world),
            timers=(
                Timer(name="wallet status lists", seconds=config.status_list_period, act=site.statuses.publish),
                Timer(name="wallet-provider: purge", seconds=world.config.purge, act=store.purge),
                keys.timer(),
            ),
            close=opened.pop_all().close,
        )


def _site(world: World, store: SqlStore, keys: RoleKeys) -> WalletProviderSite:
    config = world.config.wallet_provider
    service = WalletProviderService(
        WalletProviderIdentity(
            origin=config.origin,
            client_id=wallet_client_id(config.origin),
            wallet=WalletDescription(
                name=config.name,
                version=__version__,
                link=wallet_client_id(config.origin),
                certification=CERTIFICATION,
            ),
            signer=keys.signer("key"),
            lifetime=config.attestation,
            maintained=config.maintained,
        ),
        store=store,
        clock=world.clock,
        random=world.random,
    )
    statuses = StatusPublisher(
        store=store,
        signer=keys.signer("status_key"),
        origin=config.origin,
        period=config.status_list_period,
        ttl=config.status_list_ttl,
        clock=world.clock,
    )
    keys.follow("key", lambda ring: service.sign_with(ring.current.signer))
    keys.follow("status_key", lambda ring: statuses.sign_with(ring.current.signer))
    return WalletProviderSite(
        service=service,
        revocations=WalletRevocationService(config.origin, store=store, trust=world.trust, clock=world.clock),
        statuses=statuses,
        name=NAME,
        wallet=config.name,
        host=urlsplit(config.origin).netloc,
    )


def _listeners(site: WalletProviderSite, monitor: Monitor, world: World) -> tuple[Listener, ...]:
    config = world.config.wallet_provider
    limits = wallet_provider_limits(config.rates)
    return (
        public_listener(
            "wallet-provider",
            site,
            wallet_provider.ROUTES,
            config=config,
            title=NAME,
            world=world,
            monitor=monitor,
            ways_on=wallet_provider.WAYS_ON,
            limits=limits,
        ),
        operator_listener(
            "wallet-provider",
            site,
            wallet_provider.OPERATOR_ROUTES,
            address=config.operator_address,
            port=config.operator_port,
            token=config.operator_token,
            limits=limits,
            world=world,
            monitor=monitor,
        ),
        *metrics_listeners(monitor, config=config, world=world),
    )
