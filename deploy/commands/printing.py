"""How the commands print: for a person on a terminal, and whole where the output goes elsewhere."""

import sys

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

_WIDE = 240


def output() -> Console:
    """Standard output. Where it is no terminal nothing is cut or wrapped to a width that nobody has."""
    return Console(soft_wrap=True, highlight=False, width=None if sys.stdout.isatty() else _WIDE)


def progress_output() -> Console:
    """Standard error, so that progress never mixes with results."""
    return Console(stderr=True)


def table(*columns: str, title: str | None = None) -> Table:
    """A table whose first column is never cut: it holds what is typed again."""
    made = Table(box=SIMPLE_HEAD, title=title, title_justify="left", title_style="bold", pad_edge=False)
    for number, column in enumerate(columns):
        made.add_column(column, no_wrap=number == 0)
    return made


def facts() -> Table:
    """Names and values below each other."""
    return Table.grid(padding=(0, 2))
