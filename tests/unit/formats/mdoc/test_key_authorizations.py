"""Key authorizations: which elements the issuer lets the holder's key sign."""

from typing import Any

import pytest
from zegel_testing.mdoc import PAYMENTS, authorized, issued, security_object, signed

from zegel.errors import Malformed
from zegel.formats.mdoc.key_authorizations import KeyAuthorizations
from zegel.formats.mdoc.parse import parse_issuer_signed

OTHER = "utopia.other.1"


def parsed(**members: Any) -> KeyAuthorizations:
    contents = security_object(deviceKeyInfo=authorized(**members))
    return parse_issuer_signed(signed(contents)).unverified_security_object.key_authorizations


def test_without_authorizations_nothing_may_be_signed() -> None:
    found = parse_issuer_signed(signed()).unverified_security_object.key_authorizations
    for authorizations in (found, parsed(), parsed(nameSpaces=[]), parsed(dataElements={PAYMENTS: []})):
        assert not authorizations.permit(PAYMENTS, "amount")
        assert not authorizations.permit("", "")
        assert authorizations.namespace_of("amount") is None


def test_elements_are_authorized_one_by_one() -> None:
    authorizations = parsed(dataElements={PAYMENTS: ["amount", "payee"], OTHER: ["amount", "time"]})
    assert authorizations.permit(PAYMENTS, "payee")
    assert authorizations.permit(OTHER, "amount")
    assert not authorizations.permit(OTHER, "payee")
    assert not authorizations.permit("utopia.third.1", "amount")
    assert authorizations.namespace_of("amount") == PAYMENTS
    assert authorizations.namespace_of("time") == OTHER
    assert authorizations.namespace_of("place") is None


def test_a_namespace_is_authorized_with_all_that_is_in_it() -> None:
    authorizations = parsed(nameSpaces=[PAYMENTS], dataElements={OTHER: ["amount"]})
    assert authorizations.permit(PAYMENTS, "anything")
    assert authorizations.permit(OTHER, "amount")
    assert not authorizations.permit(OTHER, "anything")
    assert authorizations.namespace_of("anything") is None  # no element of that name is named


def test_what_the_issuer_writes_is_read_back() -> None:
    data = issued(key_authorizations={PAYMENTS: ("payee", "amount"), OTHER: {"time"}})
    found = parse_issuer_signed(data).unverified_security_object.key_authorizations
    assert found.namespaces == frozenset()
    assert found.elements == {PAYMENTS: {"amount", "payee"}, OTHER: {"time"}}
    nothing = parse_issuer_signed(issued(key_authorizations={})).unverified_security_object.key_authorizations
    assert nothing.elements == {}


@pytest.mark.parametrize(
    "members",
    [
        {"nameSpaces": PAYMENTS},
        {"nameSpaces": {PAYMENTS: []}},
        {"nameSpaces": [1]},
        {"nameSpaces": [PAYMENTS, b"bytes"]},
        {"nameSpaces": None},
        {"dataElements": [PAYMENTS]},
        {"dataElements": {1: ["amount"]}},
        {"dataElements": {b"bytes": ["amount"]}},
        {"dataElements": {PAYMENTS: "amount"}},
        {"dataElements": {PAYMENTS: {"amount": True}}},
        {"dataElements": {PAYMENTS: [b"amount"]}},
        {"dataElements": {PAYMENTS: None}},
        {"dataElements": None},
    ],
)
def test_authorizations_of_another_shape_are_malformed(members: dict[str, Any]) -> None:
    with pytest.raises(Malformed) as refusal:
        parsed(**members)
    assert refusal.value.where == f"deviceKeyInfo.keyAuthorizations.{next(iter(members))}"


@pytest.mark.parametrize("value", [None, [], "all", True])
def test_what_is_no_map_is_malformed(value: Any) -> None:
    key_info = authorized() | {"keyAuthorizations": value}
    with pytest.raises(Malformed):
        parse_issuer_signed(signed(security_object(deviceKeyInfo=key_info)))
