"""From ``Ready`` to a grant: the request is pushed, the person logs in elsewhere, the browser comes back with a code.

begin_authorization --> (ChallengeStep) --> PushStep --> BrowserPause --return_from_browser--> TokenStep
begin_pre_authorized --> (ChallengeStep) --> TokenStep
renew --> (ChallengeStep) --> TokenStep
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final, TypeAlias, final
from urllib.parse import urlsplit

from zegel.checks import Check
from zegel.errors import Denied, Malformed, Rejected
from zegel.primitives.encoding import base64url
from zegel.primitives.http import HttpRequest, HttpResponse, parse_form, with_query
from zegel.profiles import HAIP, ClientAuthentication, Grant
from zegel.protocols.oauth.authorization_details import TYPE, encode_details
from zegel.protocols.oauth.pkce import METHOD, code_challenge, create_code_verifier
from zegel.protocols.openid4vci.offer import check_transaction_code
from zegel.protocols.openid4vci.wallet.issuance import TokenStep, token_step
from zegel.protocols.openid4vci.wallet.session import (
    Session,
    Tokens,
    WalletClient,
    Wanted,
    answer_of,
    asks_for_nonce,
    heard_from_server,
    parse_member,
    post_to_server,
)
from zegel.protocols.openid4vci.wallet.start import Ready

MAX_REQUEST_URI: Final = 512  # RFC 9126 section 2.2: a reference; it goes into an address bar
_ACCESS_DENIED: Final = "access_denied"  # RFC 6749 section 4.1.2.1: the person, or the server, said no


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class BrowserPause:
    """A pause: the person is to open ``url``. What comes back is held against ``state`` and the server's name."""

    session: Session
    url: str
    state: str
    verifier: str


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class PushStep:
    """Pushes the authorization request."""

    session: Session
    parameters: Mapping[str, str]
    verifier: str
    attempt: int
    request: HttpRequest

    def receive(self, response: HttpResponse, *, now: int, random: Callable[[int], bytes]) -> "PushStep | BrowserPause":
        """The pause for the person's log-in."""
        session = heard_from_server(self.session, response)
        if asks_for_nonce(response, attempt=self.attempt):
            return _push(session, self.parameters, self.verifier, self.attempt + 1, now=now, random=random)
        what = "pushed authorization request"
        # RFC 9126 section 2.2 says 201; Credo 0.6 says 200, and nothing hangs on it
        status = 200 if response.status == 200 else 201
        request_uri = parse_member(answer_of(response, status=status, what=what), "request_uri", what=what)
        if len(request_uri) > MAX_REQUEST_URI:
            raise Malformed(what, "request_uri", f"expected at most {MAX_REQUEST_URI} characters")
        endpoint = _endpoint(session.server.authorization_endpoint, "authorization_endpoint")
        named = {"client_id": session.client.client_id or "", "request_uri": request_uri}
        return BrowserPause(
            session=session,
            url=with_query(endpoint, named),
            state=self.parameters["state"],
            verifier=self.verifier,
        )


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ChallengeStep:
    """Fetches a challenge for the proof of possession of the wallet attestation; then goes on with ``parameters``."""

    session: Session
    parameters: Mapping[str, str]
    verifier: str | None
    request: HttpRequest

    def receive(self, response: HttpResponse, *, now: int, random: Callable[[int], bytes]) -> PushStep | TokenStep:
        """On to the request that needed it."""
        what = "challenge"
        members = answer_of(response, status=200, what=what)
        challenge = parse_member(members, "attestation_challenge", what=what)
        session = replace(heard_from_server(self.session, response), challenge=challenge)
        return _proceed(session, self.parameters, self.verifier, now=now, random=random)


Beginning: TypeAlias = ChallengeStep | PushStep | TokenStep


