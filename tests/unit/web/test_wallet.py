"""The wallet's pages: the gates before them, what a link may bring, the decisions, and what each refusal says."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs
from zegel_testing.authorities import DAY
from zegel_testing.wallet_pages import Pages, wallet_pages
from zegel_testing.wallet_world import MDOC_QUERY, NAME_QUERY, PASSPHRASE, register_of

from zegel.adapters.keyfiles import load_signer
from zegel.checks import Check
from zegel.config.rates import WalletRates
from zegel.errors import Malformed
from zegel.formats.credential import Format
from zegel.primitives.encoding import base64url, encode_base64url
from zegel.primitives.http import FORM, HttpRequest, HttpResponse, encode_form
from zegel.primitives.json import encode_json
from zegel.primitives.jws import parse_jws, sign_encoded
from zegel.services.wallet.contents import Counterpart, Entry, Happening, Outcome
from zegel.web.app.limits import wallet_limits
from zegel.web.app.wallet import check_own_machine, open_wallet
from zegel.web.wallet_credentials import MAX_LINES
from zegel.web.wallet_site import checked_onward

pytestmark = pytest.mark.anyio
DIPLOMA = {
    "credentials": [
        {
            "id": "diploma",
            "format": "dc+sd-jwt",
            "meta": {"vct_values": ["urn:zegel:diploma:1"]},
            "claims": [{"path": ["degree"]}],
        }
    ]
}


@pytest.fixture
async def pages(tmp_path: Path) -> AsyncIterator[Pages]:
    async with wallet_pages(tmp_path) as made:
        yield made


@pytest.fixture
async def inside(pages: Pages) -> Pages:
    await pages.enter()
    pages.world.paths()  # its activation
    return pages


# --- the gates --------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("path", ["/", "/log", "/credentials/x", "/credentials/x/delete", "/present/x", "/receive/x"])
async def test_every_page_is_behind_the_code(pages: Pages, path: str) -> None:
    await pages.open(path)
    assert pages.title == "Open your wallet"


@pytest.mark.slow
async def test_a_code_opens_once_and_for_a_minute(pages: Pages) -> None:
    code = pages.door.fresh_code()
    pages.world.clock.advance(60)
    await pages.open("/launch")
    await pages.go("/launch", code=code)
    assert pages.response.status == 400
    assert "within this minute" in pages.text
    code = pages.door.fresh_code()
    await pages.go("/launch", code=code)
    assert pages.title == "Make your wallet"
    other = await pages.other_browser().open("/")
    await other.go("/launch", code=code)
    assert other.response.status == 400


@pytest.mark.slow
async def test_the_code_stands_in_no_address(pages: Pages) -> None:
    code = pages.door.fresh_code()
    await pages.open("/")
    await pages.go("/launch", code=code)
    assert not [request for request in pages.browser.sent if code in request.url]
    assert pages.response.header("referrer-policy") == "same-origin"
    assert "frame-ancestors 'none'" in str(pages.response.header("content-security-policy"))


@pytest.mark.slow
async def test_a_code_is_typed_as_it_is_read(pages: Pages) -> None:
    code = pages.door.fresh_code()
    await pages.open("/")
    await pages.go("/launch", code=" " + code.lower().replace("-", "") + " ")
    assert pages.title == "Make your wallet"


@pytest.mark.slow
async def test_ten_wrong_codes_are_enough(pages: Pages) -> None:
    code = pages.door.fresh_code()
    await pages.open("/")
    for _ in range(10):
        await pages.go("/launch", code="0000-0000")
        assert pages.response.status == 400
    owner = await pages.other_browser().open("/")
    await owner.go("/launch", code=code)
    assert "Too many wrong codes were entered" in owner.text
    assert "show another one" in owner.text
    await owner.go("/launch/code")
    await owner.go("/launch", code=pages.announced[-1])
    assert owner.title == "Make your wallet"


@pytest.mark.slow
async def test_a_code_of_which_the_tenth_try_is_right_was_used_and_not_guessed(pages: Pages) -> None:
    code = pages.door.fresh_code()
    await pages.open("/")
    for _ in range(9):
        await pages.go("/launch", code="0000-0000")
    await pages.go("/launch", code=code)
    other = await pages.other_browser().open("/")
    await other.go("/launch", code=code)
    assert "within this minute" in other.text


@pytest.mark.slow
async def test_the_page_has_a_code_shown_where_the_owner_sees_it(pages: Pages) -> None:
    await pages.open("/")
    await pages.go("/launch/code")
    (code,) = pages.announced
    assert code not in pages.response.body.decode()
    assert "in the terminal" in pages.text
    await pages.go("/launch/code")
    assert pages.announced == [code]  # asking in a circle shows nothing new
    await pages.go("/launch", code=code)
    assert pages.title == "Make your wallet"


@pytest.mark.slow
async def test_a_browser_that_comes_in_gets_a_new_id(pages: Pages) -> None:
    await pages.open("/")
    before = dict(pages.browser.cookies["wallet.localhost"])
    await pages.go("/launch", code=pages.door.fresh_code())
    after = pages.browser.cookies["wallet.localhost"]
    assert list(before) == list(after) == ["zegel-wallet"]
    assert before != after
    pages.browser.cookies["wallet.localhost"] = before
    await pages.open("/")
    assert pages.title == "Open your wallet"


@pytest.mark.slow
async def test_whoever_is_inside_needs_no_code(inside: Pages) -> None:
    await inside.open("/launch")
    assert inside.title == "Your credentials"


@pytest.mark.slow
async def test_the_first_visit_makes_the_vault(pages: Pages) -> None:
    await pages.open("/")
    await pages.go("/launch", code=pages.door.fresh_code())
    await pages.go("/create", passphrase="short", again="short")
    assert (pages.response.status, "at least 8" in pages.text) == (400, True)
    await pages.go("/create", passphrase=PASSPHRASE, again="something else")
    assert (pages.response.status, "twice" in pages.text) == (400, True)
    await pages.go("/create", passphrase=PASSPHRASE, again=PASSPHRASE)
    assert pages.title == "Your credentials"
    assert "Nothing is in your wallet yet" in pages.text


@pytest.mark.slow
async def test_the_passphrase_unlocks_and_another_does_not(inside: Pages) -> None:
    await inside.go("/lock")
    assert inside.title == "Unlock your wallet"
    assert not inside.wallet.safe.is_open
    await inside.go("/unlock", passphrase="not this one")
    assert (inside.response.status, "does not open the vault" in inside.text) == (400, True)
    await inside.go("/unlock", passphrase=PASSPHRASE)
    assert inside.title == "Your credentials"


@pytest.mark.slow
async def test_passphrases_are_tried_so_often_a_minute_and_then_even_the_right_one_waits(tmp_path: Path) -> None:
    async with wallet_pages(tmp_path, limits=wallet_limits(WalletRates())) as pages:
        await pages.enter()  # a vault was made: one of five
        await pages.go("/lock")
        for _ in range(4):
            await pages.go("/unlock", passphrase="not this one")
            assert pages.response.status == 400
        await pages.go("/unlock", passphrase=PASSPHRASE)
        assert (pages.response.status, pages.response.header("retry-after")) == (429, "12")
        assert pages.title == "Too often"
        pages.world.clock.advance(12)
        await pages.open("/")
        await pages.go("/unlock", passphrase=PASSPHRASE)
        assert pages.response.status == 200
        assert pages.wallet.safe.is_open


@pytest.mark.slow
async def test_strangers_of_this_machine_use_up_no_passphrase_of_the_owners(tmp_path: Path) -> None:
    """Any program may send a form, and say that a page of ours sent it."""
    async with wallet_pages(tmp_path, limits=wallet_limits(WalletRates())) as pages:
        await pages.enter()
        await pages.go("/lock")
        handle = pages.world.handlers[pages.origin]
        for number in range(20):
            headers = (("origin", pages.origin), ("cookie", f"zegel-wallet={base64url(bytes([number]) * 32)}"))
            url = f"{pages.origin}/unlock"
            await handle(HttpRequest(method="POST", url=url, headers=headers, peer="127.0.0.1"))
        known = pages.browser.cookies["wallet.localhost"]["zegel-wallet"]
        headers = (("origin", pages.origin), ("cookie", f"zegel-wallet={known}"), ("content-type", FORM))
        form = encode_form({"csrf": csrf(pages), "passphrase": PASSPHRASE})
        sent = HttpRequest(method="POST", url=f"{pages.origin}/unlock", headers=headers, body=form, peer="127.0.0.1")
        assert (await handle(sent)).status == 303
        assert pages.wallet.safe.is_open


@pytest.mark.slow
async def test_nobody_tries_passphrases_from_outside(inside: Pages) -> None:
    await inside.go("/lock")
    stranger = await inside.other_browser().open("/")
    for path in ("/unlock", "/create"):
        fields = {"csrf": csrf(stranger), "passphrase": PASSPHRASE, "again": PASSPHRASE}
        response = await stranger.browser.post(inside.origin + path, fields)
        assert response.status == 400
        assert Check.LAUNCH.rule in response.body.decode().replace("&#39;", "'")
    assert not inside.wallet.safe.is_open


@pytest.mark.slow
async def test_an_unused_wallet_locks_itself(inside: Pages) -> None:
    inside.world.clock.advance(899)
    await inside.open("/log")
    inside.world.clock.advance(899)
    await inside.open("/log")
    assert inside.title == "What happened"
    inside.world.clock.advance(900)
    await inside.open("/log")
    assert inside.title == "Unlock your wallet"
    await inside.go("/unlock", passphrase=PASSPHRASE)
    assert inside.path == "/log"  # back to where the owner wanted to go


@pytest.mark.slow
async def test_another_host_another_site_and_a_form_without_its_token_are_refused(inside: Pages) -> None:
    cookie = ("cookie", f"zegel-wallet={inside.browser.cookies['wallet.localhost']['zegel-wallet']}")
    handle = inside.world.handlers[inside.origin]
    rebound = HttpRequest(method="GET", url=inside.origin + "/", headers=(("host", "evil.example"), cookie))
    assert (await handle(rebound)).status == 421
    own = (("host", "wallet.localhost:7105"), cookie, ("content-type", FORM))
    body = encode_form({"csrf": csrf(inside)})
    elsewhere = (*own, ("origin", "https://evil.example"), ("sec-fetch-site", "cross-site"))
    for headers, sent in (((*own, ("origin", inside.origin)), b"csrf=x"), (elsewhere, body)):
        response = await handle(HttpRequest(method="POST", url=inside.origin + "/lock", headers=headers, body=sent))
        assert response.status == 403
    assert inside.wallet.safe.is_open


def csrf(pages: Pages) -> str:
    return next(field["value"] for field in pages.page.all("input") if field.get("name") == "csrf")


@pytest.mark.parametrize(
    ("text", "onward"),
    [
        ("/present?client_id=x", "/present?client_id=x"),
        ("//evil.example/", "/"),
        ("https://evil.example/", "/"),
        ("/\\evil.example", "/"),
        ("/a b", "/"),
        ("/log\r\nx: y", "/"),
        ("/" + "x" * 17_000, "/"),
        ("/caf\u00e9", "/"),
    ],
)
def test_the_way_onward_stays_in_the_wallet(text: str, onward: str) -> None:
    assert checked_onward(text) == onward


@pytest.mark.slow
async def test_a_wallet_is_opened_on_its_own_machine_alone(pages: Pages) -> None:
    config = pages.world.config.wallet
    assert check_own_machine(config) is config
    for change in ({"origin": "https://wallet.example"}, {"address": "0.0.0.0"}):
        with pytest.raises(Malformed):
            check_own_machine(replace(config, **change))


@pytest.mark.slow
async def test_the_role_has_a_way_to_make_codes(pages: Pages, capsys: pytest.CaptureFixture[str]) -> None:
    role = await open_wallet(pages.world.world)
    assert role.launch is not None
    assert len(role.launch()) == 9
    pages.world.handlers[pages.origin] = role.listeners[0].handle
    pages.world.clock.advance(60)
    await pages.open("/")
    await pages.go("/launch/code")
    said = capsys.readouterr().err
    assert "wallet.localhost:7105/launch: the code is " in said
    await pages.go("/launch", code=said.strip().rpartition(" ")[2])
    assert pages.title == "Make your wallet"
    role.close()


# --- what a link may bring --------------------------------------------------------------------------------------------


@pytest.mark.slow
async def test_a_link_brings_a_request_to_a_page_and_no_further(inside: Pages) -> None:
    request, offer = await inside.world.request(), await inside.world.offer()
    before = inside.contents
    inside.world.paths()
    await inside.open("/present?" + request["link"].partition("?")[2])
    assert "verifier.localhost:7102" in inside.text
    await inside.open("/receive?" + offer["link"].partition("?")[2])
    assert "issuer.localhost:7101" in inside.text
    assert inside.world.paths() == []
    assert inside.contents is before


@pytest.mark.slow
@pytest.mark.requirement("RPA_08")
async def test_a_link_waits_in_the_form_until_the_owner_is_in(pages: Pages) -> None:
    request = await pages.world.request()
    query = request["link"].partition("?")[2]
    await pages.open("/present?" + query)
    assert pages.title == "Open your wallet"
    assert "verifier.localhost:7102" in pages.text
    await pages.go("/launch", code="0000-0000")
    assert "verifier.localhost:7102" in pages.text
    await pages.go("/launch/code")
    await pages.go("/launch", code=pages.announced[0])
    assert pages.title == "Make your wallet"
    assert "verifier.localhost:7102" in pages.text
    await pages.go("/create", passphrase=PASSPHRASE, again=PASSPHRASE)
    assert pages.title == "A request to your wallet"
    await pages.go("/lock")
    await pages.open("/present?" + query)
    await pages.go("/unlock", passphrase="wrong one")
    await pages.go("/unlock", passphrase=PASSPHRASE)
    assert pages.title == "A request to your wallet"
    assert pages.world.paths() == ["wallet-provider.localhost:7106/instances"]
    await pages.go("/present")
    assert pages.title == "Utopia verifier asks"


@pytest.mark.slow
async def test_an_offer_waits_as_well_when_the_wallet_locks_itself_meanwhile(inside: Pages) -> None:
    offer = await inside.world.offer()
    await inside.open("/receive?" + offer["link"].partition("?")[2])
    inside.world.clock.advance(900)
    await inside.go("/receive")
    assert inside.title == "Unlock your wallet"
    assert "issuer.localhost:7101" in inside.text
    await inside.go("/unlock", passphrase=PASSPHRASE)
    assert inside.title == "An offer to your wallet"


@pytest.mark.slow
@pytest.mark.parametrize("path", ["/present", "/present?x=1", "/receive", "/receive?credential_offer=no"])
async def test_a_link_that_brings_nothing_is_refused(inside: Pages, path: str) -> None:
    await inside.open(path)
    assert inside.response.status == 400
    assert Check.SYNTAX.rule in inside.text


@pytest.mark.slow
async def test_a_pasted_text_that_is_no_link_is_refused(inside: Pages) -> None:
    await inside.open("/")
    await inside.go("/bring", link="https://[x?client_id=a")
    assert inside.response.status == 400
    assert "This is no link of an offer or of a request." in inside.text


@pytest.mark.slow
async def test_a_pasted_link_warns_that_its_page_may_be_elsewhere(inside: Pages) -> None:
    request = await inside.world.request()
    await inside.go("/bring", link=f"  {request['link']} ")
    assert "Did you open the page yourself?" in inside.text
    await inside.go("/present")
    assert "The page may be somebody else's screen" in inside.text
    assert "If you did not open verifier.localhost:7102 yourself" in inside.text


@pytest.mark.slow
async def test_a_pasted_link_does_not_become_a_pages_while_the_wallet_locks_itself(inside: Pages) -> None:
    request = await inside.world.request()
    await inside.go("/bring", link=request["link"])
    inside.world.clock.advance(900)
    await inside.go("/present")
    await inside.go("/unlock", passphrase=PASSPHRASE)
    assert inside.title == "Your credentials"
    assert inside.world.paths() == []


@pytest.mark.slow
async def test_a_link_of_a_page_on_this_machine_does_not_warn(inside: Pages) -> None:
    await inside.ask()
    assert "somebody else's screen" not in inside.text


@pytest.mark.slow
async def test_a_request_for_another_device_warns_when_a_link_brings_it(inside: Pages) -> None:
    await inside.ask(cross_device=True)
    assert "The page may be somebody else's screen" in inside.text
    assert "If you did not open verifier.localhost:7102 yourself" in inside.text


@pytest.mark.slow
async def test_an_offer_can_be_pasted(inside: Pages) -> None:
    offer = await inside.world.offer()
    await inside.go("/bring", link=offer["link"])
    await inside.go("/receive")
    assert "The link was scanned or pasted" in inside.text


@pytest.mark.slow
@pytest.mark.parametrize("link", ["", "hello", "openid4vp://", "https://verifier.example/?x=1"])
async def test_what_is_no_link_is_said_to_be_none(inside: Pages, link: str) -> None:
    await inside.go("/bring", link=link)
    assert (inside.response.status, inside.title) == (400, "Your credentials")
    assert "This is no link of an offer or of a request." in inside.text
    assert Check.SYNTAX.rule not in inside.text
    assert ("Found:" in inside.text) == ("?" in link)
    (field,) = [each for each in inside.page.all("input") if each.get("name") == "link"]
    assert field.get("value", "") == link
    offer = await inside.world.offer()
    await inside.go("/bring", link=offer["link"])
    assert inside.title == "An offer to your wallet"


# --- receiving --------------------------------------------------------------------------------------------------------


@pytest.mark.slow
async def test_an_offer_is_shown_taken_up_looked_at_and_kept(inside: Pages) -> None:
    offer = await inside.world.offer()
    await inside.open("/receive?" + offer["link"].partition("?")[2])
    await inside.go("/receive")
    assert inside.title == "What you are offered"
    assert "its certificate leads to an authority on your list" in inside.text
    assert "10 copies, each to be shown once" in inside.text
    assert "Family name" in inside.text
    assert "form-action 'self';" in str(inside.response.header("content-security-policy"))
    await inside.go(decision="log-in")
    assert inside.onward.startswith("http://issuer.localhost:7101/authorize?")
    await inside.open(await inside.world.log_in(inside.onward))
    assert inside.title == "Look before you keep it"
    assert "Voorbeeld" in inside.text
    assert [image["src"][:23] for image in inside.page.all("img")][1:] == ["data:image/jpeg;base64,"] * 2
    assert inside.contents.holdings == ()
    await inside.go(decision="keep")
    assert inside.title == "Your credentials"
    assert inside.text.count("10 of 10 not shown to anybody yet") == 2


@pytest.mark.slow
async def test_what_arrived_can_be_left(inside: Pages) -> None:
    offer = await inside.world.offer(formats=["mso_mdoc"])
    await inside.open("/receive?" + offer["link"].partition("?")[2])
    await inside.go("/receive")
    await inside.log_in()
    await inside.go(decision="discard")
    assert inside.title == "Your credentials"
    assert inside.contents.holdings == ()


@pytest.mark.slow
async def test_a_single_credential_is_shown_once_it_is_kept(inside: Pages) -> None:
    await inside.receive(type="diploma", formats=["dc+sd-jwt"])
    assert inside.title == "Diploma"
    assert "Doctor of Medicine" in inside.text


@pytest.mark.slow
async def test_a_log_in_can_be_begun_again_and_its_page_says_so(inside: Pages) -> None:
    offer = await inside.world.offer()
    await inside.open("/receive?" + offer["link"].partition("?")[2])
    await inside.go("/receive")
    flow = inside.path
    await inside.go(decision="log-in")
    await inside.open(flow)
    assert "Go there again" in inside.text
    await inside.log_in()
    assert inside.title == "Look before you keep it"


@pytest.mark.slow
async def test_only_the_browser_that_began_comes_back_from_the_log_in(inside: Pages) -> None:
    offer = await inside.world.offer()
    await inside.open("/receive?" + offer["link"].partition("?")[2])
    await inside.go("/receive")
    await inside.go(decision="log-in")
    back = await inside.world.log_in(inside.onward)
    other = await inside.other_browser().enter()
    await other.open(back)
    assert other.response.status == 400
    assert Check.WALLET_STEP.rule in other.text
    await inside.open(back)
    assert inside.title == "Look before you keep it"
    await inside.open(back)
    assert inside.response.status == 400


@pytest.mark.slow
async def test_a_restart_of_the_wallet_keeps_the_log_in_for_its_browser(inside: Pages) -> None:
    offer = await inside.world.offer()
    await inside.open("/receive?" + offer["link"].partition("?")[2])
    await inside.go("/receive")
    await inside.go(decision="log-in")
    url = inside.onward
    again = inside.restarted()
    await again.open(await again.world.log_in(url))
    assert again.title == "Open your wallet"
    await again.go("/launch", code=again.door.fresh_code())
    await again.go("/unlock", passphrase=PASSPHRASE)
    assert again.title == "Look before you keep it"


@pytest.mark.slow
async def test_a_transaction_code_is_asked_for_in_the_issuers_words(tmp_path: Path) -> None:
    async with wallet_pages(tmp_path, profile="plain") as pages:
        await pages.enter()
        offer = await pages.world.offer(grant="pre-authorized", person="erika", tx_code=True)
        await pages.open("/receive?" + offer["link"].partition("?")[2])
        await pages.go("/receive")
        flow = pages.path
        assert "6 digits, which you were given by another way" in pages.text
        await pages.go(decision="redeem", tx_code="12")
        assert (pages.response.status, Check.TRANSACTION_CODE.remedy in pages.text) == (400, True)
        await pages.open(flow)
        await pages.go(decision="redeem", tx_code=offer["tx_code"])
        assert pages.title == "Look before you keep it"


@pytest.mark.slow
async def test_an_offer_can_be_left(inside: Pages) -> None:
    offer = await inside.world.offer()
    await inside.open("/receive?" + offer["link"].partition("?")[2])
    await inside.go("/receive")
    flow = inside.path
    await inside.go(decision="discard")
    assert inside.path == "/"
    await inside.open(flow)
    assert Check.WALLET_STEP.rule in inside.text


@pytest.mark.slow
async def test_what_takes_a_while_has_a_page_that_asks_again(tmp_path: Path) -> None:
    async with wallet_pages(tmp_path, delayed_types=("diploma",), delay=30) as pages:
        await pages.enter()
        offer = await pages.world.offer(type="diploma", formats=["dc+sd-jwt"])
        await pages.open("/receive?" + offer["link"].partition("?")[2])
        await pages.go("/receive")
        await pages.log_in()
        assert pages.title == "It takes a while"
        assert "In about 30 seconds" in pages.text
        assert {"http-equiv": "refresh", "content": "30"} in pages.page.all("meta")
        flow = pages.path
        await pages.open("/")
        assert "A credential that takes a while" in pages.text
        pages.world.clock.advance(30)
        await pages.open(flow)
        await pages.go(decision="ask")
        assert pages.title == "Look before you keep it"
        await pages.go(decision="keep")
        assert pages.title == "Diploma"
        await pages.open(flow)
        assert pages.path == "/"


@pytest.mark.slow
async def test_a_decision_that_nobody_knows_changes_nothing(inside: Pages) -> None:
    offer = await inside.world.offer()
    await inside.open("/receive?" + offer["link"].partition("?")[2])
    await inside.go("/receive")
    await inside.go(decision="dance")
    assert inside.title == "What you are offered"
    await inside.ask()
    await inside.go(decision="dance")
    assert inside.title == "Utopia verifier asks"


@pytest.mark.slow
async def test_an_issuer_that_nobody_vouches_for_is_shown_as_such(tmp_path: Path) -> None:
    async with wallet_pages(tmp_path, signed_metadata=False) as pages:
        await pages.enter()
        offer = await pages.world.offer()
        await pages.open("/receive?" + offer["link"].partition("?")[2])
        await pages.go("/receive")
        assert "Nobody but the web address vouches for it" in pages.text
        assert "It calls itself “Utopia identity office”" in pages.text


# --- presenting -------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.requirement("OIA_05")
@pytest.mark.requirement("OIA_06")
@pytest.mark.requirement("RPA_06")
@pytest.mark.requirement("RPA_07")
async def test_the_consent_page_says_who_asks_and_what_would_leave(inside: Pages) -> None:
    await inside.receive()
    session = await inside.ask(MDOC_QUERY)
    for said in ("Utopia verifier", "verifier.localhost:7102", "GOVUT-0002", "mdoc", "Family name", "Voorbeeld"):
        assert said in inside.text
    assert "Date of birth" not in inside.text
    await inside.go(decision="accept")
    assert inside.onward.startswith("http://verifier.localhost:7102/return/")
    await inside.browser.open(inside.onward)
    assert (await inside.world.result(session))["state"] == "accepted"


@pytest.mark.slow
@pytest.mark.requirement("RPA_10")
async def test_the_consent_page_says_why_in_the_words_of_who_asks_or_that_it_does_not_say(inside: Pages) -> None:
    await inside.receive()
    await inside.ask()
    assert "To show you what a verifier gets to see" in inside.text
    assert "As it is registered, by the word of Utopia registration office." in inside.text
    assert "http://verifier.localhost:7102/" in inside.text
    await inside.ask(purpose="To open <b>an account</b>")
    assert "To open <b>an account</b>" in inside.text
    assert "<b>" not in inside.response.body.decode()
    assert "In its own words, which nobody has checked." in inside.text


@pytest.mark.slow
@pytest.mark.requirement("RPA_07b")
async def test_a_warning_is_loud_is_ticked_by_nobody_else_and_holds_until_it_is_ticked(inside: Pages) -> None:
    await inside.receive(formats=["dc+sd-jwt"])
    query = {**NAME_QUERY["credentials"][0], "claims": [{"path": ["family_name"]}, {"path": ["picture"]}]}
    session = await inside.ask({"credentials": [query]})
    assert "Warning: It asks for more than it has registered" in inside.text
    assert "Person identification data (SD-JWT VC): Portrait" in inside.text
    assert inside.ticked() == {"despite-over-asking": "yes"}
    page = inside.response
    assert "checked" not in page.body.decode()
    await inside.go(decision="accept")
    assert (inside.response.status, "explicit-approval" in inside.text) == (400, True)
    assert "Nothing was shared yet." in inside.text
    assert (await inside.world.result(session))["state"] == "pending"
    inside.response = page
    await inside.go(decision="accept", **inside.ticked())
    await inside.browser.open(inside.onward)
    assert (await inside.world.result(session))["state"] == "accepted"
    await inside.open("/log")
    assert "you were warned: over-asking" in inside.text
    assert "Asked for without being registered" in inside.text


@pytest.mark.slow
async def test_a_second_click_sends_nothing_and_leads_to_the_same_place(inside: Pages) -> None:
    await inside.receive()
    await inside.ask()
    shown = inside.response
    await inside.go(decision="accept")
    first = inside.onward
    inside.world.paths()
    inside.response = shown  # the page that is still open in another tab
    await inside.go(decision="accept")
    assert inside.onward == first
    assert inside.world.paths() == []


@pytest.mark.slow
async def test_the_browser_is_sent_back_after_a_no_as_well(inside: Pages) -> None:
    await inside.receive()
    session = await inside.ask()
    await inside.go(decision="refuse")
    assert inside.onward.startswith("http://verifier.localhost:7102/return/")
    assert (await inside.world.result(session))["state"] == "refused"


@pytest.mark.slow
async def test_without_a_way_back_the_wallet_says_that_it_is_done(inside: Pages) -> None:
    await inside.receive()
    await inside.ask(cross_device=True)
    await inside.go(decision="accept")
    assert inside.title == "Done"


@pytest.mark.slow
async def test_a_wallet_that_has_nothing_offers_no_yes(inside: Pages) -> None:
    await inside.ask(DIPLOMA)
    assert "Your wallet has nothing that answers" in inside.text
    assert "Asked for: Degree" in inside.text
    assert "accept" not in [button.get("value") for button in inside.page.all("button")]
    assert (await inside.submit(decision="refuse")).status == 303


@pytest.mark.slow
async def test_a_request_can_be_left_without_a_word(inside: Pages) -> None:
    await inside.ask()
    inside.world.paths()
    await inside.go(decision="forget")
    assert inside.path == "/"
    assert inside.world.paths() == []
    assert inside.contents.log[-1].happening is Happening.DECLINED


@pytest.mark.slow
async def test_choices_are_the_owners(inside: Pages) -> None:
    await inside.receive()
    await inside.receive(type="diploma", formats=["dc+sd-jwt"])
    pid, diploma = NAME_QUERY["credentials"][0], DIPLOMA["credentials"][0]
    sets = [
        {"options": [["pid"], ["mdoc"]], "purpose": "To open an account"},
        {"options": [["diploma"]], "required": False},
    ]
    query = {"credentials": [pid, MDOC_QUERY["credentials"][0] | {"id": "mdoc"}, diploma], "credential_sets": sets}
    session = await inside.ask(query)
    assert inside.page.text("legend") == ["To open an account", "If you want to add it"]
    assert "Person identification data, mdoc" in inside.text
    await inside.accept(**{"set-0": "1", "set-1": "0"})
    result = await inside.world.result(session)
    assert [(each["id"], each["format"]) for each in result["credentials"]] == [
        ("mdoc", "mso_mdoc"),
        ("diploma", "dc+sd-jwt"),
    ]
    await inside.ask(query)
    response = await inside.submit(decision="accept", **{"set-0": "7"})
    assert (response.status, Check.HELD.rule in response.body.decode()) == (400, True)


@pytest.mark.slow
@pytest.mark.requirement("OIA_10")
async def test_of_several_that_answer_the_owner_chooses_one(inside: Pages) -> None:
    await inside.receive()
    await inside.world.wallet.safe.lock()
    offer = await inside.world.offer(formats=["dc+sd-jwt"])
    await inside.open("/receive?" + offer["link"].partition("?")[2])
    await inside.go("/receive")
    await inside.log_in("max")
    await inside.go(decision="keep")
    erika = next(held for held in inside.contents.holdings if held.credential.claims.get("given_name") == "Erika")
    session = await inside.ask()
    assert inside.page.text("legend") == ["Which of yours?"]
    assert "number 2" in inside.text
    await inside.accept(**{"use-pid": erika.id})
    assert (await inside.world.result(session))["credentials"][0]["claims"]["given_name"] == "Erika"
    several = {"credentials": [NAME_QUERY["credentials"][0] | {"multiple": True}]}
    session = await inside.ask(several)
    held = [each.id for each in inside.contents.holdings if each.credential.format is Format.SD_JWT_VC]
    await inside.accept(**{f"use-pid-{id_}": "yes" for id_ in held})
    names = [each["claims"]["given_name"] for each in (await inside.world.result(session))["credentials"]]
    assert sorted(names) == ["Erika", "Max"]


@pytest.mark.slow
async def test_a_payment_is_shown_in_full_and_confirmed_by_its_own_words(inside: Pages) -> None:
    await inside.receive(type="payment", formats=["dc+sd-jwt"])
    payload = {
        "transaction_id": "T-1",
        "payee": {"name": "Garden shop", "id": "UT99"},
        "amount": 12.5,
        "currency": "EUR",
    }
    again = {"recurrence": {"frequency": "MNTH", "number": 12}}
    item = {"type": "urn:eudi:sca:payment:1", "credential_ids": ["pay"], "payload": payload | again}
    query = {
        "credentials": [
            {
                "id": "pay",
                "format": "dc+sd-jwt",
                "meta": {"vct_values": ["urn:zegel:payment:1"]},
                "claims": [{"path": ["iban"]}],
            }
        ]
    }
    await inside.ask(query, transaction_data=[item])
    assert inside.title == "Confirm this payment"
    for said in ("Payee", "Garden shop", "12.5", "EUR", "T-1", "Paid again", "every month", "IBAN"):
        assert said in inside.text
    assert "MNTH" not in inside.text
    assert "Category" in inside.text  # what the issuer leaves visible is said, too
    assert inside.page.text("button")[:2] == ["Confirm payment", "Cancel payment"]
    assert (await inside.submit(decision="accept")).status == 303


@pytest.mark.slow
async def test_the_page_proposes_whoever_signs_the_payment(inside: Pages) -> None:
    """OpenID4VP 1.0 section 5.1; what else the verifier would rather have does not."""
    await inside.receive()
    await inside.receive(type="payment", formats=["dc+sd-jwt"])
    meta = {"vct_values": ["urn:zegel:payment:1"]}
    pay = {"id": "pay", "format": "dc+sd-jwt", "meta": meta, "claims": [{"path": ["iban"]}]}
    payload = {
        "transaction_id": "T-1",
        "payee": {"name": "Garden shop", "id": "UT99"},
        "amount": 12.5,
        "currency": "EUR",
    }
    item = {"type": "urn:eudi:sca:payment:1", "credential_ids": ["pay"], "payload": payload}
    pid = NAME_QUERY["credentials"][0]
    for sets in ([[["pid"], ["pay"]]], [[["pid"]], [["pay"]]]):
        described = [{"options": options, "required": at == 0} for at, options in enumerate(sets)]
        query = {"credentials": [pid, pay], "credential_sets": described}
        session = await inside.ask(query, transaction_data=[item])
        await inside.accept()
        assert "pay" in [each["id"] for each in (await inside.world.result(session))["credentials"]]


@pytest.mark.slow
async def test_a_copy_that_is_shown_again_is_said_to_be(tmp_path: Path) -> None:
    async with wallet_pages(tmp_path) as pages:
        await pages.enter()
        await pages.receive(formats=["dc+sd-jwt"])
        used = [replace(held, batch=_all_used(held.batch)) for held in pages.contents.holdings]
        await pages.wallet.safe.change(lambda contents: (replace(contents, holdings=tuple(used)), None))
        await pages.ask()
        assert "This has been shown before" in pages.text
        assert "Renew it first, or receive it again, and they cannot" in pages.text
        await pages.open("/")
        assert "copies used up" in pages.text


def _all_used(batch: Any) -> Any:
    return replace(batch, copies=tuple(replace(copy, uses=1) for copy in batch.copies))


@pytest.mark.slow
async def test_an_answer_that_cannot_be_sent_waits(inside: Pages) -> None:
    await inside.receive()
    session = await inside.ask()
    flow = inside.path
    inside.world.outbound.down.add("verifier.localhost")
    await inside.go(decision="accept")
    assert inside.response.status == 503
    assert "waits among your credentials" in inside.text
    await inside.open("/")
    assert "An answer that could not be sent" in inside.text
    await inside.open(flow)
    assert inside.title == "Not sent yet"
    inside.world.outbound.down.clear()
    await inside.go(decision="again")
    await inside.browser.open(inside.onward)
    assert (await inside.world.result(session))["state"] == "accepted"


@pytest.mark.slow
async def test_an_answer_that_is_not_taken_is_said_to_be_sent(inside: Pages) -> None:
    await inside.receive()
    await inside.ask()
    inside.world.outbound.edits["/response/"] = lambda request, response: HttpResponse(status=400)
    await inside.go(decision="accept")
    assert "Your answer was sent, and was not accepted there" in inside.text
    assert Check.ANSWER_DELIVERY.remedy in inside.text


# --- what the engine refuses is said on the page: rule, clause, field, side at fault, remedy --------------------------


def resigned(pages: Pages, **changes: Any) -> Callable[[HttpRequest, HttpResponse], HttpResponse]:
    """The verifier's own request with other claims, signed by the verifier."""
    config = pages.world.config.verifier
    signer = load_signer(config.access_key, config.access_chain).signer

    def edit(request: HttpRequest, response: HttpResponse) -> HttpResponse:
        jws = parse_jws(response.body, what="test")
        claims = {name: value for name, value in {**jws.unverified_claims, **changes}.items() if value is not None}
        header = encode_base64url(encode_json(dict(jws.unverified_header.members)))
        return replace(response, body=sign_encoded(header, encode_json(claims), signer=signer))

    return edit


