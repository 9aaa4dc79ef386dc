"""What waits at an issuer's, and what an issuer is told late: no refusal but the last loses it, no token is too old."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from zegel_testing.wallet_world import WalletWorld, wallet_world

from zegel.errors import Denied, Rejected, Unavailable, ZegelError
from zegel.primitives.http import HttpRequest, HttpResponse, json_response
from zegel.primitives.json import parse_object
from zegel.protocols.oauth.lifetimes import ACCESS_TOKEN_SECONDS
from zegel.services.wallet.contents import Arrived, Deferred, Happening, WalletContents
from zegel.services.wallet.flows import check_step
from zegel.services.wallet.holdings import RETRY_SECONDS

pytestmark = pytest.mark.anyio
INVALID_TOKEN = HttpResponse(status=401, headers=(("www-authenticate", 'DPoP error="invalid_token"'),))
TEXT = ("content-type", "text/plain")


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[WalletWorld]:
    async with wallet_world(tmp_path, delayed_types=("diploma",), delay=30) as made:
        yield made


async def waiting(world: WalletWorld) -> str:
    """A diploma that takes its time, which has come."""
    flow = await world.arrive(type="diploma", formats=["dc+sd-jwt"])
    world.clock.advance(30)
    world.traffic.clear()
    return flow


def in_place(world: WalletWorld, path: str, answer: HttpResponse, *, times: int = 1) -> None:
    """Another answer than the issuer's, who does not get the request; so many times, after the nonces are settled."""
    origin, given = world.config.issuer.origin, []
    works = world.handlers[origin]

    async def handle(request: HttpRequest) -> HttpResponse:
        if request.path != path or len(given) == times:
            return await works(request)
        given.append(1)
        return answer

    world.handlers[origin] = handle


def denied(code: str, status: int = 400, **headers: str) -> HttpResponse:
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return json_response({"error": code}, status=status, headers=named)


def paths(world: WalletWorld) -> list[str]:
    return [request.path for request in world.traffic]


def events_of(world: WalletWorld) -> list[str]:
    said = [request for request in world.traffic if request.path == "/notification"]
    return [str(parse_object(request.body, what="test")["event"]) for request in said]


def rotating(world: WalletWorld) -> list[str]:
    """The server takes each refresh token once and gives another; those that were shown to it."""
    shown: list[str] = []
    first: list[str] = []

    def edit(request: HttpRequest, response: HttpResponse) -> HttpResponse:
        if response.status != 200:
            return response
        members: dict[str, Any] = dict(parse_object(response.body, what="test"))
        first.append(str(members["refresh_token"])) if not first else None
        return json_response({**members, "refresh_token": f"{first[0]}.{len(shown)}"})

    async def handle(request: HttpRequest) -> HttpResponse:
        if request.path != "/token" or request.form()["grant_type"] != "refresh_token":
            return await works(request)
        turn = request.form()["refresh_token"].rpartition(".")[2]
        assert turn == str(len(shown)), "a refresh token that was replaced"
        response = await works(replace(request, body=request.body.replace(f".{turn}".encode(), b"")))
        if response.status == 200:
            shown.append(turn)
        return response

    origin = world.config.issuer.origin
    works = world.handlers[origin]
    world.handlers[origin] = handle
    world.outbound.edits["/token"] = edit
    return shown


# --- what was deferred ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (HttpResponse(status=429, headers=(TEXT,), body=b"slow down"), Denied),
        (denied("slow_down", 429), Denied),
        (denied("temporarily_unavailable", 503), Unavailable),
        (denied("invalid_credential_request"), Denied),
        (denied("insufficient_scope", 403), Denied),
        (HttpResponse(status=200, headers=(TEXT,), body=b"a portal of somebody's"), Rejected),
        (HttpResponse(status=404), Denied),
    ],
)
async def test_a_refusal_that_is_not_the_last_word_loses_nothing(
    world: WalletWorld, answer: HttpResponse, error: type[ZegelError]
) -> None:
    flow, receiving = await waiting(world), world.wallet.receiving
    in_place(world, "/deferred-credential", answer)
    with pytest.raises(error):
        await receiving.fetch_deferred(flow)
    assert isinstance(receiving.look(flow), Deferred)
    assert not [entry for entry in world.contents.log if entry.happening is Happening.FAILED]
    assert isinstance(await receiving.fetch_deferred(flow), Arrived)


