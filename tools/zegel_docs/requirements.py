"""``docs/requirements.md``: the Architecture and Reference Framework's requirements, and the tests that show them."""

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from zegel_docs.markdown import table, text
from zegel_docs.tests import TESTS, collected_tests, marks

VECTORS = TESTS / "vectors" / "arf"
KINDS = {
    "implementable": "software",
    "partly": "software, and hardware or a certified environment",
    "policy": "an organisation",
}
_INTRODUCTION = """\
# Requirements, and the tests that show them

The high-level requirements of the European Commission's Architecture and Reference Framework 3.0 (annex 2, CC BY 4.0),
and the tests that show zegel to meet them: those that are marked `@pytest.mark.requirement`. A mark stands where the
test would fail if the requirement, or the part of it that the test names, were not met. What has no mark may well be
built; nothing here says so. What is known not to be met is named with its reason. What asks something of an
organisation, no test can show.
"""
NOT_MET = {
    "Reg_34a": (
        "software could: an intermediary's certificate for each party that it asks for. No document says yet in which"
        " field of the certificate that party stands (TS 119 411-8 V1.1.1 and TS 119 475 V1.2.1 have none), and what we"
        " put there nobody else would read. Whom an intermediary asks for, and through which Service, is in the"
        " registration certificate (RPRC_04), which is looked at; its access certificate is the same for all"
    ),
}
"""Requirements of software that are known not to be met, and why. What has no test and no reason may well be built."""
_GIVEN_UP = "Empty"
_LONGEST = 240
_LINK = re.compile(r"\[([^][]*)\]\([^()]*\)|\[([^][]*)\]\[[^][]*\]\]?|\[([^][]*)\]")


@dataclass(frozen=True)
class Requirement:
    """A requirement that holds. ``kind`` is ``implementable``, ``partly`` or ``policy``."""

    id: str
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


def render_requirements() -> str:
    """The page."""
    requirements, shown = load_requirements(), shown_requirements()
    lines = [*_head(requirements, shown)]
    for topic, group in groupby(requirements, key=lambda one: one.topic):
        lines += _topic(topic, list(group), shown)
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


def _topic(topic: str, requirements: Sequence[Requirement], shown: Mapping[str, Sequence[str]]) -> Iterator[str]:
    tested = [one for one in requirements if one.id in shown]
    yield from ("", f"## {text(topic)}", "", f"{len(tested)} of {len(requirements)} are shown by tests.")
    if tested:
        yield from table(
            ("requirement", "what it says", "shown by"),
            [
                (f"`{one.id}`", _shortened(one.text), "<br>".join(_linked(name) for name in shown[one.id]))
                for one in tested
            ],
        )
    for words, kinds in (("Without a test", ("implementable", "partly")), ("For organisations", ("policy",))):
        known = shown.keys() | NOT_MET.keys()
        others = [one.id for one in requirements if one.id not in known and one.kind in kinds]
        if others:
            yield from ("", f"{words}: {', '.join(f'`{id_}`' for id_ in others)}")
    for id_ in (one.id for one in requirements if one.id in NOT_MET):
        yield from ("", f"Not met: `{id_}`: {text(NOT_MET[id_])}.")


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
