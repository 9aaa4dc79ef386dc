"""The register as it is given out: signed answers of the interface of TS5 1.3, and the signed head of its log.

Whatever is answered here comes from what is public of a registration; the contact is in nothing that is read.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, final

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.primitives.json import Json, encode_json, parse_object
from zegel.primitives.keys import Signer
from zegel.primitives.x509 import DAY
from zegel.services.ports import FOR_EVER, Clock, Kind
from zegel.services.register_ports import Found, Register, RegistrarStore, RegistrarTransaction, StoredEntry
from zegel.trust.register.access import AccessRecord, build_access_record
from zegel.trust.register.answers import sign_answer
from zegel.trust.register.build import build_public_party
from zegel.trust.register.changes import LogHead, check_kept, registration_digest, sign_log_head
from zegel.trust.register.parse import read_public_party
from zegel.trust.register.states import OF_PEOPLE
from zegel.trust.register.terms import Term, UseQuestion, uses_match

MAX_PAGE: Final = 100  # parties of one answer: some 400 kB
DEFAULT_PAGE: Final = 20  # TS5 1.3, OpenAPI description
_MAX_ANSWER: Final = 1 << 20  # bytes, but for a single party: twice what a page of a hundred has, whoever asks for it
_LOOKED_THROUGH: Final = 20  # candidates for a question about one use, 0.4 ms each; the cursor goes on from there
_AUDITED: Final = 200  # entries of the log in memory at a time
MAX_ACCESS_CERTIFICATES: Final = 200  # of one party, in force, that the register knows of; each is a kilobyte


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class AccessCertificates:
    """What authorities told of a party's access certificates: where each was logged (TS5 1.3 section 3.2.1)."""

    certificates: tuple[str, ...] = ()


ACCESS: Final = Kind(name="access certificates", states=(AccessCertificates,))


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is looked for, how many at a time, and after which cursor."""

    terms: tuple[Term, ...] = ()
    text: str = ""
    use: UseQuestion | None = None
    limit: int = DEFAULT_PAGE
    after: int = 0


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Parties as JSON, and the cursor of the next page; None at the end."""

    documents: tuple[bytes, ...]
    after: int | None
    access: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Audited:
    """A log that was followed to its end, and how many entries of the register stand as it says."""

    head: LogHead
    parties: int


