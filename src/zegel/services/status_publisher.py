"""The issuer's lists as they are published: each compressed and signed once a period, served from memory.

A revocation changes a row of the database, whatever the list's size; what it costs to publish is paid once a period,
for all that was revoked in it, and by the first reader after a revocation that was noted.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final, final

from zegel.formats.status.entries import CompressedStatusList, StatusList, compress
from zegel.formats.status.identifiers import IDENTIFIER_LIST, sign_identifier_list
from zegel.formats.status.reference import build_aggregation
from zegel.formats.status.token import StatusListFormat, sign_status_list_cwt, sign_status_list_jwt
from zegel.primitives.encoding import base64url
from zegel.services.issuing import IDENTIFIERS_PATH, STATUS_PATH
from zegel.services.ports import Clock, IssuerStore
from zegel.services.status_ports import Herd, RevokedIdentifiers, StatusBits
from zegel.trust.signing import CertifiedSigner

AGGREGATION_PATH: Final = "/status"
IDENTIFIER_AGGREGATION_PATH: Final = "/identifiers"
PERIODS_VALID: Final = 12  # how many periods a token outlives the next one's time, so that a pause is no outage
SMALL_HERD: Final = 10_000  # TS3 1.5 section 2.3: a list relates to at least so many attestations where appropriate


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedList:
    """A list as it is served, by media type. ``expires`` is when its token does; ``etag`` changes with its bytes."""

    bodies: Mapping[str, bytes]
    etag: str
    version: int
    signed_at: int
    expires: int

    def body(self, media_type: str) -> bytes:
        """The token in a format."""
        return self.bodies[media_type]


@final
class StatusPublisher:
    """Signs what changed, and what is about to grow old. ``period`` and ``ttl`` are in seconds.

    ``herds`` are the lists as they were when it was last seen to that they are signed.
    """

    def __init__(
        self, *, store: IssuerStore, signer: CertifiedSigner, origin: str, period: int, ttl: int, clock: Clock
    ) -> None:
        self._store = store
        self._signer = signer
        self._origin = origin
        self._period = period
        self.ttl: Final = ttl
        self.max_age: Final = min(ttl, period)  # a cache between us and a reader delays it by no more than we do
        self._clock = clock
        self._published: dict[tuple[bool, str], PublishedList] = {}
        self._turn = asyncio.Lock()
        self._noted = 0
        self._looked: dict[tuple[bool, str], int] = {}  # how much was noted when a list was last read from the store
        self.herds: tuple[Herd, ...] = ()

    def sign_with(self, signer: CertifiedSigner) -> None:
        """From now on this one signs; lists that are signed stay until their next turn."""
        self._signer = signer

    def note_revocation(self) -> None:
        """Something was revoked: whoever asks for its list from now on is given none that was read before.

        Whoever revokes does not wait for the list, which takes as long as there are entries in it.
        """
        self._noted += 1

    async def publish(self) -> None:
        """Sign every list that changed since it was signed last, or whose token has had its period."""
        self.herds = await self.count()
        keys = [(herd.of_identifiers, herd.list_id) for herd in self.herds]
        for gone in self._published.keys() - set(keys):
            del self._published[gone], self._looked[gone]
        for key in keys:
            await self._publish(key)

    async def count(self) -> tuple[Herd, ...]:
        """How many each list is about, now."""
        async with self._store.transaction() as transaction:
            return await transaction.statuses.herds()

    async def look_up(self, list_id: str) -> PublishedList | None:
        """A list as it was last signed; None for one that is not ours. A new list is signed at its first reader."""
        return await self._look_up((False, list_id))

    async def look_up_identifiers(self, list_id: str) -> PublishedList | None:
        """An identifier list, likewise."""
        return await self._look_up((True, list_id))

    async def aggregation(self) -> bytes:
        """The addresses of all status lists, as JSON (status list draft 20 section 9)."""
        return await self._aggregation(of_identifiers=False)

    async def identifier_aggregation(self) -> bytes:
        """The addresses of all identifier lists, likewise (18013-5 second edition section 12.3.6.4)."""
        return await self._aggregation(of_identifiers=True)

    def age(self) -> int | None:
        """How long ago the list that was signed first of those in memory was signed, in seconds; None without any."""
        signed = [published.signed_at for published in self._published.values()]
        return self._clock.now() - min(signed) if signed else None

    def uri(self, herd: Herd) -> str:
        """Where a list is published."""
        return self._uri((herd.of_identifiers, herd.list_id))

    async def _aggregation(self, *, of_identifiers: bool) -> bytes:
        herds = [herd for herd in await self.count() if herd.of_identifiers is of_identifiers]
        return build_aggregation([self.uri(herd) for herd in herds])

    async def _look_up(self, key: tuple[bool, str]) -> PublishedList | None:
        if self._is_due(key):
            await self._publish(key, if_due=True)
        return self._published.get(key)

    def _is_due(self, key: tuple[bool, str]) -> bool:
        """Whether no reader may be given what there is."""
        published = self._published.get(key)
        if published is None or self._looked[key] != self._noted:
            return True
        return not published.signed_at <= self._clock.now() < published.expires

    async def _publish(self, key: tuple[bool, str], *, if_due: bool = False) -> None:
        """In turn, so that a crowd has a list signed once, and an older state never takes a newer one's place."""
        of_identifiers, list_id = key
        async with self._turn:
            if if_due and not self._is_due(key):  # somebody before has had it signed
                return
            noted = self._noted
            async with self._store.transaction() as transaction:
                statuses = transaction.statuses
                loaded: StatusBits | RevokedIdentifiers | None = (
                    await statuses.load_identifiers(list_id) if of_identifiers else await statuses.load(list_id)
                )
            if loaded is None:
                self._published.pop(key, None)
                self._looked.pop(key, None)
                return
            published, now = self._published.get(key), self._clock.now()
            if published is None or published.version != loaded.version or not self._is_recent(published, now):
                self._published[key] = await self._signed(loaded, now)
            self._looked[key] = noted

    def _is_recent(self, published: PublishedList, now: int) -> bool:
        """Within its period; what was signed by a clock that was ahead is no reader's to believe yet."""
        return published.signed_at <= now < published.signed_at + self._period

    async def _signed(self, loaded: StatusBits | RevokedIdentifiers, now: int) -> PublishedList:
        expires = now + self.ttl + PERIODS_VALID * self._period
        terms = {"signer": self._signer.signer, "chain": self._signer.chain, "now": now, "expires": expires}
        terms |= {"ttl": self.ttl}
        if isinstance(loaded, RevokedIdentifiers):
            bodies = {IDENTIFIER_LIST: self._sign_identifiers(loaded, terms)}
        else:
            # a million entries take 15 to 75 ms to compress; the loop goes on meanwhile
            compressed = await asyncio.to_thread(compress, StatusList(bits=loaded.bits, data=loaded.entries))
            bodies = self._sign_entries(loaded, compressed, terms)
        etag = base64url(sha256(b"".join(bodies.values())).digest()[:12])
        return PublishedList(bodies=bodies, etag=etag, version=loaded.version, signed_at=now, expires=expires)

    def _sign_entries(
        self, bits: StatusBits, compressed: CompressedStatusList, terms: dict[str, Any]
    ) -> dict[str, bytes]:
        uri, aggregation = self._uri((False, bits.list_id)), self._origin + AGGREGATION_PATH
        return {
            StatusListFormat.JWT: sign_status_list_jwt(compressed, uri=uri, aggregation_uri=aggregation, **terms),
            StatusListFormat.CWT: sign_status_list_cwt(compressed, uri=uri, aggregation_uri=aggregation, **terms),
        }

    def _sign_identifiers(self, revoked: RevokedIdentifiers, terms: dict[str, Any]) -> bytes:
        uri, aggregation = self._uri((True, revoked.list_id)), self._origin + IDENTIFIER_AGGREGATION_PATH
        return sign_identifier_list(revoked.identifiers, uri=uri, aggregation_uri=aggregation, **terms)

    def _uri(self, key: tuple[bool, str]) -> str:
        return self._origin + (IDENTIFIERS_PATH if key[0] else STATUS_PATH) + key[1]
