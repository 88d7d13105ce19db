"""The process that the benchmark `rebuild` watches: fills a new generation and says how far it is and what it takes."""

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Final

import uvloop

from services.reporting.rebuilding.rebuild import Rebuild, Step, generation_to_fill
from services.reporting.store import Store
from shared.cluster import looking_at
from shared.logs import configure_logs
from shared.memory import settle_memory
from shared.mongo import MongoSettings
from shared.progress import Moment
from shared.settings import KafkaSettings

_EVERY_S: Final = 0.1


def say(step: str, read: int) -> None:
    status = Path("/proc/self/status").read_text()
    resident = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
    mebibytes = int(resident.split()[1]) / 1024
    print(json.dumps({"step": step, "seconds": time.perf_counter(), "read": read, "mebibytes": mebibytes}))


async def main(kafka: KafkaSettings, mongo: MongoSettings) -> None:
    configure_logs("error")
    moments: list[Moment] = []
    async with looking_at(kafka) as cluster, Store(mongo).open(begin=False) as store:
        work = Rebuild(store, cluster, await generation_to_fill(store, None, None), moments.append)
        async with work.running():
            settle_memory()
            say("began", work.read)
            filling = asyncio.create_task(work.fill())
            while not filling.done():
                say("reads" if work.step is Step.READING else "read", work.read)
                await asyncio.wait({filling}, timeout=_EVERY_S)
            await filling
            say("counted", work.read)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main(KafkaSettings.model_validate_json(sys.argv[1]), MongoSettings.model_validate_json(sys.argv[2])))
