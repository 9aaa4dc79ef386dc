"""``zegel hcert``: one certificate and many, shown and judged."""

import errno
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from zegel_testing.authorities import DAY, NOW
from zegel_testing.business_rules import KNOWN_PRODUCT, RULE, VALUE_SETS
from zegel_testing.health import VACCINATION, VACCINATION_USAGE, Health, payload
from zegel_testing.health_lists import gateway_entry
from zegel_testing.pictures import drawn, saved
from zegel_testing.revoked_health import batch as revocation_batch
from zegel_testing.who import EARLIER, PAYLOADS, who_claims

from zegel.adapters.health_trust import load_rule_book
from zegel.cli.batch_lines import CHUNK, LINES, Chunk, UnreadableError, chunks, open_lines
from zegel.cli.hcert_batch import Terms, judge_batch
from zegel.formats.hcert.lists import MAX_TRUST_LIST
from zegel.formats.hcert.revocation import HashType
from zegel.formats.hcert.rules.book import MAX_RULE_FILE
from zegel.formats.hcert.schema import Reading
from zegel.formats.hcert.who_schema import WhoProfile
from zegel.primitives.languages import MAX_LANGUAGES
from zegel.services.health import HealthDesk, Ruling
from zegel.services.health_lines import MAX_LINE, HealthLines

Zegel = Callable[..., Any]
AUTHORITY = Health()
SIGNER_OF_VACCINATIONS = Health(VACCINATION_USAGE)
CODE = AUTHORITY.code().decode()
PAST = "2026-01-01T00:00:00Z"


@pytest.fixture
def trust(tmp_path: Path) -> Path:
    """A folder with two authorities, one in DER, one in PEM."""
    folder = tmp_path / "trust"
    (folder / "deeper").mkdir(parents=True)
    (folder / "utopia.der").write_bytes(AUTHORITY.der)
    other = x509.load_der_x509_certificate(Health().der).public_bytes(Encoding.PEM)
    (folder / "deeper" / "others.pem").write_bytes(other * 2)
    return folder


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    folder = tmp_path / "rules"
    folder.mkdir()
    never = RULE | {"Logic": {"===": [{"var": "payload.ver"}, "9"]}}
    (folder / "rule.json").write_text(json.dumps(never))
    (folder / "sets.json").write_text(json.dumps(VALUE_SETS))
    return folder


def batch(tmp_path: Path, *lines: dict[str, Any] | str) -> Path:
    file = tmp_path / "codes.jsonl"
    file.write_text("".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines))
    return file


def test_a_certificate_by_a_trusted_signer_is_accepted(zegel: Zegel, trust: Path) -> None:
    ran = zegel("hcert", "verify", CODE, "--trust", trust, "--at", PAST, "--json")
    assert (ran.code, ran.json["check"]) == (1, "health-validity")
    now = str(NOW)
    assert zegel("hcert", "verify", CODE, "--trust", trust, "--at", now).code == 2
    ran = zegel("hcert", "verify", CODE, "--trust", trust, "--at", "2026-11-22", "--json")
    assert (ran.code, ran.json["verdict"]) == (0, "accepted")
    assert ran.json["certificate"]["payload"] == payload()


def test_people_read_names_for_codes(zegel: Zegel, trust: Path) -> None:
    ran = zegel("hcert", "verify", "-", "--trust", trust, "--at", "2026-11-22", stdin=CODE.encode() + b"\n")
    assert ran.code == 0
    assert ran.out.startswith("accepted\n  kind ")
    assert "Voorbeeld, Erika" in ran.out
    assert "Comirnaty" in ran.out


@pytest.mark.parametrize("profile", WhoProfile)
def test_a_certificate_of_who_is_judged_and_shown(zegel: Zegel, trust: Path, profile: WhoProfile) -> None:
    code = AUTHORITY.code(claims=who_claims(profile)).decode()
    ran = zegel("hcert", "verify", code, "--trust", trust, "--at", "2026-11-22")
    assert ran.code == 0
    assert ran.out.startswith("accepted\n  kind ")
    assert profile.title in ran.out
    assert "Erika Voorbeeld" in ran.out
    ran = zegel("hcert", "verify", code, "--trust", trust, "--at", "2026-11-22", "--json")
    assert ran.json["certificate"]["document"] == profile.title
    assert ran.json["certificate"]["payload"] == PAYLOADS[profile]


def test_a_certificate_of_who_is_shown_whoever_signed_it(zegel: Zegel) -> None:
    ran = zegel("hcert", "inspect", AUTHORITY.code(claims=who_claims(WhoProfile.DVC, EARLIER)).decode(), "--json")
    assert (ran.code, ran.json["verified"], ran.json["kind"]) == (0, False, "vaccination")
    assert ran.json["warnings"] == ["v: expected its version; the members are those of an earlier draft"]
    for number, value, says in ((-6, {"n": 1}, "against the schema: n"), (5, "vhlink:/x", "or one of WHO")):
        ran = zegel("hcert", "inspect", AUTHORITY.code(claims={-260: {number: value}}).decode(), "--json")
        assert (ran.code, ran.json["kind"], ran.json["document"]) == (0, None, None)
        assert says in ran.json["warnings"][0]


