"""The wallet's vault: one file, encrypted under a passphrase.

    magic, version, Argon2id parameters, salt       the header: authenticated, and all that can be read without it
    nonce, AES-256-GCM(key, nonce, value, header)   the value, encoded

The key is derived once, when the vault is opened; each save takes a fresh nonce and puts a whole new file in the old
one's place, so that a crash leaves one or the other. A lock beside it keeps a second program out. A draft that a crash
has left is removed when the vault is opened again: it may hold what was deleted since.
"""

import fcntl
import os
import struct
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Generic, Self, TypeVar, final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from zegel.adapters.codec import Codec, UnreadableError
from zegel.adapters.files import (
    OWNER_ONLY,
    create_owner_only,
    os_errors,
    read_owner_only,
    remove_drafts,
    replace_owner_only,
)
from zegel.checks import Check
from zegel.errors import Malformed, Rejected, Unavailable

T = TypeVar("T")

MAX_VAULT: Final = 1 << 26  # ten thousand credentials of 5 kB
MIN_MEMORY_KIB: Final = 1 << 16  # RFC 9106 section 4, the second recommended option: 64 MiB
_MAX_MEMORY_KIB: Final = 1 << 20  # what a file may make its reader spend
_MAX_ITERATIONS: Final = 16  # RFC 9106 section 4 has three; more would let a planted file take minutes
_MAX_LANES: Final = 16  # RFC 9106 section 4 has four
_MAGIC: Final = b"zegelvlt"
_VERSION: Final = 1
_HEADER: Final = struct.Struct(">8sBIBB16s")
_SALT_BYTES: Final = 16
_NONCE_BYTES: Final = 12
_KEY_BYTES: Final = 32


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one guess at the passphrase costs. The default is RFC 9106 section 4's second choice."""

    memory_kib: int = MIN_MEMORY_KIB
    iterations: int = 3
    lanes: int = 4


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """The clear part of a vault."""

    cost: Cost
    salt: bytes

    def encode(self) -> bytes:
        """The header as it stands in the file."""
        cost = self.cost
        return _HEADER.pack(_MAGIC, _VERSION, cost.memory_kib, cost.iterations, cost.lanes, self.salt)


@final
class Vault(Generic[T]):
    """An open vault. ``value`` is what it holds; ``save`` gives it another; ``close`` lets others open it."""

    def __init__(
        self, path: Path, value: T, *, key: bytes, header: Header, lock: int, codec: Codec[T], random: "_Random"
    ) -> None:
        self.path: Final = path
        self._value = value
        self._cipher = AESGCM(key)
        self._header = header.encode()
        self._lock = lock
        self._codec = codec
        self._random = random

    def __repr__(self) -> str:
        return f"<vault {self.path}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    @property
    def value(self) -> T:
        """What the vault holds."""
        return self._value

    def save(self, value: T) -> None:
        """Replace the value, on the disk first; ``Unavailable`` when that fails, and then nothing has changed."""
        replace_owner_only(self.path, self._sealed(value))
        self._value = value

    def close(self) -> None:
        """Let go of the lock. The vault cannot be used after that; a second close does nothing."""
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def _sealed(self, value: T) -> bytes:
        if self._lock < 0:
            raise RuntimeError("the vault is closed")
        nonce = self._random(_NONCE_BYTES)
        sealed = self._header + nonce + self._cipher.encrypt(nonce, self._codec.encode(value), self._header)
        if len(sealed) > MAX_VAULT:
            raise Unavailable(str(self.path), f"a vault holds at most {MAX_VAULT} bytes; delete what is not needed")
        return sealed


def create_vault(
    path: Path, passphrase: str, value: T, *, states: tuple[type[T], ...], random: "_Random", cost: Cost | None = None
) -> Vault[T]:
    """Make a vault and open it; ``Unavailable`` when there is one, ``Malformed`` for an empty passphrase."""
    header = Header(cost=cost or Cost(), salt=random(_SALT_BYTES))
    parse_header(header.encode())
    if not passphrase:
        raise Malformed("new passphrase", "passphrase", "expected a passphrase that is not empty")
    secret = _secret(passphrase)
    lock = _locked(path)
    try:
        key = _derive(secret, header)
        vault = Vault(path, value, key=key, header=header, lock=lock, codec=Codec(states), random=random)
        create_owner_only(path, vault._sealed(value))  # noqa: SLF001 the same module's own
    except BaseException:
        os.close(lock)
        raise
    return vault


