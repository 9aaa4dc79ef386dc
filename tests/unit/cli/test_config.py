"""``zegel config``: what would keep roles from starting, and every setting as it counts."""

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from zegel_testing.sandboxes import sandbox_at

from zegel.checks import Check
from zegel.config.parse import parse_config
from zegel.web.app.all import ROLE_NAMES


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    sandbox_at(tmp_path / "utopia")
    return tmp_path / "utopia"


@pytest.fixture
def config(zegel: Any, folder: Path) -> Any:
    """Run ``zegel config`` with the sandbox's configuration."""
    return lambda *args: zegel("config", *args, "--config", folder / "zegel.toml")


def amended(folder: Path, old: str, new: str) -> None:
    file = folder / "zegel.toml"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))


# --- check ------------------------------------------------------------------------------------------------------------


def test_a_sandbox_has_no_faults(config: Any) -> None:
    ran = config("check", *ROLE_NAMES, "--json")
    assert (ran.code, ran.json["faults"], ran.json["ok"]) == (0, [], True)
    assert config("check").out.endswith("zegel.toml  ok\n")


@pytest.mark.refuses(Check.CONFIGURATION)
@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ("[issuer]\n", '[issuer]\nnmae = "x"\n', "issuer.nmae"),
        ("[[provider.clients]]\n", "[[provider.clients]]\nsecret = 1\n", "provider.clients[0].secret"),
        ("[outbound]\n", "surprise = 1\n[outbound]\n", "surprise"),
        ("[verifier]\n", "[verifier]\nmetrics_port = 0\n", "verifier.metrics_port"),
    ],
)
@pytest.mark.parametrize("action", ["check", "show"])
def test_an_unknown_key_is_an_error_with_its_path(
    config: Any, folder: Path, old: str, new: str, where: str, action: str
) -> None:
    amended(folder, old, new)
    ran = config(action, "--json")
    assert (ran.code, ran.json["check"], ran.json["field"]) == (2, Check.CONFIGURATION.id, where)
    assert (ran.json["fault"], ran.json["detail"].count("zegel.toml")) == ("operator", 1)


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ("[", "own.toml: expected TOML: "),
        ("[issuer]\norigin = 'x'", "own.toml: expected an absolute http or https URL"),
        ("[issuer]\norigin = 'https://x.example'", "own.toml: expected a certificate, or a proxy"),
        ("\xff", "own.toml: expected UTF-8"),
    ],
)
def test_a_file_goes_by_its_own_name_once(zegel: Any, tmp_path: Path, text: str, detail: str) -> None:
    (tmp_path / "own.toml").write_bytes(text.encode("latin-1"))
    ran = zegel("config", "check", "--config", tmp_path / "own.toml", "--json")
    assert (ran.code, ran.json["check"], ran.json["detail"][: len(detail)]) == (2, "configuration", detail)
    assert "zegel.toml" not in ran.json["detail"]
    assert ran.json["detail"].count("own.toml") == 1


@pytest.mark.parametrize(
    "args",
    [
        ("config", "check", "nobody", "--config", "zegel.toml"),
        ("keys", "list", "nobody.key", "--config", "zegel.toml"),
        ("hcert", "issue", "x", "--days", "0", "--key", "k", "--chain", "c", "--country", "UT", "--to", "t"),
    ],
)
def test_a_wrong_argument_is_the_fault_of_who_gave_it(
    zegel: Any, folder: Path, monkeypatch: pytest.MonkeyPatch, args: tuple[str, ...]
) -> None:
    monkeypatch.chdir(folder)
    ran = zegel(*args, "--json")
    assert (ran.code, ran.json["check"], ran.json["fault"]) == (2, "syntax", "person")
    assert "--help" in ran.json["remedy"]


@pytest.mark.slow
def test_a_key_that_is_missing_open_or_anothers_is_a_fault(config: Any, folder: Path) -> None:
    keys = folder / "keys"
    (keys / "issuer.key.pem").unlink()
    (keys / "verifier.seal").chmod(0o644)
    (keys / "wallet-provider.pem").write_bytes((keys / "verifier-access.pem").read_bytes())
    (keys / "provider-subject.secret").write_text("short\n")
    ran = config("check", *ROLE_NAMES, "--json")
    assert ran.code == 3
    assert sorted(fault.partition(":")[0] for fault in ran.json["faults"]) == [
        "issuer.key",
        "issuer.status_key",  # the sandbox's issuer signs its status lists itself
        "provider.subject_secret",
        "verifier.sealing_key",
        "wallet_provider.chain",
    ]
    assert config("check").code == 0, "without a role, the file alone"
    assert config("check", "trust").code == 0
    assert "no such file or directory" in config("check", "issuer").out


