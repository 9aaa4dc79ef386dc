"""The turnstile of a site: who is let through, in whose words the others are told to wait, and what is noted of it."""

import io
import json
from dataclasses import dataclass

import pytest
from zegel_testing.authorities import NOW, fixed_random
from zegel_testing.logs import logging_to

from zegel.adapters.memory import ManualClock
from zegel.checks import Check
from zegel.errors import ZegelError
from zegel.primitives.http import FORM, HttpRequest, HttpResponse, encode_form, json_response
from zegel.services.rates import Limit
from zegel.web.asgi import TransportError
from zegel.web.metrics import render
from zegel.web.pages import error_page
from zegel.web.routing import Audience, Route
from zegel.web.site import Site, SitePolicy
from zegel.web.traffic import Traffic
from zegel.web.turnstile import Allowance, Limited, Limits, Turnstile, code_of

pytestmark = pytest.mark.anyio
HOST = "issuer.localhost:7101"
ORIGIN = f"http://{HOST}"
LIMITS = {
    Limit.TOKEN: Allowance(address=3, session=2),
    Limit.LOG_IN: Allowance(address=2),
    Limit.OPERATOR_TOKEN: Allowance(address=2),
}
ADA, EVE = "192.0.2.1", "198.51.100.9"


class Role:
    """Counts what reached a handler."""

    def __init__(self) -> None:
        self.reached = 0


async def answer(role: Role, _request: HttpRequest) -> HttpResponse:
    role.reached += 1
    return json_response({})


def has_cookie(_role: Role, request: HttpRequest) -> bool:
    return request.header("cookie") is not None


def worded(_role: Role, error: ZegelError) -> HttpResponse:
    return json_response({"protocol": error.check.id}, status=400)


ROUTES: tuple[Route[Role], ...] = (
    Route("POST", "/token", answer, max_body=1_000, limited=Limited(Limit.TOKEN, code_of)),
    Route("POST", "/worded", answer, max_body=1_000, limited=Limited(Limit.TOKEN), refusal=worded),
    Route("GET", "/page", answer, Audience.PERSON, limited=Limited(Limit.LOG_IN)),
    Route("GET", "/counted", answer, limited=Limited(Limit.LOG_IN, counts=has_cookie)),
    Route("GET", "/free", answer),
    Route("GET", "/operated", answer, Audience.OPERATOR),
)


@dataclass
class Door:
    """A site with its turnstile."""

    role: Role
    site: Site[Role]
    clock: ManualClock
    traffic: Traffic

    async def token(self, peer: str | None = ADA, *, code: str = "", path: str = "/token", **headers: str) -> int:
        return (await self.send(peer, code=code, path=path, **headers)).status

    async def send(
        self, peer: str | None = ADA, *, code: str = "", path: str = "/token", **headers: str
    ) -> HttpResponse:
        sent = (("content-type", FORM), *((name.replace("_", "-"), value) for name, value in headers.items()))
        body = encode_form({"grant_type": "authorization_code", "code": code}) if code else b""
        method = "POST" if path in ("/token", "/worded") else "GET"
        return await self.site.handle(HttpRequest(method=method, url=ORIGIN + path, headers=sent, body=body, peer=peer))


def door(*proxies: str, operated: bool = False, limits: Limits = LIMITS) -> Door:
    role, clock, traffic = Role(), ManualClock(NOW), Traffic("issuer")
    site = Site(
        role,
        routes=ROUTES,
        policy=SitePolicy(role="issuer", origin=ORIGIN, operator_token=b"-" * 32 if operated else None),
        page=error_page(role="Issuer", host=HOST),
        random=fixed_random("site"),
        traffic=traffic,
        turnstile=Turnstile(limits, proxies=proxies, clock=clock),
    )
    return Door(role=role, site=site, clock=clock, traffic=traffic)


async def test_an_address_is_admitted_so_often_and_not_once_more() -> None:
    at = door()
    assert [await at.token() for _ in range(4)] == [200, 200, 200, 429]
    assert at.role.reached == 3
    assert await at.token(EVE) == 200


