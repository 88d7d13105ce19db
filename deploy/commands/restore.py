"""`ntbcare restore`."""

from typing import Annotated

import typer

from deploy.backup.archive import BackupFaulty
from deploy.backup.restoring import NotEmpty, Target
from deploy.backup.restoring import restore as put_back
from deploy.commands.apps import command_app
from deploy.commands.backup import FileArgument, PhotosOption, PlaceOption, say
from deploy.commands.failures import WRONG_USE, CommandFailed
from deploy.commands.mongo import mongo_of

app = command_app()


@app.command()
def restore(
    file: FileArgument,
    mongo_uri: PlaceOption = None,
    photos: PhotosOption = None,
    rename: Annotated[
        list[str] | None, typer.Option(metavar="OLD=NEW", help="Restore a database under another name.")
    ] = None,
    *,
    replace: Annotated[bool, typer.Option("--replace", help="Throw away what is there.")] = False,
) -> None:
    """Check a backup from end to end, then put it back. Neither routing nor notification may run meanwhile.

    Before they start again: `ntbcare routing recover` and `ntbcare notification rewind`.
    """
    pairs = [one.partition("=") for one in rename or ()]
    if any(not old or not new for old, _, new in pairs):
        raise CommandFailed("--rename is OLD=NEW.", code=WRONG_USE)
    names = {old: new for old, _, new in pairs}
    try:
        put_back(file, Target(mongo_of(mongo_uri, writes=True), photos, names), say, replace=replace)
    except (BackupFaulty, NotEmpty) as why:
        raise CommandFailed(str(why)) from None
    typer.echo("Restored. Before the services start: ntbcare routing recover, ntbcare notification rewind")
