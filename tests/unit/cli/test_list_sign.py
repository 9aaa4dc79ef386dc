"""``zegel list sign``: a list is published as the page says, counts on, and is trusted by those who read it."""

import os
import shlex
import stat
from pathlib import Path
from typing import Any

import pytest
from zegel_testing.authorities import DAY, NOW, authority, fixed_random, signer
from zegel_testing.list_descriptions import AUTHORITY, DESCRIPTION, PROVIDER
from zegel_testing.lists import LIST_ROOT, OPERATOR, document, signed
from zegel_testing.markdown import the_block
from zegel_testing.relying_party import ACCESS_ROOT

from zegel.adapters.clock import SystemClock
from zegel.adapters.files import create_owner_only, holding
from zegel.adapters.keyfiles import create_private_key
from zegel.adapters.memory import Loopback, ManualClock
from zegel.adapters.trust_files import OPERATOR_FILE, load_trust
from zegel.checks import Check
from zegel.config.roles import TrustedListConfig
from zegel.config.setting import Location
from zegel.errors import Rejected
from zegel.primitives.crl import sign_crl
from zegel.services.trust import Trust
from zegel.trust.anchors import Purpose, TrustAnchors, VerifiedChain
from zegel.trust.authority import SubjectName, issue_certificate
from zegel.trust.lists.parse import parse_trusted_list
from zegel.trust.lists.values import ListType
from zegel.web.app.world import ConfiguredList

SIGN, SHOW = (
    shlex.split(line, comments=True)[1:] for line in the_block("sh list sign").text.replace("\\\n", " ").splitlines()
)
OTHER = authority("another PID authority")
OTHER_PROVIDER = signer(OTHER, "another PID provider", Purpose.ISSUER)
ENTITY = DESCRIPTION[DESCRIPTION.index("[[entities]]") :]
ANOTHER = ENTITY.replace("Utopian identity office", "Utopian islands").replace("pid-authority.pem", "islands.pem")


