"""OpenID Connect Core 1.0 and Discovery 1.0, RFC 6749, RFC 6750, RFC 7636, RFC 9207: the provider, clause by clause."""

import base64
import hashlib
import json

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet
from zegel_testing.authorities import NOW, fixed_key, fixed_random
from zegel_testing.sign_in import (
    ADA_SD_JWT,
    CLAIMS_UNTIL,
    CLIENT_SECRET,
    PROVIDER,
    REQUEST,
    STABLE,
    basic,
    code_issued,
    post,
    registered,
    requested,
    sd_jwt_answer,
    sent_back,
    token_form,
    token_request,
)

from zegel.checks import Check
from zegel.errors import Denied
from zegel.primitives.http import FORM, HttpRequest
from zegel.primitives.jws import sign_jws
from zegel.primitives.keys import Curve
from zegel.protocols.oidc.authorization import check_authorization_request, check_return_address, read_parameters
from zegel.protocols.oidc.hint import check_id_token_hint
from zegel.protocols.oidc.provider import PROMPTS, Provider, build_key_set, build_metadata, key_id
from zegel.protocols.oidc.sign_in import (
    AccessGranted,
    CodeIssued,
    TokenIssued,
    not_presented,
    unknown_code,
    unknown_token,
)
from zegel.protocols.oidc.token_request import (
    receive_access_token,
    receive_token_request,
    secret_digest,
    token_error,
    userinfo_error,
)

PUBLIC = {"secret_hash": None}


def redeemed(**changes):
    client = registered(**changes)
    code, issued = code_issued(client=client)
    request = token_request(code, client=client)
    return issued.redeem(request, provider=PROVIDER, now=NOW + 1, random=fixed_random("token"))


def token_of(response) -> dict:
    assert response.status == 200
    return json.loads(response.body)


def id_token_of(response, provider: Provider = PROVIDER) -> jwt.Token:
    keys = KeySet.import_key_set(json.loads(json.dumps(build_key_set(provider))))
    return jwt.decode(token_of(response)["id_token"], keys, algorithms=["ES256"])


# --- Discovery 1.0 ---------------------------------------------------------------------------------------------------


def test_discovery_3_the_metadata_names_every_endpoint_under_the_issuer() -> None:
    metadata = build_metadata(PROVIDER, clients={"tax-online": registered()})
    assert metadata["issuer"] == PROVIDER.issuer
    for name in ("authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri"):
        assert metadata[name].startswith(PROVIDER.issuer + "/")


def test_discovery_3_the_metadata_says_what_is_supported_and_no_more() -> None:
    metadata = build_metadata(PROVIDER, clients={})
    assert metadata["response_types_supported"] == ["code"]
    assert metadata["response_modes_supported"] == ["query"]
    assert metadata["grant_types_supported"] == ["authorization_code"]
    assert metadata["subject_types_supported"] == ["pairwise"]
    assert metadata["id_token_signing_alg_values_supported"] == ["ES256"]
    assert metadata["code_challenge_methods_supported"] == ["S256"]
    assert metadata["acr_values_supported"] == ["http://eidas.europa.eu/LoA/high"]
    for name in ("claims_parameter_supported", "request_parameter_supported", "request_uri_parameter_supported"):
        assert metadata[name] is False


def test_discovery_3_the_claims_are_those_of_the_clients_mappings() -> None:
    claims = build_metadata(PROVIDER, clients={"tax-online": registered()})["claims_supported"]
    assert {"sub", "acr", "family_name", "address", "nationalities"} <= set(claims)
    assert len(claims) == len(set(claims))


def test_discovery_3_without_classes_no_acr_values_are_announced() -> None:
    provider = Provider(issuer=PROVIDER.issuer, signer=PROVIDER.signer, subject_secret=PROVIDER.subject_secret)
    assert "acr_values_supported" not in build_metadata(provider, clients={})


