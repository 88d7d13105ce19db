"""Secrets in what is committed. What looks like one and is none stands in `known.toml`, with the reason."""

import shutil
import subprocess
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from detect_secrets.core.secrets_collection import SecretsCollection
from detect_secrets.settings import transient_settings

KNOWN: Final = Path(__file__).with_name("known.toml")
_KEYS: Final = (
    *(
        "ArtifactoryDetector",
        "AWSKeyDetector",
        "AzureStorageKeyDetector",
        "BasicAuthDetector",
        "DiscordBotTokenDetector",
    ),
    *("GitHubTokenDetector", "GitLabTokenDetector", "JwtTokenDetector", "MailchimpDetector", "NpmDetector"),
    *("OpenAIDetector", "PrivateKeyDetector", "PypiTokenDetector", "SendGridDetector", "SlackDetector"),
    *("SquareOAuthDetector", "StripeDetector", "TelegramBotTokenDetector", "TwilioKeyDetector"),
)
_PLUGINS: Final[list[dict[str, Any]]] = [
    *({"name": name} for name in _KEYS),
    {"name": "HexHighEntropyString", "limit": 3.0},
    {"name": "Base64HighEntropyString", "limit": 4.5},
]
_WORDS: Final[list[dict[str, Any]]] = [*_PLUGINS, {"name": "KeywordDetector"}]
"""Also whatever is called a password or a secret: in tests, which are full of made-up ones, that tells nothing."""
_SKIPPED: Final = (".png", ".lock", ".lock.toml", ".woff2", ".min.js", ".min.css", ".gz", ".npz", ".geojson", ".csv")
_MADE: Final = {
    ".cache",
    ".git",
    ".hypothesis",
    ".import_linter_cache",
    ".pytest_cache",
    ".ruff_cache",
    ".venv",
    "dist",
    "site",
}
_LONGEST: Final = 300_000
"""Bytes. What is longer is data."""


def committed(root: Path) -> list[Path]:
    """What git knows; where it knows nothing, because this is a copy without it, all that nothing here made."""
    if shutil.which("git"):
        told = subprocess.run(["git", "ls-files", "-z"], cwd=root, check=False, capture_output=True)
        if told.returncode == 0:
            return [root / name for name in told.stdout.decode().split("\0") if name]
    files = [file for file in root.rglob("*") if file.is_file() and "__pycache__" not in file.parts]
    return [file for file in files if file.relative_to(root).parts[0] not in _MADE]


def find_secrets(root: Path, files: Iterable[Path], known: Mapping[str, str]) -> list[str]:
    """Places `<file>:<line>: <kind>, <digest>` of what is not known. `known`: why, by digest."""
    return [place for file in files if _is_looked_at(file) for place in _secrets_in(root, file, known)]


def read_known(path: Path = KNOWN) -> dict[str, str]:
    return {one["digest"]: one["why"] for one in tomllib.loads(path.read_text(encoding="utf-8"))["known"]}


def _is_looked_at(file: Path) -> bool:
    if file == KNOWN or not file.is_file() or file.name.endswith(_SKIPPED):
        return False
    return file.stat().st_size <= _LONGEST


def _secrets_in(root: Path, file: Path, known: Mapping[str, str]) -> Iterator[str]:
    place = file.relative_to(root)
    found = SecretsCollection()
    plugins = _PLUGINS if place.parts[0] == "tests" else _WORDS
    with transient_settings({"plugins_used": plugins}):
        found.scan_file(str(file))
    for _, secret in found:
        if secret.secret_hash not in known:
            yield f"{place}:{secret.line_number}: {secret.type}, {secret.secret_hash}"
