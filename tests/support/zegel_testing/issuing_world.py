"""An issuer and a wallet provider as a sandbox configures them, a database on disk, and no socket.

The wallet is the protocol engine in the hand of a test: it agrees to everything, so that what is stopped is stopped by
the other side.
"""

import json
import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from zegel.adapters.entropy import system_random
from zegel.adapters.keyfiles import load_secret
from zegel.adapters.memory import Loopback, ManualClock
from zegel.adapters.qualified_files import qualified_anchors
from zegel.adapters.trust_files import QUALIFIED_FOLDER
from zegel.config.roles import Config
from zegel.formats.credential import VerifiedCredential
from zegel.formats.presentation import parse_credential, verify_credential
from zegel.primitives.encoding import base64url
from zegel.primitives.http import HttpRequest, HttpResponse
from zegel.primitives.keys import PrivateKey, random_private_key
from zegel.profiles import HAIP, PROFILES, Profile, Proof
from zegel.protocols.openid4vci.offer import CredentialOffer, parse_offer, parse_offer_link
from zegel.protocols.openid4vci.wallet.authorization import (
    BrowserPause,
    begin_authorization,
    begin_pre_authorized,
    renew,
    return_from_browser,
)
from zegel.protocols.openid4vci.wallet.issuance import Done, ProofPause, prove
from zegel.protocols.openid4vci.wallet.session import Received, WalletAttestation, WalletClient
from zegel.protocols.openid4vci.wallet.start import Ready, fetch_step, start
from zegel.services.ports import Handler
from zegel.services.trust import Trust
from zegel.services.wallet_instances import code_digest, new_code
from zegel.services.wallet_requests import sign_instance_proof, sign_possession
from zegel.web.app.issuer import open_issuer
from zegel.web.app.roles import OpenRole, World
from zegel.web.app.wallet_provider import open_wallet_provider
from zegel.web.app.world import ConfiguredList
from zegel.web.issuer_site import IssuerSite
from zegel_testing.authorities import NOW
from zegel_testing.browser import Browser
from zegel_testing.fresh_lists import keep_lists_fresh
from zegel_testing.revocations import revocations_of

PASSWORDS = {
    "erika": "erika keeps bees",
    "max": "max sails on lakes",
    "claire": "claire reads at night",
    "janos": "janos draws maps",
    "giulia": "giulia bakes bread",
}
REDIRECT = "https://wallet.utopia.example/callback"
BATCH = 10


@dataclass
class IssuingWorld:
    """The roles, opened, and everything to play with.

    ``seen`` is what went over the wire to the issuer, ``provider_seen`` what wallets sent to their provider.
    """

    world: World
    clock: ManualClock
    handlers: dict[str, Handler]
    roles: tuple[OpenRole, ...]
    seen: list[tuple[HttpRequest, HttpResponse]] = field(default_factory=list)
    provider_seen: list[tuple[HttpRequest, HttpResponse]] = field(default_factory=list)

    @property
    def config(self) -> Config:
        return self.world.config

    @property
    def site(self) -> IssuerSite:
        """The issuer behind its pages: its services."""
        site: IssuerSite = self.roles[0].listeners[0].handle.__self__._role
        return site

    @property
    def issuer(self) -> str:
        """The issuer's origin."""
        return self.config.issuer.origin

    @property
    def profile(self) -> Profile:
        return PROFILES[self.config.issuer.profile]

    def browser(self) -> Browser:
        """A browser without a past."""
        return Browser(self.handlers)

    async def get(self, path: str, *headers: tuple[str, str]) -> HttpResponse:
        """Fetch from the issuer."""
        return await self.send(HttpRequest(method="GET", url=self.issuer + path, headers=headers))

    async def send(self, request: HttpRequest) -> HttpResponse:
        """Send, and note what came back."""
        response = await self.world.outbound.fetch(request, max_bytes=1 << 21)
        self.seen.append((request, response))
        return response

    def answers(self, path: str) -> list[HttpResponse]:
        """What the issuer answered at a path so far."""
        return [response for request, response in self.seen if request.url.partition("?")[0].endswith(path)]

    async def operate(self, path: str, body: Any = None, *, token: str | None = None, method: str = "POST") -> Any:
        """Call the issuer's operator API; the JSON that it answers."""
        response = await self.call_operator(path, body, token=token, method=method)
        assert response.status < 400, response.body
        return json.loads(response.body)

    async def call_operator(
        self, path: str, body: Any = None, *, token: str | None = None, method: str = "POST"
    ) -> HttpResponse:
        """Call the issuer's operator API."""
        config = self.config.issuer
        secret = base64url(load_secret(config.operator_token)) if token is None else token
        url = f"http://{config.operator_address}:{config.operator_port}{path}"
        headers = (("authorization", f"Bearer {secret}"), ("content-type", "application/json"))
        data = b"" if method == "GET" else json.dumps({} if body is None else body).encode()
        return await self.handlers[url.removesuffix(path)](
            HttpRequest(method=method, url=url, headers=headers, body=data)
        )

    async def offer(self, type_: str = "pid", **members: Any) -> dict[str, Any]:
        """An offer by the operator."""
        made: dict[str, Any] = await self.operate("/offers", {"type": type_, **members})
        return made

    def wallet(self, profile: Profile | None = None) -> "TestWallet":
        """A wallet without a past."""
        return TestWallet(self, profile or self.profile)


