"""The sign-in service: one turn off the right path for each check, and the check that it fails."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from zegel_testing.sign_in import sent_back
from zegel_testing.sign_in_desk import BROWSER, OTHER_BROWSER, Desk, client, sign_in_desk

from zegel.checks import Check
from zegel.errors import Rejected


def played(story: Callable[[Desk], Awaitable[object]], **changes: object) -> Callable[[], object]:
    """The story, at a desk of its own where a sign-in has begun."""

    async def play() -> object:
        async with sign_in_desk(client(**changes)) as desk:
            await desk.begin()
            return await story(desk)

    return lambda: asyncio.run(play())


async def come_back(desk: Desk, *, browser: str | None = BROWSER, code: str | None = None) -> object:
    session, given = await desk.presented()
    return await desk.come_back(session, code or given, browser)


async def come_back_twice(desk: Desk) -> object:
    session, code = await desk.presented()
    await desk.come_back(session, code)
    return await desk.come_back(session, code)


async def come_back_to_a_session_that_nobody_began(desk: Desk) -> object:
    return await desk.come_back("nobody", "any")


async def forget_the_client(desk: Desk) -> object:
    return await desk.restarted(client(id="another")).service.look(BROWSER)


REFUSALS: tuple[tuple[Check, Callable[[], object]], ...] = (
    (Check.SIGN_IN_OPEN, played(lambda desk: desk.service.look(OTHER_BROWSER))),
    (Check.SIGN_IN_OPEN, played(lambda desk: desk.service.cancel(None))),
    (Check.CROSS_DEVICE, played(lambda desk: desk.service.ask_other_device(BROWSER), cross_device=False)),
    (Check.SAME_BROWSER, played(lambda desk: come_back(desk, browser=OTHER_BROWSER))),
    (Check.SAME_BROWSER, played(lambda desk: come_back(desk, browser=None))),
    (Check.RESPONSE_CODE, played(lambda desk: come_back(desk, code="guess"))),
    (Check.RESPONSE_CODE, played(come_back_twice)),
    (Check.ANSWERED_ONCE, played(come_back_to_a_session_that_nobody_began)),
    (Check.SIGN_IN_CLIENT, played(forget_the_client)),
)


@pytest.mark.parametrize(("check", "refused"), REFUSALS, ids=lambda value: getattr(value, "id", ""))
def test_a_mutation_fails_its_check(check: Check, refused: Callable[[], object]) -> None:
    with pytest.raises(Rejected) as caught:
        refused()
    assert caught.value.check is check


def test_without_a_mutation_nothing_is_refused() -> None:
    response = played(come_back)()
    assert sent_back(response).keys() == {"code", "state", "iss"}
