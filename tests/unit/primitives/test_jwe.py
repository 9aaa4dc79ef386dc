"""JWE with ECDH-ES and AES-GCM: everything that a sender may choose is chosen here."""

from typing import Any

import pytest
from joserfc import jwe
from joserfc.jwk import ECKey
from zegel_testing.authorities import fixed_key

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.primitives.encoding import base64url, parse_base64url
from zegel.primitives.json import MAX_BYTES, encode_json, parse_object
from zegel.primitives.jwe import Encryption, open_jwe, parse_jwe, seal_jwe
from zegel.primitives.keys import Curve

KEY = fixed_key("jwe")
OTHER = fixed_key("other")


def sealed(enc: Encryption = Encryption.A256GCM, kid: str | None = "1") -> str:
    return seal_jwe(b"secret", recipient=KEY.public_key, kid=kid, enc=enc)


def sealed_by_others(**members: Any) -> str:
    """A message whose sender put more into the header, and authenticated it."""
    header = {"alg": "ECDH-ES", "enc": "A256GCM", "kid": "1"} | members
    registry = jwe.JWERegistry(algorithms=["ECDH-ES", "A256GCM", "DEF"], strict_check_header=False)
    registry.max_protected_header_length = 8192
    return jwe.encrypt_compact(header, b"secret", ECKey.import_key(KEY.public_key.jwk()), registry=registry)


def with_header(token: str, **members: Any) -> str:
    header, _, rest = token.partition(".")
    changed = parse_object(parse_base64url(header, what="test"), what="test") | members
    return base64url(encode_json({name: value for name, value in changed.items() if value is not ...})) + "." + rest


def with_part(token: str, position: int, text: str) -> str:
    parts = token.split(".")
    parts[position] = text
    return ".".join(parts)


@pytest.mark.parametrize("enc", Encryption)
@pytest.mark.parametrize("curve", [Curve.P256, Curve.P384, Curve.P521])
def test_what_is_sealed_opens(enc: Encryption, curve: Curve) -> None:
    key = fixed_key("recipient", curve)
    token = seal_jwe(b"secret", recipient=key.public_key, kid="1", enc=enc, typ="test")
    message = parse_jwe(token, what="test")
    assert (message.alg, message.enc, message.kid, message.members["typ"]) == ("ECDH-ES", enc, "1", "test")
    assert open_jwe(message, key=key, kid="1") == b"secret"


def test_an_empty_message_opens() -> None:
    token = seal_jwe(b"", recipient=KEY.public_key, kid=None, enc=Encryption.A128GCM)
    assert open_jwe(parse_jwe(token.encode(), what="test"), key=KEY, kid=None) == b""


def test_each_message_has_its_own_ephemeral_key() -> None:
    first, second = (parse_jwe(sealed(), what="test").epk for _ in range(2))
    assert first != second


@pytest.mark.parametrize(
    "spoil",
    [
        {"alg": "ECDH-ES+A256KW"},
        {"alg": "RSA-OAEP"},
        {"alg": "dir"},
        {"enc": "A128CBC-HS256"},
        {"enc": "A192GCM"},
        {"kid": "2"},
        {"kid": ...},
        {"epk": ...},
        {"epk": fixed_key("ephemeral", Curve.P384).public_key.jwk()},
        {"epk": OTHER.public_key.jwk()},
        {"zip": "DEF"},
        {"crit": ["exp"]},
        {"jku": "https://attacker.example"},
        {"apu": "AAAA"},
        {"apv": 1},
        {"typ": "changed"},
    ],
)
def test_a_header_with_another_choice_is_refused(spoil: dict[str, Any]) -> None:
    message = parse_jwe(with_header(sealed(), **spoil), what="test")
    with pytest.raises(Rejected) as refusal:
        open_jwe(message, key=KEY, kid="1")
    assert refusal.value.check is Check.ENCRYPTION


@pytest.mark.parametrize(
    "members",
    [
        {"iss": "https://wallet.example", "aud": ["https://verifier.example"], "sub": "a"},
        {"typ": "JWT", "cty": "json"},
        {"apu": base64url(b"wallet"), "apv": base64url(b"nonce")},
        {"jku": "https://attacker.example", "x5u": "https://attacker.example"},
        {"jwk": OTHER.public_key.jwk(), "x5c": ["AAAA"]},
        {"exp": None, "https://wallet.example/member": {"a": [1]}},
        {"pad": "A" * 3800},
    ],
    ids=", ".join,
)
def test_rfc_7516_4_what_is_not_understood_in_the_header_is_ignored(members: dict[str, Any]) -> None:
    assert open_jwe(parse_jwe(sealed_by_others(**members), what="test"), key=KEY, kid="1") == b"secret"


@pytest.mark.parametrize(("name", "members"), [("zip", {"zip": "DEF"}), ("crit", {"crit": ["typ"], "typ": "JWT"})])
def test_compression_and_what_has_to_be_understood_are_refused_by_name(name: str, members: dict[str, Any]) -> None:
    with pytest.raises(Rejected) as refusal:
        open_jwe(parse_jwe(sealed_by_others(**members), what="test"), key=KEY, kid="1")
    assert (refusal.value.check, refusal.value.field) == (Check.ENCRYPTION, f"header.{name}")


@pytest.mark.parametrize(
    ("position", "text"),
    [
        (1, "AAAA"),
        (2, ""),
        (2, base64url(bytes(11))),
        (2, base64url(bytes(12))),
        (2, base64url(bytes(16))),
        (3, ""),
        (3, "AAAA"),
        (4, ""),
        (4, base64url(bytes(12))),
        (4, base64url(bytes(16))),
    ],
)
def test_each_part_is_authenticated(position: int, text: str) -> None:
    message = parse_jwe(with_part(sealed(), position, text), what="test")
    with pytest.raises(Rejected) as refusal:
        open_jwe(message, key=KEY, kid="1")
    assert refusal.value.check is Check.ENCRYPTION


def test_a_message_for_another_key_is_refused() -> None:
    with pytest.raises(Rejected) as refusal:
        open_jwe(parse_jwe(sealed(), what="test"), key=OTHER, kid="1")
    assert refusal.value.check is Check.ENCRYPTION


@pytest.mark.parametrize(
    "token",
    [
        "",
        "....",
        "a.b.c.d",
        sealed() + ".",
        sealed() + "=",
        "A" * (MAX_BYTES + 1),
        b"\xff....",
        "é....",
        with_part(sealed(), 0, base64url(b"[]")),
        with_part(sealed(), 0, base64url(b"{}")),
        with_part(sealed(), 0, base64url(b'{"alg":"ECDH-ES"}')),
        with_part(sealed(), 3, "A"),
        with_header(sealed(), kid=1),
        with_header(sealed(), enc=None),
        with_header(sealed(), pad="A" * 4096),
        with_header(sealed(), epk="key"),
        with_header(sealed(), epk=OTHER.secret_jwk()),
        with_header(sealed(), epk=OTHER.public_key.jwk() | {"x": base64url(bytes(32))}),
    ],
)
def test_what_is_no_message_is_malformed(token: str | bytes) -> None:
    with pytest.raises(Malformed):
        parse_jwe(token, what="test")
