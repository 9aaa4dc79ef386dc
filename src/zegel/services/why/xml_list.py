"""The path of a trusted list in XML: there is no chain, for whoever points to it says byte for byte who signs it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, final

from zegel.checks import Check
from zegel.errors import Malformed, Rejected, Unavailable
from zegel.services.why.steps import XML_LIST, trace_steps
from zegel.services.why.tree import Branch, breaks, holds, not_reached
from zegel.trust.lists.xml.parse import UnverifiedXmlList

_POINTED: Final = "listed"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class XmlPointing:
    """Who points to a list, as it is said to a person, and the verification for whoever that names."""

    said: str
    verify: Callable[[], object]


def explain_xml_list(document: UnverifiedXmlList, *, pointings: Iterable[Callable[[], XmlPointing]]) -> Branch:
    """Who points to it, who signed it, for whom, and until when it is in force, or the first step that breaks.

    The first of ``pointings`` that leads to it and holds; else the first.
    """
    kind = document.unverified_type.rpartition("/")[2]
    said = f"{kind} {document.unverified_territory}, number {document.unverified_sequence}"
    top = Branch(name="trusted list", said=said)
    traced = [_traced(top, point) for point in pointings] or [_traced(top, _nobody)]
    return next((path for path in traced if path.broken is None), traced[0])


def _traced(top: Branch, point: Callable[[], XmlPointing]) -> Branch:
    try:
        pointing = point()
    except (Malformed, Rejected, Unavailable) as error:
        return top.with_below(breaks(_POINTED, error), *(not_reached(step.name) for step in XML_LIST))
    return trace_steps(top.with_below(holds(_POINTED, pointing.said)), XML_LIST, pointing.verify)


def _nobody() -> XmlPointing:
    raise Rejected(Check.ANCHOR, "expected a folder whose qualified.toml says who signs lists in XML")
