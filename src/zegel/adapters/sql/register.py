"""The register on SQL: an entry sealed, its public part beside it, what finds it in an index of its own, and the log.

A term is a hash of 16 bytes, and finds its parties by ``Postings``; names are looked through by SQLite's own index of
words (FTS5). Both give their entries in the order of their cursors, so that a page costs as little as a short list.
"""

from collections.abc import Sequence
from hashlib import sha256
from itertools import islice
from typing import Any, Final, final

from sqlalchemy import bindparam, column, delete, insert, select, table, update

from zegel.adapters.codec import Codec
from zegel.adapters.sealing import Seal, place_of
from zegel.adapters.sql.database import Database
from zegel.adapters.sql.postings import Postings
from zegel.adapters.sql.tables import register_changes, register_parties
from zegel.primitives.json import encode_json
from zegel.services.register_ports import Entry, Findable, Found, Hits, StoredEntry
from zegel.trust.register.build import build_public_party
from zegel.trust.register.changes import Change, LogHead
from zegel.trust.register.states import Deed
from zegel.trust.register.terms import ALL, Term, terms_of, words_of

# the filters that find the fewest come first: the first one leads, and the others are looked up where it finds anything
_ORDER: Final = (
    "identifier", "intendeduseidentifier", "policy", "legalname", "tradename", "usesintermediary",
    "providesattestation", "claimpath", "credentialmeta", "credentialformat", "entitlement", "isintermediary", "all",
)  # fmt: skip
_TERM_BYTES: Final = 16
_MAX_WORDS: Final = 8  # of a search; more do not find less
_LOOKED_THROUGH: Final = 10_000  # parties whose names have the words, where terms are asked for too; it takes some 5 ms
_COUNTED: Final = 1_000  # rows of the index that an audit has in memory, of a kilobyte at the most
_CODEC: Final = Codec((Entry,))
_KIND: Final = "registration"
_NO_END: Final = 0

_parties: Final = register_parties.c
_changes: Final = register_changes.c
_words: Final = table("register_words", column("rowid"), column("register_words"), column("names"))
_ROW: Final = (_parties.id, _parties.identifier, _parties.version, _parties.change, _parties.public, _parties.value)
_BY_IDENTIFIER: Final = select(*_ROW).where(_parties.identifier == bindparam("identifier_"))
_BY_OWNER: Final = select(*_ROW).where(_parties.owner == bindparam("owner_")).order_by(_parties.id)
_PAGE: Final = select(*_ROW).where(_parties.id > bindparam("after_")).order_by(_parties.id).limit(bindparam("limit_"))
_WAITING: Final = _PAGE.where(_parties.waiting)
_COLUMNS: Final = ("identifier", "owner", "standing", "waiting", "version", "change", "public", "value")
_ADD: Final = insert(register_parties).values({name: bindparam(name) for name in _COLUMNS})
_UPDATE: Final = (
    update(register_parties)
    .where(_parties.id == bindparam("id_"))
    .values({name: bindparam(name) for name in _COLUMNS if name != "identifier"})
)
_FORGET_WORDS: Final = delete(_words).where(_words.c.rowid == bindparam("party_"))
_NAMED: Final = (
    select(_words.c.rowid)
    .where(_words.c.register_words.op("MATCH")(bindparam("words_")), _words.c.rowid > bindparam("after_"))
    .order_by(_words.c.rowid)
    .limit(bindparam("limit_"))
)
_PUBLIC: Final = select(_parties.id, _parties.identifier, _parties.public).where(_parties.id == bindparam("id_"))
_DERIVED: Final = select(_parties.standing, _parties.waiting, _parties.owner).where(_parties.id == bindparam("id_"))
_WORDS: Final = select(_words.c.names).where(_words.c.rowid == bindparam("id_"))
_ADD_WORDS: Final = insert(_words).values(rowid=bindparam("party_"), names=bindparam("names_"))
_APPEND: Final = insert(register_changes).values({each.name: bindparam(each.name) for each in register_changes.columns})
_LAST: Final = select(_changes.sequence, _changes.hash).order_by(_changes.sequence.desc()).limit(1)
_CHANGES: Final = (
    select(*[each for each in register_changes.columns if each.name != "hash"])
    .where(_changes.sequence > bindparam("after_"))
    .order_by(_changes.sequence)
    .limit(bindparam("limit_"))
)


