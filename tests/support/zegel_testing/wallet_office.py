"""A wallet provider over a database in memory, and phones with wallets that it activates."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from zegel.adapters.memory import ManualClock
from zegel.adapters.sql.store import SqlStore, open_memory_store
from zegel.formats.status.entries import StatusList
from zegel.primitives.keys import PrivateKey
from zegel.services.ports import IssuerStore
from zegel.services.trust import Trust
from zegel.services.wallet_instances import code_digest, new_code
from zegel.services.wallet_provider import Activated, WalletAttestation, WalletProviderIdentity, WalletProviderService
from zegel.services.wallet_requests import sign_instance_proof, sign_possession
from zegel.services.wallet_revocation import WalletRevocationService
from zegel.trust.anchors import Purpose
from zegel.trust.attestation import WalletDescription, parse_wallet_attestation
from zegel.trust.attestation_claims import AttestationStatus
from zegel.trust.signing import CertifiedSigner
from zegel_testing.authorities import DAY, NOW, anchor, authority, fixed_key, fixed_random, signer, trusting
from zegel_testing.ending import close_at_end

ORIGIN = "https://wallet-provider.utopia.example"
ENTITY = "Utopian Wallet Office"
MAINTAINED = 400 * DAY
_ROOT = authority("wallets")
_OFFICE = signer(_ROOT, "wallet attestations", Purpose.WALLET_PROVIDER)
OFFICE = CertifiedSigner(signer=_OFFICE.key, certificates=(_OFFICE.certificate,))
WALLET_ANCHOR = anchor(_ROOT, Purpose.WALLET_PROVIDER, entity=ENTITY)
ANCHORS = trusting(WALLET_ANCHOR)
_PID_ROOT = authority("PID providers")
_PID = signer(_PID_ROOT, "PIDs", Purpose.ISSUER)
PID_PROVIDER = CertifiedSigner(signer=_PID.key, certificates=(_PID.certificate,))
_EAA_ROOT = authority("attestation providers")
_EAA = signer(_EAA_ROOT, "diplomas", Purpose.ISSUER)
ATTESTATION_PROVIDER = CertifiedSigner(signer=_EAA.key, certificates=(_EAA.certificate,))
TRUSTED = (
    anchor(_PID_ROOT, Purpose.ISSUER, types=frozenset({"urn:eudi:pid:1"})),
    anchor(_EAA_ROOT, Purpose.ISSUER, types=frozenset({"urn:utopia:diploma:1"})),
)


def identity(*, origin: str = ORIGIN, lifetime: int = 86_000, maintained: int = MAINTAINED) -> WalletProviderIdentity:
    """The office, with settings of its own."""
    return WalletProviderIdentity(
        origin=origin,
        client_id=f"{origin}/wallet",
        wallet=WalletDescription(
            name="zegel wallet", version="1", certification="https://wallets.utopia.example/certificate"
        ),
        signer=OFFICE,
        lifetime=lifetime,
        maintained=maintained,
    )


@dataclass
class Office:
    """The provider's services around one store."""

    clock: ManualClock
    store: SqlStore
    provider: WalletProviderService
    revocations: WalletRevocationService

    async def statuses(self) -> dict[str, StatusList]:
        """The lists as they stand, by their addresses."""
        async with self.store.transaction() as transaction:
            loaded = [await transaction.statuses.load(id_) for id_ in await transaction.statuses.list_ids()]
        return {
            f"{ORIGIN}/status/{bits.list_id}": StatusList(bits=bits.bits, data=bits.entries)
            for bits in loaded
            if bits is not None
        }

    async def is_revoked(self, status: AttestationStatus) -> bool:
        """Whether its entry is set."""
        return (await self.statuses())[status.uri].get(status.index) != 0


async def open_office(*, now: int = NOW, **settings: Any) -> Office:
    """An office that has activated nobody yet; ``settings`` are of its identity."""
    clock = ManualClock(now)
    random = fixed_random("office")
    store = await open_memory_store(clock=clock, random=random, status_list_size=1 << 14)
    close_at_end(store.close)
    service: IssuerStore = store
    return Office(
        clock=clock,
        store=store,
        provider=WalletProviderService(identity(**settings), store=service, clock=clock, random=random),
        revocations=WalletRevocationService(
            ORIGIN, store=service, trust=Trust((), fixed=TRUSTED, clock=clock), clock=clock
        ),
    )


@dataclass
class Phone:
    """A wallet in a hand: its key, its code, and what the office calls it."""

    office: Office
    name: str = "phone"
    id: str = ""
    key: PrivateKey = field(init=False)
    code: str = field(init=False)

    def __post_init__(self) -> None:
        self.key = fixed_key(self.name)
        self.code = new_code(fixed_random(f"code of {self.name}"))

    def activation(self, **changes: Any) -> str:
        """What the wallet sends to be activated."""
        values: dict[str, Any] = {"audience": ORIGIN, "now": self.office.clock.now(), "code": code_digest(self.code)}
        return sign_possession(self.key, **values | changes)

    async def activate(self) -> Activated:
        """Be activated."""
        activated = await self.office.provider.activate(self.activation())
        self.id = activated.instance
        return activated

    def shown(self, *keys: PrivateKey) -> list[str]:
        """Proofs of possession."""
        return [sign_possession(key, audience=ORIGIN, now=self.office.clock.now()) for key in keys]

    def proof(self, possessions: Sequence[str], **changes: Any) -> str:
        """Which wallet asks."""
        values: dict[str, Any] = {"instance": self.id, "audience": ORIGIN, "now": self.office.clock.now()}
        return sign_instance_proof(changes.pop("by", self.key), possessions=possessions, **values | changes)

    async def attest(self, key: PrivateKey | None = None) -> WalletAttestation:
        """An attestation for one issuer."""
        (shown,) = self.shown(key or fixed_key("for an issuer"))
        return await self.office.provider.attest_wallet(self.proof([shown]), shown)

    async def attest_keys(self, *keys: PrivateKey, nonce: str | None = None) -> str:
        """An attestation of keys."""
        shown = self.shown(*keys)
        return await self.office.provider.attest_keys(self.proof(shown), shown, nonce=nonce)


async def open_phone(name: str = "phone", **settings: Any) -> Phone:
    """A phone with an activated wallet, at an office of its own."""
    phone = Phone(await open_office(**settings), name)
    await phone.activate()
    return phone


def status_of(attested: WalletAttestation) -> AttestationStatus:
    """Where an attestation says that its wallet may be found revoked."""
    status = parse_wallet_attestation(attested.attestation).unverified_status
    assert status is not None
    return status


def refused_at_the_office(act: Any) -> object:
    """What comes of an act at an office of its own: a witness of a refusal."""

    async def run() -> object:
        return await act(await open_phone())

    return asyncio.run(run())
