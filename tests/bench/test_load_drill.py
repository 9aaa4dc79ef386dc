"""The load drill, in little: what it finds of the roles, with fewer people and less time."""

import json
from pathlib import Path
from shutil import copytree
from types import SimpleNamespace
from typing import Any

import pytest
import uvloop

import load_drill
from load_drill import MAX_GROWTH_MB, Town

pytestmark = pytest.mark.slow

BROWSERS = 200
PATIENCE = 50  # milliseconds; so many browsers who sign in make a longer queue than this on any machine
MOST_KB_EACH = MAX_GROWTH_MB * 1024 / load_drill.BROWSERS
UNEVEN_MB = 12  # what grows once, however many come: threads, caches, the database's pages


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a town whose roles have not been started yet."""
    return load_drill.found(tmp_path_factory.mktemp("founded") / "sandbox").config_file.parent


@pytest.fixture
def town(founded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Town:
    monkeypatch.setattr(load_drill, "WATCHED_SECONDS", 2)
    return Town(copytree(founded, tmp_path / "sandbox") / "zegel.toml")


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_two_workers_issue_and_sign_in(town: Town, capsys: pytest.CaptureFixture[str]) -> None:
    uvloop.run(load_drill.rise(town, workers=2, rates=(4,), seconds=1))
    said = lines(capsys)
    assert [(line["name"], line["workers"], line["rate"]) for line in said] == [("issuance", 2, 4), ("sign-in", 2, 4)]
    for line in said:
        assert line["errors"] == 0
        assert line["per_second"] > 0
        assert 0 < line["p50_ms"] <= line["p99_ms"]
        assert line["memory_mb"] > 0


def test_overload_is_answered_with_503_and_retry_after_and_is_over_with_the_flood(
    town: Town, capsys: pytest.CaptureFixture[str]
) -> None:
    town.let_wait(PATIENCE)
    uvloop.run(load_drill.overload(town, workers=1, flooding=2 * BROWSERS, seconds=2))
    (line,) = lines(capsys)
    assert line["turned_away"] == line["told_to_wait"] > 0
    assert line["answered"] > 0
    assert line["other"] == 0
    assert line["sign_ins"] > 0
    assert line["recovered_ms"] < 5_000


def read_until_somebody_is_turned_away(town: Town, role: str, target: str) -> None:
    """The quicker the machine, the less patience it takes: who floods it shares its processors, and may be slower."""
    for patience in PATIENCE, PATIENCE // 5, PATIENCE // 25:
        town.let_wait(patience)
        try:
            uvloop.run(load_drill.read(town, role, target, rates=(8,), flooding=2 * BROWSERS, seconds=2))
        except SystemExit as ended:
            if str(ended) != "nobody was turned away":
                raise
        else:
            return
    pytest.fail(f"nobody was turned away by {role}")


def test_who_answers_what_anybody_may_read_turns_a_crowd_away_and_recovers(
    town: Town, capsys: pytest.CaptureFixture[str]
) -> None:
    for role, target in load_drill.READS:
        read_until_somebody_is_turned_away(town, role, target)
        *_, steady, flooded = lines(capsys)
        assert steady["name"] == f"{role} {target}"
        assert (steady["errors"], steady["rate"]) == (0, 8)
        assert 0 < steady["p50_ms"] <= steady["p99_ms"]
        assert flooded["turned_away"] == flooded["told_to_wait"] > 0
        assert flooded["answered"] > 0
        assert flooded["other"] == 0
        assert flooded["reads"] > 0
        assert flooded["recovered_ms"] < 5_000
    assert {role for role, _ in load_drill.READS} == {"registrar", "transparency-log", "trust"}


def test_browsers_with_a_code_cost_their_share_of_300_mb(town: Town, capsys: pytest.CaptureFixture[str]) -> None:
    uvloop.run(load_drill.wait_with_a_code(town, browsers=BROWSERS, seconds=60))
    (line,) = lines(capsys)
    assert line["waiting"] == BROWSERS
    assert line["growth_mb"] < BROWSERS * MOST_KB_EACH / 1024 + UNEVEN_MB
    assert line["errors"] == 0


def test_where_no_more_are_let_in_that_is_said_in_a_line() -> None:
    role: Any = SimpleNamespace(resident_mb=lambda: 0.0)

    async def come() -> Any:
        raise ConnectionResetError

    async def gather() -> None:
        async with load_drill.Crowd(role) as crowd:
            await crowd.gather(come, browsers=3, seconds=1)

    with pytest.raises(SystemExit, match="0 wait, and the role takes no more connections"):
        uvloop.run(gather())


def test_requests_that_wait_cost_their_share_of_300_mb(town: Town, capsys: pytest.CaptureFixture[str]) -> None:
    uvloop.run(load_drill.wait_for_answers(town, browsers=BROWSERS, seconds=60))
    (line,) = lines(capsys)
    assert line["waiting"] == BROWSERS
    assert line["growth_mb"] < BROWSERS * MOST_KB_EACH / 1024 + UNEVEN_MB
    assert line["errors"] == 0
