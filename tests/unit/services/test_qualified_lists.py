"""Trusted lists in XML, kept fresh: whom they make an issuer of what, what goes, what is overdue, what is kept."""

from dataclasses import replace

import pytest
from anyio import create_task_group
from anyio.lowlevel import checkpoint
from zegel_testing.authorities import DAY, NOW
from zegel_testing.qualified import (
    DIPLOMA,
    ELSEWHERE,
    LOTL,
    QEAA,
    QEAA_ROOT,
    QEAA_STATUS,
    UTOPIA,
    ListsInHand,
    Shelf,
    list_of_lists,
    national_list,
    operator,
    pivot,
    to_utopia,
)
from zegel_testing.xml_lists import list_text
from zegel_testing.xml_making import extension, pointer, service, signed_xml, xml_list

from zegel.adapters.memory import ManualClock
from zegel.checks import Check
from zegel.errors import Rejected, Unavailable, ZegelError
from zegel.services.qualified_lists import MAX_NATIONAL_LISTS, QualifiedLists
from zegel.services.trust import Trust
from zegel.services.trust_ports import KeptList
from zegel.trust.anchors import Purpose, check_entitlement
from zegel.trust.lists.xml.values import FOR_SEALS, QualifiedService, XmlListType
from zegel.trust.lists.xml.verify import MAX_PIVOTS

pytestmark = pytest.mark.anyio
GONE = Unavailable("list", "no route")


class World:
    """A list of lists, a national list, a clock."""

    def __init__(self, **options: object) -> None:
        self.clock = ManualClock(NOW)
        self.source = ListsInHand(**options)
        self.restart()

    def restart(self) -> None:
        """The same lists in hand, and nothing remembered but what the shelves have."""
        self.qualified = QualifiedLists(self.source, clock=self.clock)
        self.trust = Trust((), fixed=(), clock=self.clock, qualified=(self.qualified,))

    async def refresh(self) -> list[ZegelError | None]:
        return [health.error for health in await self.trust.refresh()]

    def issuer(self, type_: str = DIPLOMA) -> object:
        """The issuer's chain, as a verifier would verify it."""
        chain = self.trust.anchors.verify_chain(QEAA.chain, purpose=Purpose.ISSUER, now=self.clock.now())
        return check_entitlement(chain, type_)

    def refused(self, type_: str = DIPLOMA) -> Rejected:
        with pytest.raises(Rejected) as refusal:
            self.issuer(type_)
        return refusal.value


@pytest.fixture
def world() -> World:
    return World()


@pytest.mark.requirement("OIA_13")
@pytest.mark.requirement("OIA_15b")
@pytest.mark.requirement("ISSU_08")
@pytest.mark.requirement("ISSU_10b")
async def test_who_stands_on_a_national_list_issues_the_types_that_are_named_and_no_others(world: World) -> None:
    assert world.refused().check is Check.ANCHOR, "before the first fetch"
    assert await world.refresh() == [None, None]
    assert world.issuer()
    assert world.refused("urn:utopia:other:1").check is Check.ENTITLEMENT
    anchors, now = world.trust.anchors, world.clock.now()
    assert anchors.verify_chain(QEAA_STATUS.chain, purpose=Purpose.STATUS, now=now)
    for purpose in set(Purpose) - {Purpose.ISSUER, Purpose.STATUS}:
        with pytest.raises(Rejected) as refusal:
            anchors.verify_chain(QEAA.chain, purpose=purpose, now=now)
        assert refusal.value.check is Check.ANCHOR


@pytest.mark.parametrize("type_", ["urn:eudi:pid:1", "eu.europa.ec.eudi.pid.1", "urn:eudi:pid:ut:1"])
async def test_nobody_on_a_national_list_issues_pids_even_where_the_types_say_so(type_: str) -> None:
    world = World(types=frozenset({DIPLOMA, type_}))
    await world.refresh()
    assert world.refused(type_).check is Check.ENTITLEMENT


@pytest.mark.parametrize(
    "services",
    [
        (service("EAA/Q", QEAA_ROOT.certificate.der, status="withdrawn"),),
        (service("EAA/Q", QEAA_ROOT.certificate.der, more=extension("<Unheard/>")),),
        (service("TSA/QTST", QEAA_ROOT.certificate.der),),
        (service("CA/QC", QEAA_ROOT.certificate.der),),
    ],
)
@pytest.mark.parametrize("sequence", [7, 8])
@pytest.mark.requirement("OIA_15a")
@pytest.mark.requirement("ISSU_10a")
async def test_a_service_that_is_granted_no_longer_is_no_anchor_with_the_next_fetch(
    world: World, services: tuple[str, ...], sequence: int
) -> None:
    await world.refresh()
    assert world.issuer()
    world.source.lists[UTOPIA] = national_list(*services, sequence=sequence)
    assert await world.refresh() == [None, None]
    assert world.refused().check is Check.ANCHOR


