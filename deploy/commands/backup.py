"""`ntbcare backup`."""

from pathlib import Path
from typing import Annotated, Final

import typer

from deploy.backup.dumping import MomentForgotten, back_up
from deploy.commands.apps import command_app
from deploy.commands.failures import CommandFailed
from deploy.commands.mongo import mongo_of
from deploy.commands.options import data_folder, running_here
from deploy.commands.printing import progress_output

app = command_app()

_KEPT: Final = ("routing", "notification")

FileArgument = Annotated[Path, typer.Argument(help="The backup: one file.", dir_okay=False)]
PlaceOption = Annotated[
    str | None,
    typer.Option("--mongo-uri", envvar="MONGO_URI", help="Where MongoDB is. Default: the one that runs here."),
]
PhotosOption = Annotated[
    Path | None,
    typer.Option("--photos", file_okay=False, help="Intake's folder of photos. Default: none, or as it runs here."),
]


@app.command()
def backup(
    file: FileArgument,
    database: Annotated[
        list[str] | None,
        typer.Option(
            help="Its name; several may be given. Default: routing and notification, for reporting is rebuilt."
        ),
    ] = None,
    mongo_uri: PlaceOption = None,
    photos: PhotosOption = None,
) -> None:
    """Write a backup while everything runs: all databases as they were at one moment, then the photos.

    The file has its name only once it is whole. It holds what residents wrote: encrypt it where it leaves the machine.
    """
    folder = photos or _photos_here()
    try:
        manifest = back_up(file, mongo_of(mongo_uri, writes=True), database or _KEPT, folder, say)
    except MomentForgotten as late:
        raise CommandFailed(str(late)) from None
    number = sum(name.startswith("photos/") for name in manifest.members)
    typer.echo(f"{file}: {sum(manifest.documents.values())} documents, {number} photos.")


def say(words: str) -> None:
    """To whoever waits."""
    progress_output().print(words, highlight=False, markup=False)


def _photos_here() -> Path | None:
    folder = data_folder() / "blobs"
    return folder if running_here() is not None and folder.is_dir() else None
