"""The wallet provider, opened."""

from typing import Final
from urllib.parse import urlsplit

from zegel.services.wallet_provider import WalletProviderIdentity, WalletProviderService
from zegel.trust.attestation import WalletDescription
from zegel.version import __version__
from zegel.web import wallet_provider
from zegel.web.app.keys import RoleKeys
from zegel.web.app.limits import wallet_provider_limits
from zegel.web.app.monitor import key_condition, metrics_listeners
from zegel.web.app.roles import OpenRole, World, operator_listener, public_listener
from zegel.web.monitor import Monitor
from zegel.web.wallet_provider import CLIENT_ID_PATH, WalletProviderSite

NAME: Final = "Utopia wallet office"


def wallet_client_id(provider: str) -> str:
    """The client identifier of every wallet that the provider at this origin vouches for (HAIP 1.0 section 4.4.1)."""
    return provider + CLIENT_ID_PATH


async def open_wallet_provider(world: World) -> OpenRole:
    """Open the wallet provider of the configuration."""
    config = world.config.wallet_provider
    keys = RoleKeys("wallet-provider", world)
    service = WalletProviderService(
        WalletProviderIdentity(
            origin=config.origin,
            client_id=wallet_client_id(config.origin),
            wallet=WalletDescription(name=config.name, version=__version__, link=wallet_client_id(config.origin)),
            signer=keys.signer("key"),
            lifetime=config.attestation,
        ),
        clock=world.clock,
    )
    keys.follow("key", lambda ring: service.sign_with(ring.current.signer))
    site = WalletProviderSite(service=service, name=NAME, wallet=config.name, host=urlsplit(config.origin).netloc)
    monitor = Monitor("wallet-provider", conditions=key_condition(keys, world=world))
    return OpenRole(
        name="wallet-provider",
        listeners=(
            public_listener(
                "wallet-provider",
                site,
                wallet_provider.ROUTES,
                config=config,
                title=NAME,
                world=world,
                monitor=monitor,
                limits=wallet_provider_limits(config.rates),
            ),
            operator_listener(
                "wallet-provider",
                site,
                wallet_provider.OPERATOR_ROUTES,
                address=config.operator_address,
                port=config.operator_port,
                token=config.operator_token,
                limits=wallet_provider_limits(config.rates),
                world=world,
                monitor=monitor,
            ),
            *metrics_listeners(monitor, config=config, world=world),
        ),
        timers=(keys.timer(),),
        close=lambda: None,
    )
