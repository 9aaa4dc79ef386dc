"""Several processes that serve the same roles: each is a worker with an event loop, a database connection and a port.

Workers know nothing of each other. They listen on the same addresses, and the kernel gives each connection to one of
them (SO_REUSEPORT, socket(7)); what they share is the role's database and its keys. Their parent serves nothing: it
starts them, the first alone, for that one brings the database up to date; starts again whichever dies; and ends them.
"""

import asyncio
import os
import selectors
import signal
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, final

from zegel.adapters.logs import Log
from zegel.config.roles import Config
from zegel.config.setting import Port, wrong_setting
from zegel.errors import Unavailable
from zegel.web.app.roles import OpenRole
from zegel.web.app.serve import GRACE_SECONDS, bind

RESTART_SECONDS: Final = 1  # a worker that dies at its start would otherwise take a core for itself
KILL_SECONDS: Final = GRACE_SECONDS + 2  # what runs may finish, and then the roles are closed
METRICS_STEP: Final = 100  # the ports next to a role's own are those of other roles
_MAX_PORT: Final = 65_535  # RFC 9293 section 3.1: sixteen bits
_ENDING: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_WATCHED: Final = (*_ENDING, signal.SIGCHLD)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """What a worker knows: its number from zero, whether it is started anew, and two pipes to its parent."""

    number: int
    again: bool
    _ready: int
    _parent: int

    def say_ready(self, lines: Sequence[str]) -> None:
        """It answers; ``lines`` say where."""
        os.write(self._ready, "\n".join(lines).encode())
        os.close(self._ready)

    async def parent_gone(self) -> None:
        """Wait for the end of the parent, however it ends: nobody would end this worker any more."""
        gone, loop = asyncio.Event(), asyncio.get_running_loop()
        loop.add_reader(self._parent, gone.set)
        try:
            await gone.wait()
        finally:
            loop.remove_reader(self._parent)


def workers_of(config: Config, role: str) -> int:
    """How many workers serve a role."""
    return getattr(getattr(config, role.replace("-", "_")), "workers", 1)


def roles_of(names: Sequence[str], config: Config, *, worker: int) -> list[str]:
    """The roles of these that a worker serves: the first serves all of them."""
    return [name for name in names if workers_of(config, name) > worker]


def config_of(config: Config, *, worker: int) -> Config:
    """The configuration as it counts for a worker: each is watched at a port of its own."""
    roles: dict[str, Any] = {}
    for name in ("issuer", "verifier", "provider"):
        role = getattr(config, name)
        if worker and role.metrics_port is not None and role.workers > worker:
            port = role.metrics_port + METRICS_STEP * worker
            if port > _MAX_PORT:
                detail = f"expected at most {_MAX_PORT - METRICS_STEP * (role.workers - 1)} with so many workers"
                raise wrong_setting(f"{name}.metrics_port", detail)
            roles[name] = replace(role, metrics_port=Port(port))
    return replace(config, **roles)


def part_of(role: OpenRole, *, worker: int) -> OpenRole:
    """A role as a worker serves it: of the timers that act for all, the first worker has all."""
    return replace(role, timers=tuple(timer for timer in role.timers if worker == 0 or not timer.for_all))


def bind_shared(roles: Sequence[OpenRole], config: Config, worker: Worker) -> Mapping[str, socket.socket]:
    """The listening sockets of the roles that have several workers, by listener; ``Unavailable`` when one is taken."""
    bound: dict[str, socket.socket] = {}
    try:
        for role in roles:
            if not role.listeners or workers_of(config, role.name) == 1:
                continue
            for listener in role.listeners:
                if worker.number == 0 and not worker.again:
                    bind(listener.address, listener.port).close()  # nobody else's: other workers would share theirs
                bound[listener.name] = bind(listener.address, listener.port, shared=True)
    except BaseException:
        for one in bound.values():
            one.close()
        raise
    return bound


def supervise(count: int, work: Callable[[Worker], int], *, say: Callable[[str], None]) -> int:
    """Run workers until told to end. Returns in the parent, at the end of all, and in each worker what it returns.

    ``say`` is told where they answer when all of them do. A worker that ends before that ends them all, and its exit
    code is returned.
    """
    parent = _Parent(count, say=say)
    return parent.run(work)


@final
@dataclass(slots=True, kw_only=True)
class _Running:
    number: int
    ready: int | None  # the pipe on which it says so, until it has
    said: bytes = b""


