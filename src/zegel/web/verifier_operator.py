"""The verifier's operator API: ask a question, read the answer. On a listener of its own, behind a bearer token."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Final

from zegel.checks import Check
from zegel.errors import Malformed, Rejected, ZegelError, explain
from zegel.formats.claims import json_claim
from zegel.formats.credential import Format, VerifiedCredential
from zegel.primitives.http import HttpRequest, HttpResponse, json_response, origin_of
from zegel.primitives.json import Json, JsonObject, parse_object
from zegel.primitives.members import member, under
from zegel.profiles import ClientIdPrefix, ResponseMode
from zegel.protocols.openid4vp.dcql import DcqlQuery, parse_query
from zegel.protocols.openid4vp.error_codes import refusal_of_wallet
from zegel.protocols.openid4vp.request import RequestUriMethod
from zegel.protocols.openid4vp.satisfaction import AcceptedAnswer, Current
from zegel.protocols.openid4vp.transaction_data import TransactionData, build_transaction_data, parse_transaction_data
from zegel.protocols.openid4vp.verifier import (
    AwaitingReturn,
    Failed,
    Failure,
    Finished,
    Lapsed,
    Ready,
    Refused,
    Requested,
    VerifierSession,
)
from zegel.services.rates import Limit
from zegel.services.verifier import Question
from zegel.web.load import Priority
from zegel.web.problem import problem
from zegel.web.routing import Audience, Route
from zegel.web.turnstile import Limited
from zegel.web.verifier import VerifierSite

MAX_QUESTION: Final = 64_000  # a query for a hundred claims, and the transaction data of a payment
MAX_WAIT: Final = 60  # seconds; whoever waits longer asks again
_MEMBERS: Final = frozenset(
    {
        "dcql_query",
        "response_mode",
        "client_id_prefix",
        "request_uri_method",
        "transaction_data",
        "cross_device",
        "purpose",
        "return_uri",
        "initiator",
    }
)
_WHAT: Final = "question"


async def ask(site: VerifierSite, request: HttpRequest) -> HttpResponse:
    """Begin a presentation; 201 with the session's id and the link for the wallet.

    ``Rejected(TYPE_FORMAT)`` for a type that is known, and never issued in the format.
    """
    question = parse_question(request.body)
    for at, credential in enumerate(question.query.credentials):
        if credential.format in tuple(Format):  # any other one is refused below
            with under(f"dcql_query.credentials[{at}]"):
                for type_ in credential.types:
                    site.catalogue.check_format(type_, Format(credential.format))
    id_, session = await site.service.ask(question)
    body = {"session": id_, "link": session.link(site.link_target), "request_uri": session.request_uri}
    return json_response(body, status=201)


async def show_result(site: VerifierSite, request: HttpRequest, *, session: str) -> HttpResponse:
    """How a presentation stands; its claims, once. With ``wait`` the answer may take so many seconds."""
    query = request.query()
    left = _seconds(query.get("wait", "0"))
    while True:
        state = await site.service.look_back(session)
        if left <= 0 or isinstance(state, Ready | Finished | Refused | Failed | Lapsed):
            return await _result(site, session, state, initiator=session)
        del state  # or each of thousands who wait would hold a request object
        left = await site.service.wait(session, seconds=left)


async def come_back(site: VerifierSite, request: HttpRequest, *, session: str) -> HttpResponse:
    """A service's own page was returned to, or waits: the secret of that browser session gives the result, once.

    What it began with an ``initiator`` it gets here and nowhere else: on the same device with the response code that
    the return brought, and where a code was scanned without one, as soon as the wallet has answered.
    """
    form = parse_object(request.body, what=_WHAT, max_bytes=MAX_QUESTION)
    code, initiator = _text(form, "response_code") or "", _text(form, "initiator") or session
    state = await site.service.look_back(session)
    if isinstance(state, AwaitingReturn):
        state = await site.service.come_back(session, response_code=code, initiator=initiator)
    elif isinstance(state, Finished):
        # without claims it is for who began it a second time, or for somebody who came after: neither signs in
        raise Rejected(Check.ANSWERED_ONCE, "the answer was collected before", field="session")
    return await _result(site, session, state, initiator=initiator)


async def _result(site: VerifierSite, session: str, state: VerifierSession | Lapsed, *, initiator: str) -> HttpResponse:
    if isinstance(state, Ready):
        try:
            answer = await site.service.collect(session, initiator=initiator)
        except Rejected as error:
            raise Rejected(error.check, error.detail, field=_place(error.check, error.field)) from None
        return json_response({"state": "accepted", "credentials": _credentials(answer), "error": None})
    return json_response({"state": _word(state), "credentials": [], "error": _error(state)})


def parse_question(body: bytes) -> Question:
    """Parse the body of ``POST /requests``; ``Malformed`` with the member that is wrong, or unknown."""
    members = parse_object(body, what=_WHAT, max_bytes=MAX_QUESTION)
    for name in members:
        if name not in _MEMBERS:
            raise Malformed(_WHAT, name[:64], f"expected one of {', '.join(sorted(_MEMBERS))}")
    initiator, return_uri = _text(members, "initiator"), _return_uri(members)
    cross_device = _flag(members, "cross_device")
    if initiator is not None and return_uri is None and not cross_device:
        raise Malformed(_WHAT, "return_uri", "expected where the browser of this initiator comes back to")
    if return_uri is not None and initiator is None:  # else it would be taken from any browser
        raise Malformed(_WHAT, "initiator", "expected a secret of the browser session that is to come back")
    return Question(
        query=_query(members.get("dcql_query")),
        initiator=initiator,
        response_mode=ResponseMode(_one_of(members, "response_mode", [*ResponseMode], ResponseMode.DIRECT_POST_JWT)),
        client_id_prefix=ClientIdPrefix(
            _one_of(members, "client_id_prefix", [*ClientIdPrefix], ClientIdPrefix.X509_HASH)
        ),
        request_uri_method=_method(members),
        transaction_data=_transaction_data(members),
        cross_device=cross_device,
        return_uri=return_uri,
        purpose=_text(members, "purpose"),
        followed=True,
    )


def _query(value: Json) -> DcqlQuery:
    try:
        return parse_query(value)
    except Malformed as error:  # by its path in this request
        where = member("dcql_query", error.where) if error.where else "dcql_query"
        raise Malformed(_WHAT, where, error.detail.removeprefix(f"{error.what}: ")) from None


def _transaction_data(members: JsonObject) -> tuple[TransactionData, ...]:
    items = members.get("transaction_data", [])
    if not isinstance(items, list):
        raise Malformed(_WHAT, "transaction_data", "expected an array of objects")
    built = [_transaction(item, f"transaction_data[{at}]") for at, item in enumerate(items)]
    return parse_transaction_data(built) if built else ()


def _transaction(item: Json, where: str) -> str:
    if not isinstance(item, Mapping) or type(item.get("type")) is not str:
        raise Malformed(_WHAT, where, "expected an object with a type and credential_ids")
    ids = item.get("credential_ids")
    if not isinstance(ids, list) or not all(isinstance(id_, str) for id_ in ids):
        raise Malformed(_WHAT, member(where, "credential_ids"), "expected an array of texts")
    own = {name: value for name, value in item.items() if name not in ("type", "credential_ids")}
    return build_transaction_data(str(item["type"]), credential_ids=[str(id_) for id_ in ids], members=own)


def _credentials(answer: AcceptedAnswer) -> list[JsonObject]:
    bound = [_credential(id_, one, True) for id_, found in answer.presentations.items() for one in found]
    return bound + [_credential(id_, one, False) for id_, found in answer.unbound.items() for one in found]


def _credential(id_: str, current: Current, holder_bound: bool) -> JsonObject:
    described = describe_credential(current.credential)
    return {"id": id_, **described, "status": str(current.status), "holder_bound": holder_bound}


def describe_credential(credential: VerifiedCredential) -> dict[str, Json]:
    """What is verified of a credential, as JSON."""
    return {
        "format": str(credential.format),
        "type": credential.type,
        "issuer": {"entity": credential.issuer.entity, "subject": credential.issuer.subject},
        "claims": json_claim(credential.claims),
    }


def _word(state: VerifierSession | Lapsed) -> str:
    match state:
        case Finished():
            return "collected"  # whether by this caller or by another, the claims are gone
        case Refused():
            return "refused"
        case Failed():
            return "rejected"
        case Lapsed(answered=answered):
            return "uncollected" if answered else "expired"
        case _:
            return "pending"


def _error(state: VerifierSession | Lapsed) -> Json:
    match state:
        case Refused(code=code, description=description):
            refusal = asdict(explain(refusal_of_wallet(code, description)))
            return {"error": code, "error_description": description, **refusal}
        case Failed(failure=failure) | Requested(failure=Failure() as failure) | Lapsed(failure=Failure() as failure):
            return {**asdict(explain(_as_error(failure)))}
        case _:
            return None


def _as_error(failure: Failure) -> ZegelError:
    return Rejected(failure.check, failure.detail, field=_place(failure.check, failure.field))


def _place(check: Check, field: str) -> str:
    """The member at fault: what is a browser's cookie elsewhere, a service passes on as the initiator."""
    return "initiator" if check is Check.SAME_BROWSER else field


