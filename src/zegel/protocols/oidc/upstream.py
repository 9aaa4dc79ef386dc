"""Logging in somewhere else: a small client of an OpenID Provider, for an issuer whose people are known there.

    begin_upstream --> UpstreamRequest --check_return--> code
    token_request --> UnverifiedTokens --verify_id_token--> VerifiedIdToken --verify_userinfo--> claims

Code flow with PKCE, state, nonce and ``iss`` (RFC 9207), ID Tokens signed with ECDSA alone: what FAPI 2.0 asks of an
OpenID Provider, and what ours does.
"""

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, final
from urllib.parse import quote_plus

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.primitives.encoding import base64, base64url
from zegel.primitives.http import FORM, JSON, HttpRequest, HttpResponse, encode_form, media_type, with_query
from zegel.primitives.json import JsonObject, parse_object
from zegel.primitives.jws import UnverifiedJws, parse_jws, verify_jws
from zegel.primitives.keys import PublicKey, parse_jwk
from zegel.primitives.times import TOLERATED_EARLY, TOLERATED_LATE, parse_numeric_date
from zegel.protocols.oauth.metadata import endpoint_of
from zegel.protocols.oauth.pkce import METHOD, code_challenge, create_code_verifier

WELL_KNOWN: Final = "/.well-known/openid-configuration"
SCOPE: Final = "openid profile email address phone"
MAX_ANSWER: Final = 131_072  # claims with a portrait of 60 kB in base64
MAX_KEYS: Final = 32  # a provider publishes two or three
_SECRET_BYTES: Final = 32
_JSON_TYPES: Final = (JSON, "application/jwk-set+json")  # RFC 7517 section 8.5.2
_ACCESS_DENIED: Final = "access_denied"  # RFC 6749 section 4.1.2.1: the person, or the server, said no
_METADATA: Final = "provider metadata"
_TOKENS: Final = "token response"
_CLAIMS: Final = "userinfo response"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamClient:
    """Who we are to the provider. ``secret`` is None for a public client."""

    client_id: str
    redirect_uri: str
    secret: str | None = field(repr=False)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class UnverifiedProviderMetadata:
    """A discovery document that parses."""

    unverified_members: JsonObject


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamProvider:
    """A provider by its own metadata, published under its own identifier."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None
    says_issuer: bool


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamRequest:
    """What a browser was sent to the provider with, kept until it comes back."""

    state: str
    nonce: str
    verifier: str = field(repr=False)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class UnverifiedTokens:
    """A token response that parses."""

    id_token: UnverifiedJws
    access_token: str | None = field(repr=False)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedIdToken:
    """An ID Token of this provider, for us, in answer to this request."""

    subject: str
    claims: JsonObject


def discovery_request(issuer: str) -> HttpRequest:
    """Ask for the discovery document, behind the issuer's path (OpenID Connect Discovery 1.0 section 4.1)."""
    return HttpRequest(method="GET", url=issuer.rstrip("/") + WELL_KNOWN, headers=(("accept", JSON),))


def parse_provider_metadata(response: HttpResponse) -> UnverifiedProviderMetadata:
    """Parse a discovery document; ``Malformed`` otherwise."""
    return UnverifiedProviderMetadata(unverified_members=_members(response, _METADATA))


def verify_provider_metadata(metadata: UnverifiedProviderMetadata, *, issuer: str) -> UpstreamProvider:
    """The provider that published the document (OpenID Connect Discovery 1.0 section 4.3).

    ``Rejected(SERVER_METADATA)`` when it is another's or lacks what the flow needs.
    """
    members = metadata.unverified_members
    if members.get("issuer") != issuer:
        raise Rejected(Check.SERVER_METADATA, "expected the identifier that is configured", field="issuer")
    return UpstreamProvider(
        issuer=issuer,
        authorization_endpoint=_endpoint(members, "authorization_endpoint"),
        token_endpoint=_endpoint(members, "token_endpoint"),
        jwks_uri=_endpoint(members, "jwks_uri"),
        userinfo_endpoint=endpoint_of(members, "userinfo_endpoint"),
        says_issuer=members.get("authorization_response_iss_parameter_supported") is True,
    )


