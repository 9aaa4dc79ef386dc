"""An SD-JWT VC from the wire: its grammar, its types and its limits."""

from typing import Any

import pytest
from zegel_testing.authorities import NOW, fixed_key
from zegel_testing.limits import assert_malformed_cheaply
from zegel_testing.sdjwt import (
    AUDIENCE,
    HOLDER,
    NONCE,
    STATUS,
    VCT,
    bound,
    disclosure,
    issued,
    payload,
    presented,
    signed,
)

from zegel.errors import Malformed
from zegel.formats.sdjwt.disclosures import MAX_DISCLOSURES
from zegel.formats.sdjwt.key_binding import MAX_KEY_BINDING
from zegel.formats.sdjwt.parse import parse_sdjwt
from zegel.formats.sdjwt.registered import MAX_TYPES
from zegel.primitives.encoding import base64url, encode_base64url
from zegel.primitives.json import MAX_BYTES, encode_json
from zegel.primitives.jws import sign_jws


def test_an_issued_credential_has_no_proof_of_holding() -> None:
    data = issued()
    sdjwt = parse_sdjwt(data)
    assert sdjwt.unverified_vct == VCT
    assert sdjwt.unverified_key_binding is None
    assert sdjwt.presented == data
    assert sdjwt.unverified_status == STATUS
    assert sdjwt.unverified_holder_key == HOLDER.public_key


def test_a_presentation_is_taken_apart_at_its_last_tilde() -> None:
    data = presented(paths=[("family_name",)])
    sdjwt = parse_sdjwt(data.decode())
    assert sdjwt.unverified_key_binding is not None
    assert sdjwt.unverified_key_binding.unverified_claims["nonce"] == NONCE
    assert data.startswith(sdjwt.presented)
    assert sdjwt.presented.endswith(b"~")
    assert [contents[1:] for contents in sdjwt.unverified_disclosures] == [["family_name", "Example"]]


def test_a_type_is_all_that_a_credential_has_to_say() -> None:
    sdjwt = parse_sdjwt(signed({"vct": VCT}))
    assert sdjwt.unverified_registered == {"vct": VCT}
    assert sdjwt.unverified_status is None
    assert sdjwt.unverified_holder_key is None


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"~",
        b"~~",
        b"a~",
        "ö~",
        issued().rstrip(b"~"),
        issued().partition(b"~")[0],
        issued() + b"~",
        issued() + b"a",
        issued()[1:],
        issued()[:-40] + b"~",
        issued().replace(b"~", b"~~", 1),
        issued().replace(b"~", b".~", 1),
        presented() + b"~",
        presented()[:-1],
    ],
)
def test_what_is_no_compact_serialisation_is_malformed(data: bytes | str) -> None:
    with pytest.raises(Malformed):
        parse_sdjwt(data)


@pytest.mark.parametrize(
    "contents",
    [
        {"a": "b"},
        "text",
        None,
        [],
        ["salt"],
        ["salt", "name", "value", "more"],
        [1, "value"],
        [None, "name", "value"],
        ["salt", 1, "value"],
        ["salt", None, "value"],
    ],
)
def test_a_disclosure_of_another_shape_is_malformed(contents: Any) -> None:
    with pytest.raises(Malformed, match="disclosure 1: expected an array of salt"):
        parse_sdjwt(signed(payload(), [encode_base64url(encode_json(contents))]))


def spoiled(data: bytes, part: int, at: int = 0) -> bytes:
    """One part of the compact serialisation, or of the token in it, with a symbol of another alphabet."""
    parts = data.split(b"~")
    inner = parts[part].split(b".")
    inner[at] = inner[at][:8] + b"+" + inner[at][9:]
    parts[part] = b".".join(inner)
    return b"~".join(parts)


@pytest.mark.parametrize(
    ("part", "at", "what", "where"),
    [
        (0, 1, "SD-JWT", "payload"),
        (0, 2, "SD-JWT", "signature"),
        (0, 0, "SD-JWT", "header"),
        (1, 0, "disclosure 1", ""),
        (2, 0, "disclosure 2", ""),
        (3, 0, "key binding JWT", "header"),
        (3, 1, "key binding JWT", "payload"),
        (3, 2, "key binding JWT", "signature"),
    ],
)
def test_the_part_that_is_malformed_is_named(part: int, at: int, what: str, where: str) -> None:
    with pytest.raises(Malformed) as refusal:
        parse_sdjwt(spoiled(presented(paths=[("family_name",), ("given_name",)]), part, at))
    assert (refusal.value.what, refusal.value.where) == (what, where)


