"""`ntbcare track`."""

import asyncio
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from deploy.commands.apps import command_app
from deploy.commands.failures import WRONG_USE, CommandFailed
from deploy.commands.http import connect, read
from deploy.commands.options import UrlOption, url_of
from deploy.commands.printing import facts, output, table
from shared.ids import parse_ticket
from shared.wita import WITA

app = command_app()

_WAIT_S: Final = 30
_PROMISES: Final = {
    "response": "First answer",
    "verification": "Verification",
    "first_follow_up": "First follow-up",
    "resolution": "Resolution",
}


@app.command()
def track(
    ticket: Annotated[str, typer.Argument(help="As on the receipt; dashes and capitals do not matter.")],
    code: Annotated[
        str | None,
        typer.Option(envvar="NTBCARE_TRACKING_CODE", help="The tracking code: shows what only the reporter may see."),
    ] = None,
    *,
    wait: Annotated[
        bool, typer.Option("--wait", help=f"Wait up to {_WAIT_S} s for a case that is not there yet.")
    ] = False,
    url: UrlOption = None,
) -> None:
    """Print what became of a complaint: its status, its promises with their dates, its history."""
    try:
        known = parse_ticket(ticket)
    except ValueError as error:
        raise CommandFailed(f"This is no ticket: {error}", code=WRONG_USE) from None
    case = asyncio.run(_ask(url_of(url), known, code, _WAIT_S if wait else 0))
    _print(case, output())


async def _ask(url: str, ticket: str, code: str | None, wait_s: int) -> dict[str, Any]:
    headers = {"X-Tracking-Code": code} if code else {}
    async with connect(url) as client:
        return read(await client.get(f"/v1/cases/{ticket}", params={"wait": wait_s}, headers=headers))


def _print(case: dict[str, Any], console: Console) -> None:
    told = facts()
    for name, value in _facts(case):
        told.add_row(name, escape(value))
    console.print(told)
    if case["promises"]:
        console.print(_promises(case["promises"]))
    if case["history"]:
        console.print(_history(case["history"]))
    reporter = case.get("reporter")
    if reporter and reporter["notices"]:
        console.print(_notices(reporter["notices"]))


def _facts(case: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield "Ticket", f"{case['ticket']} (times are WITA)"
    yield "Status", case["status"]
    for name, field in (("Category", "category"), ("Region", "region"), ("Agency", "agency")):
        if case[field]:
            yield name, _named(case[field], case[f"{field}_name"])
    if case["urgency"]:
        yield "Urgency", case["urgency"]
    if case["received_at"]:
        yield "Received", _time(case["received_at"])
    reporter = case.get("reporter")
    if reporter:
        yield "Written", reporter["text"] or ("(erased)" if reporter["text_erased"] else "(not here yet)")


def _promises(promises: list[dict[str, Any]]) -> Table:
    shown = table("Promise", "Due", "Met", "", title="Promises")
    for promise in promises:
        outcome = {True: "kept", False: "late", None: "open"}[promise["kept"]]
        met = _time(promise["met_at"]) if promise["met_at"] else ""
        shown.add_row(_PROMISES.get(promise["kind"], promise["kind"]), _time(promise["due_at"]), met, outcome)
    return shown


def _history(steps: list[dict[str, Any]]) -> Table:
    shown = table("", "When", "What", "By", "Status then", "Words", title="History")
    for step in steps:
        what = step["type"].removeprefix("case.").removesuffix(".v1").replace("_", " ")
        who = " of ".join(part for part in (step["actor"], step["actor_agency"]) if part)
        cells = (str(step["sequence"]), _time(step["at"]), what, who, step["status"], step["words"] or "")
        shown.add_row(*(escape(cell) for cell in cells))
    return shown


def _notices(notices: list[dict[str, Any]]) -> Table:
    shown = table("Message", "When", "By", "To", "Outcome", title="Messages")
    for notice in notices:
        outcome = notice["type"].removeprefix("notice.").removesuffix(".v1")
        why = f" ({notice['reason']})" if notice["reason"] else ""
        cells = (notice["kind"], _time(notice["at"]), notice["channel"], notice["recipient"], outcome + why)
        shown.add_row(*(escape(cell) for cell in cells))
    return shown


def _named(code: str, name: Any) -> str:
    words = name.get("en") if isinstance(name, dict) else name
    return f"{words} ({code})" if words else code


def _time(moment: str) -> str:
    return f"{datetime.fromisoformat(moment).astimezone(WITA):%a %d %b %Y %H:%M}"
