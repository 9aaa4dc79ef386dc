"""RFC 6761 section 6.3: names under .localhost are this machine, whatever the resolver says."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest


@contextmanager
def localhost_names() -> Iterator[None]:
    """While it is open, this process finds such names at 127.0.0.1, as browsers do."""
    resolve = socket.getaddrinfo

    def local(host: Any, *arguments: Any, **options: Any) -> Any:
        named = isinstance(host, str) and host.endswith(".localhost")
        return resolve("127.0.0.1" if named else host, *arguments, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", local)
        yield
