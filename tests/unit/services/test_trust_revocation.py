"""What is known of revocation, kept fresh: which lists are fetched, when they count, and what an attacker gains."""

from asyncio import Event
from dataclasses import replace

import pytest
from zegel_testing.authorities import DAY, NOW, anchor, authority, fixed_key, fixed_random
from zegel_testing.lists import document, entity, service, signed
from zegel_testing.relying_party import ListInHand

from zegel.adapters.memory import ManualClock
from zegel.checks import Check
from zegel.errors import Rejected, Unavailable
from zegel.primitives.crl import sign_crl
from zegel.primitives.x509 import Certificate
from zegel.profiles import PROFILES, Profile
from zegel.services.trust import Trust
from zegel.services.trust_ports import RevocationList
from zegel.trust.anchors import Purpose
from zegel.trust.authority import SubjectName, issue_certificate
from zegel.trust.lists.values import CRL_POINT, ListType, ServiceType, SupplyPoint
from zegel.trust.revocation import GRACE

pytestmark = pytest.mark.anyio
ROOT = authority("access")
URL = "https://authority.utopia.example/access.crl"


def leaf(name: str = "verifier", *, url: str = URL) -> Certificate:
    return issue_certificate(
        ROOT,
        SubjectName(country="UT", organization="Utopia", common_name=name),
        key=fixed_key(name).public_key,
        purpose=Purpose.ACCESS,
        now=NOW - DAY,
        days=90,
        random=fixed_random(name),
        crl_url=url,
    )


LEAF = leaf()


def access_list(*, points: tuple[str, ...] = (URL,), sequence: int = 1, listed: bool = True) -> bytes:
    """A list of providers of access certificates that says where revocations are published."""
    issuance = replace(
        service(ServiceType.ACCESS_ISSUANCE, ROOT.certificate),
        supply_points=tuple(SupplyPoint(url=url, type=CRL_POINT) for url in points),
    )
    entities = [entity("Access office", issuance)] if listed else []
    return signed(document(ListType.ACCESS_PROVIDERS, *entities, sequence=sequence))


class World:
    """A list, an authority that publishes every day, a clock."""

    def __init__(self, *, content: bytes | None = None, fixed: tuple = (), grace: int = GRACE) -> None:
        self.clock = ManualClock(NOW)
        self.list = ListInHand(ListType.ACCESS_PROVIDERS, access_list() if content is None else content)
        self.revoked: dict[int, int] = {}
        self.number = 0
        self.published: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.publish()
        sources = () if fixed else (self.list,)
        self.trust = Trust(sources, fixed=fixed, clock=self.clock, revocations=self, grace=grace)

    def publish(self, url: str = URL, *, lasts: int = DAY) -> None:
        self.number += 1
        now = self.clock.now()
        self.published[url] = sign_crl(
            ROOT.certificate, key=ROOT.key, revoked=self.revoked, number=self.number, now=now, next_update=now + lasts
        )

    async def fetch(self, url: str) -> RevocationList:
        """See ``RevocationSource``."""
        return RevocationList(self.serve(url))

    def serve(self, url: str) -> bytes:
        """What the address has; ``Unavailable`` where there is none."""
        self.asked.append(url)
        if url not in self.published:
            raise Unavailable("authority.utopia.example", "it refuses the connection")
        return self.published[url]

    def judge(self, certificate: Certificate = LEAF) -> Check | None:
        """The check that refuses a certificate, if one does."""
        try:
            self.trust.anchors.verify_chain((certificate.der,), purpose=Purpose.ACCESS, now=self.clock.now())
        except Rejected as error:
            return error.check
        return None


@pytest.fixture
async def world() -> World:
    world = World()
    await world.trust.refresh()
    return world


async def test_what_a_list_of_trusted_entities_names_is_fetched_ahead(world: World) -> None:
    assert world.asked == [URL]
    assert world.judge() is None
    assert world.asked == [URL], "to look at a certificate asks nobody"


