"""The logs of all sites of a run in one view: filters, search with counts, follow, save."""

from __future__ import annotations

import time
from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QFrame, QLineEdit, QWidget

from app.bridge.tasks import sentence_of
from app.i18n import mark, tr, trn
from app.pages.runs.export import ask_path, write_logs
from app.pages.runs.live import RunLive
from app.pages.runs.log_tools import SearchBar
from app.pages.runs.logs_model import moment_of
from app.pages.runs.wording import not_live
from app.widgets.buttons import Button
from app.widgets.curve_plot_chips import ChipRow
from app.widgets.curve_plot_flow import wrapping
from app.widgets.curve_plot_ticks import bytes_text
from app.widgets.dot_chip import DotChip
from app.widgets.labels import Icon, Label
from app.widgets.layouts import column, row, rule
from app.widgets.log_view import LogView
from app.widgets.log_view_search import Query
from app.widgets.log_view_store import Filter, Line, LogStore
from app.widgets.switches import Switch
from app.widgets.theme import theme
from app.widgets.words import plural

# Chips: key, word, token, and the places in LEVELS that it covers.
_LEVELS = (
    (3, mark("Error"), "danger", (3, 4)),
    (2, mark("Warning"), "warn", (2,)),
    (1, mark("Info"), "info", (1,)),
    (0, mark("Debug"), "gray", (0,)),
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
        feed = live.feed("logs")
        feed.arrived.connect(self._on_lines)
        feed.caught_up.connect(self._on_caught_up)
        feed.failed.connect(self._on_feed_failed)
        live.changed.connect(self._on_run)
        live.tick.connect(lambda _: self._refresh_words() if self.isVisible() else None)

    def start(self) -> None:
        """Follow the lines from now on."""
        self._on_run()
        self._live.feed("logs").pull()

    def _build(self) -> None:
        self.bar = SearchBar()
        self.bar.add_keys(self)
        self.bar.asked.connect(self._on_query)
        self.bar.stepped.connect(self.view.next_hit)
        self.bar.narrowed.connect(self.view.set_only_hits)
        self.search, self.regex, self.hits = self.bar.field, self.bar.regex, self.bar.hits
        self.follow = Switch(tr("Follow the newest line"), on=True)
        self.follow.clicked.connect(self.view.set_follow)
        self.view.follow_changed.connect(self.follow.setChecked)
        save = Button(tr("Save…"), icon="download", on_click=self._save)
        more = Button(kind="ghost", icon="folder-open", tip=tr("Open log file…"),
                      on_click=lambda: self._live.context.navigate("log_file"))  # fmt: skip
        self.go = QLineEdit()
        self.go.setPlaceholderText(tr("Go to time"))
        self.go.setAccessibleName(tr("Go to time"))
        self.go.setFixedSize(110, 32)
        self.go.setFont(theme().font(400, 13))
        self.go.returnPressed.connect(self._on_go)
        self.levels = ChipRow(tr("Levels"))
        self.levels.set_chips((key, tr(word), -1, token) for key, word, token, _ in _LEVELS)
        self.levels.toggled.connect(self._on_filter)
        follow = row(Label(tr("Follow"), "small", "muted"), self.follow, gap=8)
        wrapping(self.levels)
        top = row(self.bar, None, self.go, follow, 4, save, more, gap=10)
        self.sites = ChipRow(tr("Sites"))
        wrapping(self.sites)
        self.sites.toggled.connect(self._on_filter)
        self._mine = Button(tr("Only this machine"), "link", on_click=self._only_mine)
        sites = row(self.levels, rule(vertical=True), (self.sites, 1), self._mine, gap=10)
        frame = QFrame()
        frame.setObjectName("code")
        frame.setLayout(column(self.view, margins=(1, 4, 1, 4)))
        self._dot = Icon("radio", "ok", 14)
        self._state = Label("", "small", "muted")
        self._problem = Label("", "small", "warn")
        shield = Icon("shield-check", "faint", 14)
        shared = Label(tr("Each site takes secrets out of its lines before it shares them"),
                       "small", "faint")  # fmt: skip
        foot = row(self._dot, self._state, None, self._problem, 8, shield, shared, gap=8)
        self.setLayout(column(top, sites, (frame, 1), foot, gap=10))
        self.view.hits_changed.connect(self._show_hits)
        self.view.told.connect(self._say)
        self.view.failed.connect(lambda error: self._say(sentence_of(error)[0]))
        self._shortcut(QKeySequence(Qt.Key.Key_End), lambda: self.view.set_follow(True))

    def _shortcut(self, keys: QKeySequence, act: object) -> None:
        shortcut = QShortcut(keys, self)
        shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        shortcut.activated.connect(act)

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
            self.view.say_empty(tr("The run ended without a line."))

    def _on_feed_failed(self, error: object) -> None:
        if isinstance(error, Exception):
            self._say(tr("{cause} Trying again.", cause=sentence_of(error)[0]))

    def _say(self, text: str) -> None:
        self._problem.setText(text)

    def _refresh_words(self) -> None:
        counts = self.store.counts()
        for key, _, _, places in _LEVELS:
            _count(self.levels.chip(key), sum(counts[place] for place in places))
        for edge in self.sites.keys():  # noqa: SIM118 - no mapping
            _count(self.sites.chip(edge), self.store.count_of(edge))
        self.counted.emit(counts[3] + counts[4] or None)
        count = len(self.store.edges)
        sources = trn("{count} source", "{count} sources", count)
        live = self._say_live()
        lines = f"{len(self.store):,}"
        size = bytes_text(self.store.bytes)
        if len(self.view.model) == len(self.store):
            text = tr("{lines} lines, {sources}, {size}", lines=lines, sources=sources, size=size)
        else:
            shown = f"{len(self.view.model):,}"
            text = tr("{shown} of {lines} lines shown, {sources}, {size}",
                      shown=shown, lines=lines, sources=sources, size=size)  # fmt: skip
        self._state.setText(f"{live}  ·  {text}")

    def _say_live(self) -> str:
        """Show whether lines still come; return it in a word."""
        age = self._live.age(time.time())
        if age is not None:
            self._dot.set_icon("cloud-off", "warn")
            self._state.set_token("warn")
            return not_live(age)
        self._dot.set_icon("radio" if self._live.is_live else "circle-check", "ok")
        self._state.set_token("muted")
        return tr("Live") if self._live.is_live else tr("Ended")

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

    def _on_query(self, query: Query | None) -> None:
        self._say("")
        self.view.set_query(query)

    def _on_go(self) -> None:
        """Go to a time of day, or to a day and time, as the lines show it."""
        at = moment_of(self.go.text(), self._live.run.created_at if self._live.run else 0.0)
        if at is None:
            self._say(tr("Type a time such as 14:05, or 2026-05-04 14:05."))
        elif not self.view.go_to_time(at):
            self._say(tr("There is no line yet."))
        else:
            self.view.setFocus()

    def _show_hits(self, current: int, total: int) -> None:
        self.bar.show_hits(current, total)
        self._refresh_words()

    # --- files ---
    def _save(self) -> None:
        name = f"run-{self._live.run_id}.log"
        path = ask_path(self, tr("Save the lines shown"), name, tr("Text (*.log *.txt)"))
        if path is None:
            return
        context = self._live.context

        def saved(count: int) -> None:
            text = tr("{count} lines saved", count=f"{count:,}")
            context.notify(text, str(path), kind="ok")

        # Whoever opens another run meanwhile still gets the whole file, and is told.
        self.store.hold()
        rows = self.view.model.shown
        context.tasks.run(
            partial(write_logs, path, self.store, rows, dict(self._live.sites)), saved
        )


def _count(chip: DotChip, count: int) -> None:
    """Show a count shortly, and exactly to who points at it or has it read aloud."""
    chip.set_count(_short(count))
    words = plural(count, "message")
    chip.setToolTip(words)
    chip.setAccessibleName(tr("Show {name}, {count}", name=chip.text(), count=words))


def _short(count: int) -> str:
    """Return a count that fits a chip: 14, 1.1 k, 47 k."""
    if count < 1000:
        return str(count)
    return f"{count / 1000:.1f} k" if count < 10_000 else f"{count // 1000} k"
