"""Attacks on what says that a credential is revoked, at the verifier's public door.

The holder has a good credential but for its status; whoever serves the list is not honest. With the honest list the
same answer is taken, or refused as revoked.
"""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from zegel_testing.authorities import fixed_key
from zegel_testing.relying_party import (
    OTHER_STATUS_SIGNER,
    QUERIES,
    STATUS_SIGNER,
    STATUS_URI,
    RelyingParty,
    issue,
    json_of,
    open_relying_party,
)

from zegel.checks import Check
from zegel.formats.credential import Format
from zegel.formats.status.entries import compress, empty_status_list
from zegel.formats.status.token import StatusListFormat, sign_status_list_jwt
from zegel.primitives.encoding import base64url, parse_base64url
from zegel.primitives.http import HttpResponse
from zegel.primitives.json import encode_json, parse_object
from zegel.primitives.jws import sign_jws

pytestmark = pytest.mark.anyio

FORMATS = pytest.mark.parametrize("format_", list(Format), ids=str)
REVOKED = 7  # the index of the credentials that are issued here
ENTRIES = 1_000


@pytest.fixture
async def party(tmp_path: Path) -> AsyncIterator[RelyingParty]:
    opened = await open_relying_party(tmp_path)
    yield opened
    opened.close()


async def judged(party: RelyingParty, format_: Format, *, index: int = REVOKED) -> str:
    """What the verifier makes of a presentation now: the id of a check, or ``accepted``."""
    party.clock.advance(party.status.ttl + 1)  # whatever was kept is looked up again
    _, asked = await party.begin(QUERIES[format_])
    copy = issue(format_, index=index)
    now = {} if format_ is Format.MDOC else {"now": party.clock.now()}
    response = await party.send(asked.answer(asked.present(copy, **now)))
    return "accepted" if response.status == 200 else str(json_of(response)["check"])


def serve(party: RelyingParty, body: bytes) -> None:
    """Have the status host serve something else."""
    party.status.answer = HttpResponse(status=200, headers=(("content-type", str(StatusListFormat.JWT)),), body=body)


def edited(token: bytes, *, signer: Any = None, **members: Any) -> bytes:
    """The token with other members of its ``status_list``; under its old signature, or another's."""
    head, payload, signature = token.decode().split(".")
    claims = dict(parse_object(parse_base64url(payload, what="test"), what="test"))
    claims["status_list"] = {**claims["status_list"], **members}
    if signer is None:
        return f"{head}.{base64url(encode_json(claims))}.{signature}".encode()
    return sign_jws(claims, signer=signer.key, typ="statuslist+jwt", x5c=signer.chain)


@FORMATS
@pytest.mark.refuses(Check.STATUS_ISSUER)
@pytest.mark.refuses(Check.STATUS)
async def test_the_status_list_of_another_issuer_revives_nothing(party: RelyingParty, format_: Format) -> None:
    """Another office, which is trusted for lists of its own, signs one under the address that ours is known by."""
    party.status.revoke(REVOKED)
    party.status.signer = OTHER_STATUS_SIGNER
    party.status.list = empty_status_list(ENTRIES, bits=1)
    assert await judged(party, format_) == Check.STATUS_ISSUER.id
    party.status.signer = STATUS_SIGNER
    assert await judged(party, format_) == "accepted"
    party.status.revoke(REVOKED)
    assert await judged(party, format_) == Check.STATUS.id


@FORMATS
@pytest.mark.refuses(Check.STATUS_LIST)
async def test_another_list_of_the_same_issuer_revives_nothing(party: RelyingParty, format_: Format) -> None:
    """Served in the place of the one that the credential names, and as well signed."""
    party.status.revoke(REVOKED)
    now = party.clock.now()
    other = sign_status_list_jwt(
        compress(empty_status_list(ENTRIES, bits=1)),
        uri=STATUS_URI + "0",
        signer=STATUS_SIGNER.key,
        chain=STATUS_SIGNER.chain,
        now=now,
        expires=now + 36_000,
        ttl=party.status.ttl,
    )
    serve(party, other)
    assert await judged(party, format_) == Check.STATUS_LIST.id
    party.status.answer = None
    assert await judged(party, format_) == Check.STATUS.id


