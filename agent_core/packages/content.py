"""What builder, verifier and inspector read a package's files through."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, Protocol

from agent_core.errors import PackageError

SOURCE = "fedml"  # the source folder inside a package
CONFIG = "fedml/config"
PYPROJECT = f"{SOURCE}/pyproject.toml"
FEDML_CONFIG = f"{CONFIG}/fedml_config.yaml"
FEDML_YAML = "conf/fedml.yaml"
TEXT_LIMIT = 2 * 1024 * 1024  # bytes of a file that is read as text and understood
YAML_LIMIT = 256 * 1024  # bytes of a YAML file; its reader is slow


class Content(Protocol):
    """The files of a package by path below its root."""

    def has(self, path: str) -> bool:
        """Return whether there is such a file."""

    def read(self, path: str, limit: int = TEXT_LIMIT) -> bytes:
        """Return a file of at most `limit` bytes; raises PackageError."""


class Folder:
    """Files on disk; `prefix` is where the folder stands in a package."""

    def __init__(self, root: Path, prefix: str = "") -> None:
        self._root = root
        self._prefix = f"{prefix}/" if prefix else ""

    def has(self, path: str) -> bool:
        """Return whether there is such a file."""
        return path.startswith(self._prefix) and self._at(path).is_file()

    def read(self, path: str, limit: int = TEXT_LIMIT) -> bytes:
        """Return a file of at most `limit` bytes; raises PackageError."""
        try:
            with self._at(path).open("rb") as file:
                data = file.read(limit + 1)
        except OSError as error:
            raise PackageError(
                f"{self._at(path)} cannot be read: {error.strerror}.",
                next_step="Check its permissions.",
                code="package.file",
            ) from error
        if len(data) > limit:
            raise PackageError(
                f"{self._at(path)} is larger than {limit} bytes, too large to be understood.",
                next_step="Move data out of it.",
                code="package.file",
            )
        return data

    def _at(self, path: str) -> Path:
        return self._root / path.removeprefix(self._prefix)


def text_of(content: Content, path: str, limit: int = TEXT_LIMIT) -> str:
    """Return a file as text; raises PackageError where it is none."""
    try:
        return content.read(path, limit).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise PackageError(
            f"{shown(path)} is not UTF-8 text.",
            next_step="Save it as UTF-8 and build again.",
            code="package.text",
        ) from error


def pyproject_of(content: Content) -> dict[str, Any]:
    """Return the source folder's pyproject.toml, empty where there is none."""
    if not content.has(PYPROJECT):
        return {}
    try:
        return tomllib.loads(text_of(content, PYPROJECT))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise PackageError(
            f"pyproject.toml cannot be read: {error}.",
            next_step="Correct that line and build again.",
            code="package.pyproject",
        ) from error


def table_of(table: dict[str, Any], *names: str) -> dict[str, Any]:
    """Return a table inside tables, empty where any of them is missing or no table."""
    for name in names:
        inner = table.get(name)
        table = inner if isinstance(inner, dict) else {}
    return table


def texts_of(table: dict[str, Any], name: str) -> list[str]:
    """Return a list of texts, empty where it is missing or something else."""
    value = table.get(name)
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def shown(path: str) -> str:
    """Return a path as the person knows it: below the source folder."""
    return path.removeprefix(f"{SOURCE}/")
