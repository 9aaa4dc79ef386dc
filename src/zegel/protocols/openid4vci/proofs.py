"""Proofs of the keys that credentials will be bound to (appendix F): ``jwt``, with or without a key attestation, and
``attestation``.

One c_nonce serves one request: each proof in it carries that nonce, each attestation that carries one carries the same,
and one bad proof fails all. The proofs of a batch may carry one attestation, byte by byte the same.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, final

from zegel.checks import Check
from zegel.errors import Denied, Malformed, Rejected
from zegel.primitives.json import Json
from zegel.primitives.jws import UnverifiedJws, parse_jws, sign_jws, verify_jws
from zegel.primitives.keys import PublicKey, Signer, parse_jwk
from zegel.profiles import Profile, Proof
from zegel.protocols.oauth.errors import OneTime, denying
from zegel.protocols.oauth.lifetimes import check_recent
from zegel.protocols.oauth.nonces import NoncePurpose, Nonces, VerifiedNonce
from zegel.protocols.openid4vci.configuration import CredentialConfiguration, KeyRequirements
from zegel.trust.anchors import TrustAnchors
from zegel.trust.attestation_claims import AttestationStatus, check_maintained
from zegel.trust.key_attestation import (
    UnverifiedKeyAttestation,
    VerifiedKeys,
    check_key_storage,
    parse_key_attestation,
    verify_key_attestation,
)

TYP: Final = "openid4vci-proof+jwt"
MAX_PROOFS: Final = 100  # as many as one key attestation may attest
_WHAT: Final = "key proof"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class UnverifiedKeyProof:
    """A ``jwt`` proof that parses: the key that it says signed it, or the key attestation that it says so of."""

    jws: UnverifiedJws
    unverified_key: PublicKey | None
    unverified_index: int
    attestation: UnverifiedKeyAttestation | None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class UnverifiedProofs:
    """The proofs of one request: of type jwt, or one attestation."""

    proofs: tuple[UnverifiedKeyProof, ...]
    attestation: UnverifiedKeyAttestation | None

    @property
    def attestations(self) -> tuple[UnverifiedKeyAttestation, ...]:
        """All key attestations, wherever they stand; what all proofs of a batch carry counts once (HAIP 1.0 4.5)."""
        everywhere = (self.attestation, *(proof.attestation for proof in self.proofs))
        return tuple({_bytes(each): each for each in everywhere if each is not None}.values())


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ProvenKeys:
    """Keys that a request proved, each once, and at most the batch size of them. ``once`` uses the nonce up.

    ``statuses`` are where the storage of the keys may be found revoked later.
    """

    keys: tuple[PublicKey, ...]
    statuses: tuple[AttestationStatus, ...]
    once: OneTime


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ProofPolicy:
    """What the proofs of a request are held against. ``client_id`` is None for an anonymous client."""

    configuration: CredentialConfiguration
    profile: Profile
    credential_issuer: str
    client_id: str | None
    batch_size: int
    anchors: TrustAnchors
    nonces: Nonces


def sign_key_proof(
    signer: Signer,
    *,
    credential_issuer: str,
    client_id: str | None,
    nonce: str | None,
    now: int,
    attestation: str | None,
) -> str:
    """A ``jwt`` proof (appendix F.1). With an attestation, ``signer`` has its first key (TS3 section 2.2.2.1)."""
    claims: dict[str, object] = {"aud": credential_issuer, "iat": now}
    if client_id is not None:
        claims["iss"] = client_id
    if nonce is not None:
        claims["nonce"] = nonce
    header: dict[str, Json] = {"jwk": signer.public_key.jwk()}
    if attestation is not None:
        header["key_attestation"] = attestation
    return sign_jws(claims, signer=signer, typ=TYP, header=header).decode()


def receive_proofs(value: Json, *, policy: ProofPolicy, now: int) -> ProvenKeys:
    """The keys of a request's ``proofs``; ``Denied`` with invalid_proof, or invalid_nonce, which a new nonce cures."""
    with denying("invalid_proof"):
        proofs = parse_proofs(value)
        if len(proofs.proofs) > policy.batch_size:  # section 12.2.4
            raise Rejected(Check.KEY_BATCH, f"expected at most {policy.batch_size} proofs", field="proofs.jwt")
        requirements = _check_types(proofs, policy)
    nonce = _nonce(proofs, policy.nonces, now)
    with denying("invalid_proof"):
        attested = {
            _bytes(each): verify_key_attestation(each, anchors=policy.anchors, now=now) for each in proofs.attestations
        }
        for keys in attested.values():
            _check_requirements(keys, requirements, now=now)
        signers = [
            _verify_key_proof(proof, attested.get(_bytes(proof.attestation)), policy=policy, now=now)
            for proof in proofs.proofs
        ]
        found = _proven(proofs, signers, attested.values())
    return ProvenKeys(
        keys=tuple(found[: policy.batch_size]),
        statuses=tuple(keys.status for keys in attested.values() if keys.status is not None),
        once=OneTime(
            purpose="c_nonce",
            key=nonce.value,
            expires=nonce.expires,
            code="invalid_nonce",
            check=Check.PROOF_NONCE,
            detail="the c_nonce was used before",
        ),
    )


