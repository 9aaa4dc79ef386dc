"""``zegel sandbox``: everything that the roles need, in one folder, for its owner alone."""

import stat
from pathlib import Path
from typing import Any

import pytest
from zegel_testing.authorities import DAY, NOW

from zegel.adapters.configuration import load_config
from zegel.adapters.keyfiles import load_certificates, load_secret, load_signer
from zegel.adapters.registration_files import load_registration
from zegel.adapters.sandbox.registrations import REGISTRATIONS
from zegel.adapters.trust_files import load_trust
from zegel.checks import Check
from zegel.trust.anchors import Purpose

ENTITIES = {
    "issuer": Purpose.ISSUER,
    "issuer-access": Purpose.ACCESS,
    "verifier-access": Purpose.ACCESS,
    "provider-access": Purpose.ACCESS,
    "wallet-provider": Purpose.WALLET_PROVIDER,
    "wallet-status": Purpose.WALLET_STATUS,
    "registration": Purpose.REGISTRATION,
}


@pytest.mark.slow
def test_it_says_what_it_made(zegel: Any, tmp_path: Path) -> None:
    said = zegel("sandbox", tmp_path / "utopia", "--json").json
    assert said.keys() == {"config", "trust_folder", "web_ca"}
    assert all(Path(path).exists() for path in said.values())


@pytest.mark.slow
def test_it_says_what_to_do_next(zegel: Any, tmp_path: Path) -> None:
    ran = zegel("sandbox", "utopia")
    assert (ran.code, ran.err) == (0, "")
    assert "start the roles with: zegel serve --config " in ran.out


@pytest.mark.slow
def test_without_a_name_it_is_called_sandbox(zegel: Any) -> None:
    assert Path(zegel("sandbox", "--json").json["config"]) == Path("sandbox/zegel.toml").resolve()


def test_only_its_owner_reads_it(sandbox: Any) -> None:
    folder = sandbox.config.parent
    for path in (folder, *folder.rglob("*")):
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode & 0o077 == 0, path
    assert not list(folder.rglob(".*")), "a draft was left"


def test_its_configuration_is_whole(sandbox: Any) -> None:
    config = load_config(sandbox.config)
    for role, key in (("issuer", "key"), ("verifier", "access_key"), ("wallet_provider", "key")):
        assert getattr(getattr(config, role), key).exists()
    for role in (config.issuer, config.verifier, config.provider, config.wallet_provider):
        assert len(load_secret(role.sealing_key)) == 32
    assert [listed.purpose for listed in config.trusted_lists] == [
        "pid", "attestation", "wallet-provider", "access", "registration"
    ]  # fmt: skip
    assert all(listed.signer.exists() for listed in config.trusted_lists)


@pytest.mark.parametrize("entity", ENTITIES)
@pytest.mark.requirement("RPACANot_03")
@pytest.mark.requirement("PPNot_04")
@pytest.mark.requirement("WPNot_03a")
@pytest.mark.requirement("RPACANot_03a")
@pytest.mark.requirement("RPACANot_03b")
def test_whoever_signs_stands_on_a_list_for_it_and_nothing_else(sandbox: Any, entity: str) -> None:
    anchors = load_trust([sandbox.trust_folder], now=NOW)
    keys = sandbox.config.parent / "keys"
    signer = load_signer(keys / f"{entity}.key.pem", keys / f"{entity}.pem")
    trusted = []
    for purpose in Purpose:
        try:
            anchors.verify_chain(signer.chain, purpose=purpose, now=NOW)
        except Exception:  # noqa: BLE001 whichever refusal
            continue
        trusted.append(purpose)
    # these two sign their status lists themselves
    also = {"issuer": {Purpose.STATUS}, "registration": {Purpose.REGISTRATION_STATUS}}.get(entity, set())
    assert set(trusted) == {ENTITIES[entity]} | also


PARTIES = [f"GOVUT-000{number}" for number in (1, 2, 3, 5, 6, 7)]


def test_its_parties_stand_in_its_register_each_approved_by_another_than_applied(zegel: Any, sandbox: Any) -> None:
    config = ("--config", sandbox.config)
    audited = zegel("registrar", "audit", *config, "--json").json
    assert (audited["size"], audited["registrations"]) == (2 * len(PARTIES), len(PARTIES))
    found = zegel("registrar", "search", "Utopia", *config).out.splitlines()
    assert [line.split()[0] for line in found] == PARTIES


