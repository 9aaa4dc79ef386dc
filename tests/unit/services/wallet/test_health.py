"""Health certificates that a wallet holds: what each says, and what it is worth at which time."""

import re
from base64 import b64decode
from datetime import datetime
from typing import Any

import pytest
from zegel_testing.authorities import DAY, NOW, fixed_random
from zegel_testing.health import Health, payload
from zegel_testing.pictures import vector
from zegel_testing.who import who_claims

from zegel.adapters.codec import Codec
from zegel.adapters.value_set_names import load_value_sets
from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.formats.hcert.code import build_code
from zegel.formats.hcert.keys import DocumentSigners, parse_signer
from zegel.formats.hcert.who_schema import WhoProfile
from zegel.services.health import HealthDesk, health_codes
from zegel.services.wallet.contents import Happening, HealthCertificate, WalletContents
from zegel.services.wallet.health import MAX_CERTIFICATES, HealthBooks, HealthDrawer, UnreadCertificate
from zegel.services.wallet.health_words import HealthView, describe_health
from zegel.services.wallet.safe import Safe

pytestmark = pytest.mark.anyio
OFFICE = Health()


class Fixed:
    """A clock that stands, and a vault in memory."""

    def __init__(self, now: int = NOW) -> None:
        self._now = now
        self.value = WalletContents()

    def now(self) -> int:
        return self._now

    def exists(self) -> bool:
        return True

    def open(self, _passphrase: str) -> "Fixed":
        return self

    def create(self, _passphrase: str) -> "Fixed":
        return self

    def save(self, value: WalletContents) -> None:
        self.value = value

    def close(self) -> None:
        pass


async def drawer(
    now: int = NOW, signers: DocumentSigners | None = None, *held: HealthCertificate
) -> tuple[HealthDrawer, Fixed]:
    world = Fixed(now)
    world.value = WalletContents(certificates=held)
    safe = Safe(world, clock=world, idle=None)
    await safe.unlock("")
    signers = OFFICE.signers if signers is None else signers
    books = HealthBooks(desk=HealthDesk(signers), value_sets=load_value_sets(), old=7 * 86_400)
    random = fixed_random("drawer")
    return HealthDrawer(safe, books=books, clock=world, new_id=lambda: random(16).hex()), world


def code(certificate: Any = None, office: Health = OFFICE, **layers: Any) -> str:
    return build_code(office.cose(certificate, **layers))


async def seen(text: str, now: int = NOW, signers: DocumentSigners | None = None) -> HealthView:
    desk, _ = await drawer(now, signers)
    return describe_health(desk.judge(text), load_value_sets())


@pytest.mark.parametrize(
    ("kind", "title", "words"),
    [
        ("v", "Vaccination", {"Vaccine product": "Comirnaty", "Dose": "2 of 2", "Country": "UT"}),
        ("t", "Test", {"Result": "Not detected", "Type of test": "Nucleic acid amplification with probe detection"}),
        ("r", "Recovery", {"First positive test": "2026-09-01", "Valid until": "2027-02-28"}),
    ],
)
async def test_each_kind_is_said_in_words(kind: str, title: str, words: dict[str, str]) -> None:
    view = await seen(code(payload(kind)))
    assert (view.title, view.name, view.birth_date) == (title, "Erika Voorbeeld", "1986-03-14")
    assert words.items() <= dict(view.rows).items()
    assert (view.kind, view.verdict, view.check) == ("good", "valid", "")


async def test_it_is_judged_at_the_time_at_which_it_is_looked_at() -> None:
    text = code()
    assert (await seen(text, NOW + 180 * DAY)).verdict == "valid"
    late = await seen(text, NOW + 180 * DAY + 1)
    assert (late.kind, late.verdict, late.check) == ("warn", "expired", "health-validity")
    assert late.reasons[0] == "Its signature holds"
    assert late.reasons[1].startswith("It expired on 20")
    early = await seen(text, NOW - 2 * DAY)
    assert early.verdict == "not valid yet"
    assert early.reasons[1].startswith("It is issued in the future")
    waiting = await seen(code(claims={5: NOW + DAY}))
    assert (waiting.kind, waiting.verdict, waiting.check) == ("warn", "not valid yet", "health-validity")
    assert waiting.reasons == ("Its signature holds", "It counts from 2026-11-23")


@pytest.mark.parametrize(("years", "words"), [(0, ""), (1, ", a year ago"), (5, ", 5 years ago")])
async def test_how_long_ago_it_expired_is_said_in_years(years: int, words: str) -> None:
    view = await seen(code(), NOW + 181 * DAY + years * 366 * DAY)
    assert re.fullmatch(rf"It expired on [0-9-]{{10}}{words}", view.reasons[1])


async def test_an_unknown_signer_and_the_end_are_both_said() -> None:
    text, nobody = code(), DocumentSigners(())
    assert (await seen(text, NOW, nobody)).verdict == "not confirmed"
    late = await seen(text, NOW + 181 * DAY, nobody)
    assert (late.kind, late.verdict, late.check) == ("bad", "not confirmed, and expired", "health-signer")
    assert len(late.reasons) == 2


async def test_a_forged_one_is_not_valid() -> None:
    forger = Health()
    text = code(office=forger, protected={1: -7, 4: OFFICE.signer.kid})
    view = await seen(text)
    assert (view.kind, view.verdict, view.check) == ("bad", "not valid", "signature")


