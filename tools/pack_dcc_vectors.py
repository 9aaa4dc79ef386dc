"""Packs the official test certificates into tests/vectors/dcc, and lists what they expect in vain.

    python tools/pack_dcc_vectors.py DGC_TESTDATA DCC_QUALITY_ASSURANCE_JSON
    python tools/pack_dcc_vectors.py

The first is a folder of its repository as it is, the second the texts of the pictures of the other repository. The
pictures of the first have a file of their own. ``contradictions.json`` is made from the packed files, the published
schema and the certificates alone; without the two sources nothing else is written.
"""

import base64
import hashlib
import json
import lzma
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from asn1crypto import x509
from jsonschema import Draft202012Validator, FormatChecker

from zegel.errors import Malformed
from zegel.formats.hcert.code import parse_code, parse_signed_code
from zegel.primitives.cbor import Tag, parse_map

VECTORS: Final = Path(__file__).parents[1] / "tests" / "vectors"
FOLDER: Final = VECTORS / "dcc"
SCHEMA: Final = VECTORS / "dcc-schema" / "DCC.combined-schema.json"
HCERT, EU_DCC = -260, 1
PICTURE: Final = "2DCODE"
USAGES: Final = {"t": "1", "v": "2", "r": "3"}  # the last number of the usage for each kind of certificate
RADICES: Final = ("1.3.6.1.4.1.1847.2021.1.", "1.3.6.1.4.1.0.1847.2021.1.")
EXP, IAT = 4, 6
OPENING: Final = (  # a file that expects one of these to fail may have a code that does not open
    "EXPECTEDUNPREFIX",
    "EXPECTEDB45DECODE",
    "EXPECTEDCOMPRESSION",
    "EXPECTEDDECODE",
    "EXPECTEDVERIFY",
)


def main(testdata: Path, quality_assurance: Path) -> None:
    """Write the packed files and the list, and say what belongs into SOURCE.md."""
    found = [_vector(path, testdata) for path in sorted(testdata.rglob("*.json"))]
    vectors = [vector for vector in found if vector is not None]
    pictures = [{"file": vector["file"], PICTURE: vector.pop(PICTURE)} for vector in vectors if PICTURE in vector]
    _write("dgc-testdata-pictures.jsonl.xz", lzma.compress(_lines(pictures), preset=9))
    _write("dgc-testdata.jsonl.xz", lzma.compress(_lines(vectors), preset=9))
    codes = json.loads(quality_assurance.read_text())["codes"]
    _write("dcc-qa-hc1.jsonl.xz", lzma.compress(_lines(codes), preset=9))
    write_contradictions()


def write_contradictions() -> None:
    """The list alone, from the packed files."""
    listed = list(contradictions(read_vectors("dgc-testdata")))
    _write("contradictions.json", b"[\n" + b",\n".join(_compact(each) for each in listed) + b"\n]\n")


def read_vectors(name: str) -> list[dict[str, Any]]:
    """The packed files of a source, in the order of their names."""
    return [json.loads(line) for line in lzma.decompress((FOLDER / f"{name}.jsonl.xz").read_bytes()).splitlines()]


