"""Token Status List, draft 20: the vectors of its appendix C and of its examples, decoded and encoded."""

import json
import re
from hashlib import sha256
from pathlib import Path

import pytest
from zegel_testing.authorities import NOW
from zegel_testing.status import BOTH, STATUS_SIGNER, URI, token

from zegel.formats.status.entries import MAX_LIST, StatusList, compress, empty_status_list, inflate
from zegel.formats.status.reference import build_aggregation, parse_status_reference
from zegel.formats.status.token import CWT_TYPE, StatusListFormat, parse_status_list
from zegel.primitives.cbor import Tag, encode_cbor, parse_cbor, parse_map
from zegel.primitives.cose import UnverifiedSign1, verify_sign1
from zegel.primitives.encoding import base64url, parse_base64url
from zegel.primitives.json import parse_object
from zegel.primitives.jws import UnverifiedJws, parse_jws, verify_jws
from zegel.primitives.keys import parse_jwk

VECTORS = Path(__file__).parents[1] / "vectors" / "status-list"
APPENDIX_C = json.loads((VECTORS / "appendix-c.json").read_bytes())["vectors"]
FOLDER = json.loads((VECTORS / "examples.json").read_bytes())
EXAMPLES = FOLDER["examples"]
EXAMPLE_URI = "https://example.com/statuslists/1"


def example_key():
    key = {name: value for name, value in FOLDER["example_key"].items() if name in ("kty", "crv", "x", "y")}
    return parse_jwk(key, what="example")


def example_hex(name: str) -> bytes:
    return bytes.fromhex("".join(EXAMPLES[name].rpartition("encoded:")[2].split()))


def example_json(name: str) -> dict:
    text = "".join(EXAMPLES[name].rpartition("encoded:")[2].split())
    return dict(parse_object(text, what="example"))


def statuses_of(vector: dict) -> dict[int, int]:
    return {int(index): status for index, status in vector["statuses"].items()}


def list_of(members: dict) -> StatusList:
    lst = members["lst"] if isinstance(members["lst"], bytes) else parse_base64url(members["lst"], what="vector")
    return inflate(members["bits"], lst, what="vector", max_bytes=MAX_LIST)


@pytest.mark.parametrize("vector", APPENDIX_C, ids=lambda vector: vector["name"])
def test_appendix_c_every_list_is_decoded(vector: dict) -> None:
    expected, bits = statuses_of(vector), vector["bits"]
    set_in = bytes(sum(byte >> at & (1 << bits) - 1 != 0 for at in range(0, 8, bits)) for byte in range(256))
    for members in (vector["json"], parse_map(bytes.fromhex(vector["cbor_hex"]), what="vector")):
        found = list_of(members)
        assert (found.bits, found.size) == (bits, vector["size"])
        assert {index: found.get(index) for index in expected} == expected
        assert sum(found.data.translate(set_in)) == sum(map(bool, expected.values()))


@pytest.mark.parametrize("vector", APPENDIX_C, ids=lambda vector: vector["name"])
def test_appendix_c_every_list_is_encoded_to_the_same_bytes(vector: dict) -> None:
    """The draft's lists come from zlib at its highest level, and so do ours."""
    ours = compress(empty_status_list(vector["size"], bits=vector["bits"]).updated(statuses_of(vector)))
    assert base64url(ours.lst) == vector["json"]["lst"]
    assert encode_cbor({"bits": ours.bits, "lst": ours.lst}).hex() == vector["cbor_hex"]


@pytest.mark.parametrize(
    ("bits", "statuses", "data"),
    [(1, FOLDER["small_lists"]["1bit_16"], b"\xb9\xa3"), (2, FOLDER["small_lists"]["2bit_12"], b"\xc9\x44\xf9")],
)
def test_section_4_1_statuses_are_packed_from_the_least_significant_bit(
    bits: int, statuses: list[int], data: bytes
) -> None:
    ours = empty_status_list(len(statuses), bits=bits).updated(dict(enumerate(statuses)))
    assert ours.data == data
    assert [ours.get(index) for index in range(len(statuses))] == statuses


@pytest.mark.parametrize("number", ["", "2"])
def test_sections_4_2_and_4_3_the_small_lists_have_the_same_bytes(number: str) -> None:
    members = example_json(f"status_list_encoding{number}_json")
    ours = compress(list_of(members))
    assert base64url(ours.lst) == members["lst"]
    assert encode_cbor({"bits": ours.bits, "lst": ours.lst}) == example_hex(f"status_list_encoding{number}_cbor")


