"""The wallet, opened: pages on its owner's machine, over a vault that nobody has unlocked yet."""

import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Final
from urllib.parse import urlsplit

from zegel.adapters.catalogue import load_catalogue
from zegel.adapters.code_reader import PictureCodeReader
from zegel.adapters.health_trust import open_health_desk
from zegel.adapters.value_set_names import load_value_sets
from zegel.adapters.wallet_vault import WalletVaultFile
from zegel.config.roles import WalletConfig
from zegel.config.setting import is_loopback, is_loopback_host, wrong_setting
from zegel.profiles import PROFILES
from zegel.services.health import HealthDesk
from zegel.services.wallet.health import HealthBooks
from zegel.services.wallet.issuance import IssuanceHabits
from zegel.services.wallet.safe import Safe
from zegel.services.wallet.wallet import Wallet, WalletHabits
from zegel.web import wallet
from zegel.web.app.health import health_timers
from zegel.web.app.limits import wallet_limits
from zegel.web.app.monitor import health_families, health_notices, metrics_listeners, trust_condition, trust_families
from zegel.web.app.roles import OpenRole, RoleSecrets, Timer, World, cookie_policy, public_listener
from zegel.web.monitor import Monitor
from zegel.web.wallet_door import Door
from zegel.web.wallet_site import HOME, LAUNCH, WalletSite

NAME: Final = "Your wallet"
_LOCK_SECONDS: Final = 15.0  # how late an idle wallet may lock itself
_FRESH_SECONDS: Final = 5.0  # how late new copies and deferred credentials may come
_KEY_BYTES: Final = 32


async def open_wallet(world: World, *, announce: Callable[[str], None] | None = None) -> OpenRole:
    """Open the wallet of the configuration; ``launch`` of the role makes a code that lets a browser in.

    ``announce`` shows such a code where only the owner sees it, when the launch page asks; stderr without it.
    """
    config = check_own_machine(world.config.wallet)
    safe = Safe(WalletVaultFile(config.vault, random=world.random), clock=world.clock, idle=config.idle)
    opened = build_wallet(world, safe)
    door = Door(
        clock=world.clock,
        random=world.random,
        seconds=config.launch,
        announce=announce or _announce_on_terminal(config.origin),
    )
    site = WalletSite(
        wallet=opened,
        door=door,
        # a new key at each start: no form of the last time is taken
        cookies=cookie_policy("wallet", config, RoleSecrets(key=world.random(_KEY_BYTES))),
        clock=world.clock,
        random=world.random,
        codes=PictureCodeReader(),
        name=NAME,
        origin=config.origin,
    )
    back = (HOME, "To all credentials")
    desk = opened.health.books.desk
    monitor = Monitor(
        "wallet",
        conditions=trust_condition(world),
        families=lambda: (*trust_families(world), *health_families(desk, world=world)),
        notices=lambda: health_notices(desk, world=world),
    )
    return OpenRole(
        name="wallet",
        listeners=(
            public_listener(
                "wallet",
                site,
                wallet.ROUTES,
                config=config,
                title=NAME,
                world=world,
                monitor=monitor,
                back=back,
                ways_on=wallet.WAYS_ON,
                limits=wallet_limits(config.rates),
            ),
            *metrics_listeners(monitor, config=config, world=world),
        ),
        timers=(
            Timer(name="idle wallet", seconds=_LOCK_SECONDS, act=safe.lock_if_idle),
            Timer(name="fresh copies", seconds=_FRESH_SECONDS, act=opened.keep_fresh),
            *health_timers("wallet", desk, reopen=partial(_open_desk, world), world=world),
        ),
        close=safe.close,
        launch=door.fresh_code,
    )


def build_wallet(world: World, safe: Safe) -> Wallet:
    """The wallet of a configuration over a safe, for its pages and for the command line."""
    config = world.config.wallet
    return Wallet(
        safe,
        WalletHabits(
            issuance=IssuanceHabits(
                profile=PROFILES[config.profile],
                copies=config.copies,
                refuses_unregistered=config.unregistered == "refuse",
            ),
            provider=config.provider,
            plain_origins=frozenset(filter(_is_plain, world.config.loopback_origins())),
        ),
        catalogue=load_catalogue(),
        trust=world.trust,
        health=HealthBooks(desk=_open_desk(world), value_sets=load_value_sets(), old=world.config.health.old),
        outbound=world.outbound,
        clock=world.clock,
        random=world.random,
    )


def check_own_machine(config: WalletConfig) -> WalletConfig:
    """Return the configuration of a wallet that only its own machine can reach; ``Malformed`` otherwise."""
    if not is_loopback(config.origin):
        raise wrong_setting("wallet.origin", "expected an origin of this machine, such as wallet.localhost")
    if not is_loopback_host(config.address):
        raise wrong_setting("wallet.address", "expected an address of this machine, such as 127.0.0.1")
    return config


def _announce_on_terminal(origin: str) -> Callable[[str], None]:
    def announce(code: str) -> None:
        sys.stderr.write(f"wallet at {urlsplit(origin).netloc}{LAUNCH}: the code is {code}\n")
        sys.stderr.flush()

    return announce


def _open_desk(world: World) -> HealthDesk:
    """Whether a certificate meets a country's rules is for whoever it is shown to."""
    return open_health_desk(replace(world.config.health, rules=None))


def _is_plain(origin: str) -> bool:
    return origin.startswith("http:")
