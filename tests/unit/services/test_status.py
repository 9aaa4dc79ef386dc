"""The reader of status lists: how often it asks, how long it believes, and what it never takes."""

import asyncio

import pytest
from zegel_testing.authorities import NOW
from zegel_testing.lists import document, entity, service, signed
from zegel_testing.relying_party import (
    OFFICE,
    STATUS_ORIGIN,
    STATUS_URI,
    ListInHand,
    StatusHost,
    attestation_list,
    pid_list,
    pid_services,
    unavailable,
)

from zegel.adapters.memory import Loopback, ManualClock
from zegel.checks import Check
from zegel.errors import Malformed, Rejected, Unavailable
from zegel.formats.credential import StatusReference
from zegel.formats.status.entries import compress, empty_status_list
from zegel.formats.status.token import StatusListFormat, sign_status_list_jwt
from zegel.primitives.http import HttpRequest, HttpResponse
from zegel.services.status import StatusReader
from zegel.services.trust import Trust
from zegel.trust.anchors import Purpose
from zegel.trust.lists.values import ListType, ServiceType

pytestmark = pytest.mark.anyio
HERE = StatusReference(uri=STATUS_URI, index=7)


class World:
    """A list, whoever reads it, and the lists of trusted entities that say whose word it is."""

    def __init__(self, *, keep: int = 300) -> None:
        self.clock = ManualClock(NOW)
        self.lists = (
            ListInHand(ListType.PID_PROVIDERS, pid_list()),
            ListInHand(ListType.PUB_EAA_PROVIDERS, attestation_list()),
        )
        self.trust = Trust(self.lists, fixed=(), clock=self.clock)
        self.host = StatusHost(self.clock)
        self.handlers = {STATUS_ORIGIN: self.host.handle}
        outbound = Loopback(self.handlers)
        self.reader = StatusReader(outbound=outbound, trust=self.trust, clock=self.clock, keep=keep)

    async def value(self) -> int:
        found = await self.reader.fetch_status_list(HERE)
        assert found is not None
        return found.statuses.get(HERE.index)


@pytest.fixture
async def world() -> World:
    opened = World()
    await opened.trust.refresh()
    return opened


async def test_a_credential_that_names_no_list_needs_none(world: World) -> None:
    assert await world.reader.fetch_status_list(None) is None
    assert world.host.fetches == 0


async def test_a_list_of_one_kind_is_not_remembered_for_another(world: World) -> None:
    assert await world.value() == 0
    for purpose in (Purpose.WALLET_STATUS, Purpose.REGISTRATION_STATUS):
        with pytest.raises(Rejected) as refusal:
            await world.reader.fetch_status_list(HERE, purpose=purpose)
        assert refusal.value.check is Check.ANCHOR
    assert world.host.fetches == 3


async def test_a_crowd_asks_once(world: World) -> None:
    host = world.host.handle

    async def slow(request: HttpRequest) -> HttpResponse:
        await asyncio.sleep(0)
        return await host(request)

    world.handlers[STATUS_ORIGIN] = slow
    assert await asyncio.gather(*(world.value() for _ in range(50))) == [0] * 50
    assert world.host.fetches == 1


