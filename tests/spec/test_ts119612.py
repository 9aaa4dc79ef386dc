"""ETSI TS 119 612: the lists of others come out as the table beside them says, each at its own time, and today."""

import json
import lzma
import tomllib
from collections import Counter
from collections.abc import Callable
from copy import deepcopy
from hashlib import sha256

import pytest
from jsonschema import Draft7Validator, FormatChecker
from lxml import etree
from zegel_testing.authorities import NOW, anchor, authority, signer, trusting
from zegel_testing.xml_lists import FOLDER, Row, judged, list_text, parsed, rows

from zegel.checks import Check
from zegel.errors import ZegelError
from zegel.primitives.jws import encode_header, sign_encoded
from zegel.trust.anchors import Purpose
from zegel.trust.lists.parse import parse_trusted_list
from zegel.trust.lists.values import LIST_HEADER, ListType
from zegel.trust.lists.verify import verify_trusted_list
from zegel.trust.lists.xml.document import Element, open_document
from zegel.trust.lists.xml.parse import parse_xml_list
from zegel.trust.lists.xml.signature import take_signature, verify_xml_signature
from zegel.trust.lists.xml.values import QualifiedService
from zegel.trust.lists.xml.verify import VerifiedXmlList, pivots_of

ROWS = rows()
JSON_ROWS = tomllib.loads((FOLDER / "expected.toml").read_text())["json"]
JSON_NAMES = [f"{row['file']}, {row['anchors']}" for row in JSON_ROWS]
JSON_SCHEMA_FILE = FOLDER.parent / "ts119602" / "1960201_json_schema.json"
JSON_SCHEMA = Draft7Validator(json.loads(JSON_SCHEMA_FILE.read_bytes()), format_checker=FormatChecker())
NAMES = [f"{row['file']}, {row['anchors']}{', pivots' * ('pivots' in row)}" for row in ROWS]
EVERY = frozenset(QualifiedService)
TYPES = frozenset({"urn:utopia:diploma:1", "urn:eudi:pid:1"})


def check_of(row: Row, *, now: int) -> str | None:
    try:
        judged(row, now=now)
    except ZegelError as refusal:
        return refusal.check.id
    return None


@pytest.mark.slow
@pytest.mark.parametrize("row", ROWS, ids=NAMES)
@pytest.mark.requirement("OIA_15b")
@pytest.mark.requirement("ISSU_10b")
def test_a_list_comes_out_at_its_own_time_as_the_table_says(row: Row) -> None:
    found = check_of(row, now=int(row["clock"].timestamp()))
    assert found == row.get("check")
    assert row["verdict"] == ("trusted" if found is None else "refused")
    assert row["source"]


@pytest.mark.slow
@pytest.mark.parametrize("row", ROWS, ids=NAMES)
@pytest.mark.requirement("OIA_15a")
def test_today_it_comes_out_as_the_table_says_and_is_stale_but_for_one(row: Row) -> None:
    found = check_of(row, now=NOW)
    assert found == row.get("check_now")
    assert found is not None or row["file"] == "pyhanko/tsl-be-v6.xml"  # due on 15 December 2026


def json_text(row: Row) -> bytes:
    text = (FOLDER.parent / row["file"]).read_bytes()
    return lzma.decompress(text) if row["file"].endswith(".xz") else text


def check_of_json(row: Row, *, now: int) -> str | None:
    """Why a list is not trusted that the operator of tests signed now."""
    root = authority("list authority", now=now)
    operator = signer(root, "list operator", Purpose.LIST, now=now)
    trusted = {"the operator": root, "another operator": authority("another list authority", now=now)}
    header = encode_header(signer=operator.key, typ=LIST_HEADER, x5c=operator.chain)
    anchors = trusting(anchor(trusted[row["anchors"]], Purpose.LIST))
    try:
        parsed_list = parse_trusted_list(sign_encoded(header, json_text(row), signer=operator.key))
        verify_trusted_list(parsed_list, expected=ListType.PID_PROVIDERS, anchors=anchors, now=now, seen=0)
    except ZegelError as refusal:
        return refusal.check.id
    return None


@pytest.mark.parametrize("row", JSON_ROWS, ids=JSON_NAMES)
def test_a_list_in_json_comes_out_at_its_own_time_as_the_table_says(row: Row) -> None:
    found = check_of_json(row, now=int(row["clock"].timestamp()))
    assert found == row.get("check")
    assert row["verdict"] == ("trusted" if found is None else "refused")


@pytest.mark.parametrize("row", JSON_ROWS, ids=JSON_NAMES)
def test_a_list_in_json_comes_out_today_as_the_table_says_and_each_is_stale(row: Row) -> None:
    found = check_of_json(row, now=NOW)
    assert found is not None
    assert found == row.get("check_now")


@pytest.mark.parametrize("row", JSON_ROWS, ids=JSON_NAMES)
def test_the_verdict_on_a_list_in_json_comes_from_where_the_table_says(row: Row) -> None:
    said = row["source"]
    try:
        takes = JSON_SCHEMA.is_valid(json.loads(json_text(row)))
    except ValueError:
        assert said.startswith("its name: ")
        assert (FOLDER.parent / "ts119602/dss/Mock_PID_Provider_List_v0.0.1-fixed.json").is_file()
        assert row["verdict"] == "refused"
        return
    assert said.startswith("the schema takes it" if takes else "the schema refuses it")
    assert takes or row["verdict"] == "refused"


