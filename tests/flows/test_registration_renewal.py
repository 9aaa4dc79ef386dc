"""A role looks after the registration certificate that it shows: it has the next one, and says when it is not good."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import pytest
from zegel_testing.access_house import LIBRARY, AccessHouse, open_house
from zegel_testing.access_requests import KEY
from zegel_testing.authorities import DAY, authority, fixed_random, signer
from zegel_testing.registering import FORMATS, Office
from zegel_testing.registration import certified
from zegel_testing.wallet_world import NAME_QUERY, Noted, WalletWorld, wallet_world

from zegel.adapters.files import create_owner_only
from zegel.adapters.memory import Loopback
from zegel.adapters.sandbox.registrations import REGISTRATIONS
from zegel.errors import ZegelError
from zegel.primitives.http import HttpRequest, HttpResponse, origin_of
from zegel.services.wallet.contents import Asked
from zegel.trust.anchors import Purpose
from zegel.trust.registration.parse import parse_registration
from zegel.trust.registration.transport import certificate_text
from zegel.trust.registration.values import Intermediary
from zegel.web.app.roles import World
from zegel.web.app.verifier import open_verifier

pytestmark = [pytest.mark.anyio, pytest.mark.slow]
REGISTRAR: Final = "https://registrar.utopia.example"
HOUR: Final = 3_600
STRANGER: Final = certified(signer(authority("stranger"), "registration certificates", Purpose.REGISTRATION, days=300))


@dataclass
class Desk:
    """What the registrar gives out, and what it was asked for."""

    body: bytes = b""
    status: int = 200
    asked: list[str] = field(default_factory=list)
    accepted: list[str | None] = field(default_factory=list)

    async def handle(self, request: HttpRequest) -> HttpResponse:
        self.asked.append(request.url.removeprefix(REGISTRAR))
        self.accepted.append(request.header("accept"))
        return HttpResponse(status=self.status, body=self.body)


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
async def world(tmp_path: Path, desk: Desk) -> AsyncIterator[WalletWorld]:
    async with wallet_world(tmp_path, registrar=REGISTRAR) as opened:
        opened.handlers[REGISTRAR] = desk.handle
        yield opened


@pytest.fixture
def office(world: WalletWorld, tmp_path: Path) -> Office:
    return Office(world, tmp_path)


async def look(world: WalletWorld, *, after: int = 0) -> None:
    """The verifier's turn at its certificate, some time later."""
    world.clock.advance(after)
    (timer,) = [each for each in world.roles["verifier"].timers if "registration" in each.name]
    await timer.act()


async def sent(world: WalletWorld) -> str:
    """The certificate that a new request carries."""
    flow, _ = await world.asked(NAME_QUERY)
    asked = world.wallet.presenting.look(flow)
    assert isinstance(asked, Asked)
    (data,) = [info.data for info in asked.consent.request.verifier_info if info.format == "registration_cert"]
    return str(data)


async def notices(world: WalletWorld) -> list[str]:
    """What the verifier says beside being ready, which it is all the time."""
    door = world.roles["verifier"].listeners[0]
    answer = await door.handle(HttpRequest(method="GET", url=door.origin + "/readyz"))
    members = json.loads(answer.body)
    assert (answer.status, members["ready"]) == (200, True), members
    return list(members.get("notices", []))


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What whoever runs the verifier was told since."""
    errors = [record.exc_info[1] for record in caplog.records if record.message == "registration" and record.exc_info]
    caplog.clear()
    return [f"{error.check.id} {error.field}" for error in errors if isinstance(error, ZegelError)]


async def ending(office: Office, **changes: Any) -> bytes:
    """The verifier shows a certificate whose successor is due; what its file holds."""
    now = office.world.clock.now()
    await office.give(issued_at=now - 90 * DAY, expires=now + 14 * DAY, **changes)
    return file_of(office).read_bytes()


def file_of(office: Office) -> Path:
    return office.folder / REGISTRATIONS["verifier"]


def later(office: Office, *, format_: str = "jwt", by: Any = None, **changes: Any) -> bytes:
    """The certificate that takes the present one's place, and would end in two hundred days."""
    now = office.world.clock.now()
    certificate = replace(office.certificate(), **({"issued_at": now, "expires": now + 200 * DAY} | changes))
    return FORMATS[format_](certificate, signer=by or office.signer)