@final
class _Parent:
    """Starts, watches and ends; it reacts to signals and to pipes, and does nothing else."""

    def __init__(self, count: int, *, say: Callable[[str], None]) -> None:
        self._count = count
        self._say = say
        self._log = Log("workers")
        self._running: dict[int, _Running] = {}
        self._due: dict[int, float] = {}
        self._lines: dict[int, bytes] = {}
        self._up = False
        self._code = 0
        self._kill_at: float | None = None
        self._selector = selectors.DefaultSelector()
        self._lifeline, self._held = os.pipe()  # workers read the end of it when this process has ended
        self._woken, self._waking = socket.socketpair()
        for one in (self._woken, self._waking):
            one.setblocking(False)

    def run(self, work: Callable[[Worker], int]) -> int:
        before = {number: signal.getsignal(number) for number in _WATCHED}
        self._selector.register(self._woken, selectors.EVENT_READ)
        for number in _WATCHED:
            # what is ignored is left so, as nohup wants it; but ignored children leave no word of their end (wait(2))
            if number == signal.SIGCHLD or before[number] is not signal.SIG_IGN:
                signal.signal(number, _hear)
        signal.set_wakeup_fd(self._waking.fileno(), warn_on_full_buffer=False)
        self._due[0] = 0.0
        while self._running or self._due:
            worker = self._start_one()
            if worker is not None:
                return work(worker)
            self._wait()
        signal.set_wakeup_fd(-1)
        for number, handler in before.items():
            signal.signal(number, handler)
        return self._code

    def _start_one(self) -> Worker | None:
        """Start the worker that is due, if there is one; the worker itself gets what it is to know."""
        due = [number for number, at in self._due.items() if at <= time.monotonic()]
        if not due:
            return None
        number = due[0]
        del self._due[number]
        read, write = os.pipe()
        signal.pthread_sigmask(signal.SIG_BLOCK, _WATCHED)  # what the new process gets before it is one, is not for us
        process = os.fork()
        if process == 0:
            self._become_worker()
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _WATCHED)
            os.close(read)
            return Worker(number=number, again=self._up, _ready=write, _parent=self._lifeline)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _WATCHED)
        os.close(write)
        self._running[process] = _Running(number=number, ready=read)
        self._selector.register(read, selectors.EVENT_READ, process)
        return None

    def _become_worker(self) -> None:
        signal.set_wakeup_fd(-1)
        for number in _WATCHED:
            if signal.getsignal(number) is _hear:
                signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
        self._selector.close()
        self._woken.close()
        self._waking.close()
        os.close(self._held)
        for running in self._running.values():
            if running.ready is not None:
                os.close(running.ready)

    def _wait(self) -> None:
        moments = [*self._due.values(), *(() if self._kill_at is None else (self._kill_at,))]
        timeout = max(0.0, min(moments) - time.monotonic()) if moments else None
        for key, _ in self._selector.select(timeout):
            if key.fileobj is self._woken:
                for number in self._woken.recv(4_096):
                    if number in _ENDING:
                        self._end()
            else:
                self._hear_from(key.data)
        if self._kill_at is not None and time.monotonic() >= self._kill_at:
            self._tell_all(signal.SIGKILL)
            self._kill_at = time.monotonic() + KILL_SECONDS
        self._reap()

    def _hear_from(self, process: int) -> None:
        running = self._running[process]
        assert running.ready is not None
        said = os.read(running.ready, 4_096)
        running.said += said
        if said:
            return
        self._stop_hearing(running)
        if running.said:
            self._is_ready(running)

    def _is_ready(self, running: _Running) -> None:
        if self._kill_at is not None:
            return
        if self._up:
            self._log.write("worker", count=running.number)
            return
        self._lines[running.number] = running.said
        if running.number == 0:
            self._due |= dict.fromkeys(range(1, self._count), 0.0)
        if len(self._lines) == self._count:
            self._up = True
            for line in self._lines[0].decode().splitlines():
                self._say(line)

    def _stop_hearing(self, running: _Running) -> None:
        if running.ready is not None:
            self._selector.unregister(running.ready)
            os.close(running.ready)
            running.ready = None

    def _reap(self) -> None:
        while self._running:
            process, status = os.waitpid(-1, os.WNOHANG)
            if process == 0:
                return
            running = self._running.pop(process, None)
            if running is None:  # whoever was this process before had children, or it is the first of a container
                continue
            self._stop_hearing(running)
            if self._kill_at is not None:
                continue
            if self._up:
                why = Unavailable(f"worker {running.number}", "it ended, and is started again")
                self._log.write("worker", count=running.number, error=why)
                self._due[running.number] = time.monotonic() + RESTART_SECONDS
            else:
                self._code = max(os.waitstatus_to_exitcode(status), 1)
                self._end()

    def _end(self) -> None:
        if self._kill_at is None:
            self._kill_at = time.monotonic() + KILL_SECONDS
            self._due.clear()
            self._tell_all(signal.SIGTERM)

    def _tell_all(self, number: signal.Signals) -> None:
        for process in self._running:
            os.kill(process, number)


def _hear(*_: object) -> None:
    """The number of a signal comes through the socket of ``set_wakeup_fd``; all that is needed here is that it does."""
