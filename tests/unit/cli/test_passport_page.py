"""docs/vaccine-passport.md, done from top to bottom as it says: every command of it is run as it is printed."""

import json
import re
import shlex
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import copytree
from typing import Any, cast

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from zegel_testing.authorities import DAY, NOW
from zegel_testing.command_line import HOLDER_JWK
from zegel_testing.gateway_list import GATEWAY
from zegel_testing.health import Health
from zegel_testing.health_lists import OFFICE, did_document, gateway_entry, method
from zegel_testing.markdown import ROOT, blocks, prose, the_block
from zegel_testing.offline import offline
from zegel_testing.relying_party import Asked, Copy
from zegel_testing.revoked_health import batch
from zegel_testing.who import who_claims

from zegel.adapters.clock import SystemClock
from zegel.adapters.keyfiles import load_certificates
from zegel.adapters.sandbox.create import Sandbox
from zegel.checks import Check
from zegel.cli import hcert_refresh
from zegel.formats.credential import Format
from zegel.formats.hcert.revocation import HashType
from zegel.formats.hcert.who_schema import WhoProfile
from zegel.primitives.encoding import parse_base64url
from zegel.primitives.http import HttpRequest, HttpResponse

Zegel = Callable[..., Any]
PAGE = ROOT / "docs" / "vaccine-passport.md"
# What roles run for is played in tests/architecture/test_readme.py.
ELSEWHERE = {"passport demo", "passport serve"}
COMMANDS = [block for block in blocks(PAGE) if block.language == "sh"]
RUN_HERE = [block for block in COMMANDS if block.purpose not in ELSEWHERE]
CHALLENGE = {
    "NONCE": "a nonce",
    "CLIENT_ID": "x509_hash:door",
    "RESPONSE_URI": "https://door.utopia.example/response/1",
}
NAMESPACE = "zegel.vaccination_valid.1"
SHOWN = {Format.SD_JWT_VC: "shown.sd-jwt", Format.MDOC: "shown.mdoc"}


def lines(text: str) -> list[str]:
    """The commands of a block, each on a line."""
    return text.replace("\\\n", " ").splitlines()


class Publisher:
    """An ``Outbound`` that has the two lists of the page."""

    def __init__(self, lists: dict[str, bytes]) -> None:
        self._lists = lists

    async def fetch(self, request: HttpRequest, *, redirects: int = 0, max_bytes: int = 1 << 18) -> HttpResponse:
        return HttpResponse(status=200, body=self._lists[request.url])

    async def aclose(self) -> None:
        """Nothing is open."""


class Reader:
    """Somebody at a terminal who types what stands on the page. ``said`` is what was printed, by command."""

    def __init__(self, zegel: Zegel) -> None:
        self._zegel = zegel
        self.said: dict[str, str] = {}
        self.words: dict[str, str] = dict(CHALLENGE)

    def type(self, line: str) -> str:
        """Type a line, which succeeds."""
        command, _, into = line.partition(" > ")
        if command.startswith("zegel "):
            words = [self.words.get(word, word) for word in shlex.split(command)[1:]]
            assert not [word for word in words if re.fullmatch(r"[A-Z_]{2,}", word) and word != "UT"], line
            own = ("--passphrase-file", "passphrase") if words[0] == "wallet" else ()
            ran = self._zegel(*words, *own)
            assert ran.code == 0, (line, ran.out, ran.err)
            if into:
                Path(into).write_text(ran.out)
            out = str(ran.out)
        else:
            out = subprocess.run(["sh", "-c", line], check=True, capture_output=True, text=True).stdout
        self.said[line] = out
        if held := re.match(r"([0-9A-Za-z_-]{8,})  ", out):
            self.words["ID"] = held[1]
        return out


@pytest.fixture
def reader(zegel: Zegel, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Reader]:
    """A reader who has JSON and CSV as the page prints them, and what others make: lists, an anchor, an ICVP."""
    monkeypatch.setattr(SystemClock, "now", lambda _: NOW)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    Path("passphrase").touch(mode=0o600)
    Path("passphrase").write_text("seven bees on a charter\n")
    Path("erika.json").write_text(the_block("json passport payload").text)
    Path("people.csv").write_text(the_block("csv passport people").text)
    Path("question.json").write_text(the_block("json passport question").text)
    Path("revoked").mkdir()
    Path("revoked", "1.json").write_bytes(batch(HashType.UCI, b"somebody else's"))
    Path("anchor.pem").write_bytes(GATEWAY.anchor.certificate.public_bytes(Encoding.PEM))
    Path("who.json").write_text(json.dumps(did_document(method(OFFICE, domain="PH4H"))))
    claims = {4: NOW + DAY, 6: NOW - DAY, **who_claims(WhoProfile.DVC)}
    Path("icvp.txt").write_text(OFFICE.code(claims=claims).decode())
    return Reader(zegel)


def publish(monkeypatch: pytest.MonkeyPatch) -> None:
    """The lists of the page are where it says: one with the sandbox's health authority, and one of the gateway's."""
    (signer,) = load_certificates(Path("utopia/keys/health.pem"))
    published = {
        "https://lists.example/dsc.json": [gateway_entry(cast("Health", signer))],
        "https://gateway.example/dsc.json": GATEWAY.entries(),
    }
    lists = {url: json.dumps(entries).encode() for url, entries in published.items()}
    monkeypatch.setattr(hcert_refresh, "HttpOutbound", lambda: Publisher(lists))


