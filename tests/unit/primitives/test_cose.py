"""COSE: messages and keys are parsed strictly, and verified over the bytes that were received."""

from typing import Any

import pytest
from msgspec.structs import astuple
from zegel_testing.authorities import fixed_key
from zegel_testing.limits import assert_malformed_cheaply

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.primitives.cbor import MAX_BYTES, Tag, encode_cbor, encode_integer, parse_cbor
from zegel.primitives.cose import (
    HMAC_256,
    TAG_MAC0,
    TAG_SIGN1,
    UnverifiedMac0,
    UnverifiedSign1,
    check_no_cwt,
    cose_key,
    mac_mac0,
    parse_cose_key,
    parse_mac0,
    parse_sign1,
    sign1_protected,
    sign_encoded,
    sign_sign1,
    verify_mac0,
    verify_sign1,
    x5chain_header,
)
from zegel.primitives.jws import MAX_CHAIN
from zegel.primitives.keys import Curve

KEY = fixed_key("cose")
SECRET = bytes(range(32))
CONTENT = b"content"
ES256 = sign1_protected(Curve.P256)


def signed(**changes: Any) -> list[Any]:
    return sign_sign1(CONTENT, signer=KEY, **changes)


def maced(**changes: Any) -> list[Any]:
    return mac_mac0(CONTENT, key=SECRET, **changes)


def sign1(value: Any) -> UnverifiedSign1:
    return parse_sign1(value, what="test")


def mac0(value: Any) -> UnverifiedMac0:
    return parse_mac0(value, what="test")


@pytest.mark.parametrize(
    "typ", ["application/statuslist+cwt", "rc-wrp+cwt", "application/cwt", "CWT", "Application/Any+CWT; version=1"]
)
def test_what_says_that_it_is_a_cwt_is_nothing_else(typ: str) -> None:
    for header in (sign1(signed(typ=typ)).header, mac0([sign1_protected(Curve.P256, typ=typ), {}, None, b""]).header):
        with pytest.raises(Rejected) as refusal:
            check_no_cwt(header)
        assert (refusal.value.check, refusal.value.field) == (Check.TOKEN_TYPE, "header.typ")


@pytest.mark.parametrize("typ", [None, "application/cose", "application/mdoc", "acwt", "cwt/a", "a+cwt/b", 61])
def test_any_other_type_of_what_has_none_is_passed_over(typ: Any) -> None:
    header = sign1(signed(typ=typ)).header
    assert check_no_cwt(header) is header


def test_what_is_signed_verifies_attached_and_detached() -> None:
    attached, detached = sign1(signed()), sign1(signed(detached=True))
    assert (attached.payload, detached.payload) == (CONTENT, None)
    for message in (attached, detached):
        assert verify_sign1(message, key=KEY.public_key, payload=CONTENT) == CONTENT
        assert (message.header.alg, message.header.encoded, message.unprotected) == (-7, ES256, {})
        assert (message.x5chain, message.typ) == ((), "")


def test_what_is_maced_verifies_attached_and_detached() -> None:
    attached, detached = mac0(maced()), mac0(maced(detached=True))
    assert (attached.payload, detached.payload) == (CONTENT, None)
    for message in (attached, detached):
        assert verify_mac0(message, key=SECRET, payload=CONTENT, check=Check.SIGNATURE) == CONTENT
        assert (message.header.alg, len(message.tag)) == (HMAC_256, 32)


def test_a_message_goes_over_the_wire_with_its_tag_and_without() -> None:
    for value, tag, parse in ((signed(x5chain=(b"a", b"b")), TAG_SIGN1, sign1), (maced(), TAG_MAC0, mac0)):
        bare = parse(parse_cbor(encode_cbor(value), what="test"))
        tagged = parse(parse_cbor(encode_cbor(Tag(tag, value)), what="test"))
        assert (bare.header, dict(bare.unprotected).keys()) == (tagged.header, dict(tagged.unprotected).keys())
        assert astuple(bare)[3:] == astuple(tagged)[3:]
    assert sign1(parse_cbor(encode_cbor(Tag(18, signed(x5chain=(b"a", b"b")))), what="test")).x5chain == (b"a", b"b")