@final
class SqlRegister:
    """``Register`` within a transaction."""

    def __init__(self, database: Database, *, seal: Seal) -> None:
        self._database = database
        self._seal = seal
        self._postings = Postings(database)

    async def load(self, identifier: str) -> StoredEntry | None:
        """See ``Register``."""
        row = self._database.run(_BY_IDENTIFIER, {"identifier_": identifier}).fetchone()
        return None if row is None else self._opened(row)[1]

    async def save(self, entry: Entry, change: Change) -> None:
        """See ``Register``."""
        registration = entry.registration
        row = self._database.run(_BY_IDENTIFIER, {"identifier_": registration.identifier}).fetchone()
        version = 1 if row is None else row[2] + 1
        public = registration.public
        place = _place(registration.identifier, version)
        values = {
            "identifier": registration.identifier,
            "owner": self._seal.pseudonym("owner", registration.owner),
            "standing": str(registration.standing),
            "waiting": registration.proposal is not None,
            "version": version,
            "change": change.sequence,
            "public": None if public is None else encode_json(build_public_party(public)),
            "value": self._seal.seal(_CODEC.encode(entry), place=place),
        }
        if row is None:
            party = self._database.run(_ADD, values).lastrowid
        else:
            party = row[0]
            self._database.run(_UPDATE, values | {"id_": party})
            self._forget(party, self._opened(row)[1].entry)
        if public is not None:
            self._postings.add(sorted(map(term_hash, terms_of(public))), party)
            self._database.run(_ADD_WORDS, {"party_": party, "names_": words_of(public)})
        await self.append(change)

    async def append(self, change: Change) -> None:
        """See ``Register``."""
        self._database.run(_APPEND, _row_of(change))

    async def search(self, terms: Sequence[Term], *, text: str, after: int, limit: int) -> Hits:
        """See ``Register``."""
        ordered = sorted(set(terms), key=lambda term: _ORDER.index(term[0]))
        hashes, words = [term_hash(term) for term in ordered], _match(text)
        if not words:
            parties = list(islice(self._postings.find(hashes or [term_hash(ALL)], after=after), limit + 1))
            return self._hits(parties[:limit], parties[limit - 1] if len(parties) > limit else None)
        if not hashes:
            parties = self._named(words, after=after, limit=limit + 1)
            return self._hits(parties[:limit], parties[limit - 1] if len(parties) > limit else None)
        named = self._named(words, after=after, limit=_LOOKED_THROUGH)
        parties = list(islice(self._postings.among(hashes, named), limit))
        if len(parties) == limit:
            return self._hits(parties, parties[-1])
        return self._hits(parties, named[-1] if len(named) == _LOOKED_THROUGH else None)

    async def of_owner(self, owner: str) -> tuple[Entry, ...]:
        """See ``Register``."""
        rows = self._database.run(_BY_OWNER, {"owner_": self._seal.pseudonym("owner", owner)}).fetchall()
        return tuple(self._opened(row)[1].entry for row in rows)

    async def waiting(self, *, after: int, limit: int) -> tuple[tuple[int, Entry], ...]:
        """See ``Register``."""
        rows = self._database.run(_WAITING, {"after_": after, "limit_": limit}).fetchall()
        return tuple((cursor, stored.entry) for cursor, stored in map(self._opened, rows))

    async def entries(self, *, after: int, limit: int) -> tuple[tuple[int, StoredEntry], ...]:
        """See ``Register``."""
        return tuple(map(self._opened, self._database.run(_PAGE, {"after_": after, "limit_": limit}).fetchall()))

    async def findable(self, page: Sequence[tuple[int, StoredEntry]]) -> Findable:
        """See ``Register``."""
        terms: dict[bytes, list[int]] = {}
        astray = ""
        for party, stored in page:
            public = stored.entry.registration.public
            astray = astray or self._astray(party, stored)
            for term in () if public is None else terms_of(public):
                terms.setdefault(term_hash(term), []).append(party)
        for _, party in self._postings.missing(terms):
            name = dict(page)[party].entry.registration.identifier
            astray = astray or f"{name} is registered, and a term of its own does not find it"
        return Findable(terms=sum(map(len, terms.values())), astray=astray)

    async def finds(self, *, after: bytes) -> tuple[int, bytes | None]:
        """See ``Register``."""
        return self._postings.count(after=after, limit=_COUNTED)

    def _astray(self, party: int, stored: StoredEntry) -> str:
        """What of standing, what waits, whose it is, and the words of its names is not as what is sealed says."""
        registration = stored.entry.registration
        row = self._database.run(_DERIVED, {"id_": party}).fetchone()
        owner = self._seal.pseudonym("owner", registration.owner)
        wanted = (str(registration.standing), registration.proposal is not None, owner)
        for name, found, expected in zip(("standing", "waiting", "owner"), row, wanted, strict=True):
            if found != expected:
                return f"{registration.identifier} is registered, and its column {name} says something else"
        public, words = registration.public, self._database.run(_WORDS, {"id_": party}).fetchone()
        if (None if words is None else words[0]) != (None if public is None else words_of(public)):
            return f"{registration.identifier} is registered, and the words that find it are others"
        return ""

    async def head(self) -> LogHead:
        """See ``Register``."""
        row = self._database.run(_LAST, {}).fetchone()
        return LogHead() if row is None else LogHead(size=row[0], hash=row[1])

    async def changes(self, *, after: int, limit: int) -> tuple[Change, ...]:
        """See ``Register``."""
        rows = self._database.run(_CHANGES, {"after_": after, "limit_": limit}).fetchall()
        return tuple(_change(row) for row in rows)

    def _named(self, words: str, *, after: int, limit: int) -> list[int]:
        values = {"words_": words, "after_": after, "limit_": limit}
        return [row[0] for row in self._database.run(_NAMED, values).fetchall()]

    def _hits(self, parties: Sequence[int], after: int | None) -> Hits:
        rows = [self._database.run(_PUBLIC, {"id_": party}).fetchone() for party in parties]
        found = (Found(cursor=cursor, identifier=name, document=document) for cursor, name, document in rows)
        return Hits(found=tuple(found), after=after)

    def _forget(self, party: int, entry: Entry) -> None:
        """What found the entry as it was."""
        public = entry.registration.public
        if public is not None:
            self._postings.forget(sorted(map(term_hash, terms_of(public))), party)
            self._database.run(_FORGET_WORDS, {"party_": party})

    def _opened(self, row: Any) -> tuple[int, StoredEntry]:
        cursor, identifier, version, change, public, sealed = row
        entry = _CODEC.decode(self._seal.open_(sealed, place=_place(identifier, version)))
        # every change that is logged makes the next version, and the version is under the seal
        return cursor, StoredEntry(entry=entry, change=change, changes=version, document=public)


