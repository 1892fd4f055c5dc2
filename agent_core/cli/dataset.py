"""`silodesk dataset`: which data jobs may be given on this machine."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from agent_core.cli.asking import ask, clock
from agent_core.cli.output import emit, error_border, table

Which = Annotated[str, typer.Argument(help="The dataset's number or name, from `dataset list`")]
SHOWN_COLUMNS = 8


def register(app: typer.Typer) -> None:
    """Add the command group."""
    group = typer.Typer(help="Which data jobs may be given on this machine.", no_args_is_help=True)
    for command in (add, show_list, show, preview, scan, change, remove):
        group.command(command.__name__.replace("show_", ""))(command)
    group.command("read-parquet", hidden=True)(read_parquet)
    app.add_typer(group, name="dataset")


@error_border
def add(
    path: Annotated[Path, typer.Argument(help="A file or folder; it stays where it is")],
    name: Annotated[str, typer.Option(help="How people call it")] = "",
    kind: Annotated[
        str, typer.Option(help="csv, parquet, images or any; default: by its files")
    ] = "",
    note: Annotated[str, typer.Option(help="A remark for this machine's operators")] = "",
    group: Annotated[list[int] | None, typer.Option(help="Only this group; repeatable")] = None,
    shown: Annotated[
        bool, typer.Option("--show-to-group", help="Tell name, version, rows and columns")
    ] = False,
) -> None:
    """Register a file or folder and read it once."""
    made = ask("datasets.add", path=str(path.expanduser().resolve()), name=name, kind=kind,
               note=note)  # fmt: skip
    if group or shown:
        ask("datasets.update", id=made["id"], groups=group or None, shown=shown)
    value = ask("datasets.scan", id=made["id"], wait=True)
    emit(value, False, lambda: dataset_text(value))


@error_border
def read_parquet() -> None:
    """Answer the agent's question about Parquet files, which stands on the standard input."""
    from agent_core.agent.datasets_parquet_file import Question, read

    sys.stdout.write(read(Question.model_validate_json(sys.stdin.read())).model_dump_json())


@error_border
def show_list() -> None:
    """List the registered datasets."""
    value = ask("datasets.list")
    emit(value, False, lambda: _list_text(value))


@error_border
def show(which: Which) -> None:
    """Show one dataset with its versions."""
    value = ask("datasets.get", id=number_of(which))
    emit(value, False, lambda: dataset_text(value))


@error_border
def preview(
    which: Which,
    file: Annotated[str, typer.Option(help="Which of its tables")] = "",
    rows: Annotated[int, typer.Option(min=1, max=200, help="How many rows")] = 10,
) -> None:
    """Show the first rows; they do not leave this machine."""
    value = ask("datasets.preview", id=number_of(which), file=file)
    value["rows"] = value["rows"][:rows]
    emit(value, False, lambda: _preview_text(value))


@error_border
def scan(which: Which) -> None:
    """Read it again; changed content is a new version."""
    value = ask("datasets.scan", id=number_of(which), wait=True)
    emit(value, False, lambda: dataset_text(value))


@error_border
def change(
    which: Which,
    name: Annotated[str, typer.Option(help="Another name")] = "",
    note: Annotated[str | None, typer.Option(help="Another remark")] = None,
    group: Annotated[list[int] | None, typer.Option(help="Only this group; repeatable")] = None,
    every_group: Annotated[bool, typer.Option("--every-group", help="Every group may use it")] = (
        False
    ),
    shown: Annotated[
        bool | None, typer.Option("--show-to-group/--hide", help="Tell rows and columns, or not")
    ] = None,
) -> None:
    """Change its name, its note, who may use it, and who sees that it exists."""
    value = ask(
        "datasets.update", id=number_of(which), name=name or None, note=note, groups=group,
        every_group=every_group, shown=shown,
    )  # fmt: skip
    emit(value, False, lambda: dataset_text(value))


@error_border
def remove(which: Which) -> None:
    """Take it out of the list; its files stay where they are."""
    value = ask("datasets.remove", id=number_of(which))
    emit(value, False, f"Removed: {value['name']}. Its files were not touched.")


