"""Issuance: everything is hidden behind digests, in one encoding, and two copies share nothing unique."""

from typing import Any

import pytest
from zegel_testing.authorities import DAY, NOW, authority, fixed_key, fixed_random, signer
from zegel_testing.mdoc import ANCHORS, DOC_TYPE, DOMESTIC, ELEMENTS, HOLDER, ISSUER, NAMESPACES, STATUS, issued

from zegel.formats.credential import StatusReference
from zegel.formats.mdoc.parse import UnverifiedIssuerSigned, parse_issuer_signed
from zegel.formats.mdoc.verify import verify_issued_mdoc
from zegel.primitives.cbor import encode_cbor, encode_embedded, parse_cbor, parse_embedded, parse_map
from zegel.primitives.cose import parse_sign1
from zegel.primitives.keys import Curve
from zegel.trust.anchors import Purpose

COUNT = sum(map(len, ELEMENTS.values()))


def parsed(**changes: Any) -> UnverifiedIssuerSigned:
    return parse_issuer_signed(issued(**changes))


def canonical(encoded: bytes) -> bytes:
    """The value, encoded anew with the keys of each map in the order of their encodings."""
    return encode_cbor(_ordered(parse_cbor(encoded, what="value")))


def _ordered(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _ordered(value[name]) for name in sorted(value, key=encode_cbor)}
    return [_ordered(inner) for inner in value] if isinstance(value, list) else value


def test_every_element_is_disclosable_on_its_own() -> None:
    found = parsed()
    assert {name: set(items.elements) for name, items in found.unverified_namespaces.items()} == {
        name: set(elements) for name, elements in ELEMENTS.items()
    }
    digests = found.unverified_security_object.digests
    assert {name: len(each) for name, each in digests.items()} == {DOC_TYPE: 7, DOMESTIC: 2}
    for items in found.unverified_namespaces.values():
        for encoded in items.encoded:
            item = parse_map(parse_embedded(encoded, what="item"), what="item")
            assert item.keys() == {"digestID", "random", "elementIdentifier", "elementValue"}


def test_what_is_issued_is_verified_with_all_its_elements() -> None:
    credential = verify_issued_mdoc(parsed(), anchors=ANCHORS, now=NOW)
    assert credential.claims == {
        DOC_TYPE: ELEMENTS[DOC_TYPE] | {"birth_date": "1971-09-01"},
        DOMESTIC: ELEMENTS[DOMESTIC],
    }
    assert credential.status == STATUS
    assert credential.holder_key == HOLDER.public_key
    assert (credential.valid_from, credential.valid_until) == (NOW, NOW + 14 * DAY)


def test_the_header_names_algorithm_and_chain_alone() -> None:
    auth = parsed().issuer_auth
    assert (auth.header.labels, auth.unprotected.keys(), auth.x5chain) == ({1: -7}, {33}, ISSUER.chain)
    chain = (ISSUER.chain[0], b"above")
    assert parsed(chain=chain).issuer_auth.x5chain == chain


@pytest.mark.parametrize("curve", list(Curve))
def test_an_issuer_signs_by_the_algorithm_of_its_key(curve: Curve) -> None:
    root = authority("identities")
    issuer = signer(root, "identity signer of another curve", Purpose.ISSUER, curve=curve)
    holder = fixed_key("holder", curve)
    data = issued(signer=issuer.key, chain=issuer.chain, holder_key=holder.public_key)
    assert verify_issued_mdoc(parse_issuer_signed(data), anchors=ANCHORS, now=NOW).holder_key == holder.public_key


def test_rfc_8949_4_2_1_there_is_one_encoding() -> None:
    data = issued(key_authorizations={"b": ("z", "a"), "a": ("c",)}, decoys=3)
    assert canonical(data) == data
    found = parse_issuer_signed(data)
    inner = parse_embedded(found.payload, what="object")
    assert canonical(inner) == inner
    for items in found.unverified_namespaces.values():
        for encoded in items.encoded:
            item = parse_embedded(encoded, what="item")
            assert canonical(item) == item
    assert parse_sign1(parse_map(data, what="issued")["issuerAuth"], what="auth").payload == encode_embedded(inner)


