"""The page of one run, with what can be done to it."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QMenu, QWidget

from agent_core.protocol.records import Run
from agent_core.protocol.states import TERMINAL, Role, State
from app.context import AppContext
from app.i18n import tr
from app.pages.runs import run_actions
from app.pages.runs.compare_pick import PickRuns
from app.pages.runs.export_runs import save_runs
from app.pages.runs.run_view import RunView
from app.pages.runs.wording import LIVE, run_title
from app.widgets.buttons import Button
from app.widgets.dialogs import Dialog, confirm
from app.widgets.layouts import column
from app.widgets.page import Page


class RunPage(Page):
    """Show one run at a time; `open(run_id=…, tab=…)` chooses it."""

    def __init__(self, context: AppContext) -> None:
        super().__init__(context)
        self.view: RunView | None = None
        self._stop = Button(tr("Stop…"), "dangerline", icon="square", on_click=self._ask_stop)
        self._pause = Button(tr("Pause"), icon="pause", on_click=lambda: self._send("runs.pause"))
        self._pause.setToolTip(tr("When this round ends, at every site; the deadline waits too"))
        self._resume = Button(tr("Resume"), icon="play", on_click=lambda: self._send("runs.resume"))
        self._start = Button(tr("Start run"), "primary", icon="play", on_click=self._start_run)
        self._again = Button(tr("Run again"), icon="repeat", on_click=self._clone)
        self._more = Button(kind="secondary", icon="ellipsis", tip=tr("More"))
        menu = QMenu(self._more)
        menu.addAction(tr("Compare with others…"), self._compare)
        menu.addAction(tr("Rename…"), self._rename)
        self._put_away = menu.addAction(tr("Archive"), self._archive)
        menu.addSeparator()
        menu.addAction(tr("Points as CSV…"), lambda: self._save("csv"))
        menu.addAction(tr("Points as JSON…"), lambda: self._save("json"))
        self._more.setMenu(menu)
        self._outer = column(margins=(24, 20, 24, 20))
        self.setLayout(self._outer)
        self.dialog: Dialog | None = None

    def open(self, **arguments: Any) -> None:
        """Show a run, and one of its tabs."""
        run_id = int(arguments.get("run_id") or (self.view.run_id if self.view else 0))
        if self.view is None or self.view.run_id != run_id:
            if self.view is not None:
                self._outer.removeWidget(self.view)
                self.view.hide()
                self.view.deleteLater()
            self.view = RunView(self.context, run_id)
            self.view.live.changed.connect(self._on_run)
            self._outer.addWidget(self.view)
            self.set_heading(tr("Run {id}", id=run_id), crumbs=[(tr("Projects"), "projects", {})])
            self.top_actions = []
            self.view.start()
        else:
            self.view.live.set_watched(True)
        if arguments.get("tab"):
            self.view.tabs.select(str(arguments["tab"]))
        if self.view.live.run is not None:
            self._on_run()

    def left(self) -> None:
        """Leave the run to itself while another page is shown."""
        if self.view is not None:
            self.view.live.set_watched(False)

    def _on_run(self) -> None:
        run = self.view.live.run if self.view else None
        if run is None:
            return
        actions: list[QWidget] = []
        if run.state == State.IDLE:
            actions = [self._start]
        elif run.state in TERMINAL:
            actions = [self._again]
        elif run.state in LIVE:
            turn = [self._resume] if run.paused_by else []
            turn = [self._pause] if run.state == State.RUNNING and not turn else turn
            actions = [*turn, self._stop]
        self._stop.setEnabled(run.state != State.STOPPING)
        put = tr("Archive") if run.archived_at is None else tr("Take out of the archive")
        self._put_away.setText(put)
        self._put_away.setEnabled(run_actions.may_archive(run))
        self.top_actions = [*actions, self._more]
        crumbs: list[tuple[str, str, dict[str, Any]]] = [
            (tr("Projects"), "projects", {}),
            (run.project_name, "project", {"project_id": run.project_id}),
        ]
        self.set_heading(run_title(run), crumbs=crumbs)

    # --- actions ---
    def _ask_stop(self) -> None:
        run = self.view.live.run if self.view else None
        if run is None:
            return
        self.dialog = confirm(
            self,
            tr("Stop run {id}, {name}?", id=run.id, name=run.name),
            stop_consequence(run),
            tr("Stop the run"),
            lambda: self._send("runs.stop", reason=tr("Stopped from the run's page")),
        )

    def _send(self, method: str, **given: Any) -> None:
        view = self.view
        if view is None:
            return

        def done(answer: dict[str, Any]) -> None:
            view.live.take(Run.model_validate(answer))
            view.live.reload()

        self.context.tasks.call(method, done, parent=view, run_id=view.run_id, **given)

    def _start_run(self) -> None:
        self._start.setEnabled(False)
        QTimer.singleShot(3000, self._start, lambda: self._start.setEnabled(True))
        self._send("runs.start")

    def _clone(self) -> None:
        run = self.view.live.run if self.view else None
        if run is not None:
            run_actions.run_again(
                self.context, self, run, lambda made: self.context.navigate("run", run_id=made.id)
            )

    def _changed(self, run: Run) -> None:
        if self.view is not None and self.view.run_id == run.id:
            self.view.live.take(run)

    def _rename(self) -> None:
        run = self.view.live.run if self.view else None
        if run is not None:
            self.dialog = run_actions.rename(self.context, self, run, self._changed)

    def _archive(self) -> None:
        run = self.view.live.run if self.view else None
        if run is not None:
            run_actions.archive(self.context, self, run, self._changed)

    def _compare(self) -> None:
        run = self.view.live.run if self.view else None
        if run is None:
            return

        def picked(ids: list[int]) -> None:
            self.context.navigate("compare", run_ids=ids)

        self.dialog = PickRuns(self, self.context, run.group_id, [run.id], picked)
        self.dialog.open()

    def _save(self, kind: str) -> None:
        run = self.view.live.run if self.view else None
        if run is not None:
            save_runs(self, self.context, [run], kind)


def stop_consequence(run: Run) -> str:
    """Return what stopping a run means, with its sites by name."""
    names = [one.silo or one.name for one in run.devices if one.role == Role.CLIENT]
    shown = ", ".join(names) or tr("all devices")
    if len(names) > 1:
        shown = tr("{names} and {last}", names=", ".join(names[:-1]), last=names[-1])
    if run.rounds:
        return tr(
            "It ends after round {k} of {n} on {sites}. Curves, logs and models so far are kept; "
            "it cannot be continued.",
            k=run.round,
            n=run.rounds,
            sites=shown,
        )
    return tr(
        "It ends on {sites}. Curves, logs and models so far are kept; it cannot be continued.",
        sites=shown,
    )
