"""The wallet's pages in a browser of their owner's, in a world in memory."""

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

from zegel.adapters.code_reader import PictureCodeReader
from zegel.config.roles import WalletConfig
from zegel.primitives.http import HttpResponse
from zegel.services.wallet.contents import WalletContents
from zegel.services.wallet.safe import Safe
from zegel.services.wallet.wallet import Wallet
from zegel.web import wallet
from zegel.web.app.roles import OpenRole, RoleSecrets, cookie_policy, public_listener
from zegel.web.app.wallet import NAME, build_wallet
from zegel.web.turnstile import Limits
from zegel.web.wallet_door import Door
from zegel.web.wallet_site import WalletSite
from zegel_testing.authorities import fixed_random
from zegel_testing.browser import Browser
from zegel_testing.cheap_vault import CheapVaultFile
from zegel_testing.page import Page, checked_page
from zegel_testing.uploads import multipart_body
from zegel_testing.wallet_world import PASSPHRASE, WalletWorld, csrf_of, wallet_world


class Pages:
    """One browser in front of the wallet. ``page`` is what it shows."""

    def __init__(self, world: WalletWorld, role: OpenRole, made: Wallet, door: Door, announced: list[str]) -> None:
        self.world = world
        self.role = role
        self.wallet = made
        self.door = door
        self.announced = announced
        self.browser = world.browser()
        self.response = HttpResponse(status=0)
        self.page = Page("<!doctype html>")

    @property
    def origin(self) -> str:
        return self.world.config.wallet.origin

    @property
    def contents(self) -> WalletContents:
        return self.wallet.safe.contents

    @property
    def title(self) -> str:
        return self.page.text("h1")[0]

    @property
    def text(self) -> str:
        return self.page.text("main")[0]

    @property
    def path(self) -> str:
        return self.browser.at.removeprefix(self.origin)

    @property
    def onward(self) -> str:
        """Where the page sends the browser by itself."""
        (refresh,) = [meta["content"] for meta in self.page.all("meta") if meta.get("http-equiv") == "refresh"]
        return refresh.removeprefix("0; url=")

    async def open(self, path: str) -> "Pages":
        """Open a page, and go where it leads."""
        return self._show(await self.browser.open(path if "://" in path else self.origin + path))

    async def submit(self, action: str | None = None, /, **fields: str) -> HttpResponse:
        """Send the form on the page that goes to ``action`` (the first without), with what is hidden or ticked."""
        forms = self.response.body.decode().split('<form method="post" action="')[1:]
        chosen = [form.partition("</form>")[0] for form in forms]
        form = next(form for form in chosen if action is None or form.startswith(f'{action}"'))
        hidden: dict[str, str] = {}
        for piece in form.split('<input type="hidden" name="')[1:]:
            name, _, rest = piece.partition('" value="')
            hidden[name] = unescape(rest.partition('"')[0])
        ticked = dict(re.findall(r'<input type="radio" id="[^"]+" name="([^"]+)" value="([^"]*)" checked', form))
        target = form.partition('"')[0]
        return await self.browser.post(self.origin + target, hidden | ticked | fields, page=self.browser.at)

    async def upload(self, action: str, /, files: Mapping[str, bytes], **fields: str) -> "Pages":
        """Send the form with a file that goes to ``action``, and show the answer."""
        form = self.response.body.decode().partition(f'action="{action}" enctype="multipart/form-data"')[2]
        fields["csrf"] = form.partition('name="csrf" value="')[2].partition('"')[0]
        content_type, body = multipart_body(fields, files)
        target = self.origin + action
        return self._show(await self.browser.post_body(target, content_type, body, page=self.browser.at))

    def ticked(self) -> dict[str, str]:
        """The fields that set aside every warning on the page."""
        names = self.response.body.decode().split('name="despite-')[1:]
        return {"despite-" + name.partition('"')[0]: "yes" for name in names}

    async def go(self, action: str | None = None, /, **fields: str) -> "Pages":
        """Send a form, and go where the answer leads, as long as that is the wallet."""
        response = await self.submit(action, **fields)
        location = response.header("location")
        if response.status == 303 and location is not None and location.startswith("/"):
            return await self.open(location)
        return self._show(response)

    async def enter(self) -> "Pages":
        """Come in with a code, and with the passphrase."""
        await self.open("/")
        if self.page.text("h1") == ["Open your wallet"]:
            await self.go("/launch", code=self.door.fresh_code())
        if self.title == "Make your wallet":
            await self.go("/create", passphrase=PASSPHRASE, again=PASSPHRASE)
        if self.title == "Unlock your wallet":
            await self.go("/unlock", passphrase=PASSPHRASE)
        return self

    async def receive(self, **members: Any) -> "Pages":
        """Receive what the issuer offers, all the way."""
        offer = await self.world.offer(**members)
        await self.open("/receive?" + offer["link"].partition("?")[2])
        await self.go("/receive")
        await self.log_in()
        return await self.go(decision="keep")

    async def log_in(self, person: str = "erika") -> "Pages":
        """From an offer to the issuer's log-in, and back."""
        await self.go(decision="log-in", **self.ticked())
        return await self.open(await self.world.log_in(self.onward, person=person))

    async def accept(self, **fields: str) -> HttpResponse:
        """Say yes, and go where the verifier says."""
        await self.go(decision="accept", **fields)
        return await self.browser.open(self.onward)

    async def ask(self, query: Any = None, **members: Any) -> str:
        """Bring a request by a link, and look at it; the id of the verifier's session."""
        request = await self.world.request(query, **members)
        await self.open("/present?" + request["link"].partition("?")[2])
        await self.go("/present")
        return str(request["session"])

    def other_browser(self) -> "Pages":
        """Another browser in front of the same wallet."""
        return Pages(self.world, self.role, self.wallet, self.door, self.announced)

    def restarted(self) -> "Pages":
        """The same browser, after the wallet was ended and started again."""
        self.wallet.safe.close()
        again = _opened(self.world, self.announced)
        pages = Pages(self.world, *again, self.announced)
        pages.browser = self.browser
        return pages

    def _show(self, response: HttpResponse) -> "Pages":
        self.response = response
        if (response.header("content-type") or "").startswith("text/html"):
            self.page = checked_page(response.body.decode())
        return self


