"""A role's site: every request passes here, in the same order, before a handler sees it and after.

1 the host is ours   2 a route takes it   3 a person's form comes from our page, an operator has the token
4 the address does not come too often   5 the body fits   6 nor does the session   7 there is time for it   8 the
handler answers, or an error becomes an answer   9 one log line, and the counts   10 headers of every answer
"""

import asyncio
import hmac
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Final, Generic, final
from urllib.parse import urlsplit

from zegel.adapters.logs import Log
from zegel.checks import Check
from zegel.config.overload import OverloadConfig
from zegel.config.setting import is_loopback
from zegel.errors import Rejected, Unavailable, ZegelError, explain
from zegel.primitives.http import HttpRequest, HttpResponse
from zegel.services.ports import Random
from zegel.services.rates import Limit
from zegel.web.asgi import BODY_SECONDS, TransportError
from zegel.web.browser import check_same_site
from zegel.web.errors import (
    ErrorPage,
    TooLarge,
    TooSlow,
    WordedRefusal,
    bug_response,
    error_response,
    status_of,
    told_to_wait,
)
from zegel.web.load import REFRESH_SECONDS, Load
from zegel.web.problem import nothing_here
from zegel.web.routing import Audience, Matched, Route, SiteT, find_route
from zegel.web.traffic import Traffic
from zegel.web.turnstile import Turnstile

ReadBody = Callable[[int], Awaitable[bytes]]

_CONTENT_POLICY: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; "
    "form-action {form_action}; frame-ancestors 'none'; base-uri 'none'"
)
_WITH_BODY: Final = ("POST", "PUT")
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_OF_HTTP: Final = frozenset({408, 413, 421})  # of a request, whatever protocol it carries
_NO_ROUTE: Final = "-"
_REQUEST_ID_BYTES: Final = 8
_SOME_ID: Final = "00" * _REQUEST_ID_BYTES


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class SitePolicy:
    """What a site is told once: its role, its origin, who may operate it.

    ``operator_token`` is the SHA-256 of the operator's bearer token, or None where there is no operator's listener.
    ``any_host``: it is called by names that it does not know.
    """

    role: str
    origin: str
    operator_token: bytes | None
    any_host: bool = False