def test_every_vector_stands_in_the_table_and_is_what_its_source_says() -> None:
    vectors = FOLDER.parent
    named = {f"trustlists/{row['file']}.xz" for row in ROWS} | {row["file"] for row in JSON_ROWS}
    every = (path for folder in (FOLDER, JSON_SCHEMA_FILE.parent) for path in folder.rglob("*"))
    lists = {str(path.relative_to(vectors)) for path in every if path.suffix in (".xz", ".json", ".xml")}
    assert lists - {str(JSON_SCHEMA_FILE.relative_to(vectors))} == named
    source = (FOLDER / "SOURCE.md").read_text()
    for path in FOLDER.glob("*/*"):
        assert f"| {path.relative_to(FOLDER)} | {sha256(path.read_bytes()).hexdigest()} |" in source
    assert Counter(row["verdict"] for row in ROWS) == {"trusted": 24, "refused": 22}
    assert Counter(row["verdict"] for row in JSON_ROWS) == {"trusted": 1, "refused": 8}


@pytest.mark.parametrize("row", [*ROWS, *JSON_ROWS], ids=(*NAMES, *JSON_NAMES))
def test_a_row_of_the_table_says_all_that_it_has_to(row: Row) -> None:
    """File, clock, anchors, verdict, check, and where the verdict comes from; nothing that no test reads."""
    needed = {"file", "clock", "anchors", "verdict", "source"}
    assert needed <= row.keys() <= needed | {"type", "pivots", "check", "check_now"}
    assert all(row[name] for name in needed)
    assert ("check" in row) == (row["verdict"] == "refused")


@pytest.mark.parametrize("file", ["dss/tl-ecdsa-brainpool.xml", "dss/peru-lotl.xml"])
def test_the_signature_of_a_list_that_is_none_of_the_unions_is_verified_all_the_same(file: str) -> None:
    signature = take_signature(open_document(list_text(file), what="list"), what="list")
    row = next(row for row in ROWS if row["file"] == file)
    verified = verify_xml_signature(signature, signers=(signature.signer,), now=int(row["clock"].timestamp()))
    assert verified.certificate == signature.signer


def national(file: str) -> VerifiedXmlList:
    row = next(row for row in ROWS if row["file"] == file)
    return judged(row, now=int(row["clock"].timestamp()))


@pytest.mark.parametrize(
    ("file", "territory", "providers", "services", "granted"),
    [("pyhanko/tsl-be-v6.xml", "BE", 17, 135, 77), ("pyhanko/tsl-ee.xml", "EE", 2, 62, 18)],
)
@pytest.mark.requirement("OIA_13")
@pytest.mark.requirement("ISSU_08")
def test_a_national_list_says_whose_services_are_granted(
    file: str, territory: str, providers: int, services: int, granted: int
) -> None:
    found = national(file)
    every = [service for provider in found.providers for service in provider.services]
    assert (found.territory, len(found.providers), len(every)) == (territory, providers, services)
    assert sum(service.granted for service in every) == granted


def test_nobody_on_it_is_trusted_for_a_pid() -> None:
    anchors = national("pyhanko/tsl-ee.xml").anchors(types=TYPES, services=EVERY)
    assert {(anchor.purpose, anchor.types) for anchor in anchors} == {
        (Purpose.ISSUER, frozenset({"urn:utopia:diploma:1"})),
        (Purpose.STATUS, None),
    }


def test_the_list_of_the_lists_points_to_thirty_one_countries() -> None:
    found = judged(ROWS[0], now=int(ROWS[0]["clock"].timestamp()))
    assert len({pointer.territory for pointer in found.national_pointers()}) == 31
    assert all(pointer.certificates for pointer in found.national_pointers())


def test_the_pivots_of_a_list_are_named_in_it_the_newest_first() -> None:
    assert [uri.rpartition("-")[2] for uri in pivots_of(parsed("pyhanko/eu-lotl-old.xml"))] == [
        "341.xml",
        "335.xml",
        "300.xml",
        "282.xml",
    ]


def wrapped_in_another(root: Element) -> Element:
    """The signed list whole, inside of one of somebody else."""
    forged = deepcopy(root)
    forged.remove(forged.find("{*}Signature"))
    forged.append(root)
    return forged


def kept_in_its_signature(root: Element) -> Element:
    """The signed list inside of its own signature, which stands in a forged one now."""
    forged = deepcopy(root)
    signature = forged.find("{*}Signature")
    root.remove(root.find("{*}Signature"))
    etree.SubElement(signature, "{http://www.w3.org/2000/09/xmldsig#}Object").append(root)
    forged.find(".//{*}TSLSequenceNumber").text = "999"
    return forged


def two_in_one(root: Element) -> Element:
    """The signature twice, so that it is anybody's guess which one counts."""
    root.append(deepcopy(root.find("{*}Signature")))
    return root


def one_letter(root: Element) -> Element:
    """The list, with a letter of a name changed."""
    root.find(".//{*}SchemeOperatorName/{*}Name").text += "."
    return root


@pytest.mark.parametrize("file", ["dss/xsw-TSL-CY-sign.xml", "dss/xsw-TSL-noID.xml"])
@pytest.mark.parametrize(
    ("forge", "check"),
    [
        (wrapped_in_another, Check.SYNTAX),
        (two_in_one, Check.SYNTAX),
        (kept_in_its_signature, Check.SIGNATURE),
        (one_letter, Check.SIGNATURE),
    ],
)
def test_a_signature_counts_for_the_list_that_it_stands_in_and_for_no_other(
    file: str, forge: Callable[[Element], Element], check: Check
) -> None:
    row = next(row for row in ROWS if row["file"] == file)
    forged = etree.tostring(forge(etree.fromstring(list_text(file))))
    with pytest.raises(ZegelError) as refusal:
        verify_xml_signature(
            parse_xml_list(forged).signature,
            signers=(parsed(file).signature.signer,),
            now=int(row["clock"].timestamp()),
        )
    assert refusal.value.check is check
