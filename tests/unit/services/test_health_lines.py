"""Health certificates by the line: every line has an answer, and none disturbs the next."""

import json
import tracemalloc
from base64 import b64encode
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st
from zegel_testing.authorities import DAY, NOW
from zegel_testing.business_rules import RULE, book
from zegel_testing.health import TEST_USAGE, Health, payload
from zegel_testing.limits import assert_soon
from zegel_testing.who import EARLIER, who_claims

from zegel.errors import Malformed
from zegel.formats.hcert.keys import DocumentSigners, key_id
from zegel.formats.hcert.schema import Reading
from zegel.formats.hcert.who_schema import WhoProfile
from zegel.primitives.json import MAX_BYTES
from zegel.services.health import HealthDesk, Ruling
from zegel.services.health_lines import MAX_CERTIFICATES, MAX_LINE, HealthLines, parse_moment

AUTHORITY = Health()
DER = b64encode(AUTHORITY.der).decode()
RSA = Health(key=rsa.generate_private_key(65_537, 2_048))


def lines(reading: Reading = Reading.FIELD, *signers: Health, ruling: Ruling | None = None) -> HealthLines:
    trusted = DocumentSigners(each.signer for each in signers)
    return HealthLines(HealthDesk(trusted, reading=reading, ruling=ruling), now=NOW)


def line(code: bytes | None = None, **members: Any) -> bytes:
    text = (AUTHORITY.code() if code is None else code).decode()
    asked = {"id": "1", "code": text, "certificates": [DER], **members}
    return json.dumps({name: value for name, value in asked.items() if value is not None}).encode()


def answer(line: bytes, judge: HealthLines | None = None) -> dict[str, Any]:
    said: dict[str, Any] = json.loads((judge or lines()).judge(line))
    assert set(said) == {"id", "verdict", "check", "detail"}
    return said


def verdict(line: bytes, judge: HealthLines | None = None) -> tuple[str, str | None]:
    said = answer(line, judge)
    return said["verdict"], said["check"]


def test_a_certificate_by_a_signer_of_its_own_line_is_accepted() -> None:
    assert answer(line()) == {"id": "1", "verdict": "accepted", "check": None, "detail": ""}
    assert verdict(line(RSA.code(), certificates=[b64encode(RSA.der).decode()])) == ("accepted", None)


def test_a_certificate_of_who_is_answered_like_any() -> None:
    odd = who_claims(WhoProfile.DVC, EARLIER)
    assert answer(line(AUTHORITY.code(claims=odd)))["detail"].startswith("v: expected its version")
    assert verdict(line(AUTHORITY.code(claims=odd)), lines(Reading.STRICT)) == ("malformed", "syntax")
    assert verdict(line(AUTHORITY.code(claims=who_claims(WhoProfile.DDCC_TR)), at="2020-01-01")) == (
        "rejected",
        "health-validity",
    )


def test_without_certificates_of_its_own_the_trusted_signers_count() -> None:
    trusting = lines(Reading.FIELD, AUTHORITY)
    assert verdict(line(certificates=None), trusting) == ("accepted", None)
    assert verdict(line(certificates=None)) == ("rejected", "health-signer")
    assert verdict(line(certificates=[]), trusting) == ("rejected", "health-signer")


def test_every_certificate_of_a_line_is_tried_and_what_is_none_is_passed_over() -> None:
    others = ["", "AAAA", "no base64!", b64encode(Health().der).decode()]
    assert verdict(line(certificates=[*others, DER])) == ("accepted", None)
    assert verdict(line(certificates=others)) == ("rejected", "health-signer")


@pytest.mark.parametrize(
    ("code", "members", "check"),
    [
        (AUTHORITY.code(claims={4: NOW - 1}), {}, "health-validity"),
        (AUTHORITY.code(claims={6: NOW + 1}), {}, "health-validity"),
        (AUTHORITY.code(), {"at": "2020-01-01"}, "health-validity"),
        (Health(TEST_USAGE).code(), {"certificates": None}, "health-signer"),
        (Health().code(protected={1: -7, 4: AUTHORITY.signer.kid}), {}, "signature"),
    ],
    ids=["expired", "not yet", "its own time", "unknown", "another key"],
)
def test_a_certificate_that_does_not_hold_is_rejected(code: bytes, members: dict[str, Any], check: str) -> None:
    assert verdict(line(code, **members)) == ("rejected", check)


