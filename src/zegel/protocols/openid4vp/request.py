"""The request for presentations as the verifier makes it (OpenID4VP 1.0 section 5).

It reaches the wallet by a link: signed requests by reference, the unsigned ones of ``redirect_uri`` in the link itself.
How a wallet reads it stands in ``received_request``.
"""

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, final

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.formats.credential import Format
from zegel.primitives.http import with_query
from zegel.primitives.json import Json, JsonObject, encode_json
from zegel.primitives.jws import sign_jws
from zegel.primitives.keys import PublicKey
from zegel.profiles import ResponseMode
from zegel.protocols.openid4vp.dcql import DcqlQuery, build_query
from zegel.protocols.openid4vp.metadata import build_client_metadata
from zegel.protocols.openid4vp.transaction_data import TransactionData
from zegel.trust.signing import CertifiedSigner

REQUEST_TYPE: Final = "oauth-authz-req+jwt"
REQUEST_MEDIA_TYPE: Final = "application/oauth-authz-req+jwt"
AUDIENCE: Final = "https://self-issued.me/v2"  # section 5.8: for wallets that are not known beforehand
RESPONSE_TYPE: Final = "vp_token"

RequestUriMethod: TypeAlias = Literal["get", "post"]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """What every presentation of an answer is bound to, on both sides.

    ``jwk_thumbprint`` is that of the key which the answer is encrypted to, None for an answer that is not (section
    B.2.6.1).
    """

    client_id: str
    nonce: str
    response_uri: str
    jwk_thumbprint: bytes | None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class VerifierInfo:
    """A statement of somebody else about the verifier (section 5.11). No ids: it concerns all that is asked for."""

    format: str
    data: Json
    credential_ids: tuple[str, ...] = ()


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class PresentationRequest:
    """A request, fixed when its session begins. ``response_key`` is its own and serves once; None for a plain answer.

    Times are seconds since the epoch.
    """

    client_id: str
    response_mode: ResponseMode
    response_uri: str
    nonce: str
    state: str
    query: DcqlQuery
    response_key: PublicKey | None
    transaction_data: tuple[TransactionData, ...]
    verifier_info: tuple[VerifierInfo, ...]
    issued_at: int
    expires: int

    @property
    def challenge(self) -> Challenge:
        """What the answer has to be bound to."""
        return Challenge(
            client_id=self.client_id,
            nonce=self.nonce,
            response_uri=self.response_uri,
            jwk_thumbprint=None if self.response_key is None else self.response_key.thumbprint(),
        )


def build_request(request: PresentationRequest) -> dict[str, Json]:
    """The request's parameters, as section 5 names them."""
    parameters: dict[str, Json] = {
        "client_id": request.client_id,
        "response_type": RESPONSE_TYPE,
        "response_mode": str(request.response_mode),
        "response_uri": request.response_uri,
        "nonce": request.nonce,
        "state": request.state,
        "dcql_query": build_query(request.query),
        "client_metadata": build_client_metadata(response_key=request.response_key),
    }
    if request.transaction_data:
        parameters["transaction_data"] = [item.raw for item in request.transaction_data]
    if request.verifier_info:
        parameters["verifier_info"] = [_built_info(info) for info in request.verifier_info]
    return parameters


def sign_request(request: PresentationRequest, *, signer: CertifiedSigner, wallet_nonce: str | None) -> bytes:
    """The request object (sections 5 and 5.8); ``wallet_nonce`` is the one that the wallet posted, if it did."""
    claims = {**build_request(request), "aud": AUDIENCE, "iat": request.issued_at, "exp": request.expires}
    if wallet_nonce is not None:
        claims["wallet_nonce"] = wallet_nonce
    return sign_jws(claims, signer=signer.signer, typ=REQUEST_TYPE, x5c=signer.chain)


def build_link(target: str, *, client_id: str, request_uri: str, request_uri_method: RequestUriMethod) -> str:
    """The link to a signed request; ``target`` is ``openid4vp://``, ``haip-vp://`` or the page of a wallet."""
    fields = {"client_id": client_id, "request_uri": request_uri}
    if request_uri_method == "post":  # section 5.1: get is what happens without it
        fields["request_uri_method"] = "post"
    return with_query(target, fields)


def build_unsigned_link(target: str, request: PresentationRequest) -> str:
    """The link that holds an unsigned request as a whole; what is an object is sent as JSON text (section 5.1)."""
    parameters = build_request(request)
    return with_query(target, {name: _as_text(value) for name, value in parameters.items()})


def check_sendable(query: DcqlQuery) -> DcqlQuery:
    """Return the query if we can send it and read what answers it; ``Rejected(SENT_QUERY)`` otherwise.

    Stricter than what a wallet has to accept: what section 6 asks of verifiers alone is checked here.
    """
    for position, credential in enumerate(query.credentials):
        where = f"credentials[{position}]"
        if credential.format not in tuple(Format):
            raise _unsendable(f"expected one of {', '.join(Format)}", f"{where}.format")
        paths = [claim.path for claim in credential.claims]
        if len(set(paths)) != len(paths):  # section 6.1: the same claim not more than once
            raise _unsendable("expected each claim once", f"{where}.claims")
    return query


def _unsendable(detail: str, field: str) -> Rejected:
    return Rejected(Check.SENT_QUERY, detail, field=f"dcql_query.{field}")


def _built_info(info: VerifierInfo) -> JsonObject:
    built: dict[str, Json] = {"format": info.format, "data": info.data}
    if info.credential_ids:
        built["credential_ids"] = list(info.credential_ids)
    return built


def _as_text(value: Json) -> str:
    return value if isinstance(value, str) else encode_json(value).decode()
