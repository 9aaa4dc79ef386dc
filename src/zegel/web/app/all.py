"""Every role, and how each is opened."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeAlias

from zegel.web.app.roles import OpenRole, Timer, World
from zegel.web.app.world import trust_timer

Opener: TypeAlias = Callable[[World], Awaitable[OpenRole]]


def load_role(name: str) -> Opener:
    """What opens a role, one of ``ROLE_NAMES``; ``KeyError`` for another name.

    Its modules are loaded here, so that a process has room and time for its own roles alone.
    """
    match name:
        case "trust":
            from zegel.web.app.trust import open_trust

            return open_trust
        case "access-authority":
            from zegel.web.app.access_authority import open_access_authority

            return open_access_authority
        case "transparency-log":
            from zegel.web.app.log import open_log_role

            return open_log_role
        case "wallet-provider":
            from zegel.web.app.wallet_provider import open_wallet_provider

            return open_wallet_provider
        case "issuer":
            from zegel.web.app.issuer import open_issuer

            return open_issuer
        case "verifier":
            from zegel.web.app.verifier import open_verifier

            return open_verifier
        case "provider":
            from zegel.web.app.provider import open_provider

            return open_provider
        case "service":
            from zegel.web.app.service import open_service

            return open_service
        case "wallet":
            from zegel.web.app.wallet import open_wallet

            return open_wallet
        case "registrar":
            from zegel.web.app.registrar import open_registrar

            return open_registrar
        case "door":
            from zegel.web.app.door import open_door

            return open_door
    raise KeyError(name)


# The lists of trusted entities, and those of what is revoked, come first: everybody else reads them.
ROLE_NAMES: Final = (
    "trust",
    "access-authority",
    "transparency-log",
    "wallet-provider",
    "issuer",
    "verifier",
    "provider",
    "service",
    "wallet",
    "registrar",
    "door",
)

_PUBLISHING: Final = ("trust", "access-authority")
"""Whose lists are fetched when roles start in one process."""


async def open_roles(names: Sequence[str], world: World) -> tuple[OpenRole, ...]:
    """Open the roles of these names, in the order in which they are to start, or none of them.

    The first timer keeps the trust fresh.
    """
    chosen = [name for name in ROLE_NAMES if name in names]
    opened: list[OpenRole] = []
    try:
        for name in chosen:
            opened.append(await load_role(name)(world))  # noqa: PERF401 those before the one that fails are closed
    except BaseException:
        for role in opened:
            role.close()
        raise
    at = max((chosen.index(name) + 1 for name in _PUBLISHING if name in chosen), default=0)
    return (*opened[:at], _trust_keeper(trust_timer(world)), *opened[at:])


def _trust_keeper(timer: Timer) -> OpenRole:
    return OpenRole(name="trust keeper", listeners=(), timers=(timer,), close=lambda: None)
