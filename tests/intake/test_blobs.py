"""Where photos are kept. What holds for a folder holds for the memory that other tests use."""

import asyncio
import re
import resource
import shutil
import socket
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import unquote

import pytest

from services.intake.blobs import Blobs
from services.intake.settings import BlobSettings
from shared.problems import Problem
from tests.waiting import SLACK_S


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data" / "blobs"


@pytest.fixture(params=["folder", "memory"])
def blobs(request: pytest.FixtureRequest, folder: Path) -> Blobs:
    return Blobs(BlobSettings(url=folder.as_uri() if request.param == "folder" else "memory:///"))


async def test_given_a_file_when_it_is_got_then_it_is_as_it_was_put(blobs: Blobs) -> None:
    await blobs.put("photos/abc.jpg", b"first")
    await blobs.put("photos/abc.jpg", b"second")

    assert await blobs.get("photos/abc.jpg") == b"second"
    assert await blobs.get("photos/abd.jpg") is None


async def test_given_files_when_they_are_copied_and_deleted_then_only_what_is_left_is_there(blobs: Blobs) -> None:
    await blobs.put("unclaimed/abc.jpg", b"first")

    copied = [await blobs.copy(f"unclaimed/{name}.jpg", f"photos/{name}.jpg") for name in ("abc", "abd", "abc")]
    found = await blobs.keys_in("unclaimed", before=datetime.now(UTC) + timedelta(minutes=1))
    fresh = await blobs.keys_in("unclaimed", before=datetime.now(UTC) - timedelta(minutes=1))
    for _ in range(2):
        await blobs.delete("unclaimed/abc.jpg")

    assert (copied, found, fresh) == ([True, False, True], ["unclaimed/abc.jpg"], [])
    assert [await blobs.has(f"{folder}/abc.jpg") for folder in ("photos", "unclaimed")] == [True, False]
    assert await blobs.get("photos/abc.jpg") == b"first"
    assert await blobs.keys_in("nothing", before=datetime.now(UTC)) == []


async def test_given_a_folder_when_another_process_opens_it_then_the_files_are_there(folder: Path) -> None:
    await Blobs(BlobSettings(url=folder.as_uri())).put("photos/abc.jpg", b"first")

    assert await Blobs(BlobSettings(url=folder.as_uri())).get("photos/abc.jpg") == b"first"
    assert [file.name for file in folder.rglob("*.*")] == ["abc.jpg"]


async def test_given_a_disk_that_takes_no_more_when_a_file_is_put_then_no_part_of_it_is_there(folder: Path) -> None:
    blobs = Blobs(BlobSettings(url=folder.as_uri()))
    await blobs.put("photos/abc.jpg", b"first")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)

    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, before[1]))
    try:
        for key in ("photos/abc.jpg", "photos/abd.jpg"):
            with pytest.raises(Problem) as problem:
                await blobs.put(key, b"x" * 10_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

    assert (problem.value.status, problem.value.headers) == (503, {"Retry-After": "10"})
    assert await blobs.get("photos/abc.jpg") == b"first"
    assert [file.name for file in folder.rglob("*.*")] == ["abc.jpg"]


async def test_given_a_folder_that_is_gone_when_it_is_back_then_files_can_be_put_again(folder: Path) -> None:
    blobs = Blobs(BlobSettings(url=folder.as_uri()))
    await blobs.put("photos/abc.jpg", b"first")
    shutil.rmtree(folder)
    folder.write_bytes(b"a file")

    with pytest.raises(Problem) as put:
        await blobs.put("photos/abc.jpg", b"second")
    with pytest.raises(Problem) as got:
        await blobs.get("photos/abc.jpg")
    folder.unlink()
    await blobs.put("photos/abc.jpg", b"third")

    assert (put.value.status, got.value.status) == (503, 503)
    assert await blobs.get("photos/abc.jpg") == b"third"


async def test_given_a_folder_that_cannot_be_made_when_it_can_then_the_store_opens(folder: Path) -> None:
    folder.parent.write_bytes(b"a file")
    blobs = Blobs(BlobSettings(url=folder.as_uri()))

    with pytest.raises(Problem) as problem:
        await blobs.put("photos/abc.jpg", b"first")
    folder.parent.unlink()
    await blobs.put("photos/abc.jpg", b"second")

    assert problem.value.status == 503
    assert await blobs.get("photos/abc.jpg") == b"second"


class Bucket:
    """Speaks as much of S3 as it takes to put, get, copy, list and delete files."""

    def __init__(self) -> None:
        self.files = dict[str, bytes]()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().lower().split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines if line)
        method, path, _ = first.split()
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        status, content = self.answer(method, path, headers.get("x-amz-copy-source"), body)
        head = f"HTTP/1.1 {status}\r\nETag: x\r\nLast-Modified: Fri, 27 Nov 2026 08:00:00 GMT\r\nConnection: close\r\n"
        length = len(self.files.get(path, content)) if method == "head" else len(content)
        writer.write(f"{head}Content-Length: {length}\r\n\r\n".encode() + content)
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    def answer(self, method: str, path: str, source: str | None, body: bytes) -> tuple[str, bytes]:
        path, _, query = path.partition("?")
        if "prefix=" in query:
            return "200 OK", self.listed(query)
        if method == "put" and source is None:
            self.files[path] = body
        elif method == "put" and f"/{source}" in self.files:
            self.files[path] = self.files[f"/{source}"]
            return "200 OK", b"<CopyObjectResult><ETag>x</ETag></CopyObjectResult>"
        elif method == "post" and query == "delete":
            keys = re.findall(r"<Key>(.*?)</Key>", body.decode())
            for key in keys:
                self.files.pop(f"{path}/{key}", None)
            told = "".join(f"<Deleted><Key>{key}</Key></Deleted>" for key in keys)
            return "200 OK", f"<DeleteResult>{told}</DeleteResult>".encode()
        elif path not in self.files:
            return "404 Not Found", b""
        return "200 OK", self.files[path] if method == "get" else b""

    def listed(self, query: str) -> bytes:
        prefix = unquote(dict(part.split("=") for part in query.split("&"))["prefix"])
        keys = [path.removeprefix("/photos/") for path in self.files]
        told = "".join(
            f"<Contents><Key>{key}</Key><LastModified>2026-11-27T08:00:00.000Z</LastModified><ETag>x</ETag>"
            f"<Size>5</Size></Contents>"
            for key in keys
            if key.startswith(prefix)
        )
        return f"<ListBucketResult><IsTruncated>false</IsTruncated>{told}</ListBucketResult>".encode()


