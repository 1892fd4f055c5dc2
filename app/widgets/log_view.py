"""The log view of a run: a store's lines in the order of time, found while more arrive."""

from __future__ import annotations

from functools import partial
from threading import Event
from typing import Any

from PySide6.QtWidgets import QWidget

from app.i18n import tr
from app.widgets.log_view_canvas import LogCanvas, Runner
from app.widgets.log_view_model import LogModel
from app.widgets.log_view_search import Hits, Query, find
from app.widgets.log_view_store import Filter, Line, LogStore, Snapshot


class LogView(LogCanvas):
    """Show a store's lines, all of them or those that pass a filter."""

    def __init__(self, store: LogStore, runner: Runner, parent: QWidget | None = None) -> None:
        super().__init__(LogModel(store), runner, parent)
        self._store = store
        self._none_text = self.empty_text
        self._busy = False
        self._over = Event()  # set where the search that runs is wanted no more

    def lines_between(self, first: int, last: int) -> list[Line]:
        """Return the lines shown at the places [first, last)."""
        return self._store.lines(self.model.shown[first:last])

    def say_empty(self, text: str) -> None:
        """Say why there is no line at all."""
        self._none_text = text
        self._refresh_empty()

    def lines_added(self, position: int) -> None:
        """Show what was added to the store from a position on; keep the place one reads at."""
        top = self._top_row()
        before = len(self.model)
        self.model.take_in(position)
        if len(self.model) != before:
            self._after_change(self._top_of(top))
        self._refresh_empty()
        self._search_on()

    def _top_row(self) -> tuple[int, int]:
        """Return the row one reads at, and the place at which it is shown."""
        place = self.verticalScrollBar().value()
        return self.model.row(place), place

    def _top_of(self, top: tuple[int, int]) -> int:
        """Return where a row one reads at is shown now; lines may have come above it."""
        row, before = top
        if self.model.row(before) == row:
            return before
        place = self.model.place(row)
        return place if place >= 0 else before

    def set_filter(self, rule: Filter) -> None:
        """Show other lines."""
        self.model.set_filter(rule)
        self._refresh()

    def set_only_hits(self, on: bool) -> None:
        """Show only the lines in which something was found, or all again."""
        self.model.set_only_hits(on)
        self._refresh()

    def go_to_time(self, at: float) -> bool:
        """Go to the first line at or after a time; return whether there is one."""
        place = self.model.place_at(at)
        if place < 0:
            return False
        self.go_to(place)
        return True

    def _refresh(self) -> None:
        self._after_change(self.verticalScrollBar().value())
        if self.model.cursor >= 0:
            self._reveal(self.model.cursor)
        self._refresh_empty()
        self._tell_hits()

    def _refresh_empty(self) -> None:
        if not len(self._store):
            self.empty_text = self._none_text
        elif self.model.only_hits and self.model.query is not None:
            self.empty_text = tr("No line holds what is looked for.")
        else:
            self.empty_text = tr("No line passes the filters.")
        self.viewport().update()

    # --- search ---
    def set_query(self, query: Query | None) -> None:
        """Look for something else; an unusable expression is told by `failed`."""
        if query is not None and not query.text:
            query = None
        self._over.set()
        self._over = Event()
        before = len(self.model)
        self.model.set_query(query)
        if len(self.model) != before:
            self._after_change(self.verticalScrollBar().value())
        self._refresh_empty()
        self._tell_hits()
        self._refresh_ruler()
        self._search_on()

    def _search_on(self) -> None:
        """Search the lines that no search has covered, away from the window's thread."""
        query = self.model.query
        if query is None or self._busy or self.model.searched >= len(self._store):
            return
        self._busy = True
        lines = self._store.snapshot()
        self._store.hold()
        operation = partial(_found, self._store, lines, query, self.model.searched, self._over)
        self._runner(
            operation,
            partial(self._on_found, query, len(lines.rows)),
            partial(self._on_failed, query),
        )

    def _on_found(self, query: Query, searched: int, hits: Hits) -> None:
        self._busy = False
        if query is self.model.query:
            before = len(self.model)
            top = self._top_row()
            self.model.found(hits, searched)
            if len(self.model) != before:
                self._after_change(self._top_of(top))
            self._refresh_empty()
            self._tell_hits()
            self._refresh_ruler()
        self._search_on()

    def _on_failed(self, query: Query, error: Any) -> None:
        self._busy = False
        if query is self.model.query:
            self.model.set_query(None)
            self.failed.emit(error)
        else:
            self._search_on()


def _found(store: LogStore, lines: Snapshot, query: Query, first: int, over: Event) -> Hits:
    """Search on a thread, in lines held for it."""
    try:
        return find(lines, query, first, lambda: over.is_set() or lines.is_unwanted)
    finally:
        store.release()
