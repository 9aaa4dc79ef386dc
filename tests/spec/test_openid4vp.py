"""OpenID for Verifiable Presentations 1.0 and HAIP 1.0 section 5, clause by clause, verifier and wallet."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jsonschema
import pytest
from zegel_testing.authorities import NOW, fixed_random
from zegel_testing.openid4vp import (
    BROWSER,
    CLIENT_ID,
    DNS_CLIENT_ID,
    NAME_QUERY,
    PID,
    REDIRECT_CLIENT_ID,
    REQUEST_URI,
    RESPONSE_URI,
    RETURN_URI,
    TARGET,
    TICKET,
    VERIFIER,
    claims_of,
    consent,
    cross_device_session,
    fetching,
    form_of,
    held,
    link_to,
    mdoc_query,
    policy,
    posted,
    presented,
    query_of,
    received,
    sd_jwt_query,
    served,
    session,
    shown,
    signed,
    transaction,
)

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.formats.credential import Format
from zegel.primitives.http import HttpRequest, HttpResponse, json_response
from zegel.primitives.jwe import parse_jwe
from zegel.primitives.jws import parse_jws
from zegel.profiles import HAIP, PLAIN, ResponseMode
from zegel.protocols.openid4vp.dcql import build_query
from zegel.protocols.openid4vp.error_codes import ErrorCode, error_code
from zegel.protocols.openid4vp.link import parse_link
from zegel.protocols.openid4vp.matching import default_choice
from zegel.protocols.openid4vp.metadata import parse_response_key, parse_vp_formats
from zegel.protocols.openid4vp.request import VerifierInfo, build_request
from zegel.protocols.openid4vp.response import UnverifiedAnswer, WalletRefusal, open_response
from zegel.protocols.openid4vp.verifier import AwaitingReturn, Failed, Ready, Requested, check_open, conclude
from zegel.protocols.openid4vp.wallet import Consent, Done, Fetching, Refusal, begin

VECTORS = Path(__file__).parents[1] / "vectors"
SCHEMAS = VECTORS / "oidf-conformance/json-schemas/oid4vp"
UNBOUND = query_of(sd_jwt_query("ticket", "seat", vct=TICKET.type, require_cryptographic_holder_binding=False))


def request_object(requested: Requested, fetch: HttpRequest | None = None) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims of what the request_uri serves."""
    fetch = fetch or HttpRequest(method="GET", url=REQUEST_URI)
    _, response = requested.serve_request(fetch, signer=VERIFIER, now=NOW)
    jws = parse_jws(response.body, what="test")
    return dict(jws.unverified_header.members), dict(jws.unverified_claims)


def answer(requested: Requested, **presentations: bytes) -> dict[str, str]:
    """The form that a wallet posts for the session."""
    step = consent(requested).accept({id_: [data] for id_, data in presentations.items()})
    return form_of(step.request)


def refused(step: object) -> Refusal:
    assert isinstance(step, Refusal)
    return step


# --- section 5: the request -------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ResponseMode)
def test_5_a_request_is_understood_by_the_wallet_as_the_verifier_meant_it(mode: ResponseMode) -> None:
    requested = session(query_of(sd_jwt_query("pid", "family_name"), mdoc_query("mdl", "portrait")), response_mode=mode)
    request = consent(requested).request
    assert request.query == requested.request.query
    assert request.challenge == requested.request.challenge
    assert request.party.client_id == CLIENT_ID
    assert request.reply.state == requested.request.state
    assert request.formats == {"dc+sd-jwt", "mso_mdoc"}


def test_5_a_request_object_has_its_type_its_chain_and_no_iss() -> None:
    header, claims = request_object(session())
    assert header["typ"] == "oauth-authz-req+jwt"
    assert len(header["x5c"]) == 1
    assert "iss" not in claims


def test_5_an_iss_in_the_request_object_is_ignored() -> None:
    assert isinstance(received(iss="https://somebody.example"), Consent)


def test_5_unknown_parameters_are_ignored() -> None:
    assert isinstance(received(colour="blue", client_id_scheme="x509_hash"), Consent)


