"""The sign-in service: who may begin, come back, cancel, redeem and fetch, and what is left of it afterwards."""

import asyncio
import json
from dataclasses import replace

import pytest
from zegel_testing.authorities import fixed_random
from zegel_testing.interleaved import Interleaved
from zegel_testing.sign_in import PROVIDER, sent_back
from zegel_testing.sign_in_desk import BROWSER, LINK, OTHER_BROWSER, client, issue, sign_in_desk

from zegel.checks import Check
from zegel.errors import Denied, Rejected
from zegel.formats.credential import Format
from zegel.primitives.http import HttpResponse
from zegel.protocols.oauth.lifetimes import CODE_SECONDS, LOG_IN_SECONDS
from zegel.protocols.oidc.claims import build_sign_in_query
from zegel.protocols.oidc.sign_in import TokenIssued
from zegel.protocols.oidc.token_request import secret_digest
from zegel.protocols.openid4vp.verifier import (
    CROSS_DEVICE_SECONDS,
    RESULT_SECONDS,
    SAME_DEVICE_SECONDS,
    AwaitingReturn,
    Finished,
    Requested,
)
from zegel.services.signin import ACCESS, CODES, SIGN_IN, SignInService
from zegel.services.verifier import SESSION

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def desk():
    async with sign_in_desk() as opened:
        yield opened


async def refused(awaitable) -> Rejected:
    with pytest.raises(Rejected) as refusal:
        await awaitable
    return refusal.value


async def denied(awaitable) -> Denied:
    with pytest.raises(Denied) as refusal:
        await awaitable
    return refusal.value


def code_of(response: HttpResponse) -> str:
    answer = sent_back(response)
    assert "error" not in answer, answer
    return answer["code"]


def body_of(response: HttpResponse) -> dict:
    assert response.status == 200
    return json.loads(response.body)


# --- begin --------------------------------------------------------------------------------------------------------


async def test_a_sign_in_begins_with_a_request_to_the_wallet(desk) -> None:
    assert await desk.begin() is None
    page = await desk.look()
    assert page.client.name == "Tax online"
    assert page.query == build_sign_in_query(client(), scope=("openid", "profile"))
    assert isinstance(page.same_device, Requested)
    assert page.cross_device is None


async def test_a_stranger_is_told_on_a_page_and_sent_nowhere(desk) -> None:
    refusal = await denied(desk.begin(client_id="stranger"))
    assert refusal.check is Check.SIGN_IN_CLIENT
    assert (await refused(desk.service.look(BROWSER))).check is Check.SIGN_IN_OPEN


async def test_what_a_client_asks_wrongly_it_is_told_itself(desk) -> None:
    answer = sent_back(await desk.begin(response_type="token"))
    assert (answer["error"], answer["state"]) == ("unsupported_response_type", "the-state")
    assert (await refused(desk.service.look(BROWSER))).check is Check.SIGN_IN_OPEN


@pytest.mark.refuses(Check.SIGN_IN_OPEN)
@pytest.mark.parametrize("browser", [OTHER_BROWSER, None])
async def test_another_browser_finds_no_sign_in(desk, browser) -> None:
    await desk.begin()
    for use_case in (desk.service.look, desk.service.ask_other_device, desk.service.cancel):
        assert (await refused(use_case(browser))).check is Check.SIGN_IN_OPEN


# --- on the same device -------------------------------------------------------------------------------------------


async def test_who_presents_and_comes_back_brings_a_code(desk) -> None:
    await desk.begin()
    session, code = await desk.presented()
    assert isinstance((await desk.look()).same_device, AwaitingReturn)
    answer = sent_back(await desk.come_back(session, code))
    assert answer.keys() == {"code", "state", "iss"}


async def test_a_sign_in_ends_once(desk) -> None:
    await desk.begin()
    session, code = await desk.presented()
    await desk.come_back(session, code)
    assert (await refused(desk.service.look(BROWSER))).check is Check.SIGN_IN_OPEN
    assert (await refused(desk.come_back(session, code))).check is Check.RESPONSE_CODE