async def test_whoever_waits_as_told_is_admitted_again() -> None:
    at = door()
    for _ in range(3):
        await at.token()
    told = (await at.send()).header("retry-after")
    assert told == "20"
    at.clock.advance(19)
    assert await at.token() == 429
    at.clock.advance(1)
    assert [await at.token() for _ in range(2)] == [200, 429]
    at.clock.advance(60)
    assert [await at.token() for _ in range(4)] == [200, 200, 200, 429]


@pytest.mark.parametrize(
    ("grant_type", "redeemed"),
    [
        ("authorization_code", "code"),
        ("urn:ietf:params:oauth:grant-type:pre-authorized_code", "pre-authorized_code"),
        ("refresh_token", "refresh_token"),
    ],
)
async def test_what_a_grant_does_not_redeem_makes_no_other_session_of_it(grant_type: str, redeemed: str) -> None:
    at, statuses = door(), []
    for number in range(3):
        others = dict.fromkeys(("code", "pre-authorized_code", "refresh_token"), str(number))
        body = encode_form(others | {"grant_type": grant_type, redeemed: "the same"})
        sent = HttpRequest(method="POST", url=ORIGIN + "/token", headers=(("content-type", FORM),), body=body)
        statuses.append((await at.site.handle(sent)).status)
    assert statuses == [200, 200, 429]


async def test_what_is_nothing_keeps_nobody_out_of_the_same_address() -> None:
    at = door()
    assert [(await at.send(path="/counted")).status for _ in range(3)] == [200] * 3
    assert [(await at.send(path="/counted", cookie="a=b")).status for _ in range(3)] == [200, 200, 429]


async def test_two_sessions_of_one_address_have_their_own_counts_within_its_count() -> None:
    at = door(limits=LIMITS | {Limit.TOKEN: Allowance(address=4, session=2)})
    assert [await at.token(code="ada's") for _ in range(3)] == [200, 200, 429]
    assert [await at.token(code="eve's") for _ in range(2)] == [200, 429]  # the fifth from this address
    assert at.role.reached == 3


async def test_a_session_is_counted_from_however_many_addresses() -> None:
    at = door()
    assert [await at.token(f"192.0.2.{number}", code="one") for number in range(3)] == [200, 200, 429]
    assert [await at.token(None, code="one") for _ in range(2)] == [429, 429]
    assert await at.token(None, code="another") == 200


async def test_a_session_says_its_own_wait() -> None:
    at = door()
    refused = [await at.send(code="one") for _ in range(3)][-1]
    assert refused.header("retry-after") == "30"
    assert json.loads(refused.body)["field"] == "session"


async def test_a_refusal_says_what_the_rule_is_and_whose_turn_it_is() -> None:
    at = door()
    told = json.loads([await at.send() for _ in range(4)][-1].body)
    assert (told["error"], told["check"], told["field"]) == ("slow_down", "rate", "address")
    assert told["detail"] == "expected at most 3 a minute from one address; wait for 20 s"
    assert told["clause"] == Check.RATE.clause


async def test_an_endpoint_that_words_its_refusals_words_this_one() -> None:
    at = door()
    refused = [await at.send(path="/worded") for _ in range(4)][-1]
    assert (refused.status, refused.header("retry-after")) == (429, "20")
    assert json.loads(refused.body) == {"protocol": "rate"}


async def test_a_person_gets_a_page() -> None:
    at = door()
    refused = [await at.send(path="/page") for _ in range(3)][-1]
    assert (refused.status, refused.header("retry-after")) == (429, "30")
    assert (refused.header("content-type") or "").startswith("text/html")
    for words in (b"Too often", b"Please wait a moment", b"wait for 30 s", b"rate"):
        assert words in refused.body


async def test_each_limit_has_its_own_count() -> None:
    at = door()
    assert [await at.token() for _ in range(4)][-1] == 429
    assert (await at.send(path="/page")).status == 200
    assert [(await at.send(path="/free")).status for _ in range(50)] == [200] * 50


async def test_who_comes_too_often_is_told_before_anybody_reads_what_was_sent() -> None:
    at = door()
    request = HttpRequest(method="POST", url=f"{ORIGIN}/token", peer=ADA)
    read = []

    async def read_body(limit: int) -> bytes:
        read.append(limit)
        raise TransportError(413)

    answers = [(await at.site.respond(request, read_body)).status for _ in range(5)]
    assert answers == [413, 413, 413, 429, 429]
    assert len(read) == 3


