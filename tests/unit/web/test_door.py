"""The door's page: it asks, waits, says yes or no across a table, and forgets. No network is there in any test."""

import io
import json
import os
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from zegel_testing.authorities import DAY, NOW, fixed_key
from zegel_testing.browser import Browser, link_of, text_of
from zegel_testing.business_rules import RULE, rules_for_whatever
from zegel_testing.door_world import (
    CODE,
    NAME,
    SPELLED,
    DoorWorld,
    Judge,
    Told,
    door_world,
    show_frame,
    show_old,
    with_judge,
)
from zegel_testing.hand_wallet import Copy
from zegel_testing.health import Health, payload
from zegel_testing.health_lists import gateway_entry
from zegel_testing.logs import logging_to
from zegel_testing.revoked_health import batch
from zegel_testing.sandboxes import sandbox_at

from zegel.adapters.kept_health import HealthListFolder
from zegel.checks import Check
from zegel.config.health import HealthConfig
from zegel.config.roles import Config
from zegel.config.setting import Url
from zegel.errors import Malformed, Rejected, Unavailable
from zegel.formats.credential import Format
from zegel.formats.hcert.revocation import HashType
from zegel.primitives.http import HttpResponse
from zegel.protocols.openid4vp.verifier import CrossDevice, Requested
from zegel.services.verifier import SESSION
from zegel.web.app.door import open_door

pytestmark = pytest.mark.anyio
FORMATS = pytest.mark.parametrize("format_", list(Format))


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return sandbox_at(tmp_path)


@pytest.fixture
async def door(config: Config) -> AsyncIterator[DoorWorld]:
    async with door_world(config) as world:
        yield world


async def asked(door: DoorWorld) -> tuple[Browser, HttpResponse]:
    """A doorkeeper who asks the next one, and the page with the code."""
    keeper = door.browser()
    page = await keeper.open(door.origin + "/")
    return keeper, await keeper.follow(await keeper.submit(page, "/ask"))


def link_there(door: DoorWorld) -> str:
    """What the code says that is shown last."""
    sessions = [value for value in door.store.noted if isinstance(value, Requested)]
    return sessions[-1].link("haip-vp://")


async def shown(door: DoorWorld, *copies: Copy) -> tuple[Browser, HttpResponse]:
    """Somebody scans the code and presents; what the doorkeeper sees."""
    keeper, _ = await asked(door)
    assert await door.wallet(*copies).present(link_there(door)) is None
    return keeper, await keeper.open("/")


def verdict_of(page: HttpResponse) -> str | None:
    found = re.search(r'class="verdict verdict-(yes|no|open)"', text_of(page))
    return None if found is None else found[1]


def written(folder: Path) -> dict[Path, int]:
    return {file: file.stat().st_mtime_ns for file in folder.rglob("*")}


@pytest.mark.slow
@FORMATS
async def test_whoever_meets_the_rules_is_a_yes_in_word_and_shape(door: DoorWorld, format_: Format) -> None:
    _, page = await shown(door, *await door.issue(format_))
    assert verdict_of(page) == "yes"
    assert "<h1>Yes</h1>" in text_of(page)
    assert "✓" in text_of(page)
    assert door.network.asked == [], "no status list, no list of trust, nothing"


async def test_the_page_says_what_is_needed_without_the_internet(door: DoorWorld) -> None:
    page = text_of(await door.browser().open(door.origin + "/"))
    assert "A certificate on paper needs no\nnetwork at all" in page
    assert f"reach this door at <strong>{door.origin.removeprefix('http://')}</strong>: a local Wi-Fi does" in page
    assert "learnt for a day" in page


async def test_a_wallet_on_this_device_answers_and_comes_back(door: DoorWorld) -> None:
    keeper, page = await asked(door)
    link = link_of(page, "Open another wallet on this device")
    back = await door.wallet(*await door.issue(Format.SD_JWT_VC)).present(link)
    assert back is not None
    waiting = await keeper.open("/")
    assert verdict_of(waiting) is None
    assert "Follow the link that it shows" in text_of(waiting)
    assert verdict_of(await keeper.open(back)) == "yes"


