"""A role as ``zegel serve`` runs it, that keeps a diary, and ends at a point of it when it was told so beforehand.

    run(ROLE, CONFIG, DESCRIPTOR)

What is watched is at the edges, and the product has no hook for it: a transaction that wrote is committed by
SQLAlchemy, a file is written and given its name by the system, an answer leaves through ASGI. A point is a route, or a
timer, with what happens there and how often it has happened since the last ``begin``. Orders come on stdin, a JSON
object a line, and each is answered by a line on stdout:

    {"begin": null}                                             count anew
    {"begin": ["POST /token", "commit", 1, "before"]}           and end by SIGKILL before the first commit there
    {"clock": 3600}                                             the clock is an hour ahead from now on
"""

import asyncio
import builtins
import json
import os
import signal
import sys
from base64 import b64encode
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from itertools import count
from threading import Thread
from typing import Any, Self

from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine.default import DefaultDialect

import zegel.adapters.files
import zegel.cli.serve
import zegel.web.app.serve
import zegel.web.site
from zegel.adapters.clock import SystemClock
from zegel.adapters.sql.database import Database
from zegel.cli.main import main
from zegel.web.app.roles import OpenRole, Timer, World
from zegel.web.asgi import AsgiCallable, Receive, Scope, Send

STORELESS = ("trust", "service", "door")
"""Roles that keep nothing: what they acknowledge are their answers."""


@dataclass
class Work:
    """What is being done: a request by its route, a timer, or the start."""

    name: str
    number: int = 0
    wrote: bool = False


_TO_LEAVE = 0.01  # seconds: an answer that was sent is on its way by then

WORK: ContextVar[Work] = ContextVar("work")


class Diary:
    """Lines in a pipe that outlive the process, and its end in the middle of them."""

    def __init__(self, descriptor: int) -> None:
        self._pipe = descriptor
        self._seen: Counter[tuple[str, str]] = Counter()
        self._end: tuple[str, str, int, str] | None = None
        self._start = Work("start")

    def begin(self, end: Sequence[Any] | None) -> None:
        self._seen.clear()
        self._end = None if end is None else (end[0], end[1], end[2], end[3])

    def write(self, **line: object) -> None:
        said = json.dumps(line).encode() + b"\n"
        while said:
            said = said[os.write(self._pipe, said) :]

    @property
    def work(self) -> Work:
        return WORK.get(self._start)

    @contextmanager
    def point(self, kind: str, *, halfway: Callable[[], object] | None = None) -> Iterator[None]:
        """Something that stands or does not; ``halfway`` is done first where the end comes before it."""
        name, number = self.work.name, self.work.number
        self._seen[name, kind] += 1
        at = (name, kind, self._seen[name, kind])
        self.write(event="before", work=name, request=number, kind=kind, ordinal=at[2])
        if self._end == (*at, "before"):
            if halfway is not None:
                halfway()
            _end_here()
        yield
        self.write(event="after", work=name, request=number, kind=kind, ordinal=at[2])
        if self._end == (*at, "after"):
            _end_here()


def _end_here() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
    signal.pause()  # in a thread, the others may still run for a moment


# --- the store --------------------------------------------------------------------------------------------------------


def watch_commits(diary: Diary) -> None:
    """Each commit of a transaction in which something was written, whichever database it is."""
    run, run_each, commit = Database.run, Database.run_each, DefaultDialect.do_commit

    def noting_run(self: Database, statement: Any, values: Any) -> Any:
        diary.work.wrote |= statement.is_dml
        return run(self, statement, values)

    def noting_run_each(self: Database, statement: Any, rows: Any) -> None:
        diary.work.wrote |= statement.is_dml
        run_each(self, statement, rows)

    @event.listens_for(Engine, "before_execute")
    def _(_connection: Connection, statement: Any, *_: object) -> None:
        diary.work.wrote |= not statement.is_select

    def watched_commit(self: DefaultDialect, driver: Any) -> None:
        work = diary.work
        wrote, work.wrote = work.wrote, False
        if not wrote:
            commit(self, driver)
            return
        with diary.point("commit"):
            commit(self, driver)

    @event.listens_for(Engine, "rollback")
    def _(_connection: Connection) -> None:
        diary.work.wrote = False

    Database.run, Database.run_each, DefaultDialect.do_commit = noting_run, noting_run_each, watched_commit  # type: ignore[method-assign]


# --- files ------------------------------------------------------------------------------------------------------------