def named(value: object) -> str:
    return getattr(value, "id", "")


BEFORE_ANYBODY_IS_KNOWN: dict[Check, dict[str, Any]] = {
    Check.REQUEST_AUDIENCE: {"aud": "https://somebody.example"},
    Check.REQUEST_TIME: {"exp": 1_000_000_000},
    Check.CLIENT_ID: {"client_id": "x509_hash:another"},
    Check.VERIFIER_ADDRESS: {"response_uri": "http://elsewhere.example/response"},
    Check.PROFILE: {"response_mode": "direct_post"},
}
BEFORE_CONSENT: dict[Check, dict[str, Any]] = {
    Check.PRESENTATION_REQUEST: {"redirect_uri": "https://verifier.example/"},
    Check.RESPONSE_KEY: {"client_metadata": {"vp_formats_supported": {"dc+sd-jwt": {}}}},
    Check.VP_FORMATS: {
        "dcql_query": {"credentials": [{"id": "a", "format": "ldp_vc", "meta": {"type_values": [["x"]]}}]},
    },
    Check.TRANSACTION_REQUEST: {"transaction_data": ["e30"]},
    Check.SYNTAX: {"dcql_query": {"credentials": []}},
}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("check", "changes"), BEFORE_ANYBODY_IS_KNOWN.items(), ids=lambda value: getattr(value, "id", "")
)
@pytest.mark.requirement("RPA_05")
async def test_a_request_that_is_nobodys_is_refused_and_explained(
    inside: Pages, check: Check, changes: dict[str, Any]
) -> None:
    request = await inside.world.request()
    inside.world.outbound.edits["/request/"] = resigned(inside, **changes)
    await inside.open("/present?" + request["link"].partition("?")[2])
    await inside.go("/present")
    assert inside.response.status == 400
    for said in (check.id, check.rule, check.clause, str(check.fault), check.remedy):
        assert said in inside.text
    assert inside.contents.log[-1].check == check.id


