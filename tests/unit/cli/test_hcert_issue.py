"""``zegel hcert issue``: what a health authority signs, reads as its own; a table is signed row by row."""

import csv
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from zegel_testing.authorities import NOW, fixed_key
from zegel_testing.health import TEST_USAGE, Health, payload
from zegel_testing.markdown import the_block

from zegel.adapters.clock import SystemClock
from zegel.adapters.files import create_owner_only, holding
from zegel.adapters.pictures import codes_in
from zegel.cli.hcert_table import STEP
from zegel.primitives.keys import Curve

Zegel = Callable[..., Any]
KEY = fixed_key("health authority")
ROW = {
    "dob": "1986-03-14",
    "fnt": "VOORBEELD",
    "gn": "Erika",
    **{name: str(value) for name, value in payload()["v"][0].items()},
}


@pytest.fixture(autouse=True)
def at_the_tests_now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SystemClock, "now", lambda _: NOW)


@pytest.fixture
def signing(zegel: Zegel) -> list[str]:
    """Key and certificate in the folder where the command runs, and the options that name them."""
    create_owner_only(Path("signer.key.pem"), KEY.secret_pem())
    certify()
    return ["--key", "signer.key.pem", "--chain", "signer.pem", "--country", "UT"]


def certify(*usages: str) -> None:
    made = Health(*usages, key=KEY._key)
    Path("signer.pem").write_bytes(x509.load_der_x509_certificate(made.der).public_bytes(Encoding.PEM))


