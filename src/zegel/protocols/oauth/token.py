"""The token endpoint: a code or a refresh token against an access token, bound to the wallet and its DPoP key.

``read_token_request`` settles what needs no record: the grant, the client, the proof. Each ``redeem_*`` then decides on
the record that the service loaded; what it returns is to be stored in one transaction, with ``once`` claimed.
"""

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, final

from zegel.checks import Check
from zegel.errors import Denied
from zegel.primitives.encoding import base64url
from zegel.primitives.http import HttpRequest, HttpResponse, json_response
from zegel.primitives.json import Json
from zegel.profiles import Grant as GrantChoice
from zegel.protocols.oauth.authorization_details import (
    GrantedCredential,
    check_details,
    check_scopes,
    granted_details,
)
from zegel.protocols.oauth.dpop import VerifiedDpop, check_bound, receive_dpop
from zegel.protocols.oauth.errors import OneTime, denying
from zegel.protocols.oauth.lifetimes import (
    ACCESS_TOKEN_SECONDS,
    CODE_SECONDS,
    PRE_AUTHORIZED_SECONDS,
    REFRESH_TOKEN_SECONDS,
)
from zegel.protocols.oauth.pkce import check_code_verifier
from zegel.protocols.oauth.server import SECRET_BYTES, AuthorizationServer, authenticate_client
from zegel.protocols.oauth.states import (
    AccessToken,
    AuthorizationCode,
    ClientIdentity,
    Grant,
    PreAuthorizedCode,
    RefreshToken,
    TransactionCode,
    UsedCode,
)

MAX_TRIES: Final = 5  # OpenID4VCI 1.0 section 13.6.3 asks for a limit; six digits then hold out 1 to 200,000
MAX_TX_CODE: Final = 64  # more than anybody types


class GrantType(StrEnum):
    """The grants of the token endpoint. Its values are the wire's; each is one parameter's name as well."""

    AUTHORIZATION_CODE = "authorization_code"
    PRE_AUTHORIZED_CODE = "urn:ietf:params:oauth:grant-type:pre-authorized_code"
    REFRESH_TOKEN = "refresh_token"  # noqa: S105 a name of the wire


SECRET_OF: Final[Mapping[GrantType, str]] = {
    GrantType.AUTHORIZATION_CODE: "code",
    GrantType.PRE_AUTHORIZED_CODE: "pre-authorized_code",
    GrantType.REFRESH_TOKEN: "refresh_token",
}


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRequest:
    """A token request whose client and proof hold. ``secret`` is the key of the record to load."""

    grant_type: GrantType
    secret: str
    parameters: Mapping[str, str]
    client: ClientIdentity
    dpop: VerifiedDpop
    once: tuple[OneTime, ...]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Redeemed:
    """What a code gave. Store each record under its key, swap ``used`` in for the code, and claim ``once``.

    The grant and the used code are kept as long as the refresh token.
    """

    used: UsedCode
    grant_id: str
    grant: Grant
    access_token: str
    access: AccessToken
    refresh_token: str
    refresh: RefreshToken
    once: tuple[OneTime, ...]
    response: HttpResponse


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Refreshed:
    """What a refresh token gave; it stays as it is."""

    access_token: str
    access: AccessToken
    once: tuple[OneTime, ...]
    response: HttpResponse


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """A code that was used already: revoke the grant, then raise ``denied``."""

    grant_id: str
    denied: Denied


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class WrongTransactionCode:
    """A wrong transaction code: swap in the record with one try less, then raise ``denied``."""

    state: PreAuthorizedCode
    denied: Denied


def read_token_request(server: AuthorizationServer, request: HttpRequest, *, now: int) -> TokenRequest:
    """Settle what needs no record, or ``Denied``."""
    with denying("invalid_request"):
        parameters = request.form()
    grant_type = _grant_type(server, parameters)
    secret = parameters.get(SECRET_OF[grant_type])
    if secret is None:
        raise Denied("invalid_request", Check.REQUEST_PARAMETERS, "expected the grant", field=SECRET_OF[grant_type])
    client = authenticate_client(
        server,
        request,
        client_id=parameters.get("client_id"),
        anonymous=grant_type is not GrantType.AUTHORIZATION_CODE,
        now=now,
    )
    dpop = receive_dpop(request, nonces=server.nonces, now=now)
    return TokenRequest(
        grant_type=grant_type,
        secret=secret,
        parameters=parameters,
        client=client.identity,
        dpop=dpop,
        once=(*client.once, dpop.once),
    )


