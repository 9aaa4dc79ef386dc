"""What an authenticator answered, as a browser passes it on: its grammar, before anything of it is believed.

The bytes that were signed are kept as they came.
"""

from dataclasses import dataclass
from typing import Final, final

from zegel.errors import Malformed
from zegel.primitives.cbor import parse_map
from zegel.primitives.encoding import base64url, parse_base64url
from zegel.primitives.json import JsonObject, parse_object
from zegel.primitives.members import member, read_object, read_text

MAX_RESPONSE: Final = 16_384  # characters; the largest attestation object that is none has under 2 kB
MAX_CREDENTIAL_ID: Final = 1_023  # bytes: WebAuthn Level 3 section 4, Credential ID
_MAX_CLIENT_DATA: Final = 4_096  # bytes; type, challenge and origin, and what browsers add
_MAX_HANDLE: Final = 64  # bytes: WebAuthn Level 3 section 5.4.3
_LEAST_DATA: Final = 37  # bytes: the hash of the RP ID, the flags, the counter (section 6.1)
_ATTESTATION_MEMBERS: Final = frozenset({"fmt", "attStmt", "authData"})
_WHAT: Final = "passkey response"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class UnverifiedCeremony:
    """What registration and authentication have in common: what the browser says, and the authenticator."""

    members: JsonObject
    client_data: JsonObject
    authenticator_data: bytes


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class UnverifiedRegistration:
    """A new passkey that parses. ``attested`` says that a statement of the authenticator's maker came along."""

    unverified_ceremony: UnverifiedCeremony
    attested: bool


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class UnverifiedAssertion:
    """An answer that parses, by the passkey that it names; ``unverified_handle`` is whose that says to be."""

    unverified_ceremony: UnverifiedCeremony
    unverified_id: str
    unverified_handle: bytes


def parse_registration_response(text: bytes | str) -> UnverifiedRegistration:
    """Parse the JSON of a ``PublicKeyCredential`` with an attestation response; ``Malformed`` otherwise."""
    members, response = _members(text)
    encoded = _bytes(response, "attestationObject", limit=MAX_RESPONSE)
    attestation = parse_map(encoded, what=_WHAT)
    if set(attestation) != _ATTESTATION_MEMBERS:
        raise Malformed(_WHAT, "response.attestationObject", "expected fmt, attStmt and authData")
    ceremony = UnverifiedCeremony(
        members=members,
        client_data=_client_data(response),
        authenticator_data=_authenticator_data(attestation["authData"], "response.attestationObject.authData"),
    )
    return UnverifiedRegistration(unverified_ceremony=ceremony, attested=attestation["fmt"] != "none")


def parse_assertion(text: bytes | str) -> UnverifiedAssertion:
    """Parse the JSON of a ``PublicKeyCredential`` with an assertion response; ``Malformed`` otherwise."""
    members, response = _members(text)
    ceremony = UnverifiedCeremony(
        members=members,
        client_data=_client_data(response),
        authenticator_data=_authenticator_data(
            _bytes(response, "authenticatorData", limit=MAX_RESPONSE), "response.authenticatorData"
        ),
    )
    _bytes(response, "signature", limit=MAX_RESPONSE)
    # a discoverable credential says whose it is (section 7.2, step 6)
    handle = _bytes(response, "userHandle", limit=_MAX_HANDLE)
    return UnverifiedAssertion(unverified_ceremony=ceremony, unverified_id=str(members["id"]), unverified_handle=handle)


def _members(text: bytes | str) -> tuple[JsonObject, JsonObject]:
    members = parse_object(text, what=_WHAT, max_bytes=MAX_RESPONSE)
    id_ = _bytes(members, "rawId", limit=MAX_CREDENTIAL_ID, where="rawId")
    if members.get("id") != base64url(id_):
        raise Malformed(_WHAT, "id", "expected rawId once more")
    if members.get("type") != "public-key":
        raise Malformed(_WHAT, "type", "expected public-key")
    return members, read_object(members.get("response"), what=_WHAT, where="response")


def _bytes(members: JsonObject, name: str, *, limit: int, where: str | None = None) -> bytes:
    where = member("response", name) if where is None else where
    value = parse_base64url(
        read_text(members.get(name), what=_WHAT, where=where, limit=2 * limit), what=_WHAT, where=where
    )
    if not 0 < len(value) <= limit:
        raise Malformed(_WHAT, where, f"expected one to {limit} bytes")
    return value


def _client_data(response: JsonObject) -> JsonObject:
    """What the browser says; the library reads the same bytes once more, and more loosely."""
    return parse_object(
        _bytes(response, "clientDataJSON", limit=_MAX_CLIENT_DATA), what="client data", max_bytes=_MAX_CLIENT_DATA
    )


def _authenticator_data(value: object, where: str) -> bytes:
    if type(value) is not bytes or len(value) < _LEAST_DATA:
        raise Malformed(_WHAT, where, f"expected {_LEAST_DATA} bytes or more")
    return value
