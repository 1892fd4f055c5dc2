"""A first look into a table survives every file that calls itself CSV."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest

from agent_core.agent import datasets_table
from agent_core.agent.datasets_table import delimiter_of, has_head, look_at


def look(tmp_path: Path, content: bytes | str, name: str = "t.csv") -> datasets_table.Look:
    """Look at a file with this content."""
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return look_at(path)


def test_columns_types_and_missing_values(tmp_path: Path) -> None:
    """Guessed from the values."""
    found = look(
        tmp_path,
        "id,height,born,smokes,remark,void\n"
        "1,1.80,2001-02-03,yes,fine,\n2,,1999-12-31,no,NA,\n3,1.6e0,2000-01-01,yes,well,\n",
    )

    assert [(c.name, c.type, c.missing) for c in found.columns] == [
        ("id", "whole", 0), ("height", "number", 1), ("born", "date", 0), ("smokes", "yes/no", 0),
        ("remark", "text", 1), ("void", "empty", 3),
    ]  # fmt: skip
    assert (found.looked_at, found.is_whole, found.delimiter) == (3, True, ",")
    assert found.columns[0].examples == ["1", "2", "3"]


@pytest.mark.parametrize(
    ("content", "encoding", "value"),
    [
        ("name\nMüller\n".encode("utf-8-sig"), "utf-8-sig", "Müller"),
        ("name\nMüller\n".encode("cp1252"), "cp1252", "Müller"),
        ("name\nMüller\n".encode("utf-16"), "utf-16", "Müller"),
    ],
)
def test_encodings(tmp_path: Path, content: bytes, encoding: str, value: str) -> None:
    """UTF-8, the one of Windows, and UTF-16."""
    found = look(tmp_path, content)

    assert (found.encoding, found.rows) == (encoding, [[value]])
    assert [column.name for column in found.columns] == ["name"]


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_delimiters(mark: str) -> None:
    """The one that splits every line alike."""
    assert delimiter_of(f"a{mark}b{mark}c\n1{mark}2{mark}3\n4{mark}5{mark}6\n") == mark


def test_a_table_without_a_head_gets_names(tmp_path: Path) -> None:
    """Numbers are no names."""
    found = look(tmp_path, "1,2\n3,4\n")

    assert [c.name for c in found.columns] == ["column 1", "column 2"]
    assert found.looked_at == 2
    assert has_head(["a", "b"], None)


def test_broken_rows_are_counted_and_told(tmp_path: Path) -> None:
    """Too short, too long, a value beyond all bounds."""
    found = look(tmp_path, "a,b\n1\n1,2,3\n1,2\n" + "x" * 2_000_000 + "\n4,5\n")

    assert found.broken == 3
    assert "cannot be read as a row" in found.notice


@pytest.mark.parametrize(
    "content", [b"", b"\n\n", b"\x00\x01\x02" * 500, b"\xff\xfe", b'"', b",,,"]
)
def test_odd_files_do_no_harm(tmp_path: Path, content: bytes) -> None:
    """Empty, blank, binary, half a mark, an open quote."""
    assert look(tmp_path, content).looked_at <= 1


def test_a_huge_file_is_looked_at_in_bounded_time_and_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only its beginning is read, and that is said."""
    monkeypatch.setattr(datasets_table, "LOOK_BYTES", 1_000_000)
    path = tmp_path / "huge.csv"
    path.write_bytes(b"a,b\n" + b"1,2\n" * 5_000_000)

    tracemalloc.start()
    found = look_at(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert not found.is_whole
    assert len(found.rows) == datasets_table.SHOWN_ROWS
    assert peak < 5_000_000
