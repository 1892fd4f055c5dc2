"""The `silodesk` command: one module per command group, each added by its own `register`."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path
from typing import Annotated

import typer

from agent_core.cli.output import (
    EXIT_INPUT,
    EXIT_INTERRUPTED,
    HomeOption,
    JsonOption,
    reported,
    settled,
    show_error,
)
from agent_core.errors import UserInputError

MODULES = (
    "build", "package", "hub", "agent", "account", "settings", "rules", "approval", "dataset",
    "device", "group", "project", "run", "model", "rehearse", "runtime", "doctor",
)  # fmt: skip


def make_app() -> typer.Typer:
    """Return the whole command; modules import what is heavy inside their functions."""
    app = typer.Typer(
        name="silodesk",
        help="The desktop of a federated-learning silo, from the command line.",
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback(invoke_without_command=True)(_before)
    for name in MODULES:
        if importlib.util.find_spec(f"agent_core.cli.{name}"):
            importlib.import_module(f"agent_core.cli.{name}").register(app)
    return app


def _version(is_asked: bool) -> None:
    if is_asked:
        from importlib.metadata import version

        typer.echo(f"silodesk {version('silodesk')}")
        raise typer.Exit


def _before(
    context: typer.Context,
    home: HomeOption = None,
    as_json: JsonOption = False,
    version: Annotated[  # noqa: ARG001 - its callback has ended the command already
        bool,
        typer.Option("--version", help="Print the version", is_eager=True, callback=_version),
    ] = False,
    tray: Annotated[bool, typer.Option("--tray", help="Open the desktop as a tray icon")] = False,
) -> None:
    context.with_resource(settled(_folder(home), as_json))
    if context.invoked_subcommand is not None:
        return
    if not tray:
        context.fail("Missing command.")
    from agent_core.cli.window import open_in_tray

    raise typer.Exit(open_in_tray())


def _folder(home: Path | None) -> Path | None:
    return home.expanduser() if home else None


def main() -> None:
    """Run the command line."""
    try:
        with reported():
            code = make_app()(prog_name="silodesk", standalone_mode=False)
    except typer.Exit as ended:
        code = ended.exit_code
    except (KeyboardInterrupt, typer.Abort):
        code = EXIT_INTERRUPTED
    except typer.TyperException as error:
        code = _misused(error)
    sys.exit(code if isinstance(code, int) else 0)


def _misused(error: typer.TyperException) -> int:
    """Say what is wrong with a command line as it was typed; return the exit code."""
    context = getattr(error, "ctx", None)
    message = str(error.format_message() if hasattr(error, "format_message") else error)
    if type(error).__name__ == "NoArgsIsHelpError":
        typer.echo(message, err=True)
        return EXIT_INPUT
    with settled(None, "--json" in sys.argv[1:]):
        show_error(
            UserInputError(
                plain(message),
                next_step=f"See `{context.command_path if context else 'silodesk'} --help`.",
                code="input.usage",
            )
        )
    return EXIT_INPUT


def plain(message: str) -> str:
    """Return a complaint of the command line's parser in plain words."""
    for odd, words in (
        ("Input should be a valid integer, unable to parse string as an integer",
         "a whole number is needed"),
        ("Input should be a valid number, unable to parse string as a number",
         "a number is needed"),
        ("Input should be", "it should be"),
        ("Invalid value for", "The value cannot be used for"),
    ):  # fmt: skip
        message = message.replace(odd, words)
    return message if message.endswith((".", "?", ")")) else f"{message}."


if __name__ == "__main__":
    main()
