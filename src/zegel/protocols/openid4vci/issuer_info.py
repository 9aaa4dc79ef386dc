"""What others say of an issuer in its metadata, and who signed that (ETSI TS 119 472-3 section 4.2.3)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, final

from zegel.primitives.json import Json, JsonObject
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


def parse_statements(members: JsonObject) -> tuple[IssuerStatement, ...]:
    """Parse the statements that are registration certificates; what else stands there is for others.

    OpenID4VCI 1.0 does not know the member, so that one of another shape says nothing (section 12.2.4).
    """
    told = members.get("issuer_info")
    return tuple(
        IssuerStatement(format=REGISTRATION_FORMAT, data=entry.get("data"))
        for entry in (told[:MAX_STATEMENTS] if type(told) is list else ())
        if isinstance(entry, Mapping) and entry.get("format") == REGISTRATION_FORMAT
    )
