"""The issuer with its authorization server, opened."""

from collections import Counter
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Final, final
from urllib.parse import urlsplit

from zegel.adapters.catalogue import load_catalogue_with
from zegel.adapters.code_reader import PictureCodeReader
from zegel.adapters.health_trust import open_health_desk
from zegel.adapters.issuer_files import offered_types, registered_wallets
from zegel.adapters.logs import Log
from zegel.adapters.sealing_keys import load_sealing_keys
from zegel.adapters.sql.store import SqlStore, open_store
from zegel.checks import Check
from zegel.config.roles import IssuerConfig
from zegel.errors import Rejected
from zegel.formats.catalogue.types import AttestationType
from zegel.primitives.x509 import DAY
from zegel.profiles import HAIP, PROFILES
from zegel.protocols.oauth.nonces import Nonces
from zegel.protocols.oauth.server import AuthorizationServer
from zegel.protocols.openid4vci.configuration import CredentialConfiguration, Display
from zegel.protocols.openid4vci.encryption import EncryptionKey, IssuerEncryption
from zegel.protocols.openid4vci.issuer import CredentialIssuer
from zegel.protocols.openid4vci.offer import OfferScheme
from zegel.services.authorization import AuthorizationService
from zegel.services.issuer import IssuerService
from zegel.services.issuer_documents import IssuerDocuments
from zegel.services.issuer_policy import IssuerPolicy, build_configurations, status_period
from zegel.services.issuing import CredentialPress
from zegel.services.log_in import LogInService
from zegel.services.offers import OfferService
from zegel.services.passwords import GuessedNames
from zegel.services.policy_changes import PolicyChanges
from zegel.services.status_publisher import AGGREGATION_PATH, StatusPublisher
from zegel.services.wallet_ending import WalletEnding
from zegel.services.wallet_watch import Looked, WalletWatch
from zegel.trust.attestation_claims import MIN_MAINTAINED
from zegel.trust.rotation import KeyRing
from zegel.web import issuer, issuer_log_in, issuer_operator, issuer_pages
from zegel.web.app.health import health_timers
from zegel.web.app.issuer_monitor import issuer_monitor
from zegel.web.app.issuer_source import Material, OpenSource, open_source
from zegel.web.app.keys import RoleKeys, other_generations
from zegel.web.app.limits import issuer_limits
from zegel.web.app.monitor import (
    metrics_listeners,
)
from zegel.web.app.registration import RegistrationFiles
from zegel.web.app.roles import (
    Listener,
    OpenRole,
    Timer,
    World,
    cookie_policy,
    operator_listener,
    public_listener,
    role_key,
    secrets_of,
)
from zegel.web.issuer_site import IssuerSite
from zegel.web.monitor import Monitor

_SHARED_SECONDS: Final = 5  # to see that a list has not changed takes a millisecond

ROUTES: Final = (*issuer.WALLET_ROUTES, *issuer_log_in.ROUTES, *issuer_pages.ROUTES)


async def open_issuer(world: World) -> OpenRole:
    """Open the issuer of the configuration."""
    config = world.config.issuer
    catalogue = load_catalogue_with(config.catalogue)
    types = offered_types(config, catalogue)
    sealing = load_sealing_keys(config.sealing_key)
    store = await open_store(
        config.database,
        key=sealing.current,
        earlier=sealing.earlier(),
        clock=world.clock,
        random=world.random,
        status_list_size=config.status_list_size,
    )
    with ExitStack() as opened:
        opened.callback(store.close)
        keys = RoleKeys("issuer", world)
        secrets = secrets_of(sealing.under(store.key), world)
        registrations = RegistrationFiles("issuer", world, keys=keys)
        material = Material(
            store=store, secrets=secrets, catalogue=catalogue, types=types, keys=keys, registrations=registrations
        )
        source = open_source(world, material)
        opened.callback(source.close)
        site = _site(world, material, store, source)
        _follow(keys, registrations, site, config)
        monitor = issuer_monitor(world, site, store, keys, registrations, source)
        return OpenRole(
            name="issuer",
            listeners=_listeners(site, monitor, world),
            timers=(
                Timer(name="status lists", seconds=_look_again(config), act=site.statuses.publish),
                Timer(name="wallets", seconds=config.wallet_check, act=partial(keep_watch, site)),
                _policies_timer(site, PolicyChanges(types.values(), store=store, clock=world.clock)),
                Timer(name="purge", seconds=world.config.purge, act=store.purge, for_all=True),
                keys.timer(),
                *registrations.timers(),
                *source.timers,
                *health_timers(
                    "issuer", source.desk, reopen=partial(open_health_desk, world.config.health), world=world
                ),
            ),
            close=opened.pop_all().close,
        )


