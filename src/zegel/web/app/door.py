"""A door, opened: a verifier whose memory is this process's, and ends with it."""

from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from typing import Final
from urllib.parse import urlsplit

from zegel.adapters.catalogue import load_catalogue
from zegel.adapters.code_reader import PictureCodeReader
from zegel.adapters.health_trust import open_health_desk
from zegel.adapters.picture_bounds import FRAME_CPU_SECONDS
from zegel.adapters.sql.store import open_memory_store
from zegel.config.health import HealthConfig
from zegel.config.roles import Config
from zegel.profiles import PROFILES
from zegel.services.door import DoorService
from zegel.services.health import VALID, HealthDesk
from zegel.services.ports import Store
from zegel.services.status import StatusReader
from zegel.services.verifier import VerifierIdentity, VerifierService
from zegel.web import door
from zegel.web.app.health import health_timers
from zegel.web.app.keys import RoleKeys, other_signers
from zegel.web.app.limits import door_limits
from zegel.web.app.monitor import (
    health_families,
    health_notices,
    key_condition,
    metrics_listeners,
    presentation_families,
    trust_condition,
    trust_families,
)
from zegel.web.app.registration import RegistrationFiles
from zegel.web.app.roles import OpenRole, RoleSecrets, Timer, World, cookie_policy, public_listener
from zegel.web.app.types import open_types
from zegel.web.app.verifier import follow_access, link_target
from zegel.web.door import DoorSite
from zegel.web.monitor import Monitor
from zegel.web.pace import Pace
from zegel.web.verifier import VerifierSite

_STATUS_SECONDS: Final = 60  # what is asked for has no status; a type with one would be looked up now
_KEY_BYTES: Final = 32


async def open_door(world: World) -> OpenRole:
    """Open the door of the configuration."""
    store = await open_memory_store(clock=world.clock, random=world.random)
    with ExitStack() as opened:
        opened.callback(store.close)
        return replace(door_role(world, store), close=opened.pop_all().close)


def door_role(world: World, store: Store) -> OpenRole:
    """The door with this memory, which is whoever's that gives it."""
    config, keys = world.config.door, RoleKeys("door", world)
    registrations = RegistrationFiles("door", world, keys=keys)
    identity = VerifierIdentity(
        origin=config.origin,
        host=urlsplit(config.origin).hostname or "",
        signer=keys.signer("access_key"),
        others=other_signers(keys.ring("access_key")),
        profile=PROFILES[config.profile],
        registration=registrations.text(config.registration),
    )
    statuses = StatusReader(outbound=world.outbound, trust=world.trust, clock=world.clock, keep=_STATUS_SECONDS)
    verifier = VerifierService(
        identity,
        trust=world.trust,
        statuses=statuses,
        types=open_types(world),
        store=store,
        clock=world.clock,
        random=world.random,
    )
    follow_access(keys, verifier)
    registrations.follow(config.registration, verifier.register_as)
    desk = _desk(world.config.health)
    site = _site(world, verifier, store, desk)
    monitor = _monitor(world, verifier, keys, registrations, desk)
    public = public_listener(
        "door",
        site,
        door.ROUTES,
        config=config,
        title=config.name,
        world=world,
        monitor=monitor,
        back=(door.HOME, "Back to the door"),
        limits=door_limits(config.rates),
    )
    return OpenRole(
        name="door",
        listeners=(public, *metrics_listeners(monitor, config=config, world=world)),
        timers=(
            Timer(name="door: purge", seconds=world.config.purge, act=store.purge),
            keys.timer(),
            *registrations.timers(),
            *health_timers("door", desk, reopen=partial(open_health_desk, world.config.health), world=world),
        ),
        close=lambda: None,
        end_waits=verifier.end_waits,
    )


def _site(world: World, verifier: VerifierService, store: Store, desk: HealthDesk | None) -> DoorSite:
    config, catalogue = world.config.door, load_catalogue()
    return DoorSite(
        service=DoorService(
            catalogue.types[VALID],
            rule_sets=_rule_sets(world.config),
            verifier=verifier,
            store=store,
            clock=world.clock,
        ),
        verifier=VerifierSite(
            service=verifier,
            catalogue=catalogue,
            name=config.name,
            host=urlsplit(config.origin).netloc,
            link_target=link_target(PROFILES[config.profile]),
        ),
        cookies=cookie_policy("door", config, RoleSecrets(key=world.random(_KEY_BYTES))),
        random=world.random,
        wallet=config.wallet,
        pace=Pace(clock=world.clock),
        clock=world.clock,
        codes=PictureCodeReader(),
        frames=PictureCodeReader(cpu_seconds=FRAME_CPU_SECONDS),
        judge=desk,
        lists=(lambda: ()) if desk is None else lambda: desk.lists,
        folders=(lambda: ()) if desk is None else lambda: desk.folders,
        old=world.config.health.old,
    )


def _rule_sets(config: Config) -> frozenset[str]:
    """The rule sets that count: the door's, else the one of health. There is no door where any counts."""
    return frozenset(config.door.rule_sets or (config.health.rule_set,))


def _desk(config: HealthConfig) -> HealthDesk | None:
    """What judges old certificates, from files; None where nobody is trusted to sign them.

    ``Malformed`` without rules: an expired course, or a single dose, would open the door.
    """
    config.require_rules()
    return open_health_desk(config) if config.trusts_somebody else None


def _monitor(
    world: World,
    verifier: VerifierService,
    keys: RoleKeys,
    registrations: RegistrationFiles,
    desk: HealthDesk | None,
) -> Monitor:
    return Monitor(
        "door",
        conditions={**key_condition(keys, world=world), **trust_condition(world)},
        families=lambda: (
            *presentation_families(verifier.presentations),
            *trust_families(world),
            *registrations.families(),
            *health_families(desk, world=world),
        ),
        notices=lambda: (*health_notices(desk, world=world), *registrations.notices()),
    )
