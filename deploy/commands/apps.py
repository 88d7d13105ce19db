"""What all subcommands have in common."""

import typer


def command_app(description: str | None = None) -> typer.Typer:
    """Of one command, or with a description of several under one name."""
    return typer.Typer(
        help=description,
        no_args_is_help=description is not None,
        add_completion=False,
        rich_markup_mode="markdown",  # joins the lines of a paragraph
    )
