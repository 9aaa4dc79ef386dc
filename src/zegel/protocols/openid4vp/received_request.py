"""What is asked: the second of the two things that a wallet finds out about a request (OpenID4VP 1.0 sections 5 and 6).

``sender`` has the first. A refusal here can be told to the verifier; ``error_codes`` has the code for it.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, final

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.primitives.json import Json, JsonObject
from zegel.primitives.keys import Algorithm
from zegel.primitives.members import member, read_array, read_object, read_text, read_texts
from zegel.profiles import ResponseMode
from zegel.protocols.openid4vp.dcql import MAX_CREDENTIALS, MAX_ID, DcqlQuery, parse_query
from zegel.protocols.openid4vp.members import read_url_safe
from zegel.protocols.openid4vp.metadata import parse_vp_formats, read_issuer_algorithms
from zegel.protocols.openid4vp.pid import is_pid
from zegel.protocols.openid4vp.request import RESPONSE_TYPE, Challenge, VerifierInfo
from zegel.protocols.openid4vp.sender import AddressedRequest, Party, ReplyAddress
from zegel.protocols.openid4vp.transaction_data import (
    TransactionData,
    TransactionType,
    check_transaction_data,
    parse_transaction_data,
    rejected_as_transaction,
)
from zegel.trust.access import UnauthenticatedParty
from zegel.trust.registration.transport import REGISTRATION_FORMAT

MAX_INFOS: Final = 16  # a registration certificate each for as many intended uses; the specification sets no limit
_WHAT: Final = "presentation request"
_REFUSED: Final = ("redirect_uri", "request", "request_uri", "scope")  # sections 8.2 and 8.5; RFC 9101 section 4


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedRequest:
    """A request that may be shown to the user and answered.

    ``party`` says whether anybody vouches for who asks. ``formats`` are those that the verifier takes from us.
    ``expires`` is when it may be answered no longer, None where it does not say. ``issuer_algorithms`` are those with
    which it takes credentials signed, by format; a format that is missing: with any.
    """

    party: Party
    reply: ReplyAddress
    nonce: str
    query: DcqlQuery
    formats: frozenset[str]
    transaction_data: tuple[TransactionData, ...]
    verifier_info: tuple[VerifierInfo, ...]
    expires: int | None = None
    issuer_algorithms: Mapping[str, frozenset[Algorithm]] = field(default_factory=dict)

    @property
    def challenge(self) -> Challenge:
        """What each presentation of the answer has to be bound to."""
        key = self.reply.response_key if self.reply.response_mode is ResponseMode.DIRECT_POST_JWT else None
        return Challenge(
            client_id=self.party.client_id,
            nonce=self.nonce,
            response_uri=self.reply.response_uri,
            jwk_thumbprint=None if key is None else key.key.thumbprint(),
        )

    @property
    def registered_queries(self) -> frozenset[str]:
        """The credential queries that its registration certificate is sent for; empty for all of them."""
        return registered_queries(self.verifier_info)

    @property
    def without_pid(self) -> frozenset[str]:
        """The credential queries that no PID may answer."""
        if isinstance(self.party, UnauthenticatedParty):
            return frozenset(credential.id for credential in self.query.credentials)
        return frozenset(id_ for item in self.transaction_data for id_ in item.credential_ids)


def check_request(request: AddressedRequest, *, transaction_types: Mapping[str, TransactionType]) -> VerifiedRequest:
    """Read what is asked; ``transaction_types`` are those that we know, by name.

    ``Malformed``, or ``Rejected`` with PRESENTATION_REQUEST, RESPONSE_KEY, VP_FORMATS, TRANSACTION_REQUEST or
    UNAUTHENTICATED_PARTY; ``error_codes`` has what the verifier is told.
    """
    parameters = request.parameters
    if parameters.get("response_type") != RESPONSE_TYPE:
        raise _refused(f"expected {RESPONSE_TYPE}", "response_type")
    for name in _REFUSED:
        if name in parameters:
            raise _refused("expected no such parameter", name)
    if "dcql_query" not in parameters:
        raise _refused("expected a query", "dcql_query")
    query = parse_query(parameters["dcql_query"])
    metadata = read_object(parameters.get("client_metadata"), what=_WHAT, where="client_metadata")
    formats = parse_vp_formats(metadata)
    if not any(credential.format in formats for credential in query.credentials):
        raise Rejected(Check.VP_FORMATS, "expected a format that both sides have", field="dcql_query.credentials")
    if request.reply.response_mode is ResponseMode.DIRECT_POST_JWT and request.reply.response_key is None:
        raise Rejected(Check.RESPONSE_KEY, "expected a key that we can encrypt to", field="client_metadata.jwks")
    if request.reply.state is None and not all(credential.holder_binding for credential in query.credentials):
        # section 5.3: without holder binding only the state ties the answer to the request
        raise _refused("expected a state beside a query without holder binding", "state")
    if isinstance(request.party, UnauthenticatedParty) and any(is_pid(entry.types) for entry in query.credentials):
        detail = "a PID is asked for by nobody that we know"
        raise Rejected(Check.UNAUTHENTICATED_PARTY, detail, field="dcql_query.credentials")
    return VerifiedRequest(
        party=request.party,
        reply=request.reply,
        nonce=read_url_safe(parameters.get("nonce"), what=_WHAT, where="nonce"),
        query=query,
        formats=formats,
        issuer_algorithms=read_issuer_algorithms(metadata),
        transaction_data=_transaction_data(parameters, query, transaction_types),
        verifier_info=read_verifier_info(parameters, query),
        expires=request.expires,
    )


def _transaction_data(
    parameters: JsonObject, query: DcqlQuery, types: Mapping[str, TransactionType]
) -> tuple[TransactionData, ...]:
    if "transaction_data" not in parameters:
        return ()
    try:
        items = parse_transaction_data(parameters["transaction_data"])
    except Malformed as error:
        raise rejected_as_transaction(error) from None
    return check_transaction_data(items, query=query, types=types)


def registered_queries(infos: Iterable[VerifierInfo]) -> frozenset[str]:
    """The credential queries that the registration certificate among statements is for; empty for all of them."""
    sent = (info for info in infos if info.format == REGISTRATION_FORMAT)
    return frozenset(id_ for info in sent for id_ in info.credential_ids)


def read_verifier_info(parameters: JsonObject, query: DcqlQuery) -> tuple[VerifierInfo, ...]:
    """What others say of who asks (OpenID4VP 1.0 section 5.1), of parsed parameters; ``Malformed`` otherwise."""
    if "verifier_info" not in parameters:
        return ()
    known = {credential.id for credential in query.credentials}
    entries = read_array(parameters["verifier_info"], what=_WHAT, where="verifier_info", limit=MAX_INFOS)
    return tuple(_info(entry, f"verifier_info[{position}]", known) for position, entry in enumerate(entries))


def _info(value: Json, where: str, known: Collection[str]) -> VerifierInfo:
    members = read_object(value, what=_WHAT, where=where)
    data = members.get("data")
    if type(data) not in (str, dict):
        raise Malformed(_WHAT, member(where, "data"), "expected text or an object")
    ids: tuple[str, ...] = ()
    if "credential_ids" in members:
        at = member(where, "credential_ids")
        ids = read_texts(members["credential_ids"], what=_WHAT, where=at, limit=MAX_CREDENTIALS, max_text=MAX_ID)
        if not set(ids).issubset(known):
            raise Malformed(_WHAT, at, "expected ids of the query")
    format_ = read_text(members.get("format"), what=_WHAT, where=member(where, "format"))
    return VerifierInfo(format=format_, data=data, credential_ids=ids)


def _refused(detail: str, field: str) -> Rejected:
    return Rejected(Check.PRESENTATION_REQUEST, detail, field=field)
