"""The access authority, its neighbours and a verifier on sockets, for commands to call."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread

from zegel.adapters.configuration import load_config
from zegel.adapters.entropy import system_random
from zegel.adapters.memory import ManualClock
from zegel.adapters.outbound import HttpOutbound
from zegel.adapters.sandbox.create import create_sandbox
from zegel.adapters.sandbox.plan import OPERATED, ROLES, SandboxPlan
from zegel.config.roles import Config
from zegel.services.trust import Trust
from zegel.web.app.all import open_roles
from zegel.web.app.roles import World
from zegel.web.app.serve import serving
from zegel.web.app.world import PublishedRevocations, configured_lists
from zegel_testing.authorities import NOW
from zegel_testing.ports import reserved_ports

SERVED = ("trust", "access-authority", "transparency-log", "registrar", "verifier")


@dataclass(frozen=True)
class ServedAccess:
    """Roles that answer on this machine; ``config`` is theirs."""

    folder: Path
    config: Config


@contextmanager
def serve_access(folder: Path) -> Iterator[ServedAccess]:
    """Serve until the end."""
    with reserved_ports(len(ROLES) + len(OPERATED)) as reserved:
        ports = list(reserved)
    plan = SandboxPlan(
        profile="haip",
        tls=False,
        ports=dict(zip(ROLES, ports, strict=False)),
        operator_ports=dict(zip(OPERATED, ports[len(ROLES) :], strict=True)),
    )
    create_sandbox(folder, plan, now=NOW, random=system_random)
    config = load_config(folder / "zegel.toml")
    ready, ending = Event(), Event()
    failed: list[BaseException] = []

    async def serve() -> None:
        clock = ManualClock(NOW)
        outbound = HttpOutbound(loopback_origins=config.loopback_origins())
        neighbour = HttpOutbound(loopback_origins=frozenset({config.access_authority.registrar}))
        trust = Trust(
            configured_lists(config, outbound=outbound),
            fixed=(),
            clock=clock,
            revocations=PublishedRevocations(outbound),
        )

        async def close() -> None:
            await outbound.aclose()
            await neighbour.aclose()

        world = World(
            config=config,
            clock=clock,
            random=system_random,
            outbound=outbound,
            trust=trust,
            neighbour=lambda _: neighbour,
            close=close,
        )
        async with serving(await open_roles(SERVED, world), world=world, sockets={}):
            ready.set()
            await asyncio.to_thread(ending.wait)

    def run() -> None:
        try:
            asyncio.run(serve())
        except BaseException as error:  # noqa: BLE001 told to whoever waits
            failed.append(error)
            ready.set()

    thread = Thread(target=run)
    thread.start()
    try:
        assert ready.wait(30)
        assert not failed, failed
        yield ServedAccess(folder=folder, config=config)
    finally:
        ending.set()
        thread.join(30)
