"""The keys of the roles: which there are, how each is rotated, and how a role that runs picks up a rotation.

Only ``zegel keys`` rotates. A role reads its keys again by a timer, so that nothing is lost: what was begun under the
old key is finished under it, and the next thing is begun under the new one.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, final

from zegel.adapters.keyrings import KeyFiles, load_ring
from zegel.config.role import RoleConfig
from zegel.config.roles import (
    Config,
    IssuerConfig,
    ProviderConfig,
    VerifierConfig,
)
from zegel.config.setting import settings_of
from zegel.config.trust_roles import AccessAuthorityConfig, RegistrarConfig, WalletProviderConfig
from zegel.errors import Unavailable
from zegel.primitives.times import TOLERATED_LATE
from zegel.primitives.x509 import DAY
from zegel.protocols.oidc.sign_in import ID_TOKEN_SECONDS
from zegel.protocols.openid4vci.deferred import DEFERRED_SECONDS
from zegel.protocols.openid4vci.publication import SIGNED_SECONDS
from zegel.protocols.openid4vp.verifier import SAME_DEVICE_SECONDS
from zegel.services.issuer import GRANT_SECONDS
from zegel.services.registrar import VALID_DAYS
from zegel.services.registrar_people import SESSION_SECONDS
from zegel.services.status_publisher import PERIODS_VALID
from zegel.services.wallet_provider import KEY_ATTESTATION_SECONDS
from zegel.trust.rotation import Generation, Kept, KeyPractice, KeyRing, strictest
from zegel.trust.signing import CertifiedSigner
from zegel.web.app.roles import Timer, World
from zegel.web.issuer import METADATA_SECONDS
from zegel.web.provider import PUBLISHED_SECONDS

_SESSIONS: Final = 3_600  # what hangs on a form, a session or a code is over within the hour

_KEPT_SECONDS: Final = 10 * 366 * DAY  # CIR 2025/848 article 10
_TURNS: Final = 2  # workers' turns are not the same, nor on the second

Follower = Callable[[KeyRing], None]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class RoleKey:
    """A key of a role by its setting, such as ``provider.key``; ``purpose`` says what it does."""

    role: str
    setting: str
    purpose: str
    files: KeyFiles
    practice: KeyPractice

    @property
    def name(self) -> str:
        """The path of its setting."""
        return f"{self.role}.{self.setting}"

    @property
    def path(self) -> Path:
        """Its file."""
        return self.files.key


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class SealingKey:
    """A key that seals databases; what is derived from it counts ``trails`` seconds after it was in use last."""

    name: str
    purpose: str
    path: Path
    databases: tuple[str, ...]
    trails: int


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class LastingSecret:
    """A secret that stays as long as what was made with it has to stay the same."""

    name: str
    purpose: str
    path: Path


def role_keys(config: Config) -> tuple[RoleKey, ...]:
    """Every key of every role. Settings that name one file are one key, under the strictest of their practices."""
    made = tuple(_role_keys(config))
    return tuple(
        replace(key, practice=strictest(tuple(other.practice for other in made if other.files.key == key.files.key)))
        for key in made
    )


def sealing_keys(config: Config) -> tuple[SealingKey, ...]:
    """The keys of the roles that keep a database. Settings that name one file are one key, and seal all of theirs."""
    issuer, verifier, provider = config.issuer, config.verifier, config.provider
    # a revocation is found under a name that the key makes, for as long as a grant from before it may live
    made = (
        _sealing_key("issuer", issuer, trails=GRANT_SECONDS),
        _sealing_key("verifier", verifier, trails=_SESSIONS),
        _sealing_key("provider", provider, trails=_SESSIONS),
        _sealing_key("wallet-provider", config.wallet_provider, trails=0),  # nothing is derived from it
        _sealing_key("registrar", config.registrar, trails=SESSION_SECONDS),
        _sealing_key("access-authority", config.access_authority, trails=0),  # nothing is derived from it
    )
    same = {key.path: [other for other in made if other.path == key.path] for key in made}
    return tuple(
        replace(
            key,
            databases=tuple(database for other in same[key.path] for database in other.databases),
            trails=max(other.trails for other in same[key.path]),
        )
        for key in made
    )


def lasting_secret(config: Config) -> LastingSecret:
    """What makes the lasting subs."""
    provider = config.provider
    return LastingSecret(
        name="provider.subject_secret", purpose=_meaning("subject_secret", provider), path=provider.subject_secret
    )


@final
class RoleKeys:
    """The key rings of a role as they were read last. Each is read when it is first asked for."""

    def __init__(self, role: str, world: World) -> None:
        self._role = role
        self._world = world
        self._keys = {key.setting: key for key in role_keys(world.config) if key.role == role}
        self._held_back = _held_back(world.config, role)
        self._rings: dict[str, KeyRing] = {}
        self._followers: dict[str, list[Follower]] = {}

    def ring(self, setting: str) -> KeyRing:
        """A ring, without those generations whose time is over; ``Unavailable`` when it cannot be read."""
        if setting not in self._rings:
            self._rings[setting] = self._read(setting)
        return self._rings[setting]

    def signer(self, setting: str) -> CertifiedSigner:
        """What signs now."""
        return self.ring(setting).current.signer

    def signers(self) -> tuple[CertifiedSigner, ...]:
        """Everything that signs now under a certificate."""
        return tuple(ring.current.signer for ring in self._rings.values() if ring.current.certificates)

    def follow(self, setting: str, follower: Follower) -> None:
        """Call ``follower`` with each ring that takes the present one's place."""
        self._followers.setdefault(setting, []).append(follower)

    def timer(self) -> Timer:
        """Reads the rings again."""
        return Timer(name=f"{self._role}: keys", seconds=self._world.config.keys, act=self._refresh)

    async def _refresh(self) -> None:
        """One that cannot be read stays as it is, and does not keep the others from being read."""
        failed: Unavailable | None = None
        for setting, known in tuple(self._rings.items()):
            try:
                ring = self._read(setting)
            except Unavailable as error:
                failed = error
                continue
            if _generations(ring) != _generations(known):
                self._rings[setting] = ring
                for follower in self._followers.get(setting, ()):
                    follower(ring)
        if failed is not None:
            raise failed

    def _read(self, setting: str) -> KeyRing:
        now = self._world.clock.now()
        return load_ring(self._keys[setting].files).at(now).held_back(seconds=self._held_back, now=now)