def redeem_code(
    server: AuthorizationServer,
    request: TokenRequest,
    state: AuthorizationCode | UsedCode | None,
    *,
    now: int,
    random: Callable[[int], bytes],
) -> Redeemed | Replayed:
    """Redeem an authorization code (RFC 6749 section 4.1.3); ``Denied`` leaves it good for the right request."""
    if isinstance(state, UsedCode):
        return _replayed(state)
    if state is None or state.expires <= now:
        raise _invalid_grant("the code is unknown or expired", "code")
    pushed = state.request
    _check_client(request.client, pushed.client)
    if pushed.jkt is not None:
        check_bound(request.dpop, thumbprint=pushed.jkt, code="invalid_grant")
    if request.parameters.get("redirect_uri") != pushed.redirect_uri:
        detail = "expected the redirect URI that was pushed"
        raise Denied("invalid_grant", Check.REDIRECT_URI, detail, field="redirect_uri")
    with denying("invalid_grant"):
        check_code_verifier(request.parameters.get("code_verifier"), challenge=pushed.code_challenge)
    credentials = _narrowed(server, request, state.credentials)
    approved = state.expires - CODE_SECONDS
    return _redeemed(server, request, state.subject, credentials, approved=approved, now=now, random=random)


def redeem_pre_authorized_code(
    server: AuthorizationServer,
    request: TokenRequest,
    state: PreAuthorizedCode | UsedCode | None,
    *,
    now: int,
    random: Callable[[int], bytes],
) -> Redeemed | Replayed | WrongTransactionCode:
    """Redeem a pre-authorised code (OpenID4VCI 1.0 section 6.1); ``Denied`` leaves it as it is."""
    if isinstance(state, UsedCode):
        return _replayed(state)
    if state is None or state.expires <= now:
        raise _invalid_grant("the code is unknown or expired", "pre-authorized_code")
    given = request.parameters.get("tx_code")
    if (given is None) != (state.tx_code is None):
        detail = "expected no transaction code" if state.tx_code is None else "expected a transaction code"
        raise Denied("invalid_request", Check.TRANSACTION_CODE, detail, field="tx_code")
    credentials = _narrowed(server, request, state.credentials)
    if state.tx_code is not None and given is not None:
        if not state.tx_code.tries_left:
            raise _invalid_grant("the code died of wrong transaction codes", "pre-authorized_code")
        if not _is_transaction_code(server, request.secret, given[:MAX_TX_CODE], state.tx_code):
            return _wrong_transaction_code(state, state.tx_code)
    approved = state.expires - PRE_AUTHORIZED_SECONDS
    return _redeemed(server, request, state.subject, credentials, approved=approved, now=now, random=random)


def refresh_access(
    server: AuthorizationServer,
    request: TokenRequest,
    state: RefreshToken | None,
    grant: Grant | None,
    *,
    now: int,
    random: Callable[[int], bytes],
) -> Refreshed:
    """Give another access token (RFC 6749 section 6): same client, same attested key, same DPoP key."""
    if state is None or state.expires <= now or grant is None or grant.revoked:
        raise _invalid_grant("the refresh token is unknown, expired or revoked", "refresh_token")
    _check_client(request.client, grant.client)
    check_bound(request.dpop, thumbprint=grant.jkt, code="invalid_grant")
    credentials = _narrowed(server, request, grant.credentials)
    access_token = base64url(random(SECRET_BYTES))
    return Refreshed(
        access_token=access_token,
        access=AccessToken(
            grant=state.grant,
            credentials=credentials,
            expires=now + ACCESS_TOKEN_SECONDS,
            status=request.client.status,
        ),
        once=request.once,
        response=_response(server, access_token, None, credentials, now=now, random=random),
    )


def pre_authorize(
    server: AuthorizationServer,
    *,
    subject: str,
    credentials: tuple[GrantedCredential, ...],
    tx_code: str | None,
    now: int,
    random: Callable[[int], bytes],
) -> tuple[str, PreAuthorizedCode]:
    """A pre-authorised code and its record. ``tx_code`` is what the person gets by another way, or None."""
    server.profile.check_choice(GrantChoice.PRE_AUTHORIZED_CODE)
    code = base64url(random(SECRET_BYTES))
    kept = None
    if tx_code is not None:
        kept = TransactionCode(digest=_digest(server.nonces.key, code, tx_code), tries_left=MAX_TRIES)
    state = PreAuthorizedCode(
        subject=subject, credentials=credentials, tx_code=kept, expires=now + PRE_AUTHORIZED_SECONDS
    )
    return code, state


def used_meanwhile() -> Denied:
    """The refusal when another request was first to use the code, between our look at it and our answer."""
    return _invalid_grant("the code is being used by another request", "code")


def _grant_type(server: AuthorizationServer, parameters: Mapping[str, str]) -> GrantType:
    named = parameters.get("grant_type")
    if named is None:
        raise Denied("invalid_request", Check.REQUEST_PARAMETERS, "expected a grant type", field="grant_type")
    if named not in tuple(GrantType):
        raise Denied("unsupported_grant_type", Check.REQUEST_PARAMETERS, "unknown grant type", field="grant_type")
    grant_type = GrantType(named)
    if grant_type is not GrantType.REFRESH_TOKEN:
        with denying("unsupported_grant_type"):
            server.profile.check_choice(GrantChoice(grant_type))
    return grant_type