def table(*rows: dict[str, str]) -> str:
    names = sorted({name for row in rows for name in row})
    with Path("people.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        writer.writerows(rows)
    return "people.csv"


def accepted(zegel: Zegel, code: str) -> bool:
    ran = zegel("hcert", "verify", "-", "--trust", "signer.pem", "--schema", "strict", "--json", stdin=code.encode())
    return bool(ran.json["verdict"] == "accepted")


def test_what_is_issued_verifies_and_is_drawn(zegel: Zegel, signing: list[str]) -> None:
    Path("erika.json").write_text(json.dumps(payload()))
    ran = zegel("hcert", "issue", "erika.json", *signing, "--to", "erika.png", "--json")
    assert ran.code == 0
    assert accepted(zegel, ran.json["code"])
    assert codes_in(Path("erika.png").read_bytes()) == (ran.json["code"],)
    ran = zegel("hcert", "issue", "-", *signing, "--to", "erika.pdf", stdin=Path("erika.json").read_bytes())
    assert codes_in(Path("erika.pdf").read_bytes()) == (ran.out.strip(),)


def test_a_table_becomes_a_picture_and_a_line_a_row(zegel: Zegel, signing: list[str]) -> None:
    bad = [ROW | {"dt": ""}, ROW | {"dn": "two"}, ROW | {"dt": "soon"}, ROW | {"sc": "2026-11-20T09:00:00Z"}]
    ran = zegel("hcert", "issue", "--csv", table(ROW, *bad, ROW), *signing, "--to", "out", "--json")
    assert (ran.code, ran.json["issued"]) == (2, 2)
    assert [each["row"] for each in ran.json["refused"]] == [2, 3, 4, 5]
    line = json.loads(Path("out/000006.json").read_text())
    assert codes_in(Path("out/000006.png").read_bytes()) == (line["code"],)
    assert accepted(zegel, line["code"])
    ran = zegel("hcert", "issue", "--csv", table(ROW, ROW | {"dt": ""}), *signing, "--to", "pages", "--form", "pdf")
    assert ran.out.startswith("issued 1, already issued 0, refused 1\nrow 2 refused: ")
    assert Path("pages/000001.pdf").exists()


def test_a_column_that_the_schema_has_no_member_for_is_refused_before_a_row_is_signed(
    zegel: Zegel, signing: list[str]
) -> None:
    ran = zegel("hcert", "issue", "--csv", table(ROW | {"email": "erika@example.com"}), *signing, "--to", "out")
    assert (ran.code, Path("out").exists()) == (2, False)
    assert ", email\n" in ran.err
    assert "expected columns that the schema has members for; leave it out" in ran.err
    assert "erika@example.com" not in ran.err + ran.out
    Path("twice.csv").write_text("dt,dn,dn\n2026-10-01,1,2\n")
    ran = zegel("hcert", "issue", "--csv", "twice.csv", *signing, "--to", "out")
    assert (ran.code, "dn\n" in ran.err, "expected each column once" in ran.err) == (2, True, True)


def test_a_table_without_a_column_for_dates_of_birth_is_refused_and_a_date_that_is_not_known_is_empty(
    zegel: Zegel, signing: list[str]
) -> None:
    """The schema requires dob, and has an empty one for a date that is not known."""
    without = {name: text for name, text in ROW.items() if name != "dob"}
    ran = zegel("hcert", "issue", "--csv", table(without), *signing, "--to", "out", "--json")
    assert (ran.code, ran.json["field"], Path("out").exists()) == (2, "dob", False)
    assert "expected this column" in ran.json["detail"]
    ran = zegel("hcert", "issue", "--csv", table(ROW | {"dob": ""}), *signing, "--to", "out", "--json")
    assert (ran.code, ran.json["issued"]) == (0, 1)
    code = json.loads(Path("out/000001.json").read_text())["code"]
    assert zegel("hcert", "inspect", "-", "--json", stdin=code.encode()).json["payload"]["dob"] == ""


def test_a_table_without_a_header_is_refused_and_its_first_person_is_not_named(
    zegel: Zegel, signing: list[str]
) -> None:
    Path("people.csv").write_text(f"{','.join(ROW.values())}\n")
    ran = zegel("hcert", "issue", "--csv", "people.csv", *signing, "--to", "out")
    assert (ran.code, Path("out").exists()) == (2, False)
    assert "field   column 1\n" in ran.err
    assert not [cell for cell in ROW.values() if len(cell) > 2 and cell in ran.err + ran.out]


def test_a_table_may_have_columns_of_every_kind_and_one_without_a_name(zegel: Zegel, signing: list[str]) -> None:
    rows = [ROW | {"tt": "", "": "seen"}, ROW | {"tt": "LP6464-4"}]
    ran = zegel("hcert", "issue", "--csv", table(*rows), *signing, "--to", "out", "--json")
    assert (ran.code, ran.json["issued"]) == (2, 1)
    assert ran.json["refused"][0]["row"] == 2
    assert "v[0].tt" in ran.json["refused"][0]["detail"]
    code = json.loads(Path("out/000001.json").read_text())["code"]
    assert "seen" not in zegel("hcert", "inspect", "-", "--json", stdin=code.encode()).out


def test_a_row_with_more_cells_than_columns_or_fewer_is_refused(zegel: Zegel, signing: list[str]) -> None:
    """RFC 4180 section 2.4. A comma that is not quoted would shift what stands behind it into other members."""
    names = sorted(ROW)
    good = ",".join(ROW[name] for name in names)
    shifted, short = good.replace("Utopia", "Office, Utopia"), good.rpartition(",")[0]
    quoted = good.replace(ROW["is"], f'"Office, {ROW["is"]}"')
    assert shifted != good != quoted
    Path("people.csv").write_text("\n".join([",".join(names), good, shifted, short, quoted, f"{good},", ""]))
    ran = zegel("hcert", "issue", "--csv", "people.csv", *signing, "--to", "out", "--json")
    assert (ran.code, ran.json["issued"]) == (2, 2)
    assert [each["row"] for each in ran.json["refused"]] == [2, 3, 5]
    assert all("expected a cell for each column" in each["detail"] for each in ran.json["refused"])
    code = json.loads(Path("out/000004.json").read_text())["code"]
    said = zegel("hcert", "inspect", "-", "--json", stdin=code.encode()).json["payload"]["v"][0]
    assert said == payload()["v"][0] | {"is": f"Office, {ROW['is']}"}


@pytest.mark.parametrize(
    ("changed", "where"),
    [
        (payload(email="erika@example.com"), "email"),
        (payload(nam=payload()["nam"] | {"mother": "Noor"}), "nam.mother"),
        (payload() | {"v": [payload()["v"][0] | {"phone": "0123"}]}, "v[0].phone"),
        (payload("t") | {"t": [payload("t")["t"][0] | {"mp": "EU/1/20/1528"}]}, "t[0].mp"),
        (payload() | {"x" * 1_000: 1}, "x" * 80),
    ],
)
def test_a_member_that_the_schema_does_not_have_is_not_signed(
    zegel: Zegel, signing: list[str], changed: dict[str, Any], where: str
) -> None:
    ran = zegel("hcert", "issue", "-", *signing, stdin=json.dumps(changed).encode())
    assert (ran.code, ran.out) == (2, "")
    assert f" {where}\n" in ran.err
    assert "expected no member beside the schema's; leave it out" in ran.err
    assert "erika@example.com" not in ran.err


def test_what_is_issued_is_its_owners_alone(zegel: Zegel, signing: list[str]) -> None:
    Path("erika.json").write_text(json.dumps(payload()))
    assert zegel("hcert", "issue", "erika.json", *signing, "--to", "erika.pdf").code == 0
    assert zegel("hcert", "issue", "--csv", table(ROW), *signing, "--to", "out").code == 0
    files = [Path("erika.pdf"), Path("out"), *Path("out").iterdir()]
    assert len(files) == 4
    assert not [file for file in files if file.stat().st_mode & 0o077]


def kept(folder: str = "out") -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(Path(folder).iterdir())}


