import pytest
from zegel_testing.authorities import NOW
from zegel_testing.records import power_cut

from zegel.adapters.entropy import system_random
from zegel.adapters.memory import ManualClock
from zegel.adapters.sql.statuses import PAGE
from zegel.adapters.sql.store import SqlStore, open_store
from zegel.errors import Unavailable
from zegel.services.status_ports import StatusEntry

pytestmark = pytest.mark.anyio

SIZE = 1 << 13


async def allocated(store: SqlStore, count: int, *, bits: int = 1, expires: int = NOW + 60) -> tuple[StatusEntry, ...]:
    async with store.transaction() as transaction:
        return await transaction.statuses.allocate(bits=bits, count=count, expires=expires)


async def packed(store: SqlStore, list_id: str) -> bytes:
    async with store.transaction() as transaction:
        found = await transaction.statuses.load(list_id)
    assert found is not None
    return found.entries


def status_at(entries: bytes, index: int, bits: int) -> int:
    return entries[index * bits // 8] >> index * bits % 8 & (1 << bits) - 1


async def test_no_index_is_given_out_twice_until_a_list_is_full(store: SqlStore) -> None:
    seen: set[StatusEntry] = set()
    for _ in range(9):
        entries = await allocated(store, SIZE // 8)
        assert len(entries) == SIZE // 8
        assert not seen & set(entries)
        seen |= set(entries)
    assert len({entry.list_id for entry in seen}) == 2  # seven eighths of the first list, then the second
    assert all(0 <= entry.index < SIZE for entry in seen)


@pytest.mark.requirement("VCR_17")
async def test_indexes_are_scattered_over_the_list(store: SqlStore) -> None:
    indexes = [entry.index for entry in await allocated(store, 200)]
    assert indexes != sorted(indexes)
    assert min(indexes) < SIZE // 8
    assert max(indexes) > SIZE * 7 // 8


@pytest.mark.slow
async def test_what_was_given_out_survives_a_restart(store: SqlStore, url: str) -> None:
    seen = {entry for _ in range(3) for entry in await allocated(store, SIZE // 8)}
    store.close()
    again = await open_store(url, key=b"k" * 32, clock=ManualClock(NOW), random=system_random)
    more = {entry for _ in range(3) for entry in await allocated(again, SIZE // 8)}
    assert not seen & more
    assert len({entry.list_id for entry in seen | more}) == 1
    again.close()


async def test_a_list_has_one_width(store: SqlStore) -> None:
    (one,) = await allocated(store, 1, bits=1)
    (two,) = await allocated(store, 1, bits=2)
    assert one.list_id != two.list_id
    assert len(await packed(store, one.list_id)) == SIZE // 8
    assert len(await packed(store, two.list_id)) == SIZE // 4
    async with store.transaction() as transaction:
        assert await transaction.statuses.list_ids() == tuple(sorted((one.list_id, two.list_id)))


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
async def test_a_mark_changes_its_entry_alone(store: SqlStore, bits: int) -> None:
    entries = await allocated(store, 50, bits=bits)
    marked = entries[:20]
    highest = (1 << bits) - 1
    async with store.transaction() as transaction:
        await transaction.statuses.mark(marked, highest)
    list_bytes = await packed(store, entries[0].list_id)
    expected = {entry.index for entry in marked}
    assert {index for index in range(SIZE) if status_at(list_bytes, index, bits)} == expected
    async with store.transaction() as transaction:
        await transaction.statuses.mark(marked[:10], 1)
        found = await transaction.statuses.load(entries[0].list_id)
    assert found is not None
    assert found.version == 3
    assert found.bits == bits
    assert status_at(found.entries, marked[0].index, bits) == 1
    assert status_at(found.entries, marked[10].index, bits) == highest


@pytest.mark.requirement("VCR_04")
@pytest.mark.parametrize(("bits", "status"), [(1, 0), (2, 0), (2, 2), (8, 200)])
async def test_a_revocation_is_final(store: SqlStore, bits: int, status: int) -> None:
    entries = await allocated(store, 3, bits=bits)
    async with store.transaction() as transaction:
        await transaction.statuses.mark(entries[:1], 1)
        await transaction.statuses.mark(entries[:1], 1)
    with pytest.raises(ValueError, match="final"):
        async with store.transaction() as transaction:
            await transaction.statuses.mark(entries, status)
    assert status_at(await packed(store, entries[0].list_id), entries[0].index, bits) == 1
    if bits > 1:  # what is suspended may come back
        async with store.transaction() as transaction:
            await transaction.statuses.mark(entries[1:], 2)
            await transaction.statuses.mark(entries[1:], 0)


async def test_marking_stays_when_the_page_gives_out_more(store: SqlStore) -> None:
    (revoked,) = await allocated(store, 1)
    async with store.transaction() as transaction:
        await transaction.statuses.mark((revoked,), 1)
    await allocated(store, SIZE // 8)
    assert status_at(await packed(store, revoked.list_id), revoked.index, 1) == 1


async def test_a_status_wider_than_the_list_is_our_bug(store: SqlStore) -> None:
    entries = await allocated(store, 1, bits=2)
    with pytest.raises(ValueError, match="a status of 2 bits cannot be 4"):
        async with store.transaction() as transaction:
            await transaction.statuses.mark(entries, 4)


async def test_a_list_that_is_not_ours_is_unavailable(store: SqlStore) -> None:
    async with store.transaction() as transaction:
        assert await transaction.statuses.load("elsewhere") is None
    with pytest.raises(Unavailable, match="not one of this issuer's"):
        async with store.transaction() as transaction:
            await transaction.statuses.mark((StatusEntry(list_id="elsewhere", index=1),), 1)


async def test_an_entry_of_a_page_that_nobody_got_is_unavailable(store: SqlStore) -> None:
    (entry,) = await allocated(store, 1)
    other = StatusEntry(list_id=entry.list_id, index=(entry.index + PAGE) % SIZE)
    with pytest.raises(Unavailable, match="never given out"):
        async with store.transaction() as transaction:
            await transaction.statuses.mark((other,), 1)


@pytest.mark.parametrize("count", [0, SIZE // 8 + 1])
async def test_a_list_gives_an_eighth_of_itself_at_once_at_most(store: SqlStore, count: int) -> None:
    with pytest.raises(ValueError, match="at once"):
        await allocated(store, count)


async def test_a_list_outlives_the_last_of_its_credentials_and_no_longer(store: SqlStore, clock: ManualClock) -> None:
    (first,) = await allocated(store, 1, expires=NOW + 120)
    await allocated(store, 1, expires=NOW + 60)
    clock.advance(119)
    assert await store.purge() == 0
    clock.advance(1)
    assert await store.purge() == 1
    (later,) = await allocated(store, 1, expires=NOW + 600)
    assert later.list_id != first.list_id
    async with store.transaction() as transaction:
        assert await transaction.statuses.load(first.list_id) is None


async def test_a_rolled_back_allocation_may_be_given_out_again(store: SqlStore) -> None:
    async def fail() -> None:
        async with store.transaction() as transaction:
            await transaction.statuses.allocate(bits=1, count=10, expires=NOW + 60)
            power_cut()

    with pytest.raises(ZeroDivisionError):
        await fail()
    async with store.transaction() as transaction:
        assert await transaction.statuses.list_ids() == ()
