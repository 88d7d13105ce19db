"""The file that a backup is: a gzipped tar whose last member, the manifest, says what all others must be.

Written under another name until it is whole. A file without its manifest is no backup, and is refused.
"""

import hashlib
import io
import os
import tarfile
import zlib
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final

from pydantic import AwareDatetime, BaseModel, ValidationError

MANIFEST: Final = "manifest.json"
PARTIAL: Final = ".partial"
FORMAT: Final = 1
_BLOCK: Final = 1024 * 1024


class BackupFaulty(Exception):
    """The file is no whole backup; the text says what is wrong with it."""


class Member(BaseModel):
    """One member, as it was written."""

    sha256: str
    size: int
    """Bytes."""


class Manifest(BaseModel):
    """Of a whole backup."""

    format: int = FORMAT
    made_at: AwareDatetime
    documents: dict[str, int]
    """How many, by `database/collection`."""
    members: dict[str, Member]


@dataclass
class Archive:
    """A backup while it is written."""

    _tar: tarfile.TarFile
    members: dict[str, Member] = field(default_factory=dict[str, Member])

    def add(self, name: str, content: bytes) -> None:
        self._put(name, io.BytesIO(content), len(content))
        self.members[name] = Member(sha256=hashlib.sha256(content).hexdigest(), size=len(content))

    def add_file(self, name: str, path: Path) -> None:
        """Raises OSError. A file that changes meanwhile is found out when the backup is checked."""
        with path.open("rb") as content:
            size, digest = path.stat().st_size, hashlib.file_digest(content, "sha256").hexdigest()
            content.seek(0)
            self._put(name, content, size)
        self.members[name] = Member(sha256=digest, size=size)

    def finish(self, made_at: AwareDatetime, documents: Mapping[str, int]) -> Manifest:
        """The manifest, which makes it whole."""
        manifest = Manifest(made_at=made_at, documents=dict(documents), members=self.members)
        content = manifest.model_dump_json(indent=1).encode()
        self._put(MANIFEST, io.BytesIO(content), len(content))
        return manifest

    def _put(self, name: str, content: IO[bytes], size: int) -> None:
        info = tarfile.TarInfo(name)
        info.size, info.mode = size, 0o600
        self._tar.addfile(info, content)


@contextmanager
def writing(path: Path) -> Generator[Archive]:
    """The file has its name once the block ends well; else nothing is left. Raises OSError."""
    partial = path.with_name(path.name + PARTIAL)
    try:
        with partial.open("xb") as file:
            partial.chmod(0o600)
            with tarfile.open(fileobj=file, mode="w|gz") as tar:
                yield Archive(tar)
            file.flush()
            _sync(file)
        partial.rename(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def _sync(file: IO[bytes]) -> None:
    os.fsync(file.fileno())


def check(path: Path) -> Manifest:
    """Read all of it and compare it with its manifest. Raises BackupFaulty, OSError."""
    found: dict[str, Member] = {}
    manifest: Manifest | None = None
    with _readable(path):
        for name, content in _members(path):
            if name == MANIFEST:
                manifest = _manifest(content.read())
            else:
                found[name] = _member(content)
    if manifest is None:
        raise BackupFaulty(f"{path} has no manifest: it was cut off, or is no backup.")
    if found != manifest.members:
        names = found.keys() | manifest.members.keys()
        wrong = sorted(name for name in names if found.get(name) != manifest.members.get(name))
        raise BackupFaulty(f"{path} is damaged: {', '.join(wrong[:5])} is not as it was written.")
    return manifest


def read(path: Path, begin: str) -> Iterator[tuple[str, bytes]]:
    """Members whose name begins so, in the order in which they were written; each is held in memory."""
    with _readable(path):
        for name, content in _members(path):
            if name.startswith(begin):
                yield name, content.read()


def _members(path: Path) -> Iterator[tuple[str, IO[bytes]]]:
    with tarfile.open(path, mode="r|gz") as tar:
        for info in tar:
            content = tar.extractfile(info)
            if content is None:
                raise BackupFaulty(f"{path} holds {info.name}, which is no file.")
            yield info.name, content


@contextmanager
def _readable(path: Path) -> Generator[None]:
    try:
        yield
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise BackupFaulty(f"{path} is cut off, or is no backup: {error}") from None


def _member(content: IO[bytes]) -> Member:
    digest, size = hashlib.sha256(), 0
    while block := content.read(_BLOCK):
        digest.update(block)
        size += len(block)
    return Member(sha256=digest.hexdigest(), size=size)


def _manifest(content: bytes) -> Manifest:
    try:
        manifest = Manifest.model_validate_json(content)
    except ValidationError as error:
        raise BackupFaulty(f"Its manifest can't be read: {error.error_count()} faults") from None
    if manifest.format != FORMAT:
        raise BackupFaulty(f"It is of format {manifest.format}, and this version reads {FORMAT}.")
    return manifest
