"""PKCE with S256."""

import pytest
from zegel_testing.authorities import fixed_random

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.protocols.oauth.pkce import (
    check_code_challenge,
    check_code_verifier,
    code_challenge,
    create_code_verifier,
)

VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_the_example_of_rfc_7636_appendix_b_holds() -> None:
    assert code_challenge(VERIFIER) == CHALLENGE
    assert check_code_verifier(VERIFIER, challenge=CHALLENGE) == VERIFIER


def test_a_fresh_verifier_fits_its_challenge() -> None:
    verifier = create_code_verifier(fixed_random())
    challenge = check_code_challenge({"code_challenge": code_challenge(verifier), "code_challenge_method": "S256"})
    assert check_code_verifier(verifier, challenge=challenge) == verifier


@pytest.mark.parametrize("verifier", [None, "", VERIFIER[:42], VERIFIER + "é", "v" * 129, VERIFIER[::-1]])
def test_another_verifier_is_refused(verifier: str | None) -> None:
    with pytest.raises(Rejected) as refusal:
        check_code_verifier(verifier, challenge=CHALLENGE)
    assert refusal.value.check is Check.PKCE
