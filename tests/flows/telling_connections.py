"""Be ``zegel``, and tell of every connection that is tried and every name that is looked up, a line each, in a file.
A connection to where this very process listens is told of as such.

The event loop is the one of the standard library, whose connections Python hears of; names, too, are looked up by it.
"""

import asyncio
import json
import os
import socket
import sys
from typing import Any

import uvloop

told = open(sys.argv[1], "w", buffering=1, encoding="utf-8")  # noqa: SIM115 it is open to the end
HEARD = ("socket.connect", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo", "socket.gethostbyname")


def hear(event: str, args: tuple[Any, ...]) -> None:
    if event in HEARD:
        what = args[:2] if event.startswith("socket.get") else args[-1]
        within = " to itself" if event == "socket.connect" and listens_at(what) else ""
        told.write(json.dumps([event.removeprefix("socket.") + within, what], default=str) + "\n")


def listens_at(address: Any) -> bool:
    for descriptor in os.listdir("/proc/self/fd"):
        try:
            with socket.socket(fileno=os.dup(int(descriptor))) as one:
                if one.getsockname() == address and one.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                    return True
        except OSError:  # it is no socket, or closed
            continue
    return False


sys.addaudithook(hear)
uvloop.new_event_loop = asyncio.new_event_loop

from zegel.cli.main import main  # noqa: E402

sys.exit(main(sys.argv[2:]))
