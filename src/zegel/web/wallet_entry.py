"""Getting in: the launch code, the passphrase, a new vault; and out again."""

from contextlib import suppress
from typing import Final

from zegel.checks import Check
from zegel.errors import Malformed, Rejected, ZegelError
from zegel.primitives.http import HttpRequest, HttpResponse
from zegel.services.rates import Limit
from zegel.web.browser import ID_BYTES, check_csrf, known_browser, new_browser
from zegel.web.errors import WordedRefusal
from zegel.web.routing import Audience, Route
from zegel.web.turnstile import Limited
from zegel.web.wallet_site import (
    CREATE,
    HOME,
    LAUNCH,
    LOCK,
    MAX_FORM,
    SHOW_CODE,
    UNLOCK,
    Visit,
    WalletSite,
    checked_onward,
    entry_page,
    inside,
    see,
)


async def show_launch(site: WalletSite, request: HttpRequest) -> HttpResponse:
    """The page for the code; whoever is inside already goes on."""
    browser = known_browser(request, site.cookies)
    if browser is not None and site.door.bindings(browser) is not None:
        return see(HOME)
    return entry_page(site, request, onward=HOME)


async def show_code(site: WalletSite, request: HttpRequest) -> HttpResponse:
    """Have a code shown in the terminal."""
    form = request.form()
    check_csrf(form, known_browser(request, site.cookies))
    site.door.show_code()
    return entry_page(site, request, onward=checked_onward(form.get("onward", HOME)), shown=True)


async def launch(site: WalletSite, request: HttpRequest) -> HttpResponse:
    """The code for a cookie: the browser gets a new id, and goes on to where it wanted to go."""
    form = request.form()
    before = check_csrf(form, known_browser(request, site.cookies))
    onward = checked_onward(form.get("onward", HOME))
    browser = new_browser(site.cookies, site.random(ID_BYTES))
    try:
        site.door.enter(form.get("code", ""), browser, before=before)
    except Rejected as error:
        raise _said_at_the_entry(site, request, onward, error) from None
    return browser.remembered(see(onward))


async def unlock(site: WalletSite, request: HttpRequest) -> HttpResponse:
    """The passphrase opens the vault."""
    form = _form_of_insider(site, request)
    onward = checked_onward(form.get("onward", HOME))
    try:
        await site.wallet.safe.unlock(form.get("passphrase", ""))
    except Rejected as error:
        if error.check is not Check.PASSPHRASE:
            raise
        raise _said_at_the_entry(site, request, onward, error) from None
    return see(onward)


async def create(site: WalletSite, request: HttpRequest) -> HttpResponse:
    """A passphrase is chosen, and the vault made."""
    form = _form_of_insider(site, request)
    onward = checked_onward(form.get("onward", HOME))
    passphrase = form.get("passphrase", "")
    try:
        if passphrase != form.get("again", ""):
            raise Malformed("new passphrase", "again", "expected the same passphrase twice")
        await site.wallet.safe.create(passphrase)
    except Malformed as error:
        raise _said_at_the_entry(site, request, onward, error) from None
    with suppress(ZegelError):  # ARF 3.0 WIAM_03; a provider that does not answer is asked at the first use
        await site.wallet.instance.activate()
    return see(onward)


@inside
async def lock(site: WalletSite, _visit: Visit) -> HttpResponse:
    """The owner goes away."""
    await site.wallet.safe.lock()
    return see(HOME)


def _form_of_insider(site: WalletSite, request: HttpRequest) -> dict[str, str]:
    """The form of a browser that was let in; ``Rejected(LAUNCH)`` for another: it may not try passphrases."""
    form = request.form()
    browser = check_csrf(form, known_browser(request, site.cookies))
    if site.door.bindings(browser) is None:
        raise Rejected(Check.LAUNCH, "expected a browser that was let in with a code", field="cookie")
    return form


def _said_at_the_entry(site: WalletSite, request: HttpRequest, onward: str, error: ZegelError) -> WordedRefusal:
    sentence = error.detail[:1].upper() + error.detail[1:] + "."
    return WordedRefusal(error, entry_page(site, request, onward=onward, error=sentence))


def _insider(site: WalletSite, request: HttpRequest) -> str | None:
    """The browser that was let in: nobody else tries a passphrase, or uses up what its owner may try."""
    browser = known_browser(request, site.cookies)
    return browser.id if browser is not None and site.door.bindings(browser) is not None else None


def _is_inside(site: WalletSite, request: HttpRequest) -> bool:
    return _insider(site, request) is not None


_PASSPHRASES: Final = Limited(Limit.PASSPHRASE, _insider, counts=_is_inside)

ROUTES: Final[tuple[Route[WalletSite], ...]] = (
    Route("GET", LAUNCH, show_launch, Audience.PERSON),
    Route("POST", LAUNCH, launch, Audience.PERSON, max_body=MAX_FORM),
    Route("POST", SHOW_CODE, show_code, Audience.PERSON, max_body=MAX_FORM),
    Route("POST", UNLOCK, unlock, Audience.PERSON, max_body=MAX_FORM, limited=_PASSPHRASES),
    Route("POST", CREATE, create, Audience.PERSON, max_body=MAX_FORM, limited=_PASSPHRASES),
    Route("POST", LOCK, lock, Audience.PERSON, max_body=MAX_FORM),
)
