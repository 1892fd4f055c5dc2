"""The page of one run, with what can be done to it."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QWidget

from agent_core.protocol.records import Run
from agent_core.protocol.states import TERMINAL, Role, State
from app.context import AppContext
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
        self._stop = Button("Stop…", "dangerline", icon="square", on_click=self._ask_stop)
        self._start = Button("Start run", "primary", icon="play", on_click=self._start_run)
        self._again = Button("Run again", icon="repeat", on_click=self._clone)
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
            self.set_heading(f"Run {run_id}", crumbs=[("Projects", "projects", {})])
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
            actions = [self._stop]
        self._stop.setEnabled(run.state != State.STOPPING)
        self.top_actions = actions
        crumbs: list[tuple[str, str, dict[str, Any]]] = [
            ("Projects", "projects", {}),
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
            f"Stop run {run.id}, {run.name}?" if run.name else f"Stop run {run.id}?",
            stop_consequence(run),
            "Stop the run",
            lambda: self._send("runs.stop", reason="Stopped from the run's page"),
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
        view = self.view
        if view is None:
            return

        def done(answer: dict[str, Any]) -> None:
            self.context.navigate("run", run_id=int(answer["id"]))

        self.context.tasks.call("runs.clone", done, parent=view, run_id=view.run_id)


def stop_consequence(run: Run) -> str:
    """Return what stopping a run means, with its sites by name."""
    names = [one.silo or one.name for one in run.devices if one.role == Role.CLIENT]
    shown = ", ".join(names[:-1]) + f" and {names[-1]}" if len(names) > 1 else "".join(names)
    of = f" after round {run.round} of {run.rounds}" if run.rounds else ""
    return (
        f"It ends{of} on {shown or 'all devices'}. Curves, logs and models so far are kept; "
        "it cannot be continued."
    )
