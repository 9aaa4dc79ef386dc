"""Tax online's way out: what its library sends and gets, through the one way out of the sandbox."""

import asyncio
from collections.abc import Awaitable, Callable

import httpx2
import pytest

from zegel.adapters.memory import Loopback
from zegel.demo.transport import OutboundTransport
from zegel.primitives.http import HttpRequest, HttpResponse, json_response

ORIGIN = "http://login.localhost:7103"


def run(story: Callable[[httpx2.AsyncClient], Awaitable[httpx2.Response]], **handlers) -> httpx2.Response:
    async def told() -> httpx2.Response:
        transport = OutboundTransport(Loopback({ORIGIN: handlers["handler"]} if handlers else {}))
        async with httpx2.AsyncClient(transport=transport) as client:
            return await story(client)

    return asyncio.run(told())


def test_a_request_goes_out_as_the_library_made_it() -> None:
    seen: list[HttpRequest] = []

    async def provider(request: HttpRequest) -> HttpResponse:
        seen.append(request)
        return json_response({"access_token": "t"})

    response = run(
        lambda client: client.post(f"{ORIGIN}/token?a=1", data={"code": "c"}, auth=("tax-online", "secret")),
        handler=provider,
    )
    assert response.json() == {"access_token": "t"}
    (request,) = seen
    assert (request.method, request.url, request.body) == ("POST", f"{ORIGIN}/token?a=1", b"code=c")
    assert request.form() == {"code": "c"}
    assert request.header("authorization").startswith("Basic ")


def test_what_cannot_be_reached_is_an_error_of_the_library() -> None:
    with pytest.raises(httpx2.ConnectError, match="nobody answers there"):
        run(lambda client: client.get(f"{ORIGIN}/token"))


def test_a_redirect_is_the_librarys_to_follow() -> None:
    async def provider(_request: HttpRequest) -> HttpResponse:
        return HttpResponse(status=303, headers=(("location", "https://elsewhere.example/"),))

    assert run(lambda client: client.get(f"{ORIGIN}/"), handler=provider).status_code == 303
