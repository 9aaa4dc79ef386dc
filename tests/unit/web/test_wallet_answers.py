"""What the wallet's pages say became of an answer: no more than is known, also where two pages ask the same."""

import os
import shutil
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from zegel_testing.wallet_pages import Pages, wallet_pages

from zegel.checks import Check
from zegel.primitives.http import HttpResponse
from zegel.services.wallet.flows import FLOW_SECONDS

pytestmark = [pytest.mark.anyio, pytest.mark.slow]
_TAKEN = {
    "accept": ("You shared", "Your answer was taken."),
    "refuse": ("You did not share", "Your no was taken. Nothing was shared."),
}


@pytest.fixture
async def inside(tmp_path: Path) -> AsyncIterator[Pages]:
    async with wallet_pages(tmp_path) as made:
        await made.enter()
        await made.receive(formats=["dc+sd-jwt"])
        yield made


async def revoke(pages: Pages) -> None:
    """The issuer revokes what the wallet holds."""
    await pages.world.operate("issuer", "/revocations", {"person": "erika"})
    await pages.world.operate("issuer", "/status/publish", {})


def says_nothing_was_shared(pages: Pages) -> bool:
    return "Nothing" in pages.text


@pytest.mark.parametrize("decision", _TAKEN)
async def test_the_last_page_says_what_was_decided(inside: Pages, decision: str) -> None:
    await inside.ask(cross_device=True)
    await inside.go(decision=decision)
    for said in _TAKEN[decision]:
        assert said in inside.text
    assert ("What was shared" in inside.text) == (decision == "accept")


async def test_the_way_back_says_what_was_decided(inside: Pages) -> None:
    await inside.ask()
    await inside.go(decision="refuse")
    assert "Your no was taken. Nothing was shared. You go on where you were asked." in inside.text


@pytest.mark.parametrize(("first", "second"), [("accept", "refuse"), ("refuse", "accept"), ("accept", "forget")])
async def test_of_two_decisions_the_first_stands_and_is_named(inside: Pages, first: str, second: str) -> None:
    await inside.ask()
    shown = inside.response
    await inside.go(decision=first)
    back, log = inside.onward, inside.contents.log
    inside.world.paths()
    inside.response = shown  # in another tab
    await inside.go(decision=second)
    for said in ("That answer stands", *_TAKEN[first]):
        assert said in inside.text
    assert back not in inside.response.body.decode(), "an address of a return serves once"
    assert (inside.world.paths(), inside.contents.log) == ([], log)


@pytest.mark.parametrize("second", ["accept", "refuse", "tell", "forget"])
async def test_what_was_sent_and_refused_is_said_to_be_sent_on_every_page(inside: Pages, second: str) -> None:
    await inside.ask()
    shown, flow = inside.response, inside.path
    inside.world.outbound.edits["/response/"] = lambda request, response: HttpResponse(status=400)
    await inside.go(decision="accept")
    assert inside.response.status == 400
    inside.response = shown  # in another tab
    await inside.go(decision=second)
    for _ in range(2):
        assert "Your answer was sent, and was not accepted there." in inside.text
        assert Check.ANSWER_DELIVERY.rule in inside.text
        assert not says_nothing_was_shared(inside)
        await inside.open(flow)  # back


async def test_who_shows_a_revoked_credential_reads_that_it_is_and_what_to_do(inside: Pages) -> None:
    await revoke(inside)
    await inside.ask()
    shown = inside.response
    for _ in range(2):
        inside.response = shown
        await inside.go(decision="accept")  # once more, in another tab
        assert "Your answer was sent, and was not accepted there." in inside.text
        for said in ("issuer", "the word of who asked", "it was revoked", Check.STATUS.rule, Check.STATUS.remedy):
            assert said in inside.text
        assert not says_nothing_was_shared(inside)


