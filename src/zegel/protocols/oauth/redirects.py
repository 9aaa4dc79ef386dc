"""Where a person's browser may be sent with a code: exact strings of a kind that no browser interprets itself."""

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.primitives.http import HttpResponse, origin_of, with_query

MAX_REDIRECT: Final = 2_000  # what every browser takes
_LOOPBACK: Final = re.compile(r"http://(127\.0\.0\.1|\[::1\]|([a-z0-9-]+\.)*localhost)(:[0-9]+)?")
_CHARACTERS: Final = re.compile(r"[!#-;=?-\[\]_a-z~]+")  # RFC 3986, and so neither quote nor angle bracket nor space
_OF_AN_APP: Final = re.compile(
    r"(?!(about|blob|data|file|filesystem|ftp|https?|javascript|vbscript|view-source|wss?):)[a-z][a-z0-9+.-]*:.+"
)


def is_loopback(url: str) -> bool:
    """Whether the URL is plain http to this very machine."""
    return _LOOPBACK.fullmatch(origin_of(url, what="URL")) is not None


def check_redirect_uri(uri: str | None, *, registered: tuple[str, ...] | None) -> str:
    """Return a redirect URI that may be used; ``Rejected(REDIRECT_URI)`` otherwise.

    A registered client is held to its list, character for character. Another may push (RFC 9126 section 2.4) an https
    URL, one on loopback (RFC 8252 section 7.3), or one with a scheme in reverse domain notation (section 7.1).
    """
    if uri is None or len(uri) > MAX_REDIRECT or _CHARACTERS.fullmatch(uri) is None or "#" in uri:
        raise _rejected("expected an absolute URI without fragment")
    if registered is not None:
        if uri not in registered:
            raise _rejected("expected one of the URIs that the client registered")
        return uri
    try:
        scheme = urlsplit(uri).scheme
        if "." in scheme or (origin_of(uri, what="URI") and (scheme == "https" or is_loopback(uri))):
            return uri
    except (Malformed, ValueError):
        pass
    raise _rejected("expected https, http on loopback, or a scheme in reverse domain notation")


def check_registration(uri: str) -> str:
    """Return a redirect URI that a client may be registered with; ``Rejected(REDIRECT_URI)`` otherwise.

    Whoever registers a client knows whose a scheme is: it needs no period (RFC 8252 section 8.4), as a pushed one does.
    """
    return check_redirect_uri(uri, registered=(uri,) if _OF_AN_APP.fullmatch(uri) else None)


def redirect_to(uri: str, parameters: Mapping[str, str | None]) -> HttpResponse:
    """Send the browser on; parameters that are None are left out.

    FAPI 2.0 section 5.3.2.2: 303, so that no browser repeats a form with a password in it.
    """
    location = with_query(uri, {name: value for name, value in parameters.items() if value is not None})
    return HttpResponse(status=303, headers=(("location", location), ("cache-control", "no-store")))


def _rejected(detail: str) -> Rejected:
    return Rejected(Check.REDIRECT_URI, detail, field="redirect_uri")
