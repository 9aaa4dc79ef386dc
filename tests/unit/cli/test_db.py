"""``zegel db``: the databases of a sandbox's roles."""

import json
import os
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from zegel_testing.authorities import NOW
from zegel_testing.sandboxes import sandbox_at

from zegel.adapters.entropy import system_random
from zegel.adapters.keyfiles import load_secret
from zegel.adapters.memory import ManualClock
from zegel.adapters.sealing_keys import SealingKeys, load_sealing_keys, store_sealing_keys
from zegel.adapters.sql.store import SqlStore, open_store
from zegel.adapters.sql.tables import SCHEMA
from zegel.checks import Check
from zegel.cli.db import STORED
from zegel.config.roles import Config

pytestmark = pytest.mark.anyio
PROGRAM = Path(sys.executable).with_name("zegel")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """A sandbox in which no role has run yet."""
    config = sandbox_at(tmp_path / "utopia")
    for path in (tmp_path / "utopia" / "data").glob("*.db*"):
        path.unlink()
    return config


@pytest.fixture
def db(zegel: Any, config: Config, tmp_path: Path) -> Any:
    """Run ``zegel db`` with the sandbox's configuration."""
    return lambda *args: zegel("db", *args, "--config", tmp_path / "utopia" / "zegel.toml")


async def opened(config: Config, role: str) -> SqlStore:
    own = getattr(config, role)
    return await open_store(
        own.database, key=load_secret(own.sealing_key), clock=ManualClock(NOW), random=system_random
    )


@pytest.fixture
async def made(config: Config) -> Config:
    """The databases of issuer and verifier are there."""
    for role in ("issuer", "verifier"):
        (await opened(config, role)).close()
    return config


def served(role: str, config: Path) -> subprocess.CompletedProcess[str]:
    command = [PROGRAM, "serve", role, "--config", config]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def modes(folder: str) -> dict[str, int]:
    """The modes of a folder and of what stands in it, by their names."""
    paths = [Path(folder), *Path(folder).iterdir()]
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in paths}


def make_empty(path: str) -> None:
    Path(path).touch(mode=0o600)


@pytest.mark.slow
async def test_a_check_says_integrity_and_revision(db: Any, made: Config) -> None:
    ran = db("check", "issuer", "verifier")
    assert ran.code == 0
    assert [line.split(",")[:2] for line in ran.out.splitlines()] == [
        [f"{role}  ok", f" revision {SCHEMA} of {SCHEMA}"] for role in ("issuer", "verifier")
    ]
    told = db("check", "issuer", "--json").json
    assert told.pop("bytes") > 4_096
    assert told == {"role": "issuer", "ok": True, "revision": SCHEMA, "schema": SCHEMA}


@pytest.mark.slow
async def test_a_damaged_one_does_not_hide_the_others(db: Any, made: Config, tmp_path: Path) -> None:
    (tmp_path / "utopia/data/issuer.db").write_bytes(b"no database" * 500)
    ran = db("check", "issuer", "verifier", "--json")
    assert ran.code == 3
    issuer, verifier = map(json.loads, ran.out.splitlines())
    assert (issuer["ok"], verifier["ok"]) == (False, True)
    assert issuer["detail"] == "database issuer.db: file is not a database"


