"""Known vulnerabilities of what is installed, as the registry's advisories have them."""

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


def audit(day: date) -> bool:
    """Whether nothing is known, but for what is ignored; prints what is."""
    ignored = [word for one in ignored_on(day) for word in ("--ignore-vuln", one)]
    command = [sys.executable, "-m", "pip_audit", "--local", "--skip-editable", "--progress-spinner", "off", *ignored]
    return subprocess.run(command, check=False).returncode == 0
