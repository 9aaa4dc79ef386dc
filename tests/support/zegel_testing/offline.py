"""A machine without a network: whoever reaches for one is found out."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest


@contextmanager
def offline() -> Iterator[list[str]]:
    """No address is looked up and no connection made; the attempts, which have to be none, are what is yielded."""
    attempts: list[str] = []

    def refuse(name: str) -> Any:
        def refused(*_: object, **__: object) -> None:
            attempts.append(name)
            raise OSError("there is no network")

        return refused

    with pytest.MonkeyPatch.context() as patched:
        for owner, name in (
            *((socket, name) for name in ("getaddrinfo", "gethostbyname", "create_connection")),
            *((socket.socket, name) for name in ("connect", "connect_ex", "sendto")),
        ):
            patched.setattr(owner, name, refuse(name))
        yield attempts
    assert attempts == []
