"""The four ways to say no, and everything that each of them says."""

import pytest

from zegel.checks import Check, Fault
from zegel.errors import Denied, Malformed, Rejected, Unavailable, ZegelError, explain

ERRORS: tuple[tuple[ZegelError, str, str, str], ...] = (
    (Malformed("key binding JWT", "header.alg", "expected text"), "header.alg", "key binding JWT: expected text",
     "key binding JWT: header.alg: expected text"),
    (Malformed("form", "", "expected fields"), "", "form: expected fields", "form: expected fields"),
    (Rejected(Check.NONCE, "expected ours", field="nonce"), "nonce", "expected ours", "nonce: expected ours"),
    (Rejected(Check.HOLDER_BINDING, "expected a proof"), "", "expected a proof", "holder-binding: expected a proof"),
    (Denied("invalid_grant", Check.GRANT, "expected a code", field="code"), "code", "expected a code",
     "invalid_grant: grant: expected a code"),
    (Unavailable("status list", "it does not answer"), "", "status list: it does not answer",
     "status list: it does not answer"),
)  # fmt: skip


@pytest.mark.parametrize(("error", "field", "detail", "text"), ERRORS, ids=lambda value: type(value).__name__)
def test_an_error_says_which_rule_where_and_what(error: ZegelError, field: str, detail: str, text: str) -> None:
    said = explain(error)
    assert error.field == field
    assert (said.field, said.detail, str(error)) == (field or error.check.field, detail, text)
    assert (said.check, said.rule, said.clause) == (error.check.id, error.check.rule, error.check.clause)
    assert (said.fault, said.remedy) == (str(error.check.fault), error.check.remedy)


def test_each_family_has_what_it_alone_can_say() -> None:
    malformed, unavailable = Malformed("form", "csrf", "x"), Unavailable("database", "x")
    assert (malformed.check, malformed.what, malformed.where) == (Check.SYNTAX, "form", "csrf")
    assert (unavailable.check, unavailable.what) == (Check.AVAILABILITY, "database")
    assert Denied("invalid_request", Check.SYNTAX, "x").code == "invalid_request"


def test_the_families_are_one() -> None:
    assert all(isinstance(error, ZegelError) for error, *_ in ERRORS)
    assert {type(error) for error, *_ in ERRORS} == set(ZegelError.__subclasses__())


def test_the_side_at_fault_is_somebody() -> None:
    assert {check.fault for check in Check} <= set(Fault)
