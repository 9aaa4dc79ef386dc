"""Many health certificates, judged a line each: what comes in as JSON goes out as JSON, in the same order.

A line is ``{"id", "code", "certificates"?, "at"?}``, its answer ``{"id", "verdict", "check", "detail"}``. The ``id``,
text or a whole number, comes back as it was. A line that is none has an answer too, and the next one is judged as if
nothing had been.
"""

import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final, final

from zegel.errors import Malformed, Rejected, ZegelError
from zegel.formats.hcert.ber_certificate import MAX_CERTIFICATE
from zegel.formats.hcert.keys import DocumentSigner, DocumentSigners, key_id, parse_signer
from zegel.formats.hcert.who_certificate import VerifiedHealthRecord
from zegel.primitives.encoding import parse_base64
from zegel.primitives.json import Json, encode_json, parse_object
from zegel.services.health import HealthDesk

MAX_LINE: Final = 1 << 20  # bytes; a code has 4,296, and a certificate some 1,000 in base64
MAX_CERTIFICATES: Final = 1_000  # on one line; the gateway's list had 400 of the whole Union
_WHAT: Final = "line"
_MOMENT: Final = re.compile(  # a fraction is left out, however long it is; an offset is within a day
    r"([0-9-]{8,10}(?:[T ][0-9:]{2,8})?)(?:[.,][0-9]+)?(Z|[+-](?:[01][0-9]|2[0-3])(?::?[0-5][0-9]){0,2})?"
)
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
            if len(line) > MAX_LINE:  # of which whoever reads files keeps no more than shows that
                raise Malformed(_WHAT, "", f"expected at most {MAX_LINE} bytes")
            asked = parse_object(line, what=_WHAT, max_bytes=MAX_LINE)
            name = _name(asked.get("id"))
            certificate = self._judged(asked)
        except ZegelError as error:
            return _refusal(name, error)
        warnings = "; ".join(certificate.warnings)
        return _answer(name, "accepted", None, warnings)

    def _judged(self, asked: dict[str, Json]) -> VerifiedHealthRecord:
        code, now = asked.get("code"), self._time(asked.get("at"))
        if type(code) is not str:
            raise Malformed(_WHAT, "code", "expected text")
        record = self.desk.parse_record(code.encode(errors="replace"))
        signers = _trusted(asked.get("certificates"), record.kid)
        return self.desk.verify_record(record, at=now, languages=self._languages, signers=signers)

    def _time(self, value: Json) -> int:
        return self._now if value is None else parse_moment(value, _WHAT, "at")


def parse_moment(value: Json, what: str, where: str) -> int:
    """Parse ISO 8601 to seconds since the epoch, rounded down: UTC without an offset, of any fraction."""
    found = _MOMENT.fullmatch(value.strip().upper()) if type(value) is str else None
    if found is None:
        raise Malformed(what, where, "expected a time as 2021-05-29T12:00:00Z")
    try:
        moment = datetime.fromisoformat(found[1] + (found[2] or ""))
    except ValueError:
        raise Malformed(what, where, "expected a time as 2021-05-29T12:00:00Z") from None
    whole = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return int((whole - _EPOCH).total_seconds())


def _trusted(value: Json, kid: bytes) -> DocumentSigners | None:
    """Those of the line by the identifier that a certificate names, which alone are read; None where it brings none.

    Of what it brings, what is no certificate is nobody that is trusted.
    """
    if value is None:
        return None
    if type(value) is not list or len(value) > MAX_CERTIFICATES:
        raise Malformed(_WHAT, "certificates", f"expected an array of at most {MAX_CERTIFICATES}")
    named = {der for der in _certificates(value) if len(der) <= MAX_CERTIFICATE and key_id(der) == kid}
    return DocumentSigners(signer for der in named for signer in _signer_of(der))


def _certificates(values: Iterable[Json]) -> Iterable[bytes]:
    for at, value in enumerate(values):
        if type(value) is not str:
            raise Malformed(_WHAT, f"certificates[{at}]", "expected base64")
        with suppress(Malformed):
            yield parse_base64("".join(value.split()), what=_WHAT, where="certificates")


@lru_cache(maxsize=256)
def _signer_of(der: bytes) -> tuple[DocumentSigner, ...]:
    """Read once: the lines of one authority bring the same few."""
    try:
        return (parse_signer(der),)
    except Malformed:
        return ()


def _name(value: Json) -> Json:
    if type(value) not in (str, int):
        raise Malformed(_WHAT, "id", "expected text, or a whole number")
    return value


def _refusal(name: Json, error: ZegelError) -> bytes:
    verdict = "rejected" if isinstance(error, Rejected) else "malformed"
    told = f"{error.detail}: {error.said}" if error.said else error.detail
    detail = str(error) if isinstance(error, Malformed) else f"{error.field}: {told}" if error.field else told
    return _answer(name, verdict, error.check.id, detail)


def _answer(name: Json, verdict: str, check: str | None, detail: str) -> bytes:
    """One line. A number is written by its digits, for the encoder has those of 64 bits alone."""
    spelled = str(name).encode() if type(name) is int else encode_json(name)
    return b'{"id":' + spelled + b"," + encode_json({"verdict": verdict, "check": check, "detail": detail})[1:]
