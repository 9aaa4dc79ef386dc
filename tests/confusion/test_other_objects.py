"""COSE objects, encrypted messages and nonces, each where another is expected: all are refused, each by its own check.

And so is every serialisation where another is expected. One key signs everything (``zegel_testing.signed_objects``), so
that it is the object itself that is refused, and not its signer.
"""

from itertools import permutations, product

import pytest
from zegel_testing.authorities import NOW, fixed_random
from zegel_testing.cose_objects import COSE_KINDS, CoseKind
from zegel_testing.sealed_objects import SEALED_KINDS, SealedKind
from zegel_testing.signed_objects import KINDS, NONCES, Kind

from zegel.checks import Check
from zegel.errors import Malformed, Rejected, ZegelError
from zegel.primitives.cbor import Tag, encode_cbor
from zegel.primitives.cose import TAG_SIGN1
from zegel.primitives.encoding import encode_base64url
from zegel.protocols.oauth.nonces import NoncePurpose

COSE_PAIRS = list(permutations(COSE_KINDS, 2))
SEALED_PAIRS = list(permutations(SEALED_KINDS, 2))
NONCE_PAIRS = list(permutations(NoncePurpose, 2))
COSE_TYPES = tuple(dict.fromkeys(kind.typ for kind in COSE_KINDS))  # None is one of them
TYPE_IS_OPEN = "health certificate"
UNTYPED = {TYPE_IS_OPEN, "mobile security object", "device signature"}
FOREIGN_TYPES = [
    (kind, typ) for kind, typ in product(COSE_KINDS, COSE_TYPES) if typ != kind.typ and kind.name != TYPE_IS_OPEN
]


def names(value: object) -> str | None:
    return value.name if isinstance(value, Kind | CoseKind | SealedKind) else None


every_cose_object = pytest.mark.parametrize("kind", COSE_KINDS, ids=names)
every_sealed_object = pytest.mark.parametrize("kind", SEALED_KINDS, ids=names)


# --- COSE -----------------------------------------------------------------------------------------------------------


@every_cose_object
def test_each_cose_object_is_taken_where_it_is_expected(kind: CoseKind) -> None:
    assert kind.take(kind.good)
    assert kind.take(kind.carry(kind.content, typ=kind.typ))


@pytest.mark.parametrize(("offered", "expected"), COSE_PAIRS, ids=names)
def test_no_cose_object_is_taken_for_another(offered: CoseKind, expected: CoseKind) -> None:
    """Each has a grammar of its own, which is found broken before anything is verified."""
    with pytest.raises(Malformed) as refusal:
        expected.take(offered.good)
    assert refusal.value.what in expected.says


@pytest.mark.parametrize(("offered", "expected"), COSE_PAIRS, ids=names)
def test_a_header_makes_no_cose_object_into_another(offered: CoseKind, expected: CoseKind) -> None:
    """Attached or detached, under the chain or the key identifier, as what is expected has it."""
    with pytest.raises(ZegelError) as refusal:
        expected.take(expected.carry(offered.content, typ=offered.typ))
    if expected.detached is None:
        assert isinstance(refusal.value, Malformed)
        assert refusal.value.what in expected.says
    else:  # there is no content to parse
        assert refusal.value.check is (Check.HOLDER_SIGNATURE if offered.typ is None else Check.TOKEN_TYPE)


@pytest.mark.parametrize(("kind", "typ"), FOREIGN_TYPES, ids=names)
def test_a_cose_object_with_all_the_content_of_another_is_told_apart_by_its_type(
    kind: CoseKind, typ: str | None
) -> None:
    with pytest.raises(Rejected) as refusal:
        kind.take(kind.carry(kind.content, typ=typ))
    assert refusal.value.check is Check.TOKEN_TYPE


@pytest.mark.parametrize("typ", [typ for typ in COSE_TYPES if typ is not None])
def test_the_type_of_a_health_certificate_is_open(typ: str) -> None:
    """Its specification defines none, and leaves the header open: whatever a country put there has to be passed over.

    It is told apart by its claim -260, which no other object has: see ``test_no_cose_object_is_taken_for_another``.
    """
    (kind,) = (each for each in COSE_KINDS if each.name == TYPE_IS_OPEN)
    assert kind.take(kind.carry(kind.content, typ=typ))


# --- encrypted messages ---------------------------------------------------------------------------------------------

READ_FIRST = {
    "presentation": (Check.ANSWER_STATE, "state"),
    "credential request": (Check.CREDENTIAL_CHOICE, "credential_identifier"),
    "deferred credential request": (Check.REQUEST_PARAMETERS, "transaction_id"),
    "credential response": (Check.SYNTAX, "credentials"),
}
"""No specification gives an encrypted message a type: what tells it apart is the first member that its reader asks
for. What has a transaction_id would be an answer that defers, if it said for how long."""
DEFERRING = (Check.SYNTAX, "interval")


