"""The authorization server's use cases: push, log in and approve, redeem, refresh.

Each loads what the engine needs, lets it decide, and stores what it decided in one durable transaction, in which every
one-time value is claimed. A refusal rolls all of it back; a replay is the exception, for it takes something away.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final, TypeVar, final

from zegel.errors import Denied
from zegel.primitives.http import HttpRequest, HttpResponse
from zegel.primitives.json import Json
from zegel.profiles import Grant as GrantChoice
from zegel.protocols.oauth.access import Authorized, access_token_of, authorize
from zegel.protocols.oauth.authorization import (
    approve,
    check_authorization_request,
    check_undecided,
    person_refused,
    refuse,
    request_uri_of,
)
from zegel.protocols.oauth.authorization_details import GrantedCredential
from zegel.protocols.oauth.errors import FreshNonces, OneTime
from zegel.protocols.oauth.metadata import build_server_metadata
from zegel.protocols.oauth.par import push_authorization_request
from zegel.protocols.oauth.server import AuthorizationServer, answer_challenge
from zegel.protocols.oauth.states import (
    AccessToken,
    AuthorizationCode,
    Grant,
    PreAuthorizedCode,
    PushedRequest,
    RefreshToken,
    UsedCode,
)
from zegel.protocols.oauth.token import (
    GrantType,
    Redeemed,
    Replayed,
    TokenRequest,
    WrongTransactionCode,
    pre_authorize,
    read_token_request,
    redeem_code,
    redeem_pre_authorized_code,
    refresh_access,
    used_meanwhile,
)
from zegel.services.issuing import CheckedStatus
from zegel.services.ports import Clock, IssuerStore, Kind, Random, Stored, Transaction
from zegel.services.trust import Trust
from zegel.services.wallet_watch import WalletWatch

T = TypeVar("T")

PUSHED: Final = Kind(name="pushed request", states=(PushedRequest,))
CODE: Final = Kind[AuthorizationCode | UsedCode](name="code", states=(AuthorizationCode, UsedCode))
PRE_AUTHORIZED: Final = Kind[PreAuthorizedCode | UsedCode](
    name="pre-authorized code", states=(PreAuthorizedCode, UsedCode)
)
REVOKED: Final = "invalid_client_attestation"  # draft 07 section 6.2: the client is not to be believed
GRANT: Final = Kind(name="grant", states=(Grant,))
ACCESS: Final = Kind(name="access token", states=(AccessToken,))
REFRESH: Final = Kind(name="refresh token", states=(RefreshToken,))


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """An authorization request that waits for its person's decision, and the key of its record."""

    request_uri: str
    pushed: PushedRequest


