"""Datasets and previews as table rows and in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.i18n import mark, tr, trn
from app.widgets.cells import Cell
from app.widgets.words import age, date, short_digest, size
from app.wire_words import said

KINDS = {
    "csv": mark("Table"), "parquet": mark("Parquet table"), "images": mark("Images"),
    "any": mark("Files"),
}  # fmt: skip
ICONS = {"csv": "table", "parquet": "table", "images": "image", "any": "folder"}
TABLES = ("csv", "parquet")
TYPES = {
    "number": mark("number"), "whole": mark("whole number"), "yes/no": mark("yes/no"),
    "date": mark("date"), "text": mark("text"), "empty": mark("empty"),
}  # fmt: skip


@dataclass(frozen=True)
class Line:
    """A row of a preview, with its number."""

    number: int
    values: tuple[str, ...]


def matches(one: dict[str, Any], text: str) -> bool:
    """Return whether a filter's text is in name, path or note."""
    words = f"{one['name']} {one['path']} {one['note']}".lower()
    return text.strip().lower() in words


def name_cell(one: dict[str, Any]) -> Cell:
    """Return the name over the place."""
    icon = ICONS.get(one["kind"], "database")
    return Cell(one["name"], "icon", weight=600, sub=one["path"], icon=icon, tok="muted")


def content_words(version: dict[str, Any] | None, kind: str) -> str:
    """Return rows, columns and files."""
    if version is None:
        return "–"
    parts = []
    if version["rows"] is not None:
        rows = int(version["rows"])
        if kind == "images":
            parts.append(trn("{count} image", "{count} images", rows))
        elif version["rows_exact"]:
            parts.append(trn("{count} row", "{count} rows", rows))
        else:
            parts.append(tr("about {count} rows", count=rows))
    if version["columns"]:
        parts.append(trn("{count} column", "{count} columns", len(version["columns"])))
    if version["classes"]:
        parts.append(trn("{count} class", "{count} classes", len(version["classes"])))
    return ", ".join(parts) or trn("{count} file", "{count} files", int(version["files"]))


def content_cell(one: dict[str, Any]) -> Cell:
    """Return what it holds over its size."""
    version = one["version"]
    if version is None:
        return Cell(tr("being read") if one["scanning"] else tr("not read yet"), tok="muted")
    return Cell(content_words(version, one["kind"]), sub=size(version["size"]))


def version_cell(one: dict[str, Any]) -> Cell:
    """Return the version and its hash."""
    version = one["version"]
    if version is None:
        return Cell("–", tok="faint")
    return Cell(tr("version {number}", number=version["number"]), sub=short_digest(version["hash"]))


def groups_words(one: dict[str, Any], names: Mapping[int, str]) -> str:
    """Return who may use it."""
    groups = one["groups"]
    if groups is None:
        return tr("every group")
    if not groups:
        return tr("no group")
    return ", ".join(names.get(number, f"#{number}") for number in groups)


def state_cell(one: dict[str, Any]) -> Cell:
    """Return how it stands: there, being read, gone."""
    if one["scanning"]:
        return Cell(tr("Being read"), "icon", icon="loader", tok="info")
    if not one["is_there"]:
        return Cell(tr("Not there"), "icon", icon="circle-alert", tok="danger")
    if one["problem"]:
        why = said(one["problem"])
        return Cell(tr("Not read"), "icon", icon="triangle-alert", tok="warn", sub=why, tip=why)
    if one["version"] is None:
        return Cell(tr("Not read yet"), "icon", icon="clock", tok="muted")
    read = tr("read {age} ago", age=age(one["version"]["scanned_at"]))
    return Cell(tr("Ready"), "icon", icon="circle-check", tok="ok", sub=read)


def shown_cell(one: dict[str, Any]) -> Cell:
    """Return what the group is told."""
    if one["shown"]:
        return Cell(tr("rows and columns"), tok="muted")
    return Cell(tr("nothing"), tok="faint")


def facts(one: dict[str, Any], names: Mapping[int, str]) -> list[tuple[str, str]]:
    """Return what the side of the page says about a dataset."""
    version = one["version"]
    found = [
        (tr("Place"), one["path"]),
        (tr("Kind"), tr(KINDS.get(one["kind"], one["kind"]))),
        (tr("Content"), content_words(version, one["kind"])),
        (tr("Size"), size(version["size"]) if version else "–"),
        (tr("Hash"), version["hash"] if version else "–"),
        (tr("Groups"), groups_words(one, names)),
        (tr("Told"), tr("name, version, rows and columns") if one["shown"] else tr("nothing")),
        (tr("Added"), f"{date(one['added_at'])} · {one['added_by']}"),
        (tr("Note"), one["note"] or "–"),
    ]
    if one["is_default"]:
        found.append((tr("Serves"), tr("runs whose approval names no dataset")))
    return found


def column_cells(column: dict[str, Any], looked_at: int) -> tuple[Cell, Cell, Cell, Cell]:
    """Return name, type, missing values and examples of a column."""
    missing = int(column["missing"])
    share = missing / looked_at if looked_at else 0.0
    tok = "warn" if share > 0.05 else "muted" if missing else "faint"
    text = f"{missing:,}" if missing else tr("none")
    return (
        Cell(column["name"], weight=500, mono=True),
        Cell(tr(TYPES.get(column["type"], column["type"])), tok="muted"),
        Cell(text, tok=tok, right=True),
        Cell(", ".join(column["examples"]), tok="faint", mono=True),
    )


def looked_words(preview: dict[str, Any]) -> str:
    """Return how much of a table types and missing counts come from."""
    rows = int(preview["looked_at"])
    parts = [
        trn("{count} row looked at", "{count} rows looked at", rows) if preview["is_whole"]
        else tr("the first {count} rows looked at", count=f"{rows:,}"),
        "Parquet" if preview["kind"] == "parquet"
        else str(preview["encoding"]).upper().replace("-SIG", ""),
    ]  # fmt: skip
    if preview["broken"]:
        count = int(preview["broken"])
        parts.append(trn("{count} broken row", "{count} broken rows", count))
    if preview["notice"]:
        parts.append(said(str(preview["notice"])))
    return " · ".join(parts)


def lines_of(preview: dict[str, Any]) -> list[Line]:
    """Return the rows of a preview, each as long as there are columns."""
    width = len(preview["columns"])
    return [
        Line(number, tuple([*row, *[""] * (width - len(row))][:width]))
        for number, row in enumerate(preview["rows"], start=1)
    ]


def version_words(versions: Sequence[dict[str, Any]], kind: str) -> list[tuple[str, str, str]]:
    """Return number and date, content, and hash of each version."""
    return [
        (
            tr("Version {number}", number=one["number"]),
            f"{content_words(one, kind)} · {date(one['scanned_at'])}",
            short_digest(one["hash"]),
        )
        for one in versions
    ]
