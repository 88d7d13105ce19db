"""Python reads this at its start where the folder is on PYTHONPATH: its clock then goes as wrong as a file says.

Only what tells the time of day goes wrong. Clocks that count how long something lasts are left alone.
"""

import os
import threading
import time
from pathlib import Path

import time_machine

_EVERY_S = 0.2


def _follow(file: Path) -> None:
    told, travel = "0", None
    while True:
        if (now := file.read_text().strip() or told) != told:
            told = now
            if travel is not None:
                travel.stop()
            travel = time_machine.travel(time.time() + int(told), tick=True) if int(told) else None
            if travel is not None:
                travel.start()
        time.sleep(_EVERY_S)


if "NTBCARE_WRONG_CLOCK" in os.environ:
    threading.Thread(target=_follow, args=(Path(os.environ["NTBCARE_WRONG_CLOCK"]),), daemon=True).start()
