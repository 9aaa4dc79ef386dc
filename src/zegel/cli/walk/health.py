"""What Erika does with health certificates in the walk: keeps old ones, has a fresh one attested, and goes to a door.

The pictures are those of the sandbox. Nothing is told what time it is: the old ones have expired.
"""

import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, final

from zegel.adapters.clock import SystemClock
from zegel.adapters.files import read_file
from zegel.adapters.picture_bounds import MAX_FILE
from zegel.adapters.sandbox.health import EXPIRED
from zegel.checks import Check
from zegel.cli.walk.browser import Browser, Page
from zegel.cli.walk.door_view import DoorView
from zegel.cli.walk.story import Story
from zegel.config.roles import Config
from zegel.errors import Unavailable
from zegel.formats.hcert.certificate import parse_health_certificate
from zegel.services.health import RULE_SET, VALID
from zegel.web.issuer_log_in import CERTIFICATE
from zegel.web.wallet_certificates import KEEP
from zegel.web.wallet_site import ADD

SOMEBODY_ELSE: Final = "max"
_EXPIRED: Final = re.compile(r"Its signature holds\. It expired on ([0-9]{4}-[0-9]{2}-[0-9]{2})")
_ARRIVED: Final = re.compile(r"(\S+(?: VC)?) (\d+) cop(?:y|ies), signed by")


@final
@dataclass(frozen=True, slots=True)
class HealthWalk:
    """``person`` is who walks, as the register calls her; ``codes`` the sandbox's; ``view`` what the door sees."""

    config: Config
    codes: Path
    browser: Browser
    story: Story
    view: DoorView
    person: str

    async def walk(self) -> None:
        """All of it; ``Unavailable`` where it cannot go on."""
        for country in EXPIRED:
            await self._keep_expired(country)
        with self.story.timed("fresh health certificate held: valid"):
            await self._keep_fresh()
        with self.story.refusal("somebody else's health certificate refused", Check.HEALTH_HOLDER):
            await self._present_pid(SOMEBODY_ELSE)
        with self.story.timed("vaccination_valid attested, by certificate and PID"):
            await self._have_attested()
        with self.story.timed("vaccination_valid shown at the door: yes"):
            await self._go_to_door()
        self._look_at_view()

    async def _keep_expired(self, country: str) -> None:
        began = time.perf_counter()
        page = await self.browser.get(self._adding)
        page = await self.browser.upload(page, ADD, picture=self._code(f"{country}.png"))
        page = await self.browser.submit(page, KEEP)
        found = _EXPIRED.search(page.words)
        day = found[1] if found else "no day that is said"
        today = datetime.fromtimestamp(SystemClock().now(), UTC).date().isoformat()
        self.story.add(
            f"health certificate from a picture, {country.capitalize()}: expired on {day}",
            ok=day < today,
            ms=round((time.perf_counter() - began) * 1000),
            check=Check.HEALTH_VALIDITY.id,
        )

    async def _keep_fresh(self) -> None:
        page = await self.browser.get(self._adding)
        page = await self.browser.submit(page, ADD, text=self._text(self.person))
        page = await self.browser.submit(page, KEEP)
        if "Today: valid" not in page.words:
            raise Unavailable("wallet", f"it does not say that a certificate is valid (status {page.status})")

    async def _present_pid(self, whose: str) -> Page:
        """Ask for the attestation, bring a certificate, and present the PID; the issuer's page that follows."""
        page = await self.browser.get(self.config.issuer.origin)
        page = await self.browser.submit(page, "/offer", type=VALID)
        page = await self.browser.get(page.link("Receive in the wallet on this machine"))
        page = await self.browser.submit(page, "/receive")
        page = await self.browser.submit(page, "/receive/", decision="log-in")
        page = await self.browser.get(page.onward or page.url)
        page = await self.browser.submit(page, CERTIFICATE, code=self._text(whose))
        return await self._present(page, "Present from the wallet on this machine")

    async def _present(self, page: Page, link: str) -> Page:
        """Follow a link to the wallet, say yes, and come back."""
        page = await self.browser.get(page.link(link))
        page = await self.browser.submit(page, "/present")
        page = await self.browser.submit(page, "/present/", decision="accept")
        return await self.browser.get(page.onward or page.url)

    async def _have_attested(self) -> None:
        page = await self._present_pid(self.person)
        page = await self.browser.submit(page, "/consent", press="Issue to this wallet")
        expected = min(self.config.issuer.batch_size, self.config.wallet.copies)
        for format_name, copies in _ARRIVED.findall(page.words):
            self.story.add_issuance(format_name=format_name, copies=int(copies), expected=expected)
        await self.browser.submit(page, "/receive/", decision="keep")

    async def _go_to_door(self) -> None:
        page = await self.browser.get(self.config.door.origin)
        page = await self.browser.submit(page, "/ask")
        page = await self._present(page, "Open my wallet")
        if "The rules are met" not in page.words:
            raise Unavailable("door", f"it does not say yes (status {page.status})")

    def _look_at_view(self) -> None:
        """The door has seen what it asked for, and no word of the certificate from which it was made."""
        began = time.perf_counter()
        asked = {VALID, RULE_SET, self.config.health.rule_set}
        found = self.view.mentions(asked | self._told_by_certificate())
        ms = round((time.perf_counter() - began) * 1000)
        self.story.add("door knows the flag and its rules, and nothing else", ok=found == asked, ms=ms)

    def _told_by_certificate(self) -> set[str]:
        payload = parse_health_certificate(self._text(self.person).encode()).unverified_payload
        return set(_texts(payload["nam"]) + _texts(payload["v"][0]) + [payload["dob"]])

    @property
    def _adding(self) -> str:
        return self.config.wallet.origin + ADD

    def _text(self, whose: str) -> str:
        return self._code(f"{whose}.txt").decode().removesuffix("\n")

    def _code(self, name: str) -> bytes:
        return read_file(self.codes / name, max_bytes=MAX_FILE)


def _texts(members: Any) -> list[str]:
    return [value for value in members.values() if isinstance(value, str)]
