"""``zegel status``: one entry of a status list, verified or plainly not."""

from pathlib import Path
from typing import Any

import pytest
from zegel_testing.authorities import NOW
from zegel_testing.identifiers import FREE, IDENTIFIERS_URI, LISTED, identifier_token
from zegel_testing.status import LIST, REVOKED, STATUS_ROOT, SUSPENDED, URI, token

from zegel.checks import Check
from zegel.formats.status.entries import MAX_LARGE_LIST, empty_status_list
from zegel.formats.status.token import StatusListFormat

BOTH = pytest.mark.parametrize("format_", list(StatusListFormat), ids=str)


@pytest.fixture
def status(zegel: Any, tmp_path: Path) -> Any:
    (tmp_path / "root.pem").write_text(STATUS_ROOT.certificate.pem)

    def run(data: bytes, index: object, *options: object, verified: bool = False) -> Any:
        (tmp_path / "token").write_bytes(data)
        trust = ("--trust", tmp_path / "root.pem", "--at", NOW) if verified else ()
        return zegel("status", tmp_path / "token", f"--index={index}", *trust, *options)

    return run


@pytest.mark.slow
@BOTH
@pytest.mark.parametrize(
    ("index", "value", "meaning"),
    [
        (0, 0, "valid"),
        (REVOKED, 1, "invalid"),
        (SUSPENDED, 2, "suspended"),
        (7, 3, "of the type's own meaning"),
        (LIST.size - 1, 0, "valid"),
    ],
)
@pytest.mark.parametrize("verified", [True, False])
def test_an_entry_is_looked_up(
    status: Any, format_: StatusListFormat, index: int, value: int, meaning: str, verified: bool
) -> None:
    said = status(token(format_), index, "--json", verified=verified)
    assert said.code == 0
    assert said.json == {"index": index, "status": value, "meaning": meaning, "verified": verified}
    text = status(token(format_), index, verified=verified).out
    assert text == f"{'' if verified else 'unverified  '}{index}: {value:#04x}, {meaning}\n"


def test_a_line_end_behind_a_jwt_is_no_fault(status: Any) -> None:
    assert status(token(StatusListFormat.JWT) + b"\n", 0, verified=True).code == 0


@BOTH
def test_stdin_is_read_too(zegel: Any, format_: StatusListFormat) -> None:
    assert zegel("status", "-", "--index", 0, stdin=token(format_)).code == 0


@BOTH
@pytest.mark.parametrize("index", [LIST.size, 10**12, -1])
def test_beyond_the_list_there_is_nothing(status: Any, format_: StatusListFormat, index: int) -> None:
    ran = status(token(format_), index, "--json")
    assert (ran.code, ran.json["check"], ran.json["field"]) == (2, "syntax", "--index")
    assert ran.json["fault"] == "person", "of the index, and not who issues"


@BOTH
def test_a_list_may_have_to_be_of_an_address(status: Any, format_: StatusListFormat) -> None:
    assert status(token(format_), 0, "--uri", URI, verified=True).code == 0
    ran = status(token(format_), 0, "--uri", URI + "/other", "--json", verified=True)
    assert (ran.code, ran.json["check"]) == (1, "status-list")


@BOTH
@pytest.mark.parametrize(
    ("at", "check"), [(NOW + 3_600, Check.STATUS_FRESHNESS), (NOW - 60, Check.STATUS_FRESHNESS)], ids=["late", "early"]
)
def test_a_list_has_its_time(status: Any, format_: StatusListFormat, at: int, check: Check) -> None:
    ran = status(token(format_), 0, "--at", at, "--json", verified=True)
    assert (ran.code, ran.json["check"]) == (1, check.id)


@BOTH
def test_a_stranger_is_not_believed(zegel: Any, sandbox: Any, tmp_path: Path, format_: StatusListFormat) -> None:
    (tmp_path / "token").write_bytes(token(format_))
    options = ("--trust", sandbox.trust_folder, "--at", NOW, "--json")
    ran = zegel("status", tmp_path / "token", "--index", 0, *options)
    assert (ran.code, ran.json["check"]) == (1, "anchor")


