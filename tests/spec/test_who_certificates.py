"""The codes that WHO's own validator is tested with: read as it reads them."""

import json
from pathlib import Path
from typing import Any, Final

import pytest

from zegel.errors import Malformed
from zegel.formats.hcert.schema import Reading
from zegel.formats.hcert.who_certificate import UnverifiedWhoCertificate, parse_health_record
from zegel.formats.hcert.who_schema import WhoProfile

FOLDER: Final = Path(__file__).parents[1] / "vectors" / "who"
CODES: Final = sorted(FOLDER.glob("*.txt"))


def code(path: Path) -> bytes:
    return path.read_bytes().strip()


@pytest.mark.parametrize("path", CODES, ids=lambda path: path.stem)
def test_a_code_says_what_the_validator_reads_in_it(path: Path) -> None:
    expected: Any = json.loads(path.with_suffix(".json").read_text())["contents"]
    read = parse_health_record(code(path))
    assert isinstance(read, UnverifiedWhoCertificate)
    assert read.profile is WhoProfile.DVC
    assert read.unverified_payload == expected["-260"]["-6"]
    assert (read.unverified_issuer, read.unverified_issued_at) == (expected["1"], expected["6"])
    assert read.warnings == ("v: expected its version; the members are those of an earlier draft",)


@pytest.mark.parametrize("path", CODES, ids=lambda path: path.stem)
def test_the_published_model_knows_no_earlier_draft(path: Path) -> None:
    with pytest.raises(Malformed) as refusal:
        parse_health_record(code(path), Reading.STRICT)
    assert refusal.value.where == "v"


def test_all_of_them_are_here() -> None:
    assert len(CODES) == 3
