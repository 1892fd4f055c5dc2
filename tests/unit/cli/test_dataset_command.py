"""`silodesk dataset`, as a person types it, against a running agent."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from helpers.agent_process import COMMAND, AgentProcess

from agent_core.paths import Home


@pytest.fixture(scope="module")
def home() -> Iterator[Home]:
    """A home with a running agent that is bound to no hub."""
    with AgentProcess() as process:
        yield process.home


def silodesk(home: Home, *arguments: str, code: int = 0) -> Any:
    """Run a command with --json and return what it printed."""
    done = subprocess.run(
        [*COMMAND, *arguments, "--home", str(home.root), "--json"],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == code, done.stdout + done.stderr
    return json.loads(done.stdout)


def test_a_dataset_from_its_registration_to_its_removal(home: Home, tmp_path: Path) -> None:
    """Added and read, listed, looked into, limited, read again, removed."""
    place = tmp_path / "cohort"
    place.mkdir()
    (place / "t.csv").write_text("age;sex\n31;f\n;m\n")

    added = silodesk(home, "dataset", "add", str(place), "--name", "Cohort", "--note", "vote 1")
    assert (added["version"]["rows"], added["kind"], added["note"]) == (2, "csv", "vote 1")
    assert [one["name"] for one in silodesk(home, "dataset", "list")] == ["Cohort"]

    looked = silodesk(home, "dataset", "preview", "Cohort", "--rows", "1")
    assert looked["delimiter"] == ";"
    assert looked["rows"] == [["31", "f"]]
    assert [(c["name"], c["missing"]) for c in looked["columns"]] == [("age", 1), ("sex", 0)]

    changed = silodesk(home, "dataset", "change", "Cohort", "--group", "7", "--show-to-group")
    assert (changed["groups"], changed["shown"]) == ([7], True)
    (place / "t.csv").write_text("age;sex\n31;f\n")
    assert silodesk(home, "dataset", "scan", "Cohort")["version"]["number"] == 2
    assert len(silodesk(home, "dataset", "show", "Cohort")["history"]) == 2

    silodesk(home, "dataset", "remove", "Cohort")
    assert silodesk(home, "dataset", "list") == []
    assert (place / "t.csv").exists()
    assert silodesk(home, "dataset", "show", "Cohort", code=1)["code"] == "missing.dataset"


def test_text_for_people(home: Home, tmp_path: Path) -> None:
    """Tables and lines instead of JSON."""
    (tmp_path / "t.csv").write_text("age\n1\n")
    silodesk(home, "dataset", "add", str(tmp_path / "t.csv"), "--name", "One file")

    def said(*arguments: str) -> str:
        return subprocess.run(
            [*COMMAND, "dataset", *arguments, "--home", str(home.root)],
            capture_output=True, text=True, timeout=60, check=True,
        ).stdout  # fmt: skip

    assert "1 rows, 1 columns" in said("list")
    assert "nothing is told" in said("show", "One file")
    assert "1 rows looked at" in said("preview", "One file")