@pytest.mark.parametrize("code", ["invalid_transaction_id", "credential_request_denied"])
async def test_the_last_word_ends_it(world: WalletWorld, code: str) -> None:
    flow = await waiting(world)
    in_place(world, "/deferred-credential", denied(code))
    with pytest.raises(Denied, match=code):
        await world.wallet.receiving.fetch_deferred(flow)
    assert world.contents.flows == {}
    assert world.contents.log[-1].happening is Happening.FAILED


async def test_a_refresh_token_that_is_worth_nothing_ends_it(world: WalletWorld) -> None:
    flow = await waiting(world)
    world.clock.advance(ACCESS_TOKEN_SECONDS)
    in_place(world, "/token", denied("invalid_grant"))
    with pytest.raises(Denied, match="invalid_grant"):
        await world.wallet.receiving.fetch_deferred(flow)
    assert world.contents.flows == {}


async def test_a_token_that_is_refused_is_replaced_and_it_is_asked_once_more(world: WalletWorld) -> None:
    flow = await waiting(world)
    in_place(world, "/deferred-credential", INVALID_TOKEN)
    assert isinstance(await world.wallet.receiving.fetch_deferred(flow), Arrived)
    assert paths(world).count("/deferred-credential") == 2
    assert "/wallet-attestations" in paths(world)  # the former one may have run out


async def test_a_token_that_is_refused_twice_leaves_it_waiting(world: WalletWorld) -> None:
    flow, receiving = await waiting(world), world.wallet.receiving
    in_place(world, "/deferred-credential", INVALID_TOKEN, times=2)
    with pytest.raises(Denied, match="invalid_token"):
        await receiving.fetch_deferred(flow)
    assert paths(world).count("/deferred-credential") == 2
    assert isinstance(await receiving.fetch_deferred(flow), Arrived)


async def test_a_token_endpoint_that_says_not_now_loses_nothing(world: WalletWorld) -> None:
    flow, receiving = await waiting(world), world.wallet.receiving
    world.clock.advance(ACCESS_TOKEN_SECONDS)
    in_place(world, "/token", denied("slow_down", 429))
    with pytest.raises(Denied, match="slow_down"):
        await receiving.fetch_deferred(flow)
    assert isinstance(await receiving.fetch_deferred(flow), Arrived)


@pytest.mark.parametrize("status", [429, 503])
async def test_who_says_when_to_come_again_is_left_in_peace_until_then(world: WalletWorld, status: int) -> None:
    flow, receiving = await waiting(world), world.wallet.receiving
    in_place(world, "/deferred-credential", denied("slow_down", status, retry_after="120"))
    with pytest.raises((Denied, Unavailable)):
        await receiving.fetch_deferred(flow)
    world.clock.advance(119)
    world.traffic.clear()
    assert isinstance(await receiving.fetch_deferred(flow), Deferred)
    assert paths(world) == []
    world.clock.advance(1)
    assert isinstance(await receiving.fetch_deferred(flow), Arrived)


async def test_a_wallet_asks_again_by_itself_after_a_while(world: WalletWorld) -> None:
    """Its owner may ask at once."""
    flow, receiving = await waiting(world), world.wallet.receiving
    in_place(world, "/deferred-credential", HttpResponse(status=429))
    assert len(await world.wallet.keep_fresh()) == 1
    assert receiving.waiting() == ()
    world.clock.advance(RETRY_SECONDS - 1)
    assert receiving.waiting() == ()
    world.clock.advance(1)
    assert receiving.waiting() == (flow,)
    assert await world.wallet.keep_fresh() == ()
    assert isinstance(receiving.look(flow), Arrived)


