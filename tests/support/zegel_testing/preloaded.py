"""``zegel`` with its modules imported: to import them is half of what most commands do, and the tests run hundreds.

``preloaded()`` is a program that a test starts in the place of ``zegel``. It has the command run by a process of its
own, forked from one that imported every command's module, and read what comes with the package, and did nothing else:
with the arguments, the environment, the folder and the open files that it was started with. Signals reach the command,
and its end is the program's. Where a test measures a program, or looks at its process, it starts ``zegel`` itself.

``Forked`` is such a process without the program, whose pid is its own: for whoever kills it.
"""

import atexit
import fcntl
import gc
import marshal
import os
import pkgutil
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache, partial
from importlib import import_module
from pathlib import Path
from typing import Any, Final, NoReturn

_SOCKET: Final = "socket"
_MESSAGE: Final = 1 << 20  # bytes; the environment is a few kB
_DESCRIPTORS: Final = 16  # 0 to 15 are passed on
_PASSED_ON: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# What is not imported before it is needed.
_LATE: Final = (
    "anyio._backends._asyncio",
    "asn1crypto.cms",
    "ctypes",
    "encodings.idna",
    "uvicorn.lifespan.on",
    "uvicorn.protocols.http.httptools_impl",
    "zegel.cli.wallet_network",
)
# Started for each command, so it imports little. A byte on the way there is a signal; back come its pid and its status.
_PROGRAM: Final = """\
#!{python} -IS
import marshal, os, signal, socket, sys
def pass_on(number, _):
    try:
        server.send(bytes((number,)))
    except OSError:
        pass  # it has ended
inherited = [number for number in range({most}) if os.path.exists(f"/proc/self/fd/{{number}}")]
with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as server:
    server.connect({path!r})
    for number in {passed_on}:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, pass_on)
    asked = marshal.dumps((inherited, sys.argv[1:], os.getcwd(), dict(os.environ)))
    socket.send_fds(server, [asked], inherited)
    server.recv(16)
    status = int(server.recv(16) or b"70")
if status < 0:
    signal.signal(-status, signal.SIG_DFL)
    os.kill(os.getpid(), -status)
sys.exit(status)
"""


@cache
def preloaded() -> Path:
    """The program, called ``zegel``, in a folder with nothing else that could be called."""
    folder = Path(tempfile.mkdtemp(prefix="zegel-preloaded-"))
    program, path = folder / "zegel", folder / _SOCKET
    program.write_text(
        _PROGRAM.format(python=sys.executable, path=str(path), most=_DESCRIPTORS, passed_on=tuple(map(int, _PASSED_ON)))
    )
    program.chmod(0o700)
    # it ends with the pipe that it reads, however this process ends
    server = subprocess.Popen(
        [sys.executable, "-m", __name__, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=_environment()
    )
    assert server.stdout is not None
    assert server.stdout.readline() == b"ready\n"

    def end() -> None:
        assert server.stdout is not None
        server.communicate()
        shutil.rmtree(folder)

    atexit.register(end)
    return program


class Forked:
    """``run`` of a module, in a process that has the modules of ``zegel`` imported, and which ends with this one.

    ``files`` are its open files, by their numbers there: descriptors of this process, which may be closed at once.
    """

    def __init__(self, module: str, *arguments: str, files: Mapping[int, int]) -> None:
        asked = (list(files), ["-m", module, *arguments], str(Path.cwd()), dict(os.environ))
        self._server = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._server.connect(str(preloaded().with_name(_SOCKET)))
        socket.send_fds(self._server, [marshal.dumps(asked)], list(files.values()))
        self.pid: Final = int(self._server.recv(16))
        self._status: int | None = None

    def poll(self) -> int | None:
        """Its exit status, by which signal it ended in the negative; None while it runs."""
        if self._status is None and select.select([self._server], [], [], 0)[0]:
            self.wait()
        return self._status

    def wait(self, seconds: float | None = None) -> int:
        """Its exit status, once it has ended; ``TimeoutError`` where that takes longer."""
        if self._status is None:
            self._server.settimeout(seconds)
            self._status = int(self._server.recv(16) or b"70")
            self._server.close()
        return self._status


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}


