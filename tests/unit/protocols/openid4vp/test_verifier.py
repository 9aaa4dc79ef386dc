"""The verifier's session: every legal move, and every other refused."""

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from zegel_testing.authorities import NOW, fixed_random
from zegel_testing.openid4vp import (
    BROWSER,
    CLIENT_ID,
    MDL,
    NAME_QUERY,
    PID,
    REDIRECT_CLIENT_ID,
    REQUEST_URI,
    TARGET,
    TICKET,
    VERIFIER,
    cross_device_session,
    mdoc_query,
    posted,
    presented,
    query_of,
    sd_jwt_query,
    session,
    transaction,
)

from zegel.adapters.codec import Codec
from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.primitives.http import HttpRequest, HttpResponse
from zegel.profiles import HAIP, PLAIN, ResponseMode
from zegel.protocols.openid4vp.request import VerifierInfo
from zegel.protocols.openid4vp.verifier import (
    CROSS_DEVICE_SECONDS,
    MAX_WALLET_NONCE,
    OUTCOME_SECONDS,
    RESULT_SECONDS,
    SAME_DEVICE_SECONDS,
    STATES,
    AwaitingReturn,
    Failed,
    Failure,
    Finished,
    Lapsed,
    Ready,
    Refused,
    Requested,
    SameDevice,
    VerifierSession,
    begin,
    check_open,
    conclude,
    lapse,
)

GET = HttpRequest(method="GET", url=REQUEST_URI)


def answered(requested: Requested | None = None) -> tuple[Any, HttpResponse]:
    return conclude(requested or session(), {"pid": [presented(PID)]}, now=NOW, random=fixed_random("conclude"))


def code_of(reply: HttpResponse) -> str:
    return parse_qs(urlsplit(json.loads(reply.body)["redirect_uri"]).query)["response_code"][0]


def ready() -> Ready:
    state, _ = answered(cross_device_session())
    assert isinstance(state, Ready)
    return state


def refused() -> Refused:
    return session().refuse("access_denied", "not today", now=NOW, random=fixed_random())[0]


def failed() -> Failed:
    waiting, reply = answered()
    ended = waiting.come_back(response_code=code_of(reply), initiator="another", now=NOW)
    assert isinstance(ended, Failed)
    return ended


def finished() -> Finished:
    return ready().collect(initiator=BROWSER, now=NOW)[0]


def every_state() -> list[VerifierSession]:
    full = session(
        query_of(
            sd_jwt_query(
                "pid", "family_name", ("nationalities", 0), claims=[{"path": ["x", None], "values": ["a", 1, True]}]
            ),
            mdoc_query("mdl", "portrait"),
        ),
        transaction_data=(transaction("pid"),),
        verifier_info=(VerifierInfo(format="x", data={"y": [1, "2"]}),),
    )
    with_bytes, _ = conclude(
        session(query_of(mdoc_query("mdl", "portrait"))), {"mdl": [presented(MDL)]}, now=NOW, random=fixed_random()
    )
    noted = full.note(Rejected(Check.NONCE, "expected ours", field="nonce"))
    plain = session(response_mode=ResponseMode.DIRECT_POST)
    return [full, noted, plain, with_bytes, answered()[0], ready(), finished(), refused(), failed()]


def rejection(move: Any, *arguments: Any, **named: Any) -> Rejected:
    with pytest.raises(Rejected) as caught:
        move(*arguments, **named)
    return caught.value


@pytest.mark.parametrize("state", every_state(), ids=lambda state: type(state).__name__)
def test_every_state_survives_being_stored(state: VerifierSession) -> None:
    codec = Codec(STATES)
    stored = codec.decode(codec.encode(state))
    assert type(stored) is type(state)
    assert codec.encode(stored) == codec.encode(state)
    if not isinstance(state, Requested):
        assert stored == state


def test_a_session_that_was_stored_goes_on() -> None:
    codec = Codec(STATES)
    stored = codec.decode(codec.encode(session()))
    assert isinstance(stored, Requested)
    assert stored.link(TARGET) == session().link(TARGET)
    assert stored.response_key is not None
    assert stored.response_key.public_key == session().request.response_key
    assert isinstance(answered(stored)[0], AwaitingReturn)


