"""The reader of status lists: how often it asks, how long it believes, and what it never takes."""

import asyncio
import tracemalloc
from random import Random

import pytest
from zegel_testing.authorities import DAY, NOW, CertifiedSigner, fixed_key, fixed_random
from zegel_testing.identifiers import identified
from zegel_testing.lists import document, entity, service, signed
from zegel_testing.relying_party import (
    ISSUER_ROOT,
    OFFICE,
    STATUS_ORIGIN,
    STATUS_ROOT,
    STATUS_URI,
    ListInHand,
    StatusHost,
    attestation_list,
    pid_list,
    pid_services,
    unavailable,
)
from zegel_testing.status import credential

from zegel.adapters.memory import Loopback, ManualClock
from zegel.checks import Check
from zegel.errors import Malformed, Rejected, Unavailable
from zegel.formats.credential import IdentifierReference, Reference, Status, StatusReference
from zegel.formats.status.check import VerifiedList, check_status
from zegel.formats.status.entries import MAX_LARGE_LIST, StatusList, compress, empty_status_list
from zegel.formats.status.identifiers import IDENTIFIER_LIST, VerifiedIdentifierList, sign_identifier_list
from zegel.formats.status.reference import build_aggregation
from zegel.formats.status.token import StatusListFormat, VerifiedStatusList, sign_status_list_jwt
from zegel.primitives.crl import sign_crl
from zegel.primitives.http import HttpRequest, HttpResponse
from zegel.profiles import HAIP
from zegel.services.status import _MAX_REMEMBERED_BYTES, RETRY, UNUSED, StatusReader
from zegel.services.trust import Trust
from zegel.services.trust_ports import RevocationList, RevocationSource
from zegel.trust.anchors import Purpose
from zegel.trust.authority import SubjectName, issue_certificate
from zegel.trust.lists.values import CRL_POINT, ListType, ServiceType, SupplyPoint

pytestmark = pytest.mark.anyio
HERE = StatusReference(uri=STATUS_URI, index=7)


class World:
    """A list, whoever reads it, and the lists of trusted entities that say whose word it is."""

    def __init__(
        self, *, keep: int = 300, aggregations: tuple[str, ...] = (), revocations: RevocationSource | None = None
    ) -> None:
        self.clock = ManualClock(NOW)
        self.lists = (
            ListInHand(ListType.PID_PROVIDERS, pid_list()),
            ListInHand(ListType.PUB_EAA_PROVIDERS, attestation_list()),
        )
        self.trust = Trust(self.lists, fixed=(), clock=self.clock, revocations=revocations)
        self.host = StatusHost(self.clock)
        self.handlers = {STATUS_ORIGIN: self.host.handle}
        outbound = Loopback(self.handlers)
        self.reader = StatusReader(
            outbound=outbound, trust=self.trust, clock=self.clock, keep=keep, aggregations=aggregations
        )

    async def value(self) -> int:
        found = await self.reader.fetch_status_list(HERE)
        assert isinstance(found, VerifiedStatusList)
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


async def test_what_else_changes_among_the_anchors_takes_no_list_away(world: World) -> None:
    await world.value()
    before = world.trust.anchors
    world.lists[0].content = pid_list(
        entity(OFFICE, *pid_services()), entity("A new office", service(ServiceType.PID_ISSUANCE)), sequence=2
    )
    await world.trust.refresh()
    assert world.trust.anchors is not before
    await world.value()
    assert world.host.fetches == 1


async def test_a_list_is_of_whom_its_signer_stands_for_by_now(world: World) -> None:
    await world.value()
    world.lists[0].content = pid_list(entity("The office's new name", *pid_services()), sequence=2)
    await world.trust.refresh()
    found = await world.reader.fetch_status_list(HERE)
    assert found is not None
    assert (found.entity, world.host.fetches) == ("The office's new name", 1)


@pytest.mark.refuses(Check.ANCHOR)
@pytest.mark.requirement("OIA_15a")
async def test_a_signer_that_left_the_lists_is_believed_no_longer(world: World) -> None:
    await world.value()
    world.lists[0].content = signed(document(ListType.PID_PROVIDERS, entity(OFFICE, pid_services()[0]), sequence=2))
    await world.trust.refresh()
    with pytest.raises(Rejected) as refusal:
        await world.value()
    assert refusal.value.check is Check.ANCHOR


def said(found: VerifiedList | None, now: int) -> Status | Check:
    """What the profile haip makes of it."""
    try:
        return check_status(
            credential(7, uri=STATUS_URI, entity=OFFICE), found, now=now, grace=HAIP.status_grace
        ).status
    except Rejected as refusal:
        return refusal.check


