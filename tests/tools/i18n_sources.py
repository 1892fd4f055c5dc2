"""Find the texts to translate in the sources: the window's by their calls, the agent's by shape."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CALLS = {"tr": (0,), "trn": (0, 1), "mark": (0,)}
# The agent's sources whose texts never reach a window.
NOT_SHOWN = {
    "cli", "migrations", "rehearsal", "local.py", "counters.py", "health.py", "mosquitto.py",
}  # fmt: skip
FOR_MACHINES = {"log", "re", "Field", "Event", "Method", "create_task", "asyncio"}
MACHINE = re.compile(
    r"^(Traceback|SELECT|INSERT|UPDATE|DELETE|CREATE|ALTER|PRAGMA|BEGIN|DROP|WITH|REPEATABLE|"
    r"GET|POST|PUT|PATCH|import|from|Bearer|Device \{|# TYPE|\n|%|\^|\[|-|/|\\)|[\\^$|<>]|%s|"
    r"\b(text/|application/json)|"
    r"(NOT EXISTS|ON CONFLICT| IS NULL)|^\W*$|_\{|\}_|=\{|=\?| = \?"
)


def window_texts(root: Path = ROOT) -> dict[str, list[str]]:
    """Return every text of `tr`, `trn`, `mark` and `plural` in app/, with the files it is in."""
    found: dict[str, list[str]] = {}
    for path in sorted((root / "app").rglob("*.py")):
        name = path.relative_to(root).as_posix()
        for text, _ in texts_of(path.read_text("utf-8")):
            if name not in found.setdefault(text, []):
                found[text].append(name)
    return found


def texts_of(source: str) -> Iterator[tuple[str, int]]:
    """Yield each text for translation in a source, with its line."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            continue
        for place in CALLS.get(node.func.id, ()):
            if place < len(node.args):
                yield from ((text, node.lineno) for text in _literals(node.args[place]))
        if node.func.id == "plural" and len(node.args) > 1:
            yield from ((text, node.lineno) for text in _counted(node))


def faults_of(source: str) -> Iterator[tuple[str, int]]:
    """Yield each call for translation whose text no extraction can know."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            for place in CALLS.get(node.func.id, ()):
                given = node.args[place] if place < len(node.args) else None
                if isinstance(given, ast.JoinedStr | ast.BinOp):
                    yield ast.unparse(node), node.lineno


def _literals(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from _literals(node.body)
        yield from _literals(node.orelse)


def _counted(node: ast.Call) -> Iterator[str]:
    """Yield what words.plural asks the catalog for."""
    one = list(_literals(node.args[1]))
    many = list(_literals(node.args[2])) if len(node.args) > 2 else [f"{word}s" for word in one]
    yield from (f"{{count}} {word}" for word in [*one, *many])


def wire_texts(root: Path = ROOT) -> dict[str, list[str]]:
    """Return the templates of what the agent, the hub and jobs say to people."""
    found: dict[str, list[str]] = {}
    for path in sorted((root / "agent_core").rglob("*.py")):
        name = path.relative_to(root).as_posix()
        if not set(path.relative_to(root).parts) & NOT_SHOWN:
            for text in templates_of(path.read_text("utf-8")):
                if name not in found.setdefault(text, []):
                    found[text].append(name)
    return found


def templates_of(source: str) -> Iterator[str]:
    """Yield the texts for people in a source of the agent, values as {names}."""
    tree = ast.parse(source)
    skipped: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            skipped.add(id(node.value))  # a docstring
        elif isinstance(node, ast.JoinedStr):
            skipped.update(id(one) for one in ast.walk(node) if one is not node)
        elif isinstance(node, ast.Compare) or (
            isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[0] in FOR_MACHINES
        ):
            skipped.update(id(one) for one in ast.walk(node))
    for node in ast.walk(tree):
        if id(node) not in skipped and isinstance(node, ast.Constant | ast.JoinedStr):
            template = _template(node)
            if template and is_for_people(template):
                yield template


def _template(node: ast.Constant | ast.JoinedStr) -> str:
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    parts: list[str] = []
    names: dict[str, str] = {}
    for value in node.values:
        if isinstance(value, ast.Constant):
            parts.append(str(value.value))
        elif isinstance(value, ast.FormattedValue):
            spelled = ast.unparse(value.value)
            parts.append("{" + names.setdefault(spelled, _name(spelled, len(names))) + "}")
    return "".join(parts)


def _name(spelled: str, number: int) -> str:
    """Return a short name for a value: the last word of a plain expression, and its number."""
    words = re.findall(r"[A-Za-z]{3,}", re.sub(r"\(.*", "", spelled))
    return f"{words[-1].lower() if words else 'value'}{number or ''}"


def is_for_people(text: str) -> bool:
    """Return whether a text has words for people, and not for a machine."""
    words = re.sub(r"\{\w+\}", "", text)
    if " " not in text.strip() or text != text.strip() or MACHINE.search(text):
        return False
    if len(re.findall(r"[A-Za-z']{2,}", words)) < 2:
        return False
    return text[0].isupper() or text[0] in "'{“\"" or text[0].islower()
