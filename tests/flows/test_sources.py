"""Where an issuer's persons come from: a CSV file, an OpenID Provider, and what they present from their wallets."""

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from zegel_testing.browser import link_of, text_of
from zegel_testing.hand_wallet import HandWallet
from zegel_testing.issuing_world import IssuingWorld, TestWallet, hidden_fields, issuing_world, location_of
from zegel_testing.sandboxes import sandbox_at
from zegel_testing.second_issuer import hand_wallet, share, show_and_return
from zegel_testing.upstream import CLIENT_SECRET, UpstreamStandIn

from zegel.adapters.entropy import system_random
from zegel.config.roles import SourceConfig
from zegel.config.setting import Database, Origin, Port
from zegel.errors import Denied, Malformed, Rejected
from zegel.formats.credential import Format
from zegel.primitives.http import HttpRequest, HttpResponse
from zegel.protocols.oauth.lifetimes import ACCESS_TOKEN_SECONDS
from zegel.protocols.openid4vci.wallet.issuance import poll, refresh_step
from zegel.protocols.openid4vp.verifier import SAME_DEVICE_SECONDS
from zegel.services.sources import lifetime

pytestmark = pytest.mark.anyio

RESIDENCE = "http://residence.localhost:7199"


def hashed(password: str) -> str:
    """What a CSV file holds of a password."""
    kdf = Argon2id(salt=b"salt of the test", length=32, iterations=1, lanes=1, memory_cost=64)
    return kdf.derive_phc_encoded(password.encode())


def claims_of(wallet: TestWallet, done: Any) -> dict[str, Any]:
    """The claims of the first copy that came."""
    return dict(wallet.verify(done.received[0], done)[0].claims)


async def approved(wallet: TestWallet, pause: Any, page: HttpResponse) -> Any:
    """Approve on a consent page, and receive."""
    return await wallet.finish(await wallet.come_back(pause, location_of(await wallet.decide(page))))


# --- a CSV file -----------------------------------------------------------------------------------------------------


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[IssuingWorld]:
    """An issuer of residences with a CSV file."""
    header = "id,access_code,family_name,given_name,resident_country,resident_city,issuing_authority,issuing_country"
    row = f'ada,"{hashed("open sesame")}",Voorbeeld,Ada,NL,Utrecht,Town hall,UT'
    (tmp_path / "people.csv").write_text(f"{header}\n{row}\nmax,,Beispiel,Max,DE,Köln,Town hall,UT\n")
    source = SourceConfig(kind="csv", csv=tmp_path / "people.csv")
    async with issuing_world(sandbox_at(tmp_path), source=source, types=("residence",)) as world:
        yield world


@pytest.mark.slow
async def test_who_stands_in_the_file_logs_in_with_an_access_code(office: IssuingWorld) -> None:
    wallet = office.wallet()
    pause = await wallet.push(await office.offer("residence"))
    await wallet.browser.open(pause.url)
    done = await approved(wallet, pause, await wallet.enter("ada", "open sesame"))
    assert claims_of(wallet, done)["address"] == {"country": "NL", "locality": "Utrecht"}


@pytest.mark.slow
@pytest.mark.parametrize(("login", "password"), [("ada", "sesame"), ("max", ""), ("max", "x"), ("eve", "open sesame")])
async def test_nobody_else_gets_in(office: IssuingWorld, login: str, password: str) -> None:
    wallet = office.wallet()
    page = await wallet.browser.open((await wallet.push(await office.offer("residence"))).url)
    answer = await wallet.browser.post("/log-in", hidden_fields(page) | {"login": login, "password": password})
    assert "do not belong together" in text_of(answer)


async def test_the_operator_sees_who_stands_in_the_file(office: IssuingWorld) -> None:
    persons = (await office.operate("/persons", method="GET"))["persons"]
    assert persons == [{"id": "ada", "types": ["residence"]}, {"id": "max", "types": ["residence"]}]


