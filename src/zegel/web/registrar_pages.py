"""The register for people: looking it up needs no name, and whoever wants to register or to decide signs in.

ARF 3.0 Reg_04. A browser is sent to the OpenID Provider, and comes back under a new session id.
"""

from dataclasses import replace
from typing import Any, Final
from urllib.parse import quote

from zegel.checks import Check
from zegel.primitives.http import HttpRequest, HttpResponse, with_query
from zegel.services.rates import Limit
from zegel.services.register_reader import Question
from zegel.services.registrar_people import SignedIn
from zegel.trust.register.parse import read_public_party
from zegel.trust.register.states import Duty
from zegel.web.browser import ID_BYTES, Browser, check_csrf, known_browser, new_browser
from zegel.web.pages import STATIC, WayOn, WaysOn, render_page, static_file
from zegel.web.registrar import MAX_FILTER
from zegel.web.registrar_site import RegistrarSite
from zegel.web.registrar_words import described, described_use
from zegel.web.routing import Audience, Route
from zegel.web.site import content_policy
from zegel.web.turnstile import Limited

PARTIES: Final = "/parties/"
SIGN_IN: Final = "/sign-in"
RETURN: Final = "/sign-in/return"
INVITED: Final = "/sign-in/code"
SIGN_OUT: Final = "/sign-out"
MINE: Final = "/my"
DESK: Final = "/desk"
PASSKEYS: Final = "/passkeys"
MAX_FORM: Final = 1_024  # a choice and a CSRF token
_SHOWN: Final = 20
_SCRIPT: Final = "; script-src 'self'; connect-src 'self'"


async def show_home(site: RegistrarSite, request: HttpRequest) -> HttpResponse:
    """The register: search it by name, type or policy."""
    query = request.query()
    text = query.get("q", "").strip()[:MAX_FILTER]
    after = int(query["after"]) if query.get("after", "").isdecimal() and len(query["after"]) <= 15 else 0
    page = await site.reader.search(Question(text=text, limit=_SHOWN, after=after))
    parties = [read_public_party(document) for document in page.documents]
    return render_page(
        "registrar.html",
        title="Register of relying parties",
        role=site.name,
        host=site.host,
        text=text,
        parties=[(PARTIES + quote(each.identifier, safe=""), each) for each in parties],
        onward=None if page.after is None else with_query("/", {"q": text, "after": str(page.after)}),
        navigation=navigation("/"),
        mine=MINE,
        desk=DESK,
    )


async def show_party(site: RegistrarSite, _request: HttpRequest, *, identifier: str) -> HttpResponse:
    """One party, as the register gives it out."""
    party = read_public_party((await site.reader.party(identifier)).documents[0])
    return render_page(
        "registrar_party.html",
        title=party.trade_name,
        role=site.name,
        host=site.host,
        described=described(party),
        uses=[described_use(use) for use in party.intended_uses],
        machine=f"/wrp/{quote(party.identifier, safe='')}",
        navigation=navigation(""),
    )


async def show_sign_in(site: RegistrarSite, request: HttpRequest) -> HttpResponse:
    """Where one chooses in which duty to sign in."""
    known = known_browser(request, site.cookies)
    browser = known or new_browser(site.cookies, site.random(ID_BYTES))
    page = render_page(
        "registrar_sign_in.html",
        title="Sign in",
        role=site.name,
        host=site.host,
        csrf=browser.csrf,
        action=SIGN_IN,
        answer=SIGN_IN + "/passkey",
        options=SIGN_IN + "/passkey/options",
        invited=INVITED,
        navigation=navigation(SIGN_IN),
    )
    page = with_script(page, site.provider)  # the form leads on to the provider
    return page if known else browser.remembered(page)


async def sign_in(site: RegistrarSite, request: HttpRequest) -> HttpResponse:
    """To the provider."""
    form = request.form()
    browser = check_csrf(form, known_browser(request, site.cookies))
    duty = Duty.OFFICER if form.get("duty") == Duty.OFFICER else Duty.PARTY
    return see(await site.people.begin(browser.id, duty=duty))