def number_of(which: str) -> int:
    """Return the number of a dataset that was named by number or name."""
    from agent_core.errors import NotFoundError

    for one in ask("datasets.list"):
        if which in (str(one["id"]), one["name"]):
            return int(one["id"])
    raise NotFoundError(
        f"There is no dataset called '{which[:100]}' on this machine.",
        next_step="See `silodesk dataset list`.",
        code="missing.dataset",
    )


def dataset_text(value: dict[str, Any]) -> str:
    """Return a dataset for people."""
    version = value["version"]
    groups = value["groups"]
    rows = [
        ("name", value["name"] + (" (the setting data_dir)" if value["is_default"] else "")),
        ("path", value["path"] + ("" if value["is_there"] else "  (it is not there now)")),
        ("kind", value["kind"]),
        ("groups", "every group" if groups is None else ", ".join(map(str, groups)) or "none"),
        ("shown", "name, version, rows, columns" if value["shown"] else "nothing is told"),
    ]
    if value["note"]:
        rows.append(("note", value["note"]))
    if value["problem"]:
        rows.append(("problem", value["problem"]))
    if version:
        rows += [
            ("version", f"{version['number']}, {version['hash']}, {clock(version['scanned_at'])}"),
            ("content", content_text(version)),
        ]
        if version["notice"]:
            rows.append(("notice", version["notice"]))
    else:
        rows.append(("version", "being read" if value["scanning"] else "not read yet"))
    lines = [f"{name:<9} {text}" for name, text in rows]
    lines += [
        f"          version {old['number']}, {clock(old['scanned_at'])}, {content_text(old)}"
        for old in (value.get("history") or [])[1:]
    ]
    return "\n".join(lines)


def content_text(version: dict[str, Any]) -> str:
    """Return what a version holds, in a line."""
    parts = []
    if version["rows"] is not None:
        about = "" if version["rows_exact"] else "about "
        parts.append(f"{about}{version['rows']} {'images' if version['classes'] else 'rows'}")
    if version["columns"]:
        parts.append(f"{len(version['columns'])} columns")
    if version["classes"]:
        parts.append(f"{len(version['classes'])} classes")
    return ", ".join([*parts, f"{version['files']} files", f"{version['size']} bytes"])


def _list_text(value: list[dict[str, Any]]) -> str:
    if not value:
        return "No dataset is registered. Add one: silodesk dataset add FOLDER"
    lines = [
        [str(one["id"]), one["name"], one["kind"],
         content_text(one["version"]) if one["version"] else "not read yet",
         str(one["version"]["number"]) if one["version"] else "",
         "every" if one["groups"] is None else ",".join(map(str, one["groups"])),
         "shown" if one["shown"] else ""]
        for one in value
    ]  # fmt: skip
    return table(lines, ["id", "name", "kind", "content", "version", "groups", "told"])


def _preview_text(value: dict[str, Any]) -> str:
    if value["kind"] == "images":
        lines = [[one["name"], str(one["count"]), str(one["size"])] for one in value["classes"]]
        return table(lines, ["class", "images", "bytes"])
    if value["kind"] == "any":
        return "\n".join([*([value["notice"]] if value["notice"] else []), *value["files"][:50]])
    columns = [[one["name"], one["type"], str(one["missing"]), ", ".join(one["examples"])]
               for one in value["columns"]]  # fmt: skip
    looked = f"{value['looked_at']} rows looked at" + ("" if value["is_whole"] else ", of more")
    head = [one["name"] for one in value["columns"][:SHOWN_COLUMNS]]
    cells = [[*row[:SHOWN_COLUMNS], *[""] * (len(head) - len(row))] for row in value["rows"]]
    parts = [
        f"{value['file']}: {looked}, {_form(value)}",
        *([value["notice"]] if value["notice"] else []),
        "",
        table(columns, ["column", "type", "missing", "examples"]),
        "",
        table(cells, head),
    ]
    return "\n".join(parts)


def _form(value: dict[str, Any]) -> str:
    if value["kind"] == "parquet":
        return "Parquet"
    return f"{value['encoding']}, delimiter {value['delimiter']!r}"
