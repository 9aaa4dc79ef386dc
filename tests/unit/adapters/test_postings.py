import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from zegel_testing.authorities import NOW

from zegel.adapters.entropy import system_random
from zegel.adapters.memory import ManualClock
from zegel.adapters.sql import postings, schema
from zegel.adapters.sql.database import Database, open_database
from zegel.adapters.sql.migrations.versions import v0007_register_postings
from zegel.adapters.sql.postings import CHUNK, Postings, pack, unpack
from zegel.adapters.sql.store import open_store

A, B, C = (bytes([number]) * 16 for number in range(3))


@pytest.fixture
def database() -> Iterator[Database]:
    opened = open_database("sqlite://")
    with opened.transaction():
        schema.create(opened.connection)
    yield opened
    opened.close()


def find(database: Database, *terms: bytes, after: int = 0) -> list[int]:
    with database.transaction():
        return list(Postings(database).find(terms, after=after))


def put(database: Database, sets: dict[bytes, set[int]]) -> None:
    with database.transaction():
        for term, parties in sets.items():
            for party in parties:
                Postings(database).add([term], party)


def test_all_terms_have_to_find_a_party_and_they_come_in_their_order(database: Database) -> None:
    put(database, {A: {3, 1, CHUNK + 5, 3 * CHUNK}, B: {3, 2, CHUNK + 5, CHUNK + 6}})
    assert find(database, A) == [1, 3, CHUNK + 5, 3 * CHUNK]
    assert find(database, A, B) == find(database, B, A) == [3, CHUNK + 5]
    assert find(database, A, C) == find(database, C, A) == []


def test_one_goes_on_after_a_cursor_within_a_chunk_and_at_its_edges(database: Database) -> None:
    parties = [1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK]
    put(database, {A: set(parties)})
    for after in range(-1, 3):
        assert find(database, A, after=after) == [each for each in parties if each > after]
    for after in parties:
        assert find(database, A, after=after) == [each for each in parties if each > after]


def test_what_is_forgotten_is_found_no_more_and_leaves_no_row(database: Database) -> None:
    put(database, {A: {1, 2}, B: {1}})
    with database.transaction():
        Postings(database).forget([A, B, C], 1)
    assert (find(database, A), find(database, B)) == ([2], [])
    with database.transaction():
        assert database.connection.exec_driver_sql("SELECT count(*) FROM register_postings").scalar() == 1


def test_of_parties_that_are_known_those_are_found_that_all_terms_find(database: Database) -> None:
    put(database, {A: {1, 2, CHUNK, CHUNK + 2}, B: {2, CHUNK + 2}})
    with database.transaction():
        assert list(Postings(database).among([A, B], [1, 2, 7, CHUNK, CHUNK + 2, 5 * CHUNK])) == [2, CHUNK + 2]


@pytest.mark.parametrize("count", [0, 1, 511, 512, 513, CHUNK])
def test_few_take_two_bytes_each_and_many_no_more_than_a_bit_for_each_of_all(count: int) -> None:
    members = (1 << count) - 1
    assert unpack(pack(members)) == members
    assert len(pack(members)) == min(2 * count, 1_024)


@given(st.sets(st.integers(0, CHUNK - 1)))
def test_a_set_is_read_as_it_was_written(numbers: set[int]) -> None:
    members = sum(1 << number for number in numbers)
    assert unpack(pack(members)) == members


def test_a_number_is_written_alike_on_every_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    assert pack(1 << 258) == b"\x02\x01"
    monkeypatch.setattr(postings, "byteorder", "big")
    assert pack(1 << 258) == b"\x01\x02"  # what this machine swaps, another one has the other way about
    assert unpack(b"\x01\x02") == 1 << 258


@pytest.mark.slow
@pytest.mark.anyio
async def test_a_register_of_the_time_before_is_found_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "role.db"
    database = open_database(f"sqlite:///{path}")
    with monkeypatch.context() as earlier, database.transaction():
        earlier.setattr(schema, "SCHEMA", "0006")
        schema.upgrade(database.connection, None)
    database.close()
    rows = {A: {1, CHUNK - 1, CHUNK, 9 * CHUNK}, B: set(range(2, 10_502)), C: {7}}
    connection = sqlite3.connect(path)
    with connection:
        written = [(term, party) for term, parties in rows.items() for party in parties]
        connection.executemany("INSERT INTO register_terms VALUES (?, ?)", written)
    connection.close()
    await opened(path)
    database = open_database(f"sqlite:///{path}")
    for term, parties in rows.items():
        assert find(database, term) == sorted(parties)
    database.close()


async def opened(path: Path) -> None:
    """Open a store, which migrates, and close it."""
    store = await open_store(f"sqlite:///{path}", key=bytes(32), clock=ManualClock(NOW), random=system_random)
    store.close()


def test_the_migration_writes_sets_as_they_are_read() -> None:
    numbers = [1, 2, 300, CHUNK - 1]
    assert v0007_register_postings._pack(numbers) == pack(sum(1 << number for number in numbers))
    assert v0007_register_postings._pack(list(range(600))) == pack((1 << 600) - 1)