async def test_who_certifies_seals_is_an_anchor_where_that_is_asked_for() -> None:
    sealing = f'<AdditionalServiceInformation><URI xml:lang="en">{FOR_SEALS}</URI></AdditionalServiceInformation>'
    certifies = national_list(service("CA/QC", QEAA_ROOT.certificate.der, more=extension(sealing)))
    for services, trusted in ((QualifiedService.ATTESTATIONS, False), (QualifiedService.CERTIFICATES, True)):
        world = World(services=frozenset({services}))
        world.source.lists[UTOPIA] = certifies
        await world.refresh()
        assert (world.trust.anchors.of(Purpose.ISSUER) != ()) is trusted


async def test_a_list_that_is_pointed_to_no_longer_is_forgotten_at_once(world: World) -> None:
    await world.refresh()
    world.source.lists[LOTL] = list_of_lists(to_utopia(territory="EW", location=ELSEWHERE), sequence=5)
    await world.refresh()
    assert world.refused().check is Check.ANCHOR
    assert UTOPIA not in world.source.asked[3:]


async def test_who_may_sign_a_list_no_longer_has_signed_none(world: World) -> None:
    """What was read a minute ago was signed with a key that is not theirs any more."""
    await world.refresh()
    world.source.lists[LOTL] = list_of_lists(to_utopia(by="Utopia's next"), sequence=5)
    _, error = await world.refresh()
    assert error is not None
    assert error.check is Check.ANCHOR
    assert world.refused().check is Check.ANCHOR
    world.source.lists[UTOPIA] = national_list(by="Utopia's next")
    assert await world.refresh() == [None, None]
    assert world.issuer()


@pytest.mark.parametrize(
    ("content", "check"),
    [
        (b"", Check.SYNTAX),
        (national_list()[:-9], Check.SYNTAX),
        (national_list(sequence=6), Check.LIST_SEQUENCE),
        (national_list(territory="EW"), Check.LIST_TYPE),
        (national_list(by="nobody"), Check.ANCHOR),
        (national_list(due=NOW), Check.LIST_FRESHNESS),
        (list_of_lists(by="Utopia"), Check.LIST_TYPE),
        (national_list().replace(b"Utopia Trust", b"Stranger Inc"), Check.SIGNATURE),
        (GONE, Check.AVAILABILITY),
    ],
    ids=lambda value: value.id if isinstance(value, Check) else "",
)
async def test_what_is_refused_leaves_the_last_good_list_until_its_next_update_and_not_longer(
    world: World, content: bytes | ZegelError, check: Check
) -> None:
    world.source.lists[UTOPIA] = national_list(due=NOW + 3_600)
    await world.refresh()
    world.source.lists[UTOPIA] = content
    _, error = await world.refresh()
    assert error is not None
    assert error.check is check
    health = world.trust.health()[1]
    assert (health.type, health.territory, health.sequence) == (XmlListType.NATIONAL, "UT", 7)
    assert (health.fetched_at, health.next_update, health.until) == (NOW, NOW + 3_600, NOW + 3_600)
    world.clock.advance(3_599)
    assert world.issuer()
    world.clock.advance(1)
    assert "the national list of UT is overdue" in world.refused().detail


async def test_a_list_that_cannot_be_had_is_believed_for_a_day(world: World) -> None:
    await world.refresh()
    world.source.lists[UTOPIA] = GONE
    world.clock.advance(DAY - 1)
    await world.refresh()
    assert world.issuer()
    world.clock.advance(1)
    assert "the national list of UT is overdue" in world.refused().detail


async def test_the_national_lists_count_as_long_as_the_list_of_the_lists(world: World) -> None:
    world.source.lists[LOTL] = list_of_lists(due=NOW + 60)
    await world.refresh()
    assert world.issuer()
    world.clock.advance(60)
    assert world.refused().check is Check.ANCHOR
    assert "the list of the lists is overdue" in world.refused().detail
    with pytest.raises(Unavailable, match="list of the lists: overdue"):
        world.trust.check_fresh()


