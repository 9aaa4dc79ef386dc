"""Pages: the templates and the files beside them. No page has an inline style or anything from elsewhere, and none but
those with a camera and those for passkeys a script."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Final, TypeAlias, final

from jinja2 import Environment, PackageLoader, StrictUndefined

from zegel.checks import Check
from zegel.errors import Explanation
from zegel.primitives.encoding import base64url
from zegel.primitives.http import HttpResponse
from zegel.web.errors import ErrorPage

STATIC: Final = "/static/"
# Control characters but tab and line ends, and those that reorder what stands around them (Unicode UAX 9 section 2): an
# amount or a name must be read as it is. Marks that only help a name of their own script stay.
_MISLEADING: Final = {
    code: f"\\u{code:04x}"
    for codes in (
        range(0x09),
        (0x0B, 0x0C),
        range(0x0E, 0x20),
        range(0x7F, 0xA0),
        range(0x202A, 0x202F),
        range(0x2066, 0x206A),
    )
    for code in codes
}
_TYPES: Final[Mapping[str, str]] = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
_BUG: Final = "This is a fault of ours. It has been noted; please try again later."
REFUSED: Final = "What was sent was refused. Why, and what to do, stands below."
_NOTHING: Final = "There is no page at this address. Perhaps it was copied in part, or has had its day."
_TOO_LARGE: Final = "What was sent is larger than what is taken here, and was not read. Nothing has been stored."
_TOO_SLOW: Final = "What was sent did not arrive in time. Nothing has been stored. Please try again."
_TOO_OFTEN: Final = "This came too often. Please wait a moment, and try again."
_OVERLOAD: Final = "Very many people come at this moment. Please wait for some seconds, and try again."
_UNAVAILABLE: Final = "Something that is needed cannot be reached at the moment. Please try again later."


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class WayOn:
    """What a refusal means for whoever reads of it, and the address where it goes on, with its text: None where it goes
    on as after any refusal of the role."""

    lead: str
    back: tuple[str, str] | None = None


WaysOn: TypeAlias = Mapping[Check | tuple[Check, str], WayOn]
"""By the check, or by the check at one field, which goes first."""


def render_page(template: str, *, status: int = 200, **values: object) -> HttpResponse:
    """A page from a template. A name that the template needs and ``values`` lacks is an error, never an empty text."""
    body = _environment().get_template(template).render(values)
    return HttpResponse(status=status, headers=(("content-type", "text/html; charset=utf-8"),), body=body.encode())


def error_page(
    *, role: str, host: str, back: tuple[str, str] | None = None, ways_on: WaysOn | None = None
) -> ErrorPage:
    """How a role says on a page that something was refused; ``back`` is an address to go to, and its text.

    ``ways_on`` are of the refusals that have one of their own.
    """
    given = (ways_on or {}).items()
    by_id = {(key.id, "") if isinstance(key, Check) else (key[0].id, key[1]): way for key, way in given}

    def page(explanation: Explanation | None, request_id: str, status: int) -> HttpResponse:
        title, lead = "This was refused", REFUSED
        if explanation is None:
            title, lead = ("No such page", _NOTHING) if status in (404, 405, 406) else ("Something went wrong", _BUG)
        elif status == 408:
            title, lead = "Too slow", _TOO_SLOW
        elif status in (413, 431):
            title, lead = "Too large", _TOO_LARGE
        elif status == 429:
            title, lead = "Too often", _TOO_OFTEN
        elif explanation.check == Check.OVERLOAD.id:
            title, lead = "Too many at once", _OVERLOAD
        elif status == 503:
            title, lead = "Not to be reached", _UNAVAILABLE
        way = None
        if explanation is not None:
            way = by_id.get((explanation.check, explanation.field)) or by_id.get((explanation.check, ""))
        return render_page(
            "error.html",
            status=status,
            title=title,
            role=role,
            host=host,
            lead=lead if way is None else way.lead,
            explanation=explanation,
            request_id=request_id,
            back=back if way is None or way.back is None else way.back,
        )

    return page


def static_file(name: str) -> HttpResponse:
    """A file beside the templates; 404 for another name. Its address has its version, so it may be kept for a year."""
    body = _static().get(name)
    if body is None:
        return HttpResponse(status=404)
    headers = (
        ("content-type", _TYPES[name.rpartition(".")[2]]),
        ("cache-control", "public, max-age=31536000, immutable"),
    )
    return HttpResponse(status=200, headers=headers, body=body)


def static_url(name: str) -> str:
    """The address of a file beside the templates."""
    return f"{STATIC}{name}?v={base64url(sha256(_static()[name]).digest()[:6])}"


def _shown(value: object) -> object:
    """What a template shows of a value: text with what could mislead spelled out; markup and all else as it is."""
    return value.translate(_MISLEADING) if type(value) is str else value


@cache
def _static() -> Mapping[str, bytes]:
    found = (entry for entry in files("zegel.web").joinpath("static").iterdir())
    return {entry.name: entry.read_bytes() for entry in found if entry.name.rpartition(".")[2] in _TYPES}


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("zegel.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        finalize=_shown,
    )
    environment.globals["static"] = static_url
    return environment
