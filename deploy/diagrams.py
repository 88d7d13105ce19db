"""`docs/case-states.md`, drawn from the transition table itself: `make diagrams`."""

from pathlib import Path
from typing import Final

from services.routing.domain.table import PARTS, TABLE, Row
from shared.events.case import Status

PAGE: Final = Path("docs/case-states.md")
_STAYS: Final = "stays"
_HEAD: Final = """# States of a case

Drawn from the transition table (`services/routing/domain/table.py`) by `make diagrams`; a test compares the two.

A complaint is `received` and at once `assigned` by a rule or `in_triage`. What waits for the reporter becomes again
what it was. Breaches and steps of the ladder change no state.

"""


def draw() -> str:
    """The whole page, as Markdown with a Mermaid diagram."""
    return _HEAD + "\n".join([*_diagram(), "", *_table("Actions", TABLE), "", *_table("Actions on a part", PARTS), ""])


def _diagram() -> list[str]:
    arrows: dict[tuple[Status, Status], list[str]] = {
        (Status.RECEIVED, Status.ASSIGNED): ["rule"],
        (Status.RECEIVED, Status.IN_TRIAGE): ["no rule"],
    }
    for row in TABLE:
        for source in _in_order(row.source):
            for to in _in_order(row.to):
                actions = arrows.setdefault((source, to), [])
                if row.action not in actions:
                    actions.append(row.action)
    lines = [f"    {source} --> {to}: {', '.join(actions)}" for (source, to), actions in arrows.items()]
    return ["```mermaid", "stateDiagram-v2", "    [*] --> received", *lines, "```"]


def _table(title: str, rows: tuple[Row, ...]) -> list[str]:
    head = [f"## {title}", "", "| action | by | from | to | if | tells |", "|---|---|---|---|---|---|"]
    return [*head, *(_line(row) for row in rows)]


def _line(row: Row) -> str:
    cells = (
        f"`{row.action}`",
        ", ".join(sorted(row.roles)),
        ", ".join(_in_order(row.source)),
        ", ".join(_in_order(row.to)) or _STAYS,
        ", ".join(guard.name for guard in row.guards),
        ", ".join(sorted(kind.model_fields["type"].default.removesuffix(".v1") for kind in row.emits)),
    )
    return "| " + " | ".join(cells) + " |"


def _in_order(states: frozenset[Status]) -> list[Status]:
    return [state for state in Status if state in states]


if __name__ == "__main__":
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(draw(), encoding="utf-8")