async def test_the_anchors_stay_the_same_set_until_a_list_changes(world: World) -> None:
    await world.refresh()
    before = world.trust.anchors
    world.clock.advance(60)
    await world.refresh()
    assert world.trust.anchors is before
    world.source.lists[UTOPIA] = national_list(sequence=8)
    await world.refresh()
    assert world.trust.anchors is not before


async def test_a_late_list_of_the_union_keeps_nobody_from_work_but_one_that_is_named_does() -> None:
    for territories, needed in ((frozenset[str](), False), (frozenset({"UT"}), True)):
        world = World(territories=territories)
        world.source.lists[UTOPIA] = GONE
        await world.refresh()
        assert [health.needed for health in world.trust.health()] == [True, needed]
        if needed:
            with pytest.raises(Unavailable, match="national list of UT: never fetched: list: no route"):
                world.trust.check_fresh()
        else:
            assert world.trust.check_fresh()


async def test_the_territories_that_are_named_count_alone_and_are_missed() -> None:
    world = World(territories=frozenset({"UT", "XX"}))
    world.source.lists[LOTL] = list_of_lists(to_utopia(), to_utopia(territory="EW", location=ELSEWHERE))
    errors = await world.refresh()
    assert ELSEWHERE not in world.source.asked
    assert errors[:2] == [None, None]
    assert "does not point to it" in str(errors[2])
    assert world.trust.health()[2].title == "national list of XX"


async def test_a_national_list_may_be_named_by_hand() -> None:
    world = World(signers=(operator("Utopia").certificate,), territories=frozenset({"UT"}))
    world.source.lists[LOTL] = national_list()
    assert await world.refresh() == [None]
    assert world.issuer()
    assert world.trust.health()[0].title == "national list of UT"
    world.source.lists[LOTL] = national_list(territory="EW", sequence=8)
    (error,) = await world.refresh()
    assert error is not None
    assert error.check is Check.LIST_TYPE
    anywhere = World(signers=(operator("Utopia").certificate,))
    anywhere.source.lists[LOTL] = national_list(territory="EW")
    assert await anywhere.refresh() == [None]


PIVOT = "https://lists.example/pivot-3.xml"


async def test_pivots_are_fetched_once_and_lead_to_who_signs_now() -> None:
    world = World(signers=(operator("Union before").certificate,), new_shelf=Shelf)
    world.source.lists |= {LOTL: list_of_lists(pivots=(PIVOT,)), PIVOT: GONE}
    (error,) = await world.refresh()
    assert isinstance(error, Unavailable)
    world.source.lists[PIVOT] = pivot("Union before", then="somebody else", sequence=3)
    (error,) = await world.refresh()
    assert error is not None
    assert error.check is Check.ANCHOR
    world.source.lists[PIVOT] = pivot("Union before", then="Union", sequence=3)
    assert await world.refresh() == [None, None]
    world.source.lists[PIVOT] = GONE
    assert await world.refresh() == [None, None]
    world.restart()
    assert await world.refresh() == [None, None], "it was kept"
    assert world.issuer()


async def test_a_pivot_that_is_kept_and_spoiled_is_fetched_again() -> None:
    world = World(signers=(operator("Union before").certificate,), new_shelf=Shelf)
    world.source.lists |= {
        LOTL: list_of_lists(pivots=(PIVOT,)),
        PIVOT: pivot("Union before", then="Union", sequence=3),
    }
    world.source.shelves[PIVOT] = shelf = Shelf()
    shelf.kept = KeptList(sequence=3, fetched_at=NOW, body=b"spoiled")
    assert await world.refresh() == [None, None]
    assert world.source.shelves[PIVOT].kept is not None
    assert world.source.shelves[PIVOT].kept.body == world.source.lists[PIVOT]


async def test_so_many_pivots_are_followed_and_no_more(world: World) -> None:
    named = tuple(f"https://lists.example/pivot-{number}.xml" for number in range(MAX_PIVOTS + 1))
    world.source.lists |= {url: pivot("Union", then="Union", sequence=3) for url in named}
    world.source.lists[LOTL] = list_of_lists(pivots=named)
    assert (await world.refresh())[0] is None
    assert [url for url in world.source.asked if url in named] == list(named[:MAX_PIVOTS])


