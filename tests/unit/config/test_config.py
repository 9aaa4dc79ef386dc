import re
from pathlib import Path

import pytest

from zegel.adapters.configuration import load_config
from zegel.config.parse import parse_config
from zegel.config.render import render_config, render_reference
from zegel.config.roles import Config
from zegel.config.setting import Seconds, Shape, settings_of
from zegel.errors import Malformed, Unavailable

FOLDER = Path("/etc/zegel")
SOURCE = Path(__file__).parents[3] / "src" / "zegel"
DOCS = Path(__file__).parents[3] / "docs"


def parse(text: str) -> Config:
    return parse_config(text, folder=FOLDER)


def uncommented(text: str) -> str:
    """The file with every setting put to its default, save those that have none."""
    kept, repeated = [], False
    for line in text.splitlines():
        repeated = line.startswith("# [") or (repeated and not line.startswith("["))
        if line.startswith("[") or (" = " in line and '"..."' not in line and not repeated):
            kept.append(line.removeprefix("# "))
    return "\n".join(kept)


def test_everything_has_a_default() -> None:
    config = parse("")
    assert config.issuer.origin == "http://issuer.localhost:7101"
    assert config.issuer.profile == "haip"
    assert config.issuer.key == FOLDER / "keys/issuer.key.pem"
    assert config.issuer.database == "sqlite:////etc/zegel/data/issuer.db"
    assert config.provider.clients == ()
    assert config.outbound.web_authority is None


def test_the_default_file_changes_nothing() -> None:
    assert parse(render_config()) == parse("")


def test_each_default_in_the_file_is_the_default() -> None:
    text = uncommented(render_config())
    assert text.count(" = ") > 70
    assert parse(text) == parse("")


def test_the_reference_is_current() -> None:
    assert (DOCS / "configuration.md").read_text() == render_reference(), (
        "write it anew: python -c 'from zegel.config.render import render_reference as r; print(r(), end=\"\")'"
    )


def test_every_setting_has_a_meaning() -> None:
    waiting: list[object] = [Config]
    count = 0
    while waiting:
        for setting in settings_of(waiting.pop()):
            count += 1
            assert setting.meaning, setting.name
            assert not setting.meaning.endswith("."), setting.name
            if setting.shape is not Shape.VALUE:
                waiting.append(setting.table)
    assert count > 100


@pytest.mark.slow
def test_every_setting_is_read_somewhere() -> None:
    source = "\n".join(path.read_text() for path in SOURCE.rglob("*.py") if path.name != "roles.py")
    waiting: list[object] = [Config]
    while waiting:
        for setting in settings_of(waiting.pop()):
            assert re.search(rf"\.{setting.name}\b", source), setting.name
            if setting.shape is not Shape.VALUE:
                waiting.append(setting.table)


def test_a_client_is_read_with_its_claims() -> None:
    config = parse("""
        [[provider.clients]]
        id = "tax-online"
        name = "Tax online"
        redirect_uris = ["http://tax.localhost:7104/callback"]
        claims.given_name = { attestation = "pid", claims = ["given_name"] }
        claims.name = { attestation = "pid", claims = ["given_name", "family_name"] }
        stable_from = { attestation = "pid", claims = ["personal_administrative_number"] }
        cross_device = true
    """)
    (client,) = config.provider.clients
    assert client.claims["name"].claims == ("given_name", "family_name")
    assert client.stable_from is not None
    assert client.stable_from.attestation == "pid"
    assert client.cross_device
    assert client.secret_hash == ""


def test_the_origins_of_this_machine_are_those_of_the_roles_and_those_named() -> None:
    config = parse("""
        [issuer]
        origin = "https://issuer.example"
        behind_proxy = true
        trusted_proxies = ["127.0.0.1"]
        [outbound]
        loopback_origins = ["http://a.localhost:9000"]
    """)
    origins = config.loopback_origins()
    assert "http://verifier.localhost:7102" in origins
    assert "http://a.localhost:9000" in origins
    assert "https://issuer.example" not in origins


def test_a_proxy_is_an_address_or_a_network() -> None:
    issuer = parse("[issuer]\ntrusted_proxies = ['127.0.0.1', '10.0.0.0/8', '2001:db8::/32']").issuer
    assert issuer.trusted_proxies == ("127.0.0.1/32", "10.0.0.0/8", "2001:db8::/32")


