"""What all work of a sender has in common."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from services.notification.outlets import Outlet
from services.notification.queueing import Queueing
from services.notification.settings import OutletSettings
from services.notification.writing import Writing
from shared.events.notices import Channel


@dataclass(frozen=True, slots=True)
class Way:
    """A channel, and what goes out by it."""

    channel: Channel
    outlet: Outlet
    limits: OutletSettings
    writing: Writing


@dataclass(frozen=True, slots=True)
class Tools:
    """What all work of a sender has in common."""

    way: Way
    queueing: Queueing
    now: Callable[[], datetime]
    stopping: Callable[[], bool]
    released: Callable[[bool], None]
    """An address may be due again; told is whether something was put off."""
