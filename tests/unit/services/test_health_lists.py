"""Trust lists of health: fetched where there is a network, believed as kept where there is none, and their age said."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from zegel_testing.authorities import DAY, NOW
from zegel_testing.gateway_list import GATEWAY as SIGNING
from zegel_testing.health import Health
from zegel_testing.health_lists import OFFICE, OTHER, did_document, gateway_entry, method

from zegel.adapters.health_trust import load_anchors, open_health_desk
from zegel.adapters.kept_health import HealthListFolder
from zegel.adapters.memory import Loopback, ManualClock
from zegel.checks import Check
from zegel.config.health import HealthConfig
from zegel.errors import Malformed, Rejected, Unavailable, ZegelError
from zegel.primitives.http import HttpRequest, HttpResponse
from zegel.services.health import HealthDesk, HealthList
from zegel.services.health_lists import (
    HealthLists,
    fetch_health_list,
    list_age,
    list_ages,
    old_lists,
    take_health_list,
)

pytestmark = pytest.mark.anyio
URL = "https://lists.utopia.example/v2/trustlist/did.json"
GATEWAY = json.dumps([gateway_entry(OFFICE), gateway_entry(OTHER)]).encode()
WHO = json.dumps(did_document(method(OFFICE))).encode()
CODE = OFFICE.code()
OFFICES = (OFFICE, OTHER, Health(name="Utopia clinic"))


class Publisher:
    """Who publishes a list: ``answer`` is what it says, or None when there is no network."""

    def __init__(self, answer: bytes | None, *, status: int = 200) -> None:
        self.answer, self.status = answer, status

    async def handle(self, request: HttpRequest) -> HttpResponse:
        assert request.url == URL
        if self.answer is None:
            raise Unavailable("lists.utopia.example", "there is no network")
        return HttpResponse(status=self.status, body=self.answer)


class Reader:
    """A role that reads the list, with a folder of its own."""

    def __init__(
        self, folder: Path, publisher: Publisher, *, trust: tuple[Path, ...] = (), anchor: Path | None = None
    ) -> None:
        self.config = HealthConfig(trust=trust, lists=(URL,), kept=folder, gateway_anchor=anchor)
        self.clock = ManualClock(NOW)
        self.desk = open_health_desk(self.config)
        self._lists = HealthLists(
            self.config.lists,
            desk=self.desk,
            reopen=lambda: open_health_desk(self.config),
            shelf=HealthListFolder(folder),
            outbound=Loopback({"https://lists.utopia.example": publisher.handle}),
            clock=self.clock,
            may_lose=self.config.may_lose,
            anchors=lambda: load_anchors(anchor),
        )

    async def refresh(self) -> tuple[ZegelError, ...]:
        return await self._lists.refresh()

    @property
    def believes(self) -> bool:
        return believes(self.desk)


def believes(desk: HealthDesk) -> bool:
    """Whether a certificate of the office's is accepted."""
    try:
        desk.judge(CODE, at=NOW)
    except Rejected:
        return False
    return True


async def test_a_list_is_read_beside_the_loop() -> None:
    outbound = Loopback({"https://lists.utopia.example": Publisher(GATEWAY).handle})
    fetching = asyncio.create_task(fetch_health_list(URL, outbound=outbound, anchors=None))
    await asyncio.sleep(0)
    assert not fetching.done(), "what is read in the loop is there with its first turn"
    assert len((await fetching)[1].signers) == 2


@pytest.mark.parametrize("body", [GATEWAY, WHO], ids=["gateway", "WHO"])
async def test_a_list_is_fetched_believed_and_there_after_a_start_without_a_network(
    tmp_path: Path, body: bytes
) -> None:
    publisher = Publisher(body)
    reader = Reader(tmp_path, publisher)
    assert not reader.believes
    assert await reader.refresh() == ()
    assert reader.believes
    publisher.answer = None
    again = Reader(tmp_path, publisher)
    again.clock.advance(3 * DAY)
    (error,) = await again.refresh()
    assert isinstance(error, Unavailable)
    assert again.believes
    (each,) = again.desk.lists
    assert each.fetched_at == NOW
    assert list_age(each, now=again.clock.now()).endswith(", fetched 3 days ago")