def test_a_request_is_open_for_its_time() -> None:
    requested = session()
    assert check_open(requested, now=NOW + SAME_DEVICE_SECONDS - 1) is requested
    assert cross_device_session().expires == NOW + CROSS_DEVICE_SECONDS
    late = NOW + SAME_DEVICE_SECONDS
    for move in (
        lambda: check_open(requested, now=late),
        lambda: requested.serve_request(GET, signer=VERIFIER, now=late),
        lambda: requested.refuse("access_denied", "", now=late, random=fixed_random()),
        lambda: conclude(requested, {"pid": [presented(PID)]}, now=late, random=fixed_random()),
    ):
        assert rejection(move).check is Check.ANSWERED_ONCE


@pytest.mark.parametrize("state", [ready(), finished(), refused(), failed(), answered()[0]])
def test_what_was_answered_is_not_answered_again(state: VerifierSession) -> None:
    refused_again = rejection(check_open, state, now=NOW)
    assert (refused_again.check, refused_again.field) == (Check.ANSWERED_ONCE, "state")


def test_serving_the_request_is_remembered_and_changes_nothing_else() -> None:
    requested = session()
    assert not requested.opened
    opened, response = requested.serve_request(GET, signer=VERIFIER, now=NOW)
    assert opened.opened
    assert opened.request == requested.request
    assert response.status == 200
    again, _ = opened.serve_request(GET, signer=VERIFIER, now=NOW + 1)
    assert again == opened


@pytest.mark.parametrize("nonce", ["", "n" * (MAX_WALLET_NONCE + 1)])
def test_a_wallet_nonce_has_a_size(nonce: str) -> None:
    fetch = posted({"wallet_nonce": nonce})
    if nonce:
        with pytest.raises(Malformed):
            session().serve_request(fetch, signer=VERIFIER, now=NOW)
    else:  # RFC 6749 section 3.1: an empty parameter counts as left out
        session().serve_request(fetch, signer=VERIFIER, now=NOW)


def test_a_post_that_is_no_form_is_malformed() -> None:
    fetch = HttpRequest(method="POST", url=REQUEST_URI, headers=(("content-type", "application/json"),), body=b"{}")
    with pytest.raises(Malformed):
        session().serve_request(fetch, signer=VERIFIER, now=NOW)


def test_an_unsigned_request_is_in_its_link_and_is_not_served() -> None:
    query = query_of(sd_jwt_query("ticket", "seat", vct=TICKET.type))
    requested = session(query, client_id=REDIRECT_CLIENT_ID)
    assert requested.request_uri is None
    assert "dcql_query" in requested.link(TARGET)
    assert rejection(requested.serve_request, GET, signer=VERIFIER, now=NOW).check is Check.CLIENT_ID


def test_a_wrong_answer_leaves_the_session_open_for_the_right_one() -> None:
    requested = session()
    wrong = rejection(conclude, requested, {}, now=NOW, random=fixed_random())
    noted = requested.note(wrong)
    assert noted.failure == Failure(check=Check.QUERY, detail=wrong.detail, field="vp_token")
    assert isinstance(answered(noted)[0], AwaitingReturn)


def test_the_keys_are_gone_once_the_answer_is_there() -> None:
    waiting, _ = answered()
    assert not hasattr(waiting, "response_key")
    assert not hasattr(waiting, "request")


def test_the_result_waits_for_the_return_and_then_for_the_service() -> None:
    waiting, reply = answered()
    assert isinstance(waiting, AwaitingReturn)
    assert waiting.expires == NOW + RESULT_SECONDS
    state = waiting.come_back(response_code=code_of(reply), initiator=BROWSER, now=NOW + 1)
    assert isinstance(state, Ready)
    assert state.expires == waiting.expires
    ended, answer = state.collect(initiator=BROWSER, now=NOW + 2)
    assert answer.presentations["pid"][0].credential.claims == {"family_name": "Lovelace", "given_name": "Ada"}
    assert isinstance(ended, Finished)
    assert ended.expires == NOW + 2 + OUTCOME_SECONDS


def test_a_wrong_code_proves_nothing_and_changes_nothing() -> None:
    waiting, reply = answered()
    wrong = rejection(waiting.come_back, response_code="guess", initiator="another", now=NOW)
    assert wrong.check is Check.RESPONSE_CODE
    assert isinstance(waiting.come_back(response_code=code_of(reply), initiator=BROWSER, now=NOW), Ready)


def test_the_code_is_kept_as_a_hash() -> None:
    waiting, reply = answered()
    assert code_of(reply).encode() not in Codec(STATES).encode(waiting)


def test_a_result_that_nobody_fetches_is_gone() -> None:
    waiting, reply = answered()
    late = NOW + RESULT_SECONDS
    code = code_of(reply)
    assert rejection(waiting.come_back, response_code=code, initiator=BROWSER, now=late).check is Check.ANSWERED_ONCE
    assert rejection(ready().collect, initiator=BROWSER, now=late).check is Check.ANSWERED_ONCE


