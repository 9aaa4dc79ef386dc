"""Identifier lists in the database, and how many each list is about."""

import pytest
from zegel_testing.authorities import DAY, NOW

from zegel.adapters.memory import ManualClock
from zegel.adapters.sql.identifiers import DECOYS, SIZE
from zegel.adapters.sql.store import SqlStore
from zegel.errors import Unavailable
from zegel.services.status_ports import Herd, ListedIdentifier, RevokedIdentifiers

pytestmark = pytest.mark.anyio


async def allocated(store: SqlStore, count: int, *, expires: int = NOW + DAY) -> tuple[ListedIdentifier, ...]:
    async with store.transaction() as transaction:
        return await transaction.statuses.allocate_identifiers(count=count, expires=expires)


async def revoked(store: SqlStore, list_id: str) -> RevokedIdentifiers:
    async with store.transaction() as transaction:
        found = await transaction.statuses.load_identifiers(list_id)
    assert found is not None
    return found


async def herds(store: SqlStore) -> dict[str, int]:
    async with store.transaction() as transaction:
        return {herd.list_id: herd.live for herd in await transaction.statuses.herds()}


async def test_identifiers_are_random_and_unlike_each_other(store: SqlStore) -> None:
    given = await allocated(store, 100)
    assert {len(each.identifier) for each in given} == {16}
    assert len({each.identifier for each in given}) == 100
    assert len({each.list_id for each in given}) == 1


@pytest.mark.requirement("VCR_04")
async def test_what_is_revoked_stands_on_the_list_for_good(store: SqlStore) -> None:
    gone, kept = await allocated(store, 2)
    before = await revoked(store, gone.list_id)
    for _ in range(2):  # a second time changes nothing
        async with store.transaction() as transaction:
            await transaction.statuses.mark((gone,), 1)
        after = await revoked(store, gone.list_id)
        assert set(after.identifiers) - set(before.identifiers) == {gone.identifier}
        assert kept.identifier not in after.identifiers
    assert after.version > before.version
    for status in (0, 2):
        with pytest.raises(ValueError, match="nothing else"):
            async with store.transaction() as transaction:
                await transaction.statuses.mark((gone,), status)


@pytest.mark.requirement("VCR_18")
async def test_a_new_list_begins_with_identifiers_of_nobody(store: SqlStore) -> None:
    (only,) = await allocated(store, 1)
    decoys = (await revoked(store, only.list_id)).identifiers
    assert len(decoys) == DECOYS
    assert {len(decoy) for decoy in decoys} == {len(only.identifier)}
    assert list(decoys) == sorted(decoys)
    assert (await revoked(store, only.list_id)).identifiers == decoys, "else two versions would tell them apart"


async def test_a_list_gives_so_many_and_then_there_is_another(store: SqlStore) -> None:
    lists = [(await allocated(store, SIZE // 8))[0].list_id for _ in range(9)]
    assert [lists.count(each) for each in dict.fromkeys(lists)] == [7, 2]
    for count in (0, SIZE // 8 + 1):
        with pytest.raises(ValueError, match="at once"):
            await allocated(store, count)


async def test_one_kind_of_list_is_not_loaded_as_the_other(store: SqlStore) -> None:
    (identifier,) = await allocated(store, 1)
    async with store.transaction() as transaction:
        (entry,) = await transaction.statuses.allocate(bits=1, count=1, expires=NOW + DAY)
        assert await transaction.statuses.load(identifier.list_id) is None
        assert await transaction.statuses.load_identifiers(entry.list_id) is None
        assert await transaction.statuses.load_identifiers("elsewhere") is None


async def test_a_list_that_is_not_ours_is_not_marked(store: SqlStore) -> None:
    with pytest.raises(Unavailable):
        async with store.transaction() as transaction:
            await transaction.statuses.mark((ListedIdentifier(list_id="elsewhere", identifier=b"1"),), 1)


@pytest.mark.requirement("VCR_18")
async def test_a_herd_is_what_has_not_ended_whichever_kind_of_list(store: SqlStore, clock: ManualClock) -> None:
    async with store.transaction() as transaction:
        statuses = transaction.statuses
        (one, *_) = await statuses.allocate(bits=1, count=5, expires=NOW + DAY)
        await statuses.allocate(bits=1, count=7, expires=NOW + 2 * DAY)
        await statuses.allocate(bits=1, count=1, expires=NOW + DAY)
        (other, *_) = await statuses.allocate_identifiers(count=3, expires=NOW + 2 * DAY)
        found = await statuses.herds()
    expected = (
        Herd(list_id=one.list_id, of_identifiers=False, live=13),
        Herd(list_id=other.list_id, of_identifiers=True, live=3),
    )
    assert found == tuple(sorted(expected, key=lambda herd: herd.list_id))
    clock.advance(DAY)
    assert await herds(store) == {one.list_id: 7, other.list_id: 3}
    await store.purge()
    assert await herds(store) == {one.list_id: 7, other.list_id: 3}
    clock.advance(DAY)
    assert await herds(store) == {one.list_id: 0, other.list_id: 0}
    await store.purge()
    assert await herds(store) == {}
    async with store.transaction() as transaction:
        assert await transaction.statuses.load_identifiers(other.list_id) is None
