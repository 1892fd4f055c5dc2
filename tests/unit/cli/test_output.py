"""What every command shares: --home and --json in both places, errors, exit codes."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from agent_core.cli import main as main_module
from agent_core.cli.main import make_app
from agent_core.cli.output import chosen_home, emit, error_border, is_json, table
from agent_core.errors import NotFoundError, PackageError, UnreachableError, UserInputError
from agent_core.paths import HOME_VARIABLE


@dataclass(frozen=True)
class Thing:
    """Something to print."""

    name: str
    size: int


@error_border
def plain(value: Annotated[int, typer.Option()] = 1) -> None:
    emit(Thing(str(chosen_home().root), value), is_json(), lambda: f"home {chosen_home().root}")


@error_border
def own(home: Annotated[Path | None, typer.Option("--home")] = None, as_json: bool = False) -> None:
    emit({"home": str(home), "json": as_json}, as_json, f"{home} {as_json}")


@error_border
def fail(kind: str) -> None:
    errors = {
        "input": UserInputError("Wrong.", next_step="Write it right.", code="input.x"),
        "package": PackageError("Bad package."),
        "missing": NotFoundError("No such run."),
        "away": UnreachableError("The hub is away.", next_step="Start it."),
        "interrupt": KeyboardInterrupt(),
        "bug": ZeroDivisionError("a bug"),
        "exit": typer.Exit(3),
    }
    raise errors[kind]


@pytest.fixture
def app() -> typer.Typer:
    """Return the command with three commands of ours."""
    made = make_app()
    made.command()(plain)
    made.command()(own)
    made.command()(fail)
    return made


@pytest.mark.parametrize(
    "words",
    [["--home", "{}", "--json", "plain"], ["plain", "--home", "{}", "--json"],
     ["--json", "plain", "--home", "{}"]],
)  # fmt: skip
def test_home_and_json_may_stand_in_both_places(
    app: typer.Typer, tmp_path: Path, words: list[str]
) -> None:
    before = os.environ.get(HOME_VARIABLE)
    result = CliRunner().invoke(app, [word.format(tmp_path) for word in words])
    assert json.loads(result.stdout) == {"name": str(tmp_path), "size": 1}
    assert os.environ.get(HOME_VARIABLE) == before


def test_the_variable_names_the_home(
    app: typer.Typer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path))
    assert CliRunner().invoke(app, ["plain"]).stdout == f"home {tmp_path}\n"


def test_a_command_that_names_the_options_itself_gets_both(
    app: typer.Typer, tmp_path: Path
) -> None:
    result = CliRunner().invoke(app, ["--json", "own", "--home", str(tmp_path)])
    assert json.loads(result.stdout) == {"home": str(tmp_path), "json": True}


@pytest.mark.parametrize(
    ("kind", "code"),
    [("input", 2), ("package", 2), ("missing", 1), ("away", 1), ("interrupt", 130)],
)
def test_errors_end_with_their_exit_code(app: typer.Typer, kind: str, code: int) -> None:
    result = CliRunner().invoke(app, ["fail", kind])
    assert result.exit_code == code
    assert result.stdout == ""


def test_an_error_is_cause_next_step_and_code(app: typer.Typer) -> None:
    result = CliRunner().invoke(app, ["fail", "input"])
    assert result.stderr == "error: Wrong.\n  next: Write it right.\n  code: input.x\n"
    assert CliRunner().invoke(app, ["fail", "missing"]).stderr == (
        "error: No such run.\n  code: missing\n"
    )


def test_an_error_with_json_is_a_problem_document_on_stdout(app: typer.Typer) -> None:
    result = CliRunner().invoke(app, ["fail", "away", "--json"])
    assert result.stderr == ""
    problem = json.loads(result.stdout)
    assert (problem["code"], problem["next_step"]) == ("unreachable", "Start it.")
    assert result.exit_code == 1


def test_a_bug_is_one_sentence_and_its_trace_lies_in_the_log(
    app: typer.Typer, tmp_path: Path
) -> None:
    result = CliRunner().invoke(app, ["fail", "bug", "--home", str(tmp_path)])
    log = tmp_path / "logs" / "cli.log"
    assert result.exit_code == 1
    assert "Traceback" not in result.output
    assert "ZeroDivisionError" in result.stderr
    assert str(log) in result.stderr
    assert result.stderr.endswith("  code: internal\n")
    assert "Traceback" in log.read_text()


def test_commands_that_end_by_themselves_are_no_bugs(app: typer.Typer) -> None:
    assert CliRunner().invoke(app, ["fail", "exit"]).exit_code == 3


def test_wrong_options_end_with_two(app: typer.Typer) -> None:
    assert CliRunner().invoke(app, ["plain", "--nix"]).exit_code == 2
    assert CliRunner().invoke(app, ["nix"]).exit_code == 2


def test_records_and_lists_are_printed_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    emit([Thing("a", 1), {"b": 2}], True, "")
    assert json.loads(capsys.readouterr().out) == [{"name": "a", "size": 1}, {"b": 2}]


def test_tables_align() -> None:
    assert table([["a", "100"], ["bbb", "2"]], ["NAME", "N"]) == "NAME  N\na     100\nbbb   2"


def test_a_command_group_that_is_not_there_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(main_module, "MODULES", ("build", "nowhere"))
    result = CliRunner().invoke(make_app(), ["--help"])
    assert "build" in result.stdout
    assert "nowhere" not in result.stdout


def test_the_version_is_said() -> None:
    assert CliRunner().invoke(make_app(), ["--version"]).stdout.startswith("silodesk ")


def test_help_imports_nothing_heavy() -> None:
    """`--help` has to answer at once, so frameworks wait inside the commands."""
    import subprocess
    import sys

    code = (
        "import sys; from agent_core.cli.main import make_app; make_app()\n"
        "heavy = {'pydantic', 'cryptography', 'requests', 'fastapi', 'sqlalchemy', 'boto3',"
        " 'numpy', 'paho', 'psutil', 'yaml', 'keyring'}\n"
        "print(sorted(heavy & {name.split('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "[]"