def test_a_signer_for_another_kind_is_rejected() -> None:
    tester = Health(TEST_USAGE)
    certificates = [b64encode(tester.der).decode()]
    assert verdict(line(tester.code(), certificates=certificates)) == ("rejected", "health-key-usage")
    assert verdict(line(tester.code(payload("t")), certificates=certificates)) == ("accepted", None)


@pytest.mark.parametrize(
    "code",
    [b"HC2:6BF", b"HC1:a", b"HC1:", b"HC1:0000", AUTHORITY.code(payload(dt="yesterday"))],
    ids=["prefix", "base45", "zlib", "zlib data", "schema"],
)
def test_a_code_of_another_form_is_malformed(code: bytes) -> None:
    assert verdict(line(code)) == ("malformed", "syntax")
    assert answer(line(code))["id"] == "1"


def test_a_line_brings_all_the_signers_of_a_country() -> None:
    """As many as there may be; the one that is named is the last of them."""
    others = [b64encode(AUTHORITY.der + bytes([at >> 8, at & 255])).decode() for at in range(MAX_CERTIFICATES - 1)]
    long = line(certificates=[*others, DER])
    assert 1 << 17 < len(long) < MAX_LINE
    assert verdict(long) == ("accepted", None)
    assert verdict(line(certificates=others)) == ("rejected", "health-signer")


def test_what_has_the_identifier_and_is_no_certificate_is_nobody() -> None:
    code = AUTHORITY.code(protected={1: -7, 4: key_id(b"no certificate")})
    assert verdict(line(code, certificates=[b64encode(b"no certificate").decode()])) == ("rejected", "health-signer")


def test_a_line_may_be_long_and_has_its_id_in_the_answer() -> None:
    padded = line(padding="x" * (MAX_LINE - 10_000))
    assert verdict(padded) == ("accepted", None)
    assert answer(line(padding="x" * MAX_LINE)) == {
        "id": None,
        "verdict": "malformed",
        "check": "syntax",
        "detail": f"line: expected at most {MAX_LINE} bytes",
    }


@pytest.mark.parametrize(
    "long",
    [
        line(padding="x" * (MAX_LINE - 10_000)),
        line(padding=chr(0x1F600) * 80_000),
        b"[" * MAX_LINE,
        b'{"id":1,"a":' + b"[" * 8_000 + b" " * MAX_BYTES + b"]" * 8_000 + b"}",
        b'{"id":"' + b"\xff" * (MAX_LINE - 10) + b'"}',
        b'{"id":' + b"1" * (MAX_LINE - 10) + b"}",
        b'{"id":1,"a":[' + b"1234567890123456789012345," * 11_000 + b"0]}",
        b'{"id":1,"at":"2021-05-29T12:00:00.' + b"1" * (MAX_LINE - 100) + b'"}',
        line(certificates=["A" * 1_000] * MAX_CERTIFICATES),
    ],
    ids=["text", "beyond 16 bits", "brackets", "deep", "no UTF-8", "digits", "numbers", "a time", "certificates"],
)
def test_a_long_line_is_read_within_the_time_and_memory_that_everything_is(long: bytes) -> None:
    judge = lines()
    assert_soon(lambda: judge.judge(long))
    tracemalloc.start()
    try:
        assert set(json.loads(judge.judge(long))) == {"id", "verdict", "check", "detail"}
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


IDS = st.integers(-(10**25), 10**25) | st.text() | st.none() | st.booleans() | st.floats() | st.lists(st.integers())
ASKED = st.fixed_dictionaries(
    {},
    optional={
        "id": IDS,
        "code": st.text() | st.sampled_from([AUTHORITY.code().decode(), "HC1:"]) | IDS,
        "certificates": st.lists(st.text() | st.just(DER) | IDS) | IDS,
        "at": st.text() | st.just("2026-11-22T00:00:00.123+0200") | IDS,
    },
)


@given(st.binary() | ASKED.map(lambda asked: json.dumps(asked).encode("utf-8", "surrogatepass")))
def test_whatever_a_line_holds_one_line_comes_out(data: bytes) -> None:
    said = lines().judge(data)
    assert b"\n" not in said
    answered = json.loads(said)
    assert list(answered) == ["id", "verdict", "check", "detail"]
    assert type(answered["id"]) in (int, str, type(None))
    if answered["id"] is not None:
        assert answered["id"] == json.loads(data)["id"]


def test_the_strict_reading_refuses_what_the_field_warns_of() -> None:
    long = line(AUTHORITY.code(payload(ci="x" * 81)))
    assert answer(long) == {
        "id": "1",
        "verdict": "accepted",
        "check": None,
        "detail": "v[0].ci: expected at most 80 characters",
    }
    assert verdict(long, lines(Reading.STRICT)) == ("malformed", "syntax")


