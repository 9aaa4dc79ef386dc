"""Every rate of docs/limits.md as it is by default: so many pass the turnstile of the role, and one more waits."""

from collections.abc import Callable
from pathlib import Path

import pytest
from zegel_docs.limits import Limit as Documented
from zegel_docs.limits import rates
from zegel_limits.rates import IN_THE_DATABASE, LIMITS
from zegel_testing.authorities import NOW

from zegel.adapters.memory import ManualClock
from zegel.checks import Check
from zegel.config.setting import settings_of
from zegel.errors import Rejected
from zegel.primitives.http import HttpRequest
from zegel.services.rates import MINUTE_SECONDS, Limit
from zegel.web.turnstile import Turnstile

RATES = [rate for rate in rates() if rate.path not in IN_THE_DATABASE]
REQUEST = HttpRequest(method="GET", url="https://role.utopia.example/", peer="192.0.2.1")


def way_through(rate: Documented, clock: ManualClock) -> Callable[[], None]:
    """Through the turnstile of the role as its defaults make it, by the limit that the setting is of."""
    settings, limits_of = LIMITS[rate.module.removesuffix(".rates").replace("_", "-")]
    turnstile = Turnstile(limits_of(settings()), proxies=(), clock=clock)
    limit = Limit[rate.name.removesuffix("_session").upper()]
    if rate.name.endswith("_session"):
        return lambda: turnstile.admit_session(limit, "a session")
    return lambda: turnstile.admit_sender(limit, REQUEST)


@pytest.mark.parametrize("rate", RATES, ids=lambda rate: rate.path)
def test_so_many_pass_at_once_and_one_more_waits(rate: Documented) -> None:
    clock = ManualClock(NOW)
    come = way_through(rate, clock)
    for again in (False, True):  # after a minute all of it is back
        if again:
            clock.advance(MINUTE_SECONDS)
        for _ in range(int(rate.value)):
            come()
        with pytest.raises(Rejected) as refusal:
            come()
        assert refusal.value.check is Check.RATE
        assert f"at most {rate.value} a minute" in refusal.value.detail


def test_every_rate_is_on_the_page() -> None:
    set_by_somebody = {
        f"{role.replace('-', '_')}.rates.{setting.name}"
        for role, (settings, _) in LIMITS.items()
        for setting in settings_of(settings)
    }
    assert {rate.path for rate in rates()} == set_by_somebody
    assert all(rate.why for rate in rates())


def test_a_rate_that_is_counted_in_the_database_has_a_test_of_its_own() -> None:
    for name, test in IN_THE_DATABASE.items():
        file, _, function = test.partition("::")
        assert f"def {function}(" in (Path(__file__).parents[2] / file).read_text(), name
