"""That a request is for a wallet on another device, in the verifier's signed words."""

from zegel_testing.openid4vp import consent, session

from zegel.protocols.openid4vp.another_device import ANOTHER_DEVICE, is_for_another_device
from zegel.protocols.openid4vp.purpose import build_purpose


def test_a_request_says_that_it_is_for_another_device_and_the_wallet_hears_it() -> None:
    asked = consent(session(verifier_info=(build_purpose("To sign you in"), ANOTHER_DEVICE))).request
    assert is_for_another_device(asked.verifier_info)


def test_a_request_that_does_not_say_so_may_be_either() -> None:
    asked = consent(session(verifier_info=(build_purpose("To sign you in"),))).request
    assert not is_for_another_device(asked.verifier_info)
