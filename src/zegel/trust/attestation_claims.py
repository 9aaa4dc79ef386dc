"""What wallet attestations and key attestations have in common: a status, a time of validity, and how they are read."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, final

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.primitives.json import Json, JsonObject
from zegel.primitives.times import TOLERATED_EARLY, TOLERATED_LATE, parse_numeric_date

MIN_MAINTAINED: Final = 31 * 86_400  # TS3 section 2.4.2, at the time of presentation
MAX_INDEX: Final = (1 << 53) - 1  # RFC 7493 section 2.2: beyond it JSON numbers are no longer exact


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class AttestationStatus:
    """An entry of the wallet provider's status list, which it maintains until ``maintained_until`` (TS3 2.4.1).

    ``provider`` is the entity that vouches for it, once the attestation is verified: its lists count, and no other's.
    """

    uri: str
    index: int
    maintained_until: int | None = None
    provider: str = ""


def vouched(status: AttestationStatus | None, provider: str) -> AttestationStatus | None:
    """The status of an attestation that is verified."""
    return None if status is None else replace(status, provider=provider)


def check_maintained(status: AttestationStatus | None, *, now: int, what: str) -> AttestationStatus:
    """Return a status that is maintained for 31 days more; ``Rejected(ATTESTATION_STATUS)`` otherwise.

    TS3 1.5 sections 2.3 and 2.4.2: without it, no PID could be revoked after its wallet (ARF 3.0 WUA_29).
    """
    if status is None:
        raise Rejected(Check.ATTESTATION_STATUS, f"expected a status in the {what}", field="status")
    # give or take what clocks differ: the provider counts from when it signed
    if status.maintained_until is None or status.maintained_until + TOLERATED_LATE < now + MIN_MAINTAINED:
        detail = f"expected a status in the {what} that is maintained for 31 days more"
        raise Rejected(Check.ATTESTATION_STATUS, detail, field="exp")
    return status


def parse_attestation_status(claims: JsonObject, name: str, *, what: str) -> AttestationStatus | None:
    """Parse the status; ``Malformed`` for one that is no reference to a status list.

    TS3 section 2.3 gives it an object of its own, ``name``, with ``exp``; OpenID4VCI 1.0 puts it among the claims.
    """
    if name in claims:
        holder = claims[name]
    elif "status" in claims:
        holder = {"status": claims["status"]}
    else:
        return None
    status = holder.get("status") if isinstance(holder, Mapping) else None
    entry = status.get("status_list") if isinstance(status, Mapping) else None
    if not isinstance(holder, Mapping) or not isinstance(entry, Mapping):
        raise Malformed(what, "status", "expected a reference to a status list")
    index = entry.get("idx")
    if type(index) is not int or not 0 <= index <= MAX_INDEX:
        raise Malformed(what, "status.status_list.idx", "expected an index from zero")
    return AttestationStatus(
        uri=parse_text(entry, "uri", what=what),
        index=index,
        maintained_until=parse_numeric_date(holder.get("exp"), what=what, where=f"{name}.exp"),
    )


def attestation_status_members(status: AttestationStatus) -> dict[str, Json]:
    """The status as TS3 writes it."""
    members: dict[str, Json] = {"status": {"status_list": {"idx": status.index, "uri": status.uri}}}
    return members if status.maintained_until is None else members | {"exp": status.maintained_until}


def refuse_outside_validity(*, begins: int | None, expires: int | None, now: int, what: str) -> None:
    """Raise ``Rejected(ATTESTATION_VALIDITY)`` outside the time, give or take what clocks differ."""
    if begins is not None and begins > now + TOLERATED_EARLY:
        raise Rejected(Check.ATTESTATION_VALIDITY, f"the {what} is not valid yet", field="nbf")
    if expires is not None and now >= expires + TOLERATED_LATE:
        raise Rejected(Check.ATTESTATION_VALIDITY, f"the {what} is expired", field="exp")


def parse_text(members: JsonObject, name: str, *, what: str) -> str:
    """A member that must be there, and not empty."""
    value = members.get(name)
    if type(value) is not str or not value:
        raise Malformed(what, name, "expected text")
    return value


def parse_optional_text(members: JsonObject, name: str, *, what: str) -> str | None:
    """A member that may be left out."""
    return parse_text(members, name, what=what) if name in members else None


def parse_time(members: JsonObject, name: str, *, what: str) -> int:
    """A NumericDate that must be there."""
    seconds = parse_numeric_date(members.get(name), what=what, where=name)
    if seconds is None:
        raise Malformed(what, name, "expected seconds since the epoch")
    return seconds
