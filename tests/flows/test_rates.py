"""How often each role may be asked, as it is opened: every limited endpoint at its limit, and one beyond."""

import io
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from zegel_limits.rates import LIMITS
from zegel_testing.authorities import NOW
from zegel_testing.browser import Browser
from zegel_testing.issuing_world import IssuingWorld, hidden_fields, issuing_world
from zegel_testing.logs import logging_to
from zegel_testing.sandboxes import sandbox_at

from zegel.adapters.entropy import system_random
from zegel.adapters.keyfiles import load_secret
from zegel.adapters.memory import Loopback, ManualClock
from zegel.config.roles import Config
from zegel.config.setting import Count, Network, Port, settings_of
from zegel.primitives.encoding import base64url
from zegel.primitives.http import FORM, JSON, HttpRequest, HttpResponse, encode_form
from zegel.services.rates import Limit
from zegel.services.trust import Trust
from zegel.web import (
    access_authority,
    access_operator,
    door,
    issuer_operator,
    log,
    provider,
    registrar_operator,
    verifier_operator,
    wallet,
    wallet_provider,
)
from zegel.web.app import issuer, registrar
from zegel.web.app.all import ROLE_NAMES, load_role
from zegel.web.app.roles import Listener, OpenRole, World
from zegel.web.browser import ID_BYTES
from zegel.web.routing import Audience, Route
from zegel.web.sign_ins import handle_of
from zegel.web.wallet_site import LAUNCH

pytestmark = pytest.mark.anyio
ADA, EVE, PROXY = "192.0.2.1", "198.51.100.9", "10.0.0.1"
PUBLIC: dict[str, tuple[Route[Any], ...]] = {
    "issuer": issuer.ROUTES,
    "provider": provider.ROUTES,
    "wallet": wallet.ROUTES,
    "wallet-provider": wallet_provider.ROUTES,
    "registrar": registrar.ROUTES,
    "access-authority": access_authority.ROUTES,
    "door": door.ROUTES,
    "transparency-log": log.ROUTES,
}
OPERATED: dict[str, tuple[Route[Any], ...]] = {
    "issuer": issuer_operator.ROUTES,
    "verifier": verifier_operator.ROUTES,
    "wallet-provider": wallet_provider.OPERATOR_ROUTES,
    "registrar": registrar_operator.OPERATOR_ROUTES,
    "access-authority": access_operator.OPERATOR_ROUTES,
}


@dataclass(frozen=True)
class Endpoint:
    """A route that is limited, and the listener of its role at which it stands."""

    role: str
    listener: int
    route: Route[Any]

    @property
    def limit(self) -> Limit | None:
        return None if self.route.limited is None else self.route.limited.limit

    def __str__(self) -> str:
        return f"{self.role} {self.route.method} {self.route.path}"


ENDPOINTS = [
    Endpoint(role, at, route)
    for at, roles in enumerate((PUBLIC, OPERATED))
    for role, routes in roles.items()
    for route in routes
    if route.limited is not None
]
KINDS = {(each.role, each.limit, each.route.audience, each.route.refusal): each for each in reversed(ENDPOINTS)}
"""One of those that differ in nothing but the method and the path, and are counted and refused alike."""
WITH_SESSION = [each for each in ENDPOINTS if each.route.limited.session is not None]
at_each = pytest.mark.parametrize("endpoint", ENDPOINTS, ids=str)
at_each_kind = pytest.mark.parametrize("endpoint", KINDS.values(), ids=str)


def rated(config: Config, role: str, **changes: Any) -> Config:
    """The configuration with another count for each limit of the role."""
    table = role.replace("-", "_")
    own = getattr(config, table)
    few = {setting.name: Count(3) for setting in settings_of(type(own.rates)) if setting.name != "log_in_name"}
    own = replace(own, metrics_port=Port(7121), rates=replace(own.rates, **few), **changes)
    return replace(config, **{table: own})


