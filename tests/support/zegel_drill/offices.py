"""What is done at the registrar, the log and the access authority, to its end, whoever dies on the way.

A party applies and an officer approves; a certificate that was issued is given to the log; the party orders two access
certificates, at a host of its own, and loses one by its operator's word and one with its registration.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from typing import Any, TypeVar, final
from urllib.parse import urlsplit

from zegel_testing.authenticator import Authenticator
from zegel_testing.register import PARTY

from zegel.adapters.challenges import ChallengeFolder
from zegel.adapters.clock import SystemClock
from zegel.adapters.entropy import system_random
from zegel.adapters.keyfiles import load_certificates, load_private_key
from zegel.adapters.outbound import HttpOutbound
from zegel.adapters.sandbox.access_root import BELOW_ROOT
from zegel.checks import Check
from zegel.cli.access_order import _finish, _place
from zegel.cli.operator import call_operator
from zegel.cli.walk.browser import Page
from zegel.errors import Rejected, Unavailable
from zegel.primitives.http import JSON
from zegel.primitives.keys import random_private_key
from zegel.protocols.transparency.submission import CERTIFICATE, UnverifiedSubmission
from zegel.trust.access_authority.orders import Challenge
from zegel.trust.access_authority.request import build_certificate_request
from zegel.trust.anchors import Purpose
from zegel.trust.authority import Authority, SubjectName, issue_certificate
from zegel_drill.person import PatientBrowser, Person
from zegel_drill.town import DrillError, Town

T = TypeVar("T")

OK = 200
SERVICE = "lending"
_A_MOMENT = 1.1  # seconds, which is what somebody is told to wait at these rates
_ORDERS = 3  # until one leads to a certificate: one for each fault that may come, and more
_ATTEMPTS = 2  # at an order


@final
@dataclass
class Told:
    """What somebody was told by the offices, and has a right to find again.

    ``registered`` has how each party stands, by its identifier; ``certified`` the certificates of a party, by their
    serial numbers; ``withdrawn`` those that were revoked; ``invited`` who became officers. ``abandoned`` orders were
    refused, and may stand in the log.
    """

    registered: dict[str, str] = field(default_factory=dict)
    logged: list[str] = field(default_factory=list)
    invited: list[str] = field(default_factory=list)
    certified: dict[str, list[int]] = field(default_factory=dict)
    withdrawn: list[int] = field(default_factory=list)
    abandoned: int = 0


@final
class Offices:
    """Somebody who goes there. ``troubled``: what is refused for the time being is asked for once more."""

    def __init__(self, town: Town, person: Person, mend: Callable[[], Awaitable[bool]]) -> None:
        self.told = Told()
        self.troubled = False
        self._town = town
        self._person = person
        self._mend = mend

    # --- the registrar ------------------------------------------------------------------------------------------------

    async def register(self) -> str:
        """A party applies, and an officer approves; whoever had no answer asks again, and looks how it stands."""
        identifier = f"GOVUT-{system_random(8).hex()}"
        party = PARTY | {
            "identifier": [{"identifier": identifier, "type": "http://data.europa.eu/eudi/id/EUID"}],
            "infoURI": [self._town.config.verifier.origin + "/"],
        }
        applied = await self.operate("registrar", "POST", "/applications", {"party": party, "by": "bee keeper"})
        await self._decide(identifier, "approve", seen=applied["proposal"])
        self.told.registered[identifier] = "registered"
        return identifier

    async def _decide(self, identifier: str, decision: str, **more: str) -> None:
        body = {"decision": decision, "identifier": identifier, "by": "officer", "reason": "the drill goes on"} | more
        try:
            await self.operate("registrar", "POST", "/decisions", body)
        except Rejected as error:  # it stands already: the officer was not told
            if error.check is not Check.REGISTER_MOVE:
                raise

    async def invite(self) -> None:
        """An officer is invited, and makes a first passkey.

        Whoever had no answer enters the code again, and who is told that it is spent signs in by what was made.
        """
        subject = f"otto {system_random(8).hex()}"
        body = {"subject": subject, "officer": True, "by": "operator"}
        code = (await self.operate("registrar", "POST", "/invitations", body))["code"]
        browser, passkey = PatientBrowser(self._town, self._mend), self._authenticator()
        try:
            for _ in range(_ATTEMPTS + 1):
                if await self._enter(browser, passkey, str(code)):
                    self.told.invited.append(subject)
                    return
        finally:
            await browser.browser.close()
        raise DrillError("who was invited does not get in")

    async def _enter(self, browser: PatientBrowser, passkey: Authenticator, code: str) -> bool:
        page = await browser.get(self._town.config.registrar.origin + "/sign-in/code")
        asked = await browser.say(page, page.form("/sign-in/code"), "/sign-in/code/options", {"code": code})
        if asked is not None:
            answer = passkey.make(asked)
            made = await browser.submit(page, page.form("/sign-in/code"), {"name": "Key", "answer": answer})
            return _at_the_desk(made)
        page = await browser.get(self._town.config.registrar.origin + "/sign-in")
        form = page.form("/sign-in/passkey")
        asked = await browser.say(page, form, "/sign-in/passkey/options", {})
        if asked is None:
            return False
        return _at_the_desk(await browser.submit(page, form, {"duty": "officer", "answer": passkey.answer(asked)}))

    def _authenticator(self) -> Authenticator:
        origin = self._town.config.registrar.origin
        return Authenticator(origin=origin, rp_id=urlsplit(origin).hostname or "", seed=system_random(8).hex())

    # --- the log ------------------------------------------------------------------------------------------------------

    async def log(self) -> None:
        """A certificate that was issued is given to the log, and again where no answer came."""
        folder, name = self._town.folder / "authorities", f"{system_random(8).hex()}.utopia.example"
        (below,) = load_certificates(folder / f"{BELOW_ROOT}.pem")
        issued = issue_certificate(
            Authority(certificate=below, key=load_private_key(folder / f"{BELOW_ROOT}.key.pem")),
            SubjectName(country="UT", organization="Bee keepers of Utopia", common_name=name),
            key=random_private_key(system_random).public_key,
            purpose=Purpose.ACCESS,
            now=SystemClock().now(),
            days=1,
            random=system_random,
            dns_names=(name,),
        )
        body = UnverifiedSubmission(type=CERTIFICATE, submission=issued.der, chain=(below.der,)).encode()

        async def submit() -> None:
            status = await asyncio.to_thread(self._submit, body)
            if status != OK:
                raise Unavailable("log", f"it answers with status {status}")

        await self._twice("submit", submit)
        self.told.logged.append(name)

    def _submit(self, body: bytes) -> int:
        door = urlsplit(self._town.config.transparency_log.origin)
        connection = HTTPConnection("127.0.0.1", door.port or 0, timeout=10)
        try:
            headers = {"host": door.netloc, "content-type": JSON}
            connection.request("POST", "/ct/v2/submit-entry", body=body, headers=headers)
            return connection.getresponse().status
        except (OSError, HTTPException):
            return 0
        finally:
            connection.close()

    # --- the access authority -----------------------------------------------------------------------------------------

    async def certify(self) -> None:
        """A party has two certificates issued; one is revoked by itself, the other when the party is suspended."""
        identifier = await self.register()
        outbound = HttpOutbound(loopback_origins=self._town.config.loopback_origins())
        try:
            for _ in range(2):
                issued = await self._receive(outbound, identifier)
                self.told.certified.setdefault(identifier, []).append(int(issued["serial"], 16))
        finally:
            await outbound.aclose()
        await self._withdraw(identifier)

    async def _receive(self, outbound: HttpOutbound, identifier: str) -> dict[str, Any]:
        """Order, serve the tokens, have them asked for, receive; and anew, where that order comes to nothing."""
        config = self._town.config
        host = urlsplit(config.verifier.origin).hostname or ""
        pem = build_certificate_request(random_private_key(system_random), hosts=(host,))
        assert config.verifier.challenges is not None  # a sandbox has a folder
        origin, seen = config.access_authority.origin, list[str]()

        async def place() -> dict[str, Any]:
            try:
                return await _place(outbound, origin, request=pem, party=identifier, service=SERVICE)
            except Rejected as error:  # as by a clock that was ahead, before it was set right
                raise Unavailable("access authority", str(error)) from None

        for _ in range(_ORDERS):
            order = await self._twice("order", place)
            with ExitStack() as served:
                challenges = ChallengeFolder(config.verifier.challenges)
                for each in order["challenges"]:
                    challenge = Challenge(host=each["host"], url=each["url"], content=each["content"])
                    served.callback(challenges.serve(challenge).unlink, missing_ok=True)
                for _ in range(_ATTEMPTS):
                    try:
                        async with self._person.weather("finish"):
                            return await _finish(outbound, origin, str(order["order"]))
                    except (Unavailable, Rejected) as error:  # a token that was tried is gone, and the order with it
                        seen.append(str(error))
                        if not await self._mend():
                            await asyncio.sleep(_A_MOMENT)
            self.told.abandoned += 1
        raise DrillError(f"no certificate is issued: {' / '.join(seen)}")

    async def _withdraw(self, identifier: str) -> None:
        first, second = self.told.certified[identifier]
        body = {"certificate": f"{first:x}", "reason": "the drill goes on"}
        try:
            await self.operate("access-authority", "POST", "/revocations", body)
        except Rejected as error:  # it is revoked already: nobody was told
            if error.check is not Check.ACCESS_REVOCATION:
                raise
        self.told.withdrawn.append(first)
        await self._decide(identifier, "suspend")
        self.told.registered[identifier] = "suspended"
        await self.operate("access-authority", "POST", "/register/check", {})
        self.told.withdrawn.append(second)

    # --- asking -------------------------------------------------------------------------------------------------------

    async def operate(self, role: str, method: str, path: str, body: object = None) -> Any:
        """Call a role's operator API, and once more when nobody answers, or when it is to come again in a moment."""
        table = getattr(self._town.config, role.replace("-", "_"))

        async def call() -> Any:
            return await asyncio.to_thread(call_operator, table, method=method, path=path, body=body)

        try:
            return await self._twice(path, call)
        except Rejected as error:
            if error.check is not Check.RATE:
                raise
            await asyncio.sleep(_A_MOMENT)
        return await call()

    async def _twice(self, what: str, ask: Callable[[], Awaitable[T]]) -> T:
        """Ask; and once more when nobody answered, and is mended now, or when there was trouble on the way."""
        try:
            async with self._person.weather(what):
                return await ask()
        except Unavailable:
            if not await self._mend():
                if not self.troubled:
                    raise
                await asyncio.sleep(_A_MOMENT)  # after a clock that was ahead, who came then is told to
        return await ask()


def _at_the_desk(page: Page) -> bool:
    return page.status == OK and urlsplit(page.url).path == "/desk" and "as an officer" in page.words
