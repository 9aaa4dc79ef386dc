"""Sessions for an ordinary web application: the browser holds a random id, the server everything else."""

import secrets
import time
from collections.abc import Callable, MutableMapping
from typing import Any, Final, final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_ID_BYTES: Final = 32
_IDLE_SECONDS: Final = 1_800.0  # half an hour, as tax offices log people off
_MAX_SESSIONS: Final = 10_000  # strangers can begin sessions; the oldest goes first


@final
class Session(dict[str, Any]):
    """What the server knows of a browser. ``renew`` asks for a new id, as at each log-in and log-out."""

    renewed = False

    def renew(self) -> None:
        """Forget everything and take a new id, so that nobody can have planted the old one."""
        self.clear()
        self.renewed = True


@final
class Sessions:
    """Middleware: ``request.session`` is the browser's ``Session``; a cookie is set once something stands in it."""

    def __init__(self, app: ASGIApp, *, name: str, secure: bool, clock: Callable[[], float] = time.monotonic) -> None:
        self._app = app
        # RFC 6265bis section 4.1.3.2: with the prefix, a browser takes the cookie from this very host over TLS alone
        self._name = f"__Host-{name}" if secure else name
        self._attributes = "; Path=/; HttpOnly; SameSite=Lax" + ("; Secure" if secure else "")
        self._clock = clock
        self._kept: dict[str, tuple[float, Session]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request with its session beside it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        id_, session = self._known(scope)
        scope["session"] = session

        async def send_with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._remember(id_, session, message)
            await send(message)

        await self._app(scope, receive, send_with_cookie)

    def _known(self, scope: Scope) -> tuple[str | None, Session]:
        for id_ in _cookies(scope, self._name):
            used, session = self._kept.get(id_, (0.0, None))
            if session is not None and self._clock() - used < _IDLE_SECONDS:
                return id_, session
        return None, Session()

    def _remember(self, id_: str | None, session: Session, message: MutableMapping[str, Any]) -> None:
        if session.renewed and id_ is not None:
            del self._kept[id_]
            id_ = None
        session.renewed = False
        if id_ is None and session:
            id_ = secrets.token_urlsafe(_ID_BYTES)
            cookie = f"{self._name}={id_}{self._attributes}"
            message["headers"] = [*message["headers"], (b"set-cookie", cookie.encode())]
        if id_ is not None:
            self._kept.pop(id_, None)
            self._kept[id_] = (self._clock(), session)
            if len(self._kept) > _MAX_SESSIONS:
                del self._kept[next(iter(self._kept))]


def _cookies(scope: Scope, name: str) -> list[str]:
    pairs = (
        pair.strip().partition("=")
        for header, value in scope["headers"]
        if header == b"cookie"
        for pair in value.decode("latin-1").split(";")
    )
    return [value for key, _, value in pairs if key == name]
