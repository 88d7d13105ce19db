"""A server with an endless answer under way, as a process of its own that is asked to end."""

import signal
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest

from deploy.local.ports import HOST, free_port
from tests.waiting import until

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]
APP = """
import asyncio
from contextlib import asynccontextmanager
from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from shared.leaving import told_when_leaving

leaving = asyncio.Event()

@asynccontextmanager
async def lifespan(_):
    with told_when_leaving(leaving.set):
        yield
    print("ended in order", flush=True)

app = FastAPI(lifespan=lifespan)

@app.get("/")
async def endless():
    async def parts():
        yield "first"
        await leaving.wait()
        yield "last"
    return StreamingResponse(parts())
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_given_an_endless_answer_when_the_server_is_asked_to_end_then_it_hears_so_and_all_ends_in_order(
    number: signal.Signals, tmp_path: Path
) -> None:
    (tmp_path / "endless.py").write_text(APP)
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "endless:app", "--app-dir", str(tmp_path), "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        async with httpx2.AsyncClient(base_url=f"http://{HOST}:{port}") as client:
            await until(lambda: answers(client))
            async with client.stream("GET", "/") as answer:
                parts = answer.aiter_text()
                first = await anext(parts)
                server.send_signal(number)
                left = [part async for part in parts]
        said, _ = server.communicate(timeout=60)

    assert (first, left) == ("first", ["last"])
    assert "ended in order" in said


async def answers(client: httpx2.AsyncClient) -> bool:
    try:
        return (await client.get("/openapi.json")).status_code == 200
    except httpx2.TransportError:
        return False
