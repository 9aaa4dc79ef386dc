"""The way out of Tax online in the sandbox: an HTTP transport for a machine without DNS for its own names.

A service elsewhere leaves its library's transport as it is. Here ``login.localhost`` is this machine, and its TLS
certificate is the sandbox's own; zegel's one way out knows both.
"""

from typing import Final, final

import httpx2

from zegel.errors import Unavailable
from zegel.primitives.http import HttpRequest
from zegel.services.ports import Outbound

_MAX_BODY: Final = 1 << 19  # claims with a portrait of 60 kB, twice in base64


@final
class OutboundTransport(httpx2.AsyncBaseTransport):
    """Sends an HTTPX client's requests through an ``Outbound``."""

    def __init__(self, outbound: Outbound) -> None:
        self._outbound = outbound

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send one request; ``ConnectError`` when it cannot be sent, or may not."""
        sent = HttpRequest(
            method=request.method,
            url=str(request.url),
            headers=tuple((name.lower(), value) for name, value in request.headers.items()),
            body=await request.aread(),
        )
        try:
            answer = await self._outbound.fetch(sent, max_bytes=_MAX_BODY)
        except Unavailable as error:
            raise httpx2.ConnectError(error.detail, request=request) from None
        return httpx2.Response(answer.status, headers=list(answer.headers), content=answer.body, request=request)