@final
class RegisterReader:
    """Answers for all. ``signer`` signs the answers, under a key that is published."""

    def __init__(self, origin: str, *, signer: Signer, kid: str, store: RegistrarStore, clock: Clock) -> None:
        self._origin = origin
        self._signer = signer
        self._kid = kid
        self._store = store
        self._clock = clock

    def sign_with(self, signer: Signer, kid: str) -> None:
        """From now on this one signs answers."""
        self._signer = signer
        self._kid = kid

    async def search(self, question: Question) -> Page:
        """A page of what is registered."""
        async with self._store.transaction() as transaction:
            found, after = await _search(transaction.register, question)
            return await _page(transaction, found, after)

    async def party(self, identifier: str, *, named: str = "identifier") -> Page:
        """One party, in a page of its own; ``Rejected(REGISTER_ENTRY)`` when it is not registered.

        ``named`` is what the identifier is called where it is asked for.
        """
        async with self._store.transaction() as transaction:
            # whose certificates carry it, before any that names it among others
            own = await transaction.register.load(identifier)
            if own is not None and own.document is not None:
                document, name = own.document, identifier
            else:
                hits = await transaction.register.search((("identifier", identifier),), text="", after=0, limit=1)
                if not hits.found:
                    raise _unregistered(named)
                document, name = hits.found[0].document, hits.found[0].identifier
            access = [await _access(transaction, name)]
        return Page(documents=(document,), after=None, access=_told(access))

    async def has_use(self, identifier: str, question: UseQuestion) -> bool:
        """Whether a registered party has an intended use as asked (TS5 1.3 section 3.2.2)."""
        page = await self.party(identifier, named="rpidentifier")
        return uses_match(read_public_party(page.documents[0]), question)

    async def note_access_certificate(self, identifier: str, record: AccessRecord) -> int:
        """An authority tells of an access certificate, with where it was logged; how many are known then.

        One whose time is over is forgotten: its authority and the log keep it for good. ``Rejected(REGISTER_ENTRY)``
        for a party that was never registered, whose registration may have ended meanwhile.
        """
        text = encode_json(build_access_record(record)).decode()
        async with self._store.transaction(durable=True) as transaction:
            entry = await transaction.register.load(identifier)
            if entry is None or entry.entry.registration.party is None:
                raise _unregistered()
            stored = await transaction.load(ACCESS, identifier)
            if stored is None:
                known = AccessCertificates(certificates=(text,))
                await transaction.put(ACCESS, identifier, known, expires=FOR_EVER)
                return 1
            told = tuple(each for each in stored.value.certificates if _in_force(each, now=self._clock.now()))
            if text in told:  # the authority was told so, and did not hear it
                return len(told)
            if len(told) >= MAX_ACCESS_CERTIFICATES:
                raise Malformed("request", "certificate", f"expected at most {MAX_ACCESS_CERTIFICATES} of one party")
            known = AccessCertificates(certificates=(*told, text))
            swapped = await transaction.swap(ACCESS, identifier, known, version=stored.version, expires=FOR_EVER)
            assert swapped  # loaded in this very transaction
            return len(known.certificates)

    async def head(self) -> bytes:
        """The signed head of the log."""
        async with self._store.transaction() as transaction:
            head = await transaction.register.head()
        return sign_log_head(head, issuer=self._origin, signer=self._signer, now=self._clock.now())

    def sign(self, data: Json, **more: Json) -> bytes:
        """An answer that is signed: ``{iss, iat, data}``, and what comes beside it."""
        return self._signed(encode_json(data), more)

    def sign_page(self, page: Page, *, one: bool) -> bytes:
        """A page that is signed: an array of parties, or ``one``."""
        data = page.documents[0] if one else b"[" + b",".join(page.documents) + b"]"
        more: dict[str, Json] = {}
        if not one:
            more["pagination"] = {"has_next_page": page.after is not None} | (
                {} if page.after is None else {"next_cursor": str(page.after)}
            )
        if page.access:
            more["accessCertificates"] = {
                name: [parse_object(each, what="record") for each in told if _in_force(each, now=self._clock.now())]
                for name, told in page.access.items()
            }
        return self._signed(data, more)

    def _signed(self, data: bytes, more: Mapping[str, Json]) -> bytes:
        return sign_answer(data, more, issuer=self._origin, signer=self._signer, kid=self._kid, now=self._clock.now())


def _unregistered(field: str = "identifier") -> Rejected:
    return Rejected(Check.REGISTER_ENTRY, "expected an identifier that is registered here", field=field)


async def audit(store: RegistrarStore, kept: Sequence[LogHead] = ()) -> Audited:
    """Follow the log from its first entry to its end, past every head that somebody kept, in constant memory.

    And see that each entry of the register, what it gives out, and what it is found by are as its last change says,
    that nothing else finds it, and that no change is of an entry that is gone or was put back.
    ``Rejected(REGISTER_LOG)`` names the first that is not.
    """
    head = LogHead()
    others = 0  # changes that are about people, and no registration
    heads = sorted(kept, key=lambda each: each.size)
    while True:
        async with store.transaction() as transaction:  # one for each page, so that nobody has to wait for long
            changes = await transaction.register.changes(after=head.size, limit=_AUDITED)
            if not changes and head != await transaction.register.head():
                raise Rejected(Check.REGISTER_LOG, f"entry {head.size} is not what its own hash says")
        for change in changes:
            head = head.follow(change)
            others += change.deed in OF_PEOPLE
            while heads and heads[0].size <= head.size:
                check_kept(head, heads.pop(0))
        if not changes:
            break
    for each in heads:
        check_kept(head, each)
    return Audited(head=head, parties=await _audit_entries(store, head, others=others))


