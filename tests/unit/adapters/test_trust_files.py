"""Trust from files: signed lists that lead to their operator, or certificates that somebody vouches for."""

from pathlib import Path

import pytest
from zegel_testing.authorities import NOW
from zegel_testing.lists import LIST_ROOT, OPERATOR, document, entity, signed
from zegel_testing.relying_party import (
    ACCESS_ROOT,
    ISSUER,
    ISSUER_ROOT,
    OFFICE,
    attestation_list,
    pid_list,
    pid_services,
)

from zegel.adapters.trust_files import load_trust
from zegel.checks import Check
from zegel.errors import Rejected, Unavailable, ZegelError
from zegel.primitives.jws import sign_jws
from zegel.trust.anchors import Purpose, check_entitlement
from zegel.trust.lists.parse import MAX_TRUSTED_LIST
from zegel.trust.lists.values import ListType


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the operator's root and two lists."""
    made = tmp_path / "trust"
    made.mkdir()
    (made / "operator.pem").write_text(LIST_ROOT.certificate.pem)
    (made / "pid.jwt").write_bytes(pid_list())
    (made / "others.jwt").write_bytes(attestation_list())
    return made


def test_lists_say_who_is_trusted_for_what(folder: Path) -> None:
    anchors = load_trust([folder], now=NOW)
    chain = anchors.verify_chain(ISSUER.chain, purpose=Purpose.ISSUER, now=NOW)
    assert chain.anchor.entity == OFFICE
    assert check_entitlement(chain, "urn:eudi:pid:1")
    with pytest.raises(Rejected):
        check_entitlement(chain, "urn:utopia:diploma:1")
    assert anchors.of(Purpose.STATUS)


def test_the_operator_is_trusted_for_lists_alone(folder: Path) -> None:
    anchors = load_trust([folder], now=NOW)
    assert anchors.of(Purpose.LIST) == ()
    assert LIST_ROOT.certificate not in [anchor.certificate.parse() for anchor in anchors.of(Purpose.ISSUER)]


def test_beside_lists_other_files_count_for_nothing(folder: Path) -> None:
    (folder / "stranger.pem").write_text(ACCESS_ROOT.certificate.pem)
    (folder / "readme.txt").write_text("hello")
    certificates = [anchor.certificate.parse() for anchor in load_trust([folder], now=NOW).of(Purpose.ISSUER)]
    assert certificates == [ISSUER_ROOT.certificate]


def test_a_certificate_that_is_named_is_vouched_for(tmp_path: Path) -> None:
    (tmp_path / "roots.pem").write_text(ISSUER_ROOT.certificate.pem + ACCESS_ROOT.certificate.pem)
    anchors = load_trust([tmp_path / "roots.pem"], now=NOW)
    assert len(anchors.of(Purpose.ISSUER)) == len(anchors.of(Purpose.STATUS)) == 2
    assert {anchor.types for anchor in anchors.of(Purpose.ISSUER)} == {None}
    assert anchors.of(Purpose.ACCESS) == ()


def test_a_folder_of_certificates_is_vouched_for_whole(tmp_path: Path) -> None:
    for name, root in (("a.pem", ISSUER_ROOT), ("b.pem", ACCESS_ROOT), ("c.crt", LIST_ROOT)):
        (tmp_path / name).write_text(root.certificate.pem)
    assert len(load_trust([tmp_path], now=NOW).of(Purpose.ISSUER)) == 2


def test_several_paths_are_one_set(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "access.pem").write_text(ACCESS_ROOT.certificate.pem)
    anchors = load_trust([folder, tmp_path / "access.pem"], now=NOW)
    assert {anchor.entity for anchor in anchors.of(Purpose.ISSUER)} == {OFFICE, "given by hand"}


def test_nobody_is_trusted_by_no_path() -> None:
    anchors = load_trust([], now=NOW)
    assert [anchors.of(purpose) for purpose in Purpose] == [()] * len(Purpose)


UNKNOWN_TYPE = document(ListType.PID_PROVIDERS, entity(OFFICE, *pid_services()))
UNKNOWN_TYPE = UNKNOWN_TYPE | {
    "LoTE": UNKNOWN_TYPE["LoTE"]
    | {"ListAndSchemeInformation": UNKNOWN_TYPE["LoTE"]["ListAndSchemeInformation"] | {"LoTEType": "https://x/unknown"}}
}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("content", "check"),
    [
        (b"nonsense", Check.SYNTAX),
        (pid_list()[:-86] + pid_list(sequence=2)[-86:], Check.SIGNATURE),
        (signed(UNKNOWN_TYPE), Check.LIST_TYPE),
        (sign_jws({}, signer=OPERATOR.key, typ="JOSE", x5c=OPERATOR.chain), Check.SYNTAX),
        (b"a" * (MAX_TRUSTED_LIST + 1), Check.AVAILABILITY),
    ],
    ids=lambda value: value.id if isinstance(value, Check) else "",
)
def test_one_list_that_is_not_to_be_trusted_spoils_the_folder(folder: Path, content: bytes, check: Check) -> None:
    (folder / "pid.jwt").write_bytes(content)
    with pytest.raises(ZegelError) as refusal:
        load_trust([folder], now=NOW)
    assert refusal.value.check is check


def test_whoever_is_told_of_what_is_refused_has_the_rest(folder: Path) -> None:
    (folder / "pid.jwt").write_bytes(b"nonsense")
    (folder / "broken.crl").write_bytes(b"nonsense")
    told: list[tuple[str, Check]] = []
    anchors = load_trust([folder], now=NOW, refused=lambda path, error: told.append((path.name, error.check)))
    assert told == [("pid.jwt", Check.SYNTAX), ("broken.crl", Check.SYNTAX)]
    assert anchors.of(Purpose.ISSUER), "the other list is there"
    with pytest.raises(Unavailable):
        load_trust([folder / "missing"], now=NOW, refused=lambda path, error: told.append((path.name, error.check)))


def test_a_list_of_another_operator_is_refused(folder: Path) -> None:
    (folder / "operator.pem").write_text(ACCESS_ROOT.certificate.pem)
    with pytest.raises(Rejected) as refusal:
        load_trust([folder], now=NOW)
    assert refusal.value.check is Check.ANCHOR


@pytest.mark.parametrize("name", ["missing", "empty", "no.pem", "x" * 300])
def test_what_cannot_be_read_is_unavailable(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "no.pem").write_text("no certificate")
    with pytest.raises(Unavailable):
        load_trust([tmp_path / name], now=NOW)
