"""Which modules a package imports from elsewhere, read from its sources without running them."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Mapping

from agent_core.errors import PackageError
from agent_core.packages.engine import parse

BROUGHT = frozenset({"silodesk_job", "silodesk_worker"})  # every job has these
LIMIT = 500


def modules_wanted(texts: Mapping[str, str], paths: Iterable[str]) -> list[str]:
    """Return the top-level modules that sources import and neither they nor Python bring."""
    own = {part.removesuffix(".py") for path in paths for part in path.split("/")}
    wanted: set[str] = set()
    for path, text in texts.items():
        if path.endswith(".py"):
            wanted |= _imported(text, path)
    return sorted(wanted - own - BROUGHT - set(sys.stdlib_module_names))[:LIMIT]


def _imported(text: str, path: str) -> set[str]:
    try:
        tree = parse(text, path)
    except PackageError:
        return set()  # another check says that it cannot be read
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            found.add(node.module.split(".")[0])
    return found
