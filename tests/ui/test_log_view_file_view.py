"""The view of a log file: hits under a filter, a last line without its end, a page left."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent_core.errors import UnreachableError
from app.bridge.tasks import Tasks
from app.widgets.log_view_file_view import LogFileView
from app.widgets.log_view_search import Query

LINES = 60_000
ERRORS = Query(r"\b(?:ERROR|CRITICAL|FATAL)\b", is_regex=True, match_case=True)


class NoAgent:
    """Answers nothing: a log file needs no agent."""

    def call(self, method: str, **_params: Any) -> Any:
        raise UnreachableError(f"{method} was asked.", next_step="")


@pytest.fixture
def tasks(qapp) -> Iterator[Tasks]:
    made = Tasks(NoAgent(), lambda error: pytest.fail(str(error)))  # type: ignore[arg-type]
    yield made
    made.close()


@pytest.fixture
def show(tasks: Tasks, qtbot) -> Any:
    """Open a file in a view that is seen, with all its lines known."""

    def view_of(path: Path) -> LogFileView:
        view = LogFileView(path, tasks.run)
        qtbot.addWidget(view, before_close_func=LogFileView.close_file)
        view.resize(800, 400)
        view.show()
        size = path.stat().st_size
        qtbot.waitUntil(lambda: view.file.indexed == size, timeout=20_000)
        return view

    return view_of


def settle(view: LogFileView, qtbot) -> None:
    """Wait until neither search goes on."""
    qtbot.waitUntil(lambda: not (view.search.is_running or view.narrow.is_running), timeout=20_000)


def test_hits_under_a_filter_are_exact(show, qtbot, tmp_path: Path) -> None:
    """Searching first and narrowing then, or the other way round, counts the same hits."""
    path = tmp_path / "half.log"
    path.write_text(
        "".join(f"12:00 {'ERROR' if n % 2 else 'INFO'} foo and foo {n}\n" for n in range(LINES))
    )
    view = show(path)
    view.set_query(Query("foo"))
    settle(view, qtbot)
    assert len(view.model.hits) == 2 * LINES

    view.set_narrow(ERRORS)
    settle(view, qtbot)
    assert (len(view.model), len(view.model.hits)) == (LINES // 2, LINES)
    view.set_query(Query("and"))
    view.set_narrow(ERRORS, Query("1"))
    settle(view, qtbot)
    shown = sum("1" in f"12:00 {n}" for n in range(1, LINES, 2))
    assert (len(view.model), len(view.model.hits)) == (shown, shown)

    view.set_narrow(ERRORS)
    settle(view, qtbot)
    with path.open("a") as file:
        file.write("12:01 ERROR and ERR")
    qtbot.waitUntil(lambda: len(view.model) == LINES // 2 + 1, timeout=20_000)
    with path.open("a") as file:
        file.write("OR and\n12:02 INFO and\n")
    qtbot.waitUntil(lambda: len(view.model.hits) == LINES // 2 + 2, timeout=20_000)
    assert len(view.model) == LINES // 2 + 1


def test_an_unchanged_file_is_searched_once(show, qtbot, tmp_path: Path) -> None:
    """A last line without its end is looked at again only when something follows."""
    path = tmp_path / "open.log"
    path.write_text("foo\nbar foo")
    view = show(path)
    scans = []
    run = view.search._run
    view.search._run = lambda scan: (scans.append(scan), run(scan))  # type: ignore[method-assign]
    view.set_query(Query("foo"))
    settle(view, qtbot)
    view.next_hit(1)
    looks: list[int] = []
    view._watch.timeout.connect(lambda: looks.append(1))
    qtbot.waitUntil(lambda: len(looks) > 10, timeout=20_000)
    assert len(scans) == 1
    assert view.model.current == 0

    with path.open("a") as file:
        file.write("foo\n")
    qtbot.waitUntil(lambda: len(view.model.hits) == 3, timeout=20_000)
    assert len(scans) == 2
    assert view.model.current == 0


def test_a_file_that_nobody_sees_is_left_alone(show, qtbot, tmp_path: Path) -> None:
    """Hidden, the view looks at the file no more; seen again, it knows what was added."""
    path = tmp_path / "left.log"
    path.write_text("one\n")
    view = show(path)
    view.hide()
    assert not view._watch.isActive()
    with path.open("a") as file:
        file.write("two\n")
    view.show()
    qtbot.waitUntil(lambda: len(view.file) == 2, timeout=20_000)
    assert view._watch.isActive()


def test_only_hits_in_sight_are_painted_as_they_come(show, qtbot, tmp_path: Path) -> None:
    """Painting lines for hits elsewhere would take the time of the search."""
    path = tmp_path / "long.log"
    path.write_text("foo\n" * 5000)
    view = show(path)
    qtbot.waitUntil(lambda: view.verticalScrollBar().maximum() > 4900, timeout=20_000)
    view.go_to_row(2500)
    first = view.verticalScrollBar().value()
    last = first + view.rows_in_sight()
    assert first <= 2500 <= last
    for row in (first, 2500, last):
        assert view._is_in_sight(row, row)
    assert view._is_in_sight(0, 4999)
    assert not view._is_in_sight(0, first - 2)
    assert not view._is_in_sight(last + 3, 4999)

    view.set_narrow(Query("bar"))
    settle(view, qtbot)
    assert not view._is_in_sight(0, 4999)
