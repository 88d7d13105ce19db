"""`ntbcare secrets`."""

from pathlib import Path
from typing import Annotated

import typer

from deploy.commands.apps import command_app
from deploy.secret_files import make_secrets

app = command_app()


@app.command()
def make(
    folder: Annotated[Path, typer.Option("--folder", file_okay=False, help="Where they lie, one a file.")] = Path(
        "deploy/secrets"
    ),
) -> None:
    """Make the secrets that are missing. Those that are there stay: tickets and tracking codes depend on them."""
    made = make_secrets(folder)
    typer.echo(f"Made in {folder}: {', '.join(made)}." if made else f"Every secret is in {folder}.")
    typer.echo("Keep a copy where the server is not. Without it no ticket or tracking code can be checked.")
