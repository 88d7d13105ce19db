"""`make fire`: every fault, 10 000 complaints. `SEED=7 COMPLAINTS=2000 make fire` asks for others."""

import asyncio
import os
import secrets
import sys
import tempfile
from pathlib import Path
from typing import Final

from tests.system.fire.burning import Report, burn
from tests.system.fire.schedule import every_fault

COMPLAINTS: Final = 10_000
LONGEST_S: Final = 8.0


async def _burn(seed: int, complaints: int) -> Report:
    with tempfile.TemporaryDirectory(prefix="ntbcare-fire-") as folder:
        return await burn(Path(folder), seed, every_fault(seed, LONGEST_S), complaints)


def main() -> None:
    seed = int(os.environ.get("SEED") or secrets.randbelow(10_000))
    report = asyncio.run(_burn(seed, int(os.environ.get("COMPLAINTS") or COMPLAINTS)))
    print("\n".join(report.lines()))
    if report.verdict.wrong:
        sys.exit(f"seed {seed} did not hold")


if __name__ == "__main__":
    main()
