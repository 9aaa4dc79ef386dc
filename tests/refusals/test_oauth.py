"""Authorization server: one mutation of a good message for each refusal, with its check and its code."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from zegel_testing.authorities import NOW, fixed_key
from zegel_testing.issuance import (
    REDIRECT,
    SERVER,
    WALLET_ID,
    Issuer,
    at,
    log_in,
    plain_issuer,
    ready_for,
    redeem,
    resigned,
    wallet_attestation,
    wallet_client,
    with_form,
    with_header,
)

from zegel.checks import Check
from zegel.errors import Denied, ZegelError
from zegel.primitives.http import HttpRequest
from zegel.primitives.jws import sign_jws
from zegel.profiles import HAIP, PLAIN, Profile
from zegel.protocols.oauth.authorization import check_authorization_request, person_refused, request_uri_of
from zegel.protocols.oauth.client_attestation import HEADER, POP_HEADER, sign_attestation_pop
from zegel.protocols.oauth.dpop import sign_dpop, thumbprint_of
from zegel.protocols.oauth.lifetimes import CODE_SECONDS, NONCE_SECONDS, REQUEST_URI_SECONDS
from zegel.protocols.oauth.nonces import NoncePurpose
from zegel.protocols.openid4vci.offer import CredentialOffer
from zegel.protocols.openid4vci.wallet.authorization import begin_authorization

Edit = Callable[[HttpRequest], HttpRequest]
INSTANCE, DPOP = fixed_key("wallet instance"), fixed_key("dpop")
ANOTHER_THUMBPRINT = thumbprint_of(fixed_key("another").public_key)


def first_denial(issuer: Issuer, flow: Callable[[], object]) -> Denied:
    """What the issuer refused first while the flow ran."""
    try:
        flow()
    except ZegelError as error:
        if not issuer.denials and isinstance(error, Denied):
            return error
    return issuer.denials[0]


def after(path: str, edit: Edit, profile: Profile = HAIP, *, issuer: Issuer | None = None) -> Callable[[], object]:
    """A flow whose first request to ``path`` is edited."""

    def run() -> object:
        peer = issuer or Issuer(profile=profile)
        peer.edit_request = at(path, edit)
        raise first_denial(peer, lambda: log_in(peer, peer.offer("id-sdjwt"), wallet_client(peer.profile)))

    return run


def par(**fields: str | None) -> Callable[[], object]:
    """A pushed request with other form fields."""
    return after("/par", lambda request: with_form(request, **fields))


def unproven_par(**fields: str | None) -> Callable[[], object]:
    """A pushed request without a DPoP proof, with other form fields."""
    return after("/par", lambda request: with_form(with_header(request, "dpop", None), **fields))


def token(**fields: str | None) -> Callable[[], object]:
    """A token request with other form fields."""
    return after("/token", lambda request: with_form(request, **fields))


def pop(header: dict[str, str | None] | None = None, **claims: object) -> Callable[[], object]:
    """A pushed request whose proof of possession is signed anew, with other claims."""

    def edit(request: HttpRequest) -> HttpRequest:
        proof = request.header(POP_HEADER) or ""
        return with_header(request, POP_HEADER, resigned(proof, INSTANCE, header=header, **claims))

    return after("/par", edit)


def dpop(**claims: object) -> Callable[[], object]:
    """A token request whose DPoP proof is signed anew, with other claims."""
    return after("/token", lambda request: with_header(request, "dpop", resigned(_dpop(request), DPOP, **claims)))


def _dpop(request: HttpRequest) -> str:
    return request.header("dpop") or ""


def stale_challenge() -> object:
    issuer = Issuer()
    stale = issuer.server.nonces.issue(
        NoncePurpose.ATTESTATION_CHALLENGE, now=NOW - NONCE_SECONDS, random=issuer.random
    )
    return _with_challenge(issuer, stale)


def nonce_of_another_purpose() -> object:
    issuer = Issuer()
    return _with_challenge(issuer, issuer.server.nonces.issue(NoncePurpose.DPOP, now=NOW, random=issuer.random))


def _with_challenge(issuer: Issuer, challenge: str) -> object:
    def edit(request: HttpRequest) -> HttpRequest:
        proof = resigned(request.header(POP_HEADER) or "", INSTANCE, challenge=challenge)
        return with_header(request, POP_HEADER, proof)

    return after("/par", edit, issuer=issuer)()


def attestation_of_a_stranger() -> object:
    stranger = fixed_key("stranger")
    signed = sign_jws(
        {"sub": WALLET_ID, "exp": NOW + 60, "cnf": {"jwk": INSTANCE.public_key.jwk()}},
        signer=stranger,
        typ="oauth-client-attestation+jwt",
    ).decode()
    return after("/par", lambda request: with_header(request, HEADER, signed))()


def attestation_that_expired() -> object:
    expired = wallet_attestation(INSTANCE, now=NOW - 7200, expires=NOW - 3600)
    return after("/par", lambda request: with_header(request, HEADER, expired))()


def two_attestations() -> object:
    def edit(request: HttpRequest) -> HttpRequest:
        return replace(request, headers=(*request.headers, (HEADER, request.header(HEADER) or "")))

    return after("/par", edit)()


def two_proofs(path: str) -> Callable[[], object]:
    """A request with its DPoP proof on two lines."""
    return after(
        path, lambda request: replace(request, headers=(*request.headers, ("dpop", request.header("dpop") or "")))
    )


def replayed(path: str) -> Callable[[], object]:
    """The same request a second time."""

    def run() -> object:
        issuer = Issuer()
        log_in(issuer, issuer.offer("id-sdjwt"), wallet_client(HAIP))
        again = next(request for request, _ in issuer.seen if request.url.endswith(path))
        issuer.handle(again)
        raise issuer.denials[0]

    return run


def pushed(issuer: Issuer) -> dict[str, str]:
    """The parameters with which a browser comes."""
    step = begin_authorization(
        ready_for(issuer, issuer.offer("id-sdjwt")), client=wallet_client(HAIP), now=issuer.now, random=issuer.random
    )
    while hasattr(step, "request"):
        step = step.receive(issuer.handle(step.request), now=issuer.now, random=issuer.random)
    return HttpRequest(method="GET", url=step.url).query()


def authorize_without_pushing() -> object:
    return request_uri_of({"response_type": "code", "client_id": WALLET_ID, "redirect_uri": REDIRECT})


def authorize_an_unknown_request() -> object:
    return check_authorization_request({"client_id": WALLET_ID}, pushed=None, now=NOW)


def authorize_late() -> object:
    issuer = Issuer()
    parameters = pushed(issuer)
    state = issuer.store.load("pushed", parameters["request_uri"])
    return check_authorization_request(parameters, pushed=state, now=NOW + REQUEST_URI_SECONDS)


def authorize_as_another() -> object:
    issuer = Issuer()
    parameters = pushed(issuer)
    state = issuer.store.load("pushed", parameters["request_uri"])
    return check_authorization_request(parameters | {"client_id": "another"}, pushed=state, now=NOW)


def authorize_twice() -> object:
    issuer = Issuer()
    log_in(issuer, issuer.offer("id-sdjwt"), wallet_client(HAIP))
    (pushed_response,) = [response for request, response in issuer.seen if request.url.endswith("/par")]
    uri = pushed_response.body.decode().split('"')[3]
    return issuer.browse(f"{SERVER}/authorize?client_id={WALLET_ID}&request_uri={uri}")


def person_says_no() -> object:
    issuer = Issuer(declines=True)
    return log_in(issuer, issuer.offer("id-sdjwt"), wallet_client(HAIP))


def consent_is_refused() -> object:
    raise person_refused()


def late(seconds: int) -> Callable[[], object]:
    """A token request after the code's time, with proofs and challenge as fresh as can be."""

    def run() -> object:
        issuer = Issuer()

        def edit(request: HttpRequest) -> HttpRequest:
            issuer.now += seconds
            return request

        issuer.edit_request = at("/token", edit)
        raise first_denial(issuer, lambda: log_in(issuer, issuer.offer("id-sdjwt"), wallet_client(HAIP)))

    return run


