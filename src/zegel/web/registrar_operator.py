"""The registrar's operator API: moves in the name of people, enrolment of officers, tokens, and what authorities tell.

Whoever operates the registrar says in whose name something is moved. That the name which applied is not the one that
decides is held to here too; that two people are behind them is the operator's word (docs/threats.md): at the pages
alone each has signed in.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from zegel.errors import Malformed
from zegel.primitives.http import HttpRequest, HttpResponse, json_response
from zegel.primitives.json import Json, JsonObject, parse_object
from zegel.primitives.members import read_flag, read_object, read_text, under
from zegel.services.register_ports import Entry
from zegel.services.registrar_people import OFFICERS
from zegel.trust.register.access import read_access_record
from zegel.trust.register.build import build_party
from zegel.trust.register.parse import MAX_PARTY, read_party
from zegel.trust.register.states import MAX_REASON, Actor, Duty, Standing
from zegel.trust.registration.transport import certificate_text
from zegel.trust.registration.values import RegistrationFormat
from zegel.web.problem import problem
from zegel.web.registrar import read_format
from zegel.web.registrar_pages import INVITED
from zegel.web.registrar_site import RegistrarSite
from zegel.web.routing import Audience, Route
from zegel.web.status_lists import herds_route

MAX_APPLICATION: Final = MAX_PARTY + 1_024  # and in whose name
MAX_DECISION: Final = 4_096  # bytes; a reason in words of four bytes a character is under two thousand
MAX_RECORD: Final = 65_536  # bytes; a certificate with its chain and where it was logged is under 20 kB
_WHAT: Final = "request"
_MAX_SUBJECT: Final = 255  # characters; OpenID Connect Core 1.0 section 2 has as many of a subject

Decide = Callable[[RegistrarSite, str, Actor, str, str], Awaitable[Entry]]


async def take_application(site: RegistrarSite, request: HttpRequest) -> HttpResponse:
    """Apply, or ask for a change of what is registered, in the name of ``by``."""
    members = parse_object(request.body, what=_WHAT, max_bytes=MAX_APPLICATION)
    by = Actor(subject=read_name(members, "by"), duty=Duty.PARTY)
    document = read_object(members.get("party"), what=_WHAT, where="party")
    with under("party"):
        party = read_party(document)
    owned = {entry.registration.identifier: entry for entry in await site.service.owned(by=by)}
    known = owned.get(party.identifier)
    with under("party"):
        if known is None or known.registration.standing is Standing.CANCELLED:
            return json_response(_said(await site.service.apply(party, by=by)), status=201)
        return json_response(_said(await site.service.change(party, by=by)))


async def decide(site: RegistrarSite, request: HttpRequest) -> HttpResponse:
    """Approve, reject, suspend, resume, cancel or renew, in the name of the officer ``by``.

    What is approved or rejected is the proposal whose digest is ``seen``, and no other that came in between.
    """
    members = parse_object(request.body, what=_WHAT, max_bytes=MAX_DECISION)
    by = Actor(subject=read_name(members, "by"), duty=Duty.OFFICER)
    decision, identifier = read_name(members, "decision"), read_name(members, "identifier")
    if decision not in DECISIONS:
        raise Malformed(_WHAT, "decision", f"expected one of {', '.join(DECISIONS)}")
    reason = _reason(members)
    seen = read_name(members, "seen") if decision in ON_PROPOSALS else ""
    entry = await DECISIONS[decision](site, identifier, by, reason, seen)
    site.statuses.note_revocation()
    return json_response(_said(entry))


async def show_registration(site: RegistrarSite, request: HttpRequest, *, identifier: str) -> HttpResponse:
    """One registration, whole: for authorities that certify it, and for the operator.

    Its certificates are as the parameter ``format`` says, ``jwt`` or ``cwt``, which is base64url here.
    """
    format_ = read_format(request.query().get("format", RegistrationFormat.JWT))
    entry = await site.service.entry(identifier, by=_OPERATOR)
    return json_response(_said(entry, format_))


async def list_waiting(site: RegistrarSite, request: HttpRequest) -> HttpResponse:
    """What waits for an officer."""
    text = request.query().get("after", "0")
    if not (text.isascii() and text.isdigit() and len(text) <= 15):
        raise Malformed(_WHAT, "after", "expected the cursor of the page before")
    waiting = await site.service.waiting(by=_OPERATOR, after=int(text))
    registrations: list[Json] = [_said(entry) for entry in waiting.entries]
    return json_response({"registrations": registrations, "after": waiting.after})


async def enrol_officer(site: RegistrarSite, _request: HttpRequest) -> HttpResponse:
    """A code, for one person to become an officer with."""
    return json_response({"code": await site.people.new_code()}, status=201)


async def invite(site: RegistrarSite, request: HttpRequest) -> HttpResponse:
    """A code, for one person to make a first passkey with, and to be an ``officer``, or a new ``applicant``, by it."""
    members = parse_object(request.body, what=_WHAT, max_bytes=MAX_DECISION)
    by = Actor(subject=read_name(members, "by"), duty=Duty.OFFICER)
    officer = read_flag(members, "officer", default=False, what=_WHAT, where="")
    applicant = read_flag(members, "applicant", default=False, what=_WHAT, where="")
    if officer and applicant:
        raise Malformed(_WHAT, "applicant", "expected an officer or an applicant, and not both")
    name = read_name(members, "name") if "name" in members else ""
    subject = read_name(members, "subject")
    code = await site.invitations.invite(subject, name=name, officer=officer, applicant=applicant, by=by)
    return json_response({"code": code, "address": site.origin + INVITED}, status=201)


async def list_officers(site: RegistrarSite, request: HttpRequest) -> HttpResponse:
    """Who may decide."""
    found = await site.people.officers(after=request.query().get("after", ""), by=_OPERATOR)
    officers: list[Json] = [{"subject": each.subject, "name": each.name, "since": each.since} for _, each in found]
    return json_response({"officers": officers, "after": found[-1][0] if len(found) == OFFICERS else None})


async def dismiss_officer(site: RegistrarSite, request: HttpRequest) -> HttpResponse:
    """Somebody is an officer no more, in the name of ``by``."""
    members = parse_object(request.body, what=_WHAT, max_bytes=MAX_DECISION)
    by = Actor(subject=read_name(members, "by"), duty=Duty.OFFICER)
    officer = await site.people.dismiss(read_name(members, "subject"), by=by)
    return json_response({"dismissed": officer.subject})


async def withdraw(site: RegistrarSite, request: HttpRequest) -> HttpResponse:
    """Nothing lets a person in any more that does now, but the wallet: of a party, or by the subject."""
    members = parse_object(request.body, what=_WHAT, max_bytes=MAX_DECISION)
    by = Actor(subject=read_name(members, "by"), duty=Duty.OFFICER)
    if ("identifier" in members) is ("subject" in members):
        raise Malformed(_WHAT, "subject", "expected subject or identifier, and not both")
    if "identifier" in members:
        entry = await site.service.entry(read_name(members, "identifier"), by=_OPERATOR)
        subject = entry.registration.owner
    else:
        subject = read_name(members, "subject")
    await site.people.withdraw(subject, by=by)
    return json_response({"withdrawn": True})


async def make_token(site: RegistrarSite, request: HttpRequest) -> HttpResponse:
    """A bearer token for a party's program, in the name of ``by``."""
    members = parse_object(request.body, what=_WHAT, max_bytes=MAX_DECISION)
    return json_response({"token": await site.people.new_token(read_name(members, "by"))}, status=201)


