"""Attacks by what a wallet is offered: an offer is signed by nobody, and a page may bring any.

They are played against the wallet that people use, with the issuer as it is run; afterwards an honest offer is taken.
"""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from zegel_testing.attacks import EVIL, check_on
from zegel_testing.issuing_world import issuing_world
from zegel_testing.sandboxes import sandbox_at
from zegel_testing.wallet_world import WalletWorld, wallet_world

from zegel.checks import Check
from zegel.errors import Denied, Malformed, Rejected, Unavailable, ZegelError
from zegel.primitives.http import HttpRequest, HttpResponse
from zegel.protocols.openid4vci.offer import OfferScheme, offer_link, parse_offer
from zegel.services.wallet.contents import Arrived, Brought, Offered

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

GRANT = "urn:ietf:params:oauth:grant-type:pre-authorized_code"


@pytest.fixture
async def haip(tmp_path: Path) -> AsyncIterator[WalletWorld]:
    async with wallet_world(tmp_path) as world:
        yield world


@pytest.fixture
async def plain(tmp_path: Path) -> AsyncIterator[WalletWorld]:
    async with wallet_world(tmp_path, profile="plain") as world:
        yield world


async def injected(world: WalletWorld, **members: Any) -> str:
    """The link of an honest offer with other members in it."""
    made = (await world.offer())["credential_offer"] | members
    scheme = OfferScheme.HAIP if world.config.issuer.profile == "haip" else OfferScheme.OPENID
    return offer_link(parse_offer(json.dumps(made)), scheme=scheme)


async def refused(world: WalletWorld, link: str) -> ZegelError:
    """How the wallet refuses an offer; it keeps nothing of it."""
    with pytest.raises((Rejected, Malformed, Denied, Unavailable)) as caught:
        await world.wallet.receiving.review(link, brought=Brought.LINK)
    assert world.contents.flows == {}
    return caught.value


class Mirror:
    """A host of the attacker's, which serves what the honest issuer serves; renamed, in JSON that nobody signed."""

    def __init__(self, world: WalletWorld, *, renamed: bool = False) -> None:
        self.world = world
        self.renamed = renamed
        self.heard: list[str] = []

    async def handle(self, request: HttpRequest) -> HttpResponse:
        self.heard.append(request.path)
        if self.renamed and request.header("accept") == "application/jwt":
            return HttpResponse(status=404)
        issuer = self.world.config.issuer.origin
        response = await self.world.handlers[issuer](replace(request, url=request.url.replace(EVIL, issuer)))
        if not self.renamed:
            return response
        return replace(response, body=response.body.replace(issuer.encode(), EVIL.encode()))


@pytest.mark.refuses(Check.SERVER_METADATA)
async def test_an_injected_offer_that_names_another_issuer_borrows_no_metadata(haip: WalletWorld) -> None:
    """OpenID4VCI 1.0 section 12.2.3: signed metadata of the honest issuer, served under another name."""
    mirror = Mirror(haip)
    haip.handlers[EVIL] = mirror.handle
    error = await refused(haip, await injected(haip, credential_issuer=EVIL))
    assert error.check is Check.SERVER_METADATA
    assert mirror.heard == ["/.well-known/openid-credential-issuer"]
    assert len(await haip.receive()) == 2


async def test_an_injected_offer_of_an_issuer_that_nobody_vouches_for_says_so(plain: WalletWorld) -> None:
    """In plain anybody may offer: the page says that nobody vouches, and nothing is asked for before consent."""
    mirror = Mirror(plain, renamed=True)
    plain.handlers[EVIL] = mirror.handle
    flow = await plain.wallet.receiving.review(
        await injected(plain, credential_issuer=EVIL, grants={}), brought=Brought.LINK
    )
    offered = plain.wallet.receiving.look(flow)
    assert isinstance(offered, Offered)
    assert (offered.provider.certified, offered.provider.url) == (None, EVIL)
    assert mirror.heard
    assert all(path.startswith("/.well-known/") for path in mirror.heard)
    await plain.wallet.receiving.discard(flow)
    assert len(await plain.receive(grant="pre-authorized")) == 2


