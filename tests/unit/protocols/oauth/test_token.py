"""What the token endpoint says when two requests race; the rest stands in tests/spec and tests/refusals."""

from zegel.checks import Check
from zegel.protocols.oauth.token import used_meanwhile


def test_a_code_that_another_request_was_first_to_use_is_no_grant() -> None:
    denied = used_meanwhile()
    assert denied.code == "invalid_grant"
    assert denied.check is Check.GRANT