@pytest.mark.refuses(Check.STATUS_STALE)
async def test_while_its_host_is_gone_a_list_is_good_then_stale_then_refused_and_in_the_end_not_there(
    world: World,
) -> None:
    await world.value()
    world.host.answer = unavailable()
    heard: list[Status | Check | None] = []
    for second in (300, 599, 600, 600 + HAIP.status_grace - 1, 600 + HAIP.status_grace, 3_599, 3_600):
        world.clock.advance(NOW + second - world.clock.now())
        try:
            heard.append(said(await world.reader.fetch_status_list(HERE), world.clock.now()))
        except Unavailable:
            heard.append(None)
    good, stale, refused = Status.VALID, Status.STALE, Check.STATUS_STALE
    assert heard == [good, good, stale, stale, refused, refused, None]
    assert (world.reader.fetches, world.reader.failures) == (1, 5)


@pytest.mark.requirement("VCR_04")
async def test_a_host_that_is_back_ends_the_grace_at_once(world: World) -> None:
    await world.value()
    world.host.answer = unavailable()
    world.clock.advance(700)
    assert said(await world.reader.fetch_status_list(HERE), world.clock.now()) is Status.STALE
    world.host.answer = None
    world.host.revoke(7)
    world.clock.advance(RETRY - 1)
    assert said(await world.reader.fetch_status_list(HERE), world.clock.now()) is Status.STALE
    world.clock.advance(1)
    assert said(await world.reader.fetch_status_list(HERE), world.clock.now()) is Check.STATUS


async def test_a_host_that_is_gone_is_asked_again_after_a_while_and_not_by_each(world: World) -> None:
    await world.value()
    world.host.answer = unavailable()
    world.clock.advance(300)
    for _ in range(20):
        await world.value()
    assert world.host.fetches == 2
    world.clock.advance(RETRY)
    await world.value()
    assert world.host.fetches == 3


async def test_what_was_never_fetched_is_not_guessed(world: World) -> None:
    world.host.answer = unavailable()
    with pytest.raises(Unavailable):
        await world.value()


async def test_the_grace_is_not_for_a_signer_that_left_the_lists(world: World) -> None:
    await world.value()
    world.host.answer = unavailable()
    world.lists[0].content = signed(document(ListType.PID_PROVIDERS, entity(OFFICE, pid_services()[0]), sequence=2))
    await world.trust.refresh()
    with pytest.raises(Unavailable):
        await world.value()


# --- while lists of revoked certificates come and go ----------------------------------------------------------------

STATUS_CRL = "https://status.utopia.example/signers.crl"
OTHER_CRL = "https://authority.utopia.example/others.crl"


class Authorities:
    """Where the authority of the status signer says whom it revoked, and one that has nothing to do with it."""

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self.number = 0
        self.published: dict[str, bytes] = {}
        self.publish(STATUS_CRL)
        self.publish(OTHER_CRL)

    def publish(self, url: str, *serials: int) -> None:
        """Sign the list anew, as every hour."""
        self.number += 1
        now, root = self.clock.now(), STATUS_ROOT if url == STATUS_CRL else ISSUER_ROOT
        revoked = dict.fromkeys(serials, now)
        self.published[url] = sign_crl(
            root.certificate, key=root.key, revoked=revoked, number=self.number, now=now, next_update=now + DAY
        )

    async def fetch(self, url: str) -> RevocationList:
        """See ``RevocationSource``."""
        return RevocationList(self.published[url])


def revocable_signer(name: str, *, issued_at: int = NOW - DAY, days: int = 90) -> CertifiedSigner:
    """A signer of statuses that can be revoked."""
    certificate = issue_certificate(
        STATUS_ROOT,
        SubjectName(country="UT", organization="Utopia", common_name=name),
        key=fixed_key(name).public_key,
        purpose=Purpose.STATUS,
        now=issued_at,
        days=days,
        random=fixed_random(name),
        crl_url=STATUS_CRL,
    )
    return CertifiedSigner(key=fixed_key(name), certificate=certificate)


SIGNER = revocable_signer("status signer that can be revoked")


