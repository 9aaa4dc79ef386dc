"""What is counted, in the text format of Prometheus (version 0.0.4).

A label's value comes from a closed set: a role, the template of a route, a status, a check, a kind of list. None ever
comes from a request, so that no series names a person, and nobody can make more of them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final, final

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Seconds. A verification takes under a millisecond, a fetch may take ten seconds."""


class Kind(StrEnum):
    """What a number does over time."""

    COUNTER = "counter"  # it rises, and begins at zero with the process
    GAUGE = "gauge"  # it rises and falls
    HISTOGRAM = "histogram"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One number. ``part`` is what a histogram adds to its name."""

    value: float
    labels: Mapping[str, str] = field(default_factory=dict)
    part: str = ""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """The samples of one name, with what they mean."""

    name: str
    kind: Kind
    meaning: str
    samples: tuple[Sample, ...]


@final
class Durations:
    """How long something took: a histogram over ``BUCKETS``."""

    def __init__(self) -> None:
        self._counts = [0] * (len(BUCKETS) + 1)
        self._sum = 0.0

    def note(self, seconds: float) -> None:
        """Add one."""
        at = next((at for at, bound in enumerate(BUCKETS) if seconds <= bound), len(BUCKETS))
        self._counts[at] += 1
        self._sum += seconds

    def samples(self, labels: Mapping[str, str]) -> tuple[Sample, ...]:
        """Each bucket with all that is below it, the sum and the count."""
        bounds = (*map(str, BUCKETS), "+Inf")
        below = [sum(self._counts[: at + 1]) for at in range(len(bounds))]
        return (
            *(
                Sample(part="_bucket", labels={**labels, "le": bound}, value=count)
                for bound, count in zip(bounds, below, strict=True)
            ),
            Sample(part="_sum", labels=labels, value=self._sum),
            Sample(part="_count", labels=labels, value=below[-1]),
        )


def counted(name: str, meaning: str, counts: Mapping[str, int], *, by: str) -> Family:
    """A counter: one sample for each count, whose key is the value of the label ``by``."""
    samples = tuple(Sample(labels={by: key}, value=count) for key, count in sorted(counts.items()))
    return Family(name=name, kind=Kind.COUNTER, meaning=meaning, samples=samples)


def single(name: str, kind: Kind, meaning: str, value: float | None) -> Family:
    """A family of one sample, or of none where there is no value yet."""
    samples = () if value is None else (Sample(value=value),)
    return Family(name=name, kind=kind, meaning=meaning, samples=samples)


def of_role(role: str, families: Iterable[Family]) -> tuple[Family, ...]:
    """The families with the role as the first label of each sample."""
    return tuple(
        replace(family, samples=tuple(replace(one, labels={"role": role, **one.labels}) for one in family.samples))
        for family in families
    )


def render(families: Iterable[Family]) -> bytes:
    """The text; families of the same name are one."""
    merged: dict[str, list[Family]] = {}
    for family in families:
        merged.setdefault(family.name, []).append(family)
    lines: list[str] = []
    for name, alike in merged.items():
        lines += [f"# HELP {name} {_escaped(alike[0].meaning)}", f"# TYPE {name} {alike[0].kind}"]
        lines += [_line(name, sample) for family in alike for sample in family.samples]
    return ("\n".join(lines) + "\n").encode()


def _line(name: str, sample: Sample) -> str:
    labels = ",".join(f'{label}="{_quoted(value)}"' for label, value in sample.labels.items())
    value = str(int(sample.value)) if sample.value == int(sample.value) else repr(sample.value)
    return f"{name}{sample.part}{{{labels}}} {value}" if labels else f"{name}{sample.part} {value}"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n")


def _quoted(text: str) -> str:
    return _escaped(text).replace('"', r"\"")
