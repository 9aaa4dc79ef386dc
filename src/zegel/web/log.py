"""The log over HTTP: the client messages of RFC 9162 section 5, and a page that says what is in it.

A refusal is a problem of section 5, with zegel's own words beside it (RFC 9457).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, final
from urllib.parse import parse_qsl, urlsplit

from zegel.errors import Denied, Malformed, ZegelError, explain
from zegel.primitives.encoding import base64, parse_base64
from zegel.primitives.http import PROBLEM, HttpRequest, HttpResponse
from zegel.primitives.json import Json, encode_json, parse_json
from zegel.protocols.transparency.answers import MAX_ENTRIES
from zegel.protocols.transparency.submission import MAX_CHAIN_LENGTH, MAX_SUBMISSION, parse_submission
from zegel.services.log import LogService, Proven, StoredEntry
from zegel.services.rates import Limit
from zegel.trust.anchors import Purpose
from zegel.trust.transparency.items import LogEntry, parse_trans_item
from zegel.trust.transparency.precertificate import unsigned_certificate
from zegel.web.errors import status_of
from zegel.web.pages import STATIC, render_page, static_file
from zegel.web.routing import Audience, Route
from zegel.web.turnstile import Limited

_ERROR: Final = "urn:ietf:params:trans:error:"  # section 5
_WHAT: Final = "query"
_DIGITS: Final = 20  # of a uint64
_SHOWN: Final = 20  # entries on the page: who wants all of them asks get-entries
_JSON: Final = (("content-type", "application/json"), ("cache-control", "no-store"))


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class LogSite:
    """What the log's handlers need. ``id`` is the dotted object identifier."""

    service: LogService
    name: str
    host: str
    id: str


async def submit_entry(site: LogSite, request: HttpRequest) -> HttpResponse:
    """Take in a certificate or a pre-certificate (section 5.1)."""
    taken = site.service.submit(parse_submission(request.body))
    return _answer({"sct": _encoded(taken.sct)} | _proofs(Proven(sth=taken.sth, inclusion=taken.inclusion)))


async def get_sth(site: LogSite, _request: HttpRequest) -> HttpResponse:
    """The latest tree head (section 5.2)."""
    return _answer({"sth": _encoded(site.service.latest_head())})


async def get_sth_consistency(site: LogSite, request: HttpRequest) -> HttpResponse:
    """What leads from one tree to another (section 5.3)."""
    query = _query(request)
    second = _number(query, "second") if "second" in query else None
    return _answer(_proofs(site.service.consistency(_number(query, "first"), second)))


async def get_proof_by_hash(site: LogSite, request: HttpRequest) -> HttpResponse:
    """What leads from a leaf to a tree (section 5.4)."""
    query = _query(request)
    return _answer(_proofs(site.service.inclusion(_hash(query), _number(query, "tree_size"))))


async def get_all_by_hash(site: LogSite, request: HttpRequest) -> HttpResponse:
    """Both, and the latest tree head (section 5.5)."""
    query = _query(request)
    return _answer(_proofs(site.service.everything(_hash(query), _number(query, "tree_size"))))


async def get_entries(site: LogSite, request: HttpRequest) -> HttpResponse:
    """Entries with what was submitted (section 5.6)."""
    query = _query(request)
    head, entries = site.service.entries(_number(query, "start"), _number(query, "end"), most=MAX_ENTRIES)
    return _answer({"entries": [_entry(each) for each in entries], "sth": _encoded(head)})


async def get_anchors(site: LogSite, _request: HttpRequest) -> HttpResponse:
    """The authorities that are accepted (section 5.7)."""
    anchors = [base64(anchor.certificate.der) for anchor in site.service.anchors.of(Purpose.ACCESS)]
    return _answer({"certificates": anchors, "max_chain_length": MAX_CHAIN_LENGTH})