def _policies_timer(site: IssuerSite, changes: PolicyChanges) -> Timer:
    """At the start, for the catalogue is read then; and once a day, in case that was interrupted."""

    async def follow() -> int:
        revoked = await changes.follow()
        if revoked:
            await site.statuses.publish()
        return revoked

    return Timer(name="disclosure policies", seconds=DAY, act=follow, for_all=True)


async def keep_watch(site: IssuerSite) -> Looked:
    """Look at the wallets that are due, and publish at once what ended with them; the first failure is raised.

    The log says what they ended with, and how many batches of credentials.
    """
    looked = await site.wallets.look()
    if looked.revoked:
        await site.statuses.publish()
    why = Counter(looked.because[batch.id].detail for batch in looked.revoked)
    for detail, count in why.items():
        Log("issuer").write("wallets", error=Rejected(Check.ATTESTATION_REVOKED, detail), count=count)
    if looked.failed:
        raise looked.failed[0]
    return looked


def _look_again(config: IssuerConfig) -> int:
    """How often it is seen to that status lists are signed: what one worker publishes, the others have soon."""
    return config.status_list_period if config.workers == 1 else min(config.status_list_period, _SHARED_SECONDS)


def _listeners(site: IssuerSite, monitor: Monitor, world: World) -> tuple[Listener, ...]:
    config = world.config.issuer
    return (
        public_listener(
            "issuer",
            site,
            ROUTES,
            config=config,
            title=config.name,
            world=world,
            monitor=monitor,
            ways_on=issuer_log_in.WAYS_ON,
            limits=issuer_limits(config.rates),
        ),
        operator_listener(
            "issuer",
            site,
            issuer_operator.ROUTES,
            address=config.operator_address,
            port=config.operator_port,
            token=config.operator_token,
            limits=issuer_limits(config.rates),
            world=world,
            monitor=monitor,
        ),
        *metrics_listeners(monitor, config=config, world=world),
    )


def _follow(keys: RoleKeys, registrations: RegistrationFiles, site: IssuerSite, config: IssuerConfig) -> None:
    """Have each part use its key as it is rotated, and the registration certificate as it is renewed."""

    def renew_documents() -> None:
        site.documents.renew(keys.signer("access_key") if config.signed_metadata else None)

    def offer(ring: KeyRing) -> None:
        site.issuer.open_with(_encryption(ring, config))
        renew_documents()

    def register(registration: str) -> None:
        site.issuer.register_as(registration)
        renew_documents()

    registrations.follow(config.registration, register)
    keys.follow("key", lambda ring: site.issuer.sign_with(ring.current.signer))
    keys.follow("key", lambda ring: site.endings.sign_with(ring.current.signer))
    keys.follow("status_key", lambda ring: site.statuses.sign_with(ring.current.signer))
    keys.follow("access_key", lambda _: renew_documents())
    keys.follow("encryption_key", offer)


def _site(world: World, material: Material, store: SqlStore, source: OpenSource) -> IssuerSite:
    config = world.config.issuer
    profile = PROFILES[config.profile]
    parts = _parts(world, material, store, source)
    return IssuerSite(
        authorization=parts.authorization,
        issuer=parts.issuer,
        offers=parts.offers,
        log_in=LogInService(
            source.means,
            health=source.health,
            authorization=parts.authorization,
            issuer=parts.issuer,
            offers=parts.offers,
            gathered=source.gathered,
            guesses=GuessedNames(
                store,
                key=role_key(material.secrets.key, "log-in names"),
                at_most=config.rates.log_in_name,
                clock=world.clock,
            ),
            store=store,
            clock=world.clock,
        ),
        statuses=StatusPublisher(
            store=store,
            signer=material.keys.signer("status_key"),
            origin=config.origin,
            period=config.status_list_period,
            ttl=config.status_list_ttl,
            clock=world.clock,
        ),
        wallets=parts.watch,
        endings=WalletEnding(material.keys.signer("key"), outbound=world.outbound, clock=world.clock),
        documents=IssuerDocuments(
            parts.issuer,
            authorization=parts.authorization,
            policy=parts.policy,
            signer=material.keys.signer("access_key") if config.signed_metadata else None,
            clock=world.clock,
        ),
        policy=parts.policy,
        verifier=source.verifier,
        cookies=cookie_policy("issuer", config, material.secrets),
        random=world.random,
        name=config.name,
        host=urlsplit(config.origin).netloc,
        scheme=OfferScheme.HAIP if profile is HAIP else OfferScheme.OPENID,
        wallet=config.wallet,
        batch_size=config.batch_size,
        codes=PictureCodeReader(),
    )


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    """The services that know each other."""

    policy: IssuerPolicy
    authorization: AuthorizationService
    offers: OfferService
    issuer: IssuerService
    watch: WalletWatch


