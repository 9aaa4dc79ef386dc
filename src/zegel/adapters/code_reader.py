"""Reading codes in pictures and documents: each file in a process of its own, a few at a time, for a few seconds."""

import asyncio
import os
import sys
from contextlib import suppress
from subprocess import DEVNULL, PIPE
from typing import Any, Final, final

import orjson

from zegel.adapters.picture_bounds import CPU_SECONDS, MAX_FILE
from zegel.errors import Malformed, Unavailable

SECONDS: Final = 2 * CPU_SECONDS  # where others use the machine, too
AT_ONCE: Final = 2  # files; others wait, and nobody for ever
_COMMAND: Final = (sys.executable, "-P", "-m", "zegel.adapters.pictures")


@final
class PictureCodeReader:
    """A ``CodeReader``."""

    def __init__(self) -> None:
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def read(self, data: bytes) -> tuple[str, ...]:
        """See ``CodeReader``; ``Unavailable`` when no process can be started."""
        if len(data) > MAX_FILE:
            raise Malformed("file", "", f"expected at most {MAX_FILE} bytes")
        async with self._turns:
            answer = await _asked(data)
        if "refused" in answer:
            raise Malformed("file", "", answer["refused"])
        return tuple(answer["codes"])


async def _asked(data: bytes) -> dict[str, Any]:
    # its path is ours, and nothing else of our environment is: no proxy, no token
    environment = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "LC_ALL": "C.UTF-8"}
    try:
        process = await asyncio.create_subprocess_exec(
            *_COMMAND, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, env=environment
        )
    except OSError:
        raise Unavailable("picture", "no process could be started that reads it") from None
    try:
        async with asyncio.timeout(SECONDS):
            said, _ = await process.communicate(data)
        return dict(orjson.loads(said))
    except (TimeoutError, orjson.JSONDecodeError):  # it took too much time or memory, or the decoder died of it
        raise Malformed("file", "", "expected a picture or a document that is soon read") from None
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
