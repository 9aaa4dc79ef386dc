"""What stands in a role's database, opened with its key: what refers to what, and what is left when time is over."""

from collections import Counter
from collections.abc import Callable, Coroutine, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import select

from zegel.adapters.codec import Codec
from zegel.adapters.keyfiles import load_secret
from zegel.adapters.memory import ManualClock
from zegel.adapters.sealing import Seal, place_of, record_id
from zegel.adapters.sql import tables
from zegel.adapters.sql.database import Database
from zegel.adapters.sql.issuances import SqlIssuances
from zegel.adapters.sql.register import SqlRegister
from zegel.adapters.sql.statuses import PAGE
from zegel.adapters.sql.store import _KEY_CHECK, SqlStore
from zegel.protocols.oauth.lifetimes import LOG_IN_SECONDS
from zegel.protocols.openid4vp.verifier import CROSS_DEVICE_SECONDS
from zegel.services import (
    access_authority,
    access_reports,
    access_revocation,
    authorization,
    issuer,
    log_in,
    offers,
    passwords,
    policy_changes,
    register_reader,
    registrar_admission,
    registrar_invitations,
    registrar_passkeys,
    registrar_people,
    signin,
    sources,
    verifier,
    wallet_instances,
    wallet_provider,
)
from zegel.services.ports import Issuance, Kind
from zegel.services.status_ports import StatusEntry

KINDS: tuple[Kind[Any], ...] = (
    _KEY_CHECK,
    authorization.PUSHED,
    authorization.CODE,
    authorization.PRE_AUTHORIZED,
    authorization.GRANT,
    authorization.ACCESS,
    authorization.REFRESH,
    issuer.DEFERRED,
    issuer.REVOCATION,
    issuer.NOTIFIED,
    log_in.VISIT,
    offers.OFFER,
    passwords.GUESSES,
    policy_changes.KNOWN,
    signin.SIGN_IN,
    signin.CODES,
    signin.ACCESS,
    sources.GATHERED,
    verifier.SESSION,
    verifier.LAPSE,
    access_authority.ORDERS,
    access_reports.UNREPORTED,
    access_reports.REFUSED,
    access_revocation.NUMBERS,
    register_reader.ACCESS,
    registrar_people.SESSION,
    registrar_people.OFFICER,
    registrar_people.ENROLMENT,
    registrar_people.TOKEN,
    registrar_admission.ADMISSION,
    registrar_admission.PASSKEY_OWNER,
    registrar_passkeys.MAKING,
    registrar_passkeys.ANSWERING,
    registrar_invitations.INVITATION,
    registrar_invitations.INVITED,
    wallet_instances.INSTANCE,
    wallet_instances.BY_CODE,
    wallet_instances.BY_KEY,
    wallet_instances.BY_STATUS,
    wallet_provider.KEY_STORAGE,
)
T = TypeVar("T")
DAY = 86_400
_ALL = 1 << 30
LASTING = frozenset(
    {
        "key-check",
        "disclosure policies",
        "grant",
        "refresh token",
        "code",
        "pre-authorized code",
        "revocation",
        "deferred transaction",
        *(kind.name for kind in KINDS[-5:]),  # wallets, and what finds them
        "access certificates",
        "access revocation list",
        "officer",
        "admission",
        "passkey owner",
    }
)
"""What a day later is still there: grants, what they gave, that it was taken back, and that codes were used; wallets;
what was certified; officers, and the passkeys of people.

A deferred transaction waits thirty days for its wallet, also for one that never heard of it because the issuer died.
"""


@dataclass(frozen=True)
class Record:
    """A record as it stands. ``id`` is the hash of its key."""

    kind: str
    id: bytes
    expires: int
    value: Any


@dataclass(frozen=True)
class Ledger:
    """A role's database at one moment. ``given`` are the entries of status lists whose bit says that they are taken.

    ``named`` are those that something refers to: what was issued, what stands in the register, a wallet's attestations.
    """

    records: Mapping[tuple[str, bytes], Record]
    used: int
    issuances: tuple[Issuance, ...]
    named: tuple[StatusEntry, ...]
    lists: Mapping[str, int]
    given: frozenset[tuple[str, int]]

    def orphans(self, *, now: int) -> Iterator[str]:
        """What refers to something that is not there, of all whose own time is not over."""
        for record in self.records.values():
            if record.expires > now + _APART:
                for kind, key in _references(record.value, now):
                    if (kind, record_id(kind, key)) not in self.records:
                        yield f"a {record.kind} refers to a {kind} that is not there"
        known = Counter((entry.list_id, entry.index) for entry in self.named)
        yield from (f"the status entry {entry} was given out {n} times" for entry, n in known.items() if n > 1)
        yield from (
            f"the status entry {entry} is taken, by nothing that was issued" for entry in self.given - known.keys()
        )
        yield from (f"the status entry {entry} was issued, and is not taken" for entry in known.keys() - self.given)
        for list_id, taken in self.lists.items():
            given = sum(each == list_id for each, _ in self.given)
            if given != taken:
                yield f"the status list {list_id} counts {taken} entries, and {given} are taken"
        for list_id in {each for each, _ in self.given} - self.lists.keys():
            yield f"pages of the status list {list_id} are there without it"

    def kinds(self) -> Counter[str]:
        """How many records there are of each kind, and rows of the other tables, as far as there are any."""
        found = Counter(kind for kind, _ in self.records)
        rest = {"used": self.used, "issuances": len(self.issuances), "lists": len(self.lists)}
        return found + Counter(rest)


