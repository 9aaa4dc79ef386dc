"""A disclosure policy that changes: what was issued under another ends, and nothing else."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from zegel_testing.authorities import DAY, NOW
from zegel_testing.records import power_cut

from zegel.adapters.catalogue import load_catalogue
from zegel.adapters.entropy import system_random
from zegel.adapters.memory import ManualClock
from zegel.adapters.sql.store import SqlStore, open_memory_store
from zegel.formats.catalogue.types import AttestationType
from zegel.formats.credential import Format
from zegel.services.issuing import digest_of
from zegel.services.policy_changes import PAGE, PolicyChanges
from zegel.services.ports import Issuance, IssuerTransaction
from zegel.trust.disclosure_policy.values import AuthorisedParty, DisclosurePolicy, PolicyType

pytestmark = pytest.mark.anyio
TYPES = load_catalogue().types
POLICY = DisclosurePolicy(
    uri="https://policies.utopia.example/1",
    type=PolicyType.AUTHORISED_PARTIES,
    parties=(AuthorisedParty(identifier="GOVUT-7001"),),
)
OTHER = replace(POLICY, parties=(*POLICY.parties, AuthorisedParty(identifier="GOVUT-7002")))
LICENCE = replace(TYPES["mdl"], policy=None)


def role(policy: DisclosurePolicy | None) -> AttestationType:
    return replace(TYPES["role"], policy=policy)


@pytest.fixture
async def store() -> AsyncIterator[SqlStore]:
    opened = await open_memory_store(clock=ManualClock(NOW), random=system_random, status_list_size=1 << 12)
    yield opened
    opened.close()


async def issue(store: SqlStore, id_: str, type_: str, policy: DisclosurePolicy | None, *, listed: bool = True) -> None:
    async with store.transaction() as transaction:
        entries = await transaction.statuses.allocate(bits=1, count=2, expires=NOW + DAY) if listed else ()
        await transaction.issuances.add(
            Issuance(
                id=id_,
                person="ada",
                type=type_,
                format=Format.MDOC,
                entries=entries,
                day=NOW,
                expires=NOW + DAY,
                policy=digest_of(policy),
            )
        )


async def follow(store: SqlStore, *types: AttestationType) -> int:
    return await PolicyChanges(types, store=store, clock=ManualClock(NOW)).follow()


async def revoked(store: SqlStore) -> set[str]:
    """The batches that are revoked, each of which is marked in its list, copy by copy."""
    found = set()
    async with store.transaction() as transaction:
        for batch in await transaction.issuances.of_person("ada"):
            marked = set()
            for entry in batch.entries:
                bits = await transaction.statuses.load(entry.list_id)
                assert bits is not None
                marked.add(bool(bits.entries[entry.index >> 3] >> (entry.index & 7) & 1))
            assert marked <= {batch.revoked_at is not None}
            found |= {batch.id} if batch.revoked_at is not None else set()
    return found


@pytest.mark.slow
@pytest.mark.requirement("EDP_11")
@pytest.mark.parametrize(
    ("before", "after", "ends"),
    [(None, POLICY, True), (POLICY, OTHER, True), (POLICY, None, True), (POLICY, POLICY, False), (None, None, False)],
    ids=["added", "changed", "dropped", "kept", "none"],
)
async def test_what_was_issued_under_another_policy_is_revoked(
    store: SqlStore, before: DisclosurePolicy | None, after: DisclosurePolicy | None, ends: bool
) -> None:
    await follow(store, role(before), LICENCE)
    await issue(store, "a", "role", before)
    await issue(store, "b", "mdl", None)
    assert await follow(store, role(after), LICENCE) == int(ends)
    assert await revoked(store) == ({"a"} if ends else set())
    assert await follow(store, role(after), LICENCE) == 0


async def test_what_an_issuer_gave_out_before_it_knew_of_policies_ends_where_there_is_one_now(store: SqlStore) -> None:
    await issue(store, "a", "role", None)
    await issue(store, "b", "mdl", None)
    assert await follow(store, role(POLICY), LICENCE) == 1
    assert await revoked(store) == {"a"}


async def test_what_cannot_be_revoked_or_is_offered_no_longer_is_left(store: SqlStore) -> None:
    await issue(store, "a", "role", POLICY, listed=False)
    await issue(store, "b", "stamp", POLICY)
    assert await follow(store, role(OTHER)) == 0
    assert await revoked(store) == set()


async def test_it_goes_page_by_page_and_what_was_interrupted_is_begun_again(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(PAGE + 5):
        await issue(store, f"{number:04}", "role", POLICY)
    changes = PolicyChanges([role(OTHER)], store=store, clock=ManualClock(NOW))
    whole = PolicyChanges._revoke_outdated

    async def interrupted(self: PolicyChanges, transaction: IssuerTransaction, batch: Issuance) -> int:
        if batch.id == f"{PAGE + 1:04}":
            power_cut()
        return await whole(self, transaction, batch)

    monkeypatch.setattr(PolicyChanges, "_revoke_outdated", interrupted)
    with pytest.raises(ZeroDivisionError):
        await changes.follow()
    assert len(await revoked(store)) == PAGE
    monkeypatch.undo()
    assert await changes.follow() == 5
    assert len(await revoked(store)) == PAGE + 5


def test_policies_are_told_apart_by_all_that_they_say() -> None:
    digests = {digest_of(policy) for policy in (None, POLICY, OTHER, replace(POLICY, explanation="https://a.example"))}
    assert len(digests) == 4
    assert digest_of(replace(POLICY)) == digest_of(POLICY)