@pytest.mark.parametrize("present", FORMATS)
@pytest.mark.parametrize("format_", FORMATS)
async def test_the_next_certificate_is_fetched_before_the_end_and_is_there_after_a_restart(
    world: WalletWorld, office: Office, desk: Desk, caplog: pytest.LogCaptureFixture, format_: str, present: str
) -> None:
    """It is asked for in the format that is shown, and taken in either, for wallets read both."""
    before = await ending(office, sign=FORMATS[present])
    desk.body = later(office, format_=format_)
    await look(world)
    about = office.certificate()
    query = f"service={about.service}&intendeduseidentifier={about.intended_use}"
    asked = f"/registration-certificates/{about.identifier}?{query}"
    assert (desk.asked, desk.accepted) == ([asked], [f"application/rc-wrp+{present}"])
    assert await sent(world) == certificate_text(desk.body) != certificate_text(before)
    assert file_of(office).read_bytes() == desk.body
    assert file_of(office).stat().st_mode & 0o777 == 0o600
    assert (told(caplog), await notices(world)) == ([], [])
    await look(world, after=HOUR)
    assert len(desk.asked) == 1, "the next one is not due"
    shown = await sent(world)
    world.roles["verifier"].close()
    role = world.roles["verifier"] = await open_verifier(world.world)
    world.handlers |= {listener.origin: listener.handle for listener in role.listeners}
    assert await sent(world) == shown


async def test_nothing_is_fetched_at_the_start_nor_before_it_is_time(
    world: WalletWorld, office: Office, desk: Desk
) -> None:
    await look(world)  # the start waits for no host
    await look(world)
    assert (desk.asked, await notices(world)) == ([], [])


TIMES: Final = ("issued_at", "expires")
BAD: Final[dict[str, tuple[dict[str, Any], str]]] = {
    "another signer": ({"by": STRANGER}, "anchor"),
    "another party": ({"identifier": "NTRUT-999"}, "registration-party"),
    "another Service": ({"service": "other"}, "registration-service"),
    "another intended use": ({"intended_use": "other"}, "registration-certificate"),
    "one that ends as soon": ({"expires": 13 * DAY}, "registration-validity"),
    "one that is over": ({"issued_at": -9 * DAY, "expires": -DAY}, "registration-validity"),
    "through somebody": (
        {"intermediary": Intermediary(identifier="NTRUT-999", name="Somebody")},
        "registration-certificate",
    ),
    "another policy": ({"policies": ("1.2.3",)}, "registration-policy"),
}


