"""Whatever strangers can send to is fuzzed: each public ``parse_*`` and each route that takes a body has its target.

docs/reliability.md says of each how long it was run, and how often.
"""

from collections.abc import Iterator
from importlib import import_module
from pkgutil import walk_packages
from types import ModuleType

import httpx2
from starlette.routing import Route as StarletteRoute
from zegel_fuzz.endpoints import ROUTES, SERVICE, endpoint_names
from zegel_fuzz.targets import all_targets
from zegel_testing.markdown import ROOT, rows
from zegel_testing.parsers import public_parsers

import zegel.web
from zegel.demo.tax_online import TaxOnlineSettings, create_tax_online
from zegel.web.routing import Route

TARGETS = {target.name for target in all_targets()}


def routes_of(module: ModuleType) -> Iterator[Route]:
    """The routes of every table in a module."""
    for value in vars(module).values():
        if isinstance(value, tuple):
            yield from (each for each in value if isinstance(each, Route))


def test_every_parser_has_a_target() -> None:
    assert public_parsers() <= {f"zegel.{name}" for name in TARGETS}


def test_every_route_that_takes_a_body_has_a_target() -> None:
    known = {id(route) for routes in ROUTES.values() for route in routes}
    for info in walk_packages(zegel.web.__path__, zegel.web.__name__ + "."):
        for route in routes_of(import_module(info.name)):
            assert route.method in ("GET", "DELETE") or id(route) in known, f"{info.name}: {route.path}"
    assert {route.method for routes in ROUTES.values() for route in routes} == {"GET", "POST", "PUT", "DELETE"}
    assert set(endpoint_names()) <= TARGETS


def test_every_form_of_the_demo_service_has_a_target() -> None:
    app = create_tax_online(
        TaxOnlineSettings(
            origin="http://service.localhost:7107",
            issuer="http://login.localhost:7103",
            client_id="tax-online",
            client_secret="secret",
            transport=httpx2.MockTransport(lambda request: httpx2.Response(404)),
        )
    )
    taking = [each.path for each in app.routes if isinstance(each, StarletteRoute) and "POST" in (each.methods or ())]
    assert [f"service{path}" for path in taking] == [SERVICE]


def test_the_page_says_of_each_target_how_long_it_was_run() -> None:
    table = rows(ROOT / "docs" / "reliability.md", ("target", "seconds", "executions", "corpus", "edges"))
    assert sorted(row[0].strip("`") for row in table) == sorted(TARGETS)
    numbers = [[int(cell.replace(",", "")) for cell in row[1:]] for row in table]
    assert all(number > 0 for row in numbers for number in row)
    seconds, executions, *_ = map(sum, zip(*numbers, strict=True))
    page = (ROOT / "docs" / "reliability.md").read_text()
    assert f"{len(table)} targets, {seconds:,} seconds, {executions:,} executions" in page
