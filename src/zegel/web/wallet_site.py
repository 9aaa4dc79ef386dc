"""What the wallet's handlers share: the site, and the two gates that stand before every page, launch and passphrase."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from typing import Final, final
from urllib.parse import urlsplit

from zegel.errors import Malformed
from zegel.primitives.http import HttpRequest, HttpResponse
from zegel.primitives.multipart import MultipartForm
from zegel.protocols.openid4vci.offer import CredentialOffer, OfferReference, OfferScheme, parse_offer_link
from zegel.protocols.openid4vp.link import UnverifiedLink, parse_link
from zegel.services.ports import Clock, CodeReader, Random
from zegel.services.wallet.contents import Brought
from zegel.services.wallet.journal import host_of
from zegel.services.wallet.wallet import Wallet
from zegel.web.browser import ID_BYTES, Browser, CookiePolicy, check_csrf, known_browser, new_browser
from zegel.web.pages import render_page
from zegel.web.upload import read_form
from zegel.web.wallet_door import Door

HOME: Final = "/"
LOG: Final = "/log"
THIS_WALLET: Final = "/this-wallet"
LAUNCH: Final = "/launch"
SHOW_CODE: Final = "/launch/code"
UNLOCK: Final = "/unlock"
CREATE: Final = "/create"
LOCK: Final = "/lock"
PRESENT: Final = "/present"
RECEIVE: Final = "/receive"
BRING: Final = "/bring"
CALLBACK: Final = "/callback"
CREDENTIALS: Final = "/credentials/"
CERTIFICATES: Final = "/certificates/"
ADD: Final = CERTIFICATES + "add"
LOCALE: Final = "en"
REQUEST_SCHEME: Final = "openid4vp://?"
OFFER_SCHEME: Final = f"{OfferScheme.OPENID}://?"
MAX_ONWARD: Final = 16_400  # a link of 16,000 characters, and the page that it is for
MAX_FORM: Final = 65_536  # such a link, percent-encoded once more


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class WalletSite:
    """What the wallet's handlers need."""

    wallet: Wallet
    door: Door
    cookies: CookiePolicy
    clock: Clock
    random: Random
    codes: CodeReader
    name: str
    origin: str

    @property
    def host(self) -> str:
        """Where the pages are."""
        return urlsplit(self.origin).netloc


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A request of the owner's, with the wallet unlocked. ``form`` has passed its CSRF check; empty for a GET.

    ``files`` are those that a form brought.
    """

    request: HttpRequest
    browser: Browser
    bindings: frozenset[str]
    form: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)


def inside(handler: Callable[..., Awaitable[HttpResponse]]) -> Callable[..., Awaitable[HttpResponse]]:
    """The handler, ``(site, visit, **parts)``, behind both gates.

    Whoever is not let in yet gets the page that lets in, and comes back here.
    """

    @wraps(handler)
    async def guarded(site: WalletSite, request: HttpRequest, **parts: str) -> HttpResponse:
        visit = await look_in(site, request)
        if isinstance(visit, HttpResponse):
            return visit
        return await handler(site, visit, **parts)

    return guarded


async def look_in(site: WalletSite, request: HttpRequest) -> Visit | HttpResponse:
    """The visit, or the page at which the owner is let in."""
    await site.wallet.safe.lock_if_idle()
    browser = known_browser(request, site.cookies)
    bindings = None if browser is None else site.door.bindings(browser)
    if browser is None or bindings is None or not site.wallet.safe.is_open:
        return entry_page(site, request, onward=onward_of(request))
    sent = MultipartForm() if request.method != "POST" else read_form(request)
    if request.method == "POST":
        check_csrf(sent.fields, browser)
    site.wallet.safe.used()
    return Visit(request=request, browser=browser, bindings=bindings, form=sent.fields, files=sent.files)


def entry_page(
    site: WalletSite,
    request: HttpRequest,
    *,
    onward: str,
    error: str | None = None,
    shown: bool = False,
) -> HttpResponse:
    """The page at which the owner is let in: by the launch code, then by the passphrase. ``onward`` is kept in it."""
    known = known_browser(request, site.cookies)
    browser = known or new_browser(site.cookies, site.random(ID_BYTES))
    if site.door.bindings(browser) is None:
        template, title = "wallet_launch.html", "Open your wallet"
    elif site.wallet.safe.exists:
        template, title = "wallet_unlock.html", "Unlock your wallet"
    else:
        template, title = "wallet_create.html", "Make your wallet"
    page = render_page(
        template,
        title=title,
        role=site.name,
        host=site.host,
        csrf=browser.csrf,
        onward=onward,
        brought=brought_by(onward),
        error=error,
        shown=shown,
    )
    return page if known is not None else browser.remembered(page)


def wallet_page(
    site: WalletSite, visit: Visit, template: str, *, title: str, here: str = "", **values: object
) -> HttpResponse:
    """A page of the unlocked wallet."""
    places = ((HOME, "Credentials"), (LOG, "Log"), (THIS_WALLET, "This wallet"))
    navigation = [(path, text, path == here) for path, text in places]
    return render_page(
        template,
        status=200,
        title=title,
        role=site.name,
        host=site.host,
        csrf=visit.browser.csrf,
        navigation=navigation,
        **values,
    )


def onward_page(site: WalletSite, visit: Visit, url: str, *, title: str, lead: str) -> HttpResponse:
    """Send the browser to another site, by a page that leads on and not by the answer to a form.

    Browsers hold redirects after a form against form-action (CSP level 3 section 6.4.1), and a wallet cannot know to
    which origins the others redirect in turn. Such a page has an address of its own: whoever goes back in the browser's
    history is not sent there again.
    """
    return wallet_page(site, visit, "wallet_onward.html", title=title, lead=lead, url=url, there=host_of(url))


def see(path: str) -> HttpResponse:
    """Send the browser on."""
    return HttpResponse(status=303, headers=(("location", path), ("cache-control", "no-store")))


def onward_of(request: HttpRequest) -> str:
    """Where a request wanted to go, as a path of ours.

    A link that a page on this machine brought goes with it. One that was pasted has to be pasted again: by itself it
    would come back as a page's, without the warning that its page may be elsewhere.
    """
    parts = urlsplit(request.url)
    if request.method != "POST":
        return checked_onward(parts.path + ("?" + parts.query if parts.query else ""))
    try:
        form = request.form()
    except Malformed:
        form = {}
    if parts.path in (PRESENT, RECEIVE) and "link" in form:
        return checked_onward(f"{parts.path}?{form['link']}") if form.get("brought") == Brought.LINK else HOME
    return checked_onward(parts.path if parts.path.startswith((PRESENT, RECEIVE, CREDENTIALS, CERTIFICATES)) else HOME)


def checked_onward(text: str) -> str:
    """A path of ours, or the first page: a form's field leads nowhere else."""
    fits = text.isascii() and text.isprintable() and " " not in text and "\\" not in text and len(text) <= MAX_ONWARD
    return text if fits and text.startswith("/") and not text.startswith("//") else HOME


def brought_by(onward: str) -> dict[str, str] | None:
    """What a link brought, for the page at which the owner is let in: ``present`` or ``receive``, and the host."""
    path, _, query = onward.partition("?")
    if path == PRESENT:
        return {"kind": "present", "host": request_of(query).unverified_host} if query else None
    if path == RECEIVE:
        return {"kind": "receive", "host": offer_host(offer_of(query))} if query else None
    return None


def request_of(query: str) -> UnverifiedLink:
    """The request that a link's query brings; ``Malformed`` when it brings none."""
    return parse_link(REQUEST_SCHEME + query)


def offer_of(query: str) -> CredentialOffer | OfferReference:
    """The offer that a link's query brings; ``Malformed`` when it brings none."""
    return parse_offer_link(OFFER_SCHEME + query)


def offer_host(offer: CredentialOffer | OfferReference) -> str:
    """Where an offer leads first."""
    return host_of(offer.uri if isinstance(offer, OfferReference) else offer.credential_issuer)
