"""Who asks and who offers is certified below an authority whose root stays offline: the path, and its end."""

from pathlib import Path
from typing import Any

import pytest
from zegel_testing.authorities import NOW
from zegel_testing.sandboxes import sandbox_at
from zegel_testing.wallet_world import wallet_world

from zegel.adapters.keyfiles import load_certificates
from zegel.adapters.revocation_files import read_revocations
from zegel.adapters.sandbox.access_root import BELOW_ROOT
from zegel.adapters.sandbox.revocations import revoke_certificate
from zegel.adapters.trust_files import load_trust
from zegel.checks import Check
from zegel.errors import Rejected
from zegel.primitives.http import HttpRequest
from zegel.primitives.jws import parse_jws
from zegel.services.wallet.contents import Brought
from zegel.services.why.tree import Branch
from zegel.services.why.why import explain_path
from zegel.trust.anchors import Purpose

pytestmark = pytest.mark.anyio
PARTIES = ("issuer", "verifier", "provider", "door")


def authority(folder: Path, name: str) -> Any:
    (certificate,) = load_certificates(folder / "authorities" / f"{name}.pem")
    return certificate


def said(branch: Branch) -> list[tuple[str, str]]:
    """The steps of a path, by name, and what is said of each."""
    return [(branch.name, branch.said), *(step for each in branch.below for step in said(each))]


@pytest.mark.requirement("RPACANot_03")
@pytest.mark.requirement("PPNot_04")
def test_every_party_is_certified_below_the_root_which_is_the_anchor_on_the_list(tmp_path: Path) -> None:
    config = sandbox_at(tmp_path)
    anchors = load_trust([config.trust.folder], now=NOW)
    (anchor,) = anchors.of(Purpose.ACCESS)
    assert anchor.certificate.der == authority(tmp_path, "access").der
    for party in PARTIES:
        chain = tuple(each.der for each in load_certificates(getattr(config, party).access_chain))
        verified = anchors.verify_chain(chain, purpose=Purpose.ACCESS, now=NOW)
        assert verified.between == (authority(tmp_path, BELOW_ROOT),)
        with pytest.raises(Rejected) as refusal:
            anchors.verify_chain(chain[:1], purpose=Purpose.ACCESS, now=NOW)
        assert refusal.value.check is Check.ANCHOR, "it cannot be left out"


def test_the_path_shows_who_certified_whom(tmp_path: Path) -> None:
    config = sandbox_at(tmp_path)
    anchors = load_trust([config.trust.folder], now=NOW)
    path = explain_path(config.verifier.access_chain.read_bytes(), anchors=anchors, now=NOW)
    assert path.broken is None
    steps = [step for step in said(path) if step[0] in ("certificate", "anchor", "listed")]
    assert [name for name, _ in steps] == ["certificate", "certificate", "anchor", "listed"]
    assert ["Verifier" in steps[0][1], "access certificates 0" in steps[1][1]] == [True, True]
    assert steps[3][1].startswith("EUWRPACProvidersList number 1")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("revoked", "at"), [("leaf", "x5c[0]"), (BELOW_ROOT, "x5c[1]")], ids=["the party's", "the authority's"]
)
@pytest.mark.requirement("RPACANot_03b")
def test_the_list_of_each_level_is_looked_at(tmp_path: Path, revoked: str, at: str) -> None:
    config = sandbox_at(tmp_path)
    chain = load_certificates(config.verifier.access_chain)
    name = revoke_certificate(tmp_path, chain[0] if revoked == "leaf" else chain[1], now=NOW)
    assert name == (BELOW_ROOT if revoked == "leaf" else "access")
    anchors = load_trust([config.trust.folder], now=NOW)
    with pytest.raises(Rejected) as refusal:
        anchors.verify_chain(tuple(each.der for each in chain), purpose=Purpose.ACCESS, now=NOW)
    assert (refusal.value.check, refusal.value.field) == (Check.CERTIFICATE_REVOKED, at)
    assert len(read_revocations(config.trust.folder)) == 6
    path = explain_path(config.verifier.access_chain.read_bytes(), anchors=anchors, now=NOW)
    assert path.broken is not None


@pytest.mark.slow
async def test_with_the_authority_between_everybody_below_it_is_trusted_no_longer(tmp_path: Path) -> None:
    async with wallet_world(tmp_path) as world:
        url = world.config.issuer.origin + "/.well-known/openid-credential-issuer"
        signed = HttpRequest(method="GET", url=url, headers=(("accept", "application/jwt"),))
        answer = await world.handlers[world.config.issuer.origin](signed)
        metadata = parse_jws(answer.body, what="metadata")
        chain = [each.der for each in load_certificates(world.config.issuer.access_chain)]
        assert list(metadata.unverified_header.x5c) == chain
        offer = await world.offer()
        flow = await world.wallet.receiving.review(offer["link"], brought=Brought.LINK)
        assert world.warned(flow) == []
        revoke_certificate(tmp_path, authority(tmp_path, BELOW_ROOT), now=world.clock.now())
        await world.world.trust.refresh()
        offer = await world.offer()
        with pytest.raises(Rejected) as refusal:
            await world.wallet.receiving.review(offer["link"], brought=Brought.LINK)
        assert refusal.value.check is Check.CERTIFICATE_REVOKED
        request = await world.request()
        with pytest.raises(Rejected) as refusal:
            await world.wallet.presenting.begin(request["link"], brought=Brought.LINK)
        assert refusal.value.check is Check.CERTIFICATE_REVOKED
