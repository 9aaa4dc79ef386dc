"""The files of the catalogue: the package's own, and an operator's."""

from pathlib import Path

import pytest

from zegel.adapters.catalogue import load_catalogue
from zegel.checks import Check
from zegel.errors import Malformed, Unavailable, explain

SEAL = """
id = "seal"
names.en = "Seal"
descriptions.en = "A seal"
validity_days = 1
sd_jwt.vct = "urn:example:seal"
"""


def test_the_package_brings_its_types() -> None:
    first = ["diploma", "mdl", "payment", "pid", "proof_of_age", "residence", "role"]
    assert list(load_catalogue().types) == [*first, "vaccination_valid"]


def test_a_new_type_is_a_new_file(tmp_path: Path) -> None:
    (tmp_path / "seal.toml").write_text(SEAL)
    (tmp_path / "notes.txt").write_text("not a type")
    catalogue = load_catalogue([tmp_path])
    assert catalogue.types["seal"].vct == "urn:example:seal"
    assert "pid" in catalogue.types


def test_a_fault_names_its_file(tmp_path: Path) -> None:
    (tmp_path / "seal.toml").write_text(SEAL.replace("validity_days = 1", "validity_days = 0"))
    with pytest.raises(Malformed, match=r"seal\.toml: validity_days") as refusal:
        load_catalogue([tmp_path])
    assert (refusal.value.check, explain(refusal.value).fault) == (Check.CONFIGURATION, "operator")


def test_a_file_cannot_take_the_place_of_a_type_that_is_there(tmp_path: Path) -> None:
    (tmp_path / "seal.toml").write_text(SEAL.replace("urn:example:seal", "urn:eudi:pid:1"))
    with pytest.raises(Malformed):
        load_catalogue([tmp_path])


def test_a_folder_that_cannot_be_read_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(Unavailable):
        load_catalogue([tmp_path / "nowhere"])
    (tmp_path / "seal.toml").write_bytes(b"\xff")
    with pytest.raises(Unavailable):
        load_catalogue([tmp_path])
