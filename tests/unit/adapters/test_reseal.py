"""A database sealed anew: all of it under the new key, or all of it under the old one."""

import os
import sqlite3
from pathlib import Path

import pytest
from zegel_testing.authorities import NOW
from zegel_testing.records import SESSION, Waiting

from zegel.adapters.entropy import system_random
from zegel.adapters.memory import ManualClock
from zegel.adapters.sql import database
from zegel.adapters.sql.store import SqlStore, open_store
from zegel.adapters.sql.upkeep import check_sealed
from zegel.errors import Unavailable
from zegel.formats.credential import Format
from zegel.services.ports import Issuance
from zegel.services.status_ports import StatusEntry

pytestmark = pytest.mark.anyio

KEY = b"k" * 32
NEW_KEY = b"n" * 32


async def reopened(url: str, *, key: bytes = KEY) -> SqlStore:
    return await open_store(url, key=key, clock=ManualClock(NOW), random=system_random)


async def resealed(url: str, *, key: bytes = NEW_KEY, earlier: tuple[bytes, ...] = (KEY,)) -> SqlStore:
    return await open_store(url, key=key, earlier=earlier, clock=ManualClock(NOW), random=system_random)


async def filled(store: SqlStore, count: int) -> None:
    async with store.transaction() as transaction:
        for at in range(count):
            await transaction.put(SESSION, f"session {at}", Waiting(claim=f"Ada {at}"), expires=NOW + 60)
            await transaction.issuances.add(issuance(at))


def tampered(url: str, statement: str) -> None:
    connection = sqlite3.connect(url.removeprefix("sqlite:///"))
    with connection:
        assert connection.execute(statement).rowcount == 1
    connection.close()


def issuance(at: int) -> Issuance:
    return Issuance(
        id=f"issuance {at}",
        person=f"person {at % 2}",
        type="pid",
        format=Format.MDOC,
        entries=(StatusEntry(list_id="list", index=at),),
        day=NOW,
        expires=NOW + 60,
    )


@pytest.mark.slow
async def test_a_database_of_an_earlier_key_is_sealed_anew_when_it_is_opened(store: SqlStore, url: str) -> None:
    await filled(store, 1_001)  # more than are read at a time
    store.close()
    before = rows_of(url)
    opened = await resealed(url)
    async with opened.transaction() as transaction:
        for at in (0, 999, 1_000):
            loaded = await transaction.load(SESSION, f"session {at}")
            assert loaded is not None
            assert (loaded.value, loaded.version) == (Waiting(claim=f"Ada {at}"), 1)
        assert await transaction.issuances.load("issuance 1000") == issuance(1_000)
        assert len(await transaction.issuances.of_person("person 0")) == 501
    opened.close()
    with pytest.raises(Unavailable, match="another key"):
        await reopened(url)
    (await reopened(url, key=NEW_KEY)).close()
    assert not {row[-1] for row in before} & {row[-1] for row in rows_of(url)}  # each value is another one


async def test_sealing_anew_a_second_time_leaves_no_more_statements_behind(store: SqlStore, url: str) -> None:
    await filled(store, 2)
    store.close()
    (await resealed(url)).close()
    compiled = len(database._COMPILED)
    (await resealed(url, key=b"o" * 32, earlier=(NEW_KEY,))).close()
    assert len(database._COMPILED) == compiled


async def test_a_database_of_the_present_key_is_not_sealed_anew(store: SqlStore, url: str) -> None:
    await filled(store, 2)
    store.close()
    before = rows_of(url)
    (await resealed(url, key=KEY, earlier=(NEW_KEY,))).close()
    assert rows_of(url) == before


async def test_the_key_before_the_last_one_opens_a_database_too(store: SqlStore, url: str) -> None:
    await filled(store, 1)
    store.close()
    (await resealed(url, earlier=(b"x" * 32, KEY))).close()
    (await reopened(url, key=NEW_KEY)).close()


