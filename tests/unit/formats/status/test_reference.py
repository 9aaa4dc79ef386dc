"""What a credential says of its status, and what an issuer says of its lists."""

import pytest

from zegel.errors import Malformed
from zegel.formats.credential import IdentifierReference, StatusReference
from zegel.formats.status.reference import (
    MAX_IDENTIFIER,
    MAX_INDEX,
    MAX_LISTS,
    MAX_URI,
    build_aggregation,
    parse_aggregation,
    parse_mdoc_status,
    parse_status_reference,
    status_claim,
)
from zegel.primitives.json import encode_json

URI = "https://status.utopia.example/1"


@pytest.mark.parametrize("index", [0, 1, MAX_INDEX])
def test_a_reference_goes_both_ways(index: int) -> None:
    reference = StatusReference(uri=URI, index=index)
    assert parse_status_reference(status_claim(reference), what="test") == reference


@pytest.mark.parametrize("uri", ["u", "x" * MAX_URI])
def test_a_uri_has_one_character_to_as_many_as_allowed(uri: str) -> None:
    assert parse_status_reference({"status_list": {"idx": 0, "uri": uri}}, what="test").uri == uri


@pytest.mark.parametrize(
    "status",
    [
        None,
        {},
        [],
        {"status_list": None},
        {"identifier_list": {"id": b"1", "uri": URI}},
        {"status_list": {"idx": 0}},
        {"status_list": {"uri": URI}},
        {"status_list": {"idx": -1, "uri": URI}},
        {"status_list": {"idx": MAX_INDEX + 1, "uri": URI}},
        {"status_list": {"idx": True, "uri": URI}},
        {"status_list": {"idx": "0", "uri": URI}},
        {"status_list": {"idx": 0, "uri": ""}},
        {"status_list": {"idx": 0, "uri": "x" * (MAX_URI + 1)}},
    ],
)
def test_a_status_that_cannot_be_looked_up_does_not_pass_for_none(status: object) -> None:
    with pytest.raises(Malformed):
        parse_status_reference(status, what="test")


def test_section_9_3_the_lists_of_an_issuer_go_both_ways() -> None:
    uris = (URI, URI + "2")
    assert build_aggregation(uris) == encode_json({"status_lists": list(uris)})
    assert parse_aggregation(build_aggregation(uris)) == uris
    assert parse_aggregation(build_aggregation(())) == ()


@pytest.mark.parametrize(
    "document", [b"", b"[]", b"{}", b'{"status_lists":"x"}', b'{"status_lists":[1]}', b'{"status_lists":["a",null]}']
)
def test_another_document_is_malformed(document: bytes) -> None:
    with pytest.raises(Malformed):
        parse_aggregation(document)


def test_an_issuer_has_only_so_many_lists() -> None:
    assert len(parse_aggregation(build_aggregation(["u"] * MAX_LISTS))) == MAX_LISTS
    with pytest.raises(Malformed):
        parse_aggregation(build_aggregation(["u"] * (MAX_LISTS + 1)))


LISTED = {"id": b"1" * 16, "uri": URI}


@pytest.mark.parametrize("identifier", [b"1", b"x" * MAX_IDENTIFIER], ids=len)
@pytest.mark.requirement("VCR_10")
def test_an_mdoc_may_name_an_identifier_list_instead(identifier: bytes) -> None:
    reference = IdentifierReference(uri=URI, identifier=identifier)
    assert parse_mdoc_status(status_claim(reference), what="test") == reference
    entry = StatusReference(uri=URI, index=7)
    assert parse_mdoc_status(status_claim(entry), what="test") == entry


@pytest.mark.parametrize("uri", ["u", "u" * MAX_URI], ids=len)
def test_an_identifier_list_has_a_uri_of_one_to_as_many_characters_as_a_status_list(uri: str) -> None:
    assert parse_mdoc_status({"identifier_list": LISTED | {"uri": uri}}, what="test").uri == uri


def test_section_12_3_6_2_a_certificate_beside_it_is_read_and_is_no_source_of_trust() -> None:
    status = {"identifier_list": LISTED | {"certificate": b"DER", "more": 1}, "later": {}}
    assert parse_mdoc_status(status, what="test") == IdentifierReference(uri=URI, identifier=b"1" * 16)


@pytest.mark.parametrize(
    "status",
    [
        None,
        [],
        {},
        {"identifier_list": None},
        {"identifier_list": [b"1", URI]},
        {"identifier_list": {"id": b"1"}},
        {"identifier_list": {"uri": URI}},
        {"identifier_list": LISTED | {"id": b""}},
        {"identifier_list": LISTED | {"id": b"x" * (MAX_IDENTIFIER + 1)}},
        {"identifier_list": LISTED | {"id": "text"}},
        {"identifier_list": LISTED | {"uri": ""}},
        {"identifier_list": LISTED | {"uri": "x" * (MAX_URI + 1)}},
        {"identifier_list": LISTED | {"uri": b"bytes"}},
        {"identifier_list": LISTED | {"certificate": "PEM"}},
        {"identifier_list": LISTED, "status_list": {"idx": 1, "uri": URI}},
        {"status_list": {"idx": -1, "uri": URI}},
        {"attestation_status": LISTED},
    ],
)
def test_an_mdocs_status_that_cannot_be_looked_up_does_not_pass_for_none(status: object) -> None:
    with pytest.raises(Malformed):
        parse_mdoc_status(status, what="test")
