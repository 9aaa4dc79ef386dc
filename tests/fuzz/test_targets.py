"""Every target of the fuzzing over its seeds and a moment of mutations, so that the long runs begin on firm ground."""

import json
from collections import Counter
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from random import Random

import pytest
from zegel_fuzz.__main__ import fuzz, fuzz_one, open_nursery, replay, totals
from zegel_fuzz.endpoints import endpoint_targets
from zegel_fuzz.keeping import keeping, take_kept
from zegel_fuzz.lines import line_targets
from zegel_fuzz.mutations import mutate, scramble
from zegel_fuzz.parsers import parser_targets
from zegel_fuzz.target import Broken, Opened, Target, within
from zegel_fuzz.targets import all_targets, chosen_targets
from zegel_testing.authorities import fixed_key

from zegel.errors import Malformed
from zegel.primitives.http import parse_form
from zegel.primitives.jws import parse_jws, sign_jws

FOUND = Path(__file__).parent / "found"
PARSED = 60  # mutations for a parser: half a second for all of them
SENT = 15  # for an endpoint: a second for all
MAX_SIZE = 16_000


def mutated(opened: Opened, count: int) -> Counter[str]:
    """What the seeds come to, and that many mutations of them."""
    random = Random(7)
    change = scramble(random)
    ends = Counter(map(opened.run, opened.seeds))
    for _ in range(count):
        message = random.choice(opened.seeds)
        for _ in range(random.randint(1, 2)):
            message = mutate(message, MAX_SIZE, random, change)
        ends[opened.run(message)] += 1
    return ends


@pytest.mark.slow
@pytest.mark.parametrize("target", [*parser_targets()], ids=lambda target: target.name.rpartition(".")[2])
def test_a_parser_takes_its_seed_and_withstands_mutations(target: Target) -> None:
    with target.open() as opened:
        assert opened.run(opened.seeds[0]) == "value"
        ends = mutated(opened, PARSED)
    assert set(ends) <= {"value", "malformed"}
    assert ends["malformed"] > 0


def test_a_line_of_a_batch_has_one_answer_however_it_is_mutated() -> None:
    (target,) = line_targets()
    with target.open() as opened:
        verdicts = [opened.run(seed) for seed in opened.seeds]
        assert verdicts == ["accepted", "accepted", "rejected", "malformed", "accepted", *["malformed"] * 3]
        ends = mutated(opened, 4 * PARSED)
    assert set(ends) == {"accepted", "rejected", "malformed"}


@pytest.mark.slow
@pytest.mark.parametrize("target", [*endpoint_targets()], ids=lambda target: target.name)
def test_an_endpoint_takes_its_good_request_and_withstands_mutations(target: Target) -> None:
    with target.open() as opened:
        assert int(opened.run(opened.seeds[1])) < 400, "the good request, by the names of its values, is not taken"
        ends = mutated(opened, SENT)
    assert any(end < "4" for end in ends)


@pytest.mark.slow
def test_what_was_found_once_is_not_found_again() -> None:
    """Each folder of ``found`` is a target's, each file an input that once broke it."""
    files = sorted(path for path in FOUND.rglob("*") if path.is_file() and path.suffix != ".md")
    names = {target.folder: target for target in all_targets()}
    assert files
    for folder in sorted({file.parent for file in files}):
        with names[folder.name].open() as opened:
            for file in sorted(folder.iterdir()):
                opened.run(file.read_bytes())


# --- the harness itself -----------------------------------------------------------------------------------------------


def test_a_crash_is_kept_once_and_the_search_goes_on(tmp_path: Path) -> None:
    def run(data: bytes) -> str:
        if data.startswith(b"a"):
            raise IndexError("beyond the end")
        with within(-1 if data == b"slow" else 9):
            return "value"

    keep = keeping(run, tmp_path)
    for data in (b"a1", b"b", b"a2", b"slow", b"slow"):
        keep(data)
    first, second = take_kept(tmp_path)
    assert (first["error"], Path(first["input"]).read_bytes()) == ("beyond the end", b"a1")
    assert first["place"].startswith("IndexError test_targets.py:")
    assert (second["place"].split()[0], Path(second["input"]).read_bytes()) == ("Broken", b"slow")
    assert list(take_kept(tmp_path)) == []


def test_what_was_kept_is_run_again_by_its_target(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "input"
    file.write_bytes(b'["a", null, 0]')
    assert replay("primitives.claim_path.parse_claim_path", file) == 0
    assert capsys.readouterr().out == "value\n"


def test_a_value_that_is_not_what_was_sent_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    (target,) = chosen_targets(["primitives.claim_path.parse_claim_path"])
    with target.open() as opened:
        monkeypatch.setattr("json.loads", lambda text: ["another"])
        with pytest.raises(Broken, match="not what was sent"):
            opened.run(b'["a"]')


def test_targets_are_chosen_by_patterns() -> None:
    chosen = [target.name for target in chosen_targets(["*.parse_jw?", "issuer/token*"])]
    assert chosen == [
        "primitives.jwe.parse_jwe",
        "primitives.jws.parse_jws",
        "primitives.keys.parse_jwk",
        "issuer/token",
        "issuer/token+plain",
    ]
    assert chosen_targets([]) == all_targets()
    assert fuzz(["nothing of that name"], 1) == 2


def test_the_lines_of_all_runs_add_up(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = {"target": "primitives.jws.parse_jws", "seconds": 1.4, "executions": 1_000, "edges": 9}
    (tmp_path / "lines.jsonl").write_text("\n".join(json.dumps(line | {"corpus": corpus}) for corpus in (5, 7)))
    assert totals(tmp_path) == 0
    rows = capsys.readouterr().out.splitlines()
    assert "| `primitives.jws.parse_jws` | 3 | 2,000 | 7 | 9 |" in rows
    assert rows[-1] == f"{len(all_targets())} targets, 3 seconds, 2,000 executions"


def test_the_mutations_go_inside_and_wrap_up_again() -> None:
    """A claim within a token that stands in a form is reached, and the token is one still."""
    form = b"a=1&proof=" + sign_jws({"iss": "somebody"}, signer=fixed_key("mutated"), typ="test")
    random, found = Random(1), set()
    for _ in range(400):
        made = mutate(form, MAX_SIZE, random, lambda data, _: data.replace(b"somebody", b"another"))
        with suppress(Malformed):
            token = parse_form(made, what="form")["proof"]
            found.add(str(parse_jws(token, what="token").unverified_claims.get("iss")))
    assert "another" in found


@pytest.mark.slow
def test_a_run_tells_of_itself_in_a_line(tmp_path: Path) -> None:
    if find_spec("atheris") is None:
        assert fuzz(["*.parse_claim_path"], 1) == 2
        return
    (target,) = chosen_targets(["primitives.claim_path.parse_claim_path"])
    with open_nursery() as nursery:
        line = fuzz_one(target, 1, nursery=nursery, kept=tmp_path)
    assert line["crashes"] == []
    assert line["executions"] > 500
    assert line["edges"] > 10
    assert line["corpus"] > 3
    assert list((tmp_path / "corpus" / target.folder).iterdir())
    assert json.loads((tmp_path / "lines.jsonl").read_text()) == line
