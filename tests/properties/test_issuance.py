"""Authorization and issuance, whatever comes: round trips, and refusals as the only exceptions."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from zegel_testing.authorities import NOW, fixed_key, fixed_random
from zegel_testing.issuance import ISSUER, SERVER, Issuer, drive, log_in, ready_for, wallet_client

from zegel.checks import Check
from zegel.errors import Denied, Malformed, Rejected, ZegelError
from zegel.primitives.http import FORM, HttpRequest, HttpResponse, encode_form
from zegel.profiles import HAIP
from zegel.protocols.oauth.access import Authorized
from zegel.protocols.oauth.authorization_details import parse_authorization_details
from zegel.protocols.oauth.dpop import parse_dpop, receive_dpop, sign_dpop, verify_dpop
from zegel.protocols.oauth.metadata import parse_server_metadata, verify_server_metadata
from zegel.protocols.oauth.nonces import NoncePurpose, Nonces
from zegel.protocols.oauth.par import push_authorization_request
from zegel.protocols.oauth.pkce import check_code_verifier, code_challenge, create_code_verifier
from zegel.protocols.oauth.redirects import check_redirect_uri
from zegel.protocols.oauth.token import read_token_request
from zegel.protocols.openid4vci.credential import read_credential_request
from zegel.protocols.openid4vci.metadata import parse_issuer_metadata, verify_issuer_metadata
from zegel.protocols.openid4vci.notification import read_notification
from zegel.protocols.openid4vci.offer import (
    AuthorizationCodeOffer,
    CredentialOffer,
    InputMode,
    OfferScheme,
    PreAuthorizedOffer,
    TransactionCodePrompt,
    build_offer,
    offer_link,
    parse_offer,
    parse_offer_link,
)
from zegel.protocols.openid4vci.proofs import parse_key_proof, parse_proofs
from zegel.protocols.openid4vci.wallet.authorization import begin_authorization, return_from_browser

KEY = fixed_key("properties")
PROOF = sign_dpop(KEY, method="POST", url=SERVER, now=NOW, random=fixed_random(), nonce="n", access_token="t")
HAIP_ISSUER = Issuer()
PAUSE = drive(
    begin_authorization(
        ready_for(HAIP_ISSUER, HAIP_ISSUER.offer("id-sdjwt")),
        client=wallet_client(HAIP),
        now=NOW,
        random=HAIP_ISSUER.random,
    ),
    HAIP_ISSUER,
)
PROOF_PAUSE = log_in(HAIP_ISSUER, HAIP_ISSUER.offer("id-sdjwt"), wallet_client(HAIP))
STEPS = [
    begin_authorization(
        ready_for(HAIP_ISSUER, HAIP_ISSUER.offer("id-sdjwt")),
        client=wallet_client(HAIP),
        now=NOW,
        random=HAIP_ISSUER.random,
    )
]
while hasattr(STEPS[-1], "request"):
    STEPS.append(STEPS[-1].receive(HAIP_ISSUER.handle(STEPS[-1].request), now=NOW, random=HAIP_ISSUER.random))
STEPS.pop()

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
names = st.sampled_from(
    [
        "credential_issuer",
        "credential_endpoint",
        "credential_configurations_supported",
        "issuer",
        "token_endpoint",
        "grants",
        "credential_configuration_ids",
        "authorization_code",
        "tx_code",
        "pre-authorized_code",
        "type",
        "format",
        "urn:ietf:params:oauth:grant-type:pre-authorized_code",
        "vct",
        "scope",
        "proof_types_supported",
        "jwt",
        "jwks",
        "credential_request_encryption",
        "display",
        "claims",
        "path",
        "name",
        "error",
        "access_token",
        "token_type",
        "credentials",
        "credential",
        "c_nonce",
        "request_uri",
        "authorization_details",
        "attestation",
        "batch_size",
    ]
)
scalars = st.none() | st.booleans() | st.integers(-5, 10**6) | texts | st.sampled_from([ISSUER, SERVER, "dpop", "jwt"])
trees = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names | texts, inner, max_size=5),
    max_leaves=12,
)
objects = st.dictionaries(names, trees, max_size=8)
bodies = objects.map(lambda value: json.dumps(value).encode()) | st.binary(max_size=60)
content_types = st.sampled_from(["application/json", "application/jwt", "text/html", ""])
responses = st.builds(
    lambda status, kind, body, extra: HttpResponse(status=status, headers=(("content-type", kind), *extra), body=body),
    st.sampled_from([200, 201, 202, 204, 400, 401, 403, 500]),
    content_types,
    bodies,
    st.lists(st.tuples(st.sampled_from(["dpop-nonce", "www-authenticate"]), texts), max_size=1),
)
ids = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=12)
prompts = st.builds(
    TransactionCodePrompt,
    input_mode=st.sampled_from(InputMode),
    length=st.none() | st.integers(1, 64),
    description=st.none() | texts,
)
offers = st.builds(
    CredentialOffer,
    credential_issuer=st.sampled_from([ISSUER, ISSUER + "/tenant", "http://issuer.localhost:8001"]),
    configurations=st.lists(ids, min_size=1, max_size=4, unique=True).map(tuple),
    authorization_code=st.none() | st.builds(AuthorizationCodeOffer, issuer_state=st.none() | ids),
    pre_authorized=st.none() | st.builds(PreAuthorizedOffer, code=ids, tx_code=st.none() | prompts),
)


@given(offers, st.sampled_from(OfferScheme))
def test_an_offer_comes_back_from_json_and_from_its_link(offer: CredentialOffer, scheme: OfferScheme) -> None:
    assert parse_offer(json.dumps(build_offer(offer))) == offer
    assert parse_offer_link(offer_link(offer, scheme=scheme)) == offer


@given(st.integers(0, 2**31), st.sampled_from(NoncePurpose), st.binary(min_size=32, max_size=32))
def test_a_nonce_is_recognised_by_its_maker_alone(now: int, purpose: NoncePurpose, key: bytes) -> None:
    nonces, check = Nonces(key=key), Check.PROOF_NONCE
    nonce = nonces.issue(purpose, now=now, random=fixed_random())
    assert nonces.verify(nonce, purpose=purpose, now=now, check=check).value == nonce
    with pytest.raises(Rejected):
        Nonces(key=key[::-1] + b"x").verify(nonce, purpose=purpose, now=now, check=check)


@given(st.integers(0, 42), st.characters(min_codepoint=33, max_codepoint=126))
def test_a_nonce_with_one_character_changed_is_none(position: int, character: str) -> None:
    nonces = Nonces(key=b"k" * 32)
    nonce = nonces.issue(NoncePurpose.DPOP, now=NOW, random=fixed_random())
    changed = nonce[:position] + character + nonce[position + 1 :]
    if changed != nonce:
        with pytest.raises(Rejected):
            nonces.verify(changed, purpose=NoncePurpose.DPOP, now=NOW, check=Check.DPOP_NONCE)


@given(st.binary(min_size=32, max_size=32))
def test_a_verifier_fits_its_own_challenge(secret: bytes) -> None:
    verifier = create_code_verifier(lambda _: secret)
    assert check_code_verifier(verifier, challenge=code_challenge(verifier)) == verifier


@pytest.mark.slow
@given(bodies | st.text(max_size=80))
def test_what_does_not_parse_is_malformed(body: bytes | str) -> None:
    text = body if isinstance(body, str) else body.decode("latin-1")
    parsers = (
        lambda: parse_offer(body),
        lambda: parse_offer_link("haip-vci://?credential_offer=" + text),
        lambda: parse_offer_link(text),
        lambda: parse_authorization_details(text),
        lambda: parse_dpop(text),
        lambda: parse_key_proof(text),
    )
    for parse in parsers:
        with contextlib.suppress(Malformed):
            parse()


@given(st.integers(0, len(PROOF) - 1), st.sampled_from("Aa0.=-é"))
def test_a_proof_with_one_character_changed_is_refused(position: int, character: str) -> None:
    changed = PROOF[:position] + character + PROOF[position + 1 :]
    if changed == PROOF:
        return
    with pytest.raises((Malformed, Rejected)):
        verify_dpop(parse_dpop(changed), method="POST", url=SERVER, access_token="t", now=NOW)


@pytest.mark.slow
@given(trees)
def test_proofs_of_any_shape_parse_or_are_malformed(value: Any) -> None:
    with contextlib.suppress(Malformed):
        parse_proofs(value)


@pytest.mark.slow
@given(responses)
def test_metadata_of_any_shape_is_read_or_refused(response: HttpResponse) -> None:
    try:
        metadata = parse_issuer_metadata(response)
        verify_issuer_metadata(metadata, credential_issuer=ISSUER, anchors=None, timestamps_required=True, now=NOW)
    except (Malformed, Rejected):
        pass
    with contextlib.suppress(Malformed, Rejected):
        verify_server_metadata(parse_server_metadata(response.body), issuer=SERVER)


@pytest.mark.slow
@given(st.sampled_from(STEPS), responses)
def test_a_wallet_step_goes_on_or_refuses_whatever_the_answer(step: Any, response: HttpResponse) -> None:
    with contextlib.suppress(ZegelError):
        assert step.receive(response, now=NOW, random=fixed_random()) is not None


@given(texts)
def test_a_wallet_takes_no_answer_from_a_url_that_it_did_not_make(text: str) -> None:
    for url in (text, PAUSE.session.client.redirect_uri + "?" + text):
        with pytest.raises(ZegelError):
            return_from_browser(PAUSE, url, now=NOW, random=fixed_random())


@given(st.text(max_size=60))
def test_a_redirect_uri_never_leads_to_what_a_browser_would_run(uri: str) -> None:
    try:
        taken = check_redirect_uri(uri, registered=None)
    except Rejected:
        return
    assert taken.startswith(("https://", "http://")) or "." in taken.partition(":")[0]


form_names = st.sampled_from(
    [
        "client_id",
        "response_type",
        "code_challenge",
        "code_challenge_method",
        "redirect_uri",
        "scope",
        "state",
        "grant_type",
        "code",
        "refresh_token",
        "authorization_details",
        "resource",
        "request_uri",
        "tx_code",
    ]
)
forms = st.dictionaries(form_names, texts | st.sampled_from(["code", "S256", "authorization_code"]), max_size=8)
headers = st.lists(
    st.tuples(
        st.sampled_from(["dpop", "oauth-client-attestation", "oauth-client-attestation-pop", "authorization"]),
        texts | st.sampled_from([PROOF, "DPoP x"]),
    ),
    max_size=3,
)


@given(forms, headers)
def test_a_server_denies_whatever_it_does_not_grant(form: dict[str, str], extra: list[tuple[str, str]]) -> None:
    request = HttpRequest(
        method="POST", url=SERVER + "/par", headers=(("content-type", FORM), *extra), body=encode_form(form)
    )
    for endpoint in (
        lambda: push_authorization_request(HAIP_ISSUER.server, request, now=NOW, random=fixed_random()),
        lambda: read_token_request(HAIP_ISSUER.server, request, now=NOW),
    ):
        with pytest.raises(Denied):
            endpoint()


@given(content_types, bodies, headers)
def test_an_issuer_denies_whatever_it_does_not_grant(kind: str, body: bytes, extra: list[tuple[str, str]]) -> None:
    request = HttpRequest(
        method="POST", url=ISSUER + "/credential", headers=(("content-type", kind), *extra), body=body
    )
    with pytest.raises(Denied):
        HAIP_ISSUER.authorized(request)
    authorized = AUTHORIZED
    for endpoint in (
        lambda: read_credential_request(HAIP_ISSUER.issuer, request, authorized=authorized, now=NOW),
        lambda: read_notification(request, authorized=authorized),
    ):
        with pytest.raises(Denied):
            endpoint()


def _authorized() -> Any:
    records = HAIP_ISSUER.store.records
    grant_id, grant = next((key, value) for (kind, key), value in records.items() if kind == "grant")
    nonce = HAIP_ISSUER.issuer.fresh(now=NOW, random=fixed_random()).dpop
    proof = sign_dpop(KEY, method="POST", url=ISSUER, now=NOW, random=fixed_random(), nonce=nonce)
    request = HttpRequest(method="POST", url=ISSUER, headers=(("dpop", proof),))
    once = receive_dpop(request, nonces=HAIP_ISSUER.issuer.nonces, now=NOW).once
    return Authorized(grant_id=grant_id, grant=grant, credentials=grant.credentials, wallet_status=None, once=once)


AUTHORIZED = _authorized()
