"""Parquet files are looked into by a process of their own; a broken one is told in words."""

from __future__ import annotations

import asyncio
import datetime as dt
import subprocess
import sys
import threading
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from agent_core.agent import datasets_parquet
from agent_core.agent.datasets_methods import preview
from agent_core.agent.datasets_parquet_file import Question
from agent_core.agent.datasets_scan import CancelledScanError, kind_of, scan
from agent_core.errors import ServiceError, UserInputError
from agent_core.protocol.records_data import Dataset

ROWS = 5_000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two files of one cohort, and a note."""
    root = tmp_path / "cohort"
    root.mkdir()
    table = pa.table(
        {
            "age": pa.array([None, *range(1, ROWS)], pa.int32()),
            "weight": pa.array([60.5] * ROWS, pa.float32()),
            "smoker": pa.array([True, False] * (ROWS // 2)),
            "seen": pa.array([dt.date(2026, 1, 2)] * ROWS),
            "site": pa.array(["north", "south"] * (ROWS // 2)).dictionary_encode(),
            "none": pa.nulls(ROWS),
            "marks": pa.array([{"a": 1, "b": [2.5]}] * ROWS),
        }
    )
    parquet.write_table(table, root / "a.parquet", row_group_size=1_000)
    parquet.write_table(table.slice(0, 7), root / "b.parquet")
    (root / "readme.txt").write_text("two files")
    return root


def dataset(root: Path, kind: str = "parquet") -> Dataset:
    """Return a registered dataset."""
    return Dataset(id=1, name="Cohort", path=str(root), kind=kind, added_at=0.0)


def test_rows_and_columns_of_a_folder(folder: Path) -> None:
    """As for other tables: the rows of all files, the columns of the first."""
    assert kind_of(folder) == "parquet"
    found = scan(folder, "parquet")

    assert (found.files, found.rows, found.rows_exact) == (3, ROWS + 7, True)
    assert [(one.name, one.type) for one in found.columns] == [
        ("age", "whole"), ("weight", "number"), ("smoker", "yes/no"), ("seen", "date"),
        ("site", "text"), ("none", "empty"), ("marks", "text"),
    ]  # fmt: skip
    assert found.columns[0].missing == 1
    assert found.columns[4].examples == ["north", "south"]
    assert found.notice == ""


def test_a_preview_shows_the_first_rows_of_the_chosen_file(folder: Path) -> None:
    """Of folders that were registered as any files too."""
    first = preview(dataset(folder))
    assert (first.kind, first.file, first.files) == (
        "parquet", "a.parquet", ["a.parquet", "b.parquet"],
    )  # fmt: skip
    assert (first.looked_at, first.is_whole, len(first.rows)) == (ROWS, True, 200)
    assert first.rows[0][:5] == ["", "60.5", "True", "2026-01-02", "north"]
    assert first.rows[199][0] == "199"

    second = preview(dataset(folder, "any"), "b.parquet")
    assert (second.kind, second.looked_at, len(second.rows)) == ("parquet", 7, 7)
    alone = preview(dataset(folder / "b.parquet"))
    assert (alone.file, len(alone.columns)) == ("b.parquet", 7)


def test_a_broken_file_is_told_and_the_others_count(folder: Path) -> None:
    """It keeps its hash; what it holds is not guessed."""
    (folder / "c.parquet").write_bytes(b"PAR1" + b"\0" * 200)
    found = scan(folder, "parquet")
    assert (found.rows, found.rows_exact) == (ROWS + 7, False)
    assert found.notice.startswith("c.parquet cannot be read as a Parquet file: ")
    with pytest.raises(UserInputError, match=r"c\.parquet cannot be read as a Parquet file"):
        preview(dataset(folder), "c.parquet")


def test_a_reading_that_is_stopped_or_takes_too_long_ends_its_process(folder: Path) -> None:
    """Neither a person nor the agent waits for it."""
    stop = threading.Event()
    stop.set()
    with pytest.raises(datasets_parquet.CancelledReadError):
        datasets_parquet.count(folder, ["a.parquet"], stop.is_set, 10)
    with pytest.raises(CancelledScanError):
        scan(folder, "parquet", is_cancelled=stop.is_set)
    with pytest.raises(ServiceError, match="were not read within 0 s"):
        datasets_parquet.ask(Question(look=str(folder / "a.parquet")), 0.0)


def test_what_asks_never_loads_the_library(folder: Path) -> None:
    """The agent's own memory stays as it is."""
    code = (
        "import sys\nfrom pathlib import Path\n"
        "from agent_core.agent.datasets_scan import scan\n"
        f"assert scan(Path({str(folder)!r}), 'parquet').rows == {ROWS + 7}\n"
        "assert not [name for name in sys.modules if name.startswith('pyarrow')]\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


def test_a_table_of_very_many_columns_is_cut_with_a_word(tmp_path: Path) -> None:
    wide = pa.table({f"c{n}": [1.0, None] for n in range(2_100)})
    parquet.write_table(wide, tmp_path / "wide.parquet")
    found = asyncio.run(asyncio.to_thread(preview, dataset(tmp_path)))
    assert len(found.columns) == 2_000
    assert found.notice == "The first 2,000 of 2,100 columns are shown."
    assert found.rows[1][0] == ""
