"""A long array in a JSON text is read an item at a time, and nothing passes that the whole text would not."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zegel.errors import Malformed
from zegel.primitives.json import MAX_BYTES, Json, encode_json, parse_json
from zegel.primitives.json_items import ItemStream

PATH = ("a", "b")
keys = st.sampled_from(["a", "b", 'quote"', "brace}", "\\", "ü"])
scalars = st.none() | st.booleans() | st.integers(-9, 9) | keys
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3))
items = st.lists(st.dictionaries(keys, values, max_size=3), max_size=4)


def stream(text: bytes, *, size: int = 7, max_items: int = 9) -> ItemStream:
    chunks = (text[at : at + size] for at in range(0, len(text), size))
    return ItemStream(chunks, PATH, what="test", max_items=max_items)


def read(text: bytes, **options: Any) -> tuple[list[Json], Json]:
    opened = stream(text, **options)
    return list(opened), opened.rest()


@pytest.mark.slow
@given(st.dictionaries(keys, values), st.dictionaries(keys, values), items, st.integers(1, 40))
def test_items_and_rest_are_those_of_the_whole_text(
    outer: dict[str, Json], inner: dict[str, Json], array: list[Json], size: int
) -> None:
    for text in (
        encode_json({**outer, "a": {**inner, "b": array}}),
        encode_json({"a": {"b": array, **{k: v for k, v in inner.items() if k != "b"}}, "c": outer}),
    ):
        found, rest = read(text, size=size)
        assert found == array
        assert isinstance(rest, dict)
        whole = parse_json(text, what="test")
        assert isinstance(whole, dict)
        assert {**rest, "a": {**rest["a"], "b": array}} == whole


def test_space_may_stand_anywhere() -> None:
    assert read(b' { "a" : { "b" : [ { "x" : 1 } ,\n\t{ } ] , "c" : 2 } } \n') == (
        [{"x": 1}, {}],
        {"a": {"b": [], "c": 2}},
    )


def test_a_document_without_the_array_is_its_own_rest() -> None:
    assert read(b'{"a":{"c":[{"b":[{}]}]},"b":[1],"c":{"b":[2]}}') == (
        [],
        {"a": {"c": [{"b": [{}]}]}, "b": [1], "c": {"b": [2]}},
    )


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[]",
        b'{"a":{"b":[{}]}',
        b'{"a":{"b":[{}]}}}',
        b'{"a":{"b":[{}]}}"end',
        b'{"a":{"b":[{}',
        b'{"a":{"b":[{}}}',
        b'{"a":{"b":[{"x":1',
        b'{"a":{"b":[{"x":[1}]}]}}',
        b'{"a":{"b":[{},]}}',
        b'{"a":{"b":[,{}]}}',
        b'{"a":{"b":[{}{}]}}',
        b'{"a":{"b":[{},,{}]}}',
        b'{"a":{"b":[1]}}',
        b'{"a":{"b":["{}"]}}',
        b'{"a":{"b":[[]]}}',
        b'{"a":{"b":{}}}',
        b'{"a":{"b":null}}',
        b'{"a":{"\\u0062":[{}]}}',
        b'{"\\u0061":{"b":[{}]}}',
        b'{"a":{"b":[{}],"b":[]}}',
        b'{"a":{"b":[{}],"\\u0062":[]}}',
        b'{"a":{"b":[]},"a":{"b":[{}]}}',
        b'{"a":{"b":[{}]},"\\u0061":{}}',
        b'["a",{"b":[{}]}]',
        b'{"a":{"b":[{"x":1,"x":2}]}}',
        b'{"a":{"b":[{"x":"\xff"}]}}',
        b"]]]]",
    ],
)
def test_what_is_no_such_document_is_malformed(text: bytes) -> None:
    for size in (1, 3, 100):
        with pytest.raises(Malformed):
            read(text, size=size)


def test_no_more_items_are_read_than_allowed() -> None:
    assert len(read(b'{"a":{"b":[{},{}]}}', max_items=2)[0]) == 2
    with pytest.raises(Malformed, match="at most 2"):
        read(b'{"a":{"b":[{},{},{}]}}', max_items=2)


def endless(start: bytes, more: bytes) -> Iterator[bytes]:
    yield start
    for _ in range(100 * MAX_BYTES // len(more)):
        yield more


@pytest.mark.slow
@pytest.mark.parametrize(
    ("start", "more"),
    [
        (b'{"a":{"b":[{"x":"', b"x" * 10_000),
        (b'{"a":{"b":[', b" " * 10_000),
        (b'{"x":[', b"[],[]," * 2_000),
        (b'{"x":', b"9" * 10_000),
    ],
)
def test_what_does_not_end_is_left_early(start: bytes, more: bytes) -> None:
    taken = 0

    def counted() -> Iterator[bytes]:
        nonlocal taken
        for chunk in endless(start, more):
            taken += len(chunk)
            yield chunk

    with pytest.raises(Malformed, match="at most"):
        list(ItemStream(counted(), PATH, what="test", max_items=9))
    assert taken < 2 * MAX_BYTES