def parse_proofs(value: Json) -> UnverifiedProofs:
    """Parse ``proofs``; ``Malformed`` unless it holds one type, jwt or attestation, within its bounds."""
    if not isinstance(value, Mapping) or len(value) != 1:
        raise Malformed(_WHAT, "proofs", "expected exactly one proof type")
    ((name, entries),) = value.items()
    if type(entries) is not list or not entries or any(type(entry) is not str for entry in entries):
        raise Malformed(_WHAT, f"proofs.{name[:32]}", "expected an array of text that is not empty")
    texts = [str(entry) for entry in entries]
    if name == "jwt":
        if len(texts) > MAX_PROOFS:
            raise Malformed(_WHAT, "proofs.jwt", f"expected at most {MAX_PROOFS} proofs")
        return UnverifiedProofs(proofs=tuple(map(parse_key_proof, texts)), attestation=None)
    if name == "attestation":
        if len(texts) != 1:  # appendix F
            raise Malformed(_WHAT, "proofs.attestation", "expected exactly one key attestation")
        return UnverifiedProofs(proofs=(), attestation=parse_key_attestation(texts[0]))
    raise Malformed(_WHAT, f"proofs.{name[:32]}", "expected jwt or attestation")


def parse_key_proof(text: str) -> UnverifiedKeyProof:
    """Parse a ``jwt`` proof; ``Malformed`` unless it brings a public key, or an attestation of one."""
    jws = parse_jws(text, what=_WHAT)
    header = jws.unverified_header
    jwk, attestation = header.members.get("jwk"), header.members.get("key_attestation")
    if attestation is not None and type(attestation) is not str:
        raise Malformed(_WHAT, "header.key_attestation", "expected text")
    if jwk is None and attestation is None:
        raise Malformed(_WHAT, "header.jwk", "expected a public key, or a key attestation")
    if header.x5c or (header.kid is not None and jwk is not None):  # appendix F.1: one of the three
        raise Malformed(_WHAT, "header", "expected jwk alone")
    return UnverifiedKeyProof(
        jws=jws,
        unverified_key=None if jwk is None else parse_jwk(jwk, what=_WHAT, where="header.jwk"),
        unverified_index=_index(header.kid),
        attestation=None if attestation is None else parse_key_attestation(attestation),
    )


def _check_types(proofs: UnverifiedProofs, policy: ProofPolicy) -> KeyRequirements | None:
    """The requirements of the proof type used, once profile and configuration allow it."""
    if proofs.attestation is not None:
        name, choices = "attestation", {Proof.ATTESTATION}
    else:
        name = "jwt"
        choices = {
            Proof.JWT if proof.attestation is None else Proof.JWT_WITH_KEY_ATTESTATION for proof in proofs.proofs
        }
    for choice in sorted(choices):
        policy.profile.check_choice(choice)
    if name not in policy.configuration.proofs:
        raise Rejected(Check.KEY_PROOF, "expected a proof type of the credential configuration", field=f"proofs.{name}")
    requirements = policy.configuration.proofs[name]
    if requirements is not None and Proof.JWT in choices:
        raise Rejected(Check.KEY_PROOF, "expected a key attestation with each proof", field="header.key_attestation")
    return requirements


