"""What persons, services and wallets do at the sign-in, and a person at Tax online."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest
from zegel_testing.browser import Browser, link_of
from zegel_testing.hand_wallet import Copy
from zegel_testing.relying_party import form_to
from zegel_testing.sandboxes import sandbox_at
from zegel_testing.sign_in_world import SignInWorld, sign_in_world

from zegel.config.roles import Config
from zegel.protocols.oauth.pkce import code_challenge
from zegel_fuzz.ground import Ground, Play, Trap, fetched, listeners_of, unhurried
from zegel_fuzz.message import Good

_VERIFIER: Final = "v" * 43


@asynccontextmanager
async def signing_in_ground(folder: Path) -> AsyncIterator[Ground]:
    """The provider and a service. What the service's library reads of the clock is the world's."""
    config = unhurried(sandbox_at(folder))
    async with sign_in_world(config, database=folder / "provider.db") as world:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("time.time", lambda: float(world.clock.now()))
            (copy,) = await world.office.issue()
            trap = Trap(world.handlers)
            acts = _SignIn(world, trap, config, copy)
            plays: dict[str, tuple[Play, ...]] = {
                "provider/authorize": (acts.authorize,),
                "provider/sign-in/other-device": (trap.play("/sign-in/other-device", acts.ask_other_device),),
                "provider/sign-in/cancel": (trap.play("/sign-in/cancel", acts.cancel),),
                "provider/token": (trap.play("/token", acts.sign_in),),
                "provider/userinfo": (acts.userinfo,),
                "provider/request/{session}": (lambda: fetched(acts.link),),
                "provider/response/{session}": (trap.play("/response/", acts.present),),
                "provider/authorize?": (trap.play("/authorize", acts.begin, method="GET"),),
                "provider/return/{session}?": (trap.play("/return/", acts.sign_in, method="GET"),),
                "service/sign-out": (trap.play("/sign-out", acts.sign_out),),
            }
            yield Ground(listeners=listeners_of(*world.roles), plays=plays, clock=world.clock)


class _SignIn:
    """What a person, a service and a wallet do at the provider."""

    def __init__(self, world: SignInWorld, trap: Trap, config: Config, copy: Copy) -> None:
        self._world = world
        self._trap = trap
        self._client = config.provider.clients[0]
        self._copy = copy

    async def authorize(self) -> Good:
        fields = {
            "response_type": "code",
            "client_id": self._client.id,
            "redirect_uri": self._client.redirect_uris[0],
            "scope": "openid profile",
            "state": "state",
            "nonce": "nonce",
            "code_challenge": code_challenge(_VERIFIER),
            "code_challenge_method": "S256",
        }
        return Good(form_to(f"{self._world.provider}/authorize", fields))

    async def begin(self) -> None:
        await self._begun()

    async def ask_other_device(self) -> None:
        browser, page = await self._begun()
        await browser.submit(page, "/sign-in/other-device")

    async def cancel(self) -> None:
        browser, page = await self._begun()
        await browser.submit(page, "/sign-in/cancel")

    async def sign_in(self) -> tuple[Browser, Any]:
        browser, page = await self._begun()
        back = await self._world.wallet(self._copy).present(link_of(page, "Open my wallet"))
        assert back is not None
        return browser, await browser.open(back)

    async def sign_out(self) -> None:
        browser, page = await self.sign_in()
        await browser.submit(page, "/sign-out")

    async def userinfo(self) -> Good:
        """As the service fetches it, which it does by GET."""
        return Good(replace(await self._trap.catch("/userinfo", self.sign_in, method="GET"), method="POST"))

    async def link(self) -> str:
        _, page = await self._begun()
        return link_of(page, "Open my wallet")

    async def present(self) -> None:
        await self._world.wallet(self._copy).present(await self.link())

    async def _begun(self) -> tuple[Browser, Any]:
        browser = self._world.browser()
        return browser, await browser.open(f"{self._world.service}/sign-in")
