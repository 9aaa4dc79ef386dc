"""The access authority's operator API: what was issued, and revoking one certificate, those of a party, or many."""

from contextlib import suppress
from typing import Final

from zegel.errors import Malformed, Unavailable
from zegel.primitives.http import HttpRequest, HttpResponse, json_response
from zegel.primitives.json import Json, JsonObject, parse_object
from zegel.primitives.members import read_text
from zegel.trust.access_authority.orders import MAX_REASON
from zegel.trust.access_authority.selection import CertificatesIssued, CertificatesOf, OneCertificate, Selection
from zegel.web.access_authority import AccessAuthoritySite, read_name, said
from zegel.web.problem import problem
from zegel.web.routing import Audience, Route

MAX_REVOCATION: Final = 4_096  # bytes; a reason in words of four bytes a character is under two thousand
_MAX_SERIAL: Final = 40  # digits; RFC 5280 section 4.1.2.2: twenty octets
_LAST_SECOND: Final = 1 << 40  # no clock comes so far
_WHAT: Final = "request"
_MEANT: Final = ("certificate", "identifier", "issued")


async def list_certificates(site: AccessAuthoritySite, request: HttpRequest) -> HttpResponse:
    """What was issued, oldest first, with how it stands."""
    text = request.query().get("after", "0")
    if not (text.isascii() and text.isdigit() and len(text) <= 15):
        raise Malformed(_WHAT, "after", "expected the cursor of the page before")
    page = await site.service.certificates(after=int(text))
    certificates: list[Json] = [_listed(said(order)) for _, order in page]
    return json_response({"certificates": certificates, "after": page[-1][0] if page else None})


async def revoke(site: AccessAuthoritySite, request: HttpRequest) -> HttpResponse:
    """Revoke a ``certificate`` by its serial number, all of a party by its ``identifier``, or all that were ``issued``
    in a time, which wants ``confirm``."""
    members = parse_object(request.body, what=_WHAT, max_bytes=MAX_REVOCATION)
    reason = read_text(members.get("reason"), what=_WHAT, where="reason", limit=MAX_REASON)
    confirm = _second(members, "confirm", "confirm")
    return json_response(
        {"revoked": await site.revocation.revoke(read_selection(members), reason=reason, confirm=confirm)}
    )


async def check_register(site: AccessAuthoritySite, _request: HttpRequest) -> HttpResponse:
    """Revoke, now, what the register does not stand behind any more."""
    return json_response({"revoked": await site.revocation.follow_register()})


async def list_refused_reports(site: AccessAuthoritySite, request: HttpRequest) -> HttpResponse:
    """What the register did not want to know of, and why."""
    after = request.query().get("after", "")
    try:
        bytes.fromhex(after)
    except ValueError:
        raise Malformed(_WHAT, "after", "expected the cursor of the page before") from None
    page = await site.service.reports.page(after=after)
    refused: list[Json] = [
        {"serial": each.serial, "identifier": each.party, "reason": each.reason, "at": each.at} for _, each in page
    ]
    return json_response({"refused": refused, "after": page[-1][0] if page else None})


async def retry_reports(site: AccessAuthoritySite, _request: HttpRequest) -> HttpResponse:
    """Have the register told again of what it refused: of a turn's worth now, and of the rest by the timer."""
    again = await site.service.reports.retry()
    with suppress(Unavailable):  # the timer tries again
        await site.service.reports.report()
    return json_response({"again": again, "refused": site.service.reports.refused})


async def publish_revocations(site: AccessAuthoritySite, _request: HttpRequest) -> HttpResponse:
    """Sign the lists of revoked certificates anew, now."""
    await site.revocation.publish()
    return json_response({"published": True})


def read_selection(members: JsonObject) -> Selection:
    """Which certificates a request means; in one way, for it cannot be undone."""
    given = [name for name in _MEANT if name in members]
    if len(given) != 1:
        raise Malformed(_WHAT, "", f"expected one of {', '.join(_MEANT)}, and no more")
    if given == ["certificate"]:
        text = read_text(members["certificate"], what=_WHAT, where="certificate", limit=_MAX_SERIAL)
        try:
            return OneCertificate(serial=int(text, 16))
        except ValueError:
            raise Malformed(_WHAT, "certificate", "expected a serial number in hexadecimal") from None
    if given == ["identifier"]:
        return CertificatesOf(party=read_name(members["identifier"], "identifier"))
    issued = members["issued"]
    if type(issued) is not dict:
        raise Malformed(_WHAT, "issued", "expected an object with since and until, or neither")
    since, until = _second(issued, "since", "issued.since"), _second(issued, "until", "issued.until")
    return CertificatesIssued(since=since, until=until)


def _second(members: JsonObject, name: str, where: str) -> int | None:
    value = members.get(name)
    if value is not None and (type(value) is not int or not 0 <= value < _LAST_SECOND):
        raise Malformed(_WHAT, where, "expected a whole number")
    return value if type(value) is int else None


def _listed(order: dict[str, Json]) -> dict[str, Json]:
    """Without the chain: a page of them would be long, and each stands in the log."""
    return {name: value for name, value in order.items() if name not in ("chain", "order")}


OPERATOR_ROUTES: Final[tuple[Route[AccessAuthoritySite], ...]] = (
    Route("GET", "/certificates", list_certificates, Audience.OPERATOR, refusal=problem),
    Route("POST", "/revocations", revoke, Audience.OPERATOR, max_body=MAX_REVOCATION, refusal=problem),
    Route("POST", "/register/check", check_register, Audience.OPERATOR, max_body=MAX_REVOCATION, refusal=problem),
    Route("GET", "/reports", list_refused_reports, Audience.OPERATOR, refusal=problem),
    Route("POST", "/reports/retry", retry_reports, Audience.OPERATOR, max_body=MAX_REVOCATION, refusal=problem),
    Route("POST", "/crl/publish", publish_revocations, Audience.OPERATOR, max_body=MAX_REVOCATION, refusal=problem),
)
