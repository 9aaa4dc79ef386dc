"""What wallets, persons and operators do at an issuer, and wallets at their provider."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from zegel_testing.authorities import fixed_key
from zegel_testing.browser import Browser, link_of
from zegel_testing.business_rules import rules_for_whatever
from zegel_testing.hand_wallet import Copy, HandWallet
from zegel_testing.health import Health
from zegel_testing.issuing_world import IssuingWorld, TestWallet, hidden_fields, issuing_world
from zegel_testing.relying_party import form_to
from zegel_testing.sandboxes import sandbox_at

from zegel.adapters.entropy import system_random
from zegel.adapters.keyfiles import load_private_key
from zegel.config.health import HealthConfig
from zegel.config.roles import SourceConfig
from zegel.config.setting import Database, Origin, Port
from zegel.formats.credential import Format, StatusReference
from zegel.primitives.encoding import base64url
from zegel.primitives.http import HttpRequest, media_type
from zegel.primitives.json import encode_json
from zegel.primitives.jwe import Encryption, open_jwe, parse_jwe, seal_jwe
from zegel.profiles import Proof
from zegel.protocols.openid4vci.encryption import JWT
from zegel.protocols.openid4vci.states import Event
from zegel.protocols.openid4vci.wallet.issuance import poll
from zegel.protocols.openid4vci.wallet.notification import notification_step
from zegel.services.wallet_requests import sign_revocation_request
from zegel.trust.attestation import parse_wallet_attestation
from zegel.web.app.keys import RoleKeys
from zegel_fuzz.ground import Ground, Play, Trap, fetched, listeners_of, operated, posted, unhurried
from zegel_fuzz.message import Good

_TOWN: Final = "http://residence.localhost:7199"


@asynccontextmanager
async def issuing_ground(folder: Path) -> AsyncIterator[Ground]:
    """The issuer with its register, and the wallet provider."""
    async with issuing_world(unhurried(sandbox_at(folder)), delayed_types=("diploma",), delay=60) as world:
        trap = Trap(world.handlers)
        yield Ground(listeners=listeners_of(*world.roles), plays=_issuing_plays(world, trap), clock=world.clock)


@asynccontextmanager
async def plain_issuing_ground(folder: Path) -> AsyncIterator[Ground]:
    """An issuer that also takes wallets nobody vouches for, and pre-authorised codes."""
    async with issuing_world(unhurried(sandbox_at(folder, profile="plain"))) as world:
        trap = Trap(world.handlers)
        acts = _Issuance(world, trap)
        plays: dict[str, tuple[Play, ...]] = {
            # the first of each is sent without a nonce, which its answer brings
            "issuer/par": (trap.play("/par", acts.push, after=1),),
            "issuer/token": (
                trap.play("/token", acts.redeem_pre_authorized, after=1),
                trap.play("/token", acts.redeem),
            ),
            "issuer/credential": (acts.credential(Proof.JWT),),
        }
        yield Ground(listeners=listeners_of(*world.roles), plays=plays, clock=world.clock)


def _issuing_plays(world: IssuingWorld, trap: Trap) -> Mapping[str, tuple[Play, ...]]:
    config, acts = world.config.issuer, _Issuance(world, trap)
    key = fixed_key("foreign wallet").public_key.jwk()
    offers = ({"type": "pid"}, {"type": "residence", "formats": ["mso_mdoc"], "person": "erika", "tx_code": False})
    return {
        "issuer/par": (trap.play("/par", acts.push),),
        "issuer/token": (trap.play("/token", acts.redeem), trap.play("/token", acts.refresh)),
        "issuer/challenge": (posted(world.issuer + "/challenge"),),
        "issuer/nonce": (posted(world.issuer + "/nonce"),),
        "issuer/credential": (acts.credential(Proof.JWT_WITH_KEY_ATTESTATION), acts.credential(Proof.ATTESTATION)),
        "issuer/deferred-credential": (acts.deferred,),
        "issuer/notification": (trap.play("/notification", acts.notify),),
        "issuer/log-in": (trap.play("/log-in", acts.log_in),),
        "issuer/log-in/leave": (trap.play("/log-in/leave", acts.leave),),
        "issuer/consent": (trap.play("/consent", acts.consent),),
        "issuer/authorize?": (trap.play("/authorize", acts.follow, method="GET"),),
        "issuer/offer": (trap.play("/offer", acts.choose),),
        "issuer-operator/offers": tuple(operated(config, "/offers", offer) for offer in offers),
        "issuer-operator/revocations": (operated(config, "/revocations", {"person": "max", "type": "pid"}),),
        "issuer-operator/status/publish": (operated(config, "/status/publish", {}),),
        "issuer-operator/wallets/check": (operated(config, "/wallets/check", {}),),
        "wallet-provider/instances": (trap.play("/instances", lambda: world.wallet().proof([])),),
        "wallet-provider/revocations": (acts.revoke_wallet, acts.have_a_wallet_revoked),
        "wallet-provider/revoke": (acts.revoke_at_the_page,),
        "wallet-provider/wallet-attestations": (trap.play("/wallet-attestations", lambda: world.wallet().client()),),
        "wallet-provider/key-attestations": (
            trap.play("/key-attestations", lambda: world.wallet().attest([fixed_key("a"), fixed_key("b")], "n")),
        ),
        "wallet-provider-operator/attest": (
            operated(world.config.wallet_provider, "/attest", {"jwks": [key | {"kid": "1"}], "nonce": "n"}),
        ),
        "wallet-provider-operator/revocations": (
            acts.revoke_by_operator,  # the key storage of all stays: with it, no wallet would be attested any more
        ),
        "wallet-provider-operator/status/publish": (operated(world.config.wallet_provider, "/status/publish", {}),),
    }


class _Issuance:
    """What wallets and persons do at an issuer."""

    def __init__(self, world: IssuingWorld, trap: Trap) -> None:
        self._world = world
        self._trap = trap
        config = world.config.issuer
        self._key = load_private_key(config.encryption_key)
        self._kid = base64url(self._key.public_key.thumbprint())

    async def push(self) -> None:
        wallet = self._wallet()
        await wallet.push(await self._world.offer("pid"))

    async def redeem(self) -> None:
        await self._come_back(self._wallet())

    async def refresh(self) -> None:
        wallet, offer = self._wallet(), await self._world.offer("residence", formats=["dc+sd-jwt"])
        await wallet.renew(await wallet.receive(offer), offer)

    async def redeem_pre_authorized(self) -> None:
        offer = await self._world.offer("pid", grant="pre-authorized", person="erika", tx_code=True)
        await self._wallet().redeem(offer, tx_code=offer["tx_code"])

    def credential(self, proof: Proof) -> Play:
        async def play() -> Good:
            wallet = self._wallet()
            pause = await self._come_back(wallet)
            return self._opened(await self._trap.catch("/credential", lambda: wallet.prove(pause, proof)))

        return play

    async def deferred(self) -> Good:
        wallet = self._wallet()
        waiting = await wallet.finish(await self._come_back(wallet, "diploma"))
        self._world.clock.advance(61)
        step = poll(waiting.session, waiting.pending[0], now=self._world.clock.now(), random=system_random)
        return self._opened(await self._trap.catch("/deferred-credential", lambda: wallet.drive(step)))

    async def notify(self) -> None:
        wallet = self._wallet()
        done = await wallet.finish(await self._come_back(wallet, "residence"))
        now = self._world.clock.now()
        await wallet.drive(
            notification_step(done.session, done.received[0], Event.ACCEPTED, now=now, random=system_random)
        )

    async def follow(self) -> None:
        wallet = self._wallet()
        await wallet.browser.open((await wallet.push(await self._world.offer("pid"))).url)

    async def log_in(self) -> None:
        wallet = self._wallet()
        pause = await wallet.push(await self._world.offer("pid"))
        await wallet.browser.open(pause.url)
        await wallet.enter()

    async def leave(self) -> None:
        wallet = self._wallet()
        page = await wallet.browser.open((await wallet.push(await self._world.offer("pid"))).url)
        await wallet.browser.post("/log-in/leave", hidden_fields(page))

    async def consent(self) -> None:
        wallet = self._wallet()
        pause = await wallet.push(await self._world.offer("pid"))
        await wallet.browser.open(pause.url)
        await wallet.decide(await wallet.enter())

    async def choose(self) -> None:
        browser = self._world.browser()
        page = await browser.open(self._world.issuer + "/")
        await browser.post("/offer", hidden_fields(page) | {"type": "pid"})

    async def revoke_wallet(self) -> Good:
        wallet = await self._activated()
        return await posted(self._revocations, encode_json({"code": wallet.code}))()

    async def revoke_by_operator(self) -> Good:
        wallet = await self._activated()
        return await operated(self._world.config.wallet_provider, "/revocations", {"instance": wallet.id})()

    async def have_a_wallet_revoked(self) -> Good:
        client = await self._wallet().client()
        assert client.attestation is not None
        status = parse_wallet_attestation(client.attestation.compact).unverified_status
        assert status is not None
        request = sign_revocation_request(
            RoleKeys("issuer", self._world.world).signer("key"),
            status=StatusReference(uri=status.uri, index=status.index),
            audience=self._world.config.wallet_provider.origin,
            now=self._world.clock.now(),
        )
        return await posted(self._revocations, encode_json({"request": request}))()

    async def revoke_at_the_page(self) -> Good:
        wallet = await self._activated()
        origin = self._world.config.wallet_provider.origin
        good = form_to(f"{origin}/revoke", {"code": wallet.code, "decision": "revoke"})
        return Good(replace(good, headers=(*good.headers, ("origin", origin))))

    @property
    def _revocations(self) -> str:
        return self._world.config.wallet_provider.origin + "/revocations"

    async def _activated(self) -> TestWallet:
        wallet = self._wallet()
        await wallet.proof([])
        return wallet

    def _wallet(self) -> TestWallet:
        wallet = self._world.wallet()
        wallet.copies = 1
        self._world.seen.clear()
        return wallet

    async def _come_back(self, wallet: TestWallet, type_: str = "pid") -> Any:
        """Up to the pause for proofs."""
        pause = await wallet.push(await self._world.offer(type_, formats=["dc+sd-jwt"]))
        return await wallet.come_back(pause, await wallet.log_in(pause.url))

    def _opened(self, request: HttpRequest) -> Good:
        """A request to the issuer; what is inside, where it is encrypted."""
        if media_type(request.header("content-type")) != JWT:
            return Good(request)
        inside = open_jwe(parse_jwe(request.body, what="request", max_bytes=1 << 20), key=self._key, kid=self._kid)

        def seal(plaintext: bytes) -> HttpRequest:
            recipient = self._key.public_key
            return replace(
                request,
                body=seal_jwe(plaintext, recipient=recipient, kid=self._kid, enc=Encryption.A128GCM).encode(),
            )

        return Good(request=request, inside=inside, seal=seal)


# --- an issuer that asks wallets --------------------------------------------------------------------------------------


@asynccontextmanager
async def town_ground(folder: Path) -> AsyncIterator[Ground]:
    """An issuer of residences to whom people present a PID, or bring a health certificate."""
    authority = Health()
    (folder / "health.der").write_bytes(authority.der)
    health = HealthConfig(trust=(folder / "health.der",), rules=rules_for_whatever(folder / "whatever"))
    async with AsyncExitStack() as stack:
        office = await stack.enter_async_context(issuing_world(unhurried(sandbox_at(folder))))
        town = await stack.enter_async_context(
            issuing_world(
                replace(unhurried(sandbox_at(folder)), health=health),
                origin=Origin(_TOWN),
                operator_port=Port(7299),
                database=Database(f"sqlite:///{folder}/data/town.db"),
                source=SourceConfig(kind="presentation"),
                types=("residence", "vaccination_valid"),
            )
        )
        office.handlers.update({origin: handler for origin, handler in town.handlers.items() if "residence" in origin})
        town.handlers.update({origin: handler for origin, handler in office.handlers.items() if "issuer" in origin})
        hand = await _hand(office, town)
        trap = Trap(town.handlers)

        async def begun() -> tuple[Browser, str]:
            wallet = town.wallet()
            pause = await wallet.push(await town.offer("residence"))
            return wallet.browser, link_of(await wallet.browser.open(pause.url), "Open another wallet")

        async def link() -> str:
            return (await begun())[1]

        async def answer() -> None:
            await hand.present(await link())

        async def come_back() -> None:
            browser, asked = await begun()
            await browser.open(await hand.present(asked) or "")

        async def bring() -> None:
            wallet = town.wallet()
            page = await wallet.browser.open((await wallet.push(await town.offer("vaccination_valid"))).url)
            fields = hidden_fields(page) | {"code": authority.code().decode()}
            await wallet.browser.post("/log-in/certificate", fields)

        plays: dict[str, tuple[Play, ...]] = {
            "issuer/log-in/certificate": (trap.play("/log-in/certificate", bring),),
            "issuer/request/{session}": (lambda: fetched(link),),
            "issuer/response/{session}": (trap.play("/response/", answer),),
            "issuer/log-in/return?": (trap.play("/log-in/return", come_back, method="GET"),),
        }
        yield Ground(listeners=listeners_of(*town.roles), plays=plays, clock=town.clock)


async def _hand(office: IssuingWorld, town: IssuingWorld) -> HandWallet:
    """A wallet with Erika's PID."""
    wallet = office.wallet()
    wallet.copies = 1
    done = await wallet.receive(await office.offer("pid", formats=["dc+sd-jwt"]))
    (data,) = done.received[0].credentials
    copy = Copy(format=Format.SD_JWT_VC, data=data, key=wallet.keys[-1])
    world = town.world
    return HandWallet(copy, outbound=world.outbound, trust=world.trust, clock=town.clock, origin=town.issuer)
