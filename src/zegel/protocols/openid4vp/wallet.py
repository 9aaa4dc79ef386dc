"""The wallet's side of a presentation, as a chain of steps.

    begin --> Fetching --receive--> Consent --accept--> Sending --receive--> Done
                                            --refuse--> Sending
                                    Refusal --tell----> Sending
          --> Consent, Refusal      an unsigned request, which the link itself holds

``request`` is a step's one effect, ``receive`` takes what came back. ``Consent`` and ``Refusal`` wait for the user, and
are stored meanwhile; until one of their moves is made the verifier learns nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias, final

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.primitives.encoding import base64url
from zegel.primitives.http import FORM, JSON, HttpRequest, HttpResponse, encode_form, media_type, origin_of
from zegel.primitives.json import JsonObject, encode_json, parse_object
from zegel.profiles import ClientIdPrefix, Profile
from zegel.protocols.openid4vp.error_codes import ErrorCode
from zegel.protocols.openid4vp.link import UnverifiedLink, check_address, check_prefix
from zegel.protocols.openid4vp.matching import Choice, Disclosure, HeldCredential, QueryMatch, check_choice, match_query
from zegel.protocols.openid4vp.metadata import build_wallet_metadata
from zegel.protocols.openid4vp.received_request import VerifiedRequest, check_request
from zegel.protocols.openid4vp.reply import build_answer, build_error, build_refusal
from zegel.protocols.openid4vp.request import REQUEST_MEDIA_TYPE
from zegel.protocols.openid4vp.sender import (
    AddressedRequest,
    Party,
    ReplyAddress,
    check_unexpired,
    check_unsigned_request,
    parse_request,
    verify_request,
)
from zegel.protocols.openid4vp.transaction_data import TransactionType, assign_transaction_data
from zegel.trust.anchors import TrustAnchors

_NONCE_BYTES: Final = 32
_MAX_SAID: Final = 200  # characters of a message to the verifier
_REFUSED: Final = frozenset({400, 404, 410})  # with an error beside it: the address is right, the request is over


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class WalletPolicy:
    """What requests are held against. ``plain_origins`` are spoken to without TLS: a sandbox on loopback."""

    profile: Profile
    anchors: TrustAnchors
    plain_origins: frozenset[str]
    transaction_types: Mapping[str, TransactionType]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedPresentation:
    """A presentation to make, and the transaction data that it signs, as received."""

    disclosure: Disclosure
    transaction_data: tuple[str, ...]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Fetching:
    """The request object has to be fetched. ``wallet_nonce`` is set where it is fetched with POST."""

    link: UnverifiedLink
    request_uri: str
    wallet_nonce: str | None
    wallet_metadata: JsonObject

    @property
    def request(self) -> HttpRequest:
        """The GET (RFC 9101 section 5.2.3) or POST (section 5.10), with nothing in it that tells wallets apart."""
        accept = ("accept", REQUEST_MEDIA_TYPE)
        if self.wallet_nonce is None:
            return HttpRequest(method="GET", url=self.request_uri, headers=(accept,))
        fields = {"wallet_metadata": encode_json(self.wallet_metadata).decode(), "wallet_nonce": self.wallet_nonce}
        return HttpRequest(
            method="POST",
            url=self.request_uri,
            headers=(("content-type", FORM), accept),
            body=encode_form(fields),
        )

    def receive(self, response: HttpResponse, *, policy: WalletPolicy, now: int) -> "Consent | Refusal":
        """Read the request. ``Malformed``, or ``Rejected`` with REQUEST_DELIVERY, with ANSWERED_ONCE where the verifier
        says that it refuses, or as ``verify_request``: then nobody is known who could be told."""
        if response.status in _REFUSED and _says_error(response):
            detail = f"expected a request that is open, got status {response.status}"
            raise Rejected(Check.ANSWERED_ONCE, detail, field="request_uri", said=_said(response))
        if response.status != 200:
            detail = f"expected status 200, got {response.status}"
            raise Rejected(Check.REQUEST_DELIVERY, detail, field="request_uri")
        if media_type(response.header("content-type")) != REQUEST_MEDIA_TYPE:
            raise Rejected(Check.REQUEST_DELIVERY, f"expected {REQUEST_MEDIA_TYPE}", field="content-type")
        addressed = verify_request(
            parse_request(response.body),
            link=self.link,
            wallet_nonce=self.wallet_nonce,
            profile=policy.profile,
            anchors=policy.anchors,
            plain_origins=policy.plain_origins,
            now=now,
        )
        return _read(addressed, policy)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """The request is understood. The user sees who asks for what, and chooses."""

    request: VerifiedRequest

    def check_open(self, *, now: int) -> "Consent":
        """Return the step if the request may still be answered: the user may have thought about it for long.

        ``Rejected(REQUEST_TIME)`` otherwise: whatever was sent then would be for nothing.
        """
        check_unexpired(self.request.expires, now=now)
        return self

    def match(self, held: Sequence[HeldCredential]) -> QueryMatch:
        """What of the wallet's credentials would answer, and what that would disclose."""
        return match_query(
            self.request.query,
            held,
            formats=self.request.formats,
            issuer_algorithms=self.request.issuer_algorithms,
            without_pid=self.request.without_pid,
            signers=tuple(item.credential_ids for item in self.request.transaction_data),
        )

    def plan(self, match: QueryMatch, choice: Choice) -> tuple[PlannedPresentation, ...]:
        """The presentations that a choice stands for; ``Rejected`` with HELD or TRANSACTION_REQUEST."""
        disclosures = check_choice(match, choice)
        answered = [disclosure.query_id for disclosure in disclosures]
        signed = assign_transaction_data(self.request.transaction_data, answered=answered)
        return tuple(
            PlannedPresentation(disclosure=disclosure, transaction_data=signed.get(disclosure.query_id, ()))
            for disclosure in disclosures
        )

    def accept(self, presentations: Mapping[str, Sequence[bytes]]) -> "Sending":
        """Answer with presentations, as each format makes them, by credential query id."""
        answer = build_answer(self.request.reply, query=self.request.query, presentations=presentations)
        return Sending(request=answer)

    def refuse(self) -> "Sending":
        """Do not answer, whether the user does not want to or the wallet cannot (section 15.4.1: it looks the same)."""
        return Sending(request=build_refusal(self.request.reply, ErrorCode.ACCESS_DENIED))


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """The request is one that we do not answer. The verifier is told if the user agrees."""

    party: Party
    reply: ReplyAddress
    check: Check
    detail: str
    field: str

    def tell(self) -> "Sending":
        """Send the error of section 8.5."""
        return Sending(request=build_error(self.reply, Rejected(self.check, self.detail, field=self.field)))


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """An answer or an error on its way to the verifier."""

    request: HttpRequest

    def receive(self, response: HttpResponse) -> "Done":
        """The verifier's word (section 8.2). ``Rejected`` with ANSWER_DELIVERY, or RETURN_TARGET for a strange one."""
        if response.status != 200:
            detail = f"expected status 200, got {response.status}"
            raise Rejected(Check.ANSWER_DELIVERY, detail, field="response_uri", said=_said(response))
        if media_type(response.header("content-type")) != JSON:
            raise Rejected(Check.ANSWER_DELIVERY, f"expected {JSON}", field="content-type")
        members = parse_object(response.body, what="answer of the response_uri")
        if members.get("redirect_uri") is None:
            return Done(redirect_uri=None)
        return Done(redirect_uri=_return_target(members["redirect_uri"]))


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """The verifier took the answer. HAIP 1.0 section 5.1: the browser goes on to ``redirect_uri``, if there is one."""

    redirect_uri: str | None


