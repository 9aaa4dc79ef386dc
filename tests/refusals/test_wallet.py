"""The wallet: one mutation of a good state for each check, and the check that it fails."""

import asyncio
from collections.abc import Callable
from typing import Any, cast

import pytest
from zegel_testing.authorities import NOW, fixed_key, fixed_random

from zegel.adapters.memory import Loopback, ManualClock
from zegel.checks import Check
from zegel.errors import Rejected
from zegel.formats.credential import Format, Issuer, VerifiedCredential
from zegel.primitives.http import HttpRequest, HttpResponse
from zegel.services.wallet.arrivals import ArrivalsDesk
from zegel.services.wallet.attesting import InstanceKey, WalletProviderClient
from zegel.services.wallet.contents import Batch, Finished, Holding, Provider, WalletContents
from zegel.services.wallet.flows import FLOW_SECONDS, find_flow, put_flow
from zegel.services.wallet.holdings import find_holding, put_holding
from zegel.services.wallet.safe import Safe, Vault
from zegel.web.browser import CookiePolicy, new_browser
from zegel.web.wallet_door import Door

PROVIDER = "https://wallet-provider.utopia.example"
CARD = "urn:utopia:card:1"


class NoVault:
    """A ``VaultFile`` at which there is none."""

    def exists(self) -> bool:
        return False

    def create(self, passphrase: str) -> Vault:
        raise NotImplementedError

    def open(self, passphrase: str) -> Vault:
        raise NotImplementedError


def contents_of_a_safe() -> object:
    return Safe(NoVault(), clock=ManualClock(NOW), idle=None).contents


def find(*, after: int = 0) -> object:
    contents = put_flow(WalletContents(), "flow", Finished(at=NOW))
    return find_flow(contents, "flow", now=NOW + after)


def enter(*, code: Callable[[str], str] = str, after: int = 0, times: int = 1) -> object:
    clock = ManualClock(NOW)
    door = Door(clock=clock, random=fixed_random("door"), seconds=60, announce=lambda _: None)
    shown = door.fresh_code()
    clock.advance(after)
    browser = new_browser(CookiePolicy(role="wallet", secure=False, key=b"k" * 32), bytes(32))
    for _ in range(times):
        entered = door.enter(code(shown), browser, before=None)
    return entered


def attest(*, status: int) -> object:
    async def answer(_: HttpRequest) -> HttpResponse:
        return HttpResponse(status=status)

    client = WalletProviderClient(PROVIDER, outbound=Loopback({PROVIDER: answer}), clock=ManualClock(NOW))
    return asyncio.run(client.attest_wallet(InstanceKey(instance="x", key=fixed_key("wallet")), fixed_key("instance")))


def renew_at(entity: str = "Utopia", *, type_: str = CARD) -> object:
    """New copies take the old ones' place, if the same issuer made them and they say the same kind of thing."""
    contents = put_holding(WalletContents(), _holding("Utopia"))
    nothing = cast("Any", None)
    desk = ArrivalsDesk(nothing, catalogue=nothing, trust=nothing, clock=ManualClock(NOW), random=fixed_random("desk"))
    return desk.renew(contents, "1", _holding(entity, type_).batch, None)  # type: ignore[arg-type]


def _holding(entity: str, type_: str = CARD) -> Holding:
    credential = VerifiedCredential(
        format=Format.SD_JWT_VC,
        type=type_,
        types=(type_,),
        issuer=Issuer(entity=entity, anchor="CN=A", subject="CN=S", key_ids=()),
        claims={},
        status=None,
        valid_from=None,
        valid_until=None,
        holder_key=None,
    )
    batch = Batch(configuration="card", credential=credential, copies=(), described=(), display_name=None)
    provider = Provider(url="https://issuer.utopia.example", name="Utopia", certified=None)
    return Holding(id="1", batch=batch, provider=provider, grant="g", received_at=NOW)


REFUSALS: tuple[tuple[Check, Callable[[], object]], ...] = (
    (Check.WALLET_LOCKED, contents_of_a_safe),
    (Check.WALLET_STEP, lambda: find(after=FLOW_SECONDS)),
    (Check.LAUNCH, lambda: enter(code=lambda shown: shown[::-1])),
    (Check.LAUNCH, lambda: enter(after=60)),
    (Check.LAUNCH, lambda: enter(times=2)),
    (Check.WALLET_PROVIDER, lambda: attest(status=500)),
    (Check.OFFERED_CREDENTIAL, lambda: renew_at("Laputa")),
    (Check.OFFERED_CREDENTIAL, lambda: renew_at(type_="urn:utopia:pass:1")),
    (Check.HELD, lambda: find_holding(WalletContents(), "1")),
)


@pytest.mark.parametrize(("check", "refused"), REFUSALS, ids=lambda value: getattr(value, "id", ""))
def test_a_mutation_fails_its_check(check: Check, refused: Callable[[], object]) -> None:
    with pytest.raises(Rejected) as caught:
        refused()
    assert caught.value.check is check


def test_without_a_mutation_nothing_is_refused() -> None:
    assert find(after=FLOW_SECONDS - 1)
    assert enter(after=59)
    assert enter(code=str.lower)
    assert enter(code=lambda shown: shown.replace("-", " ").replace("0", "O").replace("1", "l"))
