"""A target for each POST route, and for what browsers are sent to: whatever comes is answered, and never with a fault.

A role is opened once. Where something was taken, where a while has passed without, and where the ground is worn, the
good request is prepared anew.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, contextmanager
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from zegel_testing.authorities import DAY, NOW

from zegel.primitives.http import HttpRequest, HttpResponse
from zegel.web import (
    access_authority,
    access_operator,
    door,
    issuer_operator,
    log,
    provider,
    registrar,
    registrar_desk,
    registrar_invitations,
    registrar_officers,
    registrar_operator,
    registrar_pages,
    registrar_passkeys,
    trust,
    verifier,
    verifier_operator,
    wallet,
    wallet_provider,
)
from zegel.web.app import issuer
from zegel.web.asgi import call_asgi
from zegel.web.routing import Route
from zegel_fuzz.asking import asking_ground
from zegel_fuzz.at_the_door import door_ground
from zegel_fuzz.certifying import certifying_ground
from zegel_fuzz.ground import Ground, Play
from zegel_fuzz.holding import holding_ground, plain_holding_ground
from zegel_fuzz.issuing import issuing_ground, plain_issuing_ground, town_ground
from zegel_fuzz.keeping_log import keeping_log_ground
from zegel_fuzz.message import (
    Good,
    body_template,
    expanded,
    message_of,
    opened_bodies,
    opened_templates,
    request_of,
    sendable,
    template_of,
)
from zegel_fuzz.registering import registering_ground
from zegel_fuzz.signing_in import signing_in_ground
from zegel_fuzz.target import Broken, Opened, Target, within

Opening = Callable[[Path], AbstractAsyncContextManager[Ground]]

WITH_BODY: Final = ("POST", "PUT")
SECONDS: Final = 2.0  # for one request, while every line is counted
SEALED: Final = "+sealed"
"""What the name of a target ends in whose bytes are encrypted to the role before they are sent."""
ROUTES: Final[Mapping[str, Sequence[Route[Any]]]] = {
    "issuer": issuer.ROUTES,
    "issuer-operator": issuer_operator.ROUTES,
    "wallet-provider": wallet_provider.ROUTES,
    "wallet-provider-operator": wallet_provider.OPERATOR_ROUTES,
    "verifier": verifier.ROUTES,
    "verifier-operator": verifier_operator.ROUTES,
    "provider": provider.ROUTES,
    "door": door.ROUTES,
    "wallet": wallet.ROUTES,
    "trust": trust.ROUTES,
    "transparency-log": log.ROUTES,
    "registrar": (
        *registrar.ROUTES,
        *registrar_pages.ROUTES,
        *registrar_desk.ROUTES,
        *registrar_officers.ROUTES,
        *registrar_passkeys.ROUTES,
        *registrar_invitations.ROUTES,
    ),
    "registrar-operator": registrar_operator.OPERATOR_ROUTES,
    "access-authority": access_authority.ROUTES,
    "access-authority-operator": access_operator.OPERATOR_ROUTES,
}
SERVICE: Final = "service/sign-out"  # of Tax online, which is an application of another kind
PLAIN: Final = "+plain"
"""What the name of a target ends in whose role has the profile plain, which takes more."""
_GROUNDS: Final[Mapping[str, Opening]] = {
    "issuer/request/": town_ground,
    "issuer/response/": town_ground,
    "issuer/log-in/certificate": town_ground,
    "issuer/log-in/return?": town_ground,
    "issuer": issuing_ground,
    "wallet-provider": issuing_ground,
    "verifier": asking_ground,
    "transparency-log": keeping_log_ground,
    "provider": signing_in_ground,
    "service": signing_in_ground,
    "door": door_ground,
    "wallet": holding_ground,
    "registrar": registering_ground,
    "access-authority": certifying_ground,
}
_PLAIN: Final[Mapping[str, Opening]] = {
    "issuer/par": plain_issuing_ground,
    "issuer/token": plain_issuing_ground,
    "issuer/credential": plain_issuing_ground,
    "wallet/receive/{flow}": plain_holding_ground,
}
_SEALED: Final = ("issuer/credential", "issuer/deferred-credential", "verifier/response/{session}")
_CALLS_OUT: Final = ("wallet/",)  # where a link may lead to somebody who is not there
_STALE: Final = 100  # runs without anything taken: tries are counted, and doors close
_WORN_BY_RUNS: Final = 20_000
_WORN_BY_PLAYS: Final = 400  # each leaves a session, a flow or a row behind
_WORN_BY_TIME: Final = 2 * DAY  # later, lists and attestations would come to their end
_MEMORY: Final = Path("/dev/shm")  # databases that are synced to no disk


QUERIES: Final = (
    "issuer/authorize?",
    "issuer/log-in/return?",
    "verifier/return/{session}?",
    "provider/authorize?",
    "provider/return/{session}?",
    "door/return/{session}?",
    "wallet/receive?",
    "wallet/present?",
    "wallet/callback?",
)
"""Routes to which a browser is sent from elsewhere, with a query."""


def endpoint_names() -> list[str]:
    """Every route that takes a body, by its listener and path; and those that take a query."""
    each = ((name, route) for name, routes in ROUTES.items() for route in routes)
    routed = [f"{name}{route.path}" for name, route in each if route.method in WITH_BODY]
    return [*routed, SERVICE, *QUERIES]


def endpoint_targets() -> Iterator[Target]:
    """One for each route; more for what is encrypted within, and for what the profile plain takes."""
    for name in endpoint_names():
        ground = next(opening for beginning, opening in _GROUNDS.items() if name.startswith(beginning))
        yield Target(name=name, open=_opening(name, ground, sealed=False))
        if name in _SEALED:
            yield Target(name=name + SEALED, open=_opening(name, ground, sealed=True))
        if name in _PLAIN:
            yield Target(name=name + PLAIN, open=_opening(name, _PLAIN[name], sealed=False))


def _opening(name: str, ground: Opening, *, sealed: bool) -> Callable[[], Any]:
    @contextmanager
    def opened() -> Iterator[Opened]:
        loop = asyncio.new_event_loop()
        endpoint = _Endpoint(name, ground, loop, sealed=sealed)
        try:
            with _bugs() as bugs:
                yield Opened(run=lambda data: endpoint.run(data, bugs), seeds=endpoint.seeds())
        finally:
            endpoint.close()
            loop.close()

    return opened


class _Endpoint:
    """One endpoint on ground of its own."""

    def __init__(self, name: str, opening: Opening, loop: asyncio.AbstractEventLoop, *, sealed: bool) -> None:
        self._name = name
        self._opening = opening
        self._loop = loop
        self._sealed = sealed
        self._listener = name.partition("/")[0]
        self._ground: Ground | None = None
        self._stack = AsyncExitStack()
        self._good: Good | None = None
        self._plays: Iterator[Play] = iter(())
        self._runs = self._played = self._since = 0

    def seeds(self) -> list[bytes]:
        """The good requests, to the byte and by name."""
        found = []
        for play in self._opened().plays[self._name]:
            good = self._loop.run_until_complete(play())
            if not self._sealed:
                found += [message_of(good.request), template_of(good.request), *opened_templates(good.request)]
            elif good.inside is not None:
                found += [good.inside, body_template(good.inside), *opened_bodies(good.inside)]
        return found

    def run(self, data: bytes, bugs: list[BaseException]) -> str:
        """Send the message. ``bugs`` are what the role has logged as such."""
        request = self._request(data)
        bugs.clear()
        with within(SECONDS):
            app = self._opened().listeners[self._listener].app
            response = self._loop.run_until_complete(call_asgi(app, sendable(request)))
        if bugs:
            raise bugs[0]
        _check_answer(response, calls_out=self._name.startswith(_CALLS_OUT))
        if response.status < 400:
            self._good = None
        elif response.status == 429:
            self._wait(response)
        self._wear()
        return str(response.status)

    def close(self) -> None:
        """Leave the ground; the next one is fresh."""
        self._loop.run_until_complete(self._stack.aclose())
        self._stack = AsyncExitStack()
        self._ground = self._good = None

    def _request(self, data: bytes) -> HttpRequest:
        good = self._prepared()
        if not self._sealed:
            return request_of(data, good.request)
        while good.seal is None or good.inside is None:  # the plays take turns, and not each of them seals
            self._good = None
            good = self._prepared()
        return good.seal(expanded(data, HttpRequest(method="POST", url=good.request.url, body=good.inside)))

    def _prepared(self) -> Good:
        if self._good is None:
            try:
                self._good = self._play()
            except Exception:  # noqa: BLE001 the ground is worn in a way that nobody thought of; or the play is wrong
                self.close()
                self._good = self._play()
            self._played += 1
            self._since = 0
        return self._good

    def _play(self) -> Good:
        self._opened().clock.advance(1)
        return self._loop.run_until_complete(next(self._plays)())

    def _opened(self) -> Ground:
        if self._ground is None:
            place = self._stack.enter_context(TemporaryDirectory(dir=_MEMORY if _MEMORY.is_dir() else None))
            self._ground = self._loop.run_until_complete(self._stack.enter_async_context(self._opening(Path(place))))
            self._plays = cycle(self._ground.plays[self._name])
            self._runs = self._played = 0
        return self._ground

    def _wear(self) -> None:
        self._runs += 1
        self._since += 1
        if self._since >= _STALE:
            self._good = None
        if self._runs >= _WORN_BY_RUNS or self._played >= _WORN_BY_PLAYS:
            self.close()

    def _wait(self, response: HttpResponse) -> None:
        """Let the time pass that is asked for; on ground where it would become too late, begin anew."""
        clock = self._opened().clock
        clock.advance(int(response.header("retry-after") or 1))
        self._good = None
        if clock.now() - NOW > _WORN_BY_TIME:
            self.close()


def _check_answer(response: HttpResponse, *, calls_out: bool) -> HttpResponse:
    """The answer, if it is one that a stranger may get; ``Broken`` otherwise."""
    unavailable = calls_out and response.status == 503
    if response.status >= 500 and not unavailable:
        raise Broken(f"it was answered with {response.status}")
    if b"Traceback (most recent call last)" in response.body:
        raise Broken("a stack trace was shown")
    return response


@contextmanager
def _bugs() -> Iterator[list[BaseException]]:
    """What is logged as a bug of ours while it is open; nothing else is logged."""
    found: list[BaseException] = []

    class Keeper(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.exc_info and record.exc_info[1] is not None:
                found.append(record.exc_info[1])

    logger = logging.getLogger("zegel")
    keeper, level, propagate = Keeper(level=logging.ERROR), logger.level, logger.propagate
    logger.addHandler(keeper)
    logger.setLevel(logging.ERROR)
    logger.propagate = False
    try:
        yield found
    finally:
        logger.removeHandler(keeper)
        logger.setLevel(level)
        logger.propagate = propagate
