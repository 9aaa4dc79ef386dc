"""``zegel keys``: the keys of a sandbox, listed and rotated."""

import json
import stat
from pathlib import Path
from typing import Any

import pytest
from zegel_testing.authorities import NOW, fixed_key, fixed_random
from zegel_testing.sandboxes import sandbox_at

from zegel.adapters.clock import SystemClock
from zegel.adapters.files import create_owner_only
from zegel.adapters.keyfiles import create_private_key, create_secret, load_certificates, load_private_key
from zegel.adapters.sandbox.access_root import BELOW_ROOT
from zegel.adapters.sandbox.authorities import write_identity
from zegel.adapters.sealing_keys import load_sealing_keys
from zegel.checks import Check
from zegel.config.roles import Config
from zegel.primitives.encoding import base64url
from zegel.trust.authority import Authority, renew_certificate

SIGNING = [
    "issuer.key",
    "issuer.status_key",
    "issuer.access_key",
    "issuer.encryption_key",
    "verifier.access_key",
    "provider.key",
    "provider.access_key",
    "door.access_key",
    "wallet-provider.key",
    "wallet-provider.status_key",
    "registrar.key",
    "registrar.registration_key",
    "access-authority.key",
]
SECRETS = [
    "issuer.sealing_key",
    "verifier.sealing_key",
    "provider.sealing_key",
    "wallet-provider.sealing_key",
    "registrar.sealing_key",
    "access-authority.sealing_key",
    "provider.subject_secret",
]


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return sandbox_at(tmp_path)


