"""The verifier's use cases where two things happen at once, and what is left of a presentation in the store."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from zegel_testing.interleaved import Interleaved
from zegel_testing.relying_party import NAME_QUERY, Asked, RelyingParty, issue, json_of, open_relying_party, unavailable

from zegel.checks import Check
from zegel.errors import Rejected
from zegel.formats.credential import Format
from zegel.primitives.http import HttpResponse
from zegel.profiles import PLAIN, ClientIdPrefix
from zegel.protocols.openid4vp.dcql import parse_query
from zegel.protocols.openid4vp.verifier import AwaitingReturn, Failed, Finished, Ready, Requested
from zegel.services.verifier import Question, VerifierService

pytestmark = pytest.mark.anyio
QUESTION = Question(query=parse_query(NAME_QUERY), initiator="my session")


@pytest.fixture
async def party(tmp_path: Path) -> AsyncIterator[RelyingParty]:
    opened = await open_relying_party(tmp_path, profile=PLAIN)
    yield opened
    opened.close()


async def begun(party: RelyingParty) -> tuple[str, Asked]:
    id_, session = await party.service.ask(QUESTION)
    return id_, await party.fetch({"link": session.link("openid4vp://")})


async def answered(party: RelyingParty) -> tuple[str, str]:
    """A presentation up to the wallet's redirect: the session and its response code."""
    id_, asked = await begun(party)
    return id_, code_of(await party.send(asked.answer()))


def code_of(response: HttpResponse) -> str:
    return json_of(response)["redirect_uri"].partition("response_code=")[2]


def garbage(party: RelyingParty, asked: Asked) -> Callable[[], Awaitable[HttpResponse]]:
    """Somebody posts nonsense to the session's address, which the link shows to everybody."""
    return lambda: party.send(asked.post({"vp_token": {"pid": ["nonsense"]}, "state": asked.claims["state"]}))


# --- two at once ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("times", [1, 3, 7])
async def test_garbage_while_the_right_answer_is_stored_does_not_lose_it(party: RelyingParty, times: int) -> None:
    id_, asked = await begun(party)
    disturbed = party.with_store(Interleaved(party.store, garbage(party, asked), times=times))
    response = await disturbed.send(asked.answer())
    assert response.status == 200
    assert isinstance(await party.service.look(id_), AwaitingReturn)


async def test_garbage_without_end_leaves_the_session_to_the_next_answer(party: RelyingParty) -> None:
    id_, asked = await begun(party)
    disturbed = party.with_store(Interleaved(party.store, garbage(party, asked), times=100))
    response = await disturbed.send(asked.answer())
    assert (response.status, json_of(response)["check"]) == (400, "answered-once")
    assert isinstance(await party.service.look(id_), Requested)
    assert (await party.send(asked.answer())).status == 200


@pytest.mark.parametrize("number", [0, 1, 2, 3])
async def test_a_right_answer_while_garbage_is_noted_is_not_lost(party: RelyingParty, number: int) -> None:
    id_, asked = await begun(party)
    right: list[HttpResponse] = []

    async def answer() -> None:
        right.append(await party.send(asked.answer()))

    disturbed = party.with_store(Interleaved(party.store, answer, before=number))
    response = await garbage(disturbed, asked)()
    assert response.status == 400
    if not right:  # the garbage took fewer transactions
        await answer()
    assert right[0].status == 200
    assert isinstance(await party.service.look(id_), AwaitingReturn)


@pytest.mark.refuses(Check.ANSWERED_ONCE)
async def test_of_two_right_answers_at_once_one_is_taken(party: RelyingParty) -> None:
    id_, asked = await begun(party)
    first: list[HttpResponse] = []

    async def answer() -> None:
        first.append(await party.send(asked.answer()))

    disturbed = party.with_store(Interleaved(party.store, answer))
    second = await disturbed.send(asked.answer())
    assert (second.status, json_of(second)["check"]) == (400, "answered-once")
    state = await party.service.come_back(id_, response_code=code_of(first[0]), initiator="my session")
    assert isinstance(state, Ready)


async def test_a_refusal_and_an_answer_at_once_are_one_of_them(party: RelyingParty) -> None:
    _, asked = await begun(party)

    async def refuse() -> None:
        assert (await party.send(asked.refuse())).status == 200

    disturbed = party.with_store(Interleaved(party.store, refuse))
    assert json_of(await disturbed.send(asked.answer()))["check"] == "answered-once"


@pytest.mark.refuses(Check.RESPONSE_CODE)
async def test_of_two_returns_at_once_one_leads_on(party: RelyingParty) -> None:
    id_, code = await answered(party)
    states: list[Ready | Failed] = []

    async def come_back() -> None:
        states.append(await party.service.come_back(id_, response_code=code, initiator="my session"))

    disturbed: VerifierService = party.with_store(Interleaved(party.store, come_back)).service
    with pytest.raises(Rejected) as refusal:
        await disturbed.come_back(id_, response_code=code, initiator="my session")
    assert refusal.value.check is Check.RESPONSE_CODE
    assert isinstance(states[0], Ready)


