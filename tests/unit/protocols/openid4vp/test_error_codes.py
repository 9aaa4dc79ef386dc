"""What a wallet's error means to a verifier: the rule that its code names."""

import pytest

from zegel.checks import Check
from zegel.errors import explain
from zegel.protocols.openid4vp.error_codes import refusal_of_wallet


@pytest.mark.parametrize(
    ("code", "check"),
    [
        ("access_denied", Check.HELD),
        ("vp_formats_not_supported", Check.VP_FORMATS),
        ("invalid_transaction_data", Check.TRANSACTION_REQUEST),
        ("invalid_request", Check.WALLET_REFUSAL),
        ("of its own", Check.WALLET_REFUSAL),
    ],
)
def test_a_wallets_error_is_a_refusal_by_the_rule_that_its_code_names(code: str, check: Check) -> None:
    refusal = refusal_of_wallet(code, "not today")
    assert (refusal.code, refusal.check, refusal.field) == (code, check, "error")
    assert explain(refusal).detail == f"the wallet answered with {code}: not today"
    assert "today" not in refusal.detail  # which the log has