@final
class Site(Generic[SiteT]):
    """The handlers of one role, behind the checks that all roles share."""

    def __init__(
        self,
        role: SiteT,
        *,
        routes: Sequence[Route[SiteT]],
        policy: SitePolicy,
        page: ErrorPage,
        random: Random,
        traffic: Traffic | None = None,
        turnstile: Turnstile | None = None,
        load: Load | None = None,
    ) -> None:
        self._role = role
        self._routes = routes
        self._policy = policy
        self._page = page
        self._random = random
        self._log = Log(policy.role)
        self._turnstile = turnstile
        self._load = load or Load(OverloadConfig())
        self._drawn: dict[str, HttpResponse] = {}
        self._traffic = traffic or Traffic(policy.role)
        self._hosts = _names_of(policy.origin)

    async def handle(self, request: HttpRequest) -> HttpResponse:
        """Answer a request whose body is there: the way in for peers without a server."""

        async def read_body(_limit: int) -> bytes:
            return request.body

        return await self.respond(request, read_body)

    async def respond(self, request: HttpRequest, read_body: ReadBody) -> HttpResponse:
        """Answer a request; ``read_body`` fetches at most so many bytes. ``TransportError`` when nobody waits."""
        began = time.perf_counter() - request.waited
        request_id = self._random(_REQUEST_ID_BYTES).hex()
        found = find_route(self._routes, request)
        failed: Exception | None = None
        try:
            response, failed = await self._answer(found, request, read_body, request_id)
        except TransportError:  # nobody waits for an answer
            raise
        except asyncio.CancelledError:  # the role ends, and what still runs has had its time
            failed = Unavailable("role", "it ends, and this takes too long to wait for")
            response = self._refusal(failed, found, request, request_id)
        except Exception as error:  # noqa: BLE001 the last line: a bug of ours becomes a plain 500 with an id
            failed = error
            response = bug_response(audience=_audience(found, request), request_id=request_id, page=self._page)
        route = _NO_ROUTE if isinstance(found, HttpResponse) else f"{request.method} {found.route.path}"
        return self._finished(request_id, route, response, failed, began)

    def refuse(self, request: HttpRequest, error: ZegelError) -> HttpResponse:
        """Answer a request of which no more than its head is looked at, for that is refused."""
        began = time.perf_counter() - request.waited
        request_id = self._random(_REQUEST_ID_BYTES).hex()
        response = self._refusal(error, HttpResponse(status=status_of(error)), request, request_id)
        return self._finished(request_id, _NO_ROUTE, response, error, began)

    async def _answer(
        self, found: Matched[SiteT] | HttpResponse, request: HttpRequest, read_body: ReadBody, request_id: str
    ) -> tuple[HttpResponse, ZegelError | None]:
        """The handler's answer, or how the route words a refusal, and the refusal."""
        try:
            self._check_host(request)
            if isinstance(found, HttpResponse):
                return self._nothing_here(found, request, request_id), None
            self._check_sender(found.route, request)
            self._admit_sender(found.route, request)
            body = await _read(read_body, found.route.max_body) if request.method in _WITH_BODY else b""
            whole = replace(request, body=body)
            self._admit_session(found.route, whole)
            with self._load.take(found.route.priority, waited=request.waited):
                response = await found.route.handler(self._role, whole, **found.parts)
            bare = response.status in (404, 406) and not response.body
            return self._nothing_here(response, request, request_id) if bare else response, None
        except (TooLarge, TooSlow) as error:  # the rest of it is on its way, and nobody is going to read it
            refusal = self._refusal(error, found, request, request_id)
            return replace(refusal, headers=(*refusal.headers, ("connection", "close"))), error
        except WordedRefusal as worded:
            return told_to_wait(worded.page, worded.error), worded.error
        except ZegelError as error:
            return self._refusal(error, found, request, request_id), error

    def _refusal(
        self, error: ZegelError, found: Matched[SiteT] | HttpResponse, request: HttpRequest, request_id: str
    ) -> HttpResponse:
        if isinstance(found, Matched) and found.route.refusal is not None:
            response = told_to_wait(found.route.refusal(self._role, error), error)
            status = status_of(error)
            return replace(response, status=status) if status in _OF_HTTP else response
        audience = _audience(found, request)
        if error.check is Check.OVERLOAD and audience is Audience.PERSON:
            return self._overloaded(error, request, request_id)
        response = error_response(error, audience=audience, request_id=request_id, page=self._page)
        return told_to_wait(response, error)

    def _overloaded(self, error: ZegelError, request: HttpRequest, request_id: str) -> HttpResponse:
        """The page when there is too much to do: drawn once for each reason, whose pages differ in the request's id."""
        drawn = self._drawn.get(error.detail)
        if drawn is None:
            drawn = told_to_wait(self._page(explain(error), _SOME_ID, status_of(error)), error)
            self._drawn[error.detail] = drawn
        again = (("refresh", str(REFRESH_SECONDS)),) if request.method == "GET" else ()
        body = drawn.body.replace(_SOME_ID.encode(), request_id.encode())
        return replace(drawn, headers=(*drawn.headers, *again), body=body)

    def _nothing_here(self, response: HttpResponse, request: HttpRequest, request_id: str) -> HttpResponse:
        """The 404, 405 or 406: a page for a person, and problem details for a program."""
        if _audience(response, request) is not Audience.PERSON:
            return nothing_here(response)
        page = self._page(None, request_id, response.status)
        return replace(page, headers=(*page.headers, *response.headers))

    def _check_host(self, request: HttpRequest) -> HttpRequest:
        # A name that is not ours is a page of another site whose DNS points here. The operator's listener has the
        # token, which no page knows, and no name of its own.
        known = self._policy.any_host or self._policy.operator_token is not None
        host = request.header("host")
        if not known and host is not None and host.lower() not in self._hosts:
            raise Rejected(Check.HOST, f"expected {self._hosts[0]}", field="header.host")
        return request

    def _check_sender(self, route: Route[SiteT], request: HttpRequest) -> HttpRequest:
        if route.audience is Audience.OPERATOR:
            return self._check_operator(request)
        if route.audience is Audience.PERSON and request.method == "POST" and not route.from_elsewhere:
            check_same_site(request, origin=self._policy.origin)
        return request

    def _check_operator(self, request: HttpRequest) -> HttpRequest:
        try:
            return _check_token(request, self._policy.operator_token)
        except Rejected:
            if self._turnstile is not None:  # wrong ones alone: nobody keeps the operator out
                self._turnstile.admit_sender(Limit.OPERATOR_TOKEN, request)
            raise

    def _admit_sender(self, route: Route[SiteT], request: HttpRequest) -> None:
        limited = route.limited
        if limited is None or self._turnstile is None:
            return
        if limited.counts is None or limited.counts(self._role, request):
            self._turnstile.admit_sender(limited.limit, request)

    def _admit_session(self, route: Route[SiteT], request: HttpRequest) -> None:
        if route.limited is not None and route.limited.session is not None and self._turnstile is not None:
            session = route.limited.session(self._role, request)
            if session:
                self._turnstile.admit_session(route.limited.limit, session)

    def _finished(
        self, request_id: str, route: str, response: HttpResponse, error: Exception | None, began: float
    ) -> HttpResponse:
        seconds = time.perf_counter() - began
        self._log.write(
            "request",
            request=request_id,
            route=route,  # the template: a path may name a session
            status=response.status,
            ms=round(seconds * 1000),
            error=error,
        )
        self._traffic.note(route=route, status=response.status, seconds=seconds, error=error)
        return replace(response, headers=(*response.headers, *self._headers(response), ("x-request-id", request_id)))

    def _headers(self, response: HttpResponse) -> tuple[tuple[str, str], ...]:
        headers = [("x-content-type-options", "nosniff")]
        # not on loopback, where the same hosts speak plain http tomorrow: a browser would insist for a year
        if self._policy.origin.startswith("https:") and not is_loopback(self._policy.origin):
            headers.append(("strict-transport-security", "max-age=31536000"))
        if (response.header("content-type") or "").startswith("text/html"):
            if response.header("content-security-policy") is None:
                headers.append(content_policy())
            headers += [
                ("referrer-policy", "same-origin"),  # no-referrer would make Origin null on our own forms
                ("cross-origin-opener-policy", "same-origin"),
            ]
            if response.header("permissions-policy") is None:
                headers.append(("permissions-policy", "camera=(), geolocation=(), microphone=()"))
            if response.header("cache-control") is None:
                headers.append(("cache-control", "no-store"))
        return tuple(headers)


