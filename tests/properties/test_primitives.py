"""What holds for every input: round trips, one spelling for each value, and ``Malformed`` as the only exception."""

import json
import string
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from hypothesis import example, given
from hypothesis import strategies as st
from zegel_testing.authorities import fixed_key

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.primitives.encoding import base64, base64url, encode_base64url, parse_base64, parse_base64url
from zegel.primitives.http import encode_form, origin_of, parse_form, with_query
from zegel.primitives.json import encode_json, parse_json
from zegel.primitives.json_parts import parse_json_parts
from zegel.primitives.jwe import Encryption, open_jwe, parse_jwe, seal_jwe
from zegel.primitives.jws import parse_jws, sign_jws, verify_jws
from zegel.primitives.keys import (
    Curve,
    derive_private_key,
    encode_ecdsa_signature,
    parse_jwk,
    parse_secret_jwk,
    public_key,
    verify_signature,
)

KEY = fixed_key("properties")
TOKEN = sign_jws({"a": "b"}, signer=KEY, typ="test+jwt")
MESSAGE = seal_jwe(b"secret", recipient=KEY.public_key, kid="1", enc=Encryption.A128GCM).encode()

scalars = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(exclude_categories=["Cs"]))
trees = st.recursive(scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text('ab"\\é'), inner))
almost_base64 = st.text(string.ascii_letters + string.digits + "+/-_=\n !", max_size=24)
members = st.sampled_from(["kty", "crv", "x", "y", "d", "use", "alg", "key_ops", "kid"])


def spoiled(message: bytes) -> st.SearchStrategy[bytes]:
    """The message with one byte changed, taken out or put in."""
    return st.tuples(st.integers(0, len(message) - 1), st.integers(0, 255), st.sampled_from((0, 1, 2))).map(
        lambda spoil: message[: spoil[0]] + bytes([spoil[1]])[: spoil[2]] + message[spoil[0] + (spoil[2] < 2) :]
    )


@given(st.binary(max_size=100))
def test_base64_in_both_alphabets_comes_back(data: bytes) -> None:
    assert parse_base64url(base64url(data), what="test") == data
    assert parse_base64(base64(data), what="test") == data


@given(almost_base64 | st.text(max_size=20))
@example("Zg==")
@example("+/8")
def test_each_value_has_one_text_in_base64(text: str) -> None:
    for parse, encode in ((parse_base64url, base64url), (parse_base64, base64)):
        try:
            data = parse(text, what="test")
        except Malformed:
            continue
        assert encode(data) == text


@pytest.mark.parametrize("bits", [256, 384, 521])
@given(data=st.data())
def test_a_signature_becomes_what_the_library_makes_of_it_in_der(bits: int, data: st.DataObject) -> None:
    lengths = st.integers(1, bits).flatmap(lambda length: st.integers(1 << (length - 1), (1 << length) - 1))
    r, s = data.draw(lengths), data.draw(lengths)
    size = (bits + 7) // 8
    assert encode_ecdsa_signature(r.to_bytes(size) + s.to_bytes(size), size) == encode_dss_signature(r, s)


@pytest.mark.slow
@given(trees)
def test_json_comes_back_however_it_is_spaced(value: Any) -> None:
    assert parse_json(encode_json(value), what="test") == value
    assert parse_json(json.dumps(value, indent=1), what="test") == value


@given(st.binary(max_size=60) | st.text('[]{}",:0123456789.eE+-truefalsn \\u', max_size=60))
@example(b'{"a":1,"a":1}')
@example(b" 1E400")
def test_json_is_parsed_as_the_standard_library_does_or_malformed(text: bytes | str) -> None:
    try:
        value = parse_json(text, what="test")
    except Malformed:
        return
    assert value == json.loads(text)


@given(st.lists(st.binary(max_size=12) | st.text('[]{}",:1 ', max_size=12).map(str.encode), max_size=4))
@example([b'["a"', b'"b"]'])
@example([b'["a"', b'"b"]', b"[1],[2]"])
def test_objects_and_arrays_parse_together_as_they_do_alone(texts: list[bytes]) -> None:
    together = parse_json_parts([encode_base64url(text) for text in texts], what="test")
    if together is not None:
        assert together == [parse_json(text, what="test") for text in texts]
        assert [type(value) in (dict, list) for value in together] == [True] * len(texts)


