"""A request as one run of bytes: lines of headers, an empty line, the body or the query. Where it goes is the target's.

What has to fit the moment (tokens, proofs, codes) may stand in it as a name between ``@``: of a header, a form's field
or a JSON member of the last good request, or as ``@body@``. So a message stays good when the secrets are others.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

from zegel.errors import Malformed
from zegel.primitives.http import HttpRequest
from zegel.primitives.json import encode_json, parse_object

_NAME: Final = re.compile(r"[a-z0-9-]{1,64}")
_PLACE: Final = re.compile(rb'"@member:([\w.:/-]{1,80})@"|@(header|field):([\w.:/-]{1,80})@|@body@')
_MAX_HEADERS: Final = 60
_NOT_TOLD: Final = ("host", "content-length")  # whoever sends it says these


@dataclass(frozen=True)
class Good:
    """A request that would be taken now. ``inside`` is what it holds encrypted, ``seal`` makes one of other bytes."""

    request: HttpRequest
    inside: bytes | None = None
    seal: Callable[[bytes], HttpRequest] | None = None


def message_of(request: HttpRequest) -> bytes:
    """A request as a message, to the byte."""
    return _head(request, lambda name, value: value) + request.body


def template_of(request: HttpRequest) -> bytes:
    """The same with every value by its name."""
    return _head(request, lambda name, _: f"@header:{name}@") + body_template(request.body)


def opened_templates(request: HttpRequest) -> list[bytes]:
    """The same with one value of the body as it is: so that it can be changed while all around it is good."""
    head = _head(request, lambda name, _: f"@header:{name}@")
    return [head + body for body in opened_bodies(request.body)]


def opened_bodies(body: bytes) -> list[bytes]:
    """Bodies with each value in turn as it is, and the others by their names."""
    names = _members(body) or [name.decode() for name in _fields(body)]
    return [body_template(body, opened=name) for name in names]


def body_template(body: bytes, *, opened: str = "") -> bytes:
    """A form or a JSON object with every value but ``opened`` by its name, or the whole by its name."""
    members = _members(body)
    if members is not None:
        return encode_json({name: value if name == opened else f"@member:{name}@" for name, value in members.items()})
    fields = _fields(body)
    if fields:
        kept = opened.encode()
        return b"&".join(
            name + b"=" + (value if name == kept else b"@field:" + name + b"@") for name, value in fields.items()
        )
    return b"@body@"


def request_of(message: bytes, good: HttpRequest) -> HttpRequest:
    """The request that a message stands for, at the place of the good one."""
    head, body = parted(expanded(message, good))
    headers = []
    for line in head.decode("latin-1").split("\n")[:_MAX_HEADERS]:
        name, _, value = line.partition(":")
        if _NAME.fullmatch(name.strip().lower()) and name.strip().lower() not in _NOT_TOLD:
            headers.append((name.strip().lower(), value.strip()))
    return HttpRequest(method=good.method, url=good.url, headers=tuple(headers), body=body)


def with_query_below(request: HttpRequest) -> HttpRequest:
    """A GET with its query as if that were a body, for it is what the fuzzer fills in."""
    url, _, query = request.url.partition("?")
    return replace(request, url=url, body=query.encode())


def sendable(request: HttpRequest) -> HttpRequest:
    """The request as it is sent: the query of a GET is in its place again."""
    if request.method != "GET":
        return request
    return replace(request, url=f"{request.url}?{request.body.decode('latin-1')}", body=b"")


def parted(message: bytes) -> tuple[bytes, bytes]:
    """Up to and with the end of the headers, and the body; without an empty line there is no body."""
    end = (b"\n" + message).find(b"\n\n")
    return (message, b"") if end < 0 else (message[: end + 1], message[end + 1 :])


def expanded(message: bytes, good: HttpRequest) -> bytes:
    """The message with the values of the good request in the place of their names; what it has not is left out."""
    if b"@" not in message:
        return message
    headers = {name.encode(): value.encode("latin-1") for name, value in good.headers}
    fields, members = _fields(good.body), _members(good.body) or {}

    def value(found: re.Match[bytes]) -> bytes:
        member, kind, name = found.groups()
        if member is not None:
            return encode_json(members.get(member.decode("ascii", "replace")))
        if kind is None:
            return good.body
        return (headers if kind == b"header" else fields).get(name, b"")

    return _PLACE.sub(value, message)


def _head(request: HttpRequest, word: Callable[[str, str], str]) -> bytes:
    lines = [f"{name}: {word(name, value)}\n" for name, value in request.headers if name not in _NOT_TOLD]
    return "".join(lines).encode("latin-1") + b"\n"


def _members(body: bytes) -> dict[str, Any] | None:
    try:
        return dict(parse_object(body, what="good request"))
    except Malformed:
        return None


def _fields(body: bytes) -> dict[bytes, bytes]:
    """The fields of a form, as they are encoded."""
    pairs = [pair.partition(b"=") for pair in body.split(b"&")]
    return {name: value for name, sep, value in pairs if sep and re.fullmatch(rb"[\w.:-]+", name)}
