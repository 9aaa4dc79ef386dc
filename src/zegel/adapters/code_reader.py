"""Reading codes in pictures and documents: each file in a process of its own, a few at a time, for a few seconds."""

import asyncio
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from subprocess import DEVNULL, PIPE
from typing import Any, Final, final

import orjson

from zegel.adapters.picture_bounds import CPU_SECONDS, MAX_FILE
from zegel.checks import Check
from zegel.errors import Malformed, Unavailable

LONGER: Final = 2  # times as long as its processor time: others use the machine, too
AT_ONCE: Final = 2  # files of a reader; others wait, and nobody for ever
MAX_WAITING: Final = 8  # files that wait for that, two seconds as pictures are; the next is told to come again
_FREE_SECONDS: Final = 2  # after which it is worth trying again
_COMMAND: Final = (sys.executable, "-P", "-m", "zegel.adapters.pictures")


@final
class PictureCodeReader:
    """A ``CodeReader``, which gives a file so many seconds of a processor. Each has turns of its own.

    ``command`` is what reads a file from its stdin, and is told of the seconds.
    """

    def __init__(self, *, cpu_seconds: int = CPU_SECONDS, command: Sequence[str] = _COMMAND) -> None:
        self._cpu_seconds = cpu_seconds
        self._command = (*command, str(cpu_seconds))
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._in_hand = 0

    async def read(self, data: bytes) -> tuple[str, ...]:
        """See ``CodeReader``; ``Unavailable`` when no process can be started, or too many files wait for one."""
        if len(data) > MAX_FILE:
            raise Malformed("file", "", f"expected at most {MAX_FILE} bytes")
        if self._in_hand >= AT_ONCE + MAX_WAITING:
            detail = f"more wait than can be looked at in time; come again in {_FREE_SECONDS} s"
            raise Unavailable("picture", detail, check=Check.OVERLOAD, retry_after=_FREE_SECONDS)
        self._in_hand += 1
        try:
            async with self._turns:
                answer = await _asked(data, self._command, LONGER * self._cpu_seconds)
        finally:
            self._in_hand -= 1
        if "refused" in answer:
            raise Malformed("file", "", answer["refused"])
        return tuple(answer["codes"])


async def _asked(data: bytes, command: Sequence[str], seconds: float) -> dict[str, Any]:
    # its path is ours, and nothing else of our environment is: no proxy, no token
    environment = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "LC_ALL": "C.UTF-8"}
    try:
        process = await asyncio.create_subprocess_exec(
            *command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, env=environment
        )
    except OSError:
        raise Unavailable("picture", "no process could be started that reads it") from None
    try:
        async with asyncio.timeout(seconds):
            said, _ = await process.communicate(data)
        return dict(orjson.loads(said))
    except (TimeoutError, orjson.JSONDecodeError):  # it took too much time or memory, or the decoder died of it
        raise Malformed("file", "", "expected a picture or a document that is soon read") from None
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
