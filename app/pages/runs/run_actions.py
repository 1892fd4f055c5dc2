"""What can be done to a run from lists and from its own page: repeat, rename, put away."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtWidgets import QWidget

from agent_core.protocol.records import Run
from agent_core.protocol.states import TERMINAL, State
from app.context import AppContext
from app.i18n import tr
from app.widgets.name_dialog import NameDialog

Done = Callable[[Run], object]


def may_archive(run: Run) -> bool:
    """Return whether a run can be put away: it has ended, or was never started."""
    return run.state in TERMINAL or run.state == State.IDLE


def run_again(context: AppContext, parent: QWidget, run: Run, done: Done) -> None:
    """Make a run with the same content; it is not started yet."""

    def made(answer: dict[str, Any]) -> None:
        done(Run.model_validate(answer))

    context.tasks.call("runs.clone", made, parent=parent, run_id=run.id)


def archive(context: AppContext, parent: QWidget, run: Run, done: Done) -> None:
    """Put a run away, or take it out again; putting away can be undone for 10 seconds."""
    puts_away = run.archived_at is None

    def changed(answer: dict[str, Any]) -> None:
        now = Run.model_validate(answer)
        done(now)
        if puts_away:
            context.notify(
                tr("Run {id} archived", id=run.id),
                tr("Curves, logs and models are kept. It stands under Archived."),
                action=tr("Undo"),
                on_action=lambda: archive(context, parent, now, done),
            )

    context.tasks.call("runs.update", changed, parent=parent, run_id=run.id, archived=puts_away)


def rename(context: AppContext, parent: QWidget, run: Run, done: Done) -> NameDialog:
    """Ask for another name of a run."""

    def changed(answer: dict[str, Any]) -> None:
        done(Run.model_validate(answer))

    def send(name: str) -> None:
        context.tasks.call("runs.update", changed, parent=parent, run_id=run.id, name=name)

    dialog = NameDialog(parent, tr("Rename run {id}", id=run.id), run.name, send)
    dialog.open()
    return dialog
