"""A health authority's side: what it says of a person, signed, as the text of a QR code (specification 1.0.5)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final, final

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.formats.hcert.certificate import EU_DCC
from zegel.formats.hcert.code import ALG, KID, TAG_SIGN1, build_code, to_be_signed
from zegel.formats.hcert.envelope import EXP, HCERT, IAT, ISS, check_usage
from zegel.formats.hcert.keys import Algorithm, DocumentSigner
from zegel.formats.hcert.layers import WHAT
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
    """Who issues. ``country`` is ISO 3166-1 alpha-2; ``document_signer`` is what a reader's trust list has of the key
    of ``signer``: its certificate's usages and times, and what it is called."""

    signer: Signer
    document_signer: DocumentSigner
    country: str

    def __post_init__(self) -> None:
        if self.signer.public_key.curve is not Curve.P256:
            raise ValueError("expected a key on P-256: specification 1.0.5 section 3.2.1 names ES256")
        if self.signer.public_key.for_agreement() != self.document_signer.key:
            raise ValueError("expected the certificate of the key that signs")

    def issue(self, payload: Mapping[str, Any], *, issued_at: int, expires: int) -> str:
        """Sign a payload for a time, in seconds; ``Malformed`` unless the published schema has it, with each of its
        members, and no calendar denies the date of birth, of which the schema has the digits alone.

        ``Rejected`` for what every reader has to refuse: HEALTH_KEY_USAGE, and CERTIFICATE_VALIDITY as ``check_times``.
        """
        kind, _ = read_payload(dict(payload), Reading.STRICT)
        _check_members(payload, kind)
        _check_born(payload["dob"])
        check_usage(self.document_signer, kind, kind.name.lower())
        check_times(self.document_signer, issued_at=issued_at, expires=expires)
        protected = encode_cbor({ALG: int(Algorithm.ES256), KID: self.document_signer.kid})
        claims = encode_cbor({ISS: self.country, EXP: expires, IAT: issued_at, HCERT: {EU_DCC: payload}})
        signature = self.signer.sign(to_be_signed(protected, claims))
        return build_code(encode_cbor(Tag(TAG_SIGN1, [protected, {}, claims, signature])))


def check_times(signer: DocumentSigner, *, issued_at: int, expires: int) -> DocumentSigner:
    """Return the signer whose certificate is valid from ``issued_at`` to ``expires``, in seconds.

    ``Rejected(CERTIFICATE_VALIDITY)`` otherwise, with the time of the certificate that it breaks. A bare key has none.
    """
    # section 3.3.6: the Issued At field MUST not predate the validity period of the DSC
    if signer.not_before is not None and issued_at < signer.not_before:
        detail = f"the signer's certificate is not valid yet when it is issued, but from {_moment(signer.not_before)}"
        raise Rejected(Check.CERTIFICATE_VALIDITY, detail, field="iat")
    # section 3.3.5: the Expiration Time MUST not exceed the validity period of the DSC
    if signer.not_after is not None and expires > signer.not_after:
        detail = f"the signer's certificate is valid until {_moment(signer.not_after)}; issue it for fewer days"
        raise Rejected(Check.CERTIFICATE_VALIDITY, detail, field="exp")
    return signer


def _moment(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


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
