"""`ntbcare doctor`."""

from typing import Final

import typer
from rich.markup import escape

from deploy.commands.apps import command_app
from deploy.commands.options import DataOption
from deploy.commands.printing import facts, output, progress_output
from deploy.doctor import Finding, State, examine
from deploy.local.running import DATA_FOLDER

app = command_app()

_SIGNS: Final = {State.GOOD: "[green]✓[/]", State.MISSING: "[red]✗[/]", State.OPTIONAL: "[yellow]-[/]"}


@app.command()
def doctor(data: DataOption = DATA_FOLDER) -> None:
    """Say what this machine lacks to run NTB Care, and how to get it. Exit code 1 when anything needed is missing."""
    findings: list[Finding] = []
    with progress_output().status("Looking ..."):
        findings.extend(examine(data))
    told = facts()
    for finding in findings:
        told.add_row(_SIGNS[finding.state], finding.part, escape(finding.words))
    output().print(told)
    missing = sum(finding.state is State.MISSING for finding in findings)
    if missing:
        typer.echo(f"\n{missing} missing.")
        raise typer.Exit(1)
    typer.echo("\nNothing needed is missing.")
