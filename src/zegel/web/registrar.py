"""The common interface of registers (TS5 1.3 section 3): signed answers for all, and what a party's program may write.

Reading needs no name and no token. ``GET /openapi.json`` describes the interface, and says how often it may be asked.
"""

from typing import Final

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.primitives.http import JSON, HttpRequest, HttpResponse
from zegel.primitives.json import encode_json
from zegel.services.rates import Limit
from zegel.services.register_reader import DEFAULT_PAGE, MAX_PAGE, Question
from zegel.services.registrar import WRP_PATH
from zegel.trust.register.parse import MAX_PARTY, parse_wallet_relying_party
from zegel.trust.register.states import Actor
from zegel.trust.register.terms import Term, UseQuestion, name_term, path_term, read_path
from zegel.trust.registration.entitlements import entitlement_uri
from zegel.trust.registration.transport import CERTIFICATES_PATH
from zegel.trust.registration.values import RegistrationFormat
from zegel.web.errors import NotAcceptable
from zegel.web.problem import problem
from zegel.web.published import choose, publish
from zegel.web.registrar_openapi import ANSWER, describe
from zegel.web.registrar_site import RegistrarSite
from zegel.web.routing import Route
from zegel.web.turnstile import Limited

KEYS_PATH: Final = "/jwks"
HEAD_PATH: Final = "/log/head"
MAX_FILTERS: Final = 8  # of one search, published in the description; the interface has twelve
MAX_FILTER: Final = 1_000  # characters; the longest is an address or a path
_ANSWER_SECONDS: Final = 60  # for how long a cache may answer: a suspension shows a minute later there
_KEYS_SECONDS: Final = 300  # a successor is published for as long before it signs
_MAX_CURSOR_DIGITS: Final = 15  # a thousand registers of the size of mankind
_SPELLINGS: Final = {  # the text of TS5 1.3 section 3.2.2, and its description
    "intendedUseClaimPath": "claimpath",
    "intendedUseCredentialMeta": "credentialmeta",
    "intendedUseCredentialFormat": "credentialformat",
}
_FILTERS: Final = frozenset(
    {
        "identifier", "legalname", "tradename", "policy", "entitlement", "providesattestation", "usesintermediary",
        "isintermediary", "intendeduseidentifier", "claimpath", "credentialmeta", "credentialformat", "q",
    }
)  # fmt: skip
_OF_A_USE: Final = frozenset({"intendeduseidentifier", "claimpath", "credentialmeta", "credentialformat"})
_CHECKED: Final = frozenset(
    {"rpidentifier", "intendeduseidentifier", "credentialformat", "claimpath", "credentialmeta", "policyurl"}
)
_CERTIFIED: Final = frozenset({"service", "intendeduseidentifier", "intermediary", "format"})
_WHAT: Final = "query"


async def search(site: RegistrarSite, request: HttpRequest) -> HttpResponse:
    """``GET /wrp``: those that all filters find, by the page."""
    question = read_question(request.query())
    return _answer(site, request, site.reader.sign_page(await site.reader.search(question), one=False))


async def show(site: RegistrarSite, request: HttpRequest, *, identifier: str) -> HttpResponse:
    """``GET /wrp/{identifier}``: one party."""
    return _answer(site, request, site.reader.sign_page(await site.reader.party(identifier), one=True))


async def check_intended_use(site: RegistrarSite, request: HttpRequest) -> HttpResponse:
    """``GET /wrp/check-intended-use``: whether a party has registered something."""
    fields = _fields(request.query(), _CHECKED)
    if "rpidentifier" not in fields:
        raise Malformed(_WHAT, "rpidentifier", "expected the identifier of a party")
    question = UseQuestion(
        identifier=fields.get("intendeduseidentifier"),
        format=fields.get("credentialformat"),
        meta=fields.get("credentialmeta"),
        path=read_path(fields["claimpath"], where="claimpath") if "claimpath" in fields else None,
        policy=fields.get("policyurl"),
    )
    found = await site.reader.has_use(fields["rpidentifier"], question)
    return _answer(site, request, site.reader.sign({"isRegistered": found}))


