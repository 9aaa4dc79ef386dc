"""What a browser says of its owner's languages: read where it can be, and else left alone."""

import pytest

from zegel.primitives.http import HttpRequest
from zegel.primitives.languages import MAX_ACCEPTED, accepted_languages


@pytest.mark.parametrize(
    ("header", "languages"),
    [
        ("", ()),
        ("de", ("de",)),
        ("da, en-GB;q=0.8, en;q=0.7", ("da", "en-GB", "en")),  # RFC 9110 section 12.5.4
        ("en;q=0.7, nl-BE , fr;Q=1.000,de;q=0.75", ("nl-BE", "fr", "de", "en")),
        ("fr;q=0, hu;q=0.000, *, nl", ("nl",)),
        ("nl, de;q=0.5, nl;q=0.1", ("nl", "de")),
        ("de;q=2, de;q=-1, de;q=nan, de;q=0.1234, d\u00e9, de_DE, -, de;x=1, de-, 1, nl", ("nl",)),
        ("<script>, nl\r\nx: y", ()),
        ("x" * (MAX_ACCEPTED - 4) + ",nl", ("nl",)),
        (" " * MAX_ACCEPTED + "nl", ()),
        ("," * MAX_ACCEPTED, ()),
    ],
)
def test_rfc_9110_section_12_5_4_what_is_best_comes_first_and_what_is_no_language_is_left_out(
    header: str, languages: tuple[str, ...]
) -> None:
    assert accepted_languages(header) == languages


def test_a_request_that_has_the_header_twice_has_both_and_one_without_it_has_none() -> None:
    headers = (("accept-language", "nl;q=0.5"), ("accept", "fr"), ("accept-language", "de"))
    assert HttpRequest(method="GET", url="https://a.example", headers=headers).languages() == ("de", "nl")
    assert HttpRequest(method="GET", url="https://a.example").languages() == ()