def test_an_anchor_of_lists_is_looked_for_whichever_role_it_is(config: Any, folder: Path) -> None:
    (folder / "trust" / "operator.pem").unlink(missing_ok=True)
    for path in (folder / "trust").glob("*.pem"):
        path.unlink()
    ran = config("check", "verifier", "--json")
    assert {fault.partition("[")[0] for fault in ran.json["faults"]} == {"trusted_lists"}


def test_two_listeners_do_not_share_a_port(config: Any, folder: Path) -> None:
    amended(folder, "[issuer]\n", "[issuer]\nmetrics_port = 7102\n")
    ran = config("check", "issuer", "verifier", "--json")
    assert ran.json["faults"] == ["verifier.port: expected a port of its own, not that of issuer.metrics_port"]
    assert config("check", "issuer").code == 0


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("foo", "database: its URL does not parse"),
        ("", "database: its URL does not parse"),
        ("mysql://x/y", "database: no driver for mysql is built in"),
        ("postgresql://x/y", "database: no driver for postgresql is built in"),
        ("sqlite+pysqlcipher:///x.db", "database: no driver for sqlite+pysqlcipher is built in"),
        ("sqlite:////no/such/dir/x.db", "/no/such/dir: there is no such folder"),
        ("sqlite:///zegel.toml/x.db", "zegel.toml: there is no such folder"),
        ("sqlite:///keys", "keys: expected a file"),
    ],
)
def test_a_database_on_which_no_role_can_start_is_a_fault(config: Any, folder: Path, url: str, told: str) -> None:
    before = sorted(folder.rglob("*"))
    amended(folder, "[verifier]\n", f'[verifier]\ndatabase = "{url}"\n')
    ran = config("check", "verifier", "--json")
    (fault,) = ran.json["faults"]
    assert (ran.code, fault.startswith("verifier.database: "), told in fault) == (3, True, True)
    assert sorted(folder.rglob("*")) == before, "nothing is made"
    assert config("check", "issuer").code == 0


@pytest.mark.parametrize("file", ["data", "data/verifier.db", "data/verifier.db.lock"])
def test_a_database_that_is_anothers_is_a_fault(
    config: Any, folder: Path, monkeypatch: pytest.MonkeyPatch, file: str
) -> None:
    (folder / "data").mkdir(exist_ok=True)
    for name in ("verifier.db", "verifier.db.lock"):
        (folder / "data" / name).touch()
    assert config("check", "verifier").code == 0
    monkeypatch.setattr(os, "access", lambda path, _mode: path != folder / file)  # root may, whoever it belongs to
    (fault,) = config("check", "verifier", "--json").json["faults"]
    assert fault.startswith(f"verifier.database: {folder / file}: it cannot be read and written")


def test_a_database_in_memory_needs_no_folder(config: Any, folder: Path) -> None:
    amended(folder, "[verifier]\n", '[verifier]\ndatabase = "sqlite://"\n')
    assert config("check", "verifier").code == 0


def test_tls_files_are_read(config: Any, folder: Path) -> None:
    amended(folder, "[trust]\n", '[trust]\ntls_certificate = "zegel.toml"\ntls_key = "zegel.toml"\n')
    (fault,) = config("check", "trust", "--json").json["faults"]
    assert fault.startswith("trust.tls_certificate: ")