@final
class AuthorizationService:
    """An authorization server at work. The wallet providers that ``trust`` has at the time are those of the server."""

    def __init__(
        self,
        server: AuthorizationServer,
        *,
        trust: Trust,
        watch: WalletWatch,
        store: IssuerStore,
        clock: Clock,
        random: Random,
    ) -> None:
        self._configured = server
        self._trust = trust
        self._watch = watch
        self._store = store
        self._clock = clock
        self._random = random

    @property
    def _server(self) -> AuthorizationServer:
        anchors = self._trust.anchors
        if self._configured.anchors is not anchors:
            self._configured = replace(self._configured, anchors=anchors)
        return self._configured

    def metadata(self) -> dict[str, Json]:
        """The server's metadata."""
        return build_server_metadata(self._server)

    def fresh(self) -> FreshNonces:
        """The nonces that a refusal brings along, for the retry."""
        return self._server.fresh(now=self._clock.now(), random=self._random)

    def challenge(self) -> HttpResponse:
        """Answer at the challenge endpoint."""
        return answer_challenge(self._server, now=self._clock.now(), random=self._random)

    async def push(self, request: HttpRequest) -> HttpResponse:
        """Take a pushed authorization request."""
        pushed = push_authorization_request(self._server, request, now=self._clock.now(), random=self._random)
        await self._watch.check_wallet(pushed.state.client.status, code=REVOKED)
        async with self._store.transaction(durable=True) as transaction:
            await claim(transaction, pushed.once)
            await transaction.put(PUSHED, pushed.request_uri, pushed.state, expires=pushed.kept_until)
        return pushed.response

    async def read(self, parameters: Mapping[str, str]) -> Pending:
        """What a browser brings to the authorization endpoint; ``Denied`` for an error page."""
        request_uri = request_uri_of(parameters)
        async with self._store.transaction() as transaction:
            stored = await transaction.load(PUSHED, request_uri)
        pushed = check_authorization_request(
            parameters, pushed=None if stored is None else stored.value, now=self._clock.now()
        )
        return Pending(request_uri=request_uri, pushed=pushed)

    async def look_up(self, request_uri: str) -> Pending:
        """The request of a person who came in time and takes a while; ``Denied`` when it was decided or took too long.

        The quarter of an hour that the record lives is the person's; only the way to the log-in is shorter.
        """
        async with self._store.transaction() as transaction:
            stored = await transaction.load(PUSHED, request_uri)
        return Pending(request_uri=request_uri, pushed=check_undecided(None if stored is None else stored.value))

    async def approve(
        self, pending: Pending, *, subject: str, credentials: tuple[GrantedCredential, ...]
    ) -> HttpResponse:
        """The person approves ``credentials`` of those asked for: the redirect with a code. Each request once."""
        approved = approve(
            self._server,
            replace(pending.pushed, credentials=credentials),
            subject=subject,
            datasets={},
            now=self._clock.now(),
            random=self._random,
        )
        async with self._store.transaction(durable=True) as transaction:
            await self._decide(transaction, pending)
            await transaction.put(CODE, approved.code, approved.state, expires=approved.state.expires)
        return approved.response

    async def refuse(self, pending: Pending, denied: Denied | None = None) -> HttpResponse:
        """The person, or the issuer, says no: the redirect with an error."""
        async with self._store.transaction(durable=True) as transaction:
            await self._decide(transaction, pending)
        return refuse(self._server, pending.pushed, denied or person_refused())

    def check_grant(self, grant: GrantChoice) -> GrantChoice:
        """Return the grant if the profile allows it; ``Rejected(PROFILE)`` otherwise."""
        self._configured.profile.check_choice(grant)
        return grant

    async def pre_authorize(
        self, *, subject: str, credentials: tuple[GrantedCredential, ...], tx_code: str | None
    ) -> str:
        """Approve without a browser, for a person who is known already; returns the code."""
        code, state = pre_authorize(
            self._server,
            subject=subject,
            credentials=credentials,
            tx_code=tx_code,
            now=self._clock.now(),
            random=self._random,
        )
        async with self._store.transaction(durable=True) as transaction:
            await transaction.put(PRE_AUTHORIZED, code, state, expires=state.expires)
        return code

    async def waits(self, code: str) -> bool:
        """Whether a pre-authorised code can still be redeemed."""
        async with self._store.transaction() as transaction:
            stored = await transaction.load(PRE_AUTHORIZED, code)
        if stored is None or isinstance(stored.value, UsedCode):
            return False
        return stored.value.tx_code is None or stored.value.tx_code.tries_left > 0

    async def token(self, request: HttpRequest) -> HttpResponse:
        """Exchange a code or a refresh token for an access token."""
        asked = read_token_request(self._server, request, now=self._clock.now())
        await self._watch.check_wallet(asked.client.status, code=REVOKED)
        match asked.grant_type:
            case GrantType.AUTHORIZATION_CODE:
                return await self._redeem_code(asked)
            case GrantType.PRE_AUTHORIZED_CODE:
                return await self._redeem_pre_authorized_code(asked)
            case GrantType.REFRESH_TOKEN:
                return await self._refresh(asked)

    async def authorize(self, request: HttpRequest) -> Authorized:
        """Open a protected endpoint; the one-time values are claimed with whatever is done there."""
        async with self._store.transaction() as transaction:
            access = await transaction.load(ACCESS, access_token_of(request))
            grant = None if access is None else await transaction.load(GRANT, access.value.grant)
        return authorize(
            request,
            access=None if access is None else access.value,
            grant=None if grant is None else grant.value,
            nonces=self._server.nonces,
            now=self._clock.now(),
        )

    async def _redeem_code(self, asked: TokenRequest) -> HttpResponse:
        async with self._store.transaction(durable=True) as transaction:
            stored = await transaction.load(CODE, asked.secret)
            outcome = redeem_code(
                self._server, asked, stored and stored.value, now=self._clock.now(), random=self._random
            )
            if isinstance(outcome, Replayed):
                await _take_back(transaction, asked, outcome)
            else:
                await claim(transaction, outcome.once)
                await _replace(transaction, CODE, asked.secret, stored, outcome.used, expires=outcome.grant.expires)
                await _keep(transaction, outcome)
        return _answered(outcome)

    async def _redeem_pre_authorized_code(self, asked: TokenRequest) -> HttpResponse:
        async with self._store.transaction(durable=True) as transaction:
            stored = await transaction.load(PRE_AUTHORIZED, asked.secret)
            outcome = redeem_pre_authorized_code(
                self._server, asked, stored and stored.value, now=self._clock.now(), random=self._random
            )
            match outcome:
                case Replayed():
                    await _take_back(transaction, asked, outcome)
                case WrongTransactionCode(state=state):
                    await claim(transaction, asked.once)
                    await _replace(transaction, PRE_AUTHORIZED, asked.secret, stored, state, expires=state.expires)
                case Redeemed():
                    await claim(transaction, outcome.once)
                    await _replace(
                        transaction, PRE_AUTHORIZED, asked.secret, stored, outcome.used, expires=outcome.grant.expires
                    )
                    await _keep(transaction, outcome)
        return _answered(outcome)

    async def _refresh(self, asked: TokenRequest) -> HttpResponse:
        await self._check_first_wallet(asked)
        async with self._store.transaction(durable=True) as transaction:
            stored = await transaction.load(REFRESH, asked.secret)
            grant = None if stored is None else await transaction.load(GRANT, stored.value.grant)
            refreshed = refresh_access(
                self._server,
                asked,
                stored and stored.value,
                grant and grant.value,
                now=self._clock.now(),
                random=self._random,
            )
            await claim(transaction, refreshed.once)
            await transaction.put(ACCESS, refreshed.access_token, refreshed.access, expires=refreshed.access.expires)
        return refreshed.response

    async def _check_first_wallet(self, asked: TokenRequest) -> tuple[CheckedStatus, ...]:
        """ARF 3.0 ISSU_65: it is the wallet that it was, and that one is not revoked either."""
        async with self._store.transaction() as transaction:
            stored = await transaction.load(REFRESH, asked.secret)
            grant = None if stored is None else await transaction.load(GRANT, stored.value.grant)
        return await self._watch.check_wallet(None if grant is None else grant.value.client.status, code=REVOKED)

    async def _decide(self, transaction: Transaction, pending: Pending) -> PushedRequest:
        pushed = await transaction.take(PUSHED, pending.request_uri)
        return check_undecided(pushed)


