"""Members of JSON objects: what is refused is named by its path."""

import pytest

from zegel.checks import Check
from zegel.errors import Malformed, Rejected, Unavailable
from zegel.primitives.members import under


@pytest.mark.parametrize(("where", "path"), [("", "proofs[1]"), ("header.alg", "proofs[1].header.alg")])
def test_what_is_malformed_below_a_member_is_named_from_outside(where: str, path: str) -> None:
    with pytest.raises(Malformed) as refusal, under("proofs[1]"):
        raise Malformed("proof", where, "expected a JWS")
    error = refusal.value
    assert (error.what, error.where, error.field, error.detail) == ("proof", path, path, "proof: expected a JWS")


@pytest.mark.parametrize(("field", "path"), [("", "proof"), ("aud", "proof.aud")])
def test_what_is_rejected_below_a_member_is_named_from_outside(field: str, path: str) -> None:
    with pytest.raises(Rejected) as refusal, under("proof"):
        raise Rejected(Check.POSSESSION, "expected ours", field=field, said="no", retry_after=5)
    error = refusal.value
    assert (error.check, error.detail, error.field) == (Check.POSSESSION, "expected ours", path)
    assert (error.said, error.retry_after) == ("no", 5)


def test_what_is_missing_has_no_place() -> None:
    with pytest.raises(Unavailable) as refusal, under("proof"):
        raise Unavailable("store", "it is locked")
    assert refusal.value.field == ""