async def test_who_was_struck_off_is_known_no_more_and_a_wrong_file_is_told_of(
    office: IssuingWorld, tmp_path: Path
) -> None:
    assert "notices" not in json.loads((await office.get("/readyz")).body)
    keep(tmp_path / "people.csv", but="ada,")
    assert (await office.operate("/persons", method="GET"))["persons"] == [{"id": "max", "types": ["residence"]}]
    keep(tmp_path / "people.csv", but="id,")
    assert (await office.operate("/persons", method="GET"))["persons"] == [{"id": "max", "types": ["residence"]}]
    (notice,) = json.loads((await office.get("/readyz")).body)["notices"]
    assert notice.startswith("people file: line 1: ")


def keep(file: Path, *, but: str) -> None:
    """The lines that begin otherwise."""
    file.write_text("".join(line for line in file.read_text().splitlines(True) if not line.startswith(but)))


async def test_a_file_that_is_not_named_is_found_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(Malformed, match=r"issuer\.source\.csv"):
        async with issuing_world(sandbox_at(tmp_path), source=SourceConfig(kind="csv")):
            pass


# --- an OpenID Provider ---------------------------------------------------------------------------------------------


@pytest.fixture
async def upstream(tmp_path: Path) -> AsyncIterator[tuple[IssuingWorld, UpstreamStandIn]]:
    """An issuer of residences and PIDs whose people log in at an OpenID Provider."""
    secret = tmp_path / "client.secret"
    secret.write_text(CLIENT_SECRET + "\n")
    secret.chmod(0o600)
    stand_in = UpstreamStandIn()
    source = SourceConfig(kind="oidc", provider=stand_in.issuer, client_id="identity-office", client_secret=secret)
    async with issuing_world(sandbox_at(tmp_path), source=source, types=("pid", "residence")) as world:
        stand_in.clock = world.clock
        world.handlers[stand_in.issuer] = stand_in.handle
        yield world, stand_in


async def at_provider(wallet: TestWallet, url: str) -> HttpResponse:
    """Open the wallet's link, follow the log-in page to the provider, and come back; the page that is then shown."""
    page = await wallet.browser.open(url)
    return await wallet.browser.open(link_of(page, "Log in at people.utopia.example"))


@pytest.mark.slow
async def test_who_logs_in_at_the_provider_receives_what_it_says(upstream: Any) -> None:
    world, stand_in = upstream
    wallet = world.wallet()
    pause = await wallet.push(await world.offer("pid"))
    page = await at_provider(wallet, pause.url)
    assert "Ada Voorbeeld" in text_of(page)
    done = await approved(wallet, pause, page)
    claims = claims_of(wallet, done)
    assert claims["birthdate"] == "1990-02-28"
    assert claims["nationalities"] == ["UT"]
    assert claims["issuing_authority"] == world.config.issuer.name  # the issuer's own word, whatever came along
    assert len(done.received) == 2
    assert [request.form()["grant_type"] for request in stand_in.token_requests] == ["authorization_code"]


@pytest.mark.slow
async def test_the_address_at_the_provider_has_pkce_state_and_nonce(upstream: Any) -> None:
    world, stand_in = upstream
    wallet = world.wallet()
    await at_provider(wallet, (await wallet.push(await world.offer("pid"))).url)
    asked = stand_in.asked[0]
    assert asked["code_challenge_method"] == "S256"
    assert len(asked["state"]) == len(asked["nonce"]) == len(asked["code_challenge"]) == 43
    assert asked["redirect_uri"] == world.issuer + "/log-in/return"


@pytest.mark.slow
async def test_what_came_along_is_forgotten_soon_and_a_renewal_asks_again(upstream: Any) -> None:
    world, _ = upstream
    wallet = world.wallet()
    pause = await wallet.push(await world.offer("residence"))
    proofs = await wallet.come_back(pause, location_of(await wallet.decide(await at_provider(wallet, pause.url))))
    world.clock.advance(lifetime(0))
    with pytest.raises(Denied) as refusal:
        await wallet.finish(proofs)
    assert refusal.value.code == "credential_request_denied"