async def serve_certificate(site: RegistrarSite, request: HttpRequest, *, identifier: str) -> HttpResponse:
    """``GET /registration-certificates/{identifier}``: what a party shows wallets, so that it renews by itself."""
    fields = _fields(request.query(), _CERTIFIED)
    format_ = _format(request, fields)
    data = await site.service.certificate(
        identifier,
        service=fields.get("service"),
        use=fields.get("intendeduseidentifier"),
        through=fields.get("intermediary"),
        format_=format_,
    )
    return publish(request, data, content_type=format_.media_type, max_age=_ANSWER_SECONDS, varies=True)


async def update(site: RegistrarSite, request: HttpRequest) -> HttpResponse:
    """``PUT /wrp``: a party's program asks for a change, which an officer decides on (Reg_07).

    The answer is what is registered until then; before the first approval that is nothing yet.
    """
    by = await _bearer(site, request)
    entry = await site.service.change(parse_wallet_relying_party(request.body), by=by)
    if entry.registration.public is None:
        return _signed(site, site.reader.sign(None, pending=True), status=202)
    page = await site.reader.party(entry.registration.identifier)
    return _signed(site, site.reader.sign_page(page, one=True), status=200)


async def remove(site: RegistrarSite, request: HttpRequest, *, identifier: str) -> HttpResponse:
    """``DELETE /wrp/{identifier}``: a party's program cancels its registration, for good (Reg_29)."""
    by = await _bearer(site, request)
    await site.service.cancel(identifier, by=by, reason="at the request of the party")
    site.statuses.note_revocation()
    return HttpResponse(status=204, headers=(("cache-control", "no-store"),))


async def serve_head(site: RegistrarSite, _request: HttpRequest) -> HttpResponse:
    """The signed head of the log of changes, for whoever wants to hold the register to it (Reg_09)."""
    return _signed(site, await site.reader.head(), status=200)


async def serve_keys(site: RegistrarSite, request: HttpRequest) -> HttpResponse:
    """The keys under which answers verify."""
    body = encode_json(site.keys.members)
    return publish(request, body, content_type="application/jwk-set+json", max_age=_KEYS_SECONDS)


async def serve_description(site: RegistrarSite, request: HttpRequest) -> HttpResponse:
    """The OpenAPI description of this interface, with the limits that are configured (TS5 1.3 section 3.2.3)."""
    return publish(request, encode_json(describe(site)), content_type=JSON, max_age=_KEYS_SECONDS)


def read_question(query: dict[str, str]) -> Question:
    """What a query looks for; ``Malformed`` names the parameter."""
    fields = _fields(query, _FILTERS | {"limit", "cursor"})
    filters = {name: value for name, value in fields.items() if name in _FILTERS}
    if len(filters) > MAX_FILTERS:
        raise Malformed(_WHAT, "", f"expected at most {MAX_FILTERS} filters")
    path = read_path(filters["claimpath"], where="claimpath") if "claimpath" in filters else None
    use = None
    if len(_OF_A_USE & filters.keys()) > 1:  # one credential of one use has to have them all
        use = UseQuestion(
            identifier=filters.get("intendeduseidentifier"),
            format=filters.get("credentialformat"),
            meta=filters.get("credentialmeta"),
            path=path,
        )
    return Question(
        terms=tuple(_term(name, value) for name, value in filters.items() if name != "q"),
        text=filters.get("q", ""),
        use=use,
        limit=_number(fields, "limit", DEFAULT_PAGE, least=1, most=MAX_PAGE),
        after=_number(fields, "cursor", 0, least=0, most=10**_MAX_CURSOR_DIGITS),
    )


