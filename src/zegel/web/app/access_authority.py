"""The access authority, opened. It holds the key that issues; the root's is elsewhere, and no setting leads to it."""

from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from typing import Final
from urllib.parse import urlsplit

from zegel.adapters.keyfiles import load_secret
from zegel.adapters.logs import Log
from zegel.adapters.sealing_keys import load_sealing_keys
from zegel.adapters.sql.store import SqlStore, open_store
from zegel.checks import Check
from zegel.errors import Rejected, Unavailable
from zegel.primitives.crl import MAX_REVOKED
from zegel.primitives.encoding import base64url
from zegel.primitives.keys import PublicKey
from zegel.services.access_authority import AccessAuthorityService, IssuingAuthority
from zegel.services.access_neighbours import OperatedRegister, RemoteLog
from zegel.services.access_reports import AccessReports
from zegel.services.access_revocation import AccessRevocationService
from zegel.trust.authority import Authority
from zegel.trust.rotation import Generation, KeyRing
from zegel.web import access_authority, access_operator
from zegel.web.access_authority import AccessAuthoritySite
from zegel.web.app.keys import RoleKeys, other_generations
from zegel.web.app.limits import access_authority_limits
from zegel.web.app.monitor import (
    access_families,
    key_condition,
    metrics_listeners,
    revocations_condition,
    store_condition,
    store_families,
    trust_condition,
    trust_families,
)
from zegel.web.app.roles import Listener, OpenRole, Timer, World, operator_listener, public_listener
from zegel.web.monitor import Monitor

NAME: Final = "access-authority"


async def open_access_authority(world: World) -> OpenRole:
    """Open the access authority of the configuration."""
    config = world.config.access_authority
    sealing = load_sealing_keys(config.sealing_key)
    store = await open_store(
        config.database, key=sealing.current, earlier=sealing.earlier(), clock=world.clock, random=world.random
    )
    with ExitStack() as opened:
        opened.callback(store.close)
        keys = RoleKeys(NAME, world)
        site = _site(world, store, keys)
        await site.service.reports.count()
        await site.revocation.publish()  # before anybody can ask for it
        monitor = Monitor(
            NAME,
            conditions={
                **store_condition(store),
                **key_condition(keys, world=world),
                **trust_condition(world),
                **revocations_condition(site.revocation),
            },
            notices=lambda: _notices(site),
            families=lambda: (
                *access_families(site.service, site.revocation),
                *store_families(store),
                *trust_families(world),
            ),
        )
        return OpenRole(
            name=NAME,
            listeners=_listeners(site, monitor, world),
            timers=(
                Timer(name=f"{NAME}: revocations", seconds=config.crl_period, act=site.revocation.publish),
                Timer(name=f"{NAME}: register", seconds=config.register_period, act=site.revocation.follow_register),
                Timer(name=f"{NAME}: reports", seconds=world.config.purge, act=partial(_report, site.service.reports)),
                Timer(name=f"{NAME}: purge", seconds=world.config.purge, act=store.purge),
                keys.timer(),
            ),
            close=opened.pop_all().close,
        )


async def _report(reports: AccessReports) -> int:
    """Tell the register, and the log what it refused."""
    try:
        return await reports.report()
    finally:
        for refused in reports.take_news():
            error = Rejected(Check.ACCESS_REPORT, refused.reason, field=f"certificate {refused.serial}")
            Log(NAME).write("report", error=error)


def _notices(site: AccessAuthoritySite) -> Iterator[str]:
    if refused := site.service.reports.refused:
        yield f"reports: the register refused {refused}; zegel access-authority reports says which, and why"
    for name, entries in site.revocation.crowded().items():
        yield f"revocations: {name} has {entries} of {MAX_REVOKED} entries; {Check.REVOCATION_LIST_FULL.remedy}"


def _site(world: World, store: SqlStore, keys: RoleKeys) -> AccessAuthoritySite:
    config = world.config.access_authority
    ring = keys.ring("key")
    registry = OperatedRegister(
        config.registrar,
        token=base64url(load_secret(config.registrar_token)),
        outbound=world.outbound if world.neighbour is None else world.neighbour(config.registrar),
    )
    service = AccessAuthorityService(
        config.origin,
        issuing=_issuing(ring)[0],
        days=config.days,
        store=store,
        registry=registry,
        log=RemoteLog(config.log, outbound=world.outbound),
        anchors=lambda: world.trust.anchors,
        outbound=world.outbound,
        clock=world.clock,
        random=world.random,
    )
    revocation = AccessRevocationService(
        issuing=_issuing(ring), valid=config.crl_validity, store=store, registry=registry, clock=world.clock
    )
    keys.follow("key", lambda changed: service.issue_with(_issuing(changed)[0]))
    keys.follow("key", lambda changed: revocation.sign_with(_issuing(changed)))
    return AccessAuthoritySite(
        service=service,
        revocation=revocation,
        name=config.name,
        host=urlsplit(config.origin).netloc,
        days=config.days,
    )


def _issuing(ring: KeyRing) -> tuple[IssuingAuthority, ...]:
    """Whoever issues, and then those whose certificates are still about; a key that is gone signs no list."""
    generations = [each for each in (ring.current, *other_generations(ring)) if each.private is not None]
    reserved = frozenset(each.key for each in generations)
    return tuple(_authority(each, reserved) for each in generations)


def _authority(generation: Generation, reserved: frozenset[PublicKey]) -> IssuingAuthority:
    certificate, *above = generation.certificates
    if certificate.subject == certificate.issuer:
        raise Unavailable("access_authority.chain", "it is a root's: roots stay offline, and certify who issues here")
    if not (certificate.is_authority and certificate.signs_lists and certificate.key_id):
        raise Unavailable("access_authority.chain", "its first certificate is not an authority's that signs lists")
    assert generation.private is not None  # see above
    authority = Authority(certificate=certificate, key=generation.private)
    return IssuingAuthority(authority=authority, above=tuple(above), reserved=reserved)


def _listeners(site: AccessAuthoritySite, monitor: Monitor, world: World) -> tuple[Listener, ...]:
    config = world.config.access_authority
    limits = access_authority_limits(config.rates)
    return (
        public_listener(
            NAME,
            site,
            access_authority.ROUTES,
            config=config,
            title=config.name,
            world=world,
            monitor=monitor,
            limits=limits,
        ),
        operator_listener(
            NAME,
            site,
            access_operator.OPERATOR_ROUTES,
            address=config.operator_address,
            port=config.operator_port,
            token=config.operator_token,
            limits=limits,
            world=world,
            monitor=monitor,
        ),
        *metrics_listeners(monitor, config=config, world=world),
    )
