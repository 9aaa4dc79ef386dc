"""A role's database from outside: looked at, brought up to date, copied while it is in use, put back."""

import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from zegel_testing.authorities import NOW
from zegel_testing.records import CODE, SESSION, Waiting

from zegel.adapters.entropy import system_random
from zegel.adapters.memory import ManualClock
from zegel.adapters.sql.schema import TABLES
from zegel.adapters.sql.store import SqlStore, open_store
from zegel.adapters.sql.tables import SCHEMA
from zegel.adapters.sql.upkeep import back_up, database_file, look_at, restore, upgrade
from zegel.checks import Check
from zegel.errors import Unavailable

pytestmark = pytest.mark.anyio
KEY = b"k" * 32
YEAR = 31_536_000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "issuer.db"


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    return tmp_path / "backup.db"


async def opened(path: Path, *, key: bytes = KEY) -> SqlStore:
    return await open_store(
        f"sqlite:///{path}", key=key, clock=ManualClock(NOW), random=system_random, status_list_size=1 << 12
    )


async def put(store: SqlStore, key: str, claim: str, *, expires: int = NOW + YEAR) -> None:
    async with store.transaction(durable=True) as transaction:
        await transaction.put(SESSION, key, Waiting(claim=claim), expires=expires)


async def loaded(store: SqlStore, key: str) -> object:
    async with store.transaction() as transaction:
        stored = await transaction.load(SESSION, key)
    return None if stored is None else stored.value


def changed(path: Path, statement: str) -> None:
    connection = sqlite3.connect(path)
    with connection:
        connection.execute(statement)
    connection.close()


