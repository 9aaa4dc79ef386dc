"""A health authority's side: what it says of a person, signed, as the text of a QR code (specification 1.0.5)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, final

from zegel.errors import Malformed
from zegel.formats.hcert.certificate import EU_DCC
from zegel.formats.hcert.code import ALG, KID, TAG_SIGN1, WHAT, build_code, to_be_signed
from zegel.formats.hcert.envelope import EXP, HCERT, IAT, ISS
from zegel.formats.hcert.keys import Algorithm
from zegel.formats.hcert.schema import (
    ENTRY_MEMBERS,
    MAX_TEXT,
    NAME_MEMBERS,
    OWN_MEMBERS,
    Kind,
    Reading,
    read_payload,
)
from zegel.primitives.cbor import Tag, encode_cbor
from zegel.primitives.keys import Curve, Signer

VERSION: Final = "1.3.0"  # the schema that every reader of the union knows
REMEDY: Final = "leave it out: whatever is signed, everyone reads who reads the code"
"""What to do about a member or a column that the schema does not have."""

_BEGINNING: Final = "2000-01-01"  # completes a date that ends at the year or the month, and one that is not known


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class HealthAuthority:
    """Who issues. ``country`` is ISO 3166-1 alpha-2; ``kid`` is what the trust list calls the key of ``signer``."""

    signer: Signer
    kid: bytes
    country: str

    def __post_init__(self) -> None:
        if self.signer.public_key.curve is not Curve.P256:
            raise ValueError("expected a key on P-256: specification 1.0.5 section 3.2.1 names ES256")

    def issue(self, payload: Mapping[str, Any], *, issued_at: int, expires: int) -> str:
        """Sign a payload for a time, in seconds; ``Malformed`` unless the published schema has it, with each of its
        members, and no calendar denies the date of birth, of which the schema has the digits alone."""
        kind, _ = read_payload(dict(payload), Reading.STRICT)
        _check_members(payload, kind)
        _check_born(payload["dob"])
        protected = encode_cbor({ALG: int(Algorithm.ES256), KID: self.kid})
        claims = encode_cbor({ISS: self.country, EXP: expires, IAT: issued_at, HCERT: {EU_DCC: payload}})
        signature = self.signer.sign(to_be_signed(protected, claims))
        return build_code(encode_cbor(Tag(TAG_SIGN1, [protected, {}, claims, signature])))


def _check_members(payload: Mapping[str, Any], kind: Kind) -> None:
    """The schema lets any member stand beside its own, and everyone who reads the code would read that as well."""
    for where, members, known in (
        ("", payload, OWN_MEMBERS | {kind}),
        ("nam.", payload["nam"], frozenset(NAME_MEMBERS)),
        (f"{kind}[0].", payload[kind][0], ENTRY_MEMBERS[kind]),
    ):
        unknown = next((name for name in members if name not in known), None)
        if unknown is not None:
            raise Malformed(WHAT, f"{where}{unknown[:MAX_TEXT]}", f"expected no member beside the schema's; {REMEDY}")


def _check_born(born: str) -> None:
    try:
        date.fromisoformat(born + _BEGINNING[len(born) :])
    except ValueError:
        raise Malformed(WHAT, "dob", "expected a date that there is") from None
