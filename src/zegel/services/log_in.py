"""The way of a browser through the authorization endpoint, from the wallet's link to the person's decision.

    visit --> Visiting --log_in--> LoggedIn --decide--> a redirect to the wallet
                       --go_to_provider--> return_from_provider -->
                       --ask_wallet------> return_from_wallet ---->
                       --bring_certificate--> ask_wallet --> return_from_wallet -->
                       <------------------------- of somebody else's certificate --
                       --leave--> a redirect to the wallet

A step is found under the browser's session id and nothing else. Each visit has an id of its own, and each log-in
another: nobody can plant a session, and of two tabs neither decides for the other.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias, TypeVar, final

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.primitives.http import HttpResponse
from zegel.protocols.oauth.authorization import nothing_to_issue
from zegel.protocols.oauth.lifetimes import LOG_IN_SECONDS
from zegel.protocols.oidc.upstream import UpstreamRequest
from zegel.protocols.openid4vp.verifier import AwaitingReturn, Requested
from zegel.services.authorization import AuthorizationService, Pending
from zegel.services.health_log_in import HealthLogIn, HealthProof
from zegel.services.issuer import IssuerService, Wanted
from zegel.services.offers import OfferService
from zegel.services.passwords import GuessedNames, PasswordLogIn
from zegel.services.ports import Clock, Kind, KnownPerson, Person, Store, Stored
from zegel.services.presented import PresentationLogIn
from zegel.services.sources import GatheredClaims
from zegel.services.upstream import UpstreamLogIn

MAX_TRIES: Final = 5  # passwords or certificates a visit; but a wallet pushes requests as it likes, each visited anew

_VISIT: Final = "visit"  # there is one, and it stands elsewhere


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Visiting:
    """A wallet sent the browser, and nobody has logged in. What it was sent on with is remembered for its return.

    A visit ``by_certificate`` is for what a health certificate proves; ``proof`` is of the one that was brought.
    """

    request_uri: str
    by_certificate: bool = False
    proof: HealthProof | None = None
    tries: int = 0
    upstream: UpstreamRequest | None = None
    presentation: str | None = None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedIn:
    """A person logged in, and has not decided."""

    request_uri: str
    person: Person


Visit: TypeAlias = Visiting | LoggedIn
VISIT: Final = Kind[Visit](name="visit", states=(Visiting, LoggedIn))


LogInMeans: TypeAlias = PasswordLogIn | UpstreamLogIn | PresentationLogIn
M = TypeVar("M", PasswordLogIn, UpstreamLogIn)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class BringCertificate:
    """The person is to bring a health certificate first."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class NoMoreTries:
    """The person has tried often enough, and can go back to the wallet alone."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a person is asked to decide."""

    pending: Pending
    person: Person
    wanted: tuple[Wanted, ...]


