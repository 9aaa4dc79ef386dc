"""What holds for every test."""

import pytest

_LONGEST_NAME = 40


def pytest_make_parametrize_id(config: pytest.Config, val: object, argname: str) -> str | None:
    """Name a case after its argument where the value is made of bytes or long: keys and tokens differ in each run.

    The processes of a parallel run must agree on the names.
    """
    if isinstance(val, bytes) or (isinstance(val, str) and len(val) > _LONGEST_NAME):
        return argname
    return None
