"""A job's row on Home: what runs, how far it is, what it waits for, and its buttons."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtWidgets import QMenu, QWidget

from app.i18n import tr
from app.pages.home.model import is_late, job_text, pace_text, progress
from app.pages.home.rules_words import hold_text, resume_word
from app.widgets.badges import Badge
from app.widgets.bars import ProgressBar
from app.widgets.buttons import Button
from app.widgets.labels import ElidedLabel, Icon, Label
from app.widgets.layouts import column, row
from app.widgets.tokens import look

_WAITS = frozenset({"PENDING_APPROVAL", "STOPPING", "QUEUED", "PAUSED"})


@dataclass(frozen=True)
class JobActions:
    """What a row's buttons do."""

    stop: Callable[[dict[str, Any]], object]
    pause: Callable[[dict[str, Any]], object]
    resume: Callable[[dict[str, Any]], object]
    show: Callable[[int], object]


class JobRow(QWidget):
    """One job of this machine."""

    def __init__(self, actions: JobActions) -> None:
        super().__init__()
        self.job: dict[str, Any] = {}
        self._actions = actions
        self._run = Button("", "link", on_click=lambda: actions.show(self.job["run_id"]))
        self._name = ElidedLabel("", "small", "faint")
        self._badge = Badge()
        self.pause = Button(tr("Pause"), icon="pause", sz="sm",
                            on_click=lambda: actions.pause(self.job))  # fmt: skip
        self.pause.setToolTip(tr("At the end of this round; nothing is lost"))
        self.resume = Button(
            tr("Resume"), icon="play", sz="sm", on_click=lambda: actions.resume(self.job)
        )
        self.stop = Button(tr("Stop..."), icon="square", sz="sm",
                           on_click=lambda: actions.stop(self.job))  # fmt: skip
        self._bar = ProgressBar()
        self._round = Label("", "small_medium", align=Qt.AlignmentFlag.AlignRight)
        self._round.setMinimumWidth(88)
        self._icon = Icon("activity", "faint", 14)
        self._detail = ElidedLabel("", "small", "muted")
        self._left = Label("", "small", "faint")
        buttons = (self.pause, self.resume, self.stop)
        self.setLayout(
            column(
                row(self._run, self._name, self._badge, None, *buttons, gap=8),
                row((self._bar, 1), self._round, gap=14),
                row(self._icon, (self._detail, 1), self._left, gap=6),
                gap=7,
                margins=(0, 9, 0, 9),
            )
        )

    def show_job(self, job: dict[str, Any]) -> None:
        """Show a job's newest state."""
        self.job = job
        self._run.setText(tr("Run {id}", id=job["run_id"]))
        self._name.setText(
            " · ".join(dict.fromkeys(filter(None, (job["project"], job["run_name"]))))
        )
        self._badge.set(job["state"])
        share, words = progress(job)
        self._bar.set(share, look(job["state"]).token)
        self._round.setText(words)
        self._show_buttons(job)
        self.tick()

    def tick(self, now: float | None = None) -> None:
        """Tell anew what is waited for, since when and until when."""
        job, held = self.job, bool(self.job.get("hold"))
        waits = job["state"] in _WAITS or held
        icon = "pause" if held else look(job["state"]).icon if waits else "info"
        late = not held and is_late(job, now)
        tok = "warn" if waits or late else "faint"
        self._icon.set_icon("hourglass" if late else icon, tok)
        self._detail.setText(hold_text(job) if held else job_text(job))
        self._detail.set_token("warn" if waits or late else "muted")
        self._left.setText(pace_text(job, now))

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        menu = QMenu(self)
        for button in (self.pause, self.resume, self.stop):
            if not button.isHidden():
                action = menu.addAction(button.text().strip(), button.click)
                action.setEnabled(button.isEnabled())
        menu.addAction(tr("Open run"), lambda: self._actions.show(self.job["run_id"]))
        menu.popup(event.globalPos())

    def _show_buttons(self, job: dict[str, Any]) -> None:
        stopping, word = job["state"] == "STOPPING", resume_word(job)
        held = bool(job.get("hold"))
        self.pause.setVisible(not held and not stopping)
        self.resume.setVisible(held and bool(word) and not stopping)
        self.resume.setText(word)
        self.resume.setAccessibleName(word)
        self.stop.setEnabled(not stopping)