@pytest.mark.slow
@pytest.mark.parametrize(("check", "changes"), BEFORE_CONSENT.items(), ids=named)
async def test_a_request_that_cannot_be_answered_is_explained_and_its_verifier_told(
    inside: Pages, check: Check, changes: dict[str, Any]
) -> None:
    request = await inside.world.request()
    inside.world.outbound.edits["/request/"] = resigned(inside, **changes)
    await inside.open("/present?" + request["link"].partition("?")[2])
    await inside.go("/present")
    assert inside.title == "This request is not answered"
    for said in (check.id, check.rule, check.clause, str(check.fault), check.remedy, "Utopia verifier"):
        assert said in inside.text
    inside.world.paths()
    response = await inside.submit(decision="tell")
    assert response.status == 303
    assert [path.split("/")[1] for path in inside.world.paths()] == ["response"]
    assert (await inside.world.result(request["session"]))["state"] == "refused"


@pytest.mark.slow
async def test_a_request_that_cannot_be_answered_can_be_left(inside: Pages) -> None:
    request = await inside.world.request()
    inside.world.outbound.edits["/request/"] = resigned(inside, redirect_uri="https://verifier.example/")
    await inside.open("/present?" + request["link"].partition("?")[2])
    await inside.go("/present")
    await inside.go(decision="forget")
    assert inside.path == "/"
    assert (await inside.world.result(request["session"]))["state"] == "pending"


