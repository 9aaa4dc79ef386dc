"""Roles on sockets: one server a listener, one event loop, timers beside them, an end that finishes what runs."""

import asyncio
import errno
import signal
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Generator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any, Final, TypeVar, final

import uvicorn
import uvloop

from zegel.adapters.logs import Log
from zegel.errors import Unavailable
from zegel.web.app.connection import BoundedConnection
from zegel.web.app.roles import Listener, OpenRole, Timer, World

GRACE_SECONDS: Final = 10  # what runs at SIGTERM may finish in this time
TLS_1_2_CIPHERS: Final = "ECDHE+AESGCM"  # FAPI 2.0 section 5.2.2: the four of RFC 9325 section 4.2; TLS 1.3 has its own
_BACKLOG: Final = 512  # connections that wait with the system while a worker is busy for a moment
_RETRY_SECONDS: Final = 2.0  # a timer that failed is tried again sooner than its period
_ENDING: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

T = TypeVar("T")


def bind(address: str, port: int, *, shared: bool = False) -> socket.socket:
    """A listening socket; port 0 takes a free one. ``Unavailable`` when the port is taken.

    ``shared``: other sockets of the same user that are shared too may listen there, and each gets connections.
    """
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if shared:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        listening.bind((address, port))
    except OSError as error:
        listening.close()
        reason = (error.strerror or "it cannot be used").lower()
        if error.errno == errno.EADDRINUSE:
            reason += "; end the program that listens there, or have another port in zegel.toml"
        raise Unavailable(f"{address}:{port}", reason) from None
    listening.listen(_BACKLOG)
    return listening


@final
class ToldToEnd(KeyboardInterrupt):
    """A signal came before the work was done. ``number`` is the signal's."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


@asynccontextmanager
async def serving(
    roles: Sequence[OpenRole], *, world: World, sockets: Mapping[str, socket.socket]
) -> AsyncIterator[None]:
    """Serve while the context is open, and close the roles and their world at its end.

    ``sockets`` are by the listener's name; one that is missing is bound as the listener says. All listeners answer when
    this is entered, and each timer has acted once.
    """
    listeners = [listener for role in roles for listener in role.listeners]
    servers = [_server(listener) for listener in listeners]
    bound: list[socket.socket] = []
    tasks: list[asyncio.Task[None]] = []
    timers: list[asyncio.Task[None]] = []
    try:
        bound = _bound(listeners, sockets)
        for listener, server, one in zip(listeners, servers, bound, strict=True):
            tasks.append(asyncio.create_task(server.serve(sockets=[one]), name=listener.name))
        await _started(servers, tasks)
        for role in roles:
            for timer in role.timers:
                well = await _act(timer)
                timers.append(asyncio.create_task(_repeat(timer, well=well), name=timer.name))
        yield
    finally:
        for task in timers:
            task.cancel()
        for server in servers:
            server.should_exit = True
        for role in roles:
            if role.end_waits is not None:
                role.end_waits()
        await _answered(servers)  # what runs may still have to fetch something
        await world.close()  # roles in one process keep connections to each other, which no server may wait for
        await asyncio.gather(*tasks, *timers, return_exceptions=True)
        for one in bound:
            one.close()
        for role in roles:
            role.close()


async def until_told_to_end() -> None:
    """Wait for SIGTERM, SIGINT or SIGHUP; the last is ignored where it was, as ``nohup`` wants it."""
    told = asyncio.Event()
    _listen(asyncio.get_running_loop(), lambda _: told.set())
    await told.wait()


def run_unless_told_to_end(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run the work in an event loop of its own, and return what it returns; ``ToldToEnd`` when it was told to end
    before, and has tidied up.

    Work that waits ``until_told_to_end`` itself decides what that means from there on.
    """
    before = {number: signal.getsignal(number) for number in _ENDING}
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        loop = runner.get_loop()
        told: asyncio.Queue[int] = asyncio.Queue()
        try:
            _listen(loop, told.put_nowait)  # before there is anything that a signal could leave half done
            return runner.run(_unless(told, work))
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


async def _unless(told: asyncio.Queue[int], work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    working, telling = asyncio.create_task(work()), asyncio.create_task(told.get())
    await asyncio.wait((working, telling), return_when=asyncio.FIRST_COMPLETED)
    for task in (working, telling):
        task.cancel()
    await asyncio.wait((working, telling))
    if working.cancelled() and not telling.cancelled():
        raise ToldToEnd(telling.result())
    return working.result()


def _listen(loop: asyncio.AbstractEventLoop, tell: Callable[[int], None]) -> None:
    """From now on the loop calls ``tell`` with the number of each signal, be it running or not: ``add_signal_handler``
    of uvloop forgets what comes before the loop runs."""

    def heard(number: int, _: object) -> None:
        loop.call_soon_threadsafe(tell, number)

    for number in _ENDING:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, heard)


@final
class _Server(uvicorn.Server):
    """A server that leaves signals to whoever runs several of them."""

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


def _server(listener: Listener) -> _Server:
    config = uvicorn.Config(
        listener.app,
        http=BoundedConnection,
        ws="none",
        log_config=None,
        access_log=False,
        lifespan="off",
        server_header=False,
        proxy_headers=False,  # it would believe any program of this machine; whom to believe, the configuration says
        date_header=True,
        timeout_graceful_shutdown=GRACE_SECONDS,
        timeout_keep_alive=15,
        ssl_certfile=None if listener.tls is None else str(listener.tls[0]),
        ssl_keyfile=None if listener.tls is None else str(listener.tls[1]),
        ssl_ciphers=TLS_1_2_CIPHERS,
    )
    return _Server(config)


def _bound(listeners: Sequence[Listener], sockets: Mapping[str, socket.socket]) -> list[socket.socket]:
    """A listening socket for each listener, or none at all."""
    made: dict[str, socket.socket] = {}
    try:
        for listener in listeners:
            if listener.name not in sockets:
                made[listener.name] = bind(listener.address, listener.port)
    except Unavailable:
        for one in made.values():
            one.close()
        raise
    return [{**made, **sockets}[listener.name] for listener in listeners]


async def _started(servers: Sequence[_Server], tasks: Sequence[asyncio.Task[None]]) -> None:
    while not all(server.started for server in servers):
        for task in tasks:
            if task.done():
                raise Unavailable(task.get_name(), "it did not start")
        await asyncio.sleep(0.01)


async def _answered(servers: Sequence[_Server]) -> None:
    """Wait until nobody takes a connection any more and every request has its answer, for as long as there is grace."""
    with suppress(TimeoutError):
        async with asyncio.timeout(GRACE_SECONDS):
            while any(_at_work(server) for server in servers):  # noqa: ASYNC110 a server tells of no end
                await asyncio.sleep(0.01)


def _at_work(server: _Server) -> bool:
    listening = getattr(server, "servers", ())  # it has none before it has started
    return bool(server.server_state.tasks) or any(each.is_serving() for each in listening)


async def _repeat(timer: Timer, *, well: bool) -> None:
    while True:
        await asyncio.sleep(timer.pause() if well else min(_RETRY_SECONDS, timer.seconds))
        well = await _act(timer)


async def _act(timer: Timer) -> bool:
    try:
        await timer.act()
    except Exception as error:  # noqa: BLE001 one bad turn must not end the timer
        Log(timer.name).write("timer", error=error)
        return False
    return True
