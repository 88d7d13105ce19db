"""Where downloads are kept, so that the second start of anything needs no network."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def cache_folder() -> Path:
    """`.cache/` of the checkout, or what NTBCARE_CACHE names."""
    return Path(os.environ.get("NTBCARE_CACHE", ROOT / ".cache"))