@FORMATS
@pytest.mark.parametrize("bits", [2, 4, 8])
@pytest.mark.refuses(Check.SIGNATURE)
async def test_a_list_that_is_read_with_other_bits_is_not_the_one_that_was_signed(
    party: RelyingParty, format_: Format, bits: int
) -> None:
    """With wider entries the same bytes would say of another's index what they say of ours."""
    party.status.revoke(REVOKED)
    serve(party, edited(party.status.token(), bits=bits))
    assert await judged(party, format_) == Check.SIGNATURE.id
    party.status.answer = None
    assert await judged(party, format_) == Check.STATUS.id
    assert await judged(party, format_, index=REVOKED + 1) == "accepted"


@pytest.mark.slow
@pytest.mark.parametrize("bits", [0, 3, 16, -1, 1.5, "1", None, True])
@pytest.mark.refuses(Check.SYNTAX)
async def test_bits_that_no_list_has_are_not_read_even_when_they_are_signed(party: RelyingParty, bits: Any) -> None:
    serve(party, edited(party.status.token(), signer=STATUS_SIGNER, bits=bits))
    assert await judged(party, Format.SD_JWT_VC) == Check.SYNTAX.id
    party.status.answer = None
    assert await judged(party, Format.SD_JWT_VC) == "accepted"


@pytest.mark.slow
@FORMATS
@pytest.mark.parametrize("index", [ENTRIES, ENTRIES + 1, 1 << 20, (1 << 53) - 1])
@pytest.mark.refuses(Check.STATUS)
async def test_an_index_out_of_range_is_no_valid_status(party: RelyingParty, format_: Format, index: int) -> None:
    """Neither the last entry, nor one from the other end, nor an error that would pass for an absent status."""
    assert await judged(party, format_, index=index) == Check.STATUS.id
    assert await judged(party, format_, index=ENTRIES - 1) == "accepted"


@FORMATS
@pytest.mark.refuses(Check.STATUS)
async def test_a_list_that_was_cut_short_revives_nobody_who_stood_at_its_end(
    party: RelyingParty, format_: Format
) -> None:
    party.status.list = empty_status_list(ENTRIES // 2, bits=1)
    assert await judged(party, format_, index=ENTRIES - 1) == Check.STATUS.id
    party.status.list = empty_status_list(ENTRIES, bits=1)
    assert await judged(party, format_, index=ENTRIES - 1) == "accepted"


@FORMATS
@pytest.mark.refuses(Check.SIGNATURE)
async def test_a_list_under_a_key_that_is_not_its_certificates_is_refused(party: RelyingParty, format_: Format) -> None:
    party.status.revoke(REVOKED)
    party.status.list, honest = empty_status_list(ENTRIES, bits=1), party.status.list
    party.status.signer = replace(STATUS_SIGNER, key=fixed_key("forger"))
    assert await judged(party, format_) == Check.SIGNATURE.id
    party.status.signer, party.status.list = STATUS_SIGNER, honest
    assert await judged(party, format_) == Check.STATUS.id


@FORMATS
@pytest.mark.refuses(Check.STATUS_FRESHNESS)
async def test_a_list_from_before_the_revocation_is_good_until_its_end_and_not_after(
    party: RelyingParty, format_: Format
) -> None:
    """Whoever serves lists may hold a new one back for as long as the old one says; that is what ``exp`` is for."""
    party.status.expires_in = party.status.ttl + 10
    serve(party, party.status.token())
    party.status.revoke(REVOKED)
    assert await judged(party, format_) == "accepted"
    assert await judged(party, format_) == Check.STATUS_FRESHNESS.id
    party.status.answer = None
    assert await judged(party, format_) == Check.STATUS.id
