"""A target for a line of ``zegel hcert verify --batch``: whatever bytes it holds, exactly one answer comes of it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from zegel_testing.authorities import NOW
from zegel_testing.business_rules import RULE, book
from zegel_testing.health import Health

from zegel.primitives.encoding import base64
from zegel.services.health import HealthDesk, Ruling
from zegel.services.health_lines import HealthLines
from zegel_fuzz.parsers import SECONDS
from zegel_fuzz.target import Broken, Opened, Target, within

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
        if said["id"] is not None and said["id"] != json.loads(data)["id"]:
            raise Broken("the id is another one")
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
            )
        ],
    )
