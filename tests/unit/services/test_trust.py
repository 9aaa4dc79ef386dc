"""Trust, kept fresh: what comes onto a list, what goes, what is overdue, and what an attacker would serve instead."""

from contextlib import suppress

import pytest
from zegel_testing.authorities import DAY, NOW, anchor, authority, signer
from zegel_testing.lists import document, entity, scheme, service, signed
from zegel_testing.relying_party import (
    ISSUER,
    ISSUER_ROOT,
    OFFICE,
    STATUS_SIGNER,
    ListInHand,
    attestation_list,
    pid_list,
    pid_services,
)

from zegel.adapters.memory import ManualClock
from zegel.checks import Check
from zegel.errors import Rejected, Unavailable, ZegelError
from zegel.services.trust import Trust
from zegel.services.trust_ports import KeptList
from zegel.trust.anchors import Purpose, check_entitlement
from zegel.trust.authority import Authority
from zegel.trust.lists.build import build_trusted_list, sign_trusted_list
from zegel.trust.lists.values import ListType, ServiceType

pytestmark = pytest.mark.anyio
OVERDUE = 29 * DAY


class World:
    """A list of PID providers, a list of others, a clock."""

    def __init__(self, *, fixed: tuple = ()) -> None:
        self.clock = ManualClock(NOW)
        self.pid = ListInHand(ListType.PID_PROVIDERS, pid_list())
        self.others = ListInHand(ListType.PUB_EAA_PROVIDERS, attestation_list())
        self.trust = Trust((self.pid, self.others), fixed=fixed, clock=self.clock)

    def issuer(self, type_: str = "urn:eudi:pid:1") -> object:
        """The issuer's chain, as a verifier would verify it."""
        chain = self.trust.anchors.verify_chain(ISSUER.chain, purpose=Purpose.ISSUER, now=self.clock.now())
        return check_entitlement(chain, type_)

    def status(self) -> object:
        return self.trust.anchors.verify_chain(STATUS_SIGNER.chain, purpose=Purpose.STATUS, now=self.clock.now())

    async def refresh(self) -> list[ZegelError | None]:
        return [health.error for health in await self.trust.refresh()]


@pytest.fixture
def world() -> World:
    return World()


def refused(world: World) -> Check:
    with pytest.raises(Rejected) as refusal:
        world.issuer()
    return refusal.value.check


async def test_before_the_first_fetch_nobody_is_trusted(world: World) -> None:
    assert refused(world) is Check.ANCHOR


async def test_whoever_stands_on_a_list_is_trusted_for_it(world: World) -> None:
    assert await world.refresh() == [None, None]
    assert world.issuer()
    assert world.issuer("urn:utopia:account:1")
    assert world.status()
    with pytest.raises(Rejected) as refusal:
        world.issuer("urn:utopia:diploma:1")
    assert refusal.value.check is Check.ENTITLEMENT


async def test_whoever_is_taken_off_the_list_is_trusted_no_longer(world: World) -> None:
    await world.refresh()
    world.pid.content = pid_list(entity(OFFICE, *pid_services(issuing=False)), sequence=2)
    await world.refresh()
    with pytest.raises(Rejected) as refusal:
        world.issuer()
    assert refusal.value.check is Check.ENTITLEMENT  # for accounts it still is
    assert world.status()


@pytest.mark.parametrize("sequence", [1, 2])
async def test_a_removal_counts_even_without_a_new_number(world: World, sequence: int) -> None:
    await world.refresh()
    world.pid.content = pid_list(entity("Somebody else", *pid_services(issuing=False)), sequence=sequence)
    world.others.content = signed(document(ListType.PUB_EAA_PROVIDERS, sequence=sequence))
    assert await world.refresh() == [None, None]
    assert refused(world) is Check.ANCHOR


