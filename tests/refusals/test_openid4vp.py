"""Presentations over OpenID4VP: one mutation of a good message for each check, and the check that it fails."""

from collections.abc import Callable
from typing import Any

import pytest
from zegel_testing.authorities import NOW, anchor, authority, fixed_key, fixed_random, trusting
from zegel_testing.openid4vp import (
    ACCESS_AUTHORITY,
    ACCOUNT,
    ANCHORS,
    BROWSER,
    CLIENT_ID,
    NAME_QUERY,
    PID,
    REQUEST_URI,
    TARGET,
    VERIFIER,
    claims_of,
    consent,
    credential,
    cross_device_session,
    fetching,
    form_of,
    held,
    link_to,
    policy,
    presented,
    query_of,
    sd_jwt_query,
    session,
    shown,
    signed,
    transaction,
    unsigned_session,
)

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.primitives.http import HttpResponse, json_response
from zegel.profiles import HAIP, PLAIN, ResponseMode
from zegel.protocols.openid4vp.link import parse_link
from zegel.protocols.openid4vp.matching import Choice, default_choice
from zegel.protocols.openid4vp.received_request import check_request
from zegel.protocols.openid4vp.response import open_response
from zegel.protocols.openid4vp.satisfaction import check_answer
from zegel.protocols.openid4vp.sender import check_unsigned_request, parse_request, verify_request
from zegel.protocols.openid4vp.verifier import AwaitingReturn, Ready, check_open, conclude
from zegel.protocols.openid4vp.wallet import begin
from zegel.trust.anchors import Purpose, TrustAnchors
from zegel.trust.revocation import RevocationLists
from zegel.trust.signing import CertifiedSigner


def ask(
    *,
    wallet_nonce: str | None = None,
    anchors=ANCHORS,
    by=VERIFIER,
    typ="oauth-authz-req+jwt",
    profile=PLAIN,
    **changes: Any,
) -> object:
    """Send the session's request, with changes, to a wallet, of the plain profile unless another is given."""
    requested = session()
    addressed = verify_request(
        parse_request(signed(claims_of(requested, **changes), by=by, typ=typ)),
        link=link_to(requested),
        wallet_nonce=wallet_nonce,
        profile=profile,
        anchors=anchors,
        plain_origins=(),
        now=NOW,
    )
    return check_request(addressed, transaction_types={})


def follow(link: str, profile=PLAIN) -> object:
    return begin(parse_link(f"{TARGET}?{link}"), policy=policy(profile), random=fixed_random())


# --- the request ------------------------------------------------------------------------------------------------


def name_another_client_than_the_link() -> object:
    return ask(client_id="x509_hash:another")


def call_oneself_an_origin() -> object:
    return follow(f"client_id=origin:https://tax.utopia.example&request_uri={REQUEST_URI}")


def ask_unsigned_under_the_high_assurance_profile() -> object:
    return begin(link_to(unsigned_session()), policy=policy(HAIP), random=fixed_random())


def sign_with_a_key_that_is_not_certified() -> object:
    return ask(by=CertifiedSigner(signer=fixed_key("forger"), certificates=VERIFIER.certificates))


def sign_another_type_of_token() -> object:
    return ask(typ="JWT")


def ask_under_an_unknown_authority() -> object:
    return ask(anchors=trusting(anchor(authority("Another"), Purpose.ACCESS)))


def ask_with_a_timestamp_of_no_log_that_is_known() -> object:
    without = TrustAnchors((anchor(ACCESS_AUTHORITY, Purpose.ACCESS),), revocation=RevocationLists())
    assert ask(anchors=without)
    return ask(anchors=without, profile=HAIP)


def take_the_answer_elsewhere_unsigned() -> object:
    return session(client_id="redirect_uri:https://else.utopia.example/")


def ask_another_audience() -> object:
    return ask(aud="https://wallet.utopia.example")


def ask_too_late() -> object:
    return ask(exp=NOW - 60)


def ask_too_early() -> object:
    return ask(nbf=NOW + 11)


def forget_the_wallets_nonce() -> object:
    return ask(wallet_nonce="posted")


