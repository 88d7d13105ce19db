"""Small disks that can be filled: file systems in memory, which only root may mount."""

import os
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_FILLING: Final = "filling"
_BYTES: Final = 1 << 20


@dataclass(frozen=True)
class Disk:
    folder: Path

    def fill(self) -> None:
        """Leave no byte free."""
        with (self.folder / _FILLING).open("ab", buffering=0) as file:
            size = _BYTES
            while size:
                try:
                    file.write(bytes(size))
                except OSError:
                    size //= 2

    def free(self) -> None:
        (self.folder / _FILLING).unlink(missing_ok=True)


@contextmanager
def small_disk(folder: Path, mebibytes: int) -> Generator[Disk | None]:
    """A disk mounted at this folder; None, and a plain folder, where that may not be."""
    folder.mkdir(parents=True)
    options = f"size={mebibytes}m,mode=0700"
    mounted = os.geteuid() == 0 and _run("mount", "-t", "tmpfs", "-o", options, "ntbcare-fire", str(folder))
    try:
        yield Disk(folder) if mounted else None
    finally:
        if mounted:
            _run("umount", "--lazy", str(folder))


def _run(*command: str) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0
