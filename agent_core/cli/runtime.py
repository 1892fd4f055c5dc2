"""`silodesk runtime`: make, list and find the environments that jobs run in."""

from __future__ import annotations

import sys
import time
from dataclasses import asdict
from typing import Annotated

import typer

from agent_core.cli.output import emit, error_border, is_json
from agent_core.errors import NotFoundError

Requirements = Annotated[
    list[str] | None, typer.Argument(help="What a package needs besides torch and flwr")
]


def register(app: typer.Typer) -> None:
    """Add the command group."""
    group = typer.Typer(help="The environments that jobs run in.", no_args_is_help=True)
    group.command("make")(make)
    group.command("list")(list_)
    group.command("path")(path)
    app.add_typer(group, name="runtime")


@error_border
def make(requirements: Requirements = None) -> None:
    """Make the runtime of a set of requirements, unless it exists; progress goes to stderr."""
    from agent_core.jobs import runtime

    began = time.monotonic()
    last = ""

    def show(text: str, _done: int, _total: int) -> None:
        nonlocal last
        if text != last and not is_json():
            typer.echo(text, file=sys.stderr)
        last = text

    found = runtime.ensure(requirements or [], show)
    seconds = round(time.monotonic() - began, 1)
    emit(
        {"key": found.key, "python": str(found.python), "seconds": seconds},
        is_json(),
        f"{found.python} ({'made' if last else 'ready'} in {seconds} s)",
    )


@error_border
def list_() -> None:
    """List the runtimes on this machine."""
    from agent_core.jobs import runtime

    found = runtime.made()
    lines = [f"{entry.key}  {', '.join(entry.requirements)}\n  {entry.python}" for entry in found]
    emit(
        [asdict(entry) for entry in found],
        is_json(),
        "\n".join(lines) or "No runtime is made yet; `silodesk runtime make` makes one.",
    )


@error_border
def path() -> None:
    """Print the base runtime's interpreter."""
    from agent_core.jobs import runtime

    found = runtime.peek()
    if found is None:
        raise NotFoundError(
            "The base runtime is not made yet.", next_step="Run `silodesk runtime make`."
        )
    emit({"key": found.key, "python": str(found.python)}, is_json(), str(found.python))