def test_5_1_the_queries_and_infos_that_are_sent_validate_against_the_foundations_schemas() -> None:
    info = VerifierInfo(format="registration_cert", data="eyJ", credential_ids=("pid",))
    asked = query_of(
        sd_jwt_query(
            "pid", "family_name", ("nationalities", None), trusted_authorities=[{"type": "aki", "values": ["a"]}]
        ),
        mdoc_query("mdl", "portrait", multiple=True),
        credential_sets=[{"options": [["pid"], ["mdl"]]}, {"options": [["mdl"]], "required": False}],
    )
    sent = build_request(session(asked, verifier_info=(info, VerifierInfo(format="x", data={"a": 1}))).request)
    jsonschema.validate(sent["dcql_query"], json.loads((SCHEMAS / "dcql_request.json").read_text()))
    infos = {"verifier_info": sent["verifier_info"]}
    jsonschema.validate(infos, json.loads((SCHEMAS / "verifier_info.json").read_text()))


def test_5_1_the_metadata_offers_one_fresh_key_and_both_encryptions() -> None:
    first, second = (build_request(session(seed=seed).request)["client_metadata"] for seed in ("one", "two"))
    [key] = first["jwks"]["keys"]
    assert (key["kty"], key["crv"], key["use"], key["alg"]) == ("EC", "P-256", "enc", "ECDH-ES")
    assert first["encrypted_response_enc_values_supported"] == ["A128GCM", "A256GCM"]
    assert key["kid"] != second["jwks"]["keys"][0]["kid"]
    assert "d" not in key


def test_5_1_no_key_is_offered_for_a_plain_answer() -> None:
    metadata = build_request(session(response_mode=ResponseMode.DIRECT_POST).request)["client_metadata"]
    assert metadata.keys() == {"vp_formats_supported"}


@pytest.mark.parametrize(
    ("name", "formats"),
    [("sd_jwt_vc", {Format.SD_JWT_VC}), ("mso_mdoc", {Format.MDOC}), ("w3c_jwt", set()), ("w3c_ldp", set())],
)
def test_b_the_examples_of_metadata_are_understood(name: str, formats: set[Format]) -> None:
    path = VECTORS / f"openid4vp/client_metadata/{name}_verifier_metadata.json"
    assert parse_vp_formats(json.loads(path.read_text())) == formats


def test_b_2_2_no_algorithm_for_a_device_mac_is_offered() -> None:
    metadata: Any = build_request(session().request)["client_metadata"]
    values = metadata["vp_formats_supported"]["mso_mdoc"]["deviceauth_alg_values"]
    assert {-7, -9} <= set(values)
    assert all(value > -100 for value in values)


def test_5_2_nonce_and_state_are_fresh_long_and_url_safe() -> None:
    requests = [session(seed=seed).request for seed in ("one", "two")]
    values = {value for request in requests for value in (request.nonce, request.state)}
    assert len(values) == 4
    assert {len(value) for value in values} == {43}


def test_5_4_the_link_names_the_client_and_the_request_uri_alone() -> None:
    fields = parse_qs(urlsplit(session().link("haip-vp://")).query)
    assert fields == {"client_id": [CLIENT_ID], "request_uri": [REQUEST_URI]}
    fields = parse_qs(urlsplit(session(method="post").link("https://wallet.utopia.example/present?theme=1")).query)
    assert fields == {
        "theme": ["1"],
        "client_id": [CLIENT_ID],
        "request_uri": [REQUEST_URI],
        "request_uri_method": ["post"],
    }


def test_5_8_a_signed_request_is_for_wallets_that_are_not_known_beforehand() -> None:
    assert request_object(session())[1]["aud"] == "https://self-issued.me/v2"
    assert isinstance(received(aud=["https://self-issued.me/v2"]), Consent)


def test_5_8_the_request_uri_itself_is_taken_for_an_audience_too() -> None:
    assert isinstance(received(aud=REQUEST_URI), Consent)


def test_5_9_3_x509_san_dns_is_answered_on_the_host_that_it_names() -> None:
    step = received(session(client_id=DNS_CLIENT_ID))
    assert isinstance(step, Consent)
    assert step.request.party.client_id == DNS_CLIENT_ID


@pytest.mark.requirement("RPA_06a")
def test_5_9_3_redirect_uri_is_unsigned_and_nobody_vouches_for_it() -> None:
    asked = query_of(sd_jwt_query("ticket", "seat", vct=TICKET.type, require_cryptographic_holder_binding=False))
    requested = session(asked, client_id=REDIRECT_CLIENT_ID, response_mode=ResponseMode.DIRECT_POST)
    step = begin(link_to(requested), policy=policy(PLAIN), random=fixed_random())
    assert isinstance(step, Consent)
    assert type(step.request.party).__name__ == "UnauthenticatedParty"
    assert step.request.query == asked
    assert step.request.challenge == requested.request.challenge
    pid = held(PID)[0]
    assert step.match([pid]).candidates("ticket") == ()


