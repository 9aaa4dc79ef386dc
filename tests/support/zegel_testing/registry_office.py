"""The registrar of a sandbox, opened in memory, with an OpenID Provider at which anybody may sign in."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from zegel.adapters.keyfiles import load_secret
from zegel.adapters.memory import Loopback, ManualClock
from zegel.config.roles import Config
from zegel.config.setting import Database
from zegel.primitives.encoding import base64url
from zegel.primitives.http import JSON, HttpRequest, HttpResponse, origin_of
from zegel.primitives.json import encode_json, parse_object
from zegel.primitives.jws import parse_jws, verify_jws
from zegel.primitives.keys import parse_jwk
from zegel.services.trust import Trust
from zegel.web.app.registrar import open_registrar
from zegel.web.app.roles import Listener, OpenRole, World
from zegel_testing.authorities import NOW, fixed_random
from zegel_testing.browser import Browser
from zegel_testing.register import PARTY
from zegel_testing.sandboxes import EMPTY_REGISTER, sandbox_at
from zegel_testing.upstream import UpstreamStandIn

PROVIDER = "https://people.utopia.example"


@dataclass
class RegistryOffice:
    """The registrar at its two doors; ``people`` is where one signs in."""

    role: OpenRole
    config: Config
    clock: ManualClock
    people: UpstreamStandIn

    @property
    def public(self) -> Listener:
        """Where everybody comes."""
        return self.role.listeners[0]

    @property
    def origin(self) -> str:
        """Its origin."""
        return self.config.registrar.origin

    async def get(self, path: str, **headers: str) -> HttpResponse:
        """Read something."""
        return await self.send("GET", path, **headers)

    async def send(self, method: str, path: str, body: bytes = b"", **headers: str) -> HttpResponse:
        """Send something to the public door."""
        request = HttpRequest(
            method=method, url=self.origin + path, headers=tuple(headers.items()), body=body, peer="192.0.2.1"
        )
        return await self.public.handle(request)

    def operation(self, method: str, path: str, members: Any = None) -> HttpRequest:
        """A request of the operator's."""
        token = base64url(load_secret(self.config.registrar.operator_token))
        headers = (("authorization", f"Bearer {token}"), ("content-type", JSON))
        body = b"" if members is None else encode_json(members)
        return HttpRequest(method=method, url=self.role.listeners[1].origin + path, headers=headers, body=body)

    async def operate(self, method: str, path: str, members: Any = None) -> tuple[int, dict[str, Any]]:
        """The operator does something; the status and the answer."""
        response = await self.role.listeners[1].handle(self.operation(method, path, members))
        return response.status, parse_object(response.body, what="answer")

    async def apply(self, *, by: str = "librarian", **changes: Any) -> dict[str, Any]:
        """Somebody applies for the library."""
        members = {name: value for name, value in (PARTY | changes).items() if value is not None}
        status, answer = await self.operate("POST", "/applications", {"party": members, "by": by})
        assert status in (200, 201), answer
        return answer

    async def decide(self, decision: str, identifier: str = "NTRUT-1234567", *, by: str = "officer") -> dict[str, Any]:
        """An officer decides on what waits now, if anything does."""
        _, known = await self.operate("GET", f"/registrations/{identifier}")
        members = {"decision": decision, "identifier": identifier, "by": by, "reason": "because"}
        members |= {} if known["proposal"] is None else {"seen": known["proposal"]}
        status, answer = await self.operate("POST", "/decisions", members)
        assert status == 200, answer
        return answer

    async def register(self, **changes: Any) -> dict[str, Any]:
        """Somebody applies, and an officer approves."""
        applied = await self.apply(**changes)
        return await self.decide("approve", applied["identifier"])

    async def answer(self, path: str) -> dict[str, Any]:
        """What a signed answer says, verified under the keys at the address that it names."""
        response = await self.get(path)
        assert response.status == 200, response.body
        assert response.header("content-type") == "application/jwt"
        where = response.header("x-jku-url")
        assert where is not None
        assert origin_of(where, what="address") == self.origin
        keys = parse_object((await self.get(where.removeprefix(self.origin))).body, what="keys")["keys"]
        jws = parse_jws(response.body, what="answer", max_bytes=1 << 20)
        (key,) = [key for key in keys if key["kid"] == jws.unverified_header.kid]
        return dict(verify_jws(jws, key=parse_jwk(key, what="key", use="sig"), typ="JWT").claims)

    def browser(self) -> Browser:
        """A browser before the registrar and the provider."""
        return Browser({self.origin: self.public.handle, PROVIDER: self.people.handle})

    async def signed_in(self, subject: str, duty: str = "party") -> Browser:
        """A browser with which somebody has signed in, and is shown the first page."""
        browser = self.browser()
        self.people.change = {"claims": {"sub": subject}, "userinfo": {"sub": subject}}
        page = await browser.open(self.origin + "/sign-in")
        fields = {"csrf": csrf_of(page), "duty": duty}
        page = await browser.follow(await browser.post("/sign-in", fields))
        assert page.status == 200, page.body
        return browser

    async def officer(self, subject: str = "officer") -> Browser:
        """The same as an officer, who is enrolled."""
        browser = await self.signed_in(subject, "officer")
        page = await browser.open(self.origin + "/desk")
        if b"not known as an officer" in page.body:
            _, made = await self.operate("POST", "/officers", {})
            await browser.follow(await browser.post("/desk/enrol", {"csrf": csrf_of(page), "code": made["code"]}))
        return browser


def csrf_of(page: HttpResponse) -> str:
    """The token in a page's forms."""
    return page.body.decode().partition('name="csrf" value="')[2].partition('"')[0]


def office_config(folder: Path) -> Config:
    """A sandbox whose registrar signs people in at the stand-in, as a public client, and has registered nobody."""
    config = sandbox_at(folder)
    database = Database(f"sqlite:///{folder / EMPTY_REGISTER}")
    registrar = replace(config.registrar, provider=PROVIDER, client_secret=None, database=database)
    return replace(config, registrar=registrar)


@asynccontextmanager
async def open_office(folder: Path, config: Config | None = None) -> AsyncIterator[RegistryOffice]:
    """The registrar of a sandbox in this folder."""
    config = config or office_config(folder)
    clock = ManualClock(NOW)
    people = UpstreamStandIn(issuer=PROVIDER, clock=clock)
    world = World(
        config=config,
        clock=clock,
        random=fixed_random("registrar"),
        outbound=Loopback({PROVIDER: people.handle}),
        trust=Trust((), fixed=(), clock=clock),
    )
    role = await open_registrar(world)
    try:
        yield RegistryOffice(role=role, config=config, clock=clock, people=people)
    finally:
        role.close()
