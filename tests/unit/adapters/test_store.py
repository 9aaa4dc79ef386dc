import asyncio
import os
import resource
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from zegel_testing.authorities import NOW, fixed_key
from zegel_testing.records import CODE, SESSION, Answered, Waiting, contents_of, modes_of, power_cut

from zegel.adapters.entropy import system_random
from zegel.adapters.memory import ManualClock
from zegel.adapters.sql.schema import TABLES
from zegel.adapters.sql.store import SqlStore, open_memory_store, open_store
from zegel.errors import Unavailable
from zegel.services.ports import Kind

pytestmark = pytest.mark.anyio

KEY = b"k" * 32
FRAME = 4_120  # a page, and its head in the log
SUPPORT = Path(__file__).parents[2] / "support"


async def reopened(url: str, *, key: bytes = KEY) -> SqlStore:
    return await open_store(url, key=key, clock=ManualClock(NOW), random=system_random)


def damage(path: Path, page: int) -> None:
    with path.open("r+b") as file:
        file.seek((page - 1) * 4_096)
        file.write(b"\xff" * 4_096)


def tampered(url: str, statement: str) -> None:
    connection = sqlite3.connect(url.removeprefix("sqlite:///"))
    with connection:
        assert connection.execute(statement).rowcount == 1
    connection.close()


async def test_a_record_is_loaded_as_it_was_put(store: SqlStore) -> None:
    async with store.transaction() as transaction:
        await transaction.put(SESSION, "one", Waiting(claim="Ada"), expires=NOW + 60)
    async with store.transaction() as transaction:
        loaded = await transaction.load(SESSION, "one")
    assert loaded is not None
    assert loaded.value == Waiting(claim="Ada")
    assert loaded.version == 1


async def test_a_record_of_another_key_or_kind_is_not_found(store: SqlStore) -> None:
    async with store.transaction() as transaction:
        await transaction.put(SESSION, "one", Waiting(claim="Ada"), expires=NOW + 60)
        assert await transaction.load(SESSION, "two") is None
        assert await transaction.load(CODE, "one") is None


async def test_an_expired_record_is_gone_at_its_second(store: SqlStore, clock: ManualClock) -> None:
    async with store.transaction() as transaction:
        await transaction.put(CODE, "one", Waiting(claim="Ada"), expires=NOW + 60)
    clock.advance(60)
    async with store.transaction() as transaction:
        assert await transaction.load(CODE, "one") is None
        assert await transaction.take(CODE, "one") is None
        assert not await transaction.swap(CODE, "one", Waiting(claim="Eve"), version=1, expires=NOW + 120)


async def test_a_key_is_put_once_until_it_expires(store: SqlStore, clock: ManualClock) -> None:
    async with store.transaction() as transaction:
        await transaction.put(CODE, "one", Waiting(claim="Ada"), expires=NOW + 60)
        with pytest.raises(RuntimeError, match="already"):
            await transaction.put(CODE, "one", Waiting(claim="Eve"), expires=NOW + 60)
    clock.advance(60)
    async with store.transaction() as transaction:
        await transaction.put(CODE, "one", Waiting(claim="Eve"), expires=NOW + 120)
        loaded = await transaction.load(CODE, "one")
    assert loaded is not None
    assert loaded.value == Waiting(claim="Eve")


async def test_a_record_is_taken_once(store: SqlStore) -> None:
    async with store.transaction() as transaction:
        await transaction.put(CODE, "one", Waiting(claim="Ada"), expires=NOW + 60)
    async with store.transaction(durable=True) as transaction:
        assert await transaction.take(CODE, "one") == Waiting(claim="Ada")
        assert await transaction.take(CODE, "one") is None


async def test_a_swap_against_an_old_version_changes_nothing(store: SqlStore) -> None:
    async with store.transaction() as transaction:
        await transaction.put(SESSION, "one", Waiting(claim="Ada"), expires=NOW + 60)
    async with store.transaction() as transaction:
        assert await transaction.swap(SESSION, "one", Answered(names=("a",)), version=1, expires=NOW + 60)
        assert not await transaction.swap(SESSION, "one", Answered(names=("b",)), version=1, expires=NOW + 60)
        loaded = await transaction.load(SESSION, "one")
    assert loaded is not None
    assert loaded.value == Answered(names=("a",))
    assert loaded.version == 2


