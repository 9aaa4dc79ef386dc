"""Each role is started without one of its sources of trust: exactly the steps that need it fail, by the check that says
so. With the sources of its rows and no others it does all that it does, so that no source is missing in the table."""

import time
from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, get_args

import pytest
from zegel_testing.access_house import open_house
from zegel_testing.authorities import NOW
from zegel_testing.revocations import revocations_of
from zegel_testing.role_acts import (
    ACTS,
    ANSWER,
    ASKING,
    CREDENTIAL,
    DIPLOMA,
    HOUSE,
    IDENTITY,
    LICENCE,
    LOG_IN,
    OFFER,
    OLD_CODE,
    ORDER,
    REQUEST,
    REVOCATION,
    SHOWN,
    STANDING,
    STATUS,
    SUBMISSION,
    WATCH,
)
from zegel_testing.role_stage import COPIES, House, Stage
from zegel_testing.role_trust import (
    HEALTH,
    IDENTIFIERS,
    LISTS,
    LOG,
    PUBLISHED,
    REGISTRATION_STATUSES,
    REVOKED,
    SOURCES,
    STATUSES,
    WALLET_STATUSES,
)
from zegel_testing.sandboxes import sandbox_at
from zegel_testing.wallet_world import wallet_world

from zegel.adapters.memory import Loopback, ManualClock
from zegel.adapters.trust_files import QUALIFIED_FOLDER
from zegel.checks import Check
from zegel.config.role import RoleConfig
from zegel.config.roles import Config, ListPurpose
from zegel.config.setting import Location, Origin, Url, settings_of
from zegel.services.trust import Trust
from zegel.web.app.world import ConfiguredList

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

Failing = Mapping[str, Check]
"""The steps that fail, and by which check."""

ASKED: Final = {OFFER: Check.ANCHOR, REQUEST: Check.ANCHOR}
STALE: Final = Check.REVOCATION_STALE
GONE: Final = Check.AVAILABILITY  # a role that is just started has no earlier list to judge by
_SHOWS: Final[Mapping[str, Failing]] = {
    "registration.crl": {SHOWN: STALE},
    REGISTRATION_STATUSES: {SHOWN: GONE},
}
"""What a role needs that looks after a registration certificate of its own."""

