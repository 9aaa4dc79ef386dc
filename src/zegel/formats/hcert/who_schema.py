"""What WHO's certificates say, held against the models that are published for them.

- DVC: the digital vaccination certificate of SMART trust-phw 0.1.0 (``DVCMin``), which the International Certificate of
  Vaccination or Prophylaxis is (SMART ICVP 0.3.0, ``ICVPMin``), and what was signed before by an earlier draft of it
- DDCC:VS and DDCC:TR: vaccination status and test result of SMART DDCC 1.0.1 (``DDCCCoreDataSet``)

In both readings structure, types and dates are strict. What ``FIELD`` lets pass beyond, with a warning: a text of
another form than the model's type has, a code or an identifier that is its bare text, one certificate in an array of
its own, and the earlier draft.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final, TypeAlias, final

from zegel.errors import Malformed
from zegel.formats.hcert.domains import Family
from zegel.formats.hcert.layers import WHAT
from zegel.formats.hcert.schema import TEXTS, Kind, Reading, Refuse, Rule
from zegel.formats.hcert.who_times import read_day, read_span
from zegel.primitives.cbor import Tag


class WhoProfile(IntEnum):
    """Certificates of WHO, by their number in the claim (specification 1.1.1 section 3.2.7.1, logical model HCert)."""

    DDCC_VS = 3
    DDCC_TR = 4
    DVC = -6

    @property
    def kind(self) -> Kind:
        """What it is about."""
        return Kind.TEST if self is WhoProfile.DDCC_TR else Kind.VACCINATION

    @property
    def family(self) -> Family:
        """Whose signers count for it."""
        return Family.ICVP if self is WhoProfile.DVC else Family.DDCC

    @property
    def title(self) -> str:
        """What it is called."""
        return _TITLES[self]


_TITLES: Final = {
    WhoProfile.DDCC_VS: "WHO vaccination certificate (DDCC:VS)",
    WhoProfile.DDCC_TR: "WHO test certificate (DDCC:TR)",
    WhoProfile.DVC: "International Certificate of Vaccination or Prophylaxis",
}

_CODE: Final = re.compile(r"[^\s]+(?:\s[^\s]+)*")  # FHIR R4 2.24: code
_ID: Final = re.compile(r"[A-Za-z0-9.-]{1,64}")  # id
_NATION: Final = re.compile(r"[A-Z]{3}")  # ISO 3166-1 alpha-3
_DOSES: Final = range(1, 1 << 31)  # FHIR R4 2.24: positiveInt


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A member of a model: what it means, what its value has to be, and whether it must be there."""

    name: str
    meaning: str
    rule: Rule
    needed: bool = True


Members: TypeAlias = tuple[Member, ...]


def read_who_payload(profile: WhoProfile, value: object, reading: Reading) -> tuple[dict[Any, Any], tuple[str, ...]]:
    """The certificate as a map, and what the field reading warns of; ``Malformed`` says where, and what is expected."""
    warnings: list[str] = []

    def odd(where: str, expected: str) -> None:
        if reading is Reading.STRICT:
            raise Malformed(WHAT, where, expected)
        warnings.append(f"{where or profile.name}: {expected}")

    if type(value) is list and len(value) == 1 and type(value[0]) is dict:
        odd("", "expected a certificate, and no array of one")
        (value,) = value
    if type(value) is not dict:
        raise Malformed(WHAT, "hcert", f"expected a map: {profile.title}")
    if profile is WhoProfile.DVC and is_earlier(value):
        odd("v", "expected its version; the members are those of an earlier draft")
    _check(value, _members_of(profile, value), "", odd)
    _check_together(profile, value)
    return value, tuple(warnings)


def is_earlier(payload: Mapping[Any, Any]) -> bool:
    """Whether a DVC has the members of the earlier draft: a vaccination where the version stands now."""
    return type(payload.get("v")) is dict


def _members_of(profile: WhoProfile, payload: Mapping[Any, Any]) -> Members:
    """The members of its model."""
    if profile is WhoProfile.DVC:
        return _EARLIER if is_earlier(payload) else _DVC
    return _DDCC + (_VACCINATION if profile is WhoProfile.DDCC_VS else _TEST)