def test_a_session_whose_time_runs_out_leaves_word_of_it_and_no_claim() -> None:
    noted, (waiting, _) = session().note(Malformed("answer", "vp_token", "expected an object")), answered()
    lapsed = lapse(noted)
    assert lapsed == Lapsed(answered=False, failure=noted.failure, expires=noted.expires + OUTCOME_SECONDS)
    late = NOW + RESULT_SECONDS + OUTCOME_SECONDS
    assert lapse(waiting) == lapse(ready()) == Lapsed(answered=True, failure=None, expires=late)


def test_a_session_that_has_ended_says_so_itself() -> None:
    finished, _ = ready().collect(initiator=BROWSER, now=NOW)
    refused, _ = session().refuse("access_denied", "", now=NOW, random=fixed_random())
    assert [lapse(each) for each in (finished, refused, failed())] == [None, None, None]


def test_a_wallets_error_ends_the_session() -> None:
    state, reply = session().refuse("access_denied", "not today", now=NOW, random=fixed_random())
    assert (state.code, state.description) == ("access_denied", "not today")
    assert isinstance(state, Refused)
    assert len(code_of(reply)) == 43
    _, reply = cross_device_session().refuse("access_denied", "", now=NOW, random=fixed_random())
    assert json.loads(reply.body) == {}


def test_a_return_in_another_browser_ends_the_session() -> None:
    assert failed().failure.check is Check.SAME_BROWSER
    assert isinstance(failed(), Failed)


def test_transaction_data_is_expected_from_the_credential_that_signs_it() -> None:
    query = query_of(sd_jwt_query("account", vct="urn:utopia:account:1"), sd_jwt_query("pid"))
    item = transaction("account")
    requested = session(query, transaction_data=(item,))
    assert requested.transaction_data(["account", "pid"]) == {"account": (item.raw,)}


def test_a_transaction_is_never_sent_to_be_answered_unsigned() -> None:
    query = query_of(sd_jwt_query("pid", require_cryptographic_holder_binding=False))
    refusal = rejection(session, query, transaction_data=(transaction("pid"),))
    assert refusal.check is Check.TRANSACTION_REQUEST


def test_a_client_of_redirect_uri_is_answered_where_it_says() -> None:
    wrong = rejection(session, client_id="redirect_uri:https://else.utopia.example/")
    assert wrong.check is Check.CLIENT_BINDING


@pytest.mark.refuses(Check.UNAUTHENTICATED_PARTY)
def test_nobody_is_asked_for_a_pid_by_a_request_that_nobody_vouches_for() -> None:
    assert rejection(session, client_id=REDIRECT_CLIENT_ID).check is Check.UNAUTHENTICATED_PARTY


@pytest.mark.refuses(Check.PRESENTATION_REQUEST)
def test_what_its_link_holds_is_fetched_by_no_method() -> None:
    ticket = query_of(sd_jwt_query("ticket", vct="urn:utopia:ticket:1"))
    wrong = rejection(session, ticket, client_id=REDIRECT_CLIENT_ID, method="post")
    assert (wrong.check, wrong.field) == (Check.PRESENTATION_REQUEST, "request_uri_method")


def test_the_profile_binds_the_verifier_too() -> None:
    assert rejection(session, client_id=REDIRECT_CLIENT_ID, profile=HAIP).check is Check.PROFILE
    assert rejection(session, response_mode=ResponseMode.DIRECT_POST, profile=HAIP).check is Check.PROFILE


def test_two_sessions_share_nothing() -> None:
    random = fixed_random("shared")

    def new() -> Requested:
        return begin(
            client_id=CLIENT_ID,
            query=NAME_QUERY,
            response_mode=ResponseMode.DIRECT_POST_JWT,
            response_uri="https://tax.utopia.example/response/1",
            request_uri=REQUEST_URI,
            request_uri_method="get",
            flow=SameDevice(return_uri="https://tax.utopia.example/return?session=1"),
            initiator=BROWSER,
            transaction_data=(),
            verifier_info=(),
            profile=PLAIN,
            now=NOW,
            random=random,
        )

    one, two = new(), new()
    assert one.request.nonce != two.request.nonce
    assert one.request.state != two.request.state
    assert one.request.response_key != two.request.response_key
    _, reply = answered(one)
    assert json.loads(reply.body)["redirect_uri"].startswith(
        "https://tax.utopia.example/return?session=1&response_code="
    )
