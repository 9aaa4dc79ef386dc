"""COSE as far as the profiles go: RFC 9052, 9053, 9360, 9596 and 9864, and the vectors of the working group and others.

Every vector runs. What its source calls valid is accepted, or refused for a reason that ``skips.toml`` names; what it
calls invalid is refused, always.
"""

import json
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from zegel_testing.authorities import fixed_key

from zegel.checks import Check
from zegel.errors import Malformed, Rejected
from zegel.primitives.cbor import Tag, encode_cbor, parse_cbor, parse_map
from zegel.primitives.cose import (
    cose_key,
    mac_mac0,
    parse_cose_key,
    parse_mac0,
    parse_sign1,
    sign1_protected,
    sign_sign1,
    verify_mac0,
    verify_sign1,
)
from zegel.primitives.encoding import parse_base64url
from zegel.primitives.keys import Curve, PrivateKey, PublicKey, derive_private_key, public_key

VECTORS = Path(__file__).parents[1] / "vectors" / "cose"
SKIPS = tomllib.loads((VECTORS / "skips.toml").read_text())
KEY = fixed_key("cose")
KINDS = {"sign0": "sign1"}  # the working group's name of an earlier draft


@dataclass(frozen=True)
class Vector:
    """A message, and what it was made from. ``key`` and ``secret`` are as the source has them."""

    id: str
    kind: str
    valid: bool
    message: bytes
    key: Mapping[str, str]
    alg: str
    place: str
    aad: bytes
    payload: bytes
    authenticated: bytes | None

    @property
    def source(self) -> str:
        return self.id.partition("/")[0]

    def facts(self) -> dict[str, str]:
        """What a skip may match."""
        return {
            "id": self.id,
            "source": self.source,
            "kind": self.kind,
            "alg": self.alg,
            "place": self.place,
            "kty": self.key.get("kty", ""),
            "crv": self.key.get("crv", ""),
        }

    def octets(self, name: str) -> bytes:
        """A member of the key."""
        if f"{name}_hex" in self.key:
            return bytes.fromhex(self.key[f"{name}_hex"])
        return parse_base64url(self.key[name], what="key")

    @property
    def public(self) -> PublicKey:
        if self.key.get("kty") != "EC":  # nothing may verify: any key will do
            return KEY.public_key
        return public_key(Curve(self.key["crv"]), b"\x04" + self.octets("x") + self.octets("y"), what="key")

    @property
    def private(self) -> PrivateKey:
        return derive_private_key(self.octets("d"), curve=Curve(self.key["crv"]))


def working_group(identity: str, found: Mapping[str, Any]) -> Vector:
    """A vector as the examples of the working group have it."""
    asked = found["input"]
    (kind,) = asked.keys() & {"sign", "sign0", "mac", "mac0", "encrypted", "enveloped"}
    made = asked[kind]
    protected, unprotected = made.get("protected", {}), made.get("unprotected", {})
    alone = made if kind == "sign0" else made["recipients"][0] if kind == "mac0" else {}
    intermediates = found["intermediates"]
    authenticated = intermediates.get("ToBeSign_hex", intermediates.get("ToMac_hex"))
    return Vector(
        id=identity,
        kind=KINDS.get(kind, kind),
        valid=not found.get("fail", False),
        message=bytes.fromhex(found["output"]["cbor"]),
        key=alone.get("key", {}),
        alg=protected.get("alg") or unprotected.get("alg") or "",
        place="protected" if "alg" in protected else "unprotected",
        aad=bytes.fromhex(made.get("external", "")),
        payload=bytes.fromhex(asked["plaintext_hex"]) if "plaintext_hex" in asked else asked["plaintext"].encode(),
        authenticated=None if authenticated is None else bytes.fromhex(authenticated),
    )


