"""How fast zegel issues and verifies, beside bare P-256 operations and the libraries of others, in one run.

Prints a JSON line a name: {"name", "ratio_to_bare", "ratio_to_peer": {peer: ratio}, "per_second", "peak_mb"}. A ratio
is zegel's time over the other's: of the bare operations that the task cannot do without (two verifications, or one
signature), and of the peer's whole task. Below 1 is faster. Each round times all of them one after the other, so that
a machine that slows down slows them all; a ratio is the median over the rounds. That to the bare operations is of
processor time, so that it does not matter who else wants the processor; that to a peer, which may have threads, of time
that passes. A status list of ten million entries (``status_lists.py``), the search and the audit of two registers
(``register.py``) and the services over HTTP follow (``end_to_end.py``).
"""

import json
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

import end_to_end
import health_certificates
import register
import status_lists
from fixtures import current_time, make_world, write_fixture
from timed import NODE, Timed
from zegel_subject import SUBJECTS

HERE = Path(__file__).parent
PEERS_PYTHON = HERE.parent / ".venv-bench" / "bin" / "python"  # their dependencies are not ours
ROUNDS = 25
REGISTERS = (1_000, 4_000)  # parties; 100,000 take an hour, most of it to make them and to follow what is allocated

PEERS: dict[str, list[str | Path]] = {
    "sd-jwt": [PEERS_PYTHON, HERE / "peers" / "peer_sd_jwt.py"],
    "pymdoccbor": [PEERS_PYTHON, HERE / "peers" / "peer_pymdoccbor.py"],
    "isomdoc": [PEERS_PYTHON, HERE / "peers" / "peer_isomdoc.py"],
    "@sd-jwt/sd-jwt-vc": [NODE, HERE / "peers" / "node" / "sdjwt.mjs"],
    "@animo-id/mdoc": [NODE, HERE / "peers" / "node" / "mdoc.mjs"],
}


def measure(name: str, peers: dict[str, Timed]) -> dict[str, Any]:
    """Time one name against its bare operations and its peers."""
    needed = SUBJECTS[name][2]
    with Timed(sys.executable, HERE / "zegel_subject.py", name) as zegel:
        turns = {("zegel", "zegel"): zegel, ("bare", "bare"): zegel}
        turns |= {(peer, name): process for peer, process in peers.items() if name in process.subjects}
        times = {turn: process.turns(turn[1]) for turn, process in turns.items()}
        rounds = [
            {turn[0]: _each(process.taken(turn[1], times[turn]), times[turn]) for turn, process in turns.items()}
            for _ in range(ROUNDS)
        ]
        own = [taken["zegel"] for taken in rounds]
        bare = [taken["bare"]["processor_seconds"] for taken in rounds]
        return {
            "name": name,
            "ratio_to_bare": _ratio([taken["processor_seconds"] / needed for taken in own], bare),
            "ratio_to_peer": {
                peer: _ratio([taken["seconds"] for taken in own], [taken[peer]["seconds"] for taken in rounds])
                for peer, _ in turns
                if peer in peers
            },
            "per_second": round(1 / median(taken["seconds"] for taken in own)),
            "peak_mb": round(zegel.peak_mb(), 1),
        }


def _each(taken: dict[str, float], times: int) -> dict[str, float]:
    return {clock: seconds / times for clock, seconds in taken.items()}


def _ratio(own: list[float], others: list[float]) -> float:
    return round(median(mine / theirs for mine, theirs in zip(own, others, strict=True)), 3)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        fixture = Path(folder) / "fixture.json"
        write_fixture(make_world(current_time()), fixture)
        peers = {peer: Timed(*command, fixture) for peer, command in PEERS.items()}
        try:
            for name in SUBJECTS:
                print(json.dumps(measure(name, peers)), flush=True)
        finally:
            for process in peers.values():
                process.__exit__(None, None, None)
    health_certificates.main()
    status_lists.main()
    register.main(*REGISTERS)
    end_to_end.main()


if __name__ == "__main__":
    main()
