"""Who the registrar knows, and for how long: sessions, codes and tokens, to the second."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from zegel_testing.registry_office import RegistryOffice, csrf_of, open_office

from zegel.primitives.http import HttpResponse
from zegel.services.registrar_people import CODE_SECONDS, SESSION_SECONDS, SIGN_IN_SECONDS, TOKEN_SECONDS

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