@pytest.mark.slow
async def test_an_answer_counts_in_the_browser_that_asked_alone(door: DoorWorld) -> None:
    keeper, page = await asked(door)
    back = await door.wallet(*await door.issue(Format.MDOC)).present(
        link_of(page, "Open another wallet on this device")
    )
    assert back is not None
    assert verdict_of(await door.browser().open(back)) is None
    assert verdict_of(await keeper.open("/")) == "no"


@pytest.mark.slow
async def test_what_is_not_met_is_a_no(door: DoorWorld) -> None:
    _, page = await shown(door, *await door.issue(Format.SD_JWT_VC, vaccination_valid=False))
    assert verdict_of(page) == "no"
    assert "says that the rules are not met" in text_of(page)
    assert "✕" in text_of(page)


@pytest.mark.slow
@pytest.mark.parametrize(("counting", "verdict"), [((), "yes"), (("UT/2026-11", "BE/1"), "yes"), (("BE/1",), "no")])
async def test_the_rules_that_count_are_the_doors_own(config: Config, counting: tuple[str, ...], verdict: str) -> None:
    async with door_world(replace(config, door=replace(config.door, rule_sets=counting))) as door:
        _, page = await shown(door, *await door.issue(Format.MDOC))
    assert verdict_of(page) == verdict
    assert ("rules that do not count here" in text_of(page)) == (verdict == "no")


@pytest.mark.slow
async def test_a_wallet_that_declines_is_a_no(door: DoorWorld) -> None:
    keeper, _ = await asked(door)
    await door.wallet(*await door.issue(Format.MDOC)).refuse(link_there(door))
    page = await keeper.open("/")
    assert verdict_of(page) == "no"
    assert "did not agree" in text_of(page)


async def garbage(door: DoorWorld) -> None:
    """Somebody who has seen the code sends something to where it leads."""
    session = [value for value in door.store.noted if isinstance(value, Requested)][-1]
    stranger = door.browser()
    answer = await stranger.post(session.request.challenge.response_uri, {"response": "x"}, page=door.origin)
    assert answer.status == 400


async def test_a_strangers_garbage_is_no_verdict_and_the_wallet_still_answers(door: DoorWorld) -> None:
    keeper, _ = await asked(door)
    await garbage(door)
    page = await keeper.open("/")
    assert verdict_of(page) is None
    assert "What was sent does not count" in text_of(page)
    assert "Good for two minutes" in text_of(page)
    await door.wallet(*await door.issue(Format.SD_JWT_VC)).present(link_there(door))
    assert verdict_of(await keeper.open("/")) == "yes"


@pytest.mark.slow
async def test_what_is_not_as_it_was_sent_is_said_with_its_check_and_leaves_the_question_open(door: DoorWorld) -> None:
    copies = await door.issue(Format.SD_JWT_VC)
    keeper, _ = await asked(door)
    wallet = door.wallet(*copies)
    sending = wallet.answer(await wallet.open(link_there(door)))
    tampered = replace(sending.request, body=sending.request.body[:-8] + b"AAAAAAAA")
    assert (await door.handlers[door.origin](tampered)).status == 400
    page = await keeper.open("/")
    assert verdict_of(page) is None
    assert "What was refused, and why" in text_of(page)
    assert await wallet.send(sending) is None
    assert verdict_of(await keeper.open("/")) == "yes"


@pytest.mark.slow
@FORMATS
async def test_somebody_elses_attestation_is_said_to_the_doorkeeper_who_ends_the_question(
    door: DoorWorld, format_: Format
) -> None:
    (stolen,) = await door.issue(format_)
    keeper, _ = await asked(door)
    with pytest.raises(Rejected, match="got 400"):
        await door.wallet(replace(stolen, key=fixed_key("a thief's"))).present(link_there(door))
    page = await keeper.open("/")
    assert verdict_of(page) is None
    assert "What was sent does not count" in text_of(page)
    assert "holder-signature" in text_of(page)
    again = await keeper.follow(await keeper.submit(page, "/ask"))
    assert "What was sent does not count" not in text_of(again)
    await keeper.submit(again, "/next")
    assert door.store.kept == {}