async def test_a_value_is_claimed_once_until_it_expires(store: SqlStore, clock: ManualClock) -> None:
    async with store.transaction() as transaction:
        assert await transaction.claim("nonce", "n", expires=NOW + 60)
        assert not await transaction.claim("nonce", "n", expires=NOW + 600)
        assert await transaction.claim("jti", "n", expires=NOW + 60)
    clock.advance(60)
    async with store.transaction() as transaction:
        assert await transaction.claim("nonce", "n", expires=NOW + 120)
        assert not await transaction.claim("nonce", "n", expires=NOW + 120)


async def test_an_exception_rolls_everything_back(store: SqlStore) -> None:
    async def fail() -> None:
        async with store.transaction() as transaction:
            await transaction.put(CODE, "one", Waiting(claim="Ada"), expires=NOW + 60)
            await transaction.claim("nonce", "n", expires=NOW + 60)
            power_cut()

    with pytest.raises(ZeroDivisionError):
        await fail()
    async with store.transaction() as transaction:
        assert await transaction.load(CODE, "one") is None
        assert await transaction.claim("nonce", "n", expires=NOW + 60)


async def test_something_else_awaited_inside_is_our_bug(store: SqlStore) -> None:
    async with store.transaction():
        with pytest.raises(RuntimeError, match="something else was awaited"):
            async with store.transaction():
                pass
    async with store.transaction() as transaction:
        assert await transaction.load(CODE, "one") is None


async def test_no_call_ever_suspends(store: SqlStore) -> None:
    """So that no other task can come between: each coroutine ends in its first step."""

    async def walk() -> None:
        async with store.transaction(durable=True) as transaction:
            await transaction.put(CODE, "one", Waiting(claim="Ada"), expires=NOW + 60)
            await transaction.load(CODE, "one")
            await transaction.swap(CODE, "one", Waiting(claim="Eve"), version=1, expires=NOW + 60)
            await transaction.claim("nonce", "n", expires=NOW + 60)
            await transaction.statuses.allocate(bits=1, count=3, expires=NOW + 60)
            await transaction.take(CODE, "one")
        await store.purge()

    walking = walk()
    with pytest.raises(StopIteration):
        walking.send(None)


async def test_everything_survives_a_restart(store: SqlStore, url: str) -> None:
    key = fixed_key("holder")
    async with store.transaction(durable=True) as transaction:
        await transaction.put(SESSION, "one", Waiting(claim="Ada", key=key), expires=NOW + 60)
        await transaction.claim("nonce", "n", expires=NOW + 60)
    store.close()
    again = await reopened(url)
    async with again.transaction() as transaction:
        loaded = await transaction.load(SESSION, "one")
        assert loaded is not None
        assert isinstance(loaded.value, Waiting)
        assert loaded.value.key is not None
        assert loaded.value.key.public_key == key.public_key
        assert not await transaction.claim("nonce", "n", expires=NOW + 60)
    again.close()


async def test_a_durable_transaction_waits_for_the_disk_and_others_do_not(store: SqlStore) -> None:
    def synchronous() -> int:
        connection = store._database.connection
        (level,) = connection.exec_driver_sql("PRAGMA synchronous").one()
        return level

    async with store.transaction(durable=True):
        assert synchronous() == 2  # FULL
    async with store.transaction():
        assert synchronous() == 1  # NORMAL
    async with store.transaction(durable=True):
        assert synchronous() == 2


async def test_what_has_expired_is_purged(store: SqlStore, clock: ManualClock) -> None:
    async with store.transaction() as transaction:
        await transaction.put(CODE, "one", Waiting(claim="Ada"), expires=NOW + 60)
        await transaction.put(CODE, "two", Waiting(claim="Ada"), expires=NOW + 61)
    assert await store.purge() == 0
    clock.advance(60)
    assert await store.purge() == 1
    async with store.transaction() as transaction:
        assert await transaction.take(CODE, "two") == Waiting(claim="Ada")


async def test_what_was_used_stays_used_when_the_clock_was_ahead_and_is_right_again(
    store: SqlStore, clock: ManualClock
) -> None:
    async with store.transaction() as transaction:
        assert await transaction.claim("nonce", "n", expires=NOW + 60)
    clock.advance(3_600)
    assert await store.purge() == 0
    clock.advance(-3_600)
    async with store.transaction() as transaction:
        assert not await transaction.claim("nonce", "n", expires=NOW + 60)
    clock.advance(60 + 7_200 - 1)
    assert await store.purge() == 0
    clock.advance(1)
    assert await store.purge() == 1


