"""Up to eight runs beside each other: curves by metric, results, parameters."""

from __future__ import annotations

from functools import partial
from typing import Any

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QMenu, QWidget

from agent_core.protocol.records import Application, Run
from agent_core.protocol.states import TERMINAL
from app.bridge.tasks import sentence_of
from app.context import AppContext
from app.i18n import mark, tr
from app.pages.runs.compare_model import LIMIT, Compared, defaults_of
from app.pages.runs.compare_pick import PickRuns
from app.pages.runs.compare_plots import ComparePlots
from app.pages.runs.compare_tables import ParametersTable, ResultsTable
from app.pages.runs.curves_model import Batch, parse_metrics
from app.pages.runs.export_runs import save_picture, save_runs
from app.pages.runs.feed import Feed
from app.widgets.bars import Skeleton
from app.widgets.buttons import Button
from app.widgets.empty_state import EmptyState
from app.widgets.layouts import column, scrolled
from app.widgets.page import Page
from app.widgets.page_stack import PageStack

SKELETON_MS = 300


class ComparePage(Page):
    """Compare runs; `open(run_ids=[…])` chooses them."""

    title = mark("Compare runs")

    def __init__(self, context: AppContext) -> None:
        super().__init__(context)
        self.compared: list[Compared] = []
        self._ids: list[int] = []
        self._feeds: dict[int, Feed] = {}
        self._build()
        context.events.changed.connect(self._on_changed)
        self._patience = QTimer(self, singleShot=True, interval=SKELETON_MS)
        self._patience.timeout.connect(self._show_skeleton)
        self._due = QTimer(self, singleShot=True, interval=60)
        self._due.timeout.connect(self._refresh)

    def _build(self) -> None:
        more = Button(tr("Add runs…"), icon="plus", on_click=self.pick)
        export = Button(tr("Export"), icon="download")
        menu = QMenu(export)
        menu.addAction(tr("Points as CSV…"), partial(self._save, "csv"))
        menu.addAction(tr("Points as JSON…"), partial(self._save, "json"))
        menu.addAction(tr("Picture as PNG…"), self._save_png)
        export.setMenu(menu)
        self.top_actions = [more, export]
        self.plots = ComparePlots(self.context.tasks, self)
        self.results = ResultsTable()
        self.parameters = ParametersTable()
        inner = QWidget()
        inner.setLayout(
            column(self.plots, self.results, self.parameters, None, gap=16, margins=(0, 0, 6, 0))
        )
        whole = QWidget()
        whole.setLayout(column(self.plots.tools, (scrolled(inner), 1), gap=12))
        skeleton = QWidget()
        skeleton.setLayout(column(Skeleton(8), None))
        self._error = EmptyState(
            "circle-alert", "", action=tr("Try again"), on_action=self._read, tok="danger"
        )
        self._empty = EmptyState(
            "git-compare", tr("No runs chosen"),
            tr("Tick runs in a project's list, or choose them here."),
            action=tr("Add runs…"), on_action=self.pick,
        )  # fmt: skip
        self._places = {
            "blank": QWidget(), "skeleton": skeleton, "error": self._error,
            "empty": self._empty, "runs": whole,
        }  # fmt: skip
        self._states = PageStack()
        for widget in self._places.values():
            self._states.addWidget(widget)
        self.setLayout(column(self._states, margins=(24, 20, 24, 20)))

    # --- data ---
    def open(self, **arguments: Any) -> None:
        """Show the runs that are named."""
        wanted = [int(one) for one in arguments.get("run_ids") or self._ids][:LIMIT]
        if wanted != self._ids or not self.compared:
            self._ids = wanted
            self._states.setCurrentWidget(self._places["blank"])
            self._patience.start()
            self._read()
        else:
            for feed in self._feeds.values():
                feed.pull()

    def _read(self) -> None:
        if not self._ids:
            self._states.setCurrentWidget(self._empty)
            return
        work = partial(_runs, self.context, tuple(self._ids))
        self.context.tasks.run(work, self._on_read, self._on_failed, self)

    def _on_read(self, found: tuple[list[Run], dict[int, dict[str, Any]]]) -> None:
        runs, defaults = found
        if [run.id for run in runs] != self._ids:
            return
        known = {one.run.id: one for one in self.compared}
        self.compared = []
        for place, run in enumerate(runs):
            one = known.get(run.id)
            book = one.book if one is not None else None
            made = Compared(run, place, defaults.get(run.application_id, {}))
            made.book = book or made.book
            self.plots.take_in(made)
            self.compared.append(made)
        for gone in set(self._feeds) - set(self._ids):
            self._feeds.pop(gone).deleteLater()
        for run in runs:
            if run.id not in self._feeds:
                self._feeds[run.id] = self._follow(run.id)
            self._feeds[run.id].pull()
        first = runs[0]
        self.set_heading(
            tr("Compare {count} runs", count=len(runs)),
            crumbs=[
                (tr("Projects"), "projects", {}),
                (first.project_name, "project", {"project_id": first.project_id}),
            ],
        )
        self._states.setCurrentWidget(self._places["runs"])
        self._refresh()

    def _follow(self, run_id: int) -> Feed:
        feed = Feed(self.context, "runs.metrics", run_id, parse_metrics, self)
        feed.arrived.connect(partial(self._on_points, run_id))
        return feed

    def _on_points(self, run_id: int, batches: list[Batch]) -> None:
        for one in self.compared:
            if one.run.id == run_id:
                one.book.add(batches)
        self._due.start()

    def _on_failed(self, error: Exception) -> None:
        if not self.compared:
            title, text = sentence_of(error)
            self._error.set("circle-alert", title, text, "danger")
            self._states.setCurrentWidget(self._error)

    def _on_changed(self, what: str, number: object, _change: int) -> None:
        if not self.isVisible() or str(number) not in map(str, self._ids):
            return
        if what == "metrics":
            feed = self._feeds.get(int(str(number)))
            if feed is not None:  # else its run is still being read
                feed.pull()
        elif what == "run" and any(one.run.state not in TERMINAL for one in self.compared):
            self._read()

    def _show_skeleton(self) -> None:
        if self._states.currentWidget() is self._places["blank"]:
            self._states.setCurrentWidget(self._places["skeleton"])

    def _refresh(self) -> None:
        self.plots.show_runs(self.compared)
        self.results.show_runs(self.compared)
        self.parameters.show_runs(self.compared)

    # --- actions ---
    def pick(self) -> None:
        """Choose runs of the group."""
        if not self.compared:
            self.context.navigate("projects")
            return
        group = self.compared[0].run.group_id
        dialog = PickRuns(self, self.context, group, self._ids, self._on_picked)
        dialog.open()

    def _on_picked(self, ids: list[int]) -> None:
        self.open(run_ids=ids)

    def _save(self, kind: str) -> None:
        save_runs(self, self.context, [one.run for one in self.compared], kind)

    def _save_png(self) -> None:
        name = f"runs-{'-'.join(map(str, self._ids))}.png"
        save_picture(self, self.context, self.plots.grab().toImage(), name)


def _runs(context: AppContext, ids: tuple[int, ...]) -> tuple[list[Run], dict[int, dict[str, Any]]]:
    call = context.client.call
    runs = [Run.model_validate(call("runs.get", run_id=one)) for one in ids]
    defaults = {
        number: defaults_of(
            Application.model_validate(call("applications.get", application_id=number))
        )
        for number in {run.application_id for run in runs}
    }
    return runs, defaults
