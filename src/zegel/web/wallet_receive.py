"""The pages of an issuance: what a link brought, who offers what, the way to the log-in and back, keep or not."""

from typing import Any, Final, NoReturn
from urllib.parse import urlsplit

from zegel.checks import Check
from zegel.errors import Denied, Rejected, explain
from zegel.primitives.http import HttpRequest, HttpResponse
from zegel.profiles import Grant
from zegel.protocols.openid4vci.configuration import CredentialConfiguration
from zegel.protocols.openid4vci.offer import (
    MAX_LINK,
    CredentialOffer,
    InputMode,
    OfferReference,
    TransactionCodePrompt,
)
from zegel.services.wallet.cautioning import describe_cautions, describe_registration
from zegel.services.wallet.consenting import set_aside
from zegel.services.wallet.contents import Arrived, Brought, Deferred, Finished, Flow, LoggingIn, Offered
from zegel.services.wallet.describing import describe_withheld, named_batch, named_configuration, shown_claims
from zegel.services.wallet.flows import check_step
from zegel.services.wallet.journal import host_of, issuer_counterpart
from zegel.services.wallet.receiving import choose_grant
from zegel.web.errors import WordedRefusal
from zegel.web.pages import WayOn, WaysOn
from zegel.web.routing import Audience, Route
from zegel.web.wallet_present import brought_of
from zegel.web.wallet_site import (
    CALLBACK,
    CREDENTIALS,
    HOME,
    LOCALE,
    MAX_FORM,
    OFFER_SCHEME,
    RECEIVE,
    Visit,
    WalletSite,
    inside,
    look_in,
    offer_host,
    offer_of,
    onward_page,
    see,
    wallet_page,
)

_LOG_IN: Final = "/log-in"
WAYS_ON: Final[WaysOn] = {
    Check.ACCESS_DENIED: WayOn(
        lead="Nothing was issued: it was stopped at the office, or the office said no. Your wallet is as it was.",
        back=(HOME, "To all credentials"),
    )
}
_SECONDS_TO_LOOK_AGAIN: Final = 5  # at the least: a page that is loaded all the time cannot be read


async def bring(site: WalletSite, request: HttpRequest) -> HttpResponse:
    """A link brought an offer: its host, and a button. ``Malformed`` for a link that brings nothing."""
    query = urlsplit(request.url).query
    offer = offer_of(query)
    visit = await look_in(site, request)
    if isinstance(visit, HttpResponse):
        return visit
    return brought_page(site, visit, link=query, offer=offer, brought=Brought.LINK)


@inside
async def begin(site: WalletSite, visit: Visit) -> HttpResponse:
    """The owner pressed the button: the offer and its issuer's metadata are fetched."""
    link = visit.form.get("link", "")[:MAX_LINK]
    flow = await site.wallet.receiving.review(OFFER_SCHEME + link, brought=brought_of(visit))
    return see(f"{RECEIVE}/{flow}")


@inside
async def show(site: WalletSite, visit: Visit, *, flow: str) -> HttpResponse:
    """How an issuance stands."""
    return _page(site, visit, flow, site.wallet.receiving.look(flow))


@inside
async def decide(site: WalletSite, visit: Visit, *, flow: str) -> HttpResponse:
    """The owner's word."""
    receiving, here = site.wallet.receiving, see(f"{RECEIVE}/{flow}")
    match visit.form.get("decision"):
        case "log-in":
            await receiving.log_in(
                flow, redirect_uri=site.origin + CALLBACK, browser=visit.browser.binding, despite=set_aside(visit.form)
            )
            return see(f"{RECEIVE}/{flow}{_LOG_IN}")
        case "redeem":
            try:
                await receiving.redeem(flow, tx_code=visit.form.get("tx_code"), despite=set_aside(visit.form))
            except (Denied, Rejected) as error:
                _code_again(site, visit, flow, error)
        case "ask":
            await receiving.fetch_deferred(flow)
        case "keep":
            kept = await receiving.keep(flow)
            return see(CREDENTIALS + kept[0] if len(kept) == 1 else HOME)
        case "discard":
            await receiving.discard(flow)
            return see(HOME)
        case _:
            pass
    return here


@inside
async def go_to_log_in(site: WalletSite, visit: Visit, *, flow: str) -> HttpResponse:
    """To the authorization endpoint (RFC 9126 section 4), in the browser that is to come back."""
    waiting = check_step(site.wallet.receiving.look(flow), LoggingIn)
    return onward_page(
        site, visit, waiting.pause.url, title="To the log-in", lead="You log in there, and come back here."
    )


@inside
async def come_back(site: WalletSite, visit: Visit) -> HttpResponse:
    """The browser is back from the log-in (RFC 6749 section 4.1.2): only the one that began goes on."""
    flow = await site.wallet.receiving.come_back(visit.request.url, browsers=visit.bindings)
    return see(f"{RECEIVE}/{flow}")


def brought_page(
    site: WalletSite, visit: Visit, *, link: str, offer: CredentialOffer | OfferReference, brought: Brought
) -> HttpResponse:
    """What a link brought, before anything is done with it."""
    return wallet_page(
        site,
        visit,
        "wallet_brought.html",
        title="An offer to your wallet",
        kind="receive",
        action=RECEIVE,
        link=link,
        host_named=offer_host(offer),
        brought=str(brought),
    )


