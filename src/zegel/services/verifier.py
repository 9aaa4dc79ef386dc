"""The verifier's use cases: ask, serve the request, receive the answer, hand over the result.

``receive`` is the story of a presentation on one screen; its steps stand in ``protocols.openid4vp`` and ``formats``.
"""

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, final

from zegel.checks import Check
from zegel.errors import Malformed, Rejected, Unavailable, ZegelError
from zegel.formats.credential import Format, Status, UnboundPresentation, VerifiedPresentation
from zegel.formats.mdoc.transcript import redirect_transcript
from zegel.formats.presentation import (
    Binding,
    parse_presentation,
    verify_presentation,
    verify_unbound_presentation,
    with_types,
)
from zegel.formats.status.check import check_status
from zegel.primitives.http import HttpRequest, HttpResponse
from zegel.profiles import ClientIdPrefix, Profile, ResponseMode
from zegel.protocols.openid4vp.another_device import ANOTHER_DEVICE
from zegel.protocols.openid4vp.dcql import CredentialQuery, DcqlQuery
from zegel.protocols.openid4vp.matching import is_of_type
from zegel.protocols.openid4vp.purpose import build_purpose
from zegel.protocols.openid4vp.request import Challenge, RequestUriMethod, VerifierInfo
from zegel.protocols.openid4vp.response import UnverifiedAnswer, WalletRefusal, open_response
from zegel.protocols.openid4vp.satisfaction import AcceptedAnswer, Current
from zegel.protocols.openid4vp.transaction_data import TransactionData
from zegel.protocols.openid4vp.verifier import (
    STATES,
    AwaitingReturn,
    CrossDevice,
    Failed,
    Flow,
    Lapsed,
    Ready,
    Requested,
    SameDevice,
    VerifierSession,
    begin,
    check_open,
    conclude,
    lapse,
)
from zegel.services.ports import Clock, Kind, Random, Store, Stored, Transaction
from zegel.services.status import StatusReader
from zegel.services.trust import Trust
from zegel.services.type_metadata import TypeReader
from zegel.services.waiting import Waiting
from zegel.trust.access import DNS_PREFIX, REDIRECT_PREFIX, certificate_client_id
from zegel.trust.registration.transport import REGISTRATION_FORMAT
from zegel.trust.signing import CertifiedSigner

SESSION: Final = Kind[VerifierSession](name="presentation session", states=STATES)
LAPSE: Final = Kind(name="presentation lapse", states=(Lapsed,))  # stands longer than the session, which has the claims
REQUEST_PATH: Final = "/request/"
RESPONSE_PATH: Final = "/response/"
RETURN_PATH: Final = "/return/"
_ID_BYTES: Final = 32
_ATTEMPTS: Final = 8  # to store a right answer while wrong ones are being noted

Move = Callable[[Requested], tuple[VerifierSession, HttpResponse]]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class VerifierIdentity:
    """The relying party: where it answers, and the access certificate that says who it is.

    ``others`` are signers that open requests may name: those that were retired so recently, and one that another
    process of this role uses already. ``registration`` is the registration certificate that requests carry, as text.
    """

    origin: str
    host: str
    signer: CertifiedSigner
    profile: Profile
    others: tuple[CertifiedSigner, ...] = ()
    registration: str | None = None

    def signer_of(self, client_id: str) -> CertifiedSigner:
        """The signer that the client_id of a request names, or the present one, where it names none of its own."""
        named = (each for each in self.others if certificate_client_id(each.leaf) == client_id)
        return next(named, self.signer)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked, how, and why, in our own words. ``return_uri`` is where the browser comes back to, None for our
    own page.

    ``initiator`` is the secret of the browser session in which the question comes up: the answer goes there and nowhere
    else. None is the operator's own question, from a terminal: whoever has its token may collect, and the return is
    taken from any browser.

    ``registration`` is the registration certificate of whom we ask for, where that is somebody else (RPI_06).
    ``followed`` says that somebody asks later what came of it, also when its time has run out.
    """

    query: DcqlQuery
    initiator: str | None
    response_mode: ResponseMode = ResponseMode.DIRECT_POST_JWT
    client_id_prefix: ClientIdPrefix = ClientIdPrefix.X509_HASH
    request_uri_method: RequestUriMethod = "get"
    transaction_data: tuple[TransactionData, ...] = ()
    cross_device: bool = False
    return_uri: str | None = None
    purpose: str | None = None
    registration: str | None = None
    followed: bool = False


class Outcome(StrEnum):
    """How a wallet's answer ended, for whoever counts them."""

    ACCEPTED = "accepted"
    REFUSED = "refused"  # by a check of ours
    DECLINED = "declined"  # by the wallet, or the person


