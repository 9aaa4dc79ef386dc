"""Erika at her browser, who does what a page asks of her, and does it again when nobody answers.

She reads what stands on a page and knows no more of the roles than that. A request that was not answered she sends once
more. Where a page has nothing for her to press she goes home and looks what waits; if nothing does she begins again.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

from zegel.adapters.sandbox.health import CODES
from zegel.cli.walk.browser import Browser, Form, Page, _page
from zegel.errors import Unavailable
from zegel.primitives.http import FORM, origin_of
from zegel_drill.town import DrillError, Town

PERSON = "erika"
PASSWORD = "erika keeps bees"
PASSPHRASE = "seven bees on a charter"
SIGNED_IN = "You are signed in."
_CODE_IS_SHOWN = "The code is in the terminal in which the wallet runs"
_PATIENCE = 40  # pages until something has come to its end
_TAKES_TIME = "Your wallet asks again by itself while it is open"
_ATTEMPTS = 6  # one for each moment at which a fault may come, and more
_TRIES = 2  # refusals that she takes
_OK = 200
_REFUSED = 400
_TOO_OFTEN = 429
_A_MOMENT = 1.1  # seconds, which is what she is told to wait at these rates
_MAX_REDIRECTS = 12

Mend = Callable[[], Awaitable[bool]]


class PatientBrowser:
    """A browser whose person sends again what was not answered, once whoever did not answer runs again."""

    def __init__(self, town: Town, mend: Mend) -> None:
        self._mend = mend
        self.browser = Browser(town.config.loopback_origins(), web_ca=None)

    async def get(self, url: str) -> Page:
        """Go to an address."""
        return await self._go("GET", url, b"", {})

    async def submit(self, page: Page, form: Form, filled: Mapping[str, str]) -> Page:
        """Send a form of the page."""
        headers = {"content-type": FORM, "origin": origin_of(page.url, what="page"), "sec-fetch-site": "same-origin"}
        return await self._go("POST", form.action, urlencode({**form.fields, **filled}).encode(), headers)

    async def say(self, page: Page, form: Form, path: str, filled: Mapping[str, str]) -> dict[str, Any] | None:
        """What a script of the page is answered that sends the form's token elsewhere; None where it is refused."""
        origin = origin_of(page.url, what="page")
        headers = {"content-type": FORM, "origin": origin, "sec-fetch-site": "same-origin"}
        body = urlencode({"csrf": form.fields["csrf"], **filled}).encode()
        status, _, text = await self._send("POST", origin + path, body, headers)
        return dict(json.loads(text)) if status == _OK else None

    async def _go(self, method: str, url: str, body: bytes, headers: Mapping[str, str]) -> Page:
        for _ in range(_MAX_REDIRECTS):
            status, location, text = await self._send(method, url, body, headers)
            if location is None:
                return _page(url, status, text)
            method, url, body, headers = "GET", urljoin(url, location), b"", {}
        raise DrillError(f"{urlsplit(url).netloc} redirects in a circle")

    async def _send(
        self, method: str, url: str, body: bytes, headers: Mapping[str, str]
    ) -> tuple[int, str | None, str]:
        try:
            answer = await self.browser._send(method, url, body, headers)
        except Unavailable:
            if not await self._mend():
                raise
            answer = await self.browser._send(method, url, body, headers)
        if answer[0] != _TOO_OFTEN:
            return answer
        await asyncio.sleep(_A_MOMENT)  # after a clock that was set back, who comes next is told to
        return await self.browser._send(method, url, body, headers)


