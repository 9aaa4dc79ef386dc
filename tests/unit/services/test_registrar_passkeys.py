"""Passkeys at the registrar: made, used, named and removed, and everything that does not sign anybody in."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from zegel_testing.authenticator import Authenticator
from zegel_testing.browser import Browser, text_of
from zegel_testing.registry_office import RegistryOffice, csrf_of, open_office

from zegel.checks import Check
from zegel.primitives.http import HttpResponse
from zegel.protocols.webauthn.options import CHALLENGE_SECONDS
from zegel.services.registrar_admission import MAX_PASSKEY_NAME, MAX_PASSKEYS

pytestmark = pytest.mark.anyio
RP_ID = "registrar.localhost"


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[RegistryOffice]:
    async with open_office(tmp_path) as opened:
        yield opened


def authenticator(office: RegistryOffice, **changes: Any) -> Authenticator:
    return Authenticator(origin=office.origin, rp_id=RP_ID, **changes)


async def options(browser: Browser, path: str, csrf: str) -> dict[str, Any]:
    response = await browser.post(path, {"csrf": csrf})
    assert response.status == 200, response.body
    return dict(json.loads(response.body))


async def page_of(browser: Browser, office: RegistryOffice, path: str) -> str:
    """Open a page; the token of its forms."""
    return csrf_of(await browser.open(office.origin + path))


async def make(
    office: RegistryOffice, browser: Browser, passkey: Authenticator, name: str = "Telephone"
) -> HttpResponse:
    """Make a passkey with whoever is signed in."""
    csrf = await page_of(browser, office, "/passkeys")
    answer = passkey.make(await options(browser, "/passkeys/options", csrf))
    return await browser.post("/passkeys", {"csrf": csrf, "name": name, "answer": answer})


async def made(office: RegistryOffice, who: str = "keeper", **changes: Any) -> Authenticator:
    """A passkey of somebody who signed in with the wallet before."""
    passkey = authenticator(office, **changes)
    assert (await make(office, await office.signed_in(who), passkey)).status == 303
    return passkey


async def asked(office: RegistryOffice) -> tuple[Browser, str, dict[str, Any]]:
    """A browser that has been asked for a passkey, with the token of its page."""
    browser = office.browser()
    csrf = await page_of(browser, office, "/sign-in")
    return browser, csrf, await options(browser, "/sign-in/passkey/options", csrf)


async def send(browser: Browser, csrf: str, answer: str, duty: str = "party") -> HttpResponse:
    return await browser.post("/sign-in/passkey", {"csrf": csrf, "duty": duty, "answer": answer})


async def signed_in(office: RegistryOffice, passkey: Authenticator, duty: str = "party") -> Browser:
    browser, csrf, given = await asked(office)
    response = await send(browser, csrf, passkey.answer(given), duty)
    assert response.status == 303, text_of(response)
    await browser.follow(response)
    return browser


async def refused(office: RegistryOffice, passkey: Authenticator, check: Check, says: str) -> None:
    """What this authenticator answers signs nobody in, for this reason."""
    browser, csrf, given = await asked(office)
    response = await send(browser, csrf, passkey.answer(given))
    assert_refused(response, check, says)
    assert (await browser.get(office.origin + "/my")).header("location") == "/sign-in"


def assert_refused(response: HttpResponse, check: Check, says: str) -> None:
    told = text_of(response)
    assert response.status == 403, told
    assert check.id in told
    assert says in told


# --- what goes well ---------------------------------------------------------------------------------------------------


async def test_a_passkey_signs_its_person_in_without_the_wallet(office: RegistryOffice) -> None:
    passkey = await made(office)
    browser = await signed_in(office, passkey)
    assert browser.at == office.origin + "/my"
    own = text_of(await browser.open(office.origin + "/passkeys"))
    assert "Telephone" in own
    assert "used last on" in own


async def test_what_is_asked_of_a_browser_is_as_it_should_be(office: RegistryOffice) -> None:
    browser = await office.signed_in("keeper")
    csrf = await page_of(browser, office, "/passkeys")
    making = await options(browser, "/passkeys/options", csrf)
    assert making["rp"] == {"id": RP_ID, "name": "Utopia registrar"}
    assert making["attestation"] == "none"
    assert making["authenticatorSelection"] == {
        "residentKey": "required", "requireResidentKey": True, "userVerification": "required",
    }  # fmt: skip
    assert "keeper" not in making["user"]["id"]
    again = await options(browser, "/passkeys/options", csrf)
    assert again["challenge"] != making["challenge"]
    assert again["user"]["id"] == making["user"]["id"], "one handle a person"
    _, _, answering = await asked(office)
    assert answering["allowCredentials"] == []
    assert (answering["rpId"], answering["userVerification"]) == (RP_ID, "required")


@pytest.mark.slow
async def test_an_officer_decides_who_signed_in_with_a_passkey(office: RegistryOffice) -> None:
    await office.apply()
    officer = await office.officer()
    passkey = authenticator(office)
    assert (await make(office, officer, passkey)).status == 303
    browser = await signed_in(office, passkey, "officer")
    page = await browser.open(f"{office.origin}/desk/NTRUT-1234567")
    seen = page.body.decode().partition('name="seen" value="')[2].partition('"')[0]
    decided = await browser.post("/desk/NTRUT-1234567", {"csrf": csrf_of(page), "seen": seen, "decision": "approve"})
    assert decided.status == 303
    assert (await office.answer("/wrp"))["data"]


async def test_a_passkey_makes_nobody_an_officer(office: RegistryOffice) -> None:
    browser = await signed_in(office, await made(office), "officer")
    assert "not known as an officer yet" in text_of(await browser.open(office.origin + "/desk"))


async def test_a_session_is_new_after_a_passkey_too(office: RegistryOffice) -> None:
    passkey = await made(office)
    browser, csrf, given = await asked(office)
    before = dict(next(iter(browser.cookies.values())))
    await browser.follow(await send(browser, csrf, passkey.answer(given)))
    assert dict(next(iter(browser.cookies.values()))) != before


async def test_a_passkey_that_does_not_count_signs_in_again_and_again(office: RegistryOffice) -> None:
    passkey = await made(office, counts=False)
    for _ in range(2):
        await signed_in(office, passkey)


async def test_a_passkey_is_renamed_and_removed_by_its_owner(office: RegistryOffice) -> None:
    await made(office)
    browser = await office.signed_in("keeper")
    page = await browser.open(office.origin + "/passkeys")
    where = page.body.decode().partition('action="/passkeys/')[2].partition('"')[0]
    fields = {"csrf": csrf_of(page), "decision": "rename", "name": "The old one"}
    shown = text_of(await browser.follow(await browser.post(f"/passkeys/{where}", fields)))
    assert "The old one" in shown
    assert (await browser.post(f"/passkeys/{where}", fields | {"decision": "crown"})).status == 400
    left = await browser.follow(await browser.post(f"/passkeys/{where}", fields | {"decision": "remove"}))
    assert "The old one" not in text_of(left)


async def test_several_passkeys_each_sign_in(office: RegistryOffice) -> None:
    browser = await office.signed_in("keeper")
    keys = [authenticator(office, seed=f"authenticator {number}") for number in range(2)]
    for passkey in keys:
        assert (await make(office, browser, passkey)).status == 303
    for passkey in reversed(keys):
        await signed_in(office, passkey)


# --- what signs nobody in ---------------------------------------------------------------------------------------------


@pytest.mark.refuses(Check.PASSKEY)
async def test_an_answer_is_good_once(office: RegistryOffice) -> None:
    passkey = await made(office, counts=False)
    browser, csrf, given = await asked(office)
    answer = passkey.answer(given)
    assert (await send(browser, csrf, answer)).status == 303
    again = office.browser()
    again.cookies = browser.cookies
    csrf = await page_of(again, office, "/sign-in")
    assert_refused(await send(again, csrf, answer), Check.PASSKEY, "clientDataJSON.challenge")
    await options(again, "/sign-in/passkey/options", csrf)
    assert_refused(await send(again, csrf, answer), Check.PASSKEY, "clientDataJSON.challenge")


async def test_the_challenge_of_another_browser_is_refused(office: RegistryOffice) -> None:
    passkey = await made(office)
    _, _, given = await asked(office)
    browser, csrf, _ = await asked(office)
    assert_refused(await send(browser, csrf, passkey.answer(given)), Check.PASSKEY, "clientDataJSON.challenge")


async def test_a_challenge_is_good_for_five_minutes(office: RegistryOffice) -> None:
    passkey = await made(office)
    for seconds, status in ((CHALLENGE_SECONDS - 1, 303), (CHALLENGE_SECONDS, 403)):
        browser, csrf, given = await asked(office)
        office.clock.advance(seconds)
        assert (await send(browser, csrf, passkey.answer(given))).status == status


@pytest.mark.slow
@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"origin": "https://evil.example"}, "clientDataJSON.origin"),
        ({"rp_id": "localhost"}, "authenticatorData.rpIdHash"),
        ({"flags": 0b101 & ~0b100}, "authenticatorData.flags"),
        ({"flags": 0b101 & ~0b001}, "authenticatorData.flags"),
        ({"client_data": {"type": "webauthn.create"}}, "clientDataJSON.type"),
        ({"client_data": {"crossOrigin": True}}, "clientDataJSON.crossOrigin"),
        ({"client_data": {"topOrigin": "https://evil.example"}}, "clientDataJSON.crossOrigin"),
        ({"handle": b"somebody else"}, "userHandle"),
        ({"flags": 0b1101}, "authenticatorData.flags"),
    ],
)
async def test_an_answer_to_something_else_is_refused(
    office: RegistryOffice, changes: dict[str, Any], says: str
) -> None:
    passkey = await made(office)
    for name, value in changes.items():
        setattr(passkey, name, value)
    await refused(office, passkey, Check.PASSKEY, says)


async def test_a_signature_of_another_key_is_refused(office: RegistryOffice) -> None:
    passkey, stranger = await made(office), authenticator(office, seed="stranger")
    passkey.key = stranger.key
    await refused(office, passkey, Check.PASSKEY, "expected a signature by this passkey")


@pytest.mark.refuses(Check.PASSKEY_COUNTER)
@pytest.mark.parametrize("back", [1, 2])
async def test_a_counter_that_goes_back_or_stands_is_refused(office: RegistryOffice, back: int) -> None:
    passkey = await made(office)
    await signed_in(office, passkey)
    await signed_in(office, passkey)
    passkey.counter -= back
    await refused(office, passkey, Check.PASSKEY_COUNTER, "expected a counter beyond 2")


@pytest.mark.refuses(Check.PASSKEY_KNOWN)
async def test_a_passkey_that_was_removed_is_refused_and_ends_its_sessions(office: RegistryOffice) -> None:
    passkey = await made(office)
    browser, other = await signed_in(office, passkey), await office.signed_in("keeper")
    page = await other.open(office.origin + "/passkeys")
    where = page.body.decode().partition('action="/passkeys/')[2].partition('"')[0]
    await other.post(f"/passkeys/{where}", {"csrf": csrf_of(page), "decision": "remove"})
    assert (await browser.get(office.origin + "/my")).header("location") == "/sign-in"
    assert (await other.get(office.origin + "/my")).status == 200, "who came with the wallet stays"
    await refused(office, passkey, Check.PASSKEY_KNOWN, "not removed")


async def test_a_passkey_that_nobody_enrolled_is_refused(office: RegistryOffice) -> None:
    stranger = authenticator(office, handle=b"handle")
    await refused(office, stranger, Check.PASSKEY_KNOWN, "expected a passkey that was enrolled here")


async def test_nobody_removes_the_passkey_of_another(office: RegistryOffice) -> None:
    passkey = await made(office)
    stranger = await office.signed_in("stranger")
    page = await stranger.open(office.origin + "/passkeys")
    assert b"Telephone" not in page.body
    owner = await (await office.signed_in("keeper")).open(office.origin + "/passkeys")
    where = owner.body.decode().partition('action="/passkeys/')[2].partition('"')[0]
    for decision in ("remove", "rename"):
        fields = {"csrf": csrf_of(page), "decision": decision, "name": "Mine"}
        assert_refused(await stranger.post(f"/passkeys/{where}", fields), Check.PASSKEY_KNOWN, "not removed")
    await signed_in(office, passkey)


# --- what is not made -------------------------------------------------------------------------------------------------


async def test_a_passkey_is_enrolled_once(office: RegistryOffice) -> None:
    passkey = await made(office)
    again = await make(office, await office.signed_in("stranger"), passkey)
    assert_refused(again, Check.PASSKEY_KNOWN, "nobody has enrolled")


async def test_a_passkey_is_made_once_for_a_challenge_and_in_one_session(office: RegistryOffice) -> None:
    browser, stranger = await office.signed_in("keeper"), await office.signed_in("stranger")
    csrf, theirs = await page_of(browser, office, "/passkeys"), await page_of(stranger, office, "/passkeys")
    answer = authenticator(office).make(await options(browser, "/passkeys/options", csrf))
    fields = {"name": "Telephone", "answer": answer}
    foreign = await stranger.post("/passkeys", fields | {"csrf": theirs})
    assert_refused(foreign, Check.PASSKEY, "clientDataJSON.challenge")
    assert (await browser.post("/passkeys", fields | {"csrf": csrf})).status == 303
    assert_refused(await browser.post("/passkeys", fields | {"csrf": csrf}), Check.PASSKEY, "challenge")


async def test_an_attestation_is_refused_for_none_was_asked_for(office: RegistryOffice) -> None:
    browser = await office.signed_in("keeper")
    csrf = await page_of(browser, office, "/passkeys")
    answer = authenticator(office).make(await options(browser, "/passkeys/options", csrf), fmt="packed")
    refused = await browser.post("/passkeys", {"csrf": csrf, "name": "Telephone", "answer": answer})
    assert_refused(refused, Check.PASSKEY, "expected no attestation")


@pytest.mark.parametrize("name", ["", " ", "x" * (MAX_PASSKEY_NAME + 1)])
async def test_a_passkey_has_a_name(office: RegistryOffice, name: str) -> None:
    refused = await make(office, await office.signed_in("keeper"), authenticator(office), name)
    assert refused.status == 400
    assert (
        await make(office, await office.signed_in("keeper"), authenticator(office), "x" * MAX_PASSKEY_NAME)
    ).status == 303


@pytest.mark.slow
async def test_a_person_has_so_many_passkeys_and_no_more(office: RegistryOffice) -> None:
    browser = await office.signed_in("keeper")
    statuses = [
        (await make(office, browser, authenticator(office, seed=str(number)))).status
        for number in range(MAX_PASSKEYS + 1)
    ]
    assert statuses == [303] * MAX_PASSKEYS + [403]


async def test_who_is_not_signed_in_has_no_passkeys(office: RegistryOffice) -> None:
    browser = office.browser()
    assert (await browser.get(office.origin + "/passkeys")).header("location") == "/sign-in"
    csrf = await page_of(browser, office, "/sign-in")
    for path in ("/passkeys/options", "/passkeys", "/passkeys/x", "/passkeys/tokens"):
        assert_refused(await browser.post(path, {"csrf": csrf}), Check.REGISTER_DUTY, "somebody signed in")


async def test_a_form_of_another_site_uses_no_passkey(office: RegistryOffice) -> None:
    browser, _, _ = await asked(office)
    for path in ("/sign-in/passkey/options", "/sign-in/passkey"):
        assert_refused(await browser.post(path, {"csrf": "guess"}), Check.CSRF, "expected the token")