@pytest.fixture
def here(zegel: Any, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the description of the page, and the keys and certificates that it names."""
    monkeypatch.setattr(SystemClock, "now", lambda _: NOW)
    folder = Path.cwd()
    (folder / "pid-providers.toml").write_text(DESCRIPTION)
    (folder / "pid-authority.pem").write_text(AUTHORITY.certificate.pem)
    (folder / "islands.pem").write_text(OTHER.certificate.pem)
    (folder / "list-signer.pem").write_text(OPERATOR.certificate.pem)
    (folder / "list-root.pem").write_text(LIST_ROOT.certificate.pem)
    create_private_key(folder / "list-signer.key.pem", OPERATOR.key)
    return folder


def describe(here: Path, old: str, new: str) -> None:
    """Change the description."""
    (here / "pid-providers.toml").write_text(DESCRIPTION.replace(old, new))


def issuer(anchors: TrustAnchors, chain: tuple[bytes, ...] = PROVIDER.chain) -> VerifiedChain:
    """What a wallet or a verifier finds of who issued a PID."""
    return anchors.verify_chain(chain, purpose=Purpose.ISSUER, now=NOW)


def test_a_list_is_signed_and_read_as_the_page_says(zegel: Any, here: Path) -> None:
    assert zegel(*SIGN).out == (
        "number 1, the next one by 2026-12-22T00:00:00Z: pid-providers.jwt\n+ Utopian identity office\n1 on the list\n"
    )
    shown = zegel(*SHOW, "--at", NOW, "--json").json
    assert (shown["verified"], shown["sequence"], shown["type"]) == (True, 1, ListType.PID_PROVIDERS)
    assert [service[0] for service in shown["services"]] == ["Utopian identity office"] * 2
    assert stat.S_IMODE((here / "pid-providers.jwt").stat().st_mode) == 0o644
    said = zegel(*SIGN, "--json").json
    assert said == {
        "file": "pid-providers.jwt",
        "type": ListType.PID_PROVIDERS,
        "operator": "Utopian trust office",
        "sequence": 2,
        "issued": "2026-11-22T00:00:00Z",
        "next_update": "2026-12-22T00:00:00Z",
        "entities": ["Utopian identity office"],
        "added": [],
        "removed": [],
    }
    assert sorted(path.suffix for path in here.iterdir()) == [".jwt", ".pem", ".pem", ".pem", ".pem", ".pem", ".toml"]


def test_the_file_is_for_everybody_whatever_the_umask_is(zegel: Any, here: Path) -> None:
    before = os.umask(0o077)
    try:
        assert zegel(*SIGN).code == 0
    finally:
        os.umask(before)
    assert stat.S_IMODE((here / "pid-providers.jwt").stat().st_mode) == 0o644


@pytest.mark.anyio
@pytest.mark.refuses(Check.ANCHOR)
@pytest.mark.requirement("PPNot_05")
async def test_whoever_is_taken_out_of_the_description_is_trusted_no_more_by_any_role(zegel: Any, here: Path) -> None:
    (here / "pid-providers.toml").write_text(DESCRIPTION + ANOTHER)
    assert zegel(*SIGN).code == 0
    listed = TrustedListConfig(
        purpose="pid", location=Location(str(here / "pid-providers.jwt")), signer=here / "list-root.pem"
    )
    trust = Trust((ConfiguredList(listed, outbound=Loopback({})),), fixed=(), clock=ManualClock(NOW))
    assert [health.error for health in await trust.refresh()] == [None]
    assert issuer(trust.anchors).anchor.listings[0].sequence == 1
    (here / "pid-providers.toml").write_text(DESCRIPTION.replace(ENTITY, ANOTHER))
    said = zegel(*SIGN, "--json").json
    assert (said["entities"], said["added"], said["removed"]) == (["Utopian islands"], [], ["Utopian identity office"])
    assert issuer(trust.anchors), "the list that was fetched counts until the next one is"
    assert [health.error for health in await trust.refresh()] == [None]
    with pytest.raises(Rejected) as refusal:
        issuer(trust.anchors)
    assert refusal.value.check is Check.ANCHOR
    assert issuer(trust.anchors, OTHER_PROVIDER.chain).anchor.entity == "Utopian islands"


@pytest.mark.refuses(Check.ANCHOR)
def test_a_folder_of_trust_takes_the_list_as_it_is_signed(zegel: Any, here: Path, tmp_path: Path) -> None:
    folder = tmp_path / "trust"
    folder.mkdir()
    (folder / OPERATOR_FILE).write_text(LIST_ROOT.certificate.pem)
    into = (*SIGN[:-1], folder / "pid-providers.jwt")
    assert zegel(*into).code == 0
    assert issuer(load_trust([folder], now=NOW)).anchor.entity == "Utopian identity office"
    (here / "pid-providers.toml").write_text(DESCRIPTION.replace(ENTITY, ""))
    assert zegel(*into).code == 2, "that nobody stands on it is a mistake"
    assert issuer(load_trust([folder], now=NOW))
    assert zegel(*into, "--empty").out.splitlines()[1:] == ["- Utopian identity office", "0 on the list"]
    with pytest.raises(Rejected) as refusal:
        issuer(load_trust([folder], now=NOW))
    assert refusal.value.check is Check.ANCHOR


def test_the_number_follows_that_of_the_list_in_its_place(zegel: Any, here: Path) -> None:
    (here / "pid-providers.jwt").write_bytes(signed(document(ListType.PID_PROVIDERS, sequence=41)) + b"\n")
    assert zegel(*SIGN, "--json").json["sequence"] == 42


@pytest.mark.parametrize(
    ("spoil", "code", "says"),
    [
        (lambda here: (here / "pid-authority.pem").write_text(OPERATOR.certificate.pem), 1, "certificate-profile"),
        (lambda here: (here / "list-root.pem").write_text(ACCESS_ROOT.certificate.pem), 1, "anchor"),
        (lambda here: describe(here, "days = 30", "days = 100"), 1, "ends before the next update"),
        (lambda here: describe(here, "days = 30", "days = 182"), 2, "expected 1 to 181"),
        (lambda here: describe(here, 'kind = "issuance"', 'kind = "issuing"'), 2, "entities[0].services[0].kind"),
        (lambda here: (here / "list-signer.pem").write_text(LIST_ROOT.certificate.pem), 3, "not of the key"),
        (lambda here: (here / "pid-authority.pem").unlink(), 3, "entities[0].services[0].certificates[0]"),
        (lambda here: (here / "list-signer.key.pem").chmod(0o644), 3, "chmod"),
    ],
)
def test_what_a_reader_would_refuse_takes_no_lists_place(
    zegel: Any, here: Path, spoil: Any, code: int, says: str
) -> None:
    assert zegel(*SIGN).code == 0
    before = (here / "pid-providers.jwt").read_bytes()
    spoil(here)
    ran = zegel(*SIGN)
    assert (ran.code, ran.out) == (code, "")
    assert says in ran.err
    assert (here / "pid-providers.jwt").read_bytes() == before
    assert not list(here.glob(".*"))


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"something else", 2), (signed(document(ListType.WALLET_PROVIDERS)), 1)],
)
def test_what_is_no_list_of_this_type_keeps_its_place(zegel: Any, here: Path, content: bytes, code: int) -> None:
    (here / "pid-providers.jwt").write_bytes(content)
    assert zegel(*SIGN).code == code
    assert (here / "pid-providers.jwt").read_bytes() == content


def test_two_at_once_do_not_give_out_a_number_twice(zegel: Any, here: Path) -> None:
    with holding(here, taken=""):
        ran = zegel(*SIGN)
    assert (ran.code, "somebody else" in ran.err) == (3, True)
    assert not (here / "pid-providers.jwt").exists()


def test_a_signer_whose_certificate_can_be_revoked_is_looked_up(zegel: Any, here: Path) -> None:
    """Where the certificate names a list of what was revoked, signing and showing both want to see it."""
    leaf = issue_certificate(
        LIST_ROOT,
        SubjectName(country="UT", organization="Utopia", common_name="List signer"),
        key=OPERATOR.key.public_key,
        purpose=Purpose.LIST,
        now=NOW - DAY,
        days=90,
        random=fixed_random("signer"),
        crl_url="https://lists.utopia.example/root.crl",
    )
    (here / "list-signer.pem").write_text(leaf.pem)
    unknown = zegel(*SIGN)
    assert (unknown.code, "revocation-stale" in unknown.err) == (1, True)

    def crl(number: int, *serials: int) -> Path:
        path = here / f"{number}.crl"
        revoked = dict.fromkeys(serials, NOW - 60)
        made = sign_crl(
            LIST_ROOT.certificate,
            key=LIST_ROOT.key,
            revoked=revoked,
            number=number,
            now=NOW - 60,
            next_update=NOW + DAY,
        )
        create_owner_only(path, made)
        return path

    assert zegel(*SIGN, "--crl", crl(1)).code == 0
    assert zegel(*SHOW, "--at", NOW, "--crl", here / "1.crl").code == 0
    revoked = zegel(*SIGN, "--crl", crl(2, leaf.serial_number))
    assert (revoked.code, "certificate-revoked" in revoked.err) == (1, True)
    assert parse_trusted_list((here / "pid-providers.jwt").read_bytes()).unverified_sequence == 1