@dataclass(frozen=True)
class Opened:
    """A role with three of everything a minute."""

    role: OpenRole
    config: Config
    clock: ManualClock

    def listener(self, endpoint: Endpoint) -> Listener:
        return self.role.listeners[endpoint.listener]

    async def ask(self, endpoint: Endpoint, peer: str | None = ADA, session: str = "", **headers: str) -> HttpResponse:
        """A request that gets past everything that is looked at before it is counted, and is good for nothing."""
        listener = self.listener(endpoint)
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        sent |= {"origin": listener.origin} if endpoint.route.audience is Audience.PERSON else {}
        sent |= {"authorization": f"Bearer {self._token(endpoint)}"} if endpoint.listener else {}
        limited = endpoint.route.limited
        if not session and limited is not None and limited.counts is not None:
            session = await self.browser(endpoint)  # without a cookie there is nothing to be counted
        body = b""
        if endpoint.limit is Limit.TOKEN and session:
            grant = {"grant_type": "authorization_code", "code": session}
            sent["content-type"], body = FORM, encode_form(grant)
        elif endpoint.listener and session:
            sent["content-type"], body = JSON, json.dumps({"initiator": session}).encode()
        elif session:
            of = f"-{handle_of(session)}" if endpoint.role == "provider" else ""
            sent["cookie"] = f"zegel-{endpoint.role}{of}={session}"
        url = listener.origin + endpoint.route.path
        return await listener.handle(
            HttpRequest(method=endpoint.route.method, url=url, headers=tuple(sent.items()), body=body, peer=peer)
        )

    async def statuses(self, endpoint: Endpoint, times: int, *args: Any, **headers: str) -> list[int]:
        return [(await self.ask(endpoint, *args, **headers)).status for _ in range(times)]

    async def browser(self, endpoint: Endpoint) -> str:
        """The cookie of another browser; of one that was let in, where there is a door."""
        if self.role.launch is None:
            return base64url(system_random(ID_BYTES))
        listener = self.listener(endpoint)
        browser = Browser({listener.origin: listener.handle})
        page = await browser.open(listener.origin + LAUNCH)
        await browser.post(LAUNCH, hidden_fields(page) | {"code": self.role.launch()})
        (cookies,) = browser.cookies.values()
        return cookies[f"zegel-{endpoint.role}"]

    def _token(self, endpoint: Endpoint) -> str:
        config = getattr(self.config, endpoint.role.replace("-", "_"))
        return base64url(load_secret(config.operator_token))


@asynccontextmanager
async def opened(role: str, folder: Path, **changes: Any) -> AsyncIterator[Opened]:
    config, clock = rated(sandbox_at(folder), role, **changes), ManualClock(NOW)
    trust = Trust((), fixed=(), clock=clock)
    world = World(config=config, clock=clock, random=system_random, outbound=Loopback({}), trust=trust)
    made = await load_role(role)(world)
    try:
        yield Opened(role=made, config=config, clock=clock)
    finally:
        made.close()


