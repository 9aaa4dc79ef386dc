"""Whatever bytes come, every public parser ends in ``Malformed``, or in a value where they are legal, soon and cheaply.

``zegel_testing.parsers`` has each ``parse_*`` with a good message, ``zegel_testing.faults`` what can be wrong with one.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import partial

import pytest
from zegel_testing.faults import Fault
from zegel_testing.limits import is_small, is_soon
from zegel_testing.parsers import PARSERS, Probe, public_parsers

from zegel.errors import Malformed

PROBES = {f"{name}-{at}": probe for name, probes in PARSERS.items() for at, probe in enumerate(probes)}
EACH = pytest.mark.parametrize("name", PROBES, ids=lambda name: name.partition("parse_")[2])
Message = bytes | str


def outcome(probe: Probe, message: Message) -> str:
    """How the call ends; any exception but ``Malformed`` is a bug of ours, and comes out."""
    try:
        probe.parse(message)
    except Malformed:
        return "malformed"
    return "value"


def timed_outcome(probe: Probe, message: Message) -> tuple[str, bool]:
    """How the call ends, and whether soon."""
    ends = []
    soon = is_soon(lambda: ends.append(outcome(probe, message)))
    return ends[-1], soon


_PLACE = re.compile(r" \d+$|(?<=^without) .+|^.+ (?=twice$)")


def first_of_each_kind(faults: Iterable[Fault]) -> Iterator[Fault]:
    """Each kind of fault at the first three of its places."""
    seen: Counter[str] = Counter()
    for fault in faults:
        kind = _PLACE.sub("", fault.name.rpartition(": ")[2])
        seen[kind] += 1
        if seen[kind] <= 3:
            yield fault


def test_every_public_parser_is_probed() -> None:
    """A new ``parse_*`` belongs in the table."""
    assert {f"zegel.{name}" for name in PARSERS} == public_parsers()


@pytest.mark.slow
def test_a_fault_that_stands_alone_is_tried_however_long_the_message_is() -> None:
    """A signature is some bytes shorter from time to time."""
    probe = PROBES["formats.hcert.cms.parse_cms-0"]
    for length in range(500, 511):
        assert "something behind it" in {fault.name for fault in probe.faults(bytes(length))}


@EACH
def test_a_good_message_is_taken(name: str) -> None:
    assert outcome(PROBES[name], PROBES[name].message(PROBES[name].good)) == "value"


@pytest.mark.slow
@EACH
def test_a_fault_ends_soon_in_malformed_or_a_value_and_one_that_is_certain_in_malformed(name: str) -> None:
    """Soon is within 50 ms of wall time, best of five."""
    probe = PROBES[name]
    ends: Counter[str] = Counter()
    late = []
    for fault in probe.faults(probe.good):
        try:
            end, soon = timed_outcome(probe, probe.message(fault.data))
        except Exception as error:
            raise AssertionError(f"{fault.name}: {type(error).__name__}") from error
        assert end == "malformed" or not fault.certain, fault.name
        ends[end] += 1
        if not soon:
            late.append(fault.name)
    assert ends["malformed"] > 20
    assert late == []


@pytest.mark.slow
@EACH
def test_a_fault_costs_little_memory(name: str) -> None:
    """Within 10 MB beyond the message itself."""
    probe = PROBES[name]
    # made before, for whatever is made while memory is traced takes five times as long
    messages = [(fault.name, probe.message(fault.data)) for fault in first_of_each_kind(probe.faults(probe.good))]
    large = [name_of_fault for name_of_fault, message in messages if not is_small(partial(outcome, probe, message))]
    assert large == []
