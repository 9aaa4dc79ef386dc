"""``docs/requirements.md``: the Architecture and Reference Framework's requirements, and the tests that show them."""

import csv
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from zegel_docs.markdown import table, text
from zegel_docs.tests import TESTS, collected_tests, marks

VECTORS = TESTS / "vectors" / "arf"
KINDS = {
    "implementable": "software",
    "partly": "software, and hardware or a certified environment",
    "policy": "an organisation",
}
_INTRODUCTION = """\
# Requirements, where they are met, and the tests that show them

The high-level requirements of the European Commission's Architecture and Reference Framework 3.0 (annex 2, CC BY 4.0),
and the tests that show zegel to meet them: those that are marked `@pytest.mark.requirement`. A mark stands where the
test would fail if the requirement, or the part of it that the test names, were not met.

Of the topics about trust (6, 7, 9, 27, 31, 38, 44, 52, 55) each requirement is accounted for: where it is met, or why
no test shows it. Of the other topics, what has no mark may well be built; nothing here says so. What asks something of
an organisation, no test can show.
"""
ACCOUNTED = frozenset({6, 7, 9, 27, 31, 38, 44, 52, 55})
"""The topics of which each requirement is accounted for, in ``requirements.toml``."""
REASONS = {
    "organisation": "cannot be met by software: an organisation's",
    "hardware": "cannot be met by software: hardware's, or a certified environment's",
    "not_built": "not built",
    "in_part": "met in part",
    "untested": "built so, and no test shows it",
    "inapplicable": "does not arise",
}
_GIVEN_UP = "Empty"
_LONGEST = 240
_LINK = re.compile(r"\[([^][]*)\]\([^()]*\)|\[([^][]*)\]\[[^][]*\]\]?|\[([^][]*)\]")


@dataclass(frozen=True)
class Requirement:
    """A requirement that holds. ``kind`` is ``implementable``, ``partly`` or ``policy``."""

    id: str
    number: int
    topic: str
    text: str
    kind: str


def load_requirements() -> tuple[Requirement, ...]:
    """The requirements, in the framework's order."""
    with open(VECTORS / "classification.csv", encoding="utf-8", newline="") as file:
        kinds = {row["id"]: row["class"] for row in csv.DictReader(file)}
    with open(VECTORS / "high-level-requirements.csv", encoding="utf-8-sig", newline="") as file:
        return tuple(
            Requirement(
                id=row["Index"],
                number=int(row["Topic_Number"]),
                topic=f"Topic {row['Topic_Number']}: {row['Topic_Title'].removeprefix('Topic 53 ')}",
                text=row["Requirement_specification"],
                kind=kinds[row["Index"]],
            )
            for row in csv.DictReader(file, delimiter=";")
            if row["Requirement_specification"].strip() != _GIVEN_UP
        )


def shown_requirements() -> Mapping[str, Sequence[str]]:
    """The tests that are marked ``requirement``, by the requirement's id."""
    found: dict[str, list[str]] = {}
    for name, function in collected_tests().items():
        for id_ in marks(function, "requirement"):
            found.setdefault(id_, []).append(name)
    return found


@dataclass(frozen=True)
class Account:
    """Where requirements are met, as ``module:name``, and of the others the kind of the reason and the reason."""

    met: Mapping[str, Sequence[str]]
    reasons: Mapping[str, tuple[str, str]]


def load_account() -> Account:
    """What ``requirements.toml`` says."""
    with open(Path(__file__).parent / "requirements.toml", "rb") as file:
        tables = tomllib.load(file)
    return Account(
        met=tables.pop("met"),
        reasons={id_: (kind, why) for kind, table in tables.items() for id_, why in table.items()},
    )


def render_requirements() -> str:
    """The page."""
    requirements, shown, account = load_requirements(), shown_requirements(), load_account()
    lines = [*_head(requirements, shown)]
    for topic, group in groupby(requirements, key=lambda one: one.topic):
        lines += _topic(topic, list(group), shown, account)
    return "\n".join(lines) + "\n"


def _head(requirements: Sequence[Requirement], shown: Mapping[str, Sequence[str]]) -> Iterator[str]:
    counts = [
        (words, len(of_kind), sum(one.id in shown for one in of_kind))
        for words, of_kind in ((KINDS[kind], [one for one in requirements if one.kind == kind]) for kind in KINDS)
    ]
    yield from (
        *_INTRODUCTION.splitlines(),
        *table(
            ("what it takes", "requirements", "shown by tests"),
            [
                *((words, str(there), str(tested)) for words, there, tested in counts),
                ("all", str(len(requirements)), str(sum(tested for _, _, tested in counts))),
            ],
        ),
    )


def _topic(
    topic: str, requirements: Sequence[Requirement], shown: Mapping[str, Sequence[str]], account: Account
) -> Iterator[str]:
    tested = [one for one in requirements if one.id in shown]
    yield from ("", f"## {text(topic)}", "", f"{len(tested)} of {len(requirements)} are shown by tests.")
    if requirements[0].number in ACCOUNTED:
        yield from _accounted(requirements, shown, account)
        return
    if tested:
        yield from table(
            ("requirement", "what it says", "shown by"),
            [(f"`{one.id}`", _shortened(one.text), _tests(shown[one.id])) for one in tested],
        )
    for words, kinds in (("Without a test", ("implementable", "partly")), ("For organisations", ("policy",))):
        others = [one.id for one in requirements if one.id not in shown and one.kind in kinds]
        if others:
            yield from ("", f"{words}: {', '.join(f'`{id_}`' for id_ in others)}")


def _accounted(
    requirements: Sequence[Requirement], shown: Mapping[str, Sequence[str]], account: Account
) -> Iterator[str]:
    yield from table(
        ("requirement", "what it says", "met in", "shown by"),
        [
            (f"`{one.id}`", _shortened(one.text), _places(account.met.get(one.id, ())), _tests(shown[one.id]))
            for one in requirements
            if one.id in shown
        ],
    )
    others = [(one, *account.reasons[one.id]) for one in requirements if one.id in account.reasons]
    if others:
        yield from table(
            ("not shown by a test", "what it says", "standing", "reason"),
            [(f"`{one.id}`", _shortened(one.text), REASONS[kind], text(why)) for one, kind, why in others],
        )


def _tests(names: Sequence[str]) -> str:
    return "<br>".join(map(_linked, names))


def _places(places: Sequence[str]) -> str:
    return "<br>".join(f"`{place.replace(':', '.')}`" for place in places)


def _linked(name: str) -> str:
    path, _, function = name.partition("::")
    return f"[{path.removeprefix('tests/')}](../{path})`::{function}`"


def _shortened(words: str) -> str:
    """The first words of a requirement, its references as plain text."""
    plain = " ".join(
        _LINK.sub(lambda found: next(group for group in found.groups() if group is not None), words).split()
    )
    if len(plain) <= _LONGEST:
        return text(plain)
    return text(plain[:_LONGEST].rsplit(" ", 1)[0]) + " ..."
