"""The page for who was invited: with the operator's code one makes a first passkey, and is signed in by it."""

from typing import Final

from zegel.primitives.http import HttpRequest, HttpResponse, json_response
from zegel.services.rates import Limit
from zegel.trust.register.states import Duty
from zegel.web.browser import ID_BYTES, check_csrf, known_browser, new_browser
from zegel.web.pages import render_page
from zegel.web.registrar_pages import DESK, INVITED, MAX_FORM, MINE, navigation, see, with_script
from zegel.web.registrar_passkeys import MAX_ANSWER
from zegel.web.registrar_site import RegistrarSite
from zegel.web.routing import Audience, Route
from zegel.web.turnstile import Limited

OPTIONS: Final = INVITED + "/options"


async def show_invited(site: RegistrarSite, request: HttpRequest) -> HttpResponse:
    """Where the code is entered."""
    known = known_browser(request, site.cookies)
    browser = known or new_browser(site.cookies, site.random(ID_BYTES))
    page = with_script(
        render_page(
            "registrar_invited.html",
            title="Your first passkey",
            role=site.name,
            host=site.host,
            csrf=browser.csrf,
            action=INVITED,
            options=OPTIONS,
            navigation=navigation(""),
        )
    )
    return page if known else browser.remembered(page)


async def begin(site: RegistrarSite, request: HttpRequest) -> HttpResponse:
    """What the browser is to ask for whoever the code is for."""
    form = request.form()
    browser = check_csrf(form, known_browser(request, site.cookies))
    return json_response(await site.invitations.begin(browser.id, form.get("code", "")))


async def accept(site: RegistrarSite, request: HttpRequest) -> HttpResponse:
    """The passkey was made: signed in, under a new session id."""
    form = request.form()
    browser = check_csrf(form, known_browser(request, site.cookies))
    renewed = new_browser(site.cookies, site.random(ID_BYTES))
    signed_in = await site.invitations.accept(
        browser.id, form.get("answer", ""), name=form.get("name", ""), renewed=renewed.id
    )
    await site.people.sign_out(browser.id)
    return renewed.remembered(see(DESK if signed_in.duty is Duty.OFFICER else MINE))


_SIGN_INS: Final[Limited[RegistrarSite]] = Limited(Limit.LOG_IN)
_PERSON: Final = Audience.PERSON

ROUTES: Final[tuple[Route[RegistrarSite], ...]] = (
    Route("GET", INVITED, show_invited, _PERSON),
    Route("POST", OPTIONS, begin, _PERSON, max_body=MAX_FORM, limited=_SIGN_INS),
    Route("POST", INVITED, accept, _PERSON, max_body=MAX_ANSWER, limited=_SIGN_INS),
)