def test_core_10_1_1_a_successor_key_is_published_before_it_signs() -> None:
    successor = fixed_key("successor").public_key
    provider = Provider(
        issuer=PROVIDER.issuer,
        signer=PROVIDER.signer,
        subject_secret=PROVIDER.subject_secret,
        other_keys=(successor, PROVIDER.signer.public_key),
    )
    keys = build_key_set(provider)["keys"]
    assert [key["kid"] for key in keys] == [key_id(PROVIDER.signer.public_key), key_id(successor)]
    assert all(key["use"] == "sig" and key["alg"] == "ES256" and "d" not in key for key in keys)


def test_the_provider_signs_with_es256_only() -> None:
    with pytest.raises(ValueError, match="ES256"):
        Provider(
            issuer=PROVIDER.issuer,
            signer=fixed_key("provider", Curve.P384),
            subject_secret=PROVIDER.subject_secret,
        )


# --- Core 3.1.2: the authorization endpoint --------------------------------------------------------------------------


def test_core_3_1_2_1_an_authorization_request_is_taken() -> None:
    state = requested()
    assert state.scope == ("openid", "profile", "email", "address")
    assert state.nonce == "the-nonce"
    assert state.return_address.state == "the-state"
    assert state.expires > NOW


def test_core_3_1_2_1_state_and_nonce_may_be_left_out() -> None:
    state = requested(state=None, nonce=None)
    assert state.nonce is None
    assert "state" not in sent_back(state.return_address.bring({}))


def test_core_3_1_2_1_state_and_nonce_may_be_as_long_as_allowed() -> None:
    state = requested(state="s" * 1024, nonce="n" * 1024)
    assert (state.return_address.state, state.nonce) == ("s" * 1024, "n" * 1024)


def test_core_3_1_2_1_unknown_scopes_and_parameters_are_ignored() -> None:
    state = requested(
        scope="openid offline_access custom", ui_locales="nl", login_hint="ada", claims="{}", acr_values="x"
    )
    assert state.scope == ("openid",)


@pytest.mark.parametrize("prompt", ["login", "consent", "select_account", "login consent", " ".join(sorted(PROMPTS))])
def test_core_3_1_2_1_every_sign_in_is_what_prompt_asks_for(prompt: str) -> None:
    assert requested(prompt=prompt, max_age="0").scope


def test_core_3_1_2_2_without_registered_client_and_redirect_uri_nothing_is_redirected() -> None:
    clients = {"tax-online": registered()}
    for change in ({"client_id": "other"}, {"redirect_uri": "https://tax.utopia.example/callback/"}):
        with pytest.raises(Denied) as refusal:
            check_return_address(REQUEST | change, clients=clients, issuer=PROVIDER.issuer)
        assert refusal.value.check is Check.SIGN_IN_CLIENT


@pytest.mark.parametrize(
    ("changes", "code", "check"),
    [
        ({"response_type": None}, "invalid_request", Check.SIGN_IN_REQUEST),
        ({"response_type": "code id_token"}, "unsupported_response_type", Check.SIGN_IN_REQUEST),
        ({"response_type": "token"}, "unsupported_response_type", Check.SIGN_IN_REQUEST),
        ({"response_mode": "fragment"}, "invalid_request", Check.SIGN_IN_REQUEST),
        ({"response_mode": "form_post"}, "invalid_request", Check.SIGN_IN_REQUEST),
        ({"scope": None}, "invalid_scope", Check.SIGN_IN_REQUEST),
        ({"scope": "profile email"}, "invalid_scope", Check.SIGN_IN_REQUEST),
        ({"nonce": "n" * 1025}, "invalid_request", Check.SIGN_IN_REQUEST),
        ({"prompt": "none"}, "login_required", Check.SIGN_IN_INTERACTION),
        ({"prompt": "none login"}, "invalid_request", Check.SIGN_IN_REQUEST),
        ({"prompt": "create"}, "invalid_request", Check.SIGN_IN_REQUEST),
        ({"max_age": "-1"}, "invalid_request", Check.SIGN_IN_REQUEST),
        ({"request": "e30.e30."}, "request_not_supported", Check.SIGN_IN_REQUEST),
        ({"request_uri": "https://tax.utopia.example/r"}, "request_uri_not_supported", Check.SIGN_IN_REQUEST),
        ({"registration": "{}"}, "registration_not_supported", Check.SIGN_IN_REQUEST),
        ({"code_challenge": None}, "invalid_request", Check.PKCE),
        ({"code_challenge_method": None}, "invalid_request", Check.PKCE),
        ({"code_challenge_method": "plain"}, "invalid_request", Check.PKCE),
        ({"code_challenge": "short"}, "invalid_request", Check.PKCE),
    ],
)
def test_core_3_1_2_6_a_refusal_goes_to_the_redirect_uri(changes, code: str, check: Check) -> None:
    parameters = {name: value for name, value in (REQUEST | changes).items() if value is not None}
    client = registered()
    address = check_return_address(parameters, clients={"tax-online": client}, issuer=PROVIDER.issuer)
    with pytest.raises(Denied) as refusal:
        check_authorization_request(parameters, return_address=address, client=client, provider=PROVIDER, now=NOW)
    assert refusal.value.check is check
    answer = sent_back(address.refuse(refusal.value))
    assert (answer["error"], answer["state"], answer["iss"]) == (code, "the-state", PROVIDER.issuer)
    assert check.id in answer["error_description"]


