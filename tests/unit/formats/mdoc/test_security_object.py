"""The mobile security object: what the issuer says, or ``Malformed``."""

from typing import Any

import pytest
from zegel_testing.authorities import DAY, NOW, fixed_key
from zegel_testing.mdoc import (
    DOC_TYPE,
    DOMESTIC,
    HOLDER,
    ITEM,
    STATUS,
    digest,
    issued,
    issuer_signed,
    security_object,
    signed,
)

from zegel.errors import Malformed
from zegel.formats.credential import StatusReference
from zegel.formats.mdoc.parse import parse_issuer_signed
from zegel.formats.mdoc.security_object import SecurityObject, parse_security_object
from zegel.primitives.cbor import Tag, encode_cbor, encode_embedded
from zegel.primitives.cose import cose_key
from zegel.primitives.keys import Curve


def parsed(**members: Any) -> SecurityObject:
    return parse_security_object(encode_embedded(encode_cbor(security_object(**members))))


def test_what_the_issuer_says() -> None:
    found = parsed()
    assert (found.version, found.digest_algorithm, found.doc_type) == ("1.0", "SHA-256", DOC_TYPE)
    assert found.digests == {DOC_TYPE: {0: digest(ITEM)}}
    assert found.holder_key == HOLDER.public_key
    assert (found.signed, found.valid_from, found.valid_until) == (NOW, NOW, NOW + DAY)
    assert found.status is None
    assert parse_issuer_signed(signed()).unverified_security_object == found
    assert parse_issuer_signed(signed()).payload == encode_embedded(encode_cbor(security_object()))


def test_an_unknown_version_or_algorithm_is_read_for_the_verifier_to_refuse() -> None:
    found = parsed(version="2.0", digestAlgorithm="SHA3-256")
    assert (found.version, found.digest_algorithm) == ("2.0", "SHA3-256")


@pytest.mark.parametrize(
    "digests",
    [
        {},
        {DOC_TYPE: {}},
        {DOC_TYPE: {0: b""}},
        {DOC_TYPE: {2**63: bytes(32), 2**64 - 1: bytes(64)}, DOMESTIC: {7: bytes(48)}},
    ],
)
def test_digests_are_by_namespace_and_number(digests: Any) -> None:
    assert parsed(valueDigests=digests).digests == digests


@pytest.mark.parametrize(
    "digests",
    [
        {1: {0: bytes(32)}},
        {b"bytes": {0: bytes(32)}},
        {DOC_TYPE: [bytes(32)]},
        {DOC_TYPE: None},
        {DOC_TYPE: {"0": bytes(32)}},
        {DOC_TYPE: {b"0": bytes(32)}},
        {DOC_TYPE: {-1: bytes(32)}},
        {DOC_TYPE: {0.0: bytes(32)}},
        {DOC_TYPE: {None: bytes(32)}},
        {DOC_TYPE: {0: "digest"}},
        {DOC_TYPE: {0: 1}},
        {DOC_TYPE: {0: None}},
        {DOC_TYPE: {0: [bytes(32)]}},
        {DOC_TYPE: {0: bytes(32), 1: "digest"}},
        {DOC_TYPE: {0: bytes(32)}, DOMESTIC: "none"},
    ],
)
def test_other_digests_are_malformed(digests: Any) -> None:
    with pytest.raises(Malformed, match="valueDigests"):
        parsed(valueDigests=digests)


def test_a_digest_id_twice_is_malformed() -> None:
    one = encode_cbor({0: bytes(32)})
    twice = b"\xa2" + one[1:] * 2
    contents = encode_cbor(security_object(valueDigests={DOC_TYPE: {0: bytes(32)}}))
    assert contents.count(one) == 1
    with pytest.raises(Malformed):
        parse_security_object(encode_embedded(contents.replace(one, twice)))


@pytest.mark.parametrize("curve", list(Curve))
def test_the_holders_key_may_be_on_any_curve_of_the_profiles(curve: Curve) -> None:
    key = fixed_key("holder", curve).public_key
    assert parsed(deviceKeyInfo={"deviceKey": cose_key(key), "keyInfo": {1: "later"}}).holder_key == key


@pytest.mark.parametrize(
    "key_info",
    [
        {},
        {"deviceKey": None},
        {"deviceKey": b"key"},
        {"deviceKey": {}},
        {"deviceKey": cose_key(HOLDER.public_key) | {1: 1}},
        {"deviceKey": cose_key(HOLDER.public_key) | {-1: 2}},
        {"deviceKey": cose_key(HOLDER.public_key) | {-3: bytes(32)}},
        {"deviceKey": cose_key(HOLDER.public_key) | {-4: bytes(32)}},
    ],
)
def test_without_a_good_key_of_the_holder_it_is_malformed(key_info: Any) -> None:
    with pytest.raises(Malformed):
        parsed(deviceKeyInfo=key_info)


def test_a_status_names_an_entry_of_a_list() -> None:
    status = {"status_list": {"idx": 7, "uri": "https://status.utopia.example/1"}, "other": 1}
    assert parsed(status=status).status == StatusReference(uri="https://status.utopia.example/1", index=7)
    assert parse_issuer_signed(issued()).unverified_security_object.status == STATUS
    assert parse_issuer_signed(issued(status=None)).unverified_security_object.status is None


@pytest.mark.parametrize(
    "status",
    [
        {},
        [],
        "valid",
        False,
        {"identifier_list": {"id": b"", "uri": "https://status.utopia.example/2"}},
        {"attestation_status": {"uri": "https://status.utopia.example/2"}},
        {"status_list": {"idx": -1, "uri": "https://status.utopia.example/1"}},
        {"status_list": {"idx": 1}},
    ],
)
def test_a_status_that_cannot_be_looked_up_is_malformed(status: Any) -> None:
    with pytest.raises(Malformed):
        parsed(status=status)


CONTENT = encode_cbor(security_object())


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        CONTENT,
        encode_cbor(CONTENT),
        encode_cbor(Tag(63, CONTENT)),
        encode_cbor(Tag(24, "text")),
        encode_embedded(CONTENT) + b"\x00",
        encode_embedded(CONTENT)[:-1],
        encode_embedded(CONTENT + b"\x00"),
        encode_embedded(CONTENT[:-1]),
        encode_embedded(b""),
        encode_embedded(encode_cbor([1])),
        encode_embedded(encode_embedded(CONTENT)),
        b"\xd8\x18\x5a\x00\x00" + len(CONTENT).to_bytes(2) + CONTENT,
        b"\xd9\x00\x18\x59" + len(CONTENT).to_bytes(2) + CONTENT,
        b"\xd8\x18\x5f" + encode_cbor(CONTENT[:5]) + encode_cbor(CONTENT[5:]) + b"\xff",
    ],
)
def test_9_1_2_4_the_payload_is_one_map_in_tag_24_in_its_shortest_encoding(payload: bytes) -> None:
    assert len(CONTENT) > 255
    parse_security_object(encode_embedded(CONTENT))
    with pytest.raises(Malformed):
        parse_security_object(payload)


def test_the_payload_is_attached() -> None:
    members: Any = issuer_signed()
    members["issuerAuth"][2] = None
    with pytest.raises(Malformed, match="the mobile security object"):
        parse_issuer_signed(encode_cbor(members))
