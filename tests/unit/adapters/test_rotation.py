"""Keys rotated on the disk: whole at every moment, read by whoever reads meanwhile, and their owner's alone."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from zegel_testing.authorities import DAY, NOW, fixed_key
from zegel_testing.rotation import role_key, rotated
from zegel_testing.sandboxes import sandbox_at

from zegel.adapters.entropy import system_random
from zegel.adapters.keyfiles import load_certificates, load_private_key, load_signer
from zegel.adapters.keyrings import (
    MAX_RING,
    KeyFiles,
    load_generation,
    load_ring,
    rotating,
    settle,
    store_ring,
)
from zegel.adapters.rotation import SuccessorMaker, rotate_key, rotate_sealing_key, tidy_key, tidy_sealing_keys
from zegel.adapters.sealing_keys import MAX_SEALING_KEYS, RetiredKey, SealingKeys, load_sealing_keys, store_sealing_keys
from zegel.config.roles import Config
from zegel.errors import Unavailable
from zegel.primitives.encoding import base64url
from zegel.trust.authority import Draft
from zegel.trust.rotation import KeyRing

PUBLISHED = "provider.key"
CERTIFIED = "issuer.key"


class PowerCutError(Exception):
    """Nothing happens any more."""


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return sandbox_at(tmp_path)


@contextmanager
def power_cut(monkeypatch: pytest.MonkeyPatch, *, at: int, before: bool) -> Iterator[list[str]]:
    """The power fails at the n-th file that is replaced, just before it is or just after; the files so far."""
    replaced: list[str] = []
    real = os.replace

    def replace(source: Path, target: Path) -> None:
        if before and len(replaced) == at:
            raise PowerCutError
        real(source, target)
        replaced.append(Path(target).name)
        if not before and len(replaced) == at + 1:
            raise PowerCutError

    with monkeypatch.context() as patch:
        patch.setattr("zegel.adapters.files.os.replace", replace)
        yield replaced


def files_of(config: Config, name: str) -> KeyFiles:
    return role_key(config, name).files


def generations(ring: KeyRing) -> tuple[str, str | None, list[str]]:
    """A ring by its keys' names."""
    return ring.current.id, ring.successor and ring.successor.id, [retired.id for retired in ring.retired]


# --- files ----------------------------------------------------------------------------------------------------------


def test_a_key_that_was_never_rotated_is_in_use_alone(config: Config) -> None:
    ring = load_ring(files_of(config, CERTIFIED))
    signer = load_signer(config.issuer.key, config.issuer.chain)
    assert (ring.current.certificates, ring.current.since) == (signer.certificates, signer.leaf.not_before)
    assert (ring.successor, ring.retired) == (None, ())
    assert load_ring(files_of(config, PUBLISHED)).current.since is None


def test_a_rotation_puts_the_new_key_into_the_files_that_the_configuration_names(config: Config) -> None:
    before = load_private_key(config.issuer.key)
    ring = rotated(config, CERTIFIED, now=NOW)
    signer = load_signer(config.issuer.key, config.issuer.chain)
    assert (signer.signer.public_key, signer.certificates) == (ring.current.key, ring.current.certificates)
    assert [retired.key for retired in ring.retired] == [before.public_key]
    assert generations(load_ring(files_of(config, CERTIFIED))) == generations(ring)


def test_nothing_private_is_left_of_a_key_that_its_certificates_vouch_for(config: Config) -> None:
    before = load_private_key(config.issuer.key)
    rotated(config, CERTIFIED, now=NOW)
    files = [path.read_bytes() for path in config.issuer.key.parent.iterdir()]
    (secret,) = [before.secret_jwk()["d"]]
    assert not any(before.secret_pem() in data or str(secret).encode() in data for data in files)


