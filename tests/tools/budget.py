"""Print the code budget as a table and fail where a hard line is crossed (ARCHITECTURE, Budget)."""

from __future__ import annotations

import ast
import statistics
import sys
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BANNED = {"utils", "helpers", "common", "manager", "util", "helper", "misc"}
STDLIB_ONLY = (
    "agent_core/worker/channel.py",
    "agent_core/worker/reporter.py",
    "agent_core/worker/silodesk_job.py",
    "agent_core/worker/__main__.py",
    # the keeper and its parts: they run under `python -I -S` and stay small
    *(
        f"agent_core/jobs/{name}.py"
        for name in (
            "keeper", "desk", "ending", "intake", "limits", "outlet", "spawn", "spool",
            "yielding",
        )
    ),
)  # fmt: skip


@dataclass
class Count:
    """What one pass over the sources found."""

    lines: list[int] = field(default_factory=list)
    functions: int = 0
    long_functions: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


def read(path: Path, count: Count) -> None:
    """Add one file to the count."""
    name = path.relative_to(ROOT).as_posix()
    text = path.read_text("utf-8")
    lines = text.splitlines()
    if path.name != "__init__.py":
        count.lines.append(len(lines))
    if len(lines) > 500:
        count.faults.append(f"{name}: {len(lines)} lines (limit 500)")
    if path.stem in BANNED:
        count.faults.append(f"{name}: a module may not be called {path.stem}")
    tree = ast.parse(text)
    if not ast.get_docstring(tree):
        count.faults.append(f"{name}: no module docstring")
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            count.functions += 1
            if (node.end_lineno or 0) - node.lineno + 1 > 60:
                count.long_functions.append(f"{name}:{node.lineno} {node.name}")
        if isinstance(node, ast.ExceptHandler) and is_broad(node):
            near = "\n".join(lines[max(0, node.lineno - 2) : node.lineno + 2])
            if "#" not in near:
                count.faults.append(f"{name}:{node.lineno}: broad except without its reason")


def is_broad(node: ast.ExceptHandler) -> bool:
    """Return whether a handler catches everything."""
    return node.type is None or (
        isinstance(node.type, ast.Name) and node.type.id in {"Exception", "BaseException"}
    )


def imports_outside_standard_library(path: Path) -> list[str]:
    """Return the imports of a file that are neither standard library nor the worker's own."""
    found = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found += [name.name for name in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            is_package = node.module in ("agent_core.jobs", "agent_core.worker")
            names = [f"{node.module}.{name.name}" for name in node.names]
            found += names if is_package else [node.module]
    ours = {name.removesuffix(".py").replace("/", ".") for name in STDLIB_ONLY}
    allowed = {*sys.stdlib_module_names, *ours, "silodesk_worker"}
    return [name for name in found if name not in allowed and name.split(".")[0] not in allowed]


def tests_share(code: int) -> tuple[int, float]:
    """Return the lines of test code and their share of the production code."""
    lines = sum(
        len(path.read_text("utf-8").splitlines()) for path in (ROOT / "tests").rglob("*.py")
    )
    return lines, lines / code if code else 0.0


def main() -> int:
    """Print the table; return 1 where a hard line is crossed."""
    count = Count()
    for folder in ("app", "agent_core"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            if "_resources" not in path.parts and "versions" not in path.parts:
                read(path, count)
    for name in STDLIB_ONLY:
        path = ROOT / name
        for found in imports_outside_standard_library(path) if path.exists() else []:
            count.faults.append(f"{name}: imports {found}; standard library only")
    if (ROOT / "packaging" / "__init__.py").exists():
        count.faults.append("packaging/__init__.py shadows the library `packaging`; remove it")
    code = sum(count.lines)
    median = statistics.median(count.lines)
    p90 = statistics.quantiles(count.lines, n=10)[-1]
    long_share = len(count.long_functions) / max(count.functions, 1)
    test_lines, share = tests_share(code)
    rows = [
        ("median file", f"{median:.0f}", "<= 120", median <= 120),
        ("90th percentile", f"{p90:.0f}", "<= 350", p90 <= 350),
        ("largest file", str(max(count.lines)), "<= 500", max(count.lines) <= 500),
        ("functions over 60 lines", f"{long_share:.2%}", "<= 1 %", long_share <= 0.01),
        ("test lines / code lines", f"{share:.2f}", "aim 0.7", True),
    ]
    print(
        f"{len(count.lines)} files, {code} lines, {count.functions} functions, "
        f"{test_lines} test lines"
    )
    for label, value, limit, is_met in rows:
        print(f"  {label:<26}{value:>8}   {limit:<8} {'ok' if is_met else 'CROSSED'}")
    for name in count.long_functions:
        print(f"  long: {name}")
    for fault in count.faults:
        print(f"  fault: {fault}")
    return 0 if not count.faults and all(row[3] for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
