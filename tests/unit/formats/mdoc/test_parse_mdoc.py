"""An mdoc from the wire: its grammar, its two spellings and its limits."""

from typing import Any

import pytest
from zegel_testing.limits import assert_malformed_cheaply
from zegel_testing.mdoc import (
    DOC_TYPE,
    DOMESTIC,
    ITEM,
    PAYMENTS,
    device_maced,
    device_signed,
    document,
    issued,
    issuer_signed,
    item,
    presented,
    response,
    security_object,
    signed,
)

from zegel.errors import Malformed
from zegel.formats.mdoc.parse import MAX_DOCUMENTS, parse_device_response, parse_issuer_signed
from zegel.primitives.cbor import MAX_BYTES, Tag, encode_cbor, encode_embedded
from zegel.primitives.cose import UnverifiedMac0, UnverifiedSign1
from zegel.primitives.encoding import base64, base64url


def test_an_issued_mdoc_is_what_the_issuer_signed_and_its_items() -> None:
    found = parse_issuer_signed(issued())
    assert found.unverified_doc_type == DOC_TYPE
    assert found.payload in issued()
    assert found.issuer_auth.payload == found.payload
    assert found.unverified_namespaces.keys() == {DOC_TYPE, DOMESTIC}


def test_a_presented_mdoc_is_the_issuers_part_and_the_holders() -> None:
    found = parse_device_response(presented())
    assert (found.unverified_status, found.unverified_errors) == (0, ())
    (shown,) = found.documents
    assert shown.unverified_doc_type == DOC_TYPE
    assert shown.issuer_signed.payload == parse_issuer_signed(issued()).payload
    assert shown.device_signed.encoded_namespaces == b"\xd8\x18\x41\xa0"
    assert shown.device_signed.unverified_namespaces == {}
    assert isinstance(shown.device_signed.authentication, UnverifiedSign1)
    (maced,) = parse_device_response(response(document(device=device_maced()))).documents
    assert isinstance(maced.device_signed.authentication, UnverifiedMac0)


def test_text_is_base64url_and_bytes_are_cbor() -> None:
    for parse, data in ((parse_issuer_signed, issued()), (parse_device_response, presented())):
        assert parse(base64url(data)) == parse(data)
        for other in (base64url(data).encode(), base64url(data) + "=", base64(data + b"\xff\xff\xff"), data.hex(), "é"):
            with pytest.raises(Malformed):
                parse(other)


def test_text_is_bounded_before_it_is_decoded() -> None:
    longest = base64url(bytes(MAX_BYTES))
    for parse in (parse_issuer_signed, parse_device_response):
        with pytest.raises(Malformed, match="at most 1024 items"):  # decoded, and looked at
            parse(longest)
        with pytest.raises(Malformed, match=f"expected at most {len(longest)} characters"):
            parse(longest + "A")


def test_one_is_not_taken_for_the_other() -> None:
    with pytest.raises(Malformed):
        parse_device_response(issued())
    with pytest.raises(Malformed):
        parse_issuer_signed(presented())


@pytest.mark.parametrize(
    "data", [b"", b"\x00", b"\xa0", b"\x80", b"\xf6", b"\xff", encode_cbor("text"), "", "AA", "oA"]
)
def test_other_data_is_malformed(data: bytes | str) -> None:
    for parse in (parse_issuer_signed, parse_device_response):
        with pytest.raises(Malformed):
            parse(data)


def test_the_issuers_signature_is_a_cose_sign1() -> None:
    auth = issuer_signed()["issuerAuth"]
    for tagged in (Tag(18, auth), auth):
        assert parse_issuer_signed(signed(issuerAuth=tagged)).issuer_auth.x5chain
    for other in (None, auth[:3], [*auth, b""], Tag(17, auth), Tag(98, auth), b"auth", {0: auth}):
        with pytest.raises(Malformed):
            parse_issuer_signed(signed(issuerAuth=other))


def test_a_response_may_hold_no_documents_or_a_few() -> None:
    assert list(parse_device_response(response(documents=None)).documents) == []
    assert list(parse_device_response(response(documents=[])).documents) == []
    most = [document() for _ in range(MAX_DOCUMENTS)]
    assert len(parse_device_response(response(*most)).documents) == MAX_DOCUMENTS
    with pytest.raises(Malformed, match="at most 6"):
        parse_device_response(response(*most, document()))


