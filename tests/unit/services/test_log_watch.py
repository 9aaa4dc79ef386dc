"""A log, watched: it grows, and whatever it does otherwise is caught."""

from dataclasses import dataclass, replace

import pytest
from zegel_testing.authorities import LOG
from zegel_testing.log_world import LogWorld, announced, issued
from zegel_testing.transparency import ACCESS_DRAFT, LOGGED_ROOT, access_draft

from zegel.adapters.entropy import system_random
from zegel.adapters.memory import Loopback
from zegel.checks import Check
from zegel.errors import Malformed, Rejected, Unavailable
from zegel.primitives.encoding import base64
from zegel.primitives.http import HttpRequest, HttpResponse, json_response
from zegel.primitives.json import Json, encode_json, parse_object
from zegel.services.log_watch import (
    MERGE_DELAY,
    SEEN_SECONDS,
    LogWatch,
    WatchState,
    names_of,
    nobody_expected,
    parse_watch_state,
    without_timestamps,
)
from zegel.trust.transparency.issuance import tbs_of
from zegel.trust.transparency.items import LogEntry
from zegel.web.log import ROUTES, LogSite
from zegel.web.pages import error_page
from zegel.web.site import Site, SitePolicy

pytestmark = pytest.mark.anyio

URL = "https://log.utopia.example"
NOTHING = WatchState()


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@dataclass
class Watched:
    """What a visit brought."""

    state: WatchState
    entries: list[tuple[int, LogEntry | None]]


class Watch:
    """A log that is served, and somebody who watches it. ``twin`` is what it serves instead from some time on."""

    def __init__(self, world: LogWorld | None = None) -> None:
        self.world = world or LogWorld()
        self.serve(self.world)
        self.watch = LogWatch(LOG, url=URL, outbound=Loopback({URL: self.answer}), clock=self.world.clock)
        self.spoiled: dict[str, HttpResponse] = {}

    def serve(self, world: LogWorld) -> None:
        role = LogSite(service=world.log, name="Log", host="log.utopia.example", id="2.25.1")
        policy = SitePolicy(role="log", origin=URL, operator_token=None)
        page = error_page(role="Log", host="log.utopia.example", back=None)
        self.site = Site(role, routes=ROUTES, policy=policy, page=page, random=system_random)

    async def answer(self, request: HttpRequest) -> HttpResponse:
        for path, response in self.spoiled.items():
            if path in request.url:
                return response
        return await self.site.handle(request)

    async def visit(self, state: WatchState = NOTHING) -> Watched:
        entries: list[tuple[int, LogEntry | None]] = []
        after = await self.watch.visit(state, see=lambda index, entry: entries.append((index, entry)))
        return Watched(after, entries)


async def refused(watch: Watch, state: WatchState = NOTHING) -> Check:
    with pytest.raises(Rejected) as refusal:
        await watch.visit(state)
    return refusal.value.check


async def test_every_entry_is_seen_once_and_every_tree_leads_to_the_next() -> None:
    watch = Watch()
    seen = (await watch.visit()).state
    assert (seen.sth is not None, seen.peaks) == (True, ())
    found: list[int] = []
    for number in range(7):
        watch.world.take(*(f"{number} {at}" for at in range(number)))
        watched = await watch.visit(parse_watch_state(seen.encode()))
        found += [index for index, _ in watched.entries]
        seen = watched.state
    assert found == list(range(21))
    assert await watch.visit(seen) == Watched(seen, [])


async def test_a_long_log_is_read_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zegel.web.log.MAX_ENTRIES", 3)
    watch = Watch()
    watch.world.take(*map(str, range(8)))
    assert len((await watch.visit()).entries) == 8


def bounded(monkeypatch: pytest.MonkeyPatch, **limits: int) -> None:
    monkeypatch.setattr("zegel.web.log.MAX_ENTRIES", 3)
    for name, limit in limits.items():
        monkeypatch.setattr(f"zegel.services.log_watch.{name}", limit)


async def test_a_visit_sees_so_many_entries_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    bounded(monkeypatch, MAX_SEEN=5)
    watch = Watch()
    watch.world.take(*map(str, range(5)))
    assert (await watch.visit()).state.left == 0
    watch.world.take("6")
    first = await watch.visit()
    assert (len(first.entries), first.state.seen, first.state.left) == (5, 5, 1)


async def test_a_visit_reads_so_much_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    watch = Watch()
    watch.world.take(*map(str, range(9)))
    sizes = [len(each.entry) for each in watch.world.log.entries(0, 8, most=9)[1]]
    bounded(monkeypatch, MAX_SEEN_BYTES=sum(sizes[:6]))
    assert len((await watch.visit()).entries) == 6
    bounded(monkeypatch, MAX_SEEN_BYTES=sum(sizes[:6]) + 1)
    assert len((await watch.visit()).entries) == 9, "the answer in which it ends is taken whole"


