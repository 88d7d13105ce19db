"""What `ntbcare reporting` is given and shows: definitions, how far it is, what differs."""

import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

from deploy.commands.failures import WRONG_USE, CommandFailed
from deploy.commands.printing import output, progress_output, table
from services.reporting.domain.definitions import Definitions, GivenDefinitions
from services.reporting.domain.generations import Changed, Comparison, Unlike, over_all
from services.reporting.rebuilding.rebuild import Step
from shared.progress import Moment

_LINE_EVERY_S: Final = 10.0
_MOST: Final = 40
"""Differences that are listed; of more the number is told."""
_COUNTED: Final[dict[str, str]] = {
    Step.READING: "records",
    Step.COUNTING: "cases",
    # Of a recovery of routing, whose code is not loaded for it.
    "Bringing up": "records",
}


def read_definitions(file: Path) -> Definitions:
    """Raises CommandFailed."""
    try:
        return GivenDefinitions.model_validate_json(file.read_text(encoding="utf-8"))
    except ValidationError as error:
        faults = [f"{'.'.join(map(str, fault['loc'])) or 'it'}: {fault['msg']}" for fault in error.errors()[:5]]
        raise CommandFailed(f"{file} holds no definitions: {'; '.join(faults)}", code=WRONG_USE) from None


class Steps:
    """A bar on a terminal; elsewhere a line when a step begins, and every ten seconds."""

    def __init__(self) -> None:
        self._console: Console = progress_output()
        columns = SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[words]}")
        self._bars = Progress(*columns, console=self._console, transient=True)
        self._bar = self._bars.add_task("Starting", total=None, words="")
        self._step: str | None = None
        self._line_at = 0.0

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._console.is_terminal:
            self._bars.stop()

    def say(self, words: str) -> None:
        self._console.print(escape(words), highlight=False)

    def tell(self, moment: Moment) -> None:
        words, now = words_of(moment), time.monotonic()
        self._bars.update(
            self._bar,
            description=moment.step.value,
            completed=moment.done,
            total=moment.total or None,
            words=escape(words),
        )
        if not self._console.is_terminal and (moment.step is not self._step or now - self._line_at > _LINE_EVERY_S):
            self._line_at = now
            self.say(f"{moment.step.value}: {words}" if words else moment.step.value)
        self._step = moment.step


def words_of(moment: Moment) -> str:
    """`1 200 of 8 000 records (15 %), 9 500 a second, 1 s left`."""
    words: list[str] = []
    if moment.step in _COUNTED and moment.total:
        share = min(100, 100 * moment.done // moment.total)
        words.append(f"{_spaced(moment.done)} of {_spaced(moment.total)} {_COUNTED[moment.step]} ({share} %)")
    if moment.per_second:
        words.append(f"{_spaced(round(moment.per_second))} a second")
    if moment.seconds_left is not None:
        words.append(f"{_duration(moment.seconds_left)} left")
    if moment.waits:
        words.append(moment.waits)
    return ", ".join(words)


@contextmanager
def scanning(what: str) -> Generator[Callable[[int, int], None]]:
    """A bar that is told how much is done of how much; only on a terminal."""
    columns = TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %")
    console = progress_output()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
        bar = bars.add_task(what, total=None)

        def tell(done: int, total: int) -> None:
            bars.update(bar, completed=done, total=total)

        yield tell


def tell_comparison(comparison: Comparison, live: str, new: str) -> None:
    """Print what differs, old -> new, and whether anything does."""
    old, made = comparison.old, comparison.new
    typer.echo(f"Generation {live} (live) beside generation {new}: {old.cases} and {made.cases} cases,")
    received = over_all(old.totals).keys() | over_all(made.totals).keys()
    months = old.totals.keys() | made.totals.keys()
    typer.echo(f"{len(received)} figures in {len(months)} months, {comparison.sampled} whole cases.")
    if comparison.old_version != comparison.new_version:
        typer.echo(f"The definitions differ: {comparison.old_version} -> {comparison.new_version}.")
    if comparison.is_equal:
        typer.echo("Nothing differs.")
        return
    _print_changes([*comparison.totals, *comparison.months], "Month", "live -> new")
    _print_changes(comparison.new.wrong_sums, "Sums", "buckets -> sums")
    _print_unlike(comparison.unlike)
    if not comparison.is_settled:
        typer.echo("Events kept arriving meanwhile; what differs may only have been under way.")


def tell_findings(figures: Sequence[Changed], cases: Sequence[Unlike]) -> None:
    """Print what is not as it should be."""
    _print_changes(figures, "Bucket", "said -> counted anew")
    _print_unlike(cases)
    if not figures and not cases:
        typer.echo("All is as it should be.")


def _print_changes(changed: Sequence[Changed], where: str, moved: str) -> None:
    if not changed:
        return
    shown = table(where, "Figure", moved)
    for one in changed[:_MOST]:
        shown.add_row(escape(one.where or "all"), one.figure, f"{one.old} -> {one.new}")
    output().print(shown)
    if len(changed) > _MOST:
        typer.echo(f"and {len(changed) - _MOST} more numbers")


def _print_unlike(unlike: Sequence[Unlike]) -> None:
    if not unlike:
        return
    shown = table("Case", "Differs in")
    for one in unlike[:_MOST]:
        shown.add_row(one.ticket, ", ".join(one.fields))
    output().print(shown)
    if len(unlike) > _MOST:
        typer.echo(f"and {len(unlike) - _MOST} more cases")


def _spaced(number: int) -> str:
    return f"{number:,}".replace(",", " ")


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
