"""Who the registrar knows: people by their sign-in, officers by enrolment, and the programs of parties by a token.

A person is known by the subject of the OpenID Provider alone. An officer is enrolled once, with a code that the
operator hands over, and may be dismissed; nobody is signed in with both duties. A session is looked at anew at each
request, so that whoever is dismissed, or let in by what was withdrawn, is so at once.
"""

from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias, final

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.primitives.encoding import base64url
from zegel.protocols.oidc.upstream import UpstreamRequest
from zegel.services.ports import FOR_EVER, Clock, Kind, Random
from zegel.services.register_ports import RegistrarStore, RegistrarTransaction
from zegel.services.registrar_admission import PASSKEY_OWNER, Admission, load_admission, save_admission
from zegel.services.upstream import UpstreamLogIn
from zegel.trust.register.changes import Change, person_digest
from zegel.trust.register.states import Actor, Deed, Duty

SIGN_IN_SECONDS: Final = 600  # as long as a presentation may take at the provider
SESSION_SECONDS: Final = 3_600  # of an officer's or a party's work without signing in again
CODE_SECONDS: Final = 86_400  # for an officer to enrol
TOKEN_SECONDS: Final = 7_776_000  # a party's program signs in anew after a quarter of a year
OFFICERS: Final = 20  # that are shown at a time
_SECRET_BYTES: Final = 32
_CODE_BYTES: Final = 10  # 80 bits: nobody guesses that in a day


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class SigningIn:
    """Somebody was sent to the provider."""

    request: UpstreamRequest
    duty: Duty


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """Somebody is signed in, for one duty. ``enrolled`` says that an officer's code was shown before.

    ``generation`` is that of the person's sessions when this one began, ``passkey`` the id of the one that began it.
    """

    subject: str
    name: str
    duty: Duty
    enrolled: bool
    generation: int = 0
    passkey: str = ""

    def stands(self, admission: Admission) -> bool:
        """Whether what let the person in still does."""
        by = not self.passkey or any(each.id == self.passkey for each in admission.passkeys)
        return by and self.generation == admission.sessions

    def check_stands(self, admission: Admission) -> Admission:
        """Return it if what let the person in still does; ``Rejected(REGISTER_DUTY)`` otherwise.

        For what is written: whatever was withdrawn since the session was looked at gets nothing new.
        """
        if not self.stands(admission):
            raise Rejected(Check.REGISTER_DUTY, "expected somebody signed in")
        return admission

    @property
    def actor(self) -> Actor:
        """Who moves registrations; ``Rejected(REGISTER_DUTY)`` for an officer who is not enrolled."""
        if self.duty is Duty.OFFICER and not self.enrolled:
            raise Rejected(Check.REGISTER_DUTY, "expected an officer who is enrolled")
        return Actor(subject=self.subject, duty=self.duty)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Officer:
    """A person who may decide, since a time that is zero where it is not known."""

    subject: str
    name: str = ""
    since: int = 0


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class EnrolmentCode:
    """Whoever shows the code of this record becomes an officer."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class PartyToken:
    """In whose name a program moves registrations; ``generation`` is that of the person's tokens when it was made."""

    subject: str = field(repr=False)
    generation: int = 0


Session: TypeAlias = SigningIn | SignedIn
SESSION: Final[Kind[Session]] = Kind(name="registrar session", states=(SigningIn, SignedIn))
OFFICER: Final = Kind(name="officer", states=(Officer,))
ENROLMENT: Final = Kind(name="enrolment code", states=(EnrolmentCode,))
TOKEN: Final = Kind(name="party token", states=(PartyToken,))


