"""A sandbox in memory, with a wallet in it: real issuer, verifier and wallet provider, a clock that stands still, no
socket. What passes between the roles is written down, so that a test can say what did not."""

import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from zegel.adapters.catalogue import load_catalogue
from zegel.adapters.keyfiles import load_secret
from zegel.adapters.memory import Loopback, ManualClock
from zegel.adapters.qualified_files import qualified_anchors
from zegel.adapters.register import Register, demo_people, open_register
from zegel.adapters.revocation_files import CRL_FOLDER, CRL_SUFFIX
from zegel.adapters.trust_files import QUALIFIED_FOLDER
from zegel.config.roles import Config
from zegel.errors import Unavailable
from zegel.formats.hcert.keys import DocumentSigners
from zegel.primitives.encoding import base64url
from zegel.primitives.http import JSON, HttpRequest, HttpResponse
from zegel.primitives.json import encode_json, parse_object
from zegel.profiles import PROFILES
from zegel.services.health import HealthDesk
from zegel.services.ports import Handler, Random
from zegel.services.qualified_lists import QualifiedLists, QualifiedSource
from zegel.services.trust import Trust
from zegel.services.wallet.contents import Asked, Brought, Finished, Offered, WalletContents
from zegel.services.wallet.health import HealthBooks
from zegel.services.wallet.issuance import IssuanceHabits
from zegel.services.wallet.safe import Safe, VaultFile
from zegel.services.wallet.wallet import Wallet, WalletHabits
from zegel.web.app.issuer import open_issuer
from zegel.web.app.roles import OpenRole, World
from zegel.web.app.trust import open_trust
from zegel.web.app.verifier import open_verifier
from zegel.web.app.wallet_provider import open_wallet_provider
from zegel.web.app.world import ConfiguredList, trust_timer
from zegel_testing.authorities import DAY, NOW, fixed_random
from zegel_testing.browser import Browser
from zegel_testing.cheap_vault import CheapVaultFile
from zegel_testing.fresh_lists import keep_lists_fresh, keep_time
from zegel_testing.revocations import revocations_of
from zegel_testing.sandboxes import sandbox_at

PASSPHRASE = "a sentence of the owner's"
PID_BOTH = ["dc+sd-jwt", "mso_mdoc"]
NAME_QUERY = {
    "credentials": [
        {
            "id": "pid",
            "format": "dc+sd-jwt",
            "meta": {"vct_values": ["urn:eudi:pid:1"]},
            "claims": [{"path": ["family_name"]}, {"path": ["given_name"]}],
        }
    ]
}
MDOC_QUERY = {
    "credentials": [
        {
            "id": "pid",
            "format": "mso_mdoc",
            "meta": {"doctype_value": "eu.europa.ec.eudi.pid.1"},
            "claims": [{"path": ["eu.europa.ec.eudi.pid.1", "family_name"]}],
        }
    ]
}
PASSWORDS = {person.id: person.password for person in demo_people()}

Edit = Callable[[HttpRequest, HttpResponse], HttpResponse]


