"""JWS in compact serialisation: parsed once, verified under a key that the caller knows."""

from hashlib import sha256
from typing import Any

import pytest
from msgspec.structs import replace
from zegel_testing.authorities import fixed_key

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.primitives.encoding import base64, base64url
from zegel.primitives.json import MAX_BYTES, encode_json
from zegel.primitives.jws import (
    MAX_CHAIN,
    check_header,
    parse_jws,
    set_payload_aside,
    sign_encoded,
    sign_jws,
    verify_jws,
)
from zegel.primitives.keys import Curve

KEY = fixed_key("jws")
CLAIMS = {"sub": "someone", "n": [1, 2]}


def compact(header: Any, payload: bytes = b'{"a":1}', signature: bytes = bytes(64)) -> str:
    return ".".join(base64url(part) for part in (encode_json(header), payload, signature))


def test_what_is_signed_verifies() -> None:
    token = sign_jws(CLAIMS, signer=KEY, typ="test+jwt", header={"kid": "1"})
    verified = verify_jws(parse_jws(token, what="test"), key=KEY.public_key, typ="test+jwt")
    assert verified.claims == CLAIMS
    assert verified.header.members == {"alg": "ES256", "typ": "test+jwt", "kid": "1"}
    assert (verified.header.kid, verified.header.x5c, verified.key) == ("1", (), KEY.public_key)


def test_text_and_bytes_parse_alike() -> None:
    token = sign_jws(CLAIMS, signer=KEY, typ="test+jwt")
    assert parse_jws(token, what="test") == parse_jws(token.decode(), what="test")


def test_a_payload_that_is_set_aside_comes_as_it_was_encoded() -> None:
    token = sign_jws(CLAIMS, signer=KEY, typ="test+jwt", x5c=(b"leaf", b"issuer"))
    jws, payload = set_payload_aside(token, what="test")
    assert bytes(payload) == base64url(encode_json(CLAIMS)).encode()
    assert jws == replace(parse_jws(token, what="test"), unverified_claims={})
    assert verify_jws(jws, key=KEY.public_key, typ="test+jwt").claims == {}
    with pytest.raises(Rejected):
        verify_jws(set_payload_aside(token.replace(b".ey", b".eY"), what="test")[0], key=KEY.public_key, typ="test+jwt")


@pytest.mark.parametrize("token", [b"", b"a", b".", b"e30.e30", b"e30.e30.e30.e30", b"e30..", b"\xff.e30.AA"])
def test_what_has_no_payload_to_set_aside_is_malformed(token: bytes) -> None:
    with pytest.raises(Malformed):
        set_payload_aside(token, what="test")


def test_a_chain_travels_in_the_header() -> None:
    token = sign_jws(CLAIMS, signer=KEY, typ="test+jwt", x5c=(b"leaf", b"issuer"))
    assert parse_jws(token, what="test").unverified_header.x5c == (b"leaf", b"issuer")


def test_a_header_that_is_too_long_to_keep_is_parsed_all_the_same() -> None:
    token = sign_jws(CLAIMS, signer=KEY, typ="test+jwt", x5c=(bytes(4000),))
    assert parse_jws(token, what="test").unverified_header.x5c == (bytes(4000),)


def test_an_encoded_header_signs_the_same() -> None:
    header = base64url(encode_json({"alg": "ES256", "typ": "test+jwt"})).encode()
    token = sign_encoded(header, encode_json(CLAIMS), signer=KEY)
    assert verify_jws(parse_jws(token, what="test"), key=KEY.public_key, typ="test+jwt").claims == CLAIMS


