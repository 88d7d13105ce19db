"""`make fuzz RECORDS=100000 SEED=1`: mutated records to all consumers, and what became of each."""

import asyncio
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Final

from deploy.local.kafka.server import running_kafka
from deploy.local.mongod import running_mongod
from shared.settings import KafkaSettings
from tests.hostile.attack import Attack, attacked
from tests.hostile.checking import check
from tests.hostile.judging import Outcome, log_events

_MOST: Final = 25


async def run(records: int, seed: int) -> bool:
    with tempfile.TemporaryDirectory(prefix="ntbcare-fuzz-") as name:
        folder = Path(name)
        async with running_kafka(folder / "kafka") as kafka, running_mongod(folder / "mongodb") as mongod:
            topics = KafkaSettings(bootstrap=kafka.bootstrap, namespace="fuzz", partitions=3)
            began = time.monotonic()
            async with attacked(topics, mongod.uri, folder, records, seed) as (platform, attack):
                found = await check(platform, attack)
            seconds = time.monotonic() - began
            _tell(attack, found.outcomes, seconds)
            for line, number in log_events(folder.glob("*.log")).most_common(_MOST):
                print(f"  log {number:>6} {line}")
            for fault in found.faults[:_MOST]:
                print("FAULT", fault)
            return not found.faults


def _tell(attack: Attack, outcomes: dict[str, Outcome], seconds: float) -> None:
    print(f"sent {attack.sent}, refused by the broker {attack.refused}, good complaints {len(attack.good)}")
    print(f"all consumed, re-driven and verified within {seconds:.0f} s: {attack.sent / seconds:.0f} records a second")
    parked: Counter[str] = Counter()
    for service, outcome in outcomes.items():
        print(f"{service} {outcome.told()}")
        for reason, number in outcome.parked.items():
            parked[reason.partition(";")[0][:60]] += number
    for reason, number in parked.most_common(_MOST):
        print(f"  parked {number:>6} {reason}")


if __name__ == "__main__":
    sys.exit(0 if asyncio.run(run(int(sys.argv[1]), int(sys.argv[2]))) else 1)
