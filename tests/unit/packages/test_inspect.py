"""Looking into packages: calls that an operator should see, text, what changed."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers.package_folders import request_for

from agent_core.errors import PackageError
from agent_core.packages.builder import BuildResult, build
from agent_core.packages.inspect import (
    changed_files,
    human_size,
    inspect_package,
    read_text,
    tree,
)
from agent_core.packages.risks import KINDS, risks_in
from agent_core.packages.secret_scan import secrets_in


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("import requests\n", "network"),
        ("from urllib.request import urlopen\n", "network"),
        ("import socket as s\ns.create_connection(('a', 1))\n", "network"),
        ("model.from_pretrained('x')\n", "network"),
        ("open('/etc/passwd')\n", "files"),
        ("from pathlib import Path\nPath('x').read_text()\n", "files"),
        ("import pandas as pd\npd.read_csv('x')\n", "files"),
        ("import os\nos.system('ls')\n", "processes"),
        ("from os import execv\nexecv('a', [])\n", "processes"),
        ("import subprocess\n", "processes"),
        ("import pickle\n", "pickle"),
        ("import torch\ntorch.load('x')\n", "pickle"),
        ("df.to_pickle('x')\n", "pickle"),
        ("eval('1')\n", "eval"),
        ("__import__('os')\n", "import"),
        ("import importlib\n", "import"),
        ("import ctypes\nctypes.CDLL('x')\n", "native"),
        ("x = (\n", "unreadable"),
    ],
)
def test_calls_to_look_at_are_marked(text: str, kind: str) -> None:
    assert kind in {risk.kind for risk in risks_in(text, "a.py")}
    assert kind in {*KINDS, "unreadable"}


@pytest.mark.parametrize(
    "text",
    ["import torch\nx = torch.ones(2)\n", "model.eval()\n", "def open_it(): pass\n", "x.compile()"],
)
def test_plain_code_is_not_marked(text: str) -> None:
    assert risks_in(text, "a.py") == []


def test_a_mark_has_its_line() -> None:
    (risk,) = risks_in("x = 1\n\n    \nopen('a')  # why\n", "p/a.py")
    assert (risk.path, risk.line, risk.call, risk.text) == ("p/a.py", 4, "open", "open('a')  # why")


def test_a_package_is_inspected_without_running_it(one_line: Path, tmp_path: Path) -> None:
    flag = tmp_path / "ran"
    (one_line / "client" / "bad.py").write_text(f"open({str(flag)!r}, 'w')\n")
    found = inspect_package(build(request_for(one_line, "client")).package_path)
    assert [(risk.path, risk.kind) for risk in found.risks] == [("fedml/bad.py", "files")]
    assert found.verification.name == "client-package"
    assert not flag.exists()


def test_code_that_is_not_text_is_marked(one_line: Path) -> None:
    (one_line / "client" / "odd.py").write_bytes(b"x = 1\0\xff")
    found = inspect_package(build(request_for(one_line, "client")).package_path)
    assert [(risk.path, risk.kind) for risk in found.risks] == [("fedml/odd.py", "unreadable")]


def test_files_are_read_as_text_or_called_binary(one_line: Path) -> None:
    (one_line / "client" / "weights.bin").write_bytes(bytes(range(256)))
    (one_line / "client" / "latin.txt").write_bytes("café".encode("latin-1"))
    package = build(request_for(one_line, "client")).package_path
    code = read_text(package, "fedml/torch_client.py")
    assert code.text.startswith("import fedml")
    assert not code.is_binary
    for name in ("weights.bin", "latin.txt"):
        found = read_text(package, f"fedml/{name}")
        assert (found.is_binary, found.text) == (True, "")
        assert found.size
    with pytest.raises(PackageError):
        read_text(package, "fedml/nix.py")


def test_changes_between_versions_are_listed(one_line: Path, built: BuildResult) -> None:
    old = built.manifest
    assert changed_files(old, old) == []
    (one_line / "client" / "new.py").write_text("x = 1\n")
    (one_line / "client" / "torch_client.py").write_text("import fedml\n")
    (one_line / "config" / "gpu_mapping.yaml").unlink()
    new = build(request_for(one_line, "client")).manifest
    assert changed_files(old, new) == [
        "fedml/config/gpu_mapping.yaml", "fedml/new.py", "fedml/torch_client.py",
    ]  # fmt: skip
    assert len(changed_files(None, new)) == len(new.files)


def test_tree_and_sizes_are_for_people() -> None:
    assert tree([("a/b/c.py", 10), ("a/d.py", 2_500), ("z", 0)]) == [
        "a/", "  b/", "    c.py  10 B", "  d.py  2.5 kB", "z  0 B",
    ]  # fmt: skip
    assert [human_size(n) for n in (999, 1000, 1_570_000, 2_000_000_000)] == [
        "999 B", "1.0 kB", "1.6 MB", "2.0 GB",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "line",
    [
        "-----BEGIN RSA PRIVATE KEY-----",
        "key = 'AKIAABCDEFGHIJKLMNOP'",
        "ghp_" + "a" * 36,
        "hf_" + "b" * 34,
        "sk-" + "c" * 40,
        "DB = 'postgresql://me:hunter22@db/x'",
        'password = "correct-horse"',
        "'api_key': 'abcdefgh'",
    ],
)
def test_secrets_are_found_with_their_line_and_not_kept(line: str) -> None:
    (secret,) = secrets_in(f"x = 1\n{line}\n", "a.py")
    assert (secret.path, secret.line) == ("a.py", 2)
    assert line not in repr(secret)


@pytest.mark.parametrize(
    "line", ["password = getpass()", "token = ''", "http://localhost:80/@x", "sk-learn", "x = 'y'"]
)
def test_plain_lines_are_no_secrets(line: str) -> None:
    assert secrets_in(line, "a.py") == []
