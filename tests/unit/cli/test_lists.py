"""``zegel list show`` and ``kept``: what stands on a list, whether it is trusted, and why not."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from zegel_testing.authorities import DAY, NOW
from zegel_testing.lists import LIST_ROOT
from zegel_testing.qualified import DIPLOMA, LOTL, UTOPIA, ListsInHand, list_of_lists, national_list, operator
from zegel_testing.relying_party import ACCESS_ROOT, pid_list
from zegel_testing.xml_lists import FOLDER, list_text

from zegel.adapters.clock import SystemClock
from zegel.adapters.configuration import load_config
from zegel.adapters.memory import Loopback, ManualClock
from zegel.services.trust_ports import KeptList
from zegel.web.app.qualified import configured_qualified
from zegel.web.app.world import configured_lists, configured_shelves

UNION = "pyhanko/eu-lotl.xml"
JUNE = "2026-06-20T00:00:00Z"


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "pid.jwt").write_bytes(pid_list() + b"\n")
    (tmp_path / "root.pem").write_text(LIST_ROOT.certificate.pem)
    (tmp_path / "other.pem").write_text(ACCESS_ROOT.certificate.pem)
    for name in (
        UNION,
        "pyhanko/tsl-be-v6.xml",
        "pyhanko/eu-lotl-old.xml",
        *(f"pyhanko/eu-lotl-pivot-{n}.xml" for n in (282, 335, 341)),
    ):
        (tmp_path / Path(name).name).write_bytes(list_text(name))
    return tmp_path


@pytest.mark.slow
def test_a_list_in_json_is_shown_and_verified(zegel: Any, files: Path) -> None:
    shown = zegel("list", "show", files / "pid.jwt")
    assert (shown.code, shown.out.splitlines()[0]) == (0, "unverified")
    assert "PIDProvidersList" in shown.out
    said = zegel("list", "show", files / "pid.jwt", "--signer", files / "root.pem", "--at", NOW, "--json").json
    assert (said["verified"], said["sequence"], said["operator"]) == (True, 1, "Utopian Trust Office")
    assert said["services"][0][2] == "active"
    assert (said["age"], said["left"]) == (DAY, 29 * DAY)
    told = zegel(
        "list", "show", files / "pid.jwt", "--signer", files / "root.pem", "--at", NOW + 28 * DAY + DAY // 2
    ).out
    assert "age         29.5 days\n" in told
    assert "left        43200 seconds\n" in told


def test_why_a_list_is_not_trusted_is_said(zegel: Any, files: Path) -> None:
    foreign = zegel("list", "show", files / "pid.jwt", "--signer", files / "other.pem", "--at", NOW)
    assert (foreign.code, "anchor" in foreign.err) == (1, True)
    overdue = zegel("list", "show", files / "pid.jwt", "--signer", files / "root.pem", "--at", NOW + 30 * 86_400)
    assert (overdue.code, "list-freshness" in overdue.err) == (1, True)
    assert zegel("list", "show", files / "root.pem").code == 2


@pytest.mark.slow
def test_a_national_list_is_verified_through_the_list_of_the_lists(zegel: Any, files: Path) -> None:
    signer = FOLDER / "pyhanko" / "pre-reanchor.pem"
    through = ("--signer", signer, "--through", files / "eu-lotl.xml", "--at", JUNE)
    said = zegel("list", "show", files / "tsl-be-v6.xml", *through, "--json").json
    assert (said["verified"], said["territory"], len(said["services"])) == (True, "BE", 135)
    assert zegel("list", "show", files / "tsl-be-v6.xml").out.startswith("unverified\ntype")
    wrong = zegel("list", "show", files / "tsl-be-v6.xml", "--signer", files / "other.pem", "--at", JUNE)
    assert (wrong.code, "anchor" in wrong.err) == (1, True)
    stale = zegel("list", "show", files / "tsl-be-v6.xml", *through[:-1], NOW)
    assert (stale.code, "list-freshness" in stale.err) == (1, True)
    nowhere = zegel("list", "show", files / "eu-lotl.xml", *through)
    assert nowhere.code == 2


@pytest.mark.slow
def test_the_list_of_the_lists_is_verified_through_its_pivots(zegel: Any, files: Path) -> None:
    lists, signer = files / "eu-lotl-old.xml", FOLDER / "dss" / "signer.pem"
    pivots = [option for n in (341, 335, 282) for option in ("--pivot", files / f"eu-lotl-pivot-{n}.xml")]
    at = ("--at", "2025-08-01T00:00:00Z")
    assert zegel("list", "show", lists, "--signer", signer, *pivots, *at).code == 0
    assert zegel("list", "show", lists, "--signer", signer, *at).code == 1


def test_what_is_kept_is_shown_with_its_age_and_whether_it_counts(
    zegel: Any, sandbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SystemClock, "now", lambda _: NOW)
    ran = zegel("list", "kept", "--config", sandbox.config)
    assert ran.code == 0
    assert ran.out.count("nothing is kept") == 6
    config = load_config(sandbox.config)
    shelf, *_ = configured_shelves(config, configured_lists(config, outbound=Loopback({})))
    assert shelf is not None
    body = (sandbox.trust_folder / "pid-providers.jwt").read_bytes()
    for age, state in ((DAY - 1, "trusted"), (DAY, "not trusted: it was not fetched for a day")):
        shelf.keep(KeptList(sequence=1, fetched_at=NOW - age, body=body))
        row, *_ = zegel("list", "kept", "--config", sandbox.config, "--json").json["lists"]
        assert (row["purpose"], row["sequence"], row["age"], row["state"]) == ("pid", 1, age, state)
        assert row["next_update"].startswith("2027-05-21")
    shelf.keep(KeptList(sequence=1, fetched_at=NOW, body=b"spoiled"))
    assert "not trusted: syntax" in zegel("list", "kept", "--config", sandbox.config).out


@pytest.fixture
def beside(sandbox: Any) -> Iterator[tuple[Path, Path]]:
    """A configuration and a certificate beside the shared ones of the sandbox, taken away again."""
    files = sandbox.config.with_name("union.toml"), sandbox.config.with_name("union.pem")
    yield files
    for file in files:
        file.unlink()


def test_what_is_kept_of_lists_in_xml_is_shown_too(
    zegel: Any, sandbox: Any, beside: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = ManualClock(NOW - 60)
    monkeypatch.setattr(SystemClock, "now", lambda _: NOW)
    file, signers = beside
    signer = x509.load_der_x509_certificate(operator("Union").certificate).public_bytes(Encoding.PEM)
    signers.write_bytes(signer)
    file.write_text(
        sandbox.config.read_text()
        + f'[[qualified_lists]]\nlocation = "{LOTL}"\nsigners = "union.pem"\ntypes = ["{DIPLOMA}"]\n'
    )
    nothing = zegel("list", "kept", "--config", file).out.splitlines()[-1]
    assert nothing.endswith("list of the lists, nothing is kept")
    config = load_config(file)
    served = ListsInHand(lists={LOTL: list_of_lists(), UTOPIA: national_list(due=NOW + 5)})
    outbound = Loopback({"https://lists.example": served.handle, "https://utopia.example": served.handle})
    *_, qualified = configured_qualified(config, outbound=outbound, clock=clock, kept=config.lists.kept)
    asyncio.run(qualified.refresh())
    rows = zegel("list", "kept", "--config", file, "--json").json["lists"][-2:]
    assert [(row["list"], row["age"], row["state"]) for row in rows] == [
        ("list of the lists", 60, "trusted"),
        ("national list of UT", 60, "trusted"),
    ]
    assert rows[1]["next_update"] == "2026-11-22T00:00:05Z"
    monkeypatch.setattr(SystemClock, "now", lambda _: NOW + 5)
    assert "national list of UT, not trusted: list-freshness" in zegel("list", "kept", "--config", file).out


def test_a_configuration_that_keeps_none_says_so(zegel: Any, sandbox: Any) -> None:
    whole = sandbox.config.read_text()
    try:
        sandbox.config.write_text(whole.replace('[lists]\nkept = "data/lists"\n', ""))
        assert "keeps none" in zegel("list", "kept", "--config", sandbox.config).out
    finally:
        sandbox.config.write_text(whole)