def contradictions(vectors: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Each expectation that schema or certificate denies: the file, what it expects, and where that fails.

    A flag that a file does not set is a step that it does not test; one that has set nothing but ``true`` reads as if
    it expected to be accepted all the same, and stands in the list with ``"set": false`` where schema or certificate,
    or where neither does its own times, have it refused. ``ValueError`` for a file that does not open although it
    expects nothing of the kind: it would be judged by nobody.
    """
    schema = Draft202012Validator(json.loads(SCHEMA.read_text()), format_checker=FormatChecker())
    for vector in vectors:
        payload, expected = payload_of(vector), vector["EXPECTEDRESULTS"]
        if payload is None:
            if all(expected.get(flag, True) for flag in OPENING):
                raise ValueError(f"{vector['file']} does not open, and expects nothing of the kind")
            continue
        good = all(expected.values())
        paths = sorted({error.json_path for error in schema.iter_errors(payload)})
        if expected.get("EXPECTEDSCHEMAVALIDATION", good or not paths) != (not paths):
            yield _listed(vector, "EXPECTEDSCHEMAVALIDATION", bool(paths)) | {"fails": paths}
        if expected.get("EXPECTEDVALIDJSON") and (other := sorted(different(payload, vector.get("JSON", payload)))):
            told = [flag for flag in ("EXPECTEDDECODE", "EXPECTEDVALIDJSON") if expected.get(flag)]
            yield {"file": vector["file"], "expects": dict.fromkeys(told, True), "differs": other}
        allowed = not wrong_usages(vector, payload)
        if expected.get("EXPECTEDKEYUSAGE", good or allowed) != allowed:
            yield _listed(vector, "EXPECTEDKEYUSAGE", not allowed) | {"usages": sorted(named_in(_signer(vector)))}
        accepted = good and allowed and not paths and "EXPECTEDEXPIRATIONCHECK" not in expected
        if accepted and (times := outside(vector)):
            yield _listed(vector, "EXPECTEDEXPIRATIONCHECK", True) | {"fails": times}


def payload_of(vector: dict[str, Any]) -> Any:
    """The certificate in a code, as JSON; None where a layer does not open."""
    try:
        payload = _claims(vector)[HCERT][EU_DCC]
    except (Malformed, KeyError, TypeError):
        return None
    return _as_json(payload) if isinstance(payload, dict) else None


def different(payload: Any, written: Any, path: str = "$") -> Iterator[str]:
    """Where a certificate in a code says something else than what the file writes beside it."""
    if isinstance(payload, dict) and isinstance(written, dict) and payload.keys() == written.keys():
        for name, value in payload.items():
            yield from different(value, written[name], f"{path}.{name}")
    elif isinstance(payload, list) and isinstance(written, list) and len(payload) == len(written):
        for at, value in enumerate(payload):
            yield from different(value, written[at], f"{path}[{at}]")
    elif _one_utc(payload) != _one_utc(written):
        yield path


def usages_of(der: bytes) -> set[str]:
    """Which of the three usages a certificate names; another of health is none of them."""
    dotted = named_in(der)
    return {number for number in USAGES.values() if any(radix + number in dotted for radix in RADICES)}


def wrong_usages(vector: dict[str, Any], payload: Any) -> set[str]:
    """The usages of a file's signer where none of them is for its certificate; one without any may sign each kind."""
    usages = usages_of(_signer(vector))
    fit = any(kind in payload and usage in usages for kind, usage in USAGES.items())
    return set() if fit else usages


def named_in(der: bytes) -> set[str]:
    """Every extended key usage of a certificate, which of the three it is or not."""
    return {usage.dotted for usage in x509.Certificate.load(der).extended_key_usage_value or ()}


def _listed(vector: dict[str, Any], flag: str, expected: bool) -> dict[str, Any]:
    entry = {"file": vector["file"], "expects": {flag: expected}}
    return entry if flag in vector["EXPECTEDRESULTS"] else entry | {"set": False}


def outside(vector: dict[str, Any]) -> list[str]:
    """Which of a certificate's own times the clock of its file is outside of."""
    claims, clock = _claims(vector), datetime.fromisoformat(vector["TESTCTX"]["VALIDATIONCLOCK"].strip()).timestamp()
    return [*(["iat"] if clock < claims[IAT] else []), *(["exp"] if clock > claims[EXP] else [])]


def _signer(vector: dict[str, Any]) -> bytes:
    return base64.b64decode(vector["TESTCTX"]["CERTIFICATE"])


def _listed(vector: dict[str, Any], flag: str, expected: bool) -> dict[str, Any]:
    entry = {"file": vector["file"], "expects": {flag: expected}}
    return entry if flag in vector["EXPECTEDRESULTS"] else entry | {"set": False}


def _claims(vector: dict[str, Any]) -> Any:
    return parse_map(parse_signed_code(parse_code(vector["PREFIX"].encode())).payload, "vector")


def _vector(path: Path, root: Path) -> dict[str, Any] | None:
    value = json.loads(path.read_text())
    if "PREFIX" not in value:
        return None
    return {"file": path.relative_to(root).as_posix(), **value}


def _one_utc(value: Any) -> Any:
    return value.replace("+00:00", "Z") if isinstance(value, str) else value


def _as_json(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _as_json(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_as_json(inner) for inner in value]
    return value.value if isinstance(value, Tag) else value


def _lines(values: Any) -> bytes:
    return b"".join(_compact(value) + b"\n" for value in values)


def _compact(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _write(name: str, data: bytes) -> None:
    (FOLDER / name).write_bytes(data)
    print(f"| {name} | {hashlib.sha256(data).hexdigest()} |")


if __name__ == "__main__":
    if len(sys.argv) == 1:
        write_contradictions()
    else:
        main(Path(sys.argv[1]), Path(sys.argv[2]))
