"""An SD-JWT VC from the wire, with or without key binding: compact serialisation (RFC 9901 section 4).

The JSON serialisation of RFC 9901 section 8 is optional, and HAIP 1.0 section 6.1 asks for the compact one.
"""

from typing import Final, final

from msgspec import Struct

from zegel.errors import Malformed
from zegel.formats.credential import StatusReference
from zegel.formats.sdjwt.disclosures import MAX_DISCLOSURES, Disclosure, disclosure_name, parse_disclosures
from zegel.formats.sdjwt.key_binding import MAX_KEY_BINDING, UnverifiedKeyBinding, parse_key_binding
from zegel.formats.sdjwt.key_binding import WHAT as KEY_BINDING
from zegel.formats.sdjwt.registered import WHAT, RegisteredClaims, parse_registered
from zegel.formats.status.reference import parse_status_reference
from zegel.primitives.encoding import parse_base64url
from zegel.primitives.json import MAX_BYTES, Json, parse_json
from zegel.primitives.json_parts import parse_json_parts
from zegel.primitives.jws import UnverifiedJws, join_jws, split_jws
from zegel.primitives.keys import PublicKey, parse_jwk

_WHAT: Final = "SD-JWT"
_TILDE: Final = ord("~")


@final
class UnverifiedSdJwt(Struct, frozen=True):
    """An SD-JWT VC that parses; nothing in it is proven.

    ``presented`` is all up to and with the last tilde, as received: what the holder's proof covers.
    """

    presented: bytes
    unverified_jws: UnverifiedJws
    unverified_registered: RegisteredClaims
    unverified_status: StatusReference | None
    encoded_disclosures: list[bytes]
    unverified_disclosures: list[Disclosure]
    unverified_key_binding: UnverifiedKeyBinding | None
    unverified_holder_key: PublicKey | None

    @property
    def unverified_vct(self) -> str:
        """The type that the credential says it has."""
        return self.unverified_registered["vct"]


def parse_sdjwt(data: bytes | str) -> UnverifiedSdJwt:
    """Parse an issued or presented SD-JWT VC; ``Malformed`` for anything else, or beyond the limits."""
    if len(data) > MAX_BYTES:
        raise Malformed(_WHAT, "", f"expected at most {MAX_BYTES} bytes, got {len(data)}")
    if isinstance(data, str):
        data = _ascii(data)
    issuer_signed, tilde, rest = data.partition(b"~")
    if not tilde:
        raise Malformed(_WHAT, "", "expected a tilde after the issuer-signed JWT")
    encoded = rest.split(b"~", MAX_DISCLOSURES)
    proof = encoded.pop()
    if _TILDE in proof:
        raise Malformed(_WHAT, "", f"expected at most {MAX_DISCLOSURES} disclosures")
    jws, disclosed, key_binding = _decode(issuer_signed, encoded, proof)
    claims = jws.unverified_claims
    return UnverifiedSdJwt(
        data[: len(data) - len(proof)],
        jws,
        parse_registered(claims),
        parse_status_reference(claims["status"], WHAT) if "status" in claims else None,
        encoded,
        parse_disclosures(disclosed),
        None if key_binding is None else parse_key_binding(key_binding),
        _holder_key(claims["cnf"]) if "cnf" in claims else None,
    )


def _decode(
    issuer_signed: bytes, encoded: list[bytes], proof: bytes
) -> tuple[UnverifiedJws, list[Json], UnverifiedJws | None]:
    """Both tokens, and what the disclosures hold."""
    header, payload, signature = split_jws(issuer_signed, _WHAT)
    if not proof:
        claims, *disclosures = _decode_parts([payload, *encoded], (_WHAT,))
        return join_jws(header, claims, issuer_signed, signature, _WHAT), disclosures, None
    if len(proof) > MAX_KEY_BINDING:
        raise Malformed(KEY_BINDING, "", f"expected at most {MAX_KEY_BINDING} bytes, got {len(proof)}")
    proof_header, proof_payload, proof_signature = split_jws(proof, KEY_BINDING)
    claims, proof_claims, *disclosures = _decode_parts([payload, proof_payload, *encoded], (_WHAT, KEY_BINDING))
    return (
        join_jws(header, claims, issuer_signed, signature, _WHAT),
        disclosures,
        join_jws(proof_header, proof_claims, proof, proof_signature, KEY_BINDING),
    )


def _decode_parts(texts: list[bytes], payloads: tuple[str, ...]) -> list[Json]:
    """Decode payloads and disclosures together; one after another only to find the one at fault."""
    decoded = parse_json_parts(texts, _WHAT)
    if decoded is not None:
        return decoded
    disclosures = map(disclosure_name, range(len(texts) - len(payloads)))
    named = [*((what, "payload") for what in payloads), *((what, "") for what in disclosures)]
    return [
        parse_json(parse_base64url(text, what=what, where=where), what=what)
        for text, (what, where) in zip(texts, named, strict=True)
    ]


def _holder_key(value: Json) -> PublicKey:
    """HAIP 1.0 section 6.1: the holder's key is in ``jwk``; no other confirmation method is fetched or guessed."""
    if type(value) is not dict or "jwk" not in value:
        raise Malformed(WHAT, "cnf", "expected an object with jwk")
    return parse_jwk(value["jwk"], WHAT, "cnf.jwk")


def _ascii(text: str) -> bytes:
    try:
        return text.encode("ascii")
    except UnicodeEncodeError:
        raise Malformed(_WHAT, "", "expected ASCII") from None
