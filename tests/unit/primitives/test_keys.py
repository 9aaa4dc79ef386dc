"""Keys on the three curves, their spellings, and the two functions that use them."""

from collections.abc import Callable
from hashlib import sha256
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from zegel_testing.authorities import fixed_key, fixed_random

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.primitives.encoding import base64url
from zegel.primitives.keys import (
    Algorithm,
    Curve,
    PrivateKey,
    Signer,
    derive_private_key,
    parse_jwk,
    parse_private_pem,
    parse_secret_jwk,
    public_key,
    public_key_of,
    random_private_key,
    verify_signature,
)

KEY = fixed_key("keys")
JWK = KEY.public_key.jwk()


@pytest.mark.parametrize(
    ("curve", "algorithm", "size"),
    [(Curve.P256, Algorithm.ES256, 32), (Curve.P384, Algorithm.ES384, 48), (Curve.P521, Algorithm.ES512, 66)],
)
def test_a_signature_is_raw_and_verifies(curve: Curve, algorithm: Algorithm, size: int) -> None:
    signer: Signer = fixed_key("any", curve)
    signature = signer.sign(b"message")
    assert len(signature) == 2 * size
    assert signer.public_key.algorithm is algorithm
    assert [len(part) for part in signer.public_key.coordinates] == [size, size]
    assert verify_signature(signer.public_key, signature, b"message", check=Check.SIGNATURE) == b"message"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda signature: signature[:-1],
        lambda signature: signature + b"\x00",
        lambda signature: b"",
        lambda signature: bytes(64),
        lambda signature: signature[32:] + signature[:32],
        lambda signature: bytes([signature[0] ^ 1]) + signature[1:],
    ],
)
def test_another_signature_is_refused_by_the_check_that_the_caller_names(spoil: Callable[[bytes], bytes]) -> None:
    with pytest.raises(Rejected) as refusal:
        verify_signature(KEY.public_key, spoil(KEY.sign(b"message")), b"message", check=Check.KEY_SOURCE)
    assert refusal.value.check is Check.KEY_SOURCE


def test_a_key_goes_to_a_jwk_and_back() -> None:
    for curve in Curve:
        key = fixed_key("jwk", curve)
        parsed = parse_jwk(key.public_key.jwk(), what="key")
        assert parsed == key.public_key
        assert hash(parsed) == hash(key.public_key)
        assert parse_secret_jwk(key.secret_jwk(), what="key").public_key == key.public_key
        assert parse_private_pem(key.secret_pem(), what="key").public_key == key.public_key
        assert public_key_of(key.for_certificates().public_key()) == key.public_key


def test_keys_are_equal_by_point_and_curve_only() -> None:
    assert KEY.public_key != fixed_key("another").public_key
    assert KEY.public_key != KEY.public_key.point


def test_rfc_7638_section_3_1_the_thumbprint_leaves_other_members_out() -> None:
    # The members in the lexicographic order that section 3.3 asks for.
    x, y = (base64url(part) for part in KEY.public_key.coordinates)
    assert KEY.public_key.thumbprint() == sha256(f'{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}'.encode()).digest()


def test_a_key_shows_its_thumbprint_and_never_its_secret() -> None:
    assert repr(KEY.public_key) == f"<public key on P-256, thumbprint {base64url(KEY.public_key.thumbprint())}>"
    assert repr(KEY) == "<private key on P-256>"


def test_a_key_has_its_spki() -> None:
    loaded = serialization.load_der_public_key(KEY.public_key.spki())
    assert isinstance(loaded, ec.EllipticCurvePublicKey)
    assert public_key_of(loaded) == KEY.public_key
    assert KEY.public_key.for_agreement() == loaded


def test_two_keys_agree() -> None:
    peer = fixed_key("peer")
    assert KEY.exchange(peer.public_key) == peer.exchange(KEY.public_key)