class RevocableWorld(World):
    """A world in which the signer of statuses can be revoked; ``reference`` says of which kind the list is."""

    def __init__(self, reference: Reference) -> None:
        self.reference = reference
        self.authorities = Authorities(ManualClock(NOW))
        super().__init__(revocations=self.authorities)
        self.authorities.clock = self.clock
        points = (SupplyPoint(url=STATUS_CRL, type=CRL_POINT), SupplyPoint(url=OTHER_CRL, type=CRL_POINT))
        revocation = service(ServiceType.PID_REVOCATION, STATUS_ROOT.certificate, supply_points=points)
        self.lists[0].content = pid_list(entity(OFFICE, pid_services()[0], revocation))
        self.host.signer = SIGNER
        self.identifiers: tuple[bytes, ...] = ()
        if isinstance(reference, IdentifierReference):
            serve_identifiers(self)

    async def said(self) -> Status | Check:
        """What becomes of a credential that names the list."""
        mdoc = identified(NAMED.identifier, uri=STATUS_URI, entity=OFFICE)
        subject = mdoc if self.reference is NAMED else credential(7, uri=STATUS_URI, entity=OFFICE)
        try:
            found, now = await self.reader.fetch_status_list(self.reference), self.clock.now()
            return check_status(subject, found, now=now, grace=HAIP.status_grace).status
        except (Rejected, Unavailable) as refusal:
            return refusal.check

    async def change(self, url: str, *serials: int) -> None:
        """An authority signs its list anew, and it is fetched."""
        before = self.trust.anchors
        self.authorities.publish(url, *serials)
        await self.trust.refresh()
        assert self.trust.anchors is not before

    def lose_host(self) -> None:
        """From now on nobody answers there."""

        async def gone(_request: HttpRequest) -> HttpResponse:
            raise unavailable()

        self.handlers[STATUS_ORIGIN] = gone


@pytest.fixture(params=["status list", "identifier list"])
async def revocable(request: pytest.FixtureRequest) -> RevocableWorld:
    opened = RevocableWorld(HERE if request.param == "status list" else NAMED)
    await opened.trust.refresh()
    assert await opened.said() is Status.VALID
    return opened


@pytest.mark.parametrize("url", [OTHER_CRL, STATUS_CRL])
async def test_the_grace_lasts_whatever_else_authorities_sign_meanwhile(revocable: RevocableWorld, url: str) -> None:
    revocable.lose_host()
    heard: list[Status | Check] = []
    for second in (1, 120, 599, 600, 600 + HAIP.status_grace - 1, 600 + HAIP.status_grace, 3_599, 3_600):
        revocable.clock.advance(NOW + second - revocable.clock.now())
        await revocable.change(url)
        heard.append(await revocable.said())
    good, stale, refused = Status.VALID, Status.STALE, Check.STATUS_STALE
    assert heard == [good, good, good, stale, stale, refused, refused, Check.AVAILABILITY]


async def test_a_fresh_list_is_not_asked_for_again_because_an_authority_signed(revocable: RevocableWorld) -> None:
    revocable.clock.advance(1)
    await revocable.change(OTHER_CRL)
    assert await revocable.said() is Status.VALID
    assert revocable.host.fetches == 1


@pytest.mark.refuses(Check.CERTIFICATE_REVOKED)
async def test_a_fresh_list_whose_signer_was_revoked_is_refused_at_once(revocable: RevocableWorld) -> None:
    revocable.clock.advance(1)
    await revocable.change(STATUS_CRL, SIGNER.certificate.serial_number)
    for _ in range(2):
        assert await revocable.said() is Check.CERTIFICATE_REVOKED
    revocable.host.signer = revocable_signer("the signer that came after it")
    assert await revocable.said() is Status.VALID


@pytest.mark.refuses(Check.AVAILABILITY)
async def test_the_grace_is_not_for_a_signer_that_was_revoked(revocable: RevocableWorld) -> None:
    revocable.lose_host()
    revocable.clock.advance(1)
    await revocable.change(STATUS_CRL, SIGNER.certificate.serial_number)
    for _ in range(2):
        assert await revocable.said() is Check.AVAILABILITY
    await revocable.reader.refresh(ahead=100)
    assert await revocable.said() is Check.AVAILABILITY


async def test_nor_for_one_that_is_revoked_while_the_host_is_waited_for(revocable: RevocableWorld) -> None:
    async def slow(_request: HttpRequest) -> HttpResponse:
        await revocable.change(STATUS_CRL, SIGNER.certificate.serial_number)
        raise unavailable()

    revocable.handlers[STATUS_ORIGIN] = slow
    revocable.clock.advance(300)
    assert await revocable.said() is Check.AVAILABILITY


@pytest.mark.refuses(Check.CERTIFICATE_VALIDITY)
async def test_a_fresh_list_ends_with_its_signers_certificate() -> None:
    ending = revocable_signer("status signer of a day", issued_at=NOW - DAY + 100, days=1)
    world = RevocableWorld(HERE)
    world.host.signer = ending
    await world.trust.refresh()
    heard = []
    for second in (NOW, ending.certificate.not_after, ending.certificate.not_after + 1):
        world.clock.advance(second - world.clock.now())
        heard.append(await world.said())
    assert heard == [Status.VALID, Status.VALID, Check.CERTIFICATE_VALIDITY]


