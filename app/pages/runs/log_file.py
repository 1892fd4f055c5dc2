"""Any log file of this machine, of any size: shown at once, found, filtered, followed."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QFileDialog, QFrame, QLineEdit, QVBoxLayout, QWidget

from agent_core.errors import SiloDeskError
from app.bridge.tasks import sentence_of
from app.context import AppContext
from app.i18n import mark, tr
from app.pages.runs.log_tools import SearchBar
from app.widgets.buttons import Button
from app.widgets.curve_plot_ticks import bytes_text
from app.widgets.empty_state import EmptyState
from app.widgets.labels import Label
from app.widgets.layouts import column, row
from app.widgets.log_view_file_view import LogFileView
from app.widgets.log_view_search import Query
from app.widgets.page import Page
from app.widgets.page_stack import PageStack
from app.widgets.switches import Segmented, Switch

_LEVELS = {
    "warn": Query(r"\b(?:WARN|WARNING|ERROR|CRITICAL|FATAL)\b", is_regex=True, match_case=True),
    "error": Query(r"\b(?:ERROR|CRITICAL|FATAL)\b", is_regex=True, match_case=True),
}


class LogFilePage(Page):
    """One file at a time; `open(path=…)` chooses it, dropping a file here does too."""

    title = mark("Log file")

    def __init__(self, context: AppContext) -> None:
        super().__init__(context)
        self.view: LogFileView | None = None
        self.top_actions = [Button(tr("Open log file…"), icon="folder-open", on_click=self.ask)]
        self.setAcceptDrops(True)
        self._build()
        self._progress = QTimer(self, interval=100)
        self._progress.timeout.connect(self._refresh_words)

    def _build(self) -> None:
        self.bar = SearchBar()
        self.bar.add_keys(self)
        self.bar.asked.connect(self._on_query)
        self.bar.narrowed.connect(lambda _: self._on_narrow())
        self.bar.stepped.connect(self._on_step)
        self.level = Segmented(
            [("all", tr("All lines")), ("warn", tr("Warnings, errors")), ("error", tr("Errors"))],
            "all",
        )
        self.level.chosen.connect(lambda _: self._on_narrow())
        self.go = QLineEdit()
        self.go.setPlaceholderText(tr("Go to line or time"))
        self.go.setAccessibleName(tr("Go to line or time"))
        self.go.setFixedSize(190, 32)
        self.go.returnPressed.connect(self._on_go)
        self.follow = Switch(tr("Follow the newest line"))
        self.follow.clicked.connect(lambda on: self.view.set_follow(on) if self.view else None)
        follow = row(Label(tr("Follow"), "small", "muted"), self.follow, gap=8)
        tools = column(row(self.bar, None), row(self.level, None, self.go, 8, follow, gap=10))
        frame = QFrame()
        frame.setObjectName("code")
        self._place = QVBoxLayout(frame)
        self._place.setContentsMargins(1, 4, 1, 4)
        self._state = Label("", "small", "muted")
        self._problem = Label("", "small", "warn")
        self.stop = Button(tr("Stop searching"), "link", on_click=self._on_stop)
        self.stop.hide()
        foot = row(self._state, self.stop, None, self._problem, gap=12)
        whole = QWidget()
        whole.setLayout(column(tools, (frame, 1), foot, gap=10))
        self._empty = EmptyState(
            "scroll-text", tr("No file is open"),
            tr("Open a log of any size, or drop it here. It is read where it lies."),
            action=tr("Open log file…"), on_action=self.ask,
        )  # fmt: skip
        self._states = PageStack()
        self._whole = whole
        for widget in (self._empty, whole):
            self._states.addWidget(widget)
        self.setLayout(column(self._states, margins=(24, 20, 24, 20)))
        end = QShortcut(QKeySequence(Qt.Key.Key_End), self)
        end.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        end.activated.connect(lambda: self.view.set_follow(True) if self.view else None)

    # --- the file ---
    def open(self, **arguments: Any) -> None:
        """Show a file."""
        path = arguments.get("path")
        if path:
            self.show_file(Path(str(path)))
        elif self.view is not None:
            self._progress.start()

    def ask(self) -> None:
        """Ask which file."""
        kinds = tr("Logs (*.log *.txt *.out *.jsonl);;All files (*)")
        chosen, _ = QFileDialog.getOpenFileName(self, tr("Open log file"), str(Path.home()), kinds)
        if chosen:
            self.show_file(Path(chosen))

    def show_file(self, path: Path) -> None:
        """Show a file from its first line on; a search that stood before is repeated in it."""
        runner = self.context.tasks.run
        try:
            view = LogFileView(path, lambda work, ok, bad: runner(work, ok, bad, self))
        except SiloDeskError as error:
            title, text = sentence_of(error)
            self.context.notify(title, text, kind="danger")
            return
        if self.view is not None:
            self.view.close_file()
            self._place.removeWidget(self.view)
            self.view.hide()
            self.view.deleteLater()
        self.view = view
        view.hits_changed.connect(lambda *_: self._refresh_words())
        view.grown.connect(self._refresh_words)
        view.filtered.connect(self._refresh_words)
        view.follow_changed.connect(self.follow.setChecked)
        view.told.connect(self._problem.setText)
        view.failed.connect(lambda error: self._problem.setText(sentence_of(error)[0]))
        self._place.addWidget(view)
        self._states.setCurrentWidget(self._whole)
        self.set_heading(path.name, str(path.parent))
        self._problem.setText("")
        self._on_narrow()
        self._on_query(self.bar.query())
        view.setFocus()
        self._progress.start()

    def left(self) -> None:
        """Look at the file no more while another page is shown."""
        self._progress.stop()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take files."""
        if event.mimeData().hasUrls() and event.mimeData().urls()[0].isLocalFile():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Open the first file dropped."""
        self.show_file(Path(event.mimeData().urls()[0].toLocalFile()))

    # --- search and filter ---
    def _tried(self, act: Any) -> None:
        self._problem.setText("")
        try:
            act()
        except SiloDeskError as error:
            self._problem.setText(sentence_of(error)[0])
        self._refresh_words()

    def _on_query(self, query: Query | None) -> None:
        if self.view is None:
            return
        if self.bar.only.isChecked():
            self._on_narrow()
        self._tried(partial(self.view.set_query, query))

    def _on_narrow(self) -> None:
        if self.view is None:
            return
        level = _LEVELS.get(self.level.current())
        typed = self.bar.query() if self.bar.only.isChecked() else None
        first, also = (typed, level) if typed is not None else (level, None)
        self._tried(partial(self.view.set_narrow, first, also))

    def _on_step(self, by: int) -> None:
        if self.view is not None:
            self.view.next_hit(by)

    def _on_stop(self) -> None:
        if self.view is not None:
            self.view.search.stop()
            self.view.narrow.stop()
            self._refresh_words()

    def _on_go(self) -> None:
        text = self.go.text().strip()
        if self.view is None or not text:
            return
        self._problem.setText("")
        plain = text.replace(",", "").replace(" ", "")
        if plain.isdigit():
            self.view.go_to_row(int(plain) - 1)
        else:
            self.view.go_to_time(text)
        self.view.setFocus()

    def _refresh_words(self) -> None:
        view = self.view
        if view is None:
            return
        # Hits are exact once both the search and what narrows the lines have come to the end.
        share = min(view.search.share, view.narrow.share)
        self.bar.show_hits(view.model.current + 1, len(view.model.hits), share)
        lines, size = f"{len(view.file):,}", bytes_text(view.file.indexed)
        if view.model.only is None:
            text = tr("{lines} lines, {size}", lines=lines, size=size)
        else:
            text = tr("{shown} of {lines} lines shown, {size}",
                      shown=f"{len(view.model):,}", lines=lines, size=size)  # fmt: skip
        self._state.setText(text)
        self.stop.setVisible(view.search.is_running or view.narrow.is_running)
