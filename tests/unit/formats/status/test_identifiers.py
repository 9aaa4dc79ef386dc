"""Identifier lists: signed, parsed, verified, looked up."""

import time

import pytest
from zegel_testing.authorities import NOW, anchor, trusting
from zegel_testing.identifiers import (
    FREE,
    IDENTIFIERS_URI,
    LISTED,
    claims_of,
    identified,
    identifier_token,
    signed_claims,
    verified_identifiers,
)
from zegel_testing.status import STATUS_ROOT, STATUS_SIGNER, token

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.formats.credential import Status
from zegel.formats.status.check import check_status
from zegel.formats.status.identifiers import (
    IDENTIFIER_LIST,
    MAX_IDENTIFIER_LIST,
    parse_identifier_list,
    verify_identifier_list,
)
from zegel.formats.status.reference import MAX_IDENTIFIER
from zegel.formats.status.token import StatusListFormat
from zegel.primitives.cbor import Tag, encode_cbor, parse_cbor, parse_map
from zegel.trust.anchors import Purpose


def where(data: bytes, content_type: str | None = None) -> str:
    with pytest.raises(Malformed) as refusal:
        parse_identifier_list(data, content_type=content_type)
    return refusal.value.where


@pytest.mark.parametrize("identifiers", [(), (LISTED,), (LISTED, FREE, b"1", b"x" * MAX_IDENTIFIER)], ids=len)
def test_what_is_signed_is_what_is_read(identifiers: tuple[bytes, ...]) -> None:
    found = verified_identifiers(identifier_token(identifiers, aggregation_uri="https://status.utopia.example/all"))
    assert found.identifiers == frozenset(identifiers)
    assert (found.uri, found.entity, found.ttl) == (IDENTIFIERS_URI, "Utopian Identity Office", 600)
    assert (found.issued_at, found.expires, found.stale_at) == (NOW, NOW + 3_600, NOW + 600)
    assert found.aggregation_uri == "https://status.utopia.example/all"


def test_the_order_of_a_list_does_not_tell_who_was_revoked_last() -> None:
    one, other = (identifier_token(identifiers) for identifiers in ((LISTED, FREE), (FREE, LISTED)))
    assert parse_cbor(one, what="test").value[2] == parse_cbor(other, what="test").value[2]


@pytest.mark.requirement("VCR_12")
def test_what_is_not_on_the_list_is_not_revoked() -> None:
    assert check_status(identified(FREE), verified_identifiers(identifier_token()), now=NOW, grace=0).status is (
        Status.VALID
    )


@pytest.mark.requirement("VCR_12")
@pytest.mark.refuses(Check.STATUS)
def test_what_is_on_the_list_is_revoked_however_old_the_list_is() -> None:
    listed = verified_identifiers(identifier_token())
    for now in (NOW, listed.stale_at, listed.stale_at + 99):
        with pytest.raises(Rejected) as refusal:
            check_status(identified(LISTED), listed, now=now, grace=100)
        assert (refusal.value.check, refusal.value.field) == (Check.STATUS, "identifier_list.id")
        assert "revoked" in refusal.value.detail


def test_what_is_said_of_an_identifier_is_left_to_come() -> None:
    claims = claims_of(()) | {
        65530: {"identifiers": {LISTED: {"reason": [1, {2: "x"}], 7: Tag(1004, "2026-01-01")}}, "more": 1.5}
    }
    assert verified_identifiers(signed_claims(claims)).identifiers == {LISTED}


def test_claims_that_are_not_known_are_passed_over() -> None:
    claims = {7: b"token", "text": {1: 2}, -5: [Tag(0, "2026-01-01T00:00:00Z")]} | claims_of()
    assert verified_identifiers(signed_claims(claims)).identifiers == {LISTED}


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({65530: None}, ""),
        ({65530: [LISTED]}, ""),
        ({65530: {}}, "identifier_list.identifiers"),
        ({65530: {"identifiers": [LISTED]}}, "identifier_list.identifiers"),
        ({65530: {"identifiers": {"text": {}}}}, "identifier_list.identifiers"),
        ({65530: {"identifiers": {LISTED: {}, 7: {}}}}, "identifier_list.identifiers"),
        ({65530: {"identifiers": {b"x" * (MAX_IDENTIFIER + 1): {}}}}, "identifier_list.identifiers"),
        ({65530: {"identifiers": {}, "aggregation_uri": 1}}, "identifier_list.aggregation_uri"),
        ({65533: {"bits": 1, "lst": b""}}, "identifier_list"),
        ({2: 7}, "sub"),
        ({6: "now"}, "iat"),
        ({4: "then"}, "exp"),
        ({65534: -1}, "ttl"),
    ],
)
def test_other_claims_are_malformed(change: dict[object, object], place: str) -> None:
    assert where(signed_claims(claims_of() | change)) == place


@pytest.mark.parametrize(("left_out", "place"), [(2, "sub"), (4, "exp"), (6, "iat"), (65530, "identifier_list")])
def test_section_12_3_6_3_what_has_to_be_there_is_missed(left_out: int, place: str) -> None:
    claims = claims_of()
    del claims[left_out]
    assert where(signed_claims(claims)) == place