def other_generations(ring: KeyRing) -> tuple[Generation, ...]:
    """Those under whose names something may have been begun, here or by another process of the role."""
    return (*(() if ring.successor is None else (ring.successor,)), *ring.retired)


def other_signers(ring: KeyRing) -> tuple[CertifiedSigner, ...]:
    """Those of them that sign it, too."""
    return tuple(each.signer for each in other_generations(ring) if each.private is not None and each.certificates)


def _generations(ring: KeyRing) -> object:
    return (
        ring.current.key,
        ring.current.certificates,
        ring.successor and ring.successor.id,
        [r.id for r in ring.retired],
    )


def _role_keys(config: Config) -> Iterator[RoleKey]:
    """A role uses the old key until it has read the new one, so that every time begins with how often it reads.

    Where it has several workers, none uses it before all of them have.
    """
    turn = config.keys
    issuer, verifier, provider, wallets = config.issuer, config.verifier, config.provider, config.wallet_provider
    yield _key("issuer.key", issuer.key, issuer.chain, issuer, _travels(None))
    listed = issuer.status_list_ttl + PERIODS_VALID * issuer.status_list_period
    yield _key("issuer.status_key", issuer.status_key, issuer.status_chain, issuer, _travels(turn + listed))
    yield _key("issuer.access_key", issuer.access_key, issuer.access_chain, issuer, _asks(config, "issuer"))
    used = turn + _held_back(config, "issuer")
    # metadata is kept for a day; whoever waits for what is deferred has what was read at the beginning
    asked = max(METADATA_SECONDS + SIGNED_SECONDS, DEFERRED_SECONDS)
    opens = KeyPractice(kept=Kept.PRIVATE, announced=0, trails=used + asked)
    yield _key("issuer.encryption_key", issuer.encryption_key, None, issuer, opens)
    yield _key("verifier.access_key", verifier.access_key, verifier.access_chain, verifier, _asks(config, "verifier"))
    tokens = KeyPractice(
        kept=Kept.PUBLIC,
        announced=turn + PUBLISHED_SECONDS,
        trails=turn + ID_TOKEN_SECONDS + TOLERATED_LATE,
    )
    yield _key("provider.key", provider.key, None, provider, tokens)
    yield _key("provider.access_key", provider.access_key, provider.access_chain, provider, _asks(config, "provider"))
    door = config.door
    yield _key("door.access_key", door.access_key, door.access_chain, door, _asks(config, "door"))
    attested = max(wallets.attestation, KEY_ATTESTATION_SECONDS)
    yield _key("wallet-provider.key", wallets.key, wallets.chain, wallets, _travels(turn + attested))
    listed = wallets.status_list_ttl + PERIODS_VALID * wallets.status_list_period
    yield _key("wallet-provider.status_key", wallets.status_key, wallets.status_chain, wallets, _travels(turn + listed))
    register = config.registrar
    # whoever keeps a head of the log holds it against the key for years (CIR 2025/848 article 10: records for ten)
    answers = KeyPractice(kept=Kept.PUBLIC, announced=turn + PUBLISHED_SECONDS, trails=_KEPT_SECONDS)
    yield _key("registrar.key", register.key, None, register, answers)
    certified = VALID_DAYS * DAY
    chain = register.registration_chain
    yield _key("registrar.registration_key", register.registration_key, chain, register, _travels(turn + certified))
    access = config.access_authority
    # it says what of its own is revoked for as long as any of that is valid (RFC 5280 section 3.3)
    issues = KeyPractice(kept=Kept.PRIVATE, announced=0, trails=turn + (access.days + 1) * DAY)
    yield _key("access-authority.key", access.key, access.chain, access, issues)