class TestWallet:
    """A wallet that talks to one issuer. Its keys stay in ``keys``."""

    __test__ = False

    def __init__(self, world: IssuingWorld, profile: Profile) -> None:
        self.world = world
        self.profile = profile
        self.own = random_private_key(system_random)
        self.code = new_code(system_random)
        self.id: str | None = None
        self.instance = random_private_key(system_random)
        self.dpop = random_private_key(system_random)
        self.keys: list[PrivateKey] = []
        self.copies = BATCH
        self.edit: Callable[[HttpRequest], HttpRequest] = lambda request: request
        self.browser = world.browser()

    async def drive(self, step: Any) -> Any:
        """Send, receive, until there is nothing to send."""
        while hasattr(step, "request"):
            response = await self.world.send(self.edit(step.request))
            step = step.receive(response, now=self.world.clock.now(), random=system_random)
        return step

    async def client(self) -> WalletClient:
        """Who this wallet is to the issuer: attested where the profile wants it."""
        attestation, client_id = None, "plain-wallet"
        if self.profile is HAIP:
            shown = self._possession(self.instance)
            proof = await self.proof([shown])
            answer = await self._provider("/wallet-attestations", {"instance": proof, "possession": shown})
            attestation = WalletAttestation(compact=answer["wallet_attestation"], signer=self.instance)
            client_id = answer["client_id"]
        return WalletClient(
            client_id=client_id, redirect_uri=REDIRECT, profile=self.profile, dpop=self.dpop, attestation=attestation
        )

    async def ready(self, offer: Mapping[str, Any]) -> Ready:
        """Everything public about an offer, by its link."""
        taken = parse_offer_link(offer["link"])
        if not isinstance(taken, CredentialOffer):
            taken = await self.drive(fetch_step(taken))
        assert taken == parse_offer(json.dumps(offer["credential_offer"]))
        anchors = self.world.world.trust.anchors if self.profile is HAIP else None
        ready = await self.drive(start(taken, grants=self.profile.grants, anchors=anchors, timestamps_required=True))
        assert isinstance(ready, Ready)
        return ready

    async def push(self, offer: Mapping[str, Any]) -> BrowserPause:
        """Up to the pause for the browser."""
        now = self.world.clock.now()
        step = begin_authorization(await self.ready(offer), client=await self.client(), now=now, random=system_random)
        pause = await self.drive(step)
        assert isinstance(pause, BrowserPause)
        return pause

    async def log_in(self, url: str, person: str = "erika") -> str:
        """Be the person in the browser: log in, approve; the address that the browser ends at."""
        page = await self.browser.open(url)
        assert page.status == 200, page.body
        decided = await self.decide(await self.enter(person))
        return location_of(decided)

    async def enter(self, person: str = "erika", password: str | None = None) -> HttpResponse:
        """Send the log-in form of the page that is shown; the page that comes of it."""
        page = await self.browser.get("/log-in")
        fields = hidden_fields(page) | {"login": person, "password": password or PASSWORDS[person]}
        return await self.browser.follow(await self.browser.post("/log-in", fields))

    async def decide(self, page: HttpResponse, decision: str = "approve") -> HttpResponse:
        """Send the consent form."""
        assert page.status == 200, page.body
        return await self.browser.post("/consent", hidden_fields(page) | {"decision": decision})

    async def come_back(self, pause: BrowserPause, url: str) -> Any:
        """Redeem what the browser brought; the first pause for proofs, or the end."""
        step = return_from_browser(pause, url, now=self.world.clock.now(), random=system_random)
        return await self.drive(step)

    async def redeem(self, offer: Mapping[str, Any], *, tx_code: str | None = None) -> Any:
        """The pre-authorised flow up to the first pause."""
        step = begin_pre_authorized(
            await self.ready(offer),
            client=await self.client(),
            tx_code=tx_code,
            now=self.world.clock.now(),
            random=system_random,
        )
        return await self.drive(step)

    async def prove(self, pause: ProofPause, choice: Proof | None = None) -> Any:
        """Prove new keys at a pause; the next pause, or the end."""
        choice = choice or pause.choices[0]
        keys = [random_private_key(system_random) for _ in range(min(self.copies, pause.batch_size))]
        self.keys += keys
        attestation = None if choice is Proof.JWT else await self.attest(keys, pause.attested_nonce(choice))
        now = self.world.clock.now()
        step = prove(pause, choice, keys=keys, attestation=attestation, now=now, random=system_random)
        return await self.drive(step)

    async def finish(self, pause: Any, choice: Proof | None = None) -> Done:
        """Prove at each pause until all came."""
        while isinstance(pause, ProofPause):
            pause = await self.prove(pause, choice)
        assert isinstance(pause, Done)
        return pause

    async def receive(self, offer: Mapping[str, Any], *, person: str = "erika", choice: Proof | None = None) -> Done:
        """The whole authorization code flow."""
        pause = await self.push(offer)
        return await self.finish(await self.come_back(pause, await self.log_in(pause.url, person)), choice)

    async def renew(self, done: Done, offer: Mapping[str, Any]) -> Done:
        """Have what is offered issued again, by the refresh token that is left of an issuance."""
        assert done.session.tokens is not None
        token = done.session.tokens.refresh_token
        assert token is not None
        ready, client, now = await self.ready(offer), await self.client(), self.world.clock.now()
        server = done.session.server.issuer
        step = renew(ready, client=client, server=server, refresh_token=token, now=now, random=system_random)
        return await self.finish(await self.drive(step))

    async def attest(self, keys: Sequence[PrivateKey], nonce: str | None) -> str:
        """What the wallet provider says of the keys."""
        shown = [self._possession(key) for key in keys]
        body = {"instance": await self.proof(shown), "possessions": shown, "nonce": nonce}
        attestation: str = (await self._provider("/key-attestations", body))["key_attestation"]
        return attestation

    def verify(self, received: Received, done: Done) -> list[VerifiedCredential]:
        """The copies, verified as a wallet would."""
        format_ = done.session.issuer.configurations[received.configuration].format
        now, anchors = self.world.clock.now(), self.world.world.trust.anchors
        return [
            verify_credential(parse_credential(format_, credential), anchors=anchors, now=now)
            for credential in received.credentials
        ]

    async def proof(self, possessions: Sequence[str]) -> str:
        """Show the wallet provider which wallet asks; the first time, have it activated."""
        origin, now = self.world.config.wallet_provider.origin, self.world.clock.now()
        if self.id is None:
            shown = sign_possession(self.own, audience=origin, now=now, code=code_digest(self.code))
            self.id = str((await self._provider("/instances", {"possession": shown}, status=201))["instance"])
        return sign_instance_proof(self.own, instance=self.id, possessions=possessions, audience=origin, now=now)

    async def _provider(self, path: str, body: Mapping[str, Any], *, status: int = 200) -> dict[str, Any]:
        url = self.world.config.wallet_provider.origin + path
        request = HttpRequest(method="POST", url=url, body=json.dumps(body).encode())
        response = await self.world.world.outbound.fetch(request)
        self.world.provider_seen.append((request, response))
        assert response.status == status, response.body
        members: dict[str, Any] = json.loads(response.body)
        return members

    def _possession(self, key: PrivateKey) -> str:
        return sign_possession(key, audience=self.world.config.wallet_provider.origin, now=self.world.clock.now())


