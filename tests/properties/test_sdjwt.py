"""What holds for every SD-JWT: what is presented is what is shown, and bytes of any kind end in ``Malformed``."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from zegel_testing.authorities import NOW
from zegel_testing.sdjwt import ANCHORS, AUDIENCE, HOLDER, NONCE, bound, issued, parsed, presented

from zegel.errors import Malformed, Rejected
from zegel.formats.sdjwt.disclosures import resolve_disclosures
from zegel.formats.sdjwt.parse import parse_sdjwt
from zegel.formats.sdjwt.present import present_sdjwt
from zegel.formats.sdjwt.type_metadata import parse_type_metadata
from zegel.formats.sdjwt.verify import verify_issued_sdjwt, verify_presented_sdjwt
from zegel.primitives.claim_path import ClaimPath
from zegel.primitives.encoding import encode_base64url
from zegel.primitives.json import encode_json

names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=6).filter(
    lambda name: name not in {"_sd", "...", "_sd_alg", "iss", "iat", "nbf", "exp", "cnf", "vct", "status", "aka_vcts"}
)
scalars = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(exclude_categories=["Cs"]))
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
    max_leaves=12,
)
people = st.dictionaries(names, values, max_size=6)
PRESENTED = presented(paths=[("family_name",), ("address",)])


def paths_of(node: Any, at: ClaimPath = ()) -> Iterator[ClaimPath]:
    """Every claim of a tree, by its own path."""
    members = node.items() if isinstance(node, Mapping) else enumerate(node) if isinstance(node, list) else ()
    for key, value in members:
        yield (*at, key)
        yield from paths_of(value, (*at, key))


def general(path: ClaimPath) -> ClaimPath:
    """The path of a rule: every entry, not one."""
    return tuple(None if isinstance(element, int) else element for element in path)


def shown(node: Any, at: ClaimPath, *, clear: set[ClaimPath], wanted: set[ClaimPath]) -> Any:
    """What is left of a tree when only what is in the clear, wanted, or around something wanted, is shown."""
    if isinstance(node, Mapping):
        return {
            key: shown(value, (*at, key), clear=clear, wanted=wanted)
            for key, value in node.items()
            if _visible((*at, key), clear, wanted)
        }
    if isinstance(node, list):
        entries = [(value, (*at, key)) for key, value in enumerate(node) if _visible((*at, key), clear, wanted)]
        return [shown(value, path, clear=clear, wanted=wanted) for value, path in entries]
    return node


def _visible(path: ClaimPath, clear: set[ClaimPath], wanted: set[ClaimPath]) -> bool:
    around = any(choice[: len(path)] == path for choice in wanted)
    within = any(path[: len(choice)] == choice for choice in wanted)
    return general(path) in clear or around or within


@pytest.mark.slow
@given(people, st.data())
def test_a_holder_shows_what_was_chosen_and_what_is_in_the_clear(person: dict[str, Any], data: st.DataObject) -> None:
    every = list(paths_of(person))
    choices = st.sets(st.sampled_from(every)) if every else st.just(set[ClaimPath]())
    clear = {general(path) for path in data.draw(choices)}
    wanted = data.draw(choices)
    credential = parse_sdjwt(issued(person, in_the_clear=clear, decoys=data.draw(st.integers(0, 3))))
    sent = present_sdjwt(credential, paths=wanted, holder=HOLDER, audience=AUDIENCE, nonce=NONCE, now=NOW)
    verified = verify_presented_sdjwt(parse_sdjwt(sent), anchors=ANCHORS, audience=AUDIENCE, nonce=NONCE, now=NOW)
    claims = verified.credential.claims
    assert {name: value for name, value in claims.items() if name not in {"vct", "iat", "nbf", "exp"}} == shown(
        person, (), clear=clear, wanted=wanted
    )


@pytest.mark.slow
@given(people)
def test_an_issued_credential_shows_everything(person: dict[str, Any]) -> None:
    claims = verify_issued_sdjwt(parse_sdjwt(issued(person)), anchors=ANCHORS, now=NOW).claims
    assert {name: claims[name] for name in person} == person


@pytest.mark.slow
@given(people)
def test_what_parses_is_kept_byte_for_byte(person: dict[str, Any]) -> None:
    data = bound(issued(person))
    sdjwt = parse_sdjwt(data)
    jws, proof = sdjwt.unverified_jws, sdjwt.unverified_key_binding
    assert proof is not None
    tokens = [token.signing_input + b"." + encode_base64url(token.signature) for token in (jws, proof.unverified_jws)]
    assert b"~".join((tokens[0], *sdjwt.encoded_disclosures, tokens[1])) == data
    assert sdjwt.presented == data[: data.rindex(b"~") + 1]


@given(st.binary(max_size=200) | st.text(max_size=200))
@example("")
@example("~")
@example("..~..")
def test_no_bytes_at_all_make_the_parser_fail_otherwise(data: bytes | str) -> None:
    with pytest.raises(Malformed):
        parse_sdjwt(data)


@given(st.integers(0, len(PRESENTED) - 1), st.binary(max_size=2))
def test_a_spoiled_presentation_is_malformed_or_rejected(place: int, inserted: bytes) -> None:
    spoiled = PRESENTED[:place] + inserted + PRESENTED[place + 1 :]
    if spoiled == PRESENTED:
        return
    with pytest.raises((Malformed, Rejected)):
        verify_presented_sdjwt(parse_sdjwt(spoiled), anchors=ANCHORS, audience=AUDIENCE, nonce=NONCE, now=NOW)


special = st.sampled_from(["_sd", "...", "_sd_alg", "digest", "a", "sha-256"])
odd = st.recursive(scalars | special, lambda inner: st.lists(inner) | st.dictionaries(special, inner), max_leaves=20)


@pytest.mark.slow
@given(st.dictionaries(special, odd), st.lists(odd, max_size=3))
def test_any_payload_resolves_or_is_rejected(payload: dict[str, Any], contents: list[Any]) -> None:
    encoded = [encode_base64url(encode_json(content)) for content in contents]
    try:
        processed = resolve_disclosures(payload, encoded, parsed(*encoded))
    except (Malformed, Rejected):
        return
    left = {key for path in paths_of(processed) for key in path}
    assert left.isdisjoint({"_sd", "...", "_sd_alg"})


@pytest.mark.slow
@given(st.dictionaries(st.sampled_from(["vct", "extends", "display", "claims", "name"]), odd) | odd)
def test_any_type_metadata_parses_or_is_malformed(document: Any) -> None:
    try:
        metadata = parse_type_metadata(encode_json(document))
    except Malformed:
        return
    assert metadata.vct == document["vct"]