def watch_files(diary: Diary) -> None:
    """Each file that is written whole, and each that gets its name."""
    place_new, place_again = os.link, os.replace

    class Written:
        """A file, of which half is there when the end comes before its bytes are."""

        def __init__(self, file: Any) -> None:
            self._file = file

        def __enter__(self) -> Self:
            return self

        def __exit__(self, *_: object) -> None:
            self._file.close()

        def __getattr__(self, name: str) -> Any:
            return getattr(self._file, name)

        def write(self, data: bytes) -> int:
            def half() -> None:
                self._file.write(data[: len(data) // 2])
                self._file.flush()

            with diary.point("write", halfway=half):
                return int(self._file.write(data))

    def watched_open(file: Any, mode: str = "r", *rest: Any, **named: Any) -> Any:
        opened = builtins.open(file, mode, *rest, **named)  # noqa: SIM115 it is given on
        return Written(opened) if "w" in mode else opened

    def watched_link(source: Any, target: Any, **named: Any) -> None:
        with diary.point("name"):
            place_new(source, target, **named)

    def watched_replace(source: Any, target: Any, **named: Any) -> None:
        with diary.point("name"):
            place_again(source, target, **named)

    zegel.adapters.files.open = watched_open  # type: ignore[attr-defined]
    os.link, os.replace = watched_link, watched_replace


# --- requests and timers ----------------------------------------------------------------------------------------------


def watch_requests(diary: Diary, *, answers: bool) -> None:
    """What comes in, under which route it is handled, and what goes out; ``answers``: those are points, too."""
    numbers = count(1)
    find_route, act, open_roles = zegel.web.site.find_route, zegel.web.app.serve._act, zegel.cli.serve.open_roles

    def noting_find_route(routes: Any, request: Any) -> Any:
        found = find_route(routes, request)
        if hasattr(found, "route"):
            diary.work.name = f"{request.method} {found.route.path}"
        return found

    async def noting_act(timer: Timer) -> bool:
        token = WORK.set(Work(f"timer {timer.name}"))
        try:
            return await act(timer)
        finally:
            WORK.reset(token)

    def watched(app: AsgiCallable, listener: str) -> AsgiCallable:
        async def answer(scope: Scope, receive: Receive, send: Send) -> None:
            work = Work(f"{scope['method']} {scope['path']}", next(numbers))
            WORK.set(work)
            messages = await _whole(receive)
            target = scope["raw_path"].decode() + ("?" + scope["query_string"].decode()).rstrip("?")
            headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
            body = b"".join(message.get("body", b"") for message in messages)
            diary.write(
                event="request",
                request=work.number,
                listener=listener,
                method=scope["method"],
                target=target,
                headers=headers,
                body=b64encode(body).decode(),
            )

            async def receive_again() -> Any:
                return messages.pop(0) if messages else await receive()

            held: list[Any] = []

            async def send_noted(message: Any) -> None:
                if message["type"] == "http.response.start":
                    told = dict(message["headers"])
                    diary.write(
                        event="answer",
                        request=work.number,
                        work=work.name,
                        status=message["status"],
                        location=told.get(b"location", b"").decode(),
                        retry_after=told.get(b"retry-after", b"").decode(),
                    )
                    held.append(message)
                elif held and answers:
                    with diary.point("answer"):
                        await send(held.pop())
                        await send(message)
                        await asyncio.sleep(_TO_LEAVE)
                else:
                    for each in (*held, message):
                        await send(each)
                    held.clear()

            await app(scope, receive_again, send_noted)

        return answer

    async def open_watched(names: Sequence[str], world: World) -> tuple[OpenRole, ...]:
        roles = await open_roles(names, world)
        return tuple(
            replace(
                role,
                listeners=tuple(replace(each, app=watched(each.app, each.name)) for each in role.listeners),
            )
            for role in roles
        )

    zegel.web.site.find_route = noting_find_route
    zegel.web.app.serve._act = noting_act
    zegel.cli.serve.open_roles = open_watched


async def _whole(receive: Callable[[], Awaitable[Any]]) -> list[Any]:
    messages = [await receive()]
    while messages[-1].get("more_body", False):
        messages.append(await receive())
    return messages


# --- the clock, and orders --------------------------------------------------------------------------------------------


class ShiftedClock:
    """The system's clock, ``ahead`` by so many seconds."""

    ahead = 0

    def now(self) -> int:
        return _now(SystemClock()) + ShiftedClock.ahead


_now = SystemClock.now


def watch_clock() -> None:
    """Whoever asks for the time is told another one."""
    SystemClock.now = ShiftedClock.now  # type: ignore[method-assign, assignment]


def obey(diary: Diary) -> None:
    """Follow orders as they come; end with whoever gives them."""
    for line in sys.stdin:
        order = json.loads(line)
        if "begin" in order:
            diary.begin(order["begin"])
        if "clock" in order:
            ShiftedClock.ahead = order["clock"]
        print("done", flush=True)
    _end_here()


def run(role: str, config: str, descriptor: str, *first: str) -> int:
    """Serve the role; ``first`` is an order that is there before it opens anything."""
    diary = Diary(int(descriptor))
    for order in map(json.loads, first):
        diary.begin(order.get("begin"))
        ShiftedClock.ahead = order.get("clock", 0)
    watch_commits(diary)
    watch_files(diary)
    watch_requests(diary, answers=role in STORELESS)
    watch_clock()
    Thread(target=obey, args=(diary,), daemon=True).start()
    return main(["serve", role, "--config", config])
