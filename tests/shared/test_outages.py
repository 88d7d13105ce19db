from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from pymongo.errors import OperationFailure, PyMongoError, ServerSelectionTimeoutError

from shared.outages import answer_outages
from shared.problems import install_problems


async def ask(error: PyMongoError) -> httpx2.Response:
    """Of a service whose store fails so."""
    app = FastAPI()
    install_problems(app)
    answer_outages(app)

    @app.get("/")
    async def fail() -> None:
        raise error

    transport: Any = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://reporting") as client:
        return await client.get("/")


async def test_given_a_database_that_is_away_when_it_is_asked_then_the_answer_is_to_try_again() -> None:
    away = ServerSelectionTimeoutError("no primary at mongo-0.internal")

    answer = await ask(away)

    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert "internal" not in answer.text


@pytest.mark.filterwarnings("ignore")
async def test_given_a_bug_when_the_database_refuses_then_the_answer_does_not_promise_that_it_passes() -> None:
    refused = OperationFailure("unknown operator", code=2)

    answer = await ask(refused)

    assert answer.status_code == 500
