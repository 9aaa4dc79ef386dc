"""Session fixation: somebody plants a session of theirs in the victim's browser, and waits for the victim to fill it.

It is played in whole flows: at the issuer's log-in, at the sign-in provider, and at a verifier and its service.
"""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from zegel_testing.attacks import check_on
from zegel_testing.browser import Browser, link_of, text_of
from zegel_testing.issuing_world import IssuingWorld, issuing_world
from zegel_testing.relying_party import RelyingParty, json_of, open_relying_party
from zegel_testing.sandboxes import sandbox_at
from zegel_testing.sign_in_world import SignInWorld, sign_in_world

from zegel.checks import Check
from zegel.protocols.openid4vci.wallet.issuance import Done

pytestmark = pytest.mark.anyio

ISSUER, PROVIDER = "issuer.localhost", "login.localhost"


@pytest.fixture
async def issuing(tmp_path: Path) -> AsyncIterator[IssuingWorld]:
    async with issuing_world(sandbox_at(tmp_path)) as world:
        yield world


@pytest.fixture
async def signing_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[SignInWorld]:
    async with sign_in_world(sandbox_at(tmp_path / "sandbox"), database=tmp_path / "provider.db") as world:
        monkeypatch.setattr("time.time", lambda: float(world.clock.now()))  # Authlib reads the clock itself
        yield world


@pytest.fixture
async def party(tmp_path: Path) -> AsyncIterator[RelyingParty]:
    opened = await open_relying_party(tmp_path)
    yield opened
    opened.close()


def plant(attacker: Browser, victim: Browser, host: str) -> dict[str, str]:
    """Put the attacker's cookies of a host into the victim's browser; the cookies."""
    planted = dict(attacker.cookies[host])
    assert planted
    victim.cookies[host] = dict(planted)
    return planted


# --- issuer -----------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("when", ["before the visit", "at the log-in page"])
@pytest.mark.refuses(Check.LOG_IN_OPEN)
async def test_a_session_that_is_fixed_at_the_issuer_has_nobody_logged_in(issuing: IssuingWorld, when: str) -> None:
    """The attacker would decide in the victim's name, for a wallet of the attacker's."""
    attacker, victim = issuing.wallet(), issuing.wallet()
    await attacker.browser.open((await attacker.push(await issuing.offer())).url)
    pause = await victim.push(await issuing.offer())
    if when == "before the visit":
        planted = plant(attacker.browser, victim.browser, ISSUER)
        await victim.browser.open(pause.url)
    else:
        await victim.browser.open(pause.url)
        planted = plant(attacker.browser, victim.browser, ISSUER)
    page = await victim.enter()
    assert page.status == 200
    assert victim.browser.cookies[ISSUER] != planted
    for path in ("/consent", "/log-in"):
        seen = await attacker.browser.get(path)
        assert "Erika Voorbeeld" not in text_of(seen)
    assert check_on(await attacker.browser.get("/consent")) == Check.LOG_IN_OPEN.id
    if when == "before the visit":
        back = (await victim.decide(page)).header("location") or ""
        assert isinstance(await victim.finish(await victim.come_back(pause, back)), Done)
    else:  # what the victim is asked is what the attacker's wallet wants, and the victim says no; then begins again
        await victim.decide(page, "refuse")
        assert (await victim.receive(await issuing.offer())).received


# --- sign-in provider -------------------------------------------------------------------------------------------------


@pytest.mark.slow
async def test_a_session_that_is_fixed_at_the_provider_is_left_behind_by_the_next_sign_in(
    signing_in: SignInWorld,
) -> None:
    attacker, victim = signing_in.browser(), signing_in.browser()
    await attacker.open(f"{signing_in.service}/sign-in")
    planted = plant(attacker, victim, PROVIDER)
    page = await victim.open(f"{signing_in.service}/sign-in")
    assert victim.cookies[PROVIDER] != planted
    back = await signing_in.wallet(*await signing_in.office.issue()).present(link_of(page, "Open my wallet"))
    assert "You are signed in" in text_of(await victim.open(back))
    assert "Ada" not in text_of(await attacker.open(f"{signing_in.provider}/sign-in"))
    assert (await attacker.get(f"{signing_in.service}/profile")).status == 303


