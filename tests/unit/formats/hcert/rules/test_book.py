"""Rules of a folder, and which of them count."""

import json
from base64 import b64encode

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization.pkcs7 import PKCS7Options, PKCS7SignatureBuilder
from cryptography.x509 import load_der_x509_certificate
from zegel_testing.authorities import NOW
from zegel_testing.business_rules import KNOWN_PRODUCT, RULE, TAKEN_BACK, book
from zegel_testing.health import Health

from zegel.errors import Malformed
from zegel.formats.hcert.rules.book import RuleBook, parse_rule_book
from zegel.formats.hcert.rules.rule import CertificateType, RuleType


def in_force(of: RuleBook, *, about: CertificateType = CertificateType.VACCINATION, region: str = "", now: int = NOW):
    rules = of.in_force(RuleType.ACCEPTANCE, country="XU", about=about, region=region, now=now)
    return [(rule.identifier, rule.version) for rule in rules]


def test_a_folder_has_rules_arrays_of_them_and_value_sets() -> None:
    published = {"valueSetId": "disease-agent-targeted", "valueSetValues": {"840539006": {"display": "COVID-19"}}}
    files = {
        "one.json": RULE,
        "more.json": [KNOWN_PRODUCT, TAKEN_BACK],
        "published.json": published,
        "read.json": {"covid-19-lab-result": ["260373001"]},
        "test001.json": {"payload": {}, "expected": True},
        "bare.json": {"expected": False, "external": {}},
        "list.json": [],
        "object.json": {},
        "rules.json": [{"identifier": "VR-XU-0009", "version": "1.0.0", "country": "XU", "hash": "6a"}],
        "sets.json": [{"id": "covid-19-lab-result", "hash": "6a"}],
        "rule.schema.json": {"$schema": "http://json-schema.org/draft-07/schema", "properties": {"Identifier": {}}},
        "package.json": {"dependencies": {"certlogic-js": "1"}},
    }
    others = list(files)[4:]
    read = parse_rule_book((name, json.dumps(value).encode()) for name, value in files.items())
    assert [rule.identifier for rule in read.rules] == ["VR-XU-0001", "VR-XU-0002", "IR-UT-0001"]
    assert read.value_sets == {"disease-agent-targeted": ["840539006"], "covid-19-lab-result": ["260373001"]}
    assert (read.passed_over, read.unread) == (tuple(others), ())


