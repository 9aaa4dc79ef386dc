"""Sealing: what a role stores is encrypted under a key that never stands in the database.

Each record has a key of its own, derived from the role's: so no number of records wears the role key out
(NIST SP 800-38D section 8.3 allows 2**32 random nonces a key), and a sealed value opens in its own place alone.
"""

import hmac
from collections.abc import Callable
from hashlib import sha256
from typing import Final, final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from zegel.errors import Unavailable

KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12  # NIST SP 800-38D section 5.2.1.1


@final
class Seal:
    """A role's sealing key. ``place`` says where a value stands: its kind, id, version and expiry."""

    def __init__(self, key: bytes, *, random: Callable[[int], bytes]) -> None:
        if len(key) != KEY_BYTES:
            raise Unavailable("sealing key", f"expected {KEY_BYTES} bytes, got {len(key)}")
        self._records = hmac.digest(key, b"zegel records", "sha256")
        self._pseudonyms = hmac.digest(key, b"zegel pseudonyms", "sha256")
        self._random = random

    def seal(self, value: bytes, *, place: bytes) -> bytes:
        """Encrypt with AES-256-GCM, the place as associated data; the nonce stands first."""
        nonce = self._random(_NONCE_BYTES)
        return nonce + self._cipher(place).encrypt(nonce, value, place)

    def open_(self, sealed: bytes, *, place: bytes) -> bytes:
        """Decrypt; ``Unavailable`` when it was sealed under another key, for another place, or is damaged."""
        try:
            return self._cipher(place).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], place)
        except (InvalidTag, ValueError):
            raise Unavailable("stored record", "it does not open: damaged, moved, or sealed by another key") from None

    def pseudonym(self, purpose: str, name: str) -> bytes:
        """A name that can be looked up and, without the role key, neither read nor guessed; 32 bytes."""
        return hmac.digest(self._pseudonyms, f"{purpose}\0{name}".encode(), "sha256")

    def _cipher(self, place: bytes) -> AESGCM:
        return AESGCM(hmac.digest(self._records, place, "sha256"))


def record_id(kind: str, key: str) -> bytes:
    """The hash under which a record stands. Keys are unguessable, so a plain hash hides them; 32 bytes."""
    return sha256(f"{kind}\0{key}".encode()).digest()


def place_of(kind: str, id_: bytes, *, version: int, expires: int) -> bytes:
    """Where a value stands. A row whose version or expiry is changed by hand no longer opens."""
    return b"\0".join((kind.encode(), id_, version.to_bytes(8), expires.to_bytes(8)))
