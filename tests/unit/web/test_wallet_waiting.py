"""The rows of what waits for the owner: each says what it is about, and who is on the other side."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from zegel_testing.wallet_pages import Pages, wallet_pages
from zegel_testing.wallet_world import MDOC_QUERY

pytestmark = [pytest.mark.anyio, pytest.mark.slow]
ISSUER = "Utopia identity office"
VERIFIER = "Utopia verifier"


@pytest.fixture
async def inside(tmp_path: Path) -> AsyncIterator[Pages]:
    async with wallet_pages(tmp_path, delayed_types=("diploma",), delay=60) as made:
        yield await made.enter()


async def rows(pages: Pages) -> list[str]:
    """What waits, as it is read."""
    await pages.open("/")
    return [text for text in pages.page.text("li") if " UTC" in text]


async def offered(pages: Pages, type_: str, *formats: str) -> None:
    offer = await pages.world.offer(type=type_, formats=list(formats))
    await pages.open("/receive?" + offer["link"].partition("?")[2])
    await pages.go("/receive")


async def test_two_offers_of_one_issuer_are_told_apart(inside: Pages) -> None:
    await offered(inside, "pid", "dc+sd-jwt")
    await offered(inside, "pid", "mso_mdoc")
    await offered(inside, "mdl", "mso_mdoc")
    waiting = await rows(inside)
    assert all("An offer that you have not taken up" in row and ISSUER in row for row in waiting)
    kinds = ("Person identification data (SD-JWT VC)", "Person identification data (mdoc)", "Driving licence (mdoc)")
    for row, kind in zip(waiting, kinds, strict=True):
        assert [each for each in kinds if each in row] == [kind], row


async def test_what_came_and_what_is_awaited_are_named(inside: Pages) -> None:
    await offered(inside, "pid", "dc+sd-jwt", "mso_mdoc")
    await inside.log_in()
    await offered(inside, "diploma", "dc+sd-jwt")
    await inside.log_in()
    came, awaited = await rows(inside)
    assert "Credentials that came" in came
    assert f"Person identification data (SD-JWT VC, mdoc); {ISSUER}" in came
    assert "A credential that takes a while" in awaited
    assert f"Diploma (SD-JWT VC); {ISSUER}" in awaited


async def test_a_request_and_an_answer_name_what_they_are_about(inside: Pages) -> None:
    await inside.receive()
    await inside.ask(MDOC_QUERY)
    (asked,) = await rows(inside)
    assert f"Person identification data (mdoc); {VERIFIER}" in asked
    await inside.ask()
    inside.world.outbound.down.add("verifier.localhost")
    await inside.go(decision="accept")
    _, unsent = await rows(inside)
    assert "An answer that could not be sent" in unsent
    assert f"Person identification data (SD-JWT VC); {VERIFIER}" in unsent