@given(st.lists(st.binary(max_size=12) | st.text("Ww10X-_+/=,oICgosA", max_size=8).map(str.encode), max_size=4))
def test_no_spelling_of_base64url_parses_together_that_does_not_alone(texts: list[bytes]) -> None:
    together = parse_json_parts(texts, what="test")
    if together is not None:
        assert together == [parse_json(parse_base64url(text, what="test"), what="test") for text in texts]


@given(spoiled(TOKEN) | st.binary(max_size=60))
def test_a_spoiled_token_is_malformed_or_rejected(token: bytes) -> None:
    try:
        verified = verify_jws(parse_jws(token, what="test"), key=KEY.public_key, typ="test+jwt")
    except (Malformed, Rejected):
        return
    assert (token, verified.claims) == (TOKEN, {"a": "b"})


@given(spoiled(MESSAGE) | st.binary(max_size=60))
def test_a_spoiled_message_is_malformed_or_rejected(message: bytes) -> None:
    try:
        opened = open_jwe(parse_jwe(message, what="test"), key=KEY, kid="1")
    except (Malformed, Rejected):
        return
    assert (message, opened) == (MESSAGE, b"secret")


@pytest.mark.slow
@given(members, trees)
def test_a_header_of_any_shape_is_malformed_or_rejected(name: str, value: Any) -> None:
    header = json.loads(parse_base64url(MESSAGE.split(b".")[0], what="test"))
    header["epk"][name] = value
    for changed in (header, header | {name: value}):
        text = b".".join([base64url(encode_json(changed)).encode(), *MESSAGE.split(b".")[1:]])
        with pytest.raises((Malformed, Rejected)):
            open_jwe(parse_jwe(text, what="test"), key=KEY, kid="1")


@given(st.sampled_from(Curve), st.integers(1, 2**256 - 2**225))
def test_a_key_comes_back_in_each_of_its_forms(curve: Curve, scalar: int) -> None:
    key = derive_private_key(scalar.to_bytes(66), curve=curve)
    assert parse_jwk(key.public_key.jwk(), what="test") == key.public_key
    assert parse_secret_jwk(key.secret_jwk(), what="test").secret_jwk() == key.secret_jwk()
    assert public_key(curve, key.public_key.point, what="test") == key.public_key


@pytest.mark.slow
@given(members, trees)
def test_a_jwk_of_any_shape_parses_to_the_same_point_or_is_malformed(name: str, value: Any) -> None:
    try:
        parsed = parse_jwk({**KEY.public_key.jwk(), name: value}, what="test")
    except Malformed:
        return
    assert parsed == KEY.public_key


@given(st.binary(max_size=100), st.integers(0, 511))
def test_a_signature_with_any_bit_flipped_is_refused(message: bytes, bit: int) -> None:
    signature = KEY.sign(message)
    assert verify_signature(KEY.public_key, signature, message, check=Check.SIGNATURE) == message
    flipped = (int.from_bytes(signature) ^ 1 << bit).to_bytes(64)
    with pytest.raises(Rejected):
        verify_signature(KEY.public_key, flipped, message, check=Check.SIGNATURE)


@given(st.dictionaries(st.text(min_size=1, max_size=9), st.text(min_size=1, max_size=9), max_size=9))
def test_a_form_comes_back(fields: dict[str, str]) -> None:
    encodable = {name: value for name, value in fields.items() if (name + value).isprintable()}
    assert parse_form(encode_form(encodable), what="test") == encodable
    assert parse_form(with_query("", encodable)[1:].encode(), what="test") == encodable


@given(st.binary(max_size=60) | st.text("a=&%+;1\x00", max_size=30).map(str.encode))
def test_a_body_is_a_form_or_malformed(body: bytes) -> None:
    try:
        fields = parse_form(body, what="test")
    except Malformed:
        return
    assert all(fields.values())


@given(st.text("htps:/@[]1.:ax#?\\ é%", max_size=30).map("http".__add__) | st.text(max_size=30))
def test_an_origin_is_its_own_origin(url: str) -> None:
    try:
        origin = origin_of(url, what="test")
    except Malformed:
        return
    assert origin_of(origin, what="test") == origin
    assert origin.startswith(("http://", "https://"))