async def _audit_entries(store: RegistrarStore, head: LogHead, *, others: int) -> int:
    count, after, changes, terms = 0, 0, others, 0
    while True:
        async with store.transaction() as transaction:
            page = await transaction.register.entries(after=after, limit=_AUDITED)
            for after, stored in page:  # noqa: B007 the last cursor is where the next page begins
                await _check_logged(transaction.register, stored)
                changes += stored.changes
            findable = await transaction.register.findable(page)
            terms += findable.terms
            if findable.astray:
                raise Rejected(Check.REGISTER_LOG, findable.astray)
            reached = await transaction.register.head()
        if not page:
            break
        count += len(page)
    if not head.size <= changes <= reached.size:  # the register goes on meanwhile; where it does not, they are the same
        detail = f"{changes} changes led to what is registered, and {reached.size} are logged: an entry is gone or old"
        raise Rejected(Check.REGISTER_LOG, detail)
    if head == reached and (found := await _count_finds(store)) != terms and await _stands(store, head):
        detail = f"{terms} terms are registered, and the index finds {found}: it finds parties by what they have not"
        raise Rejected(Check.REGISTER_LOG, detail)
    return count


async def _count_finds(store: RegistrarStore) -> int:
    """How many parties all terms find together; of a register that goes on meanwhile it would say little."""
    count, after = 0, b""
    while True:
        async with store.transaction() as transaction:
            found, last = await transaction.register.finds(after=after)
        count += found
        if last is None:
            return count
        after = last


async def _stands(store: RegistrarStore, head: LogHead) -> bool:
    """Whether nothing was registered meanwhile."""
    async with store.transaction() as transaction:
        return await transaction.register.head() == head


async def _check_logged(register: Register, stored: StoredEntry) -> StoredEntry:
    registration = stored.entry.registration
    found = await register.changes(after=stored.change - 1, limit=1)
    as_logged = bool(found) and found[0].identifier == registration.identifier
    if not as_logged or found[0].digest != registration_digest(registration):
        detail = f"what is registered is not as entry {stored.change} of the log says"
        raise Rejected(Check.REGISTER_LOG, detail)
    public = registration.public
    if stored.document != (None if public is None else encode_json(build_public_party(public))):
        detail = f"what is given out is not as entry {stored.change} of the log says"
        raise Rejected(Check.REGISTER_LOG, detail)
    return stored


async def _search(register: Register, question: Question) -> tuple[tuple[Found, ...], int | None]:
    """A page and the cursor of the next; of a question about one use, what fits among so many candidates."""
    if question.use is None:
        hits = await register.search(question.terms, text=question.text, after=question.after, limit=question.limit)
        return hits.found, hits.after
    candidates = await register.search(question.terms, text=question.text, after=question.after, limit=_LOOKED_THROUGH)
    fitting = []
    for each in candidates.found:
        if uses_match(read_public_party(each.document), question.use):
            fitting.append(each)
            if len(fitting) == question.limit:
                return tuple(fitting), each.cursor
    return tuple(fitting), candidates.after


async def _page(transaction: RegistrarTransaction, found: Sequence[Found], after: int | None) -> Page:
    """What was found, with the access certificates; where that is too much for one answer, the page ends sooner."""
    shown: list[Found] = []
    access = []
    size = 0
    for each in found:
        name, told = await _access(transaction, each.identifier)
        size += len(each.document) + sum(map(len, told))
        if shown and size > _MAX_ANSWER:
            after = shown[-1].cursor
            break
        shown.append(each)
        access.append((name, told))
    return Page(documents=tuple(each.document for each in shown), after=after, access=_told(access))


async def _access(transaction: RegistrarTransaction, identifier: str) -> tuple[str, tuple[str, ...]]:
    stored = await transaction.load(ACCESS, identifier)
    return identifier, () if stored is None else stored.value.certificates


def _in_force(record: str, *, now: int) -> bool:
    """Whether a record tells of a certificate whose time is not over, a list of revoked ones has it no more a day later
    (RFC 5280 section 3.3); one that says nothing of its end has none."""
    expires = parse_object(record, what="record").get("expires")
    return type(expires) is not int or now < expires + DAY


def _told(access: Sequence[tuple[str, tuple[str, ...]]]) -> dict[str, tuple[str, ...]]:
    return {identifier: told for identifier, told in access if told}
