"""Log files: where lines begin while the file grows, exact counts, stopping, times."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from agent_core.errors import StorageError, UserInputError
from app.widgets import log_view_file, log_view_scan
from app.widgets.log_view_file import LogFile
from app.widgets.log_view_file_model import FileModel
from app.widgets.log_view_file_time import row_at_time
from app.widgets.log_view_hits import Part, joined
from app.widgets.log_view_scan import Scan
from app.widgets.log_view_search import Query


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every border between pieces and blocks fall into these small files."""
    monkeypatch.setattr(log_view_file, "_PIECE", 97)
    monkeypatch.setattr(log_view_file, "BLOCK", 8)
    monkeypatch.setattr(log_view_scan, "_TEXT_PIECE", 61)
    monkeypatch.setattr(log_view_scan, "_REGEX_PIECE", 53)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.log"


@pytest.fixture
def opened(path: Path) -> Iterator[LogFile]:
    path.touch()
    file = LogFile(path)
    yield file
    file.close()


def index(file: LogFile) -> LogFile:
    while file.index_more():
        pass
    return file


def count(file: LogFile, query: Query, also: Query | None = None) -> int:
    scan = Scan(file, query, 0, also)
    assert scan.run()
    return scan.hits


LINES = [f"2026-01-02 03:{n // 60:02d}:{n % 60:02d} INFO line {n} of many" for n in range(200)]


def test_every_line_is_found_wherever_pieces_end(path: Path, opened: LogFile) -> None:
    path.write_text("\n".join(LINES) + "\n")
    index(opened)
    assert len(opened) == 200
    assert opened.texts(0, 200) == LINES
    assert [opened.row_at(opened.start(row)) for row in range(200)] == list(range(200))
    assert opened.text(199) == LINES[199]
    assert opened.starts(5, 30).tolist() == [opened.start(row) for row in range(5, 30)]


def test_a_file_that_grows_keeps_its_lines_whole(path: Path, opened: LogFile) -> None:
    whole = "".join(line + "\n" for line in LINES)
    for end in range(0, len(whole) + 1, 41):
        path.write_text(whole[:end])
        index(opened)
        assert opened.texts(0, len(opened)) == whole[:end].splitlines()
    path.write_text(whole)
    assert opened.texts(0, len(index(opened))) == LINES


def test_a_file_that_was_cut_is_told(path: Path, opened: LogFile) -> None:
    path.write_text("one\ntwo\n")
    index(opened)
    path.write_text("x")
    with pytest.raises(StorageError, match="cut short"):
        opened.index_more()


@pytest.mark.parametrize("word", ["line 1", "LINE 1", "many\n", "2026"])
def test_counts_are_exact_over_every_border(path: Path, opened: LogFile, word: str) -> None:
    text = "\n".join(LINES) + "\n"
    path.write_text(text)
    assert count(index(opened), Query(word)) == text.lower().count(word.lower())
    assert count(opened, Query(word, match_case=True)) == text.count(word)


def test_expressions_stay_within_a_line(path: Path, opened: LogFile) -> None:
    path.write_text("a b\nc d\na\n")
    index(opened)
    assert count(opened, Query(r"^a", is_regex=True)) == 2
    assert count(opened, Query(r"b\s+c", is_regex=True)) == 0
    assert count(opened, Query(r"[a-d]", is_regex=True)) == 5
    with pytest.raises(UserInputError):
        Scan(opened, Query(r"(", is_regex=True))


def test_two_conditions_hold_in_one_line(path: Path, opened: LogFile) -> None:
    path.write_text("ERROR disk\nINFO disk\nERROR net\n")
    assert count(index(opened), Query("disk"), Query("ERROR")) == 1


def test_a_cancelled_search_ends_and_says_so(path: Path, opened: LogFile) -> None:
    path.write_text("\n".join(LINES))
    scan = Scan(index(opened), Query("line"))
    scan.cancel()
    assert not scan.run()
    assert scan.done == 0


def test_hits_are_stepped_through_and_filtered(path: Path, opened: LogFile) -> None:
    path.write_text("\n".join(LINES) + "\n")
    model = FileModel(index(opened))
    scan = Scan(opened, Query("line 19"))
    scan.run()
    model.set_query(scan.query)
    model.found(scan.take())
    assert len(model.hits) == 11
    assert [model.step(1, 0), model.step(1, 0), model.step(-1, 0), model.step(-1, 0)] == [
        19, 190, 19, 199,
    ]  # fmt: skip
    start, stop, is_current = model.hits_at(199)[0]
    assert (LINES[199][start:stop], is_current) == ("line 19", True)
    model.set_only(np.array([19, 100, 199]))
    model.set_query(scan.query)
    scan = Scan(opened, Query("line 19"))
    scan.run()
    model.found(scan.take())
    assert [model.step(1, 0), model.step(1, 0)] == [0, 2]
    assert list(model.shown) == [19, 100, 199]


def test_hits_are_those_of_the_rows_shown_whatever_comes_first(path: Path, opened: LogFile) -> None:
    path.write_text("\n".join(LINES) + "\n")
    index(opened)
    model = FileModel(opened)
    query = Query("line")
    scan = Scan(opened, query)
    scan.run()
    found = joined(scan.take())
    model.set_only(np.empty(0, np.int64))
    model.set_query(query)
    for first in range(0, 200, 50):
        model.found([found.cut(first, first + 50)])
        model.add_only(np.arange(first // 2, first // 2 + 25) * 2)
    assert model.hits.rows.tolist() == list(range(0, 200, 2))
    model.set_only(None)
    assert len(model.hits) == 200
    model.set_only(np.array([3, 199]))
    assert model.hits.rows.tolist() == [3, 199]
    model.drop_from(199)
    model.found([found.cut(199, None)])
    assert model.hits.rows.tolist() == [3, 199]
    model.drop_only_from(100)
    assert model.hits.rows.tolist() == [3]
    model.add_only(np.array([150, 199]))
    assert model.hits.rows.tolist() == [3, 150, 199]


def test_the_ruler_marks_hits_where_they_are_shown(path: Path, opened: LogFile) -> None:
    path.write_text("\n".join(LINES) + "\n")
    index(opened)
    model = FileModel(opened)
    rows = np.repeat(np.arange(150, 200), 4)
    model.found([Part(rows, rows + 1, rows)])
    assert model.marks(2)[0].tolist() == [1]
    model.set_only(np.arange(100, 200))
    assert model.marks(2)[0].tolist() == [1]
    model.set_only(np.arange(150, 200))
    assert model.marks(2)[0].tolist() == [0, 1]


def test_a_time_is_gone_to(path: Path, opened: LogFile) -> None:
    path.write_text("\n".join([*LINES[:50], "Traceback", "  more", *LINES[50:]]) + "\n")
    index(opened)
    assert row_at_time(opened, "03:00:10") == 10
    assert row_at_time(opened, "2026-01-02 03:01:00") == 62
    assert row_at_time(opened, "2025-01-01 00:00") == 0
    assert row_at_time(opened, "23:59") == 201
    assert row_at_time(opened, "no time") is None