def _seconds(text: str) -> float:
    if not text.isdecimal() or len(text) > 4:
        raise Malformed("query", "wait", "expected a whole number of seconds")
    return min(int(text), MAX_WAIT)


def _text(members: JsonObject, name: str) -> str | None:
    value = members.get(name)
    if value is not None and (not isinstance(value, str) or not value):
        raise Malformed(_WHAT, name, "expected text")
    return value


def _flag(members: JsonObject, name: str) -> bool:
    value = members.get(name, False)
    if not isinstance(value, bool):
        raise Malformed(_WHAT, name, "expected true or false")
    return value


def _return_uri(members: JsonObject) -> str | None:
    value = _text(members, "return_uri")
    if value is not None:
        try:
            origin_of(value, what=_WHAT)
        except Malformed as error:
            raise Malformed(_WHAT, "return_uri", error.detail.removeprefix(f"{_WHAT}: ")) from None
        if "#" in value:  # as of redirect URIs (RFC 6749 section 3.1.2): the response code would come behind it
            raise Malformed(_WHAT, "return_uri", "expected no fragment")
    return value


def _one_of(members: JsonObject, name: str, choices: list[str], default: str) -> str:
    value = members.get(name, default)
    if value not in choices:
        raise Malformed(_WHAT, name, f"expected {' or '.join(choices)}")
    return str(value)


def _method(members: JsonObject) -> RequestUriMethod:
    return "post" if _one_of(members, "request_uri_method", ["get", "post"], "get") == "post" else "get"


def _initiator_of(_site: VerifierSite, request: HttpRequest) -> str | None:
    try:
        return _text(parse_object(request.body, what=_WHAT, max_bytes=MAX_QUESTION), "initiator")
    except Malformed:
        return None  # the question is not asked


_REQUESTS: Final = Limited(Limit.REQUEST, _initiator_of)

ROUTES: Final[tuple[Route[VerifierSite], ...]] = (
    Route(
        "POST",
        "/requests",
        ask,
        Audience.OPERATOR,
        refusal=problem,
        max_body=MAX_QUESTION,
        limited=_REQUESTS,
        priority=Priority.BEGINS,
    ),
    Route("GET", "/requests/{session}", show_result, Audience.OPERATOR, refusal=problem, priority=Priority.WAITS),
    Route("POST", "/requests/{session}/return", come_back, Audience.OPERATOR, refusal=problem, max_body=MAX_QUESTION),
)
