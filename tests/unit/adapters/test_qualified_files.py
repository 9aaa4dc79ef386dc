"""Trust from a folder of lists in XML: for whom the operator named, for the types that were named, and no further."""

from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from zegel_testing.authorities import DAY, NOW
from zegel_testing.qualified import (
    DIPLOMA,
    ELSEWHERE,
    LOTL,
    QEAA_ROOT,
    list_of_lists,
    national_list,
    operator,
    pivot,
    to_utopia,
)
from zegel_testing.xml_making import service

from zegel.adapters.trust_files import load_trust
from zegel.checks import Check
from zegel.errors import Malformed, Rejected, Unavailable, ZegelError, explain
from zegel.trust.anchors import Purpose, TrustAnchors

PIVOT = "https://lists.example/pivot-1.xml"


def described(location: str = LOTL, *, more: str = "") -> str:
    """A table as a role's own file has it."""
    return f'[[qualified_lists]]\nlocation = "{location}"\nsigners = "journal.pem"\ntypes = ["{DIPLOMA}"]\n{more}'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A mirror: each list under the last part of its address."""
    journal = x509.load_der_x509_certificate(operator("Union").certificate)
    (tmp_path / "journal.pem").write_bytes(journal.public_bytes(Encoding.PEM))
    (tmp_path / "qualified.toml").write_text(described())
    (tmp_path / "lotl.xml").write_bytes(list_of_lists())
    (tmp_path / "list.xml").write_bytes(national_list())
    return tmp_path


def trusted(folder: Path, *, now: int = NOW) -> TrustAnchors:
    return load_trust([folder], now=now)


def refused(folder: Path, *, now: int = NOW) -> ZegelError:
    with pytest.raises(ZegelError) as refusal:
        trusted(folder, now=now)
    return refusal.value


@pytest.mark.requirement("OIA_13")
@pytest.mark.requirement("OIA_15b")
def test_who_stands_on_a_national_list_issues_the_named_types_and_is_trusted_for_nothing_else(folder: Path) -> None:
    anchors = trusted(folder)
    (issuer,) = anchors.of(Purpose.ISSUER)
    assert (issuer.certificate.der, issuer.types) == (QEAA_ROOT.certificate.der, {DIPLOMA})
    assert issuer.listings[0].type == "EUgeneric UT"
    assert [purpose for purpose in Purpose if anchors.of(purpose)] == [Purpose.ISSUER, Purpose.STATUS]


def test_whoever_signs_the_list_of_the_lists_is_no_anchor(folder: Path) -> None:
    """The certificates beside lists are those of their signers: without lists they would be vouched for by hand."""
    (folder / "list.xml").unlink()
    assert [purpose for purpose in Purpose if trusted(folder).of(purpose)] == []


def test_a_national_list_alone_counts_for_whoever_names_its_signer(folder: Path) -> None:
    (folder / "lotl.xml").unlink()
    (folder / "qualified.toml").write_text(described("list.xml"))
    assert refused(folder).check is Check.ANCHOR
    signer = x509.load_der_x509_certificate(operator("Utopia").certificate)
    (folder / "journal.pem").write_bytes(signer.public_bytes(Encoding.PEM))
    assert len(trusted(folder).of(Purpose.ISSUER)) == 1
    (folder / "qualified.toml").write_text(described("list.xml", more='territories = ["NL"]'))
    assert refused(folder).check is Check.LIST_TYPE


def test_pivots_lead_to_who_signs_now(folder: Path) -> None:
    (folder / "lotl.xml").write_bytes(list_of_lists(by="Later", pivots=(PIVOT,)))
    assert refused(folder).check is Check.ANCHOR
    (folder / "pivot-1.xml").write_bytes(pivot("Union", then="Later", sequence=3))
    assert len(trusted(folder).of(Purpose.ISSUER)) == 1


@pytest.mark.parametrize(
    ("file", "content", "check", "field"),
    [
        ("lotl.xml", list_of_lists(by="Somebody"), Check.ANCHOR, "KeyInfo"),
        ("lotl.xml", list_of_lists(due=NOW), Check.LIST_FRESHNESS, "NextUpdate"),
        ("list.xml", national_list(by="Somebody"), Check.ANCHOR, "KeyInfo"),
        ("list.xml", national_list(due=NOW), Check.LIST_FRESHNESS, "NextUpdate"),
        ("list.xml", national_list(territory="NL"), Check.LIST_TYPE, "SchemeTerritory"),
        ("list.xml", list_of_lists(by="Utopia"), Check.LIST_TYPE, "TSLType"),
        ("list.xml", national_list().replace(b"Utopia Trust", b"Utopia Thrust"), Check.SIGNATURE, "Reference"),
        ("list.xml", b"<list/>", Check.SYNTAX, "list"),
    ],
)
def test_one_list_that_is_not_to_be_trusted_spoils_the_folder(
    folder: Path, file: str, content: bytes, check: Check, field: str
) -> None:
    (folder / file).write_bytes(content)
    explained = explain(refused(folder))
    assert (explained.check, explained.field) == (check.id, field)
    assert explained.detail.startswith(f"{file}: ")
    assert explained.clause
    assert explained.fault
    assert explained.remedy


def test_a_list_is_judged_at_its_own_time(folder: Path) -> None:
    assert len(trusted(folder, now=NOW + 29 * DAY - 1).of(Purpose.ISSUER)) == 1
    assert refused(folder, now=NOW + 29 * DAY).check is Check.LIST_FRESHNESS


def test_a_service_that_was_withdrawn_makes_nobody_trusted(folder: Path) -> None:
    (folder / "list.xml").write_bytes(national_list(service("EAA/Q", QEAA_ROOT.certificate.der, status="withdrawn")))
    assert trusted(folder).of(Purpose.ISSUER) == ()


def test_what_nobody_leads_to_is_said_and_not_passed_over(folder: Path) -> None:
    (folder / "another.xml").write_bytes(national_list())
    with pytest.raises(Unavailable, match=r"another\.xml: qualified\.toml and the lists"):
        trusted(folder)
    (folder / "qualified.toml").write_text(described(more='territories = ["UT"]'))
    assert len(trusted(folder).of(Purpose.ISSUER)) == 1, "others than those of this territory are not wanted"


def test_a_territory_that_is_named_has_to_be_there(folder: Path) -> None:
    pointers = to_utopia(), to_utopia(location=ELSEWHERE.replace("list", "nl"), territory="NL")
    (folder / "lotl.xml").write_bytes(list_of_lists(*pointers))
    assert len(trusted(folder).of(Purpose.ISSUER)) == 1, "without one, those that are there"
    for territory, said in (("NL", r"nl\.xml"), ("BE", "does not point to it")):
        (folder / "qualified.toml").write_text(described(more=f'territories = ["UT", "{territory}"]'))
        with pytest.raises(Unavailable, match=said):
            trusted(folder)


def test_lists_in_xml_without_a_word_of_them_are_refused(folder: Path) -> None:
    (folder / "qualified.toml").unlink()
    with pytest.raises(Unavailable, match=r"expected qualified\.toml beside lists in XML"):
        trusted(folder)


@pytest.mark.parametrize("types", ["[]", '["urn:eudi:pid:1"]'])
def test_no_list_in_xml_says_who_issues_pids(folder: Path, types: str) -> None:
    (folder / "qualified.toml").write_text(described().replace(f'["{DIPLOMA}"]', types))
    with pytest.raises(Malformed, match="no PID"):
        trusted(folder)


@pytest.mark.parametrize(
    "location", ["../outside.xml", "https://lists.example/../../outside.xml", "https://a.example/"]
)
def test_a_list_leads_to_no_file_elsewhere(folder: Path, location: str) -> None:
    inner = folder / "inner"
    inner.mkdir()
    for name in ("journal.pem", "list.xml"):
        (folder / name).rename(inner / name)
    (folder / "lotl.xml").rename(folder / "outside.xml")
    (inner / "qualified.toml").write_text(described(location, more='territories = ["UT"]'))
    with pytest.raises((Unavailable, Malformed)):
        trusted(inner)


def test_services_are_those_that_are_named(folder: Path) -> None:
    (folder / "qualified.toml").write_text(described(more='services = ["certificates"]'))
    assert trusted(folder).of(Purpose.ISSUER) == ()


def test_lists_in_both_languages_stand_side_by_side(folder: Path) -> None:
    """``operator.pem`` is for those in JSON, and vouches for none in XML."""
    (folder / "operator.pem").write_bytes((folder / "journal.pem").read_bytes())
    assert len(trusted(folder).of(Purpose.ISSUER)) == 1
    (folder / "qualified.toml").write_text("")
    with pytest.raises(Unavailable, match="lead to no such file"):
        trusted(folder)


def test_a_refusal_keeps_its_kind(folder: Path) -> None:
    (folder / "list.xml").write_bytes(national_list(by="Somebody"))
    assert isinstance(refused(folder), Rejected)
