"""The pages behind the sign-in: a party's own registrations, and the officers' desk.

Every page says in which duty one is signed in. What is moved is moved by a form with the browser's token.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import quote

from zegel.checks import Check
from zegel.errors import Malformed, Rejected, ZegelError
from zegel.primitives.http import HttpRequest, HttpResponse
from zegel.services.rates import Limit
from zegel.services.register_ports import Entry, IssuedRegistration
from zegel.services.registrar_people import SignedIn
from zegel.trust.register.build import build_party
from zegel.trust.register.parse import MAX_PARTY
from zegel.trust.register.parts import WHAT
from zegel.trust.register.states import Actor, Duty, Standing
from zegel.trust.register.values import WalletRelyingParty
from zegel.trust.registration.entitlements import Entitlement
from zegel.trust.registration.parse import parse_registration
from zegel.trust.registration.transport import certificate_path
from zegel.trust.registration.values import RegistrationFormat
from zegel.web.browser import Browser, check_csrf, known_browser
from zegel.web.errors import WordedRefusal
from zegel.web.pages import render_page
from zegel.web.registrar_form import (
    CLAIMS,
    FORMATS,
    GROUPS,
    KINDS,
    LABELS,
    PUBLIC_BODY,
    USE_FIELDS,
    Field,
    field_at_fault,
    party_of,
)
from zegel.web.registrar_operator import DECISIONS
from zegel.web.registrar_pages import DESK, MINE, SIGN_IN, frame, see
from zegel.web.registrar_site import RegistrarSite
from zegel.web.registrar_words import STANDINGS, described, described_contact, described_use, on_day
from zegel.web.routing import Audience, Route
from zegel.web.turnstile import Limited

APPLY: Final = "/my/apply"
ENROL: Final = "/desk/enrol"
WITHDRAW: Final = "withdraw"
MAX_APPLICATION: Final = 3 * MAX_PARTY + 4_096  # a document whose bytes a form escapes, and the fields beside it
MAX_DECISION: Final = 4_096  # a reason, a choice and a CSRF token


async def show_mine(site: RegistrarSite, request: HttpRequest) -> HttpResponse:
    """What one has registered, and how it stands."""
    signed_in, browser = await signed_in_as(site, request, Duty.PARTY)
    if signed_in is None or browser is None:
        return see(SIGN_IN)
    entries = await site.service.owned(by=signed_in.actor)
    return render_page(
        "registrar_mine.html",
        title="My registrations",
        entries=[(f"{MINE}/{quote(each.registration.identifier, safe='')}", *_headline(each)) for each in entries],
        apply=APPLY,
        **frame(site, signed_in, browser, MINE),
    )


async def show_own(site: RegistrarSite, request: HttpRequest, *, identifier: str) -> HttpResponse:
    """One's own registration: its certificates, and the form to change or cancel it."""
    signed_in, browser = await signed_in_as(site, request, Duty.PARTY)
    if signed_in is None or browser is None:
        return see(SIGN_IN)
    return _own_page(site, signed_in, browser, await site.service.entry(identifier, by=signed_in.actor), token=None)


async def move_own(site: RegistrarSite, request: HttpRequest, *, identifier: str) -> HttpResponse:
    """Cancel it, or have a token made for a program."""
    form = request.form()
    signed_in, browser = await acting(site, request, form, Duty.PARTY)
    if form.get("decision") == "token":
        entry = await site.service.entry(identifier, by=signed_in.actor)
        token = await site.people.new_token(signed_in.subject, signed_in=signed_in)
        return _own_page(site, signed_in, browser, entry, token=token)
    if form.get("decision") != "cancel":
        raise Malformed("form", "decision", "expected cancel or token")
    await site.service.cancel(identifier, by=signed_in.actor, reason="at the request of the party")
    site.statuses.note_revocation()
    return see(MINE)


async def show_form(site: RegistrarSite, request: HttpRequest) -> HttpResponse:
    """The form with which one applies."""
    signed_in, browser = await signed_in_as(site, request, Duty.PARTY)
    if signed_in is None or browser is None:
        return see(SIGN_IN)
    return _form_page(site, signed_in, browser, {}, refused=None)


async def take_form(site: RegistrarSite, request: HttpRequest) -> HttpResponse:
    """Apply, or ask for a change; what is wrong is said beside what was filled in."""
    form = request.form()
    signed_in, browser = await acting(site, request, form, Duty.PARTY)
    try:
        await _ask(site, party_of(form), signed_in.actor)
    except (Malformed, Rejected) as error:
        # REGISTER_MOVE: somebody else has registered that identifier, say
        if isinstance(error, Rejected) and error.check is not Check.REGISTER_MOVE:
            raise
        raise WordedRefusal(error, _form_page(site, signed_in, browser, form, refused=error)) from None
    return see(MINE)