def with_another_instance() -> object:
    issuer = Issuer()
    other = fixed_key("another instance")

    def edit(request: HttpRequest) -> HttpRequest:
        challenge = issuer.server.challenge(now=NOW, random=issuer.random)
        proof = sign_attestation_pop(
            other, client_id=WALLET_ID, audience=SERVER, challenge=challenge, now=NOW, random=issuer.random
        )
        return with_header(with_header(request, HEADER, wallet_attestation(other)), POP_HEADER, proof)

    return after("/token", edit, issuer=issuer)()


def with_another_key() -> object:
    return _with_dpop_key(Issuer(), "/token")


def _with_dpop_key(issuer: Issuer, path: str) -> object:
    def edit(request: HttpRequest) -> HttpRequest:
        nonce = issuer.server.fresh(now=NOW, random=issuer.random).dpop
        proof = sign_dpop(
            fixed_key("another"), method="POST", url=request.url, now=NOW, random=issuer.random, nonce=nonce
        )
        return with_header(request, "dpop", proof)

    return after(path, edit, issuer=issuer)()


def with_a_private_key_in_the_proof() -> object:
    def edit(request: HttpRequest) -> HttpRequest:
        header = {"jwk": DPOP.secret_jwk()}
        return with_header(request, "dpop", resigned(_dpop(request), DPOP, header=header))

    return after("/token", edit)()