async def test_nothing_of_a_record_can_be_read_in_the_files(store: SqlStore, tmp_path: Path) -> None:
    key = fixed_key("session key")
    async with store.transaction() as transaction:
        await transaction.put(SESSION, "the-secret-code", Waiting(claim="Ada Voorbeeld", key=key), expires=NOW + 60)
        await transaction.claim("nonce", "the-used-nonce", expires=NOW + 60)
    files = contents_of(tmp_path)
    assert {"role.db", "role.db-wal", "role.db-shm", "role.db.lock"} == set(files)
    secrets = [b"Ada", b"Voorbeeld", b"the-secret", b"the-used", str(key.secret_jwk()["d"]).encode()]
    assert b"session" in files["role.db-wal"]  # the kind is in the clear, and shows where the record stands
    for name, content in files.items():
        for secret in secrets:
            assert secret not in content, name


async def test_nothing_sealed_outlives_the_purge(store: SqlStore, clock: ManualClock, tmp_path: Path) -> None:
    def sealed_bytes() -> bytes:
        connection = store._database.connection
        (value,) = connection.exec_driver_sql("SELECT value FROM records WHERE kind = 'session'").one()
        connection.rollback()
        return value

    async with store.transaction() as transaction:
        await transaction.put(SESSION, "one", Waiting(claim="Ada"), expires=NOW + 60)
    first = sealed_bytes()
    async with store.transaction() as transaction:
        await transaction.swap(SESSION, "one", Waiting(claim="Eve"), version=1, expires=NOW + 60)
    second = sealed_bytes()
    clock.advance(60)
    await store.purge()
    files = contents_of(tmp_path)
    for name, content in files.items():
        assert first not in content, name
        assert second not in content, name
    assert files["role.db-wal"] == b""


async def test_a_log_that_cannot_be_emptied_is_not_passed_over(
    store: SqlStore, clock: ManualClock, url: str, tmp_path: Path
) -> None:
    store._database._driver.execute("PRAGMA busy_timeout=1")
    async with store.transaction() as transaction:
        await transaction.put(SESSION, "one", Waiting(claim="Ada"), expires=NOW + 60)
    reader = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM records").fetchone()
    clock.advance(60)
    with pytest.raises(Unavailable, match="its log is in use"):
        await store.purge()
    reader.execute("ROLLBACK")
    reader.close()
    await store.purge()
    assert contents_of(tmp_path)["role.db-wal"] == b""


async def test_the_files_are_their_owners_alone(store: SqlStore, tmp_path: Path) -> None:
    async with store.transaction() as transaction:
        await transaction.claim("nonce", "n", expires=NOW + 60)
    assert modes_of(tmp_path) == dict.fromkeys(("role.db", "role.db-wal", "role.db-shm", "role.db.lock"), 0o600)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE records SET value = zeroblob(64) WHERE kind = 'session'",
        "UPDATE records SET value = substr(value, 1, 20) WHERE kind = 'session'",
        "UPDATE records SET expires = expires + 1 WHERE kind = 'session'",
        "UPDATE records SET version = 2 WHERE kind = 'session'",
        "UPDATE records SET value = (SELECT value FROM records WHERE kind = 'code') WHERE kind = 'session'",
    ],
)
async def test_a_record_that_was_changed_by_hand_does_not_open(store: SqlStore, url: str, statement: str) -> None:
    async with store.transaction() as transaction:
        await transaction.put(SESSION, "one", Waiting(claim="Ada"), expires=NOW + 60)
        await transaction.put(CODE, "one", Waiting(claim="Eve"), expires=NOW + 60)
    tampered(url, statement)
    with pytest.raises(Unavailable, match="does not open"):
        async with store.transaction() as transaction:
            await transaction.load(SESSION, "one")
    with pytest.raises(Unavailable, match="does not open"):
        async with store.transaction() as transaction:
            await transaction.take(SESSION, "one")


async def test_a_record_of_another_version_of_zegel_is_unavailable(store: SqlStore) -> None:
    old: Kind[Answered] = Kind(name="session", states=(Answered,))
    async with store.transaction() as transaction:
        await transaction.put(SESSION, "one", Waiting(claim="Ada"), expires=NOW + 60)
    with pytest.raises(Unavailable, match="another version of zegel wrote this session"):
        async with store.transaction() as transaction:
            await transaction.load(old, "one")


async def test_another_sealing_key_is_refused_at_start(store: SqlStore, url: str) -> None:
    store.close()
    with pytest.raises(Unavailable, match="another key"):
        await reopened(url, key=b"x" * 32)
    (await reopened(url)).close()