def test_what_is_limited_is_what_was_meant_to_be() -> None:
    assert {each.role for each in ENDPOINTS} == {*ROLE_NAMES} - {"trust", "service"}, "which have no limits"
    assert {f"{each} by {each.limit}" for each in ENDPOINTS} == {
        "issuer GET /authorize by request",
        "issuer POST /log-in by log-in",
        "issuer POST /log-in/certificate by log-in",
        "issuer GET /log-in/provider by log-in",
        "issuer GET /log-in/return by log-in",
        "issuer POST /par by par",
        "issuer POST /token by token",
        "issuer POST /nonce by nonce",
        "issuer POST /challenge by nonce",
        "issuer POST /offer by offer",
        "verifier POST /requests by request",
        "provider GET /authorize by request",
        "provider POST /authorize by request",
        "provider POST /sign-in/other-device by request",
        "provider POST /token by token",
        "wallet POST /unlock by passphrase",
        "wallet POST /create by passphrase",
        "wallet-provider POST /instances by attestation",
        "wallet-provider POST /revocations by attestation",
        "wallet-provider POST /revoke by attestation",
        "wallet-provider POST /wallet-attestations by attestation",
        "wallet-provider POST /key-attestations by attestation",
        "registrar GET / by register",
        "registrar GET /parties/{identifier} by register",
        "registrar GET /wrp by register",
        "registrar GET /wrp/check-intended-use by register",
        "registrar GET /wrp/{identifier} by register",
        "registrar GET /registration-certificates/{identifier} by register",
        "registrar GET /log/head by register",
        "registrar PUT /wrp by request",
        "registrar DELETE /wrp/{identifier} by request",
        "registrar POST /my/apply by request",
        "registrar POST /my/{identifier} by request",
        "registrar POST /desk/enrol by request",
        "registrar POST /desk/{identifier} by request",
        "registrar POST /officers by request",
        "registrar POST /passkeys/options by request",
        "registrar POST /passkeys by request",
        "registrar POST /passkeys/{id} by request",
        "registrar POST /passkeys/tokens by request",
        "registrar POST /sign-in by log-in",
        "registrar GET /sign-in/return by log-in",
        "registrar POST /sign-in/passkey/options by log-in",
        "registrar POST /sign-in/passkey by log-in",
        "registrar POST /sign-in/code/options by log-in",
        "registrar POST /sign-in/code by log-in",
        "access-authority POST /orders by request",
        "access-authority POST /orders/{order}/certificate by request",
        "door POST /ask by request",
        "door POST /code by request",
        "door POST /camera by frame",
        "transparency-log POST /ct/v2/submit-entry by submission",
    }
    # of the others there is no session yet, or another one each time; or the database counts the tries of a visit
    assert {str(each) for each in WITH_SESSION} == {
        "issuer POST /token",
        "issuer POST /offer",
        "verifier POST /requests",
        "provider GET /authorize",
        "provider POST /authorize",
        "provider POST /sign-in/other-device",
        "provider POST /token",
        "wallet POST /unlock",
        "wallet POST /create",
        "door POST /ask",
        "door POST /code",
        "door POST /camera",
    }


@pytest.mark.parametrize("role", LIMITS)
def test_every_setting_is_the_limit_of_something(role: str) -> None:
    """But for the passwords of a name: the service counts them, in the database."""
    rates, limits = LIMITS[role]
    counts = {setting.name: Count(at) for at, setting in enumerate(settings_of(rates), 1)}
    limited = limits(rates(**counts))
    found = {number for allowed in limited.values() for number in (allowed.address, allowed.session)} - {None}
    assert found == {count for name, count in counts.items() if name != "log_in_name"}
    for limit, allowed in limited.items():
        name = limit.replace("-", "_").replace(" ", "_")
        assert (allowed.address, allowed.session) == (counts[name], counts.get(f"{name}_session"))
    used = {each.limit for each in ENDPOINTS if each.role == role}
    assert limited.keys() == used | ({Limit.OPERATOR_TOKEN} if role in OPERATED else set())


@pytest.mark.slow
@at_each
async def test_an_endpoint_answers_up_to_its_limit_and_says_when_again(endpoint: Endpoint, tmp_path: Path) -> None:
    async with opened(endpoint.role, tmp_path) as at:
        assert 429 not in await at.statuses(endpoint, 3)
        refused = await at.ask(endpoint)
        assert (refused.status, refused.header("retry-after")) == (429, "20")
        assert 429 not in await at.statuses(endpoint, 1, EVE)
        at.clock.advance(19)
        assert await at.statuses(endpoint, 1) == [429]
        at.clock.advance(1)
        assert 429 not in await at.statuses(endpoint, 1)
        assert await at.statuses(endpoint, 1) == [429]
        at.clock.advance(60)
        assert 429 not in await at.statuses(endpoint, 3)
        assert await at.statuses(endpoint, 1) == [429]