async def test_an_answer_to_an_answer_that_is_no_json_was_not_taken(inside: Pages) -> None:
    await inside.ask()
    json = (("content-type", "application/json"),)
    inside.world.outbound.edits["/response/"] = lambda request, response: HttpResponse(
        status=200, headers=json, body=b"no"
    )
    await inside.go(decision="accept")
    assert "Your answer was sent, and was not accepted there." in inside.text


async def test_what_waits_to_be_sent_is_named_and_no_other_decision_takes_its_place(inside: Pages) -> None:
    await inside.ask()
    shown = inside.response
    inside.world.outbound.down.add("verifier.localhost")
    await inside.go(decision="refuse")
    assert inside.response.status == 503
    inside.response = shown  # in another tab
    await inside.go(decision="accept")
    assert inside.title == "Not sent yet"
    assert "That answer stands" in inside.text
    assert "You said no. Nothing is shared." in inside.text


@pytest.mark.parametrize("decision", ["accept", "refuse", "forget"])
async def test_where_the_vault_cannot_be_kept_nothing_was_sent_and_the_same_page_decides_later(
    inside: Pages, decision: str
) -> None:
    await inside.ask()
    inside.world.paths()
    shown, log = inside.response, inside.contents.log
    vault = inside.world.config.wallet.vault
    in_its_way = vault.with_name(f".{vault.name}.{os.getpid()}.draft") / "something"
    in_its_way.mkdir(parents=True)
    await inside.go(decision=decision)
    assert (inside.response.status, inside.contents.log) == (503, log)
    assert "Nothing was sent. Your word is still waited for, on the page before this one." in inside.text
    assert inside.world.paths() == []
    shutil.rmtree(in_its_way.parent)
    inside.response = shown
    await inside.go(decision=decision)
    assert len(inside.contents.log) == len(log) + 1


async def test_what_was_not_looked_at_for_there_is_too_much_to_do_says_nothing_of_an_answer(inside: Pages) -> None:
    await inside.ask()
    handlers, origin = inside.world.handlers, inside.origin
    handle = handlers[origin]
    handlers[origin] = lambda request: handle(replace(request, waited=3_600.0))
    await inside.go(decision="accept")
    assert inside.response.status == 503
    assert Check.OVERLOAD.rule in inside.text
    assert "Your answer" not in inside.text
    assert "Nothing" not in inside.text


async def test_a_page_that_is_over_says_no_more_than_that(inside: Pages) -> None:
    await inside.ask()
    shown, flow = inside.response, inside.path
    await inside.go(decision="accept")
    inside.world.clock.advance(FLOW_SECONDS)
    await inside.enter()
    await inside.open(flow)
    for _ in range(2):
        assert inside.response.status == 400
        assert "What came of it stands in the log." in inside.text
        assert not says_nothing_was_shared(inside)
        inside.response = shown
        await inside.go(decision="refuse")


async def test_a_refusal_of_a_form_does_not_say_what_became_of_anything(inside: Pages) -> None:
    await inside.ask()
    response = await inside.submit(decision="accept", csrf="forged")
    assert response.status == 403
    assert "Nothing" not in response.body.decode()


async def test_a_transaction_code_that_the_issuer_does_not_take_is_asked_for_again(tmp_path: Path) -> None:
    async with wallet_pages(tmp_path, profile="plain") as pages:
        await pages.enter()
        offer = await pages.world.offer(grant="pre-authorized", person="erika", tx_code=True)
        await pages.open("/receive?" + offer["link"].partition("?")[2])
        await pages.go("/receive")
        wrong = "111111" if offer["tx_code"] != "111111" else "222222"
        for code, why in ((wrong, "wrong, 4 tries left"), ("12", "expected a code")):
            await pages.go(decision="redeem", tx_code=code)
            assert pages.response.status == 400
            assert pages.title == "What you are offered"
            assert why in pages.text
            assert not says_nothing_was_shared(pages)
        await pages.go(decision="redeem", tx_code=offer["tx_code"])
        assert pages.title == "Look before you keep it"
