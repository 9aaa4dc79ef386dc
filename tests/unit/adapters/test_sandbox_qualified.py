"""The lists in XML of a sandbox: a reader follows them, and whoever they name is trusted for diplomas alone."""

from dataclasses import replace
from pathlib import Path

import pytest
from lxml import etree
from zegel_testing.authorities import DAY, NOW
from zegel_testing.sandboxes import sandbox_at

from zegel.adapters.configuration import load_config
from zegel.adapters.keyfiles import load_certificates
from zegel.adapters.qualified_files import find_pointings
from zegel.adapters.trust_files import load_trust
from zegel.checks import Check
from zegel.errors import Rejected
from zegel.services.why.tree import Branch, Standing
from zegel.services.why.xml_list import explain_xml_list
from zegel.trust.anchors import Purpose
from zegel.trust.lists.xml.parse import parse_xml_list
from zegel.web.app.world import open_world

pytestmark = pytest.mark.anyio
DIPLOMA = {"urn:zegel:diploma:1", "zegel.diploma.1"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    sandbox_at(tmp_path)
    return tmp_path / "trust" / "qualified"


@pytest.mark.requirement("OIA_15b")
def test_a_reader_follows_them_to_who_issues_diplomas(folder: Path) -> None:
    (root,) = load_certificates(folder.parents[1] / "authorities" / "attestations.pem")
    anchors = load_trust([folder], now=NOW)
    (issuer,) = anchors.of(Purpose.ISSUER)
    assert (issuer.certificate.der, issuer.types) == (root.der, DIPLOMA)
    assert [purpose for purpose in Purpose if anchors.of(purpose)] == [Purpose.ISSUER, Purpose.STATUS]


def test_no_other_list_says_who_issues_diplomas(folder: Path) -> None:
    def issued(*folders: Path) -> set[str]:
        issuers = load_trust(folders, now=NOW).of(Purpose.ISSUER)
        return {type_ for anchor in issuers for type_ in anchor.types or DIPLOMA}

    assert issued(folder.parent, folder) - issued(folder.parent) == DIPLOMA


@pytest.mark.parametrize("file", ["lists.xml", "utopia.xml"])
def test_whatever_is_changed_in_one_is_seen(folder: Path, file: str) -> None:
    path = folder / file
    path.write_bytes(path.read_bytes().replace(b"<TSLSequenceNumber>1<", b"<TSLSequenceNumber>2<"))
    with pytest.raises(Rejected) as refusal:
        load_trust([folder], now=NOW)
    assert refusal.value.check is Check.SIGNATURE


@pytest.mark.parametrize("file", ["lists.xml", "utopia.xml"])
def test_what_is_digested_is_in_canonical_form_already(folder: Path, file: str) -> None:
    """But for the signature's own prefix, which each of its parts names again."""
    root = etree.fromstring((folder / file).read_bytes())
    signature = root[-1]
    assert signature.tag.endswith("}Signature")
    root.remove(signature)
    canonical = etree.tostring(root, method="c14n", exclusive=True)
    text = (folder / file).read_bytes()
    before, _, after = text.partition(b"<d:Signature ")
    assert before + after.rpartition(b"</d:Signature>")[2] == canonical


def explained(file: Path, *folders: Path, now: int = NOW) -> Branch:
    document = parse_xml_list(file.read_bytes())
    return explain_xml_list(document, pointings=find_pointings(document, folders, now=now))


def test_each_says_who_points_to_it(folder: Path) -> None:
    national, lists = explained(folder / "utopia.xml", folder), explained(folder / "lists.xml", folder)
    assert (national.broken, lists.broken) == (None, None)
    assert national.below[0].said.startswith(
        "lists.xml, the list of the lists, number 1 of Union of examples, next update"
    )
    assert lists.below[0].said == "by hand: qualified.toml names journal.pem for its signers"


def test_where_the_list_that_points_to_it_is_overdue_that_is_the_step_that_breaks(folder: Path) -> None:
    traced = explained(folder / "utopia.xml", folder, now=NOW + 180 * DAY)
    broken = traced.broken
    assert broken is not None
    assert (broken.name, broken.said) == ("listed", "lists.xml: the next update is overdue")
    assert {each.standing for each in traced.below[1:]} == {Standing.NOT_REACHED}
    nobody = explained(folder / "utopia.xml").broken
    assert nobody is not None
    assert nobody.explanation is not None
    assert (nobody.name, nobody.explanation.check) == ("listed", "anchor")


def test_they_are_in_force_for_half_a_year(folder: Path) -> None:
    load_trust([folder], now=NOW + 180 * DAY - 1)
    with pytest.raises(Rejected) as refusal:
        load_trust([folder], now=NOW + 180 * DAY)
    assert refusal.value.check is Check.LIST_FRESHNESS


@pytest.mark.slow
async def test_verifier_and_wallet_read_them_and_nobody_else(folder: Path) -> None:
    """What reads XML takes room in each process."""
    config = load_config(folder.parents[1] / "zegel.toml")
    for roles, read in ((("issuer",), False), (("verifier",), True), (("issuer", "wallet"), True), ((), True)):
        world = open_world(config, roles=roles)
        assert ("list of the lists" in [each.title for each in world.trust.health()]) is read, roles
        await world.close()
    (listed,) = config.qualified_lists
    world = open_world(replace(config, qualified_lists=(replace(listed, roles=frozenset()),)), roles=("issuer",))
    assert "list of the lists" in [each.title for each in world.trust.health()], "where none is named, all read it"
    await world.close()