async def test_an_authority_is_replaced_by_way_of_a_list_that_names_both(world: World) -> None:
    """Who was certified by the old one is trusted until it is off the list, who was by the new one from the first."""
    new_root = authority("the next identity authority")
    successor = signer(new_root, "the next identity signer", Purpose.ISSUER)

    def both(*roots: Authority, sequence: int) -> bytes:
        issuance = service(ServiceType.PID_ISSUANCE, *(root.certificate for root in roots))
        return pid_list(entity(OFFICE, issuance), sequence=sequence)

    async def trusted(listed: bytes) -> list[bool]:
        world.pid.content = listed
        assert (await world.refresh())[0] is None
        return [is_trusted(world, chain) for chain in (ISSUER.chain, successor.chain)]

    assert await trusted(both(ISSUER_ROOT, sequence=1)) == [True, False]
    assert await trusted(both(ISSUER_ROOT, new_root, sequence=2)) == [True, True]
    assert await trusted(both(new_root, sequence=3)) == [False, True]


def is_trusted(world: World, chain: tuple[bytes, ...]) -> bool:
    """Whether a chain leads to an anchor for PIDs."""
    with suppress(Rejected):
        verified = world.trust.anchors.verify_chain(chain, purpose=Purpose.ISSUER, now=world.clock.now())
        return check_entitlement(verified, "urn:eudi:pid:1") is verified
    return False


async def test_a_withdrawn_service_is_no_anchor(world: World) -> None:
    await world.refresh()
    types = frozenset({"urn:utopia:account:1"})
    withdrawn = service(ServiceType.PUB_EAA_ISSUANCE, ISSUER_ROOT.certificate, types=types, active=False)
    world.others.content = signed(document(ListType.PUB_EAA_PROVIDERS, entity(OFFICE, withdrawn), sequence=2))
    assert await world.refresh() == [None, None]
    assert world.issuer()
    with pytest.raises(Rejected) as refusal:
        world.issuer("urn:utopia:account:1")
    assert refusal.value.check is Check.ENTITLEMENT


@pytest.mark.refuses(Check.LIST_SEQUENCE)
async def test_a_list_that_goes_back_is_refused(world: World) -> None:
    world.pid.content = pid_list(entity(OFFICE, *pid_services(issuing=False)), sequence=5)
    await world.refresh()
    world.pid.content = pid_list(sequence=4)
    error, _ = await world.refresh()
    assert error is not None
    assert error.check is Check.LIST_SEQUENCE
    with pytest.raises(Rejected):
        world.issuer()


@pytest.mark.refuses(Check.LIST_SEQUENCE)
async def test_a_list_that_went_out_of_force_still_bars_those_before_it(world: World) -> None:
    world.pid.content = pid_list(sequence=5)
    await world.refresh()
    world.clock.advance(OVERDUE)
    late = build_trusted_list(
        scheme(ListType.PID_PROVIDERS),
        [entity(OFFICE, *pid_services())],
        signer=LIST_OPERATOR.certificate,
        sequence=4,
        issued_at=world.clock.now(),
        next_update=world.clock.now() + DAY,
    )
    world.pid.content = sign_trusted_list(
        late, signer=LIST_OPERATOR.key, chain=LIST_OPERATOR.chain, now=world.clock.now()
    )
    error, _ = await world.refresh()
    assert error is not None
    assert error.check is Check.LIST_SEQUENCE
    assert refused(world) is Check.ANCHOR


@pytest.mark.parametrize("seconds", [OVERDUE, OVERDUE + DAY])
async def test_an_overdue_list_drops_its_anchors_by_itself(world: World, seconds: int) -> None:
    world.clock.advance(OVERDUE - 60)
    await world.refresh()
    world.clock.advance(59)
    assert world.issuer()
    world.clock.advance(seconds - OVERDUE + 1)
    assert refused(world) is Check.ANCHOR


@pytest.mark.requirement("OIA_15a")
@pytest.mark.requirement("ISSU_10a")
async def test_a_list_that_cannot_be_fetched_any_more_is_believed_for_a_day(world: World) -> None:
    await world.refresh()
    world.pid.content = world.others.content = Unavailable("list", "no route")
    world.clock.advance(DAY - 1)
    await world.refresh()
    assert world.issuer()
    assert world.trust.check_fresh()
    world.clock.advance(1)
    with pytest.raises(Rejected, match="the EUPubEAAProvidersList is overdue") as refusal:
        world.issuer()
    assert refusal.value.check is Check.ANCHOR
    with pytest.raises(Unavailable, match="overdue: list: no route"):
        world.trust.check_fresh()
    assert {health.until for health in world.trust.health()} == {NOW + DAY}
    world.pid.content = pid_list()
    await world.refresh()
    assert world.issuer()


