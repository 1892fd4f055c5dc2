"""Rules that every line of production code keeps, read from its syntax tree."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FORBIDDEN_IMPORTS = {"pickle", "cPickle", "marshal", "shelve", "dill", "cloudpickle", "joblib"}
FORBIDDEN_BUILTINS = {"eval", "exec", "compile", "__import__"}
FORBIDDEN_CALLS = {
    "os.system", "os.popen", "yaml.load", "yaml.unsafe_load", "yaml.full_load",
    "builtins.eval", "builtins.exec",
}  # fmt: skip
FORBIDDEN_KEYWORDS = {
    ("shell", True), ("verify", False), ("allow_pickle", True), ("weights_only", False),
}  # fmt: skip


def offences(text: str) -> Iterator[str]:
    """Yield what a source text does that production code may not do."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield from (f"line {node.lineno}: imports {name}" for name in _forbidden(node))
        elif isinstance(node, ast.Call):
            yield from (f"line {node.lineno}: {what}" for what in _call(node))


def _forbidden(node: ast.Import | ast.ImportFrom) -> list[str]:
    """Return the forbidden modules and functions that one import names."""
    names = [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        names = [node.module or "", *(f"{node.module}.{name}" for name in names)]
    return [
        name for name in names if name.split(".")[0] in FORBIDDEN_IMPORTS or name in FORBIDDEN_CALLS
    ]


def _call(node: ast.Call) -> Iterator[str]:
    """Yield what is wrong with one call."""
    called = ast.unparse(node.func)
    if called in FORBIDDEN_CALLS or (
        isinstance(node.func, ast.Name) and called in FORBIDDEN_BUILTINS
    ):
        yield f"calls {called}"
    given = {
        keyword.arg: keyword.value.value
        for keyword in node.keywords
        if keyword.arg and isinstance(keyword.value, ast.Constant)
    }
    for name, value in FORBIDDEN_KEYWORDS:
        if name in given and given[name] is value:
            yield f"{called}({name}={value})"
    if called == "torch.load" and given.get("weights_only") is not True:
        yield "torch.load without weights_only=True"


def sources() -> list[Path]:
    """Return every file of production code, recipes of the installer included."""
    folders = ("app", "agent_core", "packaging")
    files = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    return sorted([*files, *ROOT.glob("*.py")])


def run_python(code: str) -> str:
    """Return what a fresh interpreter prints that was started at the root of the checkout."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    return done.stdout.strip()


@pytest.mark.parametrize(
    "text",
    [
        "import pickle", "from marshal import loads", "import shelve as s", "eval('1')",
        "exec('1')", "compile('1', 'a', 'eval')", "yaml.load(text)", "from os import system",
        "os.system('ls')", "run(a, shell=True)", "get(a, verify=False)", "torch.load(a)",
        "torch.load(a, weights_only=False)", "numpy.load(a, allow_pickle=True)",
    ],
)  # fmt: skip
def test_each_rule_finds_its_offence(text: str) -> None:
    """Each forbidden form is seen, so that a clean tree says something."""
    assert list(offences(text))


@pytest.mark.parametrize(
    "text",
    [
        "application.exec()", "re.compile('a')", "yaml.safe_load(text)", "model.eval()",
        "torch.load(a, weights_only=True)", "run(a, shell=False)", "get(a, verify=context)",
    ],
)  # fmt: skip
def test_what_only_looks_alike_is_allowed(text: str) -> None:
    """A menu's exec, a pattern's compile and safe forms are no offence."""
    assert list(offences(text)) == []


def test_production_code_keeps_the_rules() -> None:
    """No file loads code from data, starts a shell or skips a certificate's check."""
    found = [
        f"{path.relative_to(ROOT)} {offence}"
        for path in sources()
        for offence in offences(path.read_text("utf-8"))
    ]

    assert found == []


def test_recipes_do_not_shadow_the_library_packaging() -> None:
    """The folder packaging/ is no package and holds no test."""
    names = [path.name for path in (ROOT / "packaging").rglob("*.py")]
    shadows = [
        name
        for name in names
        if name in {"__init__.py", "conftest.py"} or re.match(r"test_|.*_test\.py$", name)
    ]

    assert shadows == []


def test_changelog_parses() -> None:
    """Each line of the change log has its place in Keep a Changelog's order."""
    lines = (ROOT / "CHANGELOG.md").read_text("utf-8").splitlines()
    kinds = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
    versions: list[str] = []
    kind, entries = "", 0
    for number, line in enumerate(lines[1:], 2):
        if heading := re.fullmatch(
            r"## \[(Unreleased|\d+\.\d+\.\d+)\](?: - \d{4}-\d\d-\d\d)?", line
        ):
            versions.append(heading[1])
            kind = ""
        elif line.startswith("### "):
            kind = line.removeprefix("### ")
            assert versions, f"line {number}: a kind of change before the first version"
            assert kind in kinds, f"line {number}: {kind} is no kind of change"
        elif line.startswith("- "):
            assert kind, f"line {number}: an entry under no kind of change"
            entries += 1
        else:
            assert not line.startswith("#"), f"line {number}: not a heading of a change log"

    assert lines[0] == "# Changelog"
    assert versions[:1] == ["Unreleased"]
    assert len(versions) == len(set(versions))
    assert entries > 0


def test_command_line_loads_no_heavy_library() -> None:
    """The command line imports neither Qt, torch, a store's client nor the hub's web framework."""
    heavy = ("PySide6", "torch", "boto3", "fastapi")

    loaded = run_python(
        f"import sys, agent_core.cli.main; print([n for n in {heavy!r} if n in sys.modules])"
    )

    assert loaded == "[]"


@pytest.mark.parametrize("package", ["app", "agent_core"])
def test_package_is_of_this_checkout(package: str) -> None:
    """Tests and a fresh interpreter read this checkout, not an installed copy."""
    place = run_python(f"import {package}; print({package}.__file__)")

    assert Path(place).resolve() == ROOT / package / "__init__.py"
    assert Path(__import__(package).__file__ or "").resolve() == ROOT / package / "__init__.py"
