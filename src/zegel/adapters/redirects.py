"""Following redirects: of a GET alone, a few times, and with nothing of the first request but what it accepts."""

from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import urljoin

from zegel.errors import Malformed
from zegel.primitives.http import HttpRequest, HttpResponse

MAX_REDIRECTS: Final = 3  # status list draft 20 section 8.1 allows them; a list behind a cache needs one
_REDIRECTIONS: Final = frozenset({301, 302, 303, 307, 308})
_CARRIED: Final = frozenset({"accept", "accept-language"})


async def follow(
    send: Callable[[HttpRequest], Awaitable[HttpResponse]], request: HttpRequest, *, redirects: int
) -> HttpResponse:
    """Send; follow at most ``redirects``. A redirect beyond them is returned as the response that it is.

    Neither a method other than GET nor a body is ever carried to another target, nor a header that could hold a
    secret. ``send`` sees, and may refuse, every target.
    """
    if redirects and (request.method != "GET" or request.body or redirects > MAX_REDIRECTS):
        raise ValueError(f"only a GET is redirected, at most {MAX_REDIRECTS} times")
    for _ in range(redirects):
        response = await send(request)
        target = _target(request, response)
        if target is None:
            return response
        carried = tuple((name, value) for name, value in request.headers if name in _CARRIED)
        request = HttpRequest(method="GET", url=target, headers=carried)
    return await send(request)


def _target(request: HttpRequest, response: HttpResponse) -> str | None:
    if response.status not in _REDIRECTIONS:
        return None
    try:
        location = response.header("location")
        return None if location is None else urljoin(request.url, location).partition("#")[0]
    except (Malformed, ValueError):
        return None
