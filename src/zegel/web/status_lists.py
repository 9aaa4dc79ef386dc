"""Lists of statuses over HTTP, for every role that publishes its own (status list draft 20 sections 8 and 9)."""

from typing import Final, Protocol, TypeVar

from zegel.formats.status.identifiers import IDENTIFIER_LIST
from zegel.formats.status.token import StatusListFormat
from zegel.primitives.http import JSON, HttpRequest, HttpResponse, json_response
from zegel.primitives.json import Json
from zegel.services.issuing import IDENTIFIERS_PATH, STATUS_PATH
from zegel.services.status_publisher import (
    AGGREGATION_PATH,
    IDENTIFIER_AGGREGATION_PATH,
    SMALL_HERD,
    PublishedList,
    StatusPublisher,
)
from zegel.web.problem import problem
from zegel.web.published import choose, publish
from zegel.web.routing import Audience, Route

_AGGREGATION_SECONDS: Final = 300  # five minutes, as for an issuer's metadata


class PublishesStatus(Protocol):
    """A site with status lists."""

    @property
    def statuses(self) -> StatusPublisher:
        """The lists, signed."""
        ...


SiteT = TypeVar("SiteT", bound=PublishesStatus)


async def serve_status_list(site: PublishesStatus, request: HttpRequest, *, list: str) -> HttpResponse:  # noqa: A002 the path's
    """A status list as JWT or CWT (draft 20 section 8.1)."""
    format_ = choose(request, tuple(StatusListFormat))
    if format_ is None:
        return _NOT_ACCEPTABLE
    published = await site.statuses.look_up(list)
    if published is None:
        return HttpResponse(status=404)
    chosen = StatusListFormat(format_)
    return _served(site, request, published, chosen, tag=chosen.name.lower())


async def serve_identifier_list(site: PublishesStatus, request: HttpRequest, *, list: str) -> HttpResponse:  # noqa: A002 the path's
    """An identifier list, which is a CWT (18013-5 second edition section 12.3.6.4)."""
    if choose(request, (IDENTIFIER_LIST,)) is None:
        return _NOT_ACCEPTABLE
    published = await site.statuses.look_up_identifiers(list)
    if published is None:
        return HttpResponse(status=404)
    return _served(site, request, published, IDENTIFIER_LIST, tag="cwt")


async def serve_aggregation(site: PublishesStatus, request: HttpRequest) -> HttpResponse:
    """The addresses of all status lists (draft 20 section 9)."""
    return publish(request, await site.statuses.aggregation(), content_type=JSON, max_age=_AGGREGATION_SECONDS)


async def serve_identifier_aggregation(site: PublishesStatus, request: HttpRequest) -> HttpResponse:
    """The addresses of all identifier lists, likewise."""
    body = await site.statuses.identifier_aggregation()
    return publish(request, body, content_type=JSON, max_age=_AGGREGATION_SECONDS)


async def show_herds(site: PublishesStatus, _request: HttpRequest) -> HttpResponse:
    """Each list, and how many it is about that have not ended; ``small`` where they are too few to hide in (ARF 3.0
    VCR_18; TS3 1.5 section 2.3)."""
    lists: list[Json] = [
        {
            "uri": site.statuses.uri(herd),
            "kind": "identifier_list" if herd.of_identifiers else "status_list",
            "live": herd.live,
            "small": herd.live < SMALL_HERD,
        }
        for herd in await site.statuses.count()
    ]
    return json_response({"lists": lists, "small_below": SMALL_HERD})


def herds_route(_site: type[SiteT]) -> Route[SiteT]:
    """The route of a role's operator API by which it says how many each of its lists is about."""
    return Route("GET", AGGREGATION_PATH, show_herds, Audience.OPERATOR, refusal=problem)


def status_routes(_site: type[SiteT]) -> tuple[Route[SiteT], Route[SiteT]]:
    """The routes of a role's status lists: anybody may read them, without a name (ARF 3.0 VCR_16)."""
    return Route("GET", STATUS_PATH + "{list}", serve_status_list), Route("GET", AGGREGATION_PATH, serve_aggregation)


def identifier_routes(_site: type[SiteT]) -> tuple[Route[SiteT], Route[SiteT]]:
    """The routes of a role's identifier lists, likewise."""
    return (
        Route("GET", IDENTIFIERS_PATH + "{list}", serve_identifier_list),
        Route("GET", IDENTIFIER_AGGREGATION_PATH, serve_identifier_aggregation),
    )


_NOT_ACCEPTABLE: Final = HttpResponse(status=406, headers=(("cache-control", "no-store"),))


def _served(
    site: PublishesStatus, request: HttpRequest, published: PublishedList, media_type: str, *, tag: str
) -> HttpResponse:
    return publish(
        request,
        published.body(media_type),
        content_type=media_type,
        max_age=site.statuses.max_age,
        etag=f"{published.etag}.{tag}",
        varies=True,
    )
