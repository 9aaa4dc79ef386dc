"""docs/attestation-types.md: its student card is parsed, issued in both formats and from its CSV file, and verified."""

import json
import shlex
from pathlib import Path
from typing import Any

import pytest
from zegel_testing.command_line import HOLDER_JWK
from zegel_testing.list_descriptions import SCHEME
from zegel_testing.markdown import ROOT, all_blocks, rows, the_block
from zegel_testing.sandboxes import sandbox_at

from zegel.adapters.catalogue import load_catalogue
from zegel.adapters.list_descriptions import load_list_description
from zegel.adapters.people_file import load_people_file
from zegel.config.parse import parse_config
from zegel.formats.catalogue.records import check_record, mdoc_elements, sdjwt_claims
from zegel.formats.catalogue.types import ValueType
from zegel.formats.credential import Format

PAGE = ROOT / "docs" / "attestation-types.md"
CLAIMS = json.loads(the_block("json type claims").text)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A sandbox with the files of the page."""
    sandbox_at(tmp_path)
    (tmp_path / "types").mkdir()
    (tmp_path / "types" / "student-card.toml").write_text(the_block("toml type").text)
    (tmp_path / "people.csv").write_text(the_block("csv type people").text)
    (tmp_path / "claims.json").write_text(the_block("json type claims").text)
    (tmp_path / "holder.jwk").write_text(HOLDER_JWK)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.anyio
async def test_a_row_of_the_file_is_a_card_in_both_formats(here: Path) -> None:
    catalogue = load_catalogue([here / "types"])
    people = load_people_file(here / "people.csv", catalogue=catalogue)
    claims = await people.load_claims("ada", "student_card")
    assert claims == CLAIMS
    record = check_record(catalogue.types["student_card"], claims)
    study = {"programme": CLAIMS["programme"], "courses": CLAIMS["courses"]}
    assert sdjwt_claims(record)["study"] == study
    elements = mdoc_elements(record)["org.example.student-card.1"]
    assert (elements["courses"], elements["campus"]) == (CLAIMS["courses"], CLAIMS["campus"])
    assert await people.load_claims("max", "student_card") == {
        "family_name": "Beispiel", "given_name": "Max", "student_number": "7654321", "full_time": False
    }  # fmt: skip
    assert (await people.verify_password("ada", "open sesame")).name == "Ada Voorbeeld"


def test_the_commands_issue_and_verify(zegel: Any, here: Path) -> None:
    config = here / "zegel.toml"
    issuer = the_block("toml type issuer").text
    assert parse_config(issuer, folder=here).issuer.catalogue == here / "types"
    text = config.read_text()
    kept = [line for line in text.splitlines() if not line.startswith('types = ["pid",')]
    text = "\n".join(line for line in kept if not line.startswith("identifier_list_types"))
    own, source = issuer.split("[issuer.source]\n")
    config.write_text(text.replace("[issuer]\n", own, 1).replace("[issuer.source]\n", f"[issuer.source]\n{source}", 1))
    for line in the_block("sh type issue").text.splitlines():
        command, _, into = line.partition(" > ")
        ran = zegel(*shlex.split(command)[1:])
        assert ran.code == 0, (line, ran.err)
        if into:
            (here / into).write_text(ran.out)
    ran = zegel("verify", "card.sd-jwt", "--trust", "trust", "--json")
    assert (ran.code, ran.json["check"]) == (1, "entitlement"), "the lists do not have the type"


def test_a_service_that_signs_in_with_it_is_one_with_which_the_provider_starts(zegel: Any, here: Path) -> None:
    config = here / "zegel.toml"
    own, client = the_block("toml type provider").text.split("[[provider.clients]]\n")
    assert parse_config(own + f"[[provider.clients]]\n{client}", folder=here).provider.catalogue == here / "types"
    text = config.read_text().replace(
        "[[provider.clients]]\n", f"[[provider.clients]]\n{client}\n[[provider.clients]]\n", 1
    )
    config.write_text(text.replace("[provider]\n", own, 1))
    assert zegel("config", "check", "provider", "--config", config).code == 0
    config.write_text(text)
    (fault,) = zegel("config", "check", "provider", "--config", config, "--json").json["faults"]
    assert fault.startswith("provider.clients[0].claims.student_number: ")
    config.write_text(text.replace("[provider]\n", '[provider]\ncatalogue = "nowhere"\n', 1))
    (fault,) = zegel("config", "check", "provider", "--config", config, "--json").json["faults"]
    assert fault.startswith("provider.catalogue: ")


def test_the_entry_on_the_list_names_the_type_in_both_formats(here: Path) -> None:
    entity = SCHEME.partition("[operator]")[2].replace("[operator]", "")
    text = SCHEME.replace('purpose = "pid"', 'purpose = "attestation"') + "[[entities]]" + entity
    (here / "list.toml").write_text(text + the_block("toml type service").text)
    (service,) = load_list_description(here / "list.toml").entities[0].services
    card = load_catalogue([here / "types"]).types["student_card"]
    assert set(card.identifiers) <= set(service.types or ())
    registered = json.loads(the_block("json type registration").text)
    assert registered[0]["meta"] == {"vct_values": [card.identifier(Format.SD_JWT_VC)]}
    assert registered[1]["meta"] == {"doctype_value": card.identifier(Format.MDOC)}


def test_the_cells_are_told_for_each_type_of_value() -> None:
    told = {name.strip("`") for row in rows(PAGE, ("type", "cell")) for name in row[0].split(", ")}
    assert told == {str(type_) for type_ in ValueType}


def test_every_block_of_the_page_is_of_this_test() -> None:
    assert {block.kind for block in all_blocks() if block.path == PAGE} == {
        "toml type", "toml type issuer", "csv type people", "json type claims", "sh type issue", "toml type service",
        "json type registration", "toml type provider",
    }  # fmt: skip