@pytest.mark.parametrize("data", [b"", b"\x00", b"a.b.c", b"\xd2\x84\x43", b"\xff" * 100, b"e30.e30.e30"])
@pytest.mark.refuses(Check.SYNTAX)
def test_what_is_no_list_is_malformed(status: Any, data: bytes) -> None:
    ran = status(data, 0, "--json")
    assert (ran.code, ran.json["check"]) == (2, "syntax")


@BOTH
@pytest.mark.parametrize("entries", [8_000_000, 10_000_000])
@pytest.mark.parametrize("verified", [True, False])
def test_a_list_of_ten_million_is_read_to_its_end(
    status: Any, format_: StatusListFormat, entries: int, verified: bool
) -> None:
    data = token(format_, empty_status_list(entries, bits=1).updated({entries - 1: 1}))
    said = status(data, entries - 1, "--json", verified=verified)
    assert said.json == {"index": entries - 1, "status": 1, "meaning": "invalid", "verified": verified}


@BOTH
def test_a_list_of_more_than_is_ever_read_is_malformed(status: Any, format_: StatusListFormat) -> None:
    most = MAX_LARGE_LIST * 8
    assert status(token(format_, empty_status_list(most, bits=1)), 0).code == 0
    assert status(token(format_, empty_status_list(most + 8, bits=1)), 0).code == 2


def test_a_file_that_is_too_long_is_malformed(status: Any) -> None:
    said = status(b"a" * (MAX_LARGE_LIST + 1), 0, "--json")
    assert (said.code, said.json["detail"]) == (2, f"status list token: expected at most {MAX_LARGE_LIST} bytes")


def test_a_file_that_is_not_there_is_unavailable(zegel: Any) -> None:
    assert zegel("status", "missing", "--index", 0).code == 3


# --- identifier lists -----------------------------------------------------------------------------------------------


@pytest.fixture
def identifier(zegel: Any, tmp_path: Path) -> Any:
    (tmp_path / "root.pem").write_text(STATUS_ROOT.certificate.pem)
    (tmp_path / "list").write_bytes(identifier_token())

    def run(value: str, *options: object, verified: bool = False) -> Any:
        trust = ("--trust", tmp_path / "root.pem", "--at", NOW) if verified else ()
        return zegel("status", tmp_path / "list", f"--identifier={value}", *trust, *options)

    return run


@pytest.mark.parametrize(("value", "meaning"), [(LISTED, "invalid"), (FREE, "valid")])
@pytest.mark.parametrize("verified", [True, False])
def test_an_identifier_is_looked_up(identifier: Any, value: bytes, meaning: str, verified: bool) -> None:
    said = identifier(value.hex(), "--json", verified=verified)
    assert (said.code, said.json) == (0, {"identifier": value.hex(), "meaning": meaning, "verified": verified})
    text = identifier(value.hex(), verified=verified).out
    assert text == f"{'' if verified else 'unverified  '}{value.hex()}: {meaning}\n"


def test_an_identifier_list_may_have_to_be_of_an_address(identifier: Any) -> None:
    assert identifier(FREE.hex(), "--uri", IDENTIFIERS_URI, verified=True).code == 0
    refused = identifier(FREE.hex(), "--uri", URI, "--json", verified=True)
    assert (refused.code, refused.json["check"]) == (1, "status-list")


def test_an_identifier_is_hexadecimal(identifier: Any) -> None:
    refused = identifier("not hex", "--json")
    assert (refused.code, refused.json["check"], refused.json["field"]) == (2, "syntax", "--identifier")


def test_of_a_status_list_an_entry_is_named(zegel: Any, tmp_path: Path) -> None:
    (tmp_path / "token").write_bytes(token(StatusListFormat.JWT))
    refused = zegel("status", tmp_path / "token", "--json")
    assert (refused.code, refused.json["check"], refused.json["field"]) == (2, "syntax", "--index")
