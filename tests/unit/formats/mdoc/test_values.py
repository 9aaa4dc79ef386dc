"""Element values: which of CBOR's are claims, and which an issuer may write."""

from math import inf, nan
from typing import Any

import pytest
from zegel_testing.authorities import NOW
from zegel_testing.mdoc import ANCHORS, DOC_TYPE, digest, issued, item, security_object, signed

from zegel.errors import Malformed
from zegel.formats.mdoc.parse import parse_issuer_signed
from zegel.formats.mdoc.values import encode_value
from zegel.formats.mdoc.verify import verify_issued_mdoc
from zegel.primitives.cbor import Tag, encode_cbor, parse_cbor


def shown(value: Any) -> Any:
    """The claim that an element of this value becomes."""
    content = item(value="placeholder").replace(encode_cbor("placeholder"), encode_cbor(value))
    contents = security_object(valueDigests={DOC_TYPE: {0: digest(content)}})
    data = signed(contents, {DOC_TYPE: [content]})
    credential = verify_issued_mdoc(parse_issuer_signed(data), anchors=ANCHORS, now=NOW)
    namespace: Any = credential.claims[DOC_TYPE]
    return namespace["family_name"]


@pytest.mark.parametrize(
    "value",
    [
        "",
        "Erika",
        b"",
        b"\xff\xd8",
        True,
        False,
        None,
        0,
        -1,
        23,
        24,
        2**64 - 1,
        -(2**63),
        1.5,
        -0.25,
        [],
        {},
        [1, ["a"]],
    ],
)
def test_what_json_or_a_byte_string_can_say_is_a_claim_as_it_stands(value: Any) -> None:
    claim = shown(value)
    assert claim == value
    assert type(claim) is type(value)


def test_a_map_by_name_is_a_claim_with_all_that_is_in_it() -> None:
    value = {"country": "UT", "parts": [{"street": b"\x00"}, {}]}
    assert shown(value) == value


@pytest.mark.parametrize(
    ("value", "claim"),
    [
        (Tag(1004, "1971-09-01"), "1971-09-01"),
        (Tag(0, "2026-11-22T00:00:00Z"), "2026-11-22T00:00:00Z"),
        (Tag(1, NOW), NOW),
        (Tag(100, -365), -365),
        (Tag(24, b"\xa0"), b"\xa0"),
        (Tag(32, "https://utopia.example"), "https://utopia.example"),
        (Tag(1004, [1, {"a": Tag(24, b"b")}]), [1, {"a": b"b"}]),
        ([Tag(1004, "2018-08-09"), {"until": Tag(1004, "2024-10-20")}], ["2018-08-09", {"until": "2024-10-20"}]),
    ],
)
def test_a_tag_gives_way_to_what_it_is_around(value: Any, claim: Any) -> None:
    assert shown(value) == claim


@pytest.mark.parametrize(
    "value",
    [
        nan,
        inf,
        -inf,
        2**64,
        -(2**63) - 1,
        {1: "a"},
        {b"a": "a"},
        {"a": {b"b": 1}},
        [{None: 1}],
        Tag(1004, Tag(0, "a")),
        Tag(100, {1: 2}),
        Tag(100, {b"a": 2}),
        Tag(2, b"\x01"),
        Tag(258, [1]),
    ],
)
def test_what_no_claim_can_be_is_malformed(value: Any) -> None:
    with pytest.raises(Malformed):
        shown(value)


@pytest.mark.parametrize("encoded", [b"\xf7", b"\xf0", b"\xf8\x20", b"\xff", b"\x5f\x41\x00\xff", b"\x62\xc3\x28"])
def test_what_cbor_has_beyond_values_is_malformed(encoded: bytes) -> None:
    content = item(value="placeholder").replace(encode_cbor("placeholder"), encoded)
    with pytest.raises(Malformed):
        parse_issuer_signed(signed(items={DOC_TYPE: [content]}))


@pytest.mark.parametrize(
    ("value", "encoded"),
    [
        ("Erika", "654572696b61"),
        ("ö" * 12, "7818" + "c3b6" * 12),
        (True, "f5"),
        (False, "f4"),
        (23, "17"),
        (24, "1818"),
        (65_536, "1a00010000"),
        (-1, "20"),
        (-257, "390100"),
        (b"\x00", "4100"),
        (Tag(1004, "1971-09-01"), "d903ec6a313937312d30392d3031"),
        (Tag(0, "2026-11-22T00:00:00Z"), "c074323032362d31312d32325430303a30303a30305a"),
        ([1, "a"], "82016161"),
        ((1, b""), "820140"),
        ({"bb": 1, "a": 2, "c": []}, "a361610261638062626201"),
    ],
)
def test_rfc_8949_4_2_1_a_value_is_written_in_one_way(value: Any, encoded: str) -> None:
    assert encode_value(value).hex() == encoded


def test_what_an_issuer_writes_is_read_back() -> None:
    value = {"a": [1, -2, "x", b"y", True, {"b": ()}], "z": Tag(1004, "1971-09-01")}
    assert shown(parse_cbor(encode_value(value), what="value")) == {
        "a": [1, -2, "x", b"y", True, {"b": []}],
        "z": "1971-09-01",
    }


@pytest.mark.parametrize(
    "value",
    [
        None,
        1.5,
        {1: "a"},
        {b"a": 1},
        Tag(1, NOW),
        Tag(1004, b"1971"),
        Tag(24, b""),
        object(),
        {"a": [None]},
        2**64,
        set(),
    ],
)
def test_what_has_no_place_in_an_element_is_not_issued(value: Any) -> None:
    with pytest.raises(ValueError, match="expected"):
        encode_value(value)
    with pytest.raises(ValueError, match="expected"):
        issued({DOC_TYPE: {"element": value}})
