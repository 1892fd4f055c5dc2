"""Reading a log of several sites: the place one reads at stays when late lines come above."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from app.widgets.log_view import LogView
from app.widgets.log_view_search import Query
from app.widgets.log_view_store import Line, LogStore

COUNT = 400


def at_once(work: Callable[[], Any], done: Callable[[Any], object], _bad: object) -> None:
    """Run on this thread."""
    done(work())


@pytest.fixture
def store() -> LogStore:
    return LogStore()


@pytest.fixture
def view(store: LogStore, qtbot) -> LogView:
    """A view of one site's lines, read in the middle with three lines selected."""
    shown = LogView(store, at_once)
    qtbot.addWidget(shown)
    shown.resize(700, 300)
    shown.show()
    shown.lines_added(store.append([Line(float(n), 1, 1, "job", f"a {n}") for n in range(COUNT)]))
    shown.go_to(200)
    shown.model.select(202, extend=True)
    shown.verticalScrollBar().setValue(195)
    return shown


def top(view: LogView) -> str:
    place = view.verticalScrollBar().value()
    return view.lines_between(place, place + 1)[0].text


def test_late_lines_of_another_site_move_nothing(view: LogView, store: LogStore) -> None:
    """Lines merged above leave what is read, the cursor and the selection where they are."""
    assert (top(view), view.selected_text().count("\n")) == ("a 195", 2)
    chosen = view.selected_text()

    view.lines_added(store.append([Line(n + 0.5, 2, 1, "job", f"b {n}") for n in range(100)]))

    assert len(view.model) == COUNT + 100
    assert top(view) == "a 195"
    assert view.selected_text() == chosen
    assert view.model.row(view.model.cursor) == 202


def test_late_hits_move_nothing_where_only_hits_are_shown(view: LogView, store: LogStore) -> None:
    """The same holds where only found lines are shown."""
    view.set_query(Query("a"))
    view.set_only_hits(True)
    view.verticalScrollBar().setValue(190)
    before, chosen = top(view), view.selected_text()

    view.lines_added(store.append([Line(n + 0.5, 2, 1, "job", f"ba {n}") for n in range(100)]))

    assert len(view.model) == COUNT + 100
    assert (top(view), view.selected_text()) == (before, chosen)