class Shelf:
    """A ``ListShelf`` in a test's hand."""

    def __init__(self) -> None:
        self.kept: KeptList | None = None

    def load(self) -> KeptList | None:
        return self.kept

    def keep(self, kept: KeptList) -> None:
        self.kept = kept


async def restarted(world: World, shelf: Shelf) -> list[ZegelError | None]:
    """The same, after a restart."""
    world.trust = Trust((world.pid, world.others), fixed=(), clock=world.clock, shelves=(shelf,))
    return await world.refresh()


async def test_a_list_is_there_after_a_restart_without_a_network_and_as_old_as_it_is(world: World) -> None:
    shelf = Shelf()
    await restarted(world, shelf)
    world.clock.advance(DAY - 1)
    world.pid.content = Unavailable("list", "no route")
    assert isinstance((await restarted(world, shelf))[0], Unavailable)
    assert world.issuer()
    health = world.trust.health()[0]
    assert (health.fetched_at, health.until, health.sequence) == (NOW, NOW + DAY, 1)
    world.clock.advance(1)
    with pytest.raises(Rejected):
        world.issuer()


@pytest.mark.refuses(Check.LIST_SEQUENCE)
async def test_the_highest_number_is_known_after_a_restart(world: World) -> None:
    shelf = Shelf()
    world.pid.content = pid_list(sequence=5)
    await restarted(world, shelf)
    world.pid.content = pid_list(sequence=4)
    (error, _) = await restarted(world, shelf)
    assert error is not None
    assert error.check is Check.LIST_SEQUENCE
    assert world.issuer(), "the one that was kept counts"
    shelf.kept = KeptList(sequence=6, fetched_at=NOW, body=b"spoiled")
    world.pid.content = pid_list(sequence=5)
    (error, _) = await restarted(world, shelf)
    assert error is not None
    assert error.check is Check.LIST_SEQUENCE, "of a list that was spoiled, too"


async def test_what_was_kept_by_a_clock_that_was_ahead_is_as_old_as_now(world: World) -> None:
    shelf = Shelf()
    shelf.kept = KeptList(sequence=1, fetched_at=NOW + 9 * DAY, body=pid_list())
    world.pid.content = Unavailable("list", "no route")
    await restarted(world, shelf)
    assert world.trust.health()[0].fetched_at == NOW


async def test_a_shelf_that_takes_nothing_more_is_told_of_and_the_list_counts(world: World) -> None:
    class Full(Shelf):
        def keep(self, kept: KeptList) -> None:
            raise Unavailable("folder", "no space left on device")

    (error, _) = await restarted(world, Full())
    assert isinstance(error, Unavailable)
    assert world.issuer()


async def test_a_long_list_is_verified_beside_what_else_there_is_to_do(world: World) -> None:
    names = "y" * 1_000
    world.pid.content = pid_list(*(entity(f"{names} {at}", *pid_services()) for at in range(300)))
    assert (await world.refresh())[0] is None
    assert world.trust.health()[0].sequence == 1


@pytest.mark.refuses(Check.LIST_FRESHNESS)
async def test_an_overdue_list_is_not_taken(world: World) -> None:
    world.clock.advance(OVERDUE)
    errors = await world.refresh()
    assert [error and error.check for error in errors] == [Check.LIST_FRESHNESS] * 2


STRANGER_ROOT = authority("stranger's lists")
STRANGER = signer(STRANGER_ROOT, "stranger", Purpose.LIST)
LIST_OPERATOR = signer(authority("list authority"), "list operator", Purpose.LIST, days=365)