def fetch_by_put() -> object:
    return follow(f"client_id={CLIENT_ID}&request_uri={REQUEST_URI}&request_uri_method=put")


def serve_the_request_over_http() -> object:
    return follow(f"client_id={CLIENT_ID}&request_uri=http://tax.utopia.example/request")


def take_the_answer_over_http() -> object:
    return ask(response_uri="http://tax.utopia.example/response")


def serve_the_request_by_a_redirect() -> object:
    response = HttpResponse(status=302, headers=(("location", REQUEST_URI),))
    return fetching(session()).receive(response, policy=policy(), now=NOW)


def ask_for_a_fragment() -> object:
    return ask(response_mode="fragment")


def ask_without_a_query() -> object:
    return ask(dcql_query=None)


def ask_for_the_answer_and_a_redirect() -> object:
    return ask(redirect_uri="https://tax.utopia.example/")


def ask_by_scope_too() -> object:
    return ask(scope="com.example.pid")


def nest_a_request() -> object:
    return ask(request="eyJ")


def leave_the_key_out() -> object:
    return ask(client_metadata={"vp_formats_supported": {"dc+sd-jwt": {}}})


def take_macs_alone() -> object:
    metadata: Any = claims_of(session())["client_metadata"]
    metadata["vp_formats_supported"] = {"mso_mdoc": {"deviceauth_alg_values": [-65537]}}
    return ask(client_metadata=metadata)


def send_an_unknown_transaction() -> object:
    return ask(transaction_data=[transaction("pid", type_="unknown").raw])


def ask_for_a_pid_unsigned() -> object:
    link = link_to(unsigned_session(response_mode=ResponseMode.DIRECT_POST))
    return check_request(check_unsigned_request(link, profile=PLAIN, plain_origins=()), transaction_types={})


# --- the wallet -------------------------------------------------------------------------------------------------


def answer_with_what_is_not_held() -> object:
    return default_choice(consent().match(held(ACCOUNT)))


def show_more_than_was_asked_for() -> object:
    query = query_of(sd_jwt_query("pid"), sd_jwt_query("again"), credential_sets=[{"options": [["pid"], ["again"]]}])
    step = consent(session(query))
    return step.plan(step.match(held(PID)), Choice(options=(("pid",),), held={"pid": ("1",), "again": ("1",)}))


def take_the_answer_by_a_redirect() -> object:
    return consent().refuse().receive(HttpResponse(status=307, headers=(("location", REQUEST_URI),)))


def send_the_user_to_a_script() -> object:
    return consent().refuse().receive(json_response({"redirect_uri": "javascript:alert(1)"}))


# --- the answer -------------------------------------------------------------------------------------------------


def answer_in_the_clear() -> object:
    return open_response({"vp_token": "{}", "state": session().request.state}, session=session())


def answer_another_request() -> object:
    requested = session()
    form = form_of(consent(requested, state="another").accept({"pid": [b"a~"]}).request)
    return open_response(form, session=requested)


def answer_twice() -> object:
    state, _ = conclude(session(), {"pid": [presented(PID)]}, now=NOW, random=fixed_random())
    return check_open(state, now=NOW)


def answer_too_late() -> object:
    requested = session()
    return check_open(requested, now=requested.expires)


def answer_a_question_that_was_not_asked() -> object:
    requested = session(response_mode=ResponseMode.DIRECT_POST)
    return open_response({"vp_token": '{"mdl":["AA"]}', "state": requested.request.state}, session=requested)


def present_another_type() -> object:
    return check_answer(NAME_QUERY, {"pid": [presented(ACCOUNT)]})


def present_from_an_issuer_under_another_authority() -> object:
    query = query_of(sd_jwt_query("pid", trusted_authorities=[{"type": "aki", "values": ["AAAA"]}]))
    return check_answer(query, {"pid": [presented(PID)]})


def present_without_holder_binding() -> object:
    return check_answer(NAME_QUERY, {"pid": [shown(PID)]})


def withhold_a_claim() -> object:
    return check_answer(NAME_QUERY, {"pid": [presented(credential(claims={"family_name": "Lovelace"}))]})


def withhold_a_credential() -> object:
    return check_answer(NAME_QUERY, {})