def _wait_for_command(path: str) -> list[str]:
    """Fork for each command, and return in the process that shall run it: the arguments."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listening:
        listening.bind(path)
        listening.listen(16)
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the keepers
        print("ready", flush=True)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        while True:
            ready, _, _ = select.select([listening, 0], [], [])
            if listening not in ready:
                os._exit(0)
            asking, _ = listening.accept()
            with asking:
                if os.fork() == 0:
                    listening.close()
                    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                    return _keep(asking)


def _keep(asking: socket.socket) -> list[str]:
    """Fork the command, and stay to pass on its signals and to tell of its end; it is killed with who asked for it."""
    message, descriptors, _, _ = socket.recv_fds(asking, _MESSAGE, _DESCRIPTORS)
    ended, alive = os.pipe()  # the command holds one end for as long as it lives
    command = os.fork()
    if command == 0:
        asking.close()
        fcntl.fcntl(alive, fcntl.F_DUPFD_CLOEXEC, _DESCRIPTORS)
        return _become(descriptors, *marshal.loads(message))
    for descriptor in (alive, *descriptors):
        os.close(descriptor)
    with suppress(OSError):
        asking.send(b"%d" % command)
    while True:
        ready, _, _ = select.select([asking, ended], [], [])
        if ended in ready:
            _, status = os.waitpid(command, 0)
            with suppress(OSError):  # who asked is gone
                asking.send(b"%d" % os.waitstatus_to_exitcode(status))
            os._exit(0)
        os.kill(command, (asking.recv(1) or bytes((signal.SIGKILL,)))[0])


def _become(
    descriptors: list[int], numbers: list[int], arguments: list[str], folder: str, environment: dict[str, str]
) -> list[str]:
    aside = [fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, _DESCRIPTORS) for descriptor in descriptors]
    os.closerange(0, _DESCRIPTORS)
    for number, descriptor in zip(numbers, aside, strict=True):
        os.dup2(descriptor, number)
        os.close(descriptor)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    tempfile.tempdir = None
    sys.stdin = os.fdopen(0, closefd=False)
    sys.stdout = os.fdopen(1, "w", closefd=False)
    sys.stderr = os.fdopen(2, "w", 1, errors="backslashreplace", closefd=False)
    return arguments


def _load() -> None:
    """Load what commands use: modules, of the roles and the server too, templates, the catalogue and the settings."""
    for command in COMMANDS.values():
        import_module(f"zegel.cli.{command.module}")
    for module in pkgutil.iter_modules(zegel.web.app.__path__, "zegel.web.app."):
        import_module(module.name)
    for name in _LATE:
        import_module(name)
    templates = pages._environment()
    for name in templates.list_templates(extensions=["html"]):
        templates.get_template(name)
    load_catalogue()
    _describe(Config)
    gc.freeze()


def _describe(table: Any) -> None:
    """Have the settings of a table and of those within it looked up: a process does so once."""
    for setting in settings_of(table):
        if setting.table is not None:
            _describe(setting.table)


def _run(command: Callable[[], int]) -> int:
    """The status; what is no number is raised."""
    try:
        return command()
    except SystemExit as ended:
        if isinstance(ended.code, int):
            return ended.code
        raise


def _end(status: int) -> NoReturn:
    """End as the interpreter does, but leave the modules as they are.

    To take them apart would write to, and so copy, each page that is shared with whom it was forked from; that takes
    longer than most commands.
    """
    threading._shutdown()
    atexit._run_exitfuncs()
    with suppress(OSError):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    sys.exit(status)  # which says what is wrong with them


if __name__ == "__main__":
    import zegel.web.app
    from zegel.adapters.catalogue import load_catalogue
    from zegel.cli.main import COMMANDS, main
    from zegel.config.roles import Config
    from zegel.config.setting import settings_of
    from zegel.web import pages

    _load()
    arguments = _wait_for_command(sys.argv[1])
    if arguments[:1] == ["-m"]:
        _end(_run(partial(import_module(arguments[1]).run, *arguments[2:])))
    sys.argv = ["zegel", *arguments]
    _end(_run(main))
