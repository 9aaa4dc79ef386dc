"""ASGI: bytes from a server within limits, whatever it sends and however slowly."""

import asyncio
from collections.abc import Iterable, MutableMapping
from typing import Any

import pytest

from zegel.errors import ZegelError
from zegel.primitives.http import HttpRequest, HttpResponse
from zegel.web import asgi
from zegel.web.asgi import MAX_HEADER_BYTES, MAX_HEADERS, AsgiApp, TransportError, call_asgi
from zegel.web.errors import status_of

pytestmark = pytest.mark.anyio
ORIGIN = "https://verifier.utopia.example"
Message = MutableMapping[str, Any]


class Answerer:
    """What stands behind the application; it reads a body of at most ``limit`` bytes, or none."""

    def __init__(self, limit: int | None = None, response: HttpResponse | None = None) -> None:
        self.limit = limit
        self.response = response or HttpResponse(status=200, headers=(("content-type", "text/plain"),), body=b"here")
        self.seen: list[HttpRequest] = []
        self.bodies: list[bytes] = []
        self.failures: list[int | None] = []
        self.refused: list[tuple[str, str]] = []

    async def respond(self, request: HttpRequest, read_body: Any) -> HttpResponse:
        self.seen.append(request)
        if self.limit is not None:
            try:
                self.bodies.append(await read_body(self.limit))
            except TransportError as error:
                self.failures.append(error.status)
                if error.status is None:
                    raise
                return HttpResponse(status=error.status)
        return self.response

    def refuse(self, request: HttpRequest, error: ZegelError) -> HttpResponse:
        self.refused.append((request.url, error.field))
        return HttpResponse(status=status_of(error), body=b"refused")


HOST = (b"host", b"verifier.utopia.example")


def scope_of(
    method: str = "GET", path: bytes = b"/", query: bytes = b"", headers: Any = (HOST,), **changes: Any
) -> Message:
    return {
        "type": "http",
        "method": method,
        "path": path.decode("latin-1"),
        "raw_path": path,
        "query_string": query,
        "headers": list(headers),
    } | changes


def chunk(body: bytes = b"", *, more: bool = False) -> Message:
    return {"type": "http.request", "body": body, "more_body": more}


async def run(answerer: Answerer, scope: Message, messages: Iterable[Message] = ()) -> list[Message]:
    sent: list[Message] = []
    waiting = iter(messages)

    async def receive() -> Message:
        message = next(waiting, None)
        if message is None:
            await asyncio.Event().wait()
        assert message is not None
        return message

    async def send(message: Message) -> None:
        sent.append(message)

    await AsgiApp(answerer.respond, answerer.refuse, origin=ORIGIN)(scope, receive, send)
    return sent


async def test_a_request_arrives_at_the_configured_origin() -> None:
    answerer = Answerer()
    headers = [(b"host", b"elsewhere.example"), (b"x-text", b"\xe9")]
    sent = await run(answerer, scope_of(path=b"/a%2Fb", query=b"c=d", headers=headers))
    assert answerer.seen == [
        HttpRequest(
            method="GET", url=f"{ORIGIN}/a%2Fb?c=d", headers=(("host", "elsewhere.example"), ("x-text", "\xe9"))
        )
    ]
    assert sent == [
        {
            "type": "http.response.start",
            "status": 200,
            "headers": [(b"content-type", b"text/plain"), (b"content-length", b"4")],
        },
        {"type": "http.response.body", "body": b"here"},
    ]


async def test_a_server_that_knows_no_raw_path_is_served_too() -> None:
    answerer = Answerer()
    await run(answerer, scope_of(path=b"/a", raw_path=None))
    assert answerer.seen[0].url == f"{ORIGIN}/a"


async def test_the_other_end_of_the_connection_is_told() -> None:
    answerer = Answerer()
    await run(answerer, scope_of(client=("192.0.2.1", 4711)))
    await run(answerer, scope_of(client=None))
    for peer in ("192.0.2.2", None):
        request = HttpRequest(method="GET", url=f"{ORIGIN}/", peer=peer)
        await call_asgi(AsgiApp(answerer.respond, answerer.refuse, origin=ORIGIN), request)
    assert [request.peer for request in answerer.seen] == ["192.0.2.1", "", "192.0.2.2", None]


async def test_a_head_gets_the_length_of_the_body_and_not_the_body() -> None:
    start, body = await run(Answerer(), scope_of("HEAD"))
    assert (b"content-length", b"4") in start["headers"]
    assert body["body"] == b""


@pytest.mark.parametrize("path", [b"*", b"@evil.example/", b"evil.example:443", b".evil.example/", b":8000/"])
async def test_a_target_that_is_no_path_reaches_nobody(path: bytes) -> None:
    answerer = Answerer()
    start, _ = await run(answerer, scope_of(path=path))
    assert start["status"] == 400
    assert (answerer.seen, answerer.refused) == ([], [(f"{ORIGIN}/", "target")])


