"""Claims and the paths into them (OpenID4VP 1.0 section 7).

The claims of an SD-JWT VC are its payload. Those of an mdoc are a mapping from namespace to elements, so that one
kind of path serves both. Values are JSON's, and ``bytes`` where an mdoc has a byte string.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from zegel.primitives.claim_path import ClaimPath
from zegel.primitives.encoding import base64url
from zegel.primitives.json import Json

if TYPE_CHECKING:
    Claim: TypeAlias = "bool | int | float | str | bytes | Sequence[Claim] | Mapping[str, Claim] | None"
else:
    Claim: TypeAlias = Any  # the stores' codec cannot read a recursive type
Claims: TypeAlias = Mapping[str, Claim]


def select_claims(claims: Claim, path: ClaimPath) -> tuple[tuple[ClaimPath, Claim], ...]:
    """Every claim that the path leads to, each with its own path without null; empty when there is none.

    OpenID4VP 1.0 section 7.1.1: a name into anything but objects, or an index or null into anything but arrays, aborts
    the search; an entry that lacks the name or the index is left out.
    """
    selected: list[tuple[ClaimPath, Claim]] = [((), claims)]
    for element in path:
        if not all(_fits(value, element) for _, value in selected):
            return ()
        selected = [((*at, key), inner) for at, value in selected for key, inner in _steps(value, element)]
    return tuple(selected)


def json_claim(value: Claim) -> Json:
    """The claim as JSON: byte strings become base64url."""
    if isinstance(value, bytes):
        return base64url(value)
    if isinstance(value, Mapping):
        return {name: json_claim(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [json_claim(inner) for inner in value]
    return value


def _fits(value: Claim, element: str | int | None) -> bool:
    return isinstance(value, Mapping) if isinstance(element, str) else isinstance(value, list | tuple)


def _steps(value: Claim, element: str | int | None) -> Iterator[tuple[str | int, Claim]]:
    if isinstance(element, str):
        assert isinstance(value, Mapping)
        if element in value:
            yield element, value[element]
        return
    assert isinstance(value, list | tuple)
    if element is None:
        yield from enumerate(value)
    elif element < len(value):
        yield element, value[element]
