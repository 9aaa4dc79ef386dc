import os
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from zegel_testing.authorities import authority, fixed_key, fixed_random, signer

from zegel.adapters.clock import SystemClock
from zegel.adapters.entropy import system_random
from zegel.adapters.files import make_owner_only_folder, read_file, read_owner_only, replace_owner_only
from zegel.adapters.keyfiles import (
    create_private_key,
    create_secret,
    load_certificates,
    load_client_secret,
    load_private_key,
    load_secret,
    load_signer,
)
from zegel.errors import Unavailable
from zegel.primitives.keys import Curve
from zegel.trust.anchors import Purpose

ROOT = authority("root")


def written(path: Path, data: bytes, mode: int = 0o600) -> Path:
    path.write_bytes(data)
    path.chmod(mode)
    return path


@pytest.mark.parametrize("curve", list(Curve))
def test_a_key_comes_back_as_it_was(tmp_path: Path, curve: Curve) -> None:
    key = fixed_key("signer", curve)
    create_private_key(tmp_path / "key.pem", key)
    assert load_private_key(tmp_path / "key.pem").public_key == key.public_key


def test_a_key_file_is_its_owners_alone_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        create_private_key(tmp_path / "key.pem", fixed_key("signer"))
        create_secret(tmp_path / "seal", random=fixed_random())
        make_owner_only_folder(tmp_path / "keys")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "key.pem").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "seal").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700


def test_a_key_file_is_never_overwritten(tmp_path: Path) -> None:
    create_private_key(tmp_path / "key.pem", fixed_key("first"))
    with pytest.raises(Unavailable, match="file exists"):
        create_private_key(tmp_path / "key.pem", fixed_key("second"))
    assert load_private_key(tmp_path / "key.pem").public_key == fixed_key("first").public_key
    assert [path.name for path in tmp_path.iterdir()] == ["key.pem"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601, 0o666])
def test_a_key_file_that_is_open_to_others_is_refused(tmp_path: Path, mode: int) -> None:
    path = written(tmp_path / "key.pem", fixed_key("signer").secret_pem(), mode)
    with pytest.raises(Unavailable, match="chmod it to 600"):
        load_private_key(path)


def test_a_key_that_is_missing_or_a_folder_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=r"none\.pem: no such file or directory"):
        load_private_key(tmp_path / "none.pem")
    (tmp_path / "folder").mkdir(mode=0o700)
    with pytest.raises(Unavailable, match="is a directory"):
        load_private_key(tmp_path / "folder")
    os.mkfifo(tmp_path / "pipe", 0o600)
    keeper = os.open(tmp_path / "pipe", os.O_RDWR)
    with pytest.raises(Unavailable, match="expected a file"):
        load_private_key(tmp_path / "pipe")
    os.close(keeper)


def test_a_secret_is_read_up_to_its_length_and_no_further(tmp_path: Path) -> None:
    replace_owner_only(tmp_path / "secret", b"four")
    assert read_owner_only(tmp_path / "secret", max_bytes=4) == b"four"
    with pytest.raises(Unavailable, match="at most 3 bytes"):
        read_owner_only(tmp_path / "secret", max_bytes=3)


def pem(key: ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"-----BEGIN PRIVATE KEY-----\n",
        b"\x00" * 5_000,
        pem(ed25519.Ed25519PrivateKey.generate()),
        pem(rsa.generate_private_key(65537, 2048)),
        ROOT.certificate.pem.encode(),
    ],
)
def test_what_is_no_ec_key_is_unavailable_and_not_quoted(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(Unavailable) as caught:
        load_private_key(written(tmp_path / "key.pem", data))
    assert "BEGIN" not in str(caught.value)


def test_a_signer_has_its_chain_leaf_first(tmp_path: Path) -> None:
    issuer = signer(ROOT, "issuer", Purpose.ISSUER)
    create_private_key(tmp_path / "key.pem", issuer.key)
    written(tmp_path / "chain.pem", issuer.certificate.pem.encode(), 0o644)
    loaded = load_signer(tmp_path / "key.pem", tmp_path / "chain.pem")
    assert loaded.chain == issuer.chain
    assert loaded.leaf == issuer.certificate
    assert loaded.signer.public_key == issuer.key.public_key


def test_a_chain_of_another_key_is_refused(tmp_path: Path) -> None:
    issuer = signer(ROOT, "issuer", Purpose.ISSUER)
    create_private_key(tmp_path / "key.pem", fixed_key("other"))
    written(tmp_path / "chain.pem", issuer.certificate.pem.encode(), 0o644)
    with pytest.raises(Unavailable, match="its first certificate is not of the key"):
        load_signer(tmp_path / "key.pem", tmp_path / "chain.pem")


def test_a_chain_that_is_none_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="expected PEM certificates"):
        load_certificates(written(tmp_path / "chain.pem", b"nothing"))
    with pytest.raises(Unavailable, match="at most"):
        load_certificates(written(tmp_path / "chain.pem", b"x" * ((1 << 18) + 1)))


def test_a_secret_comes_back_as_it_was(tmp_path: Path) -> None:
    secret = create_secret(tmp_path / "seal", random=system_random)
    assert load_secret(tmp_path / "seal") == secret
    assert len(secret) == 32


@pytest.mark.parametrize("data", [b"", b"AAAA", b"not base64url!", b"\xff\xfe"])
def test_a_secret_of_another_kind_is_unavailable(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(Unavailable):
        load_secret(written(tmp_path / "seal", data))


def test_a_secret_that_another_server_gave_is_a_line_of_text(tmp_path: Path) -> None:
    assert load_client_secret(written(tmp_path / "secret", b"s3cret with spaces/+\n")) == "s3cret with spaces/+"


@pytest.mark.parametrize("data", [b"", b"\n", b"two\nlines", "p\u00e4ss".encode()])
def test_another_servers_secret_that_is_no_line_is_unavailable(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(Unavailable, match="visible ASCII"):
        load_client_secret(written(tmp_path / "secret", data))


def test_a_draft_that_a_crash_left_behind_does_not_stand_in_the_way(tmp_path: Path) -> None:
    written(tmp_path / f".value.{os.getpid()}.draft", b"half")
    replace_owner_only(tmp_path / "value", b"whole")
    assert read_file(tmp_path / "value", max_bytes=10) == b"whole"
    assert [path.name for path in tmp_path.iterdir()] == ["value"]


def test_a_folder_that_is_missing_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="no such file or directory"):
        replace_owner_only(tmp_path / "missing" / "value", b"whole")


def test_the_systems_clock_is_after_this_was_written() -> None:
    assert SystemClock().now() > 1_700_000_000