def test_a_refusal_says_which_check_and_what_to_do(zegel: Zegel) -> None:
    ran = zegel("hcert", "verify", CODE)
    assert ran.code == 1
    assert ran.out.startswith("rejected\n  check   health-signer\n")
    assert zegel("hcert", "verify", "HC1:x").code == 2


@pytest.mark.parametrize("written", [f" {CODE}", f"\n\t{CODE} \r\n"])
def test_what_stands_around_a_code_is_no_part_of_it(zegel: Zegel, trust: Path, tmp_path: Path, written: str) -> None:
    file = tmp_path / "code.txt"
    for mark in ("", "\ufeff"):
        file.write_bytes(f"{mark}{written}".encode())
        for given in (written, file):
            assert zegel("hcert", "inspect", given, "--json").json["payload"] == payload()
            assert zegel("hcert", "verify", given, "--trust", trust, "--at", "2026-11-22").code == 0


def test_a_code_in_small_letters_is_a_code_with_another_prefix(zegel: Zegel) -> None:
    for command in ("inspect", "verify"):
        ran = zegel("hcert", command, f" {CODE.lower()}", "--json")
        assert (ran.code, ran.json["verdict"], ran.json["field"]) == (2, "malformed", "prefix")
        assert CODE[4:20].lower() not in (ran.out + ran.err).lower()


@pytest.mark.parametrize(
    "command",
    [
        ("hcert", "verify", "--batch"),
        ("hcert", "verify"),
        ("hcert", "inspect"),
        ("wallet", "add-certificate"),
        ("why", "--trust", "trust"),
    ],
)
def test_a_code_that_is_given_for_a_file_is_not_said_again(zegel: Zegel, trust: Path, command: Any) -> None:
    for given in (f'"{CODE}"', f"code: {CODE.lower()}"):
        ran = zegel(*command, given)
        assert ran.code in (2, 3)
        assert CODE[4:20].lower() not in (ran.out + ran.err).lower()


def test_rules_of_the_destination_have_to_be_met(zegel: Zegel, trust: Path, rules: Path) -> None:
    judged = ("hcert", "verify", CODE, "--trust", trust, "--at", "2026-11-22", "--json", "--rules", rules)
    ran = zegel(*judged, "--to", "XU")
    assert (ran.code, ran.json["check"]) == (1, "business-rule")
    assert zegel(*judged, "--to", "UT").code == 0
    ran = zegel(*judged)
    assert (ran.code, ran.json["field"]) == (2, "--to")


ENGLISH, DUTCH, FRENCH = (entry["desc"] for entry in RULE["Description"])


@pytest.mark.parametrize(
    ("options", "locale", "said"),
    [
        ((), {}, ENGLISH),
        (("--language", "nl"), {}, DUTCH),
        (("--language", "hu", "--language", "fr-BE"), {}, FRENCH),
        (("--language", "hu, nl-BE,en"), {}, DUTCH),
        (("--language", "hu"), {"LANG": "nl_BE.UTF-8"}, ENGLISH),
        ((), {"LANG": "nl_BE.UTF-8"}, DUTCH),
        ((), {"LANG": "de_DE", "LC_MESSAGES": "fr_BE@euro"}, FRENCH),
        ((), {"LANG": "fr_BE", "LC_MESSAGES": "nl", "LC_ALL": ""}, DUTCH),
        ((), {"LANG": "fr_BE", "LC_MESSAGES": "nl", "LC_ALL": "C.UTF-8"}, ENGLISH),
        ((), {"LANG": "../nl"}, ENGLISH),
    ],
)
@pytest.mark.parametrize("workers", [0, 1, 2])
def test_a_rule_that_is_not_met_is_said_in_the_readers_language(
    zegel: Zegel,
    trust: Path,
    rules: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: tuple[str, ...],
    locale: dict[str, str],
    said: str,
    workers: int,
) -> None:
    for name, value in locale.items():
        monkeypatch.setenv(name, value)
    asked: tuple[object, ...] = (CODE,)
    if workers:
        asked = ("--batch", batch(tmp_path, {"id": 1, "code": CODE}), "--workers", workers)
    ran = zegel(
        *("hcert", "verify", *asked, "--trust", trust, "--at", "2026-11-22", "--json"),
        *("--rules", rules, "--to", "XU", *options),
    )
    assert ran.json["check"] == "business-rule"
    assert ran.json["detail"].endswith(f": {said}")


