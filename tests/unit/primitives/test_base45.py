"""Base45, by the examples of RFC 9285 and beyond them."""

from itertools import islice, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zegel.errors import Malformed
from zegel.primitives.base45 import MAX_TEXT, encode_base45, parse_base45

ALPHABET = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"


@pytest.mark.parametrize(
    ("data", "text"),
    [(b"AB", "BB8"), (b"Hello!!", "%69 VD92EX0"), (b"base-45", "UJCLQE7W581"), (b"ietf!", "QED8WEX0"), (b"", "")],
)
def test_rfc_9285_section_4_3_and_4_4(data: bytes, text: str) -> None:
    assert encode_base45(data) == text
    assert parse_base45(text.encode(), "test") == data


@given(st.binary(max_size=600))
def test_what_was_encoded_is_decoded(data: bytes) -> None:
    assert parse_base45(encode_base45(data).encode(), "test") == data


@pytest.mark.slow
def test_every_group_is_two_bytes_or_none() -> None:
    groups = [bytes(group) for group in product(ALPHABET, repeat=3)]
    numbers = [c + 45 * d + 2_025 * e for c, d, e in product(range(45), repeat=3)]
    good = [(group, number.to_bytes(2)) for group, number in zip(groups, numbers, strict=True) if number < 1 << 16]
    assert len(good) == 1 << 16
    left = iter(good)
    while some := list(islice(left, MAX_TEXT // 3)):
        text, data = zip(*some, strict=True)
        assert parse_base45(b"".join(text), "test") == b"".join(data)
    for group in {*groups} - {group for group, _ in good}:
        with pytest.raises(Malformed):
            parse_base45(b"000" + group + b"000", "test")


def test_no_group_changes_the_next() -> None:
    """Each combination of the least, the greatest and one in between."""
    groups = {b"000": b"\0\0", b"FGW": b"\xff\xff", b"BB8": b"AB"}
    for chosen in product(groups.items(), repeat=4):
        text, data = zip(*chosen, strict=True)
        assert parse_base45(b"".join(text), "test") == b"".join(data)


@pytest.mark.parametrize(
    ("text", "where", "says"),
    [
        (b"0" * (MAX_TEXT + 1), "", "at most"),
        (b"GGW", "", "beyond"),  # RFC 9285 section 4.4: 65536
        (b":::", "", "beyond"),
        (b"BB8:%", "", "beyond"),  # 1664, more than one byte
        (b"B", "", "too long"),
        (b"BB8B", "", "too long"),
        (b"bb8", "character 1", "alphabet"),
        (b"BB\xff", "character 3", "alphabet"),
        (b"BB8,0", "character 4", "alphabet"),
    ],
)
def test_nothing_else_is(text: bytes, where: str, says: str) -> None:
    with pytest.raises(Malformed, match=says) as refusal:
        parse_base45(text, "test")
    assert refusal.value.where == where