async def test_a_sealing_key_of_another_length_is_refused(url: str) -> None:
    with pytest.raises(Unavailable, match="expected 32 bytes"):
        await reopened(url, key=b"short")


async def test_a_file_that_is_no_database_is_unavailable(tmp_path: Path) -> None:
    path = tmp_path / "role.db"
    path.write_bytes(b"Ada Voorbeeld" * 1_000)
    with pytest.raises(Unavailable, match="file is not a database") as caught:
        await reopened(f"sqlite:///{path}")
    assert "Ada" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("sqlite:////missing/folder/role.db", "no such file or directory"),
        ("postgresql://role@db/role", "no driver for postgresql"),
        ("not a URL", "does not parse"),
        ("postgresql://db:port/role", "does not parse"),
    ],
)
async def test_a_database_that_cannot_be_opened_is_unavailable(url: str, reason: str) -> None:
    with pytest.raises(Unavailable, match=reason):
        await reopened(url)


async def test_a_database_that_is_locked_for_long_is_unavailable(store: SqlStore, url: str) -> None:
    store._database._driver.execute("PRAGMA busy_timeout=1")
    other = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unavailable, match="database is locked"):
        async with store.transaction():
            pass
    other.execute("ROLLBACK")
    other.close()
    async with store.transaction() as transaction:
        assert await transaction.claim("nonce", "n", expires=NOW + 60)


async def test_a_lock_is_waited_for_once_and_not_by_all_that_come_meanwhile(store: SqlStore, url: str) -> None:
    def patience() -> int:
        return int(store._database._driver.execute("PRAGMA busy_timeout").fetchone()[0])

    assert patience() == 2_000
    store._database._driver.execute("PRAGMA busy_timeout=1")
    other = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    for _ in range(2):
        with pytest.raises(Unavailable, match="database is locked"):
            async with store.transaction():
                pass
        assert patience() == 50
    other.close()
    async with store.transaction():
        pass
    assert (patience(), store.failures) == (2_000, 2)


@pytest.mark.parametrize("table", sorted(TABLES - {"alembic_version"}))
async def test_a_store_that_lacks_a_table_is_not_ready(store: SqlStore, url: str, table: str) -> None:
    await store.check_key()
    other = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
    (made,) = other.execute("SELECT sql FROM sqlite_schema WHERE name = ?", (table,)).fetchone()
    other.execute("BEGIN IMMEDIATE")
    other.execute(f"DROP TABLE {table}")
    other.execute("COMMIT")
    with pytest.raises(Unavailable, match=f"no such table: {table}"):
        await store.check_key()
    other.execute(made)
    other.close()
    await store.check_key()


@pytest.mark.parametrize(
    ("code", "ready"), [(sqlite3.SQLITE_CORRUPT, False), (267, False), (sqlite3.SQLITE_IOERR, True)]
)
async def test_a_store_that_a_use_found_damaged_is_not_ready_any_more(store: SqlStore, code: int, ready: bool) -> None:
    failed = sqlite3.DatabaseError("it fails")
    failed.sqlite_errorcode = code
    with pytest.raises(Unavailable, match="it fails"):
        async with store.transaction():
            raise failed
    for _ in range(2):
        if ready:
            await store.check_key()
        else:
            with pytest.raises(Unavailable, match="it was found damaged; end the role, and restore a backup"):
                await store.check_key()


async def test_damage_that_a_request_comes_upon_is_what_the_store_says(url: str) -> None:
    (await reopened(url)).close()
    connection = sqlite3.connect(url.removeprefix("sqlite:///"))
    (page,) = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'used_expires'").fetchone()
    connection.close()
    damage(Path(url.removeprefix("sqlite:///")), page)
    store = await reopened(url)
    await store.check_key()
    with pytest.raises(Unavailable, match="malformed"):
        await store.purge()
    with pytest.raises(Unavailable, match="it was found damaged"):
        await store.check_key()
    store.close()


async def test_after_a_failure_a_store_has_to_take_a_write_before_it_is_ready(store: SqlStore) -> None:
    driver = store._database._driver
    await store.check_key()
    before = driver.total_changes
    await store.check_key()
    assert driver.total_changes == before, "while nothing fails nothing is written"
    driver.execute("PRAGMA query_only=ON")  # as on a disk that is full or read-only
    with pytest.raises(Unavailable, match="readonly"):
        async with store.transaction() as transaction:
            await transaction.claim("nonce", "n", expires=NOW + 60)
    with pytest.raises(Unavailable, match="readonly"):
        await store.check_key()
    driver.execute("PRAGMA query_only=OFF")
    await store.check_key()
    assert driver.total_changes == before + 2, "as much as a request writes, and away with it"
    await store.check_key()
    assert driver.total_changes == before + 2
    assert driver.execute("SELECT kind FROM records").fetchall() == [("key-check",)]