@pytest.mark.parametrize("bits", ["1_long", "2_long", "4", "8"])
def test_sections_4_2_and_4_3_the_examples_of_both_formats_agree(bits: str) -> None:
    from_json = list_of(example_json(f"status_list_encoding{bits}_json"))
    from_cbor = list_of(parse_map(example_hex(f"status_list_encoding{bits}_cbor"), what="example"))
    assert from_json == from_cbor


def test_section_5_1_the_example_in_jwt_format_is_read_and_verifies() -> None:
    compact = "".join(EXAMPLES["status_list_jwt_raw"].split()).encode()
    found = parse_status_list(compact, content_type="application/statuslist+jwt")
    assert (found.unverified_uri, found.unverified_ttl) == (EXAMPLE_URI, 43_200)
    assert (found.unverified_issued_at, found.unverified_expires) == (1_686_920_170, 2_291_720_170)
    assert found.unverified_statuses == StatusList(bits=1, data=b"\xb9\xa3")
    assert isinstance(found.token, UnverifiedJws)
    assert verify_jws(found.token, key=example_key(), typ="statuslist+jwt")


def test_section_5_2_the_example_in_cwt_format_is_read_and_verifies() -> None:
    found = parse_status_list(example_hex("status_list_cwt"), content_type="application/statuslist+cwt")
    assert (found.unverified_uri, found.unverified_ttl) == (EXAMPLE_URI, 43_200)
    assert found.unverified_statuses == StatusList(bits=1, data=b"\xb9\xa3")
    assert isinstance(found.token, UnverifiedSign1)
    assert found.token.typ == CWT_TYPE
    assert found.token.payload is not None
    assert verify_sign1(found.token, key=example_key(), payload=found.token.payload)


def test_section_5_1_a_token_has_the_members_of_the_example() -> None:
    jws = parse_jws(token(StatusListFormat.JWT), what="token")
    assert jws.unverified_header.members.keys() == {"alg", "typ", "x5c"}
    assert jws.unverified_header.typ == "statuslist+jwt"
    assert jws.unverified_claims.keys() == {"sub", "iat", "exp", "ttl", "status_list"}


def test_section_5_2_a_token_carries_the_cose_tag_and_not_the_cwt_tag() -> None:
    tagged = parse_cbor(token(StatusListFormat.CWT), what="token")
    assert isinstance(tagged, Tag)
    assert tagged.tag == 18
    protected, unprotected, payload, _ = tagged.value
    expected = {1: -7, 16: "application/statuslist+cwt", 33: STATUS_SIGNER.chain[0]}
    assert parse_map(protected, what="header") == expected
    assert unprotected == {}
    claims = parse_map(payload, what="claims")
    assert claims.keys() == {2, 4, 6, 65533, 65534}
    assert (claims[2], claims[6]) == (URI, NOW)


def test_section_6_2_the_reference_of_the_example_is_read() -> None:
    reference = parse_status_reference({"status_list": {"idx": 0, "uri": EXAMPLE_URI}}, what="example")
    assert (reference.uri, reference.index) == (EXAMPLE_URI, 0)


def test_section_6_3_the_reference_of_a_token_in_cose_is_read() -> None:
    encoded = bytes.fromhex("".join(EXAMPLES["referenced_token_cwt"].split()))
    tagged = parse_cbor(encoded, what="example")
    assert isinstance(tagged, Tag)
    claims = parse_map(tagged.value[2], what="example")
    assert parse_status_reference(claims[65535], what="example").uri == EXAMPLE_URI


def test_section_8_2_the_media_types_are_those_of_the_registrations() -> None:
    assert [str(format_) for format_ in BOTH] == ["application/statuslist+jwt", "application/statuslist+cwt"]


def test_section_9_3_the_aggregation_names_the_lists() -> None:
    uris = tuple(f"https://example.com/statuslists/{number}" for number in (1, 2, 3))
    text = (
        '{ "status_lists" : [ "https://example.com/statuslists/1", "https://example.com/statuslists/2",'
        ' "https://example.com/statuslists/3" ] }'
    )
    assert build_aggregation(uris).decode() == re.sub(r"\s", "", text)


def test_section_13_3_an_unused_index_cannot_be_told_from_a_valid_one() -> None:
    assert set(empty_status_list(1 << 20, bits=1).data) == {0}


def test_the_vectors_are_those_that_the_source_names() -> None:
    table = (VECTORS / "SOURCE.md").read_text()
    for path in VECTORS.glob("*.json"):
        assert f"| {path.name} | {sha256(path.read_bytes()).hexdigest()} |" in table