async def test_what_came_along_is_gone_with_a_refusal(upstream: Any) -> None:
    world, _ = upstream
    wallet = world.wallet()
    pause = await wallet.push(await world.offer("residence"))
    await wallet.decide(await at_provider(wallet, pause.url), "refuse")
    assert await world.site.issuer._source.load_claims("ada-4711", "residence") is None


@pytest.mark.slow
async def test_what_takes_time_outlives_the_wait(tmp_path: Path) -> None:
    stand_in = UpstreamStandIn()
    source = SourceConfig(kind="oidc", provider=stand_in.issuer, client_id="identity-office")
    settings = {"types": ("residence",), "delayed_types": ("residence",), "delay": 7_200}
    async with issuing_world(sandbox_at(tmp_path), source=source, **settings) as world:
        stand_in.clock = world.clock
        world.handlers[stand_in.issuer] = stand_in.handle
        wallet = world.wallet()
        pause = await wallet.push(await world.offer("residence", formats=["mso_mdoc"]))
        waiting = await approved(wallet, pause, await at_provider(wallet, pause.url))
        world.clock.advance(7_200 + ACCESS_TOKEN_SECONDS // 2)
        fresh = await wallet.drive(refresh_step(waiting.session, now=world.clock.now(), random=system_random))
        step = poll(fresh.session, waiting.pending[0], now=world.clock.now(), random=system_random)
        assert len((await wallet.drive(step)).received) == 1


def refusal_on(page: HttpResponse) -> str:
    assert page.status >= 400
    return text_of(page).partition("<dt>Check</dt><dd>")[2].partition("</dd>")[0]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "check"),
    [
        ({"error": "access_denied"}, "access-denied"),
        ({"error": "server_error"}, "upstream-log-in"),
        ({"state": "another"}, "authorization-response"),
        ({"iss": "https://evil.example"}, "authorization-response"),
        ({"code": ""}, "authorization-response"),
        ({"claims": {"nonce": "another"}}, "upstream-log-in"),
        ({"claims": {"aud": "another"}}, "upstream-log-in"),
        ({"claims": {"iss": "https://evil.example"}}, "upstream-log-in"),
        ({"userinfo": {"sub": "eve"}}, "upstream-log-in"),
        ({"token_status": 400}, "upstream-log-in"),
        ({"token_status": 503}, "availability"),
        ({"stranger": True}, "signature"),
    ],
)
async def test_an_answer_that_is_not_the_providers_ends_at_a_page(
    upstream: Any, change: dict[str, Any], check: str
) -> None:
    world, stand_in = upstream
    stand_in.change = change
    wallet = world.wallet()
    page = await at_provider(wallet, (await wallet.push(await world.offer("pid"))).url)
    assert refusal_on(page) == check
    stand_in.change = {}  # and the visit goes on
    unreached = check in ("availability", "signature")
    page = await wallet.browser.get("/log-in" if unreached else link_of(page, "Back to the log-in, or to the wallet"))
    page = await wallet.browser.open(link_of(page, "Log in at people.utopia.example"))
    assert "Issue to this wallet?" in text_of(page)


async def test_an_answer_serves_once(upstream: Any) -> None:
    world, _ = upstream
    wallet = world.wallet()
    await at_provider(wallet, (await wallet.push(await world.offer("pid"))).url)
    (back,) = [request.url for request in wallet.browser.sent if request.path == "/log-in/return"]
    assert refusal_on(await wallet.browser.get(back)) == "log-in-open"


async def test_an_answer_is_for_the_browser_that_asked(upstream: Any) -> None:
    """Somebody lets a victim come back with the answer to a request of theirs."""
    world, _ = upstream
    attacker, victim = world.wallet(), world.wallet()
    page = await attacker.browser.open((await attacker.push(await world.offer("pid"))).url)
    to_provider = await attacker.browser.get(link_of(page, "Log in at people.utopia.example"))
    back = (await attacker.browser.get(location_of(to_provider))).header("location") or ""
    await victim.browser.open((await victim.push(await world.offer("pid"))).url)
    assert refusal_on(await victim.browser.get(back)) == "authorization-response"