async def test_a_refresh_token_that_was_replaced_is_not_lost_by_a_refusal(world: WalletWorld) -> None:
    """RFC 6749 section 6: the former one is worth nothing then."""
    shown = rotating(world)
    flow, receiving = await waiting(world), world.wallet.receiving
    for _ in range(2):
        world.clock.advance(ACCESS_TOKEN_SECONDS)
        in_place(world, "/deferred-credential", HttpResponse(status=429))
        with pytest.raises(Denied):
            await receiving.fetch_deferred(flow)
    assert isinstance(await receiving.fetch_deferred(flow), Arrived)
    assert shown == ["0", "1"]


# --- what an issuer is told -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seconds", [10, ACCESS_TOKEN_SECONDS, 1800])
async def test_who_looks_for_long_has_the_issuer_told_all_the_same(world: WalletWorld, seconds: int) -> None:
    flow = await world.arrive()
    world.clock.advance(seconds)
    answers: list[int] = []
    world.outbound.edits["/notification"] = lambda request, response: (answers.append(response.status), response)[1]
    await world.wallet.receiving.keep(flow)
    assert events_of(world) == ["credential_accepted"] * len(answers)
    assert answers.count(204) == 2


async def test_who_discards_late_has_the_issuer_told_all_the_same(world: WalletWorld) -> None:
    flow = await world.arrive(formats=["dc+sd-jwt"])
    world.clock.advance(ACCESS_TOKEN_SECONDS)
    answers: list[int] = []
    world.outbound.edits["/notification"] = lambda request, response: (answers.append(response.status), response)[1]
    await world.wallet.receiving.discard(flow)
    assert (set(events_of(world)), answers[-1]) == ({"credential_deleted"}, 204)


async def test_a_notification_whose_token_is_refused_goes_with_another_once(world: WalletWorld) -> None:
    flow = await world.arrive(formats=["dc+sd-jwt"])
    world.traffic.clear()
    world.outbound.edits["/notification"] = lambda request, response: INVALID_TOKEN
    assert len(await world.wallet.receiving.keep(flow)) == 1
    assert paths(world).count("/notification") == 2
    assert "/token" in paths(world)


async def test_a_server_that_gives_no_token_then_changes_nothing(world: WalletWorld) -> None:
    flow = await world.arrive(formats=["dc+sd-jwt"])
    world.clock.advance(ACCESS_TOKEN_SECONDS)
    world.outbound.edits["/token"] = lambda request, response: denied("invalid_grant")
    assert len(await world.wallet.receiving.keep(flow)) == 1
    assert events_of(world) == []


async def test_a_refresh_token_that_was_replaced_for_a_notification_renews(world: WalletWorld) -> None:
    shown = rotating(world)
    flow = await world.arrive(formats=["dc+sd-jwt"])
    world.clock.advance(ACCESS_TOKEN_SECONDS)
    (id_,) = await world.wallet.receiving.keep(flow)
    assert shown == ["0"]
    await world.wallet.renewal.renew(id_)
    assert shown == ["0", "1"]


async def test_an_issuer_that_asks_for_nothing_is_not_asked_for_a_token(world: WalletWorld) -> None:
    flow = await world.arrive(formats=["dc+sd-jwt"])
    await world.wallet.safe.change(lambda contents: (_silent(contents, flow), None))
    world.clock.advance(ACCESS_TOKEN_SECONDS)
    world.traffic.clear()
    assert len(await world.wallet.receiving.keep(flow)) == 1
    assert paths(world) == []


def _silent(contents: WalletContents, flow: str) -> WalletContents:
    """What arrived, without a place to notify."""
    arrived = check_step(contents.flows[flow], Arrived)
    session = replace(arrived.session, issuer=replace(arrived.session.issuer, notification_endpoint=None))
    return replace(contents, flows={**contents.flows, flow: replace(arrived, session=session)})
