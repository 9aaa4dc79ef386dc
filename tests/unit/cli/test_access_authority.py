"""``zegel access-authority``: the root in its file, an order from the request to the role's key, and revocation."""

import asyncio
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from zegel_testing.authorities import NOW, fixed_random
from zegel_testing.markdown import the_block
from zegel_testing.register import PARTY
from zegel_testing.sandboxes import sandbox_at
from zegel_testing.served_access import ServedAccess, serve_access

from zegel.adapters.catalogue import load_catalogue
from zegel.adapters.clients import check_clients
from zegel.adapters.clock import SystemClock
from zegel.adapters.configuration import load_config
from zegel.adapters.files import create_owner_only
from zegel.adapters.keyfiles import load_certificates, load_private_key
from zegel.adapters.registration_files import load_registration
from zegel.adapters.sealing_keys import load_sealing_keys
from zegel.adapters.sql.store import open_store
from zegel.cli.wallet_words import time_text
from zegel.config.parse import parse_config
from zegel.primitives.crl import parse_crl, verify_crl
from zegel.primitives.json import encode_json
from zegel.protocols.oidc.claims import SCOPES, build_sign_in_query
from zegel.services.access_reports import REFUSED, RefusedReport
from zegel.services.ports import FOR_EVER
from zegel.services.registrar_people import OFFICER, Officer
from zegel.trust.registration.parse import parse_registration

PASSPHRASE = b"seven roots under an oak\n"
IDENTIFIER = "NTRUT-1234567"


def commands(kind: str) -> list[list[str]]:
    """The commands of a block, without the program's name."""
    text = the_block(kind).text.replace("\\\n", " ")
    return [shlex.split(line, comments=True)[1:] for line in text.splitlines()]


@pytest.fixture(autouse=True)
def at_the_tests_now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SystemClock, "now", lambda _: NOW)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedAccess]:
    with serve_access(tmp_path_factory.mktemp("access") / "utopia") as roles:
        yield roles


