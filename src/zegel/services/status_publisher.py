"""The issuer's status lists as they are published: each compressed and signed once a period, served from memory."""

import asyncio
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, final

from zegel.formats.status.entries import CompressedStatusList, StatusList, compress
from zegel.formats.status.reference import build_aggregation
from zegel.formats.status.token import StatusListFormat, sign_status_list_cwt, sign_status_list_jwt
from zegel.primitives.encoding import base64url
from zegel.services.issuing import STATUS_PATH
from zegel.services.ports import Clock, IssuerStore, StatusBits
from zegel.trust.signing import CertifiedSigner

AGGREGATION_PATH: Final = "/status"
PERIODS_VALID: Final = 12  # how many periods a token outlives the next one's time, so that a pause is no outage


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedList:
    """A list as it is served. ``expires`` is when its token does; ``etag`` changes with its bytes."""

    jwt: bytes
    cwt: bytes
    etag: str
    version: int
    signed_at: int
    expires: int

    def body(self, format_: StatusListFormat) -> bytes:
        """The token in a format."""
        return self.jwt if format_ is StatusListFormat.JWT else self.cwt


@final
class StatusPublisher:
    """Signs what changed, and what is about to grow old. ``period`` and ``ttl`` are in seconds."""

    def __init__(
        self, *, store: IssuerStore, signer: CertifiedSigner, origin: str, period: int, ttl: int, clock: Clock
    ) -> None:
        self._store = store
        self._signer = signer
        self._origin = origin
        self._period = period
        self.ttl: Final = ttl
        self._clock = clock
        self._published: dict[str, PublishedList] = {}
        self._turn = asyncio.Lock()

    def sign_with(self, signer: CertifiedSigner) -> None:
        """From now on this one signs; lists that are signed stay until their next turn."""
        self._signer = signer

    async def publish(self) -> None:
        """Sign every list that changed since it was signed last, or whose token has had its period."""
        async with self._store.transaction() as transaction:
            ids = await transaction.statuses.list_ids()
        for gone in self._published.keys() - set(ids):
            del self._published[gone]
        for list_id in ids:
            await self._publish(list_id)

    async def look_up(self, list_id: str) -> PublishedList | None:
        """A list as it was last signed; None for one that is not ours. A new list is signed at its first reader."""
        published = self._published.get(list_id)
        if published is None or not published.signed_at <= self._clock.now() < published.expires:
            await self._publish(list_id)
        return self._published.get(list_id)

    async def aggregation(self) -> bytes:
        """The addresses of all lists, as JSON (status list draft 20 section 9)."""
        async with self._store.transaction() as transaction:
            ids = await transaction.statuses.list_ids()
        return build_aggregation([self._origin + STATUS_PATH + list_id for list_id in ids])

    def age(self) -> int | None:
        """How long ago the list that was signed first of those in memory was signed, in seconds; None without any."""
        signed = [published.signed_at for published in self._published.values()]
        return self._clock.now() - min(signed) if signed else None

    async def _publish(self, list_id: str) -> None:
        """In turn, so that a crowd has a list signed once, and an older state never takes a newer one's place."""
        async with self._turn:
            async with self._store.transaction() as transaction:
                bits = await transaction.statuses.load(list_id)
            if bits is None:
                self._published.pop(list_id, None)
                return
            published, now = self._published.get(list_id), self._clock.now()
            if published is None or published.version != bits.version or not self._is_recent(published, now):
                # a million entries take 15 to 75 ms to compress; the loop goes on meanwhile
                compressed = await asyncio.to_thread(compress, StatusList(bits=bits.bits, data=bits.entries))
                self._published[list_id] = self._sign(bits, compressed, now)

    def _is_recent(self, published: PublishedList, now: int) -> bool:
        """Within its period; what was signed by a clock that was ahead is no reader's to believe yet."""
        return published.signed_at <= now < published.signed_at + self._period

    def _sign(self, bits: StatusBits, compressed: CompressedStatusList, now: int) -> PublishedList:
        uri = self._origin + STATUS_PATH + bits.list_id
        expires = now + self.ttl + PERIODS_VALID * self._period
        aggregation = self._origin + AGGREGATION_PATH
        signer, chain = self._signer.signer, self._signer.chain
        jwt = sign_status_list_jwt(
            compressed,
            uri=uri,
            signer=signer,
            chain=chain,
            now=now,
            expires=expires,
            ttl=self.ttl,
            aggregation_uri=aggregation,
        )
        cwt = sign_status_list_cwt(
            compressed,
            uri=uri,
            signer=signer,
            chain=chain,
            now=now,
            expires=expires,
            ttl=self.ttl,
            aggregation_uri=aggregation,
        )
        etag = base64url(sha256(jwt).digest()[:12])
        return PublishedList(jwt=jwt, cwt=cwt, etag=etag, version=bits.version, signed_at=now, expires=expires)
