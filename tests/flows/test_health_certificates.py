"""A health certificate becomes an attestation that the rules are met: for its holder, and with nothing of it."""

import io
import json
import tempfile
import zlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from sqlite3 import connect
from typing import Any

import pytest
from zegel_testing.authorities import DAY, NOW
from zegel_testing.browser import link_of, text_of
from zegel_testing.canaries import Evidence, canary, leaks
from zegel_testing.erika import erika
from zegel_testing.hand_wallet import HandWallet
from zegel_testing.health import Health, code_of, payload
from zegel_testing.issuing_world import IssuingWorld, TestWallet, hidden_fields, issuing_world, location_of
from zegel_testing.leaks import Secrets
from zegel_testing.logs import logging_to
from zegel_testing.sandboxes import sandbox_at
from zegel_testing.second_issuer import hand_wallet, share, show_and_return

from zegel.adapters.entropy import system_random
from zegel.adapters.memory import ManualClock
from zegel.adapters.register import DemoPerson, open_register
from zegel.checks import Check
from zegel.config.health import HealthConfig
from zegel.config.setting import Database, Origin, Port
from zegel.errors import Denied, Malformed, Rejected
from zegel.primitives.base45 import parse_base45
from zegel.primitives.http import HttpRequest, HttpResponse
from zegel.services.log_in import MAX_TRIES
from zegel.services.sources import lifetime

pytestmark = [pytest.mark.anyio, pytest.mark.slow]
UTOPIA = Health()
LETTERS = str.maketrans("0123456789", "ABCDEFGHIJ")  # a name on a certificate has no digits
RECENT: dict[str, Any] = {
    "Identifier": "VR-UT-0001",
    "Type": "Acceptance",
    "Country": "UT",
    "Version": "1.0.0",
    "SchemaVersion": "1.0.0",
    "Engine": "CERTLOGIC",
    "EngineVersion": "1.0.0",
    "CertificateType": "Vaccination",
    "Description": [
        {"lang": "en", "desc": "The vaccination is at most 270 days old."},
        {"lang": "de", "desc": "Die Impfung ist höchstens 270 Tage alt."},
    ],
    "ValidFrom": "2021-01-01T00:00:00Z",
    "ValidTo": "2099-01-01T00:00:00Z",
    "AffectedFields": ["v.0.dt"],
    "Logic": {
        "not-after": [
            {"plusTime": [{"var": "external.validationClock"}, 0, "day"]},
            {"plusTime": [{"var": "payload.v.0.dt"}, 270, "day"]},
        ]
    },
}


class Office:
    """The identity office, a health office, and a wallet that holds Erika's PID."""

    def __init__(self, identity: IssuingWorld, health: IssuingWorld, hand: HandWallet) -> None:
        self.identity, self.health, self.hand = identity, health, hand

    async def at(self, seconds: int) -> None:
        """Let this much of today pass, and publish what is due by then."""
        for world in (self.identity, self.health):
            world.clock.advance(seconds)
        for timer in self.identity.roles[0].timers:
            await timer.act()

    def code(self, **changes: Any) -> str:
        """A certificate of Erika's, of a month ago."""
        return UTOPIA.code(payload(dt="2026-08-01") | changes).decode()

    async def ask(self, **members: Any) -> tuple[TestWallet, Any, HttpResponse]:
        """A wallet that asks, and the page on which a certificate is to be brought."""
        wallet = self.health.wallet()
        pause = await wallet.push(await self.health.offer("vaccination_valid", **members))
        return wallet, pause, await wallet.browser.open(pause.url)

    async def bring(self, wallet: TestWallet, page: HttpResponse, code: str) -> HttpResponse:
        """Bring a certificate; the page that is then shown."""
        fields = hidden_fields(page) | {"code": code}
        return await wallet.browser.follow(await wallet.browser.post("/log-in/certificate", fields))


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with office_at(tmp_path) as opened:
        yield opened