def gluecose(identity: str, found: Mapping[str, Any]) -> Vector:
    """A vector as gluecose has it: to be signed, or to be verified."""
    signing = found.get("sign1::sign", {})
    verifying = found.get("sign1::verify", {})
    message = signing["expectedOutput"] if signing else verifying["taggedCOSESign1"]
    return Vector(
        id=identity,
        kind="sign1",
        valid=verifying.get("shouldVerify", True),
        message=bytes.fromhex(message["cborHex"]),
        key=found["key"],
        alg=found["alg"],
        place="protected",
        aad=bytes.fromhex((signing | verifying).get("external", "")),
        payload=bytes.fromhex(signing.get("payload", "")),
        authenticated=bytes.fromhex(signing["tbsHex"]["cborHex"]) if signing else None,
    )


def vectors() -> Iterator[Vector]:
    for path in sorted(VECTORS.rglob("*.json")):
        found = json.loads(path.read_text())
        read = gluecose if path.parent.name == "gluecose" else working_group
        yield read(f"{path.parent.name}/{path.stem}", found)


ALL = {vector.id: vector for vector in vectors()}


def skips_of(vector: Vector) -> list[int]:
    facts = vector.facts()
    return [
        index
        for index, skip in enumerate(SKIPS["skip"])
        if all(facts[name] in values for name, values in skip["match"].items())
    ]


TAKEN = {identity: vector for identity, vector in ALL.items() if vector.valid and not skips_of(vector)}
SIGNED = [identity for identity, vector in TAKEN.items() if vector.kind == "sign1" and vector.authenticated]
MACED = [identity for identity, vector in TAKEN.items() if vector.kind == "mac0"]


def accept(vector: Vector) -> bytes:
    """The payload, as the vector's own key authenticates it."""
    value = parse_cbor(vector.message, what="vector")
    if vector.kind == "mac0":
        mac0 = parse_mac0(value, what="vector")
        payload = mac0.payload or b""
        return verify_mac0(mac0, key=vector.octets("k"), payload=payload, check=Check.SIGNATURE, aad=vector.aad)
    sign1 = parse_sign1(value, what="vector")
    return verify_sign1(sign1, key=vector.public, payload=sign1.payload or b"", aad=vector.aad)


@pytest.mark.parametrize("identity", TAKEN)
def test_a_valid_message_within_the_profiles_is_accepted(identity: str) -> None:
    vector = TAKEN[identity]
    payload = accept(vector)
    assert payload
    assert payload == vector.payload or not vector.payload


@pytest.mark.parametrize("identity", [identity for identity in ALL if identity not in TAKEN])
def test_every_other_message_is_refused(identity: str) -> None:
    with pytest.raises((Malformed, Rejected)) as refusal:
        accept(ALL[identity])
    assert refusal.value.check in {Check.SYNTAX, Check.ALGORITHM, Check.SIGNATURE}


def test_every_skip_is_needed_and_their_number_is_bounded() -> None:
    counted: Counter[str] = Counter()
    used: set[int] = set()
    for vector in ALL.values():
        if vector.valid:
            hits = skips_of(vector)
            used.update(hits)
            counted[vector.source] += bool(hits)
    assert {source: number for source, number in counted.items() if number} == SKIPS["at_most"]
    assert used == set(range(len(SKIPS["skip"])))
    assert len(SIGNED) == 11
    assert len(MACED) == 2


def test_the_vectors_are_those_that_the_source_names() -> None:
    named = (VECTORS / "SOURCE.md").read_text()
    for folder in sorted({path.parent for path in VECTORS.rglob("*.json")}):
        total = sha256()
        for path in sorted(folder.iterdir()):
            total.update(f"{path.name}\0".encode() + sha256(path.read_bytes()).digest())
        assert f"| {folder.name}/ | {total.hexdigest()} |" in named


@dataclass
class Recorder:
    """A signer that keeps what it is asked to sign."""

    public_key: PublicKey
    asked: bytes = b""

    def sign(self, message: bytes) -> bytes:
        self.asked = message
        return b""