def begin_authorization(ready: Ready, *, client: WalletClient, now: int, random: Callable[[int], bytes]) -> Beginning:
    """Begin the authorization code flow for everything in the offer."""
    client.profile.check_choice(Grant.AUTHORIZATION_CODE)
    asked = _asked(ready, client)
    session = replace(_session(ready, client), asked_scopes=tuple(asked.get("scope", "").split()))
    _endpoint(ready.server.pushed_authorization_request_endpoint, "pushed_authorization_request_endpoint")
    verifier = create_code_verifier(random)
    parameters = {
        "response_type": "code",
        "redirect_uri": client.redirect_uri,
        "state": base64url(random(16)),
        "code_challenge": code_challenge(verifier),
        "code_challenge_method": METHOD,
        **asked,
    }
    offered = ready.offer.authorization_code
    if offered is not None and offered.issuer_state is not None:  # section 5.1.3
        parameters["issuer_state"] = offered.issuer_state
    return _begin(session, parameters, verifier, now=now, random=random)


def begin_pre_authorized(
    ready: Ready, *, client: WalletClient, tx_code: str | None, now: int, random: Callable[[int], bytes]
) -> Beginning:
    """Redeem the code of the offer, with what the person was told to enter."""
    client.profile.check_choice(Grant.PRE_AUTHORIZED_CODE)
    offered = ready.offer.pre_authorized
    if offered is None:
        raise Rejected(Check.CREDENTIAL_OFFER, "expected a pre-authorised code in the offer", field="grants")
    if client.client_id is None and not ready.server.anonymous_pre_authorized:  # section 12.3
        raise Rejected(Check.SERVER_METADATA, "the server wants to know the client", field="client_id")
    parameters = {"grant_type": str(Grant.PRE_AUTHORIZED_CODE), "pre-authorized_code": offered.code}
    if offered.tx_code is not None:
        parameters["tx_code"] = check_transaction_code(tx_code or "", prompt=offered.tx_code)
    return _begin(_session(ready, client), parameters, None, now=now, random=random)


def renew(
    ready: Ready, *, client: WalletClient, server: str, refresh_token: str, now: int, random: Callable[[int], bytes]
) -> Beginning:
    """Have the credentials of ``ready`` issued again, for new keys, with the refresh token that ``server`` gave.

    ``Rejected(SERVER_METADATA)`` when the issuer names another server by now: it is not for that one's eyes.
    """
    if ready.server.issuer != server:  # RFC 6749 section 10.4
        detail = "expected the authorization server that gave the refresh token"
        raise Rejected(Check.SERVER_METADATA, detail, field="authorization_servers")
    session = _session(ready, client)
    tokens = Tokens(access_token="", expires=now, refresh_token=refresh_token, identifiers={})
    parameters = {"grant_type": "refresh_token", "refresh_token": refresh_token}
    return _begin(replace(session, tokens=tokens), parameters, None, now=now, random=random)


def return_from_browser(pause: BrowserPause, url: str, *, now: int, random: Callable[[int], bytes]) -> TokenStep:
    """Go on with the URL at which the browser arrived.

    ``Rejected(AUTHORIZATION_RESPONSE)`` when it is not the answer of this server to this request, before anything else
    in it counts; ``Denied`` with the server's error.
    """
    client = pause.session.client
    if url.partition("?")[0] != client.redirect_uri.partition("?")[0]:
        raise _rejected("expected the redirect URI of the request", "redirect_uri")
    parameters = parse_form(urlsplit(url).query.encode(), what="authorization response")
    if parameters.get("state") != pause.state:
        raise _rejected("expected the state of the request", "state")
    # RFC 9207 section 2.4; FAPI 2.0 section 5.3.3: the response says who made it, and it is who was asked
    says = pause.session.server.says_issuer or client.profile == HAIP
    if parameters.get("iss", None if says else pause.session.server.issuer) != pause.session.server.issuer:
        raise _rejected("expected the authorization server that was asked", "iss")
    if "error" in parameters:
        said = parameters.get("error_description", "no description")[:400]
        check = Check.ACCESS_DENIED if parameters["error"] == _ACCESS_DENIED else Check.PEER_REFUSAL
        raise Denied(parameters["error"][:64], check, "the authorization was refused", said=said)
    code = parameters.get("code")
    if code is None:
        raise _rejected("expected a code", "code")
    redeemed = {
        "grant_type": str(Grant.AUTHORIZATION_CODE),
        "code": code,
        "redirect_uri": client.redirect_uri,
        "code_verifier": pause.verifier,
    }
    return token_step(pause.session, redeemed, attempt=1, now=now, random=random)


