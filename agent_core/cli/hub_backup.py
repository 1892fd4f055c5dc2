"""`silodesk hub backup` and `silodesk hub restore`."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from agent_core.cli.asking import clock
from agent_core.cli.output import chosen_home, emit, error_border, is_json

TELL_EVERY_S = 0.2


def register(group: typer.Typer) -> None:
    """Add the commands to `silodesk hub`."""
    group.command("backup")(backup)
    group.command("restore")(restore)


@error_border
def backup(
    file: Annotated[Path, typer.Argument(help="The file to write; it holds the hub's keys")],
) -> None:
    """Write the whole hub into one file, while it runs or not."""
    from agent_core.hub.backup import back_up

    made = asyncio.run(back_up(chosen_home(), file.expanduser().resolve(), Teller()))
    value = {**asdict(made), "path": str(made.path)}
    emit(
        value,
        is_json(),
        f"{made.path}\n{made.size} bytes, {made.files} files\nsha256 {made.sha256}\n"
        "Keep it as you keep a key: whoever has it can be this hub.",
    )


@error_border
def restore(
    file: Annotated[Path, typer.Argument(help="A file that `silodesk hub backup` wrote")],
    replace: Annotated[
        bool, typer.Option("--replace", help="Set a hub that is in this home aside")
    ] = False,
) -> None:
    """Make the hub of this home be what a backup holds."""
    from agent_core.hub.backup_restore import restore as put_back

    path = file.expanduser().resolve()
    done = asyncio.run(put_back(chosen_home(), path, Teller(), replace=replace))
    aside = str(done.set_aside) if done.set_aside else ""
    value = {**asdict(done), "folder": str(done.folder), "set_aside": aside}
    lines = [f"The hub “{done.name}” of {clock(done.made_at)} is in {done.folder}."]
    lines += [f"The former one was set aside: {aside}"] if aside else []
    emit(value, is_json(), "\n".join([*lines, "Start it with `silodesk hub`."]))


class Teller:
    """Say how far it is: a changing line for people, lines of JSON for programs."""

    def __init__(self) -> None:
        self._last = 0.0
        self._text = ""

    def __call__(self, text: str, done: int, total: int) -> None:
        """Say it, not more often than can be read."""
        now = time.monotonic()
        if text == self._text and now - self._last < TELL_EVERY_S and done != total:
            return
        is_new, self._text, self._last = text != self._text, text, now
        if is_json():
            line = json.dumps({"progress": text, "done": done, "total": total})
            typer.echo(line, err=True)
        elif is_new or sys.stderr.isatty():
            typer.echo(f"{text} {done}/{total}" if total else text, err=True)
