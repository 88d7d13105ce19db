"""A backup back into databases and a folder of photos, once all of it was checked."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any, Final

from bson import decode_all
from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument
from pymongo import MongoClient
from pymongo.collection import Collection

from deploy.backup.archive import BackupFaulty, Manifest, check, read

_UPKEEP, _MARK = "upkeep", {"_id": "restore"}
_RAW: Final = CodecOptions(RawBSONDocument)

Tell = Callable[[str], None]


class NotEmpty(Exception):
    """Something is there already that the restore would mix with."""


@dataclass(frozen=True)
class Target:
    """Where a backup is put back."""

    mongo_uri: str
    photos: Path | None = None
    """None: the photos stay in the backup."""
    names: Mapping[str, str] = field(default_factory=dict[str, str])
    """How a database of the backup is called now, where that is another name."""


def restore(path: Path, to: Target, tell: Tell, *, replace: bool = False) -> Manifest:
    """Until it ends, a service that knows of restores won't start.

    Raises BackupFaulty and NotEmpty before anything is changed; OSError, PyMongoError.
    """
    manifest = check(path)
    databases = sorted({place.partition("/")[0] for place in manifest.documents})
    tell(f"The backup of {manifest.made_at:%Y-%m-%d %H:%M} UTC is whole.")
    with MongoClient[dict[str, Any]](to.mongo_uri, w="majority") as client:
        targets = {name: to.names.get(name, name) for name in databases}
        if not replace:
            _refuse_what_is_there(client, targets.values(), to.photos)
        for target in targets.values():
            client.drop_database(target)
            client[target][_UPKEEP].insert_one(_MARK | {"begun_at": datetime.now(UTC)})
        _fill(client, path, targets, manifest, tell)
        if to.photos is not None:
            _put_photos(path, to.photos, tell)
        for target in targets.values():
            client[target][_UPKEEP].delete_one(_MARK)
    return manifest


def _refuse_what_is_there(client: MongoClient[dict[str, Any]], targets: Iterable[str], photos: Path | None) -> None:
    full = [name for name in targets if client[name].list_collection_names()]
    if full:
        raise NotEmpty(f"There is a database {', '.join(full)} already. To throw it away first: --replace")
    if photos is not None and photos.is_dir() and any(photos.iterdir()):
        raise NotEmpty(f"{photos} is not empty. To write into it all the same: --replace")


def _fill(
    client: MongoClient[dict[str, Any]], path: Path, targets: Mapping[str, str], manifest: Manifest, tell: Tell
) -> None:
    done: dict[str, int] = {}
    for name, content in read(path, "mongodb/"):
        _, database, collection, _ = name.split("/")
        target: Collection[Any] = client[targets[database]].get_collection(collection, codec_options=_RAW)
        documents = decode_all(content, codec_options=_RAW)
        if collection == _UPKEEP:
            # Its mark is ours until we are done.
            documents = [document for document in documents if document["_id"] != _MARK["_id"]]
        if documents:
            target.insert_many(documents, ordered=False)
        place = f"{database}/{collection}"
        done[place] = done.get(place, 0) + len(documents)
    missing = [place for place, count in manifest.documents.items() if done.get(place, 0) != count]
    if missing:
        raise BackupFaulty(f"Not everything came back: {', '.join(missing)}")
    tell(f"{sum(done.values())} documents are back.")


def _put_photos(path: Path, folder: Path, tell: Tell) -> None:
    number = 0
    for name, content in read(path, "photos/"):
        relative = PurePosixPath(name).relative_to("photos")
        if relative.is_absolute() or ".." in relative.parts:
            raise BackupFaulty(f"{name} would lie outside the folder of photos.")
        target = folder / relative
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        number += 1
    tell(f"{number} photos are back.")