def test_new_files_are_their_owners_alone(config: Config) -> None:
    umask = os.umask(0)
    try:
        rotated(config, CERTIFIED, now=NOW)
        rotated(config, PUBLISHED, now=NOW)
    finally:
        os.umask(umask)
    for name in (CERTIFIED, PUBLISHED):
        files = files_of(config, name)
        for path in (files.key, files.ring):
            assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.slow
@pytest.mark.parametrize("name", [CERTIFIED, PUBLISHED])
@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("at", range(4))
def test_after_a_power_cut_there_is_the_ring_that_was_or_the_next_one(
    config: Config, monkeypatch: pytest.MonkeyPatch, name: str, before: bool, at: int
) -> None:
    files = files_of(config, name)
    rotated(config, PUBLISHED, now=NOW)
    old = generations(load_ring(files))
    with power_cut(monkeypatch, at=at, before=before) as replaced:
        try:
            rotated(config, name, now=NOW + DAY)
        except PowerCutError:
            assert len(replaced) == at + (not before)
        else:  # with fewer files than that, it was over before
            assert len(replaced) <= at
    found = load_ring(files)
    if not replaced:
        assert generations(found) == old
    else:  # with the first file that is replaced, the rotation has happened
        assert found.current.id != old[0]
        assert [retired.id for retired in found.retired] == [old[0]]
    assert generations(settle(files)) == generations(found)
    assert load_private_key(files.key).public_key == found.current.key
    if files.chain is not None:
        assert load_certificates(files.chain) == found.current.certificates
    assert generations(load_ring(files)) == generations(found)
    assert not list(files.key.parent.glob(".*.draft"))