def write(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    path.chmod(0o600)


def remove(path: Path) -> None:
    path.unlink()


def files_of(path: Path) -> dict[str, bytes]:
    """What stands beside a file, and in it."""
    return {file.name: file.read_bytes() for file in path.parent.iterdir() if file.is_file()}


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def started(program: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def damaged(path: Path) -> None:
    """Overwrite the second page, on which the first table begins."""
    with path.open("r+b") as file:
        file.seek(4_096)
        file.write(b"\xff" * 4_096)


# --- looked at --------------------------------------------------------------------------------------------------------


async def test_a_database_in_use_is_whole_and_current(path: Path) -> None:
    store = await opened(path)
    state = look_at(path).check_current()
    assert (state.revision, state.size > 4_096) == (SCHEMA, True)
    store.close()


@pytest.mark.refuses(Check.AVAILABILITY)
async def test_what_is_damaged_is_found(path: Path) -> None:
    (await opened(path)).close()
    damaged(path)
    with pytest.raises(Unavailable, match=r"database issuer\.db: it is damaged: .*[Pp]age 2") as refusal:
        look_at(path)
    assert refusal.value.check is Check.AVAILABILITY


@pytest.mark.parametrize("table", sorted(TABLES - {"alembic_version"}))
async def test_a_table_that_is_missing_is_found(path: Path, backup: Path, table: str) -> None:
    (await opened(path)).close()
    changed(path, f"DROP TABLE {table}")
    for act in (look_at, upgrade, lambda at: back_up(at, backup)):
        with pytest.raises(Unavailable, match=rf"database issuer\.db: it lacks the table {table}"):
            act(path)
    assert "backup.db" not in files_of(path)


async def test_a_key_that_does_not_seal_it_is_found_where_it_is_tried(path: Path, backup: Path) -> None:
    (await opened(path)).close()
    for keys in (None, (KEY,), (b"n" * 32, KEY)):
        look_at(path, keys=keys)
        back_up(path, backup, keys=keys)
        remove(backup)
    for keys in ((), (b"n" * 32,)):
        with pytest.raises(Unavailable, match=r"database issuer\.db: none of the role's sealing keys opens it"):
            look_at(path, keys=keys)
        with pytest.raises(Unavailable, match=r"database issuer\.db: none of the role's sealing keys opens it"):
            back_up(path, backup, keys=keys)
    assert "backup.db" not in files_of(path)


async def test_one_that_no_role_has_run_on_yet_is_whole_and_makes_no_backup(path: Path, backup: Path) -> None:
    made_anew(path)
    assert look_at(path, keys=(KEY,)).check_current().revision == SCHEMA
    with pytest.raises(Unavailable, match=r"database issuer\.db: no role has run on it"):
        back_up(path, backup, keys=(KEY,))
    assert "backup.db" not in files_of(path)


@pytest.mark.parametrize("content", [b"no database at all" * 300, b""])
def test_what_is_no_database_is_not_current(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(Unavailable, match=r"not a database|expected schema .* got none"):
        look_at(path).check_current()


def test_one_that_is_missing_is_not_made(path: Path) -> None:
    with pytest.raises(Unavailable, match="no such file or directory"):
        look_at(path)
    assert not path.exists()


def test_only_files_are_looked_after(path: Path) -> None:
    assert database_file(f"sqlite:///{path}") == path
    for url in ("sqlite://", "postgresql://server/issuer", "not a url"):
        with pytest.raises(Unavailable):
            database_file(url)


# --- brought up to date -----------------------------------------------------------------------------------------------


async def test_an_upgrade_makes_the_tables_and_a_second_changes_nothing(path: Path) -> None:
    write(path, b"")
    assert upgrade(path).revision is None
    assert upgrade(path).revision == SCHEMA
    look_at(path).check_current()


async def test_a_newer_schema_is_neither_current_nor_upgraded_nor_opened(path: Path) -> None:
    (await opened(path)).close()
    changed(path, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(Unavailable, match=f"expected schema {SCHEMA}, got 9999"):
        look_at(path).check_current()
    with pytest.raises(Unavailable, match="run the newer zegel"):
        upgrade(path)
    with pytest.raises(Unavailable, match="run the newer zegel"):
        await opened(path)


async def test_nothing_is_upgraded_under_a_role_that_runs(path: Path) -> None:
    store = await opened(path)
    with pytest.raises(Unavailable, match="a role runs on it"):
        upgrade(path)
    store.close()
    upgrade(path)


# --- copied -----------------------------------------------------------------------------------------------------------


async def test_a_backup_is_what_was_there_when_it_was_made(path: Path, backup: Path) -> None:
    store = await opened(path)
    await put(store, "before", "Ada")
    back_up(path, backup)
    await put(store, "after", "Eve")
    store.close()
    assert look_at(backup).check_current().revision == SCHEMA
    copy = await opened(backup)
    assert await loaded(copy, "before") == Waiting(claim="Ada")
    assert await loaded(copy, "after") is None
    copy.close()


async def test_a_backup_is_one_file_for_its_owner_alone(path: Path, tmp_path: Path) -> None:
    store = await opened(path)
    await put(store, "one", "Ada")
    (tmp_path / "to").mkdir()
    before = os.umask(0)
    try:
        back_up(path, tmp_path / "to" / "issuer.db")
    finally:
        os.umask(before)
    store.close()
    assert list(files_of(tmp_path / "to" / "issuer.db")) == ["issuer.db"]
    assert mode_of(tmp_path / "to" / "issuer.db") == 0o600
    assert b"Ada" not in files_of(tmp_path / "to" / "issuer.db")["issuer.db"]


async def test_a_backup_takes_no_files_place(path: Path, backup: Path) -> None:
    (await opened(path)).close()
    write(backup, b"mine")
    with pytest.raises(Unavailable, match="file exists"):
        back_up(path, backup)
    assert files_of(path)["backup.db"] == b"mine"
    assert not [name for name in files_of(path) if "draft" in name]


async def test_a_damaged_database_makes_no_backup(path: Path, backup: Path) -> None:
    (await opened(path)).close()
    damaged(path)
    with pytest.raises(Unavailable, match=r"^database issuer\.db: it is damaged: .*[Pp]age 2"):
        back_up(path, backup)
    assert "backup.db" not in files_of(path)


@pytest.mark.slow
async def test_a_backup_is_whole_while_another_process_writes(path: Path, backup: Path, tmp_path: Path) -> None:
    """It writes as fast as it can; the copy is of a moment between two transactions, each of which adds two rows."""
    (await opened(path)).close()
    changed(path, "CREATE TABLE pairs (n INTEGER)")
    writing = (
        "import sqlite3, sys\n"
        f"c = sqlite3.connect({str(path)!r}, isolation_level=None, timeout=30)\n"
        "n = 0\n"
        "while True:\n"
        "    c.execute('BEGIN IMMEDIATE'); c.execute('INSERT INTO pairs VALUES (?)', (n,))\n"
        "    c.execute('INSERT INTO pairs VALUES (?)', (n,)); c.execute('COMMIT'); n += 1\n"
        "    if n == 100: print('writing', flush=True)\n"
    )
    writer = started(writing)
    try:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"writing\n"
        for at in range(5):
            back_up(path, tmp_path / f"{at}.db")
    finally:
        writer.kill()
        writer.communicate()
    counts = []
    for at in range(5):
        connection = sqlite3.connect(tmp_path / f"{at}.db")
        counts.append(connection.execute("SELECT count(*) FROM pairs").fetchone()[0])
        connection.close()
    assert all(count % 2 == 0 and count >= 200 for count in counts)
    assert counts == sorted(counts)


# --- put back ---------------------------------------------------------------------------------------------------------


async def test_what_was_backed_up_is_there_again(path: Path, backup: Path) -> None:
    store = await opened(path)
    await put(store, "one", "Ada")
    store.close()
    back_up(path, backup)
    remove(path)
    assert restore(path, backup, keys=(KEY,), replace=False, now=NOW).revision == SCHEMA
    assert mode_of(path) == 0o600
    again = await opened(path)
    assert await loaded(again, "one") == Waiting(claim="Ada")
    again.close()


async def test_a_database_that_is_there_is_given_up_only_when_told(path: Path, backup: Path) -> None:
    store = await opened(path)
    await put(store, "before", "Ada")
    back_up(path, backup)
    await put(store, "after", "Eve")
    store.close()
    with pytest.raises(Unavailable, match="it is there already; --replace gives it up"):
        restore(path, backup, keys=(KEY,), replace=False, now=NOW)
    again = await opened(path)
    assert await loaded(again, "after") == Waiting(claim="Eve")
    again.close()
    restore(path, backup, keys=(KEY,), replace=True, now=NOW)
    restored = await opened(path)
    assert await loaded(restored, "before") == Waiting(claim="Ada")
    assert await loaded(restored, "after") is None
    restored.close()


async def test_what_a_crash_has_left_of_a_restored_database_is_gone_with_the_next(path: Path, backup: Path) -> None:
    (await opened(path)).close()
    back_up(path, backup)
    left = [path.with_name(f".{path.name}.4711.draft{suffix}") for suffix in ("", "-journal")]
    for draft in left:
        write(draft, b"personal, and sealed")
    restore(path, backup, keys=(KEY,), replace=True, now=NOW)
    assert not any(map(Path.exists, left))


async def test_the_log_of_the_one_that_crashed_is_not_played_into_the_one_restored(path: Path, backup: Path) -> None:
    store = await opened(path)
    await put(store, "before", "Ada")
    back_up(path, backup)
    await put(store, "after", "Eve")
    wal = path.with_name(path.name + "-wal")
    left = files_of(path)[wal.name]
    store.close()
    write(wal, left)  # as a role leaves it that is killed
    restore(path, backup, keys=(KEY,), replace=True, now=NOW)
    restored = await opened(path)
    assert await loaded(restored, "after") is None
    restored.close()


@pytest.mark.parametrize("replace", [False, True])
async def test_nothing_is_restored_under_a_role_that_runs(path: Path, backup: Path, replace: bool) -> None:
    store = await opened(path)
    await put(store, "one", "Ada")
    back_up(path, backup)
    with pytest.raises(Unavailable, match="a role runs on it; end it first"):
        restore(path, backup, keys=(KEY,), replace=replace, now=NOW)
    assert await loaded(store, "one") == Waiting(claim="Ada")
    store.close()


@pytest.mark.slow
async def test_a_role_of_another_process_counts_until_it_is_killed(path: Path, backup: Path) -> None:
    (await opened(path)).close()
    back_up(path, backup)
    running = (
        "import asyncio, sys\n"
        "from zegel.adapters.entropy import system_random\n"
        "from zegel.adapters.memory import ManualClock\n"
        "from zegel.adapters.sql.store import open_store\n"
        "how = {'key': b'k' * 32, 'clock': ManualClock(1), 'random': system_random}\n"
        f"store = asyncio.run(open_store('sqlite:///{path}', **how))\n"
        "print('runs', flush=True); sys.stdin.read()\n"
    )
    process = started(running)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"runs\n"
        with pytest.raises(Unavailable, match="a role runs on it"):
            restore(path, backup, keys=(KEY,), replace=True, now=NOW)
    finally:
        process.kill()
        process.communicate()
    restore(path, backup, keys=(KEY,), replace=True, now=NOW)


@pytest.mark.parametrize("whose", ["", "issuer.db", "issuer.db.lock"])
async def test_nothing_is_restored_or_upgraded_that_is_another_users(
    path: Path, backup: Path, monkeypatch: pytest.MonkeyPatch, whose: str
) -> None:
    """As root: the role could open what is root's no more."""
    (await opened(path)).close()
    back_up(path, backup)
    before, real = files_of(path), Path.stat

    def anothers(at: Path, **how: bool) -> os.stat_result:
        status = real(at, **how)
        return os.stat_result((*status[:4], 4711, *status[5:10])) if at == path.parent / whose else status

    monkeypatch.setattr(Path, "stat", anothers)
    with pytest.raises(Unavailable, match="it is another user's; restore it as that user"):
        restore(path, backup, keys=(KEY,), replace=True, now=NOW)
    with pytest.raises(Unavailable, match="it is another user's; upgrade it as that user"):
        upgrade(path)
    monkeypatch.undo()
    assert files_of(path) == before


async def test_what_is_ours_in_roots_folder_is_ours_to_upgrade(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (await opened(path)).close()
    real = Path.stat

    def of_root(at: Path, **how: bool) -> os.stat_result:
        status = real(at, **how)
        return os.stat_result((*status[:4], 0 if at == path.parent else 4711, *status[5:10]))

    monkeypatch.setattr(Path, "stat", of_root)
    monkeypatch.setattr(os, "geteuid", lambda: 4711)
    assert upgrade(path).revision == SCHEMA


def made_anew(path: Path) -> None:
    """The tables as they are before any role has run on them."""
    write(path, b"")
    upgrade(path)


FAULTS: Mapping[str, tuple[Callable[[Path], None], str]] = {
    "damaged": (damaged, r"damaged|malformed"),
    "newer": (lambda backup: changed(backup, "UPDATE alembic_version SET version_num = '9999'"), "run the newer zegel"),
    "missing": (remove, "no such file or directory"),
    "empty": (lambda backup: write(backup, b""), "no role has run on it"),
    "without a revision": (lambda backup: changed(backup, "DELETE FROM alembic_version"), "no role has run on it"),
    "never used": (made_anew, "no role has run on it"),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_backup_that_is_no_good_costs_nothing(path: Path, backup: Path, fault: str) -> None:
    store = await opened(path)
    await put(store, "one", "Ada")
    store.close()
    back_up(path, backup)
    spoil, told = FAULTS[fault]
    spoil(backup)
    with pytest.raises(Unavailable, match=told):
        restore(path, backup, keys=(KEY,), replace=True, now=NOW)
    again = await opened(path)
    assert await loaded(again, "one") == Waiting(claim="Ada")
    again.close()
    assert not [name for name in files_of(path) if "draft" in name]


async def test_a_backup_of_another_role_costs_nothing(path: Path, backup: Path, tmp_path: Path) -> None:
    (await opened(tmp_path / "verifier.db", key=b"v" * 32)).close()
    back_up(tmp_path / "verifier.db", backup)
    store = await opened(path)
    await put(store, "one", "Ada")
    store.close()
    with pytest.raises(Unavailable, match="none of the role's sealing keys opens it"):
        restore(path, backup, keys=(KEY, b"r" * 32), replace=True, now=NOW)
    again = await opened(path)
    assert await loaded(again, "one") == Waiting(claim="Ada")
    again.close()


async def test_a_backup_from_before_the_key_was_rotated_is_put_back(path: Path, backup: Path) -> None:
    store = await opened(path)
    await put(store, "one", "Ada")
    store.close()
    back_up(path, backup)
    restore(path, backup, keys=(b"n" * 32, KEY), replace=True, now=NOW)
    again = await opened(path)
    assert await loaded(again, "one") == Waiting(claim="Ada")
    again.close()


async def test_a_code_that_was_used_since_the_backup_does_not_work_once_more(path: Path, backup: Path) -> None:
    store = await opened(path)
    async with store.transaction(durable=True) as transaction:
        await transaction.put(CODE, "code", Waiting(claim="Ada"), expires=NOW + 60)
    back_up(path, backup)
    async with store.transaction(durable=True) as transaction:
        assert await transaction.take(CODE, "code") == Waiting(claim="Ada")
    store.close()
    restore(path, backup, keys=(KEY,), replace=True, now=NOW)
    restored = await opened(path)
    async with restored.transaction(durable=True) as transaction:
        assert await transaction.take(CODE, "code") is None
    restored.close()


async def test_what_would_be_over_within_the_hour_is_not_restored(path: Path, backup: Path) -> None:
    store = await opened(path)
    await put(store, "a session", "Ada", expires=NOW + 3_600)
    await put(store, "a grant", "Eve", expires=NOW + 3_601)
    store.close()
    back_up(path, backup)
    restore(path, backup, keys=(KEY,), replace=True, now=NOW)
    restored = await opened(path)
    assert await loaded(restored, "a session") is None
    assert await loaded(restored, "a grant") == Waiting(claim="Eve")
    restored.close()


async def test_no_status_entry_is_given_twice_that_may_have_been_given_since(path: Path, backup: Path) -> None:
    store = await opened(path)
    async with store.transaction(durable=True) as transaction:
        (first,) = await transaction.statuses.allocate(bits=1, count=1, expires=NOW + YEAR)
    back_up(path, backup)
    async with store.transaction(durable=True) as transaction:
        since = await transaction.statuses.allocate(bits=1, count=100, expires=NOW + YEAR)
    store.close()
    assert {entry.list_id for entry in since} == {first.list_id}
    restore(path, backup, keys=(KEY,), replace=True, now=NOW)
    restored = await opened(path)
    async with restored.transaction(durable=True) as transaction:
        fresh = await transaction.statuses.allocate(bits=1, count=100, expires=NOW + YEAR)
        assert first.list_id in await transaction.statuses.list_ids(), "the old list is published on"
        await transaction.statuses.mark((first,), 1)
    restored.close()
    assert first.list_id not in {entry.list_id for entry in fresh}
