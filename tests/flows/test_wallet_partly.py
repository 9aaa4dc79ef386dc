"""What becomes of an offer of which a part alone is issued: what came is shown and kept, and the rest is named."""

import json
from argparse import Namespace
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from zegel_testing.wallet_pages import wallet_pages
from zegel_testing.wallet_world import PASSWORDS, Edit, WalletWorld, csrf_of, wallet_world

from zegel.checks import Check
from zegel.cli.wallet_network import _receive
from zegel.errors import Denied
from zegel.formats.credential import Format
from zegel.primitives.http import HttpRequest, HttpResponse, json_response
from zegel.primitives.json import parse_object
from zegel.services.wallet.contents import Arrived, Brought, Deferred, Happening
from zegel.services.wallet.describing import describe_withheld

pytestmark = pytest.mark.anyio


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[WalletWorld]:
    async with wallet_world(tmp_path) as made:
        yield made


@pytest.fixture
async def plain(tmp_path: Path) -> AsyncIterator[WalletWorld]:
    async with wallet_world(tmp_path, profile="plain") as made:
        yield made


def link_for(world: WalletWorld, *configurations: str) -> str:
    """An offer of several types, for whoever logs in."""
    offer = {
        "credential_issuer": world.config.issuer.origin,
        "credential_configuration_ids": configurations,
        "grants": {"authorization_code": {}},
    }
    return "haip-vci://?" + urlencode({"credential_offer": json.dumps(offer)})


async def approved(world: WalletWorld, url: str) -> str:
    """Max logs in and agrees, who has no diploma; where his browser is sent."""
    browser = world.browser()
    page = await browser.open(url)
    fields = {"csrf": csrf_of(page), "login": "max", "password": PASSWORDS["max"]}
    consent = await browser.follow(await browser.post("/log-in", fields))
    decided = await browser.post("/consent", {"csrf": csrf_of(consent), "decision": "approve"})
    return str(decided.header("location"))


def refusing(*places: int, status: int = 400) -> Edit:
    """The issuer refuses the credential requests in these places, counted from zero."""
    counted: list[int] = []

    def refuse(request: HttpRequest, response: HttpResponse) -> HttpResponse:
        if response.status not in (200, 202):
            return response
        counted.append(1)
        error = {"error": "credential_request_denied", "error_description": "the stamp is lost"}
        return json_response(error, status=status) if len(counted) - 1 in places else response

    return refuse


def events_of(world: WalletWorld) -> list[str]:
    said = [request for request in world.traffic if request.path == "/notification"]
    return [str(parse_object(request.body, what="test")["event"]) for request in said]


async def test_what_the_server_granted_is_kept_and_the_rest_is_named(world: WalletWorld) -> None:
    receiving = world.wallet.receiving
    flow = await receiving.review(link_for(world, "pid-sd-jwt", "diploma-sd-jwt"), brought=Brought.LINK)
    url = await receiving.log_in(flow, redirect_uri=world.callback, browser="browser", despite=world.warned(flow))
    await receiving.come_back(await approved(world, url), browsers=["browser"])
    arrived = receiving.look(flow)
    assert isinstance(arrived, Arrived)
    (missing,) = describe_withheld(arrived.session, world.wallet.catalogue, locale="en")
    assert (missing.name, missing.check, missing.said) == ("Diploma", Check.ACCESS_DENIED.id, "")
    assert missing.why == "It was not granted: at the log-in, or by the issuer."
    entry = world.contents.log[-1]
    assert (entry.happening, entry.check) == (Happening.FAILED, Check.ACCESS_DENIED.id)
    assert [mention.type for mention in entry.mentions] == ["urn:zegel:diploma:1"]
    (held,) = await receiving.keep(flow)
    assert world.wallet.find(held).unused == 10
    assert events_of(world) == ["credential_accepted"]


async def test_who_is_granted_nothing_may_ask_again(world: WalletWorld) -> None:
    world.outbound.edits["/token"] = lambda request, response: (
        json_response({**parse_object(response.body, what="test"), "scope": "nothing"})
        if response.status == 200
        else response
    )
    with pytest.raises(Denied) as denied:
        await world.arrive(formats=["dc+sd-jwt"])
    assert denied.value.check is Check.ACCESS_DENIED
    world.outbound.edits.clear()
    assert await world.receive(formats=["dc+sd-jwt"])