def test_its_first_certificates_say_what_is_registered_and_end_before_those_of_the_registrar(sandbox: Any) -> None:
    folder = sandbox.config.parent
    for path in REGISTRATIONS.values():
        certificate = load_registration(folder / path).unverified_certificate
        assert certificate.identifier in PARTIES
        assert certificate.registry == load_config(sandbox.config).registrar.origin + "/wrp"
        assert certificate.service
        assert bool(certificate.intended_use) is not bool(certificate.provides)
        assert certificate.valid_until == NOW + 180 * DAY


def test_no_anchor_is_sent_along(sandbox: Any) -> None:
    folder = sandbox.config.parent
    known = [certificate for file in (folder / "authorities").glob("*.pem") if not file.name.endswith(".key.pem")
             for certificate in load_certificates(file)]  # fmt: skip
    roots = {certificate.der for certificate in known if certificate.issuer == certificate.subject}
    assert len(roots) == len(known) - 1
    for entity in ENTITIES:
        chain = load_certificates(folder / "keys" / f"{entity}.pem")
        assert not roots & {certificate.der for certificate in chain}
        assert len(chain) == (2 if entity.endswith("-access") else 1), "with who certifies below the access root"


def test_certificates_last_a_year_and_begin_yesterday(sandbox: Any) -> None:
    for entity in ENTITIES:
        leaf = load_certificates(sandbox.config.parent / "keys" / f"{entity}.pem")[0]
        assert leaf.not_before == NOW - DAY
        assert NOW + 363 * DAY < leaf.not_after <= NOW + 364 * DAY


@pytest.mark.slow
@pytest.mark.parametrize("profile", ["haip", "plain"])
@pytest.mark.parametrize("tls", [True, False])
def test_profile_and_tls_are_chosen(zegel: Any, profile: str, tls: bool) -> None:
    said = zegel("sandbox", "utopia", "--profile", profile, *(("--tls",) if tls else ()), "--json").json
    config = load_config(Path(said["config"]))
    assert (config.issuer.profile, config.verifier.profile) == (profile, profile)
    assert config.issuer.origin == f"http{'s' if tls else ''}://issuer.localhost:7101"
    assert (config.issuer.tls_certificate is not None) == tls


@pytest.mark.slow
def test_the_ports_are_chosen(zegel: Any) -> None:
    config = load_config(Path(zegel("sandbox", "utopia", "--port", "20000", "--json").json["config"]))
    assert (config.issuer.port, config.issuer.operator_port) == (20000, 20010)


@pytest.mark.parametrize("port", ["0", "-5", "65535", "65530", "99999"])
@pytest.mark.refuses(Check.SYNTAX)
def test_a_port_is_one(zegel: Any, port: str) -> None:
    ran = zegel("sandbox", "utopia", f"--port={port}", "--json")
    assert (ran.code, ran.json["check"], ran.json["field"]) == (2, "syntax", "--port")
    assert not Path("utopia").exists()


@pytest.mark.parametrize("remains", ["keys", "zegel.toml", "data", "trust", "authorities", "web-ca.pem"])
@pytest.mark.refuses(Check.SYNTAX)
def test_what_is_there_is_left_alone(zegel: Any, remains: str) -> None:
    folder = Path("utopia")
    folder.mkdir()
    (folder / remains).write_text("mine")
    ran = zegel("sandbox", folder, "--json")
    assert (ran.code, ran.json["check"]) == (2, "syntax")
    assert f"utopia/{remains} is there already; a sandbox is made in a new or empty folder" in ran.json["detail"]
    assert [path.name for path in folder.iterdir()] == [remains]
    assert (folder / remains).read_text() == "mine"


def test_a_folder_that_cannot_be_made_is_unavailable(zegel: Any) -> None:
    Path("file").write_text("")
    assert zegel("sandbox", "file/utopia").code == 3


@pytest.mark.slow
def test_two_sandboxes_share_no_secret(zegel: Any, sandbox: Any) -> None:
    other = Path(zegel("sandbox", "utopia", "--json").json["config"]).parent
    for file in (sandbox.config.parent / "keys").iterdir():
        assert file.read_bytes() != (other / "keys" / file.name).read_bytes()