async def _ask(site: RegistrarSite, party: WalletRelyingParty, by: Actor) -> Entry:
    """Apply, or ask for a change of what is one's own."""
    owned = {each.registration.identifier: each.registration for each in await site.service.owned(by=by)}
    known = owned.get(party.identifier)
    if known is None or known.standing is Standing.CANCELLED:
        return await site.service.apply(party, by=by)
    return await site.service.change(party, by=by)


async def show_desk(site: RegistrarSite, request: HttpRequest) -> HttpResponse:
    """What waits for an officer, and where to look another registration up; for who is none yet, where to enrol."""
    signed_in, browser = await signed_in_as(site, request, Duty.OFFICER)
    if signed_in is None or browser is None:
        return see(SIGN_IN)
    shown = frame(site, signed_in, browser, DESK)
    if not signed_in.enrolled:
        return render_page("registrar_enrol.html", title="Enrol as an officer", action=ENROL, **shown)
    sought = request.query().get("q", "").strip()
    if sought:
        return see(f"{DESK}/{quote(sought, safe='')}")
    after = request.query().get("after", "0")
    waiting = await site.service.waiting(
        by=signed_in.actor, after=int(after) if after.isdecimal() and len(after) <= 15 else 0
    )
    return render_page(
        "registrar_desk.html",
        title="Waiting for a decision",
        entries=[
            (f"{DESK}/{quote(each.registration.identifier, safe='')}", *_headline(each)) for each in waiting.entries
        ],
        onward=None if waiting.after is None else f"{DESK}?after={waiting.after}",
        here=DESK,
        officers="/officers",
        **shown,
    )


async def enrol(site: RegistrarSite, request: HttpRequest) -> HttpResponse:
    """Become an officer, with the operator's code."""
    form = request.form()
    _, browser = await acting(site, request, form, Duty.OFFICER, enrolled=False)
    await site.people.enrol(browser.id, form.get("code", ""))
    return see(DESK)


async def show_entry(site: RegistrarSite, request: HttpRequest, *, identifier: str) -> HttpResponse:
    """One registration before an officer: what is asked for, beside what is registered."""
    signed_in, browser = await signed_in_as(site, request, Duty.OFFICER)
    if signed_in is None or browser is None:
        return see(SIGN_IN)
    entry = await site.service.entry(identifier, by=signed_in.actor)
    registration = entry.registration
    proposal = registration.proposal
    return render_page(
        "registrar_entry.html",
        title=_name(entry),
        proposed=None if proposal is None else _whole(proposal.party),
        seen="" if proposal is None else proposal.digest,
        registered=None if registration.party is None else _whole(registration.party),
        own=signed_in.subject in (registration.owner, "" if proposal is None else proposal.by),
        standing=STANDINGS[registration.standing],
        decisions=_decisions(entry),
        withdraw=WITHDRAW,
        reason=registration.reason,
        **frame(site, signed_in, browser, ""),
    )


async def decide(site: RegistrarSite, request: HttpRequest, *, identifier: str) -> HttpResponse:
    """An officer decides."""
    form = request.form()
    signed_in, _ = await acting(site, request, form, Duty.OFFICER)
    decision = form.get("decision", "")
    if decision == WITHDRAW:
        entry = await site.service.entry(identifier, by=signed_in.actor)
        await site.people.withdraw(entry.registration.owner, by=signed_in.actor)
        return see(f"{DESK}/{quote(identifier, safe='')}")
    if decision not in DECISIONS:
        raise Malformed("form", "decision", f"expected one of {', '.join(DECISIONS)}")
    reason, seen = form.get("reason", "").strip(), form.get("seen", "")
    await DECISIONS[decision](site, identifier, signed_in.actor, reason, seen)
    site.statuses.note_revocation()
    return see(DESK)


async def signed_in_as(site: RegistrarSite, request: HttpRequest, duty: Duty) -> tuple[SignedIn | None, Browser | None]:
    """Who is signed in for a duty, and with which browser."""
    browser = known_browser(request, site.cookies)
    signed_in = await site.people.session(None if browser is None else browser.id)
    return (signed_in if signed_in is not None and signed_in.duty is duty else None), browser


async def acting(
    site: RegistrarSite, request: HttpRequest, form: dict[str, str], duty: Duty, *, enrolled: bool = True
) -> tuple[SignedIn, Browser]:
    """The same for a form: ``Rejected`` with CSRF, or with REGISTER_DUTY for who is not signed in for the duty."""
    browser = check_csrf(form, known_browser(request, site.cookies))
    signed_in = await site.people.session(browser.id)
    if (
        signed_in is None
        or signed_in.duty is not duty
        or (enrolled and duty is Duty.OFFICER and not signed_in.enrolled)
    ):
        raise Rejected(Check.REGISTER_DUTY, f"expected somebody signed in as {duty}")
    if enrolled:
        assert signed_in.actor  # who is refused is refused there
    return signed_in, browser