def _check_client(client: ClientIdentity, bound: ClientIdentity) -> ClientIdentity:
    """Attestation-based client authentication -07 section 10.3: the client, and the very instance of it."""
    if (client.client_id, client.instance) != (bound.client_id, bound.instance):
        raise _invalid_grant("expected the client and the wallet instance that it was given to", "client_id")
    return client


def _narrowed(
    server: AuthorizationServer, request: TokenRequest, credentials: tuple[GrantedCredential, ...]
) -> tuple[GrantedCredential, ...]:
    """What the token is good for: all that was approved, or the part that the request names.

    OpenID4VCI 1.0 section 6.1.1 and RFC 6749 section 6; asking by details asks for credential identifiers.
    """
    parameters = request.parameters
    available = {credential.configuration: credential for credential in credentials}
    if "authorization_details" in parameters:
        with denying("invalid_authorization_details"):
            asked = check_details(
                parameters["authorization_details"],
                configurations=frozenset(available),
                credential_issuer=server.credential_issuer,
                locations_required=server.separate,
            )
        return tuple(replace(available[id_], detailed=True) for id_ in asked)
    if "scope" in parameters and request.grant_type is not GrantType.AUTHORIZATION_CODE:
        scoped = check_scopes(parameters["scope"], scopes=server.scopes)
        if not scoped or not available.keys() >= set(scoped):
            detail = "expected a scope within what was approved"
            raise Denied("invalid_scope", Check.CREDENTIAL_CHOICE, detail, field="scope")
        return tuple(available[id_] for id_ in scoped)
    return credentials


def _wrong_transaction_code(state: PreAuthorizedCode, tx_code: TransactionCode) -> WrongTransactionCode:
    left = tx_code.tries_left - 1
    return WrongTransactionCode(
        state=replace(state, tx_code=replace(tx_code, tries_left=left)),
        denied=Denied("invalid_grant", Check.TRANSACTION_CODE, f"wrong, {left} tries left", field="tx_code"),
    )


def _is_transaction_code(server: AuthorizationServer, code: str, given: str, kept: TransactionCode) -> bool:
    """Whether it is, under the server's key or one whose place that took since the code was made."""
    keys = (server.nonces.key, *server.nonces.earlier)
    return any(hmac.compare_digest(_digest(key, code, given), kept.digest) for key in keys)


def _digest(key: bytes, code: str, tx_code: str) -> bytes:
    """Keyed, for a transaction code has too few values to be hashed alone."""
    return hmac.digest(key, b"tx_code\0" + code.encode() + b"\0" + tx_code.encode(), "sha256")


def _invalid_grant(detail: str, field: str) -> Denied:
    return Denied("invalid_grant", Check.GRANT, detail, field=field)


def _replayed(state: UsedCode) -> Replayed:
    # FAPI 2.0 section 5.3.2.2; RFC 6749 section 4.1.2: the second use takes back what the first one gave
    return Replayed(grant_id=state.grant, denied=_invalid_grant("the code was used before", "code"))


def _redeemed(
    server: AuthorizationServer,
    request: TokenRequest,
    subject: str,
    credentials: tuple[GrantedCredential, ...],
    *,
    approved: int,
    now: int,
    random: Callable[[int], bytes],
) -> Redeemed:
    grant_id, access_token, refresh_token = (base64url(random(SECRET_BYTES)) for _ in range(3))
    expires = now + REFRESH_TOKEN_SECONDS
    return Redeemed(
        used=UsedCode(grant=grant_id),
        grant_id=grant_id,
        grant=Grant(
            subject=subject,
            client=request.client,
            jkt=request.dpop.thumbprint,
            credentials=credentials,
            approved=approved,
            expires=expires,
        ),
        access_token=access_token,
        access=AccessToken(
            grant=grant_id,
            credentials=credentials,
            expires=now + ACCESS_TOKEN_SECONDS,
            status=request.client.status,
        ),
        refresh_token=refresh_token,
        refresh=RefreshToken(grant=grant_id, expires=expires),
        once=request.once,
        response=_response(server, access_token, refresh_token, credentials, now=now, random=random),
    )


def _response(
    server: AuthorizationServer,
    access_token: str,
    refresh_token: str | None,
    credentials: tuple[GrantedCredential, ...],
    *,
    now: int,
    random: Callable[[int], bytes],
) -> HttpResponse:
    body: dict[str, Json] = {
        "access_token": access_token,
        "token_type": "DPoP",
        "expires_in": ACCESS_TOKEN_SECONDS,
    }
    if refresh_token is not None:
        body["refresh_token"] = refresh_token
    details = granted_details(credentials)
    if details:
        body["authorization_details"] = details
    ids = {credential.configuration for credential in credentials if not credential.detailed}
    scopes = [scope for scope, configurations in server.scopes.items() if ids.intersection(configurations)]
    if scopes:
        body["scope"] = " ".join(scopes)
    headers = (("cache-control", "no-store"), *server.fresh(now=now, random=random).headers())
    return json_response(body, headers=headers)
