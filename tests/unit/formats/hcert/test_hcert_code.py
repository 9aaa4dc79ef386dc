"""From the text of a QR code to the signed bytes in it, each layer by itself."""

import zlib

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given
from hypothesis import strategies as st
from zegel_testing.health import Health, code_of, payload

from zegel.errors import Malformed
from zegel.formats.hcert.code import MAX_CODE, MAX_SIGNED, SignedCode, build_code, parse_code, parse_signed_code
from zegel.primitives.base45 import encode_base45
from zegel.primitives.cbor import Tag, encode_cbor

UTOPIA = Health()
SIGNED = UTOPIA.cose()
EMPTY = encode_cbor({})


def test_what_is_written_is_read_again() -> None:
    assert parse_code(build_code(SIGNED).encode()) == SIGNED


@pytest.mark.parametrize(
    ("text", "where"),
    [
        (UTOPIA.code().replace(b"HC1:", b"HC2:"), "prefix"),
        (UTOPIA.code().removeprefix(b"HC1:"), "prefix"),
        (b"hc1:" + UTOPIA.code()[4:], "prefix"),
        (b"", "prefix"),
        (b"HC1:" + b"0" * MAX_CODE, ""),
        (b"HC1:a" + UTOPIA.code()[4:], "character 1"),
        (b"HC1:" + encode_base45(SIGNED).encode(), "compression"),  # not compressed
        (b"HC1:" + encode_base45(zlib.compress(SIGNED)[:-4]).encode(), "compression"),  # cut off
        (b"HC1:" + encode_base45(zlib.compress(SIGNED) + b"!!").encode(), "compression"),  # and something behind
        (b"HC1:" + encode_base45(zlib.compress(bytes(2_000_000))).encode(), "compression"),  # a bomb
        (code_of(bytes(MAX_SIGNED + 1)), "compression"),
    ],
)
def test_a_layer_that_is_wrong_is_named(text: bytes, where: str) -> None:
    with pytest.raises(Malformed) as refusal:
        parse_code(text)
    assert refusal.value.where == where


@pytest.mark.parametrize("tags", [(), (18,), (18, 61)])
def test_cose_is_read_with_its_tags_or_without(tags: tuple[int, ...]) -> None:
    signed = parse_signed_code(UTOPIA.cose(tags=tags))
    assert signed.protected == {1: -7, 4: UTOPIA.signer.kid}
    assert UTOPIA.signer.verifies(signed.signature, signed.message)


@pytest.mark.parametrize(
    "value",
    [
        b"\x01",
        encode_cbor([EMPTY, {}, b"", b"", b""]),
        encode_cbor([EMPTY, {}, b""]),
        encode_cbor([{}, {}, b"", b""]),
        encode_cbor([EMPTY, [], b"", b""]),
        encode_cbor([EMPTY, {}, None, b""]),
        encode_cbor([EMPTY, {}, b"", None]),
        encode_cbor([b"\x01", {}, b"", b""]),
        encode_cbor(Tag(17, [EMPTY, {}, b"", b""])),
        encode_cbor(Tag(18, Tag(61, [EMPTY, {}, b"", b""]))),
        b"\x9f\x41\xa0\xa0\x40\x40\xff",  # of indefinite length
        b"\x84\x43\xa1\x01\x26\xa2\x04\x41\x01\x04\x41\x02\x40\x40",  # a label twice
        b"\x81" * 40 + b"\x01",
        SIGNED + b"\x00",
    ],
)
def test_what_is_no_cose_sign1_is_malformed(value: bytes) -> None:
    with pytest.raises(Malformed):
        parse_signed_code(value)


RSA, LARGER = Health(key=rsa.generate_private_key(65_537, 2_048)), Health(key=ec.generate_private_key(ec.SECP384R1()))
USUAL = [authority.cose(payload(**{"is": "X" * 80})) for authority in (UTOPIA, RSA, LARGER)]


def read(data: bytes) -> SignedCode | None:
    try:
        return parse_signed_code(data)
    except Malformed:
        return None


@given(st.sampled_from([SIGNED, *USUAL]), st.data())
def test_the_usual_encoding_is_read_as_any_other(good: bytes, data: st.DataObject) -> None:
    """The same message behind the tag of a CWT takes the other way, and comes out the same, whole or spoiled."""
    spoiled = bytearray(good)
    places = st.one_of(st.integers(0, 40), st.integers(len(good) - 300, len(good) - 1))
    for place in data.draw(st.lists(places, max_size=3)):
        spoiled[place % len(good)] = data.draw(st.integers(0, 255))
    message = bytes(spoiled)[: data.draw(st.sampled_from([len(good), len(good), len(good) - 1, 80, 30, 3, 2]))]
    assert read(message) == read(b"\xd8\x3d" + message)


@pytest.mark.parametrize("length", [0, 1, 23, 24, 255, 256, 16_000])
def test_a_payload_of_any_length_is_read(length: int) -> None:
    signed = encode_cbor(Tag(18, [EMPTY, {}, bytes(length), bytes(64)]))
    assert parse_signed_code(signed).payload == bytes(length)


def test_a_message_that_is_too_long_is_malformed_in_the_usual_encoding_too() -> None:
    for length, good in ((MAX_SIGNED - 74, True), (MAX_SIGNED - 73, False)):
        signed = encode_cbor(Tag(18, [EMPTY, {}, bytes(length), bytes(64)]))
        assert (len(signed) <= MAX_SIGNED) is good
        assert (read(signed) is not None) is good


def test_an_empty_protected_header_is_an_empty_string() -> None:
    assert parse_signed_code(encode_cbor([b"", {1: -7}, b"", b""])).unprotected == {1: -7}
