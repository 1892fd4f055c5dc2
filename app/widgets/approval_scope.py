"""The choice of what an approval covers, and until when."""

from __future__ import annotations

import time

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QButtonGroup, QComboBox, QRadioButton, QWidget

from app.i18n import tr
from app.widgets.labels import Label
from app.widgets.layouts import column
from app.widgets.theme import theme
from app.widgets.words import date

DAY = 86400
_DAYS = (7, 30, 90)


class ApprovalScope(QWidget):
    """One start, one run, or exactly this code until a date."""

    changed = Signal()

    def __init__(self, run_id: int) -> None:
        super().__init__()
        self._run_id = run_id
        self._group = QButtonGroup(self)
        choices = {
            "once": tr("This start of run {run} only", run=run_id),
            "run": tr("Run {run}, its restarts included", run=run_id),
            "standing": tr("Exactly this code, in any run of the group"),
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
        self.ends.setAccessibleName(tr("Ends after"))
        for days in _DAYS:
            until = date(time.time() + days * DAY)
            self.ends.addItem(tr("{days} days, until {date}", days=days, date=until), days)
        self.ends.addItem(tr("no end"), 0)
        self.ends.setCurrentIndex(1)
        self._caption = Label(tr("Ends after"), "small", "muted")
        self.setLayout(
            column(
                Label(tr("Your approval covers"), "strong"), *self.radios.values(), self._caption,
                self.ends, gap=7,
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
        """Return what approving covers, as a sentence."""
        if self.key() == "once":
            return tr("Covers this start of run {run} only.", run=self._run_id)
        if self.key() == "run":
            return tr("Covers run {run} and its restarts.", run=self._run_id)
        until = self.expires_at()
        if until is None:
            return tr("Covers exactly this code on this data, for good.")
        return tr("Covers exactly this code on this data until {date}.", date=date(until))

    def _choose(self) -> None:
        standing = self.key() == "standing"
        self.ends.setVisible(standing)
        self._caption.setVisible(standing)
        self.changed.emit()
