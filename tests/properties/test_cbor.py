"""What holds for all CBOR and COSE: round trips, one spelling where one is asked for, and ``Malformed`` alone."""

from collections.abc import Mapping
from typing import Any

import cbor2
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from zegel_testing.authorities import fixed_key

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.primitives.cbor import (
    Tag,
    encode_array,
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
)
from zegel.primitives.cose import (
    cose_key,
    mac_mac0,
    parse_cose_key,
    parse_mac0,
    parse_sign1,
    sign_sign1,
    verify_mac0,
    verify_sign1,
)
from zegel.primitives.keys import Curve, derive_private_key

MARK = b"zegel:\xff\x00\xfe"  # what the parser puts behind an item, and takes from nobody
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
integers = st.integers(-(2**64), 2**64 - 1)
octets = st.binary(max_size=30).filter(lambda data: MARK not in data)
scalars = st.none() | st.booleans() | integers | st.floats(allow_nan=False) | texts | octets
kept_tags = st.sampled_from([0, 1, 16, 17, 18, 24, 32, 61, 98, 100, 1_004, 2**32])
trees: st.SearchStrategy[Any] = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(texts | st.binary(max_size=4) | integers, inner, max_size=4)
        | st.builds(Tag, kept_tags, scalars)
    ),
    max_leaves=16,
)
objects = st.dictionaries(
    texts,
    st.recursive(
        scalars,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
        max_leaves=6,
    ),
    max_size=4,
)
almost_cbor = st.lists(
    st.sampled_from([bytes([n]) for n in (*range(24), *range(0x40, 0x48), *range(0x60, 0x68), *range(0x80, 0x88))])
    | st.sampled_from(
        [b"\xa0", b"\xa1", b"\xa2", b"\xa3", b"\xc0", b"\xd8\x18", b"\xd9\x03\xec", b"\xf4", b"\xf6", b"\xf9"]
    )
    | st.sampled_from(
        [b"\x18", b"\x58", b"\x78", b"\x98", b"\xb8", b"\x9f", b"\xbf", b"\xff", b"\x5f", b"\x49" + MARK, MARK]
    ),
    max_size=16,
).map(b"".join)
KEY = fixed_key("properties")
SECRET = bytes(range(32))
SIGNED = encode_cbor(sign_sign1(b"content", signer=KEY, x5chain=(b"leaf",), typ="a/b"))
MACED = encode_cbor(Tag(17, mac_mac0(b"content", key=SECRET)))


@pytest.mark.slow
@given(trees)
def test_a_value_comes_back(value: Any) -> None:
    assert parse_cbor(encode_cbor(value), what="test") == value
    assert parse_cbor(encode_cbor([value]), what="test") == [value]


@given(almost_cbor | st.binary(max_size=40))
@example(b"\xa2\x00\x00\x00\x00")
@example(b"\xf9\x7e\x00")
def test_what_parses_is_what_the_library_says_and_nothing_is_left_over(data: bytes) -> None:
    try:
        value = parse_cbor(data, what="test")
    except Malformed:
        return
    again = encode_cbor(value)
    assert len(again) <= len(data) + 8  # a float comes back in its longest form
    assert encode_cbor(parse_cbor(again, what="test")) == again
    assert encode_cbor(cbor2.loads(data, semantic_decoders={tag: _kept(tag) for tag in (0, 1, 100, 1_004)})) == again


def _kept(tag: int) -> Any:
    return lambda content, _immutable: Tag(tag, content)


@given(st.binary(max_size=60))
def test_no_bytes_at_all_make_the_parsers_fail_otherwise(data: bytes) -> None:
    for parse in (parse_cbor, parse_map, parse_embedded):
        try:
            parse(data, what="test")
        except Malformed:
            continue


@given(trees, st.binary(min_size=1, max_size=4))
def test_nothing_may_follow_and_nothing_may_be_missing(value: Any, more: bytes) -> None:
    data = encode_cbor(value)
    for other in (data + more, data[:-1], data * 2, data + b"\x49" + MARK, data + b"\x49" + MARK + more):
        with pytest.raises(Malformed):
            parse_cbor(other, what="test")


@pytest.mark.slow
@given(st.lists(objects.map(encode_cbor) | almost_cbor, min_size=1, max_size=4))
@example([b"\xa1\x61a", b"\xa0"])
@example([b"\xa0", b"\xa0\xa0", b""])
def test_maps_parse_together_as_they_do_alone(encoded: list[bytes]) -> None:
    alone: list[Any] | None
    try:
        alone = [parse_map(one, what="test") for one in encoded]
    except Malformed:
        alone = None
    try:
        together = parse_text_keyed(encoded, what="test")
    except Malformed:
        assert alone is None or not all(map(_by_text, alone)) or any(MARK in one for one in encoded)
        return
    assert together == alone


