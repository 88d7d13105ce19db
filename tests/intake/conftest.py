from collections.abc import AsyncGenerator
from pathlib import Path

import httpx2
import pytest

from tests.intake.posting import an_app, client_of
from tests.intake.residents import Door, a_door


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "blobs"


@pytest.fixture(params=["memory", "folder"])
async def intake(request: pytest.FixtureRequest, folder: Path) -> AsyncGenerator[httpx2.AsyncClient]:
    app = an_app(folder.as_uri() if request.param == "folder" else "memory:///")
    async with client_of(app) as client:
        yield client


@pytest.fixture(params=["memory", "folder"])
async def door(request: pytest.FixtureRequest, folder: Path) -> AsyncGenerator[Door]:
    door = a_door(folder.as_uri() if request.param == "folder" else "memory:///")
    async with door.http:
        yield door


@pytest.fixture
async def in_folder(folder: Path) -> AsyncGenerator[httpx2.AsyncClient]:
    async with client_of(an_app(folder.as_uri())) as client:
        yield client
