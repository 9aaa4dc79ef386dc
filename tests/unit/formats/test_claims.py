"""Claims and the paths into them (OpenID4VP 1.0 section 7)."""

import pytest

from zegel.formats.claims import json_claim, select_claims
from zegel.primitives.claim_path import ClaimPath

CLAIMS = {
    "name": "Ada",
    "address": {"locality": "Capital", "lines": ["a", "b"]},
    "degrees": [{"type": "Bachelor", "year": 1}, {"type": "Master"}, "none"],
    "nationalities": ["UT", "NL"],
    "empty": [],
    "nothing": None,
    "flag": True,
}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        (("name",), {("name",): "Ada"}),
        (("address", "locality"), {("address", "locality"): "Capital"}),
        (("address",), {("address",): CLAIMS["address"]}),
        (("nationalities", None), {("nationalities", 0): "UT", ("nationalities", 1): "NL"}),
        (("nationalities", 1), {("nationalities", 1): "NL"}),
        (("address", "lines", 0), {("address", "lines", 0): "a"}),
        (("nothing",), {("nothing",): None}),
        (("empty",), {("empty",): []}),
        ((), {(): CLAIMS}),
    ],
    ids=str,
)
def test_a_path_leads_to_claims_each_with_its_own(path: ClaimPath, found: dict) -> None:
    assert dict(select_claims(CLAIMS, path)) == found


@pytest.mark.parametrize(
    "path",
    [
        ("unknown",),
        ("address", "unknown"),
        ("nationalities", 2),
        ("empty", None),
        ("empty", 0),
        # section 7.1.1: what does not fit aborts the whole search
        ("name", "first"),
        ("name", 0),
        ("name", None),
        ("address", 0),
        ("address", None),
        ("nationalities", "UT"),
        ("nothing", "x"),
        ("flag", None),
        (None,),
        (0,),
        ("degrees", None, "type"),
    ],
    ids=str,
)
def test_a_path_that_leads_nowhere_selects_nothing(path: ClaimPath) -> None:
    assert select_claims(CLAIMS, path) == ()


def test_an_entry_that_lacks_the_name_is_left_out() -> None:
    claims = {"degrees": [{"type": "Bachelor", "year": 1}, {"type": "Master"}]}
    assert select_claims(claims, ("degrees", None, "year")) == ((("degrees", 0, "year"), 1),)


def test_an_entry_that_lacks_the_index_is_left_out() -> None:
    assert select_claims({"a": [[1], [2, 3]]}, ("a", None, 1)) == ((("a", 1, 1), 3),)


def test_tuples_are_arrays_too() -> None:
    assert select_claims({"a": (1, 2)}, ("a", None)) == ((("a", 0), 1), (("a", 1), 2))


@pytest.mark.parametrize(
    ("value", "json"),
    [
        (b"\xff\xd8", "_9g"),
        ({"portrait": b"\xff"}, {"portrait": "_w"}),
        ([b"", (b"a", 1)], ["", ["YQ", 1]]),
        ("text", "text"),
        (1.5, 1.5),
        (None, None),
        (True, True),
    ],
    ids=str,
)
def test_as_json_byte_strings_are_base64url(value, json) -> None:
    assert json_claim(value) == json