def _own_page(
    site: RegistrarSite, signed_in: SignedIn, browser: Browser, entry: Entry, *, token: str | None
) -> HttpResponse:
    registration = entry.registration
    shown = registration.party if registration.proposal is None else registration.proposal.party
    return render_page(
        "registrar_own.html",
        title=_name(entry),
        party=None if shown is None else _whole(shown),
        document="" if shown is None else json.dumps(build_party(shown), indent=2, ensure_ascii=False),
        standing=STANDINGS[registration.standing],
        waiting=registration.proposal is not None and registration.standing is not Standing.APPLIED,
        asked=registration.proposal is not None,
        reason=registration.reason,
        over=registration.standing is Standing.CANCELLED,
        certificates=[
            (each.service, each.intended_use or "what it issues", on_day(each.expires), each.token, _cwt_path(each))
            for each in entry.certificates
            if each.revoked_at is None
        ],
        token=token,
        apply=APPLY,
        **frame(site, signed_in, browser, ""),
    )


def _cwt_path(issued: IssuedRegistration) -> str:
    """Where it is given out as CWT."""
    return certificate_path(parse_registration(issued.token).unverified_certificate, RegistrationFormat.CWT)


def _form_page(
    site: RegistrarSite, signed_in: SignedIn, browser: Browser, form: Mapping[str, str], *, refused: ZegelError | None
) -> HttpResponse:
    at_fault = "" if refused is None else field_at_fault(form, refused.field)
    return render_page(
        "registrar_apply.html",
        title="Register a party",
        groups=[(heading, _filled(fields, form)) for heading, fields in GROUPS],
        use_fields=_filled(USE_FIELDS, form),
        kinds=KINDS,
        kind=form.get("kind", str(Entitlement.SERVICE_PROVIDER)),
        formats=FORMATS,
        format=form.get("format", FORMATS[0][0]),
        asked_for=form.get("claims", ""),
        document=form.get("document", ""),
        public_body=form.get("public_body", "no"),
        public_bodies=PUBLIC_BODY,
        refused=None if refused is None else refused.detail.removeprefix(f"{WHAT}: "),
        member="" if refused is None else refused.field,
        at_fault=at_fault,
        labels=LABELS,
        claims_hint=CLAIMS[2],
        action=APPLY,
        **frame(site, signed_in, browser, ""),
    )


def _filled(fields: Iterable[Field], form: Mapping[str, str]) -> list[tuple[str, str, str | None, bool, str]]:
    return [(name, label, hint, required, form.get(name, "")) for name, label, hint, required in fields]


def _headline(entry: Entry) -> tuple[str, tuple[str, str], bool, str]:
    registration = entry.registration
    changes = registration.proposal is not None and registration.standing is not Standing.APPLIED
    return _name(entry), STANDINGS[registration.standing], changes, on_day(registration.since)


def _name(entry: Entry) -> str:
    registration = entry.registration
    party = registration.party if registration.proposal is None else registration.proposal.party
    return registration.identifier if party is None else f"{party.trade_name} ({registration.identifier})"


def _whole(party: WalletRelyingParty) -> tuple[object, object, object]:
    return described(party), described_contact(party), [described_use(use) for use in party.intended_uses]


def _decisions(entry: Entry) -> list[tuple[str, str, str]]:
    """What an officer may decide as it stands: a kind of button, a value, a text."""
    registration = entry.registration
    found = []
    if registration.proposal is not None:
        if registration.standing is not Standing.SUSPENDED:
            found.append(("primary", "approve", "Approve"))
        found.append(("quiet", "reject", "Refuse"))
    if registration.standing is Standing.REGISTERED:
        found.append(("quiet", "suspend", "Suspend"))
    if registration.standing is Standing.SUSPENDED:
        found.append(("primary", "resume", "End the suspension"))
    if registration.standing is not Standing.CANCELLED:
        found.append(("danger", "cancel", "Cancel for good"))
    return found


_WRITES: Final[Limited[RegistrarSite]] = Limited(Limit.REQUEST)
_PERSON: Final = Audience.PERSON

ROUTES: Final[tuple[Route[RegistrarSite], ...]] = (
    Route("GET", MINE, show_mine, _PERSON),
    Route("GET", APPLY, show_form, _PERSON),
    Route("POST", APPLY, take_form, _PERSON, max_body=MAX_APPLICATION, limited=_WRITES),
    Route("GET", MINE + "/{identifier}", show_own, _PERSON),
    Route("POST", MINE + "/{identifier}", move_own, _PERSON, max_body=MAX_DECISION, limited=_WRITES),
    Route("GET", DESK, show_desk, _PERSON),
    Route("POST", ENROL, enrol, _PERSON, max_body=MAX_DECISION, limited=_WRITES),
    Route("GET", DESK + "/{identifier}", show_entry, _PERSON),
    Route("POST", DESK + "/{identifier}", decide, _PERSON, max_body=MAX_DECISION, limited=_WRITES),
)
