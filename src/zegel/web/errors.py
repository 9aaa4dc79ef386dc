"""The one table that turns an error into an answer, for people and for machines.

What a refusal says is the same everywhere: rule, clause, field, side at fault, remedy. What is not ours to raise is a
bug: a plain 500 with the request's id, and the rest in the log.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, replace
from typing import Final, final

from zegel.checks import Check
from zegel.errors import Denied, Explanation, Malformed, Unavailable, ZegelError, explain
from zegel.primitives.http import HttpResponse, json_response
from zegel.protocols.oauth.errors import SLOW_DOWN, UNAVAILABLE, denied_with, oauth_error_response
from zegel.web.routing import Audience

ErrorPage = Callable[[Explanation | None, str, int], HttpResponse]
"""Renders a refusal, or by the status our own bug or a missing page, with the request's id."""

UNAVAILABLE_SECONDS: Final = 5  # a lock is gone in less; a disk or a host is not, and is not asked more often than that
_STATUS: Final[Mapping[Check, int]] = {
    Check.OPERATOR_TOKEN: 401,
    Check.HOST: 421,
    Check.CROSS_SITE: 403,
    Check.CSRF: 403,
    Check.REGISTER_ENTRY: 404,
    Check.REGISTER_TOKEN: 401,
    Check.REGISTER_DUTY: 403,
    Check.PASSKEY: 403,
    Check.PASSKEY_KNOWN: 403,
    Check.PASSKEY_COUNTER: 403,
    Check.FOUR_EYES: 403,
    Check.REGISTER_MOVE: 409,
    Check.ACCESS_REGISTRATION: 403,
    Check.HOST_CONTROL: 403,
    Check.ACCESS_ORDER: 409,
    Check.ACCESS_REVOCATION: 409,
    Check.REVOCATION_LIST_FULL: 409,
    Check.RATE: 429,
    Check.LOG_IN_GUESSES: 429,
}


@final
class WordedRefusal(Exception):
    """A refusal that a page of the handler words, in place of the one that the site draws; logged as any other."""

    def __init__(self, error: ZegelError, page: HttpResponse) -> None:
        super().__init__(str(error))
        self.error = error
        self.page = replace(page, status=status_of(error))


@final
class TooLarge(Malformed):
    """A body beyond what its route takes, of which the rest was not read (RFC 9110 section 15.5.14)."""

    def __init__(self, limit: int) -> None:
        super().__init__("request", "body", f"expected at most {limit} bytes")


@final
class TooSlow(Malformed):
    """A body that did not arrive in time (RFC 9110 section 15.5.9)."""

    def __init__(self, seconds: float) -> None:
        super().__init__("request", "body", f"expected the whole of it within {seconds:g} seconds")


@final
class HeadersTooLarge(Malformed):
    """Headers that are too many, or too long (RFC 6585 section 5)."""

    def __init__(self, count: int, size: int) -> None:
        super().__init__("request", "headers", f"expected at most {count} headers, and {size} bytes of them")


@final
class NotAcceptable(Malformed):
    """A header ``Accept`` that takes none of what is ``offered`` (RFC 9110 section 15.5.7)."""

    def __init__(self, offered: Iterable[str]) -> None:
        super().__init__("request", "header.accept", f"expected one of {', '.join(offered)}")


_STATUS_OF: Final[Mapping[type[ZegelError], int]] = {
    NotAcceptable: 406,
    TooSlow: 408,
    TooLarge: 413,
    HeadersTooLarge: 431,
}


def error_response(error: ZegelError, *, audience: Audience, request_id: str, page: ErrorPage) -> HttpResponse:
    """The answer to a request that was refused."""
    status = status_of(error)
    if audience is Audience.PERSON:
        return page(explain(error), request_id, status)
    if isinstance(error, Denied):
        return oauth_error_response(error)
    code = "invalid_request" if error.retry_after is None else SLOW_DOWN
    body = {
        "error": UNAVAILABLE if isinstance(error, Unavailable) else code,
        "error_description": error.detail,
        "request": request_id,
    }
    # RFC 6750 section 3: an answer 401 names the scheme
    scheme = (("www-authenticate", "Bearer"),) if status == 401 else ()
    headers = (("cache-control", "no-store"), *scheme)
    return json_response(body | asdict(explain(error)), status=status, headers=headers)


def in_oauth_words(
    error: ZegelError, word: Callable[[Denied], HttpResponse], *, code: str = "invalid_request"
) -> HttpResponse:
    """A refusal as OAuth words it, whoever refused; ``code`` is for what no protocol engine gave one."""
    response = word(denied_with(code, error))
    return replace(response, status=503) if isinstance(error, Unavailable) else response


def told_to_wait(response: HttpResponse, error: ZegelError) -> HttpResponse:
    """A refusal with when to come again, where only time is lacking (RFC 6585 section 4, RFC 9110 section 10.2.3)."""
    seconds = error.retry_after
    if seconds is None and isinstance(error, Unavailable):
        seconds = UNAVAILABLE_SECONDS
    if seconds is None:
        return response
    headers = (*response.headers, ("retry-after", str(seconds)))
    return replace(response, status=status_of(error), headers=headers)


def bug_response(*, audience: Audience, request_id: str, page: ErrorPage) -> HttpResponse:
    """The answer when we failed: nothing but an id."""
    if audience is Audience.PERSON:
        return page(None, request_id, 500)
    return json_response({"error": "server_error", "request": request_id}, status=500)


def status_of(error: ZegelError) -> int:
    """The HTTP status of a refusal."""
    if isinstance(error, Unavailable):
        return 503
    return _STATUS_OF.get(type(error)) or _STATUS.get(error.check, 400)