@pytest.mark.slow
@at_each_kind
async def test_a_refusal_is_in_the_endpoints_own_form(endpoint: Endpoint, tmp_path: Path) -> None:
    async with opened(endpoint.role, tmp_path) as at:
        refused = [await at.ask(endpoint) for _ in range(4)][-1]
    if endpoint.route.audience is Audience.PERSON:
        assert (refused.header("content-type") or "").startswith("text/html")
        assert b"Too often" in refused.body
        return
    told = json.loads(refused.body)
    assert told["check"] == "rate"
    if endpoint.role in ("issuer", "provider"):  # which speak OAuth
        assert (told["error"], told["fault"]) == ("slow_down", "sender")
        assert "wait for 20 s" in told["error_description"]
    else:
        assert (refused.header("content-type"), told["status"]) == ("application/problem+json", 429)
        # RFC 9162 section 5 has types of its own, and none for this
        assert told["type"] == ("about:blank" if endpoint.role == "transparency-log" else "urn:zegel:check:rate")
        assert "wait for 20 s" in told["detail"]
    assert refused.header("cache-control") == "no-store"
    if endpoint.role == "issuer" and endpoint.route.path in ("/par", "/token"):
        assert refused.header("dpop-nonce") is not None


@pytest.mark.slow
@at_each_kind
async def test_a_forged_forwarded_for_changes_nothing(endpoint: Endpoint, tmp_path: Path) -> None:
    async with opened(endpoint.role, tmp_path) as at:
        statuses = [(await at.ask(endpoint, x_forwarded_for=f"203.0.113.{client}")).status for client in range(4)]
        assert [status == 429 for status in statuses] == [False, False, False, True]


@pytest.mark.slow
@pytest.mark.parametrize("endpoint", [each for each in KINDS.values() if not each.listener], ids=str)
async def test_a_proxy_that_is_configured_is_believed(endpoint: Endpoint, tmp_path: Path) -> None:
    async with opened(endpoint.role, tmp_path, trusted_proxies=(Network("10.0.0.0/8"),)) as at:
        for client in ("203.0.113.7", "203.0.113.8"):
            statuses = await at.statuses(endpoint, 4, PROXY, x_forwarded_for=f"{ADA}, {client}")
            assert [status == 429 for status in statuses] == [False, False, False, True]
        assert 429 not in await at.statuses(endpoint, 3, ADA, x_forwarded_for="203.0.113.7")  # around the proxy


@pytest.mark.parametrize("endpoint", [each for each in ENDPOINTS if each.listener], ids=str)
async def test_no_proxy_leads_to_an_operators_door(endpoint: Endpoint, tmp_path: Path) -> None:
    async with opened(endpoint.role, tmp_path, trusted_proxies=(Network("127.0.0.0/8"),)) as at:
        statuses = [
            (await at.ask(endpoint, "127.0.0.1", x_forwarded_for=f"203.0.113.{client}")).status for client in range(4)
        ]
        assert [status == 429 for status in statuses] == [False, False, False, True]


@pytest.mark.slow
@pytest.mark.parametrize("endpoint", WITH_SESSION, ids=str)
async def test_each_session_has_its_own_count(endpoint: Endpoint, tmp_path: Path) -> None:
    """Of one address, or of none: then nothing but the session is counted."""
    async with opened(endpoint.role, tmp_path) as at:
        sessions = [await at.browser(endpoint) for _ in range(2)]
        for session in sessions:
            statuses = await at.statuses(endpoint, 4, None, session)
            assert [status == 429 for status in statuses] == [False, False, False, True]
        at.clock.advance(20)
        assert 429 not in await at.statuses(endpoint, 1, None, sessions[0])
        assert 429 not in await at.statuses(endpoint, 1, ADA, sessions[1])
        assert 429 in await at.statuses(endpoint, 1, EVE, sessions[1])  # wherever it comes from


@pytest.mark.parametrize("path", ["/log-in/provider", "/log-in/return"])
async def test_images_on_pages_elsewhere_keep_nobody_of_the_same_address_from_logging_in(
    path: str, tmp_path: Path
) -> None:
    """A page that somebody in an office looks at has the browser ask, without its cookie (SameSite=Lax)."""
    by_path = {(each.route.method, each.route.path): each for each in ENDPOINTS}
    async with opened("issuer", tmp_path) as at:
        listener = at.role.listeners[0]
        image = HttpRequest(method="GET", url=listener.origin + path, peer=ADA)
        assert {(await listener.handle(image)).status for _ in range(10)} == {400}
        assert await at.statuses(by_path["POST", "/log-in"], 4) == [400, 400, 400, 429]


