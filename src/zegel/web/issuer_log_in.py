"""The authorization endpoint as its person sees it: log in, see what would be issued to which wallet, decide.

/authorize leads to pages without parameters: what the wallet sent stands in no address bar.
"""

from dataclasses import replace
from typing import Final
from urllib.parse import urlsplit

from zegel.checks import Check
from zegel.errors import Malformed, Rejected, explain
from zegel.formats.catalogue.describe import described_claims, name_in
from zegel.formats.catalogue.types import AttestationType
from zegel.formats.credential import Format
from zegel.primitives.http import HttpRequest, HttpResponse, origin_of
from zegel.primitives.multipart import MultipartForm
from zegel.protocols.oauth.server import AUTHORIZATION_PATH
from zegel.protocols.oauth.states import ClientIdentity, PushedRequest
from zegel.protocols.openid4vp.response import MAX_BODY as MAX_ANSWER
from zegel.protocols.openid4vp.verifier import Requested
from zegel.services.issuer import Wanted
from zegel.services.log_in import BringCertificate, NoMoreTries
from zegel.services.passwords import PasswordLogIn
from zegel.services.presented import PresentationLogIn
from zegel.services.rates import Limit
from zegel.services.upstream import UpstreamLogIn
from zegel.services.verifier import REQUEST_PATH, RESPONSE_PATH
from zegel.web import verifier
from zegel.web.browser import ID_BYTES, Browser, check_csrf, known_browser, new_browser
from zegel.web.errors import WordedRefusal
from zegel.web.health_code import CODE, PICTURE, read_health_code
from zegel.web.issuer_site import IssuerSite
from zegel.web.pages import WayOn, WaysOn, render_page
from zegel.web.routing import Audience, Route
from zegel.web.site import content_policy
from zegel.web.turnstile import Limited
from zegel.web.upload import MAX_UPLOAD, read_form
from zegel.web.verifier import MAX_REQUEST_FORM, VerifierSite

LOG_IN: Final = "/log-in"
CERTIFICATE: Final = "/log-in/certificate"  # takes a health certificate
PROVIDER: Final = "/log-in/provider"  # leads to an OpenID Provider
RETURN: Final = "/log-in/return"  # back from there, or from a wallet
LEAVE: Final = "/log-in/leave"  # back to the wallet, without a log-in
CONSENT: Final = "/consent"
MAX_BODY: Final = 4_096  # a name, a password and a CSRF token
_LOCALE: Final = "en"
_LOG_IN: Final = "Log in"
_WALLET_PAGE: Final = "/present"
_FORMATS: Final = {Format.SD_JWT_VC: "SD-JWT VC", Format.MDOC: "mdoc (ISO/IEC 18013-5)"}
_APPROVE: Final = "approve"
_TRIED: Final = "You tried too often. In this log-in nothing more is tried."
_NO_LOG_IN: Final = "The log-in did not work. Nothing has been issued."
_OVER: Final = "It was decided, perhaps in another window, or took too long. Begin again in your wallet."
_AGAIN: Final = (LOG_IN, "Back to the log-in, or to the wallet")
WAYS_ON: Final[WaysOn] = {
    Check.LOG_IN_OPEN: WayOn(
        lead="No log-in is open in this browser. It was ended, took too long, or was begun in another browser. "
        "Begin again in your wallet."
    ),
    (Check.LOG_IN_OPEN, "visit"): WayOn(
        lead="Your log-in stands at another page.", back=(LOG_IN, "Go on where it stands")
    ),
    (Check.LOG_IN_OPEN, "password"): WayOn(lead=_TRIED, back=(LOG_IN, "Go on")),
    (Check.LOG_IN_OPEN, "code"): WayOn(lead=_TRIED, back=(LOG_IN, "Go on")),
    Check.LOG_IN_GUESSES: WayOn(lead="This name was tried too often. Please wait a quarter of an hour.", back=_AGAIN),
    Check.PUSHED_REQUEST: WayOn(lead=f"What your wallet asked for is not open any more. {_OVER}"),
    Check.CONSENT: WayOn(
        lead="You did not share what this office asks for, so it does not know who you are. Nothing has been issued.",
        back=(LOG_IN, "Share it after all, or go back to the wallet"),
    ),
    Check.ACCESS_DENIED: WayOn(
        lead="You did not log in: you stopped it, or the provider did not let you in. Nothing has been issued.",
        back=_AGAIN,
    ),
    Check.UPSTREAM_LOG_IN: WayOn(lead=_NO_LOG_IN, back=_AGAIN),
    Check.AUTHORIZATION_RESPONSE: WayOn(lead=_NO_LOG_IN, back=_AGAIN),
    Check.RESPONSE_CODE: WayOn(lead=_NO_LOG_IN, back=_AGAIN),
    Check.ANSWERED_ONCE: WayOn(lead=_NO_LOG_IN, back=_AGAIN),
    Check.HEALTH_HOLDER: WayOn(
        lead="What you presented does not show that the certificate is yours. Neither of the two has been kept.",
        back=(LOG_IN, "Bring another certificate"),
    ),
    Check.PERSON: WayOn(
        lead="What your wallet brought here is an offer for somebody else. Nothing has been issued.",
        back=(LOG_IN, "Log in as somebody else, or go back to the wallet"),
    ),
}