def read_ledger(database: Database, key: bytes) -> Ledger:
    """Open and read all of it."""
    seal = Seal(key, random=_no_randomness)
    execute = database.connection.execute
    with database.transaction():
        records = {
            (row.kind, row.id): Record(row.kind, row.id, row.expires, _opened(row, seal))
            for row in execute(select(tables.records))
        }
        used = len(execute(select(tables.used.c.id)).all())
        sealed = SqlIssuances(database, seal=seal, now=0)
        columns = (tables.issuances.c[name] for name in ("id", "expires", "revoked_at", "value"))
        issuances = tuple(sealed._opened(tuple(row)) for row in execute(select(*columns)))  # type: ignore[arg-type]
        lists = {row.id: row.taken for row in execute(select(tables.status_lists)) if row.bits}  # others have no pages
        given = frozenset(
            (row.list, row.page * PAGE + 8 * at + bit)
            for row in execute(select(tables.status_pages))
            for at, eight in enumerate(row.taken)
            if eight  # few are taken
            for bit in range(8)
            if eight >> bit & 1
        )
        registered = await_nothing(SqlRegister(database, seal=seal).entries(after=0, limit=_ALL))
    named = [entry for each in issuances for entry in each.entries]
    named += [issued.entry for _, stored in registered for issued in stored.entry.certificates]
    for record in records.values():
        if isinstance(record.value, wallet_instances.Instance):
            named += [attested.entry for attested in record.value.attested]
        elif isinstance(record.value, wallet_provider.KeyStorage):
            named.append(record.value.entry)
    return Ledger(records=records, used=used, issuances=issuances, named=tuple(named), lists=lists, given=given)


def await_nothing(coroutine: Coroutine[Any, Any, T]) -> T:
    """What comes of something that waits for nothing."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        value: T = end.value
        return value
    raise RuntimeError("it waits")


async def left_after(database: Database, key: bytes, *, now: int) -> Ledger:
    """What a role whose clock says ``now`` leaves of it when it removes what is over. It is gone from ``database``."""
    await SqlStore(database, key=key, clock=ManualClock(now), random=_no_randomness).purge()
    return read_ledger(database, key)


def sealing_key(table: Any) -> bytes:
    """The key that opens a role's database."""
    return load_secret(table.sealing_key)


_CODECS: Mapping[str, Codec[Any]] = {kind.name: Codec(kind.states) for kind in KINDS}


def _opened(row: Any, seal: Seal) -> Any:
    place = place_of(row.kind, row.id, version=row.version, expires=row.expires)
    return _CODECS[row.kind].decode(seal.open_(row.value, place=place))


# A visit to the log-in may outlive its request, which the same person decided in another tab: it leads nowhere then.
_REFERENCES: Mapping[type[Any], Callable[[Any], Iterator[tuple[str, str]]]] = {
    authorization.AccessToken: lambda token: iter([("grant", token.grant)]),
    authorization.RefreshToken: lambda token: iter([("grant", token.grant)]),
    authorization.UsedCode: lambda code: iter([("grant", code.grant)]),
}
_APART = 2  # seconds that may lie between two records that are made one after the other and live as long


def _references(value: Any, now: int) -> Iterator[tuple[str, str]]:
    if isinstance(value, offers.OpenOffer) and value.offer.pre_authorized is not None:
        yield "pre-authorized code", value.offer.pre_authorized.code
    elif isinstance(value, signin.SignIn):
        # What was presented goes before the time to sign in is over, and ends in a page that says so; no session, and
        # no answer in one, lives for less than the time to scan a code.
        if now < value.requested.expires - LOG_IN_SECONDS + CROSS_DEVICE_SECONDS - _APART:
            yield "presentation session", value.same_device
    elif type(value) in _REFERENCES:
        yield from _REFERENCES[type(value)](value)


def _no_randomness(_count: int) -> bytes:
    raise RuntimeError("reading needs no randomness")