def _nonce(proofs: UnverifiedProofs, nonces: Nonces, now: int) -> VerifiedNonce:
    """The one nonce of all proofs and attestations (section 8.3.1.2): none is invalid_proof, another invalid_nonce."""
    said = [proof.jws.unverified_claims.get("nonce") for proof in proofs.proofs]
    # TS3 1.5 section 2.2.2.2 asks for it in the proof alone, so that the wallet provider need not see it; OpenID4VCI
    # 1.0 appendix F.1 in the attestation as well: where it stands there, it is the same one
    said += [
        each.unverified_nonce
        for each in proofs.attestations
        if each is proofs.attestation or each.unverified_nonce is not None
    ]
    first = said[0]
    if type(first) is not str or any(type(nonce) is not str for nonce in said):
        raise Denied(
            "invalid_proof",
            Check.PROOF_NONCE,
            "expected a c_nonce in each proof, or in an attestation that is one",
            field="nonce",
        )
    with denying("invalid_nonce"):
        if any(nonce != first for nonce in said):
            raise Rejected(Check.PROOF_NONCE, "expected one c_nonce for the whole request", field="nonce")
        return nonces.verify(first, purpose=NoncePurpose.CREDENTIAL_PROOF, now=now, check=Check.PROOF_NONCE)


def _check_requirements(keys: VerifiedKeys, requirements: KeyRequirements | None, *, now: int) -> VerifiedKeys:
    required = requirements or KeyRequirements()
    if required.status_period is not None:
        check_maintained(keys.status, now=now, what="key attestation")
    return check_key_storage(
        keys,
        key_storage=frozenset(required.key_storage),
        user_authentication=frozenset(required.user_authentication),
    )


def _proven(
    proofs: UnverifiedProofs, signers: Sequence[PublicKey], attested: Iterable[VerifiedKeys]
) -> Sequence[PublicKey]:
    """The keys that proofs by ``signers`` stand for: an attestation for all of its own, however many bring it along."""
    alone = [key for proof, key in zip(proofs.proofs, signers, strict=True) if proof.attestation is None]
    found = [*alone, *(key for keys in attested for key in keys.keys)]
    if any(len(set(keys)) != len(keys) for keys in (signers, found)):
        raise Rejected(Check.KEY_BATCH, "expected each key once", field="proofs")
    return found


def _verify_key_proof(
    proof: UnverifiedKeyProof, attested: VerifiedKeys | None, *, policy: ProofPolicy, now: int
) -> PublicKey:
    """Verify one ``jwt`` proof (appendix F.4) and return the key that signed it."""
    key = _signing_key(proof, attested)
    claims = verify_jws(proof.jws, key=key, typ=TYP, brings_its_key=True).claims
    if claims.get("aud") != policy.credential_issuer:
        raise Rejected(Check.KEY_PROOF, "expected the credential issuer identifier as one string", field="aud")
    # appendix F.1: the client, and nobody where the client is anonymous
    if "iss" in claims and claims["iss"] != policy.client_id:
        raise Rejected(Check.KEY_PROOF, "expected the client that the access token was given to", field="iss")
    check_recent(claims, now=now, check=Check.KEY_PROOF)
    return key


def _signing_key(proof: UnverifiedKeyProof, attested: VerifiedKeys | None) -> PublicKey:
    key = proof.unverified_key
    if attested is None:
        assert key is not None  # the parser asks for either
        return key
    if attested.expires is None:  # appendix D.1
        raise Rejected(
            Check.KEY_PROOF, "expected exp in an attestation that goes with a proof", field="key_attestation"
        )
    if key is None and proof.unverified_index < len(attested.keys):
        return attested.keys[proof.unverified_index]
    if key is None or key not in attested.keys:
        raise Rejected(Check.KEY_PROOF, "expected a proof by a key of the attestation", field="header.jwk")
    return key


def _bytes(attestation: UnverifiedKeyAttestation | None) -> tuple[bytes, bytes]:
    """An attestation as it came, by which it is told from others; nothing where there is none."""
    return (b"", b"") if attestation is None else (bytes(attestation.jws.signing_input), attestation.jws.signature)


def _index(kid: str | None) -> int:
    """TS3 section 2.2.2.1: the first key signs, without a kid; where there is one, it counts the attested keys."""
    if kid is None:
        return 0
    if not (kid.isascii() and kid.isdigit() and len(kid) <= 3):
        raise Malformed(_WHAT, "header.kid", "expected the position of a key in the attestation")
    return int(kid)