async def authorize(site: IssuerSite, request: HttpRequest) -> HttpResponse:
    """A wallet sends its person (RFC 9126 section 4): a browser session of its own, and to the log-in."""
    browser = new_browser(site.cookies, site.random(ID_BYTES))
    await site.log_in.visit(request.query(), browser=browser.id)
    return browser.remembered(_see(LOG_IN))


async def show_log_in(site: IssuerSite, request: HttpRequest) -> HttpResponse:
    """The log-in, by the means of the issuer's source; on to the decision where somebody has logged in."""
    browser = known_browser(request, site.cookies)
    if await site.log_in.has_logged_in(_id(browser)):
        return _see(CONSENT)
    pending = await site.log_in.look(_id(browser))
    assert browser is not None  # without one there is nothing to look at
    match await site.log_in.step(_id(browser)):
        case NoMoreTries():
            return _page(site, "issuer_log_in_over.html", pending.pushed, title="No more tries", csrf=browser.csrf)
        case BringCertificate():
            return _certificate_page(site, pending.pushed, browser, wrong=None)
        case PasswordLogIn():
            return _password_page(site, pending.pushed, browser, login="", wrong=None)
        case UpstreamLogIn(issuer=issuer):
            there = urlsplit(issuer).netloc
            template = "issuer_log_in_provider.html"
            values = {"provider": there, "there": PROVIDER, "csrf": browser.csrf}
            return _page(site, template, pending.pushed, title=_LOG_IN, **values)
        case PresentationLogIn() as asking:
            brought = asking is not site.log_in.means
            return await _show_question(site, pending.pushed, browser, brought=brought)


async def log_in(site: IssuerSite, request: HttpRequest) -> HttpResponse:
    """A name and a password: on to the decision under a new session id, or the same page with what was wrong."""
    form = request.form()
    browser = check_csrf(form, known_browser(request, site.cookies))
    renewed = new_browser(site.cookies, site.random(ID_BYTES))
    login, password = form.get("login", ""), form.get("password", "")
    try:
        await site.log_in.log_in(browser.id, login=login, password=password, renewed=renewed.id)
    except Rejected as error:
        if error.check is not Check.LOG_IN:
            raise
        pending = await site.log_in.look(browser.id)
        wrong = "The name and the password do not belong together."
        page = _password_page(site, pending.pushed, browser, login=login[:64], wrong=wrong)
        raise WordedRefusal(error, page) from None
    return renewed.remembered(_see(CONSENT))


async def bring_certificate(site: IssuerSite, request: HttpRequest) -> HttpResponse:
    """A health certificate, as a picture or a text: on to the wallet, or the same page with what is wrong with it."""
    form = read_form(request)
    browser = check_csrf(dict(form.fields), known_browser(request, site.cookies))
    pending = await site.log_in.look(browser.id)
    try:
        code = await read_health_code(form, site.codes)
        if not code:  # a slip, and no try
            raise Malformed("certificate", "", "expected a picture, a document or a text")
        await site.log_in.bring_certificate(browser.id, code, languages=request.languages())
    except (Malformed, Rejected) as error:
        if isinstance(error, Rejected) and error.check is Check.LOG_IN_OPEN:
            raise
        wrong = _why_not(error, form)
        raise WordedRefusal(error, _certificate_page(site, pending.pushed, browser, wrong=wrong)) from None
    return _see(LOG_IN)


async def go_to_provider(site: IssuerSite, request: HttpRequest) -> HttpResponse:
    """To the OpenID Provider that knows the issuer's people."""
    return _see(await site.log_in.go_to_provider(_id(known_browser(request, site.cookies))))


async def come_back(site: IssuerSite, request: HttpRequest) -> HttpResponse:
    """Back from the provider, or from the wallet that presented (OpenID4VP 1.0 section 8.2)."""
    parameters, browser = request.query(), _id(known_browser(request, site.cookies))
    renewed = new_browser(site.cookies, site.random(ID_BYTES))
    if isinstance(site.log_in.means, UpstreamLogIn) and "response_code" not in parameters:
        await site.log_in.return_from_provider(browser, parameters, renewed=renewed.id)
    else:
        code = parameters.get("response_code", "")
        await site.log_in.return_from_wallet(browser, response_code=code, renewed=renewed.id)
    return renewed.remembered(_see(CONSENT))


