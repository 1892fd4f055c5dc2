"""Check what a person named for a build: source folder, entry file, config folder."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath

from agent_core.errors import UserInputError


def check_source(folder: Path) -> Path:
    """Return the source folder; raises UserInputError where there is none."""
    if not folder.is_dir():
        raise UserInputError(
            f"The source folder {folder} does not exist.",
            next_step="Name the folder that holds the code: -sf FOLDER.",
            code="input.source",
        )
    return folder


def check_entry(source: Path, entry: str) -> str:
    """Return the entry as a path below the source folder; raises UserInputError."""
    if PurePosixPath(entry) == PurePosixPath():
        raise UserInputError(
            f"No entry file is named for {source}.",
            next_step="Name the Python file to start, below the source folder: -ep FILE.",
            code="input.entry",
        )
    path = PurePosixPath(os.path.normpath(entry.replace("\\", "/")).replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or not (source / path).is_file():
        raise UserInputError(
            f"The entry file {entry} is not in the source folder {source}.",
            next_step="Name a file by its path below the source folder: -ep FILE.",
            code="input.entry",
        )
    return path.as_posix()


def check_config(folder: Path | None) -> Path | None:
    """Return the config folder; raises UserInputError where the named one is missing."""
    if folder is not None and not folder.is_dir():
        raise UserInputError(
            f"The config folder {folder} does not exist.",
            next_step="Name the folder that holds fedml_config.yaml: -cf FOLDER.",
            code="input.config",
        )
    return folder