@pytest.mark.parametrize("version", ["2.0", "0.9", "", "1", "11.0", "v1.0"])
def test_another_major_version_is_malformed(version: str) -> None:
    assert parse_device_response(response(version="1.7")).documents
    with pytest.raises(Malformed, match=r"expected 1\.0"):
        parse_device_response(response(version=version))


@pytest.mark.parametrize("documents", [{}, "documents", {0: document()}, 1, [[]], ["document"]])
def test_other_documents_are_malformed(documents: Any) -> None:
    with pytest.raises(Malformed):
        parse_device_response(response(documents=documents))


def test_errors_name_the_types_that_were_not_returned() -> None:
    errors = [{"a": 0, "b": 10}, {"c": -1}, {}]
    assert parse_device_response(response(documentErrors=errors)).unverified_errors == ("a", "b", "c")
    assert parse_device_response(response(documentErrors=[])).unverified_errors == ()


@pytest.mark.parametrize(
    "errors", [{}, {"a": 0}, ["a"], [{1: 0}], [{b"a": 0}], [None], "a", [{"a": 0}] * (MAX_DOCUMENTS + 1)]
)
def test_other_errors_are_malformed(errors: Any) -> None:
    with pytest.raises(Malformed):
        parse_device_response(response(documentErrors=errors))


def test_what_the_holder_signs_is_kept_as_it_came() -> None:
    elements = {PAYMENTS: {"amount": 100, "times": [1, {"a": b"b"}], "date": Tag(1004, "2026-11-22")}, DOMESTIC: {}}
    (shown,) = parse_device_response(response(document(device=device_signed(elements)))).documents
    assert shown.device_signed.encoded_namespaces == encode_embedded(encode_cbor(elements))
    assert shown.device_signed.unverified_namespaces == {
        PAYMENTS: {"amount": 100, "times": [1, {"a": b"b"}], "date": "2026-11-22"},
        DOMESTIC: {},
    }


@pytest.mark.parametrize(
    "namespaces",
    [
        Tag(24, b""),
        Tag(24, b"\xa0\x00"),
        Tag(24, b"\x80"),
        Tag(24, b"\xbf\xff"),
        Tag(24, "text"),
        Tag(24, {}),
        Tag(63, b"\xa0"),
        Tag(24, encode_cbor({PAYMENTS: []})),
        Tag(24, encode_cbor({PAYMENTS: "amount"})),
        Tag(24, encode_cbor({PAYMENTS: None})),
        Tag(24, encode_cbor({PAYMENTS: {1: 100}})),
        Tag(24, encode_cbor({PAYMENTS: {b"amount": 100}})),
        Tag(24, encode_cbor({b"bytes": {}})),
        Tag(24, encode_cbor({1: {}})),
        Tag(24, encode_cbor({PAYMENTS: {"amount": 2**64}})),
        Tag(24, b"\xa2\x61a\xa0\x61a\xa0"),
        b"\xa0",
    ],
)
def test_other_elements_of_the_holder_are_malformed(namespaces: Any) -> None:
    device = device_signed() | {"nameSpaces": namespaces}
    with pytest.raises(Malformed):
        parse_device_response(response(document(device=device)))


@pytest.mark.parametrize("head", [b"\xd8\x18\x58\x01", b"\xd8\x18\x59\x00\x01", b"\xd9\x00\x18\x41"])
def test_elements_of_the_holder_in_a_longer_head_than_need_be_are_malformed(head: bytes) -> None:
    data = response()
    assert data.count(b"\xd8\x18\x41\xa0") == 1
    with pytest.raises(Malformed, match="shortest"):
        parse_device_response(data.replace(b"\xd8\x18\x41\xa0", head + b"\xa0"))


def authenticated(**members: Any) -> bytes:
    return response(document(device=device_signed() | {"deviceAuth": members}))


SIGNATURE = device_signed()["deviceAuth"]["deviceSignature"]
MAC = device_maced()["deviceAuth"]["deviceMac"]