@pytest.mark.parametrize(
    ("bad", "id_"),
    [
        (b"", None),
        (b"no JSON", None),
        (b"\xff", None),
        (b"[]", None),
        (b'{"code":"HC1:"}', None),
        (b'{"id":true,"code":"HC1:"}', None),
        (b'{"id":7}', 7),
        (b'{"id":1.0,"code":"HC1:"}', None),
        (b'{"id":1e3,"code":"HC1:"}', None),
        (b'{"id":"\\ud800","code":"HC1:"}', None),
        (b'{"id":123456789012345678901,"code":"HC1:"}', None),
        (b'{"id":18446744073709551615,"code":"HC1:"}', (1 << 64) - 1),
        (b'{"id":18446744073709551616,"code":"HC1:"}', 1 << 64),
        (b'{"id":-9223372036854775809,"code":"HC1:"}', -(1 << 63) - 1),
        (b'{"id":99999999999999999999,"code":"HC1:"}', 10**20 - 1),
        (b'{"id":"\\u0000\\n\\ud83d\\ude00","code":"HC1:"}', "\0\n\U0001f600"),
        (b'{"id":"a","code":1}', "a"),
        (line(certificates="x"), "1"),
        (line(certificates=[1]), "1"),
        (line(certificates=[DER] * (MAX_CERTIFICATES + 1)), "1"),
        (line(at="soon"), "1"),
        (line(at=1), "1"),
        (line(at="2021-05-29T12:00:00.1.2"), "1"),
        (line(b"HC1:\xe2\x82\xac"), "1"),
    ],
)
def test_a_bad_line_has_an_answer_by_its_id_where_it_has_one(bad: bytes, id_: object) -> None:
    said = answer(bad)
    assert (said["id"], said["verdict"], said["check"]) == (id_, "malformed", "syntax")


def test_the_rules_have_the_last_word_and_speak_to_people() -> None:
    ruling = Ruling(book=book(RULE | {"Logic": {"===": [{"var": "payload.ver"}, "9"]}}), to="XU")
    said = answer(line(), lines(ruling=ruling))
    assert (said["verdict"], said["check"]) == ("rejected", "business-rule")
    assert RULE["Description"][0]["desc"] in said["detail"]
    assert verdict(line(), lines(ruling=Ruling(book=book(), to="XU"))) == ("accepted", None)
    desk = HealthDesk(DocumentSigners(()), ruling=ruling)
    said = answer(line(), HealthLines(desk, now=NOW, languages=("nl-BE", "en")))
    assert said["detail"].endswith(": Alle doses van een reeks zijn nodig.")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1970-01-02", DAY),
        ("1970-01-01T00:00:01", 1),
        ("1970-01-01T00:00:01Z", 1),
        ("1970-01-01t00:00:01z", 1),
        ("1970-01-01T02:00:01+0200", 1),
        ("1970-01-01T02:00:01+02:00", 1),
        ("1970-01-01T00:00:01.9", 1),
        ("1970-01-01T00:00:01.123456789012", 1),
        ("1970-01-01T02:00:01.5+0200", 1),
        ("1970-01-01T00:00:01,25Z", 1),
        ("1969-12-31T23:59:59", -1),
        ("1969-12-31T23:59:59.5", -1),
        ("1970-01-01T00:00:01." + "9" * 43, 1),
        ("1970-01-01T00:00:01." + "9" * 100_000 + "Z", 1),
        ("1970-01-01T02:00:01+02", 1),
        ("1970-01-01T23:59:01+23:59", 1),
        ("1970-01-01" + " " * 64, 0),
    ],
)
def test_a_moment_is_iso_8601_and_in_utc_where_it_says_no_offset(text: str, seconds: int) -> None:
    assert parse_moment(text, "test", "at") == seconds


OFFSETS = [f"2021-05-29T12:00:00{offset}" for offset in ("+25:00", "+24", "-2400", "+12:60", "+1260", "+2", "+")]


@pytest.mark.parametrize("value", [None, 1, "", "now", "2021-13-01", "2021-05-29T25:00:00", *OFFSETS, "1" * 100_000])
def test_what_is_no_moment_is_malformed(value: object) -> None:
    with pytest.raises(Malformed) as refusal:
        parse_moment(value, "test", "at")  # type: ignore[arg-type]
    assert refusal.value.where == "at"
