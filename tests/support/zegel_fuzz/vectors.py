"""The outside vectors as seeds: whatever in their files a parser takes, byte for byte, and some that is nearly so."""

import json
import re
from base64 import b64decode
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from zegel_testing.parsers import Probe

from zegel.errors import Malformed

FOLDER: Final = Path(__file__).parents[2] / "vectors"
MAX_SEED: Final = 16_000  # bytes
_SEEDS: Final = 24  # for one parser
_NEARLY: Final = 8  # beside them
_OF_A_KIND: Final = 60
_LARGEST_FILE: Final = 4_000_000
_LONGEST_HEX: Final = 40_000
_PEM: Final = re.compile(r"-----BEGIN CERTIFICATE-----\s([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----")


def fitting(probes: Sequence[Probe]) -> list[bytes]:
    """Vectors that one of the probes takes, and some of the same kind that none does."""
    kinds = {_kind(probe.good) for probe in probes}
    taken: list[bytes] = []
    refused: list[bytes] = []
    for seed in candidates():
        if len(taken) < _SEEDS and any(_takes(probe, seed) for probe in probes):
            taken.append(seed)
        elif len(refused) < _NEARLY and _kind(seed) in kinds:
            refused.append(seed)
    return taken + refused


def _takes(probe: Probe, seed: bytes) -> bool:
    try:
        probe.parse(probe.message(seed))
    except Malformed:
        return False
    return True


@cache
def candidates() -> tuple[bytes, ...]:
    """Up to sixty of each kind, the same ones each time."""
    kinds: dict[str, dict[bytes, bytes]] = {}
    for path in sorted(FOLDER.rglob("*")):
        if path.is_file() and path.suffix in (".json", ".txt", ".pem") and path.stat().st_size < _LARGEST_FILE:
            for seed in _seeds(path):
                if 0 < len(seed) <= MAX_SEED:
                    kinds.setdefault(_kind(seed), {})[sha256(seed).digest()] = seed
    return tuple(seed for kind in sorted(kinds) for _, seed in sorted(kinds[kind].items())[:_OF_A_KIND])


def _seeds(path: Path) -> Iterator[bytes]:
    data = path.read_bytes()
    yield data
    if path.suffix == ".json":
        yield from _within(json.loads(data, strict=False))
    else:
        yield from _decoded(data.decode("ascii", "replace").strip())


def _within(value: Any) -> Iterator[bytes]:
    if isinstance(value, dict | list):
        yield json.dumps(value, ensure_ascii=False).encode()
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _within(inner)
    elif isinstance(value, str):
        yield value.encode()
        yield from _decoded(value)


def _decoded(text: str) -> Iterator[bytes]:
    if len(text) > _LONGEST_HEX:
        return
    for block in _PEM.findall(text):
        yield b64decode(block)
    with suppress(ValueError):
        yield bytes.fromhex(text)
    with suppress(ValueError):
        yield b64decode(text.translate({45: "+", 95: "/"}) + "=" * (-len(text) % 4), validate=True)


def _kind(seed: bytes) -> str:
    """Roughly what it is, so that no kind crowds the others out."""
    if seed[:5] == b"-----":
        return "PEM"
    if seed[:1] in (b"{", b"["):
        return "JSON"
    if seed[:1] == b"\x30":
        return "DER"
    if b"." in seed and seed[:2] == b"ey":
        return "SD-JWT" if b"~" in seed else f"{seed.count(b'.')} dots"
    return f"CBOR {seed[0] >> 5}" if seed[0] >= 0x80 else "other"