def test_9_1_3_the_holder_authenticates_once_and_detached() -> None:
    for good in ({"deviceSignature": SIGNATURE}, {"deviceMac": MAC}, {"deviceSignature": SIGNATURE, "later": 1}):
        assert parse_device_response(authenticated(**good))
    for bad in (
        {},
        {"later": SIGNATURE},
        {"deviceSignature": SIGNATURE, "deviceMac": MAC},
        {"deviceSignature": None},
        {"deviceMac": None},
        {"deviceSignature": [*SIGNATURE[:2], b"payload", SIGNATURE[3]]},
        {"deviceMac": [*MAC[:2], b"payload", MAC[3]]},
        {"deviceSignature": Tag(17, SIGNATURE)},
        {"deviceMac": Tag(18, MAC)},
        {"deviceSignature": SIGNATURE[:3]},
        {"deviceMac": "mac"},
    ):
        with pytest.raises(Malformed):
            parse_device_response(authenticated(**bad))


def test_a_member_twice_is_malformed_wherever_it_stands() -> None:
    one = encode_cbor("status") + b"\x00"
    data = response()
    assert data.count(one) == 1
    with pytest.raises(Malformed):
        parse_device_response(b"\xa4" + data[1:] + one)


def test_a_portrait_of_100_kb_is_taken_and_a_message_beyond_the_limit_is_not() -> None:
    portrait = bytes(100_000)
    data = issued({DOC_TYPE: {"portrait": portrait}})
    assert parse_issuer_signed(data).unverified_namespaces[DOC_TYPE].values == [portrait]
    for parse in (parse_issuer_signed, parse_device_response):
        for long in (bytes(MAX_BYTES + 1), base64url(bytes(MAX_BYTES + 1)), "A" * 10_000_000):
            with pytest.raises(Malformed, match="at most"):
                parse(long)


def nearly_found() -> bytes:
    """An item in a long head, and before it text in which each hundred bytes begin as the item does."""
    content = item(element="e", value=bytes(50_000))
    begin = encode_embedded(content)[:96]
    content = content.replace(bytes(50_000), (begin * 600)[:50_000])
    longer = b"\xda\x00\x00\x00\x18" + encode_cbor(content)
    return encode_cbor({"before": begin * 1_600} | issuer_signed(items={DOC_TYPE: [content]})).replace(
        encode_embedded(content), longer
    )


CROWD = [item(number, f"e{number}", 0) for number in range(300)]
DEEP = b"\x81" * 100_000
HOSTILE = {
    "zeros": bytes(MAX_BYTES),
    "arrays": b"\x9a\x00\x03\xff\xf0" + b"\x80" * (MAX_BYTES - 16),
    "depth": DEEP,
    "maps in maps": b"\xa1\x00" * 100_000,
    "a length that is not there": b"\xa1\x6adocuments\x9a\xff\xff\xff\xff",
    "many members": b"\xb9\xff\xff" + b"".join(encode_cbor(f"{n:x}") + b"\x00" for n in range(40_000)),
    "many digests": signed(security_object(valueDigests={DOC_TYPE: dict.fromkeys(range(60000), b"")})),
    "many namespaces of digests": signed(security_object(valueDigests={f"n{n}": {} for n in range(30_000)})),
    "many items": signed(items={DOC_TYPE: CROWD * 9}),
    "an item of many numbers": signed(items={DOC_TYPE: [item(value=[0] * 100_000)]}),
    "an item of great depth": signed(items={DOC_TYPE: [item().replace(b"gExample", b"\x81" * 1_000 + b"\x00")]}),
    "items whose beginnings are alike": signed(items={DOC_TYPE: [ITEM]} | {f"n{n}": [ITEM] for n in range(600)}),
    "an item that is nearly found": nearly_found(),
    "an item with a key that is a tree": signed(items={DOC_TYPE: [b"\xa1" + b"\x82" * 15 + b"\x00" * 16 + b"\x00"]}),
    "device elements": response(document(device=device_signed({PAYMENTS: {f"{n}": 0 for n in range(30_000)}}))),
    "a header": signed(protected=dict.fromkeys(range(30000), 0)),
    "errors": response(documentErrors=[{f"{n}": 0 for n in range(30_000)}]),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_bytes_cost_little(name: str) -> None:
    for parse in (parse_issuer_signed, parse_device_response):
        assert_malformed_cheaply(lambda parse=parse: parse(HOSTILE[name]))