def test_a_book_has_room_for_so_many_rules_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fewer than in truth, which take long to read."""
    monkeypatch.setattr("zegel.formats.hcert.rules.book.MAX_RULES", 3)
    assert len(book(RULE, RULE, RULE).rules) == 3
    with pytest.raises(Malformed, match="at most 3 rules"):
        book(RULE, RULE, RULE, RULE)


BROKEN = b'{"Identifier": "VR-XU-0001", "Country": "XU", "Logic": {'


@pytest.mark.parametrize(
    ("name", "data", "concerned"),
    [
        ("a.json", BROKEN, "XU"),
        ("XV/a.json", BROKEN, "XU"),
        ("a.json", BROKEN.replace(b"XU", b"xu"), "XU XV"),
        ("XV/a.json", BROKEN.replace(b"Country", b"country"), "XV"),
        ("VR-XU-0009/rule.json", b"{", "XU"),
        ("VR-XU-0009.json", b"", "XU"),
        ("rule.json", b"{", "XU XV"),
        ("XU/VR-XU-0001/all.json", b"[" + BROKEN, "XU XV"),
        ("XU/VR-XU-0009/tests/test001.json", b'{"payload": {', "XU"),
        ("sets.json", b'{"valueSetId": ', "XU XV"),
        ("xu-vaccination.json", b"", "XU XV"),
        ("xu.json", json.dumps(RULE).encode("utf-16"), "XU XV"),
        ("XU/all.json", json.dumps(RULE).encode("utf-16"), "XU"),
        ("wrapped.json", b'{"rules": [' + BROKEN, "XU XV"),
        ("XU/wrapped.json", b'{"rules": {"a": ' + BROKEN, "XU XV"),
        ("XU/list.json", b"[", "XU XV"),
    ],
)
def test_what_is_no_json_concerns_the_countries_that_it_names_and_otherwise_all(
    name: str, data: bytes, concerned: str
) -> None:
    read = parse_rule_book([(name, data), ("good.json", json.dumps(KNOWN_PRODUCT).encode())])
    (unread,) = read.unread
    assert (unread.name, "expected JSON" in unread.why) == (name, True)
    assert " ".join(country for country in ("XU", "XV") if unread.concerns(country)) == concerned
    assert [rule.identifier for rule in read.rules] == ["VR-XU-0002"]


FOREIGN = RULE | {"Identifier": "VR-XV-0001", "Country": "XV"}


def lower(value: dict[str, object]) -> dict[str, object]:
    return {name.lower(): member for name, member in value.items()}


@pytest.mark.parametrize(
    ("name", "value", "concerned"),
    [
        ("a.json", {"rules": [RULE]}, "XU"),
        ("a.json", {"rules": [RULE, FOREIGN]}, "XU XV"),
        ("XV/a.json", {"rules": [RULE]}, "XU"),
        ("a.json", [[RULE]], "XU"),
        ("a.json", lower(RULE), "XU"),
        ("a.json", [lower(RULE), lower(FOREIGN)], "XU XV"),
        ("a.json", {"country": "xu", "LOGIC": True}, "XU"),
        ("a.json", {"identifier": "VR-XU-0001"}, "XU"),
        ("a.json", {"rules": [RULE, {"Logic": True}]}, "XU XV"),
        ("XV/a.json", {"rules": [RULE, {"Logic": True}]}, "XU XV"),
        ("XU/a.json", {"rules": [{"logic": True, "country": 1, "identifier": 1}]}, "XU"),
        ("a.json", {"VR-XU-0001": [{"jws": "e30"}]}, "XU"),
        ("a.json", {"VR-XU-0001": {}, "VR-XV-0001": 1}, "XU XV"),
        ("a.json", {"cms": "MAA="}, "XU XV"),
        ("VR-XU-0001.json", {"cms": "MAA="}, "XU"),
        ("VR-XU-0001.json", [1], "XU"),
        ("a.json", [1], "XU XV"),
        ("a.json", [{"hash": "6a"}], "XU XV"),
        ("a.json", [{"hash": 1, "id": "a"}], "XU XV"),
        ("a.json", None, "XU XV"),
        ("a.json", "VR-XU-0001", "XU XV"),
        ("a.json", {"expected": 1}, "XU XV"),
        ("a.json", {"valueSetId": "a", "valueSetValues": []}, "XU XV"),
        ("a.json", {"covid-19-lab-result": "260373001"}, "XU XV"),
    ],
)
def test_json_of_another_shape_may_hold_the_rules_of_whom_it_names_and_otherwise_of_all(
    name: str, value: object, concerned: str
) -> None:
    read = parse_rule_book([(name, json.dumps(value).encode())])
    (unread,) = read.unread
    assert (unread.name, unread.why) == (name, "expected a rule, an array of rules, or a value set")
    assert " ".join(country for country in ("XU", "XV") if unread.concerns(country)) == concerned
    assert (read.rules, read.passed_over, read.value_sets) == ((), (), {})


def test_what_is_not_called_json_is_passed_over_by_name_unless_it_is_called_as_a_rule() -> None:
    plain = ["README.md", "SOURCE.md", "LICENSE", ".git", "map.png", "XU/notes.txt", "VR-XU-0001/test.csv"]
    about = ["VR-XU-0001.md", "XU/VR-XU-0001.png"]
    read = parse_rule_book([], others=[*plain, *about, "VR-XU-0002.txt", "a/VR-XV-0003"])
    assert read.passed_over == (*plain, *about)
    assert [(each.name, each.why) for each in read.unread] == [
        ("VR-XU-0002.txt", "expected a name that ends in .json"),
        ("a/VR-XV-0003", "expected a name that ends in .json"),
    ]
    assert [each.countries for each in read.unread] == [{"XU"}, {"XV"}]


def enveloped(value: object, *, detached: bool = False) -> dict[str, str]:
    """A version of a rule as the gateway hands it out."""
    office = Health()
    options = [PKCS7Options.Binary, *([PKCS7Options.DetachedSignature] if detached else [])]
    builder = PKCS7SignatureBuilder().set_data(value if isinstance(value, bytes) else json.dumps(value).encode())
    signed = builder.add_signer(load_der_x509_certificate(office.der), office.key, SHA256())
    return {"version": "1.0.0", "cms": b64encode(signed.sign(Encoding.DER, options)).decode()}


def test_rules_as_the_gateway_hands_them_out_are_read() -> None:
    newer = RULE | {"Version": "1.1.0"}
    answer = {"VR-XU-0001": [enveloped(RULE), enveloped(newer)], "VR-XV-0001": [enveloped(FOREIGN)], "VR-XW-0001": []}
    read = parse_rule_book([("xu.json", json.dumps(answer).encode())])
    assert [(rule.identifier, rule.version) for rule in read.rules] == [
        ("VR-XU-0001", (1, 0, 0)),
        ("VR-XU-0001", (1, 1, 0)),
        ("VR-XV-0001", (1, 0, 0)),
    ]
    assert (read.unread, read.passed_over, read.value_sets) == ((), (), {})


@pytest.mark.parametrize(
    ("identifier", "entry", "concerned"),
    [
        ("VR-XU-0001", {"cms": "?"}, "XU"),
        ("VR-XU-0001", {"cms": "MAA="}, "XU"),
        ("VR-XU-0001", enveloped(RULE, detached=True), "XU"),
        ("VR-XU-0001", enveloped(b"{"), "XU"),
        ("VR-XU-0001", enveloped([RULE]), "XU"),
        ("VR-XU-0001", enveloped({"Logic": True}), "XU"),
        ("VR-XU-0001", enveloped(FOREIGN | {"Version": "1"}), "XV"),
        ("vaccination", enveloped(b"{"), "XU XV"),
    ],
)
def test_an_envelope_that_cannot_be_read_concerns_the_country_of_its_rule(
    identifier: str, entry: dict[str, str], concerned: str
) -> None:
    read = parse_rule_book([("a.json", json.dumps({identifier: [entry]}).encode())])
    (unread,) = read.unread
    assert unread.name.startswith(f"a.json: {identifier}[0]")
    assert " ".join(country for country in ("XU", "XV") if unread.concerns(country)) == concerned
    assert read.rules == ()


@pytest.mark.parametrize(
    ("value", "concerned"),
    [
        ({"Identifier": "VR-XU-0001"}, "XU"),
        ({"Logic": True}, "XU XV"),
        ({"Logic": True, "Country": "xu"}, "XU XV"),
        ({"Logic": True, "Country": "XV", "Identifier": "VR-XU-0001"}, "XV"),
        ({"Identifier": 1, "Logic": True}, "XU XV"),
        ([RULE, 1], "XU XV"),
        ([RULE, {"Logic": True, "Country": "XV"}], "XV"),
        (RULE | {"ValidFrom": "22022-01-15T00:00:00Z"}, "XU"),
    ],
)
def test_what_is_meant_for_a_rule_and_is_none_concerns_its_country_and_names_the_file(
    value: object, concerned: str
) -> None:
    (unread,) = parse_rule_book([("broken.json", json.dumps(value).encode())]).unread
    assert unread.name.startswith("broken.json[")
    assert " ".join(country for country in ("XU", "XV") if unread.concerns(country)) == concerned


def test_a_rule_of_which_the_logic_alone_cannot_be_read_counts_as_long_as_it_would() -> None:
    newer = RULE | {"Version": "2.0.0", "Logic": {"if": [True, False]}}
    read = book(RULE, newer, RULE | {"Identifier": "VR-XU-0002", "ValidTo": "2022-01-01T00:00:00Z", "Logic": {}})
    assert in_force(read) == [("VR-XU-0001", (2, 0, 0))]
    assert [bool(rule.unread) for rule in read.rules] == [False, True, True]
    assert [unread.concerns("XU") for unread in read.unread] == [False, False]
    assert "if" in read.unread[0].why


def test_a_file_that_was_not_read_concerns_whom_its_name_says() -> None:
    read = parse_rule_book([], unreadable={"XU/VR-XU-0001/rule.json": "permission denied", "README.json": "too long"})
    assert [(each.name, each.why) for each in read.unread] == [
        ("XU/VR-XU-0001/rule.json", "permission denied"),
        ("README.json", "too long"),
    ]
    assert read.unread_of("XV", "XU") == ("XV", read.unread[1])
    assert read.unread_of("XU") == ("XU", read.unread[0])
    assert parse_rule_book([], unreadable={"XU/rule.json": "too long"}).unread_of("XV") is None


def test_of_each_rule_the_latest_version_counts() -> None:
    versions = [RULE | {"Version": version} for version in ("1.2.0", "1.10.0", "1.9.9")]
    assert in_force(book(*versions)) == [("VR-XU-0001", (1, 10, 0))]


def test_a_version_that_is_not_in_force_yet_leaves_the_one_before() -> None:
    later = RULE | {"Version": "2.0.0", "ValidFrom": "2029-01-01T00:00:00Z"}
    assert in_force(book(RULE, later)) == [("VR-XU-0001", (1, 0, 0))]


def test_a_rule_counts_from_its_first_second_to_the_last_before_its_end() -> None:
    rules = book(RULE)
    first, end = rules.rules[0].valid_from // 1000, rules.rules[0].valid_to // 1000
    counting = [bool(in_force(rules, now=now)) for now in (first - 1, first, end - 1, end)]
    assert counting == [False, True, True, False]


def test_a_country_is_bound_while_one_of_its_rules_of_acceptance_counts() -> None:
    rules = book(RULE, TAKEN_BACK)
    first, end = rules.rules[0].valid_from // 1000, rules.rules[0].valid_to // 1000
    assert [rules.binds("XU", now=now) for now in (first - 1, first, end - 1, end)] == [False, True, True, False]
    assert not any(rules.binds(country, now=first) for country in ("UT", "XV", "xu", ""))


def test_rules_of_other_kinds_and_countries_do_not_count_and_general_ones_come_first() -> None:
    general = RULE | {"Identifier": "ZZ-XU-0001", "CertificateType": "General"}
    test = RULE | {"Identifier": "TR-XU-0001", "CertificateType": "Test"}
    foreign = RULE | {"Identifier": "VR-XV-0001", "Country": "XV"}
    rules = book(RULE, general, test, foreign, TAKEN_BACK)
    assert [name for name, _ in in_force(rules)] == ["ZZ-XU-0001", "VR-XU-0001"]
    assert [name for name, _ in in_force(rules, about=CertificateType.TEST)] == ["ZZ-XU-0001", "TR-XU-0001"]
    assert [name for name, _ in in_force(rules, about=CertificateType.GENERAL)] == ["ZZ-XU-0001"]


def test_rules_of_a_region_count_for_whoever_names_it() -> None:
    rules = book(RULE, RULE | {"Identifier": "VR-XU-0009", "Region": "NORTH"})
    assert [name for name, _ in in_force(rules)] == ["VR-XU-0001"]
    assert [name for name, _ in in_force(rules, region="NORTH")] == ["VR-XU-0001", "VR-XU-0009"]