@pytest.mark.slow
async def test_an_offer_for_a_person_is_for_the_sub_of_that_person(upstream: Any) -> None:
    world, _ = upstream
    for person, check in (("ada-4711", ""), ("eve-1", "person")):
        wallet = world.wallet()
        page = await at_provider(wallet, (await wallet.push(await world.offer("pid", person=person))).url)
        assert (refusal_on(page) if check else page.status) == (check or 200)
    page = await wallet.browser.get("/log-in")
    assert link_of(page, "Log in at people.utopia.example")
    assert "error=access_denied" in location_of(await wallet.browser.post("/log-in/leave", hidden_fields(page)))


@pytest.mark.parametrize("missing", ["provider", "client_id"])
async def test_a_provider_that_is_not_named_is_found_at_the_start(tmp_path: Path, missing: str) -> None:
    source = SourceConfig(kind="oidc", provider="https://people.utopia.example", client_id="x")
    with pytest.raises(Malformed, match=rf"issuer\.source\.{missing}"):
        async with issuing_world(
            sandbox_at(tmp_path), source=replace(source, **{missing: None if missing == "provider" else ""})
        ):
            pass


# --- another attestation --------------------------------------------------------------------------------------------


class Two:
    """The identity office, a town hall that issues residences to whoever presents a PID, and a wallet with PIDs."""

    def __init__(self, office: IssuingWorld, town: IssuingWorld, hand: HandWallet) -> None:
        self.office, self.town, self.hand = office, town, hand


@pytest.fixture
async def two(tmp_path: Path) -> AsyncIterator[Two]:
    async with AsyncExitStack() as stack:
        office = await stack.enter_async_context(issuing_world(sandbox_at(tmp_path)))
        town = await stack.enter_async_context(town_hall(tmp_path))
        share(office, town)
        yield Two(office, town, await hand_wallet(office, town))


def town_hall(folder: Path, *, query: Path | None = None, **settings: Any) -> Any:
    """An issuer of residences that asks for a PID."""
    source = SourceConfig(kind="presentation", query=query)
    return issuing_world(
        sandbox_at(folder),
        origin=Origin(RESIDENCE),
        operator_port=Port(7299),
        name="Town hall of Amaurot",
        database=Database(f"sqlite:///{folder}/data/town.db"),
        source=source,
        types=("residence",),
        **settings,
    )


async def presented(two: Two, wallet: TestWallet, url: str) -> HttpResponse:
    """Open the link, present from the wallet, come back; the page that is then shown."""
    return await show_and_return(two.hand, wallet, await wallet.browser.open(url))


@pytest.mark.slow
@pytest.mark.requirement("ISSU_27a")
async def test_residence_is_issued_to_whoever_presents_a_pid(two: Two) -> None:
    wallet = two.town.wallet()
    pause = await wallet.push(await two.town.offer("residence"))
    page = await presented(two, wallet, pause.url)
    assert "Erika Voorbeeld" in text_of(page)
    claims = claims_of(wallet, await approved(wallet, pause, page))
    assert claims["address"]["locality"] == "Utrecht"
    assert claims["issuing_authority"] == "Town hall of Amaurot"
    assert claims["issuing_country"] == "UT"


@pytest.mark.slow
async def test_a_pid_of_either_format_will_do(two: Two) -> None:
    two.hand.copies = [copy for copy in two.hand.copies if copy.format is Format.MDOC]
    wallet = two.town.wallet()
    pause = await wallet.push(await two.town.offer("residence", formats=["dc+sd-jwt"]))
    claims = claims_of(wallet, await approved(wallet, pause, await presented(two, wallet, pause.url)))
    assert claims["birthdate"] == "1986-03-14"