@asynccontextmanager
async def office_at(folder: Path, *people: DemoPerson) -> AsyncIterator[Office]:
    """Both offices; the register has people besides, or instead of whoever had their log-in name."""
    (folder / "health.der").write_bytes(UTOPIA.der)
    (folder / "rules").mkdir()
    (folder / "rules" / "recent.json").write_text(json.dumps(RECENT))
    config = sandbox_at(folder)
    source = f"sqlite:///{config.issuer.source.register}"
    with closing(open_register(source, clock=ManualClock(NOW), random=system_random)) as register:
        register.add(people, random=system_random)
    trusted = HealthConfig(trust=(folder / "health.der",), rules=folder / "rules", rule_set="UT/recent")
    async with AsyncExitStack() as stack:
        identity = await stack.enter_async_context(issuing_world(config))
        health = await stack.enter_async_context(
            issuing_world(
                replace(config, health=trusted),
                origin=Origin("http://health.localhost:7198"),
                operator_port=Port(7298),
                name="Utopia health office",
                database=Database(f"sqlite:///{folder}/data/health.db"),
                types=("vaccination_valid", "residence"),
            )
        )
        share(identity, health)
        yield Office(identity, health, await hand_wallet(identity, health))


def refusal_on(page: HttpResponse) -> str:
    """The check that a page names."""
    return text_of(page).partition("<dt>Check</dt><dd>")[2].partition("</dd>")[0]


async def test_an_offer_may_name_whoever_will_bring_a_certificate(office: Office) -> None:
    assert (await office.health.offer("vaccination_valid", person="nobody yet"))["credential_offer"]
    with pytest.raises(Rejected) as refused:
        await office.health.site.offers.offer("residence", person="nobody yet")
    assert refused.value.check is Check.PERSON


async def test_who_brings_a_certificate_and_presents_a_pid_is_attested_one_thing(office: Office) -> None:
    wallet, pause, page = await office.ask()
    assert "Bring your certificate" in text_of(page)
    asking = await office.bring(wallet, page, office.code())
    assert "Present from your wallet" in text_of(asking)
    consent = await show_and_return(office.hand, wallet, asking)
    assert "Issue to this wallet?" in text_of(consent)
    assert "Erika" not in text_of(consent)
    done = await wallet.finish(await wallet.come_back(pause, location_of(await wallet.decide(consent))))
    assert len(done.received) == 2
    for received in done.received:
        for copy in wallet.verify(received, done):
            claims = json.dumps(copy.claims, default=str)
            assert '"vaccination_valid": true' in claims
            assert '"rule_set": "UT/recent"' in claims
            for said in ("Erika", "Voorbeeld", "1986", "EU/1/20/1528", "URN:UVCI", "2026-08-01"):
                assert said not in claims


@pytest.mark.refuses(Check.HEALTH_HOLDER)
async def test_the_certificate_of_somebody_else_is_refused(office: Office) -> None:
    wallet, _, page = await office.ask()
    other = {"nam": {"fn": "Muster", "fnt": "MUSTER", "gn": "Max", "gnt": "MAX"}}
    asking = await office.bring(wallet, page, office.code(**other))
    refusal = await show_and_return(office.hand, wallet, asking)
    assert refusal_on(refusal) == Check.HEALTH_HOLDER.id
    for said in ("Max", "Muster", "Erika", "Voorbeeld"):
        assert said not in text_of(refusal)


async def test_whoever_took_the_wrong_picture_brings_another_one(office: Office, tmp_path: Path) -> None:
    """The visit is what it was before, and keeps nothing of either."""
    wallet, pause, page = await office.ask()
    before = kept(tmp_path)["visit"]
    other = {"nam": {"fn": "Muster", "fnt": "MUSTER", "gn": "Max", "gnt": "MAX"}}
    refusal = await show_and_return(office.hand, wallet, await office.bring(wallet, page, office.code(**other)))
    assert "Neither of the two has been kept" in text_of(refusal)
    assert kept(tmp_path)["visit"] == before
    assert kept(tmp_path)["presentation session"] < 200
    again = await wallet.browser.open(office.health.issuer + link_of(refusal, "Bring another certificate"))
    assert "Bring your certificate" in text_of(again)
    asking = await office.bring(wallet, again, office.code())
    consent = await show_and_return(office.hand, wallet, asking)
    assert await wallet.finish(await wallet.come_back(pause, location_of(await wallet.decide(consent))))


