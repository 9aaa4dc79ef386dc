"""The OpenID Provider over HTTP: pages for the person, endpoints for the service, and those that its wallets need.

/authorize leads to a page whose address names the sign-in, and nothing else: what a service sent stands in no address
bar, and a reload begins nothing anew.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, final

from zegel.errors import Explanation, Rejected, ZegelError, explain
from zegel.formats.catalogue.describe import claim_names, name_in
from zegel.formats.catalogue.types import Catalogue
from zegel.formats.credential import Format
from zegel.primitives.http import JSON, HttpRequest, HttpResponse, origin_of
from zegel.primitives.json import encode_json
from zegel.protocols.oidc.authorization import read_parameters
from zegel.protocols.oidc.client import Client
from zegel.protocols.oidc.provider import AUTHORIZATION, DISCOVERY, KEYS, TOKEN, USERINFO
from zegel.protocols.oidc.subject import StableFrom
from zegel.protocols.oidc.token_request import token_error, userinfo_error
from zegel.protocols.openid4vp.dcql import CredentialQuery, DcqlQuery
from zegel.protocols.openid4vp.response import MAX_BODY
from zegel.protocols.openid4vp.verifier import Requested
from zegel.services.ports import Random
from zegel.services.rates import Limit
from zegel.services.signin import OpenSignIn, SignInService
from zegel.services.verifier import REQUEST_PATH, RESPONSE_PATH, RETURN_PATH
from zegel.web import verifier
from zegel.web.browser import ID_BYTES, Browser, CookiePolicy
from zegel.web.errors import in_oauth_words
from zegel.web.load import Priority
from zegel.web.pace import Pace
from zegel.web.pages import STATIC, render_page, static_file
from zegel.web.published import publish
from zegel.web.qr import draw_qr
from zegel.web.routing import Audience, Route
from zegel.web.sign_ins import (
    begin_sign_in,
    forgotten,
    known_sign_ins,
    page_of,
    remembered,
    sign_in_at,
    sign_in_of,
    too_many,
)
from zegel.web.site import content_policy
from zegel.web.turnstile import Limited, code_of
from zegel.web.verifier import MAX_REQUEST_FORM, VerifierSite

SIGN_IN: Final = "/sign-in"
OTHER_DEVICE: Final = "/sign-in/other-device"
CANCEL: Final = "/sign-in/cancel"
MAX_AUTHORIZATION: Final = 16_000  # state, nonce and redirect URI at their longest, percent-encoded, are half of it
MAX_TOKEN: Final = 8_000  # a code, a verifier, a redirect URI and a secret
MAX_USERINFO: Final = 2_000  # an access token, which is refused there by name; beside one in the header, anything
_MAX_FORM: Final = 1_000  # a CSRF token
PUBLISHED_SECONDS: Final = 300  # seconds; a successor's key is published for longer before it signs
_LOCALE: Final = "en"
_WALLET_PAGE: Final = "/present"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderSite:
    """What the provider's handlers need. ``wallet`` is the origin of a wallet's pages on this machine, if there is one;
    ``verifier`` is what the wallets speak to."""

    service: SignInService
    verifier: VerifierSite
    catalogue: Catalogue
    cookies: CookiePolicy
    random: Random
    wallet: str | None
    pace: Pace


async def authorize(site: ProviderSite, request: HttpRequest) -> HttpResponse:
    """A service sends a person (OpenID Connect Core 1.0 section 3.1.2.1): a session of its own, and to the page."""
    parameters, repeated = read_parameters(request)
    browser = begin_sign_in(site.cookies, site.random(ID_BYTES))
    refused = await site.service.begin(parameters, repeated=repeated, browser=browser.id)
    if refused is not None:
        return refused
    begun = remembered(_see(page_of(SIGN_IN, browser)), browser)
    return forgotten(begun, too_many(known_sign_ins(request, site.cookies), room_for=1))


async def show_sign_in(site: ProviderSite, request: HttpRequest) -> HttpResponse:
    """Who asks for what, and the way to the wallet; when a wallet has answered, back to the service."""
    known = known_sign_ins(request, site.cookies)
    browser = sign_in_at(request, known)
    sign_in = await site.service.look(_id(browser))
    assert browser is not None  # without one there is nothing to look at
    if isinstance(sign_in, HttpResponse):
        return forgotten(sign_in, [browser])
    here = sign_in.same_device if isinstance(sign_in.same_device, Requested) else None
    return _page(
        site,
        sign_in,
        "sign_in.html",
        title=f"Sign in to {sign_in.client.name}",
        browser=browser,
        known=known,
        attestations=_asked(sign_in.query, site.catalogue),
        pseudonym_from=_kept_back(sign_in.client, site.catalogue),
        link=None if here is None else here.link(site.verifier.link_target),
        page=None if here is None or site.wallet is None else here.link(site.wallet + _WALLET_PAGE),
        answered=sign_in.same_device is not None and here is None,
        failure=_failure(here),
    )


async def ask_other_device(site: ProviderSite, request: HttpRequest) -> HttpResponse:
    """The person's wallet is on another device."""
    browser = sign_in_of(request.form(), known_sign_ins(request, site.cookies))
    await site.service.ask_other_device(browser.id)
    return _see(page_of(OTHER_DEVICE, browser))


