"""Calls to a role's operator API: loopback, a bearer token, JSON both ways."""

import json
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import quote, urlencode

from zegel.adapters.keyfiles import load_secret
from zegel.checks import Check
from zegel.errors import Malformed, Rejected, Unavailable, ZegelError
from zegel.primitives.encoding import base64url

_SECONDS: Final = 90  # a result may be waited for; nothing else takes long
_CHECKS: Final = {check.id: check for check in Check}


class Operated(Protocol):
    """The settings of a role with an operator API: where that listens, and the file of the token that opens it."""

    @property
    def operator_address(self) -> str:
        """The address."""
        ...

    @property
    def operator_port(self) -> int:
        """The port."""
        ...

    @property
    def operator_token(self) -> Path:
        """The file."""
        ...


def call_operator(
    role: Operated,
    *,
    method: str,
    path: str,
    body: object = None,
    query: dict[str, str] | None = None,
) -> Any:
    """Call and return the JSON answer; a refusal is raised here as the error that it was there."""
    address, port = role.operator_address, role.operator_port
    target = quote(path) + ("?" + urlencode(query) if query else "")
    headers = {
        "authorization": "Bearer " + base64url(load_secret(role.operator_token)),
        "content-type": "application/json",
    }
    connection = HTTPConnection(address, port, timeout=_SECONDS)
    try:
        connection.request(method, target, body=None if body is None else json.dumps(body), headers=headers)
        response = connection.getresponse()
        status, answer = response.status, json.loads(response.read() or b"null")
    except (OSError, HTTPException, ValueError):
        raise Unavailable(f"operator API at {address}:{port}", "it does not answer; is the role running?") from None
    finally:
        connection.close()
    if status >= 400:
        raise refusal_of(status, answer, of="operator API")
    return answer


def refusal_of(status: int, answer: Any, *, of: str) -> ZegelError:
    """A refusal that came as problem details, as the error that it was there; ``of`` names who refused.

    What names no rule of ours, and what failed there, is ``Unavailable``.
    """
    members = answer if isinstance(answer, dict) else {}
    check = _CHECKS.get(str(members.get("check")))
    detail, field = str(members.get("detail", f"status {status}")), str(members.get("field", ""))
    if check is None or status >= 500:
        return Unavailable(of, detail)
    if check is Check.SYNTAX:
        return Malformed("request", field, detail.removeprefix("request: "))
    return Rejected(check, detail, field=field)
