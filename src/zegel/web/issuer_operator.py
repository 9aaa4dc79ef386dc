"""The issuer's operator API: offer, revoke, publish. On a listener of its own, behind a bearer token."""

from typing import Final

from zegel.errors import Malformed
from zegel.formats.credential import Format
from zegel.primitives.http import HttpRequest, HttpResponse, json_response
from zegel.primitives.json import Json, JsonObject, parse_object
from zegel.profiles import Grant
from zegel.protocols.openid4vci.offer import build_offer, offer_link
from zegel.services.offers import OfferMade
from zegel.services.passwords import PasswordLogIn
from zegel.services.ports import Issuance
from zegel.web.issuer_pages import reference_link
from zegel.web.issuer_site import IssuerSite, known_type
from zegel.web.load import Priority
from zegel.web.problem import problem
from zegel.web.routing import Audience, Route
from zegel.web.status_lists import herds_route

MAX_BODY: Final = 16_384  # an offer of every type
MAX_PERSONS: Final = 500  # of a longer register the operator has a list of its own
PRE_AUTHORIZED: Final = "pre-authorized"
AUTHORIZATION_CODE: Final = "authorization-code"
_OFFER_MEMBERS: Final = frozenset({"type", "formats", "grant", "person", "tx_code", "by_value"})
_REVOCATION_MEMBERS: Final = frozenset({"person", "type", "wallet"})
_WHAT: Final = "request"


async def offer(site: IssuerSite, request: HttpRequest) -> HttpResponse:
    """Make an offer; 201 with the offer, its address, the link for a wallet, and the code that goes another way.

    The link names the address, or with ``by_value`` holds the whole offer (OpenID4VCI 1.0 sections 4.1.3 and 4.1.2):
    nothing is fetched then, the code is a larger picture, and a code of an offer in it is in a URL.
    """
    members = _members(request, _OFFER_MEMBERS)
    type_, formats = known_type(site, _text(members.get("type"), "type")), _formats(members)
    person = None if members.get("person") is None else _text(members["person"], "person")
    with_code, by_value = _flag(members, "tx_code"), _flag(members, "by_value")
    if _grant(members) == PRE_AUTHORIZED:
        site.offers.check_grant(Grant.PRE_AUTHORIZED_CODE)  # before what it would need is asked for
        person = _text(members.get("person"), "person")
        made = await site.offers.offer_pre_authorized(type_, formats, person=person, with_code=with_code)
    elif with_code:
        raise Malformed(_WHAT, "tx_code", f"expected false: a transaction code goes with {PRE_AUTHORIZED}")
    else:
        made = await site.offers.offer(type_, formats, person=person)
    return json_response(_described(site, made, by_value=by_value), status=201)


async def revoke(site: IssuerSite, request: HttpRequest) -> HttpResponse:
    """Revoke what a person holds, of one type or of all; what was revoked before is not listed again.

    With ``wallet`` true the person has died, and the wallet providers are asked to revoke the wallets as well.
    """
    members = _members(request, _REVOCATION_MEMBERS)
    person = _text(members.get("person"), "person")
    type_ = None if members.get("type") is None else known_type(site, _text(members["type"], "type"))
    with_wallet = _flag(members, "wallet")
    statuses = await site.issuer.statuses_of(person) if with_wallet else ()  # known as long as it is watched
    revoked = await site.issuer.revoke(person=person, type_=type_)
    asked = [{"provider": each.provider, "detail": each.detail} for each in await site.endings.ask(statuses)]
    answer: dict[str, Json] = {"revoked": [_batch(batch) for batch in revoked]}
    return json_response(answer | ({"wallets": asked} if with_wallet else {}))


async def check_wallets(site: IssuerSite, _request: HttpRequest) -> HttpResponse:
    """Look up every wallet that something was issued to, now, and revoke what ended with it."""
    looked = await site.wallets.look_at_all()
    await site.statuses.publish()
    failed: list[Json] = [error.detail for error in looked.failed]
    revoked: list[Json] = [_batch(batch) | {"why": looked.because[batch.id].detail} for batch in looked.revoked]
    return json_response({"revoked": revoked, "failed": failed})


async def publish(site: IssuerSite, _request: HttpRequest) -> HttpResponse:
    """Sign the status lists that changed, now."""
    await site.statuses.publish()
    return json_response({"published": True})


async def show_persons(site: IssuerSite, _request: HttpRequest) -> HttpResponse:
    """The references of persons and the types that the source has of each; no claim of any.

    Where people log in elsewhere nobody is known beforehand, and the list is empty.
    """
    means = site.log_in.means
    people = await means.people() if isinstance(means, PasswordLogIn) else ()
    persons = [{"id": each.id, "types": await site.issuer.types_of(each.id)} for each in people[:MAX_PERSONS]]
    return json_response({"persons": persons, "more": len(people) > MAX_PERSONS})


def _described(site: IssuerSite, made: OfferMade, *, by_value: bool) -> dict[str, Json]:
    link = offer_link(made.offer, scheme=site.scheme) if by_value else reference_link(made.uri, scheme=site.scheme)
    return {
        "credential_offer": build_offer(made.offer),
        "credential_offer_uri": made.uri,
        "link": link,
        "tx_code": made.tx_code,
        "session": made.id,
    }


def _batch(batch: Issuance) -> dict[str, Json]:
    return {"id": batch.id, "type": batch.type, "format": str(batch.format), "copies": len(batch.listed)}


def _members(request: HttpRequest, known: frozenset[str]) -> JsonObject:
    members = parse_object(request.body, what=_WHAT, max_bytes=MAX_BODY)
    for name in members:
        if name not in known:
            raise Malformed(_WHAT, name[:64], f"expected one of {', '.join(sorted(known))}")
    return members


def _formats(members: JsonObject) -> tuple[Format, ...]:
    value = members.get("formats", [])
    if type(value) is not list or any(each not in tuple(Format) for each in value):
        raise Malformed(_WHAT, "formats", f"expected an array of {' and '.join(Format)}")
    return tuple(dict.fromkeys(Format(str(each)) for each in value))


def _flag(members: JsonObject, name: str) -> bool:
    value = members.get(name, False)
    if type(value) is not bool:
        raise Malformed(_WHAT, name, "expected true or false")
    return value


def _grant(members: JsonObject) -> str:
    value = members.get("grant", AUTHORIZATION_CODE)
    if value not in (PRE_AUTHORIZED, AUTHORIZATION_CODE):
        raise Malformed(_WHAT, "grant", f"expected {PRE_AUTHORIZED} or {AUTHORIZATION_CODE}")
    return str(value)


def _text(value: Json, where: str) -> str:
    if type(value) is not str or not value:
        raise Malformed(_WHAT, where, "expected text")
    return value


ROUTES: Final[tuple[Route[IssuerSite], ...]] = (
    Route("POST", "/offers", offer, Audience.OPERATOR, refusal=problem, max_body=MAX_BODY, priority=Priority.BEGINS),
    Route("POST", "/revocations", revoke, Audience.OPERATOR, refusal=problem, max_body=MAX_BODY),
    Route("POST", "/wallets/check", check_wallets, Audience.OPERATOR, refusal=problem, max_body=MAX_BODY),
    Route("POST", "/status/publish", publish, Audience.OPERATOR, refusal=problem, max_body=MAX_BODY),
    herds_route(IssuerSite),
    Route("GET", "/persons", show_persons, Audience.OPERATOR, refusal=problem),
)
