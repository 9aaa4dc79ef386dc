"""A person's record, judged by a type's rules and encoded as the claims of an SD-JWT VC or the elements of an mdoc.

A record is neutral: the rulebook's data identifiers, with text, whole numbers, true and false, bytes, and arrays and
objects of these; dates are text. Byte strings may also be the base64url that JSON makes of them. What the type does not
know is left out, so that a register may hold more of a person than one type attests.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, final

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.formats.catalogue.types import CATEGORY, CATEGORY_NAMESPACE, AttestationType, ValueRule, ValueType
from zegel.formats.claims import Claim, Claims
from zegel.formats.credential import Format
from zegel.primitives.cbor import TAG_DATE_TIME, TAG_FULL_DATE, Tag
from zegel.primitives.encoding import base64, base64url, parse_base64url
from zegel.primitives.json import Json

MAX_BYTES: Final = 60_000  # of a portrait: twice in base64 it stays below what a presentation may have
MAX_ITEMS: Final = 100  # of an array; nobody has more nationalities
MAX_UINT: Final = (1 << 53) - 1  # RFC 7493 section 2.2: beyond it JSON numbers are no longer exact
_JPEG: Final = b"\xff\xd8\xff"
_COUNTRY: Final = re.compile(r"[A-Z]{2}")  # ISO 3166-1 alpha-2, and QU and QS (PID rulebook section 2.2)
_FULL_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}")  # RFC 3339 full-date
_DATE_TIME: Final = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z")  # PID rulebook section 3.1.2: UTC, no fractions


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedRecord:
    """The part of a record that a type attests; every value has the form that the type's rulebook gives."""

    type: AttestationType
    values: Claims


def check_record(type_: AttestationType, record: Claims) -> CheckedRecord:
    """Take what the type attests from a record; ``Rejected(RECORD)`` names the claim and the rule that it breaks."""
    values: dict[str, Claim] = {}
    for claim in type_.claims:
        value = record.get(claim.id)
        if value is not None:
            values[claim.id] = _checked(value, claim.rule, claim.id)
        elif claim.mandatory:
            raise _refused(f"the type {type_.id} requires it", claim.id)
    for claim in type_.claims:
        if claim.begins_with is not None and claim.id in values:
            beginning = values.get(claim.begins_with)
            if not str(values[claim.id]).startswith(str(beginning)):
                raise _refused(f"expected it to begin with {claim.begins_with}", claim.id)
    return CheckedRecord(type=type_, values=values)


def sdjwt_claims(record: CheckedRecord) -> dict[str, Json]:
    """The claims of an SD-JWT VC, without those that the issuer sets; ``Rejected(TYPE_FORMAT)`` for a type without."""
    type_ = record.type
    type_.identifier(Format.SD_JWT_VC)
    claims: dict[str, Any] = {}
    for claim in type_.claims:
        if claim.sd_jwt is not None and claim.id in record.values:
            *parents, name = claim.sd_jwt
            holder = claims
            for parent in parents:
                holder = holder.setdefault(parent, {})
            holder[name] = _json(record.values[claim.id], claim.rule)
    return claims if type_.category is None else claims | {CATEGORY: type_.category}


def mdoc_elements(record: CheckedRecord) -> dict[str, dict[str, object]]:
    """The elements of an mdoc by namespace, ready for CBOR; ``Rejected(TYPE_FORMAT)`` for a type without."""
    type_ = record.type
    type_.identifier(Format.MDOC)
    elements: dict[str, dict[str, object]] = {}
    for claim in type_.claims:
        if claim.mdoc is not None and claim.id in record.values:
            namespace, element = claim.mdoc
            elements.setdefault(namespace, {})[element] = _cbor(record.values[claim.id], claim.rule)
    return elements if type_.category is None else elements | {CATEGORY_NAMESPACE: {CATEGORY: type_.category}}


def _checked(value: Claim, rule: ValueRule, where: str) -> Claim:
    match rule.type:
        case ValueType.TEXT:
            return _text(value, rule, where)
        case ValueType.COUNTRY:
            return _spelled(value, _COUNTRY, "a country code of two capitals (ISO 3166-1 alpha-2)", where)
        case ValueType.FULL_DATE:
            return _dated(value, _FULL_DATE, "a date as 2026-01-31", where)
        case ValueType.DATE_TIME:
            return _dated(value, _DATE_TIME, "a time as 2026-01-31T12:00:00Z, without fractions of a second", where)
        case ValueType.UINT:
            return _number(value, rule, where)
        case ValueType.BOOL:
            if type(value) is not bool:
                raise _refused("expected true or false", where)
            return value
        case ValueType.BYTES | ValueType.PORTRAIT:
            return _bytes(value, rule, where)
        case ValueType.OBJECT:
            return _object(value, rule, where)
    return _array(value, rule, where)


