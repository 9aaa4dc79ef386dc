"""The wallet's page of itself: active or not, its revocation code, its end."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from zegel_testing.authorities import NOW
from zegel_testing.browser import link_of
from zegel_testing.wallet_pages import Pages, wallet_pages

from zegel.adapters.memory import Loopback
from zegel.checks import Check
from zegel.services.wallet.contents import WalletInstance

pytestmark = pytest.mark.anyio
PROVIDER = "wallet-provider.localhost"


@pytest.fixture
async def pages(tmp_path: Path) -> AsyncIterator[Pages]:
    async with wallet_pages(tmp_path) as made:
        yield made


def own(pages: Pages) -> WalletInstance:
    instance = pages.contents.instance
    assert instance is not None
    return instance


@pytest.mark.slow
@pytest.mark.requirement("WIAM_03")
async def test_a_new_wallet_is_active_and_has_its_owner_write_down_the_code(pages: Pages) -> None:
    await pages.enter()
    assert own(pages).activated_at == NOW
    assert "Write down your revocation code" in pages.text
    await pages.open("/this-wallet")
    assert pages.title == "This wallet"
    assert "This wallet is active" in pages.text
    assert own(pages).code in pages.text
    assert f"{own(pages).provider}/revoke" in pages.text
    await pages.go("/this-wallet", action="noted")
    assert own(pages).noted
    assert "I have written it down" not in pages.text
    await pages.open("/")
    assert "Write down" not in pages.text


@pytest.mark.slow
async def test_a_wallet_whose_provider_does_not_answer_is_made_and_is_activated_later(pages: Pages) -> None:
    answers = pages.world.handlers.pop(pages.world.config.wallet.provider)
    await pages.enter()
    assert own(pages).id is None
    await pages.open("/this-wallet")
    assert "This wallet is not activated yet" in pages.text
    assert "nothing of you" in pages.text, "WIAM_05: what is told to whom, before it is"
    await pages.go("/this-wallet", action="activate")
    assert pages.response.status == 503
    pages.world.handlers[pages.world.config.wallet.provider] = answers
    await pages.open("/this-wallet")
    await pages.go("/this-wallet", action="activate")
    assert "This wallet is active" in pages.text


@pytest.mark.slow
@pytest.mark.requirement("WURevocation_10")
@pytest.mark.requirement("WURevocation_14")
async def test_a_wallet_is_revoked_at_its_own_page_and_says_what_that_means(pages: Pages) -> None:
    await pages.enter()
    await pages.receive()
    await pages.open("/this-wallet")
    await pages.go("/this-wallet", action="revoke")  # of a page of before, with one press
    assert "This wallet is active" in pages.text
    await pages.open(link_of(pages.response, "Revoke this wallet for good"))
    assert pages.title == "Revoke this wallet for good?"
    assert "Nobody can undo it" in pages.text
    kept = link_of(pages.response, "Keep it")
    assert own(pages).revoked_at is None
    await pages.go("/this-wallet", action="revoke-for-good")
    assert pages.path == kept == "/this-wallet"
    assert "This wallet is revoked" in pages.text
    await pages.open("/this-wallet/revoke")
    assert pages.title == "This wallet", "there is nothing to end"
    assert "its owner asked for it" in pages.text
    assert "make a new one with a new vault" in pages.text
    await pages.open("/")
    assert "This wallet is revoked" in pages.text
    assert len(pages.contents.holdings) == 2, "it can still be read"
    offer = await pages.world.offer()
    await pages.open("/receive?" + offer["link"].partition("?")[2])
    await pages.go("/receive")
    assert pages.response.status == 400
    assert Check.WALLET_REVOKED.rule in pages.text


@pytest.mark.slow
async def test_a_page_says_when_it_could_not_be_looked_up(pages: Pages) -> None:
    await pages.enter()
    good = pages.world.world.outbound
    assert isinstance(good, Loopback)
    del pages.world.handlers[pages.world.config.wallet.provider]
    await pages.open("/this-wallet")
    assert "This wallet is active" in pages.text
    assert "could not be looked up" in pages.text


@pytest.mark.slow
async def test_anything_else_does_nothing(pages: Pages) -> None:
    await pages.enter()
    before = own(pages)
    await pages.open("/this-wallet")
    await pages.go("/this-wallet", action="something")
    assert own(pages) == before


@pytest.mark.slow
async def test_the_page_is_the_owners_alone(pages: Pages) -> None:
    await pages.open("/this-wallet")
    assert pages.title == "Open your wallet"
