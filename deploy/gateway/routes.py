"""The gateway's table of services, written for nginx from the one table there is: `make diagrams`."""

import re
from pathlib import Path
from typing import Final

from deploy.dispatch import EVERYTHING_ELSE, NOT_OF_SERVICES, OPEN311, READ_BY_REPORTING, READING, SERVICE_OF

FILE: Final = Path(__file__).with_name("services.conf")
NOBODY: Final = "nobody"
_HEAD: Final = """# Written from deploy/dispatch.py by `make diagrams`; a test compares the two.
# Which service answers what, by method and path; the first row that fits counts.
map "$request_method $uri" $service {
"""


def rows() -> list[tuple[str, str]]:
    """Regular expressions over `<method> <path>`, each with the service that answers; the last fits everything."""
    open311 = "/" + "/".join(OPEN311)
    return [
        (f"^[^ ]+ /({_one_of(NOT_OF_SERVICES)})(/|$)", NOBODY),
        (rf"^({_one_of(READING)}) {open311}/({_one_of(READ_BY_REPORTING)})(\.[^/]*)?(/|$)", "reporting"),
        (f"^[^ ]+ {open311}(/|$)", "intake"),
        *((f"^[^ ]+ {re.escape(prefix)}(/|$)", service) for prefix, service in SERVICE_OF.items()),
        ("^", EVERYTHING_ELSE),
    ]


def written() -> str:
    return _HEAD + "".join(f'    "~{pattern}" {service};\n' for pattern, service in rows()) + "}\n"


def _one_of(words: tuple[str, ...]) -> str:
    return "|".join(map(re.escape, words))


if __name__ == "__main__":
    FILE.write_text(written(), encoding="utf-8")