async def test_a_wrong_response_code_spoils_nothing(desk) -> None:
    await desk.begin()
    session, code = await desk.presented()
    assert (await refused(desk.come_back(session, "guess"))).check is Check.RESPONSE_CODE
    assert (await refused(desk.come_back(session, "guess", OTHER_BROWSER))).check is Check.RESPONSE_CODE
    assert code_of(await desk.come_back(session, code))


@pytest.mark.parametrize("browser", [OTHER_BROWSER, None])
async def test_a_return_in_another_browser_is_refused_for_good_and_the_service_hears_of_it(desk, browser) -> None:
    await desk.begin()
    session, code = await desk.presented()
    assert (await refused(desk.come_back(session, code, browser))).check is Check.SAME_BROWSER
    assert (await refused(desk.come_back(session, code))).check is Check.RESPONSE_CODE
    answer = sent_back(await desk.service.look(BROWSER))
    assert answer["error"] == "access_denied"
    assert "another browser" in answer["error_description"]


async def test_a_return_in_a_browser_with_a_sign_in_of_its_own_is_refused_too(desk) -> None:
    await desk.begin()
    await desk.begin(OTHER_BROWSER)
    session, code = await desk.presented()
    assert (await refused(desk.come_back(session, code, OTHER_BROWSER))).check is Check.SAME_BROWSER
    assert isinstance((await desk.look(OTHER_BROWSER)).same_device, Requested)


async def test_a_wallet_that_refuses_comes_back_with_access_denied(desk) -> None:
    await desk.begin()
    target = await desk.wallet.refuse(await desk.link())
    session = target.rpartition("/return/")[2].partition("?")[0]
    assert sent_back(await desk.come_back(session, "any"))["error"] == "access_denied"
    assert (await refused(desk.service.look(BROWSER))).check is Check.SIGN_IN_OPEN


async def test_a_wallet_that_refuses_and_does_not_come_back_is_seen_on_the_page(desk) -> None:
    await desk.begin()
    await desk.wallet.refuse(await desk.link())
    assert sent_back(await desk.service.look(BROWSER))["error"] == "access_denied"


async def test_whoever_cancels_goes_back_to_the_service(desk) -> None:
    await desk.begin()
    session, code = await desk.presented()
    assert sent_back(await desk.service.cancel(BROWSER))["error"] == "access_denied"
    assert (await refused(desk.come_back(session, code))).check is Check.SIGN_IN_OPEN


async def test_after_a_cancel_no_wallet_hands_anything_over(desk) -> None:
    await desk.begin()
    await desk.service.ask_other_device(BROWSER)
    page = await desk.look()
    links = [page.same_device.link(LINK), page.cross_device.link(LINK)]
    await desk.service.cancel(BROWSER)
    for link in links:
        assert (await refused(desk.wallet.present(link))).check is Check.ANSWERED_ONCE


async def test_an_answer_that_came_before_the_cancel_is_gone(desk) -> None:
    await desk.begin()
    session, _ = await desk.presented()
    await desk.service.cancel(BROWSER)
    assert (await refused(desk.verifier.look(session))).check is Check.ANSWERED_ONCE


async def test_an_answer_that_is_being_verified_at_a_cancel_is_not_taken(desk) -> None:
    await desk.begin()
    link = (await desk.look()).same_device.link(LINK)
    looked_up = desk.verifier._statuses.fetch_status_list

    async def cancelled_meanwhile(reference):
        await desk.service.cancel(BROWSER)
        return await looked_up(reference)

    desk.verifier._statuses.fetch_status_list = cancelled_meanwhile
    assert (await refused(desk.wallet.present(link))).check is Check.ANSWERED_ONCE


