"""What a browser's ``navigator.credentials`` is asked, as JSON (WebAuthn Level 3 sections 5.4 and 5.5).

Discoverable credentials, so that nobody has to say a name; user verification, so that a passkey alone is two factors;
and no attestation, for it would tell which device somebody has.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, final

from webauthn import generate_authentication_options, generate_registration_options
from webauthn.helpers import options_to_json_dict
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.helpers.structs import (
    AttestationConveyancePreference,
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from zegel.primitives.json import JsonObject

CHALLENGE_BYTES: Final = 32  # section 13.4.3 asks for 16 at least
CHALLENGE_SECONDS: Final = 300  # section 5.4 recommends five to ten minutes where a user is to be verified
ALGORITHMS: Final = (
    COSEAlgorithmIdentifier.ECDSA_SHA_256,
    COSEAlgorithmIdentifier.EDDSA,
    COSEAlgorithmIdentifier.RSASSA_PKCS1_v1_5_SHA_256,  # Windows Hello on older hardware has no other
)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class RelyingParty:
    """The site that asks: its RP ID, the origin of its pages, and the name that people see."""

    id: str
    origin: str
    name: str


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Whose passkey is made: a user handle that says nothing of the person (section 14.6.1), and a name to greet by."""

    handle: bytes
    name: str


def creation_options(site: RelyingParty, account: Account, *, challenge: bytes, known: Iterable[bytes]) -> JsonObject:
    """Ask for a new passkey, from no authenticator that holds one of ``known`` already."""
    options = generate_registration_options(
        rp_id=site.id,
        rp_name=site.name,
        user_id=account.handle,
        user_name=account.name,
        challenge=challenge,
        timeout=CHALLENGE_SECONDS * 1000,
        attestation=AttestationConveyancePreference.NONE,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=each) for each in known],
        supported_pub_key_algs=list(ALGORITHMS),
    )
    return options_to_json_dict(options)


def request_options(site: RelyingParty, *, challenge: bytes) -> JsonObject:
    """Ask for an answer of whichever passkey somebody chooses."""
    options = generate_authentication_options(
        rp_id=site.id,
        challenge=challenge,
        timeout=CHALLENGE_SECONDS * 1000,
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return options_to_json_dict(options)
