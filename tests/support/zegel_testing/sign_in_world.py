"""A provider and Tax online as a sandbox configures them, an issuer beside them, and no socket: all of it in memory."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from zegel.adapters.catalogue import load_catalogue
from zegel.adapters.keyfiles import load_certificates, load_private_key, load_signer
from zegel.adapters.memory import Loopback, ManualClock
from zegel.adapters.sandbox.access_root import BELOW_ROOT
from zegel.adapters.sandbox.authorities import write_identity
from zegel.adapters.sql.store import SqlStore, open_memory_store
from zegel.config.roles import ClaimSourceConfig, Config, ProviderClientConfig
from zegel.formats.claims import Claim
from zegel.formats.credential import Format
from zegel.formats.status.token import StatusListFormat
from zegel.primitives.http import HttpRequest, HttpResponse
from zegel.services.issuing import STATUS_PATH, CredentialPress, Order
from zegel.services.ports import Clock, Handler, IssuerStore
from zegel.services.status_publisher import StatusPublisher
from zegel.services.trust import Trust
from zegel.trust.anchors import Purpose, TrustAnchor
from zegel.trust.authority import Authority, SubjectName, draft_certificate
from zegel.trust.signing import CertifiedSigner
from zegel.trust.transparency.issuance import issue_stamped
from zegel.web.app.provider import open_provider
from zegel.web.app.roles import OpenRole, World
from zegel.web.app.service import open_service
from zegel.web.app.world import ConfiguredList
from zegel_testing.authorities import NOW, authority, fixed_key, fixed_random, signer
from zegel_testing.browser import Browser
from zegel_testing.fresh_lists import keep_lists_fresh
from zegel_testing.hand_wallet import Copy, HandWallet
from zegel_testing.persons import ADA
from zegel_testing.revocations import revocations_of
from zegel_testing.transparency import log_of

LAPUTA = authority("Laputa")


def with_renewed_access(config: Config, folder: Path) -> Config:
    """The provider's access certificate has come to its end: another, for another key, under the same authority."""
    keys = config.provider.access_key.parent
    roots = keys.with_name("authorities")
    authority_key = load_private_key(roots / f"{BELOW_ROOT}.key.pem")
    (below,) = load_certificates(roots / f"{BELOW_ROOT}.pem")
    key = fixed_key("renewed access")
    draft = draft_certificate(
        Authority(key=authority_key, certificate=below),
        SubjectName(
            country="UT",
            organization="Utopia sign-in",
            common_name="Sign-in 2",
            identifier="GOVUT-0003",
            unit="sign-in",
        ),
        key=key.public_key,
        purpose=Purpose.ACCESS,
        now=NOW,
        days=90,
        random=fixed_random("renewed access"),
        dns_names=("login.localhost",),
        uris=(config.provider.origin,),
    )
    write_identity(folder / "renewed", key, issue_stamped(draft, log=log_of(config), now=NOW), below)
    renewed = replace(config.provider, access_key=folder / "renewed.key.pem", access_chain=folder / "renewed.pem")
    return replace(config, provider=renewed)


def another_client(**changes: object) -> ProviderClientConfig:
    """A public client beside Tax online, which draws on the same attestation."""
    client = ProviderClientConfig(
        id="library",
        name="Town library",
        redirect_uris=("https://library.utopia.example/back",),
        claims={"given_name": ClaimSourceConfig(attestation="pid", claims=("given_name",))},
        stable_from=ClaimSourceConfig(attestation="pid", claims=("personal_administrative_number",)),
    )
    return replace(client, **changes)