def come_back_with_a_guess() -> object:
    waiting, _ = conclude(session(), {"pid": [presented(PID)]}, now=NOW, random=fixed_random())
    assert isinstance(waiting, AwaitingReturn)
    return waiting.come_back(response_code="guess", initiator=BROWSER, now=NOW)


def collect_in_another_browser() -> object:
    ready, _ = conclude(cross_device_session(), {"pid": [presented(PID)]}, now=NOW, random=fixed_random())
    assert isinstance(ready, Ready)
    return ready.collect(initiator="another", now=NOW)


REFUSALS: tuple[tuple[Check, Callable[[], object]], ...] = (
    (Check.CLIENT_ID, name_another_client_than_the_link),
    (Check.CLIENT_ID, call_oneself_an_origin),
    (Check.CERTIFICATE_TIMESTAMP, ask_with_a_timestamp_of_no_log_that_is_known),
    (Check.PROFILE, ask_unsigned_under_the_high_assurance_profile),
    (Check.SIGNATURE, sign_with_a_key_that_is_not_certified),
    (Check.TOKEN_TYPE, sign_another_type_of_token),
    (Check.ANCHOR, ask_under_an_unknown_authority),
    (Check.CLIENT_BINDING, take_the_answer_elsewhere_unsigned),
    (Check.REQUEST_AUDIENCE, ask_another_audience),
    (Check.REQUEST_TIME, ask_too_late),
    (Check.REQUEST_TIME, ask_too_early),
    (Check.WALLET_NONCE, forget_the_wallets_nonce),
    (Check.REQUEST_URI_METHOD, fetch_by_put),
    (Check.VERIFIER_ADDRESS, serve_the_request_over_http),
    (Check.VERIFIER_ADDRESS, take_the_answer_over_http),
    (Check.REQUEST_DELIVERY, serve_the_request_by_a_redirect),
    (Check.PRESENTATION_REQUEST, ask_for_a_fragment),
    (Check.PRESENTATION_REQUEST, ask_without_a_query),
    (Check.PRESENTATION_REQUEST, ask_for_the_answer_and_a_redirect),
    (Check.PRESENTATION_REQUEST, ask_by_scope_too),
    (Check.PRESENTATION_REQUEST, nest_a_request),
    (Check.RESPONSE_KEY, leave_the_key_out),
    (Check.VP_FORMATS, take_macs_alone),
    (Check.TRANSACTION_REQUEST, send_an_unknown_transaction),
    (Check.UNAUTHENTICATED_PARTY, ask_for_a_pid_unsigned),
    (Check.HELD, answer_with_what_is_not_held),
    (Check.HELD, show_more_than_was_asked_for),
    (Check.ANSWER_DELIVERY, take_the_answer_by_a_redirect),
    (Check.RETURN_TARGET, send_the_user_to_a_script),
    (Check.ENCRYPTION, answer_in_the_clear),
    (Check.ANSWER_STATE, answer_another_request),
    (Check.ANSWERED_ONCE, answer_twice),
    (Check.ANSWERED_ONCE, answer_too_late),
    (Check.VP_TOKEN, answer_a_question_that_was_not_asked),
    (Check.QUERY_TYPE, present_another_type),
    (Check.TRUSTED_AUTHORITY, present_from_an_issuer_under_another_authority),
    (Check.HOLDER_BINDING, present_without_holder_binding),
    (Check.QUERY_CLAIMS, withhold_a_claim),
    (Check.QUERY, withhold_a_credential),
    (Check.RESPONSE_CODE, come_back_with_a_guess),
    (Check.SAME_BROWSER, collect_in_another_browser),
)


@pytest.mark.parametrize(("check", "mutation"), REFUSALS, ids=lambda value: getattr(value, "__name__", None))
def test_the_mutation_fails_with_its_check(check: Check, mutation: Callable[[], object]) -> None:
    with pytest.raises(Rejected) as refusal:
        mutation()
    assert refusal.value.check is check


def test_without_a_mutation_nothing_is_refused() -> None:
    assert ask() is not None
    assert check_answer(NAME_QUERY, {"pid": [presented(PID)]}).presentations
