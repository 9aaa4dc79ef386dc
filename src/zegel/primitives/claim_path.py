"""Claims path pointers (OpenID4VP 1.0 section 7): what queries ask for, and what registrations allow to ask for."""

from typing import TypeAlias

from zegel.errors import Malformed
from zegel.primitives.json import Json

ClaimPath: TypeAlias = tuple[str | int | None, ...]

MAX_PATH = 16  # a path into the deepest claim of the catalogue has six


def parse_claim_path(value: Json, *, what: str, where: str, negative: bool = False) -> ClaimPath:
    """Parse a claims path pointer: names, indices, and null for every entry; ``Malformed`` otherwise.

    ``negative`` lets integers below zero stand, as keys of maps in an mdoc (OpenID4VCI 1.0 appendix C.2).
    """
    if not isinstance(value, list) or not 0 < len(value) <= MAX_PATH:
        raise Malformed(what, where, f"expected an array of one to {MAX_PATH} path elements")
    for element in value:
        if not (element is None or type(element) is str or (type(element) is int and (negative or element >= 0))):
            raise Malformed(what, where, f"expected names, null or {'integers' if negative else 'indices from zero'}")
    return tuple(value)


def is_within(path: ClaimPath, parent: ClaimPath) -> bool:
    """Whether ``parent`` leads to everything that ``path`` leads to, in any credential.

    A path covers what lies below it, and null every entry (section 7.1.1).
    """
    return len(parent) <= len(path) and all(map(_covers, parent, path))


def _covers(element: str | int | None, below: str | int | None) -> bool:
    return below == element or (element is None and type(below) is int)
