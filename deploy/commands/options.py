"""Options that several commands have, and what they are when nobody gives them."""

import os
from pathlib import Path
from typing import Annotated, Final

import typer

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


def url_of(given: str | None) -> str:
    running = None if given else running_here()
    return (given or (running.url if running else _URL)).rstrip("/")
