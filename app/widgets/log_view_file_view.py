"""The view of a log file: opens at any place of millions of lines, filters, finds, follows."""

from __future__ import annotations

import re
import time
from functools import partial
from pathlib import Path

import numpy as np
from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QWidget

from app.i18n import tr
from app.widgets.log_view_canvas import LogCanvas, Runner
from app.widgets.log_view_file import LogFile
from app.widgets.log_view_file_model import FileModel
from app.widgets.log_view_file_search import FileSearch
from app.widgets.log_view_file_time import row_at_time
from app.widgets.log_view_hits import Part
from app.widgets.log_view_search import Query
from app.widgets.log_view_store import LEVELS, Line

INDEX_S = 0.12  # seconds of indexing between two looks of the view
WATCH_MS = 50
_LEVEL = re.compile(r"\b(DEBUG|INFO|WARN|WARNING|ERROR|CRITICAL|FATAL)\b")
_ALIAS = {"WARN": "WARNING", "FATAL": "CRITICAL"}


class LogFileView(LogCanvas):
    """Show a file's lines as they stand, with their numbers."""

    is_plain = True
    grown = Signal()  # more lines are known
    filtered = Signal()  # what is shown has changed, or the filter's search went on

    def __init__(self, path: Path, runner: Runner, parent: QWidget | None = None) -> None:
        self.file = LogFile(path)
        super().__init__(FileModel(self.file), runner, parent)
        self.empty_text = tr("Reading…")
        self._is_indexing = False
        self._is_over = False  # closed, or cut short
        self.search = FileSearch(self.file, runner, self)
        self.search.found.connect(self._on_found)
        self.search.dropped.connect(self._on_dropped)
        self.search.finished.connect(self._on_finished)
        self.search.failed.connect(self.failed)
        self.narrow = FileSearch(self.file, runner, self)
        self.narrow.found.connect(self._on_narrowed)
        self.narrow.dropped.connect(self._on_narrow_dropped)
        self.narrow.finished.connect(self.filtered)
        self.narrow.failed.connect(self.failed)
        self._watch = QTimer(self, interval=WATCH_MS)
        self._watch.timeout.connect(self._index)
        self.destroyed.connect(self.file.close)
        self.set_follow(False)
        self._watch.start()
        self._index()

    def hideEvent(self, event: QHideEvent) -> None:
        """Look at the file no more while nobody looks at the view."""
        super().hideEvent(event)
        self._watch.stop()

    def showEvent(self, event: QShowEvent) -> None:
        """Go on where the file has grown meanwhile."""
        super().showEvent(event)
        if not self._is_over:
            self._watch.start()
            self._index()

    def close_file(self) -> None:
        """End every search and let the file go."""
        self._is_over = True
        self._watch.stop()
        self.search.stop()
        self.narrow.stop()
        self.file.close()

    def lines_between(self, first: int, last: int) -> list[Line]:
        """Return the lines shown at the places [first, last)."""
        last = min(last, len(self.model))
        if self.model.only is None:
            return [_line(text) for text in self.file.texts(first, last)]
        return [_line(self.file.text(int(row))) for row in self.model.only[first:last]]

    def plain(self, line: Line) -> str:
        """Return a line as it is copied and read aloud."""
        return line.text

    def number(self, place: int) -> int:
        """Return a line's number in the file, whatever is filtered."""
        return int(self.model.row(place)) + 1

    # --- growing ---
    def _index(self) -> None:
        if self._is_indexing:
            return
        self._is_indexing = True
        self._runner(self._index_some, self._on_indexed, self._on_index_failed)

    def _index_some(self) -> tuple[int, bool]:
        """Index for a moment; return how many lines were known before, and whether to go on."""
        before = len(self.file)
        deadline = time.monotonic() + INDEX_S
        while more := self.file.index_more():
            if time.monotonic() > deadline:
                break
        return before, more

    def _on_indexed(self, answer: tuple[int, bool]) -> None:
        self._is_indexing = False
        before, more = answer
        if len(self.file) != before or self.empty_text == tr("Reading…"):
            self.empty_text = tr("The file is empty.")
            if self.model.only is None:
                self._after_change(self.verticalScrollBar().value())
            self.grown.emit()
        if more:
            self._index()
        else:
            self.search.resume()
            self.narrow.resume()

    def _on_index_failed(self, error: Exception) -> None:
        self._is_over = True
        self._watch.stop()
        self.failed.emit(error)

    # --- filter ---
    def set_narrow(self, query: Query | None, also: Query | None = None) -> None:
        """Show only lines that hold all of it; None shows all lines. May raise UserInputError."""
        if query is None:
            self.narrow.stop()
            self.model.set_only(None)
        else:
            self.narrow.start(query, also)
            self.model.set_only(np.empty(0, np.int64))
            self.empty_text = tr("No line passes the filters.")
        self._after_change(self.verticalScrollBar().value())
        self._tell_hits()
        self.filtered.emit()

    def _on_narrowed(self, parts: list[Part]) -> None:
        top = self.verticalScrollBar().value()
        self.model.add_only(np.concatenate([part.rows for part in parts]))
        self._after_change(top)
        self._tell_hits()
        self.filtered.emit()

    def _on_narrow_dropped(self, row: int) -> None:
        self.model.drop_only_from(row)

    # --- search ---
    def set_query(self, query: Query | None) -> None:
        """Look for something else; may raise UserInputError."""
        self.search.stop()
        self.model.set_query(query)
        if query is not None:
            self.search.start(query)
        self._tell_hits()
        self._refresh_ruler()

    def _on_found(self, parts: list[Part]) -> None:
        self.model.found(parts)
        self.hits_changed.emit(self.model.current + 1, len(self.model.hits))
        if self._is_in_sight(int(parts[0].rows[0]), int(parts[-1].rows[-1])):
            self.viewport().update()
        if not self._ruler_timer.isActive():
            self._ruler_timer.start()

    def _is_in_sight(self, first: int, last: int) -> bool:
        """Return whether lines from one to another may be among those painted."""
        top = max(0, self.verticalScrollBar().value() - 1)
        bottom = min(len(self.model) - 1, top + self.rows_in_sight() + 2)
        return bottom >= 0 and self.model.row(top) <= last and first <= self.model.row(bottom)

    def _on_dropped(self, row: int) -> None:
        self.model.drop_from(row)

    def _on_finished(self) -> None:
        self._tell_hits()
        self._refresh_ruler()

    # --- going somewhere ---
    def go_to_row(self, row: int) -> None:
        """Go to a line by its place in the file, from 0."""
        self.go_to(self.model.place(max(0, min(len(self.file) - 1, row))))

    def go_to_time(self, text: str) -> None:
        """Go to the first line at or after a time as it is written in the file."""

        def there(row: int | None) -> None:
            if row is None:
                self.told.emit(tr("No line carries a time like this."))
            else:
                self.go_to_row(row)

        self._runner(partial(row_at_time, self.file, text), there, self.failed.emit)


def _line(text: str) -> Line:
    found = _LEVEL.search(text, 0, 120)
    level = 1
    if found:
        word = found.group(1)
        level = LEVELS.index(_ALIAS.get(word, word))
    # Continued: a file's lines have no columns of their own, their text says it all.
    return Line(0.0, 0, level, "", text.replace("\t", "    "), continued=True)
