"""An authenticator of its own: makes a passkey on ES256, answers with it, and errs where a test asks it to."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from zegel.primitives.cbor import encode_cbor
from zegel.primitives.encoding import base64url, parse_base64url
from zegel.primitives.keys import PrivateKey, random_private_key
from zegel_testing.authorities import fixed_random

PRESENT, VERIFIED, ELIGIBLE, ATTESTED = 1 << 0, 1 << 2, 1 << 3, 1 << 6
AAGUID = bytes(16)


@dataclass
class Authenticator:
    """One passkey for one site. ``origin`` is the page that the browser says that it is at."""

    origin: str
    rp_id: str
    seed: str = "authenticator"
    counts: bool = True
    counter: int = 0
    handle: bytes = b""
    flags: int = PRESENT | VERIFIED
    client_data: dict[str, Any] = field(default_factory=dict)
    response: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        random = fixed_random(self.seed)
        self.key: PrivateKey = random_private_key(random)
        self.id = random(16)

    def make(self, options: dict[str, Any], **changes: Any) -> str:
        """Answer ``navigator.credentials.create``; ``changes`` are of the attestation object."""
        self.handle = _bytes(options["user"]["id"])
        attested = AAGUID + len(self.id).to_bytes(2, "big") + self.id + self.cose_key()
        data = self.data(self.flags | ATTESTED) + attested
        attestation = {"fmt": "none", "attStmt": {}, "authData": data} | changes
        return self._credential("webauthn.create", options, lambda _: {"attestationObject": encode_cbor(attestation)})

    def answer(self, options: dict[str, Any]) -> str:
        """Answer ``navigator.credentials.get``."""
        self.counter += self.counts
        data = self.data(self.flags)

        def signed(client_data: bytes) -> dict[str, bytes]:
            signature = _der(self.key.sign(data + sha256(client_data).digest()))
            return {"authenticatorData": data, "signature": signature, "userHandle": self.handle}

        return self._credential("webauthn.get", options, signed)

    def data(self, flags: int) -> bytes:
        """Authenticator data (WebAuthn Level 3 section 6.1), up to what is attested."""
        return sha256(self.rp_id.encode()).digest() + bytes([flags]) + self.counter.to_bytes(4, "big")

    def cose_key(self) -> bytes:
        """The public key as COSE_Key."""
        jwk = self.key.public_key.jwk()
        return encode_cbor({1: 2, 3: -7, -1: 1, -2: _bytes(jwk["x"]), -3: _bytes(jwk["y"])})

    def _credential(self, kind: str, options: dict[str, Any], respond: Callable[[bytes], dict[str, bytes]]) -> str:
        said = {"type": kind, "challenge": options["challenge"], "origin": self.origin, "crossOrigin": False}
        said = {name: value for name, value in (said | self.client_data).items() if value is not None}
        client_data = json.dumps(said).encode()
        response = {name: base64url(value) for name, value in respond(client_data).items()}
        response |= {"clientDataJSON": base64url(client_data)} | self.response
        id_ = base64url(self.id)
        return json.dumps({"id": id_, "rawId": id_, "type": "public-key", "response": response})


def _bytes(text: Any) -> bytes:
    return parse_base64url(str(text), what="options", where="")


def _der(signature: bytes) -> bytes:
    """A signature as WebAuthn has it (section 6.5.5), from the two halves that JOSE has."""
    half = len(signature) // 2

    def integer(value: bytes) -> bytes:
        value = value.lstrip(b"\0") or b"\0"
        value = b"\0" + value if value[0] & 0x80 else value
        return b"\x02" + bytes([len(value)]) + value

    body = integer(signature[:half]) + integer(signature[half:])
    return b"\x30" + bytes([len(body)]) + body
