"""Every fenced block of the documents is run, or held against what it shows; none is there that no test knows of."""

import base64
import hashlib
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from zegel_docs.tests import collected_tests
from zegel_testing.authorities import NOW
from zegel_testing.command_line import CLAIMS_OF, HOLDER_JWK
from zegel_testing.markdown import DOCUMENTS, ROOT, all_blocks, rows, the_block
from zegel_testing.relying_party import Asked, Copy

from zegel.adapters.catalogue import load_catalogue
from zegel.adapters.clients import check_clients
from zegel.adapters.entropy import system_random
from zegel.adapters.sandbox.create import create_sandbox
from zegel.adapters.sandbox.plan import OPERATED, PORTS, SandboxPlan
from zegel.cli.main import main
from zegel.config.parse import parse_config
from zegel.config.roles import Config
from zegel.formats.credential import Format
from zegel.protocols.openid4vp.dcql import parse_query

HERE = "tests/architecture"
PASSPORT = "tests/unit/cli/test_passport_page.py::test_the_page_is_done_from_top_to_bottom_as_it_says"
TYPES = "tests/unit/cli/test_attestation_types_page.py"
# What tests a block, by its language and what stands behind it.
TESTED = {
    "sh make": f"{HERE}/test_blocks.py::test_a_target_of_make_is_there",
    "text walk": f"{HERE}/test_readme.py::test_the_walk_is_told_as_it_is_printed",
    "text picture": f"{HERE}/test_readme.py::test_what_happens_in_the_picture_happens_in_the_walk",
    "python verifier": f"{HERE}/test_readme.py::test_the_first_verifier_verifies",
    "text verified": f"{HERE}/test_readme.py::test_the_first_verifier_verifies",
    "json query": f"{HERE}/test_readme.py::test_the_commands_tell_one_story",
    "sh story": f"{HERE}/test_readme.py::test_the_commands_tell_one_story",
    "sh roles": f"{HERE}/test_readme.py::test_roles_are_served_as_it_says",
    "text refusal": f"{HERE}/test_blocks.py::test_the_refusal_reads_as_it_is_printed",
    "toml client": f"{HERE}/test_blocks.py::test_the_client_that_is_registered_is_whole",
    "json library": "tests/unit/cli/test_access_authority.py::test_a_service_is_registered_as_the_page_says",
    "sh register": "tests/unit/cli/test_access_authority.py::test_a_service_is_registered_as_the_page_says",
    "sh secret": f"{HERE}/test_blocks.py::test_the_secret_has_the_hash_that_the_provider_compares",
    "toml source csv": f"{HERE}/test_blocks.py::test_a_source_is_configured_as_it_says",
    "toml source oidc": f"{HERE}/test_blocks.py::test_a_source_is_configured_as_it_says",
    "toml source presentation": f"{HERE}/test_blocks.py::test_a_source_is_configured_as_it_says",
    "text trust": f"{HERE}/test_blocks.py::test_the_picture_of_trust_has_every_source_and_the_table_every_check",
    "toml lists": f"{HERE}/test_blocks.py::test_lists_are_configured_as_the_page_says",
    "toml list": "tests/unit/cli/test_list_sign.py::test_a_list_is_signed_and_read_as_the_page_says",
    "sh list sign": "tests/unit/cli/test_list_sign.py::test_a_list_is_signed_and_read_as_the_page_says",
    "toml role": f"{HERE}/test_operations.py::test_a_role_behind_a_proxy_is_configured_as_it_says",
    "toml wallet": f"{HERE}/test_operations.py::test_a_wallet_of_others_is_registered_as_it_says",
    "toml renewal": f"{HERE}/test_operations.py::test_renewal_is_configured_as_it_says",
    "toml workers": f"{HERE}/test_operations.py::test_workers_and_what_they_take_on_are_set_as_it_says",
    "sh upkeep config": f"{HERE}/test_operations.py::test_databases_and_configurations_are_looked_after_as_it_says",
    "sh upkeep db": f"{HERE}/test_operations.py::test_databases_and_configurations_are_looked_after_as_it_says",
    "sh upkeep restore": f"{HERE}/test_operations.py::test_databases_and_configurations_are_looked_after_as_it_says",
    "sh upkeep upgrade": f"{HERE}/test_operations.py::test_databases_and_configurations_are_looked_after_as_it_says",
    "sh upkeep keys": f"{HERE}/test_operations.py::test_keys_are_rotated_as_it_says",
    "sh invite": "tests/unit/cli/test_access_authority.py::test_people_are_invited_as_the_page_says",
    "sh access root": "tests/unit/cli/test_access_authority.py::test_a_root_is_made_and_used_as_the_page_says",
    "sh access order": "tests/unit/cli/test_access_authority.py::test_a_relying_party_orders_as_the_page_says",
    "sh upkeep certified": f"{HERE}/test_operations.py::test_a_key_that_was_certified_elsewhere_is_given_as_it_says",
    "toml type": f"{TYPES}::test_a_row_of_the_file_is_a_card_in_both_formats",
    "csv type people": f"{TYPES}::test_a_row_of_the_file_is_a_card_in_both_formats",
    "json type claims": f"{TYPES}::test_a_row_of_the_file_is_a_card_in_both_formats",
    "toml type issuer": f"{TYPES}::test_the_commands_issue_and_verify",
    "sh type issue": f"{TYPES}::test_the_commands_issue_and_verify",
    "toml type service": f"{TYPES}::test_the_entry_on_the_list_names_the_type_in_both_formats",
    "toml type provider": f"{TYPES}::test_a_service_that_signs_in_with_it_is_one_with_which_the_provider_starts",
    "json type registration": f"{TYPES}::test_the_entry_on_the_list_names_the_type_in_both_formats",
    "sh passport sandbox": PASSPORT,
    "sh passport wallet": PASSPORT,
    "json passport payload": PASSPORT,
    "sh passport issue": PASSPORT,
    "csv passport people": PASSPORT,
    "sh passport table": PASSPORT,
    "sh passport verify": PASSPORT,
    "sh passport batch": PASSPORT,
    "json passport question": PASSPORT,
    "sh passport door": PASSPORT,
    "sh passport lists": PASSPORT,
    "sh passport demo": f"{HERE}/test_readme.py::test_the_walk_is_told_as_it_is_printed",
    "sh passport serve": f"{HERE}/test_readme.py::test_roles_are_served_as_it_says",
    "json passport line": "tests/unit/cli/test_hcert_issue.py::test_a_line_of_a_batch_is_as_the_page_prints_it",
    "sh systemd": f"{HERE}/test_operations.py::test_the_unit_is_installed_as_it_says",
    "sh image": f"{HERE}/test_operations.py::test_the_image_is_built_and_run_as_it_says",
    "nginx proxy": f"{HERE}/test_operations.py::test_the_proxy_passes_on_what_a_role_needs",
    "json ready": f"{HERE}/test_operations.py::test_a_role_that_is_not_ready_says_so_as_it_is_printed",
    "yaml alerts": f"{HERE}/test_operations.py::test_an_alert_is_about_something_that_is_counted",
    "json log": f"{HERE}/test_operations.py::test_a_line_of_the_log_reads_as_it_is_printed",
    "text start": f"{HERE}/test_operations.py::test_where_a_role_answers_is_said_as_it_is_printed",
    "json drill": "tests/flows/test_crash_drill.py::test_a_line_of_the_drill_reads_as_it_is_printed",
    "sh supply": f"{HERE}/test_operations.py::test_what_is_made_of_the_sources_is_made_as_it_says",
}


