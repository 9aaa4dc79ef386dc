"""How many proofs a request may have."""

import pytest
from zegel_testing.authorities import NOW, fixed_key
from zegel_testing.issuance import ISSUER, key_attestation

from zegel.errors import Malformed
from zegel.protocols.openid4vci.proofs import MAX_PROOFS, parse_proofs, sign_key_proof

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