@pytest.mark.parametrize(("refused", "kept"), [(0, Format.MDOC), (1, Format.SD_JWT_VC)])
async def test_what_came_is_kept_when_the_other_is_refused(world: WalletWorld, refused: int, kept: Format) -> None:
    world.outbound.edits["/credential"] = refusing(refused)
    await world.receive()
    (held,) = world.contents.holdings
    assert held.credential.format is kept
    assert events_of(world) == ["credential_accepted"]


async def test_what_came_is_kept_when_the_issuer_is_out_of_order_then(world: WalletWorld) -> None:
    world.outbound.edits["/credential"] = refusing(1, status=503)
    flow = await world.arrive()
    arrived = world.wallet.receiving.look(flow)
    assert isinstance(arrived, Arrived)
    (missing,) = describe_withheld(arrived.session, world.wallet.catalogue, locale="en")
    assert (missing.check, missing.format) == (Check.AVAILABILITY.id, "mdoc")
    assert len(await world.wallet.receiving.keep(flow)) == 1
    assert events_of(world) == ["credential_accepted"]


async def test_what_takes_time_waits_when_the_other_is_refused(tmp_path: Path) -> None:
    async with wallet_world(tmp_path, delayed_types=("diploma",), delay=30) as world:
        world.outbound.edits["/credential"] = refusing(1)
        flow = await world.arrive(type="diploma", formats=["dc+sd-jwt", "mso_mdoc"])
        receiving = world.wallet.receiving
        waiting = receiving.look(flow)
        assert isinstance(waiting, Deferred)
        assert [each.configuration for each in waiting.session.withheld] == ["diploma-mdoc"]
        world.clock.advance(30)
        arrived = await receiving.fetch_deferred(flow)
        assert isinstance(arrived, Arrived)
        assert [entry.happening for entry in world.contents.log] == [Happening.FAILED]
        assert len(await receiving.keep(flow)) == 1


async def test_a_renewal_of_which_a_part_is_refused_leaves_what_there_was(world: WalletWorld) -> None:
    """Of two data sets of one configuration nothing says which one is held."""
    (id_,) = await world.receive(formats=["dc+sd-jwt"])
    before = world.wallet.find(id_).batch
    detail = {
        "type": "openid_credential",
        "credential_configuration_id": "pid-sd-jwt",
        "credential_identifiers": ["pid-sd-jwt", "another"],
    }
    world.outbound.edits["/token"] = lambda request, response: (
        json_response({**parse_object(response.body, what="test"), "authorization_details": [detail]})
        if response.status == 200
        else response
    )
    with pytest.raises(Denied):
        await world.wallet.renewal.renew(id_)
    assert world.wallet.find(id_).batch == before


async def test_the_page_names_what_did_not_come(tmp_path: Path) -> None:
    async with wallet_pages(tmp_path) as pages:
        await pages.enter()
        pages.world.outbound.edits["/credential"] = refusing(1)
        offer = await pages.world.offer()
        await pages.open("/receive?" + offer["link"].partition("?")[2])
        await pages.go("/receive")
        await pages.log_in()
        assert pages.title == "Look before you keep it"
        assert "Not all that you were offered was issued" in pages.text
        assert "(mdoc): The issuer refused it. It says: “the stamp is lost”" in pages.text
        await pages.go(decision="keep")
        assert len(pages.contents.holdings) == 1


async def test_the_command_names_what_did_not_come(plain: WalletWorld, capsys: pytest.CaptureFixture[str]) -> None:
    plain.outbound.edits["/credential"] = refusing(1)
    for as_json in (True, False):
        offer = await plain.offer(grant="pre-authorized", person="erika")
        args = Namespace(link=offer["link"], wait=1.0, despite=[], tx_code=None, json=as_json)
        assert await _receive(args, plain.wallet, plain.world) == 0
        out = capsys.readouterr().out
        if as_json:
            told = json.loads(out)
            assert (told["state"], len(told["credentials"])) == ("received", 1)
            (missing,) = told["withheld"]
            assert (missing["configuration"], missing["check"]) == ("pid-mdoc", Check.PEER_REFUSAL.id)
            plain.outbound.edits["/credential"] = refusing(1)
        else:
            assert '(mdoc) was not issued. The issuer refused it. It says: "the stamp is lost"' in out