CLIENT = """
[[provider.clients]]
id = "library"
name = "City library"
redirect_uris = ["https://library.example/callback"]
secret_hash = "WGKGFyYNFYMOsEDEdR91L2Jl4WDxAbGxY0JSygfd_Tc"

[provider.clients.claims.given_name]
attestation = "pid"
claims = ["given_name"]

[provider.clients.stable_from]
attestation = "pid"
claims = ["personal_administrative_number"]
"""


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ('claims = ["given_name"]', 'claims = ["nickname"]', "claims.given_name"),
        ('claims = ["given_name"]', 'claims = ["sex"]', "claims.given_name"),
        ('attestation = "pid"', 'attestation = "passport"', "claims.given_name"),
        ("claims.given_name", "claims.sub", "claims.sub"),
        ('"personal_administrative_number"', '"family_name", "birth_date"', "stable_from"),
        ("https://", "http://", "redirect_uris[0]"),
        ("callback", "callback#here", "redirect_uris[0]"),
        ('["https://library.example/callback"]', "[]", "redirect_uris"),
        ('"library"', '"tax-online"', "id"),
        ("WGKGFyYNFYMOsEDEdR91L2Jl4WDxAbGxY0JSygfd_Tc", "a plain secret", "secret_hash"),
        ("gfd_Tc", "gfd_Tc=", "secret_hash"),
    ],
)
def test_a_client_with_which_no_provider_starts_is_a_fault(
    config: Any, folder: Path, old: str, new: str, where: str
) -> None:
    assert old in CLIENT
    file = folder / "zegel.toml"
    text = file.read_text()
    file.write_text(text + CLIENT)
    assert config("check", "provider").code == 0
    file.write_text(text + CLIENT.replace(old, new, 1))
    ran = config("check", "provider", "--json")
    (fault,) = ran.json["faults"]
    assert (ran.code, fault.partition(": ")[0]) == (3, f"provider.clients[2].{where}")
    assert config("check", "issuer").code == 0


def test_each_client_that_does_not_hold_is_named(config: Any, folder: Path) -> None:
    amended(folder, "[[provider.clients]]", CLIENT.replace('"pid"', '"passport"') + CLIENT + "[[provider.clients]]")
    faults = config("check", "provider", "--json").json["faults"]
    assert [fault.partition(": ")[0] for fault in faults] == [
        "provider.clients[0].claims.given_name",
        "provider.clients[1].id",
    ]


WALLET = '{id = "a", redirect_uris = ["eudi-openid4ci://authorize"]}'


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('types = ["pid", "pif"]', "issuer.types: expected some of diploma, mdl, "),
        ('chained_types = ["pif"]', "issuer.chained_types: expected some of "),
        ('identifier_list_types = ["pif"]', "issuer.identifier_list_types: expected some of "),
        ('types = ["pid"]\ndelayed_types = ["mdl"]', "issuer.delayed_types: expected some of pid"),
        ('catalogue = "nowhere"', "issuer.catalogue: catalogue: "),
        ('catalogue = "types"', "issuer.catalogue: attestation type card.toml: "),
        (
            f'wallets = [{WALLET}, {{id = "a", redirect_uris = ["a:b"]}}]',
            "issuer.wallets[1].id: expected an identifier ",
        ),
        ('wallets = [{id = "", redirect_uris = ["a:b"]}]', "issuer.wallets[0].id: expected an identifier of 1 to 512 "),
        (f'wallets = [{{id = "{"a" * 513}", redirect_uris = ["a:b"]}}]', "issuer.wallets[0].id: "),
        ('wallets = [{id = "a", redirect_uris = []}]', "issuer.wallets[0].redirect_uris: expected at least one"),
        (
            'wallets = [{id = "a", redirect_uris = ["a:b", "javascript:x"]}]',
            "issuer.wallets[0].redirect_uris[1]: expected a URI",
        ),
        ('source.kind = "csv"', "issuer.source.csv: expected this setting"),
        ('source.kind = "csv"\nsource.csv = "nowhere.csv"', "issuer.source.csv: "),
        ('source.kind = "csv"\nsource.csv = "zegel.toml"', "issuer.source.csv: people file: line 1: "),
        ('source.kind = "oidc"', "issuer.source.provider: expected this setting"),
        ('source.kind = "oidc"\nsource.provider = "https://x.example"', "issuer.source.client_id: expected this "),
        ('source.kind = "presentation"\nsource.query = "zegel.toml"', "issuer.source.query: "),
    ],
)
def test_an_issuer_that_would_not_start_has_a_fault(config: Any, folder: Path, text: str, told: str) -> None:
    (folder / "types").mkdir()
    (folder / "types" / "card.toml").write_text('id = "card"\n')
    set_issuer(folder, text)
    ran = config("check", "issuer", "--json")
    (fault,) = ran.json["faults"]
    assert (ran.code, fault[: len(told)]) == (3, told)
    assert config("check", "verifier").code == 0