@pytest.mark.slow
async def test_what_could_not_be_checked_is_not_called_a_no(door: DoorWorld) -> None:
    keeper, _ = await asked(door)
    (id_,) = (
        id_ for (kind, id_), value in door.store.kept.items() if kind == SESSION.name and value.flow == CrossDevice()
    )
    async with door.store.transaction() as transaction:
        stored = await transaction.load(SESSION, id_)
        noted = stored.value.note(Unavailable("status list", "there is no network"))
        await transaction.swap(SESSION, id_, noted, version=stored.version, expires=noted.expires)
    page = await keeper.open("/")
    assert verdict_of(page) is None
    assert "What was sent could not be checked" in text_of(page)
    assert "does not count" not in text_of(page)


@pytest.mark.slow
async def test_the_page_loads_itself_until_there_is_an_answer(door: DoorWorld) -> None:
    keeper, page = await asked(door)
    assert re.search(r'http-equiv="refresh" content="\d+; url=/"', text_of(page))
    await door.wallet(*await door.issue(Format.MDOC)).open(link_there(door))
    assert "A wallet has opened the question" in text_of(await keeper.open("/"))


@pytest.mark.slow
async def test_a_code_is_good_for_two_minutes_and_asked_again(door: DoorWorld) -> None:
    keeper, _ = await asked(door)
    door.clock.advance(121)
    page = await keeper.open("/")
    assert "no longer good" in text_of(page)
    again = await keeper.follow(await keeper.submit(page, "/ask"))
    assert "Good for two minutes" in text_of(again)


@pytest.mark.slow
@FORMATS
async def test_after_a_minute_nothing_is_left(door: DoorWorld, format_: Format) -> None:
    keeper, page = await shown(door, *await door.issue(format_))
    assert 'content="60; url=/"' in text_of(page)
    assert verdict_of(await keeper.open("/")) == "yes"
    assert {kind for kind, _ in door.store.kept} == {"turn at the door"}, "the sessions are gone at once"
    door.clock.advance(59)
    assert verdict_of(await keeper.open("/")) == "yes"
    door.clock.advance(1)
    assert verdict_of(await keeper.open("/")) is None


@pytest.mark.slow
@pytest.mark.parametrize("action", ["/next", "/ask"])
async def test_going_on_forgets_at_once(door: DoorWorld, action: str) -> None:
    keeper, page = await shown(door, *await door.issue(Format.MDOC))
    before = set(door.store.kept)
    after = await keeper.follow(await keeper.submit(page, action))
    assert verdict_of(after) is None
    kept = {place: value for place, value in door.store.kept.items() if place in before}
    assert "Answered" not in repr(kept)


@pytest.mark.slow
async def test_cancelling_ends_the_question_for_the_wallet_too(door: DoorWorld) -> None:
    keeper, page = await asked(door)
    link = link_there(door)
    await keeper.submit(page, "/next")
    assert door.store.kept == {}
    with pytest.raises(Rejected, match="answered-once"):
        await door.wallet(*await door.issue(Format.MDOC)).open(link)


@pytest.mark.slow
async def test_no_form_is_taken_without_its_token(door: DoorWorld) -> None:
    keeper, _ = await asked(door)
    answers = [await keeper.post(path, {"csrf": "x"}) for path in ("/ask", "/next")]
    assert [answer.status for answer in answers] == [403, 403]


@pytest.mark.slow
async def test_two_doorkeepers_have_a_turn_each(door: DoorWorld) -> None:
    one, _ = await asked(door)
    other, _ = await asked(door)
    await door.wallet(*await door.issue(Format.MDOC)).present(link_there(door))
    assert (verdict_of(await one.open("/")), verdict_of(await other.open("/"))) == (None, "yes")


