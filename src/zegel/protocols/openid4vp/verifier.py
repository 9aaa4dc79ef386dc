"""The verifier's presentation session: all of its states, and from each the moves that are legal.

    Requested --conclude--> AwaitingReturn --come_back--> Ready --collect--> Finished       same device
                                           --come_back--> Failed                            ... in another browser
    Requested --conclude------------------------------->  Ready --collect--> Finished       cross-device
    Requested --refuse----> Refused                                                         the wallet said no

The time of each runs out. Where that is to be told, ``Lapsed`` stands beside the session, and outlives its claims.

A move returns the next state, and what to answer; whoever loaded the session stores the state against the version that
it loaded. A move that may not be made raises ``Rejected`` and leaves the session as it was: a wrong answer spoils
nothing for the right one. Times are seconds since the epoch.
"""

import hmac
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Final, TypeAlias, final

from zegel.checks import Check
from zegel.errors import Rejected, ZegelError
from zegel.primitives.encoding import base64url
from zegel.primitives.http import HttpRequest, HttpResponse, json_response, with_query
from zegel.primitives.keys import PrivateKey, random_private_key
from zegel.primitives.members import read_text
from zegel.profiles import ClientIdPrefix, Profile, ResponseMode
from zegel.protocols.openid4vp.dcql import DcqlQuery
from zegel.protocols.openid4vp.link import check_prefix
from zegel.protocols.openid4vp.pid import is_pid
from zegel.protocols.openid4vp.request import (
    REQUEST_MEDIA_TYPE,
    PresentationRequest,
    RequestUriMethod,
    VerifierInfo,
    build_link,
    build_unsigned_link,
    check_sendable,
    sign_request,
)
from zegel.protocols.openid4vp.satisfaction import AcceptedAnswer, Current, check_answer, needed_ids
from zegel.protocols.openid4vp.transaction_data import TransactionData, assign_transaction_data, check_signable
from zegel.trust.access import check_redirect_party
from zegel.trust.signing import CertifiedSigner

SAME_DEVICE_SECONDS: Final = 600  # FAPI 2.0 section 5.3.2.2 gives a pushed request as long; a person finds a passphrase
CROSS_DEVICE_SECONDS: Final = 120  # whoever relays a QR code has no longer; a person finds the phone in a pocket
RESULT_SECONDS: Final = 300  # verified claims wait no longer for the service that asked
OUTCOME_SECONDS: Final = 3_600  # what came of it, without a claim, for a page that is reloaded
SECRET_BYTES: Final = 32  # section 5.2 asks for 128 bits of nonce, section 8.2 for as many of response code
MAX_WALLET_NONCE: Final = 512  # characters; ours has 43


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class SameDevice:
    """The wallet is where the browser is, and sends it back to ``return_uri`` with a response code."""

    return_uri: str


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class CrossDevice:
    """The wallet scans a code from the browser's screen. Nothing ties the two but that screen."""


