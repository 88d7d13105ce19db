"""Known vulnerabilities of what is installed, as the registry's advisories have them."""

import json
import subprocess
import sys
import tomllib
from datetime import date
from pathlib import Path
from typing import Final

import httpx2

IGNORED: Final = Path(__file__).with_name("ignored.toml")
_ADVISORIES: Final = "https://pypi.org/pypi/pip/json"
_ANSWERS_WITHIN_S: Final = 10.0


def are_reachable() -> bool:
    """Whether advisories can be asked for from here."""
    try:
        answer = httpx2.get(_ADVISORIES, timeout=_ANSWERS_WITHIN_S)
        return answer.is_success and "vulnerabilities" in answer.json()
    except (httpx2.HTTPError, ValueError):
        return False


def ignored_on(day: date, path: Path = IGNORED) -> list[str]:
    """Ids that are passed over until their day. Each says why."""
    entries = tomllib.loads(path.read_text(encoding="utf-8")).get("ignored", [])
    assert all(one["why"] for one in entries)
    return [one["id"] for one in entries if day < one["until"]]


def audit(day: date) -> tuple[int, list[str]]:
    """Of how many packages the registry told, and what is known of them, but for what is ignored."""
    ignored = [word for one in ignored_on(day) for word in ("--ignore-vuln", one)]
    command = [sys.executable, "-m", "pip_audit", "--local", "--skip-editable", "--progress-spinner", "off", *ignored]
    told = subprocess.run([*command, "--format", "json"], check=False, capture_output=True, text=True)
    if not told.stdout:
        raise RuntimeError(told.stderr)
    packages = [one for one in json.loads(told.stdout)["dependencies"] if "vulns" in one]
    faults = [f"{one['name']} {one['version']}: {known['id']}" for one in packages for known in one["vulns"]]
    return len(packages), faults
