"""Packs the names of the published value sets into the package, for people who read certificates.

    python tools/pack_value_sets.py EU_DCC_VALUESETS

The folder is that repository's as it is: ehn-dcc-development/eu-dcc-valuesets, Apache-2.0.
"""

import json
import sys
from pathlib import Path
from typing import Final

TARGET: Final = Path(__file__).parents[1] / "src" / "zegel" / "adapters" / "value_sets" / "names.json"


def main(folder: Path) -> None:
    """Write code and name of each entry, by the identifier of its set."""
    sets = {}
    for path in sorted(folder.glob("*.json")):
        value = json.loads(path.read_text())
        entries = value.get("valueSetValues", {}).items()
        entries = {code: entry["display"] for code, entry in entries if "display" in entry}
        if entries:
            sets[value["valueSetId"]] = dict(sorted(entries.items()))
    TARGET.write_text(json.dumps(sets, ensure_ascii=False, indent=0, separators=(",", ": ")) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
