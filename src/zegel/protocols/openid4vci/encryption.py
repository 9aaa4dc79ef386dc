"""Credential requests and responses inside JWEs (section 10): ECDH-ES, without compression, which is not offered."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, final

from zegel.checks import Check
from zegel.errors import Denied, Malformed, Rejected
from zegel.primitives.http import JSON, HttpRequest, HttpResponse, json_response, media_type
from zegel.primitives.json import Json, JsonObject, encode_json, parse_object
from zegel.primitives.jwe import ALGORITHM, Encryption, open_jwe, parse_jwe, seal_jwe
from zegel.primitives.keys import PrivateKey, PublicKey, parse_jwk
from zegel.protocols.oauth.errors import denying

JWT: Final = "application/jwt"
MAX_REQUEST: Final = 262_144  # a batch of 20 key proofs, each with the attestation of all, is 190 kB encrypted
MAX_RESPONSE: Final = 1 << 21  # a batch of ten copies with a portrait of 60 kB, in base64 three times, is 1.5 MB


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class EncryptionKey:
    """A key of ours that requests may be encrypted to."""

    kid: str
    key: PrivateKey


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class IssuerEncryption:
    """What the issuer offers: the keys for requests, newest first, and which way encryption is required.

    ``others`` are no longer offered, or not yet by this process, and open what whoever has other metadata encrypted.
    """

    keys: tuple[EncryptionKey, ...]
    others: tuple[EncryptionKey, ...] = ()
    request_required: bool = False
    response_required: bool = False


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """A peer's public key, as it announced it, and the content encryption to use with it."""

    key: PublicKey
    kid: str | None
    enc: Encryption


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedRequest:
    """A request's members, and for whom the response is to be encrypted."""

    members: JsonObject
    recipient: Recipient | None


def open_request(request: HttpRequest, *, encryption: IssuerEncryption | None, what: str) -> OpenedRequest:
    """Open a request of either media type.

    ``Denied`` with invalid_credential_request when it does not parse, and invalid_encryption_parameters.
    """
    with denying("invalid_credential_request"):
        content_type = media_type(request.header("content-type"))
    if content_type == JWT:
        members = _decrypted(request, encryption, what)
    elif encryption is not None and encryption.request_required:
        raise _denied("expected an encrypted request", "header.content-type")
    else:
        with denying("invalid_credential_request"):
            if content_type != JSON:
                raise Malformed(what, "header.content-type", f"expected {JSON} or {JWT}")
            members = parse_object(request.body, what=what, max_bytes=MAX_REQUEST)
    asked = members.get("credential_response_encryption")
    if asked is None:
        if encryption is not None and encryption.response_required:
            raise _denied("expected a key to encrypt the response to", "credential_response_encryption")
        return OpenedRequest(members=members, recipient=None)
    if encryption is None:
        raise _denied("encryption is not offered", "credential_response_encryption")
    if content_type != JWT:  # section 8.2: so that nobody puts a key of theirs in its place
        raise _denied("expected an encrypted request with it", "credential_response_encryption")
    with denying("invalid_encryption_parameters"):
        return OpenedRequest(members=members, recipient=_recipient(asked))


def seal_response(body: Mapping[str, Json], *, recipient: Recipient | None, status: int) -> HttpResponse:
    """A response, encrypted if its request asked for that, whatever it says (section 8.3)."""
    if recipient is None:
        return json_response(body, status=status)
    return HttpResponse(
        status=status,
        headers=(("content-type", JWT), ("cache-control", "no-store")),
        body=_seal(body, recipient),
    )


def seal_request(body: Mapping[str, Json], *, recipient: Recipient | None) -> tuple[str, bytes]:
    """The media type and the body of a request, encrypted if there is a key to encrypt to."""
    if recipient is None:
        return JSON, encode_json(body)
    return JWT, _seal(body, recipient)


def response_encryption(key: PublicKey, *, enc: Encryption) -> dict[str, Json]:
    """What a wallet sends to have the response encrypted (section 8.2)."""
    return {"jwk": key.jwk() | {"use": "enc", "alg": ALGORITHM}, "enc": str(enc)}


def open_response(response: HttpResponse, *, key: PrivateKey | None, what: str) -> JsonObject:
    """Open a response; ``Rejected(ENCRYPTION)`` when it is not encrypted to ``key`` though it was to be."""
    content_type = media_type(response.header("content-type"))
    if key is None:
        if content_type != JSON:
            raise Malformed(what, "header.content-type", f"expected {JSON}")
        return parse_object(response.body, what=what, max_bytes=MAX_RESPONSE)
    if content_type != JWT:
        raise Rejected(Check.ENCRYPTION, "expected an encrypted response", field="header.content-type")
    message = parse_jwe(response.body, what=what, max_bytes=MAX_RESPONSE)
    # section 10: a kid is echoed, and ours had none; the key is of this request alone, so that no name tells it apart
    return parse_object(open_jwe(message, key=key, kid=message.kid), what=what, max_bytes=MAX_RESPONSE)


def _decrypted(request: HttpRequest, encryption: IssuerEncryption | None, what: str) -> JsonObject:
    ours = () if encryption is None else (*encryption.keys, *encryption.others)
    keys = {offered.kid: offered.key for offered in ours}
    with denying("invalid_encryption_parameters"):
        message = parse_jwe(request.body, what=what, max_bytes=MAX_REQUEST)
        if message.kid is None or message.kid not in keys:
            raise Rejected(Check.ENCRYPTION, "expected the kid of a key in the metadata", field="header.kid")
        plaintext = open_jwe(message, key=keys[message.kid], kid=message.kid)
    with denying("invalid_credential_request"):
        return parse_object(plaintext, what=what, max_bytes=MAX_REQUEST)


def _recipient(asked: Json) -> Recipient:
    what = "credential response encryption"
    if type(asked) is not dict:
        raise Malformed(what, "", "expected an object with jwk and enc")
    # section 12.2.4: we list no zip, and use none that is asked for; the header of the JWE says so
    enc, jwk = asked.get("enc"), asked.get("jwk")
    if type(enc) is not str or enc not in tuple(Encryption):
        raise Malformed(what, "enc", f"expected {' or '.join(Encryption)}")
    return parse_recipient(jwk, enc=Encryption(enc), what=what)


def parse_recipient(jwk: Json, *, enc: Encryption, what: str) -> Recipient:
    """Parse a key to encrypt to; section 10: it names its algorithm."""
    key = parse_jwk(jwk, what=what, where="jwk", use="enc")
    assert isinstance(jwk, Mapping)
    kid = jwk.get("kid")
    if jwk.get("alg") != ALGORITHM:
        raise Malformed(what, "jwk.alg", f"expected {ALGORITHM}")
    if kid is not None and type(kid) is not str:
        raise Malformed(what, "jwk.kid", "expected text")
    return Recipient(key=key, kid=kid, enc=enc)


def _seal(body: Mapping[str, Json], recipient: Recipient) -> bytes:
    return seal_jwe(encode_json(body), recipient=recipient.key, kid=recipient.kid, enc=recipient.enc).encode()


def _denied(detail: str, field: str) -> Denied:
    return Denied("invalid_encryption_parameters", Check.ENCRYPTION, detail, field=field)
