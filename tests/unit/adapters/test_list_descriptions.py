"""The description of a list, read with the certificates and keys that it names; an error has the setting's path."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from zegel_testing.authorities import LOG, NOW
from zegel_testing.list_descriptions import AUTHORITY, DESCRIPTION

from zegel.adapters.list_descriptions import DescribedList, load_list_description
from zegel.config.lists import ListDescription
from zegel.config.setting import Shape, settings_of
from zegel.errors import Malformed, Unavailable
from zegel.trust.lists.values import CRL_POINT, ListType, ServiceType, SupplyPoint, encode_key

KINDS = {
    "pid": (ListType.PID_PROVIDERS, ServiceType.PID_ISSUANCE, ServiceType.PID_REVOCATION),
    "attestation": (ListType.PUB_EAA_PROVIDERS, ServiceType.PUB_EAA_ISSUANCE, ServiceType.PUB_EAA_REVOCATION),
    "wallet-provider": (ListType.WALLET_PROVIDERS, ServiceType.WALLET_ISSUANCE, ServiceType.WALLET_REVOCATION),
    "access": (ListType.ACCESS_PROVIDERS, ServiceType.ACCESS_ISSUANCE, ServiceType.ACCESS_REVOCATION),
    "registration": (
        ListType.REGISTRATION_PROVIDERS,
        ServiceType.REGISTRATION_ISSUANCE,
        ServiceType.REGISTRATION_REVOCATION,
    ),
}
SERVICE = '[[entities.services]]\nkind = "issuance"\nname = "PID"\ncertificates = ["pid-authority.pem"]'
LOG_SERVICE = """
[[entities.services]]
kind = "log"
name = "Log of access certificates"
keys = ["log.pem"]
location = "https://log.utopia.example"
identifier = "urn:oid:2.25.1"
since = 2026-11-22T01:00:00+01:00
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "pid-authority.pem").write_text(AUTHORITY.certificate.pem)
    key = LOG.key.for_agreement().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (tmp_path / "log.pem").write_bytes(key)
    return tmp_path


def load(folder: Path, text: str) -> DescribedList:
    (folder / "list.toml").write_text(text)
    return load_list_description(folder / "list.toml")


@pytest.mark.parametrize("purpose", KINDS)
def test_each_type_of_list_has_its_two_kinds_of_service(folder: Path, purpose: str) -> None:
    found = load(folder, DESCRIPTION.replace('"pid" ', f'"{purpose}" '))
    (entity,) = found.entities
    assert (found.scheme.type, *(service.type for service in entity.services)) == KINDS[purpose]
    assert entity.services[0].certificates == (AUTHORITY.certificate.der,)
    assert entity.services[0].supply_points == (
        SupplyPoint(url="https://pid.utopia.example/authority.crl", type=CRL_POINT),
    )


def test_what_is_left_out_follows_from_the_rest(folder: Path) -> None:
    found = load(folder, DESCRIPTION)
    (entity,) = found.entities
    assert (found.days, found.scheme.territory, found.scheme.operator.name) == (30, "UT", "Utopian trust office")
    assert entity.organization.trade_name == entity.organization.name == "Utopian identity office"
    assert entity.country == "UT"
    told = DESCRIPTION.replace('country = "UT"', 'country = "UT"\nmember_state = "XA"\ntrade_name = "VATUT-1"')
    told = told.replace('\nmember_state = "XA"', "", 1)
    (entity,) = load(folder, told).entities
    assert (entity.country, entity.organization.country) == ("XA", "UT")
    assert entity.organization.trade_name == "VATUT-1"


