"""The claims that an SD-JWT VC is judged by, typed (SD-JWT VC draft 16 section 2.2.2).

Draft 18 added ``aka_vcts``; draft 19 says that nothing within these claims is selectively disclosable either.
"""

from typing import Final, NotRequired, TypedDict

from zegel.errors import Malformed
from zegel.primitives.json import Json, JsonObject
from zegel.primitives.times import parse_numeric_date

ALWAYS_DISCLOSED: Final = frozenset({"iss", "nbf", "exp", "cnf", "vct", "vct#integrity", "aka_vcts", "status"})
MAX_TYPES: Final = 16  # a national type names the European one and perhaps an older version
WHAT: Final = "SD-JWT VC"

RegisteredClaims = TypedDict(
    "RegisteredClaims",
    {
        "vct": str,
        "vct#integrity": NotRequired[str],
        "aka_vcts": NotRequired[list[str]],
        "iss": NotRequired[str],
        "nbf": NotRequired[int | float],
        "exp": NotRequired[int | float],
    },
)
"""A payload of which these members have their types; times are seconds since the epoch."""


def parse_registered(payload: JsonObject) -> RegisteredClaims:
    """Parse the registered claims of an issuer-signed payload; ``Malformed`` where one has another type."""
    if not payload.get("vct"):
        raise Malformed(WHAT, "vct", "expected the credential's type")
    for name in _TEXTS:
        if name in payload and type(payload[name]) is not str:
            raise Malformed(WHAT, name, "expected text")
    for name in _TIMES:
        if name in payload:
            parse_numeric_date(payload[name], WHAT, name)
    if "aka_vcts" in payload:
        _refuse_other_types(payload["aka_vcts"], payload["vct"])
    registered: RegisteredClaims = payload  # type: ignore[assignment]  # its members were seen
    return registered


_TEXTS: Final = ("vct", "vct#integrity", "iss")
_TIMES: Final = ("nbf", "exp")


def _refuse_other_types(value: Json, vct: Json) -> None:
    if not isinstance(value, list) or not 0 < len(value) <= MAX_TYPES:
        raise Malformed(WHAT, "aka_vcts", f"expected an array of one to {MAX_TYPES} types")
    for item in value:
        if type(item) is not str or not item or item == vct:
            raise Malformed(WHAT, "aka_vcts", "expected other types than vct, as text")