@final
class VerifierService:
    """A relying party that accepts wallets. ``presentations`` counts the answers since the start, ``stale`` what was
    presented while its status list could not be had anew."""

    def __init__(
        self,
        identity: VerifierIdentity,
        *,
        trust: Trust,
        statuses: StatusReader,
        types: TypeReader,
        store: Store,
        clock: Clock,
        random: Random,
    ) -> None:
        self._identity = identity
        self._trust = trust
        self._statuses = statuses
        self._types = types
        self._store = store
        self._clock = clock
        self._random = random
        self._waiting = Waiting()
        self.presentations: Final[Counter[str]] = Counter(dict.fromkeys(Outcome, 0))
        self.stale = 0

    def sign_with(self, signer: CertifiedSigner, *, others: tuple[CertifiedSigner, ...]) -> None:
        """From now on this one signs requests; one that was begun under another's name is signed by that."""
        self._identity = replace(self._identity, signer=signer, others=others)

    def register_as(self, registration: str) -> None:
        """From now on requests carry this registration certificate."""
        self._identity = replace(self._identity, registration=registration)

    async def ask(self, question: Question) -> tuple[str, Requested]:
        """Begin a session; returns its id and its first state. ``Rejected`` as ``openid4vp.verifier.begin``."""
        id_ = self._random(_ID_BYTES).hex()  # it is typed on command lines, where a first hyphen means something
        origin = self._identity.origin
        session = begin(
            client_id=self._client_id(question.client_id_prefix, id_),
            query=question.query,
            response_mode=question.response_mode,
            response_uri=origin + RESPONSE_PATH + id_,
            request_uri=origin + REQUEST_PATH + id_,
            request_uri_method=question.request_uri_method,
            flow=self._flow(question, id_),
            initiator=question.initiator or id_,
            transaction_data=question.transaction_data,
            verifier_info=self._infos(question),
            profile=self._identity.profile,
            now=self._clock.now(),
            random=self._random,
        )
        async with self._store.transaction() as transaction:
            await transaction.put(SESSION, id_, session, expires=session.expires)
            if question.followed:
                await _put_lapse(transaction, id_, session)
        return id_, session

    async def serve_request(self, id_: str, fetch: HttpRequest) -> HttpResponse:
        """Answer a wallet that fetches the request object."""
        stored = await self._load(id_)
        session = check_open(stored.value, now=self._clock.now())
        signer = self._identity.signer_of(session.request.client_id)
        opened, response = session.serve_request(fetch, signer=signer, now=self._clock.now())
        if not session.opened:
            await self._swap(id_, stored, opened)
        return response

    async def receive(self, id_: str, form: dict[str, str]) -> HttpResponse:
        """Take a wallet's answer. A wrong one is noted and raised, and leaves the session to the right one."""
        session = check_open((await self._load(id_)).value, now=self._clock.now())
        try:
            answer = open_response(form, session=session)
            if isinstance(answer, WalletRefusal):
                outcome, response = Outcome.DECLINED, await self._move(id_, self._refusal(answer))
            else:
                presented = await self._verify(session, answer)
                outcome, response = Outcome.ACCEPTED, await self._move(id_, self._conclusion(presented))
        except ZegelError as error:
            self.presentations[Outcome.REFUSED] += 1
            await self._note(id_, error)
            raise
        self.presentations[outcome] += 1
        return response

    async def come_back(self, id_: str, *, response_code: str, initiator: str | None) -> Ready | Failed:
        """The browser is back from the wallet, with the code that the wallet was given."""
        stored = await self._load(id_)
        if not isinstance(stored.value, AwaitingReturn):
            raise Rejected(Check.RESPONSE_CODE, "no answer waits for this return", field="response_code")
        back = stored.value.come_back(response_code=response_code, initiator=initiator, now=self._clock.now())
        if not await self._swap(id_, stored, back, durable=True):
            raise Rejected(Check.RESPONSE_CODE, "the code was used before", field="response_code")
        return back

    async def collect(self, id_: str, *, initiator: str | None) -> AcceptedAnswer:
        """Hand over the verified claims, once. ``Rejected`` to anybody but who asked, and the second time."""
        stored = await self._load(id_)
        if isinstance(stored.value, Failed):
            failure = stored.value.failure
            raise Rejected(failure.check, failure.detail, field=failure.field)
        if not isinstance(stored.value, Ready):
            raise Rejected(Check.ANSWERED_ONCE, "there is no answer to collect", field="session")
        finished, answer = stored.value.collect(initiator=initiator, now=self._clock.now())
        if not await self._swap(id_, stored, finished, durable=True):
            raise Rejected(Check.ANSWERED_ONCE, "the answer was collected before", field="session")
        return answer

    async def look(self, id_: str) -> VerifierSession:
        """The session as it stands; ``Rejected(ANSWERED_ONCE)`` for one that is unknown or over."""
        return (await self._load(id_)).value

    async def look_back(self, id_: str) -> VerifierSession | Lapsed:
        """For who asked: as ``look``, and of a question that is ``followed`` also that its time ran out, while outcomes
        are kept. ``Rejected(KNOWN_SESSION)`` for any other."""
        async with self._store.transaction() as transaction:
            stored = await transaction.load(SESSION, id_)
            lapsed = await transaction.load(LAPSE, id_) if stored is None else None
        if stored is not None:
            return stored.value
        if lapsed is not None:
            return lapsed.value
        raise Rejected(Check.KNOWN_SESSION, "the session is unknown, or over for longer than an hour", field="session")

    async def wait(self, id_: str, *, seconds: float) -> float:
        """Wait until it is worth looking again, at most so many seconds; how many of them are left for the next time.

        What happens to the session in this process ends the wait at once, and so does its end.
        """
        pause = min(self._waiting.pause, seconds)
        await self._waiting.wait(id_, seconds=pause)
        return 0.0 if self._waiting.ended else seconds - pause

    def end_waits(self) -> None:
        """The process ends: whoever waits is told how it stands, and asks the next one."""
        self._waiting.end()

    async def _verify(self, session: Requested, answer: UnverifiedAnswer) -> dict[str, list[Current]]:
        """Each presentation on its own: parsed, verified against our challenge, looked up in its status list."""
        binding = _binding(session.request.challenge)
        signed = session.transaction_data(answer.unverified_presentations.keys())
        queries = {query.id: query for query in session.request.query.credentials}
        return {
            id_: [await self._verify_one(queries[id_], data, binding, signed.get(id_, ())) for data in presentations]
            for id_, presentations in answer.unverified_presentations.items()
        }

    async def _verify_one(
        self, query: CredentialQuery, data: bytes, binding: Binding, transaction_data: tuple[str, ...]
    ) -> Current:
        now, anchors, grace = self._clock.now(), self._trust.anchors, self._identity.profile.status_grace
        unverified = parse_presentation(Format(query.format), data)
        verified: VerifiedPresentation | UnboundPresentation
        if query.holder_binding:
            verified = verify_presentation(
                unverified, anchors=anchors, binding=binding, transaction_data=transaction_data, now=now
            )
        else:
            verified = verify_unbound_presentation(unverified, anchors=anchors, audience=binding.audience, now=now)
        if not is_of_type(query, verified.credential):  # section B.3.5: it may extend what is asked for
            with suppress(Malformed, Unavailable):  # what nobody can say it extends, conclude refuses
                inherited = await self._types.fetch_types(verified.credential, anchors=anchors)
                verified = with_types(verified, inherited)
        status_list = await self._statuses.fetch_status_list(verified.credential.status)
        current = check_status(verified, status_list, now=now, grace=grace)
        self.stale += current.status is Status.STALE
        return current

    def _refusal(self, refusal: WalletRefusal) -> Move:
        now, random = self._clock.now(), self._random
        return lambda session: session.refuse(refusal.code, refusal.description, now=now, random=random)

    def _conclusion(self, presented: dict[str, list[Current]]) -> Move:
        now, random = self._clock.now(), self._random
        return lambda session: conclude(session, presented, now=now, random=random)

    async def _move(self, id_: str, move: Move) -> HttpResponse:
        """Make a move from the open session, whatever was noted in it meanwhile; only one such move is ever stored."""
        for _ in range(_ATTEMPTS):
            stored = await self._load(id_)
            state, response = move(check_open(stored.value, now=self._clock.now()))
            if await self._swap(id_, stored, state, durable=True):
                return response
        raise Rejected(Check.ANSWERED_ONCE, "the request is being answered", field="state")

    async def _note(self, id_: str, error: ZegelError) -> None:
        stored = await self._load(id_)
        if isinstance(stored.value, Requested):
            await self._swap(id_, stored, stored.value.note(error))

    async def _load(self, id_: str) -> Stored[VerifierSession]:
        async with self._store.transaction() as transaction:
            stored = await transaction.load(SESSION, id_)
        if stored is None:
            raise _unknown()
        return stored

    async def _swap(
        self, id_: str, stored: Stored[VerifierSession], state: VerifierSession, *, durable: bool = False
    ) -> bool:
        async with self._store.transaction(durable=durable) as transaction:
            swapped = await transaction.swap(SESSION, id_, state, version=stored.version, expires=state.expires)
            if swapped and lapse(state) != lapse(stored.value) and await transaction.take(LAPSE, id_) is not None:
                await _put_lapse(transaction, id_, state)
        self._waiting.wake(id_)
        return swapped

    def _client_id(self, prefix: ClientIdPrefix, id_: str) -> str:
        match prefix:
            case ClientIdPrefix.X509_HASH:
                return certificate_client_id(self._identity.signer.leaf)
            case ClientIdPrefix.X509_SAN_DNS:
                return DNS_PREFIX + self._identity.host
            case ClientIdPrefix.REDIRECT_URI:
                return REDIRECT_PREFIX + self._identity.origin + RESPONSE_PATH + id_

    def _infos(self, question: Question) -> tuple[VerifierInfo, ...]:
        """What goes with the query: what is registered, why we ask, and that the page is on another device."""
        infos = [] if question.purpose is None else [build_purpose(question.purpose)]
        registration = question.registration or self._identity.registration
        # an unsigned request is nobody's that a certificate could be about
        if registration is not None and question.client_id_prefix is not ClientIdPrefix.REDIRECT_URI:
            infos.insert(0, VerifierInfo(format=REGISTRATION_FORMAT, data=registration))  # one, by value (RPRC_19)
        return (*infos, ANOTHER_DEVICE) if question.cross_device else tuple(infos)

    def _flow(self, question: Question, id_: str) -> Flow:
        if question.cross_device:
            return CrossDevice()
        return SameDevice(return_uri=question.return_uri or self._identity.origin + RETURN_PATH + id_)


async def _put_lapse(transaction: Transaction, id_: str, session: VerifierSession) -> None:
    lapsed = lapse(session)
    if lapsed is not None:
        await transaction.put(LAPSE, id_, lapsed, expires=lapsed.expires)


def _unknown() -> Rejected:
    return Rejected(Check.ANSWERED_ONCE, "the request is unknown or has expired", field="session")


def _binding(challenge: Challenge) -> Binding:
    """What the answer has to be bound to, in each format's terms (OpenID4VP 1.0 sections B.2.6.1 and B.3.6)."""
    return Binding(
        audience=challenge.client_id,
        nonce=challenge.nonce,
        transcript=redirect_transcript(
            client_id=challenge.client_id,
            nonce=challenge.nonce,
            response_uri=challenge.response_uri,
            encryption_key_thumbprint=challenge.jwk_thumbprint,
        ),
    )