def _text(value: Claim, rule: ValueRule, where: str) -> str:
    if type(value) is not str or not 0 < len(value) <= rule.max_length:
        raise _refused(f"expected text of one to {rule.max_length} characters", where)
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise _refused("expected text that UTF-8 can encode", where)
    if rule.pattern is not None and not re.fullmatch(rule.pattern, value):
        raise _refused(f"expected text of the form {rule.pattern}", where)
    return value


def _spelled(value: Claim, pattern: re.Pattern[str], expected: str, where: str) -> str:
    if type(value) is not str or not pattern.fullmatch(value):
        raise _refused(f"expected {expected}", where)
    return value


def _dated(value: Claim, pattern: re.Pattern[str], expected: str, where: str) -> str:
    text = _spelled(value, pattern, expected, where)
    try:
        datetime.fromisoformat(text)
    except ValueError:
        raise _refused(f"expected {expected}", where) from None
    return text


def _number(value: Claim, rule: ValueRule, where: str) -> int:
    if type(value) is not int or not 0 <= value <= MAX_UINT:
        raise _refused(f"expected a whole number from 0 to {MAX_UINT}", where)
    if rule.values is not None and value not in rule.values:
        raise _refused(f"expected one of {', '.join(map(str, sorted(rule.values)))}", where)
    return value


def _bytes(value: Claim, rule: ValueRule, where: str) -> bytes:
    if type(value) is str:
        try:
            value = parse_base64url(value, what="record", where=where)
        except Malformed:
            raise _refused("expected bytes, or their base64url", where) from None
    if type(value) is not bytes or len(value) > MAX_BYTES:
        raise _refused(f"expected at most {MAX_BYTES} bytes", where)
    # PID_03: the portrait of a person who opted out is empty
    if rule.type is ValueType.PORTRAIT and value and not value.startswith(_JPEG):
        raise _refused("expected a JPEG, or nothing", where)
    return value


def _object(value: Claim, rule: ValueRule, where: str) -> Claims:
    if not isinstance(value, Mapping) or not value:
        raise _refused("expected an object with at least one member", where)
    known = {member.id: member for member in rule.members}
    for name in value:
        if name not in known:
            raise _refused("expected no member of this name", f"{where}.{name[:64]}")
    for member in rule.members:
        if member.mandatory and member.id not in value:
            raise _refused("expected this member", f"{where}.{member.id}")
    return {name: _checked(inner, known[name].rule, f"{where}.{name}") for name, inner in value.items()}


def _array(value: Claim, rule: ValueRule, where: str) -> tuple[Claim, ...]:
    if not isinstance(value, list | tuple) or not 0 < len(value) <= MAX_ITEMS:
        raise _refused(f"expected an array of one to {MAX_ITEMS} entries", where)
    assert rule.items is not None
    return tuple(_checked(inner, rule.items, f"{where}[{at}]") for at, inner in enumerate(value))


def _json(value: Claim, rule: ValueRule) -> Json:
    """A value that was checked, as SD-JWT VC carries it; a portrait is a data URL (PID rulebook section 4.1.1)."""
    if isinstance(value, bytes):
        if rule.type is ValueType.PORTRAIT:
            return f"data:image/jpeg;base64,{base64(value)}" if value else ""
        return base64url(value)
    if isinstance(value, Mapping):
        rules = {member.id: member.rule for member in rule.members}
        return {name: _json(inner, rules[name]) for name, inner in value.items()}
    if isinstance(value, tuple):
        assert rule.items is not None
        return [_json(inner, rule.items) for inner in value]
    assert not isinstance(value, list)
    return value


def _cbor(value: Claim, rule: ValueRule) -> object:
    """A value that was checked, as an mdoc carries it: dates are tagged (RFC 8943; ISO/IEC 18013-5 section 7.2.1)."""
    if isinstance(value, Mapping):
        rules = {member.id: member.rule for member in rule.members}
        return {name: _cbor(inner, rules[name]) for name, inner in value.items()}
    if isinstance(value, tuple):
        assert rule.items is not None
        return [_cbor(inner, rule.items) for inner in value]
    if rule.type is ValueType.FULL_DATE:
        return Tag(TAG_FULL_DATE, value)
    if rule.type is ValueType.DATE_TIME:
        return Tag(TAG_DATE_TIME, value)
    return value


def _refused(detail: str, field: str) -> Rejected:
    return Rejected(Check.RECORD, f"{field}: {detail}", field=field)
