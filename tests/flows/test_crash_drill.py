"""A short crash drill: some of the points at which roles are killed, and each fault once. ``make drill`` has all."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import delete
from zegel_drill.__main__ import in_shares
from zegel_drill.faults import (
    HOUR,
    PURGE,
    clock_there_and_back,
    full_disk,
    hanging_log,
    hanging_status_host,
    locked_database,
    no_writes,
    read_only_disk,
    wrong_clock,
)
from zegel_drill.ground import copied, ledger_of, living_town, may_mount
from zegel_drill.judge import _served_twice
from zegel_drill.ledger import read_ledger, sealing_key
from zegel_drill.scenarios import Result, kill, kill_at_start, walked
from zegel_drill.town import Exchange, Point, Town
from zegel_testing.markdown import the_block

from zegel.adapters.sql.tables import records, status_pages

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with living_town(tmp_path_factory.mktemp("drill") / "town", settings={"": {"purge": PURGE}}) as town:
        yield town


def went_well(result: Result) -> bool:
    assert result.faults == (), result.members()
    return True


@pytest.mark.parametrize(
    ("role", "point", "when"),
    [
        ("issuer", Point("POST /token", "commit", 1), "after"),
        ("provider", Point("GET /return/{session}", "commit", 2), "before"),
        ("wallet", Point("GET /callback", "write", 1), "before"),
        ("transparency-log", Point("POST /ct/v2/submit-entry", "commit", 1), "before"),
        ("transparency-log", Point("POST /ct/v2/submit-entry", "commit", 1), "after"),
        ("registrar", Point("POST /applications", "commit", 1), "before"),
        ("registrar", Point("POST /decisions", "commit", 1), "before"),
        ("registrar", Point("POST /decisions", "commit", 1), "after"),
        ("registrar", Point("POST /sign-in/code", "commit", 2), "before"),
        ("registrar", Point("POST /sign-in/code", "commit", 2), "after"),
        ("access-authority", Point("POST /orders/{order}/certificate", "commit", 1), "after"),
        ("access-authority", Point("POST /orders/{order}/certificate", "commit", 3), "before"),
        ("access-authority", Point("POST /orders/{order}/certificate", "commit", 4), "before"),
        ("access-authority", Point("POST /revocations", "commit", 1), "after"),
        ("door", Point("POST /ask", "answer", 1), "before"),
        ("wallet-provider", Point("POST /instances", "commit", 1), "after"),
        ("wallet-provider", Point("POST /wallet-attestations", "commit", 1), "before"),
    ],
    ids=str,
)
async def test_who_is_killed_there_leaves_nothing_lost_and_nothing_twice(
    town: Town, role: str, point: Point, when: str
) -> None:
    assert went_well(await kill(town, role, point, when))


async def test_who_is_killed_while_it_makes_its_database_starts_like_new(town: Town) -> None:
    assert went_well(await kill_at_start(town, "verifier", Point("start", "commit", 1), "after"))


@pytest.mark.parametrize("role", ["verifier", "access-authority"])
async def test_a_full_disk_is_told_of_and_lived_through(town: Town, role: str) -> None:
    assert went_well(await full_disk(town, role))


async def test_a_disk_that_is_written_no_more_is_told_of_and_lived_through(town: Town) -> None:
    assert went_well(await (read_only_disk(town, "wallet") if may_mount() else no_writes(town, "wallet")))


async def test_a_locked_database_is_told_of_and_lived_through(town: Town) -> None:
    assert went_well(await locked_database(town, "registrar"))


async def test_a_status_host_that_hangs_holds_up_nobody_else(town: Town) -> None:
    assert went_well(await hanging_status_host(town))


async def test_a_log_that_hangs_holds_up_nobody_else(town: Town) -> None:
    assert went_well(await hanging_log(town))


async def test_a_clock_that_jumps_lets_nothing_pass_and_does_no_harm_when_it_is_right(town: Town) -> None:
    assert went_well(await wrong_clock(town, "verifier", HOUR))


async def test_nothing_serves_again_when_a_clock_was_ahead(town: Town) -> None:
    assert went_well(await clock_there_and_back(town))


async def test_the_drill_sees_that_nobody_was_killed(town: Town) -> None:
    result = await kill(town, "trust", Point("GET /nowhere", "answer", 1), "before")
    assert result.faults == ("expected that trust dies once, and [] did",)


async def test_the_drill_sees_what_a_row_refers_to_and_is_not_there(town: Town) -> None:
    assert await walked(town, only=("wallet", "receive")) == []
    assert list(ledger_of(town, "issuer").orphans(now=0)) == []
    with copied(town, "issuer") as database:
        with database.transaction():
            database.connection.execute(delete(records).where(records.c.kind == "grant"))
            database.connection.execute(delete(status_pages))
        orphans = list(read_ledger(database, sealing_key(town.config.issuer)).orphans(now=0))
    assert "a refresh token refers to a grant that is not there" in orphans
    assert any(orphan.endswith("was issued, and is not taken") for orphan in orphans)


def test_a_line_of_the_drill_reads_as_it_is_printed() -> None:
    point = Point("POST /token", "commit", 1)
    line = Result("issuer", str(point), "after", 3487, ()).members()
    assert json.dumps(line) + "\n" == the_block("json drill").text


@pytest.mark.parametrize(
    ("share", "code"),
    [
        ("exit 0", 2),
        ('echo \'{"part": "kills", "scenarios": 0}\'', 2),
        ("exit 1", 1),
        ("echo '{\"ok\": true}'", 0),
        ("echo '{\"ok\": false}'", 1),
        ("echo '{\"ok\": true}'; exit 1", 1),
    ],
    ids=["nothing chosen", "nothing in any part", "did not begin", "all went well", "one failed", "ended on the way"],
)
def test_a_drill_that_did_nothing_is_no_success(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], share: str, code: int
) -> None:
    program = tmp_path / "share"
    program.write_text(f"#!/bin/sh\n{share}\n")
    program.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(program))
    assert in_shares("walet") == code
    assert ("no scenario has 'walet'" in capsys.readouterr().err) == (code == 2)


def exchange(*, status: int | None, commits: int = 1, code: str = "c") -> Exchange:
    return Exchange(
        role="issuer",
        listener="issuer",
        work="POST /token",
        method="POST",
        target="/token",
        headers=[],
        body=f"code={code}".encode(),
        status=status,
        commits=commits,
    )


def test_the_drill_sees_a_secret_that_served_twice() -> None:
    assert list(_served_twice([exchange(status=200), exchange(status=400), exchange(status=200, code="d")])) == []
    killed_after_its_commit, killed_before = exchange(status=None), exchange(status=None, commits=0)
    assert list(_served_twice([killed_before, exchange(status=200)])) == []
    found = list(_served_twice([killed_after_its_commit, exchange(status=200)]))
    assert found == ["the secret of POST /token served 2 times"]