@asynccontextmanager
async def wallet_pages(folder: Path, *, limits: Limits | None = None, **settings: Any) -> AsyncIterator[Pages]:
    """The pages of a wallet that has no vault yet; without ``limits`` its passphrase may be guessed without end."""
    async with wallet_world(folder, with_vault=False, **settings) as world:
        announced: list[str] = []
        role, made, door = _opened(world, announced, limits)
        pages = Pages(world, role, made, door, announced)
        yield pages
        made.safe.close()


def _opened(world: WalletWorld, announced: list[str], limits: Limits | None = None) -> tuple[OpenRole, Wallet, Door]:
    """As ``open_wallet`` does it, with a guess at the passphrase that costs less."""
    shared = replace(world.world, outbound=world.outbound, random=fixed_random(f"wallet {len(world.handlers)}"))
    config: WalletConfig = shared.config.wallet
    file = CheapVaultFile(config.vault, random=shared.random)
    safe = Safe(file, clock=shared.clock, idle=config.idle)
    made = build_wallet(shared, safe)
    door = Door(clock=shared.clock, random=shared.random, seconds=config.launch, announce=announced.append)
    site = WalletSite(
        wallet=made,
        door=door,
        cookies=cookie_policy("wallet", config, RoleSecrets(key=shared.random(32))),
        clock=shared.clock,
        random=shared.random,
        codes=PictureCodeReader(),
        name=NAME,
        origin=config.origin,
    )
    back = ("/", "To all credentials")
    listener = public_listener(
        "wallet",
        site,
        wallet.ROUTES,
        config=config,
        title=NAME,
        world=shared,
        back=back,
        ways_on=wallet.WAYS_ON,
        limits=limits,
    )
    world.handlers[listener.origin] = listener.handle
    role = OpenRole(name="wallet", listeners=(listener,), timers=(), close=safe.close, launch=door.fresh_code)
    return role, made, door


__all__ = ["Browser", "Pages", "csrf_of", "wallet_pages"]
