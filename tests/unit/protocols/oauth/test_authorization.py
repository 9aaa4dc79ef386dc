"""What the authorization endpoint says when there is nothing to give."""

from zegel.checks import Check
from zegel.protocols.oauth.authorization import nothing_to_issue


def test_nothing_to_issue_is_the_issuers_denial() -> None:
    assert (nothing_to_issue().code, nothing_to_issue().check) == ("access_denied", Check.ISSUER_DECISION)
