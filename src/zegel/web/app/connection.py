"""HTTP/1.1 on a connection, whose heads have a size and a time. The server's own parser would read one for ever."""

import asyncio
import time
from typing import Final, final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from zegel.web.load import ARRIVED

HEAD_SECONDS: Final = 10.0  # the time that a body has, too
MAX_HEAD_READ: Final = 1 << 19  # the end of a long body may come along; web.asgi has the limit that clients meet


@final
class BoundedConnection(HttpToolsProtocol):
    """Closes a connection whose next head does not end, by bytes or by time."""

    _head_bytes = 0
    _in_head = False
    _patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to wait for the first head."""
        super().connection_made(transport)  # type: ignore[arg-type]
        self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nobody is waited for any more."""
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on, unless the head has grown too long."""
        super().data_received(data)
        if self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD_READ:
                self.transport.abort()

    def on_message_begin(self) -> None:
        """A head begins. What comes between two requests is timed by the server itself."""
        super().on_message_begin()
        self._in_head, self._head_bytes = True, 0
        self._wait_for_head()

    def on_headers_complete(self) -> None:
        """A head has ended. Its request waits for its turn from now on; the loop's own time stands still meanwhile."""
        self.scope[ARRIVED] = time.monotonic()  # type: ignore[typeddict-unknown-key]
        self._in_head = False
        self._stop_waiting()
        super().on_headers_complete()

    def _wait_for_head(self) -> None:
        if self._patience is None:
            self._patience = self.loop.call_later(HEAD_SECONDS, self._give_up)

    def _stop_waiting(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _give_up(self) -> None:
        self._patience = None
        self.transport.abort()