def test_5_10_a_posted_wallet_nonce_comes_back_in_the_request_object() -> None:
    fetch = posted({"wallet_nonce": "n-1", "wallet_metadata": "{}", "future": "x"})
    assert request_object(session(method="post"), fetch)[1]["wallet_nonce"] == "n-1"
    assert "wallet_nonce" not in request_object(session(method="post"))[1]
    assert "wallet_nonce" not in request_object(session(method="post"), posted({}))[1]


def test_5_10_the_wallet_posts_its_metadata_and_a_nonce() -> None:
    step = fetching(session(method="post"))
    assert step.request.method == "POST"
    assert step.request.header("accept") == "application/oauth-authz-req+jwt"
    fields = form_of(step.request)
    assert fields.keys() == {"wallet_metadata", "wallet_nonce"}
    metadata = json.loads(fields["wallet_metadata"])
    assert metadata["client_id_prefixes_supported"] == ["x509_hash", "x509_san_dns", "redirect_uri"]
    assert metadata["vp_formats_supported"].keys() == {"dc+sd-jwt", "mso_mdoc"}
    assert metadata["request_object_signing_alg_values_supported"] == ["ES256", "ES384", "ES512"]


def test_5_10_1_get_and_post_lead_to_the_same_request() -> None:
    requested = session(method="post")
    step = fetching(requested)
    opened, response = requested.serve_request(step.request, signer=VERIFIER, now=NOW)
    assert opened.opened
    assert response.header("content-type") == "application/oauth-authz-req+jwt"
    assert response.header("cache-control") == "no-store"
    received_step = step.receive(response, policy=policy(), now=NOW)
    assert isinstance(received_step, Consent)
    assert received_step.request.nonce == requested.request.nonce


def test_5_10_1_the_request_object_may_be_fetched_again_while_it_is_open() -> None:
    requested = session()
    _, first = request_object(requested)
    _, second = request_object(requested)
    assert first == second


# --- section 8: the response ------------------------------------------------------------------------------------


def test_8_1_presentations_arrive_by_query_id_as_the_bytes_of_their_format() -> None:
    requested = session(query_of(sd_jwt_query("pid"), mdoc_query("mdl")))
    opened = open_response(answer(requested, pid=b"a.b.c~", mdl=b"\xa3\x00"), session=requested)
    assert isinstance(opened, UnverifiedAnswer)
    assert opened.unverified_presentations == {"pid": (b"a.b.c~",), "mdl": (b"\xa3\x00",)}


def test_8_1_several_presentations_answer_a_query_with_multiple() -> None:
    requested = session(query_of(sd_jwt_query("pid", multiple=True)))
    form = form_of(consent(requested).accept({"pid": [b"one~", b"two~"]}).request)
    opened = open_response(form, session=requested)
    assert isinstance(opened, UnverifiedAnswer)
    assert opened.unverified_presentations == {"pid": (b"one~", b"two~")}


def test_8_2_a_plain_answer_is_a_form_with_vp_token_and_state() -> None:
    requested = session(response_mode=ResponseMode.DIRECT_POST)
    step = consent(requested).accept({"pid": [b"a.b.c~"]})
    assert step.request.url == RESPONSE_URI
    form = form_of(step.request)
    assert json.loads(form["vp_token"]) == {"pid": ["a.b.c~"]}
    assert form["state"] == requested.request.state
    assert isinstance(open_response(form, session=requested), UnverifiedAnswer)


@pytest.mark.requirement("OIA_03c")
def test_8_2_the_wallet_is_sent_back_with_a_fresh_code_on_the_same_device() -> None:
    codes = []
    for seed in ("one", "two"):
        _, reply = conclude(session(), {"pid": [presented(PID)]}, now=NOW, random=fixed_random(seed))
        redirect = urlsplit(json.loads(reply.body)["redirect_uri"])
        assert redirect._replace(query="").geturl() == RETURN_URI
        codes += parse_qs(redirect.query)["response_code"]
    assert len(set(codes)) == 2
    assert {len(code) for code in codes} == {43}


