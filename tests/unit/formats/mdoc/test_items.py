"""Issuer-signed items: their shape, and that what is hashed is what was received."""

from typing import Any

import pytest
from zegel_testing.mdoc import (
    DOC_TYPE,
    DOMESTIC,
    ITEM,
    document,
    issued,
    issuer_signed,
    item,
    presented,
    response,
    security_object,
    signed,
)

from zegel.errors import Malformed
from zegel.formats.mdoc.parse import parse_device_response, parse_issuer_signed
from zegel.primitives.cbor import Tag, encode_cbor, encode_embedded


def test_the_items_of_a_namespace_stand_in_the_order_in_which_they_came() -> None:
    contents = [item(7, "b", 1), item(0, "a", "x"), item(300, "c", [True])]
    parsed = parse_issuer_signed(signed(items={DOMESTIC: contents, DOC_TYPE: [ITEM]})).unverified_namespaces
    assert list(parsed) == [DOMESTIC, DOC_TYPE]
    items = parsed[DOMESTIC]
    assert (items.digest_ids, items.elements, items.values) == ([7, 0, 300], ["b", "a", "c"], [1, "x", [True]])
    assert items.encoded == list(map(encode_embedded, contents))


def test_the_bytes_of_an_item_are_those_of_the_message() -> None:
    for items in parse_issuer_signed(issued()).unverified_namespaces.values():
        assert b"".join(items.encoded) in issued()
    (shown,) = parse_device_response(presented()).documents
    (items,) = shown.issuer_signed.unverified_namespaces.values()
    assert [encoded in presented() and encoded in issued() for encoded in items.encoded] == [True]


def test_no_elements_need_be_disclosed() -> None:
    assert parse_issuer_signed(signed(nameSpaces=None)).unverified_namespaces == {}
    assert parse_issuer_signed(signed(items={})).unverified_namespaces == {}


@pytest.mark.parametrize(
    "namespaces",
    [
        [],
        "items",
        None,
        {DOC_TYPE: []},
        {DOC_TYPE: {}},
        {DOC_TYPE: Tag(24, ITEM)},
        {DOC_TYPE: [ITEM]},
        {DOC_TYPE: [Tag(24, ITEM), ITEM]},
        {DOC_TYPE: [Tag(24, "item")]},
        {DOC_TYPE: [Tag(63, ITEM)]},
        {DOC_TYPE: [Tag(24, ITEM + b"\x00")]},
        {DOC_TYPE: [Tag(24, ITEM[:-1])]},
        {DOC_TYPE: [Tag(24, b"")]},
        {DOC_TYPE: [Tag(24, encode_cbor([1, 2]))]},
        {DOC_TYPE: [Tag(24, encode_cbor("text"))]},
        {b"bytes": [Tag(24, ITEM)]},
        {1: [Tag(24, ITEM)]},
    ],
)
def test_what_is_no_map_of_items_is_malformed(namespaces: Any) -> None:
    members = issuer_signed() | {"nameSpaces": namespaces}
    with pytest.raises(Malformed):
        parse_issuer_signed(encode_cbor(members))


@pytest.mark.parametrize(
    "changes",
    [
        {"digestID": None},
        {"random": None},
        {"elementIdentifier": None},
        {"digestID": -1},
        {"digestID": "0"},
        {"digestID": True},
        {"digestID": 0.0},
        {"random": "random"},
        {"random": 1},
        {"elementIdentifier": b"family_name"},
        {"elementIdentifier": 1},
        {1: "a"},
        {None: "a"},
    ],
)
def test_an_item_of_another_shape_is_malformed(changes: dict[Any, Any]) -> None:
    members: Any = {"digestID": 0, "random": bytes(32), "elementIdentifier": "a", "elementValue": "b"} | changes
    content = encode_cbor({name: value for name, value in members.items() if value is not None})
    with pytest.raises(Malformed):
        parse_issuer_signed(signed(items={DOC_TYPE: [content]}))


def test_an_item_without_a_value_is_malformed_and_null_is_a_value() -> None:
    members = {"digestID": 0, "random": bytes(32), "elementIdentifier": "a"}
    with pytest.raises(Malformed):
        parse_issuer_signed(signed(items={DOC_TYPE: [encode_cbor(members)]}))
    (items,) = parse_issuer_signed(
        signed(items={DOC_TYPE: [encode_cbor(members | {"elementValue": None})]})
    ).unverified_namespaces.values()
    assert items.values == [None]


def test_an_item_with_a_member_twice_is_malformed() -> None:
    twice = b"\xa5" + ITEM[1:] + encode_cbor("digestID") + b"\x01"
    with pytest.raises(Malformed):
        parse_issuer_signed(signed(items={DOC_TYPE: [twice]}))


def test_members_of_an_item_that_nobody_knows_are_not_looked_at() -> None:
    content = encode_cbor(
        {"digestID": 0, "random": b"", "elementIdentifier": "a", "elementValue": 1, "later": {b"key": [1.5]}}
    )
    (items,) = parse_issuer_signed(signed(items={DOC_TYPE: [content]})).unverified_namespaces.values()
    assert (items.elements, items.values) == (["a"], [1])


@pytest.mark.parametrize(
    "head", [b"\xd8\x18\x59\x00", b"\xd8\x18\x5a\x00\x00\x00", b"\xd9\x00\x18\x58", b"\xda\0\0\0\x18\x58"]
)
def test_rfc_8949_4_1_an_item_with_a_longer_head_than_need_be_is_malformed(head: bytes) -> None:
    """Its digest would be over other bytes than the ones that are kept."""
    assert len(ITEM) < 256
    data = signed()
    short = b"\xd8\x18\x58" + bytes([len(ITEM)]) + ITEM
    assert data.count(short) == 1
    changed = data.replace(short, head + bytes([len(ITEM)]) + ITEM)
    with pytest.raises(Malformed, match="shortest"):
        parse_issuer_signed(changed)


def test_an_item_in_pieces_is_malformed() -> None:
    data = signed()
    short = b"\x58" + bytes([len(ITEM)]) + ITEM
    pieces = b"\x5f" + encode_cbor(ITEM[:9]) + encode_cbor(ITEM[9:]) + b"\xff"
    with pytest.raises(Malformed):
        parse_issuer_signed(data.replace(short, pieces))


def test_what_merely_looks_like_the_items_is_not_taken_for_them() -> None:
    """The same bytes may stand before the items: in a name, in the chain, in an unknown member, in another document."""
    copy = encode_embedded(ITEM)
    for before in ({"before": copy}, {"before": Tag(24, ITEM)}, {"before": copy[:64]}):
        data = encode_cbor(before | issuer_signed())
        (items,) = parse_issuer_signed(data).unverified_namespaces.values()
        assert items.encoded == [copy]
    two = parse_device_response(response(document(), document())).documents
    assert [list(one.issuer_signed.unverified_namespaces[DOC_TYPE].encoded) for one in two] == [[copy], [copy]]


def test_items_of_two_namespaces_with_the_same_content_are_both_found() -> None:
    parsed = parse_issuer_signed(signed(security_object(), {DOC_TYPE: [ITEM], DOMESTIC: [ITEM]}))
    assert [items.encoded for items in parsed.unverified_namespaces.values()] == [[encode_embedded(ITEM)]] * 2
