"""The loop of `docs/open-data.md`, as it stands there, against the real API."""

import asyncio
import json
import re
import shutil
import sys
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import uvicorn
from fastapi import FastAPI

from deploy.local.ports import HOST, free_port
from services.reporting.api.cases import create_list_router
from services.reporting.drilling import Drilling
from tests.reporting.conftest import RULES, Projecting
from tests.reporting.samples import RECEIVED_AT, a_directory, a_step, hours, ticket
from tests.waiting import until

pytestmark = [
    pytest.mark.integration,
    pytest.mark.parametrize("mongo", ["motor"], indirect=True),
    pytest.mark.skipif(
        sys.platform != "linux" or not all(map(shutil.which, ("curl", "jq"))), reason="needs curl, jq and GNU date"
    ),
]
DOCUMENTATION = Path(__file__).parents[2] / "docs" / "open-data.md"


@pytest.fixture
async def address(projecting: Projecting) -> AsyncGenerator[str]:
    """Of a server with the list of cases."""
    app = FastAPI()
    drilling = Drilling(projecting.store, lambda: RULES.definitions)
    app.include_router(create_list_router(projecting.store, a_directory(), drilling))
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(app, host=HOST, port=port, log_config=None, lifespan="off"))
    serving = asyncio.create_task(server.serve())
    await until(lambda: server.started)
    yield f"http://{HOST}:{port}"
    server.should_exit = True
    await serving


async def follow(folder: Path, address: str) -> dict[str, dict[str, Any]]:
    """Run it once; the copy that somebody has who does as the documentation says."""
    [loop] = re.findall(r"```sh\n(#!/bin/sh\n.*?)```", DOCUMENTATION.read_text(encoding="utf-8"), re.DOTALL)
    script = loop.replace("https://ntbcare.example", address).replace("limit=200", "limit=3")
    process = await asyncio.create_subprocess_exec("sh", "-c", script, cwd=folder)
    assert await process.wait() == 0
    copy: dict[str, dict[str, Any]] = {}
    for line in (folder / "changes.jsonl").read_text(encoding="utf-8").splitlines():
        item: dict[str, Any] = json.loads(line)
        if "withdrawn_from_public" in item:
            copy.pop(item["ticket"], None)
        elif item["sequence"] >= copy.get(item["ticket"], item)["sequence"]:
            copy[item["ticket"]] = item
    return copy


async def test_given_a_copy_when_cases_change_and_one_becomes_confidential_then_the_loop_brings_it_up_to_date(
    projecting: Projecting, address: str, tmp_path: Path
) -> None:
    await projecting.take(*(a_step(number, 1, occurred_at=RECEIVED_AT + hours(number)) for number in range(10)))
    first = await follow(tmp_path, address)

    await projecting.take(
        a_step(2, 2, "resolved", occurred_at=RECEIVED_AT + hours(20)),
        a_step(3, 2, "case.restricted.v1", confidential=True, occurred_at=RECEIVED_AT + hours(21)),
        a_step(11, 1, occurred_at=RECEIVED_AT + hours(22)),
    )
    second = await follow(tmp_path, address)

    async with httpx2.AsyncClient(base_url=address) as client:
        public = {item["ticket"]: item for item in (await client.get("/v1/cases?limit=200")).json()["items"]}
    assert sorted(first) == sorted(ticket(number) for number in range(10))
    assert second == public
    assert ticket(3) not in second
    assert second[ticket(2)]["sequence"] == 2
