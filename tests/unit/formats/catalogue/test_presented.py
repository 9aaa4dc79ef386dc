"""From a credential back to a record."""

from typing import Any

import pytest
from zegel_testing.persons import ADA, JPEG

from zegel.adapters.catalogue import load_catalogue
from zegel.errors import Malformed
from zegel.formats.catalogue.presented import read_record
from zegel.formats.catalogue.records import check_record, mdoc_elements, sdjwt_claims
from zegel.formats.credential import Format
from zegel.primitives.cbor import Tag
from zegel.primitives.encoding import base64

PID = load_catalogue().types["pid"]


def untagged(value: Any) -> Any:
    """An element as the parser hands it out: a date is its text."""
    return value.value if isinstance(value, Tag) else value


def test_what_an_sd_jwt_says_is_the_record_that_it_was_made_from() -> None:
    checked = check_record(PID, ADA)
    assert check_record(PID, read_record(PID, Format.SD_JWT_VC, sdjwt_claims(checked))) == checked


def test_what_an_mdoc_says_is_the_record_that_it_was_made_from() -> None:
    checked = check_record(PID, ADA)
    elements = {
        namespace: {name: untagged(value) for name, value in values.items()}
        for namespace, values in mdoc_elements(checked).items()
    }
    read = read_record(PID, Format.MDOC, elements)
    in_mdoc = {claim.id for claim in PID.claims if claim.mdoc is not None}
    assert read.keys() == checked.values.keys() & in_mdoc
    assert check_record(PID, read).values == {name: checked.values[name] for name in read}


def test_what_was_not_disclosed_is_not_there() -> None:
    assert read_record(PID, Format.SD_JWT_VC, {"given_name": "Ada", "address": {"country": "UT"}}) == {
        "given_name": "Ada",
        "resident_country": "UT",
    }


def test_a_portrait_is_bytes_whatever_the_format() -> None:
    checked = check_record(PID, ADA)
    assert read_record(PID, Format.SD_JWT_VC, sdjwt_claims(checked))["portrait"] == JPEG
    assert read_record(PID, Format.MDOC, mdoc_elements(checked))["portrait"] == JPEG


def test_a_portrait_that_was_left_out_by_choice_stays_empty() -> None:
    assert read_record(PID, Format.SD_JWT_VC, {"picture": ""})["portrait"] == b""


@pytest.mark.parametrize("picture", ["https://people.utopia.example/ada.jpg", "data:image/jpeg;base64,%", base64(JPEG)])
def test_a_portrait_that_is_none_is_refused(picture: str) -> None:
    with pytest.raises(Malformed, match="portrait"):
        read_record(PID, Format.SD_JWT_VC, {"picture": picture})
