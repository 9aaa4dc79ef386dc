"""Documents that anybody may read, from anywhere, and keep for a while (RFC 9111; Fetch section 3.3)."""

from collections.abc import Sequence
from hashlib import sha256
from typing import Final

from zegel.primitives.encoding import base64url
from zegel.primitives.http import HttpRequest, HttpResponse, media_type

_PUBLIC: Final = ("access-control-allow-origin", "*")


def publish(
    request: HttpRequest,
    body: bytes,
    *,
    content_type: str,
    max_age: int,
    etag: str | None = None,
    varies: bool = False,
) -> HttpResponse:
    """Serve a public document for ``max_age`` seconds, or say that the reader's own is still the one.

    ``etag`` changes with the bytes, None to make one of them; ``varies`` says that Accept chose among several.
    """
    tag = f'"{etag or base64url(sha256(body).digest()[:12])}"'
    varying = (("vary", "accept"),) if varies else ()
    headers = (("cache-control", f"public, max-age={max_age}"), ("etag", tag), _PUBLIC, *varying)
    if _knows(request, tag):
        return HttpResponse(status=304, headers=headers)
    return HttpResponse(status=200, headers=(("content-type", content_type), *headers), body=body)


def choose(request: HttpRequest, offered: Sequence[str]) -> str | None:
    """The media type that Accept prefers, the first one of equals; None when it takes none (RFC 9110 section 12.5.1).

    Without the header, any will do.
    """
    accept = request.listed("accept")
    if not accept.strip():
        return offered[0]
    weights = dict(map(_weight, accept.split(",")))
    best = max(offered, key=lambda name: _weight_of(name, weights))
    return best if _weight_of(best, weights) > 0 else None


def _weight_of(name: str, weights: dict[str, float]) -> float:
    """The most specific range counts."""
    return next((weights[each] for each in (name, name.partition("/")[0] + "/*", "*/*") if each in weights), 0.0)


def _weight(media_range: str) -> tuple[str, float]:
    name, _, parameters = media_range.partition(";")
    for parameter in parameters.split(";"):
        key, _, value = parameter.strip().partition("=")
        if key.lower() == "q":
            try:
                return media_type(name), float(value)
            except ValueError:
                return media_type(name), 0.0
    return media_type(name), 1.0


def _knows(request: HttpRequest, tag: str) -> bool:
    """RFC 9110 section 13.1.2: a list of tags, compared weakly, or a star."""
    tags = {each.strip().removeprefix("W/") for each in request.listed("if-none-match").split(",")}
    return tag in tags or "*" in tags
