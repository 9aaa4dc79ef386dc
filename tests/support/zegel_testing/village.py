"""Every role of the demo in this process, on sockets of its own, and all that passes over them.

The sockets stay when the roles are restarted: who knocks meanwhile waits.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from zegel.adapters.clock import SystemClock
from zegel.adapters.configuration import load_config
from zegel.adapters.entropy import system_random
from zegel.adapters.sandbox.create import create_sandbox
from zegel.adapters.sandbox.health import CODES
from zegel.adapters.sandbox.plan import OPERATED, ROLES, SandboxPlan
from zegel.cli.walk.door_view import DoorView, open_noted_door
from zegel.cli.walk.script import walk
from zegel.cli.walk.story import Story
from zegel.config.roles import Config
from zegel.web.app.all import ROLE_NAMES, open_roles
from zegel.web.app.roles import OpenRole
from zegel.web.app.serve import bind, serving
from zegel.web.app.world import open_world
from zegel.web.asgi import AsgiCallable, Receive, Scope, Send

DOOR = "door"
SERVICE = "service"  # an application of the ordinary kind, which forgets its visitors when it is restarted


@dataclass
class Exchange:
    """A request and its answer, as they passed over a listener: header names in lower case."""

    role: str
    method: str
    path: str
    query: str
    headers: list[tuple[str, str]]
    body: bytes
    answered: list[tuple[str, str]]
    answer: bytes


class Village:
    """The roles, running. ``exchanges`` are what every listener of theirs was sent and answered."""

    def __init__(self, folder: Path, *, profile: str) -> None:
        names = [_listener(role) for role in ROLES]
        operators = [_operator(role) for role in OPERATED]
        self.folder = folder
        self.exchanges: list[Exchange] = []
        self.roles: Sequence[OpenRole] = ()
        self.door: DoorView
        self._sockets = {name: bind("127.0.0.1", 0) for name in (*names, *operators)}
        plan = SandboxPlan(
            profile=profile,
            tls=False,
            ports={role: self._sockets[_listener(role)].getsockname()[1] for role in ROLES},
            operator_ports={role: self._sockets[_operator(role)].getsockname()[1] for role in OPERATED},
            brisk=True,
        )
        sandbox = create_sandbox(folder, plan, now=SystemClock().now(), random=system_random)
        self.config: Config = load_config(sandbox.config)
        self._running = AsyncExitStack()

    async def walk(self, story: Story) -> None:
        """Tell the whole story among these roles."""
        codes = self.folder / CODES
        await walk(self.config, story, roles=self.roles, door=self.door, codes=codes, web_ca=None)

    async def start(self) -> None:
        """Open every role but Tax online from what is on the disk."""
        self.roles = await self._serve([name for name in ROLE_NAMES if name != SERVICE], self._running)

    async def stop(self) -> None:
        """Close them: nothing is left of them but what is on the disk."""
        await self._running.aclose()

    async def restart(self) -> None:
        """Close and open them."""
        await self.stop()
        await self.start()

    def launch_code(self) -> str:
        """A code for the wallet's pages."""
        (launch,) = [role.launch for role in self.roles if role.launch is not None]
        return launch()

    async def _serve(self, names: Sequence[str], stack: AsyncExitStack) -> Sequence[OpenRole]:
        world = open_world(self.config)
        roles = await open_roles([name for name in names if name != DOOR], world)
        if DOOR in names:  # which notes what it sees
            door, self.door = await open_noted_door(world)
            roles = (*roles, door)
        recorded = [
            replace(
                role, listeners=tuple(replace(each, app=self._recorded(each.name, each.app)) for each in role.listeners)
            )
            for role in roles
        ]
        sockets = {each.name: self._sockets[each.name].dup() for role in roles for each in role.listeners}
        await stack.enter_async_context(serving(recorded, world=world, sockets=sockets))
        return roles

    def _recorded(self, role: str, app: AsgiCallable) -> AsgiCallable:
        async def record(scope: Scope, receive: Receive, send: Send) -> None:
            exchange = Exchange(
                role=role,
                method=scope["method"],
                path=scope["path"],
                query=scope["query_string"].decode(),
                headers=_texts(scope["headers"]),
                body=b"",
                answered=[],
                answer=b"",
            )
            self.exchanges.append(exchange)

            async def receive_recorded() -> dict:
                message = await receive()
                exchange.body += message.get("body", b"")
                return message

            async def send_recorded(message: dict) -> None:
                exchange.answered += _texts(message.get("headers", ()))
                exchange.answer += message.get("body", b"")
                await send(message)

            await app(scope, receive_recorded, send_recorded)

        return record

    def close(self) -> None:
        """Let go of the sockets."""
        for one in self._sockets.values():
            one.close()


@asynccontextmanager
async def living_village(folder: Path, *, profile: str = "haip") -> AsyncIterator[Village]:
    """A village with every role running, until the context is left."""
    village = Village(folder, profile=profile)
    async with AsyncExitStack() as stack:
        stack.callback(village.close)
        await village.start()
        stack.push_async_callback(village.stop)
        await village._serve([SERVICE], stack)
        yield village


def _listener(role: str) -> str:
    return role.replace("_", "-")


def _operator(role: str) -> str:
    return f"{_listener(role)} operator"


def _texts(headers: Sequence[tuple[bytes, bytes]]) -> list[tuple[str, str]]:
    return [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in headers]