def with_a_bad_signature() -> object:
    return after("/token", lambda request: with_header(request, "dpop", resigned(_dpop(request), fixed_key("x"))))()


def pre_authorized(**fields: str | None) -> Callable[[], object]:
    """A pre-authorised request with other form fields."""

    def run() -> object:
        issuer = plain_issuer()
        offer = issuer.offer("id-sdjwt", pre_authorized=True, tx_code="1234")
        return _redeemed(issuer, offer, "1234", **fields)

    return run


def unasked_transaction_code() -> object:
    issuer = plain_issuer()
    return _redeemed(issuer, issuer.offer("id-sdjwt", pre_authorized=True), None, tx_code="1234")


def _redeemed(issuer: Issuer, offer: CredentialOffer, entered: str | None, /, **fields: str | None) -> object:
    """Without a challenge endpoint the DPoP nonce is refused first; what comes then counts."""

    def edit(request: HttpRequest) -> HttpRequest:
        return with_form(request, **fields) if request.url.endswith("/token") else request

    issuer.edit_request = edit
    with pytest.raises(ZegelError):
        redeem(issuer, offer, wallet_client(PLAIN), tx_code=entered)
    raise issuer.denials[-1]


def pre_authorized_under_haip() -> object:
    grant = "urn:ietf:params:oauth:grant-type:pre-authorized_code"
    return after("/token", lambda request: with_form(request, grant_type=grant, **{"pre-authorized_code": "x"}))()


def public_client_under_haip() -> object:
    def edit(request: HttpRequest) -> HttpRequest:
        return with_header(with_header(request, HEADER, None), POP_HEADER, None)

    return after("/par", edit)()


def long_client_name() -> object:
    return after("/par", lambda request: with_form(request, client_id="x" * 600), PLAIN)()


def nameless_client() -> object:
    return after("/par", lambda request: with_form(request, client_id=None), PLAIN)()


def registered_elsewhere() -> object:
    issuer = Issuer()
    server = replace(issuer.server, redirect_uris={WALLET_ID: ("https://wallet.utopia.example/other",)})
    fixed = type("Fixed", (Issuer,), {"server": property(lambda self: server)})()
    return after("/par", lambda request: request, issuer=fixed)()


