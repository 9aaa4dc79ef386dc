"""From a request to its handler: exact methods, exact paths, named parts.

A handler is ``async def handler(site, request, **parts) -> HttpResponse``; ``site`` is the role's own. Routing knows no
server, so that in a test a wallet, an issuer and a verifier talk to each other without one.
"""

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Generic, TypeVar, final
from urllib.parse import unquote, urlsplit

from zegel.errors import ZegelError
from zegel.primitives.http import HttpRequest, HttpResponse
from zegel.web.load import Priority
from zegel.web.turnstile import Limited

SiteT = TypeVar("SiteT")
Site = TypeVar("Site", contravariant=True)

_PART: Final = re.compile(r"\{(\w+)\}")


class Audience(StrEnum):
    """Who reads the answers of a route, and so in which form a refusal comes."""

    PERSON = "person"  # an HTML page; forms need a CSRF token and the right Origin
    MACHINE = "machine"  # a JSON body
    OPERATOR = "operator"  # a JSON body, behind the operator's bearer token


@final
@dataclass(frozen=True, slots=True)
class Route(Generic[SiteT]):
    """A method and a path template such as ``/request/{session}``, and who answers.

    ``max_body`` is in bytes. ``refusal`` words a refusal where the protocol has its own way. ``from_elsewhere``: forms
    come from pages of other sites, which the protocol wants, so that nothing may follow from one but a page.
    ``limited`` says how its uses are counted, where it may be used only so often. ``priority`` says who is refused
    first when there is too much to do.
    """

    method: str
    path: str
    handler: Callable[..., Awaitable[HttpResponse]]
    audience: Audience = Audience.MACHINE
    max_body: int = 0
    refusal: Callable[[SiteT, ZegelError], HttpResponse] | None = None
    from_elsewhere: bool = False
    limited: Limited[SiteT] | None = None
    priority: Priority = Priority.CONTINUES
    _pattern: re.Pattern[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        literal = [re.escape(piece) for piece in _PART.split(self.path)]
        literal[1::2] = [f"(?P<{name}>[^/]+)" for name in literal[1::2]]
        object.__setattr__(self, "_pattern", re.compile("".join(literal)))

    def match(self, path: str) -> dict[str, str] | None:
        """The named parts of ``path``, or None when it is another's. No part is a path of its own."""
        found = self._pattern.fullmatch(path)
        if found is None:
            return None
        parts = {name: unquote(value) for name, value in found.groupdict().items()}
        return None if any("/" in part or part in (".", "..") for part in parts.values()) else parts


@final
@dataclass(frozen=True, slots=True)
class Matched(Generic[SiteT]):
    """A route that takes a request, and the named parts of its path."""

    route: Route[SiteT]
    parts: dict[str, str]


def find_route(routes: Sequence[Route[SiteT]], request: HttpRequest) -> Matched[SiteT] | HttpResponse:
    """The route that takes the request; otherwise the 404 or 405 that says why not."""
    path = urlsplit(request.url).path or "/"
    allowed: set[str] = set()
    for route in routes:
        parts = route.match(path)
        if parts is not None:
            methods = ("GET", "HEAD") if route.method == "GET" else (route.method,)  # RFC 9110 section 9.3.2
            if request.method in methods:
                return Matched(route, parts)
            allowed.update(methods)
    if allowed:
        return HttpResponse(status=405, headers=(("allow", ", ".join(sorted(allowed))),))
    return HttpResponse(status=404)
