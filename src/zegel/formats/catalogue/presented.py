"""From a credential back to a record: what somebody presented becomes what another attestation is made of.

The claims of an OpenID Provider can be read the same way, for the PID rulebook names its SD-JWT claims after them.
"""

from typing import Final

from zegel.errors import Malformed
from zegel.formats.catalogue.types import AttestationType, ValueType
from zegel.formats.claims import Claim, Claims, select_claims
from zegel.formats.credential import Format
from zegel.primitives.claim_path import ClaimPath
from zegel.primitives.encoding import parse_base64

_JPEG: Final = "data:image/jpeg;base64,"  # PID rulebook 1.7 section 4.1.1


def read_record(type_: AttestationType, format_: Format, claims: Claims) -> Claims:
    """The claims by the type's data identifiers, as far as they are there; ``check_record`` judges their values.

    ``Malformed`` for a picture that is none.
    """
    record: dict[str, Claim] = {}
    for claim in type_.claims:
        path = type_.path(claim, format_)
        value = None if path is None else _value(claims, path)
        if value is None:
            continue
        if claim.rule.type is ValueType.PORTRAIT and isinstance(value, str):
            value = _portrait(value, claim.id)
        record[claim.id] = value
    return record


def _value(claims: Claims, path: ClaimPath) -> Claim:
    found = select_claims(claims, path)
    return found[0][1] if found else None


def _portrait(text: str, where: str) -> bytes:
    if not text:  # PID_03: the person opted out
        return b""
    if not text.startswith(_JPEG):
        raise Malformed("presented claims", where, "expected a JPEG in a data URL")
    return parse_base64(text.removeprefix(_JPEG), what="presented claims", where=where)
