"""The choice of what an approval covers, and until when."""

from __future__ import annotations

import time
from datetime import datetime

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QButtonGroup, QComboBox, QRadioButton, QWidget

from app.widgets.labels import Label
from app.widgets.layouts import column
from app.widgets.theme import theme
from app.widgets.words import date

DAY = 86400
_DAYS = ((7, "7 days"), (30, "30 days"), (90, "90 days"), (0, "no end"))


class ApprovalScope(QWidget):
    """One start, one run, or exactly this code until a date."""

    changed = Signal()

    def __init__(self, run_id: int) -> None:
        super().__init__()
        self._run_id = run_id
        self._group = QButtonGroup(self)
        choices = {
            "once": f"This start of run {run_id} only",
            "run": f"Run {run_id}, its restarts included",
            "standing": "Exactly this code, in any run of the group",
        }
        self.radios: dict[str, QRadioButton] = {}
        for key, text in choices.items():
            radio = QRadioButton(text)
            radio.setFont(theme().font(400, 13))
            self._group.addButton(radio)
            self.radios[key] = radio
        self.radios["run"].setChecked(True)
        self.ends = QComboBox()
        self.ends.setFixedHeight(32)
        self.ends.setAccessibleName("Ends after")
        for days, text in _DAYS:
            until = f", until {date(time.time() + days * DAY)}" if days else ""
            self.ends.addItem(f"{text}{until}", days)
        self.ends.setCurrentIndex(1)
        self._caption = Label("Ends after", "small", "muted")
        self.setLayout(
            column(
                Label("Your approval covers", "strong"), *self.radios.values(), self._caption,
                self.ends, gap=10,
            )
        )  # fmt: skip
        self._group.buttonToggled.connect(lambda *_: self._choose())
        self.ends.currentIndexChanged.connect(lambda _: self.changed.emit())
        self._choose()

    def key(self) -> str:
        """Return the chosen scope, as the protocol names it."""
        return next((key for key, radio in self.radios.items() if radio.isChecked()), "once")

    def expires_at(self) -> float | None:
        """Return when a standing approval ends, or None."""
        days = int(self.ends.currentData())
        return time.time() + days * DAY if days and self.key() == "standing" else None

    def outcome(self) -> str:
        """Return what approving does, for the button."""
        if self.key() == "once":
            return "Approve this start"
        if self.key() == "run":
            return f"Approve run {self._run_id}"
        until = self.expires_at()
        by = f"until {datetime.fromtimestamp(until).astimezone():%d %b}" if until else "for good"
        return f"Approve this code {by}"

    def _choose(self) -> None:
        standing = self.key() == "standing"
        self.ends.setVisible(standing)
        self._caption.setVisible(standing)
        self.changed.emit()