def test_rfc_6749_4_1_2_1_a_parameter_that_is_sent_twice_is_told_to_the_service() -> None:
    client = registered()
    for name, state in (("nonce", "the-state"), ("state", None)):
        repeated, asked = frozenset({name}), {"clients": {"tax-online": client}, "issuer": PROVIDER.issuer}
        address = check_return_address(REQUEST, repeated=repeated, **asked)
        with pytest.raises(Denied) as refusal:
            check_authorization_request(
                REQUEST, repeated=repeated, return_address=address, client=client, provider=PROVIDER, now=NOW
            )
        assert (refusal.value.check, refusal.value.field) == (Check.SIGN_IN_REQUEST, name)
        answer = sent_back(address.refuse(refusal.value))
        assert (answer["error"], answer.get("state")) == ("invalid_request", state)


@pytest.mark.parametrize("name", ["client_id", "redirect_uri"])
def test_rfc_6749_4_1_2_1_who_names_two_places_is_sent_to_neither(name: str) -> None:
    with pytest.raises(Denied) as refusal:
        check_return_address(
            REQUEST, repeated=frozenset({name}), clients={"tax-online": registered()}, issuer=PROVIDER.issuer
        )
    assert (refusal.value.check, refusal.value.field) == (Check.SIGN_IN_CLIENT, name)


