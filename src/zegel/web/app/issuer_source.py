"""Where an issuer's persons come from, opened: how they log in, and what is known of them."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, final
from urllib.parse import urlsplit

from zegel.adapters.health_trust import open_health_desk
from zegel.adapters.issuer_files import check_source, load_query
from zegel.adapters.keyfiles import load_client_secret
from zegel.adapters.people_file import load_people_file
from zegel.adapters.register import open_register
from zegel.formats.catalogue.types import AttestationType, Catalogue
from zegel.profiles import PROFILES
from zegel.protocols.oidc.upstream import UpstreamClient
from zegel.protocols.openid4vp.dcql import DcqlQuery
from zegel.services.health import VALID, HealthDesk
from zegel.services.health_log_in import IDENTIFYING, HealthLogIn
from zegel.services.log_in import LogInMeans
from zegel.services.passwords import PasswordLogIn
from zegel.services.ports import PersonSource, Store
from zegel.services.presented import PresentationLogIn, build_identity_query, build_source_query
from zegel.services.sources import GatheredClaims, WithGathered, lifetime
from zegel.services.status import StatusReader
from zegel.services.upstream import UpstreamLogIn
from zegel.services.verifier import VerifierIdentity, VerifierService
from zegel.web.app.keys import RoleKeys, other_signers
from zegel.web.app.registration import RegistrationFiles
from zegel.web.app.roles import RoleSecrets, Timer, World
from zegel.web.app.types import open_types
from zegel.web.app.verifier import follow_access, link_target
from zegel.web.issuer_log_in import RETURN
from zegel.web.verifier import VerifierSite

STATUS_SECONDS: Final = 60  # how long a status list is used again; whoever presents wants to be known now
_LOOK_SECONDS: Final = 60  # until a file that became wrong is told of where nobody asks; who asks has it read at once
_PID: Final = "pid"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """What of the issuer its source is opened with."""

    store: Store
    secrets: RoleSecrets
    catalogue: Catalogue
    types: Mapping[str, AttestationType]
    keys: RoleKeys
    registrations: RegistrationFiles


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSource:
    """A source that is ready. ``gathered`` is where claims go that come along with a log-in, ``verifier`` what asks
    wallets; ``health`` is how those log in who bring a health certificate, which ``desk`` judges; ``close`` is called
    at the end, ``timers`` act meanwhile, and ``notices`` are for its operator."""

    means: LogInMeans
    claims: PersonSource
    gathered: GatheredClaims | None = None
    verifier: VerifierSite | None = None
    health: HealthLogIn | None = None
    desk: HealthDesk | None = None
    close: Callable[[], None] = lambda: None
    notices: Callable[[], tuple[str, ...]] = tuple
    timers: tuple[Timer, ...] = ()


def open_source(world: World, material: Material) -> OpenSource:
    """Open the source of the configuration; ``Malformed`` with the setting that it lacks."""
    with ExitStack() as opened:
        source = _open_kind(world, material)
        opened.callback(source.close)
        source = _by_certificate(world, material, source) if VALID in material.types else source
        return replace(source, close=opened.pop_all().close)


def _open_kind(world: World, material: Material) -> OpenSource:
    config = check_source(world.config.issuer.source)
    match config.kind:
        case "register":
            url = f"sqlite:///{config.register}"
            register = open_register(url, clock=world.clock, random=world.random)
            return OpenSource(means=PasswordLogIn(register), claims=register, close=register.close)
        case "csv":
            assert config.csv is not None  # it was checked
            people = load_people_file(config.csv, catalogue=material.catalogue)
            look = Timer(name="people file", seconds=_LOOK_SECONDS, act=people.follow)
            return OpenSource(means=PasswordLogIn(people), claims=people, notices=people.notices, timers=(look,))
        case "oidc":
            return _open_upstream(world, material)
        case "presentation":
            return _open_presentation(world, material)


def _open_upstream(world: World, material: Material) -> OpenSource:
    config = world.config.issuer.source
    secret = None if config.client_secret is None else load_client_secret(config.client_secret)
    assert config.provider is not None  # it was checked
    means = UpstreamLogIn(
        config.provider,
        client=UpstreamClient(
            client_id=config.client_id, redirect_uri=world.config.issuer.origin + RETURN, secret=secret
        ),
        pid=material.catalogue.types[_PID],
        outbound=world.outbound,
        clock=world.clock,
        random=world.random,
    )
    gathered = _gathered(world, material)
    return OpenSource(means=means, claims=gathered, gathered=gathered)


def _open_presentation(world: World, material: Material) -> OpenSource:
    config = world.config.issuer
    site = _asking_site(world, material)
    means = PresentationLogIn(
        _query(config.source.query, material),
        verifier=site.service,
        catalogue=material.catalogue,
        return_uri=config.origin + RETURN,
        random=world.random,
    )
    gathered = _gathered(world, material)
    return OpenSource(means=means, claims=gathered, gathered=gathered, verifier=site)


def _by_certificate(world: World, material: Material, source: OpenSource) -> OpenSource:
    """The same source, and for one type whoever brings a health certificate."""
    world.config.health.require_rules()  # what is attested is that rules are met
    config = world.config.issuer
    type_ = material.types[VALID]
    site = source.verifier or _asking_site(world, material)
    gathered = source.gathered or _gathered(world, material)
    asking = PresentationLogIn(
        build_identity_query(material.catalogue.types[_PID], IDENTIFYING),
        verifier=site.service,
        catalogue=material.catalogue,
        return_uri=config.origin + RETURN,
        random=world.random,
        purpose="To see that the certificate that you brought is yours",
    )
    trusted = world.config.health
    desk = open_health_desk(trusted)
    health = HealthLogIn(
        desk,
        type_=type_,
        asking=asking,
        rule_set=trusted.rule_set,
        lasts=lifetime(config.delay if config.delayed_types else 0),
        clock=world.clock,
        random=world.random,
    )
    claims = WithGathered(source.claims, gathered, type_=type_.id)
    return replace(source, claims=claims, gathered=gathered, verifier=site, health=health, desk=desk)


def _asking_site(world: World, material: Material) -> VerifierSite:
    """What asks wallets for the issuer, under its access certificate."""
    config = world.config.issuer
    profile = PROFILES[config.profile]
    service = VerifierService(
        VerifierIdentity(
            origin=config.origin,
            host=urlsplit(config.origin).hostname or "",
            signer=material.keys.signer("access_key"),
            others=other_signers(material.keys.ring("access_key")),
            profile=profile,
            registration=material.registrations.text(config.source.registration),
        ),
        trust=world.trust,
        statuses=StatusReader(outbound=world.outbound, trust=world.trust, clock=world.clock, keep=STATUS_SECONDS),
        types=open_types(world),
        store=material.store,
        clock=world.clock,
        random=world.random,
    )
    follow_access(material.keys, service)
    material.registrations.follow(config.source.registration, service.register_as)
    host = urlsplit(config.origin).netloc
    return VerifierSite(
        service=service,
        catalogue=material.catalogue,
        name=config.name,
        host=host,
        link_target=link_target(profile),
    )


def _query(file: Path | None, material: Material) -> DcqlQuery:
    if file is not None:
        return load_query(file)
    return build_source_query(material.catalogue.types[_PID], list(material.types.values()))


def _gathered(world: World, material: Material) -> GatheredClaims:
    config = world.config.issuer
    key, earlier = material.secrets.derive("gathered records")
    return GatheredClaims(
        material.types,
        own={"issuing_authority": config.name, "issuing_country": config.country},
        key=key,
        earlier=earlier,
        longest_delay=config.delay if config.delayed_types else 0,
        store=material.store,
        clock=world.clock,
    )
