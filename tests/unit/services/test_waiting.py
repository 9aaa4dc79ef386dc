"""Who waits for something to happen to a record."""

import asyncio

import pytest

from zegel.services.waiting import Waiting

pytestmark = pytest.mark.anyio
FOR_EVER = 3_600


async def begun(waiting: Waiting, name: str) -> asyncio.Task[None]:
    task = asyncio.create_task(waiting.wait(name, seconds=FOR_EVER))
    await asyncio.sleep(0)
    return task


async def test_all_who_wait_for_a_record_are_woken_when_it_changes_and_nobody_else() -> None:
    waiting = Waiting()
    mine, yours = [await begun(waiting, "mine") for _ in range(2)], await begun(waiting, "yours")
    waiting.wake("mine")
    await asyncio.gather(*mine)
    assert not yours.done()
    waiting.wake("yours")
    await yours


async def test_whoever_waits_again_after_a_change_waits_for_the_next() -> None:
    waiting = Waiting()
    first = await begun(waiting, "mine")
    waiting.wake("mine")
    second = await begun(waiting, "mine")
    await first
    assert not second.done()
    waiting.wake("mine")
    await second


async def test_a_wait_ends_with_its_time() -> None:
    await Waiting().wait("mine", seconds=0)


async def test_a_change_that_nobody_waits_for_is_nothing() -> None:
    Waiting().wake("nobody's")


async def test_the_more_wait_the_more_seldom_one_looks() -> None:
    waiting = Waiting()
    alone = waiting.pause
    tasks = [await begun(waiting, str(at)) for at in range(500)]
    assert (alone, waiting.pause) == (0.2, 1.0)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert waiting.pause == alone


async def test_nothing_is_kept_of_those_who_have_gone() -> None:
    waiting = Waiting()
    tasks = [await begun(waiting, "mine") for _ in range(3)]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert waiting._events == {}


async def test_at_the_end_nobody_waits_any_more() -> None:
    waiting = Waiting()
    tasks = [await begun(waiting, name) for name in ("mine", "mine", "yours")]
    waiting.end()
    await asyncio.gather(*tasks)
    await waiting.wait("mine", seconds=FOR_EVER)
    assert waiting._events == {}