async def test_a_crowd_before_a_host_that_fails_is_told_so_one_by_one(world: World) -> None:
    world.host.answer = unavailable()
    outcomes = await asyncio.gather(*(world.value() for _ in range(3)), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [Unavailable] * 3
    world.host.answer = None
    assert await world.value() == 0


async def test_both_formats_are_asked_for_and_read(world: World) -> None:
    seen: list[str | None] = []
    host = world.host.handle

    async def watching(request: HttpRequest) -> HttpResponse:
        seen.append(request.header("accept"))
        return await host(request)

    world.handlers[STATUS_ORIGIN] = watching
    world.host.format = StatusListFormat.CWT
    assert await world.value() == 0
    assert seen == ["application/statuslist+jwt, application/statuslist+cwt;q=0.9"]


@pytest.mark.requirement("VCR_15")
async def test_a_list_is_used_again_while_it_is_kept(world: World) -> None:
    assert await world.value() == 0
    world.host.revoke(7)
    world.clock.advance(299)
    assert (await world.value(), world.host.fetches) == (0, 1)
    world.clock.advance(1)
    assert (await world.value(), world.host.fetches) == (1, 2)


@pytest.mark.parametrize("change", [{"ttl": 100}, {"expires_in": 100, "ttl": 1_000}])
async def test_a_list_is_never_used_beyond_its_own_time(world: World, change: dict[str, int]) -> None:
    for name, value in change.items():
        setattr(world.host, name, value)
    await world.value()
    world.host.revoke(7)
    world.clock.advance(99)
    assert (await world.value(), world.host.fetches) == (0, 1)
    world.clock.advance(1)
    assert (await world.value(), world.host.fetches) == (1, 2)


async def test_a_reader_may_keep_a_list_shorter_than_it_allows() -> None:
    world = World(keep=1)
    await world.trust.refresh()
    await world.value()
    world.clock.advance(1)
    await world.value()
    assert world.host.fetches == 2


async def test_a_list_that_was_fetched_while_the_clock_was_ahead_is_not_kept_for_as_long(world: World) -> None:
    world.clock.advance(3_600)
    await world.trust.refresh()
    assert await world.value() == 0
    world.clock.advance(-3_600)
    world.host.revoke(7)
    assert await world.value() == 1


async def test_with_other_anchors_it_is_fetched_and_verified_again(world: World) -> None:
    await world.value()
    world.lists[0].content = pid_list(
        entity(OFFICE, *pid_services()), entity("A new office", service(ServiceType.PID_ISSUANCE)), sequence=2
    )
    await world.trust.refresh()
    await world.value()
    assert world.host.fetches == 2


@pytest.mark.refuses(Check.ANCHOR)
@pytest.mark.requirement("OIA_15a")
async def test_a_signer_that_left_the_lists_is_believed_no_longer(world: World) -> None:
    await world.value()
    world.lists[0].content = signed(document(ListType.PID_PROVIDERS, entity(OFFICE), sequence=2))
    await world.trust.refresh()
    with pytest.raises(Rejected) as refusal:
        await world.value()
    assert refusal.value.check is Check.ANCHOR


async def test_a_failed_fetch_is_not_papered_over_with_an_old_list(world: World) -> None:
    await world.value()
    world.clock.advance(300)
    world.host.answer = unavailable()
    with pytest.raises(Unavailable):
        await world.value()


@pytest.mark.parametrize("status", [201, 204, 304, 400, 404])
@pytest.mark.refuses(Check.STATUS_LIST)
async def test_another_status_than_200_is_no_list(world: World, status: int) -> None:
    world.host.answer = HttpResponse(status=status, headers=(("content-type", str(StatusListFormat.JWT)),), body=b"")
    with pytest.raises(Rejected) as refusal:
        await world.value()
    assert (refusal.value.check, refusal.value.field) == (Check.STATUS_LIST, "status_list.uri")


async def test_a_host_that_does_not_work_says_nothing_of_its_list(world: World) -> None:
    world.host.answer = HttpResponse(status=503)
    with pytest.raises(Unavailable, match="its host answers with status 503"):
        await world.value()


@pytest.mark.parametrize("content_type", [None, "text/html", "application/json", "application/statuslist+cwt"])
async def test_another_content_type_is_malformed(world: World, content_type: str | None) -> None:
    headers = () if content_type is None else (("content-type", content_type),)
    world.host.answer = HttpResponse(status=200, headers=headers, body=world.host.token())
    if content_type is None:
        assert await world.value() == 0  # the first byte tells the formats apart
        return
    with pytest.raises(Malformed):
        await world.value()


@pytest.mark.refuses(Check.STATUS_LIST)
async def test_the_list_of_another_address_is_not_ours(world: World) -> None:
    with pytest.raises(Rejected) as refusal:
        await world.reader.fetch_status_list(StatusReference(uri=f"{STATUS_ORIGIN}/2", index=7))
    assert refusal.value.check is Check.STATUS_LIST


async def test_redirects_are_followed_three_times(world: World) -> None:
    host, hops = world.host.handle, []

    async def moved(request: HttpRequest) -> HttpResponse:
        hops.append(request.url)
        if len(hops) <= 3:
            return HttpResponse(status=302, headers=(("location", f"{STATUS_ORIGIN}/{len(hops)}"),))
        return await host(request)

    world.handlers[STATUS_ORIGIN] = moved
    assert await world.value() == 0
    assert len(hops) == 4


async def test_of_a_host_that_fails_nothing_is_remembered(world: World) -> None:
    world.host.answer = unavailable()
    for number in range(3):
        with pytest.raises(Unavailable):
            await world.reader.fetch_status_list(StatusReference(uri=f"{STATUS_ORIGIN}/{number}", index=0))
    assert (world.reader._kept, world.reader._turns._locks) == ({}, {})


async def test_the_lists_that_are_remembered_are_bounded(world: World) -> None:
    answers: dict[str, int] = {}

    async def many(request: HttpRequest) -> HttpResponse:
        answers[request.url] = answers.get(request.url, 0) + 1
        now = world.clock.now()
        body = sign_status_list_jwt(
            compress(empty_status_list(8, bits=1)),
            uri=request.url,
            signer=world.host.signer.key,
            chain=world.host.signer.chain,
            now=now,
            expires=now + 3_600 + len(answers),
            ttl=10_000,
        )
        return HttpResponse(status=200, headers=(("content-type", str(StatusListFormat.JWT)),), body=body)

    world.handlers[STATUS_ORIGIN] = many
    references = [StatusReference(uri=f"{STATUS_ORIGIN}/{number}", index=0) for number in range(70)]
    for reference in references:
        await world.reader.fetch_status_list(reference)
    assert len(world.reader._kept) == 64
    await world.reader.fetch_status_list(references[-1])
    assert set(answers.values()) == {1}
    await world.reader.fetch_status_list(references[0])
    assert answers[references[0].uri] == 2
