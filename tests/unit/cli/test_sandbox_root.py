"""The root of access certificates of a sandbox: under a passphrase, and used by the commands of any such root."""

from pathlib import Path
from typing import Any

import pytest
from zegel_testing.authorities import NOW
from zegel_testing.sandboxes import sandbox_at

from zegel.adapters.clock import SystemClock
from zegel.adapters.entropy import system_random
from zegel.adapters.files import create_owner_only
from zegel.adapters.keyfiles import create_private_key, load_certificates, load_private_key
from zegel.adapters.root_vault import open_root
from zegel.adapters.sandbox.access_root import PASSPHRASE_FILE, ROOT_FILE
from zegel.primitives.crl import VerifiedCrl, parse_crl, verify_crl


@pytest.fixture(autouse=True)
def at_the_tests_now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SystemClock, "now", lambda _: NOW)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    sandbox_at(tmp_path / "utopia")
    return tmp_path / "utopia"


def published(folder: Path) -> VerifiedCrl:
    """The root's list as wallets get it."""
    (root,) = load_certificates(folder / "authorities" / "access.pem")
    return verify_crl(parse_crl((folder / "trust" / "crl" / "access.crl").read_bytes()), issuer=root, now=NOW)


def passphrase(folder: Path) -> Path:
    return folder / "authorities" / PASSPHRASE_FILE


def test_no_file_of_a_sandbox_holds_its_key_in_the_clear(folder: Path) -> None:
    (root,) = load_certificates(folder / "authorities" / "access.pem")
    keys = [load_private_key(file).public_key for file in folder.rglob("*.key.pem")]
    assert len(keys) > 20
    assert root.key not in keys


@pytest.mark.slow
def test_it_is_used_as_any_root_of_access_certificates(zegel: Any, folder: Path) -> None:
    root, words = folder / "authorities" / ROOT_FILE, ("--passphrase-file", passphrase(folder))
    crl, config = folder / "trust" / "crl" / "access.crl", ("--config", folder / "zegel.toml")
    assert (published(folder).number, published(folder).serials) == (1, frozenset())
    revoked = folder / "authorities" / "access-issuing.pem"
    ran = zegel("access-authority", "root", "publish", root, "--out", crl, "--revoke", revoked, *words)
    assert (ran.code, ran.err) == (0, "")
    serial = load_certificates(revoked)[0].serial_number
    assert (published(folder).number, published(folder).serials) == (2, {serial})
    assert zegel("crl", "renew", *config).code == 0
    assert (published(folder).number, published(folder).serials) == (3, {serial}), "both know of it"


@pytest.mark.slow
def test_another_passphrase_does_not_open_it(zegel: Any, folder: Path, tmp_path: Path) -> None:
    create_owner_only(tmp_path / "words", b"another\n")
    root = folder / "authorities" / ROOT_FILE
    ran = zegel(
        "access-authority", "root", "publish", root, "--out", "root.crl", "--passphrase-file", tmp_path / "words"
    )
    assert ran.code == 1
    assert "passphrase" in ran.err


@pytest.mark.parametrize("missing", [ROOT_FILE, PASSPHRASE_FILE])
def test_where_it_was_taken_away_the_other_lists_are_renewed_and_that_is_said(
    zegel: Any, folder: Path, missing: str
) -> None:
    (folder / "authorities" / missing).unlink()
    ran = zegel("crl", "renew", "--config", folder / "zegel.toml")
    assert ran.code == 3
    assert missing in ran.err
    assert published(folder).number == 1
    others = [file for file in (folder / "trust" / "crl").iterdir() if file.name != "access.crl"]
    assert {parse_crl(file.read_bytes()).unverified_number for file in others} == {2}
    leaf = folder / "keys" / "verifier-access.pem"
    assert zegel("crl", "revoke", leaf, "--config", folder / "zegel.toml").code == 0, "which the root did not certify"


@pytest.mark.slow
def test_a_sandbox_that_was_made_before_has_its_key_as_the_others(zegel: Any, folder: Path) -> None:
    authorities = folder / "authorities"
    with open_root(authorities / ROOT_FILE, passphrase(folder).read_text().strip(), random=system_random) as vault:
        create_private_key(authorities / "access.key.pem", vault.value.key)
    for name in (ROOT_FILE, PASSPHRASE_FILE):
        (authorities / name).unlink()
    assert zegel("crl", "renew", "--config", folder / "zegel.toml").code == 0
    assert published(folder).number == 2
