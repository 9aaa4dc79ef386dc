"""Nonces that carry their own expiry."""

import pytest
from zegel_testing.authorities import NOW, fixed_random

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.primitives.encoding import base64url, parse_base64url
from zegel.protocols.oauth.lifetimes import NONCE_SECONDS
from zegel.protocols.oauth.nonces import NoncePurpose, Nonces

NONCES = Nonces(key=b"n" * 32)
PURPOSE = NoncePurpose.CREDENTIAL_PROOF


def issue(purpose: NoncePurpose = PURPOSE, nonces: Nonces = NONCES) -> str:
    return nonces.issue(purpose, now=NOW, random=fixed_random())


def verify(value: str | None, *, purpose: NoncePurpose = PURPOSE, now: int = NOW):
    return NONCES.verify(value, purpose=purpose, now=now, check=Check.PROOF_NONCE)


def test_a_nonce_is_good_for_five_minutes() -> None:
    nonce = issue()
    assert verify(nonce).value == nonce
    assert verify(nonce, now=NOW + NONCE_SECONDS - 1).expires == NOW + NONCE_SECONDS
    with pytest.raises(Rejected, match="expired"):
        verify(nonce, now=NOW + NONCE_SECONDS)


def test_a_nonce_has_the_43_characters_that_every_peer_takes() -> None:
    assert len(issue()) == 43


def test_two_nonces_differ() -> None:
    random = fixed_random()
    assert NONCES.issue(PURPOSE, now=NOW, random=random) != NONCES.issue(PURPOSE, now=NOW, random=random)


@pytest.mark.parametrize("purpose", [purpose for purpose in NoncePurpose if purpose is not PURPOSE])
def test_a_nonce_of_one_purpose_is_none_of_another(purpose: NoncePurpose) -> None:
    with pytest.raises(Rejected):
        verify(issue(purpose))


def test_a_nonce_of_another_server_is_refused() -> None:
    with pytest.raises(Rejected):
        verify(issue(nonces=Nonces(key=b"m" * 32)))


@pytest.mark.parametrize("value", [None, "", "A", "=", "A" * 43, "A" * 44, "é" * 43])
def test_what_is_no_nonce_is_refused(value: str | None) -> None:
    with pytest.raises(Rejected):
        verify(value)


def test_a_later_expiry_breaks_the_mac() -> None:
    data = bytearray(parse_base64url(issue(), what="test"))
    data[0:4] = (NOW + 10 * NONCE_SECONDS).to_bytes(4)
    with pytest.raises(Rejected):
        verify(base64url(bytes(data)))


def test_the_key_is_not_shown() -> None:
    assert "nnnn" not in repr(NONCES)
