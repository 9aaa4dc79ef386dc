"""The access authority with its neighbours: the registrar, the log and the publisher of trust of one sandbox."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from zegel.adapters.keyfiles import load_secret
from zegel.adapters.memory import Loopback, ManualClock
from zegel.config.roles import Config
from zegel.primitives.encoding import base64url
from zegel.primitives.http import JSON, HttpRequest, HttpResponse
from zegel.primitives.json import encode_json, parse_object
from zegel.primitives.keys import PrivateKey
from zegel.services.ports import Handler
from zegel.services.trust import Trust
from zegel.web.app.all import load_role
from zegel.web.app.roles import Listener, OpenRole, World
from zegel.web.app.world import ConfiguredList, PublishedRevocations
from zegel_testing.access_requests import HOST, KEY, request_pem
from zegel_testing.authorities import NOW, fixed_random
from zegel_testing.register import PARTY
from zegel_testing.sandboxes import sandbox_at

LIBRARY = "NTRUT-1234567"
ROLES = ("trust", "access-authority", "transparency-log", "registrar")


@dataclass
class AccessHouse:
    """The roles, and the library's host, which serves what is in ``served`` by its path."""

    world: World
    config: Config
    clock: ManualClock
    trust: Trust
    roles: dict[str, OpenRole]
    handlers: dict[str, Handler]
    served: dict[str, bytes] = field(default_factory=dict)

    def listener(self, name: str = "access-authority", *, operator: bool = False) -> Listener:
        """A door of a role."""
        return self.roles[name].listeners[1 if operator else 0]

    async def library(self, request: HttpRequest) -> HttpResponse:
        """The library's host."""
        body = self.served.get(request.path)
        return HttpResponse(status=404 if body is None else 200, body=body or b"")

    async def send(self, method: str, path: str, body: bytes = b"") -> HttpResponse:
        """Somebody sends something to the access authority."""
        listener = self.listener()
        return await listener.handle(
            HttpRequest(method=method, url=listener.origin + path, body=body, peer="192.0.2.1")
        )

    def operation(self, role: str, method: str, path: str, members: Any = None) -> HttpRequest:
        """A request of a role's operator."""
        config = getattr(self.config, role.replace("-", "_"))
        headers = (
            ("authorization", f"Bearer {base64url(load_secret(config.operator_token))}"),
            ("content-type", JSON),
        )
        body = b"" if members is None else encode_json(members)
        return HttpRequest(
            method=method, url=self.listener(role, operator=True).origin + path, headers=headers, body=body
        )

    async def operate(
        self, method: str, path: str, members: Any = None, *, role: str = "access-authority"
    ) -> tuple[int, dict[str, Any]]:
        """A role's operator does something."""
        request = self.operation(role, method, path, members)
        response = await self.listener(role, operator=True).handle(request)
        return response.status, parse_object(response.body, what="answer")

    async def register(self, **changes: Any) -> None:
        """The library is registered and approved."""
        party = {"party": PARTY | changes, "by": "librarian"}
        status, answer = await self.operate("POST", "/applications", party, role="registrar")
        assert status in (200, 201), answer
        await self.decide("approve", seen=answer["proposal"])

    async def decide(self, decision: str, **more: str) -> None:
        """An officer decides about the library."""
        members = {"decision": decision, "identifier": LIBRARY, "by": "officer", "reason": "because"} | more
        status, answer = await self.operate("POST", "/decisions", members, role="registrar")
        assert status == 200, answer

    def order_body(self, *hosts: str, key: PrivateKey = KEY, **changes: Any) -> bytes:
        """What the library orders with."""
        members = {"identifier": LIBRARY, "service": "lending", "request": request_pem(*hosts, key=key).decode()}
        return encode_json(members | changes)

    async def order(self, *hosts: str, key: PrivateKey = KEY, **changes: Any) -> tuple[int, dict[str, Any]]:
        """The library orders."""
        response = await self.send("POST", "/orders", self.order_body(*hosts, key=key, **changes))
        return response.status, parse_object(response.body, what="answer")

    def serve(self, order: dict[str, Any]) -> None:
        """And its host serves what the order says."""
        for each in order["challenges"]:
            self.served[each["url"].removeprefix(f"https://{HOST}")] = each["content"].encode()

    async def finish(self, order: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """And has the certificate issued."""
        response = await self.send("POST", f"/orders/{order['order']}/certificate")
        return response.status, parse_object(response.body, what="answer")

    async def issue(self, key: PrivateKey = KEY) -> dict[str, Any]:
        """All of it."""
        status, order = await self.order(key=key)
        assert status == 201, order
        self.serve(order)
        status, issued = await self.finish(order)
        assert status == 201, issued
        return issued

    async def act(self, role: str = "access-authority") -> None:
        """The timers of a role have their turn."""
        for timer in self.roles[role].timers:
            await timer.act()


@asynccontextmanager
async def open_house(folder: Path, config: Config | None = None) -> AsyncIterator[AccessHouse]:
    """The roles of a sandbox in this folder, started."""
    config = config or sandbox_at(folder)
    clock = ManualClock(NOW)
    handlers: dict[str, Handler] = {}
    outbound = Loopback(handlers)
    trust = Trust(
        [ConfiguredList(each, outbound=outbound) for each in config.trusted_lists],
        fixed=(),
        clock=clock,
        revocations=PublishedRevocations(outbound),
        grace=0,
    )
    world = World(config=config, clock=clock, random=fixed_random("house"), outbound=outbound, trust=trust)
    roles: dict[str, OpenRole] = {}
    try:
        for name in ROLES:
            roles[name] = await load_role(name)(world)
            handlers.update({listener.origin: listener.handle for listener in roles[name].listeners})
        house = AccessHouse(world=world, config=config, clock=clock, trust=trust, roles=roles, handlers=handlers)
        handlers[f"https://{HOST}"] = house.library
        for name in ROLES:
            await house.act(name)
        await trust.refresh()
        yield house
    finally:
        for role in roles.values():
            role.close()
