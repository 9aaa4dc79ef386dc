"""The way of a browser, where two things happen at once."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from zegel_testing.issuing_world import PASSWORDS, IssuingWorld, issuing_world
from zegel_testing.sandboxes import sandbox_at

from zegel.checks import Check
from zegel.errors import Rejected, Unavailable
from zegel.services.log_in import MAX_TRIES, VISIT, LoggedIn, LogInService, Visiting
from zegel.services.passwords import GUESSES, MAX_WAITING, PasswordLogIn
from zegel.services.ports import Person

pytestmark = pytest.mark.anyio
BROWSER, RENEWED = "b" * 43, "r" * 43


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[IssuingWorld]:
    async with issuing_world(sandbox_at(tmp_path)) as opened:
        yield opened


@pytest.fixture
async def service(world: IssuingWorld) -> LogInService:
    """The service, with a visit under ``BROWSER``."""
    pause = await world.wallet().push(await world.offer("pid"))
    service = world.site.log_in
    await service.visit(replace(world.seen[-1][0], url=pause.url).query(), browser=BROWSER)
    return service


async def log_in(service: LogInService, password: str = PASSWORDS["erika"], renewed: str = RENEWED) -> LoggedIn:
    return await service.log_in(BROWSER, login="erika", password=password, renewed=renewed)


@pytest.mark.slow
async def test_a_log_in_goes_on_under_the_new_id_alone(service: LogInService) -> None:
    assert (await log_in(service)).person.id == "erika"
    assert (await service.decision(RENEWED)).person.name == "Erika Voorbeeld"
    with pytest.raises(Rejected) as refusal:
        await service.look(BROWSER)
    assert refusal.value.check is Check.LOG_IN_OPEN


@pytest.mark.slow
async def test_of_two_log_ins_at_once_one_goes_on(service: LogInService) -> None:
    both = [log_in(service, renewed=id_ * 43) for id_ in "xy"]
    results = await asyncio.gather(*both, return_exceptions=True)
    assert sorted(type(result).__name__ for result in results) == ["LoggedIn", "Rejected"]


@pytest.mark.slow
async def test_many_guesses_at_once_are_no_more_than_many_in_turn(service: LogInService) -> None:
    guesses = [log_in(service, f"guess {at}") for at in range(4 * MAX_TRIES)]
    results = await asyncio.gather(*guesses, return_exceptions=True)
    assert all(isinstance(result, Rejected) for result in results)
    looked_at = [result for result in results if isinstance(result, Rejected) and result.check is Check.LOG_IN]
    assert len(looked_at) <= MAX_TRIES


class Busy:
    """A source of passwords that looks at none before it is told to."""

    def __init__(self) -> None:
        self.go_on = asyncio.Event()
        self.looking = 0

    async def people(self) -> tuple[Person, ...]:
        return ()

    async def verify_password(self, login: str, password: str) -> Person:
        self.looking += 1
        await self.go_on.wait()
        raise Rejected(Check.LOG_IN, "not this one")


@pytest.mark.slow
@pytest.mark.refuses(Check.OVERLOAD)
async def test_only_so_many_passwords_wait_and_whoever_is_sent_away_has_all_tries(service: LogInService) -> None:
    """Or those who guess from many addresses would have a worker turn away whoever wants something else of it."""
    busy = Busy()
    service.means = means = PasswordLogIn(busy)
    waiting = [asyncio.create_task(means.check_room().verify("x", "y")) for _ in range(MAX_WAITING + 1)]
    await asyncio.sleep(0)
    last = asyncio.create_task(log_in(service))
    await asyncio.sleep(0)
    for _ in range(2):
        with pytest.raises(Unavailable) as refusal:
            await log_in(service)
        assert (refusal.value.check, refusal.value.retry_after) == (Check.OVERLOAD, 2)
    busy.go_on.set()
    await asyncio.gather(*waiting, last, return_exceptions=True)
    async with service._store.transaction() as transaction:
        visit = await transaction.load(VISIT, BROWSER)
        guesses = await transaction.load(GUESSES, service._guesses.record("erika"))
    assert visit is not None
    assert guesses is not None
    assert isinstance(visit.value, Visiting)
    assert (visit.value.tries, guesses.value.count) == (1, 1)
    assert means.check_room() is means


async def test_so_many_passwords_are_looked_at_at_once_and_no_more() -> None:
    busy = Busy()
    means = PasswordLogIn(busy)
    waiting = [asyncio.create_task(means.verify("x", "y")) for _ in range(5)]
    await asyncio.sleep(0)
    assert busy.looking == 2
    busy.go_on.set()
    await asyncio.gather(*waiting, return_exceptions=True)
    assert busy.looking == 5


@pytest.mark.slow
async def test_who_logs_in_has_all_tries_again(world: IssuingWorld, service: LogInService) -> None:
    with pytest.raises(Rejected):
        await log_in(service, "guess")
    async with service._store.transaction() as transaction:
        assert await transaction.load(GUESSES, service._guesses.record("erika")) is not None
    await log_in(service)
    async with service._store.transaction() as transaction:
        assert await transaction.load(GUESSES, service._guesses.record("erika")) is None


@pytest.mark.slow
async def test_the_guesses_of_a_name_end_with_a_quarter_of_an_hour_and_are_that_names_alone(
    world: IssuingWorld, service: LogInService
) -> None:
    """A name that nobody has is counted like one that somebody has: the answer tells nothing."""
    for name in ("erika", "nobody"):
        for _ in range(world.config.issuer.rates.log_in_name):
            await service._guesses.count(name)
        with pytest.raises(Rejected) as refusal:
            await service._guesses.count(name)
        assert refusal.value.check is Check.LOG_IN_GUESSES
        assert refusal.value.retry_after == 900
    assert (await service._guesses.count("max")).count == 1
    world.clock.advance(900)
    assert (await service._guesses.count("erika")).count == 1


@pytest.mark.slow
async def test_of_two_decisions_at_once_one_is_taken(service: LogInService) -> None:
    await log_in(service)
    both = [service.decide(RENEWED, approved=approved) for approved in (True, False)]
    results = await asyncio.gather(*both, return_exceptions=True)
    assert sorted(type(result).__name__ for result in results) == ["HttpResponse", "Rejected"]


@pytest.mark.slow
async def test_of_leaving_and_logging_in_at_once_one_is_taken(service: LogInService) -> None:
    results = await asyncio.gather(service.leave(BROWSER), service.leave(BROWSER), return_exceptions=True)
    assert sorted(type(result).__name__ for result in results) == ["HttpResponse", "Rejected"]
    with pytest.raises(Rejected) as refusal:
        await log_in(service)
    assert refusal.value.check is Check.LOG_IN_OPEN


@pytest.mark.slow
async def test_a_visit_is_sealed_and_ends_with_its_time(world: IssuingWorld, service: LogInService) -> None:
    await log_in(service)
    database = Path(world.config.issuer.database.removeprefix("sqlite:///"))
    for file in database.parent.glob("issuer.db*"):
        assert b"Voorbeeld" not in file.read_bytes()
        assert RENEWED.encode() not in file.read_bytes()
    world.clock.advance(901)
    async with service._store.transaction() as transaction:
        assert await transaction.load(VISIT, RENEWED) is None
    with pytest.raises(Rejected):
        await service.decide(RENEWED, approved=True)


@pytest.mark.slow
async def test_a_browser_without_an_id_has_no_visit(service: LogInService) -> None:
    for step in (service.look(None), service.decision(None), service.decide(None, approved=True)):
        with pytest.raises(Rejected) as refusal:
            await step
        assert refusal.value.check is Check.LOG_IN_OPEN
