"""``zegel log watch``: what is new in a log, and the exit code that says whether it was expected."""

from pathlib import Path
from typing import Any

import pytest
from zegel_testing.authorities import NOW
from zegel_testing.sandboxes import sandbox_at

from zegel.adapters.entropy import system_random
from zegel.adapters.memory import Loopback, ManualClock
from zegel.adapters.sql.log import open_log
from zegel.primitives.http import HttpRequest, HttpResponse
from zegel.trust.anchors import TrustAnchors
from zegel.web.app.log import log_service
from zegel.web.log import ROUTES, LogSite
from zegel.web.pages import error_page
from zegel.web.site import Site, SitePolicy


class Way(Loopback):
    """A way out to the log alone."""

    async def aclose(self) -> None:
        """Nothing to close."""


@pytest.fixture
def watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The log of a sandbox, served without a socket, at the sandbox's own time."""
    config = sandbox_at(tmp_path)
    log, clock = config.transparency_log, ManualClock(NOW)
    store = open_log(log.database)
    service = log_service(log, store=store, anchors=lambda: TrustAnchors(()), clock=clock)
    site = Site(
        LogSite(service=service, name="Log", host="log.localhost", id=log.id),
        routes=ROUTES,
        policy=SitePolicy(role="log", origin=log.origin, operator_token=None),
        page=error_page(role="Log", host="log.localhost", back=None),
        random=system_random,
    )

    async def answer(request: HttpRequest) -> HttpResponse:
        return await site.handle(request)

    monkeypatch.setattr("zegel.cli.log.outbound_of", lambda _args: Way({log.origin: answer}))
    monkeypatch.setattr("zegel.cli.log.SystemClock", lambda: clock)
    yield config
    store.close()


def watch(zegel: Any, config: Any, *more: str) -> Any:
    folder = config.transparency_log.key.parents[1]
    state = str(folder / "log.state")
    return zegel("log", "watch", config.transparency_log.origin, "--trust", folder / "trust", "--state", state, *more)


@pytest.mark.slow
def test_what_is_new_is_told_once(zegel: Any, watched: Any) -> None:
    first = watch(zegel, watched)
    assert (first.code, first.err) == (0, "")
    assert "entries, " in first.out
    assert "verifier.localhost" in first.out
    again = watch(zegel, watched, "--json").json
    assert (again["entries"], again["log"]) == ([], watched.transparency_log.id)


def test_what_nobody_expected_is_marked_and_the_command_says_1(zegel: Any, watched: Any) -> None:
    found = watch(zegel, watched, "--name", "Verifier.localhost")
    assert found.code == 1
    assert "UNKNOWN  CN=Verifier" in found.out


def test_what_is_new_is_one_object_in_json(zegel: Any, watched: Any) -> None:
    found = watch(zegel, watched, "--name", "verifier.localhost", "--json").json
    assert found["tree_size"] == len(found["entries"]) > 1
    assert [each["index"] for each in found["entries"]] == list(range(found["tree_size"]))
    assert {True, False} == {each["unknown"] for each in found["entries"]}


def test_a_long_log_is_looked_at_visit_by_visit(zegel: Any, watched: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zegel.services.log_watch.MAX_SEEN", 2)
    first = watch(zegel, watched)
    assert "2 of them new" in first.out
    assert "are left for the next visit" in first.out
    found, left = [0, 1], 1
    while left:
        visit = watch(zegel, watched, "--json").json
        found += [each["index"] for each in visit["entries"]]
        left = visit["left"]
    assert found == list(range(visit["tree_size"]))


def test_a_known_certificate_is_expected_whatever_the_log_said_of_it_since(zegel: Any, watched: Any) -> None:
    chain = str(watched.verifier.access_chain)
    assert watch(zegel, watched, "--name", "verifier.localhost", "--known", chain).code == 0


def test_a_log_that_is_on_no_list_is_not_believed(zegel: Any, watched: Any) -> None:
    folder = watched.transparency_log.key.parents[1]
    ran = zegel(
        "log", "watch", "http://other.localhost:1", "--trust", folder / "trust", "--state", folder / "other.state"
    )
    assert ran.code == 3
    assert watched.transparency_log.origin in ran.err
