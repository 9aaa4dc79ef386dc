"""Credential issuer metadata as the issuer publishes it, plain and signed (sections 12.2.2 to 12.2.4)."""

from collections.abc import Mapping
from typing import Final

from zegel.formats.credential import Format
from zegel.primitives.http import media_type
from zegel.primitives.json import Json
from zegel.primitives.jwe import ALGORITHM, Encryption
from zegel.primitives.jws import sign_jws
from zegel.primitives.keys import Algorithm
from zegel.protocols.openid4vci.configuration import ClaimDescription, CredentialConfiguration, Display, KeyRequirements
from zegel.protocols.openid4vci.encryption import JWT, EncryptionKey, IssuerEncryption
from zegel.protocols.openid4vci.issuer import (
    CREDENTIAL_PATH,
    DEFERRED_PATH,
    NONCE_PATH,
    NOTIFICATION_PATH,
    CredentialIssuer,
)
from zegel.protocols.openid4vci.metadata import POLICY_MEMBER, TYP
from zegel.trust.disclosure_policy.parse import build_disclosure_policy
from zegel.trust.registration.transport import REGISTRATION_FORMAT
from zegel.trust.signing import CertifiedSigner

SIGNED_SECONDS: Final = 86_400  # section 12.2.3 leaves it open; a day, like our other published statements
_TYPE_MEMBER: Final[Mapping[Format, str]] = {Format.SD_JWT_VC: "vct", Format.MDOC: "doctype"}
_BINDING: Final[Mapping[Format, str]] = {Format.SD_JWT_VC: "jwk", Format.MDOC: "cose_key"}


def build_issuer_metadata(issuer: CredentialIssuer) -> dict[str, Json]:
    """The metadata of our credential issuer."""
    metadata: dict[str, Json] = {
        "credential_issuer": issuer.identifier,
        "credential_endpoint": issuer.identifier + CREDENTIAL_PATH,
        "nonce_endpoint": issuer.identifier + NONCE_PATH,
        "deferred_credential_endpoint": issuer.identifier + DEFERRED_PATH,
        "notification_endpoint": issuer.identifier + NOTIFICATION_PATH,
        "credential_configurations_supported": {
            id_: _configuration(configuration) for id_, configuration in issuer.configurations.items()
        },
    }
    if issuer.authorization_server != issuer.identifier:
        metadata["authorization_servers"] = [issuer.authorization_server]
    if issuer.batch_size > 1:  # section 12.2.4: a batch is of two or more
        metadata["batch_credential_issuance"] = {"batch_size": issuer.batch_size}
    if issuer.display:
        metadata["display"] = [_display(display) for display in issuer.display]
    if issuer.status_period is not None:  # TS3 section 2.4: at the top, and in seconds
        metadata["preferred_client_status_period"] = issuer.status_period
    if issuer.registration is not None:  # ETSI TS 119 472-3 section 4.2.3, by value (ARF 3.0 RPRC_22)
        metadata["issuer_info"] = [{"format": REGISTRATION_FORMAT, "data": issuer.registration}]
    if issuer.encryption is not None:
        metadata |= _encryption(issuer.encryption)
    return metadata


def sign_issuer_metadata(metadata: Mapping[str, Json], *, signer: CertifiedSigner, now: int) -> bytes:
    """The metadata as a JWT, signed under the issuer's access certificate (section 12.2.3; ARF 3.0 ISSU_22)."""
    claims = {**metadata, "sub": metadata["credential_issuer"], "iat": now, "exp": now + SIGNED_SECONDS}
    return sign_jws(claims, signer=signer.signer, typ=TYP, x5c=signer.chain)


def prefers_signed(accept: str) -> bool:
    """Whether the Accept header asks for the JWT, by name and no less than for JSON (RFC 9110 section 12.5.1)."""
    weights = dict(map(_weight, accept.split(",")))
    return weights.get(JWT, 0.0) > 0 and weights[JWT] >= weights.get("application/json", 0.0)


def _configuration(configuration: CredentialConfiguration) -> dict[str, Json]:
    members: dict[str, Json] = {
        "format": str(configuration.format),
        _TYPE_MEMBER[configuration.format]: configuration.type,
        "credential_signing_alg_values_supported": configuration.signing_algorithms,
    }
    if configuration.scope is not None:
        members["scope"] = configuration.scope
    if configuration.proofs:  # TS3 section 2.2.2.2: both members, or neither where nobody is bound
        members["cryptographic_binding_methods_supported"] = [_BINDING[configuration.format]]
        members["proof_types_supported"] = {
            name: _proof_type(requirements) for name, requirements in configuration.proofs.items()
        }
    shown: dict[str, Json] = {}
    if configuration.display:
        shown["display"] = [_display(display) for display in configuration.display]
    if configuration.claims:
        shown["claims"] = [_claim(claim) for claim in configuration.claims]
    if configuration.policy is not None:
        shown[POLICY_MEMBER] = build_disclosure_policy(configuration.policy)
    return members | ({"credential_metadata": shown} if shown else {})


def _proof_type(requirements: KeyRequirements | None) -> dict[str, Json]:
    members: dict[str, Json] = {"proof_signing_alg_values_supported": list(Algorithm)}
    if requirements is not None:
        required: dict[str, Json] = {
            "key_storage": requirements.key_storage,
            "user_authentication": requirements.user_authentication,
            "preferred_key_storage_status_period": requirements.status_period,
        }
        members["key_attestations_required"] = {name: value for name, value in required.items() if value}
    return members


def _claim(claim: ClaimDescription) -> dict[str, Json]:
    members: dict[str, Json] = {"path": claim.path, "mandatory": claim.mandatory}
    if claim.display:
        members["display"] = [_display(display) for display in claim.display]
    return members


def _display(display: Display) -> dict[str, Json]:
    members: dict[str, Json] = {
        "name": display.name,
        "locale": display.locale,
        "description": display.description,
        "background_color": display.background_color,
        "text_color": display.text_color,
    }
    if display.logo is not None:
        members["logo"] = {"uri": display.logo} | ({"alt_text": display.logo_text} if display.logo_text else {})
    return {name: value for name, value in members.items() if value is not None}


def _encryption(encryption: IssuerEncryption) -> dict[str, Json]:
    # section 12.2.4; zip is left out of both: what is compressed before it is encrypted tells of its content
    return {
        "credential_request_encryption": {
            "jwks": {"keys": [_offered_key(offered) for offered in encryption.keys]},
            "enc_values_supported": list(Encryption),
            "encryption_required": encryption.request_required,
        },
        "credential_response_encryption": {
            "alg_values_supported": [ALGORITHM],
            "enc_values_supported": list(Encryption),
            "encryption_required": encryption.response_required,
        },
    }


def _offered_key(offered: EncryptionKey) -> dict[str, Json]:
    return offered.key.public_key.jwk() | {"kid": offered.kid, "use": "enc", "alg": ALGORITHM}


def _weight(media_range: str) -> tuple[str, float]:
    name, _, parameters = media_range.partition(";")
    for parameter in parameters.split(";"):
        key, _, value = parameter.strip().partition("=")
        if key.lower() == "q":
            try:
                return media_type(name), float(value)
            except ValueError:
                return media_type(name), 0.0
    return media_type(name), 1.0