@pytest.mark.refuses(Check.CREDENTIAL_OFFER)
async def test_an_injected_authorization_server_is_not_the_issuers(haip: WalletWorld) -> None:
    """OpenID4VCI 1.0 section 4.1.1: one that the issuer does not name would see the person log in."""
    haip.handlers[EVIL] = Mirror(haip).handle
    state = (await haip.offer())["credential_offer"]["grants"]["authorization_code"]
    grants = {"authorization_code": state | {"authorization_server": EVIL}}
    error = await refused(haip, await injected(haip, grants=grants))
    assert error.check is Check.CREDENTIAL_OFFER
    assert not [path for path in haip.paths() if path.startswith("evil")]
    assert len(await haip.receive()) == 2


@pytest.mark.refuses(Check.CREDENTIAL_OFFER)
async def test_an_injected_configuration_is_not_asked_for(haip: WalletWorld) -> None:
    error = await refused(haip, await injected(haip, credential_configuration_ids=["pid-sd-jwt", "another"]))
    assert error.check is Check.CREDENTIAL_OFFER
    assert len(await haip.receive()) == 2


@pytest.mark.refuses(Check.PERSON)
async def test_an_injected_offer_for_one_person_is_nobody_elses(tmp_path: Path) -> None:
    """The attacker's offer in the victim's wallet: whoever logs in has to be whom it is for."""
    async with issuing_world(sandbox_at(tmp_path)) as world:
        victim = world.wallet()
        pause = await victim.push(await world.offer(person="max"))
        await victim.browser.open(pause.url)
        assert check_on(await victim.enter("erika")) == Check.PERSON.id
        assert world.answers("/token") == []
        assert (await victim.receive(await world.offer())).received


async def test_an_injected_offer_of_the_attackers_own_credential_is_seen_before_it_is_kept(plain: WalletWorld) -> None:
    """Log-in confusion: a pre-authorised code of Max's in Erika's wallet. It says whose it is, and can be left."""
    await plain.receive(grant="pre-authorized", person="erika")
    before = plain.contents.holdings
    offer = await plain.offer(grant="pre-authorized", person="max")
    receiving = plain.wallet.receiving
    flow = await receiving.redeem(await receiving.review(offer["link"], brought=Brought.LINK), tx_code=None)
    arrived = receiving.look(flow)
    assert isinstance(arrived, Arrived)
    (sd_jwt,) = [batch for batch in arrived.batches if batch.configuration == "pid-sd-jwt"]
    assert sd_jwt.credential.claims["given_name"] == "Max"
    assert plain.contents.holdings == before
    await receiving.discard(flow)
    assert plain.contents.holdings == before


@pytest.mark.refuses(Check.TRANSACTION_CODE)
async def test_an_offer_that_was_seen_over_a_shoulder_is_not_redeemed_without_its_transaction_code(
    tmp_path: Path,
) -> None:
    """OpenID4VCI 1.0 section 13.6.1: the code in the picture is half of it; the guesses are few, and not the person's.

    An offer that is left without its code is no offer without one.
    """
    async with issuing_world(sandbox_at(tmp_path, profile="plain")) as world:
        offer = await world.offer("pid", grant="pre-authorized", person="max", tx_code=True)
        thief = world.wallet()
        code = offer["credential_offer"]["grants"][GRANT]["pre-authorized_code"]
        bare = offer["credential_offer"] | {"grants": {GRANT: {"pre-authorized_code": code}}}
        link = offer_link(parse_offer(json.dumps(bare)), scheme=OfferScheme.OPENID)
        with pytest.raises(Denied):
            await thief.redeem(offer | {"credential_offer": bare, "link": link})
        body = json.loads(world.answers("/token")[-1].body)
        assert (body["error"], body["check"]) == ("invalid_request", Check.TRANSACTION_CODE.id)
        owner = world.wallet()
        assert (await owner.finish(await owner.redeem(offer, tx_code=offer["tx_code"]))).received
