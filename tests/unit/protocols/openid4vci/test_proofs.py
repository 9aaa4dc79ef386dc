"""Proofs of keys: how many a request may have, and what they have to show."""

from dataclasses import replace
from typing import Any

import pytest
from zegel_testing.authorities import NOW, fixed_key, fixed_random
from zegel_testing.issuance import ANCHORS, ISSUER, PROVIDER, configurations, key_attestation

from zegel.checks import Check
from zegel.errors import Denied, Malformed
from zegel.primitives.json import Json
from zegel.primitives.jws import sign_jws
from zegel.primitives.keys import PrivateKey
from zegel.profiles import PLAIN
from zegel.protocols.oauth.nonces import NoncePurpose, Nonces
from zegel.protocols.openid4vci.configuration import KeyRequirements
from zegel.protocols.openid4vci.proofs import (
    MAX_PROOFS,
    TYP,
    ProofPolicy,
    ProvenKeys,
    parse_key_proof,
    parse_proofs,
    receive_proofs,
    sign_key_proof,
)
from zegel.trust.attestation_claims import MIN_MAINTAINED, AttestationStatus
from zegel.trust.key_attestation import sign_key_attestation

PROOF = sign_key_proof(
    fixed_key("holder"), credential_issuer=ISSUER, client_id=None, nonce="n", now=NOW, attestation=None
)
ATTESTATION = key_attestation([fixed_key("holder")], nonce="n", now=NOW)


def test_as_many_proofs_as_allowed_are_parsed_and_not_one_more() -> None:
    assert len(parse_proofs({"jwt": [PROOF] * MAX_PROOFS}).proofs) == MAX_PROOFS
    with pytest.raises(Malformed, match=f"at most {MAX_PROOFS} proofs"):
        parse_proofs({"jwt": [PROOF] * (MAX_PROOFS + 1)})


def test_a_key_attestation_comes_alone() -> None:
    assert parse_proofs({"attestation": [ATTESTATION]}).attestation is not None
    for proofs in ({"attestation": [ATTESTATION] * 2}, {"attestation": [ATTESTATION], "jwt": [PROOF]}):
        with pytest.raises(Malformed, match="expected exactly one"):
            parse_proofs(proofs)


# --- what a request proves --------------------------------------------------------------------------------------------

HIGH, LOW = ("iso_18045_high",), ("iso_18045_basic",)
SIGNER = fixed_key("holder")
NONCES = Nonces(key=b"k" * 32)
NONCE = NONCES.issue(NoncePurpose.CREDENTIAL_PROOF, now=NOW, random=fixed_random())


def proven(
    proofs: Json, *, requirements: KeyRequirements | None = None, proof_type: str = "jwt", batch_size: int = 5
) -> ProvenKeys:
    known = configurations(PLAIN)["id-sdjwt"]
    policy = ProofPolicy(
        configuration=replace(known, proofs={proof_type: requirements}),
        profile=PLAIN,
        credential_issuer=ISSUER,
        client_id=None,
        batch_size=batch_size,
        anchors=ANCHORS,
        nonces=NONCES,
    )
    return receive_proofs(proofs, policy=policy, now=NOW)


def denial(proofs: Json, **options: Any) -> Denied:
    with pytest.raises(Denied) as denied:
        proven(proofs, **options)
    return denied.value


def attested(
    *keys: PrivateKey,
    key_storage: tuple[str, ...] = HIGH,
    user_authentication: tuple[str, ...] = HIGH,
    maintained_until: int | None = None,
) -> str:
    return sign_key_attestation(
        signer=PROVIDER.key,
        chain=PROVIDER.chain,
        provider="https://wallet-provider.utopia.example",
        keys=[key.public_key for key in keys],
        key_storage=key_storage,
        user_authentication=user_authentication,
        nonce=NONCE,
        now=NOW,
        expires=NOW + 60,
        status=None
        if maintained_until is None
        else AttestationStatus(
            uri="https://wallet-provider.utopia.example/s/1", index=7, maintained_until=maintained_until
        ),
    ).decode()


def proof(key: PrivateKey = SIGNER, *, nonce: str | None = NONCE, **header: Json) -> str:
    claims = {"aud": ISSUER, "iat": NOW} | ({} if nonce is None else {"nonce": nonce})
    members = {"jwk": key.public_key.jwk()} if "kid" not in header else {}
    return sign_jws(claims, signer=key, typ=TYP, header=members | header).decode()


@pytest.mark.refuses(Check.KEY_STORAGE)
@pytest.mark.parametrize("weak", ["key_storage", "user_authentication"])
@pytest.mark.parametrize("proof_type", ["jwt", "attestation"])
def test_keys_are_kept_and_guarded_each_as_the_configuration_asks(weak: str, proof_type: str) -> None:
    required = KeyRequirements(key_storage=HIGH, user_authentication=HIGH)

    def proofs(**levels: tuple[str, ...]) -> Json:
        attestation = attested(SIGNER, **levels)
        return {proof_type: [attestation if proof_type == "attestation" else proof(key_attestation=attestation)]}

    assert proven(proofs(), requirements=required, proof_type=proof_type).keys == (SIGNER.public_key,)
    denied = denial(proofs(**{weak: LOW}), requirements=required, proof_type=proof_type)
    assert (denied.code, denied.check, denied.field) == ("invalid_proof", Check.KEY_STORAGE, weak)