@pytest.mark.refuses(Check.ANSWERED_ONCE)
async def test_of_two_who_collect_at_once_one_gets_it(party: RelyingParty) -> None:
    id_, code = await answered(party)
    await party.service.come_back(id_, response_code=code, initiator="my session")
    got: list[object] = []

    async def collect() -> None:
        got.append(await party.service.collect(id_, initiator="my session"))

    disturbed = party.with_store(Interleaved(party.store, collect)).service
    with pytest.raises(Rejected) as refusal:
        await disturbed.collect(id_, initiator="my session")
    assert refusal.value.check is Check.ANSWERED_ONCE
    assert len(got) == 1
    assert isinstance(await party.service.look(id_), Finished)


async def test_the_session_may_end_while_an_answer_is_judged(party: RelyingParty) -> None:
    id_, asked = await begun(party)

    async def too_long() -> None:
        party.clock.advance(600)

    disturbed = party.with_store(Interleaved(party.store, too_long, before=1))
    response = await disturbed.send(asked.answer())
    assert (response.status, json_of(response)["check"]) == (400, "answered-once")
    with pytest.raises(Rejected):
        await party.service.look(id_)


# --- who gets it ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("initiator", ["another session", None, ""])
@pytest.mark.refuses(Check.SAME_BROWSER)
async def test_only_who_asked_collects(party: RelyingParty, initiator: str | None) -> None:
    id_, code = await answered(party)
    await party.service.come_back(id_, response_code=code, initiator="my session")
    with pytest.raises(Rejected) as refusal:
        await party.service.collect(id_, initiator=initiator)
    assert refusal.value.check is Check.SAME_BROWSER
    assert await party.service.collect(id_, initiator="my session")


async def test_nothing_is_collected_before_the_return(party: RelyingParty) -> None:
    id_, _ = await answered(party)
    with pytest.raises(Rejected) as refusal:
        await party.service.collect(id_, initiator="my session")
    assert refusal.value.check is Check.ANSWERED_ONCE


@pytest.mark.refuses(Check.SAME_BROWSER)
async def test_a_session_that_failed_says_why_to_whoever_collects(party: RelyingParty) -> None:
    id_, code = await answered(party)
    state = await party.service.come_back(id_, response_code=code, initiator=None)
    assert isinstance(state, Failed)
    with pytest.raises(Rejected) as refusal:
        await party.service.collect(id_, initiator="my session")
    assert refusal.value.check is Check.SAME_BROWSER


async def test_each_session_has_secrets_of_its_own(party: RelyingParty) -> None:
    (_, one), (_, another) = await begun(party), await begun(party)
    for name in ("nonce", "state", "response_uri"):
        assert one.claims[name] != another.claims[name]
    assert one.key != another.key


@pytest.mark.parametrize("prefix", list(ClientIdPrefix), ids=str)
async def test_each_prefix_has_its_client_id(party: RelyingParty, prefix: ClientIdPrefix) -> None:
    query = parse_query({"credentials": [{"id": "a", "format": "dc+sd-jwt", "meta": {"vct_values": ["urn:x"]}}]})
    id_, session = await party.service.ask(Question(query=query, initiator=None, client_id_prefix=prefix))
    assert session.request.client_id.startswith(f"{prefix}:")
    if prefix is ClientIdPrefix.REDIRECT_URI:
        assert session.request.client_id == f"redirect_uri:{session.request.response_uri}"
        assert id_ in session.request.response_uri
    if prefix is ClientIdPrefix.X509_SAN_DNS:
        assert session.request.client_id == "x509_san_dns:verifier.utopia.example"


# --- several credentials --------------------------------------------------------------------------------------------


async def test_one_wrong_presentation_spoils_the_whole_answer(party: RelyingParty) -> None:
    query = {
        "credentials": [
            NAME_QUERY["credentials"][0],
            {"id": "mdoc", "format": "mso_mdoc", "meta": {"doctype_value": "eu.europa.ec.eudi.pid.1"}},
        ]
    }
    session, asked = await party.begin(query)
    right, wrong = asked.present(), asked.present(issue(Format.MDOC), nonce="another")
    state = asked.claims["state"]
    response = await party.send(asked.post({"vp_token": {"pid": [right], "mdoc": [wrong]}, "state": state}))
    assert json_of(response)["check"] == "holder-signature"
    good = asked.present(issue(Format.MDOC))
    response = await party.send(asked.post({"vp_token": {"pid": [right], "mdoc": [good]}, "state": state}))
    assert response.status == 200
    assert session


async def test_an_outage_is_noted_for_the_page_that_waits(party: RelyingParty) -> None:
    id_, asked = await begun(party)
    party.status.answer = unavailable()
    assert (await party.send(asked.answer())).status == 503
    state = await party.service.look(id_)
    assert isinstance(state, Requested)
    assert state.failure is not None
    assert state.failure.check is Check.AVAILABILITY
