"""Refusals as problem details (RFC 9457), with the path of the field that breaks a rule."""

from dataclasses import asdict, replace
from http import HTTPStatus
from typing import Final

from zegel.errors import ZegelError, explain
from zegel.primitives.http import PROBLEM, HttpResponse
from zegel.primitives.json import encode_json
from zegel.web.errors import status_of

_TYPE: Final = "urn:zegel:check:"
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
    """The 404 or 405 of an address or a method that no route has, with what was expected of whoever asked."""
    allowed = response.header("allow")
    body = {
        "type": "about:blank",  # RFC 9457 section 4.2.1: nothing more is meant than the status says
        "title": HTTPStatus(response.status).phrase,
        "status": response.status,
        "detail": "expected an address of this interface" if allowed is None else f"expected one of {allowed}",
    }
    return replace(response, headers=(*response.headers, *_HEADERS), body=encode_json(body))
