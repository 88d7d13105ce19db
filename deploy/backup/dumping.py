"""Databases and photos into a backup: all databases as they were at one moment."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument
from pymongo import MongoClient
from pymongo.client_session import ClientSession
from pymongo.errors import OperationFailure

from deploy.backup.archive import Archive, Manifest, writing

_MEMBER_BYTES: Final = 16 * 1024 * 1024
"""About so much of a collection is one member, and so much is in memory."""
_SNAPSHOT_GONE: Final = frozenset({239, 246})
"""MongoDB's codes for a moment that it remembers no more."""
_PASSING: Final = frozenset({"recovery_records"})
"""What is made anew whenever it is needed."""

Tell = Callable[[str], None]


class MomentForgotten(Exception):
    """MongoDB does not keep the moment long enough for a backup of this size."""

    def __init__(self) -> None:
        super().__init__(
            "MongoDB forgot the moment of which this backup was to be, for it took too long. Let it remember longer: "
            "db.adminCommand({setParameter: 1, minSnapshotHistoryWindowInSeconds: 3600})"
        )


def back_up(path: Path, mongo_uri: str, databases: Sequence[str], photos: Path | None, tell: Tell) -> Manifest:
    """Raises MomentForgotten, FileExistsError, OSError, PyMongoError; then there is no such file."""
    if path.exists():
        raise FileExistsError(17, "there is a file of this name already", str(path))
    documents: dict[str, int] = {}
    made_at = datetime.now(UTC)
    with writing(path) as archive, MongoClient[RawBSONDocument](mongo_uri, document_class=RawBSONDocument) as client:
        with client.start_session(snapshot=True) as session:
            for name in databases:
                documents |= _dump(archive, client, name, session)
                tell(f"{name}: {sum(count for place, count in documents.items() if place.startswith(f'{name}/'))}")
        for number, file in enumerate(_files(photos), 1):
            archive.add_file(f"photos/{file.relative_to(photos or file)}", file)
            if number % 1_000 == 0:
                tell(f"{number} photos")
        return archive.finish(made_at, documents)


def _dump(archive: Archive, client: MongoClient[RawBSONDocument], name: str, session: ClientSession) -> dict[str, int]:
    database = client.get_database(name, codec_options=CodecOptions(RawBSONDocument))
    counts: dict[str, int] = {}
    # A collection that is younger than the moment is empty in it.
    for collection in sorted(set(client.get_database(name).list_collection_names()) - _PASSING):
        if collection.startswith("system."):
            continue
        counts[f"{name}/{collection}"] = 0
        try:
            for number, block in enumerate(_blocks(database[collection].find(session=session).sort("_id", 1))):
                archive.add(f"mongodb/{name}/{collection}/{number:08}.bson", b"".join(one.raw for one in block))
                counts[f"{name}/{collection}"] += len(block)
        except OperationFailure as error:
            if error.code in _SNAPSHOT_GONE:
                raise MomentForgotten from None
            raise
    return counts


def _blocks(documents: Iterator[RawBSONDocument]) -> Iterator[list[RawBSONDocument]]:
    block, size = list[RawBSONDocument](), 0
    for document in documents:
        block.append(document)
        size += len(document.raw)
        if size >= _MEMBER_BYTES:
            yield block
            block, size = [], 0
    if block:
        yield block


def _files(folder: Path | None) -> Iterator[Path]:
    if folder is not None:
        yield from (path for path in sorted(folder.rglob("*")) if path.is_file())
