"""Members of maps: each is there, and of its type, wherever a map stands."""

from collections.abc import Callable
from typing import Any

import pytest
from zegel_testing.mdoc import device_signed, document, issuer_signed, response, security_object, signed, validity

from zegel.errors import Malformed
from zegel.formats.mdoc.parse import parse_device_response, parse_issuer_signed

BUILDERS: dict[str, tuple[Callable[..., bytes], Callable[[bytes], object]]] = {
    "response": (lambda **members: response(**members), parse_device_response),
    "document": (lambda **members: response(document() | members), parse_device_response),
    "deviceSigned": (lambda **members: response(document(device=device_signed() | members)), parse_device_response),
    "security object": (lambda **members: signed(security_object(**members)), parse_issuer_signed),
    "validity": (lambda **members: signed(security_object(validityInfo=validity(**members))), parse_issuer_signed),
}
MEMBERS = [
    ("response", "version", 1),
    ("response", "status", "0"),
    ("response", "status", False),
    ("document", "docType", b"utopia.id.1"),
    ("document", "issuerSigned", [issuer_signed()]),
    ("document", "deviceSigned", "signed"),
    ("deviceSigned", "nameSpaces", {}),
    ("deviceSigned", "deviceAuth", []),
    ("security object", "version", 1.0),
    ("security object", "digestAlgorithm", -16),
    ("security object", "docType", b"utopia.id.1"),
    ("security object", "valueDigests", []),
    ("security object", "deviceKeyInfo", "key"),
    ("security object", "validityInfo", "always"),
    ("validity", "signed", "2026-11-22T00:00:00Z"),
    ("validity", "validFrom", 0),
    ("validity", "validUntil", []),
]


@pytest.mark.parametrize(("place", "name", "other"), MEMBERS)
def test_a_member_of_another_type_is_malformed_and_named(place: str, name: str, other: Any) -> None:
    build, parse = BUILDERS[place]
    with pytest.raises(Malformed) as refusal:
        parse(build(**{name: other}))
    assert refusal.value.where == name


def test_a_member_that_is_missing_is_named() -> None:
    for place, name in dict.fromkeys((place, name) for place, name, _ in MEMBERS):
        build, parse = BUILDERS[place]
        if place in {"response", "security object", "validity"}:  # there None takes a member out
            data = build(**{name: None})
        else:
            members: Any = document() if place == "document" else device_signed()
            del members[name]
            data = response(members if place == "document" else document(device=members))
        with pytest.raises(Malformed) as refusal:
            parse(data)
        assert refusal.value.where == name


@pytest.mark.parametrize("place", BUILDERS)
def test_members_that_nobody_knows_are_not_looked_at(place: str) -> None:
    build, parse = BUILDERS[place]
    assert parse(build(later=[1, {"a": b"b"}]))


def test_what_is_no_map_is_malformed() -> None:
    for data in (response([document()]), response("document"), response(documents=[None])):
        with pytest.raises(Malformed, match="expected a map"):
            parse_device_response(data)
