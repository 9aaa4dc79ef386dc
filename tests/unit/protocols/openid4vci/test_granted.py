"""What a token is good for: asked for is what was granted, and what was not is said (RFC 6749 section 5.1)."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from zegel_testing.authorities import NOW
from zegel_testing.issuance import (
    ISSUER,
    Issuer,
    answered,
    drive,
    finish,
    log_in,
    plain_issuer,
    redeem,
    wallet_client,
    with_form,
)

from zegel.checks import Check
from zegel.errors import Denied
from zegel.primitives.http import HttpRequest, HttpResponse, json_response
from zegel.primitives.json import parse_object
from zegel.profiles import PLAIN, Proof
from zegel.protocols.oauth.authorization_details import encode_details, granted_details
from zegel.protocols.oauth.states import AccessToken
from zegel.protocols.openid4vci.wallet.issuance import Done, refresh_step
from zegel.protocols.openid4vci.wallet.session import Withheld

BOTH = ("id-sdjwt", "id-mdoc")


def pushing(**changed: str | None) -> Callable[[HttpRequest], HttpRequest]:
    """The authorization server hears of less than the wallet asked for."""
    return lambda request: with_form(request, **changed) if request.url.endswith("/par") else request


def saying(**members: Any) -> Callable[[HttpRequest, HttpResponse], HttpResponse]:
    """The token response says something else."""
    return lambda request, response: (
        answered(response, **members) if request.url.endswith("/token") and response.status == 200 else response
    )


def naming_only(issuer: Issuer, configuration: str) -> Callable[[HttpRequest, HttpResponse], HttpResponse]:
    """The issuer has identifiers for this one, and takes the others by their configurations (as ours never does)."""

    def edit(request: HttpRequest, response: HttpResponse) -> HttpResponse:
        if not request.url.endswith("/token") or response.status != 200:
            return response
        token = parse_object(response.body, what="test")["access_token"]
        access: AccessToken = issuer.store.records["access", token]
        mixed = tuple(replace(each, detailed=each.configuration == configuration) for each in access.credentials)
        issuer.store.put("access", token, replace(access, credentials=mixed))
        return answered(response, authorization_details=granted_details(mixed))

    return edit


def received(issuer: Issuer, *, by_code: bool = False) -> Done:
    offer = issuer.offer(*BOTH, pre_authorized=by_code)
    begun = (redeem if by_code else log_in)(issuer, offer, wallet_client(PLAIN))
    return finish(issuer, begun, choice=Proof.JWT)


def asked(issuer: Issuer) -> list[str]:
    """What the wallet asked the issuer for, by whatever name."""
    bodies = [
        parse_object(request.body, what="test") for request, _ in issuer.seen if request.url.endswith("/credential")
    ]
    names = ("credential_configuration_id", "credential_identifier")
    return list(dict.fromkeys(str(body[name]) for body in bodies for name in names if name in body))


def came(done: Done) -> list[str]:
    return [each.configuration for each in done.received]


def not_granted(configuration: str) -> tuple[Withheld, ...]:
    return (Withheld(configuration=configuration, check=Check.ACCESS_DENIED.id),)


def test_a_scope_that_was_not_granted_is_not_asked_for() -> None:
    issuer = plain_issuer(encrypted=False)
    issuer.edit_request = pushing(scope="utopia.id-sdjwt")
    done = received(issuer)
    assert (came(done), asked(issuer)) == (["id-sdjwt"], ["id-sdjwt"])
    assert done.session.withheld == not_granted("id-mdoc")


def test_details_that_were_not_granted_are_not_asked_for() -> None:
    issuer = plain_issuer(encrypted=False, scopes=False)
    issuer.edit_request = pushing(authorization_details=encode_details(("id-mdoc",), locations=(ISSUER,)))
    done = received(issuer)
    assert (came(done), asked(issuer)) == (["id-mdoc"], ["id-mdoc"])
    assert done.session.withheld == not_granted("id-sdjwt")


@pytest.mark.parametrize("scope", [None, "utopia.id-mdoc utopia.id-sdjwt", "openid utopia.id-sdjwt utopia.id-mdoc"])
def test_a_scope_that_is_not_said_is_the_one_that_was_asked_for(scope: str | None) -> None:
    issuer = plain_issuer(encrypted=False)
    issuer.edit_response = saying(scope=scope)
    done = received(issuer)
    assert (came(done), done.session.withheld) == (list(BOTH), ())


def test_one_may_be_granted_by_its_data_sets_and_the_other_by_its_scope() -> None:
    issuer = plain_issuer(encrypted=False, datasets={"id-sdjwt": ("passport", "identity card")})
    issuer.edit_response = naming_only(issuer, "id-sdjwt")
    assert came(received(issuer)) == ["id-sdjwt", "id-sdjwt", "id-mdoc"]
    assert asked(issuer) == ["passport", "identity card", "id-mdoc"]


@pytest.mark.parametrize(
    ("scope", "granted"),
    [("utopia.id-mdoc", ["id-mdoc"]), ("openid", list(BOTH)), ("", list(BOTH)), (None, list(BOTH))],
)
def test_a_pre_authorized_code_is_good_for_what_the_scope_names_if_it_names_any(
    scope: str | None, granted: list[str]
) -> None:
    issuer = plain_issuer(encrypted=False)
    issuer.edit_response = saying(scope=scope)
    assert came(received(issuer, by_code=True)) == granted


def test_a_pre_authorized_code_is_good_for_the_data_sets_that_are_named() -> None:
    issuer = plain_issuer(encrypted=False)
    details = encode_details(("id-mdoc",), locations=(ISSUER,))
    issuer.edit_request = lambda request: (
        with_form(request, authorization_details=details) if request.url.endswith("/token") else request
    )
    done = received(issuer, by_code=True)
    assert (came(done), done.session.withheld) == (["id-mdoc"], not_granted("id-sdjwt"))


@pytest.mark.refuses(Check.ACCESS_DENIED)
@pytest.mark.parametrize("scope", ["openid", ""])
def test_who_is_granted_nothing_asks_for_nothing(scope: str) -> None:
    issuer = plain_issuer(encrypted=False)
    issuer.edit_response = saying(scope=scope)
    with pytest.raises(Denied) as refusal:
        received(issuer)
    assert (refusal.value.check, refusal.value.code) == (Check.ACCESS_DENIED, "access_denied")
    assert asked(issuer) == []


@pytest.mark.parametrize("code", ["credential_request_denied", "insufficient_scope", "slow_down"])
@pytest.mark.parametrize("refused", [0, 1])
def test_what_one_request_brought_outlives_the_refusal_of_another(refused: int, code: str) -> None:
    issuer, answers = plain_issuer(encrypted=False), iter(range(2))

    def refuse(request: HttpRequest, response: HttpResponse) -> HttpResponse:
        if not request.url.endswith("/credential") or response.status != 200 or next(answers) != refused:
            return response
        return json_response({"error": code, "error_description": "not today"}, status=400)

    issuer.edit_response = refuse
    done = received(issuer)
    assert came(done) == [BOTH[1 - refused]]
    assert done.session.withheld == (
        Withheld(configuration=BOTH[refused], check=Check.PEER_REFUSAL.id, code=code, said="not today"),
    )


def test_what_takes_time_outlives_the_refusal_of_another() -> None:
    issuer = plain_issuer(encrypted=False, waits=1)
    issuer.edit_response = lambda request, response: (
        json_response({"error": "credential_request_denied"}, status=400)
        if request.url.endswith("/credential") and response.status == 200
        else response
    )
    done = received(issuer)
    assert [each.configuration for each in done.pending] == ["id-sdjwt"]
    assert [each.configuration for each in done.session.withheld] == ["id-mdoc"]


def test_where_all_is_refused_the_last_refusal_is_told() -> None:
    issuer = plain_issuer(encrypted=False)
    issuer.edit_response = lambda request, response: (
        json_response({"error": "credential_request_denied"}, status=400)
        if request.url.endswith("/credential") and response.status == 200
        else response
    )
    with pytest.raises(Denied, match="credential_request_denied"):
        received(issuer)


def test_a_token_that_is_refreshed_on_the_way_asks_for_nothing_twice() -> None:
    issuer = plain_issuer(encrypted=False, datasets={"id-sdjwt": ("passport", "identity card")})
    offer, refused = issuer.offer("id-sdjwt"), [False]

    def expire(request: HttpRequest, response: HttpResponse) -> HttpResponse:
        if b'"identity card"' not in request.body or not request.url.endswith("/credential") or refused[0]:
            return response
        refused[0] = True
        return json_response({"error": "invalid_token"}, status=401)

    issuer.edit_response = expire
    done = finish(issuer, log_in(issuer, offer, wallet_client(PLAIN)), choice=Proof.JWT)
    assert len(done.received) == 2
    assert done.session.withheld == ()


def test_what_came_outlives_a_token_that_is_good_for_nothing_more() -> None:
    issuer, asked_for, tokens = plain_issuer(encrypted=False), iter(range(9)), iter(range(9))

    def expire(request: HttpRequest, response: HttpResponse) -> HttpResponse:
        if request.url.endswith("/credential") and response.status == 200 and next(asked_for) == 1:
            return json_response({"error": "invalid_token"}, status=401)
        if request.url.endswith("/token") and response.status == 200 and next(tokens) == 1:
            return answered(response, scope="utopia.id-sdjwt")
        return response

    issuer.edit_response = expire
    done = received(issuer)
    assert (came(done), done.pending) == (["id-sdjwt"], ())
    assert done.session.withheld == not_granted("id-mdoc")


def test_a_refresh_for_nothing_more_brings_a_token_and_no_more() -> None:
    issuer = plain_issuer(encrypted=False)
    done = received(issuer)
    again = drive(refresh_step(done.session, now=NOW, random=issuer.random), issuer)
    assert isinstance(again, Done)
    assert again.session.tokens != done.session.tokens