NEEDS: Final[Mapping[str, Mapping[str, Failing]]] = {
    "wallet": {
        "access": ASKED,
        "access.crl": dict.fromkeys(ASKED, STALE),
        "access-issuing.crl": dict.fromkeys(ASKED, STALE),
        LOG: dict.fromkeys(ASKED, Check.CERTIFICATE_TIMESTAMP),
        "registration": ASKED,
        "registration.crl": dict.fromkeys(ASKED, STALE),
        REGISTRATION_STATUSES: dict.fromkeys(ASKED, GONE),
        "pid": {CREDENTIAL: Check.ENTITLEMENT},
        "attestation": {CREDENTIAL: Check.ENTITLEMENT},
        QUALIFIED_FOLDER: {CREDENTIAL: Check.ENTITLEMENT},
        "attestations.crl": {CREDENTIAL: STALE, STATUS: STALE},
        STATUSES: {STATUS: GONE},
        IDENTIFIERS: {STATUS: GONE},
        "wallet-provider": {STANDING: Check.ANCHOR},
        "wallet-status.crl": {STANDING: STALE},
        WALLET_STATUSES: {STANDING: GONE},
        HEALTH: {OLD_CODE: Check.HEALTH_SIGNER},
    },
    "issuer": {
        "wallet-provider": {LOG_IN: Check.ANCHOR, WATCH: Check.ANCHOR},
        "wallets.crl": {LOG_IN: STALE},
        "wallet-status.crl": {LOG_IN: STALE, WATCH: STALE},
        WALLET_STATUSES: {LOG_IN: GONE, WATCH: GONE},
        HEALTH: {OLD_CODE: Check.HEALTH_SIGNER},
        **_SHOWS,
    },
    ASKING: {
        "wallet-provider": {IDENTITY: Check.ANCHOR},
        "wallets.crl": {IDENTITY: STALE},
        "wallet-status.crl": {IDENTITY: STALE},
        WALLET_STATUSES: {IDENTITY: GONE},
        "pid": {ANSWER: Check.ENTITLEMENT},
        "attestations.crl": {ANSWER: STALE},
        STATUSES: {ANSWER: GONE},
    },
    "verifier": {
        "pid": {ANSWER: Check.ENTITLEMENT},
        "attestation": {ANSWER: Check.ENTITLEMENT},
        QUALIFIED_FOLDER: {ANSWER: Check.ENTITLEMENT},
        "attestations.crl": {ANSWER: STALE},
        STATUSES: {ANSWER: GONE},
        IDENTIFIERS: {ANSWER: GONE},
        **_SHOWS,
    },
    "provider": {
        "pid": {ANSWER: Check.ENTITLEMENT},
        "attestations.crl": {ANSWER: STALE},
        STATUSES: {ANSWER: GONE},
        **_SHOWS,
    },
    "door": {
        "attestation": {ANSWER: Check.ENTITLEMENT},
        "attestations.crl": {ANSWER: STALE},
        HEALTH: {OLD_CODE: GONE},
        **_SHOWS,
    },
    "wallet-provider": {
        "pid": {REVOCATION: Check.ENTITLEMENT},
        "attestations.crl": {REVOCATION: STALE},
    },
    "access-authority": {
        "access": {ORDER: Check.CERTIFICATE_TIMESTAMP},
        LOG: {ORDER: Check.CERTIFICATE_TIMESTAMP},
    },
    "transparency-log": {
        "access": {ORDER: GONE, SUBMISSION: Check.LOG_SUBMISSION},
        "access.crl": {SUBMISSION: Check.LOG_SUBMISSION},
        "access-issuing.crl": {SUBMISSION: Check.LOG_SUBMISSION},
    },
    "service": {},
    "trust": {},
    "registrar": {},
}
"""What fails of a role without a source. The last three trust nobody by a list."""


@asynccontextmanager
async def staged(role: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stage | House]:
    """The role among all others, each with all of its sources; somebody has what is to be shown."""
    if role in HOUSE:
        async with open_house(folder) as house:
            await house.register()
            yield House(house, folder)
        return
    async with wallet_world(folder, copies=COPIES) as world:
        monkeypatch.setattr(time, "time", lambda: float(world.clock.now()))  # Tax online's library reads it itself
        stage = Stage(world, folder)
        for each in ("wallet", "provider", "service", "door"):
            await stage.restart(each, ())
        for offered in ({}, LICENCE, DIPLOMA):
            await world.receive(**offered)
        yield stage


async def failing(stage: Any, role: str, *, without: Collection[str]) -> dict[str, set[str]]:
    """Start the role without these sources, and have it do all that it does; what fails, and by which checks."""
    if role == ASKING:
        source = replace(stage.world.config.issuer.source, kind="presentation")
        await stage.restart("issuer", without, source=source)
    else:
        await stage.restart(role, without)
    found: dict[str, set[str]] = defaultdict(set)
    for act in ACTS[role]:
        ended = await act(stage)
        if ended is not None:
            found[ended[0]].add(ended[1])
    return dict(found)


