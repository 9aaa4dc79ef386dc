"""What holds for every list, record and certificate: round trips, and ``Malformed`` as the only failure to parse."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from zegel_testing.authorities import NOW, authority, fixed_key, signer
from zegel_testing.lists import document, entity, service, signed
from zegel_testing.persons import ADA
from zegel_testing.status import BOTH, token

from zegel.adapters.catalogue import load_catalogue
from zegel.errors import Malformed, Rejected
from zegel.formats.catalogue.parse import parse_attestation_type
from zegel.formats.catalogue.records import check_record, mdoc_elements, sdjwt_claims
from zegel.formats.status.entries import BITS, MAX_LIST, StatusList, compress, empty_status_list, inflate
from zegel.formats.status.reference import parse_aggregation, parse_status_reference
from zegel.formats.status.token import StatusListFormat, parse_status_list
from zegel.primitives.cbor import encode_cbor, parse_cbor
from zegel.primitives.json import encode_json, parse_json
from zegel.primitives.x509 import parse_certificate
from zegel.trust.anchors import Purpose
from zegel.trust.attestation import WalletDescription, parse_wallet_attestation, sign_wallet_attestation
from zegel.trust.key_attestation import parse_key_attestation, sign_key_attestation
from zegel.trust.lists.parse import parse_trusted_list
from zegel.trust.lists.values import ListType, ServiceType

ROOT = authority("root")
PROVIDER = signer(ROOT, "provider", Purpose.WALLET_PROVIDER)
PID = load_catalogue().types["pid"]
KEY = fixed_key("key").public_key
TOKENS = {
    parse_trusted_list: signed(
        document(ListType.PID_PROVIDERS, entity("A", service(ServiceType.PID_ISSUANCE, ROOT.certificate)))
    ),
    parse_wallet_attestation: sign_wallet_attestation(
        signer=PROVIDER.key, chain=PROVIDER.chain, provider="https://p.example", client_id="https://w.example", key=KEY,
        wallet=WalletDescription(), now=NOW, expires=NOW + 1,
    ),
    parse_key_attestation: sign_key_attestation(
        signer=PROVIDER.key, chain=PROVIDER.chain, provider="https://p.example", keys=[KEY], key_storage=["a"],
        user_authentication=["a"], nonce=None, now=NOW, expires=NOW + 1,
    ),
    lambda data: parse_status_list(data, content_type=StatusListFormat.JWT): token(BOTH[0]),
    lambda data: parse_status_list(data, content_type=StatusListFormat.CWT): token(BOTH[1]),
    parse_certificate: ROOT.certificate.der,
}  # fmt: skip
bits_and_statuses = st.sampled_from(BITS).flatmap(
    lambda bits: st.tuples(st.just(bits), st.lists(st.integers(0, (1 << bits) - 1), min_size=1, max_size=200))
)
scalars = st.none() | st.booleans() | st.integers(-5, 9) | st.text(max_size=9) | st.binary(max_size=9)
trees = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner))


@given(bits_and_statuses)
def test_a_status_list_comes_back_entry_by_entry(case: tuple[int, list[int]]) -> None:
    bits, statuses = case
    status_list = empty_status_list(len(statuses), bits=bits).updated(dict(enumerate(statuses)))
    assert [status_list.get(index) for index in range(len(statuses))] == statuses
    assert inflate(bits, compress(status_list).lst, what="test", max_bytes=MAX_LIST) == status_list


@given(bits_and_statuses)
def test_a_status_list_comes_back_through_both_tokens(case: tuple[int, list[int]]) -> None:
    bits, statuses = case
    status_list = empty_status_list(len(statuses), bits=bits).updated(dict(enumerate(statuses)))
    for format_ in BOTH:
        assert parse_status_list(token(format_, status_list), content_type=format_).unverified_statuses == status_list


@given(st.binary(max_size=100), st.sampled_from(BITS))
def test_an_inflated_list_is_never_larger_than_allowed(lst: bytes, bits: int) -> None:
    with contextlib.suppress(Malformed):
        assert isinstance(inflate(bits, lst, what="test", max_bytes=50), StatusList)


@given(st.sampled_from(list(TOKENS)), st.integers(0), st.integers(0, 255), st.sampled_from([0, 1, 2]))
def test_a_spoiled_object_parses_or_is_malformed(parse: object, place: int, byte: int, length: int) -> None:
    assert callable(parse)
    data = TOKENS[parse]
    at = place % len(data)
    with contextlib.suppress(Malformed):
        parse(data[:at] + bytes([byte] * length) + data[at + 1 :])


@given(st.sampled_from(list(TOKENS)), st.binary(max_size=200))
def test_any_bytes_parse_or_are_malformed(parse: object, data: bytes) -> None:
    assert callable(parse)
    with contextlib.suppress(Malformed):
        parse(data)


@pytest.mark.slow
@given(trees)
def test_any_status_parses_or_is_malformed(status: object) -> None:
    with contextlib.suppress(Malformed):
        assert parse_status_reference({"status_list": status}, what="test").index >= 0
    with contextlib.suppress(Malformed):
        assert parse_status_reference(status, what="test").uri


@given(st.binary(max_size=100))
def test_any_aggregation_parses_or_is_malformed(data: bytes) -> None:
    with contextlib.suppress(Malformed):
        assert all(parse_aggregation(data))


@given(st.text(max_size=300))
def test_any_file_parses_or_is_malformed(text: str) -> None:
    with contextlib.suppress(Malformed):
        assert parse_attestation_type(text, file="test.toml").id


@pytest.mark.slow
@given(st.sampled_from([claim.id for claim in PID.claims]), trees)
def test_a_record_that_is_accepted_can_be_encoded_in_both_formats(name: str, value: object) -> None:
    record = dict(ADA)
    record[name] = value
    with contextlib.suppress(Rejected):
        checked = check_record(PID, record)
        claims, elements = sdjwt_claims(checked), mdoc_elements(checked)
        assert parse_json(encode_json(claims), what="test") == claims
        assert encode_cbor(parse_cbor(encode_cbor(elements), what="test")) == encode_cbor(elements)
