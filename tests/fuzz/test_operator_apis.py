"""The operator APIs over a socket, with requests that schemathesis makes of their descriptions, good ones and bad ones.

Each answer has a status, a type and a body that the description has; what breaks the description is refused, and so is
whoever brings no token.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import given, settings
from schemathesis import Case, GenerationMode
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import positive_data_acceptance
from zegel_testing.markdown import ROOT
from zegel_testing.served_roles import ServedRoles, serve_roles

from zegel.adapters.configuration import load_config
from zegel.adapters.keyfiles import load_secret
from zegel.primitives.encoding import base64url

pytestmark = pytest.mark.slow
EXAMPLES = 25  # for each operation and mode
# What may be said of a body that the description forbids: of one that is too long, before anybody looks into it, too.
REFUSALS = ["400", "401", "403", "404", "405", "406", "409", "413", "415", "422", "428", "429", "5xx"]


def operations() -> list[tuple[str, str, str]]:
    """Role, path and method."""
    return [
        (role, path, method)
        for role in ("issuer", "verifier", "wallet-provider", "access-authority", "registrar")
        for path, item in description(role)["paths"].items()
        for method in item
    ]


def description(role: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((ROOT / "docs" / "openapi" / f"{role}.json").read_text())
    return found


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedRoles]:
    with serve_roles(tmp_path_factory.mktemp("served") / "sandbox") as roles:
        yield roles


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["good", "bad"])
@pytest.mark.parametrize(("role", "path", "method"), operations())
def test_an_operation_answers_as_it_is_described(
    served: ServedRoles, role: str, path: str, method: str, mode: GenerationMode
) -> None:
    config = getattr(load_config(served.config_file), role.replace("-", "_"))
    url = f"http://{config.operator_address}:{config.operator_port}"
    told = {
        "auth": {"openapi": {"operator": {"bearer": base64url(load_secret(config.operator_token))}}},
        "checks": {"negative_data_rejection": {"expected-statuses": REFUSALS}},
    }
    api = schemathesis.openapi.from_dict(description(role), config=SchemathesisConfig.from_dict(told))
    operation = api[path][method.upper()]

    @settings(max_examples=EXAMPLES)
    @given(case=operation.as_strategy(generation_mode=mode))
    def answers(case: Case) -> None:
        served.clock.advance(30)  # whoever comes without the token, three times for each case, would have to wait
        case.call_and_validate(base_url=url, excluded_checks=[positive_data_acceptance])

    answers()
