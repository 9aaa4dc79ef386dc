"""A registration certificate, signed by its provider in either format (ETSI TS 119 475 V1.2.1 clause 5.2)."""

from collections.abc import Iterable, Mapping
from hashlib import sha256

from zegel.primitives.cbor import Tag, encode_cbor
from zegel.primitives.cose import TAG_SIGN1, sign_sign1
from zegel.primitives.encoding import base64url
from zegel.primitives.json import Json
from zegel.primitives.jws import sign_jws
from zegel.trust.attestation_claims import attestation_status_members
from zegel.trust.registration.credentials import build_certificate_credential
from zegel.trust.registration.parse import CWT_LABELS
from zegel.trust.registration.values import (
    CWT_TYPE,
    JWT_TYPE,
    Intermediary,
    LocalizedText,
    RegistrationCertificate,
    SupervisoryAuthority,
)
from zegel.trust.signing import CertifiedSigner


def sign_registration_jwt(certificate: RegistrationCertificate, *, signer: CertifiedSigner) -> bytes:
    """Sign as ``rc-wrp+jwt``: compact JAdES, baseline B, with the signing time in the header (GEN-5.2.1-04)."""
    thumbprint = base64url(sha256(signer.leaf.der).digest())
    header: dict[str, Json] = {"x5t#S256": thumbprint, "iat": certificate.issued_at}
    claims = build_registration(certificate)
    return sign_jws(claims, signer=signer.signer, typ=JWT_TYPE, x5c=signer.chain, header=header)


def sign_registration_cwt(certificate: RegistrationCertificate, *, signer: CertifiedSigner) -> bytes:
    """Sign as ``rc-wrp+cwt``: a tagged COSE_Sign1, its registered claims under their numbers (RFC 8392 section 3)."""
    claims = {CWT_LABELS.get(name, name): value for name, value in build_registration(certificate).items()}
    payload = encode_cbor(claims)
    sign1 = sign_sign1(payload, signer=signer.signer, x5chain=signer.chain, typ=CWT_TYPE)
    return encode_cbor(Tag(TAG_SIGN1, sign1))


def build_registration(certificate: RegistrationCertificate) -> dict[str, Json]:
    """The claims of a certificate, as tables 7 to 10 name them; what is empty is left out."""
    members: Mapping[str, Json] = {
        "sub": certificate.identifier,
        "sub_ln": certificate.legal_name,
        "name": certificate.name,
        "country": certificate.country,
        "srv_identifier": certificate.service,  # ours: RPRC_04a wants both, and V1.2.1 has neither
        "srv_name": certificate.service_name,
        "srv_description": _localized(certificate.descriptions),
        "entitlements": list(certificate.entitlements),
        "purpose": _localized(certificate.purposes),
        "intended_use_id": certificate.intended_use,
        "credentials": [build_certificate_credential(each) for each in certificate.credentials],
        "provides_attestations": [build_certificate_credential(each) for each in certificate.provides],
        "privacy_policy": certificate.privacy_policy,
        "info_uri": _one_or_more(certificate.information),
        "support_uri": _one_or_more(certificate.support),
        "supervisory_authority": _authority(certificate.authority),
        "registry_uri": certificate.registry,
        "public_body": certificate.public_body,
        "policy_id": list(certificate.policies),
        "certificate_policy": certificate.certificate_policy,
        **_intermediary(certificate.intermediary),
        "iat": certificate.issued_at,
        "exp": certificate.expires,
        "status": None if certificate.status is None else attestation_status_members(certificate.status)["status"],
    }
    return {name: value for name, value in members.items() if value is not None and value != []}


def _localized(texts: Iterable[LocalizedText]) -> list[Json]:
    return [{"lang": text.lang, "value": text.value} for text in texts]


def _one_or_more(addresses: tuple[str, ...]) -> Json:
    """One is written as the standard has it; the register may have more (TS5)."""
    return addresses[0] if len(addresses) == 1 else list(addresses)


def _authority(authority: SupervisoryAuthority | None) -> Json:
    if authority is None:
        return None
    members: Mapping[str, Json] = {
        "name": authority.name,
        "country": authority.country,
        "uri": _one_or_more(authority.uris),
        "email": _one_or_more(authority.emails),
        "phone": _one_or_more(authority.phones),
    }
    return {name: value for name, value in members.items() if value is not None and value != []}


def _intermediary(intermediary: Intermediary | None) -> dict[str, Json]:
    if intermediary is None:
        return {}
    members: Mapping[str, Json] = {
        "sub": intermediary.identifier,
        "sname": intermediary.name,
        "srv_identifier": intermediary.service,
    }
    return {
        "intermediary": {name: value for name, value in members.items() if value is not None},
        "act": {"sub": intermediary.identifier},  # GEN-5.2.4-09
    }
