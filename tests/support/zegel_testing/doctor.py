"""What examines a world for a doctor: its eyes, a peer that has one fault, and what was found."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from email.utils import formatdate
from typing import Any

from zegel.adapters.entropy import system_random
from zegel.errors import Unavailable
from zegel.primitives.http import HttpRequest, HttpResponse
from zegel.profiles import HAIP
from zegel.services.doctor.eyes import Eyes
from zegel.services.doctor.findings import Finding, State
from zegel.services.doctor.topics import Topic
from zegel.services.ports import Handler, Outbound, TlsPeer
from zegel.trust.anchors import TrustAnchors
from zegel.web.app.roles import World
from zegel.web.app.trust import open_trust
from zegel_testing.authorities import NOW

Spoil = Callable[[HttpRequest, HttpResponse], HttpResponse]


@dataclass
class Spoiled:
    """A way out behind which a good peer has one fault."""

    outbound: Outbound
    spoil: Spoil

    async def fetch(self, request: HttpRequest, *, redirects: int = 0, max_bytes: int = 1 << 18) -> HttpResponse:
        response = await self.outbound.fetch(request, redirects=redirects, max_bytes=max_bytes)
        dated = replace(response, headers=(*response.headers, ("date", date(0))))
        return self.spoil(request, dated)


@dataclass
class Handshake:
    """A ``TlsProbe`` that shakes hands as it is told to."""

    peer: TlsPeer | None = None

    async def look(self, origin: str) -> TlsPeer:
        if self.peer is None:
            raise Unavailable(origin, "its certificate is not accepted: hostname mismatch")
        return self.peer


def date(seconds: int) -> str:
    """A Date header so long after now."""
    return formatdate(NOW + seconds, usegmt=True)


def untouched(_request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """No fault."""
    return response


def eyes(world: World, spoil: Spoil = untouched, *, tls: TlsPeer | None = None, **changes: Any) -> Eyes:
    """The eyes of a wallet of this world, before which a peer has a fault."""
    seen = Eyes(
        outbound=Spoiled(world.outbound, spoil),
        trust=world.trust,
        tls=Handshake(tls),
        clock=world.clock,
        random=system_random,
        profile=HAIP,
        plain_origins=world.config.loopback_origins(),
        transaction_types={},
        operators=TrustAnchors(()),
    )
    return replace(seen, **changes)


def ill(findings: Any) -> set[tuple[Topic, str, State]]:
    """What is not good: its topic, its subject and how it stands."""
    return {(each.topic, each.subject, each.state) for each in findings if each.state is not State.GOOD}


def found(findings: Any, topic: Topic, subject: str) -> Finding:
    """The finding about a subject."""
    return next(each for each in findings if (each.topic, each.subject) == (topic, subject))


async def serve_trust(world: World, handlers: dict[str, Handler]) -> None:
    """Have the publisher of trust answer beside the others: it has the status list of the registrations."""
    role = await open_trust(world)
    handlers |= {listener.origin: listener.handle for listener in role.listeners}
