from typing import Any

import pytest

from zegel.primitives.members import MAX_TEXT
from zegel.protocols.openid4vp.purpose import FORMAT, build_purpose, stated_purposes
from zegel.protocols.openid4vp.request import VerifierInfo


def test_a_purpose_is_read_as_it_was_written() -> None:
    assert stated_purposes([build_purpose("To sign you in"), build_purpose("To know your age")]) == (
        "To sign you in",
        "To know your age",
    )


@pytest.mark.parametrize(
    "data", ["To sign you in", {}, {"purpose": ""}, {"purpose": ["x"]}, {"purpose": None}, {"why": "x"}]
)
def test_what_is_no_purpose_says_nothing(data: Any) -> None:
    assert stated_purposes([VerifierInfo(format=FORMAT, data=data)]) == ()


def test_a_statement_of_another_format_is_no_purpose() -> None:
    assert stated_purposes([VerifierInfo(format="registration_cert", data={"purpose": "To sign you in"})]) == ()


def test_a_long_purpose_is_cut() -> None:
    assert stated_purposes([build_purpose("x" * (MAX_TEXT + 1))]) == ("x" * MAX_TEXT,)
