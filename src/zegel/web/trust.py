"""The publisher of trust over HTTP: the signed lists of trusted entities, and a page that says which there are."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, final

from zegel.errors import Malformed
from zegel.formats.status.token import StatusListFormat
from zegel.primitives.http import HttpRequest, HttpResponse
from zegel.services.ports import ListFolder
from zegel.trust.lists.parse import parse_trusted_list
from zegel.trust.lists.values import MEDIA_TYPE, ListType
from zegel.trust.lists.xml.values import XML_LIST
from zegel.web.pages import STATIC, render_page, static_file
from zegel.web.published import publish
from zegel.web.routing import Audience, Route

LIST_PATH: Final = "/lists/"
QUALIFIED_PATH: Final = "/qualified/"
STATUS_PATH: Final = "/status/"
STATUS_SUFFIX: Final = ".status"
CRL_PATH: Final = "/crl/"
CRL_TYPE: Final = "application/pkix-crl"  # RFC 2585 section 4.2
MAX_AGE: Final = 300  # seconds; an entity that is taken off a list is off it for everybody within five minutes
_TITLE: Final = "Lists of trusted entities"
_NAMES: Final = {
    ListType.PID_PROVIDERS: "Providers of PIDs",
    ListType.PUB_EAA_PROVIDERS: "Providers of other attestations",
    ListType.WALLET_PROVIDERS: "Wallet providers",
    ListType.ACCESS_PROVIDERS: "Providers of access certificates",
    ListType.REGISTRATION_PROVIDERS: "Providers of registration certificates",
}


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class TrustSite:
    """What the publisher's handlers need."""

    lists: ListFolder
    qualified: ListFolder
    statuses: ListFolder
    name: str
    host: str


async def serve_list(site: TrustSite, request: HttpRequest, *, name: str) -> HttpResponse:
    """A list, byte for byte as it was signed."""
    body = site.lists.read(name)
    if body is None:
        return HttpResponse(status=404)
    return publish(request, body, content_type=MEDIA_TYPE, max_age=MAX_AGE)


async def serve_qualified(site: TrustSite, request: HttpRequest, *, name: str) -> HttpResponse:
    """A list in XML, byte for byte as it was signed."""
    body = site.qualified.read(name)
    if body is None:
        return HttpResponse(status=404)
    return publish(request, body, content_type=XML_LIST, max_age=MAX_AGE)


async def serve_status(site: TrustSite, request: HttpRequest, *, name: str) -> HttpResponse:
    """The status list of a provider that has no service of its own, byte for byte as it was signed."""
    body = site.statuses.read(name)
    if body is None:
        return HttpResponse(status=404)
    return publish(request, body, content_type=StatusListFormat.JWT, max_age=MAX_AGE)


async def serve_revocations(site: TrustSite, request: HttpRequest, *, name: str) -> HttpResponse:
    """What an authority revoked, byte for byte as it was signed."""
    body = site.lists.read_revocations(name)
    if body is None:
        return HttpResponse(status=404)
    return publish(request, body, content_type=CRL_TYPE, max_age=MAX_AGE)


async def show_home(site: TrustSite, _request: HttpRequest) -> HttpResponse:
    """Which lists there are, in words."""
    lists = [(LIST_PATH + name, *_described(name, site.lists.read(name) or b"")) for name in site.lists.names()]
    return render_page("trust.html", title=_TITLE, role=site.name, host=site.host, lists=lists)


async def serve_static(_site: TrustSite, _request: HttpRequest, *, name: str) -> HttpResponse:
    """A file that pages need."""
    return static_file(name)


def _described(name: str, body: bytes) -> tuple[str, list[tuple[str, str]]]:
    """What a list says of itself; the page vouches for nothing, and each reader verifies the list."""
    try:
        listed = parse_trusted_list(body)
    except Malformed:
        return name, [("State", "it cannot be read")]
    known = next((words for type_, words in _NAMES.items() if type_ == listed.unverified_type), name)
    return known, [
        ("Operator", listed.unverified_operator),
        ("Sequence number", str(listed.unverified_sequence)),
        ("Issued", _day(listed.unverified_issued_at)),
        ("Next update", _day(listed.unverified_next_update)),
        ("Entities", ", ".join(entity.name for entity in listed.unverified_entities) or "none"),
    ]


def _day(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).date().isoformat()


ROUTES: Final[tuple[Route[TrustSite], ...]] = (
    Route("GET", "/", show_home, Audience.PERSON),
    Route("GET", LIST_PATH + "{name}", serve_list),
    Route("GET", QUALIFIED_PATH + "{name}", serve_qualified),
    Route("GET", STATUS_PATH + "{name}", serve_status),
    Route("GET", CRL_PATH + "{name}", serve_revocations),
    Route("GET", STATIC + "{name}", serve_static),
)