class Office:
    """An issuer without its protocol: it makes copies for whoever asks, and serves their status."""

    def __init__(
        self, origin: str, *, certified: CertifiedSigner, status: CertifiedSigner, store: IssuerStore, clock: Clock
    ) -> None:
        self.type = load_catalogue().types["pid"]
        self.store, self.clock = store, clock
        self.publisher = StatusPublisher(store=store, signer=status, origin=origin, period=1, ttl=60, clock=clock)
        self._issued = 0
        self._press = CredentialPress(
            [self.type], signer=certified, origin=origin, random=fixed_random(f"press {origin}")
        )

    async def issue(
        self, format_: Format = Format.SD_JWT_VC, *, count: int = 1, person: str = "ada", **changes: Claim
    ) -> tuple[Copy, ...]:
        """A batch for Ada, with changes to her record."""
        keys = [fixed_key(f"copy {self._issued + at} of {person}") for at in range(count)]
        self._issued += count
        order = Order(
            person=person,
            type=self.type,
            format=format_,
            record=ADA | changes,
            keys=tuple(key.public_key for key in keys),
        )
        async with self.store.transaction() as transaction:
            issued = await self._press.issue(order, now=self.clock.now(), transaction=transaction)
        return tuple(Copy(format=format_, data=data, key=key) for data, key in zip(issued, keys, strict=True))

    async def revoke(self, person: str = "ada") -> None:
        """Revoke everything of a person."""
        async with self.store.transaction() as transaction:
            for issuance in await transaction.issuances.of_person(person):
                await transaction.statuses.mark(issuance.entries, 1)

    async def handle(self, request: HttpRequest) -> HttpResponse:
        """Serve a status list."""
        published = await self.publisher.look_up(request.path.removeprefix(STATUS_PATH))
        assert published is not None
        headers = (("content-type", StatusListFormat.JWT.value),)
        return HttpResponse(status=200, headers=headers, body=published.body(StatusListFormat.JWT))


@dataclass(frozen=True)
class SignInWorld:
    """The roles, opened, and everything to play with."""

    world: World
    clock: ManualClock
    handlers: dict[str, Handler]
    office: Office
    laputa: Office
    roles: tuple[OpenRole, ...]

    @property
    def provider(self) -> str:
        """The provider's origin."""
        return self.world.config.provider.origin

    @property
    def service(self) -> str:
        """Tax online's origin."""
        return self.world.config.service.origin

    def browser(self) -> Browser:
        """A browser without a past."""
        return Browser(self.handlers)

    def wallet(self, *copies: Copy) -> HandWallet:
        """A wallet that holds copies."""
        world = self.world
        return HandWallet(*copies, outbound=world.outbound, trust=world.trust, clock=world.clock, origin=self.provider)


@asynccontextmanager
async def sign_in_world(config: Config, *, database: Path) -> AsyncIterator[SignInWorld]:
    """Open the roles. The second issuer, Laputa, is trusted for the same type."""
    clock, handlers = ManualClock(NOW), {}
    outbound = Loopback(handlers)
    trust = Trust(
        [ConfiguredList(listed, outbound=outbound) for listed in config.trusted_lists],
        fixed=[_anchor(LAPUTA, purpose) for purpose in (Purpose.ISSUER, Purpose.STATUS)],
        clock=clock,
        revocations=revocations_of(config),
    )
    assert all(health.error is None for health in await trust.refresh())
    keep_lists_fresh(trust, clock)
    provider = replace(config.provider, database=f"sqlite:///{database}")
    config = replace(config, provider=provider)
    world = World(config=config, clock=clock, random=fixed_random("world"), outbound=outbound, trust=trust)
    roles = (await open_provider(world), await open_service(world))
    offices = [await _office(world), await _laputa(world)]
    handlers |= {listener.origin: listener.handle for role in roles for listener in role.listeners}
    handlers |= {config.issuer.origin: offices[0].handle, _LAPUTA_ORIGIN: offices[1].handle}
    try:
        yield SignInWorld(
            world=world, clock=clock, handlers=handlers, office=offices[0], laputa=offices[1], roles=roles
        )
    finally:
        for role in roles:
            role.close()
        for office in offices:
            office.store.close()


_LAPUTA_ORIGIN = "https://issuer.laputa.example"


async def _office(world: World) -> Office:
    config = world.config.issuer
    return Office(
        config.origin,
        certified=load_signer(config.key, config.chain),
        status=load_signer(config.status_key, config.status_chain),
        store=await _store(world),
        clock=world.clock,
    )


async def _laputa(world: World) -> Office:
    certified = signer(LAPUTA, "Laputa signer", Purpose.ISSUER)
    status = signer(LAPUTA, "Laputa status", Purpose.STATUS)
    return Office(
        _LAPUTA_ORIGIN,
        certified=CertifiedSigner(signer=certified.key, certificates=(certified.certificate,)),
        status=CertifiedSigner(signer=status.key, certificates=(status.certificate,)),
        store=await _store(world),
        clock=world.clock,
    )


async def _store(world: World) -> SqlStore:
    return await open_memory_store(clock=world.clock, random=fixed_random("issuer store"), status_list_size=1 << 12)


def _anchor(root: Authority, purpose: Purpose) -> TrustAnchor:
    return TrustAnchor(certificate=root.certificate, purpose=purpose, entity="Laputa")
