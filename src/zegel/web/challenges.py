"""The answer of a role's host to the authority from which an access certificate for it was ordered (RFC 8555 8.3)."""

from collections.abc import Callable
from typing import Any

from zegel.primitives.http import HttpRequest, HttpResponse
from zegel.trust.access_authority.orders import CHALLENGE_PATH
from zegel.web.routing import Route


def challenge_routes(read: Callable[[str], bytes | None]) -> tuple[Route[Any], ...]:
    """The route of what is served, whatever site it stands on."""

    async def serve_challenge(_site: object, _request: HttpRequest, *, token: str) -> HttpResponse:
        body = read(token)
        if body is None:
            return HttpResponse(status=404)
        headers = (("content-type", "application/octet-stream"), ("cache-control", "no-store"))
        return HttpResponse(status=200, headers=headers, body=body)

    return (Route("GET", CHALLENGE_PATH + "{token}", serve_challenge),)