@dataclass
class WalletWorld:
    """The roles, opened, and a wallet that is unlocked. ``traffic`` is everything that the wallet has sent."""

    world: World
    clock: ManualClock
    handlers: dict[str, Handler]
    roles: dict[str, OpenRole]
    wallet: Wallet
    file: CheapVaultFile
    traffic: list[HttpRequest]
    outbound: "Noted"

    @property
    def config(self) -> Config:
        return self.world.config

    @property
    def contents(self) -> WalletContents:
        return self.wallet.safe.contents

    def browser(self) -> Browser:
        """A browser without a past."""
        return Browser(self.handlers)

    def paths(self) -> list[str]:
        """Where the wallet has been since it was last asked, as host and path."""
        seen = [request.url.partition("://")[2].partition("?")[0] for request in self.traffic]
        self.traffic.clear()
        return seen

    async def operate(self, role: str, path: str, body: Any = None) -> Any:
        """Call a role's operator API; the JSON of the answer, which must be a good one."""
        config = getattr(self.config, role)
        origin = f"http://{config.operator_address}:{config.operator_port}"
        request = HttpRequest(
            method="GET" if body is None else "POST",
            url=origin + path,
            headers=(
                ("authorization", "Bearer " + base64url(load_secret(config.operator_token))),
                ("content-type", JSON),
            ),
            body=b"" if body is None else encode_json(body),
        )
        response = await self.handlers[origin](request)
        assert response.status in (200, 201), response.body
        return parse_object(response.body, what="operator's answer")

    async def offer(self, type_: str = "pid", **members: Any) -> dict[str, Any]:
        """An offer of the issuer's: ``link`` and the rest, as its operator API says it."""
        return await self.operate("issuer", "/offers", {"type": type_, "formats": PID_BOTH, **members})

    async def request(self, query: Any = None, **members: Any) -> dict[str, Any]:
        """A question of the verifier's."""
        return await self.operate("verifier", "/requests", {"dcql_query": query or NAME_QUERY, **members})

    async def ask_unsigned(self) -> dict[str, Any]:
        """A request that nobody vouches for, and that asks for a PID. A verifier of ours would not ask so."""
        ticket = {"id": "ticket", "format": "dc+sd-jwt", "meta": {"vct_values": ["urn:utopia:ticket:1"]}}
        unsigned = {"client_id_prefix": "redirect_uri", "response_mode": "direct_post"}
        made = await self.request({"credentials": [ticket]}, **unsigned)
        target, _, query = made["link"].partition("?")
        parameters = dict(parse_qsl(query)) | {"dcql_query": json.dumps(NAME_QUERY)}
        return {**made, "link": f"{target}?{urlencode(parameters)}"}

    async def result(self, session: str) -> dict[str, Any]:
        """What the verifier got."""
        return await self.operate("verifier", f"/requests/{session}")

    async def log_in(self, url: str, *, person: str = "erika", decision: str = "approve") -> str:
        """Be the person at the issuer's: log in, decide; where the browser is sent."""
        browser = self.browser()
        page = await browser.open(url)
        fields = {"csrf": csrf_of(page), "login": person, "password": PASSWORDS[person]}
        consent = await browser.follow(await browser.post("/log-in", fields))
        assert consent.status == 200, consent.body
        decided = await browser.post("/consent", {"csrf": csrf_of(consent), "decision": decision})
        assert decided.status == 303, decided.body
        return str(decided.header("location"))

    async def receive(self, person: str = "erika", **members: Any) -> tuple[str, ...]:
        """Receive what is offered, all the way; the ids of what is held then."""
        return await self.wallet.receiving.keep(await self.arrive(person, **members))

    async def arrive(self, person: str = "erika", **members: Any) -> str:
        """Receive what is offered, up to the decision; the id of the flow."""
        if members.get("grant") == "pre-authorized":
            members["person"] = person
        offer = await self.offer(**members)
        receiving = self.wallet.receiving
        flow = await receiving.review(offer["link"], brought=Brought.LINK)
        despite = self.warned(flow)
        if members.get("grant") == "pre-authorized":
            await receiving.redeem(flow, tx_code=offer["tx_code"], despite=despite)
        else:
            url = await receiving.log_in(flow, redirect_uri=self.callback, browser="browser", despite=despite)
            await receiving.come_back(await self.log_in(url, person=person), browsers=["browser"])
        return flow

    async def accept(self, flow: str) -> Finished:
        """Answer, whatever the wallet warns of."""
        return await self.wallet.presenting.accept(flow, None, despite=self.warned(flow))

    def warned(self, flow: str) -> list[str]:
        """The checks that the wallet warns of in a flow that waits."""
        waiting = self.contents.flows.get(flow)
        return [finding.check for finding in waiting.vetting.findings] if isinstance(waiting, Asked | Offered) else []

    async def asked(self, query: Any = None, *, brought: Brought = Brought.LINK, **members: Any) -> tuple[str, str]:
        """A question of the verifier's that the wallet has fetched: the ids of the flow and of the session."""
        request = await self.request(query, **members)
        return await self.wallet.presenting.begin(request["link"], brought=brought), request["session"]

    async def present(self, query: Any = None, **members: Any) -> dict[str, Any]:
        """Present with the least that answers, and go back; what the verifier got."""
        flow, session = await self.asked(query, **members)
        finished = await self.accept(flow)
        if finished.redirect_uri is not None:
            back = await self.browser().open(finished.redirect_uri)
            assert back.status == 200, back.body
        return await self.result(session)

    @property
    def callback(self) -> str:
        return self.config.wallet.origin + "/callback"


def csrf_of(page: HttpResponse) -> str:
    """The CSRF token of a page's form."""
    found = page.body.decode().partition('name="csrf" value="')[2]
    assert found, page.body
    return found.partition('"')[0]


