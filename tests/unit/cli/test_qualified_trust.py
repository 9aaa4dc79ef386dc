"""``zegel verify`` and ``zegel why`` with trust from lists in XML, and ``zegel why`` of such a list itself."""

from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from zegel_testing.authorities import DAY, NOW
from zegel_testing.qualified import DIPLOMA, QEAA, list_of_lists, national_list, operator
from zegel_testing.relying_party import CLAIMS, HOLDER

from zegel.adapters.entropy import system_random
from zegel.formats.sdjwt.issue import SdJwtIssuer

AT = ("--at", str(NOW))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "lists"
    folder.mkdir()
    journal = x509.load_der_x509_certificate(operator("Union").certificate)
    (folder / "journal.pem").write_bytes(journal.public_bytes(Encoding.PEM))
    (folder / "qualified.toml").write_text(
        f'[[qualified_lists]]\nlocation = "https://lists.example/lotl.xml"\nsigners = "journal.pem"\n'
        f'types = ["{DIPLOMA}"]\n'
    )
    (folder / "lotl.xml").write_bytes(list_of_lists())
    (folder / "list.xml").write_bytes(national_list())
    return folder


def credential(tmp_path: Path, vct: str = DIPLOMA) -> Path:
    """By whoever stands on the national list alone."""
    issuer = SdJwtIssuer(signer=QEAA.key, chain=QEAA.chain, vct=vct)
    times = {"issued_at": NOW - DAY, "valid_from": NOW - DAY, "valid_until": NOW + 14 * DAY, "random": system_random}
    file = tmp_path / "credential"
    file.write_bytes(issuer.issue(CLAIMS, holder_key=HOLDER.public_key, status=None, **times))
    return file


def test_a_qualified_attestation_is_accepted_and_its_issuer_trusted_for_no_other_type(
    zegel: Any, tmp_path: Path, folder: Path
) -> None:
    accepted = zegel("verify", credential(tmp_path), "--trust", folder, "--no-network", *AT)
    assert (accepted.code, accepted.err) == (0, "")
    refused = zegel("verify", credential(tmp_path, "urn:eudi:pid:1"), "--trust", folder, "--no-network", "--json", *AT)
    assert (refused.code, refused.json["check"]) == (1, "entitlement")


def test_a_list_that_is_refused_says_its_file_the_check_and_the_remedy(
    zegel: Any, tmp_path: Path, folder: Path
) -> None:
    (folder / "list.xml").write_bytes(national_list(by="Somebody"))
    said = zegel("verify", credential(tmp_path), "--trust", folder, "--no-network", "--json", *AT).json
    assert (said["verdict"], said["check"], said["field"]) == ("rejected", "anchor", "KeyInfo")
    assert said["detail"].startswith("list.xml: ")
    assert all(said[name] for name in ("clause", "fault", "remedy"))


def test_the_path_leads_to_the_national_list(zegel: Any, tmp_path: Path, folder: Path) -> None:
    path = zegel("why", credential(tmp_path), "--trust", folder, *AT)
    assert path.code == 0
    assert "trusted for issuer of 1 types" in path.out
    assert "listed: EUgeneric UT number 7 of Utopian Trust Office, next update" in path.out


@pytest.mark.parametrize("file", ["lotl.xml", "list.xml"])
def test_a_list_in_xml_has_a_path_too(zegel: Any, folder: Path, file: str) -> None:
    path = zegel("why", folder / file, "--trust", folder, *AT)
    assert path.code == 0
    assert [line.split(":")[0][3:] for line in path.out.splitlines()[1:]] == [
        "listed",
        "signer",
        "signature",
        "type",
        "freshness",
    ]


@pytest.mark.parametrize(
    ("content", "step", "check"),
    [
        (national_list(by="Somebody"), "signer", "anchor"),
        (national_list(territory="NL"), "listed", "anchor"),
        (national_list().replace(b"Utopia Trust", b"Utopia Thrust"), "signature", "signature"),
        (list_of_lists(by="Utopia"), "signer", "anchor"),
        (national_list(due=NOW), "freshness", "list-freshness"),
    ],
)
def test_the_first_step_of_a_list_that_breaks_is_shown(
    zegel: Any, tmp_path: Path, folder: Path, content: bytes, step: str, check: str
) -> None:
    file = tmp_path / "strange.xml"
    file.write_bytes(b"\n" + content if step == "freshness" else content)
    told = zegel("why", file, "--trust", folder, "--json", *AT)
    assert told.code == 1
    (broken,) = [each for each in told.json["below"] if each["standing"] == "breaks"]
    assert (broken["name"], broken["explanation"]["check"]) == (step, check)


def test_nobody_vouches_for_a_list_in_xml_by_naming_a_folder_of_certificates(
    zegel: Any, tmp_path: Path, folder: Path
) -> None:
    (tmp_path / "operator.pem").write_bytes((folder / "journal.pem").read_bytes())
    told = zegel("why", folder / "lotl.xml", "--trust", tmp_path, "--json", *AT)
    assert (told.code, told.json["below"][0]["explanation"]["check"]) == (1, "anchor")


def test_a_national_list_that_is_named_itself_has_a_path(zegel: Any, tmp_path: Path, folder: Path) -> None:
    signer = x509.load_der_x509_certificate(operator("Utopia").certificate)
    (folder / "journal.pem").write_bytes(signer.public_bytes(Encoding.PEM))
    (folder / "qualified.toml").write_text((folder / "qualified.toml").read_text().replace("lotl.xml", "list.xml"))
    assert zegel("why", folder / "list.xml", "--trust", folder, *AT).code == 0