async def test_an_address_that_is_none_keeps_no_list_away() -> None:
    astray = "http://[astray/list.crl"
    world = World(content=access_list(points=(astray, URL)))
    await world.trust.refresh()
    assert world.judge() is None
    assert set(world.trust.revocation_errors()) == {astray}


async def test_a_host_that_hangs_is_told_of_and_the_rest_has_its_turn() -> None:
    hanging = [f"https://hanging.example/{number}.crl" for number in range(5)]

    class Hanging(World):
        def __init__(self) -> None:
            super().__init__(content=access_list(points=(URL, *hanging)))
            self.trust = Trust((self.list,), fixed=(), clock=self.clock, revocations=self, visit=0.05)

        async def fetch(self, url: str) -> RevocationList:
            if url in hanging:
                self.asked.append(url)
                await Event().wait()
            return await super().fetch(url)

    world = Hanging()
    await world.trust.refresh()
    assert world.judge() is None, "the others are there"
    assert world.trust.revocation_errors().keys() == set(hanging)
    assert all("not fetched within" in error.detail for error in world.trust.revocation_errors().values())
    assert hanging[4] not in world.asked, "four of one host at a time"
    world.asked.clear()
    await world.trust.refresh()
    assert hanging[4] in world.asked[:2]


async def test_a_revocation_is_seen_with_the_next_fetch(world: World) -> None:
    world.revoked = {LEAF.serial_number: NOW}
    world.publish()
    assert world.judge() is None
    await world.trust.refresh()
    assert world.judge() is Check.CERTIFICATE_REVOKED
    assert world.judge(leaf("another")) is None


async def test_a_revocation_is_seen_at_the_next_update_at_the_latest(world: World) -> None:
    """Twenty-four hours: a second before, whoever did not fetch believes the old list; at that time it fetches."""
    world.revoked = {LEAF.serial_number: NOW}
    world.publish()
    world.clock.advance(DAY - 1)
    assert world.judge() is None
    world.clock.advance(1)
    await world.trust.refresh()
    assert world.judge() is Check.CERTIFICATE_REVOKED


async def test_whoever_keeps_the_new_list_away_gains_the_grace_and_no_more(world: World) -> None:
    world.published.clear()
    world.clock.advance(DAY + GRACE - 1)
    await world.trust.refresh()
    assert list(world.trust.revocation_errors()) == [URL]
    assert world.judge() is None
    world.clock.advance(1)
    assert world.judge() is Check.REVOCATION_STALE
    world.publish()
    await world.trust.refresh()
    assert (world.judge(), world.trust.revocation_errors()) == (None, {})


@pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda profile: profile.name)
async def test_each_profile_has_a_grace_of_its_own_and_no_more(profile: Profile) -> None:
    world = World(fixed=(anchor(ROOT, Purpose.ACCESS),), grace=profile.revocation_grace)
    world.trust.anchors.revocation.wanted.add(URL)
    await world.trust.refresh()
    world.clock.advance(DAY + profile.revocation_grace - 1)
    assert world.judge() is None
    world.clock.advance(1)
    assert world.judge() is Check.REVOCATION_STALE


class Yearly(World):
    """Its authority signs lists for half a year, as roots do; it is trusted by hand, so that no other list ends."""

    def __init__(self) -> None:
        super().__init__(fixed=(anchor(ROOT, Purpose.ACCESS),))
        self.trust.anchors.revocation.wanted.add(URL)
        self.publish(lasts=180 * DAY)


@pytest.fixture
async def yearly() -> World:
    world = Yearly()
    await world.trust.refresh()
    return world


async def test_whoever_keeps_away_a_list_that_lasts_for_half_a_year_gains_a_day_and_the_grace(yearly: World) -> None:
    yearly.published.clear()
    yearly.clock.advance(DAY + GRACE - 1)
    await yearly.trust.refresh()
    assert yearly.judge() is None
    yearly.clock.advance(1)
    assert yearly.judge() is Check.REVOCATION_STALE
    yearly.publish(lasts=180 * DAY)
    await yearly.trust.refresh()
    assert yearly.judge() is None


