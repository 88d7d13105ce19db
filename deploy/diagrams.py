"""`docs/case-states.md` and `docs/notices.md`, drawn from the tables themselves: `make diagrams`."""

from pathlib import Path
from typing import Final

from services.notification.domain.rules import RULES, Rule
from services.routing.domain.table import PARTS, TABLE, Row
from shared.events.case import Status
from shared.events.notices import Recipient

PAGE: Final = Path("docs/case-states.md")
NOTICES_PAGE: Final = Path("docs/notices.md")
_STAYS: Final = "stays"
_HEAD: Final = """# States of a case

Drawn from the transition table (`services/routing/domain/table.py`) by `make diagrams`; a test compares the two.

A complaint is `received` and at once `assigned` by a rule or `in_triage`. What waits for the reporter becomes again
what it was. Breaches and steps of the ladder change no state.

"""
_NOTICES_HEAD: Final = """# Who is told what

Drawn from the table of rules (`services/notification/domain/rules.py`) by `make diagrams`; a test compares the two. Of
an event and a recipient the first row that fits counts. Whoever follows gets the public events of cases that are not
confidential, agencies' own systems get every event of their cases ([webhooks](webhooks.md)).

- **Now**, at any hour and to an agency on every way to whoever is on duty: urgent cases, and what somebody waits for at
  the screen.
- **Soon**, at once by day; what comes between 21:00 and 07:00 WITA waits for the morning: important cases, and
  everything to reporters.
- **Gathered** into one message at 08:00 and 13:00 of working days: ordinary cases, to those who work for government;
  what happens in a region, a category or at an agency that somebody follows.

An address gets 20 messages an hour; what is more comes as one when the hour is over (what is urgent, receipts and
answers always go). The hours and the number are settings (`NOTIFICATION_TIMING__…`). Everything but what is marked
"always" can be stopped by a link in the message, kind by kind, and started again by the same link; on a telephone
STOP and START are answered, of all kinds at once, and YA says that the number is one's own. A reporter is told on one
way, the one they prefer; if that fails for good, on the next one they gave. An office is told next where whoever is
on duty is reached, at last at its post. An officer who is absent, left or works elsewhere by now is not told: whoever
stands in for them is, else their office; so is the office where none of the officer's addresses works. The message says
whom it was for. Each address gets its messages in order. What every message says: `GET
/v1/notices/preview`.

A body that a complaint is about, and whatever stands below it, is told nothing of it; then the reporter is not told
either that the Sekda or the governor was.

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


def draw_notices() -> str:
    """Who is told what of which event, as Markdown."""
    head = ["| of the event | who | gets | if | always |", "|---|---|---|---|---|"]
    return _NOTICES_HEAD + "\n".join([*head, *(_notice(rule) for rule in RULES), ""])


def _notice(rule: Rule) -> str:
    event = rule.event.model_fields["type"].default.removesuffix(".v1")
    cells = (f"`{event}`", _said(rule.audience), f"`{rule.kind}`", rule.when.name, "yes" if rule.required else "")
    return "| " + " | ".join(cells) + " |"


def _said(audience: Recipient) -> str:
    return audience.replace("_", " ")


if __name__ == "__main__":
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(draw(), encoding="utf-8")
    NOTICES_PAGE.write_text(draw_notices(), encoding="utf-8")
