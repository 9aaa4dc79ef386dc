"""Requests and responses as values: what the engines and the handlers speak, whoever carries them.

Header names are lower case. A body is bytes; whoever reads it parses it once.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final, final
from urllib.parse import parse_qsl, urlencode, urlsplit

from zegel.errors import Malformed
from zegel.primitives.json import encode_json
from zegel.primitives.languages import accepted_languages

FORM: Final = "application/x-www-form-urlencoded"
JSON: Final = "application/json"
PROBLEM: Final = "application/problem+json"  # RFC 9457 section 3
MAX_FIELDS: Final = 64  # an authorization request has fifteen
MAX_FORM: Final = 1 << 19  # an encrypted presentation with a portrait, the largest form that there is
_MAX_ESCAPES: Final = 1 << 14  # each costs half a microsecond; what is long is base64url, which needs none
MAX_URL: Final = 8_000  # RFC 9110 section 4.1: at least 8,000 octets


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """A request. ``url`` is absolute on the way out and at the server, where its origin is the configured one.

    ``peer`` is the other end of the connection that a server got it on, "" where that cannot be told, and None of a
    request that came over none. ``waited`` is for how many seconds it had waited for its turn there.
    """

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    peer: str | None = None
    waited: float = field(default=0.0, compare=False)

    def header(self, name: str) -> str | None:
        """The value of a header that is sent once; ``Malformed`` when it is sent twice."""
        return _single(self.headers, name)

    def listed(self, name: str) -> str:
        """The value of a header that is a list, on however many lines it is sent (RFC 9110 section 5.3); "" of none."""
        return _listed(self.headers, name)

    @property
    def path(self) -> str:
        """The path of the URL, still encoded."""
        return urlsplit(self.url).path or "/"

    def languages(self) -> tuple[str, ...]:
        """The languages that whoever asks reads, best first, as their browser says; none where it says nothing."""
        return accepted_languages(self.listed("accept-language"))

    def query(self) -> dict[str, str]:
        """The query's parameters; ``Malformed`` when one is repeated."""
        return parse_form(urlsplit(self.url).query.encode(), what="query")

    def form(self) -> dict[str, str]:
        """The body's form fields; ``Malformed`` for another content type or when one is repeated."""
        if media_type(self.header("content-type")) != FORM:
            raise Malformed("request", "content-type", f"expected {FORM}")
        return parse_form(self.body, what="form")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class HttpResponse:
    """A response."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    def header(self, name: str) -> str | None:
        """The value of a header that is sent once; ``Malformed`` when it is sent twice."""
        return _single(self.headers, name)

    def listed(self, name: str) -> str:
        """The value of a header that is a list, on however many lines it is sent (RFC 9110 section 5.3); "" of none."""
        return _listed(self.headers, name)


def media_type(content_type: str | None) -> str:
    """The media type without its parameters, in lower case."""
    return (content_type or "").partition(";")[0].strip().lower()


def parse_form(body: bytes, *, what: str) -> dict[str, str]:
    """Parse form fields; RFC 6749 section 3.1: a parameter is never sent twice, an empty one counts as left out.

    Nothing between two ``&`` is nothing, and a name without ``=`` is empty (URL standard, section 5.1).
    """
    if len(body) > MAX_FORM or body.count(b"%") > _MAX_ESCAPES:
        raise Malformed(what, "", f"expected at most {MAX_FORM} bytes, and {_MAX_ESCAPES} of them escaped")
    try:
        pairs = parse_qsl(body.decode("ascii"), max_num_fields=MAX_FIELDS, errors="strict")
    except (ValueError, UnicodeDecodeError):
        raise Malformed(what, "", f"expected form-encoded fields, in UTF-8, and {MAX_FIELDS} of them at most") from None
    fields: dict[str, str] = {}
    for name, value in pairs:
        if name in fields:
            raise Malformed(what, name[:64], "expected each parameter once")
        fields[name] = value
    return fields


def encode_form(fields: Mapping[str, str]) -> bytes:
    """Encode form fields."""
    return urlencode(fields).encode()


def with_query(url: str, fields: Mapping[str, str]) -> str:
    """Add parameters to a URL, behind those that it has (RFC 6749 section 3.1)."""
    return url + ("&" if urlsplit(url).query else "?") + urlencode(fields)


def json_response(
    value: object, *, status: int = 200, headers: tuple[tuple[str, str], ...] = (("cache-control", "no-store"),)
) -> HttpResponse:
    """A JSON response, uncacheable unless ``headers`` says otherwise."""
    return HttpResponse(status=status, headers=(("content-type", JSON), *headers), body=encode_json(value))


def origin_of(url: str, *, what: str) -> str:
    """``scheme://host[:port]`` in lower case, default ports left out; ``Malformed`` unless it is http or https."""
    if len(url) > MAX_URL or not url.isascii() or any(c <= " " or c == "\\" for c in url):
        raise Malformed(what, "", "expected an absolute http or https URL")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise Malformed(what, "", "expected an absolute http or https URL") from None
    if parts.scheme not in _PORTS or not host or parts.username is not None or parts.password is not None:
        raise Malformed(what, "", "expected an absolute http or https URL without credentials")
    host = f"[{host}]" if ":" in host else host
    suffix = "" if port is None or port == _PORTS[parts.scheme] else f":{port}"
    return f"{parts.scheme}://{host}{suffix}"


_PORTS: Final = {"http": 80, "https": 443}


def challenges(value: str) -> tuple[tuple[str, Mapping[str, str]], ...]:
    """The challenges of a WWW-Authenticate header, each with its parameters, names and schemes in lower case.

    RFC 9110 sections 11.2 and 11.6.1: a value is a token or a quoted string, and a comma separates parameters as well
    as challenges. From where it does not parse on it is left alone: a server may say what it likes there.
    """
    found: list[tuple[str, dict[str, str]]] = []
    at = 0
    while (part := _CHALLENGE_PART.match(value, at)) is not None:
        at = part.end()
        name, quoted, token, scheme = part.group("name", "quoted", "token", "scheme")
        if scheme is not None:
            found.append((scheme.lower(), {}))
        elif name is not None and found:
            text = token if quoted is None else _QUOTED_PAIR.sub(r"\1", quoted)
            found[-1][1].setdefault(name.lower(), text)
    return tuple(found)


def http_date(value: str) -> int | None:
    """A date in one of its three forms (RFC 9110 section 5.6.7), in seconds since the epoch; None for anything else."""
    try:
        date = parsedate_to_datetime(value)
        return int((date.replace(tzinfo=UTC) if date.tzinfo is None else date).timestamp())
    except (ValueError, OverflowError):
        return None


_WORD: Final = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_QUOTED_PAIR: Final = re.compile(r"\\(.)", re.DOTALL)
_CHALLENGE_PART: Final = re.compile(
    rf"""[ \t,]*(?:
    (?P<name>{_WORD})[ \t]*=[ \t]*(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<token>{_WORD}))(?=[ \t]*(?:,|$))
    | (?P<scheme>{_WORD})(?=[ \t]+[^ \t=]|[ \t]*(?:,|$))
    | [A-Za-z0-9\-._~+/]+=+(?=[ \t]*(?:,|$))
    )""",  # the last is what a scheme may have in place of parameters: token68
    re.VERBOSE,
)


def _listed(headers: tuple[tuple[str, str], ...], name: str) -> str:
    return ",".join(value for key, value in headers if key == name)


def _single(headers: tuple[tuple[str, str], ...], name: str) -> str | None:
    values = [value for key, value in headers if key == name]
    if len(values) > 1:
        raise Malformed("headers", name, "expected this header once")
    return values[0] if values else None
