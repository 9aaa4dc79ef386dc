"""What the person of the walk does: makes a wallet, gets an identity, signs in, and is refused where that is right.

The person is Erika of the demo, the browser is ``walk.browser``, the rest is the real thing over real sockets.
"""

import asyncio
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, final

from zegel.checks import Check
from zegel.cli.operator import call_operator
from zegel.cli.walk.access import renew_access, take_turn
from zegel.cli.walk.browser import Browser, Page
from zegel.cli.walk.door_view import DoorView
from zegel.cli.walk.health import HealthWalk
from zegel.cli.walk.looking import look_at_access, look_at_registration
from zegel.cli.walk.new_wallet import NewWallet
from zegel.cli.walk.story import Story
from zegel.config.roles import Config, IssuerConfig, VerifierConfig
from zegel.config.trust_roles import RegistrarConfig
from zegel.errors import Unavailable
from zegel.web.app.roles import OpenRole

PERSON: Final = "erika"
PASSWORD: Final = "erika keeps bees"  # noqa: S105 of the demo, and in its docs
PASSPHRASE: Final = "seven bees on a charter"  # noqa: S105 of a vault that is gone at the end
_ARRIVED: Final = re.compile(r"(\S+(?: VC)?) (\d+) cop(?:y|ies), signed by")
_CODE: Final = re.compile(r"[0-9A-Z]{4}(?:-[0-9A-Z]{4}){4}")
_FORMATS: Final = 2  # of a PID (ARF 3.0 PID_02)
_REFUSED: Final = 400
_LICENCE: Final = {
    "credentials": [
        {
            "id": "licence",
            "format": "mso_mdoc",
            "meta": {"doctype_value": "org.iso.18013.5.1.mDL"},
            "claims": [{"path": ["org.iso.18013.5.1", "driving_privileges"]}],
        }
    ]
}
_OVER_ASKING: Final = {
    "credentials": [
        {
            "id": "pid",
            "format": "dc+sd-jwt",
            "meta": {"vct_values": ["urn:eudi:pid:1"]},
            "claims": [{"path": ["family_name"]}, {"path": ["picture"]}],
        }
    ]
}
_BEES: Final[dict[str, Any]] = {
    "identifier": [{"identifier": "GOVUT-0042", "type": "http://data.europa.eu/eudi/id/EUID"}],
    "legalPerson": {"legalName": ["Bee keepers of Utopia"]},
    "country": "UT",
    "supportURI": ["https://bees.utopia.example/deletion"],
    "services": [{"serviceIdentifier": "honey", "serviceTradeName": "Honey shop"}],
    "srvDescription": [{"lang": "en", "content": "Sells honey"}],
    "intendedUse": [
        {
            "purpose": [{"lang": "en", "content": "To send you honey"}],
            "privacyPolicy": [{"policyURI": "https://bees.utopia.example/privacy"}],
            "credentials": [
                {
                    "format": "dc+sd-jwt",
                    "meta": {"vct_values": ["urn:eudi:pid:1"]},
                    "claims": [{"path": ["family_name"]}, {"path": ["address"]}],
                }
            ],
        }
    ],
    "entitlements": ["https://uri.etsi.org/19475/Entitlement/Service_Provider"],
    "supervisoryAuthority": {"name": "Data protection authority of Utopia", "country": "UT", "phone": ["+999000"]},
}
_BEES_IDENTIFIER: Final = "GOVUT-0042"
_SERVICE: Final = "Tax online"
_REGISTERED: Final = "As it is registered, by the word of"
_WARNED: Final = "Warning: It asks for more than it has registered"
_SIGNED_IN: Final = "You are signed in."
_KEPT: Final = 1.1  # seconds: a reader of the demo keeps a status list for one