def test_a_time_to_live_may_be_left_out() -> None:
    claims = claims_of()
    del claims[65534]
    assert verified_identifiers(signed_claims(claims)).stale_at == NOW + 3_600


@pytest.mark.parametrize(
    "identifiers",
    [
        b"\xa2\x41\x01\xa0\x41\x01\xa0",  # twice
        b"\xa2\x41\x01\xa0\x58\x01\x01\xa0",  # twice, the second in a longer encoding
        b"\xbf\x41\x01\xa0\xff",  # of no definite length
        b"\xa2\x41\x01\xa0",  # cut off
        b"\xa1\x41\x01",  # no info
        b"\xa1\x42\x01\xa0",  # the identifier runs into its info, and the end is missing
    ],
    ids=lambda data: data.hex(),
)
def test_a_list_that_is_not_one_whole_map_with_each_identifier_once_is_malformed(identifiers: bytes) -> None:
    held = b"\xa1\x6bidentifiers" + identifiers
    claims = b"\xa4\x02\x61u\x04\x18\xff\x06\x01\x19\xff\xfa" + held
    assert where(signed_claims(claims)) in {"identifier_list.identifiers", ""}


def test_only_a_tagged_cose_sign1_with_its_payload_is_a_list() -> None:
    tagged = parse_cbor(identifier_token(), what="test")
    assert isinstance(tagged, Tag)
    untagged = list(tagged.value)
    assert where(encode_cbor(untagged)) == ""
    assert where(encode_cbor(Tag(18, [*untagged[:2], None, untagged[3]]))) == "payload"
    assert where(b"x" * (MAX_IDENTIFIER_LIST + 1)) == ""


def test_another_content_type_is_malformed() -> None:
    assert parse_identifier_list(identifier_token(), content_type=f"{IDENTIFIER_LIST}; charset=x")
    assert where(identifier_token(), "application/statuslist+cwt") == "content-type"
    assert where(identifier_token(), "text/html") == "content-type"


@pytest.mark.refuses(Check.STATUS_LIST)
def test_the_list_of_another_address_is_not_the_one_that_is_named() -> None:
    with pytest.raises(Rejected) as refusal:
        verified_identifiers(identifier_token(), uri=IDENTIFIERS_URI + "2")
    assert refusal.value.check is Check.STATUS_LIST


@pytest.mark.refuses(Check.SIGNATURE)
def test_a_list_that_was_changed_is_refused() -> None:
    changed = identifier_token().replace(LISTED, FREE)
    with pytest.raises(Rejected) as refusal:
        verified_identifiers(changed)
    assert refusal.value.check is Check.SIGNATURE


@pytest.mark.refuses(Check.ANCHOR)
def test_whoever_is_trusted_for_attestations_alone_signs_no_list() -> None:
    parsed = parse_identifier_list(identifier_token(), content_type=None)
    others = trusting(anchor(STATUS_ROOT, Purpose.ISSUER, entity="Utopian Identity Office"))
    with pytest.raises(Rejected) as refusal:
        verify_identifier_list(parsed, uri=IDENTIFIERS_URI, anchors=others, now=NOW)
    assert refusal.value.check is Check.ANCHOR


@pytest.mark.refuses(Check.TOKEN_TYPE)
@pytest.mark.parametrize("typ", ["application/statuslist+cwt", "identifierlist+cwt", "statuslist+cwt"])
def test_section_12_3_6_4_the_type_is_that_of_an_identifier_list(typ: str) -> None:
    with pytest.raises(Rejected) as refusal:
        verified_identifiers(identifier_token(typ=typ))
    assert refusal.value.check is Check.TOKEN_TYPE


def test_a_status_list_is_no_identifier_list() -> None:
    assert where(token(StatusListFormat.CWT)) == "identifier_list"


def test_section_12_3_6_3_the_chain_is_in_the_protected_header() -> None:
    tagged = parse_cbor(identifier_token(), what="test")
    assert isinstance(tagged, Tag)
    protected, unprotected, _, _ = tagged.value
    header = parse_map(protected, what="test")
    assert header == {1: -7, 16: IDENTIFIER_LIST, 33: STATUS_SIGNER.chain[0]}
    assert unprotected == {}


@pytest.mark.slow
def test_the_longest_list_is_parsed_at_once() -> None:
    """As many identifiers as fit: were they all revoked, each would cost what each of a fifth of them does."""
    longest, shorter = (identifier_token(number.to_bytes(16) for number in range(count)) for count in (58_000, 11_600))
    assert MAX_IDENTIFIER_LIST - 10_000 < len(longest) <= MAX_IDENTIFIER_LIST
    assert len(parse_identifier_list(longest, content_type=None).unverified_identifiers) == 58_000
    taken = {data: min(_seconds(data) for _ in range(3)) for data in (longest, shorter)}
    assert taken[longest] < 5 * 2 * taken[shorter]


def _seconds(data: bytes) -> float:
    began = time.process_time()
    parse_identifier_list(data, content_type=None)
    return time.process_time() - began