@pytest.mark.parametrize(
    ("members", "where"),
    [
        ({"kty": "RSA"}, "key.kty"),
        ({"kty": None}, "key.kty"),
        ({"d": "AAAA"}, "key.d"),
        ({"use": "enc"}, "key.use"),
        ({"use": 1}, "key.use"),
        ({"alg": "ES384"}, "key.alg"),
        ({"alg": "ES521"}, "key.alg"),
        ({"alg": None}, "key.alg"),
        ({"key_ops": ["encrypt"]}, "key.key_ops"),
        ({"key_ops": "verify"}, "key.key_ops"),
        ({"crv": "P-512"}, "key.crv"),
        ({"crv": "secp256k1"}, "key.crv"),
        ({"crv": 256}, "key.crv"),
        ({"crv": "P-384"}, "key.x"),
        ({"x": None}, "key.x"),
        ({"x": "AA=="}, "key.x"),
        ({"x": JWK["x"][:-1] + "!"}, "key.x"),
        ({"x": JWK["x"][:-1] + "B"}, "key.x"),  # RFC 4648 section 3.5: bits that no byte has are zero
        ({"y": base64url(bytes(31))}, "key.y"),
        ({"y": base64url(bytes(33))}, "key.y"),
        ({"y": base64url(bytes(32))}, "key"),
        ({"x": base64url(b"\xff" * 32)}, "key"),
    ],
)
def test_a_jwk_that_is_no_key_of_ours_is_malformed(members: dict[str, Any], where: str) -> None:
    with pytest.raises(Malformed) as refusal:
        parse_jwk(JWK | members, what="test", where="key")
    assert refusal.value.where == where


@pytest.mark.parametrize("value", [None, [], "EC", 1])
def test_a_jwk_is_an_object(value: Any) -> None:
    with pytest.raises(Malformed):
        parse_jwk(value, what="test")
    with pytest.raises(Malformed):
        parse_secret_jwk(value, what="test")


def test_a_jwk_may_say_what_it_is_for() -> None:
    assert parse_jwk(JWK | {"use": "sig", "alg": "ES256", "key_ops": ["verify"], "kid": "1"}, what="key")
    for operations in ([], ["deriveBits"], ["deriveKey"]):
        assert parse_jwk(JWK | {"use": "enc", "alg": "ECDH-ES", "key_ops": operations}, what="key", use="enc")
    for members in ({"use": "sig"}, {"alg": "ES256"}, {"key_ops": ["verify"]}):
        with pytest.raises(Malformed):
            parse_jwk(JWK | members, what="key", use="enc")


@pytest.mark.parametrize(
    "members",
    [
        {"d": None},
        {"d": "AA"},
        {"d": "!"},
        {"d": base64url(bytes(32))},
        {"d": base64url(b"\xff" * 32)},
        {"d": fixed_key("another").secret_jwk()["d"]},
        {"kty": "oct"},
        {"crv": "P-521"},
    ],
)
def test_a_secret_jwk_whose_halves_do_not_belong_together_is_malformed(members: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        parse_secret_jwk(KEY.secret_jwk() | members, what="key")


@pytest.mark.parametrize("scalar", [0, 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551])
def test_a_scalar_outside_the_group_is_malformed(scalar: int) -> None:
    with pytest.raises(Malformed):
        derive_private_key(scalar.to_bytes(32))


def _pem(key: Any, password: bytes | None = None) -> bytes:
    encryption = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)


@pytest.mark.parametrize(
    "pem",
    [
        b"",
        b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        _pem(ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32))),
        _pem(ec.derive_private_key(7, ec.SECP256K1())),
        _pem(ec.derive_private_key(7, ec.SECP256R1()), b"passphrase"),
    ],
)
def test_a_pem_without_a_key_of_ours_is_malformed(pem: bytes) -> None:
    with pytest.raises(Malformed):
        parse_private_pem(pem, what="key")


@pytest.mark.parametrize(
    "point",
    [
        b"",
        b"\x04",
        b"\x02" + KEY.public_key.point[1:33],
        b"\x06" + KEY.public_key.point[1:],
        KEY.public_key.point + b"\x00",
        KEY.public_key.point[:-1] + bytes([KEY.public_key.point[-1] ^ 1]),
    ],
)
def test_what_is_no_uncompressed_point_of_the_curve_is_malformed(point: bytes) -> None:
    with pytest.raises(Malformed):
        public_key(Curve.P256, point, what="key")


def test_a_key_on_another_curve_is_malformed() -> None:
    with pytest.raises(Malformed, match="got secp256k1"):
        public_key_of(ec.derive_private_key(7, ec.SECP256K1()).public_key())
    with pytest.raises(Malformed):
        PrivateKey(ec.derive_private_key(7, ec.SECP256K1()))


@pytest.mark.parametrize("curve", Curve)
def test_a_random_key_comes_from_the_randomness_that_is_given(curve: Curve) -> None:
    random = fixed_random("random key")
    first, second = random_private_key(random, curve=curve), random_private_key(random, curve=curve)
    assert first.public_key.curve is curve
    assert first.public_key != second.public_key
    assert random_private_key(fixed_random("random key"), curve=curve).public_key == first.public_key


def test_randomness_of_zeros_or_ones_alone_still_makes_a_key() -> None:
    assert random_private_key(lambda size: bytes(size)).public_key.curve is Curve.P256
    assert random_private_key(lambda size: b"\xff" * size).public_key.curve is Curve.P256
