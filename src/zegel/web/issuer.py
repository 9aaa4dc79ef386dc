"""The credential issuer and its authorization server over HTTP: what wallets and readers of status fetch and post."""

from typing import Final

from zegel.primitives.http import JSON, HttpRequest, HttpResponse, json_response
from zegel.protocols.oauth.metadata import WELL_KNOWN as SERVER_WELL_KNOWN
from zegel.protocols.oauth.server import CHALLENGE_PATH, PAR_PATH, TOKEN_PATH
from zegel.protocols.openid4vci.encryption import JWT, MAX_REQUEST
from zegel.protocols.openid4vci.issuer import CREDENTIAL_PATH, DEFERRED_PATH, NONCE_PATH, NOTIFICATION_PATH
from zegel.protocols.openid4vci.metadata import WELL_KNOWN
from zegel.protocols.openid4vci.notification import MAX_NOTIFICATION
from zegel.protocols.openid4vci.offer import build_offer
from zegel.protocols.openid4vci.publication import prefers_signed
from zegel.services.offers import OFFER_PATH
from zegel.services.rates import Limit
from zegel.web.issuer_site import IssuerSite, refuse_at_server, refusing_at_resource
from zegel.web.load import Priority
from zegel.web.pages import STATIC, static_file
from zegel.web.published import publish
from zegel.web.routing import Route
from zegel.web.status_lists import identifier_routes, status_routes
from zegel.web.turnstile import Limited, code_of

TYPE_PATH: Final = "/type-metadata/"
MAX_FORM: Final = 65_536  # authorization details of 16 kB, percent-encoded, and a redirect URI of 2 kB
METADATA_SECONDS: Final = 300  # keys for requests stand in it; a successor's is offered longer before it is needed
_TYPE_SECONDS: Final = 86_400  # a day; type metadata that changes has a new name


async def serve_metadata(site: IssuerSite, request: HttpRequest) -> HttpResponse:
    """The issuer's metadata, signed where it is preferred (OpenID4VCI 1.0 section 12.2.2)."""
    signed = site.documents.signed_metadata() if prefers_signed(request.listed("accept")) else None
    body, type_ = (site.documents.metadata, JSON) if signed is None else (signed, JWT)
    return publish(request, body, content_type=type_, max_age=METADATA_SECONDS, varies=True)


async def serve_server_metadata(site: IssuerSite, request: HttpRequest) -> HttpResponse:
    """The authorization server's metadata (RFC 8414)."""
    return publish(request, site.documents.server_metadata, content_type=JSON, max_age=METADATA_SECONDS)


async def push(site: IssuerSite, request: HttpRequest) -> HttpResponse:
    """The pushed authorization request endpoint (RFC 9126)."""
    return await site.authorization.push(request)


async def token(site: IssuerSite, request: HttpRequest) -> HttpResponse:
    """The token endpoint."""
    return await site.authorization.token(request)


async def challenge(site: IssuerSite, _request: HttpRequest) -> HttpResponse:
    """The challenge endpoint (attestation-based client authentication -07 section 8)."""
    return site.authorization.challenge()


async def nonce(site: IssuerSite, _request: HttpRequest) -> HttpResponse:
    """The nonce endpoint (OpenID4VCI 1.0 section 7)."""
    return site.issuer.nonce()


async def issue(site: IssuerSite, request: HttpRequest) -> HttpResponse:
    """The credential endpoint (section 8)."""
    return await site.issuer.issue(request)


async def issue_deferred(site: IssuerSite, request: HttpRequest) -> HttpResponse:
    """The deferred credential endpoint (section 9)."""
    return await site.issuer.issue_deferred(request)


async def take_note(site: IssuerSite, request: HttpRequest) -> HttpResponse:
    """The notification endpoint (section 11)."""
    return await site.issuer.take_note(request)


async def serve_offer(site: IssuerSite, _request: HttpRequest, *, id: str) -> HttpResponse:  # noqa: A002 the path's
    """An offer by reference (section 4.1.3)."""
    offer = await site.offers.look_up(id)
    return HttpResponse(status=404) if offer is None else json_response(build_offer(offer))


async def serve_type(site: IssuerSite, request: HttpRequest, *, type: str) -> HttpResponse:  # noqa: A002 the path's
    """A type's document (SD-JWT VC draft 16 section 4.3); the type itself is a URN and has no address."""
    body = site.documents.types.get(type)
    if body is None:
        return HttpResponse(status=404)
    return publish(request, body, content_type=JSON, max_age=_TYPE_SECONDS)


async def serve_static(_site: IssuerSite, _request: HttpRequest, *, name: str) -> HttpResponse:
    """A file that pages need."""
    return static_file(name)


_AT_CREDENTIAL: Final = refusing_at_resource("invalid_credential_request")
_AT_NOTIFICATION: Final = refusing_at_resource("invalid_notification_request")
_BY_CODE: Final[Limited[IssuerSite]] = Limited(Limit.TOKEN, code_of)
_NONCES: Final[Limited[IssuerSite]] = Limited(Limit.NONCE)

WALLET_ROUTES: Final[tuple[Route[IssuerSite], ...]] = (
    Route("GET", WELL_KNOWN, serve_metadata),
    Route("GET", SERVER_WELL_KNOWN, serve_server_metadata),
    Route(
        "POST",
        PAR_PATH,
        push,
        max_body=MAX_FORM,
        refusal=refuse_at_server,
        limited=Limited(Limit.PAR),
        priority=Priority.BEGINS,
    ),
    Route("POST", TOKEN_PATH, token, max_body=MAX_FORM, refusal=refuse_at_server, limited=_BY_CODE),
    Route("POST", CHALLENGE_PATH, challenge, max_body=MAX_FORM, refusal=refuse_at_server, limited=_NONCES),
    Route("POST", NONCE_PATH, nonce, max_body=MAX_FORM, refusal=_AT_CREDENTIAL, limited=_NONCES),
    Route("POST", CREDENTIAL_PATH, issue, max_body=MAX_REQUEST, refusal=_AT_CREDENTIAL),
    Route("POST", DEFERRED_PATH, issue_deferred, max_body=MAX_REQUEST, refusal=_AT_CREDENTIAL),
    Route("POST", NOTIFICATION_PATH, take_note, max_body=MAX_NOTIFICATION, refusal=_AT_NOTIFICATION),
    Route("GET", OFFER_PATH + "{id}", serve_offer),
    *status_routes(IssuerSite),
    *identifier_routes(IssuerSite),
    Route("GET", TYPE_PATH + "{type}", serve_type),
    Route("GET", STATIC + "{name}", serve_static),
)
