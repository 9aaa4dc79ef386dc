"""Documents that anybody may read, from anywhere, and keep for a while (RFC 9111; Fetch section 3.3)."""

from hashlib import sha256
from typing import Final

from zegel.primitives.encoding import base64url
from zegel.primitives.http import HttpRequest, HttpResponse

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


def _knows(request: HttpRequest, tag: str) -> bool:
    """RFC 9110 section 13.1.2: a list of tags, compared weakly, or a star."""
    said = ",".join(value for name, value in request.headers if name == "if-none-match")
    tags = {each.strip().removeprefix("W/") for each in said.split(",")}
    return tag in tags or "*" in tags