async def test_a_database_of_none_of_the_keys_stays_as_it_is(store: SqlStore, url: str) -> None:
    await filled(store, 1)
    store.close()
    before = rows_of(url)
    with pytest.raises(Unavailable, match="another key"):
        await resealed(url, earlier=(b"x" * 32,))
    assert rows_of(url) == before


async def test_what_was_damaged_before_is_neither_lost_nor_in_the_way(store: SqlStore, url: str) -> None:
    await filled(store, 2)
    store.close()
    tampered(url, "UPDATE records SET value = x'00' WHERE id = (SELECT min(id) FROM records WHERE kind = 'session')")
    tampered(url, "UPDATE issuances SET value = x'00' WHERE id = 'issuance 0'")
    opened = await resealed(url)
    async with opened.transaction() as transaction:
        assert await transaction.issuances.load("issuance 1") == issuance(1)
        with pytest.raises(Unavailable):
            await transaction.issuances.load("issuance 0")
    opened.close()


async def test_a_power_cut_while_it_is_sealed_anew_leaves_it_as_it_was(store: SqlStore, url: str) -> None:
    await filled(store, 3)
    store.close()
    before = rows_of(url)

    def failing(size: int) -> bytes:
        failing.left -= 1
        if failing.left < 0:
            raise OSError("no randomness")
        return os.urandom(size)

    failing.left = 4
    with pytest.raises(OSError, match="no randomness"):
        await open_store(url, key=NEW_KEY, earlier=(KEY,), clock=ManualClock(NOW), random=failing)
    assert rows_of(url) == before
    (await reopened(url)).close()


@pytest.mark.slow
async def test_whoever_reads_meanwhile_does_not_keep_a_role_from_starting(store: SqlStore, url: str) -> None:
    """A backup takes no lock, and its reader keeps the log from being emptied."""
    await filled(store, 2)
    store.close()
    reader = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM records").fetchone()
    try:
        opened = await resealed(url)
    finally:
        reader.close()
    assert opened.key == NEW_KEY
    await opened.purge()
    opened.close()
    (await reopened(url, key=NEW_KEY)).close()


def rows_of(url: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(url.removeprefix("sqlite:///"))
    try:
        return [*connection.execute("SELECT * FROM records"), *connection.execute("SELECT * FROM issuances")]
    finally:
        connection.close()


async def test_while_another_process_runs_on_it_it_stays_and_is_used_with_the_key_that_both_know(
    store: SqlStore, url: str
) -> None:
    """A worker of several that is started anew: the others have the old key alone."""
    await filled(store, 1)
    before = rows_of(url)
    second = await resealed(url)
    assert (second.key, rows_of(url)) == (KEY, before)
    await filled_by(second, "by the second")
    async with store.transaction() as transaction:
        assert await transaction.load(SESSION, "by the second") is not None
    second.close()
    store.close()
    last = await resealed(url)
    assert last.key == NEW_KEY
    async with last.transaction() as transaction:
        assert await transaction.load(SESSION, "by the second") is not None
    last.close()


async def filled_by(store: SqlStore, key: str) -> None:
    async with store.transaction() as transaction:
        await transaction.put(SESSION, key, Waiting(claim="Ada"), expires=NOW + 60)


async def test_a_database_that_is_new_is_sealed_with_the_present_key(url: str) -> None:
    opened = await resealed(url)
    assert opened.key == NEW_KEY
    opened.close()


async def test_it_is_known_from_outside_which_key_seals_a_database(store: SqlStore, url: str) -> None:
    path = Path(url.removeprefix("sqlite:///"))
    await filled(store, 1)
    assert check_sealed(path, key=KEY) == path
    with pytest.raises(Unavailable, match="sealed by another key"):
        check_sealed(path, key=NEW_KEY)
    assert check_sealed(path.with_name("missing.db"), key=NEW_KEY)