@every_sealed_object
def test_each_encrypted_message_is_taken_where_it_is_expected(kind: SealedKind) -> None:
    assert kind.take(kind.good)


@pytest.mark.parametrize(("offered", "expected"), SEALED_PAIRS, ids=names)
def test_no_encrypted_message_is_taken_for_another(offered: SealedKind, expected: SealedKind) -> None:
    with pytest.raises(ZegelError) as refusal:
        expected.take(expected.seal(offered.message))
    deferring = expected.name == "credential response" and "transaction_id" in offered.message
    assert (refusal.value.check, refusal.value.field) == (DEFERRING if deferring else READ_FIRST[expected.name])


# --- one serialisation where another is expected --------------------------------------------------------------------


def compact(kind: CoseKind) -> bytes:
    """The parts of a COSE object as those of a JWS."""
    return b".".join(map(encode_base64url, (kind.good[0], kind.content, kind.good[3])))


def in_text(kind: CoseKind) -> bytes:
    return encode_base64url(encode_cbor(Tag(TAG_SIGN1, kind.good)))


@pytest.mark.parametrize("kind", KINDS, ids=names)
def test_nothing_that_is_encrypted_and_no_cose_object_is_taken_for_a_jwt(kind: Kind) -> None:
    offers = {offered.name: (offered.good.encode(),) for offered in SEALED_KINDS} | {
        f"{offered.name} as COSE": (compact(offered), in_text(offered)) for offered in COSE_KINDS
    }
    for name, dresses in offers.items():
        for dress in dresses:
            with pytest.raises(ZegelError) as refusal:
                kind.take(dress)
            assert refusal.value.check is Check.SYNTAX, name


@every_sealed_object
def test_nothing_that_is_only_signed_is_taken_for_what_is_encrypted(kind: SealedKind) -> None:
    offers = {offered.name: (offered.good,) for offered in KINDS} | {
        f"{offered.name} as COSE": (compact(offered), in_text(offered)) for offered in COSE_KINDS
    }
    for name, dresses in offers.items():
        for dress in dresses:
            with pytest.raises(ZegelError, match="expected a JWE") as refusal:
                kind.take(dress.decode())
            assert refusal.value.check is Check.SYNTAX, name


@every_cose_object
def test_no_jwt_and_nothing_that_is_encrypted_is_taken_for_a_cose_object(kind: CoseKind) -> None:
    """Each is offered as what a COSE object of the right type says, under a good signature."""
    offers = {offered.name: offered.good for offered in KINDS} | {
        f"{offered.name}, encrypted": offered.good.encode() for offered in SEALED_KINDS
    }
    for name, content in offers.items():
        with pytest.raises(ZegelError) as refusal:
            kind.take(kind.carry(content, typ=kind.typ))
        assert refusal.value.check is (Check.SYNTAX if kind.detached is None else Check.HOLDER_SIGNATURE), name


# --- nonces ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("offered", "expected"), NONCE_PAIRS)
def test_no_nonce_serves_another_purpose(offered: NoncePurpose, expected: NoncePurpose) -> None:
    nonce = NONCES.issue(offered, now=NOW, random=fixed_random("nonce"))
    assert NONCES.verify(nonce, purpose=offered, now=NOW, check=Check.PROOF_NONCE)
    with pytest.raises(Rejected) as refusal:
        NONCES.verify(nonce, purpose=expected, now=NOW, check=Check.PROOF_NONCE)
    assert refusal.value.check is Check.PROOF_NONCE


def test_the_matrix_of_other_objects_is_whole(capsys: pytest.CaptureFixture[str]) -> None:
    signed, cose, sealed = len(KINDS), len(COSE_KINDS), len(SEALED_KINDS)
    offered = {
        "COSE objects": 2 * len(COSE_PAIRS) + len(FOREIGN_TYPES),
        "encrypted messages": len(SEALED_PAIRS),
        "other serialisations": signed * (sealed + 2 * cose) + sealed * (signed + 2 * cose) + cose * (signed + sealed),
        "nonces": len(NONCE_PAIRS),
    }
    with capsys.disabled():
        print("\nrefused:", ", ".join(f"{count} {name}" for name, count in offered.items()))
    assert {kind.name for kind in COSE_KINDS if kind.typ is None} == UNTYPED
    assert len(COSE_TYPES) == len(COSE_KINDS) - len(UNTYPED) + 1
    assert READ_FIRST.keys() == {kind.name for kind in SEALED_KINDS}