@pytest.mark.parametrize(
    "change",
    [
        lambda m: m[:3],
        lambda m: [*m, b""],
        lambda m: [],
        lambda m: {0: m},
        lambda m: tuple(reversed(m)),
        lambda m: Tag(18, Tag(17, tuple(m))),
        lambda m: Tag(17, Tag(18, tuple(m))),
        lambda m: Tag(61, tuple(m)),
        lambda m: None,
        lambda m: encode_cbor(m),
        lambda m: ["protected", *m[1:]],
        lambda m: [{1: -7}, *m[1:]],
        lambda m: [None, *m[1:]],
        lambda m: [m[0], [], *m[2:]],
        lambda m: [m[0], b"", *m[2:]],
        lambda m: [m[0], None, *m[2:]],
        lambda m: [*m[:2], "text", m[3]],
        lambda m: [*m[:2], False, m[3]],
        lambda m: [*m[:2], [b"content"], m[3]],
        lambda m: [*m[:3], None],
        lambda m: [*m[:3], "signature"],
        lambda m: [*m[:3], [m[3]]],
        lambda m: [m[0], {1: -7}, *m[2:]],
        lambda m: [b"\x80", *m[1:]],
        lambda m: [b"\xa1\x01", *m[1:]],
        lambda m: [m[0] + b"\x00", *m[1:]],
        lambda m: [b"\xa2\x01\x26\x01\x26", *m[1:]],
        lambda m: [encode_cbor({}), *m[1:]],
        lambda m: [b"", *m[1:]],
        lambda m: [encode_cbor({1: "ES256"}), *m[1:]],
        lambda m: [encode_cbor({1: None}), *m[1:]],
        lambda m: [encode_cbor({1: True}), *m[1:]],
        lambda m: [encode_cbor({1: -7.0}), *m[1:]],
        lambda m: [encode_cbor({"alg": -7}), *m[1:]],
        lambda m: [encode_cbor({1: -7, 2: [], 3: b"x" * 300, 99: {1: 2}})[:-1], *m[1:]],
    ],
)
def test_another_shape_is_malformed(change: Any) -> None:
    with pytest.raises(Malformed):
        sign1(change(signed()))
    with pytest.raises(Malformed):
        mac0(change(maced()))


def test_a_long_header_is_read_as_a_short_one_is() -> None:
    for filling in (b"", bytes(300)):
        protected = encode_cbor({1: -7, 99: filling, 16: "a/b"})
        structure = encode_cbor(["Signature1", protected, b"", CONTENT])
        message = sign1([protected, {}, CONTENT, KEY.sign(structure)])
        assert verify_sign1(message, key=KEY.public_key, payload=CONTENT) == CONTENT
        assert (message.typ, message.header.labels[99]) == ("a/b", filling)


@pytest.mark.parametrize(
    "protected", [b"\xa1\x01\x38\x06", b"\xb8\x01\x01\x26", b"\xa1\x18\x01\x26", b"\xa1\x01\x39\x00\x06"]
)
def test_a_header_is_verified_as_it_came_in_whatever_spelling(protected: bytes) -> None:
    structure = b"\x84\x6aSignature1" + encode_cbor(protected) + b"\x40" + encode_cbor(CONTENT)
    good = sign1([protected, {}, CONTENT, KEY.sign(structure)])
    assert verify_sign1(good, key=KEY.public_key, payload=CONTENT) == CONTENT
    under_the_shortest = sign1([protected, {}, CONTENT, signed()[3]])
    with pytest.raises(Rejected):
        verify_sign1(under_the_shortest, key=KEY.public_key, payload=CONTENT)


@pytest.mark.parametrize("typ", [1, None, b"a/b", ["a/b"]])
def test_a_type_that_is_no_text_is_none(typ: Any) -> None:
    assert sign1([encode_cbor({1: -7, 16: typ}), {}, b"", b""]).typ == ""


@pytest.mark.parametrize(
    "chain", [[], {}, "text", 1, [b"a", "b"], [b"a", None], [[b"a"]], [b"a"] * (MAX_CHAIN + 1), Tag(24, b"a"), True]
)
def test_a_chain_of_another_shape_is_malformed_in_either_header(chain: Any) -> None:
    with pytest.raises(Malformed, match=r"x5chain"):
        sign1([ES256, {33: chain}, CONTENT, b""])
    with pytest.raises(Malformed, match=r"x5chain"):
        sign1([encode_cbor({1: -7, 33: chain}), {}, CONTENT, b""])


def test_a_chain_may_be_as_long_as_in_jose() -> None:
    chain = tuple(bytes([n]) for n in range(MAX_CHAIN))
    assert sign1(signed(x5chain=chain)).x5chain == chain
    assert x5chain_header(()) == {}
    assert sign1([ES256, {33: None}, CONTENT, b""]).x5chain == ()


