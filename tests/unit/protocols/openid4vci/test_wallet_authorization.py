"""The wallet's way to the authorization server and back."""

from dataclasses import replace

import pytest
from zegel_testing.authorities import NOW
from zegel_testing.issuance import Issuer, answered, drive, plain_issuer, ready_for, wallet_client

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.profiles import HAIP, PLAIN, Grant
from zegel.protocols.openid4vci.offer import InputMode, TransactionCodePrompt
from zegel.protocols.openid4vci.wallet.authorization import (
    BrowserPause,
    begin_authorization,
    begin_pre_authorized,
    return_from_browser,
)
from zegel.protocols.openid4vci.wallet.session import WalletClient


def paused(issuer: Issuer, client: WalletClient) -> BrowserPause:
    ready = ready_for(issuer, issuer.offer("id-sdjwt"))
    pause = drive(begin_authorization(ready, client=client, now=NOW, random=issuer.random), issuer)
    assert isinstance(pause, BrowserPause)
    return pause


def without(url: str, name: str) -> str:
    path, _, query = url.partition("?")
    return path + "?" + "&".join(part for part in query.split("&") if not part.startswith(f"{name}="))


@pytest.mark.refuses(Check.PROFILE)
def test_a_flow_that_the_profile_does_not_have_is_not_begun() -> None:
    issuer = plain_issuer()
    client = replace(wallet_client(PLAIN), profile=replace(PLAIN, grants=frozenset({Grant.PRE_AUTHORIZED_CODE})))
    ready = ready_for(issuer, issuer.offer("id-sdjwt"))
    with pytest.raises(Rejected) as refusal:
        begin_authorization(ready, client=client, now=NOW, random=issuer.random)
    assert refusal.value.check is Check.PROFILE


@pytest.mark.refuses(Check.PROFILE)
def test_a_wallet_that_is_not_attested_does_not_begin_where_the_profile_wants_it_attested() -> None:
    issuer = Issuer()
    client = replace(wallet_client(HAIP), attestation=None)
    ready = ready_for(issuer, issuer.offer("id-sdjwt"))
    with pytest.raises(Rejected) as refusal:
        begin_authorization(ready, client=client, now=NOW, random=issuer.random)
    assert (refusal.value.check, refusal.value.field) == (Check.PROFILE, "profile.client_authentication")


@pytest.mark.refuses(Check.TRANSACTION_CODE)
@pytest.mark.parametrize("entered", [None, ""])
def test_a_transaction_code_that_is_asked_for_is_entered(entered: str | None) -> None:
    issuer = plain_issuer()
    ready = ready_for(issuer, issuer.offer("id-sdjwt", pre_authorized=True, tx_code="abcd"))
    assert ready.offer.pre_authorized is not None
    asked = replace(ready.offer.pre_authorized, tx_code=TransactionCodePrompt(input_mode=InputMode.TEXT))
    ready = replace(ready, offer=replace(ready.offer, pre_authorized=asked))
    with pytest.raises(Rejected) as refusal:
        begin_pre_authorized(ready, client=wallet_client(PLAIN), tx_code=entered, now=NOW, random=issuer.random)
    assert refusal.value.check is Check.TRANSACTION_CODE


def test_a_server_that_does_not_say_who_it_is_may_leave_that_out() -> None:
    issuer = plain_issuer()
    issuer.edit_response = lambda request, response: (
        answered(response, authorization_response_iss_parameter_supported=None)
        if request.url.endswith("/realm")
        else response
    )
    pause = paused(issuer, wallet_client(PLAIN))
    url = without(issuer.browse(pause.url), "iss")
    assert return_from_browser(pause, url, now=NOW, random=issuer.random)


@pytest.mark.refuses(Check.AUTHORIZATION_RESPONSE)
def test_a_server_that_says_who_it_is_says_so_each_time() -> None:
    issuer = Issuer()
    pause = paused(issuer, wallet_client(HAIP))
    url = issuer.browse(pause.url)
    with pytest.raises(Rejected) as refusal:
        return_from_browser(pause, without(url, "iss"), now=NOW, random=issuer.random)
    assert (refusal.value.check, refusal.value.field) == (Check.AUTHORIZATION_RESPONSE, "iss")
    assert return_from_browser(pause, url, now=NOW, random=issuer.random)


@pytest.mark.parametrize("more", ["", "&more=%3F", "&more=?"])
def test_a_redirect_uri_may_have_a_query_of_its_own(more: str) -> None:
    issuer = Issuer()
    client = wallet_client(HAIP)
    pause = paused(issuer, replace(client, redirect_uri=client.redirect_uri + "?wallet=1"))
    assert return_from_browser(pause, issuer.browse(pause.url) + more, now=NOW, random=issuer.random)


def metadata_of_the_server(issuer: Issuer, **members: object) -> None:
    issuer.edit_response = lambda request, response: (
        answered(response, **members) if request.url.endswith("/realm") else response
    )


@pytest.mark.parametrize("types", [None, [], ["openid_credential"], ["payment", "openid_credential"]])
def test_without_a_scope_details_are_asked_for_unless_the_server_knows_other_types_alone(types: object) -> None:
    issuer = plain_issuer(scopes=False)
    metadata_of_the_server(issuer, authorization_details_types_supported=types)
    paused(issuer, wallet_client(PLAIN))
    form = next(request.form() for request, _ in issuer.seen if request.url.endswith("/par"))
    assert "id-sdjwt" in form["authorization_details"]


@pytest.mark.refuses(Check.SERVER_METADATA)
def test_a_server_that_knows_other_types_of_details_alone_is_not_asked_by_them() -> None:
    issuer = plain_issuer(scopes=False)
    metadata_of_the_server(issuer, authorization_details_types_supported=["payment"])
    with pytest.raises(Rejected) as refusal:
        paused(issuer, wallet_client(PLAIN))
    assert (refusal.value.check, refusal.value.field) == (Check.SERVER_METADATA, "scope")
    assert not [request for request, _ in issuer.seen if request.url.endswith("/par")]


@pytest.mark.refuses(Check.SERVER_METADATA)
@pytest.mark.parametrize(("algorithms", "taken"), [(["ES384"], False), (["ES384", "ES256"], True), (None, True)])
def test_a_server_that_takes_no_dpop_proof_of_ours_is_asked_for_nothing(algorithms: object, taken: bool) -> None:
    """RFC 9449 section 5.1; our wallet has keys on P-256 alone."""
    issuer = plain_issuer()
    metadata_of_the_server(issuer, dpop_signing_alg_values_supported=algorithms)
    if taken:
        assert paused(issuer, wallet_client(PLAIN))
        return
    with pytest.raises(Rejected) as refusal:
        ready_for(issuer, issuer.offer("id-sdjwt"))
    assert (refusal.value.check, refusal.value.field) == (Check.SERVER_METADATA, "dpop_signing_alg_values_supported")
    assert {request.method for request, _ in issuer.seen} == {"GET"}
