"""The subject: who a person is to one client, and to nobody else.

By default a new one for each sign-in. A stable one is made from what the issuer says of the person, so that it outlives
the copy, the format, the wallet, the device and every certificate; never from a device key, a status index or a salt.
"""

import hmac
import unicodedata
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias, final

from cryptography import x509
from cryptography.x509.oid import NameOID

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.formats.claims import Claim
from zegel.formats.credential import Issuer
from zegel.primitives.encoding import base64url
from zegel.primitives.json import encode_json

MIN_SECRET: Final = 32  # bytes; RFC 2104 section 3: not less than the hash's output
_TRANSIENT_BYTES: Final = 32


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Transient:
    """A new subject for each sign-in."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class StableFrom:
    """The same subject whenever these claims of this attestation type are the same. ``claims`` are claim ids."""

    attestation: str
    claims: tuple[str, ...]


SubjectSource: TypeAlias = Transient | StableFrom


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectSecret:
    """The provider's own secret. Whoever has it can tell which subjects of two clients are one person."""

    key: bytes

    def __post_init__(self) -> None:
        if len(self.key) < MIN_SECRET:
            raise ValueError(f"the subject secret has less than {MIN_SECRET} bytes")

    def __repr__(self) -> str:
        return "<subject secret>"


def check_subject_source(source: StableFrom, *, unique: Collection[str]) -> StableFrom:
    """Return the source if each of its claims is one that the issuer keeps unique and never reassigns.

    ``unique`` are those claim ids, from the catalogue. A name and a birth date are shared by many people, and a name
    changes, so they do not get in as company either. ``Rejected(SUBJECT_SOURCE)``.
    """
    if not source.claims:
        raise Rejected(Check.SUBJECT_SOURCE, "expected at least one claim", field="stable_from")
    for claim in source.claims:
        if claim not in unique:
            allowed = ", ".join(sorted(unique)) or "none"
            raise Rejected(
                Check.SUBJECT_SOURCE,
                f"{claim[:80]} is not unique and never reassigned; of {source.attestation[:80]} that is: {allowed}",
                field="stable_from",
            )
    return source


def transient_subject(random: Callable[[int], bytes]) -> str:
    """A subject that nobody has had."""
    return base64url(random(_TRANSIENT_BYTES))


def stable_subject(
    source: StableFrom, *, secret: SubjectSecret, sector: str, issuer: Issuer, values: Mapping[str, Claim]
) -> str:
    """The subject of the person whom ``issuer`` gave ``values``, by claim id, towards ``sector``.

    ``Rejected(SUBJECT_VALUE)`` if a value is missing, empty, or neither text nor a whole number.
    """
    # A JSON array of arrays and scalars has one text only, and each member its own place: nothing can slide from one
    # member into the next.
    message = [
        "zegel subject 1",
        sector,
        [issuer.entity, _registered_name(issuer.anchor), _registered_name(issuer.subject)],
        source.attestation,
        [[claim, _canonical(values.get(claim), claim)] for claim in sorted(set(source.claims))],
    ]
    return base64url(hmac.digest(secret.key, encode_json(message), "sha256"))


def _registered_name(name: str) -> list[str]:
    """The legal person that an RFC 4514 name names, where it says so; the whole name otherwise.

    EN 319 412-1 section 5.1.4: an organisation's identifier is its own in the whole Union. A renewed certificate keeps
    it, while the common name of a document signer often counts up.
    """
    try:
        registered = x509.Name.from_rfc4514_string(name).get_attributes_for_oid(NameOID.ORGANIZATION_IDENTIFIER)
    except ValueError:
        registered = []
    return ["organization", *(str(attribute.value) for attribute in registered)] if registered else ["name", name]


def _canonical(value: Claim, claim: str) -> list[str]:
    if isinstance(value, int) and not isinstance(value, bool):
        return ["number", str(value)]
    if not isinstance(value, str):
        raise Rejected(Check.SUBJECT_VALUE, "expected text or a whole number", field=claim)
    text = unicodedata.normalize("NFC", value)
    if not text.strip():
        # Two people whose issuer left the number empty would become one.
        raise Rejected(Check.SUBJECT_VALUE, "expected a value, got an empty one", field=claim)
    return ["text", text]