def test_paths_start_at_the_folder_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "zegel.toml").write_text("""
        [issuer]
        key = "other/key.pem"
        chain = "/etc/chain.pem"
        database = "postgresql://db/issuer"
        [verifier]
        database = "sqlite:///v.db"
        [wallet]
        database_is_not = 1
    """)
    with pytest.raises(Malformed, match=r"wallet\.database_is_not: there is no such setting"):
        load_config(tmp_path / "zegel.toml")
    text = (tmp_path / "zegel.toml").read_text().replace("database_is_not = 1", "")
    (tmp_path / "zegel.toml").write_text(text)
    config = load_config(tmp_path / "zegel.toml")
    assert config.issuer.key == tmp_path / "other/key.pem"
    assert config.issuer.chain == Path("/etc/chain.pem")
    assert config.issuer.database == "postgresql://db/issuer"
    assert config.verifier.database == f"sqlite:///{tmp_path}/v.db"


@pytest.mark.parametrize(
    ("text", "where", "expected"),
    [
        ("issuers = 1", "issuers", "there is no such setting"),
        ("[issuer]\nport = '7101'", "issuer.port", "a whole number from 1 to 65535"),
        ("[issuer]\nport = 0", "issuer.port", "a whole number from 1 to 65535"),
        ("[issuer]\nport = true", "issuer.port", "a whole number from 1 to 65535"),
        ("[issuer]\nport = 65536", "issuer.port", "a whole number from 1 to 65535"),
        ("[issuer]\noffer = 0", "issuer.offer", "a whole number from 1"),
        ("[issuer]\nname = 1", "issuer.name", "text"),
        ("[issuer]\nkey = 1", "issuer.key", "text"),
        ("[issuer]\ndatabase = 1", "issuer.database", "text"),
        ("[issuer]\nsigned_metadata = 'yes'", "issuer.signed_metadata", "true or false"),
        ("[issuer]\nprofile = 'loose'", "issuer.profile", "one of haip, plain"),
        ("[issuer]\ntypes = 'pid'", "issuer.types", "a list"),
        ("[issuer]\ntypes = [1]", "issuer.types[0]", "text"),
        ("[issuer]\norigin = 'http://issuer.localhost:80'", "issuer.origin", "no default port"),
        ("[issuer]\norigin = 'http://issuer.localhost:7101/'", "issuer.origin", "an origin"),
        ("[issuer]\norigin = 'issuer'", "issuer.origin", "an absolute http or https URL"),
        ("[issuer]\norigin = 'http://issuer.example'", "issuer.origin", "https: plain http is for loopback alone"),
        ("[issuer]\naddress = '0.0.0.0'", "issuer.origin", "https: plain http is for loopback alone"),
        ("[issuer]\naddress = '[x'", "issuer.address", "a host name, without port"),
        ("[door]\nmetrics_address = 'a]b'", "door.metrics_address", "a host name, without port"),
        ("[verifier]\noperator_address = '127.0.0.1:80'", "verifier.operator_address", "a host name, without port"),
        ("[issuer]\norigin = 'https://[x'", "issuer.origin", "an absolute http or https URL"),
        ("[wallet]\nprovider = 'https://[x'", "wallet.provider", "an absolute http or https URL"),
        ("[health]\nlists = ['https://a.example', 'https://[x']", "health.lists[1]", "an absolute http or https URL"),
        ("[health]\nlists = ['https://a.example:99999']", "health.lists[0]", "an absolute http or https URL"),
        ("[health]\nmay_lose = 101", "health.may_lose", "a whole number from 0 to 100"),
        ("[health]\nlists = ['trust/list.json']", "health.lists[0]", "an absolute http or https URL"),
        ("[verifier]\nstatus_aggregations = ['//[x']", "verifier.status_aggregations[0]", "an absolute http or https"),
        ("[issuer.source]\nprovider = 'https://[x'", "issuer.source.provider", "an absolute http or https URL"),
        ("[registrar]\nprovider = 'https://[x'", "registrar.provider", "an absolute http or https URL"),
        (
            "[[provider.clients]]\nid='a'\nname='a'\nredirect_uris=['https://[x']\nclaims={}",
            "provider.clients[0].redirect_uris[0]",
            "an absolute http or https URL",
        ),
        (
            "[[trusted_lists]]\npurpose='pid'\nlocation='https://[x'\nsigner='x'",
            "trusted_lists[0].location",
            "an absolute http or https URL",
        ),
        (
            "[[qualified_lists]]\nlocation='https://[x'\nsigners='x'\ntypes=['a']",
            "qualified_lists[0].location",
            "an absolute http or https URL",
        ),
        ("[verifier]\noperator_address = '0.0.0.0'", "verifier.operator_address", "an address of this machine"),
        ("[issuer]\norigin = 'https://issuer.example'", "issuer.tls_certificate", "a certificate, or a proxy"),
        ("[issuer]\ntls_key = 'k.pem'", "issuer.tls_key", "the certificate and its key, or neither"),
        (
            "[issuer]\norigin = 'https://issuer.example'\nbehind_proxy = true",
            "issuer.trusted_proxies",
            "the proxy's address",
        ),
        ("[issuer]\ntrusted_proxies = '127.0.0.1'", "issuer.trusted_proxies", "a list"),
        ("[issuer]\ntrusted_proxies = ['proxy.example']", "issuer.trusted_proxies[0]", "an IP address, or a network"),
        ("[issuer]\ndatabase = 'sqlite://data/x.db'", "issuer.database", "three slashes"),
        ("[issuer]\ndatabase = 'sqlite:///x.db?timeout=long'", "issuer.database", "and no more"),
        ("[verifier]\ndatabase = 'sqlite+pysqlite://x'", "verifier.database", "three slashes"),
        ("[issuer]\nworkers = 2\ndatabase = 'sqlite://'", "issuer.workers", "no other knows"),
        ("[issuer]\ntrusted_proxies = ['0.0.0.0/0']", "issuer.trusted_proxies[0]", "not every address"),
        ("[issuer]\ntrusted_proxies = ['10.0.0.1', '::/0']", "issuer.trusted_proxies[1]", "not every address"),
        ("[issuer]\ntrusted_proxies = ['::ffff:10.0.0.1']", "issuer.trusted_proxies[0]", "without ::ffff:"),
        ("[issuer]\ntrusted_proxies = ['10.1.2.3/8']", "issuer.trusted_proxies[0]", "an IP address, or a network"),
        ("[issuer.rates]\npar = 0", "issuer.rates.par", "a whole number from 1"),
        ("[issuer.rates]\npassphrase = 1", "issuer.rates.passphrase", "there is no such setting"),
        ("[issuer]\nstatus_list_size = 5000", "issuer.status_list_size", "a power of two"),
        ("[issuer]\nstatus_list_size = 2048", "issuer.status_list_size", "a whole number from 4096"),
        ("[issuer.source]\nkind = 'guess'", "issuer.source.kind", "one of register, csv, oidc, presentation"),
        ("issuer = 1", "issuer", "a table"),
        ("trusted_lists = 1", "trusted_lists", "a list"),
        ("[[trusted_lists]]\nlocation = 'x'", "trusted_lists[0].purpose", "it has no default"),
        ("[[qualified_lists]]\nlocation='x'\nsigners='x'\ntypes=[]", "qualified_lists[0].types", "at least one"),
        (
            "[[qualified_lists]]\nlocation='x'\nsigners='x'\ntypes=['a', 'urn:eudi:pid:1']",
            "qualified_lists[0].types",
            "no PID",
        ),
        (
            "[[qualified_lists]]\nlocation='x'\nsigners='x'\ntypes=['a']\nservices=['seals']",
            "qualified_lists[0].services[0]",
            "one of attestations, certificates",
        ),
        ("[outbound]\nloopback_origins = ['x']", "outbound.loopback_origins[0]", "an absolute http or https URL"),
        ("[[provider.clients]]\nid='a'\nname='a'\nredirect_uris=[]\nclaims=1", "provider.clients[0].claims", "a table"),
        (
            "[[provider.clients]]\nid='a'\nname='a'\nredirect_uris=[]\nclaims.sub.attestation=1",
            "provider.clients[0].claims.sub.attestation",
            "text",
        ),
        ("log = 'loud'", "log", "one of debug, info, warning, error"),
        ("'a b\\n' = 1", "'a b", "there is no such setting"),
        ("= 1", "", "expected TOML"),
    ],
)
def test_a_wrong_setting_is_named_by_its_path(text: str, where: str, expected: str) -> None:
    with pytest.raises(Malformed) as caught:
        parse(text)
    assert where in str(caught.value)
    assert expected in str(caught.value)


def test_a_value_in_the_wrong_place_is_not_repeated() -> None:
    with pytest.raises(Malformed) as caught:
        parse("[issuer]\noperator_port = 's3cret'")
    assert "s3cret" not in str(caught.value)


def test_a_file_that_is_missing_or_not_text(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="no such file or directory"):
        load_config(tmp_path / "zegel.toml")
    (tmp_path / "zegel.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(Malformed, match="expected UTF-8"):
        load_config(tmp_path / "zegel.toml")


def test_seconds_are_numbers() -> None:
    assert parse("purge = 5").purge == Seconds(5)