@pytest.mark.slow
@at_each_kind
async def test_the_metrics_count_it_by_endpoint_and_nothing_names_an_address(
    endpoint: Endpoint, tmp_path: Path
) -> None:
    stream = io.StringIO()
    async with opened(endpoint.role, tmp_path, trusted_proxies=(Network(PROXY),)) as at:
        with logging_to(stream):
            await at.statuses(endpoint, 5, PROXY, x_forwarded_for="203.0.113.7")
        watched = at.role.listeners[-1]
        counted = await watched.handle(HttpRequest(method="GET", url=watched.origin + "/metrics"))
        name = at.listener(endpoint).name
    route = f"{endpoint.route.method} {endpoint.route.path}"

    assert f'zegel_requests_total{{role="{name}",route="{route}",status="429"}} 2' in counted.body.decode()
    for text in (counted.body.decode(), stream.getvalue()):
        assert "203.0.113" not in text
        assert PROXY not in text


@pytest.mark.parametrize("role", list(OPERATED))
async def test_wrong_operator_tokens_wait_and_the_right_one_does_not(role: str, tmp_path: Path) -> None:
    route = next(each for each in OPERATED[role] if each.method == "POST")
    async with opened(role, tmp_path) as at:
        door = at.role.listeners[1]
        guess = HttpRequest(
            method="POST", url=door.origin + route.path, headers=(("authorization", "Bearer guess"),), peer="127.0.0.1"
        )
        answers = [await door.handle(guess) for _ in range(4)]
        assert [answer.status for answer in answers] == [401, 401, 401, 429]
        assert answers[-1].header("retry-after") == "20"
        right = await at.ask(Endpoint(role, 1, route), "127.0.0.1")
        assert right.status not in (401, 429)


# --- the passwords of a name, from wherever ---------------------------------------------------------------------------


async def guessed(world: IssuingWorld, *, password: str = "wrong", peer: str | None = None) -> HttpResponse:
    """A log-in in a visit of its own."""
    browser = world.browser()
    if peer is not None:
        handlers = {origin: from_peer(handler, peer) for origin, handler in world.handlers.items()}
        browser = Browser(handlers)
    pause = await world.wallet().push(await world.offer("pid"))
    page = await browser.open(pause.url)
    fields = hidden_fields(page) | {"login": "erika", "password": password}
    return await browser.follow(await browser.post("/log-in", fields))


def from_peer(handler: Callable[[HttpRequest], Any], peer: str) -> Callable[[HttpRequest], Any]:
    return lambda request: handler(replace(request, peer=peer))


@pytest.mark.slow
async def test_the_passwords_of_a_name_wait_from_wherever_they_come_and_a_restart_frees_none(tmp_path: Path) -> None:
    config = sandbox_at(tmp_path)
    rates = replace(config.issuer.rates, log_in_name=Count(2))
    async with issuing_world(config, rates=rates) as world:
        for number in range(2):
            assert (await guessed(world, peer=f"192.0.2.{number}")).status == 400
    async with issuing_world(config, rates=rates) as world:
        refused = await guessed(world, password="erika keeps bees", peer="192.0.2.9")
        assert (refused.status, refused.header("retry-after")) == (429, "900")
        assert b"log-in-guesses" in refused.body
        world.clock.advance(900)
        assert (await guessed(world, password="erika keeps bees", peer="192.0.2.9")).status == 200


@pytest.mark.slow
async def test_an_address_that_tries_one_password_with_many_names_waits(tmp_path: Path) -> None:
    config = sandbox_at(tmp_path)
    async with issuing_world(config, rates=replace(config.issuer.rates, log_in=Count(2))) as world:
        assert [(await guessed(world, peer=ADA)).status for _ in range(3)] == [400, 400, 429]
        assert (await guessed(world, password="erika keeps bees", peer=EVE)).status == 200
