"""Revocation by the access authority: one certificate, those of a party, all; and when a wallet sees it."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import TypeVar

import pytest
from zegel_testing.access_desk import IDENTIFIER, ISSUER, AccessDesk, open_desk
from zegel_testing.access_requests import ISSUING, ROOT, below, request_pem
from zegel_testing.authorities import DAY, LOG, NOW, anchor, fixed_key
from zegel_testing.crowds import crowd
from zegel_testing.register import PARTY, party

from zegel.checks import Check
from zegel.errors import Rejected, Unavailable
from zegel.primitives.crl import MAX_REVOKED, UnverifiedCrl, parse_crl, verify_crl
from zegel.services.access_authority import CERTIFICATE_SUFFIX, CRL_SUFFIX, IssuingAuthority
from zegel.services.access_ports import AccessTransaction
from zegel.services.access_revocation import AccessRevocationService
from zegel.services.trust import Trust
from zegel.services.trust_ports import RevocationList
from zegel.trust.access import verify_access_chain
from zegel.trust.access_authority.orders import AccessOrder, Standing
from zegel.trust.access_authority.selection import CertificatesIssued, CertificatesOf, OneCertificate
from zegel.trust.anchors import Purpose

T = TypeVar("T")


def at_the_desk(act: Callable[[AccessDesk], Awaitable[T]]) -> T:
    async def opened() -> T:
        async with open_desk() as desk:
            return await act(desk)

    return asyncio.run(opened())


async def three(desk: AccessDesk) -> list[AccessOrder]:
    """Three certificates of the library, an hour apart."""
    orders = []
    for name in ("one", "two", "three"):
        orders.append(await desk.issue(fixed_key(name)))
        desk.clock.advance(3_600)
    return orders


def serials(crl: UnverifiedCrl) -> frozenset[int]:
    return crl.unverified_serials


def test_the_first_list_is_empty_and_under_the_issuers_key() -> None:
    """ARF 3.0 Reg_12."""

    async def act(desk: AccessDesk) -> UnverifiedCrl:
        assert desk.revocation.read(ISSUER.key_id + CRL_SUFFIX) is None
        with pytest.raises(Rejected):
            desk.revocation.check_published()
        await desk.revocation.publish()
        assert desk.revocation.check_published()
        crl = desk.crl()
        desk.clock.advance(crl.unverified_next_update - NOW)
        with pytest.raises(Rejected):
            desk.revocation.check_published()
        return crl

    verified = verify_crl(at_the_desk(act), issuer=ISSUING.certificate, now=NOW)
    assert (verified.serials, verified.number, verified.next_update) == (frozenset(), 1, NOW + DAY)


def test_a_list_that_a_clock_signed_that_was_ahead_is_signed_anew_when_it_is_asked_for() -> None:
    name = ISSUER.key_id + CRL_SUFFIX

    async def act(desk: AccessDesk) -> tuple[bytes | None, bytes | None]:
        desk.clock.advance(3_600)
        await desk.revocation.publish()
        desk.clock.advance(-3_600)
        return await desk.revocation.look_up(name), await desk.revocation.look_up(name)

    first, again = at_the_desk(act)
    assert first is not None
    assert first == again
    assert parse_crl(first).unverified_this_update == NOW


class LastTransaction:
    """A disk that is full behind one transaction."""

    def __init__(self, desk: AccessDesk) -> None:
        self._store = desk.store
        self._left = 1

    def transaction(self, *, durable: bool = False) -> AbstractAsyncContextManager[AccessTransaction]:
        if not self._left:
            raise Unavailable("database", "its disk is full")
        self._left -= 1
        return self._store.transaction(durable=durable)

    async def purge(self) -> int:
        return 0


def test_what_is_revoked_stands_together_with_the_list_that_says_so() -> None:
    async def act(desk: AccessDesk) -> tuple[AccessOrder, bytes | None]:
        issued = await desk.issue()
        store, register = LastTransaction(desk), desk.register
        revocation = AccessRevocationService(
            issuing=(ISSUER,), valid=DAY, store=store, registry=register, clock=desk.clock
        )
        await revocation.revoke(CertificatesOf(party=IDENTIFIER), reason="the key was lost")
        return issued, revocation.read(ISSUER.key_id + CRL_SUFFIX)

    issued, published = at_the_desk(act)
    assert published is not None
    assert serials(parse_crl(published)) == {issued.certificate.serial_number}


def test_one_certificate_is_revoked_with_its_reason_and_the_others_stay() -> None:
    async def act(desk: AccessDesk) -> tuple[list[AccessOrder], UnverifiedCrl, AccessOrder]:
        orders = await three(desk)
        one = OneCertificate(serial=orders[1].certificate.serial_number)
        assert await desk.revocation.revoke(one, reason="the key was lost") == 1
        return orders, desk.crl(), await desk.service.look(orders[1].id)

    orders, crl, revoked = at_the_desk(act)
    assert serials(crl) == {orders[1].certificate.serial_number}
    assert (revoked.standing, revoked.reason) == (Standing.REVOKED, "the key was lost")


def test_what_is_revoked_is_not_revoked_again() -> None:
    async def act(desk: AccessDesk) -> None:
        one = OneCertificate(serial=(await desk.issue()).certificate.serial_number)
        await desk.revocation.revoke(one, reason="the key was lost")
        await desk.revocation.revoke(one, reason="the key was lost")

    with pytest.raises(Rejected) as refusal:
        at_the_desk(act)
    assert refusal.value.check is Check.ACCESS_REVOCATION


def test_all_of_a_party_are_revoked_and_nobody_elses() -> None:
    async def act(desk: AccessDesk) -> tuple[int, int]:
        orders = await three(desk)
        desk.register.parties["NTRUT-2"] = party(identifier=[{"identifier": "NTRUT-2", "type": "urn:a"}])
        other = desk.serve(await desk.service.order("NTRUT-2", "lending", request_pem(key=fixed_key("four"))))
        await desk.service.finish(other.id)
        revoked = await desk.revocation.revoke(CertificatesOf(party=IDENTIFIER), reason="cancelled")
        assert serials(desk.crl()) == {each.certificate.serial_number for each in orders}
        return revoked, len(serials(desk.crl()))

    assert at_the_desk(act) == (3, 3)


@pytest.mark.parametrize(
    ("since", "until", "meant"),
    [(None, None, {0, 1, 2}), (NOW + 3_600, None, {1, 2}), (None, NOW + 3_600, {0}), (NOW + 1, NOW + 7_200, {1})],
)
def test_all_that_were_issued_in_a_time_are_revoked_for_whoever_says_how_many(
    since: int | None, until: int | None, meant: set[int]
) -> None:
    selection = CertificatesIssued(since=since, until=until)

    async def act(desk: AccessDesk) -> tuple[list[AccessOrder], UnverifiedCrl]:
        orders = await three(desk)
        await desk.revocation.publish()
        with pytest.raises(Rejected) as refusal:
            await desk.revocation.revoke(selection, reason="the token was stolen", confirm=len(meant) + 1)
        assert (refusal.value.check, refusal.value.field) == (Check.ACCESS_REVOCATION, "confirm")
        assert serials(desk.crl()) == frozenset()
        count = await desk.revocation.revoke(selection, reason="the token was stolen", confirm=len(meant))
        assert count == len(meant)
        return orders, desk.crl()

    orders, crl = at_the_desk(act)
    assert serials(crl) == {orders[at].certificate.serial_number for at in meant}


def test_without_a_reason_nothing_is_revoked() -> None:
    async def act(desk: AccessDesk) -> None:
        await desk.issue()
        await desk.revocation.revoke(CertificatesOf(party=IDENTIFIER), reason="")

    with pytest.raises(Rejected) as refusal:
        at_the_desk(act)
    assert refusal.value.field == "reason"


def test_whose_registration_ends_loses_the_certificates_at_the_next_look() -> None:
    """ARF 3.0 Reg_13: suspended or cancelled, they are revoked."""

    async def act(desk: AccessDesk) -> tuple[int, int, int]:
        await three(desk)
        before = await desk.revocation.follow_register()
        desk.register.parties.clear()
        return before, await desk.revocation.follow_register(), await desk.revocation.follow_register()

    assert at_the_desk(act) == (0, 3, 0)


READING_ALONE = {
    "services": [{"serviceIdentifier": "reading", "serviceTradeName": "Reading room"}],
    "srvDescription": [[{"lang": "en", "content": "A quiet room"}]],
    "intendedUse": [PARTY["intendedUse"][0] | {"serviceIdentifier": ["reading"]}],
}
ELSEWHERE = {"infoURI": ["https://elsewhere.example/"], "supportURI": ["tel:+999000"]}


RENAMED = {"tradeName": "Utopia Media Library"}
DESK_RENAMED = {"services": [PARTY["services"][0] | {"serviceTradeName": "Loans"}, PARTY["services"][1]]}


@pytest.mark.parametrize(
    "changes",
    [READING_ALONE, ELSEWHERE, RENAMED, DESK_RENAMED],
    ids=["the Service", "the host", "the name", "the name of the Service"],
)
def test_what_is_registered_no_more_is_certified_no_more(changes: dict[str, object]) -> None:
    async def act(desk: AccessDesk) -> tuple[int, str]:
        order = await desk.issue()
        desk.register.parties[IDENTIFIER] = party(**changes)
        gone = await desk.revocation.follow_register()
        return gone, (await desk.service.look(order.id)).reason

    gone, reason = at_the_desk(act)
    assert gone == 1
    assert "registered" in reason


def test_a_revoked_certificate_stays_on_the_list_until_a_day_after_its_end() -> None:
    async def act(desk: AccessDesk) -> list[int]:
        order = await desk.issue()
        await desk.revocation.revoke(CertificatesOf(party=IDENTIFIER), reason="cancelled")
        counts = []
        desk.clock.advance(order.until + DAY - 1 - NOW)
        for _ in range(2):
            await desk.revocation.publish()
            counts.append(len(serials(desk.crl())))
            desk.clock.advance(1)
        return counts

    assert at_the_desk(act) == [1, 0]


def test_numbers_rise_with_each_list() -> None:
    async def act(desk: AccessDesk) -> list[int | None]:
        numbers = []
        for _ in range(3):
            await desk.revocation.publish()
            numbers.append(desk.crl().unverified_number)
        return numbers

    assert at_the_desk(act) == [1, 2, 3]


def test_a_key_that_issues_no_more_signs_its_list_as_long_as_it_is_kept() -> None:
    successor = IssuingAuthority(authority=below(ROOT, "another"))

    async def act(desk: AccessDesk) -> tuple[AccessOrder, bytes | None, bytes | None, bytes | None]:
        order = await desk.issue()
        desk.service.issue_with(successor)
        desk.revocation.sign_with((successor, ISSUER))
        await desk.issue(fixed_key("by the successor"))
        await desk.revocation.revoke(OneCertificate(serial=order.certificate.serial_number), reason="lost")
        read = desk.revocation.read
        old, new = read(ISSUER.key_id + CRL_SUFFIX), read(successor.key_id + CRL_SUFFIX)
        return order, old, new, desk.revocation.certificate(successor.key_id + CERTIFICATE_SUFFIX)

    order, old, new, certificate = at_the_desk(act)
    assert old is not None
    assert new is not None
    assert serials(parse_crl(old)) == {order.certificate.serial_number}
    assert serials(parse_crl(new)) == frozenset()
    assert certificate == successor.authority.certificate.der


@pytest.mark.slow
def test_what_would_make_a_list_too_long_for_its_readers_is_refused_and_nothing_of_it_is_revoked() -> None:
    """They would go on with the list before, and from its next update on trust nobody whom the authority certified."""

    async def act(desk: AccessDesk) -> tuple[int, list[Check], Standing]:
        order = await desk.issue()
        until = order.until
        crowd(desk.store, ISSUER, MAX_REVOKED - 1, at=NOW - 7, until=until, revoked=True)
        crowd(desk.store, ISSUER, 1, at=NOW - 6, until=until, revoked=False)
        await desk.revocation.revoke(CertificatesIssued(until=NOW), reason="lost", confirm=1)
        checks = []
        for selection in (OneCertificate(serial=order.certificate.serial_number), CertificatesOf(party=IDENTIFIER)):
            with pytest.raises(Rejected) as refusal:
                await desk.revocation.revoke(selection, reason="lost")
            checks.append(refusal.value.check)
        await desk.revocation.publish()
        return len(serials(desk.crl())), checks, (await desk.service.look(order.id)).standing

    published, checks, standing = at_the_desk(act)
    assert published == MAX_REVOKED
    assert checks == [Check.REVOCATION_LIST_FULL] * 2
    assert standing is Standing.ISSUED


@pytest.mark.slow
def test_a_list_has_room_again_when_certificates_on_it_have_ended() -> None:
    """RFC 5280 section 3.3: they leave it with the first list after a day beyond that."""

    async def act(desk: AccessDesk) -> list[int]:
        crowd(desk.store, ISSUER, MAX_REVOKED, at=NOW - 7, until=NOW + 1, revoked=True)
        order = await desk.issue()
        await desk.revocation.publish()
        counts = [len(serials(desk.crl()))]
        desk.clock.advance(DAY + 1)
        await desk.revocation.revoke(OneCertificate(serial=order.certificate.serial_number), reason="lost")
        return [*counts, len(serials(desk.crl()))]

    assert at_the_desk(act) == [MAX_REVOKED, 1]


@pytest.mark.slow
def test_a_list_that_was_too_long_already_holds_up_no_other() -> None:
    successor = IssuingAuthority(authority=below(ROOT, "another"))

    async def act(desk: AccessDesk) -> list[bytes | None]:
        crowd(desk.store, ISSUER, MAX_REVOKED + 1, at=NOW - 7, until=NOW + DAY, revoked=True)
        desk.service.issue_with(successor)
        desk.revocation.sign_with((successor, ISSUER))
        order = await desk.issue()
        await desk.revocation.revoke(OneCertificate(serial=order.certificate.serial_number), reason="lost")
        assert list(desk.revocation.crowded()) == [ISSUER.key_id + CRL_SUFFIX]
        return [desk.revocation.read(each.key_id + CRL_SUFFIX) for each in (ISSUER, successor)]

    old, new = at_the_desk(act)
    assert old is None
    assert new is not None
    assert len(serials(parse_crl(new))) == 1


@pytest.mark.slow
@pytest.mark.parametrize(("entries", "crowded"), [(15_999, False), (16_000, True)])
def test_a_list_is_crowded_from_four_fifths_on(entries: int, crowded: bool) -> None:
    async def act(desk: AccessDesk) -> tuple[int, dict[str, int]]:
        crowd(desk.store, ISSUER, entries, at=NOW, until=NOW + DAY, revoked=True)
        await desk.revocation.publish()
        return desk.revocation.longest, dict(desk.revocation.crowded())

    assert at_the_desk(act) == (entries, {ISSUER.key_id + CRL_SUFFIX: entries} if crowded else {})


@pytest.mark.slow
def test_for_whom_a_list_has_no_room_holds_up_nobody_else_at_the_register() -> None:
    """Reg_13: whoever comes after is followed all the same, and that somebody was not is said at the end."""
    successor = IssuingAuthority(authority=below(ROOT, "another"))

    async def act(desk: AccessDesk) -> tuple[Check, Standing]:
        crowd(desk.store, ISSUER, MAX_REVOKED, at=NOW - 7, until=NOW + DAY, revoked=True)
        crowd(desk.store, ISSUER, 1, at=NOW - 6, until=NOW + DAY, revoked=False)  # of nobody's, who comes first
        desk.service.issue_with(successor)
        desk.revocation.sign_with((successor, ISSUER))
        order = await desk.issue()
        desk.register.parties.clear()
        with pytest.raises(Rejected) as refusal:
            await desk.revocation.follow_register()
        return refusal.value.check, (await desk.service.look(order.id)).standing

    assert at_the_desk(act) == (Check.REVOCATION_LIST_FULL, Standing.REVOKED)


@pytest.mark.requirement("RPACANot_06")
def test_an_authority_that_ends_revokes_all_that_it_ever_issued_and_has_not_expired_at_once() -> None:
    """Of every party, under each of its keys, in lists that are out with the answer; and nothing is left to revoke."""
    successor = IssuingAuthority(authority=below(ROOT, "another"))

    async def act(desk: AccessDesk) -> tuple[list[AccessOrder], list[AccessOrder], dict[str, bytes], list[Standing]]:
        (expired,) = [await desk.issue(fixed_key("long ago"))]
        desk.clock.advance(expired.until - NOW)
        old = [await desk.issue(fixed_key(name)) for name in ("one", "two")]
        desk.register.parties["NTRUT-2"] = party(identifier=[{"identifier": "NTRUT-2", "type": "urn:a"}])
        other = desk.serve(await desk.service.order("NTRUT-2", "lending", request_pem(key=fixed_key("three"))))
        old.append(await desk.service.finish(other.id))
        desk.service.issue_with(successor)
        desk.revocation.sign_with((successor, ISSUER))
        new = [await desk.issue(fixed_key("four"))]
        await desk.revocation.publish()
        assert await desk.revocation.revoke(CertificatesIssued(), reason="the authority is cancelled", confirm=4) == 4
        published = dict(desk.revocation.check_published())
        with pytest.raises(Rejected) as refusal:
            await desk.revocation.revoke(CertificatesIssued(), reason="once more", confirm=0)
        assert refusal.value.check is Check.ACCESS_REVOCATION
        standings = [(await desk.service.look(each.id)).standing for each in (*old, *new)]
        return old, new, published, standings

    old, new, published, standings = at_the_desk(act)
    assert standings == [Standing.REVOKED] * 4
    for issuer, orders in ((ISSUER, old), (successor, new)):
        crl = verify_crl(
            parse_crl(published[issuer.key_id + CRL_SUFFIX]),
            issuer=issuer.authority.certificate,
            now=old[0].until - 90 * DAY,
        )
        assert crl.serials == {each.certificate.serial_number for each in orders}


class Published:
    """A ``RevocationSource``: the authority's own, and the root's, where nothing is revoked."""

    def __init__(self, desk: AccessDesk) -> None:
        self.desk = desk

    async def fetch(self, url: str) -> RevocationList:
        found = self.desk.revocation.read(url.rpartition("/")[2])
        assert found is not None
        return RevocationList(found)


def test_a_wallet_sees_a_mass_revocation_a_second_after_the_next_update_and_not_a_second_before() -> None:
    """It goes on with the list that it has until that is over, and then has the next one (a day, by default)."""

    async def act(desk: AccessDesk) -> tuple[list[Check | None], int]:
        order = await desk.issue()
        x5c = tuple(each.der for each in order.chain)
        trust = Trust(
            (), fixed=(anchor(ROOT, Purpose.ACCESS), LOG), clock=desk.clock, revocations=Published(desk), grace=0
        )

        def verdict() -> Check | None:
            now = desk.clock.now()
            try:
                verify_access_chain(x5c, anchors=trust.anchors, timestamps_required=True, now=now)
            except Rejected as refusal:
                return refusal.check
            return None

        await desk.revocation.publish()
        next_update = desk.crl().unverified_next_update
        assert verdict() is Check.REVOCATION_STALE  # nothing was fetched yet, and now its address is known
        await trust.refresh()
        seen = [verdict()]
        await desk.revocation.revoke(CertificatesIssued(), reason="the authority was broken into", confirm=1)
        desk.clock.advance(next_update - 1 - desk.clock.now())
        seen.append(verdict())
        desk.clock.advance(2)
        seen.append(verdict())  # the old list is over: nobody may believe it any more
        await trust.refresh()
        seen.append(verdict())
        return seen, next_update

    seen, next_update = at_the_desk(act)
    assert seen == [None, None, Check.REVOCATION_STALE, Check.CERTIFICATE_REVOKED]
    assert next_update == NOW + DAY
