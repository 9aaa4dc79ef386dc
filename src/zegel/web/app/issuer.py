"""The issuer with its authorization server, opened."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, final
from urllib.parse import urlsplit

from zegel.adapters.catalogue import load_catalogue
from zegel.adapters.keyfiles import load_private_key, load_secret, load_signer
from zegel.adapters.sql.store import SqlStore, open_store
from zegel.config.roles import IssuerConfig
from zegel.errors import Malformed
from zegel.formats.catalogue.types import AttestationType, Catalogue
from zegel.primitives.encoding import base64url
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
from zegel.services.issuer_policy import IssuerPolicy, build_configurations
from zegel.services.issuing import CredentialPress
from zegel.services.log_in import LogInService
from zegel.services.offers import OfferService
from zegel.services.status_publisher import StatusPublisher
from zegel.web import issuer, issuer_log_in, issuer_operator, issuer_pages
from zegel.web.app.issuer_source import Material, OpenSource, open_source
from zegel.web.app.limits import issuer_limits
from zegel.web.app.monitor import (
    issuance_families,
    key_condition,
    metrics_listeners,
    presentation_families,
    status_families,
    store_condition,
    store_families,
    trust_condition,
    trust_families,
)
from zegel.web.app.roles import OpenRole, Timer, World, cookie_policy, operator_listener, public_listener, role_key
from zegel.web.issuer_site import IssuerSite
from zegel.web.monitor import Monitor

ROUTES: Final = (*issuer.WALLET_ROUTES, *issuer_log_in.ROUTES, *issuer_pages.ROUTES)


async def open_issuer(world: World) -> OpenRole:
    """Open the issuer of the configuration."""
    config = world.config.issuer
    catalogue = load_catalogue([] if config.catalogue is None else [config.catalogue])
    types = _types(config, catalogue)
    sealing_key = load_secret(config.sealing_key)
    store = await open_store(
        config.database,
        key=sealing_key,
        clock=world.clock,
        random=world.random,
        status_list_size=config.status_list_size,
    )
    try:
        material = Material(store=store, sealing_key=sealing_key, catalogue=catalogue, types=types)
        source = open_source(world, material)
        site = _site(world, material, store, source)
        monitor = _monitor(world, site, store)
    except BaseException:
        store.close()
        raise

    def close() -> None:
        source.close()
        store.close()

    return OpenRole(
        name="issuer",
        listeners=(
            public_listener(
                "issuer",
                site,
                ROUTES,
                config=config,
                title=config.name,
                world=world,
                monitor=monitor,
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
        ),
        timers=(
            Timer(name="status lists", seconds=config.status_list_period, act=site.statuses.publish),
            Timer(name="purge", seconds=world.config.purge, act=store.purge),
        ),
        close=close,
    )


def _monitor(world: World, site: IssuerSite, store: SqlStore) -> Monitor:
    config = world.config.issuer
    signers = [load_signer(config.key, config.chain), load_signer(config.status_key, config.status_chain)]
    if config.signed_metadata:
        signers.append(load_signer(config.access_key, config.access_chain))
    return Monitor(
        "issuer",
        conditions={**store_condition(store), **key_condition(*signers, world=world), **trust_condition(world)},
        families=lambda: (
            *issuance_families(site.issuer.batches, site.issuer.copies),
            *status_families(site.statuses),
            *store_families(store),
            *trust_families(world),
            *(() if site.verifier is None else presentation_families(site.verifier.service.presentations)),
        ),
    )


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
            authorization=parts.authorization,
            issuer=parts.issuer,
            offers=parts.offers,
            gathered=source.gathered,
            store=store,
            key=role_key(material.sealing_key, "log-in names"),
            max_guesses=config.rates.log_in_name,
            clock=world.clock,
        ),
        statuses=StatusPublisher(
            store=store,
            signer=load_signer(config.status_key, config.status_chain),
            origin=config.origin,
            period=config.status_list_period,
            ttl=config.status_list_ttl,
            clock=world.clock,
        ),
        documents=IssuerDocuments(
            parts.issuer,
            authorization=parts.authorization,
            policy=parts.policy,
            signer=load_signer(config.access_key, config.access_chain) if config.signed_metadata else None,
            clock=world.clock,
        ),
        policy=parts.policy,
        verifier=source.verifier,
        cookies=cookie_policy("issuer", config, material.sealing_key),
        random=world.random,
        name=config.name,
        host=urlsplit(config.origin).netloc,
        scheme=OfferScheme.HAIP if profile is HAIP else OfferScheme.OPENID,
        wallet=config.wallet,
        batch_size=config.batch_size,
    )


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    """The services that know each other."""

    policy: IssuerPolicy
    authorization: AuthorizationService
    offers: OfferService
    issuer: IssuerService


def _parts(world: World, material: Material, store: SqlStore, source: OpenSource) -> _Parts:
    config, clock, random, types = world.config.issuer, world.clock, world.random, list(material.types.values())
    delays = dict.fromkeys(config.delayed_types, config.delay)
    policy = IssuerPolicy(types=material.types, delays=delays, offer_seconds=config.offer)
    profile = PROFILES[config.profile]
    configurations = build_configurations(types, profile=profile, key_resistance=config.key_resistance)
    nonces = Nonces(key=role_key(material.sealing_key, "nonces"))
    authorization = AuthorizationService(
        _server(world, configurations, nonces), trust=world.trust, store=store, clock=clock, random=random
    )
    signer = load_signer(config.key, config.chain)
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
            _issuer(world, configurations, nonces),
            trust=world.trust,
            policy=policy,
            press=CredentialPress(types, signer=signer, origin=config.origin, clock=clock, random=random),
            authorization=authorization,
            source=source.claims,
            store=store,
            key=role_key(material.sealing_key, "revocations"),
            clock=clock,
            random=random,
        ),
    )


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
        redirect_uris={},
    )


def _issuer(world: World, configurations: Mapping[str, CredentialConfiguration], nonces: Nonces) -> CredentialIssuer:
    config = world.config.issuer
    key = load_private_key(config.encryption_key)
    kid = base64url(key.public_key.thumbprint())
    return CredentialIssuer(
        identifier=config.origin,
        authorization_server=config.origin,
        profile=PROFILES[config.profile],
        anchors=world.trust.anchors,
        nonces=nonces,
        configurations=configurations,
        batch_size=config.batch_size,
        encryption=IssuerEncryption(
            keys=(EncryptionKey(kid=kid, key=key),), response_required=config.encrypted_responses
        ),
        display=(Display(name=config.name, locale="en"),),
    )


def _types(config: IssuerConfig, catalogue: Catalogue) -> Mapping[str, AttestationType]:
    """The types on offer, in the order of the configuration; ``Malformed`` for one that the catalogue does not have."""
    for setting, ids, known in (
        ("types", config.types, list(catalogue.types)),
        ("delayed_types", config.delayed_types, list(config.types)),
    ):
        for id_ in ids:
            if id_ not in known:
                raise Malformed("zegel.toml", f"issuer.{setting}", f"expected some of {', '.join(known)}")
    return {id_: catalogue.types[id_] for id_ in config.types}
