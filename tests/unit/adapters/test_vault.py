import os
import signal
import stat
import struct
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from zegel_testing.authorities import fixed_key
from zegel_testing.vault_saver import SaverContents

from zegel.adapters import vault as vaults
from zegel.adapters.entropy import system_random
from zegel.adapters.vault import Cost, Vault, create_vault, open_vault, parse_header
from zegel.checks import Check
from zegel.errors import Malformed, Rejected, Unavailable
from zegel.primitives.keys import PrivateKey

PASSPHRASE = "correct horse battery staple"
SUPPORT = Path(__file__).parents[2] / "support"
CHEAP = Cost(iterations=1, lanes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    names: tuple[str, ...] = ()
    key: PrivateKey | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Other:
    numbers: tuple[int, ...]


def created(path: Path, value: Contents) -> Vault[Contents]:
    return create_vault(path, PASSPHRASE, value, states=(Contents,), random=system_random, cost=CHEAP)


def opened(path: Path, passphrase: str = PASSPHRASE) -> Vault[Contents]:
    return open_vault(path, passphrase, states=(Contents,), random=system_random)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    created(tmp_path / "wallet.vault", Contents(names=("Ada Voorbeeld",))).close()
    return tmp_path / "wallet.vault"


@pytest.mark.slow
def test_a_vault_opens_with_what_was_put_in(path: Path) -> None:
    with opened(path) as vault:
        assert vault.value == Contents(names=("Ada Voorbeeld",))
        vault.save(Contents(names=("Eve",), key=fixed_key("holder")))
        assert vault.value.names == ("Eve",)
    with opened(path) as vault:
        assert vault.value.names == ("Eve",)
        assert vault.value.key is not None
        assert vault.value.key.public_key == fixed_key("holder").public_key


@pytest.mark.slow
def test_the_default_cost_is_no_less_than_the_least(tmp_path: Path) -> None:
    create_vault(tmp_path / "wallet.vault", PASSPHRASE, Contents(), states=(Contents,), random=system_random).close()
    header = parse_header((tmp_path / "wallet.vault").read_bytes()[:31])
    assert header.cost == Cost(memory_kib=65_536, iterations=3, lanes=4)
    opened(tmp_path / "wallet.vault").close()


@pytest.mark.slow
def test_another_passphrase_is_refused_by_name(path: Path) -> None:
    with pytest.raises(Rejected) as caught:
        opened(path, "correct horse")
    assert caught.value.check is Check.PASSPHRASE
    opened(path).close()  # and the lock was let go


@pytest.mark.slow
def test_a_passphrase_is_the_same_however_its_letters_are_composed(tmp_path: Path) -> None:
    vault = create_vault(tmp_path / "v", "Zoe\u0308", Contents(), states=(Contents,), random=system_random, cost=CHEAP)
    vault.close()
    open_vault(tmp_path / "v", "Zo\u00eb", states=(Contents,), random=system_random).close()


def test_an_empty_passphrase_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Malformed, match="not empty"):
        create_vault(tmp_path / "v", "", Contents(), states=(Contents,), random=system_random)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize("at", [-1, 31, 50, 26])
def test_a_changed_byte_is_refused(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)
    with pytest.raises(Rejected, match="or the file is damaged"):
        opened(path)


@pytest.mark.slow
@pytest.mark.parametrize("size", [31, 40, 60])
def test_a_cut_vault_is_refused(path: Path, size: int) -> None:
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(Rejected, match="or the file is damaged"):
        opened(path)


def header(
    *, magic: bytes = b"zegelvlt", version: int = 1, memory: int = 65_536, times: int = 1, lanes: int = 1
) -> bytes:
    return struct.pack(">8sBIBB16s", magic, version, memory, times, lanes, b"s" * 16)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "expected a vault"),
        (b"zegelvlt", "expected a vault"),
        (b"x" * 31, "expected a vault"),
        (header(version=2), "expected version 1, got 2"),
        (header(memory=65_535), "expected 65536 to 1048576 KiB, got 65535"),
        (header(memory=1 << 21), "expected 65536 to 1048576 KiB, got 2097152"),
        (header(times=0), "expected 1 to 16, got 0"),
        (header(times=17), "expected 1 to 16, got 17"),
        (header(lanes=0), "expected 1 to 16, got 0"),
        (header(lanes=17), "expected 1 to 16, got 17"),
    ],
)
def test_what_is_no_vault_or_a_weak_one_is_malformed(path: Path, data: bytes, reason: str) -> None:
    path.write_bytes(data)
    with pytest.raises(Malformed, match=reason):
        opened(path)


def test_a_weak_vault_cannot_be_made(tmp_path: Path) -> None:
    weak = Cost(memory_kib=1_024)
    with pytest.raises(Malformed, match="got 1024"):
        create_vault(tmp_path / "v", PASSPHRASE, Contents(), states=(Contents,), random=system_random, cost=weak)


