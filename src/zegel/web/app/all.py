"""Every role, and how each is opened."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Final, final

from zegel.web.app.roles import OpenRole, Timer, World
from zegel.web.app.world import trust_timer


@final
@dataclass(frozen=True, slots=True)
class RoleOpener:
    """Opens a role. Its module is loaded then, so that a process has room and time for its own roles alone."""

    module: str
    name: str

    def load(self) -> Callable[[World], Awaitable[OpenRole]]:
        """Load the module, as whoever forks does before."""
        opener: Callable[[World], Awaitable[OpenRole]] = getattr(
            import_module(f"zegel.web.app.{self.module}"), self.name
        )
        return opener

    async def __call__(self, world: World) -> OpenRole:
        """Open the role of the configuration."""
        return await self.load()(world)


# The lists of trusted entities, and those of what is revoked, come first: everybody else reads them.
OPENERS: Final[Mapping[str, RoleOpener]] = {
    "trust": RoleOpener("trust", "open_trust"),
    "access-authority": RoleOpener("access_authority", "open_access_authority"),
    "transparency-log": RoleOpener("log", "open_log_role"),
    "wallet-provider": RoleOpener("wallet_provider", "open_wallet_provider"),
    "issuer": RoleOpener("issuer", "open_issuer"),
    "verifier": RoleOpener("verifier", "open_verifier"),
    "provider": RoleOpener("provider", "open_provider"),
    "service": RoleOpener("service", "open_service"),
    "wallet": RoleOpener("wallet", "open_wallet"),
    "registrar": RoleOpener("registrar", "open_registrar"),
    "door": RoleOpener("door", "open_door"),
}

_PUBLISHING: Final = ("trust", "access-authority")
"""Whose lists are fetched when roles start in one process."""


async def open_roles(names: Sequence[str], world: World) -> tuple[OpenRole, ...]:
    """Open the roles of these names, in the order in which they are to start, or none of them.

    The first timer keeps the trust fresh.
    """
    chosen = [name for name in OPENERS if name in names]
    opened: list[OpenRole] = []
    try:
        for name in chosen:
            opened.append(await OPENERS[name](world))  # noqa: PERF401 those before the one that fails are closed
    except BaseException:
        for role in opened:
            role.close()
        raise
    at = max((chosen.index(name) + 1 for name in _PUBLISHING if name in chosen), default=0)
    return (*opened[:at], _trust_keeper(trust_timer(world)), *opened[at:])


def _trust_keeper(timer: Timer) -> OpenRole:
    return OpenRole(name="trust keeper", listeners=(), timers=(timer,), close=lambda: None)
