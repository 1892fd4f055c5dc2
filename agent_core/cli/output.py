"""What every command shares: `--home` and `--json`, how results are printed, how errors end.

A command is a plain function under `@error_border`, which adds `--home DIR` and `--json`:

    @error_border
    def inspect(file: Path) -> None:
        ...
        emit(value, is_json(), "text for people")

Exit codes: 0 done, 1 failed, 2 the input cannot be used, 130 interrupted.
"""

from __future__ import annotations

import contextlib
import errno
import functools
import inspect
import json
import os
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from agent_core import lifeline
from agent_core.errors import PackageError, SiloDeskError, StorageError, UserInputError
from agent_core.paths import HOME_VARIABLE, Home, default_home
from agent_core.telemetry.redact import redact

HomeOption = Annotated[
    Path | None,
    typer.Option("--home", metavar="DIR", help="Folder of this agent or hub (or SILODESK_HOME)"),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON")]
ParentOption = Annotated[
    bool, typer.Option(lifeline.OPTION, hidden=True, help="End when the input's other end is gone")
]
Command = TypeVar("Command", bound=Callable[..., None])

EXIT_FAILED = 1
EXIT_INPUT = 2
EXIT_INTERRUPTED = 130


# Whether `--json` was given, before or after the command's name.
_as_json: ContextVar[bool] = ContextVar("as_json", default=False)


def is_json() -> bool:
    """Return whether this command was asked for JSON."""
    return _as_json.get()


def chosen_home() -> Home:
    """Return the home of this command: `--home`, SILODESK_HOME, or the account's data folder."""
    return Home(default_home())


def error_border(function: Command) -> Command:
    """Add `--home` and `--json` to a command, and end its errors as sentences and exit codes.

    A command that names `home` or `as_json` itself gets the values of both places.
    """
    own = inspect.signature(function, eval_str=True)

    @functools.wraps(function)
    def command(*args: Any, **options: Any) -> None:
        home = _taken(options, "home", own)
        as_json = bool(_taken(options, "as_json", own)) or is_json()
        if "as_json" in own.parameters:
            options["as_json"] = as_json
        with settled(home, as_json), reported():
            function(*args, **options)

    parameters = list(own.parameters.values())
    for name, annotation, default in (("home", HomeOption, None), ("as_json", JsonOption, False)):
        if name not in own.parameters:
            parameters.append(
                inspect.Parameter(
                    name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation
                )
            )
    # typer reads both; without __wrapped__ it does not look behind this wrapper.
    command.__signature__ = own.replace(parameters=parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    del command.__wrapped__
    return command  # type: ignore[return-value]


def _taken(options: dict[str, Any], name: str, own: inspect.Signature) -> Any:
    return options.get(name) if name in own.parameters else options.pop(name, None)


@contextlib.contextmanager
def settled(home: Path | None, as_json: bool) -> Iterator[None]:
    """Hold `--home` and `--json` for the commands (and child processes) inside."""
    token = _as_json.set(as_json or is_json())
    before = os.environ.get(HOME_VARIABLE)
    if home is not None:
        os.environ[HOME_VARIABLE] = str(home.expanduser().resolve())
    try:
        yield
    finally:
        _as_json.reset(token)
        if home is not None:
            os.environ.pop(HOME_VARIABLE, None)
            if before is not None:
                os.environ[HOME_VARIABLE] = before


@contextlib.contextmanager
def reported() -> Iterator[None]:
    """Turn an error that a person can meet into its sentence and exit code."""
    try:
        yield
    except SiloDeskError as error:
        show_error(error)
        raise typer.Exit(exit_code(error)) from error
    except KeyboardInterrupt:
        raise typer.Exit(EXIT_INTERRUPTED) from None
    except (typer.Exit, typer.Abort, typer.TyperException):
        raise  # how commands end by themselves; the command line shows them
    except BrokenPipeError:
        # The reader of our output went away (`| head`); a second error at exit would only confuse.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(EXIT_FAILED) from None
    except Exception as error:  # noqa: BLE001 - border of a command: the trace goes to its log
        show_error(unexpected(error))
        raise typer.Exit(EXIT_FAILED) from None


def unexpected(error: Exception) -> SiloDeskError:
    """Return what to say of an error nobody foresaw; its trace goes to the command line's log."""
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return StorageError(
            "The disk is full" + (f": {error.filename} cannot be written." if error.filename
                                  else "."),
            next_step="Free some space, then try again.",
            code="storage.full",
        )  # fmt: skip
    trace = redact("".join(traceback.format_exception(error)))
    path = chosen_home().root / "logs" / "cli.log"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {trace}\n")
    except OSError:
        path = Path(tempfile.mkdtemp(prefix="silodesk-error-")) / "cli.log"
        path.write_text(trace, "utf-8")
    return SiloDeskError(
        f"SiloDesk met an error that it does not know ({type(error).__name__}).",
        next_step=f"Try again; if it happens again, send {path} to whoever looks after SiloDesk.",
        log=str(path),
    )


def exit_code(error: SiloDeskError) -> int:
    """Return 2 where the input has to change, else 1."""
    return EXIT_INPUT if isinstance(error, UserInputError | PackageError) else EXIT_FAILED


def show_error(error: SiloDeskError) -> None:
    """Print an error: a problem document on stdout with `--json`, else lines on stderr."""
    if is_json():
        typer.echo(json.dumps(error.to_problem(), indent=2, default=str))
        return
    typer.echo(f"error: {error.sentence}", err=True)
    if error.next_step:
        typer.echo(f"  next: {error.next_step}", err=True)
    typer.echo(f"  code: {error.code}", err=True)


def emit(value: Any, json_flag: bool, human: str | Callable[[], str]) -> None:
    """Print a result: `value` as JSON, or the text (or what the function returns) for people."""
    if json_flag or is_json():
        typer.echo(json.dumps(_plain(value), indent=2, ensure_ascii=False, default=str))
    else:
        text = human() if callable(human) else human
        if text:
            typer.echo(text)


def note(text: str) -> None:
    """Say something beside the result, on stderr, so that stdout stays the result."""
    typer.echo(text, err=True)


def table(rows: list[list[str]], head: list[str]) -> str:
    """Return rows as aligned columns under a head line."""
    lines = [head, *rows]
    widths = [max(len(str(line[column])) for line in lines) for column in range(len(head))]
    return "\n".join(
        "  ".join(str(cell).ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def _plain(value: Any) -> Any:
    """Return records and dataclasses as JSON values; the rest as it is."""
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