class Person:
    """Erika. ``weather`` is what holds while she presses something: it is given a word for that, and ``onward`` for a
    page that leads on."""

    def __init__(self, town: Town, mend: Mend) -> None:
        self.town = town
        self.weather: Callable[[str], AbstractAsyncContextManager[None]] = lambda _: nullcontext()
        self.browser = PatientBrowser(town, mend)
        self._mend = mend

    async def close(self) -> None:
        """Close the browser."""
        await self.browser.browser.close()

    # --- the wallet ---------------------------------------------------------------------------------------------------

    async def at_home(self) -> Page:
        """The wallet's first page, with the wallet made and open."""
        return await self._on(await self.browser.get(self.town.config.wallet.origin), until=_is_home)

    async def lock(self) -> None:
        """Lock the wallet, as far as there is one that is open."""
        page = await self.at_home()
        await self.browser.submit(page, page.form("/lock"), {})

    async def receive(self, type_: str, name: str) -> Page:
        """From the issuer's first page to the credential in the wallet."""

        async def begin() -> Page:
            page = await self.browser.get(self.town.config.issuer.origin)
            page = await self.browser.submit(page, page.form("/offer"), {"type": type_})
            return await self.browser.get(page.link("Receive in the wallet on this machine"))

        return await self._until("receive", begin, until=lambda page: _shows(page, name))

    async def redeem(self, offer: Callable[[], Awaitable[tuple[str, str]]], name: str) -> Page:
        """From an offer that came with a transaction code, or an empty one, to the credential in the wallet."""

        async def begin() -> Page:
            link, self._tx_code = await offer()
            return await self.browser.get(f"{self.town.config.wallet.origin}/receive?{urlsplit(link).query}")

        return await self._until(f"redeem {name}", begin, until=lambda page: _shows(page, name))

    async def renew(self, name: str) -> Page:
        """Ask for new copies of a credential, until the log says that they came."""

        async def begin() -> Page:
            page = await self.browser.get((await self.at_home()).link(name))
            page = await self.browser.submit(page, page.form("/credentials/"), {"action": "renew"})
            await self._on(page, until=lambda page: page.status == 200 and name in page.words)
            return await self.browser.get(self.town.config.wallet.origin + "/log")

        return await self._until("renew", begin, until=lambda page: "Renewed by" in page.words)

    # --- presenting ---------------------------------------------------------------------------------------------------

    async def sign_in(self) -> Page:
        """From Tax online to the wallet and back, until it greets her."""

        async def begin() -> Page:
            return await self.browser.get(self.town.config.service.origin + "/sign-in")

        return await self._until("sign-in", begin, until=lambda page: SIGNED_IN in page.words)

    async def present(self, ask: Callable[[], Awaitable[str]], *, until: Callable[[Page], bool]) -> Page:
        """From a link that asks to the verifier's page at the end."""

        async def begin() -> Page:
            link = await ask()
            return await self.browser.get(f"{self.town.config.wallet.origin}/present?{urlsplit(link).query}")

        return await self._until("present", begin, until=until)

    # --- the door -----------------------------------------------------------------------------------------------------

    async def keep_the_door(self) -> None:
        """As the doorkeeper: look at a certificate of somebody's, ask the next one, and be done with him."""
        for words, form, filled in (
            ("Yes", "/code", {"code": self._certificate()}),
            ("Scan this with your wallet", "/ask", {}),
            ("Show me", "/next", {}),
        ):
            await self._until_it_says(words, form, filled)

    def _certificate(self) -> str:
        return (self.town.folder / CODES / f"{PERSON}.txt").read_text(encoding="utf-8").strip()

    async def _until_it_says(self, words: str, form: str, filled: Mapping[str, str]) -> None:
        """A door that was closed meanwhile knows nobody any more, and is begun with anew."""
        seen: list[str] = []
        for _ in range(_ATTEMPTS):
            try:
                page = await self.browser.get(self.town.config.door.origin + "/")
                if form == "/next" and not any(urlsplit(each.action).path == form for each in page.forms):
                    page = await self.browser.submit(page, page.form("/ask"), {})
                async with self.weather(form.removeprefix("/")):
                    page = await self.browser.submit(page, page.form(form), filled)
            except Unavailable as error:
                seen.append(str(error))
                await self._mend()
                continue
            if words in page.words:
                return
            seen.append(page.words[:200])
        raise DrillError(f"the door does not say {words}: {' / '.join(seen)}")

    # --- what a page wants --------------------------------------------------------------------------------------------

    async def _until(self, what: str, begin: Callable[[], Awaitable[Page]], *, until: Callable[[Page], bool]) -> Page:
        seen: list[str] = []
        for _ in range(_ATTEMPTS):
            try:
                return await self._on(await begin(), until=until, seen=seen)
            except (Unavailable, _StuckError) as error:
                seen.append(str(error))
                await self._mend()
        raise DrillError(f"{what} does not come to its end: {' / '.join(seen)}")

    async def _on(self, page: Page, *, until: Callable[[Page], bool], seen: list[str] | None = None) -> Page:
        refused = 0
        for _ in range(_PATIENCE):
            if until(page):
                return page
            refused += page.status >= _REFUSED
            if refused > _TRIES:
                raise _StuckError(f"{urlsplit(page.url).path} is refused again: {page.words[:200]}")
            page = await self._next(page)
        raise _StuckError(f"after {_PATIENCE} pages she is at {page.url}")

    async def _next(self, page: Page) -> Page:
        if page.onward is not None:
            async with self.weather("onward"):
                return await self.browser.get(page.onward)
        for form in page.forms:
            filled = self._wanted(form, page)
            if filled is not None:
                async with self.weather(_moment(form, filled)):
                    return await self.browser.submit(page, form, filled)
        if _TAKES_TIME in page.words:
            await asyncio.sleep(_A_MOMENT)
            return await self.browser.get(page.url)
        for text, link in page.links.items():
            if text == "Open my wallet" or text in _WAITING:
                return await self.browser.get(link)
        if _is_home(page) or "To all credentials" not in page.links:
            raise _StuckError(f"nothing to do at {urlsplit(page.url).path} (status {page.status}): {page.words[:200]}")
        await self._mend()
        return await self.browser.get(page.links["To all credentials"])

    def _wanted(self, form: Form, page: Page) -> dict[str, str] | None:
        path, pressed = urlsplit(form.action).path, {value for _, value in form.buttons.values()}
        match path.split("/")[1:]:
            case ["launch", "code"]:
                return {}
            case ["launch"]:
                return {"code": self.town["wallet"].launch_code()} if _CODE_IS_SHOWN in page.words else None
            case ["unlock"]:
                return {"passphrase": PASSPHRASE}
            case ["create"]:
                return {"passphrase": PASSPHRASE, "again": PASSPHRASE}
            case ["receive"] | ["present"]:
                return {}
            case ["receive", _]:
                for decision in ("keep", "redeem", "log-in", "ask"):
                    if decision in pressed:
                        return {"decision": decision, **self._code_for(form)}
            case ["present", _]:
                for decision in ("accept", "again", "tell"):
                    if decision in pressed:
                        return {"decision": decision}
            case ["log-in"]:
                return {"login": PERSON, "password": PASSWORD}
            case ["consent"]:
                return {"decision": "approve"}
        return None

    _tx_code = ""

    def _code_for(self, form: Form) -> dict[str, str]:
        return {"tx_code": self._tx_code} if "tx_code" in form.fields else {}


class _StuckError(Exception):
    """There is nothing that she could press."""


def _moment(form: Form, filled: Mapping[str, str]) -> str:
    """What is pressed, in a word: the decision, or the secret that is told, or where the form leads."""
    told = "password" if "password" in filled else urlsplit(form.action).path.rpartition("/")[2]
    return filled.get("decision", told)


_WAITING = (
    "An offer that you have not taken up",
    "An offer for which you were to log in",
    "Credentials that came, for you to keep or not",
    "A credential that takes a while",
    "An answer that could not be sent",
)


def _shows(page: Page, name: str) -> bool:
    """Whether the wallet shows a credential of that name: among the others, or by itself where it alone was kept."""
    if urlsplit(page.url).path.startswith("/credentials/"):
        return page.status == 200 and name in page.words and any(form.action == page.url for form in page.forms)
    return _is_home(page) and name in page.links


def _is_home(page: Page) -> bool:
    """Whether it is the first page of a wallet that is open: one that can be locked."""
    return urlsplit(page.url).path in ("", "/") and any(urlsplit(form.action).path == "/lock" for form in page.forms)