def test_8_2_the_wallet_goes_where_the_verifier_sends_it() -> None:
    step = consent().accept({"pid": [b"a.b.c~"]})
    target = "https://tax.utopia.example/done#code=1"
    assert step.receive(json_response({"redirect_uri": target, "future": 1})) == Done(redirect_uri=target)
    assert step.receive(json_response({})) == Done(redirect_uri=None)


@pytest.mark.requirement("OIA_09")
def test_8_3_an_encrypted_answer_is_the_one_field_of_its_form_and_echoes_the_kid() -> None:
    requested = session()
    form = answer(requested, pid=b"a.b.c~")
    assert form.keys() == {"response"}
    jwe = parse_jwe(form["response"], what="test")
    assert (jwe.alg, jwe.enc) == ("ECDH-ES", "A256GCM")
    metadata: Any = build_request(requested.request)["client_metadata"]
    assert jwe.kid == metadata["jwks"]["keys"][0]["kid"]


def test_8_3_a128gcm_is_used_where_nothing_else_is_named() -> None:
    requested = session()
    metadata = claims_of(requested)["client_metadata"]
    del metadata["encrypted_response_enc_values_supported"]
    step = consent(requested, client_metadata=metadata).accept({"pid": [b"a.b.c~"]})
    assert parse_jwe(form_of(step.request)["response"], what="test").enc == "A128GCM"


def test_8_3_keys_that_cannot_be_used_are_passed_over() -> None:
    requested = session()
    metadata = claims_of(requested)["client_metadata"]
    [good] = metadata["jwks"]["keys"]
    bad = [
        {"kty": "AKP", "alg": "ML-KEM-1", "kid": "1", "pub": "AA"},
        {"kty": "new", "kid": "2", "alg": "ECDH-ES"},
        good | {"kid": "3", "use": "sig"},
        good | {"kid": "4", "alg": "ECDH-ES+A128KW"},
        good | {"kid": "5", "y": good["x"]},
        {name: value for name, value in good.items() if name != "kid"},
        "key",
    ]
    metadata["jwks"] = {"keys": [*bad, {name: value for name, value in good.items() if name != "use"}]}
    step = consent(requested, client_metadata=metadata).accept({"pid": [b"a.b.c~"]})
    assert isinstance(open_response(form_of(step.request), session=requested), UnverifiedAnswer)


def test_8_3_1_an_error_may_come_unencrypted() -> None:
    requested = session()
    form = {"error": "access_denied", "error_description": "the ünknown", "state": requested.request.state}
    refusal = WalletRefusal(code="access_denied", description="the ?nknown")
    assert open_response(form, session=requested) == refusal


@pytest.mark.parametrize(
    ("changes", "code", "check"),
    [
        ({"dcql_query": None}, "invalid_request", Check.PRESENTATION_REQUEST),
        ({"scope": "com.example.pid"}, "invalid_request", Check.PRESENTATION_REQUEST),
        ({"redirect_uri": RESPONSE_URI}, "invalid_request", Check.PRESENTATION_REQUEST),
        ({"dcql_query": json.dumps(build_query(NAME_QUERY))}, "invalid_request", Check.SYNTAX),
        ({"response_type": "vp_token id_token"}, "invalid_request", Check.PRESENTATION_REQUEST),
        ({"nonce": None}, "invalid_request", Check.SYNTAX),
        ({"nonce": "ä"}, "invalid_request", Check.SYNTAX),
        ({"dcql_query": {"credentials": []}}, "invalid_request", Check.SYNTAX),
        ({"client_metadata": None}, "invalid_request", Check.SYNTAX),
        (
            {"dcql_query": {"credentials": [{"id": "a", "format": "ldp_vc", "meta": {}}]}},
            "vp_formats_not_supported",
            Check.VP_FORMATS,
        ),
        ({"transaction_data": ["?"]}, "invalid_transaction_data", Check.TRANSACTION_REQUEST),
        (
            {"transaction_data": [transaction("pid").raw]},
            "invalid_transaction_data",
            Check.TRANSACTION_REQUEST,
        ),
        (
            {"transaction_data": [transaction("pid", type_="unknown").raw]},
            "invalid_transaction_data",
            Check.TRANSACTION_REQUEST,
        ),
    ],
)
def test_8_5_the_wallet_has_the_right_code_for_what_is_wrong(changes: dict[str, Any], code: str, check: Check) -> None:
    requested = session()
    step = refused(received(requested, **changes))
    assert step.check is check
    told = open_response(form_of(step.tell().request), session=requested)
    assert isinstance(told, WalletRefusal)
    assert told.code == code
    assert check.id in told.description