def tell_of_bucket(monkeypatch: pytest.MonkeyPatch, port: int) -> None:
    told = {"ENDPOINT_URL": f"http://127.0.0.1:{port}", "ALLOW_HTTP": "true", "REGION": "id"}
    for name, value in (told | {"ACCESS_KEY_ID": "key", "SECRET_ACCESS_KEY": "secret"}).items():
        monkeypatch.setenv(f"AWS_{name}", value)


async def test_given_a_bucket_when_a_file_is_put_then_it_is_there_and_can_be_got(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bucket = Bucket()
    async with await asyncio.start_server(bucket.serve, "127.0.0.1", 0) as server:
        tell_of_bucket(monkeypatch, server.sockets[0].getsockname()[1])
        blobs = Blobs(BlobSettings(url="s3://photos/ntbcare"))

        await blobs.put("photos/abc.jpg", b"first")
        got, none = await blobs.get("photos/abc.jpg"), await blobs.get("photos/abd.jpg")

    assert bucket.files == {"/photos/ntbcare/photos/abc.jpg": b"first"}
    assert (got, none) == (b"first", None)


async def test_given_a_bucket_when_files_are_copied_listed_and_deleted_then_it_is_as_in_a_folder(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bucket = Bucket()
    async with await asyncio.start_server(bucket.serve, "127.0.0.1", 0) as server:
        tell_of_bucket(monkeypatch, server.sockets[0].getsockname()[1])
        blobs = Blobs(BlobSettings(url="s3://photos/ntbcare"))
        await blobs.put("unclaimed/abc.jpg", b"first")

        copied = [await blobs.copy(f"unclaimed/{name}.jpg", f"photos/{name}.jpg") for name in ("abc", "abd")]
        there = [await blobs.has(f"photos/{name}.jpg") for name in ("abc", "abd")]
        found = await blobs.keys_in("unclaimed", before=datetime.now(UTC))
        for _ in range(2):
            await blobs.delete("unclaimed/abc.jpg")

    assert (copied, there, found) == ([True, False], [True, False], ["unclaimed/abc.jpg"])
    assert bucket.files == {"/photos/ntbcare/photos/abc.jpg": b"first"}


async def test_given_a_bucket_that_says_nothing_when_a_file_is_put_then_waiting_has_an_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        tell_of_bucket(monkeypatch, silent.getsockname()[1])
        started = time.perf_counter()

        with pytest.raises(Problem) as problem:
            await Blobs(BlobSettings(url="s3://photos", timeout_s=0.2)).put("photos/abc.jpg", b"first")

    assert problem.value.status == 503
    assert time.perf_counter() - started < SLACK_S
