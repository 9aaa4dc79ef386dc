"""Wallet: one mutation of a good answer for each refusal, with its check, and the code where the peer gave one."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from zegel_testing.authorities import NOW, fixed_key, fixed_random
from zegel_testing.issuance import (
    ACCESS,
    ISSUER,
    Issuer,
    answered,
    at,
    drive,
    finish,
    log_in,
    plain_issuer,
    ready_for,
    resigned,
    wallet_client,
    with_header,
)

from zegel.checks import Check
from zegel.errors import Denied, Malformed, Rejected
from zegel.primitives.http import HttpRequest, HttpResponse
from zegel.primitives.json import parse_object
from zegel.primitives.keys import PrivateKey
from zegel.profiles import HAIP, PLAIN, Profile, Proof
from zegel.protocols.openid4vci.offer import AuthorizationCodeOffer, CredentialOffer, OfferReference
from zegel.protocols.openid4vci.wallet.authorization import (
    begin_authorization,
    begin_pre_authorized,
    renew,
    return_from_browser,
)
from zegel.protocols.openid4vci.wallet.issuance import ProofPause, poll
from zegel.protocols.openid4vci.wallet.start import fetch_step

Case = tuple[Check, str, Callable[[], object]]


def paused(issuer: Issuer) -> ProofPause:
    """The flow up to the proofs."""
    pause = log_in(issuer, issuer.offer("id-sdjwt"), wallet_client(issuer.profile))
    assert isinstance(pause, ProofPause)
    return pause


def hearing(path: str, edit: Callable[[HttpResponse], HttpResponse], **of_issuer: Any) -> Callable[[], object]:
    """A flow in which the answer at ``path`` is edited, each time."""

    def run() -> object:
        issuer = Issuer(**of_issuer)
        issuer.edit_response = lambda request, response: (
            edit(response) if request.url.partition("?")[0].endswith(path) else response
        )
        return finish(issuer, paused(issuer))

    return run


def metadata(path: str = "/openid-credential-issuer", **changed: Any) -> Callable[[], object]:
    """A flow with other metadata."""
    return hearing(path, lambda response: answered(response, **changed))


def server_metadata(**changed: Any) -> Callable[[], object]:
    """A flow with other authorization server metadata."""
    return metadata("/realm", **changed)


def configured(**changed: Any) -> Callable[[], object]:
    """A flow in which the credential configuration is another."""

    def edit(response: HttpResponse) -> HttpResponse:
        offered = dict(parse_object(response.body, what="test"))["credential_configurations_supported"]
        members = {name: value for name, value in (offered["id-sdjwt"] | changed).items() if value is not None}
        return answered(response, credential_configurations_supported=offered | {"id-sdjwt": members})

    return hearing("/openid-credential-issuer", edit)


def unsigned_metadata() -> object:
    issuer = Issuer()
    issuer.edit_request = at("/openid-credential-issuer", lambda request: with_header(request, "accept", "*/*"))
    return ready_for(issuer, issuer.offer("id-sdjwt"), signed=True)


def signed_metadata(
    header: dict[str, Any] | None = None, key: PrivateKey = ACCESS.key, **claims: Any
) -> Callable[[], object]:
    """Signed metadata, signed anew."""

    def edit(request: HttpRequest, response: HttpResponse) -> HttpResponse:
        if not request.url.endswith("/openid-credential-issuer"):
            return response
        return replace(response, body=resigned(response.body.decode(), key, header=header, **claims).encode())

    def run() -> object:
        issuer = Issuer()
        issuer.edit_response = edit
        return ready_for(issuer, issuer.offer("id-sdjwt"), signed=True)

    return run


def offered(offer: CredentialOffer, profile: Profile = HAIP) -> Callable[[], object]:
    """A flow from another offer."""
    issuer = Issuer(profile=profile)
    return lambda: log_in(issuer, offer, wallet_client(profile))


def by_offer(**changed: Any) -> CredentialOffer:
    return replace(Issuer().offer("id-sdjwt"), **changed)


def came_back(url: Callable[[str], str], profile: Profile = HAIP, **server: Any) -> Callable[[], object]:
    """A browser that comes back to another URL than it was sent to."""

    def run() -> object:
        issuer = Issuer(profile=profile)
        issuer.edit_response = lambda request, response: (
            answered(response, **server) if request.url.endswith("/realm") else response
        )
        ready = ready_for(issuer, issuer.offer("id-sdjwt"))
        pause = drive(begin_authorization(ready, client=wallet_client(profile), now=NOW, random=issuer.random), issuer)
        return return_from_browser(pause, url(issuer.browse(pause.url)), now=NOW, random=issuer.random)

    return run


def without(name: str) -> Callable[[str], str]:
    """The URL without a parameter."""

    def edit(url: str) -> str:
        path, _, query = url.partition("?")
        return path + "?" + "&".join(part for part in query.split("&") if not part.startswith(f"{name}="))

    return edit


def pre_authorized_by(profile: Profile, tx_code: str | None = "1234", **changed: Any) -> Callable[[], object]:
    """A pre-authorised flow in which something is other than offered."""

    def run() -> object:
        issuer = plain_issuer()
        offer = issuer.offer("id-sdjwt", pre_authorized=True, tx_code="1234")
        ready = replace(ready_for(issuer, offer), **changed)
        client = wallet_client(PLAIN, client_id=None)
        return begin_pre_authorized(
            ready, client=replace(client, profile=profile), tx_code=tx_code, now=NOW, random=issuer.random
        )

    return run


def no_anonymous_access() -> object:
    issuer = plain_issuer()
    offer = issuer.offer("id-sdjwt", pre_authorized=True)
    ready = ready_for(issuer, offer)
    quiet = replace(ready, server=replace(ready.server, anonymous_pre_authorized=False))
    client = wallet_client(PLAIN, client_id=None)
    return begin_pre_authorized(quiet, client=client, tx_code=None, now=NOW, random=issuer.random)


def no_pre_authorized_code() -> object:
    issuer = plain_issuer()
    ready = ready_for(issuer, issuer.offer("id-sdjwt"))
    return begin_pre_authorized(ready, client=wallet_client(PLAIN), tx_code=None, now=NOW, random=issuer.random)


def no_proof_that_the_wallet_makes() -> object:
    issuer = Issuer()
    client = wallet_client(HAIP)
    return log_in(
        issuer, issuer.offer("id-sdjwt"), replace(client, profile=replace(HAIP, proofs=frozenset({Proof.JWT})))
    )


def no_deferred_endpoint() -> object:
    issuer = Issuer(waits=1)
    done = finish(issuer, paused(issuer))
    session = replace(done.session, issuer=replace(done.session.issuer, deferred_endpoint=None))
    return poll(session, done.pending[0], now=NOW, random=issuer.random)


def renewed_elsewhere() -> object:
    """The issuer names another authorization server than the one that gave the refresh token."""
    issuer = Issuer()
    ready, client = ready_for(issuer, issuer.offer("id-sdjwt")), wallet_client(HAIP)
    return renew(
        ready,
        client=client,
        server="https://another.utopia.example",
        refresh_token="token",
        now=NOW,
        random=issuer.random,
    )


def in_the_clear(path: str) -> Callable[[], object]:
    """An issuer that answers in plain text what was to be encrypted."""

    def edit(response: HttpResponse) -> HttpResponse:
        return replace(response, headers=(("content-type", "application/json"),), body=b'{"credentials":[]}')

    return hearing(path, edit)


def offer_that_is(status: int) -> Callable[[], object]:
    reference = OfferReference(uri="https://issuer.utopia.example/offers/1")
    return lambda: fetch_step(reference).receive(HttpResponse(status=status), now=NOW, random=fixed_random())


def with_type(response: HttpResponse, content_type: str) -> HttpResponse:
    return replace(response, headers=(("content-type", content_type),))


def refused(status: int, body: bytes, *headers: tuple[str, str]) -> Callable[[HttpResponse], HttpResponse]:
    return lambda response: HttpResponse(status=status, headers=headers, body=body)


JSON = ("content-type", "application/json")
LARGER_KEYS = {name: {"proof_signing_alg_values_supported": ["ES384", "ES512"]} for name in ("jwt", "attestation")}
PLAIN_PROOF = {"jwt": {"proof_signing_alg_values_supported": ["ES256K"]}}
CASES: tuple[Case, ...] = (
    (Check.SERVER_METADATA, "", metadata(credential_issuer="https://another.example")),
    (Check.SERVER_METADATA, "", metadata(credential_issuer=ISSUER + "/")),
    (Check.SERVER_METADATA, "", metadata(credential_endpoint=None)),
    (Check.SERVER_METADATA, "", metadata(credential_endpoint="http://issuer.utopia.example/credential")),
    (Check.SERVER_METADATA, "", metadata(credential_endpoint="credential")),
    (Check.SERVER_METADATA, "", metadata(credential_endpoint=7)),
    (Check.SERVER_METADATA, "", metadata(authorization_servers=[])),
    (Check.SERVER_METADATA, "", metadata(authorization_servers=[7])),
    (Check.SERVER_METADATA, "", metadata(credential_configurations_supported={})),
    (Check.SERVER_METADATA, "", metadata(credential_configurations_supported=[])),
    (Check.SERVER_METADATA, "", metadata(batch_credential_issuance={"batch_size": 1})),
    (Check.SERVER_METADATA, "", metadata(credential_request_encryption={"jwks": {}, "encryption_required": True})),
    (
        Check.SERVER_METADATA,
        "",
        metadata(
            credential_request_encryption={
                "jwks": {"keys": [{"kty": "RSA", "kid": "1"}]},
                "enc_values_supported": ["A128GCM"],
                "encryption_required": True,
            }
        ),
    ),
    (
        Check.SERVER_METADATA,
        "",
        metadata(credential_response_encryption={"alg_values_supported": ["RSA-OAEP"], "encryption_required": True}),
    ),
    (
        Check.SERVER_METADATA,
        "",
        metadata(
            credential_request_encryption=None,
            credential_response_encryption={
                "alg_values_supported": ["ECDH-ES"],
                "enc_values_supported": ["A128GCM"],
                "encryption_required": True,
            },
        ),
    ),
    (Check.SERVER_METADATA, "", unsigned_metadata),
    (Check.SERVER_METADATA, "", signed_metadata(sub="https://another.example")),
    (Check.SERVER_METADATA, "", signed_metadata(credential_issuer="https://another.example")),
    (Check.SERVER_METADATA, "", signed_metadata(iat=None)),
    (Check.SERVER_METADATA, "", signed_metadata(iat=NOW + 11)),
    (Check.SERVER_METADATA, "", signed_metadata(exp=NOW - 60)),
    (Check.SIGNATURE, "", signed_metadata(key=fixed_key("stranger"))),
    (Check.TOKEN_TYPE, "", signed_metadata({"typ": "JWT"})),
    (Check.CHAIN, "", signed_metadata({"x5c": None})),
    (Check.SYNTAX, "", hearing("/openid-credential-issuer", lambda response: with_type(response, "text/html"))),
    (Check.PEER_REFUSAL, "server_error", hearing("/openid-credential-issuer", refused(503, b""))),
    (Check.SERVER_METADATA, "", server_metadata(issuer="https://another.example")),
    (Check.SERVER_METADATA, "", server_metadata(token_endpoint=None)),
    (Check.SERVER_METADATA, "", server_metadata(grant_types_supported="authorization_code")),
    (Check.SERVER_METADATA, "", server_metadata(dpop_signing_alg_values_supported=["ES384"])),
    (Check.SERVER_METADATA, "", server_metadata(pushed_authorization_request_endpoint=None)),
    (Check.SERVER_METADATA, "", server_metadata(authorization_endpoint=None)),
    (Check.SERVER_METADATA, "", server_metadata(token_endpoint_auth_methods_supported=["client_secret_basic"])),
    (Check.CREDENTIAL_OFFER, "", offered(by_offer(configurations=("unknown",)))),
    (
        Check.CREDENTIAL_OFFER,
        "",
        offered(by_offer(authorization_code=AuthorizationCodeOffer(authorization_server="https://another.example"))),
    ),
    (Check.CREDENTIAL_OFFER, "", no_pre_authorized_code),
    (Check.CREDENTIAL_OFFER, "", configured(format="jwt_vc_json")),
    (Check.CREDENTIAL_OFFER, "", configured(vct=None)),
    (Check.CREDENTIAL_OFFER, "", configured(scope=7)),
    (Check.CREDENTIAL_OFFER, "", configured(proof_types_supported=None)),
    (Check.CREDENTIAL_OFFER, "", configured(proof_types_supported=PLAIN_PROOF)),
    (Check.CREDENTIAL_OFFER, "", configured(proof_types_supported=LARGER_KEYS)),
    (Check.CREDENTIAL_OFFER, "", configured(cryptographic_binding_methods_supported=["did:web", "did:jwk"])),
    (Check.CREDENTIAL_OFFER, "", configured(cryptographic_binding_methods_supported="jwk")),
    (Check.CREDENTIAL_OFFER, "", configured(credential_metadata={"claims": [{"path": []}]})),
    (Check.SERVER_METADATA, "", configured(scope=None)),
    (Check.PROFILE, "", pre_authorized_by(HAIP)),
    (Check.TRANSACTION_CODE, "", pre_authorized_by(PLAIN, tx_code=None)),
    (Check.TRANSACTION_CODE, "", pre_authorized_by(PLAIN, tx_code="12345")),
    (Check.TRANSACTION_CODE, "", pre_authorized_by(PLAIN, tx_code="12a4")),
    (Check.SERVER_METADATA, "", no_anonymous_access),
    (Check.PROFILE, "", no_proof_that_the_wallet_makes),
    (Check.AUTHORIZATION_RESPONSE, "", came_back(lambda url: url.replace("/callback", "/other"))),
    (Check.AUTHORIZATION_RESPONSE, "", came_back(without("state"))),
    (Check.AUTHORIZATION_RESPONSE, "", came_back(lambda url: url.replace("state=", "state=x"))),
    (Check.AUTHORIZATION_RESPONSE, "", came_back(without("iss"))),
    (Check.AUTHORIZATION_RESPONSE, "", came_back(without("iss"), PLAIN)),
    (Check.AUTHORIZATION_RESPONSE, "", came_back(lambda url: url.replace("iss=", "iss=x"))),
    (Check.AUTHORIZATION_RESPONSE, "", came_back(without("code"))),
    (
        Check.AUTHORIZATION_RESPONSE,
        "",
        came_back(lambda url: url.replace("iss=", "iss=x"), PLAIN, authorization_response_iss_parameter_supported=None),
    ),
    (Check.ACCESS_DENIED, "access_denied", came_back(lambda url: url.replace("code=", "error=access_denied&c="))),
    (Check.PEER_REFUSAL, "invalid_scope", came_back(lambda url: url.replace("code=", "error=invalid_scope&c="))),
    (Check.SYNTAX, "", hearing("/challenge", lambda response: answered(response, attestation_challenge=None))),
    (Check.SYNTAX, "", hearing("/par", lambda response: answered(response, request_uri=7))),
    (Check.PEER_REFUSAL, "server_error", hearing("/par", refused(500, b"{}", JSON))),
    (Check.PEER_REFUSAL, "invalid_scope", hearing("/par", refused(400, b'{"error":"invalid_scope"}', JSON))),
    (Check.DPOP_BINDING, "", hearing("/token", lambda response: answered(response, token_type="Bearer"))),
    (Check.SYNTAX, "", hearing("/token", lambda response: answered(response, access_token=None))),
    (Check.SYNTAX, "", hearing("/token", lambda response: answered(response, expires_in="soon"))),
    (Check.SYNTAX, "", hearing("/token", lambda response: answered(response, refresh_token=7))),
    (Check.SYNTAX, "", hearing("/token", lambda response: answered(response, authorization_details={}))),
    (
        Check.SYNTAX,
        "",
        hearing("/token", lambda response: answered(response, authorization_details=[{"type": "openid_credential"}])),
    ),
    (
        Check.SYNTAX,
        "",
        hearing(
            "/token",
            lambda response: answered(
                response, authorization_details=[{"type": "openid_credential", "credential_identifiers": [7]}]
            ),
        ),
    ),
    (Check.SYNTAX, "", hearing("/nonce", lambda response: answered(response, c_nonce=None))),
    (Check.SYNTAX, "", hearing("/nonce", lambda response: with_type(response, "text/plain"))),
    (Check.ENCRYPTION, "", in_the_clear("/credential")),
    (Check.SYNTAX, "", hearing("/credential", lambda response: with_type(response, "text/plain"), encrypted=False)),
    (Check.SYNTAX, "", hearing("/credential", lambda response: answered(response, credentials=[]), encrypted=False)),
    (
        Check.SYNTAX,
        "",
        hearing(
            "/credential",
            lambda response: answered(response, credentials=[{"credential": "x"}] * 3),
            encrypted=False,
        ),
    ),
    (
        Check.SYNTAX,
        "",
        hearing("/credential", lambda response: answered(response, credentials=[{"credential": 7}]), encrypted=False),
    ),
    (
        Check.SYNTAX,
        "",
        hearing("/credential", lambda response: answered(response, interval=0), encrypted=False, waits=1),
    ),
    (
        Check.PEER_REFUSAL,
        "credential_request_denied",
        hearing("/credential", refused(400, b'{"error":"credential_request_denied"}', JSON)),
    ),
    (
        Check.PEER_REFUSAL,
        "insufficient_scope",
        hearing("/credential", refused(403, b"", ("www-authenticate", 'DPoP error="insufficient_scope"'))),
    ),
    (Check.PEER_REFUSAL, "invalid_nonce", hearing("/credential", refused(400, b'{"error":"invalid_nonce"}', JSON))),
    (Check.PEER_REFUSAL, "invalid_token", hearing("/credential", refused(401, b'{"error":"invalid_token"}', JSON))),
    (Check.SERVER_METADATA, "", no_deferred_endpoint),
    (Check.SYNTAX, "", hearing("/par", lambda response: answered(response, request_uri="u" * 513))),
    (Check.SERVER_METADATA, "", renewed_elsewhere),
    (Check.SERVER_METADATA, "", metadata(nonce_endpoint=None)),
    (Check.OFFER_OPEN, "server_error", offer_that_is(404)),
    (Check.OFFER_OPEN, "server_error", offer_that_is(410)),
    (Check.PEER_REFUSAL, "server_error", offer_that_is(411)),
)
REFUSALS: tuple[tuple[Check, Callable[[], object]], ...] = tuple((check, mutation) for check, _, mutation in CASES)


@pytest.mark.parametrize(
    ("check", "code", "mutation"), CASES, ids=[f"{at}-{case[0].id}" for at, case in enumerate(CASES)]
)
def test_the_wallet_refuses_with_its_check(check: Check, code: str, mutation: Callable[[], object]) -> None:
    with pytest.raises((Denied, Rejected, Malformed)) as refusal:
        mutation()
    assert (refusal.value.check, getattr(refusal.value, "code", "")) == (check, code)