@pytest.mark.requirement("VCR_04")
@pytest.mark.requirement("VCR_15")
@pytest.mark.parametrize("ttl", [60, 43_200], ids=["demo", "default"])
async def test_a_revocation_is_seen_when_the_ttl_is_over_and_no_second_later(ttl: int) -> None:
    """A reader that keeps a list for as long as it may; one that fetches more often sees it sooner."""
    world = World(keep=DAY)
    world.host.ttl, world.host.expires_in = ttl, ttl + 3_600
    await world.trust.refresh()
    seen = {}
    await world.value()
    world.host.revoke(7)
    for second in (ttl - 1, ttl, ttl + 1):
        world.clock.advance(NOW + second - world.clock.now())
        seen[second - ttl] = said(await world.reader.fetch_status_list(HERE), world.clock.now())
    assert seen == {-1: Status.VALID, 0: Check.STATUS, 1: Check.STATUS}


# --- identifier lists -----------------------------------------------------------------------------------------------

NAMED = IdentifierReference(uri=STATUS_URI, identifier=b"revoked-00000001")


def serve_identifiers(world: World, *identifiers: bytes, **options: object) -> None:
    async def answer(request: HttpRequest) -> HttpResponse:
        world.host.fetches += 1
        assert request.header("accept") == IDENTIFIER_LIST
        now = world.clock.now()
        settings = {"uri": request.url, "now": now, "expires": now + 3_600, "ttl": 600} | options
        signer_ = world.host.signer
        body = sign_identifier_list(identifiers, signer=signer_.key, chain=signer_.chain, **settings)
        return HttpResponse(status=200, headers=(("content-type", IDENTIFIER_LIST),), body=body)

    world.handlers[STATUS_ORIGIN] = answer


@pytest.mark.requirement("VCR_10")
@pytest.mark.requirement("VCR_12")
@pytest.mark.parametrize("ttl", [60, 43_200], ids=["demo", "default"])
async def test_an_identifier_is_seen_on_its_list_when_the_ttl_is_over_and_no_second_later(ttl: int) -> None:
    world = World(keep=DAY)
    await world.trust.refresh()
    serve_identifiers(world, ttl=ttl, expires=NOW + DAY)
    mdoc = identified(NAMED.identifier, uri=STATUS_URI, entity=OFFICE)
    await world.reader.fetch_status_list(NAMED)
    serve_identifiers(world, NAMED.identifier, ttl=ttl, expires=NOW + DAY)
    seen = {}
    for second in (ttl - 1, ttl):
        world.clock.advance(NOW + second - world.clock.now())
        found = await world.reader.fetch_status_list(NAMED)
        try:
            seen[second - ttl] = check_status(mdoc, found, now=world.clock.now(), grace=0).status
        except Rejected as refusal:
            seen[second - ttl] = refusal.check
    assert seen == {-1: Status.VALID, 0: Check.STATUS}
    assert world.host.fetches == 2


async def test_one_address_that_is_named_as_both_is_two_lists(world: World) -> None:
    await world.value()
    serve_identifiers(world)
    assert isinstance(await world.reader.fetch_status_list(NAMED), VerifiedIdentifierList)
    assert isinstance(await world.reader.fetch_status_list(HERE), VerifiedStatusList)


# --- ahead of use ---------------------------------------------------------------------------------------------------


def serve_neighbours(world: World, count: int) -> list[str]:
    """Lists whose provider names them all; what is asked for is noted."""
    asked: list[str] = []

    async def answer(request: HttpRequest) -> HttpResponse:
        asked.append(request.url.removeprefix(STATUS_ORIGIN))
        if request.url == f"{STATUS_ORIGIN}/all":
            body = build_aggregation([f"{STATUS_ORIGIN}/{number}" for number in range(1, count + 1)])
            return HttpResponse(status=200, headers=(("content-type", "application/json"),), body=body)
        now = world.clock.now()
        body = sign_status_list_jwt(
            compress(empty_status_list(1_000, bits=1)),
            uri=request.url,
            signer=world.host.signer.key,
            chain=world.host.signer.chain,
            now=now,
            expires=now + 3_600,
            ttl=600,
            aggregation_uri=f"{STATUS_ORIGIN}/all",
        )
        return HttpResponse(status=200, headers=(("content-type", str(StatusListFormat.JWT)),), body=body)

    world.handlers[STATUS_ORIGIN] = answer
    return asked