@pytest.mark.parametrize(
    "token",
    [
        "",
        ".",
        "..",
        "a.b",
        "a.b.c.d",
        "é..",
        compact({"alg": "ES256"}) + "=",
        compact({"alg": "ES256"}) + ".",
        "A" * (MAX_BYTES + 1),
        compact([]),
        compact({}),
        compact({"alg": None}),
        compact({"alg": 1}),
        compact({"alg": "ES256", "typ": None}),
        compact({"alg": "ES256", "kid": 1}),
        compact({"alg": "ES256", "x5c": []}),
        compact({"alg": "ES256", "x5c": "AAAA"}),
        compact({"alg": "ES256", "x5c": [1]}),
        compact({"alg": "ES256", "x5c": ["AA"]}),
        compact({"alg": "ES256", "x5c": [base64(b"x")] * (MAX_CHAIN + 1)}),
        compact({"alg": "ES256", "pad": "A" * 20_000}),
        compact({"alg": "ES256"}, b"[]"),
        compact({"alg": "ES256"}, b""),
        compact({"alg": "ES256"}, b'{"a":1,"a":1}'),
    ],
)
def test_what_is_no_token_is_malformed(token: str) -> None:
    with pytest.raises(Malformed):
        parse_jws(token, what="test")


@pytest.mark.parametrize(
    ("header", "check", "field"),
    [
        ({"typ": "JWT"}, Check.TOKEN_TYPE, "header.typ"),
        ({"typ": "TEST+jwt"}, Check.TOKEN_TYPE, "header.typ"),
        ({"alg": "none"}, Check.ALGORITHM, "header.alg"),
        ({"alg": "HS256"}, Check.ALGORITHM, "header.alg"),
        ({"alg": "ES384"}, Check.ALGORITHM, "header.alg"),
        ({"crit": ["exp"]}, Check.CRITICAL_HEADER, "header.crit"),
        ({"b64": False}, Check.CRITICAL_HEADER, "header.crit"),
        ({"jku": "https://attacker.example/keys"}, Check.KEY_SOURCE, "header"),
        ({"x5u": "https://attacker.example/chain"}, Check.KEY_SOURCE, "header"),
        ({"jwk": fixed_key("attacker").public_key.jwk()}, Check.KEY_SOURCE, "header.jwk"),
        ({"jwk": KEY.public_key.jwk()}, Check.KEY_SOURCE, "header.jwk"),
        ({"jwk": None}, Check.KEY_SOURCE, "header.jwk"),
    ],
)
def test_a_header_that_asks_for_another_rule_is_refused(header: dict[str, Any], check: Check, field: str) -> None:
    token = sign_jws(CLAIMS, signer=KEY, typ="test+jwt", header=header)
    with pytest.raises(Rejected) as refusal:
        verify_jws(parse_jws(token, what="test"), key=KEY.public_key, typ="test+jwt")
    assert (refusal.value.check, refusal.value.field) == (check, field)


def thumbprint(certificate: bytes) -> str:
    return base64url(sha256(certificate).digest())


@pytest.mark.parametrize(
    "said",
    ["AAAA", "", None, [], thumbprint(b"issuer"), thumbprint(b"leaf") + "=", sha256(b"leaf").hexdigest()],
)
def test_a_thumbprint_of_anything_but_the_first_certificate_is_refused(said: Any) -> None:
    """RFC 7515 section 4.1.8."""
    token = sign_jws(CLAIMS, signer=KEY, typ="test+jwt", x5c=(b"leaf", b"issuer"), header={"x5t#S256": said})
    with pytest.raises(Rejected) as refusal:
        verify_jws(parse_jws(token, what="test"), key=KEY.public_key, typ="test+jwt")
    assert (refusal.value.check, refusal.value.field) == (Check.KEY_SOURCE, "header.x5t#S256")


@pytest.mark.parametrize(
    ("x5c", "header"),
    [
        ((b"leaf", b"issuer"), {"x5t#S256": thumbprint(b"leaf")}),
        ((), {"x5t#S256": thumbprint(b"leaf")}),
        ((b"leaf", b"issuer"), {"kid": "whatever the sender calls it"}),
    ],
)
def test_what_only_names_the_key_changes_nothing(x5c: tuple[bytes, ...], header: dict[str, Any]) -> None:
    """RFC 7515 sections 4.1.4 and 4.1.8: hints, of which the second can be held against a certificate."""
    token = sign_jws(CLAIMS, signer=KEY, typ="test+jwt", x5c=x5c, header=header)
    assert verify_jws(parse_jws(token, what="test"), key=KEY.public_key, typ="test+jwt").claims == CLAIMS


