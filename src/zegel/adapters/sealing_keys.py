"""A role's sealing keys as a file: a line for the one in use, and one below it for each that was before.

    hmdZ...43 characters              what seals now
    mWp2...43 characters -            what did before, and may still do: the database was not seen to be sealed anew
    QyxL...43 characters 1827444556   what did before that, and until when its words count, in seconds since the epoch

The database is sealed anew by the role at its next start (``sql.reseal``). Until then the old key goes on, nothing may
take its line out, and its time has not begun.
"""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, final

from zegel.adapters.files import read_owner_only, replace_owner_only
from zegel.adapters.sealing import KEY_BYTES
from zegel.errors import Malformed, Unavailable
from zegel.primitives.encoding import base64url, parse_base64url

MAX_SEALING_KEYS: Final = 4_096  # a line has under 60 bytes; who rotates monthly for five years has sixty
_IN_USE: Final = "-"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class RetiredKey:
    """A key that was rotated. What was derived from it counts ``until`` then; None while it may still be in use."""

    key: bytes = field(repr=False)
    until: int | None

    def counts(self, now: int) -> bool:
        """Whether what was derived from it still does."""
        return self.until is None or now < self.until


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class SealingKeys:
    """A role's sealing keys; ``retired`` begins with the one that was in use last."""

    current: bytes = field(repr=False)
    retired: tuple[RetiredKey, ...] = ()

    def earlier(self) -> tuple[bytes, ...]:
        """The retired ones, whatever their time: a database may still be sealed with one."""
        return tuple(each.key for each in self.retired)

    def counting(self, now: int) -> tuple[bytes, ...]:
        """The retired ones of which what was derived still counts."""
        return tuple(each.key for each in self.retired if each.counts(now))

    def under(self, key: bytes) -> "SealingKeys":
        """The keys as they are for a role whose database ``key`` still seals: whatever came after it is not in use."""
        after = [each.key for each in self.retired]
        if key not in after:
            return self
        return SealingKeys(current=key, retired=self.retired[after.index(key) + 1 :])

    def rotate(self, new: bytes) -> "SealingKeys":
        """A new one in the present one's place, whose time ends when the database is sealed anew."""
        return SealingKeys(current=new, retired=(RetiredKey(key=self.current, until=None), *self.retired))

    def end(self, *, until: int) -> "SealingKeys":
        """No retired one is in use any more: for a database that was seen to be sealed with the present one."""
        ended = (replace(each, until=until) if each.until is None else each for each in self.retired)
        return SealingKeys(current=self.current, retired=tuple(ended))

    def tidy(self, now: int) -> "SealingKeys":
        """Those alone that still count: for a database that is sealed with the present one."""
        return SealingKeys(current=self.current, retired=tuple(each for each in self.retired if each.counts(now)))


def load_sealing_keys(path: Path) -> SealingKeys:
    """Read a role's sealing keys; ``Unavailable`` when the file is missing, open to others, or holds something else."""
    first, *rest = read_owner_only(path, max_bytes=MAX_SEALING_KEYS).splitlines() or [b""]
    return SealingKeys(current=_key(path, first.strip()), retired=tuple(_retired(path, line) for line in rest))


def store_sealing_keys(path: Path, keys: SealingKeys) -> SealingKeys:
    """Write them in the place of those that are there; after a crash there are these or those.

    ``Unavailable`` when they are more than are read.
    """
    retired = (f"{base64url(each.key)} {_IN_USE if each.until is None else each.until}" for each in keys.retired)
    data = "".join(f"{line}\n" for line in (base64url(keys.current), *retired)).encode()
    if len(data) > MAX_SEALING_KEYS:
        raise Unavailable(str(path), "it holds no more keys; have the role start, and wait until some are over")
    replace_owner_only(path, data)
    return keys


def _retired(path: Path, line: bytes) -> RetiredKey:
    key, _, until = line.strip().partition(b" ")
    if until != _IN_USE.encode() and not until.isdigit():
        raise Unavailable(str(path), "expected of a retired key until when it counts")
    return RetiredKey(key=_key(path, key), until=int(until) if until.isdigit() else None)


def _key(path: Path, text: bytes) -> bytes:
    try:
        key = parse_base64url(text, what="file")
    except Malformed as error:
        raise Unavailable(str(path), error.detail) from None
    if len(key) != KEY_BYTES:
        raise Unavailable(str(path), f"expected {KEY_BYTES} bytes as base64url")
    return key