@pytest.mark.slow
async def test_the_log_tells_nothing_of_what_was_shown(door: DoorWorld) -> None:
    stream = io.StringIO()
    with logging_to(stream):
        await shown(door, *await door.issue(Format.SD_JWT_VC))
    assert "/response/{session}" in stream.getvalue()
    assert not [word for word in ("vaccination_valid", "UT/2026-11", "rule_set") if word in stream.getvalue()]


@pytest.mark.slow
async def test_the_door_stands_in_memory_and_writes_no_file(door: DoorWorld, tmp_path: Path) -> None:
    before = written(tmp_path)
    await shown(door, *await door.issue(Format.SD_JWT_VC))
    role = await open_door(door.world)
    (purge, *others) = role.timers
    assert await purge.act() == 0
    assert [await other.act() for other in others] == [None, None, None]
    page = await role.listeners[0].handle(door.received[0])
    assert "Ask the next one" in text_of(page)
    role.close()
    assert written(tmp_path) == before


# --- the certificates of before ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "shown"), [(NAME, "Erika Voorbeeld"), (SPELLED, "ERIKA VOORBEELD MUSTER")])
async def test_an_old_code_is_a_yes_and_says_whom_to_look_for(
    door: DoorWorld, name: Mapping[str, str], shown: str
) -> None:
    judge = Judge(Told(name, "1986-03-14"))
    with_judge(door, judge)
    page = await show_old(door, code=f"  {CODE}\n")
    assert verdict_of(page) == "yes"
    assert shown in text_of(page)
    assert "1986-03-14" in text_of(page)
    assert "Compare it with a document" in text_of(page)
    assert 'content="60; url=/"' in text_of(page)
    assert page.header("cache-control") == "no-store"
    assert judge.seen == [CODE.encode()]


async def test_an_old_code_is_read_from_a_picture(door: DoorWorld) -> None:
    with_judge(door, Judge(Told(NAME, "")), "https://zegel.example", CODE)
    assert verdict_of(await show_old(door, picture=b"a picture")) == "yes"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("found", "said"),
    [
        ((), "expected a code"),
        (("https://zegel.example",), "expected the code of a health certificate"),
        ((CODE, CODE + "2"), "expected one code of a health certificate, got 2"),
    ],
)
async def test_a_picture_without_its_one_code_is_not_read_which_is_no_answer(
    door: DoorWorld, found: tuple[str, ...], said: str
) -> None:
    judge = Judge(Told(NAME, ""))
    with_judge(door, judge, *found)
    page = await show_old(door, picture=b"a picture")
    assert is_not_read(page)
    assert said in text_of(page)
    assert link_of(page, "Scan again") == "/camera"
    assert judge.seen == []


def is_not_read(page: HttpResponse) -> bool:
    """By word, by shape and by colour neither yes nor no."""
    text = text_of(page)
    assert "What was shown does not count" not in text
    assert "✕" not in text
    return verdict_of(page) == "open" and "<h1>Not read</h1>" in text and ">?</span>" in text


async def test_looking_at_nothing_is_not_a_no(door: DoorWorld) -> None:
    with_judge(door, Judge(Told(NAME, "")))
    page = await show_old(door)
    assert is_not_read(page)
    assert "no picture was chosen" in text_of(page)


@pytest.mark.parametrize("code", ["https://zegel.example", "HC1:not Base45", "HC1:NCF"])
async def test_a_text_that_does_not_open_is_not_read(config: Config, tmp_path: Path, code: str) -> None:
    async with door_world(replace(config, health=health_files(tmp_path / "office", Health()))) as door:
        assert is_not_read(await show_old(door, code=code))


