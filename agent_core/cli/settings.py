"""`silodesk settings`: what this agent does by itself."""

from __future__ import annotations

from typing import Annotated

import typer

from agent_core.cli.asking import ask, parameters
from agent_core.cli.output import emit, error_border


def register(app: typer.Typer) -> None:
    """Add the command group."""
    group = typer.Typer(help="Settings of this agent.", no_args_is_help=True)
    group.command("show")(show)
    group.command("set")(change)
    app.add_typer(group, name="settings")


@error_border
def show() -> None:
    """Show the settings."""
    value = ask("settings.get")
    emit(value, False, lambda: _text(value))


@error_border
def change(pairs: Annotated[list[str], typer.Argument(metavar="KEY=VALUE…")]) -> None:
    """Change settings."""
    value = ask("settings.set", **parameters(pairs))
    emit(value, False, lambda: _text(value))


def _text(value: dict[str, object]) -> str:
    return "\n".join(f"{key:<20} {item}" for key, item in value.items() if key != "version")
