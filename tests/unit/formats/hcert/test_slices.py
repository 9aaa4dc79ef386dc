"""Slices of revocation lists, and the partitions that name them."""

import json
from typing import Any

import pytest
from zegel_testing.revoked_health import bloom_slice, hash_slice, partition

from zegel.errors import Malformed
from zegel.formats.hcert.slices import parse_bloom_slice, parse_hash_slice, parse_partition

ONE, TWO = bytes(range(16)), bytes(range(1, 17))
# of the tests of the reference, dgca-partial-hash-filter
PUBLISHED = bytes([0, 1, 45, 47, 235, 255, 0, 0, 0, 7, 2, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14])


def test_the_slice_of_the_reference_holds_what_its_test_looks_for() -> None:
    read = parse_hash_slice(PUBLISHED)
    assert read.size == 2
    assert read.may_hold(bytes([3, 4, 99]))
    assert not read.may_hold(bytes([2, 3]))


@pytest.mark.parametrize("size", [1, 16])
def test_a_hash_may_be_one_byte_and_sixteen(size: int) -> None:
    read = parse_hash_slice(hash_slice([ONE], size=size))
    assert (read.size, read.starts) == (size, {ONE[:size]})


@pytest.mark.parametrize(("parse", "write"), [(parse_hash_slice, hash_slice), (parse_bloom_slice, bloom_slice)])
def test_a_slice_holds_its_hashes_and_hardly_any_other(parse: Any, write: Any) -> None:
    read = parse(write([ONE]))
    assert read.may_hold(ONE)
    assert not read.may_hold(TWO)
    assert not any(read.may_hold(number.to_bytes(16)) for number in range(1000))


def test_a_filter_may_be_one_word_and_one_function() -> None:
    read = parse_bloom_slice(bloom_slice([ONE], functions=1, words=1))
    assert (read.functions, len(read.bits)) == (1, 4)
    assert read.may_hold(ONE)


def test_a_slice_of_no_hash_holds_none() -> None:
    assert not parse_hash_slice(hash_slice([])).may_hold(ONE)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        bytes(10),
        hash_slice([ONE], version=2),
        hash_slice([ONE], size=0),
        hash_slice([ONE], size=17),
        hash_slice([ONE]) + b"x",
    ],
)
def test_what_is_no_slice_of_hashes_is_malformed(data: bytes) -> None:
    with pytest.raises(Malformed):
        parse_hash_slice(data)


GOOD = bloom_slice([ONE])


@pytest.mark.parametrize(
    "data",
    [
        b"",
        bytes(19),
        bloom_slice([ONE], version=2),
        GOOD[:3] + b"\1" + GOOD[4:],
        bloom_slice([], functions=0),
        bloom_slice([], functions=65),
        bloom_slice([], words=0),
        GOOD + b"x",
        GOOD[:-4],
    ],
)
def test_what_is_no_filter_is_malformed(data: bytes) -> None:
    with pytest.raises(Malformed):
        parse_bloom_slice(data)


def test_a_partition_names_its_slices_by_digits_and_digest() -> None:
    (named,) = parse_partition(partition(b"", kind="VARHASHLIST", kid=bytes(8), prefix="aBc"))
    assert (named.kid, named.prefix, named.type) == (bytes(8), "abc", "VARHASHLIST")


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"kid": 1}, "kid"),
        ({"x": "ab"}, "x"),
        ({"y": 1}, "y"),
        ({"chunks": []}, "chunks"),
        ({"chunks": {"zz": {"a": {}}}}, "chunks"),
        ({"chunks": {"a": []}}, "chunks.a"),
        ({"chunks": {"a": {"b": 1}}}, "chunks.a"),
        ({"chunks": {"a": {"b": {"type": "LIST", "hash": "00"}}}}, "chunks.a.type"),
        ({"chunks": {"a": {"b": {"type": "BLOOMFILTER"}}}}, "chunks.a.hash"),
    ],
)
def test_what_is_no_partition_is_malformed_at_its_member(changes: dict[str, Any], where: str) -> None:
    good = json.loads(partition(b"", kind="VARHASHLIST", kid=bytes(8), prefix="a"))
    with pytest.raises(Malformed) as refusal:
        parse_partition(json.dumps(good | changes).encode())
    assert refusal.value.where == where
