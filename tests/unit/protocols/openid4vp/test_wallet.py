"""The wallet's steps, from a link to the verifier's page."""

from typing import Any

import pytest
from zegel_testing.authorities import NOW, fixed_random
from zegel_testing.openid4vp import (
    ACCOUNT,
    CLIENT_ID,
    MDL,
    PID,
    REQUEST_URI,
    TARGET,
    VERIFIER,
    claims_of,
    consent,
    fetching,
    form_of,
    held,
    link_to,
    mdoc_query,
    policy,
    query_of,
    received,
    sd_jwt_query,
    served,
    session,
    signed,
    transaction,
)

from zegel.adapters.codec import Codec
from zegel.checks import Check
from zegel.errors import Malformed, Rejected, explain
from zegel.primitives.http import HttpResponse, json_response
from zegel.primitives.times import TOLERATED_LATE
from zegel.profiles import HAIP, PLAIN, ResponseMode
from zegel.protocols.openid4vp.link import parse_link
from zegel.protocols.openid4vp.matching import Choice, default_choice
from zegel.protocols.openid4vp.wallet import WAITING, Consent, Done, Refusal, Sending, begin


def rejection(step: Sending, response: HttpResponse) -> Rejected:
    with pytest.raises(Rejected) as caught:
        step.receive(response)
    return caught.value


def sending() -> Sending:
    return consent().accept({"pid": [b"a.b.c~"]})


def test_the_story_from_a_link_to_the_verifiers_page() -> None:
    requested = session(query_of(sd_jwt_query("pid", "family_name"), mdoc_query("mdl", "portrait")))
    step = begin(link_to(requested), policy=policy(HAIP), random=fixed_random())
    opened, response = requested.serve_request(step.request, signer=VERIFIER, now=NOW)  # type: ignore[union-attr,arg-type]
    waiting = step.receive(response, policy=policy(HAIP), now=NOW)  # type: ignore[union-attr]
    assert isinstance(waiting, Consent)
    match = waiting.match(held(PID, MDL))
    planned = waiting.plan(match, default_choice(match))
    assert [(plan.disclosure.query_id, plan.disclosure.paths) for plan in planned] == [
        ("pid", (("family_name",),)),
        ("mdl", (("org.iso.18013.5.1", "portrait"),)),
    ]
    assert all(plan.transaction_data == () for plan in planned)
    sent = waiting.accept({"pid": [b"a.b.c~"], "mdl": [b"\xa0"]})
    assert sent.receive(json_response({"redirect_uri": "https://tax.utopia.example/"})) == Done(
        redirect_uri="https://tax.utopia.example/"
    )
    assert opened.opened


@pytest.mark.parametrize(
    "step",
    [
        consent(session(transaction_data=()), state=None),
        consent(
            session(
                query_of(sd_jwt_query("account", "iban", vct="urn:utopia:account:1")),
                transaction_data=(transaction("account"),),
            )
        ),
        received(scope="x"),
    ],
    ids=["consent", "with a transaction", "refusal"],
)
def test_a_step_that_waits_for_the_user_survives_being_stored(step: Any) -> None:
    codec = Codec(WAITING)
    stored = codec.decode(codec.encode(step))
    assert stored == step


def test_the_fetch_tells_wallets_not_apart() -> None:
    request = fetching(session()).request
    assert request.method == "GET"
    assert request.url == REQUEST_URI
    assert request.headers == (("accept", "application/oauth-authz-req+jwt"),)
    first, second = (fetching(session(method="post")).request for _ in range(2))
    assert form_of(first).keys() == form_of(second).keys() == {"wallet_metadata", "wallet_nonce"}


@pytest.mark.parametrize("method", ["GET", "POST", "put", "Post"])
def test_an_unknown_method_is_refused(method: str) -> None:
    link = parse_link(f"{TARGET}?client_id={CLIENT_ID}&request_uri={REQUEST_URI}&request_uri_method={method}")
    with pytest.raises(Rejected) as refused:
        begin(link, policy=policy(), random=fixed_random())
    assert refused.value.check is Check.REQUEST_URI_METHOD


def test_a_method_without_a_request_uri_is_refused() -> None:
    link = parse_link(f"{TARGET}?client_id=redirect_uri:https://a.example&request_uri_method=get")
    with pytest.raises(Rejected) as refused:
        begin(link, policy=policy(PLAIN), random=fixed_random())
    assert refused.value.check is Check.REQUEST_URI_METHOD


