"""Sign in with the wallet: the use cases of an OpenID Provider, in front of a verifier that it embeds.

    begin --> look, look ...                              the page, until a wallet has answered
          --> ask_other_device --> look ...               a code to scan, where the client allows it
          --> come_back, or look --> a redirect           with a code, or a refusal
    token --> userinfo                                    the service, and its claims are gone

A sign-in belongs to the browser in which it began: ``browser`` is its session id there, and the only way to find it.
However it ends, no wallet can answer it any more.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, final

from zegel.checks import Check
from zegel.errors import Denied, Rejected
from zegel.primitives.http import HttpRequest, HttpResponse
from zegel.primitives.json import JsonObject
from zegel.primitives.keys import PublicKey, Signer
from zegel.protocols.oidc.authorization import check_authorization_request, check_return_address
from zegel.protocols.oidc.claims import build_sign_in_query
from zegel.protocols.oidc.client import Client, RegisteredClient
from zegel.protocols.oidc.provider import Provider, build_key_set, build_metadata
from zegel.protocols.oidc.sign_in import (
    AccessGranted,
    AuthorizationRequested,
    CodeIssued,
    TokenIssued,
    not_presented,
    unknown_code,
    unknown_token,
)
from zegel.protocols.oidc.token_request import TokenRequest, receive_access_token, receive_token_request
from zegel.protocols.openid4vp.dcql import DcqlQuery
from zegel.protocols.openid4vp.verifier import (
    AwaitingReturn,
    Failed,
    Finished,
    Ready,
    Refused,
    Requested,
    VerifierSession,
)
from zegel.services.ports import Clock, Kind, Random, Store, Stored, Transaction
from zegel.services.verifier import SESSION, Question, VerifierService


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """A sign-in under way, and the presentation sessions in which it is answered, by id: on this device, and once the
    person asked for it on another."""

    requested: AuthorizationRequested
    same_device: str
    cross_device: str | None = None

    @property
    def asked(self) -> tuple[str, ...]:
        """The ids of the presentation sessions that there are."""
        return (self.same_device,) if self.cross_device is None else (self.same_device, self.cross_device)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSignIn:
    """What the page shows: who asks for what, and how the requests stand; None for one that is not there or over."""

    client: Client
    redirect_uri: str
    query: DcqlQuery
    same_device: Requested | AwaitingReturn | None
    cross_device: Requested | None


SIGN_IN: Final = Kind(name="sign-in", states=(SignIn,))
CODES: Final = Kind[CodeIssued | TokenIssued](name="sign-in code", states=(CodeIssued, TokenIssued))
ACCESS: Final = Kind(name="sign-in access", states=(AccessGranted,))


class SignInEnd(StrEnum):
    """How a sign-in ended, for whoever counts them."""

    SIGNED_IN = "signed-in"  # the browser was sent back with a code
    REFUSED = "refused"  # it was sent back with an error


@final
class SignInService:
    """An OpenID Provider whose people show who they are from their wallets, each time.

    ``registrations`` are the services' own registration certificates, by client id: the provider asks for them, as
    their intermediary. ``sign_ins`` counts those that ended since the start.
    """

    def __init__(
        self,
        provider: Provider,
        *,
        clients: Mapping[str, RegisteredClient],
        registrations: Mapping[str, str],
        verifier: VerifierService,
        store: Store,
        clock: Clock,
        random: Random,
    ) -> None:
        self._provider = provider
        self._clients = clients
        self._registrations = dict(registrations)
        self._verifier = verifier
        self._store = store
        self._clock = clock
        self._random = random
        self.sign_ins: Final[Counter[str]] = Counter(dict.fromkeys(SignInEnd, 0))

    def metadata(self) -> JsonObject:
        """The discovery document."""
        return build_metadata(self._provider, clients=self._clients)

    def key_set(self) -> JsonObject:
        """The keys that ID Tokens are signed with."""
        return build_key_set(self._provider)

    def register_as(self, client: str, registration: str) -> None:
        """From now on requests for a service carry this registration certificate of its own (ARF 3.0 RPI_06)."""
        self._registrations[client] = registration

    def sign_with(self, signer: Signer, other_keys: tuple[PublicKey, ...]) -> None:
        """From now on this one signs ID Tokens; ``other_keys`` are published beside its own."""
        self._provider = replace(self._provider, signer=signer, other_keys=other_keys)

    async def begin(
        self, parameters: Mapping[str, str], *, repeated: Collection[str] = (), browser: str
    ) -> HttpResponse | None:
        """Take an authorization request and ask the wallet; None, or the redirect that refuses the request.

        ``Denied``, for a page, when it is not known where a redirect may go.
        """
        issuer = self._provider.issuer
        address = check_return_address(parameters, repeated=repeated, clients=self._clients, issuer=issuer)
        try:
            requested = check_authorization_request(
                parameters,
                repeated=repeated,
                return_address=address,
                client=self._clients[address.client_id],
                provider=self._provider,
                now=self._clock.now(),
            )
        except Denied as denied:
            return address.refuse(denied)
        asked, _ = await self._verifier.ask(self._question(requested, browser))
        sign_in = SignIn(requested=requested, same_device=asked)
        async with self._store.transaction() as transaction:
            await transaction.put(SIGN_IN, browser, sign_in, expires=requested.expires)
        return None

    async def look(self, browser: str | None) -> OpenSignIn | HttpResponse:
        """The sign-in as it stands, or the redirect that ends it. ``Rejected(SIGN_IN_OPEN)`` when there is none."""
        sign_in = (await self._load(browser)).value
        states = {id_: await self._state(id_) for id_ in sign_in.asked}
        for id_, state in states.items():
            if isinstance(state, Ready):
                return await self._accept(id_, state, sign_in, browser=browser)
        for state in states.values():
            if isinstance(state, Refused | Failed | Finished):
                return await self._refuse(sign_in, _why(state), browser=browser)
        if not any(states.values()):
            return await self._refuse(sign_in, "no wallet answered in time", browser=browser)
        same_device, cross_device = states[sign_in.same_device], states.get(sign_in.cross_device or "")
        return OpenSignIn(
            client=self._client(sign_in.requested).client,
            redirect_uri=sign_in.requested.return_address.redirect_uri,
            query=self._query(sign_in.requested),
            same_device=same_device if isinstance(same_device, Requested | AwaitingReturn) else None,
            cross_device=cross_device if isinstance(cross_device, Requested) else None,
        )

    async def ask_other_device(self, browser: str | None) -> str:
        """Ask once more, for a wallet on another device; returns the id of the presentation session.

        A request that is still open stays the one, so that a code that is being scanned does not lapse.
        ``Rejected(CROSS_DEVICE)`` where the client does not allow it.
        """
        stored = await self._load(browser)
        sign_in = stored.value
        if not self._client(sign_in.requested).client.cross_device:
            raise Rejected(Check.CROSS_DEVICE, "the service does not allow it", field="client.cross_device")
        if sign_in.cross_device is not None and await self._state(sign_in.cross_device) is not None:
            return sign_in.cross_device
        question = self._question(sign_in.requested, browser)
        asked, _ = await self._verifier.ask(replace(question, cross_device=True))
        changed, expires = replace(sign_in, cross_device=asked), sign_in.requested.expires
        async with self._store.transaction() as transaction:
            # Whoever was first stays: of two clicks, the page shows the code of one.
            await transaction.swap(SIGN_IN, str(browser), changed, version=stored.version, expires=expires)
        return asked

    async def answered(self, id_: str, *, browsers: Iterable[str]) -> str | None:
        """Which of the sign-ins of one browser a presentation on this device answers; None for none of them."""
        for browser in browsers:
            stored = await self._find(browser)
            if stored is not None and stored.value.same_device == id_:
                return browser
        return None

    async def come_back(self, id_: str, *, response_code: str, browser: str | None) -> HttpResponse:
        """A browser is back from a wallet on its own device: the redirect to the service.

        ``Rejected(SAME_BROWSER)`` in any browser but the one that began: then the presentation is refused for good,
        and the service hears of it where the sign-in began. ``Rejected(RESPONSE_CODE)`` for a wrong or a used code.
        """
        stored, state = await self._find(browser), await self._state(id_)
        if stored is None and state is None:  # it was ended meanwhile
            raise _nothing_open()
        sign_in = stored.value if stored is not None and stored.value.same_device == id_ else None
        if sign_in is not None and isinstance(state, Refused):
            return await self._refuse(sign_in, _why(state), browser=browser)
        back = await self._verifier.come_back(id_, response_code=response_code, initiator=browser)
        if isinstance(back, Failed):
            raise Rejected(back.failure.check, back.failure.detail, field=back.failure.field)
        if sign_in is None:
            raise _nothing_open()
        return await self._accept(id_, back, sign_in, browser=browser)

    async def cancel(self, browser: str | None) -> HttpResponse:
        """The person does not want to: the redirect that tells the service."""
        sign_in = (await self._load(browser)).value
        return await self._refuse(sign_in, "the person did not want to sign in", browser=browser)

    async def token(self, request: HttpRequest) -> HttpResponse:
        """Exchange a code for tokens, once; ``Denied`` otherwise, and a second time takes back what it gave."""
        asked = receive_token_request(request, clients=self._clients)
        async with self._store.transaction(durable=True) as transaction:
            outcome = await self._redeem(asked, transaction)
        if isinstance(outcome, Denied):
            raise outcome
        return outcome

    async def userinfo(self, request: HttpRequest) -> HttpResponse:
        """Hand over the claims, once; ``Denied`` otherwise."""
        key = receive_access_token(request)
        async with self._store.transaction(durable=True) as transaction:
            access = await transaction.take(ACCESS, key)
        if access is None:
            raise unknown_token()
        return access.userinfo()

    async def _redeem(self, asked: TokenRequest, transaction: Transaction) -> HttpResponse | Denied:
        """The response; or the refusal to raise once the transaction has taken back what the code gave."""
        stored = await transaction.load(CODES, asked.code_key)
        if stored is None:
            raise unknown_code()
        match stored.value:
            case CodeIssued() as code:
                spent, access, response = code.redeem(
                    asked, provider=self._provider, now=self._clock.now(), random=self._random
                )
                if not await transaction.swap(
                    CODES, asked.code_key, spent, version=stored.version, expires=spent.expires
                ):
                    raise unknown_code()  # somebody else redeems it at this moment
                await transaction.put(ACCESS, access.key, access, expires=access.expires)
                return response
            case TokenIssued() as spent:
                await transaction.take(ACCESS, spent.access_key)
                return spent.replay()

    async def _accept(self, id_: str, ready: Ready, sign_in: SignIn, *, browser: str | None) -> HttpResponse:
        """A wallet's answer waits: collect it, and redirect with a code. The claims live as long as they had left."""
        answer = await self._verifier.collect(id_, initiator=browser)
        try:
            issued, response = sign_in.requested.accept(
                answer,
                client=self._client(sign_in.requested),
                provider=self._provider,
                claims_until=ready.expires,
                now=self._clock.now(),
                random=self._random,
            )
        except Denied as denied:
            return await self._end(sign_in, denied, browser=browser)
        async with self._store.transaction(durable=True) as transaction:
            await _close(transaction, browser, answered=id_)
            await transaction.put(CODES, issued.key, issued, expires=issued.expires)
        self.sign_ins[SignInEnd.SIGNED_IN] += 1
        return response

    async def _refuse(self, sign_in: SignIn, why: str, *, browser: str | None) -> HttpResponse:
        return await self._end(sign_in, not_presented(why), browser=browser)

    async def _end(self, sign_in: SignIn, denied: Denied, *, browser: str | None) -> HttpResponse:
        async with self._store.transaction(durable=True) as transaction:
            await _close(transaction, browser)
        self.sign_ins[SignInEnd.REFUSED] += 1
        return sign_in.requested.refuse(denied)

    async def _find(self, browser: str | None) -> Stored[SignIn] | None:
        if browser is None:
            return None
        async with self._store.transaction() as transaction:
            return await transaction.load(SIGN_IN, browser)

    async def _load(self, browser: str | None) -> Stored[SignIn]:
        stored = await self._find(browser)
        if stored is None:
            raise _nothing_open()
        return stored

    async def _state(self, id_: str) -> VerifierSession | None:
        """How a request stands; None when its time is over."""
        try:
            return await self._verifier.look(id_)
        except Rejected:
            return None

    def _client(self, requested: AuthorizationRequested) -> RegisteredClient:
        """``Rejected(SIGN_IN_CLIENT)`` for one that is no longer registered."""
        client = self._clients.get(requested.return_address.client_id)
        if client is None:
            raise Rejected(Check.SIGN_IN_CLIENT, "the service is no longer registered", field="client_id")
        return client

    def _question(self, requested: AuthorizationRequested, browser: str | None) -> Question:
        """What the wallet is asked, and for which service: the access certificate names the provider alone."""
        client = self._client(requested).client
        return Question(
            query=self._query(requested),
            initiator=browser,
            purpose=f"To sign you in to {client.name}",
            registration=self._registrations.get(client.id),
        )

    def _query(self, requested: AuthorizationRequested) -> DcqlQuery:
        return build_sign_in_query(self._client(requested), scope=requested.scope)


async def _close(transaction: Transaction, browser: str | None, *, answered: str | None = None) -> SignIn:
    """End the sign-in: one ends once, whichever device was first.

    Whatever else was asked ends with it, so that no wallet hands over what nobody waits for.
    """
    sign_in = await transaction.take(SIGN_IN, str(browser))
    if sign_in is None:
        raise _nothing_open()
    for id_ in sign_in.asked:
        if id_ != answered:
            await transaction.take(SESSION, id_)
    return sign_in


def _why(state: Refused | Failed | Finished) -> str:
    match state:
        case Refused():
            return "the wallet did not present"
        case Failed():
            return "the wallet's answer came back in another browser"
        case Finished():
            return "the sign-in was interrupted"


def _nothing_open() -> Rejected:
    return Rejected(Check.SIGN_IN_OPEN, "no sign-in is open in this browser", field="cookie")