@pytest.mark.parametrize("tag", ["", "nl,", "d\u00e9", "nl_BE", "nl;q=1", ",".join(["nl"] * (MAX_LANGUAGES + 1))])
def test_what_is_no_language_is_wrong_usage(zegel: Zegel, trust: Path, tag: str) -> None:
    for asked in ((CODE,), ("--batch", "-")):
        ran = zegel("hcert", "verify", *asked, "--trust", trust, "--language", tag)
        assert (ran.code, "--language" in ran.err) == (2, True)


def test_value_sets_are_the_published_ones_unless_the_folder_has_its_own(
    zegel: Zegel, trust: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "known"
    (folder / "VR-XU-0002").mkdir(parents=True)
    (folder / "VR-XU-0002" / "rule.json").write_text(json.dumps(KNOWN_PRODUCT))
    judged = ("hcert", "verify", CODE, "--trust", trust, "--at", "2026-11-22", "--json", "--rules", folder)
    assert zegel(*judged, "--to", "XU").code == 0
    (folder / "sets.json").write_text(json.dumps({"vaccines-covid-19-names": ["EU/1/20/9999"]}))
    assert zegel(*judged, "--to", "XU").json["check"] == "business-rule"
    (folder / "VR-XU-0002" / "rule.json").write_text("{")
    ran = zegel(*judged, "--to", "XU")
    assert (ran.code, ran.json["check"]) == (1, "business-rule")
    assert ran.json["detail"].startswith("a rule of XU cannot be read: VR-XU-0002/rule.json: ")
    assert "rules: VR-XU-0002/rule.json cannot be read, and is passed over: " in ran.err
    assert zegel(*judged, "--to", "XV").code == 0


@pytest.mark.slow
def test_a_destination_without_rules_is_said_and_no_country_is_a_guess(
    zegel: Zegel, trust: Path, rules: Path, tmp_path: Path
) -> None:
    judged = ("hcert", "verify", "--trust", trust, "--at", "2026-11-22", "--rules", rules)
    for code in ((CODE,), ("--batch", batch(tmp_path, {"id": 1, "code": CODE}))):
        assert zegel(*judged, *code, "--to", "xu", "--json").json["check"] == "business-rule"
        assert "rules:" not in zegel(*judged, *code, "--to", "XU").err
        ran = zegel(*judged, *code, "--to", "XV", "--json")
        assert (ran.code, ran.json["verdict"]) == (0, "accepted")
        assert "rules: none of XV is in force" in ran.err
        for country in ("", "B", "BEL", "B1", "ÖX"):
            assert zegel(*judged, *code, "--to", country).code == 2


def test_one_bad_file_of_a_folder_stops_no_line_but_those_that_it_concerns(
    zegel: Zegel, trust: Path, rules: Path, tmp_path: Path
) -> None:
    (rules / "rule.json").write_text(json.dumps(RULE))
    (rules / "XV").mkdir()
    (rules / "XV" / "VR-XV-0001.json").write_text('{"Identifier": "VR-XV-0001", ')
    (rules / "XW").mkdir()
    (rules / "XW" / "rule.json").write_bytes(b" " * (MAX_RULE_FILE + 1))
    lines = [{"id": at, "code": CODE, "at": "2026-11-22"} for at in (1, 2)]
    judged = ("hcert", "verify", "--batch", batch(tmp_path, *lines), "--trust", trust, "--rules", rules, "--json")
    for country, verdict in (("XU", "accepted"), ("XV", "rejected"), ("XW", "rejected"), ("XY", "accepted")):
        ran = zegel(*judged, "--to", country)
        assert ran.code == 0
        assert [json.loads(line)["verdict"] for line in ran.out.splitlines()] == [verdict] * 2
        assert "rules: XV/VR-XV-0001.json cannot be read, and is passed over: " in ran.err
        assert f"rules: XW/rule.json cannot be read, and is passed over: expected at most {MAX_RULE_FILE}" in ran.err
    ran = zegel(*judged[:-2], rules / "XW" / "rule.json", "--json", "--to", "XU")
    assert (ran.code, ran.json["verdict"]) == (3, "unavailable")


def test_what_a_folder_of_rules_holds_besides_is_named_and_what_may_be_a_rule_is_met_by_nobody(
    zegel: Zegel, trust: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "folder"
    (folder / ".git" / "objects").mkdir(parents=True)
    for name in (".git/HEAD", ".git/objects/a.json", "README.md", "LICENSE", "map.png", ".DS_Store", "gone.md"):
        (folder / name).write_text("{")
    (folder / "gone.md").unlink()
    (folder / "gone.md").symlink_to(folder / "nowhere")
    (folder / "rule.json").write_text(json.dumps(RULE))
    judged = ("hcert", "verify", CODE, "--trust", trust, "--at", "2026-11-22", "--json", "--rules", folder)
    lines = batch(tmp_path, {"id": 1, "code": CODE, "at": "2026-11-22"})
    batched = ("hcert", "verify", "--batch", lines, "--trust", trust, "--json", "--rules", folder)
    names = ".DS_Store, .git, LICENSE, README.md, gone.md, map.png"
    passed = f"rules: passed over, as neither rules nor value sets: {names}\n"
    for asked in (judged, batched):
        ran = zegel(*asked, "--to", "XU")
        assert (ran.json["verdict"], ran.err) == ("accepted", passed)
    cases = (
        ("wrapped.json", json.dumps({"rules": [RULE | {"Country": "XV"}]}).encode(), "XV"),
        ("nested.json", json.dumps([[RULE | {"Country": "XV"}]]).encode(), "XV"),
        ("lower.json", json.dumps({key.lower(): value for key, value in RULE.items()}).encode(), "XU"),
        ("VR-XV-0004.txt", b"", "XV"),
        ("xv-vaccination.json", b"", "XU XV"),
        ("xv-vaccination.json", json.dumps(RULE).encode("utf-16"), "XU XV"),
    )
    for at, (name, data, closed) in enumerate(cases):
        (folder / name).write_bytes(data)
        for country in ("XU", "XV"):
            for asked in (judged, (*batched, "--at", f"2026-11-22T00:00:{at:02}Z")):  # a worker reads its terms once
                ran = zegel(*asked, "--to", country)
                assert ran.json["verdict"] == ("rejected" if country in closed else "accepted"), (name, country)
                assert f"rules: {name} cannot be read, and is passed over: " in ran.err
        (folder / name).unlink()
    (folder / "more").symlink_to(trust)
    assert "more: expected a folder, got a link to one" in zegel(*judged, "--to", "XU").json["detail"]


@pytest.fixture
def official(tmp_path: Path) -> Path:
    """The official folder as it is: rules, their tests, and the files that are called otherwise."""
    packed = Path(__file__).parents[2] / "vectors" / "dcc-rules"
    folder = tmp_path / "official"
    for entry in json.loads((packed / "business-rules.json").read_text())["rules"]:
        (folder / entry["path"] / "tests").mkdir(parents=True)
        (folder / entry["path"] / "rule.json").write_text(json.dumps(entry["rule"]))
        for test in entry["tests"]:
            (folder / entry["path"] / "tests" / f"{test['file']}.json").write_text(json.dumps(test))
    for name, text in json.loads((packed / "business-rules-others.json").read_text()).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def test_the_official_folder_is_read_for_every_country_and_only_malta_is_closed(
    zegel: Zegel, trust: Path, official: Path, tmp_path: Path
) -> None:
    at = "2022-02-01"
    code = AUTHORITY.code(payload(dt="2021-10-01"), claims={6: 1_640_000_000}).decode()
    read = load_rule_book(official)
    assert (len(read.rules), len(read.passed_over)) == (126, 856)
    assert [each.name for each in read.unread] == [
        "MT/RR-MT-0001/TR-MT-0001.json",
        "MT/VR-MT-0005/VR-MT-0005.json[0]",
    ]
    closed = {}
    for country in sorted({rule.country for rule in read.rules}):
        desk = HealthDesk(AUTHORITY.signers, ruling=Ruling(book=read, to=country))
        said = json.loads(HealthLines(desk, now=NOW).judge(json.dumps({"id": 1, "code": code, "at": at}).encode()))
        if said["verdict"] != "accepted":
            closed[country] = said["detail"]
    assert list(closed) == ["MT"]
    assert "it cannot be read" in closed["MT"]
    ran = zegel(
        *("hcert", "verify", "--batch", batch(tmp_path, {"id": 1, "code": code, "at": at}), "--trust", trust),
        *("--rules", official, "--to", "DE"),
    )
    assert (ran.code, ran.json["verdict"]) == (0, "accepted")
    assert ran.err.count("cannot be read, and is passed over") == 2
    (passed,) = [line for line in ran.err.splitlines() if line.startswith("rules: passed over, ")]
    assert passed.count(".json") == 856


@pytest.mark.slow  # three processes that read pictures
def test_a_picture_or_a_document_of_one_code_is_read(zegel: Zegel, trust: Path, tmp_path: Path) -> None:
    code = drawn(CODE)
    (tmp_path / "one.png").write_bytes(saved(code, "PNG"))
    ran = zegel("hcert", "verify", tmp_path / "one.png", "--trust", trust, "--at", "2026-11-22", "--json")
    assert (ran.code, ran.json["verdict"]) == (0, "accepted")
    ran = zegel("hcert", "inspect", "-", "--json", stdin=saved(code, "PDF"))
    assert (ran.code, ran.json["payload"]) == (0, payload())
    two = saved(code, "PDF", drawn(AUTHORITY.code(payload("t")).decode()))
    ran = zegel("hcert", "verify", "-", "--trust", trust, stdin=two)
    assert ran.code == 2
    assert "expected the code of one health certificate, got 2" in ran.out


def test_a_revoked_certificate_is_rejected(zegel: Zegel, trust: Path, tmp_path: Path) -> None:
    folder = tmp_path / "revoked"
    folder.mkdir()
    (folder / "batch").write_bytes(revocation_batch(HashType.UCI, VACCINATION["ci"].encode()))
    options = ("--trust", trust, "--json", "--revoked", folder)
    ran = zegel("hcert", "verify", CODE, "--at", "2026-11-22", *options)
    assert (ran.code, ran.json["check"]) == (1, "health-revoked")
    file = batch(tmp_path, {"id": 1, "code": CODE, "at": "2026-11-22"})
    assert zegel("hcert", "verify", "--batch", file, *options).json["check"] == "health-revoked"
    (folder / "batch").write_bytes(revocation_batch(HashType.UCI, b"another"))
    assert zegel("hcert", "verify", CODE, "--at", "2026-11-22", *options).code == 0


def test_a_trust_list_of_the_gateway_is_read_as_well(zegel: Zegel, tmp_path: Path) -> None:
    file = tmp_path / "list.json"
    file.write_text(json.dumps([gateway_entry(AUTHORITY)]))
    assert zegel("hcert", "verify", CODE, "--at", "2026-11-22", "--trust", file).code == 0


def test_inspect_shows_what_nobody_vouches_for(zegel: Zegel) -> None:
    ran = zegel("hcert", "inspect", CODE, "--json")
    assert ran.code == 0
    assert ran.json["verified"] is False
    assert (ran.json["kind"], ran.json["issuer"], ran.json["algorithm"]) == ("vaccination", "UT", "ES256")
    assert ran.json["expires"] is not None
    assert "unverified" in zegel("hcert", "inspect", CODE).out


@pytest.mark.parametrize(
    "code",
    [
        AUTHORITY.code(payload(dt="2026-10-01T00:00:00Z", extra={"a": [b"\x01", 1.5, None]})),
        AUTHORITY.code(protected={1: -9999}, claims={4: 1 << 62, 6: "x", -260: 7}),
        AUTHORITY.code(claims={1: None, -260: {2: {}}}),
    ],
    ids=["against the schema", "odd claims", "another certificate"],
)
def test_inspect_shows_what_the_schema_does_not_have_and_says_so(zegel: Zegel, code: bytes) -> None:
    ran = zegel("hcert", "inspect", code.decode(), "--json")
    assert (ran.code, ran.json["kind"]) == (0, None)
    assert ran.json["warnings"]
    assert "warning" in zegel("hcert", "inspect", code.decode()).out


def test_a_batch_has_an_answer_for_each_line_in_order(zegel: Zegel, tmp_path: Path, trust: Path) -> None:
    lines = [
        {"id": "good", "code": CODE, "at": "2026-11-22"},
        "no JSON",
        {"id": "late", "code": CODE, "at": "2028-11-22T00:00:00+0200"},
        {"id": "odd", "code": "HC1:"},
    ]
    ran = zegel("hcert", "verify", "--batch", batch(tmp_path, *lines), "--json", "--trust", trust)
    answers = [json.loads(line) for line in ran.out.splitlines()]
    assert ran.code == 0
    assert [answer["id"] for answer in answers] == ["good", None, "late", "odd"]
    assert [answer["verdict"] for answer in answers] == ["accepted", "malformed", "rejected", "malformed"]


@pytest.mark.slow
def test_workers_answer_the_same_in_the_same_order(zegel: Zegel, tmp_path: Path, trust: Path) -> None:
    lines = [{"id": at, "code": CODE, "at": "2026-11-22"} for at in range(3 * LINES)]
    file = batch(tmp_path, *lines)
    judged = ("hcert", "verify", "--batch", file, "--json", "--trust", trust)
    assert zegel(*judged, "--workers", 2).out == zegel(*judged).out


def test_a_batch_is_read_from_stdin_as_well(zegel: Zegel, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = batch(tmp_path, {"id": 1, "code": "x"})
    ran = zegel("hcert", "verify", "--batch", "-", "--json", stdin=file.read_bytes())
    assert ran.json["verdict"] == "malformed"


def test_a_batch_that_cannot_be_read_ends_with_two(zegel: Zegel, tmp_path: Path) -> None:
    for file in (tmp_path / "missing", tmp_path, "/proc/self/mem"):  # the last can be opened, and not be read
        ran = zegel("hcert", "verify", "--batch", file, "--json")
        assert (ran.code, ran.out) == (2, "")
        assert f"{file} cannot be read: " in ran.err


class Broken(io.BytesIO):
    """A disk that fails behind the first bytes that are asked of it."""

    def read1(self, size: int | None = -1, /) -> bytes:
        if self.tell():
            raise OSError(errno.EIO, "it is broken")
        return super().read1(size)


@pytest.mark.parametrize("workers", [1, 2])
def test_what_was_read_is_answered_when_the_rest_cannot_be(workers: int) -> None:
    terms = Terms(
        trust=(),
        reading=Reading.FIELD,
        now=NOW,
        rules=None,
        to="",
        revoked=None,
        domains=(),
        gateway_anchor=None,
        languages=(),
    )
    answered = bytearray()

    def judge() -> None:
        for answers in judge_batch(Broken(b"a\n" * (LINES + 1)), terms, workers=workers):
            answered.extend(answers)

    with pytest.raises(UnreadableError, match="it is broken"):
        judge()
    assert answered.count(b"\n") == LINES + 1


def test_lines_that_come_one_by_one_come_out_so() -> None:
    reader, writer = os.pipe()
    with open(reader, "rb") as file, open(writer, "wb", buffering=0) as sender:
        lines = chunks(file)
        assert next(lines) == Chunk([], paused=True)
        sender.write(b"\xef\xbb\xbfa\r\nb\nc")
        assert next(lines) == Chunk([b"a", b"b"], paused=True)
        sender.write(b"d\n" * (LINES + 1))
        assert next(lines) == Chunk([b"cd", *[b"d"] * (LINES - 1)])
        assert next(lines) == Chunk([b"d"], paused=True)
        sender.write(b"e")
        sender.close()
        assert list(lines) == [Chunk([b"e"])]


PROGRAM = (Path(sys.executable).with_name("zegel"), "hcert", "verify", "--batch")


@pytest.mark.slow  # a program
@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_scanner_that_sends_line_by_line_has_each_answer(workers: str) -> None:
    """It sends no line before the answer to the one of before is there; nothing else would let it go on."""
    command = [*PROGRAM, "-", "--workers", workers]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as program:
        assert program.stdin is not None
        assert program.stdout is not None
        for at in range(5):
            program.stdin.write(b'{"id":%d,"code":"x"}\n' % at)
            program.stdin.flush()
            assert json.loads(program.stdout.readline())["id"] == at
        program.stdin.close()
        assert program.stdout.read() == b""
    assert program.returncode == 0


@pytest.mark.slow  # three programs
def test_where_stdin_is_closed_nothing_can_be_read(tmp_path: Path) -> None:
    for command, code in (("verify --batch -", 2), ("verify -", 3), ("inspect -", 3)):
        line = f'exec "$0" hcert {command} <&-'
        ran = subprocess.run(["sh", "-c", line, PROGRAM[0]], capture_output=True, check=False)
        assert ran.returncode == code
        assert b"stdin" in ran.stderr + ran.stdout


@pytest.mark.slow  # two programs
def test_answers_that_cannot_be_written_are_no_fault_of_the_file(tmp_path: Path) -> None:
    file = batch(tmp_path, *({"id": at, "code": "x"} for at in range(2 * LINES)))
    with Path("/dev/full").open("wb") as full:
        ran = subprocess.run([*PROGRAM, file], stdout=full, stderr=subprocess.PIPE, check=False)
    assert (ran.returncode, ran.stderr) == (3, b"the answers cannot be written: No space left on device\n")
    reader, writer = os.pipe()
    os.close(reader)
    with open(writer, "wb") as closed:
        ran = subprocess.run([*PROGRAM, file], stdout=closed, stderr=subprocess.PIPE, check=False)
    assert (ran.returncode, ran.stderr) == (0, b"")


def test_wrong_usage_is_said(zegel: Zegel) -> None:
    for arguments in (
        (),
        ("HC1:", "--batch", "x"),
        ("--batch", "x", "--workers", "0"),
        ("--batch", "x", "--workers", "65"),
    ):
        assert zegel("hcert", "verify", *arguments).code == 2


def test_what_is_judged_by_has_to_be_what_it_should_be_or_no_verdict_is_given(zegel: Zegel, tmp_path: Path) -> None:
    """What is wrong with it says nothing of a certificate, and nothing of the file of lines."""
    file = tmp_path / "trust.pem"
    file.write_text("neither a list nor a certificate")
    revoked, anchor = tmp_path / "revoked", tmp_path / "anchor.pem"
    revoked.mkdir()
    (revoked / "batch.json").write_text("{}")
    anchor.write_bytes(x509.load_der_x509_certificate(AUTHORITY.der).public_bytes(Encoding.PEM))
    one = batch(tmp_path, {"id": 1, "code": CODE})
    for judged in ((CODE,), ("--batch", one), ("--batch", one, "--workers", "2")):
        for grounds in (
            ("--trust", file),
            ("--revoked", revoked),
            ("--gateway-anchor", file),
            ("--trust", anchor, "--gateway-anchor", anchor),
        ):
            ran = zegel("hcert", "verify", *judged, *grounds, "--json")
            assert (ran.code, ran.json["verdict"]) == (3, "unavailable"), grounds
        for option in ("--trust", "--revoked", "--gateway-anchor"):
            assert zegel("hcert", "verify", *judged, option, tmp_path / "missing").code == 3
        assert zegel("hcert", "verify", *judged, "--rules", tmp_path / "missing", "--to", "XU").code == 3


def test_what_is_no_list_in_a_folder_is_passed_over_and_named(zegel: Zegel, trust: Path, tmp_path: Path) -> None:
    key = ed25519.Ed25519PrivateKey.generate()
    name = x509.Name([x509.NameAttribute(x509.NameOID.COUNTRY_NAME, "UT")])
    begin, end = (datetime.fromtimestamp(NOW + days * DAY, UTC) for days in (-1, 1))
    built = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    signed = built.serial_number(7).not_valid_before(begin).not_valid_after(end).sign(key, None)
    odd = {
        "deeper/ed.cer": (signed.public_bytes(Encoding.DER), "expected a key on P-256 or P-384"),
        "notes.json": (b'{"a": 1}', "expected an array"),
        "broken.json": (b"{", "expected JSON"),
        "key.pem": (key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), "expected one to 2000"),
        "empty.der": (b"", "expected JSON"),
        "README": (b"whom we trust", "expected JSON"),
        "large.json": (b" " * (MAX_TRUST_LIST + 1), f"expected at most {MAX_TRUST_LIST} bytes"),
    }
    for file, (data, _) in odd.items():
        (trust / file).write_bytes(data)
    lines = batch(tmp_path, {"id": 1, "code": CODE, "at": "2026-11-22"})
    for judged in ((CODE, "--at", "2026-11-22"), ("--batch", lines)):
        ran = zegel("hcert", "verify", *judged, "--trust", trust)
        assert ran.code == 0
        assert "accepted" in ran.out
        said = [line for line in ran.err.splitlines() if "passed over" in line]
        assert len(said) == len(odd)
        for file, (_, why) in odd.items():
            (line,) = (line for line in said if line.startswith(f"trust: {file} cannot be read, and is passed over: "))
            assert why in line
    for file in odd:
        assert zegel("hcert", "verify", "--batch", lines, "--trust", trust / file).code in (2, 3)
        assert zegel("hcert", "verify", "--batch", lines, "--trust", trust, "--trust", trust / file).code in (2, 3)
    ran = zegel("hcert", "verify", CODE, "--at", "2026-11-22", "--trust", trust, "--json")
    (notes,) = (each for each in ran.json["trust"] if each["list"] == "notes.json")
    assert (notes["signers"], notes["old"]) == (0, False)
    assert "expected an array" in notes["left_out"][0]


def test_what_is_neither_a_batch_nor_a_slice_in_a_folder_is_passed_over_and_named(
    zegel: Zegel, trust: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "revoked"
    folder.mkdir()
    (folder / "README.md").write_text("\ufeff# Batches")
    (folder / "batch.json").write_bytes(b"\xef\xbb\xbf" + revocation_batch(HashType.UCI, b"somebody else's"))
    lines = batch(tmp_path, {"id": 1, "code": CODE, "at": "2026-11-22"})
    for judged in ((CODE, "--at", "2026-11-22", "--json"), ("--batch", lines)):
        ran = zegel("hcert", "verify", *judged, "--trust", trust, "--revoked", folder)
        assert (ran.code, ran.json["verdict"]) == (0, "accepted")
        assert "revoked: passed over, as neither batches nor slices: README.md\n" in ran.err


@pytest.mark.parametrize("name", ["be.txt", "be", "be.cert", "be.PEM", "be.fetched", "deeper/be.2026"])
@pytest.mark.parametrize("form", [Encoding.PEM, Encoding.DER])
def test_a_signer_counts_by_what_its_file_holds_and_not_by_its_name(
    zegel: Zegel, tmp_path: Path, name: str, form: Encoding
) -> None:
    (tmp_path / "trust" / "deeper").mkdir(parents=True)
    (tmp_path / "trust" / name).write_bytes(x509.load_der_x509_certificate(AUTHORITY.der).public_bytes(form))
    for code in (
        (CODE, "--at", "2026-11-22"),
        ("--batch", batch(tmp_path, {"id": 1, "code": CODE, "at": "2026-11-22"})),
    ):
        ran = zegel("hcert", "verify", *code, "--trust", tmp_path / "trust", "--json")
        assert (ran.code, ran.json["verdict"], ran.err) == (0, "accepted", "")


def test_what_of_a_folder_of_trust_cannot_be_opened_is_named(zegel: Zegel, trust: Path, tmp_path: Path) -> None:
    (trust / "gone.pem").symlink_to(tmp_path / "nowhere")
    (trust / "more").symlink_to(tmp_path)
    os.mkfifo(trust / "pipe")
    (trust / "list.json").write_text(json.dumps([gateway_entry()]))
    (trust / "list.fetched").write_text('{"url": "https://lists.utopia.example/", "at": 0}')
    (trust / ".git").mkdir()
    for name in ("HEAD", "office.pem"):
        (trust / ".git" / name).write_bytes(AUTHORITY.der)
    (trust / ".office.der").write_bytes(AUTHORITY.der)
    judged = ("hcert", "verify", CODE, "--at", "2026-11-22", "--trust", trust)
    ran = zegel(*judged)
    assert ran.code == 0
    assert [line for line in ran.err.splitlines() if "lists.utopia.example" not in line] == [
        f"trust: {name} cannot be read, and is passed over: {why}"
        for name, why in (
            (".git", "it is hidden"),
            (".office.der", "it is hidden"),
            ("gone.pem", "no such file or directory"),
            ("more", "expected a folder, got a link to one, which is not followed"),
            ("pipe", "expected a file, got a pipe"),
        )
    ]
    (trust / "utopia.der").unlink()
    assert zegel(*judged).code == 1


def test_why_reads_the_same_folders(zegel: Zegel, trust: Path, tmp_path: Path) -> None:
    (trust / "utopia.der").rename(trust / "utopia")
    (trust / "README").write_text("whom we trust")
    (tmp_path / "code").write_text(CODE)
    for signer in (tmp_path / "signer", trust / "another"):
        signer.write_bytes(SIGNER_OF_VACCINATIONS.der)
    for file in ("code", "signer"):
        ran = zegel("why", tmp_path / file, "--trust", trust, "--at", "2026-11-22T00:00:00Z")
        assert ran.code == 0
        assert ran.out.splitlines()[1].endswith("passed over, as neither a list of health nor a certificate: README")


def test_a_link_to_nothing_among_what_is_revoked_may_be_what_is_looked_for(
    zegel: Zegel, trust: Path, tmp_path: Path
) -> None:
    (tmp_path / "revoked").mkdir()
    judged = ("hcert", "verify", CODE, "--at", "2026-11-22", "--trust", trust, "--revoked", tmp_path / "revoked")
    (tmp_path / "revoked" / "..data").symlink_to(tmp_path)
    assert zegel(*judged).code == 0
    (tmp_path / "revoked" / "batch").symlink_to(tmp_path / "nowhere")
    assert zegel(*judged).code == 3
    (tmp_path / "revoked" / "batch").unlink()
    (tmp_path / "revoked" / "batch").symlink_to(tmp_path)
    assert zegel(*judged).code == 3


def test_a_list_may_begin_with_the_mark_of_utf_8(zegel: Zegel, tmp_path: Path) -> None:
    file = tmp_path / "list.json"
    file.write_bytes(b"\xef\xbb\xbf" + json.dumps([gateway_entry(AUTHORITY)]).encode())
    assert zegel("hcert", "verify", CODE, "--at", "2026-11-22", "--trust", file).code == 0


@pytest.mark.parametrize("workers", [1, 2])
def test_the_mark_of_utf_8_costs_no_line(zegel: Zegel, tmp_path: Path, workers: int) -> None:
    file = tmp_path / "marked.jsonl"
    file.write_bytes(b'\xef\xbb\xbf{"id":1,"code":"x"}\r\n\xef\xbb\xbf{"id":2,"code":"x"}\n')
    ran = zegel("hcert", "verify", "--batch", file, "--workers", workers)
    assert [json.loads(line)["id"] for line in ran.out.splitlines()] == [1, None]


def test_lines_come_in_chunks_and_a_long_one_is_not_kept_whole(tmp_path: Path) -> None:
    file = tmp_path / "long"
    file.write_bytes(b"a\n" * (LINES + 1) + b"x" * (3 * MAX_LINE) + b"\r\nlast")
    with open_lines(str(file)) as opened:
        first, *others = chunks(opened)
    assert len(first.lines) == LINES
    assert [len(line) for other in others for line in other.lines] == [1, MAX_LINE + 2, 4]
    file.write_bytes((b"x" * MAX_LINE + b"\n") * 20)
    with open_lines(str(file)) as opened:
        assert [len(chunk.lines) for chunk in chunks(opened)] == [1] * 20
    file.write_bytes((b"x" * (CHUNK // 8) + b"\n") * 20)
    with open_lines(str(file)) as opened:
        assert [len(chunk.lines) for chunk in chunks(opened)] == [8, 8, 4]