@pytest.mark.slow
async def test_somebody_whom_nobody_vouches_for_is_shown_as_such(tmp_path: Path) -> None:
    async with wallet_pages(tmp_path, profile="plain") as pages:
        await pages.enter()
        await pages.receive(type="diploma", formats=["dc+sd-jwt"])
        await pages.ask(DIPLOMA, client_id_prefix="redirect_uri", response_mode="direct_post")
        assert pages.title == "verifier.localhost asks"
        assert "Nobody vouches for who asks" in pages.text
        assert "Warning: It does not show what it has registered" in pages.text
        assert "It does not say." in pages.text
        assert (await pages.submit(decision="accept", **pages.ticked())).status == 303


# --- what is held -----------------------------------------------------------------------------------------------------


@pytest.mark.slow
async def test_a_credential_is_shown_with_all_that_is_known_of_it(inside: Pages) -> None:
    await inside.receive(formats=["dc+sd-jwt"])
    for said in ("Voorbeeld", "Street and number", "Utopia identity office", "urn:eudi:pid:1", "not looked up"):
        assert said in inside.text
    path = inside.path
    await inside.go(action="status")
    assert "valid, as of 2026-11-22 00:00 UTC" in inside.text
    await inside.world.operate("issuer", "/revocations", {"person": "erika"})
    await inside.world.operate("issuer", "/status/publish", {})
    inside.world.clock.advance(61)
    await inside.go(action="status")
    assert "not valid any more" in inside.text
    assert inside.path == path
    await inside.ask()
    assert "Its issuer says that it is not valid any more" in inside.text


