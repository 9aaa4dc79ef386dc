"""JSON: one value for each text, within limits."""

import json

import pytest

from zegel.errors import Malformed
from zegel.primitives.json import MAX_BYTES, MAX_DEPTH, encode_json, parse_json, parse_object


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b'{"a":[1,2.5,true,null,"\xc3\xa9"]}', {"a": [1, 2.5, True, None, "é"]}),
        ('{ "a" : "é" }', {"a": "é"}),
        (b'"text"', "text"),
        (b"18446744073709551615", 2**64 - 1),
        (b' {"b":1,"a":{"b":2}}', {"b": 1, "a": {"b": 2}}),
    ],
)
def test_json_is_parsed(text: bytes | str, value: object) -> None:
    assert parse_json(text, what="test") == value


@pytest.mark.parametrize(
    "text",
    [
        b'{"a":1,"a":1}',
        b'{"a":1,"a":2}',
        b'[{"b":{"a":1,"a":1}}]',
        b'{"a":1,"\\u0061":2}',
    ],
)
def test_rfc_7493_section_2_3_a_name_used_twice_is_malformed(text: bytes) -> None:
    with pytest.raises(Malformed, match="each member name once"):
        parse_json(text, what="test")


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"NaN",
        b"Infinity",
        b"1e999",
        b"[1,]",
        b"{'a':1}",
        b"// comment\n1",
        b"\xff",
        b'"\xc3"',
        b'"\\ud800"',
        b"\xef\xbb\xbf{}",
        b'{"a":1} {"a":1}',
        b"01",
        b'"\x00"',
    ],
)
def test_what_is_not_json_is_malformed(text: bytes) -> None:
    with pytest.raises(Malformed, match="expected JSON"):
        parse_json(text, what="test")


def test_the_place_of_a_fault_is_told() -> None:
    with pytest.raises(Malformed) as refusal:
        parse_json(b'{\n "a":,}', what="test")
    assert refusal.value.where == "line 2 column 6"


def test_a_lone_surrogate_in_text_is_malformed() -> None:
    with pytest.raises(Malformed, match="lone surrogates"):
        parse_json('"\ud800"', what="test")


def test_a_number_beyond_twenty_digits_is_malformed() -> None:
    assert parse_json(b"12345678901234567890", what="test") == 12345678901234567890
    with pytest.raises(Malformed, match="at most 20 digits"):
        parse_json(b"123456789012345678901", what="test")


def test_a_long_number_in_text_is_text() -> None:
    assert parse_json(b' {"a":"123456789012345678901","b":1}', what="test") == {"a": "123456789012345678901", "b": 1}


def test_text_over_the_limit_is_malformed_before_it_is_parsed() -> None:
    with pytest.raises(Malformed, match=f"at most {MAX_BYTES} bytes"):
        parse_json(b"!" * (MAX_BYTES + 1), what="test")
    with pytest.raises(Malformed, match="at most 3 bytes"):
        parse_json(b"1234", what="test", max_bytes=3)
    with pytest.raises(Malformed, match="at most 3 bytes, got 4"):
        parse_json("éé", what="test", max_bytes=3)


def test_a_crowd_of_containers_is_malformed_before_it_is_parsed() -> None:
    with pytest.raises(Malformed, match="arrays and objects"):
        parse_json(b"[" + b"[]," * 20_000 + b"[]]", what="test")


def test_depth_is_bounded() -> None:
    deepest = b"[" * MAX_DEPTH + b'"a"' + b"]" * MAX_DEPTH
    assert parse_json(deepest, what="test")
    assert parse_json(b"[" + deepest[1:-1] + b",[],[]]", what="test")
    for text in (b"[" + deepest + b"]", b'{"a":' * (MAX_DEPTH + 1) + b"1" + b"}" * (MAX_DEPTH + 1)):
        with pytest.raises(Malformed, match=f"depth of at most {MAX_DEPTH}"):
            parse_json(text, what="test")


def test_brackets_inside_text_count_for_no_depth() -> None:
    assert parse_json(b'{"a":"' + b"[" * 100 + b'"}', what="test") == {"a": "[" * 100}


def test_an_object_is_an_object() -> None:
    assert parse_object(b'{"a":1}', what="test") == {"a": 1}
    for text in (b"[]", b"1", b'"a"', b"null"):
        with pytest.raises(Malformed, match="a JSON object"):
            parse_object(text, what="test")


def test_json_is_written_compactly() -> None:
    assert encode_json({"b": 1, "a": ["é"]}) == '{"b":1,"a":["é"]}'.encode()


LONG = b" " * MAX_BYTES


@pytest.mark.parametrize(
    "text",
    [
        b'{"a":1,"a":2}',
        b'{"a":NaN}',
        b'{"a":"\\ud800"}',
        b'{"a":"\xff"}',
        b"[" * 4_000 + b"]" * 4_000,
        b'{"a":123456789012345678901}',
        b"[1,]",
        b"",
        b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1),
    ],
)
def test_a_long_text_is_refused_for_what_a_short_one_is(text: bytes) -> None:
    for each in (text, text + LONG):
        with pytest.raises(Malformed):
            parse_json(each, what="test", max_bytes=1 << 20)


@pytest.mark.parametrize(
    "value",
    [
        {"a": [1, "é\U0001f600", None, True, -1.5]},
        {"a": 1 << 64, "b": -(1 << 63) - 1},
        "x" * MAX_BYTES,
        {"a": "1" * 30},
    ],
)
def test_a_long_text_is_read_as_a_short_one(value: object) -> None:
    compact = json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
    padded = json.dumps(
        {"padding": "x" * MAX_BYTES, "value": value}, separators=(",", ":"), ensure_ascii=False
    ).encode()
    assert parse_json(compact + LONG, what="test", max_bytes=1 << 20) == value
    assert parse_json(padded, what="test", max_bytes=1 << 20) == {"padding": "x" * MAX_BYTES, "value": value}


def test_a_number_of_too_many_digits_is_refused_however_long_the_text_is() -> None:
    long = b'{"a":123456789012345678901,"b":"' + b"x" * MAX_BYTES + b'"}'
    with pytest.raises(Malformed, match="20 digits"):
        parse_json(long, what="test", max_bytes=1 << 20)
