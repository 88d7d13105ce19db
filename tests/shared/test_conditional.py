"""ETags, 304 and HEAD, given to whole answers from outside."""

import asyncio
import gzip
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse, StreamingResponse
from starlette.middleware.gzip import GZipMiddleware

from shared.conditional import Conditional

CACHED = {"Cache-Control": "public, max-age=30", "Vary": "Accept-Language", "X-Other": "1"}

PIECES = 1_000


class Source:
    """What the routes tell, and how far a stream was read."""

    def __init__(self) -> None:
        self.number = 1
        self.pieces = 0


@pytest.fixture
def source() -> Source:
    return Source()


@pytest.fixture
async def client(source: Source) -> AsyncGenerator[httpx2.AsyncClient]:
    app = FastAPI()

    @app.get("/cached")
    async def cached() -> Response:
        return JSONResponse({"number": source.number, "much": "x" * 2_000}, headers=CACHED)

    @app.get("/private")
    async def private() -> Response:
        return JSONResponse({"number": 1}, headers={"Cache-Control": "no-store"})

    @app.get("/marked")
    async def marked() -> Response:
        return JSONResponse({}, headers=CACHED | {"ETag": 'W/"own"'})

    @app.get("/missing")
    async def missing() -> Response:
        return JSONResponse({}, 404, headers=CACHED)

    @app.get("/stream")
    async def stream() -> Response:
        async def pieces() -> AsyncIterator[str]:
            for _ in range(PIECES):
                source.pieces += 1
                yield "piece"
                await asyncio.sleep(0)

        return StreamingResponse(pieces(), headers=CACHED)

    app.add_middleware(GZipMiddleware, minimum_size=1_000)
    app.add_middleware(Conditional)
    transport: Any = httpx2.ASGITransport(app=app)
    headers = {"Accept-Encoding": "identity"}
    async with httpx2.AsyncClient(transport=transport, base_url="http://test", headers=headers) as opened:
        yield opened


async def test_given_an_answer_when_it_is_asked_for_again_then_nothing_is_sent_until_it_changes(
    client: httpx2.AsyncClient, source: Source
) -> None:
    first = await client.get("/cached")
    mark = first.headers["ETag"]
    same = await client.get("/cached", headers={"If-None-Match": f'"other", W/{mark}'})
    source.number = 2
    changed = await client.get("/cached", headers={"If-None-Match": mark})

    assert mark.startswith('"')
    assert (same.status_code, same.content, same.headers["ETag"]) == (304, b"", mark)
    assert (same.headers["Cache-Control"], same.headers["Vary"]) == (CACHED["Cache-Control"], first.headers["Vary"])
    assert "content-length" not in same.headers
    assert "x-other" not in same.headers
    assert changed.json()["number"] == 2
    assert changed.headers["ETag"] != mark


async def test_given_any_mark_when_everything_is_named_then_nothing_is_sent(client: httpx2.AsyncClient) -> None:
    assert (await client.get("/cached", headers={"If-None-Match": "*"})).status_code == 304


@pytest.mark.parametrize("path", ["/private", "/missing", "/stream"])
async def test_given_an_answer_that_no_cache_keeps_when_it_is_sent_then_it_has_no_mark(
    client: httpx2.AsyncClient, path: str
) -> None:
    answer = await client.get(path, headers={"If-None-Match": "*"})

    assert answer.content
    assert "etag" not in answer.headers


async def test_given_an_answer_with_a_mark_of_its_own_when_it_is_sent_then_it_keeps_it(
    client: httpx2.AsyncClient,
) -> None:
    assert (await client.get("/marked")).headers["ETag"] == 'W/"own"'


async def test_given_two_encodings_when_they_are_asked_for_then_each_has_its_own_mark(
    client: httpx2.AsyncClient,
) -> None:
    plain = await client.get("/cached")
    packed = await client.get("/cached", headers={"Accept-Encoding": "gzip"})

    assert packed.headers["Content-Encoding"] == "gzip"
    assert packed.headers["ETag"] != plain.headers["ETag"]
    assert packed.json() == plain.json()
    assert len(gzip.compress(plain.content)) < len(plain.content)


@pytest.mark.parametrize("path", ["/cached", "/private", "/missing"])
async def test_given_a_route_when_only_its_head_is_asked_for_then_all_is_told_but_the_body(
    client: httpx2.AsyncClient, path: str
) -> None:
    whole, head = await client.get(path), await client.head(path)

    assert head.content == b""
    assert (head.status_code, dict(head.headers)) == (whole.status_code, dict(whole.headers))


async def test_given_a_stream_when_only_its_head_is_asked_for_then_it_is_not_read_to_its_end(
    client: httpx2.AsyncClient, source: Source
) -> None:
    head = await client.head("/stream")

    assert (head.status_code, head.content, head.headers["Cache-Control"]) == (200, b"", CACHED["Cache-Control"])
    assert source.pieces < PIECES


async def test_given_a_route_that_is_not_there_when_its_head_is_asked_for_then_that_is_said(
    client: httpx2.AsyncClient,
) -> None:
    assert (await client.head("/elsewhere")).status_code == 404
