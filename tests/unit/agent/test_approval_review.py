"""What of a package is not among the rows is marked, and no change is told as none."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import pytest

from agent_core.agent import approval_review
from agent_core.agent.approval_diff import LINE_LIMIT, TEXT_LIMIT
from agent_core.agent.approval_review import SHOWN_BYTES, diffs


def packed(place: Path, files: dict[str, str | bytes]) -> Path:
    """Return a package with these files."""
    with zipfile.ZipFile(place, "w", zipfile.ZIP_STORED) as archive:
        for name, text in files.items():
            archive.writestr(f"app/{name}", text)
    return place


def shown(
    tmp_path: Path, new: dict[str, str | bytes], old: dict[str, str | bytes] | None = None
) -> list[dict[str, Any]]:
    """Return what is shown of a package, against an older one where it is given."""
    before = packed(tmp_path / "old.zip", old) if old is not None else None
    return diffs(packed(tmp_path / "new.zip", new), before, sorted({*new, *(old or {})}))


def kinds(file: dict[str, Any]) -> set[str]:
    """Return which kinds of rows a file has."""
    return {row["kind"] for row in file["rows"]}


def test_what_is_shown_whole_has_no_mark(tmp_path: Path) -> None:
    """Short files, their change, and an unchanged long line."""
    (file,) = shown(tmp_path, {"a.py": "x = 1\n"})
    assert not file["is_cut"]
    wide = "w" * (TEXT_LIMIT + 1)
    (file,) = shown(tmp_path, {"a.py": f"{wide}\nx = 2\n"}, {"a.py": f"{wide}\nx = 1\n"})
    assert (file["is_cut"], file["is_changed"]) == (False, True)


def test_a_line_that_goes_on_is_marked(tmp_path: Path) -> None:
    """What stands behind a thousand letters is not seen."""
    (file,) = shown(tmp_path, {"a.py": "#" * TEXT_LIMIT + "import os\n"})

    assert file["is_cut"]
    assert file["rows"][0]["is_cut"]


def test_lines_behind_the_limit_are_counted(tmp_path: Path) -> None:
    """The first version of a long file is shown in part."""
    (file,) = shown(tmp_path, {"a.py": "x\n" * (LINE_LIMIT + 7)})

    assert file["is_cut"]
    assert (file["rows"][-1]["kind"], file["rows"][-1]["count"]) == ("cut", 7)


def test_a_change_of_a_long_file_is_found(tmp_path: Path) -> None:
    """Between its equal beginning and end, however long they are."""
    lines = [f"x = {n}" for n in range(LINE_LIMIT + 5000)]
    other = [*lines[:15_000], "import socket", *lines[15_000:]]

    (file,) = shown(tmp_path, {"a.py": "\n".join(other)}, {"a.py": "\n".join(lines)})

    assert [(row["kind"], row["new"], row["text"]) for row in file["rows"]] == [
        ("gap", 1, ""), ("add", 15_001, "import socket"), ("gap", 15_002, ""),
    ]  # fmt: skip
    assert not file["is_cut"]


def test_a_change_behind_the_last_shown_byte_is_no_equal_file(tmp_path: Path) -> None:
    """It is told as changed and as not shown."""
    text = "x = 1\n" * (SHOWN_BYTES // 6 + 100)
    long_lines = "\n".join("y" * 900 for _ in range(SHOWN_BYTES // 901 + 10))

    for old in (text, long_lines):
        (file,) = shown(tmp_path, {"a.py": old + "import os\n"}, {"a.py": old + "import re\n"})
        assert file["is_changed"]
        assert file["is_cut"]
        assert "cut" in kinds(file)
        assert file["blocks"] == 0


def test_a_change_that_no_line_shows_is_marked(tmp_path: Path) -> None:
    """Other line ends; other bytes that are no text."""
    for new, old in (("a\r\nb\r\n", "a\nb\n"), (b"#\xff\n", b"#\xfe\n")):
        (file,) = shown(tmp_path, {"a.py": new}, {"a.py": old})
        assert (file["is_changed"], file["is_cut"], file["blocks"]) == (True, True, 0)


def test_files_behind_the_limits_of_a_list_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Too many files, or too many rows before them."""
    monkeypatch.setattr(approval_review, "FILE_LIMIT", 3)
    found = shown(tmp_path, {f"f{n}.py": "x\n" for n in range(5)})
    assert [(file["is_cut"], len(file["rows"])) for file in found] == [
        (False, 1), (False, 1), (False, 1), (True, 0), (True, 0),
    ]  # fmt: skip

    monkeypatch.setattr(approval_review, "ROW_LIMIT", 3)
    found = shown(tmp_path, {"a.py": "x\n" * 2, "b.py": "x\n" * 2, "c.py": "x\n"})
    assert [file["is_cut"] for file in found] == [False, True, True]
    assert found[1]["rows"][-1] == {
        "kind": "cut", "old": None, "new": None, "text": "", "count": 1, "is_cut": False,
    }  # fmt: skip
