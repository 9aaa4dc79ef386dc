"""Hostile bytes cost little: ``Malformed`` within 50 ms and 10 MB."""

from collections.abc import Callable

import pytest
from zegel_testing.authorities import fixed_key
from zegel_testing.limits import assert_malformed_cheaply

from zegel.primitives.encoding import base64, base64url, parse_base64, parse_base64url
from zegel.primitives.http import origin_of, parse_form
from zegel.primitives.json import MAX_BYTES, encode_json, parse_json
from zegel.primitives.jwe import parse_jwe
from zegel.primitives.jws import parse_jws
from zegel.primitives.keys import parse_jwk

FULL = MAX_BYTES - 100
LONG = "A" * 10_000_000
DOTS = "." * 10_000_000
HOSTILE_JSON = {
    "oversized": b'"' + b"a" * 10_000_000 + b'"',
    "deep": b"[" * 100_000,
    "deep and closed": b"[" * 20_000 + b"]" * 20_000,
    "deep objects": b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    "just within the containers, deep": b"[" * 1_000 + b"]" * 1_000,
    "a crowd of arrays": b"[" + b"[]," * (FULL // 3) + b"[]]",
    "a crowd of names": b"{" + b",".join(b'"%d":1' % n for n in range(25_000)) + b"}",
    "names, one twice": b"{" + b",".join(b'"%d":1' % n for n in range(11_990)) + b',"0":1}',
    "a crowd of numbers": b"[" + b"1," * (FULL // 2) + b"1]",
    "numbers, a name twice": b'{"a":1,"a":[' + b"1," * 11_990 + b"1]}",
    "short texts, a name twice": b'{"a":1,"a":[' + b'"",' * 11_990 + b'""]}',
    "objects, a name twice in the last": b"[" + b'{"a":1},' * 8_000 + b'{"a":1,"a":1}]',
    "a number without end": b" " + b"1" * FULL,
    "an exponent without end": b"1e" + b"9" * FULL,
    "escapes, then nothing": b'"' + b"\\u0000" * (FULL // 6),
    "spaces": b" " * FULL,
    "truncated": b'{"a":"' + b"a" * FULL,
    "no UTF-8": b'"' + b"\xc3" * FULL + b'"',
}


@pytest.mark.slow
@pytest.mark.parametrize("name", HOSTILE_JSON)
def test_hostile_json_costs_little(name: str) -> None:
    assert_malformed_cheaply(lambda: parse_json(HOSTILE_JSON[name], what="test"))


@pytest.mark.slow
@pytest.mark.parametrize("name", HOSTILE_JSON)
def test_hostile_json_costs_little_inside_a_token(name: str) -> None:
    inner = base64url(HOSTILE_JSON[name])
    in_header, in_payload = f"{inner}.{inner}.AAAA", f"{base64url(encode_json({'alg': 'ES256'}))}.{inner}.AAAA"
    in_message = f"{inner}.AAAA.AAAA.AAAA.AAAA"
    assert_malformed_cheaply(lambda: parse_jws(in_header, what="test"))
    assert_malformed_cheaply(lambda: parse_jws(in_payload, what="test"))
    assert_malformed_cheaply(lambda: parse_jwe(in_message, what="test"))


@pytest.mark.parametrize(
    "parse",
    [
        lambda: parse_base64url("A" * 1_000_001, what="test"),
        lambda: parse_base64url("A" * 999_999 + "=", what="test"),
        lambda: parse_base64("A" * 1_000_001, what="test"),
        lambda: parse_base64("A" * 999_998 + "B=", what="test"),
        lambda: parse_form(b"a=1&" * 1_000_000, what="test"),
        lambda: parse_form(b"%" * 1_000_000, what="test"),
        lambda: origin_of(LONG, what="test"),
        lambda: origin_of("https://" + "[" * 7_000, what="test"),
        lambda: parse_jws(DOTS, what="test"),
        lambda: parse_jws("." * 200_000, what="test"),
        lambda: parse_jwe(DOTS, what="test"),
        lambda: parse_jwe("." * 200_000, what="test"),
        lambda: parse_jws(
            base64url(encode_json({"alg": "ES256", "x5c": [base64(b"x")] * 2_000})) + ".AAAA.AAAA", what="test"
        ),
        lambda: parse_jwk(fixed_key("k").public_key.jwk() | {"x": "A" * 1_000_000}, what="test"),
    ],
)
def test_oversized_text_costs_little(parse: Callable[[], object]) -> None:
    assert_malformed_cheaply(parse)