def _asks(config: Config, role: str) -> KeyPractice:
    """It signs the requests that were made in its name, as long as they are open."""
    used = config.keys + _held_back(config, role)
    return KeyPractice(kept=Kept.PRIVATE, announced=0, trails=used + SAME_DEVICE_SECONDS)


def _held_back(config: Config, role: str) -> int:
    """For how many seconds a new key is known to a role before it is used: each worker has read it by then."""
    return _TURNS * config.keys if getattr(getattr(config, role.replace("-", "_")), "workers", 1) > 1 else 0


def _travels(seconds: int | None) -> KeyPractice:
    """Its certificate travels along with what it signs, so that nobody has to know it before, or needs it from us."""
    trails = None if seconds is None else seconds + TOLERATED_LATE
    return KeyPractice(kept=Kept.CERTIFICATE, announced=0, trails=trails)


def _sealing_key(
    role: str,
    config: IssuerConfig
    | VerifierConfig
    | ProviderConfig
    | WalletProviderConfig
    | RegistrarConfig
    | AccessAuthorityConfig,
    *,
    trails: int,
) -> SealingKey:
    return SealingKey(
        name=f"{role}.sealing_key",
        purpose=_meaning("sealing_key", config),
        path=config.sealing_key,
        databases=(config.database,),
        trails=trails,
    )


def _key(name: str, key: Path, chain: Path | None, config: RoleConfig, practice: KeyPractice) -> RoleKey:
    role, _, setting = name.partition(".")
    files, purpose = KeyFiles(key=key, chain=chain), _meaning(setting, config)
    return RoleKey(role=role, setting=setting, purpose=purpose, files=files, practice=practice)


def _meaning(setting: str, config: RoleConfig) -> str:
    table: Any = type(config)
    return next(each.meaning for each in settings_of(table) if each.name == setting)
