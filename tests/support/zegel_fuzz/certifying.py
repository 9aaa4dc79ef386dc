"""What parties and the operator send to the access authority."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any

from zegel_testing.access_house import LIBRARY, AccessHouse, open_house
from zegel_testing.authorities import fixed_key
from zegel_testing.sandboxes import sandbox_at

from zegel.primitives.http import HttpRequest
from zegel_fuzz.ground import Ground, Play, listeners_of, unhurried
from zegel_fuzz.message import Good


@asynccontextmanager
async def certifying_ground(folder: Path) -> AsyncIterator[Ground]:
    """The access authority at its two doors, with its neighbours behind it."""
    async with open_house(folder, unhurried(sandbox_at(folder))) as house:
        await house.register()
        acts = _Certifying(house)
        plays: dict[str, tuple[Play, ...]] = {
            "access-authority/orders": (acts.order,),
            "access-authority/orders/{order}/certificate": (acts.finish,),
            "access-authority-operator/revocations": (
                acts.revoke,
                acts.revoke,
                acts.operated("/revocations", {"identifier": LIBRARY, "reason": "lost"}),
                acts.operated("/revocations", {"issued": {"since": 1, "until": 2}, "confirm": 3, "reason": "stolen"}),
            ),
            "access-authority-operator/register/check": (acts.operated("/register/check", {}),),
            "access-authority-operator/reports/retry": (acts.operated("/reports/retry", {}),),
            "access-authority-operator/crl/publish": (acts.operated("/crl/publish", {}),),
        }
        yield Ground(listeners=listeners_of(house.roles["access-authority"]), plays=plays, clock=house.clock)


class _Certifying:
    """Requests that are sound up to their last byte."""

    def __init__(self, house: AccessHouse) -> None:
        self._house = house
        self._numbers = count()

    def _url(self, path: str) -> str:
        return self._house.listener().origin + path

    async def order(self) -> Good:
        return Good(HttpRequest(method="POST", url=self._url("/orders"), body=self._house.order_body()))

    async def finish(self) -> Good:
        _, order = await self._house.order(key=fixed_key(f"party {next(self._numbers)}"))
        self._house.served.clear()
        self._house.serve(order)
        return Good(HttpRequest(method="POST", url=self._url(f"/orders/{order['order']}/certificate")))

    async def revoke(self) -> Good:
        issued = await self._house.issue(fixed_key(f"party {next(self._numbers)}"))
        members = {"certificate": issued["serial"], "reason": "lost"}
        return Good(self._house.operation("access-authority", "POST", "/revocations", members))

    def operated(self, path: str, members: Any) -> Play:
        async def play() -> Good:
            return Good(self._house.operation("access-authority", "POST", path, members))

        return play
