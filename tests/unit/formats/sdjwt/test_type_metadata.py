"""Type metadata documents, and what a type says together with those it extends."""

from collections.abc import Sequence
from hashlib import sha256, sha384, sha512
from itertools import pairwise
from typing import Any

import pytest
from zegel_testing.authorities import NOW, anchor, authority, trusting
from zegel_testing.limits import assert_malformed_cheaply
from zegel_testing.sdjwt import ANCHORS, ROOT, VCT, issued

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.formats.sdjwt.integrity import integrity_of, verify_integrity
from zegel.formats.sdjwt.parse import parse_sdjwt
from zegel.formats.sdjwt.type_metadata import (
    MAX_CLAIMS,
    MAX_DOCUMENT,
    MAX_LOCALES,
    ClaimLabel,
    Disclosability,
    TypeDisplay,
    parse_type_metadata,
)
from zegel.formats.sdjwt.types import MAX_TYPES, ResolvedType, TypeStep, begin_type, check_types
from zegel.formats.sdjwt.verify import verify_issued_sdjwt
from zegel.primitives.encoding import base64
from zegel.primitives.json import encode_json
from zegel.trust.anchors import Purpose, TrustAnchor

PERSON = "urn:utopia:person:1"


def document(vct: str = VCT, **members: Any) -> bytes:
    return encode_json({"vct": vct} | {name.replace("__", "#"): value for name, value in members.items()})


def resolved(*documents: bytes, integrity: str | None = None) -> ResolvedType:
    step: TypeStep | ResolvedType = TypeStep(wanted=VCT, integrity=integrity)
    for each in documents:
        assert isinstance(step, TypeStep)
        step = step.receive(each)
    assert isinstance(step, ResolvedType)
    return step


def refused(*documents: bytes, integrity: str | None = None) -> Check:
    with pytest.raises(Rejected) as refusal:
        resolved(*documents, integrity=integrity)
    return refusal.value.check


def test_a_document_is_read_with_what_it_leaves_out_as_none() -> None:
    metadata = parse_type_metadata(document(unknown={"kept": False}))
    assert (metadata.vct, metadata.name, metadata.extends, metadata.display) == (VCT, None, None, None)
    assert metadata.claims == ()


def test_a_full_document_is_read() -> None:
    claim = {
        "path": ["nationalities", None],
        "display": [{"locale": "en", "label": "Nationality", "description": "of the person"}],
        "mandatory": True,
        "sd": "always",
        "svg_id": "nationality_1",
    }
    display = [{"locale": "en", "name": "Identity", "rendering": {"simple": {"text_color": "#fff"}}}]
    data = document(name="id", description="d", extends=PERSON, extends__integrity="x", display=display, claims=[claim])
    metadata = parse_type_metadata(data)
    assert (metadata.name, metadata.description) == ("id", "d")
    assert (metadata.extends, metadata.extends_integrity) == (PERSON, "x")
    rendering = {"simple": {"text_color": "#fff"}}
    assert metadata.display == (TypeDisplay(locale="en", name="Identity", description=None, rendering=rendering),)
    (read,) = metadata.claims
    assert read.path == ("nationalities", None)
    assert read.display == (ClaimLabel(locale="en", label="Nationality", description="of the person"),)
    assert (read.mandatory, read.sd, read.svg_id) == (True, Disclosability.ALWAYS, "nationality_1")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b'{"vct":"a","vct":"a"}',
        encode_json({}),
        document(""),
        encode_json({"vct": 1}),
        document(name=1),
        document(name="a" * 1_001),
        document(extends=["urn:a"]),
        document(extends__integrity=1),
        document(display={}),
        document(display=["a"]),
        document(display=[{"locale": "en"}]),
        document(display=[{"name": "a"}]),
        document(display=[{"locale": "en", "name": "a", "rendering": "simple"}]),
        document(display=[{"locale": "en", "name": "a"}] * 65),
        document(claims={}),
        document(claims=[{}]),
        document(claims=[{"path": []}]),
        document(claims=[{"path": [-1]}]),
        document(claims=[{"path": [True]}]),
        document(claims=[{"path": ["a"], "mandatory": "yes"}]),
        document(claims=[{"path": ["a"], "sd": "sometimes"}]),
        document(claims=[{"path": ["a"], "sd": ["always"]}]),
        document(claims=[{"path": ["a"], "svg_id": "1a"}]),
        document(claims=[{"path": ["a"], "svg_id": "a-b"}]),
        document(claims=[{"path": ["a"], "svg_id": "ä"}]),
        document(claims=[{"path": ["a"], "display": [{"locale": "en"}]}]),
        document(claims=[{"path": ["a"], "display": [{"label": "a"}]}]),
        document(claims=[{"path": ["a"], "display": "a"}]),
        document(claims=[{"path": ["a"]}, {"path": ["a"]}]),
        document(claims=[{"path": ["a"], "svg_id": "x"}, {"path": ["b"], "svg_id": "x"}]),
        document(claims=[{"path": [str(number)]} for number in range(MAX_CLAIMS + 1)]),
    ],
)
def test_a_document_that_breaks_its_grammar_is_malformed(data: bytes) -> None:
    with pytest.raises(Malformed):
        parse_type_metadata(data)