async def leave(site: IssuerSite, request: HttpRequest) -> HttpResponse:
    """Back to the wallet, which is told that there was no log-in (RFC 6749 section 4.1.2.1)."""
    browser = check_csrf(request.form(), known_browser(request, site.cookies))
    return await site.log_in.leave(browser.id)


async def show_consent(site: IssuerSite, request: HttpRequest) -> HttpResponse:
    """What would be issued, to which wallet, in what, how often and for how long."""
    browser = known_browser(request, site.cookies)
    decision = await site.log_in.decision(_id(browser))
    assert browser is not None  # without one there is nothing to decide
    return _page(
        site,
        "issuer_consent.html",
        decision.pending.pushed,
        title="Issue to this wallet?" if any(each.available for each in decision.wanted) else "Nothing to issue",
        csrf=browser.csrf,
        person=decision.person.name,
        attestations=_attestations(decision.wanted, site.batch_size),
        missing=_missing(decision.wanted),
        approve=_APPROVE,
    )


async def decide(site: IssuerSite, request: HttpRequest) -> HttpResponse:
    """The decision: the browser goes back to the wallet (FAPI 2.0 section 5.3.2.2: by 303)."""
    form = request.form()
    browser = check_csrf(form, known_browser(request, site.cookies))
    return await site.log_in.decide(browser.id, approved=form.get("decision") == _APPROVE)


async def serve_request(site: IssuerSite, request: HttpRequest, *, session: str) -> HttpResponse:
    """The request object of the issuer's question, for a wallet."""
    return await verifier.serve_request(_verifier(site), request, session=session)


async def post_response(site: IssuerSite, request: HttpRequest, *, session: str) -> HttpResponse:
    """A wallet's answer to the issuer's question."""
    return await verifier.post_response(_verifier(site), request, session=session)


def _password_page(
    site: IssuerSite, pushed: PushedRequest, browser: Browser, *, login: str, wrong: str | None
) -> HttpResponse:
    return _page(site, "issuer_log_in.html", pushed, title=_LOG_IN, csrf=browser.csrf, login=login, wrong=wrong)


def _certificate_page(site: IssuerSite, pushed: PushedRequest, browser: Browser, *, wrong: str | None) -> HttpResponse:
    return _page(
        site,
        "issuer_health_certificate.html",
        pushed,
        title="Bring your certificate",
        csrf=browser.csrf,
        there=CERTIFICATE,
        wrong=wrong,
    )


def _why_not(error: Malformed | Rejected, form: MultipartForm) -> str:
    """Why a certificate is not taken, for whoever brought it: what is none has no rules that would help."""
    if isinstance(error, Rejected):
        said = explain(error)
        return f"{said.detail}. The rule: {said.rule}. What helps: {said.remedy}."
    if form.files.get(PICTURE):
        return "No code of a certificate, or more than one, was read from it. Bring a sharp picture of the one code."
    if form.fields.get(CODE, "").strip():
        return "This is no code of a certificate. Copy the whole of what the scanner reads: it begins with HC1:"
    return "Nothing was brought. Choose a picture or a PDF of the code, or enter what a scanner reads from it."


async def _show_question(site: IssuerSite, pushed: PushedRequest, browser: Browser, *, brought: bool) -> HttpResponse:
    asked = await site.log_in.ask_wallet(browser.id)
    here = asked if isinstance(asked, Requested) else None
    failure = None if here is None else here.failure
    return _page(
        site,
        "issuer_log_in_wallet.html",
        pushed,
        title="Present from your wallet",
        csrf=browser.csrf,
        brought=brought,
        link=None if here is None else here.link(_verifier(site).link_target),
        page=None if here is None or site.wallet is None else here.link(site.wallet + _WALLET_PAGE),
        failure=None if failure is None else explain(Rejected(failure.check, failure.detail, field=failure.field)),
    )


def _page(site: IssuerSite, template: str, pushed: PushedRequest, **values: object) -> HttpResponse:
    page = render_page(
        template,
        status=200,
        role=site.name,
        host=site.host,
        wallet=_wallet(pushed.client),
        asked_for=_asked_for(site, pushed),
        returns_to=_returns_to(pushed.redirect_uri),
        leave=LEAVE,
        **values,
    )
    # The answer to the last form leads to the wallet.
    return replace(page, headers=(*page.headers, content_policy(_form_target(pushed.redirect_uri))))


