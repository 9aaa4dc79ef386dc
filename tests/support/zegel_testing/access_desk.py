"""The access authority's services in memory: a register and hosts that answer as a test has them, and a real log."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from zegel.adapters.entropy import system_random
from zegel.adapters.memory import Loopback, ManualClock
from zegel.adapters.sql.log import open_memory_log
from zegel.adapters.sql.store import SqlStore, open_memory_store, open_store
from zegel.checks import Check
from zegel.errors import Rejected, Unavailable
from zegel.primitives.crl import UnverifiedCrl, parse_crl
from zegel.primitives.http import HttpRequest, HttpResponse
from zegel.primitives.json import Json, JsonObject
from zegel.primitives.keys import PrivateKey
from zegel.protocols.transparency.submission import UnverifiedSubmission
from zegel.services.access_authority import CRL_SUFFIX, AccessAuthorityService, IssuingAuthority
from zegel.services.access_revocation import AccessRevocationService
from zegel.services.log import LogIdentity, LogService
from zegel.trust.access_authority.orders import AccessOrder
from zegel.trust.anchors import Purpose
from zegel.trust.register.values import WalletRelyingParty
from zegel.trust.transparency.items import TransItem
from zegel_testing.access_requests import HOST, ISSUING, KEY, ROOT, request_pem
from zegel_testing.authorities import LOG_SIGNER, NOW, anchor, fixed_random, trusting
from zegel_testing.register import party

IDENTIFIER = "NTRUT-1234567"
ORIGIN = "https://access.utopia.example"
ISSUER = IssuingAuthority(authority=ISSUING, reserved=frozenset({ISSUING.key.public_key}))
ANCHORS = trusting(anchor(ROOT, Purpose.ACCESS), unsafe_unknown=True)


@dataclass
class BookRegister:
    """A ``Registry`` that knows what it is given; ``away`` while it does not answer.

    While it is ``deaf`` nothing can be told it; ``refuses`` are certificates of which it does not want to know.
    """

    parties: dict[str, WalletRelyingParty]
    told: list[tuple[str, JsonObject]] = field(default_factory=list)
    away: bool = False
    deaf: bool = False
    refuses: set[Json] = field(default_factory=set)

    async def party(self, identifier: str) -> WalletRelyingParty:
        if self.away:
            raise Unavailable("register", "it is closed")
        if identifier not in self.parties:
            raise Rejected(Check.ACCESS_REGISTRATION, "expected a registration that is in force", field="identifier")
        return self.parties[identifier]

    async def report(self, identifier: str, record: JsonObject) -> None:
        if self.away:
            raise Unavailable("register", "it is closed")
        if self.deaf:
            raise Unavailable("register", "it does not listen")
        if record["certificate"] in self.refuses:
            raise Rejected(Check.ACCESS_REPORT, "status 400: it is full", field="certificate")
        self.told.append((identifier, record))


class LogAtHand:
    """A ``CertificateLog`` that is here."""

    origin = "https://log.utopia.example"

    def __init__(self, service: LogService) -> None:
        self.service = service
        self.away = False

    async def submit(self, submission: UnverifiedSubmission) -> tuple[TransItem, ...]:
        if self.away:
            raise Unavailable("log", "it is closed")
        taken = self.service.submit(submission)
        return tuple(item for item in (taken.sct, taken.sth, taken.inclusion) if item is not None)


@dataclass
class AccessDesk:
    """Both services, and all that is around them. ``served`` is what the library's host answers, by its path."""

    service: AccessAuthorityService
    revocation: AccessRevocationService
    store: SqlStore
    register: BookRegister
    log: LogAtHand
    clock: ManualClock
    served: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    hosts: dict[str, object] = field(default_factory=dict)

    async def answer(self, request: HttpRequest) -> HttpResponse:
        """The library's host."""
        self.asked.append(request.path)
        body = self.served.get(request.path)
        return HttpResponse(status=404 if body is None else 200, body=body or b"")

    async def order(self, key: PrivateKey = KEY, *hosts: str) -> AccessOrder:
        """The library orders for its lending desk."""
        return await self.service.order(IDENTIFIER, "lending", request_pem(*hosts, key=key))

    def serve(self, order: AccessOrder) -> AccessOrder:
        """It puts the tokens where they are looked for."""
        for each in order.challenges:
            self.served[each.url.removeprefix(f"https://{each.host}")] = each.content.encode()
        return order

    async def issue(self, key: PrivateKey = KEY) -> AccessOrder:
        """It orders, serves and receives."""
        return await self.service.finish(self.serve(await self.order(key)).id)

    def crl(self) -> UnverifiedCrl:
        """The list of revoked certificates as it is published."""
        published = self.revocation.read(ISSUER.key_id + CRL_SUFFIX)
        assert published is not None
        return parse_crl(published)


@asynccontextmanager
async def open_desk(database: Path | None = None, *, seed: str = "authority") -> AsyncIterator[AccessDesk]:
    """The services over an empty store, or over what stands in a file; ``seed`` is another after each restart."""
    clock = ManualClock(NOW)
    if database is None:
        store = await open_memory_store(clock=clock, random=fixed_random("store"))
    else:
        key, url = bytes(32), f"sqlite:///{database}"
        store = await open_store(url, key=key, clock=clock, random=system_random)
    log_store = open_memory_log()
    identity = LogIdentity(signer=LOG_SIGNER, merge_delay=86_400, at_once=1_000)
    log = LogAtHand(LogService(identity, store=log_store, anchors=lambda: ANCHORS, clock=clock))
    register = BookRegister({IDENTIFIER: party()})
    hosts: dict[str, object] = {}
    service = AccessAuthorityService(
        ORIGIN,
        issuing=ISSUER,
        days=90,
        store=store,
        registry=register,
        log=log,
        anchors=lambda: ANCHORS,
        outbound=Loopback(hosts),
        clock=clock,
        random=fixed_random(seed),
    )
    revocation = AccessRevocationService(issuing=(ISSUER,), valid=86_400, store=store, registry=register, clock=clock)
    desk = AccessDesk(
        service=service, revocation=revocation, store=store, register=register, log=log, clock=clock, hosts=hosts
    )
    hosts[f"https://{HOST}"] = desk.answer
    try:
        yield desk
    finally:
        store.close()
        log_store.close()