async def test_a_request_for_another_host_is_not_counted() -> None:
    at = door()
    assert [await at.token(host="evil.example") for _ in range(5)] == [421] * 5
    assert await at.token(host=HOST) == 200


async def test_a_peer_in_this_process_is_not_counted_by_address() -> None:
    at = door()
    assert [await at.token(None) for _ in range(9)] == [200] * 9


async def test_a_form_that_does_not_parse_has_no_session() -> None:
    at = door()
    broken = HttpRequest(method="POST", url=f"{ORIGIN}/token", headers=(("content-type", FORM),), body=b"code")
    assert [(await at.site.handle(broken)).status for _ in range(5)] == [200] * 5


# --- proxies ----------------------------------------------------------------------------------------------------------


async def test_a_forged_forwarded_for_changes_nothing_where_no_proxy_is_configured() -> None:
    at = door()
    answers = [await at.token("127.0.0.1", x_forwarded_for=f"203.0.113.{number}") for number in range(5)]
    assert answers == [200, 200, 200, 429, 429]


async def test_behind_a_configured_proxy_each_client_has_its_own_count() -> None:
    at = door("127.0.0.1/32")
    for client in ("203.0.113.7", "203.0.113.8"):
        answers = [await at.token("127.0.0.1", x_forwarded_for=client) for _ in range(4)]
        assert answers == [200, 200, 200, 429]


async def test_what_a_client_forged_before_the_proxy_added_to_it_changes_nothing() -> None:
    at = door("127.0.0.1/32")
    forged = [f"198.51.100.{number}, 203.0.113.7" for number in range(5)]
    assert [await at.token("127.0.0.1", x_forwarded_for=header) for header in forged] == [200, 200, 200, 429, 429]


async def test_a_client_that_passes_the_proxy_by_is_not_believed() -> None:
    at = door("10.0.0.1/32")
    answers = [await at.token(EVE, x_forwarded_for=f"203.0.113.{number}") for number in range(4)]
    assert answers == [200, 200, 200, 429]


async def test_of_one_ipv6_network_all_addresses_are_one() -> None:
    at = door()
    answers = [await at.token(f"2001:db8::{number}") for number in range(1, 5)]
    assert answers == [200, 200, 200, 429]
    assert await at.token("2001:db8:0:1::1") == 200


# --- the operator -----------------------------------------------------------------------------------------------------


async def test_wrong_operator_tokens_are_told_to_wait() -> None:
    at = door(operated=True)
    answers = [await at.send(path="/operated", authorization=f"Bearer guess{number}") for number in range(3)]
    assert [answer.status for answer in answers] == [401, 401, 429]
    assert json.loads(answers[-1].body)["check"] == "rate"


# --- what is noted ----------------------------------------------------------------------------------------------------


async def test_the_metrics_count_by_endpoint_and_the_log_has_no_address() -> None:
    stream, at = io.StringIO(), door("127.0.0.1/32")
    with logging_to(stream):
        for _ in range(5):
            await at.token("127.0.0.1", x_forwarded_for="203.0.113.7", code="a secret code")
        for _ in range(3):
            await at.send("203.0.113.8", path="/page")
    counted = render(at.traffic.families()).decode()
    assert 'zegel_requests_total{role="issuer",route="POST /token",status="429"} 3' in counted
    assert 'zegel_requests_total{role="issuer",route="GET /page",status="429"} 1' in counted
    assert 'zegel_refusals_total{role="issuer",check="rate"} 4' in counted
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [line["check"] for line in lines if line["status"] == 429] == ["rate"] * 4
    for text in (counted, stream.getvalue()):
        for secret in ("203.0.113", "127.0.0.1", "a secret code", "a+secret"):
            assert secret not in text


async def test_of_a_session_no_secret_is_kept() -> None:
    at = door()
    await at.token(code="x" * 500)
    turnstile = at.site._turnstile
    meters = [*turnstile._addresses.values(), *turnstile._sessions.values()]
    keys = [key for meter in meters for key in meter._due]
    assert sorted(map(len, keys)) == [4, 16]