@pytest.mark.requirement("RPRC_10")
async def test_a_bad_certificate_is_refused_by_name_and_the_old_one_goes_on(
    world: WalletWorld, office: Office, desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    before = await ending(office)
    for name, (changes, check) in BAD.items():
        now = world.clock.now()
        moved = {member: now + value if member in TIMES else value for member, value in changes.items()}
        desk.body = later(office, **moved)
        await look(world, after=300)
        assert told(caplog) == [f"{check} verifier.registration"], name
        missed, _end = await notices(world)
        assert missed.startswith("verifier.registration: the next certificate could not be had"), name
        assert file_of(office).read_bytes() == before, name
    assert await sent(world) == before.decode()
    desk.body = later(office)
    await look(world, after=300)
    assert (file_of(office).read_bytes(), await notices(world)) == (desk.body, [])


NONE: Final = ((404, b"{}"), (503, b""), (200, b"half of a certif"))


async def test_a_registrar_that_has_none_is_asked_again_and_that_is_said_once_a_day(
    world: WalletWorld, office: Office, desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    before = await ending(office)
    for times, (desk.status, desk.body) in enumerate(NONE):
        for _ in range(3):
            await look(world, after=300)
        assert len(desk.asked) == 3 * (times + 1)
        assert len(told(caplog)) == 1, "once"
    await look(world, after=299)
    assert len(desk.asked) == 3 * len(NONE), "not sooner than after five minutes"
    assert await sent(world) == before.decode()
    await look(world, after=DAY)
    assert len(told(caplog)) == 1, "and the next day again"


async def test_what_cannot_be_kept_is_shown_all_the_same_and_kept_when_that_can_be(
    world: WalletWorld, office: Office, desk: Desk, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await ending(office)
    desk.body = later(office)
    with monkeypatch.context() as broken:
        broken.setattr("os.fsync", _full)
        await look(world)
    assert file_of(office).read_bytes() == before
    assert await sent(world) == desk.body.decode()
    assert told(caplog) == ["availability verifier.registration"]
    await look(world, after=299)
    assert await sent(world) == desk.body.decode(), "the file's older one does not come back"
    await look(world, after=1)
    assert (file_of(office).read_bytes(), await notices(world)) == (desk.body, [])


def _full(_descriptor: int) -> None:
    raise OSError(28, "No space left on device")


async def test_what_the_operator_puts_in_the_file_counts(world: WalletWorld, office: Office, desk: Desk) -> None:
    await ending(office)
    by_hand = later(office)
    await office.put(by_hand)
    assert await sent(world) == by_hand.decode()
    assert desk.asked == []


@pytest.mark.requirement("RPRC_01a")
async def test_that_a_certificate_is_revoked_is_seen_and_the_next_one_is_fetched_though_it_is_not_its_time(
    world: WalletWorld, office: Office, desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    await look(world)
    await look(world)
    status = office.certificate().status
    assert (told(caplog), status is not None) == ([], True)
    office.revoke()
    desk.status = 404
    await look(world, after=HOUR - 1)
    assert told(caplog) == []
    await look(world, after=1)
    assert told(caplog) == ["registration-status verifier.registration", "availability verifier.registration"]
    assert "revoked" in (await notices(world))[0]
    assert status is not None
    desk.status, desk.body = 200, later(office, status=replace(status, index=status.index ^ 1))
    await look(world, after=300)
    assert (file_of(office).read_bytes(), await notices(world)) == (desk.body, [])


async def test_a_revoked_certificate_is_not_taken(
    world: WalletWorld, office: Office, desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    before = await ending(office)
    status = office.certificate().status
    assert status is not None
    office.publish({status.index ^ 1: 1}, uri=status.uri)
    desk.body = later(office, status=replace(status, index=status.index ^ 1))
    await look(world)
    assert told(caplog) == ["registration-status verifier.registration"]
    assert await sent(world) == before.decode()


async def test_a_role_whose_lists_name_no_provider_of_certificates_says_nothing_of_them(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with wallet_world(tmp_path, without="registration") as blind:
        office = Office(blind, tmp_path)
        office.revoke()
        for _ in range(3):
            await look(blind, after=HOUR)
        assert (told(caplog), await notices(blind)) == ([], [])


async def test_a_role_that_could_not_judge_a_later_certificate_takes_none_and_says_so(
    tmp_path: Path, desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    async with wallet_world(tmp_path, without="registration", registrar=REGISTRAR) as blind:
        blind.handlers[REGISTRAR] = desk.handle
        office = Office(blind, tmp_path)
        before = await ending(office)
        desk.body = later(office)
        await look(blind)
        assert (desk.asked, file_of(office).read_bytes()) == ([], before)
        assert told(caplog) == ["availability verifier.registration"]
        assert "none is trusted" in (await notices(blind))[0]


async def test_without_a_registrar_a_revoked_certificate_is_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with wallet_world(tmp_path) as alone:
        await look(alone)
        Office(alone, tmp_path).revoke()
        await look(alone, after=HOUR)
        assert told(caplog) == ["registration-status verifier.registration"]
        assert "revoked" in (await notices(alone))[0]


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.requirement("RPRC_10")
async def test_a_change_of_the_registration_reaches_the_role_by_itself(tmp_path: Path, format_: str) -> None:
    """Register, access authority, status list and role, as they are: what was approved is what the role shows."""
    async with open_house(tmp_path) as house:
        await house.register()
        shown = tmp_path / f"library.{format_}"
        shown.write_bytes(await given_out(house, format_))
        issued = await house.issue()
        (tmp_path / "library.pem").write_text(issued["chain"])
        create_owner_only(tmp_path / "library.key.pem", KEY.secret_pem())
        verifier = replace(
            house.config.verifier,
            access_key=tmp_path / "library.key.pem",
            access_chain=tmp_path / "library.pem",
            registration=shown,
        )
        assert house.config.registrations.registrar == house.config.registrar.origin, "as the sandbox has it"
        asked: list[HttpRequest] = []
        outbound = Noted(Loopback(house.handlers), asked)
        world = World(
            config=replace(house.config, verifier=verifier),
            clock=house.clock,
            random=fixed_random("library"),
            outbound=outbound,
            trust=house.trust,
        )
        role = await open_verifier(world)
        (timer,) = [each for each in role.timers if "registration" in each.name]
        try:
            for _ in range(3):
                await timer.act()
                house.clock.advance(HOUR)
            before = shown.read_bytes()
            assert before == await given_out(house, format_)
            status = parse_registration(before).unverified_certificate.status
            assert status is not None
            assert {each.url for each in asked} == {status.uri}, "before it is time nothing but that is asked for"
            await house.register(tradeName="Library of Utopia", intendedUse=await registered_uses(house))
            await house.act("registrar")
            await timer.act()
            assert shown.read_bytes() == await given_out(house, format_) != before
            assert parse_registration(shown.read_bytes()).unverified_certificate.name == "Library of Utopia"
            told = {origin_of(each.url, what="request") for each in asked}
            assert told == {house.config.registrar.origin}, "nobody else hears of it"
        finally:
            role.close()


async def registered_uses(house: AccessHouse) -> list[dict[str, Any]]:
    """The intended uses, with the identifiers that the register gave them."""
    _, entry = await house.operate("GET", f"/registrations/{LIBRARY}", role="registrar")
    return list(entry["party"]["intendedUse"])


async def given_out(house: AccessHouse, format_: str) -> bytes:
    """The certificate of the library's lending desk, at the registrar's open door."""
    use = (await registered_uses(house))[0]["intendedUseIdentifier"]
    door = house.listener("registrar")
    path = f"/registration-certificates/{LIBRARY}?service=lending&intendeduseidentifier={use}&format={format_}"
    response = await door.handle(HttpRequest(method="GET", url=door.origin + path, peer="192.0.2.7"))
    assert (response.status, response.header("content-type")) == (200, f"application/rc-wrp+{format_}")
    return response.body
