"""The rules that a doorkeeper has, and the value sets that they read: chosen by country, kind and time."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final, final

from zegel.errors import Malformed
from zegel.formats.hcert.rules.rule import CertificateType, Rule, RuleType, parse_rule
from zegel.formats.hcert.rules.unread import NOBODY, UnreadRules, countries_of_entry, countries_of_text
from zegel.primitives.json import Json, JsonObject, parse_json

MAX_RULE_FILE: Final = 1 << 20  # bytes; 119 official rules have 140 kB together
MAX_RULE_DEPTH: Final = 64  # the deepest official rule has 16; each ``if`` in an ``if`` takes two
MAX_RULES: Final = 10_000  # of one book: fifty countries with forty each, of five versions
_WHAT: Final = "business rules"


@final
class RuleBook:
    """Rules of any countries, and value sets by identifier, of each the codes ({"covid-19-lab-result": ["260373001"]}).

    ``passed_over`` are the names of files that were neither, ``unread`` what could not be read.
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
) -> RuleBook:
    """Parse the JSON files of a folder, by name: rules, arrays of rules, value sets as they are published or as rules
    read them, which take the place of the ``published`` ones by their identifier.

    What is no JSON, or meant for a rule and none, is ``unread``, with ``unreadable`` files, by name with the reason,
    which may come to light while ``files`` are gone through. ``Malformed`` for more rules than a book has room for.
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
        elif found := _value_sets(value):
            value_sets.update(found)
        else:
            passed_over.append(name)
        if len(rules) > MAX_RULES:
            raise Malformed(_WHAT, name, f"expected at most {MAX_RULES} rules")
    unread.extend(
        UnreadRules(name=name, why=why, countries=countries_of_text(name, b"")) for name, why in unreadable.items()
    )
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
