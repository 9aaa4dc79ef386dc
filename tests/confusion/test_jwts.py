"""Each signed object is offered wherever another is expected, and with every trick of the header: all are refused.

One key under certificates for every purpose signs everything (``zegel_testing.signed_objects``), so that it is the
object itself that is refused, and not its signer.
"""

import hmac
import json
from hashlib import sha256
from itertools import combinations, permutations
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from zegel_testing.authorities import fixed_key
from zegel_testing.signed_objects import KEY, KINDS, ROOT, SIGNERS, Kind, sign

from zegel.checks import Check
from zegel.errors import ZegelError
from zegel.primitives.encoding import base64, base64url, encode_base64url, parse_base64, parse_base64url
from zegel.primitives.keys import Curve
from zegel.trust.anchors import Purpose

PAIRS = [(offered, expected) for offered, expected in permutations(KINDS, 2) if offered.good != expected.good]
OF_TWO_TYPES = [(offered, expected) for offered, expected in PAIRS if offered.typ != expected.typ]
ID_TOKEN, ANSWER = (next(kind for kind in KINDS if kind.name == name) for name in ("ID Token", "answer of a register"))


def names(value: Any) -> str | None:
    return value.name if isinstance(value, Kind) else None


@pytest.mark.parametrize("kind", KINDS, ids=names)
def test_each_object_is_taken_where_it_is_expected(kind: Kind) -> None:
    assert kind.take(kind.good)
    assert kind.take(sign({"alg": "ES256", "typ": kind.typ} | kind.header, kind.claims))


def refusal_of(kind: Kind, jwt: bytes) -> ZegelError:
    with pytest.raises(ZegelError) as refusal:
        kind.take(jwt)
    return refusal.value


def refused(kind: Kind, jwt: bytes) -> Check:
    return refusal_of(kind, jwt).check


@pytest.mark.slow
@pytest.mark.parametrize(("offered", "expected"), PAIRS, ids=names)
def test_no_object_is_taken_for_another(offered: Kind, expected: Kind) -> None:
    assert refused(expected, offered.good) is not Check.SIGNATURE
    dressed = {"alg": "ES256", "typ": offered.typ} | expected.header
    assert refused(expected, sign(dressed, offered.claims)) is not Check.SIGNATURE


@pytest.mark.slow
@pytest.mark.parametrize(("offered", "expected"), OF_TWO_TYPES, ids=names)
def test_an_object_with_all_the_claims_of_another_is_told_apart_by_its_type(offered: Kind, expected: Kind) -> None:
    disguised = sign({"alg": "ES256", "typ": offered.typ} | expected.header, expected.claims)
    assert refused(expected, disguised) is Check.TOKEN_TYPE


def test_an_id_token_and_an_answer_of_a_register_share_a_type_and_are_told_apart_by_their_claims() -> None:
    """Neither OpenID Connect Core 1.0 section 2 nor TS5 1.3 lets them have a type of their own."""
    header = {"alg": "ES256", "typ": ID_TOKEN.typ} | ID_TOKEN.header
    assert header == {"alg": "ES256", "typ": ANSWER.typ} | ANSWER.header
    assert ID_TOKEN.claims["iss"] == ANSWER.claims["iss"]
    taken_as_an_answer, taken_as_an_id_token = refusal_of(ANSWER, ID_TOKEN.good), refusal_of(ID_TOKEN, ANSWER.good)
    assert (taken_as_an_answer.check, taken_as_an_answer.field) == (Check.SYNTAX, "data")
    assert (taken_as_an_id_token.check, taken_as_an_id_token.field) == (Check.UPSTREAM_LOG_IN, "aud")
    for name in ("iss", "aud", "nonce"):  # what makes it one for whoever asked, and no other
        others = ID_TOKEN.claims | ANSWER.claims | {name: "https://another.utopia.example"}
        refusal = refusal_of(ID_TOKEN, sign(header, others))
        assert (refusal.check, refusal.field) == (Check.UPSTREAM_LOG_IN, name)


