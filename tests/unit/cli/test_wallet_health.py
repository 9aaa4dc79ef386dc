"""``zegel wallet`` with health certificates: kept, judged today, shown as text again, deleted; offline."""

import json
from base64 import b64decode
from dataclasses import replace
from pathlib import Path

import anyio
import pytest
from zegel_testing.authorities import NOW, fixed_random
from zegel_testing.health_lists import gateway_entry
from zegel_testing.pictures import blank, saved, vector, vector_picture

from zegel.adapters.clock import SystemClock
from zegel.adapters.wallet_vault import WalletVaultFile
from zegel.services.wallet.contents import HealthCertificate, WalletContents
from zegel.services.wallet.safe import Safe

SECRETS = ("Ebraert", "EBRAERT", "1980-01-14", "BEVLWLUNCYEOWTE6IFPOSVE6PH", "HC1:", "Vaxzevria")


@pytest.fixture
def vault(zegel, tmp_path: Path) -> tuple:
    passphrase = tmp_path / "passphrase"
    passphrase.write_text("seven bees on a charter\n")
    passphrase.chmod(0o600)
    options = ("--vault", tmp_path / "wallet.vault", "--passphrase-file", passphrase)
    assert zegel("wallet", "init", *options).code == 0
    return options


@pytest.fixture
def signer(tmp_path: Path) -> Path:
    path = tmp_path / "BE.der"
    path.write_bytes(b64decode(vector("BE")["TESTCTX"]["CERTIFICATE"]))
    return path


@pytest.mark.slow  # six times the vault's passphrase
def test_a_certificate_from_a_picture_is_kept_shown_and_deleted(zegel, vault, signer: Path, tmp_path: Path) -> None:
    picture = tmp_path / "code.png"
    picture.write_bytes(vector_picture("BE"))
    added = zegel("wallet", "add-certificate", picture, *vault, "--health-trust", signer, "--json")
    (held,) = added.json["certificates"]
    assert (held["verdict"], held["check"], held["issuer"]) == ("expired", "health-validity", "BE")
    assert held["rows"]["Vaccine product"] == "Vaxzevria"
    listed = zegel("wallet", "list", *vault)
    assert "not confirmed, and expired today" in listed.out
    shown = zegel("wallet", "certificate", held["id"], *vault, "--health-trust", signer)
    assert "Name: Peter Paul Maria Ebraert" in shown.out
    assert "It expired on 202" in shown.out
    code = zegel("wallet", "certificate", held["id"], "--code", *vault)
    assert code.out == vector("BE")["PREFIX"] + "\n"
    assert zegel("wallet", "delete-certificate", held["id"], *vault).code == 0
    log = zegel("wallet", "log", *vault)
    assert [line.split()[1] for line in log.out.splitlines() if not line.startswith(" ")] == [
        "added:",
        "code-shown:",
        "deleted:",
    ]
    assert "EU Digital COVID Certificate: vaccination" in log.out
    said = listed.out + log.out
    assert [secret for secret in SECRETS if secret in said] == []


@pytest.mark.slow  # three times the vault's passphrase
def test_a_text_is_taken_from_stdin_and_what_it_is_judged_by_is_said(zegel, vault, tmp_path: Path) -> None:
    (tmp_path / "list.json").write_text(json.dumps([gateway_entry()]))
    (tmp_path / "list.fetched").write_text('{"url": "https://lists.utopia.example/dsc", "at": 1700000000}')
    trust, code = ("--health-trust", tmp_path / "list.json"), vector("HU")["PREFIX"].encode() + b"\n"
    ran = zegel("wallet", "add-certificate", "-", *vault, *trust, "--json", stdin=code)
    assert ran.json["certificates"][0]["rows"]["Country"] == "Hungary"
    assert (ran.json["trust"][0]["list"], ran.json["trust"][0]["old"]) == ("lists.utopia.example", True)
    ran = zegel("wallet", "list", *vault)
    assert "trust" not in ran.err
    ran = zegel("wallet", "certificate", ran.out.split()[0], *vault, *trust)
    assert "trust: old: lists.utopia.example: 1 signer" in ran.err


@pytest.mark.slow  # five times the vault's passphrase
def test_what_is_none_is_malformed_and_says_nothing_of_what_it_was(zegel, vault) -> None:
    for data in (b"", b"GIF89a", saved(blank(50, 50), "PNG"), b"HC1:\xff", b"HC1:6BF Ebraert"):
        ran = zegel("wallet", "add-certificate", "-", *vault, stdin=data)
        assert ran.code == 2
        assert "malformed" in ran.err
        assert "Ebraert" not in ran.err


@pytest.mark.slow  # three times the vault's passphrase
@pytest.mark.parametrize("action", ["certificate", "delete-certificate"])
def test_an_id_of_nothing_that_is_held_is_wrong_usage(zegel, vault, action: str) -> None:
    ran = zegel("wallet", action, "nosuch", *vault, "--json")
    assert (ran.code, ran.json["check"], ran.json["field"]) == (2, "syntax", "ID")
    assert "zegel wallet list" in ran.json["detail"]


async def hold(path: Path, text: str) -> None:
    """As if an earlier version had taken a text."""
    safe = Safe(WalletVaultFile(path, random=fixed_random("vault")), clock=SystemClock(), idle=None)
    await safe.unlock("seven bees on a charter")

    def move(contents: WalletContents) -> tuple[WalletContents, None]:
        held = HealthCertificate(id="unread", text=text, added_at=NOW)
        return replace(contents, certificates=(*contents.certificates, held)), None

    await safe.change(move)
    safe.close()


@pytest.mark.slow  # eight times the vault's passphrase
def test_one_that_cannot_be_read_is_listed_printed_and_deleted(zegel, vault, tmp_path: Path) -> None:
    text = vector("BE")["PREFIX"][:-9]
    anyio.run(hold, tmp_path / "wallet.vault", text)
    code = vector("HU")["PREFIX"].encode()
    assert zegel("wallet", "add-certificate", "-", *vault, stdin=code).code == 0
    listed = zegel("wallet", "list", *vault)
    assert listed.code == 0
    assert "unread  Health certificate, cannot be read: This version" in listed.out
    assert ", HU, not confirmed" in listed.out
    unread, read = zegel("wallet", "list", *vault, "--json").json["certificates"]
    assert (unread["readable"], unread["verdict"], unread["check"]) == (False, "cannot be read", "syntax")
    assert read["readable"]
    shown = zegel("wallet", "certificate", "unread", *vault)
    assert (shown.code, "Nothing is lost" in shown.out, text in shown.out) == (0, True, False)
    assert zegel("wallet", "certificate", "unread", "--code", *vault).out == text + "\n"
    assert zegel("wallet", "delete-certificate", "unread", *vault).code == 0
    assert "cannot be read" not in zegel("wallet", "list", *vault).out
    log = zegel("wallet", "log", *vault)
    assert "an unknown issuer" in log.out
    assert "a health certificate that cannot be read" in log.out