@pytest.mark.parametrize("identity", SIGNED)
def test_rfc_9052_4_4_what_is_signed_is_the_sig_structure(identity: str) -> None:
    vector = TAKEN[identity]
    assert vector.authenticated is not None
    sign1 = parse_sign1(parse_cbor(vector.message, what="vector"), what="vector")
    if sign1.header.labels.keys() == {1}:
        recorder = Recorder(vector.public)
        sign_sign1(vector.payload, signer=recorder, aad=vector.aad)
        assert recorder.asked == vector.authenticated
    structure = encode_cbor(["Signature1", sign1.header.encoded, vector.aad, vector.payload])
    assert structure == vector.authenticated


@pytest.mark.parametrize("identity", SIGNED)
def test_rfc_9052_4_4_what_is_signed_with_the_vectors_key_verifies_attached_and_detached(identity: str) -> None:
    vector = TAKEN[identity]
    for detached in (False, True):
        signed = sign_sign1(vector.payload, signer=vector.private, detached=detached, aad=vector.aad)
        sign1 = parse_sign1(parse_cbor(encode_cbor(Tag(18, signed)), what="own"), what="own")
        assert sign1.payload == (None if detached else vector.payload)
        assert verify_sign1(sign1, key=vector.public, payload=vector.payload, aad=vector.aad) == vector.payload
        with pytest.raises(Rejected):
            verify_sign1(sign1, key=vector.public, payload=vector.payload, aad=vector.aad + b"\0")


@pytest.mark.parametrize("identity", MACED)
def test_rfc_9052_6_3_the_tag_over_the_mac_structure_is_the_vectors(identity: str) -> None:
    vector = TAKEN[identity]
    made = mac_mac0(vector.payload, key=vector.octets("k"), aad=vector.aad)
    assert encode_cbor(Tag(17, made)) == vector.message


def message(protected: bytes, unprotected: Any = None, *, payload: bytes | None = b"content") -> list[Any]:
    return [protected, {} if unprotected is None else unprotected, payload, bytes(64)]


def test_rfc_9052_2_a_message_may_stand_without_its_tag_but_under_no_other() -> None:
    members = message(sign1_protected(Curve.P256))
    assert parse_sign1(members, what="test") == parse_sign1(Tag(18, tuple(members)), what="test")
    for tag in (16, 17, 61, 96, 98):
        with pytest.raises(Malformed):
            parse_sign1(Tag(tag, tuple(members)), what="test")
    for tag in (16, 18, 61, 96, 98):
        with pytest.raises(Malformed):
            parse_mac0(Tag(tag, tuple(members)), what="test")


def test_rfc_9052_3_a_label_stands_in_one_of_the_two_headers() -> None:
    for unprotected in ({1: -7}, {1: -35}):
        with pytest.raises(Malformed, match="one of the two headers"):
            parse_sign1(message(sign1_protected(Curve.P256), unprotected), what="test")
    with pytest.raises(Malformed):
        parse_sign1(message(encode_cbor({1: -7, 4: b"11"}), {4: b"11"}), what="test")


@pytest.mark.parametrize("protected", [b"", b"\xa0", encode_cbor({4: b"11"})])
def test_rfc_9052_3_1_a_message_names_its_algorithm_under_protection(protected: bytes) -> None:
    with pytest.raises(Malformed, match="algorithm number"):
        parse_sign1(message(protected, {1: -7}), what="test")


@pytest.mark.parametrize("crit", [[], [99], [1], "alg"])
def test_rfc_9052_3_1_no_label_is_critical_here(crit: Any) -> None:
    protected = encode_cbor({1: -7, 2: crit})
    for members in (message(protected), message(sign1_protected(Curve.P256), {2: crit})):
        with pytest.raises(Rejected) as refusal:
            verify_sign1(parse_sign1(members, what="test"), key=KEY.public_key, payload=b"content")
        assert refusal.value.check is Check.CRITICAL_HEADER


