"""CBOR in and out: one item in definite lengths, with the tags that have a place here, within its limits."""

from collections.abc import Callable
from typing import Any

import pytest
from zegel_testing.limits import assert_malformed_cheaply

from zegel.errors import Malformed
from zegel.primitives.cbor import (
    MAX_BYTES,
    MAX_DEPTH,
    MAX_ITEMS,
    MAX_TEXT_KEYED_ITEMS,
    FrozenMap,
    Tag,
    embedded,
    encode_array,
    encode_array_head,
    encode_byte_string,
    encode_cbor,
    encode_embedded,
    encode_integer,
    encode_map,
    encode_text,
    parse_cbor,
    parse_embedded,
    parse_map,
    parse_text_keyed,
    split_byte_string,
    split_map,
)

# RFC 8949 appendix A, as far as definite lengths and the tags that are kept go
APPENDIX_A: list[tuple[str, Any]] = [
    ("00", 0),
    ("01", 1),
    ("0a", 10),
    ("17", 23),
    ("1818", 24),
    ("1903e8", 1_000),
    ("1a000f4240", 1_000_000),
    ("1b000000e8d4a51000", 1_000_000_000_000),
    ("1bffffffffffffffff", 2**64 - 1),
    ("3bffffffffffffffff", -(2**64)),
    ("20", -1),
    ("29", -10),
    ("3863", -100),
    ("3903e7", -1_000),
    ("fb3ff199999999999a", 1.1),
    ("f4", False),
    ("f5", True),
    ("f6", None),
    ("c074323031332d30332d32315432303a30343a30305a", Tag(0, "2013-03-21T20:04:00Z")),
    ("c11a514b67b0", Tag(1, 1_363_896_240)),
    ("d74401020304", Tag(23, b"\x01\x02\x03\x04")),
    ("d818456449455446", Tag(24, b"dIETF")),
    ("d82076687474703a2f2f7777772e6578616d706c652e636f6d", Tag(32, "http://www.example.com")),
    ("40", b""),
    ("4401020304", b"\x01\x02\x03\x04"),
    ("60", ""),
    ("6449455446", "IETF"),
    ("62225c", '"\\'),
    ("62c3bc", "ü"),
    ("64f0908591", "𐅑"),
    ("80", []),
    ("83010203", [1, 2, 3]),
    ("8301820203820405", [1, [2, 3], [4, 5]]),
    ("98190102030405060708090a0b0c0d0e0f101112131415161718181819", list(range(1, 26))),
    ("a0", {}),
    ("a201020304", {1: 2, 3: 4}),
    ("a26161016162820203", {"a": 1, "b": [2, 3]}),
    ("826161a161626163", ["a", {"b": "c"}]),
]


@pytest.mark.parametrize(("encoded", "value"), APPENDIX_A)
def test_rfc_8949_a_the_examples_are_read_and_written(encoded: str, value: Any) -> None:
    found = parse_cbor(bytes.fromhex(encoded), what="test")
    assert found == value
    assert type(found) is type(value)
    assert encode_cbor(value).hex() == encoded


@pytest.mark.parametrize(
    "encoded",
    [
        "5f42010243030405ff",
        "7f657374726561646d696e67ff",
        "9fff",
        "9f018202039f0405ffff",
        "83018202039f0405ff",
        "bf6161019fff",
    ],
)
def test_rfc_8949_a_an_indefinite_length_is_malformed(encoded: str) -> None:
    with pytest.raises(Malformed):
        parse_cbor(bytes.fromhex(encoded), what="test")


