"""How each role is watched: it answers, it is ready or says why not, and it counts without naming anybody."""

import io
import json
import os
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from zegel_testing.authorities import DAY, NOW
from zegel_testing.business_rules import rules_for_whatever
from zegel_testing.health import Health
from zegel_testing.health_lists import OFFICE, OTHER, gateway_entry
from zegel_testing.logs import logging_to
from zegel_testing.qualified import ListsInHand
from zegel_testing.revoked_health import batch
from zegel_testing.sandboxes import sandbox_at

from zegel.adapters.entropy import system_random
from zegel.adapters.kept_health import HealthListFolder
from zegel.adapters.keyfiles import load_secret
from zegel.adapters.memory import Loopback, ManualClock
from zegel.adapters.sql import dialect
from zegel.checks import Check
from zegel.config.health import HealthConfig
from zegel.config.role import RoleConfig
from zegel.config.roles import Config
from zegel.config.setting import Port, Url
from zegel.errors import Rejected, Unavailable
from zegel.formats.hcert.revocation import HashType
from zegel.primitives.encoding import base64url
from zegel.primitives.http import HttpRequest, HttpResponse
from zegel.services.qualified_lists import QualifiedLists
from zegel.services.trust import Trust
from zegel.web.app.all import ROLE_NAMES, load_role
from zegel.web.app.monitor import trust_families
from zegel.web.app.roles import Listener, OpenRole, World
from zegel.web.app.world import ConfiguredList
from zegel.web.monitor import HEALTH, METRICS, READY

pytestmark = pytest.mark.anyio
WATCHED = Port(7121)
STORED = ("issuer", "verifier", "provider", "wallet-provider", "registrar", "access-authority")
TRUSTING = (*STORED, "transparency-log", "wallet", "door")
CERTIFIED = ("issuer", "verifier", "provider", "wallet-provider", "registrar", "door")
SECRET = "a-value-that-nobody-may-read"


@dataclass
class Watched:
    """A role of a sandbox, opened, and its world."""

    role: OpenRole
    world: World
    clock: ManualClock
    folder: Path

    @property
    def public(self) -> Listener:
        return self.role.listeners[0]

    @property
    def metrics(self) -> Listener:
        return self.role.listeners[-1]

    async def get(self, path: str, *, at: Listener | None = None, method: str = "GET") -> HttpResponse:
        listener = at or self.metrics
        return await listener.handle(HttpRequest(method=method, url=listener.origin + path))

    async def not_ready(self) -> dict[str, str]:
        """The conditions that do not hold, with their reasons; at both doors alike."""
        answers = [await self.get(READY, at=listener) for listener in (self.public, self.metrics)]
        first, second = [json.loads(answer.body) for answer in answers]
        assert first == second
        failing = {name: why for name, why in first["conditions"].items() if why != "ok"}
        assert {answer.status for answer in answers} == {503 if failing else 200}
        assert first["ready"] is not bool(failing)
        return failing


def watched_config(folder: Path) -> Config:
    """A sandbox in which every role is watched at the same port: none is served here."""
    config = sandbox_at(folder)
    names = [name.replace("-", "_") for name in ROLE_NAMES]
    return replace(config, **{name: replace(getattr(config, name), metrics_port=WATCHED) for name in names})


async def watch(name: str, folder: Path, *, health: HealthConfig | None = None) -> Watched:
    config, clock = watched_config(folder), ManualClock(NOW)
    config = config if health is None else replace(config, health=health)
    outbound = Loopback({"https://lists.utopia.example": one_signer})
    trust = Trust([ConfiguredList(each, outbound=outbound) for each in config.trusted_lists], fixed=(), clock=clock)
    world = World(config=config, clock=clock, random=system_random, outbound=outbound, trust=trust)
    return Watched(role=await load_role(name)(world), world=world, clock=clock, folder=folder)


@pytest.fixture(params=ROLE_NAMES)
async def each(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Watched]:
    """Each role in its turn, with the lists fetched."""
    watched = await watch(request.param, tmp_path)
    await watched.world.trust.refresh()
    yield watched
    watched.role.close()


@contextmanager
def closed(watched: Watched) -> Iterator[None]:
    try:
        yield
    finally:
        watched.role.close()


# --- it answers, it is ready ------------------------------------------------------------------------------------------


async def test_every_role_answers_and_is_ready_at_both_doors(each: Watched) -> None:
    for listener in (each.public, each.metrics):
        health = await each.get(HEALTH, at=listener)
        assert (health.status, health.body) == (200, b'{"status":"ok"}')
    assert await each.not_ready() == {}