@pytest.mark.parametrize("alg", [-7, -35, -36, -9, -51, -52])
def test_rfc_9053_2_1_and_rfc_9864_2_1_each_algorithm_has_one_curve(alg: int) -> None:
    curves = {-7: Curve.P256, -35: Curve.P384, -36: Curve.P521, -9: Curve.P256, -51: Curve.P384, -52: Curve.P521}
    protected = encode_cbor({1: alg})
    for curve in Curve:
        key = fixed_key("cose", curve)
        structure = encode_cbor(["Signature1", protected, b"", b"content"])
        sign1 = parse_sign1([protected, {}, b"content", key.sign(structure)], what="test")
        if curve is curves[alg]:
            assert verify_sign1(sign1, key=key.public_key, payload=b"content") == b"content"
            continue
        with pytest.raises(Rejected) as refusal:
            verify_sign1(sign1, key=key.public_key, payload=b"content")
        assert refusal.value.check is Check.ALGORITHM


@pytest.mark.parametrize("alg", [-8, -19, -37, -47, 5, 0, -1, 1 << 63])
def test_rfc_9053_2_other_algorithms_are_refused(alg: int) -> None:
    sign1 = parse_sign1(message(encode_cbor({1: alg})), what="test")
    for curve in Curve:
        with pytest.raises(Rejected) as refusal:
            verify_sign1(sign1, key=fixed_key("cose", curve).public_key, payload=b"content")
        assert refusal.value.check is Check.ALGORITHM


@pytest.mark.parametrize("curve", list(Curve))
def test_rfc_9053_7_1_1_a_key_has_both_coordinates_in_full_size(curve: Curve) -> None:
    key = fixed_key("cose", curve).public_key
    members = cose_key(key)
    assert members.keys() == {1, -1, -2, -3}
    assert (members[1], members[-1]) == (2, {Curve.P256: 1, Curve.P384: 2, Curve.P521: 3}[curve])
    assert parse_cose_key(members, what="key") == key
    assert parse_cose_key(members | {2: b"11", 3: -7, 4: [2]}, what="key") == key
    for sign in (True, False):  # a compressed point
        with pytest.raises(Malformed):
            parse_cose_key(members | {-3: sign}, what="key")


def test_rfc_9360_2_a_chain_is_one_certificate_or_an_array_in_either_header() -> None:
    protected = sign1_protected(Curve.P256)
    one, two = (b"a",), (b"a", b"b")
    for unprotected, chain in (({}, ()), ({33: b"a"}, one), ({33: [b"a"]}, one), ({33: [b"a", b"b"]}, two)):
        assert parse_sign1(message(protected, unprotected), what="test").x5chain == chain
    under_protection = encode_cbor({1: -7, 33: [b"a", b"b"]})
    assert parse_sign1(message(under_protection), what="test").x5chain == two
    assert sign_sign1(b"", signer=KEY, x5chain=one)[1] == {33: b"a"}
    assert sign_sign1(b"", signer=KEY, x5chain=two)[1] == {33: [b"a", b"b"]}


def test_rfc_9596_2_a_type_stands_in_the_protected_header() -> None:
    typed = sign_sign1(b"", signer=KEY, typ="application/statuslist+cwt")
    assert parse_sign1(typed, what="test").typ == "application/statuslist+cwt"
    assert parse_sign1(message(sign1_protected(Curve.P256), {16: "a/b"}), what="test").typ == ""


def test_rfc_8392_a_3_the_claims_of_a_signed_cwt() -> None:
    claims = parse_map(accept(TAKEN["CWT/A_3"]), what="claims")
    assert claims == {
        1: "coap://as.example.com",
        2: "erikw",
        3: "coap://light.example.com",
        4: 1_444_064_944,
        5: 1_443_944_944,
        6: 1_443_944_944,
        7: b"\x0b\x71",
    }