@pytest.mark.slow
async def test_what_changed_is_shown_until_it_was_seen(inside: Pages) -> None:
    await inside.receive(formats=["dc+sd-jwt"])
    register = register_of(inside.world)
    try:
        claims = dict(await register.load_claims("erika", "pid"))
        own = {name: value for name, value in claims.items() if name != "portrait" and not name.startswith("age_")}
        await register.change("erika", "pid", own | {"family_name": "Esempio"})
    finally:
        register.close()
    await inside.go(action="renew")
    assert "The issuer changed what it says of you" in inside.text
    (row,) = inside.page.text("tr")[1:]
    assert row == "Family name Voorbeeld Esempio"
    path = inside.path
    await inside.open("/")
    assert "changed" in inside.text
    await inside.open(path)
    await inside.go(action="seen")
    assert "changed what it says" not in inside.text
    await inside.go(action="dance")
    assert inside.path == path
    await inside.open("/log")
    assert "These claims changed:" in inside.text
    assert "Esempio" not in inside.text


@pytest.mark.slow
async def test_a_credential_that_cannot_be_renewed_says_so(inside: Pages) -> None:
    await inside.receive(formats=["dc+sd-jwt"])
    path = inside.path
    await inside.wallet.safe.change(lambda contents: (replace(contents, grants={}), None))
    await inside.open(path)
    assert "The issuer does not renew it" in inside.text


