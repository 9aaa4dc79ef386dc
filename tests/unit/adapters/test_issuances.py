import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
from zegel_testing.authorities import DAY, NOW
from zegel_testing.records import contents_of

from zegel.adapters.memory import ManualClock
from zegel.adapters.sql.store import SqlStore
from zegel.errors import Unavailable
from zegel.formats.credential import Format
from zegel.services.ports import Issuance
from zegel.services.status_ports import StatusEntry

pytestmark = pytest.mark.anyio

BATCH = Issuance(
    id="issuance-1",
    person="erika-voorbeeld",
    type="urn:eudi:pid:1",
    format=Format.SD_JWT_VC,
    entries=(StatusEntry(list_id="list-1", index=70_001), StatusEntry(list_id="list-1", index=5)),
    day=NOW,
    expires=NOW + 14 * DAY,
)


async def added(store: SqlStore, *issuances: Issuance) -> None:
    async with store.transaction(durable=True) as transaction:
        for issuance in issuances:
            await transaction.issuances.add(issuance)


async def test_a_batch_is_found_by_its_id_and_its_person(store: SqlStore) -> None:
    later = replace(BATCH, id="issuance-0", day=NOW + DAY, format=Format.MDOC)
    other = replace(BATCH, id="issuance-2", person="jan-voorbeeld")
    await added(store, later, BATCH, other)
    async with store.transaction() as transaction:
        assert await transaction.issuances.load("issuance-1") == BATCH
        assert await transaction.issuances.load("issuance-9") is None
        assert await transaction.issuances.of_person("erika-voorbeeld") == (BATCH, later)
        assert await transaction.issuances.of_person("nobody") == ()


async def test_a_batch_is_revoked_once_and_for_good(store: SqlStore) -> None:
    await added(store, BATCH)
    async with store.transaction() as transaction:
        revoked = await transaction.issuances.revoke("issuance-1", now=NOW + 10)
        assert revoked == replace(BATCH, revoked_at=NOW + 10)
        assert await transaction.issuances.revoke("issuance-1", now=NOW + 20) == revoked
        assert await transaction.issuances.revoke("issuance-9", now=NOW) is None


async def test_a_batch_is_forgotten_when_it_expires(store: SqlStore, clock: ManualClock) -> None:
    await added(store, BATCH)
    clock.advance(14 * DAY)
    async with store.transaction() as transaction:
        assert await transaction.issuances.load("issuance-1") is None
        assert await transaction.issuances.of_person("erika-voorbeeld") == ()
    assert await store.purge() == 1


async def test_neither_person_nor_type_nor_index_can_be_read_in_the_files(store: SqlStore, tmp_path: Path) -> None:
    await added(store, BATCH)
    content = b"".join(contents_of(tmp_path).values())
    assert b"issuance-1" in content
    for secret in (b"erika", b"pid:1", b"dc+sd-jwt", (70_001).to_bytes(4)):
        assert secret not in content


async def test_a_batch_that_was_changed_by_hand_does_not_open(store: SqlStore, url: str) -> None:
    await added(store, BATCH, replace(BATCH, id="issuance-2"))
    connection = sqlite3.connect(url.removeprefix("sqlite:///"))
    with connection:
        connection.execute(
            "UPDATE issuances SET value = (SELECT value FROM issuances WHERE id = 'issuance-2') WHERE id = 'issuance-1'"
        )
    connection.close()
    with pytest.raises(Unavailable, match="does not open"):
        async with store.transaction() as transaction:
            await transaction.issuances.load("issuance-1")
