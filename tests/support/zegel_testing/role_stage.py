"""A role on a stage: it is started anew without some sources of trust, acts, and it is noted where that ends.

All other roles have what they need.
"""

from collections.abc import Awaitable, Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from logging import Handler, LogRecord, getLogger
from pathlib import Path
from typing import Any, TypeAlias

from zegel.adapters.health_trust import open_health_desk
from zegel.adapters.logs import Event
from zegel.errors import Denied, Rejected, Unavailable
from zegel.services.wallet.contents import WalletContents
from zegel.web.app.all import load_role
from zegel_testing.access_house import AccessHouse
from zegel_testing.role_trust import world_without
from zegel_testing.wallet_world import PASSPHRASE, Noted, WalletWorld, open_test_wallet

Said: TypeAlias = tuple[str, str] | None
"""The step at which an act ends, and the check; None where it comes to its end. A warning is a failure."""

COPIES = 2  # of a batch; they are made in every act


@dataclass
class MemoryVault:
    """A vault without a disk, and the file that it is in; any passphrase opens it."""

    value: WalletContents

    def exists(self) -> bool:
        return True

    def create(self, passphrase: str) -> "MemoryVault":
        raise AssertionError(passphrase)

    def open(self, passphrase: str) -> "MemoryVault":
        assert passphrase
        return self

    def save(self, value: WalletContents) -> None:
        self.value = value

    def close(self) -> None:
        """Nothing is held."""


@dataclass
class Stage:
    """A world with every role that has to do with credentials, and with a wallet; ``folder`` is its sandbox."""

    world: WalletWorld
    folder: Path

    async def restart(self, role: str, sources: Collection[str], **settings: Any) -> None:
        """Start a role without these sources of trust; ``settings`` are of its configuration."""
        name, config = role.replace("-", "_"), self.world.config
        config = replace(config, **{name: replace(getattr(config, name), **settings)})
        world = await world_without(replace(self.world.world, config=config), self.folder, sources)
        if role == "wallet":
            vault = MemoryVault(self.world.contents)
            self.world.wallet.safe.close()
            self.world.wallet = open_test_wallet(
                world,
                vault,
                Noted(world.outbound, []),
                copies=COPIES,
                random=world.random,
                desk=open_health_desk(replace(world.config.health, rules=None)),
            )
            await self.world.wallet.safe.unlock(PASSPHRASE)
            return
        if role in self.world.roles:
            self.world.roles[role].close()
        opened = self.world.roles[role] = await load_role(role)(world)
        self.world.handlers |= {listener.origin: listener.handle for listener in opened.listeners}

    def site(self, role: str) -> Any:
        """What the handlers of a role have."""
        handler: Any = self.world.roles[role].listeners[0].handle
        return handler.__self__._role


@dataclass
class House:
    """The access authority with its neighbours; ``folder`` is their sandbox."""

    house: AccessHouse
    folder: Path
    orders: int = 0

    async def restart(self, role: str, sources: Collection[str]) -> None:
        """Start a role without these sources of trust."""
        world = await world_without(self.house.world, self.folder, sources)
        self.house.roles[role].close()
        opened = self.house.roles[role] = await load_role(role)(world)
        self.house.handlers |= {listener.origin: listener.handle for listener in opened.listeners}


Act: TypeAlias = Callable[[Any], Awaitable[Said]]
"""What a role does, on the stage or in the house that has it."""


class WarnedOf(Exception):
    """The wallet warns, by a check."""


@contextmanager
def ending(step: list[str], found: list[Said]) -> Iterator[None]:
    """Note by which check the last of the steps is refused, or warned of."""
    try:
        yield
    except WarnedOf as warning:
        found.append((step[-1], str(warning)))
    except (Rejected, Denied, Unavailable) as error:
        words = getattr(error, "said", "")  # what the other side has named
        found.append((step[-1], words.partition(":")[0].partition(" at ")[0] if words else error.check.id))


def acted(found: list[Said]) -> Said:
    """How it ended."""
    return found[0] if found else None


@contextmanager
def hearing(logger: str) -> Iterator[list[Event]]:
    """What a role writes into its log."""
    events: list[Event] = []

    class Hearing(Handler):
        def emit(self, record: LogRecord) -> None:
            events.append(record.__dict__["event"])

    handler = Hearing()
    getLogger(logger).addHandler(handler)
    try:
        yield events
    finally:
        getLogger(logger).removeHandler(handler)
