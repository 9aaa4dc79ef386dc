"""The issuer's services: one turn off the right path for each check, and the check that it fails."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from zegel_testing.issuing_world import PASSWORDS, IssuingWorld, issuing_world
from zegel_testing.sandboxes import sandbox_at
from zegel_testing.upstream import UpstreamStandIn

from zegel.checks import Check
from zegel.config.roles import SourceConfig
from zegel.errors import Rejected, ZegelError
from zegel.formats.credential import Format

BROWSER, RENEWED, OTHER = "b" * 43, "r" * 43, "o" * 43
PROVIDER = UpstreamStandIn()
OIDC = SourceConfig(kind="oidc", provider=PROVIDER.issuer, client_id="identity-office")


def played(
    story: Callable[[IssuingWorld], Awaitable[object]], *, profile: str = "haip", **settings: Any
) -> Callable[[], object]:
    """The story, at an issuer of its own."""

    async def play() -> object:
        with TemporaryDirectory() as folder:
            async with issuing_world(sandbox_at(Path(folder), profile=profile), **settings) as world:
                return await story(world)

    return lambda: asyncio.run(play())


async def visited(world: IssuingWorld, **offer: Any) -> None:
    """A wallet has sent a browser."""
    pause = await world.wallet().push(await world.offer("pid", **offer))
    await world.site.log_in.visit(replace(world.seen[-1][0], url=pause.url).query(), browser=BROWSER)


async def wrong_password(world: IssuingWorld) -> object:
    await visited(world)
    return await world.site.log_in.log_in(BROWSER, login="erika", password="wrong", renewed=RENEWED)


async def many_guesses(world: IssuingWorld) -> object:
    """Each in a visit of its own, for which the link of one request will do."""
    pause = await world.wallet().push(await world.offer("pid"))
    query = replace(world.seen[-1][0], url=pause.url).query()
    for at in range(world.config.issuer.rates.log_in_name):
        await world.site.log_in.visit(query, browser=f"{at:043d}")
        with pytest.raises(Rejected):
            await world.site.log_in.log_in(f"{at:043d}", login="erika", password="guess", renewed=RENEWED)
    await world.site.log_in.visit(query, browser=BROWSER)
    return await world.site.log_in.log_in(BROWSER, login="erika", password=PASSWORDS["erika"], renewed=RENEWED)


async def another_person(world: IssuingWorld) -> object:
    await visited(world, person="max")
    return await world.site.log_in.log_in(BROWSER, login="erika", password=PASSWORDS["erika"], renewed=RENEWED)


async def decision_before_log_in(world: IssuingWorld) -> object:
    await visited(world)
    return await world.site.log_in.decide(BROWSER, approved=True)


async def another_browser(world: IssuingWorld) -> object:
    await visited(world)
    return await world.site.log_in.look(OTHER)


async def provider_that_refuses(world: IssuingWorld) -> object:
    world.handlers[PROVIDER.issuer] = PROVIDER.handle
    await visited(world)
    url = await world.site.log_in.go_to_provider(BROWSER)
    state = replace(world.seen[-1][0], url=url).query()["state"]
    answer = {"error": "server_error", "state": state, "iss": PROVIDER.issuer}
    return await world.site.log_in.return_from_provider(BROWSER, answer, renewed=RENEWED)


async def wallet_that_refuses(world: IssuingWorld) -> object:
    await visited(world)
    asked = await world.site.log_in.ask_wallet(BROWSER)
    form = {"error": "access_denied", "state": asked.request.state}
    session = asked.request.response_uri.rpartition("/")[2]
    verifier = world.site.verifier
    assert verifier is not None
    await verifier.service.receive(session, form)
    return await world.site.log_in.return_from_wallet(BROWSER, response_code="x", renewed=RENEWED)


REFUSALS: tuple[tuple[Check, Callable[[], object]], ...] = (
    (Check.LOG_IN, played(wrong_password)),
    (Check.PERSON, played(another_person)),
    (
        Check.PERSON,
        played(
            lambda world: world.site.offers.offer_pre_authorized("pid", person="nobody", with_code=False),
            profile="plain",
        ),
    ),
    (
        Check.PROFILE,
        played(lambda world: world.site.offers.offer_pre_authorized("pid", person="nobody", with_code=False)),
    ),
    (Check.TYPE_FORMAT, played(lambda world: world.site.offers.offer("mdl", (Format.SD_JWT_VC,)))),
    (Check.CREDENTIAL_CHOICE, played(lambda world: world.site.offers.offer("passport"))),
    (Check.LOG_IN_OPEN, played(decision_before_log_in)),
    (Check.LOG_IN_OPEN, played(another_browser)),
    (Check.LOG_IN_GUESSES, played(many_guesses)),
    (Check.UPSTREAM_LOG_IN, played(provider_that_refuses, source=OIDC)),
    (Check.CONSENT, played(wallet_that_refuses, source=SourceConfig(kind="presentation"))),
)


@pytest.mark.slow
@pytest.mark.parametrize(("check", "refused"), REFUSALS, ids=lambda value: getattr(value, "id", ""))
def test_a_mutation_fails_its_check(check: Check, refused: Callable[[], object]) -> None:
    with pytest.raises(ZegelError) as caught:
        refused()
    assert caught.value.check is check
