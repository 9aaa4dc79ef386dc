"""The array of statuses: set, read, compressed and inflated within a limit."""

import zlib

import pytest

from zegel.errors import Malformed
from zegel.formats.status.entries import (
    BITS,
    INVALID,
    MAX_LIST,
    SUSPENDED,
    VALID,
    StatusList,
    compress,
    empty_status_list,
    inflate,
)


@pytest.mark.parametrize("bits", BITS)
def test_every_entry_of_a_new_list_is_valid(bits: int) -> None:
    status_list = empty_status_list(1_001, bits=bits)
    assert status_list.size >= 1_001
    assert len(status_list.data) == -(-1_001 * bits // 8)
    assert {status_list.get(index) for index in range(status_list.size)} == {VALID}


@pytest.mark.parametrize("bits", BITS)
def test_an_entry_is_changed_alone(bits: int) -> None:
    highest = (1 << bits) - 1
    before = empty_status_list(40, bits=bits)
    after = before.updated({0: 1, 9: highest, 39: highest}).updated({0: 0})
    assert [index for index in range(40) if after.get(index)] == [9, 39]
    assert after.get(9) == highest
    assert before == empty_status_list(40, bits=bits)


def test_the_statuses_have_the_numbers_of_section_7_1() -> None:
    assert (VALID, INVALID, SUSPENDED) == (0, 1, 2)


@pytest.mark.parametrize("index", [-1, 8, 1_000_000])
def test_there_is_nothing_beside_the_list(index: int) -> None:
    status_list = empty_status_list(8, bits=1)
    with pytest.raises(IndexError):
        status_list.get(index)
    with pytest.raises(IndexError):
        status_list.updated({index: 1})


@pytest.mark.parametrize("status", [-1, 4])
def test_a_status_fits_its_bits(status: int) -> None:
    with pytest.raises(ValueError, match="at most 3"):
        empty_status_list(8, bits=2).updated({0: status})


@pytest.mark.parametrize("bits", [0, 3, 16, -1])
def test_there_are_no_lists_of_other_bits(bits: int) -> None:
    with pytest.raises(ValueError, match="1, 2, 4 or 8"):
        empty_status_list(8, bits=bits)
    with pytest.raises(Malformed):
        inflate(bits, zlib.compress(b"\x00"), what="test", max_bytes=MAX_LIST)


@pytest.mark.parametrize("bits", BITS)
def test_a_list_is_compressed_and_inflated(bits: int) -> None:
    status_list = empty_status_list(10_000, bits=bits).updated(dict.fromkeys(range(0, 10_000, 97), 1))
    compressed = compress(status_list)
    assert len(compressed.lst) < len(status_list.data)
    assert inflate(bits, compressed.lst, what="test", max_bytes=MAX_LIST) == status_list


@pytest.mark.parametrize("bits", [None, "1", 1.0, True, 3])
def test_bits_that_are_no_number_of_bits_are_malformed(bits: object) -> None:
    with pytest.raises(Malformed):
        inflate(bits, zlib.compress(b"\x00"), what="test", max_bytes=MAX_LIST)


WHOLE = zlib.compress(b"\x01" * 1_000, 9)


@pytest.mark.parametrize(
    "lst",
    [
        b"",
        b"\x00",
        WHOLE[:-1],
        WHOLE[:10],
        WHOLE + b"\x00",
        WHOLE + WHOLE,
        WHOLE[:-4] + b"\x00\x00\x00\x00",
        zlib.compress(b"\x00" * 1_001),
        zlib.compress(b"\x00" * 1_000_000),
        b"\x1f\x8b\x08\x00",
    ],
)
def test_what_is_not_one_whole_stream_within_the_limit_is_malformed(lst: bytes) -> None:
    with pytest.raises(Malformed) as refusal:
        inflate(1, lst, what="test", max_bytes=1_000)
    assert refusal.value.where == "status_list.lst"


def test_a_list_may_fill_the_limit() -> None:
    assert inflate(8, WHOLE, what="test", max_bytes=1_000) == StatusList(bits=8, data=b"\x01" * 1_000)
