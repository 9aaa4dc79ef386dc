"""One thing at a time in each flow."""

import asyncio

import pytest

from zegel.services.turns import Turns

pytestmark = pytest.mark.anyio


async def test_what_has_one_name_waits_and_what_has_another_does_not() -> None:
    turns, seen = Turns(), []
    first, go_on = asyncio.Event(), asyncio.Event()

    async def slow() -> None:
        async with turns.of("a"):
            first.set()
            await go_on.wait()
            seen.append("slow")

    async def quick(name: str) -> None:
        async with turns.of(name):
            seen.append(name)

    task = asyncio.create_task(slow())
    await first.wait()
    waiting = asyncio.create_task(quick("a"))
    await quick("b")
    go_on.set()
    await asyncio.gather(task, waiting)
    assert seen == ["b", "slow", "a"]
    assert turns._locks == {}


async def test_a_failure_lets_the_next_one_in() -> None:
    turns = Turns()
    with pytest.raises(RuntimeError):
        async with turns.of("a"):
            raise RuntimeError
    async with turns.of("a"):
        pass
