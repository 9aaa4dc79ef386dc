"""Slices of revocation lists, as the Commission's distribution service cuts them for whoever has no network.

A slice holds hashes of one signer so that their number costs few bytes: the first bytes of each ("VARHASHLIST"), or a
Bloom filter ("BLOOMFILTER"). Both may take a certificate for a revoked one that is not, as rarely as their maker chose,
and never the other way. The forms are those of the reference (``dgca-partial-hash-filter``, ``dgca-bloomfilter``).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from struct import Struct
from typing import Final, TypeAlias, final

from zegel.errors import Malformed
from zegel.formats.hcert.keys import read_key_id
from zegel.primitives.json import Json, parse_object
from zegel.primitives.members import read_object, read_text

MAX_SLICE: Final = 1 << 22  # bytes; a filter of a million hashes at one mistake in a million has 3.6 MB
MAX_FUNCTIONS: Final = 64  # of a filter; one mistake in 10**19
_VERSION: Final = 1
BEGINNING: Final = _VERSION.to_bytes(2)
"""What every slice begins with."""

_HASH_HEAD: Final = Struct(">hfiB")  # version, rate of mistakes, elements, bytes of each
_BLOOM_HEAD: Final = Struct(">hBBfiii")  # version, functions, which, rate, elements meant, elements there, words
_WHAT: Final = "revocation slice"
_PARTITION: Final = "revocation partition"
_BLOOM, _HASHES = "BLOOMFILTER", "VARHASHLIST"
_DIGIT: Final = re.compile(r"[0-9A-Fa-f]")
_WORD: Final = 4  # bytes
_HASH_BYTES: Final = 16


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class HashSlice:
    """The first ``size`` bytes of each hash."""

    size: int
    starts: frozenset[bytes] = field(repr=False)

    def may_hold(self, hash_: bytes) -> bool:
        """Whether a hash is one of them, or begins as one does."""
        return hash_[: self.size] in self.starts


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class BloomSlice:
    """A Bloom filter: each function, SHA-256 of a hash and its own number, points at a bit, the highest first."""

    functions: int
    bits: bytes = field(repr=False)

    def may_hold(self, hash_: bytes) -> bool:
        """Whether all the bits of a hash are set."""
        size = len(self.bits) * 8
        for number in range(self.functions):
            digest = sha256(hash_ + bytes([number])).digest()
            place = int.from_bytes(digest, signed=True) % size  # Java's BigInteger has a sign
            if not self.bits[place >> 3] & 0x80 >> (place & 7):
                return False
        return True


Slice: TypeAlias = HashSlice | BloomSlice


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class SignerSlice:
    """A slice of what a signer's key signed, of hashes that begin with ``prefix``, in hexadecimal digits."""

    kid: bytes
    prefix: str
    slice: Slice


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class NamedSlice:
    """A slice that a partition names by the SHA-256 of its bytes, in hexadecimal digits."""

    kid: bytes
    prefix: str
    type: str
    digest: str

    def open(self, contents: Mapping[str, bytes]) -> SignerSlice:
        """With its bytes; ``Malformed`` where they are not there."""
        data = contents.get(self.digest)
        if data is None:
            raise Malformed(_WHAT, self.digest[:16], "expected the slice that a partition names")
        parsed = parse_bloom_slice(data) if self.type == _BLOOM else parse_hash_slice(data)
        return SignerSlice(kid=self.kid, prefix=self.prefix, slice=parsed)


def parse_partition(data: bytes) -> tuple[NamedSlice, ...]:
    """Parse a partition: of a signer's hashes those of one coordinate, in chunks by the next digit, each of slices.

    {"kid": "...", "x": "a", "y": null, "chunks": {"b": {"2027-01-01T00:00:00Z": {"type": "VARHASHLIST", "hash": ""}}}}
    """
    members = parse_object(data, what=_PARTITION)
    kid = read_key_id(members.get("kid"), what=_PARTITION, where="kid")
    place = "".join(_digit(members[name], name) for name in ("x", "y") if members.get(name) is not None)
    chunks = read_object(members.get("chunks"), what=_PARTITION, where="chunks")
    return tuple(
        _named(entry, kid=kid, prefix=place + _digit(digit, "chunks"), where=f"chunks.{digit}")
        for digit, slices in chunks.items()
        for entry in read_object(slices, what=_PARTITION, where=f"chunks.{digit}").values()
    )


def _named(value: Json, *, kid: bytes, prefix: str, where: str) -> NamedSlice:
    entry = read_object(value, what=_PARTITION, where=where)
    type_ = read_text(entry.get("type"), what=_PARTITION, where=f"{where}.type")
    if type_ not in (_BLOOM, _HASHES):
        raise Malformed(_PARTITION, f"{where}.type", f"expected {_BLOOM} or {_HASHES}")
    digest = read_text(entry.get("hash"), what=_PARTITION, where=f"{where}.hash")
    return NamedSlice(kid=kid, prefix=prefix, type=type_, digest=digest.lower())


def _digit(value: Json, where: str) -> str:
    if type(value) is not str or not _DIGIT.fullmatch(value):
        raise Malformed(_PARTITION, where, "expected one hexadecimal digit")
    return value.lower()


def parse_hash_slice(data: bytes) -> HashSlice:
    """Parse a slice of partial hashes; ``Malformed`` where its head and its length do not agree."""
    (version, _, _, size), body = _parts(data, _HASH_HEAD)
    if version != _VERSION:
        raise Malformed(_WHAT, "version", f"expected {_VERSION}")
    if not 0 < size <= _HASH_BYTES or len(body) % size:
        raise Malformed(_WHAT, "size", f"expected one to {_HASH_BYTES} bytes for each hash, and whole ones")
    return HashSlice(size=size, starts=frozenset(body[at : at + size] for at in range(0, len(body), size)))


def parse_bloom_slice(data: bytes) -> BloomSlice:
    """Parse a Bloom filter; ``Malformed`` where its head and its length do not agree."""
    (version, functions, which, _, _, _, words), body = _parts(data, _BLOOM_HEAD)
    if version != _VERSION or which:
        raise Malformed(_WHAT, "version", f"expected {_VERSION}, and SHA-256")
    if not 0 < functions <= MAX_FUNCTIONS:
        raise Malformed(_WHAT, "functions", f"expected one to {MAX_FUNCTIONS}")
    if words < 1 or len(body) != words * _WORD:
        raise Malformed(_WHAT, "words", "expected as many as there are")
    return BloomSlice(functions=functions, bits=body)


def _parts(data: bytes, head: Struct) -> tuple[tuple[int, ...], bytes]:
    if not head.size <= len(data) <= MAX_SLICE:
        raise Malformed(_WHAT, "", f"expected {head.size} to {MAX_SLICE} bytes")
    return head.unpack_from(data), data[head.size :]