def term_hash(term: Term) -> bytes:
    """A term as it stands in the index."""
    return sha256("\0".join(term).encode()).digest()[:_TERM_BYTES]


def entry_sealed_again(identifier: str, version: int, sealed: bytes, *, old: Seal, new: Seal) -> tuple[bytes, bytes]:
    """The owner's column and the value under a new key; ``Unavailable`` when it does not open under the old one."""
    place = _place(identifier, version)
    value = old.open_(sealed, place=place)
    owner = _CODEC.decode(value).registration.owner
    return new.pseudonym("owner", owner), new.seal(value, place=place)


def _match(text: str) -> str:
    """Words that begin so, in the query language of FTS5, where quotes leave nothing else of it."""
    words = "".join(letter if letter.isalnum() else " " for letter in text).split()[:_MAX_WORDS]
    return " ".join(f'"{word}"*' for word in words)


def _place(identifier: str, version: int) -> bytes:
    return place_of(_KIND, identifier.encode(), version=version, expires=_NO_END)


def _row_of(change: Change) -> dict[str, Any]:
    return {
        "sequence": change.sequence,
        "at": change.at,
        "deed": str(change.deed),
        "identifier": change.identifier,
        "by": change.by,
        "digest": change.digest,
        "previous": change.previous,
        "hash": change.hash,
    }


def _change(row: Any) -> Change:
    sequence, at, deed, identifier, by, digest, previous = row
    return Change(
        sequence=sequence, at=at, deed=Deed(deed), identifier=identifier, by=by, digest=digest, previous=previous
    )