async def return_from_provider(site: RegistrarSite, request: HttpRequest) -> HttpResponse:
    """Back from there: signed in, under a new session id."""
    browser = known_browser(request, site.cookies)
    renewed = new_browser(site.cookies, site.random(ID_BYTES))
    signed_in = await site.people.finish("" if browser is None else browser.id, request.query(), renewed=renewed.id)
    return renewed.remembered(see(DESK if signed_in.duty is Duty.OFFICER else MINE))


async def sign_out(site: RegistrarSite, request: HttpRequest) -> HttpResponse:
    """End the session."""
    browser = check_csrf(request.form(), known_browser(request, site.cookies))
    await site.people.sign_out(browser.id)
    return see("/")


async def serve_static(_site: RegistrarSite, _request: HttpRequest, *, name: str) -> HttpResponse:
    """A file that pages need."""
    return static_file(name)


def frame(site: RegistrarSite, signed_in: SignedIn, browser: Browser, here: str) -> dict[str, Any]:
    """What every page behind the sign-in has."""
    return {
        "role": site.name,
        "host": site.host,
        "csrf": browser.csrf,
        "signed_in": f"{signed_in.name}, as {'an officer' if signed_in.duty is Duty.OFFICER else 'a party'}",
        "sign_out": SIGN_OUT,
        "passkeys_page": PASSKEYS,
        "navigation": navigation(here),
    }


def with_script(page: HttpResponse, *form_targets: str) -> HttpResponse:
    """A page with the script for passkeys, which asks this site alone."""
    name, policy = content_policy(*form_targets)
    return replace(page, headers=(*page.headers, (name, policy + _SCRIPT)))


def see(location: str) -> HttpResponse:
    """Go on to another page."""
    return HttpResponse(status=303, headers=(("location", location), ("cache-control", "no-store")))


def navigation(here: str) -> list[tuple[str, str, bool]]:
    """The pages that every page leads to."""
    pages = (("/", "Register"), (MINE, "My registrations"), (DESK, "Officers"), (SIGN_IN, "Sign in"))
    return [(address, text, address == here) for address, text in pages]


_SIGN_IN_AGAIN: Final = (SIGN_IN, "Sign in again")
WAYS_ON: Final[WaysOn] = {
    Check.ACCESS_DENIED: WayOn(
        lead="You did not sign in: you stopped it, or the provider did not let you in. Nothing has changed.",
        back=_SIGN_IN_AGAIN,
    ),
    Check.UPSTREAM_LOG_IN: WayOn(lead="The sign-in did not work. Nothing has changed.", back=_SIGN_IN_AGAIN),
    Check.AUTHORIZATION_RESPONSE: WayOn(lead="The sign-in did not work. Nothing has changed.", back=_SIGN_IN_AGAIN),
}
_SIGN_INS: Final[Limited[RegistrarSite]] = Limited(Limit.LOG_IN)
_READS: Final[Limited[RegistrarSite]] = Limited(Limit.REGISTER)

ROUTES: Final[tuple[Route[RegistrarSite], ...]] = (
    Route("GET", "/", show_home, Audience.PERSON, limited=_READS),
    Route("GET", PARTIES + "{identifier}", show_party, Audience.PERSON, limited=_READS),
    Route("GET", SIGN_IN, show_sign_in, Audience.PERSON),
    Route("POST", SIGN_IN, sign_in, Audience.PERSON, max_body=MAX_FORM, limited=_SIGN_INS),
    Route("GET", RETURN, return_from_provider, Audience.PERSON, limited=_SIGN_INS),
    Route("POST", SIGN_OUT, sign_out, Audience.PERSON, max_body=MAX_FORM),
    Route("GET", STATIC + "{name}", serve_static),
)
