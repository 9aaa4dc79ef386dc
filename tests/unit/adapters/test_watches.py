"""What an issuer watches: found when it is due, sealed, and gone with what hangs on it."""

import sqlite3
from pathlib import Path

import pytest
from zegel_testing.authorities import NOW

from zegel.adapters.entropy import system_random
from zegel.adapters.memory import ManualClock
from zegel.adapters.sql.store import SqlStore, open_store
from zegel.errors import Unavailable
from zegel.services.ports import Watch, Watched
from zegel.trust.attestation_claims import AttestationStatus

pytestmark = pytest.mark.anyio
URI = "https://wallet-provider.utopia.example/status/watched"
KEY, NEW_KEY = b"k" * 32, b"n" * 32


def watch(issuance: str = "batch", place: int = 0, *, due: int = NOW + 10, expires: int = NOW + 100) -> Watch:
    what = Watched.KEYS if place else Watched.WALLET
    status = AttestationStatus(uri=URI, index=place, maintained_until=NOW + 1_000, provider="Office")
    return Watch(issuance=issuance, place=place, what=what, status=status, due=due, expires=expires)


async def added(store: SqlStore, *watches: Watch) -> None:
    async with store.transaction() as transaction:
        for each in watches:
            await transaction.watches.add(each)


async def due(store: SqlStore, *, before: int = NOW + 50, limit: int = 10) -> tuple[Watch, ...]:
    async with store.transaction() as transaction:
        return await transaction.watches.due(before=before, limit=limit)


async def test_what_has_been_due_for_longest_comes_first_and_the_rest_waits(store: SqlStore) -> None:
    first, second, later = watch("a", due=NOW), watch("b", due=NOW + 5), watch("c", due=NOW + 51)
    await added(store, later, second, first)
    assert await due(store) == (first, second)
    assert await due(store, limit=1) == (first,)
    assert await due(store, before=NOW - 1) == ()


async def test_what_was_looked_at_waits_until_it_is_due_again(store: SqlStore) -> None:
    await added(store, watch(), watch(place=1))
    async with store.transaction() as transaction:
        await transaction.watches.postpone(watch(), due=NOW + 90)
    assert [each.place for each in await due(store)] == [1]
    assert [each.due for each in await due(store, before=NOW + 90)] == [NOW + 10, NOW + 90]


async def test_all_of_it_may_be_hastened_and_nothing_is_delayed_by_that(store: SqlStore) -> None:
    await added(store, watch("a", due=NOW - 5), watch("b", due=NOW + 70))
    async with store.transaction() as transaction:
        await transaction.watches.hasten(due=NOW)
    assert [each.due for each in await due(store, before=NOW)] == [NOW - 5, NOW]


async def test_what_a_batch_hangs_on_is_found_and_dropped_with_it(store: SqlStore) -> None:
    mine, too, anothers = watch(), watch(place=1), watch("another")
    await added(store, too, mine, anothers)
    async with store.transaction() as transaction:
        assert await transaction.watches.of_issuance("batch") == (mine, too)
        await transaction.watches.drop("batch")
        assert await transaction.watches.of_issuance("batch") == ()
    assert await due(store) == (anothers,)


async def test_nothing_is_watched_beyond_its_end(store: SqlStore, clock: ManualClock) -> None:
    await added(store, watch(expires=NOW + 20))
    clock.advance(20)
    assert await due(store) == ()
    assert await store.purge() == 1


def bytes_of(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


async def test_no_file_says_where_a_wallet_is_listed(store: SqlStore, tmp_path: Path) -> None:
    await added(store, watch())
    files = bytes_of(tmp_path)
    assert URI.encode() not in files
    assert b"batch" in files, "a random number, and what hangs on it is sealed as well"


async def test_a_watch_that_was_moved_to_another_batch_does_not_open(store: SqlStore, url: str) -> None:
    await added(store, watch())
    connection = sqlite3.connect(url.removeprefix("sqlite:///"))
    with connection:
        assert connection.execute("UPDATE watches SET issuance = 'another'").rowcount == 1
    connection.close()
    with pytest.raises(Unavailable):
        await due(store)


async def test_watches_are_sealed_anew_with_everything_else(store: SqlStore, url: str) -> None:
    await added(store, watch(), watch(place=1))
    connection = sqlite3.connect(url.removeprefix("sqlite:///"))
    with connection:
        connection.execute("UPDATE watches SET value = x'00' WHERE place = 1")
    connection.close()
    store.close()
    again = await open_store(url, key=NEW_KEY, earlier=(KEY,), clock=ManualClock(NOW), random=system_random)
    assert again.key == NEW_KEY
    assert await due(again, limit=1) == (watch(),)
    again.close()