async def test_where_nobody_known_has_signed_the_doorkeeper_reads_whom_the_door_knows(
    config: Config, tmp_path: Path
) -> None:
    code = Health().code(payload()).decode()
    async with door_world(replace(config, health=health_files(tmp_path / "office", Health()))) as door:
        stranger = await show_old(door, code=code)
    never = HealthConfig(
        lists=(Url("https://lists.utopia.example/did.json"),),
        kept=tmp_path / "kept",
        rules=rules_for_whatever(tmp_path / "rules"),
    )
    async with door_world(replace(config, health=never)) as door:
        unjudged = await show_old(door, code=code)
    assert (verdict_of(stranger), verdict_of(unjudged)) == ("no", "open")
    assert "Nobody whom this door knows has signed it" in text_of(stranger)
    assert "1 signer of health certificates" in text_of(stranger)
    assert "<h1>Not judged</h1>" in text_of(unjudged)
    assert "This door knows no health authority" in text_of(unjudged)
    assert "What this door judges by is old" in text_of(unjudged)


async def test_an_old_code_that_is_refused_is_a_no_that_names_the_check_and_nobody(door: DoorWorld) -> None:
    with_judge(door, Judge(Told(NAME, "1986-03-14")))
    page = await show_old(door, code="HC1:ANOTHER")
    assert verdict_of(page) == "no"
    assert "signature" in text_of(page)
    assert not [word for word in ("Voorbeeld", "1986", "Compare it with a document") if word in text_of(page)]


@pytest.mark.slow
async def test_of_an_old_code_nothing_is_stored_or_logged(door: DoorWorld, tmp_path: Path) -> None:
    with_judge(door, Judge(Told(NAME, "1986-03-14")))
    before, stream = written(tmp_path), io.StringIO()
    with logging_to(stream):
        await show_old(door, code=CODE)
        await show_old(door, code="HC1:ANOTHER")
    assert (door.store.noted, door.store.kept) == ([], {})
    assert written(tmp_path) == before
    assert "POST /code" in stream.getvalue()
    logged = stream.getvalue()
    assert not [word for word in ("HC1", "NCF", "Voorbeeld", "Erika", "1986", "signature") if word in logged]


@pytest.mark.slow
async def test_a_door_that_trusts_no_signer_does_not_ask_for_old_codes(door: DoorWorld) -> None:
    with_judge(door, None)
    page = await door.browser().open(door.origin + "/")
    assert "/code" not in text_of(page)
    refused = await show_old(door, code=CODE)
    assert refused.status == 503
    assert "set health.trust" in text_of(refused)


@pytest.mark.parametrize(("frame", "text"), [(b"a picture", CODE), (b"a blank wall", None)])
async def test_a_frame_of_the_camera_is_read_here_and_kept_nowhere(
    door: DoorWorld, frame: bytes, text: str | None
) -> None:
    with_judge(door, Judge(Told(NAME, "1986-03-14")), CODE)
    answer = await show_frame(door, frame)
    assert json.loads(answer.body) == {"text": text}
    assert door.store.noted == []
    assert door.network.asked == []


async def test_a_frame_is_read_beside_uploads_and_is_told_when_to_come_again(door: DoorWorld) -> None:
    with_judge(door, Judge(Told(NAME, "1986-03-14")), CODE)
    site = door.role.listeners[0].handle.__self__
    site._role = replace(site._role, codes=Busy())
    assert json.loads((await show_frame(door, b"a picture")).body) == {"text": CODE}
    site._role = replace(site._role, frames=Busy())
    busy = await show_frame(door, b"a picture")
    assert (busy.status, busy.header("retry-after")) == (503, "2")


class Busy:
    """A ``CodeReader`` with too much to do."""

    async def read(self, data: bytes) -> tuple[str, ...]:
        raise Unavailable("picture", "come again in 2 s", check=Check.OVERLOAD, retry_after=2)


async def test_of_two_people_in_one_frame_none_is_taken_for_the_other(door: DoorWorld) -> None:
    with_judge(door, Judge(Told(NAME, "1986-03-14")), CODE, CODE + "0")
    assert json.loads((await show_frame(door, b"a picture")).body) == {"text": None}
    with_judge(door, Judge(Told(NAME, "1986-03-14")), CODE, CODE)
    assert json.loads((await show_frame(door, b"a picture")).body) == {"text": CODE}