def test_whoever_reads_while_a_key_is_rotated_reads_again(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    """The key file is read, then all of the rotation happens, then the chain is read: they do not fit."""
    files = files_of(config, CERTIFIED)
    real, rotations = Path.open, iter([1])

    def open_chain(path: Path, *args: str) -> object:
        if path == files.chain and next(rotations, None):
            rotated(config, CERTIFIED, now=NOW)
        return real(path, *args)

    monkeypatch.setattr(Path, "open", open_chain)
    ring = load_ring(files)
    assert (len(ring.retired), ring.current.key) == (1, load_private_key(files.key).public_key)


def test_a_ring_that_changes_all_the_time_is_given_up(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    files = files_of(config, PUBLISHED)
    ring = rotated(config, PUBLISHED, now=NOW)
    real = os.open

    def write_and_open(path: Path, *args: int) -> int:
        if path == files.key:
            monkeypatch.setattr(os, "open", real)
            again = ring.announce(load_generation(fixed_key(str(os.urandom(8)))), now=NOW)
            store_ring(files, again)
            monkeypatch.setattr(os, "open", write_and_open)
        return real(path, *args)

    monkeypatch.setattr(os, "open", write_and_open)
    with pytest.raises(Unavailable, match="it changes all the time"):
        load_ring(files)


def test_a_key_that_somebody_put_there_by_hand_is_in_use_and_the_ring_goes_on(config: Config) -> None:
    """Since when nobody knows, and the one that it took the place of is not known any more."""
    rotated(config, PUBLISHED, now=NOW)
    config.provider.key.write_bytes(fixed_key("by hand").secret_pem())
    ring = load_ring(files_of(config, PUBLISHED))
    assert (ring.current.key, ring.current.since) == (fixed_key("by hand").public_key, None)
    assert ring.successor is not None


def test_a_successor_that_was_put_there_by_hand_is_no_successor_any_more(config: Config) -> None:
    successor = rotated(config, PUBLISHED, now=NOW).successor
    assert successor is not None
    assert successor.private is not None
    config.provider.key.write_bytes(successor.private.secret_pem())
    assert load_ring(files_of(config, PUBLISHED)).successor is None


@pytest.mark.parametrize(
    ("data", "why"),
    [(b"", "no key ring"), (b"\x80", "no key ring"), (b"x" * (MAX_RING + 1), "at most")],
    ids=["empty", "another object", "too long"],
)
def test_what_is_no_ring_is_unavailable(config: Config, data: bytes, why: str) -> None:
    files = files_of(config, PUBLISHED)
    files.ring.touch(mode=0o600)
    files.ring.write_bytes(data)
    with pytest.raises(Unavailable, match=why):
        load_ring(files)


def test_a_ring_that_others_may_read_is_not_read(config: Config) -> None:
    rotated(config, PUBLISHED, now=NOW)
    files_of(config, PUBLISHED).ring.chmod(0o640)
    with pytest.raises(Unavailable, match="chmod it to 600"):
        load_ring(files_of(config, PUBLISHED))


def test_one_rotates_at_a_time(config: Config) -> None:
    with rotating(config.issuer.key), pytest.raises(Unavailable, match="rotated by somebody else"):
        rotated(config, CERTIFIED, now=NOW)
    assert rotated(config, CERTIFIED, now=NOW).retired


def test_nobody_rotates_keys_whose_new_files_would_be_anothers(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: config.issuer.key.stat().st_uid + 1)
    with pytest.raises(Unavailable, match="rotate its keys as that user"):
        rotated(config, CERTIFIED, now=NOW)


@pytest.mark.parametrize("member", ["key", "chain", "ring"])
def test_nor_those_of_another_in_a_folder_of_ours(config: Config, monkeypatch: pytest.MonkeyPatch, member: str) -> None:
    """As root, in a folder of root's: the role could read its own key no more."""
    rotated(config, CERTIFIED, now=NOW)
    files = files_of(config, CERTIFIED)
    before, real = load_private_key(files.key).public_key, Path.lstat

    def lstat(path: Path) -> os.stat_result:
        status = real(path)
        if path != getattr(files, member):
            return status
        return os.stat_result((*status[:4], status.st_uid + 1, *status[5:10]))

    monkeypatch.setattr(Path, "lstat", lstat)
    with pytest.raises(Unavailable, match="rotate its keys as that user"):
        rotated(config, CERTIFIED, now=NOW)
    assert load_private_key(files.key).public_key == before


@pytest.mark.parametrize("member", ["key", "chain"])
def test_a_key_behind_a_link_is_not_rotated_for_it_would_stay_there(config: Config, member: str) -> None:
    path: Path = getattr(files_of(config, CERTIFIED), member)
    elsewhere = path.rename(path.parents[1] / path.name)
    path.symlink_to(elsewhere)
    with pytest.raises(Unavailable, match="it is a link"):
        rotated(config, CERTIFIED, now=NOW)
    assert path.is_symlink()


def test_what_a_crash_has_left_of_a_private_key_is_gone_with_the_next_command(config: Config) -> None:
    files, seal = files_of(config, CERTIFIED), config.issuer.sealing_key
    drafts = [
        path.with_name(f".{path.name}.{pid}.draft") for pid, path in enumerate((files.key, files.ring, seal), start=7)
    ]
    for draft in drafts:
        draft.write_bytes(fixed_key("of a rotation that was cut short").secret_pem())
    tidy_key(files, now=NOW)
    tidy_sealing_keys(seal, databases=(), trails=0, now=NOW)
    assert not any(map(Path.exists, drafts))


def test_a_ring_is_not_written_longer_than_it_is_read(config: Config) -> None:
    files = files_of(config, CERTIFIED)
    ring = rotated(config, CERTIFIED, now=NOW)
    before = generations(load_ring(files))
    too_many = replace(ring, retired=ring.retired * (MAX_RING // 400))
    with pytest.raises(Unavailable, match="it holds no more keys"):
        store_ring(files, too_many)
    assert generations(load_ring(files)) == before


# --- steps ----------------------------------------------------------------------------------------------------------


def test_what_is_over_is_removed_from_the_disk(config: Config) -> None:
    files = files_of(config, "verifier.access_key")
    rotated(config, "verifier.access_key", now=NOW)
    until = load_ring(files).retired[0].until
    assert until is not None
    assert len(tidy_key(files, now=until - 1).retired) == 1
    assert tidy_key(files, now=until).retired == load_ring(files).retired == ()


def test_a_successor_that_is_not_known_may_be_had_at_once(config: Config) -> None:
    first, _, _ = generations(load_ring(files_of(config, PUBLISHED)))
    ring = rotated(config, PUBLISHED, now=NOW, at_once=True)
    assert ring.current.id != first
    assert ring.successor is not None


def test_whoever_has_stolen_a_key_with_the_successor_beside_it_has_nothing_after_a_rotation_at_once(
    config: Config,
) -> None:
    files = files_of(config, PUBLISHED)
    stolen = rotated(config, PUBLISHED, now=NOW)
    assert stolen.successor is not None
    ring = rotated(config, PUBLISHED, now=NOW + 1, at_once=True)
    assert {stolen.current.id, stolen.successor.id} & {ring.current.id, ring.successor and ring.successor.id} == set()
    assert stolen.successor.private is not None
    assert str(stolen.successor.private.secret_jwk()["d"]).encode() not in files.ring.read_bytes()
    assert stolen.successor.private.secret_pem() not in files.ring.read_bytes()


def test_a_successor_from_outside_is_announced_in_the_place_of_ours(config: Config) -> None:
    key = role_key(config, PUBLISHED)
    maker = SuccessorMaker(authorities=Path("/nonexistent"), random=system_random, stamp=Draft.sign)
    rotated(config, PUBLISHED, now=NOW)
    given = load_generation(fixed_key("from outside"))
    ring = rotate_key(key.files, practice=key.practice, maker=maker, given=given, now=NOW + DAY)
    assert ring.successor is not None
    assert (ring.successor.key, ring.successor.since) == (fixed_key("from outside").public_key, NOW + DAY)


def test_without_its_authority_a_certificate_has_to_come_from_outside(config: Config, tmp_path: Path) -> None:
    key = role_key(config, CERTIFIED)
    before = load_private_key(config.issuer.key)
    for authorities in (tmp_path / "nonexistent", tmp_path / "trust"):
        maker = SuccessorMaker(authorities=authorities, random=system_random, stamp=Draft.sign)
        with pytest.raises(Unavailable, match="have a new key certified, and give both files"):
            rotate_key(key.files, practice=key.practice, maker=maker, now=NOW)
    assert load_private_key(config.issuer.key).public_key == before.public_key


def test_where_nobody_makes_a_successor_one_has_to_be_given(config: Config) -> None:
    key = role_key(config, CERTIFIED)
    with pytest.raises(Unavailable, match="give one"):
        rotate_key(key.files, practice=key.practice, now=NOW)


def test_an_authority_that_is_over_certifies_no_successor(config: Config) -> None:
    (authority,) = load_certificates(config.verifier.access_key.parents[1] / "authorities" / "access.pem")
    before = load_private_key(config.verifier.access_key)
    for now in (authority.not_after + 1, authority.not_after + 30 * DAY):
        with pytest.raises(Unavailable, match="is over"):
            rotated(config, "verifier.access_key", now=now)
    assert load_private_key(config.verifier.access_key).public_key == before.public_key


def test_a_successors_certificate_says_what_the_one_before_it_said(config: Config) -> None:
    old = load_certificates(config.verifier.access_chain)[0]
    new = rotated(config, "verifier.access_key", now=NOW + DAY).current.certificates[0]
    for member in ("subject", "issuer", "dns_names", "uris", "extended_key_usage", "signs", "authority_key_id"):
        assert getattr(new, member) == getattr(old, member)
    assert new.not_after - new.not_before == old.not_after - old.not_before
    assert (new.not_before, new.key_id != old.key_id) == (NOW, True)


# --- sealing keys ---------------------------------------------------------------------------------------------------

OLD, NEW = b"o" * 32, b"n" * 32


def test_sealing_keys_come_back_as_they_were(tmp_path: Path) -> None:
    keys = SealingKeys(current=NEW, retired=(RetiredKey(key=b"x" * 32, until=None), RetiredKey(key=OLD, until=NOW)))
    store_sealing_keys(tmp_path / "seal", keys)
    assert load_sealing_keys(tmp_path / "seal") == keys
    assert stat.S_IMODE((tmp_path / "seal").stat().st_mode) == 0o600


def test_a_retired_sealing_key_counts_until_its_end_and_not_at_it() -> None:
    keys = SealingKeys(current=OLD).rotate(NEW).end(until=NOW + 60)
    assert (keys.current, keys.earlier()) == (NEW, (OLD,))
    assert (keys.counting(NOW + 59), keys.counting(NOW + 60)) == ((OLD,), ())
    assert (keys.tidy(NOW + 59), keys.tidy(NOW + 60)) == (keys, SealingKeys(current=NEW))


def test_the_time_of_a_retired_sealing_key_begins_when_it_is_in_use_no_longer() -> None:
    keys = SealingKeys(current=OLD).rotate(NEW)
    assert (keys.counting(NOW + DAY), keys.tidy(NOW + DAY)) == ((OLD,), keys)
    ended = keys.end(until=NOW + 60)
    assert ended.end(until=NOW + 90) == ended  # it does not begin again


def test_under_an_older_key_whatever_came_after_it_is_not_in_use() -> None:
    keys = SealingKeys(current=b"x" * 32).rotate(OLD).end(until=NOW).rotate(NEW)
    assert keys.under(NEW) == keys
    assert keys.under(OLD) == SealingKeys(current=OLD, retired=(RetiredKey(key=b"x" * 32, until=NOW),))
    assert keys.under(b"y" * 32) == keys


def test_sealing_keys_show_nothing_of_themselves() -> None:
    shown = repr(SealingKeys(current=OLD).rotate(NEW))
    assert "ooo" not in shown
    assert "nnn" not in shown


KEY = base64url(OLD)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "32 bytes"),
        ("short", "32 bytes|base64url"),
        (f"{KEY}\n{KEY}\n", "until when it counts"),
        (f"{KEY}\n{KEY} soon\n", "until when it counts"),
        (f"{KEY}\n!{KEY[1:]} 1\n", "base64url"),
        (f"{KEY}\n" + f"{KEY} 1\n" * (MAX_SEALING_KEYS // 46), "at most"),
    ],
)
def test_a_file_that_holds_something_else_is_unavailable(tmp_path: Path, text: str, why: str) -> None:
    path = tmp_path / "seal"
    path.touch(mode=0o600)
    path.write_text(text)
    with pytest.raises(Unavailable, match=why):
        load_sealing_keys(path)


def test_a_database_that_is_not_there_needs_no_old_key(tmp_path: Path) -> None:
    path = tmp_path / "seal"
    store_sealing_keys(path, SealingKeys(current=OLD))
    databases = [tmp_path / "missing.db"]
    rotate_sealing_key(path, databases=databases, trails=1, random=system_random, now=NOW)
    assert tidy_sealing_keys(path, databases=databases, trails=1, now=NOW).earlier() == (OLD,)
    assert tidy_sealing_keys(path, databases=databases, trails=1, now=NOW + 1).earlier() == ()


def test_no_more_sealing_keys_are_written_than_are_read(tmp_path: Path) -> None:
    path = tmp_path / "seal"
    keys = store_sealing_keys(path, SealingKeys(current=OLD))
    too_many = SealingKeys(current=NEW, retired=(RetiredKey(key=OLD, until=None),) * (MAX_SEALING_KEYS // 46))
    store_sealing_keys(path, replace(too_many, retired=too_many.retired[1:]))
    before = load_sealing_keys(path)
    with pytest.raises(Unavailable, match="it holds no more keys"):
        store_sealing_keys(path, too_many)
    assert load_sealing_keys(path) == before != keys
