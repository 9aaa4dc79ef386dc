"""What came along with a log-in elsewhere: kept for the issuance that the person approved, and not a minute longer.

The claims of an OpenID Provider, or of a presented attestation, are sealed in the issuer's store under the person's
reference. They live as long as the code and the first access token, and for a type that takes time until it can have
been fetched; where that was judged for a shorter time, no longer than that. A renewal after that finds nothing: the
wallet is sent to log in, and current claims come along again.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, final

from zegel.formats.catalogue.types import AttestationType
from zegel.formats.claims import Claims
from zegel.primitives.encoding import base64url
from zegel.protocols.oauth.lifetimes import ACCESS_TOKEN_SECONDS, CODE_SECONDS, LOG_IN_SECONDS
from zegel.services.ports import Clock, Kind, KnownPerson, PersonSource, Store, Transaction


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class GatheredRecord:
    """The claims of one person, by data identifiers."""

    claims: Claims


GATHERED: Final = Kind(name="gathered record", states=(GatheredRecord,))


@final
class GatheredClaims:
    """A ``PersonSource`` of whoever logged in just now.

    ``own`` are claims that the issuer states itself, in place of what came along: who issues, and where. ``key`` makes
    references that can be guessed, such as a number of a person, into keys that cannot. ``longest_delay`` is that of
    the types that take time, in seconds.
    """

    def __init__(
        self,
        types: Mapping[str, AttestationType],
        *,
        own: Claims,
        key: bytes,
        earlier: tuple[bytes, ...] = (),
        longest_delay: int,
        store: Store,
        clock: Clock,
    ) -> None:
        self._types = types
        self._usable = frozenset(claim.id for type_ in types.values() for claim in type_.claims)
        self._own = own
        self._keys = (key, *earlier)
        self._seconds = lifetime(longest_delay)
        self._store = store
        self._clock = clock

    async def keep(self, known: KnownPerson) -> None:
        """Keep what the types on offer attest of it, in place of what the same person's last log-in brought."""
        key = _record_key(self._keys[0], known.person.id)
        expires = self._clock.now() + self._seconds
        if known.until is not None:
            expires = min(expires, known.until + 1)
        claims = {name: value for name, value in known.claims.items() if name in self._usable}
        async with self._store.transaction() as transaction:
            await self._take(transaction, known.person.id)
            await transaction.put(GATHERED, key, GatheredRecord(claims={**claims, **self._own}), expires=expires)

    async def forget(self, person: str) -> GatheredRecord | None:
        """Nothing is to be issued after all."""
        async with self._store.transaction() as transaction:
            return await self._take(transaction, person)

    async def load_claims(self, person: str, type_: str) -> Claims | None:
        """See ``PersonSource``: a person has every type whose mandatory claims came along."""
        async with self._store.transaction() as transaction:
            found = [await transaction.load(GATHERED, _record_key(key, person)) for key in self._keys]
        stored = next(filter(None, found), None)
        known = self._types.get(type_)
        if stored is None or known is None:
            return None
        claims = stored.value.claims
        return claims if all(claim.id in claims for claim in known.claims if claim.mandatory) else None

    def foresees(self, type_: str) -> bool:  # noqa: ARG002 of no type
        """See ``PersonSource``: what is known comes with the log-in."""
        return False

    async def _take(self, transaction: Transaction, person: str) -> GatheredRecord | None:
        """What is kept of a person, whichever key it was kept under."""
        found: GatheredRecord | None = None
        for key in self._keys:
            taken = await transaction.take(GATHERED, _record_key(key, person))
            found = found or taken
        return found


@final
class WithGathered:
    """A source, and beside it what came along for one type alone."""

    def __init__(self, source: PersonSource, gathered: GatheredClaims, *, type_: str) -> None:
        self._source = source
        self._gathered = gathered
        self._type = type_

    async def load_claims(self, person: str, type_: str) -> Claims | None:
        """See ``PersonSource``."""
        return await self._of(type_).load_claims(person, type_)

    def foresees(self, type_: str) -> bool:
        """See ``PersonSource``."""
        return self._of(type_).foresees(type_)

    def _of(self, type_: str) -> PersonSource:
        return self._gathered if type_ == self._type else self._source


def _record_key(key: bytes, person: str) -> str:
    return base64url(hmac.digest(key, person.encode(), "sha256"))


def lifetime(longest_delay: int) -> int:
    """How long gathered claims are kept, in seconds: consent, code, token, and where it takes time another token."""
    waiting = longest_delay + ACCESS_TOKEN_SECONDS if longest_delay else 0
    return LOG_IN_SECONDS + CODE_SECONDS + ACCESS_TOKEN_SECONDS + waiting
