"""All that a door gets to see: requests that it receives, what it can open of them, and records that it keeps."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any, Final, final

from zegel.adapters.sql.store import open_memory_store
from zegel.errors import Malformed
from zegel.primitives.encoding import parse_base64url
from zegel.primitives.http import HttpRequest, HttpResponse
from zegel.protocols.openid4vp.response import UnverifiedAnswer, open_response
from zegel.protocols.openid4vp.verifier import Requested
from zegel.services.ports import Kind, Store, Stored, Transaction
from zegel.services.verifier import RESPONSE_PATH
from zegel.web.app.door import door_role
from zegel.web.app.roles import Listener, OpenRole, World
from zegel.web.asgi import AsgiCallable, Receive, Scope, Send

_SHORTEST: Final = 4  # letters; what is shorter, as a country, stands in what everybody shows
_SHORT: Final = 8  # letters from which a word is looked for within others; a shorter one stands in many a signature
_TEXT_HEAD: Final = 0x60  # RFC 8949 section 3.1: what stands before a text in CBOR, and its length up to 23


@final
class NotingStore:
    """A ``Store`` that notes what is put into it. ``kept`` is what is there now."""

    def __init__(self, inner: Store) -> None:
        self._inner = inner
        self.noted: list[object] = []
        self.kept: dict[tuple[str, str], object] = {}

    @asynccontextmanager
    async def transaction(self, *, durable: bool = False) -> AsyncIterator[Any]:
        """See ``Store``."""
        async with self._inner.transaction(durable=durable) as transaction:
            yield _NotingTransaction(transaction, self)

    async def purge(self) -> int:
        """See ``Store``."""
        return await self._inner.purge()


@final
class _NotingTransaction:
    """What a door does of a ``Transaction``."""

    def __init__(self, inner: Transaction, store: NotingStore) -> None:
        self._inner = inner
        self._store = store

    async def put(self, kind: Kind[Any], key: str, value: Any, *, expires: int) -> None:
        """See ``Transaction``."""
        await self._inner.put(kind, key, value, expires=expires)
        self._note(kind, key, value)

    async def load(self, kind: Kind[Any], key: str) -> Stored[Any] | None:
        """See ``Transaction``."""
        return await self._inner.load(kind, key)

    async def swap(self, kind: Kind[Any], key: str, value: Any, *, version: int, expires: int) -> bool:
        """See ``Transaction``."""
        self._note(kind, key, value)
        return await self._inner.swap(kind, key, value, version=version, expires=expires)

    async def take(self, kind: Kind[Any], key: str) -> Any:
        """See ``Transaction``."""
        self._store.kept.pop((kind.name, key), None)
        return await self._inner.take(kind, key)

    def _note(self, kind: Kind[Any], key: str, value: object) -> None:
        self._store.noted.append(value)
        self._store.kept[kind.name, key] = value


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class DoorView:
    """What a door has seen so far."""

    store: NotingStore
    received: list[HttpRequest] = field(default_factory=list)

    def opened(self) -> Iterator[bytes]:
        """Each presentation that it was sent, as it opens it."""
        sessions = [value for value in self.store.noted if isinstance(value, Requested)]
        for request in self.received:
            if request.path.startswith(RESPONSE_PATH):
                session = next(each for each in sessions if each.request.challenge.response_uri == request.url)
                answer = open_response(request.form(), session=session)
                if isinstance(answer, UnverifiedAnswer):
                    yield from (each for given in answer.unverified_presentations.values() for each in given)

    def everything(self) -> Mapping[str, bytes]:
        """What it received, what it can open of that, and what it stored at any time."""
        requests = [f"{each.method} {each.url} {each.headers}".encode() + each.body for each in self.received]
        return {
            "received": b"\n".join(requests),
            "opened": b"\n".join(self.opened()),
            "stored": b"\n".join(repr(each).encode() for each in self.store.noted),
        }

    def mentions(self, words: Iterable[str]) -> frozenset[str]:
        """Which of the words stand in it, in any case; an SD-JWT is taken apart for it. Those of less than four letters
        are left out, and those of less than eight have to stand alone."""
        seen = [*self.everything().values(), *(piece for each in self.opened() for piece in _pieces(each))]
        wanted = {word: word_pattern(word.encode()) for word in words if len(word) >= _SHORTEST}
        return frozenset(word for word, pattern in wanted.items() if any(map(pattern.search, seen)))


def word_pattern(word: bytes) -> re.Pattern[bytes]:
    """The word in any case; a short one not within letters and digits, where it stands in base64 by chance. In CBOR the
    number of its letters stands before it, and may be a letter, as what comes after it may."""
    found = re.escape(word)
    if len(word) < _SHORT:
        head = re.escape(bytes([_TEXT_HEAD + len(word)]))
        found = b"(?<![0-9A-Za-z])" + found + b"(?![0-9A-Za-z])|(?<=(?-i:" + head + b"))" + found
    return re.compile(found, re.IGNORECASE)


async def open_noted_door(world: World) -> tuple[OpenRole, DoorView]:
    """Open the door of the configuration as ``open_door`` does, and note what it sees."""
    memory = await open_memory_store(clock=world.clock, random=world.random)
    view = DoorView(store=NotingStore(memory))
    with ExitStack() as opened:
        opened.callback(memory.close)
        role = door_role(world, view.store)
        public, *others = role.listeners
        noted = (_noted(public, view.received.append), *others)
        return replace(role, listeners=noted, close=opened.pop_all().close), view


def _noted(listener: Listener, note: Callable[[HttpRequest], None]) -> Listener:
    return replace(
        listener,
        app=_noting(listener.app, origin=listener.origin, note=note),
        handle=_noting_requests(listener.handle, note=note),
    )


def _noting_requests(
    handle: Callable[[HttpRequest], Awaitable[HttpResponse]], *, note: Callable[[HttpRequest], None]
) -> Callable[[HttpRequest], Awaitable[HttpResponse]]:
    """The way in without a socket, and ``note`` gets each request."""

    async def noting(request: HttpRequest) -> HttpResponse:
        note(request)
        return await handle(request)

    return noting


def _noting(app: AsgiCallable, *, origin: str, note: Callable[[HttpRequest], None]) -> AsgiCallable:
    """The application, and ``note`` gets each request with its body when it has been answered."""

    async def noting(scope: Scope, receive: Receive, send: Send) -> None:
        body = bytearray()

        async def received() -> Any:
            message = await receive()
            body.extend(message.get("body", b""))
            return message

        await app(scope, received, send)
        if scope["type"] == "http":
            headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"])
            path = (scope["raw_path"] + b"?" + scope["query_string"]).decode("latin-1").removesuffix("?")
            note(HttpRequest(method=scope["method"], url=origin + path, headers=headers, body=bytes(body)))

    return noting


def _pieces(presentation: bytes) -> Iterator[bytes]:
    """What an SD-JWT is made of, decoded; of an mdoc, whose texts are plain, nothing more."""
    for part in presentation.split(b"~"):
        for piece in part.split(b"."):
            with suppress(Malformed, UnicodeDecodeError):
                yield parse_base64url(piece.decode(), what="piece")
