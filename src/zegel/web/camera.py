"""Pages with a camera: the one kind that has a script, which has its frames read by whoever serves the page.

Frames are read, and kept nowhere; a certificate that stands in one goes the way of one that was pasted.
"""

from dataclasses import replace
from typing import Final

from zegel.errors import Malformed
from zegel.primitives.http import HttpResponse, json_response
from zegel.services.health import health_codes
from zegel.services.ports import CodeReader
from zegel.web.site import content_policy

_SCRIPT: Final = "; script-src 'self'; connect-src 'self'"
_MAY_FILM: Final = ("permissions-policy", "camera=(self), geolocation=(), microphone=()")


def may_film(page: HttpResponse) -> HttpResponse:
    """The page, with leave to run its script and to use the camera."""
    name, policy = content_policy()
    return replace(page, headers=(*page.headers, (name, policy + _SCRIPT), _MAY_FILM))


async def read_frame(frame: bytes, codes: CodeReader) -> HttpResponse:
    """The text of the one health certificate in a frame as ``text``; None while there is none, or another beside it."""
    try:
        found = health_codes(await codes.read(frame))
    except Malformed:
        found = ()
    return json_response({"text": found[0] if len(set(found)) == 1 else None})