@pytest.mark.slow
def test_one_program_opens_a_vault_at_a_time(path: Path) -> None:
    with opened(path), pytest.raises(Unavailable, match="another program has this vault open; end it"):
        opened(path)
    opened(path).close()


@pytest.mark.slow
def test_a_vault_is_never_made_over_another(path: Path) -> None:
    with pytest.raises(Unavailable, match="file exists"):
        created(path, Contents())
    with opened(path) as vault:
        assert vault.value.names == ("Ada Voorbeeld",)


@pytest.mark.slow
def test_a_vault_is_its_owners_alone_and_says_nothing(path: Path) -> None:
    for file in path.parent.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert b"Ada" not in file.read_bytes()
        assert b"Contents" not in file.read_bytes()
    path.chmod(0o644)
    with pytest.raises(Unavailable, match="chmod it to 600"):
        opened(path)


def test_a_vault_that_is_missing_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="no such file or directory"):
        opened(tmp_path / "none.vault")
    assert list(tmp_path.iterdir()) == []  # nor is a lock left beside what is not there
    with pytest.raises(Unavailable, match="no such file or directory"):
        opened(tmp_path / "nowhere" / "none.vault")


@pytest.mark.slow
def test_a_vault_of_another_version_of_zegel_is_unavailable(path: Path) -> None:
    with pytest.raises(Unavailable, match="another version of zegel"):
        open_vault(path, PASSPHRASE, states=(Other,), random=system_random)
    opened(path).close()


@pytest.mark.slow
def test_a_vault_holds_so_much_and_no_more(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vaults, "MAX_VAULT", 1_000)
    with opened(path) as vault:
        with pytest.raises(Unavailable, match="at most 1000 bytes"):
            vault.save(Contents(names=("x" * 1_000,)))
        assert vault.value.names == ("Ada Voorbeeld",)


@pytest.mark.slow
def test_a_save_that_fails_changes_nothing(path: Path) -> None:
    with opened(path) as vault:
        path.parent.joinpath(f".{path.name}.{os.getpid()}.draft").mkdir()
        with pytest.raises(Unavailable):
            vault.save(Contents(names=("Eve",)))
        assert vault.value.names == ("Ada Voorbeeld",)
    with opened(path) as vault:
        assert vault.value.names == ("Ada Voorbeeld",)


@pytest.mark.slow
def test_what_a_crash_left_beside_a_vault_is_gone_when_it_is_opened(path: Path) -> None:
    left = path.parent / f".{path.name}.4711.draft"
    left.write_bytes(path.read_bytes())
    another = path.parent / ".another.vault.4711.draft"
    another.write_bytes(b"not ours")
    opened(path).close()
    assert {each.name for each in path.parent.iterdir()} == {path.name, path.name + ".lock", another.name}


@pytest.mark.slow
def test_nothing_beside_a_vault_is_touched_while_another_program_has_it_open(path: Path) -> None:
    with opened(path):
        draft = path.parent / f".{path.name}.4711.draft"
        draft.write_bytes(b"it is being written")
        with pytest.raises(Unavailable, match="another program"):
            opened(path)
        assert draft.exists()


@pytest.mark.slow
def test_a_closed_vault_is_closed(path: Path) -> None:
    vault = opened(path)
    vault.close()
    vault.close()
    with pytest.raises(RuntimeError, match="closed"):
        vault.save(Contents())
    assert repr(vault) == f"<vault {path}>"


@pytest.mark.slow
def test_every_save_has_its_own_nonce(path: Path) -> None:
    with opened(path) as vault:
        vault.save(vault.value)
        first = path.read_bytes()
        vault.save(vault.value)
    assert path.read_bytes()[:31] == first[:31]
    assert path.read_bytes()[31:43] != first[31:43]


@pytest.mark.slow
@pytest.mark.parametrize("saves", [1, 2, 3, 5, 8])
def test_a_kill_in_the_middle_of_a_save_leaves_a_whole_vault(tmp_path: Path, saves: int) -> None:
    path = tmp_path / "wallet.vault"
    saver = subprocess.Popen(
        [sys.executable, "-m", "zegel_testing.vault_saver", str(path)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join((str(SUPPORT), *sys.path))},
    )
    assert saver.stdout is not None
    last = [int(saver.stdout.readline()) for _ in range(saves)][-1]
    saver.send_signal(signal.SIGKILL)
    saver.communicate()
    with open_vault(path, PASSPHRASE, states=(SaverContents,), random=system_random) as vault:
        assert vault.value.number >= last
        assert vault.value.ballast == bytes([vault.value.number % 256]) * len(vault.value.ballast)