def test_a_log_stands_on_a_list_of_access_by_its_key(folder: Path) -> None:
    found = load(folder, DESCRIPTION.replace('"pid" ', '"access" ') + LOG_SERVICE)
    log = found.entities[0].services[-1]
    assert log.keys == (encode_key(LOG.key),)
    assert (log.identifier, log.since, log.active) == ("urn:oid:2.25.1", NOW, True)
    assert log.supply_points == (SupplyPoint(url="https://log.utopia.example"),)


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ('name = "PID providers"', 'nmae = "PID providers"', "nmae"),
        ('name = "PID providers"', "", "name"),
        ('name = "PID providers"', 'name = ""', "name"),
        ('name = "PID providers"', 'name = "PID\\nproviders"', "name"),
        ('"pid" ', '"health" ', "purpose"),
        ('territory = "UT"', 'territory = "Utopia"', "territory"),
        ('"https://lists.utopia.example/policy"', '"policy"', "policy"),
        ("days = 30", "days = 0", "days"),
        ("days = 30", 'days = "30"', "days"),
        ("[operator]", "[operators]", "operators"),
        ('email = "trust@utopia.example"', 'email = "trust"', "operator.email"),
        ('telephone = "+99915160001"', 'telephone = "0151 60001"', "entities[0].telephone"),
        (
            'locality = "Amaurot"\npostal_code = "1516"\ncountry = "UT"\nemail = "pid',
            'email = "pid',
            "entities[0].local",
        ),
        ('kind = "revocation"', 'kind = "log"', "entities[0].services[1].kind"),
        ('kind = "revocation"', 'kind = "revoke"', "entities[0].services[1].kind"),
        ('name = "PID status"', 'name = "PID status"\nsince = "2026-11-22"', "entities[0].services[1].since"),
        ('name = "PID status"', 'name = "PID status"\nsince = 2026-11-22', "entities[0].services[1].since"),
        ('name = "PID status"', 'name = "PID status"\nsince = 2026-11-22T01:00:00', "entities[0].services[1].since"),
        ('name = "PID status"', 'name = "PID status"\nwithdrawn = 1', "entities[0].services[1].withdrawn"),
    ],
)
def test_what_is_wrong_is_named_by_its_path(folder: Path, old: str, new: str, where: str) -> None:
    assert old in DESCRIPTION
    with pytest.raises(Malformed) as refusal:
        load(folder, DESCRIPTION.replace(old, new, 1))
    assert refusal.value.where.startswith(where)


def test_a_log_has_no_list_of_what_was_revoked(folder: Path) -> None:
    told = DESCRIPTION.replace('"pid" ', '"access" ') + LOG_SERVICE + 'crls = ["https://log.utopia.example/crl"]\n'
    with pytest.raises(Malformed) as refusal:
        load(folder, told)
    assert refusal.value.where == "entities[0].services[2].crls"


def test_no_toml_and_no_utf_8_are_said_to_be_so(folder: Path) -> None:
    with pytest.raises(Malformed, match="expected TOML"):
        load(folder, "purpose")
    (folder / "list.toml").write_bytes(b"name = '\xff'")
    with pytest.raises(Malformed, match="UTF-8"):
        load_list_description(folder / "list.toml")


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_certificate_that_is_not_there_is_named_by_the_path_of_its_setting(folder: Path, content: str | None) -> None:
    (folder / "pid-authority.pem").unlink()
    if content is not None:
        (folder / "pid-authority.pem").write_text(content)
    with pytest.raises(Unavailable, match=r"^entities\[0\]\.services\[0\]\.certificates\[0\]: .*pid-authority\.pem"):
        load(folder, DESCRIPTION)


def test_the_key_of_a_log_is_an_elliptic_one(folder: Path) -> None:
    other = ed25519.Ed25519PrivateKey.generate().public_key()
    for content in (b"no key", other.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)):
        (folder / "log.pem").write_bytes(content)
        with pytest.raises(Unavailable, match=r"^entities\[0\]\.services\[2\]\.keys\[0\]: .*expected an EC public key"):
            load(folder, DESCRIPTION.replace('"pid" ', '"access" ') + LOG_SERVICE)


def test_every_setting_has_a_meaning() -> None:
    waiting: list[object] = [ListDescription]
    count = 0
    while waiting:
        for setting in settings_of(waiting.pop()):
            count += 1
            assert setting.meaning, setting.name
            assert not setting.meaning.endswith("."), setting.name
            if setting.shape is not Shape.VALUE:
                waiting.append(setting.table)
    assert count == 39
