"""What commands say, and are told, of the lists of signers that health certificates are judged by."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from zegel.adapters.clock import SystemClock
from zegel.cli.hcert_inspect import time_text
from zegel.cli.output import in_text, say
from zegel.config.health import HealthConfig
from zegel.errors import Malformed, Rejected, Unavailable
from zegel.formats.hcert.domains import SPECIFIED, Domains, Family
from zegel.services.health import HealthDesk, HealthList
from zegel.services.health_lists import list_age, list_ages, old_lists


def say_lists(desk: HealthDesk | None) -> None:
    """On stderr: how old they are, as far as that is known, which are too old, and what could not be read of them."""
    lists, now = () if desk is None else desk.lists, SystemClock().now()
    for age in list_ages(lists, now=now):
        say(f"trust: {age}")
    for each in lists:
        if each.unread:
            say(f"trust: {in_text(list_age(each, now=now))}")
    for each in _old(lists, now):
        say(f"trust: old: {list_age(each, now=now)}; zegel hcert refresh fetches it")
    for each in lists:
        for entry in each.left_out:
            say(f"trust: {each.name}: left out {entry}")


def lists_data(desk: HealthDesk | None) -> list[dict[str, Any]]:
    """The same for ``--json``."""
    lists = () if desk is None else desk.lists
    old = _old(lists, SystemClock().now())
    return [
        {
            "list": each.name,
            "signers": each.signers,
            "as_of": None if each.as_of is None else time_text(each.as_of),
            "fetched": None if each.fetched_at is None else time_text(each.fetched_at),
            "old": each in old,
            "left_out": [each.unread] if each.unread else list(each.left_out),
        }
        for each in lists
    ]


@contextmanager
def opening_grounds() -> Iterator[None]:
    """What is wrong with what is judged by says nothing of a certificate: it is ``Unavailable``, whatever it is."""
    try:
        yield
    except (Malformed, Rejected) as error:
        raise Unavailable("what it is judged by", str(error), check=error.check) from None


def domains_of(named: Sequence[str]) -> Domains:
    """The trust domains that count, with those that were named; ``Malformed`` for what is not KIND=DOMAIN."""
    domains = dict(SPECIFIED)
    for each in named:
        kind, _, domain = each.partition("=")
        if kind not in tuple(Family) or not domain:
            raise Malformed("command line", "--domain", f"expected {' or '.join(Family)}, and =DOMAIN")
        domains[Family(kind)] |= {domain}
    return domains


def _old(lists: Sequence[HealthList], now: int) -> tuple[HealthList, ...]:
    return old_lists(lists, now=now, old=HealthConfig().old)
