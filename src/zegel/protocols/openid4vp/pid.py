"""What may never happen to person identification data, whatever is asked.

A wallet does not sign transactions with a PID's key (PID rulebook 1.7 section 5), and ours does not show a PID to a
party that nobody vouches for.
"""

from collections.abc import Iterable
from typing import Final

# PID rulebook 1.7, PID_04, PID_06 and PID_14: the type itself, and the domestic types below its name
_PREFIXES: Final = ("urn:eudi:pid:", "eu.europa.ec.eudi.pid.")


def is_pid(types: Iterable[str]) -> bool:
    """Whether one of these attestation types is that of a PID, or a domestic one."""
    return any(type_.startswith(_PREFIXES) for type_ in types)
