"""Hostile bytes in place of a status list cost little, by either format and with either limit."""

import zlib
from collections.abc import Callable
from functools import cache

import pytest
from zegel_testing.authorities import fixed_random
from zegel_testing.limits import assert_malformed_cheaply
from zegel_testing.status import head, sign1

from zegel.formats.status.entries import MAX_LARGE_LIST, MAX_LIST
from zegel.formats.status.token import parse_status_list
from zegel.primitives.cbor import encode_cbor
from zegel.primitives.encoding import encode_base64url

HEADER = encode_base64url(b'{"alg":"ES256","typ":"statuslist+jwt"}')


def jwt(payload: bytes) -> bytes:
    return b".".join((HEADER, encode_base64url(payload), b"AAAA"))


def jwt_list(lst: bytes) -> bytes:
    return jwt(b'{"sub":"u","iat":1,"status_list":{"bits":1,"lst":"' + encode_base64url(lst) + b'"}}')


def cwt_list(lst: bytes) -> bytes:
    return sign1(encode_cbor({2: "u", 6: 1, 65533: {"bits": 1, "lst": lst}}))


@cache
def bomb(max_bytes: int) -> bytes:
    return zlib.compress(bytes(max_bytes * 200), 9)


def hostile(max_bytes: int) -> dict[str, Callable[[], bytes]]:
    """Each made when its test asks for it."""
    full = max_bytes * 2 // 3  # what a token may have
    inner = full * 3 // 4 - 100
    noise = zlib.compress(fixed_random()(inner * 3 // 4 - 1_000), 0)[:-1]
    return {
        "too long": lambda: b"A" * (full + 1),
        "no dots": lambda: b"A" * full,
        "dots": lambda: b"." * full,
        "numbers": lambda: jwt(b"[" + b"1," * (inner // 2 - 2) + b"1]"),
        "arrays": lambda: jwt(b"[" + b"[]," * (inner // 3 - 2) + b"1]"),
        "depth": lambda: jwt(b"[" * inner),
        "spaces": lambda: jwt(b" " * inner),
        "a long text": lambda: jwt(b'{"a":"' + b"x" * (inner - 10) + b'"}'),
        "escapes": lambda: jwt(b'{"a":"' + b"\\u00e9" * (inner // 6 - 2) + b'"}'),
        "beginnings": lambda: jwt(b'"lst":"' * (inner // 7)),
        "spaces after the name": lambda: jwt(b'"lst"' + b" " * (inner - 10)),
        "a long list and deep claims": lambda: jwt(
            b'{"lst":"' + b"A" * (inner // 2) + b'","a":' + b"[" * (inner // 2 - 40)
        ),
        "a bomb": lambda: jwt_list(bomb(max_bytes)),
        "noise": lambda: jwt_list(noise),
        "CBOR arrays": lambda: b"\xd2\x84" + b"\x80" * (full - 2),
        "CBOR numbers": lambda: b"\xd2" + head(4, full - 6) + b"\x00" * (full - 6),
        "CBOR depth": lambda: b"\xd2" * full,
        "CBOR without length": lambda: b"\xd2\x84" + b"\x9f" * (full - 2),
        "CBOR of a length that is not there": lambda: b"\xd2\x84" + head(4, 1 << 31) + b"\x00" * (full - 10),
        "CBOR numbers in the payload": lambda: sign1(head(4, full - 200) + b"\x00" * (full - 200)),
        "CBOR numbers in the header": lambda: sign1(b"", protected=head(4, full - 200) + b"\x00" * (full - 200)),
        "CBOR bomb": lambda: cwt_list(bomb(max_bytes)),
        "CBOR noise": lambda: cwt_list(noise),
        "CBOR large integers": lambda: b"\xd2\x84" + b"\x1b" + b"\xff" * (full - 3),
    }


CASES = {(limit, name): make for limit in (MAX_LIST, MAX_LARGE_LIST) for name, make in hostile(limit).items()}


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=str)
def test_hostile_bytes_cost_little(case: tuple[int, str]) -> None:
    data = CASES[case]()
    assert_malformed_cheaply(lambda: parse_status_list(data, content_type=None, max_bytes=case[0]))
