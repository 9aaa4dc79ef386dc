"""Many health certificates, judged a line each: what comes in as JSON goes out as JSON, in the same order.

A line is ``{"id", "code", "certificates"?, "at"?}``, its answer ``{"id", "verdict", "check", "detail"}``. A line that
is none has an answer too, and the next one is judged as if nothing had been.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final, final

from zegel.errors import Malformed, Rejected, ZegelError
from zegel.formats.hcert.keys import DocumentSigner, DocumentSigners, parse_signer
from zegel.formats.hcert.who_certificate import VerifiedHealthRecord
from zegel.primitives.encoding import parse_base64
from zegel.primitives.json import Json, encode_json, parse_object
from zegel.services.health import HealthDesk

MAX_LINE: Final = 1 << 17  # bytes; a code has 4,296, and twenty certificates with RSA keys of 4096 bits 60 kB
MAX_CERTIFICATES: Final = 32  # on one line, each to be tried; the official vectors have one
MAX_TIME: Final = 64  # characters; a time with nine digits of a fraction and an offset has 35
_WHAT: Final = "line"
_MOMENT: Final = re.compile(r"([0-9-]+(?:[T ][0-9:]+)?)(?:[.,][0-9]+)?(Z|[+-][0-9:]+)?")  # a fraction is left out
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@final
class HealthLines:
    """Judges lines. ``now`` is for those that name no time, in seconds; those that bring no signers have the desk's.

    ``languages`` are those of whoever reads the answers, best first.
    """

    def __init__(self, desk: HealthDesk, *, now: int, languages: Sequence[str] = ()) -> None:
        self.desk: Final = desk
        self._now = now
        self._languages = languages

    def judge(self, line: bytes) -> bytes:
        """The answer to a line, itself a line without its end."""
        name: Json = None
        try:
            if len(line) > MAX_LINE:
                raise Malformed(_WHAT, "", f"expected at most {MAX_LINE} bytes")
            asked = parse_object(line, what=_WHAT)
            name = _name(asked.get("id"))
            certificate = self._judged(asked)
        except ZegelError as error:
            return _answer(name, error)
        warnings = "; ".join(certificate.warnings)
        return encode_json({"id": name, "verdict": "accepted", "check": None, "detail": warnings})

    def _judged(self, asked: dict[str, Json]) -> VerifiedHealthRecord:
        code, now = asked.get("code"), self._time(asked.get("at"))
        if type(code) is not str:
            raise Malformed(_WHAT, "code", "expected text")
        signers = self._trusted(asked.get("certificates"))
        text = code.encode(errors="replace")
        return self.desk.judge_record(text, at=now, languages=self._languages, signers=signers)

    def _time(self, value: Json) -> int:
        return self._now if value is None else parse_moment(value, _WHAT, "at")

    def _trusted(self, value: Json) -> DocumentSigners | None:
        """Those of the line; of what it brings, what is no certificate is nobody that is trusted."""
        if value is None:
            return None
        if type(value) is not list or len(value) > MAX_CERTIFICATES:
            raise Malformed(_WHAT, "certificates", f"expected an array of at most {MAX_CERTIFICATES}")
        return _signers_of(tuple(_certificates(value)))


def parse_moment(value: Json, what: str, where: str) -> int:
    """Parse ISO 8601 to seconds since the epoch, rounded down: UTC without an offset, of any fraction."""
    found = _MOMENT.fullmatch(value.strip().upper()) if type(value) is str and len(value) <= MAX_TIME else None
    if found is None:
        raise Malformed(what, where, "expected a time as 2021-05-29T12:00:00Z")
    try:
        moment = datetime.fromisoformat(found[1] + (found[2] or ""))
    except ValueError:
        raise Malformed(what, where, "expected a time as 2021-05-29T12:00:00Z") from None
    whole = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return int((whole - _EPOCH).total_seconds())


def _certificates(values: Iterable[Json]) -> Iterable[str]:
    for at, value in enumerate(values):
        if type(value) is not str:
            raise Malformed(_WHAT, f"certificates[{at}]", "expected base64")
        yield value


@lru_cache(maxsize=256)
def _signers_of(certificates: tuple[str, ...]) -> DocumentSigners:
    return DocumentSigners(signer for text in certificates for signer in _signer_of(text))


@lru_cache(maxsize=1_024)
def _signer_of(text: str) -> tuple[DocumentSigner, ...]:
    """Read once: the lines of one authority bring the same few."""
    try:
        return (parse_signer(parse_base64("".join(text.split()), what=_WHAT, where="certificates")),)
    except Malformed:
        return ()


def _name(value: Json) -> Json:
    if type(value) not in (str, int):
        raise Malformed(_WHAT, "id", "expected text, or a whole number")
    return value


def _answer(name: Json, error: ZegelError) -> bytes:
    verdict = "rejected" if isinstance(error, Rejected) else "malformed"
    told = f"{error.detail}: {error.said}" if error.said else error.detail
    detail = str(error) if isinstance(error, Malformed) else f"{error.field}: {told}" if error.field else told
    return encode_json({"id": name, "verdict": verdict, "check": error.check.id, "detail": detail})
