"""The holder's part: a signature or a MAC over transcript, type and elements, and only what the issuer permits."""

from collections.abc import Callable
from typing import Any

import pytest
from zegel_testing.authorities import fixed_key
from zegel_testing.mdoc import (
    DOC_TYPE,
    HOLDER,
    PAYMENTS,
    READER,
    TRANSCRIPT,
    device_maced,
    device_signed,
    document,
    meeting,
    redirect,
    response,
)

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.formats.mdoc.device_auth import (
    VerifiedDeviceSigned,
    derive_mac_key,
    device_authentication,
    verify_device_signed,
)
from zegel.formats.mdoc.key_authorizations import NOTHING, KeyAuthorizations
from zegel.formats.mdoc.parse import parse_device_response
from zegel.formats.mdoc.transcript import SessionTranscript
from zegel.primitives.cbor import Tag, encode_cbor, encode_embedded, parse_cbor, parse_embedded
from zegel.primitives.keys import Curve

PAYING = KeyAuthorizations(namespaces=frozenset({PAYMENTS}), elements={})
ELEMENTS = {PAYMENTS: {"amount": 100, "payee": {"name": "Utopian Railways"}}}


def verified(device: Any, **changes: Any) -> VerifiedDeviceSigned:
    arguments = {
        "key": HOLDER.public_key,
        "authorizations": NOTHING,
        "doc_type": DOC_TYPE,
        "transcript": TRANSCRIPT,
    } | changes
    (shown,) = parse_device_response(response(document(device=device))).documents
    return verify_device_signed(shown.device_signed, **arguments)


def refused(call: Callable[[], object]) -> Check:
    with pytest.raises(Rejected) as refusal:
        call()
    return refusal.value.check


def test_what_the_holder_signed_is_shown() -> None:
    assert verified(device_signed()).namespaces == {}
    assert verified(device_signed(ELEMENTS), authorizations=PAYING).namespaces == ELEMENTS
    assert verified(device_signed({PAYMENTS: {}})).namespaces == {PAYMENTS: {}}


@pytest.mark.parametrize("curve", list(Curve))
def test_9_1_3_6_the_holder_signs_by_the_algorithm_of_its_key(curve: Curve) -> None:
    key = fixed_key("holder", curve)
    assert verified(device_signed(holder=key), key=key.public_key)
    other = fixed_key("thief", curve)
    assert refused(lambda: verified(device_signed(holder=other), key=key.public_key)) is Check.HOLDER_SIGNATURE
    for another in set(Curve) - {curve}:
        key_there = fixed_key("holder", another).public_key
        assert (
            refused(lambda key_there=key_there: verified(device_signed(holder=key), key=key_there)) is Check.ALGORITHM
        )


@pytest.mark.parametrize("curve", list(Curve))
def test_9_1_3_5_a_mac_is_made_on_the_readers_curve(curve: Curve) -> None:
    key, reader = fixed_key("holder", curve), fixed_key("reader", curve)
    met = meeting(reader)
    device = device_maced(ELEMENTS, holder=key, transcript=met)
    shown = verified(device, key=key.public_key, transcript=met, authorizations=PAYING)
    assert shown.namespaces == ELEMENTS
    on_another = fixed_key("holder", Curve.P384 if curve is Curve.P256 else Curve.P256).public_key
    assert refused(lambda: verified(device, key=on_another, transcript=met)) is Check.DEVICE_MAC


@pytest.mark.refuses(Check.DEVICE_MAC)
def test_without_a_readers_key_there_is_no_mac() -> None:
    device = device_maced()
    for transcript in (TRANSCRIPT, SessionTranscript(encoded=meeting().encoded)):
        assert refused(lambda transcript=transcript: verified(device, transcript=transcript)) is Check.DEVICE_MAC
    assert verified(device, transcript=meeting())


@pytest.mark.parametrize(
    "change",
    [
        {"transcript": redirect(nonce="another")},
        {"transcript": meeting()},
        {"doc_type": "utopia.id.2"},
        {"key": fixed_key("thief").public_key},
    ],
)
@pytest.mark.refuses(Check.HOLDER_SIGNATURE)
def test_a_signature_for_something_else_is_refused(change: dict[str, Any]) -> None:
    assert refused(lambda: verified(device_signed(), **change)) is Check.HOLDER_SIGNATURE


@pytest.mark.parametrize(
    "change",
    [
        {"transcript": meeting(fixed_key("another reader"))},
        {"doc_type": "utopia.id.2"},
        {"key": fixed_key("thief").public_key},
    ],
)
def test_a_mac_for_something_else_is_refused(change: dict[str, Any]) -> None:
    arguments = {"transcript": meeting()} | change
    assert refused(lambda: verified(device_maced(), **arguments)) is Check.HOLDER_SIGNATURE


@pytest.mark.parametrize(
    ("authorizations", "permitted"),
    [
        (NOTHING, False),
        (PAYING, True),
        (KeyAuthorizations(namespaces=frozenset(), elements={PAYMENTS: frozenset({"amount", "payee"})}), True),
        (KeyAuthorizations(namespaces=frozenset(), elements={PAYMENTS: frozenset({"amount"})}), False),
        (KeyAuthorizations(namespaces=frozenset({DOC_TYPE}), elements={}), False),
    ],
)
@pytest.mark.refuses(Check.KEY_AUTHORIZATION)
def test_9_1_2_4_the_holder_signs_only_what_the_issuer_permits(
    authorizations: KeyAuthorizations, permitted: bool
) -> None:
    for device, transcript in ((device_signed(ELEMENTS), TRANSCRIPT), (device_maced(ELEMENTS), meeting())):
        changes = {"authorizations": authorizations, "transcript": transcript}
        if permitted:
            assert verified(device, **changes).namespaces == ELEMENTS
            continue
        refusal = refused(lambda device=device, changes=changes: verified(device, **changes))
        assert refusal is Check.KEY_AUTHORIZATION


def test_what_nobody_signed_is_refused_as_such_before_anything_is_said_of_its_elements() -> None:
    stranger = device_signed(ELEMENTS, holder=fixed_key("thief"))
    assert refused(lambda: verified(stranger)) is Check.HOLDER_SIGNATURE


def test_a_long_name_is_cut_in_the_message() -> None:
    with pytest.raises(Rejected) as refusal:
        verified(device_signed({"n" * 1_000: {"e" * 1_000: 1}}))
    assert len(refusal.value.detail) < 300


def test_9_1_3_4_what_is_authenticated_is_embedded_cbor() -> None:
    namespaces = encode_embedded(encode_cbor(ELEMENTS))
    message = device_authentication(TRANSCRIPT, DOC_TYPE, namespaces)
    structure = parse_cbor(parse_embedded(message, what="message"), what="structure")
    assert structure == [
        "DeviceAuthentication",
        parse_cbor(TRANSCRIPT.encoded, what="transcript"),
        DOC_TYPE,
        Tag(24, encode_cbor(ELEMENTS)),
    ]


def test_9_1_3_5_both_sides_derive_the_same_key() -> None:
    met = meeting()
    ours = derive_mac_key(met, private=READER, public=HOLDER.public_key)
    assert derive_mac_key(met, private=HOLDER, public=READER.public_key) == ours
    assert len(ours) == 32
    assert derive_mac_key(TRANSCRIPT, private=READER, public=HOLDER.public_key) != ours
    assert derive_mac_key(met, private=fixed_key("thief"), public=READER.public_key) != ours
