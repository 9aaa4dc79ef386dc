"""What is asked: the parameters, once the sender is settled."""

from typing import Any

import pytest
from zegel_testing.authorities import fixed_random
from zegel_testing.openid4vp import (
    ACCOUNT,
    PID,
    consent,
    held,
    link_to,
    policy,
    query_of,
    received,
    sd_jwt_query,
    session,
    transaction,
    unsigned_session,
)

from zegel.checks import Check
from zegel.profiles import PLAIN, ResponseMode
from zegel.protocols.openid4vp.matching import default_choice
from zegel.protocols.openid4vp.request import VerifierInfo
from zegel.protocols.openid4vp.wallet import Consent, Refusal, begin

ACCOUNT_QUERY = query_of(sd_jwt_query("account", "iban", vct="urn:utopia:account:1"))


def refused(**changes: Any) -> Refusal:
    step = received(**changes)
    assert isinstance(step, Refusal)
    return step


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("redirect_uri", "https://tax.utopia.example/"),
        ("request", "eyJ"),
        ("request_uri", "https://tax.utopia.example/"),
        ("scope", "openid"),
    ],
)
def test_a_parameter_that_leads_elsewhere_is_refused(name: str, value: Any) -> None:
    step = refused(**{name: value})
    assert (step.check, step.field) == (Check.PRESENTATION_REQUEST, name)


@pytest.mark.parametrize("name", ["presentation_definition", "presentation_definition_uri", "unheard-of"])
def test_what_the_specification_does_not_know_is_ignored(name: str) -> None:
    """OpenID4VP 1.0 section 5: also what its drafts had; a verifier may serve wallets of both."""
    assert isinstance(received(**{name: {}}), Consent)


@pytest.mark.parametrize("value", [None, "id_token", "vp_token id_token", "code"])
def test_another_response_type_is_refused(value: Any) -> None:
    step = refused(response_type=value)
    assert (step.check, step.field) == (Check.PRESENTATION_REQUEST, "response_type")


@pytest.mark.parametrize("value", [None, "", "a b", "a" * 1_001, 7])
def test_a_nonce_is_required_and_url_safe(value: Any) -> None:
    step = refused(nonce=value)
    assert (step.check, step.field) == (Check.SYNTAX, "nonce")


def test_without_holder_binding_a_state_is_required() -> None:
    query = query_of(sd_jwt_query("pid", require_cryptographic_holder_binding=False))
    step = received(session(query), state=None)
    assert isinstance(step, Refusal)
    assert (step.check, step.field) == (Check.PRESENTATION_REQUEST, "state")


def test_an_encrypted_answer_needs_a_key() -> None:
    step = refused(client_metadata={"vp_formats_supported": {"dc+sd-jwt": {}}})
    assert step.check is Check.RESPONSE_KEY


def test_a_plain_answer_needs_none_and_uses_none() -> None:
    requested = session(response_mode=ResponseMode.DIRECT_POST)
    step = consent(requested, client_metadata={"vp_formats_supported": {"dc+sd-jwt": {}}})
    assert step.request.challenge.jwk_thumbprint is None


@pytest.mark.parametrize("formats", [{}, {"mso_mdoc": {}}, {"dc+sd-jwt": {"kb-jwt_alg_values": ["EdDSA"]}}])
def test_a_verifier_that_takes_none_of_the_formats_that_it_asks_for_is_refused(formats: Any) -> None:
    assert refused(client_metadata={"vp_formats_supported": formats}).check is Check.VP_FORMATS


@pytest.mark.requirement("SUA_07")
def test_transaction_data_is_kept_for_its_credential() -> None:
    item = transaction("account")
    step = consent(session(ACCOUNT_QUERY, transaction_data=(item,)))
    assert step.request.transaction_data == (item,)
    match = step.match(held(ACCOUNT))
    [planned] = step.plan(match, default_choice(match))
    assert planned.transaction_data == (item.raw,)


def test_a_pid_never_signs_a_transaction() -> None:
    step = received(transaction_data=[transaction("pid").raw])
    assert isinstance(step, Refusal)
    assert step.check is Check.TRANSACTION_REQUEST


def test_a_pid_is_never_shown_to_nobody_known() -> None:
    requested = unsigned_session(response_mode=ResponseMode.DIRECT_POST)
    step = begin(link_to(requested), policy=policy(PLAIN), random=fixed_random())
    assert isinstance(step, Refusal)
    assert step.check is Check.UNAUTHENTICATED_PARTY


def test_nor_under_the_name_of_what_it_extends() -> None:
    query = query_of(sd_jwt_query("identity", vct="urn:utopia:identity:1"))
    requested = unsigned_session(query, response_mode=ResponseMode.DIRECT_POST)
    step = begin(link_to(requested), policy=policy(PLAIN), random=fixed_random())
    assert isinstance(step, Consent)
    assert step.request.without_pid == {"identity"}
    assert received(session(query)).request.without_pid == frozenset()  # type: ignore[union-attr]
    assert PID.type == "urn:eudi:pid:1"


def test_what_others_say_of_the_verifier_is_handed_on_as_it_is() -> None:
    infos = (
        VerifierInfo(format="registration_cert", data="eyJ", credential_ids=("pid",)),
        VerifierInfo(format="urn:example", data={"a": 1}),
    )
    request = consent(session(verifier_info=infos)).request
    assert request.verifier_info == infos
    assert request.registered_queries == {"pid"}


@pytest.mark.parametrize(
    "value",
    [
        [],
        {},
        ["text"],
        [{"data": "a"}],
        [{"format": "a"}],
        [{"format": "a", "data": 7}],
        [{"format": "a", "data": "a", "credential_ids": []}],
        [{"format": "a", "data": "a", "credential_ids": ["other"]}],
        [{"format": "a", "data": "a"}] * 17,
    ],
)
def test_infos_that_do_not_parse_are_refused(value: Any) -> None:
    assert refused(verifier_info=value).check is Check.SYNTAX
