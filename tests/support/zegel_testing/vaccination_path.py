"""The way from a certificate to the door, with zegel's own wallet on every step."""

from pathlib import Path
from typing import Any

from zegel.adapters.sandbox.health import CODES
from zegel.primitives.http import HttpResponse
from zegel.services.wallet.contents import Brought
from zegel_testing.browser import Browser, link_of, text_of
from zegel_testing.issuing_world import hidden_fields
from zegel_testing.wallet_world import WalletWorld


def code_of(folder: Path, person: str) -> str:
    """The certificate that the sandbox's health authority has made for somebody."""
    return (folder / CODES / f"{person}.txt").read_text().strip()


async def present(world: WalletWorld, page: HttpResponse, link: str) -> str:
    """Answer what a page asks; where the browser goes on."""
    flow = await world.wallet.presenting.begin(link_of(page, link), brought=Brought.LINK)
    assert world.warned(flow) == []
    return str((await world.wallet.presenting.accept(flow, None)).redirect_uri)


async def bring(world: WalletWorld, code: str, **members: Any) -> tuple[Browser, HttpResponse, str]:
    """Ask for the attestation, bring a certificate, present the PID; the page that follows, and the wallet's flow."""
    offer = await world.offer("vaccination_valid", **members)
    flow = await world.wallet.receiving.review(offer["link"], brought=Brought.LINK)
    url = await world.wallet.receiving.log_in(flow, redirect_uri=world.callback, browser="b")
    browser = world.browser()
    page = await browser.open(url)
    asking = await browser.follow(await browser.post("/log-in/certificate", hidden_fields(page) | {"code": code}))
    return browser, await browser.open(await present(world, asking, "Open another wallet")), flow


async def receive_valid(world: WalletWorld, code: str, **members: Any) -> tuple[str, ...]:
    """Bring a certificate, agree, and keep the attestation; the ids of what is held then."""
    browser, consent, flow = await bring(world, code, **members)
    assert "Issue to this wallet?" in text_of(consent)
    decided = await browser.post("/consent", hidden_fields(consent) | {"decision": "approve"})
    await world.wallet.receiving.come_back(str(decided.header("location")), browsers=["b"])
    return await world.wallet.receiving.keep(flow)


async def ask_at_door(world: WalletWorld, keeper: Browser) -> HttpResponse:
    """The doorkeeper asks the next one; the page that waits."""
    page = await keeper.open(world.config.door.origin + "/")
    return await keeper.follow(await keeper.submit(page, "/ask"))