def row(number: int, **changes: str) -> dict[str, str]:
    return ROW | {"ci": f"URN:UVCI:01:UT:CANARY-{number}"} | changes


@pytest.mark.parametrize(
    ("last", "expected"),
    [(b"M\xfcller", "UTF-8"), (b'"Voorbeeld', "CSV"), (b'"Voorbeeld" x', "CSV"), (b"x" * 200_000, "CSV")],
)
def test_a_table_is_read_through_before_anything_is_signed(
    zegel: Zegel, signing: list[str], last: bytes, expected: str
) -> None:
    good = Path(table(*map(row, range(STEP)))).read_bytes()
    Path("people.csv").write_bytes(good + last + b"\r\n")
    ran = zegel("hcert", "issue", "--csv", "people.csv", *signing, "--to", "out", "--json")
    assert (ran.code, ran.json["field"], Path("out").exists()) == (2, f"line {STEP + 2}", False)
    assert ran.json["detail"] == f"table: expected {expected}"


def test_a_run_that_was_cut_and_corrected_and_is_run_again_issues_each_row_once(
    zegel: Zegel, signing: list[str]
) -> None:
    command = ("hcert", "issue", "--csv", "people.csv", *signing, "--to", "out", "--json")
    table(row(1), row(2, dt="soon"), row(3), row(4), row(5))
    Path("out/000004.json").mkdir(parents=True)  # where nothing can be read or written
    ran = zegel(*command)
    assert (ran.code, ran.json["issued"], ran.json["already"]) == (3, 2, 0)
    assert ([each["row"] for each in ran.json["refused"]], ran.json["stopped"]) == (
        [2],
        "out/000004.json: is a directory",
    )
    assert "out/000004.json: is a directory" in ran.err
    Path("out/000004.json").rmdir()
    before = kept()
    assert list(before) == ["000001.json", "000001.png", "000003.json", "000003.png"]
    Path("out/000003.png").unlink()  # as if it had ended between the two
    table(*map(row, range(1, 6)))
    ran = zegel(*command)
    assert (ran.code, ran.json) == (0, {"issued": 3, "already": 2, "refused": [], "stopped": None})
    after = kept()
    assert len(after) == 10
    assert before.items() <= after.items()
    codes = [json.loads(record)["code"] for name, record in after.items() if name.endswith("json")]
    assert [codes_in(picture)[0] for name, picture in after.items() if name.endswith("png")] == codes
    said = [zegel("hcert", "inspect", code, "--json").json["payload"]["v"][0]["ci"] for code in codes]
    assert said == [row(number)["ci"] for number in range(1, 6)]
    ran = zegel(*command[:-1])
    assert (ran.code, ran.out, kept()) == (0, "issued 0, already issued 5, refused 0\n", after)