@pytest.mark.parametrize(
    ("link", "check"),
    [
        (f"client_id=tax-online&request_uri={REQUEST_URI}", Check.CLIENT_ID),
        (f"client_id=origin:https://a.example&request_uri={REQUEST_URI}", Check.CLIENT_ID),
        (f"client_id=x509_san_dns:a.example&request_uri={REQUEST_URI}", Check.PROFILE),
        (f"client_id={CLIENT_ID}&request_uri=http://tax.utopia.example/", Check.VERIFIER_ADDRESS),
    ],
)
def test_nothing_is_fetched_for_a_link_that_could_lead_to_no_answer(link: str, check: Check) -> None:
    with pytest.raises(Rejected) as refused:
        begin(parse_link(f"{TARGET}?{link}"), policy=policy(HAIP), random=fixed_random())
    assert refused.value.check is check


@pytest.mark.refuses(Check.REQUEST_TIME)
def test_a_request_that_expired_while_the_user_thought_is_not_answered() -> None:
    step = consent()
    assert step.request.expires is not None
    assert step.check_open(now=step.request.expires + TOLERATED_LATE - 1) is step
    with pytest.raises(Rejected) as refused:
        step.check_open(now=step.request.expires + TOLERATED_LATE)
    assert (refused.value.check, refused.value.field) == (Check.REQUEST_TIME, "exp")


def test_transaction_data_without_the_credential_that_signs_it_cannot_be_planned() -> None:
    query = query_of(
        sd_jwt_query("account", "iban", vct="urn:utopia:account:1"),
        sd_jwt_query("pid"),
        credential_sets=[{"options": [["pid"], ["account"]]}],
    )
    step = consent(session(query, transaction_data=(transaction("account"),)))
    match = step.match(held(PID, ACCOUNT))
    with pytest.raises(Rejected) as refused:
        step.plan(match, Choice(options=(("pid",),), held={"pid": ("1",)}))
    assert refused.value.check is Check.HELD
    [planned] = step.plan(match, default_choice(match))
    assert len(planned.transaction_data) == 1


@pytest.mark.parametrize(
    ("response", "words"),
    [
        (HttpResponse(status=307, headers=(("location", "https://else.utopia.example"),)), "307"),
        (HttpResponse(status=500, body=b"oops"), "500"),
        (json_response({"error": "invalid_request"}, status=400), "400"),
        (json_response({"error_description": "nonce: too <late>\x07"}, status=400), "400: nonce: too <late>?"),
        (json_response({"error_description": "a" * 500}, status=400), "a" * 200),
    ],
)
def test_a_verifier_that_does_not_take_the_answer_is_quoted(response: HttpResponse, words: str) -> None:
    refused = rejection(sending(), response)
    assert (refused.check, refused.field) == (Check.ANSWER_DELIVERY, "response_uri")
    assert explain(refused).detail.endswith(words)
    assert "nonce" not in refused.detail  # which the log has


def test_an_answer_that_is_no_json_is_refused() -> None:
    refused = rejection(sending(), HttpResponse(status=200, headers=(("content-type", "text/html"),), body=b"<p>"))
    assert (refused.check, refused.field) == (Check.ANSWER_DELIVERY, "content-type")
    with pytest.raises(Malformed):
        sending().receive(HttpResponse(status=200, headers=(("content-type", "application/json"),), body=b"[]"))


@pytest.mark.parametrize(
    "target",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "myapp://back",
        "/relative",
        "https://",
        "https://a b",
        7,
        ["https://a"],
    ],
)
def test_only_http_and_https_pages_are_opened(target: Any) -> None:
    refused = rejection(sending(), json_response({"redirect_uri": target}))
    assert (refused.check, refused.field) == (Check.RETURN_TARGET, "redirect_uri")


@pytest.mark.parametrize("target", ["https://tax.utopia.example/#code=1", "http://verifier.localhost:8080/return?c=1"])
def test_a_page_is_opened_as_it_was_named(target: str) -> None:
    assert sending().receive(json_response({"redirect_uri": target})) == Done(redirect_uri=target)


def test_no_redirect_is_no_fault() -> None:
    assert sending().receive(json_response({"redirect_uri": None})) == Done(redirect_uri=None)


def test_nothing_is_sent_before_the_user_acts() -> None:
    step = received(scope="x")
    assert isinstance(step, Refusal)
    assert not hasattr(step, "request")
    told = step.tell()
    assert told.request.url == "https://tax.utopia.example/response/1"
    assert isinstance(told.receive(json_response({})), Done)


def test_a_plain_refusal_is_a_form() -> None:
    requested = session(response_mode=ResponseMode.DIRECT_POST)
    step = fetching(requested).receive(
        served(signed(claims_of(requested, scope="x", state=None))), policy=policy(PLAIN), now=NOW
    )
    assert isinstance(step, Refusal)
    form = form_of(step.tell().request)
    assert form.keys() == {"error", "error_description"}
    assert form["error"] == "invalid_request"
