"""An SD-JWT VC from the wire, with or without key binding: compact serialisation (RFC 9901 section 4).

The JSON serialisation of RFC 9901 section 8 is optional, and HAIP 1.0 section 6.1 asks for the compact one.
"""

from dataclasses import dataclass
from typing import Final, final

from zegel.errors import Malformed
from zegel.formats.sdjwt.disclosures import MAX_DISCLOSURES, Disclosure, parse_disclosures
from zegel.formats.sdjwt.key_binding import UnverifiedKeyBinding, parse_key_binding
from zegel.formats.sdjwt.registered import RegisteredClaims, parse_registered
from zegel.primitives.json import MAX_BYTES
from zegel.primitives.jws import UnverifiedJws, parse_jws

_WHAT: Final = "SD-JWT"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class UnverifiedSdJwt:
    """An SD-JWT VC that parses; nothing in it is proven.

    ``presented`` is all up to and with the last tilde, as received: what the holder's proof covers.
    """

    presented: bytes
    unverified_jws: UnverifiedJws
    unverified_registered: RegisteredClaims
    encoded_disclosures: tuple[bytes, ...]
    unverified_disclosures: tuple[Disclosure, ...]
    unverified_key_binding: UnverifiedKeyBinding | None

    @property
    def unverified_vct(self) -> str:
        """The type that the credential says it has."""
        return self.unverified_registered.type


def parse_sdjwt(data: bytes | str) -> UnverifiedSdJwt:
    """Parse an issued or presented SD-JWT VC; ``Malformed`` for anything else, or beyond the limits."""
    if len(data) > MAX_BYTES:
        raise Malformed(_WHAT, "", f"expected at most {MAX_BYTES} bytes, got {len(data)}")
    if isinstance(data, str):
        data = _ascii(data)
    issuer_signed, *encoded = data.split(b"~", MAX_DISCLOSURES + 1)
    if not encoded:
        raise Malformed(_WHAT, "", "expected a tilde after the issuer-signed JWT")
    key_binding = encoded.pop()
    if b"~" in key_binding:
        raise Malformed(_WHAT, "", f"expected at most {MAX_DISCLOSURES} disclosures")
    jws = parse_jws(issuer_signed, what=_WHAT)
    return UnverifiedSdJwt(
        presented=data[: len(data) - len(key_binding)],
        unverified_jws=jws,
        unverified_registered=parse_registered(jws.unverified_claims),
        encoded_disclosures=tuple(encoded),
        unverified_disclosures=parse_disclosures(encoded),
        unverified_key_binding=parse_key_binding(key_binding) if key_binding else None,
    )


def _ascii(text: str) -> bytes:
    try:
        return text.encode("ascii")
    except UnicodeEncodeError:
        raise Malformed(_WHAT, "", "expected ASCII") from None