@pytest.mark.slow
@pytest.mark.requirement("PAD_01")
async def test_deletion_is_asked_twice_and_final(inside: Pages) -> None:
    await inside.receive(formats=["mso_mdoc"])
    path = inside.path
    await inside.open(path + "/delete")
    assert "It cannot be brought back" in inside.text
    assert len(inside.contents.holdings) == 1
    await inside.go(path + "/delete")
    assert inside.path == "/"
    assert inside.contents.holdings == ()
    await inside.open(path)
    assert Check.HELD.rule in inside.text


@pytest.mark.slow
async def test_what_is_out_of_date_is_shown_as_such(inside: Pages) -> None:
    await inside.receive(formats=["mso_mdoc"])
    inside.world.clock.advance(20 * DAY)
    await inside.enter()
    await inside.open("/")
    assert "out of date" in inside.text


@pytest.mark.slow
async def test_what_is_not_valid_yet_is_shown_as_such_and_to_nobody_else(inside: Pages) -> None:
    await inside.receive(formats=["dc+sd-jwt"])
    (held,) = inside.contents.holdings
    later = structs.replace(held.credential, valid_from=inside.world.clock.now() + 20)
    changed = replace(held, batch=replace(held.batch, credential=later))
    await inside.wallet.safe.change(lambda contents: (replace(contents, holdings=(changed,)), None))
    await inside.open("/")
    assert "not valid yet" in inside.text
    assert "out of date" not in inside.text
    await inside.ask()
    assert "Your wallet has nothing that answers" in inside.text
    inside.world.clock.advance(20)
    await inside.open("/")
    assert "not valid yet" not in inside.text
    await inside.ask()
    assert "Your wallet has nothing that answers" not in inside.text


