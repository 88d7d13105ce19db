"""One address before the services' own, as a gateway in front of several hosts has it, with the table that it needs."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, Final

import uvicorn
from fastapi import FastAPI, Request, Response

from deploy.dispatch import service_of
from deploy.local.ports import HOST
from tests.services import Platform
from tests.waiting import until

_OF_THE_CONNECTION: Final = {"connection", "content-length", "content-encoding", "transfer-encoding", "keep-alive"}


@asynccontextmanager
async def gateway(platform: Platform, port: int) -> AsyncGenerator[str]:
    """Gives its address."""
    server = uvicorn.Server(uvicorn.Config(_app(platform), HOST, port, log_level="warning", lifespan="off"))
    serving = asyncio.create_task(server.serve())
    try:
        await until(lambda: server.started)
        yield f"http://{HOST}:{port}"
    finally:
        server.should_exit = server.force_exit = True
        await serving


def _app(platform: Platform) -> FastAPI:
    app = FastAPI()

    @app.api_route("/{path:path}", methods=["GET", "HEAD", "POST"])
    async def forward(request: Request) -> Response:
        service = service_of(request.method, request.url.path)
        if service is None:
            return Response(status_code=404)
        answer = await platform.http[service].request(
            request.method,
            f"{request.url.path}?{request.url.query}" if request.url.query else request.url.path,
            content=await request.body(),
            headers=[(name, value) for name, value in request.headers.items() if name not in _OF_THE_CONNECTION],
            follow_redirects=False,
        )
        response: Any = Response(answer.content, answer.status_code)
        kept = [(name, value) for name, value in answer.headers.multi_items() if name not in _OF_THE_CONNECTION]
        # A client keeps cookies for itself; here they are the browser's.
        platform.http[service].cookies.clear()
        response.raw_headers += [(name.encode(), value.encode()) for name, value in kept]
        return response

    return app