@pytest.mark.parametrize(
    ("change", "check"),
    [
        ({"payload": b"other"}, Check.SIGNATURE),
        ({"payload": b""}, Check.SIGNATURE),
        ({"key": fixed_key("other").public_key}, Check.SIGNATURE),
        ({"aad": b"more"}, Check.SIGNATURE),
        ({"key": fixed_key("cose", Curve.P384).public_key}, Check.ALGORITHM),
        ({"payload": b"other", "check": Check.HOLDER_SIGNATURE}, Check.HOLDER_SIGNATURE),
    ],
)
@pytest.mark.refuses(Check.SIGNATURE)
def test_a_signature_over_something_else_is_refused(change: dict[str, Any], check: Check) -> None:
    arguments = {"key": KEY.public_key, "payload": CONTENT} | change
    with pytest.raises(Rejected) as refusal:
        verify_sign1(sign1(signed()), **arguments)
    assert refusal.value.check is check


@pytest.mark.parametrize("signature", [b"", bytes(63), bytes(65), bytes(64), b"\xff" * 64, signed()[3] + b"\x00"])
def test_a_signature_of_another_shape_is_refused(signature: bytes) -> None:
    with pytest.raises(Rejected):
        verify_sign1(sign1([*signed()[:3], signature]), key=KEY.public_key, payload=CONTENT)


@pytest.mark.parametrize(
    ("change", "check"),
    [
        ({"payload": b"other"}, Check.HOLDER_SIGNATURE),
        ({"key": bytes(32)}, Check.HOLDER_SIGNATURE),
        ({"key": b""}, Check.HOLDER_SIGNATURE),
        ({"aad": b"more"}, Check.HOLDER_SIGNATURE),
        ({"payload": b"other", "check": Check.SIGNATURE}, Check.SIGNATURE),
    ],
)
@pytest.mark.refuses(Check.HOLDER_SIGNATURE)
def test_a_mac_over_something_else_is_refused(change: dict[str, Any], check: Check) -> None:
    arguments = {"key": SECRET, "payload": CONTENT, "check": Check.HOLDER_SIGNATURE} | change
    with pytest.raises(Rejected) as refusal:
        verify_mac0(mac0(maced()), **arguments)
    assert refusal.value.check is check


@pytest.mark.parametrize("tag", [b"", bytes(32), maced()[3][:31], maced()[3][:8], maced()[3] + b"\x00"])
def test_a_tag_of_another_length_is_refused(tag: bytes) -> None:
    with pytest.raises(Rejected) as refusal:
        verify_mac0(mac0([*maced()[:3], tag]), key=SECRET, payload=CONTENT, check=Check.SIGNATURE)
    assert refusal.value.check is Check.SIGNATURE


@pytest.mark.parametrize("alg", [-7, 4, 6, 7, 14, 0])
@pytest.mark.refuses(Check.ALGORITHM)
def test_a_mac_by_another_algorithm_is_refused(alg: int) -> None:
    message = mac0([encode_cbor({1: alg}), {}, CONTENT, maced()[3]])
    with pytest.raises(Rejected) as refusal:
        verify_mac0(message, key=SECRET, payload=CONTENT, check=Check.SIGNATURE)
    assert refusal.value.check is Check.ALGORITHM


@pytest.mark.refuses(Check.CRITICAL_HEADER)
def test_a_critical_label_is_refused_in_either_header() -> None:
    for protected, unprotected in (({1: HMAC_256, 2: [1]}, {}), ({1: HMAC_256}, {2: [1]}), ({1: HMAC_256}, {2: None})):
        with pytest.raises(Rejected) as refusal:
            verify_mac0(
                mac0([encode_cbor(protected), unprotected, CONTENT, b""]),
                key=SECRET,
                payload=CONTENT,
                check=Check.SIGNATURE,
            )
        assert refusal.value.check is Check.CRITICAL_HEADER
        message = sign1([encode_cbor(protected | {1: -7}), unprotected, CONTENT, b""])
        with pytest.raises(Rejected) as refusal:
            verify_sign1(message, key=KEY.public_key, payload=CONTENT)
        assert refusal.value.check is Check.CRITICAL_HEADER