def test_what_is_not_written_compactly_parses_as_well() -> None:
    spaced = encode_base64url(b'[ "salt", "family_name", "Example" ]')
    assert parse_sdjwt(signed(payload(), [spaced])).unverified_disclosures == [["salt", "family_name", "Example"]]


@pytest.mark.parametrize(
    "encoded",
    [
        base64url(b'["salt","name",1]') + "=",
        base64url(b'["salt","name",1]')[:-1] + "1",  # the unused bits of the last symbol
        base64url(b'["salt","name",12]') + "\n",
        "WyJzYWx0Iiwi+//+Il0",
        "A",
        base64url(b'["salt","name",{"a":1,"a":2}]'),
        base64url(b'["salt","name",NaN]'),
        base64url(b'["salt","name","\xff"]'),
        base64url(b'["salt","name",1] 1'),
        base64url(b'["salt","name",' + b"[" * 30 + b"]" * 30 + b"]"),
    ],
)
def test_a_disclosure_that_is_not_canonical_is_malformed(encoded: str) -> None:
    with pytest.raises(Malformed):
        parse_sdjwt(signed(payload(), [encoded.encode()]))


@pytest.mark.parametrize(
    "changes",
    [
        {"vct": None},
        {"vct": ""},
        {"vct": 1},
        {"vct": ["urn:utopia:id:1"]},
        {"vct#integrity": 1},
        {"iss": 1},
        {"iss": ["https://issuer.utopia.example"]},
        {"exp": "tomorrow"},
        {"exp": True},
        {"exp": -1},
        {"exp": 1 << 60},
        {"exp": [1]},
        {"exp": 1e300},
        {"exp": {"_sd": []}},
        {"nbf": "1"},
        {"aka_vcts": "urn:utopia:person:1"},
        {"aka_vcts": []},
        {"aka_vcts": [1]},
        {"aka_vcts": [""]},
        {"aka_vcts": [VCT]},
        {"aka_vcts": [{"...": "digest"}]},
        {"aka_vcts": ["urn:a"] * 17},
        {"status": "revoked"},
        {"status": {}},
        {"status": {"status_list": {"idx": -1, "uri": "https://a.example"}}},
        {"status": {"status_list": {"idx": True, "uri": "https://a.example"}}},
        {"status": {"status_list": {"idx": 1}}},
        {"cnf": "key"},
        {"cnf": {"kid": "key"}},
        {"cnf": {"jwk": {"kty": "RSA"}}},
        {"cnf": {"jwk": fixed_key("private").secret_jwk()}},
    ],
)
def test_a_registered_claim_of_another_type_is_malformed(changes: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        parse_sdjwt(signed(payload(**changes)))


@pytest.mark.parametrize(
    "changes",
    [
        {"iat": None},
        {"iat": "now"},
        {"exp": "tomorrow"},
        {"exp": [1]},
        {"nbf": True},
        {"nbf": -1},
        {"aud": None},
        {"aud": ["verifier"]},
        {"nonce": None},
        {"nonce": 1},
        {"sd_hash": None},
        {"sd_hash": 1},
        {"transaction_data_hashes": []},
        {"transaction_data_hashes": "hash"},
        {"transaction_data_hashes": [1]},
        {"transaction_data_hashes": ["hash"], "transaction_data_hashes_alg": ["sha-256"]},
        {"padding": "a" * 20_000},
    ],
)
def test_a_key_binding_jwt_without_its_claims_is_malformed(changes: dict[str, Any]) -> None:
    with pytest.raises(Malformed, match="key binding JWT"):
        parse_sdjwt(bound(signed(payload()), **changes))


@pytest.mark.parametrize("name", ["iat", "nbf", "exp"])
def test_a_time_of_a_key_binding_jwt_is_not_null(name: str) -> None:
    claims = {"iat": NOW, "aud": AUDIENCE, "nonce": NONCE, "sd_hash": "hash"} | {name: None}
    with pytest.raises(Malformed, match=f"key binding JWT: {name}: expected seconds since the epoch"):
        parse_sdjwt(signed(payload()) + sign_jws(claims, signer=HOLDER, typ="kb+jwt"))


def test_disclosures_are_bounded_in_number() -> None:
    encoded = [disclosure(f"salt {number}", "value") for number in range(MAX_DISCLOSURES + 1)]
    assert len(parse_sdjwt(signed(payload(), encoded[:-1])).unverified_disclosures) == MAX_DISCLOSURES
    with pytest.raises(Malformed, match="at most 500"):
        parse_sdjwt(signed(payload(), encoded))


def test_a_credential_may_have_all_the_bytes_of_a_message_and_not_one_more() -> None:
    def padded(claim: int, portrait: int) -> bytes:
        return signed(payload(pad="a" * claim), [disclosure("salt", "portrait", "A" * portrait)])

    room = (MAX_BYTES - len(padded(0, 0))) // 4 * 3
    sizes = [padded(claim, room + more) for claim in range(3) for more in range(-8, 8)]
    full = next(each for each in sizes if len(each) == MAX_BYTES)
    assert len(parse_sdjwt(full).unverified_disclosures) == 1
    with pytest.raises(Malformed, match=f"at most {MAX_BYTES} bytes"):
        parse_sdjwt(full + b"~")


def test_a_proof_may_have_all_its_bytes_and_not_one_more() -> None:
    def proof(length: int) -> bytes:
        return signed(payload()) + b"a" * (length - 4) + b".b.c"

    with pytest.raises(Malformed, match="key binding JWT: payload: expected canonical"):
        parse_sdjwt(proof(MAX_KEY_BINDING))
    with pytest.raises(Malformed, match=f"key binding JWT: expected at most {MAX_KEY_BINDING} bytes"):
        parse_sdjwt(proof(MAX_KEY_BINDING + 1))


def test_a_credential_may_have_as_many_other_types_as_allowed() -> None:
    types = [f"urn:utopia:other:{number}" for number in range(MAX_TYPES)]
    assert parse_sdjwt(signed(payload(aka_vcts=types))).unverified_registered["aka_vcts"] == types
    with pytest.raises(Malformed, match="aka_vcts"):
        parse_sdjwt(signed(payload(aka_vcts=[*types, "urn:utopia:more"])))


GOOD = signed(payload())
JWT = GOOD[:-1]
FULL = MAX_BYTES - len(GOOD) - 10
HOSTILE = {
    "oversized": GOOD + b"A" * 10_000_000,
    "a hundred thousand tildes": GOOD + b"~" * 100_000,
    "ten million tildes": b"~" * 10_000_000,
    "tildes, then a proof": GOOD + b"~" * 100_000 + b"a.b.c",
    "disclosures without end": GOOD + (b"A" * 40 + b"~") * (FULL // 41),
    "as many disclosures as allowed, none good": GOOD + (b"W10~" * 500),
    "as many disclosures as allowed, the last bad": GOOD + (disclosure("s", "n", "v") + b"~") * 499 + b"W10~",
    "one disclosure that fills all": GOOD + b"A" * (FULL // 4 * 4) + b"~",
    "one disclosure of digits": GOOD + encode_base64url(b"1" * (FULL // 4 * 3 - 8)) + b"~",
    "one disclosure, deep": GOOD + encode_base64url(b"[" * 90_000) + b"~",
    "one disclosure, deep and closed": GOOD + encode_base64url(b"[" * 45_000 + b"]" * 45_000) + b"~",
    "one disclosure, crowded": GOOD + encode_base64url(b'["s","n",[' + b"[]," * 60_000 + b"[]]]") + b"~",
    "disclosures, each crowded, a name twice": GOOD
    + (encode_base64url(b'["s",[' + b'{"":0},' * 50 + b'{"":0,"":1}]]') + b"~") * 490,
    "disclosures, each crowded, not canonical": GOOD
    + (encode_base64url(b'["s",[' + b'{"":0}, ' * 45 + b"1]]") + b"~") * 490
    + b"W10~",
    "a payload, deep": signed({"vct": VCT}).split(b".")[0] + b"." + encode_base64url(b'{"a":' * 30_000) + b".AAAA~",
    "a payload, a name twice": JWT.split(b".")[0] + b"." + encode_base64url(b'{"vct":"a","vct":"b"}') + b".AAAA~",
    "a payload of numbers": JWT.split(b".")[0] + b"." + encode_base64url(b'{"a":[' + b"1," * 90_000) + b".AAAA~",
    "a header that fills all": b"A" * FULL + b".AAAA.AAAA~",
    "a proof that fills all": GOOD + b"A" * FULL + b".AAAA.AAAA",
    "a proof of dots": GOOD + b"." * FULL,
    "a type that fills all": signed({"vct": "a" * 190_000, "aka_vcts": ["a"] * 17}),
    "digests without end": signed({"_sd": ["a" * 43] * 4_000, "vct": 1}),
    "bytes beyond ASCII": GOOD + b"\xff" * FULL + b"~",
    "text beyond ASCII": (GOOD.decode() + "ö" * 10_000_000),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_bytes_cost_little(name: str) -> None:
    assert_malformed_cheaply(lambda: parse_sdjwt(HOSTILE[name]))


@pytest.mark.parametrize("length", range(0, len(GOOD), 37))
def test_a_truncated_credential_costs_little(length: int) -> None:
    assert_malformed_cheaply(lambda: parse_sdjwt(GOOD[:length]))