@asynccontextmanager
async def wallet_world(
    folder: Path,
    *,
    profile: str = "haip",
    copies: int = 10,
    with_vault: bool = True,
    registered: bool = True,
    without: str = "",
    provider: Mapping[str, Any] | None = None,
    verifier: Mapping[str, Any] | None = None,
    health_trust: tuple[Path, ...] | None = None,
    qualified: tuple[QualifiedSource, ...] | None = None,
    registrar: str | None = None,
    refresh: int | None = None,
    prepare: Callable[[Path], None] | None = None,
    **issuer: Any,
) -> AsyncIterator[WalletWorld]:
    """Open the roles in a folder; ``issuer`` are settings of the issuer, ``provider`` those of the wallet provider,
    ``verifier`` the verifier's.

    Without a vault the wallet can do nothing. Unless it is ``registered``, the verifier has no registration certificate
    to show. ``without`` takes a source of trust away: the purpose of a list, or the name of what an authority revoked.
    ``qualified`` are where trusted lists in XML begin; they are not fetched again by themselves. Where none are named
    the sandbox's own are read, once, unless ``qualified`` is what is taken away. ``registrar`` is where
    later registration certificates come from. Lists are fetched anew by the product's own timer where ``refresh`` is
    its period in seconds, and otherwise as soon as those of trusted entities are overdue. ``prepare`` may change files
    of the sandbox before anything is fetched.
    """
    config = sandbox_at(folder, profile=profile)
    if prepare is not None:
        prepare(folder)
    config = replace(config, trusted_lists=tuple(each for each in config.trusted_lists if each.purpose != without))
    if without.endswith(CRL_SUFFIX):
        (config.trust.folder / CRL_FOLDER / without).unlink()
    small = {"status_list_size": 1 << 12}
    config = replace(
        config,
        issuer=replace(config.issuer, **(small | issuer)),
        wallet_provider=replace(config.wallet_provider, **(small | dict(provider or {}))),
        verifier=replace(config.verifier, **dict(verifier or {})),
    )
    config = replace(config, registrations=replace(config.registrations, registrar=registrar))
    if health_trust is not None:
        config = replace(config, health=replace(config.health, trust=health_trust))
    if not registered:
        config = replace(config, verifier=replace(config.verifier, registration=None))
    clock, handlers, traffic = ManualClock(NOW), {}, []
    inner = Loopback(handlers)
    lists = [ConfiguredList(listed, outbound=inner) for listed in config.trusted_lists]
    xml_lists = tuple(QualifiedLists(source, clock=clock) for source in qualified or ())
    own = qualified is None and without != QUALIFIED_FOLDER
    fixed = tuple(qualified_anchors(config.trust.folder / QUALIFIED_FOLDER, now=NOW)) if own else ()
    trust = Trust(lists, fixed=fixed, clock=clock, revocations=revocations_of(config), qualified=xml_lists)
    assert all(health.error is None for health in await trust.refresh())
    world = World(config=config, clock=clock, random=fixed_random("world"), outbound=inner, trust=trust)
    if refresh is None:
        keep_lists_fresh(trust, clock)
    else:
        lasting = replace(config, lists=replace(config.lists, refresh=refresh))
        keep_time(trust_timer(replace(world, config=lasting)), clock)
    roles = {
        "wallet-provider": await open_wallet_provider(world),
        "issuer": await open_issuer(world),
        "verifier": await open_verifier(world),
        "trust": await open_trust(world),
    }
    for role in roles.values():
        handlers |= {listener.origin: listener.handle for listener in role.listeners}
    file = CheapVaultFile(folder / "wallet.vault", random=fixed_random("vault"))
    outbound = Noted(inner, traffic)
    wallet = open_test_wallet(world, file, outbound, copies=copies)
    if with_vault:
        await wallet.safe.create(PASSPHRASE)
    try:
        for timer in roles["issuer"].timers:
            await timer.act()
        yield WalletWorld(
            world=world,
            clock=clock,
            handlers=handlers,
            roles=roles,
            wallet=wallet,
            file=file,
            traffic=traffic,
            outbound=outbound,
        )
    finally:
        wallet.safe.close()
        for role in roles.values():
            role.close()


def open_test_wallet(
    world: World,
    file: VaultFile,
    outbound: "Noted",
    *,
    copies: int = 10,
    idle: int | None = None,
    random: Random | None = None,
    desk: HealthDesk | None = None,
) -> Wallet:
    """A wallet of the world over a file. It asks an issuer that cannot show its registration where its word is not
    signed, for then nothing could."""
    return Wallet(
        Safe(file, clock=world.clock, idle=idle),
        WalletHabits(
            issuance=IssuanceHabits(
                profile=PROFILES[world.config.wallet.profile],
                copies=copies,
                refuses_unregistered=world.config.issuer.signed_metadata,
            ),
            provider=world.config.wallet.provider,
            plain_origins=world.config.loopback_origins(),
        ),
        catalogue=load_catalogue(),
        trust=world.trust,
        health=HealthBooks(desk=desk or HealthDesk(DocumentSigners(())), value_sets={}, old=7 * DAY),
        outbound=outbound,
        clock=world.clock,
        random=random or fixed_random("wallet"),
    )


class Noted:
    """An ``Outbound`` that writes down what it sends.

    ``edits`` change the answer at a path that begins so; hosts in ``down`` cannot be reached.
    """

    def __init__(self, inner: Any, traffic: list[HttpRequest]) -> None:
        self._inner = inner
        self._traffic = traffic
        self.edits: dict[str, Edit] = {}
        self.down: set[str] = set()

    async def fetch(self, request: HttpRequest, *, redirects: int = 0, max_bytes: int = 1 << 18) -> HttpResponse:
        self._traffic.append(request)
        host = urlsplit(request.url).hostname
        if host in self.down:
            raise Unavailable(str(host), "it refuses the connection")
        response = await self._inner.fetch(request, redirects=redirects, max_bytes=max_bytes)
        for path, edit in self.edits.items():
            if request.path.startswith(path):
                response = edit(request, response)
        return response


def register_of(world: WalletWorld) -> Register:
    """The issuer's register, opened once more beside it."""
    path = world.config.issuer.source.register
    return open_register(f"sqlite:///{path}", clock=world.clock, random=fixed_random("register"))