@pytest.mark.parametrize(
    "text",
    [
        'source.kind = "oidc"\nsource.provider = "https://x.example"\nsource.client_id = "x"',
        'source.kind = "presentation"',
    ],
)
def test_an_issuer_whose_source_lacks_nothing_has_no_fault(config: Any, folder: Path, text: str) -> None:
    set_issuer(folder, text)
    assert config("check", "issuer", "--json").json["faults"] == []


def test_a_type_that_asks_for_rules_is_at_fault_without_them(config: Any, folder: Path) -> None:
    amended(folder, 'rules = "health/rules"\n', "")
    (fault,) = config("check", "issuer", "--json").json["faults"]
    assert fault.startswith("health.rules: expected the folder with the business rules")


def set_issuer(folder: Path, text: str) -> None:
    """Give the issuer these settings in the place of what the sandbox says of them, and of its source."""
    file = folder / "zegel.toml"
    before, issuer, after = re.split(r"(?m)^\[(?:issuer|verifier)\]\n", file.read_text())
    names = "|".join(line.partition(" = ")[0] for line in text.splitlines())
    issuer = re.sub(rf"(?m)^(?:{names}) = .*\n", "", issuer)
    after = re.sub(r"(?m)^\[issuer.source\]\n(?:[^\[].*\n)*", "", after)
    file.write_text(f"{before}[issuer]\n{text}\n{issuer}[verifier]\n{after}")


def test_an_unknown_role_is_wrong_usage(config: Any) -> None:
    assert config("check", "nonsense").code == 2


# --- show -------------------------------------------------------------------------------------------------------------


def test_what_is_shown_says_the_same_as_the_file_but_for_what_is_hidden(config: Any, folder: Path) -> None:
    original = parse_config((folder / "zegel.toml").read_text(), folder=folder)
    shown = config("show").out
    again = parse_config(shown, folder=Path("/elsewhere"))
    client = original.provider.clients[0]
    assert client.secret_hash
    assert client.secret_hash not in shown
    assert again.issuer == original.issuer
    assert again.trusted_lists == original.trusted_lists
    assert again.outbound == original.outbound
    assert again.provider.clients[0].claims == client.claims
    assert again.provider.clients[0].secret_hash == ""


def test_a_password_in_a_url_is_hidden_wherever_it_stands(config: Any, folder: Path) -> None:
    amended(folder, "[issuer]\n", '[issuer]\ndatabase = "URL"\n')
    original = (folder / "zegel.toml").read_text()
    for url, shown in {
        "postgresql://zegel:s3cret@db.example/issuer": "postgresql://zegel:***@db.example/issuer",
        "postgresql://zegel@db.example:5432/issuer": "postgresql://zegel@db.example:5432/issuer",
        "postgresql+psycopg://:s3cret@db.example/issuer": "postgresql+psycopg://:***@db.example/issuer",
        "postgresql://zegel:its/s3cret@db.example/issuer": "postgresql://zegel:***@db.example/issuer",
        "postgresql://zegel:its:s3cret@db.example/issuer": "postgresql://zegel:***@db.example/issuer",
        "postgresql://zegel:its@s3cret@db.example/issuer": "postgresql://zegel:***@db.example/issuer",
        "postgresql://zegel@work:s3cret@db.example/issuer": "postgresql://zegel@work:***@db.example/issuer",
        "postgresql://zegel:its\\ns3cret@db.example/issuer": "postgresql://zegel:***@db.example/issuer",
        "postgresql://db.example/issuer?user=zegel&password=s3cret": "postgresql://db.example/issuer?***",
        "postgresql://db.example/issuer?s3cret": "postgresql://db.example/issuer?***",
        "postgresql://zegel:its?s3cret@db.example/issuer": "***",
        "postgresql://db.example:5432/issuer?password=its@s3cret&sslmode=require": "***",
        "host=db.example user=zegel password=s3cret": "***",
    }.items():
        (folder / "zegel.toml").write_text(original.replace('"URL"', f'"{url}"'))
        for ran in (config("show"), config("show", "--json")):
            assert "s3cret" not in ran.out, url
        assert ran.json["issuer"]["database"] == shown
        assert f'database = "{shown}"\n' in config("show").out


def test_json_has_every_setting(config: Any) -> None:
    told = config("show", "--json").json
    assert told["issuer"]["port"] == 7101
    assert told["issuer"]["metrics_port"] is None
    assert told["provider"]["clients"][0]["secret_hash"] is None
    assert json.dumps(told)