def _check_together(profile: WhoProfile, payload: Mapping[Any, Any]) -> None:
    """The invariants of the models: one member or the other."""
    if profile is WhoProfile.DDCC_VS and not payload["vaccination"].keys() & {"manufacturer", "maholder"}:
        raise Malformed(WHAT, "vaccination", "expected manufacturer or maholder")
    if profile is WhoProfile.DVC and not is_earlier(payload) and not payload["vx"].keys() & {"is", "cn"}:
        raise Malformed(WHAT, "vx", "expected is or cn")


def _check(value: Any, members: Members, where: str, odd: Refuse) -> None:
    if type(value) is not dict or not TEXTS.issuperset(map(type, value)):
        raise Malformed(WHAT, where, "expected an object, with members that are named by text")
    for member in members:
        at = f"{where}.{member.name}" if where else member.name
        inner = value.get(member.name)
        if inner is not None:
            member.rule(inner, at, odd)
        elif member.needed or member.name in value:
            raise Malformed(WHAT, at, "expected this member, which is no null")


def _object(*members: Member) -> Rule:
    return lambda value, where, odd: _check(value, members, where, odd)


def _text(value: Any, where: str, _odd: Refuse) -> None:
    if type(value) is not str or not value:  # FHIR R4 2.24: a string is not empty
        raise Malformed(WHAT, where, "expected text")


def _formed(pattern: re.Pattern[str], expected: str) -> Rule:
    def check(value: Any, where: str, odd: Refuse) -> None:
        _text(value, where, odd)
        if not pattern.fullmatch(value):
            odd(where, expected)

    return check


def _day(value: Any, where: str, _odd: Refuse) -> None:
    read_day(value, where)


def _date(value: Any, where: str, _odd: Refuse) -> None:
    if type(value) is not str or "T" in value:
        raise Malformed(WHAT, where, "expected a date, its month or its year")
    read_span(value, where)


def _time(value: Any, where: str, _odd: Refuse) -> None:
    read_span(value, where)


def _dose(value: Any, where: str, _odd: Refuse) -> None:
    if type(value) is not int or value not in _DOSES:
        raise Malformed(WHAT, where, "expected a whole number from 1")


def _or_text(what: str, *members: Member) -> Rule:
    """A structure of FHIR; that its text alone stands there is odd."""

    def check(value: Any, where: str, odd: Refuse) -> None:
        if type(value) is str:
            odd(where, f"expected {what}")
        else:
            _check(value, members, where, odd)

    return check


def _optional(name: str, meaning: str, rule: Rule) -> Member:
    return Member(name=name, meaning=meaning, rule=rule, needed=False)


def _needed(name: str, meaning: str, rule: Rule) -> Member:
    return Member(name=name, meaning=meaning, rule=rule)


_code, _id = _formed(_CODE, "expected a code"), _formed(_ID, "expected an identifier of FHIR")
_nation: Final = _formed(_NATION, "expected a country in three letters")
_coding: Final = _or_text(
    "a Coding",
    *(_optional(name, name, rule) for name, rule in (("code", _code), ("system", _text), ("display", _text))),
)
_identifier: Final = _or_text("an Identifier", _optional("value", "value", _text), _optional("system", "system", _text))
_reference: Final = _or_text("a Reference", _optional("reference", "reference", _text))

