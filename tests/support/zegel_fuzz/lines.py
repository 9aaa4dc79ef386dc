"""A target for a line of ``zegel hcert verify --batch``: whatever bytes it holds, exactly one answer comes of it, by
its ``id`` where it has one."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from zegel_testing.authorities import NOW
from zegel_testing.business_rules import RULE, book
from zegel_testing.health import Health

from zegel.primitives.encoding import base64
from zegel.primitives.json_members import MAX_MARKS, MAX_MEMBERS
from zegel.services.health import HealthDesk, Ruling
from zegel.services.health_lines import MAX_ID_DIGITS, MAX_LINE, HealthLines
from zegel_fuzz.parsers import SECONDS
from zegel_fuzz.target import Broken, Opened, Target, within

_MARKS: Final = (b'"', b"[", b"]", b"{", b"}")
_SCALAR: Final = re.compile(rb'"(?:[^"\\]|\\.)*"|-?[0-9]+', re.DOTALL)
_ANSWER: Final = ["id", "verdict", "check", "detail"]
_VERDICTS: Final = frozenset({"accepted", "rejected", "malformed"})


def line_targets() -> Iterator[Target]:
    """The lines of a batch, under a desk with a signer and a rule."""
    yield Target(name="services.health_lines.judge", open=_opened)


@contextmanager
def _opened() -> Iterator[Opened]:
    authority = Health()
    desk = HealthDesk(authority.signers, ruling=Ruling(book=book(RULE), to="XU"))
    judged = HealthLines(desk, now=NOW)
    code = authority.code().decode()

    def run(data: bytes) -> str:
        with within(SECONDS):
            answer = judged.judge(data)
        said = json.loads(answer)
        if b"\n" in answer or list(said) != _ANSWER or said["verdict"] not in _VERDICTS:
            raise Broken("an answer is one line of four members")
        check_id(data, said["id"])
        return str(said["verdict"])

    yield Opened(
        run=run,
        seeds=[
            json.dumps(asked).encode()
            for asked in (
                {"id": "1", "code": code},
                {
                    "id": 1 << 64,
                    "code": code,
                    "certificates": [base64(authority.der)],
                    "at": "2026-11-22T00:00:00.5+0200",
                },
                {"id": -(1 << 63) - 1, "code": code, "certificates": [], "at": "2026-11-22"},
                {"id": 7, "code": "HC1:"},
                {"x": [[], {"id": 1}, 10**30], "id": "a", "code": code},
            )
        ]
        + [b'{"id":1,"x":NaN,"x":"\\ud800","code":"HC1:"}', b'{"id":"a","id":"b","code":"HC1:', b'{"x":1e999,"id":2'],
    )


def check_id(data: bytes, said: object) -> None:
    """``Broken`` where another parser reads another ``id`` than was ``said``, or where that is nowhere on the line."""
    try:
        asked = json.loads(data.decode())
    except (ValueError, RecursionError):
        if said is not None and said not in list(_spelled(data)):
            raise Broken("the id is nowhere on the line") from None
        return
    id_ = asked.get("id") if type(asked) is dict else None
    if said != (id_ if _is_id(id_) else None) and not (said is None and _is_crowd(data)):
        raise Broken("the id is another one")


def _is_id(value: object) -> bool:
    if type(value) is str:
        return value == value.encode("utf-8", "ignore").decode()  # with a surrogate alone it is no text
    return type(value) is int and len(str(abs(value))) <= MAX_ID_DIGITS


def _is_crowd(data: bytes) -> bool:
    """Whether there may be more on the line than is looked through."""
    return len(data) > MAX_LINE or data.count(b":") > MAX_MEMBERS or sum(map(data.count, _MARKS)) > MAX_MARKS


def _spelled(data: bytes) -> Iterator[object]:
    for spelled in _SCALAR.findall(data):
        with suppress(ValueError):
            yield json.loads(spelled)
