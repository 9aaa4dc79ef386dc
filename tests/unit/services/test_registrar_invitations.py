"""Invitations: a first passkey for exactly the person that the operator named, with a code that counts once."""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from zegel_testing.authenticator import Authenticator
from zegel_testing.authorities import fixed_random
from zegel_testing.browser import Browser, text_of
from zegel_testing.register import party_json
from zegel_testing.registry_office import RegistryOffice, csrf_of, office_config, open_office

from zegel.adapters.codec import Codec
from zegel.adapters.sealing_keys import load_sealing_keys
from zegel.adapters.sql.store import SqlStore, open_store
from zegel.checks import Check
from zegel.errors import Unavailable
from zegel.primitives.http import HttpResponse
from zegel.protocols.webauthn.options import CHALLENGE_SECONDS
from zegel.services.register_reader import audit
from zegel.services.registrar import ITSELF
from zegel.services.registrar_invitations import MAX_TRIES, Invitation
from zegel.services.registrar_people import CODE_SECONDS
from zegel.trust.register.states import Deed

pytestmark = pytest.mark.anyio
RP_ID = "registrar.localhost"


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[RegistryOffice]:
    async with open_office(tmp_path) as opened:
        yield opened


async def invited(office: RegistryOffice, subject: str = "otto", **members: Any) -> str:
    """The code that the operator hands over."""
    body = {"subject": subject, "officer": True, "by": "operator"} | members
    status, answer = await office.operate("POST", "/invitations", body)
    assert (status, answer.get("address")) == (201, office.origin + "/sign-in/code"), answer
    return str(answer["code"])


async def enter(office: RegistryOffice, code: str) -> tuple[Browser, str, HttpResponse]:
    """Somebody enters a code: the browser, its page's token, and what was answered."""
    browser = office.browser()
    csrf = csrf_of(await browser.open(office.origin + "/sign-in/code"))
    return browser, csrf, await browser.post("/sign-in/code/options", {"csrf": csrf, "code": code})


def authenticator(office: RegistryOffice, seed: str = "authenticator", **changes: Any) -> Authenticator:
    return Authenticator(origin=office.origin, rp_id=RP_ID, seed=seed, **changes)


async def finish(browser: Browser, csrf: str, asked: HttpResponse, passkey: Authenticator) -> HttpResponse:
    """The authenticator makes what was asked for, and the browser sends it."""
    assert asked.status == 200, text_of(asked)
    answer = passkey.make(json.loads(asked.body))
    return await browser.post("/sign-in/code", {"csrf": csrf, "name": "Telephone", "answer": answer})


async def let_in(office: RegistryOffice, code: str, passkey: Authenticator) -> Browser:
    browser, csrf, asked = await enter(office, code)
    response = await finish(browser, csrf, asked, passkey)
    assert response.status == 303, text_of(response)
    await browser.follow(response)
    return browser


@dataclass
class Commits:
    """Those that were to come, of which the second, which takes the code, does not."""

    seen: int = 0
    lost: int = 0


@contextmanager
def dying(store: type[SqlStore]) -> Iterator[Commits]:
    """The process dies as the second durable commit is due: what it would have written is not there."""
    commits, kept = Commits(), store.transaction

    @asynccontextmanager
    async def transaction(self: SqlStore, *, durable: bool = False) -> AsyncIterator[Any]:
        commits.seen += durable
        async with kept(self, durable=durable) as opened:
            yield opened
            if durable and commits.seen == 2:
                commits.lost += 1
                raise Unavailable("store", "the process is killed here")

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(store, "transaction", transaction)
        yield commits


def assert_refused(response: HttpResponse, says: str = "a code that the operator made") -> None:
    told = text_of(response)
    assert response.status == 403, told
    assert Check.REGISTER_DUTY.id in told
    assert says in told


# --- what goes well ---------------------------------------------------------------------------------------------------


async def test_who_has_no_wallet_becomes_an_officer_and_signs_in_again_by_the_passkey(office: RegistryOffice) -> None:
    passkey = authenticator(office)
    browser = await let_in(office, await invited(office, name="Otto Officer"), passkey)
    assert browser.at == office.origin + "/desk"
    assert "Otto Officer, as an officer" in text_of(await browser.open(office.origin + "/desk"))
    _, known = await office.operate("GET", "/officers")
    assert [(each["subject"], each["name"]) for each in known["officers"]] == [("otto", "Otto Officer")]
    again = office.browser()
    csrf = csrf_of(await again.open(office.origin + "/sign-in"))
    options = json.loads((await again.post("/sign-in/passkey/options", {"csrf": csrf})).body)
    fields = {"csrf": csrf, "duty": "officer", "answer": passkey.answer(options)}
    assert (await again.post("/sign-in/passkey", fields)).header("location") == "/desk"


