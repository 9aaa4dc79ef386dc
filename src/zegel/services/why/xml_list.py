"""The path of a trusted list in XML: there is no chain, for whoever points to it says byte for byte who signs it."""

from collections.abc import Callable

from zegel.services.why.steps import XML_LIST, trace_steps
from zegel.services.why.tree import Branch
from zegel.trust.lists.xml.parse import UnverifiedXmlList


def explain_xml_list(document: UnverifiedXmlList, *, verify: Callable[[], object]) -> Branch:
    """Who signed it, for whom, and until when it is in force, or the first step that breaks."""
    kind = document.unverified_type.rpartition("/")[2]
    said = f"{kind} {document.unverified_territory}, number {document.unverified_sequence}"
    return trace_steps(Branch(name="trusted list", said=said), XML_LIST, verify)
