"""Members of an object, out of a text in which nothing else matters."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from zegel_testing.limits import assert_soon

from zegel.primitives.json_members import MAX_MARKS, MAX_MEMBERS, split_object

NAMES = ("id", "code")
SIZE = 1 << 20


def members(text: bytes) -> dict[str, bytes]:
    return dict(split_object(text, NAMES).members)


ODD = [
    b"NaN",
    b"-Infinity",
    b"1e999",
    b"9" * 5_000,
    b"[" * 100_000 + b"]" * 100_000,
    b'{"a":' * 30 + b"1" + b"}" * 30,
    b"[" + b",".join([b"[]"] * 9_000) + b"]",
    b'{"a":1,"a":2,"id":3,"code":4}',
    b'"\\ud800"',
    b'"\xff"',
    b'"a\tb"',
    b'["}", "\\"]", {"\\\\":"{"}]',
]


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("text", [b'{"id":1,"x":%s,"code":"a"}', b' {"x" : %s , "id":1 ,\r\n"code"\t:"a"} \n'])
def test_what_nobody_asks_for_does_no_harm(odd: bytes, text: bytes) -> None:
    split = split_object(text.replace(b"%s", odd), NAMES)
    assert (split.members, split.repeated, split.whole) == ({"id": b"1", "code": b'"a"'}, frozenset(), True)


def test_a_member_is_as_it_is_encoded() -> None:
    assert members(b'{"id":[1, {"a":"]"}],"code" : {"id":[[]]} }') == {"id": b'[1, {"a":"]"}]', "code": b'{"id":[[]]}'}
    assert members(b'{"\\u0069\\u0064":-1.5e3}') == {"id": b"-1.5e3"}
    assert members(b'{"\\ud800":1,"i\\x":2,"' + b"\\u0069" * 9 + b'":3}') == {}


def test_one_that_is_there_twice_is_named_and_the_last_counts() -> None:
    split = split_object(b'{"id":1,"x":1,"x":2,"i\\u0064":2}', NAMES)
    assert (split.members, split.repeated, split.whole) == ({"id": b"2"}, {"id"}, True)


@pytest.mark.parametrize(
    "text",
    [
        b'{"id":1,',
        b'{"id":1,}',
        b'{"id":1 "code":2}',
        b'{"id":1,"code"}',
        b'{"id":1,"code":}',
        b'{"id":1,"code":,"a":[]}',
        b'{"id":1,"code":[1}',
        b'{"id":1,"code":["}',
        b'{"id":1,"code":"a',
        b'{"id":1,"code":12',
        b'{"id":1,"x":[[1,2],"a"',
        b'{"id":1,code:2}',
        b'{"id":1}}',
        b'{"id":1} {"id":2}',
        b'{"id":1,"x":' + b"[]," * SIZE,
        b'{"id":1,"x":' + b'"a"' * SIZE,
    ],
)
def test_before_a_fault_members_are_found(text: bytes) -> None:
    split = split_object(text, NAMES)
    assert (split.members["id"], split.whole) == (b"1", False)


def test_a_number_at_the_end_may_have_been_cut_off() -> None:
    split = split_object(b'{"code":1,"id":1', NAMES)
    assert (split.members, split.whole) == ({"code": b"1"}, False)


@pytest.mark.parametrize("text", [b"", b"x", b"[]", b'"id":1', b"{}", b'{"id"', b'\xef\xbb\xbf{"id":1}'])
def test_what_is_no_object_has_none(text: bytes) -> None:
    split = split_object(text, NAMES)
    assert (split.members, split.whole) == ({}, False)


def test_as_much_is_looked_through_as_the_limits_say() -> None:
    crowd = b'{"id":1' + b',"a":0' * (MAX_MEMBERS - 1)
    assert split_object(crowd + b"}", NAMES).whole
    assert not split_object(crowd + b',"a":0}', NAMES).whole
    marks = b'{"a":[1],"x":[%s]}' % (b'"",' * (MAX_MARKS - 4))
    assert split_object(marks, NAMES).whole
    assert not split_object(marks.replace(b"[1]", b'["1"]'), NAMES).whole


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.sampled_from(NAMES), inner),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from((*NAMES, "ID", "", "i d", "\u00efd")), VALUES), st.booleans())
def test_what_a_parser_reads_is_found_as_it_reads_it(value: dict[str, Any], ascii_only: bool) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    split = split_object(text, NAMES)
    assert split.whole is bool(value)
    assert not split.repeated
    found = {
        name: json.dumps(json.loads(encoded.decode("utf-8", "surrogatepass")))
        for name, encoded in split.members.items()
    }
    assert found == {name: json.dumps(inner) for name, inner in value.items() if name in NAMES}


@given(
    st.binary()
    | st.lists(st.sampled_from([b'"', b"\\", b"{", b"}", b"[", b"]", b":", b",", b'"id"', b"1", b" "])).map(b"".join)
)
def test_whatever_the_text_is_nothing_is_raised(text: bytes) -> None:
    split = split_object(b'{"id":7,' + text, NAMES)
    assert "id" in split.members


@pytest.mark.parametrize(
    "text",
    [
        b'{"a":[' + b"[]," * (SIZE // 3),
        b"{" + b'"":1,' * (SIZE // 5),
        b"{" + b'"id":1,' * (SIZE // 7),
        b"{" + b'"a":[[],[[]]],' * (SIZE // 14),
        b"{" + b'"' + b'\\"' * (SIZE // 2) + b'":1}',
        b'{"a":' + b"[" * SIZE,
        b'{"a":[' + b"1," * (SIZE // 2),
        b'{"a":[' + b'"' * SIZE,
        b'{"a":"' + b"\\" * SIZE,
        b"{" + b" " * SIZE,
        b"{" + b'"' * SIZE,
    ],
    ids=[
        "arrays",
        "members",
        "one of them",
        "runs",
        "a name",
        "depth",
        "numbers",
        "texts",
        "escapes",
        "blanks",
        "quotes",
    ],
)
def test_a_long_text_is_looked_through_at_once(text: bytes) -> None:
    assert_soon(lambda: split_object(text, NAMES))