async def test_the_person_of_a_party_is_let_in_to_what_is_theirs_and_no_desk(office: RegistryOffice) -> None:
    await office.apply(by="librarian")
    browser = await let_in(office, await invited(office, "librarian", officer=False), authenticator(office))
    assert browser.at == office.origin + "/my"
    assert "Utopia Library" in text_of(await browser.open(office.origin + "/my"))
    assert (await browser.get(office.origin + "/desk")).header("location") == "/sign-in"


async def sign_in(office: RegistryOffice, passkey: Authenticator, *, duty: str) -> tuple[Browser, str | None]:
    """By the passkey alone: a browser, and where it is sent."""
    browser = office.browser()
    csrf = csrf_of(await browser.open(office.origin + "/sign-in"))
    options = json.loads((await browser.post("/sign-in/passkey/options", {"csrf": csrf})).body)
    fields = {"csrf": csrf, "duty": duty, "answer": passkey.answer(options)}
    return browser, (await browser.post("/sign-in/passkey", fields)).header("location")


NEW: dict[str, Any] = {"officer": False, "applicant": True, "name": "Petra Party"}


@pytest.mark.requirement("Reg_07")
async def test_who_is_new_and_has_no_wallet_registers_a_party_which_another_person_decides_on(
    office: RegistryOffice,
) -> None:
    passkey = authenticator(office)
    browser = await let_in(office, await invited(office, "petra", **NEW), passkey)
    assert browser.at == office.origin + "/my"
    assert "Petra Party, as a party" in text_of(await browser.open(office.origin + "/my"))
    again, location = await sign_in(office, passkey, duty="party")
    assert location == "/my"
    form = {"csrf": csrf_of(await again.open(office.origin + "/my/apply")), "document": party_json().decode()}
    mine = await again.follow(await again.post("/my/apply", form))
    assert "waits for an officer" in text_of(mine)
    officer = await let_in(office, await invited(office, name="Otto Officer"), authenticator(office, "otto's"))
    await decide(office, officer, "approve")
    _, entry = await office.operate("GET", "/registrations/NTRUT-1234567")
    assert (entry["standing"], len(entry["certificates"])) == ("registered", 2)
    assert "Utopia Library" in text_of(await again.open(office.origin + "/my"))


async def decide(office: RegistryOffice, browser: Browser, decision: str) -> HttpResponse:
    """Decide at the desk on what the library applied for, as it is shown there."""
    page = await browser.open(office.origin + "/desk/NTRUT-1234567")
    seen = page.body.decode().partition('name="seen" value="')[2].partition('"')[0]
    return await browser.post("/desk/NTRUT-1234567", {"csrf": csrf_of(page), "seen": seen, "decision": decision})


@pytest.mark.refuses(Check.REGISTER_DUTY)
async def test_an_applicant_decides_nothing(office: RegistryOffice) -> None:
    passkey = authenticator(office)
    browser = await let_in(office, await invited(office, "petra", **NEW), passkey)
    await office.apply(by="somebody else")
    assert (await office.operate("GET", "/officers"))[1]["officers"] == []
    at_desk, location = await sign_in(office, passkey, duty="officer")
    assert location == "/desk"
    page = await at_desk.open(office.origin + "/desk")
    assert "not known as an officer" in text_of(page)
    for who in (browser, at_desk):
        csrf = csrf_of(await who.open(office.origin + "/sign-in"))
        assert_refused(await who.post("/desk/NTRUT-1234567", {"csrf": csrf, "decision": "approve"}), "as officer")
    _, entry = await office.operate("GET", "/registrations/NTRUT-1234567")
    assert entry["standing"] == "applied"


@pytest.mark.refuses(Check.FOUR_EYES)
async def test_an_applicant_who_became_an_officer_since_does_not_decide_on_the_own_party(
    office: RegistryOffice,
) -> None:
    await let_in(office, await invited(office, "petra", **NEW), authenticator(office))
    await office.apply(by="petra")
    officer = await let_in(office, await invited(office, "petra"), authenticator(office, "as an officer"))
    refused = await decide(office, officer, "approve")
    assert (refused.status, Check.FOUR_EYES.id in text_of(refused)) == (403, True)
    _, entry = await office.operate("GET", "/registrations/NTRUT-1234567")
    assert entry["standing"] == "applied"


async def test_who_lost_the_code_before_it_was_used_is_invited_again_as_an_applicant(office: RegistryOffice) -> None:
    earlier = await invited(office, "petra", **NEW)
    later = await invited(office, "petra", **NEW)
    assert_refused((await enter(office, earlier))[2])
    await let_in(office, later, authenticator(office))