async def claim(transaction: Transaction, once: Iterable[OneTime]) -> None:
    """Claim values that serve once; ``Denied`` when one was used before, which rolls the transaction back."""
    for value in once:
        if not await transaction.claim(value.purpose, value.key, expires=value.expires):
            raise value.denied()


async def _replace(
    transaction: Transaction, kind: Kind[T], code: str, stored: Stored[T] | None, state: T, *, expires: int
) -> None:
    assert stored is not None  # an unknown code was denied
    if not await transaction.swap(kind, code, state, version=stored.version, expires=expires):
        raise used_meanwhile()


async def _keep(transaction: Transaction, redeemed: Redeemed) -> None:
    await transaction.put(GRANT, redeemed.grant_id, redeemed.grant, expires=redeemed.grant.expires)
    await transaction.put(ACCESS, redeemed.access_token, redeemed.access, expires=redeemed.access.expires)
    await transaction.put(REFRESH, redeemed.refresh_token, redeemed.refresh, expires=redeemed.refresh.expires)


async def _take_back(transaction: Transaction, asked: TokenRequest, replayed: Replayed) -> None:
    """Take back what a code gave (RFC 6749 section 4.1.2); ``Denied`` for a request that is repeated as it was.

    Who repeats one has heard it and holds no key: that proves nothing, and takes nothing from whoever sent it.
    """
    await claim(transaction, asked.once)
    await _revoke(transaction, replayed.grant_id)


async def _revoke(transaction: Transaction, grant_id: str) -> None:
    stored = await transaction.load(GRANT, grant_id)
    if stored is None:
        return
    revoked = stored.value.revoke()
    if not await transaction.swap(GRANT, grant_id, revoked, version=stored.version, expires=stored.expires):
        await _revoke(transaction, grant_id)  # whatever somebody else made of it is revoked as well


def _answered(outcome: Redeemed | Replayed | WrongTransactionCode) -> HttpResponse:
    if isinstance(outcome, Redeemed):
        return outcome.response
    raise outcome.denied