def _parts(world: World, material: Material, store: SqlStore, source: OpenSource) -> _Parts:
    config, clock, random, types = world.config.issuer, world.clock, world.random, list(material.types.values())
    delays = dict.fromkeys(config.delayed_types, config.delay)
    chained = frozenset(config.chained_types)
    policy = IssuerPolicy(types=material.types, delays=delays, offer_seconds=config.offer, chained=chained)
    profile = PROFILES[config.profile]
    periods = _status_periods(config, material.types)
    configurations = build_configurations(
        types, profile=profile, key_resistance=config.key_resistance, status_periods=periods
    )
    watch = WalletWatch(
        store=store, outbound=world.outbound, trust=world.trust, clock=clock, grace=profile.status_grace
    )
    nonce_key, earlier_nonce_keys = material.secrets.derive("nonces")
    nonces = Nonces(key=nonce_key, earlier=earlier_nonce_keys)
    revocation_key, earlier_revocation_keys = material.secrets.derive("revocations")
    authorization = AuthorizationService(
        _server(world, configurations, nonces),
        trust=world.trust,
        watch=watch,
        store=store,
        clock=clock,
        random=random,
    )
    signer = material.keys.signer("key")
    return _Parts(
        policy=policy,
        authorization=authorization,
        offers=OfferService(
            config.origin,
            policy=policy,
            authorization=authorization,
            source=source.claims,
            store=store,
            clock=clock,
            random=random,
        ),
        issuer=IssuerService(
            _issuer(world, configurations, nonces, material, periods=periods),
            trust=world.trust,
            policy=policy,
            press=CredentialPress(
                types,
                signer=signer,
                origin=config.origin,
                random=random,
                by_identifier=frozenset(config.identifier_list_types),
            ),
            authorization=authorization,
            watch=watch,
            source=source.claims,
            store=store,
            key=revocation_key,
            earlier=earlier_revocation_keys,
            clock=clock,
            random=random,
        ),
        watch=watch,
    )


def _status_periods(config: IssuerConfig, types: Mapping[str, AttestationType]) -> Mapping[str, int]:
    """For how long the status of the keys should be maintained, by the id of a type that ends with its wallet.

    TS3 is of the ARF, which asks for HAIP: plain OpenID4VCI knows neither its members nor a status that must be there.
    """
    chained = config.chained_types if config.profile == HAIP.name else ()
    return {id_: status_period(type_) for id_, type_ in types.items() if id_ in chained}


def _server(world: World, configurations: Mapping[str, CredentialConfiguration], nonces: Nonces) -> AuthorizationServer:
    config = world.config.issuer
    return AuthorizationServer(
        issuer=config.origin,
        credential_issuer=config.origin,
        profile=PROFILES[config.profile],
        anchors=world.trust.anchors,
        nonces=nonces,
        scopes={each.scope: (each.id,) for each in configurations.values() if each.scope is not None},
        configurations=frozenset(configurations),
        redirect_uris=registered_wallets(config),
        status_aggregation=config.origin + AGGREGATION_PATH,
    )


def _issuer(
    world: World,
    configurations: Mapping[str, CredentialConfiguration],
    nonces: Nonces,
    material: Material,
    *,
    periods: Mapping[str, int],
) -> CredentialIssuer:
    config = world.config.issuer
    return CredentialIssuer(
        identifier=config.origin,
        authorization_server=config.origin,
        profile=PROFILES[config.profile],
        anchors=world.trust.anchors,
        nonces=nonces,
        configurations=configurations,
        batch_size=config.batch_size,
        encryption=_encryption(material.keys.ring("encryption_key"), config),
        display=(Display(name=config.name, locale="en"),),
        status_period=max(periods.values(), default=MIN_MAINTAINED) if config.profile == HAIP.name else None,
        registration=material.registrations.text(config.registration),
    )


def _encryption(ring: KeyRing, config: IssuerConfig) -> IssuerEncryption:
    generations = [(each.id, each.private) for each in (ring.current, *other_generations(ring))]
    offered, *others = [EncryptionKey(kid=kid, key=key) for kid, key in generations if key is not None]
    return IssuerEncryption(keys=(offered,), others=tuple(others), response_required=config.encrypted_responses)
