"""A role, opened: where it listens, what it does on a timer, and how it is closed.

Whoever runs roles (a server, the demo, a test) decides about sockets; ``handle`` is the way in without one.
"""

import hmac
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Final, final
from urllib.parse import urlsplit

from zegel.adapters.challenges import ChallengeFolder
from zegel.adapters.keyfiles import load_secret
from zegel.adapters.sealing_keys import SealingKeys
from zegel.config.overload import OverloadConfig
from zegel.config.role import RoleConfig
from zegel.config.roles import Config
from zegel.primitives.encoding import base64url
from zegel.primitives.http import HttpRequest, HttpResponse
from zegel.services.ports import Clock, Outbound, Random
from zegel.services.trust import Trust
from zegel.web.asgi import AsgiApp, AsgiCallable
from zegel.web.browser import CookiePolicy
from zegel.web.challenges import challenge_routes
from zegel.web.load import Load
from zegel.web.monitor import Monitor, probes
from zegel.web.pages import WaysOn, error_page
from zegel.web.routing import Route, SiteT
from zegel.web.site import Site, SitePolicy
from zegel.web.turnstile import Limits, Turnstile

FRONT_PAGE: Final = ("/", "To the first page")  # where a page leads on that knows of nothing better


async def _nothing_to_close() -> None:
    """A world in memory."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What roles are opened with: the configuration, and the adapters that all of them share.

    ``neighbour`` is the way to the operator API of another role, by its origin; None: there is one way for all.
    ``load`` is what they have in hand together. ``close`` is called at the end, when no role is open any more.
    """

    config: Config
    clock: Clock
    random: Random
    outbound: Outbound
    trust: Trust
    neighbour: Callable[[str], Outbound] | None = None
    load: Load = field(default_factory=lambda: Load(OverloadConfig()))
    close: Callable[[], Awaitable[None]] = _nothing_to_close


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """An application and where it listens. ``tls`` is a PEM chain and its key, None for plain http."""

    name: str
    origin: str
    address: str
    port: int
    tls: tuple[Path, Path] | None
    app: AsgiCallable
    handle: Callable[[HttpRequest], Awaitable[HttpResponse]]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Timer:
    """Something that a role does at the start, and then every so many seconds; ``for_all`` its workers, one of them.

    ``sooner`` says after each time in how many seconds something is due that does not wait for so long.
    """

    name: str
    seconds: float
    act: Callable[[], Awaitable[object]]
    for_all: bool = False
    sooner: Callable[[], float] | None = None

    def pause(self) -> float:
        """Until it acts again, in seconds, if it acted well."""
        return self.seconds if self.sooner is None else min(self.seconds, self.sooner())


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class OpenRole:
    """A role that is ready to answer.

    ``launch`` makes a one-time code that opens its pages, for whoever runs it; None where they are open to all.
    ``end_waits`` is called when the end begins: what only waits is to be answered as it stands.
    """

    name: str
    listeners: tuple[Listener, ...]
    timers: tuple[Timer, ...]
    close: Callable[[], None]
    launch: Callable[[], str] | None = None
    end_waits: Callable[[], None] | None = None


def public_listener(
    name: str,
    role: SiteT,
    routes: Sequence[Route[SiteT]],
    *,
    config: RoleConfig,
    title: str,
    world: World,
    monitor: Monitor | None = None,
    back: tuple[str, str] | None = FRONT_PAGE,
    ways_on: WaysOn | None = None,
    limits: Limits | None = None,
) -> Listener:
    """The listener at a role's own origin; ``back`` is an address, with its text, to which pages of refusals lead.

    ``ways_on`` are those of some refusals, in its place.
    ``limits`` are how often it may be asked, None where that may be without end.
    """
    proxies = config.trusted_proxies
    challenges = () if config.challenges is None else challenge_routes(ChallengeFolder(config.challenges).read)
    return listener(
        role,
        (*routes, *challenges, *(() if monitor is None else probes(monitor))),
        SitePolicy(role=name, origin=config.origin, operator_token=None),
        title=title,
        address=config.address,
        port=config.port,
        tls=tls_files(config),
        world=world,
        monitor=monitor,
        back=back,
        ways_on=ways_on,
        turnstile=None if limits is None else Turnstile(limits, proxies=proxies, clock=world.clock),
    )


def tls_files(config: RoleConfig) -> tuple[Path, Path] | None:
    """The chain and the key for TLS, where the role speaks it itself."""
    if config.tls_certificate is None or config.tls_key is None:
        return None
    return config.tls_certificate, config.tls_key


def operator_listener(
    name: str,
    role: SiteT,
    routes: Sequence[Route[SiteT]],
    *,
    address: str,
    port: int,
    token: Path,
    limits: Limits,
    world: World,
    monitor: Monitor | None = None,
) -> Listener:
    """The listener of a role's operator API: plain http, on loopback unless it is configured otherwise."""
    policy = SitePolicy(
        role=f"{name} operator", origin=f"http://{address}:{port}", operator_token=operator_digest(token)
    )
    return listener(
        role,
        routes,
        policy,
        title=name,
        address=address,
        port=port,
        tls=None,
        world=world,
        monitor=monitor,
        turnstile=Turnstile(limits, proxies=(), clock=world.clock),  # no proxy leads here
    )


def operator_digest(token: Path) -> bytes:
    """What is kept of an operator's bearer token."""
    return sha256(base64url(load_secret(token)).encode()).digest()


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class RoleSecrets:
    """A role's sealing key, and those that it took the place of whose words still count, newest first."""

    key: bytes
    earlier: tuple[bytes, ...] = ()

    def derive(self, purpose: str) -> tuple[bytes, tuple[bytes, ...]]:
        """The key for a purpose, and the earlier ones for it."""
        return role_key(self.key, purpose), tuple(role_key(each, purpose) for each in self.earlier)


def secrets_of(sealing: SealingKeys, world: World) -> RoleSecrets:
    """What a role derives keys from."""
    return RoleSecrets(key=sealing.current, earlier=sealing.counting(world.clock.now()))


def role_key(sealing_key: bytes, purpose: str) -> bytes:
    """A key of 32 bytes for one purpose of a role, from the key that seals its database (RFC 5869 section 2.3)."""
    return hmac.digest(sealing_key, b"zegel role key: " + purpose.encode(), "sha256")


def cookie_policy(name: str, config: RoleConfig, secrets: RoleSecrets) -> CookiePolicy:
    """How a role names and protects its browsers' cookies."""
    key, earlier = secrets.derive("csrf")
    return CookiePolicy(role=name, secure=config.origin.startswith("https:"), key=key, earlier=earlier)


def listener(
    role: SiteT,
    routes: Sequence[Route[SiteT]],
    policy: SitePolicy,
    *,
    title: str,
    address: str,
    port: int,
    tls: tuple[Path, Path] | None,
    world: World,
    monitor: Monitor | None = None,
    back: tuple[str, str] | None = None,
    ways_on: WaysOn | None = None,
    turnstile: Turnstile | None = None,
) -> Listener:
    """A site that listens; ``monitor`` has what it counts."""
    site = Site(
        role,
        routes=routes,
        policy=policy,
        page=error_page(role=title, host=urlsplit(policy.origin).netloc, back=back, ways_on=ways_on),
        random=world.random,
        traffic=None if monitor is None else monitor.traffic(policy.role),
        turnstile=turnstile,
        load=world.load,
    )
    return Listener(
        name=policy.role,
        origin=policy.origin,
        address=address,
        port=port,
        tls=tls,
        app=AsgiApp(site.respond, site.refuse, origin=policy.origin),
        handle=site.handle,
    )