@pytest.mark.slow
async def test_the_question_asks_for_what_is_issued_and_no_more(two: Two) -> None:
    wallet = two.town.wallet()
    page = await wallet.browser.open((await wallet.push(await two.town.offer("residence"))).url)
    consent = await two.hand.open(link_of(page, "Open another wallet"))
    asked = {claim.id for query in consent.request.query.credentials for claim in query.claims}
    assert "personal_administrative_number" in asked
    assert not asked & {"portrait", "nationality", "email_address", "issuing_authority", "sex"}


@pytest.mark.slow
async def test_the_reference_is_the_number_with_who_vouches_for_it(two: Two) -> None:
    wallet = two.town.wallet()
    wallet.copies = 1
    pause = await wallet.push(await two.town.offer("residence"))
    await approved(wallet, pause, await presented(two, wallet, pause.url))
    reference = "Utopia identity office/UT-1986-000001"
    revoked = await two.town.operate("/revocations", {"person": reference})
    assert [batch["type"] for batch in revoked["revoked"]] == ["residence", "residence"]
    assert await two.town.operate("/persons", method="GET") == {"persons": [], "more": False}


@pytest.mark.slow
async def test_a_reload_keeps_the_question(two: Two) -> None:
    wallet = two.town.wallet()
    page = await wallet.browser.open((await wallet.push(await two.town.offer("residence"))).url)
    again = await wallet.browser.get("/log-in")
    assert link_of(page, "Open another wallet") == link_of(again, "Open another wallet")


@pytest.mark.slow
async def test_a_reload_after_the_answer_does_not_lose_it(two: Two) -> None:
    wallet = two.town.wallet()
    page = await wallet.browser.open((await wallet.push(await two.town.offer("residence"))).url)
    back = await two.hand.present(link_of(page, "Open another wallet"))
    assert back is not None
    assert "Your wallet has presented" in text_of(await wallet.browser.get("/log-in"))
    assert "Issue to this wallet?" in text_of(await wallet.browser.open(back))


@pytest.mark.slow
async def test_a_question_that_is_over_makes_room_for_another(two: Two) -> None:
    wallet = two.town.wallet()
    page = await wallet.browser.open((await wallet.push(await two.town.offer("residence"))).url)
    two.town.clock.advance(SAME_DEVICE_SECONDS)
    again = await wallet.browser.get("/log-in")
    assert link_of(page, "Open another wallet") != link_of(again, "Open another wallet")


@pytest.mark.slow
async def test_a_return_without_a_question_leads_nowhere(two: Two) -> None:
    wallet = two.town.wallet()
    await wallet.browser.get((await wallet.push(await two.town.offer("residence"))).url)
    assert refusal_on(await wallet.browser.get("/log-in/return?response_code=guess")) == "log-in-open"


async def test_without_a_wallet_on_this_machine_there_is_a_link_alone(tmp_path: Path) -> None:
    async with town_hall(tmp_path, wallet=None) as town:
        wallet = town.wallet()
        page = await wallet.browser.open((await wallet.push(await town.offer("residence"))).url)
        assert link_of(page, "Open your wallet").startswith("haip-vp://")
        assert "on this machine" not in text_of(page)


@pytest.mark.slow
async def test_a_presentation_helps_the_browser_in_which_it_was_asked_for_alone(two: Two) -> None:
    """The relay: somebody sends the town hall's question to a victim, and waits for the answer."""
    attacker, victim = two.town.wallet(), two.town.wallet()
    page = await attacker.browser.open((await attacker.push(await two.town.offer("residence"))).url)
    back = await two.hand.present(link_of(page, "Open another wallet"))
    assert back is not None
    await victim.browser.open((await victim.push(await two.town.offer("residence"))).url)
    assert refusal_on(await victim.browser.get(back)) == "response-code"
    assert refusal_on(await two.town.browser().get(back)) == "log-in-open"
    assert refusal_on(await attacker.browser.get("/log-in/return")) == "response-code"