def _by_text(value: Any) -> bool:
    """Whether every key at any depth is text or bytes."""
    if isinstance(value, Mapping):
        return all(type(name) in (str, bytes) for name in value) and all(map(_by_text, value.values()))
    if isinstance(value, Tag):
        return _by_text(value.value)
    return all(map(_by_text, value)) if isinstance(value, list | tuple) else True


@given(st.binary(max_size=300))
def test_embedded_cbor_has_one_spelling(data: bytes) -> None:
    assert parse_embedded(encode_embedded(data), what="test") == data
    assert encode_embedded(data) == encode_cbor(Tag(24, data))
    try:
        inner = parse_embedded(data, what="test")
    except Malformed:
        return
    assert encode_embedded(inner) == data


@given(integers, texts, st.binary(max_size=300), st.lists(integers, max_size=30))
def test_what_is_written_by_hand_is_what_the_library_writes(
    number: int, text: str, data: bytes, numbers: list[int]
) -> None:
    assert encode_integer(number) == encode_cbor(number)
    assert encode_text(text) == encode_cbor(text)
    assert encode_byte_string(data) == encode_cbor(data)
    assert encode_array(list(map(encode_integer, numbers))) == encode_cbor(numbers)


@pytest.mark.slow
@given(st.dictionaries(integers | texts, integers, max_size=30), st.randoms(use_true_random=False))
def test_a_map_is_written_in_one_order_however_it_was_built(members: dict[Any, int], random: Any) -> None:
    encoded = [encode_cbor(name) + encode_integer(value) for name, value in members.items()]
    written = encode_map(encoded)
    random.shuffle(encoded)
    assert encode_map(encoded) == written
    found = parse_map(written, what="test")
    assert found == members
    assert list(found) == sorted(members, key=encode_cbor)


def spoiled(message: bytes) -> st.SearchStrategy[bytes]:
    """The message with one byte changed, taken out or put in."""
    return st.tuples(st.integers(0, len(message) - 1), st.integers(0, 255), st.sampled_from((0, 1, 2))).map(
        lambda spoil: message[: spoil[0]] + bytes([spoil[1]])[: spoil[2]] + message[spoil[0] + (spoil[2] < 2) :]
    )


@given(spoiled(SIGNED) | trees.map(encode_cbor))
@example(SIGNED)
def test_a_spoiled_signature_is_malformed_or_rejected(data: bytes) -> None:
    try:
        message = parse_sign1(parse_cbor(data, what="test"), what="test")
        payload = verify_sign1(message, key=KEY.public_key, payload=message.payload or b"")
    except (Malformed, Rejected):
        return
    assert payload == b"content"
    assert message.header.encoded in SIGNED  # the unprotected header is nobody's word


@given(spoiled(MACED) | trees.map(encode_cbor))
@example(MACED)
def test_a_spoiled_mac_is_malformed_or_rejected(data: bytes) -> None:
    try:
        message = parse_mac0(parse_cbor(data, what="test"), what="test")
        payload = verify_mac0(message, key=SECRET, payload=message.payload or b"", check=Check.SIGNATURE)
    except (Malformed, Rejected):
        return
    assert payload == b"content"
    assert message.header.encoded in MACED


@pytest.mark.slow
@given(trees, trees)
def test_headers_of_any_shape_are_malformed_or_rejected(protected: Any, unprotected: Any) -> None:
    for header in (encode_cbor(protected), encode_cbor({1: -7, 99: protected})):
        try:
            message = parse_sign1([header, unprotected, b"", bytes(64)], what="test")
        except Malformed:
            continue
        with pytest.raises(Rejected):
            verify_sign1(message, key=KEY.public_key, payload=b"")


@given(st.sampled_from(Curve), st.integers(1, 2**256 - 2**225))
def test_a_key_comes_back(curve: Curve, scalar: int) -> None:
    key = derive_private_key(scalar.to_bytes(66), curve=curve).public_key
    assert parse_cose_key(parse_cbor(encode_cbor(cose_key(key)), what="key"), what="key") == key


@given(st.sampled_from([1, 2, 3, 4, -1, -2, -3, -4]), trees)
def test_a_key_of_any_shape_parses_to_the_same_point_or_is_malformed(label: int, value: Any) -> None:
    try:
        parsed = parse_cose_key(cose_key(KEY.public_key) | {label: value}, what="key")
    except Malformed:
        return
    assert parsed == KEY.public_key


@given(st.binary(max_size=60), st.binary(max_size=60), st.binary(max_size=60))
def test_a_payload_is_signed_with_its_external_data_and_not_otherwise(payload: bytes, aad: bytes, other: bytes) -> None:
    message = parse_sign1(sign_sign1(payload, signer=KEY, aad=aad, detached=True), what="test")
    assert verify_sign1(message, key=KEY.public_key, payload=payload, aad=aad) == payload
    for wrong in ({"payload": payload, "aad": other}, {"payload": other, "aad": aad}, {"payload": aad, "aad": payload}):
        if wrong == {"payload": payload, "aad": aad}:
            continue
        with pytest.raises(Rejected):
            verify_sign1(message, key=KEY.public_key, **wrong)
