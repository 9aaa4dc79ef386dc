"""What holds for every mdoc: what is shown was issued and chosen, and bytes of any kind end in ``Malformed``."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import pytest
from cryptography import x509
from hypothesis import example, given
from hypothesis import strategies as st
from zegel_testing.authorities import NOW
from zegel_testing.mdoc import (
    ANCHORS,
    DOC_TYPE,
    DOMESTIC,
    HOLDER,
    ISSUER,
    NAMESPACES,
    PAYMENTS,
    TRANSCRIPT,
    authorized,
    device_maced,
    device_signed,
    document,
    issued,
    issuer_signed,
    meeting,
    presented,
    response,
    security_object,
)

from zegel.errors import Malformed, Rejected
from zegel.formats.claims import Claims
from zegel.formats.credential import VerifiedCredential
from zegel.formats.mdoc.device_auth import device_authentication
from zegel.formats.mdoc.key_authorizations import parse_key_authorizations
from zegel.formats.mdoc.parse import UnverifiedIssuerSigned, parse_device_response, parse_issuer_signed
from zegel.formats.mdoc.security_object import parse_security_object
from zegel.formats.mdoc.transcript import AnyTranscript, dc_api_transcript, parse_transcript, redirect_transcript
from zegel.formats.mdoc.values import encode_value
from zegel.formats.mdoc.verify import verify_issued_mdoc, verify_presented_mdoc
from zegel.primitives.cbor import Tag, encode_cbor, encode_embedded, parse_cbor, parse_map

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
dates = st.sampled_from([Tag(1_004, "1971-09-01"), Tag(0, "2026-11-22T00:00:00Z")])
octets = st.binary(max_size=40).filter(lambda data: b"zegel:" not in data)  # with which our parser marks ends
scalars = texts | octets | st.booleans() | st.integers(-(2**63), 2**64 - 1) | dates
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4), max_leaves=8
)
people = st.dictionaries(st.sampled_from(NAMESPACES), st.dictionaries(texts, values, max_size=6), max_size=2)
tags = st.sampled_from([0, 1, 2, 17, 18, 24, 100, 1_004, 55_799])
trees: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**64), 2**64 - 1) | st.floats() | texts | st.binary(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(texts | st.integers(-9, 40), inner, max_size=4)
        | st.builds(Tag, tags, inner)
    ),
    max_leaves=9,
)
MET = meeting()
(CERTIFICATE,) = ISSUER.chain
CERTIFICATE_SIGNATURE = x509.load_der_x509_certificate(CERTIFICATE).signature
CREDENTIAL = issued()
SIGNED = presented(CREDENTIAL, paths=[(DOC_TYPE, "family_name"), (DOMESTIC, "shoe_size")])
MACED = response(document(device=device_maced(transcript=MET)))
PAYING = response(
    document(
        issuer_signed(security_object(deviceKeyInfo=authorized(nameSpaces=[PAYMENTS]))),
        device_signed({PAYMENTS: {"amount": 100}}),
    )
)


def as_claim(value: Any) -> Any:
    """What is left of an element's value when tags have given way."""
    if isinstance(value, Tag):
        return value.value
    if isinstance(value, dict):
        return {name: as_claim(inner) for name, inner in value.items()}
    return [as_claim(inner) for inner in value] if isinstance(value, list) else value


def received(data: bytes) -> VerifiedCredential:
    return verify_issued_mdoc(parse_issuer_signed(data), anchors=ANCHORS, now=NOW)


def asked(data: bytes, transcript: AnyTranscript = TRANSCRIPT) -> VerifiedCredential:
    parsed = parse_device_response(data)
    return verify_presented_mdoc(parsed, anchors=ANCHORS, transcript=transcript, now=NOW).credential


MESSAGES: dict[str, tuple[bytes, Callable[[bytes], VerifiedCredential]]] = {
    "issued": (CREDENTIAL, received),
    "signed": (SIGNED, asked),
    "with a MAC": (MACED, partial(asked, transcript=MET)),
    "with elements of the holder": (PAYING, asked),
}
names = st.sampled_from(sorted(MESSAGES))


@pytest.mark.slow
@given(people, st.integers(0, 3))
def test_an_issued_mdoc_shows_everything(person: dict[str, dict[str, Any]], decoys: int) -> None:
    claims = received(issued(person, decoys=decoys)).claims
    assert claims == {namespace: as_claim(elements) for namespace, elements in person.items() if elements}