@pytest.mark.requirement("RPA_11")
def test_8_5_refusing_and_not_holding_look_the_same() -> None:
    requested = session()
    told = open_response(form_of(consent(requested).refuse().request), session=requested)
    assert told == WalletRefusal(code="access_denied", description="")


@pytest.mark.parametrize(
    "code",
    [
        *map(str, ErrorCode),
        "invalid_scope",
        "invalid_client",
        "invalid_request_uri_method",
        "wallet_unavailable",
        "server_error",
    ],
)
def test_8_5_the_verifier_reads_every_code(code: str) -> None:
    requested = session()
    told = open_response({"error": code, "state": requested.request.state}, session=requested)
    assert told == WalletRefusal(code=code, description="")


def test_8_5_the_wallet_sends_every_code_that_it_has() -> None:
    assert {error_code(Rejected(check, "expected another")) for check in Check} == set(ErrorCode)


def test_8_5_an_error_without_a_usable_key_goes_out_in_the_clear() -> None:
    requested = session()
    step = refused(received(requested, client_metadata={"vp_formats_supported": {"dc+sd-jwt": {}}}))
    assert step.check is Check.RESPONSE_KEY
    form = form_of(step.tell().request)
    assert (form["error"], form["state"]) == ("invalid_request", requested.request.state)


# --- sections 13 and 14, HAIP section 5: the session ------------------------------------------------------------


def concluded(requested: Requested, random: Any = None) -> tuple[AwaitingReturn | Ready, HttpResponse]:
    return conclude(requested, {"pid": [presented(PID)]}, now=NOW, random=random or fixed_random("conclude"))


def code_of(reply: HttpResponse) -> str:
    [code] = parse_qs(urlsplit(json.loads(reply.body)["redirect_uri"]).query)["response_code"]
    return code


def test_13_3_the_result_is_there_after_the_return_in_the_session_that_began() -> None:
    waiting, reply = concluded(session())
    assert isinstance(waiting, AwaitingReturn)
    ready = waiting.come_back(response_code=code_of(reply), initiator=BROWSER, now=NOW)
    assert isinstance(ready, Ready)
    _, accepted = ready.collect(initiator=BROWSER, now=NOW)
    [[found]] = accepted.presentations.values()
    assert found.credential.claims == {"family_name": "Lovelace", "given_name": "Ada"}


@pytest.mark.requirement("RPI_09")
def test_14_1_2_every_presentation_is_bound_to_this_client_and_this_nonce() -> None:
    requested = session()
    assert consent(requested).request.challenge == requested.request.challenge
    assert requested.request.challenge.client_id == CLIENT_ID


def test_14_2_a_relayed_link_gives_the_attacker_nothing_on_the_same_device() -> None:
    # The attacker begins, sends the link to the victim, and the victim's wallet answers.
    waiting, reply = concluded(session())
    assert isinstance(waiting, AwaitingReturn)
    # The code goes to the victim's browser, which is not the one that began: refused, for good.
    ended = waiting.come_back(response_code=code_of(reply), initiator="the victim's browser", now=NOW)
    assert isinstance(ended, Failed)
    assert ended.failure.check is Check.SAME_BROWSER
    # The attacker's browser is the right one, and has no code.
    with pytest.raises(Rejected) as refusal:
        waiting.come_back(response_code="guess", initiator=BROWSER, now=NOW)
    assert refusal.value.check is Check.RESPONSE_CODE


def test_14_2_a_browser_without_any_session_is_another_browser() -> None:
    waiting, reply = concluded(session())
    assert isinstance(waiting, AwaitingReturn)
    assert isinstance(waiting.come_back(response_code=code_of(reply), initiator=None, now=NOW), Failed)


@pytest.mark.requirement("OIA_08d")
def test_14_2_across_devices_no_code_leaves_and_only_the_browser_that_showed_it_collects() -> None:
    ready, reply = concluded(cross_device_session())
    assert isinstance(ready, Ready)
    assert json.loads(reply.body) == {}
    for other in ("the victim's browser", None):
        with pytest.raises(Rejected) as refusal:
            ready.collect(initiator=other, now=NOW)
        assert refusal.value.check is Check.SAME_BROWSER
    assert ready.collect(initiator=BROWSER, now=NOW)[1] == ready.answer