def hidden_fields(page: HttpResponse) -> dict[str, str]:
    """The CSRF token of the page's form."""
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page.body.decode())
    assert found, page.body
    return dict(found)


def location_of(response: HttpResponse) -> str:
    """Where a redirect leads."""
    assert response.status == 303, response.body
    location = response.header("location")
    assert location is not None
    return location


@asynccontextmanager
async def issuing_world(config: Config, **issuer: Any) -> AsyncIterator[IssuingWorld]:
    """Open the roles of a sandbox; ``issuer`` changes settings of the issuer."""
    settings = {"status_list_size": 1 << 12, **issuer}
    config = replace(config, issuer=replace(config.issuer, **settings))
    clock, handlers = ManualClock(NOW), {}
    outbound = Loopback(handlers)
    lists = [ConfiguredList(listed, outbound=outbound) for listed in config.trusted_lists]
    fixed = tuple(qualified_anchors(config.trust.folder / QUALIFIED_FOLDER, now=NOW))
    trust = Trust(lists, fixed=fixed, clock=clock, revocations=revocations_of(config))
    assert all(health.error is None for health in await trust.refresh())
    keep_lists_fresh(trust, clock)
    world = World(config=config, clock=clock, random=system_random, outbound=outbound, trust=trust)
    roles = (await open_issuer(world), await open_wallet_provider(world))
    handlers |= {listener.origin: listener.handle for role in roles for listener in role.listeners}
    opened = IssuingWorld(world=world, clock=clock, handlers=handlers, roles=roles)
    try:
        yield opened
    finally:
        for role in opened.roles:  # some of which may have been started again
            role.close()
