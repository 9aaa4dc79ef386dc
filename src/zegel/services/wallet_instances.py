"""The wallets that a provider has activated: which key each answers with, what it was attested with, and its end.

An instance has a random id, and no owner: whoever has its revocation code may end it. Kept are the places of its
attestations in the status lists, which are what is revoked (TS3 1.5 section 2.5.1); not what they were for, which
nobody says here. A code and an id are secrets of their own, and are kept as digests, or sealed.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from hashlib import sha256
from typing import Final, final

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.formats.status.entries import INVALID
from zegel.primitives.encoding import base64url
from zegel.primitives.keys import PublicKey
from zegel.primitives.x509 import DAY
from zegel.services.issuing import STATUS_BITS
from zegel.services.ports import IssuerTransaction, Kind, Random, Stored
from zegel.services.status_ports import StatusEntry

MAX_ATTESTED: Final = 2_000  # attestations of one wallet that are maintained at a time: five a day for 400 days
DIGEST_BYTES: Final = 32
_ID_BYTES: Final = 16
_CODE_BYTES: Final = 13  # of which 100 bits count: nobody guesses that, however often he may try
_CODE_LETTERS: Final = 20
_LETTERS: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32, whose letters are not mistaken for others
_AS_MEANT: Final = str.maketrans({"O": "0", "I": "1", "L": "1", "-": "", " ": ""})


class Reason(StrEnum):
    """Why a wallet was revoked (ARF 3.0 WURevocation_09, _10 and _11)."""

    OWNER = "owner"
    PID_PROVIDER = "pid-provider"
    SECURITY = "security"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Attested:
    """One attestation of a wallet, by its place in the status lists, until it need not be maintained any more."""

    entry: StatusEntry
    until: int


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """A wallet that was activated on ``day``. ``code`` is the digest of its revocation code; times are seconds."""

    id: str
    key: PublicKey
    code: bytes
    day: int
    attested: tuple[Attested, ...] = ()
    revoked_at: int | None = None
    reason: Reason | None = None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceName:
    """Whose a code, a key or a status is."""

    id: str


INSTANCE: Final = Kind(name="wallet instance", states=(Instance,))
BY_CODE: Final = Kind(name="wallet by code", states=(InstanceName,))
BY_KEY: Final = Kind(name="wallet by key", states=(InstanceName,))
BY_STATUS: Final = Kind(name="wallet by status", states=(InstanceName,))


def new_code(random: Random) -> str:
    """A revocation code: five groups of four letters and digits."""
    number = int.from_bytes(random(_CODE_BYTES))
    letters = "".join(_LETTERS[number >> 5 * at & 31] for at in range(_CODE_LETTERS))
    return "-".join(letters[at : at + 4] for at in range(0, _CODE_LETTERS, 4))


def code_digest(code: str) -> bytes:
    """What the provider knows of a code, however it was typed; ``Rejected(REVOCATION_CODE)`` for what is none."""
    letters = code.upper().translate(_AS_MEANT)
    if len(letters) != _CODE_LETTERS or not set(letters) <= set(_LETTERS):
        raise Rejected(Check.REVOCATION_CODE, "expected five groups of four letters and digits", field="code")
    return sha256(letters.encode()).digest()


async def activate(
    transaction: IssuerTransaction, key: PublicKey, code: bytes, *, now: int, until: int, random: Random
) -> Instance:
    """A new instance, or the one that was made of this key and code before: an answer may be lost on its way.

    ``Rejected(WALLET_INSTANCE)`` when the code is another's.
    """
    known = await transaction.load(BY_CODE, base64url(code))
    if known is not None:
        instance = (await load(transaction, known.value.id)).value
        if instance.key != key:
            raise Rejected(Check.WALLET_INSTANCE, "expected a revocation code of this wallet's own", field="code")
        return check_alive(instance)
    id_ = random(_ID_BYTES).hex()  # it is typed on command lines, where a first hyphen means something
    instance = Instance(id=id_, key=key, code=code, day=now // DAY * DAY)
    await transaction.put(INSTANCE, instance.id, instance, expires=until)
    await transaction.put(BY_CODE, base64url(code), InstanceName(id=instance.id), expires=until)
    return instance


async def load(transaction: IssuerTransaction, instance_id: str) -> Stored[Instance]:
    """An instance by its id; ``Rejected(WALLET_INSTANCE)`` when there is none."""
    stored = await transaction.load(INSTANCE, instance_id)
    if stored is None:
        raise Rejected(Check.WALLET_INSTANCE, "this wallet is not activated here, or was not used for too long")
    return stored


async def note_attested(transaction: IssuerTransaction, instance_id: str, *, now: int, until: int) -> StatusEntry:
    """A fresh place in the status lists for one more attestation of an instance, which nothing links to another one.

    TS3 1.5 section 2.5.1, without reuse: the provider is not told for whom it is. The instance, and what finds it, stay
    as long as anything of it is maintained. ``Rejected`` with WALLET_INSTANCE, WALLET_REVOKED or RATE.
    """
    stored = await load(transaction, instance_id)
    instance = check_alive(stored.value)
    kept = tuple(each for each in instance.attested if each.until > now)
    if len(kept) >= MAX_ATTESTED:
        raise Rejected(Check.RATE, f"expected at most {MAX_ATTESTED} attestations of one wallet at a time")
    (entry,) = await transaction.statuses.allocate(bits=STATUS_BITS, count=1, expires=until)
    name = InstanceName(id=instance.id)
    await transaction.put(BY_STATUS, status_key(entry), name, expires=until)
    await _replace(transaction, stored, replace(instance, attested=(*kept, Attested(entry=entry, until=until))), until)
    await keep_longer(transaction, BY_CODE, base64url(instance.code), until=until)
    return entry


async def revoke(transaction: IssuerTransaction, instance_id: str, reason: Reason, *, now: int) -> Instance:
    """Revoke an instance, for good: every place of its attestations in the status lists (WURevocation_07).

    One that is revoked already stays as it was.
    """
    stored = await load(transaction, instance_id)
    if stored.value.revoked_at is not None:
        return stored.value
    revoked = replace(stored.value, revoked_at=now, reason=reason)
    marked = tuple(each.entry for each in revoked.attested if each.until > now)
    if marked:
        await transaction.statuses.mark(marked, INVALID)
    await _replace(transaction, stored, revoked, stored.expires)
    return revoked


def check_alive(instance: Instance) -> Instance:
    """Return an instance that is not revoked; ``Rejected(WALLET_REVOKED)``, with the reason, otherwise."""
    if instance.revoked_at is not None:
        raise Rejected(Check.WALLET_REVOKED, f"this wallet was revoked: {said(instance.reason)}")
    return instance


def said(reason: Reason | None) -> str:
    """A reason as people read it."""
    match reason:
        case Reason.OWNER:
            return "its owner asked for it"
        case Reason.PID_PROVIDER:
            return "the office that issued its owner's identity asked for it"
        case _:
            return "its security can no longer be relied on"


def status_key(entry: StatusEntry) -> str:
    """The key under which whose a status is stands."""
    return f"{entry.list_id}/{entry.index}"


async def _replace(transaction: IssuerTransaction, stored: Stored[Instance], new: Instance, until: int) -> None:
    expires = max(until, stored.expires)
    swapped = await transaction.swap(INSTANCE, new.id, new, version=stored.version, expires=expires)
    assert swapped  # loaded in this very transaction


async def keep_longer(
    transaction: IssuerTransaction, kind: Kind[InstanceName], key: str, *, until: int
) -> Stored[InstanceName] | None:
    """Find an instance by its code or key until then, at least; the record as it was."""
    stored = await transaction.load(kind, key)
    if stored is not None and stored.expires < until:
        await transaction.swap(kind, key, stored.value, version=stored.version, expires=until)
    return stored
