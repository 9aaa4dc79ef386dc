import pytest
from zegel_testing.authorities import NOW

from zegel.adapters.memory import Loopback, ManualClock
from zegel.errors import Unavailable
from zegel.primitives.http import HttpRequest, HttpResponse

pytestmark = pytest.mark.anyio


async def issuer(request: HttpRequest) -> HttpResponse:
    if request.path == "/moved":
        return HttpResponse(status=302, headers=(("location", "http://verifier.localhost/here"),))
    return HttpResponse(status=200, body=f"{request.method} {request.url}".encode() + request.body)


WORLD = Loopback({"http://issuer.localhost": issuer, "http://verifier.localhost": issuer})


async def test_a_request_reaches_the_handler_of_its_origin() -> None:
    request = HttpRequest(method="POST", url="http://issuer.localhost/a?b", body=b" body")
    assert (await WORLD.fetch(request)).body == b"POST http://issuer.localhost/a?b body"


async def test_a_redirect_is_followed_when_it_is_allowed() -> None:
    request = HttpRequest(method="GET", url="http://issuer.localhost/moved")
    assert (await WORLD.fetch(request)).status == 302
    assert (await WORLD.fetch(request, redirects=1)).body == b"GET http://verifier.localhost/here"


async def test_an_origin_without_a_handler_is_unavailable() -> None:
    with pytest.raises(Unavailable, match="https://elsewhere: nobody answers there"):
        await WORLD.fetch(HttpRequest(method="GET", url="https://elsewhere/secret"))


async def test_an_answer_is_as_long_as_asked_and_no_longer() -> None:
    request = HttpRequest(method="GET", url="http://issuer.localhost/a")
    assert len((await WORLD.fetch(request, max_bytes=29)).body) == 29
    with pytest.raises(Unavailable, match="more than 28 bytes"):
        await WORLD.fetch(request, max_bytes=28)


def test_a_manual_clock_stands_still_until_it_is_moved() -> None:
    clock = ManualClock(NOW)
    assert clock.now() == clock.now() == NOW
    clock.advance(60)
    assert clock.now() == NOW + 60
