"""Derives the regions of NTB from the npm package `idn-area-data`; source and licence are in the data's README.

`python -m deploy.derive_regions package/data services/routing/data/regions.json`, where `package/` is what
`npm pack idn-area-data@4.0.1` packed.
"""

import csv
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

PROVINCE: Final = "52"
_LEVELS: Final = {
    "provinces.csv": "province",
    "regencies.csv": "regency",
    "districts.csv": "district",
    "villages.csv": "village",
}


def regions(folder: Path) -> list[dict[str, str]]:
    """NTB and every regency, district and village in it, by code."""
    rows = (
        {"id": row["code"], "name": row["name"], "level": level}
        for file, level in _LEVELS.items()
        for row in csv.DictReader((folder / file).read_text(encoding="utf-8").splitlines())
        if row["code"].split(".")[0] == PROVINCE
    )
    return sorted(rows, key=lambda row: row["id"])


def one_a_line(rows: Iterable[dict[str, str]]) -> str:
    """A JSON list whose lines can be compared."""
    lines = (json.dumps(row, ensure_ascii=False, separators=(",", ":")) for row in rows)
    return "[\n" + ",\n".join(lines) + "\n]\n"


if __name__ == "__main__":
    source, target = map(Path, sys.argv[1:])
    target.write_text(one_a_line(regions(source)), encoding="utf-8")