@pytest.mark.requirement("VCR_15")
async def test_lists_are_fetched_before_they_are_needed_so_that_no_presentation_tells_of_itself(world: World) -> None:
    asked = serve_neighbours(world, 3)
    await world.value()
    assert asked == ["/1"]
    assert await world.reader.refresh(ahead=100) == ()
    assert sorted(asked) == ["/1", "/2", "/3", "/all"]
    asked.clear()
    world.clock.advance(250)
    await world.reader.refresh(ahead=100)  # before the 300 seconds are over
    assert sorted(asked) == ["/1", "/2", "/3", "/all"]
    asked.clear()
    world.clock.advance(200)
    for number in (1, 2, 3):
        await world.reader.fetch_status_list(StatusReference(uri=f"{STATUS_ORIGIN}/{number}", index=7))
    assert asked == []


@pytest.mark.requirement("VCR_15")
async def test_lists_may_be_named_by_hand_and_are_there_before_the_first_presentation() -> None:
    world = World(aggregations=(f"{STATUS_ORIGIN}/all",))
    await world.trust.refresh()
    asked = serve_neighbours(world, 2)
    await world.reader.refresh(ahead=100)
    assert sorted(asked) == ["/1", "/2", "/all"]
    await world.value()
    assert len(asked) == 3


async def test_a_list_that_nobody_asks_for_is_fetched_no_longer(world: World) -> None:
    asked = serve_neighbours(world, 1)
    await world.value()
    world.clock.advance(UNUSED - 1)
    await world.trust.refresh()
    asked.clear()
    await world.reader.refresh(ahead=100)
    assert sorted(asked) == ["/1", "/all"]
    world.clock.advance(1)
    await world.trust.refresh()
    asked.clear()
    await world.reader.refresh(ahead=100)
    assert asked == []


async def test_what_cannot_be_fetched_ahead_is_said_and_keeps_nobody_from_the_rest(world: World) -> None:
    asked = serve_neighbours(world, 3)
    await world.value()
    served = world.handlers[STATUS_ORIGIN]

    async def partly(request: HttpRequest) -> HttpResponse:
        return HttpResponse(status=404) if request.url.endswith("/2") else await served(request)

    world.handlers[STATUS_ORIGIN] = partly
    (failed,) = await world.reader.refresh(ahead=100)
    assert failed.check is Check.STATUS_LIST
    assert "/3" in asked

    async def nothing(_request: HttpRequest) -> HttpResponse:
        return HttpResponse(status=503)

    world.handlers[STATUS_ORIGIN] = nothing
    world.clock.advance(250)
    assert [error.check for error in await world.reader.refresh(ahead=100)] == [Check.AVAILABILITY]
    assert world.reader.failures == 2, "of the two lists, of which each is at hand; the aggregation is none"


async def test_of_neighbours_there_are_as_many_as_there_is_room_for(world: World) -> None:
    asked = serve_neighbours(world, 1_000)
    await world.value()
    await world.reader.refresh(ahead=0)
    assert len(asked) == 1 + 1 + 63


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


async def test_of_the_largest_lists_as_many_are_remembered_as_a_worker_has_memory_for(world: World) -> None:
    """And nothing of their tokens beside them, which are half as large; whatever becomes of the anchors."""
    data = Random(1).randbytes(MAX_LARGE_LIST // 4).ljust(MAX_LARGE_LIST, b"\0")
    largest, chain = compress(StatusList(bits=1, data=data)), world.host.signer.chain

    async def large(request: HttpRequest) -> HttpResponse:
        body = sign_status_list_jwt(
            largest, uri=request.url, signer=world.host.signer.key, chain=chain, now=NOW, expires=NOW + 3_600, ttl=600
        )
        return HttpResponse(status=200, headers=(("content-type", str(StatusListFormat.JWT)),), body=body)

    world.handlers[STATUS_ORIGIN] = large
    tracemalloc.start()
    try:
        for number in range(14):
            world.clock.advance(1)
            await world.reader.fetch_status_list(StatusReference(uri=f"{STATUS_ORIGIN}/{number}", index=0))
        assert [uri.rpartition("/")[2] for _, uri, _ in world.reader._kept] == [str(number) for number in range(1, 14)]
        world.lists[1].content = attestation_list(sequence=2)
        await world.trust.refresh()
        await world.reader.refresh(ahead=0)
        held = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert len(world.reader._kept) == 13
    assert 13 * MAX_LARGE_LIST < held < _MAX_REMEMBERED_BYTES + MAX_LARGE_LIST // 2