def test_the_matrix_is_whole(capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        offered = 2 * len(PAIRS) + len(OF_TWO_TYPES)
        print(f"\n{len(KINDS)} kinds of JWT, {len(PAIRS)} pairs, refused {offered} times")
    sharing = [
        {offered.name, expected.name} for offered, expected in combinations(KINDS, 2) if offered.typ == expected.typ
    ]
    assert sharing == [
        {"key attestation", "key attestation as a proof"},  # one object, taken in two places
        {ID_TOKEN.name, ANSWER.name},  # told apart by their claims
    ]
    assert len(PAIRS) == len(KINDS) * (len(KINDS) - 1) - 2
    assert len(OF_TWO_TYPES) == len(PAIRS) - 2


STRANGER, STRANGER_384 = fixed_key("stranger"), fixed_key("stranger", Curve.P384)
SIGNED = {Check.SIGNATURE, Check.HOLDER_SIGNATURE}


def members(kind: Kind, **changes: Any) -> dict[str, Any]:
    return {"alg": "ES256", "typ": kind.typ} | kind.header | changes


def without_a_signature(kind: Kind) -> bytes:
    return sign(members(kind, alg="none"), kind.claims).rpartition(b".")[0] + b"."


def under_the_public_key_as_a_secret(kind: Kind) -> bytes:
    unsigned = sign(members(kind, alg="HS256"), kind.claims).rpartition(b".")[0]
    return unsigned + b"." + encode_base64url(hmac.digest(KEY.public_key.spki(), unsigned, "sha256"))


def under_another_algorithm(kind: Kind) -> bytes:
    return sign(members(kind, alg="ES384"), kind.claims)


def on_another_curve(kind: Kind) -> bytes:
    return sign(members(kind, alg="ES384"), kind.claims, key=STRANGER_384)


def by_a_stranger(kind: Kind) -> bytes:
    return sign(members(kind), kind.claims, key=STRANGER)


def by_a_stranger_who_names_their_key(kind: Kind) -> bytes:
    return sign(members(kind, kid="stranger"), kind.claims, key=STRANGER)


def with_critical_members(kind: Kind) -> bytes:
    return sign(members(kind, crit=["exp"], exp=1), kind.claims)


def with_an_unencoded_payload(kind: Kind) -> bytes:
    return sign(members(kind, b64=False, crit=["b64"]), kind.claims)


def with_the_payload_as_it_is(kind: Kind) -> bytes:
    header, _, signature = sign(members(kind), kind.claims).split(b".")
    return b".".join((header, json.dumps(kind.claims).encode(), signature))


def with_a_key_from_elsewhere(kind: Kind) -> bytes:
    return sign(members(kind, jku="https://evil.example/keys"), kind.claims)


def with_a_strangers_key_in_the_header(kind: Kind) -> bytes:
    return sign(members(kind, jwk=STRANGER.public_key.jwk()), kind.claims, key=STRANGER)


def signed_right_with_a_strangers_key_in_the_header(kind: Kind) -> bytes:
    return sign(members(kind, jwk=STRANGER.public_key.jwk()), kind.claims)


def signed_right_with_its_own_key_in_the_header(kind: Kind) -> bytes:
    return sign(members(kind, jwk=KEY.public_key.jwk()), kind.claims)


def with_the_thumbprint_of(der: bytes, kind: Kind) -> bytes:
    """Beside the chain that the kind has, or one that it could do without."""
    named = {"x5c": [base64(CERTIFICATE)]} | kind.header | {"x5t#S256": base64url(sha256(der).digest())}
    return sign(members(kind, **named), kind.claims)


def with_the_thumbprint_of_another_certificate(kind: Kind) -> bytes:
    return with_the_thumbprint_of(ROOT.certificate.der, kind)


def with_another_name_for_the_key(kind: Kind) -> bytes:
    return sign(members(kind, kid="another name"), kind.claims)


def with_a_chain_from_elsewhere(kind: Kind) -> bytes:
    return sign(members(kind, x5u="https://evil.example/chain"), kind.claims)


def with_the_signature_in_der(kind: Kind) -> bytes:
    unsigned = sign(members(kind), kind.claims).rpartition(b".")[0]
    raw = KEY.sign(unsigned)
    return unsigned + b"." + encode_base64url(encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:])))


def with_a_name_twice_in_the_header(kind: Kind) -> bytes:
    header, payload, signature = sign(members(kind), kind.claims).split(b".")
    text = parse_base64url(header, what="header")
    return b".".join((encode_base64url(b'{"alg":"none",' + text[1:]), payload, signature))


def with_its_type_left_out(kind: Kind) -> bytes:
    return sign({name: value for name, value in members(kind).items() if name != "typ"}, kind.claims)


