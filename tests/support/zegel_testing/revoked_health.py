"""Batches of hashes of health certificates, as the gateway hands them out."""

import json
from collections.abc import Sequence
from hashlib import sha256
from struct import pack

from zegel.formats.hcert.revocation import UNKNOWN_KID, HashType
from zegel.primitives.encoding import base64


def batch(hash_type: HashType, *revoked: bytes, kid: bytes | None = None, country: str = "UT") -> bytes:
    """A batch of what was revoked: identifiers, with or without a country, or signatures."""
    entries = [{"hash": base64(sha256(each).digest()[:16])} for each in revoked]
    batch = {
        "country": country,
        "expires": "2027-12-31T00:00:00+00:00",
        "kid": UNKNOWN_KID if kid is None else base64(kid),
        "hashType": hash_type,
        "entries": entries,
    }
    return json.dumps(batch).encode()


def hash_slice(hashes: Sequence[bytes], *, size: int = 5, version: int = 1) -> bytes:
    """A slice of the first bytes of hashes."""
    return pack(">hfiB", version, 1e-6, len(hashes), size) + b"".join(each[:size] for each in hashes)


def bloom_slice(hashes: Sequence[bytes], *, functions: int = 20, words: int = 64, version: int = 1) -> bytes:
    """A slice that is a Bloom filter, its bits set as the reference sets them, in words of thirty-two."""
    bits = [0] * words
    for each in hashes:
        for number in range(functions):
            place = int.from_bytes(sha256(each + bytes([number])).digest(), signed=True) % (words * 32)
            bits[place // 32] |= 0x80000000 >> place % 32
    head = pack(">hBBfiii", version, functions, 0, 1e-6, len(hashes), len(hashes), words)
    return head + b"".join(pack(">I", word) for word in bits)


def partition(data: bytes, *, kind: str, kid: bytes, prefix: str) -> bytes:
    """A partition with one slice, of hashes that begin so: the last digit is the chunk's, those before coordinates."""
    digits = [*prefix[:-1], None, None]
    chunk = {"2027-12-31T00:00:00Z": {"type": kind, "version": "1.0", "hash": sha256(data).hexdigest()}}
    members = {"kid": base64(kid), "id": "1", "x": digits[0], "y": digits[1], "chunks": {prefix[-1]: chunk}}
    return json.dumps(members).encode()
