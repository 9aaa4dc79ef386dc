"""The story of the walk, a line a hop: what each role's own log says of the request that it has just answered.

So a line is not what the walk believes to have happened, but what a service did, how long it took, and which check
refused. The walk adds what no service sees: that the sandbox was made, what the wallet shows that it has got, and that
the person is signed in.
"""

import logging
import time
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, final

from zegel.adapters.logs import Event
from zegel.checks import Check
from zegel.errors import Rejected

ISSUANCE: Final = "issuance"
HOPS: Final[Mapping[tuple[str, str], str]] = {
    ("trust", "GET /lists/{name}"): "list of trusted entities",
    ("trust", "GET /qualified/{name}"): "qualified list",
    ("registrar operator", "POST /applications"): "registration",
    ("access-authority", "POST /orders"): "access certificate ordered",
    ("verifier", "GET /.well-known/access-certificate/{token}"): "host control shown",
    ("transparency-log", "POST /ct/v2/submit-entry"): "pre-certificate logged",
    ("registrar operator", "POST /access-certificates"): "access certificate reported",
    ("access-authority", "POST /orders/{order}/certificate"): "access certificate issued",
    ("access-authority operator", "POST /revocations"): "access certificate revoked",
    ("issuer", "GET /offers/{id}"): "offer",
    ("wallet-provider", "POST /instances"): "wallet activation",
    ("wallet-provider", "POST /wallet-attestations"): "wallet attestation",
    ("issuer", "POST /par"): "PAR",
    ("issuer", "POST /log-in"): "log-in",
    ("issuer", "POST /log-in/certificate"): "health certificate brought to the issuer",
    ("issuer", "GET /request/{session}"): "request",
    ("issuer", "POST /request/{session}"): "request",
    ("issuer", "POST /response/{session}"): "response",
    ("issuer", "POST /consent"): "approval",
    ("issuer", "POST /token"): "token",
    ("wallet-provider", "POST /key-attestations"): "key attestation",
    ("issuer", "POST /credential"): ISSUANCE,
    ("issuer", "POST /notification"): "notification",
    ("provider", "GET /request/{session}"): "request",
    ("provider", "POST /request/{session}"): "request",
    ("wallet", "GET /present/{flow}"): "consent",
    ("issuer", "GET /status/{list}"): "status",
    ("issuer", "GET /identifiers/{list}"): "identifier list",
    ("verifier", "GET /request/{session}"): "request",
    ("verifier", "POST /response/{session}"): "response",
    ("door", "GET /request/{session}"): "request",
    ("door", "POST /response/{session}"): "response",
    ("provider", "POST /response/{session}"): "response",
    ("provider", "GET /return/{session}"): "return",
    ("provider", "POST /token"): "ID Token",
    ("provider", "GET /userinfo"): "UserInfo",
    ("issuer operator", "POST /revocations"): "revoke",
    ("wallet-provider", "POST /revoke"): "wallet revoked by its code",
    ("wallet-provider operator", "POST /revocations"): "key storage revoked",
    ("issuer operator", "POST /status/publish"): "status list published",
}
"""What a route of a role is in the story. A route that is not here is part of a step that is."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A line of the story. ``check`` is the check that refused, where something was refused."""

    name: str
    ok: bool
    ms: int
    check: str | None = None

    def members(self) -> dict[str, Any]:
        """The line as JSON has it."""
        members: dict[str, Any] = {"step": self.name, "ok": self.ok, "ms": self.ms}
        return members if self.check is None else members | {"check": self.check}


@final
class Story:
    """Collects the steps, and tells each as it happens."""

    def __init__(self, tell: Callable[[Step], None]) -> None:
        self._tell = tell
        self._expected: tuple[str, Check] | None = None
        self._issued: list[int] = []
        self.steps: list[Step] = []

    @property
    def went_well(self) -> bool:
        """Whether every step went as it should."""
        return all(step.ok for step in self.steps)

    def add(self, name: str, *, ok: bool, ms: int, check: str | None = None) -> None:
        """A step that the walk itself saw."""
        step = Step(name=name, ok=ok, ms=ms, check=check)
        self.steps.append(step)
        self._tell(step)

    def add_issuance(self, *, format_name: str, copies: int, expected: int) -> None:
        """What the wallet says that it has got by the first credential request that has not been told yet."""
        ok = bool(self._issued) and copies == expected
        self.add(f"{ISSUANCE} of {format_name}, batch of {copies}", ok=ok, ms=self._issued.pop(0) if ok else 0)

    @contextmanager
    def timed(self, name: str) -> Any:
        """A step of the walk's own: well unless something is raised."""
        began = time.perf_counter()
        yield
        self.add(name, ok=True, ms=round((time.perf_counter() - began) * 1000))

    @contextmanager
    def refusal(self, name: str, check: Check) -> Any:
        """Whatever is refused in here is the step ``name``, and has to be refused by ``check``."""
        began, before = time.perf_counter(), len(self.steps)
        self._expected = (name, check)
        try:
            yield
        finally:
            self._expected = None
        if not any(step.name == name for step in self.steps[before:]):
            self.add(name, ok=False, ms=round((time.perf_counter() - began) * 1000))

    @contextmanager
    def refused(self, name: str, check: Check) -> Any:
        """What the walk itself looks at is the step ``name``, and has to be refused by ``check``."""
        began, found = time.perf_counter(), None
        try:
            yield
        except Rejected as error:
            found = error.check
        ms = round((time.perf_counter() - began) * 1000)
        self.add(name, ok=found is check, ms=ms, check=None if found is None else found.id)

    def hear(self, event: Event) -> None:
        """What a role's log says of a request."""
        if event.check is not None:
            self._refused(event, event.check)
            return
        name = HOPS.get((event.role, event.route))
        if name is None:
            return
        ok, ms = (event.status or 0) < 400, event.ms or 0
        if name == ISSUANCE and ok:
            self._issued.append(ms)  # told when the wallet shows what came
        else:
            self.add(name, ok=ok, ms=ms)

    def _refused(self, event: Event, check: Check) -> None:
        # a nonce that has to be fetched first is how DPoP begins (RFC 9449 section 8)
        if check in (Check.DPOP_NONCE, Check.ATTESTATION_CHALLENGE):
            return
        if self._expected is None:
            name = HOPS.get((event.role, event.route), f"{event.role} {event.route}")
            self.add(name, ok=False, ms=event.ms or 0, check=check.id)
            return
        name, expected = self._expected
        if all(step.name != name for step in self.steps):  # the first who refuses; what others make of it is no news
            self.add(name, ok=check is expected, ms=event.ms or 0, check=check.id)


@final
class Listening(logging.Handler):
    """Hears the roles' logs, in this process."""

    def __init__(self, story: Story) -> None:
        super().__init__(level=logging.INFO)
        self._story = story

    def emit(self, record: logging.LogRecord) -> None:
        """See ``logging.Handler``."""
        event = record.__dict__.get("event")
        if isinstance(event, Event) and event.name == "request":
            self._story.hear(event)
