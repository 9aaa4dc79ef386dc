"""Refusals as problem details (RFC 9457), with the path of the field that breaks a rule."""

from dataclasses import asdict, replace
from http import HTTPStatus
from typing import Final

from zegel.errors import ZegelError, explain
from zegel.primitives.http import PROBLEM, HttpResponse
from zegel.primitives.json import encode_json
from zegel.web.errors import status_of

_TYPE: Final = "urn:zegel:check:"
_EXPECTED: Final = {
    404: "expected the address of something that is here",
    405: "expected one of {}",
    406: "expected to be asked for a media type in which this is served",
}
_HEADERS: Final = (("content-type", PROBLEM), ("cache-control", "no-store"), ("access-control-allow-origin", "*"))


def problem(_site: object, error: ZegelError) -> HttpResponse:
    """The answer to a request that was refused: the rule, the field, the side at fault and the remedy."""
    status = status_of(error)
    explanation = asdict(explain(error))
    body = {
        "type": _TYPE + str(explanation["check"]),
        "title": explanation["rule"],
        "status": status,
        # the path alone, empty for the whole of what was sent; "field" beside it says in words what the rule is about
        "errors": [{"field": error.field, "detail": error.detail}],
        **explanation,
    }
    # RFC 6750 section 3: an answer 401 names the scheme
    scheme = (("www-authenticate", "Bearer"),) if status == 401 else ()
    return HttpResponse(status=status, headers=(*_HEADERS, *scheme), body=encode_json(body))


def nothing_here(response: HttpResponse) -> HttpResponse:
    """The 404, 405 or 406: of an address, a method or a media type that is not there, and what was expected instead."""
    body = {
        "type": "about:blank",  # RFC 9457 section 4.2.1: nothing more is meant than the status says
        "title": HTTPStatus(response.status).phrase,
        "status": response.status,
        "detail": _EXPECTED[response.status].format(response.header("allow")),
    }
    headers = {**dict(response.headers), **dict(_HEADERS)}
    return replace(response, headers=tuple(headers.items()), body=encode_json(body))
