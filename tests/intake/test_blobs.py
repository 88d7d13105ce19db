"""Where photos are kept. What holds for a folder holds for the memory that other tests use."""

import asyncio
import resource
import shutil
import socket
import time
from pathlib import Path

import pytest

from services.intake.blobs import Blobs
from services.intake.settings import BlobSettings
from shared.problems import Problem


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
    """Speaks as much of S3 as it takes to put and get a file."""

    def __init__(self) -> None:
        self.files = dict[str, bytes]()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().lower().split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines if line)
        method, path, _ = first.split()
        if method == "put":
            self.files[path] = await reader.readexactly(int(headers["content-length"]))
        status, content = ("200 OK", self.files[path]) if path in self.files else ("404 Not Found", b"")
        content = b"" if method == "put" else content
        head = f"HTTP/1.1 {status}\r\nETag: x\r\nLast-Modified: Fri, 27 Nov 2026 08:00:00 GMT\r\nConnection: close\r\n"
        writer.write(f"{head}Content-Length: {len(content)}\r\n\r\n".encode() + content)
        await writer.drain()
        writer.close()
        await writer.wait_closed()


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


async def test_given_a_bucket_that_says_nothing_when_a_file_is_put_then_waiting_has_an_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        tell_of_bucket(monkeypatch, silent.getsockname()[1])
        started = time.perf_counter()

        with pytest.raises(Problem) as problem:
            await Blobs(BlobSettings(url="s3://photos", timeout_s=0.2)).put("photos/abc.jpg", b"first")

    assert problem.value.status == 503
    assert time.perf_counter() - started < 2