@pytest.mark.slow
async def test_a_wallet_that_refuses_gets_a_page_and_another_chance(two: Two) -> None:
    wallet = two.town.wallet()
    pause = await wallet.push(await two.town.offer("residence"))
    page = await wallet.browser.open(pause.url)
    back = await two.hand.refuse(link_of(page, "Open another wallet"))
    assert back is not None
    page = await wallet.browser.open(back)
    assert refusal_on(page) == "consent"
    assert "Nothing has been issued." in text_of(page)
    page = await wallet.browser.open(link_of(page, "Share it after all, or go back to the wallet"))
    assert "Stop and go back to the wallet" in text_of(page)
    page = await presented(two, wallet, two.town.issuer + "/log-in")
    assert "Issue to this wallet?" in text_of(page)


@pytest.mark.slow
async def test_what_somebody_else_presents_is_not_kept_and_they_may_leave(two: Two) -> None:
    wallet = two.town.wallet()
    pause = await wallet.push(await two.town.offer("residence", person="somebody else"))
    page = await presented(two, wallet, pause.url)
    assert refusal_on(page) == "person"
    page = await wallet.browser.open(link_of(page, "Log in as somebody else, or go back to the wallet"))
    assert link_of(page, "Open another wallet")  # it is asked again
    assert "error=access_denied" in location_of(await wallet.browser.post("/log-in/leave", hidden_fields(page)))
    assert await two.town.operate("/persons", method="GET") == {"persons": [], "more": False}


@pytest.mark.slow
async def test_a_revoked_pid_gives_no_residence(two: Two) -> None:
    await two.office.operate("/revocations", {"person": "erika"})
    await two.office.operate("/status/publish")
    wallet = two.town.wallet()
    page = await wallet.browser.open((await wallet.push(await two.town.offer("residence"))).url)
    with pytest.raises(Rejected):
        await two.hand.present(link_of(page, "Open another wallet"))
    shown = text_of(await wallet.browser.get("/log-in"))
    assert "What was presented was not accepted" in shown
    assert "its status list is valid" in shown


@pytest.mark.slow
async def test_the_query_may_be_the_operators_own(tmp_path: Path) -> None:
    query = {
        "credentials": [
            {
                "id": "who",
                "format": "dc+sd-jwt",
                "meta": {"vct_values": ["urn:eudi:pid:1"]},
                "claims": [{"path": [name]} for name in ("family_name", "given_name")]
                + [{"path": ["address", name]} for name in ("country", "locality")],
            }
        ]
    }
    file = tmp_path / "query.json"
    file.write_text(json.dumps(query))
    async with AsyncExitStack() as stack:
        office = await stack.enter_async_context(issuing_world(sandbox_at(tmp_path)))
        town = await stack.enter_async_context(town_hall(tmp_path, query=file))
        share(office, town)
        two = Two(office, town, await hand_wallet(office, town))
        wallet = town.wallet()
        pause = await wallet.push(await town.offer("residence"))
        claims = claims_of(wallet, await approved(wallet, pause, await presented(two, wallet, pause.url)))
        assert set(claims["address"]) == {"country", "locality"}


@pytest.mark.slow
async def test_nothing_that_was_presented_can_be_read_on_the_town_halls_disk(two: Two, tmp_path: Path) -> None:
    wallet = two.town.wallet()
    pause = await wallet.push(await two.town.offer("residence"))
    await approved(wallet, pause, await presented(two, wallet, pause.url))
    for path in (tmp_path / "data").glob("town.db*"):
        content = path.read_bytes()
        for secret in (b"Voorbeeld", b"UT-1986-000001", b"Utrecht"):
            assert secret not in content, path.name


async def test_an_issuer_that_asks_nothing_serves_no_question(office: IssuingWorld) -> None:
    for method, path in (("GET", "/request/x"), ("POST", "/response/x")):
        response = await office.send(HttpRequest(method=method, url=office.issuer + path))
        assert json.loads(response.body)["check"] == "answered-once"
