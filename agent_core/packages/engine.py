"""Find out what runs an entry file: a Flower app object, FedML's calls, or a plain script."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from agent_core.errors import PackageError
from agent_core.packages.content import shown
from agent_core.protocol.states import Role

APP_CLASS = {Role.CLIENT: "ClientApp", Role.SERVER: "ServerApp"}
DEFAULT_OBJECT = "app"
_FEDML_NAMES = ("run_cross_silo_", "FedMLRunner")


def parse(text: str, path: str) -> ast.Module:
    """Return the syntax tree of a Python file; raises PackageError where it is none."""
    try:
        return ast.parse(text)
    except SyntaxError as error:
        raise PackageError(
            f"{shown(path)} is not Python: {error.msg} in line {error.lineno}.",
            next_step="Correct that line and build again.",
            code="package.syntax",
        ) from error
    except (ValueError, RecursionError, MemoryError) as error:
        # NUL bytes, or nesting that the parser gives up on.
        raise PackageError(
            f"{shown(path)} is not Python that can be read: {error}.",
            next_step="Check that it is a source file.",
            code="package.syntax",
        ) from error


def detect(text: str, path: str, role: Role) -> tuple[str, str]:
    """Return the engine of an entry file and the name of its app object (Flower only)."""
    tree = parse(text, path)
    aliases = _imports(tree)
    found = app_objects(tree, APP_CLASS[role], aliases)
    if found:
        return "flower", _only(found, path, role)
    other = Role.SERVER if role is Role.CLIENT else Role.CLIENT
    if app_objects(tree, APP_CLASS[other], aliases):
        raise PackageError(
            f"{shown(path)} has a {APP_CLASS[other]}, and no {APP_CLASS[role]}.",
            next_step=f"Build it with `-t {other}`, or name the file of the {APP_CLASS[role]}.",
            code="package.role",
        )
    return ("fedml", "") if _calls_fedml(tree) else ("script", "")


def app_objects(tree: ast.Module, class_name: str, aliases: dict[str, str]) -> list[str]:
    """Return the module-level names that hold an app of a class, in order."""
    found: list[str] = []
    for statement in _module_level(tree.body):
        if isinstance(statement, ast.Assign):
            targets, value = statement.targets, statement.value
        elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
            targets, value = [statement.target], statement.value
        else:
            continue
        if isinstance(value, ast.Call) and _is_class(value.func, class_name, aliases):
            found += [target.id for target in targets if isinstance(target, ast.Name)]
    return list(dict.fromkeys(found))


def defines(tree: ast.Module, name: str) -> int:
    """Return the line in which a module binds a name at its level, or 0."""
    for statement in _module_level(tree.body):
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names = [statement.name]
        elif isinstance(statement, ast.Import | ast.ImportFrom):
            names = [alias.asname or alias.name for alias in statement.names]
        else:
            names = [
                node.id
                for node in ast.walk(statement)
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
            ]
        if name in names:
            return statement.lineno
    return 0


def _only(found: list[str], path: str, role: Role) -> str:
    if DEFAULT_OBJECT in found:
        return DEFAULT_OBJECT
    if len(found) == 1:
        return found[0]
    raise PackageError(
        f"{shown(path)} has {len(found)} {APP_CLASS[role]}s: {', '.join(found)}.",
        next_step="Call the one that shall run `app`.",
        code="package.entry",
    )


def _module_level(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements that run on import, also inside if, try and with."""
    for statement in body:
        inner = [
            part
            for name in ("body", "orelse", "finalbody")
            for part in getattr(statement, name, [])
        ]
        if isinstance(statement, ast.If | ast.Try | ast.With):
            for handler in getattr(statement, "handlers", []):
                inner += handler.body
            yield from _module_level(inner)
        else:
            yield statement


def _imports(tree: ast.Module) -> dict[str, str]:
    """Return what the imported names stand for: {"CA": "flwr.clientapp.ClientApp"}."""
    names = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and not node.level:
            for alias in node.names:
                names[alias.asname or alias.name] = f"{node.module}.{alias.name}"
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                names[alias.asname or alias.name] = f".{alias.name}"
        elif isinstance(node, ast.Import):
            for alias in node.names:
                first = alias.name.split(".")[0]
                names[alias.asname or first] = alias.name if alias.asname else first
    return names


def _is_class(func: ast.expr, class_name: str, aliases: dict[str, str]) -> bool:
    dotted = _dotted(func)
    if not dotted:
        return False
    head, _, rest = dotted.partition(".")
    full = f"{aliases.get(head, head)}.{rest}".rstrip(".")
    is_flower = full.split(".")[0] == "flwr" or head not in aliases
    return is_flower and full.split(".")[-1] == class_name


def _dotted(node: ast.expr) -> str:
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return ""
    return ".".join([node.id, *reversed(parts)])


def _calls_fedml(tree: ast.Module) -> bool:
    aliases = _imports(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and (dotted := _dotted(node.func)):
            head, _, rest = dotted.partition(".")
            full = f"{aliases.get(head, head)}.{rest}".rstrip(".")
            last = full.split(".")[-1]
            if full.startswith("fedml.") and last.startswith(_FEDML_NAMES):
                return True
    return False