async def show_code(site: ProviderSite, request: HttpRequest) -> HttpResponse:
    """The code to scan. The page loads itself again until a wallet has answered, and then goes back to the service."""
    known = known_sign_ins(request, site.cookies)
    browser = sign_in_at(request, known)
    sign_in = await site.service.look(_id(browser))
    assert browser is not None  # without one there is nothing to look at
    if isinstance(sign_in, HttpResponse):
        return forgotten(sign_in, [browser])
    if not sign_in.client.cross_device:
        return _see(page_of(SIGN_IN, browser))
    there = sign_in.cross_device
    return _page(
        site,
        sign_in,
        "other_device.html",
        title="Scan with your wallet",
        browser=browser,
        known=known,
        code=None if there is None else draw_qr(there.link(site.verifier.link_target)),
        opened=there is not None and there.opened,
        failure=_failure(there),
        refresh=None if there is None else site.pace.next(),
    )


async def cancel(site: ProviderSite, request: HttpRequest) -> HttpResponse:
    """The person does not want to."""
    browser = sign_in_of(request.form(), known_sign_ins(request, site.cookies))
    return forgotten(await site.service.cancel(browser.id), [browser])


async def come_back(site: ProviderSite, request: HttpRequest, *, session: str) -> HttpResponse:
    """A browser is back from its wallet (OpenID4VP 1.0 section 8.2), to the sign-in of its that was answered."""
    code = request.query().get("response_code", "")
    known = {each.id: each for each in known_sign_ins(request, site.cookies)}
    browser = await site.service.answered(session, browsers=known)
    response = await site.service.come_back(session, response_code=code, browser=browser)
    return forgotten(response, [] if browser is None else [known[browser]])


async def show_home(site: ProviderSite, _request: HttpRequest) -> HttpResponse:
    """What this host is."""
    return render_page(
        "provider.html", title="Sign in with your wallet", role=site.verifier.name, host=site.verifier.host
    )


async def discover(site: ProviderSite, request: HttpRequest) -> HttpResponse:
    """The discovery document (OpenID Connect Discovery 1.0 section 4)."""
    return publish(request, encode_json(site.service.metadata()), content_type=JSON, max_age=PUBLISHED_SECONDS)


async def serve_keys(site: ProviderSite, request: HttpRequest) -> HttpResponse:
    """The keys that sign ID Tokens."""
    return publish(request, encode_json(site.service.key_set()), content_type=JSON, max_age=PUBLISHED_SECONDS)


async def token(site: ProviderSite, request: HttpRequest) -> HttpResponse:
    """The token endpoint (OpenID Connect Core 1.0 section 3.1.3)."""
    return await site.service.token(request)


async def userinfo(site: ProviderSite, request: HttpRequest) -> HttpResponse:
    """The userinfo endpoint (OpenID Connect Core 1.0 section 5.3)."""
    return await site.service.userinfo(request)


async def serve_request(site: ProviderSite, request: HttpRequest, *, session: str) -> HttpResponse:
    """The request object, for a wallet."""
    return await verifier.serve_request(site.verifier, request, session=session)


async def post_response(site: ProviderSite, request: HttpRequest, *, session: str) -> HttpResponse:
    """A wallet's answer."""
    return await verifier.post_response(site.verifier, request, session=session)


async def serve_static(_site: ProviderSite, _request: HttpRequest, *, name: str) -> HttpResponse:
    """A file that pages need."""
    return static_file(name)


def refuse_token(_site: ProviderSite, error: ZegelError) -> HttpResponse:
    """A refusal at the token endpoint."""
    return in_oauth_words(error, token_error)


def refuse_userinfo(_site: ProviderSite, error: ZegelError) -> HttpResponse:
    """A refusal at the userinfo endpoint."""
    return in_oauth_words(error, userinfo_error)


