"""What a token opens: the protected endpoints' side of RFC 6750 and RFC 9449."""

from dataclasses import dataclass
from typing import Final, final

from zegel.checks import Check
from zegel.errors import Denied
from zegel.primitives.http import HttpRequest
from zegel.protocols.oauth.authorization_details import GrantedCredential
from zegel.protocols.oauth.dpop import check_bound, receive_dpop
from zegel.protocols.oauth.errors import NO_CODE, OneTime, denying
from zegel.protocols.oauth.nonces import Nonces
from zegel.protocols.oauth.states import AccessToken, Grant
from zegel.trust.attestation_claims import AttestationStatus

MAX_TOKEN: Final = 512  # ours are 43 characters


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Authorized:
    """A request with a live token and a proof by the key that it is bound to. Claim ``once``.

    ``wallet_status`` is where the wallet that the token was given to may be found revoked.
    """

    grant_id: str
    grant: Grant
    credentials: tuple[GrantedCredential, ...]
    wallet_status: AttestationStatus | None
    once: OneTime


def access_token_of(request: HttpRequest) -> str:
    """The token in the Authorization header, the key of its record; ``Denied(invalid_token)`` for what is none.

    ``Denied`` without a code where nobody brings any. One in the URL or in a form is not looked for (RFC 9700 section
    4.3.2).
    """
    with denying("invalid_token"):
        scheme, _, token = (request.header("authorization") or "").partition(" ")
    ours = scheme.lower() == "dpop"  # RFC 9110 section 11.1: in any case
    if not ours or not 0 < len(token) <= MAX_TOKEN:
        detail = "expected the Authorization scheme DPoP with an access token"
        raise Denied("invalid_token" if ours else NO_CODE, Check.ACCESS_TOKEN, detail, field="header.authorization")
    return token


def authorize(
    request: HttpRequest, *, access: AccessToken | None, grant: Grant | None, nonces: Nonces, now: int
) -> Authorized:
    """Open a protected endpoint with the records of the token and of its grant, as far as there are any.

    ``Denied`` with invalid_token, invalid_dpop_proof or use_dpop_nonce, and without a code as ``access_token_of``.
    """
    token = access_token_of(request)
    if access is None or access.expires <= now or grant is None or grant.revoked:
        raise Denied("invalid_token", Check.ACCESS_TOKEN, "the access token is unknown, expired or revoked")
    proof = receive_dpop(request, nonces=nonces, now=now, access_token=token)
    check_bound(proof, thumbprint=grant.jkt, code="invalid_token")
    return Authorized(
        grant_id=access.grant,
        grant=grant,
        credentials=access.credentials,
        wallet_status=access.status or grant.client.status,
        once=proof.once,
    )