def begin_upstream(
    provider: UpstreamProvider, client: UpstreamClient, *, random: Callable[[int], bytes]
) -> tuple[UpstreamRequest, str]:
    """The request to remember, and the address to send the browser to (OpenID Connect Core 1.0 section 3.1.2.1)."""
    request = UpstreamRequest(
        state=base64url(random(_SECRET_BYTES)),
        nonce=base64url(random(_SECRET_BYTES)),
        verifier=create_code_verifier(random),
    )
    parameters = {
        "response_type": "code",
        "client_id": client.client_id,
        "redirect_uri": client.redirect_uri,
        "scope": SCOPE,
        "state": request.state,
        "nonce": request.nonce,
        "code_challenge": code_challenge(request.verifier),
        "code_challenge_method": METHOD,
    }
    return request, with_query(provider.authorization_endpoint, parameters)


def check_return(parameters: Mapping[str, str], *, request: UpstreamRequest | None, provider: UpstreamProvider) -> str:
    """Return the code that the browser brought back, if it is the answer to ``request``.

    ``Rejected(AUTHORIZATION_RESPONSE)`` otherwise; ``Rejected(ACCESS_DENIED)`` where the person, or the provider, said
    no, and ``UPSTREAM_LOG_IN`` for any other error.
    """
    if request is None or not hmac.compare_digest(parameters.get("state", ""), request.state):
        raise _answer("expected the state of this browser's request", "state")
    # RFC 9207 section 2.4: where the provider says who it is, it has to be the one that was asked
    if parameters.get("iss", None if provider.says_issuer else provider.issuer) != provider.issuer:
        raise _answer("expected the provider that was asked", "iss")
    if parameters.get("error") == _ACCESS_DENIED:
        raise Rejected(Check.ACCESS_DENIED, "nobody was logged in at the provider", field="error")
    if "error" in parameters:
        raise _identity("the provider did not let the person in", "error")
    if "code" not in parameters:
        raise _answer("expected a code", "code")
    return parameters["code"]


def token_request(
    provider: UpstreamProvider, client: UpstreamClient, request: UpstreamRequest, *, code: str
) -> HttpRequest:
    """Redeem the code (OpenID Connect Core 1.0 section 3.1.3.1), with the secret in the header where there is one."""
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": client.redirect_uri,
        "code_verifier": request.verifier,
    }
    headers = [("content-type", FORM), ("accept", JSON)]
    if client.secret is None:
        form["client_id"] = client.client_id
    else:  # RFC 6749 section 2.3.1
        pair = f"{quote_plus(client.client_id)}:{quote_plus(client.secret)}"
        headers.append(("authorization", "Basic " + base64(pair.encode())))
    return HttpRequest(method="POST", url=provider.token_endpoint, headers=tuple(headers), body=encode_form(form))


def parse_tokens(response: HttpResponse) -> UnverifiedTokens:
    """Parse the token response; ``Malformed`` without an ID Token."""
    members = _members(response, _TOKENS)
    id_token, access_token = members.get("id_token"), members.get("access_token")
    if type(id_token) is not str:
        raise Malformed(_TOKENS, "id_token", "expected text")
    if access_token is not None and type(access_token) is not str:
        raise Malformed(_TOKENS, "access_token", "expected text")
    return UnverifiedTokens(id_token=parse_jws(id_token, what="ID Token"), access_token=access_token)


def parse_keys(response: HttpResponse) -> Mapping[str | None, PublicKey]:
    """The provider's EC keys for signatures, by their ids; keys of other kinds are left alone."""
    what = "provider keys"
    listed = _members(response, what).get("keys")
    if type(listed) is not list or not 0 < len(listed) <= MAX_KEYS:
        raise Malformed(what, "keys", f"expected an array of one to {MAX_KEYS} keys")
    keys: dict[str | None, PublicKey] = {}
    for jwk in listed:
        try:
            key = parse_jwk(jwk, what=what)
        except Malformed:
            continue
        kid = jwk.get("kid") if isinstance(jwk, Mapping) else None
        keys[kid if type(kid) is str else None] = key
    return keys