@pytest.mark.slow
@pytest.mark.refuses(Check.SIGN_IN_OPEN)
async def test_a_session_that_is_fixed_at_the_provider_ends_in_neither_browser(signing_in: SignInWorld) -> None:
    """The victim's wallet answers the attacker's sign-in, and its return finds the attacker's cookie beside it.

    The code goes to the victim's browser, where the service never began anything; the attacker's finds nothing open.
    """
    attacker, victim = signing_in.browser(), signing_in.browser()
    page = await attacker.open(f"{signing_in.service}/sign-in")
    plant(attacker, victim, PROVIDER)
    back = await signing_in.wallet(*await signing_in.office.issue()).present(link_of(page, "Open my wallet"))
    waiting = await attacker.open(f"{signing_in.provider}/sign-in")
    assert waiting.status == 200, "before the return there is a page that waits, and no way on"
    landed = await victim.open(back)
    assert "begun in another browser" in text_of(landed)
    assert check_on(await attacker.open(f"{signing_in.provider}/sign-in")) == Check.SIGN_IN_OPEN.id
    for browser in (attacker, victim):
        assert (await browser.get(f"{signing_in.service}/profile")).status == 303
    page = await victim.open(f"{signing_in.service}/sign-in")
    back = await signing_in.wallet(*await signing_in.office.issue()).present(link_of(page, "Open my wallet"))
    assert "You are signed in" in text_of(await victim.open(back))


@pytest.mark.slow
@pytest.mark.refuses(Check.SIGN_IN_OPEN)
async def test_a_cookie_under_another_name_is_no_sign_in(signing_in: SignInWorld) -> None:
    """The attacker's session, planted under the name of the victim's: the victim sees neither the attacker's page nor,
    by a return or a form, the attacker's sign-in in the place of the victim's own."""
    attacker, victim = signing_in.browser(), signing_in.browser()
    await attacker.open(f"{signing_in.service}/sign-in")
    page = await victim.open(f"{signing_in.service}/sign-in")
    (name,), (planted,) = victim.cookies[PROVIDER], attacker.cookies[PROVIDER].values()
    victim.cookies[PROVIDER] = {name: planted}
    assert check_on(await victim.get(victim.at)) == Check.SIGN_IN_OPEN.id
    assert check_on(await victim.submit(page, "/sign-in/cancel")) == Check.CSRF.id
    assert (await attacker.get(attacker.at)).status == 200


# --- verifier ---------------------------------------------------------------------------------------------------------


@pytest.mark.refuses(Check.SAME_BROWSER)
async def test_a_session_that_is_fixed_at_the_verifier_gives_its_beginner_nothing(party: RelyingParty) -> None:
    """The attacker begins at a service, the victim answers: the return comes with the victim's session, not his."""
    session, asked = await party.begin(initiator="the attacker's session", return_uri="https://shop.example/back")
    back = json_of(await party.send(asked.answer()))["redirect_uri"]
    code = re.search(r"response_code=([\w-]+)", back)[1]
    early = await party.call("GET", f"/requests/{session}")
    assert json_of(early)["credentials"] == []
    returned = await party.call(
        "POST", f"/requests/{session}/return", {"response_code": code, "initiator": "the victim's session"}
    )
    assert json_of(returned)["error"]["check"] == Check.SAME_BROWSER.id
    again = await party.call(
        "POST", f"/requests/{session}/return", {"response_code": code, "initiator": "the attacker's session"}
    )
    assert json_of(again)["credentials"] == []
    session, asked = await party.begin(initiator="the victim's session", return_uri="https://shop.example/back")
    code = re.search(r"response_code=([\w-]+)", json_of(await party.send(asked.answer()))["redirect_uri"])[1]
    mine = await party.call(
        "POST", f"/requests/{session}/return", {"response_code": code, "initiator": "the victim's session"}
    )
    assert json_of(mine)["state"] == "accepted"


@pytest.mark.refuses(Check.RESPONSE_CODE)
async def test_who_knows_the_session_and_not_the_code_is_not_let_back_in(party: RelyingParty) -> None:
    """The attacker chose the session's id by beginning it; what the wallet was told, the attacker was not."""
    session, _ = await party.answered(initiator="the attacker's session", return_uri="https://shop.example/back")
    for guess in ("", "guess", "A" * 43):
        said = json_of(
            await party.call(
                "POST", f"/requests/{session}/return", {"response_code": guess, "initiator": "the attacker's session"}
            )
        )
        assert said["check"] in (Check.RESPONSE_CODE.id, Check.SYNTAX.id)
    _, asked = await party.begin()
    assert (await party.send(asked.answer())).status == 200
