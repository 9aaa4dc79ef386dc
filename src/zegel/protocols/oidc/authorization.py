"""The authorization request: first where an answer may go, then what is asked (OpenID Connect Core 1.0 section 3.1.2).

Until ``check_return_address`` has passed, a refusal is a page; from then on it is a redirect, and only the value that
it returns can make one.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Final
from urllib.parse import unquote_plus, urlsplit

from zegel.checks import Check
from zegel.errors import Denied
from zegel.primitives.http import HttpRequest, parse_form
from zegel.protocols.oauth.errors import denying
from zegel.protocols.oauth.lifetimes import LOG_IN_SECONDS
from zegel.protocols.oauth.pkce import check_code_challenge
from zegel.protocols.oidc.claims import OPENID, SCOPES
from zegel.protocols.oidc.client import RegisteredClient
from zegel.protocols.oidc.hint import check_id_token_hint
from zegel.protocols.oidc.provider import PROMPTS, Provider
from zegel.protocols.oidc.sign_in import AuthorizationRequested, ReturnAddress

_MAX_VALUE: Final = 1_024  # a state or nonce is 256 bits of chance; what some put beside it is under 1 kB
# OpenID Connect Core 1.0 section 3.1.2.6: each has an error of its own
_UNSUPPORTED: Final = {
    "request": "request_not_supported",
    "request_uri": "request_uri_not_supported",
    "registration": "registration_not_supported",
}
_MAY_REPEAT: Final = frozenset({"resource"})  # RFC 8707 section 2; it changes nothing here


def read_parameters(request: HttpRequest) -> tuple[Mapping[str, str], frozenset[str]]:
    """The parameters of a request, and the names of those that it has more than once; of these the first one is read.

    ``Malformed`` for what is no form otherwise.
    """
    if request.method == "POST":
        body, repeated = _once(request.body)
        return replace(request, body=body).form(), repeated
    query, repeated = _once(urlsplit(request.url).query.encode())
    return parse_form(query, what="query"), repeated


def check_return_address(
    parameters: Mapping[str, str],
    *,
    repeated: Collection[str] = (),
    clients: Mapping[str, RegisteredClient],
    issuer: str,
) -> ReturnAddress:
    """Find the client and its redirect URI; ``Denied``, for a page and never for a redirect, otherwise."""
    for name in ("client_id", "redirect_uri"):
        if name in repeated:
            raise Denied("invalid_request", Check.SIGN_IN_CLIENT, "expected this parameter once", field=name)
    client = clients.get(parameters.get("client_id", ""))
    if client is None:
        raise Denied("invalid_request", Check.SIGN_IN_CLIENT, "expected a registered client", field="client_id")
    redirect_uri = parameters.get("redirect_uri", "")
    # RFC 9700 section 4.1.3: exact comparison, ports and slashes too
    if redirect_uri not in client.client.redirect_uris:
        detail = "expected a redirect URI as it is registered"
        raise Denied("invalid_request", Check.SIGN_IN_CLIENT, detail, field="redirect_uri")
    state = None if "state" in repeated else parameters.get("state")  # which one is the service's, nothing says
    if len(state or "") > _MAX_VALUE:
        raise _refused(f"expected at most {_MAX_VALUE} characters", "state")
    return ReturnAddress(issuer=issuer, client_id=client.client.id, redirect_uri=redirect_uri, state=state)


def check_authorization_request(
    parameters: Mapping[str, str],
    *,
    repeated: Collection[str] = (),
    return_address: ReturnAddress,
    client: RegisteredClient,
    provider: Provider,
    now: int,
) -> AuthorizationRequested:
    """Check what is asked; ``Denied``, with which ``return_address.refuse`` answers, otherwise.

    ``claims``, ``acr_values``, ``display``, ``ui_locales`` and ``login_hint`` change nothing: the registration says
    what a client gets, and the wallet shows who the person is.
    """
    for name in sorted(repeated):  # RFC 6749 section 4.1.2.1: by redirect, for it is known where to
        raise _refused("expected this parameter once", name[:64])
    for name, code in _UNSUPPORTED.items():
        if name in parameters:
            raise _refused("expected plain parameters", name, code=code)
    _check_response(parameters)
    scopes = parameters.get("scope", "").split(" ")
    if OPENID not in scopes:
        raise _refused("expected openid", "scope", code="invalid_scope")
    nonce = parameters.get("nonce")
    if len(nonce or "") > _MAX_VALUE:
        raise _refused(f"expected at most {_MAX_VALUE} characters", "nonce")
    with denying("invalid_request"):
        challenge = check_code_challenge(parameters)
    _check_interaction(parameters)
    hint = parameters.get("id_token_hint")
    return AuthorizationRequested(
        return_address=return_address,
        scope=tuple(scope for scope in SCOPES if scope in scopes),
        nonce=nonce,
        code_challenge=challenge,
        expires=now + LOG_IN_SECONDS,
        expected=None if hint is None else check_id_token_hint(hint, client=client, provider=provider),
    )


def _once(form: bytes) -> tuple[bytes, frozenset[str]]:
    """A form with the first of each parameter, and the names of those that it had again.

    RFC 6749 section 3.1: one without a value counts as left out.
    """
    seen, kept, repeated = set[str](), list[bytes](), set[str]()
    for piece in form.split(b"&"):
        encoded, _, value = piece.partition(b"=")
        name = unquote_plus(encoded.decode("ascii", "replace"))
        if value and name in seen:
            repeated.add(name)
        else:
            kept.append(piece)
            seen |= {name} if value else set()
    return b"&".join(kept), frozenset(repeated - _MAY_REPEAT)


def _check_response(parameters: Mapping[str, str]) -> Mapping[str, str]:
    if "response_type" not in parameters:
        raise _refused("expected a value", "response_type")
    if parameters["response_type"] != "code":
        raise _refused("expected code", "response_type", code="unsupported_response_type")
    if parameters.get("response_mode", "query") != "query":
        raise _refused("expected query, or none", "response_mode")
    return parameters


def _check_interaction(parameters: Mapping[str, str]) -> Mapping[str, str]:
    prompts = set(parameters.get("prompt", "login").split(" "))
    if prompts == {"none"}:
        detail = "the provider keeps no session; the person presents each time"
        raise Denied("login_required", Check.SIGN_IN_INTERACTION, detail, field="prompt")
    if not prompts <= PROMPTS:
        raise _refused(f"expected of {', '.join(sorted(PROMPTS))}", "prompt")
    # Every sign-in is as fresh as any max_age wants; auth_time says when.
    if not parameters.get("max_age", "0").isdecimal():
        raise _refused("expected a number of seconds", "max_age")
    return parameters


def _refused(detail: str, field: str, *, code: str = "invalid_request") -> Denied:
    return Denied(code, Check.SIGN_IN_REQUEST, detail, field=field)
