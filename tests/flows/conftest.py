"""What the flows share: the event loop's kind."""

import pytest


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