_PERSON: Final = (_needed("n", "name", _text), _needed("dob", "born", _day))
_VX: Final = (
    _needed("vp", "vaccine or prophylaxis", _code),
    _needed("dv", "given on", _day),
    _optional("cn", "supervised by", _text),
    _optional("is", "issued by", _id),
    _needed("bo", "batch", _text),
)
_DVC: Final = (
    *_PERSON,
    _needed("s", "sex", _code),
    _needed("nt", "nationality", _nation),
    _optional("id", "document", _text),
    _optional("dt", "kind of document", _code),
    _optional("gn", "parent or guardian", _text),
    _needed("vx", "", _object(*_VX)),
    _needed("v", "version", _text),
)
_V: Final = (
    _optional("tg", "disease or agent", _code),
    _needed("vp", "vaccine or prophylaxis", _code),
    _optional("ma", "manufacturer", _text),
    _optional("dn", "dose", _code),
    _needed("dt", "given on", _day),
    _needed("bo", "batch", _text),
    _optional("vls", "valid from", _date),
    _optional("vle", "valid until", _date),
    _optional("cn", "supervised by", _text),
    _optional("is", "issued by", _text),
)
_EARLIER: Final = (
    *_PERSON,
    _optional("s", "sex", _code),
    _optional("ntl", "nationality", _code),
    _optional("nid", "document", _text),
    _optional("ndt", "kind of document", _code),
    _optional("gn", "parent or guardian", _text),
    _needed("v", "", _object(*_V)),
)
_PERIOD: Final = (_optional("start", "valid from", _time), _optional("end", "valid until", _time))
_CERTIFICATE: Final = (
    _needed("issuer", "issued by", _reference),
    _optional("kid", "key", _text),
    _needed("hcid", "identifier", _identifier),
    _optional("ddccid", "identifier of the DDCC", _identifier),
    _needed("version", "version", _text),
    _optional("period", "", _object(*_PERIOD)),
)
_DDCC: Final = (
    _needed("name", "name", _text),
    _optional("birthDate", "born", _date),
    _optional("identifier", "document", _identifier),
    _optional("sex", "sex", _coding),
    _optional("certificate", "", _object(*_CERTIFICATE)),
)
_GIVEN: Final = (
    _optional("disease", "disease or agent", _coding),
    _needed("vaccine", "vaccine or prophylaxis", _coding),
    _needed("brand", "vaccine product", _coding),
    _optional("manufacturer", "manufacturer", _coding),
    _optional("maholder", "holder of the authorisation", _coding),
    _needed("lot", "batch", _text),
    _needed("date", "given on", _time),
    _optional("validFrom", "counts from", _date),
    _needed("dose", "dose", _dose),
    _optional("totalDoses", "of doses", _dose),
    _needed("country", "country", _coding),
    _optional("centre", "centre", _text),
    _optional("practitioner", "given by", _identifier),
    _optional("nextDose", "next dose", _date),
)
_TESTED: Final = (
    _needed("pathogen", "disease or agent", _coding),
    _needed("type", "type of test", _coding),
    _optional("brand", "name of test", _coding),
    _optional("manufacturer", "manufacturer", _coding),
    _optional("origin", "sample", _coding),
    _needed("date", "sample taken", _time),
    _optional("result", "result", _coding),
    _optional("centre", "testing centre", _coding),
    _needed("country", "country", _coding),
)
_VACCINATION: Final = (_needed("vaccination", "", _object(*_GIVEN)),)
_TEST: Final = (_needed("test", "", _object(*_TESTED)),)

_PARTS: Final[Mapping[str, Members]] = {
    "vx": _VX,
    "v": _V,
    "certificate": _CERTIFICATE,
    "period": _PERIOD,
    "vaccination": _GIVEN,
    "test": _TESTED,
}
"""The members that are objects of their own, by name."""


def who_person(profile: WhoProfile, payload: Mapping[Any, Any]) -> Iterator[tuple[str, str]]:
    """Whom it is about: the name, and the date of birth where that is known."""
    yield from _said(payload, _PERSON if profile is WhoProfile.DVC else _DDCC[: len(_PERSON)])


def who_members(profile: WhoProfile, payload: Mapping[Any, Any]) -> Iterator[tuple[str, str]]:
    """What a certificate says beside name and date of birth, in the order of its model: the meaning, and the value."""
    yield from _said(payload, tuple(each for each in _members_of(profile, payload) if each.meaning not in _PERSONAL))


def _said(holder: Mapping[Any, Any], members: Members) -> Iterator[tuple[str, str]]:
    for member in members:
        value = holder.get(member.name)
        if value is None:
            continue
        if member.meaning:
            yield member.meaning, _in_words(value)
        else:
            yield from _said(value, _PARTS[member.name])


def _in_words(value: Any) -> str:
    """A structure of FHIR by the best that it says of itself."""
    if isinstance(value, Mapping):
        return next((str(value[name]) for name in _SAID if name in value), "")
    return str(value.value if isinstance(value, Tag) else value)


_PERSONAL: Final = ("name", "born")
_SAID: Final = ("display", "code", "value", "reference")
