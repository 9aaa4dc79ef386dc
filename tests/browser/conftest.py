"""Chromium, and the demo as somebody starts it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from zegel_testing.chromium import chromium, new_context
from zegel_testing.demo import RunningDemo
from zegel_testing.person import Person


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDemo]:
    """All roles, under the high-assurance profile."""
    with RunningDemo(home=tmp_path_factory.mktemp("demo")) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A module's Chromium: while it runs, so does the event loop of its driver, which other tests must not meet."""
    with chromium() as running:
        yield running


@pytest.fixture
def visitor(browser: Browser, demo: RunningDemo) -> Iterator[Person]:
    """Somebody with a browser without a past."""
    context = new_context(browser)
    yield Person(context.new_page(), demo)
    context.close()


@pytest.fixture
def person(visitor: Person) -> Person:
    """Erika, with her wallet open and her identity in it."""
    visitor.open_wallet()
    if not visitor.holds():
        visitor.receive()
    return visitor


@pytest.fixture
def second(browser: Browser, demo: RunningDemo) -> Iterator[Person]:
    """The same person at another device, or another person."""
    context = new_context(browser)
    yield Person(context.new_page(), demo)
    context.close()


@pytest.fixture
def third(browser: Browser, demo: RunningDemo) -> Iterator[Person]:
    """Somebody else, without any wallet."""
    context = new_context(browser)
    yield Person(context.new_page(), demo)
    context.close()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An empty home."""
    return tmp_path / "home"
