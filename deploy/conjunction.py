"""Whether all services together are alive and ready: what each says, asked in the process."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

import httpx2
from fastapi import FastAPI

_PATIENCE_S: Final = 10.0
_OK: Final = 200

Reasons = dict[str, dict[str, str]]
"""Why not, by service and by part of it. A service that is well is not in."""


async def ask_all(apps: Mapping[str, FastAPI], path: str) -> Reasons:
    """Ask every service's `/livez` or `/readyz`."""
    answers = await asyncio.gather(*(_ask(app, path) for app in apps.values()))
    return {name: reasons for name, reasons in zip(apps, answers, strict=True) if reasons}


async def _ask(app: FastAPI, path: str) -> dict[str, str]:
    transport = httpx2.ASGITransport(app)
    try:
        async with asyncio.timeout(_PATIENCE_S), httpx2.AsyncClient(transport=transport, base_url="http://-") as client:
            answer = await client.get(path)
    except TimeoutError:
        return {"answer": f"none within {_PATIENCE_S:.0f} s"}
    except Exception as error:  # noqa: BLE001 - one service's fault must not hide what the others say
        return {"answer": type(error).__name__}
    return {} if answer.status_code == _OK else _read(answer)


def _read(answer: httpx2.Response) -> dict[str, str]:
    try:
        told: Any = answer.json()
        return {str(part): str(why) for part, why in told["reasons"].items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        return {"answer": f"status {answer.status_code}"}