async def test_after_five_certificates_the_visit_is_over(office: Office) -> None:
    wallet, _, page = await office.ask()
    for _ in range(MAX_TRIES):
        page = await office.bring(wallet, page, "HC1:BB8")
    page = await office.bring(wallet, page, office.code())
    assert refusal_on(page) == Check.LOG_IN_OPEN.id
    assert "expected at most 5 certificates in one log-in" in text_of(page)
    assert "password" not in text_of(page)


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("HC1:BB8", "This is no code of a certificate."),
        (Health(name="Nobody").code().decode(), Check.HEALTH_SIGNER.rule),
        (UTOPIA.code(payload(dt="2025-08-01")).decode(), "The vaccination is at most 270 days old."),
        # it would be the 271st day before the attestation ends
        (UTOPIA.code(payload(dt="2026-01-05")).decode(), "The vaccination is at most 270 days old."),
        (UTOPIA.code(claims={4: 1_000_000_000}).decode(), Check.HEALTH_VALIDITY.rule),
    ],
    ids=["nonsense", "nobody's", "old", "soon old", "expired"],
)
async def test_a_certificate_that_does_not_count_is_told_why_and_another_may_be_brought(
    office: Office, code: str, says: str
) -> None:
    wallet, _, page = await office.ask()
    refusal = await office.bring(wallet, page, code)
    assert refusal.status == 400
    assert says in text_of(refusal)
    assert "Erika" not in text_of(refusal)
    asking = await office.bring(wallet, refusal, office.code())
    assert "Present from your wallet" in text_of(asking)


@pytest.mark.parametrize(
    ("languages", "says"),
    [
        ("de-AT, en;q=0.5", "Die Impfung ist höchstens 270 Tage alt."),
        ("en, de;q=0.5", "The vaccination is at most 270 days old."),
        ("hu", "The vaccination is at most 270 days old."),
    ],
)
@pytest.mark.parametrize("dt", ["2025-08-01", "2026-01-05"], ids=["old", "soon old"])
async def test_the_rule_is_said_in_the_language_of_the_browser(
    office: Office, languages: str, says: str, dt: str
) -> None:
    wallet, _, page = await office.ask()
    wallet.browser.languages = languages
    refusal = await office.bring(wallet, page, UTOPIA.code(payload(dt=dt)).decode())
    assert says in text_of(refusal)


async def test_an_issuer_that_would_attest_without_rules_does_not_open(tmp_path: Path) -> None:
    (tmp_path / "health.der").write_bytes(UTOPIA.der)
    config = replace(sandbox_at(tmp_path), health=HealthConfig(trust=(tmp_path / "health.der",)))
    with pytest.raises(Malformed, match="set it, or leave out") as refusal:
        async with issuing_world(config, types=("vaccination_valid", "residence")):
            pass
    assert refusal.value.field == "health.rules"
    async with issuing_world(config, types=("residence",)) as world:
        assert await world.offer("residence")


async def test_nothing_outlives_the_certificate(office: Office) -> None:
    wallet, _, page = await office.ask()
    now = office.health.clock.now()
    short = UTOPIA.code(payload(dt="2026-08-01"), claims={4: now + 2 * DAY - 1}).decode()
    assert Check.HEALTH_VALIDITY.rule in text_of(await office.bring(wallet, page, short))