@pytest.mark.slow
@pytest.mark.parametrize("action", [("check",), ("backup", "--to", "saved")])
async def test_one_that_another_key_seals_is_found_where_the_key_may_be_read(
    db: Any, made: Config, action: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    store_sealing_keys(made.issuer.sealing_key, SealingKeys(current=b"o" * 32))
    ran = db(*action, "issuer", "--json")
    assert (ran.code, "none of the role's sealing keys opens it" in ran.json["detail"]) == (3, True)
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may read all
    assert db(*action, "issuer").code == 0


@pytest.mark.slow
async def test_one_that_is_named_must_be_there(db: Any, made: Config) -> None:
    ran = db("check", "provider")
    assert (ran.code, "no such file or directory" in ran.out) == (3, True)


@pytest.mark.slow
@pytest.mark.parametrize("action", [("check",), ("backup", "--to", "saved")])
async def test_one_that_is_gone_is_named_and_does_not_keep_the_others(
    db: Any, made: Config, action: tuple[str, ...], tmp_path: Path
) -> None:
    for role in ("provider", "wallet-provider", "registrar", "access-authority"):
        (tmp_path / f"utopia/keys/{role}.seal").unlink()
    verifier = tmp_path / "utopia/data/verifier.db"
    verifier.rename(tmp_path / "elsewhere.db")
    ran = db(*action, "--json")
    issuer, gone = map(json.loads, ran.out.splitlines())
    assert (ran.code, issuer["role"], issuer["ok"], gone["role"], gone["ok"]) == (3, "issuer", True, "verifier", False)
    assert gone["detail"].startswith(f"database: there is none at {verifier}; ")
    assert db("check", "issuer").code == 0, "who means one names it"


@pytest.mark.slow
async def test_an_upgrade_and_roles_without_a_key_ask_for_none(db: Any, made: Config, tmp_path: Path) -> None:
    ran = db("upgrade", "--json")
    assert (ran.code, [json.loads(line)["role"] for line in ran.out.splitlines()]) == (0, ["issuer", "verifier"])
    for role in ("provider", "wallet-provider", "registrar", "access-authority"):
        (tmp_path / f"utopia/keys/{role}.seal").unlink()
    ran = db("check", "--json")
    assert (ran.code, [json.loads(line)["role"] for line in ran.out.splitlines()]) == (0, ["issuer", "verifier"])


@pytest.mark.slow
async def test_what_cannot_be_looked_for_is_not_passed_over(
    db: Any, made: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As who may enter neither the folder of the keys nor, of one role, that of its database."""
    real = Path.stat

    def closed(path: Path, **how: bool) -> Any:
        if path.suffix == ".seal" or path.name == "provider.db":
            raise PermissionError(13, "Permission denied")
        return real(path, **how)

    monkeypatch.setattr(Path, "stat", closed)
    ran = db("check", "--json")
    told = {line["role"]: line for line in map(json.loads, ran.out.splitlines())}
    assert (ran.code, sorted(told)) == (3, sorted(STORED))
    assert [role for role, line in told.items() if line["ok"]] == ["issuer", "verifier"]


async def test_before_any_role_has_run_there_is_none(db: Any) -> None:
    ran = db("check", "--json")
    assert (ran.code, ran.json["check"]) == (3, "availability")


@pytest.mark.refuses(Check.SYNTAX)
@pytest.mark.parametrize("args", [("check", "wallet"), ("backup", "nobody", "--to", "x"), ("restore", "trust", "x")])
async def test_a_role_without_a_database_is_wrong_usage(db: Any, args: tuple[str, ...]) -> None:
    ran = db(*args, "--json")
    assert (ran.code, ran.json["check"]) == (2, "syntax")


@pytest.mark.slow
async def test_backup_and_restore_are_a_round_trip_beside_a_role_that_runs(db: Any, made: Config) -> None:
    running = await opened(made, "issuer")
    assert db("backup", "issuer", "verifier", "--to", "saved").code == 0
    assert modes("saved") == {"saved": 0o700, "issuer.db": 0o600, "verifier.db": 0o600}
    assert "a role runs on it" in db("restore", "issuer", "saved/issuer.db", "--replace").out
    running.close()
    refused = db("restore", "issuer", "saved/issuer.db")
    assert (refused.code, "--replace" in refused.out) == (3, True)
    assert db("restore", "issuer", "saved/issuer.db", "--replace").code == 0
    (await opened(made, "issuer")).close()


@pytest.mark.slow
async def test_nothing_but_a_backup_of_the_role_is_restored(db: Any, made: Config) -> None:
    assert db("backup", "issuer", "verifier", "--to", "saved").code == 0
    make_empty("saved/empty.db")
    for file, told in (("empty", "no role has run on it"), ("verifier", "none of the role's sealing keys opens it")):
        ran = db("restore", "issuer", f"saved/{file}.db", "--replace", "--json")
        assert (ran.code, ran.json["ok"]) == (3, False)
        assert ran.json["detail"].startswith(f"database {file}.db: {told}")
    (await opened(made, "issuer")).close()
    made.issuer.sealing_key.unlink()
    ran = db("restore", "issuer", "saved/issuer.db", "--replace")
    assert (ran.code, "issuer.seal" in ran.out) == (3, True)


@pytest.mark.slow
async def test_a_backup_is_restored_when_its_key_was_rotated_since(db: Any, made: Config) -> None:
    assert db("backup", "issuer", "--to", "saved").code == 0
    path = made.issuer.sealing_key
    store_sealing_keys(path, load_sealing_keys(path).rotate(b"n" * 32))
    assert db("restore", "issuer", "saved/issuer.db", "--replace").code == 0


@pytest.mark.slow
async def test_a_second_backup_takes_no_place(db: Any, made: Config) -> None:
    assert db("backup", "issuer", "--to", "saved").code == 0
    assert db("backup", "issuer", "--to", "saved").code == 3


@pytest.mark.slow
async def test_an_upgrade_says_from_where(db: Any, made: Config, tmp_path: Path) -> None:
    ran = db("upgrade", "issuer", "--json")
    assert (ran.code, ran.json["revision"], ran.json["schema"]) == (0, SCHEMA, SCHEMA)


@pytest.mark.slow
async def test_a_role_does_not_start_on_a_newer_schema(db: Any, made: Config, tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "utopia/data/verifier.db")
    with connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    ran = served("verifier", tmp_path / "utopia" / "zegel.toml")
    assert ran.returncode == 3
    assert "its schema 9999 is not one of this zegel's; run the newer zegel" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert db("check", "verifier").code == 3
    assert db("upgrade", "verifier").code == 3