async def note_access_certificate(site: RegistrarSite, request: HttpRequest) -> HttpResponse:
    """An access certificate authority tells of a certificate, and where it was logged (TS5 1.3 section 3.2.1)."""
    members = parse_object(request.body, what=_WHAT, max_bytes=MAX_RECORD)
    identifier = read_name(members, "identifier")
    record = read_access_record(members.get("certificate"), party=identifier, what=_WHAT, where="certificate")
    return json_response({"known": await site.reader.note_access_certificate(identifier, record)})


async def publish(site: RegistrarSite, _request: HttpRequest) -> HttpResponse:
    """Sign the status lists that changed, now."""
    await site.statuses.publish()
    return json_response({"published": True})


def _said(entry: Entry, format_: RegistrationFormat = RegistrationFormat.JWT) -> dict[str, Json]:
    registration = entry.registration
    proposal = registration.proposal
    return {
        "identifier": registration.identifier,
        "standing": str(registration.standing),
        "since": registration.since,
        "reason": registration.reason,
        "party": None if registration.party is None else build_party(registration.party),
        "proposed": None if proposal is None else build_party(proposal.party),
        "proposal": None if proposal is None else proposal.digest,
        "certificates": [
            {
                "serviceIdentifier": each.service,
                "intendedUseIdentifier": each.intended_use,
                "expires": each.expires,
                "revoked": each.revoked_at,
                "certificate": certificate_text(data),
            }
            for each in entry.certificates
            if (data := each.data(format_)) is not None
        ],
    }


