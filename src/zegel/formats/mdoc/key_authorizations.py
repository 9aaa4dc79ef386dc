"""What the issuer lets the holder's key sign (ISO/IEC 18013-5 section 9.1.2.4)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final, final

from zegel.errors import Malformed
from zegel.primitives.cbor import encode_array, encode_map, encode_text


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class KeyAuthorizations:
    """The elements that a holder may sign: all of a namespace, or some of it."""

    namespaces: frozenset[str]
    elements: Mapping[str, frozenset[str]]

    def permit(self, namespace: str, element: str) -> bool:
        """Whether the holder may sign this element."""
        return namespace in self.namespaces or element in self.elements.get(namespace, ())

    def namespace_of(self, element: str) -> str | None:
        """The first namespace in which an element of that name is named; None when there is none."""
        return next((namespace for namespace, elements in self.elements.items() if element in elements), None)


NOTHING: Final = KeyAuthorizations(namespaces=frozenset(), elements={})


def parse_key_authorizations(value: object, *, what: str, where: str) -> KeyAuthorizations:
    """Parse ``KeyAuthorizations``; ``Malformed`` for another shape."""
    if type(value) is not dict:
        raise Malformed(what, where, "expected a map")
    elements = value.get("dataElements", {})
    if type(elements) is not dict or not all(type(namespace) is str for namespace in elements):
        raise Malformed(what, f"{where}.dataElements", "expected a map of namespaces")
    return KeyAuthorizations(
        namespaces=_names(value.get("nameSpaces", []), what, f"{where}.nameSpaces"),
        elements={namespace: _names(names, what, f"{where}.dataElements") for namespace, names in elements.items()},
    )


def encode_key_authorizations(elements: Mapping[str, Collection[str]]) -> bytes:
    """Encode the elements that a holder may sign, by namespace."""
    by_namespace = [
        encode_text(namespace) + encode_array([encode_text(name) for name in sorted(names)])
        for namespace, names in elements.items()
    ]
    return encode_map([encode_text("dataElements") + encode_map(by_namespace)])


def _names(value: object, what: str, where: str) -> frozenset[str]:
    if type(value) is not list or not all(type(name) is str for name in value):
        raise Malformed(what, where, "expected an array of names")
    return frozenset(value)