@pytest.mark.parametrize(
    "encoded",
    [
        "",
        "18",
        "19 01",
        "1b 00 00 00 00 00 00 00",
        "1c",
        "1d",
        "1e",
        "1f",
        "3c",
        "5c",
        "7e",
        "9d",
        "bc",
        "dc",
        "ff",
        "41",
        "42 00",
        "5b ff ff ff ff ff ff ff ff",
        "7b ff ff ff ff ff ff ff ff",
        "9b ff ff ff ff ff ff ff ff",
        "bb ff ff ff ff ff ff ff ff",
        "9a 7f ff ff ff",
        "61 ff",
        "62 c3 28",
        "63 ed a0 80",
        "81",
        "82 00",
        "a1",
        "a1 00",
        "a2 00 00 01",
        "c0",
        "d8 18",
        "00 00",
        "f6 f6",
        "80 80",
        "fa 00 00",
    ],
)
def test_bytes_that_are_no_one_item_are_malformed(encoded: str) -> None:
    with pytest.raises(Malformed):
        parse_cbor(bytes.fromhex(encoded), what="test")


@pytest.mark.parametrize(
    "encoded",
    [
        "a2 00 00 00 00",
        "a2 61 61 00 61 61 01",
        "a2 01 00 18 01 00",
        "a2 f5 00 01 00",
        "81 a2 41 00 00 41 00 00",
        "d8 64 a2 00 00 00 01",
    ],
)
def test_a_key_twice_is_malformed_however_it_is_spelled(encoded: str) -> None:
    with pytest.raises(Malformed):
        parse_cbor(bytes.fromhex(encoded), what="test")


@pytest.mark.parametrize("tag", [2, 3, 4, 5, 25, 28, 29, 30, 35, 36, 37, 52, 54, 256, 258, 260, 261, 43_000, 55_799])
@pytest.mark.parametrize("content", [b"\x01", "a", 1, [1, 2], [], {}])
def test_a_tag_that_would_become_something_else_is_malformed(tag: int, content: Any) -> None:
    with pytest.raises(Malformed):
        parse_cbor(encode_cbor(Tag(tag, content)), what="test")


@pytest.mark.parametrize("tag", [0, 1, 6, 16, 17, 18, 23, 24, 32, 61, 98, 100, 1_004, 65_535, 2**64 - 1])
@pytest.mark.parametrize("content", ["2013-03-21", b"\x00", 1, -1.5, None])
def test_every_other_tag_is_kept_with_what_is_in_it(tag: int, content: Any) -> None:
    assert parse_cbor(encode_cbor(Tag(tag, content)), what="test") == Tag(tag, content)


def test_what_is_in_a_tag_cannot_be_changed() -> None:
    found = parse_cbor(encode_cbor(Tag(18, [1, {"a": [2]}])), what="test")
    assert found == Tag(18, (1, FrozenMap({"a": (2,)})))


@pytest.mark.parametrize("encoded", ["f7", "e0", "f0", "f8ff", "f820"])
def test_a_simple_value_is_none_of_jsons(encoded: str) -> None:
    found = parse_cbor(bytes.fromhex(encoded), what="test")
    assert found is not None
    assert not isinstance(found, bool | int | float | str | bytes | list | tuple | dict)


@pytest.mark.parametrize("encoded", ["f800", "f818", "f81f", "fc", "fe"])
def test_rfc_8949_3_3_a_simple_value_in_another_spelling_is_malformed(encoded: str) -> None:
    with pytest.raises(Malformed):
        parse_cbor(bytes.fromhex(encoded), what="test")


def test_a_map_is_asked_for_by_name() -> None:
    assert parse_map(encode_cbor({1: 2, "a": b""}), what="test") == {1: 2, "a": b""}
    for other in ([], "a", b"\xa0", None, 0, Tag(24, {}), [{}]):
        with pytest.raises(Malformed, match="test: expected a CBOR map"):
            parse_map(encode_cbor(other), what="test")


def deep(depth: int, opening: bytes) -> bytes:
    return opening * depth + b"\x00"


