"""The access authority over HTTP: whoever can prove a host orders there; its lists and certificates are for all.

There is no log-in: who may have a certificate is settled by the register, and who gets it by the hosts and the key.
"""

from dataclasses import dataclass
from typing import Final, final

from zegel.errors import Malformed
from zegel.primitives.http import HttpRequest, HttpResponse, json_response
from zegel.primitives.json import Json, parse_object
from zegel.primitives.members import member, read_text
from zegel.services.access_authority import AUTHORITY_PATH, CRL_PATH, AccessAuthorityService
from zegel.services.access_revocation import AccessRevocationService
from zegel.services.rates import Limit
from zegel.trust.access_authority.orders import AccessOrder, Standing
from zegel.trust.access_authority.request import MAX_REQUEST
from zegel.web.pages import STATIC, render_page, static_file
from zegel.web.problem import problem
from zegel.web.published import publish
from zegel.web.routing import Audience, Route
from zegel.web.trust import CRL_TYPE, MAX_AGE
from zegel.web.turnstile import Limited

ORDERS_PATH: Final = "/orders"
MAX_ORDER: Final = 2 * MAX_REQUEST  # bytes; the request as PEM, whose line ends are two characters in JSON, and names
CERTIFICATE_TYPE: Final = "application/pkix-cert"  # RFC 2585 section 4.1
_MAX_NAME: Final = 200  # characters, as many as an identifier of the register
_WHAT: Final = "request"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class AccessAuthoritySite:
    """What the access authority's handlers need. ``days`` is for how long its certificates are valid."""

    service: AccessAuthorityService
    revocation: AccessRevocationService
    name: str
    host: str
    days: int


async def take_order(site: AccessAuthoritySite, request: HttpRequest) -> HttpResponse:
    """Order a certificate for a Service of a party, with a PKCS#10 request as PEM."""
    members = parse_object(request.body, what=_WHAT, max_bytes=MAX_ORDER)
    identifier, service = (
        read_name(members.get("identifier"), "identifier"),
        read_name(members.get("service"), "service"),
    )
    pem = read_text(members.get("request"), what=_WHAT, where="request", limit=MAX_REQUEST)
    try:
        order = await site.service.order(identifier, service, pem.encode())
    except Malformed as error:  # by its path in this request
        detail = error.detail.removeprefix("certificate request: ")
        raise Malformed(_WHAT, member("request", error.where) if error.where else "request", detail) from None
    return json_response(said(order), status=201)


async def show_order(site: AccessAuthoritySite, _request: HttpRequest, *, order: str) -> HttpResponse:
    """How an order stands; once it is issued, with the certificate and those above it (Reg_10b)."""
    return json_response(said(await site.service.look(order)))


async def finish_order(site: AccessAuthoritySite, _request: HttpRequest, *, order: str) -> HttpResponse:
    """The hosts serve their tokens: have them asked, and the certificate issued."""
    return json_response(said(await site.service.finish(order)), status=201)


async def serve_revocations(site: AccessAuthoritySite, request: HttpRequest, *, name: str) -> HttpResponse:
    """What was revoked, as it was signed last."""
    body = await site.revocation.look_up(name)
    if body is None:
        return HttpResponse(status=404)
    return publish(request, body, content_type=CRL_TYPE, max_age=MAX_AGE)


async def serve_authority(site: AccessAuthoritySite, request: HttpRequest, *, name: str) -> HttpResponse:
    """The certificate of who issues."""
    body = site.revocation.certificate(name)
    if body is None:
        return HttpResponse(status=404)
    return publish(request, body, content_type=CERTIFICATE_TYPE, max_age=MAX_AGE)


async def show_home(site: AccessAuthoritySite, _request: HttpRequest) -> HttpResponse:
    """What is certified here, how, and until when: the practice statement that certificates lead to."""
    return render_page(
        "access_authority.html", title="Access certificates", role=site.name, host=site.host, days=site.days
    )


async def serve_static(_site: AccessAuthoritySite, _request: HttpRequest, *, name: str) -> HttpResponse:
    """A file that pages need."""
    return static_file(name)


def said(order: AccessOrder) -> dict[str, Json]:
    """An order, for whoever has its identifier, which nobody can guess."""
    members: dict[str, Json] = {
        "order": order.id,
        "standing": str(order.standing),
        "identifier": order.party,
        "service": order.service,
        "hosts": list(order.hosts),
        "until": order.until,
    }
    if order.standing is Standing.ORDERED:
        members["challenges"] = [
            {"host": each.host, "url": each.url, "content": each.content} for each in order.challenges
        ]
    if order.chain:
        members["serial"] = f"{order.certificate.serial_number:x}"
        members["chain"] = "".join(each.pem for each in order.chain)
    if order.standing is Standing.REVOKED:
        members |= {"revoked": order.since, "reason": order.reason}
    return members


def read_name(value: Json, where: str) -> str:
    """A name that stands in the register."""
    return read_text(value, what=_WHAT, where=where, limit=_MAX_NAME)


_ORDERS: Final[Limited[AccessAuthoritySite]] = Limited(Limit.REQUEST)

ROUTES: Final[tuple[Route[AccessAuthoritySite], ...]] = (
    Route("GET", "/", show_home, Audience.PERSON),
    Route("POST", ORDERS_PATH, take_order, max_body=MAX_ORDER, refusal=problem, limited=_ORDERS),
    Route("GET", ORDERS_PATH + "/{order}", show_order, refusal=problem),
    Route("POST", ORDERS_PATH + "/{order}/certificate", finish_order, refusal=problem, limited=_ORDERS),
    Route("GET", CRL_PATH + "{name}", serve_revocations),
    Route("GET", AUTHORITY_PATH + "{name}", serve_authority),
    Route("GET", STATIC + "{name}", serve_static),
)
