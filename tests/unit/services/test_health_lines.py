"""Health certificates by the line: every line has an answer, and none disturbs the next."""

import json
import re
from base64 import b64encode
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st
from zegel_testing.authorities import DAY, NOW
from zegel_testing.business_rules import RULE, book
from zegel_testing.health import TEST_USAGE, Health, code_of, payload
from zegel_testing.limits import assert_soon, is_small
from zegel_testing.who import EARLIER, who_claims

from zegel.errors import Malformed
from zegel.formats.hcert.code import MAX_CODE
from zegel.formats.hcert.keys import DocumentSigners, key_id
from zegel.formats.hcert.layers import Layer
from zegel.formats.hcert.schema import Reading
from zegel.formats.hcert.who_schema import WhoProfile
from zegel.primitives.cbor import encode_cbor
from zegel.primitives.json import MAX_BYTES
from zegel.services.health import HealthDesk, Ruling
from zegel.services.health_lines import MAX_CERTIFICATES, MAX_ID_DIGITS, MAX_LINE, HealthLines, parse_moment

PAGE = Path(__file__).parents[3] / "docs" / "vaccine-passport.md"
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
    assert verdict(line(AUTHORITY.code(claims=odd)), lines(Reading.STRICT)) == ("malformed", "schema")
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
    others = ["", "AAAA", "no base64!", None, 1, {"a": [DER]}, b64encode(Health().der).decode()]
    assert answer(line(certificates=[*others, DER])) == {"id": "1", "verdict": "accepted", "check": None, "detail": ""}
    assert verdict(line(certificates=others)) == ("rejected", "health-signer")


READABLE = "certificate: expected a DER certificate with a key of a known type"
UNKNOWN = "kid: no signer that is trusted has its key identifier"