@pytest.mark.parametrize(
    "opening", [b"\x81", b"\xa1\x00", b"\xd8\x64", b"\xa1\x81"], ids=["arrays", "maps", "tags", "keys"]
)
def test_depth_is_limited(opening: bytes) -> None:
    with pytest.raises(Malformed):
        parse_cbor(deep(MAX_DEPTH + 1, opening) + b"\x00" * 40, what="test")
    with pytest.raises(Malformed):
        parse_cbor(deep(1_000, opening), what="test")


def test_arrays_and_maps_may_be_sixteen_deep() -> None:
    for opening in (b"\x81", b"\xa1\x00"):
        assert parse_cbor(deep(MAX_DEPTH, opening), what="test") is not None
        with pytest.raises(Malformed):
            parse_cbor(deep(MAX_DEPTH + 1, opening), what="test")


def test_size_is_limited() -> None:
    fitting = encode_cbor(bytes(MAX_BYTES - 5))
    assert len(fitting) == MAX_BYTES
    assert parse_cbor(fitting, what="test") == bytes(MAX_BYTES - 5)
    with pytest.raises(Malformed, match=f"at most {MAX_BYTES} bytes"):
        parse_cbor(encode_cbor(bytes(MAX_BYTES - 4)), what="test")
    more = encode_cbor(bytes(MAX_BYTES))
    assert parse_cbor(more, what="test", max_bytes=len(more)) == bytes(MAX_BYTES)
    small = encode_cbor(bytes(200))
    assert parse_cbor(small, what="test", max_bytes=202, max_items=1) == bytes(200)
    for items in (1, MAX_ITEMS):
        with pytest.raises(Malformed, match="at most 201 bytes"):
            parse_cbor(small, what="test", max_bytes=201, max_items=items)


