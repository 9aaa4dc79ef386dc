"""What doorkeepers and wallets do at a door."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from zegel_testing.browser import Browser, link_of
from zegel_testing.door_world import CODE, NAME, DoorWorld, Judge, Told, door_world, show_frame, show_old, with_judge
from zegel_testing.hand_wallet import Copy
from zegel_testing.sandboxes import sandbox_at

from zegel.formats.credential import Format
from zegel.primitives.http import HttpResponse
from zegel_fuzz.ground import Ground, Play, Trap, fetched, listeners_of, unhurried


@asynccontextmanager
async def door_ground(folder: Path) -> AsyncIterator[Ground]:
    """The door, and copies in both formats."""
    async with door_world(unhurried(sandbox_at(folder))) as world:
        copies = [(await world.issue(format_))[0] for format_ in Format]
        with_judge(world, Judge(Told(NAME, "1986-03-14")), CODE)
        trap = Trap(world.handlers)
        acts = _AtTheDoor(world, copies)
        plays: dict[str, tuple[Play, ...]] = {
            "door/ask": (trap.play("/ask", acts.ask),),
            "door/code": (trap.play("/code", acts.show_old),),
            "door/camera": (trap.play("/camera", acts.film),),
            "door/next": (trap.play("/next", acts.go_on),),
            "door/request/{session}": (lambda: fetched(acts.link),),
            "door/response/{session}": (trap.play("/response/", acts.present),),
            "door/return/{session}?": (trap.play("/return/", acts.come_back, method="GET"),),
        }
        yield Ground(listeners=listeners_of(world.role), plays=plays, clock=world.clock)


class _AtTheDoor:
    """What a doorkeeper and whoever stands before the door do."""

    def __init__(self, world: DoorWorld, copies: list[Copy]) -> None:
        self._world = world
        self._copies = copies

    async def ask(self) -> None:
        await self._asked()

    async def show_old(self) -> None:
        await show_old(self._world, code=CODE)

    async def film(self) -> None:
        await show_frame(self._world, b"a picture")

    async def go_on(self) -> None:
        browser, page = await self._asked()
        await browser.submit(page, "/next")

    async def link(self) -> str:
        _, page = await self._asked()
        return link_of(page, "Open another wallet on this device")

    async def present(self) -> str | None:
        self._copies.reverse()
        return await self._world.wallet(*self._copies).present(await self.link())

    async def come_back(self) -> None:
        browser, page = await self._asked()
        link = link_of(page, "Open another wallet on this device")
        await browser.open(str(await self._world.wallet(*self._copies).present(link)))

    async def _asked(self) -> tuple[Browser, HttpResponse]:
        browser = self._world.browser()
        page = await browser.open(self._world.origin + "/")
        return browser, await browser.follow(await browser.submit(page, "/ask"))
