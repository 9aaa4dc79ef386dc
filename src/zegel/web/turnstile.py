"""Who comes too often is told to wait: by address before the body is read, by session before anything is done.

The counts are this process's own. What must hold across processes and restarts is counted in the database: the tries of
a visit, the passwords of a name, the tries of a transaction code.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from ipaddress import ip_network
from typing import Final, Generic, TypeAlias, TypeVar, final

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.primitives.http import HttpRequest
from zegel.protocols.oauth.token import SECRET_OF, GrantType
from zegel.services.ports import Clock
from zegel.services.rates import MINUTE_SECONDS, Limit, Meter, Rate
from zegel.web.senders import sender_of

Role = TypeVar("Role", contravariant=True)

_KEY_BYTES: Final = 16  # of a digest: a session's secret is not kept, and is no longer than this


@final
@dataclass(frozen=True, slots=True)
class Limited(Generic[Role]):
    """By which limit a route is counted, and which session a request belongs to, if that can be told.

    ``counts`` are the requests that its head shows to be more than nothing. The others are refused whatever happens,
    and would only keep out whoever shares their sender's address; None where every request counts.
    """

    limit: Limit
    session: Callable[[Role, HttpRequest], str | None] | None = None
    counts: Callable[[Role, HttpRequest], bool] | None = None


def code_of(_role: object, request: HttpRequest) -> str | None:
    """The session of a token request: what its grant redeems. What is wrong with its form, the engine says."""
    try:
        form = request.form()
        return form.get(SECRET_OF[GrantType(form.get("grant_type", ""))])
    except (Malformed, ValueError):
        return None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """How often a minute one address may, and one session where that is counted too."""

    address: int
    session: int | None = None


Limits: TypeAlias = Mapping[Limit, Allowance]


@final
class Turnstile:
    """The counts of one listener. ``proxies`` are the addresses and networks that it believes."""

    def __init__(self, limits: Limits, *, proxies: Iterable[str], clock: Clock) -> None:
        sessions = {limit: allowed.session for limit, allowed in limits.items() if allowed.session is not None}
        self._addresses: Final = {limit: _meter(allowed.address, clock) for limit, allowed in limits.items()}
        self._sessions: Final = {limit: _meter(count, clock) for limit, count in sessions.items()}
        self._proxies: Final = tuple(map(ip_network, proxies))

    def admit_sender(self, limit: Limit, request: HttpRequest) -> None:
        """Count a request for its sender's address; ``Rejected(RATE)`` beyond what one address may."""
        sender = sender_of(request, proxies=self._proxies)
        if sender is not None:  # whoever is in this process is not counted by address
            self._spend(self._addresses[limit], sender, "from one address", field="address")

    def admit_session(self, limit: Limit, session: str) -> None:
        """Count a request for its session; ``Rejected(RATE)`` beyond what one session may."""
        key = sha256(session.encode(errors="replace")).digest()[:_KEY_BYTES]
        self._spend(self._sessions[limit], key, "in one session", field="session")

    def _spend(self, meter: Meter, key: bytes, whose: str, *, field: str) -> None:
        wait = meter.spend(key)
        if wait:
            detail = f"expected at most {meter.rate.count} a minute {whose}; wait for {wait} s"
            raise Rejected(Check.RATE, detail, field=field, retry_after=wait)


def _meter(count: int, clock: Clock) -> Meter:
    return Meter(Rate(count=count, seconds=MINUTE_SECONDS), clock=clock)
