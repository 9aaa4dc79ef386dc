"""Who the registrar knows, and for how long: sessions, codes and tokens, to the second."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from zegel_testing.authorities import fixed_random
from zegel_testing.registry_office import RegistryOffice, csrf_of, office_config, open_office

from zegel.adapters.sealing_keys import load_sealing_keys
from zegel.adapters.sql.store import open_store
from zegel.primitives.http import HttpResponse
from zegel.services.register_reader import audit
from zegel.services.registrar_people import CODE_SECONDS, OFFICERS, SESSION_SECONDS, SIGN_IN_SECONDS, TOKEN_SECONDS
from zegel.trust.register.states import Deed

pytestmark = pytest.mark.anyio


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[RegistryOffice]:
    async with open_office(tmp_path) as opened:
        yield opened


async def enrolled_after(office: RegistryOffice, seconds: int, *, by: str) -> int:
    _, made = await office.operate("POST", "/officers", {})
    office.clock.advance(seconds)
    browser = await office.signed_in(by, "officer")
    page = await browser.open(office.origin + "/desk")
    return (await browser.post("/desk/enrol", {"csrf": csrf_of(page), "code": made["code"]})).status


async def test_a_code_is_good_for_a_day_and_for_one_person(office: RegistryOffice) -> None:
    assert await enrolled_after(office, CODE_SECONDS - 1, by="first") == 303
    assert await enrolled_after(office, CODE_SECONDS, by="second") == 403
    _, made = await office.operate("POST", "/officers", {})
    answers = []
    for subject in ("third", "fourth"):
        browser = await office.signed_in(subject, "officer")
        page = await browser.open(office.origin + "/desk")
        answers.append((await browser.post("/desk/enrol", {"csrf": csrf_of(page), "code": made["code"]})).status)
    assert answers == [303, 403]


async def test_an_officer_stays_one(office: RegistryOffice) -> None:
    await office.officer()
    again = await office.signed_in("officer", "officer")
    assert b"Nothing waits" in (await again.open(office.origin + "/desk")).body


async def test_a_session_lasts_for_an_hour(office: RegistryOffice) -> None:
    browser = await office.signed_in("keeper")
    office.clock.advance(SESSION_SECONDS - 1)
    assert (await browser.get(office.origin + "/my")).status == 200
    office.clock.advance(1)
    assert (await browser.get(office.origin + "/my")).header("location") == "/sign-in"


async def back_after(office: RegistryOffice, seconds: int) -> HttpResponse:
    browser = office.browser()
    office.people.change = {}
    page = await browser.open(office.origin + "/sign-in")
    away = await browser.post("/sign-in", {"csrf": csrf_of(page), "duty": "party"})
    back = await browser.get(away.header("location") or "")
    office.clock.advance(seconds)
    return await browser.get(back.header("location") or "")


async def test_who_comes_back_too_late_is_not_signed_in(office: RegistryOffice) -> None:
    assert (await back_after(office, SIGN_IN_SECONDS - 1)).status == 303
    assert (await back_after(office, SIGN_IN_SECONDS)).status == 400


async def test_a_token_is_good_for_a_quarter_of_a_year(office: RegistryOffice) -> None:
    await office.register()
    _, made = await office.operate("POST", "/tokens", {"by": "stranger"})
    token = f"Bearer {made['token']}"
    office.clock.advance(TOKEN_SECONDS - 1)
    path = "/wrp/NTRUT-1234567"
    assert (await office.send("DELETE", path, authorization=token)).status == 403  # known, and a stranger's
    office.clock.advance(1)
    assert (await office.send("DELETE", path, authorization=token)).status == 401


# --- dismissed and withdrawn ------------------------------------------------------------------------------------------


async def test_an_officer_who_is_dismissed_decides_nothing_from_then_on(office: RegistryOffice) -> None:
    await office.apply()
    dismissed, other = await office.officer("dismissed"), await office.officer("other")
    page = await other.open(office.origin + "/officers")
    assert b"You, an officer since" in page.body
    before = await dismissed.open(f"{office.origin}/desk/NTRUT-1234567")
    await other.follow(await other.post("/officers", {"csrf": csrf_of(page), "subject": "dismissed"}))
    fields = {"csrf": csrf_of(before), "decision": "cancel", "reason": "because"}
    assert (await dismissed.post("/desk/NTRUT-1234567", fields)).status == 403
    assert b"not known as an officer" in (await dismissed.open(office.origin + "/desk")).body
    assert (await dismissed.get(office.origin + "/officers")).status == 403
    again = await office.signed_in("dismissed", "officer")
    assert b"not known as an officer" in (await again.open(office.origin + "/desk")).body


@pytest.mark.parametrize(("subject", "status"), [("officer", 403), ("nobody", 404)])
async def test_an_officer_dismisses_others_who_are_officers(office: RegistryOffice, subject: str, status: int) -> None:
    officer = await office.officer()
    page = await officer.open(office.origin + "/officers")
    assert (await officer.post("/officers", {"csrf": csrf_of(page), "subject": subject})).status == status


async def test_a_party_sees_no_officers_and_dismisses_none(office: RegistryOffice) -> None:
    await office.officer()
    keeper = await office.signed_in("keeper")
    page = await keeper.open(office.origin + "/my")
    assert (await keeper.get(office.origin + "/officers")).header("location") == "/sign-in"
    assert (await keeper.post("/officers", {"csrf": csrf_of(page), "subject": "officer"})).status == 403


async def test_the_operator_lists_and_dismisses_officers(office: RegistryOffice) -> None:
    await office.officer("first")
    _, listed = await office.operate("GET", "/officers")
    assert [each["subject"] for each in listed["officers"]] == ["first"]
    assert listed["after"] is None
    members = {"subject": "first", "by": "operator"}
    assert await office.operate("POST", "/dismissals", members) == (200, {"dismissed": "first"})
    assert (await office.operate("POST", "/dismissals", members))[0] == 404
    assert (await office.operate("GET", "/officers"))[1]["officers"] == []


async def test_a_cursor_that_was_not_given_out_is_refused(office: RegistryOffice) -> None:
    officer = await office.officer()
    assert (await officer.get(office.origin + "/officers?after=astray")).status == 400
    status, answer = await office.operate("GET", "/officers?after=astray")
    assert (status, answer["field"]) == (400, "after")


@pytest.mark.slow
async def test_officers_are_shown_by_the_page(office: RegistryOffice) -> None:
    officer = await office.officer()
    for number in range(OFFICERS):
        await office.officer(f"officer {number}")
    page = await officer.open(office.origin + "/officers")
    onward = page.body.decode().partition('href="/officers?after=')[2].partition('"')[0]
    rest = await officer.open(f"{office.origin}/officers?after={onward}")
    assert page.body.count(b'class="long"') == OFFICERS
    assert rest.body.count(b'class="long"') == 1


async def test_a_withdrawn_token_writes_nothing_and_a_new_one_does(office: RegistryOffice) -> None:
    await office.register()
    keeper = await office.signed_in("librarian")
    _, made = await office.operate("POST", "/tokens", {"by": "librarian"})
    page = await keeper.open(office.origin + "/passkeys")
    assert (await keeper.post("/passkeys/tokens", {"csrf": csrf_of(page)})).status == 303
    path = "/wrp/NTRUT-1234567"
    refused = await office.send("DELETE", path, authorization=f"Bearer {made['token']}")
    assert refused.status == 401
    assert b"was not withdrawn" in refused.body
    assert (await keeper.get(office.origin + "/my")).status == 200, "the session goes on"
    _, made = await office.operate("POST", "/tokens", {"by": "librarian"})
    assert (await office.send("DELETE", path, authorization=f"Bearer {made['token']}")).status == 204


@pytest.mark.parametrize("whose", [{"identifier": "NTRUT-1234567"}, {"subject": "librarian"}, None])
async def test_what_is_withdrawn_lets_nobody_in_at_once(office: RegistryOffice, whose: dict[str, str] | None) -> None:
    await office.register()
    keeper = await office.signed_in("librarian")
    _, made = await office.operate("POST", "/tokens", {"by": "librarian"})
    if whose is None:
        officer = await office.officer()
        page = await officer.open(office.origin + "/desk/NTRUT-1234567")
        await officer.post("/desk/NTRUT-1234567", {"csrf": csrf_of(page), "decision": "withdraw"})
    else:
        members = whose | {"by": "operator"}
        assert await office.operate("POST", "/withdrawals", members) == (200, {"withdrawn": True})
    assert (await keeper.get(office.origin + "/my")).header("location") == "/sign-in"
    refused = await office.send("DELETE", "/wrp/NTRUT-1234567", authorization=f"Bearer {made['token']}")
    assert refused.status == 401
    again = await office.signed_in("librarian")
    assert (await again.get(office.origin + "/my")).status == 200, "the wallet still signs in"


@pytest.mark.parametrize("members", [{}, {"subject": "a", "identifier": "b"}])
async def test_what_is_withdrawn_is_one_persons(office: RegistryOffice, members: dict[str, str]) -> None:
    status, answer = await office.operate("POST", "/withdrawals", members | {"by": "operator"})
    assert (status, answer["field"]) == (400, "subject")


async def test_who_decides_since_when_stands_in_the_log(tmp_path: Path) -> None:
    config = office_config(tmp_path)
    async with open_office(tmp_path, config) as office:
        await office.register()
        await office.officer()
        await office.operate("POST", "/dismissals", {"subject": "officer", "by": "operator"})
        await office.operate("POST", "/withdrawals", {"subject": "librarian", "by": "operator"})
    store = await open_store(
        config.registrar.database,
        key=load_sealing_keys(config.registrar.sealing_key).current,
        clock=office.clock,
        random=fixed_random("audit"),
    )
    async with store.transaction() as transaction:
        changes = await transaction.register.changes(after=0, limit=10)
    audited = await audit(store)
    store.close()
    assert [(each.deed, each.identifier, each.by) for each in changes[2:]] == [
        (Deed.ENROLLED, "officer", "officer"),
        (Deed.DISMISSED, "officer", "operator"),
        (Deed.WITHDRAWN, "librarian", "operator"),
    ]
    assert (audited.head.size, audited.parties) == (5, 1)
