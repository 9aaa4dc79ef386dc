"""Every role is closed and opened again between one step of the story and the next: what is under way goes on."""

import asyncio
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from zegel_testing.village import Village, living_village

from zegel.cli.operator import call_operator
from zegel.cli.walk.browser import Browser, Page

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

PASSPHRASE = "seven bees on a charter"


class Person:
    """Erika at her browser, in whose village the roles are restarted whenever she looks away."""

    def __init__(self, village: Village) -> None:
        self.village = village
        self.browser = Browser(village.config.loopback_origins(), web_ca=None)
        self.restarts = 0

    async def restart(self) -> None:
        """Nothing is left of the roles but what is on the disk, and her browser knows nothing of it."""
        await self.village.restart()
        self.restarts += 1

    async def make_wallet(self) -> Page:
        page = await self._enter(self.village.config.wallet.origin)
        return await self.browser.submit(page, "/create", passphrase=PASSPHRASE, again=PASSPHRASE)

    async def in_wallet(self, url: str) -> Page:
        """A page of the wallet, which has locked itself at its end: the code once more, and the passphrase."""
        page = await self._enter(url)
        page = await self.browser.submit(page, "/unlock", passphrase=PASSPHRASE)
        assert urlsplit(page.url).path == urlsplit(url).path
        return page

    async def _enter(self, url: str) -> Page:
        page = await self.browser.get(url)
        return await self.browser.submit(page, "/launch", code=self.village.launch_code())


async def receive(person: Person) -> Page:
    """From the offer to credentials in the wallet, with a restart in each pause."""
    config, browser = person.village.config, person.browser
    page = await browser.get(config.issuer.origin)
    page = await browser.submit(page, "/offer", type="pid")
    offer = page.link("Receive in the wallet on this machine")
    await person.restart()
    page = await browser.submit(await person.in_wallet(offer), "/receive")
    flow = page.url
    await person.restart()
    page = await browser.submit(await person.in_wallet(flow), "/receive/", decision="log-in")
    authorization = page.onward
    assert authorization is not None
    await person.restart()
    page = await browser.get(authorization)
    await person.restart()
    page = await browser.submit(page, "/log-in", login="erika", password="erika keeps bees")
    await person.restart()
    await person.in_wallet(flow)
    page = await browser.submit(page, "/consent", press="Issue to this wallet")
    await person.restart()
    page = await person.in_wallet(flow)
    assert len(re.findall(r" 10 copies, signed by Utopia identity office ", page.words)) == 2
    return await browser.submit(page, "/receive/", decision="keep")


async def present(person: Person) -> Page:
    """From Tax online to the answer, with a restart in each pause."""
    browser = person.browser
    page = await browser.get(person.village.config.service.origin + "/sign-in")
    await person.restart()
    page = await browser.get(page.url)
    request = page.link("Open my wallet")
    page = await browser.submit(await person.in_wallet(request), "/present")
    await person.restart()
    page = await person.in_wallet(page.url)
    assert "Utopia tax office asks" in page.words
    page = await browser.submit(page, "/present/", decision="accept")
    await person.restart()
    return page


def revoke(village: Village) -> Any:
    """The issuer takes back what Erika has, and says so in its lists."""
    issuer = village.config.issuer
    revoked = call_operator(issuer, method="POST", path="/revocations", body={"person": "erika", "type": "pid"})
    call_operator(issuer, method="POST", path="/status/publish", body={})
    return revoked["revoked"]


async def test_all_that_is_under_way_goes_on_after_a_restart(tmp_path: Path) -> None:
    async with living_village(tmp_path / "utopia") as village:
        person = Person(village)
        try:
            await person.make_wallet()
            await receive(person)
            returned = (await present(person)).onward
            assert returned is not None
            page = await person.browser.get(returned)
            assert "Welcome, Erika Voorbeeld You are signed in." in page.words
            await person.restart()
            page = await person.browser.get(returned)
            assert (page.status, "response-code" in page.words) == (400, True), "what was used stays used"
            revoked = await asyncio.to_thread(revoke, village)
            assert [batch["copies"] for batch in revoked] == [10, 10], "the issuer knows what it issued"
            page = await present(person)
            assert (page.status, page.onward) == (400, None)
            assert person.restarts == 13
        finally:
            await person.browser.close()