def _page(
    site: ProviderSite,
    sign_in: OpenSignIn,
    template: str,
    *,
    browser: Browser,
    known: Sequence[Browser],
    **values: object,
) -> HttpResponse:
    page = render_page(
        template,
        status=200,
        role=site.verifier.name,
        host=site.verifier.host,
        client=sign_in.client.name,
        cross_device=sign_in.client.cross_device,
        here=page_of(SIGN_IN, browser),
        csrf=browser.csrf,
        other_device=OTHER_DEVICE,
        cancel=CANCEL,
        **values,
    )
    # Whoever cancels is sent to the service, by the answer to a form.
    policy = content_policy(origin_of(sign_in.redirect_uri, what="redirect URI"))
    page = replace(page, headers=(*page.headers, policy))
    # Forms of other sites begin sign-ins without the cookies that there are (SameSite=Lax): here they are counted.
    return forgotten(page, [each for each in too_many(known) if each != browser])


def _see(path: str) -> HttpResponse:
    return HttpResponse(status=303, headers=(("location", path), ("cache-control", "no-store")))


def _id(browser: Browser | None) -> str | None:
    return None if browser is None else browser.id


def _asked(query: DcqlQuery, catalogue: Catalogue) -> list[tuple[str, list[str]]]:
    """What is asked for in words: each attestation with its claims. The formats differ in nothing that is read."""
    return [_words(query.credential(set_.options[0][0]), catalogue) for set_ in query.sets]


def _words(credential: CredentialQuery, catalogue: Catalogue) -> tuple[str, list[str]]:
    type_ = catalogue.find(credential.types[0])
    assert type_ is not None  # the query was built from this catalogue
    format_ = Format(credential.format)
    names = claim_names(type_, format_, (claim.path for claim in credential.claims), locale=_LOCALE)
    return name_in(type_.names, _LOCALE), list(dict.fromkeys(names))


def _kept_back(client: Client, catalogue: Catalogue) -> list[str]:
    """The claims that only the subject is made from: the service does not get them."""
    source = client.subject
    if not isinstance(source, StableFrom):
        return []
    mapped = {(given.attestation, claim) for given in client.claims.values() for claim in given.claims}
    unmapped = {claim for claim in source.claims if (source.attestation, claim) not in mapped}
    return [
        name_in(claim.names, _LOCALE) for claim in catalogue.types[source.attestation].claims if claim.id in unmapped
    ]


def _failure(session: Requested | None) -> Explanation | None:
    """Why the last answer was not taken; the request stays open for a better one."""
    if session is None or session.failure is None:
        return None
    failure = session.failure
    return explain(Rejected(failure.check, failure.detail, field=failure.field))


def _browser_of(site: ProviderSite, request: HttpRequest) -> str | None:
    return _id(next(iter(known_sign_ins(request, site.cookies)), None))


_REQUESTS: Final = Limited(Limit.REQUEST, _browser_of)

ROUTES: Final[tuple[Route[ProviderSite], ...]] = (
    Route("GET", "/", show_home, Audience.PERSON),
    Route("GET", DISCOVERY, discover),
    Route("GET", KEYS, serve_keys),
    Route("GET", AUTHORIZATION, authorize, Audience.PERSON, limited=_REQUESTS, priority=Priority.BEGINS),
    Route(
        "POST",
        AUTHORIZATION,
        authorize,
        Audience.PERSON,
        max_body=MAX_AUTHORIZATION,
        from_elsewhere=True,
        limited=_REQUESTS,
        priority=Priority.BEGINS,
    ),
    Route("GET", SIGN_IN, show_sign_in, Audience.PERSON),
    Route("GET", OTHER_DEVICE, show_code, Audience.PERSON),
    Route("POST", OTHER_DEVICE, ask_other_device, Audience.PERSON, max_body=_MAX_FORM, limited=_REQUESTS),
    Route("POST", CANCEL, cancel, Audience.PERSON, max_body=_MAX_FORM),
    Route("GET", RETURN_PATH + "{session}", come_back, Audience.PERSON),
    Route("POST", TOKEN, token, max_body=MAX_TOKEN, refusal=refuse_token, limited=Limited(Limit.TOKEN, code_of)),
    Route("GET", USERINFO, userinfo, refusal=refuse_userinfo),
    Route("POST", USERINFO, userinfo, max_body=MAX_USERINFO, refusal=refuse_userinfo),
    Route("GET", REQUEST_PATH + "{session}", serve_request),
    Route("POST", REQUEST_PATH + "{session}", serve_request, max_body=MAX_REQUEST_FORM),
    Route("POST", RESPONSE_PATH + "{session}", post_response, max_body=MAX_BODY, refusal=verifier.refuse_answer),
    Route("GET", STATIC + "{name}", serve_static),
)