async def test_a_visit_asks_for_so_long_and_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    bounded(monkeypatch)
    for seconds, seen in ((SEEN_SECONDS - 1, 6), (SEEN_SECONDS, 3)):
        watch = Watch()
        watch.world.take(*map(str, range(6)))

        async def answer(request: HttpRequest, watch: Watch = watch, seconds: int = seconds) -> HttpResponse:
            response = await watch.answer(request)
            watch.world.clock.advance(seconds if "get-entries" in request.url else 0)
            return response

        watch.watch = LogWatch(LOG, url=URL, outbound=Loopback({URL: answer}), clock=watch.world.clock)
        assert (await watch.visit()).state.seen == seen


async def test_the_next_visit_goes_on_where_one_stopped_while_the_log_grows(monkeypatch: pytest.MonkeyPatch) -> None:
    bounded(monkeypatch, MAX_SEEN=4)
    watch, seen, found = Watch(), NOTHING, list[int]()
    watch.world.take(*map(str, range(17)))
    for number in range(8):
        watched = await watch.visit(parse_watch_state(seen.encode()))
        assert len(watched.entries) <= 4
        found += [index for index, _ in watched.entries]
        seen = watched.state
        watch.world.take(f"later {number}")
    assert found == list(range(24)), "seventeen, and those that came before the last visit"
    assert seen.left == 0


async def test_a_log_that_shows_other_entries_than_it_signed_is_caught_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """However far its end is."""
    bounded(monkeypatch, MAX_SEEN=3)
    watch, other = Watch(), LogWorld()
    watch.world.take(*map(str, range(9)))
    other.take("another", "1", "2")
    _, entries = other.log.entries(0, 2, most=3)
    _, own = watch.world.log.entries(0, 8, most=9)
    shown = [{"log_entry": base64(each.entry)} for each in (entries[0], *own[1:3])]
    watch.spoiled["get-entries"] = json_response({"entries": shown})
    assert await refused(watch) is Check.LOG_PROOF
    watch.spoiled["get-entries"] = json_response({"entries": [{"log_entry": base64(each.entry)} for each in own[1:4]]})
    assert await refused(watch) is Check.LOG_PROOF, "those of another place"
    del watch.spoiled["get-entries"]
    head = watch.world.log.latest_head()
    proof = watch.world.log.inclusion(own[2].leaf, head.head.tree_size).inclusion
    assert proof is not None
    for spoiled in ({}, {"inclusion": base64(replace(proof, tree_size=8).encode())}):
        watch.spoiled["get-proof-by-hash"] = json_response(spoiled)
        assert await refused(watch) is Check.LOG_PROOF


async def test_a_log_that_changes_its_beginning_between_two_visits_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    bounded(monkeypatch, MAX_SEEN=3)
    watch = Watch()
    watch.world.take(*map(str, range(8)))
    seen = (await watch.visit()).state
    other = LogWorld()
    other.clock.advance(100)
    watch.world.clock.advance(200)
    other.take("another", *map(str, range(1, 10)))
    watch.serve(other)
    assert await refused(watch, seen) is Check.LOG_PROOF


async def test_what_a_visit_of_before_kept_is_understood() -> None:
    """It had seen all that there was."""
    watch = Watch()
    watch.world.take("one", "two", "three")
    seen = (await watch.visit()).state
    kept = parse_object(seen.encode(), what="state")
    assert parse_watch_state(encode_json({name: kept[name] for name in ("sth", "peaks")})) == seen


@pytest.mark.parametrize("seen", [4, -1, True, "3", None])
async def test_no_state_has_seen_more_than_there_was(seen: Json) -> None:
    watch = Watch()
    watch.world.take("one", "two", "three")
    kept = parse_object((await watch.visit()).state.encode(), what="state")
    with pytest.raises(Malformed, match="how many"):
        parse_watch_state(encode_json(dict(kept) | {"seen": seen}))


