"""The `ntbcare` command. Each subcommand's module is imported only when it is asked for: a start takes 0.2 s, not 2."""

from importlib import import_module
from typing import Any, Final

import typer
from typer.core import TyperGroup

COMMANDS: Final = {
    "up": "deploy.commands.up",
    "submit": "deploy.commands.submit",
    "track": "deploy.commands.track",
    "intake": "deploy.commands.intake",
    "demo": "deploy.commands.demo",
    "clients": "deploy.commands.clients",
    "token": "deploy.commands.token",
    "door": "deploy.commands.door",
    "setup": "deploy.commands.setup",
    "secrets": "deploy.commands.secrets",
    "topics": "deploy.commands.topics",
    "dead-letters": "deploy.commands.dead_letters",
    "consumers": "deploy.commands.consumers",
    "reporting": "deploy.commands.reporting",
    "routing": "deploy.commands.routing",
    "notification": "deploy.commands.notification",
    "backup": "deploy.commands.backup",
    "restore": "deploy.commands.restore",
    "erase": "deploy.commands.erase",
    "doctor": "deploy.commands.doctor",
}


class _Commands(TyperGroup):
    """Finds commands by name, and says in a sentence what went wrong where that could be foreseen."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - the signature is the library's
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 - as above
        if cmd_name not in COMMANDS:
            return None
        command = typer.main.get_command(import_module(COMMANDS[cmd_name]).app)
        command.name = cmd_name
        return command

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except Exception as error:
            # Imported late: it knows the errors of every library.
            code = import_module("deploy.commands.failures").say(error)
            if code is None:
                raise
            raise typer.Exit(code) from None


app = typer.Typer(
    name="ntbcare",
    cls=_Commands,
    help="NTB Care on this machine, and its upkeep. Start with: ntbcare up",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback()
def _root() -> None:
    """Everything is a subcommand."""
