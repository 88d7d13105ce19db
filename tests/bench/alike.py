"""How good the joining of alike complaints is, at every measure: on the tuning pairs, and on those never tuned on."""

from typing import Any

from services.routing.domain.alike import Measure
from tests.routing.alike_pairs import all_pairs
from tests.routing.alike_quality import curve, quality


async def run() -> dict[str, Any]:
    for held_out in (False, True):
        print("held out" if held_out else "tuning")
        for at in curve(held_out=held_out):
            print(f"  {at}")
    held_out = [pair for pair in all_pairs() if pair.held_out]
    found = quality(held_out, Measure().enough)
    told = {"precision": round(found.precision, 3), "recall": round(found.recall, 3), "enough": found.enough}
    return told | {"pairs": len(all_pairs()), "held_out": len(held_out)}