async def test_what_an_answer_shows_is_seen_before_the_next_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that no more of a log is held than an answer, however much is new."""
    monkeypatch.setattr("zegel.web.log.MAX_ENTRIES", 3)
    watch, asked = Watch(), list[str]()
    watch.world.take(*map(str, range(8)))

    async def answer(request: HttpRequest) -> HttpResponse:
        asked.extend(["asked"] if "get-entries" in request.url else [])
        return await watch.answer(request)

    log = LogWatch(LOG, url=URL, outbound=Loopback({URL: answer}), clock=watch.world.clock)
    await log.visit(NOTHING, see=lambda index, _: asked.append(str(index)))
    assert " ".join(asked) == "asked 0 1 2 asked 3 4 5 asked 6 7"


async def test_a_log_that_forgets_or_forks_is_caught() -> None:
    watch = Watch()
    watch.world.take("one", "two", "three")
    seen = (await watch.visit()).state
    other = LogWorld()
    other.clock.advance(100)
    watch.world.clock.advance(200)
    watch.serve(other)
    other.take("one")
    assert await refused(watch, seen) is Check.LOG_PROOF
    other.take("four", "five", "six")
    assert await refused(watch, seen) is Check.LOG_PROOF


async def test_a_log_that_goes_back_in_time_is_caught() -> None:
    watch = Watch()
    watch.world.take("one")
    old = watch.world.log.latest_head()
    watch.world.take("two")
    seen = (await watch.visit()).state
    watch.spoiled["get-sth"] = json_response({"sth": base64(old.encode())})
    assert await refused(watch, seen) in (Check.TREE_HEAD, Check.LOG_PROOF)


async def test_a_log_that_stands_still_is_caught() -> None:
    watch = Watch(LogWorld(merge_delay=10 * 86_400))
    watch.world.take("one")
    seen = (await watch.visit()).state
    watch.world.clock.advance(MERGE_DELAY)
    assert (await watch.visit(seen)).entries == []
    watch.world.clock.advance(1)
    assert await refused(watch, seen) is Check.TREE_HEAD


async def test_entries_that_do_not_make_the_tree_are_caught() -> None:
    watch = Watch()
    watch.world.take("one")
    other = LogWorld()
    other.take("two")
    _, (entry,) = other.log.entries(0, 0, most=1)
    watch.spoiled["get-entries"] = json_response({"entries": [{"log_entry": base64(entry.entry)}]})
    assert await refused(watch) is Check.LOG_PROOF


async def test_a_log_without_a_head_or_of_another_key_is_caught() -> None:
    watch = Watch()
    watch.spoiled["get-sth"] = json_response({})
    assert await refused(watch) is Check.TREE_HEAD
    watch = Watch()
    watch.watch = LogWatch(
        replace(LOG, key=LOGGED_ROOT.key.public_key),
        url=URL,
        outbound=Loopback({URL: watch.answer}),
        clock=watch.world.clock,
    )
    assert await refused(watch) is Check.TREE_HEAD


@pytest.mark.parametrize("response", [json_response({"entries": []}), HttpResponse(status=500)])
async def test_a_log_that_shows_nothing_is_no_log_to_be_judged(response: HttpResponse) -> None:
    watch = Watch()
    watch.world.take("one")
    watch.spoiled["get-entries"] = response
    with pytest.raises(Unavailable):
        await watch.visit()


async def test_what_nobody_expected_is_found_by_name_or_among_all() -> None:
    watch = Watch()
    watch.world.take("one")
    watch.world.log.submit(announced(ACCESS_DRAFT))
    watch.world.log.submit(issued(ACCESS_DRAFT))
    watched = await watch.visit()
    assert names_of(watched.entries[0][1]) == {"utopia", "verifier.utopia.example"}

    def unknown(*names: str, known: frozenset[bytes] = frozenset()) -> list[int]:
        return [
            index for index, entry in watched.entries if nobody_expected(entry, names=frozenset(names), known=known)
        ]

    assert unknown() == [0, 1, 2]
    assert unknown("verifier.utopia.example") == [0, 1, 2]
    assert unknown("bank.utopia.example") == []
    known = frozenset({tbs_of(ACCESS_DRAFT.sign())})
    assert unknown(known=known) == [0]
    assert without_timestamps(ACCESS_DRAFT.tbs) in known
    assert nobody_expected(None, names=frozenset({"a"}), known=known), "an entry of another type"


@pytest.mark.parametrize(
    "text",
    [
        b"{}",
        b'{"peaks":["AAAA"]}',
        b'{"peaks":[1]}',
        b'{"sth":"4AA=","peaks":[]}',
        b'{"sth":"AAAA","peaks":[]}',
        b'{"sth":1,"peaks":[]}',
        b'{"peaks":[' + b",".join([b'""'] * 65) + b"]}",
        b"[" * 9,
    ],
)
def test_what_is_no_state_is_malformed(text: bytes) -> None:
    with pytest.raises(Malformed):
        parse_watch_state(text)


async def test_a_state_has_a_peak_for_each_bit_of_its_size() -> None:
    """One that was cut is said to be, and does not end the program."""
    watch = Watch()
    watch.world.take("one", "two", "three")
    watched = await watch.visit()
    for peaks in (watched.state.peaks[:1], (*watched.state.peaks, bytes(32))):
        spoiled = replace(watched.state, peaks=peaks)
        with pytest.raises(Malformed, match="a hash for each"):
            parse_watch_state(spoiled.encode())


def test_an_address_that_is_none_hides_no_other_name_of_its_certificate() -> None:
    draft = access_draft(uris=("https://[x", "https://support.utopia.example/"))
    entry = LogEntry(precertificate=True, timestamp=1, issuer_key_hash=bytes(32), tbs_certificate=draft.tbs)
    assert names_of(entry) == {"utopia", "verifier.utopia.example", "support.utopia.example"}


def test_an_entry_that_nobody_can_read_is_told_of() -> None:
    """It may be about anybody."""
    odd = LogEntry(precertificate=True, timestamp=1, issuer_key_hash=bytes(32), tbs_certificate=b"\x30\x00")
    assert nobody_expected(odd, names=frozenset({"a"}), known=frozenset())


async def test_peaks_without_a_head_are_malformed() -> None:
    with pytest.raises(Malformed, match="before the first"):
        await Watch().visit(WatchState(peaks=(bytes(32),)))
