"""What a benchmark says at its end."""

import json
import os
import platform
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

_GIB = 1024**3


def percentiles(seconds: Sequence[float]) -> dict[str, float]:
    """p50, p95 and p99 in milliseconds, nearest rank."""
    ordered = sorted(seconds)
    ranks = {"p50_ms": 50, "p95_ms": 95, "p99_ms": 99}
    return {name: round(ordered[(len(ordered) - 1) * rank // 100] * 1_000, 1) for name, rank in ranks.items()}


def closing_line(bench: str, figures: dict[str, Any]) -> str:
    return json.dumps({"bench": bench, **figures, "machine": _machine()})


def _machine() -> dict[str, Any]:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "cores": len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count(),
        "processor": _processor(),
        "gibibytes": round(memory / _GIB, 1),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }


def _processor() -> str:
    told = Path("/proc/cpuinfo")
    names = [line.partition(":")[2].strip() for line in told.read_text().splitlines() if line.startswith("model name")]
    return names[0] if names else platform.processor()
