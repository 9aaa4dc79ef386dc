"""Who issues qualified attestations is known from trusted lists in XML: what they issue is taken, and nothing else."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from zegel_testing.authorities import DAY, NOW
from zegel_testing.qualified import (
    DIPLOMA,
    QEAA,
    QEAA_ROOT,
    QEAA_STATUS,
    UTOPIA,
    ListsInHand,
    national_list,
)
from zegel_testing.relying_party import (
    CLAIMS,
    HOLDER,
    NAME_QUERY,
    STATUS_URI,
    VCT,
    Copy,
    RelyingParty,
    json_of,
    open_relying_party,
)
from zegel_testing.sandboxes import sandbox_at
from zegel_testing.wallet_world import wallet_world
from zegel_testing.xml_making import service

from zegel.adapters.entropy import system_random
from zegel.adapters.keyfiles import load_certificates
from zegel.adapters.memory import ManualClock
from zegel.checks import Check
from zegel.errors import Rejected
from zegel.formats.credential import Format, StatusReference
from zegel.formats.sdjwt.issue import SdJwtIssuer
from zegel.primitives.http import HttpRequest
from zegel.services.qualified_lists import QualifiedLists

pytestmark = pytest.mark.anyio


def issued(vct: str) -> Copy:
    """An attestation by whoever stands on the national list alone; it can be revoked."""
    issuer = SdJwtIssuer(signer=QEAA.key, chain=QEAA.chain, vct=vct)
    times = {"issued_at": NOW - DAY, "valid_from": NOW - DAY, "valid_until": NOW + 14 * DAY, "random": system_random}
    status = StatusReference(uri=STATUS_URI, index=7)
    return Copy(Format.SD_JWT_VC, issuer.issue(CLAIMS, holder_key=HOLDER.public_key, status=status, **times))


def query(vct: str) -> dict[str, object]:
    (asked,) = NAME_QUERY["credentials"]
    return {"credentials": [asked | {"meta": {"vct_values": [vct]}}]}


@pytest.fixture
def lists() -> ListsInHand:
    return ListsInHand()


@pytest.fixture
async def party(tmp_path: Path, lists: ListsInHand) -> AsyncIterator[RelyingParty]:
    clock = ManualClock(NOW)
    opened = await open_relying_party(tmp_path, clock=clock, qualified=(QualifiedLists(lists, clock=clock),))
    opened.status.signer = QEAA_STATUS
    yield opened
    opened.close()


async def presented(party: RelyingParty, vct: str = DIPLOMA) -> str:
    """How a presentation ends: accepted, or the check that refused it."""
    session, asked = await party.begin(query(vct))
    response = await party.send(asked.answer(asked.present(issued(vct), now=party.clock.now())))
    if response.status != 200:
        return json_of(response)["check"]
    await party.send(HttpRequest(method="GET", url=json_of(response)["redirect_uri"]))
    result = await party.result(session)
    return result["state"] if result["error"] is None else result["error"]["check"]


@pytest.mark.requirement("OIA_13")
@pytest.mark.requirement("OIA_15b")
async def test_a_qualified_attestation_is_accepted_for_its_type_and_its_issuer_for_no_other(
    party: RelyingParty,
) -> None:
    assert await presented(party) == "accepted"
    assert await presented(party, VCT) == Check.ENTITLEMENT.id
    party.status.revoke(7)
    party.clock.advance(3_600)
    assert await presented(party) == Check.STATUS.id, "the list of its statuses is believed too"


@pytest.mark.requirement("OIA_15a")
async def test_it_is_refused_once_its_issuer_is_granted_nothing_any_more(
    party: RelyingParty, lists: ListsInHand
) -> None:
    lists.lists[UTOPIA] = national_list(service("EAA/Q", QEAA_ROOT.certificate.der, status="withdrawn"), sequence=8)
    assert await presented(party) == "accepted", "until the next turn"
    await party.trust.refresh()
    assert await presented(party) == Check.ANCHOR.id


async def test_a_list_that_is_refused_leaves_the_old_one_until_its_next_update_and_not_longer(
    party: RelyingParty, lists: ListsInHand
) -> None:
    lists.lists[UTOPIA] = national_list(due=NOW + 600, sequence=8)
    await party.trust.refresh()
    lists.lists[UTOPIA] = national_list(by="somebody else", sequence=9)
    await party.trust.refresh()
    party.clock.advance(599)
    assert await presented(party) == "accepted"
    party.clock.advance(1)
    assert await presented(party) == Check.ANCHOR.id


@pytest.mark.slow
@pytest.mark.requirement("ISSU_08")
@pytest.mark.requirement("ISSU_10b")
async def test_a_wallet_keeps_and_shows_what_the_issuer_on_the_national_list_alone_issues(tmp_path: Path) -> None:
    """The sandbox without its list of other providers: the national list says in its place who issues diplomas."""
    sandbox_at(tmp_path)
    (root,) = load_certificates(tmp_path / "authorities" / "attestations.pem")
    diplomas = ListsInHand(types=frozenset({"urn:zegel:diploma:1"}))
    diplomas.lists[UTOPIA] = national_list(service("EAA/Q", root.der))
    async with wallet_world(tmp_path, without="attestation", qualified=(diplomas,)) as world:
        assert (await world.receive(type_="diploma", formats=["dc+sd-jwt"])) is not None
        with pytest.raises(Rejected) as refusal:
            await world.receive(type_="mdl", formats=["mso_mdoc"])
        assert refusal.value.check is Check.ENTITLEMENT
        diplomas.lists[UTOPIA] = national_list(service("EAA/Q", root.der, status="withdrawn"), sequence=8)
        await world.world.trust.refresh()
        with pytest.raises(Rejected) as refusal:
            await world.receive(type_="diploma", formats=["dc+sd-jwt"])
        assert refusal.value.check is Check.ENTITLEMENT