@pytest.fixture
def keys(zegel: Any, config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run ``zegel keys`` with the sandbox's configuration, when that was made."""
    monkeypatch.setattr(SystemClock, "now", lambda _: NOW)
    return lambda *args: zegel("keys", *args, "--config", tmp_path / "zegel.toml")


def states(ran: Any) -> list[str]:
    """The states of the generations that are told, in their order."""
    return [row["state"] for row in ran.json["keys"]]


def test_every_key_of_every_role_is_listed(keys: Any) -> None:
    ran = keys("list", "--json")
    assert (ran.code, ran.json["failed"]) == (0, {})
    assert [row["key"] for row in ran.json["keys"]] == SIGNING + SECRETS
    assert set(states(ran)) == {"current"}


def test_a_key_is_told_by_its_thumbprint_and_its_certificates_time(keys: Any, config: Config) -> None:
    row = keys("list", "issuer.key", "--json").json["keys"][0]
    (certificate,) = load_certificates(config.issuer.chain)
    assert row["kid"] == base64url(certificate.key.thumbprint())
    assert (row["not_before"], row["not_after"]) == (certificate.not_before, certificate.not_after)
    assert (row["since"], row["until"]) == (certificate.not_before, None)


@pytest.mark.slow
def test_nothing_private_is_shown(keys: Any, config: Config, tmp_path: Path) -> None:
    for name in ("provider.key", "issuer.key", "verifier.access_key", "issuer.sealing_key"):
        assert keys("rotate", name, *([] if "sealing" in name else ["--at-once"])).code == 0
    shown = keys("list").out + keys("list", "--json").out
    secrets = [line for path in (tmp_path / "keys").iterdir() for line in path.read_bytes().split() if len(line) > 30]
    assert len(secrets) > 60
    assert not any(secret.decode("latin-1") in shown for secret in secrets)
    for path in (config.provider.key, config.issuer.key, config.verifier.access_key):
        assert load_private_key(path).secret_jwk()["d"] not in shown


@pytest.mark.slow
def test_a_key_that_is_published_is_announced_first_and_takes_over_later(keys: Any) -> None:
    announced = keys("rotate", "provider.key", "--json")
    assert (announced.code, states(announced)) == (0, ["current", "successor"])
    successor = announced.json["keys"][1]
    assert successor["ready_at"] == successor["since"] + 360
    early = keys("rotate", "provider.key", "--json")
    assert (early.code, early.json["check"]) == (3, "availability")
    assert "its successor may sign in" in early.json["detail"]
    at_once = keys("rotate", "provider.key", "--at-once", "--json")  # to a key that lay beside no other
    assert (at_once.code, states(at_once)) == (0, ["current", "successor", "retired"])
    assert successor["kid"] not in {row["kid"] for row in at_once.json["keys"]}
    retired = at_once.json["keys"][2]
    assert (retired["until"] - retired["since"], retired["kept"]) == (420, False)


def test_a_key_whose_certificate_travels_along_is_rotated_in_one_step(keys: Any) -> None:
    ran = keys("rotate", "issuer.key", "--json")
    assert (ran.code, states(ran)) == (0, ["current", "retired"])
    retired = ran.json["keys"][1]
    assert (retired["until"], retired["kept"]) == (retired["not_after"], False)
    status = keys("list", "issuer.status_key", "--json")  # in a sandbox it is the same file
    assert [row["kid"] for row in status.json["keys"]] == [row["kid"] for row in ran.json["keys"]]


def test_people_read_a_line_a_generation(keys: Any) -> None:
    keys("rotate", "verifier.access_key")
    current, retired = keys("list", "verifier.access_key").out.splitlines()
    assert current.startswith("verifier.access_key  current  ")
    assert retired.startswith("verifier.access_key  retired  ")
    assert "must be known until" in retired
    assert "certificate until" in current


@pytest.mark.slow
def test_a_sealing_key_that_was_made_elsewhere_seals(keys: Any, config: Config, tmp_path: Path) -> None:
    made = create_secret(tmp_path / "made.seal", random=fixed_random(7))
    assert keys("rotate", "issuer.sealing_key", "--key", tmp_path / "made.seal").code == 0
    sealing = load_sealing_keys(config.issuer.sealing_key)
    assert (sealing.current, len(sealing.retired)) == (made, 1)
    again = keys("rotate", "issuer.sealing_key", "--key", tmp_path / "made.seal", "--json")
    assert (again.code, again.json["check"]) == (3, "availability")
    assert "one of its keys already" in again.json["detail"]
    assert load_sealing_keys(config.issuer.sealing_key) == sealing


@pytest.mark.parametrize("text", [None, "", "no key", "c2hvcnQ"])
def test_a_sealing_key_that_is_none_is_refused_and_the_present_one_stays(
    keys: Any, config: Config, tmp_path: Path, text: str | None
) -> None:
    before = load_sealing_keys(config.issuer.sealing_key)
    if text is not None:
        create_owner_only(tmp_path / "made.seal", text.encode())
    ran = keys("rotate", "issuer.sealing_key", "--key", tmp_path / "made.seal", "--json")
    assert (ran.code, ran.json["check"]) == (3, "availability")
    assert "made.seal" in ran.json["detail"]
    assert load_sealing_keys(config.issuer.sealing_key) == before


@pytest.mark.parametrize(
    ("key", "options", "named"),
    [
        ("issuer.sealing_key", ["--chain", "chain.pem"], "--chain"),
        ("issuer.sealing_key", ["--another-party"], "--another-party"),
        ("issuer.sealing_key", ["--at-once"], "--at-once"),
        ("issuer.key", ["--another-party"], "--another-party"),
    ],
)
def test_an_option_that_a_key_has_no_use_for_is_wrong_usage(
    keys: Any, config: Config, key: str, options: list[str], named: str
) -> None:
    before = load_sealing_keys(config.issuer.sealing_key)
    ran = keys("rotate", key, *options, "--json")
    assert (ran.code, ran.json["field"]) == (2, named)
    assert load_sealing_keys(config.issuer.sealing_key) == before


def test_a_sealing_key_is_told_without_a_name(keys: Any) -> None:
    ran = keys("rotate", "issuer.sealing_key", "--json")
    assert (ran.code, states(ran)) == (0, ["current", "retired"])
    assert {row["kid"] for row in ran.json["keys"]} == {None}
    assert [row["until"] for row in ran.json["keys"]] == [None, None]  # a role may be running that uses it
    keys("tidy", "issuer.sealing_key")
    retired = keys("list", "issuer.sealing_key", "--json").json["keys"][1]
    assert (retired["state"], retired["until"] is not None) == ("retired", True)


@pytest.mark.slow
def test_what_is_not_over_stays_when_everything_is_tidied(keys: Any) -> None:
    keys("rotate", "verifier.access_key")
    before = keys("list", "--json").json
    ran = keys("tidy", "--json")
    assert (ran.code, ran.json) == (0, before)


def test_what_makes_lasting_subs_is_not_rotated(keys: Any, config: Config) -> None:
    before = config.provider.subject_secret.read_bytes()
    ran = keys("rotate", "provider.subject_secret", "--json")
    assert (ran.code, "everybody would be somebody else" in ran.json["detail"]) == (3, True)
    assert config.provider.subject_secret.read_bytes() == before


def test_a_key_that_cannot_be_read_does_not_hide_the_others(keys: Any, config: Config) -> None:
    config.verifier.access_key.chmod(0o644)
    ran = keys("list", "--json")
    assert ran.code == 3
    assert list(ran.json["failed"]) == ["verifier.access_key"]
    assert "chmod it to 600" in ran.json["failed"]["verifier.access_key"]
    assert len(ran.json["keys"]) == len(SIGNING + SECRETS) - 1
    assert "verifier.access_key  " in keys("list").out.splitlines()[-1]


def test_a_key_that_is_named_must_be_there(keys: Any, config: Config) -> None:
    config.provider.key.unlink()
    assert "provider.key" not in {row["key"] for row in keys("list", "--json").json["keys"]}
    assert keys("list", "provider.key").code == 3


def certified_elsewhere(config: Config, folder: Path) -> list[Path | str]:
    """An access key of the verifier's that its authority has certified: the options that name it."""
    roots = config.verifier.access_key.parents[1] / "authorities"
    authority = Authority(
        certificate=load_certificates(roots / f"{BELOW_ROOT}.pem")[0],
        key=load_private_key(roots / f"{BELOW_ROOT}.key.pem"),
    )
    old, below = load_certificates(config.verifier.access_chain)
    key = fixed_key("elsewhere")
    random = fixed_random("elsewhere")
    certificate = renew_certificate(authority, old, key=key.public_key, now=old.not_before, days=30, random=random)
    write_identity(folder / "elsewhere", key, certificate, below)
    return ["--key", folder / "elsewhere.key.pem", "--chain", folder / "elsewhere.pem"]


def test_a_key_that_was_certified_elsewhere_takes_over(keys: Any, config: Config, tmp_path: Path) -> None:
    ran = keys("rotate", "verifier.access_key", *certified_elsewhere(config, tmp_path), "--json")
    assert (ran.code, states(ran)) == (0, ["current", "retired"])
    assert load_private_key(config.verifier.access_key).public_key == fixed_key("elsewhere").public_key


@pytest.mark.refuses(Check.CERTIFICATE_PROFILE)
@pytest.mark.parametrize("other", ["issuer", "provider-access"])
def test_a_key_with_the_certificate_of_another_purpose_or_party_takes_no_place(
    keys: Any, config: Config, other: str
) -> None:
    folder = config.verifier.access_key.parent
    before = load_private_key(config.verifier.access_key)
    options = ["--key", folder / f"{other}.key.pem", "--chain", folder / f"{other}.pem"]
    ran = keys("rotate", "verifier.access_key", *options, "--json")
    assert (ran.code, ran.json["check"]) == (1, "certificate-profile")
    assert load_private_key(config.verifier.access_key).public_key == before.public_key


@pytest.mark.parametrize("over", [True, False], ids=["is over", "has not begun"])
def test_nothing_takes_over_whose_certificate_is_not_in_force(
    keys: Any, config: Config, tmp_path: Path, over: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = certified_elsewhere(config, tmp_path)
    certificate, _ = load_certificates(options[3])
    now = certificate.not_after + 1 if over else certificate.not_before - 1
    before = load_private_key(config.verifier.access_key)
    monkeypatch.setattr(SystemClock, "now", lambda _: now)
    ran = keys("rotate", "verifier.access_key", *options, "--json")
    assert (ran.code, "is not in force" in ran.json["detail"]) == (3, True)
    assert load_private_key(config.verifier.access_key).public_key == before.public_key


def test_a_key_that_another_setting_has_under_another_chain_is_not_rotated(
    keys: Any, config: Config, tmp_path: Path
) -> None:
    """The other role would be left with a chain of a key that is gone."""
    (tmp_path / "other.pem").write_bytes(config.issuer.chain.read_bytes())
    file = tmp_path / "zegel.toml"
    file.write_text(file.read_text().replace('status_chain = "keys/issuer.pem"', 'status_chain = "other.pem"'))
    before = load_private_key(config.issuer.key)
    ran = keys("rotate", "issuer.key", "--json")
    assert (ran.code, "issuer.status_key is the same key under another chain" in ran.json["detail"]) == (3, True)
    assert load_private_key(config.issuer.key).public_key == before.public_key


@pytest.mark.refuses(Check.SYNTAX)
@pytest.mark.parametrize(
    "args",
    [
        ("list", "issuer.chain"),
        ("rotate", "nobody.key"),
        ("rotate", "verifier.access_key", "--key", "key.pem"),
        ("rotate", "verifier.access_key", "--chain", "key.pem"),
        ("rotate", "provider.key", "--key", "key.pem", "--chain", "key.pem"),
    ],
)
def test_a_key_that_is_not_known_or_half_given_is_wrong_usage(keys: Any, args: tuple[str, ...]) -> None:
    ran = keys(*args, "--json")
    assert (ran.code, ran.json["check"]) == (2, "syntax")


def test_a_chain_of_another_key_is_refused(keys: Any, config: Config, tmp_path: Path) -> None:
    options = certified_elsewhere(config, tmp_path)
    create_private_key(tmp_path / "other.key.pem", fixed_key("other"))
    before = load_private_key(config.verifier.access_key)
    ran = keys("rotate", "verifier.access_key", "--key", tmp_path / "other.key.pem", *options[2:], "--json")
    assert (ran.code, "its first certificate is not of the key" in ran.json["detail"]) == (3, True)
    assert load_private_key(config.verifier.access_key).public_key == before.public_key


def test_a_key_ring_that_is_none_is_found_before_a_role_starts(config: Config, zegel: Any, tmp_path: Path) -> None:
    for key in (config.provider.key, config.issuer.status_key):
        ring = key.with_name(key.name + ".ring")
        ring.touch(mode=0o600)
    ran = zegel("config", "check", "issuer", "provider", "--config", tmp_path / "zegel.toml", "--json")
    found = dict(fault.split(": ", 1) for fault in ran.json["faults"])
    assert ran.code == 3
    for setting in ("provider.key", "issuer.status_key"):
        assert found[setting].endswith(".ring: it is no key ring of this zegel")


def test_a_request_makes_the_folder_that_it_is_to_go_to(keys: Any, tmp_path: Path) -> None:
    ran = keys("request", "verifier.access_key", "--to", tmp_path / "new" / "folder", "--json")
    assert (ran.code, ran.json["key"]) == (0, str(tmp_path / "new" / "folder" / "next.key.pem"))
    assert stat.S_IMODE((tmp_path / "new" / "folder").stat().st_mode) == 0o700
    assert keys("request", "verifier.access_key", "--to", tmp_path / "new" / "folder", "--json").code == 3


@pytest.mark.slow
def test_the_configuration_is_whole_after_every_rotation(keys: Any, zegel: Any, tmp_path: Path) -> None:
    for name in (*SIGNING, *SECRETS[:-1]):
        assert keys("rotate", name, *([] if "sealing" in name else ["--at-once"])).code == 0
    roles = ("issuer", "verifier", "provider", "wallet-provider", "registrar", "access-authority")
    ran = zegel("config", "check", *roles, "--config", tmp_path / "zegel.toml", "--json")
    assert json.loads(ran.out)["faults"] == []