def test_14_2_a_code_to_scan_lives_for_two_minutes() -> None:
    requested = cross_device_session()
    assert check_open(requested, now=NOW + 119) is requested
    with pytest.raises(Rejected) as refusal:
        check_open(requested, now=NOW + 120)
    assert refusal.value.check is Check.ANSWERED_ONCE


def test_15_4_1_what_the_wallet_does_not_hold_is_a_matter_between_it_and_its_user() -> None:
    step = consent()
    match = step.match(())
    assert match.missing == ("pid",)
    with pytest.raises(Rejected) as refusal:
        default_choice(match)
    assert refusal.value.check is Check.HELD


def test_haip_5_the_high_assurance_profile_takes_signed_requests_and_encrypted_answers() -> None:
    assert isinstance(received(session(profile=HAIP), profile=HAIP), Consent)


def receive_in_haip(requested: Requested) -> object:
    step = begin(link_to(requested), policy=policy(HAIP), random=fixed_random())
    assert isinstance(step, Fetching)
    return step.receive(served(signed(claims_of(requested))), policy=policy(HAIP), now=NOW)


@pytest.mark.parametrize(
    ("client_id", "mode", "choice"),
    [
        (DNS_CLIENT_ID, ResponseMode.DIRECT_POST_JWT, "client_id_prefixes"),
        (REDIRECT_CLIENT_ID, ResponseMode.DIRECT_POST_JWT, "client_id_prefixes"),
        (CLIENT_ID, ResponseMode.DIRECT_POST, "response_modes"),
    ],
)
def test_haip_5_the_choices_of_the_plain_profile_are_refused_by_name_on_both_sides(
    client_id: str, mode: ResponseMode, choice: str
) -> None:
    with pytest.raises(Rejected) as ours:
        session(client_id=client_id, response_mode=mode, profile=HAIP)
    requested = session(UNBOUND, client_id=client_id, response_mode=mode, profile=PLAIN)
    with pytest.raises(Rejected) as theirs:
        receive_in_haip(requested)
    for refusal in (ours.value, theirs.value):
        assert (refusal.check, refusal.field) == (Check.PROFILE, f"profile.{choice}")


def test_5_3_without_holder_binding_the_answer_says_so_in_its_type() -> None:
    requested = session(UNBOUND)
    ready, _ = conclude(requested, {"ticket": [shown(TICKET)]}, now=NOW, random=fixed_random())
    assert ready.answer.presentations == {}
    [[found]] = ready.answer.unbound.values()
    assert type(found).__name__ == "CurrentUnboundPresentation"
    assert found.credential.claims == {"seat": "7F"}


def test_5_3_a_proof_that_nobody_asked_for_does_not_become_holder_binding() -> None:
    requested = session(UNBOUND)
    ready, _ = conclude(requested, {"ticket": [presented(TICKET)]}, now=NOW, random=fixed_random())
    assert ready.answer.presentations == {}
    assert ready.answer.unbound.keys() == {"ticket"}


def test_b_2_6_1_the_example_key_has_the_thumbprint_of_the_example() -> None:
    x, y = "DxiH5Q4Yx3UrukE2lWCErq8N8bqC9CHLLrAwLz5BmE0", "XtLM4-3h5o3HUH0MHVJV0kyq0iBlrBwlh8qEDMZ4-Pc"
    jwk = {"kty": "EC", "crv": "P-256", "x": x, "y": y, "use": "enc", "alg": "ECDH-ES", "kid": "1"}
    found = parse_response_key({"jwks": {"keys": [jwk]}})
    assert found is not None
    assert found.key.thumbprint().hex() == "4283ec927ae0f208daaa2d026a814f2b22dca52cf85ffa8f3f8626c6bd669047"


def test_5_9_2_a_client_without_a_prefix_is_not_known_here() -> None:
    link = parse_link(f"{TARGET}?client_id=tax-online&request_uri={REQUEST_URI}")
    with pytest.raises(Rejected) as refusal:
        begin(link, policy=policy(PLAIN), random=fixed_random())
    assert refusal.value.check is Check.CLIENT_ID


def test_6_the_query_is_the_verifiers_own_word_for_word() -> None:
    assert request_object(session())[1]["dcql_query"] == build_query(NAME_QUERY)