def test_external_data_is_authenticated_and_not_sent() -> None:
    aad = b"external"
    assert verify_sign1(sign1(signed(aad=aad)), key=KEY.public_key, payload=CONTENT, aad=aad) == CONTENT
    message = mac0(maced(aad=aad))
    assert verify_mac0(message, key=SECRET, payload=CONTENT, check=Check.SIGNATURE, aad=aad) == CONTENT
    assert aad not in encode_cbor(signed(aad=aad)) + encode_cbor(maced(aad=aad))


def test_a_payload_and_external_data_do_not_run_into_each_other() -> None:
    message = sign1(sign_sign1(b"bc", signer=KEY, aad=b"a"))
    with pytest.raises(Rejected):
        verify_sign1(message, key=KEY.public_key, payload=b"c", aad=b"ab")


def test_a_mac_is_no_signature_and_a_signature_no_mac() -> None:
    with pytest.raises(Rejected):
        verify_sign1(sign1([ES256, {}, CONTENT, maced()[3] * 2]), key=KEY.public_key, payload=CONTENT)
    with pytest.raises(Rejected):
        verify_mac0(
            mac0([maced()[0], {}, CONTENT, signed()[3][:32]]), key=SECRET, payload=CONTENT, check=Check.SIGNATURE
        )


@pytest.mark.parametrize("curve", list(Curve))
def test_a_header_that_is_encoded_already_signs_the_same(curve: Curve) -> None:
    key = fixed_key("cose", curve)
    protected = sign1_protected(curve, typ="a/b")
    message = sign1([protected, {}, CONTENT, sign_encoded(protected, CONTENT, signer=key, aad=b"x")])
    assert verify_sign1(message, key=key.public_key, payload=CONTENT, aad=b"x") == CONTENT
    assert message.typ == "a/b"
    assert sign_sign1(CONTENT, signer=key, typ="a/b")[0] == protected


GOOD_KEY = cose_key(KEY.public_key)


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        b"key",
        Tag(24, encode_cbor(GOOD_KEY)),
        {},
        GOOD_KEY | {1: 1},
        GOOD_KEY | {1: 3},
        GOOD_KEY | {1: "EC2"},
        GOOD_KEY | {-1: 2},
        GOOD_KEY | {-1: 4},
        GOOD_KEY | {-1: 8},
        GOOD_KEY | {-1: "P-256"},
        GOOD_KEY | {-1: True},
        GOOD_KEY | {-1: None},
        GOOD_KEY | {-2: None},
        GOOD_KEY | {-2: "x"},
        GOOD_KEY | {-3: True},
        GOOD_KEY | {-3: False},
        GOOD_KEY | {-3: None},
        GOOD_KEY | {-2: GOOD_KEY[-3], -3: GOOD_KEY[-2]},
        GOOD_KEY | {-2: bytes(32), -3: bytes(32)},
        GOOD_KEY | {-2: b"\x00" + bytes(GOOD_KEY[-2])},
        GOOD_KEY | {-2: b"\x00" + bytes(GOOD_KEY[-2]), -3: b"\x00" + bytes(GOOD_KEY[-3])},
        GOOD_KEY | {-2: bytes(GOOD_KEY[-2])[1:], -3: b"\x00" + bytes(GOOD_KEY[-3])},
        GOOD_KEY | {-2: b"", -3: b""},
        GOOD_KEY | {-4: bytes(32)},
        GOOD_KEY | {-4: None},
    ],
)
def test_a_key_of_another_shape_is_malformed(value: Any) -> None:
    assert parse_cose_key(GOOD_KEY, what="key") == KEY.public_key
    with pytest.raises(Malformed):
        parse_cose_key(value, what="key")


HEADERS = {
    "numbers": encode_cbor({1: -7} | {n: n for n in range(100, 40_000)}),
    "one long text": encode_cbor({1: -7, 4: b"x" * MAX_BYTES}),
    "depth": b"\xa2\x01\x26\x02" + b"\x81" * 100_000,
    "a large number": b"\xa2\x01\x26\x02\x9b" + b"\xff" * 8,
    "colliding labels": b"\xb8\xff" + b"".join(encode_integer(n * (2**61 - 1)) + b"\x00" for n in range(8)),
}


@pytest.mark.parametrize("name", HEADERS)
def test_a_hostile_header_costs_little(name: str) -> None:
    for parse in (sign1, mac0):
        assert_malformed_cheaply(lambda parse=parse: parse([HEADERS[name], {}, CONTENT, b""]))