def test_whoever_takes_the_key_from_the_header_says_so() -> None:
    token = parse_jws(sign_jws(CLAIMS, signer=KEY, typ="test+jwt", header={"jwk": KEY.public_key.jwk()}), what="test")
    assert verify_jws(token, key=KEY.public_key, typ="test+jwt", brings_its_key=True).claims == CLAIMS
    header = check_header(token.unverified_header, key=KEY.public_key, typ="test+jwt", brings_its_key=True)
    assert header is token.unverified_header


def test_who_brings_a_key_brings_it_in_jwk_and_from_nowhere_else() -> None:
    header: Any = {"jwk": KEY.public_key.jwk(), "jku": "https://attacker.example/keys"}
    token = sign_jws(CLAIMS, signer=KEY, typ="test+jwt", header=header)
    with pytest.raises(Rejected) as refusal:
        verify_jws(parse_jws(token, what="test"), key=KEY.public_key, typ="test+jwt", brings_its_key=True)
    assert (refusal.value.check, refusal.value.field) == (Check.KEY_SOURCE, "header")


def test_a_token_without_a_type_is_refused() -> None:
    token = compact({"alg": "ES256"})
    with pytest.raises(Rejected) as refusal:
        verify_jws(parse_jws(token, what="test"), key=KEY.public_key, typ="test+jwt")
    assert refusal.value.check is Check.TOKEN_TYPE


def test_the_algorithm_is_the_one_of_the_key() -> None:
    other = fixed_key("jws", Curve.P384)
    token = sign_jws(CLAIMS, signer=KEY, typ="test+jwt")
    with pytest.raises(Rejected) as refusal:
        verify_jws(parse_jws(token, what="test"), key=other.public_key, typ="test+jwt")
    assert refusal.value.check is Check.ALGORITHM


def test_a_key_in_the_header_gains_nothing() -> None:
    attacker = fixed_key("attacker")
    token = sign_jws(CLAIMS, signer=attacker, typ="test+jwt", header={"jwk": attacker.public_key.jwk()})
    for brings, check in ((False, Check.KEY_SOURCE), (True, Check.SIGNATURE)):
        with pytest.raises(Rejected) as refusal:
            verify_jws(parse_jws(token, what="test"), key=KEY.public_key, typ="test+jwt", brings_its_key=brings)
        assert refusal.value.check is check


def test_whoever_verifies_says_what_fails_when_the_signature_does() -> None:
    token = sign_jws(CLAIMS, signer=fixed_key("attacker"), typ="test+jwt")
    with pytest.raises(Rejected) as refusal:
        verify_jws(parse_jws(token, what="test"), key=KEY.public_key, typ="test+jwt", check=Check.KEY_SOURCE)
    assert (refusal.value.check, refusal.value.field) == (Check.KEY_SOURCE, "")


def test_each_signed_byte_counts() -> None:
    token = sign_jws(CLAIMS, signer=KEY, typ="test+jwt").decode()
    header, payload, signature = token.split(".")
    other = base64url(encode_json(CLAIMS | {"sub": "another"}))
    kid = base64url(encode_json({"alg": "ES256", "typ": "test+jwt", "kid": "2"}))
    for spoiled in (f"{header}.{other}.{signature}", f"{kid}.{payload}.{signature}", f"{header}.{payload}."):
        with pytest.raises(Rejected) as refusal:
            verify_jws(parse_jws(spoiled, what="test"), key=KEY.public_key, typ="test+jwt")
        assert refusal.value.check is Check.SIGNATURE
