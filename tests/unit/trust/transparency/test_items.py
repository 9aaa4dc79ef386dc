"""TransItems: each comes back as it was, and strictly nothing else does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zegel.errors import Malformed
from zegel.trust.transparency.items import (
    MAX_EXTENSIONS,
    MAX_ITEMS,
    ConsistencyProof,
    InclusionProof,
    ItemType,
    LogEntry,
    SignedCertificateTimestamp,
    SignedTreeHead,
    TransItem,
    TreeHead,
    UnknownItem,
    encode_trans_items,
    parse_trans_item,
    parse_trans_items,
)
from zegel.trust.transparency.merkle import MAX_PATH, leaf_hash
from zegel.trust.transparency.vectors import VectorReader, encode_number, encode_vector, encode_vectors

LOG_ID = b"\x69\x01"
ENTRY = LogEntry(precertificate=True, timestamp=1, issuer_key_hash=bytes(32), tbs_certificate=b"tbs")
SCT = SignedCertificateTimestamp(precertificate=True, log_id=LOG_ID, timestamp=(1 << 64) - 1, signature=b"s")
HEAD = SignedTreeHead(
    log_id=LOG_ID, head=TreeHead(timestamp=2, tree_size=3, root_hash=bytes(32)), signature=b"signature"
)
CONSISTENCY = ConsistencyProof(log_id=LOG_ID, tree_size_1=1, tree_size_2=3, path=(bytes(32), b"\x01" * 32))
INCLUSION = InclusionProof(log_id=LOG_ID, tree_size=3, leaf_index=2, path=(bytes(32),))
EXTENSIONS = b"".join(encode_number(kind, 2) + encode_vector(b"value", 0xFFFF) for kind in (1, 7))
ITEMS: dict[ItemType, TransItem] = {
    ItemType.X509_ENTRY: LogEntry(
        precertificate=False, timestamp=1, issuer_key_hash=bytes(32), tbs_certificate=b"tbs", extensions=EXTENSIONS
    ),
    ItemType.PRECERT_ENTRY: ENTRY,
    ItemType.X509_SCT: SignedCertificateTimestamp(
        precertificate=False, log_id=LOG_ID, timestamp=0, signature=b"s", extensions=EXTENSIONS
    ),
    ItemType.PRECERT_SCT: SCT,
    ItemType.SIGNED_TREE_HEAD: HEAD,
    ItemType.CONSISTENCY_PROOF: CONSISTENCY,
    ItemType.INCLUSION_PROOF: INCLUSION,
}


@pytest.mark.parametrize("kind", list(ItemType), ids=lambda kind: kind.name.lower())
def test_an_item_comes_back_as_it_was_under_its_own_number(kind: ItemType) -> None:
    encoded = ITEMS[kind].encode()
    assert encoded[:2] == kind.to_bytes(2)
    assert parse_trans_item(encoded) == ITEMS[kind]


@pytest.mark.parametrize("kind", list(ItemType), ids=lambda kind: kind.name.lower())
def test_an_item_that_is_cut_short_or_goes_on_is_malformed(kind: ItemType) -> None:
    encoded = ITEMS[kind].encode()
    for wrong in (*(encoded[:end] for end in range(2, len(encoded))), encoded + b"\x00", encoded[:1], b""):
        with pytest.raises(Malformed):
            parse_trans_item(wrong)


def test_the_layout_is_the_one_of_sections_4_7_and_4_8() -> None:
    assert ENTRY.encode().hex() == "0101" + "0000000000000001" + "20" + "00" * 32 + "000003" + b"tbs".hex() + "0000"
    assert SCT.encode().hex() == "0103" + "026901" + "ff" * 8 + "0000" + "0001" + "73"
    assert ENTRY.leaf() == leaf_hash(ENTRY.encode())


def test_an_item_of_another_type_is_kept_and_passed_over() -> None:
    unknown = UnknownItem(type=0xE000, data=b"whatever")
    assert parse_trans_item(unknown.encode()) == unknown
    assert parse_trans_items(encode_trans_items((unknown, SCT))) == (unknown, SCT)


def test_a_list_holds_items_each_behind_its_length() -> None:
    listed = (SCT, HEAD, INCLUSION)
    encoded = encode_trans_items(listed)
    assert parse_trans_items(encoded) == listed
    assert encoded[:2] == (len(encoded) - 2).to_bytes(2)


@pytest.mark.parametrize("wrong", [b"", b"\x00\x00", b"\x00\x02\x00\x00", encode_trans_items((SCT,)) + b"\x00"])
def test_an_empty_list_an_empty_item_and_what_goes_on_are_malformed(wrong: bytes) -> None:
    with pytest.raises(Malformed):
        parse_trans_items(wrong)


def test_a_list_of_too_many_items_is_malformed() -> None:
    assert len(parse_trans_items(encode_trans_items((SCT,) * MAX_ITEMS))) == MAX_ITEMS
    with pytest.raises(Malformed, match=f"at most {MAX_ITEMS}"):
        parse_trans_items(encode_trans_items((SCT,) * (MAX_ITEMS + 1)))


def test_a_path_is_no_longer_than_a_tree_can_be_high() -> None:
    path = (bytes(32),) * (MAX_PATH + 1)
    longest = ConsistencyProof(log_id=LOG_ID, tree_size_1=1, tree_size_2=2, path=path)
    assert parse_trans_item(longest.encode()) == longest
    longer = ConsistencyProof(log_id=LOG_ID, tree_size_1=1, tree_size_2=2, path=(*path, bytes(32)))
    with pytest.raises(Malformed, match="consistency_path"):
        parse_trans_item(longer.encode())


@pytest.mark.parametrize("root", [bytes(33), bytes(255)])
def test_a_hash_is_one_of_sha_256(root: bytes) -> None:
    head = SignedTreeHead(log_id=LOG_ID, head=TreeHead(timestamp=1, tree_size=1, root_hash=root), signature=b"s")
    with pytest.raises(Malformed, match="32 bytes"):
        parse_trans_item(head.encode())


@pytest.mark.parametrize("kinds", [(2, 1), (1, 1), tuple(range(MAX_EXTENSIONS + 1))])
def test_extensions_rise_and_are_few(kinds: tuple[int, ...]) -> None:
    extensions = b"".join(encode_number(kind, 2) + encode_vector(b"", 0xFFFF) for kind in kinds)
    wrong = SignedCertificateTimestamp(
        precertificate=True, log_id=LOG_ID, timestamp=1, signature=b"s", extensions=extensions
    )
    with pytest.raises(Malformed, match="in the order of their types"):
        parse_trans_item(wrong.encode())


@given(st.binary(max_size=200))
def test_what_parses_is_written_again_as_it_was(data: bytes) -> None:
    for parse in (parse_trans_item, lambda data: parse_trans_item(b"\x01" + data)):
        try:
            item = parse(data)
        except Malformed:
            continue
        assert item.encode() in (data, b"\x01" + data)


def test_a_vector_is_written_within_its_bounds() -> None:
    with pytest.raises(ValueError, match="at most 255"):
        encode_vector(bytes(256), 255)
    with pytest.raises(OverflowError):
        encode_number(256, 1)
    assert encode_vectors((b"a", b"bc"), 255, inner=255) == b"\x05\x01a\x02bc"


def test_a_vector_is_read_within_its_bounds() -> None:
    with pytest.raises(Malformed, match="2 to 4 bytes, got 1"):
        VectorReader(b"\x01a", what="test").vector(2, 4, "a")
