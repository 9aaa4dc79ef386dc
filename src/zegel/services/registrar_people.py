"""Who the registrar knows: people by their sign-in, officers by enrolment, and the programs of parties by a token.

A person is known by the subject of the OpenID Provider alone. An officer is enrolled once, with a code that the
operator hands over; nobody is signed in with both duties.
"""

from dataclasses import dataclass, field
from typing import Final, TypeAlias, final

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.primitives.encoding import base64url
from zegel.protocols.oidc.upstream import UpstreamRequest
from zegel.services.ports import FOR_EVER, Clock, Kind, Random, Store
from zegel.services.upstream import UpstreamLogIn
from zegel.trust.register.states import Actor, Duty

SIGN_IN_SECONDS: Final = 600  # as long as a presentation may take at the provider
SESSION_SECONDS: Final = 3_600  # of an officer's or a party's work without signing in again
CODE_SECONDS: Final = 86_400  # for an officer to enrol
TOKEN_SECONDS: Final = 7_776_000  # a party's program signs in anew after a quarter of a year
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
    """Somebody is signed in, for one duty. ``enrolled`` says that an officer's code was shown before."""

    subject: str
    name: str
    duty: Duty
    enrolled: bool

    @property
    def actor(self) -> Actor:
        """Who moves registrations; ``Rejected(REGISTER_DUTY)`` for an officer who is not enrolled."""
        if self.duty is Duty.OFFICER and not self.enrolled:
            raise Rejected(Check.REGISTER_DUTY, "expected an officer who is enrolled")
        return Actor(subject=self.subject, duty=self.duty)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Officer:
    """A person who may decide."""

    subject: str


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class EnrolmentCode:
    """Whoever shows the code of this record becomes an officer."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class PartyToken:
    """In whose name a program moves registrations."""

    subject: str = field(repr=False)


Session: TypeAlias = SigningIn | SignedIn
SESSION: Final[Kind[Session]] = Kind(name="registrar session", states=(SigningIn, SignedIn))
OFFICER: Final = Kind(name="officer", states=(Officer,))
ENROLMENT: Final = Kind(name="enrolment code", states=(EnrolmentCode,))
TOKEN: Final = Kind(name="party token", states=(PartyToken,))


@final
class RegistrarPeople:
    """Signs people in at one OpenID Provider."""

    def __init__(self, log_in: UpstreamLogIn, *, store: Store, clock: Clock, random: Random) -> None:
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
            enrolled = await transaction.load(OFFICER, known.person.id) is not None
            signed_in = SignedIn(subject=known.person.id, name=known.person.name, duty=begun.duty, enrolled=enrolled)
            await transaction.put(SESSION, renewed, signed_in, expires=self._clock.now() + SESSION_SECONDS)
        return signed_in

    async def session(self, browser: str | None) -> SignedIn | None:
        """Who is signed in with this browser."""
        if browser is None:
            return None
        async with self._store.transaction() as transaction:
            stored = await transaction.load(SESSION, browser)
        return stored.value if stored is not None and isinstance(stored.value, SignedIn) else None

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
            if await transaction.take(ENROLMENT, code.strip().lower()) is None:
                raise Rejected(Check.REGISTER_DUTY, "expected a code that the operator made, unused", field="code")
            subject = stored.value.subject
            if await transaction.load(OFFICER, subject) is None:
                await transaction.put(OFFICER, subject, Officer(subject=subject), expires=FOR_EVER)
            enrolled = SignedIn(subject=subject, name=stored.value.name, duty=Duty.OFFICER, enrolled=True)
            await transaction.swap(SESSION, browser, enrolled, version=stored.version, expires=stored.expires)
        return enrolled

    async def new_token(self, subject: str) -> str:
        """A token with which a program moves what this person registered."""
        token = base64url(self._random(_SECRET_BYTES))
        async with self._store.transaction(durable=True) as transaction:
            await transaction.put(TOKEN, token, PartyToken(subject=subject), expires=self._clock.now() + TOKEN_SECONDS)
        return token

    async def bearer(self, token: str) -> Actor:
        """In whose name a program comes; ``Rejected(REGISTER_TOKEN)`` for nobody's."""
        async with self._store.transaction() as transaction:
            stored = await transaction.load(TOKEN, token)
        if stored is None:
            raise Rejected(Check.REGISTER_TOKEN, "expected a token that the registrar gave out")
        return Actor(subject=stored.value.subject, duty=Duty.PARTY)
