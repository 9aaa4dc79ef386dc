"""JSON texts in base64url, many at once: as each alone, or not at all."""

import pytest

from zegel.errors import Malformed
from zegel.primitives.encoding import encode_base64url
from zegel.primitives.json import MAX_DEPTH
from zegel.primitives.json_parts import parse_json_parts


def encoded(*texts: bytes) -> list[bytes]:
    return [encode_base64url(text) for text in texts]


@pytest.mark.parametrize("first", [b"[]", b"[1]", b"[12]", b"[123]"])
@pytest.mark.parametrize("second", [b"{}", b'{"a":1}', b'{"ab":1}', b'{"abc":[]}'])
def test_texts_of_every_length_are_parsed_in_one_go(first: bytes, second: bytes) -> None:
    parsed = parse_json_parts(encoded(first, second, first), what="test")
    assert parsed is not None
    assert parsed[0] == parsed[2]
    assert str([*parsed[:2]]) == f"[{first.decode()}, {second.decode()}]".replace('"', "'").replace(":", ": ")


def test_there_may_be_none() -> None:
    assert parse_json_parts([], what="test") == []


def test_as_many_as_fit_are_as_deep_as_one_may_be() -> None:
    deepest = b"[" * MAX_DEPTH + b"]" * MAX_DEPTH
    assert parse_json_parts(encoded(deepest, b"[]"), what="test") is not None
    assert parse_json_parts(encoded(deepest, deepest), what="test") is None  # may be too deep: to be looked at alone


@pytest.mark.parametrize(
    "texts",
    [
        [b'["a"', b'"b"]'],
        [b'["a"],["b"]'],
        [b'["a"],["b"]', b'["c"', b'"d"]'],
        [b'["a', b'b"]'],
        [b'"a"', b'["b"]'],
        [b"1", b"[]"],
        [b"[]", b"[]x"],
        [b"[]", b"\n[]"],
        [b"[]\n", b"[]"],
        [b"", b"[]"],
        [b"[]", b""],
        [b'[{"a":1,"a":1}]'],
        [b'["a"]', b'[ {"a":1,"a":1} ]'],
        [b'["a"]', b"["],
        [b'["a"]', b"[NaN]"],
        [b'["\xff"]'],
        [b"[18446744073709551616]"],
        [b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1)],
    ],
)
def test_texts_that_lean_on_a_neighbour_or_are_not_compact_are_to_be_looked_at_alone(texts: list[bytes]) -> None:
    assert parse_json_parts(encoded(*texts), what="test") is None


@pytest.mark.parametrize(
    "text",
    [
        b"WzFd=",
        b"WzEy",
        b"WzFdA",
        b"WzEyXQ==",
        b"WzEyXR",
        b"WzEyXS",
        b"WzEyXf",
        b"W10 ",
        b"W1\n0",
        b"+10",
        b"W1/0",
        b"W",
    ],
)
def test_another_spelling_of_base64url_is_to_be_looked_at_alone(text: bytes) -> None:
    for texts in ([text], [text, b"W10"], [b"W10", text], [b"W10", text, b"W10"]):
        assert parse_json_parts(texts, what="test") is None


@pytest.mark.parametrize("length", [2, 3])
def test_unused_bits_are_zero(length: int) -> None:
    (good,) = encoded(b"[" + b"1" * (length - 1) + b"]" if length % 3 else b"[1]")
    assert parse_json_parts([good], what="test") is not None
    symbols = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    last = symbols.index(good[-1])
    for changed in range(last + 1, last + (16 if len(good) % 4 == 2 else 4 if len(good) % 4 == 3 else 1)):
        assert parse_json_parts([good[:-1] + symbols[changed : changed + 1]], what="test") is None


@pytest.mark.parametrize("texts", [[b"[1]"] * 10_000, [b"[%b]" % (b"1," * 11_000 + b"1")] * 2])
def test_they_are_not_more_together_than_one_may_be(texts: list[bytes]) -> None:
    with pytest.raises(Malformed, match="expected at most"):
        parse_json_parts(encoded(*texts), what="test")
