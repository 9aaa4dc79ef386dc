"""Every role, and how each is opened."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

from zegel.web.app.access_authority import open_access_authority
from zegel.web.app.door import open_door
from zegel.web.app.issuer import open_issuer
from zegel.web.app.log import open_log_role
from zegel.web.app.provider import open_provider
from zegel.web.app.roles import OpenRole, Timer, World
from zegel.web.app.service import open_service
from zegel.web.app.trust import open_trust
from zegel.web.app.verifier import open_verifier
from zegel.web.app.wallet import open_wallet
from zegel.web.app.wallet_provider import open_wallet_provider
from zegel.web.app.world import trust_timer


async def _open_registrar(world: World) -> OpenRole:
    # Its library for passkeys takes room, which the other roles need not have.
    from zegel.web.app.registrar import open_registrar

    return await open_registrar(world)


# The lists of trusted entities, and those of what is revoked, come first: everybody else reads them.
OPENERS: Final[Mapping[str, Callable[[World], Awaitable[OpenRole]]]] = {
    "trust": open_trust,
    "access-authority": open_access_authority,
    "transparency-log": open_log_role,
    "wallet-provider": open_wallet_provider,
    "issuer": open_issuer,
    "verifier": open_verifier,
    "provider": open_provider,
    "service": open_service,
    "wallet": open_wallet,
    "registrar": _open_registrar,
    "door": open_door,
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
