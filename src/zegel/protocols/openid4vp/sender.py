"""Who asks, and where the answer goes: the first of the two things that a wallet finds out about a request.

    bytes -> UnverifiedRequest -> AddressedRequest      here: the sender is settled, and where to answer
                               -> VerifiedRequest       in received_request: and we understand all that is asked

They are apart because a refusal here has nobody to be told, and a refusal there has.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias, final

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.primitives.json import JsonObject
from zegel.primitives.jws import UnverifiedJws, parse_jws, verify_jws
from zegel.primitives.members import read_text
from zegel.primitives.times import TOLERATED_EARLY, TOLERATED_LATE, parse_numeric_date
from zegel.profiles import ClientIdPrefix, Profile, ResponseMode
from zegel.protocols.openid4vp.link import UnverifiedLink, check_address, check_prefix
from zegel.protocols.openid4vp.members import read_url_safe
from zegel.protocols.openid4vp.metadata import ResponseKey, parse_response_key
from zegel.protocols.openid4vp.request import AUDIENCE, REQUEST_TYPE
from zegel.trust.access import (
    REDIRECT_PREFIX,
    UnauthenticatedParty,
    VerifiedParty,
    check_redirect_party,
    check_response_uri,
    verify_party,
)
from zegel.trust.anchors import TrustAnchors

Party: TypeAlias = VerifiedParty | UnauthenticatedParty

MAX_URI: Final = 2_000  # what every server takes; primitives.http allows more
_WHAT: Final = "presentation request"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class UnverifiedRequest:
    """A request object that parses; nothing in it is proven."""

    unverified_jws: UnverifiedJws


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyAddress:
    """Where the answer goes, and how: encrypted to ``response_key`` with ``direct_post.jwt``."""

    response_uri: str
    response_mode: ResponseMode
    state: str | None
    response_key: ResponseKey | None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class AddressedRequest:
    """Who asks is settled, and where the answer goes. What is asked has not been read.

    ``expires`` is when the request may be answered no longer, None where it does not say.
    """

    party: Party
    reply: ReplyAddress
    parameters: JsonObject
    expires: int | None


def parse_request(body: bytes) -> UnverifiedRequest:
    """Parse a request object; ``Malformed`` unless it is a compact JWS with a JSON object inside."""
    return UnverifiedRequest(unverified_jws=parse_jws(body, what=_WHAT))


def verify_request(
    request: UnverifiedRequest,
    *,
    link: UnverifiedLink,
    wallet_nonce: str | None,
    profile: Profile,
    anchors: TrustAnchors,
    plain_origins: Collection[str],
    now: int,
) -> AddressedRequest:
    """Verify who signed the request, that it is for us and for now, and where the answer goes.

    ``wallet_nonce`` is the one that was posted for it, if any; ``plain_origins`` may be answered without TLS.
    ``Rejected`` with CLIENT_ID, PROFILE, those of ``verify_party`` and ``verify_jws``, REQUEST_AUDIENCE, REQUEST_TIME,
    WALLET_NONCE, PRESENTATION_REQUEST or VERIFIER_ADDRESS.
    """
    jws = request.unverified_jws
    client_id = read_text(jws.unverified_claims.get("client_id"), what=_WHAT, where="client_id")
    if client_id != link.unverified_client_id:
        # section 5.10.1: identical, prefix and all
        raise Rejected(Check.CLIENT_ID, "expected the client_id of the link", field="client_id")
    if check_prefix(client_id, profile=profile) is ClientIdPrefix.REDIRECT_URI:
        # section 5.9.3: there is no key for it that anybody could trust
        raise Rejected(Check.CLIENT_ID, "a request of redirect_uri cannot be signed", field="client_id")
    party = verify_party(
        client_id=client_id,
        x5c=jws.unverified_header.x5c,
        anchors=anchors,
        timestamps_required=profile.timestamps_required,
        now=now,
    )
    claims = verify_jws(jws, key=party.chain.leaf.key, typ=REQUEST_TYPE).claims
    _check_audience(claims, link)
    expires = _check_time(claims, now)
    if wallet_nonce is not None and claims.get("wallet_nonce") != wallet_nonce:
        raise Rejected(Check.WALLET_NONCE, "expected the nonce that was posted", field="wallet_nonce")
    reply = _reply_address(claims, profile, plain_origins)
    party = check_response_uri(party, reply.response_uri)
    return AddressedRequest(party=party, reply=reply, parameters=claims, expires=expires)


def check_unsigned_request(
    link: UnverifiedLink, *, profile: Profile, plain_origins: Collection[str]
) -> AddressedRequest:
    """The request that the link itself holds; its party is nobody that we know.

    ``Rejected`` with CLIENT_ID, PROFILE, CLIENT_BINDING, PRESENTATION_REQUEST or VERIFIER_ADDRESS.
    """
    client_id = link.unverified_client_id
    if check_prefix(client_id, profile=profile) is not ClientIdPrefix.REDIRECT_URI:
        # section 8.5: requirements of the prefix were violated
        raise Rejected(Check.CLIENT_ID, "expected a signed request, fetched from a request_uri", field="request_uri")
    # section 5.9.3: response_uri may be left out, for the client identifier is it
    parameters = {"response_uri": client_id.removeprefix(REDIRECT_PREFIX), **link.unverified_parameters}
    reply = _reply_address(parameters, profile, plain_origins)
    party = check_redirect_party(client_id=client_id, response_uri=reply.response_uri)
    return AddressedRequest(party=party, reply=reply, parameters=parameters, expires=None)


def _check_audience(claims: JsonObject, link: UnverifiedLink) -> JsonObject:
    audience = claims.get("aud")
    # Section 5.8 wants the fixed name. Some verifiers send the request_uri itself; whoever fetched it there is meant.
    accepted = (AUDIENCE, link.unverified_request_uri)
    if audience not in accepted and not (isinstance(audience, list) and any(entry in accepted for entry in audience)):
        raise Rejected(Check.REQUEST_AUDIENCE, f"expected {AUDIENCE}", field="aud")
    return claims


def check_unexpired(expires: int | None, *, now: int) -> int | None:
    """Return when the request expires, if it has not; ``Rejected(REQUEST_TIME)`` otherwise."""
    if expires is not None and expires + TOLERATED_LATE <= now:
        raise Rejected(Check.REQUEST_TIME, "the request has expired", field="exp")
    return expires


def _check_time(claims: JsonObject, now: int) -> int | None:
    for name in ("iat", "nbf"):
        time = parse_numeric_date(claims.get(name), what=_WHAT, where=name)
        if time is not None and time > now + TOLERATED_EARLY:
            raise Rejected(Check.REQUEST_TIME, "the request is not valid yet", field=name)
    return check_unexpired(parse_numeric_date(claims.get("exp"), what=_WHAT, where="exp"), now=now)


def _reply_address(parameters: JsonObject, profile: Profile, plain_origins: Collection[str]) -> ReplyAddress:
    mode = parameters.get("response_mode")
    if mode not in tuple(ResponseMode):
        detail = f"expected {' or '.join(ResponseMode)}"
        raise Rejected(Check.PRESENTATION_REQUEST, detail, field="response_mode")
    response_mode = ResponseMode(mode)
    profile.check_choice(response_mode)
    response_uri = read_text(parameters.get("response_uri"), what=_WHAT, where="response_uri", limit=MAX_URI)
    metadata = parameters.get("client_metadata")
    return ReplyAddress(
        response_uri=check_address(response_uri, field="response_uri", plain_origins=plain_origins),
        response_mode=response_mode,
        state=read_url_safe(parameters["state"], what=_WHAT, where="state") if "state" in parameters else None,
        response_key=parse_response_key(metadata) if isinstance(metadata, Mapping) else None,
    )
