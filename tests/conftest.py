"""What holds for every test."""

import gc
import os
import pkgutil
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from zegel_testing.ending import close_all

# The same examples in every run, and no stop-watch: a slow machine finds no other faults than a fast one.
settings.register_profile(
    "every", derandomize=True, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("quick", settings.get_profile("every"), max_examples=20)  # --hypothesis-profile=quick
settings.load_profile("every")

# What a shell starts in the background ignores Ctrl-C, under nohup a hang-up too, and so would what is started here.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)

# Whoever runs the tests may have a wallet, and a demo that runs: a command that is not told which looks for neither.
NOBODY = Path(tempfile.gettempdir()) / f"zegel-nobody-{os.getpid()}"
os.environ["XDG_STATE_HOME"] = os.environ["XDG_DATA_HOME"] = str(NOBODY)

# jsonschema would build the grammar of the format "iri", which no schema of ours names, for more than a second.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]

_LONGEST_NAME = 40
# Where the tests lie in which --cov traces the pure layers, those that pyproject.toml lists. Together they come by each
# line and branch there; all others come by none besides, as they are about roles and programs, and tracing would make
# them take two or three times as long.
MEASURED = (
    # the modules of the pure layers, each by itself
    "tests/unit/test_",
    "tests/unit/primitives/",
    "tests/unit/trust/",
    "tests/unit/formats/",
    "tests/unit/protocols/",
    # what holds for many of them: clauses and outside vectors, refusals, limits
    "tests/spec/",
    "tests/refusals/",
    "tests/confusion/",
    "tests/limits/",
    # cases that only a service brings about, here with fakes for its ports
    "tests/unit/services/",
)
_NOT_MEASURED = (  # what takes long, along lines that others come by as well
    "tests/spec/test_x509_limbo.py",
    "tests/spec/test_dcc_testdata.py",
    "tests/refusals/test_witnesses.py",
    "tests/confusion/test_jwts.py",
    "tests/confusion/test_certificates.py",
    "tests/limits/test_limits.py::test_what_is_just_within_it_passes",
)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection(session: pytest.Session) -> Generator[None, object, object]:
    """Let the collector of garbage pass over what is collected: millions of objects, which stay to the end.

    Of what happens meanwhile, --cov traces only how the modules are loaded.
    """
    gc.disable()
    try:
        if session.config.pluginmanager.hasplugin("dsession"):  # the processes that it starts collect
            return (yield)
        with _untraced(session.config, first=_load_measured):
            return (yield)
    finally:
        gc.freeze()
        gc.enable()


@contextmanager
def _untraced(config: pytest.Config, first: Callable[[Any], None] = lambda _: None) -> Iterator[None]:
    plugin = config.pluginmanager.getplugin("_cov")
    if plugin is None:
        yield
        return
    first(plugin)
    tracer, of_threads = sys.gettrace(), threading.gettrace()
    sys.settrace(None)
    threading.settrace(None)
    try:
        yield
    finally:
        sys.settrace(tracer)
        threading.settrace(of_threads)


def _load_measured(plugin: Any) -> None:
    for name in plugin.cov_controller.cov.get_option("run:source_pkgs"):
        for module in pkgutil.walk_packages(getattr(import_module(name), "__path__", ()), f"{name}."):
            import_module(module.name)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, bool, bool]:
    """Let --cov trace the tests in ``MEASURED`` alone."""
    if item.nodeid.startswith(MEASURED) and not item.nodeid.startswith(_NOT_MEASURED):
        return (yield)
    with _untraced(item.config):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown() -> Generator[None]:
    """Close what the test left to be closed."""
    try:
        return (yield)
    finally:
        close_all()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Have half as many processes again as cores: many tests wait, for a browser, a service or a foreign program.

    The quick ones, with ``-n logical``, wait for nothing.
    """
    cores = len(os.sched_getaffinity(0))
    return cores if config.option.numprocesses == "logical" else (3 * cores + 1) // 2


def pytest_make_parametrize_id(config: pytest.Config, val: object, argname: str) -> str | None:
    """Name a case after its argument where the value is made of bytes or long: keys and tokens differ in each run.

    The processes of a parallel run must agree on the names.
    """
    if isinstance(val, bytes) or (isinstance(val, str) and len(val) > _LONGEST_NAME):
        return argname
    return None
