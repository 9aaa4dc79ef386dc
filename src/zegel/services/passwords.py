"""Names and passwords: how many are looked at at once, and how often one name may be tried."""

import asyncio
import hmac
from dataclasses import dataclass, replace
from typing import Final, final

from zegel.checks import Check
from zegel.errors import Rejected, Unavailable
from zegel.primitives.encoding import base64url
from zegel.protocols.oauth.lifetimes import LOG_IN_SECONDS
from zegel.services.ports import Clock, Kind, PasswordSource, Person, Store

_MAX_LOGIN: Final = 256  # characters; an e-mail address has at most 254
_HASHES_AT_ONCE: Final = 2  # each takes 19 MB and a twentieth of a second of a core
MAX_WAITING: Final = 40  # passwords that wait for that, a second; more would take the place of whatever else is asked
_FREE_SECONDS: Final = 2  # when whoever waits now is through, and somebody may come again


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Guesses:
    """How often a name was tried since its owner last logged in."""

    count: int


GUESSES: Final = Kind(name="log-in guesses", states=(Guesses,))


@final
class PasswordLogIn:
    """Log-in by name and password, at a source that has them; a few at a time."""

    def __init__(self, source: PasswordSource) -> None:
        self._source = source
        self._slots = asyncio.Semaphore(_HASHES_AT_ONCE)
        self._in_hand = 0

    def check_room(self) -> "PasswordLogIn":
        """Return it, if a password will be looked at soon; ``Unavailable`` where too many wait for that."""
        if self._in_hand >= _HASHES_AT_ONCE + MAX_WAITING:
            detail = f"more passwords wait than can be looked at in time; come again in {_FREE_SECONDS} s"
            raise Unavailable("log-in", detail, check=Check.OVERLOAD, retry_after=_FREE_SECONDS)
        return self

    async def verify(self, login: str, password: str) -> Person:
        """See ``PasswordSource.verify_password``."""
        self._in_hand += 1
        try:
            async with self._slots:
                return await self._source.verify_password(login, password)
        finally:
            self._in_hand -= 1

    async def people(self) -> tuple[Person, ...]:
        """See ``PasswordSource.people``."""
        return await self._source.people()


@final
class GuessedNames:
    """How often each name was tried, whether anybody has it or not: ``at_most`` times in a quarter of an hour.

    ``key`` makes names, which can be guessed, into keys of records that cannot.
    """

    def __init__(self, store: Store, *, key: bytes, at_most: int, clock: Clock) -> None:
        self._store = store
        self._key = key
        self._at_most = at_most
        self._clock = clock

    async def count(self, login: str) -> Guesses:
        """Count a try; ``Rejected(LOG_IN_GUESSES)`` beyond the bound."""
        key, now = self.record(login), self._clock.now()
        async with self._store.transaction() as transaction:
            stored = await transaction.load(GUESSES, key)
            if stored is None:
                guesses = Guesses(count=1)
                await transaction.put(GUESSES, key, guesses, expires=now + LOG_IN_SECONDS)
                return guesses
            guesses = replace(stored.value, count=stored.value.count + 1)
            within = guesses.count <= self._at_most
            if within and await transaction.swap(GUESSES, key, guesses, version=stored.version, expires=stored.expires):
                return guesses
        detail = f"expected at most {self._at_most} tries of one name in a quarter of an hour"
        # of two at once one is not counted, and so not answered; it may come again at once
        retry_after = 1 if within else max(1, stored.expires - now)
        raise Rejected(Check.LOG_IN_GUESSES, detail, field="login", retry_after=retry_after)

    async def forget(self, login: str) -> None:
        """The name's owner has logged in, and has all tries again."""
        async with self._store.transaction() as transaction:
            await transaction.take(GUESSES, self.record(login))

    def record(self, login: str) -> str:
        """The key of a name's record."""
        return base64url(hmac.digest(self._key, login[:_MAX_LOGIN].encode(errors="replace"), "sha256"))