@pytest.mark.parametrize("late", [-1, 0, 1, 20])
async def test_nothing_outlives_the_certificate_where_it_is_renewed_after_midnight(office: Office, late: int) -> None:
    """As late in a day as what is issued at the end of the log-in ends in two days, of a certificate that does, too."""
    lasts = lifetime(0)
    await office.at(DAY - lasts - 1)
    wallet, pause, page = await office.ask()
    ends = NOW + 2 * DAY
    await office.bring(wallet, page, UTOPIA.code(payload(dt="2026-08-01"), claims={4: ends}).decode())
    office.health.clock.advance(840)
    consent = await show_and_return(office.hand, wallet, await wallet.browser.get("/log-in"))
    done = await wallet.finish(await wallet.come_back(pause, location_of(await wallet.decide(consent))))
    assert {copy.valid_until for received in done.received for copy in wallet.verify(received, done)} == {ends}
    office.health.clock.advance(lasts - 840 + late)
    again = wallet.renew(done, await office.health.offer("vaccination_valid"))
    if late > 0:
        with pytest.raises(Denied, match="nothing is known"):
            await again
    else:
        renewed = await again
        copies = [copy for received in renewed.received for copy in wallet.verify(received, renewed)]
        assert {copy.valid_until for copy in copies} == {ends}


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("", "Nothing was brought."),
        ("  ", "Nothing was brought."),
        ("HC1:nonsense", "This is no code of a certificate."),
        ("hello", "This is no code of a certificate."),
    ],
)
async def test_what_is_no_certificate_is_said_to_be_none_in_plain_words(office: Office, code: str, said: str) -> None:
    wallet, _, page = await office.ask()
    for _ in range(2):
        page = await office.bring(wallet, page, code)
        assert page.status == 400
        assert said in text_of(page)
        assert Check.SYNTAX.rule not in text_of(page)
    assert "Present from your wallet" in text_of(await office.bring(wallet, page, office.code()))


async def test_nothing_is_no_try(office: Office) -> None:
    wallet, _, page = await office.ask()
    for _ in range(MAX_TRIES + 1):
        page = await office.bring(wallet, page, "")
    assert "Present from your wallet" in text_of(await office.bring(wallet, page, office.code()))


async def test_other_types_are_asked_for_as_ever(office: Office) -> None:
    wallet = office.health.wallet()
    page = await wallet.browser.open((await wallet.push(await office.health.offer("residence"))).url)
    assert "Password" in text_of(page)
    refusal = await wallet.browser.post("/log-in/certificate", hidden_fields(page) | {"code": office.code()})
    assert refusal_on(refusal) == Check.LOG_IN_OPEN.id


async def test_neither_certificate_nor_pid_is_kept(office: Office, tmp_path: Path) -> None:
    """Both are gone with the decision. Of the presentation a mark is left that it was collected, and no answer."""
    wallet, pause, page = await office.ask()
    asking = await office.bring(wallet, page, office.code())
    assert "visit" in kept(tmp_path)
    consent = await show_and_return(office.hand, wallet, asking)
    await wallet.finish(await wallet.come_back(pause, location_of(await wallet.decide(consent))))
    left = kept(tmp_path)
    assert "visit" not in left
    assert left["presentation session"] < 200
    assert left["gathered record"] < 200  # that the rules are met, and which


def kept(folder: Path) -> dict[str, int]:
    """What the health office has of each kind, and the bytes of the longest."""
    with closing(connect(folder / "data" / "health.db")) as database:
        return dict(database.execute("SELECT kind, MAX(LENGTH(value)) FROM records GROUP BY kind"))


# --- values that stand nowhere else in the world ----------------------------------------------------------------------

BORN = "1931-07-23"
MARKED = {name: canary(system_random).translate(LETTERS) for name in ("family name", "given name", "another's name")}
MARKED |= {name: canary(system_random) for name in ("product", "manufacturer", "centre", "UCI")}


def marked(**changes: Any) -> dict[str, Any]:
    """A certificate whose every value that has room for one is a canary; those of the PID are the same."""
    family, given = MARKED["family name"], MARKED["given name"]
    entry = {"mp": MARKED["product"], "ma": MARKED["manufacturer"], "is": MARKED["centre"], "dt": "2026-08-01"}
    name = {"fn": family.title(), "fnt": family, "gn": given.title(), "gnt": given}
    return payload(**(entry | {"ci": f"URN:UVCI:01:UT:{MARKED['UCI']}#A", "nam": name, "dob": BORN} | changes))


def marked_person() -> DemoPerson:
    """Erika under the names of that certificate."""
    person = erika()
    shared = {"family_name": MARKED["family name"].title(), "given_name": MARKED["given name"].title()}
    claims = {**person.claims, "": {**person.claims[""], **shared, "birth_date": BORN}}
    return replace(person, claims=claims)