async def test_a_sign_in_that_is_cancelled_at_this_moment_brings_no_code(desk) -> None:
    await desk.begin()
    session, code = await desk.presented()
    cancelled: list[str] = []

    async def cancel() -> None:
        cancelled.append(sent_back(await desk.service.cancel(BROWSER))["error"])

    service = SignInService(
        PROVIDER,
        clients={"tax-online": client()},
        registrations={},
        verifier=desk.verifier,
        store=Interleaved(desk.store, cancel),
        clock=desk.clock,
        random=fixed_random("at this moment"),
    )
    assert (await refused(replace(desk, service=service).come_back(session, code))).check is Check.SIGN_IN_OPEN
    assert cancelled == ["access_denied"]


async def test_without_an_answer_in_time_the_service_hears_of_it(desk) -> None:
    await desk.begin()
    desk.clock.advance(SAME_DEVICE_SECONDS)
    answer = sent_back(await desk.service.look(BROWSER))
    assert (answer["error"], answer["state"]) == ("access_denied", "the-state")


async def test_after_a_quarter_of_an_hour_nothing_is_left_to_look_at(desk) -> None:
    await desk.begin()
    desk.clock.advance(LOG_IN_SECONDS)
    assert (await refused(desk.service.look(BROWSER))).check is Check.SIGN_IN_OPEN


async def test_an_identity_that_makes_no_subject_is_refused_at_the_service(desk) -> None:
    desk.wallet.copies = [issue(personal_administrative_number=" ")]
    await desk.begin()
    answer = sent_back(await desk.come_back(*await desk.presented()))
    assert answer["error"] == "access_denied"
    assert Check.SUBJECT_VALUE.id in answer["error_description"]
    assert (await refused(desk.service.look(BROWSER))).check is Check.SIGN_IN_OPEN


async def test_both_formats_sign_in_and_are_one_person(desk) -> None:
    subjects = set()
    for format_ in Format:
        desk.wallet.copies = [issue(format_, name=f"copy as {format_}")]
        token = body_of(await desk.token(await desk.code()))
        subjects.add(body_of(await desk.userinfo(token["access_token"]))["sub"])
        await desk.store.purge()
    assert len(subjects) == 1


# --- on another device --------------------------------------------------------------------------------------------


@pytest.mark.refuses(Check.CROSS_DEVICE)
async def test_another_device_is_refused_where_the_client_does_not_allow_it() -> None:
    async with sign_in_desk(client(cross_device=False)) as desk:
        await desk.begin()
        refusal = await refused(desk.service.ask_other_device(BROWSER))
        assert refusal.check is Check.CROSS_DEVICE
        assert (await desk.look()).cross_device is None


async def test_who_scans_and_presents_signs_in_the_browser_that_showed_the_code(desk) -> None:
    await desk.begin()
    await desk.service.ask_other_device(BROWSER)
    link = (await desk.look()).cross_device.link(LINK)
    assert await desk.wallet.present(link) is None
    assert (await refused(desk.service.look(OTHER_BROWSER))).check is Check.SIGN_IN_OPEN
    assert code_of(await desk.service.look(BROWSER))


async def test_a_code_that_may_be_being_scanned_stays_the_one(desk) -> None:
    await desk.begin()
    first = await desk.service.ask_other_device(BROWSER)
    assert await desk.service.ask_other_device(BROWSER) == first
    desk.clock.advance(CROSS_DEVICE_SECONDS)
    assert (await desk.look()).cross_device is None
    assert await desk.service.ask_other_device(BROWSER) != first
    assert (await desk.look()).cross_device is not None


async def test_a_refusal_on_the_other_device_ends_the_sign_in(desk) -> None:
    await desk.begin()
    await desk.service.ask_other_device(BROWSER)
    assert await desk.wallet.refuse((await desk.look()).cross_device.link(LINK)) is None
    assert sent_back(await desk.service.look(BROWSER))["error"] == "access_denied"