async def test_the_camera_alone_has_a_script_and_may_film_and_hands_on_to_the_next(door: DoorWorld) -> None:
    with_judge(door, Judge(Told(NAME, "1986-03-14")), CODE)
    keeper = door.browser()
    home = await keeper.open(door.origin + "/")
    page = await keeper.open(link_of(home, "Scan it with the camera"))
    assert "script-src 'self'" in str(page.header("content-security-policy"))
    assert str(page.header("permissions-policy")).startswith("camera=(self)")
    for other in (home, await show_old(door, code=CODE)):
        assert "script-src" not in str(other.header("content-security-policy"))
        assert str(other.header("permissions-policy")).startswith("camera=()")
    verdict = await show_old(door, code=CODE)
    assert (verdict_of(verdict), link_of(verdict, "Scan the next one")) == ("yes", "/camera")


async def test_a_door_that_trusts_no_signer_does_not_film(door: DoorWorld) -> None:
    with_judge(door, None)
    refused = await door.browser().open(door.origin + "/camera")
    assert "set health.trust" in text_of(refused)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("changes", "verdict", "said"),
    [({}, "yes", "Erika Voorbeeld"), ({"dn": 1}, "no", "business-rule"), ({"dob": 7}, "no", "dob")],
    ids=["all doses", "one dose of two", "no date of birth"],
)
async def test_the_door_judges_by_the_signers_and_rules_of_its_configuration(
    config: Config, tmp_path: Path, changes: dict[str, object], verdict: str, said: str
) -> None:
    office = Health()
    async with door_world(replace(config, health=health_files(tmp_path / "office", office))) as door:
        page = await show_old(door, code=office.code(payload(**changes)).decode())
        another = await show_old(door, code=Health().code(payload()).decode())
    assert (verdict_of(page), verdict_of(another)) == (verdict, "no")
    assert said in text_of(page)
    assert "health-signer" in text_of(another)
    assert door.network.asked == []


@pytest.mark.parametrize(
    ("languages", "said"),
    [
        ("", "All doses of a series have to be had."),
        ("nl-BE,nl;q=0.9,en;q=0.5", "Alle doses van een reeks zijn nodig."),
        ("hu, fr-BE;q=0.5", "Toutes les doses d&#39;une serie sont requises."),
        ("hu", "All doses of a series have to be had."),
        ("nl\r\nx: \xff", "All doses of a series have to be had."),
    ],
)
async def test_a_rule_that_is_not_met_is_said_in_the_language_of_the_doorkeepers_browser(
    config: Config, tmp_path: Path, languages: str, said: str
) -> None:
    office = Health()
    async with door_world(replace(config, health=health_files(tmp_path / "office", office))) as door:
        page = await show_old(door, code=office.code(payload(dn=1)).decode(), languages=languages)
    assert verdict_of(page) == "no"
    assert said in text_of(page)


async def test_a_rule_that_is_written_in_neither_language_is_said_as_it_is_written(
    config: Config, tmp_path: Path
) -> None:
    office = Health()
    health = health_files(tmp_path / "office", office)
    hungarian = RULE | {"Description": [{"lang": "hu", "desc": "Minden adag kell."}]}
    (tmp_path / "office" / "rules" / "doses.json").write_text(json.dumps(hungarian))
    async with door_world(replace(config, health=health)) as door:
        page = await show_old(door, code=office.code(payload(dn=1)).decode(), languages="nl")
    assert "Minden adag kell." in text_of(page)


def health_files(folder: Path, office: Health) -> HealthConfig:
    """A health office that is trusted, and the rules of a country, as files."""
    (folder / "rules").mkdir(parents=True)
    (folder / "office.der").write_bytes(office.der)
    (folder / "rules" / "doses.json").write_text(json.dumps(RULE))
    return HealthConfig(trust=(folder / "office.der",), rules=folder / "rules", country="XU")


async def act_on_lists(door: DoorWorld) -> None:
    """Do what the door's timer does."""
    (timer,) = (timer for timer in door.role.timers if timer.name == "door: health lists")
    await timer.act()


