"""`make site`: draws what is drawn, builds `site/`, and refuses what a reader would trip over."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Final

from deploy.site.checking import faults
from deploy.site.staging import LinkBroken, stage

CONFIG: Final = Path(__file__).with_name("zensical.toml")
_WORK: Final = Path(".cache/site")
"""Of the builder alone: it keeps its own cache there."""
_BUILT: Final = Path("site")


def main() -> int:
    """The exit code; faults are printed."""
    shutil.rmtree(_WORK, ignore_errors=True)
    try:
        stage(_WORK / "docs")
    except LinkBroken as broken:
        print(f"site: {broken}")
        return 1
    shutil.copy(CONFIG, _WORK)
    builder = Path(sys.executable).with_name("zensical").absolute()
    if code := subprocess.run([builder, "build", "--strict"], check=False, cwd=_WORK).returncode:
        return code
    shutil.rmtree(_BUILT, ignore_errors=True)
    shutil.move(_WORK / "site", _BUILT)
    nav = tomllib.loads(CONFIG.read_text(encoding="utf-8"))["project"]["nav"]
    found = faults(nav, _WORK / "docs", _BUILT)
    for fault in found:
        print(f"site: {fault}")
    print(f"site: {len(list(_BUILT.rglob('*.html')))} pages in {_BUILT}/, {len(found)} faults")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
