"""Session transcripts: made for a request, for a meeting, or taken from somebody else."""

from typing import Any

import pytest
from zegel_testing.authorities import fixed_key
from zegel_testing.mdoc import CLIENT_ID, NONCE, READER, RESPONSE_URI, meeting, redirect

from zegel.errors import Malformed
from zegel.formats.mdoc.transcript import dc_api_transcript, parse_transcript
from zegel.primitives.cbor import encode_cbor, parse_cbor


def test_a_transcript_is_an_array_of_three_and_says_nothing_but_its_hash() -> None:
    by_api = dc_api_transcript(origin="https://a.example", nonce=NONCE, encryption_key_thumbprint=None)
    for transcript, name in ((redirect(), "OpenID4VPHandover"), (by_api, "OpenID4VPDCAPIHandover")):
        members: Any = parse_cbor(transcript.encoded, what="transcript")
        engagement, reader_key, handover = members
        assert (engagement, reader_key) == (None, None)
        assert handover[0] == name
        assert len(handover[1]) == 32
        for told in (CLIENT_ID, NONCE, RESPONSE_URI):
            assert told.encode() not in transcript.encoded


def test_the_same_request_has_the_same_transcript_and_any_other_another() -> None:
    same, other = {redirect().encoded, redirect().encoded}, set()
    for change in (
        {"client_id": "x509_hash:another"},
        {"nonce": "another"},
        {"response_uri": RESPONSE_URI + "/"},
        {"thumbprint": bytes(32)},
        {"thumbprint": b"\x01" * 32},
    ):
        other.add(redirect(**change).encoded)
    assert len(same) == 1
    assert len(same | other) == 6


def test_what_one_member_loses_another_does_not_gain() -> None:
    """The members are hashed as CBOR and not one behind the other."""
    assert redirect(client_id="ab", nonce="c").encoded != redirect(client_id="a", nonce="bc").encoded
    assert redirect(nonce="ab", response_uri="c").encoded != redirect(nonce="a", response_uri="bc").encoded


def test_a_readers_key_is_not_told() -> None:
    assert "reader_key" not in repr(meeting())
    assert repr(READER) not in repr(meeting())
    assert meeting(fixed_key("another")).encoded != meeting().encoded


@pytest.mark.parametrize("value", [[None, None, None], [b"", b"", []], [1, 2, 3]])
def test_a_transcript_of_somebody_else_is_kept_as_it_came(value: object) -> None:
    data = encode_cbor(value)
    assert parse_transcript(data).encoded == data


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xf6",
        encode_cbor([]),
        encode_cbor([None, None]),
        encode_cbor([None] * 4),
        encode_cbor({0: None, 1: None, 2: None}),
        encode_cbor("abc"),
        redirect().encoded + b"\x00",
        redirect().encoded[:-1],
        b"\x9f\xf6\xf6\xf6\xff",
        b"\xd8\x18\x44\x83\xf6\xf6\xf6",
        encode_cbor([None, None, bytes(1 << 14)]),
    ],
)
def test_what_is_no_transcript_is_malformed(data: bytes) -> None:
    with pytest.raises(Malformed):
        parse_transcript(data)