@pytest.mark.parametrize("role", NEEDS)
async def test_without_a_source_exactly_the_steps_that_need_it_fail(
    tmp_path: Path, role: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = {source: {step: {check.id} for step, check in steps.items()} for source, steps in NEEDS[role].items()}
    async with staged(role, tmp_path, monkeypatch) as stage:
        assert {source: await failing(stage, role, without=[source]) for source in expected} == expected
        others = [source for source in SOURCES if source not in expected]
        assert await failing(stage, role, without=others) == {}, "it needs no other"
        assert await failing(stage, role, without=()) == {}, "what failed is as it was before"


# --- no source is missing ---------------------------------------------------------------------------------------------

NAMED: Final[Mapping[str, tuple[str, ...]]] = {
    "trusted_lists.location": (*LISTS, LOG, *REVOKED),
    "trusted_lists.signer": LISTS,
    "qualified_lists.location": (QUALIFIED_FOLDER,),
    "qualified_lists.signers": (QUALIFIED_FOLDER,),
    "verifier.status_aggregations": (STATUSES, IDENTIFIERS),
    "provider.status_aggregations": (STATUSES,),
    "health.trust": (HEALTH,),
    "health.lists": (HEALTH,),
    "health.gateway_anchor": (HEALTH,),
}
"""The sources of trust that a setting names, or that what it names leads to."""
NEIGHBOURS: Final = {
    "outbound.web_authority",
    "outbound.loopback_origins",
    "registrations.registrar",  # what it gives out is judged as anybody's
    "issuer.source.provider",
    "issuer.wallet",
    "provider.wallet",
    "provider.clients.redirect_uris",
    "service.provider",
    "wallet.provider",
    "registrar.provider",
    "access_authority.registrar",
    "access_authority.log",
    "door.wallet",
}
"""Somebody at an address, who answers for nobody but himself."""
STRICTER: Final = {"health.rules", "health.revoked"}
"""Without these less is refused, not more."""
OWN: Final = {
    *("origin", "tls_certificate", "tls_key", "challenges", "sealing_key", "operator_token", "vault", "folder", "kept"),
    *("key", "chain", "status_key", "status_chain", "access_key", "access_chain", "encryption_key", "registration_key"),
    *("registration_chain", "registration", "catalogue", "register", "csv", "query", "client_secret", "subject_secret"),
    "registrar_token",
}
"""What is a role's own, by the last part of its name."""


def named(table: Any = Config, at: str = "") -> Iterator[str]:
    """The settings that name a file or an address, by their paths."""
    for setting in settings_of(table):
        path = at + setting.name
        if setting.table is not None:
            yield from named(setting.table, path + ".")
        elif parts_of(setting.type) & {Path, Origin, Url, Location}:
            yield path


def parts_of(hint: Any) -> set[Any]:
    """What a type is made of."""
    arguments = get_args(hint)
    return {hint}.union(*map(parts_of, arguments))


def test_each_setting_that_names_something_is_a_source_a_neighbour_or_the_roles_own() -> None:
    known = {*NAMED, *NEIGHBOURS, *STRICTER}
    assert {path for path in named() if path.rpartition(".")[2] not in OWN or path in known} == known


def test_every_role_is_in_the_table_and_every_source_that_its_settings_name() -> None:
    roles = {each.name for each in settings_of(Config) if isinstance(getattr(Config(), each.name), RoleConfig)}
    assert {role.replace("-", "_") for role in NEEDS} - {ASKING} == roles
    assert ACTS.keys() == NEEDS.keys()
    for path, sources in NAMED.items():
        rows = NEEDS.get(path.partition(".")[0], {source: {} for needed in NEEDS.values() for source in needed})
        assert set(sources) <= rows.keys(), path


def test_every_source_is_taken_from_somebody() -> None:
    assert {source for needed in NEEDS.values() for source in needed} == set(SOURCES)
    assert {source for sources in NAMED.values() for source in sources} >= {*SOURCES} - {*PUBLISHED}
    assert set(get_args(ListPurpose)) == set(LISTS)


async def test_what_authorities_revoked_is_what_the_lists_lead_to(tmp_path: Path) -> None:
    config = sandbox_at(tmp_path)
    revocations = revocations_of(config)
    outbound = Loopback({})
    lists = [ConfiguredList(listed, outbound=outbound) for listed in config.trusted_lists]
    await Trust(lists, fixed=(), clock=ManualClock(NOW), revocations=revocations).refresh()
    published = {url for url in revocations.asked if url.startswith(config.trust.origin)}
    assert {url.rpartition("/")[2] for url in published} == set(REVOKED)
    # and what the access authority revokes, which has issued nothing yet
    assert all(url.startswith(config.access_authority.origin) for url in set(revocations.asked) - published)
