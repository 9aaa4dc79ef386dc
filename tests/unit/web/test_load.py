"""What a worker takes on, and how it says that it has too much to do."""

import asyncio
import io
import json
from dataclasses import replace

import pytest
from zegel_testing.authorities import fixed_random
from zegel_testing.logs import logging_to

from zegel.checks import Check
from zegel.config.overload import OverloadConfig
from zegel.errors import Unavailable, ZegelError
from zegel.primitives.http import HttpRequest, HttpResponse, json_response
from zegel.protocols.oauth.errors import oauth_error_response
from zegel.web.asgi import AsgiApp, Scope
from zegel.web.errors import in_oauth_words
from zegel.web.load import ARRIVED, REFRESH_SECONDS, RETRY_AFTER_SECONDS, Load, Priority, waited
from zegel.web.monitor import Monitor, probes
from zegel.web.pages import error_page
from zegel.web.routing import Audience, Route
from zegel.web.site import Site, SitePolicy

pytestmark = pytest.mark.anyio
HOST = "login.localhost:7103"
ORIGIN = f"http://{HOST}"
LIMITS = OverloadConfig(wait=1_000, at_once=4)
METHODS = ("GET", "POST")
COUNTED = (Priority.BEGINS, Priority.CONTINUES)


# --- what is taken ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("priority", "seconds"), [(Priority.BEGINS, 0.5), (Priority.CONTINUES, 1.0), (Priority.WAITS, 1.0)]
)
@pytest.mark.refuses(Check.OVERLOAD)
def test_who_has_waited_for_too_long_is_told_to_come_again(priority: Priority, seconds: float) -> None:
    load = Load(LIMITS)
    with load.take(priority, waited=seconds):
        pass
    with pytest.raises(Unavailable) as refused, load.take(priority, waited=seconds + 0.001):
        pass
    assert refused.value.check is Check.OVERLOAD
    assert refused.value.retry_after == RETRY_AFTER_SECONDS


@pytest.mark.parametrize(("priority", "most"), [(Priority.BEGINS, 2), (Priority.CONTINUES, 4)])
@pytest.mark.refuses(Check.OVERLOAD)
def test_so_many_are_taken_at_a_time_and_then_others_again(priority: Priority, most: int) -> None:
    load = Load(LIMITS)
    held = [load.take(Priority.CONTINUES, waited=0) for _ in range(most)]
    for one in held:
        one.__enter__()
    with pytest.raises(Unavailable) as refused, load.take(priority, waited=0):
        pass
    assert refused.value.check is Check.OVERLOAD
    held.pop().__exit__(None, None, None)
    with load.take(priority, waited=0):
        assert load.in_hand == most


def test_whoever_fails_is_no_longer_in_hand() -> None:
    load = Load(LIMITS)
    with pytest.raises(KeyError), load.take(Priority.CONTINUES, waited=0):
        raise KeyError
    assert load.in_hand == 0


def test_whoever_only_waits_is_not_counted() -> None:
    load = Load(LIMITS)
    with load.take(Priority.WAITS, waited=0):
        assert load.in_hand == 0


def test_whoever_watches_is_answered_whatever_there_is_to_do() -> None:
    load = Load(LIMITS)
    load.in_hand = 1_000
    with load.take(Priority.ALWAYS, waited=60):
        assert load.in_hand == 1_000


# --- how it is said ---------------------------------------------------------------------------------------------------


async def answer(_site: object, request: HttpRequest) -> HttpResponse:
    if request.body:
        raise Unavailable("hashes", "too many", check=Check.OVERLOAD, retry_after=7)
    return json_response({})


def worded(_site: object, error: ZegelError) -> HttpResponse:
    return in_oauth_words(error, oauth_error_response)


def site(load: Load) -> Site[None]:
    return Site(
        None,
        routes=(
            Route("GET", "/page", answer, Audience.PERSON),
            Route("POST", "/page", answer, Audience.PERSON, from_elsewhere=True),
            Route("GET", "/data", answer),
            Route("POST", "/token", answer, refusal=worded),
            *probes(Monitor("provider", conditions={})),
        ),
        policy=SitePolicy(role="provider", origin=ORIGIN, operator_token=None),
        page=error_page(role="Sign-in", host=HOST),
        random=fixed_random("site"),
        load=load,
    )


async def come(method: str, path: str, *, seconds: float = 2.0) -> HttpResponse:
    request = HttpRequest(method=method, url=ORIGIN + path, headers=(("host", HOST),), waited=seconds)
    return await site(Load(LIMITS)).handle(request)


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/page"), ("POST", "/page"), ("GET", "/data"), ("POST", "/token")]
)
async def test_too_much_to_do_is_503_with_when_to_come_again(method: str, path: str) -> None:
    response = await come(method, path)
    assert (response.status, response.header("retry-after")) == (503, str(RETRY_AFTER_SECONDS))


