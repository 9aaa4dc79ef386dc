"""What every role has counted and logged when the whole story has been told: its numbers, and nobody's data."""

import io
import json
import logging
import re
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from zegel.adapters.logs import configure_logs
from zegel.adapters.sandbox.health import CODES
from zegel.checks import Check
from zegel.cli.demo_ground import prepared
from zegel.cli.walk.door_view import open_noted_door
from zegel.cli.walk.script import walk
from zegel.cli.walk.story import Listening, Story
from zegel.formats.credential import Format
from zegel.primitives.http import HttpRequest
from zegel.services.signin import SignInEnd
from zegel.services.verifier import Outcome
from zegel.version import __version__
from zegel.web.app.all import ROLE_NAMES, open_roles
from zegel.web.app.roles import OpenRole
from zegel.web.app.serve import serving
from zegel.web.app.world import open_world

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

PATH = r"(?:/|(?:/(?:[a-z-]+|v2|\.well-known/[a-z-]+|\{[a-z]+\}))+)"  # RFC 9162 section 5 has a version in its paths
CLOSED = {
    "role": "|".join(f"{re.escape(name)}( operator| metrics)?" for name in ROLE_NAMES),
    "route": rf"-|(?:GET|POST|HEAD) {PATH}",
    "status": r"[1-5]\d\d",
    "check": "|".join(check.id for check in Check),
    "format": "|".join(map(re.escape, Format)),
    "outcome": "|".join((*Outcome, *SignInEnd)),
    "list": r"trusted_lists\[\d\]|list of the lists|national list of [A-Z]{2}",
    "purpose": "pid|attestation|wallet-provider|access|registration|qualified-attestation",
    "certificate": r"(?:issuer|issuer\.source|verifier|provider|provider\.clients\[\d\]|door)\.registration",
    "folder": r"health\.(?:trust|rules|revoked)",
    "kind": "status-list|identifier-list",
    "le": r"\d+\.\d+|\+Inf",
    "version": re.escape(__version__),
}
"""Each label with what its values may be: none of it is anybody's to choose."""


async def told_by(role: OpenRole) -> list[Sample]:
    listener = role.listeners[-1]
    answer = await listener.handle(HttpRequest(method="GET", url=listener.origin + "/metrics"))
    assert answer.status == 200
    return [one for family in text_string_to_metric_families(answer.body.decode()) for one in family.samples]


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@dataclass(frozen=True)
class Walked:
    """The samples of each role after the walk, and the lines of the log."""

    samples: dict[str, list[Sample]]
    log: list[dict[str, Any]]


@contextmanager
def logged(story: Story) -> Iterator[io.StringIO]:
    """The log of this process goes to a stream, and to the story."""
    root, own = logging.getLogger(), logging.getLogger("zegel")
    before, levels, stream, listening = root.handlers[:], (root.level, own.level), io.StringIO(), Listening(story)
    configure_logs(stream)
    own.addHandler(listening)
    try:
        yield stream
    finally:
        own.removeHandler(listening)
        root.handlers[:] = before
        root.setLevel(levels[0])
        own.setLevel(levels[1])


@pytest.fixture(scope="module")
async def walked(tmp_path_factory: pytest.TempPathFactory) -> Walked:
    """The whole story, told once."""
    folder: Path = tmp_path_factory.mktemp("walk") / "utopia"
    with prepared(Namespace(folder=folder, walk=True, headless=False, profile=None, tls=False)) as ground:
        world = open_world(ground.config)
        door, view = await open_noted_door(world)
        roles = (*await open_roles([name for name in ROLE_NAMES if name != "door"], world), door)
        story = Story(lambda _: None)
        with logged(story) as stream:
            async with serving(roles, world=world, sockets=ground.sockets):
                codes = ground.folder / CODES
                await walk(ground.config, story, roles=roles, door=view, codes=codes, web_ca=None)
                assert story.went_well
                samples = {role.name: await told_by(role) for role in roles if role.listeners}
        return Walked(samples=samples, log=[json.loads(line) for line in stream.getvalue().splitlines()])