@final
class LogInService:
    """Logs people in and takes their decisions. ``gathered`` is where claims go that come along with a log-in.

    Whoever asks for nothing but the type that ``health`` is for brings a health certificate and presents, in place of
    what ``means`` says.
    """

    def __init__(
        self,
        means: LogInMeans,
        *,
        health: HealthLogIn | None = None,
        authorization: AuthorizationService,
        issuer: IssuerService,
        offers: OfferService,
        gathered: GatheredClaims | None,
        guesses: GuessedNames,
        store: Store,
        clock: Clock,
    ) -> None:
        self.means: Final = means
        self._health = health
        self._authorization = authorization
        self._issuer = issuer
        self._offers = offers
        self._gathered = gathered
        self._guesses = guesses
        self._store = store
        self._clock = clock

    async def visit(self, parameters: Mapping[str, str], *, browser: str) -> Pending:
        """A browser comes from a wallet; ``Denied`` as ``AuthorizationService.read``. ``browser`` is a fresh id."""
        pending = await self._authorization.read(parameters)
        wanted = self._issuer.types_wanted(pending.pushed.credentials)
        by_certificate = self._health is not None and wanted == {self._health.type}
        visiting = Visiting(request_uri=pending.request_uri, by_certificate=by_certificate)
        async with self._store.transaction() as transaction:
            await transaction.put(VISIT, browser, visiting, expires=self._end())
        return pending

    async def look(self, browser: str | None) -> Pending:
        """What the wallet of this browser's visit asks for, while nobody has logged in."""
        stored = await self._load(browser)
        return await self._authorization.look_up(_visiting(stored).request_uri)

    async def has_logged_in(self, browser: str | None) -> bool:
        """Whether somebody has, in this visit, and is to decide."""
        return isinstance((await self._load(browser)).value, LoggedIn)

    async def step(self, browser: str | None) -> LogInMeans | BringCertificate | NoMoreTries:
        """What the person of this visit does next."""
        visiting = _visiting(await self._load(browser))
        if visiting.tries >= MAX_TRIES and visiting.proof is None:
            return NoMoreTries()
        if not visiting.by_certificate:
            return self.means
        return BringCertificate() if visiting.proof is None else self._asking(visiting)

    async def log_in(self, browser: str | None, *, login: str, password: str, renewed: str) -> LoggedIn:
        """Log in with a password; the visit goes on under the id ``renewed``.

        ``Rejected`` with LOG_IN for a name and a password that do not belong together, PERSON, LOG_IN_OPEN, or
        LOG_IN_GUESSES. ``Unavailable`` as ``PasswordLogIn.check_room``, and then no try is counted.
        """
        means = _means(self.means, PasswordLogIn).check_room()
        visiting = await self._count_try(browser, "tries to log in", field="password")
        await self._guesses.count(login)
        person = await means.verify(login, password)
        await self._guesses.forget(login)
        return await self._enter(browser, visiting, person, renewed=renewed)

    async def go_to_provider(self, browser: str | None) -> str:
        """The address at the OpenID Provider to send the browser to."""
        means = _means(self.means, UpstreamLogIn)
        stored = await self._load(browser)
        request, url = await means.begin()
        await self._swap(browser, stored, replace(_visiting(stored), upstream=request))
        return url

    async def return_from_provider(self, browser: str | None, parameters: dict[str, str], *, renewed: str) -> LoggedIn:
        """The browser is back from the provider; ``Rejected`` as ``UpstreamLogIn.finish``, PERSON, LOG_IN_OPEN."""
        means = _means(self.means, UpstreamLogIn)
        stored = await self._load(browser)
        visiting = _visiting(stored)
        # a return serves once, whatever it brings
        await self._swap(browser, stored, replace(visiting, upstream=None), durable=True)
        known = await means.finish(parameters, request=visiting.upstream)
        return await self._enter_with(browser, visiting, known, renewed=renewed)

    async def bring_certificate(self, browser: str | None, text: bytes, *, languages: Sequence[str]) -> Visiting:
        """A health certificate was brought; ``Malformed`` and ``Rejected`` as ``HealthLogIn.prove``, LOG_IN_OPEN."""
        visiting = await self._count_try(browser, "certificates in one log-in", field="code")
        if self._health is None or not visiting.by_certificate:
            raise _another_way()
        proof = self._health.prove(text, languages=languages)
        stored = await self._load(browser)
        changed = replace(_visiting(stored), proof=proof)
        await self._swap(browser, stored, changed)
        return changed

    async def ask_wallet(self, browser: str | None) -> Requested | AwaitingReturn:
        """Ask for a presentation; a question that is open, or answered, stays the one."""
        stored = await self._load(browser)
        visiting = _visiting(stored)
        means = self._asking(visiting)
        known = None if visiting.presentation is None else await means.look(visiting.presentation)
        if known is not None:
            return known
        session, asked = await means.begin(initiator=str(browser))
        await self._swap(browser, stored, replace(visiting, presentation=session))
        return asked

    async def return_from_wallet(self, browser: str | None, *, response_code: str, renewed: str) -> LoggedIn:
        """The browser is back from the wallet; ``Rejected`` as ``PresentationLogIn.finish``, PERSON, LOG_IN_OPEN.

        HEALTH_HOLDER, too. Then neither certificate nor presentation is kept, and others may be brought.
        """
        visiting = _visiting(await self._load(browser))
        means = self._asking(visiting)
        if visiting.presentation is None:
            raise Rejected(Check.LOG_IN_OPEN, "nothing was asked of a wallet in this browser", field=_VISIT)
        known = await means.finish(visiting.presentation, response_code=response_code, initiator=str(browser))
        try:
            if self._health is not None and visiting.proof is not None:
                known = self._health.attest(known, visiting.proof)
            return await self._enter_with(browser, visiting, known, renewed=renewed)
        except Rejected:
            stored = await self._load(browser)
            await self._swap(browser, stored, replace(_visiting(stored), proof=None, presentation=None))
            raise

    async def leave(self, browser: str | None) -> HttpResponse:
        """The person goes back without logging in: the redirect to the wallet, with an error."""
        pending = await self.look(browser)
        await self._end_visit(browser)
        return await self._authorization.refuse(pending)

    async def decision(self, browser: str | None) -> Decision:
        """What the person of this browser is asked."""
        stored = await self._load(browser)
        logged_in = _logged_in(stored)
        pending = await self._authorization.look_up(logged_in.request_uri)
        wanted = await self._issuer.look_at(pending.pushed.credentials, person=logged_in.person.id)
        return Decision(pending=pending, person=logged_in.person, wanted=wanted)

    async def decide(self, browser: str | None, *, approved: bool) -> HttpResponse:
        """Take the person's decision, once: the redirect to the wallet, with a code for what there is, or an error."""
        decision = await self.decision(browser)
        await self._end_visit(browser)
        available = tuple(wanted.credential for wanted in decision.wanted if wanted.available)
        if approved and available:
            subject = decision.person.id
            return await self._authorization.approve(decision.pending, subject=subject, credentials=available)
        if self._gathered is not None:
            await self._gathered.forget(decision.person.id)
        return await self._authorization.refuse(decision.pending, None if available else nothing_to_issue())

    async def _enter_with(
        self, browser: str | None, visiting: Visiting, known: KnownPerson, *, renewed: str
    ) -> LoggedIn:
        logged_in = await self._enter(browser, visiting, known.person, renewed=renewed)
        if self._gathered is not None:
            await self._gathered.keep(known)
        return logged_in

    async def _enter(self, browser: str | None, visiting: Visiting, person: Person, *, renewed: str) -> LoggedIn:
        """The visit goes on under another id, with a person; the old id leads nowhere."""
        pending = await self._authorization.look_up(visiting.request_uri)
        await self._offers.check_person(pending.pushed.issuer_state, person.id)
        logged_in = LoggedIn(request_uri=visiting.request_uri, person=person)
        async with self._store.transaction(durable=True) as transaction:
            if await transaction.take(VISIT, str(browser)) is None:
                raise _nothing_open()
            await transaction.put(VISIT, renewed, logged_in, expires=self._end())
        return logged_in

    async def _end_visit(self, browser: str | None) -> None:
        async with self._store.transaction(durable=True) as transaction:
            if await transaction.take(VISIT, str(browser)) is None:
                raise _nothing_open()

    async def _count_try(self, browser: str | None, what: str, *, field: str) -> Visiting:
        """Count before what was sent is looked at, so that many at once are no more than many in turn."""
        stored = await self._load(browser)
        visiting = _visiting(stored)
        if visiting.tries >= MAX_TRIES:
            raise Rejected(Check.LOG_IN_OPEN, f"expected at most {MAX_TRIES} {what}", field=field)
        counted = replace(visiting, tries=visiting.tries + 1)
        await self._swap(browser, stored, counted)
        return counted

    def _asking(self, visiting: Visiting) -> PresentationLogIn:
        """What asks the wallet in this visit."""
        if visiting.by_certificate and self._health is not None and visiting.proof is not None:
            return self._health.asking
        if visiting.by_certificate or not isinstance(self.means, PresentationLogIn):
            raise _another_way()
        return self.means

    async def _load(self, browser: str | None) -> Stored[Visit]:
        if browser is None:
            raise _nothing_open()
        async with self._store.transaction() as transaction:
            stored = await transaction.load(VISIT, browser)
        if stored is None:
            raise _nothing_open()
        return stored

    async def _swap(self, browser: str | None, stored: Stored[Visit], visit: Visit, *, durable: bool = False) -> Visit:
        async with self._store.transaction(durable=durable) as transaction:
            swapped = await transaction.swap(VISIT, str(browser), visit, version=stored.version, expires=self._end())
        if not swapped:
            raise Rejected(Check.LOG_IN_OPEN, "another page of this browser was first", field=_VISIT)
        return visit

    def _end(self) -> int:
        return self._clock.now() + LOG_IN_SECONDS


def _means(means: LogInMeans, kind: type[M]) -> M:
    if not isinstance(means, kind):
        raise _another_way()
    return means


def _another_way() -> Rejected:
    return Rejected(Check.LOG_IN_OPEN, "people log in here in another way", field="path")


def _visiting(stored: Stored[Visit]) -> Visiting:
    if not isinstance(stored.value, Visiting):
        raise Rejected(Check.LOG_IN_OPEN, "somebody has logged in already", field=_VISIT)
    return stored.value


def _logged_in(stored: Stored[Visit]) -> LoggedIn:
    if not isinstance(stored.value, LoggedIn):
        raise Rejected(Check.LOG_IN_OPEN, "expected a log-in before the decision", field=_VISIT)
    return stored.value


def _nothing_open() -> Rejected:
    return Rejected(Check.LOG_IN_OPEN, "nothing is open in this browser, or it took too long", field="cookie")
