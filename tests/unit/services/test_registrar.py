"""The registrar's service: certificates that follow from each move, and a log that can be held to a head."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial
from itertools import groupby
from pathlib import Path

import pytest
from sqlalchemy import text
from zegel_testing.access_requests import access_certificate
from zegel_testing.authorities import DAY, NOW, fixed_key, fixed_random
from zegel_testing.limits import awaited_peak_bytes
from zegel_testing.register import LIBRARIAN, OFFICER, PARTY, PROVIDER, STRANGER, applied, party
from zegel_testing.registration import REGISTERED, REGISTRATION_SIGNER

from zegel.adapters.memory import ManualClock
from zegel.adapters.sql.store import SqlStore, open_store
from zegel.checks import Check
from zegel.errors import Malformed, Rejected, Unavailable
from zegel.formats.status.entries import INVALID
from zegel.primitives.json import encode_json
from zegel.primitives.jws import parse_jws
from zegel.primitives.keys import Signer
from zegel.services.register_ports import Entry
from zegel.services.register_reader import (
    ACCESS,
    MAX_ACCESS_CERTIFICATES,
    AccessCertificates,
    Question,
    RegisterReader,
    audit,
)
from zegel.services.registrar import ITSELF, RENEWED_DAYS, VALID_DAYS, RegistrarService, Renewed
from zegel.services.registrar_renewal import RegistrarRenewal
from zegel.services.status_publisher import StatusPublisher
from zegel.trust.register.access import AccessRecord
from zegel.trust.register.changes import Change, LogHead, registration_digest, verify_log_head
from zegel.trust.register.parse import parse_wallet_relying_party
from zegel.trust.register.states import Deed, Standing
from zegel.trust.register.terms import ALL, Term, UseQuestion, name_term
from zegel.trust.register.values import EUID
from zegel.trust.registration.parse import parse_registration
from zegel.trust.registration.values import RegistrationCertificate, RegistrationFormat
from zegel.trust.registration.verify import verify_registration
from zegel.trust.signing import CertifiedSigner

pytestmark = pytest.mark.anyio
ORIGIN = "https://registrar.utopia.example"
LIBRARY = "NTRUT-1234567"
KEY: Signer = fixed_key("register answers")
CWT = RegistrationFormat.CWT
_USE: dict[str, object] = PARTY["intendedUse"][0] | {"serviceIdentifier": ["lending"]}


class Registrar:
    """A service and a reader on one database."""

    def __init__(self, store: SqlStore, path: Path, clock: ManualClock) -> None:
        signer = CertifiedSigner(signer=REGISTRATION_SIGNER.key, certificates=(REGISTRATION_SIGNER.certificate,))
        self.store, self.path, self.clock = store, path, clock
        self.service = RegistrarService(
            ORIGIN, signer=signer, store=store, clock=clock, random=fixed_random("registrar service")
        )
        self.reader = RegisterReader(ORIGIN, signer=KEY, kid="1", store=store, clock=clock)

    async def register(self, **changes: object) -> Entry:
        asked = party(**changes)
        await self.service.apply(asked, by=LIBRARIAN)
        return await self.service.approve(asked.identifier, by=OFFICER)

    async def head(self) -> LogHead:
        return verify_log_head(await self.reader.head(), issuer=ORIGIN, key=KEY.public_key).head

    def spoil(self, statement: str) -> None:
        with self.store._database.transaction():
            self.store._database.connection.execute(text(statement))


@pytest.fixture
async def registrar(tmp_path: Path) -> AsyncIterator[Registrar]:
    clock = ManualClock(NOW)
    path = tmp_path / "register.db"
    store = await open_store(
        f"sqlite:///{path}", key=b"k" * 32, clock=clock, random=fixed_random("store"), status_list_size=4096
    )
    yield Registrar(store, path, clock)
    store.close()


def told(seed: str) -> AccessRecord:
    """An authority tells of a certificate of the library."""
    return AccessRecord(service="lending", certificate=access_certificate(seed=seed), log="https://log.utopia.example")


def certificate(token: str | bytes) -> RegistrationCertificate:
    return verify_registration(parse_registration(token), anchors=REGISTERED, now=NOW + 1).certificate


@pytest.mark.requirement("RPRC_09")
@pytest.mark.requirement("RPRC_11")
@pytest.mark.requirement("RPRC_12")
@pytest.mark.requirement("Reg_10c")
@pytest.mark.requirement("RPRC_06")
@pytest.mark.requirement("RPRC_08")
async def test_a_certificate_for_each_use_of_each_service_is_issued_at_once_rprc_09_reg_10c(
    registrar: Registrar,
) -> None:
    entry = await registrar.register()
    told = [certificate(each.token) for each in entry.certificates]
    assert [each.service for each in told] == ["lending", "reading"]
    assert {each.intended_use for each in told} == {each.intended_use for each in entry.certificates}
    assert {each.identifier for each in told} == {LIBRARY}  # RPRC_08
    first = told[0]
    assert (first.identifier, first.name, first.service_name) == (LIBRARY, "Utopia Library", "Lending desk")  # RPRC_06
    assert first.authority is not None
    assert (first.authority.name, first.authority.country) == ("Data protection authority of Utopia", "UT")  # RPRC_12
    assert first.authority.uris == ("https://dpa.utopia.example/report",)
    assert first.support[0] == "https://library.utopia.example/deletion"  # RPRC_11
    assert first.status is not None
    assert first.status.uri.startswith(ORIGIN + "/status/")


@pytest.mark.requirement("RPRC_05")
@pytest.mark.requirement("RPRC_13")
@pytest.mark.requirement("RPRC_15")
async def test_a_provider_has_one_for_each_service_that_names_no_use_rprc_05_rprc_13_rprc_15(
    registrar: Registrar,
) -> None:
    university = parse_wallet_relying_party(encode_json(PROVIDER))
    await registrar.service.apply(university, by=LIBRARIAN)
    entry = await registrar.service.approve(university.identifier, by=OFFICER)
    (issued,) = entry.certificates
    told = certificate(issued.token)
    assert (told.intended_use, told.purposes, told.credentials) == (None, (), ())
    assert told.provides[0].types == ("urn:utopia:diploma:1",)


@pytest.mark.requirement("RPRC_04")
async def test_who_asks_through_others_has_one_for_each_of_them_rprc_04(registrar: Registrar) -> None:
    used = [
        {"identifier": [{"identifier": f"NTRUT-{n}", "type": "urn:a"}], "serviceIdentifier": "desk"} for n in (8, 9)
    ]
    entry = await registrar.register(usesIntermediary=used)
    told = [certificate(each.token).intermediary for each in entry.certificates]
    assert sorted(each.identifier for each in told if each is not None) == ["NTRUT-8", "NTRUT-8", "NTRUT-9", "NTRUT-9"]
    assert all(each is not None and each.service == "desk" for each in told)


async def revoked(registrar: Registrar, entry: Entry) -> list[bool]:
    found = []
    for each in entry.certificates:
        async with registrar.store.transaction() as transaction:
            bits = await transaction.statuses.load(each.entry.list_id)
        assert bits is not None
        found.append((bits.entries[each.entry.index // 8] >> each.entry.index % 8) & 1 == INVALID)
    return found


@pytest.mark.requirement("RPRC_01a")
async def test_what_still_says_what_is_registered_is_kept_and_the_rest_is_revoked_rprc_01a(
    registrar: Registrar,
) -> None:
    before = await registrar.register()
    assert before.registration.party is not None
    same = before.registration.party
    await registrar.service.change(same, by=LIBRARIAN)
    assert (await registrar.service.approve(LIBRARY, by=OFFICER)).certificates == before.certificates
    changed = parse_wallet_relying_party(encode_json({**_json(before), "tradeName": "The Library"}))
    await registrar.service.change(changed, by=LIBRARIAN)
    after = await registrar.service.approve(LIBRARY, by=OFFICER)
    assert await revoked(registrar, after) == [True, True, False, False]


def _json(entry: Entry) -> dict[str, object]:
    from zegel.trust.register.build import build_party

    assert entry.registration.party is not None
    return dict(build_party(entry.registration.party))


async def test_one_that_has_expired_is_issued_anew_with_the_next_decision(registrar: Registrar) -> None:
    before = await registrar.register()
    registrar.clock.advance(366 * DAY)
    assert before.registration.party is not None
    await registrar.service.change(before.registration.party, by=LIBRARIAN)
    after = await registrar.service.approve(LIBRARY, by=OFFICER)
    assert len(after.certificates) == 4


async def test_whoever_is_suspended_or_cancelled_has_no_certificate_any_more(registrar: Registrar) -> None:
    await registrar.register()
    suspended = await registrar.service.suspend(LIBRARY, by=OFFICER, reason="it is looked into")
    assert await revoked(registrar, suspended) == [True, True]
    resumed = await registrar.service.resume(LIBRARY, by=OFFICER)
    assert await revoked(registrar, resumed) == [True, True, False, False]
    cancelled = await registrar.service.cancel(LIBRARY, by=LIBRARIAN, reason="we close")
    assert await revoked(registrar, cancelled) == [True] * 4


async def test_a_refused_application_may_be_made_anew_by_another(registrar: Registrar) -> None:
    await registrar.service.apply(party(), by=STRANGER)
    await registrar.service.reject(LIBRARY, by=OFFICER, reason="not the library")
    assert (await registrar.register()).registration.owner == LIBRARIAN.subject
    assert await registrar.service.owned(by=STRANGER) == ()


async def test_what_is_one_persons_is_shown_to_nobody_else(registrar: Registrar) -> None:
    await registrar.register()
    assert await registrar.service.entry(LIBRARY, by=LIBRARIAN)
    assert await registrar.service.entry(LIBRARY, by=OFFICER)
    for act in (
        lambda: registrar.service.entry(LIBRARY, by=STRANGER),
        lambda: registrar.service.waiting(by=LIBRARIAN),
    ):
        with pytest.raises(Rejected) as refusal:
            await act()
        assert refusal.value.check is Check.REGISTER_DUTY


@pytest.mark.refuses(Check.REGISTER_ENTRY)
async def test_who_is_not_registered_is_not_found(registrar: Registrar) -> None:
    with pytest.raises(Rejected) as refusal:
        await registrar.reader.party(LIBRARY)
    assert refusal.value.check is Check.REGISTER_ENTRY
    with pytest.raises(Rejected) as refusal:
        await registrar.service.approve(LIBRARY, by=OFFICER)
    assert refusal.value.check is Check.REGISTER_ENTRY


# --- the log ----------------------------------------------------------------------------------------------------------


async def test_what_ends_soon_is_issued_anew_and_both_are_valid_until_then(registrar: Registrar) -> None:
    before = await registrar.register()
    registrar.clock.advance((VALID_DAYS - RENEWED_DAYS) * DAY - 1)
    with pytest.raises(Rejected) as early:
        await registrar.service.renew(LIBRARY, by=OFFICER)
    assert early.value.check is Check.REGISTER_MOVE
    registrar.clock.advance(1)
    with pytest.raises(Rejected) as party_itself:
        await registrar.service.renew(LIBRARY, by=LIBRARIAN)
    assert party_itself.value.check is Check.REGISTER_DUTY
    with pytest.raises(Rejected) as same_person:
        await registrar.service.renew(LIBRARY, by=replace(OFFICER, subject=LIBRARIAN.subject))
    assert same_person.value.check is Check.FOUR_EYES
    entry = await registrar.service.renew(LIBRARY, by=OFFICER)
    count = len(before.certificates)
    assert entry.certificates[:count] == before.certificates
    assert [each.content for each in entry.certificates[count:]] == [each.content for each in before.certificates]
    assert {each.expires for each in entry.certificates[count:]} == {registrar.clock.now() + VALID_DAYS * DAY}
    assert await revoked(registrar, entry) == [False] * 2 * count
    with pytest.raises(Rejected):  # they are there now
        await registrar.service.renew(LIBRARY, by=OFFICER)
    async with registrar.store.transaction() as transaction:
        changes = await transaction.register.changes(after=0, limit=100)
    assert [change.deed for change in changes] == [Deed.APPLIED, Deed.APPROVED, Deed.RENEWED]
    suspended = await registrar.service.suspend(LIBRARY, by=OFFICER, reason="it is looked into")
    assert await revoked(registrar, suspended) == [True] * 2 * count


async def test_the_registrar_renews_what_ends_by_itself_and_nothing_twice(registrar: Registrar) -> None:
    before = await registrar.register()
    await registrar.service.apply(party(identifier=[{"identifier": "NTRUT-2", "type": EUID}]), by=LIBRARIAN)
    registrar.clock.advance((VALID_DAYS - RENEWED_DAYS) * DAY - 1)
    assert (await registrar.service.renew_due(after=0)).count == 0
    registrar.clock.advance(1)
    assert await registrar.service.renew_due(after=0) == Renewed(count=1, after=0)
    entry = await registrar.service.entry(LIBRARY, by=OFFICER)
    count = len(before.certificates)
    assert entry.certificates[:count] == before.certificates
    assert [each.content for each in entry.certificates[count:]] == [each.content for each in before.certificates]
    assert await revoked(registrar, entry) == [False] * 2 * count
    assert (await registrar.service.renew_due(after=0)).count == 0
    with pytest.raises(Rejected):  # by the same rule
        await registrar.service.renew(LIBRARY, by=OFFICER)
    async with registrar.store.transaction() as transaction:
        (*_, last) = await transaction.register.changes(after=0, limit=100)
    assert (last.deed, last.by) == (Deed.RENEWED, ITSELF.subject)
    assert (await audit(registrar.store)).parties == 2


async def test_who_is_suspended_is_not_renewed(registrar: Registrar) -> None:
    await registrar.register()
    await registrar.service.suspend(LIBRARY, by=OFFICER, reason="it is looked into")
    registrar.clock.advance(VALID_DAYS * DAY)
    assert (await registrar.service.renew_due(after=0)).count == 0


async def register_due(registrar: Registrar, count: int) -> None:
    """So many parties whose certificates end soon."""
    for number in range(count):
        await registrar.register(identifier=[{"identifier": f"NTRUT-{number}", "type": EUID}])
    registrar.clock.advance((VALID_DAYS - RENEWED_DAYS) * DAY)


async def three_due(registrar: Registrar, monkeypatch: pytest.MonkeyPatch) -> RegistrarRenewal:
    """What renews a register of three parties, all of them due, in pages of two."""
    monkeypatch.setattr("zegel.services.registrar.PAGE", 2)
    await register_due(registrar, 3)
    statuses = StatusPublisher(
        store=registrar.store,
        signer=CertifiedSigner(signer=REGISTRATION_SIGNER.key, certificates=(REGISTRATION_SIGNER.certificate,)),
        origin=ORIGIN,
        period=300,
        ttl=300,
        clock=registrar.clock,
    )
    return RegistrarRenewal(registrar.service, statuses=statuses)


async def test_a_turn_looks_at_one_page_and_the_next_goes_on_behind_it(
    registrar: Registrar, monkeypatch: pytest.MonkeyPatch
) -> None:
    renewal = await three_due(registrar, monkeypatch)
    assert [(await renewal.take_turn()).count for _ in range(4)] == [2, 1, 0, 0]
    assert renewal.renewed == 3


class LockedOnce:
    """A key that is not at hand when it is asked for first."""

    public_key = REGISTRATION_SIGNER.key.public_key

    def __init__(self) -> None:
        self.asked = 0

    def sign(self, data: bytes) -> bytes:
        self.asked += 1
        if self.asked == 1:
            raise Unavailable("key", "its device is locked")
        return REGISTRATION_SIGNER.key.sign(data)


async def test_a_registration_that_cannot_be_renewed_keeps_no_other_from_it(
    registrar: Registrar, monkeypatch: pytest.MonkeyPatch
) -> None:
    renewal = await three_due(registrar, monkeypatch)
    registrar.service.sign_with(CertifiedSigner(signer=LockedOnce(), certificates=(REGISTRATION_SIGNER.certificate,)))
    with pytest.raises(Unavailable):
        await renewal.take_turn()
    assert renewal.renewed == 1
    assert [(await renewal.take_turn()).count for _ in range(3)] == [1, 1, 0]


class Noted:
    """A key that notes when it signs."""

    public_key = REGISTRATION_SIGNER.key.public_key

    def __init__(self, notes: list[str]) -> None:
        self._notes = notes

    def sign(self, data: bytes) -> bytes:
        self._notes.append("signed")
        return REGISTRATION_SIGNER.key.sign(data)


async def test_whoever_comes_meanwhile_has_a_turn_before_each_renewal(registrar: Registrar) -> None:
    await register_due(registrar, 4)
    notes: list[str] = []
    registrar.service.sign_with(CertifiedSigner(signer=Noted(notes), certificates=(REGISTRATION_SIGNER.certificate,)))
    renewing = asyncio.ensure_future(registrar.service.renew_due(after=0))
    while not renewing.done():
        notes.append("answered")
        await asyncio.sleep(0)
    assert (await renewing).count == 4
    assert [note for note, _ in groupby(notes)].count("signed") == 4, "each after an answer of somebody else's"


async def test_the_certificate_that_ends_last_is_given_out_by_what_it_is_about(registrar: Registrar) -> None:
    entry = await registrar.register()
    first = entry.certificates[0]
    about = {"service": first.service, "use": first.intended_use, "through": None}
    assert await registrar.service.certificate(LIBRARY, **about) == first.token.encode()
    registrar.clock.advance((VALID_DAYS - RENEWED_DAYS) * DAY)
    await registrar.service.renew_due(after=0)
    later = await registrar.service.certificate(LIBRARY, **about)
    assert parse_registration(later).unverified_certificate.valid_until == registrar.clock.now() + VALID_DAYS * DAY
    for other in ({"service": None}, {"service": "other"}, {"use": None}, {"use": "other"}, {"through": "NTRUT-9"}):
        with pytest.raises(Rejected) as refusal:
            await registrar.service.certificate(LIBRARY, **(about | other))
        assert refusal.value.check is Check.REGISTER_ENTRY
    await registrar.service.suspend(LIBRARY, by=OFFICER, reason="it is looked into")
    with pytest.raises(Rejected):
        await registrar.service.certificate(LIBRARY, **about)


def both(entry: Entry) -> list[tuple[RegistrationCertificate, RegistrationCertificate]]:
    """What each certificate of an entry says, verified, as JWT and as CWT."""
    assert all(each.cwt is not None for each in entry.certificates)
    return [(certificate(each.token), certificate(each.cwt or b"")) for each in entry.certificates]


@pytest.mark.requirement("RPRC_01a")
async def test_each_certificate_is_issued_in_both_formats_which_say_the_same_and_end_together(
    registrar: Registrar,
) -> None:
    entry = await registrar.register()
    assert [jwt for jwt, _ in both(entry)] == [cwt for _, cwt in both(entry)]
    assert len({jwt.status for jwt, _ in both(entry)}) == len(entry.certificates)
    about = {"service": "lending", "use": entry.certificates[0].intended_use, "through": None, "format_": CWT}
    assert await registrar.service.certificate(LIBRARY, **about) == entry.certificates[0].cwt
    registrar.clock.advance((VALID_DAYS - RENEWED_DAYS) * DAY)
    renewed = await registrar.service.renew(LIBRARY, by=OFFICER)
    later = await registrar.service.certificate(LIBRARY, **about)
    assert later == renewed.certificates[2].cwt
    assert parse_registration(later).unverified_certificate.valid_until == renewed.certificates[2].expires
    await registrar.service.suspend(LIBRARY, by=OFFICER, reason="it is looked into")
    with pytest.raises(Rejected) as refusal:
        await registrar.service.certificate(LIBRARY, **about)
    assert refusal.value.check is Check.REGISTER_ENTRY


async def test_what_was_issued_as_jwt_alone_is_issued_as_cwt_at_the_registrars_turn_and_once(
    registrar: Registrar,
) -> None:
    before = await registrar.register()
    await registrar.service.suspend(LIBRARY, by=OFFICER, reason="it is looked into")
    old = await registrar.service.resume(LIBRARY, by=OFFICER)
    alone = replace(old, certificates=tuple(replace(each, cwt=None) for each in old.certificates))
    async with registrar.store.transaction() as transaction:
        head = await transaction.register.head()
        (change,) = await transaction.register.changes(after=head.size - 1, limit=1)
        await transaction.register.save(alone, replace(change, sequence=head.size + 1, previous=head.hash))
    about = {"service": "lending", "use": before.certificates[0].intended_use, "through": None}
    with pytest.raises(Rejected) as refusal:
        await registrar.service.certificate(LIBRARY, **about, format_=CWT)
    assert (refusal.value.check, refusal.value.field) == (Check.REGISTER_ENTRY, "format")
    assert await registrar.service.certificate(LIBRARY, **about) == old.certificates[2].token.encode()
    assert (await registrar.service.renew_due(after=0)).count == 1
    after = await registrar.service.entry(LIBRARY, by=OFFICER)
    assert [replace(each, cwt=None) for each in after.certificates] == list(alone.certificates), "nothing else changes"
    assert [each.cwt is None for each in after.certificates] == [True, True, False, False], "what is revoked stays"
    said = await registrar.service.certificate(LIBRARY, **about, format_=CWT)
    assert certificate(said) == certificate(after.certificates[2].token)
    assert (await registrar.service.renew_due(after=0)).count == 0


async def test_through_whom_a_party_asks_tells_its_certificates_apart(registrar: Registrar) -> None:
    used = [
        {"identifier": [{"identifier": f"NTRUT-{n}", "type": "urn:a"}], "serviceIdentifier": "desk"} for n in (8, 9)
    ]
    use = (await registrar.register(usesIntermediary=used)).certificates[0].intended_use
    for through in ("NTRUT-8", "NTRUT-9"):
        found = await registrar.service.certificate(LIBRARY, service="lending", use=use, through=through)
        told = certificate(found).intermediary
        assert told is not None
        assert told.identifier == through
    with pytest.raises(Rejected):
        await registrar.service.certificate(LIBRARY, service="lending", use=use, through=None)


@pytest.mark.requirement("Reg_09")
async def test_every_move_is_logged_and_the_log_goes_on_from_every_head_reg_09(registrar: Registrar) -> None:
    heads = [await registrar.head()]
    await registrar.service.apply(party(), by=LIBRARIAN)
    heads.append(await registrar.head())
    await registrar.service.approve(LIBRARY, by=OFFICER)
    await registrar.service.suspend(LIBRARY, by=OFFICER, reason="it is looked into")
    await registrar.service.resume(LIBRARY, by=OFFICER)
    await registrar.service.change(party(), by=LIBRARIAN)
    await registrar.service.reject(LIBRARY, by=OFFICER, reason="no")
    await registrar.service.cancel(LIBRARY, by=LIBRARIAN, reason="we close")
    heads.append(await registrar.head())
    async with registrar.store.transaction() as transaction:
        changes = await transaction.register.changes(after=0, limit=100)
    assert [change.deed for change in changes] == [
        Deed.APPLIED, Deed.APPROVED, Deed.SUSPENDED, Deed.RESUMED, Deed.CHANGED, Deed.REJECTED, Deed.CANCELLED,
    ]  # fmt: skip
    audited = await audit(registrar.store, heads)
    assert (audited.head, audited.parties) == (heads[-1], 1)


@pytest.mark.parametrize(
    ("statement", "kept"),
    [
        ("DELETE FROM register_changes WHERE sequence = 4", True),  # the tail is cut
        ("DELETE FROM register_changes WHERE sequence = 2", False),
        ("UPDATE register_changes SET \"by\" = 'nobody' WHERE sequence = 1", False),
        ("UPDATE register_changes SET \"by\" = 'nobody' WHERE sequence = 4", False),
        ("UPDATE register_parties SET change = 1", False),
        ("DELETE FROM register_parties WHERE identifier = 'NTRUT-2'", False),
        ("UPDATE register_parties SET public = replace(public, 'Utopia Library', 'Utopia Tax')", False),
        ("UPDATE register_parties SET public = NULL", False),
    ],
)
async def test_what_was_tampered_with_shows(registrar: Registrar, statement: str, *, kept: bool) -> None:
    await registrar.register()
    await registrar.register(identifier=[{"identifier": "NTRUT-2", "type": "urn:a"}])
    head = await registrar.head()
    registrar.spoil(statement)
    if kept:  # without a head, and without what is registered since, nobody could tell
        registrar.spoil("DELETE FROM register_parties WHERE identifier = 'NTRUT-2'")
    with pytest.raises(Rejected) as refusal:
        await audit(registrar.store, [head] if kept else [])
    assert refusal.value.check is Check.REGISTER_LOG


_SECOND: str = "WHERE identifier = 'NTRUT-2'"
_ALL_FOUND: str = "SELECT term FROM register_postings WHERE members = x'01000200' LIMIT 1"


@pytest.mark.parametrize(
    ("statement", "detail"),
    [
        (f"UPDATE register_parties SET standing = 'suspended' {_SECOND}", "NTRUT-2 .* column standing"),
        (f"UPDATE register_parties SET waiting = 1 {_SECOND}", "NTRUT-2 .* column waiting"),
        (f"UPDATE register_parties SET owner = zeroblob(32) {_SECOND}", "NTRUT-2 .* column owner"),
        ("UPDATE register_words SET names = 'Utopia Tax' WHERE rowid = 2", "NTRUT-2 .* words"),
        ("DELETE FROM register_words WHERE rowid = 2", "NTRUT-2 .* words"),
        (
            f"UPDATE register_postings SET members = x'0100' WHERE term = ({_ALL_FOUND})",
            "NTRUT-2 .* a term of its own does not find it",
        ),
        ("INSERT INTO register_postings VALUES (zeroblob(16), 0, x'0100')", "the index finds"),
        (f"UPDATE register_postings SET members = x'010002000300' WHERE term = ({_ALL_FOUND})", "the index finds"),
    ],
)
async def test_what_an_entry_is_found_by_is_held_to_the_entry(
    registrar: Registrar, statement: str, detail: str
) -> None:
    """An index that was tampered with hides a party, or finds one by what it has not."""
    await registrar.register()
    await registrar.register(identifier=[{"identifier": "NTRUT-2", "type": "urn:a"}])
    assert (await audit(registrar.store)).parties == 2
    registrar.spoil(statement)
    with pytest.raises(Rejected, match=detail) as refusal:
        await audit(registrar.store)
    assert refusal.value.check is Check.REGISTER_LOG


async def test_an_entry_that_is_put_back_to_an_earlier_state_shows(registrar: Registrar) -> None:
    await registrar.register()
    for name in ("parties", "postings"):
        registrar.spoil(f"CREATE TABLE {name}_before AS SELECT * FROM register_{name}")
    registrar.spoil("CREATE TABLE words_before AS SELECT rowid AS id, names FROM register_words")
    await registrar.service.cancel(LIBRARY, by=OFFICER, reason="it was never a library")
    for name in ("parties", "postings"):
        registrar.spoil(f"DELETE FROM register_{name}")
        registrar.spoil(f"INSERT INTO register_{name} SELECT * FROM {name}_before")
    registrar.spoil("INSERT INTO register_words (rowid, names) SELECT id, names FROM words_before")
    with pytest.raises(Rejected, match="gone or old") as refusal:
        await audit(registrar.store)
    assert refusal.value.check is Check.REGISTER_LOG


async def test_a_cut_tail_does_not_show_to_who_kept_nothing(registrar: Registrar) -> None:
    await registrar.register()
    registrar.spoil("CREATE TABLE before AS SELECT * FROM register_postings")
    await registrar.register(identifier=[{"identifier": "NTRUT-2", "type": "urn:a"}])
    registrar.spoil("DELETE FROM register_changes WHERE sequence > 2")
    registrar.spoil("DELETE FROM register_parties WHERE identifier = 'NTRUT-2'")
    registrar.spoil("DELETE FROM register_postings")
    registrar.spoil("INSERT INTO register_postings SELECT * FROM before")
    assert (await audit(registrar.store)).head.size == 2


@pytest.mark.slow
async def test_the_audit_takes_as_little_memory_for_a_long_log_as_for_a_short_one(registrar: Registrar) -> None:
    registration = applied()

    async def grow(head: LogHead, count: int) -> LogHead:
        async with registrar.store.transaction() as transaction:
            for _ in range(count):
                change = Change(
                    sequence=head.size + 1, at=NOW, deed=Deed.CHANGED, identifier=LIBRARY, by="a",
                    digest=registration_digest(registration), previous=head.hash,
                )  # fmt: skip
                await transaction.register.save(Entry(registration=registration), change)
                head = head.follow(change)
        return head

    peaks = []
    head = await grow(LogHead(), 400)
    for size in (400, 1_600):
        head = await grow(head, size - head.size)
        assert (await audit(registrar.store, [head])).head == head
        peaks.append(await awaited_peak_bytes(partial(audit, registrar.store, [head])))
    assert peaks[1] < peaks[0] * 1.25


# --- what is given out ------------------------------------------------------------------------------------------------


def _uses(count: int, purpose: str) -> list[dict[str, object]]:
    return [_USE | {"purpose": [{"lang": "en", "content": f"{purpose} {number}"}]} for number in range(count)]


@pytest.mark.slow
async def test_of_the_uses_that_ended_as_many_are_kept_as_can_be_read_again(registrar: Registrar) -> None:
    """Else the party could not be given out any more, nor a page of a search with it."""
    await registrar.register(intendedUse=_uses(40, "first"))
    await registrar.service.change(party(intendedUse=_uses(40, "then")), by=LIBRARIAN)
    entry = await registrar.service.approve(LIBRARY, by=OFFICER)
    assert entry.registration.party is not None
    assert [use.revoked is None for use in entry.registration.party.intended_uses] == [True] * 40 + [False] * 24
    assert await registrar.reader.has_use(LIBRARY, UseQuestion(format="mso_mdoc"))


async def test_what_could_not_be_read_again_is_not_taken(registrar: Registrar) -> None:
    names = {"givenName": "A" * 150, "familyName": "B" * 150}  # both make a trade name that is too long
    with pytest.raises(Rejected, match="given out") as refusal:
        await registrar.service.apply(party(legalPerson=None, naturalPerson=names, tradeName=None), by=LIBRARIAN)
    assert (refusal.value.check, refusal.value.field) == (Check.REGISTER_MOVE, "tradeName")
    await registrar.service.apply(party(), by=LIBRARIAN)
    with pytest.raises(Rejected, match="given out"):
        await registrar.service.change(party(legalPerson=None, naturalPerson=names, tradeName=None), by=LIBRARIAN)


async def test_a_party_is_found_by_its_own_identifier_before_whoever_names_it_too(registrar: Registrar) -> None:
    names = [{"identifier": each, "type": "urn:a"} for each in ("NTRUT-666", LIBRARY)]
    await registrar.register(identifier=names, tradeName="Not the library")
    assert b"Not the library" in (await registrar.reader.party(LIBRARY)).documents[0]
    await registrar.register()
    assert b"Not the library" not in (await registrar.reader.party(LIBRARY)).documents[0]
    assert b"Not the library" in (await registrar.reader.party("NTRUT-666")).documents[0]


async def test_no_other_proposal_is_approved_than_the_one_that_was_looked_at(registrar: Registrar) -> None:
    shown = (await registrar.service.apply(party(), by=LIBRARIAN)).registration.proposal
    await registrar.service.change(party(tradeName="Something else"), by=LIBRARIAN)
    assert shown is not None
    with pytest.raises(Rejected, match="has changed") as refusal:
        await registrar.service.approve(LIBRARY, by=OFFICER, seen=shown.digest)
    assert refusal.value.check is Check.REGISTER_MOVE
    await registrar.service.change(party(), by=LIBRARIAN)
    assert (await registrar.service.approve(LIBRARY, by=OFFICER, seen=shown.digest)).registration.party


# --- searching --------------------------------------------------------------------------------------------------------


async def test_a_question_about_one_use_is_about_one_credential_of_it(registrar: Registrar) -> None:
    await registrar.register()
    terms = (("credentialformat", "mso_mdoc"), ("credentialmeta", "urn:eudi:pid:1"))
    either = await registrar.reader.search(Question(terms=terms))
    assert len(either.documents) == 1
    use = UseQuestion(format="mso_mdoc", meta="urn:eudi:pid:1")
    assert (await registrar.reader.search(Question(terms=terms, use=use))).documents == ()


@pytest.mark.slow
async def test_what_is_looked_through_is_bounded_and_goes_on(registrar: Registrar) -> None:
    for number in range(21):
        await registrar.register(identifier=[{"identifier": f"NTRUT-{number}", "type": "urn:a"}])
    terms = (("credentialformat", "mso_mdoc"), ("credentialmeta", "urn:eudi:pid:1"))
    page = await registrar.reader.search(Question(terms=terms, use=UseQuestion(format="x")))
    assert page.documents == ()
    assert page.after is not None
    onward = await registrar.reader.search(Question(terms=terms, use=UseQuestion(format="x"), after=page.after))
    assert onward.after is None
    fitting = await registrar.reader.search(Question(terms=terms, use=UseQuestion(format="mso_mdoc"), limit=3))
    assert len(fitting.documents) == 3


async def test_what_finds_a_party_changes_with_it(registrar: Registrar) -> None:
    before = await registrar.register()
    await registrar.service.change(
        parse_wallet_relying_party(encode_json({**_json(before), "tradeName": "Ámaurot Books"})), by=LIBRARIAN
    )
    await registrar.service.approve(LIBRARY, by=OFFICER)

    async def found(**what: object) -> int:
        return len((await registrar.reader.search(Question(**what))).documents)  # type: ignore[arg-type]

    assert await found(terms=(name_term("tradename", "Utopia Library"),)) == 0
    assert await found(terms=(name_term("tradename", "ÁMAUROT  books"),)) == 1
    assert await found(text="amaur boo") == 1
    entitled = ("entitlement", "https://uri.etsi.org/19475/Entitlement/Service_Provider")
    assert await found(terms=(entitled,), text="amaur") == await found(terms=(entitled, ALL), text="books") == 1
    assert await found(terms=(("isintermediary", "true"),), text="amaur") == 0
    await registrar.service.suspend(LIBRARY, by=OFFICER, reason="it is looked into")
    assert await found() == await found(text="amaur") == 0


async def test_a_page_ends_sooner_where_it_would_be_too_much_for_one_answer(registrar: Registrar) -> None:
    """Anybody may ask for it, as often as the rate allows."""
    many = AccessCertificates(certificates=('{"chain":"' + "x" * 60_000 + '"}',) * 10)
    for number in range(3):
        await registrar.register(identifier=[{"identifier": f"NTRUT-{number}", "type": "urn:a"}])
        async with registrar.store.transaction() as transaction:
            await transaction.put(ACCESS, f"NTRUT-{number}", many, expires=NOW + DAY)
    seen, after = [], 0
    while True:
        page = await registrar.reader.search(Question(after=after))
        assert len(registrar.reader.sign_page(page, one=False)) < 2_000_000
        seen += list(page.access)
        if page.after is None:
            break
        after = page.after
    assert seen == ["NTRUT-0", "NTRUT-1", "NTRUT-2"]


@pytest.mark.slow
@pytest.mark.parametrize("text", ["", "utopia"])
@pytest.mark.parametrize("terms", [(), (ALL,)], ids=["any", "all"])
async def test_pages_follow_one_another_without_a_gap(
    registrar: Registrar, text: str, terms: tuple[Term, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("zegel.adapters.sql.register._LOOKED_THROUGH", 3)
    for number in range(7):
        await registrar.register(identifier=[{"identifier": f"NTRUT-{number}", "type": "urn:a"}])
    after, told = 0, []
    while True:
        page = await registrar.reader.search(Question(terms=terms, text=text, limit=2, after=after))
        told += page.documents
        if page.after is None:
            break
        after = page.after
    assert [json.loads(each)["identifier"][0]["identifier"] for each in told] == [f"NTRUT-{each}" for each in range(7)]


async def test_so_many_access_certificates_are_remembered_and_no_more(registrar: Registrar) -> None:
    await registrar.register()
    full = AccessCertificates(certificates=("{}",) * (MAX_ACCESS_CERTIFICATES - 1))
    async with registrar.store.transaction() as transaction:
        await transaction.put(ACCESS, LIBRARY, full, expires=NOW + DAY)
    assert await registrar.reader.note_access_certificate(LIBRARY, told("a")) == MAX_ACCESS_CERTIFICATES
    with pytest.raises(Malformed, match="at most"):
        await registrar.reader.note_access_certificate(LIBRARY, told("b"))


@pytest.mark.slow
async def test_access_certificates_that_are_over_make_room_and_are_shown_no_more(registrar: Registrar) -> None:
    await registrar.register()
    note = registrar.reader.note_access_certificate
    for number in range(MAX_ACCESS_CERTIFICATES):
        await note(LIBRARY, told(f"{number}"))
    registrar.clock.advance(91 * DAY - 2)  # the last second of a certificate is its own, and a day later it is gone
    with pytest.raises(Malformed, match="at most"):
        await note(LIBRARY, told("renewed"))
    registrar.clock.advance(1)
    page = await registrar.reader.party(LIBRARY)
    shown = parse_jws(registrar.reader.sign_page(page, one=True), what="answer", max_bytes=1 << 20)
    assert shown.unverified_claims["accessCertificates"] == {LIBRARY: []}
    assert await note(LIBRARY, told("renewed")) == 1


async def test_an_access_certificate_that_is_told_of_again_is_known_once(registrar: Registrar) -> None:
    """An authority that was told nothing tells again."""
    await registrar.register()
    record = told("a")
    for _ in range(2):
        assert await registrar.reader.note_access_certificate(LIBRARY, record) == 1


async def test_an_access_certificate_of_who_was_never_registered_is_not_given_out(registrar: Registrar) -> None:
    async def refused() -> tuple[Check, str]:
        with pytest.raises(Rejected) as refusal:
            await registrar.reader.note_access_certificate(LIBRARY, told("a"))
        return refusal.value.check, refusal.value.field

    assert await refused() == (Check.REGISTER_ENTRY, "identifier")
    await registrar.service.apply(party(), by=LIBRARIAN)
    assert await refused() == (Check.REGISTER_ENTRY, "identifier"), "who applies is not registered yet"
    await registrar.service.approve(LIBRARY, by=OFFICER)
    await registrar.service.cancel(LIBRARY, by=OFFICER, reason="it closes")
    assert await registrar.reader.note_access_certificate(LIBRARY, told("a")) == 1, "it was issued before"


async def test_a_party_is_suspended_when_the_time_of_its_certificates_and_of_their_lists_is_over(
    registrar: Registrar,
) -> None:
    await registrar.register()
    registrar.clock.advance(VALID_DAYS * DAY)
    await registrar.store.purge()
    suspended = await registrar.service.suspend(LIBRARY, by=OFFICER, reason="nobody is there")
    assert suspended.registration.standing is Standing.SUSPENDED


async def test_a_new_key_signs_what_comes_after(registrar: Registrar) -> None:
    other = fixed_key("another key")
    registrar.reader.sign_with(other, "2")
    head = verify_log_head(await registrar.reader.head(), issuer=ORIGIN, key=other.public_key)
    assert head.at == NOW
    signer = CertifiedSigner(signer=REGISTRATION_SIGNER.key, certificates=(REGISTRATION_SIGNER.certificate,))
    registrar.service.sign_with(signer)
    assert (await registrar.register()).certificates