def show(zegel: Zegel, format_: Format, *, at: int = NOW, days: int = 2, **record: Any) -> None:
    """A wallet shows the attestation to a reader of one's own, whose file it becomes."""
    keys, claims = Path("utopia/keys"), Path("attested.json")
    claims.write_text(json.dumps({"vaccination_valid": True, "rule_set": "UT/2026-11", **record}))
    ran = zegel(
        *("issue", "vaccination_valid", "--claims", claims, "--holder", HOLDER_JWK, "--format", format_, "--at", at),
        *("--days", days),
        *("--key", keys / "issuer.key.pem", "--chain", keys / "issuer.pem"),
    )
    assert ran.code == 0, ran
    text = ran.out.strip()
    data = text.encode() if format_ is Format.SD_JWT_VC else parse_base64url(text, what="credential")
    asked = Asked(
        {
            "nonce": CHALLENGE["NONCE"],
            "client_id": CHALLENGE["CLIENT_ID"],
            "response_uri": CHALLENGE["RESPONSE_URI"],
            "client_metadata": {},
        }
    )
    names = ("vaccination_valid", "rule_set")
    paths = [(name,) if format_ is Format.SD_JWT_VC else (NAMESPACE, name) for name in names]
    Path(SHOWN[format_]).write_text(asked.present(Copy(format_, data), paths=paths) + "\n")


@pytest.mark.slow  # seven times the vault's passphrase
def test_the_page_is_done_from_top_to_bottom_as_it_says(
    zegel: Zegel, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    for block in RUN_HERE:
        if block.purpose == "passport lists":
            publish(monkeypatch)
        if block.purpose == "passport door":
            for format_ in Format:
                show(zegel, format_)
        with offline():
            for line in lines(block.text):
                reader.type(line)
    typed = [line for block in RUN_HERE for line in lines(block.text)]
    assert len(reader.said) == len(set(typed)) > 20
    told = {line: out for line, out in reader.said.items() if " verify " in line}
    assert all("accepted" in out for out in told.values()), told
    assert not [out for out in told.values() if "rejected" in out or "malformed" in out]
    (judged,) = [out for line, out in told.items() if "--batch" in line]
    assert [json.loads(line)["verdict"] for line in judged.splitlines()] == ["accepted", "accepted"]
    (code,) = [out for line, out in reader.said.items() if line.endswith("ID --code")]
    assert code == Path("utopia/health/codes/erika.txt").read_text()


def test_a_command_in_the_text_of_the_page_stands_in_a_block_that_is_run() -> None:
    """And so does an option: a word in capitals is whatever stands there."""
    typed = [shlex.split(line) for block in COMMANDS for line in lines(block.text)]
    spans = [" ".join(span.split()) for span in re.findall(r"`([^`]+)`", prose(PAGE))]
    commands = [span for span in spans if span.startswith(("zegel ", "--"))]
    assert len(commands) > 15
    assert [span for span in commands if not any(_stands_in(span.split(), words) for words in typed)] == []


def _stands_in(span: list[str], words: list[str]) -> bool:
    """At the beginning, for a command; anywhere, for an option."""
    starts = range(1) if span[0] == "zegel" else range(len(words))
    return any(
        len(words) >= at + len(span)
        and all(mine.isupper() or mine == theirs for mine, theirs in zip(span, words[at:], strict=False))
        for at in starts
    )


# --- at the door, with the network off --------------------------------------------------------------------------------


@pytest.fixture
def door(reader: Reader, sandbox: Sandbox) -> Callable[[Format], Any]:
    """Judge what was shown, in a format, by the command of the page, with the network off."""
    copytree(sandbox.config.parent, "utopia")
    typed = lines(the_block("sh passport door").text)

    def judge(format_: Format, *options: object, **words: str) -> Any:
        (line,) = (line for line in typed if SHOWN[format_] in line)
        asked = [(reader.words | words).get(word, word) for word in shlex.split(line)[1:]]
        with offline():
            return reader._zegel(*asked, *options, "--json")

    return judge


FORMATS = pytest.mark.parametrize("format_", list(Format), ids=str)


@FORMATS
def test_what_a_wallet_shows_is_judged_with_the_network_off_and_nothing_is_left_open(
    zegel: Zegel, door: Any, format_: Format
) -> None:
    show(zegel, format_)
    ran = door(format_)
    assert (ran.code, ran.json["verdict"]) == (0, "accepted"), ran.json
    told = ran.json["credential"]
    assert (told["holder_bound"], told["status"]) == (True, "no status")
    assert told["valid_until"] <= NOW + 2 * DAY


@FORMATS
@pytest.mark.parametrize(
    ("record", "at", "words", "check"),
    [
        ({"vaccination_valid": False}, NOW, {}, {Check.QUERY_CLAIMS}),
        ({"rule_set": "BE/1"}, NOW, {}, {Check.QUERY_CLAIMS}),
        ({}, NOW - DAY, {}, {Check.CREDENTIAL_VALIDITY}),
        ({}, NOW, {"NONCE": "another"}, {Check.NONCE, Check.HOLDER_SIGNATURE}),
    ],
    ids=["not met", "other rules", "of before", "another's nonce"],
)
def test_what_does_not_open_the_door_is_a_no_that_names_the_check(
    zegel: Zegel, door: Any, format_: Format, record: Any, at: int, words: dict[str, str], check: set[Check]
) -> None:
    show(zegel, format_, at=at, days=1, **record)
    ran = door(format_, "--at", NOW + 120, **words)  # beyond what clocks may differ by
    assert (ran.code, ran.json["verdict"]) == (1, "rejected"), ran.json
    assert ran.json["check"] in {each.id for each in check}


def test_whoever_reaches_for_a_network_without_one_is_found_out(zegel: Zegel, reader: Reader) -> None:
    with pytest.raises(AssertionError), offline():
        assert zegel("hcert", "refresh", "https://lists.example/dsc.json", "--into", "lists").code == 3
