"""Options that several commands have, and what they are when nobody gives them."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import typer

from deploy.commands.failures import WRONG_USE, CommandFailed
from deploy.local.running import DATA_FOLDER, Running, find_running

_URL: Final = "http://127.0.0.1:8000"

DataOption = Annotated[
    Path,
    typer.Option(
        "--data",
        envvar="NTBCARE_DATA",
        help="Folder with the data, secrets and logs of the platform on this machine.",
        file_okay=False,
        show_default=False,
    ),
]
UrlOption = Annotated[
    str | None,
    typer.Option("--url", envvar="NTBCARE_URL", help=f"Where NTB Care answers. Default: what runs here, else {_URL}."),
]


def data_folder() -> Path:
    """That of this checkout, or the one NTBCARE_DATA names."""
    return Path(os.environ.get("NTBCARE_DATA", DATA_FOLDER))


def running_here() -> Running | None:
    """The platform that works with the data folder now."""
    return find_running(data_folder())


@dataclass(frozen=True)
class Address:
    """Where one part of a platform is, unless an option says so."""

    option: str
    of: Callable[[Running], str]
    default: str

    def find(self, given: str | None, *, writes: bool = False) -> str:
        """What was given, else of the platform that runs here, else the default.

        Raises CommandFailed in place of the default where something is to be written: it may be another platform's.
        """
        running = None if given else running_here()
        if not given and running is None and writes:
            raise CommandFailed(
                f"No NTB Care runs from {data_folder()}, so say with {self.option} where to write, such as "
                f"{self.default}. Or start it: ntbcare up",
                code=WRONG_USE,
            )
        return given or (self.of(running) if running else self.default)


_PLATFORM: Final = Address("--url", lambda running: running.url, _URL)


def url_of(given: str | None, *, writes: bool = False) -> str:
    return _PLATFORM.find(given, writes=writes).rstrip("/")