@pytest.mark.slow
async def test_counts_are_told_at_their_own_door_alone(each: Watched) -> None:
    assert each.metrics.name == f"{each.role.name} metrics"
    assert each.metrics.origin == f"http://127.0.0.1:{WATCHED}"
    told = await each.get(METRICS)
    assert (told.status, told.header("content-type")) == (200, "text/plain; version=0.0.4; charset=utf-8")
    for listener in each.role.listeners[:-1]:
        assert (await each.get(METRICS, at=listener)).status == 404


@pytest.mark.slow
async def test_a_door_on_this_machine_is_called_by_its_own_name(each: Watched) -> None:
    """Another site whose name points here would read it in its visitor's browser."""
    request = HttpRequest(method="GET", url=each.metrics.origin + METRICS, headers=(("host", "evil.example"),))
    assert (await each.metrics.handle(request)).status == 421


@pytest.mark.slow
@pytest.mark.parametrize("name", ROLE_NAMES)
async def test_without_a_port_there_is_no_such_door(tmp_path: Path, name: str) -> None:
    config, clock, outbound = sandbox_at(tmp_path), ManualClock(NOW), Loopback({})
    world = World(
        config=config, clock=clock, random=system_random, outbound=outbound, trust=Trust((), fixed=(), clock=clock)
    )
    role = await load_role(name)(world)
    assert [each.name for each in role.listeners if "metrics" in each.name] == []
    role.close()


async def test_a_door_that_others_reach_is_called_by_any_name(tmp_path: Path) -> None:
    config, clock, outbound = watched_config(tmp_path), ManualClock(NOW), Loopback({})
    trust = replace(config.trust, metrics_address="0.0.0.0")  # a container's
    world = World(
        config=replace(config, trust=trust),
        clock=clock,
        random=system_random,
        outbound=outbound,
        trust=Trust((), fixed=(), clock=clock),
    )
    role = await load_role("trust")(world)
    request = HttpRequest(method="GET", url=role.listeners[-1].origin + HEALTH, headers=(("host", "pod.example"),))
    assert (await role.listeners[-1].handle(request)).status == 200


def test_nothing_is_watched_that_is_not_asked_for() -> None:
    settings = RoleConfig(origin="http://a.localhost:1", port=Port(1))
    assert (settings.metrics_port, settings.metrics_address) == (None, "127.0.0.1")


# --- it is not ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TRUSTING)
async def test_a_role_without_its_lists_is_not_ready(tmp_path: Path, name: str) -> None:
    watched = await watch(name, tmp_path)
    with closed(watched):
        assert await watched.not_ready() == {
            "trust": "list of pid providers: never fetched",
        }
        await watched.world.trust.refresh()
        assert await watched.not_ready() == {}
        watched.clock.advance(184 * DAY)
        assert (await watched.not_ready())["trust"] == "list of pid providers: overdue"
        for path in (watched.folder / "trust").glob("*.jwt"):
            path.unlink()
        await watched.world.trust.refresh()
        reason = (await watched.not_ready())["trust"]
        assert reason.startswith("list of pid providers: overdue: ")
        assert reason.endswith("no such file or directory")


@pytest.mark.parametrize("name", CERTIFIED)
async def test_a_role_whose_certificate_is_over_is_not_ready(tmp_path: Path, name: str) -> None:
    watched = await watch(name, tmp_path)
    with closed(watched):
        watched.clock.advance(366 * DAY)
        assert (await watched.not_ready())["key"] == "key: its certificate has expired"
        watched.clock.advance(-400 * DAY)
        assert (await watched.not_ready())["key"] == "key: its certificate is not valid yet"


