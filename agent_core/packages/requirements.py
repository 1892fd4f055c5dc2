"""What a package needs installed: requirements.txt, else the dependencies of pyproject.toml."""

from __future__ import annotations

import posixpath
import re

from packaging.requirements import InvalidRequirement, Requirement

from agent_core.errors import PackageError
from agent_core.packages.content import (
    CONFIG,
    SOURCE,
    Content,
    pyproject_of,
    shown,
    table_of,
    text_of,
    texts_of,
)

FILES = (f"{SOURCE}/requirements.txt", f"{CONFIG}/requirements.txt")
DEPTH_LIMIT = 5


class Requirements:
    """The requirements found, and what was left out of them and why."""

    def __init__(self, content: Content) -> None:
        self._content = content
        self.found: list[str] = []
        self.notes: list[str] = []

    def collect(self) -> Requirements:
        """Read the first source of requirements that there is."""
        for path in FILES:
            if self._content.has(path):
                self._read_file(path, 1)
                return self
        for text in texts_of(table_of(pyproject_of(self._content), "project"), "dependencies"):
            self._add(text, "pyproject.toml")
        return self

    def _read_file(self, path: str, depth: int) -> None:
        if depth > DEPTH_LIMIT:
            raise PackageError(
                f"{shown(path)} is included more than {DEPTH_LIMIT} levels deep.",
                next_step="Write the requirements into one file.",
                code="package.requirements",
            )
        joined = text_of(self._content, path).replace("\\\r\n", " ").replace("\\\n", " ")
        for number, raw in enumerate(joined.splitlines(), 1):
            line = re.sub(r"(^|\s)#.*$", "", raw).strip()
            included = re.match(r"^(?:-r|--requirement)[ =]?\s*(\S+)$", line)
            if included:
                inner = posixpath.normpath(
                    posixpath.join(posixpath.dirname(path), included.group(1))
                )
                if not self._content.has(inner):
                    raise PackageError(
                        f"{shown(path)} includes {included.group(1)}, which is not in the package.",
                        next_step="Put that file into the source folder, or remove the line.",
                        code="package.requirements",
                    )
                self._read_file(inner, depth + 1)
            elif line.startswith("-"):
                self.notes.append(f"{shown(path)} line {number}: option {line} is not used")
            elif line:
                self._add(line, f"{shown(path)} line {number}")

    def _add(self, text: str, where: str) -> None:
        bare = re.sub(r"\s--hash[ =]\S+", "", text).strip()
        if bare != text:
            self.notes.append(f"{where}: hashes are not used")
        try:
            requirement = Requirement(bare)
        except InvalidRequirement as error:
            raise PackageError(
                f"{where}: '{bare}' is not a requirement.",
                next_step="Write it as NAME==VERSION; folders and files cannot be installed.",
                code="package.requirements",
            ) from error
        name = re.sub(r"[-_.]+", "-", requirement.name).lower()
        if name.startswith("flwr"):
            self.notes.append(f"{where}: {requirement.name} comes with the job runtime")
        elif str(requirement) not in self.found:
            self.found.append(str(requirement))
