"""RFC 9126 and FAPI 2.0 section 5.3.2.2: what is pushed, and what the browser brings afterwards."""

import json

import pytest
from zegel_testing.authorities import NOW
from zegel_testing.issuance import (
    REDIRECT,
    SERVER,
    WALLET_ID,
    Issuer,
    at,
    drive,
    log_in,
    ready_for,
    wallet_client,
    with_form,
)

from zegel.errors import Denied
from zegel.primitives.http import HttpRequest
from zegel.profiles import HAIP, PLAIN, Profile
from zegel.protocols.oauth.authorization import check_authorization_request, check_undecided
from zegel.protocols.openid4vci.wallet.authorization import BrowserPause, begin_authorization


def pushed(issuer: Issuer) -> BrowserPause:
    """A wallet whose request is pushed."""
    ready = ready_for(issuer, issuer.offer("id-sdjwt"))
    return drive(begin_authorization(ready, client=wallet_client(HAIP), now=issuer.now, random=issuer.random), issuer)


@pytest.mark.parametrize("profile", [HAIP, PLAIN])
def test_section_2_1_the_client_names_itself_however_it_authenticates(profile: Profile) -> None:
    """It is required in a pushed request as in an authorization request (RFC 6749 section 4.1.1)."""
    issuer = Issuer(profile=profile)
    issuer.edit_request = at("/par", lambda request: with_form(request, client_id=None))
    ready = ready_for(issuer, issuer.offer("id-sdjwt"))
    step = begin_authorization(ready, client=wallet_client(profile), now=issuer.now, random=issuer.random)
    with pytest.raises(Denied):
        drive(step, issuer)
    denied = issuer.denials[-1]
    assert (denied.code, denied.field) == ("invalid_request", "client_id")


def test_section_2_2_the_answer_is_201_with_a_request_uri_under_600_seconds() -> None:
    issuer = Issuer()
    pushed(issuer)
    response = issuer.seen[-1][1]
    body = json.loads(response.body)
    assert response.status == 201
    assert body["request_uri"].startswith("urn:ietf:params:oauth:request_uri:")
    assert 30 <= body["expires_in"] < 600
    assert response.header("cache-control") == "no-store"


def test_section_4_the_browser_brings_client_id_and_request_uri_alone() -> None:
    assert set(HttpRequest(method="GET", url=pushed(Issuer()).url).query()) == {"client_id", "request_uri"}


def test_fapi_note_3_a_page_that_is_loaded_twice_is_still_good() -> None:
    issuer = Issuer()
    parameters = HttpRequest(method="GET", url=pushed(issuer).url).query()
    for _ in range(2):
        state = issuer.store.load("pushed", parameters["request_uri"])
        assert check_authorization_request(parameters, pushed=state, now=NOW) is state


def test_fapi_5_3_2_2_a_request_is_decided_once() -> None:
    issuer = Issuer()
    pause = pushed(issuer)
    issuer.browse(pause.url)
    with pytest.raises(Denied, match="invalid_request"):
        issuer.browse(pause.url)


def test_a_request_that_another_tab_decided_is_refused() -> None:
    issuer = Issuer()
    parameters = HttpRequest(method="GET", url=pushed(issuer).url).query()
    taken = issuer.store.take("pushed", parameters["request_uri"])
    assert check_undecided(taken) is taken
    with pytest.raises(Denied, match="decided before"):
        check_undecided(None)


def test_section_4_parameters_outside_the_pushed_request_are_ignored() -> None:
    issuer = Issuer()
    pause = pushed(issuer)
    back = issuer.browse(pause.url + "&state=evil&redirect_uri=https%3A%2F%2Fevil.example")
    assert back.startswith(REDIRECT)
    assert f"state={pause.state}" in back


def test_a_request_without_state_gets_none_back() -> None:
    issuer = Issuer()
    issuer.edit_request = at("/par", lambda request: with_form(request, state=None))
    assert "state=" not in issuer.browse(pushed(issuer).url)


def test_a_long_state_comes_back_whole() -> None:
    issuer = Issuer()
    issuer.edit_request = at("/par", lambda request: with_form(request, state="s" * 1024))
    assert "s" * 1024 in issuer.browse(pushed(issuer).url)


def test_rfc_9207_the_response_says_which_server_answered() -> None:
    issuer = Issuer()
    assert HttpRequest(method="GET", url=issuer.browse(pushed(issuer).url)).query()["iss"] == SERVER


def test_rfc_6749_4_1_2_1_a_refusal_goes_to_the_wallet_with_state_and_iss() -> None:
    issuer = Issuer()
    pause = pushed(issuer)
    issuer.declines = True
    query = HttpRequest(method="GET", url=issuer.browse(pause.url)).query()
    assert query["error"] == "access_denied"
    assert (query["state"], query["iss"]) == (pause.state, SERVER)


def test_fapi_5_3_2_2_a_code_that_is_used_twice_takes_back_what_it_gave() -> None:
    issuer = Issuer(encrypted=False)
    log_in(issuer, issuer.offer("id-sdjwt"), wallet_client(HAIP))
    (token_request,) = [request for request, _ in issuer.seen if request.url.endswith("/token")]
    grant = next(value for (kind, _), value in issuer.store.records.items() if kind == "grant")
    assert not grant.revoked
    issuer.store.claimed.clear()  # the thief makes proofs of their own; what counts here is the code
    response = issuer.handle(token_request)
    assert response.status == 400
    assert b"invalid_grant" in response.body
    grant = next(value for (kind, _), value in issuer.store.records.items() if kind == "grant")
    assert grant.revoked


def test_the_issuer_state_of_the_offer_comes_along() -> None:
    issuer = Issuer()
    parameters = HttpRequest(method="GET", url=pushed(issuer).url).query()
    assert issuer.store.load("pushed", parameters["request_uri"]).issuer_state == "context-1"
    assert parameters["client_id"] == WALLET_ID