async def show_home(site: LogSite, _request: HttpRequest) -> HttpResponse:
    """What this host is, and what was taken in last."""
    head = site.service.latest_head().head
    start = max(0, head.tree_size - _SHOWN)
    shown = site.service.entries(start, start + _SHOWN, most=_SHOWN)[1] if head.tree_size else ()
    return render_page(
        "log.html",
        title="Log of access certificates",
        role=site.name,
        host=site.host,
        id=site.id,
        size=head.tree_size,
        root=base64(head.root_hash),
        entries=[_described(each) for each in reversed(shown)],
    )


async def serve_static(_site: LogSite, _request: HttpRequest, *, name: str) -> HttpResponse:
    """A file that pages need."""
    return static_file(name)


def problem(_site: LogSite, error: ZegelError) -> HttpResponse:
    """A refusal as section 5 words it."""
    explained = explain(error)
    body: dict[str, Json] = {
        "type": _type(error),
        "detail": error.detail,
        "status": status_of(error),
        "check": explained.check,
        "field": explained.field,
        "remedy": explained.remedy,
    }
    headers = (("content-type", PROBLEM), ("cache-control", "no-store"))
    return HttpResponse(status=status_of(error), headers=headers, body=encode_json(body))


def _type(error: ZegelError) -> str:
    match error:
        case Denied():
            return _ERROR + error.code
        case Malformed():
            return _ERROR + "malformed"
        case _:  # whoever comes too often, or to a log that cannot, asked nothing wrong
            return "about:blank"  # RFC 9457 section 4.2.1: nothing more is meant than the status says


def _described(entry: StoredEntry) -> list[tuple[str, str]]:
    item = parse_trans_item(entry.entry)
    assert isinstance(item, LogEntry)
    certificate = unsigned_certificate(item.tbs_certificate)
    return [("Entry", str(entry.index)), ("Certificate of", certificate.subject), ("Issued by", certificate.issuer)]


def _entry(stored: StoredEntry) -> Json:
    return {
        "log_entry": base64(stored.entry),
        "submitted_entry": parse_json(stored.submitted, what="submission", max_bytes=2 * MAX_SUBMISSION),
        "sct": base64(stored.sct),
    }


def _proofs(proven: Proven) -> dict[str, Json]:
    found = {"sth": proven.sth, "inclusion": proven.inclusion, "consistency": proven.consistency}
    return {name: _encoded(item) for name, item in found.items() if item is not None}


def _encoded(item: object) -> str:
    encoded: bytes = item.encode()  # type: ignore[attr-defined]
    return base64(encoded)


def _answer(members: Mapping[str, Json]) -> HttpResponse:
    return HttpResponse(status=200, headers=_JSON, body=encode_json(members))


def _query(request: HttpRequest) -> dict[str, str]:
    """The parameters; those that are unknown are passed over (section 5)."""
    try:
        return dict(parse_qsl(urlsplit(request.url).query, strict_parsing=True, max_num_fields=16))
    except ValueError:
        raise Malformed(_WHAT, "", "expected parameters as a form has them") from None


def _number(query: Mapping[str, str], name: str) -> int:
    text = query.get(name, "")
    if not (text.isascii() and text.isdecimal() and len(text) <= _DIGITS):
        raise Malformed(_WHAT, name, "expected a number")
    return int(text)


def _hash(query: Mapping[str, str]) -> bytes:
    return parse_base64(query.get("hash", ""), what=_WHAT, where="hash")


_SUBMISSIONS: Final[Limited[LogSite]] = Limited(Limit.SUBMISSION)


def _get(name: str, handler: object) -> Route[LogSite]:
    return Route("GET", f"/ct/v2/{name}", handler, refusal=problem)  # type: ignore[arg-type]


ROUTES: Final[tuple[Route[LogSite], ...]] = (
    Route("GET", "/", show_home, audience=Audience.PERSON),
    Route("POST", "/ct/v2/submit-entry", submit_entry, max_body=MAX_SUBMISSION, refusal=problem, limited=_SUBMISSIONS),
    _get("get-sth", get_sth),
    _get("get-sth-consistency", get_sth_consistency),
    _get("get-proof-by-hash", get_proof_by_hash),
    _get("get-all-by-hash", get_all_by_hash),
    _get("get-entries", get_entries),
    _get("get-anchors", get_anchors),
    Route("GET", STATIC + "{name}", serve_static),
)