def certificate(key: Any) -> tuple[bytes, bytes]:
    """One of a key that no signer here has, and a code that names it."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COUNTRY_NAME, "UT")])
    begin, end = (datetime.fromtimestamp(NOW + days * DAY, UTC) for days in (-1, 1))
    built = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    signed = built.serial_number(7).not_valid_before(begin).not_valid_after(end).sign(key, SHA256())
    der = signed.public_bytes(Encoding.DER)
    return der, AUTHORITY.code(protected={1: -7, 4: key_id(der)})


@pytest.mark.parametrize(
    "key",
    [ec.generate_private_key(ec.BrainpoolP256R1()), rsa.generate_private_key(65_537, 1_024)],
    ids=["brainpool", "RSA of 1024 bits"],
)
def test_a_key_that_cannot_be_used_is_said_to_be_left_out(key: Any) -> None:
    der, code = certificate(key)
    said = answer(line(code, certificates=["MAAA", b64encode(der).decode(), DER]))
    assert (said["verdict"], said["check"]) == ("rejected", "health-signer")
    expected = "document signer: expected a key on P-256 or P-384, or an RSA key of 2048 to 4096 bits"
    assert said["detail"] == f"{UNKNOWN}; certificates[1] is left out: {expected}"


BASE64 = "expected canonical base64 with padding"


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ([f"-----BEGIN CERTIFICATE-----\n{DER}\n-----END CERTIFICATE-----\n"], [BASE64]),
        (["MAAA", "YQ"], [None, BASE64]),
        ([b64encode(b"\xff\xfe\xfd").decode().replace("/", "_")], [BASE64]),
        (["MAAA" * 5_500], ["expected at most 16384 bytes, got 16500"]),
        (["", b64encode(b"-----BEGIN").decode()], ["expected a certificate in DER"] * 2),
        ([None, {}], ["expected base64", "expected base64"]),
        ([b64encode(Health().der).decode()], [None]),
        ([None] * 3, ["expected base64"] * 3),
        ([None] * 5, [*["expected base64"] * 3, "and 2 more"]),
    ],
    ids=["PEM", "unpadded", "base64url", "long", "no DER", "no text", "another's", "three", "five"],
)
def test_an_entry_that_cannot_be_read_is_said_to_be_left_out(entries: list[Any], said: list[str | None]) -> None:
    reasons = [
        why if why.startswith("and") else f"certificates[{at}] is left out: {why}"
        for at, why in enumerate(said)
        if why is not None
    ]
    detail = answer(line(certificates=entries))["detail"]
    assert detail == "; ".join([UNKNOWN, *reasons])
    assert verdict(line(certificates=[*entries, DER])) == ("accepted", None)


def test_what_was_left_out_is_said_of_a_signer_alone() -> None:
    late = answer(line(AUTHORITY.code(claims={4: NOW - 1}), certificates=[None, DER]))
    assert late["detail"] == "exp: it has expired"


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
    ("code", "detail"),
    [
        (b"HC2:6BF", "prefix: expected HC1:"),
        (b"", "prefix: expected HC1:"),
        (b"HC1:\xe2\x82\xac", "Base45: character 1: expected the alphabet of Base45"),
        (b"HC1:a", "Base45: character 1: expected the alphabet of Base45"),
        (b"HC1:" + b"0" * MAX_CODE, "Base45: expected at most 4296 characters"),
        (b"HC1::::", "Base45: expected Base45, got a group beyond"),
        (b"HC1:", "zlib: compression: expected one whole zlib stream"),
        (b"HC1:000", "zlib: compression: expected zlib data"),
        (code_of(b"\xd2\x9f\xff"), "CBOR: expected CBOR with definite lengths"),
        (AUTHORITY.code(protected=b"\x01"), "CBOR: expected a CBOR map"),
        (code_of(encode_cbor([encode_cbor({1: -7}), {}, b"\x01\x01", bytes(64)])), "CBOR: expected one CBOR item"),
        (code_of(b"\x01"), "COSE: expected COSE_Sign1"),
        (AUTHORITY.code(protected={1: -7, 4: 1}), "COSE: header.kid: expected a key identifier"),
        (AUTHORITY.code(claims={-260: 1}), "schema: hcert: expected a health certificate"),
        (AUTHORITY.code(claims={-260: {5: 1}}), "schema: hcert: expected a certificate, got a link"),
        (AUTHORITY.code(claims={4: "soon"}), "schema: exp: expected seconds"),
        (AUTHORITY.code(payload(dt="yesterday")), "schema: v[0].dt: expected a date"),
        (AUTHORITY.code(claims=who_claims(WhoProfile.DDCC_VS, {})), "schema: "),
    ],
)
def test_a_code_of_another_form_is_malformed_in_the_layer_that_is_named(code: bytes, detail: str) -> None:
    said = answer(line(code))
    layer = detail.split(":")[0].lower()
    assert (said["id"], said["verdict"], said["check"]) == ("1", "malformed", layer)
    assert said["detail"].startswith(detail)


def test_the_layers_have_the_names_that_the_documents_give_them() -> None:
    assert list(Layer) == ["prefix", "Base45", "zlib", "CBOR", "COSE", "schema"]
    words = " ".join(PAGE.read_text().split())
    assert ", ".join(f"`{layer.lower()}`" for layer in Layer) in words


def test_a_line_brings_all_the_signers_of_a_country() -> None:
    """As many as there may be; the one that is named is the last of them."""
    others = [b64encode(AUTHORITY.der + bytes([at >> 8, at & 255])).decode() for at in range(MAX_CERTIFICATES - 1)]
    long = line(certificates=[*others, DER])
    assert 1 << 17 < len(long) < MAX_LINE
    assert verdict(long) == ("accepted", None)
    assert verdict(line(certificates=others)) == ("rejected", "health-signer")


def test_what_has_the_identifier_and_is_no_certificate_is_nobody() -> None:
    none = b"0no certificate"  # which begins like one
    code = AUTHORITY.code(protected={1: -7, 4: key_id(none)})
    said = answer(line(code, certificates=[b64encode(none).decode()]))
    assert (said["verdict"], said["check"]) == ("rejected", "health-signer")
    assert said["detail"] == f"{UNKNOWN}; certificates[0] is left out: {READABLE}"


def test_a_line_may_be_long_and_has_its_id_in_the_answer() -> None:
    padded = line(padding="x" * (MAX_LINE - 10_000))
    assert verdict(padded) == ("accepted", None)
    assert answer(line(padding="x" * MAX_LINE)) == {
        "id": "1",
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
    assert is_small(lambda: judge.judge(long))
    assert set(json.loads(judge.judge(long))) == {"id", "verdict", "check", "detail"}


ODD = [
    b'{"a":' * 30 + b"1" + b"}" * 30,
    b"[" + b",".join([b"[]"] * 9_000) + b"]",
    b"[" + b"1," * 20_000 + b"1]",
    b"123456789012345678901234567890",
    b"1e999",
    b"NaN",
    b'{"id":1,"id":2}',
    b'"HC1:\\ud800"',
    b'"\xff"',
    b'1,"x":2',
]


@pytest.mark.parametrize("odd", ODD)
def test_what_is_odd_where_nobody_looks_keeps_no_certificate_from_being_judged(odd: bytes) -> None:
    for odd_line in (line()[:-1] + b',"x":' + odd + b"}", b'{"x":' + odd + b"," + line()[1:]):
        assert answer(odd_line) == {"id": "1", "verdict": "accepted", "check": None, "detail": ""}
        assert verdict(odd_line.replace(b'"certificates"', b'"at":"2020-01-01","certificates"')) == (
            "rejected",
            "health-validity",
        )


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


@given(ASKED.filter(lambda asked: type(asked.get("id")) in (int, str)), st.sampled_from(ODD))
def test_an_id_that_is_one_comes_back_whatever_stands_beside_it(asked: dict[str, Any], odd: bytes) -> None:
    """JSON may hold a text that no UTF-8 has; that is no id."""
    whole = json.dumps(asked).encode()
    for data in (whole, b'{"x":' + odd + b"," + whole[1:], whole[:-1] + b',"x":' + odd + b"}", whole + b"}"):
        assert json.loads(lines().judge(data))["id"] == asked["id"]


def test_the_strict_reading_refuses_what_the_field_warns_of() -> None:
    long = line(AUTHORITY.code(payload(ci="x" * 81)))
    assert answer(long) == {
        "id": "1",
        "verdict": "accepted",
        "check": None,
        "detail": "v[0].ci: expected at most 80 characters",
    }
    assert verdict(long, lines(Reading.STRICT)) == ("malformed", "schema")


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
        (b'{"id":' + b"1" * (MAX_ID_DIGITS + 1) + b',"code":"HC1:"}', None),
        (b'{"id":01,"code":"HC1:"}', None),
        (b'{"id":"a","id":"b","code":"HC1:"}', "b"),
        (line(x="y").replace(b"}", b',"at":null,"at":null}'), "1"),
        (b'{"id":"a","code":"HC1:\\ud800"}', "a"),
        (b'{"id":"a","code":"HC1:\tA"}', "a"),
        (b'{"code":1e999,"id":"a"}', "a"),
        (b'{"id":"a","certificates":' + b"[" * 50 + b"]" * 50 + b',"code":"HC1:"}', "a"),
        (b'{"id":"a","code":"HC1:', "a"),
        (b'{"id":"a" "code":"HC1:"}', "a"),
        (b'{"id":"a","code":"HC1:"}}', "a"),
        (b'{"scanner":{"id":7},"code":"HC1:', None),
        (b'{"id":12', None),
        (b'{"id":"a","code":1}', "a"),
        (line(certificates="x"), "1"),
        (line(certificates=[DER] * (MAX_CERTIFICATES + 1)), "1"),
        (line(at="soon"), "1"),
        (line(at=1), "1"),
        (line(at="2021-05-29T12:00:00.1.2"), "1"),
    ],
)
def test_a_bad_line_has_an_answer_by_its_id_where_it_has_one(bad: bytes, id_: object) -> None:
    said = answer(bad)
    assert (said["id"], said["verdict"], said["check"]) == (id_, "malformed", "syntax")


@pytest.mark.parametrize(
    ("encoded", "id_"),
    [
        (b"123456789012345678901", 123456789012345678901),
        (b"18446744073709551615", (1 << 64) - 1),
        (b"18446744073709551616", 1 << 64),
        (b"-9223372036854775809", -(1 << 63) - 1),
        (b"99999999999999999999", 10**20 - 1),
        (b'"\\u0000\\n\\ud83d\\ude00"', "\0\n\U0001f600"),
    ],
)
def test_an_id_comes_back_as_it_was(encoded: bytes, id_: object) -> None:
    said = answer(b'{"id":' + encoded + b',"code":"HC1:"}')
    assert (said["id"], said["verdict"], said["check"]) == (id_, "malformed", "zlib")


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
        ("1970-01-01T24:00:00", DAY),
        ("1970-01-01T24:00:00.000Z", DAY),
        ("1970-01-01T24:00", DAY),
        ("1970-01-01T24", DAY),
        ("9999-12-31T24:00:00Z", 253_402_300_800),
        ("0001-01-01T00:00:00+23:59:59", -62_135_596_800 - DAY + 1),
        ("2016-12-31T23:59:60Z", 1_483_228_800),
        ("2016-12-31T23:59:60.5Z", 1_483_228_800),
        ("2017-01-01T05:29:60+05:30", 1_483_228_800),
        ("19700101T000001Z", 1),
        ("19700101T0200+0200", 0),
        ("1970-01-01T00:00:01-000001", 2),
        ("1970-01-01T01", 3_600),
        ("1970-01-01T00:01", 60),
        ("1970-01-01 00:01", 60),
        ("1970-W01-4", 0),
        ("1970W014T00:00:01", 1),
        ("1970-W02", 4 * DAY),
        ("1970-002", DAY),
        ("1970365T24:00:00Z", 365 * DAY),
        ("1972-366", 1_095 * DAY),
        ("1970-01-02Z", DAY),
    ],
)
def test_a_moment_is_iso_8601_and_in_utc_where_it_says_no_offset(text: str, seconds: int) -> None:
    assert parse_moment(text, "test", "at") == seconds


OFFSETS = [f"2021-05-29T12:00:00{offset}" for offset in ("+25:00", "+24", "-2400", "+12:60", "+1260", "+2", "+")]


FRACTIONS = ["2021-05-29T12.5", "2021-05-29T12:00.5Z", "2021-05-29T12,5+0200", "2021-05-29.5", "2021-05-29T12:00:00."]
TIMES = [f"2021-05-29T{time}" for time in ("24:00:01", "24:00:00.1", "24:01", "25", "12:60", "12:00:61", "1:00", "")]
DAYS = [
    "2021-13-01",
    "2021-02-29",
    "2021-W54",
    "2021-W01-8",
    "2021-366",
    "2021-000",
    "0000-01-01",
    "0000-001",
    "2021-05",
    "2021",
    "202105",
]


def test_the_page_says_which_forms_of_a_time_are_taken() -> None:
    said = re.search(r"`at` is ISO 8601:(.*?)\n\n", PAGE.read_text(), re.DOTALL)
    assert said is not None
    taken, refused = (re.findall(r"`([0-9][^`]+)`", half) for half in said[1].split("A year or a month alone"))
    assert {parse_moment(text, "page", "at") // DAY * DAY for text in taken} == {
        parse_moment(text, "test", "at") for text in ("2021-05-31", "2021-06-01")
    }
    assert (len(taken), len(refused)) == (7, 4)
    for text in refused:
        with pytest.raises(Malformed):
            parse_moment(text, "page", "at")


@pytest.mark.parametrize("value", [None, 1, "", "now", "1" * 100_000, *DAYS, *TIMES, *OFFSETS, *FRACTIONS])
def test_what_is_no_moment_is_malformed(value: object) -> None:
    with pytest.raises(Malformed) as refusal:
        parse_moment(value, "test", "at")  # type: ignore[arg-type]
    assert refusal.value.where == "at"
