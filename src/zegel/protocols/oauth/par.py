"""The pushed authorization request endpoint: what a wallet asks for, before any browser moves (RFC 9126)."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, final

from zegel.checks import Check
from zegel.errors import Denied
from zegel.primitives.encoding import base64url
from zegel.primitives.http import HttpRequest, HttpResponse, json_response
from zegel.protocols.oauth.authorization_details import GrantedCredential, check_details, check_scopes
from zegel.protocols.oauth.dpop import VerifiedDpop, receive_dpop
from zegel.protocols.oauth.errors import OneTime, denying
from zegel.protocols.oauth.lifetimes import LOG_IN_SECONDS, REQUEST_URI_SECONDS
from zegel.protocols.oauth.pkce import check_code_challenge
from zegel.protocols.oauth.redirects import check_redirect_uri
from zegel.protocols.oauth.server import SECRET_BYTES, AuthorizationServer, authenticate_client
from zegel.protocols.oauth.states import PushedRequest

REQUEST_URI_PREFIX: Final = "urn:ietf:params:oauth:request_uri:"
MAX_STATE: Final = 1_024  # the conformance suite sends 384; more is a message in a bottle
_THUMBPRINT: Final = re.compile(r"[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]")  # RFC 9449 section 10: of 32 bytes


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Pushed:
    """A request that was accepted: the record to store under ``request_uri``, and the answer.

    ``kept_until`` is when the record goes: later than it is good for the authorization endpoint, for a person who came
    in time may take longer to log in.
    """

    request_uri: str
    state: PushedRequest
    kept_until: int
    once: tuple[OneTime, ...]
    response: HttpResponse


def push_authorization_request(
    server: AuthorizationServer, request: HttpRequest, *, now: int, random: Callable[[int], bytes]
) -> Pushed:
    """Take a pushed authorization request, or ``Denied`` with the code that says why not.

    1. the client names itself, and authenticates; 2. a DPoP key that it names or proves will bind the code; 3. code
    flow, PKCE and a redirect URI that it may use; 4. credentials that are on offer.
    """
    with denying("invalid_request"):
        parameters = request.form()
    client_id = parameters.get("client_id")
    if client_id is None:  # RFC 9126 section 2.1: as in RFC 6749 section 4.1.1, however the client authenticates
        raise _invalid("invalid_request", "expected the client's identifier", "client_id")
    client = authenticate_client(server, request, client_id=client_id, anonymous=False, now=now)
    proven = any(name == "dpop" for name, _ in request.headers)  # RFC 9449 section 4.3: of several, none is a proof
    dpop = receive_dpop(request, nonces=server.nonces, now=now) if proven else None
    jkt = _bound_key(parameters, dpop)
    _check_flow(parameters)
    with denying("invalid_request"):
        challenge = check_code_challenge(parameters)
        registered = server.redirect_uris.get(client.identity.client_id or "")
        redirect_uri = check_redirect_uri(parameters.get("redirect_uri"), registered=registered)
    state = PushedRequest(
        client=client.identity,
        redirect_uri=redirect_uri,
        state=parameters.get("state"),
        code_challenge=challenge,
        credentials=_credentials(server, parameters),
        issuer_state=parameters.get("issuer_state"),
        jkt=jkt,
        expires=now + REQUEST_URI_SECONDS,
    )
    request_uri = REQUEST_URI_PREFIX + base64url(random(SECRET_BYTES))
    return Pushed(
        request_uri=request_uri,
        state=state,
        kept_until=now + LOG_IN_SECONDS,
        once=client.once if dpop is None else (*client.once, dpop.once),
        response=json_response(
            {"request_uri": request_uri, "expires_in": REQUEST_URI_SECONDS},
            status=201,
            headers=(("cache-control", "no-store"), *server.fresh(now=now, random=random).headers()),
        ),
    )


def _bound_key(parameters: Mapping[str, str], dpop: VerifiedDpop | None) -> str | None:
    """RFC 9449 section 10.1: a parameter or a proof binds the code; where both are there, they agree."""
    jkt = parameters.get("dpop_jkt")
    if jkt is not None and _THUMBPRINT.fullmatch(jkt) is None:  # no key has it, and no code for it would be redeemed
        raise _invalid("invalid_request", "expected the SHA-256 thumbprint of a key in base64url", "dpop_jkt")
    if dpop is None:
        return jkt
    if jkt not in (None, dpop.thumbprint):
        detail = "expected the thumbprint of the key that signed the proof"
        raise Denied("invalid_dpop_proof", Check.DPOP_BINDING, detail, field="dpop_jkt")
    return dpop.thumbprint


def _check_flow(parameters: Mapping[str, str]) -> Mapping[str, str]:
    # RFC 9126 section 2.1: a pushed request never points at another; request objects are not offered here
    for name in ("request_uri", "request"):
        if name in parameters:
            raise _invalid("invalid_request", "expected the parameters themselves", name)
    response_type = parameters.get("response_type")
    if response_type is None:
        raise _invalid("invalid_request", "expected code", "response_type")
    if response_type != "code":
        raise _invalid("unsupported_response_type", "expected code", "response_type")
    if parameters.get("response_mode", "query") != "query":
        raise _invalid("invalid_request", "expected query", "response_mode")
    for name in ("state", "issuer_state"):
        if len(parameters.get(name, "")) > MAX_STATE:
            raise _invalid("invalid_request", f"expected at most {MAX_STATE} characters", name)
    return parameters


def _credentials(server: AuthorizationServer, parameters: Mapping[str, str]) -> tuple[GrantedCredential, ...]:
    """OpenID4VCI 1.0 section 5.1.2: details and scopes count each alone, and details win where both ask the same.

    Who asks for one by details is told identifiers for all (sections 6.2 and 8.2), whichever the person approves.
    """
    if parameters.get("resource", server.credential_issuer) != server.credential_issuer:  # RFC 8707 section 2
        raise Denied("invalid_target", Check.CREDENTIAL_CHOICE, "expected the credential issuer", field="resource")
    detailed: tuple[str, ...] = ()
    if "authorization_details" in parameters:
        with denying("invalid_authorization_details"):
            detailed = check_details(
                parameters["authorization_details"],
                configurations=server.configurations,
                credential_issuer=server.credential_issuer,
                locations_required=server.separate,
            )
    scoped = check_scopes(parameters.get("scope", ""), scopes=server.scopes)
    asked = tuple(dict.fromkeys((*detailed, *scoped)))
    if not asked:
        detail = "expected at least one credential that is on offer"
        raise Denied("invalid_scope", Check.CREDENTIAL_CHOICE, detail, field="scope")
    return tuple(GrantedCredential(configuration=id_, datasets=(id_,), detailed=bool(detailed)) for id_ in asked)


def _invalid(code: str, detail: str, field: str) -> Denied:
    return Denied(code, Check.REQUEST_PARAMETERS, detail, field=field)
