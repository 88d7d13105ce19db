"""Whether a service is alive (else restart it) and ready (else send it no work), each with its reasons."""

import asyncio
from collections.abc import Awaitable, Callable

from shared.metrics import READY

Check = Callable[[], Awaitable[str | None]]
"""Returns why not, or None."""


class Health:
    """The reasons of one service. None means well."""

    def __init__(self, service: str) -> None:
        self._service = service
        self._alive: dict[str, Check] = {}
        self._ready: dict[str, Check] = {}

    def add(self, name: str, *, ready: Check | None = None, alive: Check | None = None) -> None:
        if ready:
            self._ready[name] = ready
        if alive:
            self._alive[name] = alive

    async def why_not_alive(self) -> dict[str, str]:
        return await _reasons(self._alive)

    async def why_not_ready(self) -> dict[str, str]:
        reasons = await _reasons(self._ready)
        READY.labels(self._service).set(0 if reasons else 1)
        return reasons


async def _reasons(checks: dict[str, Check]) -> dict[str, str]:
    reasons = await asyncio.gather(*(check() for check in checks.values()))
    return {name: reason for name, reason in zip(checks, reasons, strict=True) if reason is not None}
