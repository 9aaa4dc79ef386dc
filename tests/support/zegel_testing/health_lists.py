"""Trust lists with two signers of Utopia, in each of the forms."""

from hashlib import sha256
from typing import Any, Final

from zegel.primitives.encoding import base64
from zegel_testing.health import Health

OFFICE: Final = Health()
OTHER: Final = Health(name="Utopia laboratory")


def gateway_entry(office: Health = OFFICE, **changes: Any) -> dict[str, Any]:
    """An entry of the gateway's list."""
    return {
        "kid": base64(sha256(office.der).digest()[:8]),
        "timestamp": "2026-10-01T12:00:00+02:00",
        "country": "UT",
        "certificateType": "DSC",
        "thumbprint": sha256(office.der).hexdigest(),
        "signature": "AAAA",
        "rawData": base64(office.der),
        **changes,
    }


def method(office: Health = OFFICE, *, usage: str = "DSC", domain: str = "DCC", **changes: Any) -> dict[str, Any]:
    """A verification method of WHO's list; ``changes`` are members of its key."""
    kid = base64(sha256(office.der).digest()[:8])
    did = f"did:web:utopia.example:v2:trustlist:{domain}:UTO:{usage}"
    jwk = {"kty": "EC", "kid": kid, "x5c": [base64(office.der), base64(OTHER.der)], "crv": "P-256", **changes}
    return {"id": f"{did}#{kid}", "type": "JsonWebKey2020", "controller": did, "publicKeyJwk": jwk}


def did_document(*methods: Any, **members: Any) -> dict[str, Any]:
    """A DID document as WHO publishes it."""
    proof = {"type": "JsonWebSignature2020", "created": "2026-11-10T12:00:35Z", "jws": "e30..AA"}
    return {"id": "did:web:utopia.example", "verificationMethod": list(methods), "proof": proof, **members}


def pem(office: Health) -> bytes:
    """A signer's certificate as text."""
    text = base64(office.der)
    lines = "\r\n".join(text[at : at + 64] for at in range(0, len(text), 64))
    return f"-----BEGIN CERTIFICATE-----\r\n{lines}\r\n-----END CERTIFICATE-----\r\n".encode()