def test_a_document_may_be_as_long_and_as_full_as_allowed() -> None:
    claims = [{"path": [str(number)]} for number in range(MAX_CLAIMS)]
    display = [{"locale": "en", "name": "a"}] * MAX_LOCALES
    metadata = parse_type_metadata(document(name="a" * 1_000, display=display, claims=claims))
    assert metadata.name == "a" * 1_000
    assert metadata.display
    assert (len(metadata.display), len(metadata.claims)) == (MAX_LOCALES, MAX_CLAIMS)


@pytest.mark.parametrize(
    "data",
    [
        b" " * 10_000_000,
        b'{"vct":"a","claims":[' + b'{"path":["a"]},' * 8_000 + b"1]}",
        b'{"a":' * 20_000,
        document(name="a" * (MAX_DOCUMENT - 100)),
    ],
)
def test_a_hostile_document_costs_little(data: bytes) -> None:
    assert_malformed_cheaply(lambda: parse_type_metadata(data))


def test_integrity_metadata_names_the_hash_of_every_byte() -> None:
    assert integrity_of(b"") == "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
    assert verify_integrity(b"document", integrity_of(b"document")) == b"document"


@pytest.mark.parametrize(
    "integrity",
    [
        f"sha384-{base64(sha384(b'document').digest())}",
        f"sha512-{base64(sha512(b'document').digest())}?option",
        f"  sha256-{base64(sha256(b'document').digest())}\n",
        f"sha256-{base64(sha256(b'other').digest())} sha512-{base64(sha512(b'document').digest())}",
        f"sha256-{base64(sha256(b'other').digest())} sha256-{base64(sha256(b'document').digest())}",
        f"md5-AAAA sha256-{base64(sha256(b'document').digest())}",
    ],
)
def test_one_hash_of_the_strongest_kind_is_enough(integrity: str) -> None:
    assert verify_integrity(b"document", integrity) == b"document"


@pytest.mark.parametrize(
    "integrity",
    [
        "",
        "md5-AAAA",
        f"sha256-{base64(sha256(b'other').digest())}",
        f"sha256-{base64(sha256(b'document').digest())} sha384-{base64(sha384(b'other').digest())}",
        f"sha256-{base64(sha256(b'document').digest()[:16])}",
        f"SHA256-{base64(sha256(b'document').digest())}",
    ],
)
def test_a_document_without_its_strongest_hash_is_refused(integrity: str) -> None:
    with pytest.raises(Rejected) as refusal:
        verify_integrity(b"document", integrity)
    assert refusal.value.check is Check.TYPE_INTEGRITY


@pytest.mark.parametrize("integrity", ["sha256", "sha256-!", "sha256-AAA", "sha256-AAB=", "a" * 2_000])
def test_integrity_metadata_that_does_not_parse_is_malformed(integrity: str) -> None:
    with pytest.raises(Malformed, match="integrity metadata"):
        verify_integrity(b"document", integrity)


def test_integrity_metadata_is_bounded() -> None:
    hash_ = integrity_of(b"document")
    assert verify_integrity(b"document", " " * (1_024 - len(hash_)) + hash_) == b"document"
    with pytest.raises(Malformed, match="at most 1024 characters"):
        verify_integrity(b"document", " " * (1_025 - len(hash_)) + hash_)


def test_a_type_that_extends_nothing_is_resolved_at_once() -> None:
    type_ = resolved(document(name="id", description="d"))
    assert type_ == ResolvedType(types=(VCT,), name="id", description="d", display=(), claims=())


def test_the_document_of_each_type_is_asked_for_with_its_hash() -> None:
    parent = document(PERSON)
    step = TypeStep(wanted=VCT, integrity=None).receive(
        document(extends=PERSON, extends__integrity=integrity_of(parent))
    )
    assert isinstance(step, TypeStep)
    assert (step.wanted, step.integrity) == (PERSON, integrity_of(parent))
    type_ = step.receive(parent)
    assert isinstance(type_, ResolvedType)
    assert type_.types == (VCT, PERSON)


def test_a_document_that_was_changed_is_refused() -> None:
    good = document(name="id")
    assert resolved(good, integrity=integrity_of(good)).name == "id"
    assert refused(good + b" ", integrity=integrity_of(good)) is Check.TYPE_INTEGRITY
    child = document(extends=PERSON, extends__integrity=integrity_of(document(PERSON)))
    assert refused(child, document(PERSON, name="other")) is Check.TYPE_INTEGRITY


def test_another_types_document_is_refused() -> None:
    assert refused(document(PERSON)) is Check.TYPE_METADATA
    assert refused(document(extends=PERSON), document("urn:other")) is Check.TYPE_METADATA


def test_a_circle_of_types_is_refused() -> None:
    assert refused(document(extends=VCT)) is Check.TYPE_METADATA
    assert refused(document(extends=PERSON), document(PERSON, extends=VCT)) is Check.TYPE_METADATA


