"""DER: one encoding for each value, and nothing behind the end."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zegel.errors import Malformed
from zegel.primitives.der import (
    MAX_OID,
    OCTET_STRING,
    SEQUENCE,
    dotted_oid,
    encode_element,
    encode_oid,
    parse_element,
    parse_elements,
    parse_oid,
)


@pytest.mark.parametrize("length", [0, 1, 127, 128, 255, 256, 65_535, 65_536])
def test_an_element_comes_back_with_its_whole_encoding(length: int) -> None:
    der = encode_element(OCTET_STRING, bytes(length))
    element = parse_element(der, OCTET_STRING, what="test")
    assert (element.tag, element.content, element.der) == (OCTET_STRING, bytes(length), der)


def test_elements_stand_one_after_the_other() -> None:
    der = encode_element(OCTET_STRING, b"a") + encode_element(SEQUENCE)
    assert [element.tag for element in parse_elements(der, what="test")] == [OCTET_STRING, SEQUENCE]
    assert parse_elements(b"", what="test") == ()


@pytest.mark.parametrize(
    "der",
    [
        b"\x04",  # no length
        b"\x04\x02a",  # less than the length says
        b"\x04\x80a\x00\x00",  # indefinite
        b"\x04\x81\x01a",  # not in the fewest octets
        b"\x04\x82\x00\x80" + bytes(128),
        b"\x04\x84\x00\x00\x00\x80" + bytes(128),  # beyond three octets
        b"\x04\x82\x01",  # the length itself ends
        b"\x1f\x20\x01a",  # a tag in several octets
        b"\x30\x00\x30\x00",  # two
        b"\x30\x00",  # another tag
    ],
)
def test_what_is_no_single_element_in_der_is_malformed(der: bytes) -> None:
    with pytest.raises(Malformed):
        parse_element(der, OCTET_STRING, what="test")


@given(st.binary(max_size=300))
def test_what_parses_is_written_again_as_it_was(data: bytes) -> None:
    try:
        elements = parse_elements(data, what="test")
    except Malformed:
        return
    assert b"".join(encode_element(element.tag, element.content) for element in elements) == data


@pytest.mark.parametrize("dotted", ["1.3.101.75", "2.25.329800735698586629295641978511506172918", "0.39", "2.999.3"])
def test_an_object_identifier_comes_back(dotted: str) -> None:
    assert dotted_oid(encode_oid(dotted), what="test") == dotted
    assert parse_oid(dotted, what="test") == encode_oid(dotted)


@pytest.mark.parametrize(
    "dotted", ["", "1", "1.", "1.40", "3.1", "1.03.4", "1.-3", "1.x", "2.²", "2." + "1" * 400, "2.25." + "9" * 300]
)
def test_other_text_is_no_object_identifier(dotted: str) -> None:
    with pytest.raises(Malformed):
        parse_oid(dotted, what="test")


def test_an_identifier_is_bounded_by_its_octets() -> None:
    longest = "2.1" + ".1" * (MAX_OID - 1)
    assert len(parse_oid(longest, what="test")) == MAX_OID
    with pytest.raises(Malformed, match=f"at most {MAX_OID} octets"):
        parse_oid(longest + ".1", what="test")


@pytest.mark.parametrize("content", [b"", b"\x80\x01", b"\x2a\x80\x01", b"\x2a\x83", b"\x01" * (MAX_OID + 1)])
def test_other_octets_are_no_object_identifier(content: bytes) -> None:
    with pytest.raises(Malformed):
        dotted_oid(content, what="test")