def open_vault(path: Path, passphrase: str, *, states: tuple[type[T], ...], random: "_Random") -> Vault[T]:
    """Open a vault whose value is one of ``states``.

    ``Rejected(PASSPHRASE)`` when the passphrase does not open it; ``Malformed`` when it is no vault, or one whose key
    costs too little; ``Unavailable`` when it is missing, open to others, in use, or written by another version.
    """
    secret = _secret(passphrase)
    with os_errors(path):
        path.stat()  # before a lock is left beside what is not there
    lock = _locked(path)
    try:
        data = read_owner_only(path, max_bytes=MAX_VAULT)
        header = parse_header(data[: _HEADER.size])
        key, codec = _derive(secret, header), Codec(states)
        value = codec.decode(_opened(data, key))
    except UnreadableError:
        os.close(lock)
        raise Unavailable(str(path), "another version of zegel wrote this vault") from None
    except BaseException:
        os.close(lock)
        raise
    return Vault(path, value, key=key, header=header, lock=lock, codec=codec, random=random)


def parse_header(data: bytes) -> Header:
    """Parse the clear part; ``Malformed`` unless it is a vault's whose key costs what it must."""
    if len(data) != _HEADER.size or not data.startswith(_MAGIC):
        raise Malformed("vault", "", "expected a vault of zegel")
    _, version, memory_kib, iterations, lanes, salt = _HEADER.unpack(data)
    if version != _VERSION:
        raise Malformed("vault", "version", f"expected version {_VERSION}, got {version}")
    if not MIN_MEMORY_KIB <= memory_kib <= _MAX_MEMORY_KIB:
        raise Malformed("vault", "memory", f"expected {MIN_MEMORY_KIB} to {_MAX_MEMORY_KIB} KiB, got {memory_kib}")
    if not 1 <= iterations <= _MAX_ITERATIONS:
        raise Malformed("vault", "iterations", f"expected 1 to {_MAX_ITERATIONS}, got {iterations}")
    if not 1 <= lanes <= _MAX_LANES:
        raise Malformed("vault", "lanes", f"expected 1 to {_MAX_LANES}, got {lanes}")
    return Header(cost=Cost(memory_kib=memory_kib, iterations=iterations, lanes=lanes), salt=salt)


_Random = Callable[[int], bytes]


def _derive(secret: bytes, header: Header) -> bytes:
    cost = header.cost
    return Argon2id(
        salt=header.salt,
        length=_KEY_BYTES,
        iterations=cost.iterations,
        lanes=cost.lanes,
        memory_cost=cost.memory_kib,
    ).derive(secret)


def _opened(data: bytes, key: bytes) -> bytes:
    header, nonce = data[: _HEADER.size], data[_HEADER.size : _HEADER.size + _NONCE_BYTES]
    try:
        return AESGCM(key).decrypt(nonce, data[_HEADER.size + _NONCE_BYTES :], header)
    except (InvalidTag, ValueError):
        raise Rejected(Check.PASSPHRASE, "the passphrase does not open the vault, or the file is damaged") from None


def _secret(passphrase: str) -> bytes:
    """The same passphrase from every keyboard: RFC 8265 section 4.2 composes it the same way."""
    secret = unicodedata.normalize("NFC", passphrase).encode()
    if not secret:
        raise Rejected(Check.PASSPHRASE, "expected a passphrase that is not empty")
    return secret


def _locked(path: Path) -> int:
    """Hold the file beside the vault; the vault itself is replaced with each save."""
    beside = path.with_name(path.name + ".lock")
    with os_errors(beside):
        lock = os.open(beside, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, OWNER_ONLY)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            raise Unavailable(str(path), "another program has this vault open; end it and try again") from None
    remove_drafts(path)
    return lock
