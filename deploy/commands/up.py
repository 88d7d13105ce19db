"""`ntbcare up`."""

import asyncio
import logging
import os
import shutil
import signal
import sys
import time
from typing import Annotated, Final

import typer
import uvloop
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from deploy.commands.apps import command_app
from deploy.commands.failures import say
from deploy.commands.options import DataOption
from deploy.local.cache import cache_folder
from deploy.local.kafka.program import is_prepared
from deploy.local.mongod import uri_of
from deploy.local.plan import Plan, Step
from deploy.local.ports import HOST
from deploy.local.running import DATA_FOLDER
from deploy.local.stack import Stack, running_stack
from deploy.tasks import together

app = command_app()

_LOWEST, _HIGHEST = 1, 65535
_READY_WITHIN_S: Final = 60.0
_INTERRUPTED: Final = 130


def _port(name: str, envvar: str, what: str) -> typer.models.OptionInfo:
    return typer.Option(name, envvar=envvar, min=_LOWEST, max=_HIGHEST, help=f"Port of {what} on 127.0.0.1.")


@app.command()
def up(
    port: Annotated[int, _port("--port", "PORT", "the web server")] = 8000,
    kafka_port: Annotated[int, _port("--kafka-port", "KAFKA_PORT", "Kafka")] = 9092,
    mongo_port: Annotated[int, _port("--mongo-port", "MONGO_PORT", "MongoDB")] = 27017,
    smtp_port: Annotated[int, _port("--smtp-port", "SMTP_PORT", "the mail sink")] = 1025,
    *,
    data: DataOption = DATA_FOLDER,
) -> None:
    """Start Apache Kafka, MongoDB and the four services on this machine, until Ctrl-C.

    Everything listens on 127.0.0.1 only. What was submitted is there again at the next start. Mail goes nowhere: it is
    shown at /-/messages, with what goes to telephones and agencies' own systems.
    """
    plan = Plan(data.resolve(), port, kafka_port, mongo_port, smtp_port)
    console = Console(stderr=True)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        code = runner.run(_run(plan, console))
        # All is stopped and written. Whatever the services left behind could still hold up the end of the loop, and
        # the interpreter would take 3 s more to give back the memory of what was loaded.
        logging.shutdown()
        os._exit(code)


async def _run(plan: Plan, console: Console) -> int:
    """The exit code, when a signal or a failure has stopped it. A signal cancels the work; its blocks end in order."""
    failure = _Failure()
    work = asyncio.create_task(_work(plan, console, failure))
    signals = _Signals(work, console)
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, signals.stop)
    try:
        await work
    except asyncio.CancelledError:
        console.print(f"Stopped in {time.monotonic() - signals.at:.1f} s. The data stays in {plan.folder}.")
    except Exception:
        if failure.code is None:
            raise
    return failure.code or 0


class _Failure:
    """Why it cannot go on, said as soon as it is known. `code` stays None where nobody foresaw it."""

    def __init__(self) -> None:
        self.code: int | None = None

    def tell(self, error: Exception) -> None:
        self.code = say(error)
        if self.code is not None:
            Console(stderr=True).print("Stopping ...")


class _Signals:
    """The first signal ends everything in order; the second one at once, which Kafka and MongoDB survive."""

    def __init__(self, work: asyncio.Task[None], console: Console) -> None:
        self._work = work
        self._console = console
        self.at = 0.0

    def stop(self) -> None:
        if self.at:
            os._exit(_INTERRUPTED)
        self.at = time.monotonic()
        self._console.print("\nStopping (again Ctrl-C: at once) ...")
        self._work.cancel()


async def _work(plan: Plan, console: Console, failure: _Failure) -> None:
    steps = _Steps(console)

    def tell(error: Exception) -> None:
        steps.end()
        failure.tell(error)

    try:
        async with running_stack(plan, steps.done, tell) as stack:
            await together(
                stack.watch(lambda words: console.print(escape(words), soft_wrap=True)),
                _welcome_when_ready(plan, console, stack, steps),
            )
    finally:
        steps.end()


async def _welcome_when_ready(plan: Plan, console: Console, stack: Stack, steps: "_Steps") -> None:
    reasons = await _until_ready(stack)
    steps.end()
    _welcome(plan, console, steps.seconds)
    if reasons:
        console.print(f"[bold red]Not ready yet:[/] {escape(str(reasons))}. More at {plan.url}/readyz")


class _Steps:
    """How far the start is: bars on a terminal, lines elsewhere."""

    def __init__(self, console: Console) -> None:
        columns = SpinnerColumn(finished_text="[green]✓[/]"), TextColumn("{task.description}"), BarColumn()
        self._console = console
        self._began = time.monotonic()
        self._progress = Progress(*columns, TimeElapsedColumn(), console=console, transient=True)
        self._tasks = {step: self._progress.add_task(_described(step), total=None) for step in Step}
        if console.is_terminal:
            self._progress.start()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._began

    def done(self, step: Step) -> None:
        self._progress.update(self._tasks[step], total=1, completed=1)
        if not self._console.is_terminal:
            self._console.print(f"{step}: up after {self.seconds:.1f} s")

    def end(self) -> None:
        self._progress.stop()


async def _until_ready(stack: Stack) -> dict[str, dict[str, str]]:
    """Why it is not ready after a minute; empty as soon as it is."""
    deadline = time.monotonic() + _READY_WITHIN_S
    while (reasons := await stack.platform.why_not_ready()) and time.monotonic() < deadline:  # noqa: ASYNC110 - it is asked, it does not tell
        await asyncio.sleep(0.1)
    return reasons


def _described(step: Step) -> str:
    if step is Step.KAFKA and not is_prepared(cache_folder()):
        return f"{step} (first time: downloads about 50 MB)"
    return step


def _welcome(plan: Plan, console: Console, seconds: float) -> None:
    command = "ntbcare" if shutil.which("ntbcare") else os.path.relpath(sys.argv[0])
    console.print(f"[bold green]NTB Care runs.[/] It was ready after {seconds:.1f} s. Stop it with Ctrl-C.\n")
    told = Table.grid(padding=(0, 2))
    for name, value in {
        "Residents' pages": plan.url,
        "Operator's page": f"{plan.url}/-/",
        "Documentation": f"{plan.url}/docs",
        "Messages": f"{plan.url}/-/messages (mail, telephones, agencies' systems; nothing leaves this machine)",
        "Mail": f"{plan.url}/-/mail (SMTP on {HOST}:{plan.smtp_port})",
        "Kafka": f"{HOST}:{plan.kafka_port}",
        "MongoDB": uri_of(plan.mongo_port),
        "Data, log": f"{plan.folder}, {plan.log}",
    }.items():
        told.add_row(name, escape(value))
    console.print(told)
    console.print("\nIn another terminal:")
    for example in (
        f'{command} submit --category road.damage --region 52.71 --anonymous --text "Jalan rusak di depan pasar"',
        f"{command} demo load",
        f"{command} --help",
    ):
        console.print(f"  {escape(example)}", highlight=False, soft_wrap=True)
