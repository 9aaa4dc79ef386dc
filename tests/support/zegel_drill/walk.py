"""The walk of the drill: all that a person, a service and an operator do, to its end, whoever dies on the way.

A party is registered and certified, at the offices, and an officer is invited; somebody shows a certificate at the
door. A wallet is made; an identity is received by log-in, and its copies are renewed; a service signs the person in; a
verifier is presented to; everything is revoked, and refused. In the profile ``plain`` others are received by offers
with a code in them, which ``haip`` does not know: one with a transaction code, and one that takes the issuer its time.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field
from typing import Any, final

from zegel.adapters.entropy import system_random
from zegel.adapters.vault import open_vault
from zegel.cli.walk.browser import Page
from zegel.errors import Rejected
from zegel.services.status import RETRY
from zegel.services.wallet.contents import WalletContents
from zegel_drill.offices import Offices, Told
from zegel_drill.person import PASSPHRASE, PERSON, Person
from zegel_drill.town import DrillError, Town

PID = "Person identification data"
RESIDENCE = "Proof of residence"
DIPLOMA = "Diploma"
KEPT = 1.1  # seconds: readers of the sandbox keep a status list for one
OFFICES = ("register", "log", "certify")
"""The steps that lead to the registrar, the log and the access authority, and need no wallet."""
INVITED = "invite"
"""The step that leads to the registrar alone, at its pages."""
_QUERY = {
    "credentials": [
        {
            "id": "pid",
            "format": "dc+sd-jwt",
            "meta": {"vct_values": ["urn:eudi:pid:1"]},
            "claims": [{"path": ["family_name"]}, {"path": ["birthdate"]}],
        }
    ]
}


@final
@dataclass
class Acknowledged:
    """What somebody was told in the course of a walk, and has a right to find again."""

    kept: list[str] = field(default_factory=list)
    signed_in: bool = False
    presented: int = 0
    revoked: bool = False
    told: Told = field(default_factory=Told)


@final
class Walk:
    """A walk through a town, or as much of it as ``only`` names. ``now`` is the step at which it is."""

    def __init__(self, town: Town, *, only: Collection[str] | None = None) -> None:
        self.town = town
        self.person = Person(town, self._mend)
        self.offices = Offices(town, self.person, self._mend)
        self.acknowledged = Acknowledged(told=self.offices.told)
        self.now = ""
        steps: dict[str, Callable[[], Awaitable[object]]] = {
            "register": self.offices.register,
            "log": self.offices.log,
            "certify": self.offices.certify,
            "invite": self.offices.invite,
            "door": self._door,
            "wallet": self.person.at_home,
            "receive": self._receive,
            "renew": lambda: self.person.renew(PID),
            "sign-in": self._sign_in,
            "present": self._present,
            "revoke": self._revoke,
        }
        plain = {"wallet": self.person.at_home, "redeem": self._redeem, "wait": self._wait}
        known = steps if town.profile == "haip" else plain
        self.steps = {name: step for name, step in known.items() if only is None or name in only}

    async def go(self) -> Acknowledged:
        """All of it; ``DrillError`` where it does not come to its end."""
        for name, step in self.steps.items():
            self.now = name
            await step()
        return self.acknowledged

    async def close(self) -> None:
        """Put the browser away."""
        await self.person.close()

    async def fresh(self) -> None:
        """Give the person an empty wallet: the one that there is is locked, and its file is gone."""
        vault = self.town.config.wallet.vault
        if vault.exists():
            await self.person.lock()
            for each in vault.parent.iterdir():
                each.unlink()

    def contents(self) -> WalletContents:
        """What the wallet's file holds: a copy of it is opened, as after any end of the wallet."""
        vault = self.town.config.wallet.vault
        if not vault.exists():  # nobody has made a wallet in this walk
            return WalletContents()
        copy = self.town.folder / "vault.copy"
        copy.write_bytes(vault.read_bytes())
        copy.chmod(0o600)
        with open_vault(copy, PASSPHRASE, states=(WalletContents,), random=system_random) as opened:
            return opened.value

    # --- its steps ----------------------------------------------------------------------------------------------------

    async def _receive(self) -> None:
        await self.person.receive("pid", PID)
        self.acknowledged.kept.append("urn:eudi:pid:1")

    async def _redeem(self) -> None:
        await self._redeem_offer("residence", RESIDENCE, with_code=True)

    async def _wait(self) -> None:
        await self._redeem_offer("diploma", DIPLOMA, with_code=False)

    async def _redeem_offer(self, type_: str, name: str, *, with_code: bool) -> None:
        async def offer() -> tuple[str, str]:
            asked = {
                "type": type_,
                "formats": ["dc+sd-jwt"],
                "person": PERSON,
                "grant": "pre-authorized",
                "tx_code": with_code,
            }
            made = await self.operate("issuer", "POST", "/offers", asked)
            return made["link"], made["tx_code"] or ""

        await self.person.redeem(offer, name)
        self.acknowledged.kept.append(type_)

    async def _sign_in(self) -> None:
        await self.person.sign_in()
        self.acknowledged.signed_in = True

    async def _present(self) -> None:
        for _ in range(4):
            result = await self.present()
            if result["state"] == "accepted" and result["credentials"]:
                self.acknowledged.presented += 1
                return
        raise DrillError(f"the verifier hands over no answer: {result}")

    async def _revoke(self) -> None:
        await self.operate("issuer", "POST", "/revocations", {"person": PERSON})
        self.acknowledged.revoked = True
        await self.operate("issuer", "POST", "/status/publish", {})
        last = time.monotonic() + RETRY + KEPT  # who asked while the issuer was dead asks once more after so long
        while True:
            await asyncio.sleep(KEPT)
            late = time.monotonic() > last
            result = await self.present()
            error = result["error"] or {}
            if not result["credentials"] and error.get("check") == "status":
                return
            if late or result["state"] not in ("accepted", "collected"):
                raise DrillError(f"after the revocation the verifier says {result['state']}, {error.get('check')}")

    async def _door(self) -> None:
        await self.person.keep_the_door()

    async def present(self) -> dict[str, Any]:
        """The verifier asks, the wallet answers; how that stands when the browser has gone on, or has not."""
        session = ""

        async def ask() -> str:
            nonlocal session
            asked = await self.operate("verifier", "POST", "/requests", {"dcql_query": _QUERY})
            session = asked["session"]
            return str(asked["link"])

        await self.person.present(ask, until=_answered)
        try:
            found: dict[str, Any] = await self.operate("verifier", "GET", f"/requests/{session}")
        except Rejected as error:  # its time is over
            return {"state": "unknown", "credentials": [], "error": {"check": error.check.id}}
        return found

    async def operate(self, role: str, method: str, path: str, body: object = None) -> Any:
        """Call a role's operator API, and once more when nobody answers, or when it is to come again in a moment."""
        return await self.offices.operate(role, method, path, body)

    async def _mend(self) -> bool:
        """Start who was killed, as a supervisor would; the kernel takes a moment to say so."""
        for _ in range(10):
            if await asyncio.to_thread(self.town.mend):
                return True
            await asyncio.sleep(0.02)
        return False


def _answered(page: Page) -> bool:
    """The verifier's page after the return, or the wallet's when the answer was not taken."""
    told = ("Presented", "Not presented", "Your answer was sent, and was not accepted there.")
    return any(words in page.words for words in told)
