"""After the walk, with everything on the disk: no file says who Erika is, and none lets anybody act as somebody else.

The register stands for a country's own, which would be elsewhere; keys have files of their own.
"""

import logging
import subprocess
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import pytest
from zegel_testing.demo import environment
from zegel_testing.erika import erika, personal_values
from zegel_testing.leaks import SECRET_HEADERS, SECRET_NAMES, Secrets, keys_of, places_of, secrets_of
from zegel_testing.logs import logging_to
from zegel_testing.preloaded import preloaded
from zegel_testing.village import Village, living_village

from zegel.adapters.sandbox.create import KEPT_LISTS
from zegel.adapters.sandbox.health import CODES
from zegel.cli.walk.script import PASSPHRASE, PASSWORD
from zegel.cli.walk.story import Listening, Step, Story

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

REGISTER = "register.db"
ROLES_DATA = {"issuer.db", "provider.db", "verifier.db", "wallet.vault", "zegel.log"}
CLAIMS: Secrets = {value: {value.encode()} for value in personal_values("pid")} | {"portrait": {erika().portrait}}
PEOPLE_WORDS: Secrets = {"passphrase": {PASSPHRASE.encode()}, "password": {PASSWORD.encode()}}
# The profile plain attests neither wallets nor keys; in haip, requests and answers at the credential endpoint are
# encrypted, and so is what the wallet notifies of.
ATTESTATION = {"attestation_challenge", "key_attestation", "wallet_attestation", "possession", "possessions"}
ATTESTATION |= {name for name in SECRET_HEADERS if name.startswith("oauth-client-attestation")}
TOKEN = b"Z2NS8q2btLRkw85U~rwBNurgFqZkAydYr?"
KEPT = {
    "in the clear": TOKEN,
    "in hexadecimal": TOKEN.hex().encode(),
    "in base64": b64encode(TOKEN),
    "in base64url": urlsafe_b64encode(TOKEN).rstrip(b"="),
    "in JSON in base64url": urlsafe_b64encode(b'{"token":"' + TOKEN + b'"}'),
    "in base64 in base64": b64encode(b64encode(b"a" + TOKEN)),
    "in a query": quote(TOKEN).encode(),
    "in a query, every character of it": "".join(f"%{octet:02x}" for octet in TOKEN).encode(),
    "in hexadecimal, after a digit": b"7" + TOKEN.hex().upper().encode(),
    "in UTF-16": TOKEN.decode().encode("utf-16-le"),
    "in UTF-16, the other way round": TOKEN.decode().encode("utf-16-be"),
    "escaped in JSON": b"".join(b"\\u%04x" % octet for octet in TOKEN),
    "escaped in HTML": b"".join(b"&#x%02X;" % octet for octet in TOKEN),
}
IN_PATHS = {"offers", "offer", "request", "response", "return", "receive", "present"}


@contextmanager
def logged(file: Path) -> Iterator[None]:
    """The roles' log goes to a file, as in a demo, and afterwards to where it went before."""
    with file.open("w", encoding="utf-8") as stream, logging_to(stream):
        yield


def data_of(folder: Path) -> list[Path]:
    """Every file but the register, those that hold keys, and the health certificates that people bring themselves:
    databases, their logs, the vault, what was logged."""
    apart = {folder / "keys", folder / "authorities", folder / CODES}
    return [
        path
        for path in folder.rglob("*")
        if path.is_file() and path.parent not in apart and not path.name.startswith(REGISTER)
    ]


async def tell(village: Village) -> list[Step]:
    """The walk, among the roles of a village."""
    story = Story(lambda step: None)
    listening = Listening(story)
    logging.getLogger("zegel").addHandler(listening)
    try:
        await village.walk(story)
    finally:
        logging.getLogger("zegel").removeHandler(listening)
    return story.steps


@pytest.mark.parametrize("profile", ["haip", "plain"])
async def test_no_file_tells_what_passed_over_the_wire(tmp_path: Path, profile: str) -> None:
    folder = tmp_path / "utopia"
    folder.mkdir()
    with logged(folder / "zegel.log"):
        async with living_village(folder, profile=profile) as village:
            steps = await tell(village)
            passed = secrets_of(village.exchanges)
            running = {file.name for file in data_of(folder)}
            while_it_runs = places_of(passed | CLAIMS | PEOPLE_WORDS, data_of(folder))
    assert all(step.ok for step in steps)
    assert ROLES_DATA | {f"{name}-wal" for name in ROLES_DATA if name.endswith(".db")} <= running
    assert (SECRET_NAMES | SECRET_HEADERS | IN_PATHS | {"authorization", "cookie"}) - passed.keys() <= (
        unseen(profile)
    ), "each kind of secret has passed"
    assert while_it_runs == []
    assert places_of(passed | CLAIMS | PEOPLE_WORDS | keys_of(folder), data_of(folder)) == []


def unseen(profile: str) -> set[str]:
    """What a profile has no use for."""
    return ATTESTATION if profile == "plain" else {"notification_id"}


@pytest.mark.parametrize("profile", ["haip", "plain"])
def test_neither_does_what_the_walk_prints(tmp_path: Path, profile: str) -> None:
    home, folder = tmp_path / "home", tmp_path / "kept"
    home.mkdir()
    walked = subprocess.run(
        [preloaded(), "demo", "--walk", "--folder", folder, "--profile", profile],
        capture_output=True,
        cwd=home,
        env=environment(home),
        check=True,
    )
    printed = tmp_path / "printed"
    printed.write_bytes(walked.stdout + walked.stderr)
    files = [printed, *data_of(folder)]
    assert {file.name for file in files} >= ROLES_DATA
    assert places_of(CLAIMS | PEOPLE_WORDS | keys_of(folder), files) == []
    assert places_of({"a private key": {b"PRIVATE KEY", b'"d":'}, "a JWT": {b"eyJhbGciOi"}}, private(files)) == []


def private(files: list[Path]) -> list[Path]:
    """Those that nobody publishes: a list that is kept is as public as the one that is served."""
    return [file for file in files if file.parent.name not in ("trust", Path(KEPT_LISTS).name)]


async def test_the_register_alone_knows_her(tmp_path: Path) -> None:
    """The search finds what there is: in the file where it should be."""
    async with living_village(tmp_path / "utopia") as village:
        register = village.config.issuer.source.register
    assert len(places_of(CLAIMS, [register])) == len(CLAIMS)


@pytest.mark.parametrize("name", ["access_token", "nonce"])
@pytest.mark.parametrize("kept", KEPT.values(), ids=KEPT)
def test_a_secret_that_was_kept_is_found(tmp_path: Path, name: str, kept: bytes) -> None:
    (tmp_path / "kept").write_bytes(b"\x00before" + kept + b"after\xff")
    assert places_of({name: {TOKEN}}, [tmp_path / "kept"]) == [f"{name} in kept"]
    assert places_of({name: {TOKEN[::-1]}}, [tmp_path / "kept"]) == []
