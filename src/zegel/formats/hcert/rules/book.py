"""The rules that a doorkeeper has, and the value sets that they read: chosen by country, kind and time."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final, TypeGuard, final

from zegel.errors import Malformed
from zegel.formats.hcert.cms import parse_cms
from zegel.formats.hcert.rules.rule import CertificateType, Rule, RuleType, parse_rule
from zegel.formats.hcert.rules.unread import (
    NOBODY,
    UnreadRules,
    countries_of_entry,
    countries_of_text,
    countries_of_value,
    is_called_as_a_rule,
)
from zegel.primitives.encoding import parse_base64
from zegel.primitives.json import Json, JsonObject, parse_json

MAX_RULE_FILE: Final = 1 << 20  # bytes; 119 official rules have 140 kB together
MAX_RULE_DEPTH: Final = 64  # the deepest official rule has 16; each ``if`` in an ``if`` takes two
MAX_RULES: Final = 10_000  # of one book: fifty countries with forty each, of five versions
_OTHER_KINDS: Final = (
    frozenset(  # members of a JSON Schema, and of what npm and TypeScript keep beside the official rules
        {"$schema", "dependencies", "devDependencies", "lockfileVersion", "compilerOptions"}
    )
)
_NOT_JSON: Final = "expected a name that ends in .json"
_OTHER_SHAPE: Final = "expected a rule, an array of rules, or a value set"
_WHAT: Final = "business rules"


@final
class RuleBook:
    """Rules of any countries, and value sets by identifier, of each the codes ({"covid-19-lab-result": ["260373001"]}).

    ``passed_over`` are the names of files that are meant for neither, ``unread`` what could not be read.
    """

    def __init__(
        self,
        rules: Iterable[Rule],
        *,
        value_sets: JsonObject | None = None,
        passed_over: Iterable[str] = (),
        unread: Iterable[UnreadRules] = (),
    ) -> None:
        self.rules = tuple(rules)
        self.value_sets: JsonObject = value_sets or {}
        self.passed_over = tuple(passed_over)
        self.unread = tuple(unread)
        self._of: dict[tuple[RuleType, str], list[Rule]] = {}
        for rule in self.rules:
            self._of.setdefault((rule.type, rule.country), []).append(rule)

    def in_force(
        self, type_: RuleType, *, country: str, about: CertificateType, now: int, region: str = ""
    ) -> tuple[Rule, ...]:
        """The rules of a country that count at a time, in seconds: of each the latest version, general ones first.

        Rules of a region count beside those of the whole country, for whoever names the region.
        """
        latest: dict[str, Rule] = {}
        for rule in self._of.get((type_, country), ()):
            counts = rule.region in ("", region) and rule.certificate_type in (CertificateType.GENERAL, about)
            if counts and rule.valid_from <= now * 1000 < rule.valid_to:
                known = latest.setdefault(rule.identifier, rule)
                latest[rule.identifier] = max(known, rule, key=_version)
        return tuple(sorted(latest.values(), key=_place))

    def unread_of(self, *countries: str) -> tuple[str, UnreadRules] | None:
        """The first of these countries of which a rule may stand in what could not be read, and that."""
        return next(((each, unread) for each in countries for unread in self.unread if unread.concerns(each)), None)

    def binds(self, country: str, *, now: int) -> bool:
        """Whether a country has any rule of acceptance that counts at a time, in seconds, whatever it is about."""
        rules = self._of.get((RuleType.ACCEPTANCE, country), ())
        return any(rule.valid_from <= now * 1000 < rule.valid_to for rule in rules)


def parse_rule_book(
    files: Iterable[tuple[str, bytes]],
    *,
    published: JsonObject = MappingProxyType({}),
    unreadable: Mapping[str, str] = MappingProxyType({}),
    others: Collection[str] = (),
) -> RuleBook:
    """Parse the JSON files of a folder, by name: rules, arrays of rules, rules as the gateway hands them out, value
    sets as they are published or as rules read them, which take the place of the ``published`` ones by their name.

    What is neither, and of no other kind that is known, is ``unread``, with ``unreadable`` files, by name with the
    reason. ``others`` are the names of files that are no JSON, which are passed over, unless they are called as a rule
    is. Both may come to light while ``files`` are gone through. ``Malformed`` for more rules than a book has room for.
    """
    rules: list[Rule] = []
    value_sets: dict[str, Json] = dict(published)
    passed_over: list[str] = []
    unread: list[UnreadRules] = []
    for name, data in files:
        try:
            value = parse_json(data, what=name, max_bytes=MAX_RULE_FILE, max_depth=MAX_RULE_DEPTH)
        except Malformed as error:
            unread.append(UnreadRules(name=name, why=_why(error), countries=countries_of_text(name, data)))
            continue
        entries = value if type(value) is list else [value]
        if any(map(_is_rule, entries)):
            _read_entries(name, entries, rules, unread)
        elif _is_handed_out(value):
            _read_handed_out(name, value, rules, unread)
        elif found := _value_sets(value):
            value_sets.update(found)
        elif _is_of_another_kind(value):
            passed_over.append(name)
        else:
            unread.append(UnreadRules(name=name, why=_OTHER_SHAPE, countries=countries_of_value(name, value)))
        if len(rules) > MAX_RULES:
            raise Malformed(_WHAT, name, f"expected at most {MAX_RULES} rules")
    unread.extend(
        UnreadRules(name=name, why=why, countries=countries_of_text(name, b"")) for name, why in unreadable.items()
    )
    for name in others:
        if is_called_as_a_rule(name):
            unread.append(UnreadRules(name=name, why=_NOT_JSON, countries=countries_of_text(name, b"")))
        else:
            passed_over.append(name)
    return RuleBook(rules, value_sets=value_sets, passed_over=passed_over, unread=unread)


def _read_entries(name: str, entries: Iterable[Json], rules: list[Rule], unread: list[UnreadRules]) -> None:
    """Those that are rules; one of which the logic alone cannot be read is a rule that nothing meets."""
    for position, entry in enumerate(entries):
        where = f"{name}[{position}]"
        try:
            rules.append(parse_rule(entry, where=where))
        except Malformed as error:
            rule = _without_logic(entry)
            if rule is not None:
                rules.append(replace(rule, unread=_why(error)))
            countries = countries_of_entry(name, entry) if rule is None else NOBODY
            unread.append(UnreadRules(name=where, why=_why(error), countries=countries))


def _read_handed_out(name: str, value: JsonObject, rules: list[Rule], unread: list[UnreadRules]) -> None:
    """The signature around each is not verified: as every file of the folder, it counts for being there."""
    for identifier, versions in value.items():
        entries: Any = versions
        for position, entry in enumerate(entries):
            where = f"{name}: {identifier}[{position}]"
            try:
                rule = _open_envelope(entry["cms"])
            except Malformed as error:
                countries = countries_of_value(name, {identifier: None})
                unread.append(UnreadRules(name=where, why=_why(error), countries=countries))
            else:
                _read_entries(where, [rule], rules, unread)


def _open_envelope(text: str) -> Json:
    """dgc-gateway, ValidationRuleDto: base64 of CMS with the rule in it."""
    rule = parse_cms(parse_base64(text, what=_WHAT, where="cms")).unverified_embedded
    if rule is None:
        raise Malformed(_WHAT, "cms", "expected the rule itself in it")
    return parse_json(rule, what=_WHAT, max_bytes=MAX_RULE_FILE, max_depth=MAX_RULE_DEPTH)


def _without_logic(entry: Json) -> Rule | None:
    try:
        return parse_rule({**entry, "Logic": True} if type(entry) is dict else entry)
    except Malformed:
        return None


def _why(error: Malformed) -> str:
    detail = error.detail.removeprefix(f"{error.what}: ")
    return f"{error.where}: {detail}" if error.where else detail


def _is_rule(value: Json) -> bool:
    """What has one of the two is meant for a rule: it is read as one, or refused."""
    return type(value) is dict and ("Identifier" in value or "Logic" in value)


def _is_handed_out(value: Json) -> TypeGuard[JsonObject]:
    """As the gateway answers for a country: versions of each rule, by its identifier."""
    return type(value) is dict and any(value.values()) and all(map(_is_versions, value.values()))


def _is_versions(value: Json) -> bool:
    return type(value) is list and all(map(_is_enveloped, value))


def _is_enveloped(value: Json) -> bool:
    return type(value) is dict and type(value.get("cms")) is str


def _is_of_another_kind(value: Json) -> bool:
    """What holds no rule, plainly: nothing at all, a rule's test, an index of what a backend has, a tool's file."""
    if type(value) is list:
        return all(map(_is_indexed, value))
    return type(value) is dict and (
        not value or type(value.get("expected")) is bool or not _OTHER_KINDS.isdisjoint(value)
    )


def _is_indexed(value: Json) -> bool:
    """dgca-businessrule-service, BusinessRuleListItemDto and ValueSetListItemDto: named by the hash of what it is."""
    return type(value) is dict and type(value.get("hash")) is str and not {"identifier", "id"}.isdisjoint(value)


def _value_sets(value: Json) -> JsonObject:
    """Published, a value set names itself and has what is said of each code; rules read the codes alone."""
    if type(value) is not dict:
        return {}
    identifier, entries = value.get("valueSetId"), value.get("valueSetValues")
    if type(identifier) is str and type(entries) is dict:
        return {identifier: list(entries)}
    return value if all(map(_is_codes, value.values())) else {}


def _is_codes(value: Json) -> bool:
    return type(value) is list and all(type(code) is str for code in value)


def _version(rule: Rule) -> tuple[int, int, int]:
    return rule.version


def _place(rule: Rule) -> tuple[bool, str]:
    return rule.certificate_type is not CertificateType.GENERAL, rule.identifier