async def walk(
    config: Config, story: Story, *, roles: Sequence[OpenRole], door: DoorView, codes: Path, web_ca: Path | None
) -> None:
    """Tell the story; ``door`` is what the door sees, ``codes`` are the sandbox's. ``Unavailable`` where it ends."""
    browser = Browser(config.loopback_origins(), web_ca=web_ca)
    stranger = Browser(config.loopback_origins(), web_ca=web_ca)
    person = _Person(config, browser)
    try:
        application = {"party": _BEES, "by": "bee keeper"}
        applied = await asyncio.to_thread(_operate, config.registrar, "/applications", application)
        with story.timed("registration approved"):  # by an officer, who is another person
            await asyncio.to_thread(_decide, config, "approve", seen=applied["proposal"])
        with story.timed("access certificate with its timestamp and inclusion proof"):
            await asyncio.to_thread(look_at_access, config)
        with story.timed("wallet"):
            await person.make_wallet(_launch_code(roles))
        await person.receive(story, "pid")
        with story.timed("sign-in to Tax online"):
            signed_in = await person.sign_in(story)
        with story.refusal("replay refused", Check.RESPONSE_CODE):
            await browser.get(signed_in)
        with story.refusal("other browser refused", Check.SAME_BROWSER):
            await stranger.get(await person.answer())
        over_asking = await person.look_at_over_asking(story)
        with story.refusal("nothing shared without a tick", Check.EXPLICIT_APPROVAL):
            await browser.submit(over_asking, "/present/", decision="accept")
        await HealthWalk(config, codes, browser, story, door, PERSON).walk()
        with story.timed("diploma received, whose issuer stands on the qualified list alone"):
            await person.receive(story, "diploma")
        await person.receive(story, "mdl")
        with story.timed("driving licence shown to the verifier"):
            await person.show_licence()
        await asyncio.to_thread(_revoke, config)
        await asyncio.sleep(_KEPT)
        with story.refusal("refused after revocation", Check.STATUS):
            await person.answer()
        with story.refusal("refused after revocation by identifier list", Check.STATUS):
            await person.show_licence()
        await renew_access(config, story, person.look_at_request, web_ca=web_ca, roles=roles)
        await _withdraw(config, story, web_ca=web_ca)
        if config.wallet.profile != "plain":  # nobody attests the wallet there, and so nothing ends with it
            await _lose_wallet(config, story, person, stranger)
        fetch_lists = partial(take_turn, roles, "trust")  # as every hour
        login = (PERSON, PASSWORD)
        await NewWallet(config=config, story=story, login=login, web_ca=web_ca, fetch_lists=fetch_lists).walk()
    finally:
        await browser.close()
        await stranger.close()


async def _lose_wallet(config: Config, story: Story, person: "_Person", stranger: Browser) -> None:
    """She ends the wallet, and its PID ends with it."""
    await person.receive(story, "pid")
    await _revoke_lost_wallet(config, stranger, code=await person.revocation_code())
    with story.refusal("wallet revoked -> refused", Check.WALLET_REVOKED):
        await person.begin_to_receive("pid")
    began = time.perf_counter()
    ended = await asyncio.to_thread(_operate, config.issuer, "/wallets/check", {})
    ms = round((time.perf_counter() - began) * 1000)
    story.add("PID revoked after its wallet", ok=len(ended["revoked"]) == _FORMATS, ms=ms)


async def _withdraw(config: Config, story: Story, *, web_ca: Path | None) -> None:
    """The registrar suspends the bee keepers: their registration certificate is good for nothing."""
    token = await asyncio.to_thread(_registration_certificate, config)
    with story.timed("registration suspended"):
        await look_at_registration(config, token, web_ca=web_ca)  # it holds until then
        await asyncio.to_thread(_decide, config, "suspend")
    with story.refused("registration certificate revoked -> refused", Check.REGISTRATION_STATUS):
        await look_at_registration(config, token, web_ca=web_ca)