def test_the_number_of_items_is_limited() -> None:
    value = ["four"] * (MAX_ITEMS - 1)
    assert parse_cbor(encode_cbor(value), what="test") == value
    with pytest.raises(Malformed, match=f"at most {MAX_ITEMS} items"):
        parse_cbor(encode_cbor([*value, "four"]), what="test")
    members = {f"{number:04}": b"four" for number in range(MAX_ITEMS // 2 - 1)}
    assert parse_map(encode_cbor(members), what="test") == members
    with pytest.raises(Malformed):
        parse_map(encode_cbor(members | {"next": b"four"} | {"last": b"four"}), what="test")


def test_every_kind_of_item_counts_as_one_whatever_it_holds() -> None:
    kinds = [b"longer" * 10, "t" * 30, 2**40, -(2**40), 1.5, Tag(24, b"abcdef"), "x" * 300, b"y" * 70_000]
    data = encode_cbor(kinds)
    assert parse_cbor(data, what="test", max_items=10) == kinds
    with pytest.raises(Malformed, match="at most 9 items"):
        parse_cbor(data, what="test", max_items=9)


def test_a_length_beyond_the_end_is_malformed_where_items_are_counted_too() -> None:
    for head in ("5b7fffffffffffffff", "7bffffffffffffffff", "1b", "5c", "1f"):
        with pytest.raises(Malformed):
            parse_cbor(bytes.fromhex(head) + bytes(5_000), what="test")
        with pytest.raises(Malformed):
            parse_cbor(bytes(1) + bytes.fromhex(head), what="test", max_items=0)


def maps(*values: Any) -> list[bytes]:
    return [encode_cbor(value) for value in values]


def test_maps_that_stand_alone_are_parsed_together() -> None:
    values = [{"a": 1}, {}, {"b": [{"c": b"d"}], "e": Tag(1_004, "f")}]
    assert parse_text_keyed(maps(*values), what="test") == values
    assert parse_text_keyed(maps({b"bytes": 1}), what="test") == [{b"bytes": 1}]


@pytest.mark.parametrize(
    "encoded",
    [
        [b""],
        [b"\x00"],
        [b"\x80"],
        [b"\xf6"],
        [b"\xa0\x00"],
        [b"\xa0\xa0"],
        [b"\xa1\x61a"],
        [b"\xa0", b""],
        [b"", b"\xa0"],
        [b"\xa0", b"\xa0\xa0"],
        [b"\xa1\x61a", b"\x00"],
        [b"\xa2\x61a\x00\x61a\x00"],
        [b"\xbf\xff"],
        [b"\xd8\x18\x41\xa0"],
        maps({1: 2})[:1],
        maps({None: 2})[:1],
        maps({"a": {1: 2}}),
        maps({"a": [{-1: 2}]}),
        maps({"a": Tag(100, {1: 2})}),
        [b"\xa1\x81\x61a\x00"],
        [b"\xa1\xa1\x61a\x00\x00"],
        [b"\xa1\xf9\x7e\x00\x00"],
    ],
)
def test_what_is_not_alone_or_not_keyed_by_text_is_malformed(encoded: list[bytes]) -> None:
    with pytest.raises(Malformed):
        parse_text_keyed(encoded, what="test")


def test_no_map_can_reach_into_the_next() -> None:
    """Each length is believed only as far as the bytes in which it stands."""
    for first in (b"\xa1\x61a", b"\xa1\x61a\x43", b"\xa1\x61a\x81", b"\xa2\x61a\x00"):
        for second in (b"\xa0", b"\x00", b"\xa1\x61b\x00", b"\x61b\x00"):
            with pytest.raises(Malformed):
                parse_text_keyed([first, second], what="test")
            with pytest.raises(Malformed):
                parse_text_keyed([second, first], what="test")


def test_what_marks_the_end_of_an_item_cannot_be_brought_along() -> None:
    """Whoever knows the marker gains nothing by it: nothing may follow an item, not even behind a marker."""
    mark = encode_cbor(b"zegel:\xff\x00\xfe")
    for data in (
        mark,
        b"\x00" + mark,
        b"\x00" + mark + b"\x00",
        mark * 2,
        mark * 3,
        b"\xa0" + mark + b"\xff",
        b"\x81" + mark,
    ):
        with pytest.raises(Malformed):
            parse_cbor(data, what="test")
    for encoded in (
        [mark],
        [b"\xa0" + mark],
        [b"\xa0" + mark + b"\xa0"],
        [b"\xa0" + mark + b"\x00", b"\xa0"],
        [b"\xa1\x61a", mark],
        [b"\xa1\x61a" + mark],
        [b"\xa0", mark, b"\xa0"],
    ):
        with pytest.raises(Malformed):
            parse_text_keyed(encoded, what="test")


def test_items_of_maps_that_are_parsed_together_are_limited_together() -> None:
    one = encode_cbor({"name": "four"})
    count = MAX_TEXT_KEYED_ITEMS // 5
    assert len(parse_text_keyed([one] * count, what="test")) == count
    with pytest.raises(Malformed, match="at most"):
        parse_text_keyed([one] * 3_000, what="test")
    with pytest.raises(Malformed, match="at most"):
        parse_text_keyed(maps({"a": bytes(MAX_BYTES)}), what="test")


@pytest.mark.parametrize("size", [0, 1, 23, 24, 255, 256, 65_535, 65_536])
def test_embedded_cbor_goes_both_ways_in_its_shortest_encoding(size: int) -> None:
    inner = bytes(size)
    data = encode_embedded(inner)
    assert data == encode_cbor(Tag(24, inner))
    assert parse_embedded(data, what="test") == inner
    assert embedded(parse_cbor(data, what="test"), what="test") == inner


@pytest.mark.parametrize(
    "encoded",
    [
        "",
        "d8",
        "d818",
        "d81841",
        "d81840 00",
        "d8185800",
        "d818580100",
        "d8185900 01 00",
        "d8185a00000001 00",
        "d8185b0000000000000001 00",
        "d9001841 00",
        "d81861 61",
        "d81800",
        "d818d8184100",
        "d83f4100",
        "4100",
        "c24100",
        "d8185f4100ff",
    ],
)
def test_embedded_cbor_in_another_spelling_is_malformed(encoded: str) -> None:
    with pytest.raises(Malformed, match="tag 24"):
        parse_embedded(bytes.fromhex(encoded), what="test")


def test_embedded_cbor_beyond_the_limit_is_malformed() -> None:
    fitting = encode_embedded(bytes(MAX_BYTES - 7))
    assert len(fitting) == MAX_BYTES
    assert parse_embedded(fitting, what="test") == bytes(MAX_BYTES - 7)
    with pytest.raises(Malformed, match="at most"):
        parse_embedded(encode_embedded(bytes(MAX_BYTES - 6)), what="test")


@pytest.mark.parametrize("value", [b"\xa0", "a", None, Tag(24, "a"), Tag(24, ()), Tag(25, b""), Tag(24, Tag(24, b""))])
def test_what_is_not_embedded_is_malformed(value: Any) -> None:
    with pytest.raises(Malformed, match="test: here"):
        embedded(value, what="test", where="here")


SIZES = (0, 1, 23, 24, 255, 256, 65_535, 65_536, 2**32 - 1, 2**32, 2**64 - 1)


@pytest.mark.parametrize("number", [*SIZES, *(~size for size in SIZES)])
def test_rfc_8949_4_2_1_integers_have_their_shortest_encoding(number: int) -> None:
    assert encode_integer(number) == encode_cbor(number)
    assert parse_cbor(encode_integer(number), what="test") == number


@pytest.mark.parametrize("number", [2**64, -(2**64) - 1, 2**100])
def test_integers_beyond_64_bits_are_not_written(number: int) -> None:
    with pytest.raises(ValueError, match="64 bits"):
        encode_integer(number)


@pytest.mark.parametrize("size", [0, 1, 23, 24, 255, 256, 65_535, 65_536])
def test_strings_and_arrays_have_the_shortest_head(size: int) -> None:
    assert encode_byte_string(bytes(size)) == encode_cbor(bytes(size))
    assert encode_text("a" * size) == encode_cbor("a" * size)
    assert encode_array([b"\x00"] * size) == encode_cbor([0] * size)
    assert encode_array_head(size) == encode_cbor([0] * size)[: -size or None]


def test_a_text_is_as_long_as_its_bytes() -> None:
    assert encode_text("ü" * 12) == encode_cbor("ü" * 12)
    assert encode_text("") == b"\x60"


def test_rfc_8949_4_2_1_the_keys_of_a_map_stand_in_the_order_of_their_bytes() -> None:
    """The example of the section: 10, 100, -1, "z", "aa", [100], [-1], false."""
    keys = [10, 100, -1, "z", "aa", [100], [-1], False]
    members = [encode_cbor(key) + b"\x00" for key in keys]
    assert encode_map(reversed(members)) == b"\xa8" + b"".join(members)
    assert encode_map([]) == b"\xa0"
    assert encode_map(encode_text(f"{n:02}") + b"\xf6" for n in range(30))[:2] == b"\xb8\x1e"


TREE = encode_cbor([[0] * 400, {n: n for n in range(100)}])
LONG = bytes(10_000_000)
NAMES = b"\xb9\x75\x30" + b"".join(encode_text(f"{n:x}") + b"\x00" for n in range(30_000))
# -1 and -2 have the same hash, and so have all arrays of the two; the first of them stands here twice
ALIKE = [b"\x89" + bytes(0x20 + (n >> bit & 1) for bit in range(9)) for n in (*range(369), 0)]
COLLIDING = b"\xb9\x01\x72" + b"".join(key + b"\x00" for key in ALIKE)
HOSTILE: dict[str, Callable[[], object]] = {
    "zeros": lambda: parse_cbor(bytes(MAX_BYTES), what="test"),
    "too long": lambda: parse_cbor(LONG, what="test"),
    "arrays": lambda: parse_cbor(b"\x9a\x00\x03\xff\xf0" + b"\x80" * (MAX_BYTES - 16), what="test"),
    "depth": lambda: parse_cbor(b"\x81" * MAX_BYTES, what="test"),
    "maps": lambda: parse_cbor(b"\xa1\x60" * (MAX_BYTES // 2), what="test"),
    "tags": lambda: parse_cbor(b"\xc6" * MAX_BYTES, what="test"),
    "a length that is not there": lambda: parse_cbor(b"\x9b\x00\x00\x00\xff\xff\xff\xff\xff", what="test"),
    "a text that is not there": lambda: parse_cbor(b"\x7b\x00\x00\x00\xff\xff\xff\xff\xff", what="test"),
    "a map that is not there": lambda: parse_cbor(b"\xbb\x00\x00\x00\xff\xff\xff\xff\xff", what="test"),
    "keys that collide": lambda: parse_cbor(COLLIDING, what="test"),
    "keys that are trees": lambda: parse_cbor(b"\xa1" + encode_cbor([TREE, [[[]]] * 500]) + b"", what="test"),
    "text in no UTF-8": lambda: parse_cbor(b"\x7a\x00\x03\xff\xf0" + b"\xc3" * (MAX_BYTES - 16), what="test"),
    "many small maps": lambda: parse_text_keyed([b"\xa0"] * 30_000, what="test"),
    "a large map keyed by text": lambda: parse_text_keyed([NAMES], what="test"),
    "markers": lambda: parse_text_keyed([encode_cbor(b"zegel:\xff\x00\xfe") * 20_000], what="test"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_bytes_cost_little(name: str) -> None:
    assert_malformed_cheaply(HOSTILE[name])


@pytest.mark.parametrize(
    "members",
    [
        {},
        {1: 2, -7: b"", "a": "b"},
        {"deep": [1, [2, {3: [b"4"]}]], 1.5: None, True: [Tag(1004, "2026-01-01"), Tag(24, b"")]},
        {number: b"x" * number for number in (0, 23, 24, 255, 256, 65_536)},
    ],
    ids=len,
)
def test_a_map_is_split_into_its_members_as_they_are(members: dict[object, object]) -> None:
    expected = {encode_cbor(key): encode_cbor(value) for key, value in members.items()}
    assert split_map(encode_cbor(members), "test", 6) == expected


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xa1",  # nothing in it
        b"\xa1\x01",  # no value
        b"\xa1\x01\x42\x00",  # a value that is cut off
        b"\xa1\x01\x19\x00",  # a head that is cut off
        b"\xa1\x01\x9f\xff",  # no definite length
        b"\xbf\x01\x02\xff",
        b"\xa1\x01\x1c",  # reserved
        b"\xa1\x01\x9b\xff\xff\xff\xff\xff\xff\xff\xff",  # more than there is
        b"\xa1\x01\x02\x00",  # something behind it
        b"\xa2\x01\x02\x01\x03",  # twice
        b"\xa7" + b"\x01\x02" * 7,  # more than are allowed
        b"\x82\x01\x02",  # an array
        b"\x01",
    ],
    ids=bytes.hex,
)
def test_what_is_no_whole_map_with_unique_keys_is_not_split(data: bytes) -> None:
    with pytest.raises(Malformed):
        split_map(data, "test", 6)


@pytest.mark.parametrize("data", [b"", b"x", b"x" * 24, b"x" * 256, b"x" * 65_536], ids=len)
def test_a_byte_string_that_stands_alone_is_its_bytes(data: bytes) -> None:
    assert split_byte_string(encode_cbor(data), "test") == data


@pytest.mark.parametrize("data", [b"", b"\x41", b"\x41ab", b"\x61a", b"\x5f\xff", b"\x01"], ids=bytes.hex)
def test_what_is_no_byte_string_alone_is_malformed(data: bytes) -> None:
    with pytest.raises(Malformed):
        split_byte_string(data, "test")
