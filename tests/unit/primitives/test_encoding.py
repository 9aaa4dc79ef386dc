"""Base64url and base64: one text for each value."""

from hashlib import sha256

import pytest

from zegel.errors import Malformed
from zegel.primitives.encoding import (
    base64,
    base64url,
    base64url_digests,
    encode_base64url,
    parse_base64,
    parse_base64url,
)

# RFC 4648 section 10, without the padding
PAIRS = [
    (b"", ""),
    (b"f", "Zg"),
    (b"fo", "Zm8"),
    (b"foo", "Zm9v"),
    (b"foob", "Zm9vYg"),
    (b"fooba", "Zm9vYmE"),
    (b"foobar", "Zm9vYmFy"),
    (b"\xfb\xff", "-_8"),
]


@pytest.mark.parametrize(("data", "text"), PAIRS)
def test_the_examples_of_rfc_4648_go_both_ways(data: bytes, text: str) -> None:
    assert base64url(data) == text
    assert encode_base64url(data) == text.encode()
    assert parse_base64url(text, what="test") == data
    assert parse_base64url(text.encode(), what="test") == data


@pytest.mark.parametrize("count", [0, 1, 2, 3, 25])
def test_digests_encoded_together_are_those_encoded_alone(count: int) -> None:
    digests = [sha256(bytes([number])).digest() for number in range(count)]
    assert base64url_digests(digests) == [base64url(digest) for digest in digests]


@pytest.mark.parametrize(
    "text",
    ["Zg==", "Zh", "Zm9", "Z", "Zm9v\n", " Zm9v", "Zm9v!", "+/8", "Zm 9v", "Zm9vZ", "Zg=", "====", "é", "Zm9v\x00"],
)
def test_another_spelling_of_base64url_is_malformed(text: str) -> None:
    with pytest.raises(Malformed) as refusal:
        parse_base64url(text, what="token", where="part")
    assert (refusal.value.what, refusal.value.where) == ("token", "part")


@pytest.mark.parametrize(("data", "text"), [(b"", ""), (b"f", "Zg=="), (b"fo", "Zm8="), (b"\xfb\xff", "+/8=")])
def test_base64_goes_both_ways(data: bytes, text: str) -> None:
    assert base64(data) == text
    assert parse_base64(text, what="test") == data


@pytest.mark.parametrize("text", ["Zg", "Zh==", "-_8=", "Zm9v\n", "Zm\n9v", "Zg==Zg==", "Zg===", "Z", "=", "é"])
def test_another_spelling_of_base64_is_malformed(text: str) -> None:
    with pytest.raises(Malformed):
        parse_base64(text, what="test")
