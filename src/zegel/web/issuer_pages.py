"""The issuer's front page: choose an attestation, get an offer as a link and as a code to scan."""

from typing import Final
from urllib.parse import urlencode

from zegel.formats.catalogue.describe import name_in
from zegel.formats.catalogue.types import AttestationType
from zegel.primitives.http import HttpRequest, HttpResponse
from zegel.protocols.openid4vci.offer import OfferReference, OfferScheme, offer_link
from zegel.services.rates import Limit
from zegel.web.browser import ID_BYTES, check_csrf, known_browser, new_browser
from zegel.web.issuer_site import IssuerSite, known_type
from zegel.web.load import Priority
from zegel.web.pages import render_page
from zegel.web.qr import draw_qr
from zegel.web.routing import Audience, Route
from zegel.web.turnstile import Limited

MAKE_OFFER: Final = "/offer"
SHOWN_OFFER: Final = "/offer/"
MAX_BODY: Final = 1_024  # a type and a CSRF token
WALLET_PAGE: Final = "/receive"
_LOCALE: Final = "en"


async def show_home(site: IssuerSite, request: HttpRequest) -> HttpResponse:
    """What is on offer."""
    known = known_browser(request, site.cookies)
    browser = known or new_browser(site.cookies, site.random(ID_BYTES))
    page = render_page(
        "issuer.html",
        title="Attestations for your wallet",
        role=site.name,
        host=site.host,
        csrf=browser.csrf,
        action=MAKE_OFFER,
        types=[_choice(type_) for type_ in site.policy.types.values()],
    )
    return page if known else browser.remembered(page)


async def make_offer(site: IssuerSite, request: HttpRequest) -> HttpResponse:
    """An offer of the chosen type, for whoever logs in; then to its page, so that a reload makes no other."""
    form = request.form()
    check_csrf(form, known_browser(request, site.cookies))
    made = await site.offers.offer(known_type(site, form.get("type", "")))
    location = SHOWN_OFFER + made.id
    return HttpResponse(status=303, headers=(("location", location), ("cache-control", "no-store")))


async def show_offer(site: IssuerSite, _request: HttpRequest, *, id: str) -> HttpResponse:  # noqa: A002 the path's
    """An offer as a link, as a code, and as a button to the wallet on this machine."""
    offer = await site.offers.look_up(id)
    if offer is None:
        return render_page("issuer_offer_over.html", status=404, title="No such offer", role=site.name, host=site.host)
    uri = site.offers.uri(id)
    link = reference_link(uri, scheme=site.scheme)
    types = dict.fromkeys(site.policy.find(each)[0].id for each in offer.configurations)
    names = [name_in(site.policy.types[id_].names, _LOCALE) for id_ in types]
    return render_page(
        "issuer_offer.html",
        title=" and ".join(names),
        role=site.name,
        host=site.host,
        link=link,
        code=draw_qr(link),
        page=None if site.wallet is None else wallet_link(site.wallet, uri),
        minutes=site.policy.offer_seconds // 60,
    )


def wallet_link(wallet: str, offer_uri: str) -> str:
    """The page of a wallet at this origin that takes an offer."""
    return f"{wallet}{WALLET_PAGE}?" + urlencode({"credential_offer_uri": offer_uri})


def reference_link(offer_uri: str, *, scheme: OfferScheme) -> str:
    """The link of an offer by reference."""
    return offer_link(OfferReference(uri=offer_uri), scheme=scheme)


def _choice(type_: AttestationType) -> tuple[str, str, str]:
    return type_.id, name_in(type_.names, _LOCALE), name_in(type_.descriptions, _LOCALE)


def _browser_of(site: IssuerSite, request: HttpRequest) -> str | None:
    browser = known_browser(request, site.cookies)
    return None if browser is None else browser.id


ROUTES: Final[tuple[Route[IssuerSite], ...]] = (
    Route("GET", "/", show_home, Audience.PERSON),
    Route(
        "POST",
        MAKE_OFFER,
        make_offer,
        Audience.PERSON,
        max_body=MAX_BODY,
        limited=Limited(Limit.OFFER, _browser_of),
        priority=Priority.BEGINS,
    ),
    Route("GET", SHOWN_OFFER + "{id}", show_offer, Audience.PERSON),
)
