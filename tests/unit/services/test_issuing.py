"""The press: one record, a copy for each key, and a note of what revocation needs."""

from collections.abc import AsyncIterator

import pytest
from zegel_testing.authorities import DAY, NOW, anchor, authority, fixed_key, signer, trusting
from zegel_testing.persons import ADA, LICENCE
from zegel_testing.records import power_cut

from zegel.adapters.catalogue import load_catalogue
from zegel.adapters.entropy import system_random
from zegel.adapters.memory import ManualClock
from zegel.adapters.sql.store import SqlStore, open_memory_store
from zegel.checks import Check
from zegel.errors import Rejected, Unavailable
from zegel.formats.claims import Claims
from zegel.formats.credential import Format, IdentifierReference, StatusReference, VerifiedCredential
from zegel.formats.presentation import parse_credential, verify_credential
from zegel.services.issuing import CheckedStatus, CredentialPress, Order, revoke_batch
from zegel.services.ports import Watched
from zegel.trust.anchors import Purpose
from zegel.trust.attestation_claims import AttestationStatus
from zegel.trust.signing import CertifiedSigner

pytestmark = pytest.mark.anyio
ORIGIN = "https://issuer.utopia.example"
TYPES = load_catalogue().types
ROOT = authority("attestations")
SIGNER = signer(ROOT, "attestation signer", Purpose.ISSUER)
ANCHORS = trusting(anchor(ROOT, Purpose.ISSUER, entity="Office"))
KEYS = tuple(fixed_key(f"copy {at}").public_key for at in range(3))
TODAY = NOW + 40_000
RECORD: Claims = {**ADA, **LICENCE, "age_over_18": True}


@pytest.fixture
async def store() -> AsyncIterator[SqlStore]:
    opened = await open_memory_store(clock=ManualClock(NOW), random=system_random, status_list_size=1 << 12)
    yield opened
    opened.close()


@pytest.fixture
def press() -> CredentialPress:
    certified = CertifiedSigner(signer=SIGNER.key, certificates=(SIGNER.certificate,))
    return CredentialPress(list(TYPES.values()), signer=certified, origin=ORIGIN, random=system_random)


def order(type_: str = "pid", format_: Format = Format.SD_JWT_VC, **changes: object) -> Order:
    members = {"person": "ada", "type": TYPES[type_], "format": format_, "record": RECORD, "keys": KEYS}
    return Order(**(members | changes))


async def printed(press: CredentialPress, store: SqlStore, order: Order, now: int = TODAY) -> list[VerifiedCredential]:
    async with store.transaction() as transaction:
        copies = await press.issue(order, now=now, transaction=transaction)
    parsed = [parse_credential(order.format, copy) for copy in copies]
    return [verify_credential(each, anchors=ANCHORS, now=NOW + DAY) for each in parsed]


@pytest.mark.parametrize("format_", list(Format), ids=str)
async def test_each_key_gets_a_copy_with_an_entry_of_its_own(
    press: CredentialPress, store: SqlStore, format_: Format
) -> None:
    copies = await printed(press, store, order(format_=format_))
    assert [copy.holder_key for copy in copies] == list(KEYS)
    assert len({copy.status for copy in copies}) == len(KEYS)
    assert {copy.valid_until for copy in copies} == {NOW + 14 * DAY}


@pytest.mark.parametrize("format_", list(Format), ids=str)
async def test_no_copy_outlives_the_certificate_of_its_signer(
    press: CredentialPress, store: SqlStore, format_: Format
) -> None:
    late = TODAY + 80 * DAY
    async with store.transaction() as transaction:
        (copy, *_) = await press.issue(order(format_=format_), now=late, transaction=transaction)
    verified = verify_credential(parse_credential(format_, copy), anchors=ANCHORS, now=late)
    assert verified.valid_until == NOW + 88 * DAY  # rounded to the day, like every time in it
    assert verified.valid_until < SIGNER.certificate.not_after
    with pytest.raises(Unavailable, match="signer"):
        await printed(press, store, order(format_=format_), late + 8 * DAY)


async def test_what_is_noted_is_what_revocation_needs(press: CredentialPress, store: SqlStore) -> None:
    copies = await printed(press, store, order())
    async with store.transaction() as transaction:
        (batch,) = await transaction.issuances.of_person("ada")
    assert {(f"{ORIGIN}/status/{entry.list_id}", entry.index) for entry in batch.entries} == {
        (copy.status.uri, copy.status.index) for copy in copies if copy.status is not None
    }
    assert (batch.day, batch.expires, batch.revoked_at) == (NOW, NOW + 14 * DAY, None)


async def test_a_type_that_is_not_revocable_has_no_entry(press: CredentialPress, store: SqlStore) -> None:
    copies = await printed(press, store, order("proof_of_age", Format.MDOC))
    assert {copy.status for copy in copies} == {None}
    async with store.transaction() as transaction:
        (batch,) = await transaction.issuances.of_person("ada")
    assert batch.entries == ()


async def test_what_is_bound_to_nobody_is_one_copy(press: CredentialPress, store: SqlStore) -> None:
    (copy,) = await printed(press, store, order("residence", keys=(), record=RECORD))
    assert copy.holder_key is None


