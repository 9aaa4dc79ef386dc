"""Key rings as files: what follows a key, and what came before it, stand in a file beside it.

    provider.key.pem        the key in use, and its chain where it has one: files as anybody makes them
    provider.key.pem.ring   its successor, those that are retired, and while it is being rotated what takes its place

A rotation is one replaced file: from then on the new key is the one in use, for every reader. The key's own files are
replaced next; whoever finds that this was interrupted finishes it. Only ``zegel keys`` writes here.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, final

from zegel.adapters.codec import Codec, UnreadableError
from zegel.adapters.files import holding, os_errors, read_owner_only, remove_drafts, replace_owner_only
from zegel.adapters.keyfiles import load_private_key, load_signer
from zegel.errors import Unavailable
from zegel.primitives.keys import PrivateKey
from zegel.primitives.x509 import Certificate
from zegel.trust.rotation import Generation, KeyRing

MAX_RING: Final = 1 << 18  # a generation with its chain is under 8 kB; who rotates daily for a month has thirty
_READS: Final = 5  # a rotation takes three replaced files, and whoever reads meanwhile reads again


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFiles:
    """Where a key stands. ``chain`` is None for one without a certificate."""

    key: Path
    chain: Path | None = None

    @property
    def ring(self) -> Path:
        """The file of the key's other generations."""
        return self.key.with_name(self.key.name + ".ring")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class _Written:
    """What a ring's file says. ``current`` and ``since`` are of the key in use, as long as its file still holds it;
    ``pending`` is in use whatever the key's own files hold."""

    current: str
    since: int | None
    pending: Generation | None
    successor: Generation | None
    retired: tuple[Generation, ...]


_CODEC: Final = Codec((_Written,))


def load_ring(files: KeyFiles) -> KeyRing:
    """Read a key with its other generations, all as of one moment; ``Unavailable`` for what a signer cannot be."""
    for _ in range(_READS):
        before = _read(files)
        try:
            ring = _ring(files, _parsed(files, before))
        except Unavailable:
            if _read(files) == before:
                raise
            continue
        if _read(files) == before:
            return ring
    raise Unavailable(str(files.ring), "it changes all the time")


def load_generation(key: PrivateKey, certificates: tuple[Certificate, ...] = ()) -> Generation:
    """A key that is in use since its certificate says so; nobody wrote down since when another is."""
    since = certificates[0].not_before if certificates else None
    return Generation(key=key.public_key, private=key, certificates=certificates, since=since)


def store_ring(files: KeyFiles, ring: KeyRing) -> KeyRing:
    """Write a ring whose key in use may be another one now; the ring as it stands.

    After a crash at any moment there is the ring that was or this one. ``Unavailable`` when it is longer than is read.
    """
    pending = None if _in_place(files, ring.current) else ring.current
    _write(files, ring, pending=pending)
    return settle(files)


def settle(files: KeyFiles) -> KeyRing:
    """Finish a rotation that was interrupted; the ring as it stands."""
    ring, written = load_ring(files), _parsed(files, _read(files))
    if written is None or written.pending is None:
        return ring
    pending = written.pending
    assert pending.private is not None  # it was to be in use
    if files.chain is not None:
        replace_owner_only(files.chain, "".join(each.pem for each in pending.certificates).encode())
    replace_owner_only(files.key, pending.private.secret_pem())
    _write(files, ring, pending=None)
    return ring


@contextmanager
def rotating(key: Path, *beside: Path | None) -> Iterator[None]:
    """Change a key, and what stands beside it, while nobody else changes keys in its folder.

    What a crash has left of files that were to take their places is removed first: a private key may be in it.
    ``Unavailable`` when somebody else does, when the new files would not be their owner's, as whom the roles run, or
    when one is a link: what it leads to would stay.
    """
    folder, files = key.parent, [file for file in (key, *beside) if file is not None]
    for path in (folder, *filter(os.path.lexists, files)):
        with os_errors(path):
            status = path.stat() if path == folder else path.lstat()
        if stat.S_ISLNK(status.st_mode):
            raise Unavailable(str(path), "it is a link; rotate the key where it leads to, or put the file itself here")
        if status.st_uid != os.geteuid():
            raise Unavailable(str(path), "it is another user's; rotate its keys as that user")
    with holding(folder, taken="its keys are being rotated by somebody else"):
        for file in files:
            remove_drafts(file)
        yield


def _in_place(files: KeyFiles, current: Generation) -> bool:
    found = _own(files)
    return (found.key, found.certificates) == (current.key, current.certificates)


def _own(files: KeyFiles) -> Generation:
    if files.chain is None:
        return load_generation(load_private_key(files.key))
    key, signer = load_private_key(files.key), load_signer(files.key, files.chain)
    return load_generation(key, signer.certificates)


def _ring(files: KeyFiles, written: _Written | None) -> KeyRing:
    if written is None:
        return KeyRing(current=_own(files))
    current = written.pending or _own(files)
    if written.current == current.id:
        current = replace(current, since=written.since)
    retired = tuple(each for each in written.retired if each.key != current.key)
    successor = None if written.successor is None or written.successor.key == current.key else written.successor
    return KeyRing(current=current, successor=successor, retired=retired)


def _read(files: KeyFiles) -> bytes | None:
    return read_owner_only(files.ring, max_bytes=MAX_RING) if os.path.lexists(files.ring) else None


def _parsed(files: KeyFiles, data: bytes | None) -> _Written | None:
    try:
        return None if data is None else _CODEC.decode(data)
    except UnreadableError:
        raise Unavailable(str(files.ring), "it is no key ring of this zegel") from None


def _write(files: KeyFiles, ring: KeyRing, *, pending: Generation | None) -> None:
    written = _Written(
        current=ring.current.id,
        since=ring.current.since,
        pending=pending,
        successor=ring.successor,
        retired=ring.retired,
    )
    data = _CODEC.encode(written)
    if len(data) > MAX_RING:
        raise Unavailable(str(files.ring), "it holds no more keys; wait until some are over")
    replace_owner_only(files.ring, data)