async def test_it_may_be_written_as_people_write(office: RegistryOffice) -> None:
    code = await invited(office)
    assert [len(group) for group in code.split("-")] == [4, 4, 4, 4]
    await let_in(office, f" {code.upper().replace('-', ' ')} ", authenticator(office))


async def test_who_breaks_off_enters_the_code_again(office: RegistryOffice) -> None:
    code = await invited(office)
    await enter(office, code)
    browser, csrf, asked = await enter(office, code)
    assert (await finish(browser, csrf, asked, authenticator(office, "first", flags=1))).status == 403
    await let_in(office, code, authenticator(office, "second"))


async def test_it_is_logged_who_invited_whom_and_that_an_officer_came_of_it(tmp_path: Path) -> None:
    config = office_config(tmp_path)
    async with open_office(tmp_path, config) as office:
        await let_in(office, await invited(office), authenticator(office))
    key = load_sealing_keys(config.registrar.sealing_key).current
    store = await open_store(config.registrar.database, key=key, clock=office.clock, random=fixed_random("audit"))
    async with store.transaction() as transaction:
        changes = await transaction.register.changes(after=0, limit=10)
    audited = await audit(store)
    store.close()
    assert [(each.deed, each.identifier, each.by) for each in changes] == [
        (Deed.INVITED, "otto", "operator"),
        (Deed.ENROLLED, "otto", "otto"),
    ]
    assert audited.head.size == 2


async def test_whoever_dies_before_the_commit_has_spent_nothing_and_after_it_has_the_passkey(tmp_path: Path) -> None:
    """The code, the passkey, the officer and the session are one transaction: all of it is there, or the code is."""
    config, passkey = office_config(tmp_path), Authenticator(origin="", rp_id=RP_ID)
    async with open_office(tmp_path, config) as office:
        passkey.origin = office.origin
        code = await invited(office)
        browser, csrf, asked = await enter(office, code)
        with dying(SqlStore) as commits:
            response = await finish(browser, csrf, asked, passkey)
        assert (response.status, commits.lost) == (503, 1)
    async with open_office(tmp_path, config) as office:
        assert (await office.operate("GET", "/officers"))[1]["officers"] == []
        await let_in(office, code, passkey)
    async with open_office(tmp_path, config) as office:
        assert len((await office.operate("GET", "/officers"))[1]["officers"]) == 1
        assert_refused((await enter(office, code))[2])


# --- and what does not ------------------------------------------------------------------------------------------------


async def test_a_code_counts_once(office: RegistryOffice) -> None:
    code = await invited(office)
    late, csrf, asked = await enter(office, code)  # entered by two, and the other one was quicker
    await let_in(office, code, authenticator(office))
    assert_refused((await enter(office, code))[2])
    assert_refused(await finish(late, csrf, asked, authenticator(office, "another")))
    _, known = await office.operate("GET", "/officers")
    assert len(known["officers"]) == 1


async def test_a_code_is_good_for_a_day(office: RegistryOffice) -> None:
    code, later = await invited(office), await invited(office, "hanna")
    office.clock.advance(CODE_SECONDS - 1)
    browser, csrf, asked = await enter(office, code)
    assert asked.status == 200
    office.clock.advance(1)
    assert_refused(await finish(browser, csrf, asked, authenticator(office)))
    assert_refused((await enter(office, later))[2])


async def test_five_wrong_codes_spend_it_and_four_do_not(office: RegistryOffice) -> None:
    code, spent = await invited(office), await invited(office, "hanna")
    for _ in range(MAX_TRIES - 1):
        assert_refused((await enter(office, _wrong(code)))[2])
    await let_in(office, code, authenticator(office))
    for _ in range(MAX_TRIES):
        assert_refused((await enter(office, _wrong(spent)))[2])
    assert_refused((await enter(office, spent))[2])


def _wrong(code: str) -> str:
    """The same invitation, and another secret."""
    return code[:-1] + ("a" if code[-1] != "a" else "b")


@pytest.mark.parametrize("code", ["", "-", "a", "aaaa-aaaa-aaaa-aaaa", "\N{LATIN SMALL LETTER DOTLESS I}" * 16])
async def test_what_is_no_code_is_refused_as_a_wrong_one(office: RegistryOffice, code: str) -> None:
    await invited(office)
    assert_refused((await enter(office, code))[2])


async def test_what_was_withdrawn_from_a_person_ends_the_invitation_too(office: RegistryOffice) -> None:
    code = await invited(office)
    browser, csrf, asked = await enter(office, code)
    await office.operate("POST", "/withdrawals", {"subject": "otto", "by": "operator"})
    assert_refused((await enter(office, code))[2])
    assert_refused(await finish(browser, csrf, asked, authenticator(office)))


