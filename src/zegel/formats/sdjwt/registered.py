"""The claims that an SD-JWT VC is judged by, typed (SD-JWT VC draft 16 section 2.2.2).

Draft 18 added ``aka_vcts``; draft 19 says that nothing within these claims is selectively disclosable either.
"""

from dataclasses import dataclass
from typing import Final, final

from zegel.errors import Malformed
from zegel.formats.credential import StatusReference
from zegel.formats.status.reference import parse_status_reference
from zegel.primitives.json import Json, JsonObject
from zegel.primitives.keys import PublicKey, parse_jwk
from zegel.primitives.times import parse_numeric_date

ALWAYS_DISCLOSED: Final = ("iss", "nbf", "exp", "cnf", "vct", "vct#integrity", "aka_vcts", "status")
MAX_TYPES: Final = 16  # a national type names the European one and perhaps an older version
_WHAT: Final = "SD-JWT VC"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredClaims:
    """What the payload says of itself. Times are seconds since the epoch; ``also_known_as`` is ``aka_vcts``."""

    type: str
    also_known_as: tuple[str, ...]
    issuer: str | None
    not_before: int | None
    expires: int | None
    status: StatusReference | None
    holder_key: PublicKey | None


def parse_registered(payload: JsonObject) -> RegisteredClaims:
    """Parse the registered claims of an issuer-signed payload; ``Malformed`` where one has another type."""
    vct = payload.get("vct")
    if type(vct) is not str or not vct:
        raise Malformed(_WHAT, "vct", "expected the credential's type as text")
    if type(payload.get("vct#integrity", "")) is not str:
        raise Malformed(_WHAT, "vct#integrity", "expected text")
    issuer = payload.get("iss")
    if issuer is not None and type(issuer) is not str:
        raise Malformed(_WHAT, "iss", "expected text")
    return RegisteredClaims(
        type=vct,
        also_known_as=_other_types(payload["aka_vcts"], vct) if "aka_vcts" in payload else (),
        issuer=issuer,
        not_before=parse_numeric_date(payload.get("nbf"), what=_WHAT, where="nbf"),
        expires=parse_numeric_date(payload.get("exp"), what=_WHAT, where="exp"),
        status=parse_status_reference(payload["status"], what=_WHAT) if "status" in payload else None,
        holder_key=_holder_key(payload["cnf"]) if "cnf" in payload else None,
    )


def _other_types(value: Json, vct: str) -> tuple[str, ...]:
    if type(value) is not list or not 0 < len(value) <= MAX_TYPES:
        raise Malformed(_WHAT, "aka_vcts", f"expected an array of one to {MAX_TYPES} types")
    for item in value:
        if type(item) is not str or not item or item == vct:
            raise Malformed(_WHAT, "aka_vcts", "expected other types than vct, as text")
    return tuple(value)


def _holder_key(value: Json) -> PublicKey:
    """HAIP 1.0 section 6.1: the holder's key is in ``jwk``; no other confirmation method is fetched or guessed."""
    if type(value) is not dict or "jwk" not in value:
        raise Malformed(_WHAT, "cnf", "expected an object with jwk")
    return parse_jwk(value["jwk"], what=_WHAT, where="cnf.jwk")
