"""Hostile bytes in place of a status list cost little, by either format and with either limit."""

import zlib

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


def hostile(max_bytes: int) -> dict[str, bytes]:
    full = max_bytes * 2 // 3  # what a token may have
    inner = full * 3 // 4 - 100
    bomb = zlib.compress(bytes(max_bytes * 200), 9)
    noise = zlib.compress(fixed_random()(inner * 3 // 4 - 1_000), 0)[:-1]
    return {
        "too long": b"A" * (full + 1),
        "no dots": b"A" * full,
        "dots": b"." * full,
        "numbers": jwt(b"[" + b"1," * (inner // 2 - 2) + b"1]"),
        "arrays": jwt(b"[" + b"[]," * (inner // 3 - 2) + b"1]"),
        "depth": jwt(b"[" * inner),
        "spaces": jwt(b" " * inner),
        "a long text": jwt(b'{"a":"' + b"x" * (inner - 10) + b'"}'),
        "escapes": jwt(b'{"a":"' + b"\\u00e9" * (inner // 6 - 2) + b'"}'),
        "beginnings": jwt(b'"lst":"' * (inner // 7)),
        "spaces after the name": jwt(b'"lst"' + b" " * (inner - 10)),
        "a long list and deep claims": jwt(b'{"lst":"' + b"A" * (inner // 2) + b'","a":' + b"[" * (inner // 2 - 40)),
        "a bomb": jwt_list(bomb),
        "noise": jwt_list(noise),
        "CBOR arrays": b"\xd2\x84" + b"\x80" * (full - 2),
        "CBOR numbers": b"\xd2" + head(4, full - 6) + b"\x00" * (full - 6),
        "CBOR depth": b"\xd2" * full,
        "CBOR without length": b"\xd2\x84" + b"\x9f" * (full - 2),
        "CBOR of a length that is not there": b"\xd2\x84" + head(4, 1 << 31) + b"\x00" * (full - 10),
        "CBOR numbers in the payload": sign1(head(4, full - 200) + b"\x00" * (full - 200)),
        "CBOR numbers in the header": sign1(b"", protected=head(4, full - 200) + b"\x00" * (full - 200)),
        "CBOR bomb": cwt_list(bomb),
        "CBOR noise": cwt_list(noise),
        "CBOR large integers": b"\xd2\x84" + b"\x1b" + b"\xff" * (full - 3),
    }


CASES = {(limit, name): data for limit in (MAX_LIST, MAX_LARGE_LIST) for name, data in hostile(limit).items()}


@pytest.mark.parametrize("case", CASES, ids=str)
def test_hostile_bytes_cost_little(case: tuple[int, str]) -> None:
    assert_malformed_cheaply(lambda: parse_status_list(CASES[case], content_type=None, max_bytes=case[0]))