def test_what_is_on_record_for_another_row_is_left_as_it_is(zegel: Zegel, signing: list[str]) -> None:
    command = ("hcert", "issue", "--csv", "people.csv", *signing, "--to", "out", "--json")
    table(row(1), row(2), row(3), row(4), row(5))
    assert zegel(*command).code == 0
    Path("out/000002.json").unlink()
    Path("out/000003.json").write_text("no record")
    Path("out/000004.json").write_text('{"code": 1}')
    Path("out/000005.json").write_text('{"code": "HC1:"}')
    before = kept()
    table(*[row(number, gn="Max") for number in range(1, 6)])
    ran = zegel(*command)
    assert (ran.code, ran.json["issued"], ran.json["already"], kept()) == (2, 0, 0, before)
    details = [each["detail"] for each in ran.json["refused"]]
    for detail, part in zip(details, ("another folder", "beside it", "JSON", "text", "another folder"), strict=True):
        assert part in detail
    assert "Max" not in ran.out + ran.err
    table(row(1))
    assert zegel(*command).json["already"] == 1
    assert zegel(*command[:-4], "NL", *command[-3:]).json["refused"][0]["row"] == 1


def test_a_run_that_is_interrupted_says_how_far_it_came(
    zegel: Zegel, signing: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    table(*[row(number, dt="soon") for number in range(STEP)])
    monkeypatch.setattr("zegel.cli.hcert_table.say", interrupt)
    ran = zegel("hcert", "issue", "--csv", "people.csv", *signing, "--to", "out", "--json")
    assert (ran.code, ran.json["stopped"], len(ran.json["refused"])) == (130, "interrupted", STEP)


def test_nobody_else_issues_into_the_same_folder_meanwhile(zegel: Zegel, signing: list[str]) -> None:
    Path("out").mkdir()
    with holding(Path("out"), taken="taken"):
        ran = zegel("hcert", "issue", "--csv", table(ROW), *signing, "--to", "out")
    assert (ran.code, "certificates are being issued into it" in ran.err, kept()) == (3, True, {})


def test_a_table_that_can_be_read_only_once_is_refused(zegel: Zegel, signing: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(writing)
    ran = zegel("hcert", "issue", "--csv", f"/dev/fd/{reading}", *signing, "--to", "out")
    os.close(reading)
    assert (ran.code, "expected a file, for a table is read twice" in ran.err) == (3, True)


def test_progress_is_told(zegel: Zegel, signing: list[str]) -> None:
    ran = zegel("hcert", "issue", "--csv", table(*[ROW | {"dt": ""}] * STEP), *signing, "--to", "out")
    assert f"{STEP} rows, 0 issued" in ran.err


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("erika.json", "--csv", "people.csv"),
        ("--csv", "people.csv"),
        ("erika.json", "--days", "0"),
        ("erika.json", "--to", "erika.gif"),
        ("bad.json",),
        ("--csv", "latin.csv", "--to", "out"),
    ],
)
def test_what_cannot_be_issued_is_said(zegel: Zegel, signing: list[str], arguments: tuple[str, ...]) -> None:
    Path("erika.json").write_text(json.dumps(payload()))
    Path("bad.json").write_text(json.dumps(payload(dob="tomorrow")))
    Path("latin.csv").write_bytes(b"fn,dt\nM\xfcller,2026-10-01\n")
    assert zegel("hcert", "issue", *arguments, *signing).code == 2


