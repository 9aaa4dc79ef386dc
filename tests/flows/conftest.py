"""What the flows share: the event loop's kind, and that every refusal has a name."""

from collections.abc import Iterator

import pytest
from zegel_testing.named_refusals import refusals_named


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def _every_refusal_has_a_name() -> Iterator[None]:
    with refusals_named():
        yield