async def test_without_a_network_the_door_goes_on_by_the_lists_of_before_and_says_how_old_they_are(
    config: Config, tmp_path: Path
) -> None:
    office, url = Health(), "https://lists.utopia.example/did.json"
    health = HealthConfig(lists=(url,), kept=tmp_path / "kept", rules=rules_for_whatever(tmp_path / "rules"))
    HealthListFolder(health.kept).keep(url, json.dumps([gateway_entry(office)]).encode(), at=NOW)
    log = io.StringIO()
    async with door_world(replace(config, health=health)) as door:
        fresh = text_of(await door.browser().open(door.origin + "/"))
        door.clock.advance(8 * DAY)
        with logging_to(log), pytest.raises(Unavailable):
            await act_on_lists(door)
        old = text_of(await door.browser().open(door.origin + "/"))
        code = office.code(claims={4: NOW + 90 * DAY}).decode()
        verdict = await show_old(door, code=code)
        camera = await door.browser().open(door.origin + "/camera")
    assert verdict_of(verdict) == "yes"
    assert [text_of(page).count("fetched 8 days ago") for page in (verdict, camera)] == [2, 2], "nobody goes back home"
    assert "lists.utopia.example: 1 signer, as of 2026-10-01, fetched today" in fresh
    assert "What this door judges by is old" not in fresh
    assert "What this door judges by is old" in old
    assert old.count("fetched 8 days ago") == 2
    said = [json.loads(line) for line in log.getvalue().splitlines()]
    assert [(line["event"], line["host"]) for line in said] == [
        ("health list", "lists.utopia.example"),
        ("old health list", "lists.utopia.example"),
    ]
    assert said[1]["count"] == 8  # days
    assert door.network.asked == [url]


async def test_a_list_that_never_came_is_missed_aloud(config: Config, tmp_path: Path) -> None:
    url = "https://lists.utopia.example/did.json"
    health = HealthConfig(lists=(url,), kept=tmp_path / "kept", rules=rules_for_whatever(tmp_path / "rules"))
    async with door_world(replace(config, health=health)) as door:
        page = text_of(await door.browser().open(door.origin + "/"))
        with pytest.raises(Unavailable):
            await act_on_lists(door)
        assert verdict_of(await show_old(door, code=Health().code().decode())) == "open"
    assert "What this door judges by is old" in page
    assert "lists.utopia.example: 0 signers" in page


async def test_the_page_says_how_old_files_are_and_calls_old_revocations_old(config: Config, tmp_path: Path) -> None:
    office = Health()
    health = replace(health_files(tmp_path / "office", office), revoked=tmp_path / "revoked")
    for file in (*health.trust, *(health.rules or tmp_path).glob("*"), tmp_path / "revoked" / "batch.json"):
        file.parent.mkdir(exist_ok=True)
        if not file.exists():
            file.write_bytes(batch(HashType.UCI, b"URN:UVCI:01:UT:4711"))
        os.utime(file, (NOW - 365 * DAY, NOW - 365 * DAY))
    async with door_world(replace(config, health=health)) as door:
        home = text_of(await door.browser().open(door.origin + "/"))
        verdict = text_of(await show_old(door, code=office.code(payload()).decode()))
    written = f"1 file, written on {datetime.fromtimestamp(NOW - 365 * DAY, UTC).date()}, 365 days ago"
    for page in (home, verdict):
        assert [page.count(f"health.{name}: {written}") for name in ("trust", "rules", "revoked")] == [1, 1, 2]
        assert "What this door judges by is old" in page


@pytest.mark.parametrize("lists", [(), ("https://lists.utopia.example/did.json",)])
async def test_a_door_that_trusts_somebody_and_has_no_rules_does_not_open(
    door: DoorWorld, config: Config, tmp_path: Path, lists: tuple[Url, ...]
) -> None:
    """One dose of two, or the first of the year before last, would be let in."""
    health = replace(health_files(tmp_path / "office", Health()), rules=None, lists=lists)
    if lists:
        health = replace(health, trust=())
    with pytest.raises(Malformed, match="set it, or leave out") as refusal:
        await open_door(replace(door.world, config=replace(config, health=health)))
    assert refusal.value.field == "health.rules"


