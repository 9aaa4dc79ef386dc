"""Nonces that carry their own expiry under a MAC, so that only those that were used need a place in the store.

    32 bytes = expiry (4) || chance (12) || HMAC-SHA-256 (first 16) over purpose, expiry and chance

As base64url they are 43 characters. A nonce of one purpose is none of another's.
"""

import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, final

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.primitives.encoding import base64url, parse_base64url
from zegel.protocols.oauth.lifetimes import NONCE_SECONDS

_BODY: Final = 16
_SIZE: Final = 32


class NoncePurpose(StrEnum):
    """What a nonce is for."""

    CREDENTIAL_PROOF = "c_nonce"
    DPOP = "dpop"
    ATTESTATION_CHALLENGE = "attestation challenge"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedNonce:
    """A nonce that we made for this purpose and that has not expired."""

    value: str
    expires: int


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Nonces:
    """Makes and recognises a role's nonces. ``key`` is at least 32 secret bytes; ``earlier`` are those that it took
    the place of, whose nonces are recognised until they expire."""

    key: bytes = field(repr=False)
    earlier: tuple[bytes, ...] = field(default=(), repr=False)

    def issue(self, purpose: NoncePurpose, *, now: int, random: Callable[[int], bytes]) -> str:
        """A fresh nonce, good for five minutes."""
        body = (now + NONCE_SECONDS).to_bytes(4) + random(_BODY - 4)
        return base64url(body + _mac(self.key, purpose, body))

    def verify(self, value: str | None, *, purpose: NoncePurpose, now: int, check: Check) -> VerifiedNonce:
        """Return the nonce if it is ours, of this purpose and not expired; ``Rejected(check)`` otherwise."""
        try:
            data = parse_base64url(value or "", what="nonce")
        except Malformed:
            data = b""
        body = data[:_BODY]
        if len(data) != _SIZE or not self._is_ours(data[_BODY:], purpose, body):
            raise Rejected(check, f"expected a {purpose} that this server issued", field="nonce")
        expires = int.from_bytes(body[:4])
        if expires <= now:
            raise Rejected(check, f"the {purpose} has expired", field="nonce")
        return VerifiedNonce(value=base64url(data), expires=expires)

    def _is_ours(self, mac: bytes, purpose: NoncePurpose, body: bytes) -> bool:
        return any(hmac.compare_digest(mac, _mac(key, purpose, body)) for key in (self.key, *self.earlier))


def _mac(key: bytes, purpose: NoncePurpose, body: bytes) -> bytes:
    return hmac.digest(key, purpose.encode() + b"\0" + body, "sha256")[: _SIZE - _BODY]