async def test_a_list_that_is_served_again_counts_for_another_day(yearly: World) -> None:
    for _ in range(3):
        yearly.clock.advance(DAY + GRACE - 1)
        assert yearly.judge() is None
        await yearly.trust.refresh()


async def test_a_list_that_grew_old_counts_again_with_the_fetch_that_brings_the_very_same(yearly: World) -> None:
    yearly.clock.advance(DAY + GRACE)
    assert yearly.judge() is Check.REVOCATION_STALE
    await yearly.trust.refresh()
    assert yearly.judge() is None


async def test_an_older_list_or_a_forged_one_keeps_none_from_growing_old(yearly: World) -> None:
    older = yearly.published[URL]
    yearly.clock.advance(60)
    yearly.publish(lasts=180 * DAY)
    await yearly.trust.refresh()
    served_at = yearly.clock.now()
    for served in (older, forged(at=served_at)):
        yearly.clock.advance(DAY // 2)
        yearly.published[URL] = served
        await yearly.trust.refresh()
    yearly.clock.advance(served_at + DAY + GRACE - yearly.clock.now())
    assert yearly.judge() is Check.REVOCATION_STALE


async def test_what_is_on_a_list_that_grew_old_stays_revoked(yearly: World) -> None:
    yearly.revoked = {LEAF.serial_number: NOW}
    yearly.publish(lasts=180 * DAY)
    await yearly.trust.refresh()
    yearly.clock.advance(DAY + GRACE)
    assert yearly.judge() is Check.CERTIFICATE_REVOKED
    assert yearly.judge(leaf("another")) is Check.REVOCATION_STALE


@pytest.mark.parametrize(("ago", "refused"), [(DAY + GRACE - 1, None), (DAY + GRACE, Check.REVOCATION_STALE)])
async def test_a_list_that_was_kept_is_as_old_as_when_it_was_fetched(ago: int, refused: Check | None) -> None:
    class Kept(Yearly):
        async def fetch(self, url: str) -> RevocationList:
            return RevocationList(self.serve(url), kept_since=NOW - ago)

    world = Kept()
    await world.trust.refresh()
    assert world.judge() is refused


async def test_a_list_that_was_kept_by_a_clock_that_was_ahead_is_no_younger_than_now() -> None:
    class Ahead(Yearly):
        async def fetch(self, url: str) -> RevocationList:
            return RevocationList(self.serve(url), kept_since=NOW + 9 * DAY)

    world = Ahead()
    await world.trust.refresh()
    world.clock.advance(DAY + GRACE)
    assert world.judge() is Check.REVOCATION_STALE


async def test_what_is_due_next_is_said_and_what_was_due_is_not() -> None:
    """Of the lists of trusted entities, which are believed for a day, and of each list of what was revoked."""
    world = Yearly()
    assert world.trust.next_due() is None
    await world.trust.refresh()
    assert world.trust.next_due() == NOW + DAY, "half a year is longer than that"
    world.publish(lasts=DAY // 4)
    await world.trust.refresh()
    assert world.trust.next_due() == NOW + DAY // 4
    world.clock.advance(DAY // 4)
    assert world.trust.next_due() is None
    listed = World()
    listed.trust = Trust((listed.list,), fixed=(), clock=listed.clock)
    await listed.trust.refresh()
    assert listed.trust.next_due() == NOW + DAY


async def test_an_old_list_does_not_take_a_newer_ones_place(world: World) -> None:
    old = world.published[URL]
    world.clock.advance(60)
    world.revoked = {LEAF.serial_number: NOW}
    world.publish()
    await world.trust.refresh()
    world.published[URL] = old
    await world.trust.refresh()
    assert world.judge() is Check.CERTIFICATE_REVOKED


def forged(*, at: int, serials: tuple[int, ...] = ()) -> bytes:
    """A list in the authority's name, which somebody else signed."""
    other = authority("somebody else").key
    revoked = dict.fromkeys(serials, at)
    return sign_crl(ROOT.certificate, key=other, revoked=revoked, number=9, now=at, next_update=at + 90 * DAY)


@pytest.mark.parametrize("later", [-DAY, 0, 1, DAY], ids="{}s".format)
async def test_a_forged_list_does_not_take_the_true_ones_place(world: World, later: int) -> None:
    true = world.published[URL]
    world.published[URL] = forged(at=NOW + later, serials=(LEAF.serial_number,))
    await world.trust.refresh()
    assert world.judge() is None
    assert bool(world.trust.revocation_errors()) == (later > 60), "one of the future is reported"
    world.published[URL] = true
    await world.trust.refresh()
    assert world.judge() is None


async def test_between_a_forged_list_and_a_replayed_one_a_revocation_stays_known(world: World) -> None:
    old = world.published[URL]
    world.clock.advance(60)
    world.revoked = {LEAF.serial_number: NOW}
    world.publish()
    for served in (world.published[URL], forged(at=NOW + 61), old):
        world.published[URL] = served
        await world.trust.refresh()
    assert world.judge() is Check.CERTIFICATE_REVOKED


async def test_a_forged_list_is_cleared_away_by_the_true_one() -> None:
    world = World()
    true = world.published[URL]
    world.published[URL] = forged(at=NOW)
    await world.trust.refresh()
    assert world.judge() is Check.REVOCATION_LIST
    world.published[URL] = true
    await world.trust.refresh()
    assert world.judge() is None


async def test_a_list_that_differs_in_its_signature_alone_is_another() -> None:
    world = World(fixed=(anchor(ROOT, Purpose.ACCESS),))
    world.trust.anchors.revocation.wanted.add(URL)
    true = world.published[URL]
    world.published[URL] = true[:-4] + bytes(4)
    await world.trust.refresh()
    assert world.judge() is Check.REVOCATION_LIST
    world.published[URL] = true
    await world.trust.refresh()
    assert world.judge() is None


async def test_what_is_no_list_leaves_the_last_one_in_place(world: World) -> None:
    world.published[URL] = b"a page that says that it will be back soon"
    await world.trust.refresh()
    assert world.judge() is None
    assert world.trust.revocation_errors()[URL].check is Check.SYNTAX


async def test_the_same_list_again_is_no_news(world: World) -> None:
    before = world.trust.anchors
    await world.trust.refresh()
    assert world.trust.anchors is before


async def test_where_the_list_names_no_address_that_of_a_certificate_is_learnt() -> None:
    world = World(content=access_list(points=()))
    await world.trust.refresh()
    assert (world.judge(), world.asked) == (Check.REVOCATION_STALE, [])
    await world.trust.refresh()
    assert (world.judge(), world.asked) == (None, [URL])
    await world.trust.refresh()
    assert world.asked == [URL, URL]


async def test_the_addresses_of_who_is_trusted_by_hand_are_those_of_the_anchor_and_of_what_it_certified() -> None:
    world = World(fixed=(anchor(ROOT, Purpose.ACCESS),))
    await world.trust.refresh()
    assert world.judge() is Check.REVOCATION_STALE
    await world.trust.refresh()
    assert world.judge() is None


async def test_an_authority_that_left_the_lists_is_asked_no_more(world: World) -> None:
    world.list.content = access_list(sequence=2, listed=False)
    world.asked.clear()
    await world.trust.refresh()
    assert (world.judge(), world.asked) == (Check.ANCHOR, [])


async def test_so_many_lists_are_fetched_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zegel.services.revocation_turns.MAX_ADDRESSES", 9)
    points = tuple(f"https://authority.utopia.example/{number}.crl" for number in range(10))
    world = World(content=access_list(points=points[:-1]))
    await world.trust.refresh()
    assert len(world.asked) == 9
    world = World(content=access_list(points=points))
    await world.trust.refresh()
    assert len(world.asked) == 9


async def test_an_address_that_many_name_is_fetched_once_and_takes_the_place_of_none() -> None:
    others = "https://authority.utopia.example/other.crl"
    world = World(content=access_list(points=(*[URL] * 9, others)))
    await world.trust.refresh()
    assert world.asked == [URL, others]