def test_no_block_goes_untested() -> None:
    assert [block.name for block in all_blocks() if block.kind not in TESTED] == []


def test_a_test_of_blocks_is_there_and_has_its_block() -> None:
    assert set(TESTED.values()) - collected_tests().keys() == set()
    assert [kind for kind in TESTED if not all_blocks(kind)] == []


def test_indented_code_hides_no_block() -> None:
    """A paragraph that is indented by four is code as well, which no test here would see."""
    for path in DOCUMENTS:
        for before, line in zip(path.read_text().splitlines(), path.read_text().splitlines()[1:], strict=False):
            assert before or not line.startswith("    "), f"{path.name}: {line}"


def test_the_picture_of_trust_has_every_source_and_the_table_every_check() -> None:
    """What ``tests/flows/test_trust_sources.py`` takes away stands in both, with the check that then refuses."""
    page = (ROOT / "docs" / "trust.md").read_text()
    taken = (ROOT / "tests" / "flows" / "test_trust_sources.py").read_text()
    checks = {name.lower().replace("_", "-") for name in re.findall(r"Check\.([A-Z_]+)\b", taken)}
    table = page.partition("## What everybody relies on")[2].partition("\n## ")[0]
    assert len(checks) > 6
    assert checks <= set(re.findall(r"`([a-z-]+)`", table))
    picture = the_block("text trust").text
    for source in ("register", "access certificate", "(CRL)", "log", "lists of trusted entities", "status lists"):
        assert source in picture


def test_trust_is_one_picture_and_one_page() -> None:
    """What stands behind it has a document of its own, to which the page leads."""
    page = (ROOT / "docs" / "trust.md").read_text()
    assert page.count("```") == 2, "one picture"
    assert len(page.splitlines()) <= 60
    assert len(page.split()) <= 750
    assert "(trust-details.md)" in page


# --- commands that need no role ---------------------------------------------------------------------------------------


def test_a_target_of_make_is_there() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    named = [name for path in DOCUMENTS for name in re.findall(r"^make ([a-z-]+)", _code_of(path), re.MULTILINE)]
    assert {"demo", "test", "bench"} <= set(named) <= targets
    for line in the_block("sh make").text.splitlines():
        subprocess.run(["sh", "-c", line.replace("make", "make -n")], cwd=ROOT, check=True, capture_output=True)


