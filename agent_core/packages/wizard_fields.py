"""The form of the build wizard: its fields, and what to say under each when it is left."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from agent_core.errors import SiloDeskError, UserInputError
from agent_core.packages.build_input import check_config, check_entry, check_source
from agent_core.packages.builder import OUTPUT_FOLDER, TYPES
from agent_core.packages.content import Folder, text_of
from agent_core.packages.engine import detect
from agent_core.packages.inspect import human_size
from agent_core.protocol.states import Role

COUNT_LIMIT = 2_000

Said = tuple[Literal["ok", "warn"], str]


@dataclass(frozen=True)
class Fields:
    """What a person typed into the form, as text."""

    type: str = "client"
    source_folder: str = ""
    entry_point: str = ""
    config_folder: str = ""
    dest_folder: str = ""
    ignore: str = ""
    engine: str = ""


@dataclass(frozen=True)
class FieldNote:
    """What stands under a field once it is left."""

    field: str
    level: Literal["ok", "warn", "error"]
    text: str


def check_field(fields: Fields, field: str) -> FieldNote:
    """Return what to say under a field."""
    checks = {
        "type": _check_type,
        "source_folder": _check_source,
        "entry_point": _check_entry,
        "config_folder": _check_config,
        "dest_folder": _check_dest,
    }
    if field not in checks:
        return FieldNote(field, "ok", "")
    try:
        level, text = checks[field](fields)
    except SiloDeskError as error:
        return FieldNote(field, "error", str(error))
    return FieldNote(field, level, text)


def _check_type(fields: Fields) -> Said:
    if fields.type not in TYPES:
        raise UserInputError("Choose client, server or Flower app.")
    return "ok", ""


def _check_source(fields: Fields) -> Said:
    if not fields.source_folder:
        raise UserInputError("Name the folder that holds the code.")
    source = check_source(Path(fields.source_folder))
    if fields.type == "flower" and not (source / "pyproject.toml").is_file():
        raise UserInputError(
            "A Flower app has a pyproject.toml; there is none in this folder.",
        )
    count, size = _count(source)
    return "ok", f"{count}{'+' if count >= COUNT_LIMIT else ''} files, {human_size(size)}"


def _check_entry(fields: Fields) -> Said:
    if fields.type == "flower":
        return "ok", "named in pyproject.toml"
    source = check_source(Path(fields.source_folder))
    entry = check_entry(source, fields.entry_point)
    if fields.engine or fields.type not in TYPES:
        return "ok", ""
    if not entry.endswith(".py"):
        return "warn", "not a Python file; it is started as a script"
    engine, name = detect(text_of(Folder(source), entry), entry, Role(fields.type))
    words = {"flower": f"defines {name}", "fedml": "calls FedML", "script": "runs as a script"}
    return "ok", words[engine]


def _check_config(fields: Fields) -> Said:
    if fields.type == "flower" or not fields.config_folder:
        return "ok", ""
    config = check_config(Path(fields.config_folder))
    if config is not None and not (config / "fedml_config.yaml").is_file():
        return "warn", "there is no fedml_config.yaml in it"
    return "ok", "fedml_config.yaml found"


def _check_dest(fields: Fields) -> Said:
    dest = Path(fields.dest_folder)
    if dest.exists() and not dest.is_dir():
        raise UserInputError(f"{dest} is a file.", next_step="Name a folder.")
    above = next(folder for folder in (dest, *dest.absolute().parents) if folder.exists())
    if not os.access(above, os.W_OK):
        raise UserInputError(f"{above} cannot be written.", next_step="Name another folder.")
    target = dest / OUTPUT_FOLDER / f"{fields.type}-package.zip"
    if target.exists():
        return "warn", f"{target.name} exists and will be replaced"
    return "ok", ""


def _count(folder: Path) -> tuple[int, int]:
    count = size = 0
    for inner, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name not in {".git", "__pycache__", ".venv"}]
        for name in files:
            path = Path(inner) / name
            size += path.lstat().st_size if path.exists() else 0
            count += 1
        if count >= COUNT_LIMIT:
            break
    return count, size
