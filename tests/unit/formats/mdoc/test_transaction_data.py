"""Transaction data in an mdoc: hashes that the holder signs in the one element that the issuer allows for it."""

from hashlib import sha256
from typing import Any

import pytest
from zegel_testing.authorities import NOW
from zegel_testing.mdoc import (
    ANCHORS,
    DOC_TYPE,
    DOMESTIC,
    PAYMENTS,
    TRANSCRIPT,
    authorized,
    device_signed,
    document,
    issued,
    issuer_signed,
    presented,
    response,
    security_object,
)

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.formats.mdoc.parse import parse_device_response, parse_issuer_signed
from zegel.formats.mdoc.present import signs_transaction_data
from zegel.formats.mdoc.transaction_data import ELEMENT
from zegel.formats.mdoc.verify import verify_presented_mdoc

FIRST, SECOND = "eyJ0eXBlIjoicGF5In0", "eyJ0eXBlIjoic2lnbiJ9"
PAYING = issued(key_authorizations={PAYMENTS: (ELEMENT,)})
BOTH = issuer_signed(security_object(deviceKeyInfo=authorized(dataElements={PAYMENTS: [ELEMENT], DOMESTIC: [ELEMENT]})))


def hashes(*texts: str) -> list[bytes]:
    return [sha256(text.encode()).digest() for text in texts]


def verified(data: bytes, *transaction_data: str) -> object:
    parsed = parse_device_response(data)
    return verify_presented_mdoc(
        parsed, anchors=ANCHORS, transcript=TRANSCRIPT, now=NOW, transaction_data=transaction_data
    )


def refused(data: bytes, *transaction_data: str) -> None:
    with pytest.raises(Rejected) as refusal:
        verified(data, *transaction_data)
    assert refusal.value.check is Check.TRANSACTION_DATA


@pytest.mark.parametrize("texts", [(FIRST,), (FIRST, SECOND), (FIRST, FIRST), ("",)])
def test_b_2_1_the_holder_signs_the_hash_of_each_string_in_order(texts: tuple[str, ...]) -> None:
    data = presented(PAYING, transaction_data=texts)
    (shown,) = parse_device_response(data).documents
    assert shown.device_signed.unverified_namespaces == {PAYMENTS: {ELEMENT: hashes(*texts)}}
    assert verified(data, *texts)


@pytest.mark.parametrize(
    "asked", [(), (SECOND,), (SECOND, FIRST), (FIRST,), (FIRST, SECOND, FIRST), (FIRST, SECOND + "=")]
)
@pytest.mark.refuses(Check.TRANSACTION_DATA)
def test_another_transaction_than_the_one_that_was_asked_for_is_refused(asked: tuple[str, ...]) -> None:
    refused(presented(PAYING, transaction_data=(FIRST, SECOND)), *asked)


def test_a_transaction_that_is_not_signed_is_refused() -> None:
    refused(presented(PAYING), FIRST)
    refused(presented(), FIRST)


@pytest.mark.parametrize(
    "value", [hashes(FIRST)[0], [FIRST], FIRST, {}, [], None, [hashes(FIRST)], [*hashes(FIRST), ""]]
)
def test_an_element_of_another_shape_is_refused(value: Any) -> None:
    refused(response(document(BOTH, device_signed({PAYMENTS: {ELEMENT: value}}))), FIRST)


def test_hashes_in_two_places_are_refused() -> None:
    once = {PAYMENTS: {ELEMENT: hashes(FIRST)}}
    assert verified(response(document(BOTH, device_signed(once))), FIRST)
    refused(response(document(BOTH, device_signed(once | {DOMESTIC: {ELEMENT: hashes(FIRST)}}))), FIRST)


def test_what_else_the_holder_may_sign_does_not_matter() -> None:
    contents = security_object(deviceKeyInfo=authorized(nameSpaces=[PAYMENTS, DOMESTIC]))
    elements = {PAYMENTS: {ELEMENT: hashes(FIRST), "device": "mine"}, DOMESTIC: {"time": 1}}
    assert verified(response(document(issuer_signed(contents), device_signed(elements))), FIRST)


def test_a_wallet_can_tell_whether_it_may_sign() -> None:
    assert signs_transaction_data(parse_issuer_signed(PAYING))
    assert not signs_transaction_data(parse_issuer_signed(issued()))
    assert not signs_transaction_data(parse_issuer_signed(issued(key_authorizations={DOC_TYPE: ("amount",)})))


def test_b_2_1_a_wallet_signs_nothing_that_the_issuer_did_not_authorize() -> None:
    for credential in (issued(), issued(key_authorizations={DOC_TYPE: ("amount",)})):
        with pytest.raises(ValueError, match="does not let the holder sign"):
            presented(credential, transaction_data=(FIRST,))
