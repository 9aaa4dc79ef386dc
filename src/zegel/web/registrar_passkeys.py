"""Passkeys on the registrar's pages: signing in with one, and the page where a person makes, names and removes them.

The script asks for the options, has ``navigator.credentials`` answer, and sends the answer in a form like any other.
Who has no script, or no passkey, signs in with the wallet.
"""

from typing import Final
from urllib.parse import quote

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.primitives.http import HttpRequest, HttpResponse, json_response
from zegel.protocols.webauthn.response import MAX_RESPONSE
from zegel.services.rates import Limit
from zegel.services.registrar_people import SignedIn
from zegel.trust.register.states import Duty
from zegel.web.browser import ID_BYTES, Browser, check_csrf, known_browser, new_browser
from zegel.web.pages import render_page
from zegel.web.registrar_pages import DESK, MAX_FORM, MINE, PASSKEYS, SIGN_IN, frame, see, with_script
from zegel.web.registrar_site import RegistrarSite
from zegel.web.registrar_words import on_day
from zegel.web.routing import Audience, Route
from zegel.web.turnstile import Limited

ANSWER: Final = SIGN_IN + "/passkey"
ANSWER_OPTIONS: Final = ANSWER + "/options"
MAKING_OPTIONS: Final = PASSKEYS + "/options"
WITHDRAWAL: Final = PASSKEYS + "/tokens"
MAX_ANSWER: Final = 3 * MAX_RESPONSE + 4_096  # a response whose bytes a form escapes, a name and a CSRF token


async def begin_answer(site: RegistrarSite, request: HttpRequest) -> HttpResponse:
    """What the browser is to ask of a passkey."""
    browser = check_csrf(request.form(), known_browser(request, site.cookies))
    return json_response(await site.passkeys.begin_sign_in(browser.id))


async def answer(site: RegistrarSite, request: HttpRequest) -> HttpResponse:
    """A passkey has answered: signed in, under a new session id."""
    form = request.form()
    browser = check_csrf(form, known_browser(request, site.cookies))
    duty = Duty.OFFICER if form.get("duty") == Duty.OFFICER else Duty.PARTY
    renewed = new_browser(site.cookies, site.random(ID_BYTES))
    await site.passkeys.sign_in(browser.id, form.get("answer", ""), duty=duty, renewed=renewed.id)
    await site.people.sign_out(browser.id)
    return renewed.remembered(see(DESK if duty is Duty.OFFICER else MINE))


async def show_passkeys(site: RegistrarSite, request: HttpRequest) -> HttpResponse:
    """One's passkeys, and the form to make one."""
    browser = known_browser(request, site.cookies)
    signed_in = await site.people.session(None if browser is None else browser.id)
    if signed_in is None or browser is None:
        return see(SIGN_IN)
    page = render_page(
        "registrar_passkeys.html",
        title="Passkeys",
        passkeys=[
            (f"{PASSKEYS}/{quote(each.id, safe='')}", each.name, on_day(each.since), _used(each.used))
            for each in await site.passkeys.of(signed_in)
        ],
        action=PASSKEYS,
        options=MAKING_OPTIONS,
        withdrawal=WITHDRAWAL,
        **frame(site, signed_in, browser, PASSKEYS),
    )
    return with_script(page)


async def begin_making(site: RegistrarSite, request: HttpRequest) -> HttpResponse:
    """What the browser is to ask for a new passkey."""
    signed_in, browser, _ = await _acting(site, request)
    return json_response(await site.passkeys.begin_making(browser.id, signed_in))


async def make(site: RegistrarSite, request: HttpRequest) -> HttpResponse:
    """A passkey was made."""
    signed_in, browser, form = await _acting(site, request)
    await site.passkeys.make(browser.id, signed_in, form.get("answer", ""), name=form.get("name", ""))
    return see(PASSKEYS)


async def change(site: RegistrarSite, request: HttpRequest, *, id: str) -> HttpResponse:  # noqa: A002 the path's
    """Rename one's passkey, or remove it."""
    signed_in, _, form = await _acting(site, request)
    match form.get("decision"):
        case "rename":
            await site.passkeys.rename(signed_in, id, name=form.get("name", ""))
        case "remove":
            await site.passkeys.remove(signed_in, id)
        case _:
            raise Malformed("form", "decision", "expected rename or remove")
    return see(PASSKEYS)


async def withdraw_tokens(site: RegistrarSite, request: HttpRequest) -> HttpResponse:
    """Have no token of one's programs count any more."""
    signed_in, _, _ = await _acting(site, request)
    await site.people.withdraw_tokens(signed_in)
    return see(PASSKEYS)


async def _acting(site: RegistrarSite, request: HttpRequest) -> tuple[SignedIn, Browser, dict[str, str]]:
    """Who is signed in, for whichever duty, and sent this form."""
    form = request.form()
    browser = check_csrf(form, known_browser(request, site.cookies))
    signed_in = await site.people.session(browser.id)
    if signed_in is None:
        raise Rejected(Check.REGISTER_DUTY, "expected somebody signed in")
    return signed_in, browser, form


def _used(at: int | None) -> str:
    return "not used yet" if at is None else f"used last on {on_day(at)}"


_SIGN_INS: Final[Limited[RegistrarSite]] = Limited(Limit.LOG_IN)
_WRITES: Final[Limited[RegistrarSite]] = Limited(Limit.REQUEST)
_PERSON: Final = Audience.PERSON

ROUTES: Final[tuple[Route[RegistrarSite], ...]] = (
    Route("POST", ANSWER_OPTIONS, begin_answer, _PERSON, max_body=MAX_FORM, limited=_SIGN_INS),
    Route("POST", ANSWER, answer, _PERSON, max_body=MAX_ANSWER, limited=_SIGN_INS),
    Route("GET", PASSKEYS, show_passkeys, _PERSON),
    Route("POST", MAKING_OPTIONS, begin_making, _PERSON, max_body=MAX_FORM, limited=_WRITES),
    Route("POST", PASSKEYS, make, _PERSON, max_body=MAX_ANSWER, limited=_WRITES),
    Route("POST", WITHDRAWAL, withdraw_tokens, _PERSON, max_body=MAX_FORM, limited=_WRITES),
    Route("POST", PASSKEYS + "/{id}", change, _PERSON, max_body=MAX_FORM, limited=_WRITES),
)