def _session(ready: Ready, client: WalletClient) -> Session:
    """Begin a session, if the server takes the client as it authenticates."""
    method = ClientAuthentication.NONE if client.attestation is None else ClientAuthentication.ATTESTATION
    client.profile.check_choice(method)
    offered = ready.server.client_authentication
    if client.attestation is not None and offered and method not in offered:
        raise Rejected(Check.SERVER_METADATA, f"expected {method}", field="token_endpoint_auth_methods_supported")
    if client.profile == HAIP and any(configuration.proofs for configuration in ready.configurations):
        _endpoint(ready.issuer.nonce_endpoint, "nonce_endpoint")  # HAIP 1.0 section 4.1
    wanted = tuple(Wanted(configuration=configuration.id) for configuration in ready.configurations)
    return Session(client=client, issuer=ready.issuer, server=ready.server, wanted=wanted)


def _asked(ready: Ready, client: WalletClient) -> dict[str, str]:
    """Scopes, as HAIP 1.0 section 4.3 asks, or authorization details where a configuration has no scope.

    Section 12.2.4: without a scope there is no other way, so who publishes no types of details is asked all the same.
    """
    scopes = [configuration.scope for configuration in ready.configurations if configuration.scope is not None]
    separate = bool(ready.issuer.authorization_servers)
    if len(scopes) == len(ready.configurations):
        resource = {"resource": ready.issuer.credential_issuer} if separate else {}  # section 5.1.2
        return {"scope": " ".join(dict.fromkeys(scopes)), **resource}
    if client.profile == HAIP or (ready.server.details_types and TYPE not in ready.server.details_types):
        raise Rejected(Check.SERVER_METADATA, "expected a scope for each credential configuration", field="scope")
    ids = tuple(configuration.id for configuration in ready.configurations)
    locations = (ready.issuer.credential_issuer,) if separate else ()
    return {"authorization_details": encode_details(ids, locations=locations)}


def _begin(
    session: Session,
    parameters: Mapping[str, str],
    verifier: str | None,
    *,
    now: int,
    random: Callable[[int], bytes],
) -> Beginning:
    endpoint = session.server.challenge_endpoint
    if session.client.attestation is not None and endpoint is not None:
        # attestation-based client authentication -07 section 8: where there is the endpoint, it is asked
        request = HttpRequest(method="POST", url=endpoint, headers=(("accept", "application/json"),))
        return ChallengeStep(session=session, parameters=parameters, verifier=verifier, request=request)
    return _proceed(session, parameters, verifier, now=now, random=random)


def _proceed(
    session: Session,
    parameters: Mapping[str, str],
    verifier: str | None,
    *,
    now: int,
    random: Callable[[int], bytes],
) -> PushStep | TokenStep:
    if verifier is None:
        return token_step(session, parameters, attempt=1, now=now, random=random)
    return _push(session, parameters, verifier, 1, now=now, random=random)


def _push(
    session: Session,
    parameters: Mapping[str, str],
    verifier: str,
    attempt: int,
    *,
    now: int,
    random: Callable[[int], bytes],
) -> PushStep:
    name = "pushed_authorization_request_endpoint"
    endpoint = _endpoint(session.server.pushed_authorization_request_endpoint, name)
    request = post_to_server(session, endpoint, parameters, now=now, random=random)
    return PushStep(session=session, parameters=parameters, verifier=verifier, attempt=attempt, request=request)


def _endpoint(url: str | None, name: str) -> str:
    if url is None:
        raise Rejected(Check.SERVER_METADATA, "expected an endpoint", field=name)
    return url


def _rejected(detail: str, field: str) -> Rejected:
    return Rejected(Check.AUTHORIZATION_RESPONSE, detail, field=field)
