"""JWE compact serialisation with ECDH-ES and AES-GCM, the one combination that HAIP 1.0 names (RFC 7516, RFC 7518).

joserfc encrypts and decrypts; the choices that an attacker could make are taken away before it sees them.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, final

from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.primitives.encoding import parse_base64url
from zegel.primitives.json import MAX_BYTES, JsonObject, parse_object
from zegel.primitives.keys import PrivateKey, PublicKey, parse_jwk


class Encryption(StrEnum):
    """The content encryptions of HAIP 1.0 section 5, stronger first."""

    A256GCM = "A256GCM"
    A128GCM = "A128GCM"


ALGORITHM: Final = "ECDH-ES"
_REFUSED: Final = ("zip", "crit")  # zip inflates before anything is authenticated; no extension is understood


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class UnverifiedJwe:
    """A JWE that parses. ``kid`` says which of our keys it claims to be for."""

    compact: str
    alg: str
    enc: str
    kid: str | None
    epk: PublicKey | None
    members: JsonObject


class _Registry(jwe.JWERegistry):
    max_protected_header_length = 5_462  # the bound of parse_jwe, in base64url
    max_ciphertext_length = 1 << 21  # parse_jwe has the caller's bound; a batch of ten with portraits is 1.5 MB


_REGISTRY: Final = _Registry(algorithms=[ALGORITHM, *Encryption], strict_check_header=False)


def parse_jwe(compact: bytes | str, *, what: str, max_bytes: int = MAX_BYTES) -> UnverifiedJwe:
    """Parse five parts and the header; ``Malformed`` otherwise, also on an ephemeral key that is off its curve."""
    if len(compact) > max_bytes:
        raise Malformed(what, "", f"expected at most {max_bytes} bytes, got {len(compact)}")
    text = compact if isinstance(compact, str) else compact.decode("ascii", errors="replace")
    parts = text.split(".", 5)
    if len(parts) != 5:
        raise Malformed(what, "", "expected a JWE in compact serialisation")
    names = ("header", "encrypted key", "initialisation vector", "ciphertext", "tag")
    for name, part in zip(names, parts, strict=True):
        parse_base64url(part, what=what, where=name)
    header = parse_object(parse_base64url(parts[0], what=what), what=f"{what} header", max_bytes=4096)
    kid = header.get("kid")
    if kid is not None and type(kid) is not str:
        raise Malformed(what, "header.kid", "expected text")
    epk = header.get("epk")
    return UnverifiedJwe(
        compact=text,
        alg=_text(header, "alg", what),
        enc=_text(header, "enc", what),
        kid=kid,
        epk=None if epk is None else parse_jwk(epk, what=what, where="header.epk", use="enc"),
        members=header,
    )


def open_jwe(message: UnverifiedJwe, *, key: PrivateKey, kid: str | None) -> bytes:
    """Decrypt; ``Rejected(ENCRYPTION)`` unless it is ECDH-ES with AES-GCM, no zip, no crit, for this key and kid."""
    if message.alg != ALGORITHM:
        raise Rejected(Check.ENCRYPTION, f"expected {ALGORITHM}", field="header.alg")
    if message.enc not in tuple(Encryption):
        raise Rejected(Check.ENCRYPTION, "expected A256GCM or A128GCM", field="header.enc")
    if message.kid != kid:
        raise Rejected(Check.ENCRYPTION, "expected the kid of the key that was offered", field="header.kid")
    if message.epk is None or message.epk.curve != key.public_key.curve:
        raise Rejected(Check.ENCRYPTION, "expected an ephemeral key on the curve of ours", field="header.epk")
    for name in _REFUSED:  # RFC 7516 section 4: what else is not understood is ignored; so are jku, x5u, jwk and x5c
        if name in message.members:
            raise Rejected(Check.ENCRYPTION, "expected no such header member", field=f"header.{name}")
    try:
        return (
            jwe.decrypt_compact(message.compact, ECKey.import_key(key.for_certificates()), registry=_REGISTRY).plaintext
            or b""
        )
    except (JoseError, ValueError):
        raise Rejected(Check.ENCRYPTION, "the message does not decrypt under our key") from None


def seal_jwe(
    plaintext: bytes, *, recipient: PublicKey, kid: str | None, enc: Encryption, typ: str | None = None
) -> str:
    """Encrypt to ``recipient`` under a fresh ephemeral key; ``kid`` is echoed (OpenID4VP 1.0 section 8.3)."""
    header: dict[str, object] = {"alg": ALGORITHM, "enc": str(enc)}
    if kid is not None:
        header["kid"] = kid
    if typ is not None:
        header["typ"] = typ
    return jwe.encrypt_compact(header, plaintext, ECKey.import_key(recipient.for_agreement()), registry=_REGISTRY)


def _text(header: JsonObject, name: str, what: str) -> str:
    value = header.get(name)
    if type(value) is not str:
        raise Malformed(what, f"header.{name}", "expected text")
    return value
