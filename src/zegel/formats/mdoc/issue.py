"""Issuance of mdocs (ISO/IEC 18013-5 sections 9.1.2.4 and 9.1.2.5).

The encoding is the one of RFC 8949 section 4.2.1, so that copies differ in nothing but what must differ. It is spliced
from parts: what is the same for all credentials of a type is encoded once. What makes one unlike all others (random
values, digest IDs, decoys, the holder's key) passes through ``issue`` and is kept nowhere.
"""

from collections.abc import Callable, Collection, Mapping
from functools import lru_cache
from hashlib import sha256
from struct import unpack_from
from typing import Final, TypeAlias, final

from zegel.formats.credential import Reference
from zegel.formats.mdoc.dates import encode_tdate
from zegel.formats.mdoc.key_authorizations import encode_key_authorizations
from zegel.formats.mdoc.values import encode_value
from zegel.formats.mdoc.verify import VERSION
from zegel.formats.status.reference import status_claim
from zegel.primitives.cbor import (
    encode_array,
    encode_byte_string,
    encode_cbor,
    encode_embedded,
    encode_integer,
    encode_map,
    encode_text,
)
from zegel.primitives.cose import cose_key, sign1_protected, sign_encoded, x5chain_header
from zegel.primitives.keys import PublicKey, Signer

_CHANCE_BYTES: Final = 32  # the random value of an item (section 9.1.2.5: at least 16), or a decoy's digest
_RANK_BYTES: Final = 8  # of a number by which to shuffle; two of sixty are equal once in 10**16
_ENTRY_BYTES: Final = _CHANCE_BYTES + _RANK_BYTES

Elements: TypeAlias = Mapping[str, object]


@final
class MdocIssuer:
    """Issues mdocs of one type with one key.

    ``chain`` is DER, leaf first, without the anchor. ``namespaces`` are all in which the type may have elements, and
    ``decoys`` is how many digests without an element stand in each. ``key_authorizations`` are the elements that
    holders may sign, by namespace.
    """

    def __init__(
        self,
        *,
        signer: Signer,
        chain: tuple[bytes, ...],
        doc_type: str,
        namespaces: Collection[str],
        decoys: int = 0,
        key_authorizations: Mapping[str, Collection[str]] | None = None,
    ) -> None:
        self._signer: Final = signer
        self._protected: Final = sign1_protected(signer.public_key.curve)
        self._headers: Final = encode_byte_string(self._protected) + encode_cbor(x5chain_header(chain))
        self._namespaces: Final = {namespace: encode_text(namespace) for namespace in namespaces}
        self._decoys: Final = decoys
        self._same: Final = (
            _member("version", encode_text(VERSION)),
            _member("digestAlgorithm", encode_text("SHA-256")),
            _member("docType", encode_text(doc_type)),
        )
        self._key_authorizations: Final = (
            (_member("keyAuthorizations", encode_key_authorizations(key_authorizations)),) if key_authorizations else ()
        )

    def issue(
        self,
        elements: Mapping[str, Elements],
        *,
        holder_key: PublicKey,
        status: Reference | None,
        issued_at: int,
        valid_from: int,
        valid_until: int,
        random: Callable[[int], bytes],
    ) -> bytes:
        """Issue one mdoc as ``IssuerSigned``, with all its elements.

        ``elements`` are by namespace, with values as ``encode_value`` takes them; times are seconds since the epoch, as
        the caller rounded them. ValueError for a namespace that the type does not have.
        """
        digests, items = self._conceal(elements, random)
        validity = [
            _member("signed", encode_tdate(issued_at)),
            _member("validFrom", encode_tdate(valid_from)),
            _member("validUntil", encode_tdate(valid_until)),
        ]
        key_info = [_member("deviceKey", encode_cbor(cose_key(holder_key))), *self._key_authorizations]
        security_object = [
            *self._same,
            _member("valueDigests", encode_map(digests)),
            _member("deviceKeyInfo", encode_map(key_info)),
            _member("validityInfo", encode_map(validity)),
        ]
        if status is not None:
            security_object.append(_member("status", encode_cbor(status_claim(status))))
        issued = [_member("issuerAuth", self._sign(encode_embedded(encode_map(security_object))))]
        if items:
            issued.append(_member("nameSpaces", encode_map(items)))
        return encode_map(issued)

    def _sign(self, payload: bytes) -> bytes:
        signature = sign_encoded(self._protected, payload, signer=self._signer)
        return b"".join((b"\x84", self._headers, encode_byte_string(payload), encode_byte_string(signature)))

    def _conceal(
        self, elements: Mapping[str, Elements], random: Callable[[int], bytes]
    ) -> tuple[list[bytes], list[bytes]]:
        """The members of ``valueDigests`` and of ``nameSpaces``."""
        if not self._namespaces.keys() >= elements.keys():
            raise ValueError("expected elements in the namespaces of the type")
        entries = sum(map(len, elements.values())) + self._decoys * len(self._namespaces)
        chance, position = random(_ENTRY_BYTES * entries), 0
        digests: list[bytes] = []
        items: list[bytes] = []
        for namespace, name in self._namespaces.items():
            here = elements.get(namespace, {})
            end = position + _ENTRY_BYTES * (len(here) + self._decoys)
            hidden, shown = _entries(here, self._decoys, chance[position:end])
            position = end
            if hidden:
                digests.append(name + encode_map(hidden))
            if shown:
                items.append(name + encode_array(shown))
        return digests, items


def _entries(elements: Elements, decoys: int, chance: bytes) -> tuple[list[bytes], list[bytes]]:
    """The members of a namespace's digests, and its items; which element has which digest ID is left to chance.

    Both come in the order of their digest IDs, which is that of the encoded numbers too.
    """
    count = len(elements) + decoys
    ranks = unpack_from(f"{count}Q", chance)
    holders: list[tuple[str, object] | None] = [*elements.items(), *[None] * decoys]
    members, items = [], []
    start = count * _RANK_BYTES
    for digest_id, holder in enumerate(sorted(range(count), key=ranks.__getitem__)):
        own, start = chance[start : start + _CHANCE_BYTES], start + _CHANCE_BYTES
        number, held = _number(digest_id), holders[holder]
        if held is not None:
            element, value = held
            item = encode_embedded(_ITEM % (own, number, encode_value(value), _identifier(element)))
            items.append(item)
            own = sha256(item).digest()
        members.append(b"%b\x58\x20%b" % (number, own))
    return members, items


_ITEM: Final = b"\xa4\x66random\x58\x20%b\x68digestID%b\x6celementValue%b%b"
_number: Final = lru_cache(maxsize=1_024)(encode_integer)


@lru_cache(maxsize=1_024)
def _identifier(element: str) -> bytes:
    """The last member of an item, which is the same for all holders."""
    return b"\x71elementIdentifier" + encode_text(element)


def _member(name: str, value: bytes) -> bytes:
    return _name(name) + value


_name: Final = lru_cache(maxsize=64)(encode_text)
