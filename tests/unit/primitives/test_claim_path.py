"""Claims path pointers (OpenID4VP 1.0 section 7)."""

import pytest

from zegel.errors import Malformed
from zegel.primitives.claim_path import MAX_PATH, ClaimPath, is_within, parse_claim_path


@pytest.mark.parametrize(
    "path", [["a"], ["a", None, 0], [0], [None], ["a"] * MAX_PATH, [""], ["a", 10**9]], ids=lambda path: str(path)[:30]
)
def test_a_path_is_names_indices_and_null(path: list) -> None:
    assert parse_claim_path(path, what="query", where="path") == tuple(path)


def test_a_key_of_a_map_may_be_negative_where_it_is_said() -> None:
    assert parse_claim_path(["a", "b", -1], what="claims", where="path", negative=True) == ("a", "b", -1)
    for odd in (True, -1.0):
        with pytest.raises(Malformed, match="integers"):
            parse_claim_path(["a", "b", odd], what="claims", where="path", negative=True)


@pytest.mark.parametrize(
    "path",
    [None, "a", {}, [], ["a"] * (MAX_PATH + 1), [-1], [True], [1.0], [["a"]], [{}], ["a", False], 7],
    ids=lambda path: str(path)[:30],
)
def test_anything_else_is_malformed(path: object) -> None:
    with pytest.raises(Malformed) as refusal:
        parse_claim_path(path, what="query", where="claims[0].path")
    assert (refusal.value.what, refusal.value.where) == ("query", "claims[0].path")


@pytest.mark.parametrize(
    ("path", "parent"),
    [
        (("a",), ("a",)),
        (("a", "b"), ("a",)),
        (("a", 0), ("a", None)),
        (("a", None), ("a", None)),
        (("a", 0, "b"), ("a", None, "b")),
        (("a", 3, "b"), ("a", 3)),
        (("a", None, "b"), ("a",)),
    ],
    ids=str,
)
def test_a_path_covers_what_lies_below_it_and_null_covers_every_entry(path: ClaimPath, parent: ClaimPath) -> None:
    assert is_within(path, parent)


@pytest.mark.parametrize(
    ("path", "parent"),
    [
        (("a",), ("b",)),
        (("a",), ("a", "b")),
        (("a", None), ("a", 0)),
        (("a", 1), ("a", 0)),
        (("a", "b"), ("a", None)),
        (("a", None), ("a", "b")),
        (("a", "b", "c"), ("a", "c")),
    ],
    ids=str,
)
def test_a_path_does_not_cover_what_lies_above_or_beside_it(path: ClaimPath, parent: ClaimPath) -> None:
    assert not is_within(path, parent)
