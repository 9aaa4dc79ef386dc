"""What parties, officers, programs and the operator do at the registrar."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from zegel_testing.access_requests import access_record
from zegel_testing.authenticator import Authenticator
from zegel_testing.browser import Browser
from zegel_testing.register import PARTY, PROVIDER, party, party_json
from zegel_testing.registry_office import RegistryOffice, csrf_of, office_config, open_office

from zegel.primitives.encoding import base64url
from zegel.primitives.http import HttpRequest
from zegel.trust.register.states import Proposal
from zegel_fuzz.ground import Ground, Play, listeners_of, unhurried
from zegel_fuzz.message import Good

_LIBRARY: Final = "NTRUT-1234567"


@asynccontextmanager
async def registering_ground(folder: Path) -> AsyncIterator[Ground]:
    """The registrar at its two doors."""
    async with open_office(folder, unhurried(office_config(folder))) as office:
        acts = _Registering(office)
        plays: dict[str, tuple[Play, ...]] = {
            "registrar/wrp": (acts.update,),
            "registrar/sign-in": (acts.form("/sign-in", {"duty": "officer"}, acts.visitor),),
            "registrar/sign-out": (acts.form("/sign-out", {}, acts.keeper),),
            "registrar/my/apply": (
                acts.form("/my/apply", _FIELDS, acts.keeper),
                acts.form("/my/apply", {"document": party_json().decode()}, acts.keeper),
            ),
            "registrar/my/{identifier}": (
                acts.form(f"/my/{_LIBRARY}", {"decision": "token"}, acts.owner),
                acts.form(f"/my/{_LIBRARY}", {"decision": "cancel"}, acts.owner),
            ),
            "registrar/desk/enrol": (acts.enrol,),
            "registrar/desk/{identifier}": tuple(
                acts.form(f"/desk/{_LIBRARY}", {"decision": decision, "reason": "why", "seen": _SEEN}, acts.officer)
                for decision in ("approve", "reject", "cancel")
            ),
            "registrar/officers": (acts.form("/officers", {"subject": "other"}, acts.colleague),),
            "registrar/sign-in/passkey/options": (acts.form("/sign-in/passkey/options", {}, acts.visitor),),
            "registrar/sign-in/passkey": (acts.answer,),
            "registrar/sign-in/code/options": (acts.invited,),
            "registrar/sign-in/code": (acts.accept,),
            "registrar/passkeys/options": (acts.form("/passkeys/options", {}, acts.keeper),),
            "registrar/passkeys": (acts.make,),
            "registrar/passkeys/tokens": (acts.form("/passkeys/tokens", {}, acts.keeper),),
            "registrar/passkeys/{id}": (
                acts.form(f"/passkeys/{acts.held}", {"decision": "rename", "name": "Telephone"}, acts.holder),
            ),
            "registrar-operator/applications": tuple(
                acts.operated("/applications", {"party": party, "by": "keeper"}) for party in (PARTY, PROVIDER)
            ),
            "registrar-operator/decisions": (
                acts.operated(
                    "/decisions",
                    {"decision": "reject", "identifier": _LIBRARY, "by": "a", "reason": "no", "seen": _SEEN},
                ),
            ),
            "registrar-operator/officers": (acts.operated("/officers", {}),),
            "registrar-operator/invitations": (
                acts.operated("/invitations", {"subject": "other", "name": "Otto", "officer": True, "by": "b"}),
            ),
            "registrar-operator/dismissals": (acts.operated("/dismissals", {"subject": "other", "by": "b"}),),
            "registrar-operator/withdrawals": (acts.operated("/withdrawals", {"subject": "keeper", "by": "b"}),),
            "registrar-operator/tokens": (acts.operated("/tokens", {"by": "keeper"}),),
            "registrar-operator/access-certificates": (
                acts.operated("/access-certificates", {"identifier": _LIBRARY, "certificate": access_record()}),
            ),
            "registrar-operator/status/publish": (acts.operated("/status/publish", {}),),
        }
        yield Ground(listeners=listeners_of(office.role), plays=plays, clock=office.clock)


_SEEN: Final = Proposal(party=party(), by="keeper").digest
_FIELDS: Final = {
    "identifier": "NTRUT-55", "legal_name": "Bee keepers", "trade_name": "Bees", "country": "ut", "support": "+999000",
    "email": "a@bees.utopia.example", "service": "honey", "service_name": "Honey", "description": "Sells honey",
    "authority": "DPA", "authority_contact": "https://dpa.utopia.example/", "format": "mso_mdoc", "type": "a",
    "kind": "https://uri.etsi.org/19475/Entitlement/Service_Provider", "purpose": "To send you honey",
    "policy": "https://bees.utopia.example/", "claims": "portrait",
}  # fmt: skip


class _Registering:
    """What each of them does before the request that is asked for."""

    def __init__(self, office: RegistryOffice) -> None:
        self._office = office
        self._known: dict[str, Browser] = {}
        self._passkey = self._new_passkey("held")
        self._made = 0

    async def visitor(self) -> tuple[Browser, str]:
        browser = self._office.browser()
        return browser, csrf_of(await browser.open(self._office.origin + "/sign-in"))

    async def keeper(self) -> tuple[Browser, str]:
        browser = await self._office.signed_in("keeper")
        return browser, csrf_of(await browser.open(self._office.origin + "/my"))

    async def owner(self) -> tuple[Browser, str]:
        await self._waiting()
        return await self.keeper()

    async def officer(self) -> tuple[Browser, str]:
        await self._waiting()
        browser = await self._office.officer()
        return browser, csrf_of(await browser.open(self._office.origin + "/desk"))

    def form(self, path: str, fields: dict[str, str], who: Callable[[], Awaitable[tuple[Browser, str]]]) -> Play:
        """A form that somebody is about to send."""

        async def play() -> Good:
            browser, csrf = await who()
            kept = self._office.public.handle
            caught: list[HttpRequest] = []

            async def keep(request: HttpRequest) -> object:
                caught.append(request)
                return await self._office.get("/jwks")

            browser.handlers = {**browser.handlers, self._office.origin: keep}  # type: ignore[dict-item]
            await browser.post(path, fields | {"csrf": csrf})
            browser.handlers = {**browser.handlers, self._office.origin: kept}
            return Good(caught[0])

        return play

    async def enrol(self) -> Good:
        made = (await self._office.operate("POST", "/officers", {}))[1]["code"]

        async def newcomer() -> tuple[Browser, str]:
            browser = await self._office.signed_in("newcomer", "officer")
            return browser, csrf_of(await browser.open(self._office.origin + "/desk"))

        return await self.form("/desk/enrol", {"code": made}, newcomer)()

    async def _code(self) -> str:
        members = {"subject": "invited", "officer": True, "by": "b"}
        return str((await self._office.operate("POST", "/invitations", members))[1]["code"])

    async def invited(self) -> Good:
        """Somebody enters a code."""
        return await self.form("/sign-in/code/options", {"code": await self._code()}, self.visitor)()

    async def accept(self) -> Good:
        """Their authenticator has made a passkey."""
        self._made += 1
        browser, csrf = await self.visitor()
        fields = {"csrf": csrf, "code": await self._code()}
        options = json.loads((await browser.post("/sign-in/code/options", fields)).body)
        made = {"name": "Telephone", "answer": self._new_passkey(f"invited {self._made}").make(options)}
        return await self.form("/sign-in/code", made, _known(browser, csrf))()

    @property
    def held(self) -> str:
        """The id of the keeper's passkey."""
        return base64url(self._passkey.id)

    async def colleague(self) -> tuple[Browser, str]:
        """An officer, beside another one."""
        await self._office.officer("other")
        return await self.officer()

    async def holder(self) -> tuple[Browser, str]:
        """The keeper, who has a passkey."""
        browser, csrf = await self.keeper()
        if not self._passkey.handle:
            options = json.loads((await browser.post("/passkeys/options", {"csrf": csrf})).body)
            fields = {"csrf": csrf, "name": "Telephone", "answer": self._passkey.make(options)}
            assert (await browser.post("/passkeys", fields)).status == 303
        return browser, csrf

    async def make(self) -> Good:
        """Somebody's authenticator has made a passkey."""
        self._made += 1
        browser = await self._office.signed_in(f"maker {self._made}")
        csrf = csrf_of(await browser.open(self._office.origin + "/passkeys"))
        options = json.loads((await browser.post("/passkeys/options", {"csrf": csrf})).body)
        fields = {"name": "Telephone", "answer": self._new_passkey(f"made {self._made}").make(options)}
        return await self.form("/passkeys", fields, _known(browser, csrf))()

    async def answer(self) -> Good:
        """The keeper's authenticator has answered for a visitor."""
        await self.holder()
        browser, csrf = await self.visitor()
        options = json.loads((await browser.post("/sign-in/passkey/options", {"csrf": csrf})).body)
        fields = {"duty": "party", "answer": self._passkey.answer(options)}
        return await self.form("/sign-in/passkey", fields, _known(browser, csrf))()

    def _new_passkey(self, seed: str) -> Authenticator:
        return Authenticator(origin=self._office.origin, rp_id="registrar.localhost", seed=seed)

    async def update(self) -> Good:
        await self._waiting()
        made = (await self._office.operate("POST", "/tokens", {"by": "keeper"}))[1]["token"]
        return Good(
            HttpRequest(
                method="PUT",
                url=self._office.origin + "/wrp",
                headers=(("authorization", f"Bearer {made}"), ("content-type", "application/json")),
                body=party_json(),
            )
        )

    def operated(self, path: str, members: object) -> Play:
        """A call of the operator's."""

        async def play() -> Good:
            if path == "/decisions":
                await self._waiting()
            if path == "/access-certificates":
                await self._waiting()
                await self._office.decide("approve", by="a")
            if path == "/dismissals":
                await self._office.officer("other")
            return Good(self._office.operation("POST", path, members))

        return play

    async def _waiting(self) -> None:
        """The library has applied, or asked for a change."""
        await self._office.operate("POST", "/applications", {"party": PARTY, "by": "keeper"})


def _known(browser: Browser, csrf: str) -> Callable[[], Awaitable[tuple[Browser, str]]]:
    """Somebody who is at the page already."""

    async def known() -> tuple[Browser, str]:
        return browser, csrf

    return known