@pytest.mark.parametrize(
    ("query", "repeated"),
    [
        ("a=1&b=2", set()),
        ("a=1&b=2&a=1", {"a"}),
        ("a=1&%61=2", {"a"}),
        ("a=1&a=2&a=3", {"a"}),
        ("a=&a=1&b=2", set()),  # RFC 6749 section 3.1: without a value it is left out
        ("a=1&b=2&resource=https://one.example&resource=https://two.example", set()),  # RFC 8707 section 2
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_rfc_6749_3_1_the_names_that_come_again_are_told_apart(query: str, repeated: set[str], method: str) -> None:
    posted = method == "POST"
    request = HttpRequest(
        method=method,
        url=PROVIDER.issuer + "/authorize" + ("" if posted else f"?{query}"),
        headers=(("content-type", FORM),),
        body=query.encode() if posted else b"",
    )
    values, again = read_parameters(request)
    assert (values["a"], again) == ("1", repeated)


def test_core_3_1_2_6_a_state_beyond_its_limit_gets_a_page() -> None:
    with pytest.raises(Denied) as refusal:
        requested(state="s" * 1025)
    assert refusal.value.check is Check.SIGN_IN_REQUEST


def test_core_3_1_2_6_a_person_may_refuse() -> None:
    state = requested()
    denied = not_presented("the person refused")
    assert denied.check is Check.SIGN_IN_REFUSED
    assert sent_back(state.refuse(denied))["error"] == "access_denied"


def test_core_3_1_2_5_the_code_comes_back_with_state() -> None:
    client = registered()
    issued, response = requested(client=client).accept(
        sd_jwt_answer(),
        client=client,
        provider=PROVIDER,
        claims_until=CLAIMS_UNTIL,
        now=NOW,
        random=fixed_random(),
    )
    assert response.status == 303
    answer = sent_back(response)
    assert answer.keys() == {"code", "state", "iss"}
    assert answer["state"] == "the-state"
    assert issued.key == secret_digest(answer["code"])
    assert response.header("cache-control") == "no-store"


def test_rfc_9207_2_the_response_says_who_answers() -> None:
    assert sent_back(requested().return_address.bring({}))["iss"] == PROVIDER.issuer
    assert build_metadata(PROVIDER, clients={})["authorization_response_iss_parameter_supported"] is True


def test_rfc_6749_3_1_2_a_redirect_uri_keeps_its_own_query() -> None:
    uri = "https://tax.utopia.example/callback?tenant=1"
    state = requested(client=registered(redirect_uris=(uri,)), redirect_uri=uri)
    assert sent_back(state.return_address.bring({"code": "c"}))["tenant"] == "1"


# --- Core 3.1.2.2: whom the service expects --------------------------------------------------------------------------

ADA, BOB = sd_jwt_answer(), sd_jwt_answer(ADA_SD_JWT | {"personal_administrative_number": "UT-0043"})


def id_token_for(answer=None, *, client=None, provider: Provider = PROVIDER, at: int = NOW) -> str:
    """The ID Token of an earlier sign-in."""
    client = client or registered(STABLE)
    code, issued = code_issued(client=client, answer=answer)
    _, _, response = issued.redeem(
        token_request(code, client=client), provider=provider, now=at, random=fixed_random("earlier")
    )
    return token_of(response)["id_token"]


def signed_in_with(hint: str, answer=None) -> CodeIssued:
    return code_issued(client=registered(STABLE), answer=answer, id_token_hint=hint)[1]


def test_core_3_1_2_1_the_person_of_the_hint_is_signed_in() -> None:
    hint = id_token_for(ADA)
    issued = signed_in_with(hint, ADA)
    assert issued.subject == requested(client=registered(STABLE), id_token_hint=hint).expected


def test_core_3_1_2_2_a_hint_that_has_expired_is_still_one() -> None:
    assert signed_in_with(id_token_for(ADA, at=NOW - 86_400), ADA)


def test_core_3_1_2_2_nobody_else_than_the_person_of_the_hint_is_signed_in() -> None:
    hint = id_token_for(ADA)
    with pytest.raises(Denied) as refusal:
        signed_in_with(hint, BOB)
    assert (refusal.value.code, refusal.value.check) == ("login_required", Check.HINTED_PERSON)


def test_core_3_1_2_2_a_subject_that_comes_once_is_nobody_whom_a_wallet_is_asked_for() -> None:
    client = registered()
    with pytest.raises(Denied) as refusal:
        requested(client=client, id_token_hint=id_token_for(client=client))
    assert (refusal.value.code, refusal.value.check) == ("login_required", Check.HINTED_PERSON)


def test_core_3_1_2_2_a_hint_under_a_key_of_before_counts_while_it_is_published() -> None:
    hint = id_token_for(ADA)
    keys = {"issuer": PROVIDER.issuer, "subject_secret": PROVIDER.subject_secret}
    renewed = Provider(signer=fixed_key("renewed"), other_keys=(PROVIDER.signer.public_key,), **keys)
    client = registered(STABLE)
    assert check_id_token_hint(hint, client=client, provider=renewed)
    with pytest.raises(Denied) as refusal:
        check_id_token_hint(hint, client=client, provider=Provider(signer=fixed_key("renewed"), **keys))
    assert (refusal.value.code, refusal.value.check) == ("invalid_request", Check.ID_TOKEN_HINT)


def _resigned(**changes: object) -> str:
    claims = {"iss": PROVIDER.issuer, "aud": "tax-online", "sub": "somebody"} | changes
    header = {"kid": key_id(PROVIDER.signer.public_key)}
    return sign_jws(claims, signer=PROVIDER.signer, typ="JWT", header=header).decode()


@pytest.mark.parametrize(
    "hint",
    [
        "nonsense",
        "e30.e30.e30",
        id_token_for(ADA)[:-4] + "AAAA",
        _resigned(aud="another"),
        _resigned(iss="https://elsewhere.example"),
        _resigned(aud=["tax-online", "another"]),
        _resigned(sub=None),
        sign_jws({"iss": PROVIDER.issuer}, signer=fixed_key("stranger"), typ="JWT").decode(),
        sign_jws(
            {"iss": PROVIDER.issuer, "aud": "tax-online", "sub": "somebody"},
            signer=PROVIDER.signer,
            typ="oauth-authz-req+jwt",
            header={"kid": key_id(PROVIDER.signer.public_key)},
        ).decode(),
    ],
    ids=["text", "no algorithm", "signature", "another client", "issuer", "two clients", "nobody", "key", "type"],
)
def test_core_3_1_2_2_a_hint_that_is_none_of_ours_is_an_invalid_request(hint: str) -> None:
    with pytest.raises(Denied) as refusal:
        requested(client=registered(STABLE), id_token_hint=hint)
    assert (refusal.value.code, refusal.value.check) == ("invalid_request", Check.ID_TOKEN_HINT)
    assert refusal.value.field == "id_token_hint"


# --- Core 3.1.3: the token endpoint ----------------------------------------------------------------------------------


def test_core_3_1_3_3_the_token_response_is_complete_and_uncacheable() -> None:
    _, _, response = redeemed()
    token = token_of(response)
    assert token.keys() == {"access_token", "token_type", "expires_in", "scope", "id_token"}
    assert (token["token_type"], token["expires_in"]) == ("Bearer", 300)
    assert response.header("cache-control") == "no-store"


def test_core_3_1_3_3_neither_code_nor_token_outlives_the_claims() -> None:
    code, issued = code_issued(claims_until=NOW + 10)
    assert issued.expires == NOW + 10
    spent, access, response = issued.redeem(
        token_request(code), provider=PROVIDER, now=NOW + 4, random=fixed_random("token")
    )
    assert (access.expires, spent.expires) == (NOW + 10, NOW + 10)
    assert token_of(response)["expires_in"] == 6


def test_core_2_the_id_token_says_who_when_and_for_whom() -> None:
    _, access, response = redeemed()
    token = id_token_of(response)
    assert token.claims == {
        "iss": PROVIDER.issuer,
        "sub": access.subject,
        "aud": "tax-online",
        "iat": NOW + 1,
        "exp": NOW + 301,
        "auth_time": NOW,
        "nonce": "the-nonce",
        "acr": "http://eidas.europa.eu/LoA/high",
        "at_hash": token.claims["at_hash"],
    }


def test_core_10_1_the_id_token_names_its_key() -> None:
    token = id_token_of(redeemed()[2])
    assert token.header == {"alg": "ES256", "typ": "JWT", "kid": key_id(PROVIDER.signer.public_key)}


def test_core_3_1_3_6_at_hash_is_the_left_half_of_the_hash_of_the_access_token() -> None:
    _, _, response = redeemed()
    half = hashlib.sha256(token_of(response)["access_token"].encode()).digest()[:16]
    at_hash = base64.urlsafe_b64encode(half).rstrip(b"=").decode()
    assert id_token_of(response).claims["at_hash"] == at_hash


def test_core_2_nonce_and_acr_are_left_out_where_there_is_none() -> None:
    provider = Provider(issuer=PROVIDER.issuer, signer=PROVIDER.signer, subject_secret=PROVIDER.subject_secret)
    client = registered()
    issued, response = requested(nonce=None).accept(
        sd_jwt_answer(),
        client=client,
        provider=provider,
        claims_until=CLAIMS_UNTIL,
        now=NOW,
        random=fixed_random(),
    )
    request = token_request(sent_back(response)["code"])
    _, _, response = issued.redeem(request, provider=provider, now=NOW, random=fixed_random("t"))
    assert {"nonce", "acr"}.isdisjoint(id_token_of(response).claims)


def test_core_5_4_claims_are_fetched_from_userinfo_unless_the_client_wants_them_in_the_id_token() -> None:
    _, access, response = redeemed()
    assert access.claims["family_name"] == "Brückner"
    assert "family_name" not in id_token_of(response).claims
    _, access, response = redeemed(claims_in_id_token=True)
    assert access.claims == {}
    assert id_token_of(response).claims["family_name"] == "Brückner"


def test_core_9_the_secret_comes_in_the_header_or_in_the_form() -> None:
    clients = {"tax-online": registered()}
    in_header = receive_token_request(post(token_form("code"), authorization=basic()), clients=clients)
    form = token_form("code", client_id="tax-online", client_secret=CLIENT_SECRET)
    assert receive_token_request(post(form), clients=clients) == in_header


def test_rfc_6749_2_3_1_id_and_secret_are_form_encoded_in_the_header() -> None:
    client = registered(id="tax:online", secret_hash=secret_digest("a secret: +%"))
    request = post(token_form("code"), authorization=basic("tax:online", "a secret: +%"))
    assert receive_token_request(request, clients={"tax:online": client}).client is client


def test_core_9_a_public_client_comes_with_its_id_alone() -> None:
    client = registered(**PUBLIC)
    request = receive_token_request(post(token_form("code", client_id="tax-online")), clients={"tax-online": client})
    assert request.client is client


@pytest.mark.parametrize(
    ("form", "authorization", "changes", "code", "check"),
    [
        ({}, basic(secret="wrong"), {}, "invalid_client", Check.CLIENT_SECRET),
        ({}, basic("other"), {}, "invalid_client", Check.CLIENT_SECRET),
        ({"client_id": "tax-online"}, None, {}, "invalid_client", Check.CLIENT_SECRET),
        ({}, None, {}, "invalid_client", Check.CLIENT_SECRET),
        ({"client_id": "tax-online", "client_secret": "x"}, None, PUBLIC, "invalid_client", Check.CLIENT_SECRET),
        ({}, "Bearer token", {}, "invalid_client", Check.CLIENT_SECRET),
        ({}, basic().replace("Basic", "Bearer"), {}, "invalid_client", Check.CLIENT_SECRET),
        ({}, "Basic", {}, "invalid_client", Check.CLIENT_SECRET),
        ({}, "Basic !", {}, "invalid_client", Check.CLIENT_SECRET),
        ({}, "Basic /w==", {}, "invalid_client", Check.CLIENT_SECRET),
        ({}, "Basic YWJj", {}, "invalid_client", Check.CLIENT_SECRET),
        ({"client_secret": CLIENT_SECRET}, basic(), {}, "invalid_request", Check.CLIENT_SECRET),
        ({"client_id": "other"}, basic(), {}, "invalid_request", Check.CLIENT_SECRET),
        ({"grant_type": None}, basic(), {}, "invalid_request", Check.SIGN_IN_TOKEN_REQUEST),
        ({"grant_type": "refresh_token"}, basic(), {}, "unsupported_grant_type", Check.SIGN_IN_TOKEN_REQUEST),
        ({"code": None}, basic(), {}, "invalid_request", Check.SIGN_IN_TOKEN_REQUEST),
    ],
)
def test_rfc_6749_5_2_a_token_request_that_does_not_hold_is_refused(form, authorization, changes, code, check) -> None:
    client = registered(**changes)
    with pytest.raises(Denied) as refusal:
        receive_token_request(
            post(token_form("code", **form), authorization=authorization), clients={"tax-online": client}
        )
    assert (refusal.value.code, refusal.value.check) == (code, check)
    response = token_error(refusal.value)
    assert json.loads(response.body)["error"] == code
    assert response.status == (401 if code == "invalid_client" else 400)
    assert (response.header("www-authenticate") is not None) == (code == "invalid_client")


def test_rfc_6749_3_2_a_parameter_that_is_sent_twice_is_refused() -> None:
    request = post(token_form("code"), authorization=basic())
    twice = type(request)(method="POST", url=request.url, headers=request.headers, body=request.body + b"&code=other")
    with pytest.raises(Denied) as refusal:
        receive_token_request(twice, clients={"tax-online": registered()})
    assert (refusal.value.code, refusal.value.check) == ("invalid_request", Check.SYNTAX)


def test_rfc_6749_4_1_3_the_code_serves_its_own_client_only() -> None:
    code, issued = code_issued()
    other = registered(id="other")
    request = receive_token_request(post(token_form(code), authorization=basic("other")), clients={"other": other})
    _refused(issued, request, Check.SIGN_IN_CODE, "client_id")


@pytest.mark.parametrize("redirect_uri", [None, "https://tax.utopia.example/callback/"])
def test_rfc_6749_4_1_3_the_redirect_uri_is_that_of_the_request(redirect_uri) -> None:
    code, issued = code_issued()
    _refused(issued, token_request(code, redirect_uri=redirect_uri), Check.SIGN_IN_CODE, "redirect_uri")


@pytest.mark.parametrize("verifier", [None, "short", "another-verifier-of-forty-three-characters-or-more"])
def test_rfc_7636_4_6_the_verifier_belongs_to_the_challenge(verifier) -> None:
    code, issued = code_issued()
    _refused(issued, token_request(code, code_verifier=verifier), Check.PKCE, "code_verifier")


def test_rfc_6749_4_1_2_a_code_lives_a_minute() -> None:
    code, issued = code_issued()
    assert issued.redeem(token_request(code), provider=PROVIDER, now=NOW + 59, random=fixed_random())
    _refused(issued, token_request(code), Check.SIGN_IN_CODE, "code", now=NOW + 60)


def test_a_wrong_token_request_leaves_the_code_to_the_right_one() -> None:
    code, issued = code_issued()
    _refused(issued, token_request(code, redirect_uri=None), Check.SIGN_IN_CODE, "redirect_uri")
    assert issued.redeem(token_request(code), provider=PROVIDER, now=NOW, random=fixed_random())


def test_rfc_6749_4_1_2_a_code_that_is_used_twice_takes_back_what_it_gave() -> None:
    spent, access, _ = redeemed()
    assert isinstance(spent, TokenIssued)
    assert spent.access_key == access.key
    assert spent.expires == access.expires
    assert spent.replay().code == "invalid_grant"
    assert not hasattr(spent, "redeem")


def test_rfc_6749_5_2_an_unknown_code_is_an_invalid_grant() -> None:
    assert (unknown_code().code, unknown_code().check) == ("invalid_grant", Check.SIGN_IN_CODE)


def test_no_state_holds_a_code_or_a_token() -> None:
    code, issued = code_issued()
    spent, access, response = issued.redeem(token_request(code), provider=PROVIDER, now=NOW, random=fixed_random("t"))
    token = token_of(response)["access_token"]
    for state in (issued, spent, access):
        assert code not in repr(state)
        assert token not in repr(state)


def _refused(issued, request, check: Check, field: str, now: int = NOW) -> None:
    with pytest.raises(Denied) as refusal:
        issued.redeem(request, provider=PROVIDER, now=now, random=fixed_random())
    assert (refusal.value.code, refusal.value.check, refusal.value.field) == ("invalid_grant", check, field)


# --- Core 5.3: the userinfo endpoint ---------------------------------------------------------------------------------


def test_core_5_3_2_userinfo_gives_the_claims_and_the_subject() -> None:
    _, access, _ = redeemed(subject=STABLE)
    response = access.userinfo()
    assert json.loads(response.body) == {
        "sub": access.subject,
        "family_name": "Brückner",
        "given_name": "Ada",
        "birthdate": "1990-02-28",
        "nationalities": ["UT", "AT"],
        "address": {"locality": "Hythloday", "country": "UT"},
        "email": "ada@utopia.example",
    }
    assert response.header("content-type") == "application/json"
    assert response.header("cache-control") == "no-store"


def test_core_5_3_1_the_access_token_comes_in_the_header() -> None:
    _, access, response = redeemed()
    token = token_of(response)["access_token"]
    for scheme in ("Bearer", "bearer"):
        request = post({}, authorization=f"{scheme} {token}", path="/userinfo")
        assert receive_access_token(request) == access.key


@pytest.mark.parametrize("authorization", [None, basic(), "Token token"])
def test_rfc_6750_3_1_who_brings_no_token_is_told_how_to_and_no_error(authorization) -> None:
    with pytest.raises(Denied) as refusal:
        receive_access_token(post({}, authorization=authorization, path="/userinfo"))
    assert refusal.value.check is Check.SIGN_IN_TOKEN
    response = userinfo_error(refusal.value)
    assert (response.status, response.header("www-authenticate")) == (401, 'Bearer realm="zegel"')
    said = json.loads(response.body)
    assert said["check"] == Check.SIGN_IN_TOKEN.id
    assert {"error", "error_description"}.isdisjoint(said)


@pytest.mark.parametrize("authorization", ["Bearer", "Bearer two tokens", "bearer " + "t" * 2_001])
def test_core_5_3_3_what_is_no_bearer_token_is_an_invalid_one(authorization) -> None:
    with pytest.raises(Denied) as refusal:
        receive_access_token(post({}, authorization=authorization, path="/userinfo"))
    assert (refusal.value.code, refusal.value.check) == ("invalid_token", Check.SIGN_IN_TOKEN)
    response = userinfo_error(refusal.value)
    assert response.status == 401
    assert response.header("www-authenticate").startswith('Bearer realm="zegel", error="invalid_token"')


def test_rfc_6750_2_2_a_token_in_the_body_is_refused_by_name() -> None:
    with pytest.raises(Denied) as refusal:
        receive_access_token(post({"access_token": "token"}, path="/userinfo"))
    assert (refusal.value.code, refusal.value.field) == ("invalid_request", "access_token")
    assert userinfo_error(refusal.value).status == 400


def test_rfc_6750_2_1_beside_a_token_in_the_header_the_body_says_nothing() -> None:
    request = post({"access_token": "another", "anything": "else"}, authorization="Bearer token", path="/userinfo")
    assert receive_access_token(request) == secret_digest("token")


def test_core_5_3_3_a_header_that_is_sent_twice_is_an_invalid_request() -> None:
    request = post({}, authorization="Bearer a", path="/userinfo")
    twice = type(request)(method="GET", url=request.url, headers=(*request.headers, ("authorization", "Bearer b")))
    with pytest.raises(Denied) as refusal:
        receive_access_token(twice)
    assert userinfo_error(refusal.value).status == 400


def test_core_5_3_3_an_unknown_token_is_refused() -> None:
    assert (unknown_token().code, unknown_token().check) == ("invalid_token", Check.SIGN_IN_TOKEN)


def test_core_5_3_2_the_subject_of_userinfo_is_that_of_the_id_token() -> None:
    _, access, response = redeemed()
    assert isinstance(access, AccessGranted)
    assert id_token_of(response).claims["sub"] == access.subject


def test_core_8_the_subject_cannot_be_overwritten_by_a_claim() -> None:
    assert json.loads(
        AccessGranted(key="k", subject="right", claims={"sub": "wrong"}, expires=NOW).userinfo().body
    ) == {"sub": "right"}


def test_core_16_a_subject_that_cannot_be_made_refuses_the_sign_in() -> None:
    client = registered(STABLE)
    state = requested(client=client)
    with pytest.raises(Denied) as refusal:
        state.accept(
            sd_jwt_answer(ADA_SD_JWT | {"personal_administrative_number": ""}),
            client=client,
            provider=PROVIDER,
            claims_until=CLAIMS_UNTIL,
            now=NOW,
            random=fixed_random(),
        )
    assert (refusal.value.code, refusal.value.check) == ("access_denied", Check.SUBJECT_VALUE)
    assert sent_back(state.refuse(refusal.value))["error"] == "access_denied"
