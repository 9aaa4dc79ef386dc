"""Packs the official business rules with their tests, and the CertLogic suite, into tests/vectors/dcc-rules.

    python tools/pack_dcc_rules.py BUSINESS_RULES_TESTDATA CERTLOGIC_SPECIFICATION

Both are folders of their repositories as they are. Of 8 MB nearly all are three value sets, which each test writes out.
"""

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[1] / "tests" / "vectors" / "dcc-rules"


def main(rules: Path, specification: Path) -> None:
    """Write the packed files, and say what belongs into SOURCE.md."""
    value_sets: list[Any] = []
    packed = [_rule(path, rules, value_sets) for path in sorted(rules.glob("*/*/rule.json"))]
    _write("business-rules.json", {"valueSets": value_sets, "rules": packed}, "rules")
    others = {path for path in rules.glob("[A-Z][A-Z]/*/*.json") if path.name != "rule.json"}
    texts = {path.relative_to(rules).as_posix(): path.read_text() for path in sorted(others)}
    _write("business-rules-others.json", texts, None)
    for name in ("testSuite", "validation-testSuite"):
        suites = {path.stem: _read(path) for path in sorted((specification / name).glob("*.json"))}
        _write(f"certlogic-{name}.json", suites, None)


def _rule(path: Path, root: Path, value_sets: list[Any]) -> dict[str, Any]:
    tests = []
    for test_path in sorted((path.parent / "tests").glob("*.json")):
        test = _read(test_path)
        external = test["external"]
        if "valueSets" in external:
            if external["valueSets"] not in value_sets:
                value_sets.append(external["valueSets"])
            external["valueSets"] = value_sets.index(external["valueSets"])
        tests.append({"file": test_path.stem, **test})
    return {"path": path.parent.relative_to(root).as_posix(), "rule": _read(path), "tests": tests}


def _read(path: Path) -> Any:
    return json.loads(path.read_text())


def _write(name: str, value: dict[str, Any], by_line: str | None) -> None:
    """Compact, with one entry a line where there are many, so that a change is seen as one."""
    path = FOLDER / name
    if by_line is None:
        lines = [f"{json.dumps(key)}:{_compact(entry)}" for key, entry in value.items()]
        text = "{\n" + ",\n".join(lines) + "\n}\n"
    else:
        rest = "".join(f"{json.dumps(key)}:{_compact(entry)},\n" for key, entry in value.items() if key != by_line)
        text = "{\n" + rest + f'"{by_line}":[\n' + ",\n".join(map(_compact, value[by_line])) + "\n]}\n"
    path.write_text(text)
    print(f"| {name} | {hashlib.sha256(text.encode()).hexdigest()} |")


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
