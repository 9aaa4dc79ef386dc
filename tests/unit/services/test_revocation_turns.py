"""Lists of revoked certificates have their turn: those needed soonest first, and all of them within so many visits."""

from asyncio import Event, create_task, gather
from collections.abc import Iterable

import pytest
from zegel_testing.authorities import DAY, NOW, authority

from zegel.adapters.memory import ManualClock
from zegel.errors import Unavailable
from zegel.primitives.crl import sign_crl
from zegel.services.revocation_turns import MAX_SERVED_BYTES, RevocationTurns
from zegel.services.revocation_visit import VISIT_SECONDS
from zegel.services.trust_ports import RevocationList

pytestmark = pytest.mark.anyio
ROOT = authority("access")
OTHER = authority("another")
MANY = tuple(f"https://authority-{number}.example/list.crl" for number in range(300))


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def listed(*, ends: int = NOW + DAY, by: object = ROOT, at: int = NOW, revoked: int = 0) -> bytes:
    return sign_crl(
        by.certificate,
        key=by.key,
        revoked={1 << 150 | n: NOW for n in range(revoked)},
        number=1,
        now=at,
        next_update=ends,
    )


LIST = listed()


class Served:
    """A ``RevocationSource`` that serves one list everywhere, or what is put in its place; a host may hang."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.bodies: dict[str, bytes] = {}
        self.hanging: set[str] = set()
        self.sixteen = Event()
        self.turns = RevocationTurns(self, clock=ManualClock(NOW), seconds=VISIT_SECONDS)

    async def fetch(self, url: str) -> RevocationList:
        self.asked.append(url)
        if len(self.asked) == 16:
            self.sixteen.set()
        if url in self.hanging:
            await Event().wait()
        return RevocationList(self.bodies.get(url, LIST))

    async def visit(self, named: Iterable[str], *, wanted: Iterable[str] = (), trusted: bool = True) -> list[str]:
        """Those that were asked."""
        self.asked = []
        issuers = [ROOT.certificate] if trusted else []
        async for _ in self.turns.visit(named, wanted=frozenset(wanted), issuers=lambda _: issuers):
            pass
        return self.asked


async def test_however_many_addresses_there_are_each_is_fetched() -> None:
    served = Served()
    assert sorted(await served.visit(MANY)) == sorted(MANY)
    assert all(each.proven is not None for each in served.turns.served.values())
    assert served.turns.errors == {}


@pytest.mark.slow
async def test_where_the_time_is_not_enough_each_has_its_turn_within_so_many_visits() -> None:
    """A visit ends here when sixteen hang: half of what it asks for goes round, whatever is needed soonest."""
    served, seen, visits = Served(), set[str](), 0
    served.hanging = set(MANY)
    addresses = MANY[:100]
    while seen != set(addresses):
        visit = create_task(served.visit(addresses, wanted=addresses[:50]))
        await served.sixteen.wait()
        visit.cancel()
        await gather(visit, return_exceptions=True)
        seen |= set(served.asked)
        served.sixteen.clear()
        visits += 1
    assert visits <= 100 // 8 + 1


async def test_what_somebody_was_refused_for_and_what_ends_soonest_comes_first() -> None:
    served = Served()
    soon, late, never, wanted = MANY[:4]
    served.bodies = {soon: listed(ends=NOW + 60), late: listed(ends=NOW + 9 * DAY)}
    await served.visit((late, soon))
    first = await served.visit((late, soon, never, wanted), wanted=(wanted,))
    assert first == [wanted, never, soon, late], "in turns: who is needed, and who was not asked yet"


async def test_what_is_named_no_more_is_forgotten() -> None:
    served = Served()
    await served.visit(MANY[:3])
    await served.visit(MANY[1:2])
    assert served.turns.served.keys() == {MANY[1]}
    assert len(list(served.turns.lists())) == 1


async def test_lists_take_so_much_room_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    assert MAX_SERVED_BYTES == 1 << 24
    for room, taken in ((3 * len(LIST), 3), (3 * len(LIST) - 1, 2)):
        monkeypatch.setattr("zegel.services.revocation_turns.MAX_SERVED_BYTES", room)
        served = Served()
        await served.visit(MANY[:4])
        assert len(list(served.turns.lists())) == taken
        assert len(served.turns.errors) == 4 - taken
        assert all(isinstance(error, Unavailable) for error in served.turns.errors.values())
        await served.visit(MANY[:taken])
        assert served.turns.errors == {}, "what is there already has its room"


async def test_what_is_unproven_takes_no_room_from_what_an_anchor_signed(monkeypatch: pytest.MonkeyPatch) -> None:
    forged = listed(by=OTHER, revoked=20)
    monkeypatch.setattr("zegel.services.revocation_turns.MAX_SERVED_BYTES", len(forged))
    served = Served()
    served.bodies = dict.fromkeys(MANY[:3], forged)
    await served.visit(MANY[:4])
    assert [each for each in served.turns.served.values() if each.proven] == [served.turns.served[MANY[3]]]
    assert len(served.turns.errors) == 2


async def test_room_that_a_list_gave_up_is_there_again(monkeypatch: pytest.MonkeyPatch) -> None:
    large = listed(revoked=9)
    monkeypatch.setattr("zegel.services.revocation_turns.MAX_SERVED_BYTES", len(large) + len(LIST) - 1)
    served = Served()
    served.bodies = {MANY[0]: large}
    await served.visit(MANY[:1])
    await served.visit(MANY[:2])
    assert served.turns.errors.keys() == {MANY[1]}
    served.bodies = {MANY[0]: listed(at=NOW + 1)}
    await served.visit(MANY[:2])
    await served.visit(MANY[:2])  # whichever came first
    assert served.turns.errors == {}
