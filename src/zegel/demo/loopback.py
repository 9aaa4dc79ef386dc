"""An HTTP transport for a machine without DNS for its own names: ``*.localhost`` is this machine (RFC 6761 6.3)."""

import ssl
from pathlib import Path
from typing import Final, final

import httpx

_LOOPBACK: Final = "127.0.0.1"


@final
class LoopbackTransport(httpx.AsyncBaseTransport):
    """Sends requests; names below ``localhost`` go to 127.0.0.1, still under their own name to TLS and HTTP.

    ``ca_file`` is a PEM file of authorities to trust beside the system's. No connection outlives its request, so that
    nothing has to be closed.
    """

    def __init__(self, *, ca_file: Path | None = None) -> None:
        context = ssl.create_default_context()
        if ca_file is not None:
            context.load_verify_locations(cafile=ca_file)
        self._inner = httpx.AsyncHTTPTransport(verify=context, limits=httpx.Limits(max_keepalive_connections=0))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request."""
        host = request.url.host
        if host == "localhost" or host.endswith(".localhost"):
            request = httpx.Request(
                request.method,
                request.url.copy_with(host=_LOOPBACK),
                headers=request.headers,  # with the Host that was asked for
                stream=request.stream,
                extensions={**request.extensions, "sni_hostname": host},
            )
        return await self._inner.handle_async_request(request)
