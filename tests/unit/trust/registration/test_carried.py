"""A registration certificate as its owner has it."""

import pytest
from zegel_testing.registration import LIBRARY, as_cwt, as_jwt

from zegel.errors import Malformed
from zegel.primitives.encoding import base64url
from zegel.trust.registration.carried import read_registration


def test_a_jwt_is_carried_without_what_an_editor_put_around_it() -> None:
    data = as_jwt().encode()
    carried = read_registration(b" " + data + b"\n")
    assert (carried.data, carried.text) == (data, data.decode())


def test_of_a_cwt_every_byte_counts() -> None:
    data = as_cwt()
    carried = read_registration(data)
    assert (carried.data, carried.text) == (data, base64url(data))
    with pytest.raises(Malformed):
        read_registration(data + b"\n")


def test_what_it_says_of_itself_is_not_verified_yet() -> None:
    assert read_registration(as_cwt()).unverified_certificate == LIBRARY
