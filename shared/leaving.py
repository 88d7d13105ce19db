"""Hearing that the server leaves before it waits for the answers under way: a stream would keep it waiting."""

import asyncio
import signal
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Final

import uvicorn

_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)
_LEADS_THERE: Final = "leads_to_uvicorn"
"""Of our own handlers: several may hear of it."""


@contextmanager
def told_when_leaving(tell: Callable[[], None]) -> Generator[None]:
    """While the block runs, `tell` is called in the loop as soon as a signal asks uvicorn to end.

    Uvicorn tells an app so only when all its answers are complete. Beneath another server, or where signals are not
    uvicorn's, nothing happens: whoever runs it limits how long it waits.
    """
    loop = asyncio.get_running_loop()
    handlers = {number: handler for number in _SIGNALS if (handler := _handler_of_uvicorn(number))}

    def leave(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(tell)
        handlers[signal.Signals(number)](number, frame)

    setattr(leave, _LEADS_THERE, True)
    try:
        for number in handlers:
            signal.signal(number, leave)
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


def _handler_of_uvicorn(number: signal.Signals) -> Callable[[int, FrameType | None], Any] | None:
    """Signals can only be listened to from the main thread."""
    handler: Any = signal.getsignal(number)
    leads_there = isinstance(getattr(handler, "__self__", None), uvicorn.Server) or hasattr(handler, _LEADS_THERE)
    return handler if leads_there and threading.current_thread() is threading.main_thread() else None