def by_a_stranger() -> bytes:
    content = document(ListType.PID_PROVIDERS, entity("Stranger", *pid_services()), sequence=9)
    return sign_trusted_list(content, signer=STRANGER.key, chain=STRANGER.chain, now=NOW - DAY)


@pytest.mark.parametrize(
    ("content", "check"),
    [
        (b"", Check.SYNTAX),
        (b"nonsense", Check.SYNTAX),
        (pid_list()[:-1], Check.SYNTAX),  # no length that base64url has
        (pid_list()[:-86] + pid_list(sequence=2)[-86:], Check.SIGNATURE),
        (attestation_list(), Check.LIST_TYPE),
        (by_a_stranger(), Check.ANCHOR),
        (Unavailable("list", "it does not answer"), Check.AVAILABILITY),
    ],
    ids=lambda value: value.id if isinstance(value, Check) else "",
)
async def test_what_cannot_be_trusted_leaves_the_last_good_list_in_place(
    world: World, content: bytes | ZegelError, check: Check
) -> None:
    await world.refresh()
    world.pid.content = content
    health, other = await world.trust.refresh()
    assert health.error is not None
    assert health.error.check is check
    assert (health.type, health.sequence, health.next_update) == (ListType.PID_PROVIDERS, 1, NOW + OVERDUE)
    assert other.error is None
    assert world.issuer()


async def test_a_list_that_was_never_had_has_no_number(world: World) -> None:
    world.pid.content = b""
    health, _ = await world.trust.refresh()
    assert (health.sequence, health.next_update) == (None, None)


async def test_a_fault_that_is_over_is_forgotten(world: World) -> None:
    good, world.pid.content = world.pid.content, b""
    assert (await world.refresh())[0] is not None
    world.pid.content = good
    assert await world.refresh() == [None, None]


async def test_what_the_operator_vouches_for_by_hand_stays() -> None:
    world = World(fixed=(anchor(ISSUER_ROOT, Purpose.ISSUER, entity="given by hand"),))
    assert world.issuer("urn:any:1")
    await world.refresh()
    world.clock.advance(OVERDUE)
    assert world.issuer("urn:any:1")


async def test_the_anchors_stay_the_same_set_until_something_changes(world: World) -> None:
    await world.refresh()
    before = world.trust.anchors
    world.clock.advance(60)
    await world.refresh()
    assert world.trust.anchors is before
    world.pid.content = b""
    await world.refresh()
    assert world.trust.anchors is before
    world.pid.content = pid_list(sequence=2)
    await world.refresh()
    assert world.trust.anchors is not before


async def test_one_list_overdue_leaves_the_other(world: World) -> None:
    await world.refresh()
    world.others.content = Unavailable("list", "it does not answer")
    world.clock.advance(OVERDUE - 1)
    later = build_trusted_list(
        scheme(ListType.PID_PROVIDERS),
        [entity(OFFICE, *pid_services())],
        signer=LIST_OPERATOR.certificate,
        sequence=2,
        issued_at=world.clock.now(),
        next_update=world.clock.now() + DAY,
    )
    world.pid.content = sign_trusted_list(
        later, signer=LIST_OPERATOR.key, chain=LIST_OPERATOR.chain, now=world.clock.now()
    )
    await world.refresh()
    world.clock.advance(1)
    assert world.issuer()
    with pytest.raises(Rejected):
        world.issuer("urn:utopia:account:1")


async def test_a_refresh_that_is_overtaken_does_not_go_back(world: World) -> None:
    """Two refreshes at once: the one that fetched the older list is the later to be stored, and is refused."""
    await world.refresh()
    slow = world.pid.fetch

    async def overtaken() -> bytes:
        fetched = await slow()
        world.pid.fetch = slow  # type: ignore[method-assign]
        world.pid.content = pid_list(sequence=3)
        await world.refresh()
        return fetched

    world.pid.content = pid_list(sequence=2)
    world.pid.fetch = overtaken  # type: ignore[method-assign]
    health, _ = await world.trust.refresh()
    assert health.sequence == 3
    assert health.error is not None
    assert health.error.check is Check.LIST_SEQUENCE