def piece_of(code: str) -> set[bytes]:
    """A part of a code near its end, where the signature is: also as a form spells it, with a plus for a space."""
    piece = code[-60:-20]
    return {piece.encode(), piece.replace(" ", "+").encode()}


def layers_of(code: str) -> set[bytes]:
    """The same of each of its layers: compressed, it shows none of what it says."""
    packed = parse_base45(code.removeprefix("HC1:").encode(), what="test")
    return piece_of(code) | {packed[-40:-8], zlib.decompress(packed)[-40:]}


@dataclass
class Heard:
    """What the health office was sent, and what it answered, until then."""

    sent: list[bytes] = field(default_factory=list)
    answered: list[bytes] = field(default_factory=list)

    def listen(self, office: Office) -> None:
        """Listen to whatever is sent there from now on."""
        handle = office.health.handlers[office.health.issuer]

        async def heard(request: HttpRequest) -> HttpResponse:
            response = await handle(request)
            self.sent.append(b"\n".join([request.url.encode(), request.body, repr(request.headers).encode()]))
            self.answered.append(response.body + repr(response.headers).encode())
            return response

        office.health.handlers[office.health.issuer] = heard


async def test_no_value_of_certificate_or_pid_is_in_a_file_a_log_or_a_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of one that counts and of those that do not: while the visit is open, when it is over, and when all has ended."""
    good = UTOPIA.code(marked()).decode()
    another = {"fn": MARKED["another's name"], "fnt": MARKED["another's name"], "gn": "M", "gnt": "M"}
    refused = {
        "refused by a rule": UTOPIA.code(marked(dt="2025-08-01")).decode(),
        "of a signature that does not hold": code_of(UTOPIA.cose(marked())[:-1] + b"x").decode(),
        "of nobody's": Health(name="Nobody").code(marked()).decode(),
        "damaged": good[:-9] + "AAAAAAAAA",
        "cut off": good[: len(good) // 2],
    }
    secrets: Secrets = {name: {value.encode(), value.title().encode()} for name, value in MARKED.items()}
    secrets |= {"birth date": {BORN.encode(), BORN.replace("-", "").encode()}, "good": layers_of(good)}
    secrets |= {name: piece_of(code) for name, code in refused.items()}
    (temporary := tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    log, heard = io.StringIO(), Heard()

    def evidence(*folders: Path) -> Evidence:
        texts = {"log": log.getvalue().encode(), "pages": b"\n".join(heard.answered)}
        return Evidence(texts=texts, folders=folders or (register.parent, temporary), apart=(register,))

    with logging_to(log):
        async with office_at(tmp_path, marked_person()) as office:
            register = office.health.config.issuer.source.register
            heard.listen(office)
            wallet, _, page = await office.ask()
            for code in refused.values():  # as many as a visit has tries
                page = await office.bring(wallet, page, code)
                assert page.status == 400
            wallet, pause, page = await office.ask()
            asking = await office.bring(wallet, page, good)
            assert "visit" in kept(tmp_path)
            assert {"health.db", "health.db-wal"} <= {path.name for path in evidence().files()}
            assert leaks(secrets, evidence()) == []
            consent = await show_and_return(office.hand, wallet, asking)
            await wallet.finish(await wallet.come_back(pause, location_of(await wallet.decide(consent))))
            assert leaks(secrets, evidence()) == []
            wallet, _, page = await office.ask()
            asking = await office.bring(wallet, page, UTOPIA.code(marked(nam=another)).decode())
            assert refusal_on(await show_and_return(office.hand, wallet, asking)) == Check.HEALTH_HOLDER.id
    assert leaks(secrets, evidence(tmp_path)) == []
    assert Check.HEALTH_HOLDER.id in log.getvalue()
    brought = Evidence(texts={"sent": b"\n".join(heard.sent)}, folders=(), apart=())
    assert leaks(secrets, brought) == sorted(f"{name} in sent" for name in ("good", *refused))
    known = Evidence(texts={}, folders=(register.parent,), apart=())
    found = {leak.partition(" in ")[0] for leak in leaks(secrets, known)}
    assert found == {"family name", "given name", "birth date"}, "the register has them, and the search finds them"
