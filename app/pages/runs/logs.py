"""The logs of all sites of a run in one view: filters, search with counts, follow, save."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QCheckBox, QFrame, QLineEdit, QWidget

from app.bridge.tasks import sentence_of
from app.pages.runs.export import ask_path, write_logs
from app.pages.runs.live import RunLive
from app.widgets.buttons import Button
from app.widgets.curve_plot_chips import ChipRow
from app.widgets.curve_plot_flow import wrapping
from app.widgets.curve_plot_ticks import bytes_text
from app.widgets.labels import Icon, Label
from app.widgets.layouts import column, row
from app.widgets.log_view import LogView
from app.widgets.log_view_search import Query
from app.widgets.log_view_store import Filter, Line, LogStore
from app.widgets.switches import Switch
from app.widgets.theme import theme

# Chips: key, word, token, and the places in LEVELS that it covers.
_LEVELS = (
    (3, "Error", "danger", (3, 4)),
    (2, "Warning", "warn", (2,)),
    (1, "Info", "info", (1,)),
    (0, "Debug", "gray", (0,)),
)


class LogsTab(QWidget):
    """Merge every site's lines by time; nothing is sampled, every count is exact."""

    counted = Signal(object)  # number of errors, or None

    def __init__(self, live: RunLive) -> None:
        super().__init__()
        self._live = live
        self.store = LogStore()
        self.destroyed.connect(self.store.close)
        tasks = live.context.tasks
        self.view = LogView(
            self.store, lambda work, done, failed: tasks.run(work, done, failed, self)
        )
        self._build()
        self._typed = QTimer(self, singleShot=True, interval=150)
        self._typed.timeout.connect(self._on_query)
        feed = live.feed("logs")
        feed.arrived.connect(self._on_lines)
        feed.caught_up.connect(self._on_caught_up)
        feed.failed.connect(self._on_feed_failed)
        live.changed.connect(self._on_run)

    def start(self) -> None:
        """Follow the lines from now on."""
        self._on_run()
        self._live.feed("logs").pull()

    def _build(self) -> None:
        bar = self._build_search()
        self.follow = Switch("Follow the newest line", on=True)
        self.follow.clicked.connect(self.view.set_follow)
        self.view.follow_changed.connect(self.follow.setChecked)
        save = Button("Save…", icon="download", on_click=self._save)
        self.levels = ChipRow("Levels")
        self.levels.set_chips((key, word, -1, token) for key, word, token, _ in _LEVELS)
        self.levels.toggled.connect(self._on_filter)
        follow = row(Label("Follow", "small", "muted"), self.follow, gap=8)
        wrapping(self.levels).setContentsMargins(0, 2, 0, 2)
        top = row(bar, (self.levels, 1), follow, 4, save, gap=10)
        self.sites = ChipRow("Sites")
        wrapping(self.sites)
        self.sites.toggled.connect(self._on_filter)
        self._mine = Button("Only this machine", "link", on_click=self._only_mine)
        sites = row(Label("Sites", "small", "faint"), (self.sites, 1), self._mine, gap=10)
        frame = QFrame()
        frame.setObjectName("code")
        frame.setLayout(column(self.view, margins=(1, 4, 1, 4)))
        self._dot = Icon("radio", "ok", 14)
        self._state = Label("", "small", "muted")
        self._problem = Label("", "small", "warn")
        foot = row(self._dot, self._state, None, self._problem, gap=8)
        self.setLayout(column(top, sites, (frame, 1), foot, gap=10))
        self.view.hits_changed.connect(self._show_hits)
        self.view.failed.connect(lambda error: self._say(sentence_of(error)[0]))
        for keys, by in (
            (QKeySequence.StandardKey.FindNext, 1),
            (QKeySequence.StandardKey.FindPrevious, -1),
        ):
            self._shortcut(QKeySequence(keys), partial(self.view.next_hit, by))
        self._shortcut(QKeySequence(QKeySequence.StandardKey.Find), self._go_to_search)
        self._shortcut(QKeySequence(Qt.Key.Key_End), lambda: self.view.set_follow(True))

    def _build_search(self) -> QWidget:
        self.search = QLineEdit()
        self.search.setPlaceholderText("Find in all lines")
        self.search.setAccessibleName(self.search.placeholderText())
        self.search.setFixedSize(270, 32)
        self.search.setFont(theme().font(400, 13))
        self.search.setProperty("soft", "true")
        self.search.setClearButtonEnabled(False)
        self._glass = self.search.addAction(
            theme().icon("search", "faint"), QLineEdit.ActionPosition.LeadingPosition
        )
        theme().changed.connect(self._ink)
        self.search.textChanged.connect(lambda _: self._typed.start())
        self.search.returnPressed.connect(self._on_return)
        self.hits = Label("", "small", "faint")
        self.search.setLayout(row(None, self.hits, margins=(0, 0, 10, 0)))
        self.regex = QCheckBox("Expression")
        self.regex.setToolTip("Read what is typed as a regular expression")
        self.regex.toggled.connect(lambda _: self._on_query())
        tip = "{} ({})"
        keys = [
            QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText)
            for key in (QKeySequence.StandardKey.FindPrevious, QKeySequence.StandardKey.FindNext)
        ]
        before = Button(
            icon="chevron-up",
            tip=tip.format("Previous hit", keys[0]),
            on_click=lambda: self.view.next_hit(-1),
        )
        after = Button(
            icon="chevron-down",
            tip=tip.format("Next hit", keys[1]),
            on_click=lambda: self.view.next_hit(1),
        )
        widget = QWidget()
        widget.setLayout(row(self.search, before, after, self.regex, 4, gap=8))
        return widget

    def _shortcut(self, keys: QKeySequence, act: object) -> None:
        shortcut = QShortcut(keys, self)
        shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        shortcut.activated.connect(act)

    def _ink(self) -> None:
        self._glass.setIcon(theme().icon("search", "faint"))

    # --- data ---
    def _on_run(self) -> None:
        sites = self._live.sites
        self.view.sites = sites
        server = [site for site in sites.values() if site.is_server]
        ordered = [site for site in sites.values() if not site.is_server] + server
        self.sites.set_chips((site.edge_id, site.name, site.slot, "") for site in ordered)
        self._mine.setVisible(self._live.own_edge in sites)
        self._refresh_words()

    def _on_lines(self, lines: list[Line]) -> None:
        self.view.lines_added(self.store.append(lines))
        self._refresh_words()

    def _on_caught_up(self) -> None:
        self._say("")
        self._refresh_words()
        if not self._live.is_live and not len(self.store):
            self.view.empty_text = "The run ended without a line."
            self.view.viewport().update()

    def _on_feed_failed(self, error: object) -> None:
        if isinstance(error, Exception):
            self._say(f"{sentence_of(error)[0]} Trying again.")

    def _say(self, text: str) -> None:
        self._problem.setText(text)

    def _refresh_words(self) -> None:
        counts = self.store.counts()
        for key, _, _, places in _LEVELS:
            self.levels.chip(key).set_count(_short(sum(counts[place] for place in places)))
        self.counted.emit(counts[3] + counts[4] or None)
        count = len(self.store.edges)
        sources = "1 source" if count == 1 else f"{count} sources"
        live = "Live" if self._live.is_live else "Ended"
        self._dot.set_icon("radio" if self._live.is_live else "circle-check", "ok")
        lines = "1 line" if len(self.store) == 1 else f"{len(self.store):,} lines"
        size = bytes_text(self.store.bytes)
        self._state.setText(f"{live}  ·  {lines}, {sources}, {size} on disk")

    # --- filter and search ---
    def _on_filter(self) -> None:
        chosen = self.sites.chosen()
        edges = None if chosen == frozenset(self.sites.keys()) else chosen
        on = self.levels.chosen()
        places = frozenset(place for key, _, _, some in _LEVELS if key in on for place in some)
        levels = None if len(on) == len(_LEVELS) else places
        self.view.set_filter(Filter(edges, levels))

    def _only_mine(self) -> None:
        own = self._live.own_edge
        alone = self.sites.chosen() == {own}
        self.sites.choose(self.sites.keys() if alone or own is None else [own])

    def _on_query(self) -> None:
        self._say("")
        text = self.search.text()
        self.view.set_query(Query(text, self.regex.isChecked()) if text else None)

    def _on_return(self) -> None:
        if self._typed.isActive():
            self._typed.stop()
            self._on_query()
        self.view.next_hit(1)

    def _go_to_search(self) -> None:
        self.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.search.selectAll()

    def _show_hits(self, current: int, total: int) -> None:
        if not self.search.text():
            self.hits.setText("")
        elif current:
            self.hits.setText(f"{current:,} of {total:,}")
        else:
            self.hits.setText(f"{total:,} hits" if total != 1 else "1 hit")

    # --- files ---
    def _save(self) -> None:
        name = f"run-{self._live.run_id}.log"
        path = ask_path(self, "Save the lines shown", name, "Text (*.log *.txt)")
        if path is None:
            return
        rows = self.view.model.shown
        self._live.context.tasks.run(
            partial(write_logs, path, self.store, rows, dict(self._live.sites)),
            lambda count: self._live.context.notify(f"{count:,} lines saved", str(path), kind="ok"),
            parent=self,
        )


def _short(count: int) -> str:
    """Return a count that fits a chip: 14, 1.1 k, 47 k."""
    if count < 1000:
        return str(count)
    return f"{count / 1000:.1f} k" if count < 10_000 else f"{count // 1000} k"
