"""Server-side sessions: ids that cannot be planted, that end, and that strangers cannot fill the memory with."""

import asyncio

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from zegel.demo import sessions
from zegel.demo.sessions import Sessions


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


async def _count(request: Request) -> Response:
    request.session["count"] = request.session.get("count", 0) + 1
    return PlainTextResponse(str(request.session["count"]))


async def _look(request: Request) -> Response:
    return PlainTextResponse(str(request.session.get("count")))


async def _renew(request: Request) -> Response:
    request.session.renew()
    return PlainTextResponse("renewed")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def app(clock: Clock) -> Sessions:
    routes = [Route("/count", _count), Route("/look", _look), Route("/renew", _renew)]
    return Sessions(Starlette(routes=routes), name="id", secure=True, clock=clock)


def browser(app: Sessions) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="https://service.example")


def run(story) -> None:
    asyncio.run(story())


def test_a_browser_is_known_again_and_by_its_own_cookie_alone(app: Sessions) -> None:
    async def story() -> None:
        one, other = browser(app), browser(app)
        assert [(await one.get("/count")).text for _ in range(2)] == ["1", "2"]
        assert (await other.get("/count")).text == "1"

    run(story)


def test_a_visit_that_leaves_nothing_sets_no_cookie(app: Sessions) -> None:
    async def story() -> None:
        assert "set-cookie" not in (await browser(app).get("/look")).headers

    run(story)


def test_an_id_that_we_did_not_give_is_not_taken(app: Sessions) -> None:
    async def story() -> None:
        planted = browser(app)
        planted.cookies.set("__Host-id", "planted")
        response = await planted.get("/count")
        assert response.text == "1"
        assert "planted" not in response.headers["set-cookie"]

    run(story)


def test_a_renewed_session_has_forgotten_and_has_another_id(app: Sessions) -> None:
    async def story() -> None:
        one = browser(app)
        await one.get("/count")
        before = one.cookies["__Host-id"]
        await one.get("/renew")
        assert (await one.get("/look")).text == "None"
        await one.get("/count")
        assert one.cookies["__Host-id"] != before

    run(story)


def test_a_session_that_rests_for_half_an_hour_ends(app: Sessions, clock: Clock) -> None:
    async def story() -> None:
        one = browser(app)
        await one.get("/count")
        clock.now += 1_799
        assert (await one.get("/count")).text == "2"
        clock.now += 1_800
        assert (await one.get("/look")).text == "None"

    run(story)


def test_strangers_push_out_the_oldest(app: Sessions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "_MAX_SESSIONS", 2)

    async def story() -> None:
        first, *rest = (browser(app) for _ in range(3))
        await first.get("/count")
        for stranger in rest:
            await stranger.get("/count")
        assert (await first.get("/look")).text == "None"
        assert (await rest[-1].get("/look")).text == "1"

    run(story)


def test_a_cookie_header_that_says_nothing_is_none(app: Sessions) -> None:
    async def story() -> None:
        assert (await browser(app).get("/look", headers={"cookie": "a=b;; __Host-id; =c"})).text == "None"
        assert (await browser(app).get("/look", headers={"cookie": "other=1"})).text == "None"

    run(story)


def test_what_is_no_request_passes_by(clock: Clock) -> None:
    seen = []

    async def inner(scope, receive, send) -> None:
        seen.append(scope["type"])

    asyncio.run(Sessions(inner, name="id", secure=False, clock=clock)({"type": "lifespan"}, None, None))
    assert seen == ["lifespan"]
