"""Sign in: one mutation of a good message for each check, and the check that it fails."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from zegel_testing.authorities import NOW, fixed_random
from zegel_testing.sign_in import (
    ADA_SD_JWT,
    CLAIMS_UNTIL,
    PROVIDER,
    STABLE,
    basic,
    code_issued,
    post,
    registered,
    requested,
    sd_jwt_answer,
    token_form,
    token_request,
)

from zegel.checks import Check
from zegel.errors import Denied, Rejected
from zegel.protocols.oidc.client import ClaimSource
from zegel.protocols.oidc.sign_in import not_presented, unknown_token
from zegel.protocols.oidc.subject import StableFrom
from zegel.protocols.oidc.token_request import receive_access_token, receive_token_request


def register_a_plain_redirect_uri() -> object:
    return registered(redirect_uris=("http://tax.utopia.example/callback",))


def register_the_number_of_a_sex_as_gender() -> object:
    return registered(claims={"gender": ClaimSource(attestation="pid", claims=("sex",))})


def take_the_subject_from_name_and_birth_date() -> object:
    return registered(StableFrom(attestation="pid", claims=("family_name", "birth_date")))


def present_an_empty_number() -> object:
    answer = sd_jwt_answer(ADA_SD_JWT | {"personal_administrative_number": " "})
    return code_issued(client=registered(STABLE), answer=answer)


def ask_for_another_redirect_uri() -> object:
    return requested(redirect_uri="https://tax.utopia.example/callback?")


def ask_as_a_stranger() -> object:
    return requested(client_id="stranger")


def ask_for_the_implicit_flow() -> object:
    return requested(response_type="id_token")


def ask_without_a_challenge() -> object:
    return requested(code_challenge=None)


def ask_without_the_person() -> object:
    return requested(prompt="none")


def ask_with_a_hint_of_nobodys() -> object:
    return requested(client=registered(STABLE), id_token_hint="e30.e30.e30")


def expect_another_person() -> object:
    client = registered(STABLE)
    asked = replace(requested(client=client), expected="somebody else")
    return asked.accept(
        sd_jwt_answer(), client=client, provider=PROVIDER, claims_until=CLAIMS_UNTIL, now=NOW, random=fixed_random()
    )


def refuse_to_present() -> object:
    raise not_presented("the wallet says access_denied")


def send_a_wrong_secret() -> object:
    return receive_token_request(
        post(token_form("code"), authorization=basic(secret="guess")), clients={"tax-online": registered()}
    )


def ask_for_a_refresh_token() -> object:
    form = token_form("code", grant_type="refresh_token")
    return receive_token_request(post(form, authorization=basic()), clients={"tax-online": registered()})


def redeem_late() -> object:
    code, issued = code_issued()
    return issued.redeem(token_request(code), provider=PROVIDER, now=NOW + 60, random=fixed_random())


def redeem_with_another_verifier() -> object:
    code, issued = code_issued()
    request = token_request(code, code_verifier="v" * 43)
    return issued.redeem(request, provider=PROVIDER, now=NOW, random=fixed_random())


def redeem_twice() -> object:
    code, issued = code_issued()
    spent, _, _ = issued.redeem(token_request(code), provider=PROVIDER, now=NOW, random=fixed_random())
    raise spent.replay()


def fetch_the_claims_with_a_secret() -> object:
    return receive_access_token(post({}, authorization=basic(), path="/userinfo"))


def fetch_the_claims_twice() -> object:
    raise unknown_token()


REFUSALS: tuple[tuple[Check, Callable[[], object]], ...] = (
    (Check.CLIENT_REGISTRATION, register_a_plain_redirect_uri),
    (Check.CLIENT_REGISTRATION, register_the_number_of_a_sex_as_gender),
    (Check.SUBJECT_SOURCE, take_the_subject_from_name_and_birth_date),
    (Check.SUBJECT_VALUE, present_an_empty_number),
    (Check.SIGN_IN_CLIENT, ask_as_a_stranger),
    (Check.SIGN_IN_CLIENT, ask_for_another_redirect_uri),
    (Check.SIGN_IN_REQUEST, ask_for_the_implicit_flow),
    (Check.PKCE, ask_without_a_challenge),
    (Check.SIGN_IN_INTERACTION, ask_without_the_person),
    (Check.ID_TOKEN_HINT, ask_with_a_hint_of_nobodys),
    (Check.HINTED_PERSON, expect_another_person),
    (Check.SIGN_IN_REFUSED, refuse_to_present),
    (Check.CLIENT_SECRET, send_a_wrong_secret),
    (Check.SIGN_IN_TOKEN_REQUEST, ask_for_a_refresh_token),
    (Check.SIGN_IN_CODE, redeem_late),
    (Check.SIGN_IN_CODE, redeem_twice),
    (Check.PKCE, redeem_with_another_verifier),
    (Check.SIGN_IN_TOKEN, fetch_the_claims_with_a_secret),
    (Check.SIGN_IN_TOKEN, fetch_the_claims_twice),
)


@pytest.mark.parametrize(("check", "mutation"), REFUSALS, ids=lambda value: getattr(value, "__name__", None))
def test_the_mutation_fails_with_its_check(check: Check, mutation: Callable[[], object]) -> None:
    with pytest.raises((Denied, Rejected)) as refusal:
        mutation()
    assert refusal.value.check is check
