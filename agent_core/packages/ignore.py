"""What stays out of a package, and why."""

from __future__ import annotations

import fnmatch
from pathlib import Path
from typing import Any

import pathspec

from agent_core.errors import StorageError
from agent_core.packages.content import texts_of

VERSION_HISTORY = "version history"
COMPILED = "compiled Python"
VIRTUAL = "virtual environment"
BUILT = "an earlier build"
CACHE = "a tool's cache"
SECRET = "looks like a secret"  # noqa: S105 - a reason, not a secret
NO_FLOWER_FILE = "no file type of Flower apps; fab-include adds it"
BROKER = "FedML's broker access"

# Base names, as FedML's patterns are; the first that matches gives the reason.
_FIXED: tuple[tuple[str, str], ...] = tuple(
    (pattern, reason)
    for reason, patterns in (
        (VERSION_HISTORY, (".git", "*.git", ".hg", ".svn")),
        (COMPILED, ("__pycache__", "*.pyc", "*.pyo")),
        (VIRTUAL, (".venv", "venv", ".conda")),
        (BUILT, ("dist-packages", "client-package.zip", "server-package.zip",
                 "flower-package.zip", "*.egg-info")),
        (CACHE, (".mypy_cache", ".pytest_cache", ".ruff_cache", ".ipynb_checkpoints", ".tox",
                 ".nox", ".flwr", ".eggs", ".hypothesis", "node_modules", ".DS_Store", "Thumbs.db",
                 ".idea", ".vscode")),
        (SECRET, (".env", ".env.*", "*.pem", "*.key", "*.p12", "*.pfx", "*.jks", "*.keystore",
                  "*.ppk", ".netrc", ".pypirc", ".npmrc", ".ssh", ".aws", ".gnupg",
                  "credentials.json")),
    )
    for pattern in patterns
)  # fmt: skip
_KEY_BLOCK = b"PRIVATE KEY-----"


# What flwr packs of an app folder when its pyproject.toml names nothing else.
FLOWER_TYPES = ("*.py", "*.toml", "*.md", "*.yaml", "*.yml", "*.json", "*.jsonl", "LICENSE")


class FlowerFiles:
    """What [tool.flwr.app] says about the files of an app: fab-include and fab-exclude."""

    def __init__(self, app: dict[str, Any]) -> None:
        included, excluded = texts_of(app, "fab-include"), texts_of(app, "fab-exclude")
        self._types = pathspec.GitIgnoreSpec.from_lines([*FLOWER_TYPES, *included])
        self._only = pathspec.GitIgnoreSpec.from_lines(included) if included else None
        self._excluded = pathspec.GitIgnoreSpec.from_lines(excluded)

    def reason(self, relative: str) -> str:
        """Return why a file is no part of the app, or nothing."""
        if relative == "pyproject.toml":
            return ""
        if self._excluded.match_file(relative):
            return "ignored by fab-exclude"
        if self._only is not None and not self._only.match_file(relative):
            return "not named in fab-include"
        return "" if self._types.match_file(relative) else NO_FLOWER_FILE


class IgnoreRules:
    """The rules of one folder: fixed ones, the person's patterns, and .gitignore files."""

    def __init__(
        self, patterns: str = "", *, is_config: bool = False, flower: FlowerFiles | None = None
    ) -> None:
        self._flower = flower
        self._own = [text.strip() for text in patterns.split(",") if text.strip()]
        self._is_config = is_config
        self._specs: dict[str, pathspec.GitIgnoreSpec] = {}

    def enter(self, folder: Path, relative: str) -> None:
        """Take in the .gitignore of a folder that is about to be walked."""
        path = folder / ".gitignore"
        try:
            if path.is_file():
                lines = path.read_text("utf-8", errors="replace").splitlines()
                self._specs[relative] = pathspec.GitIgnoreSpec.from_lines(lines)
        except OSError as error:
            raise StorageError(
                f"{path} cannot be read: {error.strerror}.",
                next_step="Check its permissions.",
            ) from error

    def reason(self, path: Path, relative: str, *, is_folder: bool) -> str:
        """Return why a file or folder stays out, or nothing."""
        name = path.name
        for pattern, reason in _FIXED:
            if fnmatch.fnmatch(name, pattern):
                return reason
        if is_folder and (path / "pyvenv.cfg").is_file():
            return VIRTUAL
        # `id_*` are SSH keys; a Python file of that name is code.
        if not is_folder and name.startswith("id_") and not name.endswith(".py"):
            return SECRET
        if self._is_config and relative in {"mqtt_config.yaml", "s3_config.yaml"}:
            return BROKER
        for pattern in self._own:
            if fnmatch.fnmatch(name, pattern):
                return f"ignored by the pattern {pattern}"
        ignored = self._by_gitignore(relative, is_folder=is_folder)
        if not ignored and self._flower and not is_folder:
            return self._flower.reason(relative)
        return ignored

    def _by_gitignore(self, relative: str, *, is_folder: bool) -> str:
        decided = ""
        for base, spec in self._specs.items():  # outer folders come first, inner ones decide
            if base and not relative.startswith(f"{base}/"):
                continue
            below = relative[len(base) + 1 :] if base else relative
            include = spec.check_file(below + "/" if is_folder else below).include
            if include is not None:
                decided = f"ignored by {base}/.gitignore".replace("by /", "by ") if include else ""
        return decided


def holds_private_key(path: Path) -> bool:
    """Return whether a file starts as a private key does, whatever its name."""
    try:
        with path.open("rb") as file:
            head = file.read(80)
    except OSError:
        return False  # who packs it reads it again, and reports what is wrong
    return head.lstrip().startswith(b"-----BEGIN") and _KEY_BLOCK in head
