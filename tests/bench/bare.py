"""The least that could accept a complaint: read JSON, write the same two records one after the other, answer 202.

`uvicorn tests.bench.bare:app`; `BARE_BOOTSTRAP` and `BARE_NAMESPACE` say where to, `BARE_SAMPLES` is a file of the
values and headers that intake wrote.
"""

import base64
import json
import os
import secrets
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from aiokafka import AIOKafkaProducer
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

Sample = tuple[str, bytes, list[tuple[str, bytes]]]
"""Topic, value and headers."""


def read_samples() -> list[Sample]:
    told = json.loads(Path(os.environ["BARE_SAMPLES"]).read_text())
    decoded = base64.b64decode
    return [
        (topic, decoded(value), [(name, decoded(text)) for name, text in headers]) for topic, value, headers in told
    ]


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncGenerator[None]:
    producer = AIOKafkaProducer(
        bootstrap_servers=os.environ["BARE_BOOTSTRAP"], acks="all", enable_idempotence=True, linger_ms=0
    )
    await producer.start()
    app.state.producer, app.state.samples = producer, read_samples()
    yield
    await producer.stop()


async def accept(request: Request) -> JSONResponse:
    await request.json()
    ticket = secrets.token_hex(7)
    for topic, value, headers in request.app.state.samples:
        await (await request.app.state.producer.send(topic, value, key=ticket.encode(), headers=headers))
    return JSONResponse({"ticket": ticket}, 202)


app = Starlette(routes=[Route("/v1/complaints", accept, methods=["POST"])], lifespan=lifespan)