async def test_so_many_national_lists_are_followed_and_no_more(world: World) -> None:
    pointers = [to_utopia(location=f"https://utopia.example/{at}.xml") for at in range(MAX_NATIONAL_LISTS + 1)]
    world.source.lists[LOTL] = list_of_lists(*pointers)
    await world.refresh()
    assert len(world.source.asked) == 1 + MAX_NATIONAL_LISTS


async def test_so_many_lists_are_in_memory_at_once_and_no_more(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    pointers = [to_utopia(location=f"https://utopia.example/{at}.xml") for at in range(6)]
    world.source.lists[LOTL] = list_of_lists(*pointers)
    follow, now, most = world.source.follow, 0, 0

    async def watched(url: str) -> bytes:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await checkpoint()
        now -= 1
        return await follow(url)

    monkeypatch.setattr(world.source, "follow", watched)
    await world.refresh()
    assert (len(world.source.asked), most) == (7, 2)


async def test_the_lists_are_there_after_a_restart_without_a_network_and_as_old_as_they_are() -> None:
    world = World(new_shelf=Shelf)
    await world.refresh()
    world.clock.advance(DAY - 1)
    world.source.lists = {}
    world.restart()
    assert all(isinstance(error, Unavailable) for error in await world.refresh())
    assert world.issuer()
    assert [(each.fetched_at, each.until) for each in world.trust.health()] == [(NOW, NOW + DAY)] * 2
    world.clock.advance(1)
    assert world.refused().check is Check.ANCHOR


@pytest.mark.refuses(Check.LIST_SEQUENCE)
async def test_the_highest_number_is_known_after_a_restart_even_of_a_list_that_was_spoiled() -> None:
    world = World(new_shelf=Shelf)
    await world.refresh()
    kept = world.source.shelves[UTOPIA].kept
    assert kept is not None
    world.source.shelves[UTOPIA].kept = replace(kept, sequence=9, body=b"spoiled")
    world.restart()
    world.source.lists[UTOPIA] = national_list(sequence=8)
    _, error = await world.refresh()
    assert error is not None
    assert error.check is Check.LIST_SEQUENCE


async def test_what_was_kept_by_a_clock_that_was_ahead_is_as_old_as_now() -> None:
    world = World(new_shelf=Shelf)
    await world.refresh()
    for shelf in world.source.shelves.values():
        assert shelf.kept is not None
        shelf.kept = replace(shelf.kept, fetched_at=NOW + 9 * DAY)
    world.source.lists = {}
    world.restart()
    await world.refresh()
    assert {each.fetched_at for each in world.trust.health()} == {NOW}


async def test_a_shelf_that_takes_nothing_more_is_told_of_and_the_lists_count() -> None:
    class Full(Shelf):
        def keep(self, kept: KeptList) -> None:
            raise Unavailable("folder", "no space left on device")

    world = World(new_shelf=Full)
    world.source.lists |= {
        LOTL: list_of_lists(pivots=(PIVOT,)),
        PIVOT: pivot("Union", then="Union", sequence=3),
    }
    assert [str(error) for error in await world.refresh()] == ["folder: no space left on device"] * 2
    assert world.issuer()


async def test_other_work_goes_on_while_a_long_list_is_read(world: World) -> None:
    world.source.lists[LOTL] = list_of_lists(pointer(UTOPIA, "BE", operator("Utopia").certificate))
    world.source.lists[UTOPIA] = list_text("pyhanko/tsl-be-v6.xml")
    turns, done = 0, False

    async def work() -> None:
        nonlocal turns
        while not done:
            turns += 1
            await checkpoint()

    async with create_task_group() as group:
        group.start_soon(work)
        _, error = await world.refresh()
        done = True
    assert error is not None
    assert error.check is Check.ANCHOR, "it was read to its end"
    assert turns > 50, "a loop in which it is read has a turn for each list"


async def test_a_national_list_that_is_named_itself_vouches_for_no_other(world: World) -> None:
    text = xml_list(territory="BE", pointers=to_utopia())
    world.source.signers = (operator("Belgium").certificate,)
    world.source.lists[LOTL] = signed_xml(text, operator("Belgium"))
    assert await world.refresh() == [None]
    assert world.source.asked == [LOTL]
    assert world.refused().check is Check.ANCHOR


async def test_of_two_refreshes_at_once_one_waits_for_the_other(world: World) -> None:
    async with create_task_group() as group:
        group.start_soon(world.refresh)
        group.start_soon(world.refresh)
    assert world.source.asked == [LOTL, UTOPIA] * 2
