"""Where photos are kept: a folder, or a bucket of anything that speaks S3 (`AWS_…` in the environment)."""

import asyncio
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Final

import structlog
from obstore.exceptions import BaseError
from obstore.store import LocalStore, MemoryStore, ObjectStore, S3Store

from services.intake.settings import BlobSettings
from shared.problems import Problem

_RETRIES: Final = 2
log = structlog.get_logger(__name__)


class Blobs:
    """Puts, gets, copies and deletes whole files by key. Each raises a 503 Problem where the store fails."""

    def __init__(self, settings: BlobSettings) -> None:
        self._settings = settings

    async def put(self, key: str, content: bytes) -> None:
        """Once it returns the file is safe. Until the whole of it is there nobody can get any of it."""
        async with self._asked(key):
            await self._store.put_async(key, content, use_multipart=False)
            await self._settle(key)

    async def get(self, key: str) -> bytes | None:
        """None: there is none of this key."""
        async with self._asked(key, missing=FileNotFoundError):
            found = await self._store.get_async(key)
            return bytes(await found.bytes_async())
        return None

    async def copy(self, key: str, target: str) -> bool:
        """Whether there was one to copy. Done again it changes nothing."""
        async with self._asked(key, missing=FileNotFoundError):
            await self._store.copy_async(key, target)
            await self._settle(target)
            return True
        return False

    async def has(self, key: str) -> bool:
        async with self._asked(key, missing=FileNotFoundError):
            await self._store.head_async(key)
            return True
        return False

    async def delete(self, key: str) -> None:
        """Whether it is there or not."""
        async with self._asked(key, missing=FileNotFoundError):
            await self._store.delete_async(key)

    async def keys_in(self, folder: str, *, before: datetime | None = None) -> list[str]:
        """Of all that was put into the folder, or of what was put there before."""
        found = list[str]()
        async with self._asked(folder):
            async for some in self._store.list(folder):
                found += [one["path"] for one in some if before is None or one["last_modified"] < before]
        return found

    @asynccontextmanager
    async def _asked(self, key: str, missing: type[Exception] | tuple[()] = ()) -> AsyncGenerator[None]:
        """What is `missing` ends the block; whatever else goes wrong is a 503 Problem."""
        try:
            async with asyncio.timeout(self._settings.timeout_s):
                yield
        except missing:
            return
        except (BaseError, OSError, ValueError) as error:
            raise _failed(error, key) from None

    async def _settle(self, key: str) -> None:
        if isinstance(self._store, LocalStore) and self._store.prefix is not None:
            await asyncio.to_thread(_write_through, self._store.prefix, key)

    @cached_property
    def _store(self) -> ObjectStore:
        """As long as it cannot be opened, every request tries again."""
        url = self._settings.url
        if url.startswith("file:"):
            return LocalStore.from_url(url, mkdir=True)
        if url.startswith("memory:"):
            return MemoryStore()
        limit = timedelta(seconds=self._settings.timeout_s)
        return S3Store.from_url(url, retry_config={"max_retries": _RETRIES, "retry_timeout": limit})


def _write_through(folder: Path, key: str) -> None:
    """To the disk: obstore renames the finished file, but leaves when to write it to the system."""
    file = folder / key
    for path in (file, *file.parents[: len(Path(key).parts)]):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _failed(error: Exception, key: str) -> Problem:
    reason = str(error).partition("\n")[0].replace(key, "…")
    log.warning("blobs_failed", error=type(error).__name__, reason=reason)
    return Problem(503, "Photos can't be kept or shown now", "Please try again.", headers={"Retry-After": "10"})