@pytest.mark.parametrize(
    ("answer", "status", "error"),
    [
        (b"[]", 200, Malformed),
        (json.dumps([gateway_entry(OFFICE, rawData="AAAA", thumbprint=None)]).encode(), 200, Malformed),
        (b"<html>log in to the hotel's network</html>", 200, Malformed),
        (GATEWAY, 503, Unavailable),
        (None, 200, Unavailable),
    ],
    ids=["nobody on it", "nobody who can be read", "another page", "out of order", "no network"],
)
async def test_what_is_no_list_takes_the_place_of_none(
    tmp_path: Path, answer: bytes | None, status: int, error: type[ZegelError]
) -> None:
    publisher = Publisher(GATEWAY)
    reader = Reader(tmp_path, publisher)
    await reader.refresh()
    publisher.answer, publisher.status = answer, status
    reader.clock.advance(DAY)
    assert [type(each) for each in await reader.refresh()] == [error]
    assert reader.believes
    assert [each.fetched_at for each in reader.desk.lists] == [NOW]
    assert HealthListFolder(tmp_path).path(URL).read_bytes() == GATEWAY


async def test_who_is_no_longer_on_the_list_is_no_longer_believed(tmp_path: Path) -> None:
    publisher = Publisher(GATEWAY)
    reader = Reader(tmp_path, publisher)
    await reader.refresh()
    publisher.answer = json.dumps([gateway_entry(OTHER)]).encode()
    assert await reader.refresh() == ()
    assert not reader.believes


async def test_a_list_that_lost_much_is_held_back_and_that_is_said_until_one_is_taken(tmp_path: Path) -> None:
    publisher = Publisher(json.dumps([gateway_entry(each) for each in OFFICES]).encode())
    reader = Reader(tmp_path, publisher)
    await reader.refresh()
    publisher.answer = json.dumps([gateway_entry(OTHER)]).encode()
    reader.clock.advance(DAY)
    (error,) = await reader.refresh()
    assert isinstance(error, Rejected)
    assert error.check is Check.HEALTH_LIST
    assert reader.believes
    (each,) = reader.desk.lists
    assert (each.signers, each.fetched_at) == (3, NOW)
    assert list_age(each, now=NOW).endswith("held back: expected at most 25 % of 3 signers gone at once, got 2")
    assert old_lists(reader.desk.lists, now=NOW, old=DAY) == (each,)
    publisher.answer = None
    await reader.refresh()
    assert reader.desk.lists[0].held_back, "there is no network, and nothing has changed"
    taken = await take_health_list(
        URL,
        shelf=HealthListFolder(tmp_path),
        outbound=Loopback({"https://lists.utopia.example": Publisher(GATEWAY).handle}),
        at=NOW + DAY,
        may_lose=0,
        accepted=True,
        anchors=None,
    )
    assert len(taken.signers) == 2
    publisher.answer = GATEWAY
    assert await reader.refresh() == ()
    assert old_lists(reader.desk.lists, now=NOW, old=DAY) == ()


async def test_an_older_list_of_who_is_never_taken(tmp_path: Path) -> None:
    publisher = Publisher(WHO)
    reader = Reader(tmp_path, publisher)
    await reader.refresh()
    older = {"proof": {"created": "2026-11-09T12:00:35Z"}}
    publisher.answer = json.dumps(did_document(method(OFFICE), method(OTHER), **older)).encode()
    (error,) = await reader.refresh()
    assert isinstance(error, Rejected)
    assert error.detail == "expected none that was signed before the kept one, 2026-11-10"
    assert [each.signers for each in reader.desk.lists] == [1]


async def test_with_the_gateways_anchor_only_whom_it_vouches_for_is_fetched_and_believed(tmp_path: Path) -> None:
    anchor = tmp_path / "anchor.pem"
    anchor.write_bytes(SIGNING.anchor.certificate.public_bytes(Encoding.PEM))
    publisher = Publisher(json.dumps(SIGNING.entries()).encode())
    reader = Reader(tmp_path / "kept", publisher, anchor=anchor)
    assert await reader.refresh() == ()
    (each,) = reader.desk.lists
    assert (each.signers, each.left_out) == (2, ())
    publisher.answer = json.dumps([*SIGNING.entries(), gateway_entry(OFFICE)]).encode()
    assert await reader.refresh() == ()
    assert not reader.believes
    assert reader.desk.lists[0].left_out == (
        "[6]: CMS signature: expected signed data with one signer, and its certificate",
    )
    for answer, refusal in ((GATEWAY, Malformed), (WHO, Rejected)):
        publisher.answer = answer
        assert [type(error) for error in await reader.refresh()] == [refusal]
    assert [each.signers for each in reader.desk.lists] == [2]
    HealthListFolder(tmp_path / "kept").path(URL).write_bytes(WHO)
    assert not believes(open_health_desk(reader.config)), "of the time before the anchor"


