"""Roles that are opened once and played with: for each POST route, how one comes to the request that it would take.

A play goes through the protocol as a wallet, a service, a person or an operator does, and stops before the request that
is asked for. What is prepared so is sound up to the last byte, and so the fuzzer begins at the innermost door.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Final

from zegel_testing.relying_party import form_to

from zegel.adapters.keyfiles import load_secret
from zegel.adapters.memory import ManualClock
from zegel.config.roles import Config
from zegel.config.setting import Count
from zegel.primitives.encoding import base64url
from zegel.primitives.http import JSON, HttpRequest
from zegel.primitives.json import encode_json
from zegel.protocols.openid4vp.link import parse_link
from zegel.services.ports import Handler
from zegel.web.app.roles import Listener, OpenRole
from zegel_fuzz.message import Good, with_query_below

_ENDLESS: Final = 1_000_000

Play = Callable[[], Awaitable[Good]]


@dataclass(frozen=True)
class Ground:
    """Roles that are open. ``plays`` by the name of the endpoint; ``listeners`` by the part of it before the path."""

    listeners: Mapping[str, Listener]
    plays: Mapping[str, tuple[Play, ...]]
    clock: ManualClock


class Caught(Exception):
    """A request was kept, and went no further."""


class Trap:
    """Stands before every role, and keeps the next request at the path that it is told."""

    def __init__(self, handlers: dict[str, Handler]) -> None:
        self._path: str | None = None
        self._method = "POST"
        self._after = 0
        self._caught: HttpRequest | None = None
        for origin, handler in list(handlers.items()):
            handlers[origin] = self._before(handler)

    def play(self, path: str, act: Callable[[], Awaitable[Any]], *, method: str = "POST", after: int = 0) -> Play:
        """The play that ends where something is sent to the path, after so many that are let through."""

        async def play() -> Good:
            caught = await self.catch(path, act, method=method, after=after)
            return Good(caught if method == "POST" else with_query_below(caught))

        return play

    async def catch(
        self, path: str, act: Callable[[], Awaitable[Any]], *, method: str = "POST", after: int = 0
    ) -> HttpRequest:
        """The request that doing this would have sent to the path."""
        self._path, self._method, self._after, self._caught = path, method, after, None
        try:
            await act()
        except Exception:
            if self._caught is None:  # whoever asked may have made an error of its own of it
                raise
        finally:
            self._path = None
        assert self._caught is not None, f"nothing was sent to {path}"
        return self._caught

    def _before(self, handler: Handler) -> Handler:
        async def watched(request: HttpRequest) -> Any:
            if self._path is not None and request.method == self._method and request.path.startswith(self._path):
                if not self._after:
                    self._caught, self._path = request, None
                    raise Caught
                self._after -= 1
            return await handler(request)

        return watched


def unhurried(config: Config) -> Config:
    """The configuration with nobody told to wait: what is behind the counters is fuzzed, and they have their tests."""
    roles = {role.name: getattr(config, role.name) for role in fields(config)}
    counted = {name: role.rates for name, role in roles.items() if hasattr(role, "rates")}
    lifted = {
        name: replace(rates, **{rate.name: Count(_ENDLESS) for rate in fields(rates)})
        for name, rates in counted.items()
    }
    return replace(config, **{name: replace(roles[name], rates=rates) for name, rates in lifted.items()})


def listeners_of(*roles: OpenRole) -> dict[str, Listener]:
    """By name, with a hyphen where there is a space."""
    return {listener.name.replace(" ", "-"): listener for role in roles for listener in role.listeners}


def posted(url: str, body: bytes = b"", *headers: tuple[str, str]) -> Play:
    """A request that needs nothing before it."""

    async def play() -> Good:
        return Good(HttpRequest(method="POST", url=url, headers=headers, body=body))

    return play


def operated(config: Any, path: str, members: Mapping[str, Any]) -> Play:
    """A call of an operator's."""
    url = f"http://{config.operator_address}:{config.operator_port}{path}"
    token = base64url(load_secret(config.operator_token))
    return posted(url, encode_json(dict(members)), ("authorization", f"Bearer {token}"), ("content-type", JSON))


async def fetched(link: Callable[[], Awaitable[str]]) -> Good:
    """A wallet that fetches a request object by POST."""
    uri = parse_link(await link()).unverified_request_uri
    assert uri is not None
    return Good(form_to(uri, {"wallet_nonce": "n" * 43, "wallet_metadata": '{"vp_formats_supported":{}}'}))