@pytest.fixture(scope="module")
def told(walked: Walked) -> dict[str, list[Sample]]:
    return walked.samples


def values(samples: list[Sample], name: str, **labels: str) -> float:
    return sum(one.value for one in samples if one.name == name and labels.items() <= one.labels.items())


async def test_what_was_issued_presented_and_signed_in_is_counted(told: dict[str, list[Sample]]) -> None:
    assert values(told["issuer"], "zegel_issuances_total", format="dc+sd-jwt") == 5
    assert values(told["issuer"], "zegel_credentials_issued_total") == 110
    assert values(told["issuer"], "zegel_chain_revocations_total") == 4
    assert values(told["provider"], "zegel_presentations_total", outcome="accepted") >= 1
    assert values(told["provider"], "zegel_presentations_total", outcome="refused") >= 1
    assert values(told["provider"], "zegel_sign_ins_total", outcome="signed-in") >= 1


async def test_every_refusal_of_the_story_is_counted_by_its_check(told: dict[str, list[Sample]]) -> None:
    for check in ("response-code", "same-browser", "status"):
        assert values(told["provider"], "zegel_refusals_total", check=check) >= 1, check
    assert all(values(samples, "zegel_faults_total") == 0 for samples in told.values())


async def test_requests_are_counted_by_their_route_and_timed(told: dict[str, list[Sample]]) -> None:
    token = {"role": "issuer", "route": "POST /token"}
    assert values(told["issuer"], "zegel_requests_total", status="200", **token) == 7
    assert values(told["issuer"], "zegel_request_duration_seconds_count", **token) == 7
    assert values(told["issuer"], "zegel_request_duration_seconds_bucket", le="+Inf", **token) == 7


async def test_lists_have_their_ages(told: dict[str, list[Sample]]) -> None:
    for role in ("issuer", "verifier", "provider", "wallet", "wallet-provider"):
        ages = [one for one in told[role] if one.name == "zegel_trust_list_age_seconds"]
        # five in JSON, and in XML the list of the lists and a national one
        assert sum(one.labels["list"].startswith("trusted_lists") for one in ages) == 5
        assert sum(one.labels["purpose"] == "qualified-attestation" for one in ages) == 2
        assert len(ages) == 7
    assert 0 <= values(told["issuer"], "zegel_status_list_age_seconds") < 60


async def test_every_label_has_one_of_its_own_values(told: dict[str, list[Sample]]) -> None:
    def labels() -> Iterator[tuple[str, str]]:
        for samples in told.values():
            for one in samples:
                yield from one.labels.items()

    assert {name for name, _ in labels()} == set(CLOSED)
    for name, value in labels():
        assert re.fullmatch(CLOSED[name], value), f"{name}={value}"


# --- the log ----------------------------------------------------------------------------------------------------------


async def test_each_request_has_a_line_with_an_id_of_its_own(walked: Walked) -> None:
    lines = [line for line in walked.log if line["event"] == "request"]
    assert len(lines) > 50
    assert len({line["request"] for line in lines}) == len(lines)
    for line in lines:
        assert line.keys() >= {"time", "level", "event", "role", "request", "route", "status", "ms"}
        assert re.fullmatch(r"[0-9a-f]{16}", line["request"])
        assert re.fullmatch(CLOSED["route"], line["route"])


async def test_each_refusal_has_its_check_and_the_counts_and_the_log_agree(walked: Walked) -> None:
    refused = [line for line in walked.log if line["event"] == "request" and "check" in line]
    assert {"response-code", "same-browser", "status"} <= {line["check"] for line in refused}
    for role, samples in walked.samples.items():
        listeners = {role, f"{role} operator", f"{role} metrics"}
        in_log = [line for line in refused if line["role"] in listeners]
        assert values(samples, "zegel_refusals_total") == len(in_log), role


async def test_no_line_holds_a_query_or_a_path_with_what_was_sent(walked: Walked) -> None:
    for line in walked.log:
        told = {name: value for name, value in line.items() if name not in ("remedy", "rule", "clause")}
        assert "?" not in json.dumps(told), line
        assert not re.search(r"(code|state|nonce|request_uri|token)=", json.dumps(told)), line
