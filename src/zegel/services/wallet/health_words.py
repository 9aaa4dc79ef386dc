"""A health certificate in words: for the wallet's pages and its commands."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, final

from zegel.checks import Check
from zegel.formats.hcert.certificate import UnverifiedHealthCertificate
from zegel.formats.hcert.names import ValueSets, named_members
from zegel.formats.hcert.schema import Kind
from zegel.formats.hcert.who_certificate import UnverifiedHealthRecord
from zegel.formats.hcert.who_schema import who_members, who_person
from zegel.services.wallet.health import JudgedCertificate, LookedAt, UnreadCertificate

_YEAR: Final = 31_557_600  # seconds, as Julian years have them
_TITLES: Final = {Kind.VACCINATION: "Vaccination", Kind.TEST: "Test", Kind.RECOVERY: "Recovery"}
_REASONS: Final[Mapping[Check, str]] = {
    Check.HEALTH_SIGNER: "No health authority that your wallet knows vouches for it",
    Check.SIGNATURE: "It was changed, or signed by somebody else than it says",
    Check.HEALTH_REVOKED: "Who issued it has taken it back",
    Check.HEALTH_KEY_USAGE: "Who signed it may not sign certificates of this kind",
}


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class HealthView:
    """A certificate as it is shown. ``paper`` is which one, ``kind`` a badge's: good, warn or bad; ``reasons`` are why,
    in sentences. Of one that is not ``readable`` nothing is said but that."""

    readable: bool
    paper: str
    european: bool
    title: str
    name: str
    transliterated: str
    birth_date: str
    rows: tuple[tuple[str, str], ...]
    issuer: str
    issued: str
    expires: str
    kind: str
    verdict: str
    reasons: tuple[str, ...]
    check: str
    warnings: tuple[str, ...]


def describe_health(seen: LookedAt, value_sets: ValueSets) -> HealthView:
    """What a certificate says, with the names of its codes, and what it is worth today."""
    return _unread(seen) if isinstance(seen, UnreadCertificate) else _judged(seen, value_sets)


def _unread(seen: UnreadCertificate) -> HealthView:
    return HealthView(
        readable=False,
        paper="Health certificate",
        european=False,
        title="Cannot be read",
        name="",
        transliterated="",
        birth_date="",
        rows=(),
        issuer="",
        issued="",
        expires="",
        kind="warn",
        verdict="cannot be read",
        reasons=(
            f"This version of your wallet does not understand it ({seen.error})",
            "Nothing is lost: its text is kept as it was read, and can be shown",
        ),
        check=seen.error.check.id,
        warnings=(),
    )


def _judged(judged: JudgedCertificate, value_sets: ValueSets) -> HealthView:
    certificate, refusal = judged.certificate, judged.refusal
    said = _said(certificate, value_sets)
    verdict, reasons = _verdict(judged)
    return HealthView(
        readable=True,
        paper=judged.title,
        european=isinstance(certificate, UnverifiedHealthCertificate),
        title=_TITLES[judged.kind],
        name=said.name,
        transliterated=said.transliterated,
        birth_date=said.birth_date,
        rows=said.rows,
        issuer=certificate.unverified_issuer,
        issued=_day(certificate.unverified_issued_at),
        expires=_day(certificate.unverified_expires),
        kind="good" if refusal is None else "warn" if refusal.check is Check.HEALTH_VALIDITY else "bad",
        verdict=verdict,
        reasons=reasons,
        check="" if refusal is None else refusal.check.id,
        warnings=certificate.warnings,
    )


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    """What a certificate says of the person, and of the rest."""

    name: str
    birth_date: str
    rows: tuple[tuple[str, str], ...]
    transliterated: str = ""


def _said(certificate: UnverifiedHealthRecord, value_sets: ValueSets) -> _Said:
    payload = certificate.unverified_payload
    if not isinstance(certificate, UnverifiedHealthCertificate):
        person = dict(who_person(certificate.profile, payload))
        rows = tuple((label.capitalize(), value) for label, value in who_members(certificate.profile, payload))
        return _Said(name=person["name"], birth_date=person.get("born", ""), rows=rows)
    name = payload["nam"]
    return _Said(
        name=_joined(name, "gn", "fn") or _joined(name, "gnt", "fnt"),
        transliterated=_joined(name, "fnt", "gnt").replace("<", " "),
        birth_date=str(payload["dob"]),
        rows=tuple(_rows(certificate.kind, payload[certificate.kind][0], value_sets)),
    )


def _verdict(judged: JudgedCertificate) -> tuple[str, tuple[str, ...]]:
    """In a word, and the sentences behind it; that it has expired is said whatever else is wrong."""
    refusal, certificate = judged.refusal, judged.certificate
    reasons: list[str] = []
    if refusal is not None and refusal.check in _REASONS:
        reasons.append(_REASONS[refusal.check])
    if judged.expired:
        reasons.append(f"It expired on {_day(certificate.unverified_expires)}{_ago(judged)}")
    elif refusal is not None and refusal.check is Check.HEALTH_VALIDITY:
        reasons.append(_early(judged))
    if refusal is None:
        until = "" if certificate.unverified_expires is None else f", until {_day(certificate.unverified_expires)}"
        return "valid", (f"Its signature holds{until}",)
    if refusal.check is Check.HEALTH_SIGNER:
        return "not confirmed, and expired" if judged.expired else "not confirmed", tuple(reasons)
    if refusal.check is Check.HEALTH_VALIDITY:
        return "expired" if judged.expired else "not valid yet", ("Its signature holds", *reasons)
    return "not valid", tuple(reasons)


def _early(judged: JudgedCertificate) -> str:
    certificate = judged.certificate
    if isinstance(certificate, UnverifiedHealthCertificate) and judged.at < certificate.unverified_issued_at:
        return f"It is issued in the future, on {_day(certificate.unverified_issued_at)}"
    return f"It counts from {_day(certificate.unverified_begins)}"


def _rows(kind: Kind, entry: Mapping[str, Any], value_sets: ValueSets) -> Iterator[tuple[str, str]]:
    """What the entry says, the two numbers of a dose as one."""
    for label, value in named_members(kind, entry, value_sets):
        if label == "dose":
            yield "Dose", f"{value} of {entry['sd']}"
        elif label != "of doses" and value:
            yield label.capitalize(), value


def _joined(name: Mapping[str, Any], *members: str) -> str:
    return " ".join(str(name[member]) for member in members if name.get(member))


def _ago(judged: JudgedCertificate) -> str:
    """How long ago, where that is a year and more."""
    years = (judged.at - (judged.certificate.unverified_expires or judged.at)) // _YEAR
    return "" if years < 1 else ", a year ago" if years == 1 else f", {years} years ago"


def _day(seconds: int | None) -> str:
    """The day; of a moment that no calendar has, which is for whoever signs to choose, the seconds themselves."""
    try:
        return "" if seconds is None else datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d")
    except (ValueError, OverflowError, OSError):
        return f"{seconds} seconds after 1970"
