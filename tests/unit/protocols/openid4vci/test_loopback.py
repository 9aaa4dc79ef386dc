"""Our wallet engine against our issuer engine, in one process."""

import pytest
from zegel_testing.issuance import (
    ISSUER,
    PERSON,
    Issuer,
    finish,
    log_in,
    plain_issuer,
    redeem,
    wallet_client,
)

from zegel.profiles import HAIP, PLAIN, Proof


def contents(done) -> list[str]:
    """What came, copy by copy."""
    return [copy.decode("latin-1") for received in done.received for copy in received.credentials]


@pytest.mark.parametrize("choice", [Proof.ATTESTATION, Proof.JWT_WITH_KEY_ATTESTATION])
@pytest.mark.parametrize("separate", [True, False])
@pytest.mark.parametrize("encrypted", [True, False])
def test_a_wallet_receives_both_formats_under_haip(choice, separate, encrypted) -> None:
    issuer = Issuer(separate=separate, encrypted=encrypted)
    done = finish(issuer, log_in(issuer, issuer.offer("id-sdjwt", "id-mdoc"), wallet_client(HAIP)), choice=choice)
    assert [received.configuration for received in done.received] == ["id-sdjwt", "id-mdoc"]
    assert len(contents(done)) == 4
    assert all(PERSON in text for text in contents(done))
    assert len(set(contents(done))) == 4


def test_a_public_client_receives_by_plain_jwt_proofs() -> None:
    issuer = plain_issuer()
    done = finish(issuer, log_in(issuer, issuer.offer("id-sdjwt"), wallet_client(PLAIN)), choice=Proof.JWT)
    assert len(contents(done)) == 2


def test_a_pre_authorized_code_is_redeemed_with_its_transaction_code() -> None:
    issuer = plain_issuer()
    offer = issuer.offer("id-mdoc", pre_authorized=True, tx_code="493536")
    done = finish(issuer, redeem(issuer, offer, wallet_client(PLAIN, client_id=None), tx_code="493536"), choice=Proof.JWT)
    assert len(contents(done)) == 2


assert ISSUER