@pytest.mark.refuses(Check.ATTESTATION_STATUS)
@pytest.mark.parametrize("proof_type", ["jwt", "attestation"])
def test_where_a_period_is_preferred_the_status_of_the_keys_is_maintained(proof_type: str) -> None:
    def proofs(maintained_until: int | None) -> Json:
        attestation = attested(SIGNER, maintained_until=maintained_until)
        return {proof_type: [attestation if proof_type == "attestation" else proof(key_attestation=attestation)]}

    preferred = KeyRequirements(status_period=MIN_MAINTAINED)
    assert proven(proofs(None), requirements=KeyRequirements(), proof_type=proof_type).keys == (SIGNER.public_key,)
    for until in (None, NOW):
        denied = denial(proofs(until), requirements=preferred, proof_type=proof_type)
        assert (denied.code, denied.check) == ("invalid_proof", Check.ATTESTATION_STATUS)
    found = proven(proofs(NOW + MIN_MAINTAINED), requirements=preferred, proof_type=proof_type)
    assert [status.maintained_until for status in found.statuses] == [NOW + MIN_MAINTAINED]


@pytest.mark.refuses(Check.PROOF_NONCE)
def test_each_proof_of_a_batch_has_the_nonce() -> None:
    other = fixed_key("another")
    assert len(proven({"jwt": [proof(), proof(other)]}).keys) == 2
    for without in ([proof(), proof(other, nonce=None)], [proof(nonce=None), proof(other)], [proof(nonce=None)]):
        denied = denial({"jwt": without})
        assert (denied.code, denied.check) == ("invalid_proof", Check.PROOF_NONCE)
    denied = denial({"jwt": [proof(), proof(other, nonce="another")]})
    assert (denied.code, denied.check) == ("invalid_nonce", Check.PROOF_NONCE)


def test_a_kid_counts_the_keys_of_the_attestation() -> None:
    other = fixed_key("another")
    attestation = attested(SIGNER, other)
    for kid in ("1", "001"):
        found = proven({"jwt": [proof(other, kid=kid, key_attestation=attestation)]})
        assert found.keys == (SIGNER.public_key, other.public_key)
    assert denial({"jwt": [proof(other, kid="2", key_attestation=attestation)]}).check is Check.KEY_PROOF


@pytest.mark.parametrize("kid", ["", "a", "-1", "1a", "0001", "\u0661", "\u00b2"])
def test_a_kid_that_counts_nothing_is_malformed(kid: str) -> None:
    with pytest.raises(Malformed, match="expected the position of a key"):
        parse_key_proof(proof(kid=kid, key_attestation=attested(SIGNER)))


def test_haip_4_5_the_proofs_of_a_batch_share_one_attestation_of_all_their_keys() -> None:
    keys = [fixed_key(name) for name in ("holder", "another", "a third")]
    shared = attested(*keys, maintained_until=NOW + MIN_MAINTAINED)
    found = proven({"jwt": [proof(key, key_attestation=shared) for key in keys]}, batch_size=3)
    assert found.keys == tuple(key.public_key for key in keys)
    assert len(found.statuses) == 1, "it is looked up once"


def test_there_are_as_many_proven_keys_as_a_shared_attestation_has_within_the_batch_size() -> None:
    keys = [fixed_key(name) for name in ("holder", "another", "a third")]
    shared = attested(*keys)
    two = [proof(key, key_attestation=shared) for key in keys[:2]]
    assert proven({"jwt": two}).keys == tuple(key.public_key for key in keys)
    assert proven({"jwt": two}, batch_size=2).keys == tuple(key.public_key for key in keys[:2])


STRANGER, OTHER = fixed_key("stranger"), fixed_key("another")
SHARED = attested(SIGNER, OTHER)
RESIGNED = SHARED.rpartition(".")[0] + "." + attested(OTHER).rpartition(".")[2]


@pytest.mark.refuses(Check.KEY_BATCH)
@pytest.mark.refuses(Check.KEY_PROOF)
@pytest.mark.parametrize(
    ("texts", "check"),
    [
        ([proof(key_attestation=SHARED), proof(key_attestation=SHARED)], Check.KEY_BATCH),
        ([proof(key_attestation=SHARED), proof(SIGNER, kid="0", key_attestation=SHARED)], Check.KEY_BATCH),
        ([proof(key_attestation=SHARED), proof(STRANGER, key_attestation=SHARED)], Check.KEY_PROOF),
        ([proof(key_attestation=SHARED), proof(OTHER)], Check.KEY_BATCH),
        (
            [proof(key_attestation=SHARED), proof(OTHER, key_attestation=attested(OTHER, SIGNER))],
            Check.KEY_BATCH,
        ),
        (
            [proof(key_attestation=SHARED), proof(OTHER, key_attestation=attested(SIGNER, OTHER, key_storage=LOW))],
            Check.KEY_BATCH,
        ),
        ([proof(key_attestation=SHARED), proof(OTHER, key_attestation=RESIGNED)], Check.SIGNATURE),
        ([proof(key_attestation=RESIGNED), proof(OTHER, key_attestation=SHARED)], Check.SIGNATURE),
    ],
    ids=[
        "one key signs twice",
        "and is named in two ways",
        "a key that is not attested",
        "a proof beside it of a key that is",
        "another attestation of the same keys",
        "and one that says something else of them",
        "the same words under another signature",
        "and before the good ones",
    ],
)
def test_what_shares_an_attestation_is_signed_by_its_keys_each_once(texts: list[str], check: Check) -> None:
    denied = denial({"jwt": texts})
    assert (denied.code, denied.check) == ("invalid_proof", check)