def verify_id_token(
    tokens: UnverifiedTokens,
    *,
    keys: Mapping[str | None, PublicKey],
    provider: UpstreamProvider,
    client: UpstreamClient,
    request: UpstreamRequest,
    now: int,
) -> VerifiedIdToken:
    """Verify the ID Token (OpenID Connect Core 1.0 section 3.1.3.7).

    ``Rejected`` with KEY_SOURCE for a key that the provider does not publish, the checks of ``verify_jws``, or
    UPSTREAM_LOG_IN.
    """
    header = tokens.id_token.unverified_header
    key = keys.get(header.kid)
    if key is None:
        raise Rejected(Check.KEY_SOURCE, "expected an EC key that the provider publishes", field="header.kid")
    # section 2 leaves typ open; RFC 7519 section 5.1 says JWT where there is one
    claims = verify_jws(tokens.id_token, key=key, typ="JWT" if header.typ else "").claims
    if claims.get("iss") != provider.issuer:
        raise _identity("expected the provider that was asked", "iss")
    audience = claims.get("aud")
    if (
        audience not in (client.client_id, [client.client_id])
        or claims.get("azp", client.client_id) != client.client_id
    ):
        raise _identity("expected an ID Token for this client alone", "aud")
    if claims.get("nonce") != request.nonce:
        raise _identity("expected the nonce of this browser's request", "nonce")
    expires = parse_numeric_date(claims.get("exp"), what="ID Token", where="exp")
    issued_at = parse_numeric_date(claims.get("iat"), what="ID Token", where="iat")
    if expires is None or expires + TOLERATED_LATE <= now:
        raise _identity("expected an ID Token that has not expired", "exp")
    if issued_at is None or issued_at > now + TOLERATED_EARLY:
        raise _identity("expected an ID Token that is issued already", "iat")
    subject = claims.get("sub")
    if type(subject) is not str or not 0 < len(subject) <= 255:  # section 2
        raise _identity("expected a subject of 1 to 255 characters", "sub")
    return VerifiedIdToken(subject=subject, claims=claims)


def userinfo_request(endpoint: str, access_token: str) -> HttpRequest:
    """Ask for the claims (OpenID Connect Core 1.0 section 5.3.1)."""
    headers = (("authorization", f"Bearer {access_token}"), ("accept", JSON))
    return HttpRequest(method="GET", url=endpoint, headers=headers)


def verify_userinfo(response: HttpResponse, *, subject: str) -> JsonObject:
    """The claims of the same person (section 5.3.4); ``Rejected(UPSTREAM_LOG_IN)`` for another's."""
    members = _members(response, _CLAIMS)
    if members.get("sub") != subject:
        raise _identity("expected the subject of the ID Token", "sub")
    return members


def _members(response: HttpResponse, what: str) -> JsonObject:
    if response.status != 200:
        raise Rejected(Check.UPSTREAM_LOG_IN, f"{what}: expected status 200, got {response.status}")
    if media_type(response.header("content-type")) not in _JSON_TYPES:
        raise Malformed(what, "header.content-type", f"expected {JSON}")
    return parse_object(response.body, what=what, max_bytes=MAX_ANSWER)


def _endpoint(members: JsonObject, name: str) -> str:
    url = endpoint_of(members, name)
    if url is None:
        raise Rejected(Check.SERVER_METADATA, "expected an endpoint", field=name)
    return url


def _answer(detail: str, field_: str) -> Rejected:
    return Rejected(Check.AUTHORIZATION_RESPONSE, detail, field=field_)


def _identity(detail: str, field_: str) -> Rejected:
    return Rejected(Check.UPSTREAM_LOG_IN, detail, field=field_)