def test_a_line_of_a_batch_is_as_the_page_prints_it(zegel: Zegel) -> None:
    asked, answer = map(json.loads, the_block("json passport line").text.splitlines())
    ran = zegel("hcert", "verify", "--batch", "-", "--json", stdin=json.dumps(asked).encode())
    assert list(ran.json) == list(answer)
    assert (ran.json["id"], ran.json["verdict"]) == (asked["id"], "malformed")


def test_what_cannot_sign_or_is_no_country_is_wrong_usage(zegel: Zegel, signing: list[str]) -> None:
    Path("payload.json").write_text(json.dumps(payload()))
    for country in ("Utopia", "U", "U1", ""):
        ran = zegel("hcert", "issue", "payload.json", *signing[:-1], country)
        assert (ran.code, "--country" in ran.err) == (2, True)
    key = fixed_key("another curve", Curve.P384)
    create_owner_only(Path("p384.key.pem"), key.secret_pem())
    Path("p384.pem").write_bytes(x509.load_der_x509_certificate(Health(key=key._key).der).public_bytes(Encoding.PEM))
    ran = zegel("hcert", "issue", "payload.json", "--key", "p384.key.pem", "--chain", "p384.pem", "--country", "UT")
    assert (ran.code, "a key on P-256" in ran.err) == (2, True)


@pytest.mark.parametrize(("born", "code"), [("", 0), ("1986", 0), ("1986-02", 0), ("1986-02-29", 2), ("1986-13", 2)])
def test_a_date_of_birth_that_no_calendar_has_is_not_signed(
    zegel: Zegel, signing: list[str], born: str, code: int
) -> None:
    ran = zegel("hcert", "issue", "-", *signing, stdin=json.dumps(payload() | {"dob": born}).encode())
    assert (ran.code, "dob" in ran.err) == (code, code == 2)


def test_a_kind_that_the_signer_may_not_sign_is_refused_row_by_row(zegel: Zegel, signing: list[str]) -> None:
    certify(TEST_USAGE)
    test = {"dob": "1986-03-14", "fnt": "VOORBEELD", **payload("t")["t"][0]}
    ran = zegel("hcert", "issue", "--csv", table(test, ROW, test), *signing, "--to", "out", "--json")
    assert (ran.code, ran.json["issued"]) == (2, 2)
    (refused,) = ran.json["refused"]
    assert (refused["row"], refused["check"], refused["field"]) == (2, "health-key-usage", "extendedKeyUsage")
    assert "vaccination; sign with a key whose certificate names this kind" in refused["detail"]
    for number in (1, 3):
        assert accepted(zegel, json.loads(Path(f"out/{number:06d}.json").read_text())["code"])
    assert not Path("out/000002.json").exists()
    ran = zegel("hcert", "issue", "-", *signing, stdin=json.dumps(payload()).encode())
    assert (ran.code, ran.out) == (1, "")
    assert "health-key-usage" in ran.err
    assert "remedy  sign with a key whose certificate names this kind" in ran.err


@pytest.mark.parametrize(
    ("times", "field"), [(("--days", "401"), "exp"), (("--at", "2024-01-01T00:00:00Z", "--days", "1"), "iat")]
)
def test_times_outside_the_signers_certificate_are_refused_before_a_row_is_signed(
    zegel: Zegel, signing: list[str], times: tuple[str, ...], field: str
) -> None:
    for what in (("-",), ("--csv", table(ROW), "--to", "out")):
        ran = zegel("hcert", "issue", *what, *signing, *times, "--json", stdin=json.dumps(payload()).encode())
        assert (ran.code, ran.json["check"], ran.json["field"]) == (1, "certificate-validity", field)
    assert not Path("out").exists()
    assert zegel("hcert", "issue", "-", *signing, "--days", "400", stdin=json.dumps(payload()).encode()).code == 0