@pytest.mark.requirement("ISSU_14")
@pytest.mark.requirement("ISSU_25")
async def test_a_record_that_does_not_fit_is_issued_to_nobody(press: CredentialPress, store: SqlStore) -> None:
    with pytest.raises(Rejected) as refusal:
        await printed(press, store, order(record={**RECORD, "birth_date": "yesterday"}))
    assert (refusal.value.check, refusal.value.field) == (Check.RECORD, "birth_date")
    async with store.transaction() as transaction:
        assert await transaction.issuances.of_person("ada") == ()


async def test_a_transaction_that_fails_afterwards_takes_the_entries_back(
    press: CredentialPress, store: SqlStore
) -> None:
    async def interrupted() -> None:
        async with store.transaction() as transaction:
            await press.issue(order(), now=TODAY, transaction=transaction)
            power_cut()

    with pytest.raises(ZeroDivisionError):
        await interrupted()
    async with store.transaction() as transaction:
        assert await transaction.issuances.of_person("ada") == ()
        assert await transaction.statuses.list_ids() == ()


@pytest.mark.requirement("VCR_11")
@pytest.mark.requirement("VCR_11a")
async def test_mdocs_of_some_types_are_revoked_by_identifier_and_their_sd_jwts_never(
    store: SqlStore,
) -> None:
    certified = CertifiedSigner(signer=SIGNER.key, certificates=(SIGNER.certificate,))
    press = CredentialPress(
        list(TYPES.values()),
        signer=certified,
        origin=ORIGIN,
        random=system_random,
        by_identifier=frozenset({"pid"}),
    )
    mdocs = [copy.status for copy in await printed(press, store, order(format_=Format.MDOC))]
    sdjwts = [copy.status for copy in await printed(press, store, order())]
    licences = [copy.status for copy in await printed(press, store, order("mdl", format_=Format.MDOC))]
    assert [{type(each) for each in statuses} for statuses in (mdocs, sdjwts, licences)] == [
        {IdentifierReference},
        {StatusReference},
        {StatusReference},
    ]
    async with store.transaction() as transaction:
        batches = await transaction.issuances.of_person("ada")
    by_id = {(batch.type, batch.format): batch for batch in batches}
    batch = by_id["pid", Format.MDOC]
    assert batch.entries == ()
    assert batch.listed == batch.identifiers
    assert {each.identifier for each in batch.identifiers} == {each.identifier for each in mdocs}
    assert {f"{ORIGIN}/identifiers/{each.list_id}" for each in batch.identifiers} == {each.uri for each in mdocs}
    assert len({each.identifier for each in batch.identifiers}) == len(KEYS), "each copy has its own"


# --- what ends with a wallet ------------------------------------------------------------------------------------------


def checked(until: int, *, due: int = NOW + 60, what: Watched = Watched.WALLET) -> CheckedStatus:
    status = AttestationStatus(uri=f"{ORIGIN}/status/w", index=1, maintained_until=until, provider="Wallets")
    return CheckedStatus(what=what, status=status, due=due)


@pytest.mark.parametrize(
    ("until", "ends"),
    [
        (NOW + 40 * DAY, NOW + 14 * DAY),  # as long as the type
        (NOW + 10 * DAY + 1, NOW + 10 * DAY),
        (NOW + 10 * DAY, NOW + 9 * DAY),  # TS3 1.5 section 2.4.3: before, and not at the same moment
        (NOW + DAY + 1, NOW + DAY),
    ],
)
@pytest.mark.requirement("ISSU_12c")
@pytest.mark.requirement("WUA_30")
async def test_a_pid_ends_before_what_it_hangs_on_is_maintained_no_longer(
    press: CredentialPress, store: SqlStore, until: int, ends: int
) -> None:
    longer = checked(until + 20 * DAY, what=Watched.KEYS)
    async with store.transaction() as transaction:
        await press.issue(order(hangs_on=(longer, checked(until))), now=TODAY, transaction=transaction)
        (batch,) = await transaction.issuances.of_person("ada")
        watches = await transaction.watches.of_issuance(batch.id)
    assert batch.expires == ends
    assert [(watch.what, watch.due, watch.expires) for watch in watches] == [
        (Watched.KEYS, NOW + 60, ends),
        (Watched.WALLET, NOW + 60, ends),
    ]


async def test_nothing_is_issued_on_the_last_day_of_that(press: CredentialPress, store: SqlStore) -> None:
    with pytest.raises(Rejected) as refusal:
        async with store.transaction() as transaction:
            await press.issue(order(hangs_on=(checked(NOW + DAY),)), now=TODAY, transaction=transaction)
    assert refusal.value.check is Check.ATTESTATION_STATUS


async def test_a_batch_that_is_revoked_is_watched_no_more(press: CredentialPress, store: SqlStore) -> None:
    async with store.transaction() as transaction:
        await press.issue(order(hangs_on=(checked(NOW + 40 * DAY),)), now=TODAY, transaction=transaction)
        (batch,) = await transaction.issuances.of_person("ada")
        revoked = await revoke_batch(transaction, batch, now=NOW)
        assert revoked is not None
        assert revoked.revoked_at == NOW
        assert await transaction.watches.of_issuance(batch.id) == ()
        bits = await transaction.statuses.load(batch.entries[0].list_id)
    assert bits is not None
    assert sum(byte.bit_count() for byte in bits.entries) == len(batch.entries)
