"""`make bench BENCH=<name>`: runs one benchmark and closes with one JSON line of what it saw."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import Any, Final

import uvloop

from tests.bench import (
    accept,
    alike,
    burst,
    dashboard,
    idle,
    lifecycle,
    notify,
    project,
    queues,
    rebuild,
    route,
    surge,
    traces,
    visible,
)
from tests.bench.figures import closing_line

BENCHES: Final[dict[str, Callable[[], Awaitable[dict[str, Any]]]]] = {
    "accept": accept.run,
    "alike": alike.run,
    "burst": burst.run,
    "visible": visible.run,
    "project": project.run,
    "rebuild": rebuild.run,
    "route": route.run,
    "surge": surge.run,
    "traces": traces.run,
    "lifecycle": lifecycle.run,
    "notify": notify.run,
    "queues": queues.run,
    "dashboard": dashboard.run,
    "idle": idle.run,
}


def main() -> None:
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    if name not in BENCHES:
        sys.exit(f"Which benchmark? make bench BENCH=<name>, one of: {', '.join(BENCHES)}")

    async def run() -> dict[str, Any]:
        return await BENCHES[name]()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        figures = runner.run(run())
    print(closing_line(name, figures))


if __name__ == "__main__":
    main()