CASES: tuple[tuple[Check, str, Callable[[], object]], ...] = (
    (
        Check.SYNTAX,
        "invalid_request",
        after("/par", lambda request: with_header(request, "content-type", "text/plain")),
    ),
    (Check.SYNTAX, "invalid_request", after("/token", lambda request: replace(request, body=b"a=1&a=2"))),
    (Check.REQUEST_PARAMETERS, "invalid_request", par(response_type=None)),
    (Check.REQUEST_PARAMETERS, "unsupported_response_type", par(response_type="token")),
    (Check.REQUEST_PARAMETERS, "unsupported_response_type", par(response_type="code id_token")),
    (Check.REQUEST_PARAMETERS, "invalid_request", par(request_uri="urn:ietf:params:oauth:request_uri:x")),
    (Check.REQUEST_PARAMETERS, "invalid_request", par(request="e30.e30.e30")),
    (Check.REQUEST_PARAMETERS, "invalid_request", par(response_mode="fragment")),
    (Check.REQUEST_PARAMETERS, "invalid_request", par(state="s" * 1025)),
    (Check.REQUEST_PARAMETERS, "invalid_request", par(issuer_state="s" * 1025)),
    (Check.REQUEST_PARAMETERS, "invalid_request", nameless_client),
    (Check.REQUEST_PARAMETERS, "invalid_request", par(client_id=None)),
    (Check.REQUEST_PARAMETERS, "invalid_client", long_client_name),
    (Check.PKCE, "invalid_request", par(code_challenge=None)),
    (Check.PKCE, "invalid_request", par(code_challenge_method=None)),
    (Check.PKCE, "invalid_request", par(code_challenge_method="plain")),
    (Check.PKCE, "invalid_request", par(code_challenge="short")),
    (Check.REDIRECT_URI, "invalid_request", par(redirect_uri=None)),
    (Check.REDIRECT_URI, "invalid_request", par(redirect_uri="http://wallet.utopia.example/callback")),
    (Check.REDIRECT_URI, "invalid_request", par(redirect_uri="https://wallet.utopia.example/callback#part")),
    (Check.REDIRECT_URI, "invalid_request", par(redirect_uri="javascript:alert(1)")),
    (Check.REDIRECT_URI, "invalid_request", par(redirect_uri="https://[")),
    (Check.REDIRECT_URI, "invalid_request", par(redirect_uri="//wallet.utopia.example/callback")),
    (Check.REDIRECT_URI, "invalid_request", registered_elsewhere),
    (Check.CREDENTIAL_CHOICE, "invalid_scope", par(scope="openid")),
    (Check.CREDENTIAL_CHOICE, "invalid_target", par(resource="https://another.example")),
    (
        Check.CREDENTIAL_CHOICE,
        "invalid_authorization_details",
        par(authorization_details='[{"type":"openid_credential","credential_configuration_id":"x"}]'),
    ),
    (
        Check.CREDENTIAL_CHOICE,
        "invalid_authorization_details",
        par(authorization_details='[{"type":"openid_credential","credential_configuration_id":"id-mdoc"}]'),
    ),
    (Check.SYNTAX, "invalid_authorization_details", par(authorization_details='[{"type":"payment"}]')),
    (Check.PROFILE, "invalid_client", public_client_under_haip),
    (Check.CLIENT_AUTHENTICATION, "invalid_client", par(client_id="another")),
    (
        Check.CLIENT_AUTHENTICATION,
        "invalid_client_attestation",
        after("/par", lambda request: with_header(request, POP_HEADER, None)),
    ),
    (
        Check.CLIENT_AUTHENTICATION,
        "invalid_client_attestation",
        after("/par", lambda request: with_header(request, HEADER, None)),
    ),
    (Check.SYNTAX, "invalid_client_attestation", two_attestations),
    (Check.CLIENT_AUTHENTICATION, "invalid_client_attestation", pop(iss="another")),
    (Check.CLIENT_AUTHENTICATION, "invalid_client_attestation", pop(aud="https://another.example")),
    (Check.CLIENT_AUTHENTICATION, "invalid_client_attestation", pop(aud=[SERVER])),
    (Check.CLIENT_AUTHENTICATION, "invalid_client_attestation", pop(jti=None)),
    (Check.CLIENT_AUTHENTICATION, "invalid_client_attestation", pop(jti="")),
    (Check.CLIENT_AUTHENTICATION, "invalid_client_attestation", pop(iat=None)),
    (Check.CLIENT_AUTHENTICATION, "invalid_client_attestation", pop(iat=NOW - 301)),
    (Check.CLIENT_AUTHENTICATION, "invalid_client_attestation", pop(iat=NOW + 11)),
    (Check.CLIENT_AUTHENTICATION, "invalid_client_attestation", pop(iat="now")),
    (Check.CLIENT_AUTHENTICATION, "invalid_client_attestation", pop(nbf=NOW + 11)),
    (Check.CLIENT_AUTHENTICATION, "invalid_client_attestation", pop(exp=NOW - 60)),
    (Check.CLIENT_AUTHENTICATION, "invalid_client_attestation", pop(challenge=7)),
    (Check.TOKEN_TYPE, "invalid_client_attestation", pop(header={"typ": "JWT"})),
    (Check.CHAIN, "invalid_client_attestation", attestation_of_a_stranger),
    (Check.ATTESTATION_VALIDITY, "invalid_client_attestation", attestation_that_expired),
    (Check.ATTESTATION_CHALLENGE, "use_attestation_challenge", pop(challenge=None)),
    (Check.ATTESTATION_CHALLENGE, "use_attestation_challenge", stale_challenge),
    (Check.ATTESTATION_CHALLENGE, "use_attestation_challenge", nonce_of_another_purpose),
    (Check.REPLAY, "invalid_client_attestation", replayed("/par")),
    (Check.DPOP_BINDING, "invalid_dpop_proof", par(dpop_jkt=ANOTHER_THUMBPRINT)),
    (Check.REQUEST_PARAMETERS, "invalid_request", par(dpop_jkt="another")),
    (Check.REQUEST_PARAMETERS, "invalid_request", par(dpop_jkt=ANOTHER_THUMBPRINT + "=")),
    (Check.REQUEST_PARAMETERS, "invalid_request", par(dpop_jkt="a" * 43)),
    (Check.REQUEST_PARAMETERS, "invalid_request", unproven_par(dpop_jkt=ANOTHER_THUMBPRINT[1:])),
    (Check.SYNTAX, "invalid_dpop_proof", two_proofs("/par")),
    (Check.SYNTAX, "invalid_dpop_proof", two_proofs("/token")),
    (Check.PUSHED_REQUEST, "invalid_request", authorize_without_pushing),
    (Check.PUSHED_REQUEST, "invalid_request", authorize_an_unknown_request),
    (Check.PUSHED_REQUEST, "invalid_request", authorize_late),
    (Check.PUSHED_REQUEST, "invalid_request", authorize_as_another),
    (Check.PUSHED_REQUEST, "invalid_request", authorize_twice),
    (Check.CONSENT, "access_denied", consent_is_refused),
    (Check.ACCESS_DENIED, "access_denied", person_says_no),
    (Check.REQUEST_PARAMETERS, "invalid_request", token(grant_type=None)),
    (Check.REQUEST_PARAMETERS, "unsupported_grant_type", token(grant_type="password")),
    (Check.REQUEST_PARAMETERS, "invalid_request", token(code=None)),
    (Check.PROFILE, "unsupported_grant_type", pre_authorized_under_haip),
    (Check.GRANT, "invalid_grant", token(code="unknown")),
    (Check.GRANT, "invalid_grant", late(CODE_SECONDS)),
    (Check.GRANT, "invalid_grant", with_another_instance),
    (Check.REDIRECT_URI, "invalid_grant", token(redirect_uri=REDIRECT + "/")),
    (Check.REDIRECT_URI, "invalid_grant", token(redirect_uri=None)),
    (Check.PKCE, "invalid_grant", token(code_verifier=None)),
    (Check.PKCE, "invalid_grant", token(code_verifier="v" * 43)),
    (
        Check.CREDENTIAL_CHOICE,
        "invalid_authorization_details",
        token(authorization_details='[{"type":"openid_credential","credential_configuration_id":"id-mdoc"}]'),
    ),
    (Check.DPOP_BINDING, "invalid_grant", with_another_key),
    (Check.DPOP_PROOF, "invalid_dpop_proof", after("/token", lambda request: with_header(request, "dpop", None))),
    (Check.SYNTAX, "invalid_dpop_proof", after("/token", lambda request: with_header(request, "dpop", "e30.e30"))),
    (Check.SYNTAX, "invalid_dpop_proof", with_a_private_key_in_the_proof),
    (Check.SIGNATURE, "invalid_dpop_proof", with_a_bad_signature),
    (Check.DPOP_PROOF, "invalid_dpop_proof", dpop(htm="GET")),
    (Check.DPOP_PROOF, "invalid_dpop_proof", dpop(htu="https://another.example/token")),
    (Check.DPOP_PROOF, "invalid_dpop_proof", dpop(htu="token")),
    (Check.DPOP_PROOF, "invalid_dpop_proof", dpop(htu=None)),
    (Check.DPOP_PROOF, "invalid_dpop_proof", dpop(jti=None)),
    (Check.DPOP_PROOF, "invalid_dpop_proof", dpop(jti="x" * 257)),
    (Check.DPOP_PROOF, "invalid_dpop_proof", dpop(iat=NOW - 301)),
    (Check.DPOP_PROOF, "invalid_dpop_proof", dpop(iat=NOW + 61)),
    (Check.DPOP_PROOF, "invalid_dpop_proof", dpop(nonce=7)),
    (Check.DPOP_NONCE, "use_dpop_nonce", dpop(nonce=None)),
    (Check.DPOP_NONCE, "use_dpop_nonce", dpop(nonce="guess")),
    (Check.DPOP_NONCE, "use_dpop_nonce", dpop(nonce="A" * 43)),
    (Check.TRANSACTION_CODE, "invalid_grant", pre_authorized(tx_code="4321")),
    (Check.TRANSACTION_CODE, "invalid_request", pre_authorized(tx_code=None)),
    (Check.TRANSACTION_CODE, "invalid_request", unasked_transaction_code),
    (Check.GRANT, "invalid_grant", pre_authorized(**{"pre-authorized_code": "unknown"})),
    (Check.CREDENTIAL_CHOICE, "invalid_scope", pre_authorized(scope="utopia.id-mdoc")),
)
REFUSALS: tuple[tuple[Check, Callable[[], object]], ...] = tuple((check, mutation) for check, _, mutation in CASES)


@pytest.mark.parametrize(
    ("check", "code", "mutation"), CASES, ids=[f"{at}-{case[0].id}-{case[1]}" for at, case in enumerate(CASES)]
)
def test_the_mutation_fails_with_its_check(check: Check, code: str, mutation: Callable[[], object]) -> None:
    with pytest.raises(Denied) as refusal:
        mutation()
    assert (refusal.value.check, refusal.value.code) == (check, code)
