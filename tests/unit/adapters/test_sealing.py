import pytest
from zegel_testing.authorities import fixed_random

from zegel.adapters.sealing import Seal, place_of, record_id
from zegel.errors import Unavailable

PLACE = place_of("session", record_id("session", "one"), version=1, expires=10)


def seal(key: bytes = b"k" * 32) -> Seal:
    return Seal(key, random=fixed_random())


def test_what_was_sealed_opens_in_its_place() -> None:
    assert seal().open_(seal().seal(b"value", place=PLACE), place=PLACE) == b"value"


@pytest.mark.parametrize(
    "place",
    [
        place_of("session", record_id("session", "two"), version=1, expires=10),
        place_of("code", record_id("session", "one"), version=1, expires=10),
        place_of("session", record_id("session", "one"), version=2, expires=10),
        place_of("session", record_id("session", "one"), version=1, expires=11),
    ],
)
def test_a_value_opens_in_no_other_place(place: bytes) -> None:
    with pytest.raises(Unavailable, match="does not open"):
        seal().open_(seal().seal(b"value", place=PLACE), place=place)


def test_a_value_opens_under_no_other_key() -> None:
    with pytest.raises(Unavailable, match="does not open"):
        seal(b"x" * 32).open_(seal().seal(b"value", place=PLACE), place=PLACE)


@pytest.mark.parametrize("at", [0, 11, 12, 16, -1])
def test_a_changed_bit_does_not_open(at: int) -> None:
    sealed = bytearray(seal().seal(b"value", place=PLACE))
    sealed[at] ^= 1
    with pytest.raises(Unavailable, match="does not open"):
        seal().open_(bytes(sealed), place=PLACE)


@pytest.mark.parametrize("size", [0, 5, 12, 20])
def test_a_cut_value_does_not_open(size: int) -> None:
    with pytest.raises(Unavailable, match="does not open"):
        seal().open_(seal().seal(b"value", place=PLACE)[:size], place=PLACE)


def test_the_same_value_is_never_sealed_to_the_same_bytes() -> None:
    sealing = seal()
    assert sealing.seal(b"value", place=PLACE) != sealing.seal(b"value", place=PLACE)


def test_a_key_has_32_bytes() -> None:
    with pytest.raises(Unavailable, match="expected 32 bytes, got 16"):
        seal(b"k" * 16)


def test_a_pseudonym_depends_on_name_purpose_and_key() -> None:
    names = {
        seal().pseudonym("person", "one"),
        seal().pseudonym("person", "two"),
        seal().pseudonym("place", "one"),
        seal(b"x" * 32).pseudonym("person", "one"),
    }
    assert len(names) == 4
    assert seal().pseudonym("person", "one") in names


def test_the_kind_is_part_of_the_hash() -> None:
    assert record_id("session", "one") != record_id("code", "one")