@pytest.mark.parametrize("country", ["BE", "HU"])
async def test_a_member_states_own_is_valid_at_its_own_clock(country: str) -> None:
    case = vector(country)["TESTCTX"]
    signers = DocumentSigners([parse_signer(b64decode(case["CERTIFICATE"]))])
    at = int(datetime.fromisoformat(case["VALIDATIONCLOCK"]).timestamp())
    assert (await seen(vector(country)["PREFIX"], at, signers)).verdict == "valid"
    assert (await seen(vector(country)["PREFIX"], NOW, signers)).verdict == "expired"


async def test_so_many_are_kept_and_no_more() -> None:
    desk, world = await drawer()
    for number in range(MAX_CERTIFICATES):
        await desk.add(code(payload(ci=f"URN:UVCI:01:UT:{number}#A")))
    assert len(world.value.certificates) == MAX_CERTIFICATES
    with pytest.raises(Malformed, match=f"at most {MAX_CERTIFICATES}"):
        await desk.add(code(payload(ci="URN:UVCI:01:UT:MORE#A")))


async def test_what_is_not_there_is_held_by_nobody() -> None:
    desk, _ = await drawer()
    for act in (desk.show_code, desk.delete):
        with pytest.raises(Rejected) as refusal:
            await act("nothing")
        assert refusal.value.check is Check.HELD


def test_a_vault_of_an_earlier_version_opens() -> None:
    codec = Codec((WalletContents,))
    written = codec.encode(WalletContents())
    earlier = written.replace(b"\xaccertificates\x90", b"")
    assert len(earlier) < len(written)
    # the tag, and a map of one entry less
    at = earlier.index(b"WalletContents") + len("WalletContents")
    assert earlier[at] == 0x86
    assert codec.decode(earlier[:at] + b"\x85" + earlier[at + 1 :]) == WalletContents()


def test_of_a_pictures_codes_those_of_certificates_are_taken() -> None:
    assert health_codes(("https://elsewhere.example/", "HC1:A", "HC1:B")) == ("HC1:A", "HC1:B")
    with pytest.raises(Malformed, match="expected a code"):
        health_codes(())


async def test_a_certificate_of_who_is_held_and_shown_like_any() -> None:
    icvp = code(claims=who_claims(WhoProfile.DVC) | {4: None})
    view = await seen(icvp)
    assert (view.paper, view.title) == ("International Certificate of Vaccination or Prophylaxis", "Vaccination")
    assert (view.name, view.birth_date, view.european) == ("Erika Voorbeeld", "1986-03-14", False)
    assert ("Given on", "2026-10-01") in view.rows
    assert (view.verdict, view.reasons, view.expires) == ("valid", ("Its signature holds",), "")
    desk, _ = await drawer()
    assert desk.judge(icvp).subject == "International Certificate of Vaccination or Prophylaxis: vaccination"
    held = await desk.add(icvp)
    assert await desk.show_code(held.id) == icvp


async def test_what_a_certificate_of_who_is_worth_is_said_with_the_reason() -> None:
    ends = code(claims=who_claims(WhoProfile.DDCC_TR) | {4: NOW + DAY})
    assert (await seen(ends, NOW + 2 * DAY)).verdict == "expired"
    assert (await seen(ends, signers=DocumentSigners(()))).verdict == "not confirmed"
    assert (await seen(ends)).reasons == (f"Its signature holds, until {(await seen(ends)).expires}",)
    early = await seen(code(claims=who_claims(WhoProfile.DDCC_VS) | {5: NOW + DAY}))
    assert (early.verdict, early.reasons[1][:16]) == ("not valid yet", "It counts from 2")


@pytest.mark.parametrize(
    "certificate", [OFFICE.code(claims={4: 1 << 53}), OFFICE.code(claims={4: 1 << 53, 6: 1 << 53})]
)
async def test_an_end_that_no_calendar_has_breaks_no_page(certificate: bytes) -> None:
    desk, _ = await drawer(signers=OFFICE.signers)
    held = await desk.add(certificate.decode())
    assert "9007199254740992" in str(describe_health(desk.judge(held.text), desk.books.value_sets))


@pytest.mark.parametrize("text", ["HC1:NCF of another time", "", OFFICE.code(payload() | {"v": []}).decode()])
async def test_what_an_earlier_version_took_and_this_one_cannot_read_stays_in_the_persons_hands(text: str) -> None:
    unread = HealthCertificate(id="unread", text=text, added_at=NOW)
    desk, world = await drawer(NOW, None, unread)
    kept = await desk.add(code())
    seen = desk.look(unread)
    assert isinstance(seen, UnreadCertificate)
    view = describe_health(seen, desk.books.value_sets)
    assert (view.readable, view.kind, view.verdict, view.check) == (False, "warn", "cannot be read", "syntax")
    assert describe_health(desk.look(kept), desk.books.value_sets).verdict == "valid", "the others are judged"
    assert await desk.show_code("unread") == text
    assert await desk.delete("unread") == unread
    assert world.value.certificates == (kept,)
    shown, deleted = world.value.log[1:]
    assert (shown.happening, deleted.happening) == (Happening.CODE_SHOWN, Happening.DELETED)
    for entry in (shown, deleted):
        assert entry.counterpart.name == "an unknown issuer"
        assert not entry.counterpart.certified
        assert entry.transactions == ("a health certificate that cannot be read",)
