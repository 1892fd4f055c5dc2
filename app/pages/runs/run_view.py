"""Everything of one run under its head; each tab is made and started when it is first shown."""

from __future__ import annotations

import time

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QWidget

from app.bridge.tasks import sentence_of
from app.context import AppContext
from app.i18n import mark, tr
from app.pages.runs.header import RunHeader
from app.pages.runs.live import RunLive
from app.widgets.ahead import Ahead
from app.widgets.bars import Skeleton
from app.widgets.empty_state import EmptyState
from app.widgets.layouts import column
from app.widgets.page_stack import PageStack
from app.widgets.tabs import Tabs

SKELETON_MS = 300
TABS = (
    ("overview", mark("Overview")),
    ("curves", mark("Curves")),
    ("system", mark("System")),
    ("logs", mark("Logs")),
    ("models", mark("Models")),
)


class RunView(QWidget):
    """Everything of one run."""

    def __init__(self, context: AppContext, run_id: int) -> None:
        super().__init__()
        self.run_id = run_id
        self.live = RunLive(context, run_id, self)
        self.header = RunHeader()
        self.tabs = Tabs([(key, tr(title)) for key, title in TABS])
        self.tabs.chosen.connect(self._on_tab)
        self._places: dict[str, QWidget] = {}
        self._started: set[str] = set()
        self.stack = PageStack()
        self._ahead = Ahead(
            [key for key, _ in TABS], self._make_ahead, self._take_tab,
            self._places.__contains__, self,
        )  # fmt: skip
        self._whole = QWidget()
        self._whole.setLayout(column(self.header, self.tabs, (self.stack, 1), gap=12))
        self._skeleton = QWidget()
        self._skeleton.setLayout(column(Skeleton(6), None))
        self._blank = QWidget()
        self._error = EmptyState(
            "circle-alert",
            tr("The run could not be read"),
            action=tr("Try again"),
            on_action=self._retry,
        )
        self._states = PageStack()
        for widget in (self._blank, self._skeleton, self._error, self._whole):
            self._states.addWidget(widget)
        self.setLayout(column(self._states))
        self._patience = QTimer(self, singleShot=True, interval=SKELETON_MS)
        self._patience.timeout.connect(self._show_skeleton)
        self.live.changed.connect(self._on_run)
        self.live.rounds_changed.connect(self._refresh_header)
        self.live.failed.connect(self._on_failed)
        self.live.tick.connect(lambda _: self._refresh_header() if self.live.is_live else None)

    def start(self) -> None:
        """Read the run, and make its tabs meanwhile."""
        self._patience.start()
        self.live.start()
        self._ahead.start(self.tabs.key())

    def tab(self, key: str) -> QWidget:
        """Return a tab's widget, made and started when it is first asked for."""
        self._ahead.finish(key)
        if key not in self._places:
            self._take_tab(key, _make_tab(key, self.live))
        widget = self._places[key]
        if key not in self._started:
            self._started.add(key)
            counted = getattr(widget, "counted", None)
            if counted is not None:
                counted.connect(lambda count, key=key: self.tabs.set_count(key, count))
            asked = getattr(widget, "asked", None)
            if asked is not None:
                asked.connect(self.tabs.select)
            start = getattr(widget, "start", None) or getattr(widget, "refresh", None)
            if start is not None:
                start()
        return widget

    def _make_ahead(self, key: str) -> QWidget:
        widget = _make_tab(key, self.live)
        self.stack.prepare(widget)
        return widget

    def _take_tab(self, key: str, widget: QWidget) -> None:
        self._places[key] = widget
        self.stack.addWidget(widget)

    def _on_tab(self, key: str) -> None:
        if self.live.run is not None:  # what it shows is of the run
            self.stack.setCurrentWidget(self.tab(key))

    def _show_skeleton(self) -> None:
        if self.live.run is None and self._states.currentWidget() is self._blank:
            self._states.setCurrentWidget(self._skeleton)

    def _on_run(self) -> None:
        self._on_tab(self.tabs.key())
        self._states.setCurrentWidget(self._whole)
        self._refresh_header()

    def _refresh_header(self) -> None:
        if self.live.run is not None:
            now = time.time()
            self.header.show_run(self.live.run, self.live.rounds, now, self.live.age(now))

    def _on_failed(self, error: Exception) -> None:
        if self.live.run is None:
            title, text = sentence_of(error)
            self._error.set("circle-alert", title, text, "danger")
            self._states.setCurrentWidget(self._error)
        else:
            self._refresh_header()

    def _retry(self) -> None:
        self._states.setCurrentWidget(self._skeleton)
        self.live.start()


def _make_tab(key: str, live: RunLive) -> QWidget:
    """Make a tab; its module, and numpy with it, is imported when it is first shown."""
    if key == "curves":
        from app.pages.runs.curves import CurvesTab

        return CurvesTab(live)
    if key == "system":
        from app.pages.runs.system import SystemTab

        return SystemTab(live)
    if key == "logs":
        from app.pages.runs.logs import LogsTab

        return LogsTab(live)
    if key == "models":
        from app.pages.runs.models import ModelsTab

        return ModelsTab(live)
    from app.pages.runs.overview import OverviewTab

    return OverviewTab(live)