async def test_of_two_devices_the_first_signs_in_and_the_other_comes_too_late(desk) -> None:
    await desk.begin()
    await desk.service.ask_other_device(BROWSER)
    await desk.wallet.present((await desk.look()).cross_device.link(LINK))
    session, code = await _presented_beside(desk)
    assert code_of(await desk.service.look(BROWSER))
    assert (await refused(desk.come_back(session, code))).check is Check.SIGN_IN_OPEN


async def test_of_two_devices_only_one_can_answer(desk) -> None:
    await desk.begin()
    await desk.service.ask_other_device(BROWSER)
    page = await desk.look()
    await desk.wallet.present(page.cross_device.link(LINK))
    assert code_of(await desk.service.look(BROWSER))
    assert (await refused(desk.wallet.present(page.same_device.link(LINK)))).check is Check.ANSWERED_ONCE


async def test_after_a_refusal_on_one_device_the_other_cannot_answer(desk) -> None:
    await desk.begin()
    await desk.service.ask_other_device(BROWSER)
    page = await desk.look()
    await desk.wallet.refuse(page.cross_device.link(LINK))
    assert sent_back(await desk.service.look(BROWSER))["error"] == "access_denied"
    assert (await refused(desk.wallet.present(page.same_device.link(LINK)))).check is Check.ANSWERED_ONCE


async def _presented_beside(desk) -> tuple[str, str]:
    """A wallet presents on the same device, where the page is not looked at first."""
    async with desk.store.transaction() as transaction:
        sign_in = (await transaction.load(SIGN_IN, BROWSER)).value
    requested = await desk.verifier.look(sign_in.same_device)
    target = await desk.wallet.present(requested.link(LINK))
    session, _, code = target.rpartition("/return/")[2].partition("?response_code=")
    return session, code


# --- whom the service expects -------------------------------------------------------------------------------------


async def test_who_presents_in_anothers_place_is_sent_back_without_a_code(desk) -> None:
    hint = body_of(await desk.token(await desk.code()))["id_token"]
    desk.wallet.copies = [issue(personal_administrative_number="UT-4711")]
    await desk.begin(id_token_hint=hint)
    answer = sent_back(await desk.come_back(*await desk.presented()))
    assert (answer["error"], answer["state"]) == ("login_required", "the-state")
    assert Check.HINTED_PERSON.id in answer["error_description"]
    assert (await refused(desk.service.look(BROWSER))).check is Check.SIGN_IN_OPEN


async def test_the_person_whom_the_service_expects_is_signed_in_again(desk) -> None:
    hint = body_of(await desk.token(await desk.code()))["id_token"]
    await desk.begin(id_token_hint=hint)
    assert code_of(await desk.come_back(*await desk.presented()))


# --- the service --------------------------------------------------------------------------------------------------


async def test_a_code_is_redeemed_and_the_claims_are_fetched_once(desk) -> None:
    token = body_of(await desk.token(await desk.code()))
    claims = body_of(await desk.userinfo(token["access_token"]))
    assert claims.keys() == {"sub", "family_name"}
    assert (await denied(desk.userinfo(token["access_token"]))).check is Check.SIGN_IN_TOKEN


@pytest.mark.requirement("RPI_10")
async def test_once_the_claims_were_fetched_only_the_outcome_is_left(desk) -> None:
    await desk.begin()
    session, response_code = await desk.presented()
    code = code_of(await desk.come_back(session, response_code))
    access_token = body_of(await desk.token(code))["access_token"]
    await desk.userinfo(access_token)
    async with desk.store.transaction() as transaction:
        assert isinstance((await transaction.load(SESSION, session)).value, Finished)
        assert isinstance((await transaction.load(CODES, secret_digest(code))).value, TokenIssued)
        assert await transaction.load(ACCESS, secret_digest(access_token)) is None
        assert await transaction.load(SIGN_IN, BROWSER) is None


async def test_a_code_that_comes_twice_takes_back_what_it_gave(desk) -> None:
    code = await desk.code()
    token = body_of(await desk.token(code))
    assert (await denied(desk.token(code))).check is Check.SIGN_IN_CODE
    assert (await denied(desk.userinfo(token["access_token"]))).check is Check.SIGN_IN_TOKEN
    assert (await denied(desk.token(code))).check is Check.SIGN_IN_CODE


