"""Pause and stop everything on this machine, from wherever it is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.context import AppContext
from app.i18n import tr, trn
from app.widgets.dialogs import Dialog, confirm

if TYPE_CHECKING:
    from app.shell.main_window import MainWindow

LIVE = frozenset({
    "QUEUED", "INITIALIZING", "PENDING_APPROVAL", "TRAINING", "RUNNING", "PAUSED", "STOPPING",
})  # fmt: skip


def live_jobs(status: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the jobs of this machine that have not ended."""
    return [job for job in status.get("jobs") or [] if job.get("state") in LIVE]


def ask_stop_all(window: MainWindow, context: AppContext) -> Dialog | None:
    """Ask whether every job of this machine shall end, and end them."""
    count = len(live_jobs(context.status()))
    if not count:
        window.notify(tr("Nothing runs on this machine"), kind="ok")
        return None

    def stopped(jobs: list[dict[str, Any]]) -> None:
        told = trn("Stopping {count} job", "Stopping {count} jobs", len(jobs))
        window.notify(told, kind="ok")

    window.come_forward()
    return confirm(
        window,
        trn("Stop the job on this machine?", "Stop all {count} jobs on this machine?", count),
        tr("Every job here ends within 10 s. Runs go on elsewhere where their quorum holds. "
           "Nothing starts again by itself."),
        tr("Stop everything"),
        lambda: context.tasks.call(
            "jobs.stop_all", stopped, parent=window, reason="Stopped by the operator"
        ),
    )  # fmt: skip


def pause_all(window: MainWindow, context: AppContext) -> None:
    """Pause every job of this machine at the end of its round."""

    def paused(jobs: list[dict[str, Any]]) -> None:
        told = trn("{count} job pauses at the end of its round",
                   "{count} jobs pause at the end of their rounds", len(jobs))  # fmt: skip
        window.notify(
            told if jobs else tr("Nothing runs here, and nothing starts until you resume"),
            kind="ok", action=tr("Resume"), on_action=lambda: resume_all(window, context),
        )  # fmt: skip

    context.tasks.call("jobs.pause_all", paused, parent=window, reason="Paused by the operator")


def resume_all(window: MainWindow, context: AppContext) -> None:
    """Let every paused job of this machine go on."""

    def resumed(jobs: list[dict[str, Any]]) -> None:
        told = trn("{count} job goes on", "{count} jobs go on", len(jobs))
        window.notify(told if jobs else tr("Nothing was paused"), kind="ok")

    context.tasks.call("jobs.resume_all", resumed, parent=window)