@final
class RegistrarPeople:
    """Signs people in at one OpenID Provider."""

    def __init__(self, log_in: UpstreamLogIn, *, store: RegistrarStore, clock: Clock, random: Random) -> None:
        self._log_in = log_in
        self._store = store
        self._clock = clock
        self._random = random

    async def begin(self, browser: str, *, duty: Duty) -> str:
        """Remember that this browser goes to sign in; the address to send it to."""
        request, address = await self._log_in.begin()
        async with self._store.transaction() as transaction:
            await transaction.take(SESSION, browser)
            await transaction.put(
                SESSION, browser, SigningIn(request=request, duty=duty), expires=self._clock.now() + SIGN_IN_SECONDS
            )
        return address

    async def finish(self, browser: str, parameters: dict[str, str], *, renewed: str) -> SignedIn:
        """Who came back, under a new session id; the refusals of ``protocols.oidc.upstream``."""
        async with self._store.transaction(durable=True) as transaction:
            begun = await transaction.take(SESSION, browser)
        request = begun.request if isinstance(begun, SigningIn) else None
        known = await self._log_in.finish(parameters, request=request)
        assert isinstance(begun, SigningIn)  # without a request nobody gets here
        async with self._store.transaction(durable=True) as transaction:
            admission, _ = await load_admission(transaction, known.person.id)
            signed_in = SignedIn(
                subject=known.person.id,
                name=known.person.name,
                duty=begun.duty,
                enrolled=await transaction.load(OFFICER, known.person.id) is not None,
                generation=admission.sessions,
            )
            await transaction.put(SESSION, renewed, signed_in, expires=self._clock.now() + SESSION_SECONDS)
        return signed_in

    async def session(self, browser: str | None) -> SignedIn | None:
        """Who is signed in with this browser, as things stand now."""
        if browser is None:
            return None
        async with self._store.transaction() as transaction:
            stored = await transaction.load(SESSION, browser)
            if stored is None or not isinstance(stored.value, SignedIn):
                return None
            signed_in = stored.value
            admission, _ = await load_admission(transaction, signed_in.subject)
            enrolled = await transaction.load(OFFICER, signed_in.subject) is not None
        return replace(signed_in, enrolled=enrolled) if signed_in.stands(admission) else None

    async def sign_out(self, browser: str) -> None:
        """End a session."""
        async with self._store.transaction(durable=True) as transaction:
            await transaction.take(SESSION, browser)

    async def new_code(self) -> str:
        """A code with which one person becomes an officer, at the operator's word."""
        code = self._random(_CODE_BYTES).hex()
        async with self._store.transaction(durable=True) as transaction:
            await transaction.put(ENROLMENT, code, EnrolmentCode(), expires=self._clock.now() + CODE_SECONDS)
        return code

    async def enrol(self, browser: str, code: str) -> SignedIn:
        """Make the person who is signed in as officer one, for good; ``Rejected(REGISTER_DUTY)`` for a wrong code."""
        async with self._store.transaction(durable=True) as transaction:
            stored = await transaction.load(SESSION, browser)
            if stored is None or not isinstance(stored.value, SignedIn) or stored.value.duty is not Duty.OFFICER:
                raise Rejected(Check.REGISTER_DUTY, "expected somebody signed in as officer")
            signed_in = stored.value
            admission, _ = await load_admission(transaction, signed_in.subject)
            signed_in.check_stands(admission)
            if await transaction.take(ENROLMENT, code.strip().lower()) is None:
                raise Rejected(Check.REGISTER_DUTY, "expected a code that the operator made, unused", field="code")
            if await transaction.load(OFFICER, signed_in.subject) is None:
                officer = Officer(subject=signed_in.subject, name=signed_in.name, since=self._clock.now())
                await transaction.put(OFFICER, officer.subject, officer, expires=FOR_EVER)
                await log_deed(transaction, Deed.ENROLLED, officer.subject, by=officer.subject, at=self._clock.now())
            enrolled = replace(signed_in, enrolled=True)
            swapped = await transaction.swap(SESSION, browser, enrolled, version=stored.version, expires=stored.expires)
            assert swapped  # loaded in this very transaction
        return enrolled

    async def officers(self, *, after: str = "", by: Actor) -> tuple[tuple[str, Officer], ...]:
        """A page of those who may decide, each with the cursor to go on after; ``Malformed`` for another cursor."""
        _check_officer(by)
        try:
            bytes.fromhex(after)
        except ValueError:
            raise Malformed("request", "after", "expected the cursor of the page before") from None
        async with self._store.transaction() as transaction:
            return await transaction.scan(OFFICER, after=after, limit=OFFICERS)

    async def dismiss(self, subject: str, *, by: Actor) -> Officer:
        """An officer is none any more, from the next request on; what was decided stays, and no invitation does.

        ``Rejected`` with REGISTER_ENTRY where there is no such officer, with FOUR_EYES for oneself.
        """
        _check_officer(by)
        if by.subject == subject:
            raise Rejected(Check.FOUR_EYES, "expected another person than the one who is dismissed", field="by")
        async with self._store.transaction(durable=True) as transaction:
            officer = await transaction.take(OFFICER, subject)
            if officer is None:
                raise Rejected(Check.REGISTER_ENTRY, "expected the subject of an officer", field="subject")
            admission, version = await load_admission(transaction, subject)
            await save_admission(transaction, admission.without_invitations(), version=version)
            await log_deed(transaction, Deed.DISMISSED, subject, by=by.subject, at=self._clock.now())
        return officer

    async def withdraw(self, subject: str, *, by: Actor) -> Admission:
        """Have nothing let a person in that does now: no passkey, no token, no session; the wallet still does."""
        _check_officer(by)
        async with self._store.transaction(durable=True) as transaction:
            admission, version = await load_admission(transaction, subject)
            for each in admission.passkeys:
                await transaction.take(PASSKEY_OWNER, each.id)
            await log_deed(transaction, Deed.WITHDRAWN, subject, by=by.subject, at=self._clock.now())
            return await save_admission(transaction, admission.without_anything(), version=version)

    async def withdraw_tokens(self, signed_in: SignedIn) -> Admission:
        """Have no token of this person's programs count any more."""
        async with self._store.transaction(durable=True) as transaction:
            admission, version = await load_admission(transaction, signed_in.subject, name=signed_in.name)
            signed_in.check_stands(admission)
            return await save_admission(transaction, admission.without_tokens(), version=version)

    async def new_token(self, subject: str, *, signed_in: SignedIn | None = None) -> str:
        """A token with which a program moves what this person registered, who is ``signed_in`` if no operator asks."""
        token = base64url(self._random(_SECRET_BYTES))
        async with self._store.transaction(durable=True) as transaction:
            admission, _ = await load_admission(transaction, subject)
            if signed_in is not None:
                signed_in.check_stands(admission)
            value = PartyToken(subject=subject, generation=admission.tokens)
            await transaction.put(TOKEN, token, value, expires=self._clock.now() + TOKEN_SECONDS)
        return token

    async def bearer(self, token: str) -> Actor:
        """In whose name a program comes; ``Rejected(REGISTER_TOKEN)`` for nobody's."""
        async with self._store.transaction() as transaction:
            stored = await transaction.load(TOKEN, token)
            subject = "" if stored is None else stored.value.subject
            admission, _ = await load_admission(transaction, subject)
        if stored is None:
            raise Rejected(Check.REGISTER_TOKEN, "expected a token that the registrar gave out")
        if stored.value.generation != admission.tokens:
            raise Rejected(Check.REGISTER_TOKEN, "expected a token that was not withdrawn")
        return Actor(subject=subject, duty=Duty.PARTY)


async def log_deed(transaction: RegistrarTransaction, deed: Deed, subject: str, *, by: str, at: int) -> Change:
    """Who may decide since when, and who ended what, stands in the log beside what was decided."""
    head = await transaction.register.head()
    change = Change(
        sequence=head.size + 1,
        at=at,
        deed=deed,
        identifier=subject,
        by=by,
        digest=person_digest(subject, deed),
        previous=head.hash,
    )
    await transaction.register.append(change)
    return change


def _check_officer(by: Actor) -> Actor:
    if by.duty is not Duty.OFFICER:
        raise Rejected(Check.REGISTER_DUTY, "expected somebody signed in as officer")
    return by
