from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, Literal, NewType, TypeVar

import msgspec
import pytest
from zegel_testing.authorities import authority, fixed_key

from zegel.adapters.codec import Codec, UnreadableError
from zegel.checks import Check
from zegel.formats.claims import Claims
from zegel.primitives.claim_path import ClaimPath
from zegel.primitives.keys import PublicKey, Signer
from zegel.primitives.x509 import Certificate

Name = NewType("Name", str)
T = TypeVar("T")


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    name: Name
    colour: Colour = Colour.RED


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    left: "Leaf | Branch | None"
    right: "Leaf | Branch | None" = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Everything:
    text: str
    data: bytes
    number: int
    fraction: float
    flag: bool
    nothing: None
    check: Check
    choice: Literal["a", "b"]
    pair: tuple[str, int]
    path: ClaimPath
    names: Sequence[Name]
    several: list[int]
    colours: frozenset[Colour]
    claims: Claims
    by_path: Mapping[ClaimPath, Leaf]
    key: PublicKey
    certificate: Certificate
    leaf: Leaf | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    signer: Signer


def everything() -> Everything:
    return Everything(
        text="Zoë",
        data=b"\x00\xff",
        number=-(1 << 62),
        fraction=1,
        flag=True,
        nothing=None,
        check=Check.SIGNATURE,
        choice="b",
        pair=("one", 1),
        path=("nationalities", 0, None),
        names=(Name("Ada"),),
        several=[1, 2],
        colours=frozenset({Colour.RED, Colour.BLUE}),
        claims={"portrait": b"\xff", "address": {"country": "UT", "lines": ["a", None, 1.5]}},
        by_path={("a", 0): Leaf(name=Name("Ada"))},
        key=fixed_key("holder").public_key,
        certificate=authority("root").certificate,
        leaf=Leaf(name=Name("Eve"), colour=Colour.BLUE),
    )


def test_a_value_comes_back_as_it_was() -> None:
    codec, value = Codec((Everything,)), everything()
    assert codec.decode(codec.encode(value)) == value


def test_alternatives_come_back_as_the_classes_that_they_were() -> None:
    tree = Branch(left=Branch(left=Leaf(name=Name("a")), right=None), right=Leaf(name=Name("b")))
    codec = Codec((Leaf, Branch))
    assert codec.decode(codec.encode(tree)) == tree
    assert codec.decode(codec.encode(Leaf(name=Name("c")))) == Leaf(name=Name("c"))


def test_a_private_key_is_stored_whole_and_signs_again() -> None:
    codec = Codec((Holder,))
    key = fixed_key("holder")
    assert codec.decode(codec.encode(Holder(signer=key))).signer.public_key == key.public_key


def test_an_older_record_lacks_a_field_that_has_a_default() -> None:
    written = msgspec.msgpack.encode(["Leaf", {"name": "Ada"}])
    assert Codec((Leaf,)).decode(written) == Leaf(name=Name("Ada"), colour=Colour.RED)


@pytest.mark.parametrize(
    "written",
    [
        ["Leaf", {}],
        ["Leaf", {"name": "Ada", "age": 1}],
        ["Leaf", {"name": 1}],
        ["Leaf", {"name": "Ada", "colour": "GREEN"}],
        ["Leaf", []],
        ["Branch", {"name": "Ada"}],
        ["Leaf"],
        [[], {}],
        7,
        None,
    ],
)
def test_what_another_version_wrote_is_unreadable(written: object) -> None:
    with pytest.raises(UnreadableError):
        Codec((Leaf,)).decode(msgspec.msgpack.encode(written))


@pytest.mark.parametrize("written", [b"", b"\xc1", b"\x91" * 10_000, b"\x01\x02"])
def test_bytes_that_nobody_wrote_are_unreadable(written: bytes) -> None:
    with pytest.raises(UnreadableError):
        Codec((Leaf,)).decode(written)


@pytest.mark.parametrize(
    "change",
    [
        {"text": 1},
        {"number": True},
        {"number": "1"},
        {"choice": "c"},
        {"pair": ("one",)},
        {"names": (1,)},
        {"claims": {"a": object()}},
        {"claims": {1: "a"}},
        {"key": fixed_key("holder")},
        {"leaf": Branch(left=None)},
    ],
)
def test_what_is_not_as_annotated_is_not_stored(change: Mapping[str, Any]) -> None:
    fields = {name: getattr(everything(), name) for name in Everything.__slots__}
    with pytest.raises((TypeError, ValueError)):
        Codec((Everything,)).encode(Everything(**fields | change))


def test_a_value_of_no_state_is_not_stored() -> None:
    with pytest.raises(TypeError, match="expected one of Leaf, Branch, got Holder"):
        Codec((Leaf, Branch)).encode(Holder(signer=fixed_key("holder")))  # type: ignore[arg-type]


@dataclass(frozen=True)
class Acting:
    action: Callable[[], None]


@dataclass(frozen=True)
class Generically(Generic[T]):
    value: T


@dataclass(frozen=True)
class Deeply:
    inner: Mapping[str, tuple[Acting, ...]]


@pytest.mark.parametrize("state", [Acting, Generically, Deeply, object])
def test_what_cannot_be_stored_is_found_at_start(state: type[Any]) -> None:
    with pytest.raises(TypeError, match="cannot be stored"):
        Codec((state,))


def test_two_states_need_two_names() -> None:
    with pytest.raises(TypeError, match="one name"):
        Codec((Leaf, Leaf))


@dataclass(frozen=True, slots=True, kw_only=True)
class Grown:
    name: str
    leaf: Leaf | Branch | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Young:
    name: str
    leaf: Leaf | None


def test_what_was_written_when_an_alternative_was_the_only_one_is_still_read() -> None:
    before = msgspec.msgpack.decode(Codec((Young,)).encode(Young(name="x", leaf=Leaf(name=Name("y")))))
    before[0] = "Grown"
    read = Codec((Grown,)).decode(msgspec.msgpack.encode(before))
    assert read == Grown(name="x", leaf=Leaf(name=Name("y")))


def test_what_stands_without_its_name_and_is_not_the_first_is_unreadable() -> None:
    before = ["Grown", {"name": "x", "leaf": {"left": None, "right": None}}]
    with pytest.raises(UnreadableError):
        Codec((Grown,)).decode(msgspec.msgpack.encode(before))