def _wallet(client: ClientIdentity) -> dict[str, str | None]:
    """The wallet as people read it: what its provider says of it, or the name that it gives itself."""
    return {
        "name": client.wallet or client.client_id or "a wallet without a name",
        "provider": client.provider,
        "id": client.client_id,
    }


def _asked_for(site: IssuerSite, pushed: PushedRequest) -> list[str]:
    """The names of the attestations that the wallet asks for."""
    types = (site.policy.find(credential.configuration)[0] for credential in pushed.credentials)
    return list(dict.fromkeys(name_in(type_.names, _LOCALE) for type_ in types))


def _attestations(wanted: tuple[Wanted, ...], batch_size: int) -> list[dict[str, object]]:
    """What there is to issue, by type, as the page shows it."""
    shown: dict[str, dict[str, object]] = {}
    for each in wanted:
        if each.available:
            entry = shown.setdefault(each.type.id, _described(each.type, each.format, batch_size))
            formats = entry["formats"]
            assert isinstance(formats, list)
            formats.append(_FORMATS[each.format])
    return list(shown.values())


def _described(type_: AttestationType, format_: Format, batch_size: int) -> dict[str, object]:
    length = 1 if format_ is Format.SD_JWT_VC else 2  # an mdoc's elements stand below their namespace
    claims = (claim for claim in described_claims(type_, format_) if len(claim.path) == length)
    names = [name_in(claim.names, _LOCALE) for claim in claims]
    return {
        "name": name_in(type_.names, _LOCALE),
        "formats": [],
        "copies": min(batch_size, type_.batch_size),
        "claims": list(dict.fromkeys(names)),
        "days": type_.validity_days,
        "revocable": type_.revocable,
    }


def _missing(wanted: tuple[Wanted, ...]) -> list[str]:
    """What is asked for and unknown of this person."""
    return list(dict.fromkeys(name_in(each.type.names, _LOCALE) for each in wanted if not each.available))


def _returns_to(redirect_uri: str) -> str:
    """Where the browser goes in the end: a host, or the scheme that an app has registered."""
    parts = urlsplit(redirect_uri)
    return parts.netloc if parts.scheme in ("http", "https") else parts.scheme


def _form_target(redirect_uri: str) -> str:
    """The redirect URI as a source of form-action (CSP level 3 section 2.3.1)."""
    scheme = urlsplit(redirect_uri).scheme
    return origin_of(redirect_uri, what="redirect URI") if scheme in ("http", "https") else f"{scheme}:"


def _verifier(site: IssuerSite) -> VerifierSite:
    if site.verifier is None:
        raise Rejected(Check.ANSWERED_ONCE, "this issuer asks wallets nothing", field="session")
    return site.verifier


def _see(location: str) -> HttpResponse:
    return HttpResponse(status=303, headers=(("location", location), ("cache-control", "no-store")))


def _id(browser: Browser | None) -> str | None:
    return None if browser is None else browser.id


def _has_cookie(site: IssuerSite, request: HttpRequest) -> bool:
    """Whether a visit may be open. A page elsewhere can have a browser ask for an image, but without its cookie."""
    return known_browser(request, site.cookies) is not None


# in a session, the visit counts its own tries
_LOG_INS: Final[Limited[IssuerSite]] = Limited(Limit.LOG_IN, counts=_has_cookie)

ROUTES: Final[tuple[Route[IssuerSite], ...]] = (
    Route("GET", AUTHORIZATION_PATH, authorize, Audience.PERSON, limited=Limited(Limit.REQUEST)),
    Route("GET", LOG_IN, show_log_in, Audience.PERSON),  # a wallet is asked once a visit
    Route("POST", LOG_IN, log_in, Audience.PERSON, max_body=MAX_BODY, limited=_LOG_INS),
    Route("POST", CERTIFICATE, bring_certificate, Audience.PERSON, max_body=MAX_UPLOAD, limited=_LOG_INS),
    Route("GET", PROVIDER, go_to_provider, Audience.PERSON, limited=_LOG_INS),
    Route("GET", RETURN, come_back, Audience.PERSON, limited=_LOG_INS),
    Route("POST", LEAVE, leave, Audience.PERSON, max_body=MAX_BODY),
    Route("GET", CONSENT, show_consent, Audience.PERSON),
    Route("POST", CONSENT, decide, Audience.PERSON, max_body=MAX_BODY),
    Route("GET", REQUEST_PATH + "{session}", serve_request),
    Route("POST", REQUEST_PATH + "{session}", serve_request, max_body=MAX_REQUEST_FORM),
    Route("POST", RESPONSE_PATH + "{session}", post_response, max_body=MAX_ANSWER, refusal=verifier.refuse_answer),
)
