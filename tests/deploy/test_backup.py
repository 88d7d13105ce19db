"""A backup is whole or is not there, is of one moment, and comes back as it was."""

import gzip
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient

from deploy.backup.archive import BackupFaulty, check
from deploy.backup.dumping import back_up
from deploy.backup.restoring import NotEmpty, Target, restore
from tests.servers import Mongod

pytestmark = pytest.mark.integration

Documents = dict[str, Any]
PHOTO = b"\x89PNG\r\n" + bytes(range(256)) * 4


@pytest.fixture
def names(database_name: str) -> list[str]:
    return [f"{database_name}-routing", f"{database_name}-notification"]


@pytest.fixture
def client(mongod: Mongod, names: list[str]) -> Any:
    with MongoClient[Documents](mongod.uri, tz_aware=True) as client:
        for name in names:
            client[name]["cases"].insert_many([{"_id": f"case-{number}", "n": number} for number in range(1_000)])
        yield client
        for name in names:
            client.drop_database(name)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "blobs" / "ab"
    folder.mkdir(parents=True)
    (folder / "photo.jpg").write_bytes(PHOTO)
    return tmp_path / "blobs"


def say_nothing(_: str) -> None:
    """Nobody waits."""


def test_given_databases_and_photos_when_backed_up_and_restored_then_all_is_as_it_was(
    client: Any, mongod: Mongod, names: list[str], photos: Path, tmp_path: Path
) -> None:
    file, folder = tmp_path / "backup.tar.gz", tmp_path / "restored"
    before = [list(client[name]["cases"].find().sort("_id")) for name in names]

    back_up(file, mongod.uri, names, photos, say_nothing)
    for name in names:
        client.drop_database(name)
    restore(file, Target(mongod.uri, folder), say_nothing)

    assert [list(client[name]["cases"].find().sort("_id")) for name in names] == before
    assert (folder / "ab" / "photo.jpg").read_bytes() == PHOTO
    assert [client[name]["upkeep"].count_documents({}) for name in names] == [0, 0]
    assert file.stat().st_mode & 0o077 == 0


def test_given_writes_while_a_backup_is_made_when_it_is_restored_then_it_is_of_the_moment_it_began(
    client: Any, mongod: Mongod, names: list[str], tmp_path: Path
) -> None:
    file = tmp_path / "backup.tar.gz"

    def write_meanwhile(_: str) -> None:
        client[names[1]]["cases"].insert_one({"_id": f"late-{client[names[1]]['cases'].count_documents({})}"})
        client[names[1]]["cases"].update_one({"_id": "case-1"}, {"$set": {"n": -1}})

    manifest = back_up(file, mongod.uri, names, None, write_meanwhile)
    restore(file, Target(mongod.uri, names={names[1]: f"{names[1]}-old"}), say_nothing, replace=True)
    old = list(client[f"{names[1]}-old"]["cases"].find({"$or": [{"_id": {"$regex": "^late"}}, {"n": -1}]}))
    client.drop_database(f"{names[1]}-old")

    assert manifest.documents[f"{names[1]}/cases"] == 1_000
    assert old == []


def test_given_a_backup_that_is_killed_in_the_middle_when_looked_for_then_there_is_none(
    client: Any, mongod: Mongod, names: list[str], tmp_path: Path
) -> None:
    assert client[names[0]]["cases"].count_documents({}) == 1_000

    def die(_: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        back_up(tmp_path / "backup.tar.gz", mongod.uri, names, None, die)

    assert list(tmp_path.iterdir()) == []


def test_given_a_damaged_or_cut_off_backup_when_restored_then_it_is_refused_and_nothing_is_changed(
    client: Any, mongod: Mongod, names: list[str], tmp_path: Path
) -> None:
    file, cut_off, damaged = (tmp_path / name for name in ("backup.tar.gz", "cut.tar.gz", "damaged.tar.gz"))
    back_up(file, mongod.uri, names, None, say_nothing)
    content = file.read_bytes()
    cut_off.write_bytes(content[: len(content) // 2])
    plain = gzip.decompress(content)
    damaged.write_bytes(gzip.compress(plain.replace(b"case-999", b"case-998", 1)))

    for broken in (cut_off, damaged):
        with pytest.raises(BackupFaulty):
            restore(broken, Target(mongod.uri), say_nothing, replace=True)

    assert check(file).documents[f"{names[0]}/cases"] == 1_000
    assert client[names[0]]["cases"].count_documents({}) == 1_000


def test_given_a_database_that_is_not_empty_when_restored_then_it_is_refused_unless_it_is_to_be_replaced(
    client: Any, mongod: Mongod, names: list[str], tmp_path: Path
) -> None:
    file = tmp_path / "backup.tar.gz"
    back_up(file, mongod.uri, names, None, say_nothing)
    client[names[0]]["cases"].update_one({"_id": "case-1"}, {"$set": {"n": -1}})

    with pytest.raises(NotEmpty, match="--replace"):
        restore(file, Target(mongod.uri), say_nothing)
    refused = client[names[0]]["cases"].find_one({"_id": "case-1"})
    restore(file, Target(mongod.uri), say_nothing, replace=True)

    assert refused == {"_id": "case-1", "n": -1}
    assert client[names[0]]["cases"].find_one({"_id": "case-1"}) == {"_id": "case-1", "n": 1}