async def test_what_of_the_rules_is_passed_over_or_cannot_be_read_is_said_in_the_log(
    config: Config, tmp_path: Path
) -> None:
    office, log = Health(), io.StringIO()
    health = health_files(tmp_path / "office", office)
    for name in ("README.md", "map.png"):
        (tmp_path / "office" / "rules" / name).write_text("")
    (tmp_path / "office" / "rules" / "all.json").write_text(json.dumps({"rules": [RULE | {"Country": "XV"}]}))
    async with door_world(replace(config, health=health)) as door:
        with logging_to(log):
            await act_on_lists(door)
        assert verdict_of(await show_old(door, code=office.code().decode())) == "yes"
    said = [json.loads(line) for line in log.getvalue().splitlines()]
    assert {(line["event"], line["level"]) for line in said} == {("health rules", "warning")}
    assert [(line["field"], line["detail"]) for line in said] == [
        ("all.json", "business rules: expected a rule, an array of rules, or a value set"),
        ("health.rules", "business rules: passed over, as neither rules nor value sets: README.md, map.png"),
    ]


async def test_what_of_the_revocation_lists_is_passed_over_is_said_in_the_log(config: Config, tmp_path: Path) -> None:
    office, log, revoked = Health(), io.StringIO(), tmp_path / "revoked"
    revoked.mkdir()
    (revoked / "README.md").write_text("# Batches")
    health = replace(health_files(tmp_path / "office", office), revoked=revoked)
    async with door_world(replace(config, health=health)) as door:
        with logging_to(log):
            await act_on_lists(door)
        assert verdict_of(await show_old(door, code=office.code().decode())) == "yes"
    (said,) = [json.loads(line) for line in log.getvalue().splitlines()]
    assert (said["event"], said["level"], said["field"]) == ("health revocation", "warning", "health.revoked")
    assert said["detail"] == "revocation lists: passed over, as neither batches nor slices: README.md"


async def test_what_of_the_folder_of_trust_is_passed_over_is_said_in_the_log(config: Config, tmp_path: Path) -> None:
    office, log, trust = Health(), io.StringIO(), tmp_path / "signers"
    trust.mkdir()
    (trust / "README").write_text("whom we trust")
    (trust / "office").write_bytes(office.der)
    health = replace(health_files(tmp_path / "files", Health()), trust=(trust,))
    async with door_world(replace(config, health=health)) as door:
        with logging_to(log):
            await act_on_lists(door)
        assert verdict_of(await show_old(door, code=office.code().decode())) == "yes"
    (said,) = [json.loads(line) for line in log.getvalue().splitlines()]
    assert (said["event"], said["field"]) == ("health list", "README")
    assert "passed over: trust list: line 1 column 1: expected JSON" in said["detail"]


@pytest.mark.slow
@pytest.mark.parametrize(("rule_set", "verdict"), [("UT/2026-11", "yes"), ("BE/1", "no")])
async def test_without_rule_sets_of_its_own_the_door_has_those_of_its_health_section(
    config: Config, tmp_path: Path, rule_set: str, verdict: str
) -> None:
    health = replace(health_files(tmp_path / "office", Health()), rule_set=rule_set)
    async with door_world(replace(config, health=health)) as door:
        _, page = await shown(door, *await door.issue(Format.MDOC))
    assert verdict_of(page) == verdict


@pytest.mark.slow
@pytest.mark.parametrize(("rule_set", "verdict"), [("UT/2026-11", "yes"), ("ZZ/anything", "no")])
async def test_a_door_for_wallets_alone_takes_no_rules_but_those_of_its_health_section(
    config: Config, rule_set: str, verdict: str
) -> None:
    async with door_world(replace(config, health=HealthConfig(rule_set="UT/2026-11"))) as door:
        _, page = await shown(door, *await door.issue(Format.SD_JWT_VC, rule_set=rule_set))
    assert verdict_of(page) == verdict
    assert ("rules that do not count here" in text_of(page)) == (verdict == "no")
