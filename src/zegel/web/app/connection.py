"""HTTP/1.1 on a connection, where whatever is waited for has a size and a time: a head, the next head, an answer's end.

The server by itself would read a head for ever, queue all requests that come at once, and wait for ever for whoever
reads no answer, or sends something that is no request after one.
"""

import asyncio
import time
from typing import Final, final

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from zegel.web.asgi import AsgiApp
from zegel.web.load import ARRIVED

HEAD_SECONDS: Final = 10.0  # the time that a body has, too
ANSWER_SECONDS: Final = 60.0  # a status list of 2 MB takes a minute at 300 kbit/s
MAX_HEAD_READ: Final = 1 << 19  # the end of a long body may come along; web.asgi has the limit that clients meet
MAX_HEADERS_READ: Final = 256  # each takes 120 bytes, however short it is; web.asgi has the limit that clients meet
MAX_QUEUED: Final = 16  # requests that wait for the answer before theirs; no browser and no library sends any
_NO_REQUEST: Final = f"expected a request of HTTP/1.1 with at most {MAX_HEADERS_READ} headers (RFC 9112 section 2.1)"


@final
class BoundedConnection(HttpToolsProtocol):
    """Closes a connection whose next head does not end, by bytes or by time, or whose answers are not read."""

    _fruitless = 0  # bytes since a head ended, or a part of a body came: of the next head, trailers, chunk extensions
    _has_come = False
    _in_head = False
    _is_full = False  # the last request that is answered is in the queue
    _patience: asyncio.TimerHandle | None = None
    _unread: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to wait for the first head."""
        super().connection_made(transport)  # type: ignore[arg-type]
        self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nobody is waited for any more."""
        self._stop_waiting()
        self._stop_sending()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on, unless the head has grown too long, or too much is in the queue."""
        if self._is_full:
            return
        if not self.transport.get_write_buffer_size():
            self._stop_sending()
        self._has_come = False
        super().data_received(data)
        if self._in_head or not self._has_come:
            self._fruitless += len(data)
        if self._fruitless > MAX_HEAD_READ:
            self.transport.abort()
        elif not self._in_head and self.cycle is not None and self.cycle.response_complete:
            self._wait_for_head()  # an empty line or the rest of a body: the server has ended its own wait for a head

    def send_400_response(self, msg: str) -> None:
        """Answer what is no request, as the role refuses anything, unless that was never read."""
        if self._is_full:
            return
        if not isinstance(self.app, AsgiApp):
            super().send_400_response(msg)
            return
        refusal = self.app.refuse_bytes(_NO_REQUEST, peer=str(self.client[0]) if self.client else "")
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in refusal.headers]
        headers += [(b"content-length", b"%d" % len(refusal.body)), (b"connection", b"close")]
        lines = [b"%s: %s\r\n" % header for header in (*self.server_state.default_headers, *headers)]
        self.transport.write(b"".join((STATUS_LINE[refusal.status], *lines, b"\r\n", refusal.body)))
        self.transport.close()

    def on_message_begin(self) -> None:
        """A head begins. What comes between two requests is timed by the server itself, if nothing comes."""
        if len(self.pipeline) >= MAX_QUEUED:
            # RFC 9112 section 9.3.2: who sends many before the first is answered is ready for the connection's end
            self._is_full, self.cycle.keep_alive = True, False
            raise ValueError(f"expected at most {MAX_QUEUED} requests before an answer")
        super().on_message_begin()
        self._in_head, self._fruitless = True, 0
        self._wait_for_head()

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header more, unless they are too many."""
        if len(self.headers) >= MAX_HEADERS_READ:
            raise ValueError(f"expected at most {MAX_HEADERS_READ} headers")
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """A head has ended. Its request waits for its turn from now on; the loop's own time stands still meanwhile."""
        self.scope[ARRIVED] = time.monotonic()  # type: ignore[typeddict-unknown-key]
        self._in_head, self._has_come, self._fruitless = False, True, 0
        self._stop_waiting()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A part of a body came."""
        self._has_come, self._fruitless = True, 0
        super().on_body(body)

    def on_response_complete(self) -> None:
        """An answer was written, though not all of it may have been sent."""
        super().on_response_complete()
        self._wait_for_reader()

    def pause_writing(self) -> None:
        """Answers are not read as fast as they are written."""
        super().pause_writing()
        self._wait_for_reader()

    def _wait_for_reader(self) -> None:
        if self._unread is None and self.transport.get_write_buffer_size():
            self._unread = self.loop.call_later(ANSWER_SECONDS, self._give_up_sending)

    def _stop_sending(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def _give_up_sending(self) -> None:
        self._unread = None
        if self.transport.get_write_buffer_size():
            self.transport.abort()

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
