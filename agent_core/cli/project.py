"""`silodesk project` and `silodesk app`: what runs belong to, and what they run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from agent_core.cli.asking import ask, clock, items
from agent_core.cli.output import emit, error_border, note, table

Group = Annotated[int, typer.Option(help="The group's number, from `group list`")]


def register(app: typer.Typer) -> None:
    """Add the command groups."""
    projects = typer.Typer(help="Projects.", no_args_is_help=True)
    projects.command("list")(list_projects)
    projects.command("create")(create_project)
    app.add_typer(projects, name="project")
    applications = typer.Typer(help="Applications: uploaded packages.", no_args_is_help=True)
    applications.command("list")(list_applications)
    applications.command("create")(create_application)
    app.add_typer(applications, name="app")


@error_border
def list_projects() -> None:
    """List projects."""
    value = items("projects.list")
    rows = [
        [str(p["id"]), p["name"], str(p["group_id"]), str(p["run_count"]), clock(p["created_at"])]
        for p in value
    ]
    emit(value, False, lambda: table(rows, ["id", "name", "group", "runs", "made"]))


@error_border
def create_project(
    name: Annotated[str, typer.Argument(help="The project's name")],
    group: Group,
    description: Annotated[str, typer.Option(help="What it is about")] = "",
) -> None:
    """Make a project in a group."""
    value = ask("projects.create", name=name, group_id=group, description=description)
    emit(value, False, f"Project {value['id']}: {value['name']}")


@error_border
def list_applications() -> None:
    """List applications."""
    value = items("applications.list")
    rows = [
        [str(a["id"]), a["name"], str(a["group_id"]),
         ", ".join(f"{p['type']} ({p['engine']})" for p in a["packages"]), clock(a["created_at"])]
        for a in value
    ]  # fmt: skip
    emit(value, False, lambda: table(rows, ["id", "name", "group", "packages", "made"]))


@error_border
def create_application(
    name: Annotated[str, typer.Argument(help="The application's name")],
    packages: Annotated[list[Path], typer.Argument(help="One Flower package, or client + server")],
    group: Group,
    note_text: Annotated[str, typer.Option("--note", help="What is new in it")] = "",
) -> None:
    """Upload packages and make an application of them."""
    uploaded = []
    for path in packages:
        note(f"uploading {path}")
        uploaded.append(ask("packages.upload", path=str(path.expanduser().resolve())))
    value = ask(
        "applications.create", name=name, group_id=group, note=note_text,
        packages=[package["zip_sha256"] for package in uploaded],
    )  # fmt: skip
    emit(value, False, f"Application {value['id']}: {value['name']}")
