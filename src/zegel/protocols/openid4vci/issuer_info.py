"""What others say of an issuer in its metadata, and who signed that (ETSI TS 119 472-3 section 4.2.3)."""

from dataclasses import dataclass
from typing import Final, final

from zegel.primitives.json import Json, JsonObject
from zegel.primitives.members import read_array, read_object
from zegel.trust.registration.transport import REGISTRATION_FORMAT

MAX_STATEMENTS: Final = 16  # in issuer_info; a registration certificate, and the data set that it may stand beside


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class MetadataSigner:
    """Whose access certificate signed the metadata: its name, its identifier and its Service, as they stand there."""

    name: str
    identifier: str | None
    service: str | None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class IssuerStatement:
    """A statement of somebody else about the issuer, in ``issuer_info`` (ETSI TS 119 472-3 section 4.2.3)."""

    format: str
    data: Json


def parse_statements(members: JsonObject, *, what: str) -> tuple[IssuerStatement, ...]:
    """Parse the statements that are registration certificates; what else stands there is for others.

    ``Malformed`` for another shape.
    """
    if "issuer_info" not in members:
        return ()
    entries = read_array(members["issuer_info"], what=what, where="issuer_info", limit=MAX_STATEMENTS)
    told = [read_object(entry, what=what, where=f"issuer_info[{at}]") for at, entry in enumerate(entries)]
    return tuple(
        IssuerStatement(format=REGISTRATION_FORMAT, data=entry.get("data"))
        for entry in told
        if entry.get("format") == REGISTRATION_FORMAT
    )