@final
@dataclass(frozen=True, slots=True)
class _Person:
    """Erika, at her browser."""

    config: Config
    browser: Browser

    async def make_wallet(self, code: str) -> Page:
        """Open the wallet's pages by the code from the terminal, and choose a passphrase."""
        page = await self.browser.get(self.config.wallet.origin)
        page = await self.browser.submit(page, "/launch", code=code)
        return await self.browser.submit(page, "/create", passphrase=PASSPHRASE, again=PASSPHRASE)

    async def receive(self, story: Story, type_: str) -> Page:
        """From the identity office's front page to credentials in the wallet, and what that shows of them."""
        page = await self.begin_to_receive(type_)
        page = await self.browser.get(page.onward or page.url)
        page = await self.browser.submit(page, "/log-in", login=PERSON, password=PASSWORD)
        page = await self.browser.submit(page, "/consent", press="Issue to this wallet")
        expected = min(self.config.issuer.batch_size, self.config.wallet.copies)
        for format_name, copies in _ARRIVED.findall(page.words):
            story.add_issuance(format_name=format_name, copies=int(copies), expected=expected)
        return await self.browser.submit(page, "/receive/", decision="keep")

    async def begin_to_receive(self, type_: str) -> Page:
        """From the identity office's front page to its log-in, or as far as the wallet goes."""
        page = await self.browser.get(self.config.issuer.origin)
        page = await self.browser.submit(page, "/offer", type=type_)
        page = await self.browser.get(page.link("Receive in the wallet on this machine"))
        page = await self.browser.submit(page, "/receive")
        return page if page.status >= _REFUSED else await self.browser.submit(page, "/receive/", decision="log-in")

    async def revocation_code(self) -> str:
        """What the wallet shows, for her to write down."""
        page = await self.browser.get(self.config.wallet.origin + "/this-wallet")
        found = _CODE.search(page.words)
        if found is None:
            raise Unavailable("wallet", f"it does not show its revocation code (status {page.status})")
        return found[0]

    async def sign_in(self, story: Story) -> str:
        """From Tax online to the wallet and back; returns the address at which the browser came back."""
        returned = await self.answer(story)
        page = await self.browser.get(returned)
        if _SIGNED_IN not in page.words:
            raise Unavailable("Tax online", f"it does not know who signed in (status {page.status})")
        return returned

    async def look_at_over_asking(self, story: Story) -> Page:
        """The verifier asks for a portrait, which it has not registered; returns the page on which the wallet warns."""
        began = time.perf_counter()
        begun = await asyncio.to_thread(_operate, self.config.verifier, "/requests", {"dcql_query": _OVER_ASKING})
        page = await self.browser.get(f"{self.config.wallet.origin}/present?{begun['link'].partition('?')[2]}")
        page = await self.browser.submit(page, "/present")
        ms = round((time.perf_counter() - began) * 1000)
        story.add("over-asking flagged", ok=_WARNED in page.words, ms=ms, check=Check.OVER_ASKING.id)
        return page

    async def look_at_request(self) -> Page:
        """Follow the verifier's link in the wallet; returns the page that says who asks, or that nobody does."""
        begun = await asyncio.to_thread(_operate, self.config.verifier, "/requests", {"dcql_query": _LICENCE})
        page = await self.browser.get(f"{self.config.wallet.origin}/present?{begun['link'].partition('?')[2]}")
        return await self.browser.submit(page, "/present")

    async def show_licence(self) -> str:
        """The same, and say yes; returns where the wallet sends the browser."""
        page = await self.look_at_request()
        if f"{self.config.verifier.name} asks" not in page.words:
            raise Unavailable("wallet", f"it does not say who asks (status {page.status})")
        page = await self.browser.submit(page, "/present/", decision="accept")
        return page.onward or page.url

    async def answer(self, story: Story | None = None) -> str:
        """Begin a sign-in and say yes in the wallet; returns where the wallet sends the browser."""
        began = time.perf_counter()
        page = await self.browser.get(self.config.service.origin + "/sign-in")
        page = await self.browser.get(page.link("Open my wallet"))
        page = await self.browser.submit(page, "/present")
        if _SERVICE not in page.words:  # whom the provider asks for, and not the provider itself (RPI_07)
            raise Unavailable("wallet", f"it does not say who asks (status {page.status})")
        if story is not None:
            ms = round((time.perf_counter() - began) * 1000)
            story.add("registration certificate", ok=_REGISTERED in page.words, ms=ms)
        page = await self.browser.submit(page, "/present/", decision="accept")
        return page.onward or page.url


def _launch_code(roles: Sequence[OpenRole]) -> str:
    launch = next(role.launch for role in roles if role.name == "wallet")
    assert launch is not None
    return launch()


async def _revoke_lost_wallet(config: Config, browser: Browser, *, code: str) -> Page:
    """End the wallet from another device, as whoever lost it does."""
    page = await browser.get(config.wallet_provider.origin + "/revoke")
    return await browser.submit(page, "/revoke", press="Revoke this wallet for good", code=code)


def _revoke(config: Config) -> None:
    """Revoke all that she has, and have the lists signed now rather than at the end of their period."""
    _operate(config.issuer, "/revocations", {"person": PERSON})
    _operate(config.issuer, "/status/publish", {})


def _decide(config: Config, decision: str, **more: str) -> None:
    """An officer decides on the bee keepers."""
    body = {"decision": decision, "identifier": _BEES_IDENTIFIER, "by": "officer", "reason": "the walk asks for it"}
    _operate(config.registrar, "/decisions", body | more)


def _registration_certificate(config: Config) -> str:
    """What the registrar issued to the bee keepers when it approved them."""
    registrar = config.registrar
    told = call_operator(
        registrar,
        method="GET",
        path=f"/registrations/{_BEES_IDENTIFIER}",
    )
    return str(told["certificates"][0]["certificate"])


def _operate(role: IssuerConfig | VerifierConfig | RegistrarConfig, path: str, body: object) -> Any:
    return call_operator(role, method="POST", path=path, body=body)