async def test_a_body_in_pieces_is_read_whole() -> None:
    answerer = Answerer(limit=6)
    await run(answerer, scope_of("POST"), [chunk(b"abc", more=True), chunk(more=True), {"type": "http.request"}])
    await run(answerer, scope_of("POST"), [chunk(b"abc", more=True), chunk(b"def")])
    assert answerer.bodies == [b"abc", b"abcdef"]


@pytest.mark.parametrize("limit", [0, 5])
async def test_a_body_beyond_its_limit_is_not_read_on(limit: int) -> None:
    answerer = Answerer(limit=limit)
    endless = (chunk(b"abc", more=True) for _ in range(1_000))
    start, _ = await run(answerer, scope_of("POST"), endless)
    assert start["status"] == 413
    assert sum(1 for _ in endless) >= 997


async def test_a_body_of_just_the_limit_is_taken() -> None:
    answerer = Answerer(limit=3)
    await run(answerer, scope_of("POST"), [chunk(b"abc")])
    assert answerer.bodies == [b"abc"]


async def test_a_body_that_does_not_come_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asgi, "BODY_SECONDS", 0.01)
    answerer = Answerer(limit=100)
    start, _ = await run(answerer, scope_of("POST"), [chunk(b"a", more=True)])
    assert (start["status"], answerer.failures) == (408, [408])


async def test_a_client_that_has_gone_gets_no_answer() -> None:
    answerer = Answerer(limit=100)
    assert await run(answerer, scope_of("POST"), [chunk(b"a", more=True), {"type": "http.disconnect"}]) == []
    assert answerer.failures == [None]


@pytest.mark.parametrize(
    "headers",
    [
        [(b"x", b"y")] * (MAX_HEADERS + 1),
        [(b"x", b"y" * MAX_HEADER_BYTES)],
        [(b"x" * (MAX_HEADER_BYTES + 1), b"")],
        [(b"x", b"y" * (MAX_HEADER_BYTES // 2))] * 2,
    ],
)
async def test_headers_beyond_their_limit_reach_nobody(headers: Any) -> None:
    answerer = Answerer()
    start, _ = await run(answerer, scope_of(headers=headers))
    assert start["status"] == 431
    assert (answerer.seen, answerer.refused) == ([], [(f"{ORIGIN}/", "headers")])


async def test_headers_of_just_the_limit_are_taken() -> None:
    answerer = Answerer()
    each = MAX_HEADER_BYTES // MAX_HEADERS
    headers = [(b"host", b"y" * (each - 4)), *[(b"x", b"y" * (each - 1))] * (MAX_HEADERS - 1)]
    await run(answerer, scope_of(headers=headers))
    assert len(answerer.seen) == 1


async def test_rfc_9112_3_2_a_request_that_names_no_host_reaches_nobody() -> None:
    answerer = Answerer()
    start, body = await run(answerer, scope_of(headers=[(b"x-host", b"verifier.utopia.example")]))
    assert (start["status"], body["body"], answerer.seen) == (400, b"refused", [])
    assert answerer.refused == [(f"{ORIGIN}/", "header.host")]


async def test_bytes_that_are_no_request_are_refused_at_the_root() -> None:
    answerer = Answerer()
    app = AsgiApp(answerer.respond, answerer.refuse, origin=ORIGIN)
    assert app.refuse_bytes("expected a request", peer="203.0.113.7").status == 400
    assert answerer.refused == [(f"{ORIGIN}/", "head")]


async def test_a_head_that_is_refused_gets_no_body() -> None:
    start, body = await run(Answerer(), scope_of("HEAD", headers=[]))
    assert (start["status"], body["body"]) == (400, b"")


async def test_the_lifespan_is_acknowledged() -> None:
    sent = await run(Answerer(), {"type": "lifespan"}, [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])
    assert [message["type"] for message in sent] == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


async def test_nothing_is_said_to_another_protocol() -> None:
    assert await run(Answerer(), {"type": "websocket"}) == []


async def test_any_application_can_be_called_without_a_server() -> None:
    answerer = Answerer(limit=100)
    request = HttpRequest(
        method="POST",
        url=f"{ORIGIN}/a%20b?c=d",
        headers=(("host", "ignored.example"), ("x", "y")),
        body=b"body",
    )
    response = await call_asgi(AsgiApp(answerer.respond, answerer.refuse, origin=ORIGIN), request)
    assert answerer.bodies == [b"body"]
    assert answerer.seen[0].url == f"{ORIGIN}/a%20b?c=d"
    assert answerer.seen[0].header("host") == "verifier.utopia.example"
    assert response == HttpResponse(
        status=200, headers=(("content-type", "text/plain"), ("content-length", "4")), body=b"here"
    )