@pytest.mark.slow
def test_a_root_is_made_and_used_as_the_page_says(zegel: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sandbox_at(tmp_path / "utopia")
    monkeypatch.setenv("ZEGEL_CONFIG", str(tmp_path / "utopia" / "zegel.toml"))
    create_owner_only(tmp_path / "passphrase", PASSPHRASE)
    here = Path.cwd()
    (here / "NEW").mkdir()
    for command in commands("sh access root"):
        given = ["--passphrase-file", tmp_path / "passphrase"] if "root" in command else []
        ran = zegel(*command, *given)
        assert ran.code == 0, (command, ran.err)
    (root,), (issuing,) = load_certificates(here / "root.pem"), load_certificates(here / "issuing.pem")
    assert issuing.issuer == root.subject
    assert issuing.key == load_private_key(here / "NEW" / "next.key.pem").public_key
    crl = verify_crl(parse_crl((here / "root.crl").read_bytes()), issuer=root, now=NOW)
    assert (crl.serials, crl.number) == (frozenset(), 1)
    again = [*commands("sh access root")[-1], "--revoke", "issuing.pem", "--json"]
    ran = zegel(*again, "--passphrase-file", tmp_path / "passphrase")
    assert ran.json == {"number": 2, "revoked": [f"{issuing.serial_number:x}"]}
    create_owner_only(tmp_path / "wrong", b"another\n")
    assert zegel(*again, "--passphrase-file", tmp_path / "wrong").code == 1
    ran = zegel(*commands("sh access root")[0], "--json", "--passphrase-file", tmp_path / "passphrase")
    assert (ran.code, ran.json["check"], ran.json["field"]) == (2, "syntax", "FILE")


@pytest.mark.slow
def test_a_relying_party_orders_as_the_page_says(
    zegel: Any, served: ServedAccess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZEGEL_CONFIG", str(served.folder / "zegel.toml"))
    party = PARTY | {"infoURI": [served.config.verifier.origin + "/"]}
    (tmp_path / "party.json").write_bytes(encode_json(party))
    applied = zegel("registrar", "apply", tmp_path / "party.json", "--as", "librarian", "--json")
    seen = applied.json["proposal"]
    assert zegel("registrar", "approve", IDENTIFIER, "--as", "officer", "--seen", seen).code == 0
    # what it registered comes into the file that the role shows, by the names of what it is about
    file = tmp_path / "registration.jwt"
    fetch = ("registrar", "certificate", IDENTIFIER, "--out", file)
    several = zegel(*fetch)
    assert (several.code, "so name one: lending" in several.err, file.exists()) == (1, True, False)
    assert zegel(*fetch, "--service", "lending").out.startswith(f"{file}: valid until ")
    assert load_registration(file).unverified_certificate.service == "lending"
    assert zegel(*fetch, "--service", "reading", "--json").json["file"] == str(file)
    assert load_registration(file).unverified_certificate.service == "reading"
    assert zegel(*fetch, "--service", "lending", "--format", "cwt").out.startswith(f"{file}: valid until ")
    as_cwt = load_registration(file)
    assert (as_cwt.registration.format, as_cwt.unverified_certificate.service) == ("cwt", "lending")
    assert zegel(*fetch, "--service", "lending", "--format", "pdf").code == 2
    assert load_registration(file).data == as_cwt.data, "what is refused replaces nothing"
    assert zegel(*fetch, "--service", "reading", "--format", "jwt").code == 0
    assert load_registration(file).registration.format == "jwt"
    assert "there is none" in zegel(*fetch, "--service", "elsewhere").err
    assert "ends within 30 days" in zegel("registrar", "renew", IDENTIFIER, "--as", "officer").err
    monkeypatch.chdir(served.folder)
    (served.folder / "NEW").mkdir()
    before = load_certificates(served.config.verifier.access_chain)
    for command in commands("sh access order"):
        ran = zegel(*command)
        assert ran.code == 0, (command, ran.err)
    leaf, above = load_certificates(served.config.verifier.access_chain)
    assert leaf != before[0]
    assert leaf.dns_names == ("verifier.localhost",)
    assert above.is_authority
    assert list((served.folder / "data" / "challenges").iterdir()) == []
    # and once more in two steps, of which the first is done by hand
    ordered = zegel("access-authority", "order", "NEW/next.request.pem", "--party", IDENTIFIER, "--service", "reading")
    order = ordered.out.partition("\n")[0].removeprefix("order ")
    assert "/.well-known/access-certificate/" in ordered.out
    refused = zegel("access-authority", "finish", order)
    assert (refused.code, "does not answer with the token" in refused.err) == (1, True)
    listed = zegel("access-authority", "list", "--json")
    assert listed.json["serial"] == f"{leaf.serial_number:x}"
    assert "lending at verifier.localhost" in zegel("access-authority", "list").out
    asked = zegel("access-authority", "revoke", "--issued", "--since", NOW - 1, "--reason", "stolen")
    assert (asked.code, "confirm as 1" in asked.err) == (1, True)
    revoked = zegel("access-authority", "revoke", "--issued", "--confirm", 1, "--reason", "stolen")
    assert revoked.out.startswith("1 certificate revoked")
    for way in (("--certificate", listed.json["serial"]), ("--party", IDENTIFIER)):
        assert zegel("access-authority", "revoke", *way, "--reason", "again").code == 1
    assert "revoked, stolen" in zegel("access-authority", "list").out
    assert zegel("access-authority", "check-register", "--json").json == {"revoked": 0}
    assert zegel("access-authority", "reports").out == ""
    asyncio.run(set_aside(served, party="NTRUT\x1b[2J"))
    assert zegel("access-authority", "reports").out == f"af  NTRUT\\x1b[2J, {time_text(NOW)}: status 400: full\n"
    assert zegel("access-authority", "reports", "--json").json["reason"] == "status 400: full"
    asyncio.run(set_aside(served, party=None))
    assert zegel("access-authority", "reports", "--retry").out == "the register is told again of 0, and refuses 0\n"
    assert zegel("access-authority", "reports", "--retry", "--json").json == {"again": 0, "refused": 0}
    assert zegel("access-authority", "publish").out.startswith("the lists of revoked")


@pytest.mark.slow
def test_a_key_without_a_certificate_is_not_asked_for(zegel: Any, tmp_path: Path) -> None:
    sandbox_at(tmp_path / "utopia")
    config = ("--config", tmp_path / "utopia" / "zegel.toml")
    for key in ("provider.key", "issuer.sealing_key"):
        assert zegel("keys", "request", key, "--to", tmp_path, *config).code == 2
    ran = zegel("keys", "request", "issuer.access_key", "--host", "a.example", "--to", tmp_path, "--json", *config)
    assert ran.json["hosts"] == ["a.example"]
    assert zegel("keys", "request", "issuer.access_key", "--host", "*", "--to", tmp_path, *config).code == 2


async def set_aside(served: ServedAccess, *, party: str | None) -> None:
    """Have a report of somebody's be set aside, or none."""
    authority = load_config(served.folder / "zegel.toml").access_authority
    key, random = load_sealing_keys(authority.sealing_key).current, fixed_random("set aside")
    store = await open_store(authority.database, key=key, clock=SystemClock(), random=random)
    async with store.transaction() as transaction:
        await transaction.take(REFUSED, "a")
        if party is not None:
            refused = RefusedReport(order="a", party=party, serial="af", reason="status 400: full", at=NOW)
            await transaction.put(REFUSED, "a", refused, expires=FOR_EVER)
    store.close()


async def enrol(served: ServedAccess, *, name: str) -> None:
    """Have somebody be an officer whom a wallet has called so."""
    registrar = load_config(served.folder / "zegel.toml").registrar
    key, random = load_sealing_keys(registrar.sealing_key).current, fixed_random("enrolled")
    store = await open_store(registrar.database, key=key, clock=SystemClock(), random=random)
    async with store.transaction() as transaction:
        await transaction.put(OFFICER, "clerk", Officer(subject="clerk", name=name, since=NOW), expires=FOR_EVER)
    store.close()


@pytest.mark.slow
def test_the_register_is_moved_and_people_are_stopped_from_the_command_line(
    zegel: Any, served: ServedAccess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZEGEL_CONFIG", str(served.folder / "zegel.toml"))
    identifier = "NTRUT-7654321"
    party = PARTY | {"identifier": [{"identifier": identifier, "type": "http://data.europa.eu/eudi/id/EUID"}]}
    party |= {"tradeName": "Clear\x1b[2J\nscreen"}
    (tmp_path / "party.json").write_bytes(encode_json(party))
    applied = zegel("registrar", "apply", tmp_path / "party.json", "--as", "keeper")
    assert applied.out.startswith(f"{identifier}  applied, waits: ")
    seen = applied.out.partition("waits: ")[2].partition(",")[0]
    assert zegel("registrar", "waiting").out == applied.out
    assert zegel("registrar", "approve", identifier, "--as", "officer", "--seen", "another").code != 0
    assert zegel("registrar", "approve", identifier, "--as", "officer", "--seen", seen).code == 0
    assert zegel("registrar", "officers").out == ""
    nobody = zegel("registrar", "dismiss", "nobody", "--as", "officer")
    assert nobody.code != 0
    assert "expected the subject of an officer" in nobody.err
    asyncio.run(enrol(served, name="Erika\x1b[2J\nVoorbeeld"))
    assert zegel("registrar", "officers").out == "clerk  Erika\\x1b[2J\\nVoorbeeld\n"
    assert zegel("registrar", "search", "clear").out == f"{identifier}  Clear\\x1b[2J\\nscreen\n"
    for whose in (("--party", identifier), ("--person", "keeper")):
        assert zegel("registrar", "withdraw", *whose, "--as", "officer", "--json").json == {"withdrawn": True}


@pytest.mark.slow
def test_a_service_is_registered_as_the_page_says(
    zegel: Any, served: ServedAccess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To the certificate that its client shows: it names the provider, and allows what the client asks for."""
    monkeypatch.setenv("ZEGEL_CONFIG", str(served.folder / "zegel.toml"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "library.json").write_text(the_block("json library").text)
    (tmp_path / "keys").mkdir()
    apply, approve, fetch = commands("sh register")
    applied = zegel(*apply)
    digest = applied.out.partition("waits: ")[2].partition(",")[0]
    assert zegel(*(digest if word == "DIGEST" else word for word in approve)).code == 0
    assert zegel(*fetch).code == 0
    config = parse_config(the_block("toml client").text, folder=tmp_path)
    (client,) = check_clients(config.provider.clients, load_catalogue()).values()
    carried = load_registration(config.provider.clients[0].registration)
    certificate = parse_registration(carried.data).unverified_certificate
    assert certificate.intermediary is not None
    assert certificate.intermediary.identifier == "GOVUT-0003"
    registered = {credential.format: set(credential.claims) for credential in certificate.credentials}
    for credential in build_sign_in_query(client, scope=SCOPES).credentials:
        assert {claim.path for claim in credential.claims} == registered[credential.format]


@pytest.mark.slow
def test_people_are_invited_as_the_page_says(
    zegel: Any, served: ServedAccess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZEGEL_CONFIG", str(served.folder / "zegel.toml"))
    party = PARTY | {"identifier": [{"identifier": "NTRUT-55", "type": "http://data.europa.eu/eudi/id/EUID"}]}
    (tmp_path / "party.json").write_bytes(encode_json(party))
    an_officer, of_a_party, an_applicant = commands("sh invite")
    assert "who is to be one" in zegel(*of_a_party).err, "nobody has registered under this name yet"
    assert zegel("registrar", "apply", tmp_path / "party.json", "--as", "bee-keeper").code == 0
    codes = []
    for command in (an_officer, of_a_party, an_applicant):
        code, address = zegel(*command).out.splitlines()
        codes.append(code.removeprefix("code: "))
        assert address == f"address: {served.config.registrar.origin}/sign-in/code"
    assert len(set(codes)) == 3
    assert [len(code.split("-")) for code in codes] == [4, 4, 4]
    assert "a subject of nobody's" in zegel(*of_a_party, "--applicant").err
    assert zegel(*an_applicant, "--officer").code == 2
