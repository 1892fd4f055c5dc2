"""The tray's menu: facts first, then decisions, then what stops, then the ways out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QWidget

from app.i18n import tr, trn
from app.shell.stopping import live_jobs
from app.shell.tray_state import Fact, facts, is_held
from app.widgets.theme import theme

FACTS = 8


class TrayMenu(QMenu):
    """Plain actions only: desktops that draw the menu themselves show nothing else."""

    def __init__(
        self,
        parent: QWidget,
        do: dict[str, Callable[[], object]],
        go: Callable[..., object],
    ) -> None:
        super().__init__(parent)
        self.setToolTipsVisible(True)
        self._go = go
        self._do = do
        self._told: list[Fact] = []
        self._icons: dict[QAction, tuple[str, str]] = {}
        self.facts = [self.addAction("") for _ in range(FACTS)]
        for place, action in enumerate(self.facts):
            action.triggered.connect(lambda _=False, place=place: self._follow(place))
        self.addSeparator()
        self.approvals = self._add("shield-check", "approvals", "warn")
        self.open = self._add("panel-left", "open")
        self.addSeparator()
        self.pause = self._add("pause", "pause_all")
        self.resume = self._add("play", "resume_all")
        self.stop = self._add("power-off", "stop_all", "danger")
        self.addSeparator()
        self.doctor = self._add("stethoscope", "doctor")
        self.settings = self._add("settings", "settings")
        self.addSeparator()
        self.quit = self._add("log-out", "quit")
        self.quit_agent = self._add("power-off", "quit_agent")
        self.say_words()
        theme().changed.connect(self._retint)

    def _add(self, icon: str, does: str, tok: str = "muted") -> QAction:
        action = self.addAction(theme().icon(icon, tok), "", lambda: self._do[does]())
        action.setEnabled(does in self._do)
        self._icons[action] = (icon, tok)
        return action

    def say_words(self) -> None:
        """Set the words that do not depend on the agent, in the language that is shown."""
        for action, text, tip in (
            (self.open, tr("Open SiloDesk"), ""),
            (self.pause, tr("Pause all at the end of the round"),
             tr("Jobs finish their round, then wait; nothing is lost.")),
            (self.resume, tr("Resume all"), ""),
            (self.stop, tr("Stop everything now…"),
             tr("Ends every job on this machine; asks before it does.")),
            (self.doctor, tr("Connection doctor"), ""),
            (self.settings, tr("Settings"), ""),
            (self.quit, tr("Quit the window (agent and jobs go on)"),
             tr("Decisions then wait until you open it again.")),
            (self.quit_agent, tr("Quit the agent too… (jobs go on unseen)"),
             tr("This machine leaves the federation until the agent runs again.")),
        ):  # fmt: skip
            action.setText(text)
            action.setToolTip(tip or text)

    def show_status(self, status: dict[str, Any], is_connected: bool, budget: int) -> None:
        """Show the agent's facts, and only what can be done now."""
        self._told = facts(status, is_connected, budget)[:FACTS]
        for action in self.facts[len(self._told) :]:
            action.setVisible(False)
        for action, fact in zip(self.facts, self._told, strict=False):
            action.setText(fact.text.replace("&", "&&"))
            if self._icons.get(action) != (fact.icon, "muted"):
                self._icons[action] = (fact.icon, "muted")
                action.setIcon(theme().icon(fact.icon))
            action.setVisible(True)
        waiting = int(status.get("approvals_waiting") or 0)
        self.approvals.setText(
            trn("{count} approval waiting…", "{count} approvals waiting…", waiting)
        )
        self.approvals.setVisible(waiting > 0)
        jobs = live_jobs(status)
        is_paused = bool(status.get("all_paused"))
        self.pause.setVisible(not is_paused)
        self.resume.setVisible(is_paused or any(map(is_held, jobs)))
        self.stop.setEnabled(bool(jobs))

    def _follow(self, place: int) -> None:
        if place < len(self._told):
            self._go(self._told[place].page, **self._told[place].arguments)

    def _retint(self) -> None:
        for action, (icon, tok) in self._icons.items():
            action.setIcon(theme().icon(icon, tok))
