"""There is one way out: what else could open a connection is not used, but where it says so here."""

import ast
from functools import cache
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "zegel"
# Modules whose import could mean a connection, by the files that may import them, and for what.
NETWORK = {
    "socket": {
        "adapters/pinning.py": "names the kind of socket that a name is looked up for",
        "web/app/workers.py": "roles listen at ports that their workers share; a pair of sockets hears signals",
        "web/app/serve.py": "listens",
        "cli/demo_ground.py": "listens",
    },
    "httpcore2": {
        "adapters/outbound.py": "the way out",
        "adapters/pinning.py": "which addresses it leads to",
        "cli/walk/browser.py": "the walk's own browser, to the demo's origins, through the same pinning",
    },
    "http.client": {"cli/operator.py": "a command calls a role's operator API, at the address that is configured"},
    "httpx2": {
        "demo/transport.py": "Tax online's client, whose every request goes to the way out",
        "demo/tax_online.py": "Tax online's client, whose every request goes to the way out",
    },
    "urllib.request": {},
    "ftplib": {},
    "smtplib": {},
    "imaplib": {},
    "poplib": {},
    "xmlrpc": {},
    "socketserver": {},
    "requests": {},
    "urllib3": {},
    "aiohttp": {},
    "httpx": {},
    "webbrowser": {},
}
OPENING = {"open_connection", "create_connection", "create_datagram_endpoint", "open_unix_connection", "connect_ex"}


@cache
def imported(path: Path) -> frozenset[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return frozenset(names)


@pytest.mark.slow
@pytest.mark.parametrize("module", NETWORK)
def test_what_opens_connections_is_imported_where_it_says_so_alone(module: str) -> None:
    found = {
        path.relative_to(SOURCE).as_posix()
        for path in SOURCE.rglob("*.py")
        if any(name == module or name.startswith(f"{module}.") for name in imported(path))
    }
    assert found == set(NETWORK[module])


@pytest.mark.slow
def test_nobody_opens_a_connection_by_hand() -> None:
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute):
                assert node.attr not in OPENING, f"{path.name}:{node.lineno}"