@pytest.mark.slow
@pytest.mark.requirement("DASH_02b")
async def test_a_page_of_the_log_has_so_many_lines_and_says_that_there_are_more(inside: Pages) -> None:
    entry = Entry(
        id="a",
        at=inside.world.clock.now(),
        happening=Happening.DECLINED,
        outcome=Outcome.DONE,
        counterpart=Counterpart(name="Somebody", host="a.example", certified=False),
    )
    for count, more in ((MAX_LINES, False), (MAX_LINES + 1, True)):
        await inside.wallet.safe.change(lambda contents, count=count: (replace(contents, log=(entry,) * count), None))
        await inside.open("/log")
        assert inside.text.count("Somebody") == MAX_LINES
        assert ("zegel wallet log" in inside.text) is more


@pytest.mark.slow
async def test_the_log_tells_names_and_no_values(inside: Pages) -> None:
    await inside.open("/log")
    assert "Nothing has happened yet" in inside.text
    await inside.receive()
    await inside.ask()
    await inside.submit(decision="accept")
    await inside.ask(DIPLOMA)
    await inside.submit(decision="refuse")
    await inside.open("/log")
    for said in ("Shared with Utopia verifier", "Given names", "You said no to Utopia verifier", "Received from"):
        assert said in inside.text
    assert "Asked for, and not shared:Degree" in inside.text.replace(": ", ":")
    assert "Voorbeeld" not in inside.text
    assert "Erika" not in inside.text


@pytest.mark.slow
async def test_a_long_log_says_where_the_rest_is(inside: Pages) -> None:
    await inside.receive(formats=["mso_mdoc"])
    (entry,) = inside.contents.log
    await inside.wallet.safe.change(lambda contents: (replace(contents, log=(entry,) * 201), None))
    await inside.open("/log")
    assert "zegel wallet log" in inside.text
