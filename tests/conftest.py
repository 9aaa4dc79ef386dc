"""What holds for every test."""

import gc
import os
import signal
import sys

import pytest
from hypothesis import HealthCheck, settings

# The same examples in every run, and no stop-watch: a slow machine finds no other faults than a fast one.
settings.register_profile(
    "every", derandomize=True, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("quick", settings.get_profile("every"), max_examples=20)  # --hypothesis-profile=quick
settings.load_profile("every")

# What a shell starts in the background ignores Ctrl-C, under nohup a hang-up too, and so would what is started here.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)

# What is collected stays to the end: millions of objects, which the collector of garbage need not look through again
# and again, neither while they become more nor between the tests.
gc.disable()

# jsonschema would build the grammar of the format "iri", which no schema of ours names, for more than a second.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]

_LONGEST_NAME = 40


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Have half as many processes again as cores: many tests wait, for a browser, a service or a foreign program."""
    return (3 * len(os.sched_getaffinity(0)) + 1) // 2


def pytest_make_parametrize_id(config: pytest.Config, val: object, argname: str) -> str | None:
    """Name a case after its argument where the value is made of bytes or long: keys and tokens differ in each run.

    The processes of a parallel run must agree on the names.
    """
    if isinstance(val, bytes) or (isinstance(val, str) and len(val) > _LONGEST_NAME):
        return argname
    return None