def read_name(members: JsonObject, name: str) -> str:
    """Somebody's name here, or a party's identifier."""
    return read_text(members.get(name), what=_WHAT, where=name, limit=_MAX_SUBJECT)


def _reason(members: JsonObject) -> str:
    return read_text(members["reason"], what=_WHAT, where="reason", limit=MAX_REASON) if "reason" in members else ""


async def _approve(site: RegistrarSite, identifier: str, by: Actor, _reason: str, seen: str) -> Entry:
    return await site.service.approve(identifier, by=by, seen=seen)


async def _reject(site: RegistrarSite, identifier: str, by: Actor, reason: str, seen: str) -> Entry:
    return await site.service.reject(identifier, by=by, reason=reason, seen=seen)


async def _suspend(site: RegistrarSite, identifier: str, by: Actor, reason: str, _seen: str) -> Entry:
    return await site.service.suspend(identifier, by=by, reason=reason)


async def _resume(site: RegistrarSite, identifier: str, by: Actor, _reason: str, _seen: str) -> Entry:
    return await site.service.resume(identifier, by=by)


async def _cancel(site: RegistrarSite, identifier: str, by: Actor, reason: str, _seen: str) -> Entry:
    return await site.service.cancel(identifier, by=by, reason=reason)


async def _renew(site: RegistrarSite, identifier: str, by: Actor, _reason: str, _seen: str) -> Entry:
    return await site.service.renew(identifier, by=by)


DECISIONS: Final[Mapping[str, Decide]] = {
    "approve": _approve,
    "reject": _reject,
    "suspend": _suspend,
    "resume": _resume,
    "cancel": _cancel,
    "renew": _renew,
}
ON_PROPOSALS: Final = frozenset({"approve", "reject"})
"""What is decided on something that waits."""
_OPERATOR: Final = Actor(subject="operator", duty=Duty.OFFICER)

OPERATOR_ROUTES: Final[tuple[Route[RegistrarSite], ...]] = (
    Route("POST", "/applications", take_application, Audience.OPERATOR, max_body=MAX_APPLICATION, refusal=problem),
    Route("POST", "/decisions", decide, Audience.OPERATOR, max_body=MAX_DECISION, refusal=problem),
    Route("GET", "/registrations", list_waiting, Audience.OPERATOR, refusal=problem),
    Route("GET", "/registrations/{identifier}", show_registration, Audience.OPERATOR, refusal=problem),
    Route("POST", "/officers", enrol_officer, Audience.OPERATOR, max_body=MAX_DECISION, refusal=problem),
    Route("GET", "/officers", list_officers, Audience.OPERATOR, refusal=problem),
    Route("POST", "/invitations", invite, Audience.OPERATOR, max_body=MAX_DECISION, refusal=problem),
    Route("POST", "/dismissals", dismiss_officer, Audience.OPERATOR, max_body=MAX_DECISION, refusal=problem),
    Route("POST", "/withdrawals", withdraw, Audience.OPERATOR, max_body=MAX_DECISION, refusal=problem),
    Route("POST", "/tokens", make_token, Audience.OPERATOR, max_body=MAX_DECISION, refusal=problem),
    Route(
        "POST",
        "/access-certificates",
        note_access_certificate,
        Audience.OPERATOR,
        max_body=MAX_RECORD,
        refusal=problem,
    ),
    Route("POST", "/status/publish", publish, Audience.OPERATOR, max_body=MAX_DECISION, refusal=problem),
    herds_route(RegistrarSite),
)