def content_policy(*form_targets: str) -> tuple[str, str]:
    """The Content-Security-Policy of a page.

    ``form_targets`` are origins to which its forms lead in the end: browsers hold a redirect after a form against
    form-action too (CSP level 3 section 6.4.1).
    """
    return "content-security-policy", _CONTENT_POLICY.format(form_action=" ".join(("'self'", *form_targets)))


def _names_of(origin: str) -> tuple[str, ...]:
    """How a host is named by whoever means this origin, in lower case (RFC 9110 section 4.2.3)."""
    parts = urlsplit(origin.lower())
    return (parts.netloc,) if parts.port else (parts.netloc, f"{parts.netloc}:{_DEFAULT_PORTS[parts.scheme]}")


def _audience(found: Matched[SiteT] | HttpResponse, request: HttpRequest) -> Audience:
    """Who reads the answer: whom the route is for, and where there is none a person whose browser asks for a page."""
    if isinstance(found, Matched):
        return found.route.audience
    return Audience.PERSON if "text/html" in request.listed("accept") else Audience.MACHINE


async def _read(read_body: ReadBody, limit: int) -> bytes:
    try:
        return await read_body(limit)
    except TransportError as error:
        if error.status is None:
            raise
        raise (TooLarge(limit) if error.status == 413 else TooSlow(BODY_SECONDS)) from None


def _check_token(request: HttpRequest, token: bytes | None) -> HttpRequest:
    scheme, _, sent = (request.header("authorization") or "").partition(" ")
    known = token is not None and hmac.compare_digest(sha256(sent.strip().encode()).digest(), token)
    if not known or scheme.lower() != "bearer":
        raise Rejected(Check.OPERATOR_TOKEN, "expected the bearer token of this role", field="header.authorization")
    return request
