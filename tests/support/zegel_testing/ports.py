"""Ports for programs that are told theirs in a configuration, before they listen."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

ADDRESS = "127.0.0.1"
# Below those that Linux gives for port 0 and to outgoing connections: net.ipv4.ip_local_port_range begins at 32768.
FIRST, LAST = 20_000, 32_000
BLOCK = 32


@contextmanager
def reserved_ports(count: int) -> Iterator[range]:
    """Neighbouring free ports, which nobody else is given in whatever process while the context is open.

    A block of ports belongs to whoever has bound its first port; the others are those that are given.
    """
    assert count < BLOCK
    for first in range(FIRST, LAST, BLOCK):
        ports = range(first + 1, first + 1 + count)
        with socket.socket() as guard:
            if _takes(guard, first) and all(_is_free(port) for port in ports):
                yield ports
                return
    raise AssertionError("no block of ports is free")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections that have ended do not count
        return _takes(probe, port)


def _takes(one: socket.socket, port: int) -> bool:
    try:
        one.bind((ADDRESS, port))
    except OSError:
        return False
    return True
