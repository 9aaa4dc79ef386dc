"""Status lists as the issuer publishes them: signed once a period, never once a credential."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import cast

import pytest
from zegel_testing.authorities import DAY, NOW, trusting
from zegel_testing.relying_party import STATUS_ROOT, STATUS_SIGNER

from zegel.adapters.entropy import system_random
from zegel.adapters.memory import ManualClock
from zegel.adapters.sql.store import SqlStore, open_memory_store
from zegel.errors import Unavailable
from zegel.formats.status.identifiers import IDENTIFIER_LIST, parse_identifier_list, verify_identifier_list
from zegel.formats.status.token import StatusListFormat, VerifiedStatusList, parse_status_list, verify_status_list
from zegel.services.ports import IssuerStore
from zegel.services.status_ports import ListedIdentifier, StatusEntry
from zegel.services.status_publisher import PERIODS_VALID, PublishedList, StatusPublisher
from zegel.trust.anchors import Purpose, TrustAnchor
from zegel.trust.signing import CertifiedSigner
from zegel.web.app.monitor import status_families

pytestmark = pytest.mark.anyio
ORIGIN = "https://issuer.utopia.example"
PERIOD, TTL = 300, 1_000
ANCHORS = trusting(TrustAnchor(certificate=STATUS_ROOT.certificate, purpose=Purpose.STATUS, entity="Office"))


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
async def store(clock: ManualClock) -> AsyncIterator[SqlStore]:
    opened = await open_memory_store(clock=clock, random=system_random, status_list_size=1 << 13)
    yield opened
    opened.close()


@pytest.fixture
def publisher(store: SqlStore, clock: ManualClock) -> StatusPublisher:
    signer = CertifiedSigner(signer=STATUS_SIGNER.key, certificates=(STATUS_SIGNER.certificate,))
    return StatusPublisher(store=store, signer=signer, origin=ORIGIN, period=PERIOD, ttl=TTL, clock=clock)


async def allocate(store: SqlStore, count: int = 1) -> tuple[StatusEntry, ...]:
    async with store.transaction() as transaction:
        return await transaction.statuses.allocate(bits=1, count=count, expires=NOW + 30 * DAY)


async def revoke(store: SqlStore, *entries: StatusEntry) -> None:
    async with store.transaction() as transaction:
        await transaction.statuses.mark(entries, 1)


async def published(publisher: StatusPublisher, list_id: str) -> PublishedList:
    found = await publisher.look_up(list_id)
    assert found is not None
    return found


def read(found: PublishedList, list_id: str, *, now: int, format_: StatusListFormat) -> VerifiedStatusList:
    parsed = parse_status_list(found.body(format_), content_type=str(format_))
    return verify_status_list(parsed, uri=f"{ORIGIN}/status/{list_id}", anchors=ANCHORS, now=now)


@pytest.mark.parametrize("format_", list(StatusListFormat), ids=str)
@pytest.mark.requirement("VCR_11a")
async def test_a_list_says_in_both_formats_what_was_revoked(
    store: SqlStore, publisher: StatusPublisher, format_: StatusListFormat
) -> None:
    kept, gone = await allocate(store, 2)
    await revoke(store, gone)
    verified = read(await published(publisher, kept.list_id), kept.list_id, now=NOW, format_=format_)
    assert (verified.statuses.get(kept.index), verified.statuses.get(gone.index)) == (0, 1)
    assert verified.ttl == TTL
    assert verified.aggregation_uri == f"{ORIGIN}/status"


async def test_a_revocation_is_published_with_the_next_turn(
    store: SqlStore, publisher: StatusPublisher, clock: ManualClock
) -> None:
    (entry,) = await allocate(store)
    before = await published(publisher, entry.list_id)
    await revoke(store, entry)
    assert await published(publisher, entry.list_id) is before
    await publisher.publish()
    after = await published(publisher, entry.list_id)
    assert after.etag != before.etag
    assert read(after, entry.list_id, now=NOW, format_=StatusListFormat.JWT).statuses.get(entry.index) == 1


async def test_a_revocation_that_was_noted_is_there_for_the_next_reader_and_nothing_is_signed_before(
    store: SqlStore, publisher: StatusPublisher
) -> None:
    kept, gone = await allocate(store, 2)
    before = await published(publisher, kept.list_id)
    await revoke(store, gone)
    publisher.note_revocation()
    assert list(publisher._published.values()) == [before], "whoever revokes does not wait for the list"
    crowd = await asyncio.gather(*(published(publisher, kept.list_id) for _ in range(20)))
    assert all(found is crowd[0] for found in crowd), "and a crowd has it signed once"
    found = read(crowd[0], kept.list_id, now=NOW, format_=StatusListFormat.JWT).statuses
    assert (found.get(kept.index), found.get(gone.index)) == (0, 1)
    assert await published(publisher, kept.list_id) is crowd[0]


async def test_a_revocation_while_a_list_is_signed_is_there_for_the_next_reader(
    store: SqlStore, publisher: StatusPublisher
) -> None:
    first, second = await allocate(store, 2)
    await published(publisher, first.list_id)
    await revoke(store, first)
    publisher.note_revocation()
    reader = asyncio.create_task(published(publisher, first.list_id))
    await asyncio.sleep(0)  # it has begun: with the list as it was
    await revoke(store, second)
    publisher.note_revocation()
    heard = []
    for found in (await reader, await published(publisher, first.list_id)):
        statuses = read(found, first.list_id, now=NOW, format_=StatusListFormat.JWT).statuses
        heard.append((statuses.get(first.index), statuses.get(second.index)))
    assert heard == [(1, 0), (1, 1)]


async def test_a_list_that_did_not_change_is_not_signed_for_a_revocation_elsewhere(
    store: SqlStore, publisher: StatusPublisher
) -> None:
    (entry,) = await allocate(store)
    before = await published(publisher, entry.list_id)
    publisher.note_revocation()
    assert await published(publisher, entry.list_id) is before
    assert await publisher.look_up("no list of ours") is None


async def test_an_old_list_is_given_to_nobody_where_the_new_one_cannot_be_read(
    store: SqlStore, publisher: StatusPublisher
) -> None:
    (entry,) = await allocate(store)
    before = await published(publisher, entry.list_id)
    await revoke(store, entry)
    publisher.note_revocation()
    working, publisher._store = publisher._store, cast("IssuerStore", Broken())
    for _ in range(2):
        with pytest.raises(Unavailable):
            await publisher.look_up(entry.list_id)
    publisher._store = working
    after = await published(publisher, entry.list_id)
    assert after is not before
    assert read(after, entry.list_id, now=NOW, format_=StatusListFormat.JWT).statuses.get(entry.index) == 1


class Broken:
    """A store that does not answer."""

    def transaction(self) -> None:
        raise Unavailable("database", "it does not answer")


async def test_a_crowd_has_a_list_signed_once(store: SqlStore, publisher: StatusPublisher) -> None:
    (entry,) = await allocate(store)
    crowd = await asyncio.gather(*(published(publisher, entry.list_id) for _ in range(20)))
    assert all(found is crowd[0] for found in crowd)


async def test_a_reader_in_the_meantime_does_not_take_a_revocation_back(
    store: SqlStore, publisher: StatusPublisher
) -> None:
    (entry,) = await allocate(store)
    readers = [asyncio.create_task(publisher.look_up(entry.list_id)) for _ in range(20)]
    await asyncio.sleep(0)  # each has begun: with the list as it was
    await revoke(store, entry)
    await publisher.publish()
    await asyncio.gather(*readers)
    after = await published(publisher, entry.list_id)
    assert read(after, entry.list_id, now=NOW, format_=StatusListFormat.JWT).statuses.get(entry.index) == 1


async def test_nothing_is_signed_for_a_credential(store: SqlStore, publisher: StatusPublisher) -> None:
    (entry,) = await allocate(store)
    await publisher.publish()
    before = await published(publisher, entry.list_id)
    await allocate(store, 100)
    await publisher.publish()
    assert await published(publisher, entry.list_id) is before


async def test_what_did_not_change_is_signed_again_after_its_period(
    store: SqlStore, publisher: StatusPublisher, clock: ManualClock
) -> None:
    (entry,) = await allocate(store)
    await publisher.publish()
    before = await published(publisher, entry.list_id)
    clock.advance(PERIOD - 1)
    await publisher.publish()
    assert await published(publisher, entry.list_id) is before
    clock.advance(1)
    await publisher.publish()
    assert (await published(publisher, entry.list_id)).signed_at == NOW + PERIOD


async def test_what_a_clock_signed_that_was_ahead_is_signed_again_when_it_is_right(
    store: SqlStore, publisher: StatusPublisher, clock: ManualClock
) -> None:
    (entry,) = await allocate(store)
    clock.advance(3_600)
    await publisher.publish()
    clock.advance(-3_600)
    after = await published(publisher, entry.list_id)  # at its next reader, whatever the timer does
    assert after.signed_at == NOW
    assert read(after, entry.list_id, now=NOW, format_=StatusListFormat.JWT).statuses.get(entry.index) == 0
    clock.advance(3_600)
    await publisher.publish()
    clock.advance(-3_600)
    await publisher.publish()
    assert (await published(publisher, entry.list_id)).signed_at == NOW


async def test_a_pause_is_no_outage(store: SqlStore, publisher: StatusPublisher, clock: ManualClock) -> None:
    (entry,) = await allocate(store)
    before = await published(publisher, entry.list_id)
    assert before.expires == NOW + TTL + PERIODS_VALID * PERIOD
    clock.advance(before.expires - NOW - 1)
    assert await published(publisher, entry.list_id) is before
    clock.advance(1)
    after = await published(publisher, entry.list_id)
    assert after.signed_at == clock.now()
    assert read(after, entry.list_id, now=clock.now(), format_=StatusListFormat.JWT)


async def test_a_list_that_is_not_ours_is_not_published(publisher: StatusPublisher) -> None:
    assert await publisher.look_up("unknown") is None


async def test_a_list_whose_last_credential_has_expired_is_gone(
    store: SqlStore, publisher: StatusPublisher, clock: ManualClock
) -> None:
    (entry,) = await allocate(store)
    await published(publisher, entry.list_id)
    clock.advance(31 * DAY)
    await store.purge()
    await publisher.publish()
    assert await publisher.look_up(entry.list_id) is None
    assert json.loads(await publisher.aggregation())["status_lists"] == []


async def test_the_aggregation_names_every_list(store: SqlStore, publisher: StatusPublisher) -> None:
    (entry,) = await allocate(store)
    assert json.loads(await publisher.aggregation()) == {"status_lists": [f"{ORIGIN}/status/{entry.list_id}"]}


async def test_the_age_of_the_lists_is_that_of_the_one_signed_first(
    store: SqlStore, publisher: StatusPublisher, clock: ManualClock
) -> None:
    assert publisher.age() is None
    await allocate(store)
    await publisher.publish()
    clock.advance(PERIOD - 1)
    assert publisher.age() == PERIOD - 1
    clock.advance(1)
    await publisher.publish()
    assert publisher.age() == 0


async def test_a_list_that_is_gone_grows_no_older(
    store: SqlStore, publisher: StatusPublisher, clock: ManualClock
) -> None:
    await allocate(store)
    await publisher.publish()
    clock.advance(31 * DAY)
    await store.purge()
    await publisher.publish()
    assert publisher.age() is None


# --- identifier lists, and herds ------------------------------------------------------------------------------------


async def identify(store: SqlStore, count: int = 1) -> tuple[ListedIdentifier, ...]:
    async with store.transaction() as transaction:
        return await transaction.statuses.allocate_identifiers(count=count, expires=NOW + 30 * DAY)


@pytest.mark.requirement("VCR_11")
async def test_an_identifier_list_says_what_was_revoked(
    store: SqlStore, publisher: StatusPublisher, clock: ManualClock
) -> None:
    gone, kept = await identify(store, 2)
    before = await publisher.look_up_identifiers(gone.list_id)
    async with store.transaction() as transaction:
        await transaction.statuses.mark((gone,), 1)
    assert await publisher.look_up_identifiers(gone.list_id) is before
    await publisher.publish()
    after = await publisher.look_up_identifiers(gone.list_id)
    assert after is not None
    parsed = parse_identifier_list(after.body(IDENTIFIER_LIST), content_type=IDENTIFIER_LIST)
    uri = f"{ORIGIN}/identifiers/{gone.list_id}"
    verified = verify_identifier_list(parsed, uri=uri, anchors=ANCHORS, now=NOW)
    assert gone.identifier in verified.identifiers
    assert kept.identifier not in verified.identifiers
    assert verified.ttl == TTL
    assert await publisher.look_up(gone.list_id) is None
    assert json.loads(await publisher.identifier_aggregation()) == {"status_lists": [uri]}
    assert json.loads(await publisher.aggregation()) == {"status_lists": []}


async def test_what_is_published_is_as_many_as_are_given_out(store: SqlStore, publisher: StatusPublisher) -> None:
    assert publisher.herds == ()
    (entry, *_) = await allocate(store, 7)
    (identifier, *_) = await identify(store, 3)
    await publisher.publish()
    assert {(herd.of_identifiers, herd.list_id): herd.live for herd in publisher.herds} == {
        (False, entry.list_id): 7,
        (True, identifier.list_id): 3,
    }


async def test_a_cache_on_the_way_adds_no_more_than_a_period(store: SqlStore, publisher: StatusPublisher) -> None:
    assert publisher.max_age == min(PERIOD, TTL)


@pytest.mark.requirement("VCR_18")
async def test_how_many_a_list_is_about_is_measured_and_told_whoever_watches(
    store: SqlStore, publisher: StatusPublisher
) -> None:
    await allocate(store, 7)
    await identify(store, 3)
    async with store.transaction() as transaction:
        for _ in range(10):
            await transaction.statuses.allocate(bits=2, count=1_000, expires=NOW + DAY)
    await publisher.publish()
    samples = {
        (family.name, sample.labels.get("kind")): sample.value
        for family in status_families(publisher)
        for sample in family.samples
    }
    del samples["zegel_status_list_age_seconds", None]
    assert samples == {
        ("zegel_status_lists", "status-list"): 3,
        ("zegel_status_lists", "identifier-list"): 1,
        ("zegel_status_list_smallest_herd", "status-list"): 7,
        ("zegel_status_list_smallest_herd", "identifier-list"): 3,
        ("zegel_status_lists_small", "status-list"): 3,
        ("zegel_status_lists_small", "identifier-list"): 1,
    }
