"""The two ceremonies of a site (WebAuthn Level 3 sections 7.1 and 7.2): a passkey is made, and a passkey answers.

What is compared with what we sent is compared here, step by step, so that a refusal says what was wrong; then the
library goes through all of its own steps, the signature among them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, TypeVar, final

from webauthn import verify_authentication_response, verify_registration_response
from webauthn.helpers.structs import CredentialDeviceType

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.primitives.encoding import base64url
from zegel.protocols.webauthn.options import ALGORITHMS, RelyingParty
from zegel.protocols.webauthn.response import UnverifiedAssertion, UnverifiedCeremony, UnverifiedRegistration

T = TypeVar("T")
_HASH: Final = slice(0, 32)  # section 6.1: where the parts of authenticator data stand
_FLAGS: Final = 32
_PRESENT, _VERIFIED = 1 << 0, 1 << 2


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedPasskey:
    """A passkey that was made for us: its id, its public key as COSE_Key, and where its counter stands.

    ``backup_eligible`` says whether it may be on several devices; None where that was not kept.
    """

    id: str
    key: bytes
    counter: int
    backup_eligible: bool | None = None


def verify_registration(response: UnverifiedRegistration, *, site: RelyingParty, challenge: bytes) -> VerifiedPasskey:
    """The passkey that was made in answer to our challenge; ``Rejected(PASSKEY)`` names what is not as it was asked."""
    _check_ceremony(response.unverified_ceremony, kind="webauthn.create", site=site, challenge=challenge)
    if response.attested:
        raise Rejected(Check.PASSKEY, "expected no attestation: none was asked for", field="attestationObject.fmt")
    verified = _by_the_library(
        lambda: verify_registration_response(
            credential=dict(response.unverified_ceremony.members),
            expected_challenge=challenge,
            expected_rp_id=site.id,
            expected_origin=site.origin,
            require_user_verification=True,
            supported_pub_key_algs=list(ALGORITHMS),
        ),
        field="attestationObject.authData",
        detail="expected a public key of an algorithm that was asked for",
    )
    id_ = base64url(verified.credential_id)
    if id_ != response.unverified_ceremony.members["id"]:  # which is as long as it may be (section 7.1, step 25)
        raise Rejected(Check.PASSKEY, "expected the credential ID that the authenticator made", field="rawId")
    return VerifiedPasskey(
        id=id_,
        key=verified.credential_public_key,
        counter=verified.sign_count,
        backup_eligible=verified.credential_device_type is CredentialDeviceType.MULTI_DEVICE,
    )


def verify_assertion(
    response: UnverifiedAssertion, *, site: RelyingParty, challenge: bytes, passkey: VerifiedPasskey, handle: bytes
) -> VerifiedPasskey:
    """The passkey as it stands after its answer to our challenge.

    ``Rejected`` with PASSKEY names what is not as it was asked, with PASSKEY_COUNTER a counter that did not go on.
    """
    _check_ceremony(response.unverified_ceremony, kind="webauthn.get", site=site, challenge=challenge)
    if response.unverified_handle != handle:
        raise Rejected(Check.PASSKEY, "expected the person whose passkey this is", field="userHandle")
    verified = _by_the_library(
        lambda: verify_authentication_response(
            credential=dict(response.unverified_ceremony.members),
            expected_challenge=challenge,
            expected_rp_id=site.id,
            expected_origin=site.origin,
            credential_public_key=passkey.key,
            credential_current_sign_count=0,  # compared below, where it is known who answered
            require_user_verification=True,
        ),
        field="signature",
        detail="expected a signature by this passkey",
    )
    eligible = verified.credential_device_type is CredentialDeviceType.MULTI_DEVICE
    if passkey.backup_eligible not in (None, eligible):  # section 7.2, step 19: it is so for good
        raise Rejected(
            Check.PASSKEY, "expected to be as eligible for backup as when it was made", field="authenticatorData.flags"
        )
    counter = verified.new_sign_count
    # section 6.1.1: zero on both sides is an authenticator that does not count
    if (counter or passkey.counter) and counter <= passkey.counter:
        raise Rejected(Check.PASSKEY_COUNTER, f"expected a counter beyond {passkey.counter}")
    return VerifiedPasskey(id=passkey.id, key=passkey.key, counter=counter, backup_eligible=eligible)


def _check_ceremony(
    ceremony: UnverifiedCeremony, *, kind: str, site: RelyingParty, challenge: bytes
) -> UnverifiedCeremony:
    said = ceremony.client_data
    for name, expected, words in (
        ("type", kind, kind),
        ("challenge", base64url(challenge), "the challenge that this browser was given, once and lately"),
        ("origin", site.origin, site.origin),
    ):
        if said.get(name) != expected:
            raise Rejected(Check.PASSKEY, f"expected {words}", field=f"clientDataJSON.{name}")
    if said.get("crossOrigin", False) is not False or "topOrigin" in said:
        raise Rejected(Check.PASSKEY, "expected a page of its own, in no frame", field="clientDataJSON.crossOrigin")
    data = ceremony.authenticator_data
    if data[_HASH] != sha256(site.id.encode()).digest():
        raise Rejected(Check.PASSKEY, f"expected a passkey of {site.id}", field="authenticatorData.rpIdHash")
    for flag, words in ((_PRESENT, "that somebody was there"), (_VERIFIED, "that the person was verified, as by PIN")):
        if not data[_FLAGS] & flag:
            raise Rejected(Check.PASSKEY, f"expected {words}", field="authenticatorData.flags")
    return ceremony


def _by_the_library(act: Callable[[], T], *, field: str, detail: str) -> T:
    try:
        return act()
    except Exception:  # noqa: BLE001 it raises KeyError, ValueError and others at what it did not expect
        raise Rejected(Check.PASSKEY, detail, field=field) from None
