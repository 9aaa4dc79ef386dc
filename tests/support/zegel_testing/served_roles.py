"""Roles on sockets, in a thread with an event loop of their own: what commands call."""

import asyncio
from collections.abc import Coroutine, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event, Thread
from typing import Any, TypeVar

from zegel.adapters.configuration import load_config
from zegel.adapters.entropy import system_random
from zegel.adapters.memory import Loopback, ManualClock
from zegel.adapters.sandbox.create import create_sandbox
from zegel.adapters.sandbox.plan import OPERATED, PORTS, SandboxPlan
from zegel.config.roles import Config
from zegel.services.ports import Handler
from zegel.services.trust import Trust
from zegel.web.app.access_authority import open_access_authority
from zegel.web.app.issuer import open_issuer
from zegel.web.app.registrar import open_registrar
from zegel.web.app.roles import OpenRole, World
from zegel.web.app.serve import bind, serving
from zegel.web.app.verifier import open_verifier
from zegel.web.app.wallet_provider import open_wallet_provider
from zegel.web.app.world import ConfiguredList
from zegel_testing.authorities import NOW
from zegel_testing.revocations import revocations_of

T = TypeVar("T")


@dataclass(frozen=True)
class ServedRoles:
    """Five roles that answer on this machine, as ``serve_roles`` opens them; ``folder`` is their sandbox."""

    folder: Path
    handlers: Mapping[str, Handler]
    loop: asyncio.AbstractEventLoop
    clock: ManualClock

    @property
    def config_file(self) -> Path:
        return self.folder / "zegel.toml"

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Do something where the roles are."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(30)


@contextmanager
def serve_roles(folder: Path, *, profile: str = "plain") -> Iterator[ServedRoles]:
    """Serve until the end."""
    operator_sockets = {role: bind("127.0.0.1", 0) for role in OPERATED}
    plan = SandboxPlan(
        profile=profile,
        tls=False,
        ports={role: 7101 + at for role, at in PORTS.items()},
        operator_ports={role: socket.getsockname()[1] for role, socket in operator_sockets.items()},
    )
    create_sandbox(folder, plan, now=NOW, random=system_random)
    ready, ending = Event(), Event()
    served: list[ServedRoles] = []

    async def serve() -> None:
        config = _with_files(load_config(folder / "zegel.toml"), folder)
        clock, handlers = ManualClock(NOW), {}
        outbound = Loopback(handlers)
        trust = Trust(
            [ConfiguredList(listed, outbound=outbound) for listed in config.trusted_lists],
            fixed=(),
            clock=clock,
            revocations=revocations_of(config),
        )
        world = World(config=config, clock=clock, random=system_random, outbound=outbound, trust=trust)
        await trust.refresh()
        openers = (open_issuer, open_verifier, open_wallet_provider, open_access_authority, open_registrar)
        roles = [await opener(world) for opener in openers]
        handlers |= {listener.origin: listener.handle for role in roles for listener in role.listeners}
        operated = tuple(_operated(role) for role in roles)
        sockets = {f"{role.replace('_', '-')} operator": socket for role, socket in operator_sockets.items()}
        async with serving(operated, world=world, sockets=sockets):
            served.append(ServedRoles(folder=folder, handlers=handlers, loop=asyncio.get_running_loop(), clock=clock))
            ready.set()
            await asyncio.to_thread(ending.wait)

    thread = Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    try:
        assert ready.wait(30), "the roles did not start"
        yield served[0]
    finally:
        ending.set()
        thread.join()
        for socket in operator_sockets.values():  # of roles that are not served here, too
            socket.close()


def _with_files(config: Config, folder: Path) -> Config:
    """The lists are read from their files, for nobody serves them here."""
    lists = tuple(
        replace(listed, location=str(folder / "trust" / listed.location.rpartition("/")[2]))
        for listed in config.trusted_lists
    )
    return replace(config, trusted_lists=lists, issuer=replace(config.issuer, status_list_size=1 << 12))


def _operated(role: OpenRole) -> OpenRole:
    """The role's operator API alone: its public door is opened by ``handlers``."""
    listeners = tuple(listener for listener in role.listeners if listener.name.endswith(" operator"))
    return replace(role, listeners=listeners, timers=())
