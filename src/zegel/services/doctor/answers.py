"""What can be told from any answer: whose clock it is by, what it says that it is, and who may read it."""

from typing import Final

from zegel.errors import Malformed
from zegel.primitives.http import HttpResponse, http_date, media_type
from zegel.primitives.times import TOLERATED_EARLY, TOLERATED_LATE
from zegel.services.doctor.findings import Findings, State
from zegel.services.doctor.topics import Topic

_HALF_A_YEAR: Final = 15_552_000  # seconds; what browsers' preload lists asked for first


def examine_clock(findings: Findings, subject: str, response: HttpResponse, *, now: int) -> None:
    """The Date of the answer against ``now``: beyond the skew, wallets refuse what is signed there."""
    said = _header(response, "date")
    if not said:
        findings.note(Topic.CLOCK, subject, State.UNSEEN, "the answer has no Date")
        return
    date = http_date(said)
    if date is None:
        findings.note(Topic.CLOCK, subject, State.DOUBTFUL, "the answer's Date is no date")
        return
    ahead = date - now
    within = -TOLERATED_LATE <= ahead <= TOLERATED_EARLY
    direction = "ahead of" if ahead > 0 else "behind"
    findings.judge(
        Topic.CLOCK,
        subject,
        f"{abs(ahead)} s from ours" if within else None,
        f"{abs(ahead)} s {direction} ours; {TOLERATED_LATE} s behind and {TOLERATED_EARLY} s ahead are tolerated",
    )


def examine_content(findings: Findings, subject: str, response: HttpResponse, *, expected: str) -> None:
    """The media type of a document, and that nobody may take it for something else."""
    found = media_type(_header(response, "content-type"))
    if found != expected:
        findings.note(Topic.CONTENT, subject, State.BROKEN, f"expected {expected}, got {found or 'no Content-Type'}")
    elif _header(response, "x-content-type-options").lower() != "nosniff":
        findings.note(Topic.CONTENT, subject, State.DOUBTFUL, f"{found}, without X-Content-Type-Options: nosniff")
    else:
        findings.note(Topic.CONTENT, subject, State.GOOD, found)


def examine_cors(findings: Findings, subject: str, response: HttpResponse) -> None:
    """Whether a page of another origin may read a public document."""
    allowed = _header(response, "access-control-allow-origin")
    findings.judge(
        Topic.CORS,
        subject,
        "anybody may read it" if allowed == "*" else None,
        f"only {allowed} may read it" if allowed else "no page of another origin may read it",
        state=State.DOUBTFUL,
    )


def examine_transport_security(findings: Findings, subject: str, response: HttpResponse) -> None:
    """Whether browsers are told to insist on TLS; for answers that came over it."""
    said = _header(response, "strict-transport-security").lower().replace('"', "")
    ages = [part.strip().removeprefix("max-age=") for part in said.split(";") if part.strip().startswith("max-age=")]
    seconds = int(ages[0]) if ages and ages[0].isascii() and ages[0].isdecimal() and len(ages[0]) < 12 else 0
    findings.judge(
        Topic.TRANSPORT_SECURITY,
        subject,
        f"for {seconds // 86_400} days" if seconds >= _HALF_A_YEAR else None,
        f"for {seconds // 86_400} days" if seconds else "no Strict-Transport-Security",
        state=State.DOUBTFUL,
    )


def kept_nowhere(response: HttpResponse) -> bool:
    """Whether the answer forbids that anybody on the way keeps it."""
    return "no-store" in _header(response, "cache-control").lower()


def _header(response: HttpResponse, name: str) -> str:
    """A header; what is sent twice counts as not sent, for readers do not agree on which one counts."""
    try:
        return response.header(name) or ""
    except Malformed:
        return ""
