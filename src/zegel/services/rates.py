"""How often each of many may come: a bucket of tokens for each, in little memory, however many they are.

Each has ``count`` at once, and gets them back evenly over ``seconds``. What is kept of one is when all of it will be
back; from then on nothing needs to be known of it. So nobody who is counted is ever forgotten too early: when too many
are counted at a time, it is newcomers who share counters with each other.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, final

from zegel.services.ports import Clock

MINUTE_SECONDS: Final = 60  # the rates of the configuration are so many a minute
MAX_KEYS: Final = 10_000  # of one limit, under 2 MB; to fill it, so many addresses must come within a second or two
_SHARED: Final = 1_024  # counters for those who find no room; two of them seldom meet


class Limit(StrEnum):
    """What is done only so often."""

    LOG_IN = "log-in"
    OPERATOR_TOKEN = "operator token"  # noqa: S105 none of these is one
    REQUEST = "request"
    FRAME = "frame"
    PAR = "par"
    TOKEN = "token"  # noqa: S105
    NONCE = "nonce"
    PASSPHRASE = "passphrase"  # noqa: S105
    OFFER = "offer"
    ATTESTATION = "attestation"
    SUBMISSION = "submission"
    REGISTER = "register"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """``count`` at once, and ``count`` more in each ``seconds``, evenly."""

    count: int
    seconds: int

    def spend(self, due: int, *, now: int) -> tuple[int, int]:
        """Spend one, where all would be back at ``due``, in ``count``-ths of a second since the epoch.

        Returns when all is back then, and zero; or ``due``, and after how many seconds there is one to spend.
        """
        start, most = now * self.count, self.seconds * self.count
        due = min(max(due, start), start + most)  # a clock that was set back makes nobody wait for longer than this
        late = due + self.seconds - (start + most)
        return (due, -(-late // self.count)) if late > 0 else (due + self.seconds, 0)


@final
class Meter:
    """Counts by key at one rate, in this process and as long as it runs."""

    def __init__(self, rate: Rate, *, clock: Clock) -> None:
        self.rate: Final = rate
        self._clock = clock
        self._due: dict[bytes, int] = {}
        self._shared = [0] * _SHARED
        self._swept_at = clock.now()

    def spend(self, key: bytes) -> int:
        """Count one more for the key: zero, or after how many seconds it may come again."""
        now = self._clock.now()
        if now - self._swept_at >= self.rate.seconds or now < self._swept_at:
            self._sweep(now)
        if key in self._due or self._has_room(now):
            self._due[key], wait = self.rate.spend(self._due.get(key, 0), now=now)
        else:
            at = hash(key) % _SHARED  # under this process's own secret: nobody chooses whom to share with
            self._shared[at], wait = self.rate.spend(self._shared[at], now=now)
        return wait

    def _has_room(self, now: int) -> bool:
        if len(self._due) >= MAX_KEYS and now != self._swept_at:
            self._sweep(now)
        return len(self._due) < MAX_KEYS

    def _sweep(self, now: int) -> None:
        """Forget whoever has all of it back, and so would be counted like a newcomer."""
        self._due = {key: due for key, due in self._due.items() if due > now * self.rate.count}
        self._swept_at = now
