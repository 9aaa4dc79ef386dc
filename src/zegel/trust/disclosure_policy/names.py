"""Distinguished names as policies write them, compared (RFC 4514)."""

import re
from typing import Final, TypeAlias

from cryptography.x509 import Name, NameOID

Parts: TypeAlias = tuple[frozenset[tuple[str, str]], ...]

# ISS-MDATA-EBD-4.2.5.2-07, notes 1 and 2, beside the names that RFC 4514 has
_ATTRIBUTES: Final = {
    "ORGID": NameOID.ORGANIZATION_IDENTIFIER,
    "ORGANIZATIONIDENTIFIER": NameOID.ORGANIZATION_IDENTIFIER,
    "SN": NameOID.SERIAL_NUMBER,
    "SERIALNUMBER": NameOID.SERIAL_NUMBER,
    "GIVENNAME": NameOID.GIVEN_NAME,
    "SURNAME": NameOID.SURNAME,
}
# In RFC 4514 there is no space before a type, and many write one; the case of a type does not matter (RFC 4512).
_TYPE: Final = re.compile(r"(^|(?<!\\)[,+])\s*([A-Za-z0-9.-]+)=")


def name_parts(name: str) -> Parts:
    """The parts of a name, so that equal names are equal: case and runs of spaces do not matter, the order does.

    ValueError for what is no name.
    """
    spelled = _TYPE.sub(lambda found: f"{found[1]}{found[2].upper()}=", name)
    parsed = Name.from_rfc4514_string(spelled, _ATTRIBUTES)
    return tuple(
        frozenset((each.oid.dotted_string, " ".join(str(each.value).casefold().split())) for each in part)
        for part in parsed.rdns
    )