async def test_a_store_on_a_full_disk_is_not_ready_though_its_log_has_room_for_a_row(store: SqlStore, url: str) -> None:
    """What a transaction that failed has left of room in the log, a change to one row would find."""
    size = os.stat(url.removeprefix("sqlite:///") + "-wal").st_size
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 3 * FRAME, hard))
    try:
        for _ in range(3):
            with pytest.raises(Unavailable):
                await put_much(store)
            with pytest.raises(Unavailable):
                await store.check_key()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    await store.check_key()
    await put_much(store)


async def put_much(store: SqlStore) -> None:
    async with store.transaction(durable=True) as transaction:
        for number in range(20):
            await transaction.put(SESSION, str(number), Waiting(claim="c" * 1_000), expires=NOW + 60)


async def test_a_database_that_is_opened_once_more_keeps_its_locks(store: SqlStore, url: str) -> None:
    locks = locks_on(Path(url.removeprefix("sqlite:///")))
    assert locks > 0
    again = await reopened(url)
    assert locks_on(Path(url.removeprefix("sqlite:///"))) >= locks
    again.close()
    assert locks_on(Path(url.removeprefix("sqlite:///"))) == locks
    async with store.transaction() as transaction:
        assert await transaction.claim("nonce", "n", expires=NOW + 60)


def locks_on(path: Path) -> int:
    """The locks of processes on a file, which the kernel lists by its number (proc_locks(5))."""
    number = path.stat().st_ino
    return sum(line.split()[5].endswith(f":{number}") for line in Path("/proc/locks").read_text().splitlines())


async def test_a_store_in_memory_behaves_the_same() -> None:
    store = await open_memory_store(clock=ManualClock(NOW), random=system_random)
    async with store.transaction(durable=True) as transaction:
        await transaction.put(CODE, "one", Waiting(claim="Ada"), expires=NOW + 60)
    async with store.transaction() as transaction:
        assert await transaction.take(CODE, "one") == Waiting(claim="Ada")
        assert await transaction.take(CODE, "one") is None
    assert await store.purge() == 0
    store.close()


def raced(url: str, what: str, count: int) -> list[set[str]]:
    """Two processes reach for the same names at once; what each of them got."""
    command = [sys.executable, "-m", "zegel_testing.store_race", url, what, str(count)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(SUPPORT), *sys.path))}
    racers = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
        for _ in range(2)
    ]
    for racer in racers:
        assert racer.stdout is not None
        assert racer.stdout.readline() == "ready\n"
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("go\n")
        racer.stdin.flush()
    outputs = [racer.communicate(timeout=60)[0] for racer in racers]
    assert [racer.returncode for racer in racers] == [0, 0]
    return [set(output.split()) for output in outputs]


@pytest.mark.slow
@pytest.mark.parametrize("what", ["take", "claim", "swap"])
async def test_of_two_processes_one_gets_each_record(store: SqlStore, url: str, what: str) -> None:
    everyone = {str(number) for number in range(100)}
    async with store.transaction() as transaction:
        for name in everyone:
            await transaction.put(CODE, name, Waiting(claim=name), expires=NOW + 60)
            await transaction.put(SESSION, name, Waiting(claim=name), expires=NOW + 60)
    first, second = await asyncio.to_thread(raced, url, what, 100)
    assert first | second == everyone
    assert not first & second


@pytest.mark.slow
async def test_two_processes_never_give_out_the_same_status_entry(url: str) -> None:
    first, second = await asyncio.to_thread(raced, url, "allocate", 200)
    assert len(first) == len(second) == 2_000
    assert not first & second
    assert {entry.partition("/")[0] for entry in first} == {entry.partition("/")[0] for entry in second}


@pytest.mark.slow
async def test_two_processes_start_on_a_new_database_and_write_side_by_side(url: str) -> None:
    first, second = await asyncio.to_thread(raced, url, "put", 100)
    assert first == second == {str(number) for number in range(100)}
    connection = sqlite3.connect(url.removeprefix("sqlite:///"))
    assert connection.execute("SELECT count(*) FROM records WHERE kind = 'code'").fetchone() == (200,)
    connection.close()