async def test_a_machine_reads_which_rule_it_is() -> None:
    said = json.loads((await come("GET", "/data")).body)
    assert (said["error"], said["check"]) == ("temporarily_unavailable", "overload")


async def test_an_endpoint_of_oauth_says_it_in_its_own_words() -> None:
    said = json.loads((await come("POST", "/token")).body)
    assert said["error"] == "temporarily_unavailable"
    assert said["error_description"].startswith("overload: ")


async def test_a_page_is_loaded_again_by_itself_and_a_form_is_not_sent_again() -> None:
    assert (await come("GET", "/page")).header("refresh") == str(REFRESH_SECONDS)
    assert (await come("POST", "/page")).header("refresh") is None


async def test_each_page_has_its_own_reason() -> None:
    one = site(Load(LIMITS))
    page, form = (HttpRequest(method=method, url=ORIGIN + "/page", headers=(("host", HOST),)) for method in METHODS)
    late = await one.handle(replace(page, waited=2.0))
    assert (await one.handle(page)).status == 200
    busy = await one.handle(replace(form, body=b"busy"))
    assert (busy.status, busy.header("retry-after")) == (503, "7")
    assert b"worker: it has more to do" in late.body
    assert b"hashes: too many" in busy.body


async def test_each_page_has_its_own_request_id() -> None:
    request = HttpRequest(method="GET", url=ORIGIN + "/page", headers=(("host", HOST),), waited=2.0)
    one = site(Load(LIMITS))
    pages = [await one.handle(request) for _ in range(2)]
    ids = [str(page.header("x-request-id")) for page in pages]
    assert ids[0] != ids[1]
    assert all(id_.encode() in page.body for id_, page in zip(ids, pages, strict=True))


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
async def test_the_role_is_alive_and_ready_all_the_while(path: str) -> None:
    assert (await come("GET", path)).status == 200


async def test_it_is_logged_and_counted_as_its_check_with_the_time_that_was_waited() -> None:
    stream = io.StringIO()
    with logging_to(stream):
        await come("GET", "/data")
    line = json.loads(stream.getvalue())
    assert (line["level"], line["check"], line["status"]) == ("warning", "overload", 503)
    assert line["ms"] >= 2_000


async def test_what_is_being_answered_counts_until_it_has_its_answer() -> None:
    """The third begins while two are at it; as soon as one of them is done it is taken."""
    load, may_end, begun = Load(OverloadConfig(at_once=2)), asyncio.Event(), asyncio.Semaphore(0)

    async def work(_site: object, _request: HttpRequest) -> HttpResponse:
        begun.release()
        await may_end.wait()
        return json_response({})

    one = Site(
        None,
        routes=(Route("GET", "/", work),),
        policy=SitePolicy(role="provider", origin=ORIGIN, operator_token=None),
        page=error_page(role="Sign-in", host=HOST),
        random=fixed_random("site"),
        load=load,
    )
    request = HttpRequest(method="GET", url=ORIGIN + "/")
    working = [asyncio.create_task(one.handle(request)) for _ in range(2)]
    for _ in working:
        await begun.acquire()
    assert (await one.handle(request)).status == 503
    may_end.set()
    assert [response.status for response in await asyncio.gather(*working)] == [200, 200]
    assert (await one.handle(request)).status == 200


# --- how long it has waited -------------------------------------------------------------------------------------------


def test_a_server_that_says_nothing_let_nobody_wait() -> None:
    assert waited({}) == 0


async def test_a_request_knows_for_how_long_it_has_waited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zegel.web.load.time.monotonic", lambda: 103.5)
    got: list[HttpRequest] = []

    async def respond(request: HttpRequest, _read_body: object) -> HttpResponse:
        got.append(request)
        return HttpResponse(status=200)

    def refuse(_request: HttpRequest, error: ZegelError) -> HttpResponse:
        raise error

    async def send(_message: object) -> None:
        return

    async def receive() -> dict[str, object]:
        return {"type": "http.request"}

    scope: Scope = {
        "type": "http",
        "method": "GET",
        "path": "/",
        "raw_path": b"/",
        "query_string": b"",
        "headers": [(b"host", HOST.encode())],
        ARRIVED: 100.0,
    }
    await AsgiApp(respond, refuse, origin=ORIGIN)(scope, receive, send)
    assert got[0].waited == 3.5
