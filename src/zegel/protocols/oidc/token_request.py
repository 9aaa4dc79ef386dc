"""Requests that bring a secret: a code and the client's own to the token endpoint, a token to userinfo."""

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, final
from urllib.parse import unquote_plus

from zegel.checks import Check
from zegel.errors import Denied, Malformed
from zegel.primitives.encoding import base64url, parse_base64
from zegel.primitives.http import HttpRequest, HttpResponse, json_response
from zegel.protocols.oauth.errors import NO_CODE, challenge_error, denying, oauth_error_body
from zegel.protocols.oidc.client import RegisteredClient

_AUTHORIZATION: Final = re.compile(r"(\S{1,20}) +(\S{1,2000})")  # RFC 9110 section 11.4; two ids of 200, encoded
_REALM: Final = "zegel"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRequest:
    """A token request by a client that authenticated. ``code_key`` is the digest that the code is kept under."""

    client: RegisteredClient
    code_key: str
    redirect_uri: str | None
    code_verifier: str | None


def secret_digest(secret: str) -> str:
    """What is kept of a code, a token or a client's secret. All are random, 128 bits or more, so no salt is needed."""
    return base64url(sha256(secret.encode()).digest())


def receive_token_request(request: HttpRequest, *, clients: Mapping[str, RegisteredClient]) -> TokenRequest:
    """Read a token request and authenticate its client (RFC 6749 sections 2.3.1 and 4.1.3).

    ``Denied`` with invalid_request, unsupported_grant_type or invalid_client.
    """
    with denying("invalid_request"):
        form = request.form()
        authorization = request.header("authorization")
    client = _authenticate(form, authorization, clients)
    if "grant_type" not in form:
        raise _incomplete("grant_type")
    if form["grant_type"] != "authorization_code":
        detail = "expected authorization_code"
        raise Denied("unsupported_grant_type", Check.SIGN_IN_TOKEN_REQUEST, detail, field="grant_type")
    if "code" not in form:
        raise _incomplete("code")
    return TokenRequest(
        client=client,
        code_key=secret_digest(form["code"]),
        redirect_uri=form.get("redirect_uri"),
        code_verifier=form.get("code_verifier"),
    )


def receive_access_token(request: HttpRequest) -> str:
    """The key of a userinfo request's access token (RFC 6750 section 2.1).

    ``Denied`` with invalid_token, invalid_request for a token in the body, or without a code where nobody asks.
    """
    with denying("invalid_request"):
        authorization = request.header("authorization")
    scheme, token = _credentials(authorization)
    if scheme == "bearer":
        return secret_digest(token)
    detail = "expected a bearer token in the Authorization header"
    if (authorization or "").partition(" ")[0].lower() == "bearer":
        raise Denied("invalid_token", Check.SIGN_IN_TOKEN, detail, field="header.authorization")
    if authorization is None and _in_body(request):
        raise Denied("invalid_request", Check.SIGN_IN_TOKEN, f"{detail}, not in the body", field="access_token")
    raise Denied(NO_CODE, Check.SIGN_IN_TOKEN, detail, field="header.authorization")


def _in_body(request: HttpRequest) -> bool:
    """Whether the token stands in a form (RFC 6750 section 2.2, which a resource server need not take)."""
    try:
        return "access_token" in request.form()
    except Malformed:
        return False


def token_error(denied: Denied) -> HttpResponse:
    """The token endpoint's refusal (RFC 6749 section 5.2)."""
    status = 401 if denied.code == "invalid_client" else 400
    challenge = (("www-authenticate", f'Basic realm="{_REALM}"'),) if status == 401 else ()
    return json_response(oauth_error_body(denied), status=status, headers=(("cache-control", "no-store"), *challenge))


def userinfo_error(denied: Denied) -> HttpResponse:
    """The userinfo endpoint's refusal (RFC 6750 section 3)."""
    status = 401 if denied.code in (NO_CODE, "invalid_token") else 400
    challenge = ", ".join((f'Bearer realm="{_REALM}"', *challenge_error(denied)))
    headers = (("cache-control", "no-store"), ("www-authenticate", challenge))
    return json_response(oauth_error_body(denied), status=status, headers=headers)


def _incomplete(name: str) -> Denied:
    return Denied("invalid_request", Check.SIGN_IN_TOKEN_REQUEST, "expected a value", field=name)


def _authenticate(
    form: Mapping[str, str], authorization: str | None, clients: Mapping[str, RegisteredClient]
) -> RegisteredClient:
    # OpenID Connect Core 1.0 section 9: client_secret_basic, client_secret_post, none
    client_id, secret = form.get("client_id"), form.get("client_secret")
    if authorization is not None:
        if secret is not None:  # RFC 6749 section 2.3: not more than one method a request
            raise Denied("invalid_request", Check.CLIENT_SECRET, "expected one secret", field="client_secret")
        named = client_id
        client_id, secret = _basic(authorization)
        if named not in (None, client_id):
            raise Denied("invalid_request", Check.CLIENT_SECRET, "expected one client", field="client_id")
    client = clients.get(client_id or "")
    if client is None:
        raise _unauthenticated("expected a registered client", "client_id")
    expected = client.client.secret_hash
    if expected is None and secret is not None:
        raise _unauthenticated("the client is registered as a public one", "client_secret")
    if expected is not None and not hmac.compare_digest(secret_digest(secret or ""), expected):
        raise _unauthenticated("expected the client's secret", "client_secret")
    return client


def _basic(authorization: str) -> tuple[str, str]:
    """Id and secret, each form-encoded before they were joined (RFC 6749 section 2.3.1)."""
    scheme, text = _credentials(authorization)
    if scheme != "basic":
        raise _unauthenticated("expected the scheme Basic", "header.authorization")
    try:
        client_id, separator, secret = parse_base64(text, what="header").decode().partition(":")
    except (Malformed, UnicodeDecodeError):
        separator = ""
    if not separator:
        raise _unauthenticated("expected a client id and a secret", "header.authorization")
    return unquote_plus(client_id), unquote_plus(secret)


def _credentials(authorization: str | None) -> tuple[str, str]:
    found = _AUTHORIZATION.fullmatch(authorization or "")
    return ("", "") if found is None else (found[1].lower(), found[2])


def _unauthenticated(detail: str, field: str) -> Denied:
    return Denied("invalid_client", Check.CLIENT_SECRET, detail, field=field)