async def test_the_gateways_anchor_is_read_again_with_every_turn(tmp_path: Path) -> None:
    anchor = tmp_path / "anchor.pem"
    anchor.write_bytes(SIGNING.anchor.certificate.public_bytes(Encoding.PEM))
    reader = Reader(tmp_path / "kept", Publisher(json.dumps(SIGNING.entries()).encode()), anchor=anchor)
    anchor.write_bytes(SIGNING.states[0].upload.certificate.public_bytes(Encoding.PEM))
    await reader.refresh()
    assert [each.signers for each in reader.desk.lists] == [0]
    anchor.write_bytes(SIGNING.anchor.certificate.public_bytes(Encoding.PEM))
    await reader.refresh()
    assert [each.signers for each in reader.desk.lists] == [2]


async def test_a_list_of_the_future_is_never_taken_not_even_as_the_first(tmp_path: Path) -> None:
    future = {"proof": {"created": "2099-11-09T12:00:35Z"}}
    publisher = Publisher(json.dumps(did_document(method(OFFICE), **future)).encode())
    reader = Reader(tmp_path, publisher)
    (error,) = await reader.refresh()
    assert isinstance(error, Rejected)
    assert not reader.believes
    assert reader.desk.lists[0].held_back.endswith("got 2099-11-09")
    HealthListFolder(tmp_path).keep(URL, publisher.answer or b"", at=NOW)
    publisher.answer = WHO
    assert await reader.refresh() == (), "a kept one of the future keeps none out"


async def test_beside_the_anchor_a_file_of_another_form_counts_for_being_there(tmp_path: Path) -> None:
    anchor = tmp_path / "anchor.pem"
    anchor.write_bytes(SIGNING.anchor.certificate.public_bytes(Encoding.PEM))
    own = tmp_path / "own"
    own.mkdir()
    (own / "office.der").write_bytes(OFFICE.der)
    reader = Reader(tmp_path / "kept", Publisher(None), trust=(own,), anchor=anchor)
    assert reader.believes
    (own / "office.der").unlink()
    (own / "list.json").write_bytes(GATEWAY)
    assert not believes(open_health_desk(reader.config)), "an entry of the gateway's is vouched for or does not count"


async def test_files_are_read_again_and_a_broken_one_changes_nothing(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    reader = Reader(tmp_path / "kept", Publisher(None), trust=(own,))
    (own / "office.der").write_bytes(OFFICE.der)
    await reader.refresh()
    assert reader.believes
    (own / "other.json").write_text("{")
    assert [type(error) for error in await reader.refresh()] == [Unavailable, Malformed]
    assert reader.believes


async def test_a_list_that_a_disk_has_broken_is_one_that_was_never_fetched(tmp_path: Path) -> None:
    reader = Reader(tmp_path, Publisher(GATEWAY))
    await reader.refresh()
    HealthListFolder(tmp_path).path(URL).write_bytes(GATEWAY[:100])
    desk = open_health_desk(reader.config)
    assert not believes(desk)
    assert old_lists(desk.lists, now=NOW, old=DAY) == desk.lists
    assert await reader.refresh() == ()
    assert reader.believes


async def test_without_what_is_told_of_it_a_kept_list_has_no_age(tmp_path: Path) -> None:
    reader = Reader(tmp_path, Publisher(json.dumps([gateway_entry(OFFICE, timestamp="")]).encode()))
    await reader.refresh()
    for told in (b'{"url": 7}', b'{"url": "https://[x", "at": 7}'):
        HealthListFolder(tmp_path).path(URL).with_suffix(".fetched").write_bytes(told)
        desk = open_health_desk(reader.config)
        assert believes(desk)
        assert list_ages(desk.lists, now=NOW) == ()


LIST = HealthList(name="lists.utopia.example", signers=2, as_of=NOW - 10 * DAY, fetched_at=NOW)


@pytest.mark.parametrize(
    ("later", "said"),
    [(-9, "today"), (DAY - 1, "today"), (DAY, "a day ago"), (2 * DAY, "2 days ago")],
)
def test_an_age_is_said_in_days(later: int, said: str) -> None:
    words = list_age(LIST, now=NOW + later)
    assert words.startswith("lists.utopia.example: 2 signers, as of 2026-")
    assert words.endswith(f", fetched {said}")


def test_a_file_is_never_old_and_a_list_is_from_its_day_on() -> None:
    file = replace(LIST, name="own.pem", signers=1, as_of=None, fetched_at=None)
    assert list_age(file, now=NOW) == "own.pem: 1 signer"
    assert old_lists((LIST, file), now=NOW + 7 * DAY - 1, old=7 * DAY) == ()
    assert old_lists((LIST, file), now=NOW + 7 * DAY, old=7 * DAY) == (LIST,)