def test_a_chain_of_types_is_bounded() -> None:
    names = [VCT, *(f"urn:utopia:ancestor:{number}" for number in range(MAX_TYPES))]
    chain = [document(name, extends=parent) for name, parent in pairwise(names)]
    assert refused(*chain) is Check.TYPE_METADATA
    assert resolved(*chain[:-1], document(names[MAX_TYPES - 1])).types == tuple(names[:MAX_TYPES])


def test_the_nearest_display_counts_and_is_not_merged() -> None:
    child, parent = [{"locale": "en", "name": "Child"}], [{"locale": "nl", "name": "Ouder"}]
    inherited = resolved(document(extends=PERSON), document(PERSON, display=parent))
    assert [display.name for display in inherited.display] == ["Ouder"]
    own = resolved(document(extends=PERSON, display=child), document(PERSON, display=parent))
    assert [display.name for display in own.display] == ["Child"]


def claims_of(child: Sequence[dict[str, Any]], parent: Sequence[dict[str, Any]]) -> dict[Any, Any]:
    type_ = resolved(document(extends=PERSON, claims=child), document(PERSON, claims=parent))
    return {claim.path: claim for claim in type_.claims}


def test_claims_are_inherited_with_the_childs_properties_first() -> None:
    label = [{"locale": "en", "label": "Town"}]
    parent = {"path": ["city"], "mandatory": True, "sd": "always", "svg_id": "city"}
    claims = claims_of([{"path": ["city"], "display": label}, {"path": ["b"]}], [parent, {"path": ["a"]}])
    assert list(claims) == [("city",), ("a",), ("b",)]
    city = claims["city",]
    assert (city.mandatory, city.sd, city.svg_id) == (True, Disclosability.ALWAYS, "city")
    assert city.display == (ClaimLabel(locale="en", label="Town", description=None),)


@pytest.mark.parametrize(
    ("own", "inherited", "effective"),
    [
        ({"sd": "never"}, {}, "never"),
        ({"sd": "always"}, {"sd": "allowed"}, "always"),
        ({"sd": "always"}, {"sd": "always"}, "always"),
        ({}, {"sd": "never"}, "never"),
    ],
)
def test_a_child_may_decide_what_its_parent_left_open(
    own: dict[str, Any], inherited: dict[str, Any], effective: str
) -> None:
    claims = claims_of([{"path": ["a"], "mandatory": True} | own], [{"path": ["a"], "mandatory": False} | inherited])
    assert claims["a",].sd == effective
    assert claims["a",].mandatory is True


@pytest.mark.parametrize(
    ("own", "inherited"),
    [
        ({"sd": "never"}, {"sd": "always"}),
        ({"sd": "always"}, {"sd": "never"}),
        ({"sd": "allowed"}, {"sd": "always"}),
        ({"mandatory": False}, {"mandatory": True}),
    ],
)
def test_a_child_may_not_change_what_its_parent_decided(own: dict[str, Any], inherited: dict[str, Any]) -> None:
    child = document(extends=PERSON, claims=[{"path": ["a"]} | own])
    assert refused(child, document(PERSON, claims=[{"path": ["a"]} | inherited])) is Check.TYPE_METADATA


def credential(**changes: Any) -> Any:
    return verify_issued_sdjwt(parse_sdjwt(issued(**changes)), anchors=ANCHORS, now=NOW)


def test_the_first_document_is_the_credentials_type_with_its_signed_hash() -> None:
    assert begin_type(credential()) == TypeStep(wanted=VCT, integrity=None)
    assert begin_type(credential(integrity="sha256-abc=")) == TypeStep(wanted=VCT, integrity="sha256-abc=")


def test_an_inherited_type_counts_where_the_issuer_is_trusted_for_it() -> None:
    type_ = resolved(document(extends=PERSON), document(PERSON))
    assert check_types(credential(), type_, anchors=ANCHORS).types == (VCT, PERSON)
    assert check_types(credential(also_known_as=(PERSON,)), type_, anchors=ANCHORS).types == (VCT, PERSON)
    for_anything = trusting(anchor(ROOT, Purpose.ISSUER))
    assert check_types(credential(), type_, anchors=for_anything).types == (VCT, PERSON)


@pytest.mark.parametrize(
    "anchors",
    [
        (),
        (anchor(ROOT, Purpose.ISSUER, types=frozenset({VCT})),),
        (anchor(ROOT, Purpose.ACCESS),),
        (anchor(authority("others"), Purpose.ISSUER),),
        (anchor(ROOT, Purpose.ISSUER, entity="Elsewhere"),),
    ],
)
def test_an_inherited_type_counts_for_nothing_where_the_issuer_is_not_trusted(anchors: tuple[TrustAnchor, ...]) -> None:
    type_ = resolved(document(extends=PERSON), document(PERSON))
    assert check_types(credential(), type_, anchors=trusting(*anchors)).types == (VCT,)


def test_another_types_metadata_says_nothing_of_a_credential() -> None:
    type_ = TypeStep(wanted=PERSON, integrity=None).receive(document(PERSON))
    assert isinstance(type_, ResolvedType)
    with pytest.raises(Rejected) as refusal:
        check_types(credential(), type_, anchors=ANCHORS)
    assert refusal.value.check is Check.TYPE_METADATA
