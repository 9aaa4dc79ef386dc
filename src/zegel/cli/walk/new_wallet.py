"""The wallet that Erika makes when she has lost the first: a program's, without pages, which holds a PID in memory.

With it she sees what becomes of a PID when somebody ends whom it stands on: its provider, its signer, its keys.
"""

import time
from asyncio import create_task, to_thread
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, final

from zegel.adapters.keyfiles import load_certificates
from zegel.adapters.sandbox.lists import LIST_FILES
from zegel.adapters.sandbox.revocations import revoke_certificate
from zegel.adapters.sandbox.withdrawal import empty_list
from zegel.checks import Check
from zegel.cli.callback import listening
from zegel.cli.operator import call_operator
from zegel.cli.walk.browser import Browser
from zegel.cli.walk.story import Story
from zegel.config.roles import Config
from zegel.errors import Rejected
from zegel.primitives.http import origin_of
from zegel.services.wallet.contents import Brought, LoggingIn, WalletContents
from zegel.services.wallet.flows import check_step
from zegel.services.wallet.safe import Safe
from zegel.services.wallet.wallet import Wallet
from zegel.web.app.roles import World
from zegel.web.app.wallet import build_wallet
from zegel.web.app.world import open_world

PID_LIST: Final = next(each.file for each in LIST_FILES if each.purpose == "pid")
_FORMATS: Final = 2  # of a PID (ARF 3.0 PID_02)
_OWN: Final = "her other browser"
_SECONDS: Final = 30  # until she is back from the log-in; it takes one


@final
@dataclass(slots=True)
class _MemoryVault:
    """A vault, and the file that it is in: gone with the walk."""

    value: WalletContents

    def exists(self) -> bool:
        """See ``VaultFile``."""
        return True

    def create(self, passphrase: str) -> "_MemoryVault":
        """See ``VaultFile``."""
        return self.open(passphrase)

    def open(self, _passphrase: str) -> "_MemoryVault":
        """See ``VaultFile``."""
        return self

    def save(self, value: WalletContents) -> None:
        """See ``Vault``."""
        self.value = value

    def close(self) -> None:
        """See ``Vault``."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class NewWallet:
    """``login`` are her name and password. ``fetch_lists`` has the roles fetch the lists of trusted entities, and of
    revoked certificates, now."""

    config: Config
    story: Story
    login: tuple[str, str]
    web_ca: Path | None
    fetch_lists: Callable[[], Awaitable[None]]

    async def walk(self) -> None:
        """All of it; ``Unavailable`` where it cannot go on."""
        world = open_world(self.config, roles=("wallet",))
        try:
            await world.trust.refresh()
            wallet = build_wallet(world, Safe(_MemoryVault(WalletContents()), clock=world.clock, idle=None))
            await wallet.safe.unlock("")
            with self.story.timed("PID received in a new wallet"):
                await self._receive(wallet)
            await self._end_trust(wallet, world)
            if self.config.wallet.profile != "plain":  # nobody attests keys there
                await self._end_keys(wallet)
        finally:
            await world.close()

    async def _end_trust(self, wallet: Wallet, world: World) -> None:
        """The PID is what it was; those whom the sign-in provider trusts are not."""
        folder, now = self.config.trust.folder.parent, world.clock.now
        empty_list(folder, PID_LIST, now=now(), random=world.random)
        await self.fetch_lists()
        with self.story.refusal("provider taken off its list -> refused", Check.ENTITLEMENT), suppress(Rejected):
            await self._sign_in(wallet)
        revoke_certificate(folder, load_certificates(self.config.issuer.chain)[0], now=now())
        await self.fetch_lists()
        name = "certificate of the document signer revoked -> refused"
        with self.story.refusal(name, Check.CERTIFICATE_REVOKED), suppress(Rejected):
            await self._sign_in(wallet)

    async def _end_keys(self, wallet: Wallet) -> None:
        """The provider revokes the kind of storage that attested keys are in (ARF 3.0 WURevocation_07a)."""
        await to_thread(_operate, self.config.wallet_provider, "/revocations", {"key_storage": True})
        with self.story.refusal("key attestation revoked -> refused", Check.KEY_STORAGE), suppress(Rejected):
            await self._receive(wallet)
        began = time.perf_counter()
        ended = await to_thread(_operate, self.config.issuer, "/wallets/check", {})
        ms = round((time.perf_counter() - began) * 1000)
        self.story.add("PID revoked after its keys", ok=len(ended["revoked"]) == _FORMATS, ms=ms)

    async def _receive(self, wallet: Wallet) -> None:
        """A PID, by way of the office's log-in in a browser, which comes back to this program."""
        offer = await to_thread(_operate, self.config.issuer, "/offers", {"type": "pid"})
        flow = await wallet.receiving.review(offer["link"], brought=Brought.LINK)
        async with listening() as callback, self._browser(callback.redirect_uri) as browser:
            url = await wallet.receiving.log_in(flow, redirect_uri=callback.redirect_uri, browser=_OWN)
            state = check_step(wallet.receiving.look(flow), LoggingIn).pause.state
            waiting = create_task(callback.wait(state, seconds=_SECONDS))
            page = await browser.get(url)
            page = await browser.submit(page, "/log-in", login=self.login[0], password=self.login[1])
            await browser.submit(page, "/consent", press="Issue to this wallet")
            back = await waiting
        await wallet.receiving.come_back(back, browsers=(_OWN,))
        await wallet.receiving.keep(flow)

    @asynccontextmanager
    async def _browser(self, *more: str) -> AsyncIterator[Browser]:
        """Another browser of hers, which may go to these addresses, too."""
        origins = {origin_of(each, what="redirect URI") for each in more}
        browser = Browser(self.config.loopback_origins() | origins, web_ca=self.web_ca)
        try:
            yield browser
        finally:
            await browser.close()

    async def _sign_in(self, wallet: Wallet) -> None:
        """To Tax online, as far as the provider lets her."""
        async with self._browser() as browser:
            page = await browser.get(self.config.service.origin + "/sign-in")
        link = page.link("Open another wallet on this device")
        flow = await wallet.presenting.begin(link, brought=Brought.LINK)
        await wallet.presenting.accept(flow, None)


def _operate(role: Any, path: str, body: object) -> Any:
    return call_operator(role, method="POST", path=path, body=body)