async def test_of_two_that_redeem_at_once_neither_keeps_anything(desk) -> None:
    code = await desk.code()
    outcomes = await asyncio.gather(desk.token(code), desk.token(code), return_exceptions=True)
    (given,) = [outcome for outcome in outcomes if isinstance(outcome, HttpResponse)]
    (refusal,) = [outcome for outcome in outcomes if isinstance(outcome, Denied)]
    assert refusal.check is Check.SIGN_IN_CODE
    assert (await denied(desk.userinfo(body_of(given)["access_token"]))).check is Check.SIGN_IN_TOKEN


async def test_a_wrong_request_leaves_the_code_to_the_right_one(desk) -> None:
    code = await desk.code()
    assert (await denied(desk.token(code, code_verifier="w" * 43))).check is Check.PKCE
    assert (await denied(desk.token(code, redirect_uri="https://evil.example/"))).check is Check.SIGN_IN_CODE
    assert body_of(await desk.token(code))


async def test_a_code_that_nobody_issued_is_refused(desk) -> None:
    assert (await denied(desk.token("guess"))).check is Check.SIGN_IN_CODE
    assert (await denied(desk.userinfo("guess"))).check is Check.SIGN_IN_TOKEN


async def test_a_code_lives_for_a_minute(desk) -> None:
    code = await desk.code()
    desk.clock.advance(CODE_SECONDS)
    assert (await denied(desk.token(code))).check is Check.SIGN_IN_CODE


async def test_claims_live_for_five_minutes_however_slow_browser_and_service_are(desk) -> None:
    await desk.begin()
    session, code = await desk.presented()
    desk.clock.advance(RESULT_SECONDS - 20)
    code = code_of(await desk.come_back(session, code))
    desk.clock.advance(10)
    token = body_of(await desk.token(code))
    assert token["expires_in"] == 10
    desk.clock.advance(10)
    assert (await denied(desk.userinfo(token["access_token"]))).check is Check.SIGN_IN_TOKEN
    await desk.store.purge()


async def test_an_answer_that_nobody_comes_back_for_is_gone_after_five_minutes(desk) -> None:
    await desk.begin()
    session, code = await desk.presented()
    desk.clock.advance(RESULT_SECONDS)
    assert (await refused(desk.come_back(session, code))).check is Check.ANSWERED_ONCE


# --- a process that ends in between -------------------------------------------------------------------------------


async def test_a_sign_in_survives_a_restart(desk) -> None:
    await desk.begin()
    session, code = await desk.presented()
    again = desk.restarted()
    code = code_of(await again.come_back(session, code))
    token = body_of(await desk.restarted().token(code))
    assert body_of(await again.userinfo(token["access_token"]))["family_name"] == "Beispiel"


async def test_an_answer_that_came_back_and_was_not_collected_goes_on_when_the_page_is_loaded(desk) -> None:
    await desk.begin()
    session, code = await desk.presented()
    await desk.verifier.come_back(session, response_code=code, initiator=BROWSER)
    assert code_of(await desk.service.look(BROWSER))


async def test_an_answer_that_was_collected_and_lost_is_told_to_the_service(desk) -> None:
    await desk.begin()
    session, code = await desk.presented()
    await desk.verifier.come_back(session, response_code=code, initiator=BROWSER)
    await desk.verifier.collect(session, initiator=BROWSER)
    answer = sent_back(await desk.service.look(BROWSER))
    assert answer["error"] == "access_denied"
    assert "interrupted" in answer["error_description"]


async def test_a_client_that_is_registered_no_longer_gets_nobody(desk) -> None:
    await desk.begin()
    without = desk.restarted(client(id="another"))
    assert (await refused(without.service.look(BROWSER))).check is Check.SIGN_IN_CLIENT