@pytest.mark.slow
@given(people, st.data())
def test_a_holder_shows_what_was_chosen_and_no_more(person: dict[str, dict[str, Any]], data: st.DataObject) -> None:
    every = [(namespace, name) for namespace, elements in person.items() for name in elements]
    chosen = data.draw(st.sets(st.sampled_from(every)) if every else st.just(set()))
    shown: Any = asked(presented(issued(person), paths=chosen)).claims
    assert shown == {
        namespace: {name: as_claim(elements[name]) for name in elements if (namespace, name) in chosen}
        for namespace, elements in person.items()
        if any(place == namespace for place, _ in chosen)
    }


@pytest.mark.slow
@given(people)
def test_what_is_hashed_or_signed_is_kept_byte_for_byte(person: dict[str, dict[str, Any]]) -> None:
    data = issued(person)
    found = parse_issuer_signed(data)
    assert found.payload in data
    for items in found.unverified_namespaces.values():
        assert b"".join(items.encoded) in data


@pytest.mark.slow
@given(st.dictionaries(texts, st.dictionaries(texts, values, max_size=4), max_size=3))
def test_what_the_holder_signs_is_kept_byte_for_byte(elements: dict[str, dict[str, Any]]) -> None:
    contents = security_object(deviceKeyInfo=authorized(nameSpaces=list(elements)))
    data = response(document(issuer_signed(contents), device_signed(elements)))
    (shown,) = parse_device_response(data).documents
    signed = shown.device_signed
    assert signed.encoded_namespaces == encode_embedded(encode_cbor(elements))
    assert signed.unverified_namespaces == as_claim(elements)
    assert asked(data).type == DOC_TYPE


@given(values)
def test_a_value_is_written_once_and_read_back(value: Any) -> None:
    encoded = encode_value(value)
    assert parse_cbor(encoded, what="value") == value
    assert encode_value(parse_cbor(encoded, what="value")) == encoded


@given(st.binary(max_size=200) | st.text(max_size=200) | trees.map(encode_cbor))
@example(b"")
@example("")
@example(b"\xa0")
def test_no_bytes_at_all_make_the_parsers_fail_otherwise(data: bytes | str) -> None:
    for parse in (parse_issuer_signed, parse_device_response):
        with pytest.raises(Malformed):
            parse(data)


def shows_no_more(found: VerifiedCredential, name: str) -> None:
    """What is left of a message may show less: which elements are shown is the holder's choice and never signed."""
    data, verify = MESSAGES[name]
    good = verify(data)
    assert (found.type, found.issuer, found.status, found.holder_key) == (
        good.type,
        good.issuer,
        good.status,
        good.holder_key,
    )
    assert (found.valid_from, found.valid_until) == (good.valid_from, good.valid_until)
    _assert_within(found.claims, good.claims)


def _assert_within(found: Claims, good: Claims) -> None:
    for namespace, elements in found.items():
        there = good[namespace]
        assert isinstance(elements, Mapping)
        assert isinstance(there, Mapping)
        assert elements.items() <= there.items()


@given(names, st.data(), st.integers(0, 255), st.sampled_from((0, 1, 2)))
def test_a_message_that_is_spoiled_in_a_byte_is_malformed_or_rejected_or_shows_no_more(
    name: str, data: st.DataObject, byte: int, kind: int
) -> None:
    """One byte is changed, taken out or put in."""
    good, verify = MESSAGES[name]
    place = data.draw(st.integers(0, len(good) - 1))
    spoiled = good[:place] + bytes([byte])[:kind] + good[place + (kind < 2) :]
    try:
        found = verify(spoiled)
    except (Malformed, Rejected):
        return
    shows_no_more(found, name)


@pytest.mark.slow
@pytest.mark.parametrize("name", MESSAGES)
@pytest.mark.parametrize("flip", [0x01, 0x80])
def test_no_byte_of_what_is_signed_or_hashed_can_be_changed(name: str, flip: int) -> None:
    """Every byte in turn: only the names of members and the minor version of a response may differ unnoticed."""
    good, verify = MESSAGES[name]
    unnoticed = []
    for place in range(len(good)):
        spoiled = bytearray(good)
        spoiled[place] ^= flip
        try:
            found = verify(bytes(spoiled))
        except (Malformed, Rejected):
            continue
        shows_no_more(found, name)
        unnoticed.append(place)
    free = {place for word in (b"nameSpaces", b"version", b"1.0") for place in places(good, word)}
    free.add(good.index(CERTIFICATE) + len(CERTIFICATE) - len(CERTIFICATE_SIGNATURE) - 1)  # its number of unused bits
    payload = issuer_part(name).payload
    begin = good.index(payload)
    assert set(unnoticed) <= free.difference(range(begin, begin + len(payload)))
    assert len(unnoticed) < 20