@contextmanager
def locked(watched: Watched) -> Iterator[None]:
    """Somebody else writes to the role's database meanwhile."""
    config = getattr(watched.world.config, watched.role.name.replace("-", "_"))
    other = sqlite3.connect(config.database.removeprefix("sqlite:///"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    yield
    other.execute("ROLLBACK")
    other.close()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A database that is locked is locked: nobody waits for it."""
    pragmas = [each for each in dialect._PRAGMAS if not each.startswith("busy_timeout")]
    monkeypatch.setattr(dialect, "_PRAGMAS", ("busy_timeout=0", *pragmas))


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("name", STORED)
async def test_a_role_whose_database_is_locked_is_not_ready_until_it_is_free(tmp_path: Path, name: str) -> None:
    watched = await watch(name, tmp_path)
    with closed(watched):
        await watched.world.trust.refresh()
        with locked(watched):
            assert await watched.not_ready() == {"store": "database: database is locked"}
        assert await watched.not_ready() == {}
        assert (await counts(watched))["zegel_store_errors_total"] == 2  # once at each door


@pytest.mark.usefixtures("impatient")
async def test_a_log_whose_database_is_locked_is_not_ready_until_it_is_free(tmp_path: Path) -> None:
    watched = await watch("transparency-log", tmp_path)
    with closed(watched):
        await watched.world.trust.refresh()
        with locked(watched):
            assert await watched.not_ready() == {"log": "database: database is locked"}
        assert await watched.not_ready() == {}


async def test_a_publisher_without_lists_is_not_ready(tmp_path: Path) -> None:
    watched = await watch("trust", tmp_path)
    for path in (tmp_path / "trust").glob("*.jwt"):
        path.unlink()
    assert await watched.not_ready() == {"lists": "lists of trusted entities: there is none in the folder"}


@pytest.mark.refuses(Check.AVAILABILITY)
async def test_lists_that_are_overdue_are_not_fresh(tmp_path: Path) -> None:
    watched = await watch("trust", tmp_path)
    with pytest.raises(Unavailable) as refusal:
        watched.world.trust.check_fresh()
    assert refusal.value.check is Check.AVAILABILITY
    await watched.world.trust.refresh()
    assert len(watched.world.trust.check_fresh()) == len(watched.world.config.trusted_lists)


# --- what it counts -------------------------------------------------------------------------------------------------


async def counts(watched: Watched) -> dict[str, float]:
    """The samples whose only label is the role, by their names."""
    text = (await watched.get(METRICS)).body.decode()
    families = text_string_to_metric_families(text)
    return {one.name: one.value for family in families for one in family.samples if set(one.labels) == {"role"}}


async def test_ages_are_told_by_the_clock(tmp_path: Path) -> None:
    watched = await watch("issuer", tmp_path)
    with closed(watched):
        await watched.world.trust.refresh()
        watched.clock.advance(40)
        text = (await watched.get(METRICS)).body.decode()
        assert 'zegel_trust_list_age_seconds{role="issuer",list="trusted_lists[0]",purpose="pid"} 40\n' in text
        families = {family.name: family for family in text_string_to_metric_families(text)}
        assert len(families["zegel_trust_list_left_seconds"].samples) == len(watched.world.config.trusted_lists)
        left = {one.labels["certificate"]: one.value for one in families["zegel_registration_left_seconds"].samples}
        assert left == {"issuer.registration": 180 * DAY - 40, "issuer.source.registration": 180 * DAY - 40}
        watched.clock.advance(180 * DAY)  # and what has ended is counted on
        ended = (await watched.get(METRICS)).body.decode()
        assert 'zegel_registration_left_seconds{role="issuer",certificate="issuer.registration"} -40\n' in ended
        assert families["zegel_status_list_age_seconds"].samples == [], "nothing was issued yet"


async def test_a_health_list_that_is_old_or_held_back_is_said_and_the_role_goes_on(tmp_path: Path) -> None:
    url = Url("https://lists.utopia.example/dsc")
    kept = tmp_path / "kept"
    kept.mkdir()
    rules = rules_for_whatever(tmp_path / "rules")
    watched = await watch("door", tmp_path, health=HealthConfig(trust=(kept,), lists=(url,), kept=kept, rules=rules))
    with closed(watched):
        await watched.world.trust.refresh()
        assert json.loads((await watched.get(READY)).body)["notices"] == ["lists.utopia.example: 0 signers"]
        shelf, offices = HealthListFolder(tmp_path / "kept"), [OFFICE, OTHER, Health(name="Utopia clinic")]
        shelf.keep(url, json.dumps([gateway_entry(each) for each in offices]).encode(), at=NOW)
        watched.clock.advance(40)
        (timer,) = [each for each in watched.role.timers if each.name == "door: health lists"]
        with pytest.raises(Rejected, match="3 signers gone at once, got 2"):
            await timer.act()
        assert await watched.not_ready() == {}
        notice, _ = json.loads((await watched.get(READY)).body)["notices"]
        assert "fetched today; another one is held back: expected at most" in notice
        text = (await watched.get(METRICS)).body.decode()
        assert 'zegel_health_list_age_seconds{role="door",list="health.lists[0]"} 40\n' in text
        assert text.count('zegel_health_list_held_back{role="door",list="health.lists[0]"} 1\n') == 1


async def test_the_age_of_what_nobody_fetches_is_told_and_revocations_that_are_old_are_said(tmp_path: Path) -> None:
    rules, revoked = rules_for_whatever(tmp_path / "rules"), tmp_path / "revoked"
    revoked.mkdir()
    (tmp_path / "office.der").write_bytes(OFFICE.der)
    (revoked / "batch.json").write_bytes(batch(HashType.UCI, b"URN:UVCI:01:UT:4711"))
    for file in (tmp_path / "office.der", revoked / "batch.json", *rules.rglob("*")):
        os.utime(file, (NOW - DAY, NOW - DAY))
    health = HealthConfig(trust=(tmp_path / "office.der",), rules=rules, revoked=revoked)
    watched = await watch("door", tmp_path, health=health)
    with closed(watched):
        await watched.world.trust.refresh()
        assert "notices" not in json.loads((await watched.get(READY)).body)
        text = (await watched.get(METRICS)).body.decode()
        for name in ("health.trust", "health.rules", "health.revoked"):
            assert f'zegel_health_folder_age_seconds{{role="door",folder="{name}"}} {DAY}\n' in text
        watched.clock.advance(7 * DAY)
        (notice,) = json.loads((await watched.get(READY)).body)["notices"]
        assert (
            notice == f"health.revoked: 1 file, written on {datetime.fromtimestamp(NOW - DAY, UTC).date()}, 8 days ago"
        )
        log = io.StringIO()
        (timer,) = [each for each in watched.role.timers if each.name == "door: health lists"]
        with logging_to(log):
            await timer.act()
        (said,) = [json.loads(line) for line in log.getvalue().splitlines()]
        assert (said["event"], said["host"], said["count"]) == ("old health list", "health.revoked", 8)
        (revoked / "batch.json").unlink()
        await timer.act()
        assert json.loads((await watched.get(READY)).body)["notices"] == ["health.revoked: no file"]


async def one_signer(_request: HttpRequest) -> HttpResponse:
    """A list of health authorities with one signer on it."""
    return HttpResponse(status=200, body=json.dumps([gateway_entry(OTHER)]).encode())


async def test_of_lists_in_xml_the_ages_are_told_by_what_they_are(tmp_path: Path) -> None:
    watched = await watch("issuer", tmp_path)
    trust = Trust((), fixed=(), clock=watched.clock, qualified=[QualifiedLists(ListsInHand(), clock=watched.clock)])
    with closed(watched):
        await trust.refresh()
        watched.clock.advance(40)
        config = replace(watched.world.config, trusted_lists=())
        ages, _ = trust_families(replace(watched.world, config=config, trust=trust))
        assert [(dict(each.labels), each.value) for each in ages.samples] == [
            ({"list": "list of the lists", "purpose": "qualified-attestation"}, 40),
            ({"list": "national list of UT", "purpose": "qualified-attestation"}, 40),
        ]


async def test_what_is_purged_is_counted(tmp_path: Path) -> None:
    watched = await watch("verifier", tmp_path)
    with closed(watched):
        token = base64url(load_secret(watched.world.config.verifier.operator_token))
        query = b'{"dcql_query":{"credentials":[{"id":"a","format":"dc+sd-jwt","meta":{"vct_values":["urn:x"]}}]}}'
        operator = watched.role.listeners[1]
        asked = HttpRequest(
            method="POST",
            url=operator.origin + "/requests",
            headers=(("authorization", f"Bearer {token}"), ("content-type", "application/json")),
            body=query,
        )
        assert (await operator.handle(asked)).status == 201
        watched.clock.advance(DAY)
        for timer in watched.role.timers:
            await timer.act()
        assert (await counts(watched))["zegel_purged_records_total"] == 2, "the session, and how it ended"


@pytest.mark.slow
async def test_no_label_holds_what_somebody_sent(each: Watched) -> None:
    for listener in each.role.listeners:
        for method, path in (
            ("GET", f"/{SECRET}"),
            ("GET", f"/request/{SECRET}"),
            ("GET", f"/?code={SECRET}"),
            ("GET", f"/static/{SECRET}"),
            ("POST", f"/response/{SECRET}"),
            (SECRET, "/"),
        ):
            url = listener.origin + path
            await listener.handle(HttpRequest(method=method, url=url, headers=(("user-agent", SECRET),)))
            await listener.handle(HttpRequest(method=method, url=url, headers=(("host", SECRET),)))
    told = (await each.get(METRICS)).body
    assert SECRET.encode() not in told
    if each.role.name != "service":
        assert b'status="421"' in told
        assert b'zegel_refusals_total{role="%s",check="host"}' % each.role.name.encode() in told
