"""A certificate, held against the rules of where it comes from and of where it is shown.

The issuer's rules of invalidation come first, as in the Commission's reference, then the destination's of acceptance.
A rule that cannot be evaluated is not met: CertLogic 1.3.3, introduction, advises so. Nor is one that cannot be read.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, final

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.formats.hcert.rules.book import RuleBook
from zegel.formats.hcert.rules.certlogic import CertLogicError, evaluate
from zegel.formats.hcert.rules.dates import DateTime, iso_text
from zegel.formats.hcert.rules.rule import CertificateType, Rule, RuleType, Version
from zegel.primitives.encoding import base64
from zegel.primitives.json import Json, JsonObject

ENGINE: Final = "CERTLOGIC"
LANGUAGE_VERSION: Final[Version] = (1, 3, 3)
_KINDS: Final = {
    "v": CertificateType.VACCINATION,
    "t": CertificateType.TEST,
    "r": CertificateType.RECOVERY,
}


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class RuledCertificate:
    """What rules see of a verified certificate. ``payload`` is the health certificate itself (``hcert``, claim 1).

    ``issuer`` is the country of the issuer, ISO 3166-1 alpha-2; times are seconds since the epoch.
    """

    payload: JsonObject
    issuer: str
    issued: int | None
    expires: int | None
    kid: bytes


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class RulesMet:
    """A certificate met these rules, each of them with its version, at ``at``, when shown in ``to``."""

    to: str
    at: int
    rules: tuple[str, ...]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A rule and whether it was met; ``why`` it could not be evaluated, where that is so."""

    rule: Rule
    met: bool
    why: str = ""


def check_rules(
    certificate: RuledCertificate,
    *,
    book: RuleBook,
    to: str,
    now: int,
    languages: Sequence[str] = (),
    region: str = "",
) -> RulesMet:
    """Check every rule that counts; ``Rejected(BUSINESS_RULE)`` says the first that is not met, in a reader's language.

    ``to`` is where it is shown, ISO 3166-1 alpha-2; ``now`` seconds; ``languages`` those of the reader, best first.
    """
    outcomes = tuple(judge_rules(certificate, book=book, to=to, now=now, region=region))
    for outcome in outcomes:
        if not outcome.met:
            raise _refusal(outcome, languages)
    _check_read(book, certificate.issuer, to)
    return RulesMet(to=to, at=now, rules=tuple(_name(outcome.rule) for outcome in outcomes))


def judge_rules(
    certificate: RuledCertificate, *, book: RuleBook, to: str, now: int, region: str = ""
) -> Iterator[Outcome]:
    """Each rule that counts, and whether the certificate meets it, for whoever shows all of them."""
    about = next((kind for name, kind in _KINDS.items() if certificate.payload.get(name)), CertificateType.GENERAL)
    invalidation = book.in_force(RuleType.INVALIDATION, country=certificate.issuer, about=about, now=now)
    acceptance = book.in_force(RuleType.ACCEPTANCE, country=to, about=about, region=region, now=now)
    data: dict[str, Json] = {
        "payload": certificate.payload,
        "external": _external(certificate, value_sets=book.value_sets, to=to, region=region, now=now),
    }
    for rule in (*invalidation, *acceptance):
        yield _judge(rule, data, certificate.payload.get("ver"))


def _check_read(book: RuleBook, issuer: str, to: str) -> None:
    """What cannot be read may be a rule that says no."""
    found = book.unread_of(issuer, to)
    if found is not None:
        country, unread = found
        raise Rejected(Check.BUSINESS_RULE, f"a rule of {country} cannot be read: {unread.name}: {unread.why}")


def _judge(rule: Rule, data: JsonObject, schema: Json) -> Outcome:
    if rule.unread:
        return Outcome(rule=rule, met=False, why=f"it cannot be read: {rule.unread}")
    # as the Commission's reference (dgc-certlogic-android) compares them: no newer than the engine, to the last number
    if rule.engine != ENGINE or rule.engine_version > LANGUAGE_VERSION:
        return Outcome(rule=rule, met=False, why="it is written for another engine than this one")
    if not _is_for(rule.schema_version, schema):
        return Outcome(rule=rule, met=False, why="it is written for certificates of another schema version")
    try:
        return Outcome(rule=rule, met=evaluate(rule.logic, data) is True)
    except CertLogicError as error:
        return Outcome(rule=rule, met=False, why=f"its logic met something else than it is made for: {error}")


def _is_for(version: Version, schema: Json) -> bool:
    """Whether a rule's schema is the certificate's: the same major version, and none that is newer."""
    numbers = schema.split(".") if type(schema) is str else []
    if len(numbers) != 3 or not all(number.isascii() and number.isdecimal() for number in numbers):
        return False
    certificate = tuple(int(number[:6]) for number in numbers)
    return certificate[0] == version[0] and certificate >= version


def _external(certificate: RuledCertificate, *, value_sets: JsonObject, to: str, region: str, now: int) -> JsonObject:
    """The parameters that a rule may read beside the certificate, by the names of the Commission's reference."""
    return {
        "validationClock": _time(now),
        "valueSets": value_sets,
        "countryCode": to,
        "region": region,
        "issuerCountryCode": certificate.issuer,
        "iat": _time(certificate.issued),
        "exp": _time(certificate.expires),
        "kid": base64(certificate.kid),
    }


def _time(seconds: int | None) -> str | None:
    return None if seconds is None else iso_text(DateTime(seconds * 1000))


def _refusal(outcome: Outcome, languages: Sequence[str]) -> Rejected:
    rule = outcome.rule
    whose = "the issuer" if rule.type is RuleType.INVALIDATION else "the destination"
    reason = outcome.why or "the certificate does not meet it"
    field = f"payload.{rule.affected_fields[0]}" if rule.affected_fields else ""
    return Rejected(
        Check.BUSINESS_RULE,
        f"rule {_name(rule)} of {whose}, {rule.country}: {reason}",
        field=field,
        said=rule.description(languages),
    )


def _name(rule: Rule) -> str:
    return f"{rule.identifier} {'.'.join(map(str, rule.version))}"
