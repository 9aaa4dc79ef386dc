"""Many health certificates, judged a line each: what comes in as JSON goes out as JSON, in the same order.

A line is ``{"id", "code", "certificates"?, "at"?}``, its answer ``{"id", "verdict", "check", "detail"}``. The ``id``,
text or a whole number, comes back as it was. ``check`` is the first that failed: of a code that is malformed the layer,
in lower case, and of a line that is, ``syntax``. A line that is none has an answer too, by its ``id`` where that stands
before what is wrong, and the next one is judged as if nothing had been. Whatever else a line holds is not looked at.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import Final, final

from zegel.checks import Check
from zegel.errors import Malformed, Rejected, ZegelError
from zegel.formats.hcert.ber_certificate import MAX_CERTIFICATE
from zegel.formats.hcert.keys import DocumentSigner, DocumentSigners, key_id, parse_signer
from zegel.formats.hcert.layers import MalformedLayer
from zegel.formats.hcert.who_certificate import VerifiedHealthRecord
from zegel.primitives.encoding import parse_base64
from zegel.primitives.json import Json, encode_json, parse_json, parse_object
from zegel.primitives.json_members import split_object
from zegel.services.health import HealthDesk

MAX_LINE: Final = 1 << 20  # bytes; a code has 4,296, and a certificate some 1,000 in base64
MAX_CERTIFICATES: Final = 1_000  # on one line; the gateway's list had 400 of the whole Union
MAX_ID_DIGITS: Final = 1_000  # of a number; Python reads 4,300, other programs any number of them
_NAMED_LEFT_OUT: Final = 3  # of the certificates that are left out; of more, how many there are
_WHAT: Final = "line"
_LINE: Final = f"{_WHAT}: "
_MEMBERS: Final = ("id", "code", "certificates", "at")
_WHOLE_NUMBER: Final = re.compile(rb"-?(?:0|[1-9][0-9]{0,%d})" % (MAX_ID_DIGITS - 1))
# ISO 8601: a calendar's date, a week's, or a year's; a fraction is one of seconds, and is left out; an offset is within
# a day
_MOMENT: Final = re.compile(
    r"(?P<date>[0-9]{4}-?[0-9]{2}-?[0-9]{2}|[0-9]{4}-?W[0-9]{2}(?:-?[1-7])?|(?P<year>[0-9]{4})-?(?P<day>[0-9]{3}))"
    r"(?:[T ](?P<hours>[0-9]{2})(?::?(?P<minutes>[0-9]{2})(?::?(?P<seconds>[0-9]{2})(?:[.,](?P<fraction>[0-9]+))?)?)?)?"
    r"(?:Z|(?P<sign>[+-])(?P<offset>(?:[01][0-9]|2[0-3])(?::?[0-5][0-9]){0,2}))?"
)
_MIDNIGHT: Final = 24  # section 4.2.3 of ISO 8601:2004: the end of a day, and the beginning of the next
_LEAP_SECOND: Final = 60
_SEQUENCE: Final = b"\x30"  # what a certificate is in DER (RFC 5280 section 4.1), and neither PEM nor another text
_EPOCH: Final = date(1970, 1, 1)
_DAY, _HOUR, _MINUTE = 86_400, 3_600, 60


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
            asked, fault = _asked(line)
            name = _name(asked.get("id"))
            if fault is not None:
                raise fault
            if name is None:
                raise Malformed(_WHAT, "id", "expected text, or a whole number")
            certificate = self._judged(asked)
        except ZegelError as error:
            return _refusal(name, error)
        warnings = "; ".join(certificate.warnings)
        return _answer(name, "accepted", None, warnings)

    def _judged(self, asked: Mapping[str, Json]) -> VerifiedHealthRecord:
        code, now = asked.get("code"), self._time(asked.get("at"))
        if type(code) is not str:
            raise Malformed(_WHAT, "code", "expected text")
        record = self.desk.parse_record(code.encode(errors="replace"))
        signers, left_out = _trusted(asked.get("certificates"), record.kid)
        try:
            return self.desk.verify_record(record, at=now, languages=self._languages, signers=signers)
        except Rejected as error:
            if error.check is not Check.HEALTH_SIGNER or not left_out:
                raise
            raise Rejected(error.check, f"{error.detail}; {_said(left_out)}", field=error.field) from None

    def _time(self, value: Json) -> int:
        return self._now if value is None else parse_moment(value, _WHAT, "at")


def _asked(line: bytes) -> tuple[Mapping[str, Json], Malformed | None]:
    """What a line asks, and what is wrong with it; its ``id`` as far as that can be read, all the same.

    A line with something odd in it is read by its members, for one that nobody looks at does no harm.
    """
    fault: Malformed | None
    try:
        if len(line) > MAX_LINE:  # of which whoever reads files keeps no more than shows that
            raise Malformed(_WHAT, "", f"expected at most {MAX_LINE} bytes")
        return parse_object(line, what=_WHAT, max_bytes=MAX_LINE), None
    except Malformed as error:
        fault = error
    split = split_object(line[:MAX_LINE], _MEMBERS)
    if len(line) <= MAX_LINE and split.whole and not split.repeated:
        fault = None
    asked: dict[str, Json] = {}
    for name, encoded in split.members.items():
        try:
            asked[name] = _read(name, encoded)
        except Malformed as error:
            fault = fault or Malformed(_WHAT, name, error.detail.removeprefix(_LINE))
    return asked, fault


def _read(name: str, encoded: bytes) -> Json:
    if name == "id" and _WHOLE_NUMBER.fullmatch(encoded):
        return int(encoded)
    return parse_json(encoded, what=_WHAT, max_bytes=MAX_LINE)


def parse_moment(value: Json, what: str, where: str) -> int:
    """Parse ISO 8601 to seconds since the epoch, rounded down: UTC without an offset, of any fraction of a second.

    24:00 is the beginning of the next day, and a leap second the next one. ``Malformed`` names ``where``.
    """
    found = _MOMENT.fullmatch(value.strip().upper()) if type(value) is str else None
    if found is None:
        raise Malformed(what, where, _EXPECTED)
    hours, minutes, seconds = (int(found[part] or 0) for part in ("hours", "minutes", "seconds"))
    ended = hours == _MIDNIGHT and not (minutes or seconds or (found["fraction"] or "").strip("0"))
    if not (hours < _MIDNIGHT or ended) or minutes >= _MINUTE or seconds > _LEAP_SECOND:
        raise Malformed(what, where, _EXPECTED)
    try:
        day = _day(found).toordinal() - _EPOCH.toordinal()
    except ValueError:
        raise Malformed(what, where, _EXPECTED) from None
    offset = _seconds((found["offset"] or "").replace(":", "")) * (-1 if found["sign"] == "-" else 1)
    return day * _DAY + hours * _HOUR + minutes * _MINUTE + seconds - offset


_EXPECTED: Final = "expected a time as 2021-05-29T12:00:00Z"


def _day(found: re.Match[str]) -> date:
    """``ValueError`` for a day that no calendar has."""
    if found["day"] is None:
        return date.fromisoformat(found["date"])
    first = date(int(found["year"]), 1, 1)
    day = date.fromordinal(first.toordinal() + int(found["day"]) - 1)
    if day.year != first.year:
        raise ValueError("expected a day of the year")
    return day


def _seconds(digits: str) -> int:
    """Hours, minutes and seconds, in two digits each."""
    hours, minutes, seconds = (int(digits[at : at + 2] or 0) for at in (0, 2, 4))
    return hours * _HOUR + minutes * _MINUTE + seconds


def _trusted(value: Json, kid: bytes) -> tuple[DocumentSigners | None, Sequence[str]]:
    """Those of the line by the identifier that a certificate names, which alone are read; None where it brings none.

    Of what it brings, what is no certificate is nobody that is trusted; which were left out is said beside, and why.
    """
    if value is None:
        return None, ()
    if type(value) is not list or len(value) > MAX_CERTIFICATES:
        raise Malformed(_WHAT, "certificates", f"expected an array of at most {MAX_CERTIFICATES}")
    signers: dict[bytes, DocumentSigner] = {}
    left_out: list[str] = []
    for at, entry in enumerate(value):
        try:
            der = _certificate(entry)
            if der not in signers and key_id(der) == kid:
                signers[der] = _usable(_signer_of(der))
        except Malformed as error:
            left_out.append(f"certificates[{at}] is left out: {error.detail.removeprefix(_LINE)}")
    return DocumentSigners(signers.values()), left_out


def _certificate(entry: Json) -> bytes:
    """``Malformed`` for what is no base64 of a certificate, as far as its first byte and its size show that."""
    if type(entry) is not str:
        raise Malformed(_WHAT, "", "expected base64")
    der = parse_base64("".join(entry.split()), what=_WHAT)
    if der[:1] != _SEQUENCE:
        raise Malformed(_WHAT, "", "expected a certificate in DER")
    if len(der) > MAX_CERTIFICATE:
        raise Malformed(_WHAT, "", f"expected at most {MAX_CERTIFICATE} bytes, got {len(der)}")
    return der


def _usable(signer: DocumentSigner | str) -> DocumentSigner:
    if isinstance(signer, str):
        raise Malformed(_WHAT, "", signer)
    return signer


@lru_cache(maxsize=256)
def _signer_of(der: bytes) -> DocumentSigner | str:
    """Read once, for the lines of one authority bring the same few; what was expected where it is none."""
    try:
        return parse_signer(der)
    except Malformed as error:
        return error.detail


def _said(left_out: Collection[str]) -> str:
    more = len(left_out) - _NAMED_LEFT_OUT
    return "; ".join((*list(left_out)[:_NAMED_LEFT_OUT], *([f"and {more} more"] if more > 0 else ())))


def _name(value: Json) -> Json:
    return value if type(value) in (str, int) else None


def _refusal(name: Json, error: ZegelError) -> bytes:
    if isinstance(error, MalformedLayer):
        return _answer(name, "malformed", error.layer.lower(), error.by_layer)
    verdict = "rejected" if isinstance(error, Rejected) else "malformed"
    told = f"{error.detail}: {error.said}" if error.said else error.detail
    detail = str(error) if isinstance(error, Malformed) else f"{error.field}: {told}" if error.field else told
    return _answer(name, verdict, error.check.id, detail)


def _answer(name: Json, verdict: str, check: str | None, detail: str) -> bytes:
    """One line. A number is written by its digits, for the encoder has those of 64 bits alone."""
    spelled = str(name).encode() if type(name) is int else encode_json(name)
    return b'{"id":' + spelled + b"," + encode_json({"verdict": verdict, "check": check, "detail": detail})[1:]
