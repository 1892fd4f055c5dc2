"""Which paths a package may hold, so that it unpacks to the same files on every system."""

from __future__ import annotations

import re
import unicodedata

PATH_LIMIT = 400  # bytes of a whole path
PART_LIMIT = 200  # bytes of a folder's or file's name

_FORBIDDEN = re.compile(r'[\x00-\x1f\x7f<>:"|?*\\]')
_RESERVED = re.compile(r"^(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?$", re.IGNORECASE)


def fault(path: str) -> str:
    """Return why a path below the package root cannot be packed or unpacked, or nothing."""
    if path.startswith("/"):
        return "it is absolute"
    if re.match(r"^[A-Za-z]:", path):
        return "it names a drive"
    if "\\" in path:
        return "it has a backslash"
    for part in path.split("/"):
        found = _part_fault(part)
        if found:
            return found
    try:
        size = len(path.encode())
    except UnicodeEncodeError:
        return "its name is not valid Unicode"
    return f"it is longer than {PATH_LIMIT} bytes" if size > PATH_LIMIT else ""


def _part_fault(part: str) -> str:
    if part == "..":
        return "it leads out of the package with '..'"
    if part in {"", "."}:
        return "it has an empty part"
    if _FORBIDDEN.search(part):
        return "it has a character that not every system allows"
    if part.endswith((".", " ")):
        return "a part of it ends in a dot or blank, which Windows drops"
    if _RESERVED.match(part):
        return "Windows reserves that name"
    if len(part.encode("utf-8", "replace")) > PART_LIMIT:
        return f"a part of it is longer than {PART_LIMIT} bytes"
    return ""


def folded(path: str) -> str:
    """Return what decides whether two paths meet on a file system that folds case."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())


def parents(path: str) -> list[str]:
    """Return the folders above a path, outermost first, without the path itself."""
    parts = path.split("/")[:-1]
    return ["/".join(parts[: count + 1]) for count in range(len(parts))]


class Names:
    """The paths of one package, which must not meet each other."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[str, bool] | None] = {}

    def add(self, path: str, *, is_folder: bool = False) -> str:
        """Add a path; return why it cannot stand beside the others, or nothing."""
        found = fault(path)
        if found:
            return found
        for folder in parents(path):
            met = self._meet(folder, is_folder=True)
            if met:
                return met
        return self._meet(path, is_folder=is_folder)

    def _meet(self, path: str, *, is_folder: bool) -> str:
        before = self._seen.setdefault(folded(path), None)
        if before is None:
            self._seen[folded(path)] = (path, is_folder)
            return ""
        if before == (path, is_folder):
            return "" if is_folder else "it is there twice"
        if before[0] == path:
            return "it is a file and a folder"
        return f"it differs from {before[0]} only in case"