Flow: TypeAlias = SameDevice | CrossDevice


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why an answer was not taken, or a session ended without one."""

    check: Check
    detail: str
    field: str


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Requested:
    """The request is open.

    ``initiator`` is the hash of the session in which it began; ``request_uri`` is None for a request that its link
    holds; ``failure`` is that of the last wrong answer.
    """

    request: PresentationRequest
    response_key: PrivateKey | None = field(repr=False)
    flow: Flow
    initiator: bytes
    request_uri: str | None
    request_uri_method: RequestUriMethod
    opened: bool = False
    failure: Failure | None = None

    @property
    def expires(self) -> int:
        """When the request is no longer open."""
        return self.request.expires

    def link(self, target: str) -> str:
        """The link for the wallet; ``target`` is ``openid4vp://``, ``haip-vp://`` or the page of a wallet."""
        if self.request_uri is None:
            return build_unsigned_link(target, self.request)
        return build_link(
            target,
            client_id=self.request.client_id,
            request_uri=self.request_uri,
            request_uri_method=self.request_uri_method,
        )

    def serve_request(
        self, fetch: HttpRequest, *, signer: CertifiedSigner, now: int
    ) -> tuple["Requested", HttpResponse]:
        """Answer a GET or POST at the request_uri (sections 5.10 and 5.10.1).

        Again and again while the request is open, as a wallet may fetch it more than once: always the same request, but
        for the ``wallet_nonce`` of this fetch. ``Malformed`` for a form that does not parse.
        """
        _refuse_expired(self.expires, now)
        if self.request_uri is None:
            raise Rejected(Check.CLIENT_ID, "a request of redirect_uri is not signed", field="client_id")
        wallet_nonce = _wallet_nonce(fetch)
        body = sign_request(self.request, signer=signer, wallet_nonce=wallet_nonce)
        headers = (("content-type", REQUEST_MEDIA_TYPE), ("cache-control", "no-store"))
        return replace(self, opened=True), HttpResponse(status=200, headers=headers, body=body)

    def transaction_data(self, answered: Collection[str]) -> Mapping[str, tuple[str, ...]]:
        """The transaction data that each answered credential query has to have signed, by its id.

        What is dropped when the session is concluded, and so never held against its query, signs for nobody.
        """
        needed = needed_ids(self.request.query, answered)
        return assign_transaction_data(self.request.transaction_data, answered=needed)

    def note(self, error: ZegelError) -> "Requested":
        """Remember why an answer was not taken, for the page that waits; the request stays open."""
        return replace(self, failure=_failure(error))

    def refuse(
        self, code: str, description: str, *, now: int, random: Callable[[int], bytes]
    ) -> tuple["Refused", HttpResponse]:
        """The wallet does not answer, and says so: ``open_response`` has seen to it that it knows the state."""
        _refuse_expired(self.expires, now)
        refused = Refused(code=code, description=description, initiator=self.initiator, expires=now + OUTCOME_SECONDS)
        return refused, _reply(self.flow, base64url(random(SECRET_BYTES)))


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class AwaitingReturn:
    """The answer is right. It is nobody's until the browser comes back with the code that the wallet was given."""

    answer: AcceptedAnswer
    response_code: bytes
    initiator: bytes
    expires: int

    def come_back(self, *, response_code: str, initiator: str | None, now: int) -> "Ready | Failed":
        """A browser comes back (HAIP 1.0 section 5.1).

        ``initiator`` is its session here, None if it has none. With another's session the presentation is refused for
        good: somebody answered a request that began elsewhere. ``Rejected(RESPONSE_CODE)`` for a wrong code, which
        proves nothing and changes nothing, or ``Rejected(ANSWERED_ONCE)`` when it is too late.
        """
        _refuse_expired(self.expires, now)
        if not hmac.compare_digest(_digest(response_code), self.response_code):
            raise Rejected(Check.RESPONSE_CODE, "expected the code of this answer", field="response_code")
        if not _is_initiator(self.initiator, initiator):
            failure = Failure(check=Check.SAME_BROWSER, detail=_OTHER_BROWSER, field="cookie")
            return Failed(failure=failure, initiator=self.initiator, expires=now + OUTCOME_SECONDS)
        return Ready(answer=self.answer, initiator=self.initiator, expires=self.expires)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """The answer may be collected, once, by whoever began."""

    answer: AcceptedAnswer
    initiator: bytes
    expires: int

    def collect(self, *, initiator: str | None, now: int) -> tuple["Finished", AcceptedAnswer]:
        """Hand the answer over; ``Rejected(SAME_BROWSER)`` to anybody else, ``Rejected(ANSWERED_ONCE)`` too late."""
        _refuse_expired(self.expires, now)
        if not _is_initiator(self.initiator, initiator):
            raise Rejected(Check.SAME_BROWSER, _OTHER_BROWSER, field="cookie")
        return Finished(initiator=self.initiator, expires=now + OUTCOME_SECONDS), self.answer


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """The answer was collected. That is all that is left of it."""

    initiator: bytes
    expires: int


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The wallet answered with an error. ``code`` and ``description`` are its words (section 8.5)."""

    code: str
    description: str
    initiator: bytes
    expires: int


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """The session ended by a refusal of ours."""

    failure: Failure
    initiator: bytes
    expires: int


VerifierSession: TypeAlias = Requested | AwaitingReturn | Ready | Finished | Refused | Failed
STATES: Final = (Requested, AwaitingReturn, Ready, Finished, Refused, Failed)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Lapsed:
    """What there is to say of a session when its time has run out: the request's, or, where it was ``answered``, that
    of claims which nobody collected. ``failure`` is that of the last wrong answer to a request."""

    answered: bool
    failure: Failure | None
    expires: int


def lapse(session: VerifierSession) -> Lapsed | None:
    """What will be said of a session if its time runs out as it stands; None for one that has ended, and says it."""
    match session:
        case Requested(failure=failure, expires=expires):
            return Lapsed(answered=False, failure=failure, expires=expires + OUTCOME_SECONDS)
        case AwaitingReturn(expires=expires) | Ready(expires=expires):
            return Lapsed(answered=True, failure=None, expires=expires + OUTCOME_SECONDS)
        case _:
            return None


def begin(
    *,
    client_id: str,
    query: DcqlQuery,
    response_mode: ResponseMode,
    response_uri: str,
    request_uri: str,
    request_uri_method: RequestUriMethod,
    flow: Flow,
    initiator: str,
    transaction_data: tuple[TransactionData, ...],
    verifier_info: tuple[VerifierInfo, ...],
    profile: Profile,
    now: int,
    random: Callable[[int], bytes],
) -> Requested:
    """Begin a session: fresh nonce, state and, for an encrypted answer, key.

    ``initiator`` is the secret of the session in which it begins, a browser's or an operator's: the result goes there
    alone. ``Rejected`` with CLIENT_ID, CLIENT_BINDING, UNAUTHENTICATED_PARTY, PROFILE, or PRESENTATION_REQUEST or
    TRANSACTION_REQUEST for what is not to be sent.
    """
    unsigned = check_prefix(client_id, profile=profile) is ClientIdPrefix.REDIRECT_URI
    if unsigned:
        check_redirect_party(client_id=client_id, response_uri=response_uri)
        _check_unsigned(query, request_uri_method)
    profile.check_choice(response_mode)
    encrypted = response_mode is ResponseMode.DIRECT_POST_JWT
    response_key = random_private_key(random) if encrypted else None  # HAIP 1.0 section 5: a fresh one each time
    request = PresentationRequest(
        client_id=client_id,
        response_mode=response_mode,
        response_uri=response_uri,
        nonce=base64url(random(SECRET_BYTES)),
        state=base64url(random(SECRET_BYTES)),
        query=check_sendable(query),
        response_key=None if response_key is None else response_key.public_key,
        transaction_data=check_signable(transaction_data, query=query),
        verifier_info=verifier_info,
        issued_at=now,
        expires=now + (SAME_DEVICE_SECONDS if isinstance(flow, SameDevice) else CROSS_DEVICE_SECONDS),
    )
    return Requested(
        request=request,
        response_key=response_key,
        flow=flow,
        initiator=_digest(initiator),
        request_uri=None if unsigned else request_uri,
        request_uri_method=request_uri_method,
    )


def _check_unsigned(query: DcqlQuery, method: RequestUriMethod) -> None:
    """What its link holds is fetched from nowhere, and no wallet of ours shows a PID to who sends it."""
    if method != "get":
        detail = "expected no request_uri_method beside a request that its link holds"
        raise Rejected(Check.PRESENTATION_REQUEST, detail, field="request_uri_method")
    if any(is_pid(credential.types) for credential in query.credentials):
        detail = "a PID is asked for by nobody that a wallet knows"
        raise Rejected(Check.UNAUTHENTICATED_PARTY, detail, field="dcql_query.credentials")


def check_open(session: VerifierSession, *, now: int) -> Requested:
    """Return the session if its request is open; ``Rejected(ANSWERED_ONCE)`` when it was answered or has expired."""
    if not isinstance(session, Requested):
        # section 13.3: what was answered is consumed
        raise Rejected(Check.ANSWERED_ONCE, "the request was answered before", field="state")
    _refuse_expired(session.expires, now)
    return session


def conclude(
    session: Requested,
    presented: Mapping[str, Sequence[Current]],
    *,
    now: int,
    random: Callable[[int], bytes],
) -> tuple[AwaitingReturn | Ready, HttpResponse]:
    """Accept the answer if together the presentations satisfy the query, and tell the wallet (section 8.2).

    ``presented`` are the verified presentations by credential query id. ``Rejected`` as ``check_answer``, or
    ANSWERED_ONCE when the request has expired.
    """
    _refuse_expired(session.expires, now)
    answer = check_answer(session.request.query, presented)
    expires = now + RESULT_SECONDS
    response_code = base64url(random(SECRET_BYTES))
    reply = _reply(session.flow, response_code)
    if isinstance(session.flow, CrossDevice):
        return Ready(answer=answer, initiator=session.initiator, expires=expires), reply
    return (
        AwaitingReturn(
            answer=answer, response_code=_digest(response_code), initiator=session.initiator, expires=expires
        ),
        reply,
    )


_OTHER_BROWSER: Final = "this is not the browser in which the request began"


def _wallet_nonce(fetch: HttpRequest) -> str | None:
    if fetch.method != "POST":
        return None
    # section 5.10: what else a wallet says about itself is optional to read, and none of it is needed
    nonce = fetch.form().get("wallet_nonce")
    if nonce is None:
        return None
    return read_text(nonce, what="request for a request object", where="wallet_nonce", limit=MAX_WALLET_NONCE)


def _reply(flow: Flow, response_code: str) -> HttpResponse:
    # HAIP 1.0 section 5.1: on the same device there is always a redirect. To another device none is given, for a code
    # there would only help whoever relayed the request.
    if isinstance(flow, CrossDevice):
        return json_response({})
    return json_response({"redirect_uri": with_query(flow.return_uri, {"response_code": response_code})})


def _refuse_expired(expires: int, now: int) -> None:
    if expires <= now:
        raise Rejected(Check.ANSWERED_ONCE, "the request has expired", field="state")


def _is_initiator(expected: bytes, initiator: str | None) -> bool:
    return initiator is not None and hmac.compare_digest(_digest(initiator), expected)


def _failure(error: ZegelError) -> Failure:
    return Failure(check=error.check, detail=error.detail, field=error.field)


def _digest(secret: str) -> bytes:
    return sha256(secret.encode()).digest()