TYPE_IS_OPEN = {"ID Token", "list of trusted entities"}  # OpenID Connect Core 1.0 section 2; JAdES clause 5.1.2
BRINGS_ITS_KEY = {
    "DPoP proof",
    "key proof",
    "proof of possession at the wallet provider",
}  # it is the key that is proven
CERTIFICATE = SIGNERS[Purpose.ISSUER].leaf.der
KEY_IS_LOOKED_UP = {"ID Token"}  # by its kid, among those that the provider publishes
NEITHER_NAME_NOR_CHAIN = {"key proof"}  # OpenID4VCI 1.0 appendix F.1: one of kid, jwk and x5c
TRICKS = (
    (without_a_signature, {Check.ALGORITHM}),
    (under_the_public_key_as_a_secret, {Check.ALGORITHM}),
    (under_another_algorithm, {Check.ALGORITHM}),
    (on_another_curve, {Check.ALGORITHM}),
    (by_a_stranger, SIGNED),
    (by_a_stranger_who_names_their_key, {*SIGNED, Check.SYNTAX, Check.KEY_SOURCE}),
    (with_critical_members, {Check.CRITICAL_HEADER}),
    (with_an_unencoded_payload, {Check.CRITICAL_HEADER}),
    (with_the_payload_as_it_is, {Check.SYNTAX}),
    (with_a_key_from_elsewhere, {Check.KEY_SOURCE}),
    (with_a_strangers_key_in_the_header, {*SIGNED, Check.KEY_SOURCE}),
    (signed_right_with_a_strangers_key_in_the_header, {Check.KEY_SOURCE}),
    (with_a_chain_from_elsewhere, {Check.KEY_SOURCE}),
    (with_the_signature_in_der, SIGNED),
    (with_a_name_twice_in_the_header, {Check.SYNTAX}),
    (with_its_type_left_out, {Check.TOKEN_TYPE}),
)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS, ids=names)
@pytest.mark.parametrize(("trick", "checks"), TRICKS, ids=lambda value: getattr(value, "__name__", "by"))
def test_no_trick_of_the_header_is_taken(kind: Kind, trick: Any, checks: set[Check]) -> None:
    if trick is with_its_type_left_out and kind.name in TYPE_IS_OPEN:
        assert kind.take(trick(kind))
        return
    if trick is with_a_strangers_key_in_the_header and kind.name in BRINGS_ITS_KEY:
        assert kind.take(trick(kind))
        return
    if trick is signed_right_with_a_strangers_key_in_the_header and kind.name in BRINGS_ITS_KEY:
        checks = {Check.SIGNATURE}  # it is held against the key that came along
    assert refused(kind, trick(kind)) in checks


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS, ids=names)
def test_not_even_the_right_key_is_taken_from_the_header_but_where_its_specification_has_it(kind: Kind) -> None:
    token = signed_right_with_its_own_key_in_the_header(kind)
    if kind.name in BRINGS_ITS_KEY:
        assert kind.take(token)
    else:
        refusal = refusal_of(kind, token)
        assert (refusal.check, refusal.field) == (Check.KEY_SOURCE, "header.jwk")


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS, ids=names)
def test_a_thumbprint_beside_a_chain_is_of_its_first_certificate(kind: Kind) -> None:
    """RFC 7515 section 4.1.8."""
    chain = kind.header.get("x5c")
    leaf = CERTIFICATE if chain is None else parse_base64(chain[0], what="leaf")
    refusal = refusal_of(kind, with_the_thumbprint_of_another_certificate(kind))
    if kind.name in NEITHER_NAME_NOR_CHAIN:
        assert (refusal.check, refusal.field) == (Check.SYNTAX, "header")
    else:
        assert (refusal.check, refusal.field) == (Check.KEY_SOURCE, "header.x5t#S256")
        assert kind.take(with_the_thumbprint_of(leaf, kind))


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS, ids=names)
def test_a_name_for_the_key_is_a_hint_but_where_it_is_looked_up_or_forbidden(kind: Kind) -> None:
    """RFC 7515 section 4.1.4; OpenID4VCI 1.0 appendix F.1."""
    token = with_another_name_for_the_key(kind)
    if kind.name in NEITHER_NAME_NOR_CHAIN:
        refusal = refusal_of(kind, token)
        assert (refusal.check, refusal.field) == (Check.SYNTAX, "header")
    elif kind.name in KEY_IS_LOOKED_UP:
        refusal = refusal_of(kind, token)
        assert (refusal.check, refusal.field) == (Check.KEY_SOURCE, "header.kid")
    else:
        assert kind.take(token)