def issuer_part(name: str) -> UnverifiedIssuerSigned:
    data = MESSAGES[name][0]
    return parse_issuer_signed(data) if name == "issued" else parse_device_response(data).documents[0].issuer_signed


def places(data: bytes, word: bytes) -> Iterator[int]:
    """Where a word stands, byte by byte, with its head."""
    at = data.find(word)
    while at >= 0:
        yield from range(at - 1, at + len(word))
        at = data.find(word, at + 1)


def nodes(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of everything in a decoded message."""
    yield at
    members = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in members:
        yield from nodes(inner, (*at, key))


def replaced(value: Any, path: tuple[Any, ...], other: Any) -> Any:
    """The message with something else at a path."""
    if not path:
        return other
    key, *rest = path
    if isinstance(value, list):
        return [replaced(inner, tuple(rest), other) if place == key else inner for place, inner in enumerate(value)]
    return {name: replaced(inner, tuple(rest), other) if name == key else inner for name, inner in value.items()}


@given(names, st.data(), trees)
def test_a_message_with_anything_else_in_any_place_is_malformed_or_rejected_or_shows_no_more(
    name: str, data: st.DataObject, other: Any
) -> None:
    good, verify = MESSAGES[name]
    message = parse_map(good, what="message")
    path = data.draw(st.sampled_from(list(nodes(message))))
    try:
        found = verify(encode_cbor(replaced(message, path, other)))
    except (Malformed, Rejected):
        return
    shows_no_more(found, name)


CONTENTS = security_object(
    deviceKeyInfo=authorized(nameSpaces=["a"], dataElements={"b": ["c"]}),
    status={"status_list": {"idx": 1, "uri": "https://status.utopia.example/1"}},
)


@given(st.sampled_from(list(nodes(CONTENTS))), trees)
def test_a_security_object_with_anything_in_any_place_parses_or_is_malformed(path: tuple[Any, ...], other: Any) -> None:
    try:
        found = parse_security_object(encode_embedded(encode_cbor(replaced(CONTENTS, path, other))))
    except Malformed:
        return
    for digests in found.digests.values():
        assert all(isinstance(number, int) and number >= 0 for number in digests)
        assert all(type(digest) is bytes for digest in digests.values())
    assert found.valid_from <= 253_402_300_799


@given(trees)
def test_key_authorizations_of_any_shape_parse_or_are_malformed(value: Any) -> None:
    try:
        found = parse_key_authorizations(value, what="test", where="here")
    except Malformed:
        return
    for namespace, elements in found.elements.items():
        assert all(found.permit(namespace, element) for element in elements)
    assert not found.permit("never named", "never named")


@given(st.binary(max_size=60) | st.lists(trees, min_size=2, max_size=4).map(encode_cbor))
@example(TRANSCRIPT.encoded)
@example(MET.encoded)
def test_a_transcript_is_kept_or_malformed(data: bytes) -> None:
    try:
        found = parse_transcript(data)
    except Malformed:
        return
    assert found.encoded == data
    assert device_authentication(found, DOC_TYPE, b"\xd8\x18\x41\xa0").count(data) >= 1


@given(st.lists(st.tuples(texts, texts, texts, st.none() | st.binary(min_size=32, max_size=32)), unique=True))
def test_two_requests_never_share_a_transcript(requests: list[tuple[str, str, str, bytes | None]]) -> None:
    made = {
        redirect_transcript(client_id=a, nonce=b, response_uri=c, encryption_key_thumbprint=d).encoded
        for a, b, c, d in requests
    }
    by_api = {dc_api_transcript(origin=a, nonce=b, encryption_key_thumbprint=d).encoded for a, b, _, d in requests}
    assert len(made) == len(requests)
    assert made.isdisjoint(by_api)
    assert len(by_api) == len({(a, b, d) for a, b, _, d in requests})


@given(st.lists(texts, max_size=3), st.lists(texts, max_size=3))
def test_transaction_data_is_signed_as_it_was_asked_for_or_rejected(asked_for: list[str], signed: list[str]) -> None:
    credential = issued(key_authorizations={PAYMENTS: ("transaction_data_hashes",)})
    data = presented(credential, holder=HOLDER, transaction_data=signed)
    try:
        verify_presented_mdoc(
            parse_device_response(data), anchors=ANCHORS, transcript=TRANSCRIPT, now=NOW, transaction_data=asked_for
        )
    except Rejected:
        assert signed != asked_for
        return
    assert signed == asked_for