def _code_of(path: Path) -> str:
    """What stands between backticks, and in blocks of the shell."""
    blocks = [block.text for block in all_blocks() if block.path == path and block.language == "sh"]
    return "\n".join([*re.findall(r"`([^`\n]+)`", path.read_text()), *blocks])


def test_the_variables_of_make_are_read_there() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for path in DOCUMENTS:
        for name in re.findall(r"^make [a-z-]+ ([A-Z]+)=", _code_of(path), re.MULTILINE):
            assert f"$({name})" in makefile or f"$(if $({name})" in makefile, name


@pytest.mark.slow
def test_the_refusal_reads_as_it_is_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan = SandboxPlan(
        profile="haip",
        tls=False,
        ports={role: 7101 + at for role, at in PORTS.items()},
        operator_ports={role: 7111 + at for at, role in enumerate(OPERATED)},
    )
    sandbox = create_sandbox(tmp_path / "sandbox", plan, now=NOW, random=system_random)
    keys, claims, file = tmp_path / "sandbox" / "keys", tmp_path / "claims.json", tmp_path / "presentation"
    claims.write_text(json.dumps(CLAIMS_OF["pid"]))
    signed_by = ["--key", str(keys / "issuer.key.pem"), "--chain", str(keys / "issuer.pem")]
    assert main(["issue", "pid", "--claims", str(claims), "--holder", HOLDER_JWK, *signed_by, "--at", str(NOW)]) == 0
    copy = Copy(Format.SD_JWT_VC, capsys.readouterr().out.strip().encode())
    answered = {"nonce": "another's", "client_id": "x509_hash:ours", "client_metadata": {}}
    file.write_text(Asked(answered).present(copy, paths=[("family_name",)]))
    asked = ["--nonce", "ours", "--audience", "x509_hash:ours", "--at", str(NOW)]
    assert main(["verify", str(file), "--trust", str(sandbox.trust_folder), *asked]) == 1
    assert capsys.readouterr().out == the_block("text refusal").text


# --- settings ---------------------------------------------------------------------------------------------------------


def test_the_client_that_is_registered_is_whole() -> None:
    config = parse_config(the_block("toml client").text, folder=ROOT)
    (client,) = check_clients(config.provider.clients, load_catalogue()).values()
    assert client.client.name == "City library"


def test_the_secret_has_the_hash_that_the_provider_compares(tmp_path: Path) -> None:
    command = the_block("sh secret").text.replace("python3", sys.executable)
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, cwd=tmp_path, check=True)
    secret, printed = done.stdout.split()
    assert base64.urlsafe_b64decode(printed + "=") == hashlib.sha256(secret.encode()).digest()
    assert len(printed) == len(tomllib.loads(the_block("toml client").text)["provider"]["clients"][0]["secret_hash"])


@pytest.mark.parametrize("kind", ["csv", "oidc", "presentation"])
def test_a_source_is_configured_as_it_says(kind: str) -> None:
    config = parse_config(the_block(f"toml source {kind}").text, folder=ROOT)
    assert config.issuer.source.kind == kind
    assert set(config.issuer.types) <= set(load_catalogue().types)


def test_the_kinds_of_sources_are_all_explained() -> None:
    page = ROOT / "docs" / "sources.md"
    kinds = [row[0].strip("`") for row in rows(page, ROWS_OF_SOURCES)]
    (setting,) = [
        line for line in (ROOT / "docs" / "configuration.md").read_text().splitlines() if "| `kind` |" in line
    ]
    assert setting.split("|")[2].strip() == ", ".join(f"`{kind}`" for kind in kinds)


ROWS_OF_SOURCES = ("kind", "how people log in", "what is known", "the reference of a person")


def test_the_query_is_one() -> None:
    parse_query(json.loads(the_block("json query").text))


def test_the_ports_and_paths_of_the_first_verifier_are_the_defaults() -> None:
    config: Config = parse_config("", folder=Path("demo"))
    text = the_block("python verifier").text
    assert f"http://{config.verifier.operator_address}:{config.verifier.operator_port}" in text
    assert f'open("{config.verifier.operator_token}")' in text


def test_the_first_verifier_has_fifteen_lines() -> None:
    lines = the_block("python verifier").text.splitlines()
    assert len(lines) <= 15
    assert all(len(line) <= 120 and ";" not in line for line in lines)


def test_lists_are_configured_as_the_page_says() -> None:
    config = parse_config(the_block("toml lists").text, folder=Path("/etc/zegel"))
    assert config.lists.refresh == Config().lists.refresh, "an hour counts anyway"
    assert [listed.purpose for listed in config.trusted_lists] == ["pid"]
    (qualified,) = config.qualified_lists
    assert qualified.signers == Path("/etc/zegel/trust/official-journal.pem")
    assert (qualified.territories, qualified.services) == ({"NL", "EE"}, {"attestations"})
