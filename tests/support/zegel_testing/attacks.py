"""What attacks on issuance need: a second authorization server, and what the issuer says when it refuses."""

import json
from dataclasses import dataclass, field, replace
from typing import Any

from zegel.primitives.http import HttpRequest, HttpResponse
from zegel.protocols.openid4vci.offer import OfferScheme, offer_link, parse_offer
from zegel_testing.issuance import with_header
from zegel_testing.issuing_world import IssuingWorld

EVIL = "http://evil.localhost:7999"


def refusal(response: HttpResponse) -> tuple[str, str]:
    """The OAuth code, where there is one, and the check with which an endpoint refused."""
    assert response.status >= 400, response.body
    body: dict[str, Any] = json.loads(response.body)
    return body.get("error", ""), body["check"]


def check_on(page: HttpResponse) -> str:
    """The check that a page of refusal names."""
    assert page.status >= 400, page.body
    return page.body.decode().partition("<dt>Check</dt><dd>")[2].partition("</dd>")[0]


def last(world: IssuingWorld, path: str) -> HttpRequest:
    """The last request that went to a path of the issuer."""
    return [request for request, _ in world.seen if request.url == world.issuer + path][-1]


@dataclass
class EvilServer:
    """An issuer of its own that speaks for the honest one: the same metadata under its own name, and whatever it is
    sent goes on to the honest one without the proofs that would give it away. ``heard`` is what it was sent.

    ``honest`` are the members of its server metadata that it leaves as they are.
    """

    world: IssuingWorld
    honest: tuple[str, ...] = ()
    heard: list[HttpRequest] = field(default_factory=list)

    async def handle(self, request: HttpRequest) -> HttpResponse:
        self.heard.append(request)
        forwarded = replace(with_header(request, "dpop", None), url=request.url.replace(EVIL, self.world.issuer))
        response = await self.world.handlers[self.world.issuer](forwarded)
        if "/.well-known/" not in request.url:
            return response
        true: dict[str, Any] = json.loads(response.body)
        named: dict[str, Any] = json.loads(response.body.replace(self.world.issuer.encode(), EVIL.encode()))
        kept = {name: true[name] for name in self.honest if name in true}
        return replace(response, body=json.dumps(named | kept).encode())

    def paths(self) -> list[str]:
        """Where it was asked, but for documents that are public."""
        return [request.path for request in self.heard if "/.well-known/" not in request.url]

    async def offer(self, type_: str = "pid") -> dict[str, Any]:
        """An offer of the honest issuer's, in its own name."""
        honest = await self.world.offer(type_)
        made = honest["credential_offer"] | {"credential_issuer": EVIL}
        link = offer_link(parse_offer(json.dumps(made)), scheme=OfferScheme.OPENID)
        return honest | {"credential_offer": made, "link": link}
