"""ASGI: bytes from a server to ``HttpRequest`` and back, within limits. Nothing here decides anything."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any, Final, final
from urllib.parse import unquote, urlsplit

from zegel.errors import Malformed, ZegelError
from zegel.primitives.http import HttpRequest, HttpResponse
from zegel.web.errors import HeadersTooLarge
from zegel.web.load import waited

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
AsgiCallable = Callable[[Scope, Receive, Send], Awaitable[None]]
"""An ASGI application, ours or another's."""

MAX_HEADERS: Final = 64  # a browser sends twenty
MAX_HEADER_BYTES: Final = 48_000  # two attestations and a DPoP proof, each with a chain, are under 16 kB
BODY_SECONDS: Final = 10.0  # a presentation of 100 kB takes one second at 1 Mbit/s


class TransportError(Exception):
    """The body did not arrive; ``status`` says why, or is None when nobody is there to be told."""

    def __init__(self, status: int | None) -> None:
        super().__init__(status)
        self.status = status


@final
class AsgiApp:
    """One role as an ASGI application.

    ``respond`` gets the request without its body, and a function that reads the body up to a number of bytes.
    ``refuse`` gets one whose head is no head, or too long, or that is none, at the root of the origin, and why.
    """

    def __init__(
        self,
        respond: Callable[[HttpRequest, Callable[[int], Awaitable[bytes]]], Awaitable[HttpResponse]],
        refuse: Callable[[HttpRequest, ZegelError], HttpResponse],
        *,
        origin: str,
    ) -> None:
        self._respond = respond
        self._refuse = refuse
        self._origin = origin

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _live(receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)

    def refuse_bytes(self, detail: str, *, peer: str) -> HttpResponse:
        """What the other end is told of bytes that are no request: the server has found none in them."""
        request = HttpRequest(method="GET", url=f"{self._origin}/", peer=peer)
        return self._refuse(request, Malformed("request", "head", detail))

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        path, query = scope.get("raw_path") or scope["path"].encode(), scope["query_string"]
        fault = _fault(scope["headers"], path)
        target = path + b"?" + query if query else path
        request = HttpRequest(
            method=scope["method"],
            url=self._origin + ("/" if fault else target.decode("latin-1")),
            headers=tuple((k.decode("latin-1"), v.decode("latin-1")) for k, v in scope["headers"]),
            peer=_peer(scope),
            waited=waited(scope),
        )
        head = request.method == "HEAD"
        if fault is not None:
            await _answer(self._refuse(request, fault), send, head=head)
            return

        async def read_body(limit: int) -> bytes:
            try:
                async with asyncio.timeout(BODY_SECONDS):
                    return await _read(receive, limit)
            except TimeoutError:
                raise TransportError(408) from None

        try:
            response = await self._respond(request, read_body)
        except TransportError:
            return  # nobody waits for an answer
        await _answer(response, send, head=head)


async def call_asgi(app: AsgiCallable, request: HttpRequest) -> HttpResponse:
    """Send a request to any ASGI application in this process: the way in without a server."""
    parts = urlsplit(request.url)
    scope: Scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": parts.scheme,
        "path": unquote(parts.path) or "/",
        "raw_path": (parts.path or "/").encode(),
        "root_path": "",
        "query_string": parts.query.encode(),
        "headers": [
            (b"host", parts.netloc.encode()),
            *((name.encode("latin-1"), value.encode("latin-1")) for name, value in request.headers if name != "host"),
        ],
        **({} if request.peer is None else {"client": (request.peer, 0)}),
        "server": (parts.hostname, parts.port),
    }
    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": request.body, "more_body": False}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    await app(scope, receive, send)
    start, *bodies = sent
    return HttpResponse(
        status=start["status"],
        headers=tuple((name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in start["headers"]),
        body=b"".join(message.get("body", b"") for message in bodies),
    )


def _fault(headers: Sequence[tuple[bytes, bytes]], path: bytes) -> Malformed | None:
    """Why the head of a request is none that may be looked at."""
    if len(headers) > MAX_HEADERS or sum(len(k) + len(v) for k, v in headers) > MAX_HEADER_BYTES:
        return HeadersTooLarge(MAX_HEADERS, MAX_HEADER_BYTES)
    if not any(name == b"host" for name, _ in headers):  # RFC 9112 section 3.2; whose it is, the site says
        return Malformed("request", "header.host", "expected the header Host")
    if not path.startswith(b"/"):  # RFC 9112 section 3.2.1; anything else would reach into our own origin's name
        return Malformed("request", "target", "expected a path")
    return None


def _peer(scope: Scope) -> str | None:
    """The other end; "" when the server does not know it (ASGI 3.0, HTTP scope), None where there is no server."""
    if "client" not in scope:
        return None
    return str(scope["client"][0]) if scope["client"] else ""


async def _live(receive: Receive, send: Send) -> None:
    """Timers and stores belong to whoever runs the role: there is nothing to start or to stop."""
    await receive()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await send({"type": "lifespan.shutdown.complete"})


async def _read(receive: Receive, limit: int) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise TransportError(None)
        body += message.get("body", b"")
        if len(body) > limit:
            raise TransportError(413)
        if not message.get("more_body", False):
            return bytes(body)


async def _answer(response: HttpResponse, send: Send, *, head: bool) -> None:
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in response.headers]
    headers.append((b"content-length", str(len(response.body)).encode()))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if head else response.body})
