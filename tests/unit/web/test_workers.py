"""Which worker does what: roles, timers, ports. What they do as processes stands in ``tests/flows``."""

from dataclasses import replace

import pytest

from zegel.config.roles import Config
from zegel.config.setting import Count, Port
from zegel.errors import Malformed, Unavailable
from zegel.web.app.roles import Listener, OpenRole, Timer
from zegel.web.app.serve import bind
from zegel.web.app.workers import Worker, bind_shared, config_of, part_of, roles_of, workers_of
from zegel.web.asgi import Receive, Scope, Send

NAMES = ["trust", "issuer", "verifier", "provider"]
ONE = Config()
TWO = replace(ONE, provider=replace(ONE.provider, workers=Count(2), metrics_port=Port(7123)))


def test_a_role_has_one_worker_unless_it_is_configured_otherwise() -> None:
    assert [workers_of(ONE, name) for name in (*NAMES, "wallet", "wallet-provider", "service")] == [1] * 7
    assert workers_of(TWO, "provider") == 2


def test_the_first_worker_serves_every_role_and_others_those_that_have_so_many() -> None:
    assert roles_of(NAMES, TWO, worker=0) == NAMES
    assert roles_of(NAMES, TWO, worker=1) == ["provider"]
    assert roles_of(NAMES, TWO, worker=2) == []


def test_each_worker_is_watched_at_a_port_of_its_own() -> None:
    assert config_of(TWO, worker=0) == TWO
    assert config_of(TWO, worker=1).provider.metrics_port == 7223
    assert config_of(TWO, worker=1).issuer == TWO.issuer


def test_a_role_that_is_not_watched_is_watched_in_no_worker() -> None:
    unwatched = replace(TWO, provider=replace(TWO.provider, metrics_port=None))
    assert config_of(unwatched, worker=1) == unwatched


def test_a_port_that_there_cannot_be_is_refused_with_the_setting() -> None:
    high = replace(TWO, provider=replace(TWO.provider, metrics_port=Port(65_500)))
    with pytest.raises(Malformed, match=r"provider\.metrics_port: expected at most 65435"):
        config_of(high, worker=1)


async def act() -> None:
    raise AssertionError("nobody waits for it")


def test_what_is_done_for_all_workers_the_first_does() -> None:
    purge, own = Timer(name="purge", seconds=1, act=act, for_all=True), Timer(name="trust", seconds=1, act=act)
    role = OpenRole(name="provider", listeners=(), timers=(purge, own), close=lambda: None)
    assert part_of(role, worker=0).timers == (purge, own)
    assert part_of(role, worker=1).timers == (own,)


async def app(_scope: Scope, _receive: Receive, _send: Send) -> None:
    raise AssertionError("nobody asks")


def listening(name: str, port: int) -> OpenRole:
    listener = Listener(
        name=name, origin=f"http://127.0.0.1:{port}", address="127.0.0.1", port=port, tls=None, app=app, handle=app
    )
    return OpenRole(name=name, listeners=(listener,), timers=(), close=lambda: None)


def worker(number: int, *, again: bool = False) -> Worker:
    return Worker(number=number, again=again, _ready=-1, _parent=-1)


def free_port() -> int:
    with bind("127.0.0.1", 0) as probe:
        return int(probe.getsockname()[1])


def test_workers_listen_at_one_port_and_a_first_one_that_is_started_again_does_too() -> None:
    roles = [listening("provider", free_port())]
    bound = [bind_shared(roles, TWO, one) for one in (worker(0), worker(1), worker(0, again=True))]
    assert len({sockets["provider"].getsockname() for sockets in bound}) == 1
    for sockets in bound:
        sockets["provider"].close()


def test_a_port_that_others_listen_at_is_taken_even_if_they_share_it() -> None:
    """Two programs that share a port would each get a part of what is meant for the other."""
    with bind("127.0.0.1", 0, shared=True) as other, pytest.raises(Unavailable, match="another port"):
        bind_shared([listening("provider", other.getsockname()[1])], TWO, worker(0))


def test_a_role_of_one_worker_shares_its_port_with_nobody() -> None:
    assert bind_shared([listening("issuer", free_port())], TWO, worker(0)) == {}