def _page(site: WalletSite, visit: Visit, flow: str, state: Flow) -> HttpResponse:
    action = f"{RECEIVE}/{flow}"
    match state:
        case Offered() as offered:
            return _offer_page(site, visit, action, offered, waiting=False)
        case LoggingIn(offered=offered):
            return _offer_page(site, visit, action, offered, waiting=True)
        case Arrived(provider=provider, session=session):
            named = [(batch, named_batch(batch, site.wallet.catalogue, locale=LOCALE)) for batch in state.batches]
            return wallet_page(
                site,
                visit,
                "wallet_arrived.html",
                title="Look before you keep it",
                action=action,
                issuer=issuer_counterpart(provider),
                arrived=[
                    {
                        "name": each.name,
                        "format": each.format_name,
                        "signed_by": batch.credential.issuer.entity,
                        "copies": len(batch.copies),
                        "claims": shown_claims(batch.credential, each),
                    }
                    for batch, each in named
                ],
                withheld=describe_withheld(session, site.wallet.catalogue, locale=LOCALE),
            )
        case Deferred(provider=provider, session=session, pending=pending):
            now = site.clock.now()
            return wallet_page(
                site,
                visit,
                "wallet_deferred.html",
                title="It takes a while",
                action=action,
                issuer=issuer_counterpart(provider),
                seconds=max(pending.ready_at - now, 0),
                refresh=max(min(pending.ready_at - now, 60), _SECONDS_TO_LOOK_AGAIN),
                withheld=describe_withheld(session, site.wallet.catalogue, locale=LOCALE),
            )
        case _:
            check_step(state, Finished)
            return see(HOME)


def _code_again(site: WalletSite, visit: Visit, flow: str, error: Denied | Rejected) -> NoReturn:
    """Show the offer once more, with what is wrong with the transaction code; any other refusal is raised again."""
    state = site.wallet.receiving.look(flow) if error.check is Check.TRANSACTION_CODE else None
    if not isinstance(state, Offered):
        raise error
    wrong = f"It was not taken. Found: {explain(error).detail}. What to do: {error.check.remedy}."
    raise WordedRefusal(error, _offer_page(site, visit, f"{RECEIVE}/{flow}", state, waiting=False, wrong=wrong))


def _offer_page(
    site: WalletSite, visit: Visit, action: str, offered: Offered, *, waiting: bool, wrong: str | None = None
) -> HttpResponse:
    ready, vetting = offered.ready, offered.vetting
    grant = choose_grant(ready, profile=site.wallet.habits.issuance.profile)
    return wallet_page(
        site,
        visit,
        "wallet_offer.html",
        title="What you are offered",
        action=action,
        issuer=issuer_counterpart(offered.provider),
        says=offered.provider.name,
        credentials=[_offered(site, each) for each in ready.configurations],
        copies=min(ready.issuer.batch_size, site.wallet.habits.issuance.copies),
        log_in=grant is Grant.AUTHORIZATION_CODE,
        log_in_at=host_of(ready.server.issuer),
        tx_code=_prompt(ready.offer) if grant is Grant.PRE_AUTHORIZED_CODE else None,
        wrong=wrong,
        waiting=waiting,
        elsewhere=offered.brought is Brought.PASTED,
        registration=describe_registration(vetting, locale=LOCALE),
        cautions=describe_cautions(vetting, name_of=lambda asked: asked.type),
        refused=bool(vetting.findings) and site.wallet.habits.issuance.refuses_unregistered,
    )


def _offered(site: WalletSite, configuration: CredentialConfiguration) -> dict[str, Any]:
    named = named_configuration(configuration, site.wallet.catalogue, locale=LOCALE)
    return {
        "name": named.name,
        "format": named.format_name,
        "claims": [named.claim(claim.path) for claim in configuration.claims if len(claim.path) < _DEEP],
    }


_DEEP: Final = 3  # members of members are named on the page where their values are shown


def _prompt(offer: CredentialOffer) -> dict[str, Any] | None:
    prompt: TransactionCodePrompt | None = None if offer.pre_authorized is None else offer.pre_authorized.tx_code
    if prompt is None:
        return None
    digits = "digits" if prompt.input_mode is InputMode.NUMERIC else "characters"
    length = f"{prompt.length} {digits}" if prompt.length is not None else digits
    return {"hint": f"{length}, which you were given by another way", "said": prompt.description}


ROUTES: Final[tuple[Route[WalletSite], ...]] = (
    Route("GET", RECEIVE, bring, Audience.PERSON),
    Route("POST", RECEIVE, begin, Audience.PERSON, max_body=MAX_FORM),
    Route("GET", RECEIVE + "/{flow}", show, Audience.PERSON),
    Route("GET", RECEIVE + "/{flow}" + _LOG_IN, go_to_log_in, Audience.PERSON),
    Route("POST", RECEIVE + "/{flow}", decide, Audience.PERSON, max_body=MAX_FORM),
    Route("GET", CALLBACK, come_back, Audience.PERSON),
)
