"""Dates of a mobile security object: one spelling, read and written."""

from typing import Any

import pytest
from zegel_testing.authorities import NOW
from zegel_testing.mdoc import issued, security_object, signed, tdate, validity

from zegel.errors import Malformed
from zegel.formats.mdoc.parse import parse_issuer_signed
from zegel.primitives.cbor import Tag


def dates(data: bytes) -> tuple[int, int, int]:
    found = parse_issuer_signed(data).unverified_security_object
    return found.signed, found.valid_from, found.valid_until


def with_date(value: Any) -> bytes:
    return signed(security_object(validityInfo=validity(validUntil=value)))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("2026-11-22T00:00:00Z", NOW),
        ("2026-11-22T13:30:02Z", NOW + 48_602),
        ("2028-02-29T23:59:59Z", 1_835_481_599),
        ("9999-12-31T23:59:59Z", 253_402_300_799),
    ],
)
def test_a_date_is_seconds_since_the_epoch(text: str, seconds: int) -> None:
    assert dates(with_date(Tag(0, text)))[2] == seconds


@pytest.mark.parametrize(
    "value",
    [
        Tag(0, "2026-11-22T00:00:00.0Z"),
        Tag(0, "2026-11-22T00:00:00+00:00"),
        Tag(0, "2026-11-22T00:00:00+0100"),
        Tag(0, "2026-11-22T00:00:00z"),
        Tag(0, "2026-11-22t00:00:00Z"),
        Tag(0, "2026-11-22 00:00:00Z"),
        Tag(0, "2026-11-22T00:00:00"),
        Tag(0, "2026-11-22T00:00Z"),
        Tag(0, "2026-11-22"),
        Tag(0, "2026-W47-7T00:00:00Z"),
        Tag(0, "2026-02-29T00:00:00Z"),
        Tag(0, "2026-13-01T00:00:00Z"),
        Tag(0, "2026-11-22T24:00:01Z"),
        Tag(0, "2026-11-22T00:00:60Z"),
        Tag(0, "0000-01-01T00:00:00Z"),
        Tag(0, "２０２６-11-22T00:00:00Z"),
        Tag(0, " 026-11-22T00:00:00Z"),
        Tag(0, ""),
        Tag(0, b"2026-11-22T00:00:00Z"),
        Tag(0, NOW),
        Tag(1, NOW),
        Tag(1, "2026-11-22T00:00:00Z"),
        Tag(1004, "2026-11-22"),
        Tag(24, b"2026-11-22T00:00:00Z"),
        "2026-11-22T00:00:00Z",
        NOW,
        None,
    ],
)
def test_9_1_2_4_a_date_in_another_spelling_is_malformed(value: Any) -> None:
    with pytest.raises(Malformed):
        parse_issuer_signed(with_date(value))


def test_what_is_written_is_what_was_meant() -> None:
    times = {"issued_at": NOW - 1, "valid_from": NOW + 59, "valid_until": NOW + 86_399}
    data = issued(**times)
    assert dates(data) == tuple(times.values())
    for seconds in times.values():
        assert b"\xc0\x74" + tdate(seconds).value.encode() in data