def test_digest_ids_and_the_order_of_the_items_are_chance() -> None:
    orders = set()
    for seed in range(20):
        (items, domestic) = parsed(seed=f"order {seed}").unverified_namespaces.values()
        assert set(items.digest_ids) == set(range(7))
        assert set(domestic.digest_ids) == {0, 1}
        orders.add(tuple(items.elements))
    assert len(orders) == 20


def test_decoys_are_digests_without_an_element() -> None:
    found = parsed(decoys=5)
    for namespace, items in found.unverified_namespaces.items():
        digests = found.unverified_security_object.digests[namespace]
        assert len(digests) == len(items.elements) + 5
        assert {len(digest) for digest in digests.values()} == {32}
        assert set(digests) == set(range(len(digests)))
    spread = {tuple(parsed(decoys=5, seed=f"d{n}").unverified_namespaces[DOMESTIC].digest_ids) for n in range(10)}
    assert len(spread) > 5
    assert verify_issued_mdoc(found, anchors=ANCHORS, now=NOW)


def test_a_namespace_without_elements_has_its_decoys_and_no_items() -> None:
    some = {DOC_TYPE: {"family_name": "Example"}}
    found = parse_issuer_signed(issued(some, decoys=4))
    assert found.unverified_namespaces.keys() == {DOC_TYPE}
    assert {name: len(each) for name, each in found.unverified_security_object.digests.items()} == {
        DOC_TYPE: 5,
        DOMESTIC: 4,
    }
    without = parse_issuer_signed(issued(some))
    assert without.unverified_security_object.digests.keys() == {DOC_TYPE}


def test_a_credential_without_elements_has_no_namespaces() -> None:
    for elements in ({}, {DOC_TYPE: {}}):
        data = issued(elements)
        assert parse_map(data, what="issued").keys() == {"issuerAuth"}
        assert parse_issuer_signed(data).unverified_namespaces == {}
        assert verify_issued_mdoc(parse_issuer_signed(data), anchors=ANCHORS, now=NOW).claims == {}


def test_a_namespace_that_the_type_does_not_have_is_not_issued() -> None:
    with pytest.raises(ValueError, match="namespaces of the type"):
        issued({"utopia.other.1": {"family_name": "Example"}})


def test_what_is_not_known_is_left_out() -> None:
    def members(**changes: Any) -> set[object]:
        return set(parse_map(parse_embedded(parsed(**changes).payload, what="object"), what="object"))

    required = {"version", "digestAlgorithm", "docType", "valueDigests", "deviceKeyInfo", "validityInfo"}
    assert members(status=None) == required
    assert members() == required | {"status"}


def test_two_copies_share_nothing_that_is_unique() -> None:
    """All randomness comes in; with another seed, key and status, no digest, random value or digest is the same."""
    first, second = (
        parsed(
            seed=f"copy {number}",
            decoys=2,
            holder_key=fixed_key(f"copy {number}").public_key,
            status=StatusReference(uri=STATUS.uri, index=number),
        )
        for number in (1, 2)
    )
    for namespace in NAMESPACES:
        digests = [set(copy.unverified_security_object.digests[namespace].values()) for copy in (first, second)]
        assert digests[0].isdisjoint(digests[1])
        items = [set(copy.unverified_namespaces[namespace].encoded) for copy in (first, second)]
        assert items[0].isdisjoint(items[1])
        assert len(digests[0]) == len(digests[1])
    assert first.issuer_auth.signature != second.issuer_auth.signature
    assert first.issuer_auth.unprotected == second.issuer_auth.unprotected
    assert len(first.payload) == len(second.payload)


def test_the_same_chance_makes_the_same_security_object() -> None:
    assert parsed().payload == parsed().payload
    assert parsed(seed="another").payload != parsed().payload


def test_random_values_and_decoys_are_of_the_chance_that_is_passed_in() -> None:
    chance = b""
    source = fixed_random("chance")

    def random(size: int) -> bytes:
        nonlocal chance
        chance += (drawn := source(size))
        return drawn

    found = parsed(random=random, decoys=1)
    values = [
        parse_map(parse_embedded(encoded, what="item"), what="item")["random"]
        for items in found.unverified_namespaces.values()
        for encoded in items.encoded
    ]
    assert all(isinstance(value, bytes) and value in chance for value in values)
    assert len(set(values)) == COUNT
    digests = [one for each in found.unverified_security_object.digests.values() for one in each.values()]
    assert sum(digest in chance for digest in digests) == 2
