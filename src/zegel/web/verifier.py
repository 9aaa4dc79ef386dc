"""The verifier over HTTP: what wallets fetch and post, and where browsers come back to."""

from dataclasses import dataclass
from typing import Final, final

from zegel.errors import Rejected, ZegelError
from zegel.formats.catalogue.types import Catalogue
from zegel.primitives.http import HttpRequest, HttpResponse
from zegel.protocols.oauth.errors import oauth_error_response
from zegel.protocols.openid4vp.response import MAX_BODY
from zegel.protocols.openid4vp.verifier import Failed, Ready, Refused
from zegel.services.verifier import REQUEST_PATH, RESPONSE_PATH, RETURN_PATH, VerifierService
from zegel.web.errors import in_oauth_words
from zegel.web.pages import STATIC, render_page, static_file
from zegel.web.routing import Audience, Route

MAX_REQUEST_FORM: Final = 16_000  # wallet_metadata and a nonce


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class VerifierSite:
    """What the verifier's handlers need. ``link_target`` is what the links for wallets begin with."""

    service: VerifierService
    catalogue: Catalogue
    name: str
    host: str
    link_target: str


async def serve_request(site: VerifierSite, request: HttpRequest, *, session: str) -> HttpResponse:
    """The request object, by GET or POST (OpenID4VP 1.0 sections 5.1 and 5.10)."""
    return await site.service.serve_request(session, request)


async def post_response(site: VerifierSite, request: HttpRequest, *, session: str) -> HttpResponse:
    """The wallet's answer (OpenID4VP 1.0 section 8.2)."""
    return await site.service.receive(session, request.form())


def refuse_answer(_site: object, error: ZegelError) -> HttpResponse:
    """What a wallet is told whose answer is not taken."""
    return in_oauth_words(error, oauth_error_response)


async def come_back(site: VerifierSite, request: HttpRequest, *, session: str) -> HttpResponse:
    """Where the browser lands after a request that no service of its own began."""
    state = await site.service.look(session)
    if not isinstance(state, Refused):
        code = request.query().get("response_code", "")
        state = await site.service.come_back(session, response_code=code, initiator=session)
    if isinstance(state, Failed):
        raise Rejected(state.failure.check, state.failure.detail, field=state.failure.field)
    presented = isinstance(state, Ready)
    title = "Presented" if presented else "Not presented"
    return render_page("returned.html", title=title, role=site.name, host=site.host, presented=presented)


async def show_home(site: VerifierSite, _request: HttpRequest) -> HttpResponse:
    """What this host is."""
    return render_page("verifier.html", title="Presentations", role=site.name, host=site.host)


async def serve_static(_site: VerifierSite, _request: HttpRequest, *, name: str) -> HttpResponse:
    """A file that pages need."""
    return static_file(name)


ROUTES: Final[tuple[Route[VerifierSite], ...]] = (
    Route("GET", "/", show_home, Audience.PERSON),
    Route("GET", REQUEST_PATH + "{session}", serve_request),
    Route("POST", REQUEST_PATH + "{session}", serve_request, max_body=MAX_REQUEST_FORM),
    Route("POST", RESPONSE_PATH + "{session}", post_response, max_body=MAX_BODY, refusal=refuse_answer),
    Route("GET", RETURN_PATH + "{session}", come_back, Audience.PERSON),
    Route("GET", STATIC + "{name}", serve_static),
)