async def test_who_is_dismissed_is_no_officer_again_by_a_code_from_before(office: RegistryOffice) -> None:
    await let_in(office, await invited(office), authenticator(office))
    code = await invited(office)
    browser, csrf, asked = await enter(office, code)
    await office.operate("POST", "/dismissals", {"subject": "otto", "by": "operator"})
    assert_refused((await enter(office, code))[2])
    assert_refused(await finish(browser, csrf, asked, authenticator(office, "second")))
    assert (await office.operate("GET", "/officers"))[1]["officers"] == []


async def test_of_two_codes_for_a_person_the_later_one_counts(office: RegistryOffice) -> None:
    earlier = await invited(office)
    browser, csrf, asked = await enter(office, earlier)
    later = await invited(office)
    assert_refused((await enter(office, earlier))[2])
    assert_refused(await finish(browser, csrf, asked, authenticator(office, "earlier")))
    await let_in(office, later, authenticator(office, "later"))


async def test_the_registrar_itself_is_nobody_to_invite(office: RegistryOffice) -> None:
    status, answer = await office.operate("POST", "/invitations", {"subject": ITSELF.subject, "by": "operator"})
    assert (status, answer["field"]) == (404, "subject")


async def test_a_stranger_is_invited_as_an_officer_or_an_applicant_or_not_at_all(office: RegistryOffice) -> None:
    body = {"subject": "nobody", "by": "operator"}
    status, answer = await office.operate("POST", "/invitations", body)
    assert (status, answer["field"]) == (404, "subject")
    assert (await office.operate("POST", "/invitations", body | {"officer": "yes"}))[0] == 400


@pytest.mark.parametrize("whose", ["an officer's", "a party's", "a passkey's"])
async def test_nobody_is_let_in_as_an_applicant_to_what_is_somebody_elses(office: RegistryOffice, whose: str) -> None:
    if whose == "an officer's":
        await office.officer("petra")
    elif whose == "a party's":
        await office.apply(by="petra")
    else:
        await let_in(office, await invited(office, "petra", **NEW), authenticator(office))
    body = {"subject": "petra", "by": "operator"} | NEW
    status, answer = await office.operate("POST", "/invitations", body)
    assert (status, answer["check"], answer["field"]) == (404, Check.REGISTER_ENTRY.id, "subject")
    assert (await office.operate("POST", "/invitations", body | {"applicant": False}))[0] == 201, "as who they are"


async def test_a_passkey_of_somebody_else_is_not_taken_and_the_code_is_not_spent(office: RegistryOffice) -> None:
    await let_in(office, await invited(office), passkey := authenticator(office))
    code = await invited(office, "hanna")
    browser, csrf, asked = await enter(office, code)
    refused = await finish(browser, csrf, asked, passkey)
    assert Check.PASSKEY_KNOWN.id in text_of(refused)
    await let_in(office, code, authenticator(office, "second"))


async def test_who_is_not_verified_makes_none_and_a_challenge_is_answered_once_and_in_time(
    office: RegistryOffice,
) -> None:
    code = await invited(office)
    browser, csrf, asked = await enter(office, code)
    unverified = await finish(browser, csrf, asked, authenticator(office, flags=1))
    assert Check.PASSKEY.id in text_of(unverified)
    again = await finish(browser, csrf, asked, authenticator(office))
    assert "once and lately" in text_of(again)
    browser, csrf, asked = await enter(office, code)
    office.clock.advance(CHALLENGE_SECONDS)
    assert "once and lately" in text_of(await finish(browser, csrf, asked, authenticator(office)))


async def test_another_browser_does_not_finish_what_one_began(office: RegistryOffice) -> None:
    code = await invited(office)
    _, _, asked = await enter(office, code)
    other = office.browser()
    csrf = csrf_of(await other.open(office.origin + "/sign-in/code"))
    assert "once and lately" in text_of(await finish(other, csrf, asked, authenticator(office)))
    form = {"csrf": "of another site", "code": code}
    assert (await other.post("/sign-in/code/options", form)).status == 403


async def test_the_secret_is_kept_as_a_hash_alone(office: RegistryOffice, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[bytes] = []
    kept = Codec.encode

    def encode(codec: Codec, value: object) -> bytes:
        encoded = kept(codec, value)
        if isinstance(value, Invitation):
            seen.append(encoded)
        return encoded

    monkeypatch.setattr(Codec, "encode", encode)
    code = (await invited(office)).replace("-", "")
    (record,) = seen
    assert code[8:].encode() not in record
    assert code[:8].encode() not in record