WaitingStep: TypeAlias = Consent | Refusal
WAITING: Final = (Consent, Refusal)


def begin(
    link: UnverifiedLink, *, policy: WalletPolicy, random: Callable[[int], bytes]
) -> Fetching | Consent | Refusal:
    """Act on a link, when the user said so.

    ``Rejected`` with CLIENT_ID, PROFILE, REQUEST_URI_METHOD, VERIFIER_ADDRESS, or as ``check_unsigned_request``.
    """
    method = link.unverified_request_uri_method
    if method not in (("get", "post") if link.unverified_request_uri is not None else ("",)):
        # sections 5.1 and 8.5: one of the two, and only beside a request_uri
        raise Rejected(
            Check.REQUEST_URI_METHOD, "expected get or post beside a request_uri", field="request_uri_method"
        )
    if link.unverified_request_uri is None:
        addressed = check_unsigned_request(link, profile=policy.profile, plain_origins=policy.plain_origins)
        return _read(addressed, policy)
    if check_prefix(link.unverified_client_id, profile=policy.profile) is ClientIdPrefix.REDIRECT_URI:
        # section 5.9.3: it cannot be signed, and an unsigned request is read from the link alone
        raise Rejected(Check.CLIENT_ID, "expected the whole request in the link", field="client_id")
    return Fetching(
        link=link,
        request_uri=check_address(link.unverified_request_uri, field="request_uri", plain_origins=policy.plain_origins),
        wallet_nonce=base64url(random(_NONCE_BYTES)) if method == "post" else None,
        wallet_metadata=build_wallet_metadata(policy.profile),
    )


def _read(addressed: AddressedRequest, policy: WalletPolicy) -> Consent | Refusal:
    try:
        return Consent(request=check_request(addressed, transaction_types=policy.transaction_types))
    except (Malformed, Rejected) as error:
        return Refusal(
            party=addressed.party,
            reply=addressed.reply,
            check=error.check,
            detail=error.detail,
            field=error.field,
        )


def _return_target(value: object) -> str:
    if isinstance(value, str):
        try:
            origin_of(value, what="redirect_uri")
        except Malformed:
            pass
        else:
            return value
    raise Rejected(Check.RETURN_TARGET, "expected an http or https address", field="redirect_uri")


def _says_error(response: HttpResponse) -> bool:
    """Whether it is the verifier who refuses, by an error as OAuth has it (RFC 6749 section 5.2), not a server."""
    return type(_error(response).get("error")) is str


def _said(response: HttpResponse) -> str:
    """What the verifier says about its refusal, where it says something; for the user to read, not for us to act on."""
    description = _error(response).get("error_description")
    if type(description) is not str:
        return ""
    return "".join(character if " " <= character <= "~" else "?" for character in description[:_MAX_SAID])


def _error(response: HttpResponse) -> JsonObject:
    try:
        return parse_object(response.body, what="error")
    except Malformed:
        return {}
