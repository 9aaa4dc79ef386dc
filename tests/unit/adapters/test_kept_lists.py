"""Lists in a folder: what is kept is there again, and what is spoiled is as if it were not."""

import stat
from pathlib import Path

import pytest

from zegel.adapters.kept_lists import ListFolder
from zegel.errors import Unavailable
from zegel.services.trust_ports import KeptList

KEPT = KeptList(sequence=7, fetched_at=1_800_000_000, body=b"header.payload\n.signature")


def shelf(
    folder: Path, *, location: str = "https://a.example", signers: tuple[bytes, ...] = (b"a", b"b")
) -> ListFolder:
    return ListFolder(folder / "lists", location=location, signers=signers)


def test_what_is_kept_is_there_again_for_its_owner_alone(tmp_path: Path) -> None:
    assert shelf(tmp_path).load() is None
    shelf(tmp_path).keep(KeptList(sequence=6, fetched_at=1, body=b"before"))
    shelf(tmp_path).keep(KEPT)
    assert shelf(tmp_path).load() == KEPT
    assert shelf(tmp_path, signers=(b"b", b"a")).load() == KEPT
    (file,) = (tmp_path / "lists").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_list_of_elsewhere_or_under_other_signers_is_another(tmp_path: Path) -> None:
    shelf(tmp_path).keep(KEPT)
    assert shelf(tmp_path, location="https://b.example").load() is None
    assert shelf(tmp_path, signers=(b"a",)).load() is None


@pytest.mark.parametrize(
    "spoiled",
    [
        b"",
        b"nonsense",
        b"[]\nlist",
        b'{"sequence":"1","fetched_at":2}\nlist',
        b'{"sequence":1}\nlist',
        b'{"sequence":1.5,"fetched_at":2}\n',
    ],
)
def test_what_is_spoiled_is_as_if_it_were_not_there(tmp_path: Path, spoiled: bytes) -> None:
    shelf(tmp_path).keep(KEPT)
    shelf(tmp_path).path.write_bytes(spoiled)
    assert shelf(tmp_path).load() is None


def test_a_folder_that_cannot_be_made_is_told_of(tmp_path: Path) -> None:
    (tmp_path / "lists").write_bytes(b"a file")
    with pytest.raises(Unavailable):
        shelf(tmp_path).keep(KEPT)