def _fields(query: dict[str, str], known: frozenset[str]) -> dict[str, str]:
    fields: dict[str, str] = {}
    for given, value in query.items():
        name = _SPELLINGS.get(given, given)
        if name not in known or name in fields:
            raise Malformed(_WHAT, given, "expected a parameter of this interface, once")
        if not 0 < len(value) <= MAX_FILTER:
            raise Malformed(_WHAT, given, f"expected one to {MAX_FILTER} characters")
        fields[name] = value
    return fields


def read_format(value: str) -> RegistrationFormat:
    """The format of a certificate that the parameter ``format`` names; ``Malformed`` for no such."""
    if value not in tuple(RegistrationFormat):
        raise Malformed(_WHAT, "format", f"expected one of {', '.join(RegistrationFormat)}")
    return RegistrationFormat(value)


def _format(request: HttpRequest, fields: dict[str, str]) -> RegistrationFormat:
    """The format that the query names, or else the one that Accept prefers; JWT where neither says anything."""
    if "format" in fields:
        return read_format(fields["format"])
    offered = {each.media_type: each for each in RegistrationFormat}
    chosen = choose(request, tuple(offered))
    if chosen is None:
        raise NotAcceptable(offered)
    return offered[chosen]


def _term(name: str, value: str) -> Term:
    match name:
        case "legalname" | "tradename":
            return name_term(name, value)
        case "claimpath":
            return path_term(read_path(value, where=name))
        case "entitlement":  # TS5 1.3, OpenAPI description: any text; nobody has one that nobody knows
            return name, entitlement_uri(value)
        case "isintermediary":
            if value.lower() not in ("true", "false"):
                raise Malformed(_WHAT, name, "expected true or false")
            return name, value.lower()
        case _:
            return name, value


def _number(fields: dict[str, str], name: str, default: int, *, least: int, most: int) -> int:
    text = fields.get(name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) <= _MAX_CURSOR_DIGITS) or not least <= int(text) <= most:
        raise Malformed(_WHAT, name, f"expected a number from {least} to {most}")
    return int(text)


async def _bearer(site: RegistrarSite, request: HttpRequest) -> Actor:
    scheme, _, token = (request.header("authorization") or "").partition(" ")
    if scheme.lower() != "bearer":
        raise Rejected(Check.REGISTER_TOKEN, "expected a bearer token", field="header.authorization")
    return await site.people.bearer(token.strip())


def _answer(site: RegistrarSite, request: HttpRequest, body: bytes) -> HttpResponse:
    published = publish(request, body, content_type=ANSWER, max_age=_ANSWER_SECONDS)
    return HttpResponse(status=200, headers=(*published.headers, _where_keys_are(site)), body=body)


def _signed(site: RegistrarSite, body: bytes, *, status: int) -> HttpResponse:
    headers = (("content-type", ANSWER), ("cache-control", "no-store"), _where_keys_are(site))
    return HttpResponse(status=status, headers=headers, body=body)


def _where_keys_are(site: RegistrarSite) -> tuple[str, str]:
    return "x-jku-url", site.origin + KEYS_PATH


_READS: Final[Limited[RegistrarSite]] = Limited(Limit.REGISTER)
_WRITES: Final[Limited[RegistrarSite]] = Limited(Limit.REQUEST)

ROUTES: Final[tuple[Route[RegistrarSite], ...]] = (
    Route("GET", WRP_PATH, search, refusal=problem, limited=_READS),
    Route("PUT", WRP_PATH, update, max_body=MAX_PARTY, refusal=problem, limited=_WRITES),
    Route("GET", WRP_PATH + "/check-intended-use", check_intended_use, refusal=problem, limited=_READS),
    Route("GET", WRP_PATH + "/{identifier}", show, refusal=problem, limited=_READS),
    Route("DELETE", WRP_PATH + "/{identifier}", remove, refusal=problem, limited=_WRITES),
    Route("GET", CERTIFICATES_PATH + "/{identifier}", serve_certificate, refusal=problem, limited=_READS),
    Route("GET", HEAD_PATH, serve_head, refusal=problem, limited=_READS),
    Route("GET", KEYS_PATH, serve_keys),
    Route("GET", "/openapi.json", serve_description),
)
